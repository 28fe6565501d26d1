//! Carries erasures out: rows of records whose contents are to go are written anew without them, once they are in their family.
//!
//! 1. A commit with an *erased* leaves a row of `erasures`. From then on nobody is given the contents (`reads`).
//! 2. When the rows of that commit are sorted in and the heads are written, [`wipe`] writes the records anew, each with its root and the key of the
//!    reference that it took, and then moves the mark `wiped`. After a crash before that, what is above the mark is done again.
//! 3. Older versions of these rows lie in files of the store until those are merged, and in the journal until that is dropped. [`purge`] makes
//!    the store rewrite them now, and moves the mark `purged`.

use std::collections::BTreeMap;

use peal_spec::address::Address;
use peal_spec::statement::Type;
use peal_spec::value::{Month, Origin, Time};

use crate::error::Error;
use crate::layered::Layered;
use crate::rows::{Content, Erasure, Figure, Head, RecordRow};
use crate::schema::{Family, decode, encode, meta, number_key, place, place_key, place_of, reference_key};
use crate::store::{Disk, Look, Put, RowsExt};
use crate::working::body_of;

/// A record whose contents are erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retained {
    /// Number of its account.
    pub account: u64,
    /// Its sequence.
    pub sequence: u64,
    /// Its type.
    pub kind: Type,
    /// Its month.
    pub month: Option<Month>,
    /// When it was recorded.
    pub time: Time,
    /// Sequence of the record that erased it.
    pub by: u64,
    /// When that was recorded.
    pub erased: Time,
    /// How far it has come.
    pub state: Left,
}

/// How many records of a type there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The type.
    pub kind: Type,
    /// How many with their contents.
    pub contents: u64,
    /// How many without.
    pub erased: u64,
    /// When the first of them was recorded.
    pub oldest: Time,
    /// When the last of them was recorded.
    pub newest: Time,
}

/// What a store keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// By type.
    pub kept: Vec<Kept>,
    /// What was erased, by account and record that was erased.
    pub erased: Vec<Retained>,
}

/// What is left of erased contents in a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// Nobody is given them; the row still holds them.
    InTheRow,
    /// The row does not hold them; files that were not merged since may.
    InOldFiles,
    /// Nothing.
    Nothing,
}

/// An erasure: account, sequence of the record that is erased, and what erases it.
pub(crate) type Order = (u64, u64, Erasure);

/// How many rows are written anew in one batch.
const BATCH: usize = 1000;

fn mark(view: &Layered<'_>, name: &[u8]) -> Result<u64, Error> {
    Ok(view.row::<Figure>(name)?.map_or(0, |figure| figure.0))
}

