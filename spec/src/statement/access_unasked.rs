//! Type 33, *access-unasked*: a bureau looks without a consent. It is an alarm: the person sees it, and why.

use super::{Authority, FacetReader, FacetWriter, Kind, Shape, Statement};
use crate::address::Address;
use crate::refusal::Refusal;
use crate::rights::{Looked, Says};
use crate::role::Role;
use crate::scene::{Scene, demand_role};

/// Who may look without being asked to.
const ROLES: &[Role] = &[Role::Bureau];

/// A bureau looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessUnasked {
    /// The bureau.
    pub who: Address,
    /// At what, and what for.
    pub looked: Looked,
    /// By what law.
    pub says: Says,
}

impl Kind for AccessUnasked {
    const NAME: &'static str = "access-unasked";
    const FACETS: &'static [&'static str] = &["who", "looked", "says"];
    const SHAPES: &'static [Shape] = &[Shape::Address, Shape::Looked, Shape::Says];
    const AUTHORITY: Authority = Authority::OneOf(ROLES);

    facets!(who, looked, says);

    fn issuer(&self) -> Option<Address> {
        Some(self.who)
    }

    fn judge(&self, scene: &Scene<'_>, _: &Statement) -> Result<(), Refusal> {
        let (issuer, _) = scene.parties()?;
        demand_role(issuer.state, ROLES, None, scene.time)
    }
}
