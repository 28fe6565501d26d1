//! The stage: who is there, and the postings that they make of an op.

use peal_spec::address::Address;
use peal_spec::cbor::{Cbor, Writer};
use peal_spec::hash::{Hash, plain};
use peal_spec::key::PrivateKey;
use peal_spec::posting::{Posting, Signed};
use peal_spec::role::{Grant, Role};
use peal_spec::statement::contribution::Payer;
use peal_spec::statement::correction::Corrector;
use peal_spec::statement::settlement::Settler;
use peal_spec::statement::{
    Amount, Body, Contribution, Correction, Evidence, Granted, Recovery, Revoked, Settlement, Source,
    Statement, What,
};
use peal_spec::value::{Currency, Insurance, Month, Origin, Time};

use super::book::Book;
use super::people::{ODD, Person, last_grant, odd, roles, seed};
use super::said::{AMOUNT_MAX, Money, Said};
use super::script::{Fault, Purpose, Say};
use super::state::{self, Entry};

/// The first of the workers in the cast; before them come the registrar and the offices.
pub const WORKERS: usize = 8;
const BUREAU: usize = 1;
const PAYERS: std::ops::Range<usize> = 2..6;
const FUNDS: std::ops::Range<usize> = 6..8;

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
    names: Vec<u64>,
    /// Postings that were made, in order.
    made: Vec<Posting>,
    /// Names seeds and ids.
    number: u64,
    /// What the clock shows.
    pub clock: u64,
}

fn time(seconds: u64) -> Time {
    Time::new(seconds).expect("a time below 2^40")
}

fn insurance(code: u64) -> Insurance {
    Insurance::new(code).expect("an insurance")
}

fn currency(code: &str) -> Currency {
    code.parse().expect("a currency")
}

impl Stage {
    /// An empty one.
    pub fn new(origin: Origin, clock: u64) -> Self {
        Self { origin, cast: Vec::new(), names: Vec::new(), made: Vec::new(), number: 0, clock }
    }

