//! What is refused of consents and claims, and in which order.

use peal_spec::refusal::Code::*;
use peal_spec::rights::Part::{self, Amount as HowMuch, Evidence, What, Who};
use peal_spec::rights::Right::{Claim, Pay, Read};
use peal_spec::rights::Scope;
use peal_spec::statement::{Amount, Source};
use peal_spec::value::{AMOUNT_MAX, Insurance};

use super::refused::LATER;
use super::rights::{ALL, LONG, Righted};
use crate::cast::*;

/// Within the first consent.
fn little() -> Scope {
    scope(&[1], months(202609, 202609), &[Who])
}

impl Righted {
    /// Of each type every refusal that applies to it, where one can a second fault beside it, of which the later code is not given.
    pub fn refused() -> Self {
        let mut r = Self::begun();
        let (lin, pensions, platform) = r.parts();
        let (union, bureau, lapsed) = (r.union.at(), r.w.bureau.at(), r.lapsed.at());
        let by_platform = r.w.world.platform.tells(300, |p| {
            let by = Source::Platform;
            vec![
                (Ok(1), p.pay(lin, pensions, by, 202609, pension(10_000), "paid")),
                (Ok(2), p.pay(lin, pensions, by, 202609, all_credited(AMOUNT_MAX - 5, "IDR"), "much")),
            ]
        });
        let by_lin = r.w.world.lin.tells(300, |p| {
            let mut lets = |whom, rights: &[_], scope, until, once| {
                p.consent(lin, consent(whom, rights, scope, until, once))
            };
            let two = scope(&[1, 3], months(202608, 202610), &[Who, HowMuch]);
            let mut all = vec![
                (Ok(3), lets(union, ALL, two, LONG, false)),
                (Ok(4), lets(union, &[Read], everything(), LONG, false)),
                (Ok(5), lets(union, &[Claim, Pay], everything(), LONG, false)),
                // To be taken back, to be used up, and to end.
                (Ok(6), lets(union, ALL, little(), LONG, false)),
                (Ok(7), lets(union, ALL, little(), LONG, true)),
                (Ok(8), lets(union, ALL, little(), LATER, false)),
                (Ok(9), lets(platform, ALL, everything(), LONG, false)),
                (Ok(10), lets(bureau, ALL, everything(), LONG, false)),
                (Ok(11), lets(namesake(union), ALL, everything(), LONG, false)),
            ];
            for sequence in 12..19 {
                all.push((Ok(sequence), p.claim(lin, bare(platform, bureau))));
            }
            all.push((Ok(19), p.claim(lin, bare(platform, lapsed))));
            all.push((Ok(20), p.claim(lin, bare(platform, bureau))));
            // That nobody has this address is not asked.
            all.push((Ok(21), p.claim(lin, bare(namesake(platform), bureau))));
            all
        });
        r.w.hear(300, vec![by_platform, by_lin]);
        let takes_back = r.w.world.lin.tells(360, |p| vec![(Ok(22), p.take_back(lin, 6))]);
        let uses_up = r.union.tells(360, |p| vec![(Ok(23), p.look(lin, 7, little()))]);
        let answers = r.w.world.platform.tells(360, |p| {
            let answers = [(13, true), (14, false), (15, false), (16, false), (17, true), (20, false)];
            let said = (24..).zip(answers);
            said.map(|(sequence, (of, accepts))| (Ok(sequence), p.answer(lin, of, accepts, &[]))).collect()
        });
        let rules = r.w.bureau.tells(360, |p| {
            vec![
                (Ok(30), p.rule(lin, 15, upheld(LONG))),
                (Ok(31), p.rule(lin, 16, rejected())),
                (Ok(32), p.rule(lin, 20, in_part(LONG))),
            ]
        });
        let mends = r.w.world.platform.tells(360, |p| vec![(Ok(33), p.remedy(lin, 17, &[28]))]);
        let closes = r.w.world.lin.tells(360, |p| vec![(Ok(34), p.close(lin, 18))]);
        r.w.hear(360, vec![takes_back, uses_up, answers, rules, mends, closes]);
        r.refused_consents();
        r.refused_accesses();
        r.refused_claims();
        r.refused_own_causes();
        r.refused_claims_for();
        r.refused_answers();
        r.refused_rulings();
        r.refused_closings();
        r.refused_remedies();
        r.refused_payments();
        r
    }

    fn size(&self) -> u64 {
        self.w.world.book.accounts[self.w.world.lin.at().number as usize].frontier.size()
    }

