//! A store that the operator has doctored and signed for anew: `peald serve` finds that it agrees with itself, and `peald audit`, which
//! makes everything again from the signed postings, does not.

use std::path::PathBuf;

use peal_spec::cbor::Cbor as _;
use peal_spec::key::PrivateKey;
use peal_spec::log::{Commit, LogLeaf};
use peal_spec::note::{Checkpoint, Note};
use peal_spec::statement::Source;
use peal_spec::tree;
use peal_spec::value::{Origin, Time};
use peal_tests::client::{Client, Offices};
use peal_tests::{Daemon, peal, peal_ok};
use rocksdb::{DB, IteratorMode, Options};

const ORIGIN: &str = "store.example/1";

/// A ledger in which a worker has been paid twice, stopped, and what its operator remembers of it.
struct Doctored {
    dir: tempfile::TempDir,
    daemon: Daemon,
    worker: peal_spec::address::Address,
    /// The directory's row of her account before the second payment, and the commit under which it stood.
    earlier: ((Vec<u8>, Vec<u8>), Commit),
    /// The last commit, and the log.
    last: Commit,
    log: Vec<peal_spec::hash::Hash>,
}

/// The last entry of the log.
fn last_commit(client: &Client, size: u64) -> Commit {
    let (bundle, width) = ((size - 1) / 256, (size - 1) % 256 + 1);
    let (status, body) = client.get(&format!("/tile/entries/{bundle:03}.p/{width}"));
    assert_eq!(status, 200);
    let (mut at, mut entry) = (0, &body[..0]);
    while at < body.len() {
        let length = usize::from(u16::from_be_bytes([body[at], body[at + 1]]));
        entry = &body[at + 2..at + 2 + length];
        at += 2 + length;
    }
    match LogLeaf::from_bytes(entry).unwrap() {
        LogLeaf::Commit(commit) => commit,
        LogLeaf::Record(_) => panic!("a log ends with a commit"),
    }
}

impl Doctored {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut daemon = Daemon::init(&dir.path().join("ledger"), ORIGIN);
        daemon.start();
        // The same port whenever it starts, so that wallets find it.
        daemon.set("listen", &format!("{:?}", daemon.url().trim_start_matches("http://")));
        let offices = Offices::found(&daemon, ORIGIN);
        let load = offices.load();
        let (wallet, trust) = (dir.path().join("wallet"), daemon.dir().join("trust"));
        let open = ["open", "--ledger", daemon.url(), "--trust", trust.to_str().unwrap(), "--json"];
        let opened: serde_json::Value = serde_json::from_str(&peal_ok(&wallet, &open)).unwrap();
        let worker = opened["address"].as_str().unwrap().parse().unwrap();
        let pay = |client: &Client, number| {
            let paid = offices.platform.contribute(worker, Source::Platform, &load, number);
            client.post_ok(&offices.platform.post(vec![paid]));
            let checkpoint = client.checkpoint(&offices.key);
            (last_commit(client, checkpoint.size), client.leaves(checkpoint.size))
        };
        let client = Client::new(daemon.url());
        let (before, _) = pay(&client, 1);
        assert!(daemon.stop());
        let path = daemon.dir().join("db");
        let earlier = {
            let db = raw(&path);
            let row = |family, key| db.get_cf(db.cf_handle(family).unwrap(), key).unwrap().unwrap();
            // Her head, and the directory's first leaves.
            (row("heads", worker_key(&worker)), row("leaves", [0; 8]))
        };
        daemon.start();
        let (last, log) = pay(&Client::new(daemon.url()), 2);
        assert!(daemon.stop());
        let doctored = Self { dir, daemon, worker, earlier: (earlier, before), last, log };
        doctored.audits(0, "no difference");
        doctored
    }

    fn db(&self) -> PathBuf {
        self.daemon.dir().join("db")
    }

    /// Another commit in the place of the last one, with a checkpoint that is signed for it.
    fn resign(&self, lie: Commit) {
        let origin: Origin = ORIGIN.parse().unwrap();
        let key = std::fs::read_to_string(self.daemon.dir().join("operator.key")).unwrap();
        let key: [u8; 32] = hex::decode(key.trim()).unwrap().try_into().unwrap();
        let sign = |log: &[peal_spec::hash::Hash]| {
            let checkpoint =
                Checkpoint { origin: origin.clone(), size: log.len() as u64, root: tree::root(log) };
            Note::sign(checkpoint.to_string(), &origin, &PrivateKey::new(&key)).to_string()
        };
        let mut log = self.log.clone();
        *log.last_mut().unwrap() = LogLeaf::Commit(lie).leaf();
        let time = |t: Time| [&[0xfc][..], &u32::try_from(t.seconds()).unwrap().to_le_bytes()].concat();
        let db = raw(&self.db());
        let blocks = db.cf_handle("blocks").unwrap();
        let (key, mut row) = db.iterator_cf(blocks, IteratorMode::End).next().unwrap().unwrap();
        for (from, to) in [
            (time(self.last.time), time(lie.time)),
            (self.last.directory_root.0.to_vec(), lie.directory_root.0.to_vec()),
            (sign(&self.log).into_bytes(), sign(&log).into_bytes()),
        ] {
            assert_eq!(from.len(), to.len());
            let at: Vec<usize> = (0..row.len()).filter(|i| row[*i..].starts_with(&from)).collect();
            assert_eq!(at.len(), 1, "the block's row has it once");
            row[at[0]..at[0] + to.len()].copy_from_slice(&to);
        }
        db.put_cf(blocks, key, row).unwrap();
    }

    fn audits(&self, code: i32, says: &str) {
        let mut command = std::process::Command::new(peal_tests::bin("peald"));
        let out = command.arg("audit").arg("--dir").arg(self.daemon.dir()).output().unwrap();
        let text = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(code), "{text}");
        assert!(text.contains(says), "{says:?} is not in: {text}");
    }
}

