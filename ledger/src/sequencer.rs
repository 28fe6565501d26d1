//! The single writer, in two threads that hand commits on: one judges, one writes. There is one order, that of the queue.
//!
//! 1. [`Queue::push`] takes a posting, or turns it away at once when there is no room.
//! 2. [`Judge`] first reads the heads of accounts that there is memory for. Then it takes everything that waits, up to a limit, and judges it: what arrives meanwhile forms the next commit. What it judged and
//!    is not published yet it keeps at hand, so that the next commit follows on it.
//! 3. [`Writer`] seals the commit, writes it to the journal (one batch, one sync), puts rows, heads and trees in their places in memory,
//!    publishes, and answers with receipts.
//! 4. A crash before the batch is durable: nobody was answered, nothing is there. After: the receipts can be had by sending the same
//!    postings again. A write that *fails* leaves it open which of the two it is, so both threads stop until the ledger is opened anew;
//!    what was judged after it is forgotten, and its senders are told to try again.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SendError, SyncSender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use peal_spec::hash::{Hash, Seed};
use peal_spec::key::PrivateKey;
use peal_spec::note::{Checkpoint, Note};
use peal_spec::posting::Checked;
use peal_spec::receipt::Receipt;
use peal_spec::refusal::Refusal;
use peal_spec::statement::Body;
use peal_spec::value::Time;
use tokio::sync::oneshot;

use crate::commit::{Judged, Sealed, Verdict, judge, seal};
use crate::error::Error;
use crate::fresh::{ByNumber, Fresh, Since};
use crate::reads;
use crate::rows::{Figure, Head};
use crate::schema::{Family, encode, meta, number_key, posting_id_key};
use crate::settings::Settings;
use crate::settler::{Pause, Settler};
use crate::state::{Core, Counters, Published};
use crate::store::{KeyValue, Ordered, Rows, missing};
use crate::trees::numbered;
use crate::working::{Base, Looked, Offer, Past, stored_head};

/// The answer to a posting, once it is there: a future, or [`Pending::wait`] for threads.
#[derive(Debug)]
pub struct Pending(Answer);

#[derive(Debug)]
enum Answer {
    Ready(Option<Box<Receipt>>),
    Waiting(oneshot::Receiver<Result<Receipt, Error>>),
}

impl Pending {
    pub(crate) fn ready(receipt: Receipt) -> Self {
        Self(Answer::Ready(Some(Box::new(receipt))))
    }

    /// Blocks this thread until the posting is durable and signed for, or refused. Not for use inside an asynchronous task: await it there.
    ///
    /// # Errors
    /// [`Error::Refused`]: the posting left no trace. [`Error::Unavailable`], [`Error::Corrupt`], [`Error::Bug`]: the ledger stopped; the
    /// posting may or may not be recorded, and sending the same bytes again after it is back gives its one receipt.
    pub fn wait(self) -> Result<Receipt, Error> {
        match self.0 {
            Answer::Ready(receipt) => receipt.map(|r| *r).ok_or_else(polled),
            Answer::Waiting(answer) => answer.blocking_recv().unwrap_or_else(|_| Err(Error::unavailable())),
        }
    }
}

fn polled() -> Error {
    Error::Bug("a pending receipt was polled after it was given".into())
}

impl Future for Pending {
    type Output = Result<Receipt, Error>;
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Answer::Ready(receipt) => Poll::Ready(receipt.take().map(|r| *r).ok_or_else(polled)),
            Answer::Waiting(answer) => {
                Pin::new(answer).poll(context).map(|a| a.unwrap_or_else(|_| Err(Error::unavailable())))
            }
        }
    }
}

/// A posting that waits.
struct Job {
    checked: Checked,
    bodies: Vec<Result<Body, Refusal>>,
    bytes: usize,
    looked: Option<Looked>,
    answer: oneshot::Sender<Result<Receipt, Error>>,
}

impl Job {
    fn statements(&self) -> usize {
        self.bodies.len()
    }
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    statements: usize,
    bytes: usize,
    /// Nothing more is taken; what is there is finished.
    closing: bool,
}

/// What waits for the writer.
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    arrived: Condvar,
    max_statements: usize,
    max_bytes: usize,
    max_commit: usize,
}

