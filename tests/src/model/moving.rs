//! Departures, arrivals and the ledgers that are recognised (`spec/moving.md`), from all of an account's records, each time anew.

use peal_spec::cbor::Writer;
use peal_spec::hash::leaf;

use super::leaves::data;
use super::recovery::agreed;
use super::said::{From, Moved, Said, To, write_address, write_maybe};
use super::state::Fact;

/// Times are below this.
const TIMES: u64 = 1 << 40;

/// Money that left, or that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Its record.
    pub sequence: u64,
    /// The insurance.
    pub insurance: u64,
    /// How much.
    pub moved: Moved,
}

/// A departure that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaving {
    /// Its record.
    pub departure: u64,
    /// Where to.
    pub to: To,
    /// From when on it is in force.
    pub due: u64,
    /// Who approved of it: number, and the record.
    pub approved: Vec<(u64, u64)>,
    /// What left, in order.
    pub outs: Vec<Transfer>,
    /// Whether the move is closed.
    pub closed: bool,
}

impl Leaving {
    /// Whether it is in force at `time`.
    pub fn in_force(&self, time: u64) -> bool {
        self.due <= time
    }
}

/// The departure that stands, if one does.
pub fn leaving(facts: &[Fact]) -> Option<Leaving> {
    let mut standing: Option<Leaving> = None;
    for (fact, sequence) in facts.iter().zip(0..) {
        if let Said::Departure { to, .. } = &fact.said {
            let (_, _, delay) = agreed(&facts[..sequence as usize]);
            let due = (fact.time + delay).min(TIMES - 1);
            let (to, approved, outs) = (to.clone(), vec![], vec![]);
            standing = Some(Leaving { departure: sequence, to, due, approved, outs, closed: false });
        }
        let Some(leaving) = &mut standing else { continue };
        let about = fact.refers == Some(leaving.departure);
        match &fact.said {
            Said::DepartureApproved { who } if about => {
                leaving.approved.push((who.number, sequence));
                let (guardians, need, _) = agreed(&facts[..sequence as usize]);
                let is_guardian = |(number, _): &&(u64, u64)| guardians.iter().any(|g| g.number == *number);
                let of_guardians = leaving.approved.iter().filter(is_guardian).count();
                let a_bureau = of_guardians < leaving.approved.len();
                if a_bureau || of_guardians as u64 >= need.max(1) {
                    leaving.due = leaving.due.min(fact.time);
                }
            }
            Said::Rotated { .. } | Said::RecoveryCompleted { .. } | Said::RecoveryChanged { .. }
                if !leaving.in_force(fact.time) =>
            {
                standing = None;
            }
            Said::Withdrawn { .. } if about => standing = None,
            Said::TransferredOut { insurance, moved, .. } if about => {
                leaving.outs.push(Transfer { sequence, insurance: *insurance, moved: moved.clone() });
                leaving.closed = false;
            }
            Said::MoveClosed { .. } if about => leaving.closed = true,
            _ => {}
        }
    }
    standing
}

/// An account that arrived, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// The first record that says so.
    pub arrival: u64,
    /// This one, and those that say that it has grown.
    pub records: Vec<u64>,
    /// What arrived, as the first says, with the size, the root and, if it has one, the departure of the last.
    pub from: From,
    /// What came, in order, each with the record in which it left.
    pub ins: Vec<(u64, Transfer)>,
}

/// What arrived in an account, in order.
pub fn arrivals(facts: &[Fact]) -> Vec<Arrived> {
    let mut all: Vec<Arrived> = Vec::new();
    for (fact, sequence) in facts.iter().zip(0..) {
        match &fact.said {
            Said::Arrival { from, .. } => match all.iter_mut().find(|there| same(&there.from, from)) {
                Some(there) => {
                    there.records.push(sequence);
                    (there.from.size, there.from.root) = (from.size, from.root);
                    there.from.departure = from.departure.or(there.from.departure);
                }
                None => {
                    let (from, ins) = (from.clone(), vec![]);
                    all.push(Arrived { arrival: sequence, records: vec![sequence], from, ins });
                }
            },
            Said::TransferredIn { insurance, moved, out, .. } => {
                let of = |a: &&mut Arrived| fact.refers.is_some_and(|refers| a.records.contains(&refers));
                if let Some(there) = all.iter_mut().find(of) {
                    let came = Transfer { sequence, insurance: *insurance, moved: moved.clone() };
                    there.ins.push((*out, came));
                }
            }
            _ => {}
        }
    }
    all
}

