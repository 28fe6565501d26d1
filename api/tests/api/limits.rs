//! What the server does when it is asked for too much, too slowly or too often.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use peal_ledger::Settings;
use peal_spec::cbor::Cbor as _;
use peal_spec::key::KeyChain;
use peal_spec::role::Role;

use crate::stage::{POSTING, Person, Stage, answer, call, contribution, exchange, opening};

fn begin(stage: &Stage, headers: &str, body: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(stage.at).unwrap();
    let head = format!(
        "POST /v1/postings HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {POSTING}\r\n{headers}\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    stream
}

fn wait(until: Instant, holds: impl Fn() -> bool) {
    while !holds() {
        assert!(Instant::now() < until);
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The clock of a ledger, as its settings have it.
type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// A clock that stands still while the first flag is set, which holds commits; the second says that it was asked meanwhile.
fn held_clock() -> (Clock, Arc<AtomicBool>, Arc<AtomicBool>) {
    let (held, standing) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (stands, says) = (held.clone(), standing.clone());
    let clock = move || {
        while stands.load(Ordering::SeqCst) {
            says.store(true, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(1));
        }
        peal_api::command::now()
    };
    (Arc::new(clock), held, standing)
}

#[test]
fn a_full_queue_says_when_to_come_back() {
    // A clock that stands still holds the writer in its commit.
    let (clock, held, standing) = held_clock();
    let settings = Settings { max_queued_statements: 1, clock, ..Settings::default() };
    let stage = Stage::with(|_| {}, settings);
    let until = Instant::now() + Duration::from_secs(20);
    let wait_for = |holds: &dyn Fn() -> bool| {
        while !holds() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
        }
    };
    held.store(true, Ordering::SeqCst);
    let (first, second, third) = std::thread::scope(|scope| {
        let post = |n: u8| {
            let body = opening(&stage.origin, &KeyChain::new([n; 64])).to_bytes();
            stage.post("/v1/accounts", POSTING, &body)
        };
        let first = scope.spawn(move || post(2));
        wait_for(&|| standing.load(Ordering::SeqCst));
        let second = scope.spawn(move || post(3));
        wait_for(&|| stage.app.ledger().is_ok_and(|l| l.stats().queued_statements > 0));
        let third = post(4);
        held.store(false, Ordering::SeqCst);
        (first.join().unwrap(), second.join().unwrap(), third)
    });
    let problem = third.demand(503, "overloaded");
    let seconds: u64 = third.header("retry-after").unwrap().parse().unwrap();
    assert!(seconds >= 1);
    assert_eq!(problem["retry_after"], seconds);
    assert_eq!((first.status, second.status), (200, 200));
}

#[test]
fn requests_above_the_limit_are_turned_away_and_health_is_not() {
    let stage = Stage::with(|c| c.limits.requests = 1, Settings::default());
    let held = begin(&stage, "Content-Length: 10\r\n", b"12345");
    let until = Instant::now() + Duration::from_secs(10);
    wait(until, || stage.app.requests.available_permits() == 0);
    let turned_away = stage.get("/v1/ledger");
    turned_away.demand(503, "overloaded");
    assert_eq!(turned_away.header("retry-after"), Some("1"));
    assert_eq!(
        (stage.get("/healthz").status, stage.get("/readyz").status, stage.get("/metrics").status),
        (200, 200, 200)
    );
    drop(held);
    wait(until, || stage.get("/v1/ledger").status == 200);
}

#[test]
fn bodies_have_a_limit() {
    let adjust = |c: &mut peal_api::config::Config| {
        c.limits.body_bytes = 4096;
        c.limits.memory_bytes = 64 * 1024;
    };
    let stage = Stage::with(adjust, Settings::default());
    stage.post("/v1/postings", POSTING, &[0; 4096]).demand(400, "malformed");
    stage.post("/v1/postings", POSTING, &[0; 4097]).demand(413, "too-large");
    stage.post("/v1/verify", "application/peal-proof+cbor", &[0; 4097]).demand(413, "too-large");
    // Announced only: refused before it is sent.
    answer(&mut begin(&stage, "Content-Length: 99999999999\r\n", b"")).unwrap().demand(413, "too-large");
    // Not announced: refused when it grows too large.
    let chunk = format!("1001\r\n{}\r\n0\r\n\r\n", "x".repeat(0x1001));
    answer(&mut begin(&stage, "Transfer-Encoding: chunked\r\n", chunk.as_bytes()))
        .unwrap()
        .demand(413, "too-large");

    // There is room for one body at a time.
    let held = begin(&stage, "Content-Length: 10\r\n", b"12345");
    wait(Instant::now() + Duration::from_secs(10), || stage.app.room.available_permits() == 0);
    stage.post("/v1/postings", POSTING, b"?").demand(503, "overloaded");
    drop(held);
}

#[test]
fn an_announced_length_costs_nothing() {
    let stage = Stage::new();
    let all = stage.app.room.available_permits();
    let limits = &stage.app.config.limits;
    let held: Vec<TcpStream> = (0..2 * limits.memory_bytes / limits.body_bytes)
        .map(|_| begin(&stage, &format!("Content-Length: {}\r\n", limits.body_bytes), b"a"))
        .collect();
    // A step of 64 KiB for the byte that is there, no more.
    wait(Instant::now() + Duration::from_secs(8), || {
        all - stage.app.room.available_permits() == held.len() * 64
    });
    stage.post("/v1/postings", POSTING, b"?").demand(400, "malformed");
    drop(held);
    wait(Instant::now() + Duration::from_secs(10), || stage.app.room.available_permits() == all);
}

#[test]
fn a_body_makes_its_pace() {
    let adjust = |c: &mut peal_api::config::Config| {
        c.limits.pace_seconds = 1;
        c.limits.pace_bytes = 1000;
    };
    let stage = Stage::with(adjust, Settings::default());
    // Sends a piece every 100 ms until all is sent or it is cut off; says for how long.
    let send = |piece: &[u8], pieces: usize| {
        let started = Instant::now();
        let mut stream = begin(&stage, &format!("Content-Length: {}\r\n", piece.len() * pieces), b"");
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        for _ in 0..pieces {
            std::thread::sleep(Duration::from_millis(100));
            stream.set_nonblocking(true).unwrap();
            let answered = stream.peek(&mut [0]).is_ok();
            stream.set_nonblocking(false).unwrap();
            if answered || stream.write_all(piece).is_err() {
                break;
            }
        }
        (answer(&mut stream).unwrap(), started.elapsed())
    };
    // It never stalls, and is cut all the same, at the end of the second window.
    let (slow, time) = send(b"a", 600);
    let problem = slow.demand(408, "slow-body");
    assert_eq!(problem["detail"], "less than 1000 bytes of the body arrived in 1 s");
    assert!((Duration::from_secs(2)..Duration::from_secs(20)).contains(&time), "{time:?}");
    // Far from fast, but at pace.
    let (steady, time) = send(&[0; 400], 35);
    steady.demand(400, "malformed");
    assert!(time > Duration::from_secs(3));
}

#[test]
fn copies_of_accounts_are_made_a_few_at_a_time() {
    let stage = Stage::new();
    let worker = stage.person(2);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    assert_eq!(stage.app.copies.available_permits(), 2 * cores);
    let taken = stage.app.copies.clone().try_acquire_many_owned(2 * cores as u32).unwrap();
    for rest in ["records", "proof"] {
        let turned_away = stage.read(&worker, rest, "application/json");
        turned_away.demand(503, "overloaded");
        assert_eq!(turned_away.header("retry-after"), Some("1"));
    }
    assert_eq!(stage.read(&worker, "head", "application/json").status, 200);
    // Whoever may not read at all does not wait for a turn.
    stage.get(&format!("/v1/accounts/{}/proof", worker.address)).demand(401, "unsigned-read");
    drop(taken);
    for rest in ["records", "proof"] {
        for accept in ["application/json", "*/*"] {
            assert_eq!(stage.read(&worker, rest, accept).status, 200);
        }
    }
    wait(Instant::now() + Duration::from_secs(10), || stage.app.copies.available_permits() == 2 * cores);
}

#[test]
fn the_slow_are_cut_off() {
    let adjust = |c: &mut peal_api::config::Config| {
        c.limits.stall_seconds = 1;
        c.limits.header_seconds = 1;
    };
    let stage = Stage::with(adjust, Settings::default());
    // A body that stops.
    answer(&mut begin(&stage, "Content-Length: 10\r\n", b"12345")).unwrap().demand(408, "slow-body");
    // A head that never ends, and a connection that says nothing.
    for start in ["GET /healthz HTTP/1.1\r\nHost: x\r\n", ""] {
        let mut stream = TcpStream::connect(stage.at).unwrap();
        stream.write_all(start.as_bytes()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        assert!(rest.is_empty() || rest.starts_with(b"HTTP/1.1 408"), "{}", String::from_utf8_lossy(&rest));
    }
    // A client that asks and asks and never reads an answer.
    let mut stream = TcpStream::connect(stage.at).unwrap();
    stream.set_write_timeout(Some(Duration::from_secs(1))).unwrap();
    let until = Instant::now() + Duration::from_secs(30);
    let mut asked = 0u64;
    loop {
        match stream.write(b"GET /docs HTTP/1.1\r\nHost: x\r\n\r\n") {
            Ok(_) => asked += 1,
            // The server no longer reads what it cannot answer, and then ends it.
            Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => break,
        }
        assert!(Instant::now() < until, "still served after {asked} requests");
    }
    assert_eq!(stage.get("/healthz").status, 200);
}

#[test]
fn a_request_has_its_time() {
    let adjust = |c: &mut peal_api::config::Config| {
        c.limits.stall_seconds = 10;
        c.limits.request_seconds = 1;
    };
    let stage = Stage::with(adjust, Settings::default());
    let answer = answer(&mut begin(&stage, "Content-Length: 10\r\n", b"12345")).unwrap();
    answer.demand(503, "timeout");
    assert!(answer.header("retry-after").is_some());
}

#[test]
fn connections_have_a_limit() {
    let stage = Stage::with(|c| c.limits.connections = 2, Settings::default());
    let held: Vec<TcpStream> = (0..2).map(|_| TcpStream::connect(stage.at).unwrap()).collect();
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        // The answer may be lost when the server closes before it has read the request.
        if let Ok(answer) = exchange(stage.at, b"") {
            answer.demand(503, "overloaded");
            assert_eq!(answer.header("retry-after"), Some("1"));
            break;
        }
        assert!(Instant::now() < until);
    }
    drop(held);
    while call(stage.at, "GET", "/healthz", &[], b"").map_or(0, |a| a.status) != 200 {
        assert!(Instant::now() < until);
    }
}

#[test]
fn one_sender_leaves_half_of_the_queue_to_others() {
    // The writer is held, so that what is sent stays under way.
    let (clock, held, standing) = held_clock();
    let settings = Settings { max_queued_statements: 6, clock, ..Settings::default() };
    let stage = Stage::with(|c| c.limits.queued_statements = 6, settings);
    let (greedy, modest) = (stage.person_with(2, Role::Platform), stage.person_with(3, Role::Platform));
    let (worker, fund) = (stage.person(4), stage.person_with(5, Role::Fund));
    let until = Instant::now() + Duration::from_secs(20);
    let posting = |issuer: &Person, reference: &str| {
        let statement = contribution(issuer, worker.address, fund.address, reference);
        issuer.posting(&stage.origin, vec![statement]).to_bytes()
    };
    let before = posting(&greedy, "before");
    let first = stage.post("/v1/postings", POSTING, &before);
    assert_eq!(first.status, 200);

    let (one, two, other) = (posting(&greedy, "1"), posting(&greedy, "2"), posting(&modest, "3"));
    // The greedy one's name under a key that is not hers takes nothing of her share.
    let statement = contribution(&greedy, worker.address, fund.address, "4");
    let stranger = Person { chain: KeyChain::new([9; 64]), address: greedy.address };
    let forged = stranger.posting(&stage.origin, vec![statement]).to_bytes();
    held.store(true, Ordering::SeqCst);
    std::thread::scope(|scope| {
        let there = &stage;
        let send = |bytes: Vec<u8>| scope.spawn(move || there.post("/v1/postings", POSTING, &bytes).status);
        let under_way = [send(one)];
        wait(until, || standing.load(Ordering::SeqCst));
        let forged = send(forged);
        wait(until, || stage.app.ledger().is_ok_and(|l| l.stats().queued_statements == 1));
        let more = [send(two)];
        wait(until, || stage.app.ledger().is_ok_and(|l| l.stats().queued_statements == 2));
        let turned_away = stage.post("/v1/postings", POSTING, &posting(&greedy, "5"));
        turned_away.demand(429, "too-many");
        assert_eq!(turned_away.header("retry-after"), Some("1"));
        // What is recorded is answered all the same, and so is another sender.
        assert_eq!(stage.post("/v1/postings", POSTING, &before).status, 200);
        let other = send(other);
        wait(until, || stage.app.ledger().is_ok_and(|l| l.stats().queued_statements == 3));
        held.store(false, Ordering::SeqCst);
        assert_eq!(forged.join().unwrap(), 403);
        for sent in under_way.into_iter().chain(more).chain([other]) {
            assert_eq!(sent.join().unwrap(), 200);
        }
    });
    assert_eq!(stage.post("/v1/postings", POSTING, &posting(&greedy, "5")).status, 200);
}

#[test]
fn postings_leave_room_for_reads() {
    let stage = Stage::with(|c| c.limits.requests = 4, Settings::default());
    let held: Vec<_> = (0..3).map(|_| begin(&stage, "Content-Length: 10\r\n", b"12345")).collect();
    let until = Instant::now() + Duration::from_secs(9);
    wait(until, || stage.app.writes.available_permits() == 0);
    stage.post("/v1/postings", POSTING, b"?").demand(503, "overloaded");
    assert_eq!(stage.get("/v1/ledger").status, 200);
    drop(held);
    wait(until, || stage.app.writes.available_permits() == 3);
}

#[test]
fn long_proofs_do_not_keep_postings_waiting() {
    let stage = Stage::new();
    let worker = stage.person(2);
    let proof = stage.read(&worker, "proof", "*/*").body;
    let most = stage.app.reckonings.available_permits();
    assert!(most >= 1 && most <= std::thread::available_parallelism().map_or(1, usize::from).div_ceil(2));
    let taken = stage.app.reckonings.clone().try_acquire_many_owned(most as u32).unwrap();
    let turned_away = stage.post("/v1/verify", "application/peal-proof+cbor", &proof);
    turned_away.demand(503, "overloaded");
    assert_eq!(turned_away.header("retry-after"), Some("1"));
    stage.person(3);
    drop(taken);
    assert_eq!(stage.post("/v1/verify", "application/peal-proof+cbor", &proof).json()["valid"], true);
    wait(Instant::now() + Duration::from_secs(10), || stage.app.reckonings.available_permits() == most);
}
