//! Type 1, *opened*: an account begins. Its id is this statement's root.

use super::{FacetReader, Keys, Kind, Recovery, Shape};
use crate::address::Address;
use crate::cbor::{Cbor, Writer};
use crate::refusal::Refusal;

/// An account begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The issuer that opens it for someone; none where the person does it herself.
    pub who: Option<Address>,
    /// The person's keys, from the first moment.
    pub keys: Keys,
    /// Who may help to recover it.
    pub recovery: Recovery,
}

impl Kind for Opened {
    const NAME: &'static str = "opened";
    const FACETS: &'static [&'static str] = &["who", "keys", "recovery"];
    const SHAPES: &'static [Shape] = &[Shape::MaybeAddress, Shape::Keys, Shape::Recovery];
    const ADDRESSED: bool = false;

    fn read(facets: &mut FacetReader<'_>) -> Result<Self, Refusal> {
        Ok(Self { who: facets.take_with(|r| r.optional())?, keys: facets.take()?, recovery: facets.take()? })
    }

    fn write(&self) -> Vec<Vec<u8>> {
        let mut who = Writer::default();
        who.optional(self.who.as_ref());
        vec![who.into_bytes(), self.keys.to_bytes(), self.recovery.to_bytes()]
    }
}
