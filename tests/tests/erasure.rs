//! What somebody did and claimed is forgotten, from end to end through the binaries: at her word, and by an order that a bureau names; what proofs
//! show of it before and after; what the operator's files hold.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use peal_tests::house::House;
use peal_tests::{peal, peald};
use serde_json::{Value, json};

const SECRETS: [&str; 5] =
    ["Suzhou north gate", "order-16", "hit by a van on order 17", "he was on no order", "the order shows it"];
const KEPT: &str = "nobody else needs to know";

/// In how many files of a folder a text stands.
fn found(dir: &Path, text: &str) -> usize {
    let files = std::fs::read_dir(dir).unwrap().map(|file| file.unwrap().path());
    let holds = |path: &Path| std::fs::read(path).unwrap().windows(text.len()).any(|w| w == text.as_bytes());
    files.filter(|path| path.is_file() && holds(path)).count()
}

fn json_of(out: &std::process::Output) -> Value {
    serde_json::from_slice(&out.stdout).unwrap_or_else(|_| panic!("{out:?}"))
}

struct Town {
    house: House,
    courier: String,
}

impl Town {
    /// An order, record 1; a claim about it, 2, answered, 3, ruled on, 4, and closed by the courier, 5; another order, 6, and an open claim, 7.
    fn new() -> Self {
        let house = House::new("erasure.example/1");
        let [courier, platform, bureau] = ["courier", "platform", "bureau"].map(|n| house.open(n, &[]));
        for (who, role) in [(&platform, "platform"), (&bureau, "bureau")] {
            house.grant(who, role);
        }
        let roster = house.write("roster.csv", &format!("worker,address\nC7,{courier}\n"));
        let work = |reference: &str, place: &str| {
            let file = house.write(
                &format!("{reference}.csv"),
                &format!(
                    "worker,reference,month,start,end,orders,place,earned,currency\n\
                     C7,{reference},,2026-10-03T09:10:00Z,2026-10-03T09:40:00Z,1,{place},6.50,CNY\n"
                ),
            );
            house.well("platform", &["work", &file, "--roster", &roster], false);
        };
        let file = |more: &[&str], says: &str| {
            let against = ["claim", "file", "--against", &platform, "--before", &bureau, "--says", says];
            house.well("courier", &[&against, more].concat(), false);
        };
        work("order-16", "Suzhou north gate");
        file(&["--kind", "injury", "--insurance", "work-injury", "--record", "1"], SECRETS[2]);
        let about = ["--account", &courier, "--claim", "2"];
        let answer = ["claim", "answer", "--contest", "--says", SECRETS[3]];
        house.well("platform", &[&answer[..], &about].concat(), false);
        let rule = ["claim", "rule", "--outcome", "rejected", "--says", SECRETS[4]];
        house.well("bureau", &[&rule[..], &about].concat(), false);
        house.well("courier", &["claim", "close", "--claim", "2", "--says", "so be it"], false);
        work("order-18", "Wuxi");
        file(&["--kind", "access"], "show me what you keep");
        Self { house, courier }
    }

    fn sync(&self, wallet: &str) {
        self.house.well(wallet, &["sync"], false);
    }

    fn prove(&self, wallet: &str, name: &str) -> String {
        let out = self.house.text(name);
        self.house.well(wallet, &["prove", "--out", &out], false);
        out
    }

    fn verify(&self, proof: &str) -> Value {
        let trust = self.house.text("ledger/trust");
        self.house.well("nobody", &["verify", proof, "--trust", &trust], false)["files"][0].clone()
    }

    /// What the operator's report says of each record that was erased.
    fn report(&self) -> Vec<(u64, String, String)> {
        let out = peald(&["retention", "--json", "--dir", &self.house.text("ledger")]);
        let text = |v: &Value| v.as_str().unwrap().to_owned();
        let of = |r: &Value| (r["record"].as_u64().unwrap(), text(&r["type"]), text(&r["left"]));
        json_of(&out)["erased"].as_array().unwrap().iter().map(of).collect()
    }
}

