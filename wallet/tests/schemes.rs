//! The built program on schemes: what is due, packs that are checked, cards, and earnings from options, CSV and an account.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::path::Path;

use serde_json::Value;
use support::{Bench, Mini, Ran, Server};

fn shows(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
}

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}: {}{}", ran.out, ran.err))
}

fn due(bench: &Bench, args: &[&str]) -> Ran {
    bench.peal("none", &[&["due"], args].concat())
}

/// What she owes after subsidies, in minor units.
fn own(ran: &Ran) -> u64 {
    let json = json(ran);
    assert_eq!((ran.code, json["complete"].as_bool()), (0, Some(true)), "{}", ran.out);
    assert_eq!(json["payers"][0]["payer"], "self");
    json["payers"][0]["after"].as_u64().unwrap()
}

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/schemes.md");
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn the_example_of_the_page_is_what_the_program_says() {
    let page = page();
    let mut example =
        page.lines().skip_while(|line| !line.starts_with("    $ peal ")).take_while(|line| !line.is_empty());
    let command = example.next().unwrap().trim().strip_prefix("$ peal ").unwrap().to_owned();
    let said: String = example.map(|line| format!("{}\n", line.strip_prefix("    ").unwrap())).collect();
    let ran = Bench::new().peal("none", &command.split(' ').collect::<Vec<_>>());
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.starts_with(&said), "the page says\n{said}\nthe program\n{}", ran.out);
}

#[test]
fn what_is_due_in_france_in_2025() {
    let bench = Bench::new();
    for (category, activity, gross, expected) in [
        ("sales", "usual", "170000", 2_108_000),
        ("cipav", "usual", "50000", 1_170_000),
        ("services-bic", "artisan", "170000", 3_655_000),
        ("services-bnc", "usual", "50000", 1_240_000),
    ] {
        let earned = format!("2025:{gross}");
        let with = [format!("category={category}"), format!("activity={activity}")];
        let with = ["--with", &with[0], "--with", &with[1]];
        let args = [&["--scheme", "fr-micro", "--earned", &earned, "--json"][..], &with].concat();
        assert_eq!(own(&due(&bench, &args)), expected, "{category}");
    }
    // A year is cut on the day of a change; what is set holds on every day.
    let year = ["--scheme", "fr-micro", "--earned", "2024:50000", "--with", "category=services-bnc"];
    let ran = due(&bench, &year);
    shows(
        &ran.out,
        &[
            "2024-01..2024-06",
            "rate 0.211",
            "2024-07..2024-12",
            "rate 0.231",
            "as nothing was said: --with activity=…",
        ],
    );
    let ran = due(&bench, &[&year[..], &["--set", "rate=0.5", "--why", "--lang", "zh"]].concat());
    assert_eq!(ran.code, 0);
    shows(
        &ran.out,
        &["社会保险费占营业额的比例 0.5 (自行给出)", "本人 应缴", "Urssaf", "业务类别 services-bnc"],
    );
}

#[test]
fn what_is_not_known_is_refused_by_name_with_what_to_do() {
    let bench = Bench::new();
    let missing = due(&bench, &["--scheme", "fr-micro", "--earned", "2025:50000"]);
    assert_eq!(missing.code, 1);
    shows(
        &missing.out,
        &["not reckoned:", "category is not given", "--with category=… (sales, services-bic"],
    );
    assert!(!missing.out.contains("nothing is due") && !missing.out.contains("owes"), "{}", missing.out);
    let per_order = ["--scheme", "cn-per-order-injury", "--earned", "2026-07-03:96.40/12@meituan"];
    let unknown = due(&bench, &[&per_order[..], &["--lang", "zh"]].concat());
    assert_eq!(unknown.code, 1);
    shows(&unknown.out, &["无法计算", "(meituan)", "--set per_order=…"]);
    assert_eq!(
        json(&due(&bench, &[&per_order[..], &["--json"]].concat()))["refused"][0]["name"],
        "per_order"
    );
    let set = due(&bench, &[&per_order[..], &["--set", "per_order=0.06", "--json"]].concat());
    assert_eq!((set.code, json(&set)["payers"][1]["after"].as_u64()), (0, Some(72)), "{}", set.out);
    let outside = due(
        &bench,
        &["--scheme", "fr-micro", "--earned", "2026-12-01..2027-01-31:100", "--with", "category=sales"],
    );
    assert_eq!(outside.code, 1);
    shows(&outside.out, &["owes", "as far as it could be reckoned", "--from 2026-12-01 --to 2026-12-31"]);
}