impl Queue {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            waiting: Mutex::default(),
            arrived: Condvar::new(),
            max_statements: settings.max_queued_statements,
            max_bytes: settings.max_queued_bytes,
            max_commit: settings.max_commit_statements,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a posting if there is room. An empty queue takes one of any size.
    pub(crate) fn push(
        &self,
        checked: Checked,
        bytes: usize,
        looked: Option<Looked>,
    ) -> Result<Pending, Error> {
        // Reading the facets is done here, by the caller's thread, so that the one writer need not.
        let bodies: Vec<_> = checked.posting().statements.iter().map(|s| s.body()).collect();
        let (answer, answered) = oneshot::channel();
        let job = Job { checked, bodies, bytes, looked, answer };
        let mut waiting = self.lock();
        let full = waiting.statements + job.statements() > self.max_statements
            || waiting.bytes.saturating_add(bytes) > self.max_bytes;
        if waiting.closing || (full && !waiting.jobs.is_empty()) {
            return Err(Error::unavailable());
        }
        waiting.statements += job.statements();
        waiting.bytes += bytes;
        waiting.jobs.push_back(job);
        drop(waiting);
        self.arrived.notify_one();
        Ok(Pending(Answer::Waiting(answered)))
    }

    /// Waits for postings and takes what makes up the next commit; none once the queue is closed and empty.
    fn take(&self) -> Option<Vec<Job>> {
        let mut waiting = self.lock();
        while waiting.jobs.is_empty() {
            if waiting.closing {
                return None;
            }
            waiting = self.arrived.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        let (mut group, mut statements) = (Vec::new(), 0);
        while let Some(job) = waiting.jobs.front() {
            if !group.is_empty() && statements + job.statements() > self.max_commit {
                break;
            }
            let Some(job) = waiting.jobs.pop_front() else { break };
            statements += job.statements();
            waiting.statements -= job.statements();
            waiting.bytes -= job.bytes;
            group.push(job);
        }
        Some(group)
    }

    /// Takes nothing more; what waits is still committed.
    pub(crate) fn close(&self) {
        self.lock().closing = true;
        self.arrived.notify_all();
    }

    /// Takes nothing more and drops what waits, whose senders are told to try again.
    pub(crate) fn stop(&self) {
        let mut waiting = self.lock();
        waiting.closing = true;
        let jobs = std::mem::take(&mut waiting.jobs);
        (waiting.statements, waiting.bytes) = (0, 0);
        drop(waiting);
        for job in jobs {
            // Whoever went away needs no answer.
            let _ = job.answer.send(Err(Error::unavailable()));
        }
    }

    /// Statements and bytes that wait.
    pub(crate) fn depth(&self) -> (usize, usize) {
        let waiting = self.lock();
        (waiting.statements, waiting.bytes)
    }
}

/// Keeps commits from being made.
pub(crate) fn pause(turn: &Mutex<()>) -> Pause<'_> {
    turn.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many heads are taken under one lock.
const HEADS_AT_ONCE: usize = 1024;

/// The ledger as the judge finds it, and who hands in a posting: what is published, or later.
pub(crate) struct Now<'a> {
    core: &'a Core,
    fresh: Fresh,
}

impl<'a> Now<'a> {
    pub(crate) fn new(core: &'a Core) -> Self {
        Self { core, fresh: core.trees().fresh.clone() }
    }
}

impl Rows for Now<'_> {
    fn bytes(&self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.fresh.bytes_over(&*self.core.disk, family, key)
    }
}

impl Now<'_> {
    /// Looks for a posting and for its id, on the thread of whoever hands it in; none if it is recorded.
    pub(crate) fn look(&self, posting: &Checked) -> Result<Option<Looked>, Error> {
        let since = self.fresh.since().ok_or_else(|| Error::Bug("there is no generation".into()))?;
        if self.bytes(Family::Postings, &posting.digest().0)?.is_some() {
            return Ok(None);
        }
        let payload = posting.payload();
        let kid = &posting.posting().signed.kid;
        let id = posting_id_key(payload.issuer.map(|issuer| issuer.number), kid, &payload.id);
        let id_taken = self.bytes(Family::PostingIds, &id)?.is_some();
        Ok(Some(Looked { since, id_taken }))
    }
}

impl Ordered for Now<'_> {
    fn at_or_before(&self, family: Family, key: &[u8]) -> Result<Option<KeyValue>, Error> {
        self.fresh.last_over(&*self.core.disk.look(), family, key)
    }
}

