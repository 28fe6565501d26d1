//! Who cosigns this ledger's checkpoints, and how one of them is asked (C2SP tlog-witness).
//!
//! 1. `peald.toml` names the witnesses by URL and verifier key ([`Publish`]).
//! 2. [`Question::ask`] sends a checkpoint with the consistency proof from the size that the witness cosigned last; a witness that names another
//!    size is asked again from there.
//! 3. A witness that has seen more than this log, or another log, is told apart from one that fails: the first is [`Told::Ahead`] or
//!    [`Told::Another`] and ends all signing, the second is asked again later.

use std::time::{Duration, Instant};

use peal_ledger::{Ledger, Published};
use peal_spec::note::{KeyType, Line, Note, VerifierKey};
use peal_spec::verify::COSIGN_SKEW;
use peal_spec::witness::{AddCheckpoint, PATH, SIZE_MEDIA_TYPE, read_answer, read_size};
use serde::Deserialize;
use serde::de::Error as _;

/// The longest wait before a witness that fails is asked again.
const LONGEST: Duration = Duration::from_secs(60);
/// The most bytes in an answer.
const MAX_ANSWER: u64 = 64 << 10;
/// How often a witness is asked within one attempt: from the size believed, from the size it names, and once more if it went on meanwhile.
const TRIES: usize = 3;

/// How checkpoints are published: `[publish]` in `peald.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Publish {
    /// Seconds from one published checkpoint to the next, if the log has grown.
    pub seconds: u64,
    /// How many witnesses must have cosigned before a checkpoint is published.
    pub need: usize,
    /// Seconds that a witness has to answer.
    pub timeout_seconds: u64,
    /// The witnesses.
    pub witnesses: Vec<WitnessAt>,
}

impl Default for Publish {
    fn default() -> Self {
        Self { seconds: 1, need: 0, timeout_seconds: 5, witnesses: Vec::new() }
    }
}

impl Publish {
    /// From one published checkpoint to the next.
    pub fn pace(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
    /// For one request to a witness.
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds)
    }
    /// What must hold of all witnesses together.
    ///
    /// # Errors
    /// Says what does not.
    pub fn check(&self) -> Result<(), String> {
        if self.need > self.witnesses.len() {
            let (need, there) = (self.need, self.witnesses.len());
            return Err(format!("publish.need = {need}, but only {there} witnesses are named"));
        }
        // One key under two names would count twice.
        for (i, witness) in self.witnesses.iter().enumerate() {
            if self.witnesses[..i].iter().any(|w| w.key.key == witness.key.key) {
                return Err(format!("publish.witnesses: the key of {} stands there twice", witness.key.name));
            }
        }
        Ok(())
    }
}

/// A witness: where it answers, and under which key it cosigns.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WitnessAt {
    /// Its URL, without a slash at the end.
    #[serde(deserialize_with = "url")]
    pub url: String,
    /// Its verifier key, as `peal witness init` prints it.
    #[serde(deserialize_with = "key")]
    pub key: VerifierKey,
}

fn url<'de, D: serde::Deserializer<'de>>(d: D) -> Result<String, D::Error> {
    let text = String::deserialize(d)?;
    let uri: Option<axum::http::Uri> = text.parse().ok();
    let good = uri.is_some_and(|u| {
        matches!(u.scheme_str(), Some("http" | "https"))
            && u.authority().is_some_and(|a| !a.as_str().contains('@'))
            && u.query().is_none()
    });
    if good {
        Ok(text.trim_end_matches('/').to_owned())
    } else {
        Err(D::Error::custom(format!("expected a URL as in \"https://witness.example\", not {text:?}")))
    }
}

fn key<'de, D: serde::Deserializer<'de>>(d: D) -> Result<VerifierKey, D::Error> {
    let key: VerifierKey = String::deserialize(d)?.parse().map_err(D::Error::custom)?;
    match key.kind {
        KeyType::Cosignature => Ok(key),
        KeyType::Ed25519 => Err(D::Error::custom("this key signs notes; a witness's cosigns (type 4)")),
    }
}

/// What asking a witness came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// It has cosigned.
    Cosigned(Line),
    /// It did not answer, or not as it should.
    Failed(String),
    /// It has cosigned more entries of this log than this log has.
    Ahead(u64),
    /// It has cosigned another log of this many entries or fewer.
    Another(u64),
}

/// One witness and what is known of it.
pub struct Desk {
    /// Where it is.
    pub at: WitnessAt,
    agent: ureq::Agent,
    /// The size that it cosigned last, as far as is known.
    pub size: u64,
    /// A request is under way.
    pub busy: bool,
    failures: u32,
    not_before: Instant,
}

/// A number from 0 to 1 that nobody can foresee; it keeps many ledgers from asking at one moment.
pub(crate) fn jitter() -> f64 {
    let mut bytes = [0; 2];
    // Without randomness there is no jitter, and nothing else is lost.
    let _ = getrandom::fill(&mut bytes);
    f64::from(u16::from_be_bytes(bytes)) / f64::from(u16::MAX)
}

