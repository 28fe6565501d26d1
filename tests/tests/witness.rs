//! Witnesses as processes: what they cosign, what they never do, and a ledger that publishes what they have cosigned.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use peal_spec::hash::{Hash, leaf};
use peal_spec::key::PrivateKey;
use peal_spec::note::{Checkpoint, KeyType, Note, VerifierKey};
use peal_spec::tree;
use peal_spec::trust::Trust;
use peal_spec::value::Origin;
use peal_spec::verify;
use peal_spec::witness::{AddCheckpoint, MAX_REQUEST, PATH, SIZE_MEDIA_TYPE, read_answer};
use peal_tests::cast::{Signer, now, random};
use peal_tests::client::{Client, Offices};
use peal_tests::witness::Witness;
use peal_tests::{Daemon, peal, peal_ok, until};

/// The published checkpoint, and the witnesses that have cosigned it by a trust list.
fn published(client: &Client, trust: &Trust) -> Option<(Checkpoint, Vec<String>)> {
    let (status, body) = client.get("/checkpoint");
    if status == 503 {
        return None;
    }
    assert_eq!(status, 200);
    let text = String::from_utf8(body).unwrap();
    let (note, checkpoint, ledger) = verify::read_checkpoint(&text, trust).unwrap();
    let (witnesses, _) = verify::check_checkpoint(&note, &checkpoint, now(), ledger).ok()?;
    Some((checkpoint, witnesses))
}

fn latest(client: &Client) -> Checkpoint {
    let (_, body) = client.get("/v1/checkpoint");
    String::from_utf8(body).unwrap().parse::<Note>().unwrap().text.parse().unwrap()
}

/// Waits until the whole log is published and cosigned by these.
fn cosigned_by(client: &Client, trust: &Trust, names: &[&str]) {
    let latest = latest(client);
    until(&format!("cosigned by {names:?}"), || {
        published(client, trust).filter(|(c, witnesses)| *c == latest && witnesses == names)
    });
}

#[test]
fn a_checkpoint_is_published_when_enough_have_cosigned() {
    const ORIGIN: &str = "witnessed.example/1";
    let dir = tempfile::tempdir().unwrap();
    let mut daemon = Daemon::init(&dir.path().join("ledger"), ORIGIN);
    let list = daemon.dir().join("trust");
    let mut one = Witness::init(&dir.path().join("w1"), "w1.example", &list);
    let mut two = Witness::init(&dir.path().join("w2"), "w2.example", &list);
    one.start();
    two.start();
    // A third takes connections and never answers; it holds nothing up.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    daemon.witnessed(1, &[&one, &two]);
    let key = PrivateKey::new(&[3; 32]).public();
    let key = VerifierKey { name: "silent.example".parse().unwrap(), kind: KeyType::Cosignature, key };
    let url = format!("http://{}", silent.local_addr().unwrap());
    daemon.configure(|text| text + &format!("\n[[publish.witnesses]]\nurl = \"{url}\"\nkey = \"{key}\"\n"));
    daemon.start();

    // A trust list that requires one of the two, and one that requires both.
    let plain = std::fs::read_to_string(&list).unwrap();
    let keys = format!("witness {}\nwitness {}\n", one.key, two.key);
    let need = |n: usize| -> String {
        let keys = format!("{keys}need {n} witnesses 0 auditors");
        plain.replace("need 0 witnesses 0 auditors", &keys)
    };
    let trust = |n| need(n).parse::<Trust>().unwrap();
    let client = Client::new(daemon.url());
    let offices = Offices::found(&daemon, ORIGIN);
    cosigned_by(&client, &trust(2), &["w1.example", "w2.example"]);

    // One dies, and the ledger takes and publishes what comes all the same.
    two.kill();
    let wallet = dir.path().join("wallet");
    peal_ok(&wallet, &["open", "--ledger", daemon.url(), "--trust", list.to_str().unwrap()]);
    cosigned_by(&client, &trust(1), &["w1.example"]);
    assert!(published(&client, &trust(2)).is_none(), "one is not enough for who wants both");
    assert_eq!(client.get("/readyz").0, 200);

    // The wallet's own verdict rests on the witness that is left.
    for n in [1, 2] {
        std::fs::write(dir.path().join(format!("need-{n}")), need(n)).unwrap();
        peal_ok(&wallet, &["trust", "use", dir.path().join(format!("need-{n}")).to_str().unwrap()]);
        let synced = peal(&wallet, &["sync"]);
        let told =
            format!("{}{}", String::from_utf8_lossy(&synced.stdout), String::from_utf8_lossy(&synced.stderr));
        let says = if n == 1 { "w1.example" } else { "1 of 2 witnesses that are needed have cosigned" };
        assert!(synced.status.success() == (n == 1) && told.contains(says), "{told}");
    }

    // The other comes back, and adds its cosignature although the log has not grown.
    two.start();
    cosigned_by(&client, &trust(2), &["w1.example", "w2.example"]);
    let metrics = String::from_utf8(client.get("/metrics").1).unwrap();
    for line in [
        "peal_witness_answers_total{witness=\"w1.example\",outcome=\"cosigned\"} ",
        "peal_witness_answers_total{witness=\"w2.example\",outcome=\"failed\"} ",
        "peal_witness_answers_total{witness=\"silent.example\",outcome=\"failed\"} ",
        "peal_published_lag_seconds 0\n",
        "peal_signs 1\n",
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }

    // A restart without witnesses serves what was published before it.
    one.kill();
    two.kill();
    daemon.kill();
    daemon.start();
    let client = Client::new(daemon.url());
    let (shown, _) = published(&client, &trust(2)).unwrap();
    assert_eq!(shown, latest(&client));
    // What is new is taken and not published; with a witness it goes on.
    client.open(&mut Signer::new(&offices.platform.origin));
    assert!(latest(&client).size > shown.size);
    assert_eq!(published(&client, &trust(2)).unwrap().0, shown);
    one.start();
    cosigned_by(&client, &trust(1), &["w1.example"]);
    assert!(daemon.stop());
}

