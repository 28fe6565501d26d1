//! What holds of every pack: more earned is never less due, parts add up, a change of the law within a year splits it, and nothing that
//! somebody writes makes the reader or the reckoner panic.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use peal_spec::scheme::{
    self, Answer, Earning, Given, Number, Pack, ProjectQuestion, Question, due, project,
};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

fn ask(pack: &Pack, question: Json) -> Answer {
    due(pack, &serde_json::from_value(question).unwrap()).unwrap()
}

fn packs() -> Vec<Pack> {
    scheme::ids().map(|id| Pack::shipped(id).unwrap().unwrap()).collect()
}

fn pack(id: &str) -> Pack {
    Pack::shipped(id).unwrap().unwrap()
}

/// A question whose earnings are of one month and that a pack answers whole.
fn month_of(id: &str, gross: u64) -> Json {
    let (month, with) = match id {
        "fr-micro" => ("2026-03", json!({"category": "services-bnc"})),
        "sg-platform" => ("2029-03", json!({"vehicle": "car"})),
        "at-severance" => ("2026-03", json!({"started": "2025-01"})),
        "uk-self-employed" => ("2023-05", json!({})),
        _ => ("2026-10", json!({})),
    };
    json!({"earnings": [{"month": month, "gross": gross, "orders": gross / 1_000, "payer": "A"}], "with": with})
}

