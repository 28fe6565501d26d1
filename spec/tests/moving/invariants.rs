//! What holds after every step, whatever became of messages and of those who send them: read from the two ledgers, and from nothing else.

use std::collections::{BTreeMap, BTreeSet};

use peal_spec::hash::Hash;
use peal_spec::moving::{Leaving, Out};
use peal_spec::rights::ClaimKind;
use peal_spec::state::{State, Sum};
use peal_spec::statement::{Body, Type};
use peal_spec::value::{Currency, Insurance, Time};

use crate::world::moving::{Side, Two};

type Money = BTreeMap<(Insurance, Currency), u64>;

fn sum<'a>(outs: impl Iterator<Item = &'a Out>) -> Money {
    outs.fold(Money::new(), |mut sums, out| {
        *sums.entry((out.insurance, out.currency)).or_default() += out.own;
        sums
    })
}

/// What became hers in an account: credited and settled, with interest and what came, less what went back.
pub fn hers(state: &State) -> Money {
    let mut hers = sum(state.arrivals().iter().flat_map(|a| &a.ins).map(|came| &came.out));
    for held in &state.sums {
        if let Sum::Totals(t) = held {
            *hers.entry((t.insurance, t.currency)).or_default() += t.settled_credited;
        }
    }
    for held in &state.sums {
        if let Sum::Flows(f) = held {
            let money = hers.entry((f.insurance, f.currency)).or_default();
            // Below zero is nothing that is hers.
            *money = (*money + f.interest).saturating_sub(f.refunded_credited);
        }
    }
    hers
}

/// What left an account.
pub fn left(state: &State) -> Money {
    sum(state.leaving().iter().flat_map(|leaving| &leaving.outs))
}

fn demand(holds: bool, what: impl Fn() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what()) }
}

/// Money and histories, over all accounts of both ledgers.
pub fn check(two: &Two) -> Result<(), String> {
    let old = &two.old.world.book.accounts;
    for account in old {
        let (hers, left) = (hers(&account.state), left(&account.state));
        for (kind, sum) in left {
            let had = hers.get(&kind).copied().unwrap_or_default();
            demand(sum <= had, || format!("{}: {sum} of {kind:?} left, {had} was hers", account.address))?;
        }
    }
    let (mut histories, mut taken) = (BTreeSet::new(), BTreeSet::new());
    for account in &two.new.world.book.accounts {
        for arrived in account.state.arrivals() {
            let once = histories.insert((arrived.origin.to_string(), arrived.address.id));
            demand(once, || format!("{} arrived twice", arrived.address))?;
            let from = old.iter().find(|a| a.address == arrived.address);
            let leaving = from.and_then(|a| a.state.leaving());
            let of_it = |l: &&Leaving| Some(l.departure) == arrived.departure;
            let outs = leaving.filter(of_it).map(|l| l.outs.clone()).unwrap_or_default();
            for came in &arrived.ins {
                let out = came.out;
                demand(outs.contains(&out), || format!("{out:?} came, and did not leave"))?;
                let once = taken.insert((arrived.address.id, out.sequence));
                demand(once, || format!("{out:?} came twice"))?;
            }
            let ins = sum(arrived.ins.iter().map(|came| &came.out));
            let outs = sum(outs.iter());
            let within = |(kind, sum): (&_, &u64)| *sum <= outs.get(kind).copied().unwrap_or_default();
            demand(ins.iter().all(within), || format!("more came than left: {ins:?}, {outs:?}"))?;
        }
    }
    Ok(())
}

/// Whether something begins with it.
fn begins(body: &Body) -> bool {
    match body {
        Body::Claim(filed) => filed.claim.kind != ClaimKind::Transfer,
        other => matches!(
            other.kind(),
            Type::Contribution
                | Type::Matching
                | Type::PaidFor
                | Type::Engagement
                | Type::Award
                | Type::Interest
                | Type::ClaimFor
                | Type::IdentityBound
                | Type::Granted
                | Type::Transcribed
                | Type::Departure
                | Type::Arrival
        ),
    }
}

/// What was there of an account, and of the log, when it was looked at last.
#[derive(Default)]
pub struct Kept {
    leaves: Vec<Hash>,
    log: Vec<Hash>,
    left: Option<Time>,
    outs: usize,
}

impl Kept {
    /// Records and log have only been appended to; where a departure was in force nothing has begun, and it stands while money is under way.
    pub fn check(&mut self, side: &Side, number: u64) -> Result<(), String> {
        let copy = side.world.book.copy(number, 0, None);
        let leaves: Vec<Hash> = copy.rows.iter().map(|row| row.record.leaf()).collect();
        demand(leaves.starts_with(&self.leaves), || format!("records of {number} are others now"))?;
        demand(side.world.book.log.starts_with(&self.log), || "the log is another now".to_owned())?;
        for row in &copy.rows[self.leaves.len()..] {
            let body = row.statement.as_ref().unwrap().body().unwrap();
            let departed = self.left.is_some_and(|due| due <= row.record.time);
            demand(!(departed && begins(&body)), || format!("{:?} began where she had left", row.record))?;
        }
        let leaving = side.world.book.accounts[number as usize].state.leaving();
        let outs = leaving.map_or(0, |l| l.outs.len());
        demand(outs >= self.outs, || format!("of {} that left {outs} are known", self.outs))?;
        (self.left, self.outs) = (leaving.map(|l| l.due), outs);
        (self.leaves, self.log) = (leaves, side.world.book.log.clone());
        Ok(())
    }
}
