//! A real daemon against clients that mean harm: each is refused within its limits, with the status that the fault has or by being closed
//! in time, and after each the daemon answers as before.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::{Duration, Instant};

use peal_spec::posting::MEDIA_TYPE as POSTING;
use peal_spec::proof;
use peal_tests::Daemon;
use peal_tests::raw::{Wire, post};

const HEADER: u64 = 2;
const STALL: u64 = 2;
const PACE: u64 = 1;
const BODY: usize = 64 << 10;
const CONNECTIONS: u64 = 24;
/// What a slow machine may take on top of a limit before it is called broken.
const SLACK: Duration = Duration::from_secs(25);

struct Stage {
    daemon: Daemon,
    _dir: tempfile::TempDir,
}

fn stage() -> Stage {
    let dir = tempfile::tempdir().unwrap();
    let mut daemon = Daemon::init(&dir.path().join("ledger"), "hostile.example/1");
    daemon.limit(&[
        ("header_seconds", HEADER),
        ("stall_seconds", STALL),
        ("pace_seconds", PACE),
        ("pace_bytes", 1000),
        ("body_bytes", BODY as u64),
        ("memory_bytes", 16 * BODY as u64),
        ("connections", CONNECTIONS),
    ]);
    daemon.start();
    Stage { daemon, _dir: dir }
}

impl Stage {
    fn wire(&self) -> Wire {
        Wire::open(&self.daemon)
    }

    /// Sends these bytes alone and demands one answer: its status, and the name of its problem if it has one.
    fn says(&self, name: &str, bytes: &[u8], status: u16, code: &str) {
        let mut wire = self.wire();
        // A server may answer and close before it has taken everything.
        wire.send(bytes);
        if code.is_empty() {
            // No whole request, so nothing follows that could be waited for.
            wire.finish();
        }
        let answer = wire.only();
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{name}: {answer:?}");
        self.lives(name);
    }

    /// The server answers, and nothing has made it stumble. Connections that were closed a moment ago may still have their places.
    fn lives(&self, after: &str) {
        let ask = || {
            let mut wire = self.wire();
            wire.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            wire.only()
        };
        let mut answer = ask();
        for _ in 0..100 {
            if answer.status != 503 {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
            answer = ask();
        }
        assert_eq!((answer.status, answer.body.as_slice()), (200, &b"alive\n"[..]), "after {after}");
        let log = self.daemon.log();
        let faults: Vec<_> = log.lines().filter(|l| l.contains("ERROR") || l.contains("panic")).collect();
        assert!(faults.is_empty(), "after {after}: {faults:?}");
    }
}

/// A length of time between a limit and what a slow machine may make of it.
fn about(name: &str, took: Duration, least: u64, most: u64) {
    let bounds = Duration::from_secs(least)..Duration::from_secs(most) + SLACK;
    // The client's clock starts a moment before the server's.
    assert!(bounds.contains(&(took + Duration::from_millis(50))), "{name}: {took:?} is not in {bounds:?}");
}

fn head(name: &str) -> Vec<u8> {
    let pad = "a".repeat(200);
    format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{name}: {pad}\r\n\r\n").into_bytes()
}

#[test]
fn the_slow_and_the_silent_are_cut_off() {
    let stage = stage();
    let byte_by_byte = Duration::from_millis(250);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut wire = stage.wire();
            wire.trickle(&head("X-Slow"), byte_by_byte);
            let (answers, took) = wire.rest();
            assert!(answers.iter().all(|a| a.status == 408), "a slow head: {answers:?}");
            about("a slow head", took, HEADER, HEADER);
        });
        scope.spawn(|| {
            let mut wire = stage.wire();
            wire.send(&post("/v1/postings", POSTING, "Content-Length: 60000\r\n", b""));
            wire.trickle(&[0; 60_000], byte_by_byte);
            let (answers, took) = wire.rest();
            assert_eq!(answers.len(), 1, "a slow body");
            assert_eq!((answers[0].status, answers[0].code().as_str()), (408, "slow-body"));
            about("a slow body", took, 2 * PACE, 2 * PACE);
        });
        scope.spawn(|| {
            let mut wire = stage.wire();
            wire.send(&post("/v1/postings", POSTING, "Content-Length: 60000\r\n", &[0; 5000]));
            let (answers, took) = wire.rest();
            assert_eq!((answers[0].status, answers[0].code().as_str()), (408, "slow-body"), "a stalled body");
            about("a stalled body", took, STALL, STALL + 2 * PACE);
        });
        scope.spawn(|| {
            let (answers, took) = stage.wire().rest();
            assert!(answers.iter().all(|a| a.status == 408), "silence: {answers:?}");
            about("silence", took, HEADER, HEADER);
        });
        scope.spawn(|| {
            // Kept alive, and then never heard of again.
            let mut wire = stage.wire();
            wire.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
            let (answers, took) = wire.rest();
            assert_eq!(answers[0].status, 200, "an idle connection");
            about("an idle connection", took, HEADER, HEADER);
        });
    });
    stage.lives("the slow");
}

