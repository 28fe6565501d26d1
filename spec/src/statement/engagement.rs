//! Type 13, *engagement*: an episode of work, up to a single order, as the platform or employer saw it.

use super::{
    At, Authority, Evidence, FacetReader, FacetWriter, Kind, Money, Reference, Referenced, Shape, Statement,
};
use crate::address::Address;
use crate::refusal::{Code, Refusal};
use crate::role::Role;
use crate::rules::CLOCK_SKEW;
use crate::scene::{Scene, demand, demand_month, demand_reference, demand_role};
use crate::target::{Engaged, Target};

/// Who may say that somebody worked for them.
const ROLES: &[Role] = &[Role::Platform, Role::Employer];

/// Somebody worked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Engagement {
    /// For whom, and under which number.
    pub who: Referenced,
    /// From when to when, how many orders, where; the period is never absent.
    pub evidence: Evidence,
    /// What was earned.
    pub amount: Money,
}

impl Kind for Engagement {
    const NAME: &'static str = "engagement";
    const FACETS: &'static [&'static str] = &["who", "evidence", "amount"];
    const SHAPES: &'static [Shape] = &[Shape::Referenced, Shape::Worked, Shape::Money];
    const MONTH: bool = true;

    fn read(facets: &mut FacetReader<'_>) -> Result<Self, Refusal> {
        let (who, evidence) = (facets.take()?, facets.take_with(Evidence::of_work)?);
        Ok(Self { who, evidence, amount: facets.take()? })
    }

    fn write(&self, facets: &mut FacetWriter) {
        facets.put(&self.who);
        facets.put(&self.evidence);
        facets.put(&self.amount);
    }

    const AUTHORITY: Authority = Authority::OneOf(ROLES);

    fn issuer(&self) -> Option<Address> {
        Some(self.who.issuer)
    }

    fn reference(&self) -> Option<&Reference> {
        Some(&self.who.reference)
    }

    fn judge(&self, scene: &Scene<'_>, statement: &Statement) -> Result<(), Refusal> {
        let (issuer, _) = scene.parties()?;
        demand_role(issuer.state, ROLES, None, scene.time)?;
        demand_month(statement.month, scene.time)?;
        demand_reference(scene)?;
        let end = self.evidence.shift.map_or(0, |(_, end)| end.seconds());
        demand(end <= scene.time.seconds() + CLOCK_SKEW, Code::PeriodInFuture, "evidence")
    }

    fn opens(&self, at: At) -> Option<Target> {
        Some(Target::Engagement(Engaged { issuer: self.who.issuer.number, month: at.month?, void: false }))
    }
}
