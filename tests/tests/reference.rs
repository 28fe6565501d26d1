//! The second witness: `spec/reference.py`, written from the page alone, agrees with the vectors and with the binaries.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use peal_spec::cbor::Cbor;
use peal_spec::key::PrivateKey;
use peal_spec::posting::Posting;
use peal_spec::receipt::Receipt;
use peal_tests::client::{Answer, Client, Offices};
use peal_tests::{Daemon, peal_ok};

const ORIGIN: &str = "reference.example/ledger";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Runs `spec/reference.py` with the Python that `scripts/setup python` prepared.
fn reference(args: &[&str]) -> Output {
    let venv = root().join("target/venv/bin/python3");
    assert!(venv.exists(), "run `make test`, or `scripts/setup python` once");
    Command::new(venv).arg(root().join("spec/reference.py")).args(args).output().unwrap()
}

fn reference_ok(args: &[&str]) -> String {
    let out = reference(args);
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(out.status.success(), "{args:?}: {text}{}", String::from_utf8_lossy(&out.stderr));
    text
}

#[test]
fn it_agrees_with_every_vector() {
    let said = reference_ok(&["vectors", root().join("spec/vectors").to_str().unwrap()]);
    assert!(said.trim_end().ends_with(", 0 failed"), "{said}");
    reference_ok(&["selftest"]);
}

#[test]
fn it_reckons_schemes_as_the_vectors_say() {
    let venv = root().join("target/venv/bin/python3");
    let run = |args: &[&str]| {
        let out =
            Command::new(&venv).arg(root().join("spec/reference_schemes.py")).args(args).output().unwrap();
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        assert!(out.status.success(), "{args:?}: {text}{}", String::from_utf8_lossy(&out.stderr));
        text
    };
    let said = run(&["vectors", root().join("spec/schemes/vectors").to_str().unwrap()]);
    assert!(said.trim_end().ends_with(" vectors, 0 with differences"), "{said}");
    run(&["selftest"]);
    for entry in std::fs::read_dir(root().join("spec/schemes")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "toml") {
            run(&["check", path.to_str().unwrap()]);
        }
    }
}

#[test]
fn it_judges_directories_and_marks_as_the_vectors_say() {
    let venv = root().join("target/venv/bin/python3");
    let out = Command::new(&venv)
        .arg(root().join("spec/reference_ledgers.py"))
        .args([Path::new("vectors"), &root().join("spec/ledgers/vectors")])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(out.status.success(), "{said}{}", String::from_utf8_lossy(&out.stderr));
    assert!(said.trim_end().ends_with(" vectors, 0 with differences"), "{said}");
}

