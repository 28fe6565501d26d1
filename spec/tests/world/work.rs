//! Work, and money that comes back or is paid out: accounts with engagements, matchings, awards and benefits, refunds and interest.

use peal_spec::address::Address;
use peal_spec::refusal::Code::*;
use peal_spec::role::Role;
use peal_spec::statement::{Source, money::Interest};
use peal_spec::value::{Insurance, Time};

use super::{DAY, World};
use crate::cast::*;

/// Lin works, is paid for, and loses her work.
pub struct Worked {
    pub world: World,
    /// Awards, and pays nothing.
    pub bureau: Person,
    /// Adds to what people pay for themselves.
    pub city: Person,
    /// A fund of all insurances.
    pub second: Person,
    /// A fund, and on its second day none any more.
    pub former: Person,
    /// When the ledger last spoke.
    pub now: Time,
}

impl Worked {
    /// Everyone has an account and a role.
    pub(super) fn begun() -> Self {
        let mut world = World::founded();
        let mut people = ["bureau", "city", "second fund", "former fund"].map(Person::new);
        let openings: Vec<_> = people.iter_mut().map(|p| p.open(180)).collect();
        world.commit(180, &openings);
        let opened = world.book.accounts.len() - people.len();
        for (person, account) in people.iter_mut().zip(&world.book.accounts[opened..]) {
            person.address = Some(account.address);
        }
        let [bureau, city, second, former] = people;
        let fund = world.fund.at();
        let grants = world.registrar.tells(240, |r| {
            let both = [Insurance::PENSION, unemployment()];
            vec![
                (Ok(1), r.grant(0, bureau.at(), Role::Bureau, &both, None)),
                (Ok(1), r.grant(0, city.at(), Role::SubsidyPayer, &both[..1], None)),
                (Ok(1), r.grant(0, second.at(), Role::Fund, &[], None)),
                (Ok(1), r.grant(0, former.at(), Role::Fund, &[], Some(time(DAY)))),
                (Ok(2), r.grant(0, fund, Role::Fund, &both[1..], None)),
            ]
        });
        let mut worked = Self { world, bureau, city, second, former, now: time(240) };
        worked.hear(240, vec![grants]);
        worked
    }

    /// A commit, in which of every statement becomes what it should.
    pub fn hear(&mut self, after: u64, said: Vec<Said>) {
        self.now = time(after);
        let (postings, becomes): (Vec<_>, Vec<Vec<Becomes>>) = said.into_iter().unzip();
        for (answer, becomes) in self.world.commit(after, &postings).into_iter().zip(becomes) {
            let outcomes = answer.unwrap().into_iter();
            let found: Vec<_> = outcomes.map(|o| o.map(|a| a.sequence).map_err(|r| r.code)).collect();
            assert_eq!(found, becomes, "at {after}");
        }
    }

    /// Who works, and whose fund is for her pension and for unemployment.
    pub(super) fn parts(&self) -> (Address, For, For) {
        let fund = self.world.fund.at();
        (self.world.lin.at(), (Insurance::PENSION, fund), (unemployment(), fund))
    }

    /// The whole story, with what is refused on the way.
    pub fn told() -> Self {
        let mut w = Self::begun();
        w.works();
        w.is_paid_for();
        w.has_money_back();
        w.bears_interest();
        w.loses_her_work();
        w.has_the_rest_back();
        w
    }

