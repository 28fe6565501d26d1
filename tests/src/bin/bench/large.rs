//! The parts over the large ledger, one after another: HTTP, copies over HTTP, the library, copies in the library and proofs, growth.

use std::path::Path;
use std::time::Duration;

use peal_spec::value::Origin;

use crate::args::{Args, Part, Sizes};
use crate::big::{Big, EACH, Holds};
use crate::count;
use crate::daemon::{House, Running};
use crate::figure::{Figure, Times, number, say, whole};
use crate::growth;
use crate::http::Sender;
use crate::library::{self, Flooded};
use crate::machine::Machine;
use crate::people::Maker;
use crate::proofs::{self, Checked, Copied, Half};
use crate::report::{Bound, Line, Report};

/// Connections that post 1,000 statements at a time.
const CONNECTIONS: usize = 64;

/// Rates over the large ledger.
#[derive(Default)]
pub struct Rates {
    pub http: Option<Figure>,
    pub library: Option<Figure>,
}

/// Several runs of `count` postings over HTTP; rates, times and statements a commit.
fn post(
    big: &mut Big,
    running: &Running,
    runs: usize,
    count: usize,
    each: usize,
    connections: usize,
) -> (Figure, Times, f64) {
    let (mut rates, mut times, mut posted) = (Vec::new(), Vec::new(), 0);
    let commits = running.gauge("peal_commits_since_start");
    for run in 0..runs {
        let postings = Maker::new(&big.people).batch(count, each);
        let mut sender = Sender::new(&big.house, running, &postings, each, connections, None);
        sender.go();
        let done = sender.finish(false);
        assert_eq!(done.statements, (count * each) as u64, "everything was posted");
        say(&format!("  run {}: {} statements/s", run + 1, number(done.rate())));
        big.records += done.statements;
        posted += done.statements;
        rates.push(done.rate());
        times.extend(done.times);
    }
    let commits = running.gauge("peal_commits_since_start") - commits;
    (Figure::of(rates), Times::of(&times), posted as f64 / commits.max(1) as f64)
}

/// Postings of 1,000 and of one over HTTP; returns the rate of the first.
fn over_http(
    big: &mut Big,
    running: &Running,
    sizes: &Sizes,
    machine: &Machine,
    report: &mut Report,
) -> Figure {
    let accounts = big.people.ids.len();
    report.section(
        "http",
        format!(
            "Through HTTP, from another process, over {} accounts and {} records",
            whole(accounts as u64),
            whole(big.records)
        ),
    );
    let records_each = (big.records - accounts as u64) as f64 / accounts as f64;
    say("HTTP: postings of 1,000");
    let (rate, times, commit) = post(big, running, sizes.runs, sizes.statements / EACH, EACH, CONNECTIONS);
    let held = count::Sizes { accounts: accounts as f64, records_each, posting: EACH as f64, commit };
    let demanded = count::count(&big.people.origin, held);
    report.line(
        Line::new("ingest", "postings of 1,000", rate, "/s")
            .beside("hashes and write", demanded.ceiling(machine))
            .beside("bare pipeline", machine.pipeline.median)
            .note(format!(
                "{CONNECTIONS} connections; commits of {}; receipt p50 {} ms, p99 {} ms",
                number(commit),
                number(times.p50()),
                number(times.p99())
            )),
    );
    say("HTTP: postings of one");
    let (singles, times, commit) = post(big, running, sizes.runs, sizes.singles, 1, sizes.connections);
    report.line(
        Line::new("singles", "postings of one", singles, "/s")
            .beside("strict signature checks", machine.verify_all.median)
            .note(format!(
                "{} connections; commits of {}; receipt p50 {} ms, p99 {} ms",
                sizes.connections,
                number(commit),
                number(times.p50()),
                number(times.p99())
            )),
    );
    rate
}

