//! Type 11, *recovery-changed*: the pre-committed next key takes over and says who may help from now on.

use super::rotated::demand_next;
use super::{At, Authority, FacetReader, FacetWriter, Keys, Kind, Recovery, Shape, Statement};
use crate::address::Address;
use crate::recovery::is_firm;
use crate::refusal::{Code, Refusal};
use crate::scene::{Scene, demand};
use crate::state::{CONTROL, Changed, State};
use crate::target::Target;

/// Keys and guardians of an account change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveryChanged {
    /// The account itself.
    pub who: Address,
    /// The new keys.
    pub keys: Keys,
    /// Who may help to recover it from now on.
    pub recovery: Recovery,
}

impl Kind for RecoveryChanged {
    const NAME: &'static str = "recovery-changed";
    const FACETS: &'static [&'static str] = &["who", "keys", "recovery"];
    const SHAPES: &'static [Shape] = &[Shape::Address, Shape::Keys, Shape::Recovery];

    facets!(who, keys, recovery);

    const AUTHORITY: Authority = Authority::Itself;

    fn issuer(&self) -> Option<Address> {
        Some(self.who)
    }

    fn judge(&self, scene: &Scene<'_>, _: &Statement) -> Result<(), Refusal> {
        let state = demand_next(scene, &self.keys)?;
        let (approvals, policy) = (state.approvals(), &state.control.recovery);
        let firm = approvals.iter().any(|approval| is_firm(approvals, policy, &approval.keys));
        demand(!firm, Code::RecoveryPending, "recovery")
    }

    fn effect(&self, state: &mut State, at: At, _: Option<&mut Target>) -> Changed {
        let mut changed = state.keys_change(at.time);
        if !state.approvals().is_empty() {
            changed.add_all(state.change_approvals(Vec::clear));
        }
        if state.control.keys != self.keys || state.control.recovery != self.recovery {
            state.control.keys = self.keys;
            state.control.recovery = self.recovery.clone();
            changed.add(CONTROL);
        }
        changed
    }
}
