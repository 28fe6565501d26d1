//! The single writer: groups, room in the queue, repeats in flight, closing. A gate in the clock holds the writer where a test wants it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

mod world;

use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use peal_ledger::{Error, Pending, Settings};
use peal_spec::refusal::Code;
use world::{NOW, Person, World, origin, refused};

/// Holds the writer at the start of a commit.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<(bool, u64)>, Condvar)>);

impl Gate {
    fn install(&self, settings: &mut Settings) {
        let gate = self.clone();
        settings.clock = Arc::new(move || {
            let (lock, moved) = &*gate.0;
            let mut state = lock.lock().unwrap();
            state.1 += 1;
            moved.notify_all();
            drop(moved.wait_while(state, |(shut, _)| *shut).unwrap());
            NOW
        });
    }
    fn shut(&self) -> u64 {
        let mut state = self.0.0.lock().unwrap();
        state.0 = true;
        state.1
    }
    /// Waits until the writer stands at the gate, after `before` passes.
    fn reached(&self, before: u64) {
        let (lock, moved) = &*self.0;
        drop(moved.wait_while(lock.lock().unwrap(), |(_, passes)| *passes == before).unwrap());
    }
    fn open(&self) {
        self.0.0.lock().unwrap().0 = false;
        self.0.1.notify_all();
    }
}

fn gated(change: impl FnOnce(&mut Settings)) -> (World, Gate) {
    let gate = Gate::default();
    let mut world = World::with(|settings| {
        gate.install(settings);
        change(settings);
    });
    world.people();
    (world, gate)
}

/// Holds the writer in a commit of one posting of `statements`.
fn hold(world: &World, gate: &Gate, reference: &str) -> Pending {
    let before = gate.shut();
    let pending = world
        .ledger()
        .submit(world.posting(&world.platform, false, vec![world.paid(reference, 1)]), 100)
        .unwrap();
    gate.reached(before);
    pending
}

#[test]
fn what_arrives_during_a_commit_forms_the_next() {
    let (world, gate) = gated(|_| {});
    let commits = world.ledger().stats().commits;
    let held = hold(&world, &gate, "held");
    let answers: Vec<_> = std::thread::scope(|scope| {
        let senders: Vec<_> = (0..32)
            .map(|i| {
                let world = &world;
                scope.spawn(move || {
                    let posting =
                        world.posting(&world.platform, false, vec![world.paid(&format!("t{i}"), 1)]);
                    let twin = posting.clone();
                    let first = world.ledger().submit(posting.clone(), 1).unwrap();
                    let second = world.ledger().submit(twin, 1).unwrap();
                    (posting, first, second)
                })
            })
            .collect();
        senders.into_iter().map(|s| s.join().unwrap()).collect()
    });
    let stats = world.ledger().stats();
    assert_eq!((stats.queued_statements, stats.queued_bytes), (64, 64));
    gate.open();
    let size = held.wait().unwrap().checkpoint;
    let mut checkpoints = std::collections::BTreeSet::new();
    for (posting, first, second) in answers {
        let (first, second) = (first.wait().unwrap(), second.wait().unwrap());
        first.check(&posting, &world.verifier()).unwrap();
        // The same posting twice in one group: one record, one receipt.
        assert_eq!(first, second);
        assert_ne!(first.checkpoint, size);
        checkpoints.insert(first.checkpoint);
    }
    assert_eq!(checkpoints.len(), 1);
    let stats = world.ledger().stats();
    assert_eq!((stats.commits - commits, stats.repeated_postings), (2, 32));
    world.audit().unwrap();
}

