//! What judging one statement looks at, and the checks that several types share.
//!
//! Source: `spec/README.md` §8.

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::facet::{Amount, Source};
use crate::key::PublicKey;
use crate::refusal::{Code, Place, Refusal};
use crate::role::{Grant, Role};
use crate::state::State;
use crate::value::{Insurance, Month, Time};

/// What became of a contribution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Number of the issuer's account.
    pub issuer: u64,
    /// Who paid.
    pub source: Source,
    /// The insurance.
    pub insurance: Insurance,
    /// The month.
    pub month: Month,
    /// Number of the fund's account.
    pub fund: u64,
    /// The latest amount.
    pub amount: Amount,
    /// Whether the fund has confirmed it.
    pub settled: bool,
    /// Whether it was voided.
    pub void: bool,
}

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
    /// For a statement that refers to a contribution: its entry.
    pub entry: Option<&'a Entry>,
    /// For a contribution: the fund it names, if its number and id exist.
    pub fund: Option<Party<'a>>,
    /// For a contribution: where this issuer used its reference before, in this account.
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

    /// The entry that the statement refers to.
    pub(crate) fn target(&self) -> Result<&'a Entry, Refusal> {
        self.entry.ok_or_else(|| Refusal::new(Code::TargetMissing, "refers"))
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

/// Refusals 39 to 42, shared by all that refers to an entry of `subject` at `place`, for a month and perhaps an amount.
pub(crate) fn demand_open(
    entry: &Entry,
    place: Place,
    month: Option<Month>,
    amount: Option<&Amount>,
) -> Result<(), Refusal> {
    if entry.void {
        return Err(Refusal::new(Code::TargetVoid, "refers").at(place));
    }
    if entry.settled {
        return Err(Refusal::new(Code::Settled, "refers").at(place));
    }
    demand(month == Some(entry.month), Code::MonthDiffers, "month")?;
    demand(amount.is_none_or(|a| a.currency == entry.amount.currency), Code::CurrencyDiffers, "amount")
}
