//! `peal import`: a payroll file becomes contributions.
//!
//! 1. The file and the roster are read; every fault is named by line, field and remedy.
//! 2. What earlier runs of the same file left unsent is sent, byte for byte, and the journal is brought up to date.
//! 3. What is neither recorded nor signed yet is signed in batches, kept in the outbox, and sent.
//! 4. Refusals are told by the lines of the file; the return file is written.
//!
//! A crash or a lost answer leaves the outbox and the journal; the same command goes on from there. After a run without faults it changes nothing.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use peal_spec::address::Address;
use peal_spec::cbor::Cbor as _;
use peal_spec::hash::{Hash, plain};
use peal_spec::posting::{MAX_STATEMENTS, Posting};
use peal_spec::statement::{Body, Source};
use peal_spec::value::{Insurance, Month};
use peal_wallet::disk;
use peal_wallet::import::ecr::Kind;
use peal_wallet::import::roster::{self, Roster};
use peal_wallet::import::{Draft, Fault, Skipped, csv, ecr, ezpay, totals};
use peal_wallet::journal::Journal;
use peal_wallet::layout::table;
use peal_wallet::outbox::{Job, Outbox, Sent};
use peal_wallet::payroll::{self, Covered, Plan, Terms};
use peal_wallet::returns::{self, Line};
use peal_wallet::trouble::Trouble;
use serde_json::{Value, json};

use super::Done;
use super::bulk::{self, Tally};
use super::context::{self, Common};

/// The most bytes in a payroll file.
pub(crate) const MAX_PAYROLL: u64 = 256 << 20;

/// The layouts that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// India's EPFO ECR 2.0
    Ecr,
    /// Singapore's CPF EZPay (FTP file)
    Ezpay,
    /// PEAL's own CSV
    Csv,
}

/// Who pays, where the file does not say.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Payer {
    Platform,
    Employer,
}

/// Post the contributions of a payroll file, as a platform or an employer
///
/// A line that fails does not sink the others. Sending the same file again changes nothing. Exit code 0: every line is recorded or is no
/// contribution; 1: some were refused or faulty.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  peal import ecr october.txt --month 2026-10 --kind regular --roster roster.csv --fund pension=peal1... --return october-return.csv\n  \
    peal import csv rides.csv --roster roster.csv --fund pension=peal1... --fund work-injury=peal1... --dry-run\n  \
    peal import ezpay 53012345XPTE01JAN202601.DTL --rewrite copy.DTL"
)]
pub(crate) struct Args {
    /// The file's layout
    #[arg(value_name = "LAYOUT")]
    format: Format,
    /// The payroll file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The roster: CSV with the header worker,address
    #[arg(long, value_name = "FILE", required_unless_present = "rewrite")]
    roster: Option<PathBuf>,
    /// The fund of an insurance; once for each insurance in the file
    #[arg(long = "fund", value_name = "INSURANCE=ADDRESS", value_parser = fund)]
    funds: Vec<(Insurance, Address)>,
    /// The wage month, which an ECR file does not say
    #[arg(long, value_name = "MONTH", required_if_eq("format", "ecr"))]
    month: Option<Month>,
    /// What an ECR return is: regular, supplementary or revised
    #[arg(long, value_name = "KIND", default_value = "regular")]
    kind: Kind,
    /// Who pays, where the file does not say
    #[arg(long, value_enum, default_value = "employer")]
    source: Payer,
    /// Only show totals and faults; nothing is signed or sent, and no passphrase is needed
    #[arg(long)]
    dry_run: bool,
    /// Record all of the file or nothing
    #[arg(long)]
    all_or_nothing: bool,
    /// Sign anew what an earlier run of the same file had refused
    #[arg(long)]
    retry: bool,
    /// Write the return file for the funds here
    #[arg(long = "return", value_name = "FILE")]
    return_file: Option<PathBuf>,
    /// Statements in one posting
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    batch: u64,
    /// Only read the file and write it again, byte for byte; nothing is posted
    #[arg(long, value_name = "FILE")]
    rewrite: Option<PathBuf>,
}

