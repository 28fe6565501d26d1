//! The packs in `spec/schemes`: that they can be read, and that the published figures come out.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use peal_spec::scheme::{self, Answer, Outcome, Pack, ProjectQuestion, Projection, Question, due, project};
use serde_json::{Value as Json, json};

fn pack(id: &str) -> Pack {
    Pack::shipped(id).unwrap().unwrap_or_else(|e| panic!("{id}:\n{e}"))
}

fn ask(id: &str, question: Json) -> Answer {
    let question: Question = serde_json::from_value(question).unwrap();
    due(&pack(id), &question).unwrap_or_else(|e| panic!("{id}: {e}"))
}

/// What a rule came to.
fn of(answer: &Answer, rule: &str) -> Vec<u64> {
    answer.lines.iter().filter(|line| line.rule == rule).map(|line| line.amount).collect()
}

fn refusals(answer: &Answer) -> Vec<(String, String, Option<String>)> {
    let refused = answer.refused.iter();
    refused.map(|r| (r.rule.clone(), format!("{} {}", r.from, r.to), r.refusal.name.clone())).collect()
}

fn own(answer: &Answer) -> u64 {
    assert!(answer.complete, "{:?}", answer.refused);
    answer.payers[0].after
}

#[test]
fn every_pack_that_is_here_is_shipped_under_its_name() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemes");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|e| e == "toml"));
    let mut names: Vec<String> = files.map(|f| f.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    names.retain(|name| name != "template");
    names.sort();
    assert_eq!(names, scheme::ids().collect::<Vec<_>>());
    for id in names {
        assert_eq!(pack(&id).id, id);
    }
    Pack::read(scheme::TEMPLATE).unwrap_or_else(|e| panic!("template:\n{e}"));
}

#[test]
fn france_2025() {
    for (category, activity, gross, expected) in [
        ("sales", "usual", 170_000, 21_080),
        ("cipav", "usual", 50_000, 11_700),
        ("services-bic", "artisan", 170_000, 36_550),
        ("services-bnc", "usual", 50_000, 12_400),
    ] {
        let answer = ask(
            "fr-micro",
            json!({"earnings": [{"year": 2025, "gross": gross * 100}], "with": {"category": category, "activity": activity}}),
        );
        assert_eq!(own(&answer), expected * 100, "{category}: {:#?}", answer.lines);
    }
}

fn bring(id: &str, question: Json) -> Projection {
    let question: ProjectQuestion = serde_json::from_value(question).unwrap();
    project(&pack(id), &question).unwrap_or_else(|e| panic!("{id}: {e}"))
}

fn outcome<'a>(projection: &'a Projection, name: &str) -> &'a Outcome {
    let way = projection.scenarios.iter().find(|way| way.name == name).unwrap();
    way.outcome.as_ref().unwrap_or_else(|| panic!("{:?}", way.refused))
}

/// Somebody who retires at once: the formulas alone.
fn retired(wage: u64, years: u64, index: &str, balance: u64) -> Outcome {
    let projection = bring(
        "cn-flexible-pension",
        json!({"born": "1965-01", "first": "2025-01", "with": {"class": "men"}, "set": {"average_wage": wage.to_string(), "earliest_age": 719},
            "so_far": {"months": years * 12, "balance": balance * 100, "index": index}}),
    );
    outcome(&projection, "now").clone()
}

#[test]
fn china_pension_formulas() {
    for (years, index, basic) in [
        (15, "0.6", 480),
        (15, "1", 600),
        (15, "3", 1_200),
        (40, "0.6", 1_280),
        (40, "1", 1_600),
        (40, "3", 3_200),
    ] {
        assert_eq!(retired(4_000, years, index, 0).parts[0].amount, basic * 100, "{years} years, {index}");
    }
    let parts = |out: &Outcome| out.parts.iter().map(|part| part.amount).collect::<Vec<_>>();
    let first = retired(5_000, 15, "1", 72_000);
    assert_eq!((parts(&first), first.pension), (vec![75_000, 51_799], Some(126_799)));
    assert_eq!(parts(&retired(11_000, 25, "1", 150_000)), [275_000, 107_914]);
}

