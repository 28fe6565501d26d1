//! What was earned, as options and CSV say it.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use csv::{ReaderBuilder, StringRecord};
use peal_spec::scheme::{Earning, Given, Pack};
use peal_wallet::disk;
use peal_wallet::trouble::Trouble;

/// The most bytes of a file of earnings.
const MAX_CSV: u64 = 16 * 1024 * 1024;
/// How many faults of a file are told.
const TOLD: usize = 8;
/// Columns beside the pack's inputs.
const COLUMNS: [&str; 8] = ["day", "month", "year", "from", "to", "gross", "orders", "payer"];

/// What was earned.
#[derive(Debug, Default, clap::Args)]
pub(super) struct EarnedArgs {
    /// What was earned when, as 2026-03:1200.00; can be repeated
    ///
    /// WHEN is a day, a month, a year of the scheme, or FROM..TO. Behind the amount may stand /ORDERS, how many orders it was, and @PAYER, who
    /// paid: 2026-03-14:18.50/3@meituan
    #[arg(long, value_name = "WHEN:AMOUNT")]
    earned: Vec<String>,
    /// The same as CSV, a line for each order or month; - is standard input
    ///
    /// The first row names the columns: one of day, month, year, or from and to; gross, as 1200.00; and where there are any orders, payer, and
    /// the pack's inputs.
    #[arg(long, value_name = "FILE", visible_alias = "orders-csv")]
    earnings: Vec<PathBuf>,
}

impl EarnedArgs {
    /// Whether nothing was said.
    pub(super) fn is_empty(&self) -> bool {
        self.earned.is_empty() && self.earnings.is_empty()
    }

    /// All of them, in order.
    pub(super) fn read(&self, pack: &Pack) -> Result<Vec<Earning>, Trouble> {
        let mut all = Vec::new();
        for text in &self.earned {
            let earning = earned(text, pack).and_then(|earning| checked(earning, pack));
            let unusable = |what| {
                let remedy = "write it as 2026-03:1200.00, 2026-03-14:18.50/3@meituan or 2025:50000";
                Trouble::unusable(what, format!("--earned {text}"), remedy)
            };
            all.push(earning.map_err(unusable)?);
        }
        for path in &self.earnings {
            all.extend(file(path, pack)?);
        }
        Ok(all)
    }
}

/// An earning that the pack can be asked about.
fn checked(earning: Earning, pack: &Pack) -> Result<Earning, String> {
    match earning.check(pack) {
        Ok(()) => Ok(earning),
        Err(bad) => Err(match bad.at.split_once(".with.") {
            Some((_, name)) => format!("{name}: {}", bad.what),
            None => bad.what,
        }),
    }
}

/// `WHEN:AMOUNT/ORDERS@PAYER`.
fn earned(text: &str, pack: &Pack) -> Result<Earning, String> {
    let (when, rest) = text.split_once(':').ok_or("expected WHEN:AMOUNT")?;
    let (amount, payer) = match rest.split_once('@') {
        Some((amount, payer)) => (amount, Some(payer.to_owned())),
        None => (rest, None),
    };
    let (amount, orders) = match amount.split_once('/') {
        Some((amount, orders)) => (amount, count(orders)?),
        None => (amount, 0),
    };
    let gross = pack.currency.parse_amount(amount).map_err(|e| e.to_string())?;
    let mut earning = Earning { gross, orders, payer, ..Earning::default() };
    match when.split_once("..") {
        Some((from, to)) => {
            earning.from = Some(from.to_owned());
            earning.to = Some(to.to_owned());
        }
        None if when.len() == 4 => earning.year = Some(Given::Text(when.to_owned())),
        None if when.len() == 7 => earning.month = Some(when.to_owned()),
        None => earning.day = Some(when.to_owned()),
    }
    Ok(earning)
}

fn count(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("{text} is no number of orders"))
}

