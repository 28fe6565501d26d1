//! The people and offices of the examples, with keys that anyone can make again.
#![allow(
    dead_code,
    unused_imports,
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::too_many_arguments
)]

use peal_spec::address::Address;
use peal_spec::hash::{Hash, Seed, plain};
use peal_spec::key::{KeyChain, PrivateKey};
use peal_spec::posting::Posting;
use peal_spec::role::{Grant, Role};
use peal_spec::statement::contribution::Payer;
use peal_spec::statement::correction::Corrector;
use peal_spec::statement::*;
use peal_spec::value::{Currency, Insurance, Month, Origin, Time};

mod work;
mod rights;
mod identity;
mod moving;

pub use identity::*;
pub use moving::*;
pub use rights::*;
pub use work::*;

pub const ORIGIN: &str = "ledger.example/peal";
pub const START: u64 = 1_790_000_000;

pub fn origin() -> Origin {
    ORIGIN.parse().unwrap()
}
pub fn time(after: u64) -> Time {
    Time::new(START + after).unwrap()
}
pub fn month(number: u32) -> Month {
    Month::new(number).unwrap()
}
pub fn cny() -> Currency {
    "CNY".parse().unwrap()
}

/// Seeds that follow from a word and a number.
pub fn seed(word: &str, n: u64) -> Seed {
    let full = plain(format!("{word} {n}").as_bytes());
    let mut out = [0; 16];
    out.copy_from_slice(&full.0[..16]);
    Seed(out)
}

/// Someone with keys and, once opened, an address.
pub struct Person {
    pub name: &'static str,
    pub chain: KeyChain,
    pub generation: u32,
    pub address: Option<Address>,
    /// The ledger that they post to.
    pub origin: Origin,
    counter: u64,
}

