//! The refusals in the ledger's own words: each row mends nothing but names the one fault that shows, in the published order.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod book;
mod cast;
mod world;

use cast::*;
use peal_spec::address::Address;
use peal_spec::cbor::Cbor;
use peal_spec::copy::{Selection, Show};
use peal_spec::hash::Hash;
use peal_spec::posting::Posting;
use peal_spec::refusal::Code;
use peal_spec::role::Role;
use peal_spec::standing::{self, History, Rule};
use peal_spec::state::Cell;
use peal_spec::statement::*;
use peal_spec::trust::{Ledger, Trust};
use peal_spec::value::{Day, Insurance};
use peal_spec::verify;
use world::World;
use world::work::Worked;

/// What a posting gives: the refusal of the whole, or of its statements, or nothing.
fn refusals(w: &mut World, after: u64, posting: &Posting) -> Vec<(u64, String)> {
    match w.commit(after, std::slice::from_ref(posting)).remove(0) {
        Err(r) => vec![(r.code as u64, r.field)],
        Ok(results) => {
            results.into_iter().filter_map(|r| r.err().map(|r| (r.code as u64, r.field))).collect()
        }
    }
}

fn one(code: Code, field: &str) -> Vec<(u64, String)> {
    vec![(code as u64, field.to_owned())]
}

