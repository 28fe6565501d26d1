//! Publishing checkpoints at a steady pace, cosigned by witnesses.
//!
//! 1. [`Publisher::begin`] looks, before anything is signed, at what was published and seen before, and asks every witness once. What
//!    contradicts the log ends all signing ([`Signing`](crate::signing::Signing)).
//! 2. Every `publish.seconds`, if the log has grown, its last checkpoint is the next candidate: all witnesses are asked at once. It is
//!    published when enough have cosigned and the others have answered, or the next turn comes; cosignatures that come later are added.
//! 3. What is published is kept in a file first, so that a restart goes on from it, and sees if the log has fallen behind it.
//!
//! Nothing here holds up a posting: receipts and copies stand under the operator's own signature as soon as they are durable.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use peal_ledger::{Ledger, Published};
use peal_spec::note::{Line, Note};
use tokio::sync::mpsc;
use tokio::time::{Instant as Deadline, MissedTickBehavior, interval, timeout_at};

use crate::app::Shared;
use crate::board::{Posted, Shown};
use crate::config::Files;
use crate::signing::{Held, compare, keep, read, sync_directory_of};
use crate::witnesses::{Desk, Told};

/// A checkpoint that is being cosigned.
struct Candidate {
    published: Arc<Published>,
    /// Cosignatures, by witness.
    lines: Vec<Option<Line>>,
    /// Witnesses that are being asked for this one.
    asked: usize,
    /// How many of its lines are published.
    posted: Option<usize>,
    taken: Instant,
}

impl Candidate {
    fn cosigned(&self) -> usize {
        self.lines.iter().flatten().count()
    }
}

/// What a witness has answered, about which size.
struct Heard {
    witness: usize,
    size: u64,
    told: Told,
}

/// A file that says what was seen before, and cannot be used.
#[derive(Debug)]
pub struct Unusable {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub what: String,
}

/// Asks witnesses and publishes.
pub struct Publisher {
    app: Shared,
    files: Files,
    ledger: Ledger,
    desks: Vec<Desk>,
    candidate: Option<Candidate>,
    /// Witnesses that have cosigned since the start.
    confirmed: Vec<bool>,
    /// The directory was restored, and this is not yet confirmed.
    restored: bool,
    sender: mpsc::UnboundedSender<Heard>,
    heard: mpsc::UnboundedReceiver<Heard>,
}

impl Publisher {
    /// A publisher of an open ledger. The application signs nothing until [`Publisher::begin`] has looked.
    pub fn new(app: Shared, files: Files, ledger: Ledger) -> Self {
        let publish = &app.config.publish;
        let desks: Vec<Desk> =
            publish.witnesses.iter().map(|at| Desk::new(at.clone(), publish.timeout())).collect();
        let (sender, heard) = mpsc::unbounded_channel();
        let restored = files.restored().exists();
        app.board.show(Shown::Nothing(Instant::now()));
        app.signing.wait("it is being found out whether others have seen more of this log");
        Self {
            confirmed: vec![false; desks.len()],
            candidate: None,
            app,
            files,
            ledger,
            desks,
            restored,
            sender,
            heard,
        }
    }

    fn need(&self) -> usize {
        self.app.config.publish.need
    }

    /// Step 1. Takes no longer than a witness may take to answer.
    ///
    /// # Errors
    /// If the ledger or a file cannot be read.
    pub async fn begin(&mut self) -> Result<(), Unusable> {
        self.look_at_evidence()?;
        self.look_at_published()?;
        self.turn().await;
        let deadline = Deadline::now() + self.app.config.publish.timeout();
        while self.candidate.as_ref().is_some_and(|c| c.asked > 0) {
            match timeout_at(deadline, self.heard.recv()).await {
                Ok(Some(heard)) => self.hear(heard).await,
                _ => break,
            }
        }
        self.settle();
        // A ledger that has lost what it published goes on serving what it has.
        let refusing = matches!(self.app.signing.held(), Some(Held::Refusing(_)));
        if refusing && matches!(self.app.board.shown(), Shown::Nothing(_)) {
            self.app.board.show(Shown::Latest);
        }
        Ok(())
    }

