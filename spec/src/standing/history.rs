//! The records of an account as far as they count for its standing.

use std::collections::{BTreeMap, BTreeSet};

use super::Total;
use crate::address::Address;
use crate::copy::Copy;
use crate::hash::{Hash, Seed};
use crate::key::PublicKey;
use crate::money::{Interest, Money};
use crate::proof::{Opening, View};
use crate::record::Record;
use crate::rules;
use crate::state::State;
use crate::statement::{At, Body, Evidence, Facets, Keys, Matching, PaidFor, Recovery, Statement, Type};
use crate::target::{Awarded, Claimed, Entry, Target};
use crate::value::{Currency, Insurance, Month, Time};

/// An engagement: who posted it, what its head and facets say.
pub(super) struct Work {
    pub(super) payer: u64,
    pub(super) month: Month,
    pub(super) evidence: Evidence,
    pub(super) earned: Money,
}

/// What the records of an account say, one after another, and what became of each.
pub struct History {
    state: State,
    targets: BTreeMap<u64, Target>,
    /// When each record was made.
    recorded: BTreeMap<u64, Time>,
    work: BTreeMap<u64, Work>,
    interest: Vec<(Insurance, Interest)>,
    /// Of several accounts: the account's number and the sequence there of each record, in the order of the log.
    places: Vec<(u64, u64)>,
}

impl Default for History {
    fn default() -> Self {
        let (key, hash) = (PublicKey([0; 32]), Hash::default());
        Self {
            // What a statement does to totals is reckoned here anew; the state is only what effects work on.
            state: State::open(Keys { key, next: hash, reading: key }, Recovery::default(), None),
            targets: BTreeMap::new(),
            recorded: BTreeMap::new(),
            work: BTreeMap::new(),
            interest: Vec::new(),
            places: Vec::new(),
        }
    }
}

/// Whether what an account adds up to depends on records of a type.
fn counts(kind: Type) -> bool {
    kind.is_payment()
        || matches!(
            kind,
            Type::Settlement
                | Type::Correction
                | Type::Engagement
                | Type::Benefit
                | Type::Refund
                | Type::Interest
                | Type::Award
                | Type::RefundReceived
        )
}

/// What is added to the numbers of accounts of another ledger, once for each ledger back: more than any number has.
pub const ELSEWHERE: u64 = 1 << 40;

fn elsewhere(number: u64, k: u64) -> u64 {
    number.saturating_add(k.saturating_mul(ELSEWHERE))
}

/// Makes the numbers of whoever pays and is paid those of another ledger.
fn carry(body: &mut Body, k: u64) {
    let far = |address: &mut Address| address.number = elsewhere(address.number, k);
    match body {
        Body::Contribution(paid) | Body::Matching(Matching(paid)) | Body::PaidFor(PaidFor(paid)) => {
            far(&mut paid.who.issuer);
            far(&mut paid.what.fund);
        }
        Body::Engagement(b) => far(&mut b.who.issuer),
        Body::Award(b) => {
            far(&mut b.who.issuer);
            far(&mut b.what.fund);
        }
        Body::Interest(b) => far(&mut b.what.fund),
        _ => {}
    }
}

/// What a record says, if it is shown with all facets; the evidence of a payment may be withheld.
fn whole(opening: &Opening, record: &Record, account: &Address) -> Option<Body> {
    const NULL: &[u8] = &[0xf6];
    let names = record.kind.facets().iter();
    let facets = opening.0.iter().skip(1).zip(names).map(|(facet, name)| {
        facet.value().or((record.kind.is_payment() && *name == "evidence").then_some(NULL))
    });
    let statement = Statement {
        seed: Seed::default(),
        address: (record.kind != Type::Opened).then_some(*account),
        kind: record.kind as u64,
        issued: record.time,
        refers: record.refers,
        month: record.month,
        facets: Facets::new(facets.collect::<Option<Vec<_>>>()?).ok()?,
    };
    statement.body().ok()
}

impl History {
    /// The history that a copy holds. Rows whose statements cannot be read are passed over: check the copy first.
    pub fn of(copy: &Copy) -> Self {
        let mut history = Self::default();
        for row in &copy.rows {
            if let Some(Ok(body)) = row.statement.as_ref().map(|s| s.body()) {
                history.push(row.record.at(), &body);
            }
        }
        history
    }

