//! Secrets and people stay where they belong: files that hold them are their owner's alone, whatever the umask; nothing of them is in the
//! daemon's log, metrics or refusals at the most talkative level; keys are wiped when dropped and not printed.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use peal_spec::address::Address;
use peal_spec::cbor::Cbor as _;
use peal_spec::key::{KeyChain, PrivateKey};
use peal_spec::statement::contribution::Payer;
use peal_spec::statement::{Amount, Body, Contribution, Evidence, Source, Statement, What};
use peal_spec::value::{Insurance, Time};
use peal_tests::cast::{Signer, now, random};
use peal_tests::client::{Client, Offices};
use peal_tests::raw::Wire;
use peal_tests::{Daemon, bin};
use zeroize::{ZeroizeOnDrop, Zeroizing};

const ORIGIN: &str = "keys.example/1";
const PASSPHRASE: &str = "correct horse battery staple";

/// Runs a program as someone whose files are for everybody unless it says otherwise.
fn carelessly(program: &str, wallet: &Path, args: &[&str]) -> String {
    let out = Command::new("sh")
        .args(["-c", "umask 0; exec \"$@\"", "sh"])
        .arg(bin(program))
        .args(args)
        .env("PEAL_WALLET", wallet)
        .env("PEAL_PASSPHRASE", PASSPHRASE)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(out.status.success(), "{program} {args:?}: {text}{}", String::from_utf8_lossy(&out.stderr));
    text
}

/// Every file below a directory.
fn below(dir: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(below(&path));
        }
        all.push(path);
    }
    all
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn files_with_secrets_are_their_owners_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, people) = (dir.path().join("ledger"), dir.path().join("people"));
    std::fs::create_dir(&people).unwrap();
    let args = ["init", "--origin", ORIGIN, "--listen", "127.0.0.1:0", "--dir", ledger.to_str().unwrap()];
    carelessly("peald", &people, &args);
    for (name, expected) in [("operator.key", 0o600), ("registrar.words", 0o600), ("db", 0o700)] {
        assert_eq!(mode(&ledger.join(name)), expected, "{name}");
    }
    // A key that others can read is not used.
    std::fs::set_permissions(ledger.join("operator.key"), PermissionsExt::from_mode(0o640)).unwrap();
    let out = Command::new(bin("peald")).args(["serve", "--dir"]).arg(&ledger).output().unwrap();
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.code() == Some(2) && text.contains("can be read by others"), "{text}");
    std::fs::set_permissions(ledger.join("operator.key"), PermissionsExt::from_mode(0o600)).unwrap();

    let mut daemon = Daemon::found(&ledger);
    daemon.start();
    let (wallet, words) = (people.join("wallet"), people.join("words"));
    let trust = ledger.join("trust");
    let at = ["--ledger", daemon.url(), "--trust", trust.to_str().unwrap()];
    let restore = ["restore", "--words", "registrar.words", "--address"];
    let address = std::fs::read_to_string(ledger.join("registrar.address")).unwrap();
    let registrar_words = ledger.join("registrar.words");
    let restore: Vec<&str> = restore
        .iter()
        .map(|a| if *a == "registrar.words" { registrar_words.to_str().unwrap() } else { a })
        .chain([address.trim()])
        .chain(at)
        .collect();
    let registrar = people.join("registrar");
    carelessly("peal", &registrar, &restore);
    carelessly("peal", &wallet, &[&["open", "--words-out", words.to_str().unwrap()][..], &at].concat());
    let address = carelessly("peal", &wallet, &["address"]);
    carelessly("peal", &registrar, &["grant", address.trim(), "--role", "platform"]);
    let members = people.join("members");
    std::fs::write(&members, "worker,name\n1,Lin Mei\n2,Wang Jun\n").unwrap();
    let (roster, cards) = (people.join("roster"), people.join("cards"));
    let (roster, cards) = (roster.to_str().unwrap(), cards.to_str().unwrap());
    let enrol = ["enrol", members.to_str().unwrap(), "--roster", roster, "--cards", cards];
    carelessly("peal", &wallet, &enrol);
    carelessly("peal", &wallet, &["sync"]);
    let proof = people.join("proof");
    carelessly("peal", &wallet, &["prove", "--out", proof.to_str().unwrap()]);
    assert!(daemon.stop());

    // All that the tool has written is its owner's, what looks harmless included; the outbox holds sealed words.
    let mut outbox = 0;
    for path in below(&people).iter().filter(|p| **p != members) {
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode(path), expected, "{}", path.display());
        outbox += usize::from(path.to_string_lossy().contains(".outbox"));
    }
    assert!(outbox >= 2, "the outbox of enrolled members is kept");
    assert_eq!(std::fs::read_to_string(&words).unwrap().split_whitespace().count(), 24);
}

