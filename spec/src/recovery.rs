//! Who says that which keys are to take over an account, and from when on they may.
//!
//! Source: `spec/README.md` §8, "Recovery".

use serde::{Deserialize, Serialize};

use crate::address::NUMBER_LIMIT;
use crate::cbor::{Cbor, Malformed, Reader, Writer};
use crate::facet::{Keys, Recovery};
use crate::value::Time;

/// The most approvals that stand in an account.
pub const MAX_APPROVALS: usize = 32;

/// The shortest delay, in seconds, of a recovery that a bureau alone approves of: 30 days.
pub const BUREAU_DELAY: u64 = 2_592_000;

/// One approver's word that these keys are to take over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Number of the approver's account.
    pub by: u64,
    /// Sequence of the approval in the account that is recovered.
    pub sequence: u64,
    /// The commit's time.
    pub time: Time,
    /// Whether the account itself has said no since.
    pub vetoed: bool,
    /// The keys that are to take over.
    pub keys: Keys,
}

impl Cbor for Approval {
    fn encode(&self, w: &mut Writer) {
        w.array(7);
        w.uint(self.by);
        w.uint(self.sequence);
        self.time.encode(w);
        w.bool(self.vetoed);
        self.keys.key.encode(w);
        self.keys.next.encode(w);
        self.keys.reading.encode(w);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(7, "an approval of 7 elements")?;
        Ok(Self {
            by: r.below(NUMBER_LIMIT, "an account number below 2^40")?,
            sequence: u64::decode(r)?,
            time: Time::decode(r)?,
            vetoed: r.bool()?,
            keys: Keys { key: Cbor::decode(r)?, next: Cbor::decode(r)?, reading: Cbor::decode(r)? },
        })
    }
}

/// The sets of keys that are approved of, in the order of their first approvals.
pub fn sets(approvals: &[Approval]) -> Vec<Keys> {
    let mut sets: Vec<Keys> = Vec::new();
    for approval in approvals {
        if !sets.contains(&approval.keys) {
            sets.push(approval.keys);
        }
    }
    sets
}

/// Those who approve of one set of keys, in order of approving.
struct Side<'a> {
    guardians: Vec<&'a Approval>,
    bureaus: Vec<&'a Approval>,
    policy: &'a Recovery,
}

impl<'a> Side<'a> {
    fn of(approvals: &'a [Approval], policy: &'a Recovery, keys: &Keys) -> Self {
        let same = approvals.iter().filter(|approval| approval.keys == *keys);
        let (guardians, bureaus) = same.partition(|approval| is_guardian(policy, approval.by));
        Self { guardians, bureaus, policy }
    }

    /// The same without what was vetoed.
    fn unvetoed(&self) -> Self {
        let left = |all: &[&'a Approval]| all.iter().copied().filter(|approval| !approval.vetoed).collect();
        Self { guardians: left(&self.guardians), bureaus: left(&self.bureaus), policy: self.policy }
    }

    /// The guardian's approval with which there are as many as needed.
    fn last_needed(&self) -> Option<&'a Approval> {
        let place = usize::try_from(self.policy.need.checked_sub(1)?).ok()?;
        self.guardians.get(place).copied()
    }

    /// The approval with which guardians and a bureau agree.
    fn firm(&self) -> Option<&'a Approval> {
        let (guardian, bureau) = (self.last_needed()?, *self.bureaus.first()?);
        Some(if guardian.sequence > bureau.sequence { guardian } else { bureau })
    }
}

/// Whether a guardian has this number; its id is looked at when it approves.
pub fn is_guardian(policy: &Recovery, number: u64) -> bool {
    policy.guardians.iter().any(|guardian| guardian.number == number)
}

/// From when on the keys may take over, in seconds since 1970, and the approval from which the delay runs; none if too few approve.
pub fn due<'a>(approvals: &'a [Approval], policy: &'a Recovery, keys: &Keys) -> Option<(u64, &'a Approval)> {
    let all = Side::of(approvals, policy, keys);
    let side = all.unvetoed();
    let after = |approval: &'a Approval, delay: u64| (approval.time.seconds() + delay, approval);
    let delay = policy.delay.seconds();
    let by_guardians = side.last_needed().map(|approval| after(approval, delay));
    let by_bureau = side.bureaus.first().map(|approval| after(approval, delay.max(BUREAU_DELAY)));
    let firm = all.firm().map(|approval| after(approval, delay));
    by_guardians.into_iter().chain(by_bureau).chain(firm).min_by_key(|(due, _)| *due)
}

/// Whether guardians and a bureau approve of these keys, so that the present key cannot say no.
pub fn is_firm(approvals: &[Approval], policy: &Recovery, keys: &Keys) -> bool {
    Side::of(approvals, policy, keys).firm().is_some()
}

/// The approvals after a veto; none if it changes nothing.
pub fn veto(approvals: &[Approval], policy: &Recovery) -> Option<Vec<Approval>> {
    let firm = |approval: &Approval| is_firm(approvals, policy, &approval.keys);
    let vetoed = |a: &Approval| Approval { vetoed: a.vetoed || !firm(a), ..*a };
    let after: Vec<Approval> = approvals.iter().map(vetoed).collect();
    (after != approvals).then_some(after)
}

/// Adds an approval in place of the same approver's earlier one.
pub fn approve(approvals: &mut Vec<Approval>, approval: Approval) {
    approvals.retain(|earlier| earlier.by != approval.by);
    approvals.push(approval);
}
