//! Type 7, *correction*: the issuer of a contribution replaces its amount or voids it, that of an engagement or award voids it. The head refers to it.

use super::{Amount, At, Authority, FacetReader, FacetWriter, Kind, Shape, Statement};
use crate::address::Address;
use crate::cbor::{Cbor, Malformed, Reader, Writer};
use crate::refusal::{Code, Refusal};
use crate::scene::{Scene, demand, demand_open};
use crate::state::{Change, Changed, State};
use crate::target::Target;
use crate::value::{AMOUNT_MAX, Text};

/// The issuer, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corrector {
    /// The posting's issuer, who also issued what is corrected.
    pub issuer: Address,
    /// Why, for people.
    pub reason: Text<128>,
}

impl Cbor for Corrector {
    fn encode(&self, w: &mut Writer) {
        w.array(2);
        self.issuer.encode(w);
        self.reason.encode(w);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(2, "issuer and reason")?;
        Ok(Self { issuer: Address::decode(r)?, reason: Text::decode(r)? })
    }
}

/// A contribution is replaced, or something is voided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// Who corrects, and why.
    pub who: Corrector,
    /// The new amount of a contribution, or none to void the record.
    pub amount: Option<Amount>,
}

impl Kind for Correction {
    const NAME: &'static str = "correction";
    const FACETS: &'static [&'static str] = &["who", "amount"];
    const SHAPES: &'static [Shape] = &[Shape::Corrector, Shape::MaybeAmount];
    const REFERS: bool = true;
    const MONTH: bool = true;

    fn read(facets: &mut FacetReader<'_>) -> Result<Self, Refusal> {
        let who = facets.take()?;
        let amount = facets.take_with(|r| r.optional())?;
        Ok(Self { who, amount })
    }

    fn write(&self, facets: &mut FacetWriter) {
        facets.put(&self.who);
        facets.put_optional(self.amount.as_ref());
    }

    const AUTHORITY: Authority = Authority::EntryIssuer;

    fn issuer(&self) -> Option<Address> {
        Some(self.who.issuer)
    }

    fn judge(&self, scene: &Scene<'_>, statement: &Statement) -> Result<(), Refusal> {
        let (issuer, subject) = scene.parties()?;
        let by = |number: u64| demand(issuer.address.number == number, Code::NotIssuer, "who");
        let in_range = || demand(self.amount.is_none_or(|a| a.in_range()), Code::AmountRange, "amount");
        let (issued_by, void, month) = match scene.target {
            None
            | Some(
                Target::Consent(_)
                | Target::Claim(_)
                | Target::Said(_)
                | Target::Erased(_)
                | Target::Departure(_)
                | Target::Arrival,
            ) => {
                return Err(Refusal::new(Code::TargetMissing, "refers"));
            }
            Some(Target::Entry(entry)) => {
                by(entry.issuer)?;
                in_range()?;
                demand_open(scene, statement, entry, self.amount.map(|a| a.currency))?;
                let Some(new) = self.amount else { return Ok(()) };
                demand(new != entry.amount, Code::AmountDiffers, "amount")?;
                let posted = subject.state.totals(entry.insurance, new.currency).map_or(0, |(_, t)| t.posted);
                let rest = posted.saturating_sub(entry.amount.amount);
                return demand(rest + new.amount <= AMOUNT_MAX, Code::TotalOverflow, "amount");
            }
            Some(Target::Engagement(engaged)) => (engaged.issuer, engaged.void, engaged.month),
            Some(Target::Award(award)) => (award.issuer, award.void, award.first),
        };
        by(issued_by)?;
        in_range()?;
        scene.demand_at(statement, !void, Code::TargetVoid, "refers")?;
        demand(statement.month == Some(month), Code::MonthDiffers, "month")?;
        demand(self.amount.is_none(), Code::OnlyVoid, "amount")
    }

    fn effect(&self, state: &mut State, _: At, target: Option<&mut Target>) -> Changed {
        let entry = match target {
            Some(Target::Entry(entry)) => entry,
            Some(Target::Engagement(engaged)) => {
                engaged.void = true;
                return Changed::default();
            }
            Some(Target::Award(award)) => {
                award.void = true;
                return Changed::default();
            }
            None
            | Some(
                Target::Consent(_)
                | Target::Claim(_)
                | Target::Said(_)
                | Target::Erased(_)
                | Target::Departure(_)
                | Target::Arrival,
            ) => {
                return Changed::default();
            }
        };
        let minus = Change::parts(&entry.amount);
        let key = (entry.insurance, entry.amount.currency, entry.month);
        let change = match self.amount {
            Some(new) => {
                entry.amount = new;
                Change { plus: Change::parts(&new), minus, ..Change::default() }
            }
            None => {
                entry.void = true;
                Change { minus, standing: -1, ..Change::default() }
            }
        };
        state.tally(key, &change)
    }
}
