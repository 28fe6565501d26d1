//! Type 8, *recovery-approved*: somebody who knows the person says which keys are to take over her account.

use super::{At, Authority, FacetReader, FacetWriter, Keys, Kind, Shape, Statement};
use crate::address::Address;
use crate::recovery::{Approval, MAX_APPROVALS, approve, is_guardian};
use crate::refusal::{Code, Refusal};
use crate::role::Role;
use crate::scene::{Scene, demand};
use crate::state::{Changed, State};
use crate::target::Target;

/// A guardian or a bureau approves of new keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveryApproved {
    /// The guardian, or the bureau.
    pub who: Address,
    /// The keys that are to take over.
    pub keys: Keys,
}

impl Kind for RecoveryApproved {
    const NAME: &'static str = "recovery-approved";
    const FACETS: &'static [&'static str] = &["who", "keys"];
    const SHAPES: &'static [Shape] = &[Shape::Address, Shape::Keys];

    facets!(who, keys);

    const AUTHORITY: Authority = Authority::Guardian;

    fn issuer(&self) -> Option<Address> {
        Some(self.who)
    }

    fn judge(&self, scene: &Scene<'_>, _: &Statement) -> Result<(), Refusal> {
        let (issuer, subject) = scene.parties()?;
        let approvals = subject.state.approvals();
        let earlier = approvals.iter().find(|approval| approval.by == issuer.address.number);
        // The one that it replaces makes room.
        demand(earlier.is_some() || approvals.len() < MAX_APPROVALS, Code::StateFull, "who")?;
        let policy = &subject.state.control.recovery;
        let knows = match is_guardian(policy, issuer.address.number) {
            true => policy.guardians.contains(&issuer.address),
            // Of the registrar's account there is no higher office.
            false => {
                let bureau = issuer.state.grants(Role::Bureau).any(|grant| grant.in_force(scene.time));
                bureau && subject.address.number != 0
            }
        };
        demand(knows && issuer.address != subject.address, Code::NotGuardian, "who")?;
        match earlier.filter(|approval| approval.keys == self.keys && !approval.vetoed) {
            None => Ok(()),
            Some(same) => {
                let place = (subject.address.number, same.sequence);
                Err(Refusal::new(Code::AlreadyApproved, "keys").at(place))
            }
        }
    }

    fn effect(&self, state: &mut State, at: At, _: Option<&mut Target>) -> Changed {
        let approval = Approval {
            by: self.who.number,
            sequence: at.sequence,
            time: at.time,
            vetoed: false,
            keys: self.keys,
        };
        state.change_approvals(|approvals| approve(approvals, approval))
    }
}
