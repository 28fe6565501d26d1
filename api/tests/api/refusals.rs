//! Every way in which a posting or a request is turned away has its status and code.

use peal_spec::address::Address;
use peal_spec::cbor::{Cbor as _, Writer};
use peal_spec::hash::{Hash, Seed};
use peal_spec::key::{KeyChain, PrivateKey};
use peal_spec::posting::Posting;
use peal_spec::role::Role;
use peal_spec::statement::Statement;
use peal_spec::value::{Origin, Time};

use crate::stage::{POSTING, Person, Stage, call, contribution, grant, now, opening, seed};

fn sent(cose: &[u8], statements: &[Statement]) -> Vec<u8> {
    let mut w = Writer::default();
    w.array(2);
    w.bytes(cose);
    w.list(statements);
    w.into_bytes()
}

#[test]
fn postings_are_refused_whole_by_name() {
    let stage = Stage::new();
    let (worker, fund) = (stage.person(2), stage.person_with(3, Role::Fund));
    let platform = stage.person_with(4, Role::Platform);
    let one = || contribution(&platform, worker.address, fund.address, &format!("r{}", seed()));
    let sign = |origin: &Origin, issuer: Address, id: Seed, time: Time, key: &PrivateKey| {
        Posting::sign(origin, Some(issuer), id, time, false, vec![one()], key).to_bytes()
    };
    let key = platform.chain.signing(0);
    let refused = |body: &[u8], status: u16, code: &str, field: &str| {
        let problem = stage.post("/v1/postings", POSTING, body).demand(status, code);
        assert_eq!(problem["type"], format!("urn:peal:refusal:{code}"));
        assert!(problem["number"].is_u64() && problem["remedy"].is_string(), "{problem}");
        assert_eq!(problem["field"], field, "{problem}");
    };

    refused(b"", 400, "malformed", "byte 0");
    refused(&sent(b"", &[]), 400, "malformed", "byte 0");
    let other: Origin = "other.example".parse().unwrap();
    refused(&sign(&other, platform.address, seed(), now(), &key), 422, "foreign-origin", "origin");
    let good = platform.posting(&stage.origin, vec![one()]);
    let mut cose = good.signed.cose().to_vec();
    *cose.last_mut().unwrap() ^= 1;
    refused(&sent(&cose, &good.statements), 403, "bad-signature", "signature");
    refused(&sent(good.signed.cose(), &[]), 422, "count-mismatch", "count");
    refused(&sent(good.signed.cose(), &[one()]), 422, "root-mismatch", "root");
    let later = Time::new(now().seconds() + 3600).unwrap();
    refused(&sign(&stage.origin, platform.address, seed(), later, &key), 422, "posting-in-future", "time");
    let nobody = Address { number: platform.address.number, id: Hash([5; 32]) };
    refused(&sign(&stage.origin, nobody, seed(), now(), &key), 422, "unknown-issuer", "issuer");
    let id = seed();
    assert_eq!(
        stage.post("/v1/postings", POSTING, &sign(&stage.origin, platform.address, id, now(), &key)).status,
        200
    );
    refused(&sign(&stage.origin, platform.address, id, now(), &key), 409, "posting-id-taken", "posting-id");
    let other = platform.chain.signing(5);
    refused(&sign(&stage.origin, platform.address, seed(), now(), &other), 403, "key-not-current", "kid");

    // An opening whose statement is refused is refused whole.
    let chain = KeyChain::new([7; 64]);
    let mut open = opening(&stage.origin, &chain);
    open = Posting::sign(&stage.origin, None, seed(), now(), false, open.statements, &chain.signing(3));
    let problem = stage.post("/v1/accounts", POSTING, &open.to_bytes()).demand(403, "opening-key");
    assert_eq!(problem["number"], 24);
    // One that is no self-opening belongs elsewhere.
    stage.post("/v1/accounts", POSTING, &good.to_bytes()).demand(422, "not-an-opening");
    assert_eq!(stage.post("/v1/postings", POSTING, &good.to_bytes()).status, 200);
}

#[test]
fn statements_are_refused_one_by_one() {
    let stage = Stage::new();
    let (worker, fund) = (stage.person(2), stage.person_with(3, Role::Fund));
    let platform = stage.person_with(4, Role::Platform);
    let result = |by: &Person, statement: Statement| {
        let posting = by.posting(&stage.origin, vec![statement]);
        let answer = stage.post("/v1/postings", POSTING, &posting.to_bytes());
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["results"][0]["refused"]["name"].as_str().unwrap_or("accepted").to_owned()
    };
    assert_eq!(result(&platform, contribution(&platform, worker.address, fund.address, "x")), "accepted");
    assert_eq!(result(&platform, contribution(&platform, worker.address, worker.address, "y")), "fund-unfit");
    assert_eq!(result(&worker, contribution(&worker, worker.address, fund.address, "z")), "role-missing");
    assert_eq!(
        result(&worker, contribution(&platform, worker.address, fund.address, "z")),
        "issuer-not-named"
    );
    assert_eq!(result(&worker, grant(&worker, worker.address, Role::Fund)), "not-registrar");
    let nobody = Address { number: 99, id: Hash([5; 32]) };
    assert_eq!(result(&platform, contribution(&platform, nobody, fund.address, "w")), "unknown-account");
}

#[test]
fn requests_are_turned_away_with_a_problem() {
    let stage = Stage::new();
    let any = opening(&stage.origin, &KeyChain::new([8; 64])).to_bytes();
    stage.get("/v1/nothing").demand(404, "not-found");
    stage.get("/v1/postings/00").demand(401, "unsigned-read");
    let reader = stage.person(9);
    stage.signed(&reader, "/v1/postings/00", "application/json").demand(404, "not-found");
    stage
        .signed(&reader, &format!("/v1/postings/{}", "0".repeat(64)), "application/json")
        .demand(404, "not-found");
    let answer = call(stage.at, "DELETE", "/v1/postings", &[], b"").unwrap();
    answer.demand(405, "method-not-allowed");
    assert_eq!(answer.header("allow"), Some("POST"));
    stage.post("/v1/postings", "application/json", &any).demand(415, "unsupported-media-type");
    let encoded = [("Content-Type", POSTING), ("Content-Encoding", "gzip")];
    let problem =
        call(stage.at, "POST", "/v1/postings", &encoded, &any).unwrap().demand(415, "unsupported-media-type");
    assert_eq!(problem["field"], "Content-Encoding");
    let html = [("Content-Type", POSTING), ("Accept", "text/html")];
    call(stage.at, "POST", "/v1/postings", &html, &any).unwrap().demand(406, "not-acceptable");
    // The 406 recorded nothing.
    let digest = Posting::receive(&any, &stage.origin).unwrap().digest();
    stage.signed(&reader, &format!("/v1/postings/{digest}"), "application/json").demand(404, "not-found");
    assert!(stage.get("/v1/nothing").header("x-request-id").is_some());
}