/// Months of delay: published examples of the decision of 2024-09.
#[test]
fn china_delayed_retirement() {
    for (class, born, age) in [
        ("men", "1960-02", 720),
        ("men", "1965-01", 721),
        ("men", "1965-04", 721),
        ("men", "1965-05", 722),
        ("men", "1976-08", 755),
        ("men", "1976-09", 756),
        ("men", "1990-01", 756),
        ("women-55", "1969-12", 660),
        ("women-55", "1970-01", 661),
        ("women-55", "1981-09", 696),
        ("women-50", "1974-12", 600),
        ("women-50", "1975-01", 601),
        ("women-50", "1975-12", 606),
        ("women-50", "1984-11", 660),
        ("women-50", "1984-12", 660),
    ] {
        let projection = bring(
            "cn-flexible-pension",
            json!({"born": born, "first": "2025-01", "with": {"class": class}, "set": {"average_wage": "10000"}}),
        );
        // Whoever was of age before the first month retires in it.
        let (year, month) = born.split_once('-').unwrap();
        let then = (2025 - year.parse::<u64>().unwrap()) * 12 + 1 - month.parse::<u64>().unwrap();
        assert_eq!(outcome(&projection, "now").age, age.max(then), "{class} {born}");
    }
}

/// The months that one needs by the year of retirement, and the divisors between whole years of age.
#[test]
fn china_minimum_years_and_divisors() {
    // Whoever was born in January 1965 and later by a month for each year retires in the year wanted.
    let at = |first: &str, set: Json| {
        let mut all = json!({"average_wage": "10000"});
        all.as_object_mut().unwrap().extend(set.as_object().unwrap().clone());
        let projection = bring(
            "cn-flexible-pension",
            json!({"born": "1965-01", "first": first, "with": {"class": "men"}, "set": all,
                "so_far": {"months": 600, "balance": 13_840_000, "index": "1"}}),
        );
        outcome(&projection, "now").clone()
    };
    for (year, age, minimum) in [(2026, 733, 180), (2029, 769, 180), (2030, 781, 186), (2034, 829, 210)] {
        let set = json!({"earliest_age": age - 1, "latest_age": 900});
        // Retires in February of that year.
        assert_eq!(at(&format!("{year}-02"), set).minimum, minimum, "{year}");
    }
    for (first, earliest, monthly) in [("2025-02", 720, 100_000), ("2025-01", 719, 99_568)] {
        let set = json!({"earliest_age": earliest, "latest_age": 900});
        // 138,400 by 138.4 at 60 years and a month; by 139 at 60 years.
        assert_eq!(at(first, set).parts[1].amount, monthly);
    }
}

#[test]
fn china_contribution_within_beijings_limits() {
    let of_base = |month: &str, with: Json, set: Json| {
        ask("cn-flexible-pension", json!({"from": month, "to": month, "with": with, "set": set}))
    };
    let beijing = |base: &str| of_base("2026-10", json!({"region": "beijing", "base": base}), json!({}));
    for (base, amount, credited) in
        [("7270", 145_400, 58_160), ("12116", 242_320, 96_928), ("36348", 726_960, 290_784)]
    {
        let line = &beijing(base).lines[0];
        assert_eq!((line.amount, line.credited), (amount, credited), "{base}");
    }
    for base in ["7269.99", "36348.01"] {
        let answer = beijing(base);
        assert!(answer.lines.is_empty() && !answer.complete);
        assert_eq!(answer.refused[0].refusal.what, scheme::What::Range);
    }
    // Without a base, the lowest one.
    let lowest = of_base("2026-10", json!({"region": "beijing"}), json!({}));
    assert_eq!(own(&lowest), 145_400);
    // Before and elsewhere the limits are not known, and can be said.
    let before = of_base("2026-06", json!({"region": "beijing", "base": "7000"}), json!({}));
    assert_eq!(before.refused[0].refusal.name.as_deref(), Some("base_floor"));
    let set = json!({"base_floor": 4000, "base_ceiling": "20000"});
    assert_eq!(own(&of_base("2026-06", json!({"base": 5000}), set)), 100_000);
}

#[test]
fn china_injury_cover_for_each_order() {
    let orders = |month: &str, region: &str| {
        json!({"earnings": [{"month": month, "gross": 0, "orders": 976, "payer": "A"}, {"month": month, "gross": 0, "orders": 24, "payer": "B"}],
            "with": {"region": region}})
    };
    let answer = ask("cn-per-order-injury", orders("2023-05", "jiangsu"));
    assert_eq!(of(&answer, "injury_contribution"), [5_856, 144]);
    assert_eq!((answer.payers[1].after, own(&answer)), (6_000, 0));
    assert!(!ask("cn-per-order-injury", orders("2024-04", "jiangsu")).complete);
    assert!(!ask("cn-per-order-injury", orders("2023-05", "other")).complete);
}

