//! Packs of schemes, and questions to them.

use peal_spec::scheme::{self, Answer, Pack, Payer, Question, due};

use crate::seeds::{Seeds, vectors};

/// Reads a pack, or a question to one of those that come along: a fault has a line that is there, and the sums of an answer are those of
/// its lines.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(question) = serde_json::from_str::<Question>(text) {
        for id in scheme::ids() {
            let pack = Pack::shipped(id).expect("it is one of them").expect("it is whole");
            ask(&pack, &question);
        }
        return;
    }
    match Pack::read(text) {
        Ok(pack) => {
            let question =
                Question { from: Some("2026-03".into()), to: Some("2026-04".into()), ..Question::default() };
            ask(&pack, &question);
            let earning = r#"{"earnings": [{"from": "2026-02-11", "to": "2026-04-02", "gross": 123457, "orders": 31, "payer": "A"}]}"#;
            ask(&pack, &serde_json::from_str(earning).expect("it is a question"));
        }
        Err(bad) => {
            let lines = text.bytes().filter(|b| *b == b'\n').count() + 1;
            assert!(!bad.0.is_empty());
            assert!(
                bad.0.iter().all(|fault| (1..=lines).contains(&fault.line) && !fault.what.is_empty()),
                "{bad}"
            );
        }
    }
}

fn ask(pack: &Pack, question: &Question) {
    let Ok(answer) = due(pack, question) else { return };
    assert_eq!(answer.complete, answer.refused.is_empty());
    let sum =
        |of: &dyn Fn(&Answer) -> Vec<u64>| of(&answer).iter().fold(0u128, |sum, one| sum + u128::from(*one));
    let lines = sum(&|a| a.lines.iter().filter(|l| l.payer != Payer::Subsidy).map(|l| l.amount).collect());
    // Sums stop at the largest number that a sum can hold; below it they are exact.
    if lines < u128::from(u64::MAX) {
        assert_eq!(lines, sum(&|a| a.payers.iter().map(|p| p.before).collect()));
        assert_eq!(lines, sum(&|a| a.insurances.iter().map(|i| i.amount).collect()));
    }
    for line in &answer.lines {
        assert!(
            line.parts.is_empty() || line.parts.iter().map(|part| part.amount).sum::<u64>() == line.amount
        );
        assert!(!line.because.is_empty(), "a line says what made it");
    }
}

/// The packs, those of the vectors, and their questions.
pub fn seeds() -> Seeds {
    let packs = scheme::ids().filter_map(scheme::text).chain([scheme::TEMPLATE]);
    let mut seeds: Seeds = packs.map(|text| text.as_bytes().to_vec()).collect();
    for vector in vectors("../schemes/vectors") {
        seeds.extend(vector["text"].as_str().map(|text| text.as_bytes().to_vec()));
        seeds.push(vector["question"].to_string().into_bytes());
    }
    seeds
}
