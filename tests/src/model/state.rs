//! What an account's records add up to (`spec/README.md` §7), from all of them, each time anew.

use std::collections::BTreeSet;

use peal_spec::address::Address;
use peal_spec::cbor::Writer;

use super::said::{Keys, Money, Said, write_address, write_maybe};
use super::{fund, moving, recovery};

/// What was said in one accepted statement: all that the state depends on.
#[derive(Clone, Debug)]
pub struct Fact {
    /// Its facets.
    pub said: Said,
    /// The sequence number that its head refers to.
    pub refers: Option<u64>,
    /// The month of its head.
    pub month: Option<u32>,
    /// The time of its commit.
    pub time: u64,
}

/// The keys now: those of the last opening, rotation, completed recovery or change of guardians.
pub fn keys(facts: &[Fact]) -> Option<Keys> {
    facts.iter().rev().find_map(|fact| match &fact.said {
        Said::Opened { keys, .. }
        | Said::Rotated { keys, .. }
        | Said::RecoveryCompleted { keys, .. }
        | Said::RecoveryChanged { keys, .. } => Some(*keys),
        _ => None,
    })
}

/// A role that was granted and not taken out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// 1 to 6.
    pub role: u64,
    /// None: all.
    pub insurances: Vec<u64>,
    /// The first second in which it no longer holds.
    pub until: Option<u64>,
    /// Sequence of the grant.
    pub grant: u64,
}

impl Held {
    /// Whether it is in force at `time`.
    pub fn in_force(&self, time: u64) -> bool {
        match self.until {
            None => true,
            Some(until) => time < until,
        }
    }

    /// Whether it is for `insurance`.
    pub fn covers(&self, insurance: u64) -> bool {
        self.insurances.is_empty() || self.insurances.contains(&insurance)
    }
}

/// The roles now, in order of granting.
pub fn roles(facts: &[Fact]) -> Vec<Held> {
    let revoked = |grant: u64| {
        facts.iter().any(|fact| matches!(fact.said, Said::Revoked { .. }) && fact.refers == Some(grant))
    };
    let granted = facts.iter().zip(0..).filter_map(|(fact, grant)| match &fact.said {
        Said::Granted { role, insurances, until, .. } => {
            Some(Held { role: *role, insurances: insurances.clone(), until: *until, grant })
        }
        _ => None,
    });
    granted.filter(|held| !revoked(held.grant)).collect()
}

/// What became of a contribution, or of a matching or a payment for somebody, which are ones too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Sequence of the contribution.
    pub sequence: u64,
    /// Who issued it.
    pub issuer: Address,
    /// The insurance.
    pub insurance: u64,
    /// The month.
    pub month: u32,
    /// The fund.
    pub fund: Address,
    /// The amount, as last corrected.
    pub money: Money,
    /// Whether the fund has settled it.
    pub settled: bool,
    /// Whether its issuer has voided it.
    pub void: bool,
    /// How much of it the fund gave back.
    pub refunded: u64,
    /// How much of that was of the credited part.
    pub refunded_credited: u64,
    /// How much of that its issuer has received.
    pub received: u64,
}

impl Entry {
    /// Whether it is neither void nor refunded whole.
    pub fn stands(&self) -> bool {
        !self.void && self.refunded < self.money.amount
    }
}

/// The entries now, in order of their contributions.
pub fn entries(facts: &[Fact]) -> Vec<Entry> {
    let contributions = facts.iter().zip(0..).filter_map(|(fact, sequence)| match (&fact.said, fact.month) {
        (
            Said::Contribution { who, insurance, fund, money, .. }
            | Said::Matching { who, insurance, fund, money, .. }
            | Said::PaidFor { who, insurance, fund, money, .. },
            Some(month),
        ) => Some(Entry {
            sequence,
            issuer: *who,
            insurance: *insurance,
            month,
            fund: *fund,
            money: money.clone(),
            settled: false,
            void: false,
            refunded: 0,
            refunded_credited: 0,
            received: 0,
        }),
        _ => None,
    });
    let mut entries: Vec<Entry> = contributions.collect();
    for entry in &mut entries {
        for fact in facts.iter().filter(|fact| fact.refers == Some(entry.sequence)) {
            match &fact.said {
                Said::Settlement { .. } => entry.settled = true,
                Said::Correction { money: Some(money), .. } => entry.money = money.clone(),
                Said::Correction { money: None, .. } => entry.void = true,
                Said::Refund { amount, credited, .. } => {
                    entry.refunded += amount;
                    entry.refunded_credited += credited;
                }
                Said::RefundReceived { amount, .. } => entry.received += amount,
                _ => {}
            }
        }
    }
    entries
}

