//! The only file that names RocksDB.
//!
//! 1. A commit is one write batch, synced before [`Disk::commit`] returns: after a crash it is there whole or not at all. It holds little but
//!    one row of the journal, whose keys only grow, so that nothing has to be sorted on a statement's way.
//! 2. Sorted rows come as finished files ([`Disk::add`]), past the write-ahead log and the memory tables.
//! 3. Files of one family are merged lazily (universal compaction): a row is written again once for every tenfold growth or so, and a
//!    read looks into a dozen files at most.
//! 4. Recovery of the write-ahead log tolerates a torn last batch (it was never acknowledged) and refuses damage before it: a ledger
//!    that silently fell back behind a checkpoint it has signed would sign a fork.
//! 5. A log that was cut, or is gone, looks to RocksDB like a torn end. So a small file beside it, `reached`, says after each commit how far
//!    the store has come; a store that opens with less is refused. The file is not synced: after the power fails it may say less than there
//!    is, never more. Without it (a copy has none) nothing is compared, and a cut shows to whoever holds a later receipt or checkpoint.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rocksdb::checkpoint::Checkpoint;
use rocksdb::{
    BlockBasedOptions, BottommostLevelCompaction, Cache, ColumnFamily, ColumnFamilyDescriptor,
    CompactOptions, DB, DBCompactionStyle, DBCompressionType, DBRecoveryMode, Direction,
    IngestExternalFileOptions, IteratorMode, Options, ReadOptions, SliceTransform, SstFileWriter,
    UniversalCompactOptions, WriteBatch, WriteOptions,
};

use super::{Disk, KeyValue, Look, Ordered, Put, Rows, Scan, Sorted, Take, manifest, missing};
use crate::error::Error;
use crate::schema::{Family, place};

/// Memory for blocks of rows that were read, in bytes, shared by all families.
const CACHE: usize = 64 << 20;
/// Memory for rows not yet in a file, in bytes, per family: only the journal fills it.
const WRITE_BUFFER: usize = 16 << 20;
/// What a row, or the start of a batch, takes in a batch beside key and value: at most.
const ROW: usize = 32;
/// Rows that are asked for at once, and held where they stand until they are read.
const LENT: usize = 64;
/// Bytes that are read at once when a whole family is gone through.
const READ_AHEAD: usize = 2 << 20;
/// How many files of a family wait to be merged before [`Disk::add`] waits for the merging.
const MANY_FILES: u64 = 40;

/// Families whose files hold what may be erased.
const MERGED: [Family; 2] = [Family::Records, Family::Journal];
/// How long a purge waits for readers of what was there before.
const READERS: Duration = Duration::from_secs(60);

/// The store of one ledger.
pub(crate) struct Rocks {
    db: DB,
    /// For each family, what its files are written with.
    options: Vec<Options>,
    /// Where files are made before they are taken in.
    incoming: PathBuf,
    made: AtomicU64,
    reached: Option<Mutex<File>>,
}

fn options() -> Options {
    let mut options = Options::default();
    options.set_wal_recovery_mode(DBRecoveryMode::TolerateCorruptedTailRecords);
    // A large merge takes long: others go on beside it.
    options.set_max_background_jobs(6);
    options.set_bytes_per_sync(1 << 20);
    options.set_wal_bytes_per_sync(1 << 20);
    options.set_track_and_verify_wals_in_manifest(true);
    options.set_max_total_wal_size(256 << 20);
    options.set_keep_log_file_num(4);
    options.set_max_open_files(512);
    options
}

