//! The model test: random scripts against the ledger and the naive book of `tests/src/model`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

use std::collections::BTreeMap;
use std::fmt;

use peal_spec::refusal::Code;
use peal_tests::model::script::{FRAME, decode};
use peal_tests::model::{Coverage, run};
use proptest::prelude::*;

/// How many fixed scripts are run: those of all kinds, and those of recoveries.
const SCRIPTS: u64 = 56;
const RECOVERIES: u64 = 16;

/// A script, one frame an op. Prints as its bytes, then its ops.
struct Script(Vec<Vec<u8>>);

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.0.concat();
        writeln!(f, "{}", hex::encode(&bytes))?;
        decode(&bytes).iter().try_for_each(|op| writeln!(f, "{op:?}"))
    }
}

/// Scripts of up to 40 ops: frames of random bytes, which shrink one by one and towards zero. One in five is of recoveries.
fn script() -> impl Strategy<Value = Script> {
    let frames = || prop::collection::vec(prop::collection::vec(any::<u8>(), FRAME), 1..40);
    let recoveries = frames().prop_map(|mut frames| {
        frames.iter_mut().for_each(|frame| turn_to_recoveries(frame));
        Script(frames)
    });
    prop_oneof![4 => frames().prop_map(Script), 1 => recoveries]
}

