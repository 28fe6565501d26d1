//! Days of work, by payer and together.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{History, Rule};
use crate::value::{Day, Month};

/// On how many days somebody worked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Days {
    /// For each payer, in order of account number.
    pub payers: Vec<PayerDays>,
    /// For all.
    pub together: u64,
    /// Whether they are enough; none if none are asked.
    pub enough: Option<bool>,
}

/// On how many days somebody worked for one payer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PayerDays {
    /// Number of the payer's account.
    pub payer: u64,
    /// How many days.
    pub days: u64,
}

impl Days {
    fn nearest(&self) -> u64 {
        self.payers.iter().map(|p| p.days).max().unwrap_or(0)
    }

    /// How many are missing, where they are asked.
    pub(super) fn missing(&self, rule: &Rule) -> (Option<u64>, Option<u64>) {
        let enough = self.enough == Some(true);
        let missing = |asked: Option<u64>, had: u64| {
            asked.map(|asked| if enough { 0 } else { asked.saturating_sub(had) })
        };
        (missing(rule.one, self.nearest()), missing(rule.several, self.together))
    }
}

/// Stretches of days, first and last.
type Stretches = Vec<(u64, u64)>;

/// How many different days lie in stretches.
fn count(stretches: &mut Stretches) -> u64 {
    stretches.sort_unstable();
    let (mut days, mut after) = (0, 0);
    for (first, last) in stretches {
        let first = (*first).max(after);
        if first <= *last {
            days += *last - first + 1;
            after = *last + 1;
        }
    }
    days
}

pub(crate) fn days(history: &History, rule: &Rule, today: Day) -> Days {
    let first = rule.days_window.and_then(|window| {
        let ordinal = u64::from(today.month().ordinal() + 1).checked_sub(window)?;
        Month::from_ordinal(u32::try_from(ordinal).ok()?)
    });
    let first = first.map_or(0, |month| Day::of_month(month, 1).number());
    let mut payers: BTreeMap<u64, Stretches> = BTreeMap::new();
    for work in history.work() {
        let Some((start, end)) = work.evidence.shift else { continue };
        let from = Day::from(start).number().max(first);
        let to = Day::from(end).number().min(today.number());
        // A window of no months holds no day.
        let stretches = payers.entry(work.payer).or_default();
        if from <= to && rule.days_window != Some(0) {
            stretches.push((from, to));
        }
    }
    let mut all: Stretches = payers.values().flatten().copied().collect();
    let payers: Vec<PayerDays> = payers
        .into_iter()
        .map(|(payer, mut stretches)| PayerDays { payer, days: count(&mut stretches) })
        .collect();
    let together = if rule.each { payers.iter().map(|p| p.days).sum() } else { count(&mut all) };
    let mut days = Days { payers, together, enough: None };
    if rule.one.is_some() || rule.several.is_some() {
        let one = rule.one.is_some_and(|one| days.nearest() >= one);
        let several = rule.several.is_some_and(|several| together >= several);
        days.enough = Some(one || several);
    }
    days
}