/// How the rows of a family are kept.
fn family_options(family: Family, cache: &Cache) -> Options {
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(cache);
    table.set_cache_index_and_filter_blocks(true);
    table.set_pin_l0_filter_and_index_blocks_in_cache(false);
    table.set_format_version(5);
    table.set_block_size(match family {
        Family::Records | Family::Blocks => 16 << 10,
        // A part of 256 statements has a block of its own.
        Family::Postings => 8 << 10,
        _ => 4 << 10,
    });
    let mut options = Options::default();
    if family != Family::Journal {
        table.set_bloom_filter(10.0, false);
    }
    if matches!(family, Family::Records | Family::Entries) {
        // Whether a file holds anything of an account, not whether it holds that very row.
        options.set_prefix_extractor(SliceTransform::create_fixed_prefix(8));
        table.set_whole_key_filtering(false);
    }
    options.set_block_based_table_factory(&table);
    options.set_write_buffer_size(WRITE_BUFFER);
    options.set_compression_type(match family {
        Family::Records | Family::Entries => DBCompressionType::Lz4,
        // Hashes do not compress.
        _ => DBCompressionType::None,
    });
    let mut universal = UniversalCompactOptions::default();
    match family {
        // Its keys only grow, so that its files are moved as they are to a level from which whole files can be dropped (`forget`).
        Family::Journal => options.set_level_zero_file_num_compaction_trigger(1),
        // Heads are written anew again and again: old ones are dropped when they take three times as much room as the current ones.
        Family::Heads | Family::Leaves => {
            options.set_compaction_style(DBCompactionStyle::Universal);
            options.set_level_zero_file_num_compaction_trigger(5);
            universal.set_min_merge_width(5);
            universal.set_max_size_amplification_percent(300);
        }
        _ => {
            options.set_compaction_style(DBCompactionStyle::Universal);
            options.set_level_zero_file_num_compaction_trigger(12);
            universal.set_min_merge_width(8);
            universal.set_size_ratio(20);
            // What will be merged again before long is not worth compressing.
            universal.set_compression_size_percent(70);
            // Rows are never overwritten: there is nothing to be gained by merging all.
            universal.set_max_size_amplification_percent(i32::MAX);
        }
    }
    options.set_universal_compaction_options(&universal);
    options.set_level_zero_slowdown_writes_trigger(1000);
    options.set_level_zero_stop_writes_trigger(2000);
    options
}

/// What the families are opened with, and what files of each are written with.
fn families() -> (Vec<ColumnFamilyDescriptor>, Vec<Options>) {
    let cache = Cache::new_lru_cache(CACHE);
    let mut options: Vec<Options> = Family::ALL.iter().map(|f| family_options(*f, &cache)).collect();
    let named = Family::ALL.iter().zip(&options);
    let families = named.map(|(f, options)| ColumnFamilyDescriptor::new(f.name(), options.clone())).collect();
    // Merging compresses; what is merged soon is not compressed before.
    options.iter_mut().for_each(|options| options.set_compression_type(DBCompressionType::None));
    (families, options)
}

/// The last key of the same length before a key; none before the first.
fn before(key: &[u8]) -> Option<Vec<u8>> {
    let mut key = key.to_vec();
    for byte in key.iter_mut().rev() {
        let (less, borrow) = byte.overflowing_sub(1);
        *byte = less;
        if !borrow {
            return Some(key);
        }
    }
    None
}

fn failed(what: &str, e: &rocksdb::Error) -> Error {
    Error::Corrupt(format!("{what}: {e}"))
}

/// What to do about a store that does not open. Of a damaged log RocksDB does not say which it is.
fn does_not_open(dir: &Path, e: &rocksdb::Error) -> Error {
    let dir_name = dir.display();
    let mut logs: Vec<String> = std::fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .map(|file| file.file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".log"))
        .collect();
    logs.sort_unstable();
    let text = e.to_string();
    let named = [".sst", "MANIFEST", "CURRENT", ".log"].iter().any(|kind| text.contains(kind));
    let which = if named { String::new() } else { format!(" (in one of {})", logs.join(", ")) };
    Error::Corrupt(format!(
        "{dir_name} does not open: {text}{which}; a file is not as it was written. Keep the folder as it is ({dir_name}/LOG may say more), \
         open the last copy instead, and have what came after it sent again"
    ))
}

