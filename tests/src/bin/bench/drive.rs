//! Postings into a ledger in this process: as fast as it takes them, and at a fixed rate.
//!
//! 1. [`flood`]: receiving threads decode and check postings and hand them in; each keeps a window of receipts that it waits for.
//! 2. [`pace`]: postings are due at fixed times, whether earlier ones are answered or not; a posting's time counts from when it was due.
//! 3. Every receipt must hold as many records as the posting has statements. Some are checked in full when the clock has stopped.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use peal_ledger::{Error, Ledger, Pending};
use peal_spec::posting::Posting;
use peal_spec::receipt::Receipt;

use crate::figure::Must;

/// How many receiving threads there are.
pub const RECEIVERS: usize = 2;
/// One receipt of so many is checked in full.
const SAMPLE: usize = 64;

/// What a run did.
pub struct Run {
    pub statements: u64,
    pub took: Duration,
    /// From a posting's sending to its receipt.
    pub times: Vec<Duration>,
}

impl Run {
    pub fn rate(&self) -> f64 {
        self.statements as f64 / self.took.as_secs_f64()
    }
}

/// A receipt to be checked in full: which posting it is for.
type Sample = (usize, Receipt);

fn hand_in(ledger: &Ledger, bytes: &[u8]) -> (usize, Pending) {
    loop {
        let checked = Posting::receive(bytes, ledger.origin()).must("a posting of the benchmark");
        let count = checked.roots().len();
        match ledger.submit(checked, bytes.len()) {
            Ok(pending) => return (count, pending),
            // The queue is full: the writer has work.
            Err(Error::Unavailable { .. }) => std::thread::sleep(Duration::from_millis(1)),
            Err(e) => panic!("a posting of the benchmark: {e}"),
        }
    }
}

/// Waits for a receipt and demands that all is recorded.
fn recorded(pending: Pending, statements: usize) -> Receipt {
    let receipt = pending.wait().must("a receipt");
    assert_eq!(receipt.results.len(), statements, "a receipt has a result for each statement");
    if let Some(refusal) = receipt.results.iter().find_map(|r| r.as_ref().err()) {
        panic!("a statement of the benchmark was refused: {refusal}");
    }
    receipt
}

fn check(ledger: &Ledger, postings: &[Vec<u8>], samples: Vec<Sample>) {
    let key = ledger.verifier_key();
    for (at, receipt) in samples {
        let posting = Posting::receive(&postings[at], ledger.origin()).must("a posting of the benchmark");
        let (checkpoint, records) = receipt.check(&posting, &key).must("a receipt");
        assert_eq!(records.len(), posting.roots().len());
        assert!(checkpoint.size <= ledger.published().checkpoint.size);
    }
}

/// Runs `work`, which returns how many statements it recorded; the log must have grown by these and a leaf a commit.
fn grown(ledger: &Ledger, work: impl FnOnce() -> u64) -> u64 {
    let before = ledger.stats();
    let statements = work();
    // The receipts are out; the counters may follow.
    let began = Instant::now();
    let mut after = ledger.stats();
    while after.records - before.records < statements && began.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(10));
        after = ledger.stats();
    }
    assert_eq!(after.records - before.records, statements, "the ledger recorded what was posted");
    let leaves = after.log_size - before.log_size;
    assert_eq!(leaves, statements + (after.commits - before.commits), "the log holds what was posted");
    statements
}

/// All postings, as fast as may be; each thread has `window` postings under way.
pub fn flood(ledger: &Ledger, postings: &[Vec<u8>], window: usize) -> Run {
    let next = AtomicUsize::new(0);
    let (mut took, mut times, mut samples) = (Duration::ZERO, Vec::new(), Vec::new());
    let statements = grown(ledger, || {
        let began = Instant::now();
        let work = || {
            let (mut waiting, mut times, mut samples, mut statements) =
                (VecDeque::new(), Vec::new(), Vec::new(), 0u64);
            let mut done = |(at, sent, count, pending): (usize, Instant, usize, Pending)| {
                let receipt = recorded(pending, count);
                times.push(sent.elapsed());
                statements += count as u64;
                if at % SAMPLE == 0 {
                    samples.push((at, receipt));
                }
            };
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(bytes) = postings.get(at) else { break };
                let sent = Instant::now();
                let (count, pending) = hand_in(ledger, bytes);
                waiting.push_back((at, sent, count, pending));
                if waiting.len() >= window
                    && let Some(oldest) = waiting.pop_front()
                {
                    done(oldest);
                }
            }
            waiting.into_iter().for_each(&mut done);
            (statements, times, samples)
        };
        let all: Vec<Part> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..RECEIVERS).map(|_| scope.spawn(work)).collect();
            threads.into_iter().map(|t| t.join().unwrap_or_else(|_| panic!("a receiver ended"))).collect()
        });
        took = began.elapsed();
        together(all, &mut times, &mut samples)
    });
    check(ledger, postings, samples);
    Run { statements, took, times }
}

