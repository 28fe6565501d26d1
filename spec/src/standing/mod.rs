//! What the records of an account add up to for one insurance, under one rule, on one day.
//!
//! 1. A [`History`] takes the records of a whole copy, one after another.
//! 2. [`standing`] adds them up under a [`Rule`].
//! 3. [`alerts`] says what is missing or late by the mere passing of days.
//!
//! Source: `spec/standing.md`.

use serde::Serialize;

use crate::value::{Day, Insurance};

mod days;
mod history;
mod months;
mod register;
mod rule;
mod alerts;

pub use alerts::{Alert, Told, Why, alerts};
pub(crate) use days::days;
pub use days::{Days, PayerDays};
pub use history::{ELSEWHERE, History};
pub(crate) use months::overlaps;
pub use months::{Counts, Gap, Overlap, Owed, Progress};
pub use register::{Line, Pay};
pub use rule::{BadRule, Rule};

/// What an account adds up to. Months are `YYYY-MM`, money is in minor units, payers and funds are account numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// The insurance.
    pub insurance: String,
    /// The day.
    pub today: Day,
    /// The months that count.
    pub counts: Counts,
    /// Months in which something stands that do not count.
    pub progress: Vec<Progress>,
    /// First and last month of each run of past months that neither count nor are treated as paid.
    pub gaps: Vec<Gap>,
    /// Months that were paid to more than one fund.
    pub overlaps: Vec<Overlap>,
    /// What has not arrived.
    pub waiting: Vec<Waiting>,
    /// What was refunded and is not received.
    pub refunds: Vec<OnTheWay>,
    /// Days of work.
    pub days: Days,
    /// What was earned, what is due of it, and what was paid.
    pub register: Vec<Line>,
    /// Sums.
    pub totals: Vec<Total>,
    /// Whether it is enough.
    pub qualified: Qualified,
}

/// An entry of a past month whose money has not arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// Number of the account, if several are added up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<u64>,
    /// Sequence of the entry.
    pub sequence: u64,
    /// Its month.
    pub month: String,
    /// Number of the fund's account.
    pub fund: u64,
    /// The currency.
    pub currency: String,
    /// What is left of it.
    pub amount: u64,
    /// How many months it has waited.
    pub months: u64,
}

/// An entry of which more was refunded than its payer has received.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OnTheWay {
    /// Number of the account, if several are added up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<u64>,
    /// Sequence of the entry.
    pub sequence: u64,
    /// Its month.
    pub month: String,
    /// The currency.
    pub currency: String,
    /// The difference.
    pub amount: u64,
}

/// Sums of one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Total {
    /// The currency.
    pub currency: String,
    /// Entries that are not void.
    pub posted: u64,
    /// Those of them that are settled.
    pub settled: u64,
    /// What funds gave back.
    pub refunded: u64,
    /// What of that payers have confirmed.
    pub received: u64,
    /// Benefits.
    pub paid_out: u64,
    /// Interest credited.
    pub interest: u64,
}

/// Whether months and days are enough, and what is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Qualified {
    /// Whether they are.
    pub is: bool,
    /// Months that count or are treated as paid, in the window.
    pub had: u64,
    /// Months that are missing.
    pub missing_months: u64,
    /// Days that are missing with the payer that is nearest; none if none are asked.
    pub missing_days_one: Option<u64>,
    /// Days that are missing with all payers; none if none are asked.
    pub missing_days_several: Option<u64>,
}

/// What a history adds up to under a rule, on a day.
pub fn standing(history: &History, rule: &Rule, today: Day) -> Standing {
    let months = months::Months::of(history, rule, today.month());
    let days = days(history, rule, today);
    let (missing_days_one, missing_days_several) = days.missing(rule);
    let had = months.had(rule.window);
    let missing_months = rule.months.saturating_sub(had);
    Standing {
        insurance: rule.insurance.to_string(),
        today,
        progress: months.progress(),
        gaps: months.gaps(),
        overlaps: months::overlaps(history, rule.insurance),
        waiting: waiting(history, rule.insurance, today),
        refunds: on_the_way(history, rule.insurance),
        register: register::register(history, rule, today),
        totals: history.totals(rule.insurance),
        qualified: Qualified {
            is: missing_months == 0 && days.enough != Some(false),
            had,
            missing_months,
            missing_days_one,
            missing_days_several,
        },
        counts: months.counts(),
        days,
    }
}

fn waiting(history: &History, insurance: Insurance, today: Day) -> Vec<Waiting> {
    let this = today.month();
    let late = history.standing(insurance).filter(|(_, e)| !e.settled && e.month < this);
    let lines = late.map(|(at, entry)| Waiting {
        account: history.place(at).0,
        sequence: history.place(at).1,
        month: entry.month.to_string(),
        fund: entry.fund,
        currency: entry.amount.currency.to_string(),
        amount: entry.left().0,
        months: u64::from(this.ordinal() - entry.month.ordinal()),
    });
    lines.collect()
}

fn on_the_way(history: &History, insurance: Insurance) -> Vec<OnTheWay> {
    let entries = history.entries(insurance).filter(|(_, e)| e.refunded.0 > e.received);
    let lines = entries.map(|(at, entry)| OnTheWay {
        account: history.place(at).0,
        sequence: history.place(at).1,
        month: entry.month.to_string(),
        currency: entry.amount.currency.to_string(),
        amount: entry.refunded.0 - entry.received,
    });
    lines.collect()
}