impl Past for Now<'_> {
    fn holds(&self, family: Family, key: &[u8], since: Option<&Since>) -> Result<bool, Error> {
        match since.and_then(|since| self.fresh.came(since, family, key)) {
            Some(came) => Ok(came),
            None => Ok(self.bytes(family, key)?.is_some()),
        }
    }

    fn ahead(&self, numbers: &[u64]) -> Result<ByNumber<Box<[u8]>>, Error> {
        let mut absent: Vec<[u8; 8]> = Vec::new();
        let dropped = self.core.trees().heads.dropped();
        for some in numbers.chunks(HEADS_AT_ONCE) {
            let trees = self.core.trees();
            let there = some.iter().filter(|number| **number < trees.directory.size());
            absent.extend(there.filter(|n| trees.heads.get(**n).is_none()).map(|n| number_key(*n)));
        }
        let mut ahead = ByNumber::default();
        if absent.is_empty() {
            return Ok(ahead);
        }
        // One that was dropped from memory is in the store; it stays in memory from now on, if there is room.
        let stored = self.core.disk.many(Family::Heads, &absent)?;
        let mut trees = self.core.trees_mut();
        for (key, row) in absent.into_iter().zip(stored) {
            let number = u64::from_be_bytes(key);
            let Some(row) = row else { continue };
            // A commit may have been published meanwhile, whose heads are newer; the judge knows it.
            if trees.heads.get(number).is_none() && !trees.heads.keep(number, &row, dropped) {
                ahead.insert(number, row.into());
            }
        }
        Ok(ahead)
    }

    fn head(&self, number: u64, head: &mut Head) -> Result<bool, Error> {
        {
            let trees = self.core.trees();
            if let Some(row) = trees.heads.get(number) {
                return head.load(number, row).map(|()| true);
            }
            if number >= trees.directory.size() {
                return Ok(false);
            }
        }
        match stored_head(&*self.core.disk, number, head)? {
            true => Ok(true),
            false => Err(missing(Family::Heads, &number_key(number))),
        }
    }
}

/// A group of postings on its way to the writer.
pub(crate) struct Group {
    jobs: Vec<Job>,
    judged: Arc<Judged>,
    started: Instant,
}

/// Tells everyone of a group the same.
fn tell(jobs: Vec<Job>, answer: &Error) {
    for job in jobs {
        // Whoever went away needs no answer.
        let _ = job.answer.send(Err(answer.clone()));
    }
}

fn offers(jobs: &[Job]) -> Vec<Offer<'_>> {
    jobs.iter().map(|job| Offer::new(&job.checked, &job.bodies, job.looked.as_ref())).collect()
}

/// Judges what waits. However it ends, the queue is closed behind it.
pub(crate) struct Judge {
    pub(crate) core: Arc<Core>,
    pub(crate) queue: Arc<Queue>,
    pub(crate) seeds: Arc<dyn Fn() -> Seed + Send + Sync>,
    pub(crate) clock: Arc<dyn Fn() -> u64 + Send + Sync>,
    pub(crate) on: SyncSender<Group>,
}

/// A thread that ends in a panic leaves a fault behind.
fn note_panic(core: &Core, who: &str) {
    if std::thread::panicking() {
        let _ = core.fault.set(Error::Bug(format!("the {who} ended in a panic")));
    }
}

impl Drop for Judge {
    fn drop(&mut self) {
        note_panic(&self.core, "judge");
        self.queue.stop();
    }
}

impl Judge {
    /// Reads the heads of accounts into memory, as far as there is room: one pass in order is a hundred times cheaper than to ask for each
    /// when it is needed.
    fn warm(&self) -> Result<(), Error> {
        let dropped = {
            let trees = self.core.trees();
            // Recovery may have read them already.
            if (0..trees.directory.size()).all(|number| trees.heads.get(number).is_some()) {
                return Ok(());
            }
            trees.heads.dropped()
        };
        let look = self.core.disk.look();
        let mut heads = look.scan(Family::Heads, &[], false)?;
        loop {
            let some: Vec<KeyValue> = heads.by_ref().take(HEADS_AT_ONCE).collect::<Result<_, Error>>()?;
            if some.is_empty() || self.queue.lock().closing {
                return Ok(());
            }
            let mut trees = self.core.trees_mut();
            let size = trees.directory.size();
            for (key, head) in some {
                let number = numbered(Family::Heads, &key)?;
                if number < size && !trees.heads.keep(number, &head, dropped) {
                    return Ok(());
                }
            }
        }
    }

