//! Damage to the files themselves, as a disk, a bad cable or a hasty hand does it: it is found and named on opening, by the read that
//! meets it or by the audit, or it does no harm. What is read is never other than what was written.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

mod world;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use peal_ledger::{Error, Ledger, Settings};
use peal_spec::hash::Hash;
use peal_spec::posting::Checked;
use peal_spec::receipt::Receipt;
use peal_spec::tree::Frontier;
use rocksdb::{DB, Options};
use tempfile::TempDir;
use world::{FAMILIES, World, cny, operator, origin};

/// What a ledger answers, by question.
type Answers = BTreeMap<String, Result<String, Error>>;

/// A folder as it was at some moment, and what the ledger in it answers.
struct Image {
    dir: TempDir,
    receipts: Vec<(Checked, Receipt)>,
    settings: Settings,
    answers: Answers,
    /// The log's root at each size.
    roots: Vec<Hash>,
    size: u64,
}

/// How long a damaged ledger may take to open; a whole one takes a fraction of a second.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);

/// What came of a damage.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Refused,
    NamedByRead,
    NamedByAudit,
    Harmless,
    /// The ledger opens as it was some commits before.
    Shorter,
}

fn listing(dir: &Path) -> BTreeMap<PathBuf, u64> {
    let files = fs::read_dir(dir).unwrap().map(Result::unwrap).filter(|f| f.file_type().unwrap().is_file());
    files.filter_map(|f| Some((f.path(), f.metadata().ok()?.len()))).collect()
}

/// Copies the files of a ledger, running or not: as they are after a kill.
fn copied(dir: &Path) -> TempDir {
    loop {
        let (to, before) = (tempfile::tempdir().unwrap(), listing(dir));
        let whole =
            before.keys().all(|file| fs::copy(file, to.path().join(file.file_name().unwrap())).is_ok());
        if whole && listing(dir) == before {
            return to;
        }
    }
}

fn open(dir: &Path, settings: &Settings) -> Result<Ledger, Error> {
    Ledger::open(dir, operator(), &origin(), settings.clone())
}

fn ask(ledger: &Ledger, receipts: &[(Checked, Receipt)]) -> Answers {
    let mut answers = Answers::new();
    let mut put = |name: String, answer: Result<String, Error>| drop(answers.insert(name, answer));
    for (number, (posting, _)) in receipts.iter().enumerate() {
        put(format!("receipt {number}"), ledger.receipt(&posting.digest()).map(|a| format!("{a:?}")));
    }
    for number in 0..5 {
        let account = ledger.account(number);
        put(format!("account {number}"), account.clone().map(|a| format!("{a:?}")));
        if let Ok(Some(account)) = account {
            put(format!("number {number}"), ledger.number(&account.address.id).map(|a| format!("{a:?}")));
            let copy = ledger.copy(&account.address, 0, usize::MAX, Some(1));
            put(format!("copy {number}"), copy.map(|a| format!("{a:?}")));
        }
    }
    let size = ledger.published().checkpoint.size;
    for tile in 0..=size / 256 {
        let width = (size - tile * 256).min(256) as u16;
        put(format!("tile {tile}"), ledger.tile(0, tile, width).map(|a| format!("{a:?}")));
        put(format!("entries {tile}"), ledger.entries(tile, width).map(|a| format!("{a:?}")));
    }
    put("upper tile".into(), ledger.tile(1, 0, (size / 256) as u16).map(|a| format!("{a:?}")));
    answers
}

impl Image {
    fn new(dir: TempDir, receipts: Vec<(Checked, Receipt)>, settings: &Settings) -> Self {
        let apart = copied(dir.path());
        let ledger = open(apart.path(), settings).unwrap();
        let answers = ask(&ledger, &receipts);
        assert!(answers.values().all(Result::is_ok));
        ledger.audit(&mut |_, _| {}).unwrap();
        let size = ledger.published().checkpoint.size;
        let (mut frontier, mut roots) = (Frontier::default(), vec![Hash::default()]);
        for from in (0..size).step_by(256) {
            let tile = ledger.tile(0, from / 256, (size - from).min(256) as u16).unwrap().unwrap();
            for leaf in tile.as_chunks::<32>().0 {
                frontier.push(Hash(*leaf));
                roots.push(frontier.root());
            }
        }
        assert_eq!(roots.last(), Some(&ledger.published().checkpoint.root));
        Self { dir, receipts, settings: settings.clone(), answers, roots, size }
    }

