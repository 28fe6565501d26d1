//! Type 5, *contribution*: somebody pays for a month of an insurance.

use super::{
    Amount, At, Authority, Evidence, FacetReader, FacetWriter, Kind, Shape, Source, Statement, What,
};
use crate::address::Address;
use crate::cbor::{Cbor, Malformed, Reader, Writer};
use crate::facet::Reference;
use crate::refusal::{Code, Refusal};
use crate::role::Role;
use crate::scene::{Entry, Scene, demand, demand_role};
use crate::state::{Change, Changed, State};
use crate::value::AMOUNT_MAX;

/// Who pays a contribution, and under which reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payer {
    /// Who pays.
    pub source: Source,
    /// The posting's issuer.
    pub issuer: Address,
    /// Unique per issuer and account.
    pub reference: Reference,
}

impl Cbor for Payer {
    #[inline]
    fn encode(&self, w: &mut Writer) {
        w.array(3);
        self.source.encode(w);
        self.issuer.encode(w);
        self.reference.encode(w);
    }
    #[inline]
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(3, "source, issuer and reference")?;
        Ok(Self { source: Source::decode(r)?, issuer: Address::decode(r)?, reference: Reference::decode(r)? })
    }
}

/// Somebody pays for a month of an insurance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contribution {
    /// Who pays.
    pub who: Payer,
    /// What for.
    pub what: What,
    /// How much.
    pub amount: Amount,
    /// The work behind it.
    pub evidence: Option<Evidence>,
}

impl Kind for Contribution {
    const NAME: &'static str = "contribution";
    const FACETS: &'static [&'static str] = &["who", "what", "amount", "evidence"];
    const SHAPES: &'static [Shape] = &[Shape::Payer, Shape::What, Shape::Amount, Shape::MaybeEvidence];
    const MONTH: bool = true;

    #[inline]
    fn read(facets: &mut FacetReader<'_>) -> Result<Self, Refusal> {
        let (who, what, amount) = (facets.take()?, facets.take()?, facets.take()?);
        let evidence = facets.take_with(|r| r.optional())?;
        Ok(Self { who, what, amount, evidence })
    }

    fn write(&self, facets: &mut FacetWriter) {
        facets.put(&self.who);
        facets.put(&self.what);
        facets.put(&self.amount);
        facets.put_optional(self.evidence.as_ref());
    }

    const AUTHORITY: Authority = Authority::Source;

    fn issuer(&self) -> Option<Address> {
        Some(self.who.issuer)
    }

    fn judge(&self, scene: &Scene<'_>, statement: &Statement) -> Result<(), Refusal> {
        let (issuer, subject) = scene.parties()?;
        let (insurance, amount) = (self.what.insurance, &self.amount);
        match self.who.source.role() {
            None => demand(issuer.address == subject.address, Code::NotYours, "who")?,
            Some(role) => demand_role(issuer.state, &[role], Some(insurance), scene.time)?,
        }
        let latest = scene.time.month().ordinal() + 1;
        demand(statement.month.is_some_and(|m| m.ordinal() <= latest), Code::MonthInFuture, "month")?;
        demand(amount.in_range(), Code::AmountRange, "amount")?;
        let fit = scene.fund.is_some_and(|f| f.state.may(Role::Fund, insurance, scene.time));
        demand(fit, Code::FundUnfit, "what")?;
        if let Some(place) = scene.reference {
            return Err(Refusal::new(Code::ReferenceTaken, "who").at(place));
        }
        let posted = subject.state.totals(insurance, amount.currency).map_or(0, |(_, t)| t.posted);
        demand(posted + amount.amount <= AMOUNT_MAX, Code::TotalOverflow, "amount")?;
        let missing = subject.state.cells_missing(insurance, amount.currency);
        demand(missing <= subject.state.cells_free(), Code::StateFull, "what")
    }

    fn effect(&self, state: &mut State, at: At, _: Option<Entry>) -> (Changed, Option<Entry>) {
        // Without a month it was never accepted.
        let Some(month) = at.month else { return (Changed::default(), None) };
        let entry = Entry {
            issuer: self.who.issuer.number,
            source: self.who.source,
            insurance: self.what.insurance,
            month,
            fund: self.what.fund.number,
            amount: self.amount,
            settled: false,
            void: false,
        };
        let change = Change { plus: Change::parts(&self.amount), standing: 1, ..Change::default() };
        (state.tally((entry.insurance, self.amount.currency, month), &change), Some(entry))
    }
}
