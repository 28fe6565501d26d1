//! What every store must do: one set of tests, for RocksDB and for the store in memory.

use std::borrow::Cow;
use std::path::Path;

use tempfile::TempDir;

use super::faulty::{Faulty, Medium};
use super::{Disk, KeyValue, Rocks, Rows, Sorted};
use crate::error::Error;
use crate::schema::{Family, entry_key, number_key, place_key};

/// Where a store is, open or not.
trait Place {
    type Store: Disk;
    fn new() -> Self;
    fn open(&self) -> Result<Self::Store, Error>;
    /// The store that [`Disk::copy_to`] has made.
    fn copied(folder: &Path) -> Result<Self::Store, Error>;
}

impl Place for TempDir {
    type Store = Rocks;
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        drop(Rocks::create(dir.path()).unwrap());
        dir
    }
    fn open(&self) -> Result<Rocks, Error> {
        Rocks::open(self.path())
    }
    fn copied(folder: &Path) -> Result<Rocks, Error> {
        Rocks::open(folder)
    }
}

impl Place for Medium {
    type Store = Faulty;
    fn new() -> Self {
        Self::default()
    }
    fn open(&self) -> Result<Faulty, Error> {
        Medium::open(self)
    }
    fn copied(folder: &Path) -> Result<Faulty, Error> {
        Medium::copied(folder).open()
    }
}

/// Families with a prefix in their files' filters, and one without.
const KEYED: [Family; 3] = [Family::Records, Family::Entries, Family::Nodes];

fn sorted(keys: &[Vec<u8>], value: impl Fn(usize) -> Vec<u8>) -> Vec<Result<Sorted<'static>, Error>> {
    keys.iter().enumerate().map(|(at, key)| Ok((key.clone(), Cow::Owned(value(at))))).collect()
}

fn add(store: &dyn Disk, family: Family, keys: &[Vec<u8>], value: impl Fn(usize) -> Vec<u8>) {
    store.add(family, &mut sorted(keys, value).into_iter()).unwrap();
}

fn scan(store: &dyn Disk, family: Family, from: &[u8], within: bool) -> Vec<KeyValue> {
    store.look().scan(family, from, within).unwrap().map(Result::unwrap).collect()
}

fn everything(store: &dyn Disk) -> Vec<Vec<KeyValue>> {
    Family::ALL.iter().map(|family| scan(store, *family, &[], false)).collect()
}

fn places(accounts: std::ops::Range<u64>, sequences: u64) -> Vec<Vec<u8>> {
    accounts.flat_map(|a| (0..sequences).map(move |s| place_key(a, s).to_vec())).collect()
}

fn a_commit_is_whole_and_stands_over_earlier_ones<P: Place>() {
    let place = P::new();
    let store = place.open().unwrap();
    assert_eq!(store.bytes(Family::Meta, b"a").unwrap(), None);
    store
        .commit(&[
            (Family::Meta, b"a", b"1"),
            (Family::Journal, &number_key(0), b"j"),
            (Family::Meta, b"", b""),
        ])
        .unwrap();
    store.commit(&[(Family::Meta, b"a", b"2")]).unwrap();
    store.commit(&[]).unwrap();
    assert_eq!(store.bytes(Family::Meta, b"a").unwrap(), Some(b"2".to_vec()));
    assert_eq!(store.bytes(Family::Meta, b"").unwrap(), Some(Vec::new()));
    assert_eq!(store.bytes(Family::Journal, &number_key(0)).unwrap(), Some(b"j".to_vec()));
    assert_eq!(store.bytes(Family::Blocks, &number_key(0)).unwrap(), None, "families are apart");
    // The later of two rows of one batch stands.
    store.commit(&[(Family::Meta, b"a", b"3"), (Family::Meta, b"a", b"4")]).unwrap();
    drop(store);
    assert_eq!(place.open().unwrap().bytes(Family::Meta, b"a").unwrap(), Some(b"4".to_vec()));
}

