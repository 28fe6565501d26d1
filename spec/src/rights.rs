//! What a person lets others do, what she claims, and what becomes of it: the facets of consents and claims.
//!
//! Source: `spec/README.md` §5.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::cbor::{Cbor, Malformed, Reader, Writer};
use crate::value::{BadValue, Insurance, Month, Text, Time};

/// Words for people: 1 to 512 bytes without control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Says(String);

impl Says {
    /// The most bytes.
    pub const MAX: usize = 512;

    /// The words.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Says {
    type Err = BadValue;
    fn from_str(text: &str) -> Result<Self, BadValue> {
        let fits = (1..=Self::MAX).contains(&text.len()) && !text.chars().any(char::is_control);
        fits.then(|| Self(text.to_owned()))
            .ok_or(BadValue("1 to 512 bytes of text without control characters"))
    }
}

impl fmt::Display for Says {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Cbor for Says {
    fn encode(&self, w: &mut Writer) {
        w.text(&self.0);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let fault = r.fault("a text of 1 to 512 bytes without control characters");
        r.text()?.parse().map_err(|_| fault)
    }
}

macro_rules! coded {
    ($(#[$doc:meta])* $name:ident, $what:literal: $($number:literal $variant:ident $text:literal $says:literal)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name { $(#[doc = $says] $variant = $number,)* }

        impl $name {
            /// All of them, in order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        impl FromStr for $name {
            type Err = BadValue;
            fn from_str(text: &str) -> Result<Self, BadValue> {
                Self::ALL.iter().copied().find(|x| x.name() == text).ok_or(BadValue($what))
            }
        }

        impl Cbor for $name {
            fn encode(&self, w: &mut Writer) {
                w.uint(*self as u64);
            }
            fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
                let fault = r.fault($what);
                let number = r.uint()?;
                Self::ALL.iter().copied().find(|x| *x as u64 == number).ok_or(fault)
            }
        }
    };
}

coded! {
    /// What somebody may do by a consent.
    Right, "a right: read, claim or pay":
    1 Read "read" "Be shown records."
    2 Claim "claim" "File a claim."
    3 Pay "pay" "Pay in the person's name."
}

coded! {
    /// What of a record is shown.
    Part, "a part: who, what, amount, evidence or claims":
    1 Who "who" "Who says it."
    2 What "what" "Insurance, scheme and fund."
    3 Amount "amount" "How much."
    4 Evidence "evidence" "The work behind it."
    5 Claims "claims" "What claims, answers, rulings and remedies say."
}

coded! {
    /// What is claimed.
    ClaimKind, "a kind of claim: missing, amount, injury, transfer or access":
    1 Missing "missing" "A contribution is missing."
    2 Amount "amount" "An amount is wrong."
    3 Injury "injury" "An accident at work."
    4 Transfer "transfer" "Records or money did not move."
    5 Access "access" "Somebody looked who had no right to."
}

coded! {
    /// What a bureau decides.
    Outcome, "an outcome: upheld, in-part or rejected":
    1 Upheld "upheld" "The claim is right."
    2 InPart "in-part" "Some of it is right."
    3 Rejected "rejected" "It is not right."
}

impl Part {
    /// The facets that are shown with it.
    pub fn facets(self) -> &'static [&'static str] {
        match self {
            Part::Who => &["who"],
            Part::What => &["what"],
            Part::Amount => &["amount"],
            Part::Evidence => &["evidence"],
            Part::Claims => &["claim", "says", "answer", "ruling", "remedy"],
        }
    }
}

/// First and last of some months.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Months {
    /// The first.
    pub first: Month,
    /// The last, not before it.
    pub last: Month,
}

impl FromStr for Months {
    type Err = BadValue;
    /// Reads `2026-01..2026-06`, or one month.
    fn from_str(text: &str) -> Result<Self, BadValue> {
        let (first, last) = text.split_once("..").unwrap_or((text, text));
        let (first, last) = (first.parse()?, last.parse()?);
        if first > last {
            Err(BadValue("the first month is after the last"))
        } else {
            Ok(Self { first, last })
        }
    }
}

impl fmt::Display for Months {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            return self.first.fmt(f);
        }
        write!(f, "{}..{}", self.first, self.last)
    }
}

