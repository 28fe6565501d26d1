//! The people of the benchmark, and what they post.
//!
//! 1. Everyone's keys follow from one master seed and a number, so that a million accounts cost 32 bytes each: their ids.
//! 2. A platform posts for workers drawn uniformly at random: all four facets, twelve months, a reference that nobody used before.
//! 3. Two workers are left out of the draw. Their histories are as long as the proofs' part wants them, from many postings and from few.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use peal_spec::address::Address;
use peal_spec::cbor::Cbor;
use peal_spec::hash::{self, Hash, Seed};
use peal_spec::key::{KeyChain, PrivateKey};
use peal_spec::statement::contribution::Payer;
use peal_spec::statement::{Amount, Body, Contribution, Evidence, Source, Statement, What};
use peal_spec::value::{Currency, Insurance, Month, Origin, Text, Time};
use peal_tests::cast::{Signer, now, random};

use crate::figure::{Must, cores};

/// The first workers, left out of the draw: their histories are made for the proofs' part.
pub const SET_ASIDE: usize = 2;

/// Random numbers that are quick rather than secret (SplitMix64).
pub struct Draw(u64);

impl Draw {
    pub fn new() -> Self {
        let bytes = random().0;
        Self(u64::from_le_bytes(bytes[..8].try_into().must("eight bytes")))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    pub fn seed(&mut self) -> Seed {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.next().to_le_bytes());
        bytes[8..].copy_from_slice(&self.next().to_le_bytes());
        Seed(bytes)
    }
}

/// Who takes part.
pub struct People {
    pub origin: Origin,
    pub master: Hash,
    pub platform: Address,
    pub fund: Address,
    /// Number of the first worker's account; the others follow.
    pub first: u64,
    /// Ids of the workers' accounts, in order.
    pub ids: Vec<Hash>,
}

impl People {
    /// People whom no ledger knows: for measuring what needs none.
    pub fn imagined(origin: &Origin, count: usize) -> Self {
        let id = |n: usize| hash::plain(&n.to_le_bytes());
        let office = |n: u64| Address { number: n, id: id(n as usize) };
        Self {
            origin: origin.clone(),
            master: hash::plain(b"imagined"),
            platform: office(1),
            fund: office(2),
            first: 3,
            ids: (0..count).map(id).collect(),
        }
    }

    /// The seed of one of them; offices have names, workers numbers.
    fn seed(master: &Hash, who: &str) -> [u8; 64] {
        let mut seed = [0; 64];
        for (half, part) in seed.chunks_mut(32).enumerate() {
            part.copy_from_slice(&hash::plain(format!("{master} {who} {half}").as_bytes()).0);
        }
        seed
    }

    /// An office before it has an account.
    pub fn office(master: &Hash, origin: &Origin, name: &str) -> Signer {
        let nowhere = Address { number: 0, id: Hash::default() };
        let mut signer = Signer::from_seed(origin, Self::seed(master, name), nowhere);
        signer.address = None;
        signer
    }

    /// The platform, which signs for itself.
    pub fn platform(&self) -> Signer {
        let mut signer = Self::office(&self.master, &self.origin, "platform");
        signer.address = Some(self.platform);
        signer
    }

    /// A worker's address.
    pub fn address(&self, worker: usize) -> Address {
        Address { number: self.first + worker as u64, id: self.ids[worker] }
    }

    /// A worker who signs for herself; without an address until she has one.
    pub fn worker(&self, worker: usize) -> Signer {
        let mut signer = Self::office(&self.master, &self.origin, &worker.to_string());
        signer.address = self.ids.get(worker).map(|_| self.address(worker));
        signer
    }

    /// The key with which a worker reads her account.
    pub fn reading_key(&self, worker: usize) -> PrivateKey {
        KeyChain::new(Self::seed(&self.master, &worker.to_string())).reading(0)
    }
}

/// The twelve months before this one.
pub fn months() -> Vec<Month> {
    let mut months = Vec::with_capacity(12);
    let mut at = now().month();
    for _ in 0..12 {
        let before = if at.of_year() == 1 { (at.year() - 1) * 100 + 12 } else { at.number() - 1 };
        at = Month::new(before).must("a month");
        months.push(at);
    }
    months
}

