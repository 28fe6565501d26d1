//! The wallet: a person's words, what she trusts, and her checked copy of the account, in one sealed file.
//!
//! 1. [`Wallet::create`] or [`Wallet::open`] takes the lock of the file, so that there is one writer at a time.
//! 2. Commands change the wallet in memory and [`Wallet::save`] it: the file is replaced whole. A crash leaves it as it was before.
//!
//! What is sent is saved before it is sent, so that a lost answer is asked for again and nothing is said twice.

use std::path::{Path, PathBuf};

use peal_spec::address::Address;
use peal_spec::cbor::{Cbor, Malformed, Reader, Writer};
use peal_spec::copy::Copy;
use peal_spec::hash::Hash;
use peal_spec::key::PrivateKey;
use peal_spec::note::{Checkpoint, Note};
use peal_spec::trust::{Ledger, Pin, Trust};
use peal_spec::value::{Origin, Time};
use zeroize::Zeroizing;

use crate::carried::Histories;
use crate::disk::{self, Lock};
use crate::trouble::Trouble;
use crate::vault::{BadVault, Sealer, Stretch};
use crate::words::{Chain, Words};

const TITLE: &str = "peal wallet body 1";
/// How many heads given by receipts may wait until a sync has joined them to the rest. None is ever dropped.
const MAX_HEADS: usize = 4096;

/// A head of the ledger that this wallet has seen, signed by the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Size of the log.
    pub size: u64,
    /// Its root.
    pub root: Hash,
    /// The commit's time, as the operator says.
    pub time: Time,
    /// When it was received, by this machine's clock.
    pub received: Time,
    /// The signed note: evidence, should the ledger ever contradict it.
    pub note: String,
}

impl Seen {
    /// The head that a note signs, received now; `None` if it is no checkpoint.
    pub fn of(note: &str, now: Time) -> Option<Self> {
        let Checkpoint { size, root, .. } = note.parse::<Note>().ok()?.text.parse().ok()?;
        Some(Self { size, root, time: now, received: now, note: note.to_owned() })
    }
}

impl Cbor for Seen {
    fn encode(&self, w: &mut Writer) {
        w.array(5);
        w.uint(self.size);
        self.root.encode(w);
        self.time.encode(w);
        self.received.encode(w);
        w.text(&self.note);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(5, "a head of 5 elements")?;
        Ok(Self {
            size: Cbor::decode(r)?,
            root: Cbor::decode(r)?,
            time: Cbor::decode(r)?,
            received: Cbor::decode(r)?,
            note: r.text()?.to_owned(),
        })
    }
}

/// A pin that `head` is proved to extend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held(pub Pin);

impl Cbor for Held {
    fn encode(&self, w: &mut Writer) {
        w.array(2);
        w.uint(self.0.size);
        self.0.root.encode(w);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(2, "a pin of 2 elements")?;
        Ok(Self(Pin { size: Cbor::decode(r)?, root: Cbor::decode(r)? }))
    }
}

/// What a wallet holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// The words, from which all keys come.
    pub words: Words,
    /// Where the ledger answers, without a slash at the end.
    pub url: String,
    /// The ledger's name.
    pub origin: Origin,
    /// Whom this person trusts.
    pub trust: Trust,
    /// The account, once it is open.
    pub address: Option<Address>,
    /// Generation of the present signing key: how often it was rotated.
    pub generation: u32,
    /// Generation of the present reading key.
    pub reading: u32,
    /// When the copy was last brought up to date, by this machine's clock.
    pub synced: Option<Time>,
    /// The newest head that all earlier ones are proved to lead to.
    pub head: Option<Seen>,
    /// Heads that receipts gave, not joined to `head` yet.
    pub heads: Vec<Seen>,
    /// Pins that `head` is proved to extend, so that each is proved once.
    pub held: Vec<Held>,
    /// The whole checked copy of the account.
    pub copy: Option<Copy>,
    /// The signed posting that opens the account, while its answer is not known.
    pub opening: Option<Vec<u8>>,
    /// Histories of other accounts, or of other ledgers, that are taken along.
    pub carried: Histories,
}

impl Contents {
    /// Contents for a new wallet.
    pub fn new(words: Words, url: String, origin: Origin, trust: Trust) -> Self {
        let (generation, reading) = (0, 0);
        let (address, synced, head, copy, opening) = (None, None, None, None, None);
        let (heads, held, carried) = (Vec::new(), Vec::new(), Histories::default());
        Self {
            words,
            url,
            origin,
            trust,
            address,
            generation,
            reading,
            synced,
            head,
            heads,
            held,
            copy,
            opening,
            carried,
        }
    }