impl Desk {
    /// A witness that has not been asked yet.
    pub fn new(at: WitnessAt, timeout: Duration) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("peald/", env!("CARGO_PKG_VERSION")))
            .timeout_global(Some(timeout))
            .build();
        let agent = config.new_agent();
        Self { at, agent, size: 0, busy: false, failures: 0, not_before: Instant::now() }
    }

    /// Whether it may be asked now.
    pub fn is_free(&self) -> bool {
        !self.busy && Instant::now() >= self.not_before
    }

    /// It has answered. Returns whether it had failed before.
    pub fn well(&mut self, size: u64) -> bool {
        (self.size, self.busy, self.not_before) = (size, false, Instant::now());
        std::mem::take(&mut self.failures) > 0
    }

    /// It has not. Each time in a row doubles the wait before it is asked again. Returns how often this was.
    pub fn failed(&mut self, pace: Duration) -> u32 {
        let wait = pace.saturating_mul(1 << self.failures.min(16)).min(LONGEST);
        self.not_before = Instant::now() + wait.mul_f64(0.5 + 0.5 * jitter());
        self.busy = false;
        self.failures = self.failures.saturating_add(1);
        self.failures
    }

    /// What asking it takes along to another thread.
    pub fn question(&self) -> Question {
        Question { at: self.at.clone(), agent: self.agent.clone(), old: self.size }
    }
}

/// A question to one witness.
pub struct Question {
    at: WitnessAt,
    agent: ureq::Agent,
    old: u64,
}

impl Question {
    /// Asks it to cosign a checkpoint of the ledger. This waits for the network.
    pub fn ask(&self, ledger: &Ledger, published: &Published) -> Told {
        self.attempt(ledger, published).unwrap_or_else(Told::Failed)
    }

    fn attempt(&self, ledger: &Ledger, published: &Published) -> Result<Told, String> {
        let note: Note = published.note.parse().map_err(|e| format!("the ledger's own note: {e}"))?;
        let size = published.checkpoint.size;
        let mut old = self.old.min(size);
        for _ in 0..TRIES {
            let proof = ledger.consistency(old, size).map_err(|e| e.to_string())?;
            let request = AddCheckpoint::new(old, proof, note.clone()).map_err(|e| e.to_string())?;
            let (status, media_type, text) = self.send(&request)?;
            match (status, read_size(&text)) {
                (200, _) => return self.cosignature(&note, published, &text).map(Told::Cosigned),
                (409, Some(seen)) if media_type == SIZE_MEDIA_TYPE => {
                    if seen > ledger.published().checkpoint.size {
                        return Ok(Told::Ahead(seen));
                    }
                    if seen > size {
                        return Err(format!("it has gone on to {seen} entries meanwhile"));
                    }
                    // From its own size it goes no further: its tree of that size is another.
                    if seen == old && old == size {
                        return Ok(Told::Another(seen));
                    }
                    if seen == old {
                        return Err(format!("it refuses {old} and names the same"));
                    }
                    old = seen;
                }
                // The proof is made from the size that it names, so it is its tree that is another.
                (422, _) => return Ok(Told::Another(old)),
                _ => return Err(format!("it answers with status {status}: {}", first_line(&text))),
            }
        }
        Err("it names another size each time".into())
    }

    fn send(&self, request: &AddCheckpoint) -> Result<(u16, String, String), String> {
        let url = format!("{}{PATH}", self.at.url);
        let sent = self.agent.post(url).header("content-type", "text/plain; charset=utf-8");
        let mut response = sent.send(request.to_string().as_bytes()).map_err(|e| e.to_string())?;
        let status = response.status().as_u16();
        let media_type = response.headers().get("content-type").and_then(|v| v.to_str().ok());
        let media_type =
            media_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_owned();
        let body = response.body_mut().with_config().limit(MAX_ANSWER).read_to_vec();
        let body = body.map_err(|e| e.to_string())?;
        Ok((status, media_type, String::from_utf8_lossy(&body).into_owned()))
    }

    /// The line by which this witness cosigns, if it does and its time lets verifiers count it.
    fn cosignature(&self, note: &Note, published: &Published, answer: &str) -> Result<Line, String> {
        let lines = read_answer(answer).map_err(|e| e.to_string())?;
        let (name, id) = (&self.at.key.name, self.at.key.id());
        let line = lines.into_iter().find(|l| l.name == *name && l.id == id);
        let line = line.ok_or("its answer has no line of the key that peald.toml names")?;
        let alone = Note { text: note.text.clone(), lines: vec![line.clone()] };
        match alone.signed_by(&self.at.key) {
            Ok(Some(Some(at))) if at.seconds() + COSIGN_SKEW >= published.commit.time.seconds() => Ok(line),
            Ok(Some(_)) => Err("its clock is more than 600 s behind this ledger's".into()),
            _ => Err("its cosignature does not verify".into()),
        }
    }
}

/// What another server says, fit for a log line.
fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().filter(|c| !c.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use peal_spec::key::PrivateKey;

    #[test]
    fn a_witness_that_fails_is_asked_less_and_less_often() {
        let key = VerifierKey {
            name: "w.example".parse().unwrap(),
            kind: KeyType::Cosignature,
            key: PrivateKey::new(&[3; 32]).public(),
        };
        let at = WitnessAt { url: "http://127.0.0.1:1".into(), key };
        let mut desk = Desk::new(at, Duration::from_secs(1));
        assert!(desk.is_free());
        desk.busy = true;
        assert!(!desk.is_free());
        let pace = Duration::from_secs(10);
        for n in 1..40 {
            assert_eq!(desk.failed(pace), n);
            let wait = desk.not_before - Instant::now();
            let most = pace.saturating_mul(1 << (n - 1).min(16)).min(LONGEST);
            assert!(wait <= most && wait + Duration::from_secs(2) >= most / 2, "{n}: {wait:?}");
            assert!(!desk.is_free());
        }
        assert!(desk.well(7));
        assert!(desk.is_free() && !desk.well(8) && desk.size == 8);
    }
}
