//! Five times what the server takes, for twelve seconds: what is taken is finished, the rest is told when to come back, memory stays
//! bounded, reads and health are answered all the while, and afterwards all is as before.
//!
//! What the server takes is small here and set: `queued_statements` that wait and `commit_statements` that are being committed. Three
//! platforms keep five times as many under way, whatever the machine makes of them, and send the next as soon as one is answered; none
//! of them waits as it is told to. A fourth sends one statement at a time and does, and is not starved by the three.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use peal_spec::cbor::Cbor;
use peal_spec::hash::Hash;
use peal_spec::posting::{MEDIA_TYPE, Posting};
use peal_spec::receipt::{self, Receipt};
use peal_spec::role::Role;
use peal_spec::statement::Source;
use peal_spec::tree::Frontier;
use peal_tests::Daemon;
use peal_tests::cast::{Load, Signer};
use peal_tests::client::{Answer, Client, Offices};

const ORIGIN: &str = "overload.example/1";
const LENGTH: Duration = Duration::from_secs(12);
/// Statements in a posting.
const PART: u64 = 50;
const QUEUED: u64 = 400;
const COMMIT: u64 = 100;
/// Senders that each have one posting under way: five times the queue and the commit.
const SENDERS: u64 = 5 * (QUEUED + COMMIT) / PART;
/// Places for all of them: it is the queue that is too small.
const REQUESTS: u64 = 2 * SENDERS;
const BODIES: u64 = 8 << 20;
/// What answering may take on a slow machine with all its cores busy.
const PROMPT: Duration = Duration::from_secs(2);

/// What a sender is told.
enum Told {
    Receipt(Vec<u8>),
    Later(u16, String),
}

fn send(agent: &ureq::Agent, url: &str, bytes: &[u8]) -> Told {
    let sent = agent
        .post(format!("{url}/v1/postings"))
        .header("content-type", MEDIA_TYPE)
        .header("accept", receipt::MEDIA_TYPE)
        .send(bytes);
    let mut response = sent.expect("every posting has an answer");
    let status = response.status().as_u16();
    let wait = response.headers().get("retry-after").map(|v| v.to_str().unwrap().to_owned());
    let body = response.body_mut().read_to_vec().unwrap();
    match status {
        200 => Told::Receipt(body),
        429 | 503 => {
            let wait: u64 = wait.expect("Retry-After").parse().expect("Retry-After in seconds");
            assert!((1..=5).contains(&wait), "come back after {wait} s");
            let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
            Told::Later(status, problem["code"].as_str().unwrap().to_owned())
        }
        _ => panic!("{status}: {}", String::from_utf8_lossy(&body)),
    }
}

/// The slowest of a hundred, with all answers counted.
fn p99(mut times: Vec<Duration>) -> Duration {
    assert!(times.len() >= 20, "only {} probes in {LENGTH:?}", times.len());
    times.sort();
    times[times.len() * 99 / 100]
}

fn metric(client: &Client, name: &str) -> u64 {
    let text = String::from_utf8(client.get("/metrics").1).unwrap();
    let line = text.lines().find(|l| l.split(' ').next() == Some(name));
    line.unwrap_or_else(|| panic!("no {name} in {text}")).rsplit(' ').next().unwrap().parse().unwrap()
}

