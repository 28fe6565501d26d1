//! Type 2, *rotated*: the pre-committed next key takes over and commits to the one after.

use super::{At, Authority, FacetReader, FacetWriter, Keys, Kind, Shape, Statement};
use crate::address::Address;
use crate::refusal::{Code, Refusal};
use crate::scene::{Scene, demand};
use crate::state::{CONTROL, Changed, State};
use crate::target::Target;

/// Refusals 26 to 28: the account itself says, alone and under the new key, that the key committed to before takes over. Returns its state.
pub(super) fn demand_next<'a>(scene: &Scene<'a>, keys: &Keys) -> Result<&'a State, Refusal> {
    let (issuer, subject) = scene.parties()?;
    demand(issuer.address == subject.address, Code::NotYours, "who")?;
    demand(keys.key.commitment() == subject.state.control.keys.next, Code::NextKey, "keys")?;
    demand(scene.alone && keys.key == scene.kid, Code::RotationAlone, "keys")?;
    Ok(subject.state)
}

/// The keys of an account change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// The account itself.
    pub who: Address,
    /// The new keys.
    pub keys: Keys,
}

impl Kind for Rotated {
    const NAME: &'static str = "rotated";
    const FACETS: &'static [&'static str] = &["who", "keys"];
    const SHAPES: &'static [Shape] = &[Shape::Address, Shape::Keys];

    facets!(who, keys);

    const AUTHORITY: Authority = Authority::Itself;

    fn issuer(&self) -> Option<Address> {
        Some(self.who)
    }

    fn judge(&self, scene: &Scene<'_>, _: &Statement) -> Result<(), Refusal> {
        demand_next(scene, &self.keys).map(drop)
    }

    fn effect(&self, state: &mut State, at: At, _: Option<&mut Target>) -> Changed {
        let mut changed = state.keys_change(at.time);
        if state.control.keys != self.keys {
            state.control.keys = self.keys;
            changed.add(CONTROL);
        }
        changed
    }
}
