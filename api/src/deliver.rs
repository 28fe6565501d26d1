//! Telling other servers of new records: all that concerns a hook's account, in the order of the log, each at least once.
//!
//! 1. The log is the queue. Of each hook the ledger's directory keeps where in the log it stands (`Cursors`), and nothing else; a receiver
//!    that is away for days is told everything when it is back, and a crash here repeats a message, under the same id.
//! 2. Each hook goes through the log by itself. What several ask for is read once (`Reading`); when nobody is configured nothing is.
//! 3. A message that is not taken is sent again, less and less often, for ever, and those after it wait. Only 410 Gone ends a hook, until the
//!    next start.
//!
//! Nothing here holds up a posting. When the server closes, all of it ends at once.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use peal_ledger::{Ledger, Stretch, Told};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::sleep;

use crate::app::Shared;
use crate::config::Files;
use crate::publish::Unusable;
use crate::signing::keep;
use crate::webhooks::{Key, Message, Webhook, sign};
use crate::witnesses::jitter;

/// How often a hook looks whether the log has grown.
const LOOK: Duration = Duration::from_millis(500);
/// How long it waits when the log cannot be read.
const UNREADABLE: Duration = Duration::from_secs(30);
/// The most records that are read at a time.
const BATCH: usize = 1000;
/// How many batches are kept for hooks that come later.
const BATCHES: usize = 8;
/// How often the place of a hook is kept that nothing concerns.
const IDLE: Duration = Duration::from_secs(60);
/// The longest wait before a message is sent again, also if the receiver asks for more.
const LONGEST: Duration = Duration::from_secs(3600);
/// For a whole request.
const TIMEOUT: Duration = Duration::from_secs(15);
/// The most bytes of an answer that are read.
const MAX_ANSWER: u64 = 64 << 10;

/// Where in the log each hook stands, on disk.
struct Cursors {
    path: PathBuf,
    lines: Mutex<Lines>,
    /// Up to which change the file has them. Held while it is written: changes that come meanwhile are written together.
    kept: tokio::sync::Mutex<u64>,
}

#[derive(Default)]
struct Lines {
    /// The next log index, by the hook's id.
    next: BTreeMap<String, u64>,
    changes: u64,
}

impl Cursors {
    /// Those of a file that may not be there.
    fn read(path: PathBuf) -> Result<Self, Unusable> {
        let unusable = |what: String| Unusable { path: path.clone(), what };
        let text = match std::fs::read_to_string(&path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => String::new(),
            other => other.map_err(|e| unusable(e.to_string()))?,
        };
        let line = |line: &str| {
            let (hook, next) = line.split_once(' ')?;
            let is_id = hook.len() == 64 && hook.bytes().all(|b| b.is_ascii_hexdigit());
            is_id.then_some((hook.to_owned(), next.parse().ok()?))
        };
        let next = text.lines().enumerate().map(|(i, l)| {
            line(l).ok_or_else(|| unusable(format!("line {} is not a hook's id and a log index", i + 1)))
        });
        let lines = Lines { next: next.collect::<Result<_, _>>()?, changes: 0 };
        Ok(Self { path: path.clone(), lines: Mutex::new(lines), kept: tokio::sync::Mutex::default() })
    }

    fn next(&self, hook: &str) -> Option<u64> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).next.get(hook).copied()
    }

    /// Notes where a hook stands; durable on return.
    async fn set(&self, hook: &str, next: u64) -> std::io::Result<()> {
        let change = {
            let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
            lines.next.insert(hook.to_owned(), next);
            lines.changes += 1;
            lines.changes
        };
        let mut kept = self.kept.lock().await;
        if *kept >= change {
            return Ok(());
        }
        let (text, changes) = {
            let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
            let text: String = lines.next.iter().map(|(hook, next)| format!("{hook} {next}\n")).collect();
            (text, lines.changes)
        };
        let path = self.path.clone();
        spawn_blocking(move || keep(&path, &text)).await.map_err(std::io::Error::other)??;
        *kept = changes;
        Ok(())
    }
}

/// Stretches of the log that were read last, by where they begin.
struct Reading {
    app: Shared,
    last: tokio::sync::Mutex<VecDeque<(u64, Arc<Stretch>)>>,
}

impl Reading {
    /// The records from a place in the log on; none if they cannot be read, which is logged.
    async fn from(&self, from: u64) -> Option<Arc<Stretch>> {
        let mut last = self.last.lock().await;
        if let Some((_, stretch)) = last.iter().find(|(at, _)| *at == from) {
            return Some(stretch.clone());
        }
        let stretch = Arc::new(self.app.ask(move |ledger| ledger.records(from, BATCH)).await.ok()?);
        last.truncate(BATCHES - 1);
        last.push_front((from, stretch.clone()));
        Some(stretch)
    }
}

