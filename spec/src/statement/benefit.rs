//! Type 14, *benefit*: what a fund paid of an award for a month. The head refers to the award.

use super::{At, Authority, FacetReader, FacetWriter, Kind, Money, Reference, Referenced, Shape, Statement};
use crate::address::Address;
use crate::refusal::{Code, Refusal};
use crate::role::Role;
use crate::scene::{Scene, demand, demand_month, demand_reference, demand_role};
use crate::state::{Changed, State};
use crate::target::Target;
use crate::value::AMOUNT_MAX;

/// Money was paid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Benefit {
    /// The fund, and its number of the transfer.
    pub who: Referenced,
    /// How much.
    pub amount: Money,
}

impl Kind for Benefit {
    const NAME: &'static str = "benefit";
    const FACETS: &'static [&'static str] = &["who", "amount"];
    const SHAPES: &'static [Shape] = &[Shape::Referenced, Shape::Money];
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
        let award = scene.award()?;
        let (insurance, Money { amount, currency }) = (award.insurance, self.amount);
        demand_role(issuer.state, &[Role::Fund], Some(insurance), scene.time)?;
        demand(issuer.address.number == award.fund, Code::NotFund, "who")?;
        demand_month(statement.month, scene.time)?;
        demand(amount >= 1, Code::AmountRange, "amount")?;
        scene.demand_at(statement, !award.void, Code::TargetVoid, "refers")?;
        demand(currency == award.gives.currency, Code::CurrencyDiffers, "amount")?;
        demand_reference(scene)?;
        let paid = subject.state.flows(insurance, currency).map_or(0, |(_, f)| f.paid);
        demand(paid + amount <= AMOUNT_MAX, Code::TotalOverflow, "amount")?;
        scene.demand_flows(insurance, currency)?;
        let gives = statement.month.and_then(|m| award.gives.in_month(award.first, m));
        scene.demand_at(statement, gives.is_some(), Code::BeyondEntitlement, "month")?;
        let paid = statement.month.map_or(0, |month| award.paid_in(month));
        let within = gives.is_some_and(|gives| paid + amount <= gives);
        scene.demand_at(statement, within, Code::BeyondEntitlement, "amount")
    }

    fn effect(&self, state: &mut State, at: At, target: Option<&mut Target>) -> Changed {
        let (Some(Target::Award(award)), Some(month)) = (target, at.month) else { return Changed::default() };
        award.pay(month, self.amount.amount);
        let paid = self.amount.amount;
        state.flow(award.insurance, self.amount.currency, |f| f.paid = f.paid.saturating_add(paid))
    }
}
