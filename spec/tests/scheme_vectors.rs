//! Questions and answers in `spec/schemes/vectors`: made here from the code, and reckoned again by `spec/reference_schemes.py`, which was
//! written from the page alone. `PEAL_WRITE_VECTORS=1 cargo test -p peal-spec --test scheme_vectors` writes them anew.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use peal_spec::scheme::{self, Pack, due, project};
use serde_json::{Value as Json, json};

/// A pack that uses what the shipped ones do not: rules of each kind that name each other, subsidies that are cut, parts that do not
/// divide, a pension with fractions.
const ODD: &str = include_str!("schemes/odd.toml");

fn question(of: &str, pack: &str, question: Json) -> Json {
    let text = scheme::text(pack).unwrap_or(ODD);
    let read = Pack::read(text).unwrap_or_else(|e| panic!("{pack}:\n{e}"));
    let answer = match of {
        "due" => serde_json::from_value(question.clone()).map(|asked| due(&read, &asked).map(|a| json!(a))),
        _ => serde_json::from_value(question.clone()).map(|asked| project(&read, &asked).map(|a| json!(a))),
    };
    let mut vector = json!({"ask": of, "question": question});
    match scheme::text(pack) {
        Some(_) => vector["pack"] = json!(pack),
        None => vector["text"] = json!(ODD),
    }
    match answer.unwrap() {
        Ok(answer) => vector["answer"] = answer,
        Err(_) => vector["unusable"] = json!(true),
    }
    vector
}

fn fault(written: &str, instead: &str) -> Json {
    assert!(ODD.contains(written), "{written}");
    let text = ODD.replacen(written, instead, 1);
    let bad = Pack::read(&text).expect_err(instead);
    json!({"ask": "check", "text": text, "faults": bad.0.iter().map(|fault| fault.line).collect::<Vec<_>>()})
}

