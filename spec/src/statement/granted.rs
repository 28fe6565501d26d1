//! Type 3, *granted*: the registrar gives an account a role.

use super::{At, Authority, FacetReader, FacetWriter, Kind, Shape, Statement};
use crate::address::Address;
use crate::refusal::{Code, Refusal};
use crate::role::Grant;
use crate::scene::{Scene, demand};
use crate::state::{Changed, Held, ROLES, State};
use crate::target::Target;

/// A role is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// The registrar.
    pub who: Address,
    /// The role with its bounds.
    pub role: Grant,
}

impl Kind for Granted {
    const NAME: &'static str = "granted";
    const FACETS: &'static [&'static str] = &["who", "role"];
    const SHAPES: &'static [Shape] = &[Shape::Address, Shape::Grant];

    facets!(who, role);

    const AUTHORITY: Authority = Authority::Registrar;

    fn issuer(&self) -> Option<Address> {
        Some(self.who)
    }

    fn judge(&self, scene: &Scene<'_>, _: &Statement) -> Result<(), Refusal> {
        let (issuer, _) = scene.parties()?;
        demand(issuer.address.number == 0, Code::NotRegistrar, "who")
    }

    fn effect(&self, state: &mut State, at: At, _: Option<&mut Target>) -> Changed {
        state.roles.push(Held { grant: self.role.clone(), sequence: at.sequence });
        Changed::one(ROLES)
    }
}