/// Makes signed postings.
pub struct Maker<'p> {
    people: &'p People,
    platform: Signer,
    /// Makes references of this run differ from those of every other.
    run: String,
    number: AtomicU64,
    months: Vec<Month>,
    scheme: Text<32>,
    place: Text<64>,
    currency: Currency,
    time: Time,
}

impl<'p> Maker<'p> {
    pub fn new(people: &'p People) -> Self {
        Self {
            people,
            platform: people.platform(),
            run: random().to_string()[..10].to_owned(),
            number: AtomicU64::new(0),
            months: months(),
            scheme: "cn-flexible-pension".parse().must("a scheme"),
            place: "Suzhou, Gusu district".parse().must("a place"),
            currency: "CNY".parse().must("a currency"),
            time: now(),
        }
    }

    /// A contribution with all four facets.
    pub fn contribution(&self, draw: &mut Draw, worker: usize, source: Source) -> Statement {
        let n = self.number.fetch_add(1, Ordering::Relaxed);
        let about = self.people.address(worker);
        let issuer = if source == Source::Self_ { about } else { self.people.platform };
        let amount = 10_000 + draw.next() % 90_000;
        let shift = self.time.seconds() - draw.next() % 20_000_000;
        let time = |seconds| Time::new(seconds).must("a time");
        let body = Body::Contribution(Contribution {
            who: Payer { source, issuer, reference: format!("{}/{n}", self.run).parse().must("a reference") },
            what: What { insurance: Insurance::PENSION, scheme: self.scheme.clone(), fund: self.people.fund },
            amount: Amount {
                amount,
                credited: amount * 2 / 5,
                base: Some(amount * 5),
                currency: self.currency,
            },
            evidence: Some(Evidence {
                orders: Some(1 + draw.next() % 400),
                shift: Some((time(shift - 30_000), time(shift))),
                place: Some(self.place.clone()),
            }),
        });
        let month = self.months[draw.below(self.months.len())];
        Statement::new(draw.seed(), Some(about), self.time, None, Some(month), &body)
    }

    /// A worker drawn uniformly at random.
    fn anyone(&self, draw: &mut Draw) -> usize {
        SET_ASIDE + draw.below(self.people.ids.len() - SET_ASIDE)
    }

    /// A posting of the platform for as many workers, drawn at random, after those who are `named`.
    pub fn posting(&self, draw: &mut Draw, each: usize, named: &[usize]) -> Vec<u8> {
        let mut statements: Vec<Statement> =
            named.iter().map(|w| self.contribution(draw, *w, Source::Platform)).collect();
        while statements.len() < each {
            let worker = self.anyone(draw);
            statements.push(self.contribution(draw, worker, Source::Platform));
        }
        self.platform.post(statements).to_bytes()
    }

    /// A posting of one statement: a worker pays for herself, under her own key.
    pub fn own(&self, draw: &mut Draw) -> Vec<u8> {
        let worker = self.anyone(draw);
        let statement = self.contribution(draw, worker, Source::Self_);
        self.people.worker(worker).post(vec![statement]).to_bytes()
    }

    /// `count` postings of `each` statements, made on all cores. Postings of one are workers' own.
    pub fn batch(&self, count: usize, each: usize) -> Vec<Vec<u8>> {
        let make = |draw: &mut Draw| if each == 1 { self.own(draw) } else { self.posting(draw, each, &[]) };
        in_parallel(count, |draw, _| make(draw))
    }
}

/// Runs `make` for 0, 1, … `count` − 1 on all cores; the results are in order.
pub fn in_parallel<T: Send>(count: usize, make: impl Fn(&mut Draw, usize) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let mut made: Vec<(usize, T)> = std::thread::scope(|scope| {
        let work: Vec<_> = (0..cores())
            .map(|_| {
                scope.spawn(|| {
                    let (mut draw, mut mine) = (Draw::new(), Vec::new());
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        if at >= count {
                            return mine;
                        }
                        mine.push((at, make(&mut draw, at)));
                    }
                })
            })
            .collect();
        work.into_iter().flat_map(|w| w.join().unwrap_or_else(|_| panic!("a maker ended"))).collect()
    });
    made.sort_by_key(|(at, _)| *at);
    made.into_iter().map(|(_, t)| t).collect()
}
