//! The ledger in this process: postings of 1,000, and of one under each worker's own key.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use peal_ledger::Ledger;
use peal_spec::value::Origin;

use crate::args::Sizes;
use crate::big::EACH;
use crate::count::{self, Count};
use crate::daemon::House;
use crate::drive::{self, RECEIVERS, Run};
use crate::figure::{Figure, Times, number, say, whole};
use crate::machine::Machine;
use crate::people::{Maker, People};
use crate::report::{Bound, Line, Report};

/// Postings under way for each receiving thread.
const WINDOW: usize = 32;
/// The same for postings of one: what makes a full commit.
const WINDOW_OF_ONES: usize = 5000;

/// Rates of postings of 1,000 over one ledger, and what its sizes allow.
pub struct Flooded {
    pub rate: Figure,
    pub times: Times,
    pub count: Count,
}

/// Several runs over a ledger with these people and so many records already.
pub fn flood(ledger: &Ledger, people: &People, sizes: &Sizes, records: u64) -> (Flooded, u64) {
    let maker = Maker::new(people);
    let (mut rates, mut times, mut posted) = (Vec::new(), Vec::new(), 0);
    let before = ledger.stats();
    for run in 0..sizes.runs {
        let postings = maker.batch(sizes.statements / EACH, EACH);
        let done = drive::flood(ledger, &postings, WINDOW);
        say(&format!("  run {}: {} statements/s", run + 1, number(done.rate())));
        rates.push(done.rate());
        posted += done.statements;
        times.extend(done.times);
    }
    let after = ledger.stats();
    let accounts = people.ids.len() as f64;
    let contributions = records.saturating_sub(people.ids.len() as u64) + posted / 2;
    let count = count::count(
        &people.origin,
        count::Sizes {
            accounts,
            records_each: contributions as f64 / accounts,
            posting: EACH as f64,
            commit: posted as f64 / (after.commits - before.commits).max(1) as f64,
        },
    );
    (Flooded { rate: Figure::of(rates), times: Times::of(&times), count }, posted)
}

/// A line of such rates beside what allows them.
pub fn line(key: &'static str, name: String, flooded: &Flooded, machine: &Machine) -> Line {
    let ceiling = flooded.count.ceiling(machine);
    Line::new(key, name, flooded.rate, "/s")
        .beside("hashes and write", ceiling)
        .beside("hashes alone", flooded.count.hashing(machine))
        .beside("bare pipeline", machine.pipeline.median)
        .note(format!(
            "{} SHA-256 blocks a statement; commits of {}; receipt p50 {} ms, p99 {} ms with {} postings under way",
            number(flooded.count.blocks()),
            number(flooded.count.sizes.commit),
            number(flooded.times.p50()),
            number(flooded.times.p99()),
            RECEIVERS * WINDOW
        ))
}

/// An empty ledger in a folder, with accounts opened.
pub fn empty(folder: &Path, origin: &Origin, accounts: usize) -> (House, Ledger, People) {
    let house = House::build(&folder.join("empty"), origin);
    let ledger = house.open();
    let people = house.found(&ledger, accounts);
    (house, ledger, people)
}

/// Postings of 1,000 over the empty ledger.
pub fn over_empty(ledger: &Ledger, people: &People, sizes: &Sizes) -> Flooded {
    say("library: postings of 1,000 over an empty ledger");
    flood(ledger, people, sizes, people.ids.len() as u64).0
}

/// Postings of one, as fast as they go and at half of that.
pub fn singles(ledger: &Ledger, people: &People, sizes: &Sizes, machine: &Machine, report: &mut Report) {
    say("library: postings of one statement");
    let maker = Maker::new(people);
    let mut rates = Vec::new();
    for run in 0..sizes.runs {
        let postings = maker.batch(sizes.singles, 1);
        let done = drive::flood(ledger, &postings, WINDOW_OF_ONES);
        say(&format!("  run {}: {} statements/s", run + 1, number(done.rate())));
        rates.push(done.rate());
    }
    let rate = Figure::of(rates);
    let share = rate.median / machine.verify_all.median;
    report.line(
        Line::new("singles", "library, postings of one", rate, "/s")
            .beside("strict signature checks", machine.verify_all.median)
            .target(
                "postings of one in the library, of strict checks on all cores",
                share,
                Bound::AtLeast(0.7),
            )
            .note(format!(
                "each under its worker's own key; {} under way",
                whole((RECEIVERS * WINDOW_OF_ONES) as u64)
            )),
    );

    let half = rate.median / 2.0;
    say(&format!("library: postings of one at {} a second", number(half)));
    let (mut p50, mut p99, mut done) = (Vec::new(), Vec::new(), Vec::new());
    let seconds = sizes.half / sizes.runs as f64 * 2.0;
    for _ in 0..sizes.runs {
        let postings = maker.batch((half * seconds) as usize + 10, 1);
        let run: Run = drive::pace(ledger, &postings, half, &AtomicBool::new(false));
        let times = Times::of(&run.times);
        p50.push(times.p50());
        p99.push(times.p99());
        done.push(run.rate());
    }
    let allowed = 4.0 * machine.sync.p50() + 20.0;
    let (p99, done) = (Figure::of(p99), Figure::of(done));
    report.line(Line::new("half_load", "  sent at a fixed half of that", done, "/s").beside("half", half));
    report.line(Line::new("half_load_p50", "  receipt, median", Figure::of(p50), "ms"));
    report.line(
        Line::new("half_load_p99", "  receipt, 99 of 100", p99, "ms")
            .beside("4 fsyncs + 20 ms", allowed)
            .target("receipt at half load, 99 of 100, ms", p99.median, Bound::AtMost(allowed)),
    );
}
