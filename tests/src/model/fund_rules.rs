//! The rules of `spec/README.md` §8 for engagements and awards, and for what is paid, given back and earned: each asked on its own, as in
//! [`super::rules`].

use peal_spec::refusal::Code;
use peal_spec::statement::Statement;

use super::fund;
use super::moving;
use super::rules::{BUREAU, FUND, Found, Party, Scene, new_reference, room, same_month, target};
use super::said::{AMOUNT_MAX, Said};

/// Who tells of work: platform, employer.
const EMPLOYERS: [u64; 2] = [1, 2];

impl Scene<'_> {
    /// A statement of one of these types.
    pub(super) fn of_funds(
        &self,
        found: &mut Found,
        statement: &Statement,
        said: &Said,
        issuer: &Party<'_>,
        subject: &Party<'_>,
    ) {
        new_reference(found, said, subject);
        match said {
            Said::Engagement { end, .. } => {
                self.roles(found, issuer, &EMPLOYERS, None);
                self.month_in_time(found, statement);
                found.check(*end <= self.time + 600, Code::PeriodInFuture, "evidence");
            }
            Said::Award { insurance, fund, .. } => {
                self.roles(found, issuer, &[FUND, BUREAU], Some(*insurance));
                self.fund_fit(found, fund, *insurance);
            }
            Said::Benefit { .. } => self.benefit(found, statement, said, issuer, subject),
            Said::Refund { .. } => self.refund(found, statement, said, issuer, subject),
            Said::RefundReceived { .. } => refund_received(found, statement, said, issuer, subject),
            Said::Interest { .. } => self.interest(found, statement, said, issuer, subject),
            _ => {}
        }
    }

    fn benefit(
        &self,
        found: &mut Found,
        statement: &Statement,
        said: &Said,
        issuer: &Party<'_>,
        subject: &Party<'_>,
    ) {
        let Said::Benefit { amount, currency, .. } = said else { return };
        let awards = fund::awards(subject.facts);
        let award = awards.iter().find(|award| Some(award.filed.sequence) == statement.refers);
        found.check(award.is_some(), Code::TargetMissing, "refers");
        let Some(award) = award else { return };
        let place = (subject.address.number, award.filed.sequence);
        self.roles(found, issuer, &[FUND], Some(award.insurance));
        found.check(issuer.address == award.fund, Code::NotFund, "who");
        self.month_in_time(found, statement);
        found.check(*amount >= 1, Code::AmountRange, "amount");
        found.name(!award.filed.void, Code::TargetVoid, "refers", place);
        found.check(*currency == award.filed.currency, Code::CurrencyDiffers, "amount");
        let facts = self.as_if_recorded(statement, said, subject);
        let [_, _, paid, _] = fund::sums(&facts, award.insurance, currency);
        found.check(paid <= u128::from(AMOUNT_MAX), Code::TotalOverflow, "amount");
        room(found, &facts);
        let Some(month) = statement.month.map(|m| m.number()) else { return };
        match award.gives(month) {
            None => found.name(false, Code::BeyondEntitlement, "month", place),
            Some(gives) => {
                let enough = award.paid(month) + amount <= gives;
                found.name(enough, Code::BeyondEntitlement, "amount", place);
            }
        }
    }

    fn refund(
        &self,
        found: &mut Found,
        statement: &Statement,
        said: &Said,
        issuer: &Party<'_>,
        subject: &Party<'_>,
    ) {
        let Said::Refund { amount, credited, currency, .. } = said else { return };
        let Some(entry) = target(found, statement, subject) else { return };
        let place = (subject.address.number, entry.sequence);
        self.roles(found, issuer, &[FUND], Some(entry.insurance));
        found.check(issuer.address == entry.fund, Code::NotFund, "who");
        found.check(*amount >= 1 && credited <= amount, Code::AmountRange, "amount");
        found.name(!entry.void, Code::TargetVoid, "refers", place);
        same_month(found, statement, entry.month);
        found.check(*currency == entry.money.currency, Code::CurrencyDiffers, "amount");
        room(found, &self.as_if_recorded(statement, said, subject));
        found.name(entry.settled, Code::NotSettled, "refers", place);
        let left = entry.money.amount - entry.refunded;
        let left_credited = entry.money.credited - entry.refunded_credited;
        let there = *amount <= left && *credited <= left_credited;
        // What then is left credited is a part of what then is left.
        let fits = there && left_credited - credited <= left - amount;
        found.name(fits, Code::BeyondSettled, "amount", place);
        let gone = moving::leaving(subject.facts).is_some_and(|leaving| !leaving.outs.is_empty());
        let balance = fund::balance(subject.facts, entry.insurance, currency);
        found.check(!gone || u128::from(*credited) <= balance, Code::BeyondBalance, "amount");
    }

    fn interest(
        &self,
        found: &mut Found,
        statement: &Statement,
        said: &Said,
        issuer: &Party<'_>,
        subject: &Party<'_>,
    ) {
        let Said::Interest { insurance, fund, interest, .. } = said else { return };
        self.roles(found, issuer, &[FUND], Some(*insurance));
        found.check(issuer.address == *fund, Code::NotFund, "who");
        self.month_in_time(found, statement);
        found.check(interest.amount >= 1, Code::AmountRange, "amount");
        let facts = self.as_if_recorded(statement, said, subject);
        let [.., earned] = fund::sums(&facts, *insurance, &interest.currency);
        found.check(earned <= u128::from(AMOUNT_MAX), Code::TotalOverflow, "amount");
        room(found, &facts);
        let reckoned = fund::interest(&interest.stretches, interest.rate);
        found.check(u128::from(interest.amount) == reckoned, Code::InterestDiffers, "amount");
        let there = fund::balance(subject.facts, *insurance, &interest.currency);
        let within = interest.stretches.iter().all(|(balance, _)| u128::from(*balance) <= there);
        found.check(within, Code::BeyondBalance, "amount");
    }
}

/// Nobody needs a role to have money back.
fn refund_received(
    found: &mut Found,
    statement: &Statement,
    said: &Said,
    issuer: &Party<'_>,
    subject: &Party<'_>,
) {
    let Said::RefundReceived { amount, currency, .. } = said else { return };
    let Some(entry) = target(found, statement, subject) else { return };
    found.check(issuer.address == entry.issuer, Code::NotIssuer, "who");
    found.check(*amount >= 1, Code::AmountRange, "amount");
    same_month(found, statement, entry.month);
    found.check(*currency == entry.money.currency, Code::CurrencyDiffers, "amount");
    let place = (subject.address.number, entry.sequence);
    found.name(entry.received + amount <= entry.refunded, Code::BeyondRefunded, "amount", place);
}
