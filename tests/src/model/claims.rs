//! The statements of a script about consents, what is done by them, and claims: mostly right ones, of what is there, and wrong ones with one
//! thing changed.

use peal_spec::address::Address;
use peal_spec::hash::Hash;
use peal_spec::statement::{Body, Facets, Source, Statement};
use peal_spec::value::Month;

use super::book::Book;
use super::claim::{self, Case, REJECTED};
use super::claim_facets::{answer, claim, consent, looked, remedy, ruling, says};
use super::consent::{self, CLAIM, Given, PAY, READ};
use super::funds::{choose, everywhere, faults};
use super::odd::odd_of;
use super::people::{Person, roles, seed};
use super::said::{Claim, Consent, Scope, write_address};
use super::script::Say;
use super::stage::{BUREAU, Stage, insurance, time};
use super::state;

const DAY: u64 = 86_400;

/// A statement whose *who* is its issuer.
struct Draft {
    kind: u64,
    about: Address,
    refers: Option<u64>,
    who: Address,
    /// The facets after *who*.
    rest: Vec<Vec<u8>>,
}

/// By which right of a consent something is done.
fn right_of(kind: u64) -> u64 {
    match kind {
        23 => READ,
        34 => CLAIM,
        _ => PAY,
    }
}

/// Whose turn it is to say something of a claim about `about`, if it is anybody's.
fn turn(kind: u64, about: &Address, case: &Case, clock: u64) -> Vec<Address> {
    let Claim { party, bureau, .. } = case.claim;
    match kind {
        35 if case.answerable() => vec![party],
        18 if case.undecided() && case.heard(clock) => vec![bureau],
        37 if case.owed() => vec![party],
        36 if case.done() => vec![bureau, *about],
        36 if !case.closed() => vec![*about],
        _ => vec![],
    }
}

/// All claims, each with the account that it is in.
fn told(book: &Book) -> Vec<(Address, (Address, Case))> {
    everywhere(book, claim::cases).into_iter().map(|(about, case)| (about, (about, case))).collect()
}

/// As much as a consent is for, or less.
fn within(scope: &Scope, say: &Say) -> Scope {
    let mut less = scope.clone();
    if say.extra % 2 == 1 {
        less.insurances = vec![scope.insurances.last().copied().unwrap_or(1)];
    }
    if say.extra / 2 % 2 == 1 {
        let (first, last) = scope.months.unwrap_or((202_601, 202_601));
        less.months = Some((first, state::after(first).min(last)));
    }
    if say.extra / 4 % 2 == 1 {
        less.parts.truncate(1);
    }
    less
}

/// More than a consent is for, in one of six ways.
fn beyond(mut done: Scope, scope: &Scope, way: u8) -> Scope {
    let (first, last) = scope.months.unwrap_or((202_601, 202_601));
    match way {
        0 => done.insurances = vec![],
        1 => done.insurances = vec![scope.insurances.first().copied().unwrap_or(1), 60_000],
        2 => done.months = None,
        3 => done.months = Some((state::before(first), first)),
        4 => done.months = Some((last, state::after(last))),
        _ => done.parts = (1..=5).collect(),
    }
    done
}

impl Stage {
    /// Who may say something of a kind: one of those whose turn it is, if it is anybody's.
    pub(super) fn concerned(&self, book: &Book, kind: u64, choice: u8) -> Person {
        if choice >= 248 {
            return self.cast[usize::from(choice) % self.cast.len()];
        }
        let of: Vec<Address> = match kind {
            18 | 35..=37 => {
                told(book).iter().flat_map(|(_, (about, case))| turn(kind, about, case, self.clock)).collect()
            }
            22 => {
                let given = everywhere(book, consent::given).into_iter();
                given.filter(|(_, g)| !g.over(self.clock)).map(|(about, _)| about).collect()
            }
            23 | 34 | 38 => {
                let given = everywhere(book, consent::given).into_iter().map(|(_, g)| g);
                let holds = |g: &Given| g.holds(&g.consent.grantee, right_of(kind), self.clock);
                given.filter(holds).map(|g| g.consent.grantee).collect()
            }
            33 => self.bureaus(book).iter().map(|bureau| bureau.address).collect(),
            _ => vec![],
        };
        let mut of: Vec<Person> =
            of.iter().filter_map(|a| self.cast.iter().find(|p| p.address == *a)).copied().collect();
        of.sort_by_key(|person| person.address.number);
        of.dedup_by_key(|person| person.address.number);
        of.get(usize::from(choice) % of.len().max(1)).copied().unwrap_or(self.somebody(choice))
    }

