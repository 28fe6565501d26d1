//! What an account's way from one ledger to another is made of: the facets that say it, the cells that keep it, and what one ledger is shown of
//! the other.
//!
//! Source: `spec/moving.md`.

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::cbor::{COUNT_LIMIT, Cbor, Malformed, Reader, Writer};
use crate::facet::What;
use crate::hash::{Hash, Tag, tagged};
use crate::identity::Token;
use crate::text::Text;
use crate::value::{self, AMOUNT_MAX, Currency, Insurance, Month, Origin, Time};

/// The most bytes of a trust list in a facet.
pub const MAX_LIST: usize = 8192;
/// The most bytes of a proof file in a facet.
pub const MAX_SHOWN: usize = 32_768;
/// The most postings, and the most accounts of issuers, in a proof that is shown: each costs the ledger signatures and hashes.
pub const MAX_PARTS: usize = 4;
/// The most arrivals in an account.
pub const MAX_ARRIVALS: usize = 16;
/// The most transfers under one departure, and of one arrival.
pub const MAX_TRANSFERS: usize = 64;
/// The most ledgers that a ledger recognises.
pub const MAX_LEDGERS: usize = 256;

/// Where an account departs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct To {
    /// The ledger.
    pub origin: Origin,
    /// The account there.
    pub address: Address,
    /// The bureau of this ledger that watches over it.
    pub bureau: Option<Address>,
}

impl Cbor for To {
    fn encode(&self, w: &mut Writer) {
        w.array(3);
        self.origin.encode(w);
        self.address.encode(w);
        w.optional(self.bureau.as_ref());
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(3, "where to, of 3 elements")?;
        Ok(Self { origin: Cbor::decode(r)?, address: Cbor::decode(r)?, bureau: r.optional()? })
    }
}

/// What arrives: an account of another ledger, as it stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct From {
    /// The ledger.
    pub origin: Origin,
    /// The account there.
    pub address: Address,
    /// Sequence of its departure; none where a bureau rules.
    pub departure: Option<u64>,
    /// How many records it had.
    pub size: u64,
    /// The root of its account tree.
    pub root: Hash,
    /// The bureau of this ledger that watches over it.
    pub bureau: Option<Address>,
}

impl Cbor for From {
    fn encode(&self, w: &mut Writer) {
        w.array(6);
        self.origin.encode(w);
        self.address.encode(w);
        w.optional(self.departure.as_ref());
        w.uint(self.size);
        self.root.encode(w);
        w.optional(self.bureau.as_ref());
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(6, "where from, of 6 elements")?;
        Ok(Self {
            origin: Cbor::decode(r)?,
            address: Cbor::decode(r)?,
            departure: r.optional()?,
            size: r.below(COUNT_LIMIT, "a number of records")?,
            root: Cbor::decode(r)?,
            bureau: r.optional()?,
        })
    }
}

impl From {
    /// Hash no 13: what an arrival takes, so that one account does not arrive in two.
    pub fn token(&self) -> Token {
        Token(tagged(Tag::Arrived, 2, |w| {
            self.origin.encode(w);
            self.address.id.encode(w);
        }))
    }
}

/// What one ledger is shown of another: a trust list of that one, and a proof file.
#[derive(Clone, PartialEq, Eq)]
pub struct Showing {
    /// The trust list, UTF-8 text.
    pub list: Vec<u8>,
    /// The proof file.
    pub file: Vec<u8>,
}

impl std::fmt::Debug for Showing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Showing({} and {} bytes)", self.list.len(), self.file.len())
    }
}

/// Bytes, at least one and at most so many.
fn some_bytes(r: &mut Reader<'_>, most: usize, what: &'static str) -> Result<Vec<u8>, Malformed> {
    let fault = r.fault(what);
    let bytes = r.bytes()?;
    if bytes.is_empty() || bytes.len() > most { Err(fault) } else { Ok(bytes.to_vec()) }
}

/// Hash no 12: which trust list it is.
pub fn list_hash(list: &[u8]) -> Hash {
    tagged(Tag::LedgerList, 1, |w| w.bytes(list))
}

