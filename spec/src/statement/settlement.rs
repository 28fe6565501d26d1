//! Type 6, *settlement*: the fund says that a contribution's money arrived. The head refers to the contribution.

use super::facet::Reference;
use super::{Amount, FacetReader, Kind, Shape};
use crate::address::Address;
use crate::cbor::{Cbor, Malformed, Reader, Writer};
use crate::refusal::Refusal;

/// The fund, and its own reference of the transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settler {
    /// The posting's issuer.
    pub issuer: Address,
    /// May repeat: one transfer settles many contributions.
    pub reference: Reference,
}

impl Cbor for Settler {
    fn encode(&self, w: &mut Writer) {
        w.array(2);
        self.issuer.encode(w);
        self.reference.encode(w);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(2, "issuer and reference")?;
        Ok(Self { issuer: Address::decode(r)?, reference: Reference::decode(r)? })
    }
}

/// Money arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The fund.
    pub who: Settler,
    /// What arrived: the entry's amount, repeated.
    pub amount: Amount,
}

impl Kind for Settlement {
    const NAME: &'static str = "settlement";
    const FACETS: &'static [&'static str] = &["who", "amount"];
    const SHAPES: &'static [Shape] = &[Shape::Settler, Shape::Amount];
    const REFERS: bool = true;
    const MONTH: bool = true;

    fn read(facets: &mut FacetReader<'_>) -> Result<Self, Refusal> {
        let (who, amount) = (facets.take()?, facets.take()?);
        Ok(Self { who, amount })
    }

    fn write(&self) -> Vec<Vec<u8>> {
        vec![self.who.to_bytes(), self.amount.to_bytes()]
    }
}
