//! What a reader of a directory keeps, and what may follow on it.

use std::fmt;
use std::str::FromStr;

use super::{BadDirectory, Directory, MAX_SIGNED};
use crate::cbor::COUNT_LIMIT;
use crate::hash::{Hash, plain};
use crate::note::{BadNote, Note, VerifierKey, decimal};
use crate::value::Time;

/// The first line.
const FIRST: &str = "peal ledgers pin 1";
/// Seconds that the publisher's clock may be ahead.
pub const AHEAD: u64 = 600;

/// The publisher's key and the version that was seen last. A pin of version 0 has seen none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pinned {
    /// The key that signs.
    pub key: VerifierKey,
    /// The key that may sign in its place, as the version seen last says.
    pub next: Option<VerifierKey>,
    /// The version seen last.
    pub version: u64,
    /// SHA-256 of its text.
    pub text: Hash,
}

/// Why a signed directory does not follow on a pin. In this order: the first that holds is said.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Not a signed note.
    #[error("this is no signed directory: {0}")]
    NoNote(BadNote),
    /// A line of a known key does not verify.
    #[error("{0}")]
    BadSignature(BadNote),
    /// Nobody has signed whose word counts.
    #[error("neither the pinned key of {0} nor one that it has named as its next has signed this")]
    NotSigned(String),
    /// The text cannot be used.
    #[error(transparent)]
    Malformed(#[from] BadDirectory),
    /// The key has another name than the text.
    #[error("this is the directory {found}, and the pinned key is of {pinned}")]
    OtherName {
        /// The pinned key's name.
        pinned: String,
        /// The directory's.
        found: String,
    },
    /// Older than what was seen.
    #[error("this is version {found}, and version {pinned} was seen before")]
    RolledBack {
        /// The version seen.
        pinned: u64,
        /// The version offered.
        found: u64,
    },
    /// Two texts of one version: the publisher says different things to different people.
    #[error("another text of version {0} was seen before: the publisher has signed two")]
    Forked(u64),
    /// From the future.
    #[error("it was issued at {0}, more than 600 s after this clock")]
    Early(Time),
    /// Of no use any more.
    #[error("it expired at {0}")]
    Expired(Time),
}

impl Refused {
    /// Its stable name, as the page and the vectors have it.
    pub fn name(&self) -> &'static str {
        match self {
            Refused::NoNote(_) => "no-note",
            Refused::BadSignature(_) => "bad-signature",
            Refused::NotSigned(_) => "not-signed",
            Refused::Malformed(_) => "malformed",
            Refused::OtherName { .. } => "other-name",
            Refused::RolledBack { .. } => "rolled-back",
            Refused::Forked(_) => "forked",
            Refused::Early(_) => "early",
            Refused::Expired(_) => "expired",
        }
    }
}

impl Pinned {
    /// A key of which no version was seen yet.
    pub fn new(key: VerifierKey) -> Self {
        Self { key, next: None, version: 0, text: Hash::default() }
    }

    /// Judges what is offered as a newer directory, or the same again, at `now`; returns it, and what is to be kept from now on.
    ///
    /// # Errors
    /// [`Refused`]; what was pinned stays.
    pub fn accept(&self, note: &str, now: Time) -> Result<(Directory, Self), Refused> {
        let (directory, pinned) = self.reopen(note)?;
        if directory.issued.seconds() > now.seconds().saturating_add(AHEAD) {
            return Err(Refused::Early(directory.issued));
        }
        if directory.is_stale(now) {
            return Err(Refused::Expired(directory.expires));
        }
        Ok((directory, pinned))
    }

    /// The same whatever the time: for a directory that was accepted once and is read again.
    ///
    /// # Errors
    /// [`Refused`], but for [`Refused::Early`] and [`Refused::Expired`].
    pub fn reopen(&self, note: &str) -> Result<(Directory, Self), Refused> {
        if note.len() > MAX_SIGNED {
            return Err(Refused::NoNote(BadNote("a directory of more than 1 MiB")));
        }
        let note = Note::read(note).map_err(Refused::NoNote)?;
        let signed = |key: &VerifierKey| match note.signed_by(key) {
            Ok(found) => Ok(found == Some(None)),
            Err(e) => Err(Refused::BadSignature(e)),
        };
        let by_key = signed(&self.key)?;
        let by_next = match &self.next {
            Some(next) if signed(next)? => Some(next),
            _ => None,
        };
        if !by_key && by_next.is_none() {
            return Err(Refused::NotSigned(self.key.name.to_string()));
        }
        let directory: Directory = note.text.parse()?;
        if directory.name != self.key.name {
            let (pinned, found) = (self.key.name.to_string(), directory.name.to_string());
            return Err(Refused::OtherName { pinned, found });
        }
        if directory.version < self.version {
            return Err(Refused::RolledBack { pinned: self.version, found: directory.version });
        }
        let text = plain(note.text.as_bytes());
        if directory.version == self.version {
            // The same again changes nothing, whoever has signed it besides.
            return if text == self.text {
                Ok((directory, self.clone()))
            } else {
                Err(Refused::Forked(self.version))
            };
        }
        let key = by_next.unwrap_or(&self.key).clone();
        let pinned = Self { key, next: directory.next.clone(), version: directory.version, text };
        Ok((directory, pinned))
    }
}

impl fmt::Display for Pinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST}\nkey {}", self.key)?;
        self.next.iter().try_for_each(|key| writeln!(f, "next {key}"))?;
        writeln!(f, "version {}\ntext {}", self.version, self.text)
    }
}

impl FromStr for Pinned {
    type Err = BadNote;
    fn from_str(text: &str) -> Result<Self, BadNote> {
        let lines: Vec<&str> = text.lines().collect();
        let read = || -> Option<Self> {
            let (key, next, version, hash) = match lines[..] {
                [FIRST, key, version, hash] => (key, None, version, hash),
                [FIRST, key, next, version, hash] => (key, Some(next.strip_prefix("next ")?), version, hash),
                _ => return None,
            };
            Some(Self {
                key: key.strip_prefix("key ")?.parse().ok()?,
                next: next.map_or(Some(None), |key| key.parse().ok().map(Some))?,
                version: decimal(version.strip_prefix("version ")?).filter(|n| *n < COUNT_LIMIT)?,
                text: hash.strip_prefix("text ")?.parse().ok()?,
            })
        };
        read().ok_or(BadNote("not the pin of a directory: its lines are key, perhaps next, version and text"))
    }
}
