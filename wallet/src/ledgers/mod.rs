//! The directory of ledgers that is kept on this machine, and how a newer one takes its place.
//!
//! Two files: the signed directory (`ledgers.note`) and what is pinned of it (`ledgers.pin`): the publisher's key and the version seen last.
//!
//! 1. What is offered is judged by the pin (`peal_spec::ledgers`).
//! 2. The directory is replaced, then the pin. A crash in between leaves a directory that follows on the pin, and it is read as such.
//!
//! Nothing here is secret; whoever can write the pin decides who is trusted.

use std::path::{Path, PathBuf};

use peal_spec::ledgers::{Directory, Entry, MAX_SIGNED, Pinned, Refused};
use peal_spec::note::{KeyType, VerifierKey};
use peal_spec::trust::{Pin, Trust};
use peal_spec::value::{Origin, Time};

use crate::disk::{self, Lock};
use crate::http::{Patience, Remote};
use crate::trouble::{Kind, Trouble};

mod publisher;

pub use publisher::Publisher;

/// The name of the kept directory, beside the wallet.
pub const FILE: &str = "ledgers.note";

/// A directory that is kept.
#[derive(Clone, Debug)]
pub struct Kept {
    /// What it says.
    pub directory: Directory,
    /// What is pinned of it.
    pub pinned: Pinned,
    place: PathBuf,
}

/// What the directory says of a ledger that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where it answers, if the directory says so.
    pub url: Option<String>,
    /// The trust list of this ledger alone.
    pub trust: Trust,
    /// The same as text, as it is hashed and kept.
    pub list: String,
    /// Its last checkpoint, if it has ended.
    pub ended: Option<Pin>,
    /// Whether the directory has expired, so that a newer one may say otherwise.
    pub stale: bool,
}

/// The file of the pin.
fn pin_file(path: &Path) -> PathBuf {
    path.with_extension("pin")
}

fn lock(path: &Path) -> Result<Lock, Trouble> {
    if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        disk::make_directory(parent)?;
    }
    Lock::take(path).map_err(|mut trouble| {
        if trouble.kind == Kind::Unavailable {
            trouble.what = "another process is replacing this directory".into();
        }
        trouble
    })
}

/// Says why something offered is not taken.
fn refused(why: &Refused, place: &str) -> Trouble {
    let remedy = match why {
        Refused::NoNote(_) | Refused::BadSignature(_) => {
            "fetch the directory again; if it stays so, ask its publisher"
        }
        Refused::NotSigned(_) | Refused::OtherName { .. } => {
            "check where it comes from; if the publisher has a new key, ask for it by another way, and pin it in another place"
        }
        Refused::Malformed(_) => {
            "tell its publisher; the line is of the directory's text (spec/ledgers.md §1)"
        }
        Refused::RolledBack { .. } => "get the newest one from its publisher; the one that is kept stays",
        Refused::Forked(_) => {
            "show both to its publisher and to others; the one that was seen first stays, until there is a later version"
        }
        Refused::Early(_) => "check this machine's clock",
        Refused::Expired(_) => "ask its publisher for a newer one",
    };
    Trouble::refused(format!("{}: {why}", why.name()), place, remedy)
}

fn unreadable(place: &str) -> Trouble {
    Trouble::refused("this is no text, and so no signed directory", place, "check where it comes from")
}

/// Reads a signed directory from a file, or from where a URL says.
///
/// # Errors
/// Unusable for a file that cannot be read; unavailable or refused by what answers at the URL.
pub fn fetch(source: &str) -> Result<String, Trouble> {
    let bytes = if source.starts_with("https://") || source.starts_with("http://") {
        let asked = Remote::new(source, Patience::default())?.get("", "text/plain", MAX_SIGNED as u64);
        let other = |mut trouble: Trouble| {
            trouble.what = trouble.what.replace("the ledger", "the directory's server");
            trouble.remedy = trouble.remedy.replace("operator of the ledger", "directory's publisher");
            trouble
        };
        asked.map_err(other)?.map_err(|problem| other(problem.at(source)))?
    } else {
        disk::read(Path::new(source), MAX_SIGNED as u64)?
    };
    String::from_utf8(bytes).map_err(|_| unreadable(source))
}

impl Kept {
    /// Pins a publisher's key and its directory, the first time, in files that are not there yet. `source` says where `note` comes from.
    ///
    /// # Errors
    /// Refused if it does not hold; unusable if something is pinned there already.
    pub fn pin(path: &Path, key: &VerifierKey, note: &str, source: &str, now: Time) -> Result<Self, Trouble> {
        let pin = pin_file(path);
        if pin == path {
            let remedy = "give the directory's file another ending: its pin has this one";
            return Err(Trouble::unusable("this would be the file of the pin", path.display(), remedy));
        }
        if key.kind != KeyType::Ed25519 {
            let remedy = "give the publisher's key, of type 1: `peal ledgers key` prints it";
            return Err(Trouble::unusable("this key cosigns and signs no directory", "--key", remedy));
        }
        let _lock = lock(path)?;
        if pin.exists() {
            let remedy = "bring it up to date with `peal ledgers update`; to trust another publisher, keep it in another place (--directory)";
            return Err(Trouble::unusable("a directory is pinned here already", pin.display(), remedy));
        }
        Self::take(path, &Pinned::new(key.clone()), note, source, now)
    }

