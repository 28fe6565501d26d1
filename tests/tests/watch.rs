//! `peal watch` through the binaries: what is recorded is told as it happens, once, and what does not come is told too; a ledger that is away for
//! a while, or that is asked anew, changes nothing of it.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use peal_tests::house::House;
use peal_tests::{peal_command, until};
use serde_json::Value;

/// A `peal watch --json` that runs.
struct Watcher {
    child: Child,
    lines: Receiver<Value>,
}

impl Watcher {
    fn start(house: &House, wallet: &str) -> Self {
        let mut command = peal_command(&house.path(wallet), &["watch", "--json"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("peal watch");
        let out = BufReader::new(child.stdout.take().expect("its output"));
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                let _ = sender.send(serde_json::from_str(&line).expect("JSON lines"));
            }
        });
        Self { child, lines }
    }

    /// The next notice, whenever it comes.
    fn next(&self) -> Value {
        self.lines.recv_timeout(Duration::from_secs(60)).expect("a notice within a minute")
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What `peal watch --once` tells.
fn once(house: &House, wallet: &str) -> Vec<Value> {
    let out = house.run(wallet, &["watch", "--once"], false);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let text = String::from_utf8(out.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn engaged(house: &House, courier: &str, reference: &str, day: &str) {
    let roster = house.write("roster.csv", &format!("worker,address\nC7,{courier}\n"));
    let file = house.write(
        "orders.csv",
        &format!(
            "worker,reference,month,start,end,orders,place,earned,currency\n\
             C7,{reference},,{day}T09:10:00Z,{day}T09:40:00Z,1,Suzhou,6.50,CNY\n"
        ),
    );
    house.well("platform", &["work", &file, "--roster", &roster], false);
}

#[test]
fn what_happens_is_told_once_and_what_does_not_come_too() {
    let mut house = House::new("watch.example/1");
    let [courier, platform, bureau] = ["courier", "platform", "bureau"].map(|name| house.open(name, &[]));
    for (who, role) in [(&platform, "platform"), (&bureau, "bureau")] {
        house.grant(who, role);
    }
    let told = once(&house, "courier");
    assert_eq!(
        (told.len(), &told[0]["type"]),
        (1, &"opened".into()),
        "a wallet that was never synced knows nothing"
    );
    assert!(house.path("courier.told").exists());

    // Work of months ago for which nothing was ever paid: the record is told at once, and no alert of days that are past.
    engaged(&house, &courier, "order-1", "2026-08-03");
    let told = once(&house, "courier");
    assert_eq!((told.len(), &told[0]["type"]), (1, &"engagement".into()), "{told:?}");
    assert!(told[0]["text"].as_str().unwrap().contains("and earned 6.50 CNY"), "{told:?}");
    assert_eq!(once(&house, "courier").len(), 0);
    // Whoever watches for the last time long ago is told what came to be missing since.
    house.write("courier.told", "2@2026-08-31\n");
    let told = once(&house, "courier");
    assert_eq!((&told[0]["notice"], &told[0]["alert"]), (&"alert".into(), &"missing".into()), "{told:?}");
    assert_eq!((&told[0]["month"], &told[0]["day"]), (&"2026-08".into(), &"2026-09-16".into()));
    assert!(told[0]["text"].as_str().unwrap().starts_with("MISSING: peal1"), "{told:?}");

    let watcher = Watcher::start(&house, "courier");
    engaged(&house, &courier, "order-2", "2026-08-04");
    assert_eq!(watcher.next()["sequence"], 2);
    // A bureau looks without being asked: she is told to look at once.
    let unasked = ["look", "--account", &courier, "--unasked", "section 12", "--purpose", "audit", "--out"];
    house.well("bureau", &[&unasked[..], &[&house.text("her.peal")]].concat(), false);
    let look = watcher.next();
    assert_eq!((&look["type"], &look["urgent"]), (&"access-unasked".into(), &true.into()), "{look}");
    assert!(look["text"].as_str().unwrap().contains("LOOKED WITHOUT ASKING YOU, on the ground: section 12"));
    // The ledger dies and comes back: what is recorded then is told by the same process.
    house.restart();
    engaged(&house, &courier, "order-3", "2026-08-05");
    assert_eq!(watcher.next()["sequence"], 4);
    until("how far was told is kept", || house.read("courier.told").starts_with("5@").then_some(()));
    drop(watcher);
    assert_eq!(once(&house, "courier").len(), 0, "each was told once");

    house.write("courier.told", "soon\n");
    let out = house.run("courier", &["watch", "--once"], false);
    assert_eq!(out.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&out.stdout).contains("does not say how far was told"));
    house.audited();
}
