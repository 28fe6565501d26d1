//! `peald.toml`: what the operator decides. Every key has a default but the origin; an unknown key is an error.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use peal_spec::value::Origin;
use serde::Deserialize;

/// The files in a ledger's directory.
#[derive(Clone, Debug)]
pub struct Files {
    /// The directory.
    pub dir: PathBuf,
}

impl Files {
    /// Those of a directory.
    pub fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }
    /// The configuration.
    pub fn config(&self) -> PathBuf {
        self.dir.join("peald.toml")
    }
    /// The operator's private key: 64 hexadecimal digits, readable by its owner only.
    pub fn operator_key(&self) -> PathBuf {
        self.dir.join("operator.key")
    }
    /// The registrar's 24 words; to be moved offline.
    pub fn registrar_words(&self) -> PathBuf {
        self.dir.join("registrar.words")
    }
    /// The registrar's address, which is account 0.
    pub fn registrar_address(&self) -> PathBuf {
        self.dir.join("registrar.address")
    }
    /// The trust list by which this server verifies, and which others may start from.
    pub fn trust(&self) -> PathBuf {
        self.dir.join("trust")
    }
    /// The ledger's database.
    pub fn database(&self) -> PathBuf {
        self.dir.join("db")
    }
}

/// What `peald.toml` says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The ledger's name; it is in every signature and can never change.
    #[serde(deserialize_with = "origin")]
    pub origin: Origin,
    /// Where to listen.
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    /// Authorities (`host` or `host:port`, lower case) for which signed reads may be meant; empty: whatever the request names.
    #[serde(default)]
    pub authorities: Vec<String>,
    /// What is refused or cut off.
    #[serde(default)]
    pub limits: Limits,
    /// What is logged, and how.
    #[serde(default)]
    pub log: Log,
}

/// What is refused or cut off, so that no client can exhaust the server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// The most bytes in a request body.
    pub body_bytes: usize,
    /// The most bytes of all request bodies held at one time.
    pub memory_bytes: usize,
    /// The most connections at one time.
    pub connections: usize,
    /// The most requests under way at one time.
    pub requests: usize,
    /// Seconds for a request's head to arrive, which is also how long an idle connection is kept.
    pub header_seconds: u64,
    /// Seconds for the next bytes of a body to arrive, or of an answer to be taken.
    pub stall_seconds: u64,
    /// Seconds for a whole request, body and commit included.
    pub request_seconds: u64,
    /// The most records in one page of an account's copy.
    pub page_records: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 64 << 20,
            memory_bytes: 512 << 20,
            connections: 1024,
            requests: 256,
            header_seconds: 10,
            stall_seconds: 10,
            request_seconds: 60,
            page_records: 1000,
        }
    }
}

impl Limits {
    /// Time for a request's head.
    pub fn header(&self) -> Duration {
        Duration::from_secs(self.header_seconds)
    }
    /// Time without progress.
    pub fn stall(&self) -> Duration {
        Duration::from_secs(self.stall_seconds)
    }
    /// Time for a whole request.
    pub fn request(&self) -> Duration {
        Duration::from_secs(self.request_seconds)
    }
}

/// How a log line is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For machines: one JSON object a line.
    Json,
}

/// From which level on lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// What the operator must act on.
    Error,
    /// What may need a look.
    Warn,
    /// One line a request.
    #[default]
    Info,
    /// More, for tracing faults.
    Debug,
}

/// What is logged, and how. Lines go to standard error.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// The form of a line.
    pub format: Format,
    /// The least level.
    pub level: Level,
}

/// A configuration that cannot be used: the file, the key or place, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum BadConfig {
    /// The file is missing or unreadable.
    #[error("{}: {error}\n  remedy: run `peald init --origin NAME --dir {}` first, or name the right directory with --dir", path.display(), dir.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Its directory.
        dir: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// It is not TOML, or not of this shape.
    #[error("{}: {error}\n  remedy: correct the key that is named; `peald init` writes a commented example", path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// What is wrong, with its line.
        error: String,
    },
    /// A value is out of its bounds.
    #[error("{}: {key} = {value} is out of bounds\n  remedy: {remedy}", path.display())]
    Bounds {
        /// The file.
        path: PathBuf,
        /// The key.
        key: &'static str,
        /// Its value.
        value: u64,
        /// What it may be.
        remedy: &'static str,
    },
}

impl Config {
    /// Reads the configuration of a directory.
    ///
    /// # Errors
    /// [`BadConfig`] names file, key and remedy.
    pub fn read(files: &Files) -> Result<Self, BadConfig> {
        let path = files.config();
        let text = std::fs::read_to_string(&path).map_err(|error| BadConfig::Unreadable {
            path: path.clone(),
            dir: files.dir.clone(),
            error,
        })?;
        Self::parse(&text, &path)
    }