    /// A statement of one of these types. Where there is nothing that it could be about: a claim, or a consent.
    pub(super) fn of_claims(&mut self, book: &Book, by: &Person, say: &Say, kind: u64) -> Statement {
        // From 128 on something is wrong: below 192 with what is said, below 224 with a facet, above with how it is written.
        let wrong = say.twist.checked_sub(128).filter(|w| *w < 64);
        if kind == 38
            && let Some(paid) = self.paid_for(book, by, say, wrong)
        {
            return self.with_odd(paid, say);
        }
        let bureau = roles(&book.accounts[by.address.number as usize]).contains(&4);
        let draft = match kind {
            18 | 35..=37 => self.about_claim(book, by, say, kind, wrong),
            22 => self.revocation(book, by, say, wrong),
            23 => self.access(book, by, say, wrong),
            33 if bureau || wrong.is_some() => Some(self.unasked(by, say, wrong)),
            34 => self.claim_for(book, by, say, wrong),
            _ => None,
        };
        let draft = match (draft, kind) {
            (Some(draft), _) => draft,
            (None, 17 | 18 | 34..=37) => self.claim(book, by, say, wrong),
            (None, _) => self.consent(by, say, wrong),
        };
        let who = super::odd::encoded(|w| write_address(w, &draft.who));
        let statement = Statement {
            seed: seed("statement", self.next()),
            address: Some(draft.about),
            kind: draft.kind,
            issued: time(self.clock),
            refers: draft.refers,
            month: None,
            facets: Facets::new([vec![who], draft.rest].concat()).expect("a few facets"),
        };
        self.with_odd(statement, say)
    }

    fn with_odd(&self, mut statement: Statement, say: &Say) -> Statement {
        if (192..224).contains(&say.twist) {
            let all = odd_of(statement.kind);
            let (place, facet) = all[usize::from(say.extra) % all.len()].clone();
            statement.facets = statement.facets.with(place, &facet);
        }
        statement
    }

    /// To any of the cast, mostly for all and for long.
    fn consent(&mut self, by: &Person, say: &Say, wrong: Option<u8>) -> Draft {
        let mut draft = Draft { kind: 21, about: by.address, refers: None, who: by.address, rest: vec![] };
        let others: Vec<&Person> = self.cast[1..].iter().filter(|p| p.address != by.address).collect();
        let present = state::month_of(self.clock);
        let mut given = Consent {
            grantee: others[usize::from(say.subject) % others.len()].address,
            rights: [&[1, 2, 3][..], &[1, 2, 3], &[1, 2, 3], &[1], &[2], &[3], &[1, 3], &[2, 3]]
                [usize::from(say.value % 8)]
            .to_vec(),
            scope: Scope {
                insurances: [&[][..], &[1], &[1, 2], &[2]][usize::from(say.extra % 4)].to_vec(),
                months: [None, None, Some((202_511, state::after(present))), Some((present, self.latest()))]
                    [usize::from(say.target % 4)],
                parts: [&[1, 2, 3, 4, 5][..], &[3], &[], &[1, 3, 5]][usize::from(say.extra / 4 % 4)].to_vec(),
            },
            until: self.clock
                + [400 * DAY, 30 * DAY, DAY, 1 + u64::from(say.value)][usize::from(say.target / 4 % 4)],
            once: say.value / 8 % 2 == 1,
        };
        for fault in faults(wrong, say, 8) {
            match fault {
                0 => given.until = self.clock,
                1 => given.until = 0,
                // Right: it ends with the next second.
                2 => given.until = self.clock + 1,
                3 => given.grantee = by.address,
                // The number is the account's own, the id is not.
                4 => given.grantee = Address { number: by.address.number, id: Hash([say.extra; 32]) },
                5 => given.grantee.number += 1_000,
                6 => draft.who = self.somebody(say.extra).address,
                _ => draft.about = self.somebody(say.extra).address,
            }
        }
        draft.rest = vec![consent("so-that-it-is-seen", &given)];
        draft
    }

