//! `peal register`: what payers owe, across the accounts that a bureau was shown.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use csv::WriterBuilder;
use peal_spec::proof::{MAX_FILE, Proof};
use peal_spec::standing::{History, Line, Pay, Rule, standing};
use peal_spec::trust::Trust;
use peal_spec::value::{Day, Time};
use peal_spec::verify::{Verdict, verify};
use peal_wallet::disk;
use peal_wallet::layout::{Style, short, table};
use peal_wallet::passbook::money;
use peal_wallet::trouble::Trouble;
use serde_json::json;

use super::Done;
use super::context;
use super::standing::rule_in;

/// Show what payers owe, late or short, across proofs of many accounts
///
/// Exit code 0: all proofs are valid. 1: at least one is not; the others are added up all the same.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  peal register *.peal --trust trust.txt --rule pension.toml\n  peal register *.peal --trust trust.txt --rule pension.toml --csv > late.csv\n\n\
    A bureau is shown such proofs by `peal look`, by consent or on a legal ground. The rule says of which insurance, which part of earnings\n\
    is due, until when, and with what interest: see `peal standing --help`. Payers are numbers of accounts."
)]
pub(crate) struct Args {
    /// Proof files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The trust list
    #[arg(long, value_name = "FILE")]
    trust: PathBuf,
    /// The rule, in TOML
    #[arg(long, value_name = "FILE")]
    rule: PathBuf,
    /// Also what is paid, and what still has time
    #[arg(long)]
    all: bool,
    /// A line of CSV for each account, payer and month
    #[arg(long)]
    csv: bool,
    /// The day, as 2026-11-28 [default: today]
    #[arg(long, value_name = "DAY")]
    today: Option<Day>,
}

/// The register of one account.
struct Shown {
    file: String,
    address: String,
    /// Records that may count and are not shown.
    missing: u64,
    lines: Vec<Line>,
}

/// A proof that is valid, what it shows, and how many records that may count it does not show.
pub(super) fn shown(path: &Path, trust: &Trust, now: Time) -> Result<(Verdict, History, u64), Trouble> {
    let not_valid = |what: String| {
        Trouble::refused(what, path.display(), "nothing in this file may be relied on; ask for it again")
    };
    let bytes = disk::read(path, MAX_FILE as u64 + 1)?;
    let proof = Proof::from_file(&bytes).map_err(|e| not_valid(e.to_string()))?;
    let verdict = verify(&proof, trust, now).map_err(|e| not_valid(e.to_string()))?;
    let (history, missing) = History::shown(&proof.subject);
    Ok((verdict, history, missing))
}

fn read(path: &Path, trust: &Trust, (rule, now, today): (&Rule, Time, Day)) -> Result<Shown, Trouble> {
    let (verdict, history, missing) = shown(path, trust, now)?;
    let lines = standing(&history, rule, today).register;
    Ok(Shown { file: path.display().to_string(), address: verdict.address, missing, lines })
}

fn state(line: &Line) -> &'static str {
    match line.state {
        Pay::Open => "open",
        Pay::Late => "late",
        Pay::Part => "short",
        Pay::Paid => "paid",
    }
}

/// What one payer owes in one currency.
#[derive(Default)]
struct Owes<'s> {
    accounts: BTreeSet<&'s str>,
    months: BTreeSet<&'s str>,
    short: u64,
    interest: u64,
}

fn by_payer<'s>(lines: &[(&'s Shown, &'s Line)]) -> BTreeMap<(u64, &'s str), Owes<'s>> {
    let mut all: BTreeMap<(u64, &str), Owes<'_>> = BTreeMap::new();
    for (shown, line) in lines {
        let owes = all.entry((line.payer, line.currency.as_str())).or_default();
        owes.accounts.insert(&shown.address);
        owes.months.insert(&line.month);
        owes.short = owes.short.saturating_add(line.short);
        owes.interest = owes.interest.saturating_add(line.interest);
    }
    all
}