#[allow(clippy::too_many_lines)]
fn vectors() -> BTreeMap<String, Json> {
    let micro = |gross: u64, when: Json, with: Json| {
        let mut earning = json!({"gross": gross});
        earning.as_object_mut().unwrap().extend(when.as_object().unwrap().clone());
        json!({"earnings": [earning], "with": with})
    };
    let mei = json!({"born": "1995-03", "first": "2026-12", "with": {"class": "women-50", "region": "beijing", "level": "0.6"}});
    let list = [
        (
            "due-fr-2025",
            question(
                "due",
                "fr-micro",
                micro(5_000_000, json!({"year": 2025}), json!({"category": "services-bnc"})),
            ),
        ),
        (
            "due-fr-across-a-change",
            question(
                "due",
                "fr-micro",
                micro(3_650_001, json!({"year": "2022"}), json!({"category": "sales"})),
            ),
        ),
        (
            "due-fr-split",
            question(
                "due",
                "fr-micro",
                micro(333_333, json!({"month": "2026-03"}), json!({"category": "services-bnc"})),
            ),
        ),
        (
            "due-fr-before-the-pack",
            question(
                "due",
                "fr-micro",
                micro(100_000, json!({"from": "2008-12", "to": "2009-01"}), json!({"category": "sales"})),
            ),
        ),
        (
            "due-fr-unknown-stretch",
            question(
                "due",
                "fr-micro",
                micro(100_000, json!({"month": "2020-05"}), json!({"category": "furnished-lets"})),
            ),
        ),
        (
            "due-fr-set",
            question(
                "due",
                "fr-micro",
                json!({"earnings": [{"month": "2020-04", "gross": 100_000}], "with": {"category": "furnished-lets"}, "set": {"rate": "0.07", "training_rate": "0.001"}}),
            ),
        ),
        (
            "due-fr-missing-input",
            question("due", "fr-micro", micro(100_000, json!({"day": "2025-05-01"}), json!({}))),
        ),
        (
            "due-fr-no-such-input",
            question(
                "due",
                "fr-micro",
                micro(100_000, json!({"day": "2025-05-01"}), json!({"categorie": "sales"})),
            ),
        ),
        (
            "due-fr-no-such-choice",
            question(
                "due",
                "fr-micro",
                micro(100_000, json!({"day": "2025-05-01"}), json!({"category": "sale"})),
            ),
        ),
        (
            "due-uk-2022",
            question("due", "uk-self-employed", micro(6_000_000, json!({"year": 2022}), json!({}))),
        ),
        (
            "due-uk-between-thresholds",
            question("due", "uk-self-employed", micro(800_000, json!({"year": 2023}), json!({}))),
        ),
        (
            "due-uk-before-2022",
            question("due", "uk-self-employed", micro(3_000_000, json!({"year": 2021}), json!({}))),
        ),
        (
            "due-uk-over-two-years",
            question(
                "due",
                "uk-self-employed",
                micro(3_000_000, json!({"from": "2023-01", "to": "2023-12"}), json!({})),
            ),
        ),
        (
            "due-sg-two-operators",
            question(
                "due",
                "sg-platform",
                json!({"earnings": [
            {"month": "2029-03", "gross": 400_000, "payer": "A", "with": {"vehicle": "car"}},
            {"month": "2029-03", "gross": 100_000, "payer": "A", "with": {"vehicle": "bicycle"}},
            {"month": "2029-03", "gross": 93_750, "payer": "B", "with": {"vehicle": "foot"}}]}),
            ),
        ),
        (
            "due-in",
            question(
                "due",
                "in-epf",
                micro(1_234_567, json!({"month": "2026-03"}), json!({"limited": true})),
            ),
        ),
        (
            "due-at-first-month-free",
            question(
                "due",
                "at-severance",
                json!({"earnings": [
            {"month": "2026-01", "gross": 200_000, "payer": "A"}, {"month": "2026-02", "gross": 200_001, "payer": "A"}], "with": {"started": "2026-01"}}),
            ),
        ),
        (
            "due-cn-beijing",
            question(
                "due",
                "cn-flexible-pension",
                json!({"from": "2026-10", "to": "2026-12", "with": {"region": "beijing"}}),
            ),
        ),
        (
            "due-cn-base-too-low",
            question(
                "due",
                "cn-flexible-pension",
                json!({"from": "2026-10", "to": "2026-11", "with": {"region": "beijing", "base": "7269.99"}}),
            ),
        ),
        (
            "due-cn-past-the-pack",
            question(
                "due",
                "cn-flexible-pension",
                json!({"from": "2027-05", "to": "2027-08", "with": {"region": "beijing"}}),
            ),
        ),
        (
            "due-reform-three-months",
            question(
                "due",
                "cn-reform",
                json!({"earnings": [
            {"month": "2026-09", "gross": 700_000, "orders": 610, "payer": "A"},
            {"from": "2026-10-20", "to": "2026-11-10", "gross": 333_333, "orders": 101, "payer": "B"},
            {"day": "2026-11-11", "gross": 5_001, "orders": 3, "payer": "A"}, {"month": "2026-11", "gross": 100_000}],
            "from": "2026-10", "to": "2026-11"}),
            ),
        ),
        (
            "due-odd-each-kind",
            question(
                "due",
                "odd",
                json!({"earnings": [
            {"from": "2024-02-20", "to": "2024-03-20", "gross": 100_003, "orders": 7, "payer": "B", "with": {"kind": "b"}},
            {"day": "2024-03-02", "gross": 33_333, "payer": "A", "orders": 2},
            {"month": "2024-01", "gross": 500_000}], "from": "2024-02", "to": "2024-03"}),
            ),
        ),
        (
            "due-odd-differs",
            question(
                "due",
                "odd",
                json!({"earnings": [
            {"day": "2024-05-02", "gross": 33_333, "payer": "A", "with": {"kind": "a"}}, {"day": "2024-05-03", "gross": 33_333, "payer": "A", "with": {"kind": "b"}}]}),
            ),
        ),
        (
            "due-odd-half-even",
            question(
                "due",
                "odd",
                json!({"earnings": [{"day": "2025-01-01", "gross": 50}, {"day": "2025-01-02", "gross": 150}, {"day": "2025-01-03", "gross": 250}], "with": {"kind": "b"}}),
            ),
        ),
        (
            "due-odd-by-zero",
            question(
                "due",
                "odd",
                json!({"earnings": [{"month": "2024-06", "gross": 100}], "set": {"divisor_of_all": 0}}),
            ),
        ),
        ("due-odd-nothing", question("due", "odd", json!({"from": "2024-06", "to": "2024-06"}))),
        ("project-cn", question("project", "cn-flexible-pension", mei.clone())),
        (
            "project-cn-so-far",
            question(
                "project",
                "cn-flexible-pension",
                json!({"born": "1980-11", "first": "2026-12", "with": {"class": "men", "region": "beijing"},
            "set": {"wage_growth": "0.05", "account_rate": "0.0262"}, "so_far": {"months": 61, "balance": 5_000_001, "paid": 12_345_678, "index": "0.8123"}}),
            ),
        ),
        (
            "project-cn-unknown-wage",
            question(
                "project",
                "cn-flexible-pension",
                json!({"born": "1995-03", "first": "2026-12", "with": {"class": "men"}}),
            ),
        ),
        (
            "project-cn-retired",
            question(
                "project",
                "cn-flexible-pension",
                json!({"born": "1950-03", "first": "2026-12", "with": {"class": "men", "region": "beijing"}}),
            ),
        ),
        (
            "project-cn-before-the-pack",
            question(
                "project",
                "cn-flexible-pension",
                json!({"born": "1980-03", "first": "2015-12", "with": {"class": "men"}, "set": {"average_wage": 8_000}}),
            ),
        ),
        (
            "project-reform",
            question(
                "project",
                "cn-reform",
                json!({"born": "1990-07", "first": "2027-01", "with": {"class": "men"}}),
            ),
        ),
        (
            "project-reform-own-ways",
            question(
                "project",
                "cn-reform",
                json!({"born": "1990-07", "first": "2027-01", "with": {"class": "women-55"}, "scenarios": [
            {"name": "a", "label": {"en": "A", "zh": "甲"}, "start": 7, "pays": 250, "pause": [13, 5], "longer": 4},
            {"name": "b", "label": {"en": "B", "zh": "乙"}, "subsidy": false, "set": {"rate": "0.2", "earned_level": "0.41"}}]}),
            ),
        ),
        (
            "project-odd",
            question("project", "odd", json!({"born": "1999-12", "first": "2024-05", "with": {"kind": "b"}})),
        ),
        (
            "project-no-pension",
            question("project", "fr-micro", json!({"born": "1999-12", "first": "2024-05"})),
        ),
        ("check-float", fault("value = \"0.1\"", "value = 0.1")),
        ("check-unknown-name", fault("gross * rate_of_orders", "gross * rate_of_order")),
        ("check-a-flag-for-a-number", fault("amount = \"gross * rate_of_orders\"", "amount = \"gross > 0\"")),
        (
            "check-overlap",
            fault("{ from = \"2024-03-01\", value = \"0.11\"", "{ from = \"2020-01\", value = \"0.11\""),
        ),
        ("check-named-twice", fault("name = \"net\"", "name = \"rate_of_orders\"")),
        ("check-no-source", fault("source = \"act\"", "source = \"law\"")),
        ("check-unknown-member", fault("per = \"earning\"", "pro = \"earning\"")),
        ("check-uses-what-is-below", fault("formula = \"gross - orders / 3\"", "formula = \"third + 1\"")),
        ("check-no-such-choice", fault("kind == 'b'", "kind == 'c'")),
        ("check-relieves-another-kind", fault("relieves = \"monthly\"", "relieves = \"each\"")),
    ];
    list.into_iter().map(|(name, vector)| (name.to_owned(), vector)).collect()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("schemes/vectors")
}

#[test]
fn what_is_kept_is_what_the_code_gives() {
    let made = vectors();
    let text = |vector: &Json| format!("{}\n", serde_json::to_string_pretty(vector).unwrap());
    if std::env::var_os("PEAL_WRITE_VECTORS").is_some() {
        std::fs::create_dir_all(folder()).unwrap();
        for entry in std::fs::read_dir(folder()).unwrap() {
            std::fs::remove_file(entry.unwrap().path()).unwrap();
        }
        for (name, vector) in &made {
            std::fs::write(folder().join(format!("{name}.json")), text(vector)).unwrap();
        }
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
}
