//! What growing costs: the rate at the full size against the empty ledger, bytes on disk, memory, and the time to open.

use peal_ledger::Ledger;

use crate::args::Sizes;
use crate::big::{Big, EACH};
use crate::daemon::{House, Running};
use crate::figure::{Figure, number, say, whole};
use crate::http::Sender;
use crate::library::{self, Flooded};
use crate::machine::Machine;
use crate::people::Maker;
use crate::report::{Bound, Line, Report};

/// Bytes of a record that must suffice, everything included.
const BYTES: f64 = 450.0;
/// The least share of the empty ledger's rate that counts as flat.
const FLAT: f64 = 0.8;

/// Grows the ledger to its full size and measures it there.
pub fn measure(
    mut big: Big,
    ledger: Ledger,
    empty: &Flooded,
    sizes: &Sizes,
    machine: &Machine,
    report: &mut Report,
) -> Big {
    let missing = sizes.grown.saturating_sub(big.records);
    say(&format!("growth: to {} records", whole(sizes.grown)));
    big.fill(&ledger, missing);
    say("growth: postings of 1,000 over the grown ledger");
    let (grown, posted) = library::flood(&ledger, &big.people, sizes, big.records);
    big.records += posted;
    let ratio = grown.rate.median / empty.rate.median;
    let title =
        format!("Growth: {} accounts and {} records", whole(big.people.ids.len() as u64), whole(big.records));
    report.section("growth", title);
    report.line(
        library::line("ingest", "library, postings of 1,000".into(), &grown, machine)
            .beside("the empty ledger", empty.rate.median)
            .target("rate over the grown ledger, of the empty one", ratio, Bound::AtLeast(FLAT)),
    );

    let after = big.house.bytes() as f64 / big.records as f64;
    say("growth: until compaction is level");
    let (bytes, level) = big.house.settle(sizes.rest, sizes.patience);
    let each = bytes as f64 / big.records as f64;
    report.line(Line::new("disk_after", "on disk a record, right after", Figure::once(after), "bytes"));
    let mut line = Line::new("disk", "on disk a record, compaction level", Figure::once(each), "bytes")
        .beside("the target", BYTES)
        .target("bytes on disk a record, compaction level", each, Bound::AtMost(BYTES));
    if !level {
        line = line.note(format!("files still changed after {} s", sizes.patience.as_secs()));
    }
    report.line(line);
    House::close(ledger);

    let (mut healthy, mut ready) = (Vec::new(), Vec::new());
    let (mut healthy_killed, mut ready_killed, mut resident) = (Vec::new(), Vec::new(), Vec::new());
    let (mut opened, mut at_most) = (Vec::new(), Vec::new());
    let ms = |d: std::time::Duration| d.as_secs_f64() * 1e3;
    let key = big.house.key();
    for _ in 0..sizes.runs.min(3) {
        say("growth: peald opens it after a clean stop");
        let running = Running::start(&big.house);
        healthy.push(ms(running.healthy));
        ready.push(ms(running.ready));
        opened.push(running.memory().0 as f64 / 1e6);
        let postings = Maker::new(&big.people).batch(sizes.statements / EACH, EACH);
        let mut sender = Sender::new(&big.house, &running, &postings, EACH, 32, None);
        sender.go();
        let run = sender.finish(false);
        big.records += run.statements;
        let (now, most) = running.memory();
        resident.push(now as f64 / 1e6);
        at_most.push(most as f64 / 1e6);
        let size = running.log_size(&key);
        running.kill();
        say(&format!("growth: {} statements/s over HTTP, killed; peald opens it again", number(run.rate())));
        let again = Running::start(&big.house);
        healthy_killed.push(ms(again.healthy));
        ready_killed.push(ms(again.ready));
        assert_eq!(again.log_size(&key), size, "what was acknowledged is there after SIGKILL");
        again.stop();
    }
    let lines = [
        ("open_healthy", "start to /healthz, after a clean stop", healthy, "ms"),
        ("open_ready", "start to /readyz, after a clean stop", ready, "ms"),
        ("killed_healthy", "start to /healthz, after SIGKILL", healthy_killed, "ms"),
        ("killed_ready", "start to /readyz, after SIGKILL", ready_killed, "ms"),
        ("memory_opened", "peald's resident memory when opened", opened, "MB"),
        ("memory", "peald's resident memory after a run", resident, "MB"),
        ("memory_most", "  and at most until then", at_most, "MB"),
    ];
    for (key, name, values, unit) in lines {
        report.line(Line::new(key, name, Figure::of(values), unit));
    }
    report
        .words("/healthz says that the process answers; /readyz that the ledger is open and takes postings.");
    big
}
