//! What it takes to make and to check the proof of a whole working life: 2,400 contributions.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../tests/book/mod.rs"]
mod book;
#[path = "../tests/cast/mod.rs"]
mod cast;
#[allow(dead_code)]
mod made;
#[path = "../tests/world/mod.rs"]
mod world;

use std::sync::LazyLock;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use peal_spec::copy::{Copy, Selection, Show};
use peal_spec::trust::Trust;
use peal_spec::verify;

use made::later;

static HISTORY: LazyLock<(Copy, Trust)> = LazyLock::new(made::history);

fn select(show: Show) -> Selection {
    Selection { show, withhold: vec![] }
}

fn file(show: Show) -> Vec<u8> {
    let (copy, trust) = &*HISTORY;
    let file = copy.prove(&select(show)).unwrap().to_file();
    verify::verify_file(&file, trust, later()).unwrap();
    let mut flipped = file.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    verify::verify_file(&flipped, trust, later()).unwrap_err();
    file
}

fn main() {
    LazyLock::force(&HISTORY);
    for (name, show) in [("the whole history", Show::Whole), ("the totals only", Show::Totals)] {
        eprintln!("a proof of {name}: {} bytes", file(show).len());
    }
    divan::main();
}

/// What a wallet does with what the ledger gives it: everything recomputed.
#[divan::bench]
fn check_copy(bencher: Bencher<'_, '_>) {
    let (copy, trust) = &*HISTORY;
    copy.check(trust, later()).unwrap();
    bencher
        .counter(ItemsCount::new(copy.rows.len()))
        .bench(|| black_box(copy).check(trust, later()).unwrap());
}

/// A proof of everything, made.
#[divan::bench]
fn make_whole(bencher: Bencher<'_, '_>) {
    let (copy, _) = &*HISTORY;
    assert_eq!(copy.prove(&select(Show::Whole)).unwrap().subject.shown.len(), copy.rows.len());
    bencher.counter(ItemsCount::new(copy.rows.len())).bench(|| copy.prove(&select(Show::Whole)).unwrap());
}

/// A proof of everything, checked.
#[divan::bench]
fn check_whole(bencher: Bencher<'_, '_>) {
    let (copy, trust) = &*HISTORY;
    let file = file(Show::Whole);
    bencher
        .counter(ItemsCount::new(copy.rows.len()))
        .bench(|| verify::verify_file(black_box(&file), trust, later()).unwrap());
}

/// A proof of the totals, checked: no record but the last one's header.
#[divan::bench]
fn check_totals(bencher: Bencher<'_, '_>) {
    let file = file(Show::Totals);
    bencher.bench(|| verify::verify_file(black_box(&file), &HISTORY.1, later()).unwrap());
}
