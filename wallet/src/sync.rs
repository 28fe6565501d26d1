//! Bringing the copy of an account up to date, and holding the ledger to every head that it ever signed for this wallet.
//!
//! 1. Pages of new records are fetched, each under a head that must extend the one before ([`Contents::head`]).
//! 2. The whole copy is recomputed and verified ([`Copy::check`]).
//! 3. Heads that receipts gave, and pins of the trust list, are joined: the log's public tiles must prove that the head just reached extends
//!    them. The wallet makes these proofs itself, between two heads that it has already, so the ledger cannot show a log to one and another
//!    to the other.
//!
//! Nothing is changed in the wallet unless all of it holds. A ledger that contradicts itself gives a [`Contradiction`] with both signed notes.

use std::fmt;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use peal_spec::cbor::Cbor;
use peal_spec::copy::{self, BadCopy, Copy, Folded, Row};
use peal_spec::hash::Hash;
use peal_spec::tree::check_consistency;
use peal_spec::trust::Pin;
use peal_spec::value::Time;
use peal_spec::verify::{self, Failure, Verdict};

use crate::disk;
use crate::http::{Problem, ROLLED_BACK, Remote, SMALL};
use crate::tiles::{Prefix, Tiles};
use crate::trouble::{Kind, Trouble};
use crate::wallet::{Contents, Held, Seen, Wallet};

/// How many generations of reading keys are tried when the present one is refused.
const READERS: u32 = 64;
/// How many seconds a published head may lag behind a receipt, by this machine's clock.
const LAG: u64 = 600;
/// The most pages in one sync.
const MAX_PAGES: usize = 1 << 16;
/// The most bytes in all pages of one sync.
const MAX_BYTES: usize = 256 << 20;
/// From how many rows on a copy that has doubled is recomputed before more is fetched.
const MANY: u64 = 1000;

/// How a ledger contradicts what it signed before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misdeed {
    /// The log has become smaller.
    Shrinks,
    /// The log does not extend what it was.
    Rewrites,
    /// Two logs of one size.
    Forks,
    /// The log does not extend what the trust list pins.
    Strays,
}

impl fmt::Display for Misdeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Misdeed::Shrinks => "shrinks",
            Misdeed::Rewrites => "rewrites",
            Misdeed::Forks => "forks",
            Misdeed::Strays => "strays",
        })
    }
}

/// Two signed heads that do not go together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// How they differ.
    pub misdeed: Misdeed,
    /// Seen before, or pinned.
    pub old: Seen,
    /// Given now.
    pub new: Seen,
    /// What the first leaves of the new log are, as far as the ledger's own tiles prove it.
    pub proved: Option<Prefix>,
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (old, new) = (self.old.size, self.new.size);
        match self.misdeed {
            Misdeed::Shrinks => {
                write!(f, "the ledger shrinks: it had signed {old} entries and now shows {new}")
            }
            Misdeed::Rewrites => {
                write!(f, "the ledger rewrites: its {new} entries do not extend the {old} that it had signed")
            }
            Misdeed::Forks => {
                write!(f, "the ledger forks: it has signed two different logs of {old} entries")
            }
            Misdeed::Strays => {
                write!(
                    f,
                    "the ledger strays: its {new} entries do not extend the {old} that the trust list pins"
                )
            }
        }
    }
}

impl Contradiction {
    /// Keeps both notes in a file beside the wallet; returns its path.
    ///
    /// # Errors
    /// Unusable if it cannot be written.
    pub fn keep(&self, wallet: &Wallet) -> Result<PathBuf, Trouble> {
        let path = disk::beside(
            wallet.path(),
            &format!(".evidence-{}-{}-{}", self.misdeed, self.old.size, self.new.size),
        );
        let (origin, old, new) = (&wallet.contents.origin, &self.old, &self.new);
        let (signed, before) = match self.misdeed {
            Misdeed::Strays => ("The second note below is", "pinned in the trust list".to_owned()),
            _ => ("Both notes below are", format!("seen before ({})", old.time)),
        };
        let proof = self.proved.as_ref().map_or_else(String::new, |p| {
            format!(
                "\n== the first {} entries of the second log have this root, by this consistency proof (RFC 9162) ==\n{}\n\n{}",
                old.size,
                BASE64.encode(p.root.0),
                p.path.iter().map(|h| BASE64.encode(h.0) + "\n").collect::<String>()
            )
        });
        let text = format!(
            "{self}.\n{signed} signed by the operator of {origin}.\n\n== {before} ==\n{}\n== given later ({}) ==\n{}{proof}",
            old.note, new.time, new.note
        );
        disk::replace(&path, text.as_bytes())?;
        Ok(path)
    }

