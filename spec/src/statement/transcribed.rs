//! Type 45, *transcribed*: a bureau has read contributions from before the ledger in a paper. They count in no total.

use super::departure::BUREAUS;
use super::{At, Authority, FacetReader, FacetWriter, Kind, Reference, Referenced, Shape, Statement};
use crate::address::Address;
use crate::moving::{Paper, PaperSource};
use crate::refusal::{Code, Refusal};
use crate::scene::{Scene, demand, demand_reference, demand_role};
use crate::target::{Said, Target};

/// What a paper says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transcribed {
    /// The bureau, and its number of the file.
    pub who: Referenced,
    /// What is written there.
    pub paper: Paper,
    /// Where it is written.
    pub source: PaperSource,
}

impl Kind for Transcribed {
    const NAME: &'static str = "transcribed";
    const FACETS: &'static [&'static str] = &["who", "paper", "source"];
    const SHAPES: &'static [Shape] = &[Shape::Referenced, Shape::Paper, Shape::PaperSource];
    const AUTHORITY: Authority = Authority::OneOf(BUREAUS);

    facets!(who, paper, source);

    fn issuer(&self) -> Option<Address> {
        Some(self.who.issuer)
    }

    fn reference(&self) -> Option<&Reference> {
        Some(&self.who.reference)
    }

    fn judge(&self, scene: &Scene<'_>, _: &Statement) -> Result<(), Refusal> {
        let (issuer, _) = scene.parties()?;
        demand_role(issuer.state, BUREAUS, None, scene.time)?;
        let latest = scene.time.month().ordinal() + 1;
        demand(self.paper.months.1.ordinal() <= latest, Code::MonthInFuture, "paper")?;
        demand_reference(scene)
    }

    fn opens(&self, _: At) -> Option<Target> {
        Some(Target::Said(Said { issuer: self.who.issuer.number, token: None, withdrawn: false }))
    }
}