const ASKED: [&str; 6] =
    ["fr-micro", "sg-platform", "at-severance", "uk-self-employed", "in-epf", "cn-reform"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn more_earned_is_not_less_due(which in 0..ASKED.len(), a in 200_000u64..20_000_000, more in 0u64..5_000_000) {
        let pack = pack(ASKED[which]);
        let (low, high) = (ask(&pack, month_of(ASKED[which], a)), ask(&pack, month_of(ASKED[which], a + more)));
        prop_assert!(low.complete && high.complete, "{:?}", low.refused);
        for (low, high) in low.payers.iter().zip(&high.payers) {
            prop_assert!(low.before <= high.before && low.after <= high.after, "{} {low:?} {high:?}", pack.id);
        }
        for (low, high) in low.insurances.iter().zip(&high.insurances) {
            prop_assert!(low.credited <= high.credited);
        }
    }

    #[test]
    fn a_higher_base_is_not_less_due(a in 727_000u64..3_634_800, more in 0u64..1_000_000) {
        let pack = pack("cn-flexible-pension");
        let of = |base: u64| {
            let base = format!("{}.{:02}", base / 100, base % 100);
            let answer = ask(&pack, json!({"from": "2026-10", "to": "2026-10", "with": {"region": "beijing", "base": base}}));
            (answer.payers[0].after, answer.insurances.first().map(|sum| sum.credited))
        };
        prop_assert!(of(a) <= of((a + more).min(3_634_800)));
    }

    #[test]
    fn sums_are_sums_of_lines_and_parts(which in 0..ASKED.len(), gross in 200_000u64..20_000_000) {
        let answer = ask(&pack(ASKED[which]), month_of(ASKED[which], gross));
        for line in &answer.lines {
            prop_assert!(line.credited <= line.amount);
            prop_assert!(line.parts.is_empty() || line.parts.iter().map(|part| part.amount).sum::<u64>() == line.amount);
        }
        let lines: u64 = answer.lines.iter().filter(|line| line.payer != scheme::Payer::Subsidy).map(|line| line.amount).sum();
        prop_assert_eq!(lines, answer.payers.iter().map(|payer| payer.before).sum::<u64>());
        prop_assert_eq!(lines, answer.insurances.iter().map(|sum| sum.amount).sum::<u64>());
        let subsidies: u64 = answer.lines.iter().filter(|line| line.payer == scheme::Payer::Subsidy).map(|line| line.amount).sum();
        prop_assert_eq!(subsidies, answer.insurances.iter().map(|sum| sum.subsidy).sum::<u64>());
        prop_assert!(answer.payers.iter().all(|payer| payer.after == payer.before - payer.subsidy));
    }

    /// An earning across a change of the law is due as its two parts are, each by its own days.
    #[test]
    fn a_change_within_an_earning_splits_it(gross in 0u64..50_000_000, before in 1u64..90, after in 0u64..90) {
        let pack = pack("fr-micro");
        // The rate of sales changed on 2022-10-01.
        let day = |offset: i64| {
            let number = "2022-10-01".parse::<peal_spec::value::Day>().unwrap().number();
            peal_spec::value::Day::new(number.checked_add_signed(offset).unwrap()).unwrap().to_string()
        };
        let (first, last) = (day(-(before as i64)), day(after as i64));
        let part = gross * before / (before + after + 1);
        let of = |earnings: Json| {
            let answer = ask(&pack, json!({"earnings": earnings, "with": {"category": "sales"}}));
            answer.lines.iter().filter(|line| line.rule == "contributions").map(|line| line.amount).collect::<Vec<_>>()
        };
        let whole = of(json!([{"from": first, "to": last, "gross": gross}]));
        let parts = of(json!([{"from": first, "to": day(-1), "gross": part}, {"from": day(0), "to": last, "gross": gross - part}]));
        prop_assert_eq!(whole.len(), 2);
        prop_assert_eq!(whole, parts);
    }

    /// Two earnings in one month are assessed as one where the law takes them together, whoever asks in which order.
    #[test]
    fn order_of_earnings_does_not_matter(a in 0u64..5_000_000, b in 0u64..5_000_000) {
        let pack = pack("cn-reform");
        let of = |one: u64, other: u64| {
            let answer = ask(&pack, json!({"earnings": [
                {"month": "2026-10", "gross": one, "payer": "A"}, {"day": "2026-10-03", "gross": other, "payer": "B"}]}));
            (answer.payers, answer.insurances)
        };
        prop_assert_eq!(of(a, b), of(b, a));
    }

    #[test]
    fn numbers_round_to_the_nearest_and_come_back(units in -1_000_000_000_000i64..1_000_000_000_000, places in 0u32..6) {
        let text = {
            let scale = 10i64.pow(places);
            let (whole, part) = (units.abs() / scale, units.abs() % scale);
            let sign = if units < 0 { "-" } else { "" };
            if places == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part:0width$}", width = places as usize) }
        };
        let number: Number = text.parse().unwrap();
        prop_assert_eq!(number.to_string().parse::<Number>().unwrap(), number);
        let whole = number.rounded(scheme::Rounding { to: Number::ONE, mode: scheme::Mode::HalfUp }).unwrap();
        let apart = number.minus(whole).unwrap().times(Number::from(2i64)).unwrap();
        prop_assert!(Number::from(-1i64) <= apart && apart <= Number::ONE);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// A pack with a line left out, doubled or with another line's text: it reads, or every fault has a line that is there.
    #[test]
    fn damaged_packs_are_read_or_refused_by_line(which in 0usize..11, at in any::<prop::sample::Index>(), other in any::<prop::sample::Index>(), how in 0..4) {
        let id = scheme::ids().nth(which);
        let text = id.and_then(scheme::text).unwrap_or(scheme::TEMPLATE);
        let mut lines: Vec<String> = text.lines().map(ToOwned::to_owned).collect();
        let (at, other) = (at.index(lines.len()), other.index(lines.len()));
        match how {
            0 => drop(lines.remove(at)),
            1 => lines.insert(at, lines[other].clone()),
            2 => lines[at] = lines[other].clone(),
            _ => {
                let cut = lines[at].chars().take(lines[at].chars().count() / 2).collect();
                lines[at] = cut;
            }
        }
        let text = lines.join("\n");
        match Pack::read(&text) {
            Ok(pack) => drop(due(&pack, &Question { from: Some("2026-10".into()), to: Some("2026-11".into()), ..Question::default() })),
            Err(bad) => {
                prop_assert!(!bad.0.is_empty());
                prop_assert!(bad.0.iter().all(|fault| (1..=lines.len() + 1).contains(&fault.line) && !fault.what.is_empty()));
            }
        }
    }

    /// Whatever is asked of whichever pack, there is an answer or a reason.
    #[test]
    fn any_question_has_an_answer(
        which in 0usize..10,
        gross in prop_oneof![0u64..1_000_000, Just((1 << 53) - 1), any::<u64>()],
        orders in prop_oneof![0u64..100, any::<u64>()],
        day in "20[0-3][0-9]-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]))?",
        name in "[a-z_]{1,12}",
        value in prop_oneof!["-?[0-9]{1,15}(\\.[0-9]{1,12})?", "[a-z-]{1,8}"],
        known in any::<prop::sample::Index>(),
    ) {
        let packs = packs();
        let pack = &packs[which];
        let given = |name: &str| std::collections::BTreeMap::from([(name.to_owned(), Given::Text(value.clone()))]);
        let earning = Earning { from: Some(day.clone()), to: Some(day), gross, orders, ..Earning::default() };
        let mut question = Question { earnings: vec![earning], ..Question::default() };
        drop(due(pack, &question));
        if !pack.parameters.is_empty() {
            question.set = given(&pack.parameters[known.index(pack.parameters.len())].name);
            drop(due(pack, &question));
        }
        question.with = given(&name);
        drop(due(pack, &question));
        let first = "2026-12".to_owned();
        let mut asked = ProjectQuestion { born: "1995-03".into(), first, set: question.set, ..ProjectQuestion::default() };
        asked.with = [("class", "men"), ("region", "beijing")].into_iter()
            .filter(|(name, _)| pack.input(name).is_some()).map(|(name, value)| (name.to_owned(), Given::Text(value.to_owned()))).collect();
        // One way is enough here; the grid is what takes time.
        asked.scenarios = Some(pack.scenarios.iter().take(1).cloned().collect());
        let mut small = pack.clone();
        if let Some(pension) = &mut small.pension {
            pension.grid = None;
        }
        drop(project(&small, &asked));
    }
}