/// What one thread did: statements recorded, how long each answer took, and the receipts that are checked in full.
type Part = (u64, Vec<Duration>, Vec<(usize, Receipt)>);

/// Puts together what the threads did; returns how many statements they recorded.
fn together(parts: Vec<Part>, times: &mut Vec<Duration>, samples: &mut Vec<(usize, Receipt)>) -> u64 {
    parts.into_iter().fold(0, |n, (statements, mut t, mut s)| {
        times.append(&mut t);
        samples.append(&mut s);
        n + statements
    })
}

/// Postings at `rate` a second until they are all sent or `stop` is set.
pub fn pace(ledger: &Ledger, postings: &[Vec<u8>], rate: f64, stop: &AtomicBool) -> Run {
    let next = AtomicUsize::new(0);
    let (mut took, mut times, mut samples) = (Duration::ZERO, Vec::new(), Vec::new());
    let statements = grown(ledger, || {
        let began = Instant::now();
        let all: Vec<Part> = std::thread::scope(|scope| {
            let pairs: Vec<_> = (0..RECEIVERS)
                .map(|_| {
                    let (sent, answers) = mpsc::channel::<(usize, Instant, usize, Pending)>();
                    let next = &next;
                    scope.spawn(move || {
                        while !stop.load(Ordering::Relaxed) {
                            let at = next.fetch_add(1, Ordering::Relaxed);
                            let Some(bytes) = postings.get(at) else { break };
                            let due = began + Duration::from_secs_f64(at as f64 / rate);
                            std::thread::sleep(due.saturating_duration_since(Instant::now()));
                            let (count, pending) = hand_in(ledger, bytes);
                            sent.send((at, due, count, pending)).must("the one who waits");
                        }
                    });
                    scope.spawn(move || {
                        let (mut statements, mut times, mut samples) = (0u64, Vec::new(), Vec::new());
                        for (at, due, count, pending) in answers {
                            let receipt = recorded(pending, count);
                            times.push(due.elapsed());
                            statements += count as u64;
                            if at % SAMPLE == 0 {
                                samples.push((at, receipt));
                            }
                        }
                        (statements, times, samples)
                    })
                })
                .collect();
            pairs.into_iter().map(|t| t.join().unwrap_or_else(|_| panic!("a waiter ended"))).collect()
        });
        took = began.elapsed();
        together(all, &mut times, &mut samples)
    });
    check(ledger, postings, samples);
    Run { statements, took, times }
}

/// Postings made and handed in at the same time, for filling: `make` gives the posting of a number, on as many threads as there are cores.
/// `each` is told of every posting done, in no order.
pub fn stream(
    ledger: &Ledger,
    count: usize,
    make: &(dyn Fn(&mut crate::people::Draw, usize) -> Vec<u8> + Sync),
    each: &(dyn Fn(usize, &Receipt) + Sync),
) -> Run {
    let next = AtomicUsize::new(0);
    let mut took = Duration::ZERO;
    let statements = grown(ledger, || {
        let began = Instant::now();
        let work = || {
            let mut draw = crate::people::Draw::new();
            let (mut waiting, mut statements) = (VecDeque::new(), 0u64);
            let mut done = |(at, statements_of, pending): (usize, usize, Pending)| {
                let receipt = recorded(pending, statements_of);
                statements += statements_of as u64;
                each(at, &receipt);
            };
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                if at >= count {
                    break;
                }
                let (statements_of, pending) = hand_in(ledger, &make(&mut draw, at));
                waiting.push_back((at, statements_of, pending));
                if waiting.len() >= 32
                    && let Some(oldest) = waiting.pop_front()
                {
                    done(oldest);
                }
            }
            waiting.into_iter().for_each(&mut done);
            statements
        };
        let statements = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..crate::figure::cores()).map(|_| scope.spawn(work)).collect();
            threads.into_iter().map(|t| t.join().unwrap_or_else(|_| panic!("a maker ended"))).sum()
        });
        took = began.elapsed();
        statements
    });
    Run { statements, took, times: Vec::new() }
}