    fn next(&mut self) -> u64 {
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

    /// Openings by the bureau.
    pub fn open_by_bureau(&mut self, names: std::ops::Range<u64>) -> Posting {
        self.names.extend(names.clone());
        let bureau = self.cast[BUREAU];
        let opened =
            |name| Person::new(name).opened(Some(bureau.address), Recovery::default(), time(self.clock));
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
    fn somebody(&self, choice: u8) -> Person {
        let choice = usize::from(choice);
        let workers = self.cast.len() - WORKERS;
        if choice < 224 { self.cast[WORKERS + choice % workers] } else { self.cast[choice % self.cast.len()] }
    }

    fn issuer(&self, purpose: Purpose, choice: u8) -> Person {
        let of = |range: std::ops::Range<usize>| self.cast[range.start + usize::from(choice) % range.len()];
        match purpose {
            _ if choice >= 248 => self.cast[usize::from(choice) % self.cast.len()],
            Purpose::Pay | Purpose::Fill if choice % 5 < 4 => of(PAYERS),
            Purpose::Settle => of(FUNDS),
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
        let by = self.issuer(purpose, issuer);
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
                generation = 0;
                statements.push(signer.opened(None, Recovery::default(), time(self.clock)));
                statements.extend(says.iter().skip(1).map(|say| self.say(book, purpose, &by, say)));
            }
            Purpose::Rotate => {
                let (about, wrong) = (if detail >= 240 { self.somebody(issuer) } else { by }, detail % 32);
                let to = generation + if wrong == 0 { 2 } else { 1 };
                let number = self.next();
                statements.push(by.rotated(by.address, about.address, to, number, time(self.clock)));
                statements.extend(says.iter().skip(1).map(|say| self.say(book, purpose, &by, say)));
                if wrong > 1 {
                    generation += 1;
                }
            }
            Purpose::Fill => statements.extend(self.fill(&by, detail, says)),
            _ => statements.extend(says.iter().map(|say| self.say(book, purpose, &by, say))),
        }
        let mut key = signer.key(generation);
        let mut id = seed("posting", self.next());
        let mut at = self.clock;
        match fault {
            Fault::Key => {
                key = match detail % 3 {
                    0 => by.key(generation.wrapping_sub(1)),
                    1 => by.key(generation + 1),
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
            Fault::Issuer if detail % 2 == 0 => {
                named = named.map(|a| Address { number: a.number + 1 + u64::from(detail), id: a.id });
            }
            Fault::Issuer => named = named.map(|a| Address { number: a.number, id: plain(&[detail]) }),
            Fault::NoIssuer => {
                named = None;
                if detail % 4 > 0 {
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
        if detail == 0 {
            bytes.pop();
            return Sent { bytes, posting: None, forged: false };
        }
        let posting = Posting::from_bytes(&bytes).expect("a posting that can be read");
        Sent { bytes, posting: Some(posting), forged: bit(1) }
    }

    /// Contributions to as many insurances and currencies as one account may have, and some more.
    fn fill(&mut self, by: &Person, detail: u8, says: &[Say]) -> Vec<Statement> {
        let subject = self.somebody(says.first().map_or(0, |say| say.subject % 224));
        let wide = usize::from(detail) % 2;
        let made = (0..127 + 127 * wide).map(|n| {
            let code = if wide == 1 { 1 + n as u64 % 2 } else { 1000 + n as u64 };
            let letters = [b'A' + (n / 26) as u8, b'A' + (n % 26) as u8, b'X'];
            let money = Amount {
                amount: 1 + n as u64,
                credited: n as u64 % 2,
                base: None,
                currency: currency(if wide == 1 {
                    std::str::from_utf8(&letters).unwrap_or("XXX")
                } else {
                    "CNY"
                }),
            };
            let source = if by.address == subject.address { Source::Self_ } else { Source::Platform };
            let body = Contribution {
                who: Payer {
                    source,
                    issuer: by.address,
                    reference: format!("fill/{detail}/{n}").parse().expect("a text"),
                },
                what: What {
                    insurance: insurance(code),
                    scheme: "all".parse().expect("a text"),
                    fund: self.cast[FUNDS.start].address,
                },
                amount: money,
                evidence: None,
            };
            (body, Month::new(state::month_of(self.clock)))
        });
        let made: Vec<_> = made.collect();
        let about = Some(subject.address);
        let at = time(self.clock);
        made.into_iter()
            .map(|(body, month)| {
                Statement::new(
                    seed("statement", self.next()),
                    about,
                    at,
                    None,
                    month,
                    &Body::Contribution(body),
                )
            })
            .collect()
    }

    /// One statement, right but for its twist.
    fn say(&mut self, book: &Book, purpose: Purpose, by: &Person, say: &Say) -> Statement {
        let kinds: &[u8] = match purpose {
            Purpose::Pay => &[5, 5, 5, 5, 5, 7, 7],
            Purpose::Settle => &[6, 6, 6, 6, 6, 6, 5, 7],
            Purpose::Grant => &[3, 3, 3, 4, 4],
            Purpose::Open => &[1, 1, 1, 1, 1, 3],
            _ => &[1, 2, 3, 4, 5, 6, 7],
        };
        let kind = kinds[usize::from(say.kind) % kinds.len()];
        // From 176 on something is wrong: below 216 with what is said, above with how it is written.
        let wrong = say.twist.checked_sub(176).filter(|w| *w < 40);
        let mut statement = match kind {
            1 => self.opening(book, by, say, wrong),
            2 => {
                let (about, number) = (self.somebody(say.subject), self.next());
                let about = if wrong.is_some() { about } else { *by };
                about.rotated(by.address, about.address, by.generation(book) + 1, number, time(self.clock))
            }
            3 | 4 => self.grant(book, by, say, kind, wrong),
            5 => self.contribution(book, by, say, wrong),
            _ => self.about_entry(book, by, say, kind, wrong),
        };
        if let Some(wrong) = say.twist.checked_sub(216) {
            self.miswrite(&mut statement, wrong, say);
        }
        statement
    }

    /// Changes how a statement is written.
    fn miswrite(&self, statement: &mut Statement, wrong: u8, say: &Say) {
        let facet = usize::from(say.target) % statement.facets.len().max(1);
        match wrong % 16 {
            0 => statement.address = statement.address.map(|a| Address { number: a.number + 20, id: a.id }),
            1 => {
                statement.address =
                    statement.address.map(|a| Address { number: a.number, id: plain(&[say.extra]) })
            }
            2 => {
                statement.address =
                    Some(self.somebody(say.subject).address).filter(|_| statement.address.is_none())
            }
            3 => statement.refers = Some(u64::from(say.target)).filter(|_| statement.refers.is_none()),
            4 => statement.month = Month::new(202_601).filter(|_| statement.month.is_none()),
            5 => statement.kind = [0, 8, 31, 1 << 40][facet],
            6 => drop(statement.facets.pop()),
            7 => statement.facets.push(statement.facets[facet].clone()),
            8 => statement.facets.swap(0, facet),
            9 => statement.facets[0] = self.somebody(say.extra).address.to_bytes(),
            10 => statement.kind = 1 + u64::from(say.extra) % 7,
            _ => {
                statement.facets[facet] =
                    odd(usize::from(say.extra) % ODD, &self.somebody(say.subject).address)
            }
        }
    }

    fn opening(&mut self, book: &Book, by: &Person, say: &Say, wrong: Option<u8>) -> Statement {
        match wrong.map(|w| w % 4) {
            // Somebody's opening over again.
            Some(0 | 1) => {
                book.accounts[usize::from(say.subject) % book.accounts.len()].statements[0].clone()
            }
            Some(2) => {
                let opened = Person::new(99).opened(None, Recovery::default(), time(self.clock));
                self.names.push(99);
                opened
            }
            _ => {
                let name = 100 + self.next();
                self.names.push(name);
                let guardians: Vec<Address> =
                    (0..say.value % 3).map(|n| self.somebody(say.subject.wrapping_add(n)).address).collect();
                let need =
                    u64::from(say.extra % 3).clamp(u64::from(!guardians.is_empty()), guardians.len() as u64);
                let recovery = Recovery { guardians, need, delay: time(u64::from(say.target)) };
                let who = if wrong.is_some() { self.somebody(say.extra) } else { *by };
                Person::new(name).opened(Some(who.address), recovery, time(self.clock))
            }
        }
    }

    fn grant(&mut self, book: &Book, by: &Person, say: &Say, kind: u8, wrong: Option<u8>) -> Statement {
        let subject = self.cast[usize::from(say.subject) % self.cast.len()];
        let who = if wrong.is_some() { self.somebody(say.extra) } else { *by };
        let account = &book.accounts[subject.address.number as usize];
        let (refers, body) = if kind == 3 {
            let role = Role::ALL[usize::from(say.value) % 6];
            let mut insurances: Vec<Insurance> =
                (1..=3).filter(|n| say.extra >> n & 1 == 1).map(insurance).collect();
            if say.extra > 200 {
                insurances.clear();
            }
            let until = (say.target % 4 == 0).then(|| time(self.clock + u64::from(say.target) * 20_000));
            (None, Body::Granted(Granted { who: who.address, role: Grant { role, insurances, until } }))
        } else {
            let grant = if say.twist >= 160 {
                u64::from(say.target % 8)
            } else {
                last_grant(account, usize::from(say.target))
            };
            (Some(grant), Body::Revoked(Revoked { who: who.address }))
        };
        Statement::new(
            seed("statement", self.next()),
            Some(subject.address),
            time(self.clock),
            refers,
            None,
            &body,
        )
    }

    fn contribution(&mut self, book: &Book, by: &Person, say: &Say, wrong: Option<u8>) -> Statement {
        let held = roles(&book.accounts[by.address.number as usize]);
        let source = match held.iter().find(|r| [1, 2, 6].contains(*r)) {
            Some(1) => Source::Platform,
            Some(2) => Source::Employer,
            Some(_) => Source::Subsidy,
            None => Source::Self_,
        };
        let mut subject = if source == Source::Self_ { *by } else { self.somebody(say.subject) };
        let clock_month = state::month_of(self.clock);
        let mut body = Contribution {
            who: Payer {
                source,
                issuer: by.address,
                reference: format!("r{}", say.target % 64).parse().expect("a text"),
            },
            what: What {
                insurance: insurance(1 + u64::from(say.value / 4 % 4) / 2),
                scheme: "a-scheme".parse().expect("a text"),
                fund: self.cast[FUNDS.start + usize::from(say.value % 4 == 3)].address,
            },
            amount: Amount {
                amount: 1 + u64::from(say.value) * 17,
                credited: u64::from(say.value) * 5,
                base: (say.extra % 3 == 0).then_some(u64::from(say.extra)),
                currency: currency(if say.extra % 8 == 7 { "INR" } else { "CNY" }),
            },
            evidence: (say.extra % 4 == 0).then(|| Evidence {
                orders: Some(u64::from(say.value)),
                shift: (say.extra % 8 == 0).then(|| (time(1), time(1 + u64::from(say.target)))),
                place: (say.extra % 16 == 0).then(|| "Suzhou".parse().expect("a text")),
            }),
        };
        // Months around a turn of the year, and up to one after the present.
        let mut month = [202_511, 202_512, 202_601, 202_603, clock_month, state::after(clock_month)]
            [usize::from(say.extra % 6)];
        month = month.min(state::after(clock_month));
        match wrong.map(|w| w % 16) {
            Some(0) => body.who.source = Source::ALL[usize::from(say.extra) % 4],
            Some(1) => body.what.fund = self.somebody(say.extra).address,
            Some(2) => body.what.fund.id = Hash([say.extra; 32]),
            Some(3) => month = state::after(state::after(clock_month)),
            Some(4) => month = [190_001, 197_001, 299_912][usize::from(say.extra % 3)],
            Some(5) => (body.amount.amount, body.amount.credited) = (0, 0),
            Some(6) => body.amount.credited = body.amount.amount + 1,
            Some(7) => {
                (body.amount.amount, body.amount.credited) =
                    (AMOUNT_MAX - u64::from(say.value), AMOUNT_MAX / 2)
            }
            Some(8) => body.amount.amount = AMOUNT_MAX / 2,
            Some(9) => body.what.insurance = insurance(u64::from(say.extra) * 257 + 1),
            Some(10) => body.who.issuer = self.somebody(say.extra).address,
            Some(11) => subject = self.cast[usize::from(say.extra) % self.cast.len()],
            Some(12) => body.amount.credited = body.amount.amount,
            Some(_) => body.who.reference = "r0".parse().expect("a text"),
            None => {}
        }
        let (number, month) = (self.next(), Month::new(month));
        let body = Body::Contribution(body);
        Statement::new(seed("statement", number), Some(subject.address), time(self.clock), None, month, &body)
    }

    /// A settlement or a correction: of an entry that it may be of, unless the twist says otherwise.
    fn about_entry(&mut self, book: &Book, by: &Person, say: &Say, kind: u8, wrong: Option<u8>) -> Statement {
        let mine = |e: &Entry| if kind == 6 { e.fund == by.address } else { e.issuer == by.address };
        let right = |e: &Entry| wrong.is_some() || (mine(e) && !e.void && !e.settled);
        let mut all: Vec<(Address, Entry)> = Vec::new();
        for account in &book.accounts {
            all.extend(
                state::entries(&account.facts).into_iter().filter(right).map(|e| (account.address, e)),
            );
        }
        let choice = usize::from(say.target) + 256 * usize::from(say.subject % 2);
        let (subject, entry) = match all.get(choice % all.len().max(1)) {
            Some((subject, entry)) => (*subject, Some(entry)),
            None => (self.somebody(say.subject).address, None),
        };
        let money = entry.map_or(Money { amount: 9, credited: 1, base: None, currency: "CNY".into() }, |e| {
            e.money.clone()
        });
        let mut amount = Amount {
            amount: money.amount,
            credited: money.credited,
            base: money.base,
            currency: currency(&money.currency),
        };
        let mut refers = entry.map_or(u64::from(say.target), |e| e.sequence);
        let mut month = entry.map_or(202_601, |e| e.month);
        let mut who = by.address;
        let void = kind == 7 && say.value % 3 == 0;
        if kind == 7 {
            match say.value % 3 {
                1 => amount.amount = 1 + u64::from(say.extra) * 31 + amount.credited,
                _ if say.extra % 2 == 0 => amount.base = Some(u64::from(say.extra)),
                _ => amount.credited /= 2,
            }
        }
        match wrong.map(|w| w % 10) {
            Some(0) => refers = u64::from(say.extra % 16),
            Some(1) => month = state::after(month),
            Some(2) => amount.currency = currency("INR"),
            Some(3) => amount.amount += 1,
            Some(4) => amount.credited = amount.credited.wrapping_sub(1).min(AMOUNT_MAX),
            Some(5) => amount.base = if amount.base.is_some() { None } else { Some(amount.amount) },
            Some(6) => (amount.amount, amount.credited) = (0, 0),
            Some(7) => who = self.somebody(say.extra).address,
            Some(8) => (amount.amount, amount.credited) = (AMOUNT_MAX, 1),
            _ => {}
        }
        amount.amount = amount.amount.min(AMOUNT_MAX);
        let text = "it-was-so";
        let body = if kind == 6 {
            let who = Settler { issuer: who, reference: text.parse().expect("a text") };
            Body::Settlement(Settlement { who, amount })
        } else {
            let who = Corrector { issuer: who, reason: text.parse().expect("a text") };
            Body::Correction(Correction { who, amount: (!void).then_some(amount) })
        };
        let number = self.next();
        Statement::new(
            seed("statement", number),
            Some(subject),
            time(self.clock),
            Some(refers),
            Month::new(month),
            &body,
        )
    }

    /// Whether a fact is of a type that this posting would open: kept for the reader of a failed case.
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
