//! What is said of work, of matchings, and of money that comes back or is paid out.

use peal_spec::address::Address;
use peal_spec::posting::Posting;
use peal_spec::refusal::Code;
use peal_spec::statement::contribution::Payer;
use peal_spec::statement::money::{Interest as Reckoned, Step, Stretch};
use peal_spec::statement::*;
use peal_spec::value::{Currency, Insurance, Time};

use super::{Person, START, cny, month, time};

/// For what a contribution, an award or interest is, and with which fund.
pub type For = (Insurance, Address);

/// What becomes of a statement: its sequence in the account, or why it is refused.
pub type Becomes = Result<u64, Code>;

/// A posting, and what becomes of each of its statements.
pub type Said = (Posting, Vec<Becomes>);

/// An insurance by its number.
pub fn insurance(code: u64) -> Insurance {
    Insurance::new(code).unwrap()
}

pub fn unemployment() -> Insurance {
    insurance(3)
}

/// A currency by its name.
pub fn in_(currency: &str) -> Currency {
    currency.parse().unwrap()
}

/// From so many seconds after the start to so many (before it, if negative).
pub fn from_to(start: i64, end: i64) -> (Time, Time) {
    let at = |after: i64| Time::new(START.checked_add_signed(after).unwrap()).unwrap();
    (at(start), at(end))
}

pub fn money(amount: u64) -> Money {
    Money { amount, currency: cny() }
}

/// So much, all of it credited.
pub fn all_credited(amount: u64, currency: &str) -> Amount {
    Amount { amount, credited: amount, base: None, currency: in_(currency) }
}

pub fn returned(amount: u64, credited: u64) -> Returned {
    Returned { amount, credited, currency: cny() }
}

/// Steps of so many months with so much each.
pub fn gives(steps: &[(u64, u64)]) -> Entitlement {
    let steps = steps.iter().map(|(months, amount)| Step { months: *months, amount: *amount }).collect();
    Entitlement { currency: cny(), steps }
}

/// Interest on balances, each for so many months.
pub fn bears(amount: u64, balances: &[(u64, u64)], rate: u64) -> Reckoned {
    let stretches = balances.iter().map(|(balance, months)| Stretch { balance: *balance, months: *months });
    Reckoned { amount, currency: cny(), stretches: stretches.collect(), rate }
}

fn what((insurance, fund): For) -> What {
    What { insurance, scheme: "cn-flexible-pension".parse().unwrap(), fund }
}

impl Person {
    /// A posting of statements, each beside what becomes of it.
    pub fn tells(&mut self, after: u64, say: impl FnOnce(&mut Self) -> Vec<(Becomes, Statement)>) -> Said {
        self.tells_with(after, false, say)
    }

    /// The same, all or nothing.
    pub fn tells_all(
        &mut self,
        after: u64,
        say: impl FnOnce(&mut Self) -> Vec<(Becomes, Statement)>,
    ) -> Said {
        self.tells_with(after, true, say)
    }

    fn tells_with(
        &mut self,
        after: u64,
        all: bool,
        say: impl FnOnce(&mut Self) -> Vec<(Becomes, Statement)>,
    ) -> Said {
        let (becomes, mut statements): (Vec<_>, Vec<_>) = say(self).into_iter().unzip();
        statements.iter_mut().for_each(|s| s.issued = time(after));
        (self.post_with(after, statements, all), becomes)
    }

    fn referenced(&self, reference: &str) -> Referenced {
        Referenced { issuer: self.at(), reference: reference.parse().unwrap() }
    }

    fn payer(&self, source: Source, reference: &str) -> Payer {
        Payer { source, issuer: self.at(), reference: reference.parse().unwrap() }
    }

    pub fn pay(
        &mut self,
        about: Address,
        for_: For,
        source: Source,
        m: u32,
        amount: Amount,
        reference: &str,
    ) -> Statement {
        let who = self.payer(source, reference);
        let body = Contribution { who, what: what(for_), amount, evidence: None };
        self.say(0, about, None, Some(month(m)), &Body::Contribution(body))
    }

    pub fn matching(
        &mut self,
        about: Address,
        refers: u64,
        for_: For,
        source: Source,
        m: u32,
        amount: Amount,
        reference: &str,
    ) -> Statement {
        let who = self.payer(source, reference);
        let body = Matching(Contribution { who, what: what(for_), amount, evidence: None });
        self.say(0, about, Some(refers), Some(month(m)), &Body::Matching(body))
    }

    /// An order that was done.
    pub fn engage(
        &mut self,
        about: Address,
        m: u32,
        period: (Time, Time),
        earned: u64,
        reference: &str,
    ) -> Statement {
        let evidence = Evidence {
            orders: Some(1),
            shift: Some(period),
            place: Some("Suzhou, Gusu district".parse().unwrap()),
        };
        let body = Engagement { who: self.referenced(reference), evidence, amount: money(earned) };
        self.say(0, about, None, Some(month(m)), &Body::Engagement(body))
    }

    /// A time of work of which nobody counts orders or says where.
    pub fn employ(
        &mut self,
        about: Address,
        m: u32,
        period: (Time, Time),
        earned: u64,
        reference: &str,
    ) -> Statement {
        let evidence = Evidence { orders: None, shift: Some(period), place: None };
        let body = Engagement { who: self.referenced(reference), evidence, amount: money(earned) };
        self.say(0, about, None, Some(month(m)), &Body::Engagement(body))
    }

    pub fn award(
        &mut self,
        about: Address,
        for_: For,
        m: u32,
        amount: Entitlement,
        reference: &str,
    ) -> Statement {
        let body = Award { who: self.referenced(reference), what: what(for_), amount };
        self.say(0, about, None, Some(month(m)), &Body::Award(body))
    }

    pub fn benefit(
        &mut self,
        about: Address,
        refers: u64,
        m: u32,
        amount: Money,
        reference: &str,
    ) -> Statement {
        let body = Benefit { who: self.referenced(reference), amount };
        self.say(0, about, Some(refers), Some(month(m)), &Body::Benefit(body))
    }

    pub fn refund(
        &mut self,
        about: Address,
        refers: u64,
        m: u32,
        amount: Returned,
        reference: &str,
    ) -> Statement {
        let body = Refund { who: self.referenced(reference), amount };
        self.say(0, about, Some(refers), Some(month(m)), &Body::Refund(body))
    }

    pub fn receive(
        &mut self,
        about: Address,
        refers: u64,
        m: u32,
        amount: Money,
        reference: &str,
    ) -> Statement {
        let body = RefundReceived { who: self.referenced(reference), amount };
        self.say(0, about, Some(refers), Some(month(m)), &Body::RefundReceived(body))
    }

    pub fn interest(
        &mut self,
        about: Address,
        for_: For,
        m: u32,
        amount: Reckoned,
        reference: &str,
    ) -> Statement {
        let body = Interest { who: self.referenced(reference), what: what(for_), amount };
        self.say(0, about, None, Some(month(m)), &Body::Interest(body))
    }
}
