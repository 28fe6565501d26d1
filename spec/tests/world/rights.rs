//! Consents and claims: somebody helps a person to look after what is hers.

use peal_spec::address::Address;
use peal_spec::refusal::Code::*;
use peal_spec::rights::Part::{self, Amount as HowMuch, Who};
use peal_spec::rights::Right::{self, Claim, Pay, Read};
use peal_spec::role::Role;
use peal_spec::statement::Source;
use peal_spec::value::Insurance;

use super::DAY;
use super::work::Worked;
use crate::cast::*;

/// All that a consent can be for.
pub const ALL: &[Right] = &[Read, Claim, Pay];
/// Longer than the stories last.
pub const LONG: u64 = 100 * DAY;

/// Lin has a union that helps her.
pub struct Righted {
    /// Those with whom she works.
    pub w: Worked,
    /// Looks, claims and pays for her, as far as she lets it.
    pub union: Person,
    /// A bureau for all insurances.
    pub court: Person,
    /// A bureau, and on its second day none any more.
    pub lapsed: Person,
}

impl Righted {
    /// Everyone has an account and a role.
    pub(super) fn begun() -> Self {
        let mut w = Worked::begun();
        let mut people = ["union", "court", "lapsed bureau"].map(Person::new);
        let openings: Vec<_> = people.iter_mut().map(|p| p.open(250)).collect();
        w.world.commit(250, &openings);
        let opened = w.world.book.accounts.len() - people.len();
        for (person, account) in people.iter_mut().zip(&w.world.book.accounts[opened..]) {
            person.address = Some(account.address);
        }
        let [union, court, lapsed] = people;
        let grants = w.world.registrar.tells(260, |r| {
            vec![
                (Ok(1), r.grant(0, court.at(), Role::Bureau, &[], None)),
                (Ok(1), r.grant(0, lapsed.at(), Role::Bureau, &[], Some(time(DAY)))),
            ]
        });
        w.hear(260, vec![grants]);
        Self { w, union, court, lapsed }
    }

    /// Who works, the fund of her pension, and who pays for her.
    pub(super) fn parts(&self) -> (Address, For, Address) {
        let (lin, pensions, _) = self.w.parts();
        (lin, pensions, self.w.world.platform.at())
    }

    /// The whole story, with what is refused on the way.
    pub fn told() -> Self {
        let mut r = Self::begun();
        r.lets_others();
        r.is_looked_at();
        r.is_paid_for();
        r.claims();
        r.is_heard();
        r.has_it_mended();
        r.waits();
        r.claims_again();
        r.lets_others_no_more();
        r
    }

    fn lets_others(&mut self) {
        let (lin, pensions, platform) = self.parts();
        let (union, second) = (self.union.at(), self.w.second.at());
        let autumn = scope(&[1], months(202608, 202610), Part::ALL);
        let by_platform = self.w.world.platform.tells(300, |p| {
            vec![
                (Ok(1), p.pay(lin, pensions, Source::Platform, 202609, pension(10_000), "order 1")),
                (Ok(2), p.engage(lin, 202609, from_to(-7_200, -3_600), 3_250, "order 1")),
            ]
        });
        let by_lin = self.w.world.lin.tells(300, |p| {
            let two = scope(&[1, 3], None, &[Who, HowMuch]);
            vec![
                (Ok(3), p.consent(lin, consent(union, ALL, autumn, LONG, false))),
                (Ok(4), p.consent(lin, consent(second, &[Read], two, LONG, true))),
                (Ok(5), p.consent(lin, consent(platform, &[Pay], scope(&[], None, &[]), LONG, true))),
                (Err(GrantIdle), p.consent(lin, consent(lin, ALL, everything(), LONG, false))),
            ]
        });
        self.w.hear(300, vec![by_platform, by_lin]);
    }

