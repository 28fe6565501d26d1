//! Type 10, *recovery-completed*: the keys that others approved of take over.

use super::{At, Authority, FacetReader, FacetWriter, Keys, Kind, Shape, Statement};
use crate::address::Address;
use crate::recovery::due;
use crate::refusal::{Code, Refusal};
use crate::scene::{Scene, demand};
use crate::state::{CONTROL, Changed, State};
use crate::target::Target;

/// New keys take over an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveryCompleted {
    /// The account itself.
    pub who: Address,
    /// The keys that take over.
    pub keys: Keys,
}

impl Kind for RecoveryCompleted {
    const NAME: &'static str = "recovery-completed";
    const FACETS: &'static [&'static str] = &["who", "keys"];
    const SHAPES: &'static [Shape] = &[Shape::Address, Shape::Keys];

    facets!(who, keys);

    const AUTHORITY: Authority = Authority::Itself;

    fn issuer(&self) -> Option<Address> {
        Some(self.who)
    }

    fn judge(&self, scene: &Scene<'_>, _: &Statement) -> Result<(), Refusal> {
        let (issuer, subject) = scene.parties()?;
        demand(issuer.address == subject.address, Code::NotYours, "who")?;
        demand(scene.alone && self.keys.key == scene.kid, Code::RotationAlone, "keys")?;
        let state = subject.state;
        let Some((due, approval)) = due(state.approvals(), &state.control.recovery, &self.keys) else {
            return Err(Refusal::new(Code::RecoveryNotApproved, "keys"));
        };
        if scene.time.seconds() < due {
            let place = (subject.address.number, approval.sequence);
            return Err(Refusal::new(Code::RecoveryTooEarly, "keys").at(place));
        }
        Ok(())
    }

    fn effect(&self, state: &mut State, at: At, _: Option<&mut Target>) -> Changed {
        let mut changed = state.change_approvals(Vec::clear);
        changed.add_all(state.keys_change(at.time));
        if state.control.keys != self.keys {
            state.control.keys = self.keys;
            changed.add(CONTROL);
        }
        changed
    }
}
