//! Records: what the ledger makes of an accepted statement. Source: `spec/README.md` §7.

use crate::address::NUMBER_LIMIT;
use crate::cbor::{Cbor, Malformed, Reader, Writer};
use crate::hash::{self, Hash, SUITE, Seed, Tag, VERSION, derive, derive_two, tagged, tagged_two};
use crate::statement::{At, Type};
use crate::value::{Month, Time};

/// Derivation index of the salt of a record's log commitment.
const LOG_SALT: u64 = 0;
/// Derivation index of the blind of the directory leaf while a record is its account's last.
const BLIND: u64 = 1;

/// A leaf of an account tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Number of the account.
    pub account: u64,
    /// Place in the account, from 0.
    pub sequence: u64,
    /// Place in the log.
    pub log_index: u64,
    /// Digest of the signed posting.
    pub posting: Hash,
    /// Place in the posting.
    pub posting_index: u64,
    /// Root of the statement.
    pub statement_root: Hash,
    /// Type of the statement.
    pub kind: Type,
    /// The record it is about.
    pub refers: Option<u64>,
    /// The month it is about.
    pub month: Option<Month>,
    /// The commit's time.
    pub time: Time,
    /// Root of the account's state after it.
    pub state_root: Hash,
}

impl Cbor for Record {
    fn encode(&self, w: &mut Writer) {
        w.array(14);
        w.uint(SUITE);
        w.uint(Tag::Account as u64);
        w.uint(VERSION);
        w.uint(self.account);
        w.uint(self.sequence);
        w.uint(self.log_index);
        self.posting.encode(w);
        w.uint(self.posting_index);
        self.statement_root.encode(w);
        self.kind.encode(w);
        w.optional(self.refers.as_ref());
        w.optional(self.month.as_ref());
        self.time.encode(w);
        self.state_root.encode(w);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(14, "a record of 14 elements")?;
        r.expect(SUITE, "suite 1")?;
        r.expect(Tag::Account as u64, "tree 3")?;
        r.expect(VERSION, "version 1")?;
        Ok(Self {
            account: r.below(NUMBER_LIMIT, "an account number below 2^40")?,
            sequence: Cbor::decode(r)?,
            log_index: Cbor::decode(r)?,
            posting: Cbor::decode(r)?,
            posting_index: Cbor::decode(r)?,
            statement_root: Cbor::decode(r)?,
            kind: Cbor::decode(r)?,
            refers: r.optional()?,
            month: r.optional()?,
            time: Cbor::decode(r)?,
            state_root: Cbor::decode(r)?,
        })
    }
}

impl Record {
    /// Where its statement stands in the account.
    pub fn at(&self) -> At {
        At { time: self.time, month: self.month, sequence: self.sequence, refers: self.refers }
    }

    /// Its leaf hash in the account tree.
    pub fn leaf(&self) -> Hash {
        hash::leaf_of(|w| self.encode(w))
    }

    /// The commitment to it in the log, under a salt.
    pub fn commitment(&self, salt: &Seed) -> Hash {
        commitment(salt, self.account, self.sequence, &self.leaf())
    }
}

/// Hash no 7: the salted commitment to (account, sequence, record).
pub fn commitment(salt: &Seed, account: u64, sequence: u64, record_leaf: &Hash) -> Hash {
    tagged(Tag::Commitment, 4, |w| write_commitment(w, salt, (account, sequence), record_leaf))
}

fn write_commitment(w: &mut Writer, salt: &Seed, (account, sequence): (u64, u64), record_leaf: &Hash) {
    w.bytes(&salt.0);
    w.uint(account);
    w.uint(sequence);
    w.bytes(&record_leaf.0);
}

/// For two records, given by account and sequence, leaf hash and seed: the salts of their log commitments, and these.
pub fn commitments(records: [((u64, u64), &Hash, &Seed); 2]) -> [(Seed, Hash); 2] {
    let salts = derive_two(records.map(|(_, _, seed)| seed), LOG_SALT);
    let [a, b] = tagged_two(Tag::Commitment, 4, |which, w| {
        let (place, leaf, _) = records[which];
        write_commitment(w, &salts[which], place, leaf);
    });
    [(salts[0], a), (salts[1], b)]
}

/// The salt of a record's log commitment.
pub fn log_salt(record_seed: &Seed) -> Seed {
    derive(record_seed, LOG_SALT)
}

/// The blind of the directory leaf while this record is its account's last.
pub fn blind(record_seed: &Seed) -> Seed {
    derive(record_seed, BLIND)
}

/// The blinds of two accounts.
pub fn blinds(record_seeds: [&Seed; 2]) -> [Seed; 2] {
    derive_two(record_seeds, BLIND)
}
