//! What judging one statement looks at, and the checks that several types share.
//!
//! Source: `spec/README.md` §8.

use crate::address::Address;
use crate::key::PublicKey;
use crate::moving::{Facts, Leaving, Showing, list_hash};
use crate::refusal::{Code, Place, Refusal};
use crate::rights::{Right, Scope};
use crate::role::{Grant, Role};
use crate::state::State;
use crate::statement::Statement;
use crate::target::{Awarded, Claimed, Consented, Entry, Target};
use crate::value::{Currency, Insurance, Month, Origin, Time};

/// An account that takes part, as it stands at this place in the log.
#[derive(Clone, Copy, Debug)]
pub struct Party<'a> {
    /// Its address.
    pub address: Address,
    /// Its state.
    pub state: &'a State,
}

/// Everything that judging one statement reads.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The ledger.
    pub origin: &'a Origin,
    /// The commit's time.
    pub time: Time,
    /// The key the posting is signed with.
    pub kid: PublicKey,
    /// Whether the statement is alone in its posting.
    pub alone: bool,
    /// The posting's issuer; none for a self-opening.
    pub issuer: Option<Party<'a>>,
    /// The account it is about, if its number and id exist.
    pub subject: Option<Party<'a>>,
    /// For an opening: the account that has this id already.
    pub same_id: Option<u64>,
    /// For a statement that refers to a record: what became of that, if others may refer to it.
    pub target: Option<&'a Target>,
    /// For a statement that names a fund, a bureau or another account: that, if its number and id exist.
    pub named: Option<Party<'a>>,
    /// For a statement that shows something of another ledger: the state of account 0, and what is shown, if the proof is valid.
    pub registrar: Option<&'a State>,
    /// See there.
    pub facts: Option<&'a Facts>,
    /// Number of records of the account it is about.
    pub size: u64,
    /// For a binding of an identity: where its token is bound already, in whatever account.
    pub bound: Option<Place>,
    /// For a statement with a reference of its own: where this issuer used it before, in this account and for such statements.
    pub reference: Option<Place>,
}

impl<'a> Scene<'a> {
    /// Issuer and subject, which every type but an opening has.
    pub(crate) fn parties(&self) -> Result<(Party<'a>, Party<'a>), Refusal> {
        match (self.issuer, self.subject) {
            (Some(issuer), Some(subject)) => Ok((issuer, subject)),
            _ => Err(Refusal::new(Code::UnknownAccount, "address")),
        }
    }

    /// The contribution that the statement refers to.
    pub(crate) fn entry(&self) -> Result<&'a Entry, Refusal> {
        match self.target {
            Some(Target::Entry(entry)) => Ok(entry),
            _ => Err(Refusal::new(Code::TargetMissing, "refers")),
        }
    }

    /// The award that the statement refers to.
    pub(crate) fn award(&self) -> Result<&'a Awarded, Refusal> {
        match self.target {
            Some(Target::Award(award)) => Ok(award),
            _ => Err(Refusal::new(Code::TargetMissing, "refers")),
        }
    }

    /// The consent that the statement refers to.
    pub(crate) fn consent(&self) -> Result<&'a Consented, Refusal> {
        match self.target {
            Some(Target::Consent(consented)) => Ok(consented),
            _ => Err(Refusal::new(Code::TargetMissing, "refers")),
        }
    }

    /// The claim that the statement refers to.
    pub(crate) fn claim(&self) -> Result<&'a Claimed, Refusal> {
        match self.target {
            Some(Target::Claim(claimed)) => Ok(claimed),
            _ => Err(Refusal::new(Code::TargetMissing, "refers")),
        }
    }

    /// Refusal 30: the records named in `field` are there, and after `after`.
    pub(crate) fn demand_records(
        &self,
        records: &[u64],
        after: Option<u64>,
        field: &str,
    ) -> Result<(), Refusal> {
        let there = records.iter().all(|r| *r < self.size && after.is_none_or(|after| *r > after));
        demand(there, Code::TargetMissing, field)
    }

    /// Refusals 64 to 66: the issuer may do this by the consent that the statement refers to.
    pub(crate) fn demand_consent(
        &self,
        statement: &Statement,
        right: Right,
        scope: &Scope,
        field: &str,
    ) -> Result<(), Refusal> {
        let (issuer, _) = self.parties()?;
        let consented = self.consent()?;
        demand(issuer.address == consented.consent.grantee, Code::NotGrantee, "who")?;
        self.demand_at(statement, consented.in_force(self.time), Code::GrantOver, "refers")?;
        demand(consented.covers(right, scope), Code::BeyondGrant, field)
    }

    /// A refusal that names the record referred to, unless `holds`.
    pub(crate) fn demand_at(
        &self,
        statement: &Statement,
        holds: bool,
        code: Code,
        field: &str,
    ) -> Result<(), Refusal> {
        let place = (statement.address.map_or(0, |a| a.number), statement.refers.unwrap_or_default());
        if holds { Ok(()) } else { Err(Refusal::new(code, field).at(place)) }
    }

    /// Refusal 46: the subject has a fund cell for this insurance and currency, or room for one.
    pub(crate) fn demand_flows(&self, insurance: Insurance, currency: Currency) -> Result<(), Refusal> {
        let (_, subject) = self.parties()?;
        let there = subject.state.flows(insurance, currency).is_some();
        demand(there || subject.state.cells_free() >= 1, Code::StateFull, "what")
    }
}

