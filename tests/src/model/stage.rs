//! The stage: who is there, and the postings that they make of an op.

use peal_spec::address::Address;
use peal_spec::cbor::{Cbor, Writer};
use peal_spec::copy::Copy;
use peal_spec::hash::plain;
use peal_spec::key::PrivateKey;
use peal_spec::note::VerifierKey;
use peal_spec::posting::{Posting, Signed};
use peal_spec::role::{Grant, Role};
use peal_spec::statement::{Body, Granted, Recovery, Statement};
use peal_spec::value::{Currency, Insurance, Origin, Time};

use super::abroad::Abroad;
use super::book::Book;
use super::people::{Person, seed};
use super::said::Said;
use super::sayings::{VOID, kind_of};
use super::script::{Fault, Purpose, Say};
use super::state;

/// The first of the workers in the cast; before them come the registrar and the offices.
pub const WORKERS: usize = 8;
pub(super) const BUREAU: usize = 1;
const PAYERS: std::ops::Range<usize> = 2..6;
pub(super) const FUNDS: std::ops::Range<usize> = 6..8;

/// The first name of a crowd.
pub(super) const CROWD: u64 = 1 << 32;

/// A posting to be sent.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// What they were made of; none if they are not even a posting.
    pub posting: Option<Posting>,
    /// Whether the signature was changed.
    pub forged: bool,
}

/// Who is there, and what was made so far.
pub struct Stage {
    /// The ledger.
    pub origin: Origin,
    /// Everybody who has an account.
    pub cast: Vec<Person>,
    /// Names of persons for whom an opening was made.
    pub(super) names: Vec<u64>,
    /// Postings that were made, in order.
    made: Vec<Posting>,
    /// Names seeds and ids.
    number: u64,
    /// What the clock shows.
    pub clock: u64,
    /// The key of the ledger, which another one knows it by.
    pub key: Option<VerifierKey>,
    /// The other ledger, once somebody has to do with it.
    pub abroad: Option<Abroad>,
    /// Lists of the other ledger that were made.
    pub(super) lists: Vec<Vec<u8>>,
    /// Copies of the accounts that depart.
    pub departing: Vec<Copy>,
}

pub(super) fn time(seconds: u64) -> Time {
    Time::new(seconds).expect("a time below 2^40")
}

pub(super) fn insurance(code: u64) -> Insurance {
    Insurance::new(code).expect("an insurance")
}

pub(super) fn currency(code: &str) -> Currency {
    code.parse().expect("a currency")
}

impl Stage {
    /// An empty one.
    pub fn new(origin: Origin, clock: u64) -> Self {
        Self {
            origin,
            cast: Vec::new(),
            names: Vec::new(),
            made: Vec::new(),
            number: 0,
            clock,
            key: None,
            abroad: None,
            lists: Vec::new(),
            departing: Vec::new(),
        }
    }

