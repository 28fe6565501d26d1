//! What a scheme asks and gives, over HTTP: by the packs that come along and by the operator's own.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use peal_api::schemes::Schemes;
use peal_ledger::Settings;
use peal_spec::hash;
use peal_spec::scheme::{ids, text};
use serde_json::{Value, json};

use crate::stage::{Answer, Stage, call};

const JSON: &str = "application/json";

fn ask(stage: &Stage, path: &str, question: &Value) -> Answer {
    stage.post(&format!("/v1/schemes/{path}"), JSON, question.to_string().as_bytes())
}

/// Asks, and demands that the question is refused at a member.
fn bad(stage: &Stage, path: &str, question: &Value, field: &str, what: &str) {
    let problem = ask(stage, path, question).demand(400, "bad-question");
    assert_eq!(problem["field"], field, "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains(what), "{problem}");
}

fn get(stage: &Stage, path: &str, headers: &[(&str, &str)]) -> Answer {
    call(stage.at, "GET", path, headers, b"").unwrap()
}

/// A pack in a few lines: a tenth of what was earned.
fn small(id: &str) -> String {
    format!(
        "\
id = \"{id}\"
version = \"1\"
jurisdiction = \"XX\"
currency = \"EUR\"
from = \"2020\"
to = \"2026\"
title = {{ en = \"Ruritania\", zh = \"示例国\" }}

[sources]
act = {{ cite = \"Act, § 4\", status = \"official\" }}

[[parameter]]
name = \"rate\"
label = {{ en = \"Rate\", zh = \"费率\" }}
unit = \"share\"
values = [{{ from = \"2020\", value = \"0.1\", source = \"act\" }}]

[[due]]
name = \"contribution\"
label = {{ en = \"Contribution\", zh = \"保险费\" }}
source = \"act\"
payer = \"self\"
insurance = \"pension\"
per = \"month\"
amount = \"rate * gross\"
"
    )
}

fn packs(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    files.iter().for_each(|(name, text)| fs::write(dir.path().join(name), text).unwrap());
    dir
}

#[test]
fn the_packs_that_come_along_are_listed_and_given() {
    let stage = Stage::new();
    let list = stage.get("/v1/schemes");
    let listed = list.json();
    let found: Vec<&str> = listed.as_array().unwrap().iter().map(|s| s["id"].as_str().unwrap()).collect();
    assert_eq!(found, ids().collect::<Vec<_>>());
    let france = listed.as_array().unwrap().iter().find(|s| s["id"] == "fr-micro").unwrap();
    assert_eq!(
        (france["jurisdiction"].as_str(), france["currency"].as_str(), france["from"].as_str()),
        (Some("FR"), Some("EUR"), Some("2009-01-01"))
    );
    assert!(france["title"]["en"].is_string() && france["title"]["zh"].is_string());
    let tag = list.header("etag").unwrap();
    assert_eq!(get(&stage, "/v1/schemes", &[("If-None-Match", tag)]).status, 304);

    // The pack is given byte for byte, under its hash.
    let pack = stage.get("/v1/schemes/fr-micro");
    assert_eq!(pack.header("content-type"), Some("application/toml; charset=utf-8"));
    assert_eq!(pack.text(), text("fr-micro").unwrap());
    let sha256 = hash::plain(&pack.body).to_string();
    assert_eq!(france["sha256"], sha256);
    let tag = pack.header("etag").unwrap().to_owned();
    assert_eq!(tag, format!("\"{sha256}\""));
    for known in [tag.clone(), format!("\"other\", W/{tag}"), "*".to_owned()] {
        let again = get(&stage, "/v1/schemes/fr-micro", &[("If-None-Match", &known)]);
        assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, Some(&*tag)), "{known}");
    }
    assert_eq!(get(&stage, "/v1/schemes/fr-micro", &[("If-None-Match", "\"other\"")]).status, 200);

    // As JSON, what a form needs; another form has another tag.
    let form = get(&stage, "/v1/schemes/fr-micro", &[("Accept", JSON), ("If-None-Match", &tag)]);
    assert_eq!((form.status, form.header("vary")), (200, Some("Accept")));
    let form = form.json();
    assert_eq!(
        (&form["sha256"], &form["estimates"], &form["projects"]),
        (&json!(sha256), &json!(true), &json!(false))
    );
    let category = &form["inputs"][0];
    assert_eq!(
        (&category["name"], &category["kind"], &category["default"]),
        (&json!("category"), &json!("choice"), &json!(false))
    );
    assert!(
        category["choices"]
            .as_array()
            .unwrap()
            .iter()
            .any(|c| c["key"] == "services-bnc" && c["label"]["en"].is_string())
    );
    let rate = form["parameters"].as_array().unwrap().iter().find(|p| p["name"] == "rate").unwrap();
    assert_eq!((&rate["unit"], &rate["by"]), (&json!("share"), &json!("category")));
    get(&stage, "/v1/schemes/fr-micro", &[("Accept", "text/html")]).demand(406, "not-acceptable");
}

#[test]
fn what_is_due_is_reckoned_for_whoever_asks() {
    let stage = Stage::new();
    let question =
        json!({ "earnings": [{ "year": 2025, "gross": 5_000_000 }], "with": { "category": "services-bnc" } });
    let answer = ask(&stage, "fr-micro/estimate", &question);
    assert_eq!((answer.status, answer.header("content-type")), (200, Some(JSON)), "{}", answer.text());
    assert_eq!(answer.header("cache-control"), Some("private, no-store"));
    let answer = answer.json();
    assert_eq!((&answer["complete"], &answer["currency"]), (&json!(true), &json!("EUR")));
    assert_eq!(
        (&answer["payers"][0]["payer"], &answer["payers"][0]["after"]),
        (&json!("self"), &json!(1_240_000))
    );
    assert!(
        answer["lines"][0]["because"]
            .as_array()
            .unwrap()
            .iter()
            .any(|r| r["name"] == "rate" && r["cite"].is_string())
    );
    assert_eq!(answer["scheme"]["sha256"], hash::plain(text("fr-micro").unwrap().as_bytes()).to_string());

    // What the pack does not know is refused by name and days, and the answer says that it is not all.
    let lets = json!({ "earnings": [{ "month": "2019-05", "gross": 100_000 }], "with": { "category": "furnished-lets" } });
    let answer = ask(&stage, "fr-micro/estimate", &lets).json();
    assert_eq!(answer["complete"], false);
    let refused = answer["refused"].as_array().unwrap().iter().find(|r| r["name"] == "rate").unwrap();
    assert_eq!(
        (&refused["what"], &refused["from"], &refused["to"]),
        (&json!("unknown"), &json!("2019-05-01"), &json!("2019-05-31"))
    );
    assert!(refused["why"]["en"].as_str().unwrap().contains("2020-05-25"), "{refused}");
}

#[test]
fn a_question_that_is_none_names_the_member() {
    let stage = Stage::new();
    let path = "fr-micro/estimate";
    let one = |more: Value| {
        let mut question = json!({ "earnings": [{ "month": "2025-03", "gross": 100 }] });
        question.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        question
    };
    bad(
        &stage,
        path,
        &one(json!({ "with": { "categorie": "sales" } })),
        "with.categorie",
        "it has category, activity",
    );
    bad(&stage, path, &one(json!({ "with": { "category": "lemonade" } })), "with.category", "services-bnc");
    bad(&stage, path, &one(json!({ "set": { "speed": 1 } })), "set.speed", "no such parameter");
    bad(&stage, path, &one(json!({ "set": { "rate": 0.128 } })), "set.rate", "decimals stand in quotes");
    bad(&stage, path, &one(json!({ "colour": "green" })), "colour", "unknown field `colour`");
    bad(
        &stage,
        path,
        &json!({ "earnings": [{ "month": "2025-03", "gross": "much" }] }),
        "earnings[0].gross",
        "expected u64",
    );
    bad(
        &stage,
        path,
        &json!({ "earnings": [{ "month": "2025-03", "net": 5 }] }),
        "earnings[0].net",
        "unknown field `net`",
    );
    bad(
        &stage,
        path,
        &json!({ "earnings": [{ "month": "2025-13", "gross": 5 }] }),
        "earnings[0]",
        "2025-13 is no day",
    );
    bad(&stage, path, &json!({}), "from", "without earnings");
    bad(&stage, path, &json!([1]), "[0]", "expected a sequence");
    for body in ["", "{", "{} {}", "\u{0}"] {
        let problem =
            stage.post("/v1/schemes/fr-micro/estimate", JSON, body.as_bytes()).demand(400, "bad-question");
        assert_eq!(problem["field"], "body", "{body}: {problem}");
    }

    let missing = ask(&stage, "fr-macro/estimate", &one(json!({}))).demand(404, "not-found");
    assert!(missing["detail"].as_str().unwrap().contains("fr-micro"), "{missing}");
    stage.get("/v1/schemes/fr-macro").demand(404, "not-found");
    stage.get("/v1/schemes/fr-micro/nothing").demand(404, "not-found");
    let plain = stage.post("/v1/schemes/fr-micro/estimate", "text/plain", b"{}");
    plain.demand(415, "unsupported-media-type");
    assert_eq!(plain.header("accept"), Some(JSON));
    stage.get("/v1/schemes/fr-micro/estimate").demand(405, "method-not-allowed");
}

#[test]
fn a_question_has_its_measure() {
    let stage = Stage::new();
    stage.post("/v1/schemes/fr-micro/estimate", JSON, &vec![b' '; (1 << 20) + 1]).demand(413, "too-large");
    stage.post("/v1/schemes/cn-reform/project", JSON, &vec![b' '; (256 << 10) + 1]).demand(413, "too-large");
    // A short question can ask for much: how much is told before it is reckoned.
    let earnings = |n: usize| vec![json!({ "from": "2029-01-01", "to": "2029-12-31", "gross": 100 }); n];
    let many = json!({ "earnings": earnings(1000), "with": { "vehicle": "car" } });
    bad(&stage, "sg-platform/estimate", &many, "earnings", "fewer at a time");
    let century =
        json!({ "from": "1970", "to": "2069", "earnings": earnings(400), "with": { "vehicle": "car" } });
    bad(&stage, "sg-platform/estimate", &century, "earnings", "fewer at a time");
    let some = json!({ "earnings": earnings(100), "with": { "vehicle": "car" } });
    assert_eq!(ask(&stage, "sg-platform/estimate", &some).status, 200);
    let days = json!({ "earnings": vec![json!({ "day": "2026-03-01", "gross": 100 }); 3000], "with": { "category": "sales" } });
    assert_eq!(ask(&stage, "fr-micro/estimate", &days).json()["complete"], true);

    let way = json!({ "name": "a", "label": { "en": "a", "zh": "a" } });
    let ways = |n: usize| json!({ "born": "1986-03", "first": "2026-11", "scenarios": vec![way.clone(); n] });
    bad(&stage, "cn-flexible-pension/project", &ways(11), "scenarios", "at most 10");
    assert_eq!(ask(&stage, "cn-flexible-pension/project", &ways(10)).status, 200);

    // Whoever reckons takes turns with whoever verifies, and what an answer takes up is given back.
    let (gate, room) = (&stage.app.reckonings, stage.app.room.available_permits());
    let taken = gate.clone().try_acquire_many_owned(gate.available_permits() as u32).unwrap();
    let turned_away = ask(&stage, "sg-platform/estimate", &some);
    turned_away.demand(503, "overloaded");
    assert_eq!(turned_away.header("retry-after"), Some("1"));
    drop(taken);
    assert_eq!(ask(&stage, "sg-platform/estimate", &some).status, 200);
    let until = Instant::now() + Duration::from_secs(10);
    while stage.app.room.available_permits() != room {
        assert!(Instant::now() < until);
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn what_it_brings_and_what_it_says_in_plain_words() {
    let stage = Stage::new();
    let question = json!({ "born": "1996-03", "first": "2026-11", "with": { "region": "beijing", "class": "women-50" } });
    let made = ask(&stage, "cn-flexible-pension/project", &question);
    assert_eq!(made.status, 200, "{}", made.text());
    let made = made.json();
    let ways = made["scenarios"].as_array().unwrap();
    assert!(
        !ways.is_empty() && ways.iter().any(|way| way["pension"].is_u64() && way["refused"].is_null()),
        "{made}"
    );
    let picture = |lang: &str| {
        let headers = [("Content-Type", JSON), ("Accept", "image/svg+xml")];
        let path = format!("/v1/schemes/cn-flexible-pension/project{lang}");
        let picture = call(stage.at, "POST", &path, &headers, question.to_string().as_bytes()).unwrap();
        assert_eq!((picture.status, picture.header("content-type")), (200, Some("image/svg+xml")));
        assert!(
            picture.text().starts_with("<svg") && !picture.text().contains("<script"),
            "{}",
            picture.text()
        );
        picture.text()
    };
    assert!(picture("") == picture("?lang=en") && picture("") != picture("?lang=zh"));
    bad(
        &stage,
        "cn-flexible-pension/project",
        &json!({ "first": "2026-11" }),
        "body",
        "missing field `born`",
    );
    bad(
        &stage,
        "cn-flexible-pension/project",
        &json!({ "born": "1986-03", "first": "1980-01" }),
        "first",
        "after birth",
    );
    bad(&stage, "fr-micro/project", &question, "scheme", "says nothing about a pension");

    let card = stage.get("/v1/schemes/in-gig/card?on=2026-11-28");
    assert_eq!(card.status, 200, "{}", card.text());
    assert_eq!(
        card.json()["costs"][0],
        "You pay nothing for this. What counts is on how many days you worked."
    );
    assert!(card.json()["gives"][0].as_str().unwrap().starts_with("With 90 days"), "{}", card.text());
    let chinese = stage.get("/v1/schemes/in-gig/card?lang=zh&on=2026-11-28");
    assert_eq!(chinese.json()["costs"][0], "您不用缴费，看的是工作了多少天。");
    let tag = card.header("etag").unwrap();
    assert_eq!(get(&stage, "/v1/schemes/in-gig/card?on=2026-11-28", &[("If-None-Match", tag)]).status, 304);
    assert_eq!(stage.get("/v1/schemes/in-gig/card").status, 200);
    assert_eq!(stage.get("/v1/schemes/in-gig/card?on=yesterday").demand(400, "bad-parameter")["field"], "on");
    stage.get("/v1/schemes/in-gig/card?lang=fr").demand(400, "bad-parameter");
    stage.get("/v1/schemes/none/card").demand(404, "not-found");
}

#[test]
fn the_operator_has_schemes_of_his_own() {
    let (own, instead) = (small("ruritania"), small("fr-micro"));
    // Dot files and others are left alone.
    let dir = packs(&[("a.toml", &own), ("b.toml", &instead), (".#a.toml", "?"), ("README.md", "?")]);
    let stage = Stage::with(|config| config.schemes = Some(dir.path().to_owned()), Settings::default());
    let listed = stage.get("/v1/schemes").json();
    assert_eq!(listed.as_array().unwrap().len(), ids().count() + 1);
    assert_eq!(stage.get("/v1/schemes/ruritania").text(), own);
    // A pack with the id of one that comes along stands in its place.
    assert_eq!(stage.get("/v1/schemes/fr-micro").text(), instead);
    for id in ["ruritania", "fr-micro"] {
        let question = json!({ "earnings": [{ "month": "2026-03", "gross": 120_000 }] });
        let answer = ask(&stage, &format!("{id}/estimate"), &question).json();
        assert_eq!(
            (&answer["complete"], &answer["payers"][0]["after"]),
            (&json!(true), &json!(12_000)),
            "{answer}"
        );
    }
    stage.get("/v1/schemes/ruritania/card").demand(404, "not-found");
}

#[test]
fn a_pack_that_cannot_be_read_stops_the_start() {
    let told = |dir: &Path| Schemes::read(Some(dir)).unwrap_err().to_string();
    let good = small("ruritania");
    let broken =
        good.replace("amount = \"rate * gross\"", "amount = \"rate * brutto\"").replace("\"0.1\"", "0.1");
    let dir = packs(&[("a.toml", &broken), ("b.toml", "id = 7\n"), ("c.toml", &good)]);
    let found = told(dir.path());
    let line = |text: &str, of: &str| text.lines().position(|l| l.contains(of)).unwrap() + 1;
    for (file, line) in [("a.toml", line(&broken, "value = 0.1")), ("b.toml", 1)] {
        assert!(found.contains(&format!("{file}: line {line}: ")), "{found}");
    }
    assert!(!found.contains("c.toml") && found.contains("remedy") && found.contains("peald.toml"), "{found}");
    let dir = packs(&[("a.toml", &good.replace("rate * gross", "rate * brutto"))]);
    let found = told(dir.path());
    assert!(
        found.contains(&format!("line {}: ", line(&good, "amount"))) && found.contains("brutto"),
        "{found}"
    );

    let twice = packs(&[("a.toml", &good), ("b.toml", &good)]);
    let found = told(twice.path());
    assert!(
        found.contains("b.toml: its id, ruritania, is that of") && found.contains("a.toml too"),
        "{found}"
    );
    let nowhere = told(&twice.path().join("nowhere"));
    assert!(nowhere.contains("nowhere") && nowhere.contains("remedy"), "{nowhere}");
    assert!(Schemes::read(None).is_ok());
}
