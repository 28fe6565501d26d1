//! Type 17, *claim*: the person says that something is missing or wrong, or that she was injured.

use super::{At, Authority, FacetReader, FacetWriter, Kind, Shape, Statement};
use crate::address::Address;
use crate::refusal::{Code, Refusal};
use crate::rights::{self, Says};
use crate::role::Role;
use crate::scene::{Scene, demand};
use crate::target::{Claimed, Target};

/// Something is claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The account itself.
    pub who: Address,
    /// What, against whom, before whom.
    pub claim: rights::Claim,
    /// In words.
    pub says: Says,
}

impl Kind for Claim {
    const NAME: &'static str = "claim";
    const FACETS: &'static [&'static str] = &["who", "claim", "says"];
    const SHAPES: &'static [Shape] = &[Shape::Address, Shape::Claim, Shape::Says];
    const AUTHORITY: Authority = Authority::Itself;

    facets!(who, claim, says);

    fn issuer(&self) -> Option<Address> {
        Some(self.who)
    }

    fn named(&self) -> Option<Address> {
        Some(self.claim.bureau)
    }

    fn judge(&self, scene: &Scene<'_>, _: &Statement) -> Result<(), Refusal> {
        let (issuer, subject) = scene.parties()?;
        demand(issuer.address == subject.address, Code::NotYours, "who")?;
        scene.demand_records(&self.claim.records, None, "claim")?;
        judge_court(&self.claim, scene)
    }

    fn opens(&self, at: At) -> Option<Target> {
        Some(opened(&self.claim, at))
    }
}

/// Refusals 67 and 68: the bureau is one, and nobody sits in judgement on herself.
pub(crate) fn judge_court(claim: &rights::Claim, scene: &Scene<'_>) -> Result<(), Refusal> {
    let (issuer, subject) = scene.parties()?;
    let fit = scene.named.is_some_and(|bureau| {
        let mut held = bureau.state.grants(Role::Bureau).filter(|g| g.in_force(scene.time));
        held.any(|grant| claim.insurance.is_none_or(|i| grant.covers(i)))
    });
    demand(fit, Code::BureauUnfit, "claim")?;
    let (party, bureau) = (claim.party.number, claim.bureau.number);
    let theirs = [subject.address.number, issuer.address.number].iter().any(|a| *a == party || *a == bureau);
    demand(party != bureau && !theirs, Code::OwnCause, "claim")
}

/// The claim, as it stands when it is recorded.
pub(crate) fn opened(claim: &rights::Claim, at: At) -> Target {
    Target::Claim(Box::new(Claimed::open(claim, at.time)))
}
