//! The crash table: a fault at every single step that is ever written, of every kind, and after it a crash.

use super::*;
use crate::store::faulty::{Fault, Plan};

/// One life of a ledger with a plan, ended by a crash; returns what is left and how many postings were answered.
fn life(script: &'static Script, medium: &Medium, plan: Plan) -> (Medium, usize) {
    medium.plan(plan);
    let ledger = match script.open(medium) {
        Ok(ledger) => ledger,
        // Making it failed: it is made again, if it is not there.
        Err(Error::Corrupt(_)) if medium.reached() => return (medium.crash(), 0),
        Err(other) => panic!("opening: {other}"),
    };
    let answered = script.send(&ledger, 0);
    if answered < script.postings.len() {
        stopped_with_a_word(&ledger, script);
    }
    ledger.abandon();
    (medium.crash(), answered)
}

/// What a ledger that has stopped does.
fn stopped_with_a_word(ledger: &Ledger, script: &Script) {
    // Its threads come to an end.
    ledger.close();
    let fault = ledger.fault().unwrap();
    assert!(matches!(&fault, Error::Corrupt(what) if what.contains("test disk")), "{fault}");
    assert!(ledger.stats().stopped);
    let published = ledger.published();
    // It reads on, and takes nothing new.
    assert!(ledger.account(0).unwrap().is_some());
    let size = published.checkpoint.size;
    assert!(ledger.entries((size - 1) / 256, 1).unwrap().is_some());
    let posting = script.opening.clone();
    assert!(submit(ledger, &posting).is_ok(), "what is recorded is answered");
    let new = script.postings.iter().find(|p| ledger.receipt(&p.digest()).unwrap().is_none()).unwrap();
    assert!(matches!(submit(ledger, new), Err(Error::Unavailable { .. })));
    // Nor does it write any more: it would write what it is not sure of.
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(ledger.audit(&mut |_, _| {}).err(), Some(fault.clone()));
    assert_eq!(ledger.backup(&folder.path().join("copy")).err(), Some(fault));
    assert_eq!(ledger.published(), published);
}

/// A fault of one kind at step 1, 2, 3 … until the script comes to its end without it.
fn at_every_step(script: fn() -> &'static Script, fault: Fault) {
    let script = script();
    let (mut step, mut hit) = (1, 0);
    loop {
        let (done, outcome) = std::sync::mpsc::channel();
        in_time(&format!("{fault:?} at step {step}"), move || {
            let medium = Medium::default();
            let (left, answered) = life(script, &medium, Plan::at(step, fault));
            let held = check(script, &left, answered);
            assert_eq!(held, Ok(()), "{fault:?} at step {step}, {}", medium.planned_step());
            // The same when only the process died and the machine went on.
            if !medium.reached() {
                let _ = done.send(());
            }
        });
        if outcome.try_recv().is_ok() {
            break;
        }
        hit += 1;
        step += 1;
    }
    println!("{fault:?}: {hit} steps");
    assert!(hit > 40, "{hit}");
}

macro_rules! table {
    ($($name:ident $long:ident: $fault:ident)*) => {
        $(#[test] fn $name() { at_every_step(Script::short, Fault::$fault); })*
        $(#[test] fn $long() { at_every_step(Script::long, Fault::$fault); })*
    };
}

table! {
    a_write_is_lost a_write_is_lost_in_a_long_history: Lost
    a_write_is_there_and_reported_as_failed a_write_is_there_and_reported_as_failed_in_a_long_history: Kept
    a_write_is_torn a_write_is_torn_in_a_long_history: Torn
    the_disk_is_full the_disk_is_full_in_a_long_history: Full
    the_disk_does_not_sync the_disk_does_not_sync_in_a_long_history: Unsynced
}

/// The process dies, or the power is cut, after any number of postings: nothing fails, and nothing is settled.
#[test]
fn a_ledger_that_is_left_as_it_is_at_any_moment() {
    for (script, counts) in
        [(Script::short(), (0..=20).collect::<Vec<_>>()), (Script::long(), vec![5, 6, 14, 22])]
    {
        for count in counts {
            in_time(&format!("after {count}"), move || {
                let medium = Medium::default();
                let ledger = script.open(&medium).unwrap();
                for (posting, answer) in script.postings.iter().zip(&script.answers).take(count) {
                    assert_eq!(submit(&ledger, posting), *answer);
                }
                ledger.abandon();
                let count = count.min(script.postings.len());
                assert_eq!(check(script, &medium.crash(), count), Ok(()), "power cut after {count}");
                assert_eq!(check(script, &medium, count), Ok(()), "killed after {count}");
            });
        }
    }
}

/// Many lives: each begins where the last one crashed, with a fault of any kind at any step; crashes meet recoveries, marks that are far
/// behind, and heads that are ahead of them.
#[test]
fn one_crash_after_another() {
    let kinds = [Fault::Lost, Fault::Kept, Fault::Torn, Fault::Full, Fault::Unsynced];
    for seed in 0..40u64 {
        let script = if seed % 8 == 7 { Script::long() } else { Script::short() };
        in_time(&format!("seed {seed}"), move || {
            let mut state = seed;
            let mut random = move |below: u64| {
                // SplitMix64.
                state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                (mixed ^ (mixed >> 27)) % below
            };
            let (mut medium, mut answered) = (Medium::default(), 0);
            for _ in 0..8 {
                let plan = Plan::at(1 + random(40), kinds[random(5) as usize]);
                let (left, more) = life(script, &medium, plan);
                answered = answered.max(more);
                medium = left;
            }
            assert_eq!(check(script, &medium, answered), Ok(()), "seed {seed}");
        });
    }
}

/// The harness itself: on a disk that reports as synced what is not, receipts are lost, and this is seen.
#[test]
fn a_disk_that_lies_is_found_out() {
    let script = Script::short();
    let mut seen = Vec::new();
    for count in 1..script.postings.len() {
        let medium = Medium::default();
        script.open(&medium).unwrap().close();
        // What was there so far is durable.
        let medium = medium.crash();
        medium.plan(Plan { sync_off: true, ..Plan::default() });
        let ledger = script.open(&medium).unwrap();
        for (posting, answer) in script.postings.iter().zip(&script.answers).take(count) {
            assert_eq!(submit(&ledger, posting), *answer);
        }
        ledger.abandon();
        let held = check(script, &medium.crash(), count);
        seen.push(held.expect_err("what was lost goes unseen"));
        assert_eq!(check(script, &medium, count), Ok(()), "only the process died");
    }
    // Either the receipt is missed, or what was sorted in stands beyond the last commit that is known.
    assert!(
        seen.iter().all(|what| ["receipt", "consistency", "open", "audit"].iter().any(|w| what.contains(w))),
        "{seen:?}"
    );
    println!("{seen:#?}");
}