#[test]
fn those_who_hang_up_leave_nothing_behind() {
    let stage = stage();
    let begun = post("/v1/postings", POSTING, "Content-Length: 60000\r\n", b"12345");
    for round in 0..3 * CONNECTIONS {
        let mut wire = stage.wire();
        match round % 4 {
            // FIN in the midst of a body.
            0 => {
                wire.send(&begun);
                wire.finish();
                let (answers, took) = wire.rest();
                assert!(answers.iter().all(|a| a.status == 400 && a.code() == "broken-body"), "{answers:?}");
                assert!(took < SLACK, "a half-closed connection is held for {took:?}");
            }
            // FIN in the midst of a head.
            1 => {
                wire.send(b"GET /heal");
                wire.finish();
                let (answers, _) = wire.rest();
                assert!(answers.iter().all(|a| a.status == 400), "{answers:?}");
            }
            // RST in the midst of a body, with an answer unread.
            2 => {
                wire.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
                wire.send(&begun);
                wire.reset();
            }
            // RST with a whole answer unread.
            _ => {
                wire.send(b"GET /docs HTTP/1.1\r\nHost: x\r\n\r\n");
                wire.reset();
            }
        }
    }
    stage.lives("those who hang up");
    // Far more of them came than there may be at a time, so none has kept its place.
    let mut wire = stage.wire();
    wire.send(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let metrics = String::from_utf8(wire.only().body).unwrap();
    let open = metrics.lines().find(|l| l.starts_with("peal_connections ")).unwrap();
    let open: u64 = open.rsplit(' ').next().unwrap().parse().unwrap();
    assert!(open < CONNECTIONS, "{open} connections are still held");
}

#[test]
fn connections_above_the_limit_are_told_so_and_the_rest_are_served() {
    let stage = stage();
    let mut held: Vec<Wire> = (0..CONNECTIONS).map(|_| stage.wire()).collect();
    let mut turned_away = 0;
    for _ in 0..2 * CONNECTIONS {
        let mut wire = stage.wire();
        let (answers, _) = wire.rest();
        for answer in &answers {
            assert_eq!((answer.status, answer.code().as_str()), (503, "overloaded"));
            assert_eq!(answer.header("retry-after"), Some("1"));
            turned_away += 1;
        }
    }
    assert!(turned_away > CONNECTIONS, "{turned_away} were told to come back");
    // Those who were there first are served, if they speak in time.
    let wire = &mut held[0];
    if wire.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") {
        let (answers, _) = wire.rest();
        assert!(answers.iter().all(|a| a.status == 200 || a.status == 408), "{answers:?}");
    }
    // The silent ones lose their places, and nobody has to come and free them.
    let (began, mut served) = (Instant::now(), 0);
    while served < CONNECTIONS {
        let mut wire = stage.wire();
        wire.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        served = if wire.rest().0.iter().any(|a| a.status == 200) { served + 1 } else { 0 };
        assert!(began.elapsed() < Duration::from_secs(HEADER) + SLACK, "the places are not freed");
    }
    stage.lives("too many connections");
    drop(held);
}

/// Much more than a limit and the system's own buffers on both sides.
const ENDLESS: usize = 64 << 20;

/// Endless chunks of a body, as long as the server takes them.
fn endless(stage: &Stage, head: &str, first: &[u8], piece: &[u8]) -> (Vec<peal_tests::raw::Answer>, usize) {
    let mut wire = stage.wire();
    wire.send(&post("/v1/postings", POSTING, head, first));
    let mut sent = 0;
    while sent < ENDLESS && !wire.has_answer() && wire.send(piece) {
        sent += piece.len();
    }
    (wire.rest().0, sent)
}

