//! What the ledger hands out, checked by what a wallet, a witness and a monitor have: nothing but bytes and keys.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

mod world;

use std::sync::atomic::Ordering;

use peal_spec::cbor::Cbor;
use peal_spec::copy::{Copy, Selection, Show};
use peal_spec::hash::{self, Hash};
use peal_spec::log::LogLeaf;
use peal_spec::role::Role;
use peal_spec::tree::{self, check_consistency};
use peal_spec::trust::{self, Trust};
use peal_spec::verify::{Verdict, verify};
use world::{NOW, Person, World, cny, origin, time};

fn trust(world: &World) -> Trust {
    Trust { ledgers: vec![trust::Ledger::new(origin(), world.verifier())] }
}

fn check(world: &World, copy: &Copy) -> Verdict {
    let bytes = copy.to_bytes();
    assert_eq!(Copy::from_bytes(&bytes).unwrap(), *copy);
    let (folded, verdict) = copy.check(&trust(world), time(NOW + 60)).unwrap();
    let stored = world.ledger().account(copy.address.number).unwrap().unwrap();
    assert_eq!(folded.account, stored);
    verdict
}

/// A worker's life with every kind of record, and keys that change in between.
fn life(world: &mut World) -> Vec<(u64, Hash)> {
    let mut seen = Vec::new();
    let mut keep = |world: &World| {
        let published = world.ledger().published();
        seen.push((published.checkpoint.size, published.checkpoint.root));
    };
    let worker = world.worker;
    for round in 0..6u64 {
        world.clock.fetch_add(1, Ordering::SeqCst);
        let paid = (0..5).map(|i| world.paid(&format!("{round}/{i}"), 100 + i)).collect();
        let paid = world.accept(&world.platform, paid);
        keep(world);
        let first = paid[0].sequence;
        world.accept(&world.platform, vec![world.corrected(&worker, first, 202_601, Some(cny(77)))]);
        world.accept(&world.fund, vec![world.settled(&worker, first, 202_601, cny(77))]);
        world.accept(&world.platform, vec![world.corrected(&worker, first + 1, 202_601, None)]);
        world.refuse(&world.platform, world.paid(&format!("{round}/0"), 1));
        keep(world);
        // The platform's key changes each round; the worker's twice.
        let rotation = world.rotated(&world.platform, world.platform.generation + 1);
        world.platform.generation += 1;
        world.accept(&world.platform, vec![rotation]);
        if round % 3 == 1 {
            let rotation = world.rotated(&worker, world.worker.generation + 1);
            world.worker.generation += 1;
            world.accept(&world.worker, vec![rotation]);
        }
        keep(world);
    }
    seen
}

#[test]
fn a_copy_proves_everything_and_comes_in_parts() {
    let mut world = World::new();
    let seen = life(&mut world);
    let address = world.worker.address;
    let whole = world.ledger().copy(&address, 0, usize::MAX, None).unwrap().unwrap();
    let verdict = check(&world, &whole);
    assert!(verdict.complete && verdict.issuers.iter().all(|i| i.proved), "{verdict:#?}");
    assert_eq!(verdict.entries.len(), 30);
    assert_eq!(verdict.not_checked, Vec::<String>::new());

    // In parts of seven rows.
    let part = |from: usize| world.ledger().copy(&address, from as u64, 7, None).unwrap().unwrap();
    let mut parts = part(0);
    while (parts.rows.len() as u64) < parts.size {
        let next = part(parts.rows.len());
        parts = parts.extend(next).unwrap();
    }
    let verdict = check(&world, &parts);
    assert!(verdict.issuers.iter().all(|i| i.proved), "{verdict:#?}");
    assert_eq!((&parts.rows, &parts.postings), (&whole.rows, &whole.postings));
    // And what is new since, under a later head.
    world.accept(&world.platform, vec![world.paid("new", 5)]);
    let parts = parts.clone().extend(part(parts.rows.len())).unwrap();
    assert_eq!(check(&world, &parts).entries.len(), 31);

    let whole = world.ledger().copy(&address, 0, usize::MAX, None).unwrap().unwrap();

    // From what the wallet has seen on.
    for (size, root) in &seen {
        let copy = world.ledger().copy(&address, whole.size, 10, Some(*size)).unwrap().unwrap();
        assert!(copy.rows.is_empty());
        let published = world.ledger().published();
        let (new, new_root) = (published.checkpoint.size, published.checkpoint.root);
        check_consistency(*size, root, new, &new_root, &copy.consistency).unwrap();
    }

    // Part of it is shown.
    let selection = Selection { show: Show::Totals, withhold: vec![] };
    verify(&whole.prove(&selection).unwrap(), &trust(&world), time(NOW)).unwrap();

    // Everyone else's too: the issuers, the fund, the registrar itself.
    for number in [0, 1, 2] {
        let address = world.ledger().account(number).unwrap().unwrap().address;
        let copy = world.ledger().copy(&address, 0, usize::MAX, None).unwrap().unwrap();
        let verdict = check(&world, &copy);
        assert!(verdict.issuers.iter().all(|i| i.proved), "{verdict:#?}");
    }
    let mut stranger = address;
    stranger.id = Hash::default();
    assert_eq!(world.ledger().copy(&stranger, 0, 1, None).unwrap(), None);
    stranger.number = 1 << 39;
    assert_eq!(world.ledger().copy(&stranger, 0, 1, None).unwrap(), None);
    world.ledger().copy(&address, 0, 1, Some(1 << 30)).unwrap_err();
}

