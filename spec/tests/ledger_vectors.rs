//! Directories of ledgers and lists of tokens in `spec/ledgers/vectors`: made here from the code, and judged again by
//! `spec/reference_ledgers.py`, which was written from the page. `PEAL_WRITE_VECTORS=1 cargo test -p peal-spec --test ledger_vectors`
//! writes them anew, and the page's examples.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use peal_spec::address::Address;
use peal_spec::cbor::{Cbor, Writer};
use peal_spec::hash::{Hash, Seed};
use peal_spec::identity::Token;
use peal_spec::key::PrivateKey;
use peal_spec::ledgers::{Block, Directory, Entry, Pinned};
use peal_spec::note::{KeyType, Note, VerifierKey};
use peal_spec::tokens::{SignedTokens, Tokens};
use peal_spec::trust::{Ledger, Pin};
use peal_spec::value::{Origin, Time};
use serde_json::{Value as Json, json};

type Vectors = BTreeMap<String, Json>;

/// 2026-09-21T14:13:20Z.
const NOW: u64 = 1_790_000_000;

fn time(after: u64) -> Time {
    Time::new(NOW + after).unwrap()
}

fn name() -> Origin {
    "directory.example".parse().unwrap()
}

fn secret(seed: u8) -> PrivateKey {
    PrivateKey::new(&[seed; 32])
}

fn key(seed: u8) -> VerifierKey {
    VerifierKey { name: name(), kind: KeyType::Ed25519, key: secret(seed).public() }
}

fn block(origin: &str, seed: u8) -> Block {
    let origin: Origin = origin.parse().unwrap();
    let operator = VerifierKey { name: origin.clone(), kind: KeyType::Ed25519, key: secret(seed).public() };
    Block { ledger: Ledger::new(origin, operator), url: None, barred: None }
}

/// The directory of the page: a ledger with a witness, one that has ended, one that is barred.
fn directory() -> Directory {
    let (mut good, mut ended, mut barred) =
        (block("ledger.example/peal", 9), block("old.example/2024", 21), block("forked.example", 22));
    let witness: Origin = "witness.example".parse().unwrap();
    let witness = VerifierKey { name: witness, kind: KeyType::Cosignature, key: secret(8).public() };
    good.ledger.witnesses.push(witness);
    good.ledger.need_witnesses = 1;
    good.url = Some("https://ledger.example".parse().unwrap());
    ended.ledger.last = Some(Pin { size: 15, root: Hash([3; 32]) });
    barred.barred = Some("two logs of 118204 entries were signed".parse().unwrap());
    let blocks = vec![good, ended, barred];
    let expires = time(90 * 86_400);
    Directory { name: name(), version: 7, issued: time(0), expires, next: Some(key(2)), blocks }
}

fn note(text: &str, seeds: &[u8]) -> Note {
    let mut note = Note { text: text.to_owned(), lines: Vec::new() };
    for seed in seeds {
        note.lines.extend(Note::sign(text.to_owned(), &name(), &secret(*seed)).lines);
    }
    note
}

fn offered(pin: &Pinned, signed: &str, after: u64, expect: &str) -> Json {
    let now = time(after);
    let judged = pin.accept(signed, now);
    let found = judged.as_ref().map_or_else(|e| e.name(), |_| "valid");
    assert_eq!(found, expect, "{signed}");
    let mut vector = json!({ "kind": "directory", "expect": expect, "pin": pin.to_string(), "signed": signed, "now": now.seconds() });
    match judged {
        Ok((directory, pinned)) => {
            vector["pinned"] = json!(pinned.to_string());
            let looks = ["ledger.example/peal", "old.example/2024", "forked.example", "none.example"].map(|origin| {
                let origin: Origin = origin.parse().unwrap();
                let entry = match directory.lookup(&origin, now).entry {
                    Entry::Known(_) => "known",
                    Entry::Unknown => "unknown",
                    Entry::Barred(_) => "barred",
                    Entry::Ended(..) => "ended",
                };
                json!({ "origin": origin.to_string(), "entry": entry, "list": directory.ledger_list(&origin) })
            });
            vector["looks"] = json!(looks);
        }
        Err(peal_spec::ledgers::Refused::Malformed(bad)) => vector["line"] = json!(bad.line),
        Err(_) => {}
    }
    vector
}

