//! Sync against ledgers that are honest, slow, or contradict themselves.

#![allow(clippy::unwrap_used)]

mod support;

use peal_spec::cbor::Cbor;
use peal_spec::hash::Seed;
use peal_spec::posting::Posting;
use peal_spec::statement::{Body, Opened, Recovery, Statement};
use peal_spec::value::Time;
use peal_wallet::words::Words;
use support::{Bench, Mini, Server, Weather, origin};
use zeroize::Zeroizing;

/// Somebody else opens an account, so that the log grows.
fn stranger(mini: &mut Mini, seed: u8) {
    let chain = Words::new(Zeroizing::new([seed; 32])).chain();
    let body = Body::Opened(Opened { who: None, keys: chain.keys(0), recovery: Recovery::default() });
    let now = Time::new(mini.time).unwrap();
    let statement = Statement::new(Seed([seed; 16]), None, now, None, None, &body);
    let posting =
        Posting::sign(&origin(), None, Seed([seed; 16]), now, false, vec![statement], &chain.signing(0));
    mini.post(&posting.to_bytes()).unwrap();
}

fn pay(bench: &Bench, month: &str) -> serde_json::Value {
    let fund = bench.read("fund");
    let args = [
        "--insurance",
        "pension",
        "--scheme",
        "s",
        "--amount",
        "10.00",
        "--currency",
        "CNY",
        "--fund",
        &fund,
    ];
    bench.well("wallet", &[&["pay", "--month", month][..], &args].concat())
}

/// A worker with four records, synced, and the ledger that has them.
fn synced() -> (Bench, Server) {
    let (bench, server) = (Bench::new(), Server::start(Mini::new(1)));
    let fund = bench.open("fund-wallet", &server);
    bench.write("fund", &fund);
    bench.open("wallet", &server);
    for month in ["2026-08", "2026-09", "2026-10"] {
        pay(&bench, month);
    }
    let done = bench.well("wallet", &["sync"]);
    assert_eq!(
        (done["new"].as_u64(), done["records"].as_u64(), done["waiting"].as_u64()),
        (Some(4), Some(4), Some(0))
    );
    (bench, server)
}

/// Serves another history and expects the misdeed to be named, with evidence, and the wallet to be as it was.
fn caught(bench: &Bench, server: &Server, other: Mini, misdeed: &str) {
    let before = std::fs::read(bench.path("wallet")).unwrap();
    *server.mini.lock().unwrap() = other;
    let ran = bench.peal("wallet", &["sync"]);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    assert!(ran.err.contains(&format!("the ledger {misdeed}")), "{}", ran.err);
    let evidence = bench.files(&format!("wallet.evidence-{misdeed}"));
    assert_eq!(evidence.len(), 1);
    let text = std::fs::read_to_string(&evidence[0]).unwrap();
    assert_eq!(text.matches("\n\u{2014} mini.example/1 ").count(), 2, "{text}");
    assert_eq!(std::fs::read(bench.path("wallet")).unwrap(), before);
    assert_eq!(text.contains("consistency proof (RFC 9162)"), misdeed == "rewrites", "{text}");
    // The ledger was shown the older of the two notes.
    let seen = server.mini.lock().unwrap().seen.clone();
    assert!(seen.len() == 1 && text.contains(&format!("==\n{}\n== given later", seen[0])), "{seen:?}");
    assert!(ran.err.contains("it signs nothing until its operator puts back the newest copy"), "{}", ran.err);
    // What was good stays good, offline.
    assert_eq!(bench.peal("wallet", &["show"]).code, 0);
}

#[test]
fn a_ledger_that_grows_is_followed() {
    let (bench, server) = synced();
    stranger(&mut server.mini.lock().unwrap(), 50);
    assert_eq!(bench.well("wallet", &["sync"])["new"], 0);
    pay(&bench, "2026-11");
    server.mini.lock().unwrap().tick();
    *server.weather.lock().unwrap() = Weather::Busy(2);
    let done = bench.well("wallet", &["sync"]);
    assert_eq!((done["new"].as_u64(), done["records"].as_u64()), (Some(1), Some(5)));
    assert_eq!(done["waiting"], 0);
}