    /// Judges until the queue is closed and empty, or something fails.
    pub(crate) fn run(self) {
        if let Err(fault) = self.warm() {
            // The queue is closed behind it, and whoever waits there is told.
            let _ = self.core.fault.set(fault);
            return;
        }
        // What is judged and may not be published yet, the youngest first.
        let mut pending: VecDeque<Arc<Judged>> = VecDeque::new();
        while let Some(jobs) = self.queue.take() {
            let started = Instant::now();
            match self.judge(&jobs, &mut pending) {
                Ok(judged) => {
                    let judged = Arc::new(judged);
                    if judged.records_something() {
                        pending.push_front(judged.clone());
                    }
                    if let Err(SendError(group)) = self.on.send(Group { jobs, judged, started }) {
                        return tell(group.jobs, &Error::unavailable());
                    }
                }
                Err(fault) => {
                    let _ = self.core.fault.set(fault.clone());
                    return tell(jobs, &fault);
                }
            }
        }
    }

    fn judge(&self, jobs: &[Job], pending: &mut VecDeque<Arc<Judged>>) -> Result<Judged, Error> {
        let core = &*self.core;
        if let Some(fault) = core.fault.get() {
            return Err(fault.clone());
        }
        let (fresh, published) = {
            let trees = core.trees();
            (trees.fresh.clone(), trees.published.clone())
        };
        let mut empty = None;
        while pending.back().is_some_and(|judged| judged.end() <= published.checkpoint.size) {
            // The memory of one that the writer still looks at is let go by it.
            if let Some(Ok(free)) = pending.pop_back().map(Arc::try_unwrap) {
                empty = Some(free.layer.cleared());
            }
        }
        let empty = empty.unwrap_or_default();
        let commit = published.commit;
        let (log, directory, last) = match pending.front() {
            Some(judged) => (judged.end(), judged.accounts, judged.time),
            None => (published.checkpoint.size, commit.directory_size, commit.time),
        };
        let now = (self.clock)().max(last.seconds());
        let time = Time::new(now).ok_or_else(|| Error::Setup(format!("the clock stands at {now}")))?;
        let base = Base { origin: &core.origin, log, directory, time };
        let before: Vec<&Judged> = pending.iter().map(|judged| &**judged).collect();
        judge(&Now { core, fresh }, &base, &before, &offers(jobs), &*self.seeds, empty)
    }
}

/// Writes what was judged. However it ends, the queue is closed behind it.
pub(crate) struct Writer {
    pub(crate) core: Arc<Core>,
    pub(crate) queue: Arc<Queue>,
    pub(crate) operator: PrivateKey,
    pub(crate) settler: Arc<Settler>,
    /// Held during a commit.
    pub(crate) turn: Arc<Mutex<()>>,
    pub(crate) from: Receiver<Group>,
}

impl Drop for Writer {
    fn drop(&mut self) {
        note_panic(&self.core, "writer");
        self.core.stopped.store(true, Ordering::Release);
        self.queue.stop();
        for group in self.from.try_iter() {
            tell(group.jobs, &Error::unavailable());
        }
    }
}

impl Writer {
    /// Writes commits until the judge has ended, or something fails.
    pub(crate) fn run(self) {
        while let Ok(group) = self.from.recv() {
            self.settler.wait_for_room();
            let turn = self.turn.clone();
            let _turn = pause(&turn);
            if self.commit(group).is_err() {
                return;
            }
        }
    }

    /// One commit. An error means that the ledger must stop; all of the group were told.
    fn commit(&self, group: Group) -> Result<(), Error> {
        let answers = self.decide(&group);
        let failed = answers.as_ref().err().cloned();
        if let Some(fault) = &failed {
            // The first fault stands: a failed write has set its own.
            let _ = self.core.fault.set(fault.clone());
        }
        let answers = answers.unwrap_or_else(|e| vec![Err(e); group.jobs.len()]);
        for (job, answer) in group.jobs.into_iter().zip(answers) {
            // Whoever went away needs no answer: sending the posting again gives it.
            let _ = job.answer.send(answer);
        }
        failed.map_or(Ok(()), Err)
    }

