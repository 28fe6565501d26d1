//! Postings of many statements: sent in batches with a progress bar, and told line by line.

use std::collections::HashSet;
use std::fmt::Write as _;

use peal_spec::cbor::Cbor as _;
use peal_spec::statement::Statement;
use peal_wallet::import::Fault;
use peal_wallet::journal::Journal;
use peal_wallet::outbox::{Job, Label, Outbox, Sent};
use peal_wallet::trouble::Trouble;
use peal_wallet::wallet::Wallet;
use serde::Serialize;
use serde_json::{Value, json};

use super::context;

/// How many lines a person is shown of a long list.
const SHOWN: usize = 50;

/// A line that the ledger refused.
#[derive(Debug, Serialize)]
pub(crate) struct Refused {
    /// Line in the file.
    pub(crate) line: u64,
    /// Reference, or worker.
    pub(crate) key: String,
    /// Name of the refusal.
    pub(crate) code: String,
    /// The field at fault.
    pub(crate) field: String,
    /// What it says.
    pub(crate) problem: String,
    /// What to do.
    pub(crate) remedy: String,
}

/// Sends what the job holds, and notes in the journal what was recorded. The wallet is saved, also if an answer is missing.
pub(crate) fn deliver(wallet: &mut Wallet, job: &Job, journal: &mut Journal) -> Result<Vec<Sent>, Trouble> {
    let remote = context::remote(&wallet.contents)?;
    let statements: usize = job.batches()?.iter().map(|b| b.labels.len()).sum();
    let bar = context::progress(statements as u64, "sending");
    let result = job.deliver(&mut wallet.contents, &remote, &mut |sent| {
        bar.inc(sent.batch.labels.len() as u64);
        note(journal, sent)
    });
    bar.finish_and_clear();
    wallet.save()?;
    result
}

/// Notes in the journal what was recorded now. What was recorded before may have been corrected since.
pub(crate) fn note(journal: &mut Journal, sent: &Sent) -> Result<(), Trouble> {
    if sent.before {
        return Ok(());
    }
    let (made, changed) = sent.journal();
    journal.note(made, changed)
}

/// Signs statements in batches and keeps them in the job.
pub(crate) fn add(
    wallet: &Wallet,
    job: &Job,
    statements: Vec<(Label, Statement)>,
    batch: usize,
    all_or_nothing: bool,
) -> Result<(), Trouble> {
    let now = context::now()?;
    let mut statements = statements.into_iter().peekable();
    while statements.peek().is_some() {
        let next = statements.by_ref().take(batch).collect();
        job.add(&wallet.contents, now, all_or_nothing, next, None)?;
    }
    Ok(())
}

/// The journal beside a wallet.
pub(crate) fn journal(wallet: &std::path::Path) -> Result<Journal, Trouble> {
    Journal::open(&Outbox::of(wallet).journal())
}

/// How many statements were recorded now and by earlier runs, and those refused, but for `passable` refusals, which are counted.
pub(crate) struct Tally {
    /// Recorded by this run.
    pub(crate) now: usize,
    /// Recorded by earlier runs.
    pub(crate) before: usize,
    /// Refused in a way that says: it is there already.
    pub(crate) already: usize,
    /// Refused.
    pub(crate) refused: Vec<Refused>,
}

/// Counts what became of the statements. A refusal is past once the same was said anew.
pub(crate) fn tally(sent: &[Sent], passable: &str) -> Tally {
    let mut tally = Tally { now: 0, before: 0, already: 0, refused: Vec::new() };
    let mut later = HashSet::new();
    for sent in sent.iter().rev() {
        for fate in sent.fates() {
            let Statement { address, refers, facets, .. } = fate.statement;
            let same = (fate.label.line, *address, *refers, facets.to_bytes());
            let last = later.insert(same);
            match fate.outcome {
                Err(_) if !last => {}
                Ok(_) if sent.before => tally.before += 1,
                Ok(_) => tally.now += 1,
                Err(problem) if problem.code == passable => tally.already += 1,
                Err(problem) => tally.refused.push(Refused {
                    line: fate.label.line,
                    key: fate.label.key.clone(),
                    code: problem.code,
                    field: problem.field,
                    problem: problem.detail,
                    remedy: if problem.remedy.is_empty() {
                        "ask the operator".into()
                    } else {
                        problem.remedy
                    },
                }),
            }
        }
    }
    tally.refused.sort_by_key(|r| r.line);
    tally
}

/// Faults of a file as JSON.
pub(crate) fn faults_json(faults: &[Fault]) -> Vec<Value> {
    let one =
        |f: &Fault| json!({ "line": f.line, "field": f.field, "problem": f.problem, "remedy": f.remedy });
    faults.iter().map(one).collect()
}

fn list(out: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{title}:");
    for line in lines.iter().take(SHOWN) {
        let _ = writeln!(out, "  {line}");
    }
    if lines.len() > SHOWN {
        let _ = writeln!(out, "  and {} more; --json lists all", lines.len() - SHOWN);
    }
}

/// Lists faults of a file for people.
pub(crate) fn list_faults(out: &mut String, faults: &[Fault]) {
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    list(out, &format!("{} faults in the file", faults.len()), &lines);
}

/// Lists refusals for people.
pub(crate) fn list_refused(out: &mut String, refused: &[Refused]) {
    let line = |r: &Refused| {
        format!("line {} ({}), {}: {}: {}; {}", r.line, r.key, r.field, r.code, r.problem, r.remedy)
    };
    let lines: Vec<String> = refused.iter().map(|r| peal_wallet::layout::clean(&line(r))).collect();
    list(out, &format!("{} statements refused by the ledger", refused.len()), &lines);
}
