//! How far the claims of an account have come (`spec/README.md` §8, "Claims"), from all of its records, each time anew.

use super::said::{Claim, Said};
use super::state::Fact;

/// The time that a party has to answer: 15 days.
pub const HEARING: u64 = 1_296_000;
/// The outcome of a ruling that rejects a claim.
pub const REJECTED: u64 = 3;

/// One thing that happened to a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// By its party, which accepts it or does not.
    Answered(bool),
    /// By its bureau: the outcome.
    Ruled(u64),
    /// By its party.
    Remedied,
    /// By the person or the bureau.
    Closed,
}

/// A claim, by the person herself or for her, and what happened to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Sequence of its record.
    pub sequence: u64,
    /// When it was recorded.
    pub time: u64,
    /// What it says.
    pub claim: Claim,
    /// In order.
    pub steps: Vec<Step>,
}

/// The claims, in order.
pub fn cases(facts: &[Fact]) -> Vec<Case> {
    let cases = facts.iter().zip(0..).filter_map(|(fact, sequence)| match &fact.said {
        Said::Claim { claim, .. } | Said::ClaimFor { claim, .. } => {
            let of = facts.iter().filter(|fact| fact.refers == Some(sequence));
            let steps = of.filter_map(|fact| match &fact.said {
                Said::ClaimAnswered { accepts, .. } => Some(Step::Answered(*accepts)),
                Said::Ruling { outcome, .. } => Some(Step::Ruled(*outcome)),
                Said::ClaimRemedied { .. } => Some(Step::Remedied),
                Said::ClaimClosed { .. } => Some(Step::Closed),
                _ => None,
            });
            Some(Case { sequence, time: fact.time, claim: claim.clone(), steps: steps.collect() })
        }
        _ => None,
    });
    cases.collect()
}

impl Case {
    /// Whether its party has accepted it, if it has answered.
    pub fn answered(&self) -> Option<bool> {
        self.steps
            .iter()
            .find_map(|step| if let Step::Answered(accepts) = step { Some(*accepts) } else { None })
    }

    /// How its bureau has ruled, if it has.
    pub fn ruled(&self) -> Option<u64> {
        self.steps.iter().find_map(|step| if let Step::Ruled(outcome) = step { Some(*outcome) } else { None })
    }

    /// Whether it was closed.
    pub fn closed(&self) -> bool {
        self.steps.contains(&Step::Closed)
    }

    /// Whether its party may still answer.
    pub fn answerable(&self) -> bool {
        self.answered().is_none() && self.ruled().is_none() && !self.closed()
    }

    /// Whether its bureau may still rule, now or when the party was heard.
    pub fn undecided(&self) -> bool {
        self.ruled().is_none() && !self.closed()
    }

    /// Whether its party was heard, or had the time to be, at `time`.
    pub fn heard(&self, time: u64) -> bool {
        self.answered().is_some() || time >= self.time + HEARING
    }

    /// Whether something is to be remedied: it was upheld, or, not ruled on, accepted.
    pub fn owed(&self) -> bool {
        let right = match self.ruled() {
            Some(outcome) => outcome != REJECTED,
            None => self.answered() == Some(true),
        };
        right && !self.closed()
    }

    /// Whether its bureau may close it: the last thing that happened is that it was rejected, or remedied.
    pub fn done(&self) -> bool {
        matches!(self.steps.last(), Some(Step::Ruled(REJECTED) | Step::Remedied))
    }
}
