//! Notes, checkpoints, verifier keys and cosignatures.

use peal_spec::key::PrivateKey;
use peal_spec::note::{Checkpoint, KeyType, MAX_NOTE, MAX_SIGNATURES, Note, VerifierKey};
use peal_spec::trust::{Ledger, Trust};
use peal_spec::value::Origin;
use peal_spec::verify::{check_checkpoint, read_checkpoint};

use crate::cast::time;
use crate::operator;
use crate::seeds::{Seeds, WORLD, text_of, vectors};

/// A witness, whose key stands in the trust list of this target.
fn witness() -> (Origin, PrivateKey, VerifierKey) {
    let name: Origin = "witness.example".parse().unwrap();
    let key = PrivateKey::new(&[8; 32]);
    let verifier = VerifierKey { name: name.clone(), kind: KeyType::Cosignature, key: key.public() };
    (name, key, verifier)
}

fn trust() -> Trust {
    let mut ledger = Ledger::new(crate::cast::origin(), operator::key());
    ledger.witnesses.push(witness().2);
    ledger.need_witnesses = 1;
    Trust { ledgers: vec![ledger] }
}

/// Reads the bytes as each of them.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(key) = text.parse::<VerifierKey>() {
        assert_eq!(key.to_string(), text);
    }
    if let Ok(checkpoint) = text.parse::<Checkpoint>() {
        assert_eq!(checkpoint.to_string(), text);
    }
    let trust = trust();
    if let Ok((note, checkpoint, ledger)) = read_checkpoint(text, &trust)
        && let Ok((witnesses, auditors)) = check_checkpoint(&note, &checkpoint, time(0), ledger)
    {
        assert_eq!((witnesses.len(), auditors.len()), (1, 0), "one witness is needed and listed");
    }
    let Ok(note) = text.parse::<Note>() else { return };
    assert_eq!(note.to_string(), text, "a note that is read is written back");
    assert!(!text.chars().any(|c| c < ' ' && c != '\n'), "a note has no control characters");
    assert!(note.lines.len() <= MAX_SIGNATURES && text.len() <= MAX_NOTE);
    for known in [operator::key(), witness().2] {
        let _ = note.signed_by(&known);
    }
    sign(&note);
}

/// Signs the text, and has it cosigned beside the lines that are there.
fn sign(note: &Note) {
    let origin = crate::cast::origin();
    let (name, key, verifier) = witness();
    let mut signed = Note::sign(note.text.clone(), &origin, &WORLD.book.operator());
    let ids = [operator::key().id(), verifier.id()];
    let others = note.lines.iter().filter(|l| !ids.contains(&l.id)).take(MAX_SIGNATURES - 2);
    signed.lines.extend(others.cloned());
    signed.cosign(&name, &key, time(7));
    let written = signed.to_string();
    let Ok(again) = written.parse::<Note>() else {
        assert!(written.len() > MAX_NOTE, "a signed note is read again");
        return;
    };
    assert_eq!(again, signed);
    assert_eq!(again.signed_by(&operator::key()), Ok(Some(None)));
    assert_eq!(again.signed_by(&verifier), Ok(Some(Some(time(7)))));
    // A signature is over this text and no other.
    let other = Note { text: format!("{}\n", again.text), lines: again.lines };
    assert!(other.signed_by(&operator::key()).is_err() && other.signed_by(&verifier).is_err());
}

/// The vectors, their keys, and the small ledger's checkpoints.
pub fn seeds() -> Seeds {
    let mut seeds = text_of("note", "text");
    for vector in vectors("note") {
        seeds
            .extend(vector["keys"].as_array().into_iter().flatten().filter_map(|k| Some(k.as_str()?.into())));
    }
    for commit in &WORLD.commits {
        let mut note: Note = commit.checkpoint.parse().unwrap();
        seeds.push(note.text.clone().into_bytes());
        seeds.push(note.to_string().into_bytes());
        let (name, key, _) = witness();
        note.cosign(&name, &key, time(5));
        seeds.push(note.to_string().into_bytes());
    }
    seeds
}
