//! A store in memory that fails where it is told to.
//!
//! 1. A [`Medium`] is what outlives the store: what it holds *now*, and what of it is *durable*. [`Medium::open`] gives the one store on it.
//! 2. Every write (`commit`, `add`, `forget`) is a step, and steps are counted. A [`Plan`] says at which of them what goes wrong.
//! 3. [`Medium::crash`] is the medium after the power was cut: what was not durable is gone.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{Disk, KeyValue, Look, Ordered, Put, Rows, Scan, Sorted};
use crate::error::Error;
use crate::schema::Family;

type Table = BTreeMap<Vec<u8>, Arc<[u8]>>;

/// The rows of all families; copying it is cheap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tables(Vec<Arc<Table>>);

impl Default for Tables {
    fn default() -> Self {
        Self(Family::ALL.iter().map(|_| Arc::default()).collect())
    }
}

impl Tables {
    fn put(&mut self, family: Family, key: &[u8], value: &[u8]) {
        Arc::make_mut(&mut self.0[family as usize]).insert(key.to_vec(), value.into());
    }

    fn forget(&mut self, family: Family, below: &[u8]) {
        let table = Arc::make_mut(&mut self.0[family as usize]);
        *table = table.split_off(below);
    }

    /// The rows of a family.
    pub(crate) fn of(&self, family: Family) -> &BTreeMap<Vec<u8>, Arc<[u8]>> {
        &self.0[family as usize]
    }
}

/// How a step goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It fails and leaves nothing.
    Lost,
    /// All of it is durable, and yet it is reported as failed.
    Kept,
    /// A commit can be read and is not durable; of rows that are added, or dropped, only the first half is. Reported as failed.
    Torn,
    /// It fails and leaves nothing, and so does everything after it: the disk is full, or the machine is gone.
    Full,
    /// It and everything after it can be read, is not durable, and is reported as failed: syncing does not work.
    Unsynced,
    /// It waits until the test lets it go on.
    Slow,
    /// It panics: a fault of the program.
    Panic,
}

/// What goes wrong, and at which step; steps count from 1.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Plan {
    pub(crate) fault: Option<(u64, Fault)>,
    /// The kind of step that counts, if not every step does.
    pub(crate) of: Option<&'static str>,
    /// Whether commits come back before they are durable, as on a disk that lies.
    pub(crate) sync_off: bool,
}

impl Plan {
    /// One fault.
    pub(crate) fn at(step: u64, fault: Fault) -> Self {
        Self { fault: Some((step, fault)), ..Self::default() }
    }

    /// One fault, at the first step of a kind.
    pub(crate) fn first(kind: &'static str, fault: Fault) -> Self {
        Self { of: Some(kind), ..Self::at(1, fault) }
    }
}

#[derive(Default)]
struct Inner {
    now: Tables,
    durable: Tables,
    /// What commits wrote that can be read and is not durable yet.
    unsynced: Vec<(Family, Vec<u8>, Vec<u8>)>,
    plan: Plan,
    /// Every step so far.
    steps: Vec<(&'static str, Option<Family>)>,
    /// Whether the planned step was reached.
    reached: bool,
    /// Whether slow steps may go on.
    let_go: bool,
    open: bool,
}

/// What outlives a store.
#[derive(Clone, Default)]
pub(crate) struct Medium(Arc<(Mutex<Inner>, Condvar)>);

fn failure(what: &str) -> Error {
    Error::Corrupt(format!("the test disk fails: {what}"))
}

impl Medium {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of(now: Tables, durable: Tables) -> Self {
        Self(Arc::new((Mutex::new(Inner { now, durable, ..Inner::default() }), Condvar::new())))
    }

    /// Says what goes wrong from now on; steps count anew.
    pub(crate) fn plan(&self, plan: Plan) {
        let mut inner = self.lock();
        (inner.plan, inner.reached, inner.let_go) = (plan, false, false);
        inner.steps.clear();
    }

