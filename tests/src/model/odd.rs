//! Facets as no type has them, or only just.

use peal_spec::address::Address;
use peal_spec::cbor::{Cbor, Writer};
use peal_spec::hash::Hash;

use super::claim_facets::{answers, claims, consents, looks, remedies, rulings, sayings};
use super::identities::bytes;
use super::move_facets::{froms, moveds, outs, papers, recognisables, showns, sources, tos};
use super::said::{AMOUNT_MAX, write_maybe};

/// The number of [`odd`] facets.
pub const ODD: usize = 30;
/// From here on they are of a recovery's shape, or nearly.
pub const ODD_RECOVERIES: usize = 23;

/// Whoever it may be.
const NOBODY: Address = Address { number: 0, id: Hash([0; 32]) };

/// A facet as no type has it, or only just: `choice` of many; `address` is of somebody who is there.
pub fn odd(choice: usize, address: &Address) -> Vec<u8> {
    let mut w = Writer::default();
    let address = address.to_bytes();
    let money = |w: &mut Writer, amount: u64, credited: u64, base: Option<u64>, currency: &str| {
        w.array(4);
        w.uint(amount);
        w.uint(credited);
        match base {
            Some(base) => w.uint(base),
            None => w.null(),
        }
        w.text(currency);
    };
    let text = |w: &mut Writer, of: &[u8], text: &str| {
        w.array(of.len() as u64 + 2);
        of.iter().for_each(|n| w.uint(u64::from(*n)));
        w.raw(&address);
        w.text(text);
    };
    let role = |w: &mut Writer, role: u64, insurances: &[u64], until: Option<u64>| {
        w.array(3);
        w.uint(role);
        w.array(insurances.len() as u64);
        insurances.iter().for_each(|i| w.uint(*i));
        match until {
            Some(until) => w.uint(until),
            None => w.null(),
        }
    };
    match choice % ODD {
        0 => w.null(),
        1 => w.uint(0),
        2 => w.array(0),
        3 => money(&mut w, 1 << 53, 0, None, "CNY"),
        4 => money(&mut w, 5, 1 << 53, None, "CNY"),
        5 => money(&mut w, 5, 1, Some(1 << 53), "CNY"),
        6 => money(&mut w, 5, 1, None, "cny"),
        7 => money(&mut w, 5, 1, None, "CNYX"),
        8 => text(&mut w, &[], ""),
        9 => text(&mut w, &[], "a\u{85}b"),
        10 => text(&mut w, &[], &"x".repeat(65)),
        11 => text(&mut w, &[], &"x".repeat(129)),
        12 => text(&mut w, &[1], &"é".repeat(32)),
        13 => text(&mut w, &[1], &"é".repeat(33)),
        14 => text(&mut w, &[5], "r"),
        15 => text(&mut w, &[0], "r"),
        16 => role(&mut w, 7, &[], None),
        17 => role(&mut w, 1, &[2, 2], None),
        18 => role(&mut w, 1, &[3, 1], None),
        19 => role(&mut w, 1, &[65_536], None),
        20 => role(&mut w, 1, &[], Some(1 << 40)),
        21 => {
            // Evidence of nothing.
            w.array(3);
            (0..3).for_each(|_| w.null());
        }
        22 => {
            // A shift that ends before it starts.
            w.array(3);
            w.null();
            w.array(2);
            w.uint(2);
            w.uint(1);
            w.null();
        }
        23 => {
            // Seventeen guardians.
            w.array(3);
            w.array(17);
            (0..17).for_each(|_| w.raw(&address));
            w.uint(1);
            w.uint(0);
        }
        24 => {
            // A guardian, and none is needed.
            w.array(3);
            w.array(1);
            w.raw(&address);
            w.uint(0);
            w.uint(0);
        }
        25..=28 => {
            // A guardian, and two are needed; none, and one is; a delay that is too long; a guardian twice.
            let (guardians, need, delay) =
                [(1, 2, 0), (0, 1, 0), (1, 1, 1 << 40), (2, 1, 0)][choice % ODD - 25];
            w.array(3);
            w.array(guardians);
            (0..guardians).for_each(|_| w.raw(&address));
            w.uint(need);
            w.uint(delay);
        }
        _ => {
            // An account number that is too large.
            w.array(2);
            w.uint(1 << 40);
            w.bytes(&[7; 32]);
        }
    }
    w.into_bytes()
}

