//! What this machine can do at most: signature checks, hashes, syncs, appends, RocksDB, and the bare pipeline.
//!
//! The bare pipeline is what any ledger of this kind must do and nothing else: two workers decode postings of 1,000 statements, check one
//! strict signature each, hash every statement and the posting's tree; one writer puts 282 bytes a statement under rising keys into RocksDB,
//! one synced batch for whatever has gathered. No accounts, no rules, no proofs.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use peal_spec::hash;
use peal_spec::key::PrivateKey;
use peal_spec::posting::Posting;
use peal_spec::value::Origin;
use rocksdb::{DB, Options, WriteBatch, WriteOptions};

use crate::figure::{Figure, Must, Times, cores, say};
use crate::people::{Draw, Maker, People};

/// Bytes of a key and its value in RocksDB: about what a record takes.
pub const ROW: usize = 282;
/// Keys in a synced batch.
pub const BATCH: usize = 1000;

/// The limits, each a second and on one core unless it says otherwise.
pub struct Machine {
    pub verify_core: Figure,
    pub verify_all: Figure,
    pub leaf: Figure,
    pub node: Figure,
    /// The same of nodes that do not wait for each other, two at a time.
    pub nodes: Figure,
    pub block: Figure,
    /// Compressions (blocks of 64 bytes) on all cores: the best of the four kinds of hash.
    pub compressions_all: Figure,
    /// Of an append of 4 KiB and fdatasync.
    pub sync: Times,
    /// Bytes appended, synced every 256 KiB.
    pub append: Figure,
    /// Keys in synced batches.
    pub sequential: Figure,
    pub random: Figure,
    /// Statements through the bare pipeline.
    pub pipeline: Figure,
}

/// How often `work` is done in a second by `threads` threads; `work` returns how much it did.
fn rate(time: Duration, threads: usize, work: impl Fn() -> u64 + Sync) -> f64 {
    let began = Instant::now();
    let done: u64 = std::thread::scope(|scope| {
        let all: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let mut done = 0;
                    while began.elapsed() < time {
                        done += work();
                    }
                    done
                })
            })
            .collect();
        all.into_iter().map(|t| t.join().unwrap_or(0)).sum()
    });
    done as f64 / began.elapsed().as_secs_f64()
}

fn figure(runs: usize, mut run: impl FnMut() -> f64) -> Figure {
    Figure::of((0..runs).map(|_| run()).collect())
}

/// Measures them all in `folder`. `postings` of 1,000 are what the pipeline takes in a run.
pub fn measure(folder: &Path, origin: &Origin, runs: usize, time: Duration, postings: usize) -> Machine {
    say("the machine: signature checks and hashes");
    let key = PrivateKey::new(&hash::plain(b"a key of no value").0);
    let message = [7u8; 250];
    let (public, signature) = (key.public(), key.sign(&message));
    let verify = || {
        assert!(public.verifies(&message, &signature));
        1
    };
    let verify_core = figure(runs, || rate(time, 1, verify));
    let verify_all = figure(runs, || rate(time, cores(), verify));
    let (a, b) = (hash::leaf(b"a"), hash::leaf(b"b"));
    // What a hash gives goes into the next one, so that none can be left out.
    let leaves = || {
        let mut data = message;
        for _ in 0..1000 {
            let made = hash::leaf(&data);
            data[..32].copy_from_slice(&made.0);
        }
        assert_ne!(data, message);
        1000
    };
    let nodes = || {
        assert_ne!((0..1000).fold(a, |a, _| hash::node(&a, &b)), a);
        1000
    };
    let pairs = || {
        let mut two = [[a, b], [b, a]];
        for _ in 0..500 {
            let before = two;
            let mut places = two.iter_mut();
            hash::nodes(&before, |node| places.next().must("a place for each node")[0] = node);
        }
        assert_ne!(two, [[a, b], [b, a]]);
        1000
    };
    let blocks = || {
        assert_ne!((0..1000).fold(a, |a, _| hash::leaf(&a.0)), a);
        1000
    };
    let (leaf, node, nodes_of_two, block) = (
        figure(runs, || rate(time, 1, leaves)),
        figure(runs, || rate(time, 1, nodes)),
        figure(runs, || rate(time, 1, pairs)),
        figure(runs, || rate(time, 1, blocks)),
    );
    // 251 and 65 and 33 bytes with their padding are 5, 2 and 1 blocks.
    let kinds: [(f64, &(dyn Fn() -> u64 + Sync)); 4] =
        [(5.0, &leaves), (2.0, &nodes), (2.0, &pairs), (1.0, &blocks)];
    let compressions_all = kinds
        .iter()
        .map(|(blocks, work)| figure(runs, || blocks * rate(time, cores(), work)))
        .max_by(|a, b| a.median.total_cmp(&b.median))
        .must("a kind of hash");

    say("the machine: syncs, appends and RocksDB");
    let (sync, append) = files(folder, runs, time);
    let (sequential, random) = rows(folder, runs, time);
    say("the machine: the bare pipeline");
    let pipeline = pipeline(folder, origin, runs, postings);
    Machine {
        verify_core,
        verify_all,
        leaf,
        node,
        nodes: nodes_of_two,
        block,
        compressions_all,
        sync,
        append,
        sequential,
        random,
        pipeline,
    }
}