impl Cbor for Months {
    fn encode(&self, w: &mut Writer) {
        w.array(2);
        self.first.encode(w);
        self.last.encode(w);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let fault = r.fault("first and last month, in order");
        r.array_of(2, "first and last month")?;
        let (first, last) = (Month::decode(r)?, Month::decode(r)?);
        if first > last { Err(fault) } else { Ok(Self { first, last }) }
    }
}

/// Insurances, months and parts: what is looked at, or may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// Insurances, rising; none: all.
    pub insurances: Vec<Insurance>,
    /// Months; none: all.
    pub months: Option<Months>,
    /// Parts, rising.
    pub parts: Vec<Part>,
}

impl Scope {
    /// The most insurances that it names: what a record says is read and compared for every use of a consent.
    pub const MAX_INSURANCES: u64 = 32;

    /// Whether another lies within this one.
    pub fn holds(&self, other: &Scope) -> bool {
        let insurances = self.insurances.is_empty()
            || (!other.insurances.is_empty() && other.insurances.iter().all(|i| self.insurances.contains(i)));
        let months = match (&self.months, &other.months) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(mine), Some(others)) => mine.first <= others.first && others.last <= mine.last,
        };
        insurances && months && other.parts.iter().all(|part| self.parts.contains(part))
    }

    fn encode_fields(&self, w: &mut Writer) {
        w.list(&self.insurances);
        w.optional(self.months.as_ref());
        w.list(&self.parts);
    }

    fn decode_fields(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            insurances: r.rising(Self::MAX_INSURANCES, "at most 32 insurances in increasing order")?,
            months: r.optional()?,
            parts: r.rising(Part::ALL.len() as u64, "parts in increasing order")?,
        })
    }
}

/// What a person lets somebody do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// Who may.
    pub grantee: Address,
    /// What for.
    pub purpose: Text<128>,
    /// What, rising; at least one.
    pub rights: Vec<Right>,
    /// Of which records.
    pub scope: Scope,
    /// First second in which it no longer holds.
    pub until: Time,
    /// Whether it is used up by the first use.
    pub once: bool,
}

impl Cbor for Consent {
    fn encode(&self, w: &mut Writer) {
        w.array(8);
        self.grantee.encode(w);
        self.purpose.encode(w);
        w.list(&self.rights);
        self.scope.encode_fields(w);
        self.until.encode(w);
        w.bool(self.once);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(8, "a consent of 8 elements")?;
        let (grantee, purpose) = (Address::decode(r)?, Text::decode(r)?);
        let fault = r.fault("at least one right");
        let rights: Vec<Right> = r.rising(Right::ALL.len() as u64, "rights in increasing order")?;
        if rights.is_empty() {
            return Err(fault);
        }
        let scope = Scope::decode_fields(r)?;
        Ok(Self { grantee, purpose, rights, scope, until: Time::decode(r)?, once: r.bool()? })
    }
}

/// What somebody looks at, and what for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// What for.
    pub purpose: Text<128>,
    /// At what.
    pub scope: Scope,
}

impl Cbor for Looked {
    fn encode(&self, w: &mut Writer) {
        w.array(4);
        self.purpose.encode(w);
        self.scope.encode_fields(w);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(4, "purpose, insurances, months and parts")?;
        Ok(Self { purpose: Text::decode(r)?, scope: Scope::decode_fields(r)? })
    }
}

/// The most records that a claim, an answer or a remedy may name.
pub const MAX_RECORDS: u64 = 32;

/// What is claimed, against whom, before whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// What.
    pub kind: ClaimKind,
    /// Against whom.
    pub party: Address,
    /// Who is to rule.
    pub bureau: Address,
    /// Of which insurance; none: of no one in particular.
    pub insurance: Option<Insurance>,
    /// For which months.
    pub months: Option<Months>,
    /// Records of the same account that show it, by sequence, rising.
    pub records: Vec<u64>,
}

impl Claim {
    /// What a consent must hold so that somebody else may file it.
    pub fn scope(&self) -> Scope {
        Scope { insurances: self.insurance.into_iter().collect(), months: self.months, parts: Vec::new() }
    }
}

