//! Files that payroll systems make, read into drafts of contributions and written out again; and what platforms and employers write down
//! of somebody's work ([`work`]), which is only read.
//!
//! 1. `parse` reads every line by itself: a good line is kept with its number, a faulty one becomes [`Fault`]s that
//!    name line, field and remedy, and does not sink the others.
//! 2. `drafts` makes [`Draft`]s of the lines that are contributions, as `spec/README.md` §18 says; what is none is
//!    counted in `skipped`.
//! 3. `write` gives a file without faults back byte for byte; one in CSV if it is in the writer's quoting (`table`).
//!
//! ```
//! use peal_wallet::import::{ecr, totals};
//!
//! let bytes = b"100427607286#~#xy#~#15000#~#15000#~#15000#~#15000#~#1800#~#1250#~#550#~#0#~#0\n\
//!               100427601130#~#FGH#~#10000#~#10000#~#10000#~#10000#~#1200#~#834#~#366#~#0#~#0\n";
//! let (file, faults) = ecr::parse(bytes, "2026-10".parse().unwrap(), ecr::Kind::Regular);
//! assert_eq!(
//!     faults[0].to_string(),
//!     "line 2, field 8, EPS share: 834 is not 833, 8.33 % of the EPS wages rounded half up; \
//!      mend the EPS share or the EPS wages"
//! );
//! let drafts = ecr::drafts(&file);
//! assert_eq!(drafts.len(), 3);
//! assert_eq!(drafts[0].reference, "ecr/202610/100427607286/7");
//! assert_eq!(totals(&drafts)[0].amount, 180_000); // 1,800 rupees in paise
//! ```
//!
//! Bytes in, values out: nothing here reads a file, a clock or the network, so a crash leaves nothing behind. The same
//! bytes give the same drafts with the same references. Memory is a small multiple of the input's size, whatever it holds.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use peal_spec::value::{Currency, Insurance, Month, Time};

mod table;

pub mod ecr;
pub mod ezpay;

pub mod csv;
pub mod work;
pub mod roster;

/// What is wrong with one field of one line, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Line in the file, from 1; 0 is the file's name.
    pub line: usize,
    /// The layout's name of the field.
    pub field: &'static str,
    /// What was found, and what the layout says.
    pub problem: String,
    /// What the sender can do.
    pub remedy: &'static str,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, {}: {}; {}", self.line, self.field, self.problem, self.remedy)
    }
}

impl std::error::Error for Fault {}

/// Who pays a contribution, where the layout says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A platform for those who work through it.
    Platform,
    /// An employer for its employees.
    Employer,
    /// A public body that adds to what others pay.
    Subsidy,
}

impl FromStr for Source {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "platform" => Ok(Self::Platform),
            "employer" => Ok(Self::Employer),
            "subsidy" => Ok(Self::Subsidy),
            _ => Err("expected platform, employer or subsidy".to_owned()),
        }
    }
}

impl From<Source> for peal_spec::facet::Source {
    fn from(source: Source) -> Self {
        match source {
            Source::Platform => Self::Platform,
            Source::Employer => Self::Employer,
            Source::Subsidy => Self::Subsidy,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Platform => "platform",
            Self::Employer => "employer",
            Self::Subsidy => "subsidy",
        })
    }
}

/// One contribution as a file states it, before the roster gives it an account and the issuer signs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Line in the file, from 1.
    pub line: usize,
    /// The key of the roster: UAN, CPF account, or the platform's own.
    pub worker: String,
    /// The insurance.
    pub insurance: Insurance,
    /// The scheme, at most 32 bytes.
    pub scheme: String,
    /// The month that the contribution is for.
    pub month: Month,
    /// Minor units of the currency, at least 1.
    pub amount: u64,
    /// Minor units, at most the amount: the part that goes to the person's own account.
    pub credited: u64,
    /// Minor units: what the amount was reckoned from.
    pub base: Option<u64>,
    /// The currency of amount, credited part and base.
    pub currency: Currency,
    /// Who pays; `None` where the layout does not say and the importer's caller must.
    pub source: Option<Source>,
    /// The payer's reference, at most 64 bytes: the same file gives the same ones.
    pub reference: String,
    /// Orders that the contribution covers.
    pub orders: Option<u64>,
    /// First and last second of the work that the contribution covers.
    pub shift: Option<(Time, Time)>,
    /// Where the work was done, at most 64 bytes.
    pub place: Option<String>,
}

/// Lines of a file that make no statement, by reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The layout's name of the field or payment.
    pub what: &'static str,
    /// Why it makes no statement: `not a contribution`, or `zero`.
    pub reason: &'static str,
    /// How many lines.
    pub lines: usize,
}

/// Why a field or payment that the layout has, and PEAL does not carry, is passed over.
pub const NOT_A_CONTRIBUTION: &str = "not a contribution";
/// Why a contribution of nothing is passed over.
pub const ZERO: &str = "zero";

impl Skipped {
    /// The counts that are not nought, in the order given.
    fn list(counts: impl IntoIterator<Item = (&'static str, &'static str, usize)>) -> Vec<Self> {
        let all = counts.into_iter().filter(|(_, _, lines)| *lines > 0);
        all.map(|(what, reason, lines)| Self { what, reason, lines }).collect()
    }
}

