//! A cheating ledger: an operator who holds its keys and lies, against the wallet (`peal sync`, over HTTP), the verifier (`peal verify`)
//! and the auditor (`peald audit`). Each cheat is caught by name, or this says by whom it is not.
//!
//! | cheat | caught by | says |
//! |---|---|---|
//! | a record is rewritten, the log with it | wallet | `the ledger rewrites`, both heads kept |
//! | two logs of one size | wallet | `the ledger forks` |
//! | a fork that has grown, a receipt from the other branch | wallet | `the ledger rewrites`; one of the same size: `the ledger forks` |
//! | the log is cut off | wallet | `the ledger shrinks` |
//! | an amount is rewritten, everything over it rebuilt and signed | wallet, verifier | `bad-posting`: the issuer's signature is what he lacks |
//! | a record left out of the middle, the rest as it was | wallet | `record N: the record is not what its statement makes of the account` |
//! | the account is rebuilt without a record, or without a later void, and signed | a wallet that has seen it | `the account had N records and now has M` |
//! | the same, filled up again with later records | a wallet that has seen it | `record N: the record is not what its statement makes` |
//! | the same, to someone who never saw it | auditor | exit 1; everyone else: `completeness rests on the operator` |
//! | another account's history under her address | wallet | `it is of another account`; renamed: `record 0: the record is not what its statement makes of the account` |
//! | another ledger's posting recorded here | wallet, verifier | `its statement is about another account`; `it was meant for another ledger` |
//! | a head or a record of a time before a head that was signed earlier | wallet | `the ledger back-dates` |
//! | the same within one store | auditor | exit 1 |
//! | a role that was revoked counts | wallet, verifier | `bad-issuer`; with a view from before: `bad-directory` |
//! | an old head is passed off as fresh | wallet, verifier | its age, `stale`; with another time: `bad-head` |
//! | the last records are not given | wallet | `records N to M are not given` |
//! | records change places | wallet | `record N: the record is not what its statement makes of the account` |
//! | a receipt for what is in no log | wallet | `the ledger's receipt does not hold`; in a log that is not shown: `the ledger rewrites` |
//! | a statement in the store is changed | auditor | `its statement is not the one that was signed` |
//!
//! Where these are taken apart further: `wallet/tests/forks.rs` and `ledgers.rs` (two faces, tiles, pins, floods), `spec/vectors/proof`
//! (`cheat-…`: what a ledger records against its own rules; `account-shrunk` and others: a doctored proof), `ledger/tests/damage.rs`
//! (any byte of any row).

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../../spec/tests/book/mod.rs"]
mod book;
#[path = "cheats/liar.rs"]
mod liar;
#[path = "cheats/store.rs"]
mod store;

use liar::{Stage, rebuilt, sign, tail, tidy};
use peal_spec::copy::{Copy, Selection, Show};
use peal_spec::hash::Hash;
use peal_spec::statement::correction::Corrector;
use peal_spec::statement::{Body, Correction, Revoked, Statement};
use peal_spec::value::Time;
use peal_tests::cast::{now, random};
use peal_tests::peal_ok;

fn whole() -> Selection {
    Selection { show: Show::Whole, withhold: Vec::new() }
}

/// What the ledger would give her, of all her records.
fn honest(stage: &Stage) -> Copy {
    stage.liar().book.copy(stage.worker.number, 0, None)
}

/// The verifier refuses this copy's proof by this name.
fn not_valid(stage: &Stage, copy: &Copy, says: &str) {
    let file = stage.path("shown.peal");
    std::fs::write(&file, copy.prove(&whole()).unwrap().to_file()).unwrap();
    let (code, text) = stage.verify(&file);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("not valid") && text.contains(says), "{says:?} is not in: {text}");
}

/// Both signed heads are kept beside the wallet.
fn evidence(stage: &Stage, misdeed: &str) {
    let kept: Vec<_> = std::fs::read_dir(stage.dir.path())
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.to_string_lossy().contains(&format!(".evidence-{misdeed}")))
        .collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
    let text = std::fs::read_to_string(&kept[0]).unwrap();
    assert_eq!(text.matches(&format!("\n\u{2014} {} ", liar::ORIGIN)).count(), 2, "{text}");
}

