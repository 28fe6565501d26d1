//! What somebody has a right to (`spec/schemes.md` §6): the shipped packs and small ones of these tests, over accounts made up here.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use peal_spec::address::Address;
use peal_spec::hash::Hash;
use peal_spec::money::{self, Money, Returned, Stretch};
use peal_spec::scheme::{InRegion, Pack, PlaceWhy, Right, Rights, benefit_place, entitled};
use peal_spec::standing::History;
use peal_spec::statement::contribution::Payer;
use peal_spec::statement::*;
use peal_spec::value::{Day, Month, Time};
use serde_json::{Value as Json, json};

fn address(number: u64) -> Address {
    Address { number, id: Hash([number as u8; 32]) }
}

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

/// An account that records are added to, one after another.
struct Life {
    history: History,
    sequence: u64,
}

/// A contribution: what it says beside its month.
#[derive(Clone, Copy)]
struct Paid<'t> {
    insurance: &'t str,
    fund: u64,
    amount: u64,
    credited: u64,
    base: Option<u64>,
    source: &'t str,
    currency: &'t str,
}

const PENSION: Paid<'static> = Paid {
    insurance: "pension",
    fund: 7,
    amount: 80_000,
    credited: 32_000,
    base: Some(400_000),
    source: "self",
    currency: "CNY",
};

impl Life {
    fn new() -> Self {
        Self { history: History::default(), sequence: 0 }
    }

    fn push(&mut self, month: Option<Month>, refers: Option<u64>, body: &Body) -> u64 {
        self.sequence += 1;
        let time = "2026-01-01T12:00:00Z".parse().unwrap();
        self.history.push(At { time, month, sequence: self.sequence, refers }, body);
        self.sequence
    }

    fn pay(&mut self, month: Month, paid: Paid<'_>) -> u64 {
        let who = Payer {
            source: paid.source.parse().unwrap(),
            issuer: address(11),
            reference: "a reference".parse().unwrap(),
        };
        let amount = Amount {
            amount: paid.amount,
            credited: paid.credited,
            base: paid.base,
            currency: paid.currency.parse().unwrap(),
        };
        let contribution =
            Contribution { who, what: what(paid.insurance, paid.fund), amount, evidence: None };
        self.push(Some(month), None, &Body::Contribution(contribution))
    }

    /// So many months from one on.
    fn pay_months(&mut self, first: &str, n: u32, paid: Paid<'_>) {
        let first = month(first).ordinal();
        for ordinal in first..first + n {
            self.pay(Month::from_ordinal(ordinal).unwrap(), paid);
        }
    }

    /// A day of work for each of so many days from one on.
    fn work(&mut self, payer: u64, first: &str, days: u64) {
        let first: Day = first.parse().unwrap();
        for number in first.number()..first.number() + days {
            let day = Day::new(number).unwrap();
            let start = Time::new(day.time().seconds() + 3600).unwrap();
            let who = Referenced { issuer: address(payer), reference: "a reference".parse().unwrap() };
            let evidence = Evidence { orders: None, shift: Some((start, start)), place: None };
            let amount = Money { amount: 1, currency: "INR".parse().unwrap() };
            self.push(Some(day.month()), None, &Body::Engagement(Engagement { who, evidence, amount }));
        }
    }

    fn asked(&self, pack: &Pack, today: &str, question: Json) -> Rights {
        let question = serde_json::from_value(question).unwrap();
        entitled(pack, &self.history, today.parse().unwrap(), &question).unwrap_or_else(|e| panic!("{e}"))
    }
}

fn what(insurance: &str, fund: u64) -> What {
    What { insurance: insurance.parse().unwrap(), scheme: "a-scheme".parse().unwrap(), fund: address(fund) }
}

fn shipped(id: &str) -> Pack {
    Pack::shipped(id).unwrap().unwrap()
}

fn day(text: &str) -> Option<Day> {
    Some(text.parse().unwrap())
}

