//! Signed notes, verifier keys, checkpoints and cosignatures, as C2SP writes them.
//!
//! Source: C2SP signed-note, tlog-checkpoint, tlog-cosignature; `spec/README.md` §11.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::hash::{self, Hash};
use crate::key::{PrivateKey, PublicKey};
use crate::value::{Origin, Time};

/// The most bytes in a note.
pub const MAX_NOTE: usize = 64 * 1024;
/// The most signature lines in a note.
pub const MAX_SIGNATURES: usize = 64;

/// What a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum KeyType {
    /// Notes, with plain Ed25519: an operator's.
    Ed25519 = 0x01,
    /// Timestamped cosignatures: a witness's or an auditor's.
    Cosignature = 0x04,
}

/// A name with a public key, as people exchange it: `name+hash+base64`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VerifierKey {
    /// The key's name; an operator's is the origin.
    pub name: Origin,
    /// What it signs.
    pub kind: KeyType,
    /// The key.
    pub key: PublicKey,
}

impl VerifierKey {
    /// The first 4 bytes of `SHA-256(name ‖ 0x0A ‖ type ‖ key)`, by which signature lines find their key.
    pub fn id(&self) -> [u8; 4] {
        let mut data = self.name.as_str().as_bytes().to_vec();
        data.extend([b'\n', self.kind as u8]);
        data.extend(self.key.0);
        let full = hash::plain(&data).0;
        [full[0], full[1], full[2], full[3]]
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut data = vec![self.kind as u8];
        data.extend(self.key.0);
        write!(f, "{}+{:08x}+{}", self.name, u32::from_be_bytes(self.id()), BASE64.encode(data))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Text that is no verifier key, note or checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadNote(pub &'static str);

impl FromStr for VerifierKey {
    type Err = BadNote;
    fn from_str(text: &str) -> Result<Self, BadNote> {
        let bad = BadNote("not a verifier key: it should be name+hash+base64");
        // The base64 part may hold a `+`; the name and the hash may not.
        let (name, rest) = text.split_once('+').ok_or(bad)?;
        let (id, key) = rest.split_once('+').ok_or(bad)?;
        let data = BASE64.decode(key).map_err(|_| bad)?;
        let [kind, key @ ..] = data.as_slice() else { return Err(bad) };
        let kind = match kind {
            0x01 => KeyType::Ed25519,
            0x04 => KeyType::Cosignature,
            _ => return Err(BadNote("a verifier key of a type that this program does not know")),
        };
        let key = PublicKey(key.try_into().map_err(|_| bad)?);
        let found = Self { name: name.parse().map_err(|_| bad)?, kind, key };
        if id.len() == 8 && id == format!("{:08x}", u32::from_be_bytes(found.id())) {
            Ok(found)
        } else {
            Err(BadNote("the hash in this verifier key is not that of its name and key: copy it again"))
        }
    }
}

/// One signature line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Name of the key.
    pub name: Origin,
    /// Id of the key.
    pub id: [u8; 4],
    /// What follows the id: a signature, with a time before it in a cosignature.
    pub blob: Vec<u8>,
}

/// A note: a text and the lines that sign it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The signed text, ending in a newline.
    pub text: String,
    /// The signature lines.
    pub lines: Vec<Line>,
}

impl Note {
    /// Signs a text as an operator.
    pub fn sign(text: String, name: &Origin, key: &PrivateKey) -> Self {
        let verifier = VerifierKey { name: name.clone(), kind: KeyType::Ed25519, key: key.public() };
        let blob = key.sign(text.as_bytes()).to_vec();
        Self { lines: vec![Line { name: name.clone(), id: verifier.id(), blob }], text }
    }

    /// Adds a cosignature.
    pub fn cosign(&mut self, name: &Origin, key: &PrivateKey, time: Time) {
        let verifier = VerifierKey { name: name.clone(), kind: KeyType::Cosignature, key: key.public() };
        let mut blob = time.seconds().to_be_bytes().to_vec();
        blob.extend(key.sign(&cosigned(&self.text, time.seconds())));
        self.lines.push(Line { name: name.clone(), id: verifier.id(), blob });
    }

