//! Backup and restore across processes: a copy made while postings run is whole, and an older copy never signs beside what others have seen.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use peal_spec::cbor::Cbor;
use peal_spec::hash::Hash;
use peal_spec::note::VerifierKey;
use peal_spec::posting::Posting;
use peal_spec::receipt::Receipt;
use peal_spec::statement::Source;
use peal_spec::tree::Frontier;
use peal_tests::cast::Signer;
use peal_tests::client::{Answer, Client, Offices};
use peal_tests::witness::Witness;
use peal_tests::{Daemon, peal, peal_ok, peald, until};

fn text(out: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn backup(ledger: &Daemon, to: &Path, more: &[&str]) -> Output {
    peald(&[&["backup", path(to), "--from", path(ledger.dir())], more].concat())
}

fn backup_ok(ledger: &Daemon, to: &Path) {
    let out = backup(ledger, to, &[]);
    assert!(out.status.success(), "{}", text(&out));
    let left: Vec<_> = fs::read_dir(to.parent().unwrap()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(left.iter().all(|n| !n.to_string_lossy().contains(".part")), "{left:?}");
}

/// Restores with the key of the ledger that was backed up.
fn restore(from: &Path, to: &Path, key_of: &Daemon) -> Daemon {
    let key = key_of.dir().join("operator.key");
    let out = peald(&["restore", path(from), path(to), "--key", path(&key)]);
    assert!(out.status.success(), "{}", text(&out));
    Daemon::at(to)
}

fn audited(daemon: &Daemon) {
    let audit = daemon.audit();
    assert!(audit.status.success(), "{}", text(&audit));
}

/// The size that a backup's manifest names.
fn size(backup: &Path) -> u64 {
    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(backup.join("manifest.json")).unwrap()).unwrap();
    manifest["size"].as_u64().unwrap()
}

/// The size of the whole log.
fn latest(client: &Client) -> u64 {
    let (_, body) = client.get("/v1/checkpoint");
    String::from_utf8(body).unwrap().lines().nth(1).unwrap().parse().unwrap()
}

/// A posting is answered with this problem.
fn refused(client: &Client, signer: &Signer, code: &str) {
    match client.post(&signer.post(vec![signer.opening(None)]).to_bytes()) {
        Answer::Status(503, told) => assert!(told.contains(code), "{told}"),
        other => panic!("{other:?}"),
    }
}

/// Receipts whose checkpoint is a prefix of the log that a daemon serves.
fn proved(client: &Client, key: &VerifierKey, size: u64, receipts: &[(Posting, Vec<u8>)]) -> usize {
    let mut roots: Vec<Hash> = vec![Hash::default()];
    let mut frontier = Frontier::default();
    for leaf in client.leaves(size) {
        frontier.push(leaf);
        roots.push(frontier.root());
    }
    let inside = |(posting, receipt): &&(Posting, Vec<u8>)| {
        let checked = posting.clone().check(&posting_origin()).unwrap();
        let (signed, _) = Receipt::from_bytes(receipt).unwrap().check(&checked, key).unwrap();
        let root = roots.get(signed.size as usize);
        assert!(
            root.is_none_or(|root| *root == signed.root),
            "the log of {} entries is another",
            signed.size
        );
        root.is_some()
    };
    receipts.iter().filter(inside).count()
}

const ORIGIN: &str = "backup.example/1";

fn posting_origin() -> peal_spec::value::Origin {
    ORIGIN.parse().unwrap()
}

#[test]
fn a_copy_made_while_postings_run_is_whole_and_never_signs_a_fork() {
    let dir = tempfile::tempdir().unwrap();
    let mut daemon = Daemon::init(&dir.path().join("ledger"), ORIGIN);
    let mut witness = Witness::init(&dir.path().join("w"), "w.example", &daemon.dir().join("trust"));
    witness.start();
    daemon.witnessed(1, &[&witness]);
    daemon.start();
    let offices = Offices::found(&daemon, ORIGIN);
    let load = offices.load();
    let mut worker = Signer::new(&offices.platform.origin);
    Client::new(daemon.url()).open(&mut worker);

    // Four clients post, and a backup is made in the midst of it.
    let receipts: Mutex<Vec<(Posting, Vec<u8>)>> = Mutex::new(Vec::new());
    let (number, over) = (AtomicU64::new(0), AtomicBool::new(false));
    let taken = dir.path().join("backups").join("one");
    let before = std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let client = Client::new(daemon.url());
                while !over.load(Ordering::Relaxed) {
                    let n = number.fetch_add(1, Ordering::Relaxed);
                    let statement =
                        offices.platform.contribute(worker.address.unwrap(), Source::Platform, &load, n);
                    let posting = offices.platform.post(vec![statement]);
                    match client.post(&posting.to_bytes()) {
                        Answer::Receipt(receipt) => receipts.lock().unwrap().push((posting, receipt)),
                        other => panic!("{other:?}"),
                    }
                }
            });
        }
        let wait = |n: usize| until("receipts", || (receipts.lock().unwrap().len() >= n).then_some(()));
        wait(20);
        let before = receipts.lock().unwrap().len();
        backup_ok(&daemon, &taken);
        let during = receipts.lock().unwrap().len();
        wait(during + 20);
        over.store(true, Ordering::Relaxed);
        before
    });
    let receipts = receipts.into_inner().unwrap();
    assert!(!daemon.dir().join("backup.staged").exists(), "the copy is taken away");
    assert!(!taken.join("operator.key").exists(), "the key stays where it is");

    // Nothing that is there is overwritten, and the key goes along only when asked.
    let again = backup(&daemon, &taken, &[]);
    assert!(again.status.code() == Some(2) && text(&again).contains("not empty"), "{}", text(&again));
    let with_key = dir.path().join("with-key");
    assert!(backup(&daemon, &with_key, &["--with-key"]).status.success());
    assert_eq!(fs::metadata(with_key.join("operator.key")).unwrap().permissions().mode() & 0o777, 0o600);

    // The witness sees the newest state; then the machine is lost.
    let client = Client::new(daemon.url());
    let seen = until("the witness has seen all", || {
        let published = client.published(&offices.key).size;
        (published == latest(&client)).then_some(published)
    });
    assert!(seen > size(&taken));
    daemon.kill();

    let mut older = restore(&taken, &dir.path().join("older"), &daemon);
    audited(&older);
    older.start();
    let client = Client::new(older.url());
    refused(&client, &worker, "rolled-back");
    let log = older.log();
    let says = format!("this one has {}", size(&taken));
    assert!(log.contains("witness w.example has seen a log of ") && log.contains(&says), "{log}");
    assert!(log.contains("Nothing is signed until"), "{log}");
    // Reads go on, and every receipt from before the backup still proves.
    assert_eq!(client.get("/readyz").0, 200);
    assert!(String::from_utf8(client.get("/metrics").1).unwrap().contains("\npeal_signs 0\n"));
    let proven = proved(&client, &offices.key, size(&taken), &receipts);
    assert!(proven >= before, "{proven} of {before}");
    let digest = receipts[0].0.clone().check(&posting_origin()).unwrap().digest();
    assert_eq!(client.receipt_of(&offices.platform, &digest), 200);
    assert_eq!(client.checkpoint(&offices.key).size, size(&taken));
    older.stop();

    // Had it gone on without its witness, it would be told from the log that the witness knows, although it is the longer one.
    let mut forked = restore(&taken, &dir.path().join("forked"), &daemon);
    let witnessed = fs::read_to_string(forked.dir().join("peald.toml")).unwrap();
    forked.configure(|text| {
        text.split("\n[[publish.witnesses]]").next().unwrap().replace("\nneed = 1 ", "\nneed = 0 ")
    });
    forked.start_with(&["--restored-without-witnesses"]);
    let client = Client::new(forked.url());
    while latest(&client) <= seen {
        client.open(&mut Signer::new(&offices.platform.origin));
    }
    assert!(forked.stop());
    forked.configure(|_| witnessed);
    forked.start();
    refused(&Client::new(forked.url()), &worker, "rolled-back");
    assert!(forked.log().contains("entries that is not a part of this one"), "{}", forked.log());
    forked.kill();

    // The newest copy goes on: it signs as soon as the witness says that it has not seen more, and not before.
    witness.kill();
    let newest = dir.path().join("newest");
    backup_ok(&daemon, &newest);
    let mut newer = restore(&newest, &dir.path().join("newer"), &daemon);
    newer.start();
    let client = Client::new(newer.url());
    refused(&client, &worker, "unconfirmed");
    assert!(newer.dir().join("restored").exists());
    // So it is after another start.
    assert!(newer.stop());
    newer.start();
    let client = Client::new(newer.url());
    refused(&client, &worker, "unconfirmed");
    witness.start();
    let mut fresh = Signer::new(&offices.platform.origin);
    until("the witness has confirmed", || {
        match client.post(&fresh.post(vec![fresh.opening(None)]).to_bytes()) {
            Answer::Receipt(_) => Some(()),
            Answer::Status(503, told) if told.contains("unconfirmed") => None,
            other => panic!("{other:?}"),
        }
    });
    assert!(!newer.dir().join("restored").exists());
    fresh = Signer::new(&offices.platform.origin);
    client.open(&mut fresh);
    assert_eq!(
        proved(&client, &offices.key, client.checkpoint(&offices.key).size, &receipts),
        receipts.len()
    );
    assert!(newer.stop());
    audited(&newer);
}

