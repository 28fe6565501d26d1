//! What a backup holds, and files copied so that they are known to be whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use peal_ledger::{Published, inspect};
use peal_spec::hash::Hash;
use peal_spec::note::VerifierKey;
use peal_spec::trust::Trust;
use peal_spec::value::Origin;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Failure;
use crate::carried::is_history;

/// The name of the manifest in a backup.
pub const NAME: &str = "manifest.json";
/// Where the histories that accounts have carried along are, in a backup and in a ledger's directory.
pub const CARRIED: &str = "carried/";
/// What kind of manifest this is.
pub const FORMAT: &str = "peal backup 1";
/// The most bytes in a manifest.
const MAX: u64 = 64 << 20;
/// How much is copied at a time.
const BLOCK: usize = 1 << 20;
/// How wide the progress bar is.
const WIDTH: u64 = 40;

/// What a backup holds.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: String,
    /// The ledger's name.
    pub origin: String,
    /// Leaves of its log.
    pub size: u64,
    /// The log's root, in hexadecimal.
    pub root: String,
    /// Time of its last commit.
    pub time: String,
    /// When the backup was made, by this machine's clock.
    pub made: String,
    /// The log's last checkpoint, signed by the operator.
    pub note: String,
    /// All other files of the backup.
    pub files: Vec<Copied>,
}

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Copied {
    /// Its path in the backup, with slashes.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
}

impl Copied {
    /// Its path, if it is one of the kinds that a backup has: a plain name, one below `db/`, or a history below `carried/`.
    pub fn safe(&self) -> Option<PathBuf> {
        if let Some(name) = self.path.strip_prefix(CARRIED) {
            return is_history(name).then(|| PathBuf::from(&self.path));
        }
        let name = self.path.strip_prefix("db/").unwrap_or(&self.path);
        let plain = !name.is_empty()
            && name != ".."
            && name != "."
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        plain.then(|| PathBuf::from(&self.path))
    }

    /// Whether a file of this path is its owner's alone: it holds a key, secrets or somebody's history.
    pub fn is_secret(path: &str) -> bool {
        matches!(path, "operator.key" | "peald.toml") || path.starts_with(CARRIED)
    }
}

impl Manifest {
    /// Reads the manifest of a backup.
    ///
    /// # Errors
    /// [`Failure`] if it is missing or not one.
    pub fn read(backup: &Path) -> Result<Self, Failure> {
        let path = backup.join(NAME);
        let remedy = "name a directory that `peald backup` has made";
        let mut text = String::new();
        let read = File::open(&path).and_then(|file| file.take(MAX).read_to_string(&mut text));
        read.map_err(|e| Failure::file(&path, e, remedy))?;
        let manifest: Self = serde_json::from_str(&text).map_err(|e| Failure::file(&path, e, remedy))?;
        if manifest.format != FORMAT {
            let what = format!("its format is {:?}; this program knows {FORMAT:?}", manifest.format);
            return Err(Failure::file(&path, what, "use the program that made it"));
        }
        match manifest.files.iter().find(|f| f.safe().is_none()) {
            Some(file) => {
                Err(Failure::file(&path, format!("{:?} is no file of a backup", file.path), remedy))
            }
            None => Ok(manifest),
        }
    }
}

/// A bar on standard error, where that is a terminal.
pub struct Bar {
    all: u64,
    done: u64,
    part: u64,
    terminal: bool,
}

impl Bar {
    /// A bar for so many bytes.
    pub fn new(all: u64, terminal: bool) -> Self {
        Self { all, done: 0, part: u64::MAX, terminal }
    }

    fn add(&mut self, bytes: u64) {
        self.done += bytes;
        let part = (self.done.min(self.all) * WIDTH).checked_div(self.all).unwrap_or(WIDTH);
        if self.terminal && part != self.part {
            self.part = part;
            let bar: String = (0..WIDTH).map(|i| if i < part { '█' } else { '·' }).collect();
            eprint!("\r{bar} {} of {} MiB", self.done >> 20, self.all >> 20);
            let _ = io::stderr().flush();
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if self.terminal {
            eprint!("\r\x1b[2K");
        }
    }
}

/// Copies a file to one that must not be there, durably; a secret one is readable by its owner only. Returns its length and hash.
///
/// # Errors
/// The system's.
pub fn copy(from: &Path, to: &Path, secret: bool, bar: &mut Bar) -> io::Result<(u64, Hash)> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, if secret { 0o600 } else { 0o644 });
    let (mut source, mut target) = (File::open(from)?, options.open(to)?);
    let (mut block, mut hash, mut length) = (vec![0; BLOCK], Sha256::new(), 0);
    loop {
        let n = source.read(&mut block)?;
        if n == 0 {
            break;
        }
        target.write_all(&block[..n])?;
        hash.update(&block[..n]);
        length += n as u64;
        bar.add(n as u64);
    }
    target.sync_all()?;
    Ok((length, Hash(hash.finalize().into())))
}