/// Lines of a history's copies and proofs.
fn proof_lines(
    key: &str,
    what: &str,
    copied: &[(&str, &Copied)],
    c: &Checked,
    machine: &Machine,
    report: &mut Report,
) {
    let line = |name: &str, says: &str, figure: Figure, unit: &'static str| {
        Line::new(format!("{key}_{name}"), format!("{what}: {says}"), figure, unit)
    };
    for (way, copied) in copied {
        let name = format!("copy_{}", way.to_lowercase());
        let (ledger, making) = (&copied.ledger, &copied.making);
        report.line(line(&name, &format!("copy, {way}"), ledger.figure(), "ms").note(format!(
            "{} copies while {} statements/s come in",
            ledger.count(),
            number(copied.load.rate())
        )));
        report.line(line(&format!("{name}_p99"), "  99 of 100", Figure::once(ledger.p99()), "ms"));
        report.line(line(&format!("{name}_making"), "  making the proof meanwhile", making.figure(), "ms"));
        report.line(line(&format!("{name}_making_p99"), "  99 of 100", Figure::once(making.p99()), "ms"));
    }
    let strict = c.postings as f64 / machine.verify_core.median * 1e3;
    report.line(line("make", "making the proof at rest", c.make, "ms"));
    report.line(
        line("check", "checking it offline", c.check, "ms")
            .beside("15 ms + a strict check a posting", 15.0 + strict),
    );
    report.line(
        line("signatures", &format!("  {} signatures of it", whole(c.postings as u64)), c.signatures, "ms")
            .beside("strict checks, one core", strict),
    );
    report.line(line("trees", "  trees and states of it", c.trees, "ms").target(
        format!("check of {} records from {what}: trees and states, ms", whole(c.records as u64)),
        c.trees.median,
        Bound::AtMost(15.0),
    ));
    report.line(line("file", "its file", Figure::once(c.bytes as f64), "bytes"));
    report.line(line("totals_make", "totals alone: making", c.totals_make, "ms"));
    report.line(line("totals_check", "totals alone: checking", c.totals_check, "ms"));
    report.line(line("totals_file", "totals alone: the file", Figure::once(c.totals_bytes as f64), "bytes"));
}

/// A load at half of `rate` statements a second.
fn half(big: &Big, rate: Figure, sizes: &Sizes) -> Half {
    let rate = rate.median / 2.0 / EACH as f64;
    // A little more than the time needs, so that it does not end before.
    let postings = Maker::new(&big.people).batch((rate * sizes.half * 1.2) as usize + 4, EACH);
    Half { postings, rate, time: Duration::from_secs_f64(sizes.half), copies: sizes.copies }
}

/// Fills the ledger or takes the one that was kept, and runs the parts that are wanted.
pub fn measure(
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
    match filled {
        Some(run) if run.statements > 0 => report.line(
            Line::new("rate", "signed and posted on the same cores", Figure::once(run.rate()), "/s")
                .note(format!("{} statements in postings of 1,000, one run", whole(run.statements))),
        ),
        _ => report.words(format!("nothing to fill: it holds {} records", whole(big.records))),
    }

    let mut rates = Rates::default();
    let workers = [(0, sizes.history, "many"), (1, sizes.few, "few")];
    let mut copied_http = Vec::new();
    // Where a part is not wanted and its rate is, one run gives it and nobody is told.
    let once = Sizes { runs: 1, ..sizes.clone() };
    if args.wants(Part::Http) || args.wants(Part::Proofs) {
        let running = Running::start(&big.house);
        let rate = if args.wants(Part::Http) {
            let rate = over_http(&mut big, &running, sizes, machine, report);
            rates.http = Some(rate);
            rate
        } else {
            post(&mut big, &running, once.runs, once.statements / EACH, EACH, CONNECTIONS).0
        };
        for (worker, postings, _) in workers.iter().filter(|_| args.wants(Part::Proofs)) {
            say(&format!("proofs: copies over HTTP of a history from {postings} postings"));
            let half = half(&big, rate, sizes);
            let copied = proofs::over_http(&big.house, &running, &big.people, *worker, &half);
            big.records += copied.load.statements;
            copied_http.push(copied);
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
        let rate = rates.library.unwrap_or_else(|| {
            let (flooded, posted) = library::flood(&ledger, &big.people, &once, big.records);
            big.records += posted;
            flooded.rate
        });
        let trust = big.house.trust();
        for ((worker, postings, key), over_http) in workers.into_iter().zip(&copied_http) {
            say(&format!("proofs: copies in the library of a history from {postings} postings"));
            let half = half(&big, rate, sizes);
            let copied = proofs::in_library(&ledger, &big.people, worker, &half);
            big.records += copied.load.statements;
            assert_eq!(over_http.copy.rows, copied.copy.rows, "both ways give the same rows");
            let checked = proofs::check(&copied.copy, &trust, 20.min(2 * sizes.copies));
            assert_eq!((checked.records, checked.postings), (sizes.history, postings));
            let ways = [("HTTP", over_http), ("library", &copied)];
            proof_lines(key, &format!("{postings} postings"), &ways, &checked, machine, report);
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