#[test]
fn a_ledger_that_shrinks_is_named() {
    let (bench, server) = synced();
    let old = server.mini.lock().unwrap().clone();
    stranger(&mut server.mini.lock().unwrap(), 50);
    bench.well("wallet", &["sync"]);
    caught(&bench, &server, old, "shrinks");
}

#[test]
fn a_ledger_that_rewrites_is_named() {
    let (bench, server) = synced();
    let mut branch = server.mini.lock().unwrap().clone().diverge(2);
    stranger(&mut branch, 50);
    stranger(&mut server.mini.lock().unwrap(), 51);
    bench.well("wallet", &["sync"]);
    stranger(&mut branch, 52);
    caught(&bench, &server, branch, "rewrites");
}

#[test]
fn a_ledger_that_forks_is_named() {
    let (bench, server) = synced();
    let mut branch = server.mini.lock().unwrap().clone().diverge(2);
    stranger(&mut server.mini.lock().unwrap(), 51);
    bench.well("wallet", &["sync"]);
    stranger(&mut branch, 51);
    caught(&bench, &server, branch, "forks");
}

/// A head that only a receipt gave counts as well: the ledger may not forget a posting that it has confirmed.
#[test]
fn a_ledger_that_drops_what_a_receipt_confirmed_is_named() {
    let (bench, server) = synced();
    let mut branch = server.mini.lock().unwrap().clone().diverge(2);
    pay(&bench, "2026-11");
    branch.time += 10;
    stranger(&mut branch, 51);
    stranger(&mut branch, 52);
    let ran = bench.peal("wallet", &["sync"]);
    assert_eq!(ran.code, 0, "the honest ledger joins: {}", ran.err);
    pay(&bench, "2026-12");
    caught(&bench, &server, branch, "rewrites");
}

#[test]
fn a_head_that_is_published_late_is_waited_for() {
    let (bench, server) = synced();
    let published = server.mini.lock().unwrap().clone();
    pay(&bench, "2026-11");
    let newest = server.mini.lock().unwrap().clone();
    *server.mini.lock().unwrap() = published;
    assert_eq!(bench.well("wallet", &["sync"])["waiting"], 1);
    *server.mini.lock().unwrap() = newest;
    let done = bench.well("wallet", &["sync"]);
    assert_eq!((done["waiting"].as_u64(), done["new"].as_u64()), (Some(0), Some(1)));
}

#[test]
fn a_wallet_is_restored_from_its_words_after_rotations() {
    let (bench, server) = synced();
    for n in 1..=3 {
        assert_eq!(bench.well("wallet", &["rotate"])["generation"], n);
    }
    let words = bench.well("wallet", &["words"])["words"].as_str().unwrap().to_owned();
    bench.write("words", &words);
    let address = bench.well("wallet", &["address"])["address"].as_str().unwrap().to_owned();
    let restore = [
        "restore",
        "--ledger",
        &server.url,
        "--trust",
        "trust.txt",
        "--address",
        &address,
        "--words",
        "words",
    ];
    let done = bench.well("again", &restore);
    assert_eq!((done["rotations"].as_u64(), done["records"].as_u64()), (Some(3), Some(7)));
    assert_eq!(bench.well("again", &["rotate"])["generation"], 4);
    // Words of somebody else open nothing.
    bench.write("words", &Words::new(Zeroizing::new([8; 32])).phrase());
    let ran = bench.peal("third", &restore);
    assert_eq!((ran.code, bench.path("third").exists()), (1, false), "{}", ran.err);
}

