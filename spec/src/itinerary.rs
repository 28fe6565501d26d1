//! How far a move is: which steps are done, whose turn it is, and until when. Read from the records of the two accounts alone, so that whoever
//! starts again after an interruption goes on where it stopped.
//!
//! Source: `spec/moving.md`, "What is read from both".

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::moving::{Arrived, In, Leaving, Out};
use crate::record::Record;
use crate::state::{State, Sum};
use crate::statement::Type;
use crate::value::{Currency, Insurance, Origin, Time};

const DAY: u64 = 86_400;
/// Seconds that a person has to arrive, from when her departure is due.
pub const TO_ARRIVE: u64 = 30 * DAY;
/// Seconds that each further step may take.
pub const TO_MOVE: u64 = 15 * DAY;

/// One of the two accounts.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// Its ledger.
    pub origin: &'a Origin,
    /// Its address.
    pub address: Address,
    /// What its records add up to.
    pub state: &'a State,
    /// Its records, from the first on.
    pub records: &'a [Record],
}

impl Side<'_> {
    fn time(&self, sequence: u64) -> Option<Time> {
        let at = usize::try_from(sequence).ok()?;
        Some(self.records.get(at)?.time)
    }
}

/// A step of a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// An account in the new ledger.
    Opened,
    /// The departure is said.
    Departed,
    /// The departure is in force.
    InForce,
    /// The account has arrived.
    Arrived,
    /// What a fund has confirmed since has arrived, too.
    ArrivedAnew,
    /// What was posted is settled.
    Settled,
    /// Money has left.
    MoneyOut,
    /// It has come.
    MoneyIn,
    /// The move is closed.
    Closed,
}

/// Who has to do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Owner {
    /// The person.
    Person,
    /// Nobody: time passes. Guardians or a bureau can shorten it.
    Delay,
    /// The fund in the old ledger.
    OldFund,
    /// The fund in the new ledger.
    NewFund,
}

impl Owner {
    /// The words for it.
    pub fn words(self) -> &'static str {
        match self {
            Owner::Person => "you",
            Owner::Delay => "time, guardians or a bureau",
            Owner::OldFund => "the fund here",
            Owner::NewFund => "the fund there",
        }
    }
}

/// How far a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum Progress {
    /// It is done.
    Done {
        /// When.
        time: Time,
        /// By which record: of the new account from the arrival on and for money that came, else of the old one.
        sequence: u64,
    },
    /// It is its owner's turn.
    Waiting {
        /// Until when; none: there is no clock.
        until: Option<Time>,
    },
    /// It is its owner's turn, and the time is over.
    Late {
        /// Since when.
        since: Time,
    },
    /// Another step comes first.
    NotYet,
}

/// A step, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leg {
    /// Which.
    pub step: Step,
    /// Whose it is.
    pub owner: Owner,
    /// How far it is.
    #[serde(flatten)]
    pub progress: Progress,
    /// Of which insurance, if it is about money.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub insurance: Option<Insurance>,
    /// Of which currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// How much is to move or has moved of the person's own, in minor units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub own: Option<u64>,
    /// How much of the pooled fund has moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pooled: Option<u64>,
}

impl Leg {
    fn new(step: Step, owner: Owner, progress: Progress) -> Self {
        Self { step, owner, progress, insurance: None, currency: None, own: None, pooled: None }
    }

    fn of_money(self, insurance: Insurance, currency: Currency, own: u64, pooled: Option<u64>) -> Self {
        Self { insurance: Some(insurance), currency: Some(currency), own: Some(own), pooled, ..self }
    }

    /// Whether it is done.
    pub fn is_done(&self) -> bool {
        matches!(self.progress, Progress::Done { .. })
    }

    /// Whether it is its owner's turn.
    pub fn is_open(&self) -> bool {
        matches!(self.progress, Progress::Waiting { .. } | Progress::Late { .. })
    }
}

/// How far a move is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Itinerary {
    /// The steps, in order.
    pub legs: Vec<Leg>,
}

impl Itinerary {
    /// The first step that is the person's turn.
    pub fn next(&self) -> Option<Step> {
        self.legs.iter().find(|leg| leg.owner == Owner::Person && leg.is_open()).map(|leg| leg.step)
    }

    /// Whether all is done.
    pub fn is_over(&self) -> bool {
        self.legs.iter().all(Leg::is_done)
    }
}

fn after(time: Time, seconds: u64) -> Time {
    Time::new(time.seconds().saturating_add(seconds)).unwrap_or(Time::MAX)
}

fn by(until: Time, now: Time) -> Progress {
    if now < until { Progress::Waiting { until: Some(until) } } else { Progress::Late { since: until } }
}

/// What arrived in the new account under the departure that stands in the old one.
pub fn arrival<'a>(old: &Side<'_>, leaving: &Leaving, new: &Side<'a>) -> Option<&'a Arrived> {
    new.state.arrivals().iter().find(|arrived| {
        arrived.origin == *old.origin
            && arrived.address == old.address
            && arrived.departure == Some(leaving.departure)
    })
}

