//! The only file that names RocksDB.
//!
//! 1. A commit is one write batch over all families, synced before [`Store::write`] returns: after a crash it is there whole or not at all.
//! 2. Reads go through a [`Snapshot`]: one moment of the store, untouched by commits after it.
//! 3. Recovery of the write-ahead log tolerates a torn last batch (it was never acknowledged) and refuses damage before it: a ledger
//!    that silently fell back behind a checkpoint it has signed would sign a fork.

use std::path::Path;

use rocksdb::checkpoint::Checkpoint;
use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamily, ColumnFamilyDescriptor, DB, DBCompressionType, DBRecoveryMode,
    Direction, IteratorMode, Options, ReadOptions, WriteBatch, WriteOptions,
};

use crate::error::Error;
use crate::schema::{Family, Row, Stored, decode, place};

/// Memory for blocks of rows that were read, in bytes, shared by all families.
const CACHE: usize = 256 << 20;
/// Memory for rows not yet in a file, in bytes, per family.
const WRITE_BUFFER: usize = 64 << 20;

/// Rows by key: a snapshot, or what replays one.
pub(crate) trait Rows {
    /// The bytes of a row.
    fn bytes(&self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>, Error>;

    /// The rows of several keys of one family; the keys are in order, and so are the rows.
    fn many(&self, family: Family, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, Error> {
        keys.iter().map(|key| self.bytes(family, key)).collect()
    }

    /// A row.
    fn row<R: Row>(&self, key: &[u8]) -> Result<Option<R>, Error> {
        self.bytes(R::FAMILY, key)?.map(|bytes| decode(key, &bytes)).transpose()
    }

    /// A row that must be there because another names it.
    fn must<R: Row>(&self, key: &[u8]) -> Result<R, Error> {
        self.row(key)?.ok_or_else(|| Error::Corrupt(format!("{} is missing", place(R::FAMILY, key))))
    }
}

/// The store of one ledger.
pub(crate) struct Store {
    db: DB,
}

fn options() -> Options {
    let mut options = Options::default();
    options.set_wal_recovery_mode(DBRecoveryMode::TolerateCorruptedTailRecords);
    options.set_max_background_jobs(4);
    options.set_bytes_per_sync(1 << 20);
    options.set_max_total_wal_size(1 << 30);
    options.set_keep_log_file_num(4);
    options
}

fn families() -> Vec<ColumnFamilyDescriptor> {
    let cache = Cache::new_lru_cache(CACHE);
    let describe = |family: Family| {
        let mut table = BlockBasedOptions::default();
        table.set_block_cache(&cache);
        table.set_bloom_filter(10.0, false);
        table.set_cache_index_and_filter_blocks(true);
        table.set_pin_l0_filter_and_index_blocks_in_cache(true);
        table.set_format_version(5);
        let mut options = Options::default();
        options.set_block_based_table_factory(&table);
        options.set_write_buffer_size(WRITE_BUFFER);
        options.set_compression_type(match family {
            // Hashes alone do not compress.
            Family::Nodes | Family::PostingIds | Family::References | Family::Ids => DBCompressionType::None,
            _ => DBCompressionType::Lz4,
        });
        options.set_level_compaction_dynamic_level_bytes(true);
        ColumnFamilyDescriptor::new(family.name(), options)
    };
    Family::ALL.into_iter().map(describe).collect()
}

fn failed(what: &str, e: &rocksdb::Error) -> Error {
    Error::Corrupt(format!("{what}: {e}"))
}

impl Store {
    /// Makes a store, or opens one that was begun.
    pub(crate) fn create(dir: &Path) -> Result<Self, Error> {
        Self::open_with(dir, true)
    }

    /// Opens a store that is there. Nobody else can while it is open.
    pub(crate) fn open(dir: &Path) -> Result<Self, Error> {
        if !Self::exists(dir) {
            return Err(Error::Setup(format!("there is no ledger in {}", dir.display())));
        }
        Self::open_with(dir, false)
    }

    /// Opens a store that is there without writing to it: for looking at a copy that nobody uses.
    pub(crate) fn open_read_only(dir: &Path) -> Result<Self, Error> {
        if !Self::exists(dir) {
            return Err(Error::Setup(format!("there is no ledger in {}", dir.display())));
        }
        DB::open_cf_descriptors_read_only(&options(), dir, families(), false)
            .map(|db| Self { db })
            .map_err(|e| failed(&format!("{} does not open", dir.display()), &e))
    }

    /// Copies the store, as it is at some moment of this call, to a directory that must not be there yet. Files that never change are
    /// linked where the file system can.
    pub(crate) fn checkpoint(&self, to: &Path) -> Result<(), Error> {
        let made = Checkpoint::new(&self.db).and_then(|checkpoint| checkpoint.create_checkpoint(to));
        made.map_err(|e| Error::Setup(format!("no copy is made in {}: {e}", to.display())))
    }

    fn open_with(dir: &Path, create: bool) -> Result<Self, Error> {
        let mut options = options();
        options.create_if_missing(create);
        options.create_missing_column_families(create);
        let opened = DB::open_cf_descriptors(&options, dir, families());
        opened.map(|db| Self { db }).map_err(|e| {
            if e.to_string().contains("/LOCK") {
                Error::Setup(format!("another peald is using {}", dir.display()))
            } else {
                failed(&format!("{} does not open", dir.display()), &e)
            }
        })
    }

    /// Whether a store is there.
    fn exists(dir: &Path) -> bool {
        dir.join("CURRENT").exists()
    }

    fn family(&self, family: Family) -> Result<&ColumnFamily, Error> {
        self.db
            .cf_handle(family.name())
            .ok_or_else(|| Error::Corrupt(format!("the store has no family {}", family.name())))
    }

    /// Writes rows in one batch and returns when it is durable.
    ///
    /// # Errors
    /// The batch may or may not be there after the store is opened again; nobody can tell before.
    pub(crate) fn write(&self, rows: &[Stored]) -> Result<(), Error> {
        let mut batch = WriteBatch::default();
        for (family, key, value) in rows {
            batch.put_cf(self.family(*family)?, key, value);
        }
        let mut options = WriteOptions::default();
        options.set_sync(true);
        self.db.write_opt(batch, &options).map_err(|e| failed("a commit was not written", &e))
    }

    /// One moment of the store.
    pub(crate) fn snapshot(&self) -> Snapshot<'_> {
        Snapshot { store: self, snapshot: self.db.snapshot() }
    }
}

impl Rows for Store {
    fn bytes(&self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        let found = self.db.get_cf(self.family(family)?, key);
        found.map_err(|e| failed(&place(family, key), &e))
    }