/// A pack that has only what a test asks.
fn pack(rights: &str) -> Pack {
    let head = r#"
        id = "test"
        version = "1"
        jurisdiction = "CN"
        currency = "CNY"
        from = "2020-01-01"
        to = "2030-12-31"
        title = { en = "test", zh = "测试" }
        [sources]
        act = { cite = "an act", status = "official" }
        [[input]]
        name = "born"
        label = { en = "Month of birth", zh = "出生年月" }
        kind = "month"
        [[input]]
        name = "willing"
        label = { en = "Whether she wants it", zh = "是否愿意" }
        kind = "flag"
        [[parameter]]
        name = "pool_share"
        label = { en = "What moves", zh = "转移比例" }
        unit = "share"
        values = [{ from = "2020", value = "0.12", source = "act" }]
        [[parameter]]
        name = "dark"
        label = { en = "What nobody knows", zh = "未知" }
        unit = "months"
        values = [{ from = "2020", unknown = "nobody knows", source = "act" }]
    "#;
    Pack::read(&format!("{head}\n{rights}")).unwrap_or_else(|e| panic!("{e}"))
}

/// A pack with one entitlement of pension.
fn right(members: &str) -> Pack {
    let head = r#"
        [[entitlement]]
        name = "it"
        label = { en = "It", zh = "它" }
        insurance = "pension"
        source = "act"
    "#;
    pack(&format!("{head}\n{members}"))
}

fn names(right: &Right) -> Vec<&str> {
    right.missing.inputs.iter().map(|input| input.name.as_str()).collect()
}

#[test]
fn unemployment_benefit_lasts_by_years_paid() {
    let pack = shipped("cn-unemployment");
    for (months, is, lasts) in [
        (0, false, "0"),
        (11, false, "0"),
        (12, true, "12"),
        (59, true, "12"),
        (60, true, "18"),
        (119, true, "18"),
        (120, true, "24"),
    ] {
        let mut life = Life::new();
        life.pay_months("2015-01", months, Paid { insurance: "unemployment", ..PENSION });
        let with = json!({"with": {"against_her_will": true, "registered": true}});
        let found = &life.asked(&pack, "2026-06-15", with).rights[0];
        assert_eq!(found.entitled, Some(is), "{months} months");
        assert_eq!(found.gives[0].value.as_deref(), Some(lasts), "{months} months");
        assert_eq!(found.missing.months, 12u64.saturating_sub(months.into()));
        assert_eq!(found.had.as_ref().unwrap().months, u64::from(months));
        // The twelfth month is 2015-12: from the next one on it is past.
        assert_eq!(found.since, if is { day("2016-01-01") } else { None }, "{months} months");
        assert_eq!(found.until, None);
    }
}

#[test]
fn what_is_not_told_is_named_and_never_guessed() {
    let pack = shipped("cn-unemployment");
    let mut life = Life::new();
    life.pay_months("2025-01", 12, Paid { insurance: "unemployment", ..PENSION });
    for (with, is, untold, condition) in [
        (json!({}), None, &["against_her_will", "registered"][..], false),
        (json!({"against_her_will": true}), None, &["registered"], false),
        (json!({"against_her_will": false}), Some(false), &[], true),
        (json!({"against_her_will": true, "registered": false}), Some(false), &[], true),
        (json!({"against_her_will": true, "registered": true}), Some(true), &[], false),
    ] {
        let found = &life.asked(&pack, "2026-06-15", json!({"with": with})).rights[0];
        assert_eq!((found.entitled, names(found), found.missing.condition), (is, untold.to_vec(), condition));
        assert_eq!(found.refused, None);
    }
    // Too few months are too few, whatever else is not told.
    let found = &Life::new().asked(&pack, "2026-06-15", json!({})).rights[0];
    assert_eq!((found.entitled, found.missing.months, names(found).len()), (Some(false), 12, 2));
    // A day outside of the pack is refused.
    let found = &life.asked(&pack, "2010-06-15", json!({})).rights[0];
    assert!(found.entitled.is_none() && found.needs.is_none() && found.gives.is_empty());
    assert_eq!(serde_json::to_value(found.refused.as_ref().unwrap()).unwrap()["what"], "outside");
    // What the pack does not know is said by name.
    let found = &life.asked(&right("months = \"dark\""), "2026-06-15", json!({})).rights[0];
    assert_eq!(found.entitled, None);
    assert_eq!(found.refused.as_ref().unwrap().name.as_deref(), Some("dark"));
    let found = &life.asked(&right("months = \"dark\""), "2026-06-15", json!({"set": {"dark": 0}})).rights[0];
    assert_eq!(found.entitled, Some(true));
    let bad: peal_spec::scheme::RightsQuestion =
        serde_json::from_value(json!({"with": {"luck": 1}})).unwrap();
    let refused = entitled(&pack, &life.history, "2026-06-15".parse().unwrap(), &bad).unwrap_err();
    assert_eq!(refused.at, "with.luck");
}

