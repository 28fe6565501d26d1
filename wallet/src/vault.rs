//! The sealed file: what a wallet looks like on disk.
//!
//! | bytes | what |
//! |---|---|
//! | 0..16 | `PEAL wallet\r\n\x1a\n\0`: a file sent as text is seen to be damaged |
//! | 16..18 | version, 1 |
//! | 18..30 | Argon2id: memory in KiB, passes, lanes |
//! | 30..46 | salt |
//! | 46..70 | nonce |
//! | 70..86 | key check: tells a wrong passphrase from a damaged file |
//! | 86..94 | length of the ciphertext |
//! | 94..126 | SHA-256 of all that stands before it and of the ciphertext |
//! | 126.. | ciphertext: XChaCha20-Poly1305 over the body, with bytes 0..94 as associated data |
//!
//! Numbers are big-endian. Argon2id gives 64 bytes: the cipher's key, and 32 bytes whose SHA-256 begins with the key check. The checksum keeps
//! no secret and stops no attacker; it tells damage from a wrong passphrase. The cipher's tag stops the attacker.

use std::fmt;

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use peal_spec::hash::plain;
use zeroize::Zeroizing;

use crate::trouble::Trouble;
use crate::words::random;

const MAGIC: &[u8; 16] = b"PEAL wallet\r\n\x1a\n\0";
const VERSION: u16 = 1;
/// Where the checksum begins.
const HEADER: usize = 94;
/// Where the ciphertext begins.
const START: usize = HEADER + 32;
const TAG: usize = 16;

/// How dear it is to try a passphrase. Each figure is stored in the file and bounded when read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// KiB of memory.
    pub memory: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Stretch {
    /// What the program uses: 64 MiB, 3 passes, 1 lane.
    pub const STANDARD: Self = Self { memory: 64 << 10, passes: 3, lanes: 1 };

    /// A hostile file must not ask for all memory, nor for an hour.
    fn bounded(self) -> bool {
        (8..=256 << 10).contains(&self.memory)
            && (1..=16).contains(&self.passes)
            && (1..=4).contains(&self.lanes)
    }
}

/// Why a sealed file does not open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadVault {
    /// Something else altogether.
    #[error("this is not a PEAL wallet")]
    Foreign,
    /// Made by a later program.
    #[error("this wallet was made by a later version of the program (format {0})")]
    TooNew(u16),
    /// Its end is missing.
    #[error("the wallet file was cut: {found} of {expected} bytes are there")]
    Truncated {
        /// Bytes there.
        found: usize,
        /// Bytes that it says it has.
        expected: usize,
    },
    /// Changed on disk or on its way.
    #[error("the wallet file is damaged ({0})")]
    Damaged(&'static str),
    /// Whole, but sealed with another passphrase.
    #[error("wrong passphrase")]
    WrongPassphrase,
}

impl BadVault {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            BadVault::Foreign => "give the path of a wallet with --wallet",
            BadVault::TooNew(_) => "install the later version of this program",
            BadVault::Truncated { .. } | BadVault::Damaged(_) => {
                "put back a copy of the file, or make the wallet anew from its 24 words with `peal restore`"
            }
            BadVault::WrongPassphrase => {
                "try again; if it is lost, make the wallet anew from its 24 words with `peal restore`"
            }
        }
    }

    /// As told to a person.
    pub fn at(&self, place: impl fmt::Display) -> Trouble {
        Trouble::unusable(self, place, self.remedy())
    }
}

/// A stretched passphrase: seals any number of files. Wiped when dropped.
#[derive(Clone)]
pub struct Sealer {
    stretch: Stretch,
    salt: [u8; 16],
    key: Zeroizing<[u8; 32]>,
    check: [u8; 16],
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealer({:?})", self.stretch)
    }
}

impl Sealer {
    /// Stretches a passphrase with a fresh salt.
    ///
    /// # Errors
    /// Unusable if the system gives no random bytes or not the memory.
    pub fn new(passphrase: &[u8], stretch: Stretch) -> Result<Self, Trouble> {
        let salt = *random::<16>()?;
        Self::stretch(passphrase, stretch, salt).map_err(|e| e.at("this machine"))
    }

