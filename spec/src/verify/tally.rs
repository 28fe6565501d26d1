//! Steps 12 and 13: what the records shown add up to.

use std::collections::{BTreeMap, BTreeSet};

use super::account::Read;
use super::verdict::{
    AwardShown, Basis, ClaimShown, EngagementShown, EntryShown, Failure, FlowShown, IdentityShown, LinkShown,
    MonthsShown, Standing, TotalShown, demand, fail,
};
use crate::address::Address;
use crate::identity::Link;
use crate::proof::View;
use crate::rights::{Decision, Remedy};
use crate::state::{Cell, Flows, Totals};
use crate::statement::{Amount, Money, Returned, Type, Value};
use crate::target::Stage;
use crate::value::{Currency, Insurance, Month};

/// A record that others may refer to, as the proof's records leave it.
struct Item<'p> {
    read: &'p Read<'p>,
    amount: Option<Option<Amount>>,
    /// Sequence of the record that gave the amount last.
    amount_at: u64,
    settled: bool,
    void: bool,
    corrected: bool,
    /// Whether the last correction may have been a void: its amount is not shown.
    unsure: bool,
    /// Whether no later record is hidden.
    known: bool,
    /// Its refunds, what of them was received, and its benefits; none where an amount is not shown.
    returned: Vec<Option<Returned>>,
    received: Vec<Option<Money>>,
    benefits: Vec<Option<Money>>,
    /// How far a claim is, until when the party has to act, and what carries it out; no stage where a ruling does not show.
    stage: Option<Stage>,
    by: Option<Decision>,
    remedy: Vec<u64>,
}

impl Item<'_> {
    fn is_entry(&self) -> bool {
        self.read.record.kind.is_payment()
    }

    /// Whether it was voided, if that is known.
    fn is_void(&self) -> Option<bool> {
        (self.known && !self.unsure).then_some(self.void)
    }

    /// What went back of it, where that is shown.
    fn refunded(&self) -> Option<u64> {
        self.returned.iter().try_fold(0u64, |sum, returned| sum.checked_add((*returned)?.amount))
    }

    fn currency(&self) -> Option<Currency> {
        Some(self.amount.flatten()?.currency)
    }
}

/// Whether records of a type may refer to those of another.
fn may_refer(kind: Type, target: Type) -> bool {
    match kind {
        Type::Settlement | Type::Refund | Type::RefundReceived | Type::Matching => target.is_payment(),
        Type::Correction => target.is_payment() || matches!(target, Type::Engagement | Type::Award),
        Type::Benefit => target == Type::Award,
        Type::ConsentRevoked | Type::Access | Type::ClaimFor | Type::PaidFor => {
            target == Type::ConsentGranted
        }
        Type::Ruling | Type::ClaimAnswered | Type::ClaimClosed | Type::ClaimRemedied => target.is_claim(),
        Type::Withdrawn => target.may_be_withdrawn(),
        Type::TransferredOut | Type::MoveClosed | Type::DepartureApproved => target == Type::Departure,
        Type::TransferredIn => target == Type::Arrival,
        Type::Erased => target == Type::Engagement || target.is_claim(),
        _ => false,
    }
}

/// Steps 12 and 13: what the records shown add up to.
pub(super) struct Tally<'p> {
    items: BTreeMap<u64, Item<'p>>,
    interest: Vec<&'p Read<'p>>,
    /// What the erasures shown refer to.
    erased: BTreeSet<u64>,
    /// Whose account it is.
    subject: Address,
    /// Whether every record is shown, at least as a header.
    whole: bool,
}

/// Months by ordinal: those that count, and those of them that are settled.
type MonthSets = (BTreeSet<u32>, BTreeSet<u32>);