/// How far the move from one account to the other is at `now`. The new account may not be there, or not be known, yet.
pub fn itinerary(old: &Side<'_>, new: Option<&Side<'_>>, now: Time) -> Itinerary {
    let open = Progress::Waiting { until: None };
    let mut legs = Vec::new();
    let opened = new.and_then(|side| side.time(0));
    let progress = opened.map_or(open, |time| Progress::Done { time, sequence: 0 });
    legs.push(Leg::new(Step::Opened, Owner::Person, progress));
    let Some(leaving) = old.state.leaving() else {
        let progress = if opened.is_some() { open } else { Progress::NotYet };
        legs.push(Leg::new(Step::Departed, Owner::Person, progress));
        for (step, owner) in [
            (Step::InForce, Owner::Delay),
            (Step::Arrived, Owner::Person),
            (Step::MoneyOut, Owner::OldFund),
            (Step::MoneyIn, Owner::NewFund),
            (Step::Closed, Owner::Person),
        ] {
            legs.push(Leg::new(step, owner, Progress::NotYet));
        }
        return Itinerary { legs };
    };
    let sequence = leaving.departure;
    let said = old.time(sequence).unwrap_or(leaving.due);
    legs.push(Leg::new(Step::Departed, Owner::Person, Progress::Done { time: said, sequence }));
    let in_force = leaving.in_force(now);
    let progress = if in_force {
        Progress::Done { time: leaving.due, sequence }
    } else {
        Progress::Waiting { until: Some(leaving.due) }
    };
    legs.push(Leg::new(Step::InForce, Owner::Delay, progress));
    let arrived = new.and_then(|new| arrival(old, leaving, new));
    let progress = match arrived.zip(new) {
        Some((arrived, new)) => Progress::Done {
            time: new.time(arrived.arrival).unwrap_or(leaving.due),
            sequence: arrived.arrival,
        },
        None if in_force => by(after(leaving.due, TO_ARRIVE), now),
        None => Progress::NotYet,
    };
    legs.push(Leg::new(Step::Arrived, Owner::Person, progress));
    legs.extend(anew(old, arrived, now));
    money(old, leaving, in_force, now, &mut legs);
    came(old, leaving, arrived.zip(new), now, &mut legs);
    let before = legs.iter().all(Leg::is_done);
    let progress = match (leaving.closed, before) {
        (true, _) => {
            let closed = old.records.iter().rev().find(|r| r.kind == Type::MoveClosed);
            closed.map_or(open, |r| Progress::Done { time: r.time, sequence: r.sequence })
        }
        (false, true) => {
            let last = legs.iter().filter_map(|leg| match leg.progress {
                Progress::Done { time, .. } => Some(time),
                _ => None,
            });
            by(after(last.max().unwrap_or(leaving.due), TO_MOVE), now)
        }
        (false, false) => Progress::NotYet,
    };
    legs.push(Leg::new(Step::Closed, Owner::Person, progress));
    Itinerary { legs }
}

/// Whether something was recorded since that the new ledger should know.
fn anew(old: &Side<'_>, arrived: Option<&Arrived>, now: Time) -> Option<Leg> {
    let arrived = arrived?;
    let tells = |record: &&Record| {
        record.sequence >= arrived.size
            && matches!(
                record.kind,
                Type::Settlement | Type::Correction | Type::Refund | Type::RefundReceived | Type::Benefit
            )
    };
    let first = old.records.iter().find(tells)?;
    Some(Leg::new(Step::ArrivedAnew, Owner::Person, by(after(first.time, TO_ARRIVE), now)))
}

/// What is still to be settled, what has left and what is to leave.
fn money(old: &Side<'_>, leaving: &Leaving, in_force: bool, now: Time, legs: &mut Vec<Leg>) {
    for sum in &old.state.sums {
        if let Sum::Totals(t) = sum
            && t.posted > t.settled
        {
            let leg = Leg::new(Step::Settled, Owner::OldFund, Progress::Waiting { until: None });
            legs.push(leg.of_money(t.insurance, t.currency, t.posted - t.settled, None));
        }
    }
    for out in &leaving.outs {
        let Out { sequence, insurance, currency, own, pooled } = *out;
        let time = old.time(sequence).unwrap_or(leaving.due);
        let leg = Leg::new(Step::MoneyOut, Owner::OldFund, Progress::Done { time, sequence });
        legs.push(leg.of_money(insurance, currency, own, Some(pooled)));
    }
    let kinds: BTreeSet<(Insurance, Currency)> = old
        .state
        .sums
        .iter()
        .filter_map(|sum| match sum {
            Sum::Totals(t) => Some((t.insurance, t.currency)),
            Sum::Flows(f) => Some((f.insurance, f.currency)),
            _ => None,
        })
        .chain(
            old.state
                .arrivals()
                .iter()
                .flat_map(|arrived| &arrived.ins)
                .map(|came| (came.out.insurance, came.out.currency)),
        )
        .collect();
    let arrives = |record: &&Record| record.kind == Type::Settlement;
    let settled = old.records.iter().rev().find(arrives).map_or(leaving.due, |r| r.time);
    for (insurance, currency) in kinds {
        let balance = old.state.balance(insurance, currency);
        if balance > 0 {
            let until = after(settled.max(leaving.due), TO_MOVE);
            let progress = if in_force { by(until, now) } else { Progress::NotYet };
            let leg = Leg::new(Step::MoneyOut, Owner::OldFund, progress);
            legs.push(leg.of_money(insurance, currency, balance, None));
        }
    }
}

/// What has come, and what is to come.
fn came(
    old: &Side<'_>,
    leaving: &Leaving,
    arrived: Option<(&Arrived, &Side<'_>)>,
    now: Time,
    legs: &mut Vec<Leg>,
) {
    for out in &leaving.outs {
        let Out { insurance, currency, own, pooled, .. } = *out;
        let left = old.time(out.sequence).unwrap_or(leaving.due);
        let found = arrived.and_then(|(arrived, new)| {
            let In { sequence, .. } = arrived.ins.iter().find(|came| came.out == *out)?;
            Some(Progress::Done { time: new.time(*sequence).unwrap_or(left), sequence: *sequence })
        });
        let waits = if arrived.is_some() { by(after(left, TO_MOVE), now) } else { Progress::NotYet };
        let leg = Leg::new(Step::MoneyIn, Owner::NewFund, found.unwrap_or(waits));
        legs.push(leg.of_money(insurance, currency, own, Some(pooled)));
    }
}
