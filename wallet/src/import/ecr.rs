//! India's EPFO Electronic Challan cum Return, layout 2.0: one member a line, eleven fields between `#~#`, whole rupees.
//!
//! Source: the published layout (EPFO, UAN-based ECR). That the ten-digit width of its figures carries over from the
//! older layout is inferred. The wage month and the kind of return are not in the file; they are given beside it.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use peal_spec::value::{Currency, Insurance, Month};

use super::{Draft, End, Fault, Faults, NOT_A_CONTRIBUTION, Skipped, ZERO, digits, lines, shown};

/// EPS and EDLI wages end here, in rupees (ceiling since September 2014).
pub const CEILING: u64 = 15_000;

const SEPARATOR: &str = "#~#";
const FIELDS: [&str; 11] = [
    "field 1, UAN",
    "field 2, member name",
    "field 3, gross wages",
    "field 4, EPF wages",
    "field 5, EPS wages",
    "field 6, EDLI wages",
    "field 7, employee share",
    "field 8, EPS share",
    "field 9, employer difference",
    "field 10, NCP days",
    "field 11, refund of advances",
];

/// What a return is, since wage month 2025-09.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The month's return.
    Regular,
    /// Adds members that the regular return left out, and changes nothing else.
    Supplementary,
    /// Replaces amounts that differ and are not settled, by corrections.
    Revised,
}

impl FromStr for Kind {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "regular" => Ok(Self::Regular),
            "supplementary" => Ok(Self::Supplementary),
            "revised" => Ok(Self::Revised),
            _ => Err("expected regular, supplementary or revised".to_owned()),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Regular => "regular",
            Self::Supplementary => "supplementary",
            Self::Revised => "revised",
        })
    }
}

/// A whole number as the file writes it; zeros in front are kept for the way back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figure {
    /// Rupees or days.
    pub value: u64,
    /// Digits written, zeros in front included.
    width: usize,
}

impl Figure {
    /// A figure without zeros in front.
    pub fn new(value: u64) -> Self {
        Self { value, width: 1 }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:0width$}", self.value, width = self.width)
    }
}

/// One member of the return. Wages and shares are rupees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Line in the file, from 1.
    pub line: usize,
    /// Field 1: the twelve digits of the universal account number.
    pub uan: String,
    /// Field 2.
    pub name: String,
    /// Field 3.
    pub gross_wages: Figure,
    /// Field 4: what the employee's and employer's shares are reckoned from.
    pub epf_wages: Figure,
    /// Field 5: what the pension share is reckoned from; 0 for those outside the pension scheme.
    pub eps_wages: Figure,
    /// Field 6: what the insurance is reckoned from; no share of it is in the return.
    pub edli_wages: Figure,
    /// Field 7: what the employee pays.
    pub employee_share: Figure,
    /// Field 8: the part of the employer's share that goes to the pension scheme.
    pub eps_share: Figure,
    /// Field 9: the rest of the employer's share.
    pub employer_difference: Figure,
    /// Field 10: days of the month without contribution.
    pub ncp_days: Figure,
    /// Field 11: what the member paid back of an advance.
    pub refund: Figure,
    end: End,
}

/// A return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// The wage month.
    pub month: Month,
    /// Regular, supplementary or revised: the references are the same, so that a revised return finds what it revises.
    pub kind: Kind,
    /// The members whose lines are without fault, in the file's order.
    pub members: Vec<Member>,
}

/// Reads a return.
pub fn parse(bytes: &[u8], month: Month, kind: Kind) -> (File, Vec<Fault>) {
    let mut faults = Faults::new();
    let mut members = Vec::new();
    let mut first_lines = HashMap::new();
    for (line, text, end) in lines(bytes) {
        let member = member(line, text, end, &mut faults);
        let uan =
            text.split(|b| *b == b'#').next().filter(|uan| uan.len() == 12).and_then(|uan| digits(uan, 12));
        let first = uan.map_or(line, |uan| *first_lines.entry(uan).or_insert(line));
        if first != line {
            let problem = format!("the member of line {first} again");
            faults.add(line, FIELDS[0], problem, "keep one line for each member");
        } else {
            members.extend(member);
        }
    }
    if bytes.is_empty() {
        faults.add(1, FIELDS[0], "the file is empty", "export the return again");
    }
    (File { month, kind, members }, faults.finish())
}

