//! The state of an account: what its records add up to, and the salted cells that commit to it.
//!
//! Source: `spec/README.md` §7.

use serde::{Deserialize, Serialize};

use crate::cbor::{COUNT_LIMIT, Cbor, Malformed, Reader, Writer};
use crate::facet::{Amount, Keys, Recovery};
use crate::hash::{Hash, Seed, Tag, derive, tagged};
use crate::moving::{Arrived, Leaving, MAX_ARRIVALS, MAX_LEDGERS, Out, Recognised};
use crate::recovery::{Approval, MAX_APPROVALS};
use crate::role::{Grant, Role};
use crate::tree;
use crate::value::{self, Currency, Insurance, Month, Origin, Time};

/// Index of the control cell.
pub const CONTROL: usize = 0;
/// Index of the roles cell.
pub const ROLES: usize = 1;
/// The most cells of an account, beside those of its recovery and its moves: a record rehashes the root over all of them.
pub const MAX_CELLS: usize = 256;
/// First derivation index of cell salts: cell i is salted with `derive(record_seed, 16 + i)`.
const CELL_SALTS: u64 = 16;

/// Who controls an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Control {
    /// The keys.
    pub keys: Keys,
    /// The recovery policy.
    pub recovery: Recovery,
    /// Number of the account that opened it; none if the person did.
    pub opened_by: Option<u64>,
}

/// A role in force, and the record that granted it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The role with its bounds.
    pub grant: Grant,
    /// Sequence of the grant in the holder's account.
    pub sequence: u64,
}

impl Cbor for Held {
    fn encode(&self, w: &mut Writer) {
        w.array(4);
        self.grant.encode_fields(w);
        w.uint(self.sequence);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(4, "a role held, of 4 elements")?;
        Ok(Self { grant: Grant::decode_fields(r)?, sequence: u64::decode(r)? })
    }
}

/// Running totals of one insurance in one currency, in minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// The insurance.
    pub insurance: Insurance,
    /// The currency.
    pub currency: Currency,
    /// Sum of standing contributions.
    pub posted: u64,
    /// The part of it that goes to the person's own account.
    pub posted_credited: u64,
    /// Sum of settled contributions.
    pub settled: u64,
    /// The part of it that goes to the person's own account.
    pub settled_credited: u64,
}

/// How many contributions stand in a month, and how many of them are settled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// Contributions that are not void.
    pub standing: u32,
    /// Those of them that are settled.
    pub settled: u32,
}

/// The months in which contributions of one insurance stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonthSet {
    /// The insurance.
    pub insurance: Insurance,
    /// Months with at least one standing contribution, in order.
    pub months: Vec<(Month, Counted)>,
}

/// One of the cells after the first two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sum {
    /// A totals cell.
    Totals(Totals),
    /// A months cell.
    Months(MonthSet),
    /// The recovery cell: approvals that stand, in order.
    Recovery(Vec<Approval>),
    /// A fund cell.
    Flows(Flows),
    /// The move cell: a departure that stands.
    Leaving(Option<Box<Leaving>>),
    /// The arrivals cell, in order.
    Arrivals(Vec<Arrived>),
    /// The ledgers cell, in order.
    Ledgers(Vec<Recognised>),
}

/// What came back, was paid out and was added, of one insurance in one currency, in minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flows {
    /// The insurance.
    pub insurance: Insurance,
    /// The currency.
    pub currency: Currency,
    /// What funds gave back of settled contributions.
    pub refunded: u64,
    /// The part of it that had gone to the person's own account.
    pub refunded_credited: u64,
    /// Benefits.
    pub paid: u64,
    /// Interest credited to the person's own account.
    pub interest: u64,
}

impl Flows {
    /// Of an insurance in a currency, of which nothing is known yet.
    pub fn none(insurance: Insurance, currency: Currency) -> Self {
        Self { insurance, currency, refunded: 0, refunded_credited: 0, paid: 0, interest: 0 }
    }

    fn encode(&self, w: &mut Writer) {
        w.array(7);
        w.uint(5);
        self.insurance.encode(w);
        self.currency.encode(w);
        for sum in [self.refunded, self.refunded_credited, self.paid, self.interest] {
            w.uint(sum);
        }
    }
}