    /// The body of the sealed file.
    #[doc(hidden)]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let copy = self.copy.as_ref().map(Cbor::to_bytes);
        let trust = self.trust.to_string();
        // Room for all of it, so that the words are written in one place only.
        let notes: usize = self.heads.iter().chain(&self.head).map(|h| h.note.len() + 100).sum();
        let carried: usize =
            self.carried.0.iter().map(|c| c.file().len() + 33 * c.records() as usize + 4096).sum();
        let room = copy.as_ref().map_or(0, Vec::len)
            + carried
            + self.opening.as_ref().map_or(0, Vec::len)
            + trust.len()
            + notes
            + self.held.len() * 48
            + 4096;
        let mut w = Writer::with_capacity(room);
        // A wallet that carries nothing looks as it did before histories were carried.
        let carries = !self.carried.all().is_empty();
        w.array(if carries { 15 } else { 14 });
        w.text(TITLE);
        w.bytes(self.words.entropy());
        w.text(&self.url);
        self.origin.encode(&mut w);
        w.text(&trust);
        w.optional(self.address.as_ref());
        w.uint(u64::from(self.generation));
        w.uint(u64::from(self.reading));
        w.optional(self.synced.as_ref());
        w.optional(self.head.as_ref());
        w.list(&self.heads);
        w.list(&self.held);
        w.optional(copy.as_ref());
        w.optional(self.opening.as_ref());
        if carries {
            w.list(&self.carried.0);
        }
        Zeroizing::new(w.into_bytes())
    }

    /// Reads the body of a sealed file.
    ///
    /// # Errors
    /// [`Malformed`] for everything that [`Contents::to_bytes`] does not write.
    #[doc(hidden)]
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut r = Reader::new(bytes);
        let fault = r.fault("a wallet of 14 elements, or of 15 with what it carries");
        let elements = r.array()?;
        if !(14..=15).contains(&elements) {
            return Err(fault);
        }
        let fault = r.fault("`peal wallet body 1`");
        if r.text()? != TITLE {
            return Err(fault);
        }
        let words = Words::new(Zeroizing::new(r.fixed()?));
        let url = r.text()?.to_owned();
        let origin = Origin::decode(&mut r)?;
        let fault = r.fault("a trust list");
        let trust = r.text()?.parse().map_err(|_| fault)?;
        let address = r.optional()?;
        let generation = r.below(1 << 20, "a generation of keys")? as u32;
        let reading = r.below(1 << 20, "a generation of keys")? as u32;
        let (synced, head) = (r.optional()?, r.optional()?);
        let (heads, held) = (r.list()?, r.list()?);
        let copy = if r.null() { None } else { Some(Copy::from_bytes(r.bytes()?)?) };
        let opening = r.optional()?;
        let fault = r.fault("a history that it carries");
        let carried = Histories(if elements == 15 { r.list()? } else { Vec::new() });
        if elements == 15 && carried.all().is_empty() {
            return Err(fault);
        }
        r.end()?;
        Ok(Self {
            words,
            url,
            origin,
            trust,
            address,
            generation,
            reading,
            synced,
            head,
            heads,
            held,
            copy,
            opening,
            carried,
        })
    }

    /// The keys.
    pub fn chain(&self) -> Chain {
        self.words.chain()
    }

    /// The present signing key.
    pub fn signing(&self) -> PrivateKey {
        self.chain().signing(self.generation)
    }

    /// What is trusted about the wallet's ledger.
    ///
    /// # Errors
    /// Refused if the trust list does not have it.
    pub fn ledger(&self) -> Result<&Ledger, Trouble> {
        self.trust.ledger(&self.origin).ok_or_else(|| {
            Trouble::refused(
                format!("the trust list does not have the ledger {}", self.origin),
                "the wallet's trust list",
                "set a list that has it with `peal trust use FILE`",
            )
        })
    }

    /// The account's address.
    ///
    /// # Errors
    /// Unusable while the account is not open.
    pub fn address(&self) -> Result<Address, Trouble> {
        self.address.ok_or_else(|| {
            Trouble::unusable(
                "the account is not open yet",
                "this wallet",
                "run `peal open` again to finish the opening",
            )
        })
    }

    /// The copy of the account.
    ///
    /// # Errors
    /// Unusable before the first sync.
    pub fn copy(&self) -> Result<&Copy, Trouble> {
        self.copy.as_ref().ok_or_else(|| {
            Trouble::unusable(
                "there is no copy of the account yet",
                "this wallet",
                "fetch it with `peal sync`",
            )
        })
    }

    /// Remembers a head that a receipt gave.
    pub fn saw(&mut self, seen: Seen) {
        let known = self.heads.iter().chain(&self.head).any(|h| h.size == seen.size && h.root == seen.root);
        if !known {
            self.heads.push(seen);
        }
    }

    /// Demands that there is room for one more head that a receipt gives.
    ///
    /// # Errors
    /// Unusable if too many wait already.
    pub fn room(&self) -> Result<(), Trouble> {
        if self.heads.len() < MAX_HEADS {
            return Ok(());
        }
        Err(Trouble::unusable(
            format!("the heads of {} receipts are not joined to the ledger's log yet", self.heads.len()),
            "this wallet",
            "run `peal sync` first",
        ))
    }

    /// Pins the last head in the trust list; returns the pin.
    ///
    /// # Errors
    /// Unusable before the first sync, or if the list does not have the ledger.
    pub fn pin(&mut self) -> Result<Pin, Trouble> {
        let head = self.head.as_ref().ok_or_else(|| {
            Trouble::unusable(
                "no checkpoint has been verified yet",
                "this wallet",
                "fetch one with `peal sync`",
            )
        })?;
        let pin = Pin { size: head.size, root: head.root };
        self.ledger()?;
        if !self.held.contains(&Held(pin)) {
            self.held.push(Held(pin));
        }
        let own = self.trust.ledgers.iter_mut().filter(|l| l.origin == self.origin);
        own.filter(|l| !l.pins.contains(&pin)).for_each(|l| l.pins.push(pin));
        Ok(pin)
    }
}

