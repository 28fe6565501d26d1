//! Somebody pays in a worker's name, by her consent, from end to end through the binaries: what is recorded, settled and shown, and what is refused.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use peal_tests::house::House;
use peal_tests::{peal, peal_ok};
use serde_json::{Value, json};

struct Town {
    house: House,
    worker: String,
    agent: String,
    fund: String,
}

impl Town {
    fn new() -> Self {
        let house = House::new("paid-for.example/1");
        let [worker, agent, fund, _] =
            ["worker", "agent", "fund", "stranger"].map(|name| house.open(name, &[]));
        house.grant(&fund, "fund");
        Self { house, worker, agent, fund }
    }

    fn args(&self, line: &str) -> Vec<String> {
        let named = [("WORKER", &self.worker), ("AGENT", &self.agent), ("FUND", &self.fund)];
        let line =
            named.into_iter().fold(line.to_owned(), |line, (name, address)| line.replace(name, address));
        line.split_whitespace().map(str::to_owned).collect()
    }

    fn says(&self, wallet: &str, line: &str) -> String {
        peal_ok(&self.house.path(wallet), &self.args(line))
    }

    fn said(&self, wallet: &str, line: &str) -> Value {
        serde_json::from_str(&self.says(wallet, &format!("{line} --json"))).unwrap()
    }

    /// Lets the agent do something; returns the consent.
    fn give(&self, more: &str) -> u64 {
        let line = format!("consent give --to AGENT --days 30 --purpose illness {more}");
        self.said("worker", &line)["consent"].as_u64().unwrap()
    }

    /// The agent, or whoever it is, is told what is wrong, where, and what to do.
    fn refused(&self, wallet: &str, line: &str, what: &str, remedy: &str) {
        let out = peal(&self.house.path(wallet), &self.args(line));
        let text = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(1), "{line}: {text}");
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with(&format!("peal: {what}")), "{what}: {text}");
        assert!(lines[1].starts_with("  where: pay for account peal1"), "{text}");
        assert_eq!(lines[2..], [format!("  what to do: {remedy}")], "{text}");
    }
}

/// The agent pays 100.00 CNY for a month of the pension.
fn pay(consent: u64, month: &str) -> String {
    format!(
        "pay --for WORKER --consent {consent} --insurance pension --scheme cn-flexible --month {month} --amount 100.00 --credited 40.00 \
         --currency CNY --fund FUND"
    )
}

#[test]
fn an_agent_pays_the_fund_settles_and_the_worker_sees_who_paid() {
    let town = Town::new();
    let consent = town.give("--right pay --insurance pension");
    let paid = format!("{} --return {}", pay(consent, "2026-09"), town.house.text("paid.csv"));
    let text = town.says("agent", &paid);
    let says = format!(
        "by consent {consent}, is recorded as record 2.\n  reference for/202609/pension/cn-flexible\n"
    );
    assert!(
        text.starts_with("The contribution of 100.00 CNY to pension for 2026-09, in the name of peal1"),
        "{text}"
    );
    assert!(text.ends_with(&says), "{text}");

    // Said again, it is the same payment; and so is its line for the fund.
    let again = town.said("agent", &paid);
    assert_eq!((&again["recorded_before"], &again["sequence"]), (&json!(true), &json!(2)));
    assert_eq!(town.house.read("paid.csv").lines().count(), 2);

    // The agent corrects what the agent has paid; the worker, in whose name it is, does not.
    let october = town.said("agent", &pay(consent, "2026-10"))["sequence"].as_u64().unwrap();
    let correct = format!(
        "correct --account WORKER --sequence {october} --month 2026-10 --amount 90.00 --credited 36.00 --currency CNY --reason less"
    );
    town.house.refused(
        "worker",
        &town.args(&correct).iter().map(String::as_str).collect::<Vec<_>>(),
        1,
        "not-issuer",
    );
    town.said("agent", &format!("{correct} --return {}", town.house.text("corrected.csv")));
    let returns = ["paid.csv", "corrected.csv"].map(|name| town.house.text(name)).join(" ");
    assert_eq!(town.said("fund", &format!("settle {returns} --reference BANK-1"))["settled_now"], 2);

    town.said("worker", "sync");
    let shown = town.said("worker", "show");
    let entry = &shown["entries"][0];
    for (field, value) in [
        ("source", json!("self")),
        ("issuer", json!(town.agent)),
        ("by_consent", json!(consent)),
        ("standing", json!("settled")),
        ("amount", json!(10_000)),
    ] {
        assert_eq!(entry[field], value, "{field}: {shown}");
    }
    let text = town.says("worker", "show --entries");
    let agent = &town.agent[town.agent.len() - 8..];
    for part in [
        "2 months count, 2 of them settled".to_owned(),
        format!("paid by self peal1…{agent}: 2 times, 190.00 CNY"),
        format!("  self, by consent {consent}  peal1…{agent}  for/202609/pension/cn-flexible"),
    ] {
        assert!(text.contains(&part), "{part:?} is not in:\n{text}");
    }

    // Whoever is shown it offline sees that it was signed by whom she had let.
    let (file, trust) = (town.house.text("hers.peal"), town.house.text("ledger/trust"));
    town.said("worker", &format!("prove --out {file}"));
    let verified = town.said("nobody", &format!("verify {file} --trust {trust}"));
    let issuers = verified["files"][0]["verdict"]["issuers"].as_array().unwrap();
    let agent = issuers.iter().find(|i| i["address"] == json!(town.agent)).unwrap();
    assert_eq!(agent["proved"], true);
    town.house.audited();
}