/// What an account's records add up to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Who controls the account.
    pub control: Control,
    /// What it may do for others, in order of granting.
    pub roles: Vec<Held>,
    /// Totals, months, flows, approvals of a recovery and what moves, in order of first appearance; cell index = place + 2.
    pub sums: Vec<Sum>,
}

/// The content of one cell, as committed to and shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Kind 0.
    Control(Control),
    /// Kind 1.
    Roles(Vec<Held>),
    /// Kind 2.
    Totals(Totals),
    /// Kind 3.
    Months {
        /// The insurance.
        insurance: Insurance,
        /// First month and number of months of each run of months that count.
        runs: Vec<(Month, u64)>,
        /// How many months count.
        months: u64,
        /// How many of them are settled.
        settled: u64,
    },
    /// Kind 4.
    Recovery(Vec<Approval>),
    /// Kind 5.
    Flows(Flows),
    /// Kind 6.
    Leaving(Option<Box<Leaving>>),
    /// Kind 7.
    Arrivals(Vec<Arrived>),
    /// Kind 8.
    Ledgers(Vec<Recognised>),
}

impl Control {
    fn encode(&self, w: &mut Writer) {
        w.array(8);
        w.uint(0);
        self.keys.key.encode(w);
        self.keys.next.encode(w);
        self.keys.reading.encode(w);
        self.recovery.encode_fields(w);
        w.optional(self.opened_by.as_ref());
    }
}

fn encode_roles(roles: &[Held], w: &mut Writer) {
    w.array(2);
    w.uint(1);
    w.list(roles);
}

fn encode_approvals(approvals: &[Approval], w: &mut Writer) {
    w.array(2);
    w.uint(4);
    w.list(approvals);
}

fn encode_leaving(leaving: Option<&Leaving>, w: &mut Writer) {
    w.array(2);
    w.uint(6);
    w.optional(leaving);
}

fn encode_list<T: Cbor>(kind: u64, list: &[T], w: &mut Writer) {
    w.array(2);
    w.uint(kind);
    w.list(list);
}

impl Totals {
    fn encode(&self, w: &mut Writer) {
        w.array(7);
        w.uint(2);
        self.insurance.encode(w);
        self.currency.encode(w);
        for sum in [self.posted, self.posted_credited, self.settled, self.settled_credited] {
            w.uint(sum);
        }
    }
}

/// Writes a months cell up to its runs, of which there are `count`.
fn encode_months(w: &mut Writer, insurance: Insurance, count: u64, runs: impl Iterator<Item = (Month, u64)>) {
    w.array(5);
    w.uint(3);
    insurance.encode(w);
    w.array(count);
    for (first, months) in runs {
        w.array(2);
        first.encode(w);
        w.uint(months);
    }
}

