//! `peal import-history`: a bureau reads contributions from before the ledger in papers, and says so, line by line.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use peal_spec::address::Address;
use peal_spec::hash::{Hash, plain};
use peal_spec::moving::{Paper, PaperSource};
use peal_spec::statement::{Body, Referenced, Transcribed};
use peal_spec::value::{Currency, Month};
use peal_wallet::disk;
use peal_wallet::import::Fault;
use peal_wallet::outbox::{Label, Outbox};
use peal_wallet::payroll::{self, Item};
use peal_wallet::trouble::Trouble;
use serde_json::json;

use super::Done;
use super::bulk;
use super::context::{self, Common};

/// The columns of the file.
const COLUMNS: [&str; 10] =
    ["reference", "insurance", "scheme", "payer", "first", "last", "amount", "currency", "document", "page"];
/// The most bytes of the file, and of a scan.
const MAX_FILE: u64 = 16 << 20;
const MAX_SCAN: u64 = 256 << 20;
/// The most lines.
const MAX_LINES: usize = 10_000;

/// Transcribe papers from before the ledger into somebody's account, as a bureau
///
/// What is transcribed is marked as such wherever it is shown, counts in no total, and can be withdrawn. The ledger keeps the SHA-256 of each scan, not
/// the scan.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  peal import-history wang.csv --account peal1... --scan \"Suzhou 1998-2004\"=booklet.pdf\n\n\
    The file has the header reference,insurance,scheme,payer,first,last,amount,currency,document,page and a line for each run of months:\n  \
    A-1,pension,cn-basic,Suzhou Silk Mill No. 2,1998-03,2004-11,18432.50,CNY,Suzhou 1998-2004,p. 3\n\
    An amount of 0 says that the paper has none; page may be empty. A document is the name of a scan that --scan gives.\n\
    Sending the same file again changes nothing. To take a line back: peal identity withdraw, with the sequence that --json lists."
)]
pub(crate) struct Args {
    /// The file: CSV
    #[arg(value_name = "FILE.csv")]
    file: PathBuf,
    /// The account that it goes to
    #[arg(long, value_name = "ADDRESS")]
    account: Address,
    /// A document, and the file of its scan; can be repeated
    #[arg(long, value_name = "DOCUMENT=FILE", value_parser = scan, required = true)]
    scan: Vec<(String, PathBuf)>,
    /// Only show totals and faults; nothing is signed or sent
    #[arg(long)]
    dry_run: bool,
}

/// `DOCUMENT=FILE`.
fn scan(text: &str) -> Result<(String, PathBuf), String> {
    match text.rsplit_once('=') {
        Some((name, path)) if !name.is_empty() && !path.is_empty() => Ok((name.to_owned(), path.into())),
        _ => Err("expected DOCUMENT=FILE".to_owned()),
    }
}

/// A line that was read.
struct Row {
    line: usize,
    reference: peal_spec::facet::Reference,
    paper: Paper,
    source: PaperSource,
}

fn read_row(cells: &csv::StringRecord, line: usize, scans: &HashMap<String, Hash>) -> Result<Row, Fault> {
    let cell = |at: usize| cells.get(at).unwrap_or_default().trim();
    let fault = |at: usize, problem: String, remedy: &'static str| Fault {
        line,
        field: COLUMNS[at],
        problem,
        remedy,
    };
    macro_rules! read {
        ($at:expr, $remedy:expr) => {
            cell($at).parse().map_err(|e| fault($at, format!("{:?}: {e}", cell($at)), $remedy))?
        };
    }
    let currency: Currency = read!(7, "three letters, as CNY");
    let months: (Month, Month) = (read!(4, "as 1998-03"), read!(5, "as 2004-11"));
    if months.0 > months.1 {
        return Err(fault(5, "it is before the first month".into(), "put them in order"));
    }
    let amount = currency.parse_amount(cell(6)).map_err(|e| {
        fault(6, format!("{:?}: {e}", cell(6)), "decimal with a point; 0 if the paper has none")
    })?;
    let document = cell(8);
    let digest = *scans.get(document).ok_or_else(|| {
        fault(8, format!("no scan is given for {document:?}"), "give its file: --scan DOCUMENT=FILE")
    })?;
    let page = match cell(9) {
        "" => None,
        _ => Some(read!(9, "at most 32 bytes")),
    };
    Ok(Row {
        line,
        reference: read!(0, "a number of one's own, at most 64 bytes, another one for each line"),
        paper: Paper {
            insurance: read!(1, "a name as pension, or a number"),
            scheme: read!(2, "at most 32 bytes"),
            payer: read!(3, "as written there, at most 128 bytes"),
            months,
            amount,
            currency,
        },
        source: PaperSource { document: read!(8, "at most 128 bytes"), digest, page },
    })
}

