//! Singapore's CPF EZPay file: records of 150 bytes, each ended by CR LF; money in cents without a point.
//!
//! Source: the CPF Board's file specification in force from 2025-01-16. A file is a header, summaries by month and
//! payment code, details by member, and a trailer. The last record may lack its CR LF; that is kept for the way back.

use std::cmp::Reverse;
use std::collections::HashMap;

use peal_spec::value::{Currency, Insurance, Month};

use super::{Draft, End, Fault, Faults, NOT_A_CONTRIBUTION, Skipped, ZERO, digits, lines, shown};

mod record;

/// Bytes of a record, without its CR LF.
pub const RECORD: usize = 150;

/// What no field may hold, besides anything that is not printable ASCII.
pub const FORBIDDEN: &str = "_+$<>:;?!=[]\\`^|\"~";

/// Payment codes and what they pay. Only 01 is a contribution.
pub const CODES: [(u8, &str); 10] = [
    (1, "01 CPF contribution"),
    (2, "02 MBMF"),
    (3, "03 SINDA"),
    (4, "04 CDAC"),
    (5, "05 ECF"),
    (7, "07 CPF penalty interest"),
    (8, "08 foreign worker levy"),
    (9, "09 foreign worker levy interest"),
    (10, "10 Community Chest"),
    (11, "11 skills development levy"),
];

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

/// Columns 3 to 20: who pays under which advice. They are the same in every record of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// UEN, NRIC or FIN of the payer: 9 or 10 capital letters and digits.
    pub payer: String,
    /// `PTE` (mandatory contributions), `VCT`, `AMS` or `MSE` (voluntary ones).
    pub payment_type: &'static str,
    /// Serial of the payer's submission number, 0 to 99.
    pub serial: u8,
    /// Advice code, 1 to 99.
    pub code: u8,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// When the file was made, in local time.
    Header {
        /// `YYYYMMDD`.
        date: u64,
        /// `HHMMSS`.
        time: u64,
    },
    /// What is paid for a month under one payment code.
    Summary {
        /// The month paid for.
        month: Month,
        /// The payment code.
        code: u8,
        /// Cents.
        amount: u64,
        /// How many give, for codes 02 to 05 and 10.
        donors: u64,
    },
    /// What is paid for one member.
    Detail(Detail),
    /// What the file adds up to.
    Trailer {
        /// Records, header and trailer included.
        records: u64,
        /// Cents of all summaries.
        total: u64,
    },
}

/// What is paid for one member. Money is cents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    /// The month paid for.
    pub month: Month,
    /// The payment code.
    pub code: u8,
    /// CPF account: S or T, seven digits, a letter.
    pub account: String,
    /// What is paid.
    pub amount: u64,
    /// Ordinary wages.
    pub ordinary: u64,
    /// Additional wages.
    pub additional: u64,
    /// `E` existing, `L` leaver, `N` new, `O` joined and left; a space if the code is not 01.
    pub status: char,
    /// The member's name, without the spaces after it.
    pub name: String,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Columns 3 to 20 of every record; `None` if no record could be read.
    pub advice: Option<Advice>,
    /// The records without fault, with their lines.
    pub records: Vec<(usize, Record)>,
    /// Whether the last record lacks its CR LF.
    open: bool,
}

/// Reads a file.
pub fn parse(bytes: &[u8]) -> (File, Vec<Fault>) {
    let mut faults = Faults::new();
    let mut file = File { advice: None, records: Vec::new(), open: false };
    let mut details = HashMap::new();
    let mut summaries = HashMap::new();
    let mut count = 0;
    let usual = usual_advice(bytes);
    for (line, text, end) in lines(bytes) {
        count = line;
        file.open = end == End::Open;
        let record = record::read(line, text, end, &mut faults).and_then(|(advice, record)| {
            if text.get(2..20) == usual {
                file.advice.get_or_insert(advice);
                return Some(record);
            }
            let problem = "differs from most records of the file";
            faults.add(line, "columns 3-20", problem, "write one payer and one advice a file");
            None
        });
        let first = match &record {
            Some(Record::Summary { month, code, .. }) => *summaries.entry((*month, *code)).or_insert(line),
            Some(Record::Detail(d)) => *details.entry((d.month, d.code, d.account.clone())).or_insert(line),
            _ => line,
        };
        if first != line {
            let problem = format!("month, payment code and account of line {first} again");
            faults.add(line, "record", problem, "keep one record for each, with the sum");
        } else {
            file.records.extend(record.map(|record| (line, record)));
        }
    }
    // What records say of each other can be checked only if all were read.
    let all = faults.count == 0;
    frame(&file, count, all, &mut faults);
    if all {
        tally(&file, &mut faults);
    }
    (file, faults.finish())
}

