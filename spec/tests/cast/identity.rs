//! Who a person is, and which accounts are hers.

use peal_spec::address::Address;
use peal_spec::hash::{Seed, plain};
use peal_spec::identity::{Document, Link, Token};
use peal_spec::statement::*;

use super::{Person, seed};

/// What somebody is known by: an invented document, its salt and its token.
pub fn papers(of: &str) -> (Document, Seed, Token) {
    let number = plain(of.as_bytes()).0.iter().take(8).fold(0u64, |n, byte| n << 8 | u64::from(*byte));
    let document = format!("CN:resident-id:{:017}X", number % 100_000_000_000_000_000).parse().unwrap();
    (document, seed(&format!("salt of {of}"), 0), Token(plain(format!("token of {of}").as_bytes())))
}

impl Person {
    pub fn bind(&mut self, about: Address, of: &str) -> Statement {
        let (document, salt, token) = papers(of);
        let body = IdentityBound { who: self.at(), identity: document.commitment(&salt, &about), token };
        self.say(0, about, None, None, &Body::IdentityBound(body))
    }

    pub fn link(&mut self, about: Address, other: Address) -> Statement {
        let body = AccountLinked { who: self.at(), link: Link(other) };
        self.say(0, about, None, None, &Body::AccountLinked(body))
    }

    pub fn erase(&mut self, about: Address, refers: u64) -> Statement {
        let body = Erased { who: self.at(), says: "it is nobody's business any more".parse().unwrap() };
        self.say(0, about, Some(refers), None, &Body::Erased(body))
    }

    pub fn withdraw(&mut self, about: Address, refers: u64) -> Statement {
        let body = Withdrawn { who: self.at(), says: "it was somebody else".parse().unwrap() };
        self.say(0, about, Some(refers), None, &Body::Withdrawn(body))
    }
}
