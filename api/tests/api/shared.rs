//! Who reads another's account by consent, what she is shown, and what everyone else is told.

use std::sync::atomic::Ordering;

use peal_spec::cbor::Cbor as _;
use peal_spec::hash::Hash;
use peal_spec::identity::Token;
use peal_spec::rights::{Consent, Looked, Part, Right, Scope};
use peal_spec::role::Role;
use peal_spec::statement::{
    Access, Body, ConsentGranted, ConsentRevoked, IdentityBound, Statement, Withdrawn,
};
use peal_spec::value::{Insurance, Time};
use serde_json::json;

use crate::stage::{POSTING, Person, Stage, contribution, now, seed};

const PROOF: &str = "application/peal-proof+cbor";

struct Scene {
    stage: Stage,
    worker: Person,
    union: Person,
    other: Person,
}

fn scope(parts: &[Part]) -> Scope {
    Scope { insurances: vec![Insurance::PENSION], months: None, parts: parts.to_vec() }
}

impl Scene {
    /// The worker's account has her opening, a contribution and a consent for the union.
    fn new() -> Self {
        let stage = Stage::new();
        let (worker, union, other) = (stage.person(2), stage.person(3), stage.person(4));
        let (platform, fund) = (stage.person_with(5, Role::Platform), stage.person_with(6, Role::Fund));
        let paid = contribution(&platform, worker.address, fund.address, "a");
        let paid = platform.posting(&stage.origin, vec![paid]);
        assert_eq!(stage.post("/v1/postings", POSTING, &paid.to_bytes()).json()["accepted"], 1);
        let scene = Self { stage, worker, union, other };
        let consent = Consent {
            grantee: scene.union.address,
            purpose: "advice".parse().unwrap(),
            rights: vec![Right::Read],
            scope: scope(&[Part::Who, Part::What]),
            until: Time::new(now().seconds() + 86_400).unwrap(),
            once: false,
        };
        let body = Body::ConsentGranted(ConsentGranted { who: scene.worker.address, consent });
        assert_eq!(scene.say(&scene.worker, None, body), Some(2));
        scene
    }

    /// Says something about the worker's account; the sequence of the record, if it was accepted.
    fn say(&self, by: &Person, refers: Option<u64>, body: Body) -> Option<u64> {
        let statement = Statement::new(seed(), Some(self.worker.address), now(), refers, None, &body);
        let posting = by.posting(&self.stage.origin, vec![statement]);
        let answer = self.stage.post("/v1/postings", POSTING, &posting.to_bytes()).json();
        answer["results"][0]["accepted"]["sequence"].as_u64()
    }

    fn access(&self, by: &Person, parts: &[Part]) -> Option<u64> {
        let looked = Looked { purpose: "advice".parse().unwrap(), scope: scope(parts) };
        self.say(by, Some(2), Body::Access(Access { who: by.address, looked }))
    }

    fn shared(&self, by: &Person, access: u64) -> crate::stage::Answer {
        self.stage.read_of(by, self.worker.address, &format!("shared?access={access}"), "application/json")
    }
}

#[test]
fn an_access_opens_what_it_names_and_no_more() {
    let scene = Scene::new();
    let access = scene.access(&scene.union, &[Part::Who, Part::What]).unwrap();
    let told = scene.shared(&scene.union, access).json();
    let entry = &told["verdict"]["entries"][0];
    assert_eq!(
        (&told["valid"], &entry["insurance"], &entry["amount"]),
        (&json!(true), &json!("pension"), &json!(null))
    );
    assert_eq!(told["verdict"]["totals"], json!([]), "totals would give away amounts");
    let fewer = scene.access(&scene.union, &[Part::What]).unwrap();
    let told = scene.shared(&scene.union, fewer).json();
    assert_eq!(told["verdict"]["entries"][0]["source"], json!(null));
    assert_eq!(scene.access(&scene.union, &[Part::Amount]), None, "beyond the consent");
    assert_eq!(scene.access(&scene.other, &[Part::What]), None, "another's consent");
    let answer =
        scene.stage.read_of(&scene.union, scene.worker.address, &format!("shared?access={access}"), PROOF);
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("private, no-store")));
}

