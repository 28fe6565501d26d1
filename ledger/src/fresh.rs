//! Rows that are durable in the journal and not yet sorted into the store: what our own memory table holds.
//!
//! 1. The writer adds the rows of a commit to the youngest [`Generation`] once the commit is durable.
//! 2. When that has grown large enough, a new one is begun, and the old one is sorted and added to the store in the background (`settler`).
//! 3. A reader holds on to the generations that there were at its moment, so that it finds each row in a generation or in the store,
//!    whatever is moved meanwhile. It may find rows of later commits too: those about an account lie beyond the size that it knows, and
//!    nothing names the others.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak};

use crate::blob::{Blob, Span};
use crate::error::Error;
use crate::schema::{Family, place_key, place_of};
use crate::store::{KeyValue, Look, Ordered, Rows, Scan, Sorted, Take};

/// Spreads account numbers, which are dense and not secret, over a hash map.
#[derive(Default)]
pub(crate) struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }
    fn write_u64(&mut self, n: u64) {
        let mixed = (self.0 ^ n).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 29);
    }
}

/// A map by account number.
pub(crate) type ByNumber<V> = HashMap<u64, V, BuildHasherDefault<Spread>>;

/// Where a row stands.
#[derive(Clone, Copy)]
struct Loc {
    blob: u32,
    span: Span,
}

/// A record, and the one before it of the same account in this generation.
struct Link {
    account: u64,
    sequence: u64,
    loc: Loc,
    before: u32,
}

const NONE: u32 = u32::MAX;

#[derive(Default)]
struct Inner {
    blobs: Vec<Arc<Blob>>,
    bytes: usize,
    /// Size of the log after the last commit.
    end: Option<u64>,
    links: Vec<Link>,
    /// The last record of each account.
    last: ByNumber<u32>,
    /// By family, those that are looked through in order.
    ordered: BTreeMap<Family, BTreeMap<Box<[u8]>, Loc>>,
    /// By family, those that are asked for by their keys.
    points: BTreeMap<Family, HashMap<Box<[u8]>, Loc>>,
}

/// Whether rows of a family are asked for by their keys, and hardly ever looked through in order.
fn by_key(family: Family) -> bool {
    matches!(family, Family::Postings | Family::PostingIds | Family::References | Family::Ids)
}

/// The rows of some commits in a row.
#[derive(Default)]
pub(crate) struct Generation(RwLock<Inner>);

impl Inner {
    fn value(&self, loc: Loc) -> &[u8] {
        self.blobs.get(loc.blob as usize).map_or(&[], |blob| blob.value(loc.span))
    }

    fn record(&self, account: u64, sequence: u64) -> Option<Loc> {
        let mut at = *self.last.get(&account)?;
        while let Some(link) = self.links.get(at as usize) {
            if link.sequence == sequence {
                return Some(link.loc);
            }
            at = link.before;
        }
        None
    }

    /// The records of an account from a sequence on, in order.
    fn history(&self, account: u64, from: u64) -> Vec<(u64, Loc)> {
        let mut found = Vec::new();
        let mut at = self.last.get(&account).copied().unwrap_or(NONE);
        while let Some(link) = self.links.get(at as usize).filter(|l| l.sequence >= from) {
            found.push((link.sequence, link.loc));
            at = link.before;
        }
        found.reverse();
        found
    }

    fn find(&self, family: Family, key: &[u8]) -> Option<Loc> {
        match place_of(family, key) {
            Some((account, sequence)) => self.record(account, sequence),
            None if by_key(family) => self.points.get(&family)?.get(key).copied(),
            None => self.ordered.get(&family)?.get(key).copied(),
        }
    }

    fn copy(&self, key: &[u8], loc: Loc) -> KeyValue {
        (key.into(), self.value(loc).into())
    }
}

impl Generation {
    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the rows of a commit, after which the log has `end` leaves.
    pub(crate) fn add(&self, blob: Arc<Blob>, end: u64) -> Result<(), Error> {
        let mut inner = self.write();
        let inner = &mut *inner;
        let number = inner.blobs.len() as u32;
        for row in blob.rows() {
            let row = row?;
            let loc = Loc { blob: number, span: row.span };
            match place_of(row.family, row.key) {
                Some((account, sequence)) => {
                    let at = inner.links.len() as u32;
                    let before = inner.last.insert(account, at).unwrap_or(NONE);
                    inner.links.push(Link { account, sequence, loc, before });
                }
                None if by_key(row.family) => {
                    inner.points.entry(row.family).or_default().insert(row.key.into(), loc);
                }
                None => {
                    inner.ordered.entry(row.family).or_default().insert(row.key.into(), loc);
                }
            }
        }
        inner.bytes += blob.as_bytes().len();
        inner.blobs.push(blob);
        inner.end = Some(end);
        Ok(())
    }

