//! Another ledger, small and real, that accounts come from and go to: what it proves is what scripts show.
//!
//! It is opened when somebody first has to do with it, and does only what is right: its *office* is bureau, platform and fund there.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use peal_ledger::{Genesis, Ledger, Settings};
use peal_spec::address::Address;
use peal_spec::cbor::Cbor;
use peal_spec::copy::{Copy, Selection, Show};
use peal_spec::key::PrivateKey;
use peal_spec::moving::{From, LedgerList, Moved, OutAt, Showing, To};
use peal_spec::note::VerifierKey;
use peal_spec::posting::Posting;
use peal_spec::receipt::Outcome;
use peal_spec::role::{Grant, Role};
use peal_spec::statement::contribution::Payer;
use peal_spec::statement::{
    Amount, Arrival, Body, Contribution, Departure, Granted, LedgerRecognised, Recovery, Referenced,
    Settlement, Source, Statement, TransferredIn, TransferredOut, What, Withdrawn,
};
use peal_spec::trust::{self, Pin, Trust};
use peal_spec::value::{Month, Origin};
use tempfile::TempDir;

use super::moving::{self, Leaving};
use super::people::{Person, seed};
use super::said;
use super::stage::{currency, insurance, time};
use super::state;

/// Its name.
const ORIGIN: &str = "abroad.example/model";
/// The first name of somebody there.
const NAMES: u64 = 1 << 34;
/// What a guest's own account has there.
pub const CREDITED: u64 = 4_000;
/// What was paid for her, with that.
const PAID: u64 = 10_000;

/// Somebody there who departs to here.
#[derive(Clone, Debug)]
pub struct Guest {
    /// Who.
    pub person: Person,
    /// The account here.
    pub to: Address,
    /// The departure's record.
    pub departure: u64,
    /// What left: insurance, amounts, the record.
    pub outs: Vec<(u64, Moved, u64)>,
    /// Proofs of earlier days, each with the size and root of then.
    pub before: Vec<(u64, [u8; 32], Vec<u8>)>,
}

impl Guest {
    /// What her arrival takes.
    pub fn token(&self) -> [u8; 32] {
        let from = said::From {
            origin: ORIGIN.into(),
            address: self.person.address,
            departure: None,
            size: 0,
            root: [0; 32],
            bureau: None,
        };
        moving::token(&from)
    }
}

/// The other ledger.
pub struct Abroad {
    ledger: Ledger,
    /// Goes after the ledger, which has files open in it.
    _dir: TempDir,
    clock: Arc<AtomicU64>,
    /// Its name.
    pub origin: Origin,
    here: Origin,
    /// A trust list of the ledger here, as it is recognised there.
    list_of_here: Vec<u8>,
    number: u64,
    office: Person,
    /// Accounts here, each with the one there that it may go to.
    hosts: Vec<(Address, Person)>,
    /// Who departs to here.
    pub guests: Vec<Guest>,
}

/// A trust list of one ledger of which the operator is known, and a checkpoint: any, or its last.
fn list_of(origin: &Origin, key: VerifierKey, pin: Option<Pin>, last: Option<Pin>) -> Vec<u8> {
    let pins = pin.into_iter().collect();
    let ledger = trust::Ledger { pins, last, ..trust::Ledger::new(origin.clone(), key) };
    Trust { ledgers: vec![ledger] }.to_string().into_bytes()
}

impl Abroad {
    /// A ledger with a registrar and an office, which recognises the one here.
    pub fn begin(here: &Origin, key_of_here: VerifierKey, now: u64) -> Self {
        let memory = std::path::Path::new("/dev/shm");
        let dir = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let dir = dir.expect("a temporary folder");
        let origin: Origin = ORIGIN.parse().expect("an origin");
        let (clock, count) = (Arc::new(AtomicU64::new(now)), AtomicU64::new(0));
        let settings = Settings {
            clock: {
                let clock = clock.clone();
                Arc::new(move || clock.load(Ordering::SeqCst))
            },
            seeds: Arc::new(move || seed("record abroad", count.fetch_add(1, Ordering::SeqCst))),
            ..Settings::default()
        };
        let registrar = Person::new(NAMES);
        let opened = registrar.opened(None, Recovery::default(), time(now));
        let id = seed("posting abroad", 0);
        let opening = Posting::sign(&origin, None, id, time(now), false, vec![opened], &registrar.key(0));
        let operator = || PrivateKey::new(&[8; 32]);
        let checked = opening.check(&origin).expect("a right opening");
        let genesis = Genesis { origin: origin.clone(), opening: checked };
        Ledger::create(dir.path(), &operator(), genesis, &settings).expect("a ledger is made");
        let ledger = Ledger::open(dir.path(), operator(), &origin, settings).expect("a ledger is opened");
        let account = ledger.account(0).expect("an account is read").expect("the registrar's account");
        let registrar = Person { address: account.address, ..registrar };
        let list_of_here = list_of(here, key_of_here, None, None);
        let mut abroad = Self {
            ledger,
            _dir: dir,
            clock,
            origin,
            here: here.clone(),
            list_of_here: list_of_here.clone(),
            number: 0,
            office: registrar,
            hosts: Vec::new(),
            guests: Vec::new(),
        };
        let office = abroad.open();
        let grant = |role| {
            let role = Grant { role, insurances: vec![], until: None };
            (office.address, None, Body::Granted(Granted { who: registrar.address, role }))
        };
        let recognised = Body::LedgerRecognised(LedgerRecognised {
            who: registrar.address,
            ledger: LedgerList { origin: here.clone(), list: Some(list_of_here) },
        });
        let mut says: Vec<_> = [Role::Bureau, Role::Platform, Role::Fund].map(grant).into();
        says.push((registrar.address, None, recognised));
        abroad.right(&registrar, says);
        abroad.office = office;
        abroad
    }

