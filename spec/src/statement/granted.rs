//! Type 3, *granted*: the registrar gives an account a role.

use super::{FacetReader, Kind, Shape};
use crate::address::Address;
use crate::cbor::Cbor;
use crate::refusal::Refusal;
use crate::role::Grant;

/// A role is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// The registrar.
    pub who: Address,
    /// The role with its bounds.
    pub role: Grant,
}

impl Kind for Granted {
    const NAME: &'static str = "granted";
    const FACETS: &'static [&'static str] = &["who", "role"];
    const SHAPES: &'static [Shape] = &[Shape::Address, Shape::Grant];

    fn read(facets: &mut FacetReader<'_>) -> Result<Self, Refusal> {
        Ok(Self { who: facets.take()?, role: facets.take()? })
    }

    fn write(&self) -> Vec<Vec<u8>> {
        vec![self.who.to_bytes(), self.role.to_bytes()]
    }
}
