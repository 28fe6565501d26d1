//! An account goes from one ledger to another, through the binaries: two ledgers that run, with funds, registrars and platforms of their own.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use peal_tests::house::House;
use peal_tests::{peal_command, until};
use serde_json::Value;

const OLD: &str = "suzhou.example/peal";
const NEW: &str = "chengdu.example/peal";

/// Two ledgers, whose registrars recognise each other, and a worker in the first.
struct Two {
    old: House,
    new: House,
    fund: String,
    new_fund: String,
}

impl Two {
    fn new() -> Self {
        let (old, new) = (House::new(OLD), House::new(NEW));
        old.open("worker", &[]);
        let [fund, new_fund] = [&old, &new].map(|house| {
            let fund = house.open("fund", &[]);
            house.grant(&fund, "fund");
            fund
        });
        let two = Self { old, new, fund, new_fund };
        let trusts = [two.new.text("ledger/trust"), two.old.text("ledger/trust")];
        two.old.well("registrar", &["recognise", NEW, "--trust", &trusts[0]], false);
        two.new.well("registrar", &["recognise", OLD, "--trust", &trusts[1]], false);
        two
    }

    /// The worker pays for months, and the fund confirms.
    fn paid(house: &House, wallet: &str, fund: &str, months: &[&str]) {
        let file = house.text(&format!("{wallet}.return.csv"));
        for month in months {
            let args = [
                "pay",
                "--insurance",
                "pension",
                "--scheme",
                "cn-flexible-pension",
                "--month",
                month,
                "--amount",
                "1454.00",
                "--credited",
                "581.60",
                "--base",
                "7270.00",
                "--currency",
                "CNY",
                "--fund",
                fund,
                "--return",
                &file,
            ];
            house.well(wallet, &args, false);
        }
        house.well("fund", &["settle", &file, "--reference", "bank 1"], false);
    }

    fn to(&self) -> Vec<String> {
        let trust = self.new.text("ledger/trust");
        let into = self.new.text("worker");
        let mut args =
            ["move", "--to", NEW, "--ledger", self.new.url(), "--trust", &trust].map(str::to_owned).to_vec();
        args.extend(["--into".to_owned(), into]);
        args
    }

    fn go(&self) -> Value {
        let args = self.to();
        self.old.well("worker", &args.iter().map(String::as_str).collect::<Vec<_>>(), false)
    }

    /// The files that a move wrote, by their ending.
    fn files(went: &Value, ending: &str) -> Vec<String> {
        let all = went["files"].as_array().unwrap().iter().map(|f| f.as_str().unwrap().to_owned());
        all.filter(|f| f.ends_with(ending)).collect()
    }

    fn out(&self, went: &Value, reference: &str) -> Value {
        let history = Self::files(went, "history.peal").pop().expect("a history for the fund here");
        let trust = self.old.text("ledger/trust");
        let args = [
            "transfer",
            "out",
            &history,
            "--trust",
            &trust,
            "--scheme",
            "cn-flexible-pension",
            "--with",
            "of_age=false",
            "--reference",
            reference,
        ];
        self.old.well("fund", &args, false)
    }

    fn come(&self, went: &Value) -> Vec<Value> {
        let files = Self::files(went, ".move");
        files
            .iter()
            .map(|file| self.new.well("fund", &["transfer", "in", file, "--reference", "in/1"], false))
            .collect()
    }
}

fn kinds(house: &House, wallet: &str) -> Vec<String> {
    house.well(wallet, &["sync"], false);
    let out = house.text(&format!("{wallet}.whole.peal"));
    let _ = std::fs::remove_file(&out);
    house.well(wallet, &["prove", "--out", &out], false);
    let trust = house.text("ledger/trust");
    let verdict = house.well(wallet, &["verify", &out, "--trust", &trust], false);
    let moves = verdict["files"][0]["verdict"]["moves"].as_array().unwrap_or_else(|| panic!("{verdict:#}"));
    moves.iter().map(|m| m["kind"].as_str().unwrap().to_owned()).collect()
}

fn state<'v>(went: &'v Value, step: &str) -> Vec<&'v str> {
    let legs = went["legs"].as_array().unwrap().iter().filter(|leg| leg["step"] == step);
    legs.map(|leg| leg["state"].as_str().unwrap()).collect()
}