#[test]
fn an_account_opened_for_someone_is_proved_by_its_opener() {
    let world = World::new();
    let mut person = Person::new(40);
    let opened = world.accept(&world.platform, vec![person.opened(Some(world.platform.address))]);
    person.address.number = opened[0].account;
    person.address.id = person.opened(Some(world.platform.address)).root(&origin());
    world.accept(&world.platform, vec![world.contribution(&person, 202_601, |_| {})]);
    world.accept(&world.registrar, vec![world.granted(&person, Role::Agent, &[], None)]);
    let copy = world.ledger().copy(&person.address, 0, 100, None).unwrap().unwrap();
    let verdict = check(&world, &copy);
    assert!(verdict.complete && verdict.issuers.iter().all(|i| i.proved), "{verdict:#?}");
}

/// The whole log from its entry bundles, as a mirror would fetch it.
fn mirror(world: &World) -> Vec<Vec<u8>> {
    let size = world.ledger().published().checkpoint.size;
    let mut entries = Vec::new();
    for index in 0..size.div_ceil(256) {
        let width = (size - index * 256).min(256) as u16;
        let bundle = world.ledger().entries(index, width).unwrap().unwrap();
        let mut rest = bundle.as_slice();
        while let Some((length, after)) = rest.split_first_chunk::<2>() {
            let (entry, after) = after.split_at(u16::from_be_bytes(*length) as usize);
            LogLeaf::from_bytes(entry).unwrap();
            entries.push(entry.to_vec());
            rest = after;
        }
    }
    assert_eq!(entries.len() as u64, size);
    entries
}

/// Compares every tile with the log made anew from its entries.
fn check_tiles(world: &World, entries: &[Vec<u8>]) {
    let ledger = world.ledger();
    let mut nodes: Vec<Hash> = entries.iter().map(|e| hash::leaf(e)).collect();
    assert_eq!(tree::root(&nodes), ledger.published().checkpoint.root);
    for level in 0..4u8 {
        for (index, tile) in nodes.chunks(256).enumerate() {
            for width in [1, tile.len()] {
                let served = ledger.tile(level, index as u64, width as u16).unwrap().unwrap();
                let expected: Vec<u8> = tile[..width].iter().flat_map(|h| h.0).collect();
                assert_eq!(served, expected, "level {level}, tile {index}, width {width}");
            }
        }
        let (tiles, part) = (nodes.len() as u64 / 256, nodes.len() % 256);
        assert_eq!(ledger.tile(level, tiles, part as u16 + 1).unwrap(), None);
        assert_eq!(ledger.tile(level, tiles + 1, 1).unwrap(), None);
        nodes = nodes.chunks_exact(256).map(tree::root).collect();
    }
    assert_eq!(ledger.tile(0, 0, 0).unwrap(), None);
    assert_eq!(ledger.tile(0, 0, 257).unwrap(), None);
    assert_eq!(ledger.tile(63, u64::MAX, 1).unwrap(), None);
    assert_eq!(ledger.entries(1 << 40, 1).unwrap(), None);
}

#[test]
fn tiles_and_consistency_agree_with_the_log_made_anew() {
    let mut world = World::new();
    let mut seen = life(&mut world);
    for round in 0..8 {
        let count = [1, 100, 3, 256, 40, 200, 512, 7][round];
        let statements = (0..count).map(|i| world.paid(&format!("{round}:{i}"), 1)).collect();
        world.post(&world.platform, false, statements);
        let published = world.ledger().published();
        seen.push((published.checkpoint.size, published.checkpoint.root));
    }
    let entries = mirror(&world);
    check_tiles(&world, &entries);
    let leaves: Vec<Hash> = entries.iter().map(|e| hash::leaf(e)).collect();
    for (i, (new, new_root)) in seen.iter().enumerate() {
        assert_eq!(tree::root(&leaves[..*new as usize]), *new_root);
        for (old, old_root) in &seen[..=i] {
            let proof = world.ledger().consistency(*old, *new).unwrap();
            check_consistency(*old, old_root, *new, new_root, &proof).unwrap();
        }
    }
    world.ledger().consistency(2, 1).unwrap_err();
    world.ledger().consistency(1, 1 << 40).unwrap_err();
    world.reopen();
    check_tiles(&world, &entries);
    world.audit().unwrap();
}

#[test]
fn a_posting_of_many_parts() {
    let mut world = World::new();
    // Enough leaves for a node of level 16, and enough statements for 258 parts of the posting.
    let statements: Vec<_> = (0..66_000).map(|i| world.paid(&format!("{i}"), 1)).collect();
    let posting = world.posting(&world.platform, false, statements);
    let receipt = world.submit(posting.clone()).unwrap();
    receipt.check(&posting, &world.verifier()).unwrap();
    assert_eq!(world.submit(posting.clone()).unwrap(), receipt);
    let copy = world.ledger().copy(&world.worker.address, 65_500, 100, None).unwrap().unwrap();
    for row in &copy.rows {
        let leaf = peal_spec::posting::leaf(row.record.posting_index, &row.record.statement_root);
        let root = &posting.payload().root;
        tree::check_inclusion(&leaf, row.record.posting_index, 66_000, &row.link.path, root).unwrap();
    }
    check_tiles(&world, &mirror(&world));
    world.reopen();
    assert_eq!(world.submit(posting).unwrap(), receipt);
    world.accept(&world.platform, vec![world.paid("after", 1)]);
    check_tiles(&world, &mirror(&world));
    assert_eq!(world.audit().unwrap().records, 66_007);
}
