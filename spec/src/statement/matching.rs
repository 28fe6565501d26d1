//! Type 32, *matching*: a contribution that is added because of another one. The head refers to that.

use super::contribution;
use super::{
    At, Authority, Contribution, FacetReader, FacetWriter, Kind, Reference, Shape, Source, Statement,
};
use crate::address::Address;
use crate::refusal::{Code, Refusal};
use crate::scene::{Scene, demand};
use crate::state::{Changed, State};
use crate::target::Target;

/// Somebody adds to what somebody pays: a contribution of the same insurance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matching(pub Contribution);

impl Kind for Matching {
    const NAME: &'static str = "matching";
    const FACETS: &'static [&'static str] = Contribution::FACETS;
    const SHAPES: &'static [Shape] = Contribution::SHAPES;
    const REFERS: bool = true;
    const MONTH: bool = true;

    fn read(facets: &mut FacetReader<'_>) -> Result<Self, Refusal> {
        Contribution::read(facets).map(Self)
    }

    fn write(&self, facets: &mut FacetWriter) {
        self.0.write(facets);
    }

    const AUTHORITY: Authority = Authority::Source;

    fn issuer(&self) -> Option<Address> {
        self.0.issuer()
    }

    fn reference(&self) -> Option<&Reference> {
        self.0.reference()
    }

    fn named(&self) -> Option<Address> {
        self.0.named()
    }

    fn judge(&self, scene: &Scene<'_>, statement: &Statement) -> Result<(), Refusal> {
        demand(self.0.who.source != Source::Self_, Code::NotYours, "who")?;
        let matched = scene.entry()?;
        contribution::judge_payment(&self.0, scene, statement)?;
        scene.demand_at(statement, !matched.void, Code::TargetVoid, "refers")?;
        demand(statement.month == Some(matched.month), Code::MonthDiffers, "month")?;
        contribution::judge_room(&self.0, scene)?;
        demand(self.0.what.insurance == matched.insurance, Code::MatchDiffers, "what")
    }

    fn opens(&self, at: At) -> Option<Target> {
        self.0.opens(at)
    }

    fn effect(&self, state: &mut State, at: At, _: Option<&mut Target>) -> Changed {
        self.0.effect(state, at, None)
    }
}
