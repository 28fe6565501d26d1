//! `peal project`: what the table, the sentences, the picture and the exit codes say.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use peal_spec::scheme::{Lang, Pack, ProjectQuestion, project, svg};
use serde_json::json;
use support::{Bench, Mini, Server};

const FLEXIBLE: [&str; 12] = [
    "project",
    "--scheme",
    "cn-flexible-pension",
    "--born",
    "1995-03",
    "--first",
    "2026-12",
    "--with",
    "class=men",
    "--with",
    "region=beijing",
    "--with=level=0.6",
];

/// However the lines are broken.
fn shows(text: &str, parts: &[&str]) {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in parts {
        assert!(flat.contains(part), "{part:?} is not in:\n{text}");
    }
}

#[test]
fn ways_of_taking_part_stand_beside_each_other() {
    let bench = Bench::new();
    let ran = bench.peal("none", &FLEXIBLE);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    shows(
        &ran.out,
        &[
            "cn-flexible-pension 2026.1: China: employee pension of flexible workers",
            "money in CNY",
            "907,525.64",
            "11,610.41",
            "4,508.75",
            "69 y 7 m",
            "2.61 ×",
            "pension 60",
            "you pay 907,525.64 CNY, and get 11,610.41 CNY a month from 2058-03 for life (4,508.75 CNY in today's",
            "by 80 that is 2.61 times what you paid.",
            "later: Begin in five years, rather than now: you pay 95,177.51 CNY less, and get 678.27 CNY less a month",
            "no pension, because 240 months are missing",
            "60 %",
            "60 m short",
            "2,984.67",
            "--set wage_growth=…",
            "--with region=beijing|other",
            "Stays as on 2027-06-30: ",
        ],
    );
    assert!(ran.out.lines().all(|line| line.chars().count() <= 160), "{}", ran.out);
    // Where a table has no room, each way has lines of its own.
    let narrow = std::process::Command::new(env!("CARGO_BIN_EXE_peal"))
        .env_clear()
        .env("COLUMNS", "80")
        .args(FLEXIBLE)
        .output()
        .unwrap();
    let narrow = String::from_utf8(narrow.stdout).unwrap();
    shows(&narrow, &["now: months 375, you pay 907,525.64, account 445,826.48, pension a month 11,610.41,"]);
    let ways = narrow.split("Pension a month").next().unwrap().lines().skip(2);
    assert!(ways.clone().count() > 12 && ways.into_iter().all(|line| line.chars().count() <= 80), "{narrow}");
    let why = bench.peal("none", &[&FLEXIBLE[..], &["--why"]].concat());
    shows(&why.out, &["All that was used:", "rate = 20 % (2016-01-01 – ", "[official]: 国发〔2005〕38号"]);
    let zh = bench.peal("none", &[&FLEXIBLE[..], &["--lang", "zh"]].concat());
    shows(
        &zh.out,
        &["您缴 907,525.64 CNY", "领到 80 岁，是本人所缴的 2.61 倍", "差 60 个月", "69 岁 7 个月"],
    );

    // As JSON it is what the library says; the picture is the library's, too.
    let json = bench.well("none", &[&FLEXIBLE[..], &["--svg", "it.svg"]].concat());
    let pack = Pack::shipped("cn-flexible-pension").unwrap().unwrap();
    let asked = json!({"born": "1995-03", "first": "2026-12", "with": {"class": "men", "region": "beijing", "level": "0.6"}});
    let question: ProjectQuestion = serde_json::from_value(asked.clone()).unwrap();
    let expected = project(&pack, &question).unwrap();
    assert_eq!(json, json!(expected));
    assert_eq!(bench.read("it.svg"), svg(&expected, Lang::En));
    // The same question from a file, with one value over it.
    bench.write("question.json", &asked.to_string());
    let file = ["project", "--scheme", "cn-flexible-pension", "--question", "question.json"];
    assert_eq!(bench.well("none", &file), json);
    let other = bench.well("none", &[&file[..], &["--set", "wage_growth=0.02"]].concat());
    assert_ne!(other["scenarios"][0]["pension"], json["scenarios"][0]["pension"]);
}

