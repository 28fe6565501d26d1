//! The facets of `spec/moving.md`, each read as the page writes it, with its limits.

use peal_spec::address::Address;
use peal_spec::cbor::Reader;

use super::shapes::{
    Read, address, amount, array, bytes32, currency, insurance, limited, months, nullable, text,
};

/// Where an account goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct To {
    /// The ledger.
    pub origin: String,
    /// The account there.
    pub address: Address,
    /// The bureau of this ledger that watches over it.
    pub bureau: Option<Address>,
}

/// What an account came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct From {
    /// The ledger.
    pub origin: String,
    /// The account there.
    pub address: Address,
    /// Its departure; none where a bureau rules.
    pub departure: Option<u64>,
    /// How many records it had.
    pub size: u64,
    /// The root of its tree.
    pub root: [u8; 32],
    /// The bureau of this ledger that watches over it.
    pub bureau: Option<Address>,
}

/// What is shown of another ledger.
#[derive(Clone, PartialEq, Eq)]
pub struct Shown {
    /// A trust list.
    pub list: Vec<u8>,
    /// A proof file.
    pub file: Vec<u8>,
}

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a list of {} bytes and a file of {}", self.list.len(), self.file.len())
    }
}

/// Money that goes along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// From the person's own account.
    pub own: u64,
    /// From the pooled fund, for her.
    pub pooled: u64,
    /// What the fund that she leaves keeps of that.
    pub kept: u64,
    /// Three letters.
    pub currency: String,
}

/// A text without white space and without a plus sign.
fn origin(r: &mut Reader<'_>) -> Read<String> {
    let fault = r.fault("a name of a key");
    let origin = text(r, 100)?;
    if origin.chars().any(|c| c.is_whitespace() || c == '+') { Err(fault) } else { Ok(origin) }
}

/// 1 to `most` bytes.
fn some_bytes(r: &mut Reader<'_>, most: usize) -> Read<Vec<u8>> {
    let fault = r.fault("nothing, or too much");
    let bytes = r.bytes()?;
    if (1..=most).contains(&bytes.len()) { Ok(bytes.to_vec()) } else { Err(fault) }
}

pub(super) fn to(r: &mut Reader<'_>) -> Read<To> {
    array(r, 3)?;
    Ok(To { origin: origin(r)?, address: address(r)?, bureau: nullable(r, address)? })
}

/// A sequence, or how many records there are.
pub(super) fn sequence(r: &mut Reader<'_>) -> Read<u64> {
    limited(r, 1 << 53)
}

pub(super) fn from(r: &mut Reader<'_>) -> Read<From> {
    array(r, 6)?;
    Ok(From {
        origin: origin(r)?,
        address: address(r)?,
        departure: nullable(r, sequence)?,
        size: sequence(r)?,
        root: bytes32(r)?,
        bureau: nullable(r, address)?,
    })
}

pub(super) fn shown(r: &mut Reader<'_>) -> Read<Shown> {
    array(r, 2)?;
    Ok(Shown { list: some_bytes(r, 8_192)?, file: some_bytes(r, 32_768)? })
}

pub(super) fn moved(r: &mut Reader<'_>) -> Read<Moved> {
    array(r, 4)?;
    Ok(Moved { own: amount(r)?, pooled: amount(r)?, kept: amount(r)?, currency: currency(r)? })
}

/// A ledger, and a list of it, unless it is recognised no more.
pub(super) fn ledger(r: &mut Reader<'_>) -> Read<(String, Option<Vec<u8>>)> {
    array(r, 2)?;
    Ok((origin(r)?, nullable(r, |r| some_bytes(r, 8_192))?))
}

/// What a paper says: its last month.
pub(super) fn paper(r: &mut Reader<'_>) -> Read<u32> {
    array(r, 6)?;
    insurance(r)?;
    text(r, 32)?;
    text(r, 128)?;
    let (_, last) = months(r)?;
    amount(r)?;
    currency(r)?;
    Ok(last)
}

/// What a paper was read from.
pub(super) fn source(r: &mut Reader<'_>) -> Read<()> {
    array(r, 3)?;
    text(r, 128)?;
    bytes32(r)?;
    nullable(r, |r| text(r, 32))?;
    Ok(())
}