    fn refused_consents(&mut self) {
        let (lin, _, platform) = self.parts();
        let union = self.union.at();
        let idle = || consent(lin, ALL, everything(), LATER, false);
        let of_platform = self.w.world.platform.consent(lin, idle());
        let back_by_platform = self.w.world.platform.take_back(lin, 99);
        let by_platform = self.w.world.platform.tells(LATER, |p| {
            vec![
                (Err(NotYours), p.consent(lin, idle())),
                (Err(NotYours), p.consent(lin, consent(platform, ALL, everything(), LONG, false))),
                (Err(NotYours), p.take_back(lin, 99)),
                // Not even one's own consent.
                (Err(NotYours), p.take_back(lin, 9)),
            ]
        });
        let by_union = self.union.tells(LATER, |p| vec![(Err(NotYours), p.take_back(lin, 6))]);
        let by_lin = self.w.world.lin.tells(LATER, |p| {
            let mut until = |until| p.consent(lin, consent(union, ALL, everything(), until, true));
            let times =
                vec![(Err(GrantIdle), until(0)), (Err(GrantIdle), until(LATER)), (Ok(35), until(LATER + 1))];
            let mut rest = vec![
                (Err(UnknownAccount), p.consent(namesake(lin), idle())),
                (Err(IssuerNotNamed), of_platform),
                (Err(GrantIdle), p.consent(lin, idle())),
                (Err(GrantIdle), p.consent(lin, consent(lin, ALL, everything(), LONG, false))),
                (Err(NotYours), p.consent(platform, idle())),
                (Err(UnknownAccount), p.take_back(namesake(lin), 99)),
                (Err(IssuerNotNamed), back_by_platform),
                (Err(TargetMissing), p.take_back(lin, 99)),
                (Err(TargetMissing), p.take_back(lin, 0)),
                (Err(TargetMissing), p.take_back(lin, 1)),
                (Err(TargetMissing), p.take_back(lin, 12)),
                (Err(TargetMissing), p.take_back(lin, 22)),
                (Err(TargetMissing), p.take_back(lin, 23)),
                (Err(GrantOver), p.take_back(lin, 6)),
                (Err(GrantOver), p.take_back(lin, 7)),
            ];
            rest.extend(times);
            rest
        });
        self.w.hear(LATER, vec![by_platform, by_union, by_lin]);
    }

    fn refused_accesses(&mut self) {
        let (lin, ..) = self.parts();
        let of_union = self.union.look(lin, 99, everything());
        let unasked_of_union = self.union.look_unasked(lin, everything());
        let by_platform = self.w.world.platform.tells(LATER, |p| {
            vec![
                (Err(UnknownAccount), p.look(namesake(lin), 99, everything())),
                (Err(IssuerNotNamed), of_union),
                (Err(TargetMissing), p.look(lin, 1, everything())),
                (Err(NotGrantee), p.look(lin, 6, everything())),
                (Err(NotGrantee), p.look(lin, 3, little())),
                (Err(RoleMissing), p.look_unasked(lin, everything())),
            ]
        });
        let by_lin = self.w.world.lin.tells(LATER, |p| {
            vec![
                (Err(NotGrantee), p.look(lin, 3, little())),
                (Err(RoleMissing), p.look_unasked(lin, everything())),
            ]
        });
        let by_union = self.union.tells(LATER, |p| {
            let many = [
                (5, little()),
                (3, scope(&[4], months(202609, 202609), &[])),
                (3, scope(&[1, 4], months(202609, 202609), &[])),
                (3, scope(&[], months(202609, 202609), &[])),
                (3, scope(&[1], months(202607, 202609), &[])),
                (3, scope(&[1], months(202609, 202611), &[])),
                (3, scope(&[1], months(202611, 202611), &[])),
                (3, scope(&[1], None, &[])),
                (3, scope(&[1], months(202609, 202609), &[What])),
                (3, scope(&[1], months(202609, 202609), &[Who, Evidence])),
                (3, everything()),
            ];
            let mut all = vec![
                (Err(TargetMissing), p.look(lin, 99, everything())),
                (Err(TargetMissing), p.look(lin, 12, everything())),
                (Err(TargetMissing), p.look(lin, 22, everything())),
                (Err(NotGrantee), p.look(lin, 11, little())),
                (Err(NotGrantee), p.look(lin, 9, little())),
                (Err(GrantOver), p.look(lin, 6, everything())),
                (Err(GrantOver), p.look(lin, 6, little())),
                (Err(GrantOver), p.look(lin, 7, everything())),
                (Err(GrantOver), p.look(lin, 8, everything())),
                (Err(GrantOver), p.look(lin, 8, little())),
                (Err(RoleMissing), p.look_unasked(lin, little())),
            ];
            all.extend(many.map(|(refers, scope)| (Err(BeyondGrant), p.look(lin, refers, scope))));
            all.extend([
                (Ok(36), p.look(lin, 3, scope(&[1, 3], months(202608, 202610), &[Who, HowMuch]))),
                (Ok(37), p.look(lin, 3, scope(&[3], months(202610, 202610), &[]))),
                (Ok(38), p.look(lin, 4, everything())),
            ]);
            all
        });
        let by_lapsed = self
            .lapsed
            .tells(LATER, |p| vec![(Err(RoleExpired), p.look_unasked(lin, scope(&[], None, &[])))]);
        let by_bureau = self.w.bureau.tells(LATER, |p| {
            vec![
                (Err(UnknownAccount), p.look_unasked(namesake(lin), everything())),
                (Err(IssuerNotNamed), unasked_of_union),
                // Of what insurance it is a bureau is not asked.
                (Ok(39), p.look_unasked(lin, scope(&[4], None, Part::ALL))),
            ]
        });
        self.w.hear(LATER, vec![by_platform, by_lin, by_union, by_lapsed, by_bureau]);
    }