impl Cbor for Cell {
    fn encode(&self, w: &mut Writer) {
        match self {
            Cell::Control(control) => control.encode(w),
            Cell::Roles(roles) => encode_roles(roles, w),
            Cell::Totals(totals) => totals.encode(w),
            Cell::Months { insurance, runs, months, settled } => {
                encode_months(w, *insurance, runs.len() as u64, runs.iter().copied());
                w.uint(*months);
                w.uint(*settled);
            }
            Cell::Recovery(approvals) => encode_approvals(approvals, w),
            Cell::Flows(flows) => flows.encode(w),
            Cell::Leaving(leaving) => encode_leaving(leaving.as_deref(), w),
            Cell::Arrivals(arrivals) => encode_list(7, arrivals, w),
            Cell::Ledgers(ledgers) => encode_list(8, ledgers, w),
        }
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let fault = r.fault("a cell");
        let length = r.array()?;
        match (r.uint()?, length) {
            (0, 8) => {
                let keys = Keys { key: Cbor::decode(r)?, next: Cbor::decode(r)?, reading: Cbor::decode(r)? };
                let recovery = Recovery::decode_fields(r)?;
                Ok(Cell::Control(Control { keys, recovery, opened_by: r.optional()? }))
            }
            (1, 2) => Ok(Cell::Roles(r.list()?)),
            (2, 7) => Ok(Cell::Totals(Totals {
                insurance: Cbor::decode(r)?,
                currency: Cbor::decode(r)?,
                posted: value::amount(r)?,
                posted_credited: value::amount(r)?,
                settled: value::amount(r)?,
                settled_credited: value::amount(r)?,
            })),
            (3, 5) => {
                let insurance = Insurance::decode(r)?;
                let count = r.array()?;
                let mut runs: Vec<(Month, u64)> = Vec::with_capacity(count.min(1024) as usize);
                for _ in 0..count {
                    r.array_of(2, "a run of months")?;
                    let first = Month::decode(r)?;
                    let length = r.below(COUNT_LIMIT, "a number of months")?;
                    // Runs are as long as can be: a gap lies between each and the next.
                    let after = runs.last().map(|(m, n)| u64::from(m.ordinal()) + n);
                    if length == 0 || after.is_some_and(|a| u64::from(first.ordinal()) <= a) {
                        return Err(fault);
                    }
                    runs.push((first, length));
                }
                let (months, settled) = (u64::decode(r)?, u64::decode(r)?);
                let sum = runs.iter().try_fold(0u64, |n, (_, l)| n.checked_add(*l));
                if sum != Some(months) || settled > months {
                    return Err(fault);
                }
                Ok(Cell::Months { insurance, runs, months, settled })
            }
            (5, 7) => Ok(Cell::Flows(Flows {
                insurance: Cbor::decode(r)?,
                currency: Cbor::decode(r)?,
                refunded: value::amount(r)?,
                refunded_credited: value::amount(r)?,
                paid: value::amount(r)?,
                interest: value::amount(r)?,
            })),
            (4, 2) => {
                let fault = r.fault("at most 32 approvals");
                let approvals: Vec<Approval> = r.list()?;
                if approvals.len() > MAX_APPROVALS { Err(fault) } else { Ok(Cell::Recovery(approvals)) }
            }
            (6, 2) => Ok(Cell::Leaving(r.optional()?.map(Box::new))),
            (7, 2) => {
                let arrivals: Vec<Arrived> = r.list()?;
                if arrivals.len() > MAX_ARRIVALS { Err(fault) } else { Ok(Cell::Arrivals(arrivals)) }
            }
            (8, 2) => {
                let ledgers: Vec<Recognised> = r.list()?;
                if ledgers.len() > MAX_LEDGERS { Err(fault) } else { Ok(Cell::Ledgers(ledgers)) }
            }
            _ => Err(fault),
        }
    }
}

impl State {
    /// The state after an opening.
    pub fn open(keys: Keys, recovery: Recovery, opened_by: Option<u64>) -> Self {
        let control = Control { keys, recovery, opened_by };
        Self { control, roles: Vec::new(), sums: Vec::new() }
    }

    /// Number of cells.
    pub fn cells(&self) -> usize {
        2 + self.sums.len()
    }

    /// The content of cell `index`, if there is one.
    pub fn cell(&self, index: usize) -> Option<Cell> {
        Some(match index {
            CONTROL => Cell::Control(self.control.clone()),
            ROLES => Cell::Roles(self.roles.clone()),
            _ => match self.sums.get(index - 2)? {
                Sum::Totals(totals) => Cell::Totals(*totals),
                Sum::Months(set) => set.cell(),
                Sum::Recovery(approvals) => Cell::Recovery(approvals.clone()),
                Sum::Flows(flows) => Cell::Flows(*flows),
                Sum::Leaving(leaving) => Cell::Leaving(leaving.clone()),
                Sum::Arrivals(arrivals) => Cell::Arrivals(arrivals.clone()),
                Sum::Ledgers(ledgers) => Cell::Ledgers(ledgers.clone()),
            },
        })
    }

    /// Place and value of the totals of an insurance and currency.
    pub fn totals(&self, insurance: Insurance, currency: Currency) -> Option<(usize, &Totals)> {
        self.sums.iter().enumerate().find_map(|(i, sum)| match sum {
            Sum::Totals(t) if t.insurance == insurance && t.currency == currency => Some((i + 2, t)),
            _ => None,
        })
    }

