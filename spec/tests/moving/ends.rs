//! Ways that a move can end, one by one.

use peal_spec::address::Address;
use peal_spec::copy::{Selection, Show};
use peal_spec::itinerary::Step;
use peal_spec::moving::To;
use peal_spec::refusal::Code;
use peal_spec::refusal::Code::*;
use peal_spec::statement::Source;
use peal_spec::verify::{self, MoveShown};

use super::actors::Read;
use super::invariants;
use crate::cast::*;
use crate::world::moving::{Side, Two, there};

/// Lin is paid for and has gone: her money has left (7), and arrived (2 of 1), and the move is not closed yet.
pub fn gone() -> Two {
    let mut two = departed();
    let (lin, to) = (two.old.world.lin.at(), two.new.world.lin.at());
    arrives(&mut two, Ok(1));
    let pensions = two.old.pensions();
    let leaves = two
        .old
        .world
        .fund
        .tells(600, |p| vec![(Ok(5), p.transfers_out(lin, 3, pensions, moved(4_000, 0, 0), "move 1"))]);
    two.old.hear(600, vec![leaves]);
    comes(&mut two, lin, to, (5, 1), 4_000, Ok(2));
    two
}

/// Lin is paid for (1, settled with 2), and her departure (3) is approved of (4).
pub fn departed() -> Two {
    let mut two = Two::begun();
    let (lin, pensions) = (two.old.world.lin.at(), two.old.pensions());
    let paid = two.old.world.platform.tells(400, |p| {
        vec![(Ok(1), p.pay(lin, pensions, Source::Platform, 202609, pension(10_000), "order 1"))]
    });
    let settled =
        two.old.world.fund.tells(400, |p| vec![(Ok(2), p.settle(0, lin, 1, 202609, pension(10_000)))]);
    two.old.hear(400, vec![paid, settled]);
    departs(&mut two, 460, 3);
    two
}

/// Lin departs, and a bureau approves of it.
fn departs(two: &mut Two, after: u64, sequence: u64) {
    let (lin, to) = (two.old.world.lin.at(), two.to(two.new.world.lin.at(), None));
    let said = two.old.world.lin.tells(after, |p| vec![(Ok(sequence), p.departs(lin, to))]);
    let approved =
        two.old.bureau.tells(after, |p| vec![(Ok(sequence + 1), p.approves_departure(lin, sequence))]);
    two.old.hear(after, vec![said, approved]);
}

/// Lin's account as it is now arrives in the new ledger.
fn arrives(two: &mut Two, becomes: Result<u64, Code>) {
    let (lin, to) = (two.old.world.lin.at(), two.new.world.lin.at());
    let (from, shown) = (two.old.arriving(lin, None), two.old.shows(lin, None));
    let said = two.new.world.lin.tells(540, |p| vec![(becomes, p.arrives(to, from, shown))]);
    two.new.hear(700, vec![said]);
}

/// Money comes with an arrival.
fn comes(
    two: &mut Two,
    of: Address,
    to: Address,
    (out, arrival): (u64, u64),
    own: u64,
    becomes: Result<u64, Code>,
) {
    let (shown, pensions) = ((out, two.old.shows(of, Some(out))), two.new.pensions());
    let said = two.new.world.fund.tells(700, |p| {
        vec![(
            becomes,
            p.transfers_in(to, arrival, pensions, moved(own, 0, 0), shown, &format!("in {arrival} {out}")),
        )]
    });
    two.new.hear(700, vec![said]);
}

#[test]
fn another_departure_leads_back() {
    let mut two = gone();
    let (came, back) = (two.new.world.lin.at(), two.old.zhao.at());
    assert_eq!(two.new.world.book.accounts[came.number as usize].state.balance(insurance(1), cny()), 4_000);
    // The account that she left takes nothing any more: she has another one there. (Here it is Zhao's.)
    let to = To { origin: origin(), address: back, bureau: None };
    let said = two.new.world.lin.tells(760, |p| vec![(Ok(3), p.departs(came, to))]);
    let approved = two.new.bureau.tells(760, |p| vec![(Ok(4), p.approves_departure(came, 3))]);
    let there_pensions = two.new.pensions();
    let leaves = two.new.world.fund.tells(760, |p| {
        vec![
            (Err(BeyondBalance), p.transfers_out(came, 3, there_pensions, moved(4_001, 0, 0), "move 1")),
            (Ok(5), p.transfers_out(came, 3, there_pensions, moved(4_000, 0, 0), "move 1")),
        ]
    });
    two.new.hear(760, vec![said, approved, leaves]);
    let (from, shown) = (two.new.arriving(came, None), two.new.shows(came, Some(5)));
    let said = two.old.zhao.tells(820, |p| vec![(Ok(1), p.arrives(back, from, shown.clone()))]);
    let pensions = two.old.pensions();
    let fund = two.old.world.fund.tells(820, |p| {
        vec![(Ok(2), p.transfers_in(back, 1, pensions, moved(4_000, 0, 0), (5, shown), "in 1"))]
    });
    two.old.hear(820, vec![said, fund]);
    let shown = two.old.shows(back, None);
    let said = two.new.world.lin.tells(880, |p| vec![(Ok(6), p.closes_move(came, 3, shown))]);
    two.new.hear(880, vec![said]);
    invariants::check(&two).unwrap();
}