#[test]
fn gig_workers_of_india_need_days_of_the_last_financial_year() {
    let pack = shipped("in-gig");
    type Work = (u64, &'static str, u64);
    // Payer, first day, days. The year is 2025-04 to 2026-03.
    /// What it is, the work, whether that is enough, and days with one and together.
    type Case<'a> = (&'a str, &'a [Work], bool, (u64, u64));
    let cases: [Case<'_>; 8] = [
        ("90 days with one", &[(1, "2025-06-01", 90)], true, (90, 90)),
        ("89 days with one", &[(1, "2025-06-01", 89)], false, (89, 89)),
        ("120 across two", &[(1, "2025-06-01", 60), (2, "2025-09-01", 60)], true, (60, 120)),
        ("119 across two", &[(1, "2025-06-01", 60), (2, "2025-09-01", 59)], false, (60, 119)),
        (
            "three on one day are three",
            &[(1, "2025-06-01", 40), (2, "2025-06-01", 40), (3, "2025-06-01", 40)],
            true,
            (40, 120),
        ),
        ("the year before does not count", &[(1, "2025-03-01", 100)], false, (69, 69)),
        ("nor does this one", &[(1, "2026-03-01", 100)], false, (31, 31)),
        ("two shifts on one day are one", &[(1, "2025-06-01", 89), (1, "2025-06-01", 89)], false, (89, 89)),
    ];
    for (case, work, is, (one, days)) in cases {
        let mut life = Life::new();
        work.iter().for_each(|(payer, first, days)| life.work(*payer, first, *days));
        let found = &life.asked(&pack, "2026-05-10", json!({})).rights[0];
        assert_eq!(found.entitled, Some(is), "{case}");
        let had = found.had.as_ref().unwrap();
        assert_eq!((had.days_one, had.days), (one, days), "{case}");
        assert_eq!(Some(found.on), day("2026-03-31"));
        let (lack_one, lack_all) = if is { (0, 0) } else { (90 - one, 120 - days) };
        assert_eq!((found.missing.days_one, found.missing.days_several), (Some(lack_one), Some(lack_all)));
        let year = if is { (day("2026-04-01"), day("2027-03-31")) } else { (None, None) };
        assert_eq!((found.since, found.until), year, "{case}");
    }
    // On the last day of March the last year is still the one before.
    let mut life = Life::new();
    life.work(1, "2025-06-01", 90);
    assert_eq!(life.asked(&pack, "2026-03-31", json!({})).rights[0].entitled, Some(false));
}

#[test]
fn since_until_and_earliest() {
    let today = "2026-06-15";
    // Six months of the last twelve; paid from 2025-07 to 2025-12.
    let mut life = Life::new();
    life.pay_months("2025-07", 6, PENSION);
    let among = right("months = \"6\"\nwindow = \"12\"");
    let found = &life.asked(&among, today, json!({})).rights[0];
    assert_eq!((found.entitled, found.since), (Some(true), day("2026-01-01")));
    // In July 2025-07 is still among the twelve; in August it is not.
    assert_eq!((found.until, found.earliest), (day("2026-07-31"), None));
    // Eight are needed: while she pays on, the old ones leave the twelve as fast as new ones come; only the eighth new one is enough.
    let found = &life.asked(&right("months = \"8\"\nwindow = \"12\""), today, json!({})).rights[0];
    assert_eq!((found.entitled, found.missing.months, found.earliest), (Some(false), 2, day("2027-02-01")));
    let found = &life.asked(&right("months = \"8\""), today, json!({})).rights[0];
    assert_eq!(found.earliest, day("2026-08-01"));
    // More than the window holds never comes.
    let found = &life.asked(&right("months = \"13\"\nwindow = \"12\""), today, json!({})).rights[0];
    assert_eq!((found.entitled, found.earliest), (Some(false), None));
    // Nothing asked: neither a beginning nor an end.
    let found = &life.asked(&right(""), today, json!({})).rights[0];
    assert_eq!((found.entitled, found.since, found.until), (Some(true), None, None));
    // Ten days this month or the last one.
    let mut life = Life::new();
    life.work(1, "2026-05-28", 12);
    let found = &life.asked(&right("one = \"10\"\ndays_window = \"2\""), today, json!({})).rights[0];
    assert_eq!((found.since, found.until), (day("2026-06-06"), day("2026-06-30")));
}

#[test]
fn formulas_of_a_rule_are_reckoned_today() {
    let mut life = Life::new();
    life.pay_months("2025-01", 12, PENSION);
    let with = |born: &str| json!({"with": {"born": born}});
    // One month for each year of age: born 2014-01, she is twelve from 2026-01 on.
    let pack = right("months = \"age_now / 12\"");
    for (born, needs) in [("2014-06", 12), ("2014-05", 13), ("2013-06", 13)] {
        let found = &life.asked(&pack, "2026-06-15", with(born)).rights[0];
        assert_eq!(found.needs.as_ref().unwrap().months, needs, "born {born}");
        assert!(found.because.iter().any(|reason| reason.name == "born"));
    }
    let found = &life.asked(&pack, "2026-06-15", json!({})).rights[0];
    assert_eq!((found.entitled, names(found)), (None, vec!["born"]));
    // A month counts only from its minimum on, in major units.
    for (minimum, is) in [("800", true), ("800.01", false)] {
        let pack = right(&format!("months = \"12\"\nminimum = \"{minimum}\""));
        assert_eq!(life.asked(&pack, "2026-06-15", json!({})).rights[0].entitled, Some(is));
    }
    // What it gives is reckoned from what she has; money is rounded by the pack.
    let gives = r#"gives = [
        { name = "share", label = { en = "a", zh = "a" }, formula = "balance / 7", unit = "money" },
        { name = "long", label = { en = "b", zh = "b" }, formula = "years + months", unit = "number" },
        { name = "none", label = { en = "c", zh = "c" }, formula = "dark", unit = "months" },
    ]"#;
    let found = &life.asked(&right(gives), "2026-06-15", json!({})).rights[0];
    // 12 × 320.00 / 7 = 548.571…
    assert_eq!((found.gives[0].value.as_deref(), found.gives[0].amount), (Some("548.57"), Some(54_857)));
    assert_eq!(found.gives[1].value.as_deref(), Some("13"));
    assert!(found.gives[2].value.is_none() && found.gives[2].refused.is_some());
}