fn origin() -> Origin {
    "log.example/1".parse().unwrap()
}

fn log_key() -> PrivateKey {
    PrivateKey::new(&[7; 32])
}

/// A witness that watches a log of which this test has the key.
fn witness(dir: &Path) -> Witness {
    let list = dir.join("logs");
    let key = VerifierKey { name: origin(), kind: KeyType::Ed25519, key: log_key().public() };
    std::fs::write(&list, format!("{key}\n")).unwrap();
    let mut witness = Witness::init(&dir.join("w"), "w.example", &list);
    witness.start();
    witness
}

fn ask(old: u64, leaves: &[Hash]) -> AddCheckpoint {
    let size = leaves.len() as u64;
    let checkpoint = Checkpoint { origin: origin(), size, root: tree::root(leaves) };
    let note = Note::sign(checkpoint.to_string(), &origin(), &log_key());
    AddCheckpoint::new(old, tree::sure(tree::consistency(leaves, old, size)), note).unwrap()
}

/// Whether the witness has cosigned a request; what it says otherwise.
fn cosigns(witness: &Witness, request: &AddCheckpoint) -> Option<Result<(), (u16, String, String)>> {
    let (status, media_type, text) = witness.call("POST", PATH, request.to_string().as_bytes())?;
    if status != 200 {
        return Some(Err((status, media_type, text)));
    }
    let note = Note { text: request.note.text.clone(), lines: read_answer(&text).unwrap() };
    assert!(matches!(note.signed_by(&witness.key), Ok(Some(Some(_)))), "{text}");
    Some(Ok(()))
}