    fn many(&self, family: Family, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, Error> {
        let found = self.db.batched_multi_get_cf(self.family(family)?, keys, true);
        let rows = found.into_iter().zip(keys).map(|(row, key)| match row {
            Ok(row) => Ok(row.map(|bytes| bytes.to_vec())),
            Err(e) => Err(failed(&place(family, key), &e)),
        });
        rows.collect()
    }
}

/// One moment of the store.
pub(crate) struct Snapshot<'s> {
    store: &'s Store,
    snapshot: rocksdb::Snapshot<'s>,
}

/// A row's key and value.
pub(crate) type KeyValue = (Box<[u8]>, Box<[u8]>);

impl<'s> Snapshot<'s> {
    fn walk<'a>(
        &'a self,
        family: Family,
        mode: IteratorMode<'_>,
    ) -> Result<impl Iterator<Item = Result<KeyValue, Error>> + use<'a, 's>, Error> {
        let options = ReadOptions::default();
        let rows = self.snapshot.iterator_cf_opt(self.store.family(family)?, options, mode);
        Ok(rows.map(move |row| row.map_err(|e| failed(family.name(), &e))))
    }

    /// Rows in order, from a key on.
    pub(crate) fn scan<'a>(
        &'a self,
        family: Family,
        from: &[u8],
    ) -> Result<impl Iterator<Item = Result<KeyValue, Error>> + use<'a, 's>, Error> {
        self.walk(family, IteratorMode::From(from, Direction::Forward))
    }

    /// The last row at or before a key.
    pub(crate) fn at_or_before(&self, family: Family, key: &[u8]) -> Result<Option<KeyValue>, Error> {
        self.walk(family, IteratorMode::From(key, Direction::Reverse))?.next().transpose()
    }
}

impl Rows for Snapshot<'_> {
    fn bytes(&self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        let found = self.snapshot.get_cf(self.store.family(family)?, key);
        found.map_err(|e| failed(&place(family, key), &e))
    }
}