    fn refused_claims(&mut self) {
        let (lin, (_, fund), platform) = self.parts();
        let (bureau, court, lapsed, union) =
            (self.w.bureau.at(), self.court.at(), self.lapsed.at(), self.union.at());
        let next = self.size();
        let showing = |whom, of, records: &[u64]| claiming(ClaimKind::Amount, whom, of, None, records);
        let of_union = self.union.claim(lin, bare(platform, court));
        let by_platform = self.w.world.platform.tells(LATER, |p| {
            vec![
                (Err(NotYours), p.claim(lin, showing((platform, fund), None, &[999]))),
                (Err(NotYours), p.claim(lin, bare(platform, court))),
            ]
        });
        // Who may claim for her does that by claim-for.
        let by_union =
            self.union.tells(LATER, |p| vec![(Err(NotYours), p.claim(lin, bare(platform, court)))]);
        let by_lin = self.w.world.lin.tells(LATER, |p| {
            vec![
                (Err(UnknownAccount), p.claim(namesake(lin), bare(lin, fund))),
                (Err(IssuerNotNamed), of_union),
                (Err(TargetMissing), p.claim(lin, showing((lin, fund), None, &[0, next]))),
                (Err(TargetMissing), p.claim(lin, showing((platform, bureau), None, &[AMOUNT_MAX]))),
                (Err(BureauUnfit), p.claim(lin, bare(lin, fund))),
                (Err(BureauUnfit), p.claim(lin, bare(fund, fund))),
                (Err(BureauUnfit), p.claim(lin, bare(platform, lin))),
                (Err(BureauUnfit), p.claim(lin, bare(platform, union))),
                (Err(BureauUnfit), p.claim(lin, bare(platform, lapsed))),
                (Err(BureauUnfit), p.claim(lin, bare(platform, namesake(court)))),
                (Err(BureauUnfit), p.claim(lin, showing((platform, bureau), Some(4), &[]))),
                (Err(OwnCause), p.claim(lin, bare(lin, court))),
                (Err(OwnCause), p.claim(lin, bare(court, court))),
                (Ok(40), p.claim(lin, showing((platform, bureau), Some(3), &[0, next - 1]))),
                // The next one may name the one before.
                (Ok(41), p.claim(lin, showing((bureau, court), None, &[next]))),
            ]
        });
        self.w.hear(LATER, vec![by_platform, by_union, by_lin]);
    }

    /// In the account of a bureau, which may claim before others.
    fn refused_own_causes(&mut self) {
        let (_, _, platform) = self.parts();
        let (bureau, court, union) = (self.w.bureau.at(), self.court.at(), self.union.at());
        let by_bureau = self.w.bureau.tells(LATER, |p| {
            vec![
                (Err(OwnCause), p.claim(bureau, bare(platform, bureau))),
                (Err(OwnCause), p.claim(bureau, bare(bureau, court))),
                (Err(OwnCause), p.claim(bureau, bare(bureau, bureau))),
                (Ok(2), p.claim(bureau, bare(platform, court))),
                (Ok(3), p.consent(bureau, consent(union, ALL, everything(), LONG, false))),
                (Ok(4), p.consent(bureau, consent(court, ALL, everything(), LONG, false))),
            ]
        });
        let by_union = self.union.tells(LATER, |p| {
            vec![
                (Err(OwnCause), p.claim_for(bureau, 3, bare(platform, bureau))),
                (Err(OwnCause), p.claim_for(bureau, 3, bare(bureau, court))),
                (Err(OwnCause), p.claim_for(bureau, 3, bare(union, court))),
                (Err(OwnCause), p.claim_for(bureau, 3, bare(court, court))),
                (Ok(5), p.claim_for(bureau, 3, bare(platform, court))),
            ]
        });
        let by_court = self.court.tells(LATER, |p| {
            vec![
                (Err(OwnCause), p.claim_for(bureau, 4, bare(platform, court))),
                (Err(OwnCause), p.claim_for(bureau, 4, bare(court, bureau))),
                (Err(OwnCause), p.claim_for(bureau, 4, bare(platform, bureau))),
            ]
        });
        self.w.hear(LATER, vec![by_bureau, by_union, by_court]);
    }