    /// Place and value of the months of an insurance.
    pub fn months(&self, insurance: Insurance) -> Option<(usize, &MonthSet)> {
        self.sums.iter().enumerate().find_map(|(i, sum)| match sum {
            Sum::Months(m) if m.insurance == insurance => Some((i + 2, m)),
            _ => None,
        })
    }

    /// Place and value of the fund cell of an insurance and currency.
    pub fn flows(&self, insurance: Insurance, currency: Currency) -> Option<(usize, &Flows)> {
        self.sums.iter().enumerate().find_map(|(i, sum)| match sum {
            Sum::Flows(f) if f.insurance == insurance && f.currency == currency => Some((i + 2, f)),
            _ => None,
        })
    }

    /// Changes a fund cell, which the first such change makes, and returns it.
    pub(crate) fn flow(
        &mut self,
        insurance: Insurance,
        currency: Currency,
        change: impl FnOnce(&mut Flows),
    ) -> Changed {
        let place = self.flows(insurance, currency).map(|(i, _)| i).unwrap_or_else(|| {
            self.sums.push(Sum::Flows(Flows::none(insurance, currency)));
            self.sums.len() + 1
        });
        if let Some(Sum::Flows(flows)) = self.sums.get_mut(place - 2) {
            change(flows);
        }
        Changed::one(place)
    }

    /// The approvals of a recovery that stand, in order.
    pub fn approvals(&self) -> &[Approval] {
        let approvals = self.sums.iter().find_map(|sum| match sum {
            Sum::Recovery(approvals) => Some(approvals.as_slice()),
            _ => None,
        });
        approvals.unwrap_or_default()
    }

    /// Changes the approvals that stand, and returns their cell, which the first approval makes.
    pub(crate) fn change_approvals(&mut self, change: impl FnOnce(&mut Vec<Approval>)) -> Changed {
        let place = self.place_of(|sum| matches!(sum, Sum::Recovery(_)), || Sum::Recovery(Vec::new()));
        if let Some(Sum::Recovery(approvals)) = self.sums.get_mut(place) {
            change(approvals);
        }
        Changed::one(place + 2)
    }

    /// The departure that stands, in force or not.
    pub fn leaving(&self) -> Option<&Leaving> {
        self.sums.iter().find_map(|sum| match sum {
            Sum::Leaving(leaving) => leaving.as_deref(),
            _ => None,
        })
    }

    /// What arrived, in order.
    pub fn arrivals(&self) -> &[Arrived] {
        let arrivals = self.sums.iter().find_map(|sum| match sum {
            Sum::Arrivals(arrivals) => Some(arrivals.as_slice()),
            _ => None,
        });
        arrivals.unwrap_or_default()
    }

    /// The ledgers that account 0 has named, in order.
    pub fn ledgers(&self) -> &[Recognised] {
        let ledgers = self.sums.iter().find_map(|sum| match sum {
            Sum::Ledgers(ledgers) => Some(ledgers.as_slice()),
            _ => None,
        });
        ledgers.unwrap_or_default()
    }

    /// Hash no 12 of the list by which a ledger is recognised.
    pub fn recognised(&self, origin: &Origin) -> Option<Hash> {
        self.ledgers().iter().find(|ledger| ledger.origin == *origin)?.list
    }

    /// What is on the person's own account, in minor units: credited and settled, less what went back and left, with interest and what came.
    pub fn balance(&self, insurance: Insurance, currency: Currency) -> u64 {
        let of = |out: &&Out| out.insurance == insurance && out.currency == currency;
        let sum = |outs: &mut dyn Iterator<Item = &Out>| {
            outs.filter(of).fold(0u64, |sum, out| sum.saturating_add(out.own))
        };
        let left = sum(&mut self.leaving().iter().flat_map(|leaving| &leaving.outs));
        let came = sum(&mut self.arrivals().iter().flat_map(|arrived| &arrived.ins).map(|came| &came.out));
        let credited = self.totals(insurance, currency).map_or(0, |(_, t)| t.settled_credited);
        let flows = self.flows(insurance, currency).map_or(Flows::none(insurance, currency), |(_, f)| *f);
        let kept = credited.saturating_sub(flows.refunded_credited).saturating_add(flows.interest);
        kept.saturating_add(came).saturating_sub(left)
    }

