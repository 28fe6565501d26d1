//! What is stored: families of rows, their keys, and their layout. This page is law for every version of the program.
//!
//! A row is one *version byte* (1) and then the row's struct: `Head` and `RecordRow` as `rows` packs them, all others in bincode 2 (standard
//! configuration: little-endian, variable-length integers; fields in the order in which they stand in `rows`). `Bytes` and `Hashes` are a
//! length in bytes and the bytes. Numbers in keys are big-endian, so that rows stand in the order of what they are about.
//!
//! | family | key | row | written |
//! |---|---|---|---|
//! | `meta` | one of the names in [`meta`] | as [`meta`] says | at creation; `last` with each commit; the marks when rows are sorted in |
//! | `journal` | log index of the commit's first leaf (8) | the rows of the commit, as `blob` lays them out | by the commit; dropped below the marks |
//! | `blocks` | log index of the commit's first leaf (8) | `Block` | once |
//! | `nodes` | level (1) ‖ index (8) | `Node`: root of a complete subtree of the log, levels 8, 16, 24, … | once |
//! | `records` | account (8) ‖ sequence (8) | `RecordRow` | once |
//! | `heads` | account (8) | `Head` | now and then |
//! | `leaves` | number of the tile (8) | `Leaves`: the directory's leaf hashes of 256 accounts | with the heads |
//! | `entries` | account (8) ‖ sequence of the record (8) ‖ sequence of the record that changed it (8) | `Target` as that left it | once |
//! | `postings` | digest (32) | `PostingRow`: its first 256 statements, and what is said once of a posting | once |
//! | `postings` | digest (32) ‖ part (4), from 1 | `Part`: 256 further ones | once |
//! | `posting_ids` | 0 ‖ issuer (8) ‖ id (16), or 1 ‖ kid (32) ‖ id (16) | `PostingId` | once |
//! | `references` | account (8) ‖ first 16 bytes of SHA-256(issuer (8) ‖ reference), but for contributions with 0 ‖ type (8) between | `Reference` | once, for records from sequence 256 on |
//! | `ids` | id of an account (32) | `Number` | once |
//! | `tokens` | token (32) ‖ log index of the commit's first leaf (8) | `Bound`: the binding of it that stood after that commit, if one did | once |
//! | `erasures` | account (8) ‖ sequence of the record whose contents are to go (8) | `Erasure` | once |
//!
//! A commit writes one row of `journal` and `last`, and nothing else. All other families hold what follows from it: their rows are sorted in
//! later, and are found in memory until then. Only a row of `records` whose contents are erased is written again, without them (`erasing`).
//! Two marks say how far that has come, as sizes of the log: every row of commits below `sorted` is in its family; every head of an account is
//! at least as it was at `heads`. The journal is kept from the lower of the two on.

use peal_spec::hash::{self, Hash, Seed};
use peal_spec::identity::Token;
use peal_spec::key::PublicKey;
use peal_spec::statement::{Type, Used};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// The format of the whole store; a program opens only its own.
pub(crate) const FORMAT: u64 = 5;
/// How many statements a part of a posting holds, and how many leaves a log tile: 2^8.
pub(crate) const TILE: u64 = 256;
/// log2 of [`TILE`].
pub(crate) const TILE_LEVEL: u32 = 8;
/// The version byte that every row starts with.
const VERSION: u8 = 1;
/// No row takes more memory than this to read, whatever a damaged length says.
const ROW_LIMIT: usize = 256 << 20;

/// A family of rows: a column family of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// What the store is.
    Meta,
    /// Commits whose rows may not be in their families yet.
    Journal,
    /// Commits.
    Blocks,
    /// Upper nodes of the log.
    Nodes,
    /// Records with their statements.
    Records,
    /// Accounts as they stood not long ago.
    Heads,
    /// Leaf hashes of the directory.
    Leaves,
    /// Contributions that were settled or corrected.
    Entries,
    /// Signed postings and their results.
    Postings,
    /// Which posting took an id.
    PostingIds,
    /// Which contribution took a reference.
    References,
    /// Which account has an id.
    Ids,
    /// Which binding of a token stood after a commit.
    Tokens,
    /// Whose contents are to go.
    Erasures,
}

impl Family {
    /// All of them.
    pub const ALL: [Family; 14] = [
        Family::Meta,
        Family::Journal,
        Family::Blocks,
        Family::Nodes,
        Family::Records,
        Family::Heads,
        Family::Leaves,
        Family::Entries,
        Family::Postings,
        Family::PostingIds,
        Family::References,
        Family::Ids,
        Family::Tokens,
        Family::Erasures,
    ];