#[test]
fn a_witness_refuses_a_fork_and_an_older_tree() {
    let dir = tempfile::tempdir().unwrap();
    let witness = witness(dir.path());
    let leaves: Vec<Hash> = (0..40u8).map(|i| leaf(&[i])).collect();
    let mut other = leaves.clone();
    other[3] = leaf(b"another");
    let size = |n: u64| Some(Err((409, SIZE_MEDIA_TYPE.to_owned(), format!("{n}\n"))));
    assert_eq!(cosigns(&witness, &ask(0, &leaves[..20])), Some(Ok(())));
    assert_eq!(cosigns(&witness, &ask(20, &leaves[..20])), Some(Ok(())), "the same again");
    assert_eq!(cosigns(&witness, &ask(0, &leaves[..10])), size(20), "an older tree");
    assert_eq!(cosigns(&witness, &ask(10, &leaves[..10])), size(20), "an older tree");
    assert_eq!(cosigns(&witness, &ask(0, &leaves)), size(20));
    assert_eq!(cosigns(&witness, &ask(20, &other[..20])), size(20), "a fork of the same size");
    let refused = cosigns(&witness, &ask(20, &other)).unwrap().unwrap_err();
    assert_eq!(refused.0, 422, "a fork that is longer: {refused:?}");
    let evidence = std::fs::read_dir(witness.dir()).unwrap();
    let evidence =
        evidence.filter(|e| e.as_ref().unwrap().path().extension().is_some_and(|x| x == "evidence"));
    assert_eq!(evidence.count(), 1, "both notes of the fork are kept");
    assert_eq!(cosigns(&witness, &ask(20, &leaves)), Some(Ok(())));

    let status = |method: &str, path: &str, body: &[u8]| witness.call(method, path, body).unwrap().0;
    let good = ask(40, &leaves).to_string();
    assert_eq!(status("POST", PATH, good.as_bytes()), 200);
    assert_eq!(status("POST", PATH, b"old 1\n"), 400);
    assert_eq!(status("POST", PATH, &[0xff; 100]), 400);
    assert_eq!(status("POST", PATH, &vec![b'a'; MAX_REQUEST + 1]), 413);
    assert_eq!(status("POST", PATH, good.replace("log.example/1", "log.example/2").as_bytes()), 404);
    let mut unsigned = ask(40, &leaves);
    unsigned.note.lines[0].blob[0] ^= 1;
    assert_eq!(status("POST", PATH, unsigned.to_string().as_bytes()), 403);
    assert_eq!((status("GET", PATH, b""), status("GET", "/other", b"")), (405, 404));
    let (code, _, text) = witness.call("GET", "/", b"").unwrap();
    assert!(
        code == 200 && text.contains(&witness.key.to_string()) && text.contains("log.example/1"),
        "{text}"
    );
}

#[test]
fn a_witness_that_is_killed_never_cosigns_two_roots_of_one_size() {
    let dir = tempfile::tempdir().unwrap();
    let mut witness = witness(dir.path());
    let mut agreed: Vec<Hash> = Vec::new();
    for round in 0..20u8 {
        // Two logs that agree so far and differ from here on, sent at once, and the witness dies at a moment that nobody chose.
        let old = agreed.len() as u64;
        let logs = [0u8, 1].map(|side| {
            let mut leaves = agreed.clone();
            leaves.extend((0..=round % 3).map(|i| leaf(&[round, side, i])));
            leaves
        });
        let given: Mutex<BTreeMap<u64, Hash>> = Mutex::new(BTreeMap::new());
        let record = |request: &AddCheckpoint| {
            let Checkpoint { size, root, .. } = request.checkpoint;
            let before = given.lock().unwrap().insert(size, root);
            assert!(before.is_none_or(|b| b == root), "round {round}: two roots of {size} entries");
        };
        std::thread::scope(|scope| {
            let clients: Vec<_> = logs
                .iter()
                .map(|leaves| {
                    let (witness, record) = (&witness, &record);
                    scope.spawn(move || {
                        let request = ask(old, leaves);
                        if cosigns(witness, &request) == Some(Ok(())) {
                            record(&request);
                        }
                    })
                })
                .collect();
            std::thread::sleep(std::time::Duration::from_micros(u64::from(random().0[0]) * 40));
            let _ = std::process::Command::new("kill").args(["-KILL", &witness.pid().to_string()]).status();
            clients.into_iter().for_each(|c| c.join().unwrap());
        });
        witness.kill();
        witness.start();
        let answers = logs.each_ref().map(|leaves| {
            let request = ask(old, leaves);
            let answer = cosigns(&witness, &request).unwrap();
            // A checkpoint that was kept and not given is asked for from its own size.
            let kept = matches!(&answer, Err((409, _, size)) if *size == format!("{}\n", leaves.len()));
            let again =
                if kept { cosigns(&witness, &ask(leaves.len() as u64, leaves)).unwrap() } else { answer };
            if again.is_ok() {
                record(&request);
            }
            again.is_ok()
        });
        assert_eq!(answers.iter().filter(|a| **a).count(), 1, "round {round}: one log goes on, and only one");
        agreed = logs[usize::from(answers[1])].clone();
    }
}
