//! A ledger, open: the one thing that the outside holds.

use std::fmt;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use peal_spec::account::Account;
use peal_spec::address::Address;
use peal_spec::copy::Copy;
use peal_spec::hash::Hash;
use peal_spec::identity::Token;
use peal_spec::key::PrivateKey;
use peal_spec::note::{KeyType, Note, VerifierKey};
use peal_spec::posting::Checked;
use peal_spec::record::Record;
use peal_spec::refusal::{Code, Refusal};
use peal_spec::statement::Statement;
use peal_spec::tree::Frontier;
use peal_spec::value::{Origin, Time};

use crate::audit::{AuditReport, replay};
use crate::blob::Blob;
use crate::commit::{Verdict, judge, seal};
use crate::erasing::{self, Retention};
use crate::error::Error;
use crate::layered::Layered;
use crate::reads::{self, FoundReceipt};
use crate::recovery::{identity, recover};
use crate::rows::{Figure, Number};
use crate::schema::{Family, encode, meta, number_key};
use crate::sequencer::{Judge, Now, Pending, Queue, Writer, pause};
use crate::settings::Settings;
use crate::settler::Settler;
use crate::state::{Core, Counters, Published};
use crate::store::{Disk, Put, Rocks, Rows, RowsExt};
use crate::told::{self, Stretch};
use crate::trees::Directory;
use crate::working::{Base, Layer, Offer};

/// What a ledger starts from.
#[derive(Debug)]
pub struct Genesis {
    /// Its name.
    pub origin: Origin,
    /// The self-opening of account 0, the registrar.
    pub opening: Checked,
}

/// What a running ledger has done since it was opened, and what waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Statements that wait for the writer now.
    pub queued_statements: usize,
    /// Bytes of postings that wait for the writer now.
    pub queued_bytes: usize,
    /// Accounts in the ledger.
    pub accounts: u64,
    /// Leaves of the log.
    pub log_size: u64,
    /// Commits since the ledger was opened.
    pub commits: u64,
    /// Postings recorded since then.
    pub postings: u64,
    /// Postings answered with an earlier receipt by the writer since then.
    pub repeated_postings: u64,
    /// Postings refused whole since then.
    pub refused_postings: u64,
    /// Records made since then.
    pub records: u64,
    /// Statements refused in recorded postings since then.
    pub refused_statements: u64,
    /// Time spent in those commits, from taking the postings to their receipts.
    pub commit_time: Duration,
    /// The part of it spent in writing and syncing.
    pub write_time: Duration,
    /// Whether the ledger takes no more: closed, or stopped by a failure.
    pub stopped: bool,
}

/// An open ledger. Cloning it is cheap; the last clone closes it when dropped.
#[derive(Clone)]
pub struct Ledger(Arc<Open>);

struct Open {
    core: Arc<Core>,
    queue: Arc<Queue>,
    settler: Arc<Settler>,
    /// Held during a commit.
    turn: Arc<Mutex<()>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.close();
    }
}

impl Open {
    fn close(&self) {
        self.queue.close();
        let mut threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        if threads.is_empty() {
            return;
        }
        // The judge and the writer first: they finish what waits. One that panicked has closed the queue behind it and told everyone.
        let settling = threads.pop();
        for thread in threads {
            let _ = thread.join();
        }
        self.settler.close();
        if let Some(settling) = settling {
            let _ = settling.join();
        }
        if self.core.fault.get().is_none() {
            // What is not settled now is found in the journal when the ledger is opened again; a failure is noted as the fault.
            let _ = self.settler.settle_all(&pause(&self.turn));
        }
    }
}

#[cfg(test)]
impl Ledger {
    /// Ends the threads and leaves everything as it is: what waits is dropped, nothing is settled.
    pub(crate) fn abandon(self) {
        self.0.queue.stop();
        self.0.queue.close();
        self.0.settler.close();
        for thread in std::mem::take(&mut *self.0.threads.lock().unwrap_or_else(PoisonError::into_inner)) {
            let _ = thread.join();
        }
    }

    /// How many generations of rows are in memory, and their bytes.
    pub(crate) fn fresh(&self) -> (usize, usize) {
        let trees = self.0.core.trees();
        (trees.fresh.0.len(), trees.fresh.0.iter().map(|g| g.bytes()).sum())
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ledger({})", self.0.core.origin)
    }
}

fn verifier(origin: &Origin, operator: &PrivateKey) -> VerifierKey {
    VerifierKey { name: origin.clone(), kind: KeyType::Ed25519, key: operator.public() }
}