    /// Its clock shows what the clock here shows.
    pub fn set_clock(&self, now: u64) {
        self.clock.store(now, Ordering::SeqCst);
    }

    fn now(&self) -> u64 {
        self.clock.load(Ordering::SeqCst)
    }

    fn next(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    fn send(&mut self, issuer: Option<Address>, by: &Person, statements: Vec<Statement>) -> Vec<Outcome> {
        let (id, now) = (seed("posting abroad", self.next()), time(self.now()));
        let posting = Posting::sign(&self.origin, issuer, id, now, false, statements, &by.key(0));
        let bytes = posting.to_bytes().len();
        let checked = posting.check(&self.origin).expect("a right posting");
        let pending = self.ledger.submit(checked, bytes).expect("the ledger takes a posting");
        pending.wait().expect("a posting is recorded").results
    }

    /// What somebody says of accounts, with what that refers to.
    fn say(&mut self, by: &Person, says: Vec<(Address, Option<u64>, Body)>) -> Vec<Outcome> {
        let now = self.now();
        let mut statements = Vec::new();
        for (about, refers, body) in says {
            let monthly = matches!(body, Body::Contribution(_) | Body::Settlement(_));
            let month = Month::new(state::month_of(now)).filter(|_| monthly);
            let number = seed("statement abroad", self.next());
            statements.push(Statement::new(number, Some(about), time(now), refers, month, &body));
        }
        self.send(Some(by.address), by, statements)
    }

    /// The same, of what cannot be refused: the records that it makes.
    fn right(&mut self, by: &Person, says: Vec<(Address, Option<u64>, Body)>) -> Vec<u64> {
        let results = self.say(by, says).into_iter();
        results.map(|result| result.expect("what is right is recorded").sequence).collect()
    }

    fn open(&mut self) -> Person {
        let person = Person::new(NAMES + self.next());
        let opened = person.opened(None, Recovery::default(), time(self.now()));
        let results = self.send(None, &person, vec![opened]);
        let number = results[0].as_ref().expect("an account is opened").account;
        let account = self.ledger.account(number).expect("an account is read").expect("it is there");
        Person { address: account.address, ..person }
    }

    /// A trust list of it; with the checkpoint that it has now, pinned, or as if it were the last.
    pub fn list(&self, pinned: bool, ended: bool) -> Vec<u8> {
        let checkpoint = &self.ledger.published().checkpoint;
        let pin = Pin { size: checkpoint.size, root: checkpoint.root };
        let (pinned, last) = (pinned.then_some(pin), ended.then_some(pin));
        list_of(&self.origin, self.ledger.verifier_key(), pinned, last)
    }

    /// Something happens there, so that its head is of today.
    pub fn wake(&mut self) {
        if self.ledger.published().commit.time.seconds() + 86_400 < self.now() {
            self.open();
        }
    }

    /// The account there that somebody may go to.
    pub fn host(&mut self, of: &Address) -> Address {
        if let Some((_, host)) = self.hosts.iter().find(|(here, _)| here == of) {
            return host.address;
        }
        let host = self.open();
        self.hosts.push((*of, host));
        host.address
    }

    /// What it proves of an account: its size, its root, the proof file.
    pub fn proof(&self, of: &Address, out: Option<u64>) -> (u64, [u8; 32], Vec<u8>) {
        let copy = self.ledger.copy(of, 0, usize::MAX, None).expect("a copy is read").expect("it is there");
        let proof = copy.prove_move(out).expect("a proof is made");
        (copy.size, copy.root().0, proof.to_file())
    }

    /// A proof of all that it has of an account.
    pub fn whole(&self, of: &Address) -> Vec<u8> {
        let copy = self.ledger.copy(of, 0, usize::MAX, None).expect("a copy is read").expect("it is there");
        copy.prove(&Selection { show: Show::Whole, withhold: vec![] }).expect("a proof is made").to_file()
    }

    /// Somebody comes to an account here: one who does already, or another one, with some money of her own.
    pub fn guest(&mut self, to: &Address, another: bool) -> usize {
        let there = self.guests.iter().position(|guest| guest.to == *to);
        if let Some(there) = there.filter(|_| !another || self.guests.len() >= 24) {
            return there;
        }
        let (person, office) = (self.open(), self.office);
        let amount = Amount { amount: PAID, credited: CREDITED, base: None, currency: currency("CNY") };
        let what = self.what(1);
        let who = Payer {
            source: Source::Platform,
            issuer: office.address,
            reference: "r".parse().expect("a text"),
        };
        let paid = Contribution { who, what, amount, evidence: None };
        let paid = self.right(&office, vec![(person.address, None, Body::Contribution(paid))])[0];
        let who = self.referenced();
        let settled = Body::Settlement(Settlement { who, amount });
        self.right(&office, vec![(person.address, Some(paid), settled)]);
        let departure = self.depart(&person, to);
        self.guests.push(Guest { person, to: *to, departure, outs: vec![], before: vec![] });
        self.guests.len() - 1
    }

    fn depart(&mut self, person: &Person, to: &Address) -> u64 {
        let to = To { origin: self.here.clone(), address: *to, bureau: None };
        let departs = Body::Departure(Departure { who: person.address, to });
        self.right(person, vec![(person.address, None, departs)])[0]
    }

    fn what(&self, of: u64) -> What {
        let scheme = "a-scheme".parse().expect("a text");
        What { insurance: insurance(of), scheme, fund: self.office.address }
    }

    fn referenced(&mut self) -> Referenced {
        let reference = format!("n{}", self.next()).parse().expect("a text");
        Referenced { issuer: self.office.address, reference }
    }

    /// A guest from whom no money left goes to another account here.
    pub fn turn(&mut self, guest: usize, to: &Address) {
        let Guest { person, departure, outs, .. } = self.guests[guest].clone();
        if !outs.is_empty() {
            return;
        }
        let office = self.office;
        let says = "She goes elsewhere.".parse().expect("a text");
        let withdrawn = Body::Withdrawn(Withdrawn { who: office.address, says });
        self.right(&office, vec![(person.address, Some(departure), withdrawn)]);
        let departure = self.depart(&person, to);
        (self.guests[guest].departure, self.guests[guest].to) = (departure, *to);
    }

    /// Some of a guest's money leaves.
    pub fn pay_out(&mut self, guest: usize, moved: Moved) {
        let Guest { person, departure, outs, .. } = self.guests[guest].clone();
        let own: u64 = outs.iter().map(|(_, moved, _)| moved.own).sum();
        let all: u64 = outs.iter().map(|(_, moved, _)| moved.own + moved.pooled).sum();
        let (own, all) = (own + moved.own, all + moved.own + moved.pooled);
        if own > CREDITED || all > PAID || outs.len() >= 64 {
            return;
        }
        let office = self.office;
        let (who, what) = (self.referenced(), self.what(1));
        let out = Body::TransferredOut(TransferredOut { who, what, moved });
        let out = self.right(&office, vec![(person.address, Some(departure), out)])[0];
        self.guests[guest].outs.push((1, moved, out));
    }

    /// Lets somebody in who departs from here, and some of the money that left: whatever is refused is shown again another time.
    pub fn let_in(&mut self, copy: &Copy, leaving: &Leaving, transfers: usize) {
        let Some((_, host)) = self.hosts.iter().find(|(here, _)| *here == copy.address).copied() else {
            return;
        };
        let shown = |list: &[u8], out| {
            let file = copy.prove_move(out).expect("a proof is made").to_file();
            Showing { list: list.to_vec(), file }
        };
        let list = self.list_of_here.clone();
        let from = From {
            origin: self.here.clone(),
            address: copy.address,
            departure: Some(leaving.departure),
            size: copy.size,
            root: copy.root(),
            bureau: None,
        };
        let arrival = Arrival { who: host.address, from, shown: shown(&list, None) };
        self.say(&host, vec![(host.address, None, Body::Arrival(arrival))]);
        let office = self.office;
        for out in leaving.outs.iter().take(transfers) {
            let moved = Moved {
                own: out.moved.own,
                pooled: out.moved.pooled,
                kept: out.moved.kept,
                currency: currency(&out.moved.currency),
            };
            let (who, what) = (self.referenced(), self.what(out.insurance));
            let shown = shown(&list, Some(out.sequence));
            let body = TransferredIn { who, what, moved, out: OutAt(out.sequence), shown };
            // The arrival is the first record after the opening.
            self.say(&office, vec![(host.address, Some(1), Body::TransferredIn(body))]);
        }
    }
}