/// Most postings become ones about recoveries; rotations, which may change guardians, stay.
fn turn_to_recoveries(frame: &mut [u8]) {
    if let [_, purpose @ 0..200, ..] = frame {
        *purpose = 52 + *purpose % 48;
    }
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

/// Thirty-six bureaus approve of one recovery, to which its account says no; one approves again, and it is completed in time.
#[test]
fn approvals_get_full() {
    let crowd = frame(&[0, 254]);
    let mut script = vec![crowd.clone(), crowd];
    script.extend((0..36).map(|bureau| recovery(bureau, 9, 0)));
    // By somebody who is neither guardian nor bureau; again; of other keys.
    script.extend([recovery(1, 15, 0), recovery(1, 9, 0), recovery(0, 9, 255)]);
    let (veto, complete) = (|| recovery(0, 184, 0), || recovery(0, 208, 0));
    script.extend([veto(), veto(), recovery(1, 9, 0)]);
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
    assert_eq!([8, 9, 10].map(|kind| count(&coverage.accepted, kind)), [34, 1, 1]);
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

/// The change to the very guardians and keys that are there takes an approval out; the next one changes no cell at all.
#[test]
fn a_change_of_guardians_changes_nothing() {
    // By the second worker, who commits to the key that she has.
    let change = || frame(&[0, 201, 8, 0, 0, 10]);
    let approve = frame(&[0, 64, 0, 0, 0, 0, 9, 1]);
    let coverage = run(&[approve, change(), change()].concat());
    assert_eq!([8, 11].map(|kind| coverage.accepted.get(&kind).copied()), [Some(1), Some(2)]);
    assert!(coverage.refused.is_empty());
}

/// A guardian and a bureau approve, which no veto takes out: her guardians stay, though she may rotate. When the bureau approves of other keys
/// she names another guardian and 60 seconds, and from then on these hold.
#[test]
fn guardians_are_changed() {
    let of = |issuer, kind, subject, target, extra| {
        frame(&[0, 64, issuer, 0, 0, 0, kind, subject, target, 1, 0, extra])
    };
    let rotate = frame(&[0, 201, 10, 0, 0, 2]);
    let (veto, change) = (of(0, 184, 0, 0, 0), || of(0, 240, 5, 60, 1));
    let firm = [of(0, 0, 4, 0, 0), of(2, 9, 0, 0, 0), change(), veto, rotate];
    let changed = [of(2, 9, 0, 0, 255), change()];
    // One who was a guardian, another who is a bureau besides; the new guardian.
    let approve = [of(0, 13, 4, 0, 0), of(1, 13, 4, 0, 0), of(0, 0, 0, 0, 0)];
    let to_the_second_before = frame(&[200, 59]);
    let complete = [to_the_second_before, of(0, 208, 0, 0, 0), frame(&[200, 1]), of(0, 0, 0, 0, 0)];
    let coverage = run(&[firm.concat(), changed.concat(), approve.concat(), complete.concat()].concat());
    assert_eq!(
        [2, 8, 10, 11].map(|kind| coverage.accepted.get(&kind).copied()),
        [Some(1), Some(5), Some(1), Some(1)]
    );
    let codes = [Code::NotGuardian, Code::NothingPending, Code::RecoveryTooEarly, Code::RecoveryPending];
    assert_eq!(coverage.refused, codes.map(|code| (code as u64, 1)).into());
}

/// The account says no to its two guardians. With the bureau that joins them they are firm all the same, and due a day after that.
#[test]
fn guardians_and_a_bureau_are_not_vetoed() {
    let of = |kind, subject| frame(&[0, 64, 0, 0, 0, 0, kind, subject]);
    let (veto, hours) = (|| of(184, 0), frame(&[204, 3]));
    let approve = [of(0, 2), of(0, 0), veto(), hours, of(9, 0), veto()];
    let (to_the_second_before, to_the_end) = (frame(&[180, 1]), frame(&[180]));
    let complete = [to_the_second_before, of(208, 0), to_the_end, of(208, 0)];
    let coverage = run(&[approve.concat(), complete.concat()].concat());
    assert_eq!([8, 9, 10].map(|kind| coverage.accepted.get(&kind).copied()), [Some(3), Some(1), Some(1)]);
    let codes = [Code::NothingPending, Code::RecoveryTooEarly];
    assert_eq!(coverage.refused, codes.map(|code| (code as u64, 1)).into());
}

/// No bureau has a say in the registrar's account, with guardians or without; a guardian has.
#[test]
fn the_registrar_is_recovered_by_guardians() {
    let of = |kind, subject| frame(&[0, 64, 0, 0, 0, 0, kind, subject]);
    let change = frame(&[0, 201, 252, 0, 0, 10, 0, 0, 0, 1, 0, 1]);
    let coverage = run(&[of(9, 240), change, of(9, 2), of(0, 2), of(0, 2)].concat());
    assert_eq!([8, 10, 11].map(|kind| coverage.accepted.get(&kind).copied()), [Some(1); 3]);
    assert_eq!(coverage.refused, BTreeMap::from([(Code::NotGuardian as u64, 2)]));
}

/// A platform opens an account for somebody who is not there yet, hands it over without delay, and has no more to say in it.
#[test]
fn an_account_is_handed_over() {
    let open = frame(&[0, 175, 254, 0, 0, 0, 0, 230, 0, 1, 0, 1]);
    let of = |kind| frame(&[0, 64, 0, 0, 0, 0, kind, 10, 0, 1, 0, 1]);
    // Approved, completed, changed; approved once more.
    let coverage = run(&[open, of(0), of(0), of(240), of(13)].concat());
    assert_eq!([8, 10, 11].map(|kind| coverage.accepted.get(&kind).copied()), [Some(1); 3]);
    assert_eq!(coverage.refused, BTreeMap::from([(Code::NotGuardian as u64, 1)]));
}

#[test]
fn fixed_scripts_provoke_every_refusal_and_every_type() {
    let mut coverage = Coverage::default();
    for seed in 0..SCRIPTS {
        // Any number of bytes is a script.
        coverage.add(&run(&fixed(seed, 40 * FRAME - seed as usize)));
    }
    for seed in SCRIPTS..SCRIPTS + RECOVERIES {
        let mut bytes = fixed(seed, 60 * FRAME);
        bytes.chunks_mut(FRAME).for_each(turn_to_recoveries);
        coverage.add(&run(&bytes));
    }
    // What was covered, for who asks with --nocapture.
    println!("{coverage:?}");
    let missing: Vec<&str> = Code::ALL
        .iter()
        .filter(|code| !coverage.refused.contains_key(&(**code as u64)))
        .map(|code| code.name())
        .collect();
    assert!(missing.is_empty(), "never provoked: {missing:?}");
    assert_eq!(coverage.accepted.keys().copied().collect::<Vec<_>>(), (1..=11).collect::<Vec<_>>());
    assert!(coverage.repeated > 0 && coverage.restarts > SCRIPTS);
}