/// Columns 3 to 20 of most records (of the first, in a tie): a wrong header must not sink the records after it.
fn usual_advice(bytes: &[u8]) -> Option<&[u8]> {
    let mut counts: HashMap<&[u8], (usize, Reverse<usize>)> = HashMap::new();
    for (line, text, _) in lines(bytes).filter(|(_, text, _)| text.len() == RECORD) {
        counts.entry(text.get(2..20)?).or_insert((0, Reverse(line))).0 += 1;
    }
    counts.into_iter().max_by_key(|(_, rank)| *rank).map(|(text, _)| text)
}

/// Header first, trailer last, and the trailer's figures. `all`: no record had a fault.
fn frame(file: &File, lines: usize, all: bool, faults: &mut Faults) {
    let mut sum = 0;
    let (mut headed, mut ended) = (false, false);
    for (line, record) in &file.records {
        match record {
            Record::Header { .. } if *line == 1 => headed = true,
            Record::Header { .. } => {
                faults.add(
                    *line,
                    "record type, columns 1-2",
                    "a header inside the file",
                    "write one header, first",
                );
            }
            Record::Summary { amount, .. } => sum += amount,
            Record::Detail(_) => {}
            Record::Trailer { .. } if *line != lines => {
                faults.add(
                    *line,
                    "record type, columns 1-2",
                    "records after the trailer",
                    "write one trailer, last",
                );
            }
            Record::Trailer { records, total } => {
                ended = true;
                if *records != lines as u64 {
                    let problem = format!("{records} is not {lines}, the file's records");
                    faults.add(
                        *line,
                        "record count, columns 21-27",
                        problem,
                        "look for lost or repeated records",
                    );
                }
                if all && *total != sum {
                    let problem = format!("{total} is not {sum}, the sum of the summaries");
                    faults.add(*line, "total, columns 28-42", problem, "look for lost or changed summaries");
                }
            }
        }
    }
    if all && !headed {
        faults.add(
            1,
            "record type, columns 1-2",
            "the file does not start with a header",
            "export the file again",
        );
    }
    if all && !ended {
        faults.add(
            lines.max(1),
            "record type, columns 1-2",
            "the file does not end with a trailer",
            "export the file again",
        );
    }
}

/// Each summary against its details: always for CPF contributions, for other payments where there are any.
fn tally(file: &File, faults: &mut Faults) {
    // First line, members and cents.
    let mut sums: HashMap<(Month, u8), (usize, u64, u64)> = HashMap::new();
    for (line, record) in &file.records {
        if let Record::Detail(d) = record {
            let sum = sums.entry((d.month, d.code)).or_insert((*line, 0, 0));
            sum.1 += 1;
            sum.2 += d.amount;
        }
    }
    for (line, record) in &file.records {
        let Record::Summary { month, code, amount, donors } = record else { continue };
        let sum = sums.remove(&(*month, *code));
        if sum.is_none() && *code != 1 {
            continue;
        }
        let (_, members, cents) = sum.unwrap_or_default();
        if *amount != cents {
            let problem = format!("{amount} is not {cents}, the sum of its {members} details");
            faults.add(*line, "amount, columns 29-40", problem, "mend the summary or its details");
        }
        if matches!(code, 2..=5) && *donors != members {
            let problem = format!("{donors} is not {members}, the number of its details");
            faults.add(*line, "donor count, columns 41-47", problem, "mend the summary or its details");
        }
    }
    let mut without: Vec<_> =
        sums.into_iter().map(|((month, code), (line, ..))| (line, month, code)).collect();
    without.sort_unstable();
    for (line, month, code) in without {
        let problem = format!("no summary has payment code {code:02} for {month}");
        faults.add(line, "payment code, columns 27-28", problem, "write a summary for the details");
    }
}

