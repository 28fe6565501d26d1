//! What is shown to another ledger, with something missing or otherwise: a proof that holds and does not show enough is not enough, and a ledger
//! that records what its rules refuse shows nothing by it.

use peal_spec::copy::Copy;
use peal_spec::hash::Hash;
use peal_spec::moving::{Facts, From, OutAt, Showing};
use peal_spec::posting::Posting;
use peal_spec::proof::{Facet, Proof, Shown};
use peal_spec::showing::facts;
use peal_spec::state::Cell;
use peal_spec::statement::Type;
use peal_spec::tree;
use peal_spec::trust::Trust;

use super::ends::{departed, gone};
use crate::cast::*;
use crate::world::moving::{Two, there};

/// What is asked of a showing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Arrival,
    Out,
}

/// Lin's account as it arrives, and the proof of what left it: 3 is the departure, 5 the money.
fn case() -> (Two, From, Copy, Proof) {
    let two = gone();
    let lin = two.old.world.lin.at();
    let (from, copy) = (two.old.arriving(lin, None), two.old.copy(lin));
    let proof = copy.prove_move(Some(5)).unwrap();
    (two, from, copy, proof)
}

/// Whether a proof shows it under a list.
fn shows(two: &Two, from: &From, proof: &Proof, list: &[u8], asked: Asked) -> bool {
    let showing = Showing { list: list.to_vec(), file: proof.to_file() };
    let Some(facts) = facts(&showing, time(800)) else { return false };
    holds(two, from, &facts, asked)
}

fn holds(two: &Two, from: &From, facts: &Facts, asked: Asked) -> bool {
    let account = &two.new.world.book.accounts[two.new.world.lin.at().number as usize];
    match asked {
        Asked::Arrival => facts.show_arrival(from, &there(), &account.address, false),
        Asked::Out => {
            let moved = moved(4_000, 0, 0);
            facts.show_out(&account.state.arrivals()[0], OutAt(5), insurance(1), &moved)
        }
    }
}

/// The record with this sequence.
fn at(proof: &mut Proof, sequence: u64) -> &mut Shown {
    proof.subject.shown.iter_mut().find(|s| s.record.sequence == sequence).unwrap()
}

fn withhold(proof: &mut Proof, sequence: u64, facet: usize) {
    let place = &mut at(proof, sequence).opening.as_mut().unwrap().0[facet];
    *place = Facet::Withheld(place.leaf(facet as u64));
}

/// Hides a record, and proves what is left anew.
fn hide(proof: &mut Proof, copy: &Copy, sequence: u64) {
    proof.subject.shown.retain(|s| s.record.sequence != sequence);
    let leaves: Vec<_> = copy.rows.iter().map(|row| row.record.leaf()).collect();
    let places: Vec<u64> = proof.subject.shown.iter().map(|s| s.record.sequence).collect();
    proof.subject.path = tree::sure(tree::set(leaves.as_slice(), &places, leaves.len() as u64));
}

type Change<'a> = &'a dyn Fn(&mut Proof, &Copy);

