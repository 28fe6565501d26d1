//! An account whose words are lost, from end to end: guardians, a bureau, a thief, the veto, and the new words. All through the binaries.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use peal_tests::house::House;
use peal_tests::peal;

/// What those do who help.
trait Help {
    /// Begins a recovery; returns the four words.
    fn begin(&self, wallet: &str, address: &str, request: &str) -> String;
    /// The address that a request is for.
    fn asks(&self, request: &str) -> String;
    fn approve(&self, wallet: &str, request: &str, check: &str);
    fn no_approval(&self, wallet: &str, request: &str, check: &str, code: i32, says: &str);
}

impl Help for House {
    fn begin(&self, wallet: &str, address: &str, request: &str) -> String {
        let request = self.text(request);
        let begun = self.well(wallet, &["recover", "begin", "--address", address, "--out", &request], true);
        begun["check"].as_str().unwrap().to_owned()
    }

    fn asks(&self, request: &str) -> String {
        let text = std::fs::read_to_string(self.path(request)).unwrap();
        text.lines().find_map(|line| line.strip_prefix("address ")).unwrap().to_owned()
    }

    fn approve(&self, wallet: &str, request: &str, check: &str) {
        let (file, address) = (self.text(request), self.asks(request));
        self.well(wallet, &["recover", "approve", &file, "--address", &address, "--check", check], false);
    }

    fn no_approval(&self, wallet: &str, request: &str, check: &str, code: i32, says: &str) {
        let (file, address) = (self.text(request), self.asks(request));
        self.refused(
            wallet,
            &["recover", "approve", &file, "--address", &address, "--check", check],
            code,
            says,
        );
    }
}

const COMPLETE: [&str; 2] = ["recover", "complete"];
const STATUS: [&str; 2] = ["recover", "status"];

