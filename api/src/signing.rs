//! Whether the ledger may sign. A ledger that was put back from an older copy would sign another log of a size that others have seen
//! already: a fork. It must find out before it signs anything, and then not sign.
//!
//! | found | kept | until |
//! |---|---|---|
//! | a witness has cosigned more than this log, or another log | in memory | the next start, which asks again |
//! | a note that the operator's key signed, and this log does not contain | `seen.note` in the ledger's directory | a start at which the log contains it |
//! | the directory was restored from a backup | `restored` in it | enough witnesses have cosigned what is there |
//!
//! Reads go on meanwhile. A posting that the ledger had taken before the finding may still be recorded.

use std::path::Path;
use std::sync::{Mutex, PoisonError, RwLock};

use peal_ledger::{Error, Ledger};
use peal_spec::note::{Checkpoint, Note};
use peal_spec::tree::check_consistency;

/// Whether the ledger may sign.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Free,
    /// Not yet: this must be found out first.
    Waiting(String),
    /// No: this was found.
    Refusing(String),
}

/// Whether the ledger may sign, as all parts of the server see it.
#[derive(Debug)]
pub struct Signing(RwLock<State>);

impl Default for Signing {
    fn default() -> Self {
        Self(RwLock::new(State::Free))
    }
}

/// Why nothing is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// Something must be found out first.
    Waiting(String),
    /// Something was found.
    Refusing(String),
}

impl Signing {
    fn set(&self, change: impl FnOnce(&State) -> Option<State>) -> bool {
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        match change(&state) {
            Some(next) => {
                *state = next;
                true
            }
            None => false,
        }
    }

    /// Why nothing is signed; none if the ledger may.
    pub fn held(&self) -> Option<Held> {
        match &*self.0.read().unwrap_or_else(PoisonError::into_inner) {
            State::Free => None,
            State::Waiting(why) => Some(Held::Waiting(why.clone())),
            State::Refusing(why) => Some(Held::Refusing(why.clone())),
        }
    }

    /// Nothing is signed until [`Signing::free`].
    pub fn wait(&self, why: &str) {
        self.set(|state| (!matches!(state, State::Refusing(_))).then(|| State::Waiting(why.to_owned())));
    }

    /// What was waited for has come. A refusal stays.
    pub fn free(&self) {
        self.set(|state| matches!(state, State::Waiting(_)).then_some(State::Free));
    }

    /// Nothing is signed until the server is started again and finds it otherwise. The first finding stands.
    pub fn refuse(&self, why: &str) {
        if self.set(|state| (!matches!(state, State::Refusing(_))).then(|| State::Refusing(why.to_owned()))) {
            tracing::error!(
                "{why}: it was restored from an older copy, or somebody was shown another log. Nothing is signed until this ledger \
                 is started with a newer copy that contains it"
            );
        }
    }
}

/// What a note signed by this ledger's operator shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// This log contains it.
    Contained,
    /// It is of more entries than this log has.
    Ahead {
        /// Its size.
        size: u64,
        /// That of this log.
        have: u64,
    },
    /// It is of a size that this log has, and of another log.
    Another {
        /// Its size.
        size: u64,
    },
}

impl Seen {
    /// Why nothing may be signed any more, if so.
    pub fn why(self, who: &str) -> Option<String> {
        match self {
            Self::Contained => None,
            Self::Ahead { size, have } => {
                Some(format!("{who} has seen a log of {size} entries, this one has {have}"))
            }
            Self::Another { size } => {
                Some(format!("{who} has seen a log of {size} entries that is not a part of this one"))
            }
        }
    }
}

/// Reads a note, if this ledger's operator has signed it as a checkpoint of this ledger.
///
/// # Errors
/// Says what it is not.
pub fn read(note: &str, ledger: &Ledger) -> Result<Checkpoint, &'static str> {
    let note: Note = note.parse().map_err(|_| "it is not a signed note")?;
    let checkpoint: Checkpoint = note.text.parse().map_err(|_| "it is not a checkpoint")?;
    if checkpoint.origin != *ledger.origin() {
        return Err("it is of another ledger");
    }
    match note.signed_by(&ledger.verifier_key()) {
        Ok(Some(_)) => Ok(checkpoint),
        _ => Err("this ledger's operator has not signed it"),
    }
}

/// Compares a signed checkpoint with the log. What is signed is published before anybody is given it, so one beyond the log was signed by
/// a ledger that had more.
///
/// # Errors
/// Those of the ledger.
pub fn compare(checkpoint: &Checkpoint, ledger: &Ledger) -> Result<Seen, Error> {
    let (size, here) = (checkpoint.size, ledger.published());
    let here = &here.checkpoint;
    if size > here.size {
        return Ok(Seen::Ahead { size, have: here.size });
    }
    let proof = ledger.consistency(size, here.size)?;
    let extends =
        size == 0 || check_consistency(size, &checkpoint.root, here.size, &here.root, &proof).is_ok();
    Ok(if extends { Seen::Contained } else { Seen::Another { size } })
}

/// Keeps a file, whole or not at all, and durably.
///
/// # Errors
/// The system's.
pub fn keep(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    // One at a time: two notes may be shown at one moment.
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let part = path.with_extension("part");
    let mut file = std::fs::File::create(&part)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&part, path)?;
    sync_directory_of(path)
}

/// Makes a new or vanished name in a directory durable.
///
/// # Errors
/// The system's.
pub fn sync_directory_of(path: &Path) -> std::io::Result<()> {
    let directory = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_stays_and_waiting_ends() {
        let signing = Signing::default();
        assert_eq!(signing.held(), None);
        signing.wait("asking");
        assert_eq!(signing.held(), Some(Held::Waiting("asking".into())));
        signing.free();
        assert_eq!(signing.held(), None);
        signing.refuse("one");
        signing.refuse("two");
        signing.free();
        signing.wait("asking");
        assert_eq!(signing.held(), Some(Held::Refusing("one".into())));
    }
}