fn member(line: usize, text: &[u8], end: End, faults: &mut Faults) -> Option<Member> {
    let before = faults.count;
    if text.starts_with(b"\xef\xbb\xbf") {
        faults.add(
            line,
            FIELDS[0],
            "a byte order mark is before it",
            "save the file as plain text without one",
        );
        return None;
    }
    let Ok(text) = std::str::from_utf8(text) else {
        faults.add(line, FIELDS[1], "is not UTF-8", "save the file as plain text in UTF-8");
        return None;
    };
    let count = text.matches(SEPARATOR).count() + 1;
    if count != FIELDS.len() {
        let field = if count < FIELDS.len() { FIELDS[count] } else { FIELDS[10] };
        let problem = format!("the line has {count} fields, not 11");
        faults.add(line, field, problem, "separate eleven fields by #~#, and nothing after the last");
        return None;
    }
    let mut fields = text.split(SEPARATOR);
    let uan = fields.next().unwrap_or("");
    if uan.len() != 12 || digits(uan.as_bytes(), 12).is_none() {
        let problem = format!("{} is not 12 digits", shown(uan.as_bytes()));
        faults.add(line, FIELDS[0], problem, "write the member's universal account number");
    }
    let name = fields.next().unwrap_or("");
    let plain = |c: char| c.is_alphanumeric() || c == ' ' || c == '.';
    if name.trim().is_empty() || name.chars().count() > 85 || !name.chars().all(plain) {
        let problem = format!("{} is not 1 to 85 letters, digits, spaces and points", shown(name.as_bytes()));
        faults.add(line, FIELDS[1], problem, "write the name without other characters");
    }
    let mut figures = [Figure::new(0); 9];
    for ((figure, field), text) in figures.iter_mut().zip(&FIELDS[2..]).zip(fields) {
        let width = if *field == FIELDS[9] { 2 } else { 10 };
        match digits(text.as_bytes(), width) {
            Some(value) => *figure = Figure { value, width: text.len() },
            None => {
                let problem = format!("{} is not 1 to {width} digits", shown(text.as_bytes()));
                faults.add(line, field, problem, "write a whole number without sign, point or comma");
            }
        }
    }
    if faults.count == before {
        check(line, figures.map(|f| f.value), faults);
    }
    let [
        gross_wages,
        epf_wages,
        eps_wages,
        edli_wages,
        employee_share,
        eps_share,
        employer_difference,
        ncp_days,
        refund,
    ] = figures;
    (faults.count == before).then(|| Member {
        line,
        uan: uan.to_owned(),
        name: name.to_owned(),
        gross_wages,
        epf_wages,
        eps_wages,
        edli_wages,
        employee_share,
        eps_share,
        employer_difference,
        ncp_days,
        refund,
        end,
    })
}

/// What the figures of one member must be to each other. Sums: at most ten digits times 833 fit a `u64` with ease.
fn check(line: usize, figures: [u64; 9], faults: &mut Faults) {
    let [_, epf_wages, eps_wages, edli_wages, employee, eps, difference, _, _] = figures;
    for (wages, field) in [(eps_wages, FIELDS[4]), (edli_wages, FIELDS[5])] {
        if wages > CEILING {
            faults.add(line, field, format!("{wages} is above {CEILING}"), "write at most the ceiling");
        }
    }
    let due = (eps_wages * 833 + 5_000) / 10_000;
    if eps != due {
        let problem = format!("{eps} is not {due}, 8.33 % of the EPS wages rounded half up");
        faults.add(line, FIELDS[7], problem, "mend the EPS share or the EPS wages");
        return;
    }
    // 12 %, or 10 % for notified classes of establishments: the employer's share says which, the employee's may be higher.
    let share = |percent: u64| (epf_wages * percent + 50) / 100;
    let Some(percent) = [10, 12].into_iter().find(|p| share(*p).checked_sub(eps) == Some(difference)) else {
        let due = |p| share(p).checked_sub(eps).map_or("below zero".to_owned(), |d: u64| d.to_string());
        let problem = format!(
            "{difference} is neither {} nor {}, 12 or 10 % of the EPF wages less the EPS share",
            due(12),
            due(10)
        );
        faults.add(line, FIELDS[8], problem, "mend the employer difference, the EPF wages or the EPS wages");
        return;
    };
    if employee < share(percent) {
        let problem = format!("{employee} is below {}, {percent} % of the EPF wages", share(percent));
        faults.add(line, FIELDS[6], problem, "write the whole share; more is accepted as voluntary");
    }
}