fn in_region(region: &str, temporary: bool, months: u64, last: &str) -> InRegion {
    InRegion { region: region.into(), temporary, months, first: "2000-01".into(), last: last.into() }
}

#[test]
fn the_place_in_each_of_its_branches() {
    use PlaceWhy::{Household, Long, Relation};
    let (a, b) = (in_region("a", false, 200, "2015-01"), in_region("b", false, 120, "2025-01"));
    for (case, regions, relation, place, why) in [
        ("insured at home", vec![a.clone(), b.clone()], Some("home"), "home", Relation),
        ("the last long one", vec![a.clone(), b.clone()], Some("b"), "b", Long),
        ("elsewhere now", vec![a.clone(), b.clone()], Some("c"), "b", Long),
        ("one month short", vec![a.clone(), in_region("b", false, 119, "2025-01")], Some("b"), "a", Long),
        ("temporary", vec![a.clone(), in_region("b", true, 300, "2025-01")], Some("b"), "a", Long),
        ("nowhere long", vec![in_region("b", false, 119, "2025-01")], Some("b"), "home", Household),
        ("only temporary", vec![in_region("b", true, 300, "2025-01")], Some("b"), "home", Household),
        ("no months", vec![], Some("b"), "home", Household),
        ("no relation", vec![a.clone()], None, "a", Long),
        (
            "the same last month: more months",
            vec![b.clone(), in_region("c", false, 130, "2025-01")],
            Some("c"),
            "c",
            Long,
        ),
        ("and as many: by name", vec![in_region("c", false, 120, "2025-01"), b], Some("c"), "b", Long),
    ] {
        let found = benefit_place(&regions, 120u64.into(), "home", relation);
        assert_eq!(found, (place.to_owned(), why), "{case}");
    }
}