/// The ledger again from before she was paid, with other payments.
fn other_history(stage: &Stage, payments: std::ops::Range<u64>) {
    let early = stage.early.clone();
    let honest = std::mem::replace(&mut stage.liar().book, early);
    for number in payments {
        stage.pay(number);
    }
    let mut liar = stage.liar();
    liar.shown = Some(std::mem::replace(&mut liar.book, honest));
}

#[test]
fn a_log_that_is_rewritten_forks_or_shrinks() {
    let stage = Stage::new();
    other_history(&stage, 70..73);
    stage.caught(1, "the ledger rewrites: ");
    evidence(&stage, "rewrites");
    other_history(&stage, 80..82);
    stage.caught(1, "the ledger forks: it has signed two different logs");
    evidence(&stage, "forks");
    stage.liar().shown = Some(stage.early.clone());
    stage.caught(1, "the ledger shrinks: ");
    evidence(&stage, "shrinks");
    // Back to what was signed, nothing is held against it.
    stage.liar().shown = None;
    peal_ok(&stage.path("wallet"), &["sync"]);
}

#[test]
fn a_receipt_binds_the_branch_that_it_was_given_in() {
    let stage = Stage::new();
    let base = stage.liar().book.clone();
    let fund = stage.fund.address.unwrap().to_string();
    let pay = [
        "pay",
        "--month",
        "2026-01",
        "--insurance",
        "pension",
        "--scheme",
        "s",
        "--amount",
        "10.00",
        "--currency",
        "CNY",
        "--fund",
        &fund,
    ];
    peal_ok(&stage.path("wallet"), &pay);
    let with_receipt = std::mem::replace(&mut stage.liar().book, base.clone());
    // A branch of the same size, and one that has grown.
    stage.pay(90);
    stage.caught(1, "the ledger forks: ");
    stage.pay(91);
    stage.caught(1, "the ledger rewrites: ");
    evidence(&stage, "rewrites");
    stage.liar().book = with_receipt;
    peal_ok(&stage.path("wallet"), &["sync"]);

    // A receipt for what is in no log at all: nothing leads from it to the checkpoint that it bears.
    type Lie = Box<dyn FnMut(&mut peal_spec::receipt::Receipt) + Send>;
    let lies: [Lie; 3] = [
        Box::new(|r| r.path[0] = Hash([1; 32])),
        Box::new(|r| r.first = r.first.map(|f| f - 1)),
        Box::new(|r| {
            let origin = liar::ORIGIN.parse().unwrap();
            r.checkpoint = sign(&origin, &[Hash([2; 32]); 40]);
        }),
    ];
    for (n, lie) in lies.into_iter().enumerate() {
        stage.liar().receipt = Some(lie);
        let month = format!("2025-0{}", n + 1);
        let pay: Vec<&str> = pay.iter().map(|a| if *a == "2026-01" { &month } else { *a }).collect();
        stage.fails(&stage.path("wallet"), &pay, 1, "receipt does not hold");
    }
}

#[test]
fn an_amount_that_is_rewritten_lacks_the_issuers_signature() {
    let stage = Stage::new();
    let mut rows = honest(&stage).rows;
    let forged = stage.contribution(&stage.platform, 500);
    rows[1].statement = Some(forged);
    let copy = rebuilt(&stage.liar().book, stage.worker.number, rows, None, now());
    not_valid(&stage, &copy, "bad-posting: record 1: its statement is not in the posting");
    let given = copy.clone();
    stage.liar().copy = Some(Box::new(move |c| *c = given.clone()));
    let (code, text) = stage.restored("fresh");
    assert!(code == 1 && text.contains("does not hold: bad-posting: record 1"), "{text}");
    assert!(!stage.path("fresh").exists());

    // Signed by a key of his own, in the platform's name.
    let mut liar = stage.liar();
    liar.copy = None;
    liar.book.cheats = true;
    let impostor =
        peal_tests::cast::Signer::from_seed(&liar.book.origin, [7; 64], stage.platform.address.unwrap());
    drop(liar);
    let forged = stage.contribution(&impostor, 501);
    stage.liar().commit(&[impostor.post(vec![forged])]);
    stage.caught(1, "bad-issuer: record 3, issuer 1: the signing key is not shown to be its key");
    not_valid(
        &stage,
        &honest(&stage),
        "bad-issuer: record 3, issuer 1: the signing key is not shown to be its key",
    );
}

