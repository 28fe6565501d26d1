//! What a statement says: its head and facets read as `spec/README.md` §5 writes them, into plain values.
//!
//! Here are refusals 20 (`unknown-type`) and 21 (`malformed-facet`); everything else is judged on what is read.

use peal_spec::address::Address;
use peal_spec::cbor::{Reader, Writer};
use peal_spec::refusal::{Code, Refusal};
use peal_spec::statement::Statement;

pub use super::move_shapes::{From, Moved, Shown, To};
use super::move_shapes::{from, ledger, moved, paper, sequence, shown, source, to};
pub use super::shapes::{AMOUNT_MAX, Claim, Consent, Entitlement, Interest, Keys, Money, Scope};
use super::shapes::{
    Read, address, answer, bytes32, claim, consent, entitlement, evidence, interest, keys, looked, money,
    nullable, payer, records, recovery, returned, role, ruling, signed_text, sum, text, what, worked,
};

/// The types that there are.
pub const KINDS: [u64; 41] = [
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 27, 29, 30, 31, 32,
    33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45,
];

/// What a statement says, beyond its head.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the page")]
pub enum Said {
    Opened {
        who: Option<Address>,
        keys: Keys,
        guardians: Vec<Address>,
        need: u64,
        delay: u64,
    },
    Rotated {
        who: Address,
        keys: Keys,
    },
    Granted {
        who: Address,
        role: u64,
        insurances: Vec<u64>,
        until: Option<u64>,
    },
    Revoked {
        who: Address,
    },
    Contribution {
        source: u64,
        who: Address,
        reference: String,
        insurance: u64,
        fund: Address,
        money: Money,
    },
    Settlement {
        who: Address,
        money: Money,
    },
    Correction {
        who: Address,
        money: Option<Money>,
    },
    RecoveryApproved {
        who: Address,
        keys: Keys,
    },
    RecoveryVetoed {
        who: Address,
    },
    RecoveryCompleted {
        who: Address,
        keys: Keys,
    },
    RecoveryChanged {
        who: Address,
        keys: Keys,
        guardians: Vec<Address>,
        need: u64,
        delay: u64,
    },
    Engagement {
        who: Address,
        reference: String,
        end: u64,
        currency: String,
    },
    Benefit {
        who: Address,
        reference: String,
        amount: u64,
        currency: String,
    },
    Refund {
        who: Address,
        reference: String,
        amount: u64,
        credited: u64,
        currency: String,
    },
    Interest {
        who: Address,
        reference: String,
        insurance: u64,
        fund: Address,
        interest: Interest,
    },
    Award {
        who: Address,
        reference: String,
        insurance: u64,
        fund: Address,
        entitlement: Entitlement,
    },
    RefundReceived {
        who: Address,
        reference: String,
        amount: u64,
        currency: String,
    },
    Matching {
        source: u64,
        who: Address,
        reference: String,
        insurance: u64,
        fund: Address,
        money: Money,
    },
    Claim {
        who: Address,
        kind: u64,
        claim: Claim,
    },
    Ruling {
        who: Address,
        outcome: u64,
    },
    ConsentGranted {
        who: Address,
        consent: Consent,
    },
    ConsentRevoked {
        who: Address,
    },
    Access {
        who: Address,
        looked: Scope,
    },
    AccessUnasked {
        who: Address,
    },
    ClaimFor {
        who: Address,
        kind: u64,
        claim: Claim,
    },
    ClaimAnswered {
        who: Address,
        accepts: bool,
        records: Vec<u64>,
    },
    ClaimClosed {
        who: Address,
    },
    ClaimRemedied {
        who: Address,
        records: Vec<u64>,
    },
    PaidFor {
        source: u64,
        who: Address,
        reference: String,
        insurance: u64,
        fund: Address,
        money: Money,
    },
    IdentityBound {
        who: Address,
        token: [u8; 32],
    },
    AccountLinked {
        who: Address,
        link: Address,
    },
    Withdrawn {
        who: Address,
    },
    Erased {
        who: Address,
    },
    Departure {
        who: Address,
        to: To,
    },
    Arrival {
        who: Address,
        from: From,
        shown: Shown,
    },
    TransferredOut {
        who: Address,
        reference: String,
        insurance: u64,
        fund: Address,
        moved: Moved,
    },
    TransferredIn {
        who: Address,
        reference: String,
        insurance: u64,
        fund: Address,
        moved: Moved,
        out: u64,
        shown: Shown,
    },
    MoveClosed {
        who: Address,
        shown: Shown,
    },
    DepartureApproved {
        who: Address,
    },
    LedgerRecognised {
        who: Address,
        origin: String,
        list: Option<Vec<u8>>,
    },
    Transcribed {
        who: Address,
        reference: String,
        last: u32,
    },
}

