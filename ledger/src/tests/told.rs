//! The log told record by record: nothing is left out, whatever the steps, and each record to whom it concerns.

use std::borrow::Cow;

use peal_spec::address::Address;
use peal_spec::hash::Hash;
use peal_spec::rights::{Answer, Claim, ClaimKind, Consent, Decision, Looked, Outcome, Right, Scope};
use peal_spec::statement::{self, Body, Type};
use peal_spec::value::Time;

use super::*;
use crate::rows::{Content, RecordRow};
use crate::schema::{decode, encode, place_key};
use crate::store::Disk;
use crate::told::Told;

/// A ledger with all of a script in it.
fn told(script: &Script, medium: &Medium) -> (Ledger, Vec<Told>) {
    let ledger = script.open(medium).unwrap();
    assert_eq!(script.send(&ledger, 0), script.postings.len());
    let all = ledger.records(0, usize::MAX).unwrap();
    assert_eq!(all.next, ledger.published().checkpoint.size);
    (ledger, all.records)
}

#[test]
fn every_record_is_told_once_in_order_however_it_is_asked_for() {
    let (script, medium) = (Script::long(), Medium::default());
    let (ledger, all) = told(script, &medium);
    let stats = ledger.stats();
    // The opening of account 0 was recorded before the ledger ran.
    assert_eq!(all.len() as u64, stats.records + 1);
    assert!(all.is_sorted_by(|a, b| a.log_index < b.log_index));
    for most in [1, 2, 7, 100, 1000] {
        let (mut next, mut found) = (0, Vec::new());
        while next < stats.log_size {
            let stretch = ledger.records(next, most).unwrap();
            assert!(stretch.records.len() <= most && stretch.next > next);
            found.extend(stretch.records);
            next = stretch.next;
        }
        assert_eq!((found == all, next), (true, stats.log_size), "{most} at a time");
    }
    for from in 0..=stats.log_size {
        let rest = ledger.records(from, usize::MAX).unwrap();
        assert!(rest.records.iter().eq(all.iter().filter(|told| told.log_index >= from)), "from {from}");
    }
    assert_eq!(ledger.records(stats.log_size + 9, 5).unwrap().next, stats.log_size + 9);
    // What an account's own copy says is what was told.
    let accounts: std::collections::BTreeSet<Address> = all.iter().map(|told| told.account).collect();
    assert_eq!(accounts.len() as u64, stats.accounts);
    for address in accounts {
        let copy = ledger.copy(&address, 0, usize::MAX, None).unwrap().unwrap();
        let own: Vec<&Told> = all.iter().filter(|told| told.account == address).collect();
        assert_eq!(own.len(), copy.rows.len());
        for (told, row) in own.into_iter().zip(&copy.rows) {
            let r = &row.record;
            assert_eq!((told.sequence, told.log_index, told.kind), (r.sequence, r.log_index, r.kind));
            assert_eq!(
                (told.refers, told.month, told.time, told.posting),
                (r.refers, r.month, r.time, r.posting)
            );
            assert_eq!(told.concerned[0], address);
        }
    }
    // The same from the store alone.
    ledger.close();
    drop(ledger);
    let again = script.open(&medium).unwrap();
    assert_eq!(again.records(0, usize::MAX).unwrap().records, all);
}

#[test]
fn of_an_erased_statement_only_the_account_is_known() {
    let medium = Medium::default();
    let (ledger, all) = told(Script::short(), &medium);
    ledger.close();
    drop(ledger);
    let of = |kind| all.iter().find(|told| told.kind == kind).unwrap();
    let settlement = of(Type::Settlement);
    let paid = all
        .iter()
        .find(|told| told.account == settlement.account && Some(told.sequence) == settlement.refers)
        .unwrap();
    assert_eq!(paid.concerned, [paid.account, settlement.issuer]);
    assert_eq!(settlement.concerned, [paid.account, paid.issuer]);
    let erase = |told: &Told| {
        let disk = medium.open().unwrap();
        let key = place_key(told.account.number, told.sequence);
        let bytes = disk.bytes(Family::Records, &key).unwrap().unwrap();
        let mut row: RecordRow<'_> = decode(&key, &bytes).unwrap();
        row.content = Content::Erased { root: Hash::default(), reference: None };
        let row = encode(&row).unwrap();
        disk.add(Family::Records, &mut [Ok((key.to_vec(), Cow::Owned(row)))].into_iter()).unwrap();
    };
    let again = |told: &Told| {
        let ledger = Script::short().open(&medium).unwrap();
        ledger.records(told.log_index, 1).unwrap().records.remove(0)
    };
    // Who issued what is settled shows in the posting, which stays.
    erase(paid);
    assert_eq!(again(paid), Told { concerned: vec![paid.account], ..paid.clone() });
    assert_eq!(again(settlement), *settlement);
    erase(settlement);
    assert_eq!(again(settlement), Told { concerned: vec![paid.account], ..settlement.clone() });
}

