//! Files: read within bounds, replaced whole or not at all, and locked against a second writer.
//!
//! A replacement is written beside the file, synced, renamed over it, and the directory is synced. A crash leaves the old file or the new one,
//! and at worst a stray temporary file.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::trouble::Trouble;

/// The most bytes that any file may have which is read whole.
pub const MAX_FILE: u64 = 1 << 30;

fn fault(doing: &str, path: &Path, error: &std::io::Error) -> Trouble {
    let remedy = match error.kind() {
        ErrorKind::NotFound => "check the path",
        ErrorKind::PermissionDenied => "check who owns the file and its directory, and their permissions",
        ErrorKind::AlreadyExists => "choose another name, or move that file away first",
        ErrorKind::StorageFull => "make room on the disk",
        _ => "check the path and the disk, then try again",
    };
    Trouble::unusable(format!("cannot {doing}: {error}"), path.display(), remedy)
}

/// Reads a file of at most `limit` bytes.
///
/// # Errors
/// Unusable if it cannot be read or is longer.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Trouble> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(limit + 1).read_to_end(&mut bytes))
        .map_err(|e| fault("read this file", path, &e))?;
    if bytes.len() as u64 > limit {
        return Err(Trouble::unusable(
            format!("the file has more than {limit} bytes"),
            path.display(),
            "give the right file",
        ));
    }
    Ok(bytes)
}

/// Reads a file if it is there.
///
/// # Errors
/// As [`read`], but for a file that is not there.
pub fn read_if_there(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, Trouble> {
    if path.exists() { read(path, limit).map(Some) } else { Ok(None) }
}

/// The directory of a file; the present one for a bare name.
fn directory(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn sync_directory(path: &Path) -> std::io::Result<()> {
    // Only Unix can open a directory to sync it.
    if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
}

/// Makes a directory that only its owner can read, with those above it.
///
/// # Errors
/// Unusable if that cannot be done.
pub fn make_directory(path: &Path) -> Result<(), Trouble> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path).map_err(|e| fault("make this directory", path, &e))
}

fn write_beside(path: &Path, bytes: &[u8]) -> std::io::Result<NamedTempFile> {
    // A temporary file is made with mode 0600, which stays with it.
    let mut file = NamedTempFile::new_in(directory(path))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// Refuses a file that others than its owner can read; `what` it is.
///
/// # Errors
/// Unusable, with what to do.
pub fn demand_private(path: &Path, what: &str) -> Result<(), Trouble> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(path).map_or(0, |m| m.permissions().mode());
        if mode & 0o077 != 0 {
            let remedy = format!("chmod 600 {}", path.display());
            return Err(Trouble::unusable(format!("{what} can be read by others"), path.display(), remedy));
        }
    }
    Ok(())
}

/// Replaces a file, readable by its owner only, or makes it.
///
/// # Errors
/// Unusable if that cannot be done; the old file is then still there.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), Trouble> {
    write_beside(path, bytes)
        .and_then(|file| file.persist(path).map_err(|e| e.error))
        .and_then(|_| sync_directory(directory(path)))
        .map_err(|e| fault("write this file", path, &e))
}

/// Makes a file, readable by its owner only, that must not be there yet.
///
/// # Errors
/// Unusable if it is there, or cannot be written.
pub fn create(path: &Path, bytes: &[u8]) -> Result<(), Trouble> {
    write_beside(path, bytes)
        .and_then(|file| file.persist_noclobber(path).map_err(|e| e.error))
        .and_then(|_| sync_directory(directory(path)))
        .map_err(|e| fault("make this file", path, &e))
}

/// Appends to a file, readable by its owner only, and syncs it.
///
/// # Errors
/// Unusable if that cannot be done.
pub fn append(path: &Path, bytes: &[u8]) -> Result<(), Trouble> {
    let mut options = fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options
        .open(path)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .map_err(|e| fault("append to this file", path, &e))
}

/// Removes a file if it is there.
///
/// # Errors
/// Unusable if it cannot be removed.
pub fn remove(path: &Path) -> Result<(), Trouble> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(fault("remove this file", path, &e)),
        _ => Ok(()),
    }
}

/// The files of a directory with one of these endings, by name; none if the directory is not there.
///
/// # Errors
/// Unusable if it cannot be read.
pub fn list(path: &Path, extension: &str) -> Result<Vec<PathBuf>, Trouble> {
    let mut all = entries(path)?;
    all.retain(|p| p.extension().is_some_and(|e| e == extension));
    Ok(all)
}

/// What a directory holds whose names begin so, by name; nothing if the directory is not there.
///
/// # Errors
/// As [`list`].
pub fn list_starting(path: &Path, start: &str) -> Result<Vec<PathBuf>, Trouble> {
    let mut all = entries(path)?;
    all.retain(|p| p.file_name().is_some_and(|name| name.to_string_lossy().starts_with(start)));
    Ok(all)
}

fn entries(path: &Path) -> Result<Vec<PathBuf>, Trouble> {
    let entries = match fs::read_dir(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|e| fault("list this directory", path, &e))?,
    };
    let all = entries.map(|entry| entry.map(|e| e.path())).collect::<Result<Vec<_>, _>>();
    let mut all = all.map_err(|e| fault("list this directory", path, &e))?;
    all.sort();
    Ok(all)
}

/// The name of a file that stands beside another: its name with an ending.
pub fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Held by the one process that may write; given back when dropped or when the process ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of a file, which is a file beside it.
    ///
    /// # Errors
    /// Unavailable if another process holds it.
    pub fn take(path: &Path) -> Result<Self, Trouble> {
        let lock = beside(path, ".lock");
        let mut options = fs::OpenOptions::new();
        options.create(true).truncate(false).write(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let file = options.open(&lock).map_err(|e| fault("open this lock", &lock, &e))?;
        match fs4::FileExt::try_lock(&file) {
            Ok(()) => Ok(Self { _file: file }),
            Err(fs4::TryLockError::WouldBlock) => Err(Trouble::unavailable(
                "another process is using this wallet",
                path.display(),
                "wait until it has ended, then try again",
            )),
            Err(fs4::TryLockError::Error(e)) => Err(fault("lock this file", &lock, &e)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_not_made_twice() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        create(&path, b"one").unwrap();
        assert!(create(&path, b"two").is_err());
        replace(&path, b"three").unwrap();
        append(&path, b"!").unwrap();
        assert_eq!(read(&path, 6).unwrap(), b"three!");
        assert!(read(&path, 5).unwrap_err().what.contains("more than 5 bytes"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn one_writer_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("wallet");
        let first = Lock::take(&path).unwrap();
        assert_eq!(Lock::take(&path).unwrap_err().code(), 3);
        drop(first);
        Lock::take(&path).unwrap();
    }
}
