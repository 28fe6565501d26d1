//! What is refused of work and money, and in which order.

use peal_spec::refusal::Code::*;
use peal_spec::statement::{Amount, Money, Returned, Source, money::Interest};
use peal_spec::value::{AMOUNT_MAX, Insurance};

use super::DAY;
use super::work::Worked;
use crate::cast::*;

/// When the roles of former fund and employer are over.
pub(super) const LATER: u64 = DAY + 3_600;

impl Worked {
    /// Of each type every older refusal that applies to it, where one can a second fault beside it, of which the later code is not given.
    pub fn refused() -> Self {
        let mut w = Self::begun();
        let (lin, pensions, jobless) = w.parts();
        let by_platform = w.world.platform.tells(300, |p| {
            let by = Source::Platform;
            vec![
                (Ok(1), p.engage(lin, 202609, from_to(-7_200, -3_600), 3_250, "order 1")),
                (Ok(2), p.pay(lin, pensions, by, 202609, pension(10_000), "paid")),
                (Ok(3), p.pay(lin, pensions, by, 202608, pension(9_000), "void")),
                (Ok(4), p.pay(lin, pensions, by, 202609, all_credited(AMOUNT_MAX - 5, "IDR"), "much")),
            ]
        });
        let by_employer = w.world.employer.tells(300, |p| {
            vec![(Ok(5), p.pay(lin, pensions, Source::Employer, 202609, pension(20_000), "paid"))]
        });
        let by_bureau = w.bureau.tells(300, |p| {
            vec![
                (Ok(6), p.award(lin, jobless, 202609, gives(&[(2, 900)]), "file 1")),
                (Ok(7), p.award(lin, jobless, 202609, gives(&[(2, 900)]), "file 2")),
                (Ok(8), p.award(lin, jobless, 202609, gives(&[(1, AMOUNT_MAX)]), "file 3")),
            ]
        });
        w.hear(300, vec![by_platform, by_employer, by_bureau]);
        let voids = w.world.platform.tells(360, |p| vec![(Ok(9), p.correct(0, lin, 3, 202608, None))]);
        let ends = w.bureau.tells(360, |p| vec![(Ok(10), p.correct(0, lin, 7, 202609, None))]);
        let by_fund = w.world.fund.tells(360, |p| {
            vec![
                (Ok(11), p.settle(0, lin, 2, 202609, pension(10_000))),
                (Ok(12), p.settle(0, lin, 4, 202609, all_credited(AMOUNT_MAX - 5, "IDR"))),
                (Ok(13), p.refund(lin, 2, 202609, returned(1_000, 400), "back")),
                (Ok(14), p.benefit(lin, 6, 202609, money(100), "benefit")),
                (Ok(15), p.interest(lin, pensions, 202609, bears(3_600, &[(3_600, 12)], 1_000_000), "year")),
            ]
        });
        w.hear(360, vec![voids, ends, by_fund]);
        w.refused_engagements();
        w.refused_awards();
        w.refused_benefits();
        w.refused_refunds();
        w.refused_receipts();
        w.refused_interest();
        w.refused_matchings();
        w.refused_corrections();
        w
    }

    fn refused_engagements(&mut self) {
        let (lin, ..) = self.parts();
        let (order, still) = (from_to(-7_200, -3_600), from_to(0, LATER as i64 + 601));
        let of_employer = self.world.employer.engage(lin, 202609, order, 5, "order 9");
        let by_fund = self
            .world
            .fund
            .tells(LATER, |p| vec![(Err(RoleMissing), p.engage(lin, 202611, order, 5, "order 9"))]);
        let by_lin = self
            .world
            .lin
            .tells(LATER, |p| vec![(Err(RoleMissing), p.engage(lin, 202609, order, 5, "order 9"))]);
        let by_employer = self
            .world
            .employer
            .tells(LATER, |p| vec![(Err(RoleExpired), p.engage(lin, 202611, order, 5, "order 9"))]);
        let by_platform = self.world.platform.tells(LATER, |p| {
            vec![
                (Err(UnknownAccount), p.engage(namesake(lin), 202609, order, 5, "order 9")),
                (Err(IssuerNotNamed), of_employer),
                (Err(MonthInFuture), p.engage(lin, 202611, order, 5, "order 1")),
                (Err(ReferenceTaken), p.engage(lin, 202609, still, 5, "order 1")),
                (Err(PeriodInFuture), p.engage(lin, 202609, still, 5, "order 9")),
                (Ok(16), p.engage(lin, 202610, from_to(0, LATER as i64 + 600), 5, "order 9")),
            ]
        });
        self.hear(LATER, vec![by_fund, by_lin, by_employer, by_platform]);
    }

