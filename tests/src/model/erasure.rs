//! What is erased of an account (`spec/README.md` §8, "Erasure"), from all of its records, each time anew.

use peal_spec::refusal::Code;
use peal_spec::statement::Statement;

use super::rules::{BUREAU, Found, Party, Scene};
use super::said::Said;
use super::state::Fact;

/// An engagement or a claim: what somebody may have erased, in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Matter {
    /// Sequence of its record.
    pub sequence: u64,
    /// Whether it is a claim that was not closed.
    pub open: bool,
    /// Sequence of what erased it.
    pub erased: Option<u64>,
}

/// The engagements and claims, in order.
pub fn matters(facts: &[Fact]) -> Vec<Matter> {
    let matters = facts.iter().zip(0..).filter_map(|(fact, sequence)| {
        let is_claim = match &fact.said {
            Said::Engagement { .. } => false,
            Said::Claim { .. } | Said::ClaimFor { .. } => true,
            _ => return None,
        };
        let said_to_it = |by: &&Fact| by.refers == Some(sequence);
        let closed = facts.iter().filter(said_to_it).any(|f| matches!(f.said, Said::ClaimClosed { .. }));
        let erases = |f: &Fact| f.refers == Some(sequence) && matches!(f.said, Said::Erased { .. });
        let erased = facts.iter().position(erases).map(|at| at as u64);
        Some(Matter { sequence, open: is_claim && !closed, erased })
    });
    matters.collect()
}

/// The record that erased a record's contents: because of itself, or of the claim that it was said to.
pub fn erased(facts: &[Fact], sequence: u64) -> Option<u64> {
    let fact = facts.get(sequence as usize)?;
    let of = match &fact.said {
        Said::Engagement { .. } | Said::Claim { .. } | Said::ClaimFor { .. } => sequence,
        Said::ClaimAnswered { .. }
        | Said::Ruling { .. }
        | Said::ClaimRemedied { .. }
        | Said::ClaimClosed { .. } => fact.refers?,
        _ => return None,
    };
    matters(facts).into_iter().find(|matter| matter.sequence == of)?.erased
}

impl Scene<'_> {
    /// Nothing else refers to what is erased.
    pub(super) fn target_is_left(
        &self,
        found: &mut Found,
        statement: &Statement,
        said: &Said,
        subject: &Party<'_>,
    ) {
        let gone = statement.refers.is_some_and(|refers| erased(subject.facts, refers).is_some());
        found.check(!gone || matches!(said, Said::Erased { .. }), Code::TargetMissing, "refers");
    }

    /// A statement that erases.
    pub(super) fn erasure(
        &self,
        found: &mut Found,
        statement: &Statement,
        issuer: &Party<'_>,
        subject: &Party<'_>,
    ) {
        let all = matters(subject.facts);
        let matter = all.iter().find(|matter| Some(matter.sequence) == statement.refers);
        found.check(matter.is_some(), Code::TargetMissing, "refers");
        let Some(matter) = matter else { return };
        if issuer.address != subject.address {
            self.roles(found, issuer, &[BUREAU], None);
        }
        let place = (subject.address.number, matter.sequence);
        found.name(matter.erased.is_none(), Code::TargetVoid, "refers", place);
        found.name(!matter.open, Code::NotClosed, "refers", place);
    }
}