    /// As told to a person.
    pub fn at(&self, evidence: &std::path::Path) -> Trouble {
        Trouble::refused(
            self,
            format!("the evidence is kept in {}", evidence.display()),
            "do not rely on this ledger; show the evidence to a bureau, a witness or an auditor. The wallet keeps your last good copy",
        )
    }
}

/// Shows a ledger what it had signed, so that one that was put back from an older copy stops signing before it makes a fork of it. Returns
/// what a person is told of it.
pub fn show_seen(remote: &Remote, contradiction: &Contradiction) -> String {
    if contradiction.misdeed == Misdeed::Strays {
        return "What is pinned is not signed by the operator, so the ledger was not shown it.".into();
    }
    let sent = remote.post(
        "/v1/seen",
        "text/plain; charset=utf-8",
        "application/json",
        contradiction.old.note.as_bytes(),
    );
    match sent {
        Ok(Err(problem)) if problem.code == ROLLED_BACK => {
            "The ledger was shown what it had signed: it signs nothing until its operator puts back the newest copy.".into()
        }
        Ok(Ok(_)) => "The ledger was shown what it had signed, and says that it has it: sync again.".into(),
        Ok(Err(problem)) => {
            format!("The ledger was shown what it had signed, and does not take it: {}", problem.detail)
        }
        Err(trouble) => format!("The ledger could not be shown what it had signed: {}", trouble.what),
    }
}

/// Why a sync ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failed {
    /// For want of an answer, or because what was given does not hold.
    Trouble(Trouble),
    /// The ledger contradicts itself.
    Contradiction(Box<Contradiction>),
}

impl Failed {
    /// As a trouble, where there is no wallet yet beside which evidence could be kept.
    pub fn trouble(self, place: &str) -> Trouble {
        match self {
            Self::Trouble(trouble) => trouble,
            Self::Contradiction(c) => Trouble::refused(&c, place, "show this to a bureau or an auditor"),
        }
    }
}

impl From<Trouble> for Failed {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

/// What a sync brought.
#[derive(Debug)]
pub struct Synced {
    /// Records that are new.
    pub new: u64,
    /// Heads of receipts that could not be joined yet, because the ledger publishes them a little later.
    pub waiting: usize,
    /// The account as it stands.
    pub folded: Folded,
    /// What its proof shows.
    pub verdict: Verdict,
}

/// Demands that a head follows on another.
///
/// # Errors
/// [`Contradiction`] says how it does not.
pub fn extends(old: &Seen, new: &Seen, path: &[Hash]) -> Result<(), Box<Contradiction>> {
    let misdeed = if new.size < old.size {
        Misdeed::Shrinks
    } else if new.size == old.size {
        if new.root == old.root {
            return Ok(());
        }
        Misdeed::Forks
    } else if check_consistency(old.size, &old.root, new.size, &new.root, path).is_ok() {
        return Ok(());
    } else {
        Misdeed::Rewrites
    };
    Err(Box::new(Contradiction { misdeed, old: old.clone(), new: new.clone(), proved: None }))
}

struct Session<'a> {
    contents: &'a mut Contents,
    remote: &'a Remote,
    now: &'a dyn Fn() -> Time,
}

/// Brings the contents of a wallet up to date; `now` is the clock. The caller saves the wallet.
///
/// # Errors
/// [`Failed`]; the contents are then as before, but for the generation of the reading key.
pub fn run(contents: &mut Contents, remote: &Remote, now: &dyn Fn() -> Time) -> Result<Synced, Failed> {
    Session { contents, remote, now }.run()
}

