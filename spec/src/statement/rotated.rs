//! Type 2, *rotated*: the pre-committed next key takes over and commits to the one after.

use super::{FacetReader, Keys, Kind, Shape};
use crate::address::Address;
use crate::cbor::Cbor;
use crate::refusal::Refusal;

/// The keys of an account change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// The account itself.
    pub who: Address,
    /// The new keys.
    pub keys: Keys,
}

impl Kind for Rotated {
    const NAME: &'static str = "rotated";
    const FACETS: &'static [&'static str] = &["who", "keys"];
    const SHAPES: &'static [Shape] = &[Shape::Address, Shape::Keys];

    fn read(facets: &mut FacetReader<'_>) -> Result<Self, Refusal> {
        Ok(Self { who: facets.take()?, keys: facets.take()? })
    }

    fn write(&self) -> Vec<Vec<u8>> {
        vec![self.who.to_bytes(), self.keys.to_bytes()]
    }
}