/// The fourth-quarter change of 2022 splits the year: what is due of it is the sum of its parts.
#[test]
fn france_a_change_in_mid_year_splits_the_year() {
    let of_year =
        |earnings: Json| ask("fr-micro", json!({"earnings": earnings, "with": {"category": "sales"}}));
    let whole = of_year(json!([{"year": 2022, "gross": 3_650_000}]));
    let parts = of_year(json!([
        {"from": "2022-01", "to": "2022-09", "gross": 2_730_000},
        {"from": "2022-10", "to": "2022-12", "gross": 920_000}
    ]));
    assert_eq!(of(&whole, "contributions"), [349_440, 113_160]);
    assert_eq!(of(&whole, "contributions"), of(&parts, "contributions"));
    assert_eq!(
        whole.lines[0].because.iter().filter_map(|r| r.value.clone()).collect::<Vec<_>>(),
        ["sales", "0.128"]
    );
}

#[test]
fn france_every_rate_and_what_is_not_known() {
    let rate = |category: &str, day: &str| {
        let answer = ask(
            "fr-micro",
            json!({"earnings": [{"day": day, "gross": 100_000}], "with": {"category": category}}),
        );
        let line = answer.lines.iter().find(|line| line.rule.starts_with("contributions"));
        line.map(|line| line.amount)
    };
    for (category, day, thousandths) in [
        ("sales", "2009-01-01", 120),
        ("sales", "2012-12-31", 120),
        ("sales", "2013-01-01", 140),
        ("sales", "2014-01-01", 141),
        ("sales", "2015-01-01", 133),
        ("sales", "2016-01-01", 134),
        ("sales", "2017-03-31", 134),
        ("sales", "2017-04-01", 131),
        ("sales", "2018-01-01", 128),
        ("sales", "2022-09-30", 128),
        ("sales", "2022-10-01", 123),
        ("sales", "2026-12-31", 123),
        ("cipav", "2009-01-01", 183),
        ("cipav", "2013-01-01", 213),
        ("cipav", "2014-01-01", 233),
        ("cipav", "2015-01-01", 229),
        ("cipav", "2017-04-01", 225),
        ("cipav", "2018-01-01", 220),
        ("cipav", "2021-06-13", 220),
        ("cipav", "2021-06-14", 222),
        ("cipav", "2022-10-01", 212),
        ("cipav", "2024-07-01", 232),
        ("furnished-lets", "2020-05-25", 60),
        ("services-bic", "2022-09-30", 220),
        ("services-bic", "2022-10-01", 212),
        ("services-bnc", "2009-01-01", 213),
        ("services-bnc", "2013-01-01", 246),
        ("services-bnc", "2015-01-01", 229),
        ("services-bnc", "2016-01-01", 231),
        ("services-bnc", "2017-04-01", 227),
        ("services-bnc", "2018-01-01", 220),
        ("services-bnc", "2022-10-01", 211),
        ("services-bnc", "2024-07-01", 231),
        ("services-bnc", "2025-01-01", 246),
        ("services-bnc", "2026-01-01", 256),
    ] {
        assert_eq!(rate(category, day), Some(thousandths * 100), "{category} {day}");
    }
    assert_eq!(rate("furnished-lets", "2020-05-24"), None);
    assert_eq!(rate("sales", "2008-12-31"), None);
    assert_eq!(rate("sales", "2027-01-01"), None);
}

#[test]
fn france_the_split_of_2026_adds_up() {
    let answer = ask(
        "fr-micro",
        json!({"earnings": [{"month": "2026-03", "gross": 333_333}], "with": {"category": "services-bnc"}}),
    );
    let line = &answer.lines[0];
    let parts: Vec<u64> = line.parts.iter().map(|part| part.amount).collect();
    assert_eq!(line.amount, 85_333);
    assert_eq!(parts.iter().sum::<u64>(), line.amount);
    // 4.1 %, 3.3 %, 46.4 %, 21 %, 25.2 % of 853.33; the cents that are missing go to the largest remainders.
    assert_eq!(parts, [3_499, 2_816, 39_594, 17_920, 21_504]);
    let pension = answer.insurances.iter().find(|sum| sum.insurance.as_deref() == Some("pension")).unwrap();
    assert_eq!(pension.amount, 39_594 + 17_920);
}

