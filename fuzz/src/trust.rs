//! Trust lists.

use peal_spec::trust::Trust;

use crate::seeds::{Seeds, text_of, vectors};

/// Reads a list; what is read and written is read as the same.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match text.parse::<Trust>() {
        Ok(trust) => {
            let written = trust.to_string();
            assert_eq!(written.parse::<Trust>().expect("a list that is written is read"), trust);
            for ledger in &trust.ledgers {
                assert_eq!(trust.ledger(&ledger.origin), Some(ledger), "an origin stands once");
                assert!(!ledger.operators.is_empty());
                assert!(ledger.need_witnesses <= ledger.witnesses.len());
                assert!(ledger.need_auditors <= ledger.auditors.len());
            }
        }
        Err(bad) => assert!((1..=text.split('\n').count()).contains(&bad.line), "{bad}"),
    }
}

/// The vectors, and the lists of the proofs' vectors.
pub fn seeds() -> Seeds {
    let mut seeds = text_of("trust", "text");
    seeds.extend(vectors("proof").iter().filter_map(|v| Some(v["trust"].as_str()?.as_bytes().to_vec())));
    seeds
}
