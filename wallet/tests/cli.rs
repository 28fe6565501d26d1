//! The built program: offline commands and their exit codes, and the work of platforms and funds against a ledger in memory.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::path::Path;

use peal_spec::address::Address;
use peal_spec::hash::Hash;
use support::{Bench, Mini, Server, Weather};

/// Tomorrow: the ledger of these tests keeps the machine's time.
fn tomorrow() -> String {
    let now = peal_wallet::clock::now().unwrap().seconds();
    peal_spec::value::Time::new(now + 86_400).unwrap().to_string()
}

fn shows(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
}

/// A worker with two payments, one of them settled, and proofs of it in three forms.
fn history() -> (Bench, Server) {
    let (bench, server) = (Bench::new(), Server::start(Mini::new(1)));
    bench.open("registrar", &server);
    let fund = bench.open("fund-wallet", &server);
    bench.well("registrar", &["grant", &fund, "--role", "fund", "--insurance", "pension"]);
    bench.open("wallet", &server);
    for month in ["2026-09", "2026-10"] {
        let money = ["--amount", "1194.60", "--credited", "477.84", "--currency", "CNY", "--fund", &fund];
        let what = ["pay", "--insurance", "pension", "--scheme", "cn-flexible-pension", "--month", month];
        bench.well("wallet", &[&what[..], &money, &["--return", "return.csv"]].concat());
    }
    let text = bench.read("return.csv");
    assert_eq!(text.lines().count(), 3, "{text}");
    bench.write("september.csv", &text.lines().take(2).fold(String::new(), |all, l| all + l + "\n"));
    bench.well("fund-wallet", &["settle", "september.csv", "--reference", "BANK-1"]);
    bench.well("wallet", &["sync"]);
    bench.well("wallet", &["prove", "--out", "whole.peal"]);
    bench.well(
        "wallet",
        &["prove", "--months", "2026-10", "--withhold", "evidence,who", "--out", "october.peal"],
    );
    bench.well("wallet", &["prove", "--totals", "--out", "totals.peal"]);
    (bench, server)
}

