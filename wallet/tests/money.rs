//! The commands about work, matching contributions, refunds, interest and benefits: what their arguments may be, and what a lost answer does.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use support::{Bench, Mini, Ran, Server, Weather};

fn shows(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
}

const WHO: &str = "peal1qyqqqqqqq4skugrfvssxjueqw35xjun50ykhgam0yp38jar9wvsxcmmwvukzq29kdfv";

fn run(bench: &Bench, wallet: &str, line: &str) -> Ran {
    bench.peal(wallet, &line.replace("WHO", WHO).split_whitespace().collect::<Vec<_>>())
}

/// Arguments that are wrong by themselves are named before a wallet is looked for: there is none here.
#[test]
fn what_is_wrong_with_an_argument_is_said() {
    let bench = Bench::new();
    let award = "fund award --account WHO --insurance unemployment --scheme s --fund WHO --month 2026-10 --currency CNY --reference r";
    let interest = "fund interest --account WHO --insurance pension --scheme s --month 2026-12 --currency CNY --reference r";
    let benefit = "fund benefit --account WHO --award 3 --month 2026-10 --reference r";
    let refund = "fund refund --account WHO --sequence 3 --month 2026-10 --reference r --currency CNY";
    let received = "received --sequence 3 --month 2026-10 --reference r";
    let matched = "match --account WHO --sequence 3 --insurance pension --scheme s --month 2026-10 --currency CNY --fund WHO --reference r";
    let many = " --step 1x1".repeat(33);
    let balances = " --balance 1x1".repeat(33);
    for (command, more, says) in [
        (award, "", "--step <MONTHSxAMOUNT>"),
        (award, "--step 1500.00", "expected MONTHSxAMOUNT, as 12x1500.00"),
        (award, "--step 0x1500.00", "expected 1 to 1200 months before the x"),
        (award, "--step 1201x1500.00", "expected 1 to 1200 months before the x"),
        (
            award,
            "--step 12x1500.001",
            "peal: 1500.001: expected an amount in CNY with at most 2 decimals, such as 12.34\n  where: --step\n  what to do: write it as 12x1500.00",
        ),
        (award, "--step 12x0", "a step gives nothing"),
        (award, "--step 1200x1 --step 1x1", "2 steps of 1201 months are more than one award can say"),
        (award, &many, "award at most 32 steps"),
        (award, "--step 1200x90071992547409.91", "2^53 - 1 minor units"),
        (interest, "--balance 1000x12", "--rate <RATE>"),
        (interest, "--rate 6% --balance 1000", "expected AMOUNTxMONTHS, as 1000.00x12"),
        (interest, "--rate 6% --balance 1000x13", "expected 1 to 12 months after the x"),
        (
            interest,
            "--rate 6.04 --balance 1000x12",
            "expected 0.0001% to 100%, with at most 4 decimals, as 6.04%",
        ),
        (interest, "--rate 6% --balance 1e3x12", "what to do: write it as 1000.00x12"),
        (interest, "--rate 6% --balance 0x12", "a balance is nothing"),
        (interest, "--rate 0.01% --balance 0.49x12", "the interest comes to nothing"),
        (interest, &format!("--rate 6%{balances}"), "33 balances are given, and 32 fit"),
        (benefit, "--amount 0 --currency CNY", "the amount is zero\n  where: --amount"),
        (benefit, "--amount 1.5 --currency JPY", "with at most 0 decimals"),
        (benefit, "--amount 1.5 --currency yen", "expected a currency as CNY"),
        (refund, "--amount 5 --credited 6", "more is credited than paid\n  where: --credited"),
        (refund, "", "--amount <AMOUNT>"),
        (received, "--amount 1", "--currency <CURRENCY>"),
        (received, "--amount x --currency CNY", "what to do: write it as 12.34"),
        (matched, "--amount 1 --source self", "expected platform, employer or subsidy"),
        (matched, "--amount 1 --credited 2 --source subsidy", "more is credited than paid"),
        (matched, "--amount 1 --base 1.234 --source subsidy", "where: --base"),
        ("work orders.csv", "", "--roster <ROSTER.csv>"),
        ("work orders.csv --roster roster.csv", "--batch 0", "--batch <N>"),
        ("work absent.csv --roster roster.csv", "", "where: absent.csv"),
        ("fund", "", "Usage: peal fund"),
    ] {
        let ran = run(&bench, "none", &format!("{command} {more}"));
        assert_eq!(ran.code, 2, "{command} {more}: {}{}", ran.out, ran.err);
        shows(&ran.err, &[says]);
    }
}

