//! `peal work`: a platform or an employer says who worked, when, and what was earned.
//!
//! 1. The file and the roster are read; every fault is named by line, field and remedy.
//! 2. What earlier runs of the same file left unsent is sent, byte for byte.
//! 3. What is not signed yet is signed in batches, kept in the outbox, and sent. Refusals are told by the lines of the file.
//!
//! A crash or a lost answer leaves the outbox; the same command goes on from there. After a run without faults it changes nothing. There is no
//! journal of engagements: where another file, or a wallet that is lost, has used a reference, the ledger says so, and the outbox says what was
//! said under it. What says the same is there; what says something else, or what is not known, is told as refused, for nothing was recorded of it.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use peal_spec::address::Address;
use peal_spec::cbor::Cbor as _;
use peal_spec::hash::{Hash, plain};
use peal_spec::posting::Posting;
use peal_spec::statement::{Body, Statement};
use peal_wallet::disk;
use peal_wallet::import::Fault;
use peal_wallet::import::roster::Roster;
use peal_wallet::import::work::{self, Row};
use peal_wallet::layout::table;
use peal_wallet::outbox::{Job, Outbox, Sent};
use peal_wallet::payroll::{self, Covered, Plan};
use peal_wallet::trouble::Trouble;
use peal_wallet::wallet::Wallet;
use serde_json::{Value, json};

use super::Done;
use super::bulk::{self, Refused, Tally};
use super::context::{self, Common};
use super::import::{MAX_PAYROLL, money, read_roster};

/// The refusal that says: it is there, or something else under its reference.
const TAKEN: &str = "reference-taken";

/// Post who worked, when and for what, as a platform or an employer
///
/// A line that fails does not sink the others. Sending the same file again changes nothing. Exit code 0: every line is recorded; 1: some
/// were refused or faulty.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  peal work orders-2026-10.csv --roster roster.csv\n  peal work orders-2026-10.csv --roster roster.csv --dry-run\n\n\
    The file has the header worker,reference,month,start,end,orders,place,earned,currency and a line for each order, or for each worker's\n\
    month. Times are in UTC; a month that is empty is that of the start. To take one back: peal correct --void, with the sequence that\n\
    --json lists; then post it anew under another reference. A line whose reference was used for something else is refused, and named."
)]
pub(crate) struct Args {
    /// The file: CSV
    #[arg(value_name = "FILE.csv")]
    file: PathBuf,
    /// The roster: CSV with the header worker,address
    #[arg(long, value_name = "ROSTER.csv")]
    roster: PathBuf,
    /// Only show totals and faults; nothing is signed or sent, and no passphrase is needed
    #[arg(long)]
    dry_run: bool,
    /// Sign anew what an earlier run of the same file had refused
    #[arg(long)]
    retry: bool,
    /// Statements in one posting
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    batch: u64,
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let bytes = disk::read(&args.file, MAX_PAYROLL)?;
    let (rows, faults) = work::parse(&bytes);
    let file = args.file.display().to_string();
    if rows.is_empty() && !faults.is_empty() {
        let mut text = format!("{file}: nothing in this file can be used.\n");
        bulk::list_faults(&mut text, &faults);
        return Ok(Done::with_code(2, text, json!({ "file": file, "faults": bulk::faults_json(&faults) })));
    }
    let (roster, roster_faults) = read_roster(&args.roster)?;
    let mut report = Report { args, rows: &rows, faults, roster_faults, new: 0, waiting: 0 };
    let digest = plain(&bytes);
    if args.dry_run {
        let job = Outbox::of(&common.wallet()?).job("work", &[&digest.0]);
        return dry_run(&job, &roster, report);
    }

    let mut wallet = common.open()?;
    let issuer = wallet.contents.address()?;
    let job = Outbox::of(wallet.path()).job("work", &[&digest.0]);
    let mut journal = bulk::journal(wallet.path())?;
    let mut sent =
        if job.batches()?.is_empty() { Vec::new() } else { bulk::deliver(&mut wallet, &job, &mut journal)? };
    let mut covered = payroll::covered(&sent, args.retry);
    covered.extend(taken(&sent));
    let Plan { items, faults, .. } = payroll::plan_work(&rows, &roster, &covered, issuer);
    report.faults.extend(faults);
    if !items.is_empty() {
        let (now, chain) = (context::now()?, wallet.contents.chain());
        let bar = context::progress(items.len() as u64, "signing");
        let statement = |item: payroll::Item| {
            bar.inc(1);
            let statement = payroll::statement(&item, &chain, &wallet.contents.origin, now);
            (item.label, statement)
        };
        let statements = items.into_iter().map(statement).collect();
        bar.finish_and_clear();
        bulk::add(&wallet, &job, statements, args.batch as usize, false)?;
        sent = bulk::deliver(&mut wallet, &job, &mut journal)?;
    }
    let recorded = recorded(&wallet, &sent)?;
    Ok(report.done(&sent, &recorded))
}