/// The first record in this account in which the same issuer took the reference that this takes.
pub fn reference(facts: &[Fact], said: &Said) -> Option<u64> {
    let wanted = said.takes()?;
    let took = |fact: &Fact| fact.said.takes() == Some(wanted) && fact.said.who() == said.who();
    facts.iter().position(took).map(|sequence| sequence as u64)
}

/// The four sums of a totals cell: posted, posted-credited, settled, settled-credited. What was refunded stays in them.
pub fn totals(entries: &[Entry], insurance: u64, currency: &str) -> [u128; 4] {
    let mut sums = [0; 4];
    let mine = |e: &&Entry| e.insurance == insurance && e.money.currency == currency && !e.void;
    for entry in entries.iter().filter(mine) {
        sums[0] += u128::from(entry.money.amount);
        sums[1] += u128::from(entry.money.credited);
        if entry.settled {
            sums[2] += u128::from(entry.money.amount);
            sums[3] += u128::from(entry.money.credited);
        }
    }
    sums
}

/// The cells beyond control and roles, by what they are for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Sum {
    Totals(u64, String),
    Months(u64),
    Fund(u64, String),
    Recovery,
    Move,
    Arrivals,
    Ledgers,
}

fn sums(facts: &[Fact]) -> Vec<Sum> {
    let mut sums = Vec::new();
    for fact in facts {
        let of = match &fact.said {
            Said::Contribution { insurance, money, .. }
            | Said::Matching { insurance, money, .. }
            | Said::PaidFor { insurance, money, .. } => {
                vec![Sum::Totals(*insurance, money.currency.clone()), Sum::Months(*insurance)]
            }
            Said::RecoveryApproved { .. } => vec![Sum::Recovery],
            Said::Departure { .. } => vec![Sum::Move],
            Said::Arrival { .. } => vec![Sum::Arrivals],
            Said::LedgerRecognised { .. } => vec![Sum::Ledgers],
            _ => fund::cell_of(facts, fact)
                .map(|(insurance, currency)| Sum::Fund(insurance, currency))
                .into_iter()
                .collect(),
        };
        for sum in of {
            if !sums.contains(&sum) {
                sums.push(sum);
            }
        }
    }
    sums
}

/// The contents of all cells, encoded, in order.
pub fn cells(facts: &[Fact]) -> Vec<Vec<u8>> {
    let entries = entries(facts);
    let mut cells = vec![control_cell(facts), roles_cell(facts)];
    for sum in sums(facts) {
        cells.push(match sum {
            Sum::Totals(insurance, currency) => totals_cell(&entries, insurance, &currency),
            Sum::Months(insurance) => months_cell(&entries, insurance),
            Sum::Fund(insurance, currency) => fund_cell(facts, insurance, &currency),
            Sum::Recovery => recovery_cell(facts),
            Sum::Move => moving::move_cell(facts),
            Sum::Arrivals => moving::arrivals_cell(facts),
            Sum::Ledgers => moving::ledgers_cell(facts),
        });
    }
    cells
}

/// How many cells there are, beside the recovery cell and those of moves.
pub fn count(facts: &[Fact]) -> usize {
    let beside = |sum: &&Sum| matches!(sum, Sum::Totals(..) | Sum::Months(_) | Sum::Fund(..));
    2 + sums(facts).iter().filter(beside).count()
}