#[test]
fn a_move_is_one_step_for_the_person_and_the_money_follows() {
    let two = Two::new();
    Two::paid(&two.old, "worker", &two.fund, &["2026-08", "2026-09", "2026-10"]);
    let went = two.go();
    for step in ["opened", "departed", "in-force", "arrived"] {
        assert_eq!(state(&went, step), ["done"], "{step}: {went:#}");
    }
    assert_eq!(state(&went, "money-out"), ["waiting"]);
    assert_eq!(went["over"], false);
    // Once more changes nothing.
    let again = two.go();
    assert_eq!(again["legs"], went["legs"]);
    assert_eq!(kinds(&two.old, "worker"), ["departure"]);
    assert_eq!(kinds(&two.new, "worker"), ["arrival"]);
    // Nothing new begins here.
    two.old.refused(
        "worker",
        &[
            "pay",
            "--insurance",
            "pension",
            "--scheme",
            "cn-flexible-pension",
            "--month",
            "2026-11",
            "--amount",
            "1454.00",
            "--currency",
            "CNY",
            "--fund",
            &two.fund,
        ],
        1,
        "departed",
    );
    // The fund is told where it went, and how far that is; a stranger is told nothing.
    let worker = two.old.well("worker", &["address"], false)["address"].as_str().unwrap().to_owned();
    assert_eq!(two.old.well("fund", &["whither", &worker], false)["origin"], NEW);
    let steps = two.old.well("fund", &["whither", &worker, "--steps"], false);
    assert_eq!(steps["departure"]["in_force"], true, "{steps:#}");
    two.old.open("stranger", &[]);
    two.old.refused("stranger", &["whither", &worker], 1, "no-access");
    let left = two.out(&went, "out/1");
    assert_eq!((left["own"].as_u64(), left["pooled"].as_u64()), (Some(174_480), Some(261_720)));
    // The same transfer said again is the same one, and nothing is left to go.
    two.old.well("worker", &["sync"], false);
    let went = two.go();
    assert_eq!((state(&went, "money-out"), state(&went, "money-in")), (vec!["done"], vec!["waiting"]));
    let came = two.come(&went);
    assert_eq!(came.len(), 1);
    assert_eq!((&came[0]["own"], &came[0]["pooled"]), (&left["own"], &left["pooled"]));
    two.new.refused(
        "fund",
        &["transfer", "in", &Two::files(&went, ".move")[0], "--reference", "in/2"],
        1,
        "arrived-already",
    );
    let went = two.go();
    assert_eq!(went["over"], true, "{went:#}");
    assert_eq!(kinds(&two.old, "worker"), ["departure", "transferred-out", "move-closed"]);
    assert_eq!(kinds(&two.new, "worker"), ["arrival", "transferred-in"]);

    // A month that was paid on both sides shows as such, with what is owed back; and so it does when the old ledger is gone.
    Two::paid(&two.new, "worker", &two.new_fund, &["2026-10", "2026-11"]);
    two.new.well("worker", &["sync"], false);
    let Two { mut old, new, .. } = two;
    old.kill();
    let standing = new.well("worker", &["standing", "--insurance", "pension"], false);
    assert_eq!(standing["counts"]["months"], 4, "{standing:#}");
    assert_eq!(standing["overlaps"].as_array().unwrap().len(), 1);
    let overlap = &standing["overlaps"][0];
    assert_eq!((&overlap["month"], &overlap["owed"][0]["amount"]), (&"2026-10".into(), &145_400.into()));
    assert!(standing["elsewhere"][0].as_str().unwrap().starts_with(OLD), "{standing:#}");
    // A wallet that is made anew from the words fetches what the ledger keeps for it.
    let address = new.well("worker", &["address"], false)["address"].as_str().unwrap().to_owned();
    let words = old.text("worker.words");
    new.well("anew", &["restore", "--words", &words, "--address", &address], true);
    new.well("anew", &["sync"], false);
    let again = new.well("anew", &["standing", "--insurance", "pension"], false);
    assert_eq!(again["counts"], standing["counts"]);
    old.restart();
    old.audited();
    new.audited();
}

#[test]
fn whoever_is_killed_goes_on_where_it_stopped() {
    let mut two = Two::new();
    Two::paid(&two.old, "worker", &two.fund, &["2026-09", "2026-10"]);
    let mut seed = 0x9e37_79b9_7f4a_7c15u64;
    let mut random = |most: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % most
    };
    let killed = |two: &Two, after: u64| {
        let args = two.to();
        let mut child = peal_command(&two.old.path("worker"), &args)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(after));
        let _ = child.kill();
        let _ = child.wait();
    };
    let mut over = false;
    for round in 0..12 {
        killed(&two, random(900));
        match round % 4 {
            1 => two.old.restart(),
            3 => two.new.restart(),
            _ => {}
        }
        if round == 7 {
            let went = two.go();
            two.out(&went, "out/1");
        }
        if round == 9 {
            let went = two.go();
            two.come(&went);
        }
        over |= round > 9 && two.go()["over"] == true;
    }
    assert!(over);
    assert_eq!(kinds(&two.old, "worker"), ["departure", "transferred-out", "move-closed"]);
    assert_eq!(kinds(&two.new, "worker"), ["arrival", "transferred-in"]);
    two.old.audited();
    two.new.audited();
}

