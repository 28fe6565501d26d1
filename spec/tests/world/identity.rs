//! Identities, links, and what was wrong about them.

use peal_spec::address::Address;
use peal_spec::refusal::Code::*;

use super::DAY;
use super::rights::Righted;
use crate::cast::*;

impl Righted {
    /// Lin is who she is; Wang is taken for her, and cannot be; two accounts are one person's; what was wrong is withdrawn.
    pub fn identified() -> Self {
        let mut r = Self::begun();
        let (lin, wang, union) = (r.w.world.lin.at(), r.w.world.wang.at(), r.union.at());
        let platform = r.w.world.platform.at();
        let other = r.court.bind(lin, "lin");
        let by_bureau = r.w.bureau.tells(300, |p| {
            vec![
                (Err(UnknownAccount), p.bind(namesake(lin), "lin")),
                (Err(IssuerNotNamed), other),
                (Ok(1), p.bind(lin, "lin")),
                // Not even for the same account again.
                (Err(IdentityTaken), p.bind(lin, "lin")),
            ]
        });
        let by_court = r
            .court
            .tells(300, |p| vec![(Err(IdentityTaken), p.bind(wang, "lin")), (Ok(1), p.bind(wang, "wang"))]);
        let by_lapsed = r.lapsed.tells(300, |p| vec![(Ok(2), p.bind(platform, "zhao"))]);
        let by_platform = r.w.world.platform.tells(300, |p| {
            vec![(Err(RoleMissing), p.bind(wang, "lin")), (Err(RoleMissing), p.bind(platform, "platform"))]
        });
        r.w.hear(300, vec![by_bureau, by_court, by_lapsed, by_platform]);
        r.links(lin, wang, union);
        r.withdraws(lin, union);
        let by_court = r.court.tells(480, |p| vec![(Ok(2), p.bind(wang, "lin"))]);
        let all_or_nothing = r.court.tells_all(480, |p| {
            vec![(Err(NotRecorded), p.bind(lin, "mei")), (Err(IdentityTaken), p.bind(union, "wang"))]
        });
        let by_bureau = r.w.bureau.tells(480, |p| {
            vec![
                (Err(IdentityTaken), p.bind(lin, "lin")),
                (Ok(7), p.bind(lin, "mei")),
                (Ok(8), p.withdraw(lin, 7)),
                (Ok(2), p.bind(union, "mei")),
                (Err(IdentityTaken), p.bind(lin, "mei")),
            ]
        });
        r.w.hear(480, vec![by_court, all_or_nothing, by_bureau]);
        let by_lapsed = r.lapsed.tells(DAY + 300, |p| {
            vec![
                (Err(RoleExpired), p.bind(wang, "lin")),
                (Err(RoleExpired), p.withdraw(lin, 7)),
                (Err(RoleExpired), p.link(lin, lin)),
                // Who said something withdraws it, whatever became of the role.
                (Ok(3), p.withdraw(platform, 2)),
                (Err(TargetVoid), p.withdraw(platform, 2)),
            ]
        });
        let by_bureau = r.w.bureau.tells(DAY + 300, |p| vec![(Ok(9), p.bind(lin, "zhao"))]);
        r.w.hear(DAY + 300, vec![by_lapsed, by_bureau]);
        r
    }

    fn links(&mut self, lin: Address, wang: Address, union: Address) {
        let nobody = Address { number: 1_000, ..lin };
        let by_lin = self.w.world.lin.tells(360, |p| {
            vec![
                (Ok(2), p.link(lin, union)),
                (Err(LinkUnfit), p.link(lin, lin)),
                (Err(LinkUnfit), p.link(lin, namesake(lin))),
                (Err(LinkUnfit), p.link(lin, namesake(union))),
                (Err(LinkUnfit), p.link(lin, nobody)),
                (Err(RoleMissing), p.link(union, lin)),
                (Err(RoleMissing), p.link(union, union)),
            ]
        });
        let by_union = self.union.tells(360, |p| vec![(Ok(1), p.link(union, lin))]);
        let by_court = self.court.tells(360, |p| {
            vec![(Ok(3), p.link(lin, wang)), (Err(UnknownAccount), p.link(namesake(lin), wang))]
        });
        self.w.hear(360, vec![by_lin, by_union, by_court]);
    }

    fn withdraws(&mut self, lin: Address, union: Address) {
        let by_lin = self.w.world.lin.tells(420, |p| {
            vec![
                (Err(TargetMissing), p.withdraw(lin, 99)),
                (Err(TargetMissing), p.withdraw(lin, 0)),
                (Err(UnknownAccount), p.withdraw(namesake(lin), 2)),
                // What a bureau said is not hers to take back.
                (Err(RoleMissing), p.withdraw(lin, 1)),
                (Err(RoleMissing), p.withdraw(lin, 3)),
                (Err(RoleMissing), p.withdraw(union, 1)),
                (Ok(4), p.withdraw(lin, 2)),
                (Err(TargetVoid), p.withdraw(lin, 2)),
            ]
        });
        let by_bureau = self.w.bureau.tells(420, |p| {
            vec![
                (Ok(5), p.withdraw(lin, 3)),
                (Err(TargetVoid), p.withdraw(lin, 3)),
                (Ok(6), p.withdraw(lin, 1)),
                (Err(TargetMissing), p.withdraw(lin, 4)),
                (Err(TargetVoid), p.withdraw(lin, 1)),
            ]
        });
        self.w.hear(420, vec![by_lin, by_bureau]);
    }
}
