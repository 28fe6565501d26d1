//! What a log and a witness say to each other (C2SP tlog-witness), and when a witness may cosign.
//!
//! 1. A log sends [`AddCheckpoint`]: the size that it believes the witness has cosigned, the consistency proof from there, the signed checkpoint.
//! 2. [`judge`] compares it with what the witness has cosigned before. It is a pure function: keeping its outcome, durably and before the
//!    cosignature is given away, is the witness's work.
//! 3. The answer is cosignature lines, or a [`Refused`] that names the size to go on from.
//!
//! Source: C2SP tlog-witness; `spec/README.md` §11.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::hash::Hash;
use crate::note::{BadNote, Checkpoint, Line, MAX_NOTE, Note, VerifierKey, decimal, root64};
use crate::tree::{check_consistency, empty_root};

/// The most hashes in a consistency proof.
pub const MAX_PROOF: usize = 63;
/// The most bytes in a request: its own lines, and a note.
pub const MAX_REQUEST: usize = MAX_NOTE + 4096;
/// The media type of an answer that tells a size.
pub const SIZE_MEDIA_TYPE: &str = "text/x.tlog.size";
/// The path of the one call, below the witness's URL.
pub const PATH: &str = "/add-checkpoint";

/// A log asks a witness to cosign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size that the witness cosigned last, as the log believes.
    pub old: u64,
    /// The consistency proof from there.
    pub proof: Vec<Hash>,
    /// The signed checkpoint.
    pub note: Note,
    /// What the note says. Lines that extend a checkpoint are not read; they are cosigned with the rest.
    pub checkpoint: Checkpoint,
}

impl AddCheckpoint {
    /// A request for a signed checkpoint.
    ///
    /// # Errors
    /// [`BadNote`] if the note is no checkpoint, or smaller than `old`.
    pub fn new(old: u64, proof: Vec<Hash>, note: Note) -> Result<Self, BadNote> {
        let end = note.text.match_indices('\n').nth(2).map(|(i, _)| i + 1);
        let (head, rest) = note.text.split_at(end.ok_or(BadNote("a checkpoint of less than three lines"))?);
        let checkpoint: Checkpoint = head.parse()?;
        if rest.starts_with('\n') || rest.contains("\n\n") {
            return Err(BadNote("a checkpoint with an empty line"));
        }
        if proof.len() > MAX_PROOF {
            return Err(BadNote("a consistency proof of more than 63 hashes"));
        }
        if old > checkpoint.size {
            return Err(BadNote("the old size is above that of the checkpoint"));
        }
        Ok(Self { old, proof, note, checkpoint })
    }

    /// Reads the bytes of a request.
    ///
    /// # Errors
    /// [`BadNote`] says what is not as tlog-witness has it.
    pub fn read(bytes: &[u8]) -> Result<Self, BadNote> {
        if bytes.len() > MAX_REQUEST {
            return Err(BadNote("a request of more than 68 KiB"));
        }
        std::str::from_utf8(bytes).map_err(|_| BadNote("a request that is not UTF-8"))?.parse()
    }

    /// Whether one of these keys has signed it. Lines of other keys are passed over; of one whose line does not verify, nothing is believed.
    pub fn is_signed_by<'k>(&self, keys: impl IntoIterator<Item = &'k VerifierKey>) -> bool {
        keys.into_iter().any(|key| matches!(self.note.signed_by(key), Ok(Some(_))))
    }
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        self.proof.iter().try_for_each(|hash| writeln!(f, "{}", BASE64.encode(hash.0)))?;
        write!(f, "\n{}", self.note)
    }
}

impl FromStr for AddCheckpoint {
    type Err = BadNote;
    fn from_str(text: &str) -> Result<Self, BadNote> {
        let (head, note) = text.split_once("\n\n").ok_or(BadNote("no empty line before the checkpoint"))?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old ")).and_then(decimal);
        let old = old.ok_or(BadNote("the first line is not `old <size>`"))?;
        let mut proof = Vec::new();
        for line in lines {
            if proof.len() == MAX_PROOF {
                return Err(BadNote("a consistency proof of more than 63 hashes"));
            }
            proof.push(root64(line).ok_or(BadNote("a line of the proof is not a hash in base64"))?);
        }
        Self::new(old, proof, note.parse()?)
    }
}

