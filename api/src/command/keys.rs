//! The files in a ledger's directory that hold keys or say whom to trust.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use peal_spec::hash::Hash;
use peal_spec::key::PrivateKey;
use peal_spec::trust::Trust;
use peal_spec::value::Origin;
use zeroize::Zeroizing;

use super::Failure;
use crate::config::Files;

/// Writes a file that must not be there yet; a secret one is readable by its owner only.
pub(super) fn write_new(path: &Path, content: &[u8], secret: bool) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, if secret { 0o600 } else { 0o644 });
    let written = options.open(path).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()
    });
    written.map_err(|e| {
        Failure::file(path, e, "nothing is overwritten: choose another --dir, or move the file away")
    })
}

/// The operator's key as its file holds it.
pub(super) fn operator_text(key: &PrivateKey) -> Zeroizing<String> {
    let secret = key.secret();
    Zeroizing::new(format!("{}\n", *Zeroizing::new(Hash(*secret).to_string())))
}

/// Reads the operator's key.
///
/// # Errors
/// [`Failure`] if it is missing, not of its form, or readable by others.
pub fn operator(files: &Files) -> Result<PrivateKey, Failure> {
    let path = files.operator_key();
    let missing = "put back the operator's key from its safe copy; without it this ledger cannot go on";
    let text = Zeroizing::new(fs::read_to_string(&path).map_err(|e| Failure::file(&path, e, missing))?);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(&path).map_err(|e| Failure::file(&path, e, missing))?.permissions().mode();
        if mode & 0o077 != 0 {
            let remedy = format!("chmod 600 {}", path.display());
            return Err(Failure::file(&path, "the operator's key can be read by others", remedy));
        }
    }
    let secret: Hash = text.trim_end().parse().map_err(|_| {
        Failure::file(&path, "not 64 hexadecimal digits", "put back the operator's key from its safe copy")
    })?;
    Ok(PrivateKey::new(&Zeroizing::new(secret.0)))
}

/// Reads the trust list, which must speak of this ledger.
///
/// # Errors
/// [`Failure`] if it is missing, not a trust list, or without this ledger.
pub fn trust(files: &Files, origin: &Origin) -> Result<Trust, Failure> {
    let path = files.trust();
    let remedy = "write a trust list as spec/README.md §15 says; `peald init` makes one";
    let text = fs::read_to_string(&path).map_err(|e| Failure::file(&path, e, remedy))?;
    let trust: Trust = text.parse().map_err(|e| Failure::file(&path, e, remedy))?;
    match trust.ledger(origin) {
        Some(_) => Ok(trust),
        None => Err(Failure::file(&path, format!("there is no `ledger {origin}` in it"), remedy)),
    }
}
