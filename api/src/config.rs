//! `peald.toml`: what the operator decides. Every key has a default but the origin; an unknown key is an error.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use peal_ledger::Settings;
use peal_spec::value::Origin;
use serde::Deserialize;

use crate::webhooks::{self, Webhook};
use crate::witnesses::Publish;

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
    /// The checkpoint published last.
    pub fn published(&self) -> PathBuf {
        self.dir.join("published.note")
    }
    /// A note that this ledger's operator signed and its log does not contain: while it is here, nothing is signed.
    pub fn seen(&self) -> PathBuf {
        self.dir.join("seen.note")
    }
    /// Says that the ledger was restored from a backup and has signed nothing since.
    pub fn restored(&self) -> PathBuf {
        self.dir.join("restored")
    }
    /// The socket by which `peald backup` asks the daemon for a copy, for its owner only.
    pub fn admin(&self) -> PathBuf {
        self.dir.join("admin.sock")
    }
    /// Where a copy of the database stands while it is being taken away.
    pub fn staged(&self) -> PathBuf {
        self.dir.join("backup.staged")
    }
    /// Where in the log each webhook stands.
    pub fn webhooks(&self) -> PathBuf {
        self.dir.join("webhooks")
    }
    /// Histories that accounts have carried along from other ledgers, for their owners.
    pub fn carried(&self) -> PathBuf {
        self.dir.join("carried")
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
    /// Authorities (`host` or `host:port`) for which signed reads may be meant; empty: the address that it listens on, and this machine's
    /// own names for it (see [`own_authorities`]).
    #[serde(default, deserialize_with = "authorities")]
    pub authorities: Vec<String>,
    /// The directory of the operator's own scheme packs; in the file relative to the file's directory.
    #[serde(default)]
    pub schemes: Option<PathBuf>,
    /// What is refused or cut off.
    #[serde(default)]
    pub limits: Limits,
    /// How checkpoints are published, and who cosigns them.
    #[serde(default)]
    pub publish: Publish,
    /// Servers that are told of new records.
    #[serde(default)]
    pub webhooks: Vec<Webhook>,
    /// What is logged, and how.
    #[serde(default)]
    pub log: Log,
}