#[test]
fn records_that_are_left_out_or_change_places_are_missed() {
    let stage = Stage::new();
    stage.pay(3);
    stage.pay(4);
    stage.pay(5);
    for (says, lie) in [
        (
            "record 4: the record is not what its statement makes of the account",
            (|c: &mut Copy| drop(c.rows.remove(1))) as fn(&mut Copy),
        ),
        ("record 3: the record is not what its statement makes of the account", |c| c.rows.swap(0, 2)),
        ("records 5 to 5 are not given", |c| drop(c.rows.pop())),
        ("the account had 3 records and now has 2", |c| {
            c.rows.clear();
            c.size = 2;
        }),
        // Nobody needs to have seen it: the head binds the number of records.
        ("the rows do not give the account's root", |c| {
            c.rows.pop();
            c.size -= 1;
        }),
    ] {
        stage.liar().copy = Some(Box::new(move |c| {
            // Whatever is left out stays out, however often it is asked for.
            if c.from < 5 || says.contains("5 to 5") {
                lie(c);
                tidy(c);
            }
        }));
        let says = if says.contains("root") { "does not hold: " } else { says };
        stage.caught(1, says);
    }
}

#[test]
fn an_account_that_is_rebuilt_is_known_to_whoever_saw_it() {
    let stage = Stage::new();
    // The platform voids a payment, and the wallet learns of it.
    let (who, month) = (stage.platform.address.unwrap(), stage.load.month);
    let reason = "entered twice".parse().unwrap();
    let body = Body::Correction(Correction { who: Corrector { issuer: who, reason }, amount: None });
    let void = Statement::new(random(), Some(stage.worker), now(), Some(1), Some(month), &body);
    stage.liar().commit(&[stage.platform.post(vec![void])]);
    peal_ok(&stage.path("wallet"), &["sync"]);
    let since = Some(stage.liar().book.log.len() as u64);

    // Without the void, and without a record in the middle.
    for left_out in [3, 2] {
        let mut rows = honest(&stage).rows;
        rows.remove(left_out);
        let mut copy = rebuilt(&stage.liar().book, stage.worker.number, rows, since, now());
        let whole = copy.clone();
        copy = tail(copy, 3);
        stage.liar().copy = Some(Box::new(move |c| *c = copy.clone()));
        stage.caught(1, "the account had 4 records and now has 3");
        // Someone who never saw it cannot know, and is told on whom that rests.
        let file = stage.path("shown.peal");
        std::fs::write(&file, whole.prove(&self::whole()).unwrap().to_file()).unwrap();
        let (code, text) = stage.verify(&file);
        assert_eq!(code, 0, "{text}");
        assert!(
            text.contains("completeness rests on the operator: no trusted auditor has cosigned"),
            "{text}"
        );
        // A trust list that asks for an auditor does not take it.
        let auditor = peal_spec::note::VerifierKey {
            name: "auditor.example".parse().unwrap(),
            kind: peal_spec::note::KeyType::Cosignature,
            key: peal_spec::key::PrivateKey::new(&[8; 32]).public(),
        };
        let trust = std::fs::read_to_string(stage.path("trust")).unwrap();
        let asks = trust
            .replace("need 0", &format!("auditor {auditor}\nneed 0"))
            .replace("0 auditors", "1 auditors");
        std::fs::write(stage.path("trust"), asks).unwrap();
        let (code, text) = stage.verify(&file);
        std::fs::write(stage.path("trust"), trust).unwrap();
        assert!(code == 1 && text.contains("not-audited: 0 of 1 auditors that are needed"), "{text}");
        // Cut out of the proof instead, it is not the account that the directory has.
        let mut proof = honest(&stage).prove(&self::whole()).unwrap();
        proof.subject.shown.remove(left_out);
        proof.subject.size -= 1;
        std::fs::write(&file, proof.to_file()).unwrap();
        let (code, text) = stage.verify(&file);
        assert!(code == 1 && (text.contains("bad-directory") || text.contains("bad-account")), "{text}");
        stage.liar().copy = None;
    }

    // Filled up with later records, so that there are as many as before, and more.
    stage.pay(3);
    stage.pay(4);
    let mut rows = honest(&stage).rows;
    rows.remove(2);
    let mut copy = rebuilt(&stage.liar().book, stage.worker.number, rows, since, now());
    copy = tail(copy, 4);
    stage.liar().copy = Some(Box::new(move |c| *c = copy.clone()));
    stage.caught(1, "record 4: the record is not what its statement makes of the account");
}