#[test]
fn unusable_input_says_where_and_what_to_do() {
    let bench = Bench::new();
    bench.write("question.json", "{\"earnings\": [],\n \"form\": \"2026\"}");
    bench.write("torn.toml", "id = \"x\"\nversion = 1\n");
    let fr = ["--scheme", "fr-micro"];
    for (args, says) in [
        (&["--earned", "2025:1"][..], "--scheme"),
        (&["--scheme", "fr-macro", "--earned", "2025:1"], "take one of at-severance"),
        (&["--pack", "torn.toml", "--earned", "2025:1"], "where: torn.toml, line "),
        (&["--scheme", "fr-micro", "--pack", "torn.toml"], "cannot be used with"),
        (&[&fr[..], &["--earned", "2025"]].concat(), "where: --earned 2025"),
        (&[&fr[..], &["--earned", "2025:12.345"]].concat(), "an amount in EUR"),
        (&[&fr[..], &["--earned", "March:1"]].concat(), "March is no day"),
        (&[&fr[..], &["--earned", "2025:1/many"]].concat(), "many is no number of orders"),
        (&[&fr[..], &["--earned", "2025:1", "--with", "colour=red"]].concat(), "it has category, activity"),
        (&[&fr[..], &["--earned", "2025:1", "--with", "category=gold"]].concat(), "one of sales"),
        (&[&fr[..], &["--earned", "2025:1", "--with", "category"]].concat(), "expected NAME=VALUE"),
        (&[&fr[..], &["--earned", "2025:1", "--lang", "fr"]].concat(), "expected en or zh"),
        (&[&fr[..], &["--question", "question.json"]].concat(), "where: question.json, line 2"),
        (&fr, "--earned 2026-03:1200.00"),
    ] {
        let ran = due(&bench, args);
        assert_eq!(ran.code, 2, "{args:?}: {}{}", ran.out, ran.err);
        shows(&ran.err, &[says]);
    }
}

#[test]
fn earnings_come_from_csv_and_from_questions() {
    let bench = Bench::new();
    let base = ["--scheme", "fr-micro", "--with", "category=sales", "--json"];
    bench.write("2026.csv", "\u{feff}month,gross,category,payer\r\n2026-01,1000.00,,\r\n\r\n2026-02,1000,services-bnc,\"Shop, the\"\r\n");
    // 12.3 % and 0.1 % of sales, 25.6 % and 0.2 % of services.
    assert_eq!(own(&due(&bench, &[&base[..], &["--earnings", "2026.csv"]].concat())), 12_400 + 25_800);
    bench.write("orders.csv", "day,orders,gross\n2026-01-05,3,10\n2026-01-06,4,20\n");
    let both = ["--orders-csv", "orders.csv", "--earned", "2026-01:70"];
    assert_eq!(own(&due(&bench, &[&base[..], &both].concat())), 1_240);

    bench.write(
        "question.json",
        r#"{"earnings": [{"month": "2026-01", "gross": 100000}], "with": {"category": "cipav"}}"#,
    );
    let question = ["--question", "question.json"];
    let plain = due(&bench, &[&["--scheme", "fr-micro", "--json"][..], &question].concat());
    assert_eq!(own(&plain), 23_400);
    assert_eq!(own(&due(&bench, &[&base[..], &question].concat())), 12_400, "an option stands over the file");

    let faulty = "month,gross,category,orders\n2026-01,1000.00,sales,\n\n2026-13,10,sales,\n2026-02,1.234,sales,1\n2026-03,5,gold,1\n2026-04,,sales,1\n2026-05,5\n";
    bench.write("faulty.csv", faulty);
    let ran = due(&bench, &[&base[..4], &["--earnings", "faulty.csv"]].concat());
    assert_eq!(ran.code, 2, "{}", ran.out);
    shows(
        &ran.err,
        &[
            "line 4: 2026-13 is no day",
            "line 5: gross: expected an amount in EUR",
            "line 6: category: expected one of sales",
            "line 7: gross is empty",
            "line 8: there are 2 fields, not 4",
            "where: faulty.csv",
        ],
    );
    bench.write("header.csv", "month,gros\n");
    let ran = due(&bench, &[&base[..4], &["--earnings", "header.csv"]].concat());
    assert_eq!(ran.code, 2);
    shows(&ran.err, &["no column “gros”", "header.csv, line 1"]);
}