/// What is refused or cut off, so that no client can exhaust the server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
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
    /// The most streams of notices at one time; each holds a connection.
    pub streams: usize,
    /// Seconds for a request's head to arrive, which is also how long an idle connection is kept.
    pub header_seconds: u64,
    /// Seconds for the next bytes of a body to arrive, or of an answer to be taken.
    pub stall_seconds: u64,
    /// The least bytes of a body in each `pace_seconds` after the first.
    pub pace_bytes: usize,
    /// The time in which a body makes its pace.
    pub pace_seconds: u64,
    /// Seconds for a whole request, body and commit included.
    pub request_seconds: u64,
    /// The most records in one page of an account's copy.
    pub page_records: usize,
    /// The most statements that wait for a commit; a queue that is empty takes one posting of any size.
    pub queued_statements: usize,
    /// The most bytes of postings that wait for a commit.
    pub queued_bytes: usize,
    /// The most statements of one commit; a single posting may have more.
    pub commit_statements: usize,
    /// Bytes of memory for the heads of accounts; heads beyond it are read from the database.
    pub head_bytes: usize,
    /// Bytes of rows that are gathered in memory before they are sorted into the database; twice as many at most are in memory.
    pub fresh_bytes: usize,
    /// The most bytes of all histories that accounts have carried along from other ledgers.
    pub carried_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        let ledger = Settings::default();
        Self {
            body_bytes: 64 << 20,
            memory_bytes: 512 << 20,
            connections: 1024,
            requests: 256,
            streams: 256,
            header_seconds: 10,
            stall_seconds: 10,
            pace_bytes: 16 << 10,
            pace_seconds: 5,
            request_seconds: 60,
            page_records: 1000,
            queued_statements: ledger.max_queued_statements,
            queued_bytes: ledger.max_queued_bytes,
            commit_statements: ledger.max_commit_statements,
            head_bytes: ledger.head_bytes,
            fresh_bytes: ledger.fresh_bytes,
            carried_bytes: 64 << 30,
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
    /// Time in which a body makes its pace.
    pub fn pace(&self) -> Duration {
        Duration::from_secs(self.pace_seconds)
    }
    /// Those of the ledger.
    pub fn ledger(&self) -> Settings {
        Settings {
            max_queued_statements: self.queued_statements,
            max_queued_bytes: self.queued_bytes,
            max_commit_statements: self.commit_statements,
            head_bytes: self.head_bytes,
            fresh_bytes: self.fresh_bytes,
            ..Settings::default()
        }
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
    /// Values that do not go together.
    #[error("{}: {what}\n  remedy: correct the [publish] section; `peald init` writes a commented example", path.display())]
    Publish {
        /// The file.
        path: PathBuf,
        /// What does not.
        what: String,
    },
    /// Webhooks that cannot be served.
    #[error("{}: {what}\n  remedy: correct the [[webhooks]] section; `peald init` writes a commented example", path.display())]
    Webhooks {
        /// The file.
        path: PathBuf,
        /// What is wrong with them.
        what: String,
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

    /// Reads the text of a configuration; `path` is named in what is wrong.
    ///
    /// # Errors
    /// [`BadConfig`] names file, key and remedy.
    pub fn parse(text: &str, path: &Path) -> Result<Self, BadConfig> {
        let mut config: Self = toml::from_str(text).map_err(|e| BadConfig::Shape {
            path: path.to_owned(),
            error: webhooks::without_secrets(e.to_string().trim_end()),
        })?;
        let beside = path.parent().unwrap_or(Path::new(""));
        config.schemes = config.schemes.map(|dir| beside.join(dir));
        let l = &config.limits;
        let positive = "use a number from 1 to 1000000";
        let sizes = "use a number of bytes from 1024 to 1099511627776";
        let statements = "use a number from 1 to 10000000";
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
            ("limits.streams", l.streams as u64, 1, 1_000_000, positive),
            ("limits.header_seconds", l.header_seconds, 1, 1_000_000, positive),
            ("limits.stall_seconds", l.stall_seconds, 1, 1_000_000, positive),
            ("limits.pace_bytes", l.pace_bytes as u64, 1, 1_000_000, positive),
            ("limits.pace_seconds", l.pace_seconds, 1, 1_000_000, positive),
            ("limits.request_seconds", l.request_seconds, 1, 1_000_000, positive),
            ("limits.page_records", l.page_records as u64, 1, 1_000_000, positive),
            ("limits.queued_statements", l.queued_statements as u64, 1, 10_000_000, statements),
            ("limits.queued_bytes", l.queued_bytes as u64, 1024, 1 << 40, sizes),
            ("limits.commit_statements", l.commit_statements as u64, 1, 10_000_000, statements),
            ("limits.head_bytes", l.head_bytes as u64, 1024, 1 << 40, sizes),
            ("limits.fresh_bytes", l.fresh_bytes as u64, 1024, 1 << 40, sizes),
            (
                "limits.carried_bytes",
                l.carried_bytes,
                0,
                1 << 50,
                "use a number of bytes up to 1125899906842624, or 0 to take none",
            ),
            ("publish.seconds", config.publish.seconds, 1, 3600, "use a number from 1 to 3600"),
            ("publish.timeout_seconds", config.publish.timeout_seconds, 1, 600, "use a number from 1 to 600"),
        ];
        for (key, value, least, most, remedy) in bounds {
            if !(least..=most).contains(&value) {
                return Err(BadConfig::Bounds { path: path.to_owned(), key, value, remedy });
            }
        }
        config.publish.check().map_err(|what| BadConfig::Publish { path: path.to_owned(), what })?;
        webhooks::check(&config.webhooks)
            .map_err(|what| BadConfig::Webhooks { path: path.to_owned(), what })?;
        Ok(config)
    }

    /// A configuration with defaults.
    pub fn new(origin: Origin) -> Self {
        let (limits, publish, log) = (Limits::default(), Publish::default(), Log::default());
        let (authorities, webhooks) = (Vec::new(), Vec::new());
        Self { origin, listen: default_listen(), authorities, schemes: None, limits, publish, webhooks, log }
    }
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 7878))
}