impl Said {
    /// The issuer that *who* names; none for a self-opening.
    pub fn who(&self) -> Option<Address> {
        match self {
            Said::Opened { who, .. } => *who,
            Said::Rotated { who, .. }
            | Said::Granted { who, .. }
            | Said::Revoked { who }
            | Said::Contribution { who, .. }
            | Said::Settlement { who, .. }
            | Said::Correction { who, .. }
            | Said::RecoveryApproved { who, .. }
            | Said::RecoveryVetoed { who }
            | Said::RecoveryCompleted { who, .. }
            | Said::RecoveryChanged { who, .. }
            | Said::Engagement { who, .. }
            | Said::Benefit { who, .. }
            | Said::Refund { who, .. }
            | Said::Interest { who, .. }
            | Said::Award { who, .. }
            | Said::RefundReceived { who, .. }
            | Said::Matching { who, .. }
            | Said::Claim { who, .. }
            | Said::Ruling { who, .. }
            | Said::ConsentGranted { who, .. }
            | Said::ConsentRevoked { who }
            | Said::Access { who, .. }
            | Said::AccessUnasked { who }
            | Said::ClaimFor { who, .. }
            | Said::ClaimAnswered { who, .. }
            | Said::ClaimClosed { who }
            | Said::ClaimRemedied { who, .. }
            | Said::PaidFor { who, .. }
            | Said::IdentityBound { who, .. }
            | Said::AccountLinked { who, .. }
            | Said::Withdrawn { who }
            | Said::Erased { who }
            | Said::Departure { who, .. }
            | Said::Arrival { who, .. }
            | Said::TransferredOut { who, .. }
            | Said::TransferredIn { who, .. }
            | Said::MoveClosed { who, .. }
            | Said::DepartureApproved { who }
            | Said::LedgerRecognised { who, .. }
            | Said::Transcribed { who, .. } => Some(*who),
        }
    }

    /// The reference that it takes, with the type among whose references it is: those of a matching and a payment
    /// for somebody are of contributions.
    pub fn takes(&self) -> Option<(u64, &str)> {
        match self {
            Said::Contribution { reference, .. }
            | Said::Matching { reference, .. }
            | Said::PaidFor { reference, .. } => Some((5, reference)),
            Said::Engagement { reference, .. } => Some((13, reference)),
            Said::Benefit { reference, .. } => Some((14, reference)),
            Said::Refund { reference, .. } => Some((15, reference)),
            Said::Interest { reference, .. } => Some((16, reference)),
            Said::Award { reference, .. } => Some((30, reference)),
            Said::RefundReceived { reference, .. } => Some((31, reference)),
            Said::TransferredOut { reference, .. } => Some((40, reference)),
            Said::TransferredIn { reference, .. } => Some((41, reference)),
            Said::Transcribed { reference, .. } => Some((45, reference)),
            _ => None,
        }
    }
}

/// The names of the facets of each type, in order; empty for types that do not exist.
fn names(kind: u64) -> &'static [&'static str] {
    match kind {
        1 | 11 => &["who", "keys", "recovery"],
        2 | 8 | 10 => &["who", "keys"],
        3 => &["who", "role"],
        4 | 9 | 22 | 43 => &["who"],
        5 | 32 | 38 => &["who", "what", "amount", "evidence"],
        6 | 7 | 14 | 15 | 31 => &["who", "amount"],
        12 => &["who", "identity", "token"],
        13 => &["who", "evidence", "amount"],
        16 | 30 => &["who", "what", "amount"],
        17 | 34 => &["who", "claim", "says"],
        18 => &["who", "ruling", "says"],
        19 => &["who", "to"],
        20 => &["who", "from", "shown"],
        21 => &["who", "consent"],
        23 => &["who", "looked"],
        27 => &["who", "link"],
        33 => &["who", "looked", "says"],
        35 => &["who", "answer", "says"],
        29 | 36 | 39 => &["who", "says"],
        37 => &["who", "remedy"],
        40 => &["who", "what", "moved"],
        41 => &["who", "what", "moved", "out", "shown"],
        42 => &["who", "shown"],
        44 => &["who", "ledger"],
        45 => &["who", "paper", "source"],
        _ => &[],
    }
}

