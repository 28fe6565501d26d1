//! Type 40, *transferred-out*: a fund says that money of the person has left for where her account went. The head refers to the departure.

use super::departure::{demand_departure, demand_stands};
use super::{At, Authority, FacetReader, FacetWriter, Kind, Reference, Referenced, Shape, Statement, What};
use crate::address::Address;
use crate::moving::{MAX_TRANSFERS, Moved, Out};
use crate::refusal::{Code, Refusal};
use crate::role::Role;
use crate::scene::{Scene, demand, demand_reference, demand_role};
use crate::state::{Changed, State};
use crate::target::Target;

/// Money leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferredOut {
    /// The fund, and its number of the transfer.
    pub who: Referenced,
    /// Of which insurance, under which scheme; the fund again.
    pub what: What,
    /// How much.
    pub moved: Moved,
}

impl Kind for TransferredOut {
    const NAME: &'static str = "transferred-out";
    const FACETS: &'static [&'static str] = &["who", "what", "moved"];
    const SHAPES: &'static [Shape] = &[Shape::Referenced, Shape::What, Shape::Moved];
    const REFERS: bool = true;
    const AUTHORITY: Authority = Authority::Covering(&[Role::Fund]);

    facets!(who, what, moved);

    fn issuer(&self) -> Option<Address> {
        Some(self.who.issuer)
    }

    fn reference(&self) -> Option<&Reference> {
        Some(&self.who.reference)
    }

    fn judge(&self, scene: &Scene<'_>, statement: &Statement) -> Result<(), Refusal> {
        let (issuer, subject) = scene.parties()?;
        demand_departure(scene)?;
        let insurance = self.what.insurance;
        demand_role(issuer.state, &[Role::Fund], Some(insurance), scene.time)?;
        demand(self.what.fund == issuer.address, Code::NotFund, "who")?;
        demand(self.moved.in_range(), Code::AmountRange, "moved")?;
        let leaving = demand_stands(scene, statement)?;
        demand_reference(scene)?;
        demand(leaving.outs.len() < MAX_TRANSFERS, Code::StateFull, "who")?;
        let balance = subject.state.balance(insurance, self.moved.currency);
        demand(self.moved.own <= balance, Code::BeyondBalance, "moved")?;
        scene.demand_at(statement, leaving.in_force(scene.time), Code::NotDue, "refers")
    }

    fn effect(&self, state: &mut State, at: At, _: Option<&mut Target>) -> Changed {
        let Moved { own, pooled, currency, .. } = self.moved;
        let out = Out { sequence: at.sequence, insurance: self.what.insurance, currency, own, pooled };
        state.change_leaving(|leaving| {
            if let Some(leaving) = leaving {
                leaving.outs.push(out);
                leaving.closed = false;
            }
        })
    }
}