/// Writes a return as it was read.
pub fn write(file: &File) -> Vec<u8> {
    let mut out = Vec::new();
    for m in &file.members {
        out.extend_from_slice(format!("{}{SEPARATOR}{}", m.uan, m.name).as_bytes());
        for figure in [
            m.gross_wages,
            m.epf_wages,
            m.eps_wages,
            m.edli_wages,
            m.employee_share,
            m.eps_share,
            m.employer_difference,
            m.ncp_days,
            m.refund,
        ] {
            out.extend_from_slice(format!("{SEPARATOR}{figure}").as_bytes());
        }
        out.extend_from_slice(m.end.bytes());
    }
    out
}

/// The three shares of a member: field, scheme, amount, what it is reckoned from, whether it is the person's own.
fn shares(member: &Member) -> [(u8, &'static str, Figure, Figure, bool); 3] {
    [
        (7, "in-epf-employee", member.employee_share, member.epf_wages, true),
        (8, "in-eps", member.eps_share, member.eps_wages, false),
        (9, "in-epf-employer", member.employer_difference, member.epf_wages, true),
    ]
}

fn reference(file: &File, member: &Member, field: u8) -> String {
    format!("ecr/{}/{}/{field}", file.month.number(), member.uan)
}

/// The contributions of a return: fields 7, 8 and 9, in that order, where they are not zero.
pub fn drafts(file: &File) -> Vec<Draft> {
    // "INR" is three letters; without a currency there is nothing to draft.
    let Ok(currency) = "INR".parse::<Currency>() else { return Vec::new() };
    let mut drafts = Vec::new();
    for member in &file.members {
        for (field, scheme, share, wages, own) in shares(member) {
            let amount = share.value * 100;
            if amount > 0 {
                drafts.push(Draft {
                    line: member.line,
                    worker: member.uan.clone(),
                    insurance: Insurance::PENSION,
                    scheme: scheme.to_owned(),
                    month: file.month,
                    amount,
                    credited: if own { amount } else { 0 },
                    base: Some(wages.value * 100),
                    currency,
                    source: None,
                    reference: reference(file, member, field),
                    orders: None,
                    shift: None,
                    place: None,
                });
            }
        }
    }
    drafts
}

/// The references of shares that are zero, with line and UAN. They make no statement; but where a revised return takes
/// an amount back to nothing, the entry under this reference is to be voided.
pub fn zeros(file: &File) -> Vec<(usize, String, String)> {
    let nothing =
        |m: &Member| shares(m).into_iter().filter(|s| s.2.value == 0).map(|s| s.0).collect::<Vec<_>>();
    let of = |m| nothing(m).into_iter().map(move |field| (m.line, m.uan.clone(), reference(file, m, field)));
    file.members.iter().flat_map(of).collect()
}

/// What of a return makes no statement.
pub fn skipped(file: &File) -> Vec<Skipped> {
    let count = |of: fn(&Member) -> bool| file.members.iter().filter(|m| of(m)).count();
    Skipped::list([
        (FIELDS[6], ZERO, count(|m| m.employee_share.value == 0)),
        (FIELDS[7], ZERO, count(|m| m.eps_share.value == 0)),
        (FIELDS[8], ZERO, count(|m| m.employer_difference.value == 0)),
        (FIELDS[9], NOT_A_CONTRIBUTION, count(|m| m.ncp_days.value > 0)),
        (FIELDS[10], NOT_A_CONTRIBUTION, count(|m| m.refund.value > 0)),
    ])
}

#[cfg(test)]
mod tests;