    fn refused_claims_for(&mut self) {
        let (lin, (_, fund), platform) = self.parts();
        let (bureau, court, lapsed, union) =
            (self.w.bureau.at(), self.court.at(), self.lapsed.at(), self.union.at());
        let next = self.size();
        let september = months(202609, 202609);
        let of = |whom, of, months, records: &[u64]| claiming(ClaimKind::Amount, whom, of, months, records);
        let unfit = || of((platform, fund), None, None, &[]);
        let of_union = self.union.claim_for(lin, 3, unfit());
        let by_platform = self.w.world.platform.tells(LATER, |p| {
            vec![
                (Err(UnknownAccount), p.claim_for(namesake(lin), 99, unfit())),
                (Err(IssuerNotNamed), of_union),
                (Err(TargetMissing), p.claim_for(lin, 1, unfit())),
                (Err(TargetMissing), p.claim_for(lin, 12, bare(fund, court))),
                (Err(TargetMissing), p.claim_for(lin, 6, of((platform, fund), None, None, &[next]))),
                (Err(NotGrantee), p.claim_for(lin, 6, unfit())),
                (Err(NotGrantee), p.claim_for(lin, 3, bare(fund, court))),
                (Err(BureauUnfit), p.claim_for(lin, 9, unfit())),
                (Err(OwnCause), p.claim_for(lin, 9, bare(platform, court))),
                (Err(OwnCause), p.claim_for(lin, 9, bare(lin, court))),
                (Ok(42), p.claim_for(lin, 9, bare(fund, court))),
            ]
        });
        let by_lin = self.w.world.lin.tells(LATER, |p| vec![(Err(NotGrantee), p.claim_for(lin, 9, unfit()))]);
        let by_bureau = self.w.bureau.tells(LATER, |p| {
            vec![
                (Err(OwnCause), p.claim_for(lin, 10, bare(platform, bureau))),
                (Err(OwnCause), p.claim_for(lin, 10, bare(bureau, court))),
                (Ok(43), p.claim_for(lin, 10, bare(platform, court))),
            ]
        });
        let by_union = self.union.tells(LATER, |p| {
            let beyond = [
                (4, of((platform, court), Some(1), september, &[])),
                (3, of((platform, fund), Some(4), september, &[])),
                (3, of((platform, fund), None, september, &[])),
                (3, of((platform, fund), Some(1), None, &[])),
                (3, of((platform, fund), Some(1), months(202607, 202609), &[])),
                (3, of((platform, fund), Some(1), months(202610, 202611), &[])),
            ];
            let mut all = vec![
                (Err(TargetMissing), p.claim_for(lin, 99, unfit())),
                (Err(TargetMissing), p.claim_for(lin, 3, of((platform, fund), None, None, &[0, 999]))),
                (Err(NotGrantee), p.claim_for(lin, 11, unfit())),
                (Err(GrantOver), p.claim_for(lin, 6, unfit())),
                (Err(GrantOver), p.claim_for(lin, 7, unfit())),
                (Err(GrantOver), p.claim_for(lin, 8, of((platform, court), Some(1), september, &[]))),
            ];
            all.extend(beyond.map(|(refers, claim)| (Err(BeyondGrant), p.claim_for(lin, refers, claim))));
            all.extend([
                (Err(BureauUnfit), p.claim_for(lin, 5, bare(lin, lapsed))),
                (Err(BureauUnfit), p.claim_for(lin, 5, of((platform, bureau), Some(4), None, &[]))),
                (Err(BureauUnfit), p.claim_for(lin, 5, bare(platform, union))),
                (Err(BureauUnfit), p.claim_for(lin, 5, bare(platform, namesake(bureau)))),
                (Err(OwnCause), p.claim_for(lin, 5, bare(lin, court))),
                (Err(OwnCause), p.claim_for(lin, 5, bare(union, court))),
                (Err(OwnCause), p.claim_for(lin, 5, bare(court, court))),
                // Refused, it has not used up the consent.
                (Err(OwnCause), p.claim_for(lin, 35, bare(union, court))),
                (Ok(44), p.claim_for(lin, 35, bare(platform, court))),
                (Err(GrantOver), p.claim_for(lin, 35, bare(platform, court))),
                (Ok(45), p.claim_for(lin, 3, of((platform, court), Some(1), months(202608, 202610), &[44]))),
                (Ok(46), p.claim_for(lin, 3, of((platform, court), Some(3), months(202610, 202610), &[]))),
            ]);
            all
        });
        self.w.hear(LATER, vec![by_platform, by_lin, by_bureau, by_union]);
    }