#[test]
fn united_kingdom() {
    let of_year = |year: u64, profit: u64| {
        ask("uk-self-employed", json!({"earnings": [{"year": year, "gross": profit * 100}]}))
    };
    for (year, profit, class4) in [
        (2023, 30_000, 156_870),
        (2022, 30_000, 176_035),
        (2022, 60_000, 399_825),
        (2021, 9_569, 9),
        (2020, 9_501, 9),
    ] {
        assert_eq!(of(&of_year(year, profit), "class4_contribution"), [class4], "{year} {profit}");
    }
    assert!(of(&of_year(2023, 12_570), "class4_contribution").is_empty());
    for (year, profit, class2) in [
        (2023, 12_570, vec![]),
        (2023, 12_571, vec![17_940]),
        (2022, 11_909, vec![16_380]),
        (2024, 20_000, vec![]),
    ] {
        assert_eq!(of(&of_year(year, profit), "class2_contribution"), class2, "{year} {profit}");
    }
    let counts =
        |year, profit| of_year(year, profit).counts.iter().map(|count| count.counts).collect::<Vec<_>>();
    for (year, profit, expected) in [
        (2022, 6_724, false),
        (2022, 6_725, true),
        (2022, 11_908, true),
        (2022, 11_909, false),
        (2024, 6_724, false),
        (2024, 6_725, true),
        (2024, 60_000, true),
        (2025, 6_844, false),
        (2025, 6_845, true),
        (2026, 7_104, false),
        (2026, 7_105, true),
    ] {
        assert_eq!(counts(year, profit), [expected], "{year} {profit}");
    }
    // What is not known is named: the thresholds of Class 2 before 2022.
    let before = of_year(2021, 30_000);
    let unknown =
        |rule: &str| (rule.to_owned(), "2021-04-06 2022-04-05".to_owned(), Some("small_profits".to_owned()));
    assert_eq!(refusals(&before), [unknown("class2_contribution"), unknown("qualifying_year")]);
    assert_eq!(of(&before, "class4_contribution"), [183_888]);
}

#[test]
fn singapore() {
    let of_month =
        |month: &str, jobs: Json| ask("sg-platform", json!({"earnings": jobs, "from": month, "to": month}));
    let job = |payer: &str, vehicle: &str, gross: u64| json!({"month": "2029-03", "gross": gross, "payer": payer, "with": {"vehicle": vehicle}});
    let example = of_month("2029-03", json!([job("A", "motorcycle", 400_000)]));
    assert_eq!((of(&example, "worker"), of(&example, "operator")), (vec![52_000], vec![44_200]));
    assert_eq!(example.lines[0].base, Some(260_000));
    // A car and a bicycle for one operator: each job has its own deduction; another operator reckons alone.
    let mixed = of_month(
        "2029-03",
        json!([job("A", "car", 400_000), job("A", "bicycle", 100_000), job("B", "foot", 100_000)]),
    );
    assert_eq!(of(&mixed, "worker"), [48_000, 16_000]);
    // 50.00 net is free, 50.01 to 750.00 is refused.
    assert!(of_month("2029-03", json!([job("A", "foot", 6_250)])).complete);
    for gross in [6_252, 93_750] {
        let tier = of_month("2029-03", json!([job("A", "foot", gross)]));
        assert_eq!(
            tier.refused.iter().map(|r| r.refusal.what).collect::<Vec<_>>(),
            [scheme::What::Rule; 2],
            "{gross}"
        );
    }
    assert!(of_month("2029-03", json!([job("A", "foot", 93_752)])).complete);
    let early = ask(
        "sg-platform",
        json!({"earnings": [{"month": "2028-12", "gross": 400_000, "payer": "A", "with": {"vehicle": "car"}}]}),
    );
    assert_eq!(early.refused[0].refusal.what, scheme::What::Outside);
}

/// The lines of the return files that payroll offices publish as examples.
#[test]
fn india_and_austria() {
    for (wages, shares) in
        [(15_000, [1_800, 1_250, 550]), (10_000, [1_200, 833, 367]), (20_000, [2_400, 1_250, 1_150])]
    {
        let answer =
            ask("in-epf", json!({"earnings": [{"month": "2026-03", "gross": wages * 100, "payer": "A"}]}));
        let amounts: Vec<u64> = answer.lines.iter().map(|line| line.amount / 100).collect();
        assert_eq!(amounts, shares, "{wages}");
    }
    let job =
        |month: &str| json!({"month": month, "gross": 200_000, "payer": "A", "with": {"started": "2026-01"}});
    let answer = ask("at-severance", json!({"earnings": [job("2026-01"), job("2026-02")]}));
    assert_eq!(of(&answer, "severance"), [3_060]);
}