    fn revocation(&mut self, book: &Book, by: &Person, say: &Say, wrong: Option<u8>) -> Option<Draft> {
        let faults = faults(wrong, say, 8);
        let all = everywhere(book, consent::given).into_iter().map(|(about, given)| (about, (about, given)));
        let meant = |(about, given): &(Address, Given)| {
            let idle = given.revoked || given.used;
            match faults.first() {
                Some(0) => *about != by.address,
                Some(1) => *about == by.address && given.revoked,
                Some(2) => *about == by.address && given.used,
                // Over, but not idle: that may be revoked.
                Some(3) => *about == by.address && !idle && given.over(self.clock),
                _ => *about == by.address && !idle,
            }
        };
        let (about, (_, given)) = choose(all.collect(), meant, wrong, say)?;
        let mut draft =
            Draft { kind: 22, about, refers: Some(given.sequence), who: by.address, rest: vec![] };
        for fault in faults {
            match fault {
                4 | 5 => draft.refers = Some(u64::from(say.extra % 32)),
                6 => draft.who = self.somebody(say.extra).address,
                _ => {}
            }
        }
        Some(draft)
    }

    /// A consent by which somebody may do something, or nearly: of another, one that is over, one without the right, or one with bounds.
    fn by_consent(
        &self,
        book: &Book,
        by: &Person,
        say: &Say,
        right: u64,
        wrong: Option<u8>,
        fault: Option<u8>,
    ) -> Option<(Address, Given)> {
        let mine = |given: &Given| given.consent.grantee == by.address;
        let meant = |given: &Given| {
            let holds = given.holds(&by.address, right, self.clock);
            let Scope { insurances, months, parts } = &given.consent.scope;
            match fault {
                Some(0) => !mine(given),
                Some(1) => mine(given) && given.revoked,
                Some(2) => mine(given) && given.used,
                Some(3) => mine(given) && self.clock >= given.consent.until,
                Some(4) => mine(given) && !given.consent.rights.contains(&right),
                Some(6 | 7) => holds && !insurances.is_empty(),
                Some(8..=10) => holds && months.is_some(),
                Some(11) => holds && parts.len() < 5,
                _ => holds,
            }
        };
        choose(everywhere(book, consent::given), meant, wrong, say)
    }

    fn access(&mut self, book: &Book, by: &Person, say: &Say, wrong: Option<u8>) -> Option<Draft> {
        let faults = faults(wrong, say, 13);
        let (about, given) = self.by_consent(book, by, say, READ, wrong, faults.first().copied())?;
        let mut draft =
            Draft { kind: 23, about, refers: Some(given.sequence), who: by.address, rest: vec![] };
        let mut done = within(&given.consent.scope, say);
        for fault in faults {
            match fault {
                5 => draft.refers = Some(u64::from(say.extra % 32)),
                6..=11 => done = beyond(done, &given.consent.scope, fault - 6),
                12 => draft.who = self.somebody(say.extra).address,
                _ => {}
            }
        }
        draft.rest = vec![looked("a-loan", &done)];
        Some(draft)
    }

    fn unasked(&mut self, by: &Person, say: &Say, wrong: Option<u8>) -> Draft {
        let about = self.somebody(say.subject).address;
        let mut draft = Draft { kind: 33, about, refers: None, who: by.address, rest: vec![] };
        if faults(wrong, say, 4).contains(&0) {
            draft.who = self.somebody(say.extra).address;
        }
        let all = Scope { insurances: vec![], months: None, parts: vec![1, 2, 3, 4, 5] };
        draft.rest = vec![looked("an-order-of-a-court", &within(&all, say)), says("It had to be.")];
        draft
    }

    fn paid_for(&mut self, book: &Book, by: &Person, say: &Say, wrong: Option<u8>) -> Option<Statement> {
        let faults = faults(wrong, say, 32);
        let (about, given) = self.by_consent(book, by, say, PAY, wrong, faults.first().copied())?;
        // Also what can be wrong with a contribution.
        let of_contribution = faults.first().and_then(|fault| fault.checked_sub(16));
        let (mut body, _, paid_month) = self.payment(book, by, say, of_contribution);
        let scope = within(&given.consent.scope, say);
        let mut refers = Some(given.sequence);
        body.who.reference = format!("n{}", self.next()).parse().expect("a text");
        if !matches!(of_contribution, Some(0)) {
            body.who.source = Source::Self_;
        }
        // Another insurance, or month, is of a contribution's own faults.
        let (mut of, mut month) = (body.what.insurance, paid_month);
        if let Some(first) = scope.insurances.first()
            && !matches!(of_contribution, Some(9))
        {
            of = insurance(*first);
        }
        if let Some((first, last)) = scope.months
            && !matches!(of_contribution, Some(3 | 4))
        {
            month = month.clamp(first, last);
        }
        let (first, last) = given.consent.scope.months.unwrap_or((month, month));
        for fault in faults {
            match fault {
                5 => refers = Some(u64::from(say.extra % 32)),
                6 => of = insurance(60_000),
                7 => of = insurance(if of.code() == 1 { 2 } else { 1 }),
                8 | 9 => month = state::before(first),
                10 => month = state::after(last),
                12 | 13 => {
                    let like = self.draft(5, by, about, None);
                    body.who.reference = self.used(book, &like, say).parse().expect("a text");
                }
                14 => body.who.source = Source::Employer,
                15 => body.amount.currency = super::stage::currency("USD"),
                _ => {}
            }
        }
        body.what.insurance = of;
        let (number, at) = (self.next(), time(self.clock));
        Some(Statement {
            seed: seed("statement", number),
            address: Some(about),
            kind: 38,
            issued: at,
            refers,
            month: Month::new(month),
            facets: Body::Contribution(body).facets(),
        })
    }