/// What a proof that was true shows of a departure that a bureau has since withdrawn: the new ledger cannot know.
#[test]
fn what_was_shown_in_time_arrives_though_it_was_withdrawn_since() {
    let mut two = departed();
    let lin = two.old.world.lin.at();
    let to = two.new.world.lin.at();
    let (from, shown) = (two.old.arriving(lin, None), two.old.shows(lin, None));
    let kept = two.old.bureau.tells(520, |p| vec![(Ok(5), p.withdraw(lin, 3))]);
    two.old.hear(520, vec![kept]);
    let said = two.new.world.lin.tells(540, |p| vec![(Ok(1), p.arrives(to, from, shown))]);
    two.new.hear(540, vec![said]);
    // Nothing leaves for it.
    let pensions = two.old.pensions();
    let fund = two.old.world.fund.tells(600, |p| {
        vec![(Err(TargetVoid), p.transfers_out(lin, 3, pensions, moved(4_000, 0, 0), "move 1"))]
    });
    two.old.hear(600, vec![fund]);
    invariants::check(&two).unwrap();
}

/// What somebody does in a ledger that does not keep its rules.
fn cheated(side: fn(&mut Two) -> &mut Side, make: impl FnOnce(&mut Two) -> Said) -> Result<(), String> {
    let mut two = gone();
    invariants::check(&two).unwrap();
    let (posting, _) = make(&mut two);
    let side = side(&mut two);
    side.world.book.cheats = true;
    assert!(side.world.commit(760, &[posting])[0].as_ref().unwrap().iter().all(Result::is_ok));
    invariants::check(&two)
}

#[test]
fn the_invariants_notice_a_ledger_that_does_not_keep_its_rules() {
    let twice = cheated(
        |two| &mut two.new,
        |two| {
            let (lin, to, pensions) = (two.old.world.lin.at(), two.new.world.lin.at(), two.new.pensions());
            let shown = (5, two.old.shows(lin, Some(5)));
            two.new.world.fund.tells(760, |p| {
                vec![(Ok(3), p.transfers_in(to, 1, pensions, moved(4_000, 0, 0), shown, "in 2"))]
            })
        },
    );
    assert!(twice.unwrap_err().contains("came twice"));
    let more = cheated(
        |two| &mut two.new,
        |two| {
            let (lin, to, pensions) = (two.old.world.lin.at(), two.new.world.lin.at(), two.new.pensions());
            let shown = (6, two.old.shows(lin, Some(5)));
            two.new
                .world
                .fund
                .tells(760, |p| vec![(Ok(3), p.transfers_in(to, 1, pensions, moved(1, 0, 0), shown, "in 2"))])
        },
    );
    assert!(more.unwrap_err().contains("did not leave"));
    let beyond = cheated(
        |two| &mut two.old,
        |two| {
            let (lin, pensions) = (two.old.world.lin.at(), two.old.pensions());
            two.old
                .world
                .fund
                .tells(760, |p| vec![(Ok(6), p.transfers_out(lin, 3, pensions, moved(1, 0, 0), "move 2"))])
        },
    );
    assert!(beyond.unwrap_err().contains("4001 of"));
    let elsewhere = cheated(
        |two| &mut two.new,
        |two| {
            let (lin, wang) = (two.old.world.lin.at(), two.new.world.wang.at());
            let (from, shown) = (two.old.arriving(lin, None), two.old.shows(lin, None));
            two.new.world.wang.tells(760, |p| vec![(Ok(1), p.arrives(wang, from, shown))])
        },
    );
    assert!(elsewhere.unwrap_err().contains("arrived twice"));
    let taken_back = cheated(
        |two| &mut two.old,
        |two| {
            let lin = two.old.world.lin.at();
            two.old.bureau.tells(760, |p| vec![(Ok(6), p.withdraw(lin, 3))])
        },
    );
    assert!(taken_back.unwrap_err().contains("did not leave"));
    // And of one account: something begins where she has left.
    let mut two = gone();
    let (lin, pensions) = (two.old.world.lin.at(), two.old.pensions());
    let mut kept = invariants::Kept::default();
    kept.check(&two.old, lin.number).unwrap();
    two.old.world.book.ignores.push(Departed);
    let paid =
        two.old.world.platform.tells(760, |p| {
            vec![(Ok(6), p.pay(lin, pensions, Source::Platform, 202609, pension(5), "order 2"))]
        });
    two.old.hear(760, vec![paid]);
    assert!(kept.check(&two.old, lin.number).unwrap_err().contains("began where she had left"));
}

