//! What every request sees: the ledger, the configuration, and the gates that keep the server from taking on too much.
//!
//! 1. The server listens before the ledger is open; until then every request that needs it is answered `starting`.
//! 2. Work that burns a core passes one gate, as wide as there are cores; what waits there is bounded by the requests under way.
//! 3. Whole copies of accounts are made a few at a time; whoever waits too long for a turn is told to come back.
//! 4. When the server closes, requests under way are finished; nothing that was acknowledged is lost.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use peal_ledger::{Error, Ledger};
use peal_spec::trust::Trust;
use peal_spec::value::Time;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::board::Board;
use crate::carried::Carried;
use crate::config::{self, Config};
use crate::metrics::Metrics;
use crate::problem::Problem;
use crate::schemes::Schemes;
use crate::shares::Shares;
use crate::signing::Signing;
use crate::streams::Streams;

/// A clock: Unix seconds.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// What every request sees.
pub struct App {
    /// What the operator decided.
    pub config: Config,
    /// By what this server verifies proofs.
    pub trust: Trust,
    /// By what this server says what is due.
    pub schemes: Schemes,
    /// What is counted.
    pub metrics: Metrics,
    /// Whether the ledger may sign.
    pub signing: Signing,
    /// The published checkpoint.
    pub board: Board,
    /// Requests that may still begin.
    pub requests: Arc<Semaphore>,
    /// Those of them that may have a body: a quarter is kept for reads, so that postings which wait for a commit do not keep readers out.
    pub writes: Arc<Semaphore>,
    /// What each sender has in the ledger's queue.
    pub shares: Arc<Shares>,
    /// Streams of notices that are open.
    pub streams: Arc<Streams>,
    /// KiB of bodies that may still be held.
    pub room: Arc<Semaphore>,
    /// Copies of accounts that may still be made: two for each core.
    pub copies: Arc<Semaphore>,
    /// Proofs that may still be verified and questions that may still be reckoned, which anybody may send: half of the cores for both, so that
    /// whoever sends long ones does not keep postings waiting.
    pub reckonings: Arc<Semaphore>,
    /// Open connections.
    pub connections: AtomicU64,
    authorities: OnceLock<Vec<String>>,
    evidence: OnceLock<PathBuf>,
    carried: OnceLock<Carried>,
    clock: Clock,
    ledger: OnceLock<Ledger>,
    closing: AtomicBool,
    cores: Arc<Semaphore>,
}

/// How long a read waits for its turn before it is told to come back.
const TURN: Duration = Duration::from_secs(1);

/// [`App`] as handlers hold it.
pub type Shared = Arc<App>;