impl Cbor for Claim {
    fn encode(&self, w: &mut Writer) {
        w.array(6);
        self.kind.encode(w);
        self.party.encode(w);
        self.bureau.encode(w);
        w.optional(self.insurance.as_ref());
        w.optional(self.months.as_ref());
        w.list(&self.records);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(6, "a claim of 6 elements")?;
        Ok(Self {
            kind: ClaimKind::decode(r)?,
            party: Address::decode(r)?,
            bureau: Address::decode(r)?,
            insurance: r.optional()?,
            months: r.optional()?,
            records: r.rising(MAX_RECORDS, "at most 32 records in order")?,
        })
    }
}

/// What the party says to a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Whether it accepts it.
    pub accepts: bool,
    /// Records that show it, by sequence, rising.
    pub records: Vec<u64>,
}

impl Cbor for Answer {
    fn encode(&self, w: &mut Writer) {
        w.array(2);
        w.bool(self.accepts);
        w.list(&self.records);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(2, "accepts and records")?;
        Ok(Self { accepts: r.bool()?, records: r.rising(MAX_RECORDS, "at most 32 records in order")? })
    }
}

/// What the bureau decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// How.
    pub outcome: Outcome,
    /// Until when the party has to act; none exactly if rejected.
    pub by: Option<Time>,
}

impl Cbor for Decision {
    fn encode(&self, w: &mut Writer) {
        w.array(2);
        self.outcome.encode(w);
        w.optional(self.by.as_ref());
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let fault = r.fault("a time by which to act, unless rejected");
        r.array_of(2, "outcome and time")?;
        let read = Self { outcome: Outcome::decode(r)?, by: r.optional()? };
        if read.by.is_none() == (read.outcome == Outcome::Rejected) { Ok(read) } else { Err(fault) }
    }
}

/// The records that carry out what was accepted or ruled, by sequence, rising; 1 to 32.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remedy(pub Vec<u64>);

impl Cbor for Remedy {
    fn encode(&self, w: &mut Writer) {
        w.list(&self.0);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let fault = r.fault("1 to 32 records");
        let records: Vec<u64> = r.rising(MAX_RECORDS, "1 to 32 records in order")?;
        if records.is_empty() { Err(fault) } else { Ok(Self(records)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(insurances: &[u64], months: Option<&str>, parts: &[Part]) -> Scope {
        Scope {
            insurances: insurances.iter().filter_map(|i| Insurance::new(*i)).collect(),
            months: months.map(|m| m.parse().expect("months")),
            parts: parts.to_vec(),
        }
    }

    #[test]
    fn a_scope_holds_what_lies_within() {
        let all = scope(&[], None, Part::ALL);
        let some = scope(&[1, 4], Some("2026-01..2026-06"), &[Part::Who, Part::What]);
        assert!(all.holds(&some) && all.holds(&all) && some.holds(&some));
        assert!(!some.holds(&all));
        assert!(some.holds(&scope(&[4], Some("2026-06"), &[])));
        assert!(!some.holds(&scope(&[2], Some("2026-06"), &[])));
        assert!(!some.holds(&scope(&[], Some("2026-06"), &[])));
        assert!(!some.holds(&scope(&[4], None, &[])));
        assert!(!some.holds(&scope(&[4], Some("2026-06..2026-07"), &[])));
        assert!(!some.holds(&scope(&[4], Some("2026-06"), &[Part::Amount])));
    }

    #[test]
    fn only_a_rejection_gives_no_time() {
        for (outcome, by, good) in [
            (Outcome::Upheld, Some(9), true),
            (Outcome::InPart, None, false),
            (Outcome::Rejected, None, true),
            (Outcome::Rejected, Some(9), false),
        ] {
            let decision = Decision { outcome, by: by.and_then(Time::new) };
            assert_eq!(Decision::from_bytes(&decision.to_bytes()).is_ok(), good, "{decision:?}");
        }
    }

    #[test]
    fn words_are_words() {
        assert!("fell on the stairs of order 17".parse::<Says>().is_ok());
        assert!("x".repeat(512).parse::<Says>().is_ok());
        for bad in [String::new(), "a\u{7}b".to_owned(), "x".repeat(513)] {
            assert!(bad.parse::<Says>().is_err());
        }
    }
}
