//! Type 4, *revoked*: the registrar takes a role back. The head refers to the grant.

use super::{At, Authority, FacetReader, FacetWriter, Kind, Shape, Statement};
use crate::address::Address;
use crate::refusal::{Code, Refusal};
use crate::scene::{Scene, demand};
use crate::state::{Changed, ROLES, State};
use crate::target::Target;

/// A role is taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// The registrar.
    pub who: Address,
}

impl Kind for Revoked {
    const NAME: &'static str = "revoked";
    const FACETS: &'static [&'static str] = &["who"];
    const SHAPES: &'static [Shape] = &[Shape::Address];
    const REFERS: bool = true;

    facets!(who);

    const AUTHORITY: Authority = Authority::Registrar;

    fn issuer(&self) -> Option<Address> {
        Some(self.who)
    }

    fn judge(&self, scene: &Scene<'_>, statement: &Statement) -> Result<(), Refusal> {
        let (issuer, subject) = scene.parties()?;
        demand(issuer.address.number == 0, Code::NotRegistrar, "who")?;
        let held = subject.state.roles.iter().any(|h| Some(h.sequence) == statement.refers);
        demand(held, Code::TargetMissing, "refers")
    }

    fn effect(&self, state: &mut State, at: At, _: Option<&mut Target>) -> Changed {
        state.roles.retain(|held| Some(held.sequence) != at.refers);
        Changed::one(ROLES)
    }
}
