//! Type 23, *access*: somebody looks, by a consent. The head refers to that.

use super::{At, Authority, FacetReader, FacetWriter, Kind, Shape, Statement};
use crate::address::Address;
use crate::refusal::Refusal;
use crate::rights::{Looked, Right};
use crate::scene::Scene;
use crate::state::{Changed, State};
use crate::target::Target;

/// Somebody looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The consent's grantee.
    pub who: Address,
    /// At what, and what for.
    pub looked: Looked,
}

impl Kind for Access {
    const NAME: &'static str = "access";
    const FACETS: &'static [&'static str] = &["who", "looked"];
    const SHAPES: &'static [Shape] = &[Shape::Address, Shape::Looked];
    const REFERS: bool = true;
    const AUTHORITY: Authority = Authority::Grantee;

    facets!(who, looked);

    fn issuer(&self) -> Option<Address> {
        Some(self.who)
    }

    fn judge(&self, scene: &Scene<'_>, statement: &Statement) -> Result<(), Refusal> {
        scene.demand_consent(statement, Right::Read, &self.looked.scope, "looked")
    }

    fn effect(&self, _: &mut State, _: At, target: Option<&mut Target>) -> Changed {
        if let Some(consented) = target.and_then(Target::consent) {
            consented.use_it();
        }
        Changed::default()
    }
}
