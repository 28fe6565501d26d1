//! Months: which count, which are in progress, which are missing, which were paid twice.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{History, Rule};
use crate::value::{Currency, Insurance, Month};

/// First and last month of a run.
pub type Gap = (String, String);

/// Months that count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// How many.
    pub months: u64,
    /// How many of them count by what has arrived alone.
    pub settled: u64,
    /// First and last month of each run.
    pub runs: Vec<Gap>,
    /// Past months that do not count, for which benefits were paid that make them count as paid.
    pub treated: Vec<String>,
}

/// A month that does not count yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// The month.
    pub month: String,
    /// What is paid of the minimum.
    pub paid: u64,
    /// What is missing.
    pub missing: u64,
}

/// A month that was paid to more than one fund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Overlap {
    /// The month.
    pub month: String,
    /// Number of the account of the fund that keeps: that of the first entry.
    pub keeps: u64,
    /// What the others are to give back.
    pub owed: Vec<Owed>,
}

/// What a fund is to give back of one month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Owed {
    /// Number of its account.
    pub fund: u64,
    /// The currency.
    pub currency: String,
    /// How much.
    pub amount: u64,
    /// The part of it that went to the person's own account.
    pub credited: u64,
}

#[derive(Clone, Copy, Default)]
struct Paid {
    entries: u64,
    settled_entries: u64,
    paid: u64,
    arrived: u64,
}

/// The months of an insurance, by ordinal.
pub(super) struct Months {
    this: u32,
    minimum: Option<u64>,
    paid: BTreeMap<u32, Paid>,
    treated: BTreeSet<u32>,
}

impl Months {
    pub(super) fn of(history: &History, rule: &Rule, this: Month) -> Self {
        let mut months = Self {
            this: this.ordinal(),
            minimum: rule.minimum.map(|(minimum, _)| minimum),
            paid: BTreeMap::new(),
            treated: BTreeSet::new(),
        };
        for (_, entry) in history.standing(rule.insurance) {
            let paid = months.paid.entry(entry.month.ordinal()).or_default();
            paid.entries += 1;
            paid.settled_entries += u64::from(entry.settled);
            if rule.minimum.is_none_or(|(_, currency)| entry.amount.currency == currency) {
                paid.paid = paid.paid.saturating_add(entry.left().0);
                let arrived = if entry.settled { entry.left().0 } else { 0 };
                paid.arrived = paid.arrived.saturating_add(arrived);
            }
        }
        let awards = history.awards().filter(|award| rule.treated.contains(&award.insurance));
        for (month, _) in awards.flat_map(|award| award.paid.iter().filter(|(_, paid)| *paid > 0)) {
            let ordinal = month.ordinal();
            if ordinal < months.this && !months.paid.get(&ordinal).is_some_and(|p| months.counts_with(p)) {
                months.treated.insert(ordinal);
            }
        }
        months
    }

    fn counts_with(&self, paid: &Paid) -> bool {
        match self.minimum {
            Some(minimum) => paid.entries > 0 && paid.paid >= minimum,
            None => paid.entries > 0,
        }
    }

    fn settled_with(&self, paid: &Paid) -> bool {
        match self.minimum {
            Some(minimum) => paid.settled_entries > 0 && paid.arrived >= minimum,
            None => paid.settled_entries > 0,
        }
    }

    fn counting(&self) -> impl Iterator<Item = u32> {
        self.paid.iter().filter(|(_, p)| self.counts_with(p)).map(|(ordinal, _)| *ordinal)
    }

    pub(super) fn counts(&self) -> Counts {
        let counting: Vec<u32> = self.counting().collect();
        Counts {
            months: counting.len() as u64,
            settled: self.paid.values().filter(|p| self.settled_with(p)).count() as u64,
            runs: runs(&counting),
            treated: self.treated.iter().map(|ordinal| name(*ordinal)).collect(),
        }
    }

    pub(super) fn progress(&self) -> Vec<Progress> {
        let not = self.paid.iter().filter(|(_, p)| !self.counts_with(p));
        let lines = not.map(|(ordinal, paid)| Progress {
            month: name(*ordinal),
            paid: paid.paid,
            missing: self.minimum.unwrap_or(0).saturating_sub(paid.paid),
        });
        lines.collect()
    }

    pub(super) fn gaps(&self) -> Vec<Gap> {
        let first = self.paid.keys().chain(&self.treated).min().copied().unwrap_or(self.this);
        let covered: BTreeSet<u32> = self.counting().chain(self.treated.iter().copied()).collect();
        let missing: Vec<u32> = (first + 1..self.this).filter(|ordinal| !covered.contains(ordinal)).collect();
        runs(&missing)
    }

    /// Past months that count or are treated as paid, among the last `window`.
    pub(super) fn had(&self, window: Option<u64>) -> u64 {
        let from = window.map_or(0, |w| u64::from(self.this).saturating_sub(w));
        let within = |ordinal: &u32| *ordinal < self.this && u64::from(*ordinal) >= from;
        self.counting().chain(self.treated.iter().copied()).filter(within).count() as u64
    }
}

fn name(ordinal: u32) -> String {
    Month::from_ordinal(ordinal).map(|m| m.to_string()).unwrap_or_default()
}

/// First and last of each run of numbers that follow on each other.
fn runs(ordinals: &[u32]) -> Vec<Gap> {
    let chunks = ordinals.chunk_by(|a, b| a + 1 == *b);
    chunks.filter_map(|run| Some((name(*run.first()?), name(*run.last()?)))).collect()
}

pub(crate) fn overlaps(history: &History, insurance: Insurance) -> Vec<Overlap> {
    // By month: the fund of the first entry, and what went to each.
    type Sums = BTreeMap<(u64, Currency), (u64, u64)>;
    let mut months: BTreeMap<Month, (u64, Sums)> = BTreeMap::new();
    for (_, entry) in history.standing(insurance) {
        let (_, sums) = months.entry(entry.month).or_insert_with(|| (entry.fund, Sums::new()));
        let sum = sums.entry((entry.fund, entry.amount.currency)).or_default();
        let (amount, credited) = entry.left();
        *sum = (sum.0.saturating_add(amount), sum.1.saturating_add(credited));
    }
    let mut overlaps = Vec::new();
    for (month, (keeps, sums)) in months {
        let others = sums.into_iter().filter(|((fund, _), _)| *fund != keeps);
        let owed: Vec<Owed> = others
            .map(|((fund, currency), (amount, credited))| Owed {
                fund,
                currency: currency.to_string(),
                amount,
                credited,
            })
            .collect();
        if !owed.is_empty() {
            overlaps.push(Overlap { month: month.to_string(), keeps, owed });
        }
    }
    overlaps
}
