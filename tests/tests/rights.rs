//! A courier's accident, from end to end through the binaries: the order that shows it, the claim, the ruling, the benefit; whom she lets look,
//! who looks without being asked; a month that is missing, and bridged.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use peal_tests::house::House;
use peal_tests::peal_ok;
use serde_json::{Value, json};

struct Town {
    house: House,
    courier: String,
    platform: String,
    fund: String,
    bureau: String,
    union: String,
}

impl Town {
    fn new() -> Self {
        let house = House::new("rights.example/1");
        let [courier, platform, fund, bureau, union] =
            ["courier", "platform", "fund", "bureau", "union"].map(|name| house.open(name, &[]));
        for (who, role) in [(&platform, "platform"), (&fund, "fund"), (&bureau, "bureau")] {
            house.grant(who, role);
        }
        Self { house, courier, platform, fund, bureau, union }
    }

    /// Two orders of a day, as the platform posts them; they are records 1 and 2.
    fn orders(&self) {
        let roster = self.house.write("roster.csv", &format!("worker,address\nC7,{}\n", self.courier));
        let file = self.house.write(
            "orders.csv",
            "worker,reference,month,start,end,orders,place,earned,currency\n\
             C7,order-16,,2026-10-03T09:10:00Z,2026-10-03T09:40:00Z,1,Suzhou,6.50,CNY\n\
             C7,order-17,,2026-10-03T09:45:00Z,2026-10-03T10:02:00Z,1,Suzhou,0.00,CNY\n",
        );
        self.house.well("platform", &["work", &file, "--roster", &roster], false);
    }

    fn claim(&self, wallet: &str, more: &[&str]) -> Vec<String> {
        let _ = wallet;
        let all = ["claim", "file", "--against", &self.platform, "--before", &self.bureau];
        all.iter().chain(more).map(|s| (*s).to_owned()).collect()
    }

    fn list(&self, what: &str) -> Value {
        self.house.well("courier", &["sync"], false);
        self.house.well("courier", &[what, "list"], false)
    }
}

fn refs(args: &[String]) -> Vec<&str> {
    args.iter().map(String::as_str).collect()
}

#[test]
fn an_accident_on_an_order_is_proved_ruled_on_and_paid() {
    let town = Town::new();
    let house = &town.house;
    town.orders();
    let injury = town.claim(
        "courier",
        &[
            "--kind",
            "injury",
            "--insurance",
            "work-injury",
            "--record",
            "1,2",
            "--says",
            "hit by a van on order 17",
        ],
    );
    // What does not exist yet shows nothing.
    let wrong: Vec<String> =
        injury.iter().map(|a| if a == "1,2" { "9".to_owned() } else { a.clone() }).collect();
    house.refused("courier", &refs(&wrong), 1, "target-missing");
    let claim = house.well("courier", &refs(&injury), false)["claim"].as_u64().unwrap();
    assert_eq!(claim, 3);
    let (of, number) = (["--account", &town.courier], claim.to_string());
    let about = |more: &[&str]| -> Vec<String> {
        let all = [&more[..2], &of, &["--claim", &number], &more[2..]].concat();
        all.iter().map(|s| (*s).to_owned()).collect()
    };
    let open = town.list("claim");
    assert_eq!(
        (&open[0]["stage"], &open[0]["turn"], &open[0]["late"]),
        (&json!("open"), &json!("party"), &json!(false))
    );

    // The party neither rules nor closes, and it is heard before anybody rules.
    house.refused("platform", &refs(&about(&["claim", "close", "--says", "nothing to it"])), 1, "not-party");
    let upheld =
        about(&["claim", "rule", "--outcome", "upheld", "--within", "30", "--says", "the orders show it"]);
    house.refused("bureau", &refs(&upheld), 1, "not-heard");
    house.refused("platform", &refs(&upheld), 1, "role-missing");
    house.well(
        "platform",
        &refs(&about(&["claim", "answer", "--contest", "--says", "he was on no order"])),
        false,
    );
    house.well("bureau", &refs(&upheld), false);
    house.refused("bureau", &refs(&upheld), 1, "claim-over");
    house.refused("bureau", &refs(&about(&["claim", "close", "--says", "done"])), 1, "remedy-missing");

    // The fund awards and pays; the platform points to it; the bureau closes.
    let award = [
        "fund",
        "award",
        "--account",
        &town.courier,
        "--insurance",
        "work-injury",
        "--scheme",
        "cn-per-order-injury",
        "--fund",
        &town.fund,
        "--month",
        "2026-10",
        "--currency",
        "CNY",
        "--step",
        "1x5000.00",
        "--reference",
        "case-1",
    ];
    let award = house.well("fund", &award, false)["sequence"].as_u64().unwrap().to_string();
    let paid = [
        "fund",
        "benefit",
        "--account",
        &town.courier,
        "--award",
        &award,
        "--month",
        "2026-10",
        "--amount",
        "5000.00",
        "--currency",
        "CNY",
        "--reference",
        "case-1/1",
    ];
    house.well("fund", &paid, false);
    house.well("platform", &refs(&about(&["claim", "remedy", "--record", &award])), false);
    house.well("bureau", &refs(&about(&["claim", "close", "--says", "the money is there"])), false);
    let closed = town.list("claim");
    assert_eq!((&closed[0]["stage"], &closed[0]["turn"]), (&json!("closed"), &json!("nobody")));
    assert_eq!(
        closed[0]["records"].as_array().unwrap().len(),
        5,
        "claim, answer, ruling, remedy, closing: nothing is lost"
    );

    // She proves it to anyone, offline: the orders, the claim and how it ended, what was paid.
    let file = house.text("accident.peal");
    let proof = house.well("courier", &["prove", "--out", &file], false)["verdict"].clone();
    assert_eq!(proof["engagements"][1]["reference"], "order-17");
    assert_eq!(
        (&proof["claims"][0]["stage"], &proof["claims"][0]["kind"]),
        (&json!("closed"), &json!("injury"))
    );
    assert_eq!((&proof["awards"][0]["paid"], &proof["flows"][0]["paid"]), (&json!(500_000), &json!(500_000)));
    assert!(proof["issuers"].as_array().unwrap().iter().all(|i| i["proved"] == true), "{proof}");
    let (stranger, trust) = (house.path("nobody"), house.text("ledger/trust"));
    let verified = peal_ok(&stranger, &["verify", &file, "--trust", &trust]);
    for (text, line) in [
        (&verified, "  claim        3: injury, work-injury, against peal1"),
        (&peal_ok(&house.path("courier"), &["show"]), "    claim 3: injury, work-injury, against peal1"),
    ] {
        let shown = text.lines().find(|l| l.starts_with(line)).unwrap_or_else(|| panic!("{text}"));
        assert!(shown.ends_with(&format!(": closed, remedied by record {award}")), "{shown}");
    }
    town.house.audited();
}