    /// The files of one ending.
    fn files(&self, ending: &str) -> Vec<String> {
        let names = listing(self.dir.path())
            .into_keys()
            .map(|p| p.file_name().unwrap().to_string_lossy().into_owned());
        names.filter(|name| name.ends_with(ending) || name.starts_with(ending)).collect()
    }

    /// Damages a copy and sees what comes of it. `name` is what an error may name beside families.
    fn try_with(&self, name: &str, damage: impl FnOnce(&Path)) -> Outcome {
        let dir = copied(self.dir.path());
        damage(&dir.path().join(name));
        let named = |e: &Error| {
            let text = e.to_string();
            let families = FAMILIES.iter().any(|family| text.contains(family));
            // RocksDB may name another file than the damaged one when it does not open; what to do is said in any case.
            let advice = text.contains("does not open") && text.contains("open the last copy instead");
            assert!(
                text.contains(name) || families || advice || text.contains("no ledger"),
                "{name}: {text}"
            );
            assert!(!matches!(e, Error::Bug(_)), "{name}: {text}");
        };
        let (path, settings) = (dir.path().to_owned(), self.settings.clone());
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || tell.send(open(&path, &settings)));
        let ledger = match told.recv_timeout(PATIENCE) {
            Ok(Ok(ledger)) => ledger,
            Ok(Err(e)) => {
                named(&e);
                return Outcome::Refused;
            }
            // RocksDB would read some damaged MANIFESTs for ever. Its thread keeps the folder.
            Err(_) => panic!("{name}: {} never opens", dir.keep().display()),
        };
        let published = ledger.published();
        if published.checkpoint.size < self.size {
            // An earlier moment, and nothing else: every receipt is as it was or not there yet.
            assert_eq!(self.roots[published.checkpoint.size as usize], published.checkpoint.root, "{name}");
            for (posting, receipt) in &self.receipts {
                let found = ledger.receipt(&posting.digest()).unwrap();
                assert!(found.is_none_or(|found| found.receipt == *receipt), "{name}: another receipt");
            }
            ledger.audit(&mut |_, _| {}).unwrap();
            return Outcome::Shorter;
        }
        let mut outcome = Outcome::Harmless;
        for (question, answer) in ask(&ledger, &self.receipts) {
            match &answer {
                Err(e) => {
                    named(e);
                    outcome = Outcome::NamedByRead;
                }
                Ok(_) => {
                    assert!(self.answers.get(&question) == Some(&answer), "{name}: {question}: wrong bytes")
                }
            }
        }
        match (ledger.audit(&mut |_, _| {}), outcome) {
            (Err(e), Outcome::Harmless) => {
                named(&e);
                Outcome::NamedByAudit
            }
            (_, outcome) => outcome,
        }
    }
}

fn flip(at: usize) -> impl FnOnce(&Path) {
    move |file| {
        let mut bytes = fs::read(file).unwrap();
        bytes[at] ^= 1 << (at % 8);
        fs::write(file, bytes).unwrap();
    }
}

fn cut(to: usize) -> impl FnOnce(&Path) {
    move |file| fs::OpenOptions::new().write(true).open(file).unwrap().set_len(to as u64).unwrap()
}

/// Places in a file: start, middle, end, and some that are the same in every run.
fn spots(length: usize, more: usize) -> Vec<usize> {
    let mut state = length as u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % length
    };
    [0, length / 2, length - 1].into_iter().chain((0..more).map(|_| random())).collect()
}