#[test]
fn guardians_give_an_account_back_and_the_new_words_work() {
    let house = House::new("recovery.example/1");
    let guardians = ["ann", "bo", "cy"].map(|name| house.open(name, &[]));
    let mut guarded = vec!["--guardian"];
    guarded.extend(guardians.iter().map(String::as_str));
    guarded.extend(["--need", "2", "--delay", "0"]);
    let address = house.open("mei", &guarded);
    house.well("mei", &["sync"], false);

    // The backup is tried: on this machine, and on one that has nothing but paper. A wrong paper is told from a right one.
    let words = house.text("mei.words");
    let tried = house.well("mei", &["recover", "rehearse", "--words", &words], false);
    assert_eq!((tried["records"].as_u64(), tried["need"].as_u64()), (Some(1), Some(2)));
    house.well("nowhere", &["recover", "rehearse", "--words", &words, "--address", &address], true);
    assert!(!house.path("nowhere").exists(), "a rehearsal writes nothing");
    house.refused("mei", &["recover", "rehearse", "--words", &house.text("ann.words")], 1, "reading key");

    // The words are lost. Nobody has approved, so nothing can be read or completed with the new ones.
    let check = house.begin("anew", &address, "request");
    house.refused("anew", &STATUS, 1, "nobody has approved");
    house.refused("anew", &COMPLETE, 1, "key-not-current");
    house.refused("anew", &["show"], 2, "peal sync");
    // A guardian who did not hear the words, or a request that was changed on the way, is stopped at home.
    house.no_approval("ann", "request", "a b c d", 1, "do not approve");
    let other = ["recover", "approve", &house.text("request"), "--address", &guardians[0], "--check", &check];
    house.refused("ann", &other, 1, "another account");
    let written = std::fs::read_to_string(house.path("request")).unwrap();
    assert!(!written.contains(&check), "the words are not in the file");
    assert_eq!(house.begin("anew", &address, "once-more"), check, "the same wallet, the same request");
    let changed = std::fs::read_to_string(house.path("request")).unwrap().replace("key ", "key 0");
    std::fs::write(house.path("changed"), changed).unwrap();
    house.no_approval("ann", "changed", &check, 2, "line 3");
    house.approve("ann", "request", &check);
    house.no_approval("ann", "request", &check, 1, "already-approved");
    house.no_approval("registrar", "request", &check, 1, "not-guardian");
    let status = house.well("anew", &STATUS, false);
    assert_eq!((status["pending"][0]["enough"].as_bool(), status["need"].as_u64()), (Some(false), Some(2)));
    house.refused("anew", &COMPLETE, 1, "recovery-not-approved");

    // Whoever has the old wallet is warned, and says no.
    let warned = house.well("mei", &["sync"], false);
    assert_eq!(warned["recovery_pending"], true);
    let out = peal(&house.path("mei"), &["show"]);
    assert!(String::from_utf8_lossy(&out.stdout).contains("peal recover veto"), "{out:?}");
    assert_eq!(house.well("mei", &STATUS, false)["pending"][0]["approvals"][0]["vetoed"], false);
    house.well("mei", &["recover", "veto"], false);
    house.refused("mei", &["recover", "veto"], 1, "nothing-pending");
    assert_eq!(house.well("mei", &["sync"], false)["recovery_pending"], true, "vetoed, and there");
    assert_eq!(house.well("anew", &STATUS, false)["pending"][0]["approvals"][0]["vetoed"], true);
    house.refused("anew", &COMPLETE, 1, "recovery-not-approved");

    // Two guardians; the delay of this account is none.
    house.approve("ann", "request", &check);
    house.approve("cy", "request", &check);
    let status = house.well("anew", &STATUS, false);
    assert_eq!(status["pending"][0]["enough"], true);
    assert_eq!(status["pending"][0]["approvals"].as_array().unwrap().len(), 2);
    house.well("anew", &COMPLETE, false);
    house.refused("anew", &COMPLETE, 2, "has the account already");
    assert_eq!(house.well("anew", &["sync"], false)["recovery_pending"], false);

    // The old words are done, for reading and for signing; the new ones carry the history, and prove it to others.
    house.refused("mei", &["sync"], 1, "reading key");
    house.refused("mei", &["rotate"], 1, "key-not-current");
    house.well("anew", &["rotate"], false);
    house.well("anew", &["sync"], false);
    let proof = house.text("proof.peal");
    house.well("anew", &["prove", "--out", &proof], false);
    let verdict = house.well("nobody", &["verify", &proof, "--trust", &house.text("ledger/trust")], false);
    let shown = verdict.to_string();
    assert!(shown.contains("\"complete\":true") && !shown.contains("\"proved\":false"), "{shown}");

    // An auditor replays it all.
    house.audited();
}

#[test]
fn a_delay_is_kept_and_a_bureau_can_be_contested() {
    let house = House::new("recovery.example/1");
    let guardian = house.open("ann", &[]);
    let bureau = house.open("bureau", &[]);
    house.grant(&bureau, "bureau");
    let address = house.open("mei", &["--guardian", &guardian, "--need", "1"]);
    house.well("mei", &["sync"], false);
    let check = house.begin("anew", &address, "request");
    house.approve("ann", "request", &check);
    // A week, unless she said otherwise when she opened the account.
    let status = house.well("anew", &STATUS, false);
    assert_eq!(status["delay"].as_u64(), Some(7 * 86_400));
    let due = status["pending"][0]["due"].as_str().unwrap().to_owned();
    house.refused("anew", &COMPLETE, 1, &due);
    house.refused("anew", &COMPLETE, 1, "recovery-too-early");

    // Guardian and bureau together cannot be vetoed by a thief of the old key.
    house.approve("bureau", "request", &check);
    assert_eq!(house.well("anew", &STATUS, false)["pending"][0]["firm"], true);
    house.refused("mei", &["recover", "veto"], 1, "nothing-pending");

    // A bureau alone can be: the account has no guardians.
    let lone = house.open("lone", &[]);
    house.well("lone", &["sync"], false);
    let check = house.begin("thief", &lone, "wanted");
    house.approve("bureau", "wanted", &check);
    let status = house.well("thief", &STATUS, false);
    assert_eq!(status["pending"][0]["approvals"][0]["counts_as"], "bureau");
    house.refused("thief", &COMPLETE, 1, "recovery-too-early");
    house.well("lone", &["sync"], false);
    house.well("lone", &["recover", "veto"], false);
    house.refused("thief", &COMPLETE, 1, "recovery-not-approved");
    // Two bureaus are no more than one to whoever has no guardians.
    let second = house.open("second", &[]);
    house.grant(&second, "bureau");
    house.approve("bureau", "wanted", &check);
    house.approve("second", "wanted", &check);
    house.well("lone", &["recover", "veto"], false);
    house.refused("thief", &COMPLETE, 1, "recovery-not-approved");
}