    fn is_looked_at(&mut self) {
        let (lin, pensions, _) = self.parts();
        let injury = (Insurance::WORK_INJURY, self.w.second.at());
        let by_union = self.union.tells(360, |p| {
            let september = scope(&[1], months(202609, 202609), &[Who, Part::What, HowMuch]);
            let autumn = scope(&[1], months(202608, 202610), Part::ALL);
            vec![
                (Ok(6), p.look(lin, 3, september)),
                (Ok(7), p.look(lin, 3, autumn)),
                (Err(BeyondGrant), p.look(lin, 3, everything())),
                (Ok(8), p.pay_for(lin, 3, pensions, Source::Self_, 202609, pension(3_000), "dues 9")),
            ]
        });
        let by_second = self.w.second.tells(360, |p| {
            vec![
                (Ok(9), p.look(lin, 4, scope(&[1], None, &[Who]))),
                (Err(GrantOver), p.look(lin, 4, scope(&[1], None, &[Who]))),
            ]
        });
        let by_bureau = self.w.bureau.tells(360, |p| vec![(Ok(10), p.look_unasked(lin, everything()))]);
        let by_platform = self.w.world.platform.tells(360, |p| {
            let by = Source::Self_;
            vec![
                // What is paid for her shares its references with what is paid beside.
                (Err(ReferenceTaken), p.pay_for(lin, 5, injury, by, 202610, pension(500), "order 1")),
                (Ok(11), p.pay_for(lin, 5, injury, by, 202610, pension(500), "for lin")),
                (Err(GrantOver), p.pay_for(lin, 5, injury, by, 202610, pension(500), "for lin again")),
                (
                    Err(ReferenceTaken),
                    p.pay(lin, pensions, Source::Platform, 202609, pension(500), "for lin"),
                ),
            ]
        });
        self.w.hear(360, vec![by_union, by_second, by_bureau, by_platform]);
    }

    /// What was paid for her is corrected, voided, matched, settled, and goes back.
    fn is_paid_for(&mut self) {
        let (lin, pensions, _) = self.parts();
        let by_union = self.union.tells(420, |p| {
            let by = Source::Self_;
            vec![
                (Ok(12), p.correct(0, lin, 8, 202609, Some(pension(3_500)))),
                (Ok(13), p.pay_for(lin, 3, pensions, by, 202608, pension(2_000), "dues 8")),
                (Ok(14), p.correct(0, lin, 13, 202608, None)),
                (Err(ReferenceTaken), p.pay_for(lin, 3, pensions, by, 202608, pension(2_000), "dues 8")),
            ]
        });
        let by_city = self.w.city.tells(420, |p| {
            let by = Source::Subsidy;
            vec![
                (Ok(15), p.matching(lin, 8, pensions, by, 202609, pension(700), "top-up")),
                (Err(TargetVoid), p.matching(lin, 13, pensions, by, 202608, pension(700), "top-up 8")),
            ]
        });
        let by_lin =
            self.w.world.lin.tells(420, |p| vec![(Err(NotIssuer), p.correct(0, lin, 8, 202609, None))]);
        self.w.hear(420, vec![by_union, by_city, by_lin]);
        let by_fund = self.w.world.fund.tells(480, |p| {
            vec![
                (Ok(16), p.settle(0, lin, 8, 202609, pension(3_500))),
                (Ok(17), p.refund(lin, 8, 202609, returned(500, 200), "back")),
                (Err(TargetVoid), p.settle(0, lin, 13, 202608, pension(2_000))),
            ]
        });
        let by_second = self.w.second.tells(480, |p| {
            vec![
                (Ok(18), p.settle(0, lin, 11, 202610, pension(500))),
                (Err(NotFund), p.settle(0, lin, 15, 202609, pension(700))),
            ]
        });
        let by_union = self.union.tells(480, |p| {
            vec![
                (Ok(19), p.receive(lin, 8, 202609, money(500), "bank")),
                (Err(Settled), p.correct(0, lin, 8, 202609, None)),
            ]
        });
        self.w.hear(480, vec![by_fund, by_second, by_union]);
    }