#[test]
fn every_refusal_shows_when_it_is_the_first_fault() {
    let mut w = World::lived();
    let (lin, wang, fund, other) = (w.lin.at(), w.wang.at(), w.fund.at(), w.other_fund.at());
    let nobody = Address { number: 5, id: Hash([1; 32]) };
    let t = 400;
    let now = 202609;

    let ahead = vec![w.lin.contribute(t, lin, fund, Source::Self_, now, 100, "a")];
    let ahead = w.lin.post(t + 601, ahead);
    assert_eq!(refusals(&mut w, t, &ahead), one(Code::PostingInFuture, "time"));

    let by_nobody = vec![w.lin.contribute(t, lin, fund, Source::Self_, now, 100, "a")];
    let by_nobody =
        Posting::sign(&origin(), Some(nobody), seed("x", 1), time(t), false, by_nobody, &w.lin.key());
    assert_eq!(refusals(&mut w, t, &by_nobody), one(Code::UnknownIssuer, "issuer"));

    let by_wang = vec![w.lin.contribute(t, lin, fund, Source::Self_, now, 100, "a")];
    let by_wang = Posting::sign(&origin(), Some(lin), seed("x", 2), time(t), false, by_wang, &w.wang.key());
    assert_eq!(refusals(&mut w, t, &by_wang), one(Code::KeyNotCurrent, "kid"));

    let mut good = w.lin.contribute(t, lin, fund, Source::Self_, now, 100, "a");
    let try_ = |w: &mut World, change: &dyn Fn(&mut Statement)| {
        let mut changed = good.clone();
        change(&mut changed);
        let posting = w.lin.post(t, vec![changed]);
        refusals(w, t, &posting)
    };
    assert_eq!(try_(&mut w, &|s| s.kind = 99), one(Code::UnknownType, "type"));
    assert_eq!(try_(&mut w, &|s| s.month = None), one(Code::MalformedFacet, "month"));
    assert_eq!(try_(&mut w, &|s| s.refers = Some(1)), one(Code::MalformedFacet, "refers"));
    assert_eq!(try_(&mut w, &|s| s.facets = s.facets.with(1, &[0])), one(Code::MalformedFacet, "what"));
    assert_eq!(try_(&mut w, &|s| refacet(s, |f| f.truncate(3))), one(Code::MalformedFacet, "facets"));
    assert_eq!(try_(&mut w, &|s| s.address = Some(nobody)), one(Code::UnknownAccount, "address"));
    assert_eq!(try_(&mut w, &|s| s.month = Some(month(202611))), one(Code::MonthInFuture, "month"));
    let zero = Amount { amount: 0, credited: 0, base: None, currency: cny() };
    assert_eq!(
        try_(&mut w, &|s| s.facets = s.facets.with(2, &zero.to_bytes())),
        one(Code::AmountRange, "amount")
    );
    let more = Amount { amount: 5, credited: 6, base: None, currency: cny() };
    assert_eq!(
        try_(&mut w, &|s| s.facets = s.facets.with(2, &more.to_bytes())),
        one(Code::AmountRange, "amount")
    );
    let huge = Amount { amount: (1 << 53) - 1, credited: 0, base: None, currency: cny() };
    assert_eq!(
        try_(&mut w, &|s| s.facets = s.facets.with(2, &huge.to_bytes())),
        one(Code::TotalOverflow, "amount")
    );
    good.facets = good
        .facets
        .with(0, w.wang.contribute(t, lin, fund, Source::Self_, now, 100, "a").facets.get(0).unwrap());
    let named_wang = w.lin.post(t, vec![good.clone()]);
    assert_eq!(refusals(&mut w, t, &named_wang), one(Code::IssuerNotNamed, "who"));

    let cases: Vec<(Statement, &str, Code, &str)> = vec![
        (w.platform.contribute(t, lin, fund, Source::Self_, now, 1, "b"), "platform", Code::NotYours, "who"),
        (w.lin.contribute(t, wang, fund, Source::Platform, now, 1, "b"), "lin", Code::RoleMissing, "who"),
        (
            w.platform.contribute(t, lin, other, Source::Platform, now, 1, "b"),
            "platform",
            Code::FundUnfit,
            "what",
        ),
        (
            w.platform.contribute(t, lin, wang, Source::Platform, now, 1, "b"),
            "platform",
            Code::FundUnfit,
            "what",
        ),
        (
            w.platform.contribute(t, lin, fund, Source::Platform, now, 1, "2026-09/lin"),
            "platform",
            Code::ReferenceTaken,
            "who",
        ),
        (w.platform.settle(t, lin, 3, 202609, pension(20_000)), "platform", Code::RoleMissing, "who"),
        (w.other_fund.settle(t, lin, 3, 202609, pension(20_000)), "other", Code::RoleNotCovering, "who"),
        (w.fund.settle(t, lin, 0, 202609, pension(20_000)), "fund", Code::TargetMissing, "refers"),
        (w.fund.settle(t, lin, 77, 202609, pension(20_000)), "fund", Code::TargetMissing, "refers"),
        (w.fund.settle(t, wang, 1, 202609, pension(145_400)), "fund", Code::TargetVoid, "refers"),
        (w.fund.settle(t, lin, 1, 202609, pension(145_400)), "fund", Code::Settled, "refers"),
        (w.fund.settle(t, lin, 3, 202608, pension(20_000)), "fund", Code::MonthDiffers, "month"),
        (w.fund.settle(t, lin, 3, 202609, pension(20_005)), "fund", Code::AmountDiffers, "amount"),
        (w.employer.correct(t, lin, 2, 202608, None), "employer", Code::NotIssuer, "who"),
        (w.platform.correct(t, lin, 1, 202609, None), "platform", Code::Settled, "refers"),
        (
            w.platform.correct(t, lin, 2, 202608, Some(pension(95_000))),
            "platform",
            Code::AmountDiffers,
            "amount",
        ),
        (w.platform.correct(t, lin, 2, 202609, None), "platform", Code::MonthDiffers, "month"),
        (w.platform.grant(t, lin, Role::Fund, &[], None), "platform", Code::NotRegistrar, "who"),
        (w.wang.opening(t, Some(wang)), "wang", Code::RoleMissing, "who"),
    ];
    for (statement, by, code, field) in cases {
        let person = match by {
            "platform" => &mut w.platform,
            "employer" => &mut w.employer,
            "fund" => &mut w.fund,
            "other" => &mut w.other_fund,
            "wang" => &mut w.wang,
            _ => &mut w.lin,
        };
        let posting = person.post(t, vec![statement]);
        assert_eq!(refusals(&mut w, t, &posting), one(code, field), "{by}: {code:?}");
    }
    let inr = Amount { currency: "INR".parse().unwrap(), ..pension(20_000) };
    let other_currency = vec![w.fund.settle(t, lin, 3, 202609, inr)];
    let other_currency = w.fund.post(t, other_currency);
    assert_eq!(refusals(&mut w, t, &other_currency), one(Code::CurrencyDiffers, "amount"));

    let late = 90_000;
    let expired = vec![w.employer.contribute(late, lin, fund, Source::Employer, now, 1, "late")];
    let expired = w.employer.post(late, expired);
    assert_eq!(refusals(&mut w, late, &expired), one(Code::RoleExpired, "who"));
    let registrar = w.registrar.at();
    let revoked = Body::Revoked(Revoked { who: registrar });
    let revoke = w.registrar.say(late, lin, Some(0), None, &revoked);
    let revoke = w.registrar.post(late, vec![revoke]);
    assert_eq!(refusals(&mut w, late, &revoke), one(Code::TargetMissing, "refers"));
}

