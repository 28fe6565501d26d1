//! A disk that is slow, or fails behind the writer's back.

use std::sync::mpsc::channel;

use super::*;
use crate::sequencer::Pending;
use crate::store::faulty::{Fault, Plan};

/// A ledger with the script's first ten postings, on a medium whose plan is made after them; settings changed.
fn ledger(change: impl FnOnce(&mut Settings)) -> (&'static Script, Medium, Ledger) {
    let (script, medium) = (Script::short(), Medium::default());
    let ledger = script.open(&medium).unwrap();
    for posting in &script.postings[..10] {
        let _ = submit(&ledger, posting);
    }
    ledger.close();
    drop(ledger);
    let mut settings = settings();
    change(&mut settings);
    let disk = Box::new(medium.open().unwrap());
    (script, medium, Ledger::open_on(disk, operator(), &origin(), settings).unwrap())
}

/// Postings that are not of the script, each its own opening of an account.
fn openings(range: std::ops::Range<u64>) -> Vec<Checked> {
    let sign = |name| {
        let person = Person::new(name);
        let signed = peal_spec::posting::Posting::sign(
            &origin(),
            None,
            world::seed(name),
            time(NOW),
            false,
            vec![person.opened(None)],
            &person.key(),
        );
        signed.check(&origin()).unwrap()
    };
    range.map(sign).collect()
}

fn push(ledger: &Ledger, posting: &Checked) -> Result<Pending, Error> {
    ledger.submit(posting.clone(), 1000)
}

#[test]
fn reads_go_on_while_a_commit_takes_long_and_the_queue_fills() {
    in_time("slow commit", || {
        let (_, medium, ledger) = ledger(|settings| settings.max_queued_statements = 3);
        let (before, postings) = (ledger.published(), openings(100..140));
        medium.plan(Plan::at(1, Fault::Slow));
        let first = push(&ledger, &postings[0]).unwrap();
        assert!(medium.wait_until_reached(LONG));
        // Reads: the moment before.
        assert_eq!(ledger.published(), before);
        assert!(ledger.account(3).unwrap().is_some());
        assert!(ledger.receipt(&postings[0].digest()).unwrap().is_none());
        assert!(ledger.tile(0, 0, 5).unwrap().is_some());
        // Two more commits are on their way, judged; then the queue fills, for good.
        let mut waiting = Vec::new();
        let mut turned_away = 0;
        let mut next = postings[1..30].iter();
        let mut posting = next.next().unwrap();
        while turned_away < 20 {
            match push(&ledger, posting) {
                Ok(pending) => {
                    waiting.push(pending);
                    (posting, turned_away) = (next.next().unwrap(), 0);
                }
                Err(Error::Unavailable { .. }) => {
                    turned_away += 1;
                    std::thread::sleep(std::time::Duration::from_millis(20));
                }
                Err(other) => panic!("{other}"),
            }
        }
        // What is recorded is answered even so.
        push(&ledger, &Script::short().postings[0]).unwrap().wait().unwrap();
        assert_eq!((ledger.stats().queued_statements, ledger.stats().stopped), (3, false));
        // Closing begins, and ends when the disk has answered; what was accepted is finished.
        let (closing, closed) = (ledger.clone(), channel());
        std::thread::spawn(move || {
            closing.close();
            closed.0.send(()).unwrap();
        });
        while !matches!(push(&ledger, &postings[35]), Err(Error::Unavailable { .. })) {}
        assert!(closed.1.try_recv().is_err());
        medium.let_go();
        closed.1.recv_timeout(LONG).unwrap();
        assert!(first.wait().is_ok());
        assert!(waiting.into_iter().all(|pending| pending.wait().is_ok()));
        assert!(ledger.stats().stopped && ledger.fault().is_none());
        drop(ledger);
        audit(&medium).unwrap();
    });
}

