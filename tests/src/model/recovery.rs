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
    /// Whether the account has said no to it.
    pub vetoed: bool,
    /// The keys that are to take over.
    pub keys: Keys,
}

/// What holds of the account's recovery, by its opening or the last change: guardians, need, delay.
pub fn agreed(facts: &[Fact]) -> (&[Address], u64, u64) {
    let said = facts.iter().rev().find_map(|fact| match &fact.said {
        Said::Opened { guardians, need, delay, .. }
        | Said::RecoveryChanged { guardians, need, delay, .. } => Some((guardians.as_slice(), *need, *delay)),
        _ => None,
    });
    said.unwrap_or_default()
}

/// The approvals that stand now, in order of approving.
pub fn approvals(facts: &[Fact]) -> Vec<Approval> {
    let mut standing: Vec<Approval> = Vec::new();
    for (fact, sequence) in facts.iter().zip(0..) {
        match &fact.said {
            Said::RecoveryApproved { who, keys } => {
                standing.retain(|a| a.approver != who.number);
                standing.push(Approval {
                    approver: who.number,
                    sequence,
                    time: fact.time,
                    vetoed: false,
                    keys: *keys,
                });
            }
            Said::RecoveryVetoed { .. } => {
                // By what held when it was said.
                let (before, all) = (&facts[..sequence as usize], standing.clone());
                for approval in &mut standing {
                    approval.vetoed |= !Support::of(before, &all, &approval.keys).firm();
                }
            }
            Said::RecoveryCompleted { .. } | Said::RecoveryChanged { .. } => standing.clear(),
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

    /// By guardians: the approval with which they are as many as there must be, and when it is due.
    fn by_guardians(&self) -> Option<(u64, u64)> {
        let standing: Vec<&Approval> = self.guardians.iter().filter(|a| !a.vetoed).collect();
        let last = standing.get(self.need.checked_sub(1)? as usize)?;
        Some((last.time + self.delay, last.sequence))
    }

    /// By a bureau.
    fn by_bureau(&self) -> Option<(u64, u64)> {
        let first = self.bureaus.iter().find(|a| !a.vetoed)?;
        Some((first.time + self.delay.max(BUREAU_DELAY), first.sequence))
    }

    /// By both, whatever was vetoed: from the later of the two on.
    fn by_both(&self) -> Option<(u64, u64)> {
        let (guardian, bureau) =
            (self.guardians.get(self.need.checked_sub(1)? as usize)?, self.bureaus.first()?);
        let later = if bureau.sequence > guardian.sequence { bureau } else { guardian };
        Some((later.time + self.delay, later.sequence))
    }

    /// Whether they are enough.
    pub fn enough(&self) -> bool {
        self.due().is_some()
    }

    /// When they are due, and the sequence of the approval from which the delay runs; none if they are not enough.
    pub fn due(&self) -> Option<(u64, u64)> {
        let ways = [self.by_guardians(), self.by_bureau(), self.by_both()];
        // Where two are the same, the first of these.
        ways.into_iter().flatten().min_by_key(|(time, _)| *time)
    }

    /// Whether a veto leaves them.
    pub fn firm(&self) -> bool {
        self.by_both().is_some()
    }
}
