//! The seam between the ledger and what keeps its rows: a few operations, each with its promise.
//!
//! 1. [`Disk::commit`] is the one write on a statement's way: a batch that is durable, and there whole or not at all.
//! 2. [`Disk::add`] takes rows that can be made again from the journal, sorted, a family at a time; durable on return.
//! 3. [`Disk::forget`] drops rows that are no longer needed; it may leave some.
//! 4. [`Disk::look`] is one moment of it all, untouched by what is written after.
//!
//! `rocks` keeps them in RocksDB. `faulty` keeps them in memory, for tests, and fails where it is told to. Both pass the same tests (`conformance`).

use std::borrow::Cow;
use std::path::Path;

use crate::error::Error;
use crate::schema::{Family, Row, decode, place};

#[cfg(test)]
mod conformance;
#[cfg(test)]
pub(crate) mod faulty;
mod manifest;
mod rocks;

pub(crate) use rocks::Rocks;

/// A row's key and value.
pub(crate) type KeyValue = (Box<[u8]>, Box<[u8]>);
/// Rows of one family, in the order of their keys.
pub(crate) type Scan<'a> = Box<dyn Iterator<Item = Result<KeyValue, Error>> + 'a>;
/// Key and value of a row that is added in its place.
pub(crate) type Sorted<'a> = (Vec<u8>, Cow<'a, [u8]>);
/// A row to be written: family, key and value.
pub(crate) type Put<'a> = (Family, &'a [u8], &'a [u8]);

/// What is done with a row that is lent.
pub(crate) type Take<'t> = dyn FnMut(usize, &[u8]) -> Result<(), Error> + 't;

/// What can be read: a store as it is, one moment of it, or what lies on top.
pub(crate) trait Rows {
    /// The bytes of a row.
    fn bytes(&self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>, Error>;
}

/// Reading rows as what they are.
pub(crate) trait RowsExt: Rows {
    /// A row.
    fn row<R: Row>(&self, key: &[u8]) -> Result<Option<R>, Error> {
        self.bytes(R::FAMILY, key)?.map(|bytes| decode(key, &bytes)).transpose()
    }

    /// A row that must be there because another names it.
    fn must<R: Row>(&self, key: &[u8]) -> Result<R, Error> {
        self.row(key)?.ok_or_else(|| missing(R::FAMILY, key))
    }
}

/// What is wrong when a row is not there that must be.
pub(crate) fn missing(family: Family, key: &[u8]) -> Error {
    Error::Corrupt(format!("{} is missing", place(family, key)))
}

impl<T: Rows + ?Sized> RowsExt for T {}

/// Rows that can be found by their order.
pub(crate) trait Ordered: Rows {
    /// The last row at or before a key.
    fn at_or_before(&self, family: Family, key: &[u8]) -> Result<Option<KeyValue>, Error>;
}

/// One moment of a store.
pub(crate) trait Look: Ordered {
    /// Rows in order, from a key on; with `within`, only those whose first eight bytes are the key's.
    fn scan(&self, family: Family, from: &[u8], within: bool) -> Result<Scan<'_>, Error>;

    /// Lends the rows of several keys of one family to `take`, each with its key's place among `keys`, in any order. The keys are in order.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if one is missing; the first error of `take` ends it.
    fn each(&self, family: Family, keys: &[&[u8]], take: &mut Take<'_>) -> Result<(), Error> {
        for (at, key) in keys.iter().enumerate() {
            take(at, &self.bytes(family, key)?.ok_or_else(|| missing(family, key))?)?;
        }
        Ok(())
    }
}

/// What keeps the rows of one ledger.
pub(crate) trait Disk: Rows + Send + Sync {
    /// Writes rows in one batch and returns when it is durable.
    ///
    /// # Errors
    /// The batch may or may not be there after the store is opened again; nobody can tell before.
    fn commit(&self, rows: &[Put<'_>]) -> Result<(), Error>;

    /// Adds rows of one family, sorted by key, and returns when they are durable. Later rows stand over earlier ones of the same key.
    ///
    /// # Errors
    /// The rows of this call may or may not be there. The first error of `rows` ends it.
    fn add<'a>(
        &self,
        family: Family,
        rows: &mut dyn Iterator<Item = Result<Sorted<'a>, Error>>,
    ) -> Result<(), Error>;

    /// Drops rows of a family below a key, as far as that is cheap; a look that was taken before may miss them too.
    ///
    /// # Errors
    /// Some of the rows may be gone.
    fn forget(&self, family: Family, below: &[u8]) -> Result<(), Error>;

    /// Rewrites what is stored, so that no file holds anything of records that were written anew, or of the journal below a key.
    ///
    /// # Errors
    /// Some of the files may be as they were.
    fn purge(&self, journal: &[u8]) -> Result<(), Error>;

    /// The rows of several keys of one family; the keys are in order, and so are the rows.
    ///
    /// # Errors
    /// As for one row.
    fn many(&self, family: Family, keys: &[[u8; 8]]) -> Result<Vec<Option<Vec<u8>>>, Error> {
        keys.iter().map(|key| self.bytes(family, key)).collect()
    }

    /// One moment of the store.
    fn look(&self) -> Box<dyn Look + '_>;

    /// Makes a copy of the store in a folder that is not there yet.
    ///
    /// # Errors
    /// The folder may be there in part.
    fn copy_to(&self, folder: &Path) -> Result<(), Error>;
}
