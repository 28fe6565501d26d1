//! Type 6, *settlement*: the fund says that a contribution's money arrived. The head refers to the contribution.

use super::{Amount, At, Authority, FacetReader, FacetWriter, Kind, Shape, Statement};
use crate::address::Address;
use crate::cbor::{Cbor, Malformed, Reader, Writer};
use crate::facet::Reference;
use crate::refusal::{Code, Refusal};
use crate::role::Role;
use crate::scene::{Entry, Scene, demand, demand_open, demand_role};
use crate::state::{Change, Changed, State};

/// The fund, and its own reference of the transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settler {
    /// The posting's issuer.
    pub issuer: Address,
    /// May repeat: one transfer settles many contributions.
    pub reference: Reference,
}

impl Cbor for Settler {
    #[inline]
    fn encode(&self, w: &mut Writer) {
        w.array(2);
        self.issuer.encode(w);
        self.reference.encode(w);
    }
    #[inline]
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(2, "issuer and reference")?;
        Ok(Self { issuer: Address::decode(r)?, reference: Reference::decode(r)? })
    }
}

/// Money arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The fund.
    pub who: Settler,
    /// What arrived: the entry's amount, repeated.
    pub amount: Amount,
}

impl Kind for Settlement {
    const NAME: &'static str = "settlement";
    const FACETS: &'static [&'static str] = &["who", "amount"];
    const SHAPES: &'static [Shape] = &[Shape::Settler, Shape::Amount];
    const REFERS: bool = true;
    const MONTH: bool = true;

    fn read(facets: &mut FacetReader<'_>) -> Result<Self, Refusal> {
        let (who, amount) = (facets.take()?, facets.take()?);
        Ok(Self { who, amount })
    }

    fn write(&self, facets: &mut FacetWriter) {
        facets.put(&self.who);
        facets.put(&self.amount);
    }

    const AUTHORITY: Authority = Authority::Fund;

    fn issuer(&self) -> Option<Address> {
        Some(self.who.issuer)
    }

    fn judge(&self, scene: &Scene<'_>, statement: &Statement) -> Result<(), Refusal> {
        let (issuer, subject) = scene.parties()?;
        let entry = scene.target()?;
        demand_role(issuer.state, &[Role::Fund], Some(entry.insurance), scene.time)?;
        demand(issuer.address.number == entry.fund, Code::NotFund, "who")?;
        demand(self.amount.in_range(), Code::AmountRange, "amount")?;
        let place = (subject.address.number, statement.refers.unwrap_or_default());
        demand_open(entry, place, statement.month, Some(&self.amount))?;
        demand(self.amount == entry.amount, Code::AmountDiffers, "amount")
    }

    fn effect(&self, state: &mut State, _: At, entry: Option<Entry>) -> (Changed, Option<Entry>) {
        let Some(mut entry) = entry else { return (Changed::default(), None) };
        entry.settled = true;
        let change = Change { settled: Change::parts(&entry.amount), settlements: 1, ..Change::default() };
        let changed = state.tally((entry.insurance, entry.amount.currency, entry.month), &change);
        (changed, Some(entry))
    }
}