    /// The history that whole copies of linked accounts of one ledger hold together, in the order of the log. Its sequences are places in that
    /// order: [`History::place`] says where each record stands.
    pub fn of_linked(copies: &[&Copy]) -> Self {
        let mut rows: Vec<_> = copies.iter().flat_map(|copy| &copy.rows).collect();
        rows.sort_by_key(|row| row.record.log_index);
        // Of an account that is named twice, each record once.
        rows.dedup_by_key(|row| row.record.log_index);
        let mut history = Self::default();
        let mut places: BTreeMap<(u64, u64), u64> = BTreeMap::new();
        for (n, row) in (0..).zip(rows) {
            let record = &row.record;
            let place = (record.account, record.sequence);
            history.places.push(place);
            places.insert(place, n);
            if let Some(Ok(body)) = row.statement.as_ref().map(|s| s.body()) {
                let refers = record.refers.and_then(|refers| places.get(&(record.account, refers)).copied());
                history.push(At { sequence: n, refers, ..record.at() }, &body);
            }
        }
        history
    }

    /// The history that a proof shows, which was found valid, and how many records may count that it does not show. Source: `spec/standing.md`,
    /// "From a proof".
    pub fn shown(view: &View) -> (Self, u64) {
        let mut history = Self::default();
        let mut missing = view.size.saturating_sub(view.shown.len() as u64);
        for shown in &view.shown {
            match shown.opening.as_ref().and_then(|opening| whole(opening, &shown.record, &view.address)) {
                Some(body) => history.push(shown.record.at(), &body),
                None => missing += u64::from(counts(shown.record.kind)),
            }
        }
        (history, missing)
    }

    /// The history of an account and of those that arrived in it, the latest first, as proofs of them show: what stands in this account comes
    /// first, so that of a month paid on both sides its fund keeps. Numbers of the k-th earlier account's ledger have k × [`ELSEWHERE`] added.
    /// Returns it, and how many records may count that the proofs do not show.
    pub fn of_moved(own: &Copy, earlier: &[&View]) -> (Self, u64) {
        let mut history = Self::default();
        for row in &own.rows {
            let record = &row.record;
            history.places.push((record.account, record.sequence));
            if let Some(Ok(body)) = row.statement.as_ref().map(|s| s.body()) {
                history.push(record.at(), &body);
            }
        }
        let missing =
            (1u64..).zip(earlier).map(|(k, view)| history.show(view, k)).fold(0, u64::saturating_add);
        (history, missing)
    }

    /// The same of proofs alone, the account where the person is now first.
    pub fn of_proofs(views: &[&View]) -> (Self, u64) {
        let mut history = Self::default();
        let missing = (0u64..).zip(views).map(|(k, view)| history.show(view, k)).fold(0, u64::saturating_add);
        (history, missing)
    }

    /// Adds what a proof shows of the k-th account back; returns how many records may count that it does not show.
    fn show(&mut self, view: &View, k: u64) -> u64 {
        let first = self.places.len() as u64;
        let mut places: BTreeMap<u64, u64> = BTreeMap::new();
        let mut missing = view.size.saturating_sub(view.shown.len() as u64);
        for shown in &view.shown {
            let record = &shown.record;
            let sequence = first + places.len() as u64;
            places.insert(record.sequence, sequence);
            self.places.push((elsewhere(record.account, k), record.sequence));
            match shown.opening.as_ref().and_then(|opening| whole(opening, record, &view.address)) {
                Some(mut body) => {
                    carry(&mut body, k);
                    let refers = record.refers.and_then(|refers| places.get(&refers).copied());
                    self.push(At { sequence, refers, ..record.at() }, &body);
                }
                None => missing += u64::from(counts(record.kind)),
            }
        }
        missing
    }

    /// Where a record stands: the number of the account, if there are several, and the sequence there.
    pub fn place(&self, sequence: u64) -> (Option<u64>, u64) {
        let place = usize::try_from(sequence).ok().and_then(|n| self.places.get(n));
        place.map_or((None, sequence), |(account, sequence)| (Some(*account), *sequence))
    }

    /// Takes the next record.
    pub fn push(&mut self, at: At, body: &Body) {
        let target = at.refers.and_then(|r| self.targets.get_mut(&r));
        rules::effect(&mut self.state, body, at, target);
        if let Some(target) = body.opens(at) {
            self.targets.insert(at.sequence, target);
        }
        self.recorded.insert(at.sequence, at.time);
        match (body, at.month) {
            (Body::Engagement(b), Some(month)) => {
                let work = Work {
                    payer: b.who.issuer.number,
                    month,
                    evidence: b.evidence.clone(),
                    earned: b.amount,
                };
                self.work.insert(at.sequence, work);
            }
            (Body::Interest(b), _) => self.interest.push((b.what.insurance, b.amount.clone())),
            _ => {}
        }
    }

    /// The same without contributions to other funds than this one. Interest is that of all.
    pub fn of_fund(mut self, fund: u64) -> Self {
        self.targets.retain(|_, target| !matches!(target, Target::Entry(entry) if entry.fund != fund));
        self
    }