fn fund(text: &str) -> Result<(Insurance, Address), String> {
    let (insurance, address) = text.split_once('=').ok_or("expected INSURANCE=ADDRESS")?;
    Ok((insurance.parse().map_err(|e| format!("{e}"))?, address.parse().map_err(|e| format!("{e}"))?))
}

/// What a file says.
struct Read {
    drafts: Vec<Draft>,
    zeros: Vec<(usize, String, String)>,
    faults: Vec<Fault>,
    skipped: Vec<Skipped>,
    /// What is odd but sinks nothing.
    notes: Vec<String>,
    written: Vec<u8>,
}

fn read(args: &Args, bytes: &[u8]) -> Read {
    match (args.format, args.month) {
        (Format::Ecr, Some(month)) => {
            let (file, faults) = ecr::parse(bytes, month, args.kind);
            let zeros = if args.kind == Kind::Revised { ecr::zeros(&file) } else { Vec::new() };
            let (drafts, skipped, written) = (ecr::drafts(&file), ecr::skipped(&file), ecr::write(&file));
            Read { drafts, zeros, faults, skipped, notes: Vec::new(), written }
        }
        (Format::Ezpay, _) => {
            let (file, faults) = ezpay::parse(bytes);
            let name = args.file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            let notes = ezpay::check_name(&name, &file).err().map(|f| f.to_string()).into_iter().collect();
            let (drafts, skipped, written) =
                (ezpay::drafts(&file), ezpay::skipped(&file), ezpay::write(&file));
            Read { drafts, zeros: Vec::new(), faults, skipped, notes, written }
        }
        // An ECR file always has its month: the command line demands it.
        _ => {
            let (file, faults) = csv::parse(bytes);
            let (drafts, skipped, written) = (csv::drafts(&file), csv::skipped(&file), csv::write(&file));
            Read { drafts, zeros: Vec::new(), faults, skipped, notes: Vec::new(), written }
        }
    }
}

/// Reads a roster; its faulty lines sink nothing as long as there are good ones.
pub(crate) fn read_roster(path: &Path) -> Result<(Roster<Address>, Vec<Fault>), Trouble> {
    let (roster, faults) = roster::parse(&disk::read(path, MAX_PAYROLL)?, str::parse::<Address>);
    match faults.first() {
        Some(fault) if roster.entries().is_empty() => Err(Trouble::unusable(
            format!("this roster cannot be used: {fault}"),
            path.display(),
            "give a CSV file with the header worker,address",
        )),
        _ => Ok((roster, faults)),
    }
}

impl Args {
    fn terms(&self, issuer: Address, read: &Read) -> Result<Terms, Trouble> {
        let mut funds = BTreeMap::new();
        for (insurance, address) in &self.funds {
            if funds.insert(*insurance, *address).is_some_and(|old| old != *address) {
                let what = format!("two funds are given for {insurance}");
                return Err(Trouble::unusable(what, "--fund", "give one fund for each insurance"));
            }
        }
        if let Some(draft) = read.drafts.iter().find(|d| !funds.contains_key(&d.insurance)) {
            let what = format!("no fund is given for {}", draft.insurance);
            let place = format!("{}, line {}", self.file.display(), draft.line);
            return Err(Trouble::unusable(what, place, format!("add --fund {}=ADDRESS", draft.insurance)));
        }
        let source = match self.source {
            Payer::Platform => Source::Platform,
            Payer::Employer => Source::Employer,
        };
        Ok(Terms { issuer, funds, source, revised: self.kind == Kind::Revised })
    }

