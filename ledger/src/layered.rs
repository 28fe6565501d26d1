//! What a reader sees: one moment of the store, and the rows that lay on top of it then.

use crate::error::Error;
use crate::fresh::Fresh;
use crate::schema::Family;
use crate::store::{Disk, KeyValue, Look, Ordered, Rows, Scan, Take};

/// One moment of the store with the rows on top of it. Of accounts it has records, not heads.
pub(crate) struct Layered<'c> {
    look: Box<dyn Look + 'c>,
    fresh: Fresh,
}

impl<'c> Layered<'c> {
    /// The moment of a store that nothing lies on top of.
    pub(crate) fn bare(disk: &'c dyn Disk) -> Self {
        Self { look: disk.look(), fresh: Fresh::default() }
    }

    /// A store with rows on top.
    pub(crate) fn new(disk: &'c dyn Disk, fresh: &Fresh) -> Self {
        Self { look: disk.look(), fresh: fresh.clone() }
    }
}

impl Rows for Layered<'_> {
    fn bytes(&self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.fresh.bytes_over(&*self.look, family, key)
    }
}

impl Ordered for Layered<'_> {
    fn at_or_before(&self, family: Family, key: &[u8]) -> Result<Option<KeyValue>, Error> {
        self.fresh.last_over(&*self.look, family, key)
    }
}

impl Look for Layered<'_> {
    fn scan(&self, family: Family, from: &[u8], within: bool) -> Result<Scan<'_>, Error> {
        Ok(self.fresh.over(family, from, within, self.look.scan(family, from, within)?))
    }

    fn each(&self, family: Family, keys: &[&[u8]], take: &mut Take<'_>) -> Result<(), Error> {
        self.fresh.each_over(&*self.look, family, keys, take)
    }
}
