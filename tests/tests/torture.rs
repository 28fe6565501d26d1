//! A ledger is killed with SIGKILL at random moments, at work and while it opens, with so little room that rows and heads are on their way
//! into the store all the time. After each kill: the audit finds nothing, every receipt that was handed out is there, the same to the
//! byte, and what was under way is recorded when it is sent again, once.
//!
//! The ledger runs in a process of its own: this test binary, started again. `PEAL_TORTURE_SECONDS` says for how long, 20 without it.
//! (`crash` does the same to the daemon, through its interface.)

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../../ledger/tests/world/mod.rs"]
mod world;

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use peal_ledger::{Ledger, Settings, audit};
use peal_spec::cbor::Cbor;
use peal_spec::note::{KeyType, VerifierKey};
use peal_spec::posting::{Checked, Posting};
use peal_spec::receipt::Receipt;
use peal_spec::tree;
use world::{NOW, Person, World, cny, operator, origin, seed, time};

const FOLDER: &str = "PEAL_TORTURE_FOLDER";
const FROM: &str = "PEAL_TORTURE_FROM";
/// Postings that the victim has under way at once.
const ABREAST: usize = 12;

fn settings() -> Settings {
    Settings {
        clock: Arc::new(|| NOW),
        fresh_bytes: 30_000,
        records_between_heads: 150,
        head_bytes: 4_000,
        ..Settings::default()
    }
}

fn verifier() -> VerifierKey {
    VerifierKey { name: origin(), kind: KeyType::Ed25519, key: operator().public() }
}

/// The people of a ledger that is not open here.
fn people(folder: tempfile::TempDir) -> World {
    let mut world = World {
        dir: folder,
        ledger: None,
        settings: settings(),
        clock: Arc::new(AtomicU64::new(NOW)),
        ids: AtomicU64::new(0),
        registrar: Person::new(0),
        platform: Person::new(1),
        fund: Person::new(2),
        worker: Person::new(3),
    };
    for name in 0..=3 {
        let mut person = Person::new(name);
        person.address.number = name;
        person.address.id = world.opening(&person).roots()[0];
        *[&mut world.registrar, &mut world.platform, &mut world.fund, &mut world.worker][name as usize] =
            person;
    }
    world
}

/// The posting of a number, always the same.
fn posting(world: &World, number: u64) -> Checked {
    world.ids.store(1_000_000 + number * 1000, std::sync::atomic::Ordering::SeqCst);
    if number % 4 == 3 {
        return world.opening(&Person::new(100 + number));
    }
    let mut statements: Vec<_> =
        (0..1 + number * 7 % 40).map(|i| world.paid(&format!("{number} {i}"), 1 + i)).collect();
    if number.is_multiple_of(5) {
        statements.push(world.corrected(&world.worker, 1 + number % 50, 202_601, Some(cny(number))));
        // A reference that is taken.
        statements.push(world.paid("0 0", 1));
    }
    let all_or_nothing = number % 10 == 5;
    let posting = Posting::sign(
        &origin(),
        Some(world.platform.address),
        seed(1_000_000_000 + number),
        time(NOW),
        all_or_nothing,
        statements,
        &world.platform.key(),
    );
    posting.check(&origin()).unwrap()
}

/// The process that is killed: sends postings without end and says what it was answered.
#[test]
#[ignore = "the victim: started by the torture"]
fn victim() {
    let (Some(folder), Some(from)) = (std::env::var_os(FOLDER), std::env::var(FROM).ok()) else { return };
    let world = people(tempfile::tempdir().unwrap());
    let ledger = Ledger::open(Path::new(&folder), operator(), &origin(), settings()).unwrap();
    let mut under_way = VecDeque::new();
    for number in from.parse::<u64>().unwrap().. {
        under_way.push_back((number, ledger.submit(posting(&world, number), 1000).unwrap()));
        if under_way.len() == ABREAST {
            let (number, pending) = under_way.pop_front().unwrap();
            let receipt = hex::encode(pending.wait().unwrap().to_bytes());
            let mut out = std::io::stdout().lock();
            writeln!(out, "answered {number} {receipt}.").unwrap();
            out.flush().unwrap();
        }
    }
}

