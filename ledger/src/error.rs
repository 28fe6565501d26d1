//! Errors, sorted by whose turn it is to act.

use std::time::Duration;

use peal_spec::refusal::Refusal;

/// How long a caller who is turned away should wait.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What went wrong, by whose turn it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The sender's turn: the posting breaks a rule, and left no trace.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Anybody's turn, later: the queue is full, or the ledger is closing or has stopped. A posting that was under way may or may
    /// not be recorded; sending the very same bytes again finds out and cannot record it twice.
    #[error("the ledger takes nothing at the moment; try again in {} s", .retry_after.as_secs())]
    Unavailable {
        /// How long to wait.
        retry_after: Duration,
    },
    /// The operator's turn, before the ledger runs: no ledger here, one already here, in use, another key or origin.
    #[error("{0}")]
    Setup(String),
    /// The operator's turn: what is stored does not agree with itself. The ledger stops rather than sign on top of it.
    #[error("stored data do not agree: {0}")]
    Corrupt(String),
    /// Our turn.
    #[error("a fault of this program: {0}")]
    Bug(String),
}

impl Error {
    /// Turned away; come back in a moment.
    pub(crate) fn unavailable() -> Self {
        Error::Unavailable { retry_after: RETRY_AFTER }
    }
}
