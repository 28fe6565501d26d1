//! `peal settle`: a fund confirms that the money of a return file has arrived.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use peal_spec::facet::Reference;
use peal_spec::hash::plain;
use peal_spec::statement::Referenced;
use peal_spec::statement::{Body, Settlement};
use peal_wallet::disk;
use peal_wallet::import::Fault;
use peal_wallet::outbox::{Fate, Label, Outbox, Sent};
use peal_wallet::payroll::{self, Covered, Item};
use peal_wallet::returns::{self, Line};
use peal_wallet::trouble::Trouble;
use serde_json::json;

use super::Done;
use super::bulk::{self, Refused, Tally};
use super::context::{self, Common};

/// The refusal that says: it is settled.
const SETTLED: &str = "settled";

/// Confirm, as a fund, that the money of return files has arrived
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  peal settle october-return.csv --reference BANK-2026-11-03-0042\n  peal settle *.csv --reference BANK-0042 --dry-run\n\n\
    Lines for other funds are passed over. What is settled already is told, and is no error."
)]
pub(crate) struct Args {
    /// Return files
    #[arg(required = true, value_name = "RETURN.csv")]
    files: Vec<PathBuf>,
    /// The fund's own reference of the transfer
    #[arg(long, value_name = "REFERENCE")]
    reference: Reference,
    /// Only show what would be settled
    #[arg(long)]
    dry_run: bool,
    /// Sign anew what an earlier run of the same files had refused
    #[arg(long)]
    retry: bool,
    /// Statements in one posting
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    batch: u64,
}

fn item(line: usize, of: &Line, args: &Args) -> Item {
    let body = Body::Settlement(Settlement {
        who: Referenced { issuer: of.fund, reference: args.reference.clone() },
        amount: of.amount,
    });
    let label = Label { line: line as u64, key: key(of) };
    Item { label, account: of.account, refers: Some(of.sequence), month: Some(of.month), body }
}

/// What became of the lines, where two may be of one contribution.
struct Outcome {
    now: usize,
    before: usize,
    already: usize,
    /// Lines that lost to another one of the same contribution.
    superseded: usize,
    refused: Vec<Refused>,
    /// Contributions that are settled, with the amounts that hold.
    standing: HashSet<(String, u64)>,
}

impl Outcome {
    fn of(sent: &[Sent]) -> Self {
        let Tally { now, before, refused, .. } = bulk::tally(sent, "");
        let fates = || sent.iter().flat_map(Sent::fates);
        let amount = |f: &Fate<'_>| match f.statement.body() {
            Ok(Body::Settlement(s)) => s.amount.amount,
            _ => 0,
        };
        let accepted: HashSet<String> =
            fates().filter(|f| f.outcome.is_ok()).map(|f| f.label.key.clone()).collect();
        let settled = |f: &Fate<'_>| match &f.outcome {
            Ok(_) => true,
            Err(problem) => problem.code == SETTLED && !accepted.contains(&f.label.key),
        };
        let standing = fates().filter(settled).map(|f| (f.label.key.clone(), amount(&f))).collect();
        let (lost, rest): (Vec<Refused>, Vec<Refused>) =
            refused.into_iter().partition(|r| accepted.contains(&r.key));
        let (already, refused): (Vec<Refused>, Vec<Refused>) =
            rest.into_iter().partition(|r| r.code == SETTLED);
        // Of two lines of one contribution that was settled before, it is not known which held.
        let keys: HashSet<&str> = already.iter().map(|r| r.key.as_str()).collect();
        Self { now, before, already: keys.len(), superseded: lost.len(), refused, standing }
    }

    fn stands(&self, line: &Line) -> bool {
        self.standing.contains(&(key(line), line.amount.amount))
    }
}