#[test]
fn a_ledger_that_is_away_holds_up_its_own_steps_alone() {
    let mut two = Two::new();
    Two::paid(&two.old, "worker", &two.fund, &["2026-10"]);
    let url = two.new.url().to_owned();
    two.new.kill();
    let args = two.to();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    two.old.refused("worker", &args, 3, "");
    assert_eq!(kinds(&two.old, "worker"), Vec::<String>::new(), "nothing departs to where nobody answers");
    two.new.restart();
    assert_eq!(two.new.url(), url);
    let went = two.go();
    assert_eq!(state(&went, "arrived"), ["done"]);
    two.out(&went, "out/1");
    two.old.kill();
    two.old.refused("worker", &args, 3, "");
    two.old.restart();
    let went = until("the move goes on", || {
        let went = two.go();
        (state(&went, "money-in") == ["waiting"]).then_some(went)
    });
    two.come(&went);
    assert_eq!(two.go()["over"], true);
}

#[test]
fn with_a_delay_a_stolen_key_moves_nothing_and_a_guardian_speeds_it_up() {
    let two = Two::new();
    let guardian = two.old.open("guardian", &[]);
    let wary = two.old.open("wary", &["--guardian", &guardian, "--need", "1", "--delay", "86400"]);
    let trust = two.new.text("ledger/trust");
    let into = two.new.text("wary");
    let args = ["move", "--to", NEW, "--ledger", two.new.url(), "--trust", &trust, "--into", &into];
    let went = two.old.well("wary", &args, false);
    assert_eq!((state(&went, "departed"), state(&went, "in-force")), (vec!["done"], vec!["waiting"]));
    assert_eq!(state(&went, "arrived"), ["not-yet"]);
    // Her next key takes over, and the departure falls.
    two.old.well("wary", &["rotate"], false);
    let went = two.old.well("wary", &[&args[..], &["--status"]].concat(), false);
    assert_eq!(state(&went, "departed"), ["waiting"]);
    let went = two.old.well("wary", &args, false);
    let departure = went["legs"].as_array().unwrap().iter().find(|leg| leg["step"] == "departed").unwrap();
    let sequence = departure["sequence"].to_string();
    two.old.refused("fund", &["vouch", &wary, "--departure", &sequence], 1, "not-guardian");
    two.old.well("guardian", &["vouch", &wary, "--departure", &sequence], false);
    let went = two.old.well("wary", &args, false);
    assert_eq!((state(&went, "in-force"), state(&went, "arrived")), (vec!["done"], vec!["done"]), "{went:#}");
}

#[test]
fn a_bureau_transcribes_what_is_written_on_paper() {
    let house = House::new("paper.example/1");
    let worker = house.open("worker", &[]);
    let bureau = house.open("bureau", &[]);
    let scan = house.write("booklet.pdf", "%PDF-1.4 a scan");
    let file = house.write(
        "wang.csv",
        "reference,insurance,scheme,payer,first,last,amount,currency,document,page\n\
         A-1,pension,cn-basic,Suzhou Silk Mill No. 2,1998-03,2004-11,18432.50,CNY,Booklet,p. 3\n\
         A-2,pension,cn-basic,Suzhou Silk Mill No. 2,2005-01,2005-06,0,CNY,Booklet,\n",
    );
    let scan = format!("Booklet={scan}");
    let args = ["import-history", &file, "--account", &worker, "--scan", &scan];
    house.refused("bureau", &args, 1, "role-missing");
    house.grant(&bureau, "bureau");
    let said = house.well("bureau", &args, false);
    assert_eq!((&said["runs"], &said["months"]), (&2.into(), &87.into()));
    assert_eq!(house.well("bureau", &args, false)["recorded"], said["recorded"]);
    house.well("worker", &["sync"], false);
    let show = house.well("worker", &["standing", "--insurance", "pension"], false);
    assert_eq!(show["counts"]["months"], 0);
    assert_eq!(show["transcribed"].as_array().unwrap().len(), 2, "{show:#}");
    let sequence = said["recorded"][1]["sequence"].to_string();
    house.well(
        "bureau",
        &["identity", "withdraw", &worker, &sequence, "--because", "another person's booklet"],
        false,
    );
    house.well("worker", &["sync"], false);
    let show = house.well("worker", &["standing", "--insurance", "pension"], false);
    assert_eq!(show["transcribed"].as_array().unwrap().len(), 1);
    house.audited();
}