/// A ledger with rows of every family, closed, or killed in the midst of it.
fn image(killed: bool) -> Image {
    let mut world = World::new();
    let mut receipts = Vec::new();
    let mut post = |world: &World, all, statements| {
        let posting = world.posting(&world.platform, all, statements);
        receipts.push((posting.clone(), world.submit(posting).unwrap()));
    };
    post(&world, false, (0..300).map(|i| world.paid(&format!("{i}"), 10)).collect());
    world.accept(&world.fund, vec![world.settled(&world.worker, 3, 202_601, cny(10))]);
    post(&world, true, vec![world.paid("0", 1), world.paid("x", 1)]);
    // What is in the log becomes files.
    world.reopen();
    for i in 0..10 {
        post(&world, false, vec![world.paid(&format!("later {i}"), 10), world.paid("1", 1)]);
    }
    if !killed {
        world.reopen();
        world.shut();
    }
    Image::new(copied(world.path()), receipts, &world.settings)
}

/// A file of each family: the largest.
fn tables(image: &Image) -> BTreeMap<String, (String, usize)> {
    let apart = copied(image.dir.path());
    let db = DB::open_cf_for_read_only(&Options::default(), apart.path(), FAMILIES, false).unwrap();
    let mut files: BTreeMap<String, (String, usize)> = BTreeMap::new();
    for file in db.live_files().unwrap() {
        let name = file.name.trim_start_matches('/').to_owned();
        let largest = files.entry(file.column_family_name).or_default();
        if file.size > largest.1 {
            *largest = (name, file.size);
        }
    }
    files.remove("default");
    files
}

fn tables_are_damaged(killed: bool) {
    let image = image(killed);
    let tables = tables(&image);
    assert!(tables.len() >= 10, "{:?}", tables.keys());
    for (family, (name, length)) in tables {
        let mut outcomes: BTreeMap<Outcome, u32> = BTreeMap::new();
        let mut count = |outcome| *outcomes.entry(outcome).or_default() += 1;
        for at in spots(length, 5) {
            count(image.try_with(&name, flip(at)));
        }
        for to in [0, length / 2, length - 1] {
            let outcome = image.try_with(&name, cut(to));
            assert_ne!(outcome, Outcome::Harmless, "{family}: cut to {to} of {length}");
            count(outcome);
        }
        count(image.try_with(&name, |file| fs::remove_file(file).unwrap()));
        println!("{family} {name} ({length}): {outcomes:?}");
        assert!(!outcomes.contains_key(&Outcome::Shorter), "{family}");
    }
}

#[test]
fn tables_of_a_closed_ledger() {
    tables_are_damaged(false);
}

#[test]
fn tables_of_a_killed_ledger() {
    tables_are_damaged(true);
}

#[test]
fn the_files_that_name_the_others() {
    for killed in [false, true] {
        let image = image(killed);
        for kind in ["MANIFEST", "CURRENT", "OPTIONS", "IDENTITY"] {
            let mut outcomes: BTreeMap<Outcome, u32> = BTreeMap::new();
            for name in image.files(kind) {
                let length = fs::read(image.dir.path().join(&name)).unwrap().len();
                let mut count = |outcome| *outcomes.entry(outcome).or_default() += 1;
                for at in spots(length, 12) {
                    count(image.try_with(&name, flip(at)));
                }
                for to in spots(length, 6) {
                    count(image.try_with(&name, cut(to)));
                }
                count(image.try_with(&name, |file| fs::remove_file(file).unwrap()));
            }
            println!("{kind} (killed: {killed}): {outcomes:?}");
            // RocksDB does not read these to open.
            if ["OPTIONS", "IDENTITY"].contains(&kind) {
                assert!(outcomes.keys().all(|o| *o == Outcome::Harmless), "{kind}: {outcomes:?}");
            }
        }
    }
}