/// Begins to tell all hooks of `peald.toml`. They end when what is returned is dropped.
///
/// # Errors
/// If the file that says where they stand cannot be used.
pub async fn begin(app: &Shared, files: &Files, ledger: &Ledger) -> Result<JoinSet<()>, Unusable> {
    let mut tasks = JoinSet::new();
    if app.config.webhooks.is_empty() {
        return Ok(tasks);
    }
    let path = files.webhooks();
    let cursors = Arc::new(Cursors::read(path.clone())?);
    let reading = Arc::new(Reading { app: app.clone(), last: tokio::sync::Mutex::default() });
    let size = ledger.published().checkpoint.size;
    for (place, hook) in app.config.webhooks.iter().enumerate() {
        let (id, name) = (hook.id(), hook.name(place));
        if hook.url.is_open() {
            tracing::warn!(
                hook = name,
                "messages are signed, but anybody on the way can read them: give it an https URL"
            );
        }
        let next = start_at(cursors.next(&id), size, &name);
        let fault = |e: std::io::Error| Unusable { path: path.clone(), what: e.to_string() };
        cursors.set(&id, next).await.map_err(fault)?;
        let fault = || Unusable { path: files.config(), what: "a secret is none".into() };
        let key = Arc::new(hook.secret.key().ok_or_else(fault)?);
        let (app, cursors, reading) = (app.clone(), cursors.clone(), reading.clone());
        app.metrics.hook_at(place, Some(next));
        let sender = Sender::new(hook, key);
        let (account, retry) = (hook.account, hook.retry());
        let kept = (next, Instant::now());
        let hook =
            Hook { app, cursors, reading, place, id, name, account, retry, sender, next, kept, failures: 0 };
        tasks.spawn(hook.run());
    }
    Ok(tasks)
}

/// Where a hook begins in a log of this size.
fn start_at(kept: Option<u64>, size: u64, hook: &str) -> u64 {
    match kept {
        Some(next) if next <= size => next,
        Some(_) => {
            tracing::warn!(
                hook,
                "this log has less than the hook was told of: it goes on with the next record"
            );
            size
        }
        None => {
            tracing::info!(hook, size, "a new hook: it is told of what is recorded from now on");
            size
        }
    }
}

/// One hook on its way through the log.
struct Hook {
    app: Shared,
    cursors: Arc<Cursors>,
    reading: Arc<Reading>,
    place: usize,
    id: String,
    name: String,
    account: peal_spec::address::Address,
    retry: Duration,
    sender: Sender,
    /// All that concerns it below is told.
    next: u64,
    /// What is kept of that, since when.
    kept: (u64, Instant),
    /// How often in a row a message was not taken.
    failures: u32,
}

/// It wants no more.
struct Gone;

impl Hook {
    async fn run(mut self) {
        loop {
            let size = self.app.ledger_if_open().map_or(0, |ledger| ledger.published().checkpoint.size);
            if size <= self.next {
                self.keep_if_idle().await;
                sleep(LOOK).await;
            } else if let Some(stretch) = self.reading.from(self.next).await {
                if let Err(Gone) = self.tell(&stretch).await {
                    return;
                }
            } else {
                sleep(UNREADABLE).await;
            }
        }
    }

    /// Tells of all that concerns it in a stretch of the log.
    async fn tell(&mut self, stretch: &Stretch) -> Result<(), Gone> {
        let account = self.account;
        for told in stretch.records.iter().filter(|told| told.concerned.contains(&account)) {
            self.passed(told.log_index);
            self.deliver(told).await?;
            self.passed(told.log_index + 1);
            self.keep().await;
        }
        self.passed(stretch.next);
        self.keep_if_idle().await;
        Ok(())
    }

    fn passed(&mut self, next: u64) {
        self.next = next;
        self.app.metrics.hook_at(self.place, Some(next));
    }

    async fn keep(&mut self) {
        // What is not kept is told again after the next start.
        if let Err(error) = self.cursors.set(&self.id, self.next).await {
            tracing::error!(hook = self.name, %error, "it cannot be kept how far a hook was told");
        }
        self.kept = (self.next, Instant::now());
    }

    async fn keep_if_idle(&mut self) {
        if self.kept.0 < self.next && self.kept.1.elapsed() >= IDLE {
            self.keep().await;
        }
    }

    /// Sends a message until it is taken.
    async fn deliver(&mut self, told: &Told) -> Result<(), Gone> {
        let message = Arc::new(Message::new(&self.app.config.origin, &self.id, told));
        loop {
            let (sender, message, now) = (self.sender.clone(), message.clone(), self.app.now().seconds());
            let sent = spawn_blocking(move || sender.send(&message, now)).await;
            let answer =
                sent.unwrap_or_else(|_| Answer::Failed { why: "sending it failed".into(), after: None });
            self.app.metrics.webhook(&self.name, answer.outcome());
            match answer {
                Answer::Taken => {
                    if std::mem::take(&mut self.failures) > 0 {
                        tracing::info!(hook = self.name, "messages are taken again");
                    }
                    return Ok(());
                }
                Answer::Gone => {
                    self.app.metrics.hook_at(self.place, None);
                    tracing::warn!(
                        hook = self.name,
                        "410 Gone: it is told no more until the next start; take it out of peald.toml"
                    );
                    return Err(Gone);
                }
                Answer::Failed { why, after } => {
                    if self.failures == 0 {
                        tracing::warn!(
                            hook = self.name,
                            why,
                            "a message was not taken: it is sent again, less and less often"
                        );
                    }
                    sleep(wait(self.retry, self.failures, after)).await;
                    self.failures = self.failures.saturating_add(1);
                }
            }
        }
    }
}

