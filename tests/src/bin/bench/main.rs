//! `make bench`: what the ledger does, beside what this machine can do at most, in one run.
//!
//! 1. The machine's limits (`machine`), and how many hashes the format demands of a statement (`count`).
//! 2. The library over an empty ledger, then a large ledger is filled the normal way (`big`): through it go HTTP from another process,
//!    the library, and proofs of a long history under load; then it grows.
//! 3. PostgreSQL beside it, and the report.
//!
//! Postings are signed before the clock starts. Every figure is the median of several runs with the least and the greatest, and every part
//! checks its answers: receipts hold as many records as postings have statements, nothing is refused, the log grows by what was posted,
//! proofs verify. Anything unexpected ends the benchmark: a figure of work that went wrong would be worth nothing.

#![allow(clippy::panic)]

use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use peal_ledger::Ledger;
use peal_spec::value::Origin;
use serde_json::json;

mod figure;
mod wire;
mod people;
mod machine;
mod count;
mod drive;
mod daemon;
mod http;
mod args;
mod report;
mod library;
mod proofs;
mod big;
mod growth;
mod postgres;

use args::{Args, Part, Sizes};
use big::{Big, EACH, Holds};
use daemon::{House, Running};
use figure::{Figure, Must, Times, cores, number, say, whole};
use http::Sender;
use library::Flooded;
use machine::Machine;
use people::Maker;
use proofs::{Checked, Copied};
use report::{Bound, Line, Report};

const ORIGIN: &str = "bench.example/ledger";
/// Connections that post 1,000 statements at a time.
const CONNECTIONS: usize = 32;

/// The machine's limits as lines.
fn limits(machine: &Machine, report: &mut Report) {
    report.section("machine", format!("What this machine can do at most ({} cores)", cores()));
    let lines = [
        ("verify", "strict Ed25519 checks, one core", machine.verify_core, "/s"),
        ("verify_all", "strict Ed25519 checks, all cores", machine.verify_all, "/s"),
        ("leaf", "SHA-256 of 250-byte leaves, one core", machine.leaf, "/s"),
        ("node", "SHA-256 of tree nodes, one core", machine.node, "/s"),
        ("block", "SHA-256 of one block, one core", machine.block, "/s"),
        ("compressions", "SHA-256 blocks, all cores", machine.compressions_all, "/s"),
        ("sync_p50", "append of 4 KiB and fdatasync, median", Figure::once(machine.sync.p50()), "ms"),
        ("sync_p99", "  99 of 100", Figure::once(machine.sync.p99()), "ms"),
        ("append", "append, synced every 256 KiB", megabytes(machine.append), "MB/s"),
        ("sequential", "RocksDB, synced batches of 1,000, rising keys", machine.sequential, "/s"),
        ("random", "RocksDB, synced batches of 1,000, random keys", machine.random, "/s"),
        ("pipeline", "bare pipeline: check, hash, one synced batch", machine.pipeline, "/s"),
    ];
    for (key, name, figure, unit) in lines {
        report.line(Line::new(key, name, figure, unit));
    }
    report.words(format!(
        "{} bytes a key with its value; {} appends synced",
        machine::ROW,
        whole(machine.sync.count() as u64)
    ));
}

fn megabytes(bytes: Figure) -> Figure {
    Figure { median: bytes.median / 1e6, least: bytes.least / 1e6, most: bytes.most / 1e6 }
}

/// Postings of 1,000 and of one over HTTP; returns the rate of the first.
fn over_http(
    big: &mut Big,
    running: &Running,
    sizes: &Sizes,
    machine: &Machine,
    report: &mut Report,
) -> Figure {
    report.section(
        "http",
        format!(
            "Through HTTP, from another process, over {} accounts and {} records",
            whole(big.people.ids.len() as u64),
            whole(big.records)
        ),
    );
    let run = |big: &mut Big, each: usize, count: usize, connections: usize| {
        let (mut rates, mut times) = (Vec::new(), Vec::new());
        for run in 0..sizes.runs {
            let postings = Maker::new(&big.people).batch(count, each);
            let mut sender = Sender::new(&big.house, running, &postings, each, connections, None);
            sender.go();
            let done = sender.finish(false);
            assert_eq!(done.statements, (count * each) as u64, "everything was posted");
            say(&format!("  run {}: {} statements/s", run + 1, number(done.rate())));
            big.records += done.statements;
            rates.push(done.rate());
            times.extend(done.times);
        }
        (Figure::of(rates), Times::of(&times))
    };
    say("HTTP: postings of 1,000");
    let (rate, times) = run(big, EACH, sizes.statements / EACH, CONNECTIONS);
    report.line(
        Line::new("ingest", "postings of 1,000", rate, "/s")
            .beside("bare pipeline", machine.pipeline.median)
            .note(format!(
                "{CONNECTIONS} connections; receipt p50 {} ms, p99 {} ms",
                number(times.p50()),
                number(times.p99())
            )),
    );
    say("HTTP: postings of one");
    let (singles, times) = run(big, 1, sizes.singles, sizes.connections);
    report.line(
        Line::new("singles", "postings of one", singles, "/s")
            .beside("strict signature checks", machine.verify_all.median)
            .note(format!(
                "{} connections; receipt p50 {} ms, p99 {} ms",
                sizes.connections,
                number(times.p50()),
                number(times.p99())
            )),
    );
    rate
}