#[test]
fn a_lost_answer_opens_and_pays_once() {
    let (bench, server) = (Bench::new(), Server::start(Mini::new(1)));
    bench.write("fund", &bench.open("fund-wallet", &server));
    *server.weather.lock().unwrap() = Weather::LoseAnswers;
    let open = ["open", "--ledger", &server.url, "--trust", "trust.txt"];
    let ran = bench.peal("wallet", &open);
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert_eq!(server.mini.lock().unwrap().records(1), 1);
    *server.weather.lock().unwrap() = Weather::Fair;
    assert_eq!(bench.well("wallet", &open)["resumed"], true);
    assert!(bench.peal("wallet", &open).err.contains("has an account already"));
    pay(&bench, "2026-10");
    assert_eq!(pay(&bench, "2026-10")["recorded_before"], true);
    assert_eq!(server.mini.lock().unwrap().records(1), 2);
}

/// A veto that an earlier run never heard of is not taken for one that counts now.
#[test]
fn a_veto_whose_answer_was_lost_is_said_again() {
    let (bench, server) = (Bench::new(), Server::start(Mini::new(1)));
    bench.open("wallet", &server);
    *server.weather.lock().unwrap() = Weather::LoseAnswers;
    let veto = ["recover", "veto"];
    assert_eq!(bench.peal("wallet", &veto).code, 3);
    assert_eq!(server.mini.lock().unwrap().records(0), 2);
    *server.weather.lock().unwrap() = Weather::Fair;
    assert_eq!(bench.well("wallet", &veto)["sequence"], 2);
    assert_eq!(server.mini.lock().unwrap().records(0), 3);
}

#[test]
fn no_ledger_is_unavailable() {
    let bench = Bench::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let ran = bench.peal("wallet", &["open", "--ledger", &url, "--trust", "trust.txt"]);
    assert_eq!(ran.code, 3);
    assert_eq!(ran.err.lines().count(), 3, "{}", ran.err);
}

#[test]
fn a_copy_that_was_tampered_with_is_refused() {
    let (bench, server) = synced();
    let before = std::fs::read(bench.path("wallet")).unwrap();
    pay(&bench, "2026-11");
    let paid = std::fs::read(bench.path("wallet")).unwrap();
    server.mini.lock().unwrap().spoil(1, 4);
    let ran = bench.peal("wallet", &["sync"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("does not hold: record 4: "), "{}", ran.err);
    assert!(bench.files("wallet.evidence").is_empty());
    assert_ne!(before, paid);
    assert_eq!(std::fs::read(bench.path("wallet")).unwrap(), paid);
}

/// Answers every request with this status and as many bytes.
fn flood(status: &'static str, bytes: usize) -> String {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let _ = stream.read(&mut [0; 4096]);
            let _ = write!(stream, "HTTP/1.1 {status}\r\ncontent-length: {bytes}\r\n\r\n");
            let _ = stream.write_all(&vec![b' '; bytes]);
        }
    });
    url
}

#[test]
fn answers_without_end_and_answers_without_sense_are_refused() {
    let bench = Bench::new();
    for (url, code, says) in [
        (flood("200 OK", 1 << 20), 1, "has more than"),
        (flood("200 OK", 10), 1, "does not say which ledger it is"),
        (flood("302 Found", 0), 1, "status 302"),
        (flood("500 Oops", 10), 3, "status 500"),
    ] {
        let ran = bench.peal("wallet", &["open", "--ledger", &url, "--trust", "trust.txt"]);
        assert_eq!(ran.code, code, "{}", ran.err);
        assert!(ran.err.contains(says), "{}", ran.err);
        assert!(!bench.path("wallet").exists());
    }
}

/// A ledger that signs with another key than the trusted one is not believed, and the opening is not taken for done.
#[test]
fn a_receipt_by_another_key_is_refused() {
    let (bench, server) = (Bench::new(), Server::start(Mini::new(1)));
    let other = support::trust_text().replace(" - -", " - 2020-01-01T00:00:00Z");
    bench.write("expired.txt", &other);
    let ran = bench.peal("wallet", &["open", "--ledger", &server.url, "--trust", "expired.txt"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.err.contains("receipt does not hold"), "{}", ran.err);
    assert_eq!(bench.peal("wallet", &["address"]).code, 2);
}
