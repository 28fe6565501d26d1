//! What a bureau has bound: which account, by which record, to which token. A sealed file beside the wallet.
//!
//! The ledger shows a token to nobody, so whoever wants to compare tokens with another bureau keeps its own. A binding is noted after it is
//! recorded; a crash in between loses the note and not the binding, and `peal identity bind`, run again, notes it.

use std::path::PathBuf;

use peal_spec::address::Address;
use peal_spec::cbor::{Cbor, Malformed, Reader, Writer};
use peal_spec::identity::Token;

use crate::disk;
use crate::trouble::Trouble;
use crate::wallet::Wallet;

const TITLE: &str = "peal bound 1";

/// A binding that this bureau has made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The account.
    pub account: Address,
    /// The record that binds it.
    pub sequence: u64,
    /// What it is bound to.
    pub token: Token,
    /// Whether it stands, as far as this bureau knows: others can withdraw it, too.
    pub stands: bool,
}

impl Cbor for Bound {
    fn encode(&self, w: &mut Writer) {
        w.array(4);
        self.account.encode(w);
        w.uint(self.sequence);
        self.token.encode(w);
        w.bool(self.stands);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(4, "a binding of 4 elements")?;
        Ok(Self {
            account: Cbor::decode(r)?,
            sequence: Cbor::decode(r)?,
            token: Cbor::decode(r)?,
            stands: r.bool()?,
        })
    }
}

/// All bindings of a wallet, in the order in which they were noted.
#[derive(Debug)]
pub struct Bindings {
    path: PathBuf,
    all: Vec<Bound>,
}

fn read(bytes: &[u8]) -> Result<Vec<Bound>, Malformed> {
    let mut r = Reader::new(bytes);
    r.array_of(2, "title and bindings")?;
    let fault = r.fault("`peal bound 1`");
    if r.text()? != TITLE {
        return Err(fault);
    }
    let all = r.list()?;
    r.end()?;
    Ok(all)
}

impl Bindings {
    /// Those of an open wallet.
    ///
    /// # Errors
    /// Unusable if the file is damaged, or was sealed for another wallet.
    pub fn of(wallet: &Wallet) -> Result<Self, Trouble> {
        let path = disk::beside(wallet.path(), ".bound");
        let Some(file) = disk::read_if_there(&path, disk::MAX_FILE)? else {
            return Ok(Self { path, all: Vec::new() });
        };
        let bad = |what: String| {
            let remedy = "put back a copy of the file; without one, move it away and bind the accounts again: what stands is noted anew";
            Trouble::unusable(what, path.display(), remedy)
        };
        let body = wallet.sealer().unseal(&file);
        let body = body.map_err(|e| bad(format!("what this bureau has bound does not open: {e}")))?;
        let all = read(&body).map_err(|e| bad(format!("what this bureau has bound cannot be read: {e}")))?;
        Ok(Self { path, all })
    }

    /// All of them.
    pub fn all(&self) -> &[Bound] {
        &self.all
    }

    /// Those that stand.
    pub fn standing(&self) -> impl Iterator<Item = &Bound> {
        self.all.iter().filter(|bound| bound.stands)
    }

    /// Notes a binding that is recorded and stands. One token is bound once, so what it was bound to before stands no more.
    ///
    /// # Errors
    /// Unusable if the file cannot be written.
    pub fn note(
        &mut self,
        wallet: &Wallet,
        account: Address,
        sequence: u64,
        token: Token,
    ) -> Result<(), Trouble> {
        let known = |bound: &Bound| (bound.account, bound.sequence) == (account, sequence);
        if self.standing().any(|bound| known(bound) && bound.token == token) {
            return Ok(());
        }
        self.all.retain(|bound| !known(bound));
        self.all.iter_mut().filter(|bound| bound.token == token).for_each(|bound| bound.stands = false);
        self.all.push(Bound { account, sequence, token, stands: true });
        self.save(wallet)
    }