#[test]
fn keys_rotate_only_to_the_committed_key_and_the_old_one_is_done() {
    let mut w = World::lived();
    let lin = w.lin.at();
    let keys = w.lin.keys(2);
    let jump = Body::Rotated(Rotated { who: lin, keys });
    let jump = w.lin.say(400, lin, None, None, &jump);
    let by_new = Posting::sign(
        &origin(),
        Some(lin),
        seed("x", 3),
        time(400),
        false,
        vec![jump.clone()],
        &w.lin.chain.signing(2),
    );
    assert_eq!(refusals(&mut w, 400, &by_new), one(Code::KeyNotCurrent, "kid"));
    let by_old = w.lin.post(400, vec![jump]);
    assert_eq!(refusals(&mut w, 400, &by_old), one(Code::NextKey, "keys"));

    let keys = w.lin.keys(1);
    let rotation = Body::Rotated(Rotated { who: lin, keys });
    let (a, b) = (w.lin.say(400, lin, None, None, &rotation), w.lin.say(400, lin, None, None, &rotation));
    let old_key = w.lin.post(400, vec![a.clone()]);
    assert_eq!(
        refusals(&mut w, 400, &old_key),
        one(Code::RotationAlone, "keys"),
        "a stolen present key cannot rotate"
    );
    let two = w.lin.post(400, vec![a, b]);
    assert_eq!(refusals(&mut w, 400, &two).len(), 2);

    let rotated = w.lin.rotate(400);
    assert_eq!(refusals(&mut w, 400, &rotated), vec![]);
    let fund = w.fund.at();
    let with_old = vec![w.lin.contribute(460, lin, fund, Source::Self_, 202609, 10, "old")];
    let with_old = Posting::sign(
        &origin(),
        Some(lin),
        seed("x", 4),
        time(460),
        false,
        with_old,
        &w.lin.chain.signing(0),
    );
    assert_eq!(refusals(&mut w, 460, &with_old), one(Code::KeyNotCurrent, "kid"));
    let with_new = vec![w.lin.contribute(460, lin, fund, Source::Self_, 202609, 10, "new")];
    let with_new = w.lin.post(460, with_new);
    assert_eq!(refusals(&mut w, 460, &with_new), vec![]);
    let trust = Trust { ledgers: vec![Ledger::new(origin(), verifier(&w))] };
    let (_, verdict) = w.book.copy(lin.number, 0, None).check(&trust, time(500)).unwrap();
    assert!(verdict.issuers.iter().all(|i| i.proved), "{verdict:#?}");
}

fn verifier(w: &World) -> peal_spec::note::VerifierKey {
    peal_spec::note::VerifierKey {
        name: origin(),
        kind: peal_spec::note::KeyType::Ed25519,
        key: w.book.operator().public(),
    }
}

#[test]
fn an_opening_is_recorded_once_and_signed_by_its_key() {
    let mut w = World::lived();
    let mut kim = Person::new("kim");
    let opening = kim.opening(400, None);
    let stolen =
        Posting::sign(&origin(), None, seed("x", 5), time(400), false, vec![opening.clone()], &w.wang.key());
    assert_eq!(refusals(&mut w, 400, &stolen), one(Code::OpeningKey, "keys"));
    let first = kim.post(400, vec![opening.clone()]);
    assert_eq!(refusals(&mut w, 400, &first), vec![]);
    assert_eq!(refusals(&mut w, 400, &first), vec![], "the same posting again gives the same receipt");
    let again = kim.post(400, vec![opening]);
    assert_eq!(refusals(&mut w, 400, &again), one(Code::IdTaken, "address"));
    let for_someone = Person::new("someone").opening(400, Some(w.platform.at()));
    let by_platform = w.platform.post(400, vec![for_someone]);
    assert_eq!(refusals(&mut w, 400, &by_platform), vec![]);
}