    /// The job of this file with these options.
    fn job(&self, wallet: &Path, digest: Hash) -> Job {
        let funds: Vec<String> = self.funds.iter().map(|(i, a)| format!("{i}={a}")).collect();
        let options = format!(
            "{:?} {:?} {} {:?} {} {} {}",
            self.format,
            self.month,
            self.kind,
            self.source,
            funds.join(" "),
            self.all_or_nothing,
            self.batch
        );
        Outbox::of(wallet).job("import", &[&digest.0, options.as_bytes()])
    }

    /// With all-or-nothing the file is one posting.
    fn batch(&self, items: usize) -> Result<usize, Trouble> {
        if !self.all_or_nothing {
            return Ok(self.batch as usize);
        }
        if items as u64 > MAX_STATEMENTS {
            let what = format!("{items} contributions do not fit into one posting of {MAX_STATEMENTS}");
            return Err(Trouble::unusable(
                what,
                "--all-or-nothing",
                "split the file, or leave the option out",
            ));
        }
        Ok(items.max(1))
    }
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let bytes = disk::read(&args.file, MAX_PAYROLL)?;
    let read = read(args, &bytes);
    if let Some(out) = &args.rewrite {
        return rewrite(args, &read, &bytes, out);
    }
    if read.drafts.is_empty() && read.zeros.is_empty() && !read.faults.is_empty() {
        let mut text = String::new();
        bulk::list_faults(&mut text, &read.faults);
        let json =
            json!({ "file": args.file.display().to_string(), "faults": bulk::faults_json(&read.faults) });
        return Ok(Done::with_code(
            2,
            format!("{}: nothing in this file can be used.\n{text}", args.file.display()),
            json,
        ));
    }
    let roster_path = args.roster.clone().unwrap_or_default();
    let (roster, roster_faults) = read_roster(&roster_path)?;
    let mut report = Report { args, read: &read, roster_faults, roster_path, ..Report::empty(args, &read) };
    let digest = plain(&bytes);
    if args.dry_run {
        return dry_run(common, args, &read, &roster, digest, report);
    }

    let mut wallet = common.open()?;
    let issuer = wallet.contents.address()?;
    let terms = args.terms(issuer, &read)?;
    let job = args.job(wallet.path(), digest);
    let mut journal = bulk::journal(wallet.path())?;
    let mut sent =
        if job.batches()?.is_empty() { Vec::new() } else { bulk::deliver(&mut wallet, &job, &mut journal)? };
    let covered = payroll::covered(&sent, args.retry);
    let Plan { items, faults, recorded } =
        payroll::plan(&read.drafts, &read.zeros, &roster, &journal, &covered, &terms);
    (report.plan_faults, report.recorded) = (faults, recorded);
    if args.all_or_nothing && !items.is_empty() && report.faults().next().is_some() {
        report.held_back = items.len();
        return Ok(report.done(&sent, &journal, &roster));
    }
    if !items.is_empty() {
        let size = args.batch(items.len())?;
        let (now, chain) = (context::now()?, wallet.contents.chain());
        let bar = context::progress(items.len() as u64, "signing");
        let statement = |item: payroll::Item| {
            bar.inc(1);
            let statement = payroll::statement(&item, &chain, &wallet.contents.origin, now);
            (item.label, statement)
        };
        let statements = items.into_iter().map(statement).collect();
        bar.finish_and_clear();
        bulk::add(&wallet, &job, statements, size, args.all_or_nothing)?;
        sent = bulk::deliver(&mut wallet, &job, &mut journal)?;
    }
    let done = report.done(&sent, &journal, &roster);
    if let Some(path) = &args.return_file {
        disk::replace(path, &returns::write(&return_lines(&read, &roster, &journal), true))?;
    }
    Ok(done)
}

fn rewrite(args: &Args, read: &Read, bytes: &[u8], out: &Path) -> Result<Done, Trouble> {
    if let Some(fault) = read.faults.first() {
        let what = format!("a file with faults cannot be written again: {fault}");
        return Err(Trouble::unusable(what, args.file.display(), "mend the file first"));
    }
    disk::replace(out, &read.written)?;
    let same = read.written == bytes;
    let text = format!(
        "{}: {} bytes{}\n",
        out.display(),
        read.written.len(),
        if same { ", the same as the file" } else { "" }
    );
    Ok(Done::well(
        text,
        json!({ "file": out.display().to_string(), "bytes": read.written.len(), "same": same }),
    ))
}

