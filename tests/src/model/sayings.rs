//! The statements of a script: right ones, of what is there, and wrong ones with one thing changed.

use peal_spec::address::Address;
use peal_spec::cbor::Cbor;
use peal_spec::hash::{Hash, plain};
use peal_spec::role::{Grant, Role};
use peal_spec::statement::Referenced;
use peal_spec::statement::contribution::Payer;
use peal_spec::statement::correction::Corrector;
use peal_spec::statement::{
    Amount, Body, Contribution, Correction, Evidence, Facets, Granted, Recovery, Revoked, Settlement, Source,
    Statement, What,
};
use peal_spec::value::{Insurance, Month};

use super::book::Book;
use super::odd::{ODD, ODD_RECOVERIES, odd};
use super::people::{Person, last_grant, roles, seed};
use super::said::{AMOUNT_MAX, KINDS};
use super::script::{Purpose, Say};
use super::stage::{FUNDS, Stage, currency, insurance, time};
use super::state::{self, Entry};

/// No type: a correction that voids an engagement or an award.
pub(super) const VOID: u64 = 64;

/// The type of a statement, of those that a purpose allows.
pub(super) fn kind_of(purpose: Purpose, say: &Say) -> u64 {
    let kinds: &[u64] = match purpose {
        Purpose::Pay => &[5, 5, 5, 5, 5, 7, 7],
        Purpose::Work => &[13, 13, 32, 32, 31, 31, 31, VOID],
        Purpose::Settle => &[6, 6, 6, 6, 6, 6, 5, 7],
        Purpose::Serve => &[30, 14, 14, 14, 15, 15, 15, 16, 16, VOID],
        Purpose::Grant => &[3, 3, 3, 4, 4],
        Purpose::Open => &[1, 1, 1, 1, 1, 3],
        Purpose::Recover => &[8, 9, 10, 2, 5, 11],
        Purpose::Consent => &[21, 21, 22, 23, 23, 38, 38, 33],
        Purpose::Claim => &[17, 34, 35, 35, 18, 18, 37, 36],
        Purpose::Identify => &[12, 12, 39, 39, 27],
        Purpose::Erase => &[29, 29, 29, 36, 35, VOID],
        Purpose::Move => &[19, 43, 40, 40, 20, 20, 41, 41, 42, 44, 45, 39, 19, 40, 42, 42],
        _ => &KINDS,
    };
    kinds[usize::from(say.kind) % kinds.len()]
}

impl Stage {
    /// One statement, right but for its twist.
    pub(super) fn say(&mut self, book: &Book, purpose: Purpose, by: &Person, say: &Say) -> Statement {
        let kind = kind_of(purpose, say);
        // From 192 on something is wrong: below 224 with what is said, above with how it is written.
        let wrong = say.twist.checked_sub(192).filter(|w| *w < 32);
        let mut statement = match kind {
            1 => self.opening(book, by, say, wrong),
            2 => {
                let (about, number) = (self.somebody(say.subject), self.next());
                let about = if wrong.is_some() { about } else { *by };
                about.rotated(by.address, about.address, by.generation(book) + 1, number, time(self.clock))
            }
            3 | 4 => self.grant(book, by, say, kind, wrong),
            5..=7 => self.paid(book, by, say, kind),
            8..=11 => self.any_recovery(book, by, say, kind as u8),
            17 | 18 | 21..=23 | 33..=38 => self.of_claims(book, by, say, kind),
            39 if purpose == Purpose::Move => self.of_moves(book, by, say, kind),
            12 | 27 | 39 => self.of_identities(book, by, say, kind),
            19 | 20 | 40..=45 => self.of_moves(book, by, say, kind),
            29 => self.of_erasures(book, by, say),
            _ => self.of_funds(book, by, say, kind),
        };
        if let Some(wrong) = say.twist.checked_sub(224) {
            self.miswrite(&mut statement, wrong, say);
        }
        statement
    }

    /// A contribution, a settlement, a correction.
    pub(super) fn paid(&mut self, book: &Book, by: &Person, say: &Say, kind: u64) -> Statement {
        let wrong = say.twist.checked_sub(192).filter(|w| *w < 32);
        let about = if kind == 5 { None } else { self.about_entry(book, by, say, kind, wrong) };
        about.unwrap_or_else(|| self.contribution(book, by, say, wrong))
    }