impl Person {
    pub fn new(name: &'static str) -> Self {
        let (a, b) = (plain(format!("{name} 1").as_bytes()), plain(format!("{name} 2").as_bytes()));
        let mut seed = [0; 64];
        seed[..32].copy_from_slice(&a.0);
        seed[32..].copy_from_slice(&b.0);
        Self { name, chain: KeyChain::new(seed), generation: 0, address: None, origin: origin(), counter: 0 }
    }
    /// Somebody who posts to this ledger.
    pub fn of(name: &'static str, origin: &str) -> Self {
        Self { origin: origin.parse().unwrap(), ..Self::new(name) }
    }
    pub fn key(&self) -> PrivateKey {
        self.chain.signing(self.generation)
    }
    pub fn keys(&self, generation: u32) -> Keys {
        Keys {
            key: self.chain.signing(generation).public(),
            next: self.chain.signing(generation + 1).public().commitment(),
            reading: self.chain.reading(0).public(),
        }
    }
    pub fn at(&self) -> Address {
        self.address.unwrap()
    }
    pub fn next_seed(&mut self, word: &str) -> Seed {
        self.counter += 1;
        seed(&format!("{} {word}", self.name), self.counter)
    }
    pub fn post(&mut self, after: u64, statements: Vec<Statement>) -> Posting {
        self.post_with(after, statements, false)
    }
    pub fn post_with(&mut self, after: u64, statements: Vec<Statement>, all: bool) -> Posting {
        let id = self.next_seed("posting");
        Posting::sign(&self.origin, self.address, id, time(after), all, statements, &self.key())
    }
    pub fn opening(&mut self, after: u64, who: Option<Address>) -> Statement {
        let recovery = Recovery { guardians: vec![], need: 0, delay: Time::new(604_800).unwrap() };
        let body = Body::Opened(Opened { who, keys: self.keys(0), recovery });
        let seed = self.next_seed("statement");
        Statement::new(seed, None, time(after), None, None, &body)
    }
    pub fn open(&mut self, after: u64) -> Posting {
        let statement = self.opening(after, None);
        self.post(after, vec![statement])
    }
    pub fn say(
        &mut self,
        after: u64,
        about: Address,
        refers: Option<u64>,
        m: Option<Month>,
        body: &Body,
    ) -> Statement {
        let seed = self.next_seed("statement");
        Statement::new(seed, Some(about), time(after), refers, m, body)
    }
    pub fn grant(
        &mut self,
        after: u64,
        about: Address,
        role: Role,
        insurances: &[Insurance],
        until: Option<Time>,
    ) -> Statement {
        let role = Grant { role, insurances: insurances.to_vec(), until };
        let body = Body::Granted(Granted { who: self.at(), role });
        self.say(after, about, None, None, &body)
    }
    pub fn contribute(
        &mut self,
        after: u64,
        about: Address,
        fund: Address,
        source: Source,
        m: u32,
        amount: u64,
        reference: &str,
    ) -> Statement {
        let body = Body::Contribution(Contribution {
            who: Payer { source, issuer: self.at(), reference: reference.parse().unwrap() },
            what: What {
                insurance: Insurance::PENSION,
                scheme: "cn-flexible-pension".parse().unwrap(),
                fund,
            },
            amount: Amount { amount, credited: amount * 2 / 5, base: Some(amount * 5), currency: cny() },
            evidence: None,
        });
        self.say(after, about, None, Some(month(m)), &body)
    }
    pub fn settle(&mut self, after: u64, about: Address, refers: u64, m: u32, amount: Amount) -> Statement {
        let who = Referenced { issuer: self.at(), reference: "bank 2026-10-31".parse().unwrap() };
        self.say(after, about, Some(refers), Some(month(m)), &Body::Settlement(Settlement { who, amount }))
    }
    pub fn correct(
        &mut self,
        after: u64,
        about: Address,
        refers: u64,
        m: u32,
        amount: Option<Amount>,
    ) -> Statement {
        let who = Corrector { issuer: self.at(), reason: "entered twice".parse().unwrap() };
        self.say(after, about, Some(refers), Some(month(m)), &Body::Correction(Correction { who, amount }))
    }
    pub fn rotate(&mut self, after: u64) -> Posting {
        let generation = self.generation + 1;
        let body = Body::Rotated(Rotated { who: self.at(), keys: self.keys(generation) });
        let about = self.at();
        let statement = self.say(after, about, None, None, &body);
        self.generation = generation;
        self.post(after, vec![statement])
    }
    /// Opens an account with guardians, so many of whom must agree, and three days in which the present key can veto.
    pub fn open_guarded(&mut self, after: u64, guardians: &[Address], need: u64) -> Posting {
        let delay = Time::new(3 * 86_400).unwrap();
        let recovery = Recovery { guardians: guardians.to_vec(), need, delay };
        let body = Body::Opened(Opened { who: None, keys: self.keys(0), recovery });
        let statement = Statement::new(self.next_seed("statement"), None, time(after), None, None, &body);
        self.post(after, vec![statement])
    }
    pub fn approve(&mut self, after: u64, about: Address, keys: Keys) -> Statement {
        let body = Body::RecoveryApproved(RecoveryApproved { who: self.at(), keys });
        self.say(after, about, None, None, &body)
    }
    pub fn veto(&mut self, after: u64) -> Statement {
        let about = self.at();
        self.say(after, about, None, None, &Body::RecoveryVetoed(RecoveryVetoed { who: about }))
    }
    /// The next key takes over and names guardians.
    pub fn guard(&mut self, after: u64, guardians: &[Address], need: u64) -> Posting {
        let delay = Time::new(86_400).unwrap();
        let recovery = Recovery { guardians: guardians.to_vec(), need, delay };
        let keys = self.keys(self.generation + 1);
        let body = Body::RecoveryChanged(RecoveryChanged { who: self.at(), keys, recovery });
        let about = self.at();
        let statement = self.say(after, about, None, None, &body);
        self.generation += 1;
        self.post(after, vec![statement])
    }
    /// Somebody with new keys says that they take over an account.
    pub fn take_over(&mut self, after: u64, about: Address) -> Posting {
        let body = Body::RecoveryCompleted(RecoveryCompleted { who: about, keys: self.keys(0) });
        let statement = self.say(after, about, None, None, &body);
        let id = self.next_seed("posting");
        Posting::sign(&self.origin, Some(about), id, time(after), false, vec![statement], &self.key())
    }
    pub fn sees(&mut self, number: u64, id: Hash) {
        self.address = Some(Address { number, id });
    }
}

/// Changes the facets of a statement as encoded.
pub fn refacet(statement: &mut Statement, change: impl FnOnce(&mut Vec<Vec<u8>>)) {
    let mut facets: Vec<Vec<u8>> = statement.facets.iter().map(<[u8]>::to_vec).collect();
    change(&mut facets);
    statement.facets = Facets::new(facets).unwrap();
}

pub fn pension(amount: u64) -> Amount {
    Amount { amount, credited: amount * 2 / 5, base: Some(amount * 5), currency: cny() }
}
