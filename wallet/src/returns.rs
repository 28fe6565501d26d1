//! Return files: what a payer hands to a fund together with the money, one line per contribution recorded.
//!
//! CSV with a header; amounts are decimal in the line's currency. The journal of an issuer has the same lines.

use std::collections::HashSet;
use std::path::Path;

use csv::{ReaderBuilder, StringRecord, WriterBuilder};
use peal_spec::address::Address;
use peal_spec::facet::Reference;
use peal_spec::statement::Amount;
use peal_spec::value::{Currency, Insurance, Month, Text};

use crate::disk;
use crate::import::Fault;
use crate::trouble::Trouble;

/// The columns, in their order.
pub const COLUMNS: [&str; 12] = [
    "account",
    "sequence",
    "month",
    "insurance",
    "scheme",
    "amount",
    "credited",
    "base",
    "currency",
    "fund",
    "reference",
    "issuer",
];

/// One line: a contribution as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The account it is in.
    pub account: Address,
    /// Its sequence there.
    pub sequence: u64,
    /// The month.
    pub month: Month,
    /// The insurance.
    pub insurance: Insurance,
    /// The scheme.
    pub scheme: Text<32>,
    /// The latest amount. In a journal an amount of zero stands for a contribution that was voided.
    pub amount: Amount,
    /// The fund that is to receive it.
    pub fund: Address,
    /// The payer's reference.
    pub reference: Reference,
    /// The payer.
    pub issuer: Address,
}

impl Line {
    fn record(&self) -> [String; 12] {
        let money = |minor| self.amount.currency.format(minor);
        [
            self.account.to_string(),
            self.sequence.to_string(),
            self.month.to_string(),
            self.insurance.to_string(),
            self.scheme.to_string(),
            money(self.amount.amount),
            money(self.amount.credited),
            self.amount.base.map(money).unwrap_or_default(),
            self.amount.currency.to_string(),
            self.fund.to_string(),
            self.reference.to_string(),
            self.issuer.to_string(),
        ]
    }

    fn read(line: usize, text: &StringRecord) -> Result<Self, Fault> {
        let field = |i: usize| text.get(i).unwrap_or_default();
        fn wrong<T, E: std::fmt::Display>(
            line: usize,
            column: usize,
            result: Result<T, E>,
        ) -> Result<T, Fault> {
            result.map_err(|e| Fault {
                line,
                field: COLUMNS[column],
                problem: e.to_string(),
                remedy: "use the return file as it was written",
            })
        }
        let currency: Currency = wrong(line, 8, field(8).parse())?;
        let money = |i: usize| wrong(line, i, currency.parse_amount(field(i)));
        let base = if field(7).is_empty() { None } else { Some(money(7)?) };
        let number = field(1).parse().ok().filter(|n| *n < peal_spec::cbor::COUNT_LIMIT);
        Ok(Self {
            account: wrong(line, 0, field(0).parse())?,
            sequence: wrong(line, 1, number.ok_or("expected a sequence number"))?,
            month: wrong(line, 2, field(2).parse())?,
            insurance: wrong(line, 3, field(3).parse())?,
            scheme: wrong(line, 4, field(4).parse())?,
            amount: Amount { amount: money(5)?, credited: money(6)?, base, currency },
            fund: wrong(line, 9, field(9).parse())?,
            reference: wrong(line, 10, field(10).parse())?,
            issuer: wrong(line, 11, field(11).parse())?,
        })
    }
}

/// Writes lines, with the header or without.
pub fn write(lines: &[Line], header: bool) -> Vec<u8> {
    let mut writer = WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    // Writing to memory does not fail.
    if header {
        let _ = writer.write_record(COLUMNS);
    }
    for line in lines {
        let _ = writer.write_record(line.record());
    }
    writer.into_inner().unwrap_or_default()
}