    /// Orders of a platform, one of them entered twice, and a month with an employer.
    fn works(&mut self) {
        let (lin, pensions, _) = self.parts();
        let order = from_to(-7_200, -3_600);
        let by_platform = self.world.platform.tells(300, |p| {
            vec![
                (Ok(1), p.engage(lin, 202609, order, 3_250, "order 1")),
                // It ends 600 seconds after the commit; the next one 601.
                (Ok(2), p.engage(lin, 202609, from_to(-3_000, 900), 2_800, "order 2")),
                (Err(PeriodInFuture), p.engage(lin, 202609, from_to(-3_000, 901), 2_800, "order 3")),
                (Err(MonthInFuture), p.engage(lin, 202611, order, 3_250, "order 3")),
                (Err(ReferenceTaken), p.engage(lin, 202609, order, 3_250, "order 1")),
                // What is paid for an order may have its number, once.
                (Ok(3), p.pay(lin, pensions, Source::Platform, 202609, pension(10_000), "order 1")),
                (
                    Err(ReferenceTaken),
                    p.pay(lin, pensions, Source::Platform, 202609, pension(9_000), "order 1"),
                ),
            ]
        });
        let by_employer = self.world.employer.tells(300, |p| {
            vec![
                (Ok(4), p.employ(lin, 202609, from_to(-1_728_000, 0), 512_000, "2026-09")),
                // A training for which she got nothing.
                (Ok(5), p.employ(lin, 202609, from_to(-86_400, -86_400), 0, "training")),
            ]
        });
        self.hear(300, vec![by_platform, by_employer]);
        let corrections = self.world.platform.tells(360, |p| {
            vec![
                (Err(OnlyVoid), p.correct(0, lin, 2, 202609, Some(pension(5)))),
                (Err(MonthDiffers), p.correct(0, lin, 2, 202608, None)),
                (Err(NotIssuer), p.correct(0, lin, 4, 202609, None)),
                (Ok(6), p.correct(0, lin, 2, 202609, None)),
                (Err(TargetVoid), p.correct(0, lin, 2, 202609, None)),
                // What is void has had its number all the same.
                (Err(ReferenceTaken), p.engage(lin, 202609, order, 2_800, "order 2")),
            ]
        });
        self.hear(360, vec![corrections]);
    }

    /// She pays for herself, and others add to it.
    fn is_paid_for(&mut self) {
        let (lin, pensions, _) = self.parts();
        let injury = (Insurance::WORK_INJURY, self.second.at());
        let by_lin = self.world.lin.tells(420, |p| {
            vec![
                (Ok(7), p.pay(lin, pensions, Source::Self_, 202609, pension(20_000), "mine")),
                (Err(NotYours), p.matching(lin, 7, pensions, Source::Self_, 202609, pension(5), "more")),
            ]
        });
        let by_city = self.city.tells(420, |p| {
            vec![(Ok(8), p.matching(lin, 7, pensions, Source::Subsidy, 202609, pension(2_000), "top-up"))]
        });
        let by_platform = self.world.platform.tells(420, |p| {
            let by = Source::Platform;
            vec![
                (Ok(9), p.pay(lin, pensions, by, 202608, pension(10_000), "2026-08")),
                (Ok(10), p.matching(lin, 7, pensions, by, 202609, pension(1_000), "part")),
                // A matching is a contribution, which another one may match.
                (Ok(11), p.matching(lin, 8, pensions, by, 202609, pension(500), "part of top-up")),
                (Err(TargetMissing), p.matching(lin, 1, pensions, by, 202609, pension(5), "of an order")),
                (Err(MonthDiffers), p.matching(lin, 7, pensions, by, 202608, pension(5), "august")),
                (Err(MatchDiffers), p.matching(lin, 7, injury, by, 202609, pension(5), "injury")),
                (Err(ReferenceTaken), p.matching(lin, 7, pensions, by, 202609, pension(5), "order 1")),
                (Err(ReferenceTaken), p.pay(lin, pensions, by, 202609, pension(5), "part")),
            ]
        });
        self.hear(420, vec![by_lin, by_city, by_platform]);
        let corrections = self.world.platform.tells(480, |p| {
            let by = Source::Platform;
            vec![
                (Ok(12), p.correct(0, lin, 10, 202609, Some(pension(1_500)))),
                (Ok(13), p.correct(0, lin, 11, 202609, None)),
                (Err(TargetVoid), p.matching(lin, 11, pensions, by, 202609, pension(5), "of a void one")),
                (Err(NotIssuer), p.correct(0, lin, 8, 202609, None)),
            ]
        });
        let settlements = self.world.fund.tells(480, |p| {
            vec![
                (Ok(14), p.settle(0, lin, 3, 202609, pension(10_000))),
                (Ok(15), p.settle(0, lin, 9, 202608, pension(10_000))),
                (Ok(16), p.settle(0, lin, 8, 202609, pension(2_000))),
                (Err(TargetVoid), p.settle(0, lin, 11, 202609, pension(500))),
                (Err(TargetMissing), p.settle(0, lin, 1, 202609, pension(3_250))),
            ]
        });
        self.hear(480, vec![corrections, settlements]);
    }

