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

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use peal_ledger::{Ledger, Settings};

use crate::admin::{self, Answer};
use crate::config::{Config, Files};

/// What stops a command: the file or argument, what is wrong, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] crate::config::BadConfig),
    /// The server.
    #[error(transparent)]
    Serve(#[from] crate::server::CannotServe),
    /// The schemes.
    #[error(transparent)]
    Schemes(#[from] crate::schemes::BadSchemes),
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

/// Asks the daemon that runs a ledger, and takes what is wanted out of its answer; none if no daemon runs.
fn daemon<T>(
    files: &Files,
    request: &str,
    take: impl FnOnce(Answer, UnixStream) -> Option<T>,
) -> Result<Option<T>, Failure> {
    let socket = files.admin();
    let fault = |what: &dyn std::fmt::Display| {
        Failure::file(&socket, what, "run this as the user that runs peald, or end peald and try again")
    };
    match admin::ask(&socket, request).map_err(|e| fault(&e))? {
        None => Ok(None),
        Some((Answer::Failed(why), _)) => Err(fault(&why)),
        Some((answer, stream)) => {
            take(answer, stream).map(Some).ok_or_else(|| fault(&"the daemon answered something else"))
        }
    }
}

/// Opens a ledger that no daemon runs.
fn open(files: &Files, config: &Config) -> Result<Ledger, Failure> {
    let (database, operator) = (files.database(), keys::operator(files)?);
    let opened = Ledger::open(&database, operator, &config.origin, Settings::default());
    opened.map_err(|error| Failure::ledger(&database, error))
}

/// The present time in Unix seconds.
pub fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_secs())
}