impl Cbor for Showing {
    fn encode(&self, w: &mut Writer) {
        w.array(2);
        w.bytes(&self.list);
        w.bytes(&self.file);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(2, "a list and a file")?;
        Ok(Self {
            list: some_bytes(r, MAX_LIST, "a trust list of 1 to 8192 bytes")?,
            file: some_bytes(r, MAX_SHOWN, "a proof file of 1 to 32,768 bytes")?,
        })
    }
}

/// A ledger that the registrar recognises, or no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerList {
    /// Its name.
    pub origin: Origin,
    /// A trust list of it alone, UTF-8 text; none: it is recognised no more.
    pub list: Option<Vec<u8>>,
}

impl Cbor for LedgerList {
    fn encode(&self, w: &mut Writer) {
        w.array(2);
        self.origin.encode(w);
        match &self.list {
            Some(list) => w.bytes(list),
            None => w.null(),
        }
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(2, "a ledger and its list")?;
        let origin = Cbor::decode(r)?;
        let list =
            if r.null() { None } else { Some(some_bytes(r, MAX_LIST, "a trust list of 1 to 8192 bytes")?) };
        Ok(Self { origin, list })
    }
}

/// What money moves, in minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// From the person's own account.
    pub own: u64,
    /// From the pooled fund, for her.
    pub pooled: u64,
    /// What the fund that she leaves keeps of the pooled part: for people.
    pub kept: u64,
    /// The currency.
    pub currency: Currency,
}

impl Moved {
    /// Whether something moves, and all of it fits.
    pub fn in_range(&self) -> bool {
        let moves = self.own.saturating_add(self.pooled);
        moves >= 1 && moves.saturating_add(self.kept) <= AMOUNT_MAX
    }
}

impl Cbor for Moved {
    fn encode(&self, w: &mut Writer) {
        w.array(4);
        for part in [self.own, self.pooled, self.kept] {
            w.uint(part);
        }
        self.currency.encode(w);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(4, "what moves, of 4 elements")?;
        Ok(Self {
            own: value::amount(r)?,
            pooled: value::amount(r)?,
            kept: value::amount(r)?,
            currency: Cbor::decode(r)?,
        })
    }
}

/// Sequence of a transferred-out in the old account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OutAt(pub u64);

impl Cbor for OutAt {
    fn encode(&self, w: &mut Writer) {
        w.uint(self.0);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        u64::decode(r).map(Self)
    }
}

/// Contributions from before the ledger, as a paper has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paper {
    /// The insurance.
    pub insurance: Insurance,
    /// The scheme.
    pub scheme: Text<32>,
    /// Who paid, as written there.
    pub payer: Text<128>,
    /// First and last month.
    pub months: (Month, Month),
    /// Of all these months together, in minor units; 0 if it does not say.
    pub amount: u64,
    /// The currency.
    pub currency: Currency,
}

impl Cbor for Paper {
    fn encode(&self, w: &mut Writer) {
        w.array(6);
        self.insurance.encode(w);
        self.scheme.encode(w);
        self.payer.encode(w);
        w.array(2);
        self.months.0.encode(w);
        self.months.1.encode(w);
        w.uint(self.amount);
        self.currency.encode(w);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(6, "what a paper says, of 6 elements")?;
        let (insurance, scheme, payer) = (Cbor::decode(r)?, Cbor::decode(r)?, Cbor::decode(r)?);
        let fault = r.fault("a first month that is not after the last");
        r.array_of(2, "first and last month")?;
        let months: (Month, Month) = (Cbor::decode(r)?, Cbor::decode(r)?);
        if months.0 > months.1 {
            return Err(fault);
        }
        Ok(Self { insurance, scheme, payer, months, amount: value::amount(r)?, currency: Cbor::decode(r)? })
    }
}

/// What a paper's words were read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaperSource {
    /// The document, in words.
    pub document: Text<128>,
    /// SHA-256 of the file, or of its scan.
    pub digest: Hash,
    /// Where in it.
    pub page: Option<Text<32>>,
}

impl Cbor for PaperSource {
    fn encode(&self, w: &mut Writer) {
        w.array(3);
        self.document.encode(w);
        self.digest.encode(w);
        w.optional(self.page.as_ref());
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(3, "a source of 3 elements")?;
        Ok(Self { document: Cbor::decode(r)?, digest: Cbor::decode(r)?, page: r.optional()? })
    }
}

