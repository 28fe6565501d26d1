//! SHA-256 in the two forms that RFC 9162 knows, and the tags that keep one tree's hashes from passing for another's.
//!
//! Source: `spec/README.md` §3.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::cbor::{Cbor, Malformed, Reader, Writer};

/// The suite number in every leaf: SHA-256 and Ed25519.
pub const SUITE: u64 = 1;
/// The version number in every leaf.
pub const VERSION: u64 = 1;

/// A SHA-256 hash, 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Hash(pub [u8; 32]);

/// A 16-byte seed, salt, blind or posting id.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Seed(pub [u8; 16]);

/// The second element of every hashed array: which tree, or which single value, the data belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Tag {
    /// Leaf of a statement tree.
    Statement = 1,
    /// Leaf of a posting tree.
    Posting = 2,
    /// Leaf of an account tree: a record.
    Account = 3,
    /// Leaf of the directory.
    Directory = 4,
    /// Leaf of the log.
    Log = 5,
    /// Leaf of a state tree: a cell.
    State = 6,
    /// Salted commitment to a record, inside a log leaf.
    Commitment = 7,
    /// Derivation of a salt from a seed.
    Derive = 8,
    /// Digest of a signed posting.
    Digest = 9,
    /// Commitment to a signing key not yet in use.
    NextKey = 10,
}

/// `H(0x00 ‖ data)`.
pub fn leaf(data: &[u8]) -> Hash {
    Hash(Sha256::new().chain_update([0u8]).chain_update(data).finalize().into())
}

/// `H(0x01 ‖ left ‖ right)`.
pub fn node(left: &Hash, right: &Hash) -> Hash {
    Hash(Sha256::new().chain_update([1u8]).chain_update(left.0).chain_update(right.0).finalize().into())
}

/// `H(data)`, with no prefix: for files and the empty tree only.
pub fn plain(data: &[u8]) -> Hash {
    Hash(Sha256::digest(data).into())
}

/// Writes `[suite, tag, version, …]` with `fields` more elements, which `write` supplies.
pub fn tagged_data(tag: Tag, fields: u64, write: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut w = Writer::with_capacity(96);
    w.array(3 + fields);
    w.uint(SUITE);
    w.uint(tag as u64);
    w.uint(VERSION);
    write(&mut w);
    w.into_bytes()
}

/// The leaf hash of [`tagged_data`].
pub fn tagged(tag: Tag, fields: u64, write: impl FnOnce(&mut Writer)) -> Hash {
    leaf(&tagged_data(tag, fields, write))
}

/// `derive(seed, index)`: a one-way function, so that one salt shown reveals neither the seed nor another salt.
pub fn derive(seed: &Seed, index: u64) -> Seed {
    let full = tagged(Tag::Derive, 2, |w| {
        w.bytes(&seed.0);
        w.uint(index);
    });
    let mut out = [0; 16];
    out.copy_from_slice(&full.0[..16]);
    Seed(out)
}

fn hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|b| write!(f, "{b:02x}"))
}

macro_rules! bytes_type {
    ($name:ident, $len:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                hex(&self.0, f)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                hex(&self.0, f)
            }
        }
        impl Cbor for $name {
            fn encode(&self, w: &mut Writer) {
                w.bytes(&self.0);
            }
            fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
                Ok(Self(r.fixed::<$len>()?))
            }
        }
        impl std::str::FromStr for $name {
            type Err = NotHex;
            fn from_str(text: &str) -> Result<Self, NotHex> {
                let mut out = [0; $len];
                if text.len() != 2 * $len || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
                    return Err(NotHex { bytes: $len });
                }
                for (i, byte) in out.iter_mut().enumerate() {
                    *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16)
                        .map_err(|_| NotHex { bytes: $len })?;
                }
                Ok(Self(out))
            }
        }
    };
}
bytes_type!(Hash, 32);
bytes_type!(Seed, 16);

/// Text that should be hexadecimal and is not, or is of the wrong length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not {bytes} bytes in hexadecimal")]
pub struct NotHex {
    /// How many bytes were expected.
    pub bytes: usize,
}