/// What would be signed. Funds and issuer are not asked for: a dry run needs neither a wallet nor a ledger.
fn dry_run(
    common: &Common,
    args: &Args,
    read: &Read,
    roster: &Roster<Address>,
    digest: Hash,
    mut report: Report<'_>,
) -> Result<Done, Trouble> {
    let path = common.wallet()?;
    let journal = bulk::journal(&path)?;
    let nobody = Address { number: 0, id: Hash::default() };
    let mut terms = args.terms(nobody, read)?;
    terms.issuer = nobody;
    let mut covered = Covered::new();
    for batch in args.job(&path, digest).batches()? {
        report.waiting += usize::from(batch.receipt.is_none()) * batch.labels.len();
        let Ok(posting) = Posting::from_bytes(&batch.posting) else { continue };
        for (label, statement) in batch.labels.iter().zip(&posting.statements) {
            if let Some(account) = statement.address {
                covered.insert((account, label.key.clone(), statement.refers.is_some()));
            }
        }
    }
    let plan = payroll::plan(&read.drafts, &read.zeros, roster, &journal, &covered, &terms);
    report.corrections = plan.items.iter().filter(|i| matches!(i.body, Body::Correction(_))).count();
    report.news = plan.items.len() - report.corrections;
    (report.plan_faults, report.recorded) = (plan.faults, plan.recorded);
    Ok(report.done(&[], &journal, roster))
}

/// The lines of the return file: everything of this file that is recorded and stands, in the file's order.
fn return_lines(read: &Read, roster: &Roster<Address>, journal: &Journal) -> Vec<Line> {
    let recorded = read.drafts.iter().filter_map(|d| journal.under(roster.get(&d.worker)?, &d.reference));
    recorded.filter(|l| l.amount.amount > 0).cloned().collect()
}

/// What is told about an import.
struct Report<'a> {
    args: &'a Args,
    read: &'a Read,
    roster_path: PathBuf,
    roster_faults: Vec<Fault>,
    plan_faults: Vec<Fault>,
    recorded: usize,
    news: usize,
    corrections: usize,
    waiting: usize,
    held_back: usize,
}

impl<'a> Report<'a> {
    fn empty(args: &'a Args, read: &'a Read) -> Self {
        let (roster_faults, plan_faults, roster_path) = (Vec::new(), Vec::new(), PathBuf::new());
        let (recorded, news, corrections, waiting, held_back) = (0, 0, 0, 0, 0);
        Self {
            args,
            read,
            roster_path,
            roster_faults,
            plan_faults,
            recorded,
            news,
            corrections,
            waiting,
            held_back,
        }
    }

    fn faults(&self) -> impl Iterator<Item = &Fault> {
        self.read.faults.iter().chain(&self.plan_faults)
    }

    fn done(&self, sent: &[Sent], journal: &Journal, roster: &Roster<Address>) -> Done {
        // A reference that is taken was recorded by a run whose journal is lost.
        let tally = bulk::tally(sent, "reference-taken");
        let mut faults: Vec<Fault> = self.faults().cloned().collect();
        faults.sort_by_key(|f| f.line);
        let failed = !faults.is_empty() || !tally.refused.is_empty() || self.held_back > 0;
        let lines = if self.args.dry_run { Vec::new() } else { return_lines(self.read, roster, journal) };
        let code = u8::from(failed);
        Done::with_code(
            code,
            self.text(&tally, &faults, lines.len()),
            self.json(&tally, &faults, lines.len()),
        )
    }

