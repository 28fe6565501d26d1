//! The published checkpoint: what everybody is shown, cosigned if there are witnesses. It follows the log at a steady pace.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use peal_ledger::Ledger;

/// What `/checkpoint` serves.
#[derive(Debug, Default)]
pub struct Board(RwLock<Shown>);

/// The checkpoint that is shown to everybody.
#[derive(Clone, Debug, Default)]
pub enum Shown {
    /// Nobody publishes: the last checkpoint of the log.
    #[default]
    Latest,
    /// Not enough witnesses have cosigned anything, since then.
    Nothing(Instant),
    /// This one.
    Posted(Arc<Posted>),
}

/// A published checkpoint.
#[derive(Debug)]
pub struct Posted {
    /// The note with all its lines.
    pub note: String,
    /// Size of the log.
    pub size: u64,
    /// When it was the last checkpoint of the log.
    pub taken: Instant,
}

impl Board {
    /// What is shown.
    pub fn shown(&self) -> Shown {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Shows something else.
    pub fn show(&self, shown: Shown) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = shown;
    }

    /// The published note; none if there is none yet.
    pub fn note(&self, ledger: &Ledger) -> Option<String> {
        match self.shown() {
            Shown::Latest => Some(ledger.published().note.clone()),
            Shown::Nothing(_) => None,
            Shown::Posted(posted) => Some(posted.note.clone()),
        }
    }

    /// The same checkpoint with the cosignatures that it has, if it is the published one.
    pub fn cosigned(&self, note: &str) -> Option<String> {
        match self.shown() {
            // The operator's line stands first.
            Shown::Posted(posted) if posted.note.starts_with(note) => Some(posted.note.clone()),
            _ => None,
        }
    }

    /// Size of the published log, and for how long it has not been the whole log.
    pub fn lag(&self, ledger: &Ledger) -> (u64, Duration) {
        let size = ledger.published().checkpoint.size;
        match self.shown() {
            Shown::Posted(posted) if posted.size < size => (posted.size, posted.taken.elapsed()),
            Shown::Posted(_) | Shown::Latest => (size, Duration::ZERO),
            Shown::Nothing(since) => (0, since.elapsed()),
        }
    }
}
