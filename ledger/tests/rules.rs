//! The rules as a sender meets them: refusals of postings and of statements, repeats, references, all or nothing.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

mod world;

use peal_ledger::Error;
use peal_spec::address::Address;
use peal_spec::cbor::Cbor;
use peal_spec::hash::Hash;
use peal_spec::key::PrivateKey;
use peal_spec::posting::Posting;
use peal_spec::refusal::{Code, Refusal};
use peal_spec::role::Role;
use peal_spec::statement::{
    Body, Keys, Opened, Recovery, RecoveryApproved, RecoveryCompleted, RecoveryVetoed, Source, Statement,
};
use peal_spec::value::{AMOUNT_MAX, Insurance};
use world::{NOW, Person, World, cny, month, origin, refused, seed, time};

#[test]
fn postings_refused_whole_leave_no_trace() {
    let world = World::new();
    let before = world.ledger().published();
    let sign = |issuer, id, at, key: &PrivateKey| {
        let statements = vec![world.paid("a", 1)];
        Posting::sign(&origin(), issuer, seed(id), time(at), false, statements, key).check(&origin()).unwrap()
    };
    let platform = world.platform;
    let (mine, key) = (Some(platform.address), platform.key());

    // Each row mends one fault, and the next one shows.
    let stranger = Some(Address { number: 1, id: Hash([1; 32]) });
    let wrong_key = world.worker.key();
    assert_eq!(refused(world.submit(sign(stranger, 9, NOW + 601, &wrong_key))), Code::PostingInFuture);
    assert_eq!(refused(world.submit(sign(stranger, 9, NOW + 600, &wrong_key))), Code::UnknownIssuer);
    let beyond = Some(Address { number: 99, id: platform.address.id });
    assert_eq!(refused(world.submit(sign(beyond, 9, NOW, &wrong_key))), Code::UnknownIssuer);
    assert_eq!(refused(world.submit(sign(mine, 9, NOW, &wrong_key))), Code::KeyNotCurrent);
    // The pre-committed next key signs rotations only.
    assert_eq!(refused(world.submit(sign(mine, 9, NOW, &platform.key_of(1)))), Code::KeyNotCurrent);
    assert_eq!(world.ledger().published(), before);
    world.submit(sign(mine, 777, NOW, &key)).unwrap();
    let taken = sign(mine, 777, NOW, &wrong_key);
    assert_eq!(refused(world.submit(taken)), Code::PostingIdTaken);

    let foreign = Posting::sign(
        &"other".parse().unwrap(),
        mine,
        seed(5),
        time(NOW),
        false,
        vec![world.paid("b", 1)],
        &key,
    );
    let foreign = foreign.check(&"other".parse().unwrap()).unwrap();
    assert!(matches!(
        world.ledger().submit(foreign, 0).unwrap_err(),
        Error::Refused(Refusal { code: Code::ForeignOrigin, .. })
    ));
    world.audit().unwrap();
}

#[test]
fn a_self_opening_is_refused_whole() {
    let world = World::new();
    let before = world.ledger().published();
    let person = Person::new(50);
    let sign = |statement: Statement, key: &PrivateKey| {
        Posting::sign(&origin(), None, seed(50), time(NOW), false, vec![statement], key)
            .check(&origin())
            .unwrap()
    };
    let mut nameless = person.opened(None);
    nameless.kind = 63;
    assert_eq!(refused(world.submit(sign(nameless, &person.key()))), Code::UnknownType);
    let mut cut = person.opened(None);
    cut.facets = cut.facets.with(2, &[0xf6]);
    assert_eq!(refused(world.submit(sign(cut, &person.key()))), Code::MalformedFacet);
    let named = person.opened(Some(world.platform.address));
    assert_eq!(refused(world.submit(sign(named, &person.key()))), Code::IssuerNotNamed);
    assert_eq!(refused(world.submit(sign(person.opened(None), &Person::new(51).key()))), Code::OpeningKey);
    assert_eq!(refused(world.submit(sign(world.paid("x", 1), &person.key()))), Code::IssuerNotNamed);
    assert_eq!(world.ledger().published(), before);
    // None of these took the posting id.
    let opened = world.submit(sign(person.opened(None), &person.key())).unwrap();
    assert_eq!(opened.results[0].as_ref().unwrap().account, 4);
    // The same opening under another posting id.
    let again =
        Posting::sign(&origin(), None, seed(51), time(NOW), false, vec![person.opened(None)], &person.key());
    let answer = world.submit(again.check(&origin()).unwrap());
    let Err(Error::Refused(refusal)) = answer else { panic!("{answer:?}") };
    assert_eq!((refusal.code, refusal.record), (Code::IdTaken, Some((4, 0))));
    // Ids of self-openings are one space per key: another person may use the same.
    let other = Person::new(52);
    let same_id =
        Posting::sign(&origin(), None, seed(50), time(NOW), false, vec![other.opened(None)], &other.key());
    world.submit(same_id.check(&origin()).unwrap()).unwrap();
}