    /// Changes how a statement is written.
    pub(super) fn miswrite(&self, statement: &mut Statement, wrong: u8, say: &Say) {
        let facet = usize::from(say.target) % statement.facets.len().max(1);
        let mut facets: Vec<Vec<u8>> = statement.facets.iter().map(<[u8]>::to_vec).collect();
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
            5 => statement.kind = [0, 24, 63, 1 << 40][facet % 4],
            6 => drop(facets.pop()),
            7 => facets.push(facets[facet].clone()),
            8 => facets.swap(0, facet),
            9 => facets[0] = self.somebody(say.extra).address.to_bytes(),
            10 => statement.kind = KINDS[usize::from(say.extra) % KINDS.len()],
            _ => {
                let recovery = matches!(statement.kind, 1 | 11) && facet == 2;
                let choice = usize::from(say.extra);
                let choice =
                    if recovery { ODD_RECOVERIES + choice % (ODD - ODD_RECOVERIES) } else { choice % ODD };
                facets[facet] = odd(choice, &self.somebody(say.subject).address);
            }
        }
        if let Ok(facets) = Facets::new(facets) {
            statement.facets = facets;
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
                let recovery = self.some_recovery(say);
                let who = if wrong.is_some() { self.somebody(say.extra) } else { *by };
                Person::new(name).opened(Some(who.address), recovery, time(self.clock))
            }
        }
    }

    fn grant(&mut self, book: &Book, by: &Person, say: &Say, kind: u64, wrong: Option<u8>) -> Statement {
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
            let until =
                say.target.is_multiple_of(4).then(|| time(self.clock + u64::from(say.target) * 21_600));
            (None, Body::Granted(Granted { who: who.address, role: Grant { role, insurances, until } }))
        } else {
            let grant = if say.twist >= 176 {
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

    /// Contributions to as many insurances, or currencies of two, as one account has cells for, and some more.
    pub(super) fn fill(&mut self, book: &Book, by: &Person, detail: u8, says: &[Say]) -> Vec<Statement> {
        let source = self.source(book, by);
        let whom = says.first().map_or(0, |say| say.subject);
        let subject = if source == Source::Self_ { *by } else { self.somebody(whom) };
        let currencies = detail % 2 == 1;
        let (at, month) = (time(self.clock), Month::new(state::month_of(self.clock)));
        let mut statements = Vec::new();
        for n in 0..if currencies { 255 } else { 128 } {
            let letter = |n: u64| char::from(b'A' + n as u8);
            let unlike = format!("{}{}X", letter(n / 26), letter(n % 26));
            let body = Contribution {
                who: Payer {
                    source,
                    issuer: by.address,
                    reference: format!("fill/{detail}/{n}").parse().expect("a text"),
                },
                what: What {
                    insurance: insurance(if currencies { 1 + n % 2 } else { 1000 + n }),
                    scheme: "all".parse().expect("a text"),
                    fund: self.cast[FUNDS.start].address,
                },
                amount: Amount {
                    amount: 1 + n,
                    credited: n % 2,
                    base: None,
                    currency: currency(if currencies { &unlike } else { "CNY" }),
                },
                evidence: None,
            };
            let (number, body) = (self.next(), Body::Contribution(body));
            statements.push(Statement::new(
                seed("statement", number),
                Some(subject.address),
                at,
                None,
                month,
                &body,
            ));
        }
        statements
    }

    /// As what somebody may pay contributions.
    pub(super) fn source(&self, book: &Book, by: &Person) -> Source {
        let held = roles(&book.accounts[by.address.number as usize]);
        match held.iter().find(|role| [1, 2, 6].contains(*role)) {
            Some(1) => Source::Platform,
            Some(2) => Source::Employer,
            Some(_) => Source::Subsidy,
            None => Source::Self_,
        }
    }

    fn contribution(&mut self, book: &Book, by: &Person, say: &Say, wrong: Option<u8>) -> Statement {
        let (body, subject, month) = self.payment(book, by, say, wrong);
        let (number, month, body) = (self.next(), Month::new(month), Body::Contribution(body));
        Statement::new(seed("statement", number), Some(subject), time(self.clock), None, month, &body)
    }

    /// What a contribution or a matching says, about whom and for which month.
    pub(super) fn payment(
        &mut self,
        book: &Book,
        by: &Person,
        say: &Say,
        wrong: Option<u8>,
    ) -> (Contribution, Address, u32) {
        let source = self.source(book, by);
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
                base: say.extra.is_multiple_of(3).then_some(u64::from(say.extra)),
                currency: currency(if say.extra % 8 == 7 { "INR" } else { "CNY" }),
            },
            evidence: say.extra.is_multiple_of(4).then(|| Evidence {
                orders: Some(u64::from(say.value)),
                shift: say.extra.is_multiple_of(8).then(|| (time(1), time(1 + u64::from(say.target)))),
                place: say.extra.is_multiple_of(16).then(|| "Suzhou".parse().expect("a text")),
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
        (body, subject.address, month)
    }

    /// A settlement or a correction: of an entry that it may be of, unless the twist says otherwise. None if there is none.
    fn about_entry(
        &mut self,
        book: &Book,
        by: &Person,
        say: &Say,
        kind: u64,
        wrong: Option<u8>,
    ) -> Option<Statement> {
        let mine = |e: &Entry| if kind == 6 { e.fund == by.address } else { e.issuer == by.address };
        // What is wrong is one thing: another's entry or one that is closed, or the way of referring to it.
        let any = wrong.is_some_and(|w| w % 10 == 9);
        let right = |e: &Entry| any || (mine(e) && !e.void && !e.settled);
        let mut all: Vec<(Address, Entry)> = Vec::new();
        for account in &book.accounts {
            all.extend(
                state::entries(&account.facts).into_iter().filter(right).map(|e| (account.address, e)),
            );
        }
        let choice = usize::from(say.target) + 256 * usize::from(say.subject % 2);
        let (subject, entry) = all.get(choice % all.len().max(1)).cloned()?;
        let money = &entry.money;
        let mut amount = Amount {
            amount: money.amount,
            credited: money.credited,
            base: money.base,
            currency: currency(&money.currency),
        };
        let (mut refers, mut month) = (entry.sequence, entry.month);
        let mut who = by.address;
        let void = kind == 7 && say.value.is_multiple_of(3);
        if kind == 7 {
            match say.value % 3 {
                1 => amount.amount = 1 + u64::from(say.extra) * 31 + amount.credited,
                _ if say.extra.is_multiple_of(2) => amount.base = Some(u64::from(say.extra)),
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
            let who = Referenced { issuer: who, reference: text.parse().expect("a text") };
            Body::Settlement(Settlement { who, amount })
        } else {
            let who = Corrector { issuer: who, reason: text.parse().expect("a text") };
            Body::Correction(Correction { who, amount: (!void).then_some(amount) })
        };
        let (number, at) = (self.next(), time(self.clock));
        let month = Month::new(month);
        Some(Statement::new(seed("statement", number), Some(subject), at, Some(refers), month, &body))
    }
}