    fn claims(&mut self) {
        let (lin, (_, fund), platform) = self.parts();
        let (bureau, court) = (self.w.bureau.at(), self.court.at());
        let (second, employer) = (self.w.second.at(), self.w.world.employer.at());
        let by_lin = self.w.world.lin.tells(540, |p| {
            let august = months(202608, 202608);
            let mut claim =
                |kind, whom, of, when, records: &[u64]| p.claim(lin, claiming(kind, whom, of, when, records));
            vec![
                (Ok(20), claim(ClaimKind::Missing, (platform, bureau), Some(1), august, &[1, 2])),
                (Ok(21), claim(ClaimKind::Injury, (platform, court), Some(4), None, &[2])),
                (Ok(22), claim(ClaimKind::Access, (second, court), None, None, &[9])),
                (Ok(23), claim(ClaimKind::Transfer, (fund, bureau), Some(1), None, &[])),
            ]
        });
        let by_union = self.union.tells(540, |p| {
            let september = months(202609, 202609);
            let mut claim = |of| {
                let claim = claiming(ClaimKind::Amount, (employer, bureau), of, september, &[1]);
                p.claim_for(lin, 3, claim)
            };
            vec![(Ok(24), claim(Some(1))), (Err(BeyondGrant), claim(None))]
        });
        self.w.hear(540, vec![by_lin, by_union]);
    }

    fn is_heard(&mut self) {
        let (lin, ..) = self.parts();
        let by_platform = self.w.world.platform.tells(600, |p| {
            vec![(Ok(25), p.answer(lin, 20, true, &[1])), (Err(ClaimOver), p.answer(lin, 20, false, &[]))]
        });
        let by_employer = self.w.world.employer.tells(600, |p| vec![(Ok(26), p.answer(lin, 24, false, &[]))]);
        let by_fund = self.w.world.fund.tells(600, |p| vec![(Ok(27), p.answer(lin, 23, true, &[]))]);
        let too_early = self.court.tells(600, |p| vec![(Err(NotHeard), p.rule(lin, 21, rejected()))]);
        let by_bureau = self.w.bureau.tells(600, |p| {
            vec![
                (Ok(28), p.rule(lin, 24, in_part(20 * DAY))),
                (Err(ClaimOver), p.rule(lin, 24, rejected())),
                (Err(RemedyMissing), p.close(lin, 24)),
                // Accepted, and rejected all the same.
                (Ok(29), p.rule(lin, 23, rejected())),
            ]
        });
        let in_vain = self.w.world.fund.tells(600, |p| vec![(Err(ClaimOver), p.remedy(lin, 23, &[27]))]);
        // She closes what nobody has answered.
        let by_lin = self.w.world.lin.tells(600, |p| vec![(Ok(30), p.close(lin, 22))]);
        let too_late = self.court.tells(600, |p| vec![(Err(ClaimOver), p.rule(lin, 22, rejected()))]);
        let by_second = self.w.second.tells(600, |p| vec![(Err(ClaimOver), p.answer(lin, 22, true, &[]))]);
        self.w.hear(
            600,
            vec![
                by_platform,
                by_employer,
                by_fund,
                too_early,
                by_bureau,
                in_vain,
                by_lin,
                too_late,
                by_second,
            ],
        );
    }

    fn has_it_mended(&mut self) {
        let (lin, pensions, _) = self.parts();
        let by_platform = self.w.world.platform.tells(660, |p| {
            vec![
                (Ok(31), p.pay(lin, pensions, Source::Platform, 202608, pension(9_000), "2026-08")),
                (Ok(32), p.remedy(lin, 20, &[31])),
            ]
        });
        // The bureau still rules on what was accepted and mended; then that has to be carried out.
        let by_bureau = self.w.bureau.tells(660, |p| {
            vec![(Ok(33), p.rule(lin, 20, upheld(20 * DAY))), (Err(RemedyMissing), p.close(lin, 20))]
        });
        let again = self.w.world.platform.tells(660, |p| vec![(Ok(34), p.remedy(lin, 20, &[31, 32]))]);
        let closes = self.w.bureau.tells(660, |p| vec![(Ok(35), p.close(lin, 20))]);
        let by_employer = self.w.world.employer.tells(660, |p| {
            vec![
                (Ok(36), p.pay(lin, pensions, Source::Employer, 202609, pension(1_000), "rest")),
                (Ok(37), p.remedy(lin, 24, &[36])),
            ]
        });
        let closes_too = self.w.bureau.tells(660, |p| vec![(Ok(38), p.close(lin, 24))]);
        let by_lin = self.w.world.lin.tells(660, |p| vec![(Err(ClaimOver), p.close(lin, 20))]);
        let too_late = self.w.world.platform.tells(660, |p| vec![(Err(ClaimOver), p.remedy(lin, 20, &[31]))]);
        self.w.hear(
            660,
            vec![by_platform, by_bureau, again, closes, by_employer, closes_too, by_lin, too_late],
        );
    }

