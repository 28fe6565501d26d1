//! A look that fails half-way: the access is recorded, and what it was for is not there yet.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use support::{Bench, Mini, Server, Weather};

/// A worker, whose consent is record 1, and her union; the ledger's clock is so many seconds behind.
fn consented(behind: u64) -> (Bench, Server, String) {
    let (bench, server) = (Bench::new(), Server::start(Mini::new(1)));
    server.mini.lock().unwrap().time -= behind;
    bench.open("registrar", &server);
    let worker = bench.open("worker", &server);
    let union = bench.open("union", &server);
    let give = ["consent", "give", "--to", &union, "--right", "read", "--days", "9", "--purpose", "advice"];
    assert_eq!(bench.well("worker", &give)["consent"], 1);
    (bench, server, worker)
}

fn look<'a>(worker: &'a str, out: &'a str) -> [&'a str; 9] {
    ["look", "--account", worker, "--consent", "1", "--purpose", "advice", "--out", out]
}

#[test]
fn an_access_that_opened_nothing_yet_is_used_again() {
    let (bench, server, worker) = consented(0);
    let records = || server.mini.lock().unwrap().records(1);
    std::fs::create_dir(bench.path("taken")).unwrap();

    // The answer to the access is lost; the place for the file is taken; there is no such folder.
    *server.weather.lock().unwrap() = Weather::LoseAnswers;
    assert_eq!((bench.peal("union", &look(&worker, "hers.peal")).code, records()), (3, 3));
    *server.weather.lock().unwrap() = Weather::Fair;
    for out in ["taken", "none/hers.peal"] {
        let ran = bench.peal("union", &look(&worker, out));
        assert_eq!((ran.code, records()), (2, 3), "{}{}", ran.out, ran.err);
        let says = "as record 2, and for 10 minutes the same command needs no other";
        assert!(ran.err.contains("cannot write this file") && ran.err.contains(says), "{}", ran.err);
    }
    let done = bench.well("union", &look(&worker, "hers.peal"));
    assert_eq!((done["access"].as_u64(), records()), (Some(2), 3));
    assert!(bench.path("hers.peal").exists());

    // It is there: to look again is another access.
    assert_eq!(bench.well("union", &look(&worker, "hers.peal"))["access"], 3);
    assert_eq!(records(), 4);
}

#[test]
fn an_access_that_opens_nothing_any_more_is_said_again() {
    let (bench, server, worker) = consented(550);
    let ran = bench.peal("union", &look(&worker, "none/hers.peal"));
    assert_eq!(ran.code, 2, "{}{}", ran.out, ran.err);
    // Eleven minutes later.
    server.mini.lock().unwrap().time += 660;
    let done = bench.well("union", &look(&worker, "hers.peal"));
    assert_eq!((done["access"].as_u64(), server.mini.lock().unwrap().records(1)), (Some(3), 4));
}