    /// The place of the first of some cells, which is made if it is missing.
    fn place_of(&mut self, is: impl Fn(&Sum) -> bool, make: impl FnOnce() -> Sum) -> usize {
        self.sums.iter().position(is).unwrap_or_else(|| {
            self.sums.push(make());
            self.sums.len() - 1
        })
    }

    /// Changes the departure that stands, and returns its cell, which the first departure makes.
    pub(crate) fn change_leaving(&mut self, change: impl FnOnce(&mut Option<Box<Leaving>>)) -> Changed {
        let place = self.place_of(|sum| matches!(sum, Sum::Leaving(_)), || Sum::Leaving(None));
        if let Some(Sum::Leaving(leaving)) = self.sums.get_mut(place) {
            change(leaving);
        }
        Changed::one(place + 2)
    }

    /// Changes what arrived, and returns its cell, which the first arrival makes.
    pub(crate) fn change_arrivals(&mut self, change: impl FnOnce(&mut Vec<Arrived>)) -> Changed {
        let place = self.place_of(|sum| matches!(sum, Sum::Arrivals(_)), || Sum::Arrivals(Vec::new()));
        if let Some(Sum::Arrivals(arrivals)) = self.sums.get_mut(place) {
            change(arrivals);
        }
        Changed::one(place + 2)
    }

    /// Changes the ledgers that are recognised, and returns their cell, which the first makes.
    pub(crate) fn change_ledgers(&mut self, change: impl FnOnce(&mut Vec<Recognised>)) -> Changed {
        let place = self.place_of(|sum| matches!(sum, Sum::Ledgers(_)), || Sum::Ledgers(Vec::new()));
        if let Some(Sum::Ledgers(ledgers)) = self.sums.get_mut(place) {
            let before = ledgers.clone();
            change(ledgers);
            // The same list again changes nothing.
            if *ledgers == before {
                return Changed::default();
            }
        }
        Changed::one(place + 2)
    }

    /// What a change of keys does to a departure that is not in force yet: it falls.
    pub(crate) fn keys_change(&mut self, time: Time) -> Changed {
        if self.leaving().is_some_and(|leaving| !leaving.in_force(time)) {
            self.change_leaving(|leaving| *leaving = None)
        } else {
            Changed::default()
        }
    }

    /// How many cells are there that do not count among the 256: one of each kind at most.
    fn uncounted(&self) -> usize {
        let counts = |sum: &&Sum| matches!(sum, Sum::Totals(_) | Sum::Months(_) | Sum::Flows(_));
        self.sums.iter().filter(|sum| !counts(sum)).count()
    }

    /// How many more totals, months and fund cells there may be.
    pub fn cells_free(&self) -> usize {
        MAX_CELLS.saturating_sub(self.cells() - self.uncounted())
    }

    /// How many cells a contribution to this insurance in this currency would add.
    pub fn cells_missing(&self, insurance: Insurance, currency: Currency) -> usize {
        usize::from(self.totals(insurance, currency).is_none())
            + usize::from(self.months(insurance).is_none())
    }

    /// The grants of a role, whatever their bounds.
    pub fn grants(&self, role: Role) -> impl Iterator<Item = &Grant> {
        self.roles.iter().map(|held| &held.grant).filter(move |g| g.role == role)
    }

    /// Whether a role holds at `time` for `insurance`.
    pub fn may(&self, role: Role, insurance: Insurance, time: Time) -> bool {
        self.grants(role).any(|g| g.in_force(time) && g.covers(insurance))
    }

    /// Writes the content of cell `index`, as [`State::cell`] gives it; nothing if there is no such cell.
    fn encode_cell(&self, index: usize, w: &mut Writer) {
        match index {
            CONTROL => self.control.encode(w),
            ROLES => encode_roles(&self.roles, w),
            _ => match self.sums.get(index - 2) {
                Some(Sum::Totals(totals)) => totals.encode(w),
                Some(Sum::Months(set)) => set.encode(w),
                Some(Sum::Recovery(approvals)) => encode_approvals(approvals, w),
                Some(Sum::Flows(flows)) => flows.encode(w),
                Some(Sum::Leaving(leaving)) => encode_leaving(leaving.as_deref(), w),
                Some(Sum::Arrivals(arrivals)) => encode_list(7, arrivals, w),
                Some(Sum::Ledgers(ledgers)) => encode_list(8, ledgers, w),
                None => {}
            },
        }
    }