#[test]
fn another_history_under_her_address_is_not_hers() {
    let stage = Stage::new();
    let (other, worker) = (stage.other.address.unwrap(), stage.worker);
    let theirs = stage.liar().book.copy(other.number, 0, None);
    let given = theirs.clone();
    stage.liar().copy = Some(Box::new(move |c| *c = given.clone()));
    let (code, text) = stage.restored("fresh");
    assert!(code == 1 && text.contains("it is of another account"), "{text}");
    let mut renamed = theirs.clone();
    renamed.address = worker;
    stage.liar().copy = Some(Box::new(move |c| *c = renamed.clone()));
    let (code, text) = stage.restored("fresh");
    assert!(
        code == 1 && text.contains("does not hold: record 0: the record is not what its statement makes"),
        "{text}"
    );
    // In a proof.
    let mut proof = theirs.prove(&whole()).unwrap();
    proof.subject.address = worker;
    let file = stage.path("shown.peal");
    std::fs::write(&file, proof.to_file()).unwrap();
    let (code, text) = stage.verify(&file);
    assert!(code == 1 && text.contains("bad-directory"), "{text}");
    assert!(!stage.path("fresh").exists());
}

#[test]
fn another_ledgers_postings_count_nowhere_else() {
    let stage = Stage::new();
    // The platform has said this of an account in another ledger; the statement names that account, whose id comes of that ledger's name.
    let elsewhere: peal_spec::value::Origin = "elsewhere.example/1".parse().unwrap();
    let there = peal_tests::cast::Signer::from_seed(&elsewhere, [5; 64], stage.platform.address.unwrap());
    let abroad = peal_spec::address::Address { number: stage.worker.number, id: Hash([9; 32]) };
    let said = there.contribute(abroad, peal_spec::statement::Source::Platform, &stage.load, 7);
    let mut rows = honest(&stage).rows;
    rows[2].statement = Some(said);
    let copy = rebuilt(&stage.liar().book, stage.worker.number, rows, None, now());
    stage.liar().copy = Some(Box::new(move |c| *c = copy.clone()));
    let (code, text) = stage.restored("fresh");
    assert!(
        code == 1 && text.contains("does not hold: record 2: its statement is about another account"),
        "{text}"
    );

    // A whole ledger under another name: its log is the same, and every statement says where it belongs.
    let mut proof = honest(&stage).prove(&whole()).unwrap();
    proof.checkpoint = sign(&elsewhere, &stage.liar().book.log);
    let file = stage.path("shown.peal");
    std::fs::write(&file, proof.to_file()).unwrap();
    let (code, text) = stage.verify(&file);
    assert!(code == 1 && text.contains("unknown-ledger"), "{text}");
    let key = peal_spec::note::VerifierKey {
        name: elsewhere.clone(),
        kind: peal_spec::note::KeyType::Ed25519,
        key: stage.liar().book.operator().public(),
    };
    let trust = std::fs::read_to_string(stage.path("trust")).unwrap();
    let both =
        format!("{trust}\nledger {elsewhere}\noperator {key} - -\nneed 0 witnesses 0 auditors\nfresh 60\n");
    std::fs::write(stage.path("trust"), both).unwrap();
    let (code, text) = stage.verify(&file);
    assert!(code == 1 && text.contains("bad-statement: record 0: it was meant for another ledger"), "{text}");
}