#[test]
fn what_is_missing_is_not_shown() {
    let (two, from, copy, proof) = case();
    let list = two.old.list();
    for asked in [Asked::Arrival, Asked::Out] {
        assert!(shows(&two, &from, &proof, &list, asked));
    }
    let rows: &[(&str, Change<'_>, &[Asked])] = &[
        ("the departure's key", &|p, _| at(p, 3).cells.clear(), &[Asked::Arrival]),
        ("the departure's posting", &|p, _| at(p, 3).link = None, &[Asked::Arrival]),
        ("where to", &|p, _| withhold(p, 3, 2), &[Asked::Arrival]),
        ("who departs", &|p, _| withhold(p, 3, 1), &[]),
        (
            "the departure's contents",
            &|p, _| (at(p, 3).opening, at(p, 3).link) = (None, None),
            &[Asked::Arrival],
        ),
        ("the move cell", &|p, _| at(p, 5).cells.clear(), &[Asked::Arrival]),
        // The money is that of a departure which is not shown: the verifier asks for it.
        ("the departure", &|p, copy| hide(p, copy, 3), &[Asked::Arrival, Asked::Out]),
        ("the money's posting", &|p, _| at(p, 5).link = None, &[Asked::Out]),
        ("of what", &|p, _| withhold(p, 5, 2), &[Asked::Out]),
        ("how much", &|p, _| withhold(p, 5, 3), &[Asked::Out]),
        ("the money's contents", &|p, _| (at(p, 5).opening, at(p, 5).link) = (None, None), &[Asked::Out]),
        ("who is the fund", &|p, _| p.issuers.clear(), &[Asked::Out]),
        (
            "that it is a fund",
            &|p, _| p.issuers.iter_mut().for_each(|v| v.shown.iter_mut().for_each(|s| s.cells.truncate(1))),
            &[Asked::Arrival, Asked::Out],
        ),
        ("the last record", &|p, copy| hide(p, copy, 5), &[Asked::Arrival, Asked::Out]),
        ("another time", &|p, _| p.head.commit.time = time(801), &[Asked::Arrival, Asked::Out]),
        ("another size", &|p, _| p.subject.size += 1, &[Asked::Arrival, Asked::Out]),
        ("another posting", &|p, _| p.postings.reverse(), &[Asked::Arrival, Asked::Out]),
    ];
    for (what, change, fails) in rows {
        let mut changed = proof.clone();
        change(&mut changed, &copy);
        for asked in [Asked::Arrival, Asked::Out] {
            let shown = shows(&two, &from, &changed, &list, asked);
            assert_eq!(shown, !fails.contains(&asked), "without {what}: {asked:?}");
        }
    }
}

#[test]
fn only_the_last_record_says_how_the_move_stands() {
    let (two, from, copy, _) = case();
    let list = two.old.list();
    // All is shown but the move cell, which the record of the departure has, too.
    let mut whole = copy.prove_move(Some(5)).unwrap();
    at(&mut whole, 5).cells.clear();
    let small = copy.prove_move(None).unwrap();
    let of = |sequence: u64| {
        let shown = small.subject.shown.iter().find(|s| s.record.sequence == sequence).unwrap();
        shown.cells.clone()
    };
    at(&mut whole, 3).cells = of(3);
    assert!(!shows(&two, &from, &whole, &list, Asked::Arrival));
    let before = Copy { rows: copy.rows[..4].to_vec(), size: 4, ..copy.clone() };
    let account = before.fold().unwrap().account;
    let moves = (2..account.cells.len()).filter_map(|i| peal_spec::copy::open_cell(&account, i));
    let moves: Vec<_> = moves.filter(|c| matches!(c.cell, Cell::Leaving(_))).collect();
    assert_eq!(moves.len(), 1);
    at(&mut whole, 3).cells.extend(moves);
    assert!(!shows(&two, &from, &whole, &list, Asked::Arrival));
    at(&mut whole, 5).cells = of(5);
    assert!(shows(&two, &from, &whole, &list, Asked::Arrival));
    assert!(shows(&two, &from, &whole, &list, Asked::Out));
}

#[test]
fn it_is_shown_under_a_list_of_this_ledger_alone() {
    let (two, from, _, proof) = case();
    let trust = two.old.trust();
    let text = |trust: &Trust| trust.to_string().into_bytes();
    let mut both = trust.clone();
    both.ledgers.extend(two.new.trust().ledgers);
    let mut ended = trust.clone();
    ended.ledgers[0].operators[0].until = Some(time(100));
    let mut witnessed = trust.clone();
    witnessed.ledgers[0].witnesses.push(peal_spec::note::VerifierKey {
        name: "witness.example".parse().unwrap(),
        kind: peal_spec::note::KeyType::Cosignature,
        key: peal_spec::key::PrivateKey::new(&[8; 32]).public(),
    });
    witnessed.ledgers[0].need_witnesses = 1;
    for (what, list) in [
        ("two ledgers", text(&both)),
        ("no ledger", b"peal trust 1\n".to_vec()),
        ("another one", two.new.list()),
        ("no text", vec![0xff]),
        ("a key of another time", text(&ended)),
        ("a witness who has not signed", text(&witnessed)),
    ] {
        for asked in [Asked::Arrival, Asked::Out] {
            assert!(!shows(&two, &from, &proof, &list, asked), "{what}");
        }
    }
}

/// Whatever bit of a file changes, it shows nothing else than before.
#[test]
fn a_file_that_was_changed_shows_nothing() {
    let (two, _, _, proof) = case();
    let (list, file) = (two.old.list(), proof.to_file());
    let whole = facts(&Showing { list: list.clone(), file: file.clone() }, time(800));
    assert!(whole.is_some());
    for place in 0..file.len() {
        let mut changed = file.clone();
        changed[place] ^= 1 << (place % 8);
        let facts = facts(&Showing { list: list.clone(), file: changed }, time(800));
        assert_eq!(facts, None, "byte {place}");
    }
}

/// What a ledger that cheats shows of Lin's account, in which it has recorded this at last.
fn cheated(make: impl FnOnce(&mut Two) -> Posting) -> (Two, From, Proof) {
    let mut two = departed();
    let lin = two.old.world.lin.at();
    two.old.world.book.cheats = true;
    let posting = make(&mut two);
    assert!(two.old.world.commit(600, &[posting])[0].as_ref().unwrap().iter().all(Result::is_ok));
    // Whatever stands there as a departure is in force.
    let departure = two.old.leaving(lin).unwrap().departure;
    if departure > 3 {
        let approves = two.old.bureau.approves_departure(lin, departure);
        let posting = two.old.bureau.post(600, vec![approves]);
        assert!(two.old.world.commit(600, &[posting])[0].as_ref().unwrap().iter().all(Result::is_ok));
    }
    assert!(two.old.leaving(lin).unwrap().in_force(time(600)));
    let copy = two.old.copy(lin);
    let out = copy.rows.last().filter(|row| row.record.kind == Type::TransferredOut);
    let proof = copy.prove_move(out.map(|row| row.record.sequence)).unwrap();
    let from = two.old.arriving(lin, None);
    (two, from, proof)
}

#[test]
fn a_departure_by_a_strangers_key_is_not_shown() {
    let stranger = Person::new("a stranger");
    let (two, from, proof) = cheated(|two| {
        let (lin, to) = (two.old.world.lin.at(), two.to(two.new.world.lin.at(), None));
        let said = two.old.world.lin.departs(lin, to);
        Posting::sign(&origin(), Some(lin), seed("thief", 1), time(600), false, vec![said], &stranger.key())
    });
    assert!(!shows(&two, &from, &proof, &two.old.list(), Asked::Arrival));
    // It is the key alone: the proof is valid.
    let showing = Showing { list: two.old.list(), file: proof.to_file() };
    assert_eq!(facts(&showing, time(800)).unwrap().departures, []);
}

/// As those that follow, but for what is wrong about them.
#[test]
fn a_departure_by_her_own_key_is_shown() {
    let (two, from, proof) = cheated(|two| {
        let (lin, to) = (two.old.world.lin.at(), two.to(two.new.world.lin.at(), None));
        let said = two.old.world.lin.departs(lin, to);
        two.old.world.lin.post(600, vec![said])
    });
    let showing = Showing { list: two.old.list(), file: proof.to_file() };
    let facts = facts(&showing, time(800)).unwrap();
    assert!(facts.show_arrival(&from, &there(), &two.new.world.lin.at(), false));
}

#[test]
fn a_departure_by_somebody_else_is_not_shown() {
    let (two, from, proof) = cheated(|two| {
        let (lin, to) = (two.old.world.lin.at(), two.to(two.new.world.lin.at(), None));
        let said = two.old.world.platform.departs(lin, to);
        two.old.world.platform.post(600, vec![said])
    });
    assert!(!shows(&two, &from, &proof, &two.old.list(), Asked::Arrival));
}

#[test]
fn money_by_who_is_no_fund_is_not_shown() {
    let (two, from, proof) = cheated(|two| {
        let lin = two.old.world.lin.at();
        let itself = (insurance(1), two.old.world.platform.at());
        let said = two.old.world.platform.transfers_out(lin, 3, itself, moved(4_000, 0, 0), "move 1");
        two.old.world.platform.post(600, vec![said])
    });
    // Not even the departure is: the proof is not valid.
    assert!(!shows(&two, &from, &proof, &two.old.list(), Asked::Arrival));
    let honest = case();
    let showing = Showing { list: two.old.list(), file: proof.to_file() };
    assert_eq!(facts(&showing, time(800)), None);
    let mut unproved = proof.clone();
    unproved.issuers.clear();
    let showing = Showing { list: two.old.list(), file: unproved.to_file() };
    let facts = facts(&showing, time(800)).unwrap();
    assert!(facts.outs.is_empty());
    assert!(!holds(&honest.0, &honest.1, &facts, Asked::Out));
}

#[test]
fn what_a_ledger_pins_is_known_by_size_and_root() {
    let (two, from, copy, proof) = case();
    let of = |list: Vec<u8>| facts(&Showing { list, file: proof.to_file() }, time(800));
    assert!(!of(two.old.list()).unwrap().pinned);
    assert!(of(two.old.last_list()).unwrap().pinned);
    let mut other = two.old.trust();
    let size = two.old.world.book.log.len() as u64;
    other.ledgers[0].pins.push(peal_spec::trust::Pin { size: size - 1, root: Hash([1; 32]) });
    assert!(!of(other.to_string().into_bytes()).unwrap().pinned);
    // By a bureau alone, and of the account as it is.
    let (to, last) = (two.new.world.lin.at(), of(two.old.last_list()).unwrap());
    let ruled = From { departure: None, ..from };
    assert!(last.show_arrival(&ruled, &there(), &to, true));
    assert!(!last.show_arrival(&ruled, &there(), &to, false));
    assert!(!last.show_arrival(&From { size: copy.size - 1, ..ruled.clone() }, &there(), &to, true));
    assert!(!of(two.old.list()).unwrap().show_arrival(&ruled, &there(), &to, true));
}
