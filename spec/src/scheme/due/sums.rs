//! Sums of lines, and what is affordable.

use std::collections::BTreeMap;

use super::answer::{Affordable, Answer, Line, OfInsurance, OfPayer, Refused};
use super::cells::Cell;
use crate::scheme::number::{Mode, Number, Rounding};
use crate::scheme::pack::{Pack, Payer};
use crate::scheme::question::{Asked, Earned, brought};
use crate::scheme::reckon::{Place, Reckoner, Refusal};
use crate::value::{Day, Insurance, Month};

/// What of a line falls to the person, for the sums.
pub(super) struct Paid {
    /// The due that is paid, or taken over, and its cell: places.
    of: (usize, usize),
    from: Day,
    to: Day,
    /// Who pays, or whose due a subsidy takes over.
    payer: Payer,
    subsidy: bool,
    /// Of the due that is paid, or taken over.
    insurance: Option<String>,
    amount: u64,
}

impl Paid {
    pub(super) fn of(pack: &Pack, at: usize, cell: usize, line: &Line) -> Self {
        let due = &pack.dues[at];
        let of = due.relieves.unwrap_or(at);
        let whose = &pack.dues[of];
        Self {
            of: (of, cell),
            from: line.from,
            to: line.to,
            payer: whose.payer,
            subsidy: due.relieves.is_some(),
            insurance: whose.insurance.map(|insurance| insurance.to_string()),
            amount: line.amount,
        }
    }

    /// What falls on days from one to another of what is left of it.
    fn between(&self, left: u64, first: Day, last: Day) -> u64 {
        let (from, to) = (self.from.max(first), self.to.min(last));
        if to < from {
            return 0;
        }
        let whole = self.to.number() - self.from.number() + 1;
        let before = brought(left, from.number() - self.from.number(), whole);
        brought(left, to.number() - self.from.number() + 1, whole) - before
    }
}

impl Answer {
    pub(super) fn refuse(&mut self, rule: &str, cell: &Cell<'_>, refusal: Refusal) {
        self.complete = false;
        let by = cell.by.map(ToOwned::to_owned);
        if let Some(last) = self.refused.last_mut()
            && last.rule == rule
            && last.by == by
            && last.refusal == refusal
            && last.to.after() == Some(cell.from)
        {
            last.to = cell.to;
            return;
        }
        self.refused.push(Refused { rule: rule.to_owned(), from: cell.from, to: cell.to, by, refusal });
    }

    pub(super) fn add_up(&mut self, paid: &[Paid]) {
        type Key = (bool, u16, Payer);
        let mut sums: BTreeMap<Key, OfInsurance> = BTreeMap::new();
        let mut add =
            |insurance: Option<&String>, payer, (amount, subsidy, credited): (u64, u64, u64)| {
                let code = insurance.and_then(|name| name.parse::<Insurance>().ok()).map(Insurance::code);
                let sum = sums.entry((code.is_none(), code.unwrap_or(0), payer)).or_insert_with(|| {
                    OfInsurance { insurance: insurance.cloned(), payer, amount: 0, subsidy: 0, credited: 0 }
                });
                sum.amount = sum.amount.saturating_add(amount);
                sum.subsidy = sum.subsidy.saturating_add(subsidy);
                sum.credited = sum.credited.saturating_add(credited);
            };
        for (line, paid) in self.lines.iter().zip(paid) {
            if paid.subsidy {
                add(paid.insurance.as_ref(), paid.payer, (0, line.amount, 0));
                continue;
            }
            for part in &line.parts {
                add(part.insurance.as_ref(), line.payer, (part.amount, 0, 0));
            }
            let rest = if line.parts.is_empty() { line.amount } else { 0 };
            if line.parts.is_empty() || line.credited > 0 {
                add(line.insurance.as_ref(), line.payer, (rest, 0, line.credited));
            }
        }
        self.insurances = sums.into_values().collect();
        for payer in [Payer::Own, Payer::Platform, Payer::Employer] {
            let sum = |subsidy: bool| {
                let those = paid.iter().filter(|paid| paid.payer == payer && paid.subsidy == subsidy);
                those.fold(0u64, |sum, paid| sum.saturating_add(paid.amount))
            };
            let (before, subsidy) = (sum(false), sum(true));
            self.payers.push(OfPayer { payer, before, subsidy, after: before.saturating_sub(subsidy) });
        }
    }

    pub(super) fn afford(&mut self, pack: &Pack, asked: &Asked, earned: &[Earned], paid: &[Paid]) {
        let months = pack.guard.as_ref().map_or(3, |guard| guard.months);
        // What was earned by month, also outside of the days that are asked for.
        let mut income: BTreeMap<u32, u64> = BTreeMap::new();
        for earning in earned {
            for month in months_of(earning.from, earning.to) {
                if let Some(piece) = earning.between(Day::of_month(month, 1), Day::of_month(month, 31)) {
                    let sum = income.entry(month.ordinal()).or_default();
                    *sum = sum.saturating_add(piece.gross);
                }
            }
        }
        // What is left of each due after subsidies, by the days of its cell.
        let mut taken: BTreeMap<(usize, usize), u64> = BTreeMap::new();
        for paid in paid.iter().filter(|paid| paid.subsidy) {
            *taken.entry(paid.of).or_default() += paid.amount;
        }
        let mut pays: BTreeMap<u32, u64> = BTreeMap::new();
        for paid in paid.iter().filter(|paid| paid.payer == Payer::Own && !paid.subsidy) {
            let left = paid.amount.saturating_sub(taken.get(&paid.of).copied().unwrap_or(0));
            for month in months_of(paid.from, paid.to) {
                let amount = paid.between(left, Day::of_month(month, 1), Day::of_month(month, 31));
                let sum = pays.entry(month.ordinal()).or_default();
                *sum = sum.saturating_add(amount);
            }
        }
        for month in months_of(self.from, self.to) {
            let this = u64::from(month.ordinal());
            let pays = pays.get(&month.ordinal()).copied().unwrap_or(0);
            let first = u32::try_from((this + 1).saturating_sub(months)).unwrap_or(0);
            let those: Vec<u64> = income.range(first..=month.ordinal()).map(|(_, sum)| *sum).collect();
            let sum = those.iter().fold(0u64, |sum, one| sum.saturating_add(*one));
            let mean = Number::of_minor(sum, pack.currency).over(Number::from(those.len() as u64)).ok();
            let share = mean.filter(|mean| mean.is_positive()).and_then(|mean| {
                let places = Rounding { to: "0.0001".parse().ok()?, mode: Mode::HalfUp };
                Number::of_minor(pays, pack.currency).over(mean).ok()?.rounded(places).ok()
            });
            let limit = pack.guard.as_ref().and_then(|guard| {
                let mut place = Place::on(Day::of_month(month, 1));
                Reckoner::new(pack, asked, false).parameter(guard.limit, &mut place).ok()
            });
            self.affordable.push(Affordable {
                month: month.to_string(),
                pays,
                income: mean.and_then(|mean| mean.minor(pack.currency).ok()),
                share: share.map(|share| share.to_string()),
                limit: limit.map(|limit| limit.to_string()),
                over: share.zip(limit).map(|(share, limit)| share > limit),
            });
        }
    }
}

/// The months in which days lie.
fn months_of(from: Day, to: Day) -> impl Iterator<Item = Month> {
    let last = to.month();
    std::iter::successors(Some(from.month()), move |month| month.next())
        .take_while(move |month| *month <= last)
}
