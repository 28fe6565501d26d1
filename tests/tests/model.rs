//! The model test: random scripts against the ledger and the naive book of `tests/src/model`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

use std::collections::BTreeMap;
use std::fmt;

use peal_spec::refusal::Code;
use peal_tests::model::script::{FRAME, decode};
use peal_tests::model::{Coverage, run};
use proptest::prelude::*;

/// How many fixed scripts are run.
const SCRIPTS: u64 = 56;

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

/// A frame of a posting about the recovery of the one that is under way, or else of the first worker.
fn recovery(issuer: u8, kind: u8, extra: u8) -> Vec<u8> {
    frame(&[0, 64, issuer, 0, 0, 0, kind, 0, 0, 0, 0, extra])
}

/// An account comes to 255 cells and is then asked for two more; another to 256 and is asked for one. Each has a recovery cell beside them,
/// one from the beginning, one at the end.
#[test]
fn accounts_get_full() {
    let pay_in_two_currencies = frame(&[0, 0, 0, 0x10, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 7]);
    let insurances = frame(&[0, 255, 0, 0, 0, 0, 0, 0]);
    let currencies = frame(&[0, 255, 0, 0, 0, 1, 0, 1]);
    let approve = recovery(0, 9, 0);
    let approve_of_the_other = frame(&[0, 64, 0, 0, 0, 0, 9, 193]);
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
    let script =
        [approve, pay_in_two_currencies, insurances, currencies, approve_of_the_other, reads.concat()];
    let coverage = run(&script.concat());
    // 2 cells, 3 of the first posting, 2 for each of 125 insurances: 255; 3 insurances are refused.
    // 2 cells, 2 insurances with 252 currencies: 256; 3 are refused.
    assert_eq!(coverage.refused, BTreeMap::from([(Code::StateFull as u64, 6)]));
    assert_eq!(coverage.accepted[&5], 2 + 125 + 252);
    assert_eq!(coverage.accepted[&8], 2);
}

/// Thirty-six bureaus approve of one recovery; a veto comes to nothing but for what one of them approves alone; it is completed in time.
#[test]
fn approvals_get_full() {
    let crowd = frame(&[0, 254]);
    let mut script = vec![crowd.clone(), crowd];
    script.extend((0..36).map(|bureau| recovery(bureau, 9, 0)));
    // By somebody who is neither guardian nor bureau; again; of other keys.
    script.extend([recovery(1, 15, 0), recovery(1, 9, 0), recovery(0, 9, 255)]);
    let (veto, complete) = (|| recovery(0, 184, 0), || recovery(0, 208, 0));
    script.extend([veto(), veto()]);
    let (to_the_second_before, to_the_end) = (frame(&[180, 1]), frame(&[180]));
    // With the key that is to take over, when it cannot yet: a veto; a completion that is not alone. With the old one, when it is too late.
    let veto_by_the_new_key = frame(&[0, 64, 0, 0, 216, 6, 184]);
    let complete_and_more = frame(&[0, 64, 0, 0x10, 0, 7, 208]);
    let veto_by_the_old_key = frame(&[0, 64, 0, 0, 216, 2, 184]);
    script.extend([to_the_second_before, complete(), veto_by_the_new_key, to_the_end, complete_and_more]);
    script.extend([complete(), veto_by_the_old_key]);
    // With the keys of now, of which nobody approves.
    script.push(recovery(0, 208, 220));
    let coverage = run(&script.concat());
    let count = |of: &BTreeMap<u64, u64>, key: u64| of.get(&key).copied().unwrap_or_default();
    assert_eq!([8, 9, 10].map(|kind| count(&coverage.accepted, kind)), [33, 1, 1]);
    let codes = [
        Code::KeyNotCurrent,
        Code::StateFull,
        Code::AlreadyApproved,
        Code::NothingPending,
        Code::RecoveryTooEarly,
        Code::RecoveryNotApproved,
    ];
    assert_eq!(codes.map(|code| count(&coverage.refused, code as u64)), [3, 5, 1, 1, 1, 1]);
}

/// A recovery to the very keys that are in force takes the approvals out, and leaves the control cell and its salt.
#[test]
fn a_recovery_changes_nothing() {
    let forty_days = frame(&[204, 160]);
    let coverage = run(&[recovery(0, 0, 216), forty_days, recovery(0, 1, 0)].concat());
    assert_eq!(coverage.accepted.get(&10), Some(&1));
    assert!(coverage.refused.is_empty());
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
    assert_eq!(coverage.accepted.keys().copied().collect::<Vec<_>>(), (1..=10).collect::<Vec<_>>());
    assert!(coverage.repeated > 0 && coverage.restarts > SCRIPTS);
}