    fn refused_answers(&mut self) {
        let (lin, ..) = self.parts();
        let next = self.size();
        let of_union = self.union.answer(lin, 12, true, &[]);
        let no_party = |p: &mut Person| {
            vec![
                (Err(NotParty), p.answer(lin, 18, false, &[])),
                (Err(NotParty), p.answer(lin, 12, true, &[])),
            ]
        };
        let by_union = self.union.tells(LATER, |p| {
            let mut all = no_party(p);
            all.push((Err(TargetMissing), p.answer(lin, 18, false, &[next])));
            all.push((Err(NotParty), p.answer(lin, 45, true, &[])));
            all
        });
        let by_lin = self.w.world.lin.tells(LATER, no_party);
        let by_bureau = self.w.bureau.tells(LATER, no_party);
        let by_platform = self.w.world.platform.tells(LATER, |p| {
            let mut all = vec![
                (Err(UnknownAccount), p.answer(namesake(lin), 99, true, &[])),
                (Err(IssuerNotNamed), of_union),
                (Err(TargetMissing), p.answer(lin, 99, true, &[])),
                (Err(TargetMissing), p.answer(lin, 1, true, &[])),
                (Err(TargetMissing), p.answer(lin, 3, true, &[])),
                (Err(TargetMissing), p.answer(lin, 24, true, &[])),
                (Err(TargetMissing), p.answer(lin, 18, true, &[0, next])),
                (Err(NotParty), p.answer(lin, 21, true, &[])),
            ];
            all.extend([13, 14, 15, 16, 17, 18, 20].map(|at| (Err(ClaimOver), p.answer(lin, at, true, &[]))));
            all.extend([
                (Ok(47), p.answer(lin, 12, false, &[0, next - 1])),
                (Err(ClaimOver), p.answer(lin, 12, false, &[])),
                // A claim for somebody is answered as any other.
                (Ok(48), p.answer(lin, 45, true, &[])),
            ]);
            all
        });
        self.w.hear(LATER, vec![by_union, by_lin, by_bureau, by_platform]);
    }

    fn refused_rulings(&mut self) {
        let (lin, ..) = self.parts();
        let of_union = self.union.rule(lin, 12, rejected());
        let by_platform = self.w.world.platform.tells(LATER, |p| {
            vec![
                (Err(TargetMissing), p.rule(lin, 3, rejected())),
                (Err(RoleMissing), p.rule(lin, 18, rejected())),
                (Err(RoleMissing), p.rule(lin, 14, rejected())),
            ]
        });
        let by_lin =
            self.w.world.lin.tells(LATER, |p| vec![(Err(RoleMissing), p.rule(lin, 14, upheld(LONG)))]);
        let by_lapsed = self.lapsed.tells(LATER, |p| {
            vec![
                (Err(RoleExpired), p.rule(lin, 18, rejected())),
                (Err(RoleExpired), p.rule(lin, 19, rejected())),
            ]
        });
        let by_court = self.court.tells(LATER, |p| {
            vec![
                (Err(NotParty), p.rule(lin, 18, rejected())),
                (Err(NotParty), p.rule(lin, 40, rejected())),
                (Err(NotParty), p.rule(lin, 14, rejected())),
                (Err(NotHeard), p.rule(lin, 46, rejected())),
            ]
        });
        let by_bureau = self.w.bureau.tells(LATER, |p| {
            vec![
                (Err(UnknownAccount), p.rule(namesake(lin), 99, rejected())),
                (Err(IssuerNotNamed), of_union),
                (Err(TargetMissing), p.rule(lin, 99, rejected())),
                (Err(TargetMissing), p.rule(lin, 1, rejected())),
                (Err(TargetMissing), p.rule(lin, 24, rejected())),
                (Err(TargetMissing), p.rule(lin, 30, rejected())),
                (Err(ClaimOver), p.rule(lin, 15, rejected())),
                (Err(ClaimOver), p.rule(lin, 16, upheld(LONG))),
                (Err(ClaimOver), p.rule(lin, 20, rejected())),
                // Closed before it was answered.
                (Err(ClaimOver), p.rule(lin, 18, rejected())),
                (Err(NotHeard), p.rule(lin, 40, rejected())),
                (Err(NotHeard), p.rule(lin, 21, rejected())),
                // The time until which the party is to act may be past.
                (Ok(49), p.rule(lin, 14, in_part(0))),
            ]
        });
        self.w.hear(LATER, vec![by_platform, by_lin, by_lapsed, by_court, by_bureau]);
    }

