//! `peald purge`: deletes what was erased from all files of a database.

use std::path::Path;

use peal_ledger::{Ledger, Settings};

use super::{Failure, keys};
use crate::admin::{self, Answer, PURGE};
use crate::config::{Config, Files};

/// Has the daemon that runs the ledger delete what was erased; if none runs, this process does.
///
/// # Errors
/// [`Failure`]; then some of it may be left.
pub fn purge(dir: &Path) -> Result<String, Failure> {
    let files = Files::new(dir);
    let config = Config::read(&files)?;
    let socket = files.admin();
    let fault = |e: &dyn std::fmt::Display| {
        Failure::file(&socket, e, "run this as the user that runs peald, or end peald and try again")
    };
    let some = match admin::ask(&socket, PURGE).map_err(|e| fault(&e))? {
        None => {
            let (database, operator) = (files.database(), keys::operator(&files)?);
            let fault = |error| Failure::ledger(&database, error);
            let opened =
                Ledger::open(&database, operator, &config.origin, Settings::default()).map_err(fault)?;
            let some = opened.erase(true).map_err(fault)?;
            opened.close();
            some
        }
        Some((Answer::Purged(some), _)) => some,
        Some((Answer::Failed(why), _)) => return Err(fault(&why)),
        Some(_) => return Err(fault(&"the daemon answered something else")),
    };
    Ok(if some {
        "what was erased is in no file of this database any more\n\
         Backups made before still hold it: make a new one and destroy those.\n"
    } else {
        "nothing was to do: what was erased, if anything, is in no file of this database\n"
    }
    .to_owned())
}