    fn refused_awards(&mut self) {
        let (lin, pensions, jobless) = self.parts();
        let (other, former, second) = (self.world.other_fund.at(), self.former.at(), self.second.at());
        let wang = self.world.wang.at();
        let by_platform = self.world.platform.tells(LATER, |p| {
            vec![(Err(RoleMissing), p.award(lin, jobless, 202609, gives(&[(1, 5)]), "file 9"))]
        });
        let by_other = self.world.other_fund.tells(LATER, |p| {
            vec![(Err(RoleNotCovering), p.award(lin, jobless, 202609, gives(&[(1, 5)]), "file 9"))]
        });
        let by_former = self.former.tells(LATER, |p| {
            let in_its_favour = (Insurance::PENSION, former);
            vec![(Err(RoleExpired), p.award(lin, in_its_favour, 202609, gives(&[(1, 5)]), "file 9"))]
        });
        let by_bureau = self.bureau.tells(LATER, |p| {
            let mut says = |for_: For, reference| p.award(lin, for_, 202609, gives(&[(1, 5)]), reference);
            vec![
                (Err(RoleNotCovering), says((Insurance::MEDICAL, other), "file 9")),
                (Err(FundUnfit), says((Insurance::PENSION, other), "file 1")),
                (Err(FundUnfit), says((Insurance::PENSION, former), "file 9")),
                (Err(FundUnfit), says((Insurance::PENSION, wang), "file 9")),
                (Err(FundUnfit), says((Insurance::PENSION, namesake(pensions.1)), "file 9")),
                (Err(ReferenceTaken), says((Insurance::PENSION, second), "file 1")),
                // An award may begin whenever it likes, and last beyond the last month there is.
                (Ok(17), p.award(lin, jobless, 299912, gives(&[(1_200, 1)]), "file 9")),
            ]
        });
        self.hear(LATER, vec![by_platform, by_other, by_former, by_bureau]);
    }

    fn refused_benefits(&mut self) {
        let (lin, ..) = self.parts();
        let usd = |amount| Money { amount, currency: in_("USD") };
        let all = |p: &mut Person, becomes| vec![(Err(becomes), p.benefit(lin, 6, 202611, money(0), "more"))];
        let by_platform = self.world.platform.tells(LATER, |p| all(p, RoleMissing));
        let by_bureau = self.bureau.tells(LATER, |p| all(p, RoleMissing));
        let by_other = self.world.other_fund.tells(LATER, |p| all(p, RoleNotCovering));
        let by_former = self.former.tells(LATER, |p| all(p, RoleExpired));
        let by_second = self.second.tells(LATER, |p| all(p, NotFund));
        let by_fund = self.world.fund.tells(LATER, |p| {
            vec![
                (Err(TargetMissing), p.benefit(lin, 1, 202611, money(0), "more")),
                (Err(TargetMissing), p.benefit(lin, 2, 202609, money(5), "more")),
                (Err(TargetMissing), p.benefit(lin, 14, 202609, money(5), "more")),
                (Err(TargetMissing), p.benefit(lin, 99, 202609, money(5), "more")),
                (Err(MonthInFuture), p.benefit(lin, 6, 202611, money(0), "more")),
                (Err(AmountRange), p.benefit(lin, 7, 202609, money(0), "more")),
                (Err(TargetVoid), p.benefit(lin, 7, 202609, usd(5), "more")),
                (Err(CurrencyDiffers), p.benefit(lin, 6, 202609, usd(5), "benefit")),
                (Err(ReferenceTaken), p.benefit(lin, 6, 202609, money(AMOUNT_MAX), "benefit")),
                (Err(TotalOverflow), p.benefit(lin, 8, 202608, money(AMOUNT_MAX - 99), "more")),
                (Err(BeyondEntitlement), p.benefit(lin, 6, 202608, money(901), "more")),
                (Err(BeyondEntitlement), p.benefit(lin, 6, 202609, money(801), "more")),
                (Err(BeyondEntitlement), p.benefit(lin, 17, 202610, money(1), "more")),
                (Ok(18), p.benefit(lin, 8, 202609, money(AMOUNT_MAX - 100), "more")),
                (Err(TotalOverflow), p.benefit(lin, 6, 202609, money(1), "1")),
            ]
        });
        self.hear(LATER, vec![by_platform, by_bureau, by_other, by_former, by_second, by_fund]);
    }

