//! `peald serve`: runs a ledger until it is told to stop.
//!
//! 1. It listens at once and answers `starting` while the ledger is opened, which checks what a crash may have left.
//! 2. When the ledger is open it prints `listening on http://…`; whoever waits for that line can begin.
//! 3. SIGTERM or SIGINT: requests under way are finished, the ledger is closed, and the exit code is 0. A second signal ends it at once.

use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use peal_ledger::Ledger;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{Failure, keys, now};
use crate::app::App;
use crate::config::{Config, Files, Format, Level, Log};
use crate::server::Server;

/// Starts logging to standard error.
fn log(log: Log) {
    let level = match log.level {
        Level::Error => tracing::Level::ERROR,
        Level::Warn => tracing::Level::WARN,
        Level::Info => tracing::Level::INFO,
        Level::Debug => tracing::Level::DEBUG,
    };
    let lines =
        tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr).with_target(false);
    // A second subscriber in one process is none; then the first goes on.
    let _ = match log.format {
        Format::Text => lines.with_ansi(false).try_init(),
        Format::Json => lines.json().flatten_event(true).try_init(),
    };
}

/// Runs a ledger until it is told to stop.
///
/// # Errors
/// [`Failure`] if it cannot begin.
pub fn serve(dir: &Path, listen: Option<SocketAddr>, port_file: Option<&Path>) -> Result<(), Failure> {
    let files = Files::new(dir);
    let mut config = Config::read(&files)?;
    config.listen = listen.unwrap_or(config.listen);
    let trust = keys::trust(&files, &config.origin)?;
    let operator = keys::operator(&files)?;
    log(config.log);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|e| Failure::Fault(e.to_string()))?;
    runtime.block_on(async move {
        let (mut term, mut int) = (listener(SignalKind::terminate())?, listener(SignalKind::interrupt())?);
        let origin = config.origin.clone();
        let app = Arc::new(App::new(config, trust, Arc::new(now)));
        let server = Server::start(app.clone()).await?;
        let address = server.address();
        tracing::info!(%address, "opening the ledger");
        if app.config.authorities.is_empty() && !address.ip().is_loopback() {
            tracing::warn!(
                "signed reads are answered under the listen address only: name the host by which wallets reach this ledger under authorities in peald.toml"
            );
        }
        let database = files.database();
        let (path, settings) = (database.clone(), app.config.limits.ledger());
        let opened = tokio::task::spawn_blocking(move || Ledger::open(&path, operator, &origin, settings));
        let ledger = opened.await.map_err(|e| Failure::Fault(e.to_string()))?;
        app.opened(ledger.map_err(|e| Failure::ledger(&database, e))?);
        announce(address, port_file)?;
        tracing::info!(%address, "ready");
        tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
        tracing::info!("closing: requests under way are finished");
        tokio::select! {
            () = server.close() => tracing::info!("closed"),
            _ = term.recv() => tracing::warn!("ended at once"),
            _ = int.recv() => tracing::warn!("ended at once"),
        }
        Ok(())
    })
}

fn listener(kind: SignalKind) -> Result<Signal, Failure> {
    signal(kind).map_err(|e| Failure::Fault(format!("cannot listen for signals: {e}")))
}

/// Says where it listens: a line on standard output, and the port in a file that appears whole.
fn announce(address: SocketAddr, port_file: Option<&Path>) -> Result<(), Failure> {
    let mut out = std::io::stdout();
    // Nobody may be reading; the log says it too.
    let _ = writeln!(out, "listening on http://{address}").and_then(|()| out.flush());
    let Some(path) = port_file else { return Ok(()) };
    let part = path.with_extension("part");
    let written = fs::write(&part, format!("{}\n", address.port())).and_then(|()| fs::rename(&part, path));
    written.map_err(|e| {
        Failure::file(path, e, "name a file in a directory that can be written with --port-file")
    })
}