fn control_cell(facts: &[Fact]) -> Vec<u8> {
    let mut w = Writer::default();
    if let (Some(Said::Opened { who, .. }), Some(keys)) = (facts.first().map(|f| &f.said), keys(facts)) {
        let (guardians, need, delay) = recovery::agreed(facts);
        w.array(8);
        w.uint(0);
        w.bytes(&keys.key);
        w.bytes(&keys.next);
        w.bytes(&keys.reading);
        w.array(guardians.len() as u64);
        for guardian in guardians {
            write_address(&mut w, guardian);
        }
        w.uint(need);
        w.uint(delay);
        write_maybe(&mut w, who.map(|who| who.number));
    }
    w.into_bytes()
}

fn roles_cell(facts: &[Fact]) -> Vec<u8> {
    let roles = roles(facts);
    let mut w = Writer::default();
    w.array(2);
    w.uint(1);
    w.array(roles.len() as u64);
    for held in roles {
        w.array(4);
        w.uint(held.role);
        w.array(held.insurances.len() as u64);
        for insurance in held.insurances {
            w.uint(insurance);
        }
        write_maybe(&mut w, held.until);
        w.uint(held.grant);
    }
    w.into_bytes()
}

fn totals_cell(entries: &[Entry], insurance: u64, currency: &str) -> Vec<u8> {
    let mut w = Writer::default();
    w.array(7);
    w.uint(2);
    w.uint(insurance);
    w.text(currency);
    for sum in totals(entries, insurance, currency) {
        w.uint(sum as u64);
    }
    w.into_bytes()
}

fn fund_cell(facts: &[Fact], insurance: u64, currency: &str) -> Vec<u8> {
    let mut w = Writer::default();
    w.array(7);
    w.uint(5);
    w.uint(insurance);
    w.text(currency);
    for sum in fund::sums(facts, insurance, currency) {
        w.uint(sum as u64);
    }
    w.into_bytes()
}

fn months_cell(entries: &[Entry], insurance: u64) -> Vec<u8> {
    let standing: Vec<&Entry> = entries.iter().filter(|e| e.insurance == insurance && e.stands()).collect();
    let months: BTreeSet<u32> = standing.iter().map(|e| e.month).collect();
    let settled: BTreeSet<u32> = standing.iter().filter(|e| e.settled).map(|e| e.month).collect();
    let firsts: Vec<u32> = months.iter().copied().filter(|m| !months.contains(&before(*m))).collect();
    let mut w = Writer::default();
    w.array(5);
    w.uint(3);
    w.uint(insurance);
    w.array(firsts.len() as u64);
    for first in firsts {
        let (mut month, mut length) = (first, 0);
        while months.contains(&month) {
            (month, length) = (after(month), length + 1);
        }
        w.array(2);
        w.uint(u64::from(first));
        w.uint(length);
    }
    w.uint(months.len() as u64);
    w.uint(settled.len() as u64);
    w.into_bytes()
}

fn recovery_cell(facts: &[Fact]) -> Vec<u8> {
    let approvals = recovery::approvals(facts);
    let mut w = Writer::default();
    w.array(2);
    w.uint(4);
    w.array(approvals.len() as u64);
    for approval in approvals {
        w.array(7);
        w.uint(approval.approver);
        w.uint(approval.sequence);
        w.uint(approval.time);
        w.bool(approval.vetoed);
        w.bytes(&approval.keys.key);
        w.bytes(&approval.keys.next);
        w.bytes(&approval.keys.reading);
    }
    w.into_bytes()
}

/// The month after a month.
pub fn after(month: u32) -> u32 {
    if month % 100 == 12 { month + 89 } else { month + 1 }
}

/// The month before a month.
pub fn before(month: u32) -> u32 {
    if month % 100 == 1 { month - 89 } else { month - 1 }
}

/// The month of a time, in UTC: by counting days from 1970 on.
pub fn month_of(time: u64) -> u32 {
    let mut days = time / 86_400;
    let mut month = 197_001;
    loop {
        let (year, number) = (month / 100, month % 100);
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let length = match number {
            2 => 28 + u64::from(leap),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        if days < length {
            return month;
        }
        days -= length;
        month = after(month);
    }
}