/// Lends each row of an account that these orders erase, in one pass: the records themselves, and what was said to those that are claims. With
/// each comes its sequence and its order.
fn each(
    view: &Layered<'_>,
    account: u64,
    orders: &BTreeMap<u64, &Erasure>,
    take: &mut dyn FnMut(u64, RecordRow<'_>, &Erasure) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut claims = Vec::new();
    for (sequence, erasure) in orders {
        let row: RecordRow<'_> = view.must(&place_key(account, *sequence))?;
        if row.kind.is_claim() {
            claims.push((*sequence, erasure.by));
        }
        take(*sequence, row, erasure)?;
    }
    let Some(from) = claims.iter().map(|(sequence, _)| sequence + 1).min() else { return Ok(()) };
    let to = claims.iter().map(|(_, by)| *by).max().unwrap_or_default();
    for (row, at) in view.scan(Family::Records, &place_key(account, from), true)?.zip(from..to) {
        let (key, value) = row?;
        if *key != place_key(account, at) {
            break;
        }
        let row: RecordRow<'_> = decode(&key, &value)?;
        let order = row.refers.filter(|_| row.kind.follows_a_claim()).and_then(|claim| orders.get(&claim));
        if let Some(erasure) = order.filter(|erasure| at < erasure.by) {
            take(at, row, erasure)?;
        }
    }
    Ok(())
}

/// Orders by account and record.
fn by_account(orders: &[Order]) -> BTreeMap<u64, BTreeMap<u64, &Erasure>> {
    let mut accounts: BTreeMap<u64, BTreeMap<u64, &Erasure>> = BTreeMap::new();
    for (account, sequence, erasure) in orders {
        accounts.entry(*account).or_default().insert(*sequence, erasure);
    }
    accounts
}

/// Account and sequence of what is erased, from a key in `erasures`.
pub(crate) fn whose(key: &[u8]) -> Result<(u64, u64), Error> {
    let named = place_of(Family::Records, key).filter(|_| key.len() == 16);
    named.ok_or_else(|| Error::Corrupt(format!("{}: its key", place(Family::Erasures, key))))
}

/// All orders.
fn all(view: &Layered<'_>) -> Result<Vec<Order>, Error> {
    let mut all = Vec::new();
    for row in view.scan(Family::Erasures, &[], false)? {
        let (key, value) = row?;
        let (account, sequence) = whose(&key)?;
        all.push((account, sequence, decode(&key, &value)?));
    }
    Ok(all)
}

/// The orders that are not carried out: looked for once, when a ledger is opened.
pub(crate) fn waiting(view: &Layered<'_>) -> Result<Vec<Order>, Error> {
    let wiped = mark(view, meta::WIPED)?;
    Ok(all(view)?.into_iter().filter(|(_, _, erasure)| erasure.at >= wiped).collect())
}

/// Writes the rows anew of what these orders erase, which are all that are not carried out up to some place in the log; those rows are in their
/// family, and the heads of their accounts.
pub(crate) fn wipe(disk: &dyn Disk, origin: &Origin, orders: &[Order]) -> Result<(), Error> {
    let Some(last) = orders.iter().map(|(_, _, erasure)| erasure.at + 1).max() else { return Ok(()) };
    let view = Layered::bare(disk);
    let mut rows: Vec<([u8; 16], Vec<u8>)> = Vec::new();
    let write = |rows: &mut Vec<([u8; 16], Vec<u8>)>, figure: Option<&[u8]>| {
        let puts = rows.iter().map(|(key, row)| (Family::Records, &key[..], &row[..]));
        let puts: Vec<Put<'_>> = puts.chain(figure.map(|f| (Family::Meta, meta::WIPED, f))).collect();
        disk.commit(&puts)?;
        rows.clear();
        Ok::<(), Error>(())
    };
    for (account, orders) in by_account(orders) {
        let head: Head = view.must(&number_key(account))?;
        each(&view, account, &orders, &mut |at, row, _| {
            if let Some(bereft) = bereft(origin, head.account.address, at, &row)? {
                rows.push((place_key(account, at), bereft));
            }
            if rows.len() >= BATCH { write(&mut rows, None) } else { Ok(()) }
        })?;
    }
    write(&mut rows, Some(&encode(&Figure(last))?))
}

/// A row without its contents; none if they are gone.
fn bereft(
    origin: &Origin,
    account: Address,
    sequence: u64,
    row: &RecordRow<'_>,
) -> Result<Option<Vec<u8>>, Error> {
    let (record, statement) = row.rebuild(origin, account, sequence)?;
    if statement.is_none() {
        return Ok(None);
    }
    let body = body_of(row, account.number, sequence)?;
    let reference = body.reference().map(|used| reference_key(account.number, &used));
    encode(&RecordRow::bereft(&record, row.seed, reference)).map(Some)
}

/// Has the store rewrite what may hold rows that were wiped; whether there was anything to do.
pub(crate) fn purge(disk: &dyn Disk) -> Result<bool, Error> {
    let view = Layered::bare(disk);
    let (wiped, purged) = (mark(&view, meta::WIPED)?, mark(&view, meta::PURGED)?);
    if purged >= wiped {
        return Ok(false);
    }
    let journal = mark(&view, meta::SORTED)?.min(mark(&view, meta::HEADS)?);
    drop(view);
    disk.purge(&number_key(journal))?;
    disk.commit(&[(Family::Meta, meta::PURGED, &encode(&Figure(wiped))?)])?;
    Ok(true)
}

/// What is kept, by type, and what was erased and is left of that. Reads every record.
pub(crate) fn retention(view: &Layered<'_>) -> Result<Retention, Error> {
    let mut kept: BTreeMap<Type, Kept> = BTreeMap::new();
    for row in view.scan(Family::Records, &[], false)? {
        let (key, value) = row?;
        let RecordRow { kind, time, content, .. } = decode(&key, &value)?;
        let of =
            kept.entry(kind).or_insert(Kept { kind, contents: 0, erased: 0, oldest: time, newest: time });
        (of.oldest, of.newest) = (of.oldest.min(time), of.newest.max(time));
        let gone = matches!(content, Content::Erased { .. });
        *if gone { &mut of.erased } else { &mut of.contents } += 1;
    }
    Ok(Retention { kept: kept.into_values().collect(), erased: retained(view)? })
}

fn retained(view: &Layered<'_>) -> Result<Vec<Retained>, Error> {
    let purged = mark(view, meta::PURGED)?;
    // After a crash some rows of a commit may be in their family, and others in the journal.
    let sorted = mark(view, meta::SORTED)?;
    let orders: Vec<Order> = all(view)?.into_iter().filter(|(_, _, by)| by.at < sorted).collect();
    let mut report = Vec::new();
    for (account, orders) in by_account(&orders) {
        let mut times = BTreeMap::new();
        for erasure in orders.values() {
            let by: RecordRow<'_> = view.must(&place_key(account, erasure.by))?;
            times.insert(erasure.by, by.time);
        }
        let before = report.len();
        each(view, account, &orders, &mut |sequence, row, erasure| {
            let state = match row.content {
                Content::Kept { .. } => Left::InTheRow,
                Content::Erased { .. } if erasure.at >= purged => Left::InOldFiles,
                Content::Erased { .. } => Left::Nothing,
            };
            let RecordRow { kind, month, time, .. } = row;
            let (by, erased) = (erasure.by, times.get(&erasure.by).copied().unwrap_or_default());
            report.push(Retained { account, sequence, kind, month, time, by, erased, state });
            Ok(())
        })?;
        report[before..].sort_by_key(|r: &Retained| r.sequence);
    }
    Ok(report)
}