#[allow(clippy::too_many_lines)]
fn directories(all: &mut Vectors) {
    let mut put =
        |name: &str, vector: Json| assert!(all.insert(format!("directory-{name}"), vector).is_none());
    let (good, first) = (directory(), Pinned::new(key(1)));
    let text = good.to_string();
    let signed = note(&text, &[1]).to_string();
    let seen = first.accept(&signed, time(0)).unwrap().1;
    put("good", offered(&first, &signed, 0, "valid"));
    put("the-same-again", offered(&seen, &signed, 5, "valid"));
    put("600-seconds-ahead", {
        let ahead = Directory { issued: time(600), ..good.clone() };
        offered(&first, &note(&ahead.to_string(), &[1]).to_string(), 0, "valid")
    });
    let later = Directory { version: 8, next: None, ..good.clone() };
    let later_text = later.to_string();
    put("later", offered(&seen, &note(&later_text, &[1]).to_string(), 5, "valid"));
    put("by-the-next-key", offered(&seen, &note(&later_text, &[2]).to_string(), 5, "valid"));
    put("by-both-keys", offered(&seen, &note(&later_text, &[1, 2]).to_string(), 5, "valid"));
    put(
        "by-both-keys-the-next-unknown",
        offered(&first, &note(&later_text, &[1, 2]).to_string(), 5, "valid"),
    );
    put("by-an-unknown-key-too", offered(&seen, &note(&later_text, &[3, 1]).to_string(), 5, "valid"));

    put("no-signature", offered(&seen, &later_text, 5, "no-note"));
    put(
        "carriage-returns",
        offered(&seen, &note(&later_text, &[1]).to_string().replace('\n', "\r\n"), 5, "no-note"),
    );
    let mut flipped = note(&later_text, &[1]);
    flipped.lines[0].blob[10] ^= 1;
    put("signature-flipped", offered(&seen, &flipped.to_string(), 5, "bad-signature"));
    let mut one_bad = note(&later_text, &[1, 2]);
    one_bad.lines[1].blob[10] ^= 1;
    put("next-signature-flipped", offered(&seen, &one_bad.to_string(), 5, "bad-signature"));
    put("text-changed", offered(&seen, &signed.replacen("version 7", "version 8", 1), 5, "bad-signature"));
    put("by-another-key", offered(&seen, &note(&later_text, &[3]).to_string(), 5, "not-signed"));
    put("by-a-next-key-that-only-it-names", offered(&first, &note(&text, &[2]).to_string(), 5, "not-signed"));
    let moved = seen.accept(&note(&later_text, &[2]).to_string(), time(5)).unwrap().1;
    let last = Directory { version: 9, ..later.clone() };
    put("by-the-key-before", offered(&moved, &note(&last.to_string(), &[1]).to_string(), 5, "not-signed"));
    let mut cosigned = note(&later_text, &[]);
    cosigned.cosign(&name(), &secret(1), time(5));
    put("cosigned-only", offered(&seen, &cosigned.to_string(), 5, "not-signed"));
    let renamed = text.replace("name directory.example", "name other.example");
    let renamed = renamed.replace(&format!("next {}\n", key(2)), "");
    put("other-name", offered(&first, &note(&renamed, &[1]).to_string(), 5, "other-name"));
    let older = Directory { version: 6, ..good.clone() };
    put("older", offered(&seen, &note(&older.to_string(), &[1]).to_string(), 5, "rolled-back"));
    let forked = Directory { expires: time(1), ..good.clone() };
    put("same-version-other-text", offered(&seen, &note(&forked.to_string(), &[1]).to_string(), 0, "forked"));
    let ahead = Directory { issued: time(601), ..good.clone() };
    put("601-seconds-ahead", offered(&first, &note(&ahead.to_string(), &[1]).to_string(), 0, "early"));
    put("expired", offered(&first, &signed, 90 * 86_400, "expired"));

    let swap = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    };
    let operator = text.lines().find(|line| line.starts_with("operator")).unwrap();
    let faults = [
        ("first-line", swap("peal ledgers 1", "peal ledgers 2")),
        ("name-missing", swap("name directory.example\n", "")),
        ("version-zero", swap("version 7", "version 0")),
        ("version-leading-zero", swap("version 7", "version 07")),
        ("version-too-large", swap("version 7", "version 9007199254740992")),
        ("issued-without-z", swap("20Z\nexpires", "20\nexpires")),
        ("expires-before-it-is-issued", swap("expires 2026", "expires 2025")),
        (
            "order-of-the-head",
            swap("name directory.example\nversion 7\n", "version 7\nname directory.example\n"),
        ),
        ("next-of-another-name", {
            let other = VerifierKey { name: "other.example".parse().unwrap(), ..key(2) };
            swap(&key(2).to_string(), &other.to_string())
        }),
        ("next-that-cosigns", {
            swap(&key(2).to_string(), &VerifierKey { kind: KeyType::Cosignature, ..key(2) }.to_string())
        }),
        ("next-twice", swap(&format!("next {}\n", key(2)), &format!("next {0}\nnext {0}\n", key(2)))),
        ("no-blank-line", swap("\n\nledger", "\nledger")),
        ("two-blank-lines", swap("\n\nledger old", "\n\n\nledger old")),
        ("no-ledger", format!("{}\n\n", text.split("\n\n").next().unwrap())),
        ("comment", swap("ledger old", "# gone\nledger old")),
        ("unknown-word", swap("fresh 604800", "frsh 604800")),
        ("fresh-left-out", swap("fresh 604800\n", "")),
        (
            "order-of-the-block",
            swap(
                "need 1 witnesses 0 auditors\nfresh 604800\n",
                "fresh 604800\nneed 1 witnesses 0 auditors\n",
            ),
        ),
        ("two-spaces", swap("fresh 604800", "fresh  604800")),
        ("ledger-twice", swap("ledger old.example/2024", "ledger ledger.example/peal")),
        ("operator-missing", swap(&format!("{operator}\n"), "")),
        ("needs-more-than-keys", swap("need 1", "need 2")),
        ("url-without-tls", swap("https://", "http://")),
        ("url-with-a-slash-at-its-end", swap("https://ledger.example", "https://ledger.example/")),
        ("url-with-a-query", swap("https://ledger.example", "https://ledger.example?a")),
        ("url-with-a-user", swap("https://ledger.example", "https://me@ledger.example")),
        (
            "url-twice",
            swap("url https://ledger.example\n", "url https://ledger.example\nurl https://ledger.example\n"),
        ),
        ("url-before-any-ledger", swap("\n\nledger", "\n\nurl https://ledger.example\nledger")),
        ("reason-empty", swap("two logs of 118204 entries were signed", "")),
        ("reason-of-129-bytes", swap("two logs of 118204 entries were signed", &"x".repeat(129))),
        ("barred-twice", swap("barred two logs", "barred so\nbarred two logs")),
    ];
    for (name, faulty) in faults {
        put(name, offered(&first, &note(&faulty, &[1]).to_string(), 0, "malformed"));
    }
    let local = swap("https://ledger.example", "http://127.0.0.1:7878/peal");
    put("url-of-this-machine", offered(&first, &note(&local, &[1]).to_string(), 0, "valid"));
}