impl Session<'_> {
    fn place(&self) -> String {
        self.remote.base().to_owned()
    }

    fn does_not_hold(&self, what: impl fmt::Display) -> Failed {
        let remedy = "try again; if it stays so, show this to a bureau or an auditor. The wallet keeps your last good copy";
        Failed::Trouble(Trouble::refused(
            format!("what the ledger gave does not hold: {what}"),
            self.place(),
            remedy,
        ))
    }

    fn run(mut self) -> Result<Synced, Failed> {
        let before = self.contents.copy.as_ref().map_or(0, |c| c.rows.len() as u64);
        let (mut copy, mut head) = (self.contents.copy.clone(), self.contents.head.clone());
        let (mut pages, mut bytes, mut recomputed) = (0, 0, before.max(MANY));
        loop {
            let from = copy.as_ref().map_or(0, |c| c.rows.len() as u64);
            let (page, seen, length) = self.fetch(from, head.as_ref())?;
            if let Some(old) = &head {
                extends(old, &seen, &page.consistency).map_err(|c| self.confirmed(c))?;
            }
            (pages, bytes) = (pages + 1, bytes + length);
            let same = head.as_ref().is_some_and(|h| h.size == seen.size);
            self.plausible(&page, &seen, copy.as_ref(), same).map_err(|what| self.does_not_hold(what))?;
            self.dated(&page, &seen).map_err(|what| self.does_not_hold(what))?;
            if pages > MAX_PAGES || bytes > MAX_BYTES {
                return Err(self.does_not_hold("the records have no end"));
            }
            let (rows, size) = (page.rows.len() as u64, page.size);
            let joined = match copy {
                Some(copy) => copy.extend(page).map_err(|e| self.does_not_hold(e))?,
                None if page.from == 0 => page,
                None => return Err(self.does_not_hold(BadCopy::Gap)),
            };
            (copy, head) = (Some(joined), Some(seen));
            if from + rows >= size {
                break;
            }
            if rows == 0 {
                return Err(self.does_not_hold(format!("records {from} to {} are not given", size - 1)));
            }
            if from + rows >= 2 * recomputed {
                recomputed = from + rows;
                copy.as_ref().map_or(Ok(()), |c| c.fold().map(drop)).map_err(|e| self.does_not_hold(e))?;
            }
        }
        let (Some(mut copy), Some(head)) = (copy, head) else { return Err(self.does_not_hold(BadCopy::Gap)) };
        copy.consistency = Vec::new();
        let (folded, verdict) =
            copy.check(&self.contents.trust, (self.now)()).map_err(|e| self.does_not_hold(e))?;
        let chain = self.contents.chain();
        let keys = &folded.account.state.control.keys;
        let own = chain.generation(&keys.key).ok_or_else(|| {
            Trouble::refused(
                "the account's present key is not of these words",
                self.place(),
                "check the address and the words",
            )
        })?;
        let reading = (0..=own).rev().find(|n| chain.reading(*n).public() == keys.reading);
        let rows = copy.rows.len() as u64;
        let (heads, held) = self.join(&head)?;
        let c = self.contents;
        (c.copy, c.head, c.generation, c.held) = (Some(copy), Some(head), own, held);
        c.reading = reading.unwrap_or(c.reading);
        c.heads = heads;
        c.synced = Some((self.now)());
        Ok(Synced { new: rows - before, waiting: c.heads.len(), folded, verdict })
    }

    /// A consistency proof that fails may be a bad proof of a good log: the tiles tell.
    fn confirmed(&self, mut found: Box<Contradiction>) -> Failed {
        let (old, new) = (&found.old, &found.new);
        if found.misdeed == Misdeed::Rewrites
            && let Ok(prefix) = Tiles::new(self.remote, new.size, new.root).prefix(old.size)
        {
            if prefix.root == old.root {
                return self.does_not_hold("its consistency proof is of another log");
            }
            found.proved = Some(prefix);
        }
        Failed::Contradiction(found)
    }

    /// What must hold of every page, long before all of them can be checked.
    fn plausible(&self, page: &Copy, seen: &Seen, copy: Option<&Copy>, same: bool) -> Result<(), String> {
        let (size, rows) = (page.size, page.rows.len() as u64);
        let (had, from) = copy.map_or((0, 0), |c| (c.size, c.rows.len() as u64));
        if size < had.max(from) || (same && copy.is_some() && size != had) {
            return Err(format!("the account had {had} records and now has {size}"));
        }
        // Every record has a leaf in the log, and the commit another.
        if size >= seen.size {
            return Err(format!("the account has {size} records in a log of {} entries", seen.size));
        }
        if page.from != from || rows > size - from {
            return Err(format!("record {from} and those after it were asked for, and others are given"));
        }
        if page.postings.len() as u64 > rows {
            return Err("there are more postings than records".to_owned());
        }
        Ok(())
    }

    /// Times never decrease along a log, so what comes after a head that was seen is not of a time before it.
    fn dated(&self, page: &Copy, seen: &Seen) -> Result<(), String> {
        for old in self.contents.head.iter().chain(&self.contents.heads) {
            let before = |time: Time| time < old.time;
            let after =
                format!("comes after the {} entries that the ledger had signed at {}", old.size, old.time);
            if seen.size >= old.size && before(seen.time) {
                return Err(format!("the ledger back-dates: its head is of {} and {after}", seen.time));
            }
            let late = |r: &&Row| r.record.log_index >= old.size && before(r.record.time);
            if let Some(Row { record, .. }) = page.rows.iter().find(late) {
                let (sequence, time) = (record.sequence, record.time);
                return Err(format!("the ledger back-dates: record {sequence} is of {time} and {after}"));
            }
        }
        Ok(())
    }

    /// One page, its head, checked against the trust list, and its length in bytes.
    fn fetch(&mut self, from: u64, since: Option<&Seen>) -> Result<(Copy, Seen, usize), Failed> {
        let body = match self.ask(from, since)? {
            Ok(body) => body,
            Err(problem) => return Err(self.unwilling(&problem, since)),
        };
        let page = Copy::from_bytes(&body)
            .map_err(|e| self.does_not_hold(format!("it is no copy of an account: {e}")))?;
        let seen = self.verified(&page).map_err(|e| self.does_not_hold(e))?;
        if Some(page.address) != self.contents.address {
            return Err(self.does_not_hold("it is of another account"));
        }
        Ok((page, seen, body.len()))
    }

    /// The request, with the reading key that the ledger accepts.
    fn ask(&mut self, from: u64, since: Option<&Seen>) -> Result<Result<Vec<u8>, Problem>, Trouble> {
        let address = self.contents.address()?;
        let path = format!("/v1/accounts/{address}/records");
        let since = since.map(|s| format!("&since={}", s.size)).unwrap_or_default();
        // How many records make a page, the ledger says.
        let query = format!("from={from}{since}");
        let chain = self.contents.chain();
        let present = self.contents.reading;
        let mut refusal = None;
        for generation in std::iter::once(present).chain((0..READERS).filter(|n| *n != present)) {
            let key = chain.reading(generation);
            let answer =
                self.remote.signed_get(&path, &query, copy::MEDIA_TYPE, &address, &key, (self.now)())?;
            match answer {
                Err(problem) if matches!(problem.status, 401 | 403) => refusal = refusal.or(Some(problem)),
                answer => {
                    self.contents.reading = generation;
                    return Ok(answer);
                }
            }
        }
        Ok(Err(refusal.unwrap_or_default()))
    }

    fn verified(&self, page: &Copy) -> Result<Seen, Failure> {
        let (note, checkpoint, ledger) = verify::read_checkpoint(&page.checkpoint, &self.contents.trust)?;
        let foreign =
            || Failure { name: "unknown-ledger", detail: format!("it is of {}", checkpoint.origin) };
        if checkpoint.origin != self.contents.origin {
            return Err(foreign());
        }
        let time = page.head.commit.time;
        verify::check_checkpoint(&note, &checkpoint, time, ledger)?;
        page.head
            .check(checkpoint.size, &checkpoint.root)
            .map_err(|e| Failure { name: "bad-head", detail: e.to_string() })?;
        let (size, root, received) = (checkpoint.size, checkpoint.root, (self.now)());
        Ok(Seen { size, root, time, received, note: page.checkpoint.clone() })
    }

    /// A ledger that refuses to prove that it extends an earlier head may have lost it: its checkpoint tells.
    fn unwilling(&self, problem: &Problem, since: Option<&Seen>) -> Failed {
        let refused = || {
            let mut trouble = problem.at(&self.place());
            if matches!(problem.status, 401 | 403) {
                trouble.remedy = "check the address and the words, and this machine's clock".into();
            }
            Failed::Trouble(trouble)
        };
        let Some(old) = since else { return refused() };
        // The operator's latest, not the published one, which follows the log at a distance.
        let Ok(Ok(body)) = self.remote.get("/v1/checkpoint", "text/plain", SMALL) else { return refused() };
        let text = String::from_utf8_lossy(&body).into_owned();
        let (Some(new), Ok((note, checkpoint, ledger))) =
            (Seen::of(&text, (self.now)()), verify::read_checkpoint(&text, &self.contents.trust))
        else {
            return refused();
        };
        let signed = ledger.operators.iter().any(|o| matches!(note.signed_by(&o.key), Ok(Some(_))));
        if !signed || checkpoint.origin != self.contents.origin || new.size > old.size {
            return refused();
        }
        extends(old, &new, &[]).map_or_else(Failed::Contradiction, |()| refused())
    }

    /// Joins the heads that receipts gave, and the pins, to the head now reached. Returns the heads that must wait until they are published,
    /// and the pins that hold.
    fn join(&self, head: &Seen) -> Result<(Vec<Seen>, Vec<Held>), Failed> {
        let tiles = Tiles::new(self.remote, head.size, head.root);
        let mut waiting = Vec::new();
        for old in &self.contents.heads {
            let age = (self.now)().seconds().saturating_sub(old.received.seconds());
            if old.size > head.size {
                // Times never decrease along a log, so a smaller log of a later time is another one.
                if head.time > old.time || age > LAG {
                    extends(old, head, &[]).map_err(Failed::Contradiction)?;
                }
                waiting.push(old.clone());
                continue;
            }
            let misdeed = if old.size == head.size { Misdeed::Forks } else { Misdeed::Rewrites };
            let prefix = tiles.prefix(old.size).map_err(|trouble| unjoined(trouble, old, age))?;
            compare(misdeed, old, head, prefix)?;
        }
        Ok((waiting, self.pins(head, &tiles)?))
    }

    /// Holds the log to the pins that it has reached, each of them once.
    fn pins(&self, head: &Seen, tiles: &Tiles<'_>) -> Result<Vec<Held>, Failed> {
        let ledger = self.contents.ledger()?;
        let mut held = Vec::new();
        for pin in ledger.pins.iter().chain(&ledger.last).filter(|p| p.size <= head.size).copied() {
            if !self.contents.held.contains(&Held(pin)) {
                compare(Misdeed::Strays, &pinned(pin, head), head, tiles.prefix(pin.size)?)?;
            }
            held.push(Held(pin));
        }
        Ok(held)
    }
}