fn files(folder: &Path, runs: usize, time: Duration) -> (Times, Figure) {
    let path = folder.join("append");
    let mut file = File::create(&path).must("a file to append to");
    let (page, part) = ([1u8; 4096], vec![2u8; 256 << 10]);
    let (began, mut times) = (Instant::now(), Vec::new());
    while began.elapsed() < time * runs as u32 {
        let one = Instant::now();
        file.write_all(&page).and_then(|()| file.sync_data()).must("append and sync");
        times.push(one.elapsed());
    }
    let append = figure(runs, || {
        let (began, mut bytes) = (Instant::now(), 0);
        while began.elapsed() < time {
            file.write_all(&part).and_then(|()| file.sync_data()).must("append and sync");
            bytes += part.len();
        }
        bytes as f64 / began.elapsed().as_secs_f64()
    });
    drop(file);
    std::fs::remove_file(path).must("remove the file appended to");
    (Times::of(&times), append)
}

/// A store as plain as can be, and the options of a synced write.
fn store(path: &Path) -> (DB, WriteOptions) {
    let mut options = Options::default();
    options.create_if_missing(true);
    options.set_write_buffer_size(64 << 20);
    options.set_max_background_jobs(4);
    let mut synced = WriteOptions::default();
    synced.set_sync(true);
    (DB::open(&options, path).must("RocksDB"), synced)
}

fn rows(folder: &Path, runs: usize, time: Duration) -> (Figure, Figure) {
    let mut value = vec![0u8; 1 << 20];
    let mut draw = Draw::new();
    value.chunks_mut(8).for_each(|c| c.copy_from_slice(&draw.next().to_le_bytes()));
    let measure = |name: &str, key: &mut dyn FnMut() -> [u8; 16]| {
        let path = folder.join(name);
        let (db, synced) = store(&path);
        let figure = figure(runs, || {
            let (began, mut written) = (Instant::now(), 0usize);
            // Long enough that files are written and joined behind the batches.
            while began.elapsed() < time * 3 {
                let mut batch = WriteBatch::default();
                for _ in 0..BATCH {
                    let at = (written * 64) % (value.len() - ROW);
                    batch.put(key(), &value[at..at + ROW - 16]);
                    written += 1;
                }
                db.write_opt(batch, &synced).must("a synced batch");
            }
            written as f64 / began.elapsed().as_secs_f64()
        });
        drop(db);
        DB::destroy(&Options::default(), &path).must("remove the store");
        figure
    };
    let mut next = 0u128;
    let sequential = measure("sequential", &mut || {
        next += 1;
        next.to_be_bytes()
    });
    let random = measure("random", &mut || draw.seed().0);
    (sequential, random)
}

fn pipeline(folder: &Path, origin: &Origin, runs: usize, count: usize) -> Figure {
    let people = People::imagined(origin, 100_000);
    let maker = Maker::new(&people);
    let postings = maker.batch(count, BATCH);
    let path = folder.join("pipeline");
    let (db, synced) = store(&path);
    let value = vec![3u8; ROW - 16];
    let mut next = 0u128;
    let figure = figure(runs, || {
        let at = AtomicUsize::new(0);
        let (ready, gathered) = mpsc::sync_channel::<usize>(64);
        let (began, mut written) = (Instant::now(), 0usize);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                let (ready, at, postings) = (ready.clone(), &at, &postings);
                scope.spawn(move || {
                    while let Some(bytes) = postings.get(at.fetch_add(1, Ordering::Relaxed)) {
                        let checked = Posting::receive(bytes, origin).must("a posting");
                        ready.send(checked.roots().len()).must("the writer");
                    }
                });
            }
            drop(ready);
            while let Ok(first) = gathered.recv() {
                let more = gathered.try_iter().take(19).sum::<usize>();
                let mut batch = WriteBatch::default();
                for _ in 0..first + more {
                    next += 1;
                    batch.put(next.to_be_bytes(), &value);
                }
                db.write_opt(batch, &synced).must("a synced batch");
                written += first + more;
            }
        });
        assert_eq!(written, count * BATCH, "the pipeline wrote every statement");
        written as f64 / began.elapsed().as_secs_f64()
    });
    drop(db);
    DB::destroy(&Options::default(), &path).must("remove the store");
    figure
}
