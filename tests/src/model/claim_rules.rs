//! The rules of `spec/README.md` §8 for consents, what is done by them, and claims: each asked on its own, as in [`super::rules`].

use peal_spec::address::Address;
use peal_spec::refusal::Code;
use peal_spec::statement::Statement;

use super::claim::{self, Case};
use super::consent::{self, Given};
use super::rules::{BUREAU, Found, Party, Scene};
use super::said::{Claim, Said, Scope};
use super::state;

impl Scene<'_> {
    /// A statement of one of these types; of a payment, only what it has beyond a contribution.
    pub(super) fn of_claims(
        &self,
        found: &mut Found,
        statement: &Statement,
        said: &Said,
        issuer: &Party<'_>,
        subject: &Party<'_>,
    ) {
        let itself = issuer.address == subject.address;
        match said {
            Said::ConsentGranted { consent, .. } => {
                found.check(itself, Code::NotYours, "who");
                let idle = consent.until <= self.time || consent.grantee.number == subject.address.number;
                found.check(!idle, Code::GrantIdle, "consent");
            }
            Said::ConsentRevoked { .. } => {
                found.check(itself, Code::NotYours, "who");
                if let Some(given) = given(found, statement, subject) {
                    let place = (subject.address.number, given.sequence);
                    found.name(!given.revoked && !given.used, Code::GrantOver, "refers", place);
                }
            }
            Said::Access { looked, .. } => {
                self.by_consent(found, statement, (consent::READ, looked, "looked"), issuer, subject);
            }
            Said::PaidFor { insurance, .. } => {
                let months = statement.month.map(|m| (m.number(), m.number()));
                let paid = Scope { insurances: vec![*insurance], months, parts: vec![] };
                self.by_consent(found, statement, (consent::PAY, &paid, "what"), issuer, subject);
            }
            Said::AccessUnasked { .. } => self.roles(found, issuer, &[BUREAU], None),
            Said::Claim { claim, .. } => {
                found.check(itself, Code::NotYours, "who");
                self.filing(found, claim, subject);
            }
            Said::ClaimFor { claim, .. } => {
                let insurances = claim.insurance.into_iter().collect();
                let claimed = Scope { insurances, months: claim.months, parts: vec![] };
                self.by_consent(found, statement, (consent::CLAIM, &claimed, "claim"), issuer, subject);
                self.filing(found, claim, subject);
                let by = issuer.address.number;
                let apart = by != claim.party.number && by != claim.bureau.number;
                found.check(apart, Code::OwnCause, "claim");
            }
            Said::ClaimAnswered { .. }
            | Said::Ruling { .. }
            | Said::ClaimRemedied { .. }
            | Said::ClaimClosed { .. } => self.of_case(found, statement, said, issuer, subject),
            _ => {}
        }
    }

    /// What is done, by a right, and the facet that says it, is done by the consent that is referred to.
    fn by_consent(
        &self,
        found: &mut Found,
        statement: &Statement,
        (right, done, facet): (u64, &Scope, &str),
        issuer: &Party<'_>,
        subject: &Party<'_>,
    ) {
        let Some(given) = given(found, statement, subject) else { return };
        found.check(issuer.address == given.consent.grantee, Code::NotGrantee, "who");
        let place = (subject.address.number, given.sequence);
        found.name(!given.over(self.time), Code::GrantOver, "refers", place);
        found.check(given.reaches(right, done), Code::BeyondGrant, facet);
    }

    /// What is asked of a claim, whoever files it.
    fn filing(&self, found: &mut Found, claim: &Claim, subject: &Party<'_>) {
        named(found, &claim.records, 0, subject, "claim");
        let fit = self.bureau_fit(&claim.bureau, claim.insurance);
        found.check(fit, Code::BureauUnfit, "claim");
        let (own, party, bureau) = (subject.address.number, claim.party.number, claim.bureau.number);
        found.check(own != party && own != bureau && party != bureau, Code::OwnCause, "claim");
    }

    /// Whether somebody is a bureau now, for an insurance if there is one.
    pub(super) fn bureau_fit(&self, bureau: &Address, insurance: Option<u64>) -> bool {
        let held = self.find(bureau).map(|bureau| state::roles(bureau.facts)).unwrap_or_default();
        held.iter().any(|h| {
            h.role == BUREAU && h.in_force(self.time) && insurance.is_none_or(|insurance| h.covers(insurance))
        })
    }

    /// What follows a claim.
    fn of_case(
        &self,
        found: &mut Found,
        statement: &Statement,
        said: &Said,
        issuer: &Party<'_>,
        subject: &Party<'_>,
    ) {
        let cases = claim::cases(subject.facts);
        let case = cases.iter().find(|case| Some(case.sequence) == statement.refers);
        found.check(case.is_some(), Code::TargetMissing, "refers");
        let Some(case) = case else { return };
        let Case { claim: Claim { party, bureau, .. }, .. } = case;
        let place = (subject.address.number, case.sequence);
        let by = issuer.address;
        match said {
            Said::ClaimAnswered { records, .. } => {
                named(found, records, 0, subject, "answer");
                found.check(by == *party, Code::NotParty, "who");
                found.name(case.answerable(), Code::ClaimOver, "refers", place);
            }
            Said::Ruling { .. } => {
                self.roles(found, issuer, &[BUREAU], None);
                found.check(by == *bureau, Code::NotParty, "who");
                found.name(case.undecided(), Code::ClaimOver, "refers", place);
                found.name(case.heard(self.time), Code::NotHeard, "refers", place);
            }
            Said::ClaimRemedied { records, .. } => {
                named(found, records, case.sequence + 1, subject, "remedy");
                found.check(by == *party, Code::NotParty, "who");
                found.name(case.owed(), Code::ClaimOver, "refers", place);
            }
            _ => {
                let itself = by == subject.address;
                found.check(itself || by == *bureau, Code::NotParty, "who");
                found.name(!case.closed(), Code::ClaimOver, "refers", place);
                found.name(itself || case.done(), Code::RemedyMissing, "refers", place);
            }
        }
    }
}

/// The consent that a statement refers to.
fn given(found: &mut Found, statement: &Statement, subject: &Party<'_>) -> Option<Given> {
    let given = consent::given(subject.facts).into_iter().find(|g| Some(g.sequence) == statement.refers);
    found.check(given.is_some(), Code::TargetMissing, "refers");
    given
}

/// The records that are named are there, and none is before `from`.
fn named(found: &mut Found, records: &[u64], from: u64, subject: &Party<'_>, facet: &str) {
    let there = from..subject.facts.len() as u64;
    found.check(records.iter().all(|record| there.contains(record)), Code::TargetMissing, facet);
}