    /// The insurances of its contributions and awards.
    pub fn insurances(&self) -> BTreeSet<Insurance> {
        let of = self.targets.values().filter_map(|target| match target {
            Target::Entry(entry) => Some(entry.insurance),
            Target::Award(award) => Some(award.insurance),
            _ => None,
        });
        of.collect()
    }

    /// What became of a record that others may refer to.
    pub fn target(&self, sequence: u64) -> Option<&Target> {
        self.targets.get(&sequence)
    }

    /// Entries of an insurance, by sequence.
    pub(super) fn entries(&self, insurance: Insurance) -> impl Iterator<Item = (u64, &Entry)> {
        self.targets.iter().filter_map(move |(sequence, target)| match target {
            Target::Entry(entry) if entry.insurance == insurance => Some((*sequence, entry)),
            _ => None,
        })
    }

    /// Those of them that stand: not void, and something is left.
    pub(super) fn standing(&self, insurance: Insurance) -> impl Iterator<Item = (u64, &Entry)> {
        self.entries(insurance).filter(|(_, e)| !e.void && e.left().0 > 0)
    }

    /// Those of them that are not owed back: of a month that was paid to several funds, those of the fund that keeps.
    pub fn kept(&self, insurance: Insurance) -> Vec<&Entry> {
        let mut keeps: BTreeMap<Month, u64> = BTreeMap::new();
        let standing = self.standing(insurance).map(|(_, entry)| entry);
        standing.filter(|entry| *keeps.entry(entry.month).or_insert(entry.fund) == entry.fund).collect()
    }

    /// The interest of an insurance in a currency.
    pub fn interest(&self, insurance: Insurance, currency: Currency) -> u64 {
        let those = self.interest.iter().filter(|(of, i)| *of == insurance && i.currency == currency);
        those.fold(0, |sum, (_, interest)| sum.saturating_add(interest.amount))
    }

    /// All entries, by sequence.
    pub(super) fn all_entries(&self) -> impl Iterator<Item = &Entry> {
        self.targets.values().filter_map(|target| match target {
            Target::Entry(entry) => Some(entry),
            _ => None,
        })
    }

    /// Claims, by sequence.
    pub(super) fn claims(&self) -> impl Iterator<Item = (u64, &Claimed)> {
        self.targets.iter().filter_map(|(sequence, target)| match target {
            Target::Claim(claimed) => Some((*sequence, &**claimed)),
            _ => None,
        })
    }

    /// Awards.
    pub(super) fn awards(&self) -> impl Iterator<Item = &Awarded> {
        self.targets.values().filter_map(|target| match target {
            Target::Award(award) => Some(&**award),
            _ => None,
        })
    }

    /// Engagements that are not void.
    pub(super) fn work(&self) -> impl Iterator<Item = &Work> {
        let void = |sequence| matches!(self.targets.get(sequence), Some(Target::Engagement(e)) if e.void);
        self.work.iter().filter(move |(sequence, _)| !void(sequence)).map(|(_, work)| work)
    }

    /// When a record was made.
    pub(super) fn recorded(&self, sequence: u64) -> Time {
        self.recorded.get(&sequence).copied().unwrap_or_default()
    }

    /// Sums of an insurance, by currency.
    pub(super) fn totals(&self, insurance: Insurance) -> Vec<Total> {
        let mut totals: BTreeMap<Currency, Total> = BTreeMap::new();
        let none = |currency: Currency| Total {
            currency: currency.to_string(),
            posted: 0,
            settled: 0,
            refunded: 0,
            received: 0,
            paid_out: 0,
            interest: 0,
        };
        let mut add = |currency: Currency, change: &dyn Fn(&mut Total)| {
            change(totals.entry(currency).or_insert_with(|| none(currency)));
        };
        for (_, entry) in self.entries(insurance) {
            add(entry.amount.currency, &|total| {
                let amount = if entry.void { 0 } else { entry.amount.amount };
                total.posted = total.posted.saturating_add(amount);
                total.settled = total.settled.saturating_add(if entry.settled { amount } else { 0 });
                total.refunded = total.refunded.saturating_add(entry.refunded.0);
                total.received = total.received.saturating_add(entry.received);
            });
        }
        for award in self.awards().filter(|a| a.insurance == insurance && !a.paid.is_empty()) {
            add(award.gives.currency, &|total| {
                total.paid_out = total.paid_out.saturating_add(award.paid_total());
            });
        }
        for (_, interest) in self.interest.iter().filter(|(of, _)| *of == insurance) {
            add(interest.currency, &|total| total.interest = total.interest.saturating_add(interest.amount));
        }
        totals.into_values().collect()
    }
}