/// The facets of a statement, taken by name.
struct Facets<'s> {
    names: &'static [&'static str],
    facets: Vec<&'s [u8]>,
}

impl Facets<'_> {
    fn take<T>(&self, name: &str, read: impl FnOnce(&mut Reader<'_>) -> Read<T>) -> Result<T, Refusal> {
        let refusal = Refusal::new(Code::MalformedFacet, name);
        let place = self.names.iter().position(|n| *n == name).ok_or_else(|| refusal.clone())?;
        let mut r = Reader::new(self.facets[place]);
        let value = read(&mut r).map_err(|_| refusal.clone())?;
        r.end().map_err(|_| refusal)?;
        Ok(value)
    }
}

/// Reads a statement.
///
/// # Errors
/// `unknown-type` or `malformed-facet`.
pub fn read(statement: &Statement) -> Result<Said, Refusal> {
    let names = names(statement.kind);
    if names.is_empty() {
        return Err(Refusal::new(Code::UnknownType, "type"));
    }
    let malformed = |field: &str| Err(Refusal::new(Code::MalformedFacet, field));
    if statement.address.is_some() != (statement.kind != 1) {
        return malformed("address");
    }
    if statement.refers.is_some()
        != matches!(statement.kind, 4 | 6 | 7 | 14 | 15 | 18 | 22 | 23 | 29 | 31 | 32 | 34..=43)
    {
        return malformed("refers");
    }
    if statement.month.is_some() != matches!(statement.kind, 5..=7 | 13..=16 | 30..=32 | 38) {
        return malformed("month");
    }
    if statement.facets.len() != names.len() {
        return malformed("facets");
    }
    let facets = Facets { names, facets: statement.facets.iter().collect() };
    Ok(match statement.kind {
        1 => {
            let who = facets.take("who", |r| nullable(r, address))?;
            let keys = facets.take("keys", keys)?;
            let (guardians, need, delay) = facets.take("recovery", recovery)?;
            Said::Opened { who, keys, guardians, need, delay }
        }
        2 => Said::Rotated { who: facets.take("who", address)?, keys: facets.take("keys", keys)? },
        3 => {
            let who = facets.take("who", address)?;
            let (role, insurances, until) = facets.take("role", role)?;
            Said::Granted { who, role, insurances, until }
        }
        4 => Said::Revoked { who: facets.take("who", address)? },
        5 | 32 | 38 => contribution(&facets, statement.kind)?,
        8 => Said::RecoveryApproved { who: facets.take("who", address)?, keys: facets.take("keys", keys)? },
        9 => Said::RecoveryVetoed { who: facets.take("who", address)? },
        10 => Said::RecoveryCompleted { who: facets.take("who", address)?, keys: facets.take("keys", keys)? },
        11 => {
            let (who, keys) = (facets.take("who", address)?, facets.take("keys", keys)?);
            let (guardians, need, delay) = facets.take("recovery", recovery)?;
            Said::RecoveryChanged { who, keys, guardians, need, delay }
        }
        6 => {
            let (who, _) = facets.take("who", |r| signed_text(r, 64))?;
            Said::Settlement { who, money: facets.take("amount", money)? }
        }
        7 => {
            let (who, _) = facets.take("who", |r| signed_text(r, 128))?;
            Said::Correction { who, money: facets.take("amount", |r| nullable(r, money))? }
        }
        kind @ (13..=16 | 30 | 31) => with_reference(&facets, kind)?,
        kind @ (19 | 20 | 40..=45) => of_moves(&facets, kind)?,
        kind => by_consent_or_of_claims(&facets, kind)?,
    })
}

fn contribution(facets: &Facets<'_>, kind: u64) -> Result<Said, Refusal> {
    let (source, who, reference) = facets.take("who", payer)?;
    let (insurance, fund) = facets.take("what", what)?;
    let money = facets.take("amount", money)?;
    facets.take("evidence", |r| nullable(r, evidence))?;
    Ok(match kind {
        5 => Said::Contribution { source, who, reference, insurance, fund, money },
        32 => Said::Matching { source, who, reference, insurance, fund, money },
        _ => Said::PaidFor { source, who, reference, insurance, fund, money },
    })
}

