//! What became of the consents that a person gave (`spec/README.md` §8, "By a consent"), from all of an account's records, each time anew.

use peal_spec::address::Address;

use super::said::{Consent, Said, Scope};
use super::state::Fact;

/// What a consent is for, by its number.
pub const READ: u64 = 1;
/// To file a claim.
pub const CLAIM: u64 = 2;
/// To pay.
pub const PAY: u64 = 3;

/// A consent that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// Sequence of its record.
    pub sequence: u64,
    /// What it says.
    pub consent: Consent,
    /// Whether the person has revoked it.
    pub revoked: bool,
    /// Whether it was good for one time, and that is past.
    pub used: bool,
}

/// The consents, in order.
pub fn given(facts: &[Fact]) -> Vec<Given> {
    let given = facts.iter().zip(0..).filter_map(|(fact, sequence)| match &fact.said {
        Said::ConsentGranted { consent, .. } => {
            let by_it = || facts.iter().filter(|fact| fact.refers == Some(sequence)).map(|fact| &fact.said);
            let revoked = by_it().any(|said| matches!(said, Said::ConsentRevoked { .. }));
            let uses = |said: &Said| {
                matches!(said, Said::Access { .. } | Said::ClaimFor { .. } | Said::PaidFor { .. })
            };
            let used = consent.once && by_it().any(uses);
            Some(Given { sequence, consent: consent.clone(), revoked, used })
        }
        _ => None,
    });
    given.collect()
}

impl Given {
    /// Whether it is of no more use at `time`.
    pub fn over(&self, time: u64) -> bool {
        self.revoked || self.used || time >= self.consent.until
    }

    /// Whether this is somebody's and holds at `time`, with a right.
    pub fn holds(&self, grantee: &Address, right: u64, time: u64) -> bool {
        self.consent.grantee == *grantee && !self.over(time) && self.consent.rights.contains(&right)
    }

    /// Whether what is done lies within it.
    pub fn reaches(&self, right: u64, done: &Scope) -> bool {
        let scope = &self.consent.scope;
        let insurances = match (scope.insurances.as_slice(), done.insurances.as_slice()) {
            // No list: all of them.
            ([], _) => true,
            (_, []) => false,
            (within, of) => of.iter().all(|insurance| within.contains(insurance)),
        };
        let months = match (scope.months, done.months) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some((from, to)), Some((first, last))) => from <= first && last <= to,
        };
        let parts = done.parts.iter().all(|part| scope.parts.contains(part));
        self.consent.rights.contains(&right) && insurances && months && parts
    }
}