    fn refused_closings(&mut self) {
        let (lin, ..) = self.parts();
        let of_union = self.union.close(lin, 16);
        let by_platform = self.w.world.platform.tells(LATER, |p| {
            vec![
                (Err(TargetMissing), p.close(lin, 3)),
                (Err(NotParty), p.close(lin, 18)),
                (Err(NotParty), p.close(lin, 16)),
                (Err(NotParty), p.close(lin, 17)),
            ]
        });
        // Who has filed it for her does not close it.
        let by_union = self.union.tells(LATER, |p| vec![(Err(NotParty), p.close(lin, 45))]);
        let by_court = self.court.tells(LATER, |p| {
            vec![(Err(NotParty), p.close(lin, 16)), (Err(RemedyMissing), p.close(lin, 45))]
        });
        let by_lapsed = self.lapsed.tells(LATER, |p| vec![(Err(RemedyMissing), p.close(lin, 19))]);
        let by_bureau = self.w.bureau.tells(LATER, |p| {
            let mut all = vec![
                (Err(UnknownAccount), p.close(namesake(lin), 99)),
                (Err(IssuerNotNamed), of_union),
                (Err(TargetMissing), p.close(lin, 99)),
                (Err(TargetMissing), p.close(lin, 1)),
                (Err(TargetMissing), p.close(lin, 34)),
                (Err(ClaimOver), p.close(lin, 18)),
            ];
            all.extend([12, 13, 14, 15, 20, 40].map(|at| (Err(RemedyMissing), p.close(lin, at))));
            all.push((Ok(50), p.close(lin, 16)));
            all.push((Err(ClaimOver), p.close(lin, 16)));
            all
        });
        let by_lin = self.w.world.lin.tells(LATER, |p| {
            vec![
                (Err(TargetMissing), p.close(lin, 99)),
                (Err(ClaimOver), p.close(lin, 16)),
                (Ok(51), p.close(lin, 12)),
            ]
        });
        self.w.hear(LATER, vec![by_platform, by_union, by_court, by_lapsed, by_bureau, by_lin]);
    }