/// The lines whose references are taken: to sign them anew changes nothing.
fn taken(sent: &[Sent]) -> impl Iterator<Item = (Address, String, bool)> {
    let fates = sent.iter().flat_map(Sent::fates);
    let taken = fates.filter(|fate| fate.outcome.as_ref().is_err_and(|problem| problem.code == TAKEN));
    taken.filter_map(|fate| Some((fate.statement.address?, fate.label.key.clone(), false)))
}

/// What stands under a reference: the record's sequence and what it says.
type Recorded = HashMap<(Address, String), (u64, Statement)>;

/// What this wallet has recorded under the references that are taken, by whatever file.
fn recorded(wallet: &Wallet, sent: &[Sent]) -> Result<Recorded, Trouble> {
    let wanted: HashSet<_> = taken(sent).map(|(account, reference, _)| (account, reference)).collect();
    let mut recorded = Recorded::new();
    if wanted.is_empty() {
        return Ok(recorded);
    }
    for job in Outbox::of(wallet.path()).jobs("work")? {
        for sent in job.answered(&wallet.contents)? {
            for fate in sent.fates() {
                let (Ok((_, sequence)), Some(account)) = (&fate.outcome, fate.statement.address) else {
                    continue;
                };
                let place = (account, fate.label.key.clone());
                if wanted.contains(&place) {
                    recorded.insert(place, (*sequence, fate.statement.clone()));
                }
            }
        }
    }
    Ok(recorded)
}

/// What an engagement says, by the columns of the file.
fn columns(statement: &Statement) -> Option<[(&'static str, String); 6]> {
    let Ok(Body::Engagement(engagement)) = statement.body() else { return None };
    let (evidence, money) = (engagement.evidence, engagement.amount);
    let text = |value: Option<String>| value.unwrap_or_else(|| "nothing".to_owned());
    Some([
        ("month", text(statement.month.map(|m| m.to_string()))),
        ("start", text(evidence.shift.map(|(start, _)| start.to_string()))),
        ("end", text(evidence.shift.map(|(_, end)| end.to_string()))),
        ("orders", text(evidence.orders.map(|n| n.to_string()))),
        ("place", text(evidence.place.map(|p| p.to_string()))),
        ("earned", format!("{} {}", money.currency.format(money.amount), money.currency)),
    ])
}

/// What an engagement says where another says something else; nothing if one of them is none.
fn differing(then: &Statement, now: &Statement) -> Option<Vec<String>> {
    let both = columns(then)?.into_iter().zip(columns(now)?);
    let differing = both.filter(|((_, then), (_, now))| then != now);
    Some(differing.map(|((column, then), _)| format!("{column} {then}")).collect())
}

/// Takes out of the refused lines those whose reference is taken by the very same, and says of the others with a taken reference what stands
/// under it.
fn as_said_then(refused: &mut Vec<Refused>, sent: &[Sent], recorded: &Recorded) -> Vec<Refused> {
    let fates = sent.iter().flat_map(Sent::fates);
    let refusals = fates.filter(|fate| fate.outcome.as_ref().is_err_and(|problem| problem.code == TAKEN));
    // A line has one worker, and she one account, but for a roster that was changed between two runs: then the last counts.
    let lines: HashMap<u64, &Statement> = refusals.map(|fate| (fate.label.line, fate.statement)).collect();
    refused
        .extract_if(.., |line| {
            let Some(statement) = lines.get(&line.line).filter(|_| line.code == TAKEN) else { return false };
            let stands = statement.address.and_then(|account| recorded.get(&(account, line.key.clone())));
            let compared = stands.and_then(|(sequence, then)| Some((sequence, differing(then, statement)?)));
            match compared {
                Some((_, differing)) if differing.is_empty() => return true,
                Some((at, differing)) => {
                    line.problem =
                        format!("record {at} of that account has this reference and says {}", differing.join(", "));
                    line.remedy = format!(
                        "give this line another reference; if record {at} is wrong, void it first with `peal correct`"
                    );
                }
                None => {
                    "nothing if it says the same, which is not known here; else give this line another reference"
                        .clone_into(&mut line.remedy);
                }
            }
            false
        })
        .collect()
}

/// What would be signed: a dry run needs neither a wallet nor a ledger.
fn dry_run(job: &Job, roster: &Roster<Address>, mut report: Report<'_>) -> Result<Done, Trouble> {
    let mut covered = Covered::new();
    for batch in job.batches()? {
        report.waiting += usize::from(batch.receipt.is_none()) * batch.labels.len();
        let Ok(posting) = Posting::from_bytes(&batch.posting) else { continue };
        let accounts = posting.statements.iter().map(|s| s.address);
        let signed = batch.labels.iter().zip(accounts);
        covered.extend(signed.filter_map(|(label, account)| Some((account?, label.key.clone(), false))));
    }
    let nobody = Address { number: 0, id: Hash::default() };
    let plan = payroll::plan_work(report.rows, roster, &covered, nobody);
    report.new = plan.items.len();
    report.faults.extend(plan.faults);
    Ok(report.done(&[], &Recorded::new()))
}

/// What is told about a file.
struct Report<'a> {
    args: &'a Args,
    rows: &'a [Row],
    faults: Vec<Fault>,
    roster_faults: Vec<Fault>,
    new: usize,
    waiting: usize,
}

