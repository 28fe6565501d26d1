//! Type 41, *transferred-in*: a fund says that what left another ledger for the person has come. The head refers to the arrival.

use super::{At, Authority, FacetReader, FacetWriter, Kind, Reference, Referenced, Shape, Statement, What};
use crate::address::Address;
use crate::moving::{Arrived, In, MAX_TRANSFERS, Moved, Out, OutAt, Showing};
use crate::refusal::{Code, Refusal};
use crate::role::Role;
use crate::scene::{Scene, demand, demand_reference, demand_role};
use crate::state::{Changed, State};
use crate::target::Target;
use crate::value::AMOUNT_MAX;

/// Money comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferredIn {
    /// The fund, and its number of the transfer.
    pub who: Referenced,
    /// Of which insurance, under which scheme; the fund again.
    pub what: What,
    /// How much: what left.
    pub moved: Moved,
    /// Sequence of the transferred-out there.
    pub out: OutAt,
    /// What shows it.
    pub shown: Showing,
}

impl Kind for TransferredIn {
    const NAME: &'static str = "transferred-in";
    const FACETS: &'static [&'static str] = &["who", "what", "moved", "out", "shown"];
    const SHAPES: &'static [Shape] =
        &[Shape::Referenced, Shape::What, Shape::Moved, Shape::OutAt, Shape::Showing];
    const REFERS: bool = true;
    const AUTHORITY: Authority = Authority::Covering(&[Role::Fund]);

    facets!(who, what, moved, out, shown);

    fn issuer(&self) -> Option<Address> {
        Some(self.who.issuer)
    }

    fn reference(&self) -> Option<&Reference> {
        Some(&self.who.reference)
    }

    fn showing(&self) -> Option<&Showing> {
        Some(&self.shown)
    }

    fn judge(&self, scene: &Scene<'_>, statement: &Statement) -> Result<(), Refusal> {
        let (issuer, subject) = scene.parties()?;
        let (insurance, currency) = (self.what.insurance, self.moved.currency);
        let missing = || Refusal::new(Code::TargetMissing, "refers");
        let arrived = subject.state.arrivals().iter().find(|a| Some(a.arrival) == statement.refers);
        // A later arrival of the same account is one, too, and nothing comes with that.
        let arrived =
            arrived.filter(|_| matches!(scene.target, Some(Target::Arrival))).ok_or_else(missing)?;
        demand_role(issuer.state, &[Role::Fund], Some(insurance), scene.time)?;
        demand(self.what.fund == issuer.address, Code::NotFund, "who")?;
        demand(self.moved.in_range(), Code::AmountRange, "moved")?;
        demand_reference(scene)?;
        let balance = subject.state.balance(insurance, currency);
        demand(balance.saturating_add(self.moved.own) <= AMOUNT_MAX, Code::TotalOverflow, "moved")?;
        demand(arrived.ins.len() < MAX_TRANSFERS, Code::StateFull, "who")?;
        scene.demand_recognised(&self.shown, &arrived.origin)?;
        let shows = scene.facts.is_some_and(|f| f.show_out(arrived, self.out, insurance, &self.moved));
        demand(shows, Code::NotShown, "shown")?;
        match arrived.ins.iter().find(|came| came.out.sequence == self.out.0) {
            Some(came) => {
                let place = (subject.address.number, came.sequence);
                Err(Refusal::new(Code::ArrivedAlready, "out").at(place))
            }
            None => Ok(()),
        }
    }

    fn effect(&self, state: &mut State, at: At, _: Option<&mut Target>) -> Changed {
        let Moved { own, pooled, currency, .. } = self.moved;
        let out = Out { sequence: self.out.0, insurance: self.what.insurance, currency, own, pooled };
        state.change_arrivals(|arrivals| {
            let arrived = |a: &&mut Arrived| Some(a.arrival) == at.refers;
            if let Some(arrived) = arrivals.iter_mut().find(arrived) {
                arrived.ins.push(In { sequence: at.sequence, out });
            }
        })
    }
}
