//! Type 42, *move-closed*: all that left has come. The head refers to the departure.

use super::departure::{BUREAUS, demand_departure, demand_stands};
use super::{At, Authority, FacetReader, FacetWriter, Kind, Shape, Statement};
use crate::address::Address;
use crate::moving::{Showing, matched};
use crate::refusal::{Code, Refusal};
use crate::scene::{Scene, demand, demand_role};
use crate::state::{Changed, State, Sum};
use crate::target::Target;

/// A move is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoveClosed {
    /// The account itself, or a bureau.
    pub who: Address,
    /// What shows it.
    pub shown: Showing,
}

impl Kind for MoveClosed {
    const NAME: &'static str = "move-closed";
    const FACETS: &'static [&'static str] = &["who", "shown"];
    const SHAPES: &'static [Shape] = &[Shape::Address, Shape::Showing];
    const REFERS: bool = true;
    const AUTHORITY: Authority = Authority::ItselfOrOneOf(BUREAUS);

    facets!(who, shown);

    fn issuer(&self) -> Option<Address> {
        Some(self.who)
    }

    fn showing(&self) -> Option<&Showing> {
        Some(&self.shown)
    }

    fn judge(&self, scene: &Scene<'_>, statement: &Statement) -> Result<(), Refusal> {
        let (issuer, subject) = scene.parties()?;
        demand_departure(scene)?;
        let itself = issuer.address == subject.address;
        if !itself {
            demand_role(issuer.state, BUREAUS, None, scene.time)?;
        }
        let leaving = demand_stands(scene, statement)?;
        scene.demand_at(statement, !leaving.closed, Code::TargetVoid, "refers")?;
        let waits = |sum: &Sum| matches!(sum, Sum::Totals(t) if t.posted > t.settled);
        let settled = !subject.state.sums.iter().any(waits);
        scene.demand_at(statement, !itself || settled, Code::NotSettled, "refers")?;
        scene.demand_at(statement, leaving.in_force(scene.time), Code::NotDue, "refers")?;
        scene.demand_recognised(&self.shown, &leaving.origin)?;
        let there = scene.facts.and_then(|f| f.arrival_of(leaving, scene.origin, &subject.address));
        let Some(arrived) = there else { return Err(Refusal::new(Code::NotShown, "shown")) };
        demand(matched(&leaving.outs, arrived), Code::NotMatched, "shown")
    }

    fn effect(&self, state: &mut State, _: At, _: Option<&mut Target>) -> Changed {
        state.change_leaving(|leaving| {
            if let Some(leaving) = leaving {
                leaving.closed = true;
            }
        })
    }
}