fn key(line: &Line) -> String {
    format!("{}/{}", line.account, line.sequence)
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let (mut lines, mut faults, mut digests) = (Vec::new(), Vec::<Fault>::new(), Vec::new());
    for path in &args.files {
        let bytes = disk::read(path, disk::MAX_FILE)?;
        digests.push(plain(&bytes));
        let (good, bad) = returns::read(&bytes);
        if good.is_empty() && !bad.is_empty() {
            let what = format!("this is no return file: {}", bad[0]);
            return Err(Trouble::unusable(
                what,
                path.display(),
                "give a file that `peal import --return` wrote",
            ));
        }
        lines.extend(good);
        faults.extend(bad);
    }
    let mut wallet = common.open()?;
    let fund = wallet.contents.address()?;
    let all = lines.len();
    lines.retain(|(_, l)| l.fund == fund);
    let others = all - lines.len();
    let mine = returns::distinct(lines);
    let mut parts: Vec<&[u8]> = vec![args.reference.as_str().as_bytes()];
    parts.extend(digests.iter().map(|d| d.0.as_slice()));
    let job = Outbox::of(wallet.path()).job("settle", &parts);
    let mut sent = Vec::new();
    if !args.dry_run {
        let mut journal = bulk::journal(wallet.path())?;
        if !job.batches()?.is_empty() {
            sent = bulk::deliver(&mut wallet, &job, &mut journal)?;
        }
        let covered: Covered = payroll::covered(&sent, args.retry);
        let items: Vec<Item> = mine.iter().map(|(n, line)| item(*n, line, args)).collect();
        let (now, chain) = (context::now()?, wallet.contents.chain());
        let fresh = items.into_iter().filter(|i| !covered.contains(&(i.account, i.label.key.clone(), true)));
        let statements: Vec<_> = fresh
            .map(|i| (i.label.clone(), payroll::statement(&i, &chain, &wallet.contents.origin, now)))
            .collect();
        if !statements.is_empty() {
            bulk::add(&wallet, &job, statements, args.batch as usize, false)?;
            sent = bulk::deliver(&mut wallet, &job, &mut journal)?;
        }
    }
    let outcome = Outcome::of(&sent);
    let mut sums = BTreeMap::<_, (usize, u128)>::new();
    for (_, line) in mine.iter().filter(|(_, line)| args.dry_run || outcome.stands(line)) {
        let sum = sums.entry((line.insurance, line.amount.currency)).or_default();
        *sum = (sum.0 + 1, sum.1 + u128::from(line.amount.amount));
    }
    let mut text = String::new();
    for ((insurance, currency), (count, amount)) in &sums {
        let money = u64::try_from(*amount).map_or_else(|_| amount.to_string(), |a| currency.format(a));
        let _ = writeln!(text, "{insurance}: {count} contributions, {money} {currency}");
    }
    if args.dry_run {
        let _ = writeln!(text, "Dry run: nothing was signed or sent.");
    }
    let counts = [
        (outcome.now, "settled now"),
        (outcome.before, "settled by earlier runs of these files"),
        (outcome.already, "had been settled before"),
        (
            outcome.superseded,
            "lines were passed over: their contributions were corrected, and settled by another line",
        ),
        (others, "lines are for other funds"),
    ];
    for (n, what) in counts.iter().filter(|(n, _)| *n > 0) {
        let _ = writeln!(text, "{n} {what}");
    }
    if !faults.is_empty() {
        bulk::list_faults(&mut text, &faults);
    }
    bulk::list_refused(&mut text, &outcome.refused);
    let totals: Vec<_> = sums
        .iter()
        .map(|((i, c), (n, a))| json!({ "insurance": i.to_string(), "currency": c.to_string(), "contributions": n, "minor": a.to_string() }))
        .collect();
    let json = json!({
        "dry_run": args.dry_run, "totals": totals, "settled_now": outcome.now, "settled_by_earlier_runs": outcome.before,
        "settled_before": outcome.already, "superseded": outcome.superseded, "for_other_funds": others, "faults": bulk::faults_json(&faults), "refused": outcome.refused,
    });
    let failed = !faults.is_empty() || !outcome.refused.is_empty();
    Ok(Done::with_code(u8::from(failed), text, json))
}