    fn refused_refunds(&mut self) {
        let (lin, ..) = self.parts();
        let usd = |amount| Returned { amount, credited: 0, currency: in_("USD") };
        let all =
            |p: &mut Person, becomes| vec![(Err(becomes), p.refund(lin, 2, 202608, returned(0, 0), "more"))];
        let by_platform = self.world.platform.tells(LATER, |p| all(p, RoleMissing));
        let by_other = self.world.other_fund.tells(LATER, |p| all(p, RoleNotCovering));
        let by_former = self.former.tells(LATER, |p| all(p, RoleExpired));
        let by_second = self.second.tells(LATER, |p| all(p, NotFund));
        let by_fund = self.world.fund.tells(LATER, |p| {
            vec![
                (Err(TargetMissing), p.refund(lin, 1, 202609, returned(5, 0), "more")),
                (Err(TargetMissing), p.refund(lin, 6, 202609, returned(5, 0), "more")),
                (Err(TargetMissing), p.refund(lin, 13, 202609, returned(5, 0), "more")),
                (Err(AmountRange), p.refund(lin, 3, 202608, returned(0, 0), "more")),
                (Err(AmountRange), p.refund(lin, 2, 202609, returned(5, 6), "more")),
                (Err(TargetVoid), p.refund(lin, 3, 202609, returned(5, 0), "more")),
                (Err(MonthDiffers), p.refund(lin, 2, 202608, usd(5), "more")),
                (Err(CurrencyDiffers), p.refund(lin, 2, 202609, usd(5), "back")),
                (Err(ReferenceTaken), p.refund(lin, 5, 202609, returned(5, 0), "back")),
                (Err(NotSettled), p.refund(lin, 5, 202609, returned(AMOUNT_MAX, 0), "more")),
                (Err(BeyondSettled), p.refund(lin, 2, 202609, returned(AMOUNT_MAX, 0), "more")),
                (Err(BeyondSettled), p.refund(lin, 2, 202609, returned(9_001, 3_600), "more")),
            ]
        });
        self.hear(LATER, vec![by_platform, by_other, by_former, by_second, by_fund]);
    }

    fn refused_receipts(&mut self) {
        let (lin, ..) = self.parts();
        let usd = |amount| Money { amount, currency: in_("USD") };
        // Who has no role any more may still say that money arrived.
        let by_employer = self.world.employer.tells(LATER, |p| {
            vec![
                (Err(NotIssuer), p.receive(lin, 2, 202608, money(0), "bank")),
                (Err(BeyondRefunded), p.receive(lin, 5, 202609, money(1), "bank")),
            ]
        });
        let by_platform = self.world.platform.tells(LATER, |p| {
            vec![
                (Err(TargetMissing), p.receive(lin, 13, 202609, money(5), "bank")),
                (Err(TargetMissing), p.receive(lin, 1, 202609, money(5), "bank")),
                (Err(AmountRange), p.receive(lin, 2, 202608, money(0), "bank")),
                (Err(MonthDiffers), p.receive(lin, 2, 202608, usd(5), "bank")),
                (Err(CurrencyDiffers), p.receive(lin, 2, 202609, usd(AMOUNT_MAX), "bank")),
                (Err(BeyondRefunded), p.receive(lin, 2, 202609, money(1_001), "bank")),
                (Ok(19), p.receive(lin, 2, 202609, money(1_000), "bank")),
                (Err(ReferenceTaken), p.receive(lin, 2, 202609, money(1), "bank")),
                (Err(BeyondRefunded), p.receive(lin, 2, 202609, money(AMOUNT_MAX), "bank 2")),
                (Err(BeyondRefunded), p.receive(lin, 3, 202608, money(1), "bank 2")),
            ]
        });
        self.hear(LATER, vec![by_employer, by_platform]);
    }

