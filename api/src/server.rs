//! The server: accepts connections, and closes without losing anything.
//!
//! 1. A connection above the limit is told 503 and closed at once; nothing waits in line.
//! 2. On closing, no new connection is accepted, idle ones end, and requests under way are finished within their time.
//! 3. When the last connection has ended, the ledger is closed: what was acknowledged is durable, what was not may be sent again.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};

use crate::app::Shared;
use crate::patient::Patient;
use crate::problem::{self, Problem};
use crate::router;

/// What a connection above the limit is sent.
fn full() -> String {
    let details = serde_json::to_string(Problem::overloaded(1).details()).unwrap_or_default();
    let head = "HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\n";
    format!(
        "{head}content-type: {}\r\ncontent-length: {}\r\n\r\n{details}",
        problem::MEDIA_TYPE,
        details.len()
    )
}

/// A server that accepts connections.
pub struct Server {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    accepting: tokio::task::JoinHandle<()>,
    app: Shared,
}

/// A server that cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum CannotServe {
    /// The address cannot be listened on.
    #[error(
        "cannot listen on {address}: {error}\n  remedy: stop what listens there, or change listen in peald.toml, PEALD_LISTEN or --listen"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        error: io::Error,
    },
    /// The document of the routes cannot be made.
    #[error("a fault of this program: {0}")]
    Document(#[from] serde_json::Error),
}

impl Server {
    /// Listens and answers. The ledger may be given to the application later; until then it answers `starting`.
    ///
    /// # Errors
    /// [`CannotServe`] if the address is not free.
    pub async fn start(app: Shared) -> Result<Self, CannotServe> {
        let listen = app.config.listen;
        let cannot = |error| CannotServe::Listen { address: listen, error };
        let listener = TcpListener::bind(listen).await.map_err(cannot)?;
        let address = listener.local_addr().map_err(cannot)?;
        app.bound(address);
        let (router, _) = router::build(app.clone())?;
        let (stop, stopped) = watch::channel(false);
        let accepting = tokio::spawn(accept(app.clone(), listener, router, stopped));
        Ok(Self { address, stop, accepting, app })
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Steps 2 and 3.
    pub async fn close(self) {
        self.app.close();
        self.stop.send_replace(true);
        if let Err(fault) = self.accepting.await {
            tracing::error!(%fault, "the accepting task failed");
        }
        if let Some(ledger) = self.app.ledger_if_open().cloned() {
            let closed = tokio::task::spawn_blocking(move || ledger.close()).await;
            if let Err(fault) = closed {
                tracing::error!(%fault, "closing the ledger failed");
            }
        }
    }
}

/// Waits until the server is to stop.
async fn told(stop: &mut watch::Receiver<bool>) {
    // The sender is gone only when the server is.
    let _ = stop.wait_for(|stop| *stop).await;
}

async fn accept(app: Shared, listener: TcpListener, router: Router, mut stopped: watch::Receiver<bool>) {
    let most = app.config.limits.connections.min(Semaphore::MAX_PERMITS).min(u32::MAX as usize);
    let permits = Arc::new(Semaphore::new(most));
    let (stop, full) = (stopped.clone(), full());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = told(&mut stopped) => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of file descriptors, most likely: let some end first.
                tracing::warn!(%error, "cannot accept a connection");
                sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        match permits.clone().try_acquire_owned() {
            Ok(permit) => {
                let (app, router, stop) = (app.clone(), router.clone(), stop.clone());
                tokio::spawn(async move {
                    app.connections.fetch_add(1, Ordering::Relaxed);
                    serve(&app, stream, router, stop).await;
                    app.connections.fetch_sub(1, Ordering::Relaxed);
                    drop(permit);
                });
            }
            // The socket's buffer is empty, so this neither waits nor is cut; if the client has gone, that is well too.
            Err(_) => drop(stream.try_write(full.as_bytes())),
        }
    }
    drop(listener);
    let patience = app.config.limits.request() + app.config.limits.stall();
    let all = u32::try_from(most).unwrap_or(u32::MAX);
    if timeout(patience, permits.acquire_many(all)).await.is_err() {
        tracing::warn!("some connections did not end in time and are cut");
    }
}

async fn serve(app: &Shared, stream: TcpStream, router: Router, mut stop: watch::Receiver<bool>) {
    // Answers are small and whole; waiting to fill a packet only delays them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    let limits = &app.config.limits;
    let io = TokioIo::new(Patient::new(stream, limits.stall(), stop.clone()));
    let service = TowerToHyperService::new(router);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header())
        .max_buf_size(64 * 1024)
        .serve_connection(io, service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = told(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
