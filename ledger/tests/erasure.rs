//! What is erased is given to nobody, goes from every file, and leaves everything else as it was.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod world;

use std::path::Path;

use peal_ledger::{Error, Left, Retention, audit, retention};
use peal_spec::note::{KeyType, VerifierKey};
use peal_spec::refusal::Code;
use peal_spec::statement::Type;
use world::{World, operator, origin, time};

/// Words that stand in what is erased, and nowhere else.
const SECRETS: [&str; 3] = ["the house behind the mill", "order-of-the-night", "he pushed me off the ladder"];
/// Words that stand in what is kept.
const KEPT: &str = "order-of-the-day";

/// How often words stand in the files of a folder.
fn found(dir: &Path, words: &str) -> usize {
    let files =
        std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let holds = |path: &Path| {
        std::fs::read(path).unwrap().windows(words.len()).any(|window| window == words.as_bytes())
    };
    let all: Vec<_> = files.filter(|path| holds(path)).collect();
    println!("{words}: {all:?}");
    all.len()
}

fn verifier() -> VerifierKey {
    VerifierKey { name: origin(), kind: KeyType::Ed25519, key: operator().public() }
}

/// The worker has two engagements, records 1 and 2, and a claim, 3, with what was said to it, 4 and 5; then 1 and 3 are erased.
fn erased() -> World {
    let world = World::new();
    let (worker, platform) = (world.worker, world.platform);
    world
        .accept(&world.registrar, vec![world.granted(&world.fund, peal_spec::role::Role::Bureau, &[], None)]);
    world.accept(
        &platform,
        vec![world.engaged(&worker, SECRETS[1], SECRETS[0]), world.engaged(&worker, KEPT, "Suzhou")],
    );
    world.accept(&worker, vec![world.claimed(&worker, SECRETS[2])]);
    world.accept(&platform, vec![world.answered(&worker, 3, SECRETS[2])]);
    world.accept(&worker, vec![world.claim_closed(&worker, 3, SECRETS[2])]);
    world.accept(&worker, vec![world.erased(&worker, &worker, 1), world.erased(&worker, &worker, 3)]);
    world
}

/// The sequences of the worker's records whose contents her copy has not.
fn missing(world: &World) -> Vec<u64> {
    let copy = world.ledger().copy(&world.worker.address, 0, usize::MAX, None).unwrap().unwrap();
    copy.fold().unwrap();
    // Pages that end before the erasing say the same.
    let page = world.ledger().copy(&world.worker.address, 1, 1, None).unwrap().unwrap();
    assert_eq!(page.rows[0].statement.is_none(), copy.rows[1].statement.is_none());
    let gone = copy.rows.iter().filter(|row| row.statement.is_none());
    gone.map(|row| row.record.sequence).collect()
}

