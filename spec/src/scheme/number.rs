//! Exact fractions, and how they are rounded.
//!
//! Source: `spec/schemes.md` §2. Nothing is rounded that a pack does not round, and what does not fit is refused.

use std::fmt;
use std::str::FromStr;

use num_rational::Ratio;
use num_traits::{CheckedAdd, CheckedDiv, CheckedMul, CheckedSub, Signed, ToPrimitive, Zero};

use crate::value::{AMOUNT_MAX, Currency};

/// An exact fraction whose numerator and denominator fit in 127 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Number(Ratio<i128>);

/// Why a number could not be reckoned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadNumber {
    /// Numerator or denominator does not fit.
    #[error("the number is too large")]
    TooLarge,
    /// A division by zero.
    #[error("division by zero")]
    ByZero,
    /// An amount below zero.
    #[error("the amount is below zero")]
    Negative,
}

/// What becomes of the part that a step does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// To the nearest; halves away from zero.
    HalfUp,
    /// To the nearest; halves to the even one.
    HalfEven,
    /// Away from zero.
    Up,
    /// Toward zero.
    Down,
    /// Not below: what `up` in a formula does.
    Ceiling,
    /// Not above: what `down` in a formula does.
    Floor,
}

/// To what a number is rounded, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rounding {
    /// A multiple of this, which is above zero.
    pub to: Number,
    /// How.
    pub mode: Mode,
}

impl Number {
    /// Zero.
    pub const ZERO: Self = Self(Ratio::new_raw(0, 1));
    /// One.
    pub const ONE: Self = Self(Ratio::new_raw(1, 1));

    /// The sum.
    ///
    /// # Errors
    /// [`BadNumber::TooLarge`], as with the others.
    pub fn plus(self, other: Self) -> Result<Self, BadNumber> {
        fits(self.0.checked_add(&other.0))
    }

    /// The difference.
    ///
    /// # Errors
    /// [`BadNumber::TooLarge`].
    pub fn minus(self, other: Self) -> Result<Self, BadNumber> {
        fits(self.0.checked_sub(&other.0))
    }

    /// The product.
    ///
    /// # Errors
    /// [`BadNumber::TooLarge`].
    pub fn times(self, other: Self) -> Result<Self, BadNumber> {
        fits(self.0.checked_mul(&other.0))
    }

    /// The quotient.
    ///
    /// # Errors
    /// [`BadNumber::ByZero`], [`BadNumber::TooLarge`].
    pub fn over(self, other: Self) -> Result<Self, BadNumber> {
        if other.0.is_zero() {
            return Err(BadNumber::ByZero);
        }
        fits(self.0.checked_div(&other.0))
    }

    /// The negative.
    ///
    /// # Errors
    /// [`BadNumber::TooLarge`].
    pub fn negative(self) -> Result<Self, BadNumber> {
        Self::ZERO.minus(self)
    }

    /// Whether it is below zero.
    pub fn is_negative(self) -> bool {
        self.0.is_negative()
    }

    /// Whether it is above zero.
    pub fn is_positive(self) -> bool {
        self.0.is_positive()
    }

    /// The multiple of `rounding.to` that its mode says.
    ///
    /// ```
    /// # use peal_spec::scheme::{Mode, Number, Rounding};
    /// let cent = |mode| Rounding { to: "0.01".parse().unwrap(), mode };
    /// let half: Number = "1.005".parse().unwrap();
    /// assert_eq!(half.rounded(cent(Mode::HalfUp)).unwrap().to_string(), "1.01");
    /// assert_eq!(half.rounded(cent(Mode::HalfEven)).unwrap().to_string(), "1");
    /// ```
    ///
    /// # Errors
    /// [`BadNumber`] if it cannot be reckoned.
    pub fn rounded(self, rounding: Rounding) -> Result<Self, BadNumber> {
        let steps = self.over(rounding.to)?.0;
        let (down, part) = (steps.trunc(), steps.fract().abs());
        let twice = i128::checked_mul(*part.numer(), 2).ok_or(BadNumber::TooLarge)?;
        let odd = down.numer() % 2 != 0;
        let negative = steps.is_negative();
        let away = match rounding.mode {
            Mode::HalfUp => twice >= *part.denom(),
            Mode::HalfEven => twice > *part.denom() || (twice == *part.denom() && odd),
            Mode::Up => !part.is_zero(),
            Mode::Down => false,
            Mode::Ceiling => !part.is_zero() && !negative,
            Mode::Floor => !part.is_zero() && negative,
        };
        let one = Self(Ratio::from_integer(if negative { -1 } else { 1 }));
        let whole = if away { Self(down).plus(one)? } else { Self(down) };
        whole.times(rounding.to)
    }

