//! The operator's socket: a Unix socket in the ledger's directory, for its owner only, by which `peald backup` asks the running daemon for a
//! copy of the database, `peald purge` has it delete what was erased, and `peald retention` asks what it keeps.
//!
//! 1. The client writes `backup`, `purge` or `retention` and a newline. For a backup the daemon makes the copy beside the database, in a place of its own
//!    choosing.
//! 2. It answers with one line of JSON, [`Answer`]. The client takes the copy away and closes the connection.
//! 3. The daemon removes the copy. What a crash leaves of one is removed at the next start.

use std::fs;
use std::io::{self, BufRead as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream as Client;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use peal_ledger::Ledger;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::timeout;

use crate::command::retention::Report;
use crate::config::Files;

/// A client asks for a copy of the database.
pub const BACKUP: &str = "backup\n";
/// A client asks that what was erased be deleted from all files.
pub const PURGE: &str = "purge\n";
/// How long a request may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// A client asks what the database keeps.
pub const RETENTION: &str = "retention\n";

/// What a client is answered with.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The copy stands there until the connection is closed.
    Staged,
    /// What was erased is in no file; whether there was anything to do.
    Purged(bool),
    /// What the database keeps.
    Retention(Report),
    /// It was not done.
    Failed(String),
}

/// Asks the daemon whose socket this is; none if no daemon runs. What it answered with stands until the connection is dropped.
///
/// # Errors
/// The system's, or an answer that cannot be read.
pub fn ask(socket: &Path, request: &str) -> io::Result<Option<(Answer, Client)>> {
    let mut stream = match Client::connect(socket) {
        Ok(stream) => stream,
        // If one ran, the database would be locked.
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
            return Ok(None);
        }
        Err(e) => return Err(e),
    };
    let mut line = String::new();
    stream.write_all(request.as_bytes())?;
    io::BufReader::new(&stream).read_line(&mut line)?;
    Ok(Some((serde_json::from_str(&line)?, stream)))
}

/// Removes a copy that was left.
///
/// # Errors
/// The system's.
pub fn clear(staged: &Path) -> io::Result<()> {
    match fs::remove_dir_all(staged) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Listens in the ledger's directory. Whoever holds the database may take the place of a socket that a crash left.
///
/// # Errors
/// The system's.
pub fn listen(files: &Files) -> io::Result<UnixListener> {
    let path = files.admin();
    // Made where nobody else can reach it, and moved when only its owner can use it.
    let room = path.with_extension("new");
    clear(&room)?;
    fs::DirBuilder::new().mode(0o700).create(&room)?;
    let made = room.join("s");
    let listener = UnixListener::bind(&made)?;
    fs::set_permissions(&made, fs::Permissions::from_mode(0o600))?;
    fs::rename(&made, &path)?;
    fs::remove_dir(&room)?;
    Ok(listener)
}

/// Answers for as long as it is not dropped.
pub async fn serve(listener: UnixListener, files: Files, ledger: Ledger) {
    let one = Arc::new(Mutex::new(()));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(PATIENCE).await;
            continue;
        };
        let (files, ledger) = (files.clone(), ledger.clone());
        let turn = one.clone().try_lock_owned().ok();
        tokio::spawn(async move {
            if let Err(error) = answer(stream, files, ledger, turn).await {
                tracing::warn!(%error, "what the operator asked for was broken off");
            }
        });
    }
}

async fn answer(
    stream: UnixStream,
    files: Files,
    ledger: Ledger,
    turn: Option<OwnedMutexGuard<()>>,
) -> io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader.take(64));
    let mut asked = String::new();
    timeout(PATIENCE, reader.read_line(&mut asked)).await??;
    let answer = match turn {
        _ if ![BACKUP, PURGE, RETENTION].contains(&asked.as_str()) => {
            Answer::Failed("this daemon does not know that request".into())
        }
        None => {
            Answer::Failed("another backup, purge or report is under way: try again when that is done".into())
        }
        Some(_) if asked == RETENTION => {
            match tokio::task::spawn_blocking(move || ledger.retention()).await? {
                Ok(found) => Answer::Retention(Report::of(&found)),
                Err(error) => Answer::Failed(error.to_string()),
            }
        }
        Some(_) if asked == PURGE => match tokio::task::spawn_blocking(move || ledger.erase(true)).await? {
            Ok(some) => Answer::Purged(some),
            Err(error) => Answer::Failed(error.to_string()),
        },
        Some(_) => {
            let staged = files.staged();
            let made = tokio::task::spawn_blocking(move || {
                clear(&staged).map_err(|e| e.to_string())?;
                ledger.backup(&staged).map_err(|e| e.to_string())
            });
            match made.await? {
                Ok(_) => Answer::Staged,
                Err(error) => Answer::Failed(error),
            }
        }
    };
    let staged = turn.is_some() && matches!(answer, Answer::Staged);
    writer.write_all(format!("{}\n", serde_json::to_string(&answer)?).as_bytes()).await?;
    if staged {
        // The client closes when it has taken the copy, or has ended.
        let mut rest = [0; 1];
        let _ = reader.read(&mut rest).await;
        let path = files.staged();
        tokio::task::spawn_blocking(move || clear(&path)).await??;
    }
    drop(turn);
    Ok(())
}
