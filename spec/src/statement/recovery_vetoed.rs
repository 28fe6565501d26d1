//! Type 9, *recovery-vetoed*: whoever holds the present key says that nobody is to take over.

use super::{At, Authority, FacetReader, FacetWriter, Kind, Shape, Statement};
use crate::address::Address;
use crate::recovery::veto;
use crate::refusal::{Code, Refusal};
use crate::scene::{Scene, demand};
use crate::state::{Changed, State};
use crate::target::Target;

/// Approvals are vetoed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveryVetoed {
    /// The account itself.
    pub who: Address,
}

impl Kind for RecoveryVetoed {
    const NAME: &'static str = "recovery-vetoed";
    const FACETS: &'static [&'static str] = &["who"];
    const SHAPES: &'static [Shape] = &[Shape::Address];

    facets!(who);

    const AUTHORITY: Authority = Authority::Itself;

    fn issuer(&self) -> Option<Address> {
        Some(self.who)
    }

    fn judge(&self, scene: &Scene<'_>, _: &Statement) -> Result<(), Refusal> {
        let (issuer, subject) = scene.parties()?;
        demand(issuer.address == subject.address, Code::NotYours, "who")?;
        let after = veto(subject.state.approvals(), &subject.state.control.recovery);
        demand(after.is_some(), Code::NothingPending, "who")
    }

    fn effect(&self, state: &mut State, _: At, _: Option<&mut Target>) -> Changed {
        match veto(state.approvals(), &state.control.recovery) {
            Some(after) => state.change_approvals(|approvals| *approvals = after),
            None => Changed::default(),
        }
    }
}
