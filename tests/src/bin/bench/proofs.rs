//! A whole history: copied out of a ledger that is at work, made a proof, and checked with the ledger gone.
//!
//! 1. While postings come in at half of what the ledger takes, the account's copy is asked for again and again, in the library and over
//!    HTTP (signed reads, page after page), and a proof is made of it: the ledger's part and the wallet's part.
//! 2. At rest the proof's file is checked with the verifier and nothing else; the strict checks of its postings' signatures are measured
//!    apart, so that what remains are trees and states.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use peal_ledger::Ledger;
use peal_spec::cbor::Cbor;
use peal_spec::copy::{self, Copy, Selection, Show};
use peal_spec::posting::Signed;
use peal_spec::proof::Proof;
use peal_spec::signed_read;
use peal_spec::trust::Trust;
use peal_spec::verify;
use peal_tests::cast::now;

use crate::big::EACH;
use crate::daemon::{House, Running};
use crate::drive::{self, Run};
use crate::figure::{Figure, Must, Times};
use crate::http::Sender;
use crate::people::People;
use crate::wire::Connection;

/// Between one copy and the next, so that the load under which they are made stays what it is said to be.
const PAUSE: Duration = Duration::from_millis(40);

/// A load at half of what the ledger takes, and how many copies are made meanwhile.
pub struct Half {
    /// Postings of 1,000, enough for the time.
    pub postings: Vec<Vec<u8>>,
    /// Postings a second.
    pub rate: f64,
    pub time: Duration,
    pub copies: usize,
}

/// Copies made under load.
pub struct Copied {
    /// The ledger's part.
    pub ledger: Times,
    /// Making the proof's file from the copy.
    pub making: Times,
    /// The load that ran meanwhile.
    pub load: Run,
    /// The last copy.
    pub copy: Copy,
}

fn selection(show: Show) -> Selection {
    Selection { show, withhold: Vec::new() }
}

/// At most `count` copies, and none after `time`, when the load may end.
fn samples(count: usize, time: Duration, mut copy: impl FnMut() -> (Duration, Copy)) -> (Times, Times, Copy) {
    let (mut ledger, mut making, mut last) = (Vec::new(), Vec::new(), None);
    let start = Instant::now();
    while ledger.len() < count && (last.is_none() || start.elapsed() < time) {
        let (took, copied) = copy();
        ledger.push(took);
        let began = Instant::now();
        let file = copied.prove(&selection(Show::Whole)).must("a proof").to_file();
        making.push(began.elapsed());
        assert!(!file.is_empty());
        last = Some(copied);
        std::thread::sleep(PAUSE);
    }
    (Times::of(&ledger), Times::of(&making), last.must("a copy"))
}

/// In the library, while the load is handed in.
pub fn in_library(ledger: &Ledger, people: &People, worker: usize, half: &Half) -> Copied {
    let stop = AtomicBool::new(false);
    let address = people.address(worker);
    std::thread::scope(|scope| {
        let pace = scope.spawn(|| drive::pace(ledger, &half.postings, half.rate, &stop));
        let (times, making, copy) = samples(half.copies, half.time, || {
            let began = Instant::now();
            let copy = ledger.copy(&address, 0, usize::MAX, None).must("a copy").must("the account");
            (began.elapsed(), copy)
        });
        stop.store(true, Ordering::Relaxed);
        let load = pace.join().unwrap_or_else(|_| panic!("the load ended"));
        Copied { ledger: times, making, load, copy }
    })
}

/// Fetches a whole copy, page after page; the time is that of requests and answers.
fn fetch(connection: &mut Connection, authority: &str, people: &People, worker: usize) -> (Duration, Copy) {
    let (address, key) = (people.address(worker), people.reading_key(worker));
    let path = format!("/v1/accounts/{address}/records");
    let (mut whole, mut took): (Option<Copy>, Duration) = (None, Duration::ZERO);
    loop {
        let from = whole.as_ref().map_or(0, |c| c.rows.len());
        let query = format!("?from={from}");
        let began = Instant::now();
        let request = signed_read::Request { method: "GET", authority, path: &path, query: &query };
        let parameters = signed_read::parameters(now().seconds(), &address.to_string());
        let signature = key.sign(signed_read::base(&request, &parameters).as_bytes());
        let headers = [
            ("accept", copy::MEDIA_TYPE),
            ("signature-input", &format!("peal={parameters}")),
            ("signature", &format!("peal=:{}:", BASE64.encode(signature))),
        ];
        let (status, body) = connection.get(&format!("{path}{query}"), &headers).must("a page of the copy");
        took += began.elapsed();
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
        let page = Copy::from_bytes(&body).must("a page of the copy");
        assert!(!page.rows.is_empty(), "a page has rows");
        let joined = match whole.take() {
            None => page,
            Some(before) => before.extend(page).must("pages that follow on each other"),
        };
        if joined.rows.len() as u64 == joined.size {
            return (took, joined);
        }
        whole = Some(joined);
    }
}

