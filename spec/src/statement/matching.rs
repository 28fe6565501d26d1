//! Type 32, *matching*: a contribution that is added because of another one. The head refers to that.

use super::contribution::{self, Payer};
use super::{
    Amount, At, Authority, Contribution, Evidence, FacetReader, FacetWriter, Kind, Reference, Shape, Source,
    Statement, What,
};
use crate::address::Address;
use crate::refusal::{Code, Refusal};
use crate::scene::{Scene, demand};
use crate::state::{Changed, State};
use crate::target::Target;

/// Somebody adds to what somebody pays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matching {
    /// Who pays.
    pub who: Payer,
    /// What for: the insurance of the contribution that it matches.
    pub what: What,
    /// How much.
    pub amount: Amount,
    /// The work behind it.
    pub evidence: Option<Evidence>,
}

impl Matching {
    /// The contribution that it is by itself.
    fn contribution(&self) -> Contribution {
        let Self { who, what, amount, evidence } = self.clone();
        Contribution { who, what, amount, evidence }
    }
}

impl Kind for Matching {
    const NAME: &'static str = "matching";
    const FACETS: &'static [&'static str] = Contribution::FACETS;
    const SHAPES: &'static [Shape] = Contribution::SHAPES;
    const REFERS: bool = true;
    const MONTH: bool = true;

    fn read(facets: &mut FacetReader<'_>) -> Result<Self, Refusal> {
        let Contribution { who, what, amount, evidence } = Contribution::read(facets)?;
        Ok(Self { who, what, amount, evidence })
    }

    fn write(&self, facets: &mut FacetWriter) {
        self.contribution().write(facets);
    }

    const AUTHORITY: Authority = Authority::Source;

    fn issuer(&self) -> Option<Address> {
        Some(self.who.issuer)
    }

    fn reference(&self) -> Option<&Reference> {
        Some(&self.who.reference)
    }

    fn named(&self) -> Option<Address> {
        Some(self.what.fund)
    }

    fn judge(&self, scene: &Scene<'_>, statement: &Statement) -> Result<(), Refusal> {
        demand(self.who.source != Source::Self_, Code::NotYours, "who")?;
        let matched = scene.entry()?;
        let own = self.contribution();
        contribution::judge_payment(&own, scene, statement)?;
        scene.demand_at(statement, !matched.void, Code::TargetVoid, "refers")?;
        demand(statement.month == Some(matched.month), Code::MonthDiffers, "month")?;
        contribution::judge_room(&own, scene)?;
        demand(self.what.insurance == matched.insurance, Code::MatchDiffers, "what")
    }

    fn opens(&self, at: At) -> Option<Target> {
        self.contribution().opens(at)
    }

    fn effect(&self, state: &mut State, at: At, _: Option<&mut Target>) -> Changed {
        self.contribution().effect(state, at, None)
    }
}