    /// Somebody who is a bureau for this now, and none of these.
    fn apart(&self, book: &Book, of: Option<u64>, not: &[Address], say: &Say) -> Address {
        let held = |person: &&Person| state::roles(&book.accounts[person.address.number as usize].facts);
        let fit = |person: &&Person| {
            let covers = |h: &state::Held| of.is_none_or(|of| h.covers(of));
            held(person).iter().any(|h| h.role == 4 && h.in_force(self.clock) && covers(h))
        };
        let of: Vec<&Person> =
            self.cast.iter().filter(fit).filter(|person| !not.contains(&person.address)).collect();
        // Mostly the first, so that it is known to whom one comes.
        let choice = if say.value < 192 { 0 } else { usize::from(say.value) };
        of.get(choice % of.len().max(1)).map_or(self.cast[BUREAU].address, |bureau| bureau.address)
    }

    /// What a claim says, in an account, by somebody: whom it is against comes from its subject.
    fn claimed(&self, book: &Book, about: Address, by: &Person, scope: &Scope, say: &Say) -> Claim {
        let others: Vec<&Person> =
            self.cast[2..].iter().filter(|p| p.address != about && p.address != by.address).collect();
        let party = others[usize::from(say.subject) % others.len()].address;
        let of = match scope.insurances.as_slice() {
            [] if say.value.is_multiple_of(2) => None,
            list => Some(list.last().copied().unwrap_or(1 + u64::from(say.value / 2 % 3))),
        };
        let bureau = self.apart(book, of, &[about, party, by.address], say);
        let size = book.accounts.iter().find(|a| a.address == about).map_or(0, |a| a.facts.len() as u64);
        let first = u64::from(say.target) % size;
        let mut records = vec![first, first + 1 + u64::from(say.extra) % size];
        records.retain(|record| *record < size && !say.value.is_multiple_of(3));
        Claim { party, bureau, insurance: of, months: scope.months, records }
    }

    /// Makes something of a claim wrong.
    fn misclaim(&self, book: &Book, fault: u8, about: &Address, claimed: &mut Claim, say: &Say) {
        let size = book.accounts.iter().find(|a| a.address == *about).map_or(0, |a| a.facts.len() as u64);
        match fault {
            0 => claimed.records = vec![0, size],
            1 => claimed.bureau = self.somebody(say.extra).address,
            2 => claimed.bureau.id = Hash([say.extra; 32]),
            // Any bureau, of any insurance.
            3 => {
                let bureaus = self.bureaus(book);
                claimed.bureau = bureaus[usize::from(say.extra) % bureaus.len()].address;
                claimed.insurance = Some(1 + u64::from(say.extra) % 3);
            }
            4 => claimed.party = *about,
            5 => claimed.party = claimed.bureau,
            6 => claimed.bureau = *about,
            // The number is the account's own, the id is not.
            7 => claimed.party = Address { number: about.number, id: Hash([say.extra; 32]) },
            _ => claimed.insurance = Some(60_000),
        }
    }

