//! What the ledger does with each statement of a posting of 1,000, and what its issuer does to make it.
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
use peal_spec::cbor::Cbor;
use peal_spec::hash::{self, Hash};
use peal_spec::posting::{self, Posting, Tree};
use peal_spec::record::log_salt;
use peal_spec::rules::{self, Party, Scene};
use peal_spec::statement::Body;
use peal_spec::tree;

use made::{COUNT, Load, placed};

static LOAD: LazyLock<Load> = LazyLock::new(made::load);

fn main() {
    LazyLock::force(&LOAD);
    divan::main();
}

/// Bytes of a posting of 1,000.
#[divan::bench]
fn encode(bencher: Bencher<'_, '_>) {
    assert_eq!(LOAD.posting.to_bytes(), LOAD.bytes);
    bencher.counter(ItemsCount::new(COUNT)).bench(|| black_box(&LOAD.posting).to_bytes());
}

/// A posting of 1,000 from its bytes.
#[divan::bench]
fn decode(bencher: Bencher<'_, '_>) {
    assert_eq!(Posting::from_bytes(&LOAD.bytes).unwrap(), LOAD.posting);
    assert!(Posting::from_bytes(&LOAD.bytes[1..]).is_err());
    bencher.counter(ItemsCount::new(COUNT)).bench(|| Posting::from_bytes(black_box(&LOAD.bytes)).unwrap());
}

/// Roots of 1,000 statements.
#[divan::bench]
fn statement_roots(bencher: Bencher<'_, '_>) {
    let roots = || LOAD.posting.statements.iter().map(|s| s.root(&cast::origin()));
    assert_eq!(tree::root(&posting::leaves(&roots().collect::<Vec<_>>())), LOAD.posting.signed.payload.root);
    let origin = cast::origin();
    bencher
        .counter(ItemsCount::new(COUNT))
        .bench(|| LOAD.posting.statements.iter().fold(0, |n, s| n ^ s.root(black_box(&origin)).0[0]));
}

/// The tree over 1,000 statement roots.
#[divan::bench]
fn posting_tree(bencher: Bencher<'_, '_>) {
    let roots: Vec<_> = LOAD.posting.statements.iter().map(|s| s.root(&cast::origin())).collect();
    assert_eq!(Tree::new(&roots).root, LOAD.posting.signed.payload.root);
    bencher.counter(ItemsCount::new(COUNT)).bench(|| Tree::new(black_box(&roots)));
}

/// Decoded, signature verified, every root recomputed.
#[divan::bench]
fn receive(bencher: Bencher<'_, '_>) {
    let origin = cast::origin();
    let checked = Posting::receive(&LOAD.bytes, &origin).unwrap();
    assert_eq!(checked.posting(), &LOAD.posting);
    let mut flipped = LOAD.bytes.clone();
    *flipped.last_mut().unwrap() ^= 1;
    Posting::receive(&flipped, &origin).unwrap_err();
    bencher
        .counter(ItemsCount::new(COUNT))
        .bench(|| Posting::receive(black_box(&LOAD.bytes), &origin).unwrap());
}

/// The typed body of each of 1,000 statements.
#[divan::bench]
fn body(bencher: Bencher<'_, '_>) {
    for statement in &LOAD.posting.statements {
        assert_eq!(Body::facets(&statement.body().unwrap()).len(), 4);
    }
    bencher
        .counter(ItemsCount::new(COUNT))
        .bench(|| LOAD.posting.statements.iter().filter(|s| black_box(s).body().is_ok()).count());
}