impl<'a> Scene<'a> {
    /// Refusal 76: the account has no departure in force.
    pub(crate) fn demand_here(&self) -> Result<(), Refusal> {
        let (_, subject) = self.parties()?;
        let left = |leaving: &&Leaving| leaving.in_force(self.time);
        match subject.state.leaving().filter(left) {
            Some(leaving) => {
                let place = (subject.address.number, leaving.departure);
                Err(Refusal::new(Code::Departed, "address").at(place))
            }
            None => Ok(()),
        }
    }

    /// Refusal 79: account 0 recognises that ledger by the list that is shown.
    pub(crate) fn demand_recognised(&self, shown: &Showing, origin: &Origin) -> Result<(), Refusal> {
        let known = self.registrar.and_then(|state| state.recognised(origin));
        demand(known == Some(list_hash(&shown.list)), Code::NotRecognised, "shown")
    }
}

/// Refusal 67: a bureau that is to watch over a move is one.
pub(crate) fn demand_watcher(scene: &Scene<'_>, bureau: Option<Address>, field: &str) -> Result<(), Refusal> {
    let is_one = || scene.named.is_some_and(|n| n.state.grants(Role::Bureau).any(|g| g.in_force(scene.time)));
    demand(bureau.is_none() || is_one(), Code::BureauUnfit, field)
}

/// Refusal 36: the month is at most one later than that of `time`.
pub(crate) fn demand_month(month: Option<Month>, time: Time) -> Result<(), Refusal> {
    let latest = time.month().ordinal() + 1;
    demand(month.is_some_and(|m| m.ordinal() <= latest), Code::MonthInFuture, "month")
}

/// Refusal 38: the fund that *what* names may take this insurance.
pub(crate) fn demand_fund(scene: &Scene<'_>, insurance: Insurance) -> Result<(), Refusal> {
    let fit = scene.named.is_some_and(|f| f.state.may(Role::Fund, insurance, scene.time));
    demand(fit, Code::FundUnfit, "what")
}

/// Refusal 44: the reference was not taken.
pub(crate) fn demand_reference(scene: &Scene<'_>) -> Result<(), Refusal> {
    match scene.reference {
        Some(place) => Err(Refusal::new(Code::ReferenceTaken, "who").at(place)),
        None => Ok(()),
    }
}

/// A refusal unless `holds`.
pub(crate) fn demand(holds: bool, code: Code, field: &str) -> Result<(), Refusal> {
    if holds { Ok(()) } else { Err(Refusal::new(code, field)) }
}

/// Refusals 31 to 33: one of `roles`, for `insurance` if one is given, in force.
pub(crate) fn demand_role(
    state: &State,
    roles: &[Role],
    insurance: Option<Insurance>,
    time: Time,
) -> Result<(), Refusal> {
    let held = || state.roles.iter().map(|h| &h.grant).filter(|g| roles.contains(&g.role));
    let covers = |g: &&Grant| insurance.is_none_or(|i| g.covers(i));
    demand(held().next().is_some(), Code::RoleMissing, "who")?;
    demand(held().any(|g| covers(&g)), Code::RoleNotCovering, "who")?;
    demand(held().filter(covers).any(|g| g.in_force(time)), Code::RoleExpired, "who")
}

/// Refusals 39 to 42, shared by settlements and corrections of a contribution, for a month and perhaps a currency.
pub(crate) fn demand_open(
    scene: &Scene<'_>,
    statement: &Statement,
    entry: &Entry,
    currency: Option<Currency>,
) -> Result<(), Refusal> {
    scene.demand_at(statement, !entry.void, Code::TargetVoid, "refers")?;
    scene.demand_at(statement, !entry.settled, Code::Settled, "refers")?;
    demand(statement.month == Some(entry.month), Code::MonthDiffers, "month")?;
    demand(currency.is_none_or(|c| c == entry.amount.currency), Code::CurrencyDiffers, "amount")
}