/// Runs the victim for a while and kills it; notes what it was answered.
fn kill_one(folder: &Path, from: u64, after: Duration, receipts: &mut BTreeMap<u64, Receipt>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "victim", "--ignored", "--nocapture", "--test-threads", "1"])
        .env(FOLDER, folder)
        .env(FROM, from.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let reader = std::thread::spawn(move || out.lines().map_while(Result::ok).collect::<Vec<_>>());
    std::thread::sleep(after);
    let ended = child.try_wait().unwrap();
    child.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(ended.is_none(), "it ended by itself: {}", String::from_utf8_lossy(&output.stderr));
    for line in reader.join().unwrap() {
        let words: Vec<_> = line.split(' ').collect();
        // The last line may be torn.
        if let ["answered", number, receipt] = words[..]
            && let Some(receipt) = receipt.strip_suffix('.')
        {
            let receipt = Receipt::from_bytes(&hex::decode(receipt).unwrap()).unwrap();
            let before = receipts.insert(number.parse().unwrap(), receipt.clone());
            assert!(before.is_none_or(|before| before == receipt), "another receipt for posting {number}");
        }
    }
}

fn check(world: &World, folder: &Path, receipts: &BTreeMap<u64, Receipt>, round: u64) {
    let report = audit(folder, &verifier(), &origin(), &mut |_, _| {});
    let report = report.unwrap_or_else(|e| panic!("round {round}: {e}"));
    let ledger = Ledger::open(folder, operator(), &origin(), settings()).unwrap();
    let now = ledger.published().checkpoint.clone();
    assert_eq!(report.checkpoint, now);
    for (number, receipt) in receipts {
        let posting = posting(world, *number);
        let found = ledger.receipt(&posting.digest()).unwrap();
        assert_eq!(found.map(|f| f.receipt).as_ref(), Some(receipt), "round {round}: posting {number}");
        if number % 8 == round % 8 {
            let (then, _) = receipt.check(&posting, &verifier()).unwrap();
            let path = ledger.consistency(then.size, now.size).unwrap();
            tree::check_consistency(then.size, &then.root, now.size, &now.root, &path).unwrap();
            let again = ledger.submit(posting, 1000).unwrap().wait().unwrap();
            assert_eq!(again, *receipt, "round {round}: posting {number} sent again");
        }
    }
}

#[test]
fn nothing_is_lost_however_often_it_is_killed() {
    let seconds = std::env::var("PEAL_TORTURE_SECONDS").ok().and_then(|s| s.parse().ok()).unwrap_or(20);
    let mut founded = World::new();
    founded.shut();
    let folder = founded.dir.path().to_owned();
    let world = people(tempfile::tempdir().unwrap());
    let mut receipts = BTreeMap::new();
    let (began, mut round, mut kills_at_work) = (Instant::now(), 0, 0);
    while began.elapsed() < Duration::from_secs(seconds) || kills_at_work < 5 {
        let random = peal_tests::cast::random().0;
        // Now and then so soon that it has not opened yet.
        let moment = u64::from(random[0]) * if random[1] < 80 { 1 } else { 4 };
        // What was under way and not answered is sent again first.
        let from = (0..).find(|number| !receipts.contains_key(number)).unwrap();
        let before = receipts.len();
        kill_one(&folder, from, Duration::from_millis(moment), &mut receipts);
        kills_at_work += u32::from(receipts.len() > before);
        if random[2] < 100 {
            check(&world, &folder, &receipts, round);
        } else {
            // On a copy, so that the next victim opens what the last one left.
            let copy = tempfile::tempdir().unwrap();
            for file in fs::read_dir(&folder)
                .unwrap()
                .map(Result::unwrap)
                .filter(|f| f.file_type().unwrap().is_file())
            {
                fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
            }
            check(&world, copy.path(), &receipts, round);
        }
        round += 1;
        assert!(began.elapsed() < Duration::from_secs(seconds + 600), "it never comes to work");
    }
    println!("killed {round} times, {kills_at_work} of them at work, {} receipts", receipts.len());
}