/// Whether two say the same account: by origin and id.
pub fn same(one: &From, other: &From) -> bool {
    one.origin == other.origin && one.address.id == other.address.id
}

/// Hash no 13: what an arrival takes.
pub fn token(from: &From) -> [u8; 32] {
    let data = data(13, 2, |w| {
        w.text(&from.origin);
        w.bytes(&from.address.id.0);
    });
    leaf(&data).0
}

/// The ledgers that are named, in order of first naming, each with the hash of its list now.
pub fn ledgers(facts: &[Fact]) -> Vec<(String, Option<[u8; 32]>)> {
    let mut all: Vec<(String, Option<[u8; 32]>)> = Vec::new();
    for fact in facts {
        let Said::LedgerRecognised { origin, list, .. } = &fact.said else { continue };
        let list = list.as_deref().map(list_hash);
        match all.iter_mut().find(|(there, _)| there == origin) {
            Some(there) => there.1 = list,
            None => all.push((origin.clone(), list)),
        }
    }
    all
}

/// Hash no 12.
pub fn list_hash(list: &[u8]) -> [u8; 32] {
    leaf(&data(12, 1, |w| w.bytes(list))).0
}

/// What came to the person's own account, and what left it.
pub fn own(facts: &[Fact], insurance: u64, currency: &str) -> (u128, u128) {
    let (mut came, mut left) = (0, 0);
    for fact in facts {
        match &fact.said {
            Said::TransferredIn { insurance: of, moved, .. }
                if *of == insurance && moved.currency == currency =>
            {
                came += u128::from(moved.own);
            }
            Said::TransferredOut { insurance: of, moved, .. }
                if *of == insurance && moved.currency == currency =>
            {
                left += u128::from(moved.own);
            }
            _ => {}
        }
    }
    (came, left)
}

fn write_transfer(w: &mut Writer, transfer: &Transfer) {
    w.uint(transfer.insurance);
    w.text(&transfer.moved.currency);
    w.uint(transfer.moved.own);
    w.uint(transfer.moved.pooled);
}

fn cell(kind: u64, write: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut w = Writer::default();
    w.array(2);
    w.uint(kind);
    write(&mut w);
    w.into_bytes()
}

/// The move cell.
pub fn move_cell(facts: &[Fact]) -> Vec<u8> {
    cell(6, |w| match leaving(facts) {
        None => w.null(),
        Some(leaving) => {
            w.array(6);
            w.uint(leaving.departure);
            w.text(&leaving.to.origin);
            write_address(w, &leaving.to.address);
            w.uint(leaving.due);
            w.array(leaving.outs.len() as u64);
            for out in &leaving.outs {
                w.array(5);
                w.uint(out.sequence);
                write_transfer(w, out);
            }
            w.bool(leaving.closed);
        }
    })
}

/// The arrivals cell.
pub fn arrivals_cell(facts: &[Fact]) -> Vec<u8> {
    let all = arrivals(facts);
    cell(7, |w| {
        w.array(all.len() as u64);
        for Arrived { arrival, from, ins, .. } in all {
            w.array(7);
            w.uint(arrival);
            w.text(&from.origin);
            write_address(w, &from.address);
            write_maybe(w, from.departure);
            w.uint(from.size);
            w.bytes(&from.root);
            w.array(ins.len() as u64);
            for (out, came) in ins {
                w.array(6);
                w.uint(came.sequence);
                w.uint(out);
                write_transfer(w, &came);
            }
        }
    })
}

/// The ledgers cell.
pub fn ledgers_cell(facts: &[Fact]) -> Vec<u8> {
    let all = ledgers(facts);
    cell(8, |w| {
        w.array(all.len() as u64);
        for (origin, list) in all {
            w.array(2);
            w.text(&origin);
            match list {
                Some(list) => w.bytes(&list),
                None => w.null(),
            }
        }
    })
}