    fn refused_remedies(&mut self) {
        let (lin, ..) = self.parts();
        let next = self.size();
        let of_union = self.union.remedy(lin, 13, &[33]);
        let others = |p: &mut Person| {
            vec![
                (Err(TargetMissing), p.remedy(lin, 18, &[33, next])),
                (Err(NotParty), p.remedy(lin, 18, &[33])),
                (Err(NotParty), p.remedy(lin, 13, &[33])),
            ]
        };
        let by_union = self.union.tells(LATER, others);
        let by_lin = self.w.world.lin.tells(LATER, others);
        let by_bureau = self.w.bureau.tells(LATER, others);
        let by_platform = self.w.world.platform.tells(LATER, |p| {
            let mut all = vec![
                (Err(UnknownAccount), p.remedy(namesake(lin), 99, &[33])),
                (Err(IssuerNotNamed), of_union),
                (Err(TargetMissing), p.remedy(lin, 99, &[33])),
                (Err(TargetMissing), p.remedy(lin, 3, &[33])),
                (Err(TargetMissing), p.remedy(lin, 24, &[33])),
                // Before the claim, the claim itself, and what is still to come.
                (Err(TargetMissing), p.remedy(lin, 18, &[12])),
                (Err(TargetMissing), p.remedy(lin, 13, &[13])),
                (Err(TargetMissing), p.remedy(lin, 13, &[1, 33])),
                (Err(TargetMissing), p.remedy(lin, 13, &[33, next + 1])),
                (Err(NotParty), p.remedy(lin, 21, &[33])),
            ];
            // Closed, rejected and closed, not answered.
            all.extend([18, 16, 12, 19, 40].map(|at| (Err(ClaimOver), p.remedy(lin, at, &[next - 1]))));
            all.extend([
                (Ok(52), p.remedy(lin, 13, &[14])),
                (Ok(53), p.remedy(lin, 14, &[33, next - 1])),
                (Ok(54), p.remedy(lin, 15, &[33])),
                (Ok(55), p.remedy(lin, 20, &[33])),
                // Once more.
                (Ok(56), p.remedy(lin, 17, &[33])),
                (Ok(57), p.answer(lin, 19, true, &[])),
                (Ok(58), p.remedy(lin, 19, &[57])),
                (Ok(59), p.remedy(lin, 45, &[48])),
            ]);
            all
        });
        // What was accepted and mended is rejected all the same, and mended no more.
        let rules = self.w.bureau.tells(LATER, |p| {
            vec![(Ok(60), p.rule(lin, 17, rejected())), (Err(ClaimOver), p.rule(lin, 17, rejected()))]
        });
        let in_vain = self.w.world.platform.tells(LATER, |p| {
            vec![
                (Err(ClaimOver), p.remedy(lin, 17, &[33])),
                (Err(ClaimOver), p.answer(lin, 17, true, &[])),
                (Err(NotParty), p.close(lin, 13)),
            ]
        });
        // What nobody ruled on is ruled on when it is mended, if it was answered; and not twice.
        let of_mended = self.w.bureau.tells(LATER, |p| {
            vec![
                (Ok(61), p.rule(lin, 13, upheld(LONG))),
                (Err(RemedyMissing), p.close(lin, 13)),
                (Err(ClaimOver), p.rule(lin, 15, rejected())),
                (Ok(62), p.close(lin, 17)),
                (Ok(63), p.close(lin, 15)),
            ]
        });
        // It closes, though it is no bureau any more.
        let by_lapsed = self.lapsed.tells(LATER, |p| {
            vec![(Err(RoleExpired), p.rule(lin, 19, rejected())), (Ok(64), p.close(lin, 19))]
        });
        self.w.hear(
            LATER,
            vec![by_union, by_lin, by_bureau, by_platform, rules, in_vain, of_mended, by_lapsed],
        );
    }

