//! What a person is given when she is bound: with it she shows whom she likes that the account is hers.

use std::path::Path;

use peal_spec::address::Address;
use peal_spec::hash::Seed;
use peal_spec::identity::Document;
use peal_spec::verify::{IdentityShown, Verdict};
use zeroize::Zeroizing;

use crate::disk;
use crate::trouble::Trouble;

const TITLE: &str = "peal identity 1";

/// A document and the salt under which an account was bound to it.
pub struct Opening {
    /// The account.
    pub address: Address,
    /// The document.
    pub document: Document,
    /// The salt.
    pub salt: Seed,
}

impl Opening {
    /// Writes it to a new file, readable by its owner only; false if the same is there already.
    ///
    /// # Errors
    /// Unusable if something else is there, or it cannot be written.
    pub fn write(&self, path: &Path) -> Result<bool, Trouble> {
        let text = Zeroizing::new(format!("{TITLE}\n{}\n{}\n{}\n", self.address, self.document, self.salt));
        let there = disk::read_if_there(path, 4096).unwrap_or_default().map(Zeroizing::new);
        if there.is_some_and(|bytes| bytes.as_slice() == text.as_bytes()) {
            return Ok(false);
        }
        disk::create(path, text.as_bytes()).map(|()| true)
    }

    /// Reads it.
    ///
    /// # Errors
    /// Unusable if it is none.
    pub fn read(path: &Path) -> Result<Self, Trouble> {
        let bad = || {
            let remedy = "ask the person for the file that the bureau gave her: `peal identity bind --out`";
            Trouble::unusable("this is no opening of an identity", path.display(), remedy)
        };
        let bytes = Zeroizing::new(disk::read(path, 4096)?);
        let text = std::str::from_utf8(&bytes).map_err(|_| bad())?;
        let lines: Vec<&str> = text.lines().collect();
        let [TITLE, address, document, salt] = lines.as_slice() else { return Err(bad()) };
        Ok(Self {
            address: address.parse().map_err(|_| bad())?,
            document: document.parse().map_err(|_| bad())?,
            salt: salt.parse().map_err(|_| bad())?,
        })
    }

    /// The bindings to this document that a proof shows: those that stand, first.
    pub fn found<'v>(&self, verdict: &'v Verdict) -> Vec<&'v IdentityShown> {
        let commitment = self.document.commitment(&self.salt, &self.address).to_string();
        let own = verdict.address == self.address.to_string();
        let bound = |shown: &&IdentityShown| own && shown.commitment.as_ref() == Some(&commitment);
        let mut found: Vec<_> = verdict.identities.iter().filter(bound).collect();
        found.sort_by_key(|shown| shown.stands != Some(true));
        found
    }
}
