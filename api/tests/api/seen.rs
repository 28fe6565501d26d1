//! What somebody has seen of the log: a note that it does not contain ends all signing, and nothing else does.

use peal_spec::hash::Hash;
use peal_spec::key::{KeyChain, PrivateKey};
use peal_spec::note::{Checkpoint, Note};
use peal_spec::tree::check_consistency;
use peal_spec::value::Time;

use crate::stage::{POSTING, Stage, opening};
use peal_spec::cbor::Cbor as _;

const TEXT: &str = "text/plain; charset=utf-8";

/// A note of this size and root by the stage's operator.
fn note(stage: &Stage, size: u64, root: Hash) -> Note {
    let checkpoint = Checkpoint { origin: stage.origin.clone(), size, root };
    Note::sign(checkpoint.to_string(), &stage.origin, &PrivateKey::new(&[9; 32]))
}

fn checkpoint(text: &str) -> Checkpoint {
    text.parse::<Note>().unwrap().text.parse().unwrap()
}

#[test]
fn a_note_that_the_log_contains_is_proved() {
    let stage = Stage::new();
    let first = stage.get("/v1/checkpoint").text();
    stage.person(3);
    stage.person(4);
    let answer = stage.post("/v1/seen", TEXT, first.as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.text());
    let view = answer.json();
    let (old, new) = (checkpoint(&first), checkpoint(view["checkpoint"].as_str().unwrap()));
    assert_eq!((view["size"].as_u64(), new.size), (Some(old.size), old.size + 4));
    use base64::Engine as _;
    let hash = |v: &serde_json::Value| {
        let bytes = base64::engine::general_purpose::STANDARD.decode(v.as_str().unwrap()).unwrap();
        Hash(bytes.try_into().unwrap())
    };
    let proof: Vec<Hash> = view["consistency"].as_array().unwrap().iter().map(hash).collect();
    check_consistency(old.size, &old.root, new.size, &new.root, &proof).unwrap();
    // With the lines of others, as a published checkpoint has them.
    let mut cosigned: Note = first.parse().unwrap();
    cosigned.cosign(&"w.example".parse().unwrap(), &PrivateKey::new(&[2; 32]), Time::new(7).unwrap());
    assert_eq!(stage.post("/v1/seen", TEXT, cosigned.to_string().as_bytes()).status, 200);
    stage.person(5);
}

#[test]
fn notes_of_others_change_nothing() {
    let stage = Stage::new();
    let far = note(&stage, 1_000_000, Hash([1; 32]));
    let other_key = Note::sign(far.text.clone(), &stage.origin, &PrivateKey::new(&[8; 32]));
    let mut damaged = far.clone();
    damaged.lines[0].blob[5] ^= 1;
    let mut cosigned = far.clone();
    cosigned.lines.clear();
    cosigned.cosign(&stage.origin, &PrivateKey::new(&[9; 32]), Time::new(7).unwrap());
    let elsewhere: peal_spec::value::Origin = "elsewhere.example".parse().unwrap();
    let text = far.text.replace(stage.origin.as_str(), elsewhere.as_str());
    let foreign = Note::sign(text, &elsewhere, &PrivateKey::new(&[9; 32]));
    let extended = Note::sign(format!("{}more\n", far.text), &stage.origin, &PrivateKey::new(&[9; 32]));
    for bad in [other_key, damaged, cosigned, foreign, extended] {
        stage.post("/v1/seen", TEXT, bad.to_string().as_bytes()).demand(422, "foreign-note");
    }
    for bad in [&b""[..], b"nonsense", &[0xff; 40], far.text.as_bytes()] {
        stage.post("/v1/seen", TEXT, bad).demand(422, "foreign-note");
    }
    stage.post("/v1/seen", TEXT, &vec![b'a'; 65 * 1024]).demand(413, "too-large");
    stage.post("/v1/seen", POSTING, far.to_string().as_bytes()).demand(415, "unsupported-media-type");
    stage.person(3);
}

#[test]
fn a_note_beyond_the_log_or_beside_it_ends_all_signing() {
    for ahead in [true, false] {
        let stage = Stage::new();
        let dir = tempfile::tempdir().unwrap();
        let kept = dir.path().join("seen.note");
        stage.app.keep_evidence_in(kept.clone());
        stage.person(3);
        let here = checkpoint(&stage.get("/v1/checkpoint").text());
        let size = if ahead { here.size + 1 } else { here.size - 1 };
        let seen = note(&stage, size, Hash([1; 32])).to_string();
        let told = stage.post("/v1/seen", TEXT, seen.as_bytes()).demand(409, "rolled-back");
        assert!(told["detail"].as_str().unwrap().contains(&format!("a log of {size} entries")), "{told}");
        assert_eq!(std::fs::read_to_string(&kept).unwrap(), seen);

        let posting = opening(&stage.origin, &KeyChain::new([4; 64])).to_bytes();
        for route in ["/v1/accounts", "/v1/postings"] {
            let answer = stage.post(route, POSTING, &posting);
            let told = answer.demand(503, "rolled-back");
            assert!(told["detail"].as_str().unwrap().contains("somebody has seen a log of"), "{told}");
            assert_eq!(answer.header("retry-after"), Some("600"));
        }
        assert_eq!(checkpoint(&stage.get("/v1/checkpoint").text()), here, "nothing more is signed");
        // Reads go on, also of notes that are contained; the first note that was not stays.
        assert_eq!(stage.get("/readyz").status, 200);
        assert_eq!(stage.get("/checkpoint").status, 200);
        let own = stage.get("/v1/checkpoint").text();
        assert_eq!(stage.post("/v1/seen", TEXT, own.as_bytes()).status, 200);
        let more = note(&stage, here.size + 9, Hash([1; 32])).to_string();
        stage.post("/v1/seen", TEXT, more.as_bytes()).demand(409, "rolled-back");
        assert_eq!(std::fs::read_to_string(&kept).unwrap(), seen);
        assert!(stage.get("/metrics").text().contains("\npeal_signs 0\n"));
    }
}
