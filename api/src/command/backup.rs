//! `peald backup`: a copy of a ledger, made while it runs.
//!
//! 1. The daemon that runs the ledger makes a copy of the database of one moment, beside it; if no daemon runs, this process does.
//! 2. That copy, the configuration, the trust list, the registrar's address, the places of webhooks in the log and the histories that accounts
//!    have carried along are copied under a name of their own beside the backup's, and hashed on the way.
//! 3. What was copied is opened and checked as the daemon would; its last checkpoint goes into the manifest.
//! 4. When all of it is on disk it gets its name. A backup that has its name is whole.

use std::io::ErrorKind;
use std::os::unix::net::UnixStream;
use std::path::Path;

use peal_spec::value::Time;

use super::manifest::{
    Bar, CARRIED, Copied, FORMAT, Manifest, NAME, Part, checked, copy, files, must_be_new,
};
use super::{Failure, daemon, keys, now, open};
use crate::admin::{Answer, BACKUP, clear};
use crate::carried::is_history;
use crate::config::{Config, Files};
use crate::signing::keep;

/// What a copy of the database stands on: it is removed when this is dropped.
enum Staged {
    /// The daemon removes it when the connection ends.
    ByDaemon(#[expect(dead_code, reason = "held until the copy was taken")] UnixStream),
    /// This process made it.
    Here(std::path::PathBuf),
}

impl Drop for Staged {
    fn drop(&mut self) {
        if let Self::Here(path) = self {
            // The next backup, or the next start, removes what is left.
            let _ = clear(path);
        }
    }
}

/// Step 1.
fn stage(ledger: &Files) -> Result<Staged, Failure> {
    let staged = |answer, stream| matches!(answer, Answer::Staged).then_some(Staged::ByDaemon(stream));
    daemon(ledger, BACKUP, staged)?.map_or_else(|| stage_here(ledger), Ok)
}

fn stage_here(ledger: &Files) -> Result<Staged, Failure> {
    let (database, staged) = (ledger.database(), ledger.staged());
    let opened = open(ledger, &Config::read(ledger)?)?;
    clear(&staged).map_err(|e| Failure::file(&staged, e, "remove it"))?;
    let here = Staged::Here(staged.clone());
    opened.backup(&staged).map_err(|error| Failure::ledger(&database, error))?;
    opened.close();
    Ok(here)
}

/// The histories that accounts have carried along, by name.
fn histories(ledger: &Files) -> Result<Vec<(String, u64)>, Failure> {
    let dir = ledger.carried();
    match files(&dir) {
        Ok(found) => Ok(found.into_iter().filter(|(name, _)| is_history(name)).collect()),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(Failure::file(&dir, e, "run this as the user that runs peald")),
    }
}

/// Backs a ledger up.
///
/// # Errors
/// [`Failure`]; then there is no backup of that name.
pub fn backup(dir: &Path, ledger: &Path, with_key: bool, terminal: bool) -> Result<String, Failure> {
    let ledger = Files::new(ledger);
    let config = Config::read(&ledger)?;
    let trust = keys::trust(&ledger, &config.origin)?;
    must_be_new(dir)?;
    let part = Part::new(dir)?;
    let staged = stage(&ledger)?;

    let source = ledger.staged();
    let read = |e| Failure::file(&source, e, "run this as the user that runs peald");
    let database = files(&source).map_err(read)?;
    let mut wanted: Vec<(std::path::PathBuf, String)> =
        database.iter().map(|(name, _)| (source.join(name), format!("db/{name}"))).collect();
    for path in [ledger.config(), ledger.trust(), ledger.registrar_address(), ledger.webhooks()] {
        // Only the first two are needed, and were read above.
        if path.exists() {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            wanted.push((path, name));
        }
    }
    if with_key {
        wanted.push((ledger.operator_key(), "operator.key".into()));
    }
    // What comes after the copy of the database has no record there, and does no harm.
    let carried = histories(&ledger)?;
    if !carried.is_empty() {
        part.carries()?;
    }
    let bytes = database.iter().chain(&carried).map(|(_, bytes)| bytes).sum();
    wanted.extend(
        carried.into_iter().map(|(name, _)| (ledger.carried().join(&name), format!("{CARRIED}{name}"))),
    );
    let mut bar = Bar::new(bytes, terminal);
    let mut copied = Vec::new();
    for (from, path) in wanted {
        let (bytes, hash) = match copy(&from, &part.path.join(&path), Copied::is_secret(&path), &mut bar) {
            Ok(copied) => copied,
            // Its owner has deleted it meanwhile.
            Err(e) if e.kind() == ErrorKind::NotFound && path.starts_with(CARRIED) => continue,
            Err(e) => {
                let remedy = "make room on the disk, or run this as the user that runs peald";
                return Err(Failure::file(&from, e, remedy));
            }
        };
        copied.push(Copied { path, bytes, sha256: hash.to_string() });
    }
    drop(bar);
    drop(staged);

    let (published, _) = checked(&part.path.join("db"), &config.origin, &trust)?;
    let total: u64 = copied.iter().map(|c| c.bytes).sum();
    let size = published.checkpoint.size;
    let manifest = Manifest {
        format: FORMAT.into(),
        origin: config.origin.to_string(),
        size,
        root: published.checkpoint.root.to_string(),
        time: published.commit.time.to_string(),
        made: Time::new(now()).unwrap_or_default().to_string(),
        note: published.note.clone(),
        files: copied,
    };
    let text = serde_json::to_string_pretty(&manifest).map_err(|e| Failure::Fault(e.to_string()))?;
    let path = part.path.join(NAME);
    keep(&path, &format!("{text}\n")).map_err(|e| Failure::file(&path, e, "make room on the disk"))?;
    part.finish()?;
    let key = if with_key {
        "operator.key is in it: keep it as you keep the key itself"
    } else {
        "operator.key is not in it: keep that apart"
    };
    Ok(format!(
        "backed up {} with {size} entries, {}: {} files, {} MiB, in {}\n{key}\nrestore: peald restore {} NEW-DIR --key FILE\n",
        config.origin,
        published.commit.time,
        manifest.files.len(),
        total.div_ceil(1 << 20),
        dir.display(),
        dir.display(),
    ))
}
