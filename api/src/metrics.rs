//! Metrics in the OpenMetrics text format. They hold route templates, statuses and refusal names; never an address, an amount or a name.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use peal_ledger::Stats;
use peal_spec::receipt::Outcome;
use peal_spec::refusal::Refusal;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, LabelSetEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// The media type of the metrics.
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Labels, by name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Labels(Vec<(&'static str, String)>);

impl EncodeLabelSet for Labels {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> Result<(), fmt::Error> {
        self.0.iter().try_for_each(|label| {
            use prometheus_client::encoding::EncodeLabel as _;
            (label.0, label.1.as_str()).encode(encoder.encode_label())
        })
    }
}

type Times = Family<Labels, Histogram, fn() -> Histogram>;

fn times() -> Histogram {
    Histogram::new(exponential_buckets(0.0005, 2.0, 16))
}

/// What is counted.
pub struct Metrics {
    registry: Registry,
    postings: Family<Labels, Counter>,
    statements: Family<Labels, Counter>,
    receipt_seconds: Histogram,
    requests: Family<Labels, Counter>,
    request_seconds: Times,
    witnesses: Family<Labels, Counter>,
    webhooks: Family<Labels, Counter>,
    /// The next log index of each webhook.
    hooks: Mutex<BTreeMap<usize, u64>>,
    gauges: Gauges,
}

/// What is looked up when somebody asks.
#[derive(Clone, Default)]
struct Gauges {
    queued_statements: Gauge,
    queued_bytes: Gauge,
    log_size: Gauge,
    accounts: Gauge,
    commits: Gauge,
    commit_milliseconds: Gauge,
    write_milliseconds: Gauge,
    resident: Gauge,
    connections: Gauge,
    published: Gauge,
    lag: Gauge,
    signs: Gauge,
    webhook_lag: Gauge,
}

/// The figures of the moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Now {
    /// The ledger's own.
    pub ledger: Stats,
    /// Open connections.
    pub connections: u64,
    /// Leaves of the log under the published checkpoint.
    pub published: u64,
    /// For how long that has not been the whole log.
    pub lag: Duration,
    /// Whether the ledger may sign.
    pub signs: bool,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("peal");
        let (postings, statements) = (Family::default(), Family::default());
        let (requests, gauges) = (Family::default(), Gauges::default());
        let receipt_seconds = times();
        let request_seconds: Times = Family::new_with_constructor(times);
        registry.register(
            "postings",
            "Postings answered, by outcome: recorded or the refusal's name",
            postings.clone(),
        );
        registry.register(
            "statements",
            "Statements in receipts given, by result: accepted or the refusal's name",
            statements.clone(),
        );
        registry.register(
            "receipt_seconds",
            "From a posting's verification to its receipt: queue and commit",
            receipt_seconds.clone(),
        );
        registry.register(
            "http_requests",
            "Requests, by route template, method and status",
            requests.clone(),
        );
        registry.register(
            "http_request_seconds",
            "Time to answer, by route template",
            request_seconds.clone(),
        );
        registry.register(
            "queued_statements",
            "Statements that wait for a commit",
            gauges.queued_statements.clone(),
        );
        registry.register(
            "queued_bytes",
            "Bytes of the postings that wait for a commit",
            gauges.queued_bytes.clone(),
        );
        registry.register("log_size", "Leaves of the log", gauges.log_size.clone());
        registry.register("accounts", "Accounts", gauges.accounts.clone());
        registry.register("commits_since_start", "Commits since the start", gauges.commits.clone());
        registry.register(
            "commit_milliseconds_since_start",
            "Time spent in commits",
            gauges.commit_milliseconds.clone(),
        );
        registry.register(
            "write_milliseconds_since_start",
            "The part of it spent in writing and syncing",
            gauges.write_milliseconds.clone(),
        );
        registry.register("resident_bytes", "Memory of this process", gauges.resident.clone());
        let witnesses = Family::default();
        registry.register(
            "witness_answers",
            "Answers of witnesses, by name and outcome: cosigned, failed, or refused because it has seen more or another log",
            witnesses.clone(),
        );
        registry.register(
            "published_size",
            "Leaves of the log under the checkpoint that is served, cosigned if witnesses are needed",
            gauges.published.clone(),
        );
        registry.register(
            "published_lag_seconds",
            "For how long the log has been larger than that",
            gauges.lag.clone(),
        );
        registry.register(
            "signs",
            "1, or 0 while the ledger signs nothing because somebody has, or may have, seen more of it",
            gauges.signs.clone(),
        );
        registry.register("connections", "Open connections", gauges.connections.clone());
        let webhooks = Family::default();
        registry.register(
            "webhook_deliveries",
            "Messages sent to webhooks, by host and place in peald.toml, and outcome: delivered, failed, or gone",
            webhooks.clone(),
        );
        registry.register(
            "webhook_lag_entries",
            "Leaves of the log that the slowest webhook has still to go through; one that is gone does not count",
            gauges.webhook_lag.clone(),
        );
        let hooks = Mutex::default();
        Self {
            registry,
            postings,
            statements,
            receipt_seconds,
            requests,
            request_seconds,
            witnesses,
            webhooks,
            hooks,
            gauges,
        }
    }
}

