//! The model test: random scripts against the ledger and the naive book of `tests/src/model`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use peal_spec::refusal::Code;
use peal_spec::statement::{Body, Type};
use peal_spec::value::Time;
use peal_tests::model::odd::odd_of;
use peal_tests::model::promises::{Life, Told, breaches};
use peal_tests::model::said::KINDS;
use peal_tests::model::script::{FRAME, decode};
use peal_tests::model::{Coverage, lives, run};
use proptest::prelude::*;

/// How many fixed scripts are run: those of all kinds, those of recoveries, and those of what funds do.
const SCRIPTS: u64 = 56;
const RECOVERIES: u64 = 16;
const FUNDS: u64 = 24;
const CLAIMS: u64 = 24;
const IDENTITIES: u64 = 8;
const ERASURES: u64 = 12;
const MOVES: u64 = 24;

/// A script, one frame an op. Prints as its bytes, then its ops.
struct Script(Vec<Vec<u8>>);

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.0.concat();
        writeln!(f, "{}", hex::encode(&bytes))?;
        decode(&bytes).iter().try_for_each(|op| writeln!(f, "{op:?}"))
    }
}

/// Scripts of up to 40 ops: frames of random bytes, which shrink one by one and towards zero. One in six is of recoveries, and one of what funds
/// do.
fn script() -> impl Strategy<Value = Script> {
    let frames = || prop::collection::vec(prop::collection::vec(any::<u8>(), FRAME), 1..40);
    let turned = |turn: fn(&mut [u8])| {
        frames().prop_map(move |mut frames| {
            frames.iter_mut().for_each(|frame| turn(frame));
            Script(frames)
        })
    };
    prop_oneof![4 => frames().prop_map(Script), 1 => turned(turn_to_recoveries), 1 => turned(turn_to_funds), 1 => turned(turn_to_claims), 1 => turned(turn_to_identities), 1 => turned(turn_to_erasures), 1 => turned(turn_to_moves)]
}

/// Most postings become ones about recoveries; rotations, which may change guardians, stay.
fn turn_to_recoveries(frame: &mut [u8]) {
    if let [_, purpose @ 0..200, ..] = frame {
        *purpose = 52 + *purpose % 48;
    }
}

/// Most postings become contributions, settlements, and above all what comes of them: benefits, refunds and the like.
fn turn_to_funds(frame: &mut [u8]) {
    if let [op, purpose @ 0..200, ..] = frame {
        // No recovery will be due.
        *op = if (180..200).contains(op) { *op - 180 } else { *op };
        *purpose = [0, 100, 40, 40, 130, 130, 130][usize::from(*purpose % 7)];
    }
}

/// Most postings become consents, what is done by them, claims and what follows.
fn turn_to_claims(frame: &mut [u8]) {
    if let [_, purpose @ 0..200, ..] = frame {
        *purpose = [0, 246, 246, 250, 250, 250][usize::from(*purpose % 6)];
    }
}

/// Most postings become bindings of identities, links and withdrawals.
fn turn_to_identities(frame: &mut [u8]) {
    if let [_, purpose @ 0..200, ..] = frame {
        *purpose = [233, 233, 233, 150][usize::from(*purpose % 4)];
    }
}

/// Most postings become engagements, claims and what follows, and what erases these.
fn turn_to_erasures(frame: &mut [u8]) {
    if let [_, purpose @ 0..200, ..] = frame {
        *purpose = [40, 250, 250, 229, 229, 229, 150][usize::from(*purpose % 7)];
    }
}

