//! Type 7, *correction*: the issuer of a contribution replaces its amount or voids it. The head refers to the contribution.

use super::{Amount, FacetReader, Kind, Shape};
use crate::address::Address;
use crate::cbor::{Cbor, Malformed, Reader, Writer};
use crate::refusal::Refusal;
use crate::value::Text;

/// The issuer, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corrector {
    /// The posting's issuer, who also issued the contribution.
    pub issuer: Address,
    /// Why, for people.
    pub reason: Text<128>,
}

impl Cbor for Corrector {
    fn encode(&self, w: &mut Writer) {
        w.array(2);
        self.issuer.encode(w);
        self.reason.encode(w);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(2, "issuer and reason")?;
        Ok(Self { issuer: Address::decode(r)?, reason: Text::decode(r)? })
    }
}

/// A contribution is replaced or voided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// Who corrects, and why.
    pub who: Corrector,
    /// The new amount, or none to void the entry.
    pub amount: Option<Amount>,
}

impl Kind for Correction {
    const NAME: &'static str = "correction";
    const FACETS: &'static [&'static str] = &["who", "amount"];
    const SHAPES: &'static [Shape] = &[Shape::Corrector, Shape::MaybeAmount];
    const REFERS: bool = true;
    const MONTH: bool = true;

    fn read(facets: &mut FacetReader<'_>) -> Result<Self, Refusal> {
        let who = facets.take()?;
        let amount = facets.take_with(|r| r.optional())?;
        Ok(Self { who, amount })
    }

    fn write(&self) -> Vec<Vec<u8>> {
        let mut amount = Writer::default();
        amount.optional(self.amount.as_ref());
        vec![self.who.to_bytes(), amount.into_bytes()]
    }
}