fn rows_that_are_added_are_found_by_key_and_by_order<P: Place>() {
    let place = P::new();
    let store = place.open().unwrap();
    for family in KEYED {
        // Three files whose ranges overlap.
        for round in 0..3 {
            let keys: Vec<_> = places(0..40, 6).into_iter().skip(round).step_by(3).collect();
            add(&store, family, &keys, |_| vec![round as u8]);
        }
        let keys = places(0..40, 6);
        for (at, key) in keys.iter().enumerate() {
            assert_eq!(store.bytes(family, key).unwrap(), Some(vec![at as u8 % 3]), "{family:?} {at}");
        }
        let all = scan(&store, family, &[], false);
        assert!(all.iter().map(|row| row.0.to_vec()).eq(keys.iter().cloned()));
        assert_eq!(scan(&store, family, &place_key(7, 2), true).len(), 4);
        assert_eq!(scan(&store, family, &place_key(7, 2), false).len(), 4 + 6 * 32);
        assert_eq!(scan(&store, family, &place_key(7, 6), true).len(), 0, "beyond its last");
        assert_eq!(scan(&store, family, &place_key(40, 0), true).len(), 0);
        assert_eq!(scan(&store, family, &place_key(40, 0), false).len(), 0);
        assert_eq!(scan(&store, family, &[0xff; 20], false).len(), 0);
        assert_eq!(store.bytes(family, &place_key(40, 0)).unwrap(), None);
        let look = store.look();
        let at_or_before = |key: &[u8]| look.at_or_before(family, key).unwrap().map(|row| row.0.to_vec());
        assert_eq!(at_or_before(&place_key(7, 3)), Some(place_key(7, 3).to_vec()));
        assert_eq!(at_or_before(&entry_key(7, 3, 9)), Some(place_key(7, 3).to_vec()));
        assert_eq!(at_or_before(&place_key(7, 99)), Some(place_key(7, 5).to_vec()));
        assert_eq!(at_or_before(&[0xff; 30]), keys.last().cloned());
        assert_eq!(at_or_before(&[0; 8]), None);
    }
    store.add(Family::Ids, &mut std::iter::empty()).unwrap();
    assert_eq!(scan(&store, Family::Ids, &[], false).len(), 0);
}

fn several_keys_at_once_are_answered_in_their_order<P: Place>() {
    let place = P::new();
    let store = place.open().unwrap();
    let keys: Vec<_> = (0..300u64).map(|n| number_key(n * 2).to_vec()).collect();
    add(&store, Family::Heads, &keys, |at| vec![at as u8; at % 50]);
    let asked: Vec<[u8; 8]> = (0..620u64).map(number_key).collect();
    let found = store.many(Family::Heads, &asked).unwrap();
    for (n, row) in found.iter().enumerate() {
        let there = (n % 2 == 0 && n < 600).then(|| vec![(n / 2) as u8; n / 2 % 50]);
        assert_eq!(*row, there, "{n}");
    }
    assert_eq!(found.len(), asked.len());
    assert!(store.many(Family::Heads, &[]).unwrap().is_empty());
}

fn rows_are_lent_each_with_the_place_of_its_key<P: Place>() {
    let place = P::new();
    let store = place.open().unwrap();
    // Two files, keys of two lengths, and rows longer than a block.
    let mut keys: Vec<Vec<u8>> = (0..300u64).map(|n| vec![n as u8; 8 + n as usize / 256]).collect();
    keys.sort_unstable();
    let value = |at: usize| vec![at as u8; at * 40];
    for half in 0..2 {
        let some: Vec<_> = keys.iter().skip(half).step_by(2).cloned().collect();
        add(&store, Family::Postings, &some, |at| value(2 * at + half));
    }
    let look = store.look();
    add(&store, Family::Postings, &[vec![9; 99]], |_| vec![]);
    let mut lent = vec![0; keys.len()];
    let asked: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
    look.each(Family::Postings, &asked, &mut |at, row| {
        assert_eq!(row, value(at), "{at}");
        lent[at] += 1;
        Ok(())
    })
    .unwrap();
    assert!(lent.iter().all(|count| *count == 1));
    look.each(Family::Postings, &[], &mut |_, _| Err(Error::Bug("nothing was asked for".into()))).unwrap();
    let mut seen = 0;
    let ended = look.each(Family::Postings, &asked, &mut |_, _| {
        seen += 1;
        if seen == 100 { Err(Error::Bug("the hundredth".into())) } else { Ok(()) }
    });
    assert_eq!((ended, seen), (Err(Error::Bug("the hundredth".into())), 100));
    // What is not there, or was not when the look was taken, is named.
    for missing in [&[9; 99][..], &[9; 5]] {
        let error = look.each(Family::Postings, &[missing], &mut |_, _| Ok(())).unwrap_err();
        assert!(error.to_string().contains("postings row 0909090909"), "{error}");
        assert!(error.to_string().contains("is missing"), "{error}");
    }
}

