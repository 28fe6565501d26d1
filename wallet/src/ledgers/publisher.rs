//! Whoever publishes a directory: a key of its own, in a file that only its owner can read.

use std::path::Path;

use peal_spec::hash::Hash;
use peal_spec::key::PrivateKey;
use peal_spec::note::{KeyType, VerifierKey};
use peal_spec::value::Origin;
use zeroize::Zeroizing;

use crate::disk;
use crate::trouble::Trouble;
use crate::words::random;

const TITLE: &str = "peal ledgers key 1";

/// A publisher's name and key.
#[derive(Debug)]
pub struct Publisher {
    /// The name that its directories have.
    pub name: Origin,
    /// What signs them.
    pub key: PrivateKey,
}

impl Publisher {
    /// Makes a key in a new file.
    ///
    /// # Errors
    /// Unusable if the file is there already, or cannot be written.
    pub fn create(path: &Path, name: &Origin) -> Result<Self, Trouble> {
        let secret = random::<32>()?;
        let text = Zeroizing::new(format!("{TITLE}\n{name}\n{}\n", Hash(*secret)));
        disk::create(path, text.as_bytes())?;
        Ok(Self { name: name.clone(), key: PrivateKey::new(&secret) })
    }

    /// Reads it.
    ///
    /// # Errors
    /// Unusable if it is none, or if others can read it.
    pub fn read(path: &Path) -> Result<Self, Trouble> {
        let bad = |what: &str| {
            let remedy =
                "make a key with `peal ledgers key FILE --name NAME`, or put it back from a safe copy";
            Trouble::unusable(what, path.display(), remedy)
        };
        let bytes = Zeroizing::new(disk::read(path, 1024)?);
        disk::demand_private(path, "the publisher's key")?;
        let text = std::str::from_utf8(&bytes).map_err(|_| bad("this is no publisher's key"))?;
        let lines: Vec<&str> = text.lines().collect();
        let [TITLE, name, secret] = lines.as_slice() else { return Err(bad("this is no publisher's key")) };
        let name = name.parse().map_err(|_| bad("the second line is not the publisher's name"))?;
        let secret: Hash = secret.parse().map_err(|_| bad("the third line is not 64 hexadecimal digits"))?;
        Ok(Self { name, key: PrivateKey::new(&Zeroizing::new(secret.0)) })
    }

    /// What its readers pin.
    pub fn verifier(&self) -> VerifierKey {
        VerifierKey { name: self.name.clone(), kind: KeyType::Ed25519, key: self.key.public() }
    }
}
