//! The facets of `spec/README.md` §5, each read as the page writes it, with its limits.

use peal_spec::address::Address;
use peal_spec::cbor::{Malformed, Reader};
use peal_spec::hash::Hash;

/// The largest amount: 2^53 − 1.
pub const AMOUNT_MAX: u64 = (1 << 53) - 1;

/// Keys of an account: the signing key, the hash of the next one, the reading key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keys {
    /// Signs postings.
    pub key: [u8; 32],
    /// Hash no 10 of the next signing key.
    pub next: [u8; 32],
    /// Signs reads.
    pub reading: [u8; 32],
}

/// An amount facet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Money {
    /// In minor units.
    pub amount: u64,
    /// The part that goes to the person's own account.
    pub credited: u64,
    /// What it was reckoned on.
    pub base: Option<u64>,
    /// Three letters.
    pub currency: String,
}

/// The amount facet of interest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interest {
    /// In minor units.
    pub amount: u64,
    /// Three letters.
    pub currency: String,
    /// Balances, each with the number of months that it was there.
    pub stretches: Vec<(u64, u64)>,
    /// Millionths a year.
    pub rate: u64,
}

/// The amount facet of an award.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entitlement {
    /// Three letters.
    pub currency: String,
    /// Numbers of months, each with what a month gives, one after the other.
    pub steps: Vec<(u64, u64)>,
}

/// What is looked at, claimed or paid, or may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// None: all.
    pub insurances: Vec<u64>,
    /// The first and the last month; none: all.
    pub months: Option<(u32, u32)>,
    /// Parts of what is read.
    pub parts: Vec<u64>,
}

/// A consent facet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Whose it is.
    pub grantee: Address,
    /// 1 read, 2 claim, 3 pay.
    pub rights: Vec<u64>,
    /// How far it reaches.
    pub scope: Scope,
    /// The first second in which it no longer holds.
    pub until: u64,
    /// Whether it is good for one time.
    pub once: bool,
}

/// A claim facet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Against whom.
    pub party: Address,
    /// Who is to rule.
    pub bureau: Address,
    /// Of what, if it is of one.
    pub insurance: Option<u64>,
    /// The first and the last month.
    pub months: Option<(u32, u32)>,
    /// Records that show it.
    pub records: Vec<u64>,
}

pub(super) type Read<T> = Result<T, Malformed>;

pub(super) fn array(r: &mut Reader<'_>, length: u64) -> Read<()> {
    let fault = r.fault("another length");
    if r.array()? == length { Ok(()) } else { Err(fault) }
}

pub(super) fn limited(r: &mut Reader<'_>, limit: u64) -> Read<u64> {
    let fault = r.fault("too large");
    let value = r.uint()?;
    if value < limit { Ok(value) } else { Err(fault) }
}

