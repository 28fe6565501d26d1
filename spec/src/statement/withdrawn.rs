//! Type 39, *withdrawn*: a binding of an identity, or a link, was wrong or is over.

use super::{At, Authority, FacetReader, FacetWriter, Kind, Shape, Statement};
use crate::address::Address;
use crate::refusal::{Code, Refusal};
use crate::rights::Says;
use crate::role::Role;
use crate::scene::{Scene, demand_role};
use crate::state::{Changed, State};
use crate::target::Target;

/// Who may withdraw what another one said.
const ROLES: &[Role] = &[Role::Bureau];

/// What it refers to stands no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawn {
    /// Who said that, or a bureau.
    pub who: Address,
    /// Why.
    pub says: Says,
}

impl Kind for Withdrawn {
    const NAME: &'static str = "withdrawn";
    const FACETS: &'static [&'static str] = &["who", "says"];
    const SHAPES: &'static [Shape] = &[Shape::Address, Shape::Says];
    const REFERS: bool = true;
    const AUTHORITY: Authority = Authority::TargetIssuerOrOneOf(ROLES);

    facets!(who, says);

    fn issuer(&self) -> Option<Address> {
        Some(self.who)
    }

    fn judge(&self, scene: &Scene<'_>, statement: &Statement) -> Result<(), Refusal> {
        let (issuer, _) = scene.parties()?;
        let Some(Target::Said(said)) = scene.target else {
            return Err(Refusal::new(Code::TargetMissing, "refers"));
        };
        if issuer.address.number != said.issuer {
            demand_role(issuer.state, ROLES, None, scene.time)?;
        }
        scene.demand_at(statement, !said.withdrawn, Code::TargetVoid, "refers")
    }

    fn effect(&self, _: &mut State, _: At, target: Option<&mut Target>) -> Changed {
        if let Some(Target::Said(said)) = target {
            said.withdrawn = true;
        }
        Changed::default()
    }
}