/// Money that left under a departure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Out {
    /// Sequence of the transferred-out.
    pub sequence: u64,
    /// The insurance.
    pub insurance: Insurance,
    /// The currency.
    pub currency: Currency,
    /// From the person's own account, in minor units.
    pub own: u64,
    /// From the pooled fund.
    pub pooled: u64,
}

impl Cbor for Out {
    fn encode(&self, w: &mut Writer) {
        w.array(5);
        w.uint(self.sequence);
        self.insurance.encode(w);
        self.currency.encode(w);
        w.uint(self.own);
        w.uint(self.pooled);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(5, "money that left, of 5 elements")?;
        Ok(Self {
            sequence: u64::decode(r)?,
            insurance: Cbor::decode(r)?,
            currency: Cbor::decode(r)?,
            own: value::amount(r)?,
            pooled: value::amount(r)?,
        })
    }
}

/// A departure that stands: the content of the move cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaving {
    /// Sequence of the departure.
    pub departure: u64,
    /// The ledger that it goes to.
    pub origin: Origin,
    /// The account there.
    pub address: Address,
    /// From when on it is in force.
    pub due: Time,
    /// What money left, in order.
    pub outs: Vec<Out>,
    /// Whether the move is closed.
    pub closed: bool,
}

impl Leaving {
    /// Whether it is in force.
    pub fn in_force(&self, time: Time) -> bool {
        self.due <= time
    }
}

impl Cbor for Leaving {
    fn encode(&self, w: &mut Writer) {
        w.array(6);
        w.uint(self.departure);
        self.origin.encode(w);
        self.address.encode(w);
        self.due.encode(w);
        w.list(&self.outs);
        w.bool(self.closed);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(6, "a move of 6 elements")?;
        let (departure, origin) = (u64::decode(r)?, Cbor::decode(r)?);
        let (address, due) = (Cbor::decode(r)?, Cbor::decode(r)?);
        Ok(Self { departure, origin, address, due, outs: transfers(r)?, closed: r.bool()? })
    }
}

/// At most 64 transfers.
fn transfers<T: Cbor>(r: &mut Reader<'_>) -> Result<Vec<T>, Malformed> {
    let fault = r.fault("at most 64 transfers");
    let list: Vec<T> = r.list()?;
    if list.len() > MAX_TRANSFERS { Err(fault) } else { Ok(list) }
}

/// Money that came with an arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct In {
    /// Sequence of the transferred-in.
    pub sequence: u64,
    /// What left there.
    pub out: Out,
}

impl Cbor for In {
    fn encode(&self, w: &mut Writer) {
        w.array(6);
        w.uint(self.sequence);
        w.uint(self.out.sequence);
        self.out.insurance.encode(w);
        self.out.currency.encode(w);
        w.uint(self.out.own);
        w.uint(self.out.pooled);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(6, "money that came, of 6 elements")?;
        Ok(Self {
            sequence: u64::decode(r)?,
            out: Out {
                sequence: u64::decode(r)?,
                insurance: Cbor::decode(r)?,
                currency: Cbor::decode(r)?,
                own: value::amount(r)?,
                pooled: value::amount(r)?,
            },
        })
    }
}

/// An arrival, and what came with it: an element of the arrivals cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrived {
    /// Sequence of the arrival.
    pub arrival: u64,
    /// The ledger that it came from.
    pub origin: Origin,
    /// The account there.
    pub address: Address,
    /// Its departure; none where a bureau ruled.
    pub departure: Option<u64>,
    /// How many records it had, as the last arrival says.
    pub size: u64,
    /// The root of its account tree at that size.
    pub root: Hash,
    /// What money came, in order.
    pub ins: Vec<In>,
}

impl Cbor for Arrived {
    fn encode(&self, w: &mut Writer) {
        w.array(7);
        w.uint(self.arrival);
        self.origin.encode(w);
        self.address.encode(w);
        w.optional(self.departure.as_ref());
        w.uint(self.size);
        self.root.encode(w);
        w.list(&self.ins);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(7, "an arrival of 7 elements")?;
        Ok(Self {
            arrival: u64::decode(r)?,
            origin: Cbor::decode(r)?,
            address: Cbor::decode(r)?,
            departure: r.optional()?,
            size: r.below(COUNT_LIMIT, "a number of records")?,
            root: Cbor::decode(r)?,
            ins: transfers(r)?,
        })
    }
}

