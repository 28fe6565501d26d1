//! Who a person is, from end to end through the binaries: a blinding office, two bureaus, a second account that is refused, a proof to an
//! employer, a binding that was wrong, and two accounts that are one person's.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::process::{Child, Command, Stdio};

use peal_tests::house::House;
use peal_tests::{bin, until};
use serde_json::{Value, json};

const PERSON: &str = "CN:resident-id:11010519491231002X";
const OTHER: &str = "CN:resident-id:440524188001010014";
const THIRD: &str = "CN:resident-id:110105194912310038";

/// A blinding office that runs.
struct Office(Child);

impl Drop for Office {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Office {
    fn start(house: &House) -> (Self, String) {
        let port_file = house.path("office.port");
        let child = Command::new(bin("peal"))
            .args(["identity", "office", "serve", "--listen", "127.0.0.1:0", "--dir", &house.text("office")])
            .args([Path::new("--port-file"), &port_file])
            .stdout(Stdio::null())
            .spawn()
            .expect("peal starts");
        let port = until("the office listens", || std::fs::read_to_string(&port_file).ok());
        (Self(child), format!("http://127.0.0.1:{}", port.trim()))
    }
}

struct Town {
    house: House,
    _office: Office,
    url: String,
    worker: String,
    second: String,
    fund: String,
}

impl Town {
    fn new() -> Self {
        let house = House::new("identity.example/1");
        let [worker, second, platform, fund] =
            ["worker", "second", "platform", "fund"].map(|n| house.open(n, &[]));
        for name in ["bureau", "other-bureau"] {
            let address = house.open(name, &[]);
            house.grant(&address, "bureau");
        }
        for (who, role) in [(&platform, "platform"), (&fund, "fund")] {
            house.grant(who, role);
        }
        house.well(
            "registrar",
            &["identity", "office", "init", "office.example", "--dir", &house.text("office")],
            false,
        );
        let (office, url) = Office::start(&house);
        let town = Self { house, _office: office, url, worker, second, fund };
        for name in ["bureau", "other-bureau"] {
            town.admit(name, "100", &format!("{name}.card"));
        }
        town
    }

    fn admit(&self, name: &str, daily: &str, card: &str) {
        let (dir, out) = (self.house.text("office"), self.house.text(card));
        let args = [
            "identity", "office", "admit", name, "--dir", &dir, "--url", &self.url, "--daily", daily,
            "--out", &out,
        ];
        self.house.well("registrar", &args, false);
    }

    fn bind(&self, bureau: &str, account: &str, document: &str) -> Vec<String> {
        let (card, out) =
            (self.house.text(&format!("{bureau}.card")), self.house.text(&format!("{account}.identity")));
        ["identity", "bind", account, "--document", document, "--office", &card, "--out", &out]
            .map(str::to_owned)
            .to_vec()
    }

    fn prove(&self, wallet: &str, more: &[&str]) -> String {
        self.house.well(wallet, &["sync"], false);
        let out = self.house.text(&format!("{wallet}.peal"));
        self.house.well(wallet, &[&["prove", "--out", &out], more].concat(), false);
        out
    }

