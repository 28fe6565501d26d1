//! Marks of tokens: by which two bureaus of different ledgers find whom both have bound, and show each other nobody else.
//!
//! 1. A bureau draws a nonce and makes a [`Tokens`]: of every token that it has bound, a mark under that nonce, sorted. It signs it.
//! 2. The other one makes the marks of its own tokens under the same nonce, and looks for them in the list.
//! 3. Both then speak of places in the list. A mark says nothing to whoever does not have the token.
//!
//! Source: `spec/ledgers.md` §2.

use crate::address::Address;
use crate::cbor::{Cbor, Malformed, Reader, Writer};
use crate::hash::{Seed, Tag, tagged};
use crate::identity::Token;
use crate::key::{PrivateKey, PublicKey};
use crate::value::{Origin, Time};

const TITLE: &str = "peal tokens 1";
/// The most marks in a list.
pub const MAX_MARKS: usize = 1_000_000;
/// The most bytes in the file of a list.
pub const MAX_FILE: usize = 17 * MAX_MARKS + 1024;

/// What stands for a token in one list: 16 bytes.
pub type Mark = Seed;

/// The first 16 bytes of hash no 14: what stands for a token under a nonce.
pub fn mark(nonce: &Seed, token: &Token) -> Mark {
    let full = tagged(Tag::Mark, 2, |w| {
        nonce.encode(w);
        token.encode(w);
    });
    let mut out = [0; 16];
    out.copy_from_slice(&full.0[..16]);
    Seed(out)
}

/// A bureau's list for the bureaus of another ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens {
    /// The ledger in which the tokens are bound.
    pub origin: Origin,
    /// The bureau that has bound them.
    pub bureau: Address,
    /// The ledger whose bureaus the list is for.
    pub with: Origin,
    /// Drawn for this list alone, so that two lists cannot be compared with each other.
    pub nonce: Seed,
    /// When it was made, by the bureau's clock.
    pub time: Time,
    /// Strictly increasing; at most [`MAX_MARKS`].
    pub marks: Vec<Mark>,
}

impl Tokens {
    /// The list of these tokens; none if there are more than [`MAX_MARKS`].
    pub fn new<'t>(
        (origin, bureau): (Origin, Address),
        with: Origin,
        nonce: Seed,
        time: Time,
        tokens: impl Iterator<Item = &'t Token>,
    ) -> Option<Self> {
        let mut marks: Vec<Mark> = tokens.take(MAX_MARKS + 1).map(|token| mark(&nonce, token)).collect();
        if marks.len() > MAX_MARKS {
            return None;
        }
        marks.sort_unstable();
        marks.dedup();
        Some(Self { origin, bureau, with, nonce, time, marks })
    }

    /// Where a token stands in the list.
    pub fn place(&self, token: &Token) -> Option<usize> {
        self.marks.binary_search(&mark(&self.nonce, token)).ok()
    }

    /// The fields, without their array.
    fn encode_fields(&self, w: &mut Writer) {
        w.text(TITLE);
        self.origin.encode(w);
        self.bureau.encode(w);
        self.with.encode(w);
        self.nonce.encode(w);
        self.time.encode(w);
        w.list(&self.marks);
    }

    /// What is signed. It begins with its title, as nothing else does that the key signs.
    fn message(&self) -> Vec<u8> {
        let mut w = Writer::with_capacity(17 * self.marks.len() + 512);
        w.array(7);
        self.encode_fields(&mut w);
        w.into_bytes()
    }

    /// Signs it with the bureau's posting key.
    pub fn sign(self, key: &PrivateKey) -> SignedTokens {
        let signature = key.sign(&self.message());
        SignedTokens { tokens: self, signature }
    }
}

/// A list and its signature: what stands in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedTokens {
    /// The list.
    pub tokens: Tokens,
    /// By the bureau's posting key.
    pub signature: [u8; 64],
}

impl SignedTokens {
    /// Whether this key has signed it.
    pub fn is_signed_by(&self, key: &PublicKey) -> bool {
        key.verifies(&self.tokens.message(), &self.signature)
    }
}