    /// Changes totals and months; makes the cells where they are missing. Returns the cells whose content changed.
    pub(crate) fn tally(&mut self, key: (Insurance, Currency, Month), change: &Change) -> Changed {
        let (insurance, currency, month) = key;
        let mut changed = Changed::default();
        let place = self.totals(insurance, currency).map(|(i, _)| i).unwrap_or_else(|| {
            self.sums.push(Sum::Totals(Totals {
                insurance,
                currency,
                posted: 0,
                posted_credited: 0,
                settled: 0,
                settled_credited: 0,
            }));
            changed.add(self.sums.len() + 1);
            self.sums.len() + 1
        });
        if let Some(Sum::Totals(t)) = self.sums.get_mut(place - 2) {
            let before = *t;
            // Judged beforehand to stay within 2^53 and above zero.
            t.posted = t.posted.saturating_add(change.plus.0).saturating_sub(change.minus.0);
            t.posted_credited =
                t.posted_credited.saturating_add(change.plus.1).saturating_sub(change.minus.1);
            t.settled = t.settled.saturating_add(change.settled.0);
            t.settled_credited = t.settled_credited.saturating_add(change.settled.1);
            if *t != before {
                changed.add(place);
            }
        }
        if change.standing == 0 && change.settlements == 0 {
            return changed;
        }
        let place = self.months(insurance).map(|(i, _)| i).unwrap_or_else(|| {
            self.sums.push(Sum::Months(MonthSet { insurance, months: Vec::new() }));
            changed.add(self.sums.len() + 1);
            self.sums.len() + 1
        });
        if let Some(Sum::Months(set)) = self.sums.get_mut(place - 2)
            && set.count(month, change)
        {
            changed.add(place);
        }
        changed
    }
}

/// The cells that a statement changed: at most three.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    cells: [usize; 3],
    count: usize,
}

impl Changed {
    /// One cell.
    pub fn one(cell: usize) -> Self {
        Self { cells: [cell, 0, 0], count: 1 }
    }

    /// Adds a cell, unless it is there.
    pub(crate) fn add(&mut self, cell: usize) {
        if !self.as_slice().contains(&cell)
            && let Some(place) = self.cells.get_mut(self.count)
        {
            *place = cell;
            self.count += 1;
        }
    }

    /// Adds other cells.
    pub(crate) fn add_all(&mut self, others: Self) {
        for cell in others.as_slice() {
            self.add(*cell);
        }
    }

    /// Their indexes.
    pub fn as_slice(&self) -> &[usize] {
        &self.cells[..self.count]
    }
}

/// What a statement does to totals and months: pairs are (amount, credited part).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Change {
    pub(crate) plus: (u64, u64),
    pub(crate) minus: (u64, u64),
    pub(crate) settled: (u64, u64),
    pub(crate) standing: i32,
    pub(crate) settlements: i32,
}

impl Change {
    pub(crate) fn parts(amount: &Amount) -> (u64, u64) {
        (amount.amount, amount.credited)
    }
}

impl MonthSet {
    /// Counts contributions and settlements of a month; returns whether the cell changed by it.
    fn count(&mut self, month: Month, change: &Change) -> bool {
        let place = match self.months.binary_search_by_key(&month, |(m, _)| *m) {
            Ok(place) => place,
            Err(place) => {
                self.months.insert(place, (month, Counted::default()));
                place
            }
        };
        let Some((_, counted)) = self.months.get_mut(place) else { return false };
        let before = (counted.standing > 0, counted.settled > 0);
        counted.standing = counted.standing.saturating_add_signed(change.standing);
        counted.settled = counted.settled.saturating_add_signed(change.settlements);
        let after = (counted.standing > 0, counted.settled > 0);
        if !after.0 {
            self.months.remove(place);
        }
        before != after
    }

    /// How many of the months are settled.
    fn settled(&self) -> u64 {
        self.months.iter().map(|(_, c)| u64::from(c.settled > 0)).sum()
    }