#[test]
fn a_dry_run_of_work_needs_no_wallet_and_names_what_is_wrong() {
    let bench = Bench::new();
    bench.write("roster.csv", &format!("worker,address\nW1,{WHO}\nW2,{WHO}\nW3,nowhere\n"));
    let header = "worker,reference,month,start,end,orders,place,earned,currency";
    let row = |worker: &str, reference: &str, end: &str| {
        format!("{worker},{reference},,2026-09-30T23:59:59Z,{end},2,,7.50,CNY\n")
    };
    let rows = [
        row("W1", "o/1", "2026-10-01T00:20:00Z"),
        row("W2", "o/1", "2026-10-01T00:20:00Z"),
        row("W4", "o/2", "2026-10-01T00:20:00Z"),
        row("W1", "o/3", "2026-09-30T23:59:58Z"),
    ];
    bench.write("orders.csv", &format!("{header}\n{}", rows.concat()));
    let ran = run(&bench, "none", "work orders.csv --roster roster.csv --dry-run");
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    shows(
        &ran.out,
        &[
            "2026-09            3       6  22.50 CNY",
            "Dry run: nothing was signed or sent.\n  1 new engagements would be posted",
            "line 3, reference: o/1 stands on line 2 for the same account; give each engagement a reference of its own",
            "line 4, worker: “W4” is not in the roster; add the worker's account to the roster, or open one",
            "line 5, end: is before start; write first and last second in order",
            "roster.csv:\n1 faults in the file:\n  line 4, address: “nowhere”",
        ],
    );
    assert!(bench.files("none").is_empty(), "nothing was written");
    // A file of something else is not read line by line.
    let ran = run(&bench, "none", "work roster.csv --roster roster.csv");
    assert_eq!(ran.code, 2, "{}{}", ran.out, ran.err);
    shows(
        &ran.out,
        &["nothing in this file can be used", "line 1, header: column 2 is “address”, not reference"],
    );
    assert_eq!(run(&bench, "none", "work orders.csv --roster orders.csv").code, 2);
}

