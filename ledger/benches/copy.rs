//! A whole history: what the owner of an account is given, of 2,400 records from 2,400 postings of 1,000.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

#[path = "../tests/world/mod.rs"]
mod world;

use std::collections::VecDeque;
use std::sync::LazyLock;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use peal_ledger::Settings;
use peal_spec::address::Address;
use peal_spec::cbor::Cbor;
use peal_spec::copy::Copy;
use peal_spec::trust::{self, Trust};

use world::{NOW, Person, World, origin, time};

const POSTINGS: usize = 2_400;
const EACH: usize = 1_000;

static HISTORY: LazyLock<(World, Copy)> = LazyLock::new(history);

fn main() {
    LazyLock::force(&HISTORY);
    divan::main();
    // What is static is not dropped.
    std::fs::remove_dir_all(HISTORY.0.path()).unwrap();
}

/// A ledger as it runs, and the copy of its worker: each posting has one statement about her, each at another place in it.
fn history() -> (World, Copy) {
    let mut world = World::with(|settings| {
        let Settings { fresh_bytes, records_between_heads, head_bytes, .. } = Settings::default();
        *settings = Settings { fresh_bytes, records_between_heads, head_bytes, ..settings.clone() };
    });
    world.people();
    let opened: Vec<Person> = (0..EACH as u64).map(|n| Person::new(100 + n)).collect();
    let statements = opened.iter().map(|person| person.opened(Some(world.platform.address)));
    let opened = world.accept(&world.platform, statements.clone().collect());
    let ids = statements.map(|statement| statement.root(&origin()));
    let others: Vec<Person> = opened
        .iter()
        .zip(ids)
        .map(|(a, id)| Person { name: 0, generation: 0, address: Address { number: a.account, id } })
        .collect();

    let mut pending = VecDeque::new();
    for posting in 0..POSTINGS {
        let place = posting * 337 % EACH;
        let statements = (0..EACH).map(|at| {
            let about = if at == place { &world.worker } else { &others[at] };
            world.contribution(about, 202_601, |_| {})
        });
        let posting = world.posting(&world.platform, false, statements.collect());
        let bytes = posting.posting().to_bytes().len();
        pending.push_back(world.ledger().submit(posting, bytes).unwrap());
        if pending.len() > 100 {
            let receipt = pending.pop_front().unwrap().wait().unwrap();
            assert!(receipt.results.iter().all(Result::is_ok));
        }
    }
    for receipt in pending {
        assert!(receipt.wait().unwrap().results.iter().all(Result::is_ok));
    }
    let copy = world.ledger().copy(&world.worker.address, 0, usize::MAX, None).unwrap().unwrap();
    assert_eq!((copy.rows.len(), copy.postings.len()), (POSTINGS + 1, POSTINGS + 1));
    let trust = Trust { ledgers: vec![trust::Ledger::new(origin(), world.verifier())] };
    let (_, verdict) = copy.check(&trust, time(NOW + 60)).unwrap();
    assert!(verdict.complete && verdict.issuers.iter().all(|i| i.proved));
    (world, copy)
}

#[divan::bench]
fn whole(bencher: Bencher<'_, '_>) {
    let (world, expected) = &*HISTORY;
    let address = black_box(world.worker.address);
    let make = || world.ledger().copy(&address, 0, usize::MAX, None).unwrap().unwrap();
    assert!(make() == *expected);
    bencher.counter(ItemsCount::new(POSTINGS)).bench(|| {
        let copy = make();
        assert_eq!((copy.rows.len(), copy.rows.last()), (expected.rows.len(), expected.rows.last()));
        copy
    });
}
