//! Type 9, *recovery-vetoed*: whoever holds the present key says that nobody is to take over.

use super::{At, Authority, FacetReader, FacetWriter, Kind, Shape, Statement};
use crate::address::Address;
use crate::recovery::firm;
use crate::refusal::{Code, Refusal};
use crate::scene::{Entry, Scene, demand};
use crate::state::{Changed, State};

/// Approvals are taken out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveryVetoed {
    /// The account itself.
    pub who: Address,
}

impl Kind for RecoveryVetoed {
    const NAME: &'static str = "recovery-vetoed";
    const FACETS: &'static [&'static str] = &["who"];
    const SHAPES: &'static [Shape] = &[Shape::Address];

    fn read(facets: &mut FacetReader<'_>) -> Result<Self, Refusal> {
        Ok(Self { who: facets.take()? })
    }

    fn write(&self, facets: &mut FacetWriter) {
        facets.put(&self.who);
    }

    const AUTHORITY: Authority = Authority::Itself;

    fn issuer(&self) -> Option<Address> {
        Some(self.who)
    }

    fn judge(&self, scene: &Scene<'_>, _: &Statement) -> Result<(), Refusal> {
        let (issuer, subject) = scene.parties()?;
        demand(issuer.address == subject.address, Code::NotYours, "who")?;
        let approvals = subject.state.approvals();
        let left = firm(approvals, &subject.state.control.recovery);
        demand(left.len() < approvals.len(), Code::NothingPending, "who")
    }

    fn effect(&self, state: &mut State, _: At, _: Option<Entry>) -> (Changed, Option<Entry>) {
        let left = firm(state.approvals(), &state.control.recovery);
        (state.change_approvals(|approvals| *approvals = left), None)
    }
}