/// An open wallet file, locked.
#[derive(Debug)]
pub struct Wallet {
    path: PathBuf,
    sealer: Sealer,
    _lock: Lock,
    /// What it holds.
    pub contents: Contents,
}

impl Wallet {
    /// Makes a wallet file, which must not be there yet.
    ///
    /// # Errors
    /// Unusable for an empty passphrase, if the file is there, or cannot be written.
    pub fn create(
        path: &Path,
        passphrase: &[u8],
        stretch: Stretch,
        contents: Contents,
    ) -> Result<Self, Trouble> {
        if passphrase.is_empty() {
            return Err(Trouble::unusable(
                "the passphrase is empty",
                path.display(),
                "choose one of several words",
            ));
        }
        if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
            disk::make_directory(parent)?;
        }
        let lock = Lock::take(path)?;
        let sealer = Sealer::new(passphrase, stretch)?;
        disk::create(path, &sealer.seal(&contents.to_bytes())?)?;
        Ok(Self { path: path.to_owned(), sealer, _lock: lock, contents })
    }

    /// Opens a wallet file to change it.
    ///
    /// # Errors
    /// Unavailable if another process has it; unusable for what is wrong with the file or the passphrase.
    pub fn open(path: &Path, passphrase: &[u8]) -> Result<Self, Trouble> {
        there(path)?;
        let lock = Lock::take(path)?;
        let (sealer, contents) = read(path, passphrase)?;
        Ok(Self { path: path.to_owned(), sealer, _lock: lock, contents })
    }

    /// Reads a wallet file. As it is replaced whole, no lock is needed.
    ///
    /// # Errors
    /// Unusable for what is wrong with the file or the passphrase.
    pub fn read(path: &Path, passphrase: &[u8]) -> Result<Contents, Trouble> {
        there(path)?;
        read(path, passphrase).map(|(_, contents)| contents)
    }

    /// Replaces the file by what the wallet holds now.
    ///
    /// # Errors
    /// Unusable if it cannot be written; the file is then as before.
    pub fn save(&self) -> Result<(), Trouble> {
        disk::replace(&self.path, &self.sealer.seal(&self.contents.to_bytes())?)
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Seals other files under the same passphrase.
    pub fn sealer(&self) -> &Sealer {
        &self.sealer
    }
}

/// Demands that there is a wallet file.
///
/// # Errors
/// Unusable if there is none.
pub fn there(path: &Path) -> Result<(), Trouble> {
    let remedy = "make one with `peal open` or `peal restore`, or give its path with --wallet";
    if path.exists() { Ok(()) } else { Err(Trouble::unusable("there is no wallet", path.display(), remedy)) }
}

fn read(path: &Path, passphrase: &[u8]) -> Result<(Sealer, Contents), Trouble> {
    let file = disk::read(path, disk::MAX_FILE)?;
    let (sealer, body) = Sealer::open(&file, passphrase).map_err(|e| e.at(path.display()))?;
    // What was sealed whole and cannot be read was written by another program.
    let contents = Contents::from_bytes(&body).map_err(|_| BadVault::TooNew(1).at(path.display()))?;
    Ok((sealer, contents))
}