    fn parse(text: &str, path: &Path) -> Result<Self, BadConfig> {
        let config: Self = toml::from_str(text).map_err(|e| BadConfig::Shape {
            path: path.to_owned(),
            error: e.to_string().trim_end().to_owned(),
        })?;
        let l = &config.limits;
        let positive = "use a number from 1 to 1000000";
        let sizes = "use a number of bytes from 1024 to 1099511627776";
        let bounds = [
            ("limits.body_bytes", l.body_bytes as u64, 1024, 1 << 40, sizes),
            (
                "limits.memory_bytes",
                l.memory_bytes as u64,
                l.body_bytes as u64,
                1 << 40,
                "use at least limits.body_bytes",
            ),
            ("limits.connections", l.connections as u64, 1, 1_000_000, positive),
            ("limits.requests", l.requests as u64, 1, 1_000_000, positive),
            ("limits.header_seconds", l.header_seconds, 1, 1_000_000, positive),
            ("limits.stall_seconds", l.stall_seconds, 1, 1_000_000, positive),
            ("limits.request_seconds", l.request_seconds, 1, 1_000_000, positive),
            ("limits.page_records", l.page_records as u64, 1, 1_000_000, positive),
        ];
        for (key, value, least, most, remedy) in bounds {
            if !(least..=most).contains(&value) {
                return Err(BadConfig::Bounds { path: path.to_owned(), key, value, remedy });
            }
        }
        Ok(config)
    }

    /// A configuration with defaults.
    pub fn new(origin: Origin) -> Self {
        let (limits, log) = (Limits::default(), Log::default());
        Self { origin, listen: default_listen(), authorities: Vec::new(), limits, log }
    }
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 7878))
}

fn origin<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Origin, D::Error> {
    String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
}

/// A commented `peald.toml` that says what the defaults are.
pub struct Example<'a> {
    /// The ledger's name.
    pub origin: &'a Origin,
    /// Where to listen.
    pub listen: SocketAddr,
}

impl fmt::Display for Example<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let l = Limits::default();
        // An origin holds no control characters, so these two are all that a TOML string must escape.
        let origin = self.origin.as_str().replace('\\', "\\\\").replace('"', "\\\"");
        write!(
            f,
            "\
# The ledger's name. It stands in every signature and receipt and can never change.
origin = \"{origin}\"

# Where to listen. Put a TLS proxy in front; overridden by PEALD_LISTEN or --listen.
listen = \"{listen}\"

# Hosts (lower case, with the port unless it is 80 or 443) for which signed reads may be meant. Empty: whatever the request names.
# authorities = [\"ledger.example\"]

[limits]
body_bytes = {body}         # the most bytes in a request body
memory_bytes = {memory}      # the most bytes of all bodies held at one time; above it: 503 and Retry-After
connections = {connections}            # the most connections at one time
requests = {requests}                # the most requests under way at one time; above it: 503 and Retry-After
header_seconds = {header}           # for a request's head to arrive
stall_seconds = {stall}            # for the next bytes of a body to arrive, or of an answer to be taken
request_seconds = {request}          # for a whole request
page_records = {page}           # the most records in one page of an account's copy

[log]
format = \"text\"             # text or json, to standard error; never holds addresses, amounts or names
level = \"info\"              # error, warn, info or debug
",
            listen = self.listen,
            body = l.body_bytes,
            memory = l.memory_bytes,
            connections = l.connections,
            requests = l.requests,
            header = l.header_seconds,
            stall = l.stall_seconds,
            request = l.request_seconds,
            page = l.page_records,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_is_a_configuration() {
        let origin = "ledger.example/\"2026\"".parse().unwrap();
        let text = Example { origin: &origin, listen: default_listen() }.to_string();
        let config = Config::parse(&text, Path::new("peald.toml")).unwrap();
        assert_eq!(config.origin, origin);
        assert_eq!(config.limits.body_bytes, Limits::default().body_bytes);
    }

    #[test]
    fn errors_name_file_key_and_remedy() {
        let error = |text: &str| Config::parse(text, Path::new("d/peald.toml")).unwrap_err().to_string();
        let found = error("origin = \"a\"\nlisten_to = \"x\"\n");
        assert!(
            found.contains("d/peald.toml") && found.contains("listen_to") && found.contains("remedy"),
            "{found}"
        );
        assert!(error("origin = \"a b\"\n").contains("expected an origin"));
        assert!(error("origin = \"a\"\n[limits]\nrequests = 0\n").contains("limits.requests = 0"));
        assert!(error("origin = \"a\"\n[limits]\nmemory_bytes = 5\n").contains("at least limits.body_bytes"));
    }
}