impl Ledger {
    /// Makes a new ledger: the first commit opens account 0.
    ///
    /// # Errors
    /// [`Error::Setup`] if there is a ledger already; [`Error::Refused`] if the opening is not a self-opening that the rules accept.
    pub fn create(
        dir: &Path,
        operator: &PrivateKey,
        genesis: Genesis,
        settings: &Settings,
    ) -> Result<(), Error> {
        let Genesis { origin, opening } = genesis;
        if opening.payload().origin != origin {
            return Err(Refusal::new(Code::ForeignOrigin, "origin").into());
        }
        if opening.payload().issuer.is_some() {
            return Err(Refusal::new(Code::UnknownIssuer, "issuer").into());
        }
        let disk = Rocks::create(dir)?;
        if disk.bytes(Family::Meta, meta::FORMAT)?.is_some() {
            return Err(Error::Setup(format!("there is a ledger in {} already", dir.display())));
        }
        Self::create_on(&disk, operator, &origin, &opening, settings)
    }

    /// Makes a new ledger on an empty store.
    pub(crate) fn create_on(
        disk: &dyn Disk,
        operator: &PrivateKey,
        origin: &Origin,
        opening: &Checked,
        settings: &Settings,
    ) -> Result<(), Error> {
        let now = (settings.clock)();
        let time = Time::new(now).ok_or_else(|| Error::Setup(format!("the clock stands at {now}")))?;
        let (log, directory) = (Frontier::default(), Directory::default());
        let base = Base { origin, log: 0, directory: 0, time };
        let bodies: Vec<_> = opening.posting().statements.iter().map(|s| s.body()).collect();
        let offers = [Offer::new(opening, &bodies, None)];
        let sign =
            |c: &peal_spec::note::Checkpoint| Ok(Note::sign(c.to_string(), origin, operator).to_string());
        let judged = judge(&Layered::bare(disk), &base, &[], &offers, &*settings.seeds, Layer::default())?;
        match judged.verdicts.first() {
            Some(Verdict::Recorded(_)) => {
                let change = |leaves: Vec<(u64, Hash)>| directory.change(leaves);
                let sealed = seal(&judged, origin, &log, &change, &offers, &sign, &Blob::with_capacity)?;
                let key = number_key(sealed.first);
                let rows = identity(origin, &verifier(origin, operator))?;
                let last = encode(&Figure(sealed.first))?;
                let mut puts: Vec<Put<'_>> =
                    rows.iter().map(|(key, row)| (Family::Meta, *key, row.as_slice())).collect();
                puts.push((Family::Meta, meta::LAST, &last));
                puts.push((Family::Journal, &key, sealed.rows.as_bytes()));
                disk.commit(&puts)
            }
            Some(Verdict::Refused(refusal)) => Err(refusal.clone().into()),
            _ => Err(Error::Bug("an empty ledger knows its first posting".into())),
        }
    }

    /// Opens a ledger and checks what it loads; starts the writer.
    ///
    /// # Errors
    /// [`Error::Setup`] if there is no ledger, another process uses it, or it is of another origin or operator; [`Error::Corrupt`] names
    /// what disagrees.
    pub fn open(
        dir: &Path,
        operator: PrivateKey,
        origin: &Origin,
        settings: Settings,
    ) -> Result<Self, Error> {
        Self::open_on(Box::new(Rocks::open(dir)?), operator, origin, settings)
    }

    /// Opens the ledger that a store holds.
    pub(crate) fn open_on(
        disk: Box<dyn Disk>,
        operator: PrivateKey,
        origin: &Origin,
        settings: Settings,
    ) -> Result<Self, Error> {
        let verifier = verifier(origin, &operator);
        let recovered = recover(&*disk, origin, &verifier, settings.head_bytes)?;
        let core = Arc::new(Core::new(disk, origin.clone(), verifier, recovered.trees));
        core.find_erased()?;
        let queue = Arc::new(Queue::new(&settings));
        let settler = Arc::new(Settler::new(core.clone(), recovered.marks, &settings));
        let turn = Arc::new(Mutex::new(()));
        // One commit is written, one is on its way, one is judged.
        let (on, from) = std::sync::mpsc::sync_channel(1);
        let judge = Judge {
            core: core.clone(),
            queue: queue.clone(),
            seeds: settings.seeds,
            clock: settings.clock,
            on,
        };
        let writer = Writer {
            core: core.clone(),
            queue: queue.clone(),
            operator,
            settler: settler.clone(),
            turn: turn.clone(),
            from,
        };
        let start = |name: &str, work: Box<dyn FnOnce() + Send>| {
            let thread = std::thread::Builder::new().name(name.into()).spawn(work);
            thread.map_err(|e| Error::Setup(format!("the thread {name} does not start: {e}")))
        };
        let background = settler.clone();
        let threads = vec![
            start("peal-judge", Box::new(move || judge.run()))?,
            start("peal-writer", Box::new(move || writer.run()))?,
            start("peal-settler", Box::new(move || background.run()))?,
        ];
        Ok(Self(Arc::new(Open { core, queue, settler, turn, threads: Mutex::new(threads) })))
    }