#[test]
fn all_or_nothing_records_nothing_if_one_is_refused() {
    let mut w = World::lived();
    let (lin, fund) = (w.lin.at(), w.fund.at());
    let two = vec![
        w.platform.contribute(400, lin, fund, Source::Platform, 202610, 10, "ok"),
        w.platform.contribute(400, lin, fund, Source::Platform, 202609, 10, "2026-09/lin"),
    ];
    let posting = w.platform.post_with(400, two, true);
    let before = w.book.accounts[lin.number as usize].clone();
    let codes: Vec<u64> = refusals(&mut w, 400, &posting).into_iter().map(|(c, _)| c).collect();
    assert_eq!(codes, [Code::NotRecorded as u64, Code::ReferenceTaken as u64]);
    assert_eq!(w.book.accounts[lin.number as usize], before);
    let other = w.platform.contribute(400, lin, fund, Source::Platform, 202610, 10, "ok");
    let same_id = Posting::sign(
        &origin(),
        Some(w.platform.at()),
        posting.signed.payload.id,
        time(400),
        false,
        vec![other],
        &w.platform.key(),
    );
    assert_eq!(refusals(&mut w, 400, &same_id), one(Code::PostingIdTaken, "posting-id"));
}

#[test]
fn months_are_sets_and_totals_follow_corrections() {
    let w = World::lived();
    let lin = &w.book.accounts[w.lin.at().number as usize];
    let (_, totals) = lin.state.totals(Insurance::PENSION, cny()).unwrap();
    assert_eq!(totals.posted, 145_400 + 95_000 + 20_000 + 30_000);
    assert_eq!(totals.settled, 145_400);
    let (_, months) = lin.state.months(Insurance::PENSION).unwrap();
    assert_eq!(months.months.len(), 3, "three payers in September are one month");
    let wang = &w.book.accounts[w.wang.at().number as usize];
    assert_eq!(
        wang.state.months(Insurance::PENSION).unwrap().1.months.len(),
        0,
        "a void removes it when none remains"
    );
    assert_eq!(wang.state.totals(Insurance::PENSION, cny()).unwrap().1.posted, 0);
}

#[test]
fn what_went_back_stands_beside_the_totals_and_its_months_count_no_more() {
    let w = Worked::told().world;
    let state = &w.book.accounts[w.lin.at().number as usize].state;
    let (_, totals) = state.totals(Insurance::PENSION, cny()).unwrap();
    assert_eq!((totals.posted, totals.settled, totals.settled_credited), (43_800, 22_000, 8_800));
    let (_, flows) = state.flows(Insurance::PENSION, cny()).unwrap();
    assert_eq!((flows.refunded, flows.refunded_credited), (22_000, 8_800));
    assert_eq!((flows.paid, flows.interest), (120_000, 239 + 26 + 1 + 266));
    assert_eq!(state.flows(unemployment(), cny()).unwrap().1.paid, 2 * 90_000 + 70_000);
    // What stands in August and September is settled no more.
    let (place, _) = state.months(Insurance::PENSION).unwrap();
    let cell =
        Cell::Months { insurance: Insurance::PENSION, runs: vec![(month(202608), 2)], months: 2, settled: 0 };
    assert_eq!(state.cell(place), Some(cell));
}

#[test]
fn the_page_and_the_table_agree() {
    let page = include_str!("../README.md");
    let section = page.split("## 9. Refusals").nth(1).unwrap().split("## 10.").next().unwrap();
    let rows: Vec<(u64, &str)> = section
        .lines()
        .filter(|l| l.starts_with("| "))
        .filter_map(|l| {
            let cells: Vec<&str> = l.trim_matches('|').split('|').map(str::trim).collect();
            Some((cells[0].parse().ok()?, cells[1]))
        })
        .collect();
    let table: Vec<(u64, &str)> = Code::ALL.iter().map(|c| (*c as u64, c.name())).collect();
    assert_eq!(rows, table);
    for kind in Type::ALL {
        let row = format!("| {} | {} |", *kind as u64, kind.name());
        assert!(page.contains(&row), "{row}");
    }
    let _ = verify::COSIGN_SKEW;
}

