//! The operator's socket: a Unix socket in the ledger's directory, for its owner only, by which `peald backup` asks the running daemon for a
//! copy of the database.
//!
//! 1. The client writes `backup` and a newline; the daemon makes the copy beside the database, in a place of its own choosing.
//! 2. It answers with one line of JSON, [`Answer`]. The client takes the copy away and closes the connection.
//! 3. The daemon removes the copy. What a crash leaves of one is removed at the next start.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use peal_ledger::Ledger;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::timeout;

use crate::config::Files;

/// What a client asks for.
pub const BACKUP: &str = "backup\n";
/// How long a request may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a client is answered with.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The copy stands there until the connection is closed.
    Staged,
    /// There is none.
    Failed(String),
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
                tracing::warn!(%error, "a backup was broken off");
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
        _ if asked != BACKUP => Answer::Failed("this daemon does not know that request".into()),
        None => Answer::Failed("another backup is under way".into()),
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
