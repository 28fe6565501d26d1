//! A witness: it cosigns a log's checkpoint only if it extends the last one that it cosigned (C2SP tlog-witness).
//!
//! 1. [`Witness::open`] takes the lock of a directory, reads the key and the last checkpoint cosigned of each log on the list. A file that
//!    is damaged stops it: a witness that forgot what it cosigned would cosign a fork.
//! 2. [`Witness::answer`] reads a request, finds the log, checks its key's signature; all of this changes nothing.
//! 3. Under the log's own lock it judges the request, writes the new checkpoint (beside, synced, renamed, directory synced) and only then
//!    gives the cosignature away. A crash in between leaves a checkpoint that nobody has a cosignature of: the log asks again.
//!
//! Two trees of one size, both signed by the log, are kept as evidence.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use peal_spec::hash::{Hash, plain};
use peal_spec::key::PrivateKey;
use peal_spec::note::{Checkpoint, KeyType, Note, VerifierKey};
use peal_spec::trust::{MAX_LIST, Operator, Trust};
use peal_spec::value::{Origin, Time};
use peal_spec::witness::{AddCheckpoint, MAX_REQUEST, PATH, Refused, SIZE_MEDIA_TYPE, judge, write_line};
use zeroize::Zeroizing;

use crate::disk::{self, Lock};
use crate::serving::{Answer, Office, PLAIN};
use crate::trouble::Trouble;
use crate::words::random;

const TITLE: &str = "peal witness key 1";
/// How many files of evidence are kept of one log.
const MAX_EVIDENCE: usize = 16;

/// A witness, open.
#[derive(Debug)]
pub struct Witness {
    key: PrivateKey,
    verifier: VerifierKey,
    dir: PathBuf,
    logs: BTreeMap<Origin, Log>,
    _lock: Lock,
}

/// A log that it watches.
#[derive(Debug)]
struct Log {
    operators: Vec<Operator>,
    /// The last checkpoint cosigned. Whoever holds this may write the log's file.
    latest: Mutex<Option<Checkpoint>>,
    file: PathBuf,
}

fn size(size: u64) -> Answer {
    Answer { status: 409, media_type: SIZE_MEDIA_TYPE, text: format!("{size}\n") }
}

fn key_file(dir: &Path) -> PathBuf {
    dir.join("witness.key")
}

/// Makes a witness in a directory: a key of its own, readable by its owner only.
///
/// # Errors
/// Unusable if there is one already, or it cannot be written.
pub fn init(dir: &Path, name: &Origin) -> Result<VerifierKey, Trouble> {
    disk::make_directory(dir)?;
    let secret = random::<32>()?;
    let text = Zeroizing::new(format!("{TITLE}\n{name}\n{}\n", Hash(*secret)));
    disk::create(&key_file(dir), text.as_bytes())?;
    Ok(VerifierKey { name: name.clone(), kind: KeyType::Cosignature, key: PrivateKey::new(&secret).public() })
}

/// Reads the key of a witness.
fn read_key(dir: &Path) -> Result<(VerifierKey, PrivateKey), Trouble> {
    let path = key_file(dir);
    let bad = |what: &str| {
        Trouble::unusable(
            what,
            path.display(),
            "make a witness with `peal witness init NAME --dir DIR`, or put back its key from a safe copy",
        )
    };
    let bytes = Zeroizing::new(disk::read(&path, 1024)?);
    disk::demand_private(&path, "the witness's key")?;
    let text = std::str::from_utf8(&bytes).map_err(|_| bad("this is no witness's key"))?;
    let lines: Vec<&str> = text.lines().collect();
    let [TITLE, name, secret] = lines.as_slice() else { return Err(bad("this is no witness's key")) };
    let name: Origin = name.parse().map_err(|_| bad("the second line is not the witness's name"))?;
    let secret: Hash = secret.parse().map_err(|_| bad("the third line is not 64 hexadecimal digits"))?;
    let key = PrivateKey::new(&Zeroizing::new(secret.0));
    Ok((VerifierKey { name, kind: KeyType::Cosignature, key: key.public() }, key))
}