/// Checks a file's name, `<payer><type><serial><MonYYYY><advice>.DTL` in capital or small letters, against its records.
/// That the month of the name is one of the months paid for is not in the specification, so it is given, not compared.
///
/// # Errors
/// A [`Fault`] at line 0.
pub fn check_name(name: &str, file: &File) -> Result<Month, Fault> {
    let upper = name.to_ascii_uppercase();
    let read = || {
        let advice = file.advice.as_ref()?;
        let start = format!("{}{}{:02}", advice.payer, advice.payment_type, advice.serial);
        let date = upper.strip_prefix(&start)?.strip_suffix(&format!("{:02}.DTL", advice.code))?;
        let of_year = MONTHS.iter().position(|m| date.starts_with(m))? + 1;
        let year = digits(date.get(3..)?.as_bytes(), 4).filter(|_| date.len() == 7)?;
        Month::new(u32::try_from(year).ok()? * 100 + u32::try_from(of_year).ok()?)
    };
    read().ok_or_else(|| Fault {
        line: 0,
        field: "file name",
        problem: format!(
            "{} is not payer, type, serial, MonYYYY, advice code and .DTL of its records",
            shown(name.as_bytes())
        ),
        remedy: "name it as 53012345XPTE01JAN202601.DTL",
    })
}

/// Writes a file as it was read.
pub fn write(file: &File) -> Vec<u8> {
    let Some(advice) = &file.advice else { return Vec::new() };
    let who = format!("{:<10}{}{:02} {:02}", advice.payer, advice.payment_type, advice.serial, advice.code);
    let mut out = Vec::with_capacity(file.records.len() * (RECORD + 2));
    for (_, record) in &file.records {
        let text = match record {
            Record::Header { date, time } => format!("F {who}{date:08}{time:06}FTP.DTL"),
            Record::Summary { month, code, amount, donors } => {
                format!("F0{who}{:06}{code:02}{amount:012}{donors:07}", month.number())
            }
            Record::Detail(d) => format!(
                "F1{who}{:06}{:02}{}{:012}{:010}{:010}{}{}",
                d.month.number(),
                d.code,
                d.account,
                d.amount,
                d.ordinary,
                d.additional,
                d.status,
                d.name
            ),
            Record::Trailer { records, total } => format!("F9{who}{records:07}{total:015}"),
        };
        out.extend_from_slice(format!("{text:<RECORD$}\r\n").as_bytes());
    }
    if file.open {
        out.truncate(out.len().saturating_sub(2));
    }
    out
}

/// The contributions of a file: details of payment code 01 that are not zero, in the file's order.
pub fn drafts(file: &File) -> Vec<Draft> {
    // "SGD" is three letters; without currency and advice there is nothing to draft.
    let (Ok(currency), Some(advice)) = ("SGD".parse::<Currency>(), &file.advice) else { return Vec::new() };
    let draft = |(line, record): &(usize, Record)| match record {
        Record::Detail(d) if d.code == 1 && d.amount > 0 => Some(Draft {
            line: *line,
            worker: d.account.clone(),
            insurance: Insurance::PENSION,
            scheme: "sg-cpf".to_owned(),
            month: d.month,
            amount: d.amount,
            credited: d.amount,
            base: Some(d.ordinary + d.additional),
            currency,
            source: None,
            reference: format!("ezpay/{}/{:02}/{}/{:02}", d.month.number(), advice.code, d.account, d.code),
            orders: None,
            shift: None,
            place: None,
        }),
        _ => None,
    };
    file.records.iter().filter_map(draft).collect()
}

/// What of a file makes no statement: payments other than 01, by their summaries and details.
pub fn skipped(file: &File) -> Vec<Skipped> {
    let count = |of: &dyn Fn(&Record) -> bool| file.records.iter().filter(|(_, r)| of(r)).count();
    let zero = count(&|r| matches!(r, Record::Detail(d) if d.code == 1 && d.amount == 0));
    let others = CODES.iter().skip(1).map(|(other, name)| {
        let same = |r: &Record| match r {
            Record::Summary { code, .. } => code == other,
            Record::Detail(d) => d.code == *other,
            _ => false,
        };
        (*name, NOT_A_CONTRIBUTION, count(&same))
    });
    Skipped::list([(CODES[0].1, ZERO, zero)].into_iter().chain(others))
}

#[cfg(test)]
mod tests;
