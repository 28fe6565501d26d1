//! What readers and the writer share: the store, and the trees as last published.
//!
//! 1. The writer writes a commit to the store (durable), then takes the lock for a moment, merges the trees and publishes.
//! 2. A reader takes the lock for a moment: the published checkpoint, a snapshot of the store and the directory paths it needs. Between
//!    the writer's two steps the store is ahead of the trees; the reader sees that in the snapshot and asks again.
//! 3. Nobody holds the lock while anything is written or synced.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use peal_spec::hash::Hash;
use peal_spec::log::{Commit, Head};
use peal_spec::note::{Checkpoint, VerifierKey};
use peal_spec::tree::Frontier;
use peal_spec::value::Origin;

use crate::error::Error;
use crate::rows::Figure;
use crate::schema::meta;
use crate::store::{Rows, Snapshot, Store};
use crate::trees::Directory;

/// The last commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The log after it.
    pub checkpoint: Checkpoint,
    /// The checkpoint, signed by the operator.
    pub note: String,
    /// What its last leaf says.
    pub commit: Commit,
    /// Path of that leaf.
    pub(crate) head_path: Vec<Hash>,
    /// Key of its block.
    pub(crate) block: u64,
}

impl Published {
    /// The way from the checkpoint to the directory.
    pub fn head(&self) -> Head {
        Head { commit: self.commit, path: self.head_path.clone() }
    }
}

/// The trees as published.
pub(crate) struct Trees {
    pub(crate) published: Arc<Published>,
    pub(crate) directory: Directory,
    /// The log's right edge.
    pub(crate) log: Frontier,
}

/// Counters since the ledger was opened.
#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) commits: AtomicU64,
    pub(crate) postings: AtomicU64,
    pub(crate) records: AtomicU64,
    pub(crate) refused_statements: AtomicU64,
    pub(crate) refused_postings: AtomicU64,
    pub(crate) repeated_postings: AtomicU64,
    pub(crate) commit_nanos: AtomicU64,
    pub(crate) write_nanos: AtomicU64,
}

impl Counters {
    pub(crate) fn add(counter: &AtomicU64, by: u64) {
        counter.fetch_add(by, Ordering::Relaxed);
    }
    pub(crate) fn duration(counter: &AtomicU64) -> Duration {
        Duration::from_nanos(counter.load(Ordering::Relaxed))
    }
}

/// One open ledger.
pub(crate) struct Core {
    pub(crate) store: Store,
    pub(crate) origin: Origin,
    pub(crate) verifier: VerifierKey,
    pub(crate) counters: Counters,
    /// Set when the writer has ended. If a write failed, the store and the trees may differ until the ledger is opened again.
    pub(crate) stopped: AtomicBool,
    /// Why the writer ended, if a commit failed.
    pub(crate) fault: OnceLock<Error>,
    pub(crate) trees: RwLock<Trees>,
}

/// One moment of the ledger: all of it agrees with the published checkpoint.
pub(crate) struct Sight<'c> {
    pub(crate) published: Arc<Published>,
    pub(crate) snapshot: Snapshot<'c>,
    /// Directory paths of the accounts asked for that exist.
    pub(crate) paths: BTreeMap<u64, Vec<Hash>>,
}

impl Core {
    /// The last commit.
    pub(crate) fn published(&self) -> Arc<Published> {
        self.trees.read().unwrap_or_else(PoisonError::into_inner).published.clone()
    }

    /// One moment, with the directory paths of `accounts`.
    pub(crate) fn sight(&self, accounts: impl IntoIterator<Item = u64> + Clone) -> Result<Sight<'_>, Error> {
        loop {
            let trees = self.trees.read().unwrap_or_else(PoisonError::into_inner);
            let published = trees.published.clone();
            let snapshot = self.store.snapshot();
            let last = snapshot.must::<Figure>(meta::LAST)?.0;
            if last == published.block {
                let size = trees.directory.size();
                let there = accounts.into_iter().filter(|n| *n < size);
                let paths = there.map(|n| Ok((n, trees.directory.path(n)?))).collect::<Result<_, Error>>()?;
                return Ok(Sight { published, snapshot, paths });
            }
            drop(trees);
            if self.stopped.load(Ordering::Acquire) {
                return Err(Error::unavailable());
            }
            std::thread::yield_now();
        }
    }
}
