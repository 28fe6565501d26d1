//! Histories that accounts have carried along: the proof file of a whole account of another ledger, kept for its owner (`spec/moving.md`).
//!
//! 1. [`check`] takes a file only if it is what the account's own records say has arrived, all of it, and proves it by the trust list that they show.
//! 2. [`Carried::put`] writes it under another name, makes it durable and renames it: after a crash it is there whole or not at all.
//! 3. All files together have a limit. How much they are is summed when the ledger is opened, when what a crash has left is removed, too.
//!
//! No state depends on these files, and no audit reads them: a ledger without them is whole.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use peal_spec::address::Address;
use peal_spec::hash::Hash;
use peal_spec::moving::From;
use peal_spec::proof::{BadFile, Proof};
use peal_spec::state::State;
use peal_spec::statement::Arrival;
use peal_spec::tree;
use peal_spec::trust::Trust;
use peal_spec::value::{Origin, Time};
use peal_spec::verify::{Failure, verify};

use crate::signing::sync_directory_of;

/// The most bytes of one history.
pub const MAX_FILE: usize = 16 << 20;

/// How a file's name ends; before that stand the account's number and the arrival's sequence.
const ENDING: &str = ".peal";

/// Which history: that of an arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Number of the account.
    pub account: u64,
    /// Sequence of the arrival in it.
    pub sequence: u64,
}

impl Place {
    fn name(self) -> String {
        format!("{}-{}{ENDING}", self.account, self.sequence)
    }
}

/// Whether a file of this name is a history, and not what a crash has left of one.
pub fn is_history(name: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let stem = name.strip_suffix(ENDING).and_then(|stem| stem.split_once('-'));
    stem.is_some_and(|(account, sequence)| number(account) && number(sequence))
}

/// What became of a file that was to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It is kept, and there was none.
    New,
    /// It is kept in the place of another one, or was there already.
    Kept,
    /// There is no room for it.
    Full,
}

/// The histories of a ledger.
#[derive(Debug)]
pub struct Carried {
    dir: PathBuf,
    most: u64,
    /// Bytes of all files; who changes one holds this.
    held: Mutex<u64>,
}

