//! Type 5, *contribution*: somebody pays for a month of an insurance.

use super::facet::Reference;
use super::{Amount, Evidence, FacetReader, Kind, Shape, Source, What};
use crate::address::Address;
use crate::cbor::{Cbor, Malformed, Reader, Writer};
use crate::refusal::Refusal;

/// Who pays a contribution, and under which reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payer {
    /// Who pays.
    pub source: Source,
    /// The posting's issuer.
    pub issuer: Address,
    /// Unique per issuer and account.
    pub reference: Reference,
}

impl Cbor for Payer {
    fn encode(&self, w: &mut Writer) {
        w.array(3);
        self.source.encode(w);
        self.issuer.encode(w);
        self.reference.encode(w);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(3, "source, issuer and reference")?;
        Ok(Self { source: Source::decode(r)?, issuer: Address::decode(r)?, reference: Reference::decode(r)? })
    }
}

/// Somebody pays for a month of an insurance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contribution {
    /// Who pays.
    pub who: Payer,
    /// What for.
    pub what: What,
    /// How much.
    pub amount: Amount,
    /// The work behind it.
    pub evidence: Option<Evidence>,
}

impl Kind for Contribution {
    const NAME: &'static str = "contribution";
    const FACETS: &'static [&'static str] = &["who", "what", "amount", "evidence"];
    const SHAPES: &'static [Shape] = &[Shape::Payer, Shape::What, Shape::Amount, Shape::MaybeEvidence];
    const MONTH: bool = true;

    fn read(facets: &mut FacetReader<'_>) -> Result<Self, Refusal> {
        let (who, what, amount) = (facets.take()?, facets.take()?, facets.take()?);
        let evidence = facets.take_with(|r| r.optional())?;
        Ok(Self { who, what, amount, evidence })
    }

    fn write(&self) -> Vec<Vec<u8>> {
        let mut evidence = Writer::default();
        evidence.optional(self.evidence.as_ref());
        vec![self.who.to_bytes(), self.what.to_bytes(), self.amount.to_bytes(), evidence.into_bytes()]
    }
}
