//! Type 6, *settlement*: the fund says that a contribution's money arrived. The head refers to the contribution.

use super::{Amount, At, Authority, FacetReader, FacetWriter, Kind, Referenced, Shape, Statement};
use crate::address::Address;
use crate::refusal::{Code, Refusal};
use crate::role::Role;
use crate::scene::{Scene, demand, demand_open, demand_role};
use crate::state::{Change, Changed, State};
use crate::target::Target;

/// Money arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The fund, and its own reference of the transfer; may repeat: one transfer settles many contributions.
    pub who: Referenced,
    /// What arrived: the entry's amount, repeated.
    pub amount: Amount,
}

impl Kind for Settlement {
    const NAME: &'static str = "settlement";
    const FACETS: &'static [&'static str] = &["who", "amount"];
    const SHAPES: &'static [Shape] = &[Shape::Referenced, Shape::Amount];
    const REFERS: bool = true;
    const MONTH: bool = true;

    facets!(who, amount);

    const AUTHORITY: Authority = Authority::Fund;

    fn issuer(&self) -> Option<Address> {
        Some(self.who.issuer)
    }

    fn judge(&self, scene: &Scene<'_>, statement: &Statement) -> Result<(), Refusal> {
        let (issuer, _) = scene.parties()?;
        let entry = scene.entry()?;
        demand_role(issuer.state, &[Role::Fund], Some(entry.insurance), scene.time)?;
        demand(issuer.address.number == entry.fund, Code::NotFund, "who")?;
        demand(self.amount.in_range(), Code::AmountRange, "amount")?;
        demand_open(scene, statement, entry, Some(self.amount.currency))?;
        demand(self.amount == entry.amount, Code::AmountDiffers, "amount")
    }

    fn effect(&self, state: &mut State, _: At, target: Option<&mut Target>) -> Changed {
        let Some(Target::Entry(entry)) = target else { return Changed::default() };
        entry.settled = true;
        let change = Change { settled: Change::parts(&entry.amount), settlements: 1, ..Change::default() };
        state.tally((entry.insurance, entry.amount.currency, entry.month), &change)
    }
}
