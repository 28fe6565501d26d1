//! The small values that statements are made of: times, months, amounts, insurances, texts.
//!
//! Each type can hold only what `spec/README.md` §2 allows; it is parsed at the border and trusted inside.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::cbor::{Cbor, Malformed, Reader, Writer};

pub use crate::text::Text;

/// Seconds since 1970-01-01T00:00:00Z, below 2^40.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Time(u64);

impl Time {
    /// The first second past what a time can hold.
    pub const LIMIT: u64 = 1 << 40;

    /// The last time there is.
    pub const MAX: Self = Self(Self::LIMIT - 1);

    /// A time, if it is below [`Time::LIMIT`].
    pub fn new(seconds: u64) -> Option<Self> {
        (seconds < Self::LIMIT).then_some(Self(seconds))
    }

    /// Seconds since 1970.
    pub fn seconds(self) -> u64 {
        self.0
    }

    /// Year, month and day in UTC (proleptic Gregorian).
    ///
    /// Source: the days-from-civil algorithm, inverted; exact for all times that fit.
    pub fn date(self) -> (u64, u64, u64) {
        let days = self.0 / 86_400 + 719_468;
        let era = days / 146_097;
        let day_of_era = days % 146_097;
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        (year_of_era + era * 400 + u64::from(month <= 2), month, day)
    }

    /// The calendar month in UTC; the last one that a [`Month`] can hold for times beyond it.
    pub fn month(self) -> Month {
        let (year, month, _) = self.date();
        Month::new((year.min(2999)) as u32 * 100 + month as u32).unwrap_or(Month::LAST)
    }
}

/// Days from 1970-01-01 to a date of the year 1 or later; none before 1970.
///
/// Source: the days-from-civil algorithm.
fn days_since_1970(year: u64, month: u64, day: u64) -> Option<u64> {
    let shifted_year = if month <= 2 { year - 1 } else { year };
    let era = shifted_year / 400;
    let year_of_era = shifted_year % 400;
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let days = era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    days.checked_sub(719_468)
}

impl fmt::Display for Time {
    /// ISO 8601 in UTC to the second.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.date();
        let s = self.0 % 86_400;
        write!(f, "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", s / 3600, s / 60 % 60, s % 60)
    }
}

impl FromStr for Time {
    type Err = BadValue;
    /// Reads `2026-01-01T00:00:00Z` and nothing else.
    fn from_str(text: &str) -> Result<Self, BadValue> {
        let bad = BadValue("a time as 2026-01-01T00:00:00Z");
        let bytes = text.as_bytes();
        if bytes.len() != 20 || !text.is_ascii() {
            return Err(bad);
        }
        let number = |from: usize, to: usize| -> Result<u64, BadValue> {
            let part = &bytes[from..to];
            if !part.iter().all(u8::is_ascii_digit) {
                return Err(bad);
            }
            Ok(part.iter().fold(0, |n, b| n * 10 + u64::from(b - b'0')))
        };
        let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'Z')];
        if marks.iter().any(|(i, c)| bytes[*i] != *c) {
            return Err(bad);
        }
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        if year < 1970 || !(1..=12).contains(&month) || day < 1 || hour > 23 || minute > 59 || second > 59 {
            return Err(bad);
        }
        let days = days_since_1970(year, month, day).ok_or(bad)?;
        let time = Time::new(days * 86_400 + hour * 3600 + minute * 60 + second).ok_or(bad)?;
        // 31 April is the 1st of May to the arithmetic above; it is not a date.
        if time.date() == (year, month, day) { Ok(time) } else { Err(bad) }
    }
}

impl Cbor for Time {
    #[inline]
    fn encode(&self, w: &mut Writer) {
        w.uint(self.0);
    }
    #[inline]
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self(r.below(Self::LIMIT, "a time below 2^40")?))
    }
}

/// A day in UTC, as days since 1970-01-01.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Day(u64);

impl Day {
    /// Days since 1970-01-01.
    pub fn number(self) -> u64 {
        self.0
    }

    /// A day from its number, if a time can lie in it.
    pub fn new(number: u64) -> Option<Self> {
        number.checked_mul(86_400).and_then(Time::new).map(|_| Self(number))
    }

    /// The day before; none before the first.
    pub fn before(self) -> Option<Self> {
        self.0.checked_sub(1).map(Self)
    }

    /// The day after; none after the last.
    pub fn after(self) -> Option<Self> {
        Self::new(self.0 + 1)
    }

    /// A day of a month, or the last one of it if it has fewer; days before 1970 give the first one.
    pub fn of_month(month: Month, day: u64) -> Self {
        let (year, of_year) = (u64::from(month.year()), u64::from(month.of_year()));
        let first = days_since_1970(year, of_year, 1);
        let next = if of_year == 12 { (year + 1, 1) } else { (year, of_year + 1) };
        let length = days_since_1970(next.0, next.1, 1).zip(first).map_or(1, |(next, first)| next - first);
        first.map_or(Self(0), |first| Self(first + day.clamp(1, length) - 1))
    }

    /// The month it lies in.
    pub fn month(self) -> Month {
        self.time().month()
    }