    /// The ledger's name.
    pub fn origin(&self) -> &Origin {
        &self.0.core.origin
    }

    /// The key that its checkpoints verify under.
    pub fn verifier_key(&self) -> VerifierKey {
        self.0.core.verifier.clone()
    }

    /// Hands in a posting of `bytes` bytes. A posting that is recorded already is answered at once, even when the queue is full.
    ///
    /// # Errors
    /// [`Error::Unavailable`] at once when the queue is full, or the ledger is closing or has stopped; [`Error::Refused`] if the posting is
    /// for another ledger. All else comes with the answer: see [`Pending::wait`].
    pub fn submit(&self, posting: Checked, bytes: usize) -> Result<Pending, Error> {
        let Open { core, queue, .. } = &*self.0;
        if posting.payload().origin != core.origin {
            return Err(Refusal::new(Code::ForeignOrigin, "origin").into());
        }
        let looked = Now::new(core).look(&posting)?;
        if looked.is_none()
            && let Some(found) = self.receipt(&posting.digest())?
        {
            return Ok(Pending::ready(found.receipt));
        }
        queue.push(posting, bytes, looked)
    }

    /// The last commit.
    pub fn published(&self) -> Arc<Published> {
        self.0.core.published()
    }

    /// The receipt of a posting that is recorded.
    ///
    /// # Errors
    /// [`Error::Corrupt`] names what disagrees.
    pub fn receipt(&self, posting: &Hash) -> Result<Option<FoundReceipt>, Error> {
        reads::receipt(&self.0.core.view(), posting)
    }

    /// An account as it stands.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if it cannot be read.
    pub fn account(&self, number: u64) -> Result<Option<Account>, Error> {
        Ok(self.0.core.sight([number])?.head(number)?.map(|head| head.account))
    }

    /// The number of the account with this id.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if it cannot be read.
    pub fn number(&self, id: &Hash) -> Result<Option<u64>, Error> {
        Ok(self.0.core.view().row::<Number>(&id.0)?.map(|n| n.0))
    }

    /// The account, and the sequence in it, where a token is bound.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if it cannot be read.
    pub fn bound(&self, token: &Token) -> Result<Option<(Address, u64)>, Error> {
        reads::bound(&self.0.core, token)
    }

    /// One record of an account, and its statement unless that is erased; none if there is no such account or record. One row is read.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if it cannot be read.
    pub fn record(
        &self,
        address: &Address,
        sequence: u64,
    ) -> Result<Option<(Record, Option<Statement>)>, Error> {
        reads::record(&self.0.core, address, sequence)
    }

    /// What the owner of an account is given: at most `limit` rows from sequence `from` on, with views of
    /// the issuers of these and all earlier rows, under the last checkpoint; with `since`, the
    /// consistency proof from that log size. None if there is no such account.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if `since` is beyond the log; [`Error::Corrupt`] names what disagrees.
    pub fn copy(
        &self,
        address: &Address,
        from: u64,
        limit: usize,
        since: Option<u64>,
    ) -> Result<Option<Copy>, Error> {
        reads::copy(&self.0.core, address, from, limit, since)
    }

    /// The consistency proof between two log sizes, neither beyond the last checkpoint.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if `old` is above `new` or `new` beyond the log.
    pub fn consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>, Error> {
        reads::consistency(&self.0.core.sight([])?, old, new)
    }

    /// A C2SP log tile: `width` (1 to 256) hashes of level `level`, one after another. None unless the last checkpoint's log has them all.
    ///
    /// # Errors
    /// [`Error::Corrupt`] names what disagrees.
    pub fn tile(&self, level: u8, index: u64, width: u16) -> Result<Option<Vec<u8>>, Error> {
        reads::tile(&self.0.core, level, index, width)
    }

    /// A C2SP entry bundle: `width` (1 to 256) log entries, each after its length as two bytes. None unless the last checkpoint's log has
    /// them all.
    ///
    /// # Errors
    /// [`Error::Corrupt`] names what disagrees.
    pub fn entries(&self, index: u64, width: u16) -> Result<Option<Vec<u8>>, Error> {
        reads::entries(&self.0.core, index, width)
    }

    /// The records of the log from an index on, at most `most`, and whom each concerns; and where the log goes on. Beyond the last commit there are
    /// none. The work is that of these records.
    ///
    /// # Errors
    /// [`Error::Corrupt`] names what disagrees.
    pub fn records(&self, from: u64, most: usize) -> Result<Stretch, Error> {
        told::stretch(&self.0.core, from, most)
    }

