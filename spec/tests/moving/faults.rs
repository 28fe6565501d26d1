//! Of each type of a move, in the order of codes: each row mends the fault that showed in the one before, so that the next one shows.

use peal_spec::address::Address;
use peal_spec::moving::{From, Moved, Showing, To};
use peal_spec::refusal::Code;
use peal_spec::refusal::Code::*;
use peal_spec::role::Role;
use peal_spec::statement::{Source, Statement};
use peal_spec::value::AMOUNT_MAX;

use crate::cast::*;
use crate::world::moving::{Side, Two, WEEK, relisted, there};

/// Who posts.
type By = fn(&mut Side) -> &mut Person;
/// What becomes of it: a record, or a refusal that names a field.
type Becomes = Result<u64, (Code, &'static str)>;
/// The end of the role of whom it is that lapses.
const LAPSES: u64 = 1_000;
/// After that.
const T: u64 = 2_000;

fn registrar(side: &mut Side) -> &mut Person {
    &mut side.world.registrar
}
fn platform(side: &mut Side) -> &mut Person {
    &mut side.world.platform
}
/// Once a bureau and a fund, and no more.
fn lapsed(side: &mut Side) -> &mut Person {
    &mut side.world.employer
}
fn fund(side: &mut Side) -> &mut Person {
    &mut side.world.fund
}
fn other(side: &mut Side) -> &mut Person {
    &mut side.world.other_fund
}
fn lin(side: &mut Side) -> &mut Person {
    &mut side.world.lin
}
fn wang(side: &mut Side) -> &mut Person {
    &mut side.world.wang
}
fn bureau(side: &mut Side) -> &mut Person {
    &mut side.bureau
}

impl Side {
    /// Posts a statement by itself.
    fn post(&mut self, after: u64, by: By, statement: Statement) -> Result<u64, (Code, String)> {
        let posting = by(self).post(after, vec![statement]);
        self.now = time(after);
        let answer = self.world.commit(after, &[posting]).remove(0).unwrap().remove(0);
        answer.map(|a| a.sequence).map_err(|r| (r.code, r.field))
    }

    /// Rows of a table.
    fn rows(&mut self, after: u64, rows: Vec<(By, Statement, Becomes)>) {
        for (i, (by, statement, becomes)) in rows.into_iter().enumerate() {
            let becomes = becomes.map_err(|(code, field)| (code, field.to_owned()));
            assert_eq!(self.post(after, by, statement), becomes, "row {i} at {after}");
        }
    }

    /// Roles that lapse.
    fn lapse(&mut self) {
        let whom = self.world.employer.at();
        let until = Some(time(LAPSES));
        let bureau = self.world.registrar.grant(400, whom, Role::Bureau, &[], until);
        let fund = self.world.registrar.grant(400, whom, Role::Fund, &[], until);
        self.post(400, registrar, bureau).unwrap();
        self.post(400, registrar, fund).unwrap();
    }

    /// What the ledger does not refuse when it cheats.
    fn cheat(&mut self, after: u64, by: By, statements: Vec<Statement>) {
        self.world.book.cheats = true;
        let posting = by(self).post(after, statements);
        let answers = self.world.commit(after, &[posting]).remove(0).unwrap();
        assert!(answers.iter().all(Result::is_ok), "{answers:?}");
        self.world.book.cheats = false;
    }
}

fn begun() -> Two {
    let mut two = Two::begun();
    two.old.lapse();
    two.new.lapse();
    two
}

/// Pays for somebody in the old ledger, and settles it: 1 and 2, of which 4,000 are credited.
fn paid(two: &mut Two, about: Address) {
    let pensions = two.old.pensions();
    let pays =
        two.old.world.platform.pay(about, pensions, Source::Platform, 202609, pension(10_000), "order 1");
    assert_eq!(two.old.post(500, platform, pays), Ok(1));
    let settles = two.old.world.fund.settle(0, about, 1, 202609, pension(10_000));
    assert_eq!(two.old.post(500, fund, settles), Ok(2));
}

fn to(address: Address, bureau: Option<Address>) -> To {
    To { origin: there(), address, bureau }
}

#[test]
fn departure() {
    let mut two = begun();
    let (about, there_) = (two.old.world.lin.at(), two.new.world.lin.at());
    let unfit = two.old.world.platform.at();
    let home = To { origin: origin(), address: there_, bureau: None };
    let all = To { bureau: Some(unfit), ..home.clone() };
    let w = &mut two.old.world;
    let rows: Vec<(By, Statement, Becomes)> = vec![
        (lin, w.lin.departs(about, to(there_, None)), Ok(1)),
        (platform, w.wang.departs(namesake(about), all.clone()), Err((UnknownAccount, "address"))),
        (platform, w.wang.departs(about, all.clone()), Err((IssuerNotNamed, "who"))),
        (platform, w.platform.departs(about, all.clone()), Err((NotYours, "who"))),
        (lin, w.lin.departs(about, all), Err((BureauUnfit, "to"))),
        (lin, w.lin.departs(about, home.clone()), Err((Departed, "address"))),
        (lin, w.lin.withdraw(about, 1), Ok(2)),
        (lin, w.lin.departs(about, home), Err((MoveUnfit, "to"))),
        (lin, w.lin.departs(about, to(there_, None)), Ok(3)),
    ];
    two.old.rows(T, rows);
}

#[test]
fn departure_approved() {
    let mut two = begun();
    let (about, there_) = (two.old.world.lin.at(), two.new.world.lin.at());
    let w = &mut two.old.world;
    let rows: Vec<(By, Statement, Becomes)> = vec![
        (lin, w.lin.departs(about, to(there_, None)), Ok(1)),
        (lin, w.lin.withdraw(about, 1), Ok(2)),
        (platform, w.wang.approves_departure(namesake(about), 0), Err((UnknownAccount, "address"))),
        (platform, w.wang.approves_departure(about, 0), Err((IssuerNotNamed, "who"))),
        (platform, w.platform.approves_departure(about, 0), Err((TargetMissing, "refers"))),
        (platform, w.platform.approves_departure(about, 1), Err((TargetVoid, "refers"))),
        (lin, w.lin.departs(about, to(there_, None)), Ok(3)),
        (platform, w.platform.approves_departure(about, 3), Err((NotGuardian, "who"))),
        (lapsed, w.employer.approves_departure(about, 3), Err((NotGuardian, "who"))),
        (lin, w.lin.approves_departure(about, 3), Err((NotGuardian, "who"))),
        (bureau, two.old.bureau.approves_departure(about, 3), Ok(4)),
        (bureau, two.old.bureau.approves_departure(about, 3), Err((AlreadyApproved, "refers"))),
    ];
    two.old.rows(T, rows);
    assert_eq!(two.old.leaving(about).unwrap().due, time(T));
}

/// Lin's departure to an account there, in force.
fn departed(two: &mut Two, there_: Address) -> (Address, u64) {
    let about = two.old.world.lin.at();
    let departs = two.old.world.lin.departs(about, to(there_, None));
    let sequence = two.old.post(600, lin, departs).unwrap();
    let approves = two.old.bureau.approves_departure(about, sequence);
    two.old.post(600, bureau, approves).unwrap();
    (about, sequence)
}

#[test]
fn arrival() {
    let mut two = begun();
    let there_ = two.new.world.wang.at();
    let (of, _) = departed(&mut two, there_);
    let (from, shown) = (two.old.arriving(of, None), two.old.shows(of, None));
    let sham = |n: u8| From {
        origin: "elsewhere.example/peal".parse().unwrap(),
        address: Address { number: u64::from(n), id: peal_spec::hash::Hash([n; 32]) },
        ..from.clone()
    };
    // Lin's account there is full; both have departed; in a third one it has arrived already.
    let full = two.new.world.lin.at();
    let w = &mut two.new.world;
    let arrivals: Vec<_> = (0..16).map(|n| w.lin.arrives(full, sham(n), shown.clone())).collect();
    two.new.cheat(700, lin, arrivals);
    for (by, of) in [(lin as By, full), (wang, there_)] {
        let departs = by(&mut two.new).departs(of, To { origin: origin(), address: of, bureau: None });
        let sequence = two.new.post(700, by, departs).unwrap();
        let approves = two.new.bureau.approves_departure(of, sequence);
        two.new.post(700, bureau, approves).unwrap();
    }
    let third = two.new.mei.at();
    let taken = two.new.bureau.arrives(third, from.clone(), shown.clone());
    two.new.cheat(700, bureau, vec![taken]);

    let all = From { bureau: Some(two.new.world.platform.at()), size: from.size + 1, ..from.clone() };
    let unwatched = From { bureau: None, ..all.clone() };
    let list = relisted(&shown);
    let w = &mut two.new.world;
    let b = &mut two.new.bureau;
    let rows: Vec<(By, Statement, Becomes)> = vec![
        (
            platform,
            w.fund.arrives(namesake(full), all.clone(), list.clone()),
            Err((UnknownAccount, "address")),
        ),
        (platform, w.fund.arrives(full, all.clone(), list.clone()), Err((IssuerNotNamed, "who"))),
        (platform, w.platform.arrives(full, all.clone(), list.clone()), Err((RoleMissing, "who"))),
        (lapsed, w.employer.arrives(full, all.clone(), list.clone()), Err((RoleExpired, "who"))),
        (bureau, b.arrives(full, all.clone(), list.clone()), Err((StateFull, "from"))),
        (bureau, b.arrives(there_, all, list.clone()), Err((BureauUnfit, "from"))),
        (bureau, b.arrives(there_, unwatched.clone(), list.clone()), Err((Departed, "address"))),
        (bureau, b.withdraw(there_, 1), Ok(3)),
        (bureau, b.arrives(there_, unwatched.clone(), list), Err((NotRecognised, "shown"))),
        (bureau, b.arrives(there_, unwatched, shown.clone()), Err((NotShown, "shown"))),
        (bureau, b.arrives(there_, from.clone(), shown.clone()), Err((ArrivedAlready, "from"))),
    ];
    two.new.rows(T, rows);
    // Where it has not arrived before, nothing is left to refuse, of herself or of a bureau.
    for by in [wang as By, bureau] {
        let mut two = begun();
        let there_ = two.new.world.wang.at();
        let (of, _) = departed(&mut two, there_);
        let (from, shown) = (two.old.arriving(of, None), two.old.shows(of, None));
        let arrives = by(&mut two.new).arrives(there_, from, shown);
        two.new.rows(T, vec![(by, arrives, Ok(1))]);
    }
}

#[test]
fn transferred_out() {
    let mut two = begun();
    let there_ = two.new.world.lin.at();
    let (full, about) = (two.old.world.lin.at(), two.old.world.wang.at());
    paid(&mut two, full);
    paid(&mut two, about);
    let (pensions, health) = (two.old.pensions(), two.old.health());
    let itself = |p: &Person| (pensions.0, p.at());
    // Lin's first departure, 3, is withdrawn; under the second, 5, as much has left as can. Wang's, 3, is not due.
    let w = &mut two.old.world;
    let rows: Vec<(By, Statement, Becomes)> = vec![
        (lin, w.lin.departs(full, to(there_, None)), Ok(3)),
        (lin, w.lin.withdraw(full, 3), Ok(4)),
        (lin, w.lin.departs(full, to(there_, None)), Ok(5)),
        (wang, w.wang.departs(about, to(there_, None)), Ok(3)),
    ];
    two.old.rows(600, rows);
    let w = &mut two.old.world;
    let outs = (0..64).map(|n| w.fund.transfers_out(full, 5, pensions, moved(0, 1, 0), &format!("move {n}")));
    let outs = outs.collect();
    two.old.cheat(600, fund, outs);
    let w = &mut two.old.world;
    let (nothing, much, taken) = (moved(0, 0, 1), moved(4_001, 0, 0), "move 1");
    let (of_platform, of_other, of_lapsed) =
        (itself(&w.platform), itself(&w.other_fund), itself(&w.employer));
    let rows: Vec<(By, Statement, Becomes)> = vec![
        (
            platform,
            w.fund.transfers_out(namesake(full), 0, health, nothing, taken),
            Err((UnknownAccount, "address")),
        ),
        (platform, w.fund.transfers_out(full, 0, health, nothing, taken), Err((IssuerNotNamed, "who"))),
        (
            platform,
            w.platform.transfers_out(full, 0, of_platform, nothing, taken),
            Err((TargetMissing, "refers")),
        ),
        (platform, w.platform.transfers_out(full, 3, of_platform, nothing, taken), Err((RoleMissing, "who"))),
        (other, w.other_fund.transfers_out(full, 3, of_other, nothing, taken), Err((RoleNotCovering, "who"))),
        (lapsed, w.employer.transfers_out(full, 3, of_lapsed, nothing, taken), Err((RoleExpired, "who"))),
        (fund, w.fund.transfers_out(full, 3, (pensions.0, health.1), nothing, taken), Err((NotFund, "who"))),
        (fund, w.fund.transfers_out(full, 3, pensions, nothing, taken), Err((AmountRange, "moved"))),
        (fund, w.fund.transfers_out(full, 3, pensions, much, taken), Err((TargetVoid, "refers"))),
        (fund, w.fund.transfers_out(full, 5, pensions, much, taken), Err((ReferenceTaken, "who"))),
        (fund, w.fund.transfers_out(full, 5, pensions, much, "new"), Err((StateFull, "who"))),
        (fund, w.fund.transfers_out(about, 3, pensions, much, "new"), Err((BeyondBalance, "moved"))),
        (fund, w.fund.transfers_out(about, 3, pensions, moved(4_000, 0, 0), "new"), Err((NotDue, "refers"))),
    ];
    two.old.rows(T, rows);
    let last = two.old.world.fund.transfers_out(about, 3, pensions, moved(4_000, 0, 0), "new");
    two.old.rows(600 + WEEK, vec![(fund, last, Ok(4))]);
}

#[test]
fn transferred_in() {
    let mut two = begun();
    let there_ = two.new.world.wang.at();
    let of = two.old.world.lin.at();
    paid(&mut two, of);
    let (_, departure) = departed(&mut two, there_);
    let all = moved(4_000, 1_000, 0);
    let old_pensions = two.old.pensions();
    let leaves = two.old.world.fund.transfers_out(of, departure, old_pensions, all, "move 1");
    let out = two.old.post(650, fund, leaves).unwrap();
    let (from, shown) = (two.old.arriving(of, None), two.old.shows(of, Some(out)));
    let arrives = two.new.world.wang.arrives(there_, from.clone(), shown.clone());
    assert_eq!(two.new.post(700, wang, arrives), Ok(1));
    // In another account as much has come as can, and of her own as much as can be.
    let full = two.new.world.lin.at();
    let (pensions, health) = (two.new.pensions(), two.new.health());
    let sham = From { origin: "elsewhere.example/peal".parse().unwrap(), ..from };
    let w = &mut two.new.world;
    let arrives = w.lin.arrives(full, sham, shown.clone());
    two.new.cheat(700, lin, vec![arrives]);
    let w = &mut two.new.world;
    let mut come = |n: u64, moved: Moved| {
        w.fund.transfers_in(full, 1, pensions, moved, (n, shown.clone()), &format!("in {n}"))
    };
    let mut ins = vec![come(0, moved(AMOUNT_MAX, 0, 0))];
    ins.extend((1..64).map(|n| come(n, moved(0, 1, 0))));
    two.new.cheat(700, fund, ins);

    let list = relisted(&shown);
    let w = &mut two.new.world;
    let itself = |p: &Person| (pensions.0, p.at());
    let (of_platform, of_other, of_lapsed) =
        (itself(&w.platform), itself(&w.other_fund), itself(&w.employer));
    let by_another = (pensions.0, health.1);
    let nothing = moved(0, 0, 1);
    let (some, pooled) = (moved(1, 0, 0), moved(0, 1, 0));
    let say = |p: &mut Person, about, refers, for_, moved, shown: &Showing, reference: &str| {
        p.transfers_in(about, refers, for_, moved, (out, shown.clone()), reference)
    };
    let taken = "in 1";
    let rows: Vec<(By, Statement, Becomes)> = vec![
        (
            platform,
            say(&mut w.fund, namesake(full), 0, by_another, nothing, &list, taken),
            Err((UnknownAccount, "address")),
        ),
        (
            platform,
            say(&mut w.fund, full, 0, by_another, nothing, &list, taken),
            Err((IssuerNotNamed, "who")),
        ),
        (
            platform,
            say(&mut w.platform, full, 0, of_platform, nothing, &list, taken),
            Err((TargetMissing, "refers")),
        ),
        (
            platform,
            say(&mut w.platform, full, 1, of_platform, nothing, &list, taken),
            Err((RoleMissing, "who")),
        ),
        (
            other,
            say(&mut w.other_fund, full, 1, of_other, nothing, &list, taken),
            Err((RoleNotCovering, "who")),
        ),
        (lapsed, say(&mut w.employer, full, 1, of_lapsed, nothing, &list, taken), Err((RoleExpired, "who"))),
        (fund, say(&mut w.fund, full, 1, by_another, nothing, &list, taken), Err((NotFund, "who"))),
        (fund, say(&mut w.fund, full, 1, pensions, nothing, &list, taken), Err((AmountRange, "moved"))),
        (fund, say(&mut w.fund, full, 1, pensions, some, &list, taken), Err((ReferenceTaken, "who"))),
        (fund, say(&mut w.fund, full, 1, pensions, some, &list, "new"), Err((TotalOverflow, "moved"))),
        (fund, say(&mut w.fund, full, 1, pensions, pooled, &list, "new"), Err((StateFull, "who"))),
        (fund, say(&mut w.fund, there_, 1, pensions, pooled, &list, "new"), Err((NotRecognised, "shown"))),
        (fund, say(&mut w.fund, there_, 1, pensions, pooled, &shown, "new"), Err((NotShown, "shown"))),
        (fund, say(&mut w.fund, there_, 1, pensions, all, &shown, "new"), Ok(2)),
        (fund, say(&mut w.fund, there_, 1, pensions, all, &shown, "newer"), Err((ArrivedAlready, "out"))),
    ];
    two.new.rows(T, rows);
}

#[test]
fn move_closed() {
    let mut two = begun();
    let (about, there_) = (two.old.world.wang.at(), two.new.world.wang.at());
    paid(&mut two, about);
    let pensions = two.old.pensions();
    let nothing = two.new.shows(there_, None);
    let list = relisted(&nothing);
    // 3 is a departure that is withdrawn, 5 is not due, and 6 is not settled.
    let w = &mut two.old.world;
    let rows: Vec<(By, Statement, Becomes)> = vec![
        (wang, w.wang.departs(about, to(there_, None)), Ok(3)),
        (wang, w.wang.withdraw(about, 3), Ok(4)),
        (wang, w.wang.departs(about, to(there_, None)), Ok(5)),
        (platform, w.platform.pay(about, pensions, Source::Platform, 202609, pension(5), "order 2"), Ok(6)),
        (platform, w.fund.closes_move(namesake(about), 0, list.clone()), Err((UnknownAccount, "address"))),
        (platform, w.fund.closes_move(about, 0, list.clone()), Err((IssuerNotNamed, "who"))),
        (platform, w.platform.closes_move(about, 0, list.clone()), Err((TargetMissing, "refers"))),
        (platform, w.platform.closes_move(about, 3, list.clone()), Err((RoleMissing, "who"))),
        (lapsed, w.employer.closes_move(about, 3, list.clone()), Err((RoleExpired, "who"))),
        (bureau, two.old.bureau.closes_move(about, 3, list.clone()), Err((TargetVoid, "refers"))),
    ];
    two.old.rows(T, rows);
    let w = &mut two.old.world;
    let rows: Vec<(By, Statement, Becomes)> = vec![
        (wang, w.wang.closes_move(about, 5, list.clone()), Err((NotSettled, "refers"))),
        (platform, w.platform.correct(0, about, 6, 202609, None), Ok(7)),
        (wang, w.wang.closes_move(about, 5, list.clone()), Err((NotDue, "refers"))),
        // Of a bureau it is not asked whether all is settled.
        (bureau, two.old.bureau.closes_move(about, 5, list.clone()), Err((NotDue, "refers"))),
    ];
    two.old.rows(T, rows);
    let due = T + WEEK;
    let leaves = two.old.world.fund.transfers_out(about, 5, pensions, moved(4_000, 0, 0), "move 1");
    let w = &mut two.old.world;
    let rows: Vec<(By, Statement, Becomes)> = vec![
        (fund, leaves, Ok(8)),
        (wang, w.wang.closes_move(about, 5, list), Err((NotRecognised, "shown"))),
        (wang, w.wang.closes_move(about, 5, nothing), Err((NotShown, "shown"))),
    ];
    two.old.rows(due, rows);
    let (from, shown) = (two.old.arriving(about, None), two.old.shows(about, Some(8)));
    let arrives = two.new.world.wang.arrives(there_, from, shown.clone());
    assert_eq!(two.new.post(due, wang, arrives), Ok(1));
    let arrived = two.new.shows(there_, None);
    let closes = two.old.world.wang.closes_move(about, 5, arrived);
    two.old.rows(due, vec![(wang, closes, Err((NotMatched, "shown")))]);
    let there_pensions = two.new.pensions();
    let comes =
        two.new.world.fund.transfers_in(there_, 1, there_pensions, moved(4_000, 0, 0), (8, shown), "in 1");
    assert_eq!(two.new.post(due, fund, comes), Ok(2));
    let all = two.new.shows(there_, None);
    let w = &mut two.old.world;
    let rows: Vec<(By, Statement, Becomes)> = vec![
        (wang, w.wang.closes_move(about, 5, all.clone()), Ok(9)),
        (wang, w.wang.closes_move(about, 5, all), Err((TargetVoid, "refers"))),
    ];
    two.old.rows(due, rows);
}

#[test]
fn ledger_recognised() {
    let mut two = begun();
    let (zero, about) = (two.old.world.registrar.at(), two.old.world.lin.at());
    let name = |n: u64| format!("ledger-{n}.example").parse().unwrap();
    // One is known already.
    let named: Vec<_> = (1..256).map(|n| two.old.world.registrar.recognises(zero, &name(n), None)).collect();
    let posting = two.old.world.registrar.post(T, named);
    assert!(two.old.world.commit(T, &[posting])[0].as_ref().unwrap().iter().all(Result::is_ok));
    let (own, theirs) = (two.old.list(), two.new.list());
    let w = &mut two.old.world;
    let rows: Vec<(By, Statement, Becomes)> = vec![
        (
            platform,
            w.lin.recognises(namesake(zero), &origin(), Some(own.clone())),
            Err((UnknownAccount, "address")),
        ),
        (platform, w.lin.recognises(zero, &origin(), Some(own.clone())), Err((IssuerNotNamed, "who"))),
        (platform, w.platform.recognises(zero, &origin(), Some(own.clone())), Err((NotRegistrar, "who"))),
        (registrar, w.registrar.recognises(zero, &origin(), Some(own.clone())), Err((StateFull, "ledger"))),
        (registrar, w.registrar.recognises(about, &origin(), Some(own.clone())), Err((MoveUnfit, "address"))),
        (registrar, w.registrar.recognises(zero, &there(), Some(own)), Err((MoveUnfit, "ledger"))),
        (registrar, w.registrar.recognises(zero, &there(), Some(theirs)), Ok(257)),
        (registrar, w.registrar.recognises(zero, &there(), None), Ok(258)),
    ];
    two.old.rows(T, rows);
    assert_eq!(two.old.world.book.accounts[0].state.recognised(&there()), None);
}

#[test]
fn transcribed() {
    let mut two = begun();
    let there_ = two.new.world.wang.at();
    let (about, _) = departed(&mut two, there_);
    let b = &mut two.old.bureau;
    let (late, early) = (booklet(202_001, 202_612), booklet(199_801, 200_112));
    // Before she departed; it has her departure and its approval before it.
    let said = b.transcribes(about, early.clone(), scanned(), "file 1");
    two.old.cheat(700, bureau, vec![said]);
    let (w, b) = (&mut two.old.world, &mut two.old.bureau);
    let rows: Vec<(By, Statement, Becomes)> = vec![
        (
            platform,
            w.lin.transcribes(namesake(about), late.clone(), scanned(), "file 1"),
            Err((UnknownAccount, "address")),
        ),
        (platform, w.lin.transcribes(about, late.clone(), scanned(), "file 1"), Err((IssuerNotNamed, "who"))),
        (
            platform,
            w.platform.transcribes(about, late.clone(), scanned(), "file 1"),
            Err((RoleMissing, "who")),
        ),
        (lapsed, w.employer.transcribes(about, late.clone(), scanned(), "file 1"), Err((RoleExpired, "who"))),
        (bureau, b.transcribes(about, late, scanned(), "file 1"), Err((MonthInFuture, "paper"))),
        (bureau, b.transcribes(about, early.clone(), scanned(), "file 1"), Err((ReferenceTaken, "who"))),
        (bureau, b.transcribes(about, early.clone(), scanned(), "file 2"), Err((Departed, "address"))),
        (bureau, b.withdraw(about, 1), Ok(4)),
        (bureau, b.transcribes(about, early, scanned(), "file 2"), Ok(5)),
    ];
    two.old.rows(T, rows);
}

#[test]
fn a_departure_is_withdrawn() {
    let mut two = begun();
    let about = two.old.world.lin.at();
    paid(&mut two, about);
    let there_ = two.new.world.lin.at();
    let pensions = two.old.pensions();
    let w = &mut two.old.world;
    let rows: Vec<(By, Statement, Becomes)> =
        vec![(lin, w.lin.departs(about, to(there_, None)), Ok(3)), (lin, w.lin.withdraw(about, 3), Ok(4))];
    two.old.rows(550, rows);
    let (_, departure) = departed(&mut two, there_);
    assert_eq!(departure, 5);
    let leaves = two.old.world.fund.transfers_out(about, 5, pensions, moved(4_000, 0, 0), "move 1");
    assert_eq!(two.old.post(650, fund, leaves), Ok(7));
    let (w, b) = (&mut two.old.world, &mut two.old.bureau);
    let rows: Vec<(By, Statement, Becomes)> = vec![
        (platform, w.wang.withdraw(namesake(about), 1), Err((UnknownAccount, "address"))),
        (platform, w.wang.withdraw(about, 1), Err((IssuerNotNamed, "who"))),
        (platform, w.platform.withdraw(about, 1), Err((TargetMissing, "refers"))),
        (platform, w.platform.withdraw(about, 3), Err((RoleMissing, "who"))),
        (lapsed, w.employer.withdraw(about, 3), Err((RoleExpired, "who"))),
        (bureau, b.withdraw(about, 3), Err((TargetVoid, "refers"))),
        (lin, w.lin.withdraw(about, 5), Err((RoleMissing, "who"))),
        (bureau, b.withdraw(about, 5), Err((MoneyLeft, "refers"))),
    ];
    two.old.rows(T, rows);
}