    /// Its blobs.
    pub(crate) fn into_blobs(self) -> Vec<Arc<Blob>> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner).blobs
    }

    /// Bytes of the rows.
    pub(crate) fn bytes(&self) -> usize {
        self.read().bytes
    }

    /// Size of the log after the last commit, if there is one.
    pub(crate) fn end(&self) -> Option<u64> {
        self.read().end
    }

    /// Hands the rows to `take`, a family at a time, sorted by key.
    pub(crate) fn sorted(
        &self,
        mut take: impl for<'a> FnMut(
            Family,
            &mut dyn Iterator<Item = Result<Sorted<'a>, Error>>,
        ) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let inner = self.read();
        let row = |key: &[u8], loc: &Loc| Ok((key.to_vec(), Cow::Borrowed(inner.value(*loc))));
        for (family, rows) in &inner.ordered {
            take(*family, &mut rows.iter().map(|(key, loc)| row(key, loc)))?;
        }
        for (family, rows) in &inner.points {
            let mut rows: Vec<(&[u8], &Loc)> = rows.iter().map(|(key, loc)| (&**key, loc)).collect();
            rows.sort_unstable_by_key(|(key, _)| *key);
            take(*family, &mut rows.into_iter().map(|(key, loc)| row(key, loc)))?;
        }
        let mut order: Vec<(u64, u64, u32)> =
            inner.links.iter().zip(0..).map(|(l, at)| (l.account, l.sequence, at)).collect();
        order.sort_unstable();
        let mut rows = order.into_iter().filter_map(|(account, sequence, at)| {
            let link = inner.links.get(at as usize)?;
            Some(Ok((place_key(account, sequence).to_vec(), Cow::Borrowed(inner.value(link.loc)))))
        });
        take(Family::Records, &mut rows)
    }
}

impl Generation {
    fn holds(&self, family: Family, key: &[u8]) -> bool {
        self.read().find(family, key).is_some()
    }

    /// The row of a key.
    fn row(&self, family: Family, key: &[u8]) -> Option<Vec<u8>> {
        let inner = self.read();
        inner.find(family, key).map(|loc| inner.value(loc).to_vec())
    }

    /// Where the row of a key stands.
    fn lend(&self, family: Family, key: &[u8]) -> Option<(Arc<Blob>, Span)> {
        let inner = self.read();
        let loc = inner.find(family, key)?;
        Some((inner.blobs.get(loc.blob as usize)?.clone(), loc.span))
    }

    /// Rows of a family that is not kept in order, from a key on, in no order; with `within`, only those whose first eight bytes are the key's.
    fn unordered(&self, family: Family, from: &[u8], within: bool) -> Vec<KeyValue> {
        let inner = self.read();
        if by_key(family) {
            let rows = inner.points.get(&family).into_iter().flatten();
            let rows = rows.filter(|(key, _)| ***key >= *from && (!within || key.get(..8) == from.get(..8)));
            return rows.map(|(key, loc)| inner.copy(key, *loc)).collect();
        }
        let (account, sequence) = place_of(Family::Records, from).unwrap_or_default();
        if within {
            let rows = inner.history(account, sequence);
            return rows.iter().map(|(s, loc)| inner.copy(&place_key(account, *s), *loc)).collect();
        }
        let places = inner.links.iter().map(|l| (place_key(l.account, l.sequence), l.loc));
        places.filter(|(key, _)| key[..] >= *from).map(|(key, loc)| inner.copy(&key, loc)).collect()
    }

    /// The first row of a family that is kept in order, from a bound on.
    fn first(&self, family: Family, from: Bound<&[u8]>) -> Option<KeyValue> {
        let inner = self.read();
        let rows = inner.ordered.get(&family)?;
        let (found, loc) = rows.range::<[u8], _>((from, Bound::Unbounded)).next()?;
        Some(inner.copy(found, *loc))
    }

    fn at_or_before(&self, family: Family, key: &[u8]) -> Option<KeyValue> {
        let inner = self.read();
        let rows = inner.ordered.get(&family)?;
        let (found, loc) = rows.range::<[u8], _>((Bound::Unbounded, Bound::Included(key))).next_back()?;
        Some(inner.copy(found, *loc))
    }
}

/// A moment after which rows were looked for, so that only younger ones have to be looked for again.
pub(crate) struct Since(Weak<Generation>);

/// Generations, oldest first.
#[derive(Clone, Default)]
pub(crate) struct Fresh(pub(crate) Vec<Arc<Generation>>);

impl Fresh {
    /// Now.
    pub(crate) fn since(&self) -> Option<Since> {
        self.0.last().map(|generation| Since(Arc::downgrade(generation)))
    }

    /// Whether a row came after a moment at which it was not there; none if that cannot be told from what is in memory.
    pub(crate) fn came(&self, since: &Since, family: Family, key: &[u8]) -> Option<bool> {
        // The address is not given to another while there is a weak reference.
        let at = self.0.iter().position(|g| std::ptr::eq(Arc::as_ptr(g), since.0.as_ptr()))?;
        Some(self.0.iter().skip(at).any(|generation| generation.holds(family, key)))
    }

    /// The row of a key: the youngest of these, or the one below.
    pub(crate) fn bytes_over<R: Rows + ?Sized>(
        &self,
        below: &R,
        family: Family,
        key: &[u8],
    ) -> Result<Option<Vec<u8>>, Error> {
        match self.0.iter().rev().find_map(|generation| generation.row(family, key)) {
            Some(found) => Ok(Some(found)),
            None => below.bytes(family, key),
        }
    }

