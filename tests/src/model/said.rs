//! What a statement says: its head and facets read as `spec/README.md` §5 writes them, into plain values.
//!
//! Here are refusals 20 (`unknown-type`) and 21 (`malformed-facet`); everything else is judged on what is read.

use peal_spec::address::Address;
use peal_spec::cbor::{Malformed, Reader, Writer};
use peal_spec::hash::Hash;
use peal_spec::refusal::{Code, Refusal};
use peal_spec::statement::Statement;

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

/// What a statement says, beyond its head.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the page")]
pub enum Said {
    Opened { who: Option<Address>, keys: Keys, guardians: Vec<Address>, need: u64, delay: u64 },
    Rotated { who: Address, keys: Keys },
    Granted { who: Address, role: u64, insurances: Vec<u64>, until: Option<u64> },
    Revoked { who: Address },
    Contribution { source: u64, who: Address, reference: String, insurance: u64, fund: Address, money: Money },
    Settlement { who: Address, money: Money },
    Correction { who: Address, money: Option<Money> },
    RecoveryApproved { who: Address, keys: Keys },
    RecoveryVetoed { who: Address },
    RecoveryCompleted { who: Address, keys: Keys },
    RecoveryChanged { who: Address, keys: Keys, guardians: Vec<Address>, need: u64, delay: u64 },
}

impl Said {
    /// The issuer that *who* names; none for a self-opening.
    pub fn who(&self) -> Option<Address> {
        match self {
            Said::Opened { who, .. } => *who,
            Said::Rotated { who, .. }
            | Said::Granted { who, .. }
            | Said::Revoked { who }
            | Said::Contribution { who, .. }
            | Said::Settlement { who, .. }
            | Said::Correction { who, .. }
            | Said::RecoveryApproved { who, .. }
            | Said::RecoveryVetoed { who }
            | Said::RecoveryCompleted { who, .. }
            | Said::RecoveryChanged { who, .. } => Some(*who),
        }
    }
}

type Read<T> = Result<T, Malformed>;

fn array(r: &mut Reader<'_>, length: u64) -> Read<()> {
    let fault = r.fault("another length");
    if r.array()? == length { Ok(()) } else { Err(fault) }
}

fn limited(r: &mut Reader<'_>, limit: u64) -> Read<u64> {
    let fault = r.fault("too large");
    let value = r.uint()?;
    if value < limit { Ok(value) } else { Err(fault) }
}

fn nullable<T>(r: &mut Reader<'_>, read: impl FnOnce(&mut Reader<'_>) -> Read<T>) -> Read<Option<T>> {
    if r.null() { Ok(None) } else { read(r).map(Some) }
}

fn bytes32(r: &mut Reader<'_>) -> Read<[u8; 32]> {
    let fault = r.fault("32 bytes");
    r.bytes()?.try_into().map_err(|_| fault)
}

fn text(r: &mut Reader<'_>, limit: usize) -> Read<String> {
    let fault = r.fault("a text");
    let text = r.text()?;
    if text.is_empty() || text.len() > limit || text.chars().any(char::is_control) {
        return Err(fault);
    }
    Ok(text.to_owned())
}

fn address(r: &mut Reader<'_>) -> Read<Address> {
    array(r, 2)?;
    Ok(Address { number: limited(r, 1 << 40)?, id: Hash(bytes32(r)?) })
}

fn time(r: &mut Reader<'_>) -> Read<u64> {
    limited(r, 1 << 40)
}

fn insurance(r: &mut Reader<'_>) -> Read<u64> {
    let fault = r.fault("an insurance");
    let code = r.uint()?;
    if (1..=65535).contains(&code) { Ok(code) } else { Err(fault) }
}

fn keys(r: &mut Reader<'_>) -> Read<Keys> {
    array(r, 3)?;
    Ok(Keys { key: bytes32(r)?, next: bytes32(r)?, reading: bytes32(r)? })
}

fn recovery(r: &mut Reader<'_>) -> Read<(Vec<Address>, u64, u64)> {
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

fn role(r: &mut Reader<'_>) -> Read<(u64, Vec<u64>, Option<u64>)> {
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

fn money(r: &mut Reader<'_>) -> Read<Money> {
    array(r, 4)?;
    let (amount, credited) = (limited(r, AMOUNT_MAX + 1)?, limited(r, AMOUNT_MAX + 1)?);
    let base = nullable(r, |r| limited(r, AMOUNT_MAX + 1))?;
    let fault = r.fault("a currency");
    let currency = r.text()?;
    if currency.len() != 3 || !currency.bytes().all(|b| b.is_ascii_uppercase()) {
        return Err(fault);
    }
    Ok(Money { amount, credited, base, currency: currency.to_owned() })
}

fn evidence(r: &mut Reader<'_>) -> Read<()> {
    array(r, 3)?;
    let fault = r.fault("evidence");
    let orders = nullable(r, |r| limited(r, 1 << 53))?;
    let shift = nullable(r, |r| {
        array(r, 2)?;
        Ok((time(r)?, time(r)?))
    })?;
    let place = nullable(r, |r| text(r, 64))?;
    let nothing = orders.is_none() && shift.is_none() && place.is_none();
    if nothing || shift.is_some_and(|(start, end)| start > end) { Err(fault) } else { Ok(()) }
}

/// The names of the facets of each type, in order; empty for types that do not exist.
fn names(kind: u64) -> &'static [&'static str] {
    match kind {
        1 | 11 => &["who", "keys", "recovery"],
        2 | 8 | 10 => &["who", "keys"],
        3 => &["who", "role"],
        4 | 9 => &["who"],
        5 => &["who", "what", "amount", "evidence"],
        6 | 7 => &["who", "amount"],
        _ => &[],
    }
}

/// The facets of a statement, taken by name.
struct Facets<'s> {
    names: &'static [&'static str],
    facets: Vec<&'s [u8]>,
}

