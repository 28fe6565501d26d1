//! A small world to test in: a ledger with a fixed clock and countable seeds, and people with keys.
#![allow(dead_code)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use peal_ledger::{AuditReport, Error, Genesis, Ledger, Settings, audit};
use peal_spec::address::Address;
use peal_spec::cbor::Cbor;
use peal_spec::hash::{Hash, Seed, plain};
use peal_spec::identity::Token;
use peal_spec::key::PrivateKey;
use peal_spec::note::VerifierKey;
use peal_spec::posting::{Checked, Posting};
use peal_spec::receipt::{Accepted, Receipt};
use peal_spec::refusal::{Code, Refusal};
use peal_spec::rights;
use peal_spec::role::{Grant, Role};
use peal_spec::statement::Referenced;
use peal_spec::statement::contribution::Payer;
use peal_spec::statement::correction::Corrector;
use peal_spec::statement::{
    Amount, Body, Claim, ClaimAnswered, ClaimClosed, Contribution, Correction, Engagement, Erased, Evidence,
    Granted, IdentityBound, Keys, Money, Opened, Recovery, Revoked, Rotated, Settlement, Source, Statement,
    What, Withdrawn,
};
use peal_spec::value::{Insurance, Month, Origin, Time};
use tempfile::TempDir;

/// When the tests happen: 2026-01-15.
pub const NOW: u64 = 1_768_435_200;

/// Somebody with keys; `generation` counts rotations.
#[derive(Clone, Copy, Debug)]
pub struct Person {
    pub name: u64,
    pub generation: u64,
    pub address: Address,
}

impl Person {
    pub fn new(name: u64) -> Self {
        Self { name, generation: 0, address: Address { number: 0, id: Hash::default() } }
    }
    pub fn key_of(&self, generation: u64) -> PrivateKey {
        PrivateKey::new(&plain(format!("key {} {generation}", self.name).as_bytes()).0)
    }
    pub fn key(&self) -> PrivateKey {
        self.key_of(self.generation)
    }
    pub fn keys_of(&self, generation: u64) -> Keys {
        Keys {
            key: self.key_of(generation).public(),
            next: self.key_of(generation + 1).public().commitment(),
            reading: PrivateKey::new(&plain(format!("reading {}", self.name).as_bytes()).0).public(),
        }
    }
    pub fn opened(&self, by: Option<Address>) -> Statement {
        let body = Opened { who: by, keys: self.keys_of(0), recovery: Recovery::default() };
        Statement::new(seed(self.name), None, time(NOW), None, None, &Body::Opened(body))
    }
}

pub fn seed(n: u64) -> Seed {
    let mut seed = [0x5a; 16];
    seed[..8].copy_from_slice(&n.to_be_bytes());
    Seed(seed)
}

pub fn time(seconds: u64) -> Time {
    Time::new(seconds).unwrap()
}

pub fn month(number: u32) -> Month {
    Month::new(number).unwrap()
}

pub fn cny(amount: u64) -> Amount {
    Amount { amount, credited: amount / 2, base: None, currency: "CNY".parse().unwrap() }
}

/// The name of the ledger.
pub fn origin() -> Origin {
    "ledger.example/2026".parse().unwrap()
}

pub fn operator() -> PrivateKey {
    PrivateKey::new(&[7; 32])
}

/// A ledger, its clock, and the usual people.
pub struct World {
    pub dir: TempDir,
    pub ledger: Option<Ledger>,
    pub settings: Settings,
    pub clock: Arc<AtomicU64>,
    pub ids: AtomicU64,
    pub registrar: Person,
    pub platform: Person,
    pub fund: Person,
    pub worker: Person,
}

/// The families of rows, as RocksDB has them.
pub const FAMILIES: [&str; 14] = [
    "meta",
    "journal",
    "blocks",
    "nodes",
    "records",
    "heads",
    "leaves",
    "entries",
    "postings",
    "posting_ids",
    "references",
    "ids",
    "tokens",
    "erasures",
];

pub fn settings(clock: &Arc<AtomicU64>) -> Settings {
    let (clock, count) = (clock.clone(), AtomicU64::new(0));
    Settings {
        clock: Arc::new(move || clock.load(Ordering::SeqCst)),
        seeds: Arc::new(move || {
            Seed(plain(&count.fetch_add(1, Ordering::SeqCst).to_be_bytes()).0[..16].try_into().unwrap())
        }),
        // So little that rows and heads are on their way into the store all the time, and heads come back from it.
        fresh_bytes: 20_000,
        records_between_heads: 60,
        head_bytes: 4_000,
        ..Settings::default()
    }
}

impl World {
    /// A ledger with its registrar alone.
    pub fn bare() -> Self {
        Self::with(|_| {})
    }