impl Carried {
    /// Those in a directory, which is made if it is missing; `most` bytes in all.
    ///
    /// # Errors
    /// The system's.
    pub fn open(dir: PathBuf, most: u64) -> io::Result<Self> {
        match DirBuilder::new().mode(0o700).create(&dir) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            made => made.and_then(|()| sync_directory_of(&dir))?,
        }
        let mut held = 0;
        for entry in fs::read_dir(&dir)? {
            let entry = entry?;
            let name = entry.file_name();
            match name.to_str() {
                Some(name) if is_history(name) => held += entry.metadata()?.len(),
                Some(name) if name.strip_suffix(".part").is_some_and(is_history) => {
                    fs::remove_file(entry.path())?;
                }
                // Not of ours.
                _ => {}
            }
        }
        Ok(Self { dir, most, held: Mutex::new(held) })
    }

    /// Keeps a file durably, in the place of the one that is there.
    ///
    /// # Errors
    /// The system's; then what was there is there, or the new file is.
    pub fn put(&self, place: Place, file: &[u8]) -> io::Result<Put> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let there = self.get(place)?.map(|found| found.read()).transpose()?;
        if there.as_deref() == Some(file) {
            return Ok(Put::Kept);
        }
        let old = there.as_ref().map_or(0, |there| there.len() as u64);
        let all = held.saturating_sub(old).saturating_add(file.len() as u64);
        if all > *held && all > self.most {
            return Ok(Put::Full);
        }
        let path = self.dir.join(place.name());
        let part = self.dir.join(format!("{}.part", place.name()));
        let written = write(&part, file).and_then(|()| fs::rename(&part, &path));
        if let Err(error) = written {
            // If it cannot be removed, the next start does so.
            let _ = fs::remove_file(&part);
            return match error.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Ok(Put::Full),
                _ => Err(error),
            };
        }
        *held = all;
        sync_directory_of(&path)?;
        Ok(if there.is_some() { Put::Kept } else { Put::New })
    }

    /// A file, if there is one.
    ///
    /// # Errors
    /// The system's.
    pub fn get(&self, place: Place) -> io::Result<Option<Found>> {
        match File::open(self.dir.join(place.name())) {
            Ok(file) => Ok(Some(Found { bytes: file.metadata()?.len(), file })),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Deletes a file durably; whether there was one.
    ///
    /// # Errors
    /// The system's.
    pub fn delete(&self, place: Place) -> io::Result<bool> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(found) = self.get(place)? else { return Ok(false) };
        let path = self.dir.join(place.name());
        fs::remove_file(&path)?;
        *held = held.saturating_sub(found.bytes);
        sync_directory_of(&path)?;
        Ok(true)
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file that is there, whatever takes its place meanwhile.
#[derive(Debug)]
pub struct Found {
    /// Its length.
    pub bytes: u64,
    file: File,
}

impl Found {
    /// All of it.
    ///
    /// # Errors
    /// The system's.
    pub fn read(self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(usize::try_from(self.bytes).unwrap_or(0).min(MAX_FILE));
        self.file.take(MAX_FILE as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

fn write(part: &std::path::Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(part)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// What may be carried to an account, as its records say.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The ledger that it came from.
    pub origin: Origin,
    /// The account there.
    pub address: Address,
    /// Numbers of records with the roots of their trees: as the arrival says, and as the latest one of the same account does.
    pub sizes: [(u64, Hash); 2],
    list: Vec<u8>,
}

impl Wanted {
    /// What an arrival that is recorded in an account of this state wants.
    pub fn of(arrival: Arrival, state: &State) -> Self {
        let From { origin, address, size, root, .. } = arrival.from;
        let same = state.arrivals().iter().find(|a| a.origin == origin && a.address.id == address.id);
        let latest = same.map_or((size, root), |a| (a.size, a.root));
        Self { origin, address, sizes: [(size, root), latest], list: arrival.shown.list }
    }
}

/// Why a file is not carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It is no proof file at all.
    Foreign,
    /// It is of something else than what arrived.
    Other(&'static str),
    /// It hides records.
    Incomplete,
    /// It is not valid under the list that the arrival shows.
    Invalid(Failure),
}

/// Checks that a file is what may be carried, what costs least first; returns how many records it has.
///
/// Work: as much as the file is long, and a strict verification for each of its signatures.
///
/// # Errors
/// [`Unfit`] says why it is not.
pub fn check(file: &[u8], wanted: &Wanted, now: Time) -> Result<u64, Unfit> {
    let proof = Proof::from_file(file).map_err(|e| match e {
        BadFile::Foreign => Unfit::Foreign,
        BadFile::Damaged(detail) => Unfit::Invalid(Failure { name: "damaged", detail }),
    })?;
    let subject = &proof.subject;
    if subject.address != wanted.address {
        return Err(Unfit::Other("it is of another account than the one that arrived"));
    }
    let sizes = wanted.sizes.iter().filter(|(size, _)| *size == subject.size).collect::<Vec<_>>();
    if sizes.is_empty() {
        return Err(Unfit::Other("it has another number of records than what arrived"));
    }
    if subject.shown.len() as u64 != subject.size {
        return Err(Unfit::Incomplete);
    }
    let leaves: Vec<(u64, Hash)> =
        subject.shown.iter().map(|s| (s.record.sequence, s.record.leaf())).collect();
    let root = tree::set_root(&leaves, subject.size, &subject.path).ok();
    if !sizes.iter().any(|(_, wanted)| Some(*wanted) == root) {
        return Err(Unfit::Other("its records do not give the root of what arrived"));
    }
    // Of one ledger, which is the one that the account came from: else the arrival would not be recorded.
    let trust: Option<Trust> = std::str::from_utf8(&wanted.list).ok().and_then(|text| text.parse().ok());
    let verdict = verify(&proof, &trust.unwrap_or_default(), now).map_err(Unfit::Invalid)?;
    if verdict.origin != wanted.origin.as_str() {
        return Err(Unfit::Other("it is of another ledger than the one that it arrived from"));
    }
    if verdict.complete { Ok(subject.size) } else { Err(Unfit::Incomplete) }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    use super::*;

    #[test]
    fn files_are_kept_whole_and_within_a_limit() {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().join("carried");
        let store = Carried::open(dir.clone(), 10).unwrap();
        let [one, two] = [(5, 3), (51, 3)].map(|(account, sequence)| Place { account, sequence });
        let read = |store: &Carried, place| store.get(place).unwrap().map(|found| found.read().unwrap());
        assert_eq!(store.put(one, b"12345").unwrap(), Put::New);
        assert_eq!(store.put(two, b"123456").unwrap(), Put::Full);
        assert_eq!((store.put(two, b"12345").unwrap(), store.bytes()), (Put::New, 10));
        assert_eq!(store.put(one, b"123456").unwrap(), Put::Full);
        assert_eq!(read(&store, one).unwrap(), b"12345", "what was there is there");
        assert_eq!((store.put(one, b"1").unwrap(), store.bytes()), (Put::Kept, 6));
        let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&dir), mode(&dir.join("5-3.peal"))), (0o700, 0o600));

        // The same again is not written.
        let made = || fs::metadata(dir.join("5-3.peal")).unwrap().ino();
        let before = made();
        assert_eq!(store.put(one, b"1").unwrap(), Put::Kept);
        assert_eq!(made(), before);

        // What a crash has left, and what somebody else has put there.
        fs::write(dir.join("5-3.peal.part"), b"half").unwrap();
        fs::write(dir.join("notes"), b"mine").unwrap();
        let store = Carried::open(dir.clone(), 10).unwrap();
        assert_eq!(store.bytes(), 6);
        assert!(!dir.join("5-3.peal.part").exists() && dir.join("notes").exists());
        assert_eq!(read(&store, one).unwrap(), b"1");
        assert_eq!((store.delete(one).unwrap(), store.delete(one).unwrap(), store.bytes()), (true, false, 5));
        assert!(read(&store, one).is_none() && read(&store, two).is_some());
    }

    #[test]
    fn a_history_is_known_by_its_name() {
        assert!(is_history("0-1.peal") && is_history("123-45.peal"));
        for other in ["1.peal", "1-.peal", "-1.peal", "1-1.peal.part", "a-1.peal", "1-1", "1-1-1.peal"] {
            assert!(!is_history(other), "{other}");
        }
    }
}