/// A pin as something seen before.
fn pinned(pin: Pin, head: &Seen) -> Seen {
    let note = format!("pin {} {}\n", pin.size, BASE64.encode(pin.root.0));
    Seen { size: pin.size, root: pin.root, time: head.time, received: head.received, note }
}

/// Demands that what is proved of the log under `head` is what was seen before.
fn compare(misdeed: Misdeed, old: &Seen, head: &Seen, prefix: Prefix) -> Result<(), Failed> {
    if prefix.root == old.root {
        return Ok(());
    }
    let (old, new, proved) = (old.clone(), head.clone(), (old.size < head.size).then_some(prefix));
    Err(Failed::Contradiction(Box::new(Contradiction { misdeed, old, new, proved })))
}

/// Why a head could not be joined. A ledger may be slow, but not for ever.
fn unjoined(trouble: Trouble, old: &Seen, age: u64) -> Trouble {
    if trouble.kind != Kind::Unavailable || age <= LAG {
        return trouble;
    }
    let what = format!(
        "the ledger has still not shown that its log holds the head of {} entries that it gave with a receipt {age} s ago: {}",
        old.size, trouble.what
    );
    Trouble::refused(
        what,
        trouble.place,
        "try again; if it stays so, show the receipt to a bureau, a witness or an auditor. The wallet keeps your last good copy",
    )
}
