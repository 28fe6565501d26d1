//! Damage: what is stored is changed behind the ledger's back, row by row, and is found and named.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

mod world;

use std::collections::BTreeMap;
use std::path::Path;

use peal_ledger::{Error, Genesis, Ledger};
use peal_spec::hash::Hash;
use peal_spec::key::PrivateKey;
use peal_spec::posting::Posting;
use peal_spec::refusal::Code;
use rocksdb::{DB, IteratorMode, Options};
use world::{FAMILIES, NOW, Person, World, cny, operator, origin, seed, time};

type Rows = Vec<(Box<[u8]>, Box<[u8]>)>;

fn raw(dir: &Path) -> DB {
    DB::open_cf(&Options::default(), dir, FAMILIES).unwrap()
}

fn rows(db: &DB, family: &str) -> Rows {
    db.iterator_cf(db.cf_handle(family).unwrap(), IteratorMode::Start).map(Result::unwrap).collect()
}

fn set(db: &DB, family: &str, key: &[u8], value: Option<&[u8]>) {
    let family = db.cf_handle(family).unwrap();
    match value {
        Some(value) => db.put_cf(family, key, value).unwrap(),
        None => db.delete_cf(family, key).unwrap(),
    }
}

fn put(dir: &Path, family: &str, key: &[u8], value: Option<&[u8]>) {
    set(&raw(dir), family, key, value);
}

/// A ledger with rows of every family, closed, and all its rows.
fn stored() -> (World, BTreeMap<&'static str, Rows>) {
    let mut world = World::new();
    let many = (0..300).map(|i| world.paid(&format!("{i}"), 10)).collect();
    world.post(&world.platform, false, many);
    let (worker, fund) = (world.worker, world.fund);
    world.accept(&world.platform, vec![world.corrected(&worker, 3, 202_601, Some(cny(4)))]);
    world.accept(&fund, vec![world.settled(&worker, 3, 202_601, cny(4))]);
    world.accept(&world.registrar, vec![world.granted(&fund, peal_spec::role::Role::Bureau, &[], None)]);
    world.accept(&fund, vec![world.bound(&worker, 1)]);
    world.accept(&world.platform, vec![world.engaged(&worker, "work", "Suzhou")]);
    world.accept(&worker, vec![world.erased(&worker, &worker, 304)]);
    world.post(&world.platform, true, vec![world.paid("0", 1), world.paid("x", 1)]);
    world.refuse(&world.platform, world.paid("0", 1));
    world.shut();
    world.audit().unwrap();
    let db = raw(world.path());
    // What the journal still holds of a ledger that was closed is of no use any more.
    let kept = FAMILIES.into_iter().filter(|family| *family != "journal");
    let all = kept.map(|family| (family, rows(&db, family))).collect();
    drop(db);
    (world, all)
}

fn corrupt(answer: Result<impl std::fmt::Debug, Error>) -> String {
    match answer {
        Err(Error::Corrupt(what)) => what,
        other => panic!("expected damage to be named, got {other:?}"),
    }
}

/// A few rows of a family: the first, some in the middle, the last.
fn some(rows: &Rows) -> impl Iterator<Item = &(Box<[u8]>, Box<[u8]>)> {
    rows.iter().step_by((rows.len() / 3).max(1)).chain(rows.last())
}

/// How far erased contents are wiped.
const WIPED: &[u8] = b"wiped";

#[test]
fn a_changed_byte_in_any_kind_of_row_is_found() {
    let (world, all) = stored();
    let mut mend = None;
    for (family, rows) in &all {
        assert!(!rows.is_empty(), "{family}");
        let mut named = 0;
        let mut tried = 0;
        for (key, value) in some(rows) {
            for at in [0, value.len() / 2, value.len() - 1] {
                let mut changed = value.to_vec();
                changed[at] ^= 1;
                {
                    // The row changed last time is mended in the same breath: opening a store is what takes time here.
                    let db = raw(world.path());
                    if let Some((family, key, value)) = mend.replace((*family, key, value)) {
                        set(&db, family, key, Some(value));
                    }
                    set(&db, family, key, Some(&changed));
                }
                let what = match world.audit() {
                    Err(Error::Corrupt(what)) => what,
                    // Origin, key and format of another ledger.
                    Err(Error::Setup(what)) if *family == "meta" => format!("meta: {what}"),
                    // A mark that says too little: what it is about is done again.
                    Ok(_) if **key == *WIPED => continue,
                    other => panic!("{family} {key:02x?} byte {at}: {other:?}"),
                };
                tried += 1;
                named += usize::from(what.contains(family));
            }
        }
        // What a posting or a record is made from shows in what follows from it; nearly always the row itself is named.
        assert!(named * 10 >= tried * 6, "{family}: {named} of {tried}");
    }
    let (family, key, value) = mend.unwrap();
    put(world.path(), family, key, Some(value));
    world.audit().unwrap();
}

