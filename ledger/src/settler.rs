//! The settler: brings rows from memory into their families, and heads into the store, behind the writer's back.
//!
//! 1. The writer begins a new generation when the last has grown large; this thread sorts the old one into the store, a family at a time, and
//!    then moves the mark `sorted`.
//! 2. After so many records it writes the heads that changed, with the directory's leaves, and moves the mark `heads`. Generations that have
//!    grown large meanwhile are sorted in between, as many as hold that many records.
//! 3. The journal below both marks is dropped.
//! 4. If rows that were sorted in erase something, the heads are written first, and then that is wiped (`erasing`).
//! 5. A crash at any step: the marks stand where they stood, and what lies above them is done again from the journal. A row written twice
//!    is the same row; a head says by its size which records it has. An error stops the ledger.
//! 6. When the writer is faster than this, it waits: memory holds two generations and no more, and the memory of a settled one for the next.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::erasing::{self, Order};
use crate::error::Error;
use crate::fresh::Generation;
use crate::rows::{Figure, Hashes, Leaves};
use crate::schema::{Family, TILE, encode, meta, number_key};
use crate::settings::Settings;
use crate::state::{Core, Trees};
use crate::store::Sorted;

/// How many heads are taken under one lock.
const HEADS_AT_ONCE: usize = if cfg!(test) { 8 } else { 2048 };

#[derive(Default)]
struct Orders {
    /// A generation waits to be sorted in.
    waiting: bool,
    closing: bool,
}

/// What the writer and the settler tell each other.
pub(crate) struct Settler {
    core: Arc<Core>,
    orders: Mutex<Orders>,
    told: Condvar,
    /// Held while anything is settled; the marks as they are in the store.
    marks: Mutex<Marks>,
    fresh_bytes: usize,
    records_between_heads: u64,
}

/// How far rows and heads are in the store, as sizes of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Marks {
    pub(crate) sorted: u64,
    pub(crate) heads: u64,
}

/// Stands in the way of commits while it is held.
pub(crate) type Pause<'c> = MutexGuard<'c, ()>;

impl Settler {
    pub(crate) fn new(core: Arc<Core>, marks: Marks, settings: &Settings) -> Self {
        Self {
            core,
            orders: Mutex::default(),
            told: Condvar::new(),
            marks: Mutex::new(marks),
            fresh_bytes: settings.fresh_bytes,
            records_between_heads: settings.records_between_heads,
        }
    }

    fn orders(&self) -> MutexGuard<'_, Orders> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works until it is closed or something fails.
    pub(crate) fn run(&self) {
        let _watch = Watch(self);
        loop {
            let mut orders = self.orders();
            while !orders.waiting && !orders.closing {
                orders = self.told.wait(orders).unwrap_or_else(PoisonError::into_inner);
            }
            if orders.closing {
                return;
            }
            orders.waiting = false;
            drop(orders);
            if self.settle_old().is_err() {
                return;
            }
        }
    }

    /// Ends [`Settler::run`].
    pub(crate) fn close(&self) {
        self.orders().closing = true;
        self.told.notify_all();
    }

    /// Called by the writer with the trees that it has just changed: begins a new generation when the last is large.
    pub(crate) fn grown(&self, trees: &mut Trees) {
        trees.heads.trim();
        let large = trees.fresh.0.last().is_some_and(|g| g.bytes() >= self.fresh_bytes);
        if large && trees.fresh.0.len() < 2 {
            trees.fresh.0.push(Arc::new(Generation::default()));
            self.orders().waiting = true;
            self.told.notify_all();
        }
    }