    /// The store on it. Nobody else has one meanwhile.
    pub(crate) fn open(&self) -> Result<Faulty, Error> {
        let mut inner = self.lock();
        if std::mem::replace(&mut inner.open, true) {
            return Err(Error::Setup("another store is open on this medium".into()));
        }
        Ok(Faulty(self.clone()))
    }

    /// The medium after the power was cut.
    pub(crate) fn crash(&self) -> Self {
        let durable = self.lock().durable.clone();
        Self::of(durable.clone(), durable)
    }

    /// Another medium with the same on it and nothing planned.
    pub(crate) fn fork(&self) -> Self {
        let inner = self.lock();
        Self::of(inner.now.clone(), inner.durable.clone())
    }

    /// What can be read of it.
    pub(crate) fn tables(&self) -> Tables {
        self.lock().now.clone()
    }

    /// How many steps were taken.
    pub(crate) fn steps(&self) -> u64 {
        self.lock().steps.len() as u64
    }

    /// Whether the planned step was reached.
    pub(crate) fn reached(&self) -> bool {
        self.lock().reached
    }

    /// What the planned step did.
    pub(crate) fn planned_step(&self) -> String {
        let inner = self.lock();
        let step = inner.plan.fault.and_then(|(at, _)| inner.steps.get(at as usize - 1).copied());
        step.map_or("no step".into(), |(what, family)| format!("{what} {}", family.map_or("", Family::name)))
    }

    /// Waits until the planned step is reached; false if that takes longer than `most`.
    pub(crate) fn wait_until_reached(&self, most: Duration) -> bool {
        let (end, mut inner) = (Instant::now() + most, self.lock());
        while !inner.reached {
            let Some(left) = end.checked_duration_since(Instant::now()) else { return false };
            inner = self.0.1.wait_timeout(inner, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// Lets slow steps go on.
    pub(crate) fn let_go(&self) {
        self.lock().let_go = true;
        self.0.1.notify_all();
    }

    /// Takes a step; returns how it goes wrong, if it does.
    fn step(&self, what: &'static str, family: Option<Family>) -> (MutexGuard<'_, Inner>, Option<Fault>) {
        let mut inner = self.lock();
        if inner.plan.of.is_some_and(|kind| kind != what) {
            return (inner, None);
        }
        inner.steps.push((what, family));
        let step = inner.steps.len() as u64;
        let fault = match inner.plan.fault {
            Some((at, fault)) if step == at => Some(fault),
            Some((at, fault @ (Fault::Full | Fault::Unsynced))) if step > at => Some(fault),
            _ => None,
        };
        if fault.is_some() {
            inner.reached = true;
            self.0.1.notify_all();
        }
        if fault == Some(Fault::Panic) {
            drop(inner);
            panic!("the test disk panics, as it was told to");
        }
        if fault == Some(Fault::Slow) {
            let go_on = self.0.1.wait_while(inner, |inner| !inner.let_go);
            return (go_on.unwrap_or_else(PoisonError::into_inner), None);
        }
        (inner, fault)
    }
}

impl Inner {
    /// Puts rows where a fault lets them come to; `torn` of them are durable if the step is torn.
    fn put<'r>(
        &mut self,
        fault: Option<Fault>,
        torn: usize,
        synced: bool,
        rows: impl Iterator<Item = (Family, &'r [u8], &'r [u8])>,
    ) -> Result<(), Error> {
        if matches!(fault, Some(Fault::Lost | Fault::Full)) {
            return Err(failure("nothing is written"));
        }
        for (at, (family, key, value)) in rows.enumerate() {
            let durable = match fault {
                Some(Fault::Torn) => at < torn,
                Some(Fault::Unsynced) => false,
                _ => synced,
            };
            self.now.put(family, key, value);
            if durable {
                self.durable.put(family, key, value);
            }
        }
        fault.map_or(Ok(()), |fault| Err(failure(&format!("{fault:?}"))))
    }
}

/// The open store.
pub(crate) struct Faulty(Medium);

impl Drop for Faulty {
    fn drop(&mut self) {
        self.0.lock().open = false;
    }
}

impl Rows for Faulty {
    fn bytes(&self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.0.lock().now.of(family).get(key).map(|value| value.to_vec()))
    }
}

impl Disk for Faulty {
    fn commit(&self, rows: &[Put<'_>]) -> Result<(), Error> {
        let (mut inner, fault) = self.0.step("commit", rows.first().map(|(family, ..)| *family));
        let synced = !inner.plan.sync_off;
        if matches!(fault, Some(Fault::Torn | Fault::Unsynced)) {
            let rows = rows.iter().map(|(family, key, value)| (*family, key.to_vec(), value.to_vec()));
            inner.unsynced.extend(rows);
        }
        inner.put(fault, 0, synced, rows.iter().copied())?;
        if synced && fault.is_none() {
            // Commits are synced in order: this one makes earlier ones durable that could be read and were not.
            for family in [Family::Meta, Family::Journal] {
                let rows = inner.now.0[family as usize].clone();
                inner.durable.0[family as usize] = rows;
            }
            for (family, key, value) in std::mem::take(&mut inner.unsynced) {
                inner.durable.put(family, &key, &value);
            }
        }
        Ok(())
    }

    fn add<'a>(
        &self,
        family: Family,
        rows: &mut dyn Iterator<Item = Result<Sorted<'a>, Error>>,
    ) -> Result<(), Error> {
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        if let Some(two) = rows.windows(2).find(|two| two[0].0 >= two[1].0) {
            return Err(Error::Bug(format!("rows of {} are not sorted: {:?}", family.name(), two[1].0)));
        }
        if rows.is_empty() {
            return Ok(());
        }
        let (mut inner, fault) = self.0.step("add", Some(family));
        inner.put(fault, rows.len() / 2, true, rows.iter().map(|(key, value)| (family, &key[..], &value[..])))
    }