/// A ledger that account 0 has named: an element of the ledgers cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recognised {
    /// Its name.
    pub origin: Origin,
    /// Hash no 12 of the list; none: it is recognised no more.
    pub list: Option<Hash>,
}

impl Cbor for Recognised {
    fn encode(&self, w: &mut Writer) {
        w.array(2);
        self.origin.encode(w);
        w.optional(self.list.as_ref());
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(2, "a ledger of 2 elements")?;
        Ok(Self { origin: Cbor::decode(r)?, list: r.optional()? })
    }
}

/// What became of a departure, beside the move cell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Departing {
    /// Numbers of the accounts that approve of it.
    pub approved: Vec<u64>,
}

impl Departing {
    /// The most approvals that are counted: guardians, and a bureau with which it is due anyway.
    pub const MAX: usize = 32;
}

/// What a proof that is valid under a list says: all that is asked of a [`Showing`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The ledger.
    pub origin: Origin,
    /// Whether the ledger has ended, and the checkpoint is its last or one that the list pins.
    pub pinned: bool,
    /// Whether the head is young enough to count as fresh under the list.
    pub fresh: bool,
    /// Whether the last record is shown.
    pub last: bool,
    /// The head's time.
    pub time: Time,
    /// The account.
    pub address: Address,
    /// How many records it has.
    pub size: u64,
    /// The root of its tree.
    pub root: Hash,
    /// Departures shown, signed by the account's key: sequence, and where to.
    pub departures: Vec<(u64, To)>,
    /// The move cell of the last record.
    pub leaving: Option<Leaving>,
    /// The arrivals cell of the last record.
    pub arrivals: Option<Vec<Arrived>>,
    /// Money that left, by funds that are proved: sequence, departure, of what, how much.
    pub outs: Vec<(u64, u64, What, Moved)>,
}

impl Facts {
    /// Whether it shows that this arrives, in this account of this ledger.
    pub fn show_arrival(&self, from: &From, origin: &Origin, here: &Address, by_bureau: bool) -> bool {
        let same = (&self.address, self.size, &self.root, &self.origin)
            == (&from.address, from.size, &from.root, &from.origin);
        let departed = |sequence: u64| {
            let to = |to: &To| to.origin == *origin && to.address == *here;
            let said = self.departures.iter().any(|(at, t)| *at == sequence && to(t));
            let stands = self
                .leaving
                .as_ref()
                .is_some_and(|leaving| leaving.departure == sequence && leaving.in_force(self.time));
            said && stands && self.fresh
        };
        // What went elsewhere before its ledger ended does not come here.
        let elsewhere = self.leaving.as_ref().is_some_and(|leaving| {
            leaving.in_force(self.time) && (leaving.origin != *origin || leaving.address != *here)
        });
        same && match from.departure {
            Some(sequence) => departed(sequence),
            None => by_bureau && self.pinned && self.last && !elsewhere,
        }
    }

    /// Whether it shows that this left, from what arrived.
    pub fn show_out(&self, arrived: &Arrived, out: OutAt, insurance: Insurance, moved: &Moved) -> bool {
        self.origin == arrived.origin
            && self.address == arrived.address
            && self.outs.iter().any(|(sequence, departure, what, left)| {
                *sequence == out.0
                    && Some(*departure) == arrived.departure
                    && what.insurance == insurance
                    && left == moved
            })
    }

    /// What arrived there of this account and its departure; none if it is not shown.
    pub fn arrival_of(&self, leaving: &Leaving, origin: &Origin, here: &Address) -> Option<&Arrived> {
        let there = self.origin == leaving.origin && self.address == leaving.address;
        let arrived = self.arrivals.as_ref().filter(|_| there)?;
        arrived.iter().find(|arrived| {
            arrived.origin == *origin
                && arrived.address == *here
                && arrived.departure == Some(leaving.departure)
        })
    }
}

/// Whether all that left came.
pub fn matched(outs: &[Out], arrived: &Arrived) -> bool {
    outs.iter().all(|out| arrived.ins.iter().any(|came| came.out == *out))
}