    /// Who does not answer within 15 days is not waited for.
    fn waits(&mut self) {
        let (lin, ..) = self.parts();
        let ends = 540 + 15 * DAY;
        let a_second_less =
            self.court.tells(ends - 1, |p| vec![(Err(NotHeard), p.rule(lin, 21, rejected()))]);
        self.w.hear(ends - 1, vec![a_second_less]);
        let by_court = self.court.tells(ends, |p| vec![(Ok(39), p.rule(lin, 21, rejected()))]);
        let too_late =
            self.w.world.platform.tells(ends, |p| vec![(Err(ClaimOver), p.answer(lin, 21, false, &[]))]);
        let by_lin = self.w.world.lin.tells(ends, |p| vec![(Ok(40), p.close(lin, 23))]);
        self.w.hear(ends, vec![by_court, too_late, by_lin]);
    }

    /// Of each way in which a claim can stand, one.
    fn claims_again(&mut self) {
        let (lin, _, platform) = self.parts();
        let (then, court) = (16 * DAY, self.court.at());
        let by_lin = self.w.world.lin.tells(then, |p| {
            (41..46).map(|sequence| (Ok(sequence), p.claim(lin, bare(platform, court)))).collect()
        });
        let by_platform = self.w.world.platform.tells(then, |p| {
            vec![
                (Ok(46), p.answer(lin, 42, false, &[])),
                (Ok(47), p.answer(lin, 43, false, &[])),
                (Ok(48), p.answer(lin, 44, true, &[])),
                (Ok(49), p.answer(lin, 45, true, &[1, 2])),
            ]
        });
        let by_court = self.court.tells(then, |p| {
            vec![(Ok(50), p.rule(lin, 43, upheld(30 * DAY))), (Ok(51), p.rule(lin, 44, in_part(then)))]
        });
        let mends = self.w.world.platform.tells(then, |p| vec![(Ok(52), p.remedy(lin, 45, &[49]))]);
        let by_union = self.union.tells(then, |p| {
            let claim = claiming(ClaimKind::Missing, (platform, court), Some(1), months(202608, 202610), &[]);
            vec![(Ok(53), p.claim_for(lin, 3, claim))]
        });
        // Bureaus look at their own accounts, and file claims, as others do.
        let own = self.w.bureau.tells(then, |p| {
            let own = p.at();
            vec![(Ok(2), p.look_unasked(own, everything())), (Ok(3), p.claim(own, bare(platform, court)))]
        });
        self.w.hear(then, vec![by_lin, by_platform, by_court, mends, by_union, own]);
    }

