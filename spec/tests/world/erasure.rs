//! What is erased, and what is not.

use peal_spec::copy::Copy;
use peal_spec::refusal::Code::*;
use peal_spec::statement::{Source, Type};

use super::DAY;
use super::rights::Righted;
use crate::cast::*;

impl Righted {
    /// Two orders of work and a claim are erased; nothing refers to them any more, and what they used up stays used up.
    pub fn erased() -> Self {
        let mut r = Self::begun();
        let (lin, pensions, platform) = r.parts();
        let bureau = r.w.bureau.at();
        let by_platform = r.w.world.platform.tells(300, |p| {
            vec![
                (Ok(1), p.pay(lin, pensions, Source::Platform, 202609, pension(10_000), "order 1")),
                (Ok(2), p.engage(lin, 202609, from_to(-7_200, -3_600), 3_250, "order 1")),
                (Ok(3), p.engage(lin, 202609, from_to(-3_600, -1_800), 900, "order 2")),
            ]
        });
        let by_lin = r.w.world.lin.tells(300, |p| {
            vec![(Ok(4), p.claim(lin, bare(platform, bureau))), (Ok(5), p.claim(lin, bare(platform, bureau)))]
        });
        r.w.hear(300, vec![by_platform, by_lin]);
        let answers = r.w.world.platform.tells(360, |p| vec![(Ok(6), p.answer(lin, 4, false, &[1]))]);
        let rules = r.w.bureau.tells(360, |p| vec![(Ok(7), p.rule(lin, 4, rejected()))]);
        let by_platform =
            r.w.world.platform.tells(360, |p| {
                vec![(Err(RoleMissing), p.erase(lin, 2)), (Err(TargetMissing), p.erase(lin, 1))]
            });
        let other = r.court.erase(lin, 2);
        let by_lin = r.w.world.lin.tells(360, |p| {
            vec![
                (Err(UnknownAccount), p.erase(namesake(lin), 2)),
                (Err(IssuerNotNamed), other),
                (Err(TargetMissing), p.erase(lin, 0)),
                (Err(TargetMissing), p.erase(lin, 1)),
                (Err(TargetMissing), p.erase(lin, 6)),
                (Err(TargetMissing), p.erase(lin, 99)),
                (Err(NotClosed), p.erase(lin, 4)),
            ]
        });
        r.w.hear(360, vec![answers, rules, by_platform, by_lin]);
        let closes = r.w.bureau.tells(420, |p| vec![(Ok(8), p.close(lin, 4))]);
        let voids = r.w.world.platform.tells(420, |p| vec![(Ok(9), p.correct(0, lin, 3, 202609, None))]);
        r.w.hear(420, vec![closes, voids]);
        let by_lin = r.w.world.lin.tells(480, |p| {
            vec![
                (Ok(10), p.erase(lin, 2)),
                (Err(TargetVoid), p.erase(lin, 2)),
                (Ok(11), p.erase(lin, 4)),
                (Err(TargetVoid), p.erase(lin, 4)),
                (Err(NotClosed), p.erase(lin, 5)),
                (Err(TargetMissing), p.close(lin, 4)),
            ]
        });
        let by_court = r.court.tells(480, |p| vec![(Ok(12), p.erase(lin, 3))]);
        let by_platform = r.w.world.platform.tells(480, |p| {
            vec![
                (Err(TargetMissing), p.correct(0, lin, 2, 202609, None)),
                (Err(TargetMissing), p.answer(lin, 4, true, &[])),
                (Err(TargetMissing), p.remedy(lin, 4, &[9])),
                // A reference stays taken.
                (Err(ReferenceTaken), p.engage(lin, 202609, from_to(-7_200, -3_600), 3_250, "order 1")),
                (Ok(13), p.engage(lin, 202609, from_to(-7_200, -3_600), 3_250, "order 3")),
            ]
        });
        let by_bureau = r.w.bureau.tells(480, |p| vec![(Err(TargetMissing), p.rule(lin, 4, rejected()))]);
        r.w.hear(480, vec![by_lin, by_court, by_platform, by_bureau]);
        let by_lapsed = r.lapsed.tells(DAY + 300, |p| vec![(Err(RoleExpired), p.erase(lin, 13))]);
        r.w.hear(DAY + 300, vec![by_lapsed]);
        r
    }

    /// Her copy, once what is erased is deleted.
    pub fn bereft(&self) -> Copy {
        let mut copy = self.w.world.book.copy(self.w.world.lin.at().number, 0, None);
        let gone = [2, 3, 4, 6, 7, 8];
        for row in copy.rows.iter_mut().filter(|r| gone.contains(&r.record.sequence)) {
            assert!(row.record.kind.can_be_erased() && row.record.kind != Type::Erased);
            row.statement = None;
        }
        copy
    }
}
