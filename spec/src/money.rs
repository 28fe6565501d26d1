//! Money in the facets of what is paid out, given back, earned and promised.
//!
//! Source: `spec/README.md` §5.

use serde::{Deserialize, Serialize};

use crate::cbor::{Cbor, Malformed, Reader, Writer};
use crate::value::{self, AMOUNT_MAX, Currency, Month};

/// An amount and its currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// In minor units of the currency.
    pub amount: u64,
    /// ISO 4217.
    pub currency: Currency,
}

impl Cbor for Money {
    fn encode(&self, w: &mut Writer) {
        w.array(2);
        w.uint(self.amount);
        self.currency.encode(w);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(2, "amount and currency")?;
        Ok(Self { amount: value::amount(r)?, currency: Currency::decode(r)? })
    }
}

/// What the fund gives back of a contribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Returned {
    /// In minor units of the currency.
    pub amount: u64,
    /// The part of it that had gone to the person's own account, in minor units.
    pub credited: u64,
    /// ISO 4217.
    pub currency: Currency,
}

impl Cbor for Returned {
    fn encode(&self, w: &mut Writer) {
        w.array(3);
        w.uint(self.amount);
        w.uint(self.credited);
        self.currency.encode(w);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(3, "amount, credited and currency")?;
        Ok(Self { amount: value::amount(r)?, credited: value::amount(r)?, currency: Currency::decode(r)? })
    }
}

/// The most steps of an award, or balances of one interest.
pub const MAX_LIST: usize = 32;

/// Reads 1 to 32 items.
fn some<T: Cbor>(r: &mut Reader<'_>, what: &'static str) -> Result<Vec<T>, Malformed> {
    let fault = r.fault(what);
    let count = r.array()?;
    if !(1..=MAX_LIST as u64).contains(&count) {
        return Err(fault);
    }
    (0..count).map(|_| T::decode(r)).collect()
}

/// Reads an amount of at least 1.
fn positive(r: &mut Reader<'_>) -> Result<u64, Malformed> {
    let fault = r.fault("an amount of at least 1");
    let amount = value::amount(r)?;
    if amount == 0 { Err(fault) } else { Ok(amount) }
}

/// Reads 1 to `most` months.
fn months(r: &mut Reader<'_>, most: u64) -> Result<u64, Malformed> {
    let fault = r.fault("a number of months");
    let months = u64::decode(r)?;
    if (1..=most).contains(&months) { Ok(months) } else { Err(fault) }
}

/// Interest, and what it was reckoned from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interest {
    /// In minor units of the currency.
    pub amount: u64,
    /// ISO 4217.
    pub currency: Currency,
    /// How many months (1 to 12) which balance, in minor units, bore interest; 1 to 32 of them.
    pub stretches: Vec<Stretch>,
    /// Millionths a year.
    pub rate: u64,
}

/// A balance, for some months.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// In minor units.
    pub balance: u64,
    /// 1 to 12.
    pub months: u64,
}

impl Cbor for Stretch {
    fn encode(&self, w: &mut Writer) {
        w.array(2);
        w.uint(self.balance);
        w.uint(self.months);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(2, "a balance and 1 to 12 months")?;
        Ok(Self { balance: positive(r)?, months: months(r, 12)? })
    }
}

impl Interest {
    /// What balances, months and rate come to, half up.
    pub fn reckoned(&self) -> u128 {
        let sum: u128 = self.stretches.iter().map(|s| u128::from(s.balance) * u128::from(s.months)).sum();
        (sum * u128::from(self.rate) + 6_000_000) / 12_000_000
    }
}

impl Cbor for Interest {
    fn encode(&self, w: &mut Writer) {
        w.array(4);
        w.uint(self.amount);
        self.currency.encode(w);
        w.list(&self.stretches);
        w.uint(self.rate);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(4, "amount, currency, stretches and rate")?;
        let (amount, currency) = (value::amount(r)?, Currency::decode(r)?);
        let stretches = some(r, "1 to 32 balances")?;
        let fault = r.fault("a rate of 1 to 1,000,000 millionths");
        let rate = u64::decode(r)?;
        if !(1..=1_000_000).contains(&rate) {
            return Err(fault);
        }
        Ok(Self { amount, currency, stretches, rate })
    }
}

