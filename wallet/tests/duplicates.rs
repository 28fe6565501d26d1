//! Two bureaus of different ledgers find whom both have bound: a blinding office runs, the other ledger's bureau is this test.

#![allow(clippy::unwrap_used)]

mod support;

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use peal_spec::address::Address;
use peal_spec::cbor::Cbor as _;
use peal_spec::hash::{Hash, Seed};
use peal_spec::identity::Token;
use peal_spec::key::PrivateKey;
use peal_spec::tokens::{SignedTokens, Tokens};
use peal_wallet::office::Card;
use support::{Bench, Mini, ORIGIN, Server, origin};

const PEOPLE: [&str; 4] = ["IN:uan:100427607286", "IN:uan:100427601130", "IN:uan:3", "IN:uan:4"];
const OTHER: &str = "other.example/1";

/// A blinding office that runs.
struct Office(Child);

impl Drop for Office {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A bureau that has bound three people, and the second of them no more.
struct Town {
    bench: Bench,
    server: Server,
    _office: Office,
    accounts: Vec<String>,
}

impl Town {
    fn new() -> Self {
        let (bench, server) = (Bench::new(), Server::start(Mini::new(1)));
        bench.well("none", &["identity", "office", "init", "office.example", "--dir", "office"]);
        let child = Command::new(env!("CARGO_BIN_EXE_peal"))
            .current_dir(bench.dir.path())
            .args([
                "identity",
                "office",
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--dir",
                "office",
                "--port-file",
                "port",
            ])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let office = Office(child);
        let port = (0..200).find_map(|_| {
            std::thread::sleep(Duration::from_millis(50));
            std::fs::read_to_string(bench.path("port")).ok().filter(|port| !port.trim().is_empty())
        });
        let url = format!("http://127.0.0.1:{}", port.unwrap().trim());
        let admit =
            ["identity", "office", "admit", "us", "--dir", "office", "--url", &url, "--kinds", "IN:uan"];
        bench.well("none", &[&admit[..], &["--out", "card"]].concat());
        bench.open("bureau", &server);
        let accounts: Vec<String> = ["a", "b", "c"].iter().map(|name| bench.open(name, &server)).collect();
        for (i, account) in accounts.iter().enumerate() {
            let out = format!("{i}.identity");
            let bind =
                ["identity", "bind", account, "--document", PEOPLE[i], "--office", "card", "--out", &out];
            assert_eq!(bench.well("bureau", &bind)["sequence"], 1);
        }
        let withdraw = ["identity", "withdraw", &accounts[1], "1", "--because", "another"];
        bench.well("bureau", &withdraw);
        Self { bench, server, _office: office, accounts }
    }

    fn token(&self, person: usize) -> Token {
        let card = Card::read(&self.bench.path("card")).unwrap();
        card.ask(&PEOPLE[person].parse().unwrap()).unwrap().token
    }