impl Facets<'_> {
    fn take<T>(&self, name: &str, read: impl FnOnce(&mut Reader<'_>) -> Read<T>) -> Result<T, Refusal> {
        let refusal = Refusal::new(Code::MalformedFacet, name);
        let place = self.names.iter().position(|n| *n == name).ok_or_else(|| refusal.clone())?;
        let mut r = Reader::new(self.facets[place]);
        let value = read(&mut r).map_err(|_| refusal.clone())?;
        r.end().map_err(|_| refusal)?;
        Ok(value)
    }
}

/// Reads a statement.
///
/// # Errors
/// `unknown-type` or `malformed-facet`.
pub fn read(statement: &Statement) -> Result<Said, Refusal> {
    let names = names(statement.kind);
    if names.is_empty() {
        return Err(Refusal::new(Code::UnknownType, "type"));
    }
    let malformed = |field: &str| Err(Refusal::new(Code::MalformedFacet, field));
    if statement.address.is_some() != (statement.kind != 1) {
        return malformed("address");
    }
    if statement.refers.is_some() != matches!(statement.kind, 4 | 6 | 7) {
        return malformed("refers");
    }
    if statement.month.is_some() != matches!(statement.kind, 5..=7) {
        return malformed("month");
    }
    if statement.facets.len() != names.len() {
        return malformed("facets");
    }
    let facets = Facets { names, facets: statement.facets.iter().collect() };
    Ok(match statement.kind {
        1 => {
            let who = facets.take("who", |r| nullable(r, address))?;
            let keys = facets.take("keys", keys)?;
            let (guardians, need, delay) = facets.take("recovery", recovery)?;
            Said::Opened { who, keys, guardians, need, delay }
        }
        2 => Said::Rotated { who: facets.take("who", address)?, keys: facets.take("keys", keys)? },
        3 => {
            let who = facets.take("who", address)?;
            let (role, insurances, until) = facets.take("role", role)?;
            Said::Granted { who, role, insurances, until }
        }
        4 => Said::Revoked { who: facets.take("who", address)? },
        5 => {
            let (source, who, reference) = facets.take("who", |r| {
                array(r, 3)?;
                let fault = r.fault("a source");
                let source = r.uint()?;
                let rest = (source, address(r)?, text(r, 64)?);
                if (1..=4).contains(&source) { Ok(rest) } else { Err(fault) }
            })?;
            let (insurance, fund) = facets.take("what", |r| {
                array(r, 3)?;
                let insurance = insurance(r)?;
                text(r, 32)?;
                Ok((insurance, address(r)?))
            })?;
            let money = facets.take("amount", money)?;
            facets.take("evidence", |r| nullable(r, evidence))?;
            Said::Contribution { source, who, reference, insurance, fund, money }
        }
        8 => Said::RecoveryApproved { who: facets.take("who", address)?, keys: facets.take("keys", keys)? },
        9 => Said::RecoveryVetoed { who: facets.take("who", address)? },
        10 => Said::RecoveryCompleted { who: facets.take("who", address)?, keys: facets.take("keys", keys)? },
        11 => {
            let (who, keys) = (facets.take("who", address)?, facets.take("keys", keys)?);
            let (guardians, need, delay) = facets.take("recovery", recovery)?;
            Said::RecoveryChanged { who, keys, guardians, need, delay }
        }
        kind => {
            let who = facets.take("who", |r| {
                array(r, 2)?;
                let who = address(r)?;
                text(r, if kind == 6 { 64 } else { 128 })?;
                Ok(who)
            })?;
            if kind == 6 {
                Said::Settlement { who, money: facets.take("amount", money)? }
            } else {
                Said::Correction { who, money: facets.take("amount", |r| nullable(r, money))? }
            }
        }
    })
}

/// Writes an address into an open array.
pub fn write_address(w: &mut Writer, address: &Address) {
    w.array(2);
    w.uint(address.number);
    w.bytes(&address.id.0);
}

/// Writes a number or null.
pub fn write_maybe(w: &mut Writer, value: Option<u64>) {
    match value {
        Some(value) => w.uint(value),
        None => w.null(),
    }
}