#[test]
fn it_builds_postings_that_the_ledger_accepts_and_verifies_proofs_that_the_wallet_makes() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let mut daemon = Daemon::init(&dir.path().join("ledger"), ORIGIN);
    daemon.start();
    let offices = Offices::found(&daemon, ORIGIN);
    let client = Client::new(daemon.url());
    let now = peal_tests::cast::now().seconds().to_string();
    let random = || peal_tests::cast::random().to_string();
    let secret = [random(), random()].concat();
    let next = PrivateKey::new(&[1; 32]).public();
    let reading = PrivateKey::new(&[2; 32]).public();

    // An account opened by Python.
    let opened = reference_ok(&[
        "open",
        "--origin",
        ORIGIN,
        "--sign-seed",
        &secret,
        "--next-public",
        &hex::encode(next.0),
        "--reading-public",
        &hex::encode(reading.0),
        "--time",
        &now,
        "--posting-id",
        &random(),
        "--seed",
        &random(),
        "--out",
        &path("open.cbor"),
    ]);
    let opened: serde_json::Value = serde_json::from_str(&opened).unwrap();
    let bytes = std::fs::read(path("open.cbor")).unwrap();
    let Answer::Receipt(receipt) = client.post(&bytes) else { panic!("the opening was refused") };
    let number = Receipt::from_bytes(&receipt).unwrap().results[0].as_ref().unwrap().account;
    let id = opened["id"].as_str().unwrap().parse().unwrap();
    let address = peal_spec::address::Address { number, id };

    // A self-payment by Python, and its receipt checked by Python.
    let (account, fund) = (address.to_string(), offices.fund.address.unwrap().to_string());
    let month = offices.load().month.number().to_string();
    reference_ok(&[
        "contribute",
        "--origin",
        ORIGIN,
        "--sign-seed",
        &secret,
        "--issuer",
        &account,
        "--account",
        &account,
        "--fund",
        &fund,
        "--source",
        "self",
        "--insurance",
        "1",
        "--scheme",
        "cn-flexible-pension",
        "--month",
        &month,
        "--amount",
        "145400",
        "--credited",
        "58160",
        "--currency",
        "CNY",
        "--reference",
        "by hand",
        "--time",
        &now,
        "--posting-id",
        &random(),
        "--seed",
        &random(),
        "--out",
        &path("pay.cbor"),
    ]);
    let bytes = std::fs::read(path("pay.cbor")).unwrap();
    Posting::receive(&bytes, &ORIGIN.parse().unwrap()).unwrap();
    let Answer::Receipt(receipt) = client.post(&bytes) else { panic!("the payment was refused") };
    assert!(Receipt::from_bytes(&receipt).unwrap().results[0].is_ok());
    std::fs::write(path("receipt.cbor"), &receipt).unwrap();
    reference_ok(&["receipt", &path("receipt.cbor"), &path("pay.cbor"), "--key", &offices.key.to_string()]);
    let mut damaged = receipt.clone();
    *damaged.last_mut().unwrap() ^= 1;
    std::fs::write(path("damaged.cbor"), &damaged).unwrap();
    let refused =
        reference(&["receipt", &path("damaged.cbor"), &path("pay.cbor"), "--key", &offices.key.to_string()]);
    assert_eq!(refused.status.code(), Some(1), "a damaged receipt is no receipt");

    // A wallet's proof of a payment by a platform, checked by both.
    let wallet = dir.path().join("wallet");
    let trust = daemon.dir().join("trust").to_str().unwrap().to_owned();
    peal_ok(&wallet, &["open", "--ledger", daemon.url(), "--trust", &trust, "--words-out", &path("words")]);
    let worker = peal_ok(&wallet, &["address"]).trim().parse().unwrap();
    let load = offices.load();
    let pay = (0..5)
        .map(|n| offices.platform.contribute(worker, peal_spec::statement::Source::Platform, &load, n))
        .collect();
    client.post_ok(&offices.platform.post(pay));
    peal_ok(&wallet, &["sync"]);
    for (name, args) in
        [("whole", vec![]), ("totals", vec!["--totals"]), ("withheld", vec!["--withhold", "who,evidence"])]
    {
        let file = path(&format!("{name}.peal"));
        let mut command = vec!["prove", "--out", &file];
        command.extend(args);
        peal_ok(&wallet, &command);
        let theirs: serde_json::Value =
            serde_json::from_str(&reference_ok(&["verify", &file, "--trust", &trust])).unwrap();
        assert_eq!(theirs["valid"], true, "{name}");
        let proof = peal_spec::proof::Proof::from_file(&std::fs::read(&file).unwrap()).unwrap();
        let trust: peal_spec::trust::Trust = std::fs::read_to_string(&trust).unwrap().parse().unwrap();
        let ours = peal_spec::verify::verify(&proof, &trust, peal_tests::cast::now()).unwrap();
        let ours = serde_json::to_value(&ours).unwrap();
        for field in ["origin", "address", "size", "complete", "records", "freshness"] {
            assert_eq!(theirs[field], ours[field], "{name}: {field}");
        }
        assert_eq!(
            theirs["entries"].as_array().unwrap().len(),
            ours["entries"].as_array().unwrap().len(),
            "{name}"
        );
        let mut bytes = proof.to_file();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 4;
        std::fs::write(&file, &bytes).unwrap();
        let flipped = reference(&["verify", &file, "--trust", daemon.dir().join("trust").to_str().unwrap()]);
        assert_eq!(flipped.status.code(), Some(1), "{name}: a flipped bit");
    }
    let _ = receipt.to_bytes();
}