fn text(shown: &[Shown], lines: &[(&Shown, &Line)], faults: &[Trouble], style: Style) -> String {
    let mut out = String::new();
    let rows: Vec<Vec<String>> = lines
        .iter()
        .map(|(shown, line)| {
            let money = |minor| money(Some(minor), Some(&line.currency));
            vec![
                short(&shown.address),
                line.month.clone(),
                line.payer.to_string(),
                money(line.earned),
                money(line.expected),
                money(line.posted),
                money(line.short),
                line.days_late.to_string(),
                money(line.interest),
                state(line).to_owned(),
            ]
        })
        .collect();
    if rows.is_empty() {
        out.push_str("Nobody is late or short in what these proofs show.\n");
    } else {
        let titles = [
            "account",
            "month",
            ">payer",
            ">earned",
            ">due",
            ">posted",
            ">short",
            ">days late",
            ">interest",
            "state",
        ];
        out.push_str(&table(&titles, &rows, style.width));
        out.push_str("\nby payer:\n");
        for ((payer, currency), owes) in by_payer(lines) {
            let money = |minor| money(Some(minor), Some(currency));
            let _ = writeln!(
                out,
                "  account {payer}: {} short and {} of interest, for {} account{} and {} month{}",
                money(owes.short),
                money(owes.interest),
                owes.accounts.len(),
                if owes.accounts.len() == 1 { "" } else { "s" },
                owes.months.len(),
                if owes.months.len() == 1 { "" } else { "s" },
            );
        }
    }
    for shown in shown.iter().filter(|s| s.missing > 0) {
        let _ = writeln!(
            out,
            "{}: {} that may count {} not shown: what is paid with {} may not be late",
            shown.file,
            if shown.missing == 1 { "1 record".to_owned() } else { format!("{} records", shown.missing) },
            if shown.missing == 1 { "is" } else { "are" },
            if shown.missing == 1 { "it" } else { "them" },
        );
    }
    for fault in faults {
        let _ = writeln!(out, "{}", style.paint(31, &format!("{}: {}", fault.place, fault.what)));
    }
    out
}

fn csv(lines: &[(&Shown, &Line)]) -> String {
    let mut writer = WriterBuilder::new().from_writer(Vec::new());
    let titles = [
        "account",
        "payer",
        "month",
        "currency",
        "earned",
        "expected",
        "posted",
        "short",
        "due",
        "days_late",
        "interest",
        "state",
    ];
    // Writing to memory does not fail.
    let _ = writer.write_record(titles);
    for (shown, line) in lines {
        let amounts = [line.earned, line.expected, line.posted, line.short].map(|n| n.to_string());
        let [earned, expected, posted, short] = amounts;
        let _ = writer.write_record([
            shown.address.clone(),
            line.payer.to_string(),
            line.month.clone(),
            line.currency.clone(),
            earned,
            expected,
            posted,
            short,
            line.due.to_string(),
            line.days_late.to_string(),
            line.interest.to_string(),
            state(line).to_owned(),
        ]);
    }
    String::from_utf8_lossy(&writer.into_inner().unwrap_or_default()).into_owned()
}

pub(crate) fn run(args: &Args) -> Result<Done, Trouble> {
    let (trust, rule, now) = (context::trust(&args.trust)?, rule_in(&args.rule)?, context::now()?);
    let today = args.today.unwrap_or_else(|| now.into());
    let (mut shown, mut faults) = (Vec::new(), Vec::new());
    for path in &args.files {
        match read(path, &trust, (&rule, now, today)) {
            Ok(one) => shown.push(one),
            Err(trouble) => faults.push(trouble),
        }
    }
    let wanted = |line: &&Line| args.all || matches!(line.state, Pay::Late | Pay::Part);
    let lines: Vec<(&Shown, &Line)> =
        shown.iter().flat_map(|s| s.lines.iter().filter(wanted).map(move |line| (s, line))).collect();
    let text = if args.csv { csv(&lines) } else { text(&shown, &lines, &faults, Style::of_stdout()) };
    let payers: Vec<_> = by_payer(&lines)
        .into_iter()
        .map(|((payer, currency), owes)| {
            json!({ "payer": payer, "currency": currency, "accounts": owes.accounts.len(), "months": owes.months.len(),
                "short": owes.short, "interest": owes.interest })
        })
        .collect();
    let files: Vec<_> = shown
        .iter()
        .map(|s| {
            let lines: Vec<&Line> = s.lines.iter().filter(wanted).collect();
            json!({ "file": s.file, "address": s.address, "not_shown": s.missing, "register": lines })
        })
        .collect();
    let faults_json: Vec<_> = faults.iter().map(|f| json!({ "file": f.place, "what": f.what })).collect();
    let json = json!({ "today": today, "insurance": rule.insurance.to_string(), "files": files, "payers": payers, "not_valid": faults_json });
    Ok(Done::with_code(u8::from(!faults.is_empty()), text, json))
}
