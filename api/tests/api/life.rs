//! From an opening to a verified proof, over HTTP.

use peal_spec::cbor::Cbor as _;
use peal_spec::copy::{self, Copy};
use peal_spec::posting::Posting;
use peal_spec::proof;
use peal_spec::receipt::Receipt;
use peal_spec::role::Role;

use crate::stage::{POSTING, RECEIPT, Stage, call, contribution, now};

#[test]
fn an_account_from_its_opening_to_a_proof() {
    let stage = Stage::new();
    let (worker, fund) = (stage.person(2), stage.person_with(3, Role::Fund));
    let platform = stage.person_with(4, Role::Platform);

    // Two good ones and one that repeats a reference.
    let statements = ["a", "b", "a"].map(|r| contribution(&platform, worker.address, fund.address, r));
    let posting = platform.posting(&stage.origin, statements.to_vec());
    let answer = stage.post("/v1/postings", POSTING, &posting.to_bytes());
    assert_eq!(answer.status, 200, "{}", answer.text());
    let view = answer.json();
    assert_eq!((&view["accepted"], &view["refused"]), (&2.into(), &1.into()));
    let accepted = &view["results"][0]["accepted"];
    assert_eq!((&accepted["account"], &accepted["sequence"]), (&1.into(), &1.into()));
    assert_eq!(accepted["address"], worker.address.to_string());
    let refused = &view["results"][2]["refused"];
    assert_eq!(
        (&refused["code"], &refused["name"], &refused["field"]),
        (&44.into(), &"reference-taken".into(), &"who".into())
    );
    assert_eq!(refused["record"], serde_json::json!({ "account": 1, "sequence": 1 }));

    // The same bytes give the same receipt; so does its digest; as CBOR it proves itself.
    assert_eq!(stage.post("/v1/postings", POSTING, &posting.to_bytes()).json(), view);
    let headers = [("Content-Type", POSTING), ("Accept", RECEIPT)];
    let again = call(stage.at, "POST", "/v1/postings", &headers, &posting.to_bytes()).unwrap();
    assert_eq!((again.status, again.header("content-type")), (200, Some(RECEIPT)));
    let receipt = Receipt::from_bytes(&again.body).unwrap();
    let checked = Posting::receive(&posting.to_bytes(), &stage.origin).unwrap();
    let verifier = stage.app.ledger().unwrap().verifier_key();
    let (_, records) = receipt.check(&checked, &verifier).unwrap();
    assert_eq!(records.len(), 2);
    let path = format!("/v1/postings/{}", view["digest"].as_str().unwrap());
    let found = stage.signed(&platform, &path, RECEIPT);
    assert_eq!(found.body, again.body);
    // It names all whom the posting pays: nobody else reads it, whoever knows the digest.
    stage.get(&path).demand(401, "unsigned-read");
    stage.signed(&worker, &path, RECEIPT).demand(404, "not-found");
    assert_eq!(
        stage.signed(&platform, &path, "application/json").json()["results"][1]["accepted"]["log_index"],
        view["results"][1]["accepted"]["log_index"]
    );

    // Reads by the owner.
    let head = stage.read(&worker, "head", "application/json");
    assert_eq!((head.status, &head.json()["records"]), (200, &3.into()), "{}", head.text());
    assert_eq!(head.header("cache-control"), Some("private, no-store"));
    let page = stage.read(&worker, "records?from=1&limit=1", "application/json").json();
    assert_eq!((&page["page"][0]["amount"]["amount"], &page["next"]), (&12_000.into(), &2.into()));
    assert_eq!(page["page"][0]["issuer"], platform.address.to_string());
    let records = stage.read(&worker, "records?since=1", copy::MEDIA_TYPE);
    assert_eq!(records.header("content-type"), Some(copy::MEDIA_TYPE));
    let copied = Copy::from_bytes(&records.body).unwrap();
    assert!(!copied.consistency.is_empty());
    let (folded, verdict) = copied.check(&stage.app.trust, now()).unwrap();
    assert_eq!((folded.targets.len(), verdict.complete), (2, true));

    // Proofs, verified by the server for whoever sends them.
    for (query, complete, entries) in [
        ("proof", true, 2),
        ("proof?show=totals", false, 0),
        ("proof?show=months&from=2026-01&to=2026-01&withhold=amount,evidence", true, 2),
        ("proof?show=months&from=2025-01&to=2025-12", true, 0),
    ] {
        let file = stage.read(&worker, query, proof::MEDIA_TYPE);
        assert_eq!(file.status, 200, "{query}: {}", file.text());
        let verified = stage.post("/v1/verify", proof::MEDIA_TYPE, &file.body).json();
        assert_eq!(verified["valid"], true, "{query}: {verified}");
        let verdict = &verified["verdict"];
        assert_eq!(verdict["complete"], complete, "{query}: {verdict}");
        assert_eq!(verdict["entries"].as_array().unwrap().len(), entries, "{query}: {verdict}");
        assert_eq!(verdict["address"], worker.address.to_string());
        let view = stage.read(&worker, query, "application/json").json();
        assert_eq!(view["verdict"]["entries"], verdict["entries"]);
    }

    let mut damaged = stage.read(&worker, "proof", proof::MEDIA_TYPE).body;
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    let verified = stage.post("/v1/verify", proof::MEDIA_TYPE, &damaged);
    assert_eq!((verified.status, &verified.json()["valid"]), (200, &false.into()));
    assert_eq!(verified.json()["failure"]["name"], "damaged");
    stage.post("/v1/verify", proof::MEDIA_TYPE, b"other bytes").demand(400, "foreign-file");
}

#[test]
fn the_ledger_says_what_it_is() {
    let stage = Stage::new();
    let view = stage.get("/v1/ledger").json();
    assert_eq!(view["origin"], stage.origin.to_string());
    assert_eq!(view["registrar"], stage.registrar.address.to_string());
    assert_eq!(view["limits"]["statements"], 100_000);
    let trust: peal_spec::trust::Trust = view["trust"].as_str().unwrap().parse().unwrap();
    assert_eq!(trust.ledgers[0].operators[0].key.to_string(), view["verifier_key"]);
    assert_eq!(stage.get("/healthz").text(), "alive\n");
    assert_eq!(stage.get("/readyz").text(), "ready\n");
}

#[test]
fn metrics_count_without_naming_anyone() {
    let stage = Stage::new();
    let worker = stage.person(2);
    stage.read(&worker, "head", "*/*");
    stage.get("/no/such/path/at/all");
    stage.post("/v1/postings", POSTING, b"?").demand(400, "malformed");
    let answer = stage.get("/metrics");
    let text = answer.text();
    for line in [
        "peal_postings_total{outcome=\"recorded\"} 1",
        "peal_postings_total{outcome=\"malformed\"} 1",
        "peal_statements_total{result=\"accepted\"} 1",
        "peal_http_requests_total{route=\"/v1/accounts/{address}/head\",method=\"GET\",status=\"200\"} 1",
        "peal_http_requests_total{route=\"(none)\",method=\"GET\",status=\"404\"} 1",
        "peal_accounts 2",
        "# EOF",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert!(!text.contains(&worker.address.to_string()) && !text.contains("such"));
}