    /// So many minor units of a currency.
    pub fn of_minor(minor: u64, currency: Currency) -> Self {
        Self(Ratio::new(i128::from(minor), unit(currency)))
    }

    /// Minor units of a currency, rounded half up.
    ///
    /// # Errors
    /// [`BadNumber`] below zero or above what an amount holds.
    pub fn minor(self, currency: Currency) -> Result<u64, BadNumber> {
        if self.is_negative() {
            return Err(BadNumber::Negative);
        }
        let units = self.times(Self(Ratio::from_integer(unit(currency))))?;
        let whole = units.rounded(Rounding { to: Self::ONE, mode: Mode::HalfUp })?;
        whole.whole().filter(|minor| *minor <= AMOUNT_MAX).ok_or(BadNumber::TooLarge)
    }

    /// As a whole number that is not below zero, if it is one.
    pub fn whole(self) -> Option<u64> {
        self.0.is_integer().then(|| self.0.to_integer().to_u64()).flatten()
    }

    /// As a decimal of at most so many places, rounded half up, without zeros at the end.
    pub fn decimal(self, places: u32) -> String {
        let step = Self(Ratio::new(1, 10i128.pow(places.min(30))));
        let Ok(rounded) = self.rounded(Rounding { to: step, mode: Mode::HalfUp }) else {
            return "(too large)".to_owned();
        };
        let sign = if rounded.is_negative() { "-" } else { "" };
        let (whole, mut part) = (rounded.0.trunc().abs(), rounded.0.fract().abs());
        let mut digits = String::new();
        while !part.is_zero() && digits.len() < 30 {
            part *= 10;
            digits.push_str(&part.trunc().to_integer().to_string());
            part = part.fract();
        }
        let point = if digits.is_empty() { "" } else { "." };
        format!("{sign}{}{point}{digits}", whole.to_integer())
    }
}

/// What was reckoned, if it has a negative: the least number of 128 bits has none.
fn fits(found: Option<Ratio<i128>>) -> Result<Number, BadNumber> {
    found.filter(|ratio| *ratio.numer() > i128::MIN).map(Number).ok_or(BadNumber::TooLarge)
}

/// Minor units in one unit.
fn unit(currency: Currency) -> i128 {
    10i128.pow(u32::try_from(currency.digits()).unwrap_or(2))
}

impl From<u64> for Number {
    fn from(whole: u64) -> Self {
        Self(Ratio::from_integer(i128::from(whole)))
    }
}

impl From<i64> for Number {
    fn from(whole: i64) -> Self {
        Self(Ratio::from_integer(i128::from(whole)))
    }
}

impl fmt::Display for Number {
    /// All digits of a decimal; twelve places of what is none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.decimal(12))
    }
}

/// Text that is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a decimal as 0.128, with at most 15 digits before and 12 after the point")]
pub struct NoNumber;

impl FromStr for Number {
    type Err = NoNumber;
    fn from_str(text: &str) -> Result<Self, NoNumber> {
        let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
        let (whole, part) = match digits.split_once('.') {
            Some((_, "")) => return Err(NoNumber),
            Some((whole, part)) => (whole, part),
            None => (digits, ""),
        };
        let fits = (1..=15).contains(&whole.len()) && part.len() <= 12;
        if !fits || !whole.bytes().chain(part.bytes()).all(|b| b.is_ascii_digit()) {
            return Err(NoNumber);
        }
        let bytes = whole.bytes().chain(part.bytes());
        let numerator = bytes.fold(0i128, |n, b| n * 10 + i128::from(b - b'0'));
        Ok(Self(Ratio::new(sign * numerator, 10i128.pow(u32::try_from(part.len()).unwrap_or(0)))))
    }
}