fn later_rows_stand_over_earlier_ones<P: Place>() {
    let place = P::new();
    let store = place.open().unwrap();
    let keys: Vec<_> = (0..100u64).map(|n| number_key(n).to_vec()).collect();
    // So often that files are merged meanwhile.
    for round in 0..30u8 {
        let some: Vec<_> = keys.iter().skip(usize::from(round)).cloned().collect();
        add(&store, Family::Heads, &some, |_| vec![round]);
    }
    store.commit(&[(Family::Heads, &number_key(50), b"committed")]).unwrap();
    add(&store, Family::Heads, &keys[60..61], |_| b"added".to_vec());
    let expected = |n: usize| match n {
        50 => b"committed".to_vec(),
        60 => b"added".to_vec(),
        n => vec![n.min(29) as u8],
    };
    let check = |store: &P::Store| {
        for (n, key) in keys.iter().enumerate() {
            assert_eq!(store.bytes(Family::Heads, key).unwrap(), Some(expected(n)), "{n}");
        }
        let all = scan(store, Family::Heads, &[], false);
        assert!(all.iter().enumerate().all(|(n, row)| *row.1 == expected(n)) && all.len() == 100);
    };
    check(&store);
    drop(store);
    check(&place.open().unwrap());
}

fn a_moment_is_untouched_by_what_is_written_after<P: Place>() {
    let place = P::new();
    let store = place.open().unwrap();
    add(&store, Family::Records, &places(0..3, 3), |_| b"old".to_vec());
    store.commit(&[(Family::Meta, b"a", b"old")]).unwrap();
    let look = store.look();
    let rows: Vec<KeyValue> = look.scan(Family::Records, &[], false).unwrap().map(Result::unwrap).collect();
    let mut slow = look.scan(Family::Records, &[], false).unwrap();
    let first = slow.next().unwrap().unwrap();
    add(&store, Family::Records, &places(0..9, 4), |_| b"new".to_vec());
    store.commit(&[(Family::Meta, b"a", b"new"), (Family::Meta, b"b", b"new")]).unwrap();
    assert_eq!(look.bytes(Family::Meta, b"a").unwrap(), Some(b"old".to_vec()));
    assert_eq!(look.bytes(Family::Meta, b"b").unwrap(), None);
    assert_eq!(look.bytes(Family::Records, &place_key(1, 1)).unwrap(), Some(b"old".to_vec()));
    assert_eq!(look.bytes(Family::Records, &place_key(1, 3)).unwrap(), None);
    let before = look.at_or_before(Family::Records, &[0xff; 16]).unwrap().unwrap();
    assert_eq!(*before.0, place_key(2, 2));
    let again: Vec<KeyValue> = look.scan(Family::Records, &[], false).unwrap().map(Result::unwrap).collect();
    assert_eq!(again, rows);
    assert!(std::iter::once(first).chain(slow.map(Result::unwrap)).eq(rows));
    assert_eq!(store.bytes(Family::Records, &place_key(1, 1)).unwrap(), Some(b"new".to_vec()));
}

fn forgetting_drops_nothing_that_is_not_below<P: Place>() {
    let place = P::new();
    let store = place.open().unwrap();
    // What is forgotten first is what no file was made of yet.
    for n in 0..200u64 {
        store.commit(&[(Family::Journal, &number_key(n), &[n as u8; 1000])]).unwrap();
        if n % 7 == 0 {
            // In the middle of a round, at its first and at its last row.
            store.forget(Family::Journal, &number_key(n.saturating_sub(3))).unwrap();
            let rows = scan(&store, Family::Journal, &number_key(n.saturating_sub(3)), false);
            assert_eq!(rows.len() as u64, n - n.saturating_sub(3) + 1, "{n}");
        }
    }
    add(&store, Family::Blocks, &[number_key(1).to_vec()], |_| b"kept".to_vec());
    store.forget(Family::Journal, &number_key(150)).unwrap();
    store.forget(Family::Journal, &number_key(0)).unwrap();
    store.forget(Family::Journal, &[]).unwrap();
    drop(store);
    let store = place.open().unwrap();
    store.forget(Family::Journal, &number_key(199)).unwrap();
    assert!(scan(&store, Family::Journal, &number_key(199), false).len() == 1);
    assert_eq!(store.bytes(Family::Journal, &number_key(199)).unwrap(), Some(vec![199; 1000]));
    assert_eq!(store.bytes(Family::Blocks, &number_key(1)).unwrap(), Some(b"kept".to_vec()));
}