    /// Lends the rows of several keys: the youngest of these, or those below.
    pub(crate) fn each_over(
        &self,
        below: &dyn Look,
        family: Family,
        keys: &[&[u8]],
        take: &mut Take<'_>,
    ) -> Result<(), Error> {
        let (mut rest, mut places) = (Vec::new(), Vec::new());
        for (at, key) in keys.iter().enumerate() {
            match self.0.iter().rev().find_map(|generation| generation.lend(family, key)) {
                Some((blob, span)) => take(at, blob.value(span))?,
                None => {
                    rest.push(*key);
                    places.push(at);
                }
            }
        }
        below.each(family, &rest, &mut |at, row| take(places.get(at).copied().unwrap_or_default(), row))
    }

    /// The last row at or before a key, of these and those below, in a family that is kept in order.
    pub(crate) fn last_over<R: Ordered + ?Sized>(
        &self,
        below: &R,
        family: Family,
        key: &[u8],
    ) -> Result<Option<KeyValue>, Error> {
        let fresh = self.0.iter().filter_map(|g| g.at_or_before(family, key));
        Ok(fresh.chain(below.at_or_before(family, key)?).max_by(|a, b| a.0.cmp(&b.0)))
    }

    /// These rows over those of the store below, in order of keys.
    pub(crate) fn over<'a>(&self, family: Family, from: &[u8], within: bool, below: Scan<'a>) -> Scan<'a> {
        let fresh: Box<dyn Iterator<Item = KeyValue>> = if family == Family::Records || by_key(family) {
            let rows = self.0.iter().flat_map(|g| g.unordered(family, from, within));
            let mut rows: Vec<KeyValue> = rows.collect();
            // A row of these is in one generation.
            rows.sort_unstable_by(|a, b| a.0.cmp(&b.0));
            Box::new(rows.into_iter())
        } else {
            Box::new(self.rising(family, from, within))
        };
        Box::new(Merged { fresh: fresh.peekable(), below: below.peekable() })
    }

    /// Rows of a family that is kept in order, one at a time as they are asked for: a reader may want few of many.
    fn rising(&self, family: Family, from: &[u8], within: bool) -> impl Iterator<Item = KeyValue> + use<> {
        let (generations, from) = (self.0.clone(), Box::<[u8]>::from(from));
        let mut last: Option<Box<[u8]>> = None;
        std::iter::from_fn(move || {
            let bound = last.as_deref().map_or(Bound::Included(&*from), Bound::Excluded);
            // Of equal keys the youngest generation's row is the first of the least.
            let rows = generations.iter().rev().filter_map(|g| g.first(family, bound));
            let row = rows.min_by(|a, b| a.0.cmp(&b.0))?;
            last = Some(row.0.clone());
            (!within || row.0.get(..8) == from.get(..8)).then_some(row)
        })
    }
}

struct Merged<'a> {
    fresh: std::iter::Peekable<Box<dyn Iterator<Item = KeyValue>>>,
    below: std::iter::Peekable<Scan<'a>>,
}

impl Iterator for Merged<'_> {
    type Item = Result<KeyValue, Error>;
    fn next(&mut self) -> Option<Self::Item> {
        let order = match (self.fresh.peek(), self.below.peek()) {
            (Some(fresh), Some(Ok(below))) => fresh.0.cmp(&below.0),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, _) | (_, Some(Err(_))) => return self.below.next(),
        };
        if order == std::cmp::Ordering::Equal {
            self.below.next();
        }
        if order == std::cmp::Ordering::Greater { self.below.next() } else { self.fresh.next().map(Ok) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::Number;

    fn blob(id: u8) -> Arc<Blob> {
        let mut blob = Blob::default();
        blob.put(&[id; 32], &Number(u64::from(id))).unwrap();
        Arc::new(blob)
    }

    #[test]
    fn what_came_since_a_moment_is_told_as_long_as_it_lies_on_top() {
        let mut fresh = Fresh(vec![Arc::new(Generation::default())]);
        fresh.0[0].add(blob(1), 1).unwrap();
        let since = fresh.since().unwrap();
        let came = |fresh: &Fresh, id: u8| fresh.came(&since, Family::Ids, &[id; 32]);
        assert_eq!(came(&fresh, 2), Some(false));
        fresh.0[0].add(blob(2), 2).unwrap();
        fresh.0.push(Arc::new(Generation::default()));
        fresh.0[1].add(blob(3), 3).unwrap();
        assert_eq!([2, 3, 4].map(|id| came(&fresh, id)), [Some(true), Some(true), Some(false)]);
        // What a moment is kept of does not keep the rows.
        let old = fresh.0.remove(0);
        assert_eq!(came(&fresh, 3), None, "the store has to be asked");
        assert_eq!(Arc::try_unwrap(old).map(|g| g.into_blobs().len()).ok(), Some(2));
        assert_eq!(came(&Fresh(vec![Arc::new(Generation::default())]), 3), None);
    }
}