    /// Called by the writer before a commit: waits while two generations are full.
    pub(crate) fn wait_for_room(&self) {
        loop {
            let full = {
                let fresh = &self.core.trees().fresh;
                fresh.0.len() > 1 && fresh.0.last().is_some_and(|g| g.bytes() >= self.fresh_bytes)
            };
            if !full || self.core.stopped.load(Ordering::Acquire) {
                return;
            }
            let orders = self.orders();
            // Woken when a generation is done; looked at again now and then in any case.
            let moment = std::time::Duration::from_millis(50);
            let _ = self.told.wait_timeout(orders, moment).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Notes a failure, which stops the ledger.
    fn stop(&self, fault: Error) -> Error {
        let _ = self.core.fault.set(fault.clone());
        self.core.stopped.store(true, Ordering::Release);
        self.told.notify_all();
        fault
    }

    /// The marks, unless something has failed: heads that were taken to be written and were not are no longer known to differ, and a
    /// mark moved past them would lose them. What is in memory then is found in the journal.
    fn begin(&self) -> Result<MutexGuard<'_, Marks>, Error> {
        let marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        self.core.fault.get().cloned().map_or(Ok(marks), Err)
    }

    /// Sorts in every generation but the youngest, and writes the heads if it is time.
    fn settle_old(&self) -> Result<(), Error> {
        let mut marks = self.begin()?;
        let done = self.sort_in(&mut marks).and_then(|()| {
            // Before rows are wiped, heads are written: after a crash those are made again from the rows.
            let erases = self.erases(marks.sorted);
            let since = marks.sorted.saturating_sub(marks.heads);
            if erases || since >= self.records_between_heads || self.core.trees().heads.crowded() {
                self.write_heads(&mut marks)?;
            }
            self.wipe(&marks)?;
            self.forget(*marks)
        });
        self.told.notify_all();
        done.map_err(|e| self.stop(e))
    }

    /// Brings everything into the store; nothing is committed meanwhile. A ledger that has failed is left as it is.
    pub(crate) fn settle_all(&self, _pause: &Pause<'_>) -> Result<(), Error> {
        let mut marks = self.begin()?;
        // There is a youngest generation at any time: whoever hands in a posting asks for it.
        self.core.trees_mut().fresh.0.push(Arc::new(Generation::default()));
        let done = self.sort_in(&mut marks).and_then(|()| {
            self.write_heads(&mut marks)?;
            self.wipe(&marks)?;
            self.forget(*marks)
        });
        done.map_err(|e| self.stop(e))
    }

    /// Sorts in all generations but the youngest.
    fn sort_in(&self, marks: &mut Marks) -> Result<(), Error> {
        loop {
            let oldest = {
                let trees = self.core.trees();
                if trees.fresh.0.len() <= 1 { None } else { trees.fresh.0.first().cloned() }
            };
            let Some(oldest) = oldest else { break };
            oldest.sorted(|family, rows| self.core.disk.add(family, rows))?;
            if let Some(to) = oldest.end() {
                self.mark(meta::SORTED, to)?;
                marks.sorted = to;
            }
            // Readers may still hold on to the generation.
            let settled = self.core.trees_mut().fresh.0.remove(0);
            drop(oldest);
            self.core.reuse(settled);
            self.told.notify_all();
        }
        Ok(())
    }

    fn mark(&self, name: &[u8], at: u64) -> Result<(), Error> {
        self.core.disk.commit(&[(Family::Meta, name, &encode(&Figure(at))?)])
    }

    /// Writes the heads that changed since they were written, and the directory's leaves with them.
    fn write_heads(&self, marks: &mut Marks) -> Result<(), Error> {
        let core = &*self.core;
        let at = {
            let mut trees = core.trees_mut();
            trees.heads.writing = true;
            trees.published.checkpoint.size
        };
        let mut tiles = BTreeSet::new();
        let mut next = Some(0);
        let batches = std::iter::from_fn(|| {
            let from = next?;
            // There are many; what the writer waits for goes first. But not for ever: heads that change ahead of here are taken, too, and
            // until all are written the journal grows.
            let bounded = marks.sorted.saturating_sub(at) < self.records_between_heads;
            if bounded && let Err(e) = self.sort_in(marks) {
                next = None;
                return Some(Err(e));
            }
            let (some, further) = core.trees_mut().heads.clean(from, HEADS_AT_ONCE);
            next = further;
            tiles.extend(some.iter().map(|(number, _)| number / TILE));
            Some(Ok(some))
        });
        let mut heads = batches.flat_map(|some| {
            let (some, failed) = some.map_or_else(|e| (Vec::new(), Some(Err(e))), |some| (some, None));
            let heads = some
                .into_iter()
                .map(|(number, head)| Ok((number_key(number).to_vec(), Cow::Owned(head.into_vec()))));
            failed.into_iter().chain(heads)
        });
        core.disk.add(Family::Heads, &mut heads)?;
        drop(heads);
        let mut leaves = tiles.into_iter().map(|tile| -> Result<Sorted<'_>, Error> {
            let hashes = core.trees().directory.leaves(tile * TILE).to_vec();
            Ok((number_key(tile).to_vec(), Cow::Owned(encode(&Leaves(Hashes(hashes)))?)))
        });
        core.disk.add(Family::Leaves, &mut leaves)?;
        self.mark(meta::HEADS, at)?;
        marks.heads = at;
        core.trees_mut().heads.writing = false;
        Ok(())
    }

    /// Whether something below a size of the log is erased and not wiped yet.
    pub(crate) fn erases(&self, below: u64) -> bool {
        self.core.to_wipe().iter().any(|(_, _, erasure)| erasure.at < below)
    }

    /// Wipes what rows erase that are sorted in and whose accounts' heads are written.
    fn wipe(&self, marks: &Marks) -> Result<(), Error> {
        let below = marks.sorted.min(marks.heads);
        let waiting = |order: &&Order| order.2.at < below;
        let orders: Vec<Order> = self.core.to_wipe().iter().filter(waiting).cloned().collect();
        erasing::wipe(&*self.core.disk, &self.core.origin, &orders)?;
        self.core.to_wipe().retain(|(_, _, erasure)| erasure.at >= below);
        Ok(())
    }

    fn forget(&self, marks: Marks) -> Result<(), Error> {
        self.core.disk.forget(Family::Journal, &number_key(marks.sorted.min(marks.heads)))
    }
}

/// Stops the ledger when the settler ends by a panic, so that the writer does not wait for it for ever.
struct Watch<'s>(&'s Settler);

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.stop(Error::Bug("the settler ended in a panic".into()));
        }
    }
}