    /// First month and number of months of each run of months that count.
    fn runs(&self) -> impl Iterator<Item = (Month, u64)> {
        let follow = |a: &(Month, Counted), b: &(Month, Counted)| a.0.ordinal() + 1 == b.0.ordinal();
        self.months.chunk_by(follow).filter_map(|run| Some((run.first()?.0, run.len() as u64)))
    }

    /// Number of runs: in most lives it is one, which the ends tell.
    fn run_count(&self) -> u64 {
        match (self.months.first(), self.months.last()) {
            (Some((first, _)), Some((last, _)))
                if (last.ordinal() - first.ordinal()) as usize + 1 == self.months.len() =>
            {
                1
            }
            _ => self.runs().count() as u64,
        }
    }

    /// The cell that commits to it.
    pub fn cell(&self) -> Cell {
        Cell::Months {
            insurance: self.insurance,
            runs: self.runs().collect(),
            months: self.months.len() as u64,
            settled: self.settled(),
        }
    }

    /// Writes [`MonthSet::cell`].
    fn encode(&self, w: &mut Writer) {
        let count = self.run_count();
        let only = self.months.first().map(|(first, _)| (*first, self.months.len() as u64));
        let several = (count > 1).then(|| self.runs()).into_iter().flatten();
        encode_months(w, self.insurance, count, only.filter(|_| count == 1).into_iter().chain(several));
        w.uint(self.months.len() as u64);
        w.uint(self.settled());
    }
}

/// The leaf hash of a cell.
pub fn leaf(index: u64, salt: &Seed, cell: &Cell) -> Hash {
    leaf_of(index, salt, |w| cell.encode(w))
}

#[inline]
fn leaf_of(index: u64, salt: &Seed, write: impl FnOnce(&mut Writer)) -> Hash {
    tagged(Tag::State, 3, |w| {
        w.uint(index);
        w.bytes(&salt.0);
        write(w);
    })
}

/// Salts and leaf hashes of an account's cells, kept so that one record rehashes only what it changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cells {
    salts: Vec<Seed>,
    leaves: Vec<Hash>,
}

impl Cells {
    /// Cells from their parts, if there are as many salts as leaf hashes.
    pub fn from_parts(salts: Vec<Seed>, leaves: Vec<Hash>) -> Option<Self> {
        (salts.len() == leaves.len()).then_some(Self { salts, leaves })
    }

    /// Salts and leaf hashes, in order of the cells.
    pub fn into_parts(self) -> (Vec<Seed>, Vec<Hash>) {
        (self.salts, self.leaves)
    }

    /// Salts of the cells.
    pub fn salts(&self) -> &[Seed] {
        &self.salts
    }

    /// Leaf hashes of the cells.
    pub fn leaves(&self) -> &[Hash] {
        &self.leaves
    }

    /// Takes the cells `changed` of `state` anew, salted from `record_seed`.
    pub fn update(&mut self, state: &State, changed: &[usize], record_seed: &Seed) {
        let count = state.cells();
        if self.leaves.len() != count {
            self.salts.resize(count, Seed::default());
            self.leaves.resize(count, Hash::default());
        }
        for &index in changed {
            if let (Some(salt), Some(hash)) = (self.salts.get_mut(index), self.leaves.get_mut(index)) {
                *salt = derive(record_seed, CELL_SALTS + index as u64);
                *hash = leaf_of(index as u64, salt, |w| state.encode_cell(index, w));
            }
        }
    }

    /// The state root.
    pub fn root(&self) -> Hash {
        tree::root(&self.leaves)
    }

    /// Number of cells.
    pub fn len(&self) -> usize {
        self.leaves.len()
    }

    /// Whether there is no cell yet.
    pub fn is_empty(&self) -> bool {
        self.leaves.is_empty()
    }

    /// The salt of a cell and its inclusion path.
    pub fn opening(&self, index: usize) -> Option<(Seed, Vec<Hash>)> {
        let salt = *self.salts.get(index)?;
        let path = tree::sure(tree::inclusion(self.leaves.as_slice(), index as u64, self.len() as u64));
        Some((salt, path))
    }
}
