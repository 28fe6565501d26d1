//! Type 16, *interest*: the fund credits interest to the person's own account, and shows how it was reckoned.

use super::{
    At, Authority, FacetReader, FacetWriter, Kind, Reference, Referenced, Shape, Statement, What, money,
};
use crate::address::Address;
use crate::refusal::{Code, Refusal};
use crate::role::Role;
use crate::scene::{Scene, demand, demand_month, demand_reference, demand_role};
use crate::state::{Changed, Flows, State};
use crate::target::Target;
use crate::value::AMOUNT_MAX;

/// Interest is credited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interest {
    /// The fund, and its number of the booking.
    pub who: Referenced,
    /// Of which insurance, under which scheme; the fund again.
    pub what: What,
    /// How much, and from what.
    pub amount: money::Interest,
}

impl Kind for Interest {
    const NAME: &'static str = "interest";
    const FACETS: &'static [&'static str] = &["who", "what", "amount"];
    const SHAPES: &'static [Shape] = &[Shape::Referenced, Shape::What, Shape::Interest];
    const MONTH: bool = true;

    facets!(who, what, amount);

    const AUTHORITY: Authority = Authority::Covering(&[Role::Fund]);

    fn issuer(&self) -> Option<Address> {
        Some(self.who.issuer)
    }

    fn reference(&self) -> Option<&Reference> {
        Some(&self.who.reference)
    }

    fn judge(&self, scene: &Scene<'_>, statement: &Statement) -> Result<(), Refusal> {
        let (issuer, subject) = scene.parties()?;
        let (insurance, currency) = (self.what.insurance, self.amount.currency);
        demand_role(issuer.state, &[Role::Fund], Some(insurance), scene.time)?;
        demand(self.what.fund == issuer.address, Code::NotFund, "who")?;
        demand_month(statement.month, scene.time)?;
        demand(self.amount.amount >= 1, Code::AmountRange, "amount")?;
        demand_reference(scene)?;
        let none = Flows::none(insurance, currency);
        let flows = subject.state.flows(insurance, currency).map_or(none, |(_, f)| *f);
        demand(flows.interest + self.amount.amount <= AMOUNT_MAX, Code::TotalOverflow, "amount")?;
        scene.demand_flows(insurance, currency)?;
        let reckoned = self.amount.reckoned() == u128::from(self.amount.amount);
        demand(reckoned, Code::InterestDiffers, "amount")?;
        let balance = subject.state.balance(insurance, currency);
        let within = self.amount.stretches.iter().all(|s| s.balance <= balance);
        demand(within, Code::BeyondBalance, "amount")
    }

    fn effect(&self, state: &mut State, _: At, _: Option<&mut Target>) -> Changed {
        let more = self.amount.amount;
        state
            .flow(self.what.insurance, self.amount.currency, |f| f.interest = f.interest.saturating_add(more))
    }
}