    /// Replays the ledger as it is now and compares everything that is stored, while it runs. `progress` is told how many log leaves are
    /// done, of how many.
    ///
    /// # Errors
    /// [`Error::Corrupt`] names the first row that differs, and how.
    pub fn audit(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<AuditReport, Error> {
        let Open { core, settler, turn, .. } = &*self.0;
        let (view, published) = {
            // Commits wait until everything is in its place; what comes later is not in the view.
            let pause = pause(turn);
            settler.settle_all(&pause)?;
            (Layered::bare(&*core.disk), core.published())
        };
        replay(&view, &published, &core.verifier, &core.origin, progress)
    }

    /// Carries out what was erased so far: brings everything into the store and wipes it there, if something is not wiped yet; with `purge`, also
    /// from files that hold what was wiped, which rewrites all records. Commits wait while everything is brought in. Returns whether files were
    /// rewritten.
    ///
    /// # Errors
    /// [`Error::Corrupt`] says why not.
    pub fn erase(&self, purge: bool) -> Result<bool, Error> {
        let Open { core, settler, turn, .. } = &*self.0;
        if purge || settler.erases(u64::MAX) {
            settler.settle_all(&pause(turn))?;
        }
        if purge { erasing::purge(&*core.disk) } else { Ok(false) }
    }

    /// What is kept, by type of record, and what was erased and is left of that. Commits wait until what is in memory is in the store, not
    /// while every record is read.
    ///
    /// # Errors
    /// [`Error::Corrupt`] names a row that cannot be read.
    pub fn retention(&self) -> Result<Retention, Error> {
        let Open { core, settler, turn, .. } = &*self.0;
        let view = {
            let pause = pause(turn);
            settler.settle_all(&pause)?;
            Layered::bare(&*core.disk)
        };
        erasing::retention(&view)
    }

    /// Makes a copy of the ledger as it is now in a folder that is not there yet; commits wait until what is in memory is in the store. Returns
    /// the commit that the copy ends with. It can be opened as any ledger.
    ///
    /// # Errors
    /// [`Error::Corrupt`] says why there is no copy; part of it may be in the folder.
    pub fn backup(&self, to: &Path) -> Result<Arc<Published>, Error> {
        let Open { core, settler, turn, .. } = &*self.0;
        // A copy shares its files with the store: what is erased would live on in it. Commits go on meanwhile, and may erase more.
        self.erase(true)?;
        let pause = pause(turn);
        settler.settle_all(&pause)?;
        core.disk.copy_to(to)?;
        Ok(core.published())
    }

    /// Figures for operators.
    pub fn stats(&self) -> Stats {
        let Open { core, queue, .. } = &*self.0;
        let (queued_statements, queued_bytes) = queue.depth();
        let published = core.published();
        let c = &core.counters;
        let get = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            queued_statements,
            queued_bytes,
            accounts: published.commit.directory_size,
            log_size: published.checkpoint.size,
            commits: get(&c.commits),
            postings: get(&c.postings),
            repeated_postings: get(&c.repeated_postings),
            refused_postings: get(&c.refused_postings),
            records: get(&c.records),
            refused_statements: get(&c.refused_statements),
            commit_time: Counters::duration(&c.commit_nanos),
            write_time: Counters::duration(&c.write_nanos),
            stopped: core.stopped.load(Ordering::Acquire),
        }
    }

    /// Why the ledger stopped by itself, for the operator's log: what senders are told does not say.
    pub fn fault(&self) -> Option<Error> {
        self.0.core.fault.get().cloned()
    }

    /// Finishes what was accepted and stops the writer. Reads go on; the files are released when the last clone is dropped.
    pub fn close(&self) {
        self.0.close();
    }
}

/// What a database that nobody uses keeps, by type of record, and what was erased in it and is left of that. What a crash left in the journal
/// is not counted.
///
/// # Errors
/// [`Error::Setup`] if there is none; [`Error::Corrupt`] names a row that cannot be read.
pub fn retention(dir: &Path) -> Result<Retention, Error> {
    let disk = Rocks::open_read_only(dir)?;
    erasing::retention(&Layered::bare(&disk))
}

/// Checks a database that nobody uses, without its private key and without writing to it, as opening does; returns its last commit.
///
/// # Errors
/// As [`Ledger::open`].
pub fn inspect(dir: &Path, operator: &VerifierKey, origin: &Origin) -> Result<Arc<Published>, Error> {
    let disk = Rocks::open_read_only(dir)?;
    Ok(recover(&disk, origin, operator, Settings::default().head_bytes)?.trees.published)
}