    fn refused_interest(&mut self) {
        let (lin, pensions, _) = self.parts();
        let second = (Insurance::PENSION, self.second.at());
        let none = || bears(0, &[(AMOUNT_MAX, 1)], 1);
        let all =
            |p: &mut Person, becomes| vec![(Err(becomes), p.interest(lin, pensions, 202611, none(), "year"))];
        let idr = |amount, balances: &[(u64, u64)], rate| Interest {
            currency: in_("IDR"),
            ..bears(amount, balances, rate)
        };
        let much = AMOUNT_MAX - 5;
        let by_platform = self.world.platform.tells(LATER, |p| all(p, RoleMissing));
        let by_other = self.world.other_fund.tells(LATER, |p| all(p, RoleNotCovering));
        let by_former = self.former.tells(LATER, |p| all(p, RoleExpired));
        let by_second = self.second.tells(LATER, |p| all(p, NotFund));
        let by_fund = self.world.fund.tells(LATER, |p| {
            vec![
                (Err(NotFund), p.interest(lin, second, 202611, none(), "year")),
                (
                    Err(NotFund),
                    p.interest(lin, (Insurance::PENSION, namesake(pensions.1)), 202609, none(), "more"),
                ),
                (
                    Err(RoleNotCovering),
                    p.interest(lin, (Insurance::MEDICAL, pensions.1), 202609, none(), "more"),
                ),
                (Err(MonthInFuture), p.interest(lin, pensions, 202611, none(), "year")),
                (Err(AmountRange), p.interest(lin, pensions, 202609, none(), "year")),
                (
                    Err(ReferenceTaken),
                    p.interest(lin, pensions, 202609, bears(AMOUNT_MAX, &[(1, 1)], 1), "year"),
                ),
                (
                    Err(TotalOverflow),
                    p.interest(lin, pensions, 202609, bears(AMOUNT_MAX, &[(1, 1)], 1), "more"),
                ),
                (
                    Err(InterestDiffers),
                    p.interest(lin, pensions, 202609, bears(1, &[(AMOUNT_MAX, 12)], 1), "more"),
                ),
                (
                    Err(BeyondBalance),
                    p.interest(lin, pensions, 202609, bears(7_201, &[(7_201, 12)], 1_000_000), "more"),
                ),
                // Of nothing there is no interest.
                (
                    Err(BeyondBalance),
                    p.interest(
                        lin,
                        (unemployment(), pensions.1),
                        202609,
                        bears(1, &[(1, 12)], 1_000_000),
                        "more",
                    ),
                ),
                (Ok(20), p.interest(lin, pensions, 202609, idr(much, &[(much, 12)], 1_000_000), "more")),
                (Err(TotalOverflow), p.interest(lin, pensions, 202609, idr(6, &[(6, 12)], 1_000_000), "all")),
                (Ok(21), p.interest(lin, pensions, 202609, idr(5, &[(5, 12)], 1_000_000), "all")),
                // Together beyond 2^64, and beyond what can be had.
                (
                    Err(TotalOverflow),
                    p.interest(lin, pensions, 202609, idr(1, &[(AMOUNT_MAX, 12); 32], 1_000_000), "2^64"),
                ),
            ]
        });
        self.hear(LATER, vec![by_platform, by_other, by_former, by_second, by_fund]);
    }