    fn decide(&self, group: &Group) -> Result<Vec<Result<Receipt, Error>>, Error> {
        let core = &*self.core;
        if let Some(fault) = core.fault.get() {
            return Err(fault.clone());
        }
        let (judged, offers) = (&*group.judged, offers(&group.jobs));
        let mut sealed = None;
        let mut head_path = Vec::new();
        if judged.records_something() {
            // Only this thread ever changes log and directory. The trees are held only while the directory is looked at.
            let log = core.trees().log.clone();
            let change = |leaves: Vec<(u64, Hash)>| core.trees().directory.change(leaves);
            let sign = |c: &Checkpoint| Ok(self.sign(c));
            let made = seal(judged, &core.origin, &log, &change, &offers, &sign, &|bytes| core.blob(bytes))?;
            head_path = made.head_path()?;
            sealed = Some(made);
        }
        if let Some(sealed) = &mut sealed {
            let writing = Instant::now();
            // Whether the commit is there is not known after this fails.
            let journal = (Family::Journal, &number_key(sealed.first)[..], sealed.rows.as_bytes());
            let last = encode(&Figure(sealed.first))?;
            core.disk.commit(&[journal, (Family::Meta, meta::LAST, &last)]).map_err(|fault| {
                let _ = core.fault.set(fault);
                Error::unavailable()
            })?;
            Counters::add(&core.counters.write_nanos, nanos(writing.elapsed()));
            let published = Published {
                checkpoint: sealed.checkpoint.clone(),
                note: sealed.note.clone(),
                commit: sealed.commit,
                head_path,
                block: sealed.first,
            };
            let changes = std::mem::take(&mut sealed.changes);
            let rows = Arc::new(std::mem::take(&mut sealed.rows));
            let youngest = core.trees().fresh.0.last().cloned();
            let youngest = youngest.ok_or_else(|| Error::Bug("there is no generation".into()))?;
            youngest.add(rows, sealed.checkpoint.size)?;
            let erased = judged.layer.erased.iter();
            core.to_wipe().extend(erased.map(|((account, sequence), by)| (*account, *sequence, by.clone())));
            let mut trees = core.trees_mut();
            trees.directory.merge(changes);
            for (number, head) in judged.layer.accounts.rows() {
                trees.heads.change(number, head);
            }
            trees.log = sealed.growth.after.clone();
            trees.published = Arc::new(published);
            self.settler.grown(&mut trees);
        }
        let answers = self.answers(&offers, &judged.verdicts, sealed.as_ref());
        if let Some(sealed) = &sealed {
            Counters::add(&core.counters.commits, 1);
            Counters::add(&core.counters.records, sealed.records);
            Counters::add(&core.counters.commit_nanos, nanos(group.started.elapsed()));
        }
        Ok(answers)
    }

    fn sign(&self, checkpoint: &Checkpoint) -> String {
        Note::sign(checkpoint.to_string(), &self.core.origin, &self.operator).to_string()
    }

    fn answers(
        &self,
        offers: &[Offer<'_>],
        verdicts: &[Verdict],
        sealed: Option<&Sealed>,
    ) -> Vec<Result<Receipt, Error>> {
        let counters = &self.core.counters;
        let mut answers: Vec<Result<Receipt, Error>> = Vec::with_capacity(offers.len());
        for (offer, verdict) in offers.iter().zip(verdicts) {
            let answer = match verdict {
                Verdict::Refused(refusal) => {
                    Counters::add(&counters.refused_postings, 1);
                    Err(Error::Refused(refusal.clone()))
                }
                Verdict::Known => {
                    Counters::add(&counters.repeated_postings, 1);
                    let found = reads::receipt(&self.core.view(), &offer.digest);
                    found.and_then(|f| {
                        f.map(|f| f.receipt).ok_or_else(|| Error::Bug("a known posting is gone".into()))
                    })
                }
                Verdict::Same(first) => {
                    Counters::add(&counters.repeated_postings, 1);
                    answers[*first].clone()
                }
                Verdict::Recorded(posted) => {
                    Counters::add(&counters.postings, 1);
                    match sealed {
                        Some(sealed) => sealed.receipt(offer.digest, posted),
                        None => Err(Error::Bug("a posting is recorded and there is no commit".into())),
                    }
                }
            };
            if let (Verdict::Recorded(_), Ok(receipt)) = (verdict, &answer) {
                let refused = receipt.results.iter().filter(|r| r.is_err()).count();
                Counters::add(&counters.refused_statements, refused as u64);
            }
            answers.push(answer);
        }
        answers
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