#[test]
fn statements_are_refused_in_the_published_order() {
    let world = World::new();
    let platform = &world.platform;
    let code = |statement| world.refuse(platform, statement).code;
    let contribution = |change: &dyn Fn(&mut peal_spec::statement::Contribution)| {
        world.contribution(&world.worker, 202_601, change)
    };

    let mut unknown = world.paid("a", 0);
    unknown.kind = 63;
    assert_eq!(code(unknown), Code::UnknownType);
    let mut malformed = world.paid("a", 0);
    malformed.month = None;
    assert_eq!(world.refuse(platform, malformed), Refusal::new(Code::MalformedFacet, "month"));
    let mut stranger = world.paid("a", 0);
    stranger.address = Some(Address { number: 3, id: Hash([3; 32]) });
    assert_eq!(code(stranger), Code::UnknownAccount);
    assert_eq!(code(contribution(&|c| c.who.issuer = world.fund.address)), Code::IssuerNotNamed);
    assert_eq!(code(contribution(&|c| c.who.source = Source::Self_)), Code::NotYours);
    assert_eq!(code(contribution(&|c| c.who.source = Source::Employer)), Code::RoleMissing);
    assert_eq!(code(world.contribution(&world.worker, 202_603, |c| c.amount = cny(0))), Code::MonthInFuture);
    assert_eq!(code(world.contribution(&world.worker, 202_602, |c| c.amount = cny(0))), Code::AmountRange);
    assert_eq!(code(contribution(&|c| c.what.fund = world.worker.address)), Code::FundUnfit);
    assert_eq!(code(contribution(&|c| c.what.fund.id = Hash::default())), Code::FundUnfit);

    // Accounts, roles, keys.
    let worker = &world.worker;
    assert_eq!(world.refuse(worker, world.rotated(worker, 2)).code, Code::NextKey);
    assert_eq!(world.refuse(worker, world.rotated(worker, 1)).code, Code::RotationAlone);
    let grant = world.granted(worker, Role::Bureau, &[], None);
    assert_eq!(world.refuse(platform, grant.clone()).code, Code::IssuerNotNamed);
    let mut by_platform = grant;
    by_platform.facets = by_platform.facets.with(0, &platform.address.to_bytes());
    assert_eq!(world.refuse(platform, by_platform).code, Code::NotRegistrar);
    assert_eq!(world.refuse(&world.registrar, world.revoked(worker, 0)).code, Code::TargetMissing);
    let opened = |who: &Person| Person::new(60).opened(Some(who.address));
    assert_eq!(world.refuse(&world.fund, opened(&world.fund)).code, Code::RoleMissing);
    assert_eq!(world.accept(platform, vec![opened(platform)])[0].account, 4);
    assert_eq!(world.refuse(platform, opened(platform)).code, Code::IdTaken);

    // Entries.
    let paid = world.accept(platform, vec![world.paid("first", 1000)])[0].sequence;
    let taken = world.refuse(platform, world.paid("first", 2000));
    assert_eq!((taken.code, taken.record), (Code::ReferenceTaken, Some((3, paid))));
    assert_eq!(code(world.corrected(worker, 0, 202_601, None)), Code::TargetMissing);
    assert_eq!(code(world.corrected(worker, 99, 202_601, None)), Code::TargetMissing);
    assert_eq!(code(world.corrected(worker, paid, 202_512, Some(cny(0)))), Code::AmountRange);
    assert_eq!(code(world.corrected(worker, paid, 202_512, None)), Code::MonthDiffers);
    let mut dollars = cny(5);
    dollars.currency = "USD".parse().unwrap();
    assert_eq!(code(world.corrected(worker, paid, 202_601, Some(dollars))), Code::CurrencyDiffers);
    assert_eq!(code(world.corrected(worker, paid, 202_601, Some(cny(1000)))), Code::AmountDiffers);
    assert_eq!(code(world.paid("huge", AMOUNT_MAX)), Code::TotalOverflow);
    let settle = |amount| world.settled(worker, paid, 202_601, cny(amount));
    assert_eq!(world.refuse(&world.fund, settle(999)).code, Code::AmountDiffers);
    let mut other_fund = settle(1000);
    other_fund.facets = other_fund.facets.with(
        0,
        &peal_spec::statement::Referenced { issuer: platform.address, reference: "t".parse().unwrap() }
            .to_bytes(),
    );
    assert_eq!(code(other_fund), Code::RoleMissing);
    world.accept(&world.fund, vec![settle(1000)]);
    let settled = world.refuse(&world.fund, settle(1000));
    assert_eq!((settled.code, settled.record), (Code::Settled, Some((3, paid))));
    assert_eq!(code(world.corrected(worker, paid, 202_601, None)), Code::Settled);
    let second = world.accept(platform, vec![world.paid("second", 10)])[0].sequence;
    world.accept(platform, vec![world.corrected(worker, second, 202_601, None)]);
    assert_eq!(code(world.corrected(worker, second, 202_601, None)), Code::TargetVoid);
    // The reference of a void entry stays taken.
    assert_eq!(code(world.paid("second", 10)), Code::ReferenceTaken);
    let report = world.audit().unwrap();
    assert_eq!(report.refused, 31, "{report:?}");
}