#[test]
fn bodies_without_end_are_refused() {
    let stage = stage();
    let over = format!("Content-Length: {}\r\n", BODY + 1);
    stage.says("a length too great", &post("/v1/postings", POSTING, &over, b""), 413, "too-large");
    let huge = format!("Content-Length: {}\r\n", u64::MAX - 2);
    stage.says("a length beyond all memory", &post("/v1/postings", POSTING, &huge, b""), 413, "too-large");
    // The two greatest mean something else inside hyper, which refuses them itself.
    let greatest = format!("Content-Length: {}\r\n", u64::MAX);
    stage.says("the greatest length", &post("/v1/postings", POSTING, &greatest, b""), 431, "");
    for (name, first, piece, statuses) in [
        ("chunks", &b""[..], [b"1000\r\n", &[b'x'; 4096][..], b"\r\n"].concat(), &[413][..]),
        ("chunks of one byte", b"", b"1\r\nx\r\n".repeat(1000), &[413]),
        ("a chunk's extension", b"1;", b"e".repeat(8192), &[400]),
        // Zeros before a length are read and give no data, which is a stall.
        ("a chunk's length", b"", b"0".repeat(8192), &[408]),
        ("trailers", b"0\r\n", b"X-Trailer: aaaaaaaa\r\n".repeat(400), &[400]),
    ] {
        let (answers, sent) = endless(&stage, "Transfer-Encoding: chunked\r\n", first, &piece);
        assert!(answers.len() <= 1, "{name}: {answers:?}");
        // An answer may be lost when the server closes while bytes are on their way.
        assert!(answers.iter().all(|a| statuses.contains(&a.status)), "{name}: {answers:?}");
        // Zeros before a length take no memory, and how many pass before the stall is noticed is the machine's affair.
        assert!(sent < ENDLESS || name == "a chunk's length", "{name}: {sent} bytes were taken");
        stage.lives(name);
    }
}

#[test]
fn what_is_compressed_or_nested_is_not_unpacked() {
    let stage = stage();
    // 64 MiB of zeros are 64 kB of gzip; the header alone is enough to refuse it.
    let bomb = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &[0x42; 1000]].concat();
    for encoding in ["gzip", "GZIP", "br", "deflate", "zstd", "gzip, identity", "identity, gzip", "x"] {
        let headers = format!("Content-Encoding: {encoding}\r\nContent-Length: {}\r\n", bomb.len());
        let bytes = post("/v1/postings", POSTING, &headers, &bomb);
        stage.says(encoding, &bytes, 415, "unsupported-media-type");
    }
    // The same beneath the message: chunked is the one transfer coding that is read.
    let headers = "Transfer-Encoding: gzip, chunked\r\n";
    let chunk = [format!("{:x}\r\n", bomb.len()).as_bytes(), &bomb, b"\r\n0\r\n\r\n"].concat();
    stage.says("a transfer coding", &post("/v1/postings", POSTING, headers, &chunk), 400, "malformed");
    for nested in [0x81u8, 0x9f, 0xa1, 0xbf, 0xc6, 0x5f, 0xd8] {
        let body = vec![nested; BODY - 10];
        let length = format!("Content-Length: {}\r\n", body.len());
        stage.says("nesting", &post("/v1/postings", POSTING, &length, &body), 400, "malformed");
        stage.says("nesting", &post("/v1/accounts", POSTING, &length, &body), 400, "malformed");
        let file = post("/v1/verify", proof::MEDIA_TYPE, &length, &body);
        stage.says("nesting", &file, 400, "foreign-file");
    }
    // Lengths of 2^64 - 1 in every place where CBOR has one.
    for major in [0x5b, 0x7b, 0x9b, 0xbb] {
        for depth in 0..8 {
            let mut body = vec![0x81; depth];
            body.push(major);
            body.extend([0xff; 8]);
            let length = format!("Content-Length: {}\r\n", body.len());
            stage.says("lengths", &post("/v1/postings", POSTING, &length, &body), 400, "malformed");
        }
    }
}