#[test]
fn what_was_is_forgotten_and_every_other_proof_holds() {
    let town = Town::new();
    let house = &town.house;
    town.sync("courier");
    let before = town.prove("courier", "before.peal");

    // Who may have what erased, and when.
    let erase =
        |record: &str| -> Vec<String> { ["erase", record, "--because", KEPT].map(str::to_owned).to_vec() };
    let of = |record: &str| -> Vec<String> {
        [erase(record), vec!["--account".into(), town.courier.clone()]].concat()
    };
    let refused = |wallet: &str, args: &[String], says: &str| {
        house.refused(wallet, &args.iter().map(String::as_str).collect::<Vec<_>>(), 1, says);
    };
    let well = |wallet: &str, args: &[String]| {
        house.well(wallet, &args.iter().map(String::as_str).collect::<Vec<_>>(), false)
    };
    refused("platform", &of("1"), "role-missing");
    refused("courier", &erase("7"), "not-closed");
    refused("courier", &erase("3"), "target-missing");
    assert_eq!(well("courier", &erase("1"))["sequence"], 8);
    assert_eq!(well("courier", &erase("1"))["sequence"], 8, "the same again is the same");
    assert_eq!(well("bureau", &of("2"))["sequence"], 9);
    refused("bureau", &of("1"), "target-void");

    // Her wallet has its own copy still; one that is restored is given none.
    town.sync("courier");
    let shown = house.well("courier", &["show"], false);
    assert_eq!(shown["erased"], json!([1, 2]));
    let restore = ["restore", "--words", &house.text("courier.words"), "--address", &town.courier];
    house.well("phone", &restore, true);
    town.sync("phone");
    let shown = house.well("phone", &["show"], false);
    assert_eq!((&shown["erased"], shown["records"]["contents"].as_u64()), (&json!([1, 2]), Some(5)));
    let text = String::from_utf8(peal(&house.path("phone"), &["show"]).stdout).unwrap();
    assert!(text.contains("records 1, 2: ") && !text.contains("he was on no order"), "{text}");
    let claims = house.well("phone", &["claim", "list"], false);
    assert_eq!(claims.as_array().unwrap().iter().map(|c| &c["claim"]).collect::<Vec<_>>(), [&json!(7)]);

    // Every other proof holds: the one that was made before, and one of what is left.
    let was = town.verify(&before);
    assert_eq!((&was["result"], &was["verdict"]["erased"]), (&json!("valid"), &json!([])), "{was}");
    let is = town.verify(&town.prove("phone", "after.peal"));
    let verdict = &is["verdict"];
    assert_eq!((&is["result"], &verdict["complete"]), (&json!("valid"), &json!(true)), "{is}");
    assert_eq!((&verdict["erased"], &verdict["records"]["headers"]), (&json!([1, 2]), &json!(5)), "{is}");
    let text = std::fs::read(house.path("after.peal")).unwrap();
    assert!(SECRETS.iter().all(|s| !text.windows(s.len()).any(|w| w == s.as_bytes())));

    // The operator sees that it was asked for; the report tells what is left of it.
    let kinds = ["engagement", "claim", "claim-answered", "ruling", "claim-closed"];
    let all = |left: &str| -> Vec<(u64, String, String)> {
        (1..6).zip(kinds).map(|(n, kind)| (n, kind.to_owned(), left.to_owned())).collect()
    };
    assert_eq!(town.report(), all("perhaps in old files"));
    let out = peald(&["purge", "--dir", &house.text("ledger")]);
    assert!(out.status.success() && String::from_utf8_lossy(&out.stdout).contains("in no file"), "{out:?}");
    let again = peald(&["purge", "--dir", &house.text("ledger")]);
    assert!(String::from_utf8_lossy(&again.stdout).contains("nothing was to do"), "{again:?}");
    assert_eq!(town.report(), all("nothing"));
    let folder = house.path("ledger/db");
    assert!(SECRETS.iter().all(|secret| found(&folder, secret) == 0));
    assert!(found(&folder, KEPT) > 0, "what is kept is found, so that the search means something");
    let copy = house.text("copy");
    let backed = peald(&["backup", &copy, "--from", &house.text("ledger")]);
    assert!(backed.status.success(), "{backed:?}");
    let out = peald(&["retention", "--dir", &copy]);
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(text.contains("claim-answered") && !text.contains("peald purge"), "{text}");

    // What refers to it is refused, and its reference stays taken; an auditor who replays it all finds nothing wrong.
    house.refused(
        "platform",
        &["claim", "answer", "--account", &town.courier, "--claim", "2", "--contest", "--says", "late"],
        1,
        "target-missing",
    );
    town.house.audited();
}