fn read(path: &Path, scans: &HashMap<String, Hash>) -> Result<(Vec<Row>, Vec<Fault>), Trouble> {
    let bytes = disk::read(path, MAX_FILE)?;
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes.as_slice());
    let bad = |what: String| Trouble::unusable(what, path.display(), "see `peal import-history --help`");
    let header = reader.headers().map_err(|e| bad(format!("this is no CSV: {e}")))?;
    if header.iter().ne(COLUMNS) {
        return Err(bad(format!("the first line is not {}", COLUMNS.join(","))));
    }
    let (mut rows, mut faults, mut seen) = (Vec::new(), Vec::new(), HashMap::new());
    for (at, record) in reader.records().enumerate() {
        if at == MAX_LINES {
            return Err(bad(format!("it has more than {MAX_LINES} lines")));
        }
        let record = record.map_err(|e| bad(format!("this is no CSV: {e}")))?;
        let line = record.position().and_then(|p| usize::try_from(p.line()).ok()).unwrap_or(at + 2);
        match read_row(&record, line, scans) {
            Ok(row) => {
                if let Some(before) = seen.insert(row.reference.to_string(), line) {
                    faults.push(Fault {
                        line,
                        field: "reference",
                        problem: format!("line {before} has it, too"),
                        remedy: "give each line its own",
                    });
                } else {
                    rows.push(row);
                }
            }
            Err(fault) => faults.push(fault),
        }
    }
    Ok((rows, faults))
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let mut scans = HashMap::new();
    for (document, path) in &args.scan {
        scans.insert(document.clone(), plain(&disk::read(path, MAX_SCAN)?));
    }
    let (rows, faults) = read(&args.file, &scans)?;
    let months: u64 = rows
        .iter()
        .map(|row| u64::from(row.paper.months.1.ordinal() - row.paper.months.0.ordinal()) + 1)
        .sum();
    let mut text = format!("{}: {} runs, {months} months\n", args.file.display(), rows.len());
    bulk::list_faults(&mut text, &faults);
    let base = json!({
        "account": args.account.to_string(), "runs": rows.len(), "months": months, "faults": bulk::faults_json(&faults),
    });
    if args.dry_run || !faults.is_empty() {
        text.push_str("Nothing was signed or sent.\n");
        return Ok(Done::with_code(u8::from(!faults.is_empty()), text, base));
    }
    let mut wallet = common.open()?;
    let issuer = wallet.contents.address()?;
    let digests: Vec<u8> = rows.iter().flat_map(|row| row.source.digest.0).collect();
    let bytes = disk::read(&args.file, MAX_FILE)?;
    let job = Outbox::of(wallet.path()).job("history", &[&args.account.id.0, &bytes, &digests]);
    if job.batches()?.is_empty() {
        let (now, chain) = (context::now()?, wallet.contents.chain());
        let statements = rows.iter().map(|row| {
            let label = Label { line: row.line as u64, key: row.reference.to_string() };
            let who = Referenced { issuer, reference: row.reference.clone() };
            let (paper, source) = (row.paper.clone(), row.source.clone());
            let body = Body::Transcribed(Transcribed { who, paper, source });
            let item = Item { label: label.clone(), account: args.account, refers: None, month: None, body };
            (label, payroll::statement(&item, &chain, &wallet.contents.origin, now))
        });
        let statements = statements.collect();
        bulk::add(&wallet, &job, statements, 1000, true)?;
    }
    let mut journal = bulk::journal(wallet.path())?;
    let sent = bulk::deliver(&mut wallet, &job, &mut journal)?;
    let tally = bulk::tally(&sent, "");
    let _ = writeln!(text, "  {} transcribed now, {} by an earlier run", tally.now, tally.before);
    bulk::list_refused(&mut text, &tally.refused);
    let records: Vec<_> = sent
        .iter()
        .flat_map(peal_wallet::outbox::Sent::fates)
        .filter_map(|fate| {
            Some(json!({ "line": fate.label.line, "sequence": fate.outcome.as_ref().ok()?.1 }))
        })
        .collect();
    let mut json = base;
    json["recorded"] = json!(records);
    json["refused"] = json!(tally.refused);
    if !tally.refused.is_empty() {
        // All or nothing: what was mended is signed anew.
        job.finish()?;
    }
    Ok(Done::with_code(u8::from(!tally.refused.is_empty()), text, json))
}