#[test]
fn an_account_has_at_most_256_cells() {
    let mut w = World::founded();
    let (lin, fund) = (w.lin.at(), w.fund.at());
    let letters: Vec<char> = ('A'..='Z').collect();
    let statements: Vec<Statement> = (0..260)
        .map(|n| {
            let mut s = w.lin.contribute(180, lin, fund, Source::Self_, 202609, 5, &format!("{n}"));
            let code: String = [letters[n / 26], letters[n % 26], 'X'].iter().collect();
            s.facets = s.facets.with(2, &Amount { currency: code.parse().unwrap(), ..pension(5) }.to_bytes());
            s
        })
        .collect();
    let posting = w.lin.post(180, statements);
    let refused = refusals(&mut w, 180, &posting);
    // Control, roles and months take three; the rest are totals of one currency each.
    assert_eq!(refused.len(), 260 - 253);
    assert!(refused.iter().all(|r| *r == (Code::StateFull as u64, "what".to_owned())));
    assert_eq!(w.book.accounts[lin.number as usize].state.cells(), 256);
}

#[test]
fn a_copy_without_its_issuers_is_refused() {
    let w = World::lived();
    let trust = Trust { ledgers: vec![Ledger::new(origin(), verifier(&w))] };
    let mut copy = w.book.copy(w.lin.at().number, 0, None);
    assert!(copy.check(&trust, time(500)).is_ok());
    copy.issuers.pop();
    assert!(matches!(copy.check(&trust, time(500)), Err(peal_spec::copy::BadCopy::Issuers)));
}

#[test]
fn rows_that_do_not_begin_with_the_first_make_no_account() {
    let w = World::lived();
    let copy = w.book.copy(w.lin.at().number, 0, None);
    assert!(copy.fold().is_ok());
    // All rows are there, and the copy says that they are later ones.
    for from in [1, u64::MAX] {
        let shifted = peal_spec::copy::Copy { from, ..copy.clone() };
        assert!(matches!(shifted.fold(), Err(peal_spec::copy::BadCopy::Gap)));
        assert!(matches!(shifted.extend(copy.clone()), Err(peal_spec::copy::BadCopy::Gap)));
    }
}

#[test]
fn who_signed_is_proved_only_with_the_signature() {
    let w = World::lived();
    let trust = Trust { ledgers: vec![Ledger::new(origin(), verifier(&w))] };
    let copy = w.book.copy(w.lin.at().number, 0, None);
    let whole = peal_spec::copy::Selection { show: peal_spec::copy::Show::Whole, withhold: vec![] };
    let mut proof = copy.prove(&whole).unwrap();
    let signed = verify::verify(&proof, &trust, time(500)).unwrap();
    assert!(signed.issuers.iter().all(|i| i.proved) && signed.not_checked.is_empty());
    proof.subject.shown[1].link = None;
    let unsigned = verify::verify(&proof, &trust, time(500)).unwrap();
    let platform = w.platform.at().to_string();
    assert!(unsigned.issuers.iter().any(|i| i.address == platform && !i.proved));
    assert!(!unsigned.entries[0].signed && unsigned.entries[1].signed);
    assert!(unsigned.not_checked[0].contains("who signed 1 of 7"), "{:?}", unsigned.not_checked);
}

#[test]
fn a_posting_of_too_many_statements_is_refused_before_room_is_made() {
    let mut w = World::founded();
    let posting = w.lin.post(180, vec![]);
    let mut bytes = peal_spec::cbor::Writer::default();
    bytes.array(2);
    bytes.bytes(posting.signed.cose());
    bytes.array(100_001);
    bytes.raw(&[0; 100_001]);
    let refused = Posting::from_bytes(&bytes.into_bytes()).unwrap_err();
    assert_eq!(refused.what, "at most 100,000 statements");
}

#[test]
fn a_void_by_a_stranger_is_seen_though_who_is_withheld() {
    let mut w = World::lived();
    w.book.cheats = true;
    let about = w.lin.at();
    let void = w.employer.correct(400, about, 2, 202608, None);
    let void = w.employer.post(400, vec![void]);
    assert!(refusals(&mut w, 400, &void).is_empty(), "a cheating ledger records it");
    let trust = Trust { ledgers: vec![Ledger::new(origin(), verifier(&w))] };
    let copy = w.book.copy(about.number, 0, None);
    let withheld =
        peal_spec::copy::Selection { show: peal_spec::copy::Show::Whole, withhold: vec!["who".into()] };
    let proof = copy.prove(&withheld).unwrap();
    assert_eq!(verify::verify(&proof, &trust, time(500)).unwrap_err().name, "bad-reference");
}

