//! What readers and the writer share: the store, what lies on top of it, and the trees as last published.
//!
//! 1. The writer writes a commit to the journal (durable), then takes the lock for a moment, puts rows, heads and trees on top and publishes.
//! 2. A reader takes the lock for a moment: the published checkpoint, a look at the store with the rows on top of it, and of the accounts
//!    it asks about the heads and directory paths. All of it agrees with the published checkpoint.
//! 3. Nobody holds the lock while anything is written or synced.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use peal_spec::hash::Hash;
use peal_spec::log::{Commit, Head};
use peal_spec::note::{Checkpoint, VerifierKey};
use peal_spec::tree::Frontier;
use peal_spec::value::Origin;

use crate::blob::Blob;
use crate::erasing::{self, Order};
use crate::error::Error;
use crate::fresh::{Fresh, Generation};
use crate::heads::Heads;
use crate::layered::Layered;
use crate::rows::Head as AccountHead;
use crate::schema::{decode, number_key};
use crate::store::{Disk, RowsExt};
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
    pub(crate) heads: Heads,
    /// Rows that are not in the store yet.
    pub(crate) fresh: Fresh,
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

/// Blobs from this size on are worth keeping.
const SPARE: usize = 1 << 20;

/// One open ledger.
pub(crate) struct Core {
    pub(crate) disk: Box<dyn Disk>,
    pub(crate) origin: Origin,
    pub(crate) verifier: VerifierKey,
    pub(crate) counters: Counters,
    /// Set when the writer has ended. If a write failed, the store and the trees may differ until the ledger is opened again.
    pub(crate) stopped: AtomicBool,
    /// What is erased by published records and not wiped yet.
    to_wipe: Mutex<Vec<Order>>,
    /// Why the ledger stopped by itself.
    pub(crate) fault: OnceLock<Error>,
    /// Memory of blobs that are settled, for the next ones.
    spare: Mutex<Vec<Vec<u8>>>,
    trees: RwLock<Trees>,
}

/// An account's directory path, and its packed head where that is in memory.
type Seen = (Vec<Hash>, Option<Box<[u8]>>);

/// One moment of the ledger: all of it agrees with the published checkpoint.
pub(crate) struct Sight<'c> {
    pub(crate) published: Arc<Published>,
    pub(crate) view: Layered<'c>,
    /// Of the accounts asked for that exist: directory path, and the packed head where it is in memory.
    seen: BTreeMap<u64, Seen>,
}

impl Sight<'_> {
    /// The directory path of an account that was asked for.
    pub(crate) fn path(&self, number: u64) -> Option<&Vec<Hash>> {
        self.seen.get(&number).map(|(path, _)| path)
    }

    /// The head of an account that was asked for.
    pub(crate) fn head(&self, number: u64) -> Result<Option<AccountHead>, Error> {
        let key = number_key(number);
        match self.seen.get(&number) {
            Some((_, Some(packed))) => decode(&key, packed).map(Some),
            Some((_, None)) => self.view.row(&key),
            None => Ok(None),
        }
    }
}

impl Core {
    /// A ledger that is about to run.
    pub(crate) fn new(disk: Box<dyn Disk>, origin: Origin, verifier: VerifierKey, trees: Trees) -> Self {
        Self {
            disk,
            origin,
            verifier,
            counters: Counters::default(),
            stopped: AtomicBool::new(false),
            to_wipe: Mutex::default(),
            fault: OnceLock::new(),
            spare: Mutex::default(),
            trees: RwLock::new(trees),
        }
    }

    /// An empty blob with room for so many bytes: fresh memory has to be cleared page by page, so that of settled blobs is used again.
    pub(crate) fn blob(&self, bytes: usize) -> Blob {
        if bytes >= SPARE {
            let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
            let fits = |memory: &Vec<u8>| (bytes..=2 * bytes).contains(&memory.capacity());
            if let Some(at) = spare.iter().position(fits) {
                return Blob::within(spare.swap_remove(at));
            }
        }
        Blob::with_capacity(bytes)
    }

    /// Keeps the memory of rows that nobody looks at any more.
    pub(crate) fn reuse(&self, settled: Arc<Generation>) {
        let Ok(generation) = Arc::try_unwrap(settled) else { return };
        let blobs = generation.into_blobs().into_iter().filter_map(|blob| Arc::try_unwrap(blob).ok());
        let large = blobs.map(Blob::into_memory).filter(|memory| memory.capacity() >= SPARE);
        let mut large: Vec<Vec<u8>> = large.collect();
        std::mem::swap(&mut *self.spare.lock().unwrap_or_else(PoisonError::into_inner), &mut large);
    }

    /// Looks for what is erased and not wiped yet.
    pub(crate) fn find_erased(&self) -> Result<(), Error> {
        let found = erasing::waiting(&self.sight([])?.view)?;
        *self.to_wipe() = found;
        Ok(())
    }

    /// What is erased by published records and not wiped yet, for a moment.
    pub(crate) fn to_wipe(&self) -> MutexGuard<'_, Vec<Order>> {
        self.to_wipe.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The trees, for a moment.
    pub(crate) fn trees(&self) -> RwLockReadGuard<'_, Trees> {
        self.trees.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The trees, to change them.
    pub(crate) fn trees_mut(&self) -> RwLockWriteGuard<'_, Trees> {
        self.trees.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last commit.
    pub(crate) fn published(&self) -> Arc<Published> {
        self.trees().published.clone()
    }

    /// The store with the rows on top of it, now.
    pub(crate) fn view(&self) -> Layered<'_> {
        let trees = self.trees();
        Layered::new(&*self.disk, &trees.fresh)
    }

    /// One moment, with heads and directory paths of `accounts`.
    pub(crate) fn sight(&self, accounts: impl IntoIterator<Item = u64>) -> Result<Sight<'_>, Error> {
        let trees = self.trees();
        let size = trees.directory.size();
        let there = accounts.into_iter().filter(|n| *n < size);
        let seen = there.map(|n| Ok((n, (trees.directory.path(n)?, trees.heads.get(n).map(Box::from)))));
        let seen = seen.collect::<Result<_, Error>>()?;
        let view = Layered::new(&*self.disk, &trees.fresh);
        Ok(Sight { published: trees.published.clone(), view, seen })
    }
}