/// How long to wait after so many failures before this one.
fn wait(first: Duration, failures: u32, after: Option<Duration>) -> Duration {
    let backoff = first.saturating_mul(1 << failures.min(16)).min(LONGEST);
    backoff.mul_f64(0.5 + 0.5 * jitter()).max(after.unwrap_or_default().min(LONGEST))
}

/// What came of sending a message.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    Taken,
    Gone,
    Failed {
        why: String,
        /// What the receiver asks for.
        after: Option<Duration>,
    },
}

impl Answer {
    fn outcome(&self) -> &'static str {
        match self {
            Self::Taken => "delivered",
            Self::Gone => "gone",
            Self::Failed { .. } => "failed",
        }
    }
}

/// What sending takes along to another thread.
#[derive(Clone)]
struct Sender {
    agent: ureq::Agent,
    url: String,
    key: Arc<Key>,
}

impl Sender {
    fn new(hook: &Webhook, key: Arc<Key>) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("peald/", env!("CARGO_PKG_VERSION")))
            .timeout_global(Some(TIMEOUT))
            .build();
        Self { agent: config.new_agent(), url: hook.url.text().to_owned(), key }
    }

    /// Sends it once. This waits for the network.
    fn send(&self, message: &Message, now: u64) -> Answer {
        let request = self
            .agent
            .post(&self.url)
            .header("content-type", "application/json")
            .header("webhook-id", &message.id)
            .header("webhook-timestamp", now.to_string())
            .header("webhook-signature", sign(&self.key, &message.id, now, &message.body));
        let mut response = match request.send(message.body.as_bytes()) {
            Ok(response) => response,
            Err(e) => return Answer::Failed { why: why(&e), after: None },
        };
        let status = response.status().as_u16();
        let after = response.headers().get("retry-after").and_then(|v| v.to_str().ok()?.trim().parse().ok());
        // The status says it all. What follows is read so that the connection can be used again.
        let _ = response.body_mut().with_config().limit(MAX_ANSWER).read_to_vec();
        match status {
            200..=299 => Answer::Taken,
            410 => Answer::Gone,
            _ => Answer::Failed {
                why: format!("it answers with status {status}"),
                after: after.map(Duration::from_secs),
            },
        }
    }
}

/// What went wrong, fit for a log line: some errors name the URL.
fn why(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => "no answer in time".into(),
        ureq::Error::Io(e) => e.kind().to_string(),
        ureq::Error::HostNotFound => "its host is not found".into(),
        ureq::Error::ConnectionFailed => "no connection".into(),
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => "no TLS connection that can be trusted".into(),
        _ => "the request failed".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_an_hour_and_longer_ones_are_asked_for() {
        let first = Duration::from_secs(5);
        for failures in 0..40 {
            let most = Duration::from_secs((5 << failures.min(16)).min(3600));
            let found = wait(first, failures, None);
            assert!(most / 2 <= found && found <= most, "{failures}: {found:?}");
        }
        assert_eq!(wait(first, 0, Some(Duration::from_secs(100))), Duration::from_secs(100));
        assert_eq!(wait(first, 0, Some(Duration::from_secs(u64::MAX))), LONGEST);
    }

    #[test]
    fn a_hook_begins_where_it_stood_or_at_the_end() {
        assert_eq!(start_at(Some(7), 9, "h#1"), 7);
        assert_eq!(start_at(Some(9), 9, "h#1"), 9);
        assert_eq!(start_at(Some(10), 9, "h#1"), 9);
        assert_eq!(start_at(None, 9, "h#1"), 9);
    }

    #[tokio::test]
    async fn places_are_kept_by_hook_and_damage_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("webhooks");
        let (a, b) = ("0a".repeat(32), "ff".repeat(32));
        let cursors = Arc::new(Cursors::read(path.clone()).unwrap());
        assert_eq!(cursors.next(&a), None);
        let mut writing = JoinSet::new();
        for (hook, last) in [(a.clone(), 40), (b.clone(), 50)] {
            let cursors = cursors.clone();
            writing.spawn(async move {
                for next in 0..=last {
                    cursors.set(&hook, next).await.unwrap();
                    let kept = Cursors::read(cursors.path.clone()).unwrap();
                    assert!(kept.next(&hook) == Some(next), "durable on return");
                }
            });
        }
        while let Some(done) = writing.join_next().await {
            done.unwrap();
        }
        let again = Cursors::read(path.clone()).unwrap();
        assert_eq!((again.next(&a), again.next(&b)), (Some(40), Some(50)));
        for damaged in ["nonsense\n", &format!("{a}\n"), &format!("{a} x\n"), &format!("{a} 5\n0a 5\n")] {
            std::fs::write(&path, damaged).unwrap();
            assert!(Cursors::read(path.clone()).is_err_and(|e| e.what.contains("line")), "{damaged}");
        }
    }
}