    /// What was paid for August goes back in two parts, after which August does not count any more.
    fn has_money_back(&mut self) {
        let (lin, ..) = self.parts();
        let refunds = self.world.fund.tells(540, |p| {
            vec![
                (Err(NotSettled), p.refund(lin, 7, 202609, returned(30_000, 0), "back")),
                (Err(BeyondSettled), p.refund(lin, 9, 202608, returned(10_001, 4_000), "back")),
                (Err(BeyondSettled), p.refund(lin, 9, 202608, returned(5_000, 4_001), "back")),
                // Of the 1,000 left, 2,000 would be credited.
                (Err(BeyondSettled), p.refund(lin, 9, 202608, returned(9_000, 2_000), "back")),
                (Ok(17), p.refund(lin, 9, 202608, returned(6_000, 2_400), "back")),
                (Err(ReferenceTaken), p.refund(lin, 9, 202608, returned(6_000, 2_400), "back")),
                (Err(BeyondSettled), p.refund(lin, 9, 202608, returned(4_001, 1_600), "rest")),
                (Ok(18), p.refund(lin, 9, 202608, returned(4_000, 1_600), "rest")),
                (Err(BeyondSettled), p.refund(lin, 9, 202608, returned(1, 0), "more")),
                // Settled it stays, though nothing is left of it.
                (Err(Settled), p.settle(0, lin, 9, 202608, pension(10_000))),
                // Part of a matching, and nothing of it from her own account.
                (Ok(19), p.refund(lin, 8, 202609, returned(500, 0), "part")),
            ]
        });
        let received = self.world.platform.tells(540, |p| {
            vec![
                (Err(Settled), p.correct(0, lin, 9, 202608, None)),
                (Err(BeyondRefunded), p.receive(lin, 9, 202608, money(10_001), "bank 1")),
                (Ok(20), p.receive(lin, 9, 202608, money(7_000), "bank 1")),
                (Err(ReferenceTaken), p.receive(lin, 9, 202608, money(3_000), "bank 1")),
                (Err(BeyondRefunded), p.receive(lin, 9, 202608, money(3_001), "bank 2")),
                (Ok(21), p.receive(lin, 9, 202608, money(3_000), "bank 2")),
                (Err(NotIssuer), p.receive(lin, 8, 202609, money(500), "bank 3")),
                (Err(BeyondRefunded), p.receive(lin, 3, 202609, money(1), "bank 3")),
            ]
        });
        self.hear(540, vec![refunds, received]);
    }

    /// On her own account are 4,000 of the order and 800 of the top-up.
    fn bears_interest(&mut self) {
        let (lin, pensions, _) = self.parts();
        let two = [(4_800, 6), (3_000, 6)];
        let by_fund = self.world.fund.tells(600, |p| {
            let mut says =
                |amount: Interest, reference: &str| p.interest(lin, pensions, 202609, amount, reference);
            vec![
                (Err(InterestDiffers), says(bears(240, &two, 61_400), "2026")),
                (Err(InterestDiffers), says(bears(238, &two, 61_400), "2026")),
                (Err(BeyondBalance), says(bears(246, &[(4_801, 10)], 61_400), "2026")),
                // 239.46
                (Ok(22), says(bears(239, &two, 61_400), "2026")),
                (Err(ReferenceTaken), says(bears(239, &two, 61_400), "2026")),
                // 25.78, on the interest too.
                (Err(BeyondBalance), says(bears(26, &[(9, 1), (5_040, 1)], 61_400), "2027")),
                (Ok(23), says(bears(26, &[(5_039, 1)], 61_400), "2027")),
                // 0.5
                (Ok(24), says(bears(1, &[(3_000, 1)], 2_000), "a month")),
            ]
        });
        let by_second = self.second.tells(600, |p| {
            vec![(Err(NotFund), p.interest(lin, pensions, 202609, bears(239, &two, 61_400), "2026"))]
        });
        self.hear(600, vec![by_fund, by_second]);
    }