/// Most postings become departures, arrivals and what belongs to them, some with something to go along.
fn turn_to_moves(frame: &mut [u8]) {
    if let [op, purpose @ 0..200, ..] = frame {
        // The clock stays near.
        *op = if (208..212).contains(op) { 0 } else { *op };
        *purpose = [0, 100, 130, 201, 233, 223, 223, 223, 223, 223, 223, 223][usize::from(*purpose % 12)];
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

/// A frame of a posting of one statement.
fn says(purpose: u8, kind: u8, [subject, target, value, twist, extra]: [u8; 5]) -> Vec<u8> {
    frame(&[0, purpose, 0, 0, 0, 0, kind, subject, target, value, twist, extra])
}

/// By the first platform: a contribution, whose credited part is 5 times its value.
fn pay(value: u8) -> Vec<u8> {
    says(0, 0, [0, value, value, 0, 4])
}

/// By the first platform: a matching (2), a refund received (4), an engagement voided (7).
fn work(kind: u8, value: u8, twist: u8) -> Vec<u8> {
    says(40, kind, [0, 0, value, twist, 0])
}

/// By the first fund: a settlement.
fn settle(target: u8) -> Vec<u8> {
    says(100, 0, [0, target, 0, 0, 0])
}

/// By the first fund: an award (0), a benefit (1), a refund (4), interest (7), an award voided (9).
fn serve(kind: u8, value: u8, twist: u8) -> Vec<u8> {
    says(130, kind, [0, 0, value, twist, 0])
}

/// An account comes to 255 cells and is then asked for two more; another to 256 and is asked for one. Each has a recovery cell beside them,
/// one from the beginning, one at the end. The first benefit of one insurance and currency takes the last cell.
#[test]
fn accounts_get_full() {
    let pay_in_two_currencies = frame(&[0, 0, 0, 0x10, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 7]);
    let insurances = frame(&[0, 255, 0, 0, 0, 0, 0, 0]);
    let currencies = frame(&[0, 255, 0, 0, 0, 1, 0, 1]);
    let approve = recovery(0, 9, 0);
    let approve_of_the_other = frame(&[0, 64, 0, 0, 0, 0, 9, 193]);
    // Awards of two months in two currencies, paid for a month each; and once more.
    let award = |subject, extra| says(130, 0, [subject, 1, 0, 0, extra]);
    let benefit = |target| says(130, 1, [0, target, 0, 0, 0]);
    let awards = [award(0, 0), award(0, 7), benefit(0), benefit(1), benefit(0)];
    // In the other account the same, a refund, and interest of one on one that is credited.
    let others = [award(1, 0), benefit(1), settle(128), serve(4, 0, 0), says(130, 7, [0, 0, 3, 0, 11])];
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
    let contributions = [approve, pay_in_two_currencies, insurances, currencies, approve_of_the_other];
    let coverage = run(&[contributions.concat(), awards.concat(), others.concat(), reads.concat()].concat());
    // 2 cells, 3 of the first posting, 2 for each of 125 insurances: 255; 3 insurances are refused.
    // 2 cells, 2 insurances with 252 currencies: 256; 3 are refused.
    let full = Code::StateFull as u64;
    assert_eq!(
        coverage.refused_of,
        [(5, 6), (14, 2), (15, 1), (16, 1)].map(|(of, n)| ((of, full), n)).into()
    );
    assert_eq!(coverage.accepted[&5], 2 + 125 + 252);
    assert_eq!(coverage.accepted[&14], 2);
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

/// How often statements of a type were accepted, and refused with each code.
fn of_type(coverage: &Coverage, kind: u64) -> (u64, Vec<(Code, u64)>) {
    let refused = coverage.refused_of.iter().filter(|((of, _), _)| *of == kind);
    let refused = refused.map(|((_, code), count)| (Code::from_number(*code).unwrap(), *count));
    (coverage.accepted.get(&kind).copied().unwrap_or_default(), refused.collect())
}

/// A contribution of 341, of which 100 are credited, goes back in two parts, and its payer has both.
#[test]
fn money_goes_back() {
    let script = [
        pay(20),
        // Before it was settled, and while nothing came back.
        serve(4, 0, 130),
        settle(0),
        work(4, 0, 129),
        // 8 of the rest.
        serve(4, 1, 0),
        // One more than is left; one more credited; one less, so that one credited is left of nothing.
        serve(4, 0, 137),
        serve(4, 0, 138),
        serve(4, 0, 139),
        // 2 of the 8; 7 of the 6 that are left.
        work(4, 1, 0),
        work(4, 0, 134),
        // All that is left, with 100 credited: the month does not count any more. And one more.
        serve(4, 0, 0),
        serve(4, 0, 131),
        work(4, 0, 0),
        work(4, 0, 129),
        // It is settled for good: nobody voids it, and one may add to it.
        says(0, 5, [0, 0, 0, 201, 0]),
        work(2, 40, 0),
    ];
    let coverage = run(&script.concat());
    assert_eq!(of_type(&coverage, 15), (2, vec![(Code::NotSettled, 1), (Code::BeyondSettled, 4)]));
    assert_eq!(of_type(&coverage, 31), (2, vec![(Code::BeyondRefunded, 3)]));
    assert_eq!(of_type(&coverage, 7), (0, vec![(Code::Settled, 1)]));
    assert_eq!(of_type(&coverage, 32), (1, vec![]));
}

/// An award of three months is paid for one, in two parts; then it is voided, and nothing more is paid.
#[test]
fn an_award_is_paid() {
    // The second part is what is left: all but 1 of 100.
    let part = |extra, twist| says(130, 1, [0, 0, 0, twist, extra]);
    let script = [
        says(130, 0, [0, 2, 0, 0, 3]),
        part(1, 0),
        // One more than is left; the month before; one that is too late for it and for now; as much as there may be.
        part(0, 135),
        part(0, 131),
        part(0, 132),
        part(0, 136),
        part(0, 0),
        // Not changed, but voided: once.
        serve(9, 0, 130),
        serve(9, 0, 0),
        serve(9, 0, 129),
        part(0, 129),
    ];
    let coverage = run(&script.concat());
    let refused = [
        (Code::MonthInFuture, 1),
        (Code::TargetVoid, 1),
        (Code::TotalOverflow, 1),
        (Code::BeyondEntitlement, 2),
    ];
    assert_eq!(of_type(&coverage, 14), (2, refused.into()));
    assert_eq!(of_type(&coverage, 7), (1, vec![(Code::TargetVoid, 1), (Code::OnlyVoid, 1)]));
}

/// Engagements and a claim are erased, by the person or a bureau: once, the claim when it is closed. Nothing else refers to them then.
#[test]
fn what_is_erased_is_gone() {
    let erase = |issuer, twist| frame(&[0, 229, issuer, 0, 0, 0, 0, 0, 0, 0, twist, 0]);
    let (nobody, bureau, was_bureau) = (242, 3, 11);
    let script = [
        work(0, 0, 0),
        work(0, 0, 0),
        work(0, 0, 0),
        // The first; once more; the opening; by a platform, and by a bureau.
        erase(0, 0),
        erase(0, 128),
        erase(0, 133),
        erase(nobody, 131),
        erase(bureau, 0),
        // Voided by its issuer, who has used its reference for good.
        work(7, 0, 0),
        work(0, 0, 133),
        // A claim is filed and answered, and erased when it is closed; another answer is too late.
        says(250, 0, [0, 0, 0, 0, 0]),
        says(229, 4, [0, 0, 0, 0, 0]),
        erase(0, 130),
        says(229, 3, [0, 0, 0, 0, 0]),
        frame(&[0, 229, 0, 0, 0, 0, 0, 0, 1]),
        says(229, 4, [0, 0, 0, 130, 0]),
        // After a restart it is wiped: the claim, its answer, its closing.
        frame(&[216]),
        says(229, 0, [0, 0, 0, 133, 6]),
        says(229, 0, [0, 0, 0, 133, 7]),
        says(229, 0, [0, 0, 0, 133, 8]),
        // By one who is a bureau no more.
        frame(&[204, 255]),
        frame(&[204, 255]),
        erase(was_bureau, 0),
    ];
    let coverage = run(&script.concat());
    let refused = [
        (Code::TargetMissing, 3),
        (Code::RoleMissing, 1),
        (Code::RoleExpired, 1),
        (Code::TargetVoid, 2),
        (Code::NotClosed, 1),
    ];
    assert_eq!(of_type(&coverage, 29), (3, refused.into()));
    assert_eq!(of_type(&coverage, 7), (0, vec![(Code::TargetMissing, 1)]));
    assert_eq!(of_type(&coverage, 13), (3, vec![(Code::ReferenceTaken, 1)]));
    assert_eq!(of_type(&coverage, 35), (1, vec![(Code::TargetMissing, 1)]));
}

/// A month's interest on 90, at 100 in 100: 7.5 is 8, and neither 7 nor 9.
#[test]
fn interest_is_reckoned() {
    let script = [
        pay(18),
        // Before it was settled there is nothing that 1 in 12 months could be interest on.
        says(130, 7, [0, 0, 3, 128, 11]),
        settle(0),
        serve(7, 3, 132),
        serve(7, 3, 131),
        serve(7, 3, 0),
        // On the 98 that there are now, and on 99. As much as there may be.
        serve(7, 3, 0),
        serve(7, 3, 129),
        serve(7, 3, 134),
        // When all is refunded, the 16 of interest are left: there may be interest on these, and then not on one more.
        serve(4, 0, 0),
        says(130, 7, [0, 0, 3, 0, 11]),
        says(130, 7, [0, 0, 3, 129, 11]),
    ];
    let coverage = run(&script.concat());
    let refused = vec![(Code::TotalOverflow, 1), (Code::InterestDiffers, 2), (Code::BeyondBalance, 3)];
    assert_eq!(of_type(&coverage, 16), (3, refused));
}

/// By whoever may: a departure (0), an approval of one (1), what leaves (2), an arrival (4), what comes (6), the end of a move (8), a ledger
/// recognised (9), something transcribed (10), a departure withdrawn (11).
fn moves(issuer: u8, kind: u8, rest: [u8; 5]) -> Vec<u8> {
    frame(&[&[0, 223, issuer, 0, 0, 0, kind][..], &rest].concat())
}

/// By a bureau; by the first worker.
const BY_BUREAU: u8 = 3;
const HERSELF: u8 = 248;

/// In the account of somebody who has gone nothing begins, until a bureau withdraws her departure, which she cannot.
#[test]
fn nothing_begins_where_somebody_has_gone() {
    let begin = || [pay(20), serve(0, 0, 0), work(0, 0, 0), says(233, 0, [0; 5])].concat();
    let depart = |extra| moves(0, 0, [0, 0, 1, 0, extra]);
    // That a month is missing; that something did not move.
    let claim = |extra| says(250, 0, [0, 0, 0, 0, extra]);
    let transcribe = moves(BY_BUREAU, 10, [0, 0, 0, 0, 0]);
    let script = [
        depart(0),
        begin(),
        claim(0),
        claim(3),
        transcribe.clone(),
        depart(0),
        moves(HERSELF, 11, [0, 0, 0, 130, 3]),
        moves(BY_BUREAU, 11, [0, 0, 0, 0, 0]),
        begin(),
        claim(0),
        transcribe,
    ];
    let coverage = run(&script.concat());
    let departed = |kind| coverage.refused_of.get(&(kind, Code::Departed as u64)).copied();
    assert_eq!([5, 30, 13, 12, 45, 19, 17].map(departed), [Some(1); 7]);
    assert_eq!([5, 30, 13, 12, 45].map(|kind| coverage.accepted.get(&kind).copied()), [Some(1); 5]);
    assert_eq!(coverage.accepted[&17], 2);
    assert_eq!(of_type(&coverage, 39), (1, vec![(Code::RoleMissing, 1)]));
}

/// A departure waits for a day. Keys change, and it falls; guardians approve of the next, and it is in force.
#[test]
fn a_departure_waits_and_falls() {
    let depart = || moves(2, 0, [0, 0, 1, 0, 0]);
    let approve = |guardian, twist| moves(guardian, 1, [0, 0, 0, twist, 3]);
    let rotate = frame(&[0, 201, 9, 0, 0, 2]);
    let script = [
        // That there is a list, so that it is not the list that lacks; and money.
        moves(0, 9, [0; 5]),
        says(0, 0, [2, 20, 20, 0, 4]),
        settle(0),
        depart(),
        depart(),
        moves(0, 2, [0, 0, 1, 129, 3]),
        moves(BY_BUREAU, 8, [0, 0, 0, 129, 3]),
        approve(0, 0),
        approve(0, 0),
        rotate,
        approve(BY_BUREAU, 128),
        depart(),
        approve(0, 0),
        moves(0, 2, [0, 0, 1, 129, 3]),
        approve(1, 0),
        moves(0, 2, [0, 0, 1, 0, 0]),
        approve(BY_BUREAU, 129),
        moves(BY_BUREAU, 11, [0, 0, 0, 129, 3]),
    ];
    let coverage = run(&script.concat());
    assert_eq!(of_type(&coverage, 19), (2, vec![(Code::Departed, 1)]));
    assert_eq!(of_type(&coverage, 40), (1, vec![(Code::NotDue, 2)]));
    assert_eq!(of_type(&coverage, 42), (0, vec![(Code::NotDue, 1)]));
    assert_eq!(of_type(&coverage, 43), (3, vec![(Code::TargetVoid, 1), (Code::AlreadyApproved, 2)]));
    assert_eq!(of_type(&coverage, 39), (0, vec![(Code::MoneyLeft, 1)]));
}

/// What was paid leaves once: not more of it than there is, and what left is not refunded. When all of it has come, the move is closed.
#[test]
fn money_moves_once() {
    let out = |value, twist, extra| moves(0, 2, [0, 0, value, twist, extra]);
    let close = |value, twist| moves(0, 8, [0, 0, value, twist, 0]);
    let script = [
        moves(0, 9, [0; 5]),
        pay(20),
        settle(0),
        moves(0, 0, [0, 0, 1, 0, 0]),
        // One more than the 100 that there are; 50, then the other 50, and then nothing is left.
        out(1, 134, 0),
        out(1, 0, 1),
        out(1, 0, 0),
        out(1, 134, 0),
        // All of it, 100 credited; a part of what was not credited.
        serve(4, 0, 0),
        serve(4, 1, 0),
        // Half of it came; all of it; once more.
        close(7, 0),
        close(0, 0),
        close(0, 130),
        // Another part leaves, and has to come.
        out(9, 0, 0),
        close(7, 0),
        close(0, 0),
    ];
    let coverage = run(&script.concat());
    assert_eq!(of_type(&coverage, 40), (3, vec![(Code::BeyondBalance, 2)]));
    assert_eq!(of_type(&coverage, 15), (1, vec![(Code::BeyondBalance, 1)]));
    assert_eq!(of_type(&coverage, 42), (2, vec![(Code::TargetVoid, 1), (Code::NotMatched, 2)]));
}

/// Where the last checkpoint of a ledger is pinned a bureau says who arrives, and not she herself; no money comes so, and nobody comes twice.
#[test]
fn a_bureau_rules_where_a_ledger_has_ended() {
    let arrive = |issuer, value, twist| moves(issuer, 4, [0, 0, value, twist, 0]);
    let list = |value| moves(0, 9, [0, 0, value, 0, 0]);
    let script = [
        list(0),
        // Another root than hers; no departure, by herself, and by a bureau while nothing is pinned.
        arrive(0, 1, 136),
        arrive(0, 0, 134),
        arrive(BY_BUREAU, 0, 134),
        list(5),
        arrive(0, 0, 134),
        arrive(BY_BUREAU, 0, 0),
        arrive(BY_BUREAU, 0, 0),
        moves(0, 6, [0; 5]),
        // By herself, with more records and her departure, from the ledger as it was known first: then money comes. And from one that is known no
        // more.
        list(0),
        arrive(0, 6, 0),
        moves(0, 6, [0; 5]),
        list(15),
        moves(HERSELF, 4, [0, 0, 1, 128, 3]),
    ];
    let coverage = run(&script.concat());
    let refused = [(Code::NotRecognised, 1), (Code::NotShown, 4), (Code::ArrivedAlready, 1)];
    assert_eq!(of_type(&coverage, 20), (2, refused.into()));
    assert_eq!(of_type(&coverage, 41), (1, vec![(Code::NotShown, 1)]));
}

/// What an arrival takes is looked up as the token of a binding is: who comes second is refused, whichever it is.
#[test]
fn an_arrival_takes_a_token() {
    let arrive = |issuer, value, twist| moves(issuer, 4, [0, 0, value, twist, 0]);
    let bind = |target| says(233, 0, [1, target, 1, 0, 0]);
    let script = [
        moves(0, 9, [0; 5]),
        // With another root than hers, so that she is known, and not here.
        arrive(0, 1, 136),
        bind(0),
        arrive(0, 0, 0),
        // The binding is withdrawn.
        says(233, 2, [0, 0, 0, 0, 0]),
        arrive(0, 0, 0),
        bind(0),
        arrive(0, 6, 0),
        bind(0),
    ];
    let coverage = run(&script.concat());
    let refused = [(Code::NotShown, 1), (Code::ArrivedAlready, 1)];
    assert_eq!(of_type(&coverage, 20), (2, refused.into()));
    assert_eq!(of_type(&coverage, 12), (1, vec![(Code::IdentityTaken, 2)]));
}

/// A departure has 64 transfers, an account 16 arrivals, a ledger 256 others that it names; what is there already needs no room.
#[test]
fn lists_get_full() {
    let all = |says: Vec<[u8; 6]>| -> Vec<u8> {
        let four = |says: &[[u8; 6]]| {
            let flags = (says.len() as u8 - 1) << 4;
            frame(&[&[0, 223, 0, flags, 0, 0], says.concat().as_slice()].concat())
        };
        says.chunks(4).flat_map(four).collect()
    };
    let ledgers = (0..=255).map(|n| [9, 0, 0, 0, 130, n]).collect();
    let outs = (0..64).map(|_| [2, 0, 0, 1, 0, 0]).collect();
    let arrive = |value| moves(0, 4, [0, 0, value, 0, 0]);
    let arrivals: Vec<u8> = (0..17).flat_map(|_| arrive(1)).collect();
    let script = [
        moves(0, 9, [0; 5]),
        all(ledgers),
        moves(0, 9, [0, 0, 15, 0, 0]),
        moves(0, 9, [0; 5]),
        arrivals,
        arrive(6),
        says(0, 0, [1, 20, 20, 0, 4]),
        settle(0),
        moves(1, 0, [0, 0, 1, 0, 0]),
        // All that is her own, and a part of the rest each time.
        moves(0, 2, [0, 0, 1, 0, 0]),
        all(outs),
    ];
    let coverage = run(&script.concat());
    let full = |kind| coverage.refused_of.get(&(kind, Code::StateFull as u64)).copied();
    assert_eq!([44, 20, 40].map(full), [Some(1); 3]);
    assert_eq!([44, 20, 40].map(|kind| coverage.accepted[&kind]), [1 + 255 + 2, 16 + 1, 64]);
}

/// The same as [`shapes_are_kept`], of moves.
#[test]
fn shapes_of_moves_are_kept() {
    let begin = [
        moves(0, 9, [0; 5]),
        moves(0, 4, [0, 0, 1, 0, 0]),
        moves(1, 0, [0, 0, 1, 0, 0]),
        moves(2, 0, [0, 0, 1, 0, 0]),
    ];
    let kinds =
        [(19, 0, 2), (20, 4, 5), (40, 2, 2), (41, 6, 4), (42, 8, 1), (43, 1, 0), (44, 9, 2), (45, 10, 4)];
    let odd = kinds.iter().flat_map(|(kind, at, _)| {
        (0..odd_of(*kind).len()).flat_map(|n| moves(0, *at, [0, 0, 0, 192, n as u8]))
    });
    let coverage = run(&begin.concat().into_iter().chain(odd).collect::<Vec<u8>>());
    for (kind, _, right) in kinds {
        let malformed = coverage.refused_of.get(&(kind, Code::MalformedFacet as u64)).copied();
        let wrong = (odd_of(kind).len() - right) as u64;
        assert_eq!(malformed, Some(wrong), "malformed facets of type {kind}");
    }
}

/// Every facet that is of a type's own shape only nearly is refused, and those at the limits are judged.
#[test]
fn shapes_are_kept() {
    let odd = |purpose, kind, n: usize| {
        (0..n).map(|n| says(purpose, kind, [0, 0, 0, 192, n as u8])).collect::<Vec<_>>().concat()
    };
    let count = |kind| odd_of(kind).len();
    let begin = [pay(20), settle(0), says(130, 0, [0, 0, 0, 0, 3]), serve(4, 1, 0)];
    let odd = [
        odd(40, 0, count(13)),
        odd(130, 1, count(14)),
        odd(130, 4, count(15)),
        odd(130, 7, count(16)),
        odd(130, 0, count(30)),
        odd(40, 4, count(31)),
        odd(40, 2, count(32)),
    ];
    let coverage = run(&[begin.concat(), odd.concat()].concat());
    let malformed = |kind| coverage.refused_of.get(&(kind, Code::MalformedFacet as u64)).copied();
    let right = [(13, 2), (14, 0), (15, 0), (16, 2), (30, 3), (31, 0), (32, 0)];
    for (kind, right) in right {
        assert_eq!(malformed(kind), Some((count(kind) - right) as u64), "malformed facets of type {kind}");
    }
    assert_eq!(of_type(&coverage, 13).0, 2);
    assert_eq!(of_type(&coverage, 30).0, 1 + 3);
    // On 100 there may be interest of 32 months' balances of 1.
    assert_eq!(of_type(&coverage, 16).0, 1);
}

/// Something of everything.
fn something() -> Vec<u8> {
    let all = [
        // Contributions to the first fund, of three insurances; to the second; one that is voided.
        pay(20),
        pay(12),
        says(0, 0, [0, 1, 0, 201, 4]),
        pay(7),
        pay(32),
        says(0, 5, [0, 4, 0, 0, 0]),
        // The first is settled, partly refunded, and that partly received.
        settle(0),
        serve(4, 1, 0),
        work(4, 1, 0),
        // Awards of two insurances, one voided; a benefit; interest; engagements, one voided; a matching.
        serve(0, 0, 0),
        serve(9, 0, 0),
        says(130, 0, [0, 2, 0, 0, 3]),
        serve(0, 3, 0),
        says(130, 1, [0, 0, 0, 0, 1]),
        serve(7, 3, 0),
        work(0, 0, 0),
        work(7, 0, 0),
        work(0, 0, 0),
        work(2, 0, 0),
    ];
    all.concat()
}

/// All that can be wrong with a statement of one kind, by several issuers, and when roles have ended.
fn one_fault(purpose: u8, kind: u8) -> Vec<u8> {
    let wrong = |issuer: u8, target: u8| -> Vec<u8> {
        let say = |twist| frame(&[0, purpose, issuer, 0, 0, 0, kind, 0, target, 0, twist, 16]);
        (224..240).chain(128..150).flat_map(say).collect()
    };
    // The first fund or platform, the second (the fund about the award that it may not pay), a bureau or a worker, another worker.
    let all = [wrong(0, 0), wrong(1, 0), wrong(1, 2), wrong(7, 0), wrong(250, 0)];
    let months = [frame(&[204, 255]), frame(&[204, 255])];
    [something(), all.concat(), months.concat(), wrong(1, 0)].concat()
}

/// All pairs of what can be wrong with a statement of one kind: the refusal with the lower code is given.
fn two_faults(purpose: u8, kind: u8) -> Vec<u8> {
    let paid = |n: u8| [pay(4 * n), settle(0)].concat();
    let plenty: Vec<u8> = (10..20).flat_map(paid).chain((10..20).flat_map(|_| serve(0, 0, 0))).collect();
    let pairs: Vec<[u8; 6]> =
        (128..150).flat_map(|one| (0..22).map(move |other| [kind, 0, 0, 7, one, other])).collect();
    let four = |says: &[[u8; 6]]| frame(&[&[0, purpose, 0, 0x30, 0, 0], says.concat().as_slice()].concat());
    [something(), plenty, pairs.chunks(4).flat_map(four).collect()].concat()
}

/// The refusals of each type that `spec/README.md` §8 names for it, but for those of cells, which `accounts_get_full` meets.
const NAMED: [(u64, &[u64]); 8] = [
    (7, &[30, 34, 37, 39, 41, 55]),
    (13, &[31, 33, 36, 44, 54]),
    (14, &[30, 31, 32, 33, 35, 36, 37, 39, 42, 44, 45, 56]),
    (15, &[30, 31, 32, 33, 35, 37, 39, 41, 42, 44, 57, 58]),
    (16, &[31, 32, 33, 35, 36, 37, 44, 45, 60, 61]),
    (30, &[31, 32, 33, 38, 44]),
    (31, &[30, 34, 37, 41, 42, 44, 59]),
    (32, &[26, 30, 31, 32, 33, 36, 37, 38, 39, 41, 44, 45, 62]),
];

#[test]
fn each_type_is_refused_as_the_page_says() {
    let mut coverage = Coverage::default();
    for (purpose, kinds) in [(40, &[0, 2, 4, 7][..]), (130, &[0, 1, 4, 7, 9])] {
        for kind in kinds {
            coverage.add(&run(&one_fault(purpose, *kind)));
            coverage.add(&run(&two_faults(purpose, *kind)));
        }
    }
    println!("{coverage:?}");
    let named = NAMED.iter().flat_map(|(kind, codes)| codes.iter().map(|code| (*kind, *code)));
    // All of these types can be written wrong, be about nobody, and name another issuer.
    let all = NAMED.iter().flat_map(|(kind, _)| [21, 22, 23].map(|code| (*kind, code)));
    let missing: Vec<_> = named.chain(all).filter(|of| !coverage.refused_of.contains_key(of)).collect();
    assert!(missing.is_empty(), "never provoked, by type and code: {missing:?}");
    assert!(NAMED.iter().all(|(kind, _)| coverage.accepted.contains_key(kind)));
}

/// What fixed scripts of moves cover.
fn moved() -> Coverage {
    let mut coverage = Coverage::default();
    // Everybody has something that can go along.
    let paid = |n: u8| [says(0, 0, [n % 4, n, 10 * n, 0, 4]), settle(0)].concat();
    let plenty: Vec<u8> = (1..=8).flat_map(paid).collect();
    let some = |seed: u64, ops: usize| {
        let mut bytes = fixed(1_000 + seed, ops * FRAME);
        bytes.chunks_mut(FRAME).for_each(turn_to_moves);
        [plenty.clone(), bytes].concat()
    };
    for seed in 0..MOVES {
        coverage.add(&run(&some(seed, 120)));
    }
    // Each thing that can be wrong with each of these types, when something of everything is there.
    for (seed, kind) in (100..).zip([0, 1, 2, 4, 6, 8, 9, 10, 11]) {
        let wrong = |issuer: u8| -> Vec<u8> {
            let say =
                |twist| frame(&[0, 223, issuer, 0, 0, 0, kind, twist, twist, 3, twist, 17 * (issuer % 15)]);
            (128..152).chain(224..227).flat_map(say).collect()
        };
        let all: Vec<u8> = [0, 1, 3, 7, 10, 250].into_iter().flat_map(wrong).collect();
        coverage.add(&run(&[some(seed, 80), all].concat()));
    }
    coverage
}

/// The refusals that `spec/moving.md` names for its types, but for those of lists that are full.
const MOVES_NAMED: [(u64, &[u64]); 9] = [
    (19, &[26, 67, 76, 83]),
    (20, &[31, 67, 76, 79, 80, 81]),
    (39, &[31, 39, 78]),
    (40, &[30, 31, 35, 37, 39, 44, 61, 77]),
    (41, &[30, 31, 35, 37, 44, 45, 79, 80, 81]),
    (42, &[30, 31, 39, 57, 79, 80, 82]),
    (43, &[30, 39, 48, 49]),
    (44, &[29, 83]),
    (45, &[31, 36, 44, 76]),
];

#[test]
fn moves_are_refused_as_the_page_says() {
    let coverage = moved();
    println!("{:?}\n{:?}", coverage.accepted, coverage.refused_of);
    let named = MOVES_NAMED.iter().flat_map(|(kind, codes)| codes.iter().map(|code| (*kind, *code)));
    let all = MOVES_NAMED.iter().flat_map(|(kind, _)| [21, 22, 23].map(|code| (*kind, code)));
    let missing: Vec<_> = named.chain(all).filter(|of| !coverage.refused_of.contains_key(of)).collect();
    assert!(missing.is_empty(), "never provoked, by type and code: {missing:?}");
    assert!(MOVES_NAMED.iter().all(|(kind, _)| coverage.accepted.contains_key(kind)));
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
    for seed in SCRIPTS + RECOVERIES..SCRIPTS + RECOVERIES + FUNDS {
        let mut bytes = fixed(seed, 100 * FRAME);
        bytes.chunks_mut(FRAME).for_each(turn_to_funds);
        coverage.add(&run(&bytes));
    }
    for seed in SCRIPTS + RECOVERIES + FUNDS..SCRIPTS + RECOVERIES + FUNDS + CLAIMS {
        let mut bytes = fixed(seed, 100 * FRAME);
        bytes.chunks_mut(FRAME).for_each(turn_to_claims);
        coverage.add(&run(&bytes));
    }
    for seed in 0..IDENTITIES {
        let mut bytes = fixed(seed, 100 * FRAME);
        bytes.chunks_mut(FRAME).for_each(turn_to_identities);
        coverage.add(&run(&bytes));
    }
    for seed in 0..ERASURES {
        let mut bytes = fixed(seed, 100 * FRAME);
        bytes.chunks_mut(FRAME).for_each(turn_to_erasures);
        coverage.add(&run(&bytes));
    }
    coverage.add(&moved());
    // What was covered, for who asks with --nocapture.
    println!("{coverage:?}");
    // Whatever is asked of what erases.
    let mut erasing = [21, 22, 23, 30, 31, 33, 39, 75].map(|code| (29, code)).into_iter();
    assert_eq!(erasing.find(|of| !coverage.refused_of.contains_key(of)), None, "never provoked");
    let missing: Vec<&str> = Code::ALL
        .iter()
        .filter(|code| !coverage.refused.contains_key(&(**code as u64)))
        .map(|code| code.name())
        .collect();
    assert!(missing.is_empty(), "never provoked: {missing:?}");
    assert_eq!(coverage.accepted.keys().copied().collect::<Vec<_>>(), KINDS);
    assert!(coverage.repeated > 0 && coverage.restarts > SCRIPTS);
}

/// The promise that a record breaks when it says something else, if it is one that could.
fn spoil(told: &mut Told, other: peal_spec::address::Address) -> Option<u8> {
    let long_ago = || Time::new(1).unwrap();
    match told.body.as_mut()? {
        Body::Rotated(b) => b.keys.key = b.keys.reading,
        Body::RecoveryCompleted(b) => b.keys.key = b.keys.reading,
        Body::ClaimClosed(b) => b.who = other,
        Body::Ruling(b) => b.who = other,
        Body::Access(b) => b.who = other,
        Body::PaidFor(b) => b.0.who.issuer = other,
        Body::ConsentGranted(b) => b.consent.until = long_ago(),
        Body::Benefit(b) => b.amount.amount = u64::MAX,
        Body::Refund(b) => b.amount.amount = u64::MAX,
        Body::RefundReceived(b) => b.amount.amount = u64::MAX,
        Body::Correction(b) => b.who.issuer = other,
        Body::Settlement(b) => b.who.issuer = other,
        Body::Interest(b) => b.amount.amount += 1,
        Body::AccessUnasked(b) => b.who = other,
        Body::IdentityBound(b) => b.who = other,
        Body::Erased(b) => b.who = other,
        Body::Engagement(b) => b.who.issuer = other,
        Body::Transcribed(b) => b.who.issuer = other,
        Body::MoveClosed(b) => b.who = other,
        Body::DepartureApproved(b) => b.who = other,
        Body::LedgerRecognised(b) => b.who = other,
        Body::TransferredOut(b) => b.moved.own = u64::MAX,
        Body::TransferredIn(b) => b.out.0 += 1_000,
        Body::Granted(b) => b.role.until = Some(long_ago()),
        _ => return None,
    }
    Some(match told.kind {
        Type::Rotated | Type::RecoveryCompleted => 2,
        Type::ClaimClosed | Type::Ruling => 3,
        Type::Access | Type::PaidFor | Type::ConsentGranted => 4,
        Type::Benefit => 6,
        Type::Refund | Type::RefundReceived => 7,
        Type::Correction | Type::Settlement => 9,
        Type::Interest => 10,
        Type::TransferredOut | Type::TransferredIn => 15,
        _ => 11,
    })
}

/// Whoever looks at histories for what is promised finds what was spoiled.
#[test]
fn a_broken_promise_is_found() {
    let script = |seed: u64, turn: fn(&mut [u8])| {
        let mut bytes = fixed(seed, 100 * FRAME);
        bytes.chunks_mut(FRAME).for_each(turn);
        lives(&bytes)
    };
    let (mut found, mut erasures, mut gone, mut moves) = (BTreeSet::new(), 0, 0, 0);
    let turns = [
        turn_to_recoveries,
        turn_to_funds,
        turn_to_claims,
        turn_to_identities,
        turn_to_erasures,
        |_: &mut [u8]| {},
    ];
    for seed in 0..29 {
        let turn = if seed < 24 { turns[seed as usize % turns.len()] } else { turn_to_moves };
        let whole = script(96 + seed, turn);
        assert_eq!(breaches(&whole), []);
        // An account that has no role and is no party.
        let nobody = peal_spec::address::Address { number: 999, id: whole[0].address.id };
        let mut tried = BTreeSet::new();
        for (at, life) in whole.iter().enumerate() {
            for n in 0..life.told.len() {
                let mut spoiled: Vec<Life> = whole.clone();
                let told = &mut spoiled[at].told[n];
                let Some(promise) = spoil(told, nobody).filter(|_| tried.insert(told.kind)) else {
                    continue;
                };
                // A consent, or a role, that nobody used may end when it likes.
                if breaches(&spoiled).iter().any(|(of, _, _)| *of == promise) {
                    found.insert(spoiled[at].told[n].kind);
                }
            }
            // The same person is bound to another account while the binding stands.
            if let Some(bound) = life.told.iter().rev().find(|t| t.kind == Type::IdentityBound)
                && !life.told.iter().any(|t| t.refers == Some(bound.sequence))
            {
                let mut twice = whole.clone();
                let last = whole.iter().flat_map(|l| &l.told).map(|t| t.log_index).max().unwrap();
                let to = &mut twice[(at + 1) % whole.len()].told;
                to.push(Told { sequence: to.len() as u64, log_index: last + 1, ..bound.clone() });
                assert!(breaches(&twice).iter().any(|(of, _, _)| *of == 12));
            }
            // Somebody pays for who has gone; somebody says that what left stays.
            let last = life.told.last().unwrap();
            let end = whole.iter().flat_map(|l| &l.told).map(|t| t.log_index).max().unwrap();
            let after = |told: &Told, refers: Option<u64>| {
                let (sequence, log_index) = (life.told.len() as u64, end + 1);
                Told { sequence, log_index, time: last.time, refers, ..told.clone() }
            };
            let all = || whole.iter().flat_map(|l| &l.told);
            if let Some(out) = life.told.iter().find(|t| t.kind == Type::TransferredOut) {
                let mut late = whole.clone();
                let paid = all().find(|t| t.kind == Type::Contribution).unwrap();
                late[at].told.push(after(paid, None));
                assert!(breaches(&late).iter().any(|(of, _, _)| *of == 14));
                if let Some(withdrawn) = all().find(|t| t.kind == Type::Withdrawn) {
                    let mut back = whole.clone();
                    back[at].told.push(after(withdrawn, out.refers));
                    assert!(breaches(&back).iter().any(|(of, _, _)| *of == 15));
                }
                // It leaves under another departure, or under none.
                let mut under = whole.clone();
                under[at].told[out.sequence as usize].refers = Some(0);
                assert!(breaches(&under).iter().any(|(of, _, _)| *of == 15));
                gone += 1;
            }
            // What came comes again; who arrived here arrives there.
            if let Some(came) = life.told.iter().find(|t| t.kind == Type::TransferredIn) {
                let mut again = whole.clone();
                again[at].told.push(after(came, came.refers));
                assert!(breaches(&again).iter().any(|(of, _, _)| *of == 15));
            }
            if let Some(arrived) = life.told.iter().find(|t| t.kind == Type::Arrival) {
                let mut twice = whole.clone();
                let to = &mut twice[(at + 1) % whole.len()].told;
                let (sequence, time) = (to.len() as u64, to.last().unwrap().time);
                to.push(Told { sequence, log_index: end + 1, time, ..arrived.clone() });
                assert!(breaches(&twice).iter().any(|(of, _, _)| *of == 16));
                moves += 1;
            }
            // Contents are missing of what nobody erased: of the opening, of the last record.
            for n in [0, life.told.len() - 1] {
                let mut gone = whole.clone();
                gone[at].told[n].body = None;
                assert!(breaches(&gone).iter().any(|(of, _, _)| *of == 13));
            }
            // What erased is not there, or came before.
            for n in (0..life.told.len()).filter(|n| life.told[*n].kind == Type::Erased) {
                let mut unsaid = whole.clone();
                unsaid[at].told[n].refers = Some(0);
                assert!(breaches(&unsaid).iter().any(|(of, _, _)| *of == 13));
                let mut early = whole.clone();
                early[at].told[n].sequence = 0;
                assert!(breaches(&early).iter().any(|(of, _, _)| *of == 13));
                erasures += 1;
            }
            // A record is left out, or said twice.
            if life.told.len() > 2 {
                let mut gap = whole.clone();
                gap[at].told.remove(1);
                assert!(breaches(&gap).iter().any(|(of, _, _)| *of == 1));
            }
            if let Some(n) = life.told.iter().position(|t| t.kind == Type::Settlement) {
                let mut twice = whole.clone();
                let again = Told { sequence: life.told.len() as u64, ..life.told[n].clone() };
                twice[at].told.push(again);
                assert!(breaches(&twice).iter().any(|(of, _, _)| *of == 8));
            }
        }
    }
    println!("{found:?}");
    assert_eq!(found.len(), 24, "{found:?}");
    assert!(erasures > 0 && gone > 0 && moves > 0);
}