/// What an award gives, month by month from its first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entitlement {
    /// ISO 4217.
    pub currency: Currency,
    /// One after the other; 1 to 32.
    pub steps: Vec<Step>,
}

/// Some months with the same amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// How many, 1 to 1200.
    pub months: u64,
    /// A month, in minor units.
    pub amount: u64,
}

impl Cbor for Step {
    fn encode(&self, w: &mut Writer) {
        w.array(2);
        w.uint(self.months);
        w.uint(self.amount);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(2, "1 to 1200 months and an amount")?;
        Ok(Self { months: months(r, Entitlement::MAX_MONTHS)?, amount: positive(r)? })
    }
}

impl Entitlement {
    /// The most months that one award may cover.
    pub const MAX_MONTHS: u64 = 1200;

    /// What it gives in a month, if its first is `first`.
    pub fn in_month(&self, first: Month, month: Month) -> Option<u64> {
        let mut after = u64::from(month.ordinal().checked_sub(first.ordinal())?);
        for step in &self.steps {
            match after.checked_sub(step.months) {
                None => return Some(step.amount),
                Some(rest) => after = rest,
            }
        }
        None
    }

    /// How many months it covers.
    pub fn months(&self) -> u64 {
        self.steps.iter().map(|s| s.months).sum()
    }

    /// Whether one award can say it.
    pub fn fits(&self) -> bool {
        self.steps.len() <= MAX_LIST
            && self.months() <= Self::MAX_MONTHS
            && self.total() <= u128::from(AMOUNT_MAX)
    }

    /// What all its months bring, in minor units.
    fn total(&self) -> u128 {
        self.steps.iter().map(|s| u128::from(s.months) * u128::from(s.amount)).sum()
    }
}

impl Cbor for Entitlement {
    fn encode(&self, w: &mut Writer) {
        w.array(2);
        self.currency.encode(w);
        w.list(&self.steps);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let fault = r.fault("steps of at most 1200 months and 2^53 - 1 in all");
        r.array_of(2, "currency and steps")?;
        let read = Self { currency: Currency::decode(r)?, steps: some(r, "1 to 32 steps")? };
        if read.fits() { Ok(read) } else { Err(fault) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Currency;

    fn month(number: u32) -> Month {
        Month::new(number).expect("a month")
    }

    fn cny() -> Currency {
        "CNY".parse().expect("a currency")
    }

    #[test]
    fn steps_follow_one_another_from_the_first_month() {
        let steps = vec![Step { months: 2, amount: 900 }, Step { months: 1, amount: 700 }];
        let stepped = Entitlement { currency: cny(), steps };
        let gives = |m| stepped.in_month(month(202611), month(m));
        assert_eq!(
            [202610, 202611, 202612, 202701, 202702].map(gives),
            [None, Some(900), Some(900), Some(700), None]
        );
        assert_eq!(Entitlement::from_bytes(&stepped.to_bytes()), Ok(stepped));
    }

    #[test]
    fn an_entitlement_has_bounds() {
        let of = |steps: Vec<Step>| {
            Entitlement::from_bytes(&Entitlement { currency: cny(), steps }.to_bytes()).is_ok()
        };
        let step = |months, amount| Step { months, amount };
        assert!(of(vec![step(1200, 1)]));
        assert!(!of(vec![]));
        assert!(!of(vec![step(0, 1)]));
        assert!(!of(vec![step(1, 0)]));
        assert!(!of(vec![step(1200, 1), step(1, 1)]));
        assert!(of(vec![step(1, AMOUNT_MAX)]));
        assert!(!of(vec![step(1, AMOUNT_MAX), step(1, 1)]));
        assert!(of(vec![step(1, 1); 32]));
        assert!(!of(vec![step(1, 1); 33]));
    }

    #[test]
    fn interest_is_rounded_half_up() {
        let of = |balance, months, rate| {
            Interest { amount: 0, currency: cny(), stretches: vec![Stretch { balance, months }], rate }
                .reckoned()
        };
        assert_eq!(of(1_000_000, 12, 61_400), 61_400);
        assert_eq!(of(50, 12, 10_000), 1);
        assert_eq!(of(49, 12, 10_000), 0);
        assert_eq!(of(AMOUNT_MAX, 12, 1_000_000), u128::from(AMOUNT_MAX));
    }
}