impl Report<'_> {
    fn done(mut self, sent: &[Sent], recorded: &Recorded) -> Done {
        self.faults.sort_by_key(|f| f.line);
        let mut tally = bulk::tally(sent, "");
        let taken = as_said_then(&mut tally.refused, sent, recorded);
        let code = u8::from(!self.faults.is_empty() || !tally.refused.is_empty());
        Done::with_code(code, self.text(&tally, &taken), self.json(&tally, &taken, sent))
    }

    fn text(&self, tally: &Tally, taken: &[Refused]) -> String {
        let mut out = format!("{}\n", self.args.file.display());
        let rows: Vec<Vec<String>> = work::sums(self.rows)
            .into_iter()
            .map(|((month, currency), sum)| {
                let counts = [month.to_string(), sum.engagements.to_string(), sum.orders.to_string()];
                counts.into_iter().chain([money(currency, sum.earned)]).collect()
            })
            .collect();
        out.push_str(&table(&["month", ">engagements", ">orders", ">earned"], &rows, 120));
        out.push('\n');
        if self.args.dry_run {
            out.push_str("Dry run: nothing was signed or sent.\n");
        }
        let counts = [
            (self.new, "new engagements would be posted"),
            (self.waiting, "statements signed earlier would be sent again"),
            (tally.now, "were recorded now"),
            (tally.before, "were recorded by earlier runs of this file"),
            (
                taken.len(),
                "had been recorded under the same reference before, and are as they were said then",
            ),
        ];
        for (n, what) in counts.iter().filter(|(n, _)| *n > 0) {
            let _ = writeln!(out, "  {n} {what}");
        }
        if !self.roster_faults.is_empty() {
            let _ = write!(out, "\n{}:", self.args.roster.display());
            bulk::list_faults(&mut out, &self.roster_faults);
        }
        if !self.faults.is_empty() {
            bulk::list_faults(&mut out, &self.faults);
        }
        bulk::list_refused(&mut out, &tally.refused);
        // To sign what has a taken reference anew changes nothing.
        if tally.refused.iter().any(|r| r.code != TAKEN) {
            out.push_str(
                "\nOnce the causes are mended, the same command with --retry signs the refused ones anew.\n",
            );
        }
        out
    }

    fn json(&self, tally: &Tally, taken: &[Refused], sent: &[Sent]) -> Value {
        let totals: Vec<Value> = work::sums(self.rows)
            .into_iter()
            .map(|((month, currency), sum)| {
                json!({
                    "month": month.to_string(), "currency": currency.to_string(), "engagements": sum.engagements,
                    "orders": sum.orders.to_string(), "earned": money(currency, sum.earned),
                })
            })
            .collect();
        let recorded: Vec<Value> = sent
            .iter()
            .flat_map(Sent::fates)
            .filter_map(|fate| {
                let ((_, sequence), account) = (fate.outcome.ok()?, fate.statement.address?);
                Some(json!({
                    "line": fate.label.line, "reference": fate.label.key, "account": account.to_string(), "sequence": sequence,
                }))
            })
            .collect();
        json!({
            "file": self.args.file.display().to_string(), "dry_run": self.args.dry_run, "totals": totals, "new": self.new,
            "waiting": self.waiting, "recorded_now": tally.now, "recorded_by_earlier_runs": tally.before, "recorded": recorded,
            "reference_taken": taken.len(), "taken": taken, "roster_faults": bulk::faults_json(&self.roster_faults),
            "faults": bulk::faults_json(&self.faults), "refused": tally.refused,
        })
    }
}
