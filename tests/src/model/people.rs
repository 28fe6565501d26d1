//! The people and offices of a script, and the statements they make: right ones, and wrong ones with one thing changed.

use peal_spec::address::Address;
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