/// What once did not end, or went round the ends of numbers.
#[test]
fn far_days_and_large_numbers_are_answered() {
    let day = |from: &str, to: &str| Question {
        from: Some(from.into()),
        to: Some(to.into()),
        ..Question::default()
    };
    for pack in packs() {
        for (from, to) in [("2998", "2999"), ("2999-12-31", "2999-12-31"), ("1970", "1970")] {
            assert!(due(&pack, &day(from, to)).is_ok(), "{} {from}", pack.id);
        }
        assert!(due(&pack, &day("2999-12-31", "3000-01-01")).is_err());
    }
    let uk = ask(&pack("uk-self-employed"), json!({"from": "1970-01-01", "to": "1970-04-06"}));
    assert_eq!(uk.refused[0].to.to_string(), "1971-04-05");
    let project = |members: Json| {
        let mut asked =
            json!({"born": "1995-03", "first": "2026-12", "with": {"class": "men", "region": "beijing"}});
        asked.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        project(&pack("cn-flexible-pension"), &serde_json::from_value::<ProjectQuestion>(asked).unwrap())
    };
    let label = json!({"en": "x", "zh": "x"});
    for longer in [4_000_000_000u64, 515_397_600 - 1, u64::MAX] {
        let answer =
            project(json!({"scenarios": [{"name": "x", "label": label, "longer": longer}]})).unwrap();
        assert!(answer.scenarios[0].refused.is_some(), "{longer}");
    }
    for so_far in [json!({"months": u64::MAX}), json!({"balance": 1u64 << 53}), json!({"paid": u64::MAX})] {
        assert!(project(json!({"so_far": so_far})).is_err());
    }
    // One day is one day, and one month one month.
    for earning in [
        json!({"day": "2029", "gross": 1}),
        json!({"month": "2029", "gross": 1}),
        json!({"day": "2029-01", "gross": 1}),
    ] {
        let question = serde_json::from_value(json!({"earnings": [earning]})).unwrap();
        assert!(due(&pack("sg-platform"), &question).is_err());
    }
}

/// A definition that the minimum uses is reckoned anew for the pension.
#[test]
fn what_the_minimum_used_is_no_answer_for_the_pension() {
    let text = include_str!("schemes/odd.toml");
    let flat = |text: &str| {
        let pack = Pack::read(text).unwrap();
        let asked = json!({"born": "2001-01", "first": "2024-05", "with": {"kind": "b"}});
        let answer = project(&pack, &serde_json::from_value::<ProjectQuestion>(asked).unwrap()).unwrap();
        answer.scenarios[0].outcome.as_ref().unwrap().parts[0].amount
    };
    let define = "[[define]]\nname = \"now_wage\"\nlabel = { en = \"W\", zh = \"W\" }\nformula = \"wages\"\n\n[[due]]\nname = \"each\"";
    let with = text
        .replacen("[[due]]\nname = \"each\"", define, 1)
        .replace("years * wage * index", "years * now_wage * index");
    let used = with.replace("minimum = \"if(calendar_year", "minimum = \"0 * now_wage + if(calendar_year");
    assert_ne!(with, used);
    assert_eq!((flat(&with), flat(&used)), (flat(text), flat(text)));
}