    fn forget(&self, family: Family, below: &[u8]) -> Result<(), Error> {
        let (mut inner, fault) = self.0.step("forget", Some(family));
        let inner = &mut *inner;
        match fault {
            Some(Fault::Lost | Fault::Full) => return Err(failure("nothing is dropped")),
            Some(Fault::Unsynced) => inner.now.forget(family, below),
            Some(Fault::Torn) => {
                // A row is gone from the middle and the last: nobody said that the first go first.
                let gone: Vec<_> =
                    inner.now.of(family).keys().take_while(|key| key[..] < *below).cloned().collect();
                for key in gone.iter().skip(1).step_by(2) {
                    Arc::make_mut(&mut inner.now.0[family as usize]).remove(key);
                    Arc::make_mut(&mut inner.durable.0[family as usize]).remove(key);
                }
            }
            _ => {
                inner.now.forget(family, below);
                inner.durable.forget(family, below);
            }
        }
        fault.map_or(Ok(()), |fault| Err(failure(&format!("{fault:?}"))))
    }

    fn look(&self) -> Box<dyn Look + '_> {
        Box::new(Moment(self.0.tables()))
    }

    fn purge(&self, journal: &[u8]) -> Result<(), Error> {
        // A table holds one version of a row.
        self.forget(Family::Journal, journal)
    }