    /// Notes that a record was withdrawn, if it is a binding that this bureau has made.
    ///
    /// # Errors
    /// Unusable if the file cannot be written.
    pub fn withdrawn(&mut self, wallet: &Wallet, account: Address, sequence: u64) -> Result<(), Trouble> {
        let mut stood = false;
        for bound in self.all.iter_mut().filter(|b| (b.account, b.sequence) == (account, sequence)) {
            stood |= std::mem::replace(&mut bound.stands, false);
        }
        if stood { self.save(wallet) } else { Ok(()) }
    }

    /// Notes which of those that stand do so, as somebody says who knows; returns how many do not any more.
    ///
    /// # Errors
    /// What `stands` says; unusable if the file cannot be written.
    pub fn ask(
        &mut self,
        wallet: &Wallet,
        mut stands: impl FnMut(&Bound) -> Result<bool, Trouble>,
    ) -> Result<usize, Trouble> {
        let mut fallen = 0;
        for bound in self.all.iter_mut().filter(|bound| bound.stands) {
            bound.stands = stands(bound)?;
            fallen += usize::from(!bound.stands);
        }
        if fallen > 0 {
            self.save(wallet)?;
        }
        Ok(fallen)
    }

    fn save(&self, wallet: &Wallet) -> Result<(), Trouble> {
        let mut w = Writer::with_capacity(96 * self.all.len() + 32);
        w.array(2);
        w.text(TITLE);
        w.list(&self.all);
        disk::replace(&self.path, &wallet.sealer().seal(&w.into_bytes())?)
    }
}

#[cfg(test)]
mod tests {
    use peal_spec::hash::Hash;
    use peal_spec::trust::Trust;
    use zeroize::Zeroizing;

    use super::*;
    use crate::vault::Stretch;
    use crate::wallet::Contents;
    use crate::words::Words;

    #[test]
    fn bindings_are_kept_sealed_and_one_of_a_token_stands() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("wallet");
        let origin = "a.example/1".parse().unwrap();
        let words = Words::new(Zeroizing::new([1; 32]));
        let contents = Contents::new(words, "https://a.example".into(), origin, Trust::default());
        let quick = Stretch { memory: 8, passes: 1, lanes: 1 };
        let wallet = Wallet::create(&path, b"x", quick, contents).unwrap();
        let account = |n| Address { number: n, id: Hash([n as u8; 32]) };
        let token = |n| Token(Hash([n; 32]));

        let mut bindings = Bindings::of(&wallet).unwrap();
        bindings.note(&wallet, account(1), 4, token(1)).unwrap();
        bindings.note(&wallet, account(1), 4, token(1)).unwrap();
        bindings.note(&wallet, account(2), 3, token(2)).unwrap();
        bindings.withdrawn(&wallet, account(2), 3).unwrap();
        bindings.withdrawn(&wallet, account(9), 3).unwrap();
        bindings.note(&wallet, account(3), 1, token(1)).unwrap();
        let kept = Bindings::of(&wallet).unwrap();
        let seen: Vec<(u64, bool)> = kept.all().iter().map(|b| (b.account.number, b.stands)).collect();
        assert_eq!(seen, [(1, false), (2, false), (3, true)]);
        assert_eq!(kept.standing().count(), 1);
        assert_eq!(bindings.ask(&wallet, |bound| Ok(bound.account.number != 3)).unwrap(), 1);
        assert_eq!(Bindings::of(&wallet).unwrap().standing().count(), 0);

        let file = dir.path().join("wallet.bound");
        let bytes = std::fs::read(&file).unwrap();
        assert!(!bytes.windows(32).any(|part| part == [1; 32]), "no token is readable");
        std::fs::write(&file, &bytes[..bytes.len() - 1]).unwrap();
        assert_eq!(Bindings::of(&wallet).unwrap_err().code(), 2);
    }
}