    /// When `key` signed this note: `None` if it did not, `Some(None)` for a plain signature, else the cosignature's time.
    ///
    /// # Errors
    /// [`BadNote`] if a line of this key does not verify.
    pub fn signed_by(&self, key: &VerifierKey) -> Result<Option<Option<Time>>, BadNote> {
        let bad = BadNote("a signature line of a known key does not verify");
        let id = key.id();
        let mut found = None;
        for line in self.lines.iter().filter(|l| l.name == key.name && l.id == id) {
            let time = match (key.kind, line.blob.len()) {
                (KeyType::Ed25519, 64) => None,
                (KeyType::Cosignature, 72) => {
                    let seconds = line.blob[..8].iter().fold(0u64, |n, b| n << 8 | u64::from(*b));
                    Some(Time::new(seconds).ok_or(bad)?)
                }
                _ => return Err(bad),
            };
            let message = match time {
                None => self.text.as_bytes().to_vec(),
                Some(time) => cosigned(&self.text, time.seconds()),
            };
            let signature: &[u8; 64] = line.blob[line.blob.len() - 64..].try_into().map_err(|_| bad)?;
            if !key.key.verifies(&message, signature) {
                return Err(bad);
            }
            found = Some(time);
        }
        Ok(found)
    }
}

fn cosigned(text: &str, seconds: u64) -> Vec<u8> {
    format!("cosignature/v1\ntime {seconds}\n{text}").into_bytes()
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.lines.iter().try_for_each(|line| {
            let mut data = line.id.to_vec();
            data.extend(&line.blob);
            writeln!(f, "\u{2014} {} {}", line.name, BASE64.encode(data))
        })
    }
}

impl FromStr for Note {
    type Err = BadNote;
    fn from_str(note: &str) -> Result<Self, BadNote> {
        if note.len() > MAX_NOTE {
            return Err(BadNote("a note of more than 64 KiB"));
        }
        Self::read(note)
    }
}

impl Note {
    /// Reads a note whose length somebody else has bounded.
    pub(crate) fn read(note: &str) -> Result<Self, BadNote> {
        if note.chars().any(|c| c < ' ' && c != '\n') {
            return Err(BadNote("a note with control characters"));
        }
        let cut = note.rfind("\n\n").ok_or(BadNote("a note without signatures"))?;
        let (text, signatures) = (&note[..=cut], &note[cut + 2..]);
        let bad = BadNote("a signature line that is not `— name base64`");
        let mut lines = Vec::new();
        for line in signatures.strip_suffix('\n').ok_or(bad)?.split('\n') {
            let (name, blob) = line.strip_prefix("\u{2014} ").and_then(|l| l.split_once(' ')).ok_or(bad)?;
            let data = BASE64.decode(blob).map_err(|_| bad)?;
            let (id, blob) = data.split_first_chunk::<4>().ok_or(bad)?;
            if lines.len() == MAX_SIGNATURES {
                return Err(BadNote("a note with more than 64 signature lines"));
            }
            lines.push(Line { name: name.parse().map_err(|_| bad)?, id: *id, blob: blob.to_vec() });
        }
        Ok(Self { text: text.to_owned(), lines })
    }
}

/// The body of a checkpoint: a log's size and root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log.
    pub origin: Origin,
    /// Number of leaves.
    pub size: u64,
    /// Root.
    pub root: Hash,
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}\n{}\n", self.origin, self.size, BASE64.encode(self.root.0))
    }
}

impl FromStr for Checkpoint {
    type Err = BadNote;
    fn from_str(text: &str) -> Result<Self, BadNote> {
        let bad = BadNote("not a checkpoint of three lines: origin, size, root");
        let lines: Vec<&str> = text.strip_suffix('\n').ok_or(bad)?.split('\n').collect();
        let [origin, size, root] = lines.as_slice() else { return Err(bad) };
        Ok(Self {
            origin: origin.parse().map_err(|_| bad)?,
            size: decimal(size).ok_or(bad)?,
            root: root64(root).ok_or(bad)?,
        })
    }
}

/// A decimal without sign, leading zeros or more than 16 digits.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if plain && text.len() <= 16 { text.parse().ok() } else { None }
}

/// A hash in base64.
pub(crate) fn root64(text: &str) -> Option<Hash> {
    BASE64.decode(text).ok()?.try_into().ok().map(Hash)
}