/// The logs to watch, with the keys that sign them: from a trust list, or from a file with one verifier key a line.
///
/// # Errors
/// Unusable; the line at fault is named.
pub fn read_logs(path: &Path) -> Result<BTreeMap<Origin, Vec<Operator>>, Trouble> {
    let bytes = disk::read(path, MAX_LIST as u64)?;
    let text = String::from_utf8(bytes).map_err(|_| {
        Trouble::unusable("this list is not UTF-8", path.display(), "give a trust list or verifier keys")
    })?;
    let bad = |line: usize, what: &str| {
        Trouble::unusable(
            what,
            format!("{}, line {line}", path.display()),
            "give a trust list (spec/README.md §15), or a file with one verifier key of a log a line",
        )
    };
    let mut logs: BTreeMap<Origin, Vec<Operator>> = BTreeMap::new();
    if text.starts_with("peal trust ") {
        let trust: Trust = text.parse().map_err(|e: peal_spec::trust::BadTrust| bad(e.line, &e.what))?;
        logs.extend(trust.ledgers.into_iter().map(|l| (l.origin, l.operators)));
    } else {
        for (i, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let key: VerifierKey = line.parse().map_err(|e: peal_spec::note::BadNote| bad(i + 1, e.0))?;
            if key.kind != KeyType::Ed25519 {
                return Err(bad(i + 1, "this key cosigns; a log's key signs (type 1)"));
            }
            logs.entry(key.name.clone()).or_default().push(Operator { key, from: None, until: None });
        }
    }
    if logs.is_empty() { Err(bad(1, "there is no log in this list")) } else { Ok(logs) }
}

impl Log {
    /// Reads the last checkpoint cosigned.
    fn open(
        dir: &Path,
        origin: &Origin,
        operators: Vec<Operator>,
        own: &VerifierKey,
    ) -> Result<Self, Trouble> {
        let file = dir.join(format!("{}.checkpoint", plain(origin.as_str().as_bytes())));
        let latest = match disk::read_if_there(&file, MAX_LIST as u64)? {
            None => None,
            Some(bytes) => Some(kept(&bytes, origin, own).ok_or_else(|| {
                Trouble::unusable(
                    format!("this is not the checkpoint of {origin} that this witness cosigned last"),
                    file.display(),
                    "the file is damaged or of another witness: put back the newest copy. If there is none, retire this witness and make \
                     one with another key: it no longer knows what it has cosigned",
                )
            })?),
        };
        Ok(Self { operators, latest: Mutex::new(latest), file })
    }
}

/// The checkpoint that a state file holds, if the witness itself cosigned it.
fn kept(bytes: &[u8], origin: &Origin, own: &VerifierKey) -> Option<Checkpoint> {
    let note: Note = std::str::from_utf8(bytes).ok()?.parse().ok()?;
    let cosigned = matches!(note.signed_by(own), Ok(Some(Some(_))));
    let request = AddCheckpoint::new(0, Vec::new(), note).ok()?;
    Some(request.checkpoint).filter(|c| cosigned && c.origin == *origin)
}

impl Witness {
    /// Opens a witness that watches these logs.
    ///
    /// # Errors
    /// Unavailable if another process runs it; unusable if a file cannot be used.
    pub fn open(dir: &Path, logs: BTreeMap<Origin, Vec<Operator>>) -> Result<Self, Trouble> {
        let (verifier, key) = read_key(dir)?;
        let lock = Lock::take(&dir.join("witness")).map_err(|t| match t.kind {
            crate::trouble::Kind::Unavailable => Trouble::unavailable(
                "another process runs this witness",
                dir.display(),
                "end it first: two would not know what the other has cosigned",
            ),
            _ => t,
        })?;
        let mut opened = BTreeMap::new();
        for (origin, operators) in logs {
            let log = Log::open(dir, &origin, operators, &verifier)?;
            opened.insert(origin, log);
        }
        Ok(Self { key, verifier, dir: dir.to_owned(), logs: opened, _lock: lock })
    }

    /// Its verifier key, for trust lists.
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// The logs that it watches.
    pub fn origins(&self) -> impl Iterator<Item = &Origin> {
        self.logs.keys()
    }

