//! `peald audit`: replays a ledger from its postings and compares every tree, state and signature.

use std::fmt;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use peal_ledger::{AuditReport, Error};
use peal_spec::note::VerifierKey;
use peal_spec::trust::Operator;
use serde::Serialize;

use super::{Failure, keys};
use crate::config::{Config, Files};

/// How wide the progress bar is.
const WIDTH: u64 = 40;

/// Audits a ledger.
///
/// # Errors
/// [`Failure`] if it could not be audited.
pub fn audit(dir: &Path, json: bool, terminal: bool) -> Result<ExitCode, Failure> {
    let files = Files::new(dir);
    let config = Config::read(&files)?;
    let trust = keys::trust(&files, &config.origin)?;
    let operators = operators(&files, trust.ledger(&config.origin).map_or(&[], |l| &l.operators))?;
    let mut last = u64::MAX;
    let mut progress = |done: u64, all: u64| {
        let part = (done * WIDTH).checked_div(all).unwrap_or(WIDTH);
        if terminal && part != last {
            last = part;
            let bar: String = (0..WIDTH).map(|i| if i < part { '█' } else { '·' }).collect();
            eprint!("\r{bar} {done}/{all}");
            let _ = std::io::stderr().flush();
        }
    };
    let database = files.database();
    let mut outcome = Err(Error::Setup(String::new()));
    for operator in operators {
        outcome = peal_ledger::audit(&database, operator, &config.origin, &mut progress);
        // Another operator's ledger, which is told before anything is replayed.
        if !matches!(outcome, Err(Error::Setup(_))) {
            break;
        }
    }
    if terminal {
        eprint!("\r\x1b[2K");
    }
    let (report, code) = match outcome {
        Ok(found) => (Report::of(&found), ExitCode::SUCCESS),
        Err(Error::Corrupt(difference)) => (Report::Difference { difference }, ExitCode::from(1)),
        Err(error) => return Err(Failure::ledger(&database, error)),
    };
    let text = if json {
        serde_json::to_string_pretty(&report).map_err(|e| Failure::Fault(e.to_string()))?
    } else {
        report.to_string()
    };
    println!("{text}");
    Ok(code)
}

/// The operators' keys to audit by: the one whose private key is here, or, where there is none, as in a copy, or it cannot be read,
/// all that are trusted.
fn operators<'t>(files: &Files, trusted: &'t [Operator]) -> Result<Vec<&'t VerifierKey>, Failure> {
    let keys: Vec<&VerifierKey> = trusted.iter().map(|o| &o.key).collect();
    if keys.is_empty() {
        return Err(Failure::file(&files.trust(), "no operator", "add an operator line"));
    }
    let Ok(own) = keys::operator(files).map(|key| key.public()) else { return Ok(keys) };
    match keys.into_iter().find(|k| k.key == own) {
        Some(key) => Ok(vec![key]),
        None => Err(Failure::file(
            &files.trust(),
            "operator.key is not the key of any operator of this ledger in it",
            "add its operator line, or put back the operator's key from its safe copy",
        )),
    }
}

/// What the audit found.
#[derive(Serialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
enum Report {
    /// Everything agrees.
    NoDifference {
        origin: String,
        size: u64,
        root: String,
        time: String,
        accounts: u64,
        commits: u64,
        postings: u64,
        records: u64,
        refused: u64,
    },
    /// The first thing that does not.
    Difference { difference: String },
}

impl Report {
    fn of(found: &AuditReport) -> Self {
        Self::NoDifference {
            origin: found.checkpoint.origin.to_string(),
            size: found.checkpoint.size,
            root: BASE64.encode(found.checkpoint.root.0),
            time: found.time.to_string(),
            accounts: found.accounts,
            commits: found.commits,
            postings: found.postings,
            records: found.records,
            refused: found.refused,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Difference { difference } => write!(
                f,
                "a difference: {difference}\n  remedy: do not serve from this database; keep it for the inquiry and restore the last copy that passes"
            ),
            Self::NoDifference {
                origin,
                size,
                root,
                time,
                accounts,
                commits,
                postings,
                records,
                refused,
            } => write!(
                f,
                "no difference: {origin} at size {size}, root {root}, {time}\n\
                 {accounts} accounts, {records} records and {refused} refused statements in {postings} postings, {commits} commits replayed"
            ),
        }
    }
}