/// Why a witness does not cosign a checkpoint of a log that it knows, signed by the log's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The log is to start from another size: the one last cosigned.
    #[error("this witness has cosigned {0} entries")]
    Stale(u64),
    /// The log has signed two trees of one size. Both notes together are evidence of that.
    #[error("this witness has cosigned another tree of {0} entries")]
    Fork(u64),
    /// The proof does not show that the tree extends the one last cosigned.
    #[error("the consistency proof does not hold")]
    Inconsistent,
}

/// Whether a witness that has `known` as the last checkpoint that it cosigned may cosign a request of the same log, whose signature holds.
///
/// # Errors
/// [`Refused`].
pub fn judge(request: &AddCheckpoint, known: Option<&Checkpoint>) -> Result<(), Refused> {
    let new = &request.checkpoint;
    let size = known.map_or(0, |k| k.size);
    if known.is_some_and(|k| k.size == new.size && k.root != new.root) {
        return Err(Refused::Fork(size));
    }
    if request.old != size {
        return Err(Refused::Stale(size));
    }
    let holds = match known.filter(|k| k.size > 0) {
        None if new.size == 0 => request.proof.is_empty() && new.root == empty_root(),
        None => request.proof.is_empty(),
        Some(k) => check_consistency(k.size, &k.root, new.size, &new.root, &request.proof).is_ok(),
    };
    if holds { Ok(()) } else { Err(Refused::Inconsistent) }
}

/// The signature lines of a witness's answer, none of them checked.
///
/// # Errors
/// [`BadNote`] if it is not one or more signature lines.
pub fn read_answer(answer: &str) -> Result<Vec<Line>, BadNote> {
    let note: Note = format!("\n\n{answer}").parse()?;
    if note.text == "\n" { Ok(note.lines) } else { Err(BadNote("an answer with an empty line")) }
}

/// The size that an answer of media type [`SIZE_MEDIA_TYPE`] tells.
pub fn read_size(answer: &str) -> Option<u64> {
    decimal(answer.strip_suffix('\n')?).filter(|_| answer.len() > 1)
}

