//! What `peald` does, one command a file.

pub mod keys;
pub mod init;
pub mod serve;
pub mod audit;
pub mod manifest;
pub mod backup;
pub mod restore;
pub mod purge;
pub mod retention;

use std::path::{Path, PathBuf};

/// What stops a command: the file or argument, what is wrong, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] crate::config::BadConfig),
    /// The server.
    #[error(transparent)]
    Serve(#[from] crate::server::CannotServe),
    /// A file.
    #[error("{}: {what}\n  remedy: {remedy}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
        /// What to do.
        remedy: String,
    },
    /// The ledger.
    #[error("{}: {error}\n  remedy: {remedy}", path.display())]
    Ledger {
        /// Its database.
        path: PathBuf,
        /// What it says.
        error: peal_ledger::Error,
        /// What to do.
        remedy: &'static str,
    },
    /// Something that should not happen.
    #[error("a fault of this program or the system: {0}")]
    Fault(String),
}

impl Failure {
    fn file(path: &Path, what: impl ToString, remedy: impl ToString) -> Self {
        Self::File { path: path.to_owned(), what: what.to_string(), remedy: remedy.to_string() }
    }

    fn ledger(path: &Path, error: peal_ledger::Error) -> Self {
        let remedy = match error {
            peal_ledger::Error::Corrupt(_) => {
                "do not serve from it; run `peald audit`, and restore the last copy that passes"
            }
            _ => "end the other peald that uses it, or name the right directory with --dir",
        };
        Self::Ledger { path: path.to_owned(), error, remedy }
    }
}

/// The present time in Unix seconds.
pub fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_secs())
}
