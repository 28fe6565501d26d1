//! Type 35, *claim-answered*: the party that a claim is against says what it has to say. The head refers to the claim.

use super::{At, Authority, FacetReader, FacetWriter, Kind, Shape, Statement};
use crate::address::Address;
use crate::refusal::{Code, Refusal};
use crate::rights::{Answer, Says};
use crate::scene::{Scene, demand};
use crate::state::{Changed, State};
use crate::target::{Stage, Target};

/// A claim is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimAnswered {
    /// The party.
    pub who: Address,
    /// Whether it accepts, and what shows it.
    pub answer: Answer,
    /// In words.
    pub says: Says,
}

impl Kind for ClaimAnswered {
    const NAME: &'static str = "claim-answered";
    const FACETS: &'static [&'static str] = &["who", "answer", "says"];
    const SHAPES: &'static [Shape] = &[Shape::Address, Shape::Answer, Shape::Says];
    const REFERS: bool = true;
    const AUTHORITY: Authority = Authority::Party;

    facets!(who, answer, says);

    fn issuer(&self) -> Option<Address> {
        Some(self.who)
    }

    fn judge(&self, scene: &Scene<'_>, statement: &Statement) -> Result<(), Refusal> {
        let (issuer, _) = scene.parties()?;
        let claimed = scene.claim()?;
        scene.demand_records(&self.answer.records, None, "answer")?;
        demand(issuer.address == claimed.party, Code::NotParty, "who")?;
        scene.demand_at(statement, claimed.stage == Stage::Open, Code::ClaimOver, "refers")
    }

    fn effect(&self, _: &mut State, _: At, target: Option<&mut Target>) -> Changed {
        if let Some(claimed) = target.and_then(Target::claim) {
            claimed.accepts = Some(self.answer.accepts);
            claimed.stage = Stage::Answered;
        }
        Changed::default()
    }
}
