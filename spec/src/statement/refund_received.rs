//! Type 31, *refund-received*: the payer of a contribution says that what the fund gave back arrived. The head refers to the contribution.

use super::{At, Authority, FacetReader, FacetWriter, Kind, Money, Reference, Referenced, Shape, Statement};
use crate::address::Address;
use crate::refusal::{Code, Refusal};
use crate::scene::{Scene, demand, demand_reference};
use crate::state::{Changed, State};
use crate::target::Target;

/// Money came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundReceived {
    /// The payer, and its own number of the transfer.
    pub who: Referenced,
    /// How much.
    pub amount: Money,
}

impl Kind for RefundReceived {
    const NAME: &'static str = "refund-received";
    const FACETS: &'static [&'static str] = &["who", "amount"];
    const SHAPES: &'static [Shape] = &[Shape::Referenced, Shape::Money];
    const REFERS: bool = true;
    const MONTH: bool = true;

    facets!(who, amount);

    const AUTHORITY: Authority = Authority::EntryIssuer;

    fn issuer(&self) -> Option<Address> {
        Some(self.who.issuer)
    }

    fn reference(&self) -> Option<&Reference> {
        Some(&self.who.reference)
    }

    fn judge(&self, scene: &Scene<'_>, statement: &Statement) -> Result<(), Refusal> {
        let (issuer, _) = scene.parties()?;
        let entry = scene.entry()?;
        demand(issuer.address.number == entry.issuer, Code::NotIssuer, "who")?;
        demand(self.amount.amount >= 1, Code::AmountRange, "amount")?;
        demand(statement.month == Some(entry.month), Code::MonthDiffers, "month")?;
        demand(self.amount.currency == entry.amount.currency, Code::CurrencyDiffers, "amount")?;
        demand_reference(scene)?;
        let within = entry.received + self.amount.amount <= entry.refunded.0;
        scene.demand_at(statement, within, Code::BeyondRefunded, "amount")
    }

    fn effect(&self, _: &mut State, _: At, target: Option<&mut Target>) -> Changed {
        if let Some(Target::Entry(entry)) = target {
            entry.received = entry.received.saturating_add(self.amount.amount);
        }
        Changed::default()
    }
}