/// A ledger whose last commits are in the log alone: the image, the name of the log, and its length and the file `reached` as they
/// were before the last commit.
fn logged() -> (Image, String, (usize, Vec<u8>)) {
    let world = World::with(|settings| settings.fresh_bytes = 1 << 30);
    let mut world = world;
    world.people();
    world.reopen();
    let mut receipts = Vec::new();
    let mut before = (0, Vec::new());
    let name = || {
        listing(world.path())
            .into_iter()
            .filter(|(path, _)| path.extension().is_some_and(|e| e == "log"))
            .max()
    };
    for i in 0..30 {
        before = (name().unwrap().1 as usize, fs::read(world.path().join("reached")).unwrap());
        let statements = (0..1 + i % 5).map(|j| world.paid(&format!("{i} {j}"), 10)).collect();
        let posting = world.posting(&world.platform, false, statements);
        receipts.push((posting.clone(), world.submit(posting).unwrap()));
    }
    let name = name().unwrap().0.file_name().unwrap().to_string_lossy().into_owned();
    (Image::new(copied(world.path()), receipts, &world.settings), name, before)
}

#[test]
fn a_torn_last_commit_costs_nobody_a_receipt() {
    let (image, name, (length, reached)) = logged();
    let whole = fs::read(image.dir.path().join(&name)).unwrap();
    let acknowledged = image.receipts.len() - 1;
    for to in spots(whole.len() - length, 12).into_iter().map(|at| length + at) {
        let dir = copied(image.dir.path());
        cut(to)(&dir.path().join(&name));
        fs::write(dir.path().join("reached"), &reached).unwrap();
        let ledger = open(dir.path(), &image.settings).unwrap();
        for (posting, receipt) in &image.receipts[..acknowledged] {
            assert_eq!(ledger.receipt(&posting.digest()).unwrap().map(|f| f.receipt).as_ref(), Some(receipt));
        }
        // The last one was not answered: sent again it is recorded, once.
        let (posting, _) = &image.receipts[acknowledged];
        let again = ledger.submit(posting.clone(), 1000).unwrap().wait().unwrap();
        again.check(posting, &ledger.verifier_key()).unwrap();
        ledger.audit(&mut |_, _| {}).unwrap();
    }
}

#[test]
fn the_log_of_a_killed_ledger() {
    let (image, name, (length, _)) = logged();
    let whole = fs::read(image.dir.path().join(&name)).unwrap().len();
    for at in spots(whole, 20).into_iter().chain([length]) {
        // A flipped bit is no torn end, wherever it is; and what was answered is missed.
        assert_eq!(image.try_with(&name, flip(at)), Outcome::Refused, "flipped at {at} of {whole}");
        assert_eq!(image.try_with(&name, cut(at)), Outcome::Refused, "cut to {at} of {whole}");
    }
    assert_eq!(image.try_with(&name, |file| fs::remove_file(file).unwrap()), Outcome::Refused);
    // Without the file that says how far it had come, a cut is not to be told from a torn end: an earlier moment is served, and nothing
    // but that. Whoever holds a later receipt sees it.
    for at in [0, whole / 3, length, whole - 1] {
        let outcome = image.try_with(&name, |file| {
            cut(at)(file);
            fs::remove_file(file.with_file_name("reached")).unwrap();
        });
        assert_eq!(outcome, Outcome::Shorter, "cut to {at} of {whole}");
    }
}

#[test]
fn the_file_that_says_how_far_the_store_has_come() {
    let (image, ..) = logged();
    for at in 0..16 {
        assert_eq!(image.try_with("reached", flip(at)), Outcome::Harmless);
        assert_eq!(image.try_with("reached", cut(at)), Outcome::Harmless);
    }
    assert_eq!(image.try_with("reached", |file| fs::remove_file(file).unwrap()), Outcome::Harmless);
}

#[test]
fn what_was_left_in_incoming_is_cleared_away() {
    let image = image(true);
    let dir = copied(image.dir.path());
    let incoming = dir.path().join("incoming");
    fs::create_dir(&incoming).unwrap();
    fs::create_dir(incoming.join("folder")).unwrap();
    for name in ["records-0.sst", "heads-1.sst", "folder/blocks-2.sst"] {
        fs::write(incoming.join(name), b"half a file").unwrap();
    }
    let ledger = open(dir.path(), &image.settings).unwrap();
    assert!(ask(&ledger, &image.receipts) == image.answers);
    ledger.audit(&mut |_, _| {}).unwrap();
    ledger.close();
    assert_eq!(fs::read_dir(&incoming).unwrap().count(), 0);
}