    /// The name in the store.
    pub fn name(self) -> &'static str {
        match self {
            Family::Meta => "meta",
            Family::Journal => "journal",
            Family::Blocks => "blocks",
            Family::Nodes => "nodes",
            Family::Records => "records",
            Family::Heads => "heads",
            Family::Leaves => "leaves",
            Family::Entries => "entries",
            Family::Postings => "postings",
            Family::PostingIds => "posting_ids",
            Family::References => "references",
            Family::Ids => "ids",
            Family::Tokens => "tokens",
            Family::Erasures => "erasures",
        }
    }
}

/// Keys of the family `meta`.
pub(crate) mod meta {
    /// `Figure`: the format of the store.
    pub(crate) const FORMAT: &[u8] = b"format";
    /// `Text`: the origin.
    pub(crate) const ORIGIN: &[u8] = b"origin";
    /// `Text`: the operator's verifier key.
    pub(crate) const OPERATOR: &[u8] = b"operator";
    /// `Figure`: key of the last commit.
    pub(crate) const LAST: &[u8] = b"last";
    /// `Figure`: every row of commits below this size of the log is in its family.
    pub(crate) const SORTED: &[u8] = b"sorted";
    /// `Figure`: every head of an account is at least as it was at this size of the log.
    pub(crate) const HEADS: &[u8] = b"heads";
    /// `Figure`: what records below this size of the log erased is gone from the rows.
    pub(crate) const WIPED: &[u8] = b"wiped";
    /// `Figure`: and from the files that hold rows which were written anew or dropped.
    pub(crate) const PURGED: &[u8] = b"purged";
}

/// A struct that is stored in one family.
pub(crate) trait Row: Sized {
    /// Where it is stored.
    const FAMILY: Family;

    /// Appends its fields.
    ///
    /// # Errors
    /// What the encoder says.
    fn write(&self, bytes: &mut Vec<u8>) -> Result<(), String>;

    /// Reads its fields, which are all of `bytes`.
    fn read(bytes: &[u8]) -> Option<Self>;
}

/// Appends fields in bincode.
pub(crate) fn write_bincode<T: Serialize>(row: &T, bytes: &mut Vec<u8>) -> Result<(), String> {
    let written = bincode::serde::encode_into_std_write(row, bytes, bincode::config::standard());
    written.map(|_| ()).map_err(|e| e.to_string())
}

/// Reads fields in bincode, which are all of `bytes`.
pub(crate) fn read_bincode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let config = bincode::config::standard().with_limit::<ROW_LIMIT>();
    let (row, read) = bincode::serde::decode_from_slice(bytes, config).ok()?;
    (read == bytes.len()).then_some(row)
}

/// Rows in bincode.
macro_rules! bincode_rows {
    ($($row:ty: $family:ident)*) => { $(
        impl Row for $row {
            const FAMILY: Family = Family::$family;
            fn write(&self, bytes: &mut Vec<u8>) -> Result<(), String> {
                $crate::schema::write_bincode(self, bytes)
            }
            fn read(bytes: &[u8]) -> Option<Self> {
                $crate::schema::read_bincode(bytes)
            }
        }
    )* };
}
pub(crate) use bincode_rows;

/// The bytes of a row.
pub(crate) fn encode<R: Row>(row: &R) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::with_capacity(256);
    encode_into(row, &mut bytes)?;
    Ok(bytes)
}

/// Appends the bytes of a row.
pub(crate) fn encode_into<R: Row>(row: &R, bytes: &mut Vec<u8>) -> Result<(), Error> {
    bytes.push(VERSION);
    row.write(bytes).map_err(|e| Error::Bug(format!("a row of {} does not encode: {e}", R::FAMILY.name())))
}

/// The bytes of a part of a row, for hashing.
pub(crate) fn encode_part<T: Serialize>(part: &T) -> Result<Vec<u8>, Error> {
    bincode::serde::encode_to_vec(part, bincode::config::standard())
        .map_err(|e| Error::Bug(format!("a part of a row does not encode: {e}")))
}

/// Reads a row; `key` is for the message.
pub(crate) fn decode<R: Row>(key: &[u8], bytes: &[u8]) -> Result<R, Error> {
    decode_with(R::FAMILY, key, bytes, R::read)
}

/// Reads a row of a family in some way of its own; `key` is for the message.
pub(crate) fn decode_with<'b, T>(
    family: Family,
    key: &[u8],
    bytes: &'b [u8],
    read: impl FnOnce(&'b [u8]) -> Option<T>,
) -> Result<T, Error> {
    let damaged = |what: &str| Error::Corrupt(format!("{}: {what}", place(family, key)));
    match bytes.split_first() {
        Some((&VERSION, body)) => read(body).ok_or_else(|| damaged("does not decode")),
        _ => Err(damaged("is of a version that this program does not know")),
    }
}