/// Reads a file: the good lines with their numbers, and the faults of the others.
pub fn read(bytes: &[u8]) -> (Vec<(usize, Line)>, Vec<Fault>) {
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let (mut lines, mut faults) = (Vec::new(), Vec::new());
    let mut titled = false;
    for (place, record) in reader.records().enumerate() {
        let text = match record {
            Ok(text) => text,
            Err(e) => {
                let line = e.position().map_or(place + 1, |p| p.line() as usize);
                let remedy = "use the return file as it was written";
                faults.push(Fault { line, field: "line", problem: "it is not CSV in UTF-8".into(), remedy });
                continue;
            }
        };
        let line = text.position().map_or(place + 1, |p| p.line() as usize);
        if !titled {
            titled = true;
            if text.iter().eq(COLUMNS) {
                continue;
            }
            let problem = format!("the first line is not {}", COLUMNS.join(","));
            faults.push(Fault {
                line,
                field: "header",
                problem,
                remedy: "give a return file as `peal import --return` writes it",
            });
            break;
        }
        if text.len() != COLUMNS.len() {
            let problem = format!("{} fields, not {}", text.len(), COLUMNS.len());
            faults.push(Fault {
                line,
                field: "line",
                problem,
                remedy: "use the return file as it was written",
            });
            continue;
        }
        match Line::read(line, &text) {
            Ok(read) => lines.push((line, read)),
            Err(fault) => faults.push(fault),
        }
    }
    if !titled {
        let remedy = "give a return file as `peal import --return` writes it";
        faults.push(Fault { line: 1, field: "header", problem: "the file is empty".into(), remedy });
    }
    (lines, faults)
}

/// Keeps the first of equal lines. Two amounts of one contribution are both kept: which of them holds, the ledger knows.
pub fn distinct(lines: Vec<(usize, Line)>) -> Vec<(usize, Line)> {
    let mut seen = HashSet::new();
    let key = |l: &Line| {
        let Amount { amount, credited, base, currency } = l.amount;
        (l.account, l.sequence, amount, credited, base, currency)
    };
    lines.into_iter().filter(|(_, l)| seen.insert(key(l))).collect()
}

/// Appends a line to a return file, unless it is there.
///
/// # Errors
/// Unusable if the file is no return file, or cannot be written.
pub fn append(path: &Path, line: &Line) -> Result<(), Trouble> {
    let bytes = disk::read_if_there(path, disk::MAX_FILE)?.unwrap_or_default();
    if !bytes.is_empty() {
        let (lines, faults) = read(&bytes);
        if let Some(fault) = faults.first() {
            let remedy = "give a return file, or a file that is not there yet";
            return Err(Trouble::unusable(
                format!("this is no good return file: {fault}"),
                path.display(),
                remedy,
            ));
        }
        if lines.iter().any(|(_, l)| l == line) {
            return Ok(());
        }
    }
    disk::append(path, &write(std::slice::from_ref(line), bytes.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use peal_spec::hash::Hash;

    pub(crate) fn line(sequence: u64, amount: u64) -> Line {
        Line {
            account: Address { number: 7, id: Hash([7; 32]) },
            sequence,
            month: Month::new(202610).unwrap(),
            insurance: Insurance::PENSION,
            scheme: "cn, flexible".parse().unwrap(),
            amount: Amount { amount, credited: 0, base: None, currency: "CNY".parse().unwrap() },
            fund: Address { number: 1, id: Hash([1; 32]) },
            reference: "a \"b\"".parse().unwrap(),
            issuer: Address { number: 2, id: Hash([2; 32]) },
        }
    }

    #[test]
    fn lines_come_back() {
        let lines = [line(3, 12_345), line(4, 1)];
        let bytes = write(&lines, true);
        let (read, faults) = super::read(&bytes);
        assert_eq!(faults, []);
        assert_eq!(read, [(2, lines[0].clone()), (3, lines[1].clone())]);
        assert_eq!(distinct([read.clone(), read].concat()).len(), 2);
    }

    #[test]
    fn faults_name_line_and_field() {
        let good = String::from_utf8(write(&[line(3, 12_345)], true)).unwrap();
        let bad = good.replace("123.45", "123.456") + "x,y\n";
        let faults: Vec<String> = super::read(bad.as_bytes()).1.iter().map(ToString::to_string).collect();
        assert_eq!(faults.len(), 2);
        assert!(faults[0].starts_with("line 2, amount: expected an amount in CNY"), "{faults:?}");
        assert_eq!(faults[1], "line 3, line: 2 fields, not 12; use the return file as it was written");
        assert_eq!(super::read(b"").1.len(), 1);
        assert_eq!(super::read(b"worker,address\n").1[0].field, "header");
    }
}
