//! The schemes by which this server reckons: those that come with it, and the operator's own.
//!
//! 1. The packs that come with PEAL are read, then every `*.toml` in the directory that `peald.toml` names, in order of name; files whose
//!    name begins with a dot are left alone.
//! 2. A pack of the operator's with the id of one that comes along stands in its place, and the log says so.
//! 3. A pack that cannot be read stops the start, and so do two of the operator's with one id: otherwise people would be told what is due by
//!    another law than the operator believes.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use peal_spec::scheme::{self, BadPack, Pack};

/// A scheme.
#[derive(Debug)]
pub struct Scheme {
    /// What it says.
    pub pack: Pack,
    /// The text that says so, byte for byte: its SHA-256 is the pack's.
    pub text: Cow<'static, str>,
}

/// All of them, by id.
#[derive(Debug)]
pub struct Schemes(BTreeMap<String, Arc<Scheme>>);

/// Packs that cannot be used: of each fault the file, and what is wrong.
#[derive(Debug)]
pub struct BadSchemes(Vec<(PathBuf, String)>);

impl fmt::Display for BadSchemes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (path, what) in &self.0 {
            writeln!(f, "{}: {what}", path.display())?;
        }
        f.write_str(
            "  remedy: correct what is named (spec/schemes.md says what a pack has), take it out of the directory that schemes names in \
             peald.toml, or name another one there",
        )
    }
}
impl std::error::Error for BadSchemes {}

impl BadSchemes {
    fn add(&mut self, path: &Path, what: impl ToString) {
        self.0.push((path.to_owned(), what.to_string()));
    }

    fn pack(&mut self, path: &Path, bad: &BadPack) {
        bad.0.iter().for_each(|fault| self.add(path, format_args!("line {}: {}", fault.line, fault.what)));
    }
}

impl Schemes {
    /// Reads the packs that come with PEAL, and those of a directory.
    ///
    /// # Errors
    /// [`BadSchemes`] with every fault of every file.
    pub fn read(dir: Option<&Path>) -> Result<Self, BadSchemes> {
        let (mut schemes, mut bad) = (BTreeMap::new(), BadSchemes(Vec::new()));
        for (id, text) in scheme::ids().filter_map(|id| Some((id, scheme::text(id)?))) {
            match Pack::read(text) {
                Ok(pack) => {
                    drop(schemes.insert(pack.id.clone(), Arc::new(Scheme { pack, text: text.into() })))
                }
                Err(faults) => bad.pack(Path::new(id), &faults),
            }
        }
        if let Some(dir) = dir {
            let own = own(dir, &mut bad);
            for (id, (path, scheme)) in own {
                if schemes.insert(id.clone(), Arc::new(scheme)).is_some() {
                    tracing::warn!(id, file = %path.display(), "this pack stands in the place of the one that comes along");
                } else {
                    tracing::info!(id, file = %path.display(), "a scheme of the operator's own");
                }
            }
        }
        if bad.0.is_empty() { Ok(Self(schemes)) } else { Err(bad) }
    }

    /// One of them.
    pub fn get(&self, id: &str) -> Option<Arc<Scheme>> {
        self.0.get(id).cloned()
    }

    /// All of them, in order of id.
    pub fn all(&self) -> impl Iterator<Item = &Scheme> {
        self.0.values().map(AsRef::as_ref)
    }
}

/// The packs of a directory, by id, and what is wrong with it.
fn own(dir: &Path, bad: &mut BadSchemes) -> BTreeMap<String, (PathBuf, Scheme)> {
    let mut found: BTreeMap<String, (PathBuf, Scheme)> = BTreeMap::new();
    let paths = match files(dir) {
        Ok(paths) => paths,
        Err(error) => {
            bad.add(dir, error);
            return found;
        }
    };
    for path in paths {
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => {
                bad.add(&path, error);
                continue;
            }
        };
        match Pack::read(&text) {
            Err(faults) => bad.pack(&path, &faults),
            Ok(pack) => {
                if let Some((other, _)) = found.get(&pack.id) {
                    bad.add(&path, format_args!("its id, {}, is that of {} too", pack.id, other.display()));
                    continue;
                }
                found.insert(pack.id.clone(), (path, Scheme { pack, text: text.into() }));
            }
        }
    }
    found
}

/// Its `*.toml`, in order of name.
fn files(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if path.extension() == Some(OsStr::new("toml")) && !hidden {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}