/// Facets of a type's own shapes, or nearly, each with its place among the type's facets. Those marked as right are read, and judged.
pub fn odd_of(kind: u64) -> Vec<(usize, Vec<u8>)> {
    match kind {
        12 => [placed(1, hashes()), placed(2, hashes())].concat(),
        13 => [placed(1, works()), placed(2, sums())].concat(),
        14 | 31 => placed(1, sums()),
        15 => placed(1, returns()),
        16 => placed(2, interests()),
        17 | 34 => [placed(1, claims()), placed(2, sayings())].concat(),
        18 => [placed(1, rulings()), placed(2, sayings())].concat(),
        19 => placed(1, tos()),
        20 => [placed(1, froms()), placed(2, showns())].concat(),
        21 => placed(1, consents()),
        22 | 43 => placed(0, vec![odd(0, &NOBODY), odd(ODD - 1, &NOBODY)]),
        23 => placed(1, looks()),
        27 => placed(1, vec![odd(0, &NOBODY), odd(ODD - 1, &NOBODY), bytes(&[7; 32])]),
        30 => placed(2, entitlements()),
        33 => [placed(1, looks()), placed(2, sayings())].concat(),
        35 => [placed(1, answers()), placed(2, sayings())].concat(),
        29 | 36 | 39 => placed(1, sayings()),
        37 => placed(1, remedies()),
        40 => placed(2, moveds()),
        41 => [placed(2, moveds()), placed(3, outs()), placed(4, showns())].concat(),
        42 => placed(1, showns()),
        44 => placed(1, recognisables()),
        45 => [placed(1, papers()), placed(2, sources())].concat(),
        _ => placed(2, sums()),
    }
}

fn placed(place: usize, facets: Vec<Vec<u8>>) -> Vec<(usize, Vec<u8>)> {
    facets.into_iter().map(|facet| (place, facet)).collect()
}

/// Encodes an item.
pub fn encoded(write: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut w = Writer::default();
    write(&mut w);
    w.into_bytes()
}

/// An amount, or several, and a currency.
pub fn amounts(amounts: &[u64], currency: &str) -> Vec<u8> {
    encoded(|w| {
        w.array(amounts.len() as u64 + 1);
        amounts.iter().for_each(|amount| w.uint(*amount));
        w.text(currency);
    })
}

/// Evidence of an engagement.
pub fn worked(orders: Option<u64>, period: Option<(u64, u64)>, place: Option<&str>) -> Vec<u8> {
    encoded(|w| {
        w.array(3);
        write_maybe(w, orders);
        match period {
            Some(period) => write_pair(w, period),
            None => w.null(),
        }
        match place {
            Some(place) => w.text(place),
            None => w.null(),
        }
    })
}

/// The amount of interest.
pub fn interest(amount: u64, currency: &str, stretches: &[(u64, u64)], rate: u64) -> Vec<u8> {
    encoded(|w| {
        w.array(4);
        w.uint(amount);
        w.text(currency);
        write_pairs(w, stretches);
        w.uint(rate);
    })
}

/// The amount of an award.
pub fn entitlement(currency: &str, steps: &[(u64, u64)]) -> Vec<u8> {
    encoded(|w| {
        w.array(2);
        w.text(currency);
        write_pairs(w, steps);
    })
}

fn write_pairs(w: &mut Writer, pairs: &[(u64, u64)]) {
    w.array(pairs.len() as u64);
    pairs.iter().for_each(|pair| write_pair(w, *pair));
}