#[test]
fn earnings_come_from_the_engagements_of_the_account() {
    let (bench, server) = (Bench::new(), Server::start(Mini::new(1)));
    bench.open("registrar", &server);
    let platform = bench.open("platform", &server);
    bench.well("registrar", &["grant", &platform, "--role", "platform"]);
    let worker = bench.open("worker", &server);
    bench.write("roster.csv", &format!("worker,address\nLi,{worker}\n"));
    bench.write(
        "orders.csv",
        "worker,reference,month,start,end,orders,place,earned,currency\n\
         Li,a,,2026-07-03T08:00:00Z,2026-07-03T17:00:00Z,12,,96.40,CNY\n\
         Li,b,,2026-07-04T08:00:00Z,2026-07-04T17:00:00Z,8,,60.00,CNY\n\
         Li,c,,2026-07-05T08:00:00Z,2026-07-05T17:00:00Z,1,,9.00,EUR\n\
         Li,d,,2025-07-05T08:00:00Z,2025-07-05T17:00:00Z,1,,9.00,CNY\n",
    );
    bench.well("platform", &["work", "orders.csv", "--roster", "roster.csv"]);
    bench.well("worker", &["sync"]);
    drop(server);
    let ask = [
        "due",
        "--scheme",
        "cn-per-order-injury",
        "--account",
        "--from",
        "2026-07",
        "--to",
        "2026-07",
        "--set",
        "per_order=0.06",
    ];
    let ran = bench.peal("worker", &[&ask[..], &["--json"]].concat());
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    shows(&ran.err, &["left out: 1 engagement in another currency than CNY"]);
    let json = json(&ran);
    let lines = json["lines"].as_array().unwrap();
    assert_eq!(lines.iter().map(|line| line["amount"].as_u64().unwrap()).sum::<u64>(), 72 + 48);
    let by = lines[0]["by"].as_str().unwrap();
    assert!(platform.ends_with(by.split('…').nth(1).unwrap()), "{by}");
    assert_eq!(bench.peal("none", &ask).code, 2, "there is no wallet");
}

#[test]
fn a_broken_pack_is_told_by_line() {
    let bench = Bench::new();
    let template = bench.peal("none", &["scheme", "template"]).out;
    bench.write("good.toml", &template);
    let ran = bench.peal("none", &["scheme", "check", "good.toml"]);
    assert_eq!(ran.code, 0, "{}", ran.out);
    shows(&ran.out, &["good.toml: good: template 2026.1", "sha256 ", "5 dues", "1 values not known"]);
    assert!(!ran.out.contains("perhaps a mistake"), "{}", ran.out);

    let line = |of: &str| template.lines().position(|line| line.starts_with(of)).unwrap() + 1;
    let broken = template
        .replace("amount = \"saving_rate * paid_base\"", "amount = \"saving_rat * paid_base\"")
        .replace("version = \"2026.1\"", "version = \"\"");
    bench.write("broken.toml", &broken);
    let ran = bench.peal("none", &["scheme", "check", "broken.toml", "good.toml"]);
    assert_eq!(ran.code, 1, "{}", ran.out);
    let amount = line("amount = \"saving_rate * paid_base\"");
    let places = [format!("broken.toml:{}: ", line("version")), format!("broken.toml:{amount}: ")];
    shows(&ran.out, &[&places[0], &places[1], "saving_rat", "good.toml: good"]);
    let json = json(&bench.peal("none", &["scheme", "check", "broken.toml", "--json"]));
    assert_eq!(json[0]["faults"][1]["line"], amount);
    // A fault names its line also where the pack was to be used.
    let ran = bench.peal("none", &["scheme", "show", "--pack", "broken.toml"]);
    assert_eq!(ran.code, 2);
    shows(&ran.err, &["(and 1 more fault)", "peal scheme check broken.toml"]);
    assert_eq!(bench.peal("none", &["scheme", "check", "absent.toml", "good.toml"]).code, 2);
    assert_eq!(bench.peal("none", &["scheme", "check", "absent.toml", "broken.toml"]).code, 1);

    let odd = format!(
        "{}\n[[parameter]]\nname = \"spare\"\nlabel = {{ en = \"Spare\", zh = \"备用\" }}\nunit = \"share\"\nvalues = [{{ from = \"2021\", value = \"0.1\", source = \"act\" }}]\n",
        template.split("# THE CARD").next().unwrap().replace("newspaper\" },\n  { for = \"other-work\", from = \"2020-01\", value = \"0\", source = \"act\" },", "gazette\" },")
    );
    bench.write("odd.toml", &odd);
    let ran = bench.peal("none", &["scheme", "check", "odd.toml"]);
    assert_eq!(ran.code, 0, "{}", ran.out);
    shows(
        &ran.out,
        &[
            "the source newspaper is not used",
            "the parameter spare is not used",
            "platform_rate says nothing of 2020..2026, for other-work",
            "spare says nothing of 2020;",
            "there is no card",
        ],
    );
}