#[test]
fn five_times_too_much_is_taken_in_part_and_told_when() {
    let dir = tempfile::tempdir().unwrap();
    let mut daemon = Daemon::init(&dir.path().join("ledger"), ORIGIN);
    daemon.limit(&[
        ("queued_statements", QUEUED),
        ("commit_statements", COMMIT),
        ("requests", REQUESTS),
        ("connections", 4 * SENDERS),
        ("body_bytes", 1 << 20),
        ("memory_bytes", BODIES),
    ]);
    daemon.start();
    let offices = Offices::found(&daemon, ORIGIN);
    let client = Client::new(daemon.url());
    let load = offices.load();
    let mut more: Vec<Signer> = (0..3).map(|_| Signer::new(&offices.platform.origin)).collect();
    for platform in &mut more {
        client.open(platform);
        let grant = offices.registrar.grant(platform.address.unwrap(), Role::Platform);
        client.post_ok(&offices.registrar.post(vec![grant]));
    }
    // The last has one posting of one statement at a time, and waits as it is told.
    let modest = more.pop().unwrap();
    let greedy: Vec<&Signer> = more.iter().chain([&offices.platform]).collect();
    let workers: Vec<Signer> = (0..20)
        .map(|_| {
            let mut worker = Signer::new(&offices.platform.origin);
            client.open(&mut worker);
            worker
        })
        .collect();
    let number = AtomicU64::new(0);
    let posting = |platform: &Signer, load: &Load, part: u64| {
        let n = number.fetch_add(part, Ordering::Relaxed);
        let statements = (n..n + part).map(|i| {
            let worker = workers[i as usize % workers.len()].address.unwrap();
            platform.contribute(worker, Source::Platform, load, i)
        });
        platform.post(statements.collect()).to_bytes()
    };

    let before = daemon.memory();
    let receipts: Mutex<BTreeMap<Vec<u8>, Vec<u8>>> = Mutex::default();
    let refused: Mutex<Vec<Vec<u8>>> = Mutex::default();
    let told: Mutex<BTreeMap<(u16, String), u64>> = Mutex::default();
    let (mut health, mut reads, mut peak) = (Vec::new(), Vec::new(), 0);
    let over = AtomicBool::new(false);
    let (url, began) = (daemon.url(), Instant::now());
    let agent = || -> ureq::Agent {
        let config = ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(120)));
        config.http_status_as_error(false).build().into()
    };
    let mut modest_took = (0, 0);
    std::thread::scope(|scope| {
        for sender in 0..SENDERS {
            let (platform, load) = (greedy[sender as usize % greedy.len()], &load);
            let (receipts, refused, told, over, posting) = (&receipts, &refused, &told, &over, &posting);
            scope.spawn(move || {
                let agent = agent();
                while !over.load(Ordering::Relaxed) {
                    let bytes = posting(platform, load, PART);
                    match send(&agent, url, &bytes) {
                        Told::Receipt(receipt) => drop(receipts.lock().unwrap().insert(bytes, receipt)),
                        Told::Later(status, code) => {
                            *told.lock().unwrap().entry((status, code)).or_default() += 1;
                            let mut refused = refused.lock().unwrap();
                            if refused.len() < 400 {
                                refused.push(bytes);
                            }
                        }
                    }
                }
            });
        }
        let (over, posting, receipts, load, modest) = (&over, &posting, &receipts, &load, &modest);
        let patient = scope.spawn(move || {
            let (agent, mut tries, mut done) = (agent(), 0, 0);
            let mut bytes = posting(modest, load, 1);
            while !over.load(Ordering::Relaxed) {
                tries += 1;
                match send(&agent, url, &bytes) {
                    Told::Receipt(receipt) => {
                        receipts.lock().unwrap().insert(bytes, receipt);
                        bytes = posting(modest, load, 1);
                        done += 1;
                        std::thread::sleep(Duration::from_millis(100));
                    }
                    Told::Later(..) => std::thread::sleep(Duration::from_secs(1)),
                }
            }
            (tries, done)
        });
        let probe = |path: &'static str| {
            scope.spawn(move || {
                let (client, mut times) = (Client::new(url), Vec::new());
                while !over.load(Ordering::Relaxed) {
                    let asked = Instant::now();
                    let (status, _) = client.get(path);
                    assert_eq!(status, 200, "{path} while postings are turned away");
                    times.push(asked.elapsed());
                    std::thread::sleep(Duration::from_millis(10));
                }
                times
            })
        };
        let (well, ledger) = (probe("/healthz"), probe("/v1/ledger"));
        while began.elapsed() < LENGTH {
            peak = peak.max(daemon.memory());
            std::thread::sleep(Duration::from_millis(50));
        }
        over.store(true, Ordering::Relaxed);
        (health, reads) = (well.join().unwrap(), ledger.join().unwrap());
        modest_took = patient.join().unwrap();
    });
    let (receipts, refused, told) =
        (receipts.into_inner().unwrap(), refused.into_inner().unwrap(), told.into_inner().unwrap());
    let (taken, away): (usize, u64) = (receipts.len(), told.values().sum());
    println!(
        "{taken} postings taken, {away} turned away ({told:?}); one statement at a time: {modest_took:?} tries and receipts; \
         memory {} MiB before, {} MiB at most; {} health, p99 {:?}; {} reads, p99 {:?}",
        before >> 20,
        peak >> 20,
        health.len(),
        p99(health.clone()),
        reads.len(),
        p99(reads.clone())
    );
    assert!(taken > 0 && away > 0, "it was no overload: {taken} taken, {away} turned away");
    let codes: BTreeSet<&str> = told.keys().map(|(_, code)| code.as_str()).collect();
    assert!(codes.iter().all(|c| ["overloaded", "too-many"].contains(c)), "{codes:?}");
    assert!(p99(health) < PROMPT && p99(reads) < PROMPT, "health and reads are prompt");
    let (tries, receipts_given) = modest_took;
    assert!(2 * receipts_given > tries, "the modest one has room among the greedy: {modest_took:?}");

    // Afterwards, at once.
    assert_eq!(metric(&client, "peal_queued_statements"), 0);
    let last = posting(&modest, &load, 1);
    assert!(matches!(client.post(&last), Answer::Receipt(_)), "the first try after the overload");

    // Memory: the bodies held, what waits and is committed, and what RocksDB keeps of the rows written, all of it set beforehand; not what
    // was turned away.
    let records: u64 = metric(&client, "peal_log_size");
    let bound = BODIES + (QUEUED + COMMIT) * 16_384 + 4 * SENDERS * 128 * 1024 + records * 1024 + (32 << 20);
    assert!(peak - before < bound, "{} bytes more, and {bound} were to be enough", peak - before);

    // Every receipt verifies, and its checkpoint is a prefix of the log that is served.
    let checkpoint = client.checkpoint(&offices.key);
    let signed: Vec<_> = receipts
        .iter()
        .map(|(posting, receipt)| {
            let checked = Posting::receive(posting, &offices.platform.origin).unwrap();
            let (signed, records) =
                Receipt::from_bytes(receipt).unwrap().check(&checked, &offices.key).unwrap();
            assert_eq!(records.len(), checked.posting().statements.len(), "every statement is recorded");
            signed
        })
        .collect();
    let sizes: BTreeSet<u64> = signed.iter().map(|c| c.size).chain([checkpoint.size]).collect();
    let mut roots: BTreeMap<u64, Hash> = BTreeMap::new();
    let mut frontier = Frontier::default();
    for leaf in client.leaves(checkpoint.size) {
        frontier.push(leaf);
        if sizes.contains(&frontier.size()) {
            roots.insert(frontier.size(), frontier.root());
        }
    }
    assert_eq!(roots[&checkpoint.size], checkpoint.root);
    for signed in &signed {
        assert_eq!(roots.get(&signed.size), Some(&signed.root), "a receipt's checkpoint is no prefix");
    }

    // Whoever was turned away was told that nothing was recorded. That is true, and sending it again settles it.
    for bytes in &refused {
        let checked = Posting::receive(bytes, &offices.platform.origin).unwrap();
        let mut senders = more.iter().chain([&offices.platform, &modest]);
        let issuer = senders.find(|s| s.address == checked.payload().issuer).expect("one of those who sent");
        let status = client.receipt_of(issuer, &checked.digest());
        assert_eq!(status, 404, "a posting that was turned away is recorded all the same");
    }
    for bytes in refused.iter().take(40) {
        let Answer::Receipt(receipt) = client.post(bytes) else { panic!("sent again") };
        assert!(Receipt::from_bytes(&receipt).unwrap().results.iter().all(Result::is_ok));
    }
    assert!(daemon.stop(), "SIGTERM ends it with 0");
    let audit = daemon.audit();
    assert!(audit.status.success(), "{}", String::from_utf8_lossy(&audit.stdout));
}
