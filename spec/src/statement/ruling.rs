//! Type 18, *ruling*: the bureau decides a claim. The head refers to it.

use super::{At, Authority, FacetReader, FacetWriter, Kind, Shape, Statement};
use crate::address::Address;
use crate::refusal::{Code, Refusal};
use crate::rights::{Decision, Says};
use crate::role::Role;
use crate::scene::{Scene, demand, demand_role};
use crate::state::{Changed, State};
use crate::target::{Claimed, Stage, Target};

/// Who rules.
const ROLES: &[Role] = &[Role::Bureau];

/// A claim is decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// The bureau.
    pub who: Address,
    /// How.
    pub ruling: Decision,
    /// Why.
    pub says: Says,
}

impl Kind for Ruling {
    const NAME: &'static str = "ruling";
    const FACETS: &'static [&'static str] = &["who", "ruling", "says"];
    const SHAPES: &'static [Shape] = &[Shape::Address, Shape::Ruling, Shape::Says];
    const REFERS: bool = true;
    const AUTHORITY: Authority = Authority::OneOf(ROLES);

    facets!(who, ruling, says);

    fn issuer(&self) -> Option<Address> {
        Some(self.who)
    }

    fn judge(&self, scene: &Scene<'_>, statement: &Statement) -> Result<(), Refusal> {
        let (issuer, _) = scene.parties()?;
        let claimed = scene.claim()?;
        demand_role(issuer.state, ROLES, None, scene.time)?;
        demand(issuer.address == claimed.bureau, Code::NotParty, "who")?;
        let undecided = claimed.ruled.is_none() && claimed.stage != Stage::Closed;
        scene.demand_at(statement, undecided, Code::ClaimOver, "refers")?;
        let waited = scene.time.seconds() >= claimed.filed.seconds() + Claimed::TO_ANSWER;
        scene.demand_at(statement, claimed.accepts.is_some() || waited, Code::NotHeard, "refers")
    }

    fn effect(&self, _: &mut State, _: At, target: Option<&mut Target>) -> Changed {
        if let Some(claimed) = target.and_then(Target::claim) {
            claimed.rule(self.ruling);
        }
        Changed::default()
    }
}