fn an_error_among_the_rows_ends_it<P: Place>() {
    let place = P::new();
    let store = place.open().unwrap();
    let mut rows = sorted(&places(0..2, 2), |_| b"v".to_vec());
    rows[2] = Err(Error::Bug("the third".into()));
    let ended = store.add(Family::Records, &mut rows.into_iter());
    assert_eq!(ended, Err(Error::Bug("the third".into())));
    // And the store goes on.
    add(&store, Family::Records, &places(0..2, 2), |_| b"w".to_vec());
    assert_eq!(store.bytes(Family::Records, &place_key(1, 1)).unwrap(), Some(b"w".to_vec()));
    assert!(store.add(Family::Ids, &mut sorted(&[vec![2], vec![1]], |_| vec![]).into_iter()).is_err());
}

fn there_is_one_store_at_a_time<P: Place>() {
    let place = P::new();
    let store = place.open().unwrap();
    assert!(matches!(place.open().err(), Some(Error::Setup(_))));
    store.commit(&[(Family::Meta, b"a", b"1")]).unwrap();
    add(&store, Family::Records, &places(0..3, 3), |at| vec![at as u8]);
    let before = everything(&store);
    drop(store);
    assert_eq!(everything(&place.open().unwrap()), before);
}

fn a_copy_opens_and_is_the_same<P: Place>() {
    let (place, to) = (P::new(), tempfile::tempdir().unwrap());
    let store = place.open().unwrap();
    for family in KEYED {
        add(&store, family, &places(0..30, 3), |at| vec![at as u8]);
    }
    store.commit(&[(Family::Meta, b"a", b"1"), (Family::Journal, &number_key(9), b"j")]).unwrap();
    let before = everything(&store);
    let folder = to.path().join("copy");
    store.copy_to(&folder).unwrap();
    store.commit(&[(Family::Meta, b"a", b"2")]).unwrap();
    add(&store, Family::Records, &places(0..30, 3), |_| b"later".to_vec());
    assert_eq!(everything(&P::copied(&folder).unwrap()), before);
    assert!(store.copy_to(&folder).is_err(), "there is one already");
    // The copy is one of its own.
    P::copied(&folder).unwrap().bytes(Family::Meta, b"a").unwrap();
}

macro_rules! every_store {
    ($($test:ident)*) => {
        mod rocks { $(#[test] fn $test() { super::$test::<tempfile::TempDir>(); })* }
        mod memory { $(#[test] fn $test() { super::$test::<super::Medium>(); })* }
    };
}

every_store! {
    a_commit_is_whole_and_stands_over_earlier_ones
    rows_that_are_added_are_found_by_key_and_by_order
    several_keys_at_once_are_answered_in_their_order
    rows_are_lent_each_with_the_place_of_its_key
    later_rows_stand_over_earlier_ones
    a_moment_is_untouched_by_what_is_written_after
    forgetting_drops_nothing_that_is_not_below
    an_error_among_the_rows_ends_it
    there_is_one_store_at_a_time
    a_copy_opens_and_is_the_same
}

/// Rows that are forgotten give their room back: whole files of them, as soon as they have left the newest level.
#[test]
fn what_is_forgotten_leaves_the_disk() {
    let dir = <tempfile::TempDir as Place>::new();
    // Each opening makes a file of what the last one has written.
    for round in 0..5u64 {
        let store = dir.open().unwrap();
        for n in round * 10..round * 10 + 10 {
            store.commit(&[(Family::Journal, &number_key(n), &[7; 100])]).unwrap();
        }
    }
    let store = dir.open().unwrap();
    let began = std::time::Instant::now();
    // 29 is the last row of its file: that file is needed.
    while scan(&store, Family::Journal, &[], false).len() != 30 {
        store.forget(Family::Journal, &number_key(29)).unwrap();
        assert!(began.elapsed() < std::time::Duration::from_secs(60), "nothing is dropped");
        std::thread::yield_now();
    }
    store.forget(Family::Journal, &number_key(29)).unwrap();
    assert_eq!(scan(&store, Family::Journal, &number_key(29), false).len(), 21);
}