/// Over HTTP, while another process posts the load.
pub fn over_http(house: &House, running: &Running, people: &People, worker: usize, half: &Half) -> Copied {
    let mut sender = Sender::new(house, running, &half.postings, EACH, 16, Some(half.rate));
    let mut connection = Connection::open(&running.authority).must("a connection");
    sender.go();
    let (ledger, making, copy) =
        samples(half.copies, half.time, || fetch(&mut connection, &running.authority, people, worker));
    Copied { ledger, making, load: sender.finish(true), copy }
}

/// A proof, checked offline.
pub struct Checked {
    pub records: usize,
    /// Distinct signed postings.
    pub postings: usize,
    pub bytes: usize,
    /// Milliseconds: making the file, checking it, the strict signatures alone, and the rest of the check.
    pub make: Figure,
    pub check: Figure,
    pub signatures: Figure,
    pub trees: Figure,
    /// The same for the totals alone.
    pub totals_bytes: usize,
    pub totals_make: Figure,
    pub totals_check: Figure,
}

fn timed<T>(count: usize, mut work: impl FnMut() -> T) -> (Figure, T) {
    let (mut times, mut last) = (Vec::with_capacity(count), None);
    for _ in 0..count.max(3) {
        let began = Instant::now();
        last = Some(work());
        times.push(began.elapsed().as_secs_f64() * 1e3);
    }
    (Figure::of(times), last.must("a result"))
}

/// Makes and checks the proofs of a copy, `count` times each, with nothing else at work.
pub fn check(copy: &Copy, trust: &Trust, count: usize) -> Checked {
    // The copy itself is true: everything is recomputed once.
    copy.check(trust, now()).must("the copy");
    let (make, file) = timed(count, || copy.prove(&selection(Show::Whole)).must("a proof").to_file());
    let proof = Proof::from_file(&file).must("the proof's file");
    let (mut checks, mut strict, mut rest, mut seen) = (Vec::new(), Vec::new(), Vec::new(), None);
    for _ in 0..count.max(3) {
        let began = Instant::now();
        match verify::verify_file(&file, trust, now()) {
            Ok(verdict) => seen = Some(verdict),
            Err(e) => panic!("a proof of the benchmark: {e:?}"),
        }
        let check = began.elapsed().as_secs_f64() * 1e3;
        let began = Instant::now();
        for cose in &proof.postings {
            assert!(Signed::read(cose).must("a posting").verifies());
        }
        let signatures = began.elapsed().as_secs_f64() * 1e3;
        checks.push(check);
        strict.push(signatures);
        rest.push((check - signatures).max(0.0));
    }
    let (check, signatures, trees) = (Figure::of(checks), Figure::of(strict), Figure::of(rest));
    let verdict = seen.must("a verdict");
    assert!(verdict.complete, "the history is complete");
    assert_eq!(verdict.records.contents, copy.size, "every record is shown");
    assert!(verdict.issuers.iter().all(|i| i.proved), "every issuer's key and role is proved");
    // A flipped bit must be seen, or the times are of a check that does not look.
    let mut bent = file.clone();
    let middle = bent.len() / 2;
    bent[middle] ^= 1;
    assert!(verify::verify_file(&bent, trust, now()).is_err(), "a flipped bit is seen");

    let (totals_make, totals) =
        timed(count, || copy.prove(&selection(Show::Totals)).must("a proof").to_file());
    let (totals_check, verdict) = timed(count, || match verify::verify_file(&totals, trust, now()) {
        Ok(verdict) => verdict,
        Err(e) => panic!("a proof of totals: {e:?}"),
    });
    assert!(!verdict.totals.is_empty() && verdict.records.contents == 0, "the totals alone are shown");
    Checked {
        records: copy.rows.len(),
        postings: proof.postings.len(),
        bytes: file.len(),
        make,
        check,
        signatures,
        trees,
        totals_bytes: totals.len(),
        totals_make,
        totals_check,
    }
}
