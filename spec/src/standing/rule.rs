//! The rule under which an account is added up.

use serde::{Deserialize, Serialize};

use crate::value::{Currency, Insurance};

/// What counts, what is due, and what one needs. A rule is data; `spec/standing.md` says what is meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written")]
pub struct Rule {
    /// The insurance.
    pub insurance: Insurance,
    /// What a month must bring before it counts, in minor units, and of which currency.
    pub minimum: Option<(u64, Currency)>,
    /// How many months one needs.
    pub months: u64,
    /// Among how many past months.
    pub window: Option<u64>,
    /// Insurances whose benefits make a month count as paid.
    pub treated: Vec<Insurance>,
    /// Days of work with one payer that one needs.
    pub one: Option<u64>,
    /// Days of work with several payers that one needs.
    pub several: Option<u64>,
    /// Among how many months.
    pub days_window: Option<u64>,
    /// Whether a day with three payers is three days of `several`.
    pub each: bool,
    /// The part of earnings that is due, in millionths.
    pub rate: Option<u64>,
    /// The day of the following month until which it is due, 1 to 28.
    pub due: u64,
    /// Interest on what is late, in millionths a day.
    pub late: u64,
}

/// Why a rule cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadRule(pub &'static str);

/// A rule as people write it, in TOML or JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    insurance: Name,
    minimum: Option<u64>,
    currency: Option<String>,
    #[serde(default)]
    months: u64,
    window: Option<u64>,
    #[serde(default)]
    treated: Vec<Name>,
    one: Option<u64>,
    several: Option<u64>,
    days_window: Option<u64>,
    #[serde(default)]
    each: bool,
    rate: Option<u64>,
    #[serde(default = "usual_due")]
    due: u64,
    #[serde(default)]
    late: u64,
}

fn usual_due() -> u64 {
    Rule::DUE
}

/// An insurance by name or number.
#[derive(Deserialize)]
#[serde(untagged)]
enum Name {
    Text(String),
    Number(u64),
}

impl Name {
    fn insurance(&self) -> Result<Insurance, BadRule> {
        let found = match self {
            Name::Text(text) => text.parse().ok(),
            Name::Number(code) => Insurance::new(*code),
        };
        found.ok_or(BadRule(
            "no such insurance: give pension, medical, unemployment, work-injury, maternity, housing, training, severance, long-term-care, or a number",
        ))
    }
}

impl Rule {
    /// The day of the following month until which a payer has time, where a rule does not say.
    pub const DUE: u64 = 15;

    /// Asks for nothing: a month counts with any contribution.
    pub fn plain(insurance: Insurance) -> Self {
        Self {
            insurance,
            minimum: None,
            months: 0,
            window: None,
            treated: Vec::new(),
            one: None,
            several: None,
            days_window: None,
            each: false,
            rate: None,
            due: Self::DUE,
            late: 0,
        }
    }

    /// The same rule, if what it says can be.
    ///
    /// # Errors
    /// [`BadRule`] says what cannot.
    pub fn checked(self) -> Result<Self, BadRule> {
        let holds = |holds: bool, what: &'static str| if holds { Ok(()) } else { Err(BadRule(what)) };
        holds((1..=28).contains(&self.due), "due is a day from 1 to 28")?;
        holds(self.rate.is_none_or(|r| r <= 1_000_000), "rate is at most 1000000 millionths")?;
        holds(self.treated.len() <= 32, "treated names at most 32 insurances")?;
        holds(self.late <= 1_000_000, "late is at most 1000000 millionths a day")?;
        Ok(self)
    }
}

impl TryFrom<Written> for Rule {
    type Error = BadRule;
    fn try_from(w: Written) -> Result<Self, BadRule> {
        let minimum = match (w.minimum, w.currency) {
            (Some(minimum), Some(code)) => {
                let code = code.parse().map_err(|_| BadRule("currency is an ISO 4217 code, such as CNY"))?;
                Some((minimum, code))
            }
            (None, None) => None,
            _ => return Err(BadRule("minimum and currency go together")),
        };
        let rule = Self {
            insurance: w.insurance.insurance()?,
            minimum,
            months: w.months,
            window: w.window,
            treated: w.treated.iter().map(Name::insurance).collect::<Result<_, _>>()?,
            one: w.one,
            several: w.several,
            days_window: w.days_window,
            each: w.each,
            rate: w.rate,
            due: w.due,
            late: w.late,
        };
        rule.checked()
    }
}