#[test]
fn an_account_opened_for_somebody_is_claimed_and_the_opener_can_do_no_more() {
    let house = House::new("recovery.example/1");
    let bureau = house.open("bureau", &[]);
    house.grant(&bureau, "bureau");
    std::fs::write(house.path("members"), "worker,name\n17,Mei Lin\n").unwrap();
    let (members, roster) = (house.text("members"), house.text("roster"));
    let enrol = ["enrol", &members, "--roster", &roster, "--unclaimed"];
    let enrolled = house.well("bureau", &enrol, false);
    assert_eq!((enrolled["opened_now"].as_u64(), enrolled["cards"].is_null()), (Some(1), true));
    assert_eq!(house.well("bureau", &enrol, false)["opened_now"].as_u64(), Some(0), "once");
    // Another member gets a card; those who are not there yet stand in nobody's way, and no words are lost with them.
    std::fs::write(house.path("members"), "worker,name\n17,Mei Lin\n18,Wang Jun\n").unwrap();
    let cards = house.text("cards");
    let with_cards =
        ["enrol", &members, "--roster", &house.text("roster2"), "--cards", &cards, "--forget-words"];
    let done = house.well("bureau", &with_cards, false);
    assert_eq!((done["cards_written"].as_u64(), done["unclaimed"].as_u64()), (Some(1), Some(1)));
    assert_eq!(std::fs::read_to_string(&cards).unwrap().lines().count(), 2);
    let roster = std::fs::read_to_string(roster).unwrap();
    let address = roster.lines().nth(1).unwrap().split_once(',').unwrap().1.to_owned();

    // She comes, makes words, and the bureau knows her: the account is hers at once.
    let check = house.begin("mei", &address, "request");
    house.approve("bureau", "request", &check);
    house.well("mei", &COMPLETE, false);
    let (ann, bo) = (house.open("ann", &[]), house.open("bo", &[]));
    house.refused("mei", &["recover", "guard", "--guardian", &ann, &ann, "--need", "2"], 2, "named twice");
    house.refused("mei", &["recover", "guard", "--guardian", &address, "--need", "1"], 2, "its own guardian");
    let guard = ["recover", "guard", "--guardian", &ann, &bo, "--need", "2"];
    let guarded = house.well("mei", &guard, false);
    assert_eq!((guarded["guardians"].as_u64(), guarded["delay"].as_u64()), (Some(2), Some(7 * 86_400)));
    house.well("mei", &["sync"], false);

    // The bureau is a bureau like any other now: alone it takes 30 days, and she can say no.
    let check = house.begin("thief", &address, "wanted");
    house.approve("bureau", "wanted", &check);
    house.refused("thief", &COMPLETE, 1, "recovery-too-early");
    house.well("mei", &["recover", "veto"], false);
    // With a guardian's word beside it the present key cannot say no, nor can the guardians be changed.
    // However often a thief of the present key says no in between.
    house.approve("bureau", "wanted", &check);
    house.approve("ann", "wanted", &check);
    house.well("mei", &["recover", "veto"], false);
    house.approve("bo", "wanted", &check);
    house.refused("mei", &["recover", "veto"], 1, "nothing-pending");
    house.refused("mei", &["recover", "guard"], 1, "recovery-pending");

    // All of it is in her history, and proved to others.
    house.well("mei", &["sync"], false);
    let proof = house.text("proof.peal");
    house.well("mei", &["prove", "--out", &proof], false);
    let verdict = house.well("nobody", &["verify", &proof, "--trust", &house.text("ledger/trust")], false);
    let shown = verdict.to_string();
    assert!(shown.contains("\"complete\":true") && !shown.contains("\"proved\":false"), "{shown}");
    house.audited();
}