    fn text(&self, tally: &Tally, faults: &[Fault], standing: usize) -> String {
        let mut out = String::new();
        let _ = writeln!(out, "{}", self.args.file.display());
        let rows: Vec<Vec<String>> = totals(&self.read.drafts)
            .into_iter()
            .map(|t| {
                let money = |minor| money(t.currency, minor);
                vec![
                    t.insurance.to_string(),
                    t.scheme.clone(),
                    t.drafts.to_string(),
                    money(t.amount),
                    money(t.credited),
                ]
            })
            .collect();
        out.push_str(&table(
            &["insurance", "scheme", ">contributions", ">amount", ">of it credited"],
            &rows,
            120,
        ));
        for skipped in &self.read.skipped {
            let _ = writeln!(
                out,
                "  {} lines make no statement: {} ({})",
                skipped.lines, skipped.what, skipped.reason
            );
        }
        let count = |out: &mut String, n: usize, what: &str| {
            if n > 0 {
                let _ = writeln!(out, "  {n} {what}");
            }
        };
        if self.args.dry_run {
            let _ = writeln!(out, "\nDry run: nothing was signed or sent.");
            count(&mut out, self.news, "new contributions would be posted");
            count(&mut out, self.corrections, "corrections would be posted");
            count(&mut out, self.waiting, "statements signed earlier would be sent again");
            count(&mut out, self.recorded, "contributions are recorded already");
        } else {
            let _ = writeln!(out);
            count(&mut out, tally.now, "statements were recorded now");
            count(&mut out, tally.before, "were recorded by earlier runs of this file");
            count(&mut out, tally.already, "had been recorded under the same reference before");
            count(&mut out, standing, "contributions of this file stand");
            count(
                &mut out,
                self.held_back,
                "were held back: all or nothing was asked for, and the file has faults",
            );
        }
        for note in &self.read.notes {
            let _ = writeln!(out, "  note: {note}");
        }
        if !self.roster_faults.is_empty() {
            let _ = write!(out, "\n{}:", self.roster_path.display());
            bulk::list_faults(&mut out, &self.roster_faults);
        }
        if !faults.is_empty() {
            bulk::list_faults(&mut out, faults);
        }
        bulk::list_refused(&mut out, &tally.refused);
        if !tally.refused.is_empty() {
            out.push_str(
                "\nOnce the causes are mended, the same command with --retry signs the refused ones anew.\n",
            );
        }
        out
    }

    fn json(&self, tally: &Tally, faults: &[Fault], standing: usize) -> Value {
        let totals: Vec<Value> = totals(&self.read.drafts)
            .into_iter()
            .map(|t| {
                json!({
                    "insurance": t.insurance.to_string(), "scheme": t.scheme, "currency": t.currency.to_string(),
                    "contributions": t.drafts, "amount": money(t.currency, t.amount), "credited": money(t.currency, t.credited),
                })
            })
            .collect();
        let skipped: Vec<Value> = self
            .read
            .skipped
            .iter()
            .map(|s| json!({ "what": s.what, "reason": s.reason, "lines": s.lines }))
            .collect();
        json!({
            "file": self.args.file.display().to_string(), "dry_run": self.args.dry_run, "totals": totals, "skipped": skipped,
            "new": self.news, "corrections": self.corrections, "waiting": self.waiting, "held_back": self.held_back,
            "recorded_now": tally.now, "recorded_by_earlier_runs": tally.before, "reference_taken": tally.already,
            "recorded_already": self.recorded, "standing": standing,
            "notes": self.read.notes, "roster_faults": bulk::faults_json(&self.roster_faults),
            "faults": bulk::faults_json(faults), "refused": tally.refused,
        })
    }
}

/// A sum in its currency; sums may be wider than one amount.
pub(crate) fn money(currency: peal_spec::value::Currency, minor: u128) -> String {
    match u64::try_from(minor) {
        Ok(minor) => format!("{} {currency}", currency.format(minor)),
        Err(_) => format!("{minor} minor units of {currency}"),
    }
}
