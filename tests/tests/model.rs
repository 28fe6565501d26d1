//! The model test: random scripts against the ledger and the naive book of `tests/src/model`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

use std::collections::BTreeMap;
use std::fmt;

use peal_spec::refusal::Code;
use peal_tests::model::script::{FRAME, decode};
use peal_tests::model::{Coverage, run};
use proptest::prelude::*;

/// How many fixed scripts are run.
const SCRIPTS: u64 = 40;

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

/// 48 scripts, or as many as the environment says.
fn config() -> ProptestConfig {
    let config =
        ProptestConfig { failure_persistence: None, max_shrink_iters: 500, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_some() { config } else { ProptestConfig { cases: 48, ..config } }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_ledger_and_the_model_agree(script in script()) {
        run(&script.0.concat());
    }
}

/// Bytes that look random and are the same everywhere.
fn fixed(seed: u64, length: usize) -> Vec<u8> {
    let block = |n: usize| peal_spec::hash::plain(format!("script {seed}, block {n}").as_bytes()).0;
    (0..length.div_ceil(32)).flat_map(block).take(length).collect()
}

/// A frame that begins with these bytes.
fn frame(begins: &[u8]) -> Vec<u8> {
    let mut frame = begins.to_vec();
    frame.resize(FRAME, 0);
    frame
}

/// An account comes to 255 cells and is then asked for two more; another to 256 and is asked for one.
#[test]
fn accounts_get_full() {
    let pay_in_two_currencies = frame(&[0, 0, 0, 0x10, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 7]);
    let insurances = frame(&[0, 255, 0, 0, 0, 0, 0, 0]);
    let currencies = frame(&[0, 255, 0, 0, 0, 1, 0, 1]);
    // The log has more than 256 leaves then: a whole tile of each level, and a part of the next.
    let reads = [
        frame(&[243, 0, 0, 1, 0]),
        frame(&[243, 0, 1, 0, 100]),
        frame(&[243, 193, 0, 0, 1]),
        frame(&[243, 193, 0, 0, 2]),
        frame(&[246, 0, 1, 0]),
        frame(&[246, 1, 0, 40]),
        frame(&[238, 100, 254]),
        frame(&[228, 8, 200, 0, 100]),
    ];
    let coverage = run(&[pay_in_two_currencies, insurances, currencies, reads.concat()].concat());
    // 2 cells, 3 of the first posting, 2 for each of 125 insurances: 255; 3 insurances are refused.
    // 2 cells, 2 insurances with 252 currencies: 256; 3 are refused.
    assert_eq!(coverage.refused, BTreeMap::from([(Code::StateFull as u64, 6)]));
    assert_eq!(coverage.accepted[&5], 2 + 125 + 252);
}

#[test]
fn fixed_scripts_provoke_every_refusal_and_every_type() {
    let mut coverage = Coverage::default();
    for seed in 0..SCRIPTS {
        // Any number of bytes is a script.
        coverage.add(&run(&fixed(seed, 40 * FRAME - seed as usize)));
    }
    // What was covered, for who asks with --nocapture.
    println!("{coverage:?}");
    let missing: Vec<&str> = Code::ALL
        .iter()
        .filter(|code| !coverage.refused.contains_key(&(**code as u64)))
        .map(|code| code.name())
        .collect();
    assert!(missing.is_empty(), "never provoked: {missing:?}");
    assert_eq!(coverage.accepted.keys().copied().collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7]);
    assert!(coverage.repeated > 0 && coverage.restarts > SCRIPTS);
}