#[test]
fn requests_that_two_could_read_differently_are_refused() {
    let stage = stage();
    let with = |headers: &str, body: &str| {
        let head =
            format!("POST /v1/postings HTTP/1.1\r\nHost: x\r\nContent-Type: {POSTING}\r\n{headers}\r\n");
        format!("{head}{body}").into_bytes()
    };
    let inner = "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Smuggled: yes\r\n\r\n";
    for (name, bytes) in [
        ("two lengths", with("Content-Length: 5\r\nContent-Length: 0\r\n", "12345")),
        ("two lengths in one", with("Content-Length: 5, 0\r\n", "12345")),
        ("a signed length", with("Content-Length: +5\r\n", "12345")),
        ("a negative length", with("Content-Length: -5\r\n", "12345")),
        ("a hexadecimal length", with("Content-Length: 0x5\r\n", "12345")),
        ("a length with a fraction", with("Content-Length: 5.0\r\n", "12345")),
        ("a length beyond 64 bits", with("Content-Length: 99999999999999999999999\r\n", "")),
        ("an empty length", with("Content-Length:\r\n", inner)),
        ("space before a colon", with("Content-Length : 5\r\n", "12345")),
        ("a folded header", with("Content-Length: 5\r\n X-Fold: 1\r\n", "12345")),
        ("a strange coding", with("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n")),
        ("chunked not last", with("Transfer-Encoding: chunked, gzip\r\n", "0\r\n\r\n")),
        ("identity", with("Transfer-Encoding: identity\r\n", inner)),
        ("a coding in HTTP/1.0", {
            let text = String::from_utf8(with("Transfer-Encoding: chunked\r\n", "0\r\n\r\n")).unwrap();
            text.replacen("HTTP/1.1", "HTTP/1.0", 1).into_bytes()
        }),
        ("a NUL in a header", with("X-Nul: a\0b\r\n", "")),
        ("a lone CR", with("X-Cr: a\rContent-Length: 5\r\n", "12345")),
        ("a colon missing", with("Nonsense\r\n", "")),
        ("HTTP/0.9", b"GET /healthz\r\n\r\n".to_vec()),
        ("HTTP/1.2", b"GET /healthz HTTP/1.2\r\nHost: x\r\n\r\n".to_vec()),
        ("lower-case http", b"GET /healthz http/1.1\r\nHost: x\r\n\r\n".to_vec()),
        ("a space in the path", b"GET /heal thz HTTP/1.1\r\nHost: x\r\n\r\n".to_vec()),
        ("TLS", [&[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3][..], &[7; 300]].concat()),
        ("noise", (0..4096u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()),
    ] {
        stage.says(name, &bytes, 400, "");
    }
    // HTTP/2 with prior knowledge is no HTTP/1 at all.
    let mut wire = stage.wire();
    wire.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
    let (answers, _) = wire.rest();
    assert!(answers.iter().all(|a| a.status == 400 || a.status == 505), "{answers:?}");
    stage.lives("HTTP/2");

    // A length and a coding: the coding counts, and whoever counted otherwise gets nothing more on this connection (RFC 9112 §6.1).
    for headers in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\nContent-Length: 60\r\n",
    ] {
        let bytes = with(headers, &format!("0\r\n\r\n{inner}"));
        let mut wire = stage.wire();
        wire.send(&bytes);
        let (answers, _) = wire.rest();
        let statuses: Vec<u16> = answers.iter().map(|a| a.status).collect();
        assert!(statuses.len() <= 1 && statuses.iter().all(|s| *s == 400), "{headers:?}: {answers:?}");
        stage.lives(headers);
    }
    // What follows a refused body is not read as a request.
    let refused = with(&format!("Content-Length: {}\r\n", BODY + inner.len()), inner);
    let mut wire = stage.wire();
    wire.send(&refused);
    let (answers, _) = wire.rest();
    assert_eq!(answers.iter().map(|a| a.status).collect::<Vec<_>>(), [413], "{answers:?}");
}

#[test]
fn heads_have_a_size() {
    let stage = stage();
    // The buffer is of 64 KiB, and what is read at once may be some more.
    let long = "a".repeat(300 << 10);
    let lines: String = (0..200).map(|n| format!("X-{n}: y\r\n")).collect();
    for (name, bytes, status) in [
        ("a huge header", format!("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Huge: {long}\r\n\r\n"), 431),
        ("many headers", format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{lines}\r\n"), 431),
        ("a long path", format!("GET /{long} HTTP/1.1\r\nHost: x\r\n\r\n"), 431),
        ("a long method", format!("{long} / HTTP/1.1\r\nHost: x\r\n\r\n"), 431),
    ] {
        stage.says(name, bytes.as_bytes(), status, "");
    }
    // Of a size that is read, and no route.
    let path = "b".repeat(30 << 10);
    let request = format!("GET /{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stage.says("a path of 30 kB", request.as_bytes(), 404, "not-found");
}

#[test]
fn answers_are_taken_or_lost() {
    let stage = stage();
    // Asks for the longest page again and again and takes nothing.
    let mut wire = stage.wire();
    let began = Instant::now();
    wire.stream.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
    let before = stage.daemon.memory();
    let most = Duration::from_secs(STALL) + SLACK;
    while wire.send(b"GET /docs HTTP/1.1\r\nHost: x\r\n\r\n") || began.elapsed() < Duration::from_secs(STALL)
    {
        assert!(began.elapsed() < most, "a client that takes nothing is still served");
    }
    let grown = stage.daemon.memory().saturating_sub(before);
    assert!(grown < 64 << 20, "{grown} bytes for one client that takes nothing");
    stage.lives("a client that takes nothing");

    // One after another in one write: answered in order, each once.
    let mut wire = stage.wire();
    let paths = ["/healthz", "/nothing", "/v1/ledger", "/healthz", "/checkpoint"];
    let mut bytes: Vec<u8> = paths
        .iter()
        .cycle()
        .take(50)
        .flat_map(|p| format!("GET {p} HTTP/1.1\r\nHost: x\r\n\r\n").into_bytes())
        .collect();
    bytes.extend(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    wire.send(&bytes);
    let statuses: Vec<u16> = wire.rest().0.iter().map(|a| a.status).collect();
    let expected: Vec<u16> = [200, 404, 200, 200, 200].into_iter().cycle().take(50).chain([200]).collect();
    assert_eq!(statuses, expected);
    stage.lives("pipelining");
}
