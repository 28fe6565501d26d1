//! Type 34, *claim-for*: somebody files a claim for the person, by a consent. The head refers to that.

use super::claim::{judge_court, opened};
use super::{At, Authority, FacetReader, FacetWriter, Kind, Shape, Statement};
use crate::address::Address;
use crate::refusal::Refusal;
use crate::rights::{self, Right, Says};
use crate::scene::Scene;
use crate::state::{Changed, State};
use crate::target::Target;

/// Something is claimed for somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimFor {
    /// The consent's grantee.
    pub who: Address,
    /// What, against whom, before whom.
    pub claim: rights::Claim,
    /// In words.
    pub says: Says,
}

impl Kind for ClaimFor {
    const NAME: &'static str = "claim-for";
    const FACETS: &'static [&'static str] = &["who", "claim", "says"];
    const SHAPES: &'static [Shape] = &[Shape::Address, Shape::Claim, Shape::Says];
    const REFERS: bool = true;
    const AUTHORITY: Authority = Authority::Grantee;

    facets!(who, claim, says);

    fn issuer(&self) -> Option<Address> {
        Some(self.who)
    }

    fn named(&self) -> Option<Address> {
        Some(self.claim.bureau)
    }

    fn judge(&self, scene: &Scene<'_>, statement: &Statement) -> Result<(), Refusal> {
        scene.consent()?;
        scene.demand_records(&self.claim.records, None, "claim")?;
        scene.demand_consent(statement, Right::Claim, &self.claim.scope(), "claim")?;
        judge_court(&self.claim, scene)
    }

    fn opens(&self, at: At) -> Option<Target> {
        Some(opened(&self.claim, at))
    }

    fn effect(&self, _: &mut State, _: At, target: Option<&mut Target>) -> Changed {
        if let Some(consented) = target.and_then(Target::consent) {
            consented.use_it();
        }
        Changed::default()
    }
}