#[test]
fn whoever_is_named_is_told_and_whoever_issued_what_a_record_is_about() {
    let world = World::new();
    let (bureau, union) = (world.open(4), world.open(5));
    world.accept(&world.registrar, vec![world.granted(&bureau, Role::Bureau, &[], None)]);
    let begun = world.ledger().published().checkpoint.size;
    let (registrar, platform, fund, worker) = (&world.registrar, &world.platform, &world.fund, &world.worker);
    let says = || "so it is".parse().unwrap();
    let post = |issuer: &Person, refers: Option<u64>, body: Body| {
        let statement = Statement::new(world.next_id(), Some(worker.address), time(NOW), refers, None, &body);
        world.accept(issuer, vec![statement])[0].sequence
    };
    let scope = || Scope { insurances: Vec::new(), months: None, parts: Vec::new() };
    let claim = Claim {
        kind: ClaimKind::Missing,
        party: platform.address,
        bureau: bureau.address,
        insurance: None,
        months: None,
        records: Vec::new(),
    };
    let consent = Consent {
        grantee: union.address,
        purpose: "advice".parse().unwrap(),
        rights: vec![Right::Read],
        scope: scope(),
        until: Time::new(NOW + 1000).unwrap(),
        once: false,
    };
    let (bureau, union) = (&bureau, &union);
    world.accept(platform, vec![world.paid("a", 10), world.paid("b", 20)]);
    world.accept(fund, vec![world.settled(worker, 1, 202_601, cny(10))]);
    world.accept(platform, vec![world.corrected(worker, 2, 202_601, None)]);
    let who = worker.address;
    let filed = post(worker, None, Body::Claim(statement::Claim { who, claim, says: says() }));
    let answer = Answer { accepts: false, records: Vec::new() };
    let answered = statement::ClaimAnswered { who: platform.address, answer, says: says() };
    post(platform, Some(filed), Body::ClaimAnswered(answered));
    let ruling = Decision { outcome: Outcome::Rejected, by: None };
    let ruled = statement::Ruling { who: bureau.address, ruling, says: says() };
    post(bureau, Some(filed), Body::Ruling(ruled));
    let given = post(worker, None, Body::ConsentGranted(statement::ConsentGranted { who, consent }));
    let looked = Looked { purpose: "advice".parse().unwrap(), scope: scope() };
    post(union, Some(given), Body::Access(statement::Access { who: union.address, looked }));
    post(worker, Some(given), Body::ConsentRevoked(statement::ConsentRevoked { who }));
    world.accept(registrar, vec![world.revoked(platform, 1)]);

    let found = world.ledger().records(begun, usize::MAX).unwrap().records;
    let found: Vec<_> = found.iter().map(|t| (t.kind, t.issuer.number, t.concerned.as_slice())).collect();
    let [p, f, w, b, u] = [platform, fund, worker, bureau, union].map(|person| person.address);
    let expected: [(Type, u64, &[Address]); 11] = [
        (Type::Contribution, 1, &[w, f]),
        (Type::Contribution, 1, &[w, f]),
        (Type::Settlement, 2, &[w, p]),
        (Type::Correction, 1, &[w, f]),
        (Type::Claim, 3, &[w, p, b]),
        (Type::ClaimAnswered, 1, &[w, b]),
        (Type::Ruling, 4, &[w, p]),
        (Type::ConsentGranted, 3, &[w, u]),
        (Type::Access, 5, &[w]),
        (Type::ConsentRevoked, 3, &[w, u]),
        (Type::Revoked, 0, &[p]),
    ];
    assert_eq!(found, expected);
}