    fn stretch(passphrase: &[u8], stretch: Stretch, salt: [u8; 16]) -> Result<Self, BadVault> {
        let bad = BadVault::Damaged("its key stretching is out of bounds");
        if !stretch.bounded() {
            return Err(bad);
        }
        let params =
            Params::new(stretch.memory, stretch.passes, stretch.lanes, Some(64)).map_err(|_| bad.clone())?;
        let mut out = Zeroizing::new([0u8; 64]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase, &salt, out.as_mut_slice())
            .map_err(|_| bad)?;
        let (mut key, mut check) = (Zeroizing::new([0; 32]), [0; 16]);
        key.copy_from_slice(&out[..32]);
        check.copy_from_slice(&plain(&out[32..]).0[..16]);
        Ok(Self { stretch, salt, key, check })
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&Key::from(*self.key))
    }

    /// Seals a body under a fresh nonce.
    ///
    /// # Errors
    /// Unusable if the system gives no random bytes.
    pub fn seal(&self, body: &[u8]) -> Result<Vec<u8>, Trouble> {
        let nonce = *random::<24>()?;
        let mut file = Vec::with_capacity(START + body.len() + TAG);
        file.extend_from_slice(MAGIC);
        file.extend_from_slice(&VERSION.to_be_bytes());
        for figure in [self.stretch.memory, self.stretch.passes, self.stretch.lanes] {
            file.extend_from_slice(&figure.to_be_bytes());
        }
        file.extend_from_slice(&self.salt);
        file.extend_from_slice(&nonce);
        file.extend_from_slice(&self.check);
        file.extend_from_slice(&((body.len() + TAG) as u64).to_be_bytes());
        let sealed = self.cipher().encrypt(&XNonce::from(nonce), Payload { msg: body, aad: &file });
        let sealed = sealed.map_err(|_| {
            Trouble::unusable("the wallet is too large to be sealed", "this wallet", "report this")
        })?;
        let sum = plain(&[file.as_slice(), &sealed].concat());
        file.extend_from_slice(&sum.0);
        file.extend_from_slice(&sealed);
        Ok(file)
    }

    /// Opens a file that this sealer, or an equal one, has sealed.
    ///
    /// # Errors
    /// [`BadVault`] says what is wrong with the file.
    pub fn unseal(&self, file: &[u8]) -> Result<Zeroizing<Vec<u8>>, BadVault> {
        let frame = Frame::read(file)?;
        if (frame.stretch, frame.salt, frame.check) != (self.stretch, self.salt, self.check) {
            return Err(BadVault::WrongPassphrase);
        }
        let payload = Payload { msg: frame.sealed, aad: &file[..HEADER] };
        let body = self.cipher().decrypt(&XNonce::from(frame.nonce), payload);
        body.map(Zeroizing::new).map_err(|_| BadVault::Damaged("its seal is broken"))
    }

    /// Opens a file with its passphrase; returns the body, and what seals it again.
    ///
    /// # Errors
    /// [`BadVault`] says what is wrong with the file or the passphrase.
    pub fn open(file: &[u8], passphrase: &[u8]) -> Result<(Self, Zeroizing<Vec<u8>>), BadVault> {
        let frame = Frame::read(file)?;
        let sealer = Self::stretch(passphrase, frame.stretch, frame.salt)?;
        let body = sealer.unseal(file)?;
        Ok((sealer, body))
    }
}

/// A file whose outside holds together.
struct Frame<'f> {
    stretch: Stretch,
    salt: [u8; 16],
    nonce: [u8; 24],
    check: [u8; 16],
    sealed: &'f [u8],
}

impl<'f> Frame<'f> {
    fn read(file: &'f [u8]) -> Result<Self, BadVault> {
        let mut rest = file;
        let truncated = |expected| BadVault::Truncated { found: file.len(), expected };
        match take::<16>(&mut rest) {
            Some(magic) if magic == *MAGIC => {}
            Some(_) => return Err(BadVault::Foreign),
            None if !file.is_empty() && MAGIC.starts_with(file) => return Err(truncated(START + TAG)),
            None => return Err(BadVault::Foreign),
        }
        let cut = || truncated(START + TAG);
        match u16::from_be_bytes(take(&mut rest).ok_or_else(cut)?) {
            VERSION => {}
            0 => return Err(BadVault::Damaged("its version is 0")),
            later => return Err(BadVault::TooNew(later)),
        }
        let mut figure = || take(&mut rest).map(u32::from_be_bytes).ok_or_else(cut);
        let stretch = Stretch { memory: figure()?, passes: figure()?, lanes: figure()? };
        let salt = take(&mut rest).ok_or_else(cut)?;
        let nonce = take(&mut rest).ok_or_else(cut)?;
        let check = take(&mut rest).ok_or_else(cut)?;
        let length = u64::from_be_bytes(take(&mut rest).ok_or_else(cut)?);
        let sum: [u8; 32] = take(&mut rest).ok_or_else(cut)?;
        let length = usize::try_from(length).ok().filter(|l| (TAG..1 << 40).contains(l));
        let length = length.ok_or(BadVault::Damaged("its length is out of bounds"))?;
        if rest.len() < length {
            return Err(truncated(START + length));
        }
        if rest.len() > length {
            return Err(BadVault::Damaged("something follows its end"));
        }
        if plain(&[&file[..HEADER], rest].concat()).0 != sum {
            return Err(BadVault::Damaged("its checksum differs"));
        }
        if !stretch.bounded() {
            return Err(BadVault::Damaged("its key stretching is out of bounds"));
        }
        Ok(Self { stretch, salt, nonce, check, sealed: rest })
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (first, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*first)
}
