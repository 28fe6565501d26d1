//! Money and work from end to end: what a platform, a subsidy, a fund and a worker say about each other, what the ledger does not take, and what
//! a stranger is shown of it in the end. All through the binaries.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use peal_tests::house::House;
use peal_tests::{peal, peal_ok};
use serde_json::Value;

/// A ledger with a platform, a subsidy payer, a fund and two workers, who stand in the platform's roster.
struct Town {
    house: House,
    fund: String,
    mei: String,
    roster: String,
}

const ORDERS: &str = "worker,reference,month,start,end,orders,place,earned,currency";
const RIDES: &str = "worker,insurance,month,amount,credited,base,currency,source,scheme,reference,period_start,period_end,place,orders";

impl Town {
    fn new() -> Self {
        let house = House::new("money.example/1");
        let offices = [("platform", "platform"), ("treasury", "subsidy-payer"), ("fund", "fund")];
        let [_, _, fund] = offices.map(|(name, role)| {
            let address = house.open(name, &[]);
            house.grant(&address, role);
            address
        });
        let (mei, wang) = (house.open("mei", &[]), house.open("wang", &[]));
        let roster = house.write("roster.csv", &format!("worker,address\nW1,{mei}\nW2,{wang}\n"));
        Self { house, fund, mei, roster }
    }

    fn work(&self, file: &str, more: &[&str], code: i32) -> Value {
        let args = [&["work", file, "--roster", &self.roster], more].concat();
        let out = self.house.run("platform", &args, false);
        assert_eq!(out.status.code(), Some(code), "{}", String::from_utf8_lossy(&out.stdout));
        serde_json::from_slice(&out.stdout).unwrap()
    }

    /// What `peal` says to a person, whose command line this is.
    fn says(&self, wallet: &str, line: &str) -> String {
        let line = line.replace("MEI", &self.mei).replace("FUND", &self.fund);
        let args: Vec<&str> = line.split_whitespace().collect();
        peal_ok(&self.house.path(wallet), &args)
    }

    fn said(&self, wallet: &str, line: &str) -> Value {
        serde_json::from_str(&self.says(wallet, &format!("{line} --json"))).unwrap()
    }

    /// What is refused says what, where and what to do.
    fn refused(&self, wallet: &str, line: &str, says: &[&str]) {
        let line = line.replace("MEI", &self.mei).replace("FUND", &self.fund);
        let out = peal(&self.house.path(wallet), &line.split_whitespace().collect::<Vec<_>>());
        let text = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(1), "{line}: {text}");
        shows(&text, says);
    }
}

fn shows(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
}

/// The sequence of the record that was made.
fn sequence(said: &Value) -> u64 {
    said["sequence"].as_u64().unwrap()
}

