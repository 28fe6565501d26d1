//! Reading one facet by itself: a verifier may be shown some facets of a statement and not others.

use super::contribution::Payer;
use super::correction::Corrector;
use super::settlement::Settler;
use super::{Amount, Evidence, Keys, Recovery, What};
use crate::address::Address;
use crate::cbor::{Cbor, Malformed, Reader};
use crate::role::Grant;

/// What a facet looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// An address, or null.
    MaybeAddress,
    /// An address.
    Address,
    /// Who pays a contribution.
    Payer,
    /// Who settles.
    Settler,
    /// Who corrects.
    Corrector,
    /// Keys of an account.
    Keys,
    /// A recovery policy.
    Recovery,
    /// A role with its bounds.
    Grant,
    /// What a contribution is for.
    What,
    /// An amount.
    Amount,
    /// An amount, or null.
    MaybeAmount,
    /// Evidence, or null.
    MaybeEvidence,
}

/// A facet by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Who says it, as far as the facet names an account.
    Issuer(Option<Address>),
    /// Who pays a contribution.
    Payer(Payer),
    /// Who settles.
    Settler(Settler),
    /// Who corrects.
    Corrector(Corrector),
    /// Keys of an account.
    Keys(Keys),
    /// A recovery policy.
    Recovery(Recovery),
    /// A role with its bounds.
    Grant(Grant),
    /// What a contribution is for.
    What(What),
    /// An amount, or none.
    Amount(Option<Amount>),
    /// Evidence, or none.
    Evidence(Option<Evidence>),
}

impl Shape {
    /// Reads a facet of this shape.
    ///
    /// # Errors
    /// [`Malformed`] for every other shape.
    pub fn read(self, bytes: &[u8]) -> Result<Value, Malformed> {
        let mut r = Reader::new(bytes);
        let value = match self {
            Shape::MaybeAddress => Value::Issuer(r.optional()?),
            Shape::Address => Value::Issuer(Some(Cbor::decode(&mut r)?)),
            Shape::Payer => Value::Payer(Cbor::decode(&mut r)?),
            Shape::Settler => Value::Settler(Cbor::decode(&mut r)?),
            Shape::Corrector => Value::Corrector(Cbor::decode(&mut r)?),
            Shape::Keys => Value::Keys(Cbor::decode(&mut r)?),
            Shape::Recovery => Value::Recovery(Cbor::decode(&mut r)?),
            Shape::Grant => Value::Grant(Cbor::decode(&mut r)?),
            Shape::What => Value::What(Cbor::decode(&mut r)?),
            Shape::Amount => Value::Amount(Some(Cbor::decode(&mut r)?)),
            Shape::MaybeAmount => Value::Amount(r.optional()?),
            Shape::MaybeEvidence => Value::Evidence(r.optional()?),
        };
        r.end()?;
        Ok(value)
    }
}

impl Value {
    /// The issuer, where this facet is a *who*; `None` if it is another facet.
    pub fn issuer(&self) -> Option<Option<Address>> {
        match self {
            Value::Issuer(address) => Some(*address),
            Value::Payer(p) => Some(Some(p.issuer)),
            Value::Settler(s) => Some(Some(s.issuer)),
            Value::Corrector(c) => Some(Some(c.issuer)),
            _ => None,
        }
    }
}
