//! The directory of ledgers, by the built program: made, pinned, replaced, asked.

#![allow(clippy::unwrap_used)]

mod support;

use std::io::{Read as _, Write as _};

use peal_spec::note::{KeyType, VerifierKey};
use support::{Bench, ORIGIN, operator, origin, trust_text};

const FAR: &str = "2099-01-01";

/// A publisher, and a list of three ledgers, of which one is barred and one has ended.
fn publisher() -> (Bench, String) {
    let bench = Bench::new();
    let key = bench.well("none", &["ledgers", "key", "directory.key", "--name", "directory.example"]);
    let other = |name: &str| {
        let key =
            VerifierKey { name: name.parse().unwrap(), kind: KeyType::Ed25519, key: operator().public() };
        format!("\nledger {name}\noperator {key} - -\n")
    };
    let list = format!(
        "{}url https://mini.example\n{}barred it has signed two logs\n# gone\n{}final 15 AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=\n",
        trust_text(),
        other("barred.example"),
        other("ended.example")
    );
    bench.write("list.txt", &list);
    (bench, key["key"].as_str().unwrap().to_owned())
}

fn make(bench: &Bench, version: &str, more: &[&str], out: &str) {
    let args = ["ledgers", "make", "list.txt", "--key", "directory.key", "--version", version, "-o", out];
    bench.well("none", &[&args, more].concat());
}

/// Version 1 is pinned.
fn pinned() -> Bench {
    let (bench, key) = publisher();
    make(&bench, "1", &["--expires", FAR], "1.note");
    bench.well("wallet", &["ledgers", "pin", "1.note", "--key", &key]);
    bench
}

#[test]
fn a_directory_is_made_pinned_and_asked() {
    let bench = pinned();
    assert!(bench.path("ledgers.note").exists() && bench.path("ledgers.pin").exists());
    let list = bench.well("wallet", &["ledgers", "list"]);
    assert_eq!((list["version"].as_u64(), list["stale"].as_bool()), (Some(1), Some(false)));
    assert_eq!(list["ledgers"].as_array().unwrap().len(), 3);
    let text = bench.peal("wallet", &["ledgers", "list"]).out;
    assert!(
        text.contains("good until 2099-01-01T00:00:00Z") && text.contains("https://mini.example"),
        "{text}"
    );
    for (name, code, says) in [
        (ORIGIN, 0, "is known"),
        ("none.example", 4, "nothing bad of it"),
        ("ended.example", 5, "has ended, at 15 entries"),
        ("barred.example", 6, "is barred: it has signed two logs"),
    ] {
        let ran = bench.peal("wallet", &["ledgers", "check", name]);
        assert_eq!(ran.code, code, "{name}");
        assert!(ran.out.contains(says), "{}", ran.out);
    }
    // What it shows is a trust list that other commands take.
    let shown = bench.peal("wallet", &["ledgers", "show", ORIGIN]).out;
    assert_eq!(shown, trust_text());
    bench.write("shown.txt", &shown);
    assert_eq!(bench.well("none", &["trust", "check", "shown.txt"])["good"], true);
    for (name, says) in [("barred.example", "bars barred.example"), ("none.example", "does not have")] {
        let ran = bench.peal("wallet", &["ledgers", "show", name]);
        assert_eq!(ran.code, 1);
        assert!(ran.err.contains(says), "{}", ran.err);
    }
    let elsewhere = bench.peal("wallet", &["ledgers", "list", "--directory", "nowhere.note"]);
    assert_eq!(elsewhere.code, 2);
    assert!(elsewhere.err.contains("no directory of ledgers is pinned"), "{}", elsewhere.err);
}

#[test]
fn a_directory_goes_forward_only_and_keeps_its_publisher() {
    let bench = pinned();
    let update = |file: &str| bench.peal("wallet", &["ledgers", "update", file]);
    make(&bench, "3", &["--expires", FAR], "3.note");
    make(&bench, "2", &["--expires", FAR], "2.note");
    make(&bench, "3", &["--expires", "2098-01-01"], "other-3.note");
    assert_eq!(update("3.note").code, 0);
    assert_eq!(update("3.note").code, 0);
    for (file, says) in [("2.note", "rolled-back: "), ("other-3.note", "forked: "), ("list.txt", "no-note: ")]
    {
        let ran = update(file);
        assert_eq!(ran.code, 1);
        assert!(ran.err.contains(says), "{}", ran.err);
    }
    assert_eq!(bench.well("wallet", &["ledgers", "list"])["version"], 3);
    assert_eq!(bench.files("ledgers.evidence").len(), 1);

    // A key is replaced by one that a version before has named.
    let next = bench.well("none", &["ledgers", "key", "next.key", "--name", "directory.example"]);
    let next = next["key"].as_str().unwrap();
    let by_next = |version: &str, out: &str| {
        let args =
            ["ledgers", "make", "list.txt", "--key", "next.key", "--version", version, "--expires", FAR];
        bench.well("none", &[&args[..], &["-o", out]].concat());
    };
    by_next("4", "early.note");
    assert!(update("early.note").err.contains("not-signed: "));
    make(&bench, "4", &["--expires", FAR, "--next", next], "4.note");
    make(&bench, "5", &["--expires", FAR, "--key", "next.key"], "5.note");
    by_next("6", "6.note");
    make(&bench, "7", &["--expires", FAR], "7.note");
    for file in ["4.note", "5.note", "6.note"] {
        let ran = update(file);
        assert_eq!(ran.code, 0, "{}", ran.err);
    }
    assert_eq!(bench.well("wallet", &["ledgers", "list"])["key"], next);
    assert!(update("7.note").err.contains("not-signed: "));
}

