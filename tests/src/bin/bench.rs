//! `make bench`: statements a second, durable and under a signed checkpoint, beside what this machine can do at most in the same run.
//!
//! 1. The machine: strict signature checks, hashes and fsyncs a second.
//! 2. The library: postings of 1, 100 and 1,000 statements, checked on all cores and submitted to a ledger on disk.
//! 3. HTTP: the same through `peald` in another process.
//!
//! Postings are signed before the clock starts. Every figure is the median of several runs with the least and the greatest. Every receipt is
//! checked to hold as many records as the posting has statements; the log's size at the end must be what was posted.

// A figure of work that went wrong would be worth nothing, so anything unexpected ends the benchmark.
#![allow(clippy::panic)]

use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use peal_ledger::{Genesis, Ledger, Settings};
use peal_spec::cbor::Cbor;
use peal_spec::hash;
use peal_spec::key::PrivateKey;
use peal_spec::posting::Posting;
use peal_spec::receipt::Receipt;
use peal_spec::role::Role;
use peal_spec::statement::{Source, Statement};
use peal_tests::Daemon;
use peal_tests::cast::{Load, Signer, random};
use peal_tests::client::{Answer, Client, Offices};
use serde_json::{Value, json};

const ORIGIN: &str = "bench.example/ledger";

/// Hashes of a statement, counted: 5 salts and 5 leaves and 4 nodes of its tree, 2 in the posting, 8 of record and state, 3 in the log, 4 in the
/// account, 10 in the directory.
const HASHES: f64 = 41.0;

/// How much work each part does.
struct Size {
    runs: usize,
    accounts: usize,
    /// Statements a run, for postings of 1, 100 and 1,000.
    statements: [(usize, usize); 3],
    machine: Duration,
}

const FULL: Size = Size {
    runs: 5,
    accounts: 20_000,
    statements: [(1, 10_000), (100, 50_000), (1_000, 100_000)],
    machine: Duration::from_millis(700),
};
const SMOKE: Size = Size {
    runs: 3,
    accounts: 300,
    statements: [(1, 200), (100, 1_000), (1_000, 2_000)],
    machine: Duration::from_millis(60),
};

/// Median, least and greatest of several runs.
#[derive(Clone, Copy)]
struct Figure {
    median: f64,
    least: f64,
    most: f64,
}

fn figure(mut runs: Vec<f64>) -> Figure {
    runs.sort_by(f64::total_cmp);
    Figure { median: runs[runs.len() / 2], least: runs[0], most: runs[runs.len() - 1] }
}

impl Figure {
    fn json(self) -> Value {
        json!({ "median": self.median.round(), "least": self.least.round(), "most": self.most.round() })
    }
}