#[test]
fn who_is_let_in_sees_what_she_was_let_see_and_is_seen() {
    let town = Town::new();
    let house = &town.house;
    town.orders();
    for (insurance, reference) in [("work-injury", "w"), ("pension", "p")] {
        let pay = [
            "pay",
            "--insurance",
            insurance,
            "--scheme",
            "cn-flexible",
            "--month",
            "2026-10",
            "--amount",
            "10.00",
            "--currency",
            "CNY",
            "--fund",
            &town.fund,
            "--reference",
            reference,
        ];
        house.well("courier", &pay, false);
    }
    let give = |more: &[&str]| {
        let all = [&["consent", "give", "--to", &town.union, "--days", "30"], more].concat();
        house.well("courier", &all, false)["consent"].as_u64().unwrap().to_string()
    };
    let consent = give(&[
        "--right",
        "read",
        "--insurance",
        "work-injury",
        "--part",
        "who,what,evidence,claims",
        "--purpose",
        "advice",
    ]);
    let file = house.text("hers.peal");
    let look = |more: &[&str]| -> Vec<String> {
        let all =
            [&["look", "--account", &town.courier, "--purpose", "advice", "--out", &file], more].concat();
        all.iter().map(|s| (*s).to_owned()).collect()
    };
    let within = ["--insurance", "work-injury", "--part", "who,what,evidence"];
    let seen = house.well("union", &refs(&look(&[&["--consent", &consent], &within[..]].concat())), false);
    let shown = seen["verdict"]["entries"].as_array().unwrap();
    assert_eq!(shown.len(), 1, "the pension is not shown: {seen}");
    assert_eq!((&shown[0]["insurance"], &shown[0]["amount"]), (&json!("work-injury"), &Value::Null));
    assert_eq!(seen["verdict"]["engagements"].as_array().unwrap().len(), 2);
    assert_eq!(seen["verdict"]["complete"], true, "what is withheld is still counted");
    // Not more than that, not by others, not for other things.
    house.refused("union", &refs(&look(&["--consent", &consent])), 1, "beyond-grant");
    house.refused("fund", &refs(&look(&[&["--consent", &consent], &within[..]].concat())), 1, "not-grantee");
    let missing =
        ["--kind", "missing", "--insurance", "work-injury", "--months", "2026-09", "--says", "September"];
    let for_her = |consent: &str| {
        let more = [&missing[..], &["--for", &town.courier, "--consent", consent]].concat();
        town.claim("union", &more)
    };
    house.refused("union", &refs(&for_her(&consent)), 1, "beyond-grant");

    // A clerk files one claim for her, and no second one.
    let once = give(&["--right", "claim", "--once", "--purpose", "the clerk files it"]);
    house.well("union", &refs(&for_her(&once)), false);
    house.refused("union", &refs(&for_her(&once)), 1, "grant-over");

    // A bureau that looks without being asked is seen; others cannot.
    let unasked = look(&["--unasked", "section 12 of the audit act"]);
    house.refused("platform", &refs(&unasked), 1, "role-missing");
    house.well("bureau", &refs(&unasked), false);
    let list = town.list("consent");
    let states: Vec<&str> =
        list["consents"].as_array().unwrap().iter().map(|c| c["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["holds", "used up"]);
    let looks = list["accesses"].as_array().unwrap();
    assert_eq!((looks.len(), &looks[0]["consent"]), (2, &json!(consent.parse::<u64>().unwrap())));
    assert_eq!(looks[1]["ground"], "section 12 of the audit act");

    // It is taken back, at once.
    house.well("courier", &["consent", "take-back", &consent], false);
    house.refused("union", &refs(&look(&[&["--consent", &consent], &within[..]].concat())), 1, "grant-over");
    town.house.audited();
}

#[test]
fn a_look_whose_file_cannot_be_written_is_one_look() {
    let town = Town::new();
    let house = &town.house;
    town.orders();
    let give = |more: &[&str]| {
        let all = ["consent", "give", "--to", &town.union, "--right", "read", "--purpose", "advice"];
        house.well("courier", &[&all[..], &["--days", "30"], more].concat(), false)["consent"].to_string()
    };
    let look = |consent: &str, out: &str| -> Vec<String> {
        let out = house.text(out);
        let all = ["look", "--account", &town.courier, "--consent", consent, "--purpose", "advice"];
        all.iter().copied().chain(["--out", &out]).map(str::to_owned).collect()
    };
    let looks = || town.list("consent")["accesses"].as_array().unwrap().len();

    // A consent for one look lasts until the look is there.
    let once = give(&["--once"]);
    for _ in 0..2 {
        let says = "and for 10 minutes the same command needs no other";
        house.refused("union", &refs(&look(&once, "none/hers.peal")), 2, says);
        assert_eq!(looks(), 1);
    }
    let seen = house.well("union", &refs(&look(&once, "hers.peal")), false);
    assert_eq!(seen["verdict"]["engagements"].as_array().unwrap().len(), 2);
    assert_eq!(looks(), 1);
    house.refused("union", &refs(&look(&once, "hers.peal")), 1, "grant-over");

    // An access that opens nothing any more is said again, as far as the consent goes.
    let consent = give(&[]);
    house.refused("union", &refs(&look(&consent, "none/hers.peal")), 2, "cannot write this file");
    house.well("courier", &["consent", "take-back", &consent], false);
    house.refused("union", &refs(&look(&consent, "hers.peal")), 1, "grant-over");
    assert_eq!(looks(), 2);
    town.house.audited();
}

#[test]
fn a_missing_month_is_noticed_and_bridged() {
    let town = Town::new();
    let house = &town.house;
    let pay = |month: &str| {
        let pay = [
            "pay",
            "--insurance",
            "pension",
            "--scheme",
            "cn-flexible",
            "--month",
            month,
            "--amount",
            "300.00",
            "--currency",
            "CNY",
            "--fund",
            &town.fund,
        ];
        house.well("courier", &pay, false);
    };
    pay("2026-08");
    pay("2026-10");
    house.well("courier", &["sync"], false);
    let ask = |more: &[&str]| {
        let all = [&["standing", "--insurance", "pension", "--today", "2026-11-20", "--months", "3"], more]
            .concat();
        house.well("courier", &all, false)
    };
    let standing = ask(&[]);
    assert_eq!(standing["gaps"], json!([["2026-09", "2026-09"]]));
    assert_eq!(
        (&standing["qualified"]["is"], &standing["qualified"]["missing_months"]),
        (&json!(false), &json!(1))
    );
    // With a minimum above what she paid no month counts, and each says what is missing.
    let short = ask(&["--minimum", "500.00", "--currency", "CNY"]);
    assert_eq!(short["progress"][0], json!({ "month": "2026-08", "paid": 30_000, "missing": 20_000 }));
    pay("2026-09");
    house.well("courier", &["sync"], false);
    let standing = ask(&[]);
    assert_eq!((&standing["gaps"], &standing["qualified"]["is"]), (&json!([]), &json!(true)));
    assert_eq!(standing["counts"]["runs"], json!([["2026-08", "2026-10"]]));

    // A rule in a file says the same; one that cannot be says where.
    let rule = house.write("rule.toml", "insurance = \"pension\"\nmonths = 3\n");
    assert_eq!(
        house.well("courier", &["standing", "--rule", &rule, "--today", "2026-11-20"], false),
        standing
    );
    let rule = house.write("rule.toml", "insurance = \"pension\"\nmonths = 3\ndue = 31\n");
    house.refused("courier", &["standing", "--rule", &rule], 2, "due is a day from 1 to 28");
    let rule = house.write("rule.toml", "insurance = \"pension\"\nmoths = 3\n");
    house.refused("courier", &["standing", "--rule", &rule], 2, "moths");
}