/// Below the limit for help half is paid by the subsidy; the guard says when it is too much.
#[test]
fn a_reform_before_and_after_its_subsidy() {
    let of_month = |gross: u64| {
        ask(
            "cn-reform",
            json!({"earnings": [{"month": "2026-10", "gross": gross, "payer": "A", "orders": 600}]}),
        )
    };
    // 40 % of 12,116, rounded, is the lowest base: 16 % of it is 775.36, half of that the subsidy's.
    let low = of_month(484_600);
    let payers: Vec<(u64, u64, u64)> = low.payers.iter().map(|p| (p.before, p.subsidy, p.after)).collect();
    assert_eq!(payers, [(77_536 + 4_846 + 2_423, 38_768, 46_037), (3_600, 0, 3_600), (0, 0, 0)]);
    let pension = &low.insurances[0];
    assert_eq!((pension.amount, pension.subsidy, pension.credited), (77_536, 38_768, 38_768));
    assert_eq!((low.affordable[0].share.as_deref(), low.affordable[0].over), (Some("0.095"), Some(false)));
    // Somebody who earned next to nothing pays on the lowest base all the same: that is over.
    assert_eq!(of_month(100_000).affordable[0].over, Some(true));
}

/// Beginning later, pausing and paying less bring less; nothing else would be believed.
#[test]
fn projections_keep_their_order() {
    let ask = |id: &str, with: Json| bring(id, json!({"born": "1995-03", "first": "2026-12", "with": with}));
    for (id, with) in [
        ("cn-flexible-pension", json!({"class": "men", "region": "beijing", "level": "0.6"})),
        ("cn-reform", json!({"class": "women-50"})),
    ] {
        let projection = ask(id, with);
        let now = outcome(&projection, "now");
        for name in ["later", "pause"] {
            let other = outcome(&projection, name);
            assert!(
                other.months < now.months && other.paid < now.paid && other.pension < now.pension,
                "{id} {name}"
            );
        }
        let never = outcome(&projection, "never");
        let months = now.months;
        assert_eq!((never.pension, never.paid, never.cover[0].months), (None, 0, months), "{id}");
        assert_eq!(now.cover[0].months, 0);
        let grid = projection.grid.as_ref().unwrap();
        for row in grid.cells.chunk_by(|a, b| a.value == b.value) {
            let brings: Vec<_> = row.iter().map(|cell| cell.brings.as_ref().unwrap()).collect();
            assert!(
                brings.windows(2).all(|two| two[0].today < two[1].today && two[0].paid < two[1].paid),
                "{id}"
            );
        }
        let statuses = projection.assumptions.iter().map(|reason| reason.status);
        assert!(statuses.clone().count() > 3 && statuses.into_iter().all(|s| s >= scheme::Status::Assumed));
    }
}

/// By hand: 20 % of 10,000 for two years, of which 8 points are credited, at 2 % interest, without growth of wages.
#[test]
fn two_years_by_hand() {
    let projection = bring(
        "cn-flexible-pension",
        json!({"born": "1966-01", "first": "2026-01", "with": {"class": "men"},
            "set": {"average_wage": 10_000, "wage_growth": 0, "account_rate": "0.02", "earliest_age": 743, "latest_age": 744},
            "so_far": {"months": 168, "balance": 1_000_000, "paid": 5_000_000, "index": 1}}),
    );
    let out = outcome(&projection, "now");
    assert_eq!(
        (out.retires.as_str(), out.age, out.months, out.paid),
        ("2028-01", 744, 192, 5_000_000 + 24 * 200_000)
    );
    // Before the payments of a year the balance was b, b + 800, …, b + 8,800: their mean is b + 4,400.
    // 2026: b = 10,000, interest 288.00, then 19,888. 2027: interest 485.76, then 29,973.76.
    assert_eq!(
        out.path.iter().map(|(month, _, balance)| (month.as_str(), *balance)).collect::<Vec<_>>(),
        [("2026-12", 1_988_800), ("2027-12", 2_997_376), ("2028-01", 2_997_376)]
    );
    // 10,000 × 16 × 1 % and 29,973.76 / 125 (62 years).
    assert_eq!(out.parts.iter().map(|part| part.amount).collect::<Vec<_>>(), [160_000, 23_979]);
    assert_eq!((out.pension, out.today, out.once), (Some(183_979), Some(183_979), None));
    // 98,000 paid: 54 months of 1,839.79; up to the age of 80 there are 216 of them.
    assert_eq!((out.break_even, out.back.as_deref()), (Some(744 + 54), Some("4.06")));
}