    fn refused_payments(&mut self) {
        let (lin, pensions, _) = self.parts();
        let (other, former, union) = (self.w.world.other_fund.at(), self.w.former.at(), self.union.at());
        let injury = (Insurance::WORK_INJURY, self.w.second.at());
        let jobless = (unemployment(), pensions.1);
        let by = Source::Self_;
        let of_union = self.union.pay_for(lin, 3, pensions, by, 202609, pension(5), "more");
        let by_platform = self.w.world.platform.tells(LATER, |p| {
            let none = pension(0);
            vec![
                (Err(UnknownAccount), p.pay_for(namesake(lin), 99, pensions, by, 202611, none, "paid")),
                (Err(IssuerNotNamed), of_union),
                (Err(NotYours), p.pay_for(lin, 99, pensions, Source::Platform, 202611, none, "paid")),
                (Err(NotYours), p.pay_for(lin, 9, pensions, Source::Platform, 202609, pension(5), "more")),
                (Err(NotYours), p.pay_for(lin, 9, pensions, Source::Employer, 202609, pension(5), "more")),
                (Err(NotYours), p.pay_for(lin, 9, pensions, Source::Subsidy, 202609, pension(5), "more")),
                (Err(TargetMissing), p.pay_for(lin, 1, pensions, by, 202611, none, "paid")),
                (
                    Err(FundUnfit),
                    p.pay_for(lin, 6, (Insurance::PENSION, other), by, 202609, pension(5), "paid"),
                ),
                (
                    Err(ReferenceTaken),
                    p.pay_for(lin, 6, pensions, by, 202609, all_credited(6, "IDR"), "paid"),
                ),
                (Err(TotalOverflow), p.pay_for(lin, 6, pensions, by, 202609, all_credited(6, "IDR"), "more")),
                (Err(NotGrantee), p.pay_for(lin, 6, injury, by, 202609, pension(5), "more")),
                (Err(NotGrantee), p.pay_for(lin, 3, pensions, by, 202609, pension(5), "more")),
                (Ok(65), p.pay_for(lin, 9, injury, by, 202607, pension(5), "more")),
                // A matching and a contribution have had its reference too.
                (
                    Err(ReferenceTaken),
                    p.matching(lin, 1, pensions, Source::Platform, 202609, pension(5), "more"),
                ),
                (Err(ReferenceTaken), p.pay(lin, pensions, Source::Platform, 202609, pension(5), "more")),
                (Ok(66), p.matching(lin, 1, pensions, Source::Platform, 202609, pension(5), "part")),
                (Err(ReferenceTaken), p.pay_for(lin, 9, pensions, by, 202609, pension(5), "part")),
            ]
        });
        let by_lin = self.w.world.lin.tells(LATER, |p| {
            vec![(Err(NotGrantee), p.pay_for(lin, 3, pensions, by, 202609, pension(5), "mine"))]
        });
        let by_union = self.union.tells(LATER, |p| {
            let none = pension(0);
            let more = Amount { credited: 6, ..pension(5) };
            let mut all = vec![
                (Err(NotYours), p.pay_for(lin, 3, pensions, Source::Subsidy, 202609, pension(5), "more")),
                (Err(TargetMissing), p.pay_for(lin, 99, pensions, by, 202611, none, "more")),
                (Err(TargetMissing), p.pay_for(lin, 12, pensions, by, 202609, pension(5), "more")),
                (Err(TargetMissing), p.pay_for(lin, 22, pensions, by, 202609, pension(5), "more")),
                (Err(MonthInFuture), p.pay_for(lin, 6, pensions, by, 202611, none, "more")),
                (Err(AmountRange), p.pay_for(lin, 6, (Insurance::PENSION, other), by, 202609, none, "more")),
                (Err(AmountRange), p.pay_for(lin, 3, pensions, by, 202609, more, "more")),
            ];
            for fund in [other, former, union, lin, namesake(pensions.1)] {
                let for_ = (Insurance::PENSION, fund);
                all.push((Err(FundUnfit), p.pay_for(lin, 6, for_, by, 202609, pension(5), "more")));
            }
            all.extend([
                (Err(TotalOverflow), p.pay_for(lin, 3, pensions, by, 202609, all_credited(6, "IDR"), "more")),
                (Err(NotGrantee), p.pay_for(lin, 11, pensions, by, 202609, pension(5), "more")),
                (Err(GrantOver), p.pay_for(lin, 6, injury, by, 202607, pension(5), "more")),
                (Err(GrantOver), p.pay_for(lin, 7, injury, by, 202607, pension(5), "more")),
                (Err(GrantOver), p.pay_for(lin, 8, pensions, by, 202609, pension(5), "more")),
                (Err(GrantOver), p.pay_for(lin, 35, pensions, by, 202609, pension(5), "more")),
                (Err(BeyondGrant), p.pay_for(lin, 4, pensions, by, 202609, pension(5), "more")),
                (Err(BeyondGrant), p.pay_for(lin, 3, injury, by, 202609, pension(5), "more")),
                (Err(BeyondGrant), p.pay_for(lin, 3, pensions, by, 202607, pension(5), "more")),
                // What it was refused with is free.
                (Ok(67), p.pay_for(lin, 3, pensions, by, 202608, pension(5), "more")),
                (Ok(68), p.pay_for(lin, 3, jobless, by, 202610, pension(5), "more still")),
                (Ok(69), p.pay_for(lin, 5, injury, by, 202610, all_credited(5, "IDR"), "anything")),
                (Err(ReferenceTaken), p.pay_for(lin, 6, pensions, by, 202609, pension(5), "more")),
            ]);
            all
        });
        // Nobody matches in the person's name; what was paid so may be matched.
        let by_city = self.w.city.tells(LATER, |p| {
            vec![
                (Err(NotYours), p.matching(lin, 67, pensions, by, 202608, pension(5), "part")),
                (
                    Err(MonthDiffers),
                    p.matching(lin, 67, pensions, Source::Subsidy, 202609, pension(5), "part"),
                ),
                (Ok(70), p.matching(lin, 67, pensions, Source::Subsidy, 202608, pension(5), "part")),
            ]
        });
        let back = self.w.world.lin.tells(LATER, |p| vec![(Ok(71), p.take_back(lin, 8))]);
        self.w.hear(LATER, vec![by_platform, by_lin, by_union, by_city, back]);
        // Fifteen days after they were filed, and who has not answered is not asked any more.
        let then = LATER + 15 * super::DAY;
        let a_second_less =
            self.w.bureau.tells(then - 1, |p| vec![(Err(NotHeard), p.rule(lin, 40, rejected()))]);
        self.w.hear(then - 1, vec![a_second_less]);
        let by_bureau = self.w.bureau.tells(then, |p| vec![(Ok(72), p.rule(lin, 40, upheld(LONG)))]);
        let by_platform = self.w.world.platform.tells(then, |p| {
            vec![(Err(ClaimOver), p.answer(lin, 40, true, &[])), (Ok(73), p.remedy(lin, 40, &[72]))]
        });
        self.w.hear(then, vec![by_bureau, by_platform]);
    }
}
