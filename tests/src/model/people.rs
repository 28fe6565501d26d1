//! The people and offices of a script, and the statements they make: right ones, and wrong ones with one thing changed.

use peal_spec::address::Address;
use peal_spec::cbor::{Cbor, Writer};
use peal_spec::hash::{Hash, Seed, plain};
use peal_spec::key::{PrivateKey, PublicKey};
use peal_spec::statement::{Body, Keys, Opened, Recovery, Rotated, Statement};
use peal_spec::value::Time;

use super::book::{Account, Book};
use super::leaves::next_key;
use super::said::Said;
use super::state;

/// Somebody with keys, one for each generation.
#[derive(Clone, Copy, Debug)]
pub struct Person {
    /// Makes the keys.
    pub name: u64,
    /// The account, or where it would be.
    pub address: Address,
}

/// Generations of one set of keys: a recovery leaps to the first of another.
pub const ERA: u64 = 16;

/// 16 bytes from a number: seeds of statements, posting ids.
pub fn seed(what: &str, number: u64) -> Seed {
    let mut seed = [0; 16];
    seed.copy_from_slice(&plain(format!("{what} {number}").as_bytes()).0[..16]);
    Seed(seed)
}

impl Person {
    /// One who has no account yet.
    pub fn new(name: u64) -> Self {
        Self { name, address: Address { number: (1 << 40) - 1, id: Hash([name as u8; 32]) } }
    }

    /// The key of a generation. One person in five commits to the key she has, and so can rotate to the same one until a recovery.
    pub fn key(&self, generation: u64) -> PrivateKey {
        let generation = if self.name % 5 == 4 { generation / ERA * ERA } else { generation };
        PrivateKey::new(&plain(format!("key {} {generation}", self.name).as_bytes()).0)
    }

    /// The keys of a generation.
    pub fn keys(&self, generation: u64) -> Keys {
        Keys {
            key: self.key(generation).public(),
            next: Hash(next_key(&self.key(generation + 1).public().0)),
            reading: PublicKey(plain(format!("reading {}", self.name).as_bytes()).0),
        }
    }

    /// Which generation is in force.
    pub fn generation(&self, book: &Book) -> u64 {
        let account = book.accounts.iter().find(|a| a.address == self.address);
        let Some(keys) = account.and_then(|a| state::keys(&a.facts)) else { return 0 };
        self.generation_of(&keys.key).unwrap_or(0)
    }

    /// Which generation has this key.
    pub fn generation_of(&self, key: &[u8; 32]) -> Option<u64> {
        (0..4 * ERA).find(|g| self.key(*g).public().0 == *key)
    }

    /// The generation of a key that was ever said in her account: one that she had, or that is to take over.
    pub fn some_generation(&self, book: &Book, choice: u8) -> u64 {
        let account = book.accounts.iter().find(|a| a.address == self.address);
        let facts = account.map(|a| a.facts.as_slice()).unwrap_or_default();
        let keys: Vec<[u8; 32]> = facts
            .iter()
            .filter_map(|fact| match &fact.said {
                Said::Opened { keys, .. }
                | Said::Rotated { keys, .. }
                | Said::RecoveryApproved { keys, .. }
                | Said::RecoveryCompleted { keys, .. }
                | Said::RecoveryChanged { keys, .. } => Some(keys.key),
                _ => None,
            })
            .collect();
        let key = keys.get(usize::from(choice) % keys.len().max(1));
        key.and_then(|key| self.generation_of(key)).unwrap_or(0)
    }

    /// An opening of her account.
    pub fn opened(&self, who: Option<Address>, recovery: Recovery, issued: Time) -> Statement {
        let body = Body::Opened(Opened { who, keys: self.keys(0), recovery });
        Statement::new(seed("opening", self.name), None, issued, None, None, &body)
    }

    /// A rotation of her keys.
    pub fn rotated(
        &self,
        who: Address,
        about: Address,
        generation: u64,
        number: u64,
        issued: Time,
    ) -> Statement {
        let body = Body::Rotated(Rotated { who, keys: self.keys(generation) });
        Statement::new(seed("statement", number), Some(about), issued, None, None, &body)
    }
}

/// The number of the last grant of an account that is not revoked, or one past its records.
pub fn last_grant(account: &Account, choice: usize) -> u64 {
    let held = state::roles(&account.facts);
    if held.is_empty() { account.facts.len() as u64 } else { held[choice % held.len()].grant }
}

/// The roles that an account holds, in force or not.
pub fn roles(account: &Account) -> Vec<u64> {
    account
        .facts
        .iter()
        .filter_map(|f| if let Said::Granted { role, .. } = &f.said { Some(*role) } else { None })
        .collect()
}

/// The number of [`odd`] facets.
pub const ODD: usize = 30;
/// From here on they are of a recovery's shape, or nearly.
pub const ODD_RECOVERIES: usize = 23;

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