    /// A note that showed the log to be behind: the log may contain it now.
    fn look_at_evidence(&self) -> Result<(), Unusable> {
        let path = self.files.seen();
        let fault = |what: &dyn std::fmt::Display| Unusable { path: path.clone(), what: what.to_string() };
        let Some(text) = read_file(&path).map_err(|e| fault(&e))? else { return Ok(()) };
        let checkpoint = read(&text, &self.ledger).map_err(|e| fault(&e))?;
        match compare(&checkpoint, &self.ledger).map_err(|e| fault(&e))?.why("somebody") {
            Some(why) => self.app.signing.refuse(&format!("{why} ({})", path.display())),
            None => {
                let kept = path.with_extension(format!("note.{}", checkpoint.size));
                let moved = std::fs::rename(&path, &kept).and_then(|()| sync_directory_of(&path));
                moved.map_err(|e| fault(&e))?;
                tracing::info!(kept = %kept.display(), "the log contains what somebody had seen: it is signed again");
            }
        }
        Ok(())
    }

    /// What this ledger itself published last.
    fn look_at_published(&mut self) -> Result<(), Unusable> {
        let path = self.files.published();
        let fault = |what: &dyn std::fmt::Display| Unusable { path: path.clone(), what: what.to_string() };
        let Some(text) = read_file(&path).map_err(|e| fault(&e))? else { return Ok(()) };
        let checkpoint = read(&text, &self.ledger).map_err(|e| fault(&e))?;
        match compare(&checkpoint, &self.ledger).map_err(|e| fault(&e))?.why("this directory") {
            Some(why) => self.app.signing.refuse(&format!("{why} ({})", path.display())),
            None => {
                self.desks.iter_mut().for_each(|desk| desk.size = checkpoint.size);
                self.app.board.show(Shown::Posted(Arc::new(Posted {
                    note: text,
                    size: checkpoint.size,
                    taken: Instant::now(),
                })));
            }
        }
        Ok(())
    }

    /// Ends the waiting, if what was waited for has come.
    fn settle(&mut self) {
        if matches!(self.app.signing.held(), Some(Held::Refusing(_))) {
            return;
        }
        if self.restored {
            let (need, have) = (self.need().max(1), self.confirmed.iter().filter(|c| **c).count());
            if !self.desks.is_empty() && have < need {
                self.app.signing.wait(&format!(
                    "this ledger was restored from a backup, and {have} of {need} witnesses have confirmed that they have not seen more"
                ));
                return;
            }
            if let Err(error) = remove(&self.files.restored()) {
                tracing::error!(%error, "the mark of a restored ledger cannot be removed");
                return;
            }
            self.restored = false;
            if have > 0 {
                tracing::info!(witnesses = have, "witnesses have confirmed the restored ledger");
            }
        }
        self.app.signing.free();
    }

