//! The transition function: `apply(state, statement) → state or refusal`, in two halves.
//!
//! 1. [`judge`] looks at the statement and everything around it, changes nothing, and gives the first refusal in the published order.
//! 2. [`effect`] changes the state. It cannot refuse, so that a wallet, which cannot see all that surrounds a statement, folds the same states as the ledger.
//!
//! What is the same for all types stands here; each type's own part stands with the type, in `statement/`.
//! Source: `spec/README.md` §8 and §9.

use crate::key::PublicKey;
use crate::posting::Payload;
use crate::refusal::{Code, Refusal};
use crate::rights::ClaimKind;
use crate::scene::demand;
use crate::state::{Changed, State};
use crate::statement::{At, Body, Statement, Type};
use crate::value::Time;

pub use crate::scene::{Party, Scene};
pub use crate::target::{Entry, Target};

/// How far, in seconds, a posting's time may be ahead of the commit's.
pub const CLOCK_SKEW: u64 = 600;

/// Judges a posting as a whole, once signature and roots hold: refusals 6 to 9, but for `posting-id-taken`, whose answer is given.
/// `alone` says whether it has one statement only.
///
/// # Errors
/// The first refusal that applies.
pub fn judge_posting(
    payload: &Payload,
    kid: &PublicKey,
    alone: Alone,
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
        let rotation = alone.may_be(Type::Rotated) || alone.may_be(Type::RecoveryChanged);
        let rotates = rotation && kid.commitment() == keys.next;
        let approved = || issuer.state.approvals().iter().any(|approval| approval.keys.key == *kid);
        let recovers = alone.may_be(Type::RecoveryCompleted) && approved();
        if keys.key != *kid && !rotates && !recovers {
            return Err(Refusal::new(Code::KeyNotCurrent, "kid"));
        }
    }
    Ok(())
}

/// Whether a posting has one statement only, which another key than the present one may sign if it is a rotation or a recovery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alone {
    /// It has several.
    No,
    /// Its only statement is of this type; none if there is no such type.
    Is(Option<Type>),
    /// Its only statement was refused, and what it was is not known any more.
    Unknown,
}

impl Alone {
    /// Of a posting with these statements.
    pub fn of(statements: &[Statement]) -> Self {
        match statements {
            [only] => Self::Is(Type::from_number(only.kind)),
            _ => Self::No,
        }
    }

    fn may_be(self, kind: Type) -> bool {
        self == Self::Unknown || self == Self::Is(Some(kind))
    }
}

/// Judges one statement.
///
/// # Errors
/// The first refusal that applies, in the order of their codes from 22.
pub fn judge(scene: &Scene<'_>, statement: &Statement, body: &Body) -> Result<(), Refusal> {
    demand(statement.address.is_none() || scene.subject.is_some(), Code::UnknownAccount, "address")?;
    demand(body.issuer() == scene.issuer.map(|p| p.address), Code::IssuerNotNamed, "who")?;
    body.judge(scene, statement)?;
    if begins(body) { scene.demand_here() } else { Ok(()) }
}

/// Whether something begins with it, so that an account that has departed does not take it.
fn begins(body: &Body) -> bool {
    match body {
        Body::Claim(filed) => filed.claim.kind != ClaimKind::Transfer,
        Body::ClaimFor(filed) => filed.claim.kind != ClaimKind::Transfer,
        Body::Contribution(_)
        | Body::Matching(_)
        | Body::PaidFor(_)
        | Body::Engagement(_)
        | Body::Award(_)
        | Body::Interest(_)
        | Body::IdentityBound(_)
        | Body::Granted(_)
        | Body::Transcribed(_) => true,
        _ => false,
    }
}

/// Changes the state by a statement that was accepted, of every type but `opened`, and the record that it refers to.
/// Returns the cells whose content changed.
pub fn effect(state: &mut State, body: &Body, at: At, target: Option<&mut Target>) -> Changed {
    body.effect(state, at, target)
}