#[test]
fn the_place_is_found_from_the_records() {
    let pack = shipped("cn-flexible-pension");
    let mut life = Life::new();
    life.pay_months("2000-01", 120, Paid { fund: 7, ..PENSION });
    life.pay_months("2010-01", 60, Paid { fund: 8, ..PENSION });
    life.pay_months("2015-01", 120, Paid { fund: 9, ..PENSION });
    let named = json!({"7": {"region": "beijing"}, "8": {"region": "henan"}, "9": {"region": "guangdong"}});
    let ask = |regions: &Json, household: Option<&str>, relation: Option<&str>| {
        let question = json!({"regions": regions, "household": household, "relation": relation});
        life.asked(&pack, "2026-06-15", question).place.unwrap()
    };
    let place = ask(&named, Some("henan"), Some("guangdong"));
    assert_eq!((place.region.as_deref(), place.why), (Some("guangdong"), Some(PlaceWhy::Long)));
    assert_eq!(place.long.as_deref(), Some("120"));
    let months: Vec<_> =
        place.regions.iter().map(|r| (r.region.as_str(), r.months, r.last.as_str())).collect();
    assert_eq!(
        months,
        [("beijing", 120, "2009-12"), ("guangdong", 120, "2024-12"), ("henan", 60, "2014-12")]
    );
    assert!(!place.assumed);
    // Without a relation it is said that the place could be another.
    assert!(ask(&named, Some("henan"), None).assumed);
    // A temporary account in Guangdong does not make it hers.
    let mut temporary = named.clone();
    temporary["9"]["temporary"] = true.into();
    assert_eq!(ask(&temporary, Some("henan"), Some("guangdong")).region.as_deref(), Some("beijing"));
    // What is missing is said; who is insured at home needs no regions.
    let place = ask(&json!({"7": {"region": "beijing"}}), Some("henan"), Some("guangdong"));
    assert_eq!((place.region, place.missing_funds), (None, vec![8, 9]));
    let place = ask(&named, None, Some("guangdong"));
    assert_eq!((place.region, place.missing_household), (None, true));
    let place = ask(&json!({}), Some("henan"), Some("henan"));
    assert_eq!((place.region.as_deref(), place.why), (Some("henan"), Some(PlaceWhy::Relation)));
    // A month that was paid in two places is one of the place that keeps.
    let mut life = Life::new();
    life.pay_months("2010-01", 119, Paid { fund: 8, ..PENSION });
    life.pay_months("2010-01", 120, Paid { fund: 7, ..PENSION });
    let question = json!({"regions": named, "household": "henan", "relation": "beijing"});
    let found = life.asked(&pack, "2026-06-15", question);
    let months: Vec<_> = found.place.unwrap().regions.into_iter().map(|r| (r.region, r.months)).collect();
    assert_eq!(months, [("beijing".to_owned(), 1), ("henan".to_owned(), 119)]);
    assert_eq!(found.overlaps.len(), 119);
    assert_eq!((found.overlaps[0].month.as_str(), found.overlaps[0].keeps), ("2010-01", 8));
    assert_eq!((found.overlaps[0].owed[0].fund, found.overlaps[0].owed[0].amount), (7, 80_000));
    // With both the months are counted once.
    assert_eq!(found.rights[0].had.as_ref().unwrap().months, 120);
    assert_eq!(found.transfers[1].months, 120);
}