#[test]
fn orders_are_posted_once_and_faults_are_told_by_line() {
    let town = Town::new();
    let rows = [
        ORDERS,
        "W1,o/1,,2025-03-05T03:10:22Z,2025-03-05T03:41:09Z,1,\"Suzhou, Gusu district\",7.50,CNY",
        "W2,o/1,,2025-03-31T16:30:00Z,2025-03-31T17:00:00Z,,,0,CNY",
        "W9,o/2,,2025-03-06T03:10:22Z,2025-03-06T03:41:09Z,1,,7.50,CNY",
        "W1,o/3,,2025-03-06 03:10,2025-03-06T03:41:09Z,1,,7.50,CNY",
        "W1,o/4,2025-03,2025-03-07T03:10:22Z,2999-03-07T03:41:09Z,1,,7.50,CNY",
    ];
    let file = town.house.write("orders.csv", &(rows.join("\n") + "\n"));
    let dry = town.work(&file, &["--dry-run"], 1);
    assert_eq!((dry["new"].as_u64(), dry["recorded_now"].as_u64()), (Some(3), Some(0)));
    let lines = |said: &Value, of: &str| -> Vec<u64> {
        said[of].as_array().unwrap().iter().map(|f| f["line"].as_u64().unwrap()).collect()
    };

    // What is good is recorded; a worker who is not known, a time that is none, and what is not over yet are told by their lines.
    let done = town.work(&file, &["--batch", "2"], 1);
    assert_eq!(done["recorded_now"].as_u64(), Some(2), "{done}");
    assert_eq!((lines(&done, "faults"), lines(&done, "refused")), (vec![4, 5], vec![6]));
    shows(&done["faults"].to_string(), &["is not in the roster", "expected a time as 2026-01-01T00:00:00Z"]);
    shows(&done["refused"].to_string(), &["period-in-future", "post it when it is done"]);
    assert_eq!(lines(&done, "recorded"), [2, 3]);
    assert_eq!(done["recorded"][0]["account"].as_str(), Some(town.mei.as_str()));

    // Sent again, nothing changes, however the postings are cut; not even the refused one is signed again, unless it is asked for.
    let counts = |said: &Value| {
        let number = |name: &str| said[name].as_u64().unwrap();
        [number("recorded_now"), number("recorded_by_earlier_runs"), number("reference_taken")]
    };
    let records = || town.said("mei", "sync")["records"].clone();
    let before = records();
    for more in [&[][..], &["--batch", "1"], &["--retry"]] {
        let again = town.work(&file, more, 1);
        assert_eq!((counts(&again), lines(&again, "recorded")), ([0, 2, 0], vec![2, 3]), "{again}");
    }
    assert_eq!(records(), before);

    // Mended, it is another file: what was recorded is told, and stays as it was said. What says something else under a reference that is taken is
    // named, with what stands there.
    let mended = rows.join("\n").replace("W9", "W1").replace("03-06 03:10,", "03-06T03:10:00Z,");
    let mended = mended.replace("2999", "2025").replace("7.50", "8.00");
    let file = town.house.write("mended.csv", &mended);
    let done = town.work(&file, &[], 1);
    assert_eq!((counts(&done), lines(&done, "refused")), ([3, 0, 1], vec![2]), "{done}");
    shows(&done["taken"].to_string(), &["o/1", "\"line\":3"]);
    let out = peal(&town.house.path("platform"), &["work", &file, "--roster", &town.roster]);
    assert_eq!(out.status.code(), Some(1));
    let text = String::from_utf8_lossy(&out.stdout);
    shows(
        &text,
        &[
            "2025-03            5       4  32.00 CNY",
            "3 were recorded by earlier runs of this file",
            "1 had been recorded under the same reference before, and are as they were said then",
            "line 2 (o/1), who: reference-taken: record 1 of that account has this reference and says earned 7.50 CNY; \
             give this line another reference; if record 1 is wrong, void it first with `peal correct`",
        ],
    );
    assert!(!text.contains("--retry"), "{text}");
    assert_eq!(counts(&town.work(&file, &["--retry"], 1)), [0, 3, 1]);
    let file = town.house.write("renamed.csv", &mended.replace("W1,o/1", "W1,o/5"));
    assert_eq!(counts(&town.work(&file, &[], 0)), [1, 0, 4]);
    assert_eq!(counts(&town.work(&file, &[], 0)), [0, 1, 4]);

    // A wallet that was restored does not know what it said.
    let (words, address) = (town.house.text("platform.words"), town.said("platform", "address"));
    let restore = ["restore", "--words", &words, "--address", address["address"].as_str().unwrap()];
    town.house.well("restored", &restore, true);
    let work = ["work", &file, "--roster", &town.roster];
    town.house.refused("restored", &work, 1, "nothing if it says the same, which is not known here");

    // Who has no role yet is refused, by line; once the registrar has given it, the same file says it anew, and the refusal is past.
    let newcomer = town.house.open("newcomer", &[]);
    let one = town.house.write("one.csv", &rows[..2].join("\n"));
    let work = ["work", &one, "--roster", &town.roster];
    town.house.refused("newcomer", &work, 1, "ask the registrar for the role");
    town.house.grant(&newcomer, "employer");
    town.house.refused("newcomer", &work, 1, "role-missing");
    let done = town.house.well("newcomer", &[&work[..], &["--retry"]].concat(), false);
    assert_eq!((counts(&done), lines(&done, "refused")), ([1, 0, 0], vec![]), "{done}");
    assert_eq!(counts(&town.house.well("newcomer", &work, false)), [0, 1, 0]);
    town.house.audited();
}

