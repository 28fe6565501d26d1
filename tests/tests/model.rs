//! The model test: random scripts against the ledger and the naive book of `tests/src/model`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

use std::fmt;

use peal_tests::model::run;
use peal_tests::model::script::{FRAME, decode};
use proptest::prelude::*;

/// A script, one frame an op. Prints as its bytes, then its ops.
struct Script(Vec<Vec<u8>>);

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.0.concat();
        writeln!(f, "{}", hex::encode(&bytes))?;
        decode(&bytes).iter().try_for_each(|op| writeln!(f, "{op:?}"))
    }
}

/// Scripts of up to 40 ops: frames of random bytes, which shrink one by one and towards zero.
fn script() -> impl Strategy<Value = Script> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), FRAME), 1..40).prop_map(Script)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_ledger_and_the_model_agree(script in script()) {
        run(&script.0.concat());
    }
}