    /// What a verifier says of a proof and an opening: the exit code and the JSON.
    fn verify(&self, proof: &str, opening: &str) -> (i32, Value) {
        let trust = self.house.text("ledger/trust");
        let run =
            self.house.run("nobody", &["verify", proof, "--trust", &trust, "--identity", opening], false);
        let json: Value = serde_json::from_slice(&run.stdout).unwrap_or_else(|_| panic!("{run:?}"));
        (run.status.code().unwrap(), json["files"][0].clone())
    }
}

fn refs(args: &[String]) -> Vec<&str> {
    args.iter().map(String::as_str).collect()
}

#[test]
fn a_person_has_one_account_and_shows_whose_it_is() {
    let town = Town::new();
    let house = &town.house;
    let bound = house.well("bureau", &refs(&town.bind("bureau", &town.worker, PERSON)), false);
    assert_eq!(bound["sequence"], 1);
    // The same again is the same; the file that she is given is not written over by another's.
    let again = house.well("bureau", &refs(&town.bind("bureau", &town.worker, PERSON)), false);
    assert_eq!(again["sequence"], 1);
    let mut over = town.bind("bureau", &town.second, OTHER);
    *over.last_mut().unwrap() = house.text(&format!("{}.identity", town.worker));
    house.refused("bureau", &refs(&over), 2, "");
    // Another bureau, another clerk who writes the number in his own way: the same person, and the bureau is told where.
    let again = town.bind("other-bureau", &town.second, "CN:resident-id:110105 19491231 002x");
    let refused = house.run("other-bureau", &refs(&again), false);
    let said = String::from_utf8_lossy(&refused.stdout).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(
        said.contains("identity-taken") && said.contains(&town.worker) && said.contains("record 1"),
        "{said}"
    );
    assert!(!said.contains("0105"), "the number is nobody's to see: {said}");
    assert!(!house.path(&format!("{}.identity", town.second)).exists(), "an opening of nothing");
    house.refused(
        "bureau",
        &refs(&town.bind("bureau", &town.second, "CN:residentid:11010519491231002X")),
        2,
        "CN:resident-id",
    );
    // A number that is mistyped is not looked up.
    house.refused(
        "bureau",
        &refs(&town.bind("bureau", &town.second, "CN:resident-id:110105194912310021")),
        2,
        "mistyped",
    );
    // Who is no bureau learns nothing of whether somebody has an account, whatever the office tells him.
    town.admit("platform", "3", "platform.card");
    house.refused("platform", &refs(&town.bind("platform", &town.second, PERSON)), 1, "role-missing");

    // She shows an employer who she is; the token stays at home.
    let opening = house.text(&format!("{}.identity", town.worker));
    let proof = town.prove("worker", &[]);
    let (code, shown) = town.verify(&proof, &opening);
    assert_eq!((code, &shown["identity"]["proved"]), (0, &json!(true)), "{shown}");
    assert_eq!(shown["verdict"]["withheld"]["token"], 1);
    // Another person's opening, a proof that withholds the identity, and another account's proof do not do.
    let of_other = house.text("other.identity");
    let lines = std::fs::read_to_string(&opening).unwrap().replace(PERSON, OTHER);
    std::fs::write(&of_other, lines).unwrap();
    assert_eq!(town.verify(&proof, &of_other).0, 1);
    assert_eq!(town.verify(&town.prove("worker", &["--withhold", "identity"]), &opening).0, 1);
    assert_eq!(town.verify(&town.prove("second", &[]), &opening).0, 1);
    // She may show that and nothing else.
    let (code, alone) = town.verify(&town.prove("worker", &["--identity"]), &opening);
    assert_eq!((code, &alone["verdict"]["records"]["contents"]), (0, &json!(1)), "{alone}");
    let months = town.prove("worker", &["--months", "2026-01..2026-12"]);
    assert_eq!(town.verify(&months, &opening).0, 1);
    // An old proof shows what was so once.
    let proof = town.prove("worker", &[]);
    let trust = house.text("ledger/trust");
    let later =
        ["verify", &proof, "--trust", &trust, "--identity", &opening, "--now", "2036-01-01T00:00:00Z"];
    house.refused("nobody", &later, 1, "ask for a proof of today");
    house.well("worker", &["identity", "show", "--opening", &opening], false);
    house.refused("worker", &["identity", "show", "--opening", &of_other], 1, "");

    // It was another one of the same name after all: withdrawn by another bureau, and the person is bound where she is.
    let withdraw =
        ["identity", "withdraw", &town.worker, "1", "--because", "another person of the same name"];
    house.refused("worker", &withdraw, 1, "role-missing");
    house.well("other-bureau", &withdraw, false);
    let twice = house.well("other-bureau", &withdraw, false);
    assert_eq!(twice["sequence"], 2, "the same again is the same");
    let (code, shown) = town.verify(&town.prove("worker", &[]), &opening);
    assert_eq!((code, &shown["identity"]["proved"]), (1, &json!(false)), "{shown}");
    house.well("other-bureau", &refs(&again), false);
    house.refused("bureau", &refs(&town.bind("bureau", &town.worker, PERSON)), 1, "identity-taken");

    // Who was dismissed, or has asked too often, is not answered.
    let dir = house.text("office");
    house.well("registrar", &["identity", "office", "dismiss", "bureau", "--dir", &dir], false);
    house.refused("bureau", &refs(&town.bind("bureau", &town.worker, OTHER)), 1, "does not know this pass");
    std::fs::remove_file(house.path("bureau.card")).unwrap();
    // Four questions it has had today, and a new pass gives no more than one of five.
    town.admit("bureau", "5", "bureau.card");
    std::fs::remove_file(house.path(&format!("{}.identity", town.worker))).unwrap();
    house.well("bureau", &refs(&town.bind("bureau", &town.worker, OTHER)), false);
    // An account that is bound to two documents may be two people's: both are shown, or nothing is proved.
    let opening = house.text(&format!("{}.identity", town.worker));
    let other_card = house.text("other-bureau.card");
    let second = house.text("second.identity");
    let bind =
        ["identity", "bind", &town.worker, "--document", THIRD, "--office", &other_card, "--out", &second];
    house.well("other-bureau", &bind, false);
    let proof = town.prove("worker", &["--identity"]);
    let (code, shown) = town.verify(&proof, &opening);
    assert_eq!(code, 1);
    assert!(shown["identity"]["says"].as_str().unwrap().contains("other documents"), "{shown}");
    let both = ["verify", &proof, "--trust", &trust, "--identity", &opening, "--identity", &second];
    house.well("nobody", &both, false);
    let impatient = house.run("bureau", &refs(&town.bind("bureau", &town.worker, PERSON)), false);
    assert_eq!(impatient.status.code(), Some(3), "{impatient:?}");
    town.house.audited();
}

#[test]
fn two_accounts_of_one_person_are_added_up() {
    let town = Town::new();
    let house = &town.house;
    let roster =
        house.write("roster.csv", &format!("worker,address\nW1,{}\nW2,{}\n", town.worker, town.second));
    let file = house.write(
        "pay.csv",
        "worker,insurance,month,amount,credited,base,currency,source,scheme,reference,period_start,period_end,place,orders\n\
         W1,pension,2026-08,300.00,100.00,,CNY,platform,cn-flexible-pension,1,,,,\n\
         W2,pension,2026-08,200.00,100.00,,CNY,platform,cn-flexible-pension,2,,,,\n\
         W2,pension,2026-09,500.00,100.00,,CNY,platform,cn-flexible-pension,3,,,,\n",
    );
    house.well(
        "platform",
        &["import", "csv", &file, "--roster", &roster, "--fund", &format!("pension={}", town.fund)],
        false,
    );
    house.well("worker", &["sync"], false);
    house.well("second", &["sync"], false);
    let other = house.text("second");
    let both =
        ["standing", "--insurance", "pension", "--minimum", "500.00", "--currency", "CNY", "--also", &other];
    house.refused("worker", &both, 1, "this account does not say");
    house.well("worker", &["identity", "link", "--with", &town.second], false);
    house.well("worker", &["sync"], false);
    house.refused("worker", &both, 1, "that account does not say");
    house.refused("worker", &["identity", "link", "--with", &town.worker], 1, "link-unfit");
    house.refused(
        "platform",
        &["identity", "link", "--account", &town.second, "--with", &town.worker],
        1,
        "role-missing",
    );
    house.well("bureau", &["identity", "link", "--account", &town.second, "--with", &town.worker], false);
    for name in ["worker", "second"] {
        house.well(name, &["sync"], false);
    }
    let alone = house.well("worker", &both[..7], false);
    let together = house.well("worker", &both, false);
    assert_eq!(
        (&alone["counts"]["months"], &together["counts"]["months"]),
        (&json!(0), &json!(2)),
        "{together}"
    );
    let waiting = together["waiting"].as_array().unwrap();
    let places: Vec<_> = waiting.iter().map(|w| (w["account"].as_u64(), w["sequence"].as_u64())).collect();
    assert_eq!(places.len(), 3, "{waiting:?}");
    assert!(places.iter().all(|(account, _)| account.is_some()), "{waiting:?}");
    assert_eq!(together["totals"][0]["posted"], 100_000);
    let said = house.run("worker", &[&both[..], &["--today", "2026-11-28"]].concat(), false);
    assert!(said.status.success());

    // It is taken back by who said it; what the bureau said stands until that is withdrawn, too.
    house.well("worker", &["identity", "withdraw", &town.worker, "2", "--because", "I was mistaken"], false);
    house.well("worker", &["sync"], false);
    house.well("worker", &both, false);
    house.well(
        "bureau",
        &["identity", "withdraw", &town.worker, "3", "--because", "she was mistaken"],
        false,
    );
    house.well("worker", &["sync"], false);
    house.refused("worker", &both, 1, "this account does not say");
    town.house.audited();
}