#[test]
fn scenarios_change_and_their_labels_say_so() {
    let bench = Bench::new();
    let json =
        bench.well("none", &[&FLEXIBLE[..], &["--later", "3", "--pause", "4:1", "--longer", "2"]].concat());
    let months = |n: usize| json["scenarios"][n]["months"].as_u64().unwrap();
    assert_eq!((months(0), months(1), months(2), months(4)), (375, 339, 363, 399));
    assert_eq!(json["scenarios"][1]["label"]["en"], "Begin in five years (here after 3 years)");
    assert_eq!(json["scenarios"][2]["label"]["zh"], "缴五年，停两年，再接着缴（此处为缴 4 年后停 1 年）");
    let json = bench.well("none", &[&FLEXIBLE[..], &["--so-far", "120:50000.00:100000.50:0.6"]].concat());
    let first = &json["scenarios"][0];
    assert_eq!((first["months"].as_u64(), first["index"].as_str()), (Some(495), Some("0.6")));
    assert_eq!(first["paid"], 90_752_564 + 10_000_050);
}

#[test]
fn what_cannot_be_reckoned_is_told_with_what_to_say() {
    let bench = Bench::new();
    let elsewhere = [
        "project",
        "--scheme",
        "cn-flexible-pension",
        "--born",
        "1995-03",
        "--first",
        "2026-12",
        "--with",
        "class=men",
    ];
    let ran = bench.peal("none", &elsewhere);
    assert_eq!(ran.code, 1, "{}", ran.err);
    shows(
        &ran.out,
        &[
            "now, later, pause, never, less_longer: not reckoned in 2026-12: average_wage is not known",
            "--set average_wage=…",
        ],
    );
    let missing =
        bench.peal("none", &["project", "--scheme", "cn-reform", "--born", "1995-03", "--first", "2026-12"]);
    assert_eq!(missing.code, 1);
    shows(&missing.out, &["--with class=men|women-55|women-50"]);
    for (args, says) in [
        (&["--so-far", "ten:1"][..], "--so-far"),
        (&["--so-far", "1:1:1:1:1"], "--so-far"),
        (&["--pause", "5"], "AFTER:YEARS"),
        (&["--later", "0"], "--later"),
        (&["--with", "luck=1"], "with.luck"),
        (&["--set", "rate=high"], "set.rate"),
        (&["--first", "1994-01"], "first"),
        (&["--question", "absent.json"], "absent.json"),
        (&["--lang", "fr"], "en or zh"),
    ] {
        let ran = bench.peal("none", &[&elsewhere[..], args].concat());
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.out);
        shows(&ran.err, &[says]);
    }
    let none = bench.peal("none", &["project", "--scheme", "fr-micro", "--born", "1995-03"]);
    assert_eq!(none.code, 2);
    shows(&none.err, &["says nothing about a pension"]);
}

#[test]
fn what_the_account_has_so_far_goes_on() {
    let (bench, server) = (Bench::new(), Server::start(Mini::new(1)));
    bench.open("registrar", &server);
    let fund = bench.open("fund-wallet", &server);
    bench.well("registrar", &["grant", &fund, "--role", "fund", "--insurance", "pension"]);
    bench.open("wallet", &server);
    for month in ["2026-09", "2026-10"] {
        let money = ["--amount", "1194.60", "--credited", "477.84", "--currency", "CNY", "--fund", &fund];
        let what = ["pay", "--insurance", "pension", "--scheme", "cn-flexible-pension", "--month", month];
        bench.well("wallet", &[&what[..], &money].concat());
    }
    bench.well("wallet", &["sync"]);
    let asked = [&FLEXIBLE[..], &["--account", "--json"]].concat();
    let ran = bench.peal("wallet", &asked);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let first = &json["scenarios"][0];
    assert_eq!((first["months"].as_u64(), first["paid"].as_u64()), (Some(377), Some(90_752_564 + 238_920)));
    let never = &json["scenarios"][3];
    assert_eq!(never["paid"], 238_920);
    assert!(never["balance"].as_u64().unwrap() > 95_568);
    shows(
        &ran.err,
        &[
            "2 months count, 955.68 CNY in the account, 2389.20 CNY paid by yourself",
            "--so-far 2:955.68:2389.20:INDEX",
        ],
    );
}
