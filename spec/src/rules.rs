//! The transition function: `apply(state, statement) → state or refusal`, in two halves.
//!
//! 1. [`judge`] looks at the statement and everything around it, changes nothing, and gives the first refusal in the published order.
//! 2. [`effect`] changes the state. It cannot refuse, so that a wallet, which cannot see all that surrounds a statement, folds the same states as the ledger.
//!
//! Source: `spec/README.md` §8 and §9.

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::key::PublicKey;
use crate::posting::Payload;
use crate::refusal::{Code, Place, Refusal};
use crate::role::Role;
use crate::state::{CONTROL, Change, Held, MAX_CELLS, ROLES, State};
use crate::statement::{Amount, Body, Keys, Source, Statement, Type};
use crate::value::{AMOUNT_MAX, Insurance, Month, Time};

/// How far, in seconds, a posting's time may be ahead of the commit's.
pub const CLOCK_SKEW: u64 = 600;

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

/// Judges a posting as a whole, once signature and roots hold: refusals 6 to 9, but for `posting-id-taken`, whose answer is given.
///
/// # Errors
/// The first refusal that applies.
pub fn judge_posting(
    payload: &Payload,
    kid: &PublicKey,
    rotation_alone: bool,
    time: Time,
    issuer: Option<Party<'_>>,
    id_taken: bool,
) -> Result<(), Refusal> {
    if payload.time.seconds() > time.seconds() + CLOCK_SKEW {
        return Err(Refusal::new(Code::PostingInFuture, "time"));
    }
    if payload.issuer.is_some() && issuer.is_none() {
        return Err(Refusal::new(Code::UnknownIssuer, "issuer"));
    }
    if id_taken {
        return Err(Refusal::new(Code::PostingIdTaken, "posting-id"));
    }
    if let Some(issuer) = issuer {
        let keys = &issuer.state.control.keys;
        if keys.key != *kid && !(rotation_alone && kid.commitment() == keys.next) {
            return Err(Refusal::new(Code::KeyNotCurrent, "kid"));
        }
    }
    Ok(())
}

/// Whether a posting's only statement is a rotation, which the pre-committed next key may sign.
pub fn is_rotation_alone(statements: &[Statement]) -> bool {
    matches!(statements, [only] if only.kind == Type::Rotated as u64)
}

fn refuse(code: Code, field: &str) -> Result<(), Refusal> {
    Err(Refusal::new(code, field))
}

fn demand(holds: bool, code: Code, field: &str) -> Result<(), Refusal> {
    if holds { Ok(()) } else { refuse(code, field) }
}

/// Refusals 31 to 33: one of `roles`, for `insurance` if one is given, in force.
fn demand_role(
    state: &State,
    roles: &[Role],
    insurance: Option<Insurance>,
    time: Time,
) -> Result<(), Refusal> {
    let held = || state.roles.iter().map(|h| &h.grant).filter(|g| roles.contains(&g.role));
    let covers = |g: &&crate::role::Grant| insurance.is_none_or(|i| g.covers(i));
    demand(held().next().is_some(), Code::RoleMissing, "who")?;
    demand(held().any(|g| covers(&g)), Code::RoleNotCovering, "who")?;
    demand(held().filter(covers).any(|g| g.in_force(time)), Code::RoleExpired, "who")
}