pub(super) fn write_pair(w: &mut Writer, (first, second): (u64, u64)) {
    w.array(2);
    w.uint(first);
    w.uint(second);
}

fn sums() -> Vec<Vec<u8>> {
    vec![
        amounts(&[1 << 53], "CNY"),
        amounts(&[5], "cny"),
        amounts(&[5], "CNYX"),
        amounts(&[5, 1], "CNY"),
        amounts(&[], "CNY"),
        encoded(Writer::null),
    ]
}

/// Of 32 bytes, nearly.
fn hashes() -> Vec<Vec<u8>> {
    vec![bytes(&[7; 31]), bytes(&[7; 33]), bytes(&[]), encoded(|w| w.text(&"7".repeat(32))), odd(0, &NOBODY)]
}

fn returns() -> Vec<Vec<u8>> {
    vec![
        amounts(&[1 << 53, 0], "CNY"),
        amounts(&[5, 1 << 53], "CNY"),
        amounts(&[5, 1], "C1Y"),
        amounts(&[5], "CNY"),
        amounts(&[5, 1, 5], "CNY"),
        encoded(Writer::null),
    ]
}

fn works() -> Vec<Vec<u8>> {
    let long = "é".repeat(32);
    vec![
        // Right.
        worked(None, Some((0, 0)), None),
        worked(Some((1 << 53) - 1), Some((1, 1)), Some(&long)),
        // No period; one that ends before it starts, or after all times; too many orders; a place that is none.
        worked(Some(1), None, Some("Suzhou")),
        worked(None, Some((2, 1)), None),
        worked(None, Some((1, 1 << 40)), None),
        worked(Some(1 << 53), Some((1, 1)), None),
        worked(None, Some((1, 1)), Some("")),
        worked(None, Some((1, 1)), Some(&format!("{long}x"))),
        encoded(Writer::null),
    ]
}

fn interests() -> Vec<Vec<u8>> {
    let of = |stretches: &[(u64, u64)], rate| interest(32, "CNY", stretches, rate);
    vec![
        // Right.
        of(&[(1, 12); 32], 1_000_000),
        interest(AMOUNT_MAX, "CNY", &[(AMOUNT_MAX, 12)], 1_000_000),
        // No stretch, or too many; no balance; no month, or too many; no rate, or too high a one.
        of(&[], 1_000_000),
        of(&[(1, 12); 33], 1_000_000),
        of(&[(0, 12)], 1_000_000),
        of(&[(1 << 53, 1)], 1_000_000),
        of(&[(1, 0)], 1_000_000),
        of(&[(1, 12), (1, 13)], 1_000_000),
        of(&[(1, 12)], 0),
        of(&[(1, 12)], 1_000_001),
        interest(1 << 53, "CNY", &[(1, 12)], 1),
        interest(1, "CN", &[(1, 12)], 1),
        amounts(&[5], "CNY"),
    ]
}

fn entitlements() -> Vec<Vec<u8>> {
    let of = |steps: &[(u64, u64)]| entitlement("CNY", steps);
    vec![
        // Right: as many steps, as many months, as much as there may be.
        of(&[(1, 1); 32]),
        of(&[(600, 1), (600, 2)]),
        of(&[(1199, 1), (1, AMOUNT_MAX - 1199)]),
        // No step, or too many; no month, or too many, in one or together; nothing, or too much, in a month or together.
        of(&[]),
        of(&[(1, 1); 33]),
        of(&[(0, 1)]),
        of(&[(1201, 1)]),
        of(&[(600, 1), (601, 1)]),
        of(&[(1, 0)]),
        of(&[(1, 1 << 53)]),
        of(&[(2, 1 << 52)]),
        of(&[(1199, 1), (1, AMOUNT_MAX - 1198)]),
        entitlement("cny", &[(1, 1)]),
        amounts(&[5], "CNY"),
    ]
}
