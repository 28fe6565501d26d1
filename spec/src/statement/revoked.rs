//! Type 4, *revoked*: the registrar takes a role back. The head refers to the grant.

use super::{FacetReader, Kind, Shape};
use crate::address::Address;
use crate::cbor::Cbor;
use crate::refusal::Refusal;

/// A role is taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// The registrar.
    pub who: Address,
}

impl Kind for Revoked {
    const NAME: &'static str = "revoked";
    const FACETS: &'static [&'static str] = &["who"];
    const SHAPES: &'static [Shape] = &[Shape::Address];
    const REFERS: bool = true;

    fn read(facets: &mut FacetReader<'_>) -> Result<Self, Refusal> {
        Ok(Self { who: facets.take()? })
    }

    fn write(&self) -> Vec<Vec<u8>> {
        vec![self.who.to_bytes()]
    }
}
