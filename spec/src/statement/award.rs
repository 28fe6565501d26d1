//! Type 30, *award*: what a person has a right to, month by month from the head's month on.

use super::{
    At, Authority, Entitlement, FacetReader, FacetWriter, Kind, Reference, Referenced, Shape, Statement, What,
};
use crate::address::Address;
use crate::refusal::Refusal;
use crate::role::Role;
use crate::scene::{Scene, demand_fund, demand_reference, demand_role};
use crate::target::{Awarded, Target};

/// Who may award.
const ROLES: &[Role] = &[Role::Fund, Role::Bureau];

/// Somebody has a right to benefits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Award {
    /// Who decided, and under which number.
    pub who: Referenced,
    /// Of which insurance, under which scheme; the fund that is to pay.
    pub what: What,
    /// How much, and how long.
    pub amount: Entitlement,
}

impl Kind for Award {
    const NAME: &'static str = "award";
    const FACETS: &'static [&'static str] = &["who", "what", "amount"];
    const SHAPES: &'static [Shape] = &[Shape::Referenced, Shape::What, Shape::Entitlement];
    const MONTH: bool = true;

    facets!(who, what, amount);

    const AUTHORITY: Authority = Authority::Covering(ROLES);

    fn issuer(&self) -> Option<Address> {
        Some(self.who.issuer)
    }

    fn reference(&self) -> Option<&Reference> {
        Some(&self.who.reference)
    }

    fn named(&self) -> Option<Address> {
        Some(self.what.fund)
    }

    fn judge(&self, scene: &Scene<'_>, _: &Statement) -> Result<(), Refusal> {
        let (issuer, _) = scene.parties()?;
        demand_role(issuer.state, ROLES, Some(self.what.insurance), scene.time)?;
        demand_fund(scene, self.what.insurance)?;
        demand_reference(scene)
    }

    fn opens(&self, at: At) -> Option<Target> {
        Some(Target::Award(Box::new(Awarded {
            issuer: self.who.issuer.number,
            insurance: self.what.insurance,
            fund: self.what.fund.number,
            first: at.month?,
            gives: self.amount.clone(),
            paid: Vec::new(),
            void: false,
        })))
    }
}