    pub(super) fn next(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    /// Everybody for whom the book has an account joins the cast.
    pub fn join(&mut self, book: &Book) {
        for account in book.accounts.iter().skip(self.cast.len()) {
            let keys = state::keys(&account.facts[..1]);
            let key = |name: u64| Person::new(name).key(0).public().0;
            let name =
                self.names.iter().copied().find(|name| keys.is_some_and(|keys| keys.key == key(*name)));
            let name = name.expect("an account of somebody who has a name");
            self.cast.push(Person { name, address: account.address });
        }
    }

    /// The posting that opens an account by one's own hand.
    pub fn open_self(&mut self, name: u64) -> Posting {
        self.names.push(name);
        let person = Person::new(name);
        let opened = person.opened(None, Recovery::default(), time(self.clock));
        let id = seed("posting", self.next());
        Posting::sign(&self.origin, None, id, time(self.clock), false, vec![opened], &person.key(0))
    }

    /// Openings by the bureau; who is there already may be a guardian.
    pub fn open_by_bureau(&mut self, names: std::ops::Range<u64>) -> Posting {
        self.names.extend(names.clone());
        let bureau = self.cast[BUREAU];
        let opened = |name| {
            let recovery = self.first_recovery(name);
            Person::new(name).opened(Some(bureau.address), recovery, time(self.clock))
        };
        let statements = names.map(opened).collect();
        self.sign(&bureau, bureau.key(0), false, statements)
    }

    /// The bureau's role; or, once they are there, the roles of the payers and funds.
    pub fn first_grants(&mut self) -> Posting {
        let day = self.clock + 86_400;
        let grants: Vec<(usize, Role, Vec<u64>, Option<u64>)> = if self.cast.len() == 2 {
            vec![(BUREAU, Role::Bureau, vec![], None)]
        } else {
            vec![
                (2, Role::Platform, vec![], None),
                (3, Role::Platform, vec![1, 2], Some(day + 60 * 86_400)),
                (4, Role::Employer, vec![], None),
                (5, Role::SubsidyPayer, vec![1], None),
                (4, Role::Bureau, vec![], None),
                (5, Role::Bureau, vec![], Some(day + 120 * 86_400)),
                (6, Role::Fund, vec![], None),
                (7, Role::Fund, vec![1, 2], Some(day + 90 * 86_400)),
            ]
        };
        let statements = grants.into_iter().map(|(whom, role, insurances, until)| {
            let grant = Grant {
                role,
                insurances: insurances.into_iter().map(insurance).collect(),
                until: until.map(time),
            };
            let body = Body::Granted(Granted { who: self.cast[0].address, role: grant });
            let number = self.next();
            Statement::new(
                seed("statement", number),
                Some(self.cast[whom].address),
                time(self.clock),
                None,
                None,
                &body,
            )
        });
        let statements = statements.collect();
        let registrar = self.cast[0];
        self.sign(&registrar, registrar.key(0), false, statements)
    }

    fn sign(
        &mut self,
        issuer: &Person,
        key: PrivateKey,
        all_or_nothing: bool,
        statements: Vec<Statement>,
    ) -> Posting {
        let id = seed("posting", self.next());
        let now = time(self.clock);
        Posting::sign(&self.origin, Some(issuer.address), id, now, all_or_nothing, statements, &key)
    }

    /// Somebody, by a number: mostly a worker.
    pub(super) fn somebody(&self, choice: u8) -> Person {
        let choice = usize::from(choice);
        let workers = self.cast.len() - WORKERS;
        if choice < 224 { self.cast[WORKERS + choice % workers] } else { self.cast[choice % self.cast.len()] }
    }

    fn issuer(&self, purpose: Purpose, choice: u8) -> Person {
        let of = |range: std::ops::Range<usize>| self.cast[range.start + usize::from(choice) % range.len()];
        match purpose {
            _ if choice >= 248 => self.cast[usize::from(choice) % self.cast.len()],
            Purpose::Pay | Purpose::Fill if choice % 5 < 4 => of(PAYERS),
            Purpose::Work if choice % 8 < 7 => of(PAYERS),
            Purpose::Settle => of(FUNDS),
            // Sometimes a bureau; the employer and the subsidy payer are bureaus, too.
            Purpose::Serve if choice % 8 == 7 => self.cast[[BUREAU, 4, 5][usize::from(choice / 8) % 3]],
            Purpose::Serve => of(FUNDS),
            Purpose::Grant => self.cast[0],
            Purpose::Open if choice % 4 < 3 => self.cast[BUREAU],
            Purpose::Open => of(PAYERS),
            Purpose::Rotate | Purpose::Mixed => self.cast[1 + usize::from(choice) % (self.cast.len() - 1)],
            _ => self.cast[WORKERS + usize::from(choice) % (self.cast.len() - WORKERS)],
        }
    }

    /// The posting of an op.
    #[allow(clippy::too_many_arguments, reason = "the numbers of one op")]
    pub fn post(
        &mut self,
        book: &Book,
        purpose: Purpose,
        issuer: u8,
        all_or_nothing: bool,
        fault: Fault,
        detail: u8,
        says: &[Say],
    ) -> Sent {
        if purpose == Purpose::Again
            && let Some(posting) = self.made.get(usize::from(issuer) % self.made.len().max(1))
        {
            return Sent { bytes: posting.to_bytes(), posting: Some(posting.clone()), forged: false };
        }
        let mut by = self.issuer(purpose, issuer);
        let mut generation = by.generation(book);
        let mut statements = Vec::new();
        let mut named = Some(by.address);
        let mut signer = by;
        match purpose {
            Purpose::OpenSelf => {
                named = None;
                // Sometimes somebody who is there already.
                let name = if detail >= 192 {
                    self.names[usize::from(detail) % self.names.len()]
                } else {
                    100 + self.next()
                };
                self.names.push(name);
                signer = Person::new(name);
                // Sometimes not signed by the key that it opens with.
                generation = u64::from(detail % 8 == 6);
                statements.push(signer.opened(None, Recovery::default(), time(self.clock)));
                statements.extend(says.iter().skip(1).map(|say| self.say(book, purpose, &by, say)));
            }
            Purpose::Rotate => {
                let (about, wrong) = (if detail >= 240 { self.somebody(issuer) } else { by }, detail % 8);
                let to = generation + if wrong == 0 { 2 } else { 1 };
                let number = self.next();
                let rotated = by.rotated(by.address, about.address, to, number, time(self.clock));
                statements.push(match says.first() {
                    Some(say) if detail / 8 % 2 == 1 => self.with_guardians(book, rotated, &by, to, say),
                    _ => rotated,
                });
                statements.extend(says.iter().skip(1).map(|say| self.say(book, purpose, &by, say)));
                if wrong > 1 {
                    generation += 1;
                }
            }
            Purpose::Recover => {
                let (issuer, with, statement) =
                    self.recover(book, issuer, &says.first().copied().unwrap_or_default());
                statements.push(statement);
                (by, generation, named, signer) = (issuer, with, Some(issuer.address), issuer);
                statements.extend(says.iter().skip(1).map(|say| self.say(book, purpose, &by, say)));
            }
            Purpose::Crowd => {
                (by, statements) = self.crowd(book);
                (generation, named, signer) = (by.generation(book), Some(by.address), by);
            }
            Purpose::Consent | Purpose::Claim => {
                let first = says.first().copied().unwrap_or_default();
                by = self.concerned(book, kind_of(purpose, &first), issuer);
                (generation, named, signer) = (by.generation(book), Some(by.address), by);
                statements.extend(says.iter().map(|say| self.say(book, purpose, &by, say)));
            }
            Purpose::Identify => {
                let first = says.first().copied().unwrap_or_default();
                by = self.registrar_of_persons(kind_of(purpose, &first), issuer);
                (generation, named, signer) = (by.generation(book), Some(by.address), by);
                statements.extend(says.iter().map(|say| self.say(book, purpose, &by, say)));
            }
            Purpose::Erase => {
                let first = says.first().copied().unwrap_or_default();
                by = match kind_of(purpose, &first) {
                    29 => self.eraser(book, issuer),
                    VOID => self.issuer(Purpose::Work, issuer),
                    kind => self.concerned(book, kind, issuer),
                };
                (generation, named, signer) = (by.generation(book), Some(by.address), by);
                statements.extend(says.iter().map(|say| self.say(book, purpose, &by, say)));
            }
            Purpose::Move => {
                let first = says.first().copied().unwrap_or_default();
                by = self.mover(book, &first, issuer);
                (generation, named, signer) = (by.generation(book), Some(by.address), by);
                statements.extend(says.iter().map(|say| self.say(book, purpose, &by, say)));
            }
            Purpose::Fill => statements.extend(self.fill(book, &by, detail, says)),
            _ => statements.extend(says.iter().map(|say| self.say(book, purpose, &by, say))),
        }
        let mut key = signer.key(generation);
        let mut id = seed("posting", self.next());
        let mut at = self.clock;
        match fault {
            Fault::Key => {
                key = match detail % 4 {
                    0 => by.key(generation.wrapping_sub(1)),
                    1 => by.key(generation + 1),
                    2 => by.key(by.some_generation(book, detail / 4)),
                    _ => self.somebody(detail).key(0),
                }
            }
            Fault::Future => at += 598 + u64::from(detail % 5),
            Fault::Id => {
                let mut earlier = self.made.iter().filter(|p| p.signed.payload.issuer == named);
                let count = earlier.clone().count();
                if let Some(posting) = earlier.nth(usize::from(detail) % count.max(1)) {
                    id = posting.signed.payload.id;
                }
            }
            Fault::Issuer if detail.is_multiple_of(2) => {
                named = named.map(|a| Address { number: a.number + 1 + u64::from(detail), id: a.id });
            }
            Fault::Issuer => named = named.map(|a| Address { number: a.number, id: plain(&[detail]) }),
            Fault::NoIssuer => {
                named = None;
                if !detail.is_multiple_of(4) {
                    statements.truncate(1);
                }
            }
            Fault::Envelope => return self.envelope(named, &key, all_or_nothing, detail, statements),
            Fault::None => {}
        }
        let posting = Posting::sign(&self.origin, named, id, time(at), all_or_nothing, statements, &key);
        self.made.push(posting.clone());
        Sent { bytes: posting.to_bytes(), posting: Some(posting), forged: false }
    }

    /// A posting whose envelope is wrong in the ways that `detail` has bits for.
    fn envelope(
        &mut self,
        issuer: Option<Address>,
        key: &PrivateKey,
        all_or_nothing: bool,
        detail: u8,
        mut statements: Vec<Statement>,
    ) -> Sent {
        let (id, now) = (seed("posting", self.next()), time(self.clock));
        let posting = Posting::sign(&self.origin, issuer, id, now, all_or_nothing, statements.clone(), key);
        let bit = |n: u8| detail >> n & 1 == 1;
        let mut payload = posting.signed.payload;
        if bit(0) {
            payload.origin = "another.example/peal".parse().expect("an origin");
        }
        if bit(2) {
            payload.count += 1;
        }
        if bit(3) {
            payload.root = plain(&payload.root.0);
        }
        if bit(4) {
            // The signed root and count stay.
            statements.reverse();
        }
        if bit(5) && bit(6) {
            statements.clear();
            payload.count = 0;
        }
        let signed = Signed::sign(payload, key);
        let mut cose = signed.cose().to_vec();
        if bit(1) {
            let last = cose.len() - 1 - usize::from(detail >> 4);
            cose[last] ^= 1 << (detail % 8);
        }
        let mut w = Writer::default();
        w.array(2);
        w.bytes(&cose);
        w.list(&statements);
        let mut bytes = w.into_bytes();
        if detail.is_multiple_of(16) {
            bytes.pop();
            return Sent { bytes, posting: None, forged: false };
        }
        let posting = Posting::from_bytes(&bytes).expect("a posting that can be read");
        Sent { bytes, posting: Some(posting), forged: bit(1) }
    }

    /// What a posting says, for the reader of a failed case.
    pub fn describe(&self, posting: &Posting) -> String {
        let say = |s: &Statement| match super::said::read(s) {
            Ok(said @ Said::Opened { .. }) => format!("{said:?}"),
            Ok(said) => format!(
                "about {:?} refers {:?} month {:?}: {said:?}",
                s.address.map(|a| a.number),
                s.refers,
                s.month
            ),
            Err(refusal) => format!("{refusal:?}"),
        };
        let statements: Vec<String> = posting.statements.iter().map(say).collect();
        let payload = &posting.signed.payload;
        format!(
            "issuer {:?}, time {}, all or nothing {}:\n  {}",
            payload.issuer.map(|a| a.number),
            payload.time,
            payload.all_or_nothing,
            statements.join("\n  ")
        )
    }
}