/// The sum of drafts of one insurance, scheme and currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Total {
    /// The insurance.
    pub insurance: Insurance,
    /// The scheme.
    pub scheme: String,
    /// The currency.
    pub currency: Currency,
    /// How many drafts.
    pub drafts: usize,
    /// Minor units; wider than one amount, so that no file can overflow it.
    pub amount: u128,
    /// Minor units of the amounts that go to persons' own accounts.
    pub credited: u128,
}

/// Sums drafts by insurance, scheme and currency, in that order.
pub fn totals(drafts: &[Draft]) -> Vec<Total> {
    let mut sums: BTreeMap<(Insurance, &str, Currency), (usize, u128, u128)> = BTreeMap::new();
    for draft in drafts {
        let sum = sums.entry((draft.insurance, &draft.scheme, draft.currency)).or_default();
        sum.0 += 1;
        sum.1 += u128::from(draft.amount);
        sum.2 += u128::from(draft.credited);
    }
    let total = |((insurance, scheme, currency), (drafts, amount, credited)): ((_, &str, _), _)| Total {
        insurance,
        scheme: scheme.to_owned(),
        currency,
        drafts,
        amount,
        credited,
    };
    sums.into_iter().map(total).collect()
}

/// The faults of one file. Beyond [`Faults::LISTED`] they are only counted, so that a file of a million bad lines does
/// not take more memory than it has bytes.
struct Faults {
    list: Vec<Fault>,
    count: usize,
    last: usize,
}

impl Faults {
    const LISTED: usize = 1000;

    fn new() -> Self {
        Self { list: Vec::new(), count: 0, last: 0 }
    }

    fn add(&mut self, line: usize, field: &'static str, problem: impl Into<String>, remedy: &'static str) {
        if self.count < Self::LISTED {
            self.list.push(Fault { line, field, problem: problem.into(), remedy });
        }
        self.count += 1;
        self.last = self.last.max(line);
    }

    fn finish(mut self) -> Vec<Fault> {
        if self.count > Self::LISTED {
            self.list.push(Fault {
                line: self.last,
                field: "file",
                problem: format!("{} more faults up to here are not listed", self.count - Self::LISTED),
                remedy: "mend those above and import again",
            });
        }
        self.list
    }
}

/// How a line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    CrLf,
    Lf,
    /// The last line of a file that does not end with a newline.
    Open,
}

impl End {
    fn bytes(self) -> &'static [u8] {
        match self {
            Self::CrLf => b"\r\n",
            Self::Lf => b"\n",
            Self::Open => b"",
        }
    }
}

/// The lines of a file with their numbers from 1, without their ends.
fn lines(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8], End)> {
    bytes.split_inclusive(|b| *b == b'\n').enumerate().map(|(i, line)| match line {
        [text @ .., b'\r', b'\n'] => (i + 1, text, End::CrLf),
        [text @ .., b'\n'] => (i + 1, text, End::Lf),
        text => (i + 1, text, End::Open),
    })
}

/// A number of 1 to `width` decimal digits, and nothing else. Widths are at most 18, so that it fits.
fn digits(text: &[u8], width: usize) -> Option<u64> {
    let ok = (1..=width.min(18)).contains(&text.len()) && text.iter().all(u8::is_ascii_digit);
    ok.then(|| text.iter().fold(0, |n, b| n * 10 + u64::from(b - b'0')))
}

/// Text from outside as it can be shown in a problem: cut, and with control characters escaped.
fn shown(text: &[u8]) -> String {
    const LONGEST: usize = 40;
    let head = String::from_utf8_lossy(&text[..text.len().min(LONGEST * 4)]);
    let mut out: String = head.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    if text.len() > LONGEST * 4 || head.chars().nth(LONGEST).is_some() {
        out.push('…');
    }
    format!("“{out}”")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_their_numbers_and_ends() {
        let all: Vec<_> = lines(b"a\r\n\nb").collect();
        assert_eq!(all, [(1, &b"a"[..], End::CrLf), (2, &b""[..], End::Lf), (3, &b"b"[..], End::Open)]);
        assert_eq!(lines(b"").count(), 0);
    }

    #[test]
    fn digits_are_digits_only() {
        assert_eq!(digits(b"007", 10), Some(7));
        for bad in [&b""[..], b"+1", b"-1", b"1.0", b" 1", b"12345678901", "١".as_bytes()] {
            assert_eq!(digits(bad, 10), None);
        }
    }

    #[test]
    fn what_is_shown_is_short_and_harmless() {
        assert_eq!(shown(b"a\x1b[2J\xff"), "“a\\u{1b}[2J\u{fffd}”");
        assert_eq!(shown(&[b'x'; 100]).chars().count(), 43);
    }

    #[test]
    fn faults_beyond_the_list_are_counted() {
        let mut faults = Faults::new();
        (1..=1500).for_each(|line| faults.add(line, "member name", "is empty", "write it"));
        let list = faults.finish();
        assert_eq!(list.len(), 1001);
        assert_eq!(list[0].to_string(), "line 1, member name: is empty; write it");
        assert_eq!(
            list[1000].to_string(),
            "line 1500, file: 500 more faults up to here are not listed; mend those above and import again"
        );
    }
}
