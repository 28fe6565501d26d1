//! What a commit does to the directory: the leaves of the accounts that it touches change, and every hash above them.
#![allow(missing_docs, clippy::unwrap_used)]

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use peal_ledger::parts::Directory;
use peal_spec::hash::{self, Hash};
use peal_spec::tree;

const ACCOUNTS: u64 = 1 << 20;

fn main() {
    divan::main();
}

fn leaf(n: u64) -> Hash {
    hash::leaf(&n.to_be_bytes())
}

/// Leaves that change, spread as if at random, in order.
fn changed(count: u64, accounts: u64) -> Vec<(u64, Hash)> {
    let spread = |n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15) % accounts;
    let mut leaves: Vec<(u64, Hash)> = (0..count).map(|n| (spread(n), leaf(n + accounts))).collect();
    leaves.sort_unstable_by_key(|(number, _)| *number);
    leaves.dedup_by_key(|(number, _)| *number);
    leaves
}

#[divan::bench(args = [1, 1_000, 10_000])]
fn change(bencher: Bencher<'_, '_>, count: u64) {
    // The answer, on a directory small enough to make anew.
    let small: Vec<Hash> = (0..5_000).map(leaf).collect();
    let some = changed(count.min(2_000), 5_000);
    let mut anew = small.clone();
    for (number, leaf) in &some {
        anew[*number as usize] = *leaf;
    }
    assert_eq!(Directory::new(small).change(some.clone()).unwrap().1, tree::root(&anew));

    let directory = Directory::new((0..ACCOUNTS).map(leaf).collect());
    let leaves = changed(count, ACCOUNTS);
    let expected = directory.change(leaves.clone()).unwrap().1;
    bencher
        .counter(ItemsCount::new(leaves.len()))
        .bench(|| assert_eq!(directory.change(black_box(&leaves).clone()).unwrap().1, expected));
}

#[divan::bench]
fn path(bencher: Bencher<'_, '_>) {
    let directory = Directory::new((0..ACCOUNTS).map(leaf).collect());
    let root = directory.change(Vec::new()).unwrap().1;
    let number = ACCOUNTS / 3;
    let whole = |path: &[Hash]| tree::check_inclusion(&leaf(number), number, ACCOUNTS, path, &root);
    bencher.bench(|| {
        let path = directory.path(black_box(number)).unwrap();
        whole(&path).unwrap();
        path
    });
}