    /// The same, with other settings.
    pub fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(AtomicU64::new(NOW));
        let mut settings = settings(&clock);
        change(&mut settings);
        let mut registrar = Person::new(0);
        let opened = registrar.opened(None);
        registrar.address.id = opened.root(&origin());
        let opening =
            Posting::sign(&origin(), None, seed(0), time(NOW), false, vec![opened], &registrar.key());
        let genesis = Genesis { origin: origin(), opening: opening.check(&origin()).unwrap() };
        Ledger::create(dir.path(), &operator(), genesis, &settings).unwrap();
        let ledger = Ledger::open(dir.path(), operator(), &origin(), settings.clone()).unwrap();
        Self {
            dir,
            ledger: Some(ledger),
            settings,
            clock,
            ids: AtomicU64::new(1),
            registrar,
            platform: Person::new(1),
            fund: Person::new(2),
            worker: Person::new(3),
        }
    }

    /// A ledger with a platform, a fund and a worker, numbered 1 to 3.
    pub fn new() -> Self {
        let mut world = Self::bare();
        world.people();
        world
    }

    pub fn people(&mut self) {
        for name in 1..=3 {
            let person = self.open(name);
            assert_eq!(person.address.number, name);
            *[&mut self.platform, &mut self.fund, &mut self.worker][name as usize - 1] = person;
        }
        let grants = vec![
            self.granted(&self.platform, Role::Platform, &[], None),
            self.granted(&self.fund, Role::Fund, &[], None),
        ];
        self.accept(&self.registrar, grants);
    }

    pub fn ledger(&self) -> &Ledger {
        self.ledger.as_ref().unwrap()
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn verifier(&self) -> VerifierKey {
        self.ledger().verifier_key()
    }

    /// Closes the ledger and opens it again.
    pub fn reopen(&mut self) {
        self.shut();
        self.ledger = Some(self.try_open().unwrap());
    }

    pub fn shut(&mut self) {
        self.ledger.take().unwrap().close();
    }

    pub fn try_open(&self) -> Result<Ledger, Error> {
        Ledger::open(self.path(), operator(), &origin(), self.settings.clone())
    }

    /// Audits the ledger, running or not.
    pub fn audit(&self) -> Result<AuditReport, Error> {
        if let Some(ledger) = &self.ledger {
            return ledger.audit(&mut |_, _| {});
        }
        let key =
            VerifierKey { name: origin(), kind: peal_spec::note::KeyType::Ed25519, key: operator().public() };
        audit(self.path(), &key, &origin(), &mut |_, _| {})
    }

    pub fn next_id(&self) -> Seed {
        seed(self.ids.fetch_add(1, Ordering::SeqCst))
    }

    /// A posting, signed and checked, with a fresh id.
    pub fn posting(&self, issuer: &Person, all_or_nothing: bool, statements: Vec<Statement>) -> Checked {
        let id = self.next_id();
        let now = time(self.clock.load(Ordering::SeqCst));
        Posting::sign(&origin(), Some(issuer.address), id, now, all_or_nothing, statements, &issuer.key())
            .check(&origin())
            .unwrap()
    }

    pub fn submit(&self, posting: Checked) -> Result<Receipt, Error> {
        let bytes = posting.posting().to_bytes().len();
        self.ledger().submit(posting, bytes)?.wait()
    }

    /// Posts; checks the receipt.
    pub fn post(&self, issuer: &Person, all_or_nothing: bool, statements: Vec<Statement>) -> Receipt {
        let posting = self.posting(issuer, all_or_nothing, statements);
        let receipt = self.submit(posting.clone()).unwrap();
        receipt.check(&posting, &self.verifier()).unwrap();
        receipt
    }

    /// Posts what must be accepted.
    pub fn accept(&self, issuer: &Person, statements: Vec<Statement>) -> Vec<Accepted> {
        self.post(issuer, false, statements).results.into_iter().map(|r| r.unwrap()).collect()
    }

    /// Posts one statement that must be refused.
    pub fn refuse(&self, issuer: &Person, statement: Statement) -> Refusal {
        self.post(issuer, false, vec![statement]).results.remove(0).unwrap_err()
    }

    /// Opens an account by its own hand.
    pub fn open(&self, name: u64) -> Person {
        let mut person = Person::new(name);
        let posting = self.opening(&person);
        let receipt = self.submit(posting.clone()).unwrap();
        receipt.check(&posting, &self.verifier()).unwrap();
        let number = receipt.results[0].as_ref().unwrap().account;
        person.address = Address { number, id: posting.roots()[0] };
        person
    }

    pub fn opening(&self, person: &Person) -> Checked {
        let statements = vec![person.opened(None)];
        let now = time(self.clock.load(Ordering::SeqCst));
        Posting::sign(&origin(), None, seed(person.name), now, false, statements, &person.key())
            .check(&origin())
            .unwrap()
    }

    fn statement(&self, subject: &Person, refers: Option<u64>, about: Option<u32>, body: &Body) -> Statement {
        Statement::new(self.next_id(), Some(subject.address), time(NOW), refers, about.map(month), body)
    }

    pub fn granted(
        &self,
        subject: &Person,
        role: Role,
        insurances: &[Insurance],
        until: Option<u64>,
    ) -> Statement {
        let role = Grant { role, insurances: insurances.to_vec(), until: until.map(time) };
        self.statement(subject, None, None, &Body::Granted(Granted { who: self.registrar.address, role }))
    }

    pub fn revoked(&self, subject: &Person, grant: u64) -> Statement {
        self.statement(subject, Some(grant), None, &Body::Revoked(Revoked { who: self.registrar.address }))
    }

    pub fn rotated(&self, subject: &Person, generation: u64) -> Statement {
        let body = Rotated { who: subject.address, keys: subject.keys_of(generation) };
        self.statement(subject, None, None, &Body::Rotated(body))
    }

    /// A contribution to pension for 2026-01 by the platform to the fund.
    pub fn paid(&self, reference: &str, amount: u64) -> Statement {
        self.contribution(&self.worker, 202_601, |c| {
            c.who.reference = reference.parse().unwrap();
            c.amount = cny(amount);
        })
    }

    pub fn contribution(
        &self,
        subject: &Person,
        about: u32,
        change: impl FnOnce(&mut Contribution),
    ) -> Statement {
        let mut body = Contribution {
            who: Payer {
                source: Source::Platform,
                issuer: self.platform.address,
                reference: format!("r{}", self.ids.load(Ordering::SeqCst)).parse().unwrap(),
            },
            what: What {
                insurance: Insurance::PENSION,
                scheme: "cn-pension".parse().unwrap(),
                fund: self.fund.address,
            },
            amount: cny(1000),
            evidence: None,
        };
        change(&mut body);
        self.statement(subject, None, Some(about), &Body::Contribution(body))
    }

    pub fn settled(&self, subject: &Person, refers: u64, about: u32, amount: Amount) -> Statement {
        let who = Referenced { issuer: self.fund.address, reference: "transfer-1".parse().unwrap() };
        self.statement(subject, Some(refers), Some(about), &Body::Settlement(Settlement { who, amount }))
    }

    /// By the fund, if it is a bureau: the account is a person's.
    pub fn bound(&self, subject: &Person, who: u8) -> Statement {
        let (identity, token) = (Hash([who; 32]), Token(Hash([who; 32])));
        let body = IdentityBound { who: self.fund.address, identity, token };
        self.statement(subject, None, None, &Body::IdentityBound(body))
    }

    /// By the platform: work in 2026-01, at some place.
    pub fn engaged(&self, subject: &Person, reference: &str, at: &str) -> Statement {
        let body = Engagement {
            who: Referenced { issuer: self.platform.address, reference: reference.parse().unwrap() },
            evidence: Evidence {
                orders: Some(1),
                shift: Some((time(1), time(2))),
                place: Some(at.parse().unwrap()),
            },
            amount: Money { amount: 5, currency: "CNY".parse().unwrap() },
        };
        self.statement(subject, None, Some(202_601), &Body::Engagement(body))
    }

    /// Against the platform, before the fund, if that is a bureau.
    pub fn claimed(&self, subject: &Person, says: &str) -> Statement {
        let claim = rights::Claim {
            kind: rights::ClaimKind::Injury,
            party: self.platform.address,
            bureau: self.fund.address,
            insurance: None,
            months: None,
            records: vec![1],
        };
        let body = Claim { who: subject.address, claim, says: says.parse().unwrap() };
        self.statement(subject, None, None, &Body::Claim(body))
    }

    pub fn answered(&self, subject: &Person, refers: u64, says: &str) -> Statement {
        let answer = rights::Answer { accepts: false, records: Vec::new() };
        let body = ClaimAnswered { who: self.platform.address, answer, says: says.parse().unwrap() };
        self.statement(subject, Some(refers), None, &Body::ClaimAnswered(body))
    }

    pub fn claim_closed(&self, subject: &Person, refers: u64, says: &str) -> Statement {
        let body = ClaimClosed { who: subject.address, says: says.parse().unwrap() };
        self.statement(subject, Some(refers), None, &Body::ClaimClosed(body))
    }

    pub fn erased(&self, by: &Person, subject: &Person, refers: u64) -> Statement {
        let body = Erased { who: by.address, says: "it is long ago".parse().unwrap() };
        self.statement(subject, Some(refers), None, &Body::Erased(body))
    }

    pub fn withdrawn(&self, subject: &Person, refers: u64) -> Statement {
        let body = Withdrawn { who: self.fund.address, says: "not she".parse().unwrap() };
        self.statement(subject, Some(refers), None, &Body::Withdrawn(body))
    }

    pub fn corrected(&self, subject: &Person, refers: u64, about: u32, amount: Option<Amount>) -> Statement {
        let who = Corrector { issuer: self.platform.address, reason: "mistyped".parse().unwrap() };
        self.statement(subject, Some(refers), Some(about), &Body::Correction(Correction { who, amount }))
    }
}

/// The code of a refusal of a whole posting.
pub fn refused(answer: Result<Receipt, Error>) -> Code {
    match answer {
        Err(Error::Refused(refusal)) => refusal.code,
        other => panic!("expected a refusal, got {other:?}"),
    }
}
