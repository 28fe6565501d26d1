//! Type 5, *contribution*: somebody pays for a month of an insurance.

use super::{
    Amount, At, Authority, Evidence, FacetReader, FacetWriter, Kind, Reference, Shape, Source, Statement,
    What,
};
use crate::address::Address;
use crate::cbor::{Cbor, Malformed, Reader, Writer};
use crate::refusal::{Code, Refusal};
use crate::scene::{Scene, demand, demand_fund, demand_month, demand_reference, demand_role};
use crate::state::{Change, Changed, State};
use crate::target::{Entry, Target};
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

    fn reference(&self) -> Option<&Reference> {
        Some(&self.who.reference)
    }

    fn named(&self) -> Option<Address> {
        Some(self.what.fund)
    }

    fn judge(&self, scene: &Scene<'_>, statement: &Statement) -> Result<(), Refusal> {
        judge_payment(self, scene, statement)?;
        judge_room(self, scene)
    }

    fn opens(&self, at: At) -> Option<Target> {
        Some(Target::Entry(Entry {
            issuer: self.who.issuer.number,
            source: self.who.source,
            insurance: self.what.insurance,
            month: at.month?,
            fund: self.what.fund.number,
            amount: self.amount,
            settled: false,
            void: false,
            refunded: (0, 0),
            received: 0,
        }))
    }

    fn effect(&self, state: &mut State, at: At, _: Option<&mut Target>) -> Changed {
        // Without a month it was never accepted.
        let Some(month) = at.month else { return Changed::default() };
        let change = Change { plus: Change::parts(&self.amount), standing: 1, ..Change::default() };
        state.tally((self.what.insurance, self.amount.currency, month), &change)
    }
}

/// Refusals 26 to 38: who pays, for when, how much, to whom.
pub(crate) fn judge_payment(
    paid: &Contribution,
    scene: &Scene<'_>,
    statement: &Statement,
) -> Result<(), Refusal> {
    let (issuer, subject) = scene.parties()?;
    let insurance = paid.what.insurance;
    match paid.who.source.role() {
        None => demand(issuer.address == subject.address, Code::NotYours, "who")?,
        Some(role) => demand_role(issuer.state, &[role], Some(insurance), scene.time)?,
    }
    judge_amount(paid, scene, statement)
}

/// Refusals 36 to 38: for when, how much, to whom.
pub(crate) fn judge_amount(
    paid: &Contribution,
    scene: &Scene<'_>,
    statement: &Statement,
) -> Result<(), Refusal> {
    demand_month(statement.month, scene.time)?;
    demand(paid.amount.in_range(), Code::AmountRange, "amount")?;
    demand_fund(scene, paid.what.insurance)
}

/// Refusals 44 to 46: its reference is new, and the state has room for it.
pub(crate) fn judge_room(paid: &Contribution, scene: &Scene<'_>) -> Result<(), Refusal> {
    let (_, subject) = scene.parties()?;
    let (insurance, amount) = (paid.what.insurance, &paid.amount);
    demand_reference(scene)?;
    let posted = subject.state.totals(insurance, amount.currency).map_or(0, |(_, t)| t.posted);
    demand(posted + amount.amount <= AMOUNT_MAX, Code::TotalOverflow, "amount")?;
    let missing = subject.state.cells_missing(insurance, amount.currency);
    demand(missing <= subject.state.cells_free(), Code::StateFull, "what")
}
