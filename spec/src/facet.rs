//! The facets that statements are made of, and that accounts' states remember.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::cbor::{Cbor, Malformed, Reader, Writer};
use crate::hash::Hash;
use crate::key::PublicKey;
use crate::role::Role;
use crate::value::{self, BadValue, Currency, Insurance, Text, Time};

/// The payer's own reference of a payment.
pub type Reference = Text<64>;

/// Who pays a contribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u64)]
pub enum Source {
    /// A platform, for those who work through it.
    Platform = 1,
    /// An employer.
    Employer = 2,
    /// The person herself.
    Self_ = 3,
    /// A public subsidy.
    Subsidy = 4,
}

impl Source {
    /// All sources.
    pub const ALL: [Source; 4] = [Source::Platform, Source::Employer, Source::Self_, Source::Subsidy];

    /// The role that its issuer must have; none for the person herself.
    pub fn role(self) -> Option<Role> {
        match self {
            Source::Platform => Some(Role::Platform),
            Source::Employer => Some(Role::Employer),
            Source::Self_ => None,
            Source::Subsidy => Some(Role::SubsidyPayer),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Source::Platform => "platform",
            Source::Employer => "employer",
            Source::Self_ => "self",
            Source::Subsidy => "subsidy",
        })
    }
}

impl FromStr for Source {
    type Err = BadValue;
    fn from_str(text: &str) -> Result<Self, BadValue> {
        let found = Self::ALL.into_iter().find(|s| s.to_string() == text);
        found.ok_or(BadValue("a source: platform, employer, self or subsidy"))
    }
}

impl Cbor for Source {
    #[inline]
    fn encode(&self, w: &mut Writer) {
        w.uint(*self as u64);
    }
    #[inline]
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let fault = r.fault("a source code");
        let code = r.uint()?;
        Self::ALL.into_iter().find(|s| *s as u64 == code).ok_or(fault)
    }
}

/// Who says it, and its own reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referenced {
    /// The posting's issuer.
    pub issuer: Address,
    /// The issuer's own: the number of an order, of a file, of a transfer.
    pub reference: Reference,
}

impl Cbor for Referenced {
    #[inline]
    fn encode(&self, w: &mut Writer) {
        w.array(2);
        self.issuer.encode(w);
        self.reference.encode(w);
    }
    #[inline]
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(2, "issuer and reference")?;
        Ok(Self { issuer: Address::decode(r)?, reference: Reference::decode(r)? })
    }
}

/// The keys of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keys {
    /// Signs postings.
    pub key: PublicKey,
    /// Commitment (hash no 10) to the next signing key.
    pub next: Hash,
    /// Signs reads, and nothing else.
    pub reading: PublicKey,
}

impl Cbor for Keys {
    fn encode(&self, w: &mut Writer) {
        w.array(3);
        self.key.encode(w);
        self.next.encode(w);
        self.reading.encode(w);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(3, "keys of 3 elements")?;
        Ok(Self { key: PublicKey::decode(r)?, next: Hash::decode(r)?, reading: PublicKey::decode(r)? })
    }
}

/// Who may help to recover an account, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovery {
    /// Accounts that may approve; at most 16, no two of one number.
    pub guardians: Vec<Address>,
    /// How many of them must.
    pub need: u64,
    /// Seconds during which the present key can veto.
    pub delay: Time,
}

impl Recovery {
    /// The most guardians.
    pub const MAX_GUARDIANS: usize = 16;

    pub(crate) fn encode_fields(&self, w: &mut Writer) {
        w.list(&self.guardians);
        w.uint(self.need);
        self.delay.encode(w);
    }