    fn lets_others_no_more(&mut self) {
        let (lin, _, platform) = self.parts();
        let (union, city, court) = (self.union.at(), self.w.city.at(), self.court.at());
        let (then, over) = (17 * DAY, 18 * DAY);
        let by_lin = self.w.world.lin.tells(then, |p| {
            vec![
                (Ok(54), p.take_back(lin, 3)),
                (Err(GrantOver), p.take_back(lin, 3)),
                (Err(GrantOver), p.take_back(lin, 4)),
                (Ok(55), p.consent(lin, consent(union, &[Claim], scope(&[], None, &[]), over, true))),
                (Ok(56), p.consent(lin, consent(city, &[Read], everything(), over, false))),
            ]
        });
        let too_late = self.union.tells(then, |p| {
            vec![(Err(GrantOver), p.look(lin, 3, scope(&[1], months(202609, 202609), &[])))]
        });
        // What is not recorded has not used it up.
        let twice = self.union.tells_all(then, |p| {
            vec![
                (Err(NotRecorded), p.claim_for(lin, 55, bare(platform, court))),
                (Err(GrantOver), p.claim_for(lin, 55, bare(platform, court))),
            ]
        });
        let once = self.union.tells(then, |p| {
            vec![
                (Err(OwnCause), p.claim_for(lin, 55, bare(union, court))),
                (Ok(57), p.claim_for(lin, 55, bare(platform, court))),
                (Err(GrantOver), p.claim_for(lin, 55, bare(platform, court))),
            ]
        });
        self.w.hear(then, vec![by_lin, too_late, twice, once]);
        let in_time = self.w.city.tells(over - 1, |p| vec![(Ok(58), p.look(lin, 56, everything()))]);
        self.w.hear(over - 1, vec![in_time]);
        let too_late = self.w.city.tells(over, |p| vec![(Err(GrantOver), p.look(lin, 56, everything()))]);
        // What has ended may still be taken back.
        let by_lin = self.w.world.lin.tells(over, |p| vec![(Ok(59), p.take_back(lin, 56))]);
        self.w.hear(over, vec![too_late, by_lin]);
    }

    /// A short life, from which a ledger that cheats goes on: a contribution (1), a consent (2), a claim (3) that is answered (6) and
    /// upheld (7), one that the union files (4), and what it pays (5).
    pub fn briefly() -> Self {
        let mut r = Self::begun();
        let (lin, pensions, platform) = r.parts();
        let (union, bureau, court, employer) =
            (r.union.at(), r.w.bureau.at(), r.court.at(), r.w.world.employer.at());
        let by_platform = r.w.world.platform.tells(300, |p| {
            vec![(Ok(1), p.pay(lin, pensions, Source::Platform, 202609, pension(10_000), "order 1"))]
        });
        let by_lin = r.w.world.lin.tells(300, |p| {
            vec![
                (Ok(2), p.consent(lin, consent(union, ALL, everything(), LONG, false))),
                (Ok(3), p.claim(lin, bare(platform, bureau))),
            ]
        });
        let by_union = r.union.tells(300, |p| {
            vec![
                (Ok(4), p.claim_for(lin, 2, bare(employer, court))),
                (Ok(5), p.pay_for(lin, 2, pensions, Source::Self_, 202609, pension(3_000), "dues")),
            ]
        });
        let answers = r.w.world.platform.tells(300, |p| vec![(Ok(6), p.answer(lin, 3, false, &[1]))]);
        let by_bureau = r.w.bureau.tells(300, |p| vec![(Ok(7), p.rule(lin, 3, upheld(20 * DAY)))]);
        r.w.hear(300, vec![by_platform, by_lin, by_union, answers, by_bureau]);
        r
    }

    /// An account that has 256 cells: what is paid in somebody's name needs room as any contribution does.
    pub fn full() -> Worked {
        let mut w = Worked::full();
        let (lin, _, _) = w.parts();
        let (platform, second) = (w.world.platform.at(), w.second.at());
        let of = |code: u64| (insurance(code), second);
        let narrow = scope(&[1], None, &[]);
        let by_lin = w
            .world
            .lin
            .tells(420, |p| vec![(Ok(136), p.consent(lin, consent(platform, &[Pay], narrow, LONG, true)))]);
        let by_city = w.city.tells(420, |p| {
            let by = Source::Self_;
            vec![
                (Err(StateFull), p.pay_for(lin, 136, of(999), by, 202609, pension(5), "1")),
                (Err(NotGrantee), p.pay_for(lin, 136, of(1), by, 202609, pension(5), "1")),
            ]
        });
        let by_platform = w.world.platform.tells(420, |p| {
            let by = Source::Self_;
            vec![
                (Err(StateFull), p.pay_for(lin, 136, of(1), by, 202609, all_credited(5, "USD"), "1")),
                (Err(BeyondGrant), p.pay_for(lin, 136, of(101), by, 202609, pension(5), "1")),
                (Ok(137), p.pay_for(lin, 136, of(1), by, 202609, pension(5), "1")),
            ]
        });
        w.hear(420, vec![by_lin, by_city, by_platform]);
        w
    }
}
