//! Type 22, *consent-revoked*: a person takes a consent back. The head refers to it.

use super::{At, Authority, FacetReader, FacetWriter, Kind, Shape, Statement};
use crate::address::Address;
use crate::refusal::{Code, Refusal};
use crate::scene::{Scene, demand};
use crate::state::{Changed, State};
use crate::target::Target;

/// Somebody may no longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentRevoked {
    /// The account itself.
    pub who: Address,
}

impl Kind for ConsentRevoked {
    const NAME: &'static str = "consent-revoked";
    const FACETS: &'static [&'static str] = &["who"];
    const SHAPES: &'static [Shape] = &[Shape::Address];
    const REFERS: bool = true;
    const AUTHORITY: Authority = Authority::Itself;

    facets!(who);

    fn issuer(&self) -> Option<Address> {
        Some(self.who)
    }

    fn judge(&self, scene: &Scene<'_>, statement: &Statement) -> Result<(), Refusal> {
        let (issuer, subject) = scene.parties()?;
        demand(issuer.address == subject.address, Code::NotYours, "who")?;
        let consented = scene.consent()?;
        let stands = !consented.revoked && !consented.used_up;
        scene.demand_at(statement, stands, Code::GrantOver, "refers")
    }

    fn effect(&self, _: &mut State, _: At, target: Option<&mut Target>) -> Changed {
        if let Some(consented) = target.and_then(Target::consent) {
            consented.revoked = true;
        }
        Changed::default()
    }
}