#[test]
fn what_the_consent_does_not_hold_is_refused_in_words() {
    let town = Town::new();
    let consent = town.give("--right pay --insurance pension --months 2026-08..2026-10");
    let read = town.give("--right read");
    let once = town.give("--right pay --once");
    let september = pay(consent, "2026-09");

    let wider = "stay within its rights, insurances, months and parts, or ask for a wider one";
    let beyond = "beyond-grant: the consent is not for this";
    let over = "grant-over: the consent was revoked, is used up, or has ended";
    for (wallet, line, what, remedy) in [
        (
            "stranger",
            september.clone(),
            "not-grantee: the consent is another's",
            "ask the person for a consent of your own",
        ),
        ("agent", pay(read, "2026-09"), beyond, wider),
        ("agent", pay(consent, "2026-07"), beyond, wider),
        ("agent", september.replace("--insurance pension", "--insurance medical"), beyond, wider),
        (
            "agent",
            pay(0, "2026-09"),
            "target-missing: no such record, or not of the type it must be",
            "check the sequence number",
        ),
        (
            "agent",
            pay(once, "2999-01"),
            "month-in-future: the month is more than one after the current one",
            "wait, or check the month",
        ),
        (
            "agent",
            september.replace("--fund FUND", "--fund AGENT"),
            "fund-unfit: the named fund is unknown or may not take this insurance",
            "name a fund with that role",
        ),
    ] {
        town.refused(wallet, &line, what, remedy);
    }

    // A reference is for one payment; a consent for one use, for one.
    assert_eq!(town.said("agent", &september)["recorded_before"], false);
    town.refused(
        "agent",
        &september.replace("100.00", "90.00"),
        "reference-taken: this issuer used this reference in this account (account ",
        "nothing if it is the same payment; else choose a new reference",
    );
    let october = format!("{} --reference once/1", pay(once, "2026-10"));
    assert_eq!(town.said("agent", &october)["recorded_before"], false);
    assert_eq!(town.said("agent", &october)["recorded_before"], true);
    town.refused("agent", &pay(once, "2026-08"), over, "ask the person for a new one");

    // It is taken back: what was paid was paid, and nothing more is.
    town.said("worker", &format!("consent take-back {consent}"));
    town.refused("agent", &pay(consent, "2026-08"), over, "ask the person for a new one");
    assert_eq!(town.said("worker", "sync")["records"], 7);
    town.house.audited();
}
