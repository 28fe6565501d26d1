//! What other people's software says about the same law (`tests/oracles`): every rate, and every amount to the cent, on all days that both
//! cover; where they differ, the difference is one of those that are explained, and exactly that.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::path::Path;

use peal_spec::scheme::{Number, Pack, due};
use peal_spec::value::Day;
use serde_json::Value as Json;

fn table(name: &str) -> Json {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/oracles").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// What the pack has of a parameter on the days of a row: each value once, none for unknown.
fn values(pack: &Pack, row: &Json) -> BTreeSet<Option<Number>> {
    let parameter = &pack.parameters[pack.parameter(row["parameter"].as_str().unwrap()).unwrap()];
    let day = |name: &str| row[name].as_str().unwrap().parse::<Day>().unwrap();
    let (first, last) = (day("from").max(pack.from), day("to").min(pack.to));
    let (mut values, mut covered) = (BTreeSet::new(), first);
    for row in parameter.rows_of(row["for"].as_str()).filter(|row| row.from <= last && first <= row.to) {
        if covered < row.from {
            values.insert(None);
        }
        covered = row.to.after().unwrap();
        values.insert(row.value.as_ref().ok().copied());
    }
    if covered <= last {
        values.insert(None);
    }
    values
}

/// The nearest multiple, half up.
fn to_step(amount: u64, step: u64) -> u64 {
    (amount + step / 2) / step * step
}

fn compare(name: &str, least_cases: usize) {
    let table = table(name);
    let pack = Pack::shipped(table["scheme"].as_str().unwrap()).unwrap().unwrap();
    let (mut reasons, mut cases) = (BTreeSet::new(), 0);
    for row in table["rates"].as_array().unwrap() {
        let number = |name: &str| row[name].as_str().map(|text| text.parse::<Number>().unwrap());
        let ours = values(&pack, row);
        match row["differs"].as_str() {
            None => assert_eq!(ours, BTreeSet::from([number("oracle")]), "{row}"),
            Some(reason) => {
                assert_eq!(ours, BTreeSet::from([number("ours")]), "{row}");
                assert_ne!(number("ours"), number("oracle"), "{row}");
                reasons.insert(reason.to_owned());
            }
        }
    }
    for case in table["cases"].as_array().unwrap() {
        let answer = due(&pack, &serde_json::from_value(case["question"].clone()).unwrap()).unwrap();
        for expected in case["expect"].as_array().unwrap() {
            let rules: Vec<&str> =
                expected["rules"].as_array().unwrap().iter().map(|r| r.as_str().unwrap()).collect();
            let refused = answer.refused.iter().any(|refused| rules.contains(&refused.rule.as_str()));
            let lines = answer.lines.iter().filter(|line| rules.contains(&line.rule.as_str()));
            let ours = (!refused).then(|| lines.map(|line| line.amount).sum::<u64>());
            let rounded = ours.map(|ours| to_step(ours, expected["step"].as_u64().unwrap_or(1)));
            let oracle = expected["oracle"].as_u64();
            match expected["differs"].as_str() {
                None => assert_eq!(rounded, oracle, "{case}"),
                Some(reason) => {
                    assert_eq!(ours, expected["ours"].as_u64(), "{case}");
                    assert_ne!(rounded, oracle, "{case}");
                    reasons.insert(reason.to_owned());
                }
            }
            cases += 1;
        }
    }
    let explained = table["differences"].as_object().unwrap().keys().cloned().collect::<BTreeSet<String>>();
    assert_eq!(reasons, explained, "a difference is explained, and what is explained differs");
    assert!(cases >= least_cases, "{cases}");
}

#[test]
fn openfisca_france() {
    compare("fr-micro.openfisca.json", 180);
}

#[test]
fn modele_social() {
    compare("fr-micro.modele-social.json", 500);
}

#[test]
fn policyengine_uk() {
    compare("uk-self-employed.policyengine.json", 600);
}