#[test]
fn a_directory_that_has_expired_says_so() {
    let (bench, key) = publisher();
    // A key that is pinned, and a version that expires a moment later.
    let now = peal_wallet::clock::now().unwrap().seconds();
    let soon = peal_spec::value::Time::new(now + 4).unwrap().to_string();
    make(&bench, "1", &["--expires", &soon], "1.note");
    bench.well("wallet", &["ledgers", "pin", "1.note", "--key", &key]);
    while peal_wallet::clock::now().unwrap().seconds() < now + 4 {
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    for (name, code) in [(ORIGIN, 7), ("none.example", 7), ("ended.example", 5), ("barred.example", 6)] {
        let ran = bench.peal("wallet", &["ledgers", "check", name]);
        assert_eq!(ran.code, code, "{name}");
        assert!(ran.out.contains("The directory is stale"), "{}", ran.out);
    }
    let shown = bench.peal("wallet", &["ledgers", "show", ORIGIN]);
    assert_eq!((shown.code, shown.out), (0, trust_text()));
    assert!(shown.err.contains("warning: the directory is stale"), "{}", shown.err);
    assert!(bench.peal("wallet", &["ledgers", "update", "1.note"]).err.contains("expired: "));
}

#[test]
fn what_is_faulty_is_not_signed_and_not_pinned() {
    let (bench, key) = publisher();
    let make = |list: &str, more: &[&str]| {
        bench.write("faulty.txt", list);
        let args =
            ["ledgers", "make", "faulty.txt", "--key", "directory.key", "--version", "1", "-o", "x.note"];
        let ran = bench.peal("none", &[&args[..], more].concat());
        assert_eq!(ran.code, 2);
        assert!(!bench.path("x.note").exists());
        ran.err
    };
    let far = ["--expires", FAR];
    assert!(make(&format!("{}urll x\n", trust_text()), &far).contains("faulty.txt, line 7"));
    assert!(make(&format!("{}url http://mini.example\n", trust_text()), &far).contains("a URL as"));
    assert!(make("", &far).contains("no ledger"));
    assert!(make(&trust_text(), &["--expires", "2020-01-01"]).contains("would expire"));
    assert!(make(&trust_text(), &["--expires", "soon"]).contains("a day as 2027-01-01"));
    assert!(make(&trust_text(), &[&far[..], &["--name", "other.example"]].concat()).contains("names differ"));
    let witness = VerifierKey { name: origin(), kind: KeyType::Cosignature, key: operator().public() };
    self::make(&bench, "1", &far, "1.note");
    for (key, code, says) in [
        (witness.to_string(), 2, "cosigns"),
        (VerifierKey { kind: KeyType::Ed25519, ..witness }.to_string(), 1, "not-signed: "),
    ] {
        let ran = bench.peal("wallet", &["ledgers", "pin", "1.note", "--key", &key]);
        assert_eq!(ran.code, code);
        assert!(ran.err.contains(says), "{}", ran.err);
    }
    assert!(!bench.path("ledgers.pin").exists());
    bench.well("wallet", &["ledgers", "pin", "1.note", "--key", &key]);
    assert_eq!(bench.peal("wallet", &["ledgers", "pin", "1.note", "--key", &key]).code, 2);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let file = bench.path("directory.key");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(make(&trust_text(), &far).contains("can be read by others"));
    }
}

#[test]
fn a_directory_is_fetched_from_a_url() {
    let (bench, key) = publisher();
    make(&bench, "1", &["--expires", FAR], "1.note");
    let note = bench.read("1.note");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/ledgers.note", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut asked = [0; 4096];
            let length = stream.read(&mut asked).unwrap_or(0);
            let found = asked[..length].starts_with(b"GET /ledgers.note ");
            let (status, body) = if found { ("200 OK", note.as_str()) } else { ("404 No", "") };
            let length = body.len();
            let _ = write!(
                stream,
                "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            );
        }
    });
    bench.well("wallet", &["ledgers", "pin", &url, "--key", &key]);
    bench.well("wallet", &["ledgers", "update", &url]);
    let ran = bench.peal("wallet", &["ledgers", "update", &format!("{url}x")]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("the directory's server answered with status 404"), "{}", ran.err);
}