#[test]
fn a_note_that_somebody_holds_stops_an_older_copy() {
    let dir = tempfile::tempdir().unwrap();
    let mut daemon = Daemon::init(&dir.path().join("ledger"), ORIGIN);
    daemon.start();
    let offices = Offices::found(&daemon, ORIGIN);
    let wallet = dir.path().join("wallet");
    let trust = daemon.dir().join("trust");
    peal_ok(&wallet, &["open", "--ledger", daemon.url(), "--trust", path(&trust)]);
    let taken = dir.path().join("taken");
    backup_ok(&daemon, &taken);
    let client = Client::new(daemon.url());
    client.open(&mut Signer::new(&offices.platform.origin));
    peal_ok(&wallet, &["sync"]);
    let newest = dir.path().join("newest");
    assert!(daemon.stop());
    // No daemon runs: the copy is made here.
    backup_ok(&daemon, &newest);
    let address = daemon.url().strip_prefix("http://").unwrap().to_owned();

    // Without witnesses nobody can tell that the copy is old, so the operator has to say that she knows.
    let mut older = restore(&taken, &dir.path().join("older"), &daemon);
    let told = peald(&["serve", "--dir", path(older.dir())]);
    assert_eq!(told.status.code(), Some(2));
    assert!(text(&told).contains("--restored-without-witnesses"), "{}", text(&told));
    older.start_with(&["--restored-without-witnesses", "--listen", &address]);
    assert!(!older.dir().join("restored").exists());

    // The wallet holds more than it is shown: it says so, and shows the ledger what it had signed.
    let sync = peal(&wallet, &["sync"]);
    let told = text(&sync);
    assert_eq!(sync.status.code(), Some(1), "{told}");
    assert!(told.contains("the ledger shrinks: ") && told.contains("it signs nothing until"), "{told}");
    let worker = Signer::new(&offices.platform.origin);
    let client = Client::new(older.url());
    refused(&client, &worker, "rolled-back");
    assert!(older.log().contains("somebody has seen a log of"), "{}", older.log());
    let kept = older.dir().join("seen.note");
    assert!(fs::read_to_string(&kept).unwrap().starts_with(ORIGIN));
    // A start does not forget it.
    assert!(older.stop());
    older.start_with(&["--listen", &address]);
    refused(&Client::new(older.url()), &worker, "rolled-back");
    assert!(older.stop());

    // With the newest database in the place of the old one it contains what was seen, and signs again.
    let newer = restore(&newest, &dir.path().join("newer"), &daemon);
    fs::remove_dir_all(older.dir().join("db")).unwrap();
    fs::rename(newer.dir().join("db"), older.dir().join("db")).unwrap();
    older.start_with(&["--listen", &address]);
    assert!(!kept.exists() && older.log().contains("it is signed again"), "{}", older.log());
    Client::new(older.url()).open(&mut Signer::new(&offices.platform.origin));
    peal_ok(&wallet, &["sync"]);
    assert!(older.stop());
    audited(&older);

    // A database that was put back by hand, without `peald restore`, is behind what this directory itself had published.
    let again = restore(&taken, &dir.path().join("again"), &daemon);
    fs::remove_dir_all(older.dir().join("db")).unwrap();
    fs::rename(again.dir().join("db"), older.dir().join("db")).unwrap();
    older.start_with(&["--listen", &address]);
    refused(&Client::new(older.url()), &worker, "rolled-back");
    assert!(older.log().contains("this directory has seen a log of"), "{}", older.log());
}

