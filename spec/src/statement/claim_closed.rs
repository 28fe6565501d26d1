//! Type 36, *claim-closed*: the person, or the bureau that ruled, says that a claim is done with. The head refers to it.

use super::{At, Authority, FacetReader, FacetWriter, Kind, Shape, Statement};
use crate::address::Address;
use crate::refusal::{Code, Refusal};
use crate::rights::Says;
use crate::scene::{Scene, demand};
use crate::state::{Changed, State};
use crate::target::{Stage, Target};

/// A claim is done with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimClosed {
    /// The account itself, or the bureau.
    pub who: Address,
    /// Why.
    pub says: Says,
}

impl Kind for ClaimClosed {
    const NAME: &'static str = "claim-closed";
    const FACETS: &'static [&'static str] = &["who", "says"];
    const SHAPES: &'static [Shape] = &[Shape::Address, Shape::Says];
    const REFERS: bool = true;
    const AUTHORITY: Authority = Authority::ItselfOrBureau;

    facets!(who, says);

    fn issuer(&self) -> Option<Address> {
        Some(self.who)
    }

    fn judge(&self, scene: &Scene<'_>, statement: &Statement) -> Result<(), Refusal> {
        let (issuer, subject) = scene.parties()?;
        let claimed = scene.claim()?;
        let itself = issuer.address == subject.address;
        demand(itself || issuer.address == claimed.bureau, Code::NotParty, "who")?;
        scene.demand_at(statement, claimed.stage != Stage::Closed, Code::ClaimOver, "refers")?;
        let done = matches!(claimed.stage, Stage::Rejected | Stage::Remedied);
        scene.demand_at(statement, itself || done, Code::RemedyMissing, "refers")
    }

    fn effect(&self, _: &mut State, _: At, target: Option<&mut Target>) -> Changed {
        if let Some(claimed) = target.and_then(Target::claim) {
            claimed.stage = Stage::Closed;
        }
        Changed::default()
    }
}