/// Sets the liar's clock to a time.
fn at(stage: &Stage, time: Time) {
    let ahead = time.seconds() as i64 - now().seconds() as i64;
    stage.liar().clock = ahead;
}

#[test]
fn what_is_dated_back_is_of_before_a_head_that_was_seen() {
    let stage = Stage::new();
    // Others have gone on, and the wallet has seen that.
    let granted = stage.registrar.grant(stage.other.address.unwrap(), peal_spec::role::Role::Employer);
    stage.liar().commit(&[stage.registrar.post(vec![granted])]);
    peal_ok(&stage.path("wallet"), &["sync"]);
    let seen = stage.liar().book.commits.last().unwrap().time;
    let honest = stage.liar().book.clone();

    // The head itself.
    at(&stage, Time::new(seen.seconds() - 5).unwrap());
    stage.pay(3);
    stage.caught(1, "the ledger back-dates: its head is of");
    // A record, under a head whose time is good: no record of hers is later than it.
    at(&stage, Time::new(seen.seconds() + 1).unwrap());
    let granted = stage.registrar.grant(stage.other.address.unwrap(), peal_spec::role::Role::Bureau);
    stage.liar().commit(&[stage.registrar.post(vec![granted])]);
    stage.caught(1, "the ledger back-dates: record 3 is of");
    stage.liar().clock = 0;
    stage.liar().book = honest;
    stage.pay(4);
    peal_ok(&stage.path("wallet"), &["sync"]);
}

#[test]
fn a_role_that_was_revoked_counts_no_more() {
    let stage = Stage::new();
    let (platform, registrar) = (stage.platform.address.unwrap(), stage.registrar.address.unwrap());
    let before = honest(&stage).issuers;
    let body = Body::Revoked(Revoked { who: registrar });
    let revoked = Statement::new(random(), Some(platform), now(), Some(1), None, &body);
    stage.liar().commit(&[stage.registrar.post(vec![revoked])]);
    stage.liar().book.cheats = true;
    stage.pay(3);
    let says = "bad-issuer: record 3, issuer 1: its role is not shown at this place in the log";
    stage.caught(1, says);
    not_valid(&stage, &honest(&stage), says);
    // With the platform's account as it was before, or without the record that took the role back.
    let mut copy = honest(&stage);
    copy.issuers = before.clone();
    not_valid(&stage, &copy, "bad-directory: account 1: the head of this account is not in the directory");
    stage.liar().copy = Some(Box::new(move |c| c.issuers = before.clone()));
    stage.caught(1, "bad-directory: account 1");
    let mut copy = honest(&stage);
    copy.issuers[0].shown.pop();
    not_valid(&stage, &copy, "bad-account: account 1");
}

#[test]
fn an_old_head_is_not_fresh() {
    let stage = Stage::new();
    let trust = std::fs::read_to_string(stage.path("trust")).unwrap().replace("fresh 604800", "fresh 3");
    std::fs::write(stage.path("trust"), trust).unwrap();
    let trust = stage.path("trust");
    peal_ok(&stage.path("wallet"), &["trust", "use", trust.to_str().unwrap()]);
    // It signs and signs, and shows what it showed before.
    peal_ok(&stage.path("wallet"), &["sync"]);
    let shown = peal_ok(&stage.path("wallet"), &["show"]);
    assert!(shown.contains("(stale)") && !shown.contains("(fresh)"), "{shown}");
    let file = stage.path("shown.peal");
    let copy = honest(&stage);
    std::fs::write(&file, copy.prove(&whole()).unwrap().to_file()).unwrap();
    let (code, text) = stage.verify(&file);
    assert!(code == 0 && text.contains("stale") && !text.contains(": fresh"), "{text}");
    // Another time on the same head is not under the checkpoint.
    let mut copy = copy;
    copy.head.commit.time = now();
    not_valid(&stage, &copy, "bad-head");
    stage.liar().copy = Some(Box::new(|c| c.head.commit.time = now()));
    stage.caught(1, "does not hold: bad-head");
}