#[test]
fn schemes_are_listed_and_shown() {
    let bench = Bench::new();
    let ids = bench.well("none", &["scheme", "list"]);
    assert!(ids.as_array().unwrap().len() >= 10);
    shows(&bench.peal("none", &["scheme", "list", "--lang", "zh"]).out, &["fr-micro", "法国"]);
    let ran = bench.peal("none", &["scheme", "show", "fr-micro"]);
    assert_eq!(ran.code, 0);
    shows(
        &ran.out,
        &[
            "category (choice, no default)",
            "2024-07..2024-12",
            "23.1 %",
            "(official): Urssaf",
            "default usual",
        ],
    );
    let shown = bench.well("none", &["scheme", "show", "fr-micro", "--on", "2026-01-01"]);
    let rates = shown["parameters"][0]["values"].as_array().unwrap();
    assert!(rates.iter().any(|row| row["for"] == "sales" && row["value"] == "0.123"), "{rates:?}");
    let months = bench.well("none", &["scheme", "show", "cn-flexible-pension"]);
    let later =
        months["parameters"].as_array().unwrap().iter().find(|one| one["name"] == "delay_from").unwrap();
    assert!(
        later["values"][0]["value"].as_str().unwrap().contains('-'),
        "a month is written as one: {later}"
    );
    // The text of a pack is the pack.
    bench.write("again.toml", &bench.peal("none", &["scheme", "text", "fr-micro"]).out);
    let again = bench.well("none", &["scheme", "check", "again.toml"]);
    assert_eq!(again[0]["sha256"], shown["sha256"]);
    assert_eq!(bench.peal("none", &["scheme", "text", "fr-macro"]).code, 2);
}

#[test]
fn a_card_is_there_in_both_languages_and_says_what_changed() {
    let bench = Bench::new();
    let card = |args: &[&str]| bench.peal("none", &[&["scheme", "card"], args].concat());
    let ran = card(&["fr-micro", "--on", "2026-07-01"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    shows(&ran.out, &["What it costs\n  - ", "you pay 12.3 %", "What it gives"]);
    shows(&card(&["fr-micro", "--on", "2026-07-01", "--lang", "zh"]).out, &["要缴多少", "缴 12.3 %"]);
    let base = ["fr-micro", "--on", "2026-07-01", "--since", "2025-07-01"];
    let mine = ["--earned", "2023:50000", "--with", "category=services-bnc"];
    let ran = card(&[&base[..], &mine].concat());
    assert_eq!(ran.code, 0, "{}", ran.err);
    shows(&ran.out, &["24.6 % -> 25.6 %, since 2026-01-01", "12400.00", "12900.00", "+500.00"]);
    shows(&card(&[&base[..], &["--lang", "zh"]].concat()).out, &["自 2026-01-01 起", "未知 -> 4.1 %"]);
    let told = json(&card(&[&base[..], &mine, &["--json"]].concat()));
    assert_eq!(told["changes"]["values"][0]["since"], "2026-01-01");
    assert_eq!(told["changes"]["due"]["after"]["payers"][0]["after"], 1_290_000);

    // An older edition that had another rate.
    let text = bench.peal("none", &["scheme", "text", "fr-micro"]).out;
    bench.write(
        "old.toml",
        &text.replace("2026.1", "2025.3").replace("value = \"0.256\"", "value = \"0.25\""),
    );
    let against = ["fr-micro", "--on", "2026-07-01", "--against", "old.toml"];
    let ran = card(&[&against[..], &mine].concat());
    shows(&ran.out, &["from 2025.3 on 2026-07-01 to 2026.1", "25 % -> 25.6 %", "+300.00"]);
    for (args, says) in [
        (&["fr-micro", "--on", "2030-01-01"][..], "covers 2009-01-01 to 2026-12-31"),
        (&["fr-micro", "--on", "2026-07-01", "--since", "2001-01-01"], "--since"),
        (&["sg-platform", "--on", "2029-07-01", "--against", "old.toml"], "a pack of fr-micro"),
        (&["fr-micro", "--on", "2026-07-01", "--earned", "2025:1"], "--since DAY"),
        (&["--on", "2026-07-01"], "required"),
    ] {
        let ran = card(args);
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.out);
        shows(&ran.err, &[says]);
    }
}
