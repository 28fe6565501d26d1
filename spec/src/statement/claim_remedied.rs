//! Type 37, *claim-remedied*: the party points to the records that carry out what it accepted, or what was ruled. The head refers to the claim.

use super::{At, Authority, FacetReader, FacetWriter, Kind, Shape, Statement};
use crate::address::Address;
use crate::refusal::{Code, Refusal};
use crate::rights::Remedy;
use crate::scene::{Scene, demand};
use crate::state::{Changed, State};
use crate::target::{Stage, Target};

/// What was wrong is put right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRemedied {
    /// The party.
    pub who: Address,
    /// By which records.
    pub remedy: Remedy,
}

impl Kind for ClaimRemedied {
    const NAME: &'static str = "claim-remedied";
    const FACETS: &'static [&'static str] = &["who", "remedy"];
    const SHAPES: &'static [Shape] = &[Shape::Address, Shape::Remedy];
    const REFERS: bool = true;
    const AUTHORITY: Authority = Authority::Party;

    facets!(who, remedy);

    fn issuer(&self) -> Option<Address> {
        Some(self.who)
    }

    fn judge(&self, scene: &Scene<'_>, statement: &Statement) -> Result<(), Refusal> {
        let (issuer, _) = scene.parties()?;
        let claimed = scene.claim()?;
        scene.demand_records(&self.remedy.0, statement.refers, "remedy")?;
        demand(issuer.address == claimed.party, Code::NotParty, "who")?;
        scene.demand_at(statement, claimed.may_be_remedied(), Code::ClaimOver, "refers")
    }

    fn effect(&self, _: &mut State, _: At, target: Option<&mut Target>) -> Changed {
        if let Some(claimed) = target.and_then(Target::claim) {
            claimed.stage = Stage::Remedied;
        }
        Changed::default()
    }
}