    fn copy_to(&self, folder: &Path) -> Result<(), Error> {
        std::fs::create_dir(folder).map_err(|e| failure(&e.to_string()))?;
        let tables = self.0.tables();
        let rows: Vec<_> = Family::ALL
            .iter()
            .flat_map(|family| tables.of(*family).iter().map(|(k, v)| (*family as u8, k.clone(), v.to_vec())))
            .collect();
        let bytes = bincode::serde::encode_to_vec(rows, bincode::config::standard());
        let bytes = bytes.map_err(|e| failure(&e.to_string()))?;
        std::fs::write(folder.join("rows"), bytes).map_err(|e| failure(&e.to_string()))
    }
}

impl Medium {
    /// What [`Disk::copy_to`] has made.
    pub(crate) fn copied(folder: &Path) -> Self {
        let bytes = std::fs::read(folder.join("rows")).unwrap();
        let rows: Vec<(u8, Vec<u8>, Vec<u8>)> =
            bincode::serde::decode_from_slice(&bytes, bincode::config::standard()).unwrap().0;
        let mut tables = Tables::default();
        for (family, key, value) in rows {
            tables.put(Family::ALL[usize::from(family)], &key, &value);
        }
        Self::of(tables.clone(), tables)
    }
}

/// One moment of the store.
struct Moment(Tables);

fn copied((key, value): (&Vec<u8>, &Arc<[u8]>)) -> KeyValue {
    (key.as_slice().into(), value[..].into())
}

impl Rows for Moment {
    fn bytes(&self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.0.of(family).get(key).map(|value| value.to_vec()))
    }
}

impl Ordered for Moment {
    fn at_or_before(&self, family: Family, key: &[u8]) -> Result<Option<KeyValue>, Error> {
        let rows = self.0.of(family).range::<[u8], _>((Bound::Unbounded, Bound::Included(key)));
        Ok(rows.last().map(copied))
    }
}

impl Look for Moment {
    fn scan(&self, family: Family, from: &[u8], within: bool) -> Result<Scan<'_>, Error> {
        let prefix = from.get(..8).map(<[u8]>::to_vec);
        let rows = self.0.of(family).range::<[u8], _>((Bound::Included(from), Bound::Unbounded));
        let rows = rows.take_while(move |(key, _)| !within || key.get(..8) == prefix.as_deref());
        Ok(Box::new(rows.map(|row| Ok(copied(row)))))
    }
}

/// Keeps rows in memory without a fault.
#[test]
fn what_was_not_synced_is_gone_after_a_crash() {
    let medium = Medium::default();
    medium.plan(Plan { sync_off: true, ..Plan::default() });
    let store = medium.open().unwrap();
    store.commit(&[(Family::Meta, b"a", b"1")]).unwrap();
    assert_eq!(store.bytes(Family::Meta, b"a").unwrap(), Some(b"1".to_vec()));
    assert_eq!(medium.crash().open().unwrap().bytes(Family::Meta, b"a").unwrap(), None);
    medium.plan(Plan::at(2, Fault::Torn));
    store.commit(&[(Family::Meta, b"a", b"2")]).unwrap();
    store.commit(&[(Family::Meta, b"a", b"3"), (Family::Meta, b"b", b"3")]).unwrap_err();
    let after = medium.crash();
    assert_eq!(after.open().unwrap().bytes(Family::Meta, b"a").unwrap(), Some(b"2".to_vec()));
    assert_eq!(after.open().unwrap().bytes(Family::Meta, b"b").unwrap(), None);
    medium.plan(Plan::at(1, Fault::Torn));
    let mut rows = [b"k1", b"k2"].map(|key| Ok((key.to_vec(), b"v".as_slice().into()))).into_iter();
    store.add(Family::Ids, &mut rows).unwrap_err();
    assert_eq!(medium.crash().tables().of(Family::Ids).len(), 1);
    medium.plan(Plan::at(1, Fault::Kept));
    store.commit(&[(Family::Meta, b"b", b"4")]).unwrap_err();
    assert_eq!(medium.crash().open().unwrap().bytes(Family::Meta, b"b").unwrap(), Some(b"4".to_vec()));
    medium.plan(Plan::at(1, Fault::Full));
    for _ in 0..3 {
        store.commit(&[(Family::Meta, b"b", b"5")]).unwrap_err();
    }
    assert_eq!((medium.steps(), medium.reached()), (3, true));
    assert_eq!(store.bytes(Family::Meta, b"b").unwrap(), Some(b"4".to_vec()));
}
