//! The lives in `spec/lives`, whose figures were worked out by hand from `spec/standing.md`: what the code makes of them is the same.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use peal_spec::address::Address;
use peal_spec::hash::Hash;
use peal_spec::money::{self, Entitlement, Money, Returned, Step, Stretch};
use peal_spec::standing::{History, Rule, alerts, standing};
use peal_spec::statement::contribution::Payer;
use peal_spec::statement::correction::Corrector;
use peal_spec::statement::*;
use peal_spec::target::Target;
use peal_spec::value::{Day, Time};
use serde_json::Value as Json;

struct Line<'j>(&'j Json);

impl Line<'_> {
    fn maybe(&self, name: &str) -> Option<u64> {
        self.0.get(name).and_then(Json::as_u64)
    }
    fn number(&self, name: &str) -> u64 {
        self.maybe(name).unwrap_or_else(|| panic!("{name} of {}", self.0))
    }
    fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(Json::as_str).unwrap_or_else(|| panic!("{name} of {}", self.0))
    }
    fn parse<T: std::str::FromStr>(&self, name: &str) -> T {
        self.text(name).parse().unwrap_or_else(|_| panic!("{name} of {}", self.0))
    }
    fn who(&self) -> Address {
        address(self.maybe("by").unwrap_or(0))
    }
    fn referenced(&self) -> Referenced {
        Referenced { issuer: self.who(), reference: "a reference".parse().unwrap() }
    }
    fn money(&self) -> Money {
        Money { amount: self.number("amount"), currency: self.parse("currency") }
    }
    fn what(&self) -> What {
        What {
            insurance: self.parse("insurance"),
            scheme: "a-scheme".parse().unwrap(),
            fund: address(self.maybe("fund").unwrap_or(0)),
        }
    }
    fn amount(&self, currency: peal_spec::value::Currency) -> Amount {
        let credited = self.maybe("credited").unwrap_or(0);
        Amount { amount: self.number("amount"), credited, base: None, currency }
    }
}

fn address(number: u64) -> Address {
    Address { number, id: Hash([number as u8; 32]) }
}

/// What a line says; amounts that its type repeats come from the record that it refers to.
fn body(line: &Line<'_>, target: Option<&Target>) -> Body {
    let entry = || match target {
        Some(Target::Entry(entry)) => entry,
        _ => panic!("{} refers to no contribution", line.0),
    };
    match line.text("type") {
        kind @ ("contribution" | "matching") => {
            let who = Payer {
                source: line.parse("source"),
                issuer: line.who(),
                reference: "a reference".parse().unwrap(),
            };
            let (what, amount) = (line.what(), line.amount(line.parse("currency")));
            let contribution = Contribution { who, what, amount, evidence: None };
            match kind {
                "matching" => Body::Matching(Matching(contribution)),
                _ => Body::Contribution(contribution),
            }
        }
        "settlement" => Body::Settlement(Settlement { who: line.referenced(), amount: entry().amount }),
        "correction" => {
            let who = Corrector { issuer: line.who(), reason: "a reason".parse().unwrap() };
            let void = line.0.get("void") == Some(&Json::Bool(true));
            let amount = (!void).then(|| line.amount(entry().amount.currency));
            Body::Correction(Correction { who, amount })
        }
        "engagement" => {
            let shift = Some((line.parse::<Time>("start"), line.parse::<Time>("end")));
            let evidence = Evidence { orders: line.maybe("orders"), shift, place: None };
            Body::Engagement(Engagement { who: line.referenced(), evidence, amount: line.money() })
        }
        "award" => {
            let steps = line.0["steps"].as_array().unwrap().iter();
            let steps =
                steps.map(|s| Step { months: s[0].as_u64().unwrap(), amount: s[1].as_u64().unwrap() });
            let amount = Entitlement { currency: line.parse("currency"), steps: steps.collect() };
            Body::Award(Award { who: line.referenced(), what: line.what(), amount })
        }
        "benefit" => {
            let Some(Target::Award(award)) = target else { panic!("{} refers to no award", line.0) };
            let amount = Money { amount: line.number("amount"), currency: award.gives.currency };
            Body::Benefit(Benefit { who: line.referenced(), amount })
        }
        "refund" => {
            let (amount, credited) = (line.number("amount"), line.maybe("credited").unwrap_or(0));
            let amount = Returned { amount, credited, currency: entry().amount.currency };
            Body::Refund(Refund { who: line.referenced(), amount })
        }
        "refund-received" => {
            let amount = Money { amount: line.number("amount"), currency: entry().amount.currency };
            Body::RefundReceived(RefundReceived { who: line.referenced(), amount })
        }
        "interest" => {
            let Money { amount, currency } = line.money();
            let stretches = vec![Stretch { balance: 1, months: 1 }];
            let amount = money::Interest { amount, currency, stretches, rate: 1 };
            Body::Interest(Interest { who: line.referenced(), what: line.what(), amount })
        }
        other => panic!("no such type: {other}"),
    }
}

fn history(life: &Json) -> History {
    let mut history = History::default();
    for (sequence, line) in (1..).zip(life["records"].as_array().unwrap()) {
        let line = Line(line);
        let day: Day = line.parse("recorded");
        let at = At {
            time: Time::new(day.time().seconds() + 43_200).unwrap(),
            month: line.0.get("month").map(|_| line.parse("month")),
            sequence,
            refers: line.maybe("refers"),
        };
        let body = body(&line, at.refers.and_then(|r| history.target(r)));
        history.push(at, &body);
    }
    history
}