#[test]
fn roles_are_judged_at_their_place_in_the_log() {
    let mut world = World::bare();
    world.platform = world.open(1);
    world.fund = world.open(2);
    world.worker = world.open(3);
    let platform = &world.platform;
    let grants = vec![
        world.granted(platform, Role::Platform, &[Insurance::MEDICAL], Some(NOW + 10)),
        world.granted(&world.fund, Role::Fund, &[], None),
    ];
    let grants = world.accept(&world.registrar, grants);
    assert_eq!(world.refuse(platform, world.paid("a", 1)).code, Code::RoleNotCovering);
    let medical = |reference: &str| {
        world.contribution(&world.worker, 202_601, |c| {
            c.what.insurance = Insurance::MEDICAL;
            c.who.reference = reference.parse().unwrap();
        })
    };
    let paid = world.accept(platform, vec![medical("a")])[0].sequence;
    world.clock.store(NOW + 10, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(world.refuse(platform, medical("b")).code, Code::RoleExpired);
    // A correction needs no role; a settlement needs the fund's.
    world.accept(platform, vec![world.corrected(&world.worker, paid, 202_601, Some(cny(7)))]);
    world.accept(&world.registrar, vec![world.revoked(&world.fund, grants[1].sequence)]);
    assert_eq!(
        world.refuse(&world.fund, world.settled(&world.worker, paid, 202_601, cny(7))).code,
        Code::RoleMissing
    );
    world.audit().unwrap();
}

#[test]
fn one_posting_sees_what_it_has_done_itself() {
    let world = World::new();
    let worker = &world.worker;
    // Contribution 1, its double, its correction, a void of it, and a correction of what is void: all in one posting.
    let next = world.ledger().account(3).unwrap().unwrap().frontier.size();
    let statements = vec![
        world.paid("same", 100),
        world.paid("same", 200),
        world.corrected(worker, next, 202_601, Some(cny(300))),
        world.corrected(worker, next, 202_601, None),
        world.corrected(worker, next, 202_601, Some(cny(5))),
    ];
    let receipt = world.post(&world.platform, false, statements);
    let codes: Vec<Option<Code>> = receipt.results.iter().map(|r| r.as_ref().err().map(|e| e.code)).collect();
    assert_eq!(codes, [None, Some(Code::ReferenceTaken), None, None, Some(Code::TargetVoid)]);
    let account = world.ledger().account(3).unwrap().unwrap();
    let (_, totals) = account.state.totals(Insurance::PENSION, "CNY".parse().unwrap()).unwrap();
    assert_eq!(totals.posted, 0);
    assert!(account.state.months(Insurance::PENSION).unwrap().1.months.is_empty());
    // A platform opens two accounts, and the same one twice, in one posting.
    let opened = |name| Person::new(name).opened(Some(world.platform.address));
    let receipt = world.post(&world.platform, false, vec![opened(70), opened(71), opened(70)]);
    assert_eq!(receipt.results[1].as_ref().unwrap().account, 5);
    assert_eq!(receipt.results[2].as_ref().unwrap_err().record, Some((4, 0)));
    world.audit().unwrap();
}

#[test]
fn all_or_nothing_records_nothing_when_one_is_refused() {
    let world = World::new();
    let before = world.ledger().account(3).unwrap();
    let opened = Person::new(80).opened(Some(world.platform.address));
    let statements = vec![world.paid("a", 1), world.paid("a", 2), opened.clone(), world.paid("b", 3)];
    let receipt = world.post(&world.platform, true, statements);
    let codes: Vec<Code> = receipt.results.iter().map(|r| r.as_ref().unwrap_err().code).collect();
    assert_eq!(codes, [Code::NotRecorded, Code::ReferenceTaken, Code::NotRecorded, Code::NotRecorded]);
    assert_eq!((receipt.first, receipt.path.len()), (None, 0));
    assert_eq!(world.ledger().account(3).unwrap(), before);
    assert_eq!(world.ledger().account(4).unwrap(), None);
    // Nothing of it was taken: the same statements are recorded by another posting, whole.
    let receipt = world.post(&world.platform, true, vec![world.paid("a", 1), opened, world.paid("b", 3)]);
    assert!(receipt.results.iter().all(Result::is_ok));
    assert_eq!(receipt.results[1].as_ref().unwrap().account, 4);
    world.audit().unwrap();
}

#[test]
fn the_same_posting_gives_the_same_receipt_whatever_has_happened_since() {
    let mut world = World::new();
    let posting = world.posting(
        &world.platform,
        false,
        vec![world.paid("a", 1), world.paid("a", 1), world.paid("b", 1)],
    );
    let first = world.submit(posting.clone()).unwrap();
    for i in 0..300 {
        world.accept(&world.platform, vec![world.paid(&format!("later {i}"), 1)]);
    }
    world.clock.fetch_add(1000, std::sync::atomic::Ordering::SeqCst);
    let platform = world.platform;
    let rotation = world.rotated(&platform, 1);
    let with_next = Person { generation: 1, ..platform };
    world.accept(&with_next, vec![rotation]);
    assert_eq!(world.submit(posting.clone()).unwrap().to_bytes(), first.to_bytes());
    world.reopen();
    assert_eq!(world.submit(posting.clone()).unwrap().to_bytes(), first.to_bytes());
    let found = world.ledger().receipt(&posting.digest()).unwrap().unwrap();
    assert_eq!(
        (found.receipt, found.issuer, found.kid),
        (first, Some(platform.address), platform.key().public())
    );
    assert_eq!(world.ledger().receipt(&Hash::default()).unwrap(), None);
    // The old key is done for.
    assert_eq!(
        refused(world.submit(world.posting(&platform, false, vec![world.paid("c", 1)]))),
        Code::KeyNotCurrent
    );
    world.accept(&with_next, vec![world.paid("c", 1)]);
    world.audit().unwrap();
}

#[test]
fn rotations_stand_alone_and_are_signed_by_the_next_key() {
    let world = World::new();
    let worker = world.worker;
    let next = Person { generation: 1, ..worker };
    // Not alone: the next key signs rotations only.
    let two = vec![world.rotated(&worker, 1), world.rotated(&worker, 1)];
    assert_eq!(refused(world.submit(world.posting(&next, false, two))), Code::KeyNotCurrent);
    // A lone rotation that is refused as a statement is recorded as such, though only the next key signed.
    let mut misnamed = world.rotated(&worker, 1);
    misnamed.facets = misnamed.facets.with(0, &world.fund.address.to_bytes());
    assert_eq!(world.refuse(&next, misnamed).code, Code::IssuerNotNamed);
    world.accept(&next, vec![world.rotated(&worker, 1)]);
    let keys = world.ledger().account(3).unwrap().unwrap().state.control.keys;
    assert_eq!(keys, worker.keys_of(1));
    world.audit().unwrap();
}

#[test]
fn an_opening_may_name_guardians() {
    let world = World::new();
    let person = Person::new(90);
    let recovery = Recovery { guardians: vec![world.fund.address], need: 1, delay: time(86_400) };
    let body = Body::Opened(Opened { who: None, keys: person.keys_of(0), recovery: recovery.clone() });
    let statement = Statement::new(seed(90), None, time(NOW), None, None, &body);
    let posting = Posting::sign(&origin(), None, seed(90), time(NOW), false, vec![statement], &person.key());
    world.submit(posting.check(&origin()).unwrap()).unwrap();
    assert_eq!(world.ledger().account(4).unwrap().unwrap().state.control.recovery, recovery);
    assert_eq!(month(202_601).number(), 202_601);
}

#[test]
fn a_recovery_waits_and_is_audited_with_what_was_refused() {
    let mut world = World::new();
    let (guardian, old) = (world.fund, Person::new(90));
    let recovery = Recovery { guardians: vec![guardian.address], need: 1, delay: time(86_400) };
    let body = Body::Opened(Opened { who: None, keys: old.keys_of(0), recovery });
    let statement = Statement::new(seed(90), None, time(NOW), None, None, &body);
    let posting = Posting::sign(&origin(), None, seed(90), time(NOW), false, vec![statement], &old.key());
    world.submit(posting.check(&origin()).unwrap()).unwrap();
    let address = world.ledger().account(4).unwrap().unwrap().address;
    let anew = Person { address, ..Person::new(91) };
    let say = |body: Body| Statement::new(seed(92), Some(address), time(NOW), None, None, &body);
    let approved = |keys| say(Body::RecoveryApproved(RecoveryApproved { who: guardian.address, keys }));
    let completed = |keys| say(Body::RecoveryCompleted(RecoveryCompleted { who: address, keys }));

    world.accept(&guardian, vec![approved(anew.keys_of(0))]);
    // The new key signs this and nothing else; too early is recorded as refused, and the audit knows that the key was right.
    let early = world.refuse(&anew, completed(anew.keys_of(0)));
    assert_eq!((early.code, early.record), (Code::RecoveryTooEarly, Some((4, 1))));
    let other = Person { address, ..Person::new(93) };
    let veto = say(Body::RecoveryVetoed(RecoveryVetoed { who: address }));
    assert_eq!(refused(world.submit(world.posting(&anew, false, vec![veto]))), Code::KeyNotCurrent);
    let two = vec![completed(anew.keys_of(0)), completed(anew.keys_of(0))];
    assert_eq!(refused(world.submit(world.posting(&anew, false, two))), Code::KeyNotCurrent);
    let by_other = world.posting(&other, false, vec![completed(other.keys_of(0))]);
    assert_eq!(refused(world.submit(by_other)), Code::KeyNotCurrent);
    world.reopen();
    world.clock.fetch_add(86_400, std::sync::atomic::Ordering::SeqCst);
    // Exactly the keys that were approved of, not others with the same signing key.
    let half = Keys { reading: other.keys_of(0).reading, ..anew.keys_of(0) };
    assert_eq!(world.refuse(&anew, completed(half)).code, Code::RecoveryNotApproved);
    world.accept(&anew, vec![completed(anew.keys_of(0))]);
    let state = world.ledger().account(4).unwrap().unwrap().state;
    assert_eq!((state.control.keys, state.approvals()), (anew.keys_of(0), &[][..]));
    world.audit().unwrap();
}