    /// Two months with much and one with less, month by month; and a pension that ends again.
    fn loses_her_work(&mut self) {
        let (lin, pensions, jobless) = self.parts();
        let steps = gives(&[(2, 90_000), (1, 70_000)]);
        let by_bureau = self.bureau.tells(660, |p| {
            vec![
                (Ok(25), p.award(lin, jobless, 202610, steps.clone(), "file 7")),
                (Err(ReferenceTaken), p.award(lin, jobless, 202610, steps.clone(), "file 7")),
            ]
        });
        let by_fund = self.world.fund.tells(660, |p| {
            vec![(Ok(26), p.award(lin, pensions, 202610, gives(&[(1_200, 120_000)]), "pension 1"))]
        });
        let by_platform = self.world.platform.tells(660, |p| {
            let own = p.at();
            vec![
                (Err(RoleMissing), p.award(lin, jobless, 202610, steps, "file 7")),
                // Who has a role may say things of its own account too.
                (Ok(2), p.engage(own, 202609, from_to(0, 60), 1, "own")),
            ]
        });
        let of_fund = self.world.fund.tells(660, |p| {
            let own = p.at();
            vec![
                (Ok(3), p.award(own, jobless, 202609, gives(&[(1, 5)]), "own")),
                (Ok(4), p.benefit(own, 3, 202609, money(5), "own")),
            ]
        });
        self.hear(660, vec![by_bureau, by_fund, by_platform, of_fund]);
        let (october, november, december) = (11 * DAY, 50 * DAY, 80 * DAY);
        let by_fund = self.world.fund.tells(october, |p| {
            vec![
                (Err(BeyondEntitlement), p.benefit(lin, 25, 202609, money(1), "1")),
                (Err(MonthInFuture), p.benefit(lin, 25, 202612, money(70_000), "1")),
                (Ok(27), p.benefit(lin, 25, 202610, money(60_000), "1")),
                (Err(BeyondEntitlement), p.benefit(lin, 25, 202610, money(30_001), "2")),
                (Ok(28), p.benefit(lin, 25, 202610, money(30_000), "2")),
                (Err(BeyondEntitlement), p.benefit(lin, 25, 202610, money(1), "3")),
                (Err(ReferenceTaken), p.benefit(lin, 25, 202611, money(90_000), "1")),
            ]
        });
        // What is not recorded was not paid.
        let too_much = self.world.fund.tells_all(october, |p| {
            vec![
                (Err(NotRecorded), p.benefit(lin, 25, 202611, money(50_000), "3")),
                (Err(BeyondEntitlement), p.benefit(lin, 25, 202611, money(50_000), "4")),
            ]
        });
        let in_time = self.world.fund.tells(october, |p| {
            vec![
                (Ok(29), p.benefit(lin, 25, 202611, money(90_000), "3")),
                (Ok(30), p.benefit(lin, 26, 202610, money(120_000), "4")),
            ]
        });
        let by_second = self
            .second
            .tells(october, |p| vec![(Err(NotFund), p.benefit(lin, 26, 202611, money(120_000), "1"))]);
        self.hear(october, vec![by_fund, too_much, in_time, by_second]);
        let by_fund = self.world.fund.tells(november, |p| {
            vec![
                (Err(BeyondEntitlement), p.benefit(lin, 25, 202612, money(70_001), "5")),
                (Ok(31), p.benefit(lin, 25, 202612, money(70_000), "5")),
                (Err(MonthInFuture), p.benefit(lin, 25, 202701, money(70_000), "6")),
            ]
        });
        self.hear(november, vec![by_fund]);
        let by_bureau = self.bureau.tells(december, |p| {
            vec![
                (Err(OnlyVoid), p.correct(0, lin, 25, 202610, Some(pension(5)))),
                (Err(NotIssuer), p.correct(0, lin, 26, 202610, None)),
            ]
        });
        let by_fund = self.world.fund.tells(december, |p| {
            vec![
                (Err(BeyondEntitlement), p.benefit(lin, 25, 202701, money(70_000), "6")),
                (Ok(32), p.correct(0, lin, 26, 202610, None)),
                (Err(TargetVoid), p.benefit(lin, 26, 202611, money(120_000), "6")),
            ]
        });
        let by_employer = self.world.employer.tells(december, |p| {
            vec![(Err(RoleExpired), p.employ(lin, 202612, from_to(0, 1), 512_000, "2026-12"))]
        });
        self.hear(december, vec![by_bureau, by_fund, by_employer]);
    }

