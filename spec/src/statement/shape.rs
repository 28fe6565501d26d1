//! Reading one facet by itself: a verifier may be shown some facets of a statement and not others.

use super::contribution::Payer;
use super::correction::Corrector;
use super::{Amount, Entitlement, Evidence, Keys, Money, Recovery, Referenced, Returned, What, money};
use crate::address::Address;
use crate::cbor::{Cbor, Malformed, Reader};
use crate::hash::Hash;
use crate::identity::{Link, Token};
use crate::moving::{From, LedgerList, Moved, OutAt, Paper, PaperSource, Showing, To};
use crate::rights::{Answer, Claim, Consent, Decision, Looked, Remedy, Says};
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
    /// Who says it, with a reference.
    Referenced,
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
    /// Evidence of work, with its period.
    Worked,
    /// An amount and its currency.
    Money,
    /// What goes back.
    Returned,
    /// Interest, and what it was reckoned from.
    Interest,
    /// What an award gives.
    Entitlement,
    /// What a person consents to.
    Consent,
    /// What somebody looks at.
    Looked,
    /// What is claimed.
    Claim,
    /// What the party says to it.
    Answer,
    /// What the bureau decides.
    Ruling,
    /// What carries it out.
    Remedy,
    /// Words for people.
    Says,
    /// Commitment to a document.
    Identity,
    /// What is the same for the same document.
    Token,
    /// Another account.
    Link,
    /// Where an account departs to.
    To,
    /// What arrives.
    From,
    /// What is shown of another ledger.
    Showing,
    /// What money moves.
    Moved,
    /// Sequence of what left.
    OutAt,
    /// A ledger, and its list.
    LedgerList,
    /// What a paper says.
    Paper,
    /// What that was read from.
    PaperSource,
}

/// A facet by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Who says it, as far as the facet names an account.
    Issuer(Option<Address>),
    /// Who pays a contribution.
    Payer(Payer),
    /// Who says it, with a reference.
    Referenced(Referenced),
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
    /// An amount and its currency.
    Money(Money),
    /// What goes back.
    Returned(Returned),
    /// Interest, and what it was reckoned from.
    Interest(money::Interest),
    /// What an award gives.
    Entitlement(Entitlement),
    /// What a person consents to.
    Consent(Consent),
    /// What somebody looks at.
    Looked(Looked),
    /// What is claimed.
    Claim(Claim),
    /// What the party says to it.
    Answer(Answer),
    /// What the bureau decides.
    Ruling(Decision),
    /// What carries it out.
    Remedy(Remedy),
    /// Words for people.
    Says(Says),
    /// Commitment to a document.
    Identity(Hash),
    /// What is the same for the same document.
    Token(Token),
    /// Another account.
    Link(Link),
    /// Where an account departs to.
    To(To),
    /// What arrives.
    From(From),
    /// What is shown of another ledger.
    Showing(Showing),
    /// What money moves.
    Moved(Moved),
    /// Sequence of what left.
    OutAt(OutAt),
    /// A ledger, and its list.
    LedgerList(LedgerList),
    /// What a paper says.
    Paper(Box<Paper>),
    /// What that was read from.
    PaperSource(Box<PaperSource>),
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
            Shape::Referenced => Value::Referenced(Cbor::decode(&mut r)?),
            Shape::Corrector => Value::Corrector(Cbor::decode(&mut r)?),
            Shape::Keys => Value::Keys(Cbor::decode(&mut r)?),
            Shape::Recovery => Value::Recovery(Cbor::decode(&mut r)?),
            Shape::Grant => Value::Grant(Cbor::decode(&mut r)?),
            Shape::What => Value::What(Cbor::decode(&mut r)?),
            Shape::Amount => Value::Amount(Some(Cbor::decode(&mut r)?)),
            Shape::MaybeAmount => Value::Amount(r.optional()?),
            Shape::MaybeEvidence => Value::Evidence(r.optional()?),
            Shape::Worked => Value::Evidence(Some(Evidence::of_work(&mut r)?)),
            Shape::Money => Value::Money(Cbor::decode(&mut r)?),
            Shape::Returned => Value::Returned(Cbor::decode(&mut r)?),
            Shape::Interest => Value::Interest(Cbor::decode(&mut r)?),
            Shape::Entitlement => Value::Entitlement(Cbor::decode(&mut r)?),
            Shape::Consent => Value::Consent(Cbor::decode(&mut r)?),
            Shape::Looked => Value::Looked(Cbor::decode(&mut r)?),
            Shape::Claim => Value::Claim(Cbor::decode(&mut r)?),
            Shape::Answer => Value::Answer(Cbor::decode(&mut r)?),
            Shape::Ruling => Value::Ruling(Cbor::decode(&mut r)?),
            Shape::Remedy => Value::Remedy(Cbor::decode(&mut r)?),
            Shape::Says => Value::Says(Cbor::decode(&mut r)?),
            Shape::Identity => Value::Identity(Cbor::decode(&mut r)?),
            Shape::Token => Value::Token(Cbor::decode(&mut r)?),
            Shape::Link => Value::Link(Cbor::decode(&mut r)?),
            Shape::To => Value::To(Cbor::decode(&mut r)?),
            Shape::From => Value::From(Cbor::decode(&mut r)?),
            Shape::Showing => Value::Showing(Cbor::decode(&mut r)?),
            Shape::Moved => Value::Moved(Cbor::decode(&mut r)?),
            Shape::OutAt => Value::OutAt(Cbor::decode(&mut r)?),
            Shape::LedgerList => Value::LedgerList(Cbor::decode(&mut r)?),
            Shape::Paper => Value::Paper(Box::new(Cbor::decode(&mut r)?)),
            Shape::PaperSource => Value::PaperSource(Box::new(Cbor::decode(&mut r)?)),
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
            Value::Referenced(r) => Some(Some(r.issuer)),
            Value::Corrector(c) => Some(Some(c.issuer)),
            _ => None,
        }
    }
}