    /// Its first second.
    pub fn time(self) -> Time {
        Time(self.0 * 86_400)
    }
}

impl From<Time> for Day {
    fn from(time: Time) -> Self {
        Self(time.0 / 86_400)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.time().date();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Day {
    type Err = BadValue;
    /// Reads `2026-01-31`.
    fn from_str(text: &str) -> Result<Self, BadValue> {
        let time = format!("{text}T00:00:00Z").parse::<Time>();
        time.map(Self::from).map_err(|_| BadValue("a day as 2026-01-31"))
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.to_string()
    }
}

impl TryFrom<String> for Day {
    type Error = BadValue;
    fn try_from(text: String) -> Result<Self, BadValue> {
        text.parse()
    }
}

/// A calendar month as year × 100 + month, 190001 to 299912.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Month(u32);

impl Month {
    /// The last one.
    pub const LAST: Self = Self(299_912);

    /// A month from its number, such as `202601`.
    pub fn new(number: u32) -> Option<Self> {
        let ok = (1900..=2999).contains(&(number / 100)) && (1..=12).contains(&(number % 100));
        ok.then_some(Self(number))
    }

    /// Year × 100 + month.
    pub fn number(self) -> u32 {
        self.0
    }

    /// The year.
    pub fn year(self) -> u32 {
        self.0 / 100
    }

    /// 1 to 12.
    pub fn of_year(self) -> u32 {
        self.0 % 100
    }

    /// Months since 1900-01; consecutive months differ by one.
    pub fn ordinal(self) -> u32 {
        (self.year() - 1900) * 12 + self.of_year() - 1
    }

    /// A month from its ordinal; none past the last.
    pub fn from_ordinal(ordinal: u32) -> Option<Self> {
        if ordinal > Self::LAST.ordinal() {
            return None;
        }
        Self::new((1900 + ordinal / 12) * 100 + ordinal % 12 + 1)
    }

    /// The month after; the last month has none.
    pub fn next(self) -> Option<Self> {
        if self.of_year() == 12 { Self::new((self.year() + 1) * 100 + 1) } else { Self::new(self.0 + 1) }
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year(), self.of_year())
    }
}

impl fmt::Debug for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Month {
    type Err = BadValue;
    /// Reads `2026-01`.
    fn from_str(text: &str) -> Result<Self, BadValue> {
        let bad = BadValue("a month as 2026-01");
        let (year, month) = text.split_once('-').ok_or(bad)?;
        if year.len() != 4 || month.len() != 2 || !text.bytes().all(|b| b.is_ascii_digit() || b == b'-') {
            return Err(bad);
        }
        let number = |s: &str| s.parse::<u32>().map_err(|_| bad);
        Self::new(number(year)? * 100 + number(month)?).ok_or(bad)
    }
}

impl Cbor for Month {
    #[inline]
    fn encode(&self, w: &mut Writer) {
        w.uint(u64::from(self.0));
    }
    #[inline]
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let fault = r.fault("a month as 202601");
        u32::try_from(r.uint()?).ok().and_then(Self::new).ok_or(fault)
    }
}

/// The largest amount, in minor units, that a statement or a total may hold: 2^53 − 1.
pub const AMOUNT_MAX: u64 = (1 << 53) - 1;

/// Reads an amount in minor units.
///
/// # Errors
/// [`Malformed`] above [`AMOUNT_MAX`].
pub(crate) fn amount(r: &mut Reader<'_>) -> Result<u64, Malformed> {
    r.below(AMOUNT_MAX + 1, "an amount of at most 2^53 − 1")
}

/// An ISO 4217 code: three letters A–Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Currency([u8; 3]);

impl Currency {
    /// A currency from its code, if that is three letters A–Z.
    pub fn new(code: [u8; 3]) -> Option<Self> {
        code.iter().all(u8::is_ascii_uppercase).then_some(Self(code))
    }

    /// The letters.
    pub fn bytes(self) -> [u8; 3] {
        self.0
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        // Three ASCII letters by construction.
        std::str::from_utf8(&self.0).unwrap_or("???")
    }

