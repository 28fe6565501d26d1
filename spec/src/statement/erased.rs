//! Type 29, *erased*: the contents of an engagement, or of a claim and of what was said to it, are to go.

use super::{At, Authority, FacetReader, FacetWriter, Kind, Shape, Statement};
use crate::address::Address;
use crate::refusal::{Code, Refusal};
use crate::rights::Says;
use crate::role::Role;
use crate::scene::{Scene, demand_role};
use crate::state::{Changed, State};
use crate::target::{Stage, Target};

/// Who may order it, beside the person.
const ROLES: &[Role] = &[Role::Bureau];

/// The contents of what it refers to are to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erased {
    /// The account itself, or a bureau.
    pub who: Address,
    /// Why; of a bureau: by which order.
    pub says: Says,
}

impl Kind for Erased {
    const NAME: &'static str = "erased";
    const FACETS: &'static [&'static str] = &["who", "says"];
    const SHAPES: &'static [Shape] = &[Shape::Address, Shape::Says];
    const REFERS: bool = true;
    const AUTHORITY: Authority = Authority::ItselfOrOneOf(ROLES);

    facets!(who, says);

    fn issuer(&self) -> Option<Address> {
        Some(self.who)
    }

    fn judge(&self, scene: &Scene<'_>, statement: &Statement) -> Result<(), Refusal> {
        let (issuer, subject) = scene.parties()?;
        let (gone, closed) = match scene.target {
            Some(Target::Engagement(_)) => (false, true),
            Some(Target::Claim(claimed)) => (false, claimed.stage == Stage::Closed),
            Some(Target::Erased(_)) => (true, true),
            _ => return Err(Refusal::new(Code::TargetMissing, "refers")),
        };
        if issuer.address != subject.address {
            demand_role(issuer.state, ROLES, None, scene.time)?;
        }
        scene.demand_at(statement, !gone, Code::TargetVoid, "refers")?;
        scene.demand_at(statement, closed, Code::NotClosed, "refers")
    }

    fn effect(&self, _: &mut State, _: At, target: Option<&mut Target>) -> Changed {
        if let Some(target) = target.filter(|target| !matches!(target, Target::Erased(_))) {
            *target = Target::Erased(Box::new(target.clone()));
        }
        Changed::default()
    }
}