    /// Judges what is offered as a newer directory, and keeps it. The same again changes nothing.
    ///
    /// # Errors
    /// Refused if it does not follow on what is pinned, which stays; a second text of a version is kept beside, as evidence.
    pub fn update(path: &Path, note: &str, source: &str, now: Time) -> Result<Self, Trouble> {
        let _lock = lock(path)?;
        let (pinned, _) = Self::pinned(path)?;
        Self::take(path, &pinned, note, source, now)
    }

    fn take(path: &Path, pinned: &Pinned, note: &str, source: &str, now: Time) -> Result<Self, Trouble> {
        let (directory, pinned) = pinned.accept(note, now).map_err(|why| {
            let mut trouble = refused(&why, source);
            if matches!(why, Refused::Forked(_)) {
                let evidence = path.with_extension("evidence");
                // Kept once; that it could not be is no reason to say less.
                if evidence.exists() || disk::create(&evidence, note.as_bytes()).is_ok() {
                    trouble.remedy = format!("{} ({} has the other one)", trouble.remedy, evidence.display());
                }
            }
            trouble
        })?;
        disk::replace(path, note.as_bytes())?;
        disk::replace(&pin_file(path), pinned.to_string().as_bytes())?;
        Ok(Self { directory, pinned, place: path.to_owned() })
    }

    /// The pin as it stands, moved on if a crash has left a newer directory beside it; and the directory, if it follows.
    fn pinned(path: &Path) -> Result<(Pinned, Result<Directory, Trouble>), Trouble> {
        let pin = pin_file(path);
        let Some(bytes) = disk::read_if_there(&pin, 4096)? else {
            let remedy = "pin one first: `peal ledgers pin FILE --key VKEY`, with the key from its publisher by another way";
            return Err(Trouble::unusable("no directory of ledgers is pinned", pin.display(), remedy));
        };
        let pinned: Pinned =
            String::from_utf8_lossy(&bytes).parse().map_err(|e: peal_spec::note::BadNote| {
                let remedy = "put back a copy of the file, or remove it and pin the publisher's key anew";
                Trouble::unusable(e, pin.display(), remedy)
            })?;
        let place = path.display().to_string();
        let again = |mut trouble: Trouble| {
            trouble.remedy = "fetch the directory again with `peal ledgers update`".into();
            trouble
        };
        let read = disk::read(path, MAX_SIGNED as u64)
            .and_then(|bytes| String::from_utf8(bytes).map_err(|_| unreadable(&place)))
            .and_then(|note| pinned.reopen(&note).map_err(|why| refused(&why, &place)));
        match read {
            Ok((directory, pinned)) => Ok((pinned, Ok(directory))),
            Err(trouble) => Ok((pinned, Err(again(trouble)))),
        }
    }

    /// Opens the directory that is kept at a path. It may be stale.
    ///
    /// # Errors
    /// Unusable if there is none; refused if it is not the one that was pinned.
    pub fn open(path: &Path) -> Result<Self, Trouble> {
        let (pinned, directory) = Self::pinned(path)?;
        Ok(Self { directory: directory?, pinned, place: path.to_owned() })
    }

    /// What it says of a ledger that can be used: one that is known, or that has ended.
    ///
    /// # Errors
    /// Refused if the ledger is barred, or not in the directory.
    pub fn find(&self, origin: &Origin, now: Time) -> Result<Found, Trouble> {
        let answer = self.directory.lookup(origin, now);
        let place = format!("{}, version {}", self.place.display(), self.directory.version);
        let (block, ended) = match answer.entry {
            Entry::Known(block) => (block, None),
            Entry::Ended(block, last) => (block, Some(last)),
            Entry::Barred(reason) => {
                return Err(Trouble::refused(
                    format!("the directory bars {origin}: {reason}"),
                    place,
                    format!("take nothing that rests on it from now on; ask {} why", self.directory.name),
                ));
            }
            Entry::Unknown => {
                return Err(Trouble::refused(
                    format!(
                        "the directory does not have {origin}; it says nothing bad of it, and nothing good"
                    ),
                    place,
                    if answer.stale {
                        "the directory has expired: `peal ledgers update`, then try again"
                    } else {
                        "check the name; or ask for the ledger's own trust list and decide for yourself"
                    },
                ));
            }
        };
        let trust = Trust { ledgers: vec![block.ledger.clone()] };
        let url = block.url.as_ref().map(ToString::to_string);
        Ok(Found { url, list: trust.to_string(), trust, ended, stale: answer.stale })
    }
}

#[cfg(test)]
mod tests;