impl Metrics {
    /// Counts an answered request.
    pub fn request(&self, route: &str, method: &str, status: u16, time: Duration) {
        let labels =
            Labels(vec![("route", route.into()), ("method", method.into()), ("status", status.to_string())]);
        self.requests.get_or_create(&labels).inc();
        self.request_seconds
            .get_or_create(&Labels(vec![("route", route.into())]))
            .observe(time.as_secs_f64());
    }

    /// Counts an answer of a witness, or none.
    pub fn witness(&self, name: &str, outcome: &str) {
        let labels = Labels(vec![("witness", name.into()), ("outcome", outcome.into())]);
        self.witnesses.get_or_create(&labels).inc();
    }

    /// Counts an attempt to send a message to a webhook.
    pub fn webhook(&self, name: &str, outcome: &str) {
        let labels = Labels(vec![("hook", name.into()), ("outcome", outcome.into())]);
        self.webhooks.get_or_create(&labels).inc();
    }

    /// Says where in the log a webhook stands, by its place in the configuration; none when it goes no further.
    pub fn hook_at(&self, place: usize, next: Option<u64>) {
        let mut hooks = self.hooks.lock().unwrap_or_else(PoisonError::into_inner);
        match next {
            Some(next) => hooks.insert(place, next),
            None => hooks.remove(&place),
        };
    }

    /// The next log index of the slowest webhook.
    fn slowest_hook(&self) -> Option<u64> {
        self.hooks.lock().unwrap_or_else(PoisonError::into_inner).values().min().copied()
    }

    /// Counts a posting that was refused whole.
    pub fn refused(&self, refusal: &Refusal) {
        let labels = Labels(vec![("outcome", refusal.code.name().into())]);
        self.postings.get_or_create(&labels).inc();
    }

    /// Counts a receipt given for a posting received.
    pub fn receipt(&self, results: &[Outcome], time: Duration) {
        self.postings.get_or_create(&Labels(vec![("outcome", "recorded".into())])).inc();
        self.receipt_seconds.observe(time.as_secs_f64());
        let mut accepted = 0;
        for result in results {
            match result {
                Ok(_) => accepted += 1,
                Err(refusal) => {
                    let labels = Labels(vec![("result", refusal.code.name().into())]);
                    self.statements.get_or_create(&labels).inc();
                }
            }
        }
        self.statements.get_or_create(&Labels(vec![("result", "accepted".into())])).inc_by(accepted);
    }

    /// All of it as text.
    pub fn text(&self, now: &Now) -> String {
        let set = |gauge: &Gauge, value: u64| gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        let g = &self.gauges;
        let l = &now.ledger;
        set(&g.queued_statements, l.queued_statements as u64);
        set(&g.queued_bytes, l.queued_bytes as u64);
        set(&g.log_size, l.log_size);
        set(&g.accounts, l.accounts);
        set(&g.commits, l.commits);
        set(&g.commit_milliseconds, l.commit_time.as_millis() as u64);
        set(&g.write_milliseconds, l.write_time.as_millis() as u64);
        set(&g.resident, resident().unwrap_or(0));
        set(&g.connections, now.connections);
        set(&g.published, now.published);
        set(&g.lag, now.lag.as_secs());
        set(&g.signs, u64::from(now.signs));
        set(&g.webhook_lag, self.slowest_hook().map_or(0, |next| l.log_size.saturating_sub(next)));
        let mut text = String::new();
        if encode(&mut text, &self.registry).is_err() {
            let _ = text.write_str("# EOF\n");
        }
        text
    }
}

/// Memory of this process in bytes, where the system tells.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}