#[test]
fn a_life_of_contributions_refunds_interest_and_benefits() {
    let town = Town::new();
    let Town { house, fund, mei, roster } = &town;

    // The platform posts a day and a month, and pays contributions for two months.
    let orders = [
        ORDERS,
        "W1,o/1,,2025-03-05T03:10:22Z,2025-03-05T03:41:09Z,1,\"Suzhou, Gusu district\",7.50,CNY",
        "W1,2025-04,2025-04,2025-03-31T16:00:00Z,2025-04-30T15:59:59Z,312,Suzhou,4210.00,CNY",
        "W2,2025-04,2025-04,2025-03-31T16:00:00Z,2025-04-30T15:59:59Z,280,Suzhou,3900.00,CNY",
    ];
    let worked = town.work(&house.write("orders.csv", &orders.join("\n")), &[], 0);
    let episode = worked["recorded"][0]["sequence"].as_u64().unwrap();
    let rides = [
        RIDES,
        "W1,pension,2025-03,800.00,320.00,4000,CNY,platform,cn-flexible-pension,p/1,,,,",
        "W1,pension,2025-04,800.00,320.00,4000,CNY,platform,cn-flexible-pension,p/2,,,,",
    ];
    let (rides, paid) = (house.write("rides.csv", &rides.join("\n")), house.text("return.csv"));
    let pension = format!("pension={fund}");
    let import = ["import", "csv", &rides, "--roster", roster, "--fund", &pension, "--return", &paid];
    assert_eq!(house.well("platform", &import, false)["recorded_now"].as_u64(), Some(2));
    let returned = house.read("return.csv");
    let at = |line: usize| returned.lines().nth(line).unwrap().split(',').nth(1).unwrap().to_owned();
    let (march, april) = (at(1), at(2));

    // The treasury adds to March, once; not to an insurance that March is not of.
    let matched = |insurance: &str, reference: &str| {
        format!(
            "match --account MEI --sequence {march} --source subsidy --insurance {insurance} --scheme cn-pension-subsidy --month 2025-03 \
             --amount 100 --credited 100 --currency CNY --fund FUND --reference {reference} --return {}",
            house.text("subsidies.csv")
        )
    };
    shows(&town.says("treasury", &matched("pension", "s/1")), &["100.00 CNY", "is recorded as record"]);
    let (again, line) = (town.said("treasury", &matched("pension", "s/1")), house.read("subsidies.csv"));
    assert_eq!((again["recorded_before"].as_bool(), line.lines().count()), (Some(true), 2));
    town.refused(
        "treasury",
        &matched("medical", "s/2"),
        &["match-differs", "where: match for account peal1", "name the same insurance"],
    );

    // Mei pays May herself. The fund has the money of all of it.
    let own = format!(
        "pay --insurance pension --scheme cn-flexible-pension --month 2025-05 --amount 100 --credited 40 --currency CNY --fund FUND --return {}",
        house.text("own.csv")
    );
    let may = sequence(&town.said("mei", &own));
    let returns = ["return.csv", "subsidies.csv", "own.csv"].map(|name| house.text(name)).join(" ");
    assert_eq!(town.said("fund", &format!("settle {returns} --reference BANK-1"))["settled_now"], 4);

    // Interest on what is on her own account, reckoned; not on more than that.
    let interest = |balance: &str, reference: &str| {
        format!(
            "fund interest --account MEI --insurance pension --scheme cn-flexible-pension --month 2025-12 --balance {balance} --rate 6.04% \
             --currency CNY --reference {reference}"
        )
    };
    town.refused(
        "fund",
        &interest("780.01x12", "i/1"),
        &["beyond-balance", "take the balance that the account's cells show"],
    );
    shows(
        &town.says("fund", &interest("780.00x12", "i/1")),
        &["The interest of 47.11 CNY is recorded", "780.00 × 12", "6.04 %"],
    );
    assert_eq!(town.said("fund", &interest("780.00x12", "i/1"))["recorded_before"], true);

    // April goes back whole, and the platform has it; of May a part, which Mei has.
    let (april, may) = (april.as_str(), may.to_string());
    let refund = |sequence: &str, month: &str, amount: &str, credited: &str, reference: &str| {
        format!(
            "fund refund --account MEI --sequence {sequence} --month {month} --amount {amount} --credited {credited} --currency CNY --reference {reference}"
        )
    };
    let received = format!(
        "received --account MEI --sequence {april} --month 2025-04 --amount 800 --currency CNY --reference b/1"
    );
    town.refused("platform", &received, &["beyond-refunded", "confirm what came back"]);
    shows(&town.says("fund", &refund(april, "2025-04", "800", "320", "r/1")), &["800.00 CNY", "is recorded"]);
    town.refused(
        "fund",
        &refund(april, "2025-04", "0.01", "0", "r/2"),
        &["beyond-settled", "refund what is left at most"],
    );
    shows(&town.says("platform", &received), &["800.00 CNY", "came back is recorded"]);
    town.said("fund", &refund(&may, "2025-05", "30", "10", "r/3"));
    let mine =
        format!("received --sequence {may} --month 2025-05 --amount 20 --currency CNY --reference b/2");
    shows(&town.says("mei", &mine), &["20.00 CNY"]);

    // An award, and benefits that step down with it; no more than it gives, and not after it.
    let award = town.said(
        "fund",
        "fund award --account MEI --insurance unemployment --scheme cn-unemployment --fund FUND --month 2025-06 --currency CNY \
         --step 2x900.00 --step 1x700.00 --reference a/1",
    );
    assert_eq!(award["months"], 3);
    let award = sequence(&award);
    let benefit = |month: &str, amount: &str, reference: &str| {
        format!(
            "fund benefit --account MEI --award {award} --month {month} --amount {amount} --currency CNY --reference {reference}"
        )
    };
    shows(&town.says("fund", &benefit("2025-06", "900", "f/1")), &["The benefit of 900.00 CNY for 2025-06"]);
    town.said("fund", &benefit("2025-07", "500", "f/2"));
    town.said("fund", &benefit("2025-07", "400", "f/3"));
    let words = ["beyond-entitlement", "where: benefit for account peal1", "pay what is left of the month"];
    town.refused("fund", &benefit("2025-08", "900", "f/4"), &[&words[..], &["field amount"]].concat());
    town.said("fund", &benefit("2025-08", "700", "f/4"));
    town.refused("fund", &benefit("2025-09", "1", "f/5"), &[&words[..], &["field month"]].concat());

    // An order is taken back, whole; and the award, by whoever made it.
    let void = |sequence: u64, month: &str| {
        format!("correct --account MEI --sequence {sequence} --month {month} --reason mistake --void")
    };
    town.refused("treasury", &void(episode, "2025-03"), &["not-issuer"]);
    let changed = void(episode, "2025-03").replace("--void", "--amount 8 --credited 0 --currency CNY");
    town.refused("platform", &changed, &["only-void", "void it (amount null), and post anew"]);
    shows(&town.says("platform", &void(episode, "2025-03")), &["is voided"]);
    town.refused("platform", &void(episode, "2025-03"), &["target-void"]);
    shows(&town.says("fund", &void(award, "2025-06")), &["is voided"]);
    town.refused("fund", &benefit("2025-06", "1", "f/6"), &["target-void"]);

    // Mei sees it all.
    town.said("mei", "sync");
    let shown = town.says("mei", "show --entries");
    shows(
        &shown,
        &[
            "2025  ·   ·   ●   ↺   ●   ·",
            "2 months count, 2 of them settled",
            "settled 1800.00 CNY, of it credited 780.00 CNY",
            "refunded 830.00 CNY, of it credited 330.00 CNY; interest 47.11 CNY",
            "paid by platform peal1",
            "matched by subsidy peal1",
            "refunded: the fund gave all of it back",
            "  amount  credited  refunded  received  currency",
            "  800.00    320.00    800.00    800.00  CNY",
            "  100.00     40.00     30.00     20.00  CNY",
            &format!("subsidy, matches {march}"),
            "benefits 2500.00 CNY",
            &format!(
                "award {award}: cn-unemployment, from 2025-06 on: 2 months of 900.00, then 1 of 700.00 CNY; paid 2500.00 CNY; ended"
            ),
            "1 engagement, 312 orders, earned 4210.00 CNY",
            "2025-03-05T03:10:22Z  2025-03-05T03:41:09Z       1  Suzhou, Gusu district     7.50 CNY  void      peal1",
        ],
    );

    // So does whoever is shown a proof; what is withheld of it is not known.
    let whole = house.text("whole.peal");
    town.said("mei", &format!("prove --out {whole}"));
    let verify = |file: &str| format!("verify {file} --trust {}", house.text("ledger/trust"));
    shows(
        &town.says("nobody", &verify(&whole)),
        &[
            "complete: every record of this address is here",
            "flow         pension: refunded 830.00 CNY, of it credited 330.00 CNY; interest 47.11 CNY (recomputed here from the records)",
            "flow         unemployment: benefits 2500.00 CNY (recomputed here from the records)",
            "award        unemployment: cn-unemployment, from 2025-06 on",
            "work         for peal1",
        ],
    );
    let verdict = town.said("nobody", &verify(&whole))["files"][0]["verdict"].clone();
    let text = verdict.to_string();
    assert!(!text.contains("\"proved\":false") && !text.contains("asserted"), "{text}");
    assert_eq!(
        (verdict["awards"][0]["paid"].as_u64(), &verdict["awards"][0]["void"]),
        (Some(250_000), &true.into())
    );
    assert_eq!(verdict["engagements"][0]["void"], true);
    assert_eq!(verdict["address"].as_str(), Some(mei.as_str()));
    let standings: Vec<_> = verdict["entries"].as_array().unwrap().iter().map(|e| &e["standing"]).collect();
    assert_eq!(standings, ["settled"; 4]);
    let csv = town.says("nobody", &format!("{} --csv", verify(&whole)));
    shows(&csv, &["pension 1800.00 CNY (settled 1800.00 CNY, refunded 830.00 CNY)", "pension 2 (2 settled)"]);

    let part = house.text("part.peal");
    town.said("mei", &format!("prove --withhold amount,evidence --out {part}"));
    shows(
        &town.says("nobody", &verify(&part)),
        &[
            "from 2025-06 on: withheld; what was paid is not known; perhaps ended",
            "2 engagements (1 perhaps void), earned withheld",
        ],
    );
    town.house.audited();
}