/// Standings under plain rules of all insurances there are, on a day.
fn standings(history: &History) -> Vec<standing::Standing> {
    let day: Day = "2026-12-20".parse().unwrap();
    let rules = (1..10).map(|code| {
        let insurance = Insurance::new(code).unwrap();
        Rule { rate: Some(80_000), late: 500, treated: vec![unemployment()], ..Rule::plain(insurance) }
    });
    rules.map(|rule| standing::standing(history, &rule, day)).collect()
}

#[test]
fn a_whole_proof_adds_up_to_what_the_copy_does_and_part_of_one_says_what_is_missing() {
    let (worked, righted) = (Worked::told(), world::rights::Righted::told());
    let (mut months, mut lines) = (0, 0);
    for (book, lin) in
        [(&worked.world.book, worked.world.lin.at()), (&righted.w.world.book, righted.w.world.lin.at())]
    {
        let copy = book.copy(lin.number, 0, None);
        let expected = standings(&History::of(&copy));
        months += expected.iter().map(|s| s.counts.months).sum::<u64>();
        lines += expected.iter().map(|s| s.register.len()).sum::<usize>();
        let prove = |withhold: &[&str]| {
            let withhold = withhold.iter().map(|s| (*s).to_owned()).collect();
            copy.prove(&Selection { show: Show::Whole, withhold }).unwrap()
        };
        let (whole, missing) = History::shown(&prove(&[]).subject);
        assert_eq!((standings(&whole), missing), (expected.clone(), 0));
        // Of payments the evidence does not count; of engagements it does.
        let engagements = copy.rows.iter().filter(|r| r.record.kind == Type::Engagement).count() as u64;
        assert!(engagements > 0);
        assert_eq!(History::shown(&prove(&["evidence"]).subject).1, engagements);
        let (partly, missing) = History::shown(&prove(&["amount"]).subject);
        assert!(missing > 0 && standings(&partly) != expected);
        let mut hidden = prove(&[]).subject;
        hidden.shown.remove(1);
        assert_eq!(History::shown(&hidden).1, 1);
    }
    assert!(months > 3 && lines > 3, "{months} months, {lines} lines");
}

#[test]
fn a_copy_holds_without_what_is_erased_and_not_without_anything_else() {
    let r = world::rights::Righted::erased();
    let (kept, bereft) = (r.w.world.book.copy(r.w.world.lin.at().number, 0, None), r.bereft());
    let (all, left) = (kept.fold().unwrap(), bereft.fold().unwrap());
    assert_eq!(all.account, left.account, "no state depends on what is erased");
    assert_eq!(standings(&History::of(&kept)).len(), standings(&History::of(&bereft)).len());
    for at in 0..kept.rows.len() {
        let mut one = kept.clone();
        one.rows[at].statement = None;
        let gone = bereft.rows[at].statement.is_none();
        assert_eq!(one.fold().is_ok(), gone, "record {at}, {}", one.rows[at].record.kind);
        // A page may end before it is said; whoever has all pages has what says it.
        one.rows.truncate(at + 1);
        let page = at + 1 < kept.rows.len() && one.rows[at].record.kind.can_be_erased();
        assert_eq!(one.fold().is_ok(), page, "record {at}");
        one.size = one.rows.len() as u64;
        assert!(one.fold().is_err(), "record {at}");
    }
    // What is said to a claim goes with a claim and with nothing else.
    let mut stray = bereft.clone();
    stray.rows[6].record.refers = Some(2);
    assert!(stray.fold().is_err());
    // What it was is not made up either: another type, or another state, is seen.
    let mut other = bereft.clone();
    other.rows[2].record.state_root = other.rows[1].record.state_root;
    assert!(other.fold().is_ok(), "an engagement changes no state");
    other.rows[2].record.statement_root = Hash([1; 32]);
    assert!(other.fold().unwrap().account.frontier.root() != left.account.frontier.root());
}
