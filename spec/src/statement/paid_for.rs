//! Type 38, *paid-for*: somebody pays in the person's name, by a consent. The head refers to that.

use super::contribution::{self, Payer};
use super::{
    Amount, At, Authority, Contribution, Evidence, FacetReader, FacetWriter, Kind, Reference, Shape, Source,
    Statement, What,
};
use crate::address::Address;
use crate::refusal::{Code, Refusal};
use crate::rights::{Months, Right, Scope};
use crate::scene::{Scene, demand};
use crate::state::{Changed, State};
use crate::target::Target;

/// Somebody pays for somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaidFor {
    /// Who pays; the source is self.
    pub who: Payer,
    /// What for.
    pub what: What,
    /// How much.
    pub amount: Amount,
    /// The work behind it.
    pub evidence: Option<Evidence>,
}

impl PaidFor {
    /// The contribution that it is by itself.
    fn contribution(&self) -> Contribution {
        let Self { who, what, amount, evidence } = self.clone();
        Contribution { who, what, amount, evidence }
    }
}

impl Kind for PaidFor {
    const NAME: &'static str = "paid-for";
    const FACETS: &'static [&'static str] = Contribution::FACETS;
    const SHAPES: &'static [Shape] = Contribution::SHAPES;
    const REFERS: bool = true;
    const MONTH: bool = true;
    const AUTHORITY: Authority = Authority::Grantee;

    fn read(facets: &mut FacetReader<'_>) -> Result<Self, Refusal> {
        let Contribution { who, what, amount, evidence } = Contribution::read(facets)?;
        Ok(Self { who, what, amount, evidence })
    }

    fn write(&self, facets: &mut FacetWriter) {
        self.contribution().write(facets);
    }

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
        demand(self.who.source == Source::Self_, Code::NotYours, "who")?;
        scene.consent()?;
        let own = self.contribution();
        contribution::judge_amount(&own, scene, statement)?;
        contribution::judge_room(&own, scene)?;
        let months = statement.month.map(|month| Months { first: month, last: month });
        let scope = Scope { insurances: vec![self.what.insurance], months, parts: Vec::new() };
        scene.demand_consent(statement, Right::Pay, &scope, "what")
    }

    fn opens(&self, at: At) -> Option<Target> {
        self.contribution().opens(at)
    }

    fn effect(&self, state: &mut State, at: At, target: Option<&mut Target>) -> Changed {
        if let Some(consented) = target.and_then(Target::consent) {
            consented.use_it();
        }
        self.contribution().effect(state, at, None)
    }
}
