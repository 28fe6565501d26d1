//! `peald retention`: what a database keeps, by type of record, and what was erased and is left of that.

use std::fmt::Write as _;
use std::path::Path;

use peal_ledger::{Left, Retention};
use serde::{Deserialize, Serialize};

use super::{Failure, daemon};
use crate::admin::{Answer, RETENTION};
use crate::config::Files;

/// What is left of one record that was erased.
#[derive(Debug, Serialize, Deserialize)]
struct Erased {
    account: u64,
    record: u64,
    #[serde(rename = "type")]
    kind: String,
    month: Option<String>,
    recorded: String,
    erased_by_record: u64,
    erased: String,
    left: String,
}

/// How many records of a type there are.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    #[serde(rename = "type")]
    kind: String,
    contents: u64,
    erased: u64,
    oldest: String,
    newest: String,
    can_be_erased: bool,
}

/// What a database keeps.
#[derive(Debug, Serialize, Deserialize)]
pub struct Report {
    kept: Vec<Kept>,
    erased: Vec<Erased>,
}

impl Report {
    /// A report of what was found.
    pub(crate) fn of(found: &Retention) -> Self {
        let kept = found.kept.iter().map(|k| Kept {
            kind: k.kind.name().to_owned(),
            contents: k.contents,
            erased: k.erased,
            oldest: k.oldest.to_string(),
            newest: k.newest.to_string(),
            can_be_erased: k.kind.can_be_erased(),
        });
        let erased = found.erased.iter().map(|r| Erased {
            account: r.account,
            record: r.sequence,
            kind: r.kind.name().to_owned(),
            month: r.month.map(|m| m.to_string()),
            recorded: r.time.to_string(),
            erased_by_record: r.by,
            erased: r.erased.to_string(),
            left: match r.state {
                Left::InTheRow => "in the database, given to nobody",
                Left::InOldFiles => "perhaps in old files",
                Left::Nothing => "nothing",
            }
            .to_owned(),
        });
        Self { kept: kept.collect(), erased: erased.collect() }
    }

    fn text(&self) -> String {
        let mut out = format!(
            "{:<20} {:>13} {:>8}  {:<20}  {:<20}  can be erased\n",
            "type", "with contents", "erased", "oldest", "newest"
        );
        for k in &self.kept {
            let can = if k.can_be_erased { "yes" } else { "no" };
            let _ = writeln!(
                out,
                "{:<20} {:>13} {:>8}  {:<20}  {:<20}  {can}",
                k.kind, k.contents, k.erased, k.oldest, k.newest
            );
        }
        if self.erased.is_empty() {
            out.push_str("\nnothing was erased\n");
            return out;
        }
        let _ = writeln!(
            out,
            "\n{:>8} {:>7}  {:<16} {:<7}  {:<20}  {:<20} {:>9}  what is left",
            "account", "record", "type", "month", "recorded", "erased", "by record"
        );
        for r in &self.erased {
            let month = r.month.as_deref().unwrap_or("-");
            let _ = writeln!(
                out,
                "{:>8} {:>7}  {:<16} {month:<7}  {:<20}  {:<20} {:>9}  {}",
                r.account, r.record, r.kind, r.recorded, r.erased, r.erased_by_record, r.left
            );
        }
        if self.erased.iter().any(|r| r.left != "nothing") {
            out.push_str("\nto delete what is left now: peald purge\n");
        }
        out
    }
}

/// Reports: the daemon that runs the ledger does, with all that it has recorded; if none runs, this process does.
///
/// # Errors
/// [`Failure`] if the database cannot be read.
pub fn retention(dir: &Path, json: bool) -> Result<String, Failure> {
    let files = Files::new(dir);
    let reported = |answer, _| if let Answer::Retention(report) = answer { Some(report) } else { None };
    let report = match daemon(&files, RETENTION, reported)? {
        Some(report) => report,
        None => {
            let database = files.database();
            let found = peal_ledger::retention(&database).map_err(|e| Failure::ledger(&database, e))?;
            Report::of(&found)
        }
    };
    if json {
        let text = serde_json::to_string_pretty(&report).map_err(|e| Failure::Fault(e.to_string()))?;
        return Ok(format!("{text}\n"));
    }
    Ok(report.text())
}
