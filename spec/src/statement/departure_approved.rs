//! Type 43, *departure-approved*: a guardian or a bureau vouches for a departure, so that it need not wait. The head refers to it.

use super::departure::{demand_departure, demand_stands};
use super::{At, Authority, FacetReader, FacetWriter, Kind, Shape, Statement};
use crate::address::Address;
use crate::recovery::is_guardian;
use crate::refusal::{Code, Refusal};
use crate::role::Role;
use crate::scene::{Scene, demand};
use crate::state::{Changed, State};
use crate::target::Target;

/// Somebody vouches for a departure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DepartureApproved {
    /// The guardian, or the bureau.
    pub who: Address,
}

impl Kind for DepartureApproved {
    const NAME: &'static str = "departure-approved";
    const FACETS: &'static [&'static str] = &["who"];
    const SHAPES: &'static [Shape] = &[Shape::Address];
    const REFERS: bool = true;
    const AUTHORITY: Authority = Authority::Guardian;

    facets!(who);

    fn issuer(&self) -> Option<Address> {
        Some(self.who)
    }

    fn judge(&self, scene: &Scene<'_>, statement: &Statement) -> Result<(), Refusal> {
        let (issuer, subject) = scene.parties()?;
        demand_departure(scene)?;
        let leaving = demand_stands(scene, statement)?;
        let policy = &subject.state.control.recovery;
        let knows = match is_guardian(policy, issuer.address.number) {
            true => policy.guardians.contains(&issuer.address),
            false => issuer.state.grants(Role::Bureau).any(|grant| grant.in_force(scene.time)),
        };
        demand(knows && issuer.address != subject.address, Code::NotGuardian, "who")?;
        let again = match scene.target {
            Some(Target::Departure(departing)) => departing.approved.contains(&issuer.address.number),
            _ => false,
        };
        scene.demand_at(statement, !again && !leaving.in_force(scene.time), Code::AlreadyApproved, "refers")
    }

    fn effect(&self, state: &mut State, at: At, target: Option<&mut Target>) -> Changed {
        let Some(Target::Departure(departing)) = target else { return Changed::default() };
        departing.approved.push(self.who.number);
        let policy = &state.control.recovery;
        let guardians = departing.approved.iter().filter(|by| is_guardian(policy, **by)).count() as u64;
        let bureau = guardians < departing.approved.len() as u64;
        if !bureau && guardians < policy.need.max(1) {
            return Changed::default();
        }
        state.change_leaving(|leaving| {
            if let Some(leaving) = leaving {
                leaving.due = leaving.due.min(at.time);
            }
        })
    }
}