    /// Answers a request to cosign at `now`.
    pub fn answer(&self, body: &[u8], now: Time) -> Answer {
        let mut request = match AddCheckpoint::read(body) {
            Ok(request) => request,
            Err(bad) => return Answer::told(400, bad),
        };
        let origin = request.checkpoint.origin.clone();
        let Some(log) = self.logs.get(&origin) else {
            return Answer::told(404, "this witness does not know that log");
        };
        let valid =
            |o: &&Operator| o.from.is_none_or(|from| from <= now) && o.until.is_none_or(|until| now < until);
        if !request.is_signed_by(log.operators.iter().filter(valid).map(|o| &o.key)) {
            return Answer::told(
                403,
                "no key that this witness trusts for that log has signed this checkpoint",
            );
        }
        let mut latest = log.latest.lock().unwrap_or_else(PoisonError::into_inner);
        match judge(&request, latest.as_ref()) {
            Ok(()) => {}
            Err(Refused::Stale(stale)) => return size(stale),
            Err(fork @ Refused::Fork(at)) => {
                self.keep_evidence(log, &request, &fork);
                return size(at);
            }
            Err(Refused::Inconsistent) => return Answer::told(422, Refused::Inconsistent),
        }
        // Lines of others are not this witness's to keep.
        request
            .note
            .lines
            .retain(|l| log.operators.iter().any(|o| o.key.name == l.name && o.key.id() == l.id));
        request.note.cosign(&self.verifier.name, &self.key, now);
        let line = request.note.lines.last().map(write_line).unwrap_or_default();
        // The same checkpoint again is on disk already.
        if latest.as_ref() != Some(&request.checkpoint) {
            if let Err(trouble) = disk::replace(&log.file, request.note.to_string().as_bytes()) {
                say(&trouble);
                return Answer::told(500, "this witness cannot keep what it would cosign");
            }
            *latest = Some(request.checkpoint);
        }
        Answer { status: 200, media_type: PLAIN, text: line }
    }

    /// Keeps both notes of a fork. If that fails, it is said and nothing more: the fork is not cosigned either way.
    fn keep_evidence(&self, log: &Log, request: &AddCheckpoint, what: &Refused) {
        let Checkpoint { origin, size, root } = &request.checkpoint;
        let _ = writeln!(std::io::stderr().lock(), "peal: {origin} has signed two logs: {what}");
        let kept = || -> Result<(), Trouble> {
            let stem = format!("{}-", plain(origin.as_str().as_bytes()));
            let there = disk::list(&self.dir, "evidence")?;
            let own = |p: &&PathBuf| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with(&stem));
            let path = self.dir.join(format!("{stem}{size}-{root}.evidence"));
            if path.exists() || there.iter().filter(own).count() >= MAX_EVIDENCE {
                return Ok(());
            }
            let cosigned = disk::read(&log.file, MAX_LIST as u64)?;
            let text = format!(
                "{origin} has signed two logs of {size} entries.\n\n== cosigned by this witness ==\n{}\n== given later ==\n{}",
                String::from_utf8_lossy(&cosigned),
                request.note
            );
            disk::replace(&path, text.as_bytes())
        };
        if let Err(trouble) = kept() {
            say(&trouble);
        }
    }
}

impl Office for Witness {
    const NAME: &'static str = "witness";
    const PATH: &'static str = PATH;
    const MAX_REQUEST: usize = MAX_REQUEST;

    fn about(&self) -> String {
        let logs: String = self.origins().map(|origin| format!("\n  {origin}")).collect();
        format!(
            "A witness of transparency logs (C2SP tlog-witness): POST {PATH}\n\nverifier key\n  {}\n\nlogs{logs}",
            self.verifier()
        )
    }

    fn answer(&self, _: Option<&str>, body: &[u8], now: Time) -> Answer {
        Self::answer(self, body, now)
    }
}

fn say(trouble: &Trouble) {
    let _ = writeln!(std::io::stderr().lock(), "peal: {trouble}");
}

#[cfg(test)]
mod tests;