    /// By oneself.
    fn claim(&mut self, book: &Book, by: &Person, say: &Say, wrong: Option<u8>) -> Draft {
        let mut draft = Draft { kind: 17, about: by.address, refers: None, who: by.address, rest: vec![] };
        let present = state::month_of(self.clock);
        let months =
            [None, Some((202_511, present)), Some((present, present)), None][usize::from(say.extra % 4)];
        let all = Scope { insurances: vec![], months, parts: vec![] };
        let mut claimed = self.claimed(book, by.address, by, &all, say);
        for fault in faults(wrong, say, 11) {
            match fault {
                9 => draft.who = self.somebody(say.extra).address,
                10 => draft.about = self.somebody(say.extra).address,
                _ => self.misclaim(book, fault, &by.address, &mut claimed, say),
            }
        }
        draft.rest = vec![claim(1 + u64::from(say.extra % 5), &claimed), says("A month is missing.")];
        draft
    }

    /// By consent.
    fn claim_for(&mut self, book: &Book, by: &Person, say: &Say, wrong: Option<u8>) -> Option<Draft> {
        let faults = faults(wrong, say, 24);
        let (about, given) = self.by_consent(book, by, say, CLAIM, wrong, faults.first().copied())?;
        let mut draft =
            Draft { kind: 34, about, refers: Some(given.sequence), who: by.address, rest: vec![] };
        let done = within(&given.consent.scope, say);
        let mut claimed = self.claimed(book, about, by, &done, say);
        for fault in faults {
            match fault {
                5 => draft.refers = Some(u64::from(say.extra % 32)),
                6 => claimed.insurance = None,
                7 => claimed.insurance = Some(60_000),
                8..=10 => claimed.months = beyond(done.clone(), &given.consent.scope, fault - 6).months,
                12 => draft.who = self.somebody(say.extra).address,
                13 => claimed.party = by.address,
                14 => claimed.bureau = by.address,
                15.. => self.misclaim(book, fault - 15, &about, &mut claimed, say),
                _ => {}
            }
        }
        draft.rest = vec![claim(1 + u64::from(say.extra % 5), &claimed), says("She asked me to.")];
        Some(draft)
    }

    /// What follows a claim.
    fn about_claim(
        &mut self,
        book: &Book,
        by: &Person,
        say: &Say,
        kind: u64,
        wrong: Option<u8>,
    ) -> Option<Draft> {
        let faults = faults(wrong, say, 10);
        let meant = |(about, case): &(Address, Case)| {
            let Claim { party, bureau, .. } = &case.claim;
            let mine = match kind {
                18 => *bureau == by.address,
                36 => *about == by.address || *bureau == by.address,
                _ => *party == by.address,
            };
            let step = match kind {
                18 => case.undecided(),
                35 => case.answerable(),
                36 => !case.closed(),
                _ => case.owed(),
            };
            match faults.first() {
                Some(0) => !mine,
                Some(1) => mine && !step,
                Some(2) if kind == 18 => mine && step && !case.heard(self.clock),
                Some(2) if kind == 36 => *bureau == by.address && step && !case.done(),
                Some(2) => mine && case.closed(),
                Some(3) => mine && !step && !case.closed(),
                _ => turn(kind, about, case, self.clock).contains(&by.address),
            }
        };
        let (about, (_, case)) = choose(told(book), meant, wrong, say)?;
        let mut draft = Draft { kind, about, refers: Some(case.sequence), who: by.address, rest: vec![] };
        let size = book.accounts.iter().find(|a| a.address == about).map_or(0, |a| a.facts.len() as u64);
        // Of those after the claim, or, for an answer, of all.
        let from = if kind == 37 { case.sequence + 1 } else { 0 };
        let mut records = vec![from + u64::from(say.extra) % (size - from).max(1)];
        if say.value % 4 == 2 {
            records.push(size - 1);
            records.dedup();
        }
        for fault in faults {
            match fault {
                4 => draft.refers = Some(u64::from(say.extra % 32)),
                5 => draft.who = self.somebody(say.extra).address,
                6 => records = vec![size],
                7 => records = vec![case.sequence],
                8 => {
                    for record in [size, size + 1] {
                        if !records.contains(&record) {
                            records.push(record);
                        }
                    }
                }
                _ => {}
            }
        }
        // Accepted, or upheld, by one value in two; the others are denied, rejected, or upheld in part.
        let outcome = [1, 3, 2, 3][usize::from(say.value % 4)];
        let by_then = (outcome != REJECTED).then_some(self.clock + u64::from(say.target) * DAY);
        draft.rest = match kind {
            18 => vec![ruling(outcome, by_then), says("So it is.")],
            35 => vec![answer(say.value.is_multiple_of(2), &records), says("This is why.")],
            36 => vec![says("That is all.")],
            _ => vec![remedy(&records)],
        };
        Some(draft)
    }
}