/// Opens the file that says how far a store has come, and compares.
fn reached(dir: &Path, number: u64) -> Result<File, Error> {
    let path = dir.join("reached");
    let file = File::options().read(true).write(true).create(true).truncate(false).open(&path);
    let mut file = file.map_err(|e| io("cannot open", &path, &e))?;
    let mut stored = [[0; 8]; 2];
    // A file that is not whole says nothing.
    let whole = file.read_exact(stored.as_flattened_mut()).is_ok();
    let [before, check] = stored.map(u64::from_le_bytes);
    if whole && before == !check && before > number {
        return Err(Error::Corrupt(format!(
            "journal: {} is cut: it ends at write {number}, and write {before} was durable. Commits that were answered are missing: open the \
             last copy instead, and have what came after it sent again",
            dir.display()
        )));
    }
    Ok(file)
}

fn io(what: &str, path: &Path, e: &std::io::Error) -> Error {
    Error::Corrupt(format!("{what} {}: {e}", path.display()))
}

impl Rocks {
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

    /// Names of the files that hold what may be erased.
    fn files(&self) -> Result<BTreeSet<String>, Error> {
        let files = self.db.live_files().map_err(|e| failed("its files are not known", &e))?;
        let of = |file: &rocksdb::LiveFile| MERGED.iter().any(|f| f.name() == file.column_family_name);
        Ok(files.into_iter().filter(of).map(|file| file.name).collect())
    }