impl App {
    /// An application whose ledger is not open yet.
    pub fn new(config: Config, trust: Trust, schemes: Schemes, clock: Clock) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let limits = &config.limits;
        // Bodies take room in steps of 64 KiB; one of the greatest size must fit.
        let room = (limits.memory_bytes / 1024).next_multiple_of(64).min(Semaphore::MAX_PERMITS);
        Self {
            requests: Arc::new(Semaphore::new(limits.requests)),
            writes: Arc::new(Semaphore::new(limits.requests - limits.requests / 4)),
            shares: Shares::of(limits.queued_statements),
            streams: Streams::of(limits.streams),
            room: Arc::new(Semaphore::new(room)),
            cores: Arc::new(Semaphore::new(cores)),
            copies: Arc::new(Semaphore::new(2 * cores)),
            reckonings: Arc::new(Semaphore::new((cores / 2).max(1))),
            connections: AtomicU64::new(0),
            authorities: OnceLock::new(),
            evidence: OnceLock::new(),
            carried: OnceLock::new(),
            ledger: OnceLock::new(),
            closing: AtomicBool::new(false),
            metrics: Metrics::default(),
            signing: Signing::default(),
            board: Board::default(),
            config,
            trust,
            schemes,
            clock,
        }
    }

    /// Gives it its ledger. A second one is not taken.
    pub fn opened(&self, ledger: Ledger) {
        if self.ledger.set(ledger).is_err() {
            tracing::error!("a second ledger was opened");
        }
    }

    /// The ledger.
    ///
    /// # Errors
    /// 503 while it is being opened. A request that is under way when the server closes is still answered.
    pub fn ledger(&self) -> Result<&Ledger, Problem> {
        self.ledger.get().ok_or_else(Problem::starting)
    }

    /// The ledger, for a posting.
    ///
    /// # Errors
    /// 503 while it is being opened, and while it may not sign.
    pub fn ledger_that_signs(&self) -> Result<&Ledger, Problem> {
        let ledger = self.ledger()?;
        match self.signing.held() {
            None => Ok(ledger),
            Some(held) => Err(Problem::held(&held)),
        }
    }

    /// The ledger, for closing it.
    pub fn ledger_if_open(&self) -> Option<&Ledger> {
        self.ledger.get()
    }

    /// Gives it the histories that accounts have carried along. A second store is not taken.
    pub fn carries(&self, carried: Carried) {
        self.carried.get_or_init(|| carried);
    }

    /// Does something with the histories that accounts have carried along, off the threads that serve connections.
    ///
    /// # Errors
    /// 503 while they are not there, 500 if the system fails.
    pub async fn with_carried<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Carried) -> std::io::Result<T> + Send + 'static,
    ) -> Result<T, Problem> {
        let app = self.clone();
        let work = move || app.carried.get().map(work).ok_or_else(Problem::starting);
        let done = tokio::task::spawn_blocking(work).await.map_err(|e| Problem::internal(&e))??;
        done.map_err(|e| Problem::internal(&e))
    }

    /// Says where a note is kept that shows more of this log than it has.
    pub fn keep_evidence_in(&self, path: PathBuf) {
        self.evidence.get_or_init(|| path);
    }

    /// Where such a note is kept.
    pub fn evidence(&self) -> Option<&Path> {
        self.evidence.get().map(PathBuf::as_path)
    }

    /// From now on nothing new is begun.
    pub fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
    }

    /// Whether the server is going down.
    pub fn is_closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }

    /// The present time.
    pub fn now(&self) -> Time {
        Time::new((self.clock)()).unwrap_or_default()
    }

    /// Says where the server listens, which is what it is called unless the operator names it.
    pub fn bound(&self, address: SocketAddr) {
        let own = || match self.config.authorities.as_slice() {
            [] => config::own_authorities(address),
            named => named.to_vec(),
        };
        self.authorities.get_or_init(own);
    }

    /// The authorities for which signed reads may be meant.
    pub fn authorities(&self) -> &[String] {
        self.authorities.get().map_or(&[], Vec::as_slice)
    }

    /// Waits a little for leave to make a copy of an account; it is given back when the last clone is dropped.
    ///
    /// # Errors
    /// 503 if too many are being made.
    pub async fn may_copy(&self) -> Result<Arc<OwnedSemaphorePermit>, Problem> {
        Self::turn(&self.copies).await.map(Arc::new)
    }

    /// Waits a little for leave to send something.
    ///
    /// # Errors
    /// 503 if too much is being sent.
    pub async fn may_write(&self) -> Result<OwnedSemaphorePermit, Problem> {
        Self::turn(&self.writes).await
    }

    /// Waits a little for leave to verify a proof or to reckon what somebody asks.
    ///
    /// # Errors
    /// 503 if too much of that is under way.
    pub async fn may_reckon(&self) -> Result<OwnedSemaphorePermit, Problem> {
        Self::turn(&self.reckonings).await
    }

    async fn turn(gate: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Problem> {
        let turn = timeout(TURN, gate.clone().acquire_owned()).await;
        turn.map_err(|_| Problem::overloaded(1))?.map_err(|e| Problem::internal(&e))
    }

    /// Does work that burns a core: as many at a time as there are cores.
    ///
    /// # Errors
    /// 500 if it panics.
    pub async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let permit = self.cores.clone().acquire_owned().await.map_err(|e| Problem::internal(&e))?;
        let work = move || {
            let _permit = permit;
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(|e| Problem::internal(&e))
    }

    /// Asks the ledger for something, off the threads that serve connections.
    ///
    /// # Errors
    /// 503 while the ledger is not there, 500 if it fails.
    pub async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Ledger) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Problem> {
        let ledger = self.ledger()?.clone();
        let answer = tokio::task::spawn_blocking(move || question(&ledger)).await;
        answer.map_err(|e| Problem::internal(&e))?.map_err(|e| self.problem(e))
    }

    /// What the outside is told of a failure of the ledger.
    pub fn problem(&self, error: Error) -> Problem {
        match error {
            Error::Refused(refusal) => {
                self.metrics.refused(&refusal);
                refusal.into()
            }
            Error::Unavailable { .. } if self.is_closing() => Problem::closing(),
            Error::Unavailable { retry_after } => Problem::overloaded(retry_after.as_secs().max(1)),
            other => Problem::internal(&other),
        }
    }
}