#[test]
fn proofs_are_verified_offline() {
    let (bench, server) = history();
    drop(server);
    let now = tomorrow();
    let verify = |args: &[&str]| {
        bench.peal("none", &[&["verify", "--trust", "trust.txt", "--now", &now], args].concat())
    };
    let ran = verify(&["whole.peal", "october.peal", "totals.peal"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    shows(
        &ran.out,
        &[
            "whole.peal: valid",
            "4 records: 4 with contents; complete",
            "settled",
            "recomputed here from the records",
            "who of 2",
            "totals.peal: valid",
            "asserted by the ledger",
            "not proved complete",
            "rests on the operator",
        ],
    );
    let ran = verify(&["whole.peal", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(json["files"][0]["verdict"]["totals"][0]["posted"], 238_920);
    assert_eq!(json["files"][0]["result"], "valid");
    let ran = verify(&["whole.peal", "totals.peal", "--csv"]);
    assert_eq!(ran.out.lines().count(), 3);
    shows(
        &ran.out,
        &["whole.peal,valid,", "pension 2 (1 settled)", "pension 2389.20 CNY (settled 1194.60 CNY)"],
    );
    let stale = bench
        .peal("none", &["verify", "whole.peal", "--trust", "trust.txt", "--now", "2036-01-01T00:00:00Z"]);
    assert_eq!(stale.code, 0);
    shows(&stale.out, &["stale"]);

    // Not valid is 1, unusable is 2, and not valid counts more.
    let mut damaged = std::fs::read(bench.path("whole.peal")).unwrap();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    std::fs::write(bench.path("damaged.peal"), &damaged).unwrap();
    bench.write("foreign.peal", "hello");
    for (files, code, says) in [
        (&["damaged.peal"][..], 1, "not valid"),
        (&["foreign.peal"], 2, "this is not a PEAL proof file"),
        (&["absent.peal"], 2, "No such file"),
        (&["whole.peal", "foreign.peal"], 2, "unusable"),
        (&["foreign.peal", "damaged.peal", "whole.peal"], 1, "whole.peal: valid"),
    ] {
        let ran = verify(files);
        assert_eq!(ran.code, code, "{files:?}");
        shows(&ran.out, &[says]);
    }
    bench.write("others.txt", "peal trust 1\n");
    let ran = bench.peal("none", &["verify", "whole.peal", "--trust", "others.txt"]);
    assert_eq!(ran.code, 1);
    shows(&ran.out, &["unknown-ledger"]);
}

#[test]
fn the_passbook_shows_months_payers_and_sums() {
    let (bench, _server) = history();
    let ran = bench.peal("wallet", &["show", "--entries"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    shows(
        &ran.out,
        &[
            "pension",
            "    2026  ·   ·   ·   ·   ·   ·   ·   ·   ●   ○   ·   ·",
            "2 months count, 1 of them settled",
            "posted 2389.20 CNY, of it credited 955.68 CNY; settled 1194.60 CNY",
            "paid by self peal1",
            "2 times, 2389.20 CNY",
            "● settled",
            "self/202610/pension/cn-flexible",
        ],
    );
    assert!(!ran.out.contains('\x1b'), "colour only on a terminal");
    let narrow = std::process::Command::new(env!("CARGO_BIN_EXE_peal"))
        .env_clear()
        .envs([
            ("PEAL_WALLET", bench.path("wallet").to_str().unwrap()),
            ("PEAL_PASSPHRASE", support::PASSPHRASE),
            ("COLUMNS", "50"),
        ])
        .args(["show", "--entries"])
        .output()
        .unwrap();
    shows(
        &String::from_utf8(narrow.stdout).unwrap(),
        &["         J F M A M J J A S O N D", "    2026 · · · · · · · · ● ○ · ·"],
    );
    let wrong = bench.peal("wallet", &["show", "--passphrase-file", "trust.txt"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.starts_with("peal: wrong passphrase\n"), "{}", wrong.err);
}

#[test]
fn rights_are_reckoned_from_the_wallet_or_a_proof() {
    let (bench, server) = history();
    drop(server);
    let pension = ["entitled", "--scheme", "cn-flexible-pension", "--today", "2026-11-28"];
    let ran = bench.peal("wallet", &[&pension[..], &["--why"]].concat());
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    shows(
        &ran.out,
        &[
            "Old-age pension: not yet",
            "In her own account: 955.68 CNY",
            "178 months; by today's rule enough from 2041-09-01 on",
            "--with of_age=",
            "2 months; 180 are needed",
            "--household REGION",
            "of 2 months from 2026-09 to 2026-10 no base is recorded",
            "minimum_months = 180 (2016-01-01 – ",
            "[official]",
        ],
    );
    shows(&bench.peal("wallet", &[&pension[..], &["--lang", "zh"]].concat()).out, &["尚无资格", "还差"]);
    // The fund by its address or by its number, from a proof as from the wallet.
    let json = bench.well("wallet", &pension);
    let fund = json["place"]["missing_funds"][0].to_string();
    let home = ["--household", "henan", "--relation", "beijing", "--with", "of_age=true"];
    let region = format!("{fund}=beijing:temporary");
    let asked = [&pension[..], &home, &["--region", &region]].concat();
    let own = bench.well("wallet", &asked);
    assert_eq!(
        (own["place"]["region"].as_str(), own["place"]["why"].as_str()),
        (Some("henan"), Some("household"))
    );
    assert_eq!(own["place"]["regions"][0]["temporary"], true);
    assert_eq!(own["transfers"][0]["amount"], 95_568);
    let proof = ["--proof", "whole.peal", "--trust", "trust.txt"];
    let mut shown = bench.well("none", &[&asked[..], &proof].concat());
    assert_eq!(shown.as_object_mut().unwrap().remove("not_shown"), Some(0.into()));
    assert_eq!(shown, own);
    let part = ["--proof", "october.peal", "--trust", "trust.txt"];
    shows(&bench.peal("none", &[&asked[..], &part].concat()).out, &["that may count are not shown"]);
    for (args, says) in [
        (&["--with", "luck=1"][..], "with.luck"),
        (&["--region", "x=beijing"], "FUND=REGION"),
        (&["--proof", "whole.peal"], "--trust"),
    ] {
        let ran = bench.peal("wallet", &[&pension[..], args].concat());
        assert_eq!(ran.code, 2, "{args:?}");
        shows(&ran.err, &[says]);
    }
}

#[test]
fn trust_lists_are_checked_with_lines() {
    let bench = Bench::new();
    let good = bench.peal("none", &["trust", "check", "trust.txt"]);
    assert_eq!(good.code, 0);
    shows(&good.out, &["the list is good", "mini.example/1"]);
    bench.write("bad.txt", "peal trust 1\nledger a.example\noperator x - -\n");
    let bad = bench.peal("none", &["trust", "check", "bad.txt"]);
    assert_eq!(bad.code, 2);
    shows(&bad.err, &["where: bad.txt, line 3", "not a verifier key"]);
    let json = bench.peal("none", &["trust", "check", "bad.txt", "--json"]);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&json.out).unwrap()["error"]["kind"], "unusable");
}

#[test]
fn a_checkpoint_is_pinned() {
    let (bench, _server) = history();
    let pin = bench.well("wallet", &["trust", "pin"]);
    let list = bench.well("wallet", &["trust", "show"])["list"].as_str().unwrap().to_owned();
    shows(&list, &[&format!("pin {} {}", pin["size"], pin["root"].as_str().unwrap())]);
    bench.write("pinned.txt", &list);
    assert_eq!(bench.peal("none", &["verify", "whole.peal", "--trust", "pinned.txt"]).code, 0);
    let other = list
        .replace(pin["root"].as_str().unwrap(), &"A".repeat(43))
        .replace(&"A".repeat(43), &("A".repeat(43) + "="));
    bench.write("other.txt", &other);
    let ran = bench.peal("none", &["verify", "whole.peal", "--trust", "other.txt"]);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    shows(&ran.out, &["pin: "]);
    bench.write("empty.txt", "peal trust 1\n");
    assert_eq!(bench.peal("wallet", &["trust", "use", "empty.txt"]).code, 1);
    bench.well("wallet", &["trust", "use", "trust.txt"]);
}

#[test]
fn every_command_has_help_and_completions_are_there() {
    let bench = Bench::new();
    let help = bench.peal("none", &["--help"]).out;
    let listed = help.split("Commands:").nth(1).unwrap().split("Options:").next().unwrap();
    let commands: Vec<&str> = listed.lines().filter_map(|l| l.split_whitespace().next()).collect();
    assert!(commands.len() >= 36, "{commands:?}");
    assert!(["scheme", "due"].iter().all(|command| commands.contains(command)), "{commands:?}");
    for command in commands.iter().filter(|c| !["help", "trust"].contains(c)) {
        let ran = bench.peal("none", &[command, "--help"]);
        assert_eq!(ran.code, 0);
        shows(&ran.out, &["Example", "--json", &format!("peal {command}")]);
    }
    for shell in ["bash", "zsh", "fish"] {
        let ran = bench.peal("none", &["completions", shell]);
        assert_eq!(ran.code, 0);
        shows(&ran.out, &["completions", "settle"]);
    }
}

#[test]
fn usage_errors_are_unusable_input() {
    let bench = Bench::new();
    for args in [
        &["nonsense"][..],
        &["verify"],
        &["verify", "x", "--trust", "trust.txt", "--now", "yesterday"],
        &["pay", "--insurance", "luck"],
        &["import", "ecr", "x", "--roster", "y"],
        &["show"],
        &["prove", "--withhold", "keys", "--out", "x"],
    ] {
        assert_eq!(bench.peal("none", args).code, 2, "{args:?}");
    }
}

fn demo(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../demo").join(name).to_str().unwrap().to_owned()
}

#[test]
fn files_are_written_again_as_they_were() {
    let bench = Bench::new();
    for (layout, name, more) in [
        ("ecr", "ecr-2026-10.txt", &["--month", "2026-10"][..]),
        ("ezpay", "209900001KPTE01OCT202601.DTL", &[]),
        ("csv", "rides-2026-10.csv", &[]),
    ] {
        let file = demo(name);
        let args = ["import", layout, &file, "--rewrite", "again"];
        assert_eq!(bench.well("none", &[&args[..], more].concat())["same"], true);
        assert_eq!(std::fs::read(bench.path("again")).unwrap(), std::fs::read(file).unwrap());
    }
}

/// An employer with three members, one of whom is not in the roster; the second batch is lost on its way.
struct Payroll {
    bench: Bench,
    server: Server,
    fund: String,
}

const ECR: &str = "\
100427607286#~#A#~#15000#~#15000#~#15000#~#15000#~#1800#~#1250#~#550#~#0#~#0\n\
100427601130#~#B#~#10000#~#10000#~#10000#~#10000#~#1200#~#833#~#367#~#2#~#0\n\
100427601131#~#C#~#10000#~#10000#~#10000#~#10000#~#1200#~#833#~#367#~#0#~#0\n\
100427601132#~#D#~#10000#~#10000#~#10000#~#10000#~#1200#~#834#~#367#~#0#~#0\n";

impl Payroll {
    fn new() -> Self {
        let (bench, server) = (Bench::new(), Server::start(Mini::new(1)));
        bench.open("registrar", &server);
        let fund = bench.open("fund", &server);
        let employer = bench.open("employer", &server);
        bench.well("registrar", &["grant", &fund, "--role", "fund"]);
        bench.well("registrar", &["grant", &employer, "--role", "employer"]);
        bench.write("members.csv", "worker,name\n100427607286,A\n100427601130,\"B, Jr\"\n");
        let done = bench
            .well("employer", &["enrol", "members.csv", "--roster", "roster.csv", "--cards", "cards.csv"]);
        assert_eq!(done["opened_now"], 2);
        bench.write("october.txt", ECR);
        Self { bench, server, fund }
    }

    fn import(&self, file: &str, more: &[&str]) -> support::Ran {
        let fund = format!("pension={}", self.fund);
        let args = [
            "import",
            "ecr",
            file,
            "--month",
            "2026-10",
            "--roster",
            "roster.csv",
            "--fund",
            &fund,
            "--batch",
            "2",
        ];
        self.bench.peal("employer", &[&args[..], more].concat())
    }

    fn import_json(&self, file: &str, more: &[&str]) -> (i32, serde_json::Value) {
        let ran = self.import(file, &[more, &["--json"]].concat());
        (ran.code, serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}: {}{}", ran.out, ran.err)))
    }
}

#[test]
fn a_payroll_file_is_posted_once_and_faults_are_told_by_line() {
    let p = Payroll::new();
    let (code, dry) = p.import_json("october.txt", &["--dry-run"]);
    assert_eq!((code, dry["new"].as_u64()), (1, Some(6)));
    assert_eq!(p.server.mini.lock().unwrap().records(3), 1, "a dry run posts nothing");

    let (code, done) = p.import_json("october.txt", &["--return", "return.csv"]);
    assert_eq!((code, done["recorded_now"].as_u64(), done["standing"].as_u64()), (1, Some(6), Some(6)));
    let faults = done["faults"].as_array().unwrap();
    assert_eq!(faults.iter().map(|f| f["line"].as_u64().unwrap()).collect::<Vec<_>>(), [3, 4]);
    shows(&faults[1].to_string(), &["834 is not 833"]);
    assert_eq!(done["skipped"][0]["what"], "field 10, NCP days");
    let first = p.bench.read("return.csv");
    assert_eq!(first.lines().count(), 7);

    // The same again changes nothing, and gives the same return file.
    let size = p.server.mini.lock().unwrap().size();
    let (_, again) = p.import_json("october.txt", &["--return", "return.csv"]);
    assert_eq!(
        (again["recorded_now"].as_u64(), again["recorded_by_earlier_runs"].as_u64()),
        (Some(0), Some(6))
    );
    assert_eq!(p.server.mini.lock().unwrap().size(), size);
    assert_eq!(p.bench.read("return.csv"), first);

    // With the missing member in the roster, only what is new is posted.
    p.bench.write("members.csv", "worker,name\n100427607286,A\n100427601130,\"B, Jr\"\n100427601131,C\n");
    let done =
        p.bench.well("employer", &["enrol", "members.csv", "--roster", "roster.csv", "--cards", "cards.csv"]);
    assert_eq!((done["opened_now"].as_u64(), done["cards_written"].as_u64()), (Some(1), Some(3)));
    let (_, done) = p.import_json("october.txt", &["--return", "return.csv"]);
    assert_eq!((done["recorded_now"].as_u64(), done["standing"].as_u64()), (Some(3), Some(9)));

    // All or nothing sends nothing of a file with faults.
    let size = p.server.mini.lock().unwrap().size();
    p.bench.write("more.txt", &ECR.replace("1004276", "2004276"));
    let ran = p.import("more.txt", &["--all-or-nothing"]);
    assert_eq!((ran.code, p.server.mini.lock().unwrap().size()), (1, size));

    // The fund settles, and settles again.
    let settle = ["settle", "return.csv", "--reference", "BANK-7"];
    assert_eq!(p.bench.well("fund", &settle)["settled_now"], 9);
    assert_eq!(p.bench.well("fund", &settle)["settled_by_earlier_runs"], 9);
    let other = ["settle", "return.csv", "--reference", "BANK-8"];
    assert_eq!(p.bench.well("fund", &other)["settled_before"], 9);
    assert_eq!(p.bench.well("employer", &settle)["for_other_funds"], 9);

    // What was corrected after the return was made is settled by the line that the correction wrote, in whatever order they come.
    p.bench.write(
        "november.txt",
        "100427607286#~#A#~#15000#~#15000#~#15000#~#15000#~#1800#~#1250#~#550#~#0#~#0\n",
    );
    let fund = format!("pension={}", p.fund);
    let args =
        ["import", "ecr", "november.txt", "--month", "2026-11", "--roster", "roster.csv", "--fund", &fund];
    p.bench.well("employer", &[&args[..], &["--return", "november.csv"]].concat());
    let (account, sequence) = {
        let text = p.bench.read("november.csv");
        let mut fields = text.lines().nth(1).unwrap().split(',').map(str::to_owned);
        (fields.next().unwrap(), fields.next().unwrap())
    };
    let correct = [
        "correct",
        "--account",
        &account,
        "--sequence",
        &sequence,
        "--month",
        "2026-11",
        "--reason",
        "recounted",
    ];
    let amount = [
        "--amount",
        "1700",
        "--credited",
        "1700",
        "--base",
        "15000",
        "--currency",
        "INR",
        "--return",
        "corrected.csv",
    ];
    p.bench.well("employer", &[&correct[..], &amount].concat());
    let done = p.bench.well("fund", &["settle", "november.csv", "corrected.csv", "--reference", "BANK-9"]);
    assert_eq!((done["settled_now"].as_u64(), done["superseded"].as_u64()), (Some(3), Some(1)), "{done}");
    assert_eq!(done["totals"][0]["minor"], (170_000 + 125_000 + 55_000).to_string());
    let again = p.bench.well("fund", &["settle", "corrected.csv", "november.csv", "--reference", "BANK-9"]);
    assert_eq!(
        (again["settled_now"].as_u64(), again["settled_before"].as_u64()),
        (Some(0), Some(3)),
        "{again}"
    );
}

#[test]
fn a_revised_return_corrects_what_differs() {
    let p = Payroll::new();
    p.import("october.txt", &[]);
    // Member A earns less; member B nothing at all.
    let revised = "100427607286#~#A#~#14000#~#14000#~#14000#~#14000#~#1680#~#1166#~#514#~#0#~#0\n\
                   100427601130#~#B#~#0#~#0#~#0#~#0#~#0#~#0#~#0#~#2#~#0\n";
    p.bench.write("revised.txt", revised);
    let (code, plain) = p.import_json("revised.txt", &[]);
    assert_eq!((code, plain["recorded_now"].as_u64()), (1, Some(0)));
    shows(&plain["faults"][0].to_string(), &["was recorded as 1800.00 INR", "--kind revised"]);
    let (code, done) = p.import_json("revised.txt", &["--kind", "revised", "--return", "return.csv"]);
    assert_eq!(
        (code, done["recorded_now"].as_u64(), done["standing"].as_u64()),
        (0, Some(6), Some(3)),
        "{done}"
    );
    shows(&p.bench.read("return.csv"), &[",1680.00,1680.00,14000.00,INR,"]);
    let (code, again) = p.import_json("revised.txt", &["--kind", "revised"]);
    assert_eq!((code, again["recorded_now"].as_u64()), (0, Some(0)));

    // By hand, too; the journal follows.
    let roster = p.bench.read("roster.csv");
    let account = roster.lines().nth(1).unwrap().split(',').nth(1).unwrap();
    let correct = [
        "correct",
        "--account",
        account,
        "--sequence",
        "1",
        "--void",
        "--month",
        "2026-10",
        "--reason",
        "twice",
    ];
    assert_eq!(p.bench.well("employer", &correct)["void"], true);
    let (_, after) = p.import_json("revised.txt", &["--kind", "revised"]);
    shows(&after["faults"].to_string(), &["was voided"]);
}

#[test]
fn a_lost_answer_is_asked_for_again_and_nothing_is_posted_twice() {
    let p = Payroll::new();
    *p.server.weather.lock().unwrap() = Weather::LoseAnswers;
    let ran = p.import("october.txt", &[]);
    assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
    shows(&ran.err, &["batch 1 of 3"]);
    *p.server.weather.lock().unwrap() = Weather::Fair;
    let (_, done) = p.import_json("october.txt", &[]);
    assert_eq!(done["recorded_now"], 6);
    let mini = p.server.mini.lock().unwrap();
    assert_eq!((mini.records(3), mini.records(4)), (4, 4));
}

/// After a rotation, what was signed with the old key and never arrived is signed anew.
#[test]
fn an_outbox_survives_a_rotation() {
    let p = Payroll::new();
    *p.server.weather.lock().unwrap() = Weather::Busy(1000);
    assert_eq!(p.import("october.txt", &[]).code, 3);
    *p.server.weather.lock().unwrap() = Weather::Fair;
    p.bench.well("employer", &["rotate"]);
    let (_, done) = p.import_json("october.txt", &[]);
    assert_eq!(
        (done["recorded_now"].as_u64(), done["refused"].as_array().unwrap().len()),
        (Some(6), 0),
        "{done}"
    );
}

#[test]
fn members_are_enrolled_once_and_their_words_work() {
    let p = Payroll::new();
    let (bench, server) = (&p.bench, &p.server);
    let (roster, cards) = (bench.read("roster.csv"), bench.read("cards.csv"));
    let enrol = ["enrol", "members.csv", "--roster", "roster.csv", "--cards", "cards.csv"];
    assert_eq!(bench.well("employer", &enrol)["opened_now"], 0);
    assert_eq!((bench.read("roster.csv"), bench.read("cards.csv")), (roster.clone(), cards.clone()));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(bench.path("cards.csv")).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let card = cards.lines().nth(2).unwrap();
    assert!(card.starts_with("100427601130,\"B, Jr\",peal1"), "{card}");
    let (address, words) =
        card.rsplit_once(',').map(|(rest, w)| (rest.rsplit_once(',').unwrap().1, w)).unwrap();
    // No word is readable in the outbox.
    let outbox = bench.path("employer.outbox");
    for entry in std::fs::read_dir(&outbox)
        .unwrap()
        .flat_map(|d| std::fs::read_dir(d.unwrap().path()).into_iter().flatten())
    {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains(words));
    }
    bench.write("words", words);
    let restore = [
        "restore",
        "--ledger",
        &server.url,
        "--trust",
        "trust.txt",
        "--address",
        address,
        "--words",
        "words",
    ];
    assert_eq!(bench.well("member", &restore)["records"], 1);

    // Who has an account keeps it; forgotten words do not overwrite cards.
    bench.write("old.csv", &format!("worker,address\nX,{}\n", Address { number: 1, id: Hash([1; 32]) }));
    bench.write("new-members.csv", "worker,name\nX,Known\n100427607286,A\n100427601130,\"B, Jr\"\n");
    let again = [
        "enrol",
        "new-members.csv",
        "--existing",
        "old.csv",
        "--roster",
        "new.csv",
        "--cards",
        "new-cards.csv",
    ];
    let done = bench.well("employer", &again);
    assert_eq!(
        (done["accounts"].as_u64(), done["existing"].as_u64(), done["opened_now"].as_u64()),
        (Some(3), Some(1), Some(0))
    );
    let forget = bench.well("employer", &[&enrol[..], &["--forget-words"]].concat());
    assert_eq!(forget["cards_written"], 2);
    let after = bench.well("employer", &enrol);
    assert_eq!((after["words_forgotten"].as_u64(), after["cards"].is_null()), (Some(2), true));
    assert_eq!((bench.read("roster.csv"), bench.read("cards.csv")), (roster, cards));
}

#[test]
fn roles_are_granted_and_revoked() {
    let (bench, server) = (Bench::new(), Server::start(Mini::new(1)));
    bench.open("registrar", &server);
    let fund = bench.open("fund", &server);
    let grant = [
        "grant",
        &fund,
        "--role",
        "fund",
        "--insurance",
        "medical,pension",
        "--until",
        "2030-01-01T00:00:00Z",
    ];
    assert_eq!(bench.well("registrar", &grant)["sequence"], 1);
    assert_eq!(bench.well("registrar", &["revoke", &fund, "--sequence", "1"])["sequence"], 2);
    // A role may be granted again, as a new statement.
    assert_eq!(bench.well("registrar", &grant)["sequence"], 3);
}