    /// Waits until nobody looks at the store as it was before now: what somebody looks at is kept when files are merged.
    fn wait_for_readers(&self) -> Result<(), Error> {
        let now = self.db.latest_sequence_number();
        let end = Instant::now() + READERS;
        loop {
            let oldest = self.db.property_int_value("rocksdb.oldest-snapshot-sequence");
            let oldest = oldest.map_err(|e| failed("its readers are not known", &e))?.unwrap_or_default();
            if oldest == 0 || oldest >= now {
                return Ok(());
            }
            if Instant::now() > end {
                return Err(Error::Setup(
                    "something still reads what was there before: try again when it is done".into(),
                ));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Opens a store that is there without writing to it: for looking at a copy that nobody uses.
    pub(crate) fn open_read_only(dir: &Path) -> Result<Self, Error> {
        if !Self::exists(dir) {
            return Err(Error::Setup(format!("there is no ledger in {}", dir.display())));
        }
        manifest::check(dir)?;
        let (families, options) = families();
        let db = DB::open_cf_descriptors_read_only(&self::options(), dir, families, false);
        let db = db.map_err(|e| failed(&format!("{} does not open", dir.display()), &e))?;
        Ok(Self { db, options, incoming: PathBuf::new(), made: AtomicU64::new(0), reached: None })
    }

    fn open_with(dir: &Path, create: bool) -> Result<Self, Error> {
        let mut whole = options();
        manifest::check(dir)?;
        whole.create_if_missing(create);
        whole.create_missing_column_families(create);
        let (families, options) = families();
        let db = DB::open_cf_descriptors(&whole, dir, families).map_err(|e| {
            if e.to_string().contains("/LOCK") {
                Error::Setup(format!("another peald is using {}", dir.display()))
            } else if e.to_string().contains("Column famil") {
                Error::Setup(format!(
                    "the store in {} was made by another version of this program",
                    dir.display()
                ))
            } else {
                does_not_open(dir, &e)
            }
        })?;
        let incoming = dir.join("incoming");
        // What a crash left there was not taken in: it is made again.
        let _ = std::fs::remove_dir_all(&incoming);
        std::fs::create_dir_all(&incoming).map_err(|e| io("cannot make", &incoming, &e))?;
        let reached = Some(Mutex::new(reached(dir, db.latest_sequence_number())?));
        Ok(Self { db, options, incoming, made: AtomicU64::new(0), reached })
    }

    /// Notes how far the store has come.
    fn note(&self) {
        let Some(file) = &self.reached else { return };
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        let number = self.db.latest_sequence_number();
        let (number, check) = (number.to_le_bytes(), (!number).to_le_bytes());
        // What is durable is durable without it.
        let _ = file.seek(SeekFrom::Start(0)).and_then(|_| file.write_all(&[number, check].concat()));
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

    /// Waits until merging has caught up with what was added.
    fn wait_for_merging(&self, family: Family) -> Result<(), Error> {
        for _ in 0..6000 {
            let files = self.db.property_int_value_cf(self.family(family)?, "rocksdb.num-files-at-level0");
            match files {
                Ok(Some(files)) if files > MANY_FILES => std::thread::sleep(Duration::from_millis(10)),
                _ => return Ok(()),
            }
        }
        Ok(())
    }
}

impl Rows for Rocks {
    fn bytes(&self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        let found = self.db.get_cf(self.family(family)?, key);
        found.map_err(|e| failed(&place(family, key), &e))
    }
}

impl Disk for Rocks {
    fn commit(&self, rows: &[Put<'_>]) -> Result<(), Error> {
        // What it grows out of is copied.
        let bytes = rows.iter().map(|(_, key, value)| key.len() + value.len() + ROW).sum::<usize>() + ROW;
        let mut batch = WriteBatch::with_capacity_bytes(bytes);
        for (family, key, value) in rows {
            batch.put_cf(self.family(*family)?, key, value);
        }
        let mut options = WriteOptions::default();
        options.set_sync(true);
        self.db.write_opt(batch, &options).map_err(|e| failed("a commit was not written", &e))?;
        self.note();
        Ok(())
    }

    fn add<'a>(
        &self,
        family: Family,
        rows: &mut dyn Iterator<Item = Result<Sorted<'a>, Error>>,
    ) -> Result<(), Error> {
        self.wait_for_merging(family)?;
        let mut rows = rows.peekable();
        if rows.peek().is_none() {
            return Ok(());
        }
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let path = self.incoming.join(format!("{}-{number}.sst", family.name()));
        let options = self.options.get(family as usize).ok_or_else(|| Error::Bug("no options".into()))?;
        let bad = |e: rocksdb::Error| failed(&format!("rows of {} were not written", family.name()), &e);
        let mut writer = SstFileWriter::create(options);
        writer.open(&path).map_err(bad)?;
        for row in rows {
            let (key, value) = row?;
            writer.put(key, value).map_err(bad)?;
        }
        writer.finish().map_err(bad)?;
        drop(writer);
        let mut options = IngestExternalFileOptions::default();
        options.set_move_files(true);
        self.db.ingest_external_file_cf_opts(self.family(family)?, &options, vec![&path]).map_err(bad)?;
        let _ = std::fs::remove_file(&path);
        Ok(())
    }

    fn forget(&self, family: Family, below: &[u8]) -> Result<(), Error> {
        let Some(last) = before(below) else { return Ok(()) };
        // RocksDB drops a file whose last row is the end of the range, too.
        let gone = self.db.delete_file_in_range_cf(self.family(family)?, &[][..], &last[..]);
        gone.map_err(|e| failed(&format!("old rows of {} were not dropped", family.name()), &e))
    }

    fn many(&self, family: Family, keys: &[[u8; 8]]) -> Result<Vec<Option<Vec<u8>>>, Error> {
        let found = self.db.batched_multi_get_cf(self.family(family)?, keys, true);
        let rows = found.into_iter().zip(keys).map(|(row, key)| match row {
            Ok(row) => Ok(row.map(|bytes| bytes.to_vec())),
            Err(e) => Err(failed(&place(family, key), &e)),
        });
        rows.collect()
    }

    fn look(&self) -> Box<dyn Look + '_> {
        Box::new(Moment { store: self, snapshot: self.db.snapshot() })
    }

    fn purge(&self, journal: &[u8]) -> Result<(), Error> {
        let mut batch = WriteBatch::default();
        batch.delete_range_cf(self.family(Family::Journal)?, &[][..], journal);
        let dropped = self.db.write(batch);
        dropped.map_err(|e| failed("old rows of journal were not dropped", &e))?;
        // Whoever begins to read from here on sees neither them nor contents that were wiped.
        self.wait_for_readers()?;
        // Of what is in memory nothing stays in the write-ahead log when it is in files.
        for family in Family::ALL {
            let flushed = self.db.flush_cf(self.family(family)?);
            flushed.map_err(|e| failed(&format!("{} was not written", family.name()), &e))?;
        }
        let before = self.files()?;
        let mut options = CompactOptions::default();
        options.set_bottommost_level_compaction(BottommostLevelCompaction::Force);
        for family in MERGED {
            self.db.compact_range_cf_opt(self.family(family)?, None::<&[u8]>, None::<&[u8]>, &options);
        }
        // It does not say whether it did it.
        match self.files()?.intersection(&before).next() {
            None => Ok(()),
            Some(name) => Err(Error::Setup(format!(
                "{name} was not rewritten, and may hold what was erased: make room on the disk, and try again"
            ))),
        }
    }

    fn copy_to(&self, folder: &Path) -> Result<(), Error> {
        let made = Checkpoint::new(&self.db).and_then(|c| c.create_checkpoint(folder));
        made.map_err(|e| failed(&format!("no copy was made in {}", folder.display()), &e))
    }
}

/// One moment of the store.
struct Moment<'s> {
    store: &'s Rocks,
    snapshot: rocksdb::Snapshot<'s>,
}

impl Moment<'_> {
    fn walk(
        &self,
        family: Family,
        mode: IteratorMode<'_>,
        within: bool,
        mut options: ReadOptions,
    ) -> Result<Scan<'_>, Error> {
        options.set_total_order_seek(!within);
        options.set_prefix_same_as_start(within);
        let rows = self.snapshot.iterator_cf_opt(self.store.family(family)?, options, mode);
        Ok(Box::new(rows.map(move |row| row.map_err(|e| failed(family.name(), &e)))))
    }
}

