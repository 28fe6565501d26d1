//! Type 38, *paid-for*: somebody pays in the person's name, by a consent. The head refers to that.

use super::contribution;
use super::{
    At, Authority, Contribution, FacetReader, FacetWriter, Kind, Reference, Shape, Source, Statement,
};
use crate::address::Address;
use crate::refusal::{Code, Refusal};
use crate::rights::{Months, Right, Scope};
use crate::scene::{Scene, demand};
use crate::state::{Changed, State};
use crate::target::Target;

/// Somebody pays for somebody: a contribution whose source is self.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaidFor(pub Contribution);

impl Kind for PaidFor {
    const NAME: &'static str = "paid-for";
    const FACETS: &'static [&'static str] = Contribution::FACETS;
    const SHAPES: &'static [Shape] = Contribution::SHAPES;
    const REFERS: bool = true;
    const MONTH: bool = true;
    const AUTHORITY: Authority = Authority::Grantee;

    fn read(facets: &mut FacetReader<'_>) -> Result<Self, Refusal> {
        Contribution::read(facets).map(Self)
    }

    fn write(&self, facets: &mut FacetWriter) {
        self.0.write(facets);
    }

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
        demand(self.0.who.source == Source::Self_, Code::NotYours, "who")?;
        scene.consent()?;
        contribution::judge_amount(&self.0, scene, statement)?;
        contribution::judge_room(&self.0, scene)?;
        let months = statement.month.map(|month| Months { first: month, last: month });
        let scope = Scope { insurances: vec![self.0.what.insurance], months, parts: Vec::new() };
        scene.demand_consent(statement, Right::Pay, &scope, "what")
    }

    fn opens(&self, at: At) -> Option<Target> {
        self.0.opens(at)
    }

    fn effect(&self, state: &mut State, at: At, target: Option<&mut Target>) -> Changed {
        if let Some(consented) = target.and_then(Target::consent) {
            consented.use_it();
        }
        self.0.effect(state, at, None)
    }
}