/// Reads the fields that a row begins with, out of its bytes; the others are not looked at.
pub(crate) fn decode_start<'r, T: Deserialize<'r>>(
    family: Family,
    key: &[u8],
    bytes: &'r [u8],
) -> Result<T, Error> {
    let config = bincode::config::standard().with_limit::<ROW_LIMIT>();
    let start = |body| bincode::serde::borrow_decode_from_slice(body, config).ok();
    decode_with(family, key, bytes, |body| start(body).map(|(start, _)| start))
}

/// Names a row for people.
pub(crate) fn place(family: Family, key: &[u8]) -> String {
    let number = |at: usize| {
        let bytes = key.get(at..at + 8).and_then(|b| b.try_into().ok());
        bytes.map(u64::from_be_bytes)
    };
    let name = family.name();
    match (family, key.len(), number(0)) {
        (Family::Meta, ..) => format!("{name} row {:?}", String::from_utf8_lossy(key)),
        (Family::Blocks | Family::Journal, 8, Some(first)) => format!("{name} row of log index {first}"),
        (Family::Leaves, 8, Some(tile)) => {
            format!("{name} row of accounts from {}", tile.saturating_mul(TILE))
        }
        (Family::Heads, 8, Some(account)) => format!("{name} row of account {account}"),
        (Family::Records | Family::Entries | Family::Erasures, 16 | 24, Some(account)) => {
            format!("{name} row of account {account}, sequence {}", number(8).unwrap_or_default())
        }
        // A token is a person's, and such a line may go into a log.
        (Family::Tokens, 40, _) => {
            format!("{name} row of the commit of log index {}", number(32).unwrap_or_default())
        }
        (Family::Nodes, 9, _) => {
            format!("{name} row of level {}, index {}", key[0], number(1).unwrap_or_default())
        }
        _ => {
            let hex: String = key.iter().map(|b| format!("{b:02x}")).collect();
            format!("{name} row {hex}")
        }
    }
}

/// Account and sequence in a key of `records`.
pub(crate) fn place_of(family: Family, key: &[u8]) -> Option<(u64, u64)> {
    let (account, rest) = key.split_first_chunk::<8>()?;
    let sequence = rest.first_chunk::<8>()?;
    (family == Family::Records).then_some((u64::from_be_bytes(*account), u64::from_be_bytes(*sequence)))
}

/// Key in `journal`, `blocks`, `heads` and `leaves`.
pub(crate) fn number_key(number: u64) -> [u8; 8] {
    number.to_be_bytes()
}

/// Key in `records`.
pub(crate) fn place_key(account: u64, sequence: u64) -> [u8; 16] {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&account.to_be_bytes());
    key[8..].copy_from_slice(&sequence.to_be_bytes());
    key
}

/// Key in `entries`: a record as the record `by` left it.
pub(crate) fn entry_key(account: u64, sequence: u64, by: u64) -> [u8; 24] {
    let mut key = [0; 24];
    key[..16].copy_from_slice(&place_key(account, sequence));
    key[16..].copy_from_slice(&by.to_be_bytes());
    key
}

/// Key in `nodes`.
pub(crate) fn node_key(level: u32, index: u64) -> [u8; 9] {
    let mut key = [0; 9];
    key[0] = level as u8;
    key[1..].copy_from_slice(&index.to_be_bytes());
    key
}

/// Key of a part of a posting in `postings`; the first stands in the row of the posting.
pub(crate) fn part_key(digest: &Hash, part: u32) -> Vec<u8> {
    let mut key = digest.0.to_vec();
    if part > 0 {
        key.extend(part.to_be_bytes());
    }
    key
}

/// Key in `posting_ids`: openings without an issuer share one space of ids per key.
pub(crate) fn posting_id_key(issuer: Option<u64>, kid: &PublicKey, id: &Seed) -> Vec<u8> {
    let mut key = Vec::with_capacity(49);
    match issuer {
        Some(number) => {
            key.push(0);
            key.extend(number.to_be_bytes());
        }
        None => {
            key.push(1);
            key.extend(kid.0);
        }
    }
    key.extend(id.0);
    key
}

/// Key in `tokens`: what stood after the commit whose first leaf has this log index.
pub(crate) fn token_key(token: &Token, first: u64) -> [u8; 40] {
    let mut key = [0; 40];
    key[..32].copy_from_slice(&token.0.0);
    key[32..].copy_from_slice(&first.to_be_bytes());
    key
}

/// Key in `references`.
pub(crate) fn reference_key(account: u64, used: &Used<'_>) -> [u8; 24] {
    let mut data = used.issuer.to_be_bytes().to_vec();
    // No text begins with a zero byte: references of contributions stay apart from all others.
    if used.kind != Type::Contribution {
        data.push(0);
        data.extend((used.kind as u64).to_be_bytes());
    }
    data.extend(used.reference.as_bytes());
    let mut key = [0; 24];
    key[..8].copy_from_slice(&account.to_be_bytes());
    key[8..].copy_from_slice(&hash::plain(&data).0[..16]);
    key
}
