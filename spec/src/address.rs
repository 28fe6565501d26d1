//! Addresses: an account's number and id, in bech32m for people.
//!
//! Source: BIP 350, `spec/README.md` §4.

use std::fmt;
use std::str::FromStr;

use bech32::primitives::decode::CheckedHrpstring;
use bech32::{Bech32m, Hrp};
use serde::{Deserialize, Serialize};

use crate::cbor::{Cbor, Malformed, Reader, Writer};
use crate::hash::Hash;

/// Account numbers are below this.
pub const NUMBER_LIMIT: u64 = 1 << 40;

const PREFIX: Hrp = Hrp::parse_unchecked("peal");

/// An account's number in its ledger and its id, the statement root of its opening.
///
/// ```
/// # use peal_spec::{address::Address, hash::Hash};
/// let address = Address { number: 7, id: Hash([9; 32]) };
/// let text = address.to_string();
/// assert!(text.starts_with("peal1"));
/// assert_eq!(text.parse::<Address>().unwrap(), address);
/// let mistyped = text.replacen('q', "p", 1);
/// assert!(mistyped.parse::<Address>().unwrap_err().to_string().contains("mistyped"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Address {
    /// Place in the directory, below 2^40.
    pub number: u64,
    /// Statement root of the opening.
    pub id: Hash,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut data = [0; 38];
        data[0] = 1;
        data[1..6].copy_from_slice(&self.number.to_be_bytes()[3..]);
        data[6..].copy_from_slice(&self.id.0);
        let text = bech32::encode::<Bech32m>(PREFIX, &data).map_err(|_| fmt::Error)?;
        f.write_str(&text)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Text that is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an address: {0}")]
pub struct BadAddress(&'static str);

impl FromStr for Address {
    type Err = BadAddress;
    fn from_str(text: &str) -> Result<Self, BadAddress> {
        if text.len() > 90 {
            return Err(BadAddress("it is too long; copy it again, from `peal1` to its end"));
        }
        let checked = CheckedHrpstring::new::<Bech32m>(text)
            .map_err(|_| BadAddress("it was mistyped or cut; copy it again, from `peal1` to its end"))?;
        if checked.hrp() != PREFIX {
            return Err(BadAddress("it does not start with `peal1`"));
        }
        let mut data = [0; 38];
        let mut bytes = checked.byte_iter();
        for byte in &mut data {
            *byte = bytes.next().ok_or(BadAddress("it is too short"))?;
        }
        if bytes.next().is_some() {
            return Err(BadAddress("it is too long"));
        }
        if data[0] != 1 {
            return Err(BadAddress("it is of a later version than this program knows"));
        }
        let mut number = [0; 8];
        number[3..].copy_from_slice(&data[1..6]);
        let mut id = [0; 32];
        id.copy_from_slice(&data[6..]);
        let address = Self { number: u64::from_be_bytes(number), id: Hash(id) };
        // One address has one text: padding bits are zero.
        if address.to_string() == text.to_ascii_lowercase() {
            Ok(address)
        } else {
            Err(BadAddress("its padding is not zero"))
        }
    }
}

impl Cbor for Address {
    #[inline]
    fn encode(&self, w: &mut Writer) {
        w.array(2);
        w.uint(self.number);
        self.id.encode(w);
    }
    #[inline]
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(2, "an address")?;
        Ok(Self { number: r.below(NUMBER_LIMIT, "an account number below 2^40")?, id: Hash::decode(r)? })
    }
}
