//! What a person lets others do, what she claims, and what is said to that.

use peal_spec::address::Address;
use peal_spec::hash::Hash;
use peal_spec::rights::{
    self, Answer, Consent, Decision, Looked, Months, Outcome, Part, Remedy, Right, Scope,
};
use peal_spec::statement::contribution::Payer;
use peal_spec::statement::*;

use super::{For, Person, insurance, month, time};

pub use peal_spec::rights::ClaimKind;

/// The same number with another id.
pub fn namesake(address: Address) -> Address {
    Address { id: Hash([0; 32]), ..address }
}

pub fn months(first: u32, last: u32) -> Option<Months> {
    Some(Months { first: month(first), last: month(last) })
}

/// Insurances by their numbers, none: all; months, none: all; parts.
pub fn scope(insurances: &[u64], months: Option<Months>, parts: &[Part]) -> Scope {
    let insurances = insurances.iter().map(|code| insurance(*code)).collect();
    Scope { insurances, months, parts: parts.to_vec() }
}

/// Whatever there is.
pub fn everything() -> Scope {
    scope(&[], None, Part::ALL)
}

/// A consent until so many seconds after the start.
pub fn consent(grantee: Address, rights: &[Right], scope: Scope, until: u64, once: bool) -> Consent {
    let purpose = "help with what was not paid".parse().unwrap();
    Consent { grantee, purpose, rights: rights.to_vec(), scope, until: time(until), once }
}

pub fn looked(scope: Scope) -> Looked {
    Looked { purpose: "to see what was paid".parse().unwrap(), scope }
}

/// A claim about an insurance by its number and some months.
pub fn claiming(
    kind: ClaimKind,
    (party, bureau): (Address, Address),
    of: Option<u64>,
    months: Option<Months>,
    records: &[u64],
) -> rights::Claim {
    rights::Claim { kind, party, bureau, insurance: of.map(insurance), months, records: records.to_vec() }
}

/// A claim about nothing in particular.
pub fn bare(party: Address, bureau: Address) -> rights::Claim {
    claiming(ClaimKind::Missing, (party, bureau), None, None, &[])
}

/// Upheld, until so many seconds after the start.
pub fn upheld(by: u64) -> Decision {
    Decision { outcome: Outcome::Upheld, by: Some(time(by)) }
}

pub fn in_part(by: u64) -> Decision {
    Decision { outcome: Outcome::InPart, by: Some(time(by)) }
}

pub fn rejected() -> Decision {
    Decision { outcome: Outcome::Rejected, by: None }
}

impl Person {
    pub fn consent(&mut self, about: Address, consent: Consent) -> Statement {
        let body = ConsentGranted { who: self.at(), consent };
        self.say(0, about, None, None, &Body::ConsentGranted(body))
    }

    pub fn take_back(&mut self, about: Address, refers: u64) -> Statement {
        let body = ConsentRevoked { who: self.at() };
        self.say(0, about, Some(refers), None, &Body::ConsentRevoked(body))
    }

    pub fn look(&mut self, about: Address, refers: u64, scope: Scope) -> Statement {
        let body = Access { who: self.at(), looked: looked(scope) };
        self.say(0, about, Some(refers), None, &Body::Access(body))
    }

    pub fn look_unasked(&mut self, about: Address, scope: Scope) -> Statement {
        let says = "§ 12 of the labour inspection law".parse().unwrap();
        let body = AccessUnasked { who: self.at(), looked: looked(scope), says };
        self.say(0, about, None, None, &Body::AccessUnasked(body))
    }

    pub fn claim(&mut self, about: Address, claim: rights::Claim) -> Statement {
        let says = "nothing was paid for August".parse().unwrap();
        let body = Claim { who: self.at(), claim, says };
        self.say(0, about, None, None, &Body::Claim(body))
    }

    pub fn claim_for(&mut self, about: Address, refers: u64, claim: rights::Claim) -> Statement {
        let says = "she asked us to say so".parse().unwrap();
        let body = ClaimFor { who: self.at(), claim, says };
        self.say(0, about, Some(refers), None, &Body::ClaimFor(body))
    }

    pub fn answer(&mut self, about: Address, refers: u64, accepts: bool, records: &[u64]) -> Statement {
        let answer = Answer { accepts, records: records.to_vec() };
        let says = "so it is, or not".parse().unwrap();
        let body = ClaimAnswered { who: self.at(), answer, says };
        self.say(0, about, Some(refers), None, &Body::ClaimAnswered(body))
    }

    pub fn rule(&mut self, about: Address, refers: u64, ruling: Decision) -> Statement {
        let says = "as the records show".parse().unwrap();
        let body = Ruling { who: self.at(), ruling, says };
        self.say(0, about, Some(refers), None, &Body::Ruling(body))
    }

    pub fn remedy(&mut self, about: Address, refers: u64, records: &[u64]) -> Statement {
        let body = ClaimRemedied { who: self.at(), remedy: Remedy(records.to_vec()) };
        self.say(0, about, Some(refers), None, &Body::ClaimRemedied(body))
    }

    pub fn close(&mut self, about: Address, refers: u64) -> Statement {
        let body = ClaimClosed { who: self.at(), says: "done with".parse().unwrap() };
        self.say(0, about, Some(refers), None, &Body::ClaimClosed(body))
    }

    /// Pays in somebody's name; the source is self unless the contrary is to be shown.
    pub fn pay_for(
        &mut self,
        about: Address,
        refers: u64,
        (insurance, fund): For,
        source: Source,
        m: u32,
        amount: Amount,
        reference: &str,
    ) -> Statement {
        let who = Payer { source, issuer: self.at(), reference: reference.parse().unwrap() };
        let what = What { insurance, scheme: "cn-flexible-pension".parse().unwrap(), fund };
        let body = PaidFor(Contribution { who, what, amount, evidence: None });
        self.say(0, about, Some(refers), Some(month(m)), &Body::PaidFor(body))
    }
}