pub(super) fn nullable<T>(
    r: &mut Reader<'_>,
    read: impl FnOnce(&mut Reader<'_>) -> Read<T>,
) -> Read<Option<T>> {
    if r.null() { Ok(None) } else { read(r).map(Some) }
}

pub(super) fn bytes32(r: &mut Reader<'_>) -> Read<[u8; 32]> {
    let fault = r.fault("32 bytes");
    r.bytes()?.try_into().map_err(|_| fault)
}

pub(super) fn text(r: &mut Reader<'_>, limit: usize) -> Read<String> {
    let fault = r.fault("a text");
    let text = r.text()?;
    if text.is_empty() || text.len() > limit || text.chars().any(char::is_control) {
        return Err(fault);
    }
    Ok(text.to_owned())
}

pub(super) fn address(r: &mut Reader<'_>) -> Read<Address> {
    array(r, 2)?;
    Ok(Address { number: limited(r, 1 << 40)?, id: Hash(bytes32(r)?) })
}

pub(super) fn time(r: &mut Reader<'_>) -> Read<u64> {
    limited(r, 1 << 40)
}

pub(super) fn insurance(r: &mut Reader<'_>) -> Read<u64> {
    let fault = r.fault("an insurance");
    let code = r.uint()?;
    if (1..=65535).contains(&code) { Ok(code) } else { Err(fault) }
}

pub(super) fn keys(r: &mut Reader<'_>) -> Read<Keys> {
    array(r, 3)?;
    Ok(Keys { key: bytes32(r)?, next: bytes32(r)?, reading: bytes32(r)? })
}

pub(super) fn recovery(r: &mut Reader<'_>) -> Read<(Vec<Address>, u64, u64)> {
    array(r, 3)?;
    let fault = r.fault("guardians");
    let count = r.array()?;
    if count > 16 {
        return Err(fault);
    }
    let guardians = (0..count).map(|_| address(r)).collect::<Read<Vec<_>>>()?;
    let need = r.uint()?;
    let twice = (1..guardians.len()).any(|i| guardians[..i].iter().any(|g| g.number == guardians[i].number));
    let right = !twice && if count == 0 { need == 0 } else { (1..=count).contains(&need) };
    if right { Ok((guardians, need, time(r)?)) } else { Err(fault) }
}

pub(super) fn role(r: &mut Reader<'_>) -> Read<(u64, Vec<u64>, Option<u64>)> {
    array(r, 3)?;
    let fault = r.fault("a role");
    let role = r.uint()?;
    let count = r.array()?;
    let insurances = (0..count).map(|_| insurance(r)).collect::<Read<Vec<_>>>()?;
    let increasing = (1..insurances.len()).all(|i| insurances[i - 1] < insurances[i]);
    if !(1..=6).contains(&role) || !increasing {
        return Err(fault);
    }
    Ok((role, insurances, nullable(r, time)?))
}

/// A number from 1 to `most`.
pub(super) fn positive(r: &mut Reader<'_>, most: u64) -> Read<u64> {
    let fault = r.fault("zero, or too large");
    let value = r.uint()?;
    if (1..=most).contains(&value) { Ok(value) } else { Err(fault) }
}

pub(super) fn amount(r: &mut Reader<'_>) -> Read<u64> {
    limited(r, AMOUNT_MAX + 1)
}

pub(super) fn currency(r: &mut Reader<'_>) -> Read<String> {
    let fault = r.fault("a currency");
    let currency = r.text()?;
    let right = currency.len() == 3 && currency.bytes().all(|b| b.is_ascii_uppercase());
    if right { Ok(currency.to_owned()) } else { Err(fault) }
}

pub(super) fn money(r: &mut Reader<'_>) -> Read<Money> {
    array(r, 4)?;
    let (whole, credited) = (amount(r)?, amount(r)?);
    Ok(Money { amount: whole, credited, base: nullable(r, amount)?, currency: currency(r)? })
}

/// An amount and its currency.
pub(super) fn sum(r: &mut Reader<'_>) -> Read<(u64, String)> {
    array(r, 2)?;
    Ok((amount(r)?, currency(r)?))
}

/// An amount, the part of it that was credited, the currency.
pub(super) fn returned(r: &mut Reader<'_>) -> Read<(u64, u64, String)> {
    array(r, 3)?;
    Ok((amount(r)?, amount(r)?, currency(r)?))
}

/// 1 to 32 pairs of numbers.
pub(super) fn pairs(
    r: &mut Reader<'_>,
    read: impl Fn(&mut Reader<'_>) -> Read<(u64, u64)>,
) -> Read<Vec<(u64, u64)>> {
    let fault = r.fault("none, or too many");
    let count = r.array()?;
    if !(1..=32).contains(&count) {
        return Err(fault);
    }
    let pair = |_| {
        array(r, 2)?;
        read(r)
    };
    (0..count).map(pair).collect()
}

pub(super) fn interest(r: &mut Reader<'_>) -> Read<Interest> {
    array(r, 4)?;
    let (amount, currency) = (amount(r)?, currency(r)?);
    let stretches = pairs(r, |r| Ok((positive(r, AMOUNT_MAX)?, positive(r, 12)?)))?;
    Ok(Interest { amount, currency, stretches, rate: positive(r, 1_000_000)? })
}

pub(super) fn entitlement(r: &mut Reader<'_>) -> Read<Entitlement> {
    array(r, 2)?;
    let fault = r.fault("too many months, or too much");
    let currency = currency(r)?;
    let steps = pairs(r, |r| Ok((positive(r, 1200)?, positive(r, AMOUNT_MAX)?)))?;
    let months: u64 = steps.iter().map(|(months, _)| months).sum();
    let brings: u128 = steps.iter().map(|(months, amount)| u128::from(*months) * u128::from(*amount)).sum();
    if months <= 1200 && brings <= u128::from(AMOUNT_MAX) {
        Ok(Entitlement { currency, steps })
    } else {
        Err(fault)
    }
}

pub(super) fn period(r: &mut Reader<'_>) -> Read<(u64, u64)> {
    let fault = r.fault("a period that ends before it starts");
    array(r, 2)?;
    let (start, end) = (time(r)?, time(r)?);
    if start <= end { Ok((start, end)) } else { Err(fault) }
}

pub(super) fn evidence(r: &mut Reader<'_>) -> Read<()> {
    array(r, 3)?;
    let fault = r.fault("evidence of nothing");
    let orders = nullable(r, |r| limited(r, 1 << 53))?;
    let shift = nullable(r, period)?;
    let place = nullable(r, |r| text(r, 64))?;
    if orders.is_none() && shift.is_none() && place.is_none() { Err(fault) } else { Ok(()) }
}

/// Evidence of an engagement: the end of its period, which it must have.
pub(super) fn worked(r: &mut Reader<'_>) -> Read<u64> {
    array(r, 3)?;
    nullable(r, |r| limited(r, 1 << 53))?;
    let (_, end) = period(r)?;
    nullable(r, |r| text(r, 64))?;
    Ok(end)
}

/// An issuer and a text: its reference, or a reason.
pub(super) fn signed_text(r: &mut Reader<'_>, limit: usize) -> Read<(Address, String)> {
    array(r, 2)?;
    Ok((address(r)?, text(r, limit)?))
}

/// Source, issuer, reference.
pub(super) fn payer(r: &mut Reader<'_>) -> Read<(u64, Address, String)> {
    array(r, 3)?;
    Ok((positive(r, 4)?, address(r)?, text(r, 64)?))
}

/// Insurance and fund.
pub(super) fn what(r: &mut Reader<'_>) -> Read<(u64, Address)> {
    array(r, 3)?;
    let insurance = insurance(r)?;
    text(r, 32)?;
    Ok((insurance, address(r)?))
}

/// `least` to `most` numbers, each greater than the one before.
pub(super) fn rising(
    r: &mut Reader<'_>,
    (least, most): (u64, u64),
    read: impl Fn(&mut Reader<'_>) -> Read<u64>,
) -> Read<Vec<u64>> {
    let fault = r.fault("too few, too many, or not in order");
    let count = r.array()?;
    if count < least || count > most {
        return Err(fault);
    }
    let numbers = (0..count).map(|_| read(r)).collect::<Read<Vec<_>>>()?;
    if (1..numbers.len()).all(|i| numbers[i - 1] < numbers[i]) { Ok(numbers) } else { Err(fault) }
}

/// Records of the account, at most 32.
pub(super) fn records(r: &mut Reader<'_>, least: u64) -> Read<Vec<u64>> {
    rising(r, (least, 32), |r| limited(r, 1 << 53))
}

pub(super) fn month(r: &mut Reader<'_>) -> Read<u32> {
    let fault = r.fault("a month");
    let month = r.uint()?;
    let right = (190_001..=299_912).contains(&month) && (1..=12).contains(&(month % 100));
    if right { Ok(month as u32) } else { Err(fault) }
}

/// The first and the last month.
pub(super) fn months(r: &mut Reader<'_>) -> Read<(u32, u32)> {
    let fault = r.fault("months of which the last comes first");
    array(r, 2)?;
    let (first, last) = (month(r)?, month(r)?);
    if first <= last { Ok((first, last)) } else { Err(fault) }
}

fn scope(r: &mut Reader<'_>) -> Read<Scope> {
    let insurances = rising(r, (0, 65_535), insurance)?;
    let months = nullable(r, months)?;
    Ok(Scope { insurances, months, parts: rising(r, (0, 5), |r| positive(r, 5))? })
}

pub(super) fn consent(r: &mut Reader<'_>) -> Read<Consent> {
    array(r, 8)?;
    let grantee = address(r)?;
    text(r, 128)?;
    let rights = rising(r, (1, 3), |r| positive(r, 3))?;
    let (scope, until) = (scope(r)?, time(r)?);
    Ok(Consent { grantee, rights, scope, until, once: r.bool()? })
}

pub(super) fn looked(r: &mut Reader<'_>) -> Read<Scope> {
    array(r, 4)?;
    text(r, 128)?;
    scope(r)
}

/// The kind of a claim, and the claim.
pub(super) fn claim(r: &mut Reader<'_>) -> Read<(u64, Claim)> {
    array(r, 6)?;
    let kind = positive(r, 5)?;
    let (party, bureau) = (address(r)?, address(r)?);
    let insurance = nullable(r, insurance)?;
    let months = nullable(r, months)?;
    Ok((kind, Claim { party, bureau, insurance, months, records: records(r, 0)? }))
}

/// Whether the party accepts the claim, and records that show why.
pub(super) fn answer(r: &mut Reader<'_>) -> Read<(bool, Vec<u64>)> {
    array(r, 2)?;
    Ok((r.bool()?, records(r, 0)?))
}

/// The outcome; a time until which the party has to act goes with it unless the claim is rejected.
pub(super) fn ruling(r: &mut Reader<'_>) -> Read<u64> {
    array(r, 2)?;
    let fault = r.fault("a time for nothing, or none for something");
    let (outcome, by) = (positive(r, 3)?, nullable(r, time)?);
    if by.is_none() == (outcome == 3) { Ok(outcome) } else { Err(fault) }
}