    /// The rest goes back too: September counts and is settled no more; and for August, which had nothing left, somebody adds something.
    fn has_the_rest_back(&mut self) {
        let (lin, pensions, _) = self.parts();
        let end = 81 * DAY;
        let by_fund = self.world.fund.tells(end, |p| {
            vec![
                (Ok(33), p.refund(lin, 3, 202609, returned(6_000, 0), "order 1")),
                // Of the 3,999 left, 4,000 would be credited.
                (Err(BeyondSettled), p.refund(lin, 3, 202609, returned(1, 0), "order 1 again")),
                (Ok(34), p.refund(lin, 3, 202609, returned(4_000, 4_000), "order 1 again")),
                (Ok(35), p.refund(lin, 8, 202609, returned(1_500, 800), "the rest")),
                // There are 239, 26 and 1 of interest.
                (
                    Err(BeyondBalance),
                    p.interest(lin, pensions, 202609, bears(267, &[(267, 12)], 1_000_000), "at last"),
                ),
                (Ok(36), p.interest(lin, pensions, 202609, bears(266, &[(266, 12)], 1_000_000), "at last")),
            ]
        });
        let by_city = self.city.tells(end, |p| {
            vec![
                (Err(BeyondRefunded), p.receive(lin, 8, 202609, money(2_001), "bank")),
                (Ok(37), p.receive(lin, 8, 202609, money(2_000), "bank")),
            ]
        });
        let by_platform = self.world.platform.tells(end, |p| {
            let by = Source::Platform;
            vec![(Ok(38), p.matching(lin, 9, pensions, by, 202608, pension(300), "august after all"))]
        });
        self.hear(end, vec![by_fund, by_city, by_platform]);
    }

    /// A short life, from which a ledger that cheats goes on: an engagement (1), contributions that are settled and in part refunded (2),
    /// open (3) and void (4), an award with a benefit (5), and one that is void (6).
    pub fn briefly() -> Self {
        let mut w = Self::begun();
        let (lin, pensions, jobless) = w.parts();
        let by_platform = w.world.platform.tells(300, |p| {
            vec![
                (Ok(1), p.engage(lin, 202609, from_to(-7_200, -3_600), 3_250, "order 1")),
                (Ok(2), p.pay(lin, pensions, Source::Platform, 202609, pension(10_000), "order 1")),
                (Ok(3), p.pay(lin, pensions, Source::Platform, 202608, pension(9_000), "2026-08")),
                (Ok(4), p.pay(lin, pensions, Source::Platform, 202609, pension(10_000), "order 2")),
            ]
        });
        let by_bureau = w.bureau.tells(300, |p| {
            vec![
                (Ok(5), p.award(lin, jobless, 202609, gives(&[(2, 90_000), (1, 70_000)]), "file 1")),
                (Ok(6), p.award(lin, jobless, 202609, gives(&[(2, 90_000), (1, 70_000)]), "file 2")),
            ]
        });
        w.hear(300, vec![by_platform, by_bureau]);
        let voids = w.world.platform.tells(360, |p| vec![(Ok(7), p.correct(0, lin, 4, 202609, None))]);
        let ends = w.bureau.tells(360, |p| vec![(Ok(8), p.correct(0, lin, 6, 202609, None))]);
        let by_fund = w.world.fund.tells(360, |p| {
            vec![
                (Ok(9), p.settle(0, lin, 2, 202609, pension(10_000))),
                (Ok(10), p.refund(lin, 2, 202609, returned(4_000, 1_600), "back")),
                (Ok(11), p.benefit(lin, 5, 202610, money(90_000), "1")),
            ]
        });
        w.hear(360, vec![voids, ends, by_fund]);
        w
    }