#[test]
fn a_settler_that_is_held_up_holds_the_writer_and_memory_stays_bounded() {
    in_time("held settler", || {
        let (bytes, postings) = (20_000, openings(100..300));
        let (_, medium, ledger) = ledger(|settings| {
            settings.fresh_bytes = bytes;
            settings.max_queued_statements = 50;
        });
        medium.plan(Plan::first("add", Fault::Slow));
        let mut pending = Vec::new();
        let mut turned_away = false;
        for posting in &postings {
            // One after another, so that each is a commit: what comes into memory is never more than one of them too much.
            match push(&ledger, posting) {
                Ok(waiting) => pending.push(waiting),
                Err(Error::Unavailable { .. }) => {
                    turned_away = true;
                    break;
                }
                Err(other) => panic!("{other}"),
            }
            let (generations, fresh) = ledger.fresh();
            assert!(generations <= 2 && fresh < 2 * bytes + 60_000, "{generations} {fresh}");
        }
        assert!(turned_away, "the queue never filled");
        assert!(medium.wait_until_reached(LONG));
        // Reads go on, from two generations and the store.
        assert!(ledger.account(3).unwrap().is_some());
        // The writer finishes what it was at.
        let mut commits = u64::MAX;
        while std::mem::replace(&mut commits, ledger.stats().commits) != ledger.stats().commits {
            std::thread::sleep(Duration::from_millis(300));
        }
        assert!(ledger.receipt(&postings[0].digest()).unwrap().is_some());
        assert_eq!(ledger.fresh().0, 2);
        assert_eq!(ledger.stats().commits, commits, "no commit is made meanwhile");
        medium.let_go();
        assert!(pending.into_iter().all(|p| p.wait().is_ok()));
        for posting in &postings {
            let receipt = loop {
                match submit(&ledger, posting) {
                    Err(Error::Unavailable { .. }) => {}
                    answer => break answer.unwrap(),
                }
            };
            receipt.check(posting, &verifier()).unwrap();
        }
        ledger.close();
        assert!(ledger.fault().is_none());
        drop(ledger);
        assert_eq!(audit(&medium).unwrap().accounts, 5 + 200);
    });
}

#[test]
fn a_settler_that_fails_stops_the_ledger_and_says_why() {
    in_time("failing settler", || {
        let postings = openings(100..300);
        let (_, medium, ledger) = ledger(|settings| settings.fresh_bytes = 20_000);
        medium.plan(Plan::first("add", Fault::Lost));
        let pending: Vec<_> = postings.iter().map_while(|p| push(&ledger, p).ok()).collect();
        let mut answered = 0;
        for (pending, posting) in pending.into_iter().zip(&postings) {
            match pending.wait() {
                Ok(receipt) => {
                    receipt.check(posting, &verifier()).unwrap();
                    answered += 1;
                }
                Err(Error::Corrupt(what)) => assert!(what.contains("test disk"), "{what}"),
                Err(Error::Unavailable { .. }) => {}
                Err(other) => panic!("{other}"),
            }
        }
        assert!(answered > 0);
        // Even when nothing more is sent it says that it has stopped.
        assert!(medium.wait_until_reached(LONG));
        while ledger.fault().is_none() || !ledger.stats().stopped {
            std::thread::yield_now();
        }
        assert!(ledger.fault().unwrap().to_string().contains("test disk"));
        ledger.close();
        drop(ledger);
        let left = medium.crash();
        audit(&left).unwrap();
        let ledger =
            Ledger::open_on(Box::new(left.open().unwrap()), operator(), &origin(), settings()).unwrap();
        for posting in &postings[..answered] {
            assert!(ledger.receipt(&posting.digest()).unwrap().is_some());
        }
    });
}

/// A row that makes the settler panic stands for any fault of this program there: the ledger must not hang.
#[test]
fn a_settler_that_panics_stops_the_ledger() {
    in_time("panicking settler", || {
        let postings = openings(100..300);
        let (_, medium, ledger) = ledger(|settings| settings.fresh_bytes = 20_000);
        medium.plan(Plan::first("add", Fault::Panic));
        let pending: Vec<_> = postings.iter().map_while(|p| push(&ledger, p).ok()).collect();
        for pending in pending {
            match pending.wait() {
                Ok(_) | Err(Error::Unavailable { .. } | Error::Bug(_)) => {}
                Err(other) => panic!("{other}"),
            }
        }
        assert!(medium.wait_until_reached(LONG));
        ledger.close();
        assert!(ledger.stats().stopped);
        assert!(matches!(ledger.fault(), Some(Error::Bug(_))), "{:?}", ledger.fault());
        drop(ledger);
        audit(&medium.crash()).unwrap();
    });
}

#[test]
fn closing_waits_for_a_slow_settler_and_ends() {
    in_time("slow closing", || {
        let (_, medium, ledger) = ledger(|_| {});
        for posting in &openings(100..104) {
            submit(&ledger, posting).unwrap();
        }
        // Whatever the next step is: it is slow.
        medium.plan(Plan::at(1, Fault::Slow));
        let (closing, closed) = (ledger.clone(), channel());
        std::thread::spawn(move || {
            closing.close();
            closed.0.send(()).unwrap();
        });
        assert!(medium.wait_until_reached(LONG));
        assert!(ledger.account(3).unwrap().is_some());
        assert!(closed.1.try_recv().is_err());
        medium.let_go();
        closed.1.recv_timeout(LONG).unwrap();
        assert!(ledger.fault().is_none());
        drop(ledger);
        audit(&medium).unwrap();
    });
}