#[test]
fn what_came_goes_on_when_she_moves_again() {
    let two = Two::new();
    Two::paid(&two.old, "worker", &two.fund, &["2026-10"]);
    let went = two.go();
    two.out(&went, "out/1");
    two.come(&two.go());
    assert_eq!(two.go()["over"], true);
    // On to a third ledger: nothing was contributed in the second, and all that came goes along.
    const THIRD: &str = "beijing.example/peal";
    let (new, third) = (&two.new, House::new(THIRD));
    let fund = third.open("fund", &[]);
    third.grant(&fund, "fund");
    let (here, there) = (new.text("ledger/trust"), third.text("ledger/trust"));
    new.well("registrar", &["recognise", THIRD, "--trust", &there], false);
    third.well("registrar", &["recognise", NEW, "--trust", &here], false);
    let into = third.text("worker");
    let args = ["move", "--to", THIRD, "--ledger", third.url(), "--trust", &there, "--into", &into];
    let went = new.well("worker", &args, false);
    assert_eq!(state(&went, "money-out"), ["waiting"], "{went:#}");
    let history = Two::files(&went, "history.peal").pop().unwrap();
    let sent = [
        "transfer",
        "out",
        &history,
        "--trust",
        &here,
        "--scheme",
        "cn-flexible-pension",
        "--with",
        "of_age=false",
        "--reference",
        "on/1",
    ];
    let left = new.well("fund", &sent, false);
    assert_eq!((left["own"].as_u64(), left["pooled"].as_u64()), (Some(58_160), Some(87_240)), "{left:#}");
    let went = new.well("worker", &args, false);
    for file in Two::files(&went, ".move") {
        third.well("fund", &["transfer", "in", &file, "--reference", "in/1"], false);
    }
    assert_eq!(new.well("worker", &args, false)["over"], true);
    // A wallet of another account is not taken for that of the one she goes to.
    let other = third.text("fund");
    new.refused(
        "worker",
        &["move", "--to", THIRD, "--ledger", third.url(), "--trust", &there, "--into", &other],
        1,
        "not of the account",
    );
}

#[test]
fn a_verifier_sees_one_history_and_a_bureau_rules_where_a_ledger_has_ended() {
    let mut two = Two::new();
    Two::paid(&two.old, "worker", &two.fund, &["2026-09", "2026-10"]);
    two.old.well("worker", &["sync"], false);
    let history = two.old.text("worker.history.peal");
    two.old.well("worker", &["prove", "--out", &history], false);
    // The ledger ends without a word; what it signed last is known.
    let checkpoint = two.old.well("worker", &["sync"], false);
    let address = checkpoint["address"].as_str().unwrap().to_owned();
    let trust = two.old.well("worker", &["trust", "pin"], false);
    two.old.kill();
    let list = two.old.read("ledger/trust");
    let last = format!("{} {}", trust["size"], trust["root"].as_str().unwrap());
    let ended = two.new.write("ended.txt", &format!("{list}final {last}\n"));
    let worker = two.new.open("worker", &[]);
    let bureau = two.new.open("bureau", &[]);
    two.new.grant(&bureau, "bureau");
    let ruling = ["arrive", &history, "--account", &worker, "--trust", &ended];
    // The list without its end is still the one that is recognised.
    two.new.refused("bureau", &ruling, 1, "not-recognised");
    two.new.well("registrar", &["recognise", OLD, "--trust", &ended], false);
    let arrived = two.new.well("bureau", &ruling, false);
    assert_eq!(arrived["address"], address);
    two.new.refused("bureau", &ruling, 1, "arrived-already");
    // She takes the history into her wallet, pays on, and whoever is shown both files sees one history.
    two.new.well("worker", &["archive", "import", &history, "--trust", &ended], false);
    Two::paid(&two.new, "worker", &two.new_fund, &["2026-10", "2026-11"]);
    two.new.well("worker", &["sync"], false);
    let standing = two.new.well("worker", &["standing", "--insurance", "pension"], false);
    assert_eq!(standing["counts"]["months"], 3, "{standing:#}");
    let now = two.new.text("worker.now.peal");
    two.new.well("worker", &["prove", "--out", &now], false);
    let both = two.new.write(
        "both.txt",
        &format!(
            "{}{}",
            two.new.read("ledger/trust"),
            std::fs::read_to_string(&ended).unwrap().replacen("peal trust 1\n", "", 1)
        ),
    );
    let verdict = two.new.well("worker", &["verify", &history, &now, "--trust", &both], false);
    let one = &verdict["histories"][0];
    assert_eq!(one["files"], serde_json::json!([now, history]), "{verdict:#}");
    assert_eq!(one["months"], serde_json::json!([["pension", 3]]));
    assert_eq!(one["overlaps"][0][1]["month"], "2026-10");
    two.new.audited();
}