#[test]
fn what_was_said_is_said_once_though_its_answer_is_lost() {
    let (bench, server) = (Bench::new(), Server::start(Mini::new(1)));
    bench.open("registrar", &server);
    let fund = bench.open("fund", &server);
    let worker = bench.open("worker", &server);
    let platform = bench.open("platform", &server);
    let records = || server.mini.lock().unwrap().records(2);
    bench.write("roster.csv", &format!("worker,address\nW1,{worker}\n"));
    let header = "worker,reference,month,start,end,orders,place,earned,currency";
    let rows: String = (1..6)
        .map(|n| format!("W1,o/{n},,2026-10-0{n}T08:00:00Z,2026-10-0{n}T08:20:00Z,1,,7.50,CNY\n"))
        .collect();
    bench.write("orders.csv", &format!("{header}\n{rows}"));

    let work = ["work", "orders.csv", "--roster", "roster.csv", "--batch", "2"];
    *server.weather.lock().unwrap() = Weather::LoseAnswers;
    let ran = bench.peal("platform", &work);
    assert_eq!((ran.code, records()), (3, 3), "{}{}", ran.out, ran.err);
    *server.weather.lock().unwrap() = Weather::Fair;
    let dry = bench.well("platform", &[&work[..], &["--dry-run"]].concat());
    assert_eq!((dry["new"].as_u64(), dry["waiting"].as_u64()), (Some(0), Some(5)));
    assert_eq!(bench.well("platform", &work)["recorded_now"], 5);
    assert_eq!(bench.well("platform", &work)["recorded_by_earlier_runs"], 5);
    assert_eq!(records(), 6);

    // In another file the same is there; what says something else, in whatever column, is not.
    bench.write(
        "more.csv",
        &format!("{header}\n{}", rows.replace("o/2,,", "o/2,2026-09,").replace("04T08:20", "04T08:21")),
    );
    let more = bench.peal("platform", &["work", "more.csv", "--roster", "roster.csv"]);
    assert_eq!((more.code, records()), (1, 6), "{}{}", more.out, more.err);
    shows(
        &more.out,
        &[
            "3 had been recorded under the same reference before",
            "2 statements refused by the ledger:",
            "line 3 (o/2), who: reference-taken: record 2 of that account has this reference and says month 2026-10; give",
            "line 5 (o/4), who: reference-taken: record 4 of that account has this reference and says end 2026-10-04T08:20:00Z; give",
        ],
    );

    // A matching contribution stands in the journal and in the return file as any other, and is settled and corrected as one.
    let line = format!(
        "match --account {worker} --sequence 1 --source platform --insurance pension --scheme s --month 2026-10 --amount 10 --currency CNY \
         --fund {fund} --reference m/1 --return m.csv"
    );
    let line: Vec<&str> = line.split_whitespace().collect();
    *server.weather.lock().unwrap() = Weather::LoseAnswers;
    assert_eq!(bench.peal("platform", &line).code, 3);
    *server.weather.lock().unwrap() = Weather::Fair;
    let done = bench.well("platform", &line);
    assert_eq!((done["sequence"].as_u64(), done["recorded_before"].as_bool()), (Some(6), Some(false)));
    assert_eq!(bench.well("platform", &line)["recorded_before"], true);
    assert_eq!((records(), bench.read("m.csv").lines().count()), (7, 2));
    let correct = format!(
        "correct --account {worker} --sequence 6 --amount 9 --credited 0 --currency CNY --month 2026-10 --reason less --return m2.csv"
    );
    bench.well("platform", &correct.split_whitespace().collect::<Vec<_>>());
    shows(&bench.read("m2.csv"), &[",9.00,0.00,,CNY,", ",m/1,"]);
    assert_eq!(bench.well("fund", &["settle", "m2.csv", "--reference", "BANK-1"])["settled_now"], 1);

    // What is paid by consent as well: sent once, in the journal, settled.
    let give =
        ["consent", "give", "--to", &platform, "--right", "pay", "--days", "9", "--purpose", "while ill"];
    let consent = bench.well("worker", &give)["consent"].to_string();
    let line = format!(
        "pay --for {worker} --consent {consent} --insurance pension --scheme s --month 2026-10 --amount 10 --currency CNY --fund {fund} \
         --return for.csv"
    );
    let line: Vec<&str> = line.split_whitespace().collect();
    let before = records();
    *server.weather.lock().unwrap() = Weather::LoseAnswers;
    assert_eq!(bench.peal("platform", &line).code, 3);
    *server.weather.lock().unwrap() = Weather::Fair;
    assert_eq!(bench.well("platform", &line)["recorded_before"], false);
    let done = bench.well("platform", &line);
    assert_eq!(
        (&done["recorded_before"], &done["reference"]),
        (&true.into(), &"for/202610/pension/s".into())
    );
    assert_eq!((records(), bench.read("for.csv").lines().count()), (before + 1, 2));
    let correct = format!(
        "correct --account {worker} --sequence {} --amount 8 --credited 0 --currency CNY --month 2026-10 --reason less --return for2.csv",
        done["sequence"]
    );
    bench.well("platform", &correct.split_whitespace().collect::<Vec<_>>());
    assert_eq!(bench.well("fund", &["settle", "for2.csv", "--reference", "BANK-2"])["settled_now"], 1);
    let alone =
        bench.peal("platform", &line.iter().copied().filter(|a| *a != "--consent").collect::<Vec<_>>());
    assert_eq!(alone.code, 2, "{}{}", alone.out, alone.err);
}
