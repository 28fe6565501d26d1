//! `peald purge`: deletes what was erased from all files of a database.

use std::path::Path;

use super::{Failure, daemon, open};
use crate::admin::{Answer, PURGE};
use crate::config::{Config, Files};

/// Has the daemon that runs the ledger delete what was erased; if none runs, this process does.
///
/// # Errors
/// [`Failure`]; then some of it may be left.
pub fn purge(dir: &Path) -> Result<String, Failure> {
    let files = Files::new(dir);
    let config = Config::read(&files)?;
    let purged = |answer, _| if let Answer::Purged(some) = answer { Some(some) } else { None };
    let some = match daemon(&files, PURGE, purged)? {
        Some(some) => some,
        None => {
            let opened = open(&files, &config)?;
            let some = opened.erase(true).map_err(|error| Failure::ledger(&files.database(), error))?;
            opened.close();
            some
        }
    };
    Ok(if some {
        "what was erased is in no file of this database any more\n\
         Backups made before still hold it: make a new one and destroy those.\n"
    } else {
        "nothing was to do: what was erased, if anything, is in no file of this database\n"
    }
    .to_owned())
}