    /// An account that has 256 cells: what needs another one is refused, what needs none is not.
    pub fn full() -> Self {
        let mut w = Self::begun();
        let lin = w.world.lin.at();
        let second = w.second.at();
        let of = |code: u64| (insurance(code), second);
        let injury = (Insurance::WORK_INJURY, second);
        let paid = w.world.lin.tells(300, |p| {
            vec![
                (Ok(1), p.pay(lin, of(1), Source::Self_, 202609, pension(10_000), "1")),
                (Ok(2), p.pay(lin, of(101), Source::Self_, 202609, pension(10_000), "101")),
            ]
        });
        let by_second = w.second.tells(300, |p| {
            vec![
                (Ok(3), p.settle(0, lin, 1, 202609, pension(10_000))),
                (Ok(4), p.settle(0, lin, 2, 202609, pension(10_000))),
                (Ok(5), p.refund(lin, 1, 202609, returned(1_000, 400), "1")),
                (Ok(6), p.award(lin, of(3), 202609, gives(&[(1, 900)]), "file 1")),
            ]
        });
        // Control and roles, twice totals and months, and a fund cell make 7; 124 times two more make 255.
        let many = w.world.lin.tells(300, |p| {
            let codes = (102..=225).zip(7..);
            let pay = |(code, sequence)| {
                let reference = format!("{code}");
                let paid = p.pay(lin, of(code), Source::Self_, 202609, pension(5), &reference);
                (Ok(sequence), paid)
            };
            codes.map(pay).collect()
        });
        w.hear(300, vec![paid, by_second, many]);
        assert_eq!(w.world.book.accounts[lin.number as usize].state.cells(), 255);
        let by_lin = w.world.lin.tells(360, |p| {
            let mut pay = |for_: For, currency: &str| {
                p.pay(lin, for_, Source::Self_, 202609, all_credited(5, currency), currency)
            };
            vec![
                (Err(StateFull), pay(of(999), "CNY")),
                (Ok(131), pay(of(1), "EUR")),
                (Err(StateFull), pay(of(1), "USD")),
            ]
        });
        // Beside the 256 is the recovery cell.
        let keys = Person::new("lin anew").keys(0);
        let by_bureau = w.bureau.tells(360, |p| vec![(Ok(132), p.approve(0, lin, keys))]);
        let by_platform = w.world.platform.tells(360, |p| {
            let mut matching = |for_: For, amount, reference: &str| {
                p.matching(lin, 1, for_, Source::Platform, 202609, amount, reference)
            };
            vec![
                (Err(StateFull), matching(of(1), all_credited(5, "USD"), "part")),
                (Err(StateFull), matching(injury, pension(5), "part")),
                (Ok(133), matching(of(1), pension(5), "part")),
            ]
        });
        let by_second = w.second.tells(360, |p| {
            let year = [(5_600, 12)];
            vec![
                (Err(StateFull), p.refund(lin, 7, 202609, returned(99_999, 0), "2")),
                (Err(StateFull), p.interest(lin, of(101), 202609, bears(1, &year, 1_000_000), "2")),
                (Err(StateFull), p.benefit(lin, 6, 202609, money(901), "2")),
                (Ok(134), p.refund(lin, 1, 202609, returned(1_000, 400), "2")),
                (Ok(135), p.interest(lin, of(1), 202609, bears(3_200, &[(3_200, 12)], 1_000_000), "2")),
            ]
        });
        w.hear(360, vec![by_lin, by_bureau, by_platform, by_second]);
        assert_eq!(w.world.book.accounts[lin.number as usize].state.cells(), 257);
        w
    }
}