/// Lines of a history's copies and proofs.
fn proof_lines(
    name: [&'static str; 6],
    what: &str,
    copied: &[(&str, &Copied)],
    c: &Checked,
    machine: &Machine,
    report: &mut Report,
) {
    report.words(format!(
        "{} records from {what}: the file has {} bytes, that of the totals alone {}",
        whole(c.records as u64),
        whole(c.bytes as u64),
        whole(c.totals_bytes as u64)
    ));
    for ((way, copied), key) in copied.iter().zip(name) {
        let t = &copied.ledger;
        let spread = Figure { median: t.p50(), least: t.at(0.0), most: t.p99() };
        report.line(Line::new(key, format!("{what}: copy, {way}"), spread, "ms").note(format!(
            "least, median and p99 of {}, while {} statements/s come in; making the proof meanwhile: median {} ms, p99 {} ms",
            t.count(),
            number(copied.load.rate()),
            number(copied.making.p50()),
            number(copied.making.p99())
        )));
    }
    let strict = c.postings as f64 / machine.verify_core.median * 1e3;
    report.line(Line::new(name[2], format!("{what}: making the proof"), c.make, "ms"));
    report.line(
        Line::new(name[3], format!("{what}: checking it offline"), c.check, "ms")
            .beside("15 ms + a strict check a posting", 15.0 + strict)
            .note(format!(
                "{} distinct postings: their signatures alone {} ms",
                whole(c.postings as u64),
                number(c.signatures.median)
            )),
    );
    report.line(
        Line::new(name[4], format!("{what}: trees and states of it"), c.trees, "ms")
            .beside("the target", 15.0)
            .target(
                format!("check of {} records from {what}: trees and states, ms", whole(c.records as u64)),
                c.trees.median,
                Bound::AtMost(15.0),
            ),
    );
    report.line(
        Line::new(name[5], format!("{what}: totals alone, check"), c.totals_check, "ms")
            .note(format!("making it {} ms", number(c.totals_make.median))),
    );
}

/// The parts over the large ledger.
fn large(
    args: &Args,
    sizes: &Sizes,
    folder: &Path,
    origin: &Origin,
    machine: &Machine,
    empty: Option<&Flooded>,
    report: &mut Report,
) -> Rates {
    let holds =
        Holds { accounts: sizes.accounts, records: sizes.records, history: sizes.history, few: sizes.few };
    let (mut big, ledger, filled) = Big::open(folder, origin, holds);
    House::close(ledger);
    report.section("prefill", "Filling the large ledger");
    if let Some(run) = filled.filter(|r| r.statements > 0) {
        report.line(
            Line::new("rate", "signed and posted on the same cores", Figure::once(run.rate()), "/s")
                .note(format!("{} statements in postings of 1,000, one run", whole(run.statements))),
        );
    } else {
        report.words("kept from an earlier run");
    }

    let mut rates = Rates::default();
    let workers = [(0, sizes.history), (1, sizes.few)];
    let mut copied_http = Vec::new();
    if args.wants(Part::Http) || args.wants(Part::Proofs) {
        let running = Running::start(&big.house);
        if args.wants(Part::Http) {
            rates.http = Some(over_http(&mut big, &running, sizes, machine, report));
        }
        if args.wants(Part::Proofs) {
            let half = rates.http.map_or(machine.pipeline.median / 20.0, |r| r.median / 2.0) / EACH as f64;
            for (worker, postings) in workers {
                say(&format!(
                    "proofs: copies over HTTP of a history from {postings} postings at {} postings/s",
                    number(half)
                ));
                let load = Maker::new(&big.people).batch((half * sizes.half) as usize + 4, EACH);
                let copied = proofs::over_http(
                    &big.house,
                    &running,
                    &big.people,
                    worker,
                    sizes.copies,
                    (&load, EACH),
                    half,
                );
                big.records += copied.load.statements;
                copied_http.push(copied);
            }
        }
        running.stop();
    }
    let ledger = big.house.open();
    if args.wants(Part::Library) {
        say("library: postings of 1,000 over the large ledger");
        report.section(
            "library_large",
            format!(
                "The library over {} accounts and {} records",
                whole(sizes.accounts as u64),
                whole(big.records)
            ),
        );
        let (flooded, posted) = library::flood(&ledger, &big.people, sizes, big.records);
        big.records += posted;
        let share = flooded.rate.median / flooded.count.ceiling(machine);
        report.line(library::line("ingest", "postings of 1,000".into(), &flooded, machine).target(
            "postings of 1,000 in the library, large ledger, of hashes and write",
            share,
            Bound::AtLeast(0.7),
        ));
        report.extra("hashes_large", flooded.count.json());
        rates.library = Some(flooded.rate);
    }
    if args.wants(Part::Proofs) {
        report.section("proofs", format!("A history of {} records, proved", whole(sizes.history as u64)));
        let half = rates.library.map_or(machine.pipeline.median / 20.0, |r| r.median / 2.0) / EACH as f64;
        let trust = big.house.trust();
        let names = [
            ["many_copy_http", "many_copy", "many_make", "many_check", "many_trees", "many_totals"],
            ["few_copy_http", "few_copy", "few_make", "few_check", "few_trees", "few_totals"],
        ];
        for (((worker, postings), over_http), name) in workers.into_iter().zip(&copied_http).zip(names) {
            say(&format!(
                "proofs: copies in the library of a history from {postings} postings at {} postings/s",
                number(half)
            ));
            let load = Maker::new(&big.people).batch((half * sizes.half) as usize + 4, EACH);
            let copied = proofs::in_library(&ledger, &big.people, worker, sizes.copies, &load, half);
            big.records += copied.load.statements;
            assert_eq!(over_http.copy.rows, copied.copy.rows, "both ways give the same rows");
            let checked = proofs::check(&copied.copy, &trust, 20.min(2 * sizes.copies));
            assert_eq!((checked.records, checked.postings), (sizes.history, postings));
            let ways = [("HTTP", over_http), ("library", &copied)];
            proof_lines(name, &format!("{postings} postings"), &ways, &checked, machine, report);
        }
    }
    big.save();
    let big = match empty {
        Some(empty) if args.wants(Part::Growth) => {
            growth::measure(big, ledger, empty, sizes, machine, report)
        }
        _ => {
            House::close(ledger);
            big
        }
    };
    big.save();
    rates
}

/// Rates over the large ledger.
#[derive(Default)]
struct Rates {
    http: Option<Figure>,
    library: Option<Figure>,
}

fn beside(sizes: &Sizes, folder: &Path, rates: &Rates, report: &mut Report) {
    say("PostgreSQL beside it");
    report.section(
        "postgres",
        "PostgreSQL beside it: an append-only table with a chain of SHA-256 for each account",
    );
    let run = (sizes.statements / 5).clamp(1000, 100_000);
    let b = match postgres::measure(folder, sizes.accounts, sizes.rows, run, sizes.runs) {
        Ok(measured) => measured,
        Err(why) => {
            say(&format!("PostgreSQL is skipped: {why}"));
            report.words(format!("skipped: {why}"));
            return;
        }
    };
    for (key, name, rate) in [("one", "one client", b.one), ("two", "two clients", b.two)] {
        let mut line = Line::new(key, format!("inserts of 1,000 rows, {name}"), rate, "rows/s");
        for (what, ours) in [("HTTP", rates.http), ("the library", rates.library)] {
            if let Some(ours) = ours {
                line = line.beside(what, ours.median);
            }
        }
        report.line(line);
    }
    report.line(Line::new("disk", "on disk a row, with its indexes", Figure::once(b.bytes_per_row), "bytes"));
    let best = b.one.median.max(b.two.median);
    for (what, ours) in [("through HTTP", rates.http), ("in the library", rates.library)] {
        if let Some(ours) = ours {
            report
                .words(format!("The ledger {what} does {:.1} times PostgreSQL's best.", ours.median / best));
        }
    }
    let settings: Vec<String> = postgres::SETTINGS.iter().map(|(n, v)| format!("{n}='{v}'")).collect();
    report.words(format!(
        "PostgreSQL {} over {} accounts, {} rows at the end; fsync and synchronous_commit on; {}.",
        b.version,
        whole(b.accounts as u64),
        whole(b.rows),
        settings.join(" ")
    ));
    report.words("It does less: no signature of the payer is checked or kept, no row can be proved without the server, no history shown to be complete, no facet withheld, and whoever runs it can rewrite a chain unseen.");
    report.words("The ledger does less: no query by anything but the account, no further indexes, no other tables, no transactions across them.");
}

fn run(args: &Args, folder: &Path) -> Report {
    let sizes = args.sizes();
    let origin: Origin = ORIGIN.parse().must("the origin");
    let mut report = Report::new(json!({
        "smoke": args.smoke, "cores": cores(), "runs": sizes.runs, "accounts": sizes.accounts, "records": sizes.records,
        "grown": sizes.grown, "empty_accounts": sizes.empty_accounts,
    }));
    let postings = (sizes.statements / EACH).min(400);
    let machine = machine::measure(folder, &origin, sizes.runs, sizes.machine, postings);
    limits(&machine, &mut report);

    let mut empty = None;
    if args.wants(Part::Library) || args.wants(Part::Growth) {
        let (house, ledger, people): (House, Ledger, _) =
            library::empty(folder, &origin, sizes.empty_accounts);
        let flooded = library::over_empty(&ledger, &people, &sizes);
        report.section(
            "library_empty",
            format!("The library over an empty ledger of {} accounts", whole(sizes.empty_accounts as u64)),
        );
        let share = flooded.rate.median / flooded.count.ceiling(&machine);
        report.line(library::line("ingest", "postings of 1,000".into(), &flooded, &machine).target(
            "postings of 1,000 in the library, empty ledger, of hashes and write",
            share,
            Bound::AtLeast(0.7),
        ));
        report.extra("hashes_empty", flooded.count.json());
        if args.wants(Part::Library) {
            library::singles(&ledger, &people, &sizes, &machine, &mut report);
        }
        House::close(ledger);
        std::fs::remove_dir_all(&house.dir).must("remove the empty ledger");
        empty = Some(flooded);
    }
    let mut rates = Rates::default();
    if [Part::Library, Part::Http, Part::Proofs, Part::Growth].into_iter().any(|p| args.wants(p)) {
        rates = large(args, &sizes, folder, &origin, &machine, empty.as_ref(), &mut report);
    }
    if args.wants(Part::Postgres) {
        beside(&sizes, folder, &rates, &mut report);
    }
    report
}

/// A folder below target/, on the disk that the project lies on: /tmp may be memory.
fn scratch() -> std::io::Result<tempfile::TempDir> {
    std::fs::create_dir_all("target")?;
    tempfile::Builder::new().prefix("bench").tempdir_in("target")
}

fn main() -> ExitCode {
    let args = Args::parse();
    if let Some(file) = &args.client.client {
        http::client(file, &args.client);
        return ExitCode::SUCCESS;
    }
    say(if args.smoke { "all parts in tiny sizes" } else { "this takes about half an hour" });
    let (own, kept) = match &args.folder {
        Some(folder) => (None, folder.clone()),
        None => match scratch() {
            Ok(own) => {
                let path = own.path().to_owned();
                (Some(own), path)
            }
            Err(e) => {
                eprintln!("bench: no folder for its files below target/: {e}");
                return ExitCode::from(2);
            }
        },
    };
    if let Err(e) = std::fs::create_dir_all(&kept) {
        eprintln!("bench: {}: {e}", kept.display());
        return ExitCode::from(2);
    }
    let report = run(&args, &kept);
    if own.is_none() && !args.keep {
        let _ = std::fs::remove_dir_all(kept.join("ledger"));
        let _ = std::fs::remove_file(kept.join("people"));
    }
    drop(own);
    report.print();
    let folder = args.out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&args.out, format!("{:#}\n", report.json())));
    match written {
        Ok(()) => {
            println!("\nWritten to {}", args.out.display());
            ExitCode::SUCCESS
        }
        Err(e) => {
            eprintln!("bench: {}: {e}", args.out.display());
            ExitCode::from(2)
        }
    }
}
