//! `peald restore`: makes a ledger's directory from a backup.
//!
//! 1. Every file of the manifest is copied and must have its hash; no other file may be there.
//! 2. The database must open and end with the manifest's checkpoint.
//! 3. The directory is marked: others may have seen more of the ledger than the backup holds, so the daemon signs nothing until witnesses have
//!    confirmed that they have not ([`crate::signing`]).
//! 4. When all of it is on disk it gets its name.

use std::path::{Path, PathBuf};

use peal_spec::hash::Hash;
use peal_spec::note::{KeyType, VerifierKey};
use peal_spec::value::Origin;

use super::manifest::{Bar, CARRIED, Copied, Manifest, NAME, Part, checked, copy, files, must_be_new};
use super::{Failure, keys};
use crate::config::{Config, Files};
use crate::signing::keep;

/// Restores a backup.
///
/// # Errors
/// [`Failure`]; then there is no directory of that name.
pub fn restore(backup: &Path, dir: &Path, key: Option<&Path>, terminal: bool) -> Result<String, Failure> {
    let manifest = Manifest::read(backup)?;
    let damaged = "this backup is damaged: use another one";
    let foreign = |path: PathBuf, what: &str| Failure::file(&path, what, damaged);
    let origin: Origin =
        manifest.origin.parse().map_err(|_| foreign(backup.join(NAME), "its origin is none"))?;
    must_be_new(dir)?;

    // Step 1.
    let mut folders = vec![(backup.to_owned(), ""), (backup.join("db"), "db/")];
    let carried = backup.join(CARRIED);
    if carried.exists() {
        folders.push((carried, CARRIED));
    }
    for (folder, prefix) in folders {
        for (name, _) in files(&folder).map_err(|e| Failure::file(&folder, e, damaged))? {
            let path = format!("{prefix}{name}");
            if path != NAME && !manifest.files.iter().any(|f| f.path == path) {
                return Err(foreign(backup.join(path), "this file is not in the manifest"));
            }
        }
    }
    let part = Part::new(dir)?;
    if manifest.files.iter().any(|f| f.path.starts_with(CARRIED)) {
        part.carries()?;
    }
    let mut bar = Bar::new(manifest.files.iter().map(|f| f.bytes).sum(), terminal);
    for file in &manifest.files {
        let from = backup.join(&file.path);
        let secret = Copied::is_secret(&file.path);
        let (bytes, hash) = copy(&from, &part.path.join(&file.path), secret, &mut bar)
            .map_err(|e| Failure::file(&from, e, damaged))?;
        let wanted: Option<Hash> = file.sha256.parse().ok();
        if bytes != file.bytes || wanted != Some(hash) {
            return Err(foreign(from, "it is not the file that the manifest names: its hash differs"));
        }
    }
    drop(bar);

    // Step 2.
    let made = Files::new(&part.path);
    let config = Config::read(&made)?;
    let trust = keys::trust(&made, &config.origin)?;
    if config.origin != origin {
        return Err(foreign(backup.join("peald.toml"), "it is of another ledger than the manifest"));
    }
    let (published, operator) = checked(&made.database(), &origin, &trust)?;
    let same = published.checkpoint.size == manifest.size
        && published.checkpoint.root.to_string() == manifest.root
        && published.note == manifest.note;
    if !same {
        let what = format!(
            "the database ends at {} entries, not with the manifest's checkpoint",
            published.checkpoint.size
        );
        return Err(foreign(backup.join("db"), &what));
    }
    let has_key = take_key(&made, key, operator)?;

    // Steps 3 and 4.
    let mark =
        format!("restored at {} entries, root {}, of {}\n", manifest.size, manifest.root, manifest.time);
    keep(&made.restored(), &mark).map_err(|e| Failure::file(&made.restored(), e, "make room on the disk"))?;
    part.finish()?;
    let files = Files::new(dir);
    let next = match (has_key, config.publish.witnesses.len()) {
        (false, _) => format!(
            "next: put the operator's key back as {} (mode 0600), then peald serve --dir {}",
            files.operator_key().display(),
            dir.display()
        ),
        (true, 0) => format!(
            "next: peald serve --dir {} --restored-without-witnesses\n\
             no witness is named in {}: nobody can tell whether this ledger had signed more. If it had, receipts given since then are lost, \
             and wallets that hold them will stop it",
            dir.display(),
            files.config().display()
        ),
        (true, _) => format!(
            "next: peald serve --dir {}\nit signs nothing until {} of its witnesses have confirmed that they have not seen more",
            dir.display(),
            config.publish.need.max(1)
        ),
    };
    Ok(format!(
        "restored {origin} with {} entries, {}, in {}\n{next}\n",
        manifest.size,
        manifest.time,
        dir.display()
    ))
}

/// Puts the operator's key in its place, from `key` or from the backup; it must be the one that the ledger has. Returns whether there is one.
fn take_key(made: &Files, key: Option<&Path>, operator: &VerifierKey) -> Result<bool, Failure> {
    let path = made.operator_key();
    if let Some(key) = key {
        if path.exists() {
            std::fs::remove_file(&path).map_err(|e| Failure::file(&path, e, "leave --key out"))?;
        }
        copy(key, &path, true, &mut Bar::new(0, false))
            .map_err(|e| Failure::file(key, e, "name the file with the operator's key"))?;
    }
    if !path.exists() {
        return Ok(false);
    }
    let own = keys::operator(made)?;
    let own = VerifierKey { name: operator.name.clone(), kind: KeyType::Ed25519, key: own.public() };
    if own == *operator {
        Ok(true)
    } else {
        let what = format!("this is not the key of this ledger's operator, {operator}");
        Err(Failure::file(key.unwrap_or(&path), what, "name the right key with --key"))
    }
}