fn token(n: u8) -> Token {
    Token(Hash([n; 32]))
}

fn list() -> Tokens {
    let bureau = Address { number: 12, id: Hash([12; 32]) };
    let (origin, with) = ("ledger.example/peal".parse().unwrap(), "old.example/2024".parse().unwrap());
    let bound = [token(1), token(2), token(3)];
    Tokens::new((origin, bureau), with, Seed([7; 16]), time(0), bound.iter()).unwrap()
}

fn given(file: &[u8], expect: &str) -> Json {
    let (own, read) = ([token(3), token(4), token(1)], SignedTokens::from_bytes(file));
    let found = match &read {
        Err(_) => "malformed",
        Ok(signed) if !signed.is_signed_by(&secret(5).public()) => "bad-signature",
        Ok(_) => "valid",
    };
    assert_eq!(found, expect);
    let mut vector = json!({ "kind": "tokens", "expect": expect, "key": Hash(secret(5).public().0).to_string(), "file": hex::encode(file) });
    if let Ok(signed) = read {
        vector["own"] = json!(own.map(|token| token.0.to_string()));
        vector["places"] = json!(own.map(|token| signed.tokens.place(&token)));
    }
    vector
}

fn tokens(all: &mut Vectors) {
    let mut put = |name: &str, vector: Json| assert!(all.insert(format!("tokens-{name}"), vector).is_none());
    let sign = |list: Tokens| list.sign(&secret(5)).to_bytes();
    let good = sign(list());
    put("good", given(&good, "valid"));
    put("none", given(&sign(Tokens { marks: Vec::new(), ..list() }), "valid"));
    put("other-nonce", given(&sign(Tokens { nonce: Seed([8; 16]), ..list() }), "valid"));
    put("by-another-key", given(&list().sign(&secret(6)).to_bytes(), "bad-signature"));
    let changed = SignedTokens {
        tokens: Tokens { time: time(1), ..list() },
        ..SignedTokens::from_bytes(&good).unwrap()
    };
    put("time-changed", given(&changed.to_bytes(), "bad-signature"));
    let marks = |change: &dyn Fn(&mut Vec<Seed>)| {
        let mut list = list();
        change(&mut list.marks);
        sign(list)
    };
    put("unsorted", given(&marks(&|marks| marks.swap(0, 1)), "malformed"));
    put("mark-twice", given(&marks(&|marks| marks.insert(0, marks[0])), "malformed"));
    put("for-its-own-ledger", given(&sign(Tokens { with: list().origin, ..list() }), "malformed"));
    put("cut", given(&good[..good.len() - 1], "malformed"));
    put("longer", given(&[&good[..], &[0]].concat(), "malformed"));
    put("other-title", given(&replace(&good, b"peal tokens 1", b"peal tokens 2"), "malformed"));
    let mut seven = Writer::default();
    seven.array(7);
    seven.raw(&good[1..good.len() - 66]);
    put("unsigned", given(&seven.into_bytes(), "malformed"));
}

fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = bytes.windows(from.len()).position(|w| w == from).unwrap();
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("ledgers/vectors")
}

/// The page with its examples filled in: `<!-- vector: NAME FIELD -->` stands before the text of that field, and hexadecimal is folded.
fn page_with_examples(page: &str, all: &Vectors) -> String {
    let mut parts = page.split("<!-- vector: ");
    let mut out = parts.next().unwrap().to_owned();
    for part in parts {
        let (at, rest) = part.split_once(" -->\n```\n").unwrap();
        let (name, field) = at.split_once(' ').unwrap();
        let after = rest.split_once("\n```\n").unwrap().1;
        let text =
            all[name][field].as_str().unwrap_or_else(|| panic!("the page shows {at}, which is no vector"));
        let folded: Vec<String> = text
            .trim_end()
            .lines()
            .flat_map(|line| match line.is_empty() {
                true => vec![String::new()],
                false => line
                    .chars()
                    .collect::<Vec<_>>()
                    .chunks(if field == "file" { 120 } else { 400 })
                    .map(|c| c.iter().collect())
                    .collect(),
            })
            .collect();
        out += &format!("<!-- vector: {at} -->\n```\n{}\n```\n{after}", folded.join("\n"));
    }
    out
}

#[test]
fn what_is_kept_is_what_the_code_gives() {
    let mut made = Vectors::new();
    directories(&mut made);
    tokens(&mut made);
    for (name, vector) in &mut made {
        vector["note"] = json!(name.split_once('-').unwrap().1.replace('-', " "));
    }
    let text = |vector: &Json| format!("{}\n", serde_json::to_string_pretty(vector).unwrap());
    let page_file = Path::new(env!("CARGO_MANIFEST_DIR")).join("ledgers.md");
    let page = std::fs::read_to_string(&page_file).unwrap();
    let filled = page_with_examples(&page, &made);
    if std::env::var_os("PEAL_WRITE_VECTORS").is_some() {
        std::fs::create_dir_all(folder()).unwrap();
        for entry in std::fs::read_dir(folder()).unwrap() {
            std::fs::remove_file(entry.unwrap().path()).unwrap();
        }
        for (name, vector) in &made {
            std::fs::write(folder().join(format!("{name}.json")), text(vector)).unwrap();
        }
        std::fs::write(&page_file, &filled).unwrap();
    } else {
        assert!(page == filled, "an example in spec/ledgers.md is not its vector");
    }
    let kept = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let kept: BTreeMap<String, String> = kept
        .map(|path| {
            (path.file_stem().unwrap().to_str().unwrap().to_owned(), std::fs::read_to_string(&path).unwrap())
        })
        .collect();
    assert_eq!(made.keys().collect::<Vec<_>>(), kept.keys().collect::<Vec<_>>());
    for (name, vector) in &made {
        assert_eq!(text(vector), kept[name], "{name}");
    }
    let refusals = made.values().filter(|vector| vector["expect"] != "valid").count();
    assert!(refusals * 2 > made.len(), "most vectors are refusals");
}
