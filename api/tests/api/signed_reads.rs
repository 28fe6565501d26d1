//! Who may read an account, and what everyone else is told.

use peal_spec::address::Address;
use peal_spec::hash::Hash;

use peal_ledger::Settings;

use crate::stage::{Answer, Person, Stage, call, exchange, now, sign};

fn read(stage: &Stage, target: &str, headers: &(String, String)) -> Answer {
    call(stage.at, "GET", target, &[("Signature-Input", &headers.0), ("Signature", &headers.1)], b"").unwrap()
}

#[test]
fn only_the_reading_key_reads() {
    let stage = Stage::new();
    let (worker, other) = (stage.person(2), stage.person(3));
    let (address, t) = (worker.address.to_string(), now().seconds());
    let target = format!("/v1/accounts/{address}/head");
    let good = sign(stage.at, &target, &address, t, &worker.chain.reading(0));
    assert_eq!(read(&stage, &target, &good).status, 200);

    let key = |p: &Person| p.chain.reading(0);
    let elsewhere = "127.0.0.1:1";
    for (what, headers) in [
        ("the signing key", sign(stage.at, &target, &address, t, &worker.chain.signing(0))),
        ("another's reading key", sign(stage.at, &target, &address, t, &key(&other))),
        ("another's address", sign(stage.at, &target, &other.address.to_string(), t, &key(&other))),
        ("too old", sign(stage.at, &target, &address, t - 301, &key(&worker))),
        ("from tomorrow", sign(stage.at, &target, &address, t + 301, &key(&worker))),
        ("another path", sign(stage.at, &target.replace("head", "records"), &address, t, &key(&worker))),
        ("another query", sign(stage.at, &format!("{target}?since=1"), &address, t, &key(&worker))),
        ("another host", sign(elsewhere, &target, &address, t, &key(&worker))),
        ("another label", (good.0.replace("peal=", "sig1="), good.1.clone())),
        ("another algorithm", (good.0.replace("ed25519", "rsa"), good.1.clone())),
        ("no base64", (good.0.clone(), "peal=:x:".into())),
    ] {
        let answer = read(&stage, &target, &headers);
        let problem = answer.demand(401, "unsigned-read");
        assert!(problem["remedy"].as_str().unwrap().contains("@authority"), "{what}");
        assert!(
            answer.header("www-authenticate").is_some() && answer.header("accept-signature").is_some(),
            "{what}"
        );
    }
    stage.get(&target).demand(401, "unsigned-read");
    let twice = [("Signature-Input", good.0.as_str()), ("Signature", &good.1), ("Signature", &good.1)];
    call(stage.at, "GET", &target, &twice, b"").unwrap().demand(401, "unsigned-read");
    stage.get("/v1/accounts/peal1oops/head").demand(400, "bad-parameter");
}

#[test]
fn an_unknown_account_and_a_wrong_signature_look_the_same() {
    let stage = Stage::new();
    let (worker, other) = (stage.person(2), stage.person(3));
    let told = |address: Address| {
        let target = format!("/v1/accounts/{address}/records");
        let headers = sign(stage.at, &target, &address.to_string(), now().seconds(), &other.chain.reading(0));
        let mut answer = read(&stage, &target, &headers);
        answer.headers.retain(|(name, _)| name != "x-request-id" && name != "date");
        (answer.status, answer.headers, answer.body)
    };
    let wrong = told(worker.address);
    assert_eq!(told(Address { number: 77, id: Hash([1; 32]) }), wrong);
    assert_eq!(told(Address { number: worker.address.number, id: Hash([1; 32]) }), wrong);
}

#[test]
fn parameters_are_read_strictly() {
    let stage = Stage::new();
    let worker = stage.person(2);
    for query in [
        "records?limit=0",
        "records?limit=1001",
        "records?from=-1",
        "records?form=1",
        "records?since=0",
        "records?since=9999",
        "head?from=1",
        "proof?show=everything",
        "proof?show=months",
        "proof?show=months&from=2026-1&to=2026-02",
        "proof?show=months&from=2026-03&to=2026-02",
        "proof?from=2026-01",
        "proof?withhold=keys",
        "proof?withhold=amount,",
        "proof?now=2030-01-01T00:00:00Z",
    ] {
        stage.read(&worker, query, "*/*").demand(400, "bad-parameter");
    }
    stage.read(&worker, "head", "text/html").demand(406, "not-acceptable");
}

/// A read signed for `signed`, sent with `hosts` in its header.
fn read_as(stage: &Stage, worker: &Person, signed: &str, hosts: &[&str]) -> Answer {
    let address = worker.address.to_string();
    let target = format!("/v1/accounts/{address}/head");
    let headers = sign(signed, &target, &address, now().seconds(), &worker.chain.reading(0));
    let hosts: String = hosts.iter().map(|h| format!("Host: {h}\r\n")).collect();
    let request = format!(
        "GET {target} HTTP/1.1\r\n{hosts}Connection: close\r\nSignature-Input: {}\r\nSignature: {}\r\n\r\n",
        headers.0, headers.1
    );
    exchange(stage.at, request.as_bytes()).unwrap()
}

#[test]
fn a_read_signed_for_another_host_is_not_passed_on() {
    let stage = Stage::new();
    let worker = stage.person(2);
    let port = stage.at.port();
    // Every name that this machine has for it, in any case.
    for host in ["127.0.0.1", "localhost", "[::1]"].map(|h| format!("{h}:{port}")) {
        assert_eq!(read_as(&stage, &worker, &host, &[&host]).status, 200, "{host}");
    }
    let (lower, upper) = (format!("localhost:{port}"), format!("LOCALHOST:{port}"));
    assert_eq!(read_as(&stage, &worker, &lower, &[&upper]).status, 200);

    // The signature is good, but the worker meant somebody else; the answer is that to a wrong signature.
    let mine = stage.at.to_string();
    let told = |signed: &str, hosts: &[&str]| {
        let mut answer = read_as(&stage, &worker, signed, hosts);
        answer.demand(401, "unsigned-read");
        answer.headers.retain(|(name, _)| name != "x-request-id" && name != "date");
        (answer.status, answer.headers, answer.body)
    };
    let wrong = told("evil.example", &[&mine]);
    for host in ["evil.example", "127.0.0.1", "localhost:1", "0.0.0.0", "192.0.2.1", "me@localhost"] {
        assert_eq!(told(host, &[host]), wrong, "{host}");
    }
    assert_eq!(told("evil.example", &[]), wrong);
    assert_eq!(told(&mine, &[&mine, "evil.example"]), wrong);
}

#[test]
fn the_operator_names_the_hosts() {
    let named = |c: &mut peal_api::config::Config| c.authorities = vec!["ledger.example".into()];
    let stage = Stage::with(named, Settings::default());
    let worker = stage.person(2);
    for host in ["ledger.example", "Ledger.Example:443", "ledger.example:80"] {
        assert_eq!(read_as(&stage, &worker, "ledger.example", &[host]).status, 200, "{host}");
    }
    // Then its own address is one no more.
    let mine = stage.at.to_string();
    read_as(&stage, &worker, &mine, &[&mine]).demand(401, "unsigned-read");
    read_as(&stage, &worker, "ledger.example:8443", &["ledger.example:8443"]).demand(401, "unsigned-read");
}