/// A secret or a person in every form in which it could be written.
fn forms(name: &str, bytes: &[u8]) -> Vec<(String, String)> {
    [
        hex::encode(bytes),
        hex::encode_upper(bytes),
        STANDARD.encode(bytes),
        STANDARD_NO_PAD.encode(bytes),
        URL_SAFE_NO_PAD.encode(bytes),
        format!("{bytes:?}").trim_matches(['[', ']']).to_owned(),
    ]
    .into_iter()
    .map(|form| (name.to_owned(), form))
    .collect()
}

fn text(name: &str, text: &str) -> Vec<(String, String)> {
    let mut all = forms(name, text.as_bytes());
    all.push((name.to_owned(), text.to_owned()));
    all
}

#[test]
fn nothing_of_keys_or_people_is_logged_or_measured() {
    let dir = tempfile::tempdir().unwrap();
    let mut daemon = Daemon::init(&dir.path().join("ledger"), ORIGIN);
    daemon.set("level", "\"debug\"");
    daemon.start();
    let offices = Offices::found(&daemon, ORIGIN);
    let client = Client::new(daemon.url());
    let platform = &offices.platform;
    let seed: [u8; 64] = std::array::from_fn(|i| (i as u8).wrapping_mul(37).wrapping_add(11));
    let mut worker = Signer::from_seed(&platform.origin, seed, offices.fund.address.unwrap());
    worker.address = None;
    client.open(&mut worker);
    let about = worker.address.unwrap();

    // A posting with a refused statement, and with contents that are nowhere else.
    let paid = |reference: &str| {
        let body = Body::Contribution(Contribution {
            who: Payer {
                source: Source::Platform,
                issuer: platform.address.unwrap(),
                reference: reference.parse().unwrap(),
            },
            what: What {
                insurance: Insurance::PENSION,
                scheme: "scheme-zanzibar".parse().unwrap(),
                fund: offices.fund.address.unwrap(),
            },
            amount: Amount {
                amount: 918_273_645_546,
                credited: 716_253_443_526,
                base: Some(4_591_368_227_731),
                currency: "XTS".parse().unwrap(),
            },
            evidence: Some(Evidence {
                orders: Some(81_726_354),
                shift: Some((Time::default(), now())),
                place: Some("Quetzaltenango".parse().unwrap()),
            }),
        });
        Statement::new(random(), Some(about), now(), None, Some("1987-07".parse().unwrap()), &body)
    };
    let first = platform.post(vec![paid("reference-okapi")]);
    let receipt = client.post_ok(&first);
    let twice = platform.post(vec![paid("reference-okapi"), paid("reference-quokka")]);
    client.post(&twice.to_bytes());
    // Refused whole: a key that is not hers, damage, another ledger.
    let stranger = Signer::from_seed(&platform.origin, [3; 64], platform.address.unwrap());
    client.post(&stranger.post(vec![paid("reference-axolotl")]).to_bytes());
    let mut damaged = first.to_bytes();
    *damaged.last_mut().unwrap() ^= 1;
    client.post(&damaged);
    let elsewhere = Signer::from_seed(&"elsewhere.example".parse().unwrap(), seed, about);
    client.post(&elsewhere.post(vec![elsewhere.opening(None)]).to_bytes());

    // A wallet that opens, pays, syncs; reads that are not signed, for other hosts, of paths that are not there.
    let wallet = dir.path().join("wallet");
    let trust = daemon.dir().join("trust");
    let open = ["open", "--ledger", daemon.url(), "--trust", trust.to_str().unwrap(), "--json"];
    let opened: serde_json::Value = serde_json::from_str(&peal_tests::peal_ok(&wallet, &open)).unwrap();
    let her_own: Address = opened["address"].as_str().unwrap().parse().unwrap();
    let fund = offices.fund.address.unwrap().to_string();
    let pay = [
        "pay",
        "--month",
        "1987-08",
        "--insurance",
        "pension",
        "--scheme",
        "scheme-ouagadougou",
        "--amount",
        "7364518.29",
        "--currency",
        "XTS",
        "--fund",
        &fund,
    ];
    peal_tests::peal_ok(&wallet, &pay);
    peal_tests::peal_ok(&wallet, &["sync"]);
    let words: serde_json::Value =
        serde_json::from_str(&peal_tests::peal_ok(&wallet, &["words", "--json"])).unwrap();
    let words = words["words"].as_str().unwrap().to_owned();
    let digest = receipt.posting.to_string();
    let key = std::fs::read_to_string(daemon.dir().join("operator.key")).unwrap().trim().to_owned();
    let mut said = Vec::new();
    for target in [
        format!("/v1/accounts/{about}/records?from=0"),
        format!("/v1/accounts/{about}/nothing"),
        format!("/v1/accounts/{about}x/proof?months=1987-07"),
        format!("/v1/postings/{digest}"),
        format!("/{key}?key={key}"),
        format!("/tile/0/{about}"),
        format!("/v1/verify/{}", words.replace(' ', "-")),
        "/%ff%00".to_owned(),
    ] {
        for host in ["evil.example", daemon.url().trim_start_matches("http://")] {
            let mut wire = Wire::open(&daemon);
            let headers = format!(
                "Signature-Input: peal=(\"@method\");created=1;keyid=\"{about}\"\r\nSignature: peal=:{key}:\r\nX-Key: {key}\r\nReferer: {words}\r\n"
            );
            wire.send(
                format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n")
                    .as_bytes(),
            );
            said.extend(wire.rest().0);
        }
    }
    assert!(said.iter().any(|a| a.status == 401) && said.iter().any(|a| a.status == 404));
    // Requests that hyper gives up on, with a secret in what it could not read.
    for bytes in [format!("{key}\r\n\r\n"), format!("GET / HTTP/1.1\r\n{key} {words}\r\n\r\n")] {
        let mut wire = Wire::open(&daemon);
        wire.send(bytes.as_bytes());
        wire.finish();
        wire.rest();
    }
    let metrics = String::from_utf8(client.get("/metrics").1).unwrap();
    assert!(daemon.stop());
    let log = daemon.log();
    assert!(log.contains("DEBUG"), "the most talkative level: {log}");
    assert!(log.lines().count() > 30, "{log}");

    let mut secrets = Vec::new();
    let private = |name: &str, key: &PrivateKey| forms(name, key.secret().as_slice());
    secrets.extend(text("operator.key", &key));
    secrets.extend(forms("operator.key", &hex::decode(&key).unwrap()));
    let registrar = std::fs::read_to_string(daemon.dir().join("registrar.words")).unwrap();
    for (name, phrase) in [("registrar.words", registrar.trim()), ("words", words.as_str())] {
        let mnemonic = bip39::Mnemonic::parse_normalized(phrase).unwrap();
        secrets.extend(text(name, phrase));
        secrets.extend(text(name, &phrase.split(' ').take(3).collect::<Vec<_>>().join(" ")));
        secrets.extend(text(name, &phrase.replace(' ', "-")));
        secrets.extend(forms(name, &mnemonic.to_entropy()));
        secrets.extend(forms(name, &mnemonic.to_seed("")));
    }
    let chain = KeyChain::new(seed);
    secrets.extend(private("signing key", &chain.signing(0)));
    secrets.extend(private("next key", &chain.signing(1)));
    secrets.extend(private("reading key", &chain.reading(0)));
    secrets.extend(forms("reading key", &chain.reading(0).public().0));
    secrets.extend(text("passphrase", PASSPHRASE));
    for (name, address) in [("worker", about), ("wallet", her_own), ("platform", platform.address.unwrap())] {
        let written = address.to_string();
        secrets.extend(text(name, &written));
        // Any third of it, too: it is never shown in part.
        let third = written.len() / 3;
        secrets.extend(text(name, &written[third..2 * third]));
        secrets.extend(forms(name, &address.id.0));
    }
    for word in [
        "okapi",
        "quokka",
        "axolotl",
        "zanzibar",
        "ouagadougou",
        "Quetzaltenango",
        "XTS",
        "1987-07",
        "198707",
        "1987-08",
        "918273645546",
        "716253443526",
        "4591368227731",
        "81726354",
        "736451829",
        "7364518.29",
        "evil.example",
        "elsewhere.example",
    ] {
        secrets.extend(text(word, word));
    }
    for bytes in [&first, &twice].map(|p| p.to_bytes()) {
        secrets.extend(forms("a posting", &bytes[..64]));
    }
    secrets.extend(text("a posting's digest", &digest));
    for (name, form) in secrets.iter().filter(|(_, form)| form.len() > 2) {
        for (place, written) in [("log", &log), ("metrics", &metrics)] {
            let line = written.lines().find(|l| l.contains(form.as_str()));
            assert_eq!(line, None, "{name} is in the {place}");
        }
    }
    // What the search finds where it is.
    assert!(forms("operator.key", &hex::decode(&key).unwrap()).iter().any(|(_, f)| key == *f));
}

#[test]
fn keys_are_wiped_when_dropped_and_not_printed() {
    fn wiped<T: ZeroizeOnDrop>() {}
    wiped::<PrivateKey>();
    wiped::<KeyChain>();
    wiped::<ed25519_dalek::SigningKey>();
    wiped::<Zeroizing<[u8; 32]>>();
    let secret = [0xa7; 32];
    let printed = format!("{:?}", PrivateKey::new(&secret));
    for (_, form) in forms("key", &secret) {
        assert!(!printed.contains(&form), "{printed}");
    }
    assert!(printed.starts_with("PrivateKey of "), "{printed}");
}