fn origin<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Origin, D::Error> {
    String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
}

/// Authorities as requests name them: lower case, without a default port.
fn authorities<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Vec<String>, D::Error> {
    let named = Vec::<String>::deserialize(d)?;
    let read = |text: &String| {
        let authority: Option<axum::http::uri::Authority> = text.parse().ok();
        authority.filter(|a| !a.host().is_empty() && !a.as_str().contains('@')).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "authorities: expected a host, or a host and a port, as in \"ledger.example\", not {text:?}"
            ))
        })
    };
    named.iter().map(|text| read(text).map(|a| normal(a.as_str()))).collect()
}

/// An authority as RFC 9421 §2.2.3 normalises it. The server does not know whether a proxy spoke TLS for it, so both default ports are
/// left out.
pub fn normal(authority: &str) -> String {
    let lower = authority.to_ascii_lowercase();
    lower.strip_suffix(":80").or_else(|| lower.strip_suffix(":443")).unwrap_or(&lower).to_owned()
}

/// The authorities of a server that is told of none: the address that it is bound to, and, if this machine itself reaches it there, the
/// three names by which it does. A request that names another host was signed for that host, whoever passes it on.
pub fn own_authorities(bound: SocketAddr) -> Vec<String> {
    let mut own = vec![normal(&bound.to_string())];
    if bound.ip().is_loopback() || bound.ip().is_unspecified() {
        own.extend(
            ["localhost", "127.0.0.1", "[::1]"].map(|host| normal(&format!("{host}:{}", bound.port()))),
        );
    }
    own
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
        let (l, p) = (Limits::default(), Publish::default());
        // An origin holds no control characters, so these two are all that a TOML string must escape.
        let origin = self.origin.as_str().replace('\\', "\\\\").replace('"', "\\\"");
        write!(
            f,
            "\
# The ledger's name. It stands in every signature and receipt and can never change.
origin = \"{origin}\"

# Where to listen. Put a TLS proxy in front; overridden by PEALD_LISTEN or --listen.
listen = \"{listen}\"

# The hosts by which wallets reach this ledger, with the port unless it is 80 or 443. A signed read names its host under the signature and
# is answered only if the host is one of these: otherwise whoever runs another host could have people sign reads for it and pass them on
# to this ledger. Without this key it is the address under listen (and localhost, 127.0.0.1 and [::1] with its port, if that is loopback
# or every address). Behind a reverse proxy name the public host here, and let the proxy pass Host on unchanged; every signed read is
# answered 401 until then.
# authorities = [\"ledger.example\"]

# A directory of scheme packs of your own, relative to that of this file: every *.toml in it is read at the start, beside the packs that come
# with PEAL. One with the id of one of those stands in its place; one that cannot be read stops the start. Backups do not hold them.
# spec/schemes/README.md says how to write one.
# schemes = \"schemes\"

[limits]
body_bytes = {body}         # the most bytes in a request body
memory_bytes = {memory}      # the most bytes of all bodies held at one time; above it: 503 and Retry-After
connections = {connections}            # the most connections at one time
requests = {requests}                # the most requests under way at one time, a quarter kept for reads; above it: 503 and Retry-After
streams = {streams}                 # the most streams of notices at one time, each of which holds a connection; above it: 503
header_seconds = {header}           # for a request's head to arrive
stall_seconds = {stall}            # for the next bytes of a body to arrive, or of an answer to be taken
pace_bytes = {pace}            # the least bytes of a body in each pace_seconds after the first; below it: 408
pace_seconds = {pace_seconds}
request_seconds = {request}          # for a whole request
page_records = {page}           # the most records in one page of an account's copy
queued_statements = {statements}    # the most statements that wait for a commit; above it: 503 and Retry-After; for one sender above what is left: 429
queued_bytes = {queued}      # the most bytes of postings that wait for a commit; above it: 503 and Retry-After
commit_statements = {commit}     # the most statements of one commit; a single posting may have more
head_bytes = {heads}        # memory for the heads of accounts (about 500 bytes each); heads beyond it are read from the database
fresh_bytes = {fresh}        # rows gathered in memory before they are sorted into the database; twice as many at most are in memory
carried_bytes = {carried}  # of all histories that accounts have brought along from other ledgers, at most 16 MiB each; above it: 507

[publish]
seconds = {seconds}                 # from one published checkpoint to the next, if the log has grown
need = {need}                    # how many witnesses must have cosigned it
timeout_seconds = {timeout}         # for a witness to answer

# Witnesses cosign only what extends what they have seen. Name those that other people run: `peal witness init` prints the key.
# [[publish.witnesses]]
# url = \"https://witness.example\"
# key = \"witness.example/w1+0a1b2c3d+BGV4YW1wbGU...\"

# Servers that are told of every new record in an account, and of every record elsewhere that names it or is about one of its own: a signed
# POST for each (Standard Webhooks), again and again until it is taken. It tells where the record stands, and nothing of what it says. A new
# hook is told of what is recorded from then on. The secret is base64 of 24 to 64 random bytes: keep this file to yourself.
# [[webhooks]]
# account = \"peal1...\"
# url = \"https://platform.example/peal\"
# secret = \"whsec_...\"

[log]
format = \"text\"             # text or json, to standard error; never holds addresses, amounts or names
level = \"info\"              # error, warn, info or debug
",
            listen = self.listen,
            body = l.body_bytes,
            memory = l.memory_bytes,
            connections = l.connections,
            requests = l.requests,
            streams = l.streams,
            header = l.header_seconds,
            stall = l.stall_seconds,
            request = l.request_seconds,
            page = l.page_records,
            pace = l.pace_bytes,
            pace_seconds = l.pace_seconds,
            statements = l.queued_statements,
            queued = l.queued_bytes,
            commit = l.commit_statements,
            heads = l.head_bytes,
            fresh = l.fresh_bytes,
            carried = l.carried_bytes,
            seconds = p.seconds,
            need = p.need,
            timeout = p.timeout_seconds,
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
        assert_eq!(config.limits, Limits::default());
        assert_eq!(config.publish, Publish::default());
        assert!(text.contains("\n# authorities = [") && config.authorities.is_empty());
        assert!(text.contains("\n# schemes = \"") && config.schemes.is_none());
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn no_text_is_too_strange_to_be_refused(noise in "\\PC{0,80}", at in proptest::prelude::any::<proptest::sample::Index>()) {
            let origin = "ledger.example/2026".parse().unwrap();
            let good = Example { origin: &origin, listen: default_listen() }.to_string();
            let cut = (0..=at.index(good.len())).rev().find(|i| good.is_char_boundary(*i)).unwrap();
            for text in [noise.clone(), format!("{}{noise}{}", &good[..cut], &good[cut..])] {
                if let Err(e) = Config::parse(&text, Path::new("peald.toml")) {
                    assert!(e.to_string().contains("peald.toml"), "an error names the file: {e}");
                }
            }
        }
    }

    #[test]
    fn the_ledgers_limits_are_the_operators() {
        let text =
            "origin = \"a\"\n[limits]\nqueued_statements = 5\nqueued_bytes = 2048\ncommit_statements = 3\n";
        let settings = Config::parse(text, Path::new("peald.toml")).unwrap().limits.ledger();
        assert_eq!(
            (settings.max_queued_statements, settings.max_queued_bytes, settings.max_commit_statements),
            (5, 2048, 3)
        );
    }

    #[test]
    fn schemes_stand_beside_the_configuration() {
        let read = |dir: &str| {
            let text = format!("origin = \"a\"\nschemes = \"{dir}\"\n");
            Config::parse(&text, Path::new("d/peald.toml")).unwrap().schemes.unwrap()
        };
        assert_eq!(read("packs"), Path::new("d/packs"));
        assert_eq!(read("/etc/packs"), Path::new("/etc/packs"));
    }

    #[test]
    fn authorities_are_hosts() {
        let read = |list: &str| {
            let text = format!("origin = \"a\"\nauthorities = {list}\n");
            Config::parse(&text, Path::new("peald.toml")).map(|c| c.authorities).map_err(|e| e.to_string())
        };
        let good = read("[\"Ledger.Example:443\", \"b.example:8443\", \"[::1]:7878\"]").unwrap();
        assert_eq!(good, ["ledger.example", "b.example:8443", "[::1]:7878"]);
        for bad in ["https://a.example", "a.example/", "", "me@a.example", ":80"] {
            let told = read(&format!("[\"{bad}\"]")).unwrap_err();
            assert!(told.contains("authorities") && told.contains("remedy"), "{bad}: {told}");
        }
    }

    #[test]
    fn what_listens_locally_has_local_names() {
        let own = |at: &str| own_authorities(at.parse().unwrap());
        assert_eq!(own("127.0.0.1:99"), ["127.0.0.1:99", "localhost:99", "127.0.0.1:99", "[::1]:99"]);
        assert_eq!(own("[::]:80"), ["[::]", "localhost", "127.0.0.1", "[::1]"]);
        assert_eq!(own("192.0.2.7:7878"), ["192.0.2.7:7878"]);
    }

    #[test]
    fn witnesses_are_named_by_url_and_key() {
        use peal_spec::key::PrivateKey;
        use peal_spec::note::{KeyType, VerifierKey};
        let key = |name: &str, kind| {
            let key = PrivateKey::new(&[4; 32]).public();
            VerifierKey { name: name.parse().unwrap(), kind, key }.to_string()
        };
        let witness =
            |url: &str, key: &str| format!("[[publish.witnesses]]\nurl = \"{url}\"\nkey = \"{key}\"\n");
        let read = |rest: &str| {
            let text = format!("origin = \"a\"\n{rest}");
            Config::parse(&text, Path::new("peald.toml")).map(|c| c.publish).map_err(|e| e.to_string())
        };
        let good = key("w.example", KeyType::Cosignature);
        let one = witness("https://w.example/sub/", &good);
        let found = read(&format!("[publish]\nneed = 1\n{one}")).unwrap();
        assert_eq!((found.need, found.witnesses.len()), (1, 1));
        assert_eq!(found.witnesses[0].url, "https://w.example/sub");
        let again = witness("http://v.example", &key("v.example", KeyType::Cosignature));
        for (text, told) in [
            (format!("[publish]\nneed = 2\n{one}"), "only 1 witnesses"),
            (format!("{one}{again}"), "stands there twice"),
            (witness("w.example", &good), "expected a URL"),
            (witness("https://me@w.example", &good), "expected a URL"),
            (witness("https://w.example", &key("w.example", KeyType::Ed25519)), "this key signs notes"),
            (witness("https://w.example", "nonsense"), "not a verifier key"),
            ("[publish]\nseconds = 0\n".into(), "publish.seconds = 0"),
            ("[publish]\ntimeout_seconds = 601\n".into(), "publish.timeout_seconds = 601"),
        ] {
            let error = read(&text).unwrap_err();
            assert!(error.contains(told) && error.contains("remedy"), "{error}");
        }
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
        for key in ["pace_bytes", "pace_seconds", "queued_statements", "queued_bytes", "commit_statements"] {
            let told = error(&format!("origin = \"a\"\n[limits]\n{key} = 0\n"));
            assert!(told.contains(&format!("limits.{key} = 0")), "{told}");
        }
    }
}