/// A signature line as it stands in an answer.
pub fn write_line(line: &Line) -> String {
    let note = Note { text: "\n".into(), lines: vec![line.clone()] }.to_string();
    note.trim_start_matches('\n').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::PrivateKey;
    use crate::tree;
    use crate::value::{Origin, Time};

    fn origin() -> Origin {
        "log.example/1".parse().unwrap()
    }

    fn leaves(n: u64, salt: u8) -> Vec<Hash> {
        (0..n).map(|i| crate::hash::leaf(&[i as u8, salt])).collect()
    }

    fn ask(old: u64, leaves: &[Hash]) -> AddCheckpoint {
        let size = leaves.len() as u64;
        let checkpoint = Checkpoint { origin: origin(), size, root: tree::root(leaves) };
        let note = Note::sign(checkpoint.to_string(), &origin(), &PrivateKey::new(&[1; 32]));
        let proof = tree::sure(tree::consistency(leaves, old, size));
        AddCheckpoint::new(old, proof, note).unwrap()
    }

    #[test]
    fn a_witness_cosigns_what_extends_and_nothing_else() {
        let all = leaves(9, 0);
        let known = |n: usize| ask(0, &all[..n]).checkpoint;
        assert_eq!(judge(&ask(0, &all), None), Ok(()));
        assert_eq!(judge(&ask(5, &all), Some(&known(5))), Ok(()));
        assert_eq!(judge(&ask(9, &all), Some(&known(9))), Ok(()), "the same again");
        assert_eq!(judge(&ask(0, &leaves(0, 0)), None), Ok(()), "an empty log");
        // Each row fixes one fault.
        assert_eq!(judge(&ask(4, &all), Some(&known(5))), Err(Refused::Stale(5)));
        assert_eq!(judge(&ask(0, &all[..3]), Some(&known(5))), Err(Refused::Stale(5)), "an older tree");
        assert_eq!(judge(&ask(3, &all[..3]), Some(&known(5))), Err(Refused::Stale(5)), "an older tree");
        assert_eq!(judge(&ask(5, &leaves(5, 1)), Some(&known(5))), Err(Refused::Fork(5)));
        assert_eq!(judge(&ask(0, &leaves(5, 1)), Some(&known(5))), Err(Refused::Fork(5)));
        assert_eq!(judge(&ask(5, &leaves(9, 1)), Some(&known(5))), Err(Refused::Inconsistent));
        let mut long = ask(0, &all);
        long.proof.push(Hash::default());
        assert_eq!(judge(&long, None), Err(Refused::Inconsistent));
        let mut long = ask(9, &all);
        long.proof.push(Hash::default());
        assert_eq!(judge(&long, Some(&known(9))), Err(Refused::Inconsistent));
        let mut none = ask(0, &leaves(0, 0));
        none.checkpoint.root = Hash::default();
        assert_eq!(judge(&none, None), Err(Refused::Inconsistent));
    }

    #[test]
    fn a_request_is_read_as_it_is_written() {
        for request in [ask(0, &leaves(1, 0)), ask(0, &leaves(9, 0)), ask(5, &leaves(9, 0))] {
            let text = request.to_string();
            assert!(text.starts_with(&format!("old {}\n", request.old)));
            assert_eq!(AddCheckpoint::read(text.as_bytes()).unwrap(), request);
        }
        let good = ask(5, &leaves(9, 0)).to_string();
        let bad = |from: &str, to: &str| {
            let changed = good.replacen(from, to, 1);
            assert_ne!(changed, good);
            AddCheckpoint::read(changed.as_bytes()).unwrap_err().0
        };
        assert_eq!(bad("old 5", "old 05"), "the first line is not `old <size>`");
        assert_eq!(bad("old 5", "Old 5"), "the first line is not `old <size>`");
        assert_eq!(bad("old 5", "old 10"), "the old size is above that of the checkpoint");
        assert_eq!(bad("old 5\n", "old 5\nAA==\n"), "a line of the proof is not a hash in base64");
        let hash = BASE64.encode([0; 32]) + "\n";
        let many = format!("old 5\n{}", hash.repeat(64));
        assert_eq!(bad("old 5\n", &many), "a consistency proof of more than 63 hashes");
        assert_eq!(AddCheckpoint::read(b"old 0\n").unwrap_err().0, "no empty line before the checkpoint");
        assert!(AddCheckpoint::read(&vec![b'a'; MAX_REQUEST + 1]).unwrap_err().0.contains("68 KiB"));
        // Lines that extend a checkpoint belong to it.
        let key = PrivateKey::new(&[1; 32]);
        let text = format!("{}more\n", ask(0, &leaves(2, 0)).checkpoint);
        let extended = AddCheckpoint::new(0, Vec::new(), Note::sign(text, &origin(), &key)).unwrap();
        assert_eq!(AddCheckpoint::read(extended.to_string().as_bytes()).unwrap(), extended);
    }

    #[test]
    fn answers_are_lines_or_a_size() {
        let mut note = ask(0, &leaves(2, 0)).note;
        note.cosign(&"w.example".parse().unwrap(), &PrivateKey::new(&[2; 32]), Time::new(7).unwrap());
        let line = note.lines[1].clone();
        let text = write_line(&line);
        assert!(text.starts_with("\u{2014} w.example ") && text.ends_with('\n'));
        assert_eq!(read_answer(&text).unwrap(), [line]);
        assert_eq!(read_answer(&text.repeat(2)).unwrap().len(), 2);
        for bad in ["", "\n", "x\n", "old 1\n", &format!("{text}\n\n{text}"), &format!("a\n\n{text}")] {
            assert!(read_answer(bad).is_err(), "{bad:?}");
        }
        assert_eq!(read_size("12\n"), Some(12));
        for bad in ["", "\n", "12", "012\n", "-1\n", "12\n\n", "1e3\n"] {
            assert_eq!(read_size(bad), None, "{bad:?}");
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn hostile_bytes_are_refused_or_mean_what_they_say(
            noise in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200),
            at in proptest::prelude::any::<proptest::sample::Index>(),
            cut in proptest::prelude::any::<proptest::sample::Index>(),
            old in 0u64..12,
        ) {
            let good = ask(old.min(9), &leaves(9, 0)).to_string().into_bytes();
            let (at, cut) = (at.index(good.len()), cut.index(good.len()));
            let mut flipped = good.clone();
            flipped[at] ^= noise.first().copied().unwrap_or(1);
            for bytes in [
                noise.clone(),
                [&good[..at], &noise, &good[cut.max(at)..]].concat(),
                [&b"old 1\n\n"[..], &noise].concat(),
                flipped,
            ] {
                if let Ok(request) = AddCheckpoint::read(&bytes) {
                    assert_eq!(request.to_string().as_bytes(), bytes, "one form only");
                    assert!(request.old <= request.checkpoint.size && request.proof.len() <= MAX_PROOF);
                    let _ = judge(&request, Some(&ask(0, &leaves(5, 0)).checkpoint));
                }
                let text = String::from_utf8_lossy(&bytes);
                let _ = (read_answer(&text), read_size(&text));
            }
        }
    }
}