/// Judges one statement.
///
/// # Errors
/// The first refusal that applies, in the order of their codes from 22.
pub fn judge(scene: &Scene<'_>, statement: &Statement, body: &Body) -> Result<(), Refusal> {
    let issuer = scene.issuer.map(|p| p.address);
    let subject = match (statement.address, scene.subject) {
        (Some(_), None) => return refuse(Code::UnknownAccount, "address"),
        (_, subject) => subject,
    };
    let named = match body {
        Body::Opened(b) => b.who,
        Body::Rotated(b) => Some(b.who),
        Body::Granted(b) => Some(b.who),
        Body::Revoked(b) => Some(b.who),
        Body::Contribution(b) => Some(b.who.issuer),
        Body::Settlement(b) => Some(b.who.issuer),
        Body::Correction(b) => Some(b.who.issuer),
    };
    demand(named == issuer, Code::IssuerNotNamed, "who")?;
    if let Body::Opened(opened) = body {
        demand(issuer.is_some() || opened.keys.key == scene.kid, Code::OpeningKey, "keys")?;
        if let Some(number) = scene.same_id {
            return Err(Refusal::new(Code::IdTaken, "address").at((number, 0)));
        }
        return match scene.issuer {
            None => Ok(()),
            Some(issuer) => {
                let may = [Role::Platform, Role::Employer, Role::Bureau, Role::Agent];
                demand_role(issuer.state, &may, None, scene.time)
            }
        };
    }
    // Every other type names an account and an issuer, so both are there.
    let (Some(subject), Some(issuer)) = (subject, scene.issuer) else {
        return refuse(Code::UnknownAccount, "address");
    };
    match body {
        Body::Opened(_) => Ok(()),
        Body::Rotated(rotated) => {
            demand(issuer.address == subject.address, Code::NotYours, "who")?;
            let Keys { key, .. } = rotated.keys;
            demand(key.commitment() == subject.state.control.keys.next, Code::NextKey, "keys")?;
            demand(scene.alone && key == scene.kid, Code::RotationAlone, "keys")
        }
        Body::Granted(_) => demand(issuer.address.number == 0, Code::NotRegistrar, "who"),
        Body::Revoked(_) => {
            demand(issuer.address.number == 0, Code::NotRegistrar, "who")?;
            let held = subject.state.roles.iter().any(|h| Some(h.sequence) == statement.refers);
            demand(held, Code::TargetMissing, "refers")
        }
        Body::Contribution(c) => {
            let (insurance, amount) = (c.what.insurance, &c.amount);
            match c.who.source.role() {
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
            let cells = subject.state.cells() + subject.state.cells_missing(insurance, amount.currency);
            demand(cells <= MAX_CELLS, Code::StateFull, "what")
        }
        Body::Settlement(s) => {
            let Some(entry) = scene.entry else { return refuse(Code::TargetMissing, "refers") };
            demand_role(issuer.state, &[Role::Fund], Some(entry.insurance), scene.time)?;
            demand(issuer.address.number == entry.fund, Code::NotFund, "who")?;
            demand(s.amount.in_range(), Code::AmountRange, "amount")?;
            judge_entry(entry, statement, Some(&s.amount), subject)?;
            demand(s.amount == entry.amount, Code::AmountDiffers, "amount")
        }
        Body::Correction(c) => {
            let Some(entry) = scene.entry else { return refuse(Code::TargetMissing, "refers") };
            demand(issuer.address.number == entry.issuer, Code::NotIssuer, "who")?;
            demand(c.amount.is_none_or(|a| a.in_range()), Code::AmountRange, "amount")?;
            judge_entry(entry, statement, c.amount.as_ref(), subject)?;
            let Some(new) = c.amount else { return Ok(()) };
            demand(new != entry.amount, Code::AmountDiffers, "amount")?;
            let posted = subject.state.totals(entry.insurance, new.currency).map_or(0, |(_, t)| t.posted);
            let rest = posted.saturating_sub(entry.amount.amount);
            demand(rest + new.amount <= AMOUNT_MAX, Code::TotalOverflow, "amount")
        }
    }
}

/// Refusals 39 to 42, shared by all that refers to an entry.
fn judge_entry(
    entry: &Entry,
    statement: &Statement,
    amount: Option<&Amount>,
    subject: Party<'_>,
) -> Result<(), Refusal> {
    let place = (subject.address.number, statement.refers.unwrap_or_default());
    if entry.void {
        return Err(Refusal::new(Code::TargetVoid, "refers").at(place));
    }
    if entry.settled {
        return Err(Refusal::new(Code::Settled, "refers").at(place));
    }
    demand(statement.month == Some(entry.month), Code::MonthDiffers, "month")?;
    demand(amount.is_none_or(|a| a.currency == entry.amount.currency), Code::CurrencyDiffers, "amount")
}

/// Changes the state by a statement that was accepted, of every type but `opened`. A contribution makes an entry; a settlement or
/// correction changes the one it refers to. Returns the indexes of the cells whose content changed, and the new or changed entry.
pub fn effect(
    state: &mut State,
    body: &Body,
    month: Option<Month>,
    sequence: u64,
    refers: Option<u64>,
    entry: Option<Entry>,
) -> (Vec<usize>, Option<Entry>) {
    match (body, month, entry) {
        (Body::Rotated(rotated), _, _) => {
            let changed = state.control.keys != rotated.keys;
            state.control.keys = rotated.keys;
            (if changed { vec![CONTROL] } else { Vec::new() }, None)
        }
        (Body::Granted(granted), _, _) => {
            state.roles.push(Held { grant: granted.role.clone(), sequence });
            (vec![ROLES], None)
        }
        (Body::Revoked(_), _, _) => {
            state.roles.retain(|held| Some(held.sequence) != refers);
            (vec![ROLES], None)
        }
        (Body::Contribution(c), Some(month), _) => {
            let entry = Entry {
                issuer: c.who.issuer.number,
                source: c.who.source,
                insurance: c.what.insurance,
                month,
                fund: c.what.fund.number,
                amount: c.amount,
                settled: false,
                void: false,
            };
            let change = Change { plus: Change::parts(&c.amount), standing: 1, ..Change::default() };
            (state.tally((entry.insurance, c.amount.currency, month), &change), Some(entry))
        }
        (Body::Settlement(_), _, Some(mut entry)) => {
            entry.settled = true;
            let change =
                Change { settled: Change::parts(&entry.amount), settlements: 1, ..Change::default() };
            let changed = state.tally((entry.insurance, entry.amount.currency, entry.month), &change);
            (changed, Some(entry))
        }
        (Body::Correction(c), _, Some(mut entry)) => {
            let minus = Change::parts(&entry.amount);
            let key = (entry.insurance, entry.amount.currency, entry.month);
            let change = match &c.amount {
                Some(new) => {
                    entry.amount = *new;
                    Change { plus: Change::parts(new), minus, ..Change::default() }
                }
                None => {
                    entry.void = true;
                    Change { minus, standing: -1, ..Change::default() }
                }
            };
            (state.tally(key, &change), Some(entry))
        }
        // An opening makes its state; a statement without the entry or month it needs was never accepted.
        (Body::Opened(_) | Body::Contribution(_) | Body::Settlement(_) | Body::Correction(_), _, entry) => {
            (Vec::new(), entry)
        }
    }
}
