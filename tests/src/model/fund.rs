//! What engagements, awards, benefits, refunds and interest add up to (`spec/README.md` §7, §8), from all of an account's records, each time
//! anew. What becomes of a refunded contribution is in [`state::Entry`].

use peal_spec::address::Address;

use super::moving;
use super::said::{Entitlement, Said};
use super::state::{self, Fact};

/// A record that nothing is reckoned in but whether it was voided: an engagement, or the record of an award.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filed {
    /// Its sequence.
    pub sequence: u64,
    /// Who issued it.
    pub issuer: Address,
    /// The month of its head.
    pub month: u32,
    /// Its currency.
    pub currency: String,
    /// Whether its issuer has voided it.
    pub void: bool,
}

/// The engagements and awards, in order.
pub fn filed(facts: &[Fact]) -> Vec<Filed> {
    let void = |sequence: u64| {
        facts.iter().any(|f| matches!(f.said, Said::Correction { .. }) && f.refers == Some(sequence))
    };
    let filed = facts.iter().zip(0..).filter_map(|(fact, sequence)| match (&fact.said, fact.month) {
        (
            Said::Engagement { who, currency, .. }
            | Said::Award { who, entitlement: Entitlement { currency, .. }, .. },
            Some(month),
        ) => {
            let (issuer, currency, void) = (*who, currency.clone(), void(sequence));
            Some(Filed { sequence, issuer, month, currency, void })
        }
        _ => None,
    });
    filed.collect()
}

/// What a person has a right to, and what was paid of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Award {
    /// Its record; the month is the first that it gives something in.
    pub filed: Filed,
    /// The insurance.
    pub insurance: u64,
    /// The fund that pays.
    pub fund: Address,
    /// Numbers of months, each with what a month gives, one after the other.
    pub steps: Vec<(u64, u64)>,
    /// What was paid, each time with the month for which it was.
    pub paid: Vec<(u32, u64)>,
}

/// The awards, in order.
pub fn awards(facts: &[Fact]) -> Vec<Award> {
    let award = |filed: Filed| match &facts[filed.sequence as usize].said {
        Said::Award { insurance, fund, entitlement, .. } => {
            let paid = facts.iter().filter(|f| f.refers == Some(filed.sequence));
            let paid = paid.filter_map(|fact| match (&fact.said, fact.month) {
                (Said::Benefit { amount, .. }, Some(month)) => Some((month, *amount)),
                _ => None,
            });
            let (insurance, fund, steps, paid) =
                (*insurance, *fund, entitlement.steps.clone(), paid.collect());
            Some(Award { filed, insurance, fund, steps, paid })
        }
        _ => None,
    };
    filed(facts).into_iter().filter_map(award).collect()
}

impl Award {
    /// All months in which it gives something, with what it gives.
    pub fn months(&self) -> Vec<(u32, u64)> {
        let (mut months, mut month) = (Vec::new(), self.filed.month);
        for (number, amount) in &self.steps {
            for _ in 0..*number {
                months.push((month, *amount));
                month = state::after(month);
            }
        }
        months
    }

    /// What it gives in a month, if it gives anything.
    pub fn gives(&self, month: u32) -> Option<u64> {
        self.months().into_iter().find(|(m, _)| *m == month).map(|(_, amount)| amount)
    }

    /// What was paid for a month.
    pub fn paid(&self, month: u32) -> u64 {
        self.paid.iter().filter(|(m, _)| *m == month).map(|(_, amount)| amount).sum()
    }
}

/// Insurance and currency of the fund cell that a statement changes, if it changes one.
pub fn cell_of(facts: &[Fact], fact: &Fact) -> Option<(u64, String)> {
    match &fact.said {
        Said::Interest { insurance, interest, .. } => Some((*insurance, interest.currency.clone())),
        Said::Benefit { currency, .. } | Said::Refund { currency, .. } => {
            match &facts.get(fact.refers? as usize)?.said {
                Said::Award { insurance, .. }
                | Said::Contribution { insurance, .. }
                | Said::Matching { insurance, .. }
                | Said::PaidFor { insurance, .. } => Some((*insurance, currency.clone())),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The four sums of a fund cell: refunded, refunded-credited, paid, interest.
pub fn sums(facts: &[Fact], insurance: u64, currency: &str) -> [u128; 4] {
    let mut sums = [0; 4];
    let of = Some((insurance, currency.to_owned()));
    for fact in facts.iter().filter(|fact| cell_of(facts, fact) == of) {
        match &fact.said {
            Said::Refund { amount, credited, .. } => {
                sums[0] += u128::from(*amount);
                sums[1] += u128::from(*credited);
            }
            Said::Benefit { amount, .. } => sums[2] += u128::from(*amount),
            Said::Interest { interest, .. } => sums[3] += u128::from(interest.amount),
            _ => {}
        }
    }
    sums
}

/// What is on the person's own account: settled-credited − refunded-credited + interest + what came − what left, and nothing if that is less.
pub fn balance(facts: &[Fact], insurance: u64, currency: &str) -> u128 {
    let [_, refunded_credited, _, interest] = sums(facts, insurance, currency);
    let [.., settled_credited] = state::totals(&state::entries(facts), insurance, currency);
    let (came, left) = moving::own(facts, insurance, currency);
    (settled_credited + interest + came).saturating_sub(refunded_credited + left)
}

/// What balances, months and a rate come to: (the sum of balance × months) × rate / 12,000,000, half up.
pub fn interest(stretches: &[(u64, u64)], rate: u64) -> u128 {
    let sum: u128 =
        stretches.iter().map(|(balance, months)| u128::from(*balance) * u128::from(*months)).sum();
    let (whole, rest) = (sum * u128::from(rate) / 12_000_000, sum * u128::from(rate) % 12_000_000);
    if rest >= 6_000_000 { whole + 1 } else { whole }
}