    fn refused_matchings(&mut self) {
        let (lin, pensions, _) = self.parts();
        let injury = (Insurance::WORK_INJURY, self.second.at());
        let medical = (Insurance::MEDICAL, self.world.other_fund.at());
        let wrong_fund = (Insurance::PENSION, self.world.other_fund.at());
        let by_lin = self.world.lin.tells(LATER, |p| {
            let by = Source::Self_;
            vec![
                (Err(NotYours), p.matching(lin, 99, pensions, by, 202611, pension(0), "mine")),
                (Err(RoleMissing), p.matching(lin, 2, pensions, Source::Subsidy, 202611, pension(0), "mine")),
            ]
        });
        let by_employer = self.world.employer.tells(LATER, |p| {
            let by = Source::Employer;
            vec![
                (Err(TargetMissing), p.matching(lin, 99, pensions, by, 202611, pension(0), "more")),
                (Err(RoleExpired), p.matching(lin, 2, pensions, by, 202611, pension(0), "more")),
            ]
        });
        let by_platform = self.world.platform.tells(LATER, |p| {
            let by = Source::Platform;
            let more = Amount { credited: 6, ..pension(5) };
            vec![
                (Err(NotYours), p.matching(lin, 2, pensions, Source::Self_, 202609, pension(5), "more")),
                (Err(TargetMissing), p.matching(lin, 1, pensions, by, 202611, pension(0), "more")),
                (Err(TargetMissing), p.matching(lin, 6, pensions, by, 202609, pension(5), "more")),
                (Err(TargetMissing), p.matching(lin, 9, pensions, by, 202609, pension(5), "more")),
                (
                    Err(RoleMissing),
                    p.matching(lin, 2, pensions, Source::Employer, 202609, pension(5), "more"),
                ),
                (Err(RoleNotCovering), p.matching(lin, 2, medical, by, 202611, pension(0), "more")),
                (Err(MonthInFuture), p.matching(lin, 2, pensions, by, 202611, pension(0), "more")),
                (Err(AmountRange), p.matching(lin, 3, wrong_fund, by, 202608, pension(0), "more")),
                (Err(AmountRange), p.matching(lin, 2, pensions, by, 202609, more, "more")),
                (Err(FundUnfit), p.matching(lin, 3, wrong_fund, by, 202608, pension(5), "more")),
                (Err(TargetVoid), p.matching(lin, 3, pensions, by, 202609, pension(5), "more")),
                (Err(MonthDiffers), p.matching(lin, 2, pensions, by, 202608, pension(5), "paid")),
                (
                    Err(ReferenceTaken),
                    p.matching(lin, 2, pensions, by, 202609, all_credited(6, "IDR"), "paid"),
                ),
                (
                    Err(TotalOverflow),
                    p.matching(lin, 2, pensions, by, 202609, all_credited(6, "IDR"), "more"),
                ),
                (Err(MatchDiffers), p.matching(lin, 2, injury, by, 202609, all_credited(6, "IDR"), "more")),
                // A matching may be in another currency than what it matches.
                (Ok(22), p.matching(lin, 2, pensions, by, 202609, all_credited(5, "IDR"), "more")),
                (Err(CurrencyDiffers), p.correct(0, lin, 22, 202609, Some(pension(5)))),
                (Err(TotalOverflow), p.correct(0, lin, 22, 202609, Some(all_credited(6, "IDR")))),
            ]
        });
        self.hear(LATER, vec![by_lin, by_employer, by_platform]);
    }

    fn refused_corrections(&mut self) {
        let (lin, ..) = self.parts();
        let by_fund = self.world.fund.tells(LATER, |p| {
            vec![
                (Err(TargetMissing), p.settle(0, lin, 1, 202609, pension(3_250))),
                (Err(TargetMissing), p.settle(0, lin, 6, 202609, pension(900))),
                (Err(TargetMissing), p.correct(0, lin, 13, 202609, None)),
                (Err(TargetMissing), p.correct(0, lin, 14, 202609, None)),
                (Err(TargetMissing), p.correct(0, lin, 15, 202609, None)),
                // The award is for this fund, and by the bureau.
                (Err(NotIssuer), p.correct(0, lin, 6, 202608, None)),
            ]
        });
        let by_platform = self.world.platform.tells(LATER, |p| {
            vec![
                (Err(TargetMissing), p.correct(0, lin, 19, 202609, None)),
                (Err(AmountRange), p.correct(0, lin, 1, 202608, Some(pension(0)))),
                (Err(MonthDiffers), p.correct(0, lin, 1, 202608, Some(pension(5)))),
                (Err(OnlyVoid), p.correct(0, lin, 1, 202609, Some(pension(3_250)))),
            ]
        });
        let by_bureau = self.bureau.tells(LATER, |p| {
            vec![
                (Err(TargetVoid), p.correct(0, lin, 7, 202608, Some(pension(5)))),
                (Err(MonthDiffers), p.correct(0, lin, 6, 202610, Some(pension(5)))),
                (Err(OnlyVoid), p.correct(0, lin, 6, 202609, Some(pension(900)))),
                (Ok(23), p.correct(0, lin, 6, 202609, None)),
            ]
        });
        self.hear(LATER, vec![by_fund, by_platform, by_bureau]);
    }
}
