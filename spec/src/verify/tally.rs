//! Steps 12 and 13: what the records shown add up to.

use std::collections::{BTreeMap, BTreeSet};

use super::account::Read;
use super::verdict::{Basis, EntryShown, Failure, MonthsShown, Standing, TotalShown, demand, fail};
use crate::proof::View;
use crate::state::{Cell, Totals};
use crate::statement::{Amount, Type};
use crate::value::{Currency, Insurance, Month};

/// A contribution as the proof's records leave it.
struct Item<'p> {
    read: &'p Read<'p>,
    amount: Option<Option<Amount>>,
    settled: bool,
    void: bool,
    corrected: bool,
    /// Whether the last correction may have been a void: its amount is not shown.
    unsure: bool,
    /// Whether no later record is hidden.
    known: bool,
}

/// Steps 12 and 13: what the records shown add up to.
pub(super) struct Tally<'p> {
    items: BTreeMap<u64, Item<'p>>,
    /// Whether every record is shown with all that the totals are made of.
    whole: bool,
}

/// Months by ordinal: those that count, and those of them that are settled.
type MonthSets = (BTreeSet<u32>, BTreeSet<u32>);

#[derive(Default)]
struct Sums {
    totals: BTreeMap<(Insurance, Currency), Totals>,
    months: BTreeMap<Insurance, MonthSets>,
}

impl<'p> Tally<'p> {
    pub(super) fn of(reads: &'p BTreeMap<u64, Read<'p>>, subject: &View) -> Result<Self, Failure> {
        // From here on every record is shown.
        let mut tail = subject.size;
        for sequence in reads.keys().rev() {
            if sequence + 1 != tail {
                break;
            }
            tail = *sequence;
        }
        let mut items: BTreeMap<u64, Item<'p>> = BTreeMap::new();
        let mut whole = reads.len() as u64 == subject.size;
        for (sequence, read) in reads {
            let bad = |what: &str| fail("bad-reference", format!("record {sequence}: {what}"));
            let kind = read.record.kind;
            if kind == Type::Contribution {
                whole &= read.what().is_some() && read.amount().is_some();
                let known = *sequence >= tail;
                let amount = read.amount();
                items.insert(
                    *sequence,
                    Item {
                        read,
                        amount,
                        settled: false,
                        void: false,
                        corrected: false,
                        unsure: false,
                        known,
                    },
                );
                continue;
            }
            if !matches!(kind, Type::Settlement | Type::Correction) {
                continue;
            }
            let has_contents = !read.values.is_empty();
            let target = read.record.refers.unwrap_or(*sequence);
            let Some(item) = items.get_mut(&target) else {
                if has_contents || reads.contains_key(&target) {
                    return bad("it does not refer to a contribution that is shown");
                }
                continue;
            };
            if item.read.record.month != read.record.month {
                return bad("it is for another month than the contribution it refers to");
            }
            let allowed = if kind == Type::Settlement {
                item.read.what().map(|w| Some(w.fund))
            } else {
                item.read.issuer()
            };
            if let (Some(by), Some(allowed)) = (read.issuer(), allowed)
                && by != allowed
            {
                return bad("it is not by the fund, or the issuer, of the contribution it refers to");
            }
            if item.settled || item.void {
                return bad("the contribution it refers to is settled or void already");
            }
            if kind == Type::Settlement {
                let differs = match (read.amount(), item.amount) {
                    (Some(Some(settled)), Some(Some(now))) => settled != now,
                    _ => false,
                };
                if differs {
                    return bad("it settles another amount than the contribution's");
                }
                // What is settled is not void, whatever a correction before it withholds.
                item.settled = true;
                item.unsure = false;
                item.amount = read.amount().or(item.amount);
                continue;
            }
            item.corrected = true;
            whole &= read.amount().is_some();
            match read.amount() {
                Some(None) => item.void = true,
                new => {
                    item.unsure = new.is_none();
                    item.amount = new;
                }
            }
        }
        Ok(Self { items, whole })
    }