/// Each of 1,000 statements judged in its scene.
#[divan::bench]
fn judge(bencher: Bencher<'_, '_>) {
    let bodies: Vec<Body> = LOAD.posting.statements.iter().map(|s| s.body().unwrap()).collect();
    let (platform, fund) = (LOAD.world.platform.at(), LOAD.world.fund.at());
    let party = |a| Party { address: a, state: &LOAD.world.book.accounts[a.number as usize].state };
    let accepted = |late: u64| {
        let all = LOAD.posting.statements.iter().zip(&bodies).zip(&LOAD.accounts);
        all.filter(|((statement, body), account)| {
            let scene = Scene {
                origin: &LOAD.posting.signed.payload.origin,
                registrar: None,
                facts: None,
                time: cast::time(late),
                kid: LOAD.posting.signed.kid,
                alone: false,
                issuer: Some(party(platform)),
                subject: Some(Party { address: account.address, state: &account.state }),
                same_id: None,
                bound: None,
                target: None,
                named: Some(party(fund)),
                size: account.frontier.size(),
                reference: None,
            };
            rules::judge(&scene, statement, body).is_ok()
        })
        .count()
    };
    assert_eq!(accepted(200), COUNT);
    bencher.counter(ItemsCount::new(COUNT)).bench(|| accepted(black_box(200)));
}

/// A 13th contribution appended to each of 1,000 accounts.
#[divan::bench]
fn append(bencher: Bencher<'_, '_>) {
    let bodies: Vec<Body> = LOAD.posting.statements.iter().map(|s| s.body().unwrap()).collect();
    let roots: Vec<Hash> = LOAD.posting.statements.iter().map(|s| s.root(&cast::origin())).collect();
    let all = |accounts: &mut Vec<peal_spec::account::Account>| {
        let mut last = Hash::default();
        for (n, account) in accounts.iter_mut().enumerate() {
            let placed = placed(n as u64, roots[n]);
            let made = account.append(&LOAD.posting.statements[n], &bodies[n], None, &placed);
            last = made.0.state_root;
        }
        last
    };
    let mut accounts = LOAD.accounts.clone();
    let last = all(&mut accounts);
    assert_eq!(last, accounts[COUNT - 1].cells.root());
    assert_eq!(accounts[0].frontier.size(), LOAD.accounts[0].frontier.size() + 1);
    bencher
        .counter(ItemsCount::new(COUNT))
        .with_inputs(|| LOAD.accounts.clone())
        .bench_refs(|accounts| assert_eq!(all(accounts), last));
}

/// The leaf hash of a record.
#[divan::bench]
fn record_leaf(bencher: Bencher<'_, '_>) {
    let body = LOAD.posting.statements[0].body().unwrap();
    let mut account = LOAD.accounts[0].clone();
    let made = account.append(&LOAD.posting.statements[0], &body, None, &placed(0, Hash([1; 32])));
    let record = made.0;
    assert_eq!(record.leaf(), hash::leaf(&record.to_bytes()));
    bencher.bench(|| black_box(&record).leaf());
}

/// The salted commitment to a record whose leaf hash is known.
#[divan::bench]
fn commitment(bencher: Bencher<'_, '_>) {
    let (salt, leaf) = (log_salt(&made::salt()), Hash([3; 32]));
    let of = |sequence| peal_spec::record::commitment(&salt, 100, sequence, &leaf);
    assert_ne!(of(7), of(8));
    bencher.bench(|| of(black_box(7)));
}

/// The leaf of an account in the directory, from the account.
#[divan::bench]
fn directory_leaf(bencher: Bencher<'_, '_>) {
    let account = &LOAD.accounts[0];
    assert_eq!(account.directory_leaf().root, account.frontier.root());
    bencher.bench(|| black_box(account).directory_leaf().leaf());
}

/// Two hashes joined.
#[divan::bench]
fn node(bencher: Bencher<'_, '_>) {
    let (left, right) = (Hash([1; 32]), Hash([2; 32]));
    let joined = [&[1][..], &left.0, &right.0].concat();
    assert_eq!(hash::node(&left, &right), hash::plain(&joined));
    bencher.bench(|| hash::node(black_box(&left), black_box(&right)));
}

/// The root of 1,000 leaves.
#[divan::bench]
fn tree_root(bencher: Bencher<'_, '_>) {
    let leaves: Vec<Hash> = (0..COUNT as u64).map(|n| hash::leaf(&n.to_be_bytes())).collect();
    let mut frontier = tree::Frontier::default();
    leaves.iter().for_each(|leaf| frontier.push(*leaf));
    assert_eq!(tree::root(&leaves), frontier.root());
    bencher.counter(ItemsCount::new(COUNT)).bench(|| tree::root(black_box(&leaves)));
}
