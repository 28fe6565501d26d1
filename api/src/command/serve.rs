//! `peald serve`: runs a ledger until it is told to stop.
//!
//! 1. It listens at once and answers `starting` while the ledger is opened, which checks what a crash may have left.
//! 2. Before it signs anything it finds out whether others have seen more of the ledger than it has ([`crate::publish`]).
//! 3. Then it prints `listening on http://…`; whoever waits for that line can begin.
//! 4. SIGTERM or SIGINT: requests under way are finished, the ledger is closed, and the exit code is 0. A second signal ends it at once.

use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use peal_ledger::Ledger;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{Failure, keys, now};
use crate::admin;
use crate::app::App;
use crate::carried::Carried;
use crate::config::{Config, Files, Format, Level, Log};
use crate::deliver;
use crate::publish::Publisher;
use crate::schemes::Schemes;
use crate::server::Server;

/// How often what was erased is taken out of the database.
const ERASE_EVERY: Duration = Duration::from_secs(3600);

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
pub fn serve(
    dir: &Path,
    listen: Option<SocketAddr>,
    port_file: Option<&Path>,
    restored_without_witnesses: bool,
) -> Result<(), Failure> {
    let files = Files::new(dir);
    let mut config = Config::read(&files)?;
    if files.restored().exists() && config.publish.witnesses.is_empty() && !restored_without_witnesses {
        return Err(Failure::file(
            &files.restored(),
            "this ledger was restored from a backup, and no witness is named that could tell whether it had signed more",
            "name its witnesses under [[publish.witnesses]] in peald.toml; or, if you know that the backup is its newest state, or accept \
             that receipts given since then are lost, start it once with --restored-without-witnesses",
        ));
    }
    config.listen = listen.unwrap_or(config.listen);
    let trust = keys::trust(&files, &config.origin)?;
    let operator = keys::operator(&files)?;
    log(config.log);
    let schemes = Schemes::read(config.schemes.as_deref())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|e| Failure::Fault(e.to_string()))?;
    let served = runtime.block_on(async move {
        let (mut term, mut int) = (listener(SignalKind::terminate())?, listener(SignalKind::interrupt())?);
        let origin = config.origin.clone();
        let app = Arc::new(App::new(config, trust, schemes, Arc::new(now)));
        let server = Server::start(app.clone()).await?;
        let address = server.address();
        tracing::info!(%address, "opening the ledger");
        if app.config.authorities.is_empty() && !address.ip().is_loopback() {
            tracing::warn!(
                "signed reads are answered under the listen address only: name the host by which wallets reach this ledger under authorities in peald.toml"
            );
        }
        app.keep_evidence_in(files.seen());
        let database = files.database();
        let (path, settings) = (database.clone(), app.config.limits.ledger());
        let opened = tokio::task::spawn_blocking(move || Ledger::open(&path, operator, &origin, settings));
        let ledger = opened.await.map_err(|e| Failure::Fault(e.to_string()))?;
        let ledger = ledger.map_err(|e| Failure::ledger(&database, e))?;
        // Whoever holds the database may clear up what a crash has left.
        let (dir, most) = (files.carried(), app.config.limits.carried_bytes);
        let carried = tokio::task::spawn_blocking(move || Carried::open(dir, most));
        let carried = carried.await.map_err(|e| Failure::Fault(e.to_string()))?;
        let remedy = "make it a directory of the user that runs peald";
        app.carries(carried.map_err(|e| Failure::file(&files.carried(), e, remedy))?);
        let mut publisher = Publisher::new(app.clone(), files.clone(), ledger.clone());
        app.opened(ledger.clone());
        publisher.begin().await.map_err(|e| {
            let remedy = "put back the file from a backup; without one, move it away if you know that this ledger has its newest state";
            Failure::file(&e.path, e.what, remedy)
        })?;
        let mut telling = deliver::begin(&app, &files, &ledger).await.map_err(|e| {
            let remedy = "put back the file from a backup; without it, every webhook begins at the log's present end";
            Failure::file(&e.path, e.what, remedy)
        })?;
        let publishing = tokio::spawn(publisher.run());
        let erasing = tokio::spawn(erase(ledger.clone()));
        let operating = operate(&files, ledger);
        announce(address, port_file)?;
        tracing::info!(%address, "ready");
        tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
        tracing::info!("closing: requests under way are finished");
        publishing.abort();
        telling.abort_all();
        erasing.abort();
        operating.iter().for_each(tokio::task::JoinHandle::abort);
        tokio::select! {
            () = server.close() => tracing::info!("closed"),
            _ = term.recv() => tracing::warn!("ended at once"),
            _ = int.recv() => tracing::warn!("ended at once"),
        }
        Ok(())
    });
    // A witness that does not answer is not waited for.
    runtime.shutdown_timeout(Duration::from_secs(1));
    served
}

/// Opens the operator's socket. A ledger whose socket cannot be opened is served all the same.
fn operate(files: &Files, ledger: Ledger) -> Option<tokio::task::JoinHandle<()>> {
    let listener = admin::clear(&files.staged()).and_then(|()| admin::listen(files));
    match listener {
        Ok(listener) => Some(tokio::spawn(admin::serve(listener, files.clone(), ledger))),
        Err(error) => {
            tracing::warn!(%error, socket = %files.admin().display(), "there is no socket for `peald backup`; end the daemon to back up");
            None
        }
    }
}

/// Takes what was erased out of the database for as long as it is not dropped, however little else comes in.
async fn erase(ledger: Ledger) {
    let mut hours = tokio::time::interval(ERASE_EVERY);
    hours.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        hours.tick().await;
        let ledger = ledger.clone();
        match tokio::task::spawn_blocking(move || ledger.erase(false)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::error!(%error, "what was erased was not taken out of the database"),
            Err(_) => return,
        }
    }
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