#[test]
fn postings_of_one_group_see_each_other() {
    let (world, gate) = gated(|_| {});
    let platform = world.platform;
    let held = hold(&world, &gate, "held");
    let submit = |posting| world.ledger().submit(posting, 1).unwrap();
    // A person opens her account, the platform pays into it: in one commit.
    let mut person = Person::new(30);
    let opening = world.opening(&person);
    person.address.number = 4;
    person.address.id = opening.roots()[0];
    let opened = submit(opening);
    let paid = submit(world.posting(&platform, false, vec![world.contribution(&person, 202_601, |_| {})]));
    // The platform's key rotates; what its old key signed after is refused.
    let next = Person { generation: 1, ..platform };
    let rotated = submit(world.posting(&next, false, vec![world.rotated(&platform, 1)]));
    let late = submit(world.posting(&platform, false, vec![world.paid("late", 1)]));
    let again = submit(world.posting(&next, false, vec![world.paid("held", 1), world.paid("new", 1)]));
    // An id twice in one group.
    let fund = world.fund;
    let twin = |reference| {
        let body = vec![world.paid(reference, 1)];
        let signed = peal_spec::posting::Posting::sign(
            &origin(),
            Some(fund.address),
            world::seed(4242),
            world::time(NOW),
            false,
            body,
            &fund.key(),
        );
        signed.check(&origin()).unwrap()
    };
    let (one, two) = (submit(twin("one")), submit(twin("two")));
    gate.open();
    held.wait().unwrap();
    assert_eq!(opened.wait().unwrap().results[0].as_ref().unwrap().account, 4);
    assert_eq!(paid.wait().unwrap().results[0].as_ref().unwrap().sequence, 1);
    rotated.wait().unwrap().results[0].as_ref().unwrap();
    assert_eq!(refused(late.wait()), Code::KeyNotCurrent);
    let again = again.wait().unwrap();
    assert_eq!(again.results[0].as_ref().unwrap_err().code, Code::ReferenceTaken);
    again.results[1].as_ref().unwrap();
    one.wait().unwrap().results[0].as_ref().unwrap_err();
    assert_eq!(refused(two.wait()), Code::PostingIdTaken);
    world.audit().unwrap();
}

#[test]
fn a_full_queue_turns_away_at_once() {
    let (world, gate) = gated(|settings| {
        settings.max_queued_statements = 3;
        settings.max_queued_bytes = 1000;
    });
    let submit = |reference: &str, bytes| {
        world.ledger().submit(world.posting(&world.platform, false, vec![world.paid(reference, 1)]), bytes)
    };
    let recorded = world.posting(&world.platform, false, vec![world.paid("recorded", 1)]);
    world.submit(recorded.clone()).unwrap();
    let held = hold(&world, &gate, "held");
    let waiting = [submit("a", 500).unwrap(), submit("b", 400).unwrap()];
    assert!(matches!(submit("c", 101), Err(Error::Unavailable { .. })));
    let last = submit("c", 100).unwrap();
    assert!(matches!(submit("d", 0), Err(Error::Unavailable { .. })));
    // What is recorded is answered all the same.
    world.ledger().submit(recorded, 5000).unwrap().wait().unwrap();
    gate.open();
    held.wait().unwrap();
    for pending in waiting.into_iter().chain([last]) {
        pending.wait().unwrap();
    }
    // An empty queue takes a posting that is larger than the limit.
    let many = (0..10).map(|i| world.paid(&format!("m{i}"), 1)).collect();
    assert_eq!(world.post(&world.platform, false, many).results.len(), 10);
}

#[test]
fn a_commit_takes_no_more_than_its_limit() {
    let (world, gate) = gated(|settings| settings.max_commit_statements = 4);
    let commits = world.ledger().stats().commits;
    let held = hold(&world, &gate, "held");
    let pending: Vec<_> = (0..6)
        .map(|i| {
            let statements = vec![world.paid(&format!("{i}"), 1), world.paid(&format!("{i}b"), 1)];
            world.ledger().submit(world.posting(&world.platform, false, statements), 1).unwrap()
        })
        .collect();
    gate.open();
    held.wait().unwrap();
    for pending in pending {
        pending.wait().unwrap();
    }
    assert_eq!(world.ledger().stats().commits - commits, 1 + 3);
}

#[test]
fn closing_finishes_what_was_accepted() {
    let (mut world, gate) = gated(|_| {});
    let held = hold(&world, &gate, "held");
    let waiting =
        world.ledger().submit(world.posting(&world.platform, false, vec![world.paid("w", 1)]), 1).unwrap();
    let ledger = world.ledger().clone();
    let closer = std::thread::spawn(move || ledger.close());
    gate.open();
    closer.join().unwrap();
    held.wait().unwrap();
    waiting.wait().unwrap();
    world.ledger().close();
    let late = world.ledger().submit(world.posting(&world.platform, false, vec![world.paid("x", 1)]), 1);
    assert!(matches!(late, Err(Error::Unavailable { .. })));
    // Reads go on.
    assert!(world.ledger().stats().stopped);
    world.ledger().copy(&world.worker.address, 0, 10, None).unwrap().unwrap();
    world.reopen();
    world.accept(&world.platform, vec![world.paid("x", 1)]);
}