impl Cbor for SignedTokens {
    fn encode(&self, w: &mut Writer) {
        w.array(8);
        self.tokens.encode_fields(w);
        w.bytes(&self.signature);
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(8, "a list of tokens of 8 elements")?;
        let fault = r.fault("`peal tokens 1`");
        if r.text()? != TITLE {
            return Err(fault);
        }
        let (origin, bureau) = (Origin::decode(r)?, Address::decode(r)?);
        let fault = r.fault("another ledger than the first");
        let with = Origin::decode(r)?;
        if with == origin {
            return Err(fault);
        }
        let (nonce, time) = (Seed::decode(r)?, Time::decode(r)?);
        let fault = r.fault("at most 1,000,000 marks");
        let count = r.array()?;
        if count > MAX_MARKS as u64 {
            return Err(fault);
        }
        let mut marks: Vec<Mark> = Vec::new();
        for _ in 0..count {
            let fault = r.fault("marks that increase");
            let mark = Mark::decode(r)?;
            if marks.last().is_some_and(|last| *last >= mark) {
                return Err(fault);
            }
            marks.push(mark);
        }
        let tokens = Tokens { origin, bureau, with, nonce, time, marks };
        Ok(Self { tokens, signature: r.fixed()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::Hash;

    fn list(count: u8) -> Tokens {
        let tokens: Vec<Token> = (0..count).map(|n| Token(Hash([n; 32]))).collect();
        let bureau = Address { number: 5, id: Hash([5; 32]) };
        let (origin, with) = ("a.example/1".parse().unwrap(), "b.example/1".parse().unwrap());
        let time = Time::new(1_790_000_000).unwrap();
        Tokens::new((origin, bureau), with, Seed([9; 16]), time, tokens.iter()).unwrap()
    }

    #[test]
    fn a_list_is_signed_read_and_searched() {
        let key = PrivateKey::new(&[1; 32]);
        let signed = list(5).sign(&key);
        assert!(signed.is_signed_by(&key.public()));
        assert!(!signed.is_signed_by(&PrivateKey::new(&[2; 32]).public()));
        let read = SignedTokens::from_bytes(&signed.to_bytes()).unwrap();
        assert_eq!(read, signed);
        let places: Vec<_> = (0..7).map(|n| read.tokens.place(&Token(Hash([n; 32])))).collect();
        let mut found: Vec<usize> = places[..5].iter().map(|p| p.unwrap()).collect();
        found.sort_unstable();
        assert_eq!((found, &places[5..]), (vec![0, 1, 2, 3, 4], &[None, None][..]));
        // Under another nonce nothing is the same.
        let other = Tokens { nonce: Seed([8; 16]), ..read.tokens.clone() };
        assert_eq!(other.place(&Token(Hash([0; 32]))), None);
        let changed =
            SignedTokens { tokens: Tokens { with: "c.example".parse().unwrap(), ..read.tokens }, ..read };
        assert!(!changed.is_signed_by(&key.public()));
    }

    #[test]
    fn a_token_twice_has_one_mark_and_a_list_may_be_empty() {
        let one = Token(Hash([1; 32]));
        let bureau = Address { number: 5, id: Hash([5; 32]) };
        let from = ("a.example".parse().unwrap(), bureau);
        let time = Time::new(5).unwrap();
        let twice = Tokens::new(from, "b.example".parse().unwrap(), Seed([9; 16]), time, [one, one].iter());
        assert_eq!(twice.unwrap().marks.len(), 1);
        let empty = list(0).sign(&PrivateKey::new(&[1; 32]));
        assert_eq!(SignedTokens::from_bytes(&empty.to_bytes()).unwrap(), empty);
    }

    #[test]
    fn what_is_not_a_list_is_refused() {
        let key = PrivateKey::new(&[1; 32]);
        let says = |tokens: Tokens| SignedTokens::from_bytes(&tokens.sign(&key).to_bytes()).unwrap_err().what;
        let mut swapped = list(3);
        swapped.marks.swap(0, 1);
        assert_eq!(says(swapped), "marks that increase");
        let mut twice = list(3);
        twice.marks.insert(0, twice.marks[0]);
        assert_eq!(says(twice), "marks that increase");
        assert_eq!(
            says(Tokens { with: "a.example/1".parse().unwrap(), ..list(1) }),
            "another ledger than the first"
        );
        let many = Tokens { marks: vec![Seed([0; 16]); MAX_MARKS + 1], ..list(0) };
        assert_eq!(says(many), "at most 1,000,000 marks");
        let bytes = list(2).sign(&key).to_bytes();
        for end in 0..bytes.len() {
            SignedTokens::from_bytes(&bytes[..end]).unwrap_err();
        }
        SignedTokens::from_bytes(&[&bytes[..], &[0]].concat()).unwrap_err();
        let tokens: Vec<Token> = (0..=MAX_MARKS as u32)
            .map(|n| {
                let mut hash = [0; 32];
                hash[..4].copy_from_slice(&n.to_be_bytes());
                Token(Hash(hash))
            })
            .collect();
        let from = ("a.example".parse().unwrap(), list(0).bureau);
        let time = Time::new(5).unwrap();
        assert!(
            Tokens::new(from, "b.example".parse().unwrap(), Seed([9; 16]), time, tokens.iter()).is_none()
        );
    }
}
