//! Ed25519 keys: strict verification, signing keys that are wiped, and how a person's keys come from her words.
//!
//! Source: RFC 8032, RFC 5869, `spec/README.md` §4.

use std::fmt;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::{ZeroizeOnDrop, Zeroizing};

use crate::cbor::{Cbor, Malformed, Reader, Writer};
use crate::hash::{Hash, Tag, tagged};

/// A public Ed25519 key, as its 32 bytes. That they are a usable point is found at verification.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PublicKey(pub [u8; 32]);

/// Whether 32 bytes encode a y-coordinate below the field's prime 2^255 − 19.
fn canonical(point: &[u8; 32]) -> bool {
    let high = point[31] & 0x7f == 0x7f && point[1..31].iter().all(|b| *b == 0xff);
    !(high && point[0] >= 0xed)
}

impl PublicKey {
    /// Strict verification: canonical encodings of key, R and s; neither key nor R of small order.
    pub fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        let r: &[u8; 32] = match signature[..32].try_into() {
            Ok(r) => r,
            Err(_) => return false,
        };
        canonical(&self.0)
            && canonical(r)
            && VerifyingKey::from_bytes(&self.0)
                .is_ok_and(|key| key.verify_strict(message, &Signature::from_bytes(signature)).is_ok())
    }

    /// The commitment to this key as a next key: hash no 10.
    pub fn commitment(&self) -> Hash {
        tagged(Tag::NextKey, 1, |w| w.bytes(&self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&Hash(self.0), f)
    }
}

impl Cbor for PublicKey {
    fn encode(&self, w: &mut Writer) {
        w.bytes(&self.0);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self(r.fixed()?))
    }
}

/// A private Ed25519 key; wiped when dropped, never printed.
#[derive(ZeroizeOnDrop)]
pub struct PrivateKey(SigningKey);

impl PrivateKey {
    /// A key from its 32 secret bytes.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(secret))
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// Signs.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }

    /// The secret bytes, for storing.
    pub fn secret(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey of {:?}", self.public())
    }
}

/// The keys of one person, from her BIP-39 seed; wiped when dropped.
#[derive(ZeroizeOnDrop)]
pub struct KeyChain(Zeroizing<[u8; 64]>);

impl KeyChain {
    /// From the 64-byte seed of a 24-word phrase with an empty passphrase.
    pub fn new(seed: [u8; 64]) -> Self {
        Self(Zeroizing::new(seed))
    }

    /// The 32 bytes at a path such as `sign/0`.
    pub fn derive(&self, path: &str) -> Zeroizing<[u8; 32]> {
        let mut out = Zeroizing::new([0; 32]);
        // Fails only for outputs above 8,160 bytes.
        let expanded = hkdf::Hkdf::<Sha256>::new(Some(b"peal keys v1"), self.0.as_slice())
            .expand(path.as_bytes(), out.as_mut_slice());
        debug_assert!(expanded.is_ok());
        out
    }

    /// The signing key of generation `n`; `n + 1` is the pre-committed next one.
    pub fn signing(&self, n: u32) -> PrivateKey {
        PrivateKey::new(&self.derive(&format!("sign/{n}")))
    }

    /// The reading key of generation `n`.
    pub fn reading(&self, n: u32) -> PrivateKey {
        PrivateKey::new(&self.derive(&format!("read/{n}")))
    }
}