struct Unpark(Thread);
impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[test]
fn an_answer_can_be_awaited() {
    let (world, gate) = gated(|_| {});
    let held = hold(&world, &gate, "held");
    let mut held = pin!(held);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    assert!(held.as_mut().poll(&mut context).is_pending());
    gate.open();
    let receipt = loop {
        match held.as_mut().poll(&mut context) {
            Poll::Ready(answer) => break answer.unwrap(),
            Poll::Pending => std::thread::park(),
        }
    };
    assert_eq!(receipt.results.len(), 1);
}

#[test]
fn reads_go_on_while_a_commit_is_under_way() {
    let (world, gate) = gated(|_| {});
    let before = world.ledger().published();
    let held = hold(&world, &gate, "held");
    let copy = world.ledger().copy(&world.worker.address, 0, 10, None).unwrap().unwrap();
    assert_eq!(copy.checkpoint, before.note);
    gate.open();
    held.wait().unwrap();
    assert_ne!(world.ledger().published(), before);
}

#[test]
fn readers_never_see_two_moments_at_once() {
    let mut world = World::new();
    let trust =
        peal_spec::trust::Trust { ledgers: vec![peal_spec::trust::Ledger::new(origin(), world.verifier())] };
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut last = 0;
                while last < 150 {
                    let copy =
                        world.ledger().copy(&world.worker.address, 0, usize::MAX, None).unwrap().unwrap();
                    copy.check(&trust, world::time(NOW)).unwrap();
                    assert!(copy.size >= last);
                    last = copy.size;
                }
            });
        }
        for i in 0..150 {
            world.accept(&world.platform, vec![world.paid(&format!("{i}"), 1)]);
        }
    });
    world.reopen();
}

#[test]
fn postings_are_taken_while_the_ledger_is_audited() {
    let mut world = World::new();
    std::thread::scope(|scope| {
        let audits = scope.spawn(|| {
            for _ in 0..12 {
                world.audit().unwrap();
            }
        });
        let mut sent = 0;
        while !audits.is_finished() {
            world.accept(&world.platform, vec![world.paid(&format!("{sent}"), 1)]);
            sent += 1;
        }
    });
    world.reopen();
}

#[test]
fn long_heads_and_short_ones_change_places_and_nothing_is_left_of_what_was_refused() {
    let mut world = World::new();
    let other = world.open(77);
    let (long, short) = (&world.worker, &other);
    let month = |n: u32| 198_001 + n / 12 * 100 + n % 12;
    let paid = |to: &Person, reference: String, about: u32| {
        world.contribution(to, about, |c| c.who.reference = reference.parse().unwrap())
    };
    let history = (0..540).map(|n| paid(long, format!("h{n}"), month(n))).collect();
    assert_eq!(world.accept(&world.platform, history).len(), 540);
    let turns = |name: &str| -> Vec<_> {
        (0..20).flat_map(|n| [long, short].map(|to| paid(to, format!("{name}{n}"), month(n)))).collect()
    };
    let mut doubtful = turns("a");
    doubtful.push(paid(long, "h7".into(), month(7)));
    let refused = world.post(&world.platform, true, doubtful);
    assert!(refused.results.iter().all(Result::is_err));
    // The same references are free, and each account goes on where it stood.
    for (all_or_nothing, name) in [(true, "a"), (false, "b"), (true, "c")] {
        let receipt = world.post(&world.platform, all_or_nothing, turns(name));
        assert!(receipt.results.iter().all(Result::is_ok), "{name}");
    }
    let sizes = [long, short].map(|p| world.ledger().account(p.address.number).unwrap().unwrap());
    assert_eq!(sizes.map(|account| account.frontier.size()), [541 + 60, 1 + 60]);
    world.reopen();
    world.shut();
    world.audit().unwrap();
}