/// A refund gives back what the fund still has of the person's own, and no money that has left.
#[test]
fn what_has_left_is_not_given_back() {
    let mut two = gone();
    let lin = two.old.world.lin.at();
    let (posting, _) = two
        .old
        .world
        .fund
        .tells(760, |p| vec![(Ok(6), p.refund(lin, 1, 202609, returned(1_000, 400), "back"))]);
    let answer = two.old.world.commit(760, &[posting]).remove(0).unwrap().remove(0);
    invariants::check(&two).unwrap();
    assert!(answer.is_err());
}

/// A bureau keeps her; then she goes to the same account after all, and everything comes.
#[test]

fn a_move_that_was_withdrawn_can_be_made_again() {
    let mut two = departed();
    let (lin, to) = (two.old.world.lin.at(), two.new.world.lin.at());
    arrives(&mut two, Ok(1));
    let kept = two.old.bureau.tells(520, |p| vec![(Ok(5), p.withdraw(lin, 3))]);
    two.old.hear(520, vec![kept]);
    departs(&mut two, 580, 6);
    let pensions = two.old.pensions();
    let leaves = two
        .old
        .world
        .fund
        .tells(640, |p| vec![(Ok(8), p.transfers_out(lin, 6, pensions, moved(4_000, 0, 0), "move 1"))]);
    two.old.hear(640, vec![leaves]);
    arrives(&mut two, Ok(2));
    comes(&mut two, lin, to, (8, 1), 4_000, Ok(3));
    let shown = two.new.shows(to, None);
    let closes = two.old.world.lin.tells(760, |p| vec![(Ok(9), p.closes_move(lin, 6, shown))]);
    two.old.hear(760, vec![closes]);
    invariants::check(&two).unwrap();
}

fn moves(side: &Side, of: Address) -> Vec<MoveShown> {
    let proof = side.copy(of).prove(&Selection { show: Show::Whole, withhold: vec![] }).unwrap();
    verify::verify(&proof, &side.trust(), side.now).unwrap().moves
}

#[test]
fn a_verdict_names_the_steps() {
    let two = Two::told();
    let named = |side, of| -> Vec<(u64, &str)> {
        moves(side, of).into_iter().map(|step| (step.sequence, step.kind)).collect()
    };
    assert_eq!(
        named(&two.old, two.old.world.lin.at()),
        [
            (8, "departure"),
            (15, "transferred-out"),
            (16, "transferred-out"),
            (18, "transferred-out"),
            (21, "move-closed"),
            (22, "transferred-out"),
            (24, "move-closed")
        ]
    );
    let to = two.new.world.lin.at();
    assert_eq!(
        named(&two.new, to),
        [
            (1, "arrival"),
            (2, "transferred-in"),
            (3, "transferred-in"),
            (4, "arrival"),
            (5, "transferred-in"),
            (6, "transferred-in")
        ]
    );
    let came = &moves(&two.new, to)[1];
    assert_eq!((came.own, came.pooled, came.kept, came.out), (Some(6_000), Some(2_000), Some(500), Some(15)));
    let proof = two.new.copy(to).prove(&Selection { show: Show::Whole, withhold: vec![] }).unwrap();
    let verdict = verify::verify(&proof, &two.new.trust(), two.new.now).unwrap();
    let stand: Vec<_> = verdict.transcribed.iter().map(|t| (t.sequence, t.stands)).collect();
    assert_eq!(stand, [(7, Some(true)), (8, Some(false))]);
    let of_zhao = moves(&two.old, two.old.zhao.at());
    let stand: Vec<_> = of_zhao.iter().map(|step| (step.sequence, step.stands)).collect();
    assert_eq!(stand[1..], [(3, Some(false)), (5, Some(false))]);
}

/// Zhao's first departure fell when he turned his key.
#[test]
fn a_departure_that_fell_does_not_stand() {
    let two = Two::told();
    let first = &moves(&two.old, two.old.zhao.at())[0];
    assert_eq!((first.sequence, first.kind), (1, "departure"));
    assert_ne!(first.stands, Some(true));
}

/// In an account with nothing of its own but what came, that is to leave when she goes on.
#[test]

fn what_came_is_to_leave_when_she_goes_on() {
    let mut two = gone();
    let came = two.new.world.lin.at();
    let to = To { origin: origin(), address: two.old.zhao.at(), bureau: None };
    let said = two.new.world.lin.tells(760, |p| vec![(Ok(3), p.departs(came, to))]);
    let approved = two.new.bureau.tells(760, |p| vec![(Ok(4), p.approves_departure(came, 3))]);
    two.new.hear(760, vec![said, approved]);
    let read = Read::of(two.new.copy(came));
    let seen = peal_spec::itinerary::itinerary(&read.side(&there()), None, time(760));
    let legs: Vec<_> = seen.legs.iter().filter(|leg| leg.step == Step::MoneyOut).collect();
    assert_eq!(legs.iter().map(|leg| leg.own).collect::<Vec<_>>(), [Some(4_000)]);
    assert!(legs[0].is_open());
}