    /// Steps 2 and 3, for as long as it is not dropped.
    pub async fn run(mut self) {
        let mut turns = interval(self.app.config.publish.pace());
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = turns.tick() => self.turn().await,
                heard = self.heard.recv() => match heard {
                    Some(heard) => {
                        self.hear(heard).await;
                        if self.restored {
                            self.settle();
                        }
                    }
                    None => return,
                },
            }
        }
    }

    /// One turn: what has enough cosignatures is published, the next candidate is taken, witnesses that are free are asked.
    async fn turn(&mut self) {
        if matches!(self.app.signing.held(), Some(Held::Refusing(_))) {
            return;
        }
        self.post().await;
        let latest = self.ledger.published();
        let open = self.candidate.as_ref().is_some_and(|c| {
            c.published.checkpoint.size == latest.checkpoint.size || (c.posted.is_none() && c.asked > 0)
        });
        if !open {
            let lines = vec![None; self.desks.len()];
            let taken = Instant::now();
            self.candidate = Some(Candidate { published: latest, lines, asked: 0, posted: None, taken });
        }
        let Some(candidate) = &mut self.candidate else { return };
        for (witness, desk) in self.desks.iter_mut().enumerate() {
            if candidate.lines[witness].is_some() || !desk.is_free() {
                continue;
            }
            desk.busy = true;
            candidate.asked += 1;
            let (question, sender) = (desk.question(), self.sender.clone());
            let (ledger, published) = (self.ledger.clone(), candidate.published.clone());
            tokio::task::spawn_blocking(move || {
                let told = question.ask(&ledger, &published);
                // The publisher is gone only when the server is.
                let _ = sender.send(Heard { witness, size: published.checkpoint.size, told });
            });
        }
        if candidate.asked == 0 {
            self.post().await;
        }
    }

    /// Takes in what a witness has answered.
    async fn hear(&mut self, heard: Heard) {
        let Heard { witness, size, told } = heard;
        let desk = &mut self.desks[witness];
        let name = desk.at.key.name.to_string();
        let current = self.candidate.as_mut().filter(|c| c.published.checkpoint.size == size);
        let (mut line, outcome) = (
            None,
            match &told {
                Told::Cosigned(_) => "cosigned",
                Told::Failed(_) => "failed",
                Told::Ahead(_) | Told::Another(_) => "refused",
            },
        );
        self.app.metrics.witness(&name, outcome);
        match told {
            Told::Cosigned(cosigned) => {
                if desk.well(size) {
                    tracing::info!(witness = name, "a witness answers again");
                }
                self.confirmed[witness] = true;
                line = Some(cosigned);
            }
            Told::Failed(error) => {
                if desk.failed(self.app.config.publish.pace()) == 1 {
                    tracing::warn!(witness = name, error, "a witness does not cosign; it is asked again");
                }
            }
            Told::Ahead(seen) => {
                desk.failed(self.app.config.publish.pace());
                let have = self.ledger.published().checkpoint.size;
                let why = format!("witness {name} has seen a log of {seen} entries, this one has {have}");
                self.app.signing.refuse(&why);
            }
            Told::Another(seen) => {
                desk.failed(self.app.config.publish.pace());
                let why =
                    format!("witness {name} has seen a log of {seen} entries that is not a part of this one");
                self.app.signing.refuse(&why);
            }
        }
        if let Some(candidate) = current {
            candidate.asked = candidate.asked.saturating_sub(1);
            if line.is_some() {
                candidate.lines[witness] = line;
            }
            if candidate.asked == 0 || candidate.posted.is_some() {
                self.post().await;
            }
        }
    }

    /// Publishes the candidate, if enough have cosigned and there is something new to it. It is kept before it is shown.
    async fn post(&mut self) {
        if matches!(self.app.signing.held(), Some(Held::Refusing(_))) {
            return;
        }
        let need = self.need();
        let Some(candidate) = &mut self.candidate else { return };
        let cosigned = candidate.cosigned();
        if cosigned < need || candidate.posted.is_some_and(|lines| lines >= cosigned) {
            return;
        }
        let published = candidate.published.clone();
        let (size, taken) = (published.checkpoint.size, candidate.taken);
        let Ok(mut note) = published.note.parse::<Note>() else { return };
        note.lines.extend(candidate.lines.iter().flatten().cloned());
        let text = note.to_string();
        // After a restart without new commits nobody has cosigned yet: what is shown is better.
        if let Shown::Posted(posted) = self.app.board.shown()
            && posted.size == size
            && posted.note.lines().count() >= text.lines().count()
        {
            candidate.posted = Some(cosigned);
            return;
        }
        let (path, content) = (self.files.published(), text.clone());
        let kept = tokio::task::spawn_blocking(move || keep(&path, &content)).await;
        match kept {
            Ok(Ok(())) => {
                candidate.posted = Some(cosigned);
                self.app.board.show(Shown::Posted(Arc::new(Posted { note: text, size, taken })));
            }
            Ok(Err(error)) => tracing::error!(%error, "a checkpoint cannot be kept, so it is not published"),
            Err(error) => tracing::error!(%error, "keeping a checkpoint failed"),
        }
    }
}

/// The text of a file that may not be there.
fn read_file(path: &Path) -> std::io::Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

fn remove(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other.and_then(|()| sync_directory_of(path)),
    }
}