/// How often `work` runs in a second on one core, several times over.
fn rate(size: &Size, mut work: impl FnMut() -> u64) -> Figure {
    let runs = (0..size.runs.max(3)).map(|_| {
        let (began, mut done) = (Instant::now(), 0);
        while began.elapsed() < size.machine {
            done += work();
        }
        done as f64 / began.elapsed().as_secs_f64()
    });
    figure(runs.collect())
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

/// Resident memory of a process, in bytes.
fn rss(pid: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text.lines().find_map(|l| l.strip_prefix("VmRSS:"));
    line.and_then(|l| l.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// Bytes in all files below a folder.
fn bytes_on_disk(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries
        .flatten()
        .map(|e| match e.metadata() {
            Ok(m) if m.is_dir() => bytes_on_disk(&e.path()),
            Ok(m) => m.len(),
            Err(_) => 0,
        })
        .sum()
}

/// What this machine can do at most, one core each.
struct Machine {
    verify: Figure,
    leaf: Figure,
    node: Figure,
    fsync: Figure,
}

fn machine(size: &Size, folder: &Path) -> std::io::Result<Machine> {
    let key = PrivateKey::new(&random_key());
    let message = [7u8; 250];
    let signature = key.sign(&message);
    let verify = rate(size, || u64::from(key.public().verifies(&message, &signature)));
    let leaf =
        rate(size, || (0..1000).map(|_| u64::from(hash::leaf(&message).0[0] != 1)).sum::<u64>().max(1000));
    let (mut a, b) = (hash::leaf(b"a"), hash::leaf(b"b"));
    let node = rate(size, || {
        for _ in 0..1000 {
            a = hash::node(&a, &b);
        }
        1000
    });
    use std::io::Write;
    let mut file = std::fs::File::create(folder.join("fsync"))?;
    let page = [1u8; 4096];
    let fsync = rate(size, || u64::from(file.write_all(&page).and_then(|()| file.sync_data()).is_ok()));
    Ok(Machine { verify, leaf, node, fsync })
}

fn random_key() -> [u8; 32] {
    let mut out = [0; 32];
    out[..16].copy_from_slice(&random().0);
    out[16..].copy_from_slice(&random().0);
    out
}

/// The people of the benchmark: a platform with its fund, and workers drawn uniformly at random for every statement.
struct Stage {
    platform: Signer,
    load: Load,
    workers: Vec<Signer>,
    number: u64,
}

impl Stage {
    /// Signed postings of `each` statements, `total` in all. Postings of one are workers paying for themselves.
    fn postings(&mut self, each: usize, total: usize) -> Vec<Vec<u8>> {
        (0..total / each)
            .map(|_| {
                let mut draw = || {
                    self.number += 1;
                    let n = u64::from_le_bytes(random().0[..8].try_into().unwrap_or_default());
                    (&self.workers[(n % self.workers.len() as u64) as usize], self.number)
                };
                let posting = if each == 1 {
                    let (worker, n) = draw();
                    let own = worker.address.map(|a| worker.contribute(a, Source::Self_, &self.load, n));
                    worker.post(own.into_iter().collect())
                } else {
                    let statements = (0..each).filter_map(|_| {
                        let (worker, n) = draw();
                        Some(self.platform.contribute(worker.address?, Source::Platform, &self.load, n))
                    });
                    self.platform.post(statements.collect())
                };
                posting.to_bytes()
            })
            .collect()
    }
}

/// What one size of posting gives.
struct Outcome {
    each: usize,
    rate: Figure,
    p50: f64,
    p99: f64,
}

/// Sends all postings from several threads, each waiting for its receipt before the next, and times each.
fn drive(
    postings: &[Vec<u8>],
    threads: usize,
    send: &(dyn Fn(&[u8]) -> usize + Sync),
) -> (f64, Vec<Duration>) {
    let (next, times) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(postings.len())));
    let began = Instant::now();
    let recorded: usize = std::thread::scope(|scope| {
        let work: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let (mut recorded, mut mine) = (0, Vec::new());
                    while let Some(bytes) = postings.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let sent = Instant::now();
                        recorded += send(bytes);
                        mine.push(sent.elapsed());
                    }
                    if let Ok(mut all) = times.lock() {
                        all.append(&mut mine);
                    }
                    recorded
                })
            })
            .collect();
        work.into_iter().map(|w| w.join().unwrap_or(0)).sum()
    });
    let rate = recorded as f64 / began.elapsed().as_secs_f64();
    (rate, times.into_inner().unwrap_or_default())
}

/// Runs one size of posting several times.
fn measure(
    size: &Size,
    stage: &mut Stage,
    each: usize,
    total: usize,
    threads: usize,
    send: &(dyn Fn(&[u8]) -> usize + Sync),
) -> Outcome {
    let (mut rates, mut times) = (Vec::new(), Vec::new());
    for _ in 0..size.runs {
        let postings = stage.postings(each, total);
        let (rate, mut took) = drive(&postings, threads, send);
        rates.push(rate);
        times.append(&mut took);
    }
    times.sort();
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e3;
    Outcome { each, rate: figure(rates), p50: at(0.5), p99: at(0.99) }
}

/// Recorded statements of a receipt; anything else ends the benchmark, for its figures would be worth nothing.
fn recorded(receipt: &Receipt) -> usize {
    for result in &receipt.results {
        if let Err(refusal) = result {
            panic!("a posting of the benchmark was refused: {refusal}");
        }
    }
    receipt.results.len()
}

/// How many clients wait at the same time, by size of posting.
fn clients(each: usize) -> usize {
    match each {
        1 => 64,
        100 => 16,
        _ => 8,
    }
}

struct Part {
    outcomes: Vec<Outcome>,
    records: u64,
    rss: u64,
    disk: u64,
}