    pub(super) fn sums(&self, subject: &View) -> Result<(Vec<TotalShown>, Vec<MonthsShown>), Failure> {
        let (mut totals, mut months) = (Vec::new(), Vec::new());
        let basis = if self.whole { Basis::Recomputed } else { Basis::AssertedByTheLedger };
        let sums = if self.whole { Some(self.add_up().unwrap_or_default()) } else { None };
        let last = subject.shown.last().filter(|s| s.record.sequence + 1 == subject.size);
        for opened in last.iter().flat_map(|s| &s.cells) {
            match &opened.cell {
                Cell::Totals(t) => {
                    let none =
                        Totals { posted: 0, posted_credited: 0, settled: 0, settled_credited: 0, ..*t };
                    let same = sums
                        .as_ref()
                        .is_none_or(|s| *s.totals.get(&(t.insurance, t.currency)).unwrap_or(&none) == *t);
                    demand(same, "bad-total", || format!("{} {}", t.insurance, t.currency))?;
                    totals.push(TotalShown {
                        insurance: t.insurance.to_string(),
                        currency: t.currency.to_string(),
                        posted: t.posted,
                        posted_credited: t.posted_credited,
                        settled: t.settled,
                        settled_credited: t.settled_credited,
                        basis,
                    });
                }
                Cell::Months { insurance, runs, months: count, settled } => {
                    let none = Default::default();
                    let same = sums.as_ref().is_none_or(|s| {
                        let (all, confirmed) = s.months.get(insurance).unwrap_or(&none);
                        *all == self.expand(runs) && confirmed.len() as u64 == *settled
                    });
                    demand(same, "bad-total", || format!("months of {insurance}"))?;
                    months.push(MonthsShown {
                        insurance: insurance.to_string(),
                        runs: runs.iter().map(|(m, n)| (m.to_string(), month_after(*m, n - 1))).collect(),
                        months: *count,
                        settled: *settled,
                        basis,
                    });
                }
                _ => {}
            }
        }
        Ok((totals, months))
    }

    /// Everything added up once: totals by insurance and currency, months that count and settled months by insurance.
    fn add_up(&self) -> Option<Sums> {
        let mut sums = Sums::default();
        for item in self.items.values().filter(|i| !i.void) {
            let (Some(what), Some(amount)) = (item.read.what(), item.amount.flatten()) else { continue };
            let (insurance, currency) = (what.insurance, amount.currency);
            let none = Totals {
                insurance,
                currency,
                posted: 0,
                posted_credited: 0,
                settled: 0,
                settled_credited: 0,
            };
            let sum = sums.totals.entry((insurance, currency)).or_insert(none);
            let months = sums.months.entry(insurance).or_default();
            sum.posted = sum.posted.checked_add(amount.amount)?;
            sum.posted_credited = sum.posted_credited.checked_add(amount.credited)?;
            months.0.extend(item.read.record.month.map(Month::ordinal));
            if item.settled {
                sum.settled = sum.settled.checked_add(amount.amount)?;
                sum.settled_credited = sum.settled_credited.checked_add(amount.credited)?;
                months.1.extend(item.read.record.month.map(Month::ordinal));
            }
        }
        Some(sums)
    }

    /// The ordinals of runs; more than can be (a run past the last month) gives a set that equals none.
    fn expand(&self, runs: &[(Month, u64)]) -> BTreeSet<u32> {
        let all = self.items.len() as u64 + 1;
        runs.iter().flat_map(|(m, n)| m.ordinal()..m.ordinal().saturating_add((*n).min(all) as u32)).collect()
    }

    pub(super) fn entries(&self) -> Vec<EntryShown> {
        let shown = self.items.iter().filter(|(_, i)| !i.read.values.is_empty());
        shown
            .map(|(sequence, item)| {
                let (what, payer) = (item.read.what(), item.read.payer());
                let amount = item.amount.flatten();
                EntryShown {
                    sequence: *sequence,
                    month: item.read.record.month.map(|m| m.to_string()).unwrap_or_default(),
                    insurance: what.as_ref().map(|w| w.insurance.to_string()),
                    scheme: what.as_ref().map(|w| w.scheme.to_string()),
                    source: payer.as_ref().map(|p| p.source.to_string()),
                    issuer: payer.as_ref().map(|p| p.issuer.to_string()),
                    signed: item.read.posting.is_some(),
                    reference: payer.as_ref().map(|p| p.reference.to_string()),
                    amount: amount.map(|a| a.amount),
                    credited: amount.map(|a| a.credited),
                    base: amount.and_then(|a| a.base),
                    currency: amount.map(|a| a.currency.to_string()),
                    standing: match item {
                        i if !i.known || i.unsure => Standing::NotKnown,
                        i if i.void => Standing::Void,
                        i if i.settled => Standing::Settled,
                        i if i.corrected => Standing::Corrected,
                        _ => Standing::Standing,
                    },
                    corrected: item.corrected,
                }
            })
            .collect()
    }
}

/// The month `n` after another, for people.
fn month_after(first: Month, n: u64) -> String {
    let ordinal = u64::from(first.ordinal()).saturating_add(n).min(13_199) as u32;
    Month::new((1900 + ordinal / 12) * 100 + ordinal % 12 + 1).map(|m| m.to_string()).unwrap_or_default()
}
