//! Type 39, *withdrawn*: a binding of an identity, a link, a departure or what was transcribed was wrong or is over.

use super::departure::{demand_stands, stands};
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
        let (issuer, subject) = scene.parties()?;
        let said = match scene.target {
            Some(Target::Said(said)) => said,
            Some(Target::Departure(_)) => {
                let leaving = stands(subject.state, statement);
                let bound = leaving.is_some_and(|leaving| leaving.in_force(scene.time));
                if bound || issuer.address != subject.address {
                    demand_role(issuer.state, ROLES, None, scene.time)?;
                }
                let leaving = demand_stands(scene, statement)?;
                return scene.demand_at(statement, leaving.outs.is_empty(), Code::MoneyLeft, "refers");
            }
            _ => return Err(Refusal::new(Code::TargetMissing, "refers")),
        };
        if issuer.address.number != said.issuer {
            demand_role(issuer.state, ROLES, None, scene.time)?;
        }
        scene.demand_at(statement, !said.withdrawn, Code::TargetVoid, "refers")
    }

    fn effect(&self, state: &mut State, _: At, target: Option<&mut Target>) -> Changed {
        match target {
            Some(Target::Said(said)) => said.withdrawn = true,
            Some(Target::Departure(_)) => return state.change_leaving(|leaving| *leaving = None),
            _ => {}
        }
        Changed::default()
    }
}