#[test]
fn what_moves_is_the_account_and_a_part_of_the_bases() {
    let pack = shipped("cn-flexible-pension");
    let moved = |life: &Life| {
        let found = life.asked(&pack, "2026-06-15", json!({}));
        let [account, pool] = &found.transfers[..] else { panic!("two transfers") };
        (account.amount.unwrap(), pool.amount.unwrap(), pool.missing_bases.clone())
    };
    // Two years and seven months of 4,000.00: 31 × 4,000 × 12 % = 14,880.00; 31 × 320.00 credited.
    let mut life = Life::new();
    life.pay_months("2020-06", 31, PENSION);
    assert_eq!(moved(&life), (992_000, 1_488_000, vec![]));
    // Of before 1998 the account moves, but no base counts: 1997-07 to 1998-06 are six months.
    let mut old = Life::new();
    old.pay_months("1997-07", 12, PENSION);
    assert_eq!(moved(&old), (384_000, 288_000, vec![]));
    // Interest is in the balance; other insurances and currencies are not.
    life.pay_months("2020-06", 3, Paid { insurance: "medical", ..PENSION });
    life.pay_months("2023-01", 1, Paid { currency: "EUR", ..PENSION });
    let stretches = vec![Stretch { balance: 1, months: 1 }];
    let amount = money::Interest { amount: 1234, currency: "CNY".parse().unwrap(), stretches, rate: 1 };
    let who = Referenced { issuer: address(7), reference: "a reference".parse().unwrap() };
    life.push(None, None, &Body::Interest(Interest { who, what: what("pension", 7), amount }));
    assert_eq!(moved(&life), (993_234, 1_488_000, vec![]));
    // A correction counts with its base, a void entry and one that was wholly given back not at all, a part of one with what is left.
    let mut life = Life::new();
    let [corrected, void, back, part] =
        ["2020-01", "2020-02", "2020-03", "2020-04"].map(|m| life.pay(month(m), PENSION));
    let corrector = || correction::Corrector { issuer: address(11), reason: "a reason".parse().unwrap() };
    let amount =
        Amount { amount: 100_000, credited: 40_000, base: Some(500_000), currency: "CNY".parse().unwrap() };
    let correct = Correction { who: corrector(), amount: Some(amount) };
    life.push(None, Some(corrected), &Body::Correction(correct));
    life.push(None, Some(void), &Body::Correction(Correction { who: corrector(), amount: None }));
    for (entry, amount, credited) in [(back, 80_000, 32_000), (part, 10_000, 2_000)] {
        let who = Referenced { issuer: address(7), reference: "a reference".parse().unwrap() };
        let amount = Returned { amount, credited, currency: "CNY".parse().unwrap() };
        life.push(None, Some(entry), &Body::Refund(Refund { who, amount }));
    }
    assert_eq!(moved(&life), (70_000, 108_000, vec![]));
    // An entry that says no base is named; a subsidy has none of its own.
    let mut life = Life::new();
    life.pay_months("2020-01", 2, PENSION);
    life.pay_months("2020-03", 1, Paid { base: None, ..PENSION });
    life.pay_months("1997-01", 1, Paid { base: None, ..PENSION });
    life.pay_months("2020-01", 2, Paid { base: Some(400_000), source: "subsidy", credited: 0, ..PENSION });
    assert_eq!(moved(&life), (128_000, 96_000, vec!["2020-03".to_owned()]));
    // What is owed back does not move.
    let mut life = Life::new();
    life.pay_months("2020-01", 2, PENSION);
    life.pay_months("2020-01", 1, Paid { fund: 8, ..PENSION });
    assert_eq!(moved(&life), (64_000, 96_000, vec![]));
}