/// The files of a directory, by name.
///
/// # Errors
/// The system's.
pub fn files(dir: &Path) -> io::Result<Vec<(String, u64)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        if metadata.is_file() {
            found.push((entry.file_name().to_string_lossy().into_owned(), metadata.len()));
        }
    }
    found.sort();
    Ok(found)
}

/// A directory that is not there yet, or is empty.
///
/// # Errors
/// [`Failure`] if something is in it.
pub fn must_be_new(dir: &Path) -> Result<(), Failure> {
    let remedy = "choose a directory that is new or empty; nothing is overwritten";
    match fs::read_dir(dir) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(Failure::file(dir, e, remedy)),
        Ok(mut inside) => match inside.next() {
            None => Ok(()),
            Some(_) => Err(Failure::file(dir, "the directory is not empty", remedy)),
        },
    }
}

/// A directory under a name of its own beside the one to be made, which takes that name when it is whole; removed if it never is.
pub struct Part {
    /// The directory.
    pub path: PathBuf,
    becomes: PathBuf,
    whole: bool,
}

impl Part {
    /// Makes it.
    ///
    /// # Errors
    /// [`Failure`] if it cannot be made.
    pub fn new(becomes: &Path) -> Result<Self, Failure> {
        let absolute =
            std::path::absolute(becomes).map_err(|e| Failure::file(becomes, e, "name a directory"))?;
        let mut name = absolute.file_name().map(ToOwned::to_owned).unwrap_or_default();
        name.push(format!(".part-{}", std::process::id()));
        let path = absolute.with_file_name(name);
        let remedy =
            "name a directory below one that can be written, and remove what an earlier attempt left";
        let parent = path.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(parent).map_err(|e| Failure::file(parent, e, remedy))?;
        fs::create_dir(&path).map_err(|e| Failure::file(&path, e, remedy))?;
        let part = Self { path, becomes: absolute, whole: false };
        let database = part.path.join("db");
        fs::create_dir(&database).map_err(|e| Failure::file(&database, e, remedy))?;
        Ok(part)
    }

    /// Makes the directory of the histories that accounts have carried along.
    ///
    /// # Errors
    /// [`Failure`] if it cannot be made.
    pub fn carries(&self) -> Result<(), Failure> {
        let path = self.path.join(CARRIED);
        let made = std::os::unix::fs::DirBuilderExt::mode(&mut fs::DirBuilder::new(), 0o700).create(&path);
        made.map_err(|e| Failure::file(&path, e, "name a directory below one that can be written"))
    }

    /// Gives it its name, durably.
    ///
    /// # Errors
    /// [`Failure`] if that cannot be done.
    pub fn finish(mut self) -> Result<(), Failure> {
        let sync = |dir: &Path| File::open(dir).and_then(|d| d.sync_all());
        let parent = self.becomes.parent().unwrap_or(Path::new("/"));
        let carried = self.path.join(CARRIED);
        let carried = if carried.exists() { sync(&carried) } else { Ok(()) };
        let moved = carried
            .and_then(|()| sync(&self.path.join("db")))
            .and_then(|()| sync(&self.path))
            .and_then(|()| fs::rename(&self.path, &self.becomes))
            .and_then(|()| sync(parent));
        self.whole = moved.is_ok();
        moved.map_err(|e| Failure::file(&self.becomes, e, "choose a directory that is new or empty"))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.whole {
            // It is of no use, and in nobody's way.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// Checks a database that nobody uses, under whichever operator's key of the trust list it has; returns its last commit and that key.
///
/// # Errors
/// [`Failure`] names what disagrees.
pub fn checked<'t>(
    database: &Path,
    origin: &Origin,
    trust: &'t Trust,
) -> Result<(std::sync::Arc<Published>, &'t VerifierKey), Failure> {
    let operators = trust.ledger(origin).map_or(&[][..], |l| &l.operators);
    let mut failed = peal_ledger::Error::Setup("the trust list has no operator of this ledger".into());
    for operator in operators {
        match inspect(database, &operator.key, origin) {
            Ok(published) => return Ok((published, &operator.key)),
            Err(error) => failed = error,
        }
        // Another operator's ledger, which is told before anything is checked.
        if !matches!(failed, peal_ledger::Error::Setup(_)) {
            break;
        }
    }
    Err(Failure::ledger(database, failed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_names_no_file_elsewhere() {
        let copied = |path: &str| Copied { path: path.into(), bytes: 0, sha256: String::new() };
        for good in
            ["peald.toml", "trust", "db/CURRENT", "db/MANIFEST-000004", "db/000012.sst", "carried/5-3.peal"]
        {
            assert!(copied(good).safe().is_some(), "{good}");
        }
        for bad in [
            "",
            "/etc/passwd",
            "..",
            "../x",
            "db/..",
            "db/../x",
            "db/",
            "x/y",
            "db/x/y",
            "a b",
            "db/db/x",
            "carried/",
            "carried/x",
            "carried/../1-1.peal",
        ] {
            assert!(copied(bad).safe().is_none(), "{bad}");
        }
    }
}