/// The signed posting, the path, the nodes and the roots that a part of a posting holds: a copy takes them as they stand.
#[test]
fn a_changed_byte_anywhere_in_a_part_of_a_posting_is_found_and_named() {
    let (world, all) = stored();
    let rows = &all["postings"];
    let (further, _) = rows.iter().find(|(key, _)| key.len() == 36).unwrap();
    for (key, value) in rows.iter().filter(|(key, _)| key[..32] == further[..32]) {
        let hex: String = key.iter().map(|b| format!("{b:02x}")).collect();
        let named = (9..value.len().min(2200)).step_by(163).filter(|at| {
            let mut changed = value.to_vec();
            changed[*at] ^= 1;
            put(world.path(), "postings", key, Some(&changed));
            let what = corrupt(world.audit());
            assert!(what.contains(&format!("postings row {}", &hex[..64])), "byte {at}: {what}");
            what.contains(&hex)
        });
        // Of a root in any part it is the posting that is named: the roots do not give what was signed.
        assert!(named.count() >= 4);
        put(world.path(), "postings", key, Some(value));
    }
    world.audit().unwrap();
}

#[test]
fn a_missing_row_is_found_and_named() {
    let (world, all) = stored();
    for (family, rows) in &all {
        for (key, value) in some(rows) {
            put(world.path(), family, key, None);
            let answer = world.audit();
            if *family != "meta" {
                let what = corrupt(answer);
                assert!(what.contains(family) || *family == "blocks", "{family}: {what}");
            } else if **key != *WIPED {
                answer.unwrap_err();
            }
            put(world.path(), family, key, Some(value));
        }
    }
    world.audit().unwrap();
}

#[test]
fn a_row_too_many_is_found_and_named() {
    let (world, all) = stored();
    for (family, rows) in all.iter().filter(|(family, _)| !["meta", "blocks"].contains(*family)) {
        let (last, value) = rows.last().unwrap();
        let mut key = last.to_vec();
        *key.last_mut().unwrap() ^= 0x80;
        put(world.path(), family, &key, Some(value));
        let what = corrupt(world.audit());
        assert!(what.contains(family), "{family}: {what}");
        put(world.path(), family, &key, None);
    }
    world.audit().unwrap();
}

#[test]
fn opening_finds_what_the_last_checkpoint_does_not_cover() {
    let (mut world, all) = stored();
    for family in ["leaves", "blocks", "nodes"] {
        let (key, value) = all[family].last().unwrap();
        let mut changed = value.to_vec();
        *changed.last_mut().unwrap() ^= 1;
        put(world.path(), family, key, Some(&changed));
        corrupt(world.try_open());
        put(world.path(), family, key, Some(value));
    }
    // The last block is lost, as if the disk had given back an older state of it alone.
    let (key, value) = all["blocks"].last().unwrap();
    put(world.path(), "blocks", key, None);
    assert!(corrupt(world.try_open()).contains("blocks row"));
    put(world.path(), "blocks", key, Some(value));
    world.ledger = Some(world.try_open().unwrap());
    world.accept(&world.platform, vec![world.paid("on", 1)]);
}