impl Rows for Moment<'_> {
    fn bytes(&self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        let found = self.snapshot.get_cf(self.store.family(family)?, key);
        found.map_err(|e| failed(&place(family, key), &e))
    }
}

impl Ordered for Moment<'_> {
    fn at_or_before(&self, family: Family, key: &[u8]) -> Result<Option<KeyValue>, Error> {
        let mode = IteratorMode::From(key, Direction::Reverse);
        self.walk(family, mode, false, ReadOptions::default())?.next().transpose()
    }
}

impl Look for Moment<'_> {
    fn scan(&self, family: Family, from: &[u8], within: bool) -> Result<Scan<'_>, Error> {
        let mut options = ReadOptions::default();
        if from.is_empty() {
            // All of it: in large pieces, and past the cache.
            options.set_readahead_size(READ_AHEAD);
            options.fill_cache(false);
        }
        let rows = self.walk(family, IteratorMode::From(from, Direction::Forward), within, options)?;
        let prefix = from.get(..8).filter(|_| within).map(<[u8]>::to_vec);
        // RocksDB knows prefixes of two families only.
        Ok(Box::new(rows.take_while(move |row| match (row, &prefix) {
            (Ok((key, _)), Some(prefix)) => key.starts_with(prefix),
            _ => true,
        })))
    }

    fn each(&self, family: Family, keys: &[&[u8]], take: &mut Take<'_>) -> Result<(), Error> {
        let column = self.store.family(family)?;
        let mut options = ReadOptions::default();
        options.set_snapshot(&self.snapshot);
        for (chunk, at) in keys.chunks(LENT).zip((0..).step_by(LENT)) {
            let rows = self.store.db.batched_multi_get_cf_opt(column, chunk.iter().copied(), true, &options);
            for ((row, key), at) in rows.into_iter().zip(chunk).zip(at..) {
                let row = row.map_err(|e| failed(&place(family, key), &e))?;
                take(at, &row.ok_or_else(|| missing(family, key))?)?;
            }
        }
        Ok(())
    }
}
