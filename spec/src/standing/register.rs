//! The register of what is due: what was earned with each payer, month by month, and what was paid on it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{History, Rule};
use crate::value::{Currency, Day, Month};

/// What one payer owes for one month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Number of the payer's account.
    pub payer: u64,
    /// The month of the work.
    pub month: String,
    /// The currency.
    pub currency: String,
    /// What was earned.
    pub earned: u64,
    /// What is due of it.
    pub expected: u64,
    /// What is left of what was posted.
    pub posted: u64,
    /// What is missing.
    pub short: u64,
    /// Until when.
    pub due: Day,
    /// How many days it is late.
    pub days_late: u64,
    /// Interest on what is, or was, late.
    pub interest: u64,
    /// How it stands.
    pub state: Pay,
}

/// How a line of the register stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pay {
    /// Short, and there is still time.
    Open,
    /// Past the due day, and nothing was posted.
    Late,
    /// Past the due day, and not all was posted.
    Part,
    /// Nothing is missing.
    Paid,
}

/// The part of a sum, in millionths, half up.
fn part(sum: u128, millionths: u64) -> u64 {
    let part = sum.saturating_mul(u128::from(millionths)).saturating_add(500_000) / 1_000_000;
    u64::try_from(part).unwrap_or(u64::MAX)
}

pub(super) fn register(history: &History, rule: &Rule, today: Day) -> Vec<Line> {
    let mut earned: BTreeMap<(Month, u64, Currency), u64> = BTreeMap::new();
    for work in history.work() {
        let sum = earned.entry((work.month, work.payer, work.earned.currency)).or_default();
        *sum = sum.saturating_add(work.earned.amount);
    }
    // What each payer posted for each month, in order: what is left of it, and when it was recorded.
    let mut posted: BTreeMap<(Month, u64, Currency), Vec<(u64, Day)>> = BTreeMap::new();
    for (sequence, entry) in history.standing(rule.insurance) {
        let key = (entry.month, entry.issuer, entry.amount.currency);
        let day = Day::from(history.recorded(sequence));
        posted.entry(key).or_default().push((entry.left().0, day));
    }
    let lines = earned.into_iter().map(|(key, earned)| {
        let payments = posted.get(&key).map(Vec::as_slice).unwrap_or_default();
        line(key, earned, payments, rule, today)
    });
    lines.collect()
}

fn line(
    (month, payer, currency): (Month, u64, Currency),
    earned: u64,
    payments: &[(u64, Day)],
    rule: &Rule,
    today: Day,
) -> Line {
    let expected = part(u128::from(earned), rule.rate.unwrap_or(0));
    let due = Day::of_month(month.next().unwrap_or(month), rule.due);
    let after_due = |day: Day| day.number().saturating_sub(due.number());
    let (mut left, mut money_days, mut posted) = (expected, 0u128, 0u64);
    for (amount, day) in payments {
        posted = posted.saturating_add(*amount);
        let covers = left.min(*amount);
        left -= covers;
        money_days += u128::from(covers) * u128::from(after_due(*day));
    }
    let days_late = if left > 0 { after_due(today) } else { 0 };
    money_days += u128::from(left) * u128::from(days_late);
    let state = match (left, days_late, posted) {
        (0, ..) => Pay::Paid,
        (_, 0, _) => Pay::Open,
        (_, _, 0) => Pay::Late,
        _ => Pay::Part,
    };
    Line {
        payer,
        month: month.to_string(),
        currency: currency.to_string(),
        earned,
        expected,
        posted,
        short: left,
        due,
        days_late,
        interest: part(money_days, rule.late),
        state,
    }
}
