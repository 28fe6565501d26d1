//! Nothing acknowledged is lost: the daemon is killed with SIGKILL in the midst of work, again and again, and every receipt that it
//! ever handed out still proves against the log that it serves afterwards. (`torture` does the same to the ledger alone, with so little
//! room that it settles all the time; `PEAL_TORTURE_SECONDS` lengthens both.)

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use peal_spec::cbor::Cbor;
use peal_spec::posting::Posting;
use peal_spec::receipt::Receipt;
use peal_spec::statement::Source;
use peal_spec::tree::Frontier;
use peal_tests::Daemon;
use peal_tests::cast::{Signer, random};
use peal_tests::client::{Answer, Client, Offices};

const ORIGIN: &str = "crash.example/ledger";
const ROUNDS: u64 = 12;
const CLIENTS: usize = 4;

#[test]
fn every_receipt_survives_sigkill() {
    let dir = tempfile::tempdir().unwrap();
    let mut daemon = Daemon::init(&dir.path().join("ledger"), ORIGIN);
    daemon.start();
    let offices = Offices::found(&daemon, ORIGIN);
    let load = offices.load();
    let workers: Vec<Signer> = (0..20)
        .map(|_| {
            let mut worker = Signer::new(&offices.platform.origin);
            Client::new(daemon.url()).open(&mut worker);
            worker
        })
        .collect();

    let receipts: Mutex<BTreeMap<Vec<u8>, Vec<u8>>> = Mutex::new(BTreeMap::new());
    let unanswered: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());
    let number = AtomicU64::new(0);
    let seconds: u64 = std::env::var("PEAL_TORTURE_SECONDS").ok().and_then(|s| s.parse().ok()).unwrap_or(0);
    let began = Instant::now();
    for round in (0..).take_while(|round| *round < ROUNDS || began.elapsed().as_secs() < seconds) {
        // A moment nobody chose: after so many receipts of this round, while the clients go on sending.
        let moment = 5 + u64::from(random().0[0]);
        let (answered, over) = (AtomicU64::new(0), AtomicBool::new(false));
        let url = daemon.url().to_owned();
        std::thread::scope(|scope| {
            for _ in 0..CLIENTS {
                scope.spawn(|| {
                    let client = Client::new(&url);
                    while !over.load(Ordering::Relaxed) {
                        let n = number.fetch_add(25, Ordering::Relaxed);
                        let statements = (n..n + 1 + n % 25).map(|i| {
                            let worker = workers[i as usize % workers.len()].address.unwrap();
                            offices.platform.contribute(worker, Source::Platform, &load, i)
                        });
                        let bytes = offices.platform.post(statements.collect()).to_bytes();
                        match client.post(&bytes) {
                            Answer::Receipt(receipt) => {
                                receipts.lock().unwrap().insert(bytes, receipt);
                                answered.fetch_add(1, Ordering::Relaxed);
                            }
                            Answer::Broken => unanswered.lock().unwrap().push(bytes),
                            Answer::Status(503 | 429, _) => unanswered.lock().unwrap().push(bytes),
                            Answer::Status(status, text) => panic!("{status}: {text}"),
                        }
                    }
                });
            }
            while answered.load(Ordering::Relaxed) < moment {
                std::thread::yield_now();
            }
            daemon.kill();
            over.store(true, Ordering::Relaxed);
        });

        // Offline first: what is on disk replays to what was signed.
        let audit = daemon.audit();
        assert!(
            audit.status.success(),
            "round {round}: {}{}",
            String::from_utf8_lossy(&audit.stdout),
            String::from_utf8_lossy(&audit.stderr)
        );

        daemon.start();
        let client = Client::new(daemon.url());
        let checkpoint = client.checkpoint(&offices.key);
        let mut roots = BTreeMap::new();
        let mut frontier = Frontier::default();
        for leaf in client.leaves(checkpoint.size) {
            frontier.push(leaf);
            roots.insert(frontier.size(), frontier.root());
        }
        assert_eq!(roots[&checkpoint.size], checkpoint.root, "the tiles give the checkpoint's root");
        for (posting, receipt) in receipts.lock().unwrap().iter() {
            let checked = Posting::receive(posting, &offices.platform.origin).unwrap();
            let (signed, records) =
                Receipt::from_bytes(receipt).unwrap().check(&checked, &offices.key).unwrap();
            assert_eq!(
                records.len(),
                checked.posting().statements.len(),
                "every statement of the load is recorded"
            );
            assert_eq!(
                roots.get(&signed.size),
                Some(&signed.root),
                "round {round}: a receipt's checkpoint is no prefix of the log"
            );
        }
        // What was under way may be recorded or not; sending it again settles it, once.
        for posting in unanswered.lock().unwrap().drain(..) {
            match client.post(&posting) {
                Answer::Receipt(receipt) => {
                    assert!(Receipt::from_bytes(&receipt).unwrap().results.iter().all(Result::is_ok));
                    receipts.lock().unwrap().insert(posting, receipt);
                }
                other => panic!("sent again: {other:?}"),
            }
        }
        // And what was answered is answered the same, byte for byte.
        for (posting, receipt) in receipts.lock().unwrap().iter().take(40) {
            assert!(
                matches!(client.post(posting), Answer::Receipt(again) if again == *receipt),
                "another receipt for the same posting"
            );
        }
    }
    assert!(daemon.stop(), "SIGTERM ends it with 0");
    let audit = daemon.audit();
    assert!(audit.status.success(), "{}", String::from_utf8_lossy(&audit.stdout));
}
