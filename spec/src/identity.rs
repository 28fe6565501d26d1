//! What binds an account to a person: documents, the commitments to them, and tokens that are the same for the same document.
//!
//! Source: `spec/README.md` §5 and §8, **Identity**. How a token comes about is the bureau's and the blinding office's affair (RFC 9497); a
//! ledger takes it as it is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::cbor::{Cbor, Malformed, Reader, Writer};
use crate::hash::{Hash, Seed, Tag, tagged};
use crate::text::Text;
use crate::value::BadValue;

/// What a person is known by: `COUNTRY:kind:NUMBER`.
///
/// ```
/// use peal_spec::identity::Document;
///
/// let document: Document = "CN:resident-id:11010519491231002X".parse().unwrap();
/// assert_eq!((document.country(), document.kind(), document.number()), ("CN", "resident-id", "11010519491231002X"));
/// for bad in ["cn:resident-id:1", "CN:resident id:1", "CN:resident-id:1-2", "CN:resident-id:", "CN:1", "CN:passport:e1"] {
///     assert!(bad.parse::<Document>().is_err(), "{bad}");
/// }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Document(Text<64>);

const BAD: BadValue = BadValue(
    "a document: the country in two capital letters, a kind in small letters and hyphens, and the number in capital letters and digits, as CN:resident-id:11010519491231002X",
);

impl Document {
    fn part(&self, at: usize) -> &str {
        self.0.as_str().split(':').nth(at).unwrap_or_default()
    }

    /// The country's ISO 3166 code.
    pub fn country(&self) -> &str {
        self.part(0)
    }

    /// What kind of document it is.
    pub fn kind(&self) -> &str {
        self.part(1)
    }

    /// Its number.
    pub fn number(&self) -> &str {
        self.part(2)
    }

    /// Its bytes: what a blinding office's function is taken of.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Hash no 11: binds the document to an account, for whoever knows the salt.
    pub fn commitment(&self, salt: &Seed, account: &Address) -> Hash {
        tagged(Tag::Identity, 3, |w| {
            salt.encode(w);
            account.id.encode(w);
            self.0.encode(w);
        })
    }
}

impl FromStr for Document {
    type Err = BadValue;
    fn from_str(text: &str) -> Result<Self, BadValue> {
        let parts: Vec<&str> = text.split(':').collect();
        let [country, kind, number] = parts[..] else { return Err(BAD) };
        let capital = |c: u8| c.is_ascii_uppercase();
        let good = country.len() == 2
            && country.bytes().all(capital)
            && !kind.is_empty()
            && kind.bytes().all(|c| c.is_ascii_lowercase() || c == b'-')
            && !number.is_empty()
            && number.bytes().all(|c| capital(c) || c.is_ascii_digit());
        if good { text.parse().map(Self).map_err(|_| BAD) } else { Err(BAD) }
    }
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

/// Nobody's number is printed by accident.
impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document({}:{}:…)", self.country(), self.kind())
    }
}

/// 32 bytes that are the same for the same document, whoever binds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Token(pub Hash);

impl Cbor for Token {
    fn encode(&self, w: &mut Writer) {
        self.0.encode(w);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        Hash::decode(r).map(Self)
    }
}

/// Another account of the same person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link(pub Address);

impl Cbor for Link {
    fn encode(&self, w: &mut Writer) {
        self.0.encode(w);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        Address::decode(r).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_not_printed_for_developers() {
        let document: Document = "CN:resident-id:11010519491231002X".parse().expect("a document");
        assert_eq!(format!("{document:?}"), "Document(CN:resident-id:…)");
        assert_eq!(document.to_string(), "CN:resident-id:11010519491231002X");
        assert!(format!("CN:resident-id:{}", "1".repeat(50)).parse::<Document>().is_err());
    }
}