/// Where two values differ first, by path.
fn difference(path: &str, code: &Json, hand: &Json) -> Option<String> {
    match (code, hand) {
        (Json::Object(a), Json::Object(b)) => {
            let names: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            names.into_iter().find_map(|name| {
                let none = Json::String("(absent)".into());
                let (a, b) = (a.get(name).unwrap_or(&none), b.get(name).unwrap_or(&none));
                difference(&format!("{path}.{name}"), a, b)
            })
        }
        (Json::Array(a), Json::Array(b)) if a.len() == b.len() => {
            (0..a.len()).find_map(|i| difference(&format!("{path}[{i}]"), &a[i], &b[i]))
        }
        _ if code == hand => None,
        _ => Some(format!("{path}: the code gives {code}, by hand it is {hand}")),
    }
}

#[test]
fn every_life_adds_up_to_what_was_worked_out_by_hand() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("lives");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 12, "at least twelve lives, found {}", files.len());
    let (mut faults, mut alerted) = (Vec::new(), 0);
    for file in &files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let life: Json = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let rule: Rule =
            serde_json::from_value(life["rule"].clone()).unwrap_or_else(|e| panic!("{name}: {e}"));
        let today = life["today"].as_str().unwrap().parse().unwrap();
        let code = serde_json::to_value(standing(&history(&life), &rule, today)).unwrap();
        faults.extend(difference(&name, &code, &life["expected"]));
        if let Some(expected) = life.get("alerts") {
            let after = expected["after"].as_str().unwrap().parse().unwrap();
            let code = serde_json::to_value(alerts(&history(&life), after, today)).unwrap();
            faults.extend(difference(&format!("{name}: alerts"), &code, &expected["expected"]));
            alerted += 1;
        }
    }
    assert!(alerted >= 5, "at least five lives with alerts, found {alerted}");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// A claim of 2026-03-01, noon, against account 5 before account 2, and what came of it.
fn claimed(then: impl FnOnce(&mut History)) -> Vec<(String, String)> {
    let mut history = History::default();
    let who = address(100);
    let claim = peal_spec::rights::Claim {
        kind: "missing".parse().unwrap(),
        party: address(5),
        bureau: address(2),
        insurance: None,
        months: None,
        records: Vec::new(),
    };
    let claim = Claim { who, claim, says: "March is missing".parse().unwrap() };
    history.push(on("2026-03-01", 1, None), &Body::Claim(claim));
    then(&mut history);
    let day = |text: &str| text.parse::<Day>().unwrap();
    let alerts = alerts(&history, day("2026-03-01"), day("2027-01-01"));
    let late = alerts.iter().map(|alert| serde_json::to_value(alert).unwrap());
    late.map(|l| (l["turn"].as_str().unwrap().to_owned(), l["until"].as_str().unwrap().to_owned())).collect()
}

fn on(day: &str, sequence: u64, refers: Option<u64>) -> At {
    let time = Time::new(day.parse::<Day>().unwrap().time().seconds() + 43_200).unwrap();
    At { time, month: None, sequence, refers }
}

fn answered(accepts: bool) -> Body {
    let answer = peal_spec::rights::Answer { accepts, records: Vec::new() };
    Body::ClaimAnswered(ClaimAnswered { who: address(5), answer, says: "so it is".parse().unwrap() })
}

#[test]
fn whoever_is_late_with_a_claim_is_named() {
    let [party, bureau] = [("party", "2026-03-16T12:00:00Z"), ("bureau", "2026-04-30T12:00:00Z")]
        .map(|(turn, until)| (turn.to_owned(), until.to_owned()));
    assert_eq!(claimed(|_| {}), [party, bureau.clone()]);
    assert_eq!(claimed(|h| h.push(on("2026-03-20", 2, Some(1)), &answered(false))), [bureau]);
    let accepted = claimed(|h| h.push(on("2026-03-02", 2, Some(1)), &answered(true)));
    assert_eq!(accepted, [("party".to_owned(), "2026-04-30T12:00:00Z".to_owned())]);
    let ruled = claimed(|h| {
        let by = "2026-06-01T00:00:00Z".parse().ok();
        let ruling = peal_spec::rights::Decision { outcome: "upheld".parse().unwrap(), by };
        let ruling = Ruling { who: address(2), ruling, says: "pay".parse().unwrap() };
        h.push(on("2026-04-01", 2, Some(1)), &Body::Ruling(ruling));
    });
    assert_eq!(ruled, [("party".to_owned(), "2026-06-01T00:00:00Z".to_owned())]);
    let closed = claimed(|h| {
        h.push(on("2026-03-20", 2, Some(1)), &answered(false));
        let closed = ClaimClosed { who: address(100), says: "never mind".parse().unwrap() };
        h.push(on("2026-03-21", 3, Some(1)), &Body::ClaimClosed(closed));
    });
    assert_eq!(closed, []);
}

#[test]
fn who_never_paid_to_any_insurance_is_missing_without_one() {
    let work = r#"{"records": [{"type": "engagement", "recorded": "2026-01-31", "by": 11, "month": "2026-01",
        "start": "2026-01-05T01:00:00Z", "end": "2026-01-05T02:00:00Z", "amount": 5, "currency": "CNY"}]}"#;
    let history = history(&serde_json::from_str(work).unwrap());
    let on = |after: &str, until: &str| alerts(&history, after.parse().unwrap(), until.parse().unwrap());
    let found = serde_json::to_value(on("2026-02-15", "2026-02-16")).unwrap();
    let missing =
        r#"[{"day": "2026-02-16", "alert": "missing", "payer": 11, "month": "2026-01", "insurance": null}]"#;
    assert_eq!(found, serde_json::from_str::<Json>(missing).unwrap());
    assert!(on("2026-02-16", "2099-01-01").is_empty() && on("2026-01-01", "2026-02-15").is_empty());
}
