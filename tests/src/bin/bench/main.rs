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

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
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
mod large;
mod postgres;

use args::{Args, Part, Sizes};
use big::EACH;
use daemon::House;
use figure::{Figure, Must, cores, say, whole};
use machine::Machine;
use report::{Bound, Line, Report};

/// The allocator of `peald`, so that the library is measured as it runs there.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ORIGIN: &str = "bench.example/ledger";

/// The machine's limits as lines.
fn limits(machine: &Machine, report: &mut Report) {
    report.section("machine", format!("What this machine can do at most ({} cores)", cores()));
    let lines = [
        ("verify", "strict Ed25519 checks, one core", machine.verify_core, "/s"),
        ("verify_all", "strict Ed25519 checks, all cores", machine.verify_all, "/s"),
        ("leaf", "SHA-256 of 250-byte leaves, one core", machine.leaf, "/s"),
        ("node", "SHA-256 of tree nodes, one core", machine.node, "/s"),
        ("nodes", "SHA-256 of tree nodes, two at a time, one core", machine.nodes, "/s"),
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

fn beside(sizes: &Sizes, folder: &Path, rates: &large::Rates, report: &mut Report) {
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

fn run(args: &Args, folder: &Path, scratch: &Path) -> Report {
    let sizes = args.sizes();
    let origin: Origin = ORIGIN.parse().must("the origin");
    let mut report = Report::new(json!({
        "smoke": args.smoke, "cores": cores(), "runs": sizes.runs, "accounts": sizes.accounts, "records": sizes.records,
        "grown": sizes.grown, "empty_accounts": sizes.empty_accounts,
    }));
    let postings = (sizes.statements / EACH).min(400);
    let machine = machine::measure(scratch, &origin, sizes.runs, sizes.machine, postings);
    limits(&machine, &mut report);

    let mut empty = None;
    if args.wants(Part::Library) || args.wants(Part::Growth) {
        let (house, ledger, people) = library::empty(scratch, &origin, sizes.empty_accounts);
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
    let mut rates = large::Rates::default();
    if [Part::Library, Part::Http, Part::Proofs, Part::Growth].into_iter().any(|p| args.wants(p)) {
        rates = large::measure(args, &sizes, folder, &origin, &machine, empty.as_ref(), &mut report);
    }
    if args.wants(Part::Postgres) {
        beside(&sizes, scratch, &rates, &mut report);
    }
    report
}

/// Where the large ledger goes, and a folder in it for all else, which is removed at the end. Without a folder given both are one below
/// target/, on the disk that the project lies on: /tmp may be memory.
fn folders(args: &Args) -> std::io::Result<(PathBuf, tempfile::TempDir)> {
    let near = args.folder.clone().unwrap_or_else(|| "target".into());
    std::fs::create_dir_all(&near)?;
    let scratch = tempfile::Builder::new().prefix("bench").tempdir_in(&near)?;
    let folder = if args.folder.is_some() { near } else { scratch.path().to_owned() };
    Ok((folder, scratch))
}

fn main() -> ExitCode {
    let args = Args::parse();
    if args.client.client {
        http::client(&args.client);
        return ExitCode::SUCCESS;
    }
    say(if args.smoke { "all parts in tiny sizes" } else { "this takes about a quarter of an hour" });
    let (folder, scratch) = match folders(&args) {
        Ok(folders) => folders,
        Err(e) => {
            eprintln!("bench: no folder for its files: {e}");
            return ExitCode::from(2);
        }
    };
    let there = folder.join("people").exists();
    let report = run(&args, &folder, scratch.path());
    if !args.keep && !there {
        let _ = std::fs::remove_dir_all(folder.join("ledger"));
        let _ = std::fs::remove_file(folder.join("people"));
    }
    drop(scratch);
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