fn library(size: &Size, folder: &Path) -> Part {
    let origin = ORIGIN.parse().unwrap_or_else(|e| panic!("{e}"));
    let operator = random_key();
    let mut registrar = Signer::new(&origin);
    let opening = registrar.opening(None);
    let id = opening.root(&origin);
    let opening = registrar.post(vec![opening]).check(&origin).unwrap_or_else(|e| panic!("{e}"));
    let settings = Settings::default();
    let genesis = Genesis { origin: origin.clone(), opening };
    Ledger::create(folder, &PrivateKey::new(&operator), genesis, &settings).unwrap_or_else(|e| panic!("{e}"));
    let ledger =
        Ledger::open(folder, PrivateKey::new(&operator), &origin, settings).unwrap_or_else(|e| panic!("{e}"));
    registrar.address = Some(peal_spec::address::Address { number: 0, id });

    let send = |bytes: &[u8]| -> Receipt {
        let checked = Posting::receive(bytes, &origin).unwrap_or_else(|e| panic!("{e}"));
        let pending = ledger.submit(checked, bytes.len()).unwrap_or_else(|e| panic!("{e}"));
        pending.wait().unwrap_or_else(|e| panic!("{e}"))
    };
    let open_all = |signers: &mut [Signer], by: Option<&Signer>| {
        for chunk in signers.chunks_mut(if by.is_some() { 1000 } else { 1 }) {
            let statements: Vec<Statement> =
                chunk.iter().map(|s| s.opening(by.and_then(|b| b.address))).collect();
            let ids: Vec<_> = statements.iter().map(|s| s.root(&origin)).collect();
            let signer = by.unwrap_or(&chunk[0]);
            let receipt = send(&signer.post(statements).to_bytes());
            recorded(&receipt);
            for ((signer, id), result) in chunk.iter_mut().zip(ids).zip(&receipt.results) {
                signer.address =
                    result.as_ref().ok().map(|a| peal_spec::address::Address { number: a.account, id });
            }
        }
    };
    let mut parties = [Signer::new(&origin), Signer::new(&origin)];
    open_all(&mut parties, None);
    let grants = parties
        .iter()
        .zip([Role::Platform, Role::Fund])
        .filter_map(|(p, role)| Some(registrar.grant(p.address?, role)));
    recorded(&send(&registrar.post(grants.collect()).to_bytes()));
    let [platform, fund] = parties;
    let mut workers: Vec<Signer> = (0..size.accounts).map(|_| Signer::new(&origin)).collect();
    open_all(&mut workers, Some(&platform));
    let load = fund.address.map(Load::new).and_then(Result::ok).unwrap_or_else(|| panic!("no fund"));
    let mut stage = Stage { platform, load, workers, number: 0 };

    let before = ledger.published().checkpoint.size;
    let outcomes: Vec<Outcome> = size
        .statements
        .iter()
        .map(|(each, total)| {
            measure(size, &mut stage, *each, *total, clients(*each), &|bytes| recorded(&send(bytes)))
        })
        .collect();
    let posted: u64 =
        size.statements.iter().map(|(each, total)| (total / each * each * size.runs) as u64).sum();
    assert!(ledger.published().checkpoint.size >= before + posted, "the log holds what was posted");
    let memory = rss(std::process::id());
    ledger.close();
    drop(ledger);
    let records = posted + size.accounts as u64 + 5;
    Part { outcomes, records, rss: memory, disk: bytes_on_disk(folder) }
}

fn http(size: &Size, folder: &Path) -> Part {
    let mut daemon = Daemon::init(&folder.join("ledger"), ORIGIN);
    daemon.start();
    let offices = Offices::found(&daemon, ORIGIN);
    let load = offices.load();
    let client = Client::new(daemon.url());
    let mut workers: Vec<Signer> =
        (0..size.accounts).map(|_| Signer::new(&offices.platform.origin)).collect();
    for chunk in workers.chunks_mut(1000) {
        let statements: Vec<Statement> = chunk.iter().map(|s| s.opening(offices.platform.address)).collect();
        let ids: Vec<_> = statements.iter().map(|s| s.root(&offices.platform.origin)).collect();
        let receipt = client.post_ok(&offices.platform.post(statements));
        for ((signer, id), result) in chunk.iter_mut().zip(ids).zip(&receipt.results) {
            signer.address =
                result.as_ref().ok().map(|a| peal_spec::address::Address { number: a.account, id });
        }
    }
    let before = client.checkpoint(&offices.key).size;
    let key = offices.key.clone();
    let mut stage = Stage { platform: offices.platform, load, workers, number: 0 };
    let url = daemon.url().to_owned();
    let outcomes: Vec<Outcome> = size
        .statements
        .iter()
        .map(|(each, total)| {
            // A client keeps its connections; a pool of them stands for many payers.
            let pool: Mutex<Vec<Client>> =
                Mutex::new((0..clients(*each)).map(|_| Client::new(&url)).collect());
            measure(size, &mut stage, *each, *total, clients(*each), &|bytes| {
                let mine = pool.lock().ok().and_then(|mut p| p.pop()).unwrap_or_else(|| Client::new(&url));
                let answer = mine.post(bytes);
                if let Ok(mut pool) = pool.lock() {
                    pool.push(mine);
                }
                match answer {
                    Answer::Receipt(receipt) => {
                        recorded(&Receipt::from_bytes(&receipt).unwrap_or_else(|e| panic!("{e}")))
                    }
                    other => panic!("{other:?}"),
                }
            })
        })
        .collect();
    let posted: u64 =
        size.statements.iter().map(|(each, total)| (total / each * each * size.runs) as u64).sum();
    assert!(client.checkpoint(&key).size >= before + posted, "the log holds what was posted");
    let memory = rss(daemon.pid());
    assert!(daemon.stop(), "peald ends with 0");
    let records = posted + size.accounts as u64 + 5;
    Part { outcomes, records, rss: memory, disk: bytes_on_disk(&folder.join("ledger/db")) }
}

fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(c);
    }
    out
}

fn print_part(name: &str, part: &Part, machine: &Machine) -> Value {
    let mut rows = Vec::new();
    for o in &part.outcomes {
        // The walls: one strict verification a posting, and the hashes of every statement, on all cores.
        let ceiling = machine.verify.median * cores() as f64 * o.each as f64;
        let hashing = machine.leaf.median * cores() as f64 / HASHES;
        println!(
            "  {name:<8} postings of {:>5}   {:>9} /s  ({:>9} to {:>9})   p50 {:>7.2} ms  p99 {:>7.2} ms   {:>5.1} % of signature checks, {:>5.1} % of hashing",
            thousands(o.each as f64),
            thousands(o.rate.median),
            thousands(o.rate.least),
            thousands(o.rate.most),
            o.p50,
            o.p99,
            100.0 * o.rate.median / ceiling,
            100.0 * o.rate.median / hashing,
        );
        rows.push(
            json!({ "posting_of": o.each, "statements_per_second": o.rate.json(), "clients": clients(o.each),
            "of_hashing": o.rate.median / hashing, "latency_ms": { "p50": o.p50, "p99": o.p99 }, "of_signature_checks": o.rate.median / ceiling }),
        );
    }
    let each = part.disk as f64 / part.records as f64;
    println!(
        "  {name:<8} {} records, {:.0} bytes on disk a record, {} MiB resident",
        thousands(part.records as f64),
        each,
        part.rss >> 20
    );
    json!({ "sizes": rows, "records": part.records, "bytes_on_disk_per_record": each.round(), "rss_bytes": part.rss })
}

/// A folder below target/, on the disk that the project lies on: /tmp may be memory.
fn scratch() -> std::io::Result<tempfile::TempDir> {
    std::fs::create_dir_all("target")?;
    tempfile::Builder::new().prefix("bench").tempdir_in("target")
}

fn main() -> ExitCode {
    let smoke = std::env::args().any(|a| a == "--smoke");
    let size = if smoke { &SMOKE } else { &FULL };
    let Ok(folder) = scratch() else {
        eprintln!("bench: no folder for its files");
        return ExitCode::from(2);
    };
    println!("What this machine can do, one core (median, least and most of {} runs):", size.runs.max(3));
    let Ok(machine) = machine(size, folder.path()) else {
        eprintln!("bench: cannot write to its folder");
        return ExitCode::from(2);
    };
    let rows = [
        ("strict signature checks", machine.verify),
        ("hashes of 250-byte leaves", machine.leaf),
        ("hashes of tree nodes", machine.node),
        ("appends of 4 KiB with fsync", machine.fsync),
    ];
    for (name, f) in &rows {
        println!(
            "  {name:<28} {:>12} /s  ({:>12} to {:>12})",
            thousands(f.median),
            thousands(f.least),
            thousands(f.most)
        );
    }
    println!(
        "Statements, durable and under a signed checkpoint, over {} accounts, {} cores:",
        thousands(size.accounts as f64),
        cores()
    );
    let library = print_part("library", &library(size, &folder.path().join("library")), &machine);
    let http = print_part("HTTP", &http(size, folder.path()), &machine);
    let report = json!({
        "smoke": smoke, "cores": cores(), "runs": size.runs, "accounts": size.accounts,
        "machine": { "strict_verifications_per_second_core": machine.verify.json(), "leaf_hashes_per_second_core": machine.leaf.json(),
            "node_hashes_per_second_core": machine.node.json(), "fsyncs_per_second": machine.fsync.json() },
        "library": library, "http": http,
    });
    let out = Path::new("target/bench");
    let written = std::fs::create_dir_all(out)
        .and_then(|()| std::fs::write(out.join("latest.json"), format!("{report:#}\n")));
    match written {
        Ok(()) => {
            println!("Written to target/bench/latest.json");
            ExitCode::SUCCESS
        }
        Err(e) => {
            eprintln!("bench: target/bench/latest.json: {e}");
            ExitCode::from(2)
        }
    }
}
