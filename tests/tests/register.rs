//! What platforms owe, as the bureau that supervises them sees it: across accounts that it was shown, late and short, with interest.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use peal_tests::house::House;
use serde_json::{Value, json};

#[test]
fn a_bureau_sees_who_is_late_and_short_across_accounts() {
    let house = House::new("register.example/1");
    let [one, two, platform, fund, bureau] =
        ["one", "two", "platform", "fund", "bureau"].map(|name| house.open(name, &[]));
    for (who, role) in [(&platform, "platform"), (&fund, "fund"), (&bureau, "bureau")] {
        house.grant(who, role);
    }
    let roster = house.write("roster.csv", &format!("worker,address\nW1,{one}\nW2,{two}\n"));
    let work = house.write(
        "work.csv",
        "worker,reference,month,start,end,orders,place,earned,currency\n\
         W1,2026-08,2026-08,2026-08-01T00:00:00Z,2026-08-31T15:59:59Z,100,Suzhou,5000.00,CNY\n\
         W1,2026-09,2026-09,2026-09-01T00:00:00Z,2026-09-30T15:59:59Z,100,Suzhou,4000.00,CNY\n\
         W2,2026-08,2026-08,2026-08-01T00:00:00Z,2026-08-31T15:59:59Z,100,Suzhou,3000.00,CNY\n",
    );
    house.well("platform", &["work", &work, "--roster", &roster], false);
    let paid = house.write(
        "pay.csv",
        "worker,insurance,month,amount,credited,base,currency,source,scheme,reference,period_start,period_end,place,orders\n\
         W1,pension,2026-08,400.00,100.00,,CNY,platform,cn-flexible-pension,1,2026-08-01,2026-08-31,Suzhou,100\n\
         W2,pension,2026-08,100.00,100.00,,CNY,platform,cn-flexible-pension,2,,,,\n",
    );
    let to_fund = format!("pension={fund}");
    house.well("platform", &["import", "csv", &paid, "--roster", &roster, "--fund", &to_fund], false);

    // One lets the bureau read, but for evidence of orders; of the other it looks on a legal ground, at everything.
    let given = house.well(
        "one",
        &["consent", "give", "--to", &bureau, "--right", "read", "--days", "30", "--purpose", "supervision"],
        false,
    );
    let consent = given["consent"].as_u64().or(given["sequence"].as_u64()).unwrap().to_string();
    let (a, b) = (house.text("one.peal"), house.text("two.peal"));
    let look = ["look", "--account", &one, "--consent", &consent, "--purpose", "supervision", "--out", &a];
    house.well("bureau", &look, false);
    let look = ["look", "--account", &two, "--unasked", "section 4", "--purpose", "supervision", "--out", &b];
    house.well("bureau", &look, false);
    let rule = house.write("rule.toml", "insurance = \"pension\"\nrate = 80000\ndue = 15\nlate = 500\n");
    let trust = house.text("ledger/trust");
    let register = |files: &[&str], more: &[&str]| -> (i32, Value, String) {
        let place = ["--trust", &trust, "--rule", &rule, "--today", "2026-11-28"];
        let out = house.run("bureau", &[&["register"], files, &place[..], more].concat(), false);
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        (out.status.code().unwrap(), serde_json::from_str(&text).unwrap_or_default(), text)
    };
    let (code, all, _) = register(&[&a, &b], &[]);
    assert_eq!(code, 0, "{all}");
    // Of 4000.00 of September 320.00 are due and late since 15 October, 44 days; of 3000.00 of August 140.00 are missing since 15 September,
    // 74 days, and the 100.00 that came are as late as they came: today, by the clock of the ledger, or later.
    let line = |file: usize| &all["files"][file]["register"][0];
    assert_eq!(all["files"][0]["register"].as_array().unwrap().len(), 1, "{all}");
    assert_eq!(
        (
            &line(0)["month"],
            &line(0)["short"],
            &line(0)["days_late"],
            &line(0)["interest"],
            &line(0)["state"]
        ),
        (&json!("2026-09"), &json!(32_000), &json!(44), &json!(704), &json!("late"))
    );
    assert_eq!(
        (&line(1)["month"], &line(1)["short"], &line(1)["days_late"], &line(1)["state"]),
        (&json!("2026-08"), &json!(14_000), &json!(74), &json!("part"))
    );
    let owes = &all["payers"][0];
    assert_eq!((&owes["accounts"], &owes["months"], &owes["short"]), (&json!(2), &json!(2), &json!(46_000)));
    assert_eq!((&all["files"][0]["not_shown"], &all["files"][1]["not_shown"]), (&json!(0), &json!(0)));
    let (_, everything, _) = register(&[&a, &b], &["--all"]);
    assert_eq!(everything["files"][0]["register"].as_array().unwrap().len(), 2);

    // People read a table, and what each payer owes in all.
    let place = ["register", &a, &b, "--trust", &trust, "--rule", &rule, "--today", "2026-11-28"];
    let table = peal_tests::peal_ok(&house.path("bureau"), &place);
    assert!(table.contains("2026-09") && table.contains("320.00 CNY") && table.contains("late"), "{table}");
    assert!(table.contains("460.00 CNY short") && table.contains("for 2 accounts and 2 months"), "{table}");
    let lines = peal_tests::peal_ok(&house.path("bureau"), &[&place[..], &["--csv"]].concat());
    assert_eq!(lines.lines().count(), 3, "{lines}");
    // What is withheld is said, and a file that is damaged is named while the others are added up.
    let part = house.text("part.peal");
    house.well("one", &["sync"], false);
    house.well("one", &["prove", "--withhold", "amount", "--out", &part], false);
    let (code, partly, _) = register(&[&part], &[]);
    assert_eq!((code, &partly["files"][0]["not_shown"]), (0, &json!(3)), "{partly}");
    let mut bytes = std::fs::read(&a).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(house.path("bad.peal"), bytes).unwrap();
    let (code, rest, _) = register(&[&house.text("bad.peal"), &b], &[]);
    assert_eq!(
        (code, rest["files"].as_array().unwrap().len(), rest["not_valid"].as_array().unwrap().len()),
        (1, 1, 1)
    );
    // Both workers see that it looked.
    for name in ["one", "two"] {
        house.well(name, &["sync"], false);
        let seen = house.well(name, &["consent", "list"], false);
        assert_eq!(seen["accesses"].as_array().map_or(0, Vec::len), 1, "{seen}");
    }
}
