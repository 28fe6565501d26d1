//! How a ledger runs: its clock, its randomness, and how much it takes.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use peal_spec::hash::Seed;
use zeroize::Zeroizing;

/// How a ledger runs.
#[derive(Clone)]
pub struct Settings {
    /// The time in seconds since 1970. A commit gets this, or the last commit's time if that is later.
    pub clock: Arc<dyn Fn() -> u64 + Send + Sync>,
    /// A fresh random seed, for each record. Tests may give their own; a ledger's must not be guessable.
    pub seeds: Arc<dyn Fn() -> Seed + Send + Sync>,
    /// The most statements that wait; more are turned away.
    pub max_queued_statements: usize,
    /// The most bytes of postings that wait; more are turned away.
    pub max_queued_bytes: usize,
    /// The most statements of one commit; a single posting may have more.
    pub max_commit_statements: usize,
    /// Memory for the heads of accounts, in bytes: what a commit judges by. Heads beyond it are read from the store.
    pub head_bytes: usize,
    /// Bytes of rows that are gathered in memory before they are sorted into the store. Twice as many at most are in memory.
    pub fresh_bytes: usize,
    /// Records between two writings of the heads: the most that opening after a crash has to go through again, or so.
    pub records_between_heads: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            clock: Arc::new(|| SystemTime::UNIX_EPOCH.elapsed().map_or(0, |d| d.as_secs())),
            seeds: Arc::new(random_seed),
            max_queued_statements: 200_000,
            max_queued_bytes: 256 << 20,
            max_commit_statements: 10_000,
            head_bytes: 640 << 20,
            fresh_bytes: 32 << 20,
            records_between_heads: 2_000_000,
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("max_queued_statements", &self.max_queued_statements)
            .field("max_queued_bytes", &self.max_queued_bytes)
            .field("max_commit_statements", &self.max_commit_statements)
            .field("head_bytes", &self.head_bytes)
            .field("fresh_bytes", &self.fresh_bytes)
            .field("records_between_heads", &self.records_between_heads)
            .finish_non_exhaustive()
    }
}

/// How many seeds are drawn from the system at once.
const DRAWN: usize = 256;

thread_local! {
    static SEEDS: RefCell<Zeroizing<Vec<[u8; 16]>>> = RefCell::default();
}

/// A seed of the system's randomness; asked for in bulk, since each asking is a system call.
#[expect(clippy::expect_used, reason = "a ledger must not go on with seeds that can be guessed")]
fn random_seed() -> Seed {
    SEEDS.with_borrow_mut(|seeds| {
        if seeds.is_empty() {
            seeds.resize(DRAWN, [0; 16]);
            getrandom::fill(seeds.as_flattened_mut()).expect("the system gives random bytes");
        }
        let seed = seeds.pop().unwrap_or_default();
        Seed(seed)
    })
}