    /// What the other bureau hands over.
    fn theirs(&self, with: &str, people: &[usize], name: &str) -> String {
        let tokens: Vec<Token> = people.iter().map(|person| self.token(*person)).collect();
        let bureau = Address { number: 8, id: Hash([8; 32]) };
        let (key, time) = (PrivateKey::new(&[42; 32]), peal_wallet::clock::now().unwrap());
        let from = (OTHER.parse().unwrap(), bureau);
        let list = Tokens::new(from, with.parse().unwrap(), Seed([3; 16]), time, tokens.iter()).unwrap();
        std::fs::write(self.bench.path(name), list.sign(&key).to_bytes()).unwrap();
        Hash(key.public().0).to_string()
    }
}

#[test]
fn whom_both_have_bound_is_found_and_nobody_else() {
    let town = Town::new();
    let bench = &town.bench;
    let find =
        |file: &str, key: &str| bench.peal("bureau", &["identity", "duplicates", "find", file, "--key", key]);

    // Their list has the first, the second (whom this bureau has withdrawn) and one who is not bound here.
    let key = town.theirs(ORIGIN, &[3, 1, 0], "theirs.tokens");
    let found = bench.well("bureau", &["identity", "duplicates", "find", "theirs.tokens", "--key", &key]);
    let matches = found["matches"].as_array().unwrap();
    assert_eq!((matches.len(), found["own"].as_u64(), found["marks"].as_u64()), (1, Some(2), Some(3)));
    assert_eq!(
        (matches[0]["account"].as_str(), matches[0]["sequence"].as_u64()),
        (Some(town.accounts[0].as_str()), Some(1))
    );
    let read = SignedTokens::from_bytes(&std::fs::read(bench.path("theirs.tokens")).unwrap()).unwrap();
    assert_eq!(matches[0]["index"].as_u64(), read.tokens.place(&town.token(0)).map(|place| place as u64));
    let text = find("theirs.tokens", &key).out;
    assert!(
        text.contains("Checked: the key given") && text.contains("Not checked: that the key is"),
        "{text}"
    );
    assert!(text.contains(&town.accounts[0]), "{text}");

    // Another key, another ledger, no list.
    let ran = find("theirs.tokens", &"00".repeat(32));
    assert!(ran.code == 1 && ran.err.contains("has not signed this list"), "{}", ran.err);
    town.theirs("third.example", &[0], "third.tokens");
    let ran = find("third.tokens", &key);
    assert!(ran.code == 1 && ran.err.contains("for bureaus of third.example"), "{}", ran.err);
    assert_eq!(find("card", &key).code, 2);
    town.theirs(ORIGIN, &[3], "strangers.tokens");
    assert!(find("strangers.tokens", &key).out.contains("None of the 2 people"));
}

#[test]
fn a_bureau_answers_for_its_own_list() {
    let town = Town::new();
    let bench = &town.bench;
    let export = ["identity", "duplicates", "export", "--with", OTHER, "-o", "ours.tokens"];
    let done = bench.well("bureau", &export);
    assert_eq!(done["marks"], 2);
    let own = ["identity", "duplicates", "export", "--with", ORIGIN, "-o", "own.tokens"];
    assert_eq!(bench.peal("bureau", &own).code, 2);

    // As the other bureau reads it.
    let bytes = std::fs::read(bench.path("ours.tokens")).unwrap();
    let read = SignedTokens::from_bytes(&bytes).unwrap();
    let key: Hash = done["key"].as_str().unwrap().parse().unwrap();
    assert!(read.is_signed_by(&peal_spec::key::PublicKey(key.0)));
    assert_eq!((&read.tokens.origin, read.tokens.with.as_str()), (&origin(), OTHER));
    let places: Vec<Option<usize>> = (0..4).map(|person| read.tokens.place(&town.token(person))).collect();
    assert!(places[0].is_some() && places[1].is_none() && places[2].is_some() && places[3].is_none());
    for token in [town.token(0), town.token(2)] {
        assert!(!bytes.windows(16).any(|part| part == &token.0.0[..16]), "no token is in the file");
    }

    // After a rotation and a withdrawal, too.
    bench.well("bureau", &["rotate"]);
    bench.well("bureau", &["identity", "withdraw", &town.accounts[2], "1", "--because", "another"]);
    let (first, third) = (places[0].unwrap().to_string(), places[2].unwrap().to_string());
    let answer = bench.well("bureau", &["identity", "duplicates", "answer", "ours.tokens", &first, &third]);
    let accounts: Vec<(&str, bool)> = answer["accounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| (a["account"].as_str().unwrap(), a["stands"].as_bool().unwrap()))
        .collect();
    assert_eq!(accounts, [(town.accounts[0].as_str(), true), (town.accounts[2].as_str(), false)]);
    let ran = bench.peal("bureau", &["identity", "duplicates", "answer", "ours.tokens", "2"]);
    assert!(ran.code == 2 && ran.err.contains("has no place 2"), "{}", ran.err);
    let ran = bench.peal("a", &["identity", "duplicates", "answer", "ours.tokens", "0"]);
    assert!(ran.code == 1 && ran.err.contains("has not made this list"), "{}", ran.err);
    town.theirs(ORIGIN, &[0], "theirs.tokens");
    assert_eq!(bench.peal("bureau", &["identity", "duplicates", "answer", "theirs.tokens", "0"]).code, 1);
}

/// What another bureau has withdrawn is in the list until the ledger is asked.
#[test]
fn the_ledger_is_asked_what_still_stands() {
    let town = Town::new();
    let bench = &town.bench;
    bench.open("colleague", &town.server);
    bench.well("colleague", &["identity", "withdraw", &town.accounts[0], "1", "--because", "another"]);
    let export = |more: &[&str], out: &str| {
        let args = ["identity", "duplicates", "export", "--with", OTHER, "-o", out];
        bench.well("bureau", &[&args[..], more].concat())
    };
    assert_eq!(export(&[], "unasked.tokens")["marks"], 2);
    let asked = export(&["--ask"], "asked.tokens");
    assert_eq!((asked["marks"].as_u64(), asked["withdrawn"].as_u64()), (Some(1), Some(1)));
    assert_eq!(export(&[], "later.tokens")["marks"], 1);
}