fn bytes(path: &Path) -> Result<(Vec<u8>, String), Trouble> {
    if path.as_os_str() != "-" {
        return Ok((disk::read(path, MAX_CSV)?, path.display().to_string()));
    }
    let (mut bytes, place) = (Vec::new(), "standard input".to_owned());
    let read = std::io::stdin().lock().take(MAX_CSV + 1).read_to_end(&mut bytes);
    if let Err(e) = read {
        return Err(Trouble::unusable(format!("cannot be read: {e}"), place, "try again"));
    }
    if bytes.len() as u64 > MAX_CSV {
        return Err(Trouble::unusable(format!("there are more than {MAX_CSV} bytes"), place, "give less"));
    }
    Ok((bytes, place))
}

/// The earnings of a file, or its faults by line.
fn file(path: &Path, pack: &Pack) -> Result<Vec<Earning>, Trouble> {
    let (bytes, place) = bytes(path)?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let (mut all, mut faults) = (Vec::new(), Vec::new());
    let mut reader = ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(bytes);
    let columns = match reader.headers().map_err(|e| e.to_string()).and_then(|header| columns(header, pack)) {
        Ok(columns) => columns,
        Err(what) => {
            let remedy = "write a first row such as month,gross,orders,payer";
            return Err(Trouble::unusable(what, format!("{place}, line 1"), remedy));
        }
    };
    for record in reader.records() {
        let (at, earning) = match record {
            Ok(record) => {
                let earning = row(&columns, &record, pack).and_then(|earning| checked(earning, pack));
                (record.position().map(csv::Position::byte), earning)
            }
            Err(e) => (e.position().map(csv::Position::byte), Err("this is not UTF-8".to_owned())),
        };
        match earning {
            Ok(earning) => all.push(earning),
            Err(what) => faults.push((at, what)),
        }
    }
    if faults.is_empty() {
        return Ok(all);
    }
    let told = faults.iter().take(TOLD).map(|(at, what)| format!("line {}: {what}", line(bytes, *at)));
    let told = told.collect::<Vec<_>>().join("; ");
    let more = faults.len().saturating_sub(TOLD);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    Err(Trouble::unusable(format!("{told}{more}"), place, "mend these lines; nothing was reckoned"))
}

/// The line of a row that begins at a byte, blank lines before it passed over.
fn line(bytes: &[u8], at: Option<u64>) -> usize {
    let at = at.and_then(|at| usize::try_from(at).ok()).unwrap_or(0).min(bytes.len());
    let blank = bytes[at..].iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
    bytes[..at + blank].iter().filter(|b| **b == b'\n').count() + 1
}

fn columns(header: &StringRecord, pack: &Pack) -> Result<Vec<String>, String> {
    let mut seen = BTreeSet::new();
    for name in header {
        if !COLUMNS.contains(&name) && pack.input(name).is_none() {
            let inputs = pack.inputs.iter().map(|input| input.name.as_str());
            let known: Vec<&str> = COLUMNS.into_iter().chain(inputs).collect();
            return Err(format!("there is no column “{name}”; there are {}", known.join(", ")));
        }
        if !seen.insert(name) {
            return Err(format!("the column {name} is there twice"));
        }
    }
    if !seen.contains("gross") {
        return Err("the column gross is missing".to_owned());
    }
    Ok(header.iter().map(ToOwned::to_owned).collect())
}

fn row(columns: &[String], record: &StringRecord, pack: &Pack) -> Result<Earning, String> {
    if record.len() != columns.len() {
        return Err(format!("there are {} fields, not {}", record.len(), columns.len()));
    }
    let (mut earning, mut gross) = (Earning::default(), None);
    for (column, text) in columns.iter().zip(record).filter(|(_, text)| !text.is_empty()) {
        let owned = || Some(text.to_owned());
        match column.as_str() {
            "day" => earning.day = owned(),
            "month" => earning.month = owned(),
            "year" => earning.year = owned().map(Given::Text),
            "from" => earning.from = owned(),
            "to" => earning.to = owned(),
            "payer" => earning.payer = owned(),
            "orders" => earning.orders = count(text)?,
            "gross" => gross = Some(pack.currency.parse_amount(text).map_err(|e| format!("gross: {e}"))?),
            _ => drop(earning.with.insert(column.clone(), Given::Text(text.to_owned()))),
        }
    }
    earning.gross = gross.ok_or("gross is empty")?;
    Ok(earning)
}