/// What the cells shown say, once they are found to be what the records add up to.
#[derive(Default)]
pub(super) struct Sums {
    pub(super) totals: Vec<TotalShown>,
    pub(super) months: Vec<MonthsShown>,
    pub(super) flows: Vec<FlowShown>,
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
        let whole = reads.len() as u64 == subject.size;
        let mut tally = Self {
            items: BTreeMap::new(),
            interest: Vec::new(),
            erased: BTreeSet::new(),
            subject: subject.address,
            whole,
        };
        // Since this record no one is hidden.
        let (mut since, mut next) = (0, 0);
        for (sequence, read) in reads {
            if *sequence != next {
                since = *sequence;
            }
            next = sequence + 1;
            tally.refer(*sequence, read, reads, since)?;
            tally.add(*sequence, read, *sequence >= tail);
        }
        Ok(tally)
    }

    /// Step 12 for one record, and what it does to the one that it refers to.
    fn refer(
        &mut self,
        sequence: u64,
        read: &Read<'_>,
        reads: &BTreeMap<u64, Read<'_>>,
        since: u64,
    ) -> Result<(), Failure> {
        let bad = |what: &str| fail("bad-reference", format!("record {sequence}: {what}"));
        let kind = read.record.kind;
        let funds = read.what().map(|w| w.fund).zip(read.issuer().flatten());
        let by_its_fund = matches!(kind, Type::Interest | Type::TransferredOut | Type::TransferredIn);
        if by_its_fund && funds.is_some_and(|(named, by)| named != by) {
            return bad("it is not by the fund that it names");
        }
        let Some(target) = read.record.refers.filter(|_| kind != Type::Revoked) else { return Ok(()) };
        let item = self.items.get_mut(&target).filter(|i| may_refer(kind, i.read.record.kind));
        let Some(item) = item else {
            if !read.values.is_empty() || reads.contains_key(&target) {
                return bad("it does not refer to a record that is shown and that it may refer to");
            }
            if kind == Type::Erased {
                self.erased.insert(target);
            }
            return Ok(());
        };
        let any_month = matches!(kind, Type::Benefit | Type::PaidFor | Type::Erased);
        if !any_month && item.read.record.month != read.record.month {
            return bad("it is for another month than the record it refers to");
        }
        let allowed = match kind {
            Type::Settlement | Type::Refund | Type::Benefit => item.read.what().map(|w| Some(w.fund)),
            Type::Correction | Type::RefundReceived => item.read.issuer(),
            Type::Access | Type::ClaimFor | Type::PaidFor => item.read.consent().map(|c| Some(c.grantee)),
            Type::ClaimAnswered | Type::ClaimRemedied => item.read.claim().map(|c| Some(c.party)),
            Type::Ruling | Type::ClaimClosed => item.read.claim().map(|c| Some(c.bureau)),
            _ => None,
        };
        let closes_own = |by| kind == Type::ClaimClosed && by == Some(self.subject);
        if let (Some(by), Some(allowed)) = (read.issuer(), allowed)
            && by != allowed
            && !closes_own(by)
        {
            return bad("it is not by whom the record it refers to lets say it");
        }
        if item.settled && matches!(kind, Type::Settlement | Type::Correction) {
            return bad("the contribution it refers to is settled already");
        }
        if self.erased.contains(&target) {
            return bad("what it refers to is erased already");
        }
        if item.void && !matches!(kind, Type::RefundReceived | Type::Erased) {
            return bad("what it refers to is void already");
        }
        let own = read.money().map(|m| m.currency).or(read.returned().map(|r| r.currency));
        let theirs = item.currency().or(entitlement(item.read).map(|e| e.currency));
        if own.zip(theirs).is_some_and(|(own, theirs)| own != theirs) {
            return bad("it is in another currency than the record it refers to");
        }
        match kind {
            Type::Settlement => {
                // Where a record between is hidden, that one may have corrected it.
                let differs = match (read.amount(), item.amount) {
                    (Some(Some(settled)), Some(Some(now))) => settled != now && since <= item.amount_at,
                    _ => false,
                };
                if differs {
                    return bad("it settles another amount than the contribution's");
                }
                // What is settled is not void, whatever a correction before it withholds.
                item.settled = true;
                item.unsure = false;
                item.amount = read.amount().or(item.amount);
            }
            Type::Matching => {
                let same = read.what().zip(item.read.what()).is_none_or(|(a, b)| a.insurance == b.insurance);
                if !same {
                    return bad("it is of another insurance than the contribution that it matches");
                }
            }
            Type::Correction => {
                if !item.is_entry() && matches!(read.amount(), Some(Some(_))) {
                    return bad("it changes what can only be voided");
                }
                item.corrected = true;
                match read.amount() {
                    Some(None) => item.void = true,
                    new => {
                        item.unsure = new.is_none();
                        (item.amount, item.amount_at) = (new, sequence);
                    }
                }
            }
            Type::Refund => {
                // Where a record between is hidden, that one may have settled it.
                if !item.settled && since <= target {
                    return bad("the contribution it refers to is not settled");
                }
                item.returned.push(read.returned());
            }
            Type::RefundReceived => item.received.push(read.money()),
            Type::Benefit => item.benefits.push(read.money()),
            Type::ClaimAnswered => item.stage = Some(Stage::Answered),
            Type::Ruling => {
                item.by = read.find(|v| if let Value::Ruling(d) = v { Some(*d) } else { None });
                item.stage = item.by.map(|decision| Stage::from(decision.outcome));
            }
            Type::ClaimRemedied => {
                let named =
                    read.find(|v| if let Value::Remedy(Remedy(n)) = v { Some(n.clone()) } else { None });
                item.remedy.extend(named.unwrap_or_default());
                item.stage = Some(Stage::Remedied);
            }
            Type::ClaimClosed => item.stage = Some(Stage::Closed),
            Type::Withdrawn => item.void = true,
            Type::Erased => {
                self.erased.insert(target);
            }
            _ => {}
        }
        Ok(())
    }

    /// What later records may refer to, or what counts by itself.
    fn add(&mut self, sequence: u64, read: &'p Read<'p>, known: bool) {
        let kind = read.record.kind;
        match kind {
            Type::Interest => {
                self.interest.push(read);
                return;
            }
            Type::Award
            | Type::Engagement
            | Type::ConsentGranted
            | Type::Claim
            | Type::ClaimFor
            | Type::IdentityBound
            | Type::AccountLinked
            | Type::Departure
            | Type::Arrival
            | Type::Transcribed => {}
            kind if kind.is_payment() => {}
            _ => return,
        }
        let item = Item {
            read,
            amount: read.amount(),
            amount_at: sequence,
            settled: false,
            void: false,
            corrected: false,
            unsure: false,
            known,
            returned: Vec::new(),
            received: Vec::new(),
            benefits: Vec::new(),
            stage: Some(Stage::Open),
            by: None,
            remedy: Vec::new(),
        };
        self.items.insert(sequence, item);
    }

    pub(super) fn sums(&self, subject: &View) -> Result<Sums, Failure> {
        let mut shown = Sums::default();
        let basis = |known: bool| if known { Basis::Recomputed } else { Basis::AssertedByTheLedger };
        let last = subject.shown.last().filter(|s| s.record.sequence + 1 == subject.size);
        for opened in last.iter().flat_map(|s| &s.cells) {
            match &opened.cell {
                Cell::Totals(t) => {
                    let added = self.totals(t.insurance, t.currency);
                    let same = added.is_none_or(|added| added == Some(*t));
                    demand(same, "bad-total", || format!("{} {}", t.insurance, t.currency))?;
                    shown.totals.push(TotalShown {
                        insurance: t.insurance.to_string(),
                        currency: t.currency.to_string(),
                        posted: t.posted,
                        posted_credited: t.posted_credited,
                        settled: t.settled,
                        settled_credited: t.settled_credited,
                        basis: basis(added.is_some()),
                    });
                }
                Cell::Months { insurance, runs, months: count, settled } => {
                    let added = self.months(*insurance);
                    let same = added.as_ref().is_none_or(|(all, confirmed)| {
                        *all == self.expand(runs) && confirmed.len() as u64 == *settled
                    });
                    demand(same, "bad-total", || format!("months of {insurance}"))?;
                    shown.months.push(MonthsShown {
                        insurance: insurance.to_string(),
                        runs: runs.iter().map(|(m, n)| (m.to_string(), month_after(*m, n - 1))).collect(),
                        months: *count,
                        settled: *settled,
                        basis: basis(added.is_some()),
                    });
                }
                Cell::Flows(f) => {
                    let added = self.flows(f.insurance, f.currency);
                    let same = added.is_none_or(|added| added == Some(*f));
                    demand(same, "bad-total", || format!("flows of {} {}", f.insurance, f.currency))?;
                    shown.flows.push(FlowShown {
                        insurance: f.insurance.to_string(),
                        currency: f.currency.to_string(),
                        refunded: f.refunded,
                        refunded_credited: f.refunded_credited,
                        paid: f.paid,
                        interest: f.interest,
                        basis: basis(added.is_some()),
                    });
                }
                _ => {}
            }
        }
        Ok(shown)
    }

    /// The items of an insurance that `of` names; none if a record is hidden, or an insurance is not shown.
    fn of_insurance(&self, insurance: Insurance, of: impl Fn(&Item<'p>) -> bool) -> Option<Vec<&Item<'p>>> {
        let mut found = Vec::new();
        for item in self.items.values().filter(|i| of(i)) {
            if item.read.what()?.insurance == insurance {
                found.push(item);
            }
        }
        self.whole.then_some(found)
    }

    /// What a totals cell must be: none if that is not shown, `Some(None)` if it would pass what fits.
    fn totals(&self, insurance: Insurance, currency: Currency) -> Option<Option<Totals>> {
        let mut sum =
            Totals { insurance, currency, posted: 0, posted_credited: 0, settled: 0, settled_credited: 0 };
        let mut fits = true;
        let mut add = |to: &mut u64, amount: u64| match to.checked_add(amount) {
            Some(more) => *to = more,
            None => fits = false,
        };
        for item in self.of_insurance(insurance, |i| i.is_entry() && !i.void)? {
            if item.unsure {
                return None;
            }
            let amount = item.amount??;
            if amount.currency != currency {
                continue;
            }
            add(&mut sum.posted, amount.amount);
            add(&mut sum.posted_credited, amount.credited);
            if item.settled {
                add(&mut sum.settled, amount.amount);
                add(&mut sum.settled_credited, amount.credited);
            }
        }
        Some(fits.then_some(sum))
    }

    /// What a months cell must be, in ordinals; none if that is not shown.
    fn months(&self, insurance: Insurance) -> Option<MonthSets> {
        let mut months = MonthSets::default();
        for item in self.of_insurance(insurance, |i| i.is_entry() && !i.void)? {
            if item.unsure {
                return None;
            }
            // How much it was matters only where something went back.
            let gone = !item.returned.is_empty() && item.refunded()? >= item.amount??.amount;
            let month = item.read.record.month.map(Month::ordinal).filter(|_| !gone);
            months.0.extend(month);
            months.1.extend(month.filter(|_| item.settled));
        }
        Some(months)
    }

    /// What a fund cell must be: none if that is not shown, `Some(None)` if it would pass what fits.
    fn flows(&self, insurance: Insurance, currency: Currency) -> Option<Option<Flows>> {
        let mut sum = Flows::none(insurance, currency);
        let mut fits = true;
        let mut add = |to: &mut u64, amount: u64| match to.checked_add(amount) {
            Some(more) => *to = more,
            None => fits = false,
        };
        for item in self.of_insurance(insurance, |i| !i.returned.is_empty())? {
            for returned in &item.returned {
                let returned = (*returned)?;
                if returned.currency == currency {
                    add(&mut sum.refunded, returned.amount);
                    add(&mut sum.refunded_credited, returned.credited);
                }
            }
        }
        for item in self.of_insurance(insurance, |i| !i.benefits.is_empty())? {
            for paid in &item.benefits {
                let paid = (*paid)?;
                if paid.currency == currency {
                    add(&mut sum.paid, paid.amount);
                }
            }
        }
        for read in &self.interest {
            if read.what()?.insurance == insurance {
                let interest = interest(read)?;
                if interest.currency == currency {
                    add(&mut sum.interest, interest.amount);
                }
            }
        }
        Some(fits.then_some(sum))
    }

    /// The ordinals of runs; more than can be (a run past the last month) gives a set that equals none.
    fn expand(&self, runs: &[(Month, u64)]) -> BTreeSet<u32> {
        let all = self.items.len() as u64 + 1;
        runs.iter().flat_map(|(m, n)| m.ordinal()..m.ordinal().saturating_add((*n).min(all) as u32)).collect()
    }

    /// Those of a type that are shown, with contents or as headers.
    fn all(&self, of: Type) -> impl Iterator<Item = (u64, &Item<'p>)> {
        self.items.iter().filter(move |(_, i)| i.read.record.kind == of).map(|(s, item)| (*s, item))
    }

    /// Those of a kind that are shown with contents.
    fn shown(&self, of: impl Fn(Type) -> bool) -> impl Iterator<Item = (u64, &Item<'p>)> {
        let all = self.items.iter().filter(move |(_, i)| of(i.read.record.kind));
        all.filter(|(_, i)| !i.read.values.is_empty()).map(|(sequence, item)| (*sequence, item))
    }

    pub(super) fn entries(&self) -> Vec<EntryShown> {
        self.shown(Type::is_payment)
            .map(|(sequence, item)| {
                let (what, payer) = (item.read.what(), item.read.payer());
                let amount = item.amount.flatten();
                let refunded = item.refunded().filter(|amount| item.known && *amount > 0);
                EntryShown {
                    sequence,
                    month: month_of(item.read),
                    insurance: what.as_ref().map(|w| w.insurance.to_string()),
                    scheme: what.as_ref().map(|w| w.scheme.to_string()),
                    source: payer.as_ref().map(|p| p.source.to_string()),
                    issuer: payer.as_ref().map(|p| p.issuer.to_string()),
                    signed: item.read.posting.is_some(),
                    reference: payer.as_ref().map(|p| p.reference.to_string()),
                    amount: amount.map(|a| a.amount),
                    credited: amount.map(|a| a.credited),
                    base: amount.and_then(|a| a.base),
                    currency: item.currency().map(|c| c.to_string()),
                    standing: match item {
                        i if !i.known || i.unsure => Standing::NotKnown,
                        i if i.void => Standing::Void,
                        i if i.settled => Standing::Settled,
                        i if i.corrected => Standing::Corrected,
                        _ => Standing::Standing,
                    },
                    corrected: item.corrected,
                    matches: item.read.record.refers.filter(|_| item.read.record.kind == Type::Matching),
                    by_consent: item.read.record.refers.filter(|_| item.read.record.kind == Type::PaidFor),
                    refunded,
                    received: refunded.and_then(|_| sum_of(&item.received)),
                }
            })
            .collect()
    }

    pub(super) fn engagements(&self) -> Vec<EngagementShown> {
        self.shown(|kind| kind == Type::Engagement)
            .map(|(sequence, item)| {
                let (evidence, money) = (item.read.evidence().flatten(), item.read.money());
                let shift = evidence.as_ref().and_then(|e| e.shift);
                EngagementShown {
                    sequence,
                    month: month_of(item.read),
                    issuer: item.read.issuer().flatten().map(|a| a.to_string()),
                    signed: item.read.posting.is_some(),
                    reference: item.read.reference(),
                    start: shift.map(|(start, _)| start.to_string()),
                    end: shift.map(|(_, end)| end.to_string()),
                    orders: evidence.as_ref().and_then(|e| e.orders),
                    place: evidence.as_ref().and_then(|e| e.place.as_ref()).map(ToString::to_string),
                    earned: money.map(|m| m.amount),
                    currency: money.map(|m| m.currency.to_string()),
                    void: item.is_void(),
                }
            })
            .collect()
    }

    pub(super) fn claims(&self) -> Vec<ClaimShown> {
        self.shown(Type::is_claim)
            .map(|(sequence, item)| {
                let claim = item.read.claim();
                let says =
                    item.read.find(|v| if let Value::Says(s) = v { Some(s.to_string()) } else { None });
                ClaimShown {
                    sequence,
                    filed: item.read.record.time.to_string(),
                    issuer: item.read.issuer().flatten().map(|a| a.to_string()),
                    signed: item.read.posting.is_some(),
                    kind: claim.as_ref().map(|c| c.kind.name()),
                    party: claim.as_ref().map(|c| c.party.to_string()),
                    bureau: claim.as_ref().map(|c| c.bureau.to_string()),
                    insurance: claim.as_ref().and_then(|c| c.insurance).map(|i| i.to_string()),
                    months: claim.as_ref().and_then(|c| c.months).map(|m| m.to_string()),
                    records: claim.map(|c| c.records).unwrap_or_default(),
                    says,
                    stage: item.stage.filter(|_| item.known),
                    by: item.by.and_then(|decision| decision.by).map(|t| t.to_string()),
                    remedy: item.remedy.clone(),
                }
            })
            .collect()
    }

    pub(super) fn erased(&self) -> Vec<u64> {
        self.erased.iter().copied().collect()
    }

    pub(super) fn identities(&self) -> Vec<IdentityShown> {
        self.all(Type::IdentityBound)
            .map(|(sequence, item)| IdentityShown {
                sequence,
                time: item.read.record.time.to_string(),
                issuer: item.read.issuer().flatten().map(|a| a.to_string()),
                signed: item.read.posting.is_some(),
                commitment: item
                    .read
                    .find(|v| if let Value::Identity(hash) = v { Some(hash.to_string()) } else { None }),
                stands: item.is_void().map(|void| !void),
            })
            .collect()
    }

    /// Whether what can be withdrawn stands; none where that is not known.
    pub(super) fn stands(&self, sequence: u64) -> Option<bool> {
        self.items.get(&sequence)?.is_void().map(|void| !void)
    }

    pub(super) fn links(&self) -> Vec<LinkShown> {
        self.all(Type::AccountLinked)
            .map(|(sequence, item)| LinkShown {
                sequence,
                time: item.read.record.time.to_string(),
                issuer: item.read.issuer().flatten().map(|a| a.to_string()),
                signed: item.read.posting.is_some(),
                other: item
                    .read
                    .find(|v| if let Value::Link(Link(a)) = v { Some(a.to_string()) } else { None }),
                stands: item.is_void().map(|void| !void),
            })
            .collect()
    }

    pub(super) fn awards(&self) -> Vec<AwardShown> {
        self.shown(|kind| kind == Type::Award)
            .map(|(sequence, item)| {
                let (what, gives) = (item.read.what(), entitlement(item.read));
                AwardShown {
                    sequence,
                    month: month_of(item.read),
                    issuer: item.read.issuer().flatten().map(|a| a.to_string()),
                    signed: item.read.posting.is_some(),
                    insurance: what.as_ref().map(|w| w.insurance.to_string()),
                    scheme: what.as_ref().map(|w| w.scheme.to_string()),
                    steps: gives.as_ref().map(|g| g.steps.iter().map(|s| (s.months, s.amount)).collect()),
                    currency: gives.as_ref().map(|g| g.currency.to_string()),
                    paid: sum_of(&item.benefits).filter(|_| item.known),
                    void: item.is_void(),
                }
            })
            .collect()
    }
}

/// The sum of amounts of one currency, where all of them are shown.
fn sum_of(amounts: &[Option<Money>]) -> Option<u64> {
    amounts.iter().try_fold(0u64, |sum, money| sum.checked_add((*money)?.amount))
}

fn interest(read: &Read<'_>) -> Option<crate::money::Interest> {
    read.find(|v| if let Value::Interest(i) = v { Some(i.clone()) } else { None })
}

fn entitlement(read: &Read<'_>) -> Option<crate::money::Entitlement> {
    read.find(|v| if let Value::Entitlement(e) = v { Some(e.clone()) } else { None })
}

fn month_of(read: &Read<'_>) -> String {
    read.record.month.map(|m| m.to_string()).unwrap_or_default()
}

/// The month `n` after another, for people.
fn month_after(first: Month, n: u64) -> String {
    let ordinal = u64::from(first.ordinal()).saturating_add(n).min(13_199) as u32;
    Month::from_ordinal(ordinal).map(|m| m.to_string()).unwrap_or_default()
}