#[test]
fn a_running_ledger_names_damage_and_stops() {
    let (mut world, all) = stored();
    let key = 3u64.to_be_bytes();
    let (_, value) = all["records"].iter().find(|(k, _)| k[..8] == key && k[15] == 5).unwrap();
    let mut place = key.to_vec();
    place.extend(5u64.to_be_bytes());
    put(world.path(), "records", &place, Some(&value[..value.len() - 1]));
    world.ledger = Some(world.try_open().unwrap());
    let worker = world.worker;
    let before = world.ledger().published();
    let posting = world.posting(&world.platform, false, vec![world.corrected(&worker, 5, 202_601, None)]);
    assert!(corrupt(world.submit(posting.clone())).contains("records row of account 3, sequence 5"));
    assert_eq!(world.ledger().published(), before);
    assert!(matches!(world.ledger().fault(), Some(Error::Corrupt(_))));
    let again = world.submit(posting);
    assert!(matches!(again, Err(Error::Unavailable { .. })), "{again:?}");
    assert!(corrupt(world.ledger().copy(&worker.address, 0, 100, None)).contains("sequence 5"));
}

#[test]
fn a_ledger_opens_as_it_was_closed() {
    let mut world = World::new();
    world.post(&world.platform, false, (0..40).map(|i| world.paid(&format!("{i}"), 1)).collect());
    let before = world.ledger().published();
    let accounts: Vec<_> = (0..5).map(|n| world.ledger().account(n).unwrap()).collect();
    let copy = world.ledger().copy(&world.worker.address, 0, 100, Some(5)).unwrap();
    world.reopen();
    assert_eq!(world.ledger().published(), before);
    assert_eq!((0..5).map(|n| world.ledger().account(n).unwrap()).collect::<Vec<_>>(), accounts);
    assert_eq!(world.ledger().copy(&world.worker.address, 0, 100, Some(5)).unwrap(), copy);
    // Time does not go back, whatever the clock says.
    world.clock.store(NOW - 500, std::sync::atomic::Ordering::SeqCst);
    world.accept(&world.platform, vec![world.paid("early", 1)]);
    assert_eq!(world.ledger().published().commit.time, time(NOW));
}

fn setup(answer: Result<impl std::fmt::Debug, Error>) -> String {
    match answer {
        Err(Error::Setup(what)) => what,
        other => panic!("expected a refusal to start, got {other:?}"),
    }
}

#[test]
fn what_cannot_be_opened_says_why() {
    let mut world = World::new();
    assert!(setup(world.try_open()).contains("another peald is using"));
    assert!(
        setup(peal_ledger::audit(world.path(), &world.verifier(), &origin(), &mut |_, _| {}))
            .contains("another peald")
    );
    world.shut();
    let open = |key: PrivateKey, origin: &str| {
        Ledger::open(world.path(), key, &origin.parse().unwrap(), world.settings.clone())
    };
    assert!(setup(open(PrivateKey::new(&[8; 32]), "ledger.example/2026")).contains("operator's key"));
    assert!(setup(open(operator(), "other.example")).contains("origin"));
    let genesis = |issuer, statement, key: &PrivateKey| {
        let posting = Posting::sign(&origin(), issuer, seed(0), time(NOW), false, vec![statement], key);
        Genesis { origin: origin(), opening: posting.check(&origin()).unwrap() }
    };
    let person = Person::new(0);
    let good = || genesis(None, person.opened(None), &person.key());
    assert!(setup(Ledger::create(world.path(), &operator(), good(), &world.settings)).contains("already"));
    let empty = tempfile::tempdir().unwrap();
    let dir = empty.path().join("new");
    assert!(setup(Ledger::open(&dir, operator(), &origin(), world.settings.clone())).contains("no ledger"));
    let forged = genesis(None, person.opened(None), &PrivateKey::new(&[9; 32]));
    match Ledger::create(&dir, &operator(), forged, &world.settings) {
        Err(Error::Refused(refusal)) => assert_eq!(refusal.code, Code::OpeningKey),
        other => panic!("{other:?}"),
    }
    let issued = genesis(Some(world.platform.address), person.opened(None), &person.key());
    Ledger::create(&dir, &operator(), issued, &world.settings).unwrap_err();
    // What was begun and never finished can be begun again.
    assert!(
        setup(Ledger::open(&dir, operator(), &origin(), world.settings.clone())).contains("create it first")
    );
    Ledger::create(&dir, &operator(), good(), &world.settings).unwrap();
    let ledger = Ledger::open(&dir, operator(), &origin(), world.settings.clone()).unwrap();
    assert_eq!(ledger.stats().accounts, 1);
    assert_eq!(ledger.number(&person.opened(None).root(&origin())).unwrap(), Some(0));
    assert_eq!(ledger.number(&Hash::default()).unwrap(), None);
}