#[test]
fn a_backup_that_is_not_whole_is_not_restored() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = Daemon::init(&dir.path().join("ledger"), ORIGIN);
    let good = dir.path().join("good");
    backup_ok(&ledger, &good);
    let key = ledger.dir().join("operator.key");
    let fails = |what: &str, spoil: &dyn Fn(&Path)| {
        let bad = dir.path().join(what);
        copy(&good, &bad);
        spoil(&bad);
        let to = dir.path().join(format!("{what}-restored"));
        let out = peald(&["restore", path(&bad), path(&to), "--key", path(&key)]);
        assert!(out.status.code() == Some(2) && text(&out).contains("remedy"), "{what}: {}", text(&out));
        assert!(!to.exists(), "{what}");
        text(&out)
    };
    let first = |bad: &Path, ending: &str| -> PathBuf {
        let all = fs::read_dir(bad.join("db")).unwrap().map(|e| e.unwrap().path());
        let mut all: Vec<_> = all.filter(|p| path(p).ends_with(ending)).collect();
        all.sort();
        all.remove(0)
    };
    let flipped = fails("flipped", &|bad| {
        let file = first(bad, ".sst");
        let mut bytes = fs::read(&file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&file, bytes).unwrap();
    });
    assert!(flipped.contains("its hash differs"), "{flipped}");
    let more = fails("more", &|bad| fs::write(bad.join("db").join("999999.sst"), b"more").unwrap());
    assert!(more.contains("is not in the manifest"), "{more}");
    fails("missing", &|bad| fs::remove_file(first(bad, ".sst")).unwrap());
    fails("no-manifest", &|bad| fs::remove_file(bad.join("manifest.json")).unwrap());
    let edit = |bad: &Path, from: &str, to: &str| {
        let file = bad.join("manifest.json");
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(from));
        fs::write(&file, text.replacen(from, to, 1)).unwrap();
    };
    let size = format!("\"size\": {}", size(&good));
    let other = fails("another-size", &|bad| edit(bad, &size, "\"size\": 1000"));
    assert!(other.contains("not with the manifest's checkpoint"), "{other}");
    let out = fails("outside", &|bad| edit(bad, "\"peald.toml\"", "\"../peald.toml\""));
    assert!(out.contains("no file of a backup"), "{out}");

    // Another key than the ledger's is told, and no key is a restored ledger that waits for it.
    let wrong = dir.path().join("wrong.key");
    fs::write(&wrong, "11".repeat(32)).unwrap();
    fs::set_permissions(&wrong, fs::Permissions::from_mode(0o600)).unwrap();
    let to = dir.path().join("restored");
    let out = peald(&["restore", path(&good), path(&to), "--key", path(&wrong)]);
    assert!(text(&out).contains("not the key of this ledger's operator") && !to.exists(), "{}", text(&out));
    let out = peald(&["restore", path(&good), path(&to)]);
    assert!(out.status.success() && text(&out).contains("put the operator's key back"), "{}", text(&out));
    audited(&Daemon::at(&to));
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target)
        } else {
            fs::copy(entry.path(), target).map(drop).unwrap();
        }
    }
}