    pub(crate) fn decode_fields(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let fault =
            r.fault("at most 16 guardians, each once, 1 to their number of whom are needed (0 of none)");
        let guardians: Vec<Address> = r.list()?;
        let need = u64::decode(r)?;
        let count = guardians.len() as u64;
        let mut numbers: Vec<u64> = guardians.iter().map(|guardian| guardian.number).collect();
        numbers.sort_unstable();
        let twice = numbers.windows(2).any(|two| two[0] == two[1]);
        if twice || guardians.len() > Self::MAX_GUARDIANS || need > count || (need == 0) != (count == 0) {
            return Err(fault);
        }
        Ok(Self { guardians, need, delay: Time::decode(r)? })
    }
}

impl Cbor for Recovery {
    fn encode(&self, w: &mut Writer) {
        w.array(3);
        self.encode_fields(w);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(3, "a recovery policy of 3 elements")?;
        Self::decode_fields(r)
    }
}

/// What a contribution is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct What {
    /// The insurance.
    pub insurance: Insurance,
    /// The scheme under which it is paid.
    pub scheme: Text<32>,
    /// The fund that is to receive it.
    pub fund: Address,
}

impl Cbor for What {
    #[inline]
    fn encode(&self, w: &mut Writer) {
        w.array(3);
        self.insurance.encode(w);
        self.scheme.encode(w);
        self.fund.encode(w);
    }
    #[inline]
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(3, "insurance, scheme and fund")?;
        Ok(Self { insurance: Insurance::decode(r)?, scheme: Text::decode(r)?, fund: Address::decode(r)? })
    }
}

/// How much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    /// Paid, in minor units of the currency.
    pub amount: u64,
    /// The part that goes to the person's own account, in minor units.
    pub credited: u64,
    /// What it was reckoned on, in minor units.
    pub base: Option<u64>,
    /// The currency.
    pub currency: Currency,
}

impl Amount {
    /// Whether it is at least 1 and no more is credited than paid.
    pub fn in_range(&self) -> bool {
        self.amount >= 1 && self.credited <= self.amount
    }
}

impl Cbor for Amount {
    #[inline]
    fn encode(&self, w: &mut Writer) {
        w.array(4);
        w.uint(self.amount);
        w.uint(self.credited);
        w.optional(self.base.as_ref());
        self.currency.encode(w);
    }
    #[inline]
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(4, "amount, credited, base and currency")?;
        let (amount, credited) = (value::amount(r)?, value::amount(r)?);
        Ok(Self { amount, credited, base: r.optional()?, currency: Currency::decode(r)? })
    }
}

/// The work behind a contribution. Not all three are absent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// How many orders.
    pub orders: Option<u64>,
    /// From when to when.
    pub shift: Option<(Time, Time)>,
    /// Where, coarsely.
    pub place: Option<Text<64>>,
}

impl Evidence {
    /// Reads the evidence of an engagement, whose period is never absent.
    ///
    /// # Errors
    /// [`Malformed`] for every other shape.
    pub fn of_work(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let fault = r.fault("a period of work");
        let read = Self::decode(r)?;
        if read.shift.is_some() { Ok(read) } else { Err(fault) }
    }
}

impl Cbor for Evidence {
    #[inline]
    fn encode(&self, w: &mut Writer) {
        w.array(3);
        w.optional(self.orders.as_ref());
        match &self.shift {
            Some((start, end)) => {
                w.array(2);
                start.encode(w);
                end.encode(w);
            }
            None => w.null(),
        }
        w.optional(self.place.as_ref());
    }
    #[inline]
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let fault = r.fault("orders, shift and place, not all absent");
        r.array_of(3, "orders, shift and place")?;
        let orders = r.optional()?;
        let shift = if r.null() {
            None
        } else {
            r.array_of(2, "start and end")?;
            let (start, end) = (Time::decode(r)?, Time::decode(r)?);
            if start > end {
                return Err(fault);
            }
            Some((start, end))
        };
        let place = r.optional()?;
        if orders.is_none() && shift.is_none() && place.is_none() {
            return Err(fault);
        }
        Ok(Self { orders, shift, place })
    }
}
