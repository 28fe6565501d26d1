//! Type 15, *refund*: the fund gives a settled contribution back, or part of it. The head refers to the contribution.

use super::{
    At, Authority, FacetReader, FacetWriter, Kind, Reference, Referenced, Returned, Shape, Statement,
};
use crate::address::Address;
use crate::refusal::{Code, Refusal};
use crate::role::Role;
use crate::scene::{Scene, demand, demand_reference, demand_role};
use crate::state::{Change, Changed, State};
use crate::target::Target;

/// Money goes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// The fund, and its number of the transfer.
    pub who: Referenced,
    /// How much.
    pub amount: Returned,
}

impl Kind for Refund {
    const NAME: &'static str = "refund";
    const FACETS: &'static [&'static str] = &["who", "amount"];
    const SHAPES: &'static [Shape] = &[Shape::Referenced, Shape::Returned];
    const REFERS: bool = true;
    const MONTH: bool = true;

    facets!(who, amount);

    const AUTHORITY: Authority = Authority::Fund;

    fn issuer(&self) -> Option<Address> {
        Some(self.who.issuer)
    }

    fn reference(&self) -> Option<&Reference> {
        Some(&self.who.reference)
    }

    fn judge(&self, scene: &Scene<'_>, statement: &Statement) -> Result<(), Refusal> {
        let (issuer, subject) = scene.parties()?;
        let entry = scene.entry()?;
        let Returned { amount, credited, currency } = self.amount;
        demand_role(issuer.state, &[Role::Fund], Some(entry.insurance), scene.time)?;
        demand(issuer.address.number == entry.fund, Code::NotFund, "who")?;
        demand(amount >= 1 && credited <= amount, Code::AmountRange, "amount")?;
        scene.demand_at(statement, !entry.void, Code::TargetVoid, "refers")?;
        demand(statement.month == Some(entry.month), Code::MonthDiffers, "month")?;
        demand(currency == entry.amount.currency, Code::CurrencyDiffers, "amount")?;
        demand_reference(scene)?;
        scene.demand_flows(entry.insurance, currency)?;
        scene.demand_at(statement, entry.settled, Code::NotSettled, "refers")?;
        let left = entry.left();
        let after = left.0.checked_sub(amount).zip(left.1.checked_sub(credited));
        let fits = after.is_some_and(|(amount, credited)| credited <= amount);
        scene.demand_at(statement, fits, Code::BeyondSettled, "amount")?;
        // What has left with a move does not go back from here.
        let left = subject.state.leaving().is_some_and(|leaving| !leaving.outs.is_empty());
        let balance = || subject.state.balance(entry.insurance, currency);
        demand(!left || credited <= balance(), Code::BeyondBalance, "amount")
    }

    fn effect(&self, state: &mut State, _: At, target: Option<&mut Target>) -> Changed {
        let Some(Target::Entry(entry)) = target else { return Changed::default() };
        let Returned { amount, credited, currency } = self.amount;
        entry.refunded.0 = entry.refunded.0.saturating_add(amount);
        entry.refunded.1 = entry.refunded.1.saturating_add(credited);
        let mut changed = state.flow(entry.insurance, currency, |flows| {
            flows.refunded = flows.refunded.saturating_add(amount);
            flows.refunded_credited = flows.refunded_credited.saturating_add(credited);
        });
        if entry.left().0 == 0 {
            let gone = Change { standing: -1, settlements: -1, ..Change::default() };
            changed.add_all(state.tally((entry.insurance, currency, entry.month), &gone));
        }
        changed
    }
}