    /// Decimal digits of the minor unit (ISO 4217): 2 for most, 0 or 3 for some.
    pub fn digits(self) -> usize {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG" | b"RWF"
            | b"UGX" | b"UYI" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            b"CLF" | b"UYW" => 4,
            _ => 2,
        }
    }

    /// Writes minor units as a decimal with all digits of the currency: `1234` CNY is `12.34`.
    ///
    /// ```
    /// # use peal_spec::value::Currency;
    /// let cny: Currency = "CNY".parse().unwrap();
    /// assert_eq!(cny.format(123_456), "1234.56");
    /// assert_eq!(cny.parse_amount("1234.5").unwrap(), 123_450);
    /// assert_eq!(cny.parse_amount("1.234").unwrap_err().to_string(), "expected an amount in CNY with at most 2 decimals, such as 12.34");
    /// ```
    pub fn format(self, minor: u64) -> String {
        let digits = self.digits();
        let unit = 10u64.pow(digits as u32);
        if digits == 0 { minor.to_string() } else { format!("{}.{:0digits$}", minor / unit, minor % unit) }
    }

    /// Reads a decimal with a point into minor units, exactly.
    ///
    /// # Errors
    /// [`BadAmount`] for signs, too many decimals, anything above [`AMOUNT_MAX`], or anything else.
    pub fn parse_amount(self, text: &str) -> Result<u64, BadAmount> {
        let bad = BadAmount { currency: self };
        let digits = self.digits();
        let (whole, part) = match text.split_once('.') {
            Some((w, p)) if !p.is_empty() && p.len() <= digits => (w, p),
            Some(_) => return Err(bad),
            None => (text, ""),
        };
        if whole.is_empty()
            || whole.len() > 16
            || !whole.bytes().chain(part.bytes()).all(|b| b.is_ascii_digit())
        {
            return Err(bad);
        }
        let mut minor = 0u64;
        for b in whole.bytes().chain(part.bytes()).chain(std::iter::repeat_n(b'0', digits - part.len())) {
            minor = minor.checked_mul(10).and_then(|m| m.checked_add(u64::from(b - b'0'))).ok_or(bad)?;
        }
        if minor <= AMOUNT_MAX { Ok(minor) } else { Err(bad) }
    }
}

/// Text that is no amount in its currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadAmount {
    currency: Currency,
}

impl fmt::Display for BadAmount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let example = self.currency.format(1234);
        write!(
            f,
            "expected an amount in {} with at most {} decimals, such as {example}",
            self.currency,
            self.currency.digits()
        )
    }
}
impl std::error::Error for BadAmount {}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Currency {
    type Err = BadValue;
    fn from_str(text: &str) -> Result<Self, BadValue> {
        let code: [u8; 3] = text.as_bytes().try_into().map_err(|_| BadValue("a currency as CNY"))?;
        Self::new(code).ok_or(BadValue("a currency as CNY"))
    }
}

impl Cbor for Currency {
    #[inline]
    fn encode(&self, w: &mut Writer) {
        w.text_of(&self.0);
    }
    #[inline]
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let fault = r.fault("a currency of three letters A–Z");
        let code: [u8; 3] = r.utf8(<[u8]>::is_ascii)?.try_into().map_err(|_| fault)?;
        Self::new(code).ok_or(fault)
    }
}

/// An insurance by its code, 1 to 65535. Codes beyond the named ones are carried and shown as numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Insurance(u16);

impl Insurance {
    /// The named insurances, in order of their codes from 1.
    pub const NAMES: [&'static str; 9] = [
        "pension",
        "medical",
        "unemployment",
        "work-injury",
        "maternity",
        "housing",
        "training",
        "severance",
        "long-term-care",
    ];
    /// How many codes there are.
    pub const COUNT: u64 = u16::MAX as u64;
    /// Pension, code 1.
    pub const PENSION: Self = Self(1);
    /// Medical, code 2.
    pub const MEDICAL: Self = Self(2);
    /// Work injury, code 4.
    pub const WORK_INJURY: Self = Self(4);

    /// An insurance from its code.
    pub fn new(code: u64) -> Option<Self> {
        u16::try_from(code).ok().filter(|c| *c > 0).map(Self)
    }

    /// The code.
    pub fn code(self) -> u16 {
        self.0
    }
}

impl fmt::Display for Insurance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Self::NAMES.get(usize::from(self.0) - 1) {
            Some(name) => f.write_str(name),
            None => write!(f, "{}", self.0),
        }
    }
}

impl fmt::Debug for Insurance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Insurance {
    type Err = BadValue;
    /// Reads a name or a number.
    fn from_str(text: &str) -> Result<Self, BadValue> {
        let code = match Self::NAMES.iter().position(|n| *n == text) {
            Some(i) => i as u64 + 1,
            None => text.parse().unwrap_or(0),
        };
        Self::new(code).ok_or(BadValue(
            "an insurance: pension, medical, unemployment, work-injury, maternity, housing, training, severance, long-term-care, or a number",
        ))
    }
}

impl Cbor for Insurance {
    #[inline]
    fn encode(&self, w: &mut Writer) {
        w.uint(u64::from(self.0));
    }
    #[inline]
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let fault = r.fault("an insurance code from 1 to 65535");
        Self::new(r.uint()?).ok_or(fault)
    }
}

/// The name of a ledger, which is also the name of its checkpoint key.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Origin(Text<100>);

impl Origin {
    /// The name.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl FromStr for Origin {
    type Err = BadValue;
    fn from_str(text: &str) -> Result<Self, BadValue> {
        let bad = BadValue(
            "an origin: a name such as ledger.example/2026 of at most 100 bytes, without space or +",
        );
        if text.chars().any(|c| c.is_whitespace() || c == '+') {
            return Err(bad);
        }
        text.parse().map(Self).map_err(|_| bad)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Cbor for Origin {
    fn encode(&self, w: &mut Writer) {
        self.0.encode(w);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let fault = r.fault("an origin");
        r.text()?.parse().map_err(|_| fault)
    }
}

/// Text that is not a value of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {0}")]
pub struct BadValue(pub &'static str);
