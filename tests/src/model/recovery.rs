//! What the approvals in an account add up to (`spec/README.md` §8, "Recovery"), from all of its records, each time anew.

use peal_spec::address::Address;

use super::said::{Keys, Said};
use super::state::Fact;

/// The most approvals that stand in an account.
pub const MAX_APPROVALS: usize = 32;
/// The least delay of a recovery by a bureau: 30 days.
const BUREAU_DELAY: u64 = 2_592_000;

/// An approval that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// Account number of who approved.
    pub approver: u64,
    /// Its sequence.
    pub sequence: u64,
    /// When it was recorded.
    pub time: u64,
    /// The keys that are to take over.
    pub keys: Keys,
}

/// What the account's opening says of recovery: guardians, need, delay.
pub fn agreed(facts: &[Fact]) -> (&[Address], u64, u64) {
    match facts.first().map(|fact| &fact.said) {
        Some(Said::Opened { guardians, need, delay, .. }) => (guardians, *need, *delay),
        _ => (&[], 0, 0),
    }
}

/// The approvals that stand now, in order of approving.
pub fn approvals(facts: &[Fact]) -> Vec<Approval> {
    let mut standing: Vec<Approval> = Vec::new();
    for (fact, sequence) in facts.iter().zip(0..) {
        match &fact.said {
            Said::RecoveryApproved { who, keys } => {
                standing.retain(|a| a.approver != who.number);
                standing.push(Approval { approver: who.number, sequence, time: fact.time, keys: *keys });
            }
            Said::RecoveryVetoed { .. } => {
                let all = standing.clone();
                standing.retain(|a| Support::of(facts, &all, &a.keys).firm());
            }
            Said::RecoveryCompleted { .. } => standing.clear(),
            _ => {}
        }
    }
    standing
}

/// The approvals of the same three keys, each kind in order of approving.
#[derive(Clone, Debug)]
pub struct Support {
    guardians: Vec<Approval>,
    bureaus: Vec<Approval>,
    need: u64,
    delay: u64,
}

impl Support {
    /// That of `keys`, among the approvals that stand in the account.
    pub fn of(facts: &[Fact], standing: &[Approval], keys: &Keys) -> Self {
        let (guardians, need, delay) = agreed(facts);
        let named = |a: &Approval| guardians.iter().any(|guardian| guardian.number == a.approver);
        let same = standing.iter().filter(|a| a.keys == *keys).cloned();
        let (guardians, bureaus) = same.partition(named);
        Self { guardians, bureaus, need, delay }
    }

    /// g ≥ need ≥ 1.
    fn guardians_agree(&self) -> bool {
        self.need >= 1 && self.guardians.len() as u64 >= self.need
    }

    /// Whether they are enough.
    pub fn enough(&self) -> bool {
        self.guardians_agree() || !self.bureaus.is_empty()
    }

    /// When they are due, and the sequence of the approval from which the delay runs; none if they are not enough.
    pub fn due(&self) -> Option<(u64, u64)> {
        let by_guardians = self.guardians_agree().then(|| {
            let last = &self.guardians[self.need as usize - 1];
            (last.time + self.delay, last.sequence)
        });
        let by_bureau = self.bureaus.first().map(|a| (a.time + self.delay.max(BUREAU_DELAY), a.sequence));
        // Where both are the same, the first of these: the guardians'.
        by_guardians.into_iter().chain(by_bureau).min_by_key(|(time, _)| *time)
    }

    /// Whether a veto leaves them.
    pub fn firm(&self) -> bool {
        self.guardians_agree() && !self.bureaus.is_empty() || self.need == 0 && self.bureaus.len() >= 2
    }
}