#[test]
fn contents_are_given_to_nobody_at_once_and_are_gone_from_all_files_in_the_end() {
    let mut world = erased();
    let gone = [1, 3, 4, 5];
    assert_eq!(missing(&world), gone);
    for (sequence, row) in
        (0..8).map(|n| (n, world.ledger().record(&world.worker.address, n).unwrap().unwrap()))
    {
        assert_eq!(row.1.is_none(), gone.contains(&sequence), "record {sequence}");
    }
    // Who is told of what does not hang on how far it is carried out.
    let told = world.ledger().records(0, usize::MAX).unwrap();
    let of =
        |n: u64| told.records.iter().find(|t| (t.account, t.sequence) == (world.worker.address, n)).unwrap();
    for (record, concerned) in [(1, 1), (2, 1), (3, 1), (4, 1), (6, 2), (7, 1)] {
        assert_eq!(of(record).concerned.len(), concerned, "record {record}");
    }
    // In memory and in the journal they are still there.
    assert!(found(world.path(), SECRETS[0]) > 0);
    world.audit().unwrap();
    world.reopen();
    assert_eq!(missing(&world), gone);
    // Now the rows are written anew; files that were not merged may still hold the old ones.
    assert!(world.ledger().erase(true).unwrap());
    for secret in SECRETS {
        assert_eq!(found(world.path(), secret), 0, "{secret}");
    }
    assert!(found(world.path(), KEPT) > 0, "what is kept is found, so that the search means something");
    assert!(!world.ledger().erase(true).unwrap(), "there is nothing left to do");
    assert_eq!(world.ledger().records(0, usize::MAX).unwrap(), told);
    assert_eq!(missing(&world), gone);
    world.audit().unwrap();

    // What was used up stays used up, and nothing refers to what is gone.
    let (worker, platform) = (world.worker, world.platform);
    let again = world.refuse(&platform, world.engaged(&worker, SECRETS[1], "elsewhere"));
    assert_eq!((again.code, again.record), (Code::ReferenceTaken, Some((3, 1))));
    assert_eq!(world.refuse(&platform, world.answered(&worker, 3, "late")).code, Code::TargetMissing);
    assert_eq!(world.refuse(&worker, world.erased(&worker, &worker, 3)).code, Code::TargetVoid);
    for gone in [4, 5] {
        assert_eq!(world.refuse(&worker, world.erased(&worker, &worker, gone)).code, Code::TargetMissing);
        assert_eq!(world.refuse(&platform, world.answered(&worker, gone, "late")).code, Code::TargetMissing);
    }
    world.accept(&platform, vec![world.engaged(&worker, "another", "Suzhou")]);
    world.accept(&world.fund, vec![world.erased(&world.fund, &worker, 2)]);
    world.audit().unwrap();
    world.shut();
    world.audit().unwrap();
    let Retention { kept, erased: report } = retention(world.path()).unwrap();
    let of = |n: u64| report.iter().find(|r| r.sequence == n).unwrap();
    assert_eq!(report.iter().map(|r| r.sequence).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert_eq!((of(1).state, of(2).state, of(5).state), (Left::Nothing, Left::InOldFiles, Left::Nothing));
    assert_eq!((of(4).kind, of(4).by, of(4).account), (Type::ClaimAnswered, 7, 3));
    assert!(of(1).erased >= of(1).time && of(1).time >= time(0));
    let kinds = |kind: Type| kept.iter().find(|k| k.kind == kind).map(|k| (k.contents, k.erased)).unwrap();
    assert_eq!((kinds(Type::Engagement), kinds(Type::Erased)), ((1, 2), (3, 0)));
    assert!(kept.iter().all(|k| k.oldest <= k.newest && k.contents + k.erased > 0));
}

#[test]
fn a_backup_does_not_hold_what_was_erased_before() {
    let world = erased();
    let to = tempfile::tempdir().unwrap();
    let folder = to.path().join("copy");
    world.ledger().backup(&folder).unwrap();
    for secret in SECRETS {
        assert_eq!(found(&folder, secret), 0, "{secret}");
    }
    assert!(found(&folder, KEPT) > 0);
    audit(&folder, &verifier(), &origin(), &mut |_, _| {}).unwrap();
    assert!(retention(&folder).unwrap().erased.iter().all(|r| r.state != Left::InTheRow));
}

/// A row without its contents, where nobody has said that they are to go.
#[test]
fn contents_that_are_gone_without_a_word_are_missed() {
    let mut world = erased();
    world.shut();
    let db = rocksdb::DB::open_cf(&rocksdb::Options::default(), world.path(), world::FAMILIES).unwrap();
    let records = db.cf_handle("records").unwrap();
    let erasures = db.cf_handle("erasures").unwrap();
    let key = |sequence: u64| [3u64.to_be_bytes(), sequence.to_be_bytes()].concat();
    let (claim, engagement) =
        (db.get_cf(records, key(4)).unwrap().unwrap(), db.get_cf(erasures, key(1)).unwrap().unwrap());
    assert!(claim.len() > 32);
    // The order is lost, and what it ordered is gone.
    db.delete_cf(erasures, key(1)).unwrap();
    drop(db);
    let what = match world.audit() {
        Err(Error::Corrupt(what)) => what,
        other => panic!("{other:?}"),
    };
    assert!(what.contains("erasures row of account 3, sequence 1"), "{what}");
    let db = rocksdb::DB::open_cf(&rocksdb::Options::default(), world.path(), world::FAMILIES).unwrap();
    db.put_cf(db.cf_handle("erasures").unwrap(), key(1), engagement).unwrap();
    // The other engagement is made to look like one that is erased: its row ends in 2, root and key.
    let records = db.cf_handle("records").unwrap();
    let (gone, kept) =
        (db.get_cf(records, key(1)).unwrap().unwrap(), db.get_cf(records, key(2)).unwrap().unwrap());
    let tail = gone.len() - 32 - 24 - 1;
    let mut forged = kept[..tail].to_vec();
    forged.extend(&gone[tail..]);
    db.put_cf(records, key(2), forged).unwrap();
    drop(db);
    assert!(
        matches!(world.audit(), Err(Error::Corrupt(what)) if what.contains("records row of account 3, sequence 2"))
    );
}