fn raw(dir: &std::path::Path) -> DB {
    let names = DB::list_cf(&Options::default(), dir).unwrap();
    DB::open_cf(&Options::default(), dir, names).unwrap()
}

fn worker_key(worker: &peal_spec::address::Address) -> [u8; 8] {
    worker.number.to_be_bytes()
}

/// The directory says that she has one record fewer than the log holds, and all that is served agrees with that.
#[test]
fn a_directory_that_disagrees_with_the_log_is_found_by_the_audit_alone() {
    let mut doctored = Doctored::new();
    doctored.daemon.start();
    let wallet = doctored.dir.path().join("wallet");
    let ledger = doctored.daemon.url().to_owned();
    let words: serde_json::Value = serde_json::from_str(&peal_ok(&wallet, &["words", "--json"])).unwrap();
    let phrase = doctored.dir.path().join("words");
    std::fs::write(&phrase, words["words"].as_str().unwrap()).unwrap();
    let trust = doctored.daemon.dir().join("trust");
    let (phrase, trust) = (phrase.to_str().unwrap().to_owned(), trust.to_str().unwrap().to_owned());
    let address = doctored.worker.to_string();
    let place = doctored.dir.path().to_owned();
    let restore = |name: &str| {
        let wallet = place.join(name);
        let args = [
            "restore",
            "--words",
            &phrase,
            "--address",
            &address,
            "--ledger",
            &ledger,
            "--trust",
            &trust,
            "--json",
        ];
        let done: serde_json::Value = serde_json::from_str(&peal_ok(&wallet, &args)).unwrap();
        (wallet, done["records"].as_u64().unwrap())
    };
    let (seen, records) = restore("seen");
    assert_eq!(records, 3);
    assert!(doctored.daemon.stop());

    let ((head, leaves), before) = &doctored.earlier;
    {
        let db = raw(&doctored.db());
        db.put_cf(db.cf_handle("heads").unwrap(), worker_key(&doctored.worker), head).unwrap();
        db.put_cf(db.cf_handle("leaves").unwrap(), [0; 8], leaves).unwrap();
    }
    doctored.resign(Commit { directory_root: before.directory_root, ..doctored.last });
    doctored.audits(1, "is not that of the log which its postings make");

    // It serves all the same, and who has never seen the record is told on whom its absence rests.
    doctored.daemon.start();
    let (fresh, records) = restore("fresh");
    assert_eq!(records, 2, "the second payment is hidden");
    let proof = doctored.dir.path().join("proof");
    let proof = proof.to_str().unwrap();
    peal_ok(&fresh, &["prove", "--out", proof]);
    let verdict = peal_ok(&fresh, &["verify", proof, "--trust", &trust]);
    assert!(verdict.contains("completeness rests on the operator"), "{verdict}");
    // The wallet that has seen it has a head of this size, and it was another.
    let out = peal(&seen, &["sync"]);
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(1), "{text}");
    assert!(text.contains("the ledger forks: "), "{text}");
}

#[test]
fn a_store_that_is_dated_back_is_found_by_the_audit() {
    let doctored = Doctored::new();
    let time = Time::new(doctored.last.time.seconds() - 86_400).unwrap();
    doctored.resign(Commit { time, ..doctored.last });
    doctored.audits(1, "a difference: ");
}

#[test]
fn a_statement_that_is_changed_is_not_the_one_that_was_signed() {
    let doctored = Doctored::new();
    {
        let db = raw(&doctored.db());
        let records = db.cf_handle("records").unwrap();
        let key = [worker_key(&doctored.worker), 2u64.to_be_bytes()].concat();
        let mut row = db.get_cf(records, &key).unwrap().unwrap();
        let scheme = b"cn-flexible-pension";
        let at = (0..row.len()).find(|i| row[*i..].starts_with(scheme)).unwrap();
        row[at + 3] = b'F';
        db.put_cf(records, &key, row).unwrap();
    }
    let number = doctored.worker.number;
    doctored.audits(
        1,
        &format!("records row of account {number}, sequence 2: its statement is not the one that was signed"),
    );
}