#[test]
fn bureaus_alone_learn_where_somebody_is_bound() {
    let scene = Scene::new();
    let bureau = scene.stage.person_with(7, Role::Bureau);
    let token = Token(Hash([9; 32]));
    let bound = |token: &Token| format!("bound?token={}", token.0);
    let ask = |who: &Person, token: &Token| scene.stage.read(who, &bound(token), "application/json");
    ask(&bureau, &token).demand(404, "not-found");
    let body = IdentityBound { who: bureau.address, identity: Hash([1; 32]), token };
    let sequence = scene.say(&bureau, None, Body::IdentityBound(body)).unwrap();
    let told = ask(&bureau, &token).json();
    assert_eq!(told, json!({ "account": scene.worker.address.to_string(), "sequence": sequence }));
    ask(&bureau, &Token(Hash([8; 32]))).demand(404, "not-found");
    ask(&scene.union, &token).demand(403, "bureaus-only");
    ask(&scene.worker, &token).demand(403, "bureaus-only");
    scene.stage.read(&bureau, "bound?token=9", "application/json").demand(400, "bad-parameter");
    // The bureau's key does not ask in another's name.
    scene
        .stage
        .read_of(&bureau, scene.union.address, &bound(&token), "application/json")
        .demand(401, "unsigned-read");
    let withdrawn = Withdrawn { who: bureau.address, says: "not she".parse().unwrap() };
    scene.say(&bureau, Some(sequence), Body::Withdrawn(withdrawn)).unwrap();
    ask(&bureau, &token).demand(404, "not-found");
    // No proof that the server makes shows a token.
    let proof = scene.stage.read(&scene.worker, "proof?show=whole", "application/json").json();
    assert_eq!((&proof["valid"], &proof["verdict"]["withheld"]["token"]), (&json!(true), &json!(1)));
}

#[test]
fn without_an_access_of_ones_own_nothing_is_told() {
    let scene = Scene::new();
    let access = scene.access(&scene.union, &[Part::What]).unwrap();
    // Another reader, another record, a record that is not there, an account that is not there: the same answer.
    let nobody = scene.stage.person(9).address;
    let nobody = peal_spec::address::Address { number: nobody.number + 7, ..nobody };
    for answer in [
        scene.shared(&scene.other, access),
        scene.shared(&scene.union, 1),
        scene.shared(&scene.union, 2),
        scene.shared(&scene.union, 99),
        scene.shared(&scene.union, u64::MAX),
        scene.stage.read_of(&scene.union, nobody, "shared?access=3", "application/json"),
    ] {
        answer.demand(403, "no-access");
    }
    // The owner's key does not read for the reader, nor the reader's signing key.
    let path = format!("/v1/accounts/{}/shared?access={access}", scene.worker.address);
    let by = scene.union.address.to_string();
    for key in [scene.worker.chain.reading(0), scene.union.chain.signing(0)] {
        let (input, signature) = crate::stage::sign(scene.stage.at, &path, &by, now().seconds(), &key);
        let headers = [("Signature-Input", input.as_str()), ("Signature", &signature)];
        crate::stage::call(scene.stage.at, "GET", &path, &headers, b"").unwrap().demand(401, "unsigned-read");
    }
}

#[test]
fn it_is_open_for_ten_minutes_and_until_it_is_taken_back() {
    let scene = Scene::new();
    let access = scene.access(&scene.union, &[Part::What]).unwrap();
    scene.stage.ahead.store(590, Ordering::Relaxed);
    assert_eq!(scene.shared(&scene.union, access).status, 200);
    scene.stage.ahead.store(601, Ordering::Relaxed);
    scene.shared(&scene.union, access).demand(403, "no-access");
    scene.stage.ahead.store(0, Ordering::Relaxed);
    let revoked = Body::ConsentRevoked(ConsentRevoked { who: scene.worker.address });
    scene.say(&scene.worker, Some(2), revoked).unwrap();
    scene.shared(&scene.union, access).demand(403, "no-access");
}

#[test]
fn a_standing_is_the_same_from_the_server_as_from_the_records() {
    let scene = Scene::new();
    let ask = |query: &str| scene.stage.read(&scene.worker, &format!("standing?{query}"), "application/json");
    let told = ask("insurance=pension&today=2026-03-01&months=2&minimum=10000&currency=CNY");
    let told = told.json();
    assert_eq!((&told["counts"]["months"], &told["gaps"]), (&json!(1), &json!([["2026-02", "2026-02"]])));
    assert_eq!(
        told["qualified"],
        json!({ "is": false, "had": 1, "missing_months": 1, "missing_days_one": null, "missing_days_several": null })
    );
    let bytes = scene.stage.read(&scene.worker, "records", "application/peal-copy+cbor").body;
    let copy = peal_spec::copy::Copy::from_bytes(&bytes).unwrap();
    let rule: peal_spec::standing::Rule = serde_json::from_value(
        json!({ "insurance": "pension", "months": 2, "minimum": 10_000, "currency": "CNY" }),
    )
    .unwrap();
    let history = peal_spec::standing::History::of(&copy);
    let own = peal_spec::standing::standing(&history, &rule, "2026-03-01".parse().unwrap());
    assert_eq!(serde_json::to_value(own).unwrap(), told);
    for bad in [
        "",
        "insurance=dental",
        "insurance=pension&minimum=5",
        "insurance=pension&due=29",
        "insurance=pension&today=x",
        "insurance=pension&nonsense=1",
    ] {
        ask(bad).demand(400, "bad-parameter");
    }
    scene
        .stage
        .read_of(&scene.union, scene.worker.address, "standing?insurance=pension", "*/*")
        .demand(401, "unsigned-read");
}