/// The types whose *who* is the issuer alone; most of them have something for people to read, too.
fn by_consent_or_of_claims(facets: &Facets<'_>, kind: u64) -> Result<Said, Refusal> {
    let who = facets.take("who", address)?;
    let said = match kind {
        17 => {
            let (kind, claim) = facets.take("claim", claim)?;
            Said::Claim { who, kind, claim }
        }
        18 => Said::Ruling { who, outcome: facets.take("ruling", ruling)? },
        21 => Said::ConsentGranted { who, consent: facets.take("consent", consent)? },
        22 => Said::ConsentRevoked { who },
        23 => Said::Access { who, looked: facets.take("looked", looked)? },
        33 => {
            facets.take("looked", looked)?;
            Said::AccessUnasked { who }
        }
        34 => {
            let (kind, claim) = facets.take("claim", claim)?;
            Said::ClaimFor { who, kind, claim }
        }
        35 => {
            let (accepts, records) = facets.take("answer", answer)?;
            Said::ClaimAnswered { who, accepts, records }
        }
        36 => Said::ClaimClosed { who },
        12 => {
            facets.take("identity", bytes32)?;
            Said::IdentityBound { who, token: facets.take("token", bytes32)? }
        }
        27 => Said::AccountLinked { who, link: facets.take("link", address)? },
        29 => Said::Erased { who },
        39 => Said::Withdrawn { who },
        _ => Said::ClaimRemedied { who, records: facets.take("remedy", |r| records(r, 1))? },
    };
    if facets.names.contains(&"says") {
        facets.take("says", |r| text(r, 512))?;
    }
    Ok(said)
}

/// The types whose *who* is the issuer and its reference, and takes that reference.
fn with_reference(facets: &Facets<'_>, kind: u64) -> Result<Said, Refusal> {
    let (who, reference) = facets.take("who", |r| signed_text(r, 64))?;
    Ok(match kind {
        13 => {
            let end = facets.take("evidence", worked)?;
            let (_, currency) = facets.take("amount", sum)?;
            Said::Engagement { who, reference, end, currency }
        }
        14 => {
            let (amount, currency) = facets.take("amount", sum)?;
            Said::Benefit { who, reference, amount, currency }
        }
        15 => {
            let (amount, credited, currency) = facets.take("amount", returned)?;
            Said::Refund { who, reference, amount, credited, currency }
        }
        16 => {
            let (insurance, fund) = facets.take("what", what)?;
            Said::Interest { who, reference, insurance, fund, interest: facets.take("amount", interest)? }
        }
        30 => {
            let (insurance, fund) = facets.take("what", what)?;
            let entitlement = facets.take("amount", entitlement)?;
            Said::Award { who, reference, insurance, fund, entitlement }
        }
        _ => {
            let (amount, currency) = facets.take("amount", sum)?;
            Said::RefundReceived { who, reference, amount, currency }
        }
    })
}

/// The types of `spec/moving.md`.
fn of_moves(facets: &Facets<'_>, kind: u64) -> Result<Said, Refusal> {
    if matches!(kind, 40 | 41 | 45) {
        let (who, reference) = facets.take("who", |r| signed_text(r, 64))?;
        if kind == 45 {
            let last = facets.take("paper", paper)?;
            facets.take("source", source)?;
            return Ok(Said::Transcribed { who, reference, last });
        }
        let (insurance, fund) = facets.take("what", what)?;
        let moved = facets.take("moved", moved)?;
        if kind == 40 {
            return Ok(Said::TransferredOut { who, reference, insurance, fund, moved });
        }
        let out = facets.take("out", sequence)?;
        let shown = facets.take("shown", shown)?;
        return Ok(Said::TransferredIn { who, reference, insurance, fund, moved, out, shown });
    }
    let who = facets.take("who", address)?;
    Ok(match kind {
        19 => Said::Departure { who, to: facets.take("to", to)? },
        20 => {
            let from = facets.take("from", from)?;
            Said::Arrival { who, from, shown: facets.take("shown", shown)? }
        }
        42 => Said::MoveClosed { who, shown: facets.take("shown", shown)? },
        43 => Said::DepartureApproved { who },
        _ => {
            let (origin, list) = facets.take("ledger", ledger)?;
            Said::LedgerRecognised { who, origin, list }
        }
    })
}

/// Writes an address into an open array.
pub fn write_address(w: &mut Writer, address: &Address) {
    w.array(2);
    w.uint(address.number);
    w.bytes(&address.id.0);
}

/// Writes a number or null.
pub fn write_maybe(w: &mut Writer, value: Option<u64>) {
    match value {
        Some(value) => w.uint(value),
        None => w.null(),
    }
}