#[test]
fn amounts_that_move_are_rounded_by_the_pack() {
    let mut life = Life::new();
    life.pay_months("2024-01", 1, Paid { base: Some(400_004), ..PENSION });
    let text = r#"
        [[entitlement]]
        name = "it"
        label = { en = "It", zh = "它" }
        insurance = "pension"
        source = "act"
        [[transfer]]
        name = "pool"
        label = { en = "pool", zh = "统筹" }
        formula = "pool_share * bases"
        source = "act"
        [[transfer]]
        name = "below"
        label = { en = "below", zh = "负" }
        formula = "0 - bases"
        source = "act"
    "#;
    let found = life.asked(&pack(text), "2026-06-15", json!({}));
    // 4,000.04 × 12 % = 480.0048.
    assert_eq!((found.transfers[0].amount, found.transfers[0].bases), (Some(48_000), 400_004));
    let because: Vec<_> =
        found.transfers[0].because.iter().map(|r| (r.name.as_str(), r.cite.as_deref())).collect();
    assert_eq!(because, [("pool", Some("an act")), ("pool_share", Some("an act"))]);
    assert!(found.transfers[1].amount.is_none() && found.transfers[1].refused.is_some());
    // Without a pension and an entitlement it is not known of which insurance.
    let only = &text[text.find("[[transfer]]").unwrap()..];
    let found = life.asked(&pack(only), "2026-06-15", json!({}));
    assert!(found.transfers[0].amount.is_none() && found.transfers[0].refused.is_some());
}

#[test]
fn benefits_make_months_count_and_are_shown() {
    let mut life = Life::new();
    life.pay_months("2025-01", 3, PENSION);
    let steps = vec![money::Step { months: 3, amount: 1000 }];
    let amount = money::Entitlement { currency: "CNY".parse().unwrap(), steps };
    let who = || Referenced { issuer: address(7), reference: "a reference".parse().unwrap() };
    let award = Award { who: who(), what: what("maternity", 7), amount };
    let award = life.push(Some(month("2025-04")), None, &Body::Award(award));
    let amount = Money { amount: 1000, currency: "CNY".parse().unwrap() };
    life.push(Some(month("2025-04")), Some(award), &Body::Benefit(Benefit { who: who(), amount }));
    let found =
        &life.asked(&right("months = \"4\"\ntreated = [\"maternity\"]"), "2026-06-15", json!({})).rights[0];
    assert_eq!((found.entitled, found.since), (Some(true), day("2025-05-01")));
    assert_eq!(found.paid_out, 0, "of another insurance");
    let maternity = pack(
        "[[entitlement]]\nname = \"it\"\nlabel = { en = \"It\", zh = \"它\" }\ninsurance = \"maternity\"\nsource = \"act\"",
    );
    assert_eq!(life.asked(&maternity, "2026-06-15", json!({})).rights[0].paid_out, 1000);
}

#[test]
fn the_answer_has_the_shape_of_the_page() {
    let mut life = Life::new();
    life.pay_months("2020-01", 3, PENSION);
    let found = life.asked(&shipped("cn-flexible-pension"), "2026-06-15", json!({}));
    let json = serde_json::to_value(&found).unwrap();
    let keys = |json: &Json| json.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/schemes.md")).unwrap();
    let section = page.split("## 6. Rights").nth(1).unwrap().split("## 7.").next().unwrap();
    let shapes =
        [&json, &json["rights"][0], &json["rights"][0]["missing"], &json["place"], &json["transfers"][0]];
    for name in shapes.iter().flat_map(|shape| shape.as_object().unwrap().keys()) {
        assert!(section.contains(&format!("\"{name}\"")), "{name} is not in §6: {}", keys(&json));
    }
    assert_eq!(json["currency"], "CNY");
    assert_eq!(json["rights"][0]["gives"][0]["amount"], 96_000);
    assert_eq!(json["rights"][0]["missing"]["inputs"][0]["name"], "of_age");
    assert_eq!(json["place"]["missing_household"], true);
}
