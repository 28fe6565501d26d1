//! The rows, in the layout that `schema` makes law: fields in the order in which they stand here.

use std::borrow::Cow;

use peal_spec::account::{Account, Placed};
use peal_spec::address::Address;
use peal_spec::facet::{Keys, Recovery};
use peal_spec::hash::{self, Hash, Seed};
use peal_spec::key::PublicKey;
use peal_spec::log::DirectoryLeaf;
use peal_spec::record::{Record, blind, blinds};
use peal_spec::recovery::Approval;
use peal_spec::refusal::{Code, Refusal};
use peal_spec::rules::Target;
use peal_spec::state::{Cells, Counted, Flows, Held, MonthSet, State, Sum, Totals};
use peal_spec::statement::{Facets, Statement, Type};
use peal_spec::tree::Frontier;
use peal_spec::value::{Currency, Insurance, Month, Origin, Time};
use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::Error;
use crate::pack::{Packer, Unpacker};
use crate::schema::{
    self, Family, Row, bincode_rows, number_key, place, place_key, read_bincode, write_bincode,
};

bincode_rows! {
    Figure: Meta
    Number: Ids
    Bound: Tokens
    Erasure: Erasures
    Text: Meta
    Node: Nodes
    Reference: References
    PostingId: PostingIds
    Leaves: Leaves
    Target: Entries
    Block: Blocks
    Part: Postings
    PostingRow: Postings
}

struct BytesVisitor;

impl Visitor<'_> for BytesVisitor {
    type Value = Vec<u8>;
    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("bytes")
    }
    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
        Ok(bytes.to_vec())
    }
    fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
        Ok(bytes)
    }
}

/// Bytes, stored in one piece.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_byte_buf(BytesVisitor).map(Self)
    }
}

/// Hashes, stored in one piece.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hashes(pub(crate) Vec<Hash>);

impl Serialize for Hashes {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let bytes: Vec<u8> = self.0.iter().flat_map(|h| h.0).collect();
        s.serialize_bytes(&bytes)
    }
}

impl<'de> Deserialize<'de> for Hashes {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let bytes = d.deserialize_byte_buf(BytesVisitor)?;
        let (hashes, rest) = bytes.as_chunks::<32>();
        if rest.is_empty() {
            Ok(Self(hashes.iter().map(|h| Hash(*h)).collect()))
        } else {
            Err(D::Error::custom("not a whole number of hashes"))
        }
    }
}

/// A number that says what the store is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Figure(pub(crate) u64);

/// The number of the account that has an id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Number(pub(crate) u64);

/// Account and sequence of the binding of a token that stood after a commit, if one did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Bound(pub(crate) Option<(u64, u64)>);

/// The record that erases the contents of another one of the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Erasure {
    /// Its sequence.
    pub(crate) by: u64,
    /// Its place in the log.
    pub(crate) at: u64,
}

/// A text alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Text(pub(crate) String);

/// A node of the log tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Node(pub(crate) Hash);

/// The sequence of the record that took a reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reference(pub(crate) u64);

/// The digest of the posting that took an id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PostingId(pub(crate) Hash);

/// One account as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// State, cells and tree edge.
    pub(crate) account: Account,
    /// For each of its first [`TAGS`] records: a hash of the reference that it took, or 0.
    pub(crate) tags: Vec<u16>,
}

/// How many records of an account have a tag in its head; references of later ones have rows of their own.
pub(crate) const TAGS: usize = 256;

/// A head with more sums, months and roles than this is long.
const LONG: usize = 500;

impl Head {
    /// Nothing yet, to be loaded.
    pub(crate) fn blank() -> Self {
        let (key, hash) = (PublicKey([0; 32]), Hash::default());
        let account = Account {
            address: Address { number: 0, id: hash },
            state: State::open(Keys { key, next: hash, reading: key }, Recovery::default(), None),
            cells: Cells::default(),
            frontier: Frontier::default(),
            last_seed: Seed::default(),
        };
        Self { account, tags: Vec::new() }
    }

    /// The head of an account that was just opened.
    pub(crate) fn opened(account: Account) -> Self {
        let mut head = Self { account, tags: Vec::new() };
        head.push_tag(0);
        head
    }

    /// Notes the tag of the next record, 0 if it took no reference.
    pub(crate) fn push_tag(&mut self, tag: u16) {
        if self.tags.len() < TAGS {
            self.tags.push(tag);
        }
    }

    /// Whether packing and unpacking it for each turn would cost more than the turn.
    pub(crate) fn is_long(&self) -> bool {
        let sums = &self.account.state.sums;
        let months = |sum: &Sum| match sum {
            Sum::Months(set) => set.months.len(),
            Sum::Totals(_) | Sum::Flows(_) => 1,
            Sum::Recovery(approvals) => approvals.len(),
            // Seldom, and not packed: such heads are set aside.
            Sum::Leaving(_) | Sum::Arrivals(_) | Sum::Ledgers(_) => LONG,
        };
        sums.iter().map(months).sum::<usize>() + self.account.state.roles.len() > LONG
    }

    /// Takes on what a row says; what it was before is overwritten, its memory used again. After an error it is neither.
    pub(crate) fn load(&mut self, number: u64, row: &[u8]) -> Result<(), Error> {
        schema::decode_with(Family::Heads, &number_key(number), row, |body| self.unpack(body))
    }

    /// The leaf hashes of accounts in the directory, from their rows alone.
    pub(crate) fn directory_leaves(rows: &[(u64, &[u8])]) -> Result<Vec<(u64, Hash)>, Error> {
        let mut leaves = Vec::with_capacity(rows.len());
        let (twos, one) = rows.as_chunks::<2>();
        for [(n, row), (m, other)] in twos {
            let ((mut a, seed), (mut b, other_seed)) =
                (Self::unblinded(*n, row)?, Self::unblinded(*m, other)?);
            [a.blind, b.blind] = blinds([&seed, &other_seed]);
            let [a, b] = DirectoryLeaf::leaves([&a, &b]);
            leaves.extend([(*n, a), (*m, b)]);
        }
        for (number, row) in one {
            let (mut leaf, seed) = Self::unblinded(*number, row)?;
            leaf.blind = blind(&seed);
            leaves.push((*number, leaf.leaf()));
        }
        Ok(leaves)
    }

    /// An account's leaf in the directory but for its blind, and the seed that this comes from.
    fn unblinded(number: u64, row: &[u8]) -> Result<(DirectoryLeaf, Seed), Error> {
        schema::decode_with(Family::Heads, &number_key(number), row, |body| {
            let mut u = Unpacker(body);
            let edge = Edge::read(&mut u)?;
            let frontier = Frontier::new(edge.size, edge.peaks(&mut u, Vec::new())?)?;
            let Address { number, id } = edge.address;
            let leaf =
                DirectoryLeaf { number, blind: Seed::default(), id, size: edge.size, root: frontier.root() };
            Some((leaf, edge.last_seed))
        })
    }

    fn unpack(&mut self, bytes: &[u8]) -> Option<()> {
        let mut u = Unpacker(bytes);
        let Account { address, state, cells, frontier, last_seed } = &mut self.account;
        let edge = Edge::read(&mut u)?;
        *frontier = Frontier::new(edge.size, edge.peaks(&mut u, std::mem::take(frontier).into_peaks())?)?;
        (*address, *last_seed) = (edge.address, edge.last_seed);
        let count = u.count(48)?;
        let (mut salts, mut leaves) = std::mem::take(cells).into_parts();
        salts.clear();
        leaves.clear();
        for _ in 0..count {
            salts.push(Seed(u.fixed()?));
            leaves.push(Hash(u.fixed()?));
        }
        *cells = Cells::from_parts(salts, leaves)?;
        state.control.keys =
            Keys { key: PublicKey(u.fixed()?), next: Hash(u.fixed()?), reading: PublicKey(u.fixed()?) };
        state.control.opened_by = u.maybe()?;
        unpack_sums(&mut u, &mut state.sums)?;
        let count = u.count(2)?;
        self.tags.clear();
        let tags = u.take(2 * count)?.as_chunks::<2>().0;
        self.tags.extend(tags.iter().map(|tag| u16::from_le_bytes(*tag)));
        (state.control.recovery, state.roles) = match u.number()? {
            0 if u.0.is_empty() => Seldom::default(),
            1 => read_bincode(u.0)?,
            _ => return None,
        };
        Some(())
    }
}

/// What the leaf in the directory is made of: it comes first in the row.
struct Edge {
    address: Address,
    last_seed: Seed,
    size: u64,
}

impl Edge {
    fn read(u: &mut Unpacker<'_>) -> Option<Self> {
        let address = Address { number: u.number()?, id: Hash(u.fixed()?) };
        Some(Self { address, last_seed: Seed(u.fixed()?), size: u.number()? })
    }

    /// The peaks that follow, in memory that was used before.
    fn peaks(&self, u: &mut Unpacker<'_>, mut peaks: Vec<Hash>) -> Option<Vec<Hash>> {
        peaks.clear();
        for _ in 0..self.size.count_ones() {
            peaks.push(Hash(u.fixed()?));
        }
        Some(peaks)
    }
}

/// What most accounts have none of: guardians, and roles.
type Seldom = (Recovery, Vec<Held>);

impl Row for Head {
    const FAMILY: Family = Family::Heads;

    fn write(&self, bytes: &mut Vec<u8>) -> Result<(), String> {
        let Account { address, state, cells, frontier, last_seed } = &self.account;
        let mut p = Packer(bytes);
        p.number(address.number);
        p.fixed(&address.id.0);
        p.fixed(&last_seed.0);
        p.number(frontier.size());
        for peak in frontier.peaks() {
            p.fixed(&peak.0);
        }
        p.number(cells.len() as u64);
        for (salt, leaf) in cells.salts().iter().zip(cells.leaves()) {
            p.fixed(&salt.0);
            p.fixed(&leaf.0);
        }
        let keys = &state.control.keys;
        p.fixed(&keys.key.0);
        p.fixed(&keys.next.0);
        p.fixed(&keys.reading.0);
        p.maybe(state.control.opened_by);
        pack_sums(&mut p, &state.sums)?;
        p.number(self.tags.len() as u64);
        for tag in &self.tags {
            p.fixed(&tag.to_le_bytes());
        }
        if state.control.recovery == Recovery::default() && state.roles.is_empty() {
            p.number(0);
            return Ok(());
        }
        p.number(1);
        write_bincode(&(&state.control.recovery, &state.roles), p.0)
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let mut head = Self::blank();
        head.unpack(bytes)?;
        Some(head)
    }
}

/// Which kind of sum follows.
const TOTALS: u64 = 0;
const MONTHS: u64 = 1;
const RECOVERY: u64 = 2;
const FLOWS: u64 = 3;
/// A sum that few accounts have, in bincode.
const SELDOM: u64 = 4;

fn pack_sums(p: &mut Packer<'_>, sums: &[Sum]) -> Result<(), String> {
    p.number(sums.len() as u64);
    for sum in sums {
        match sum {
            Sum::Totals(t) => {
                p.number(TOTALS);
                p.number(u64::from(t.insurance.code()));
                p.fixed(&t.currency.bytes());
                for amount in [t.posted, t.posted_credited, t.settled, t.settled_credited] {
                    p.number(amount);
                }
            }
            Sum::Months(set) => {
                p.number(MONTHS);
                p.number(u64::from(set.insurance.code()));
                p.number(set.months.len() as u64);
                for (month, counted) in &set.months {
                    p.number(u64::from(month.number()));
                    p.number(u64::from(counted.standing));
                    p.number(u64::from(counted.settled));
                }
            }
            Sum::Flows(f) => {
                p.number(FLOWS);
                p.number(u64::from(f.insurance.code()));
                p.fixed(&f.currency.bytes());
                for amount in [f.refunded, f.refunded_credited, f.paid, f.interest] {
                    p.number(amount);
                }
            }
            Sum::Recovery(approvals) => {
                p.number(RECOVERY);
                p.number(approvals.len() as u64);
                for approval in approvals {
                    p.number(approval.by);
                    p.number(approval.sequence);
                    p.number(approval.time.seconds());
                    p.number(u64::from(approval.vetoed));
                    p.fixed(&approval.keys.key.0);
                    p.fixed(&approval.keys.next.0);
                    p.fixed(&approval.keys.reading.0);
                }
            }
            Sum::Leaving(_) | Sum::Arrivals(_) | Sum::Ledgers(_) => {
                p.number(SELDOM);
                let mut bytes = Vec::new();
                write_bincode(sum, &mut bytes)?;
                p.bytes(&bytes);
            }
        }
    }
    Ok(())
}

/// Reads sums over others, whose memory is used again.
fn unpack_sums(u: &mut Unpacker<'_>, sums: &mut Vec<Sum>) -> Option<()> {
    let count = u.count(3)?;
    sums.truncate(count);
    for at in 0..count {
        let sum = match u.number()? {
            TOTALS => Sum::Totals(Totals {
                insurance: Insurance::new(u.number()?)?,
                currency: Currency::new(u.fixed()?)?,
                posted: u.number()?,
                posted_credited: u.number()?,
                settled: u.number()?,
                settled_credited: u.number()?,
            }),
            MONTHS => {
                let insurance = Insurance::new(u.number()?)?;
                let mut months = match sums.get_mut(at) {
                    Some(Sum::Months(old)) => std::mem::take(&mut old.months),
                    _ => Vec::new(),
                };
                months.clear();
                for _ in 0..u.count(3)? {
                    let month = Month::new(u32::try_from(u.number()?).ok()?)?;
                    let standing = u32::try_from(u.number()?).ok()?;
                    let settled = u32::try_from(u.number()?).ok()?;
                    months.push((month, Counted { standing, settled }));
                }
                Sum::Months(MonthSet { insurance, months })
            }
            FLOWS => Sum::Flows(Flows {
                insurance: Insurance::new(u.number()?)?,
                currency: Currency::new(u.fixed()?)?,
                refunded: u.number()?,
                refunded_credited: u.number()?,
                paid: u.number()?,
                interest: u.number()?,
            }),
            RECOVERY => {
                let mut approvals = Vec::new();
                for _ in 0..u.count(100)? {
                    approvals.push(Approval {
                        by: u.number()?,
                        sequence: u.number()?,
                        time: Time::new(u.number()?)?,
                        vetoed: match u.number()? {
                            0 => false,
                            1 => true,
                            _ => return None,
                        },
                        keys: Keys {
                            key: PublicKey(u.fixed()?),
                            next: Hash(u.fixed()?),
                            reading: PublicKey(u.fixed()?),
                        },
                    });
                }
                Sum::Recovery(approvals)
            }
            SELDOM => {
                let sum: Sum = read_bincode(u.bytes()?)?;
                // In its one form.
                matches!(sum, Sum::Leaving(_) | Sum::Arrivals(_) | Sum::Ledgers(_)).then_some(sum)?
            }
            _ => return None,
        };
        match sums.get_mut(at) {
            Some(old) => *old = sum,
            None => sums.push(sum),
        }
    }
    Some(())
}

/// The tag of a reference by its key in `references`; never 0.
pub(crate) fn tag(key: &[u8; 24]) -> u16 {
    u16::from_be_bytes([key[8], key[9]]).max(1)
}

/// Leaf hashes of the directory: those of [`crate::schema::TILE`] accounts, or of as many as there are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Leaves(pub(crate) Hashes);

/// One commit. Its log leaves are its records' commitments, in order, and then the commit leaf.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Block {
    /// The commit's time.
    pub(crate) time: Time,
    /// Number of accounts after it.
    pub(crate) directory_size: u64,
    /// Root of the directory after it.
    pub(crate) directory_root: Hash,
    /// The signed checkpoint of the log after it.
    pub(crate) note: String,
    /// Digests of the postings it took, in order.
    pub(crate) postings: Hashes,
    /// Commitments to its records, in order.
    pub(crate) commitments: Hashes,
    /// Account and sequence of its records, in order.
    pub(crate) places: Vec<(u64, u64)>,
}

/// What is kept of a record's statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content<'f> {
    /// The statement; its address is the account's, its root is recomputed.
    Kept {
        /// Seed of its salts.
        seed: Seed,
        /// The issuer's clock.
        issued: Time,
        /// The facets as encoded, one after another.
        facets: Cow<'f, [u8]>,
    },
    /// Only its root: the statement was erased.
    Erased {
        /// The statement root.
        root: Hash,
        /// The key of the reference that it took for good.
        reference: Option<[u8; 24]>,
    },
}

/// One record. Account and sequence are the key's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RecordRow<'f> {
    /// Seed of the ledger's salts for it.
    pub(crate) seed: Seed,
    /// Place in the log.
    pub(crate) log_index: u64,
    /// Digest of the signed posting.
    pub(crate) posting: Hash,
    /// Place in the posting.
    pub(crate) posting_index: u64,
    /// Type of the statement.
    pub(crate) kind: Type,
    /// The record it is about.
    pub(crate) refers: Option<u64>,
    /// The month it is about.
    pub(crate) month: Option<Month>,
    /// The commit's time.
    pub(crate) time: Time,
    /// Root of the account's state after it.
    pub(crate) state_root: Hash,
    /// The statement.
    pub(crate) content: Content<'f>,
}

impl Row for RecordRow<'_> {
    const FAMILY: Family = Family::Records;

    fn write(&self, bytes: &mut Vec<u8>) -> Result<(), String> {
        let mut p = Packer(bytes);
        p.fixed(&self.seed.0);
        p.number(self.log_index);
        p.fixed(&self.posting.0);
        p.number(self.posting_index);
        p.number(self.kind as u64);
        p.maybe(self.refers);
        p.maybe(self.month.map(|m| u64::from(m.number())));
        p.number(self.time.seconds());
        p.fixed(&self.state_root.0);
        match &self.content {
            Content::Kept { seed, issued, facets } => {
                p.number(0);
                p.fixed(&seed.0);
                p.number(issued.seconds());
                p.bytes(facets);
            }
            Content::Erased { root, reference } => {
                p.number(if reference.is_some() { 2 } else { 1 });
                p.fixed(&root.0);
                if let Some(key) = reference {
                    p.fixed(key);
                }
            }
        }
        Ok(())
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let mut u = Unpacker(bytes);
        let row = Self {
            seed: Seed(u.fixed()?),
            log_index: u.number()?,
            posting: Hash(u.fixed()?),
            posting_index: u.number()?,
            kind: Type::from_number(u.number()?)?,
            refers: u.maybe()?,
            month: match u.maybe()? {
                Some(month) => Some(Month::new(u32::try_from(month).ok()?)?),
                None => None,
            },
            time: Time::new(u.number()?)?,
            state_root: Hash(u.fixed()?),
            content: match u.number()? {
                0 => Content::Kept {
                    seed: Seed(u.fixed()?),
                    issued: Time::new(u.number()?)?,
                    facets: Cow::Owned(u.bytes()?.to_vec()),
                },
                1 => Content::Erased { root: Hash(u.fixed()?), reference: None },
                2 => Content::Erased { root: Hash(u.fixed()?), reference: Some(u.fixed()?) },
                _ => return None,
            },
        };
        u.0.is_empty().then_some(row)
    }
}

impl<'f> RecordRow<'f> {
    fn new(record: &Record, seed: Seed, content: Content<'f>) -> Self {
        Self {
            seed,
            log_index: record.log_index,
            posting: record.posting,
            posting_index: record.posting_index,
            kind: record.kind,
            refers: record.refers,
            month: record.month,
            time: record.time,
            state_root: record.state_root,
            content,
        }
    }

    /// The row of a record made from a statement, whose facets it borrows.
    pub(crate) fn of(record: &Record, seed: Seed, statement: &'f Statement) -> Self {
        let facets = Cow::Borrowed(statement.facets.as_bytes());
        Self::new(record, seed, Content::Kept { seed: statement.seed, issued: statement.issued, facets })
    }

    /// The row of a record without its contents.
    pub(crate) fn bereft(record: &Record, seed: Seed, reference: Option<[u8; 24]>) -> Self {
        Self::new(record, seed, Content::Erased { root: record.statement_root, reference })
    }

    /// Where the ledger put its statement, whose root is given.
    pub(crate) fn placed(&self, statement_root: Hash) -> Placed {
        Placed {
            log_index: self.log_index,
            posting: self.posting,
            posting_index: self.posting_index,
            statement_root,
            time: self.time,
            record_seed: self.seed,
        }
    }

    /// The statement as it was sent, unless it was erased.
    pub(crate) fn statement(&self, account: Address, sequence: u64) -> Result<Option<Statement>, Error> {
        let Content::Kept { seed, issued, facets } = &self.content else { return Ok(None) };
        let facets = Facets::read(facets).map_err(|e| {
            let key = place_key(account.number, sequence);
            Error::Corrupt(format!("{}: a facet is {e}", place(Family::Records, &key)))
        })?;
        Ok(Some(Statement {
            seed: *seed,
            address: (self.kind != Type::Opened).then_some(account),
            kind: self.kind as u64,
            issued: *issued,
            refers: self.refers,
            month: self.month,
            facets,
        }))
    }

    /// The record and its statement.
    pub(crate) fn rebuild(
        &self,
        origin: &Origin,
        account: Address,
        sequence: u64,
    ) -> Result<(Record, Option<Statement>), Error> {
        let statement = self.statement(account, sequence)?;
        let statement_root = match (&self.content, &statement) {
            (Content::Erased { root, .. }, _) => *root,
            (_, Some(statement)) => statement.root(origin),
            _ => Hash::default(),
        };
        Ok((self.record(account.number, sequence, statement_root), statement))
    }

    /// The record of a statement whose root is given.
    pub(crate) fn record(&self, account: u64, sequence: u64, statement_root: Hash) -> Record {
        Record {
            account,
            sequence,
            log_index: self.log_index,
            posting: self.posting,
            posting_index: self.posting_index,
            statement_root,
            kind: self.kind,
            refers: self.refers,
            month: self.month,
            time: self.time,
            state_root: self.state_root,
        }
    }
}

/// What became of one statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Fate {
    /// Recorded there.
    Accepted {
        /// Number of the account.
        account: u64,
        /// Sequence in it.
        sequence: u64,
    },
    /// Refused.
    Refused {
        /// Number of the code.
        code: u8,
        /// The field.
        field: String,
        /// The record named.
        record: Option<(u64, u64)>,
    },
}

impl Fate {
    /// The row of a refusal.
    pub(crate) fn refused(refusal: &Refusal) -> Self {
        Fate::Refused {
            code: refusal.code as u64 as u8,
            field: refusal.field.clone(),
            record: refusal.record,
        }
    }

    /// The refusal of a row.
    pub(crate) fn refusal(code: u8, field: &str, record: Option<(u64, u64)>) -> Result<Refusal, Error> {
        let code = Code::from_number(u64::from(code))
            .ok_or_else(|| Error::Corrupt(format!("postings: {code} is no refusal code")))?;
        Ok(Refusal { code, field: field.to_owned(), record })
    }
}

/// The hash that stands for the refusals among a posting's results.
pub(crate) fn refusals(results: &[Fate]) -> Result<Option<Hash>, Error> {
    let refused: Vec<&Fate> = results.iter().filter(|fate| matches!(fate, Fate::Refused { .. })).collect();
    if refused.is_empty() {
        return Ok(None);
    }
    Ok(Some(hash::plain(&schema::encode_part(&refused)?)))
}

/// At most [`crate::schema::TILE`] statements of a posting. What leads from each of them to the signature is in this one row ([`crate::way`]).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Part {
    /// The COSE_Sign1 of the posting.
    pub(crate) cose: Bytes,
    /// The path of their subtree's root in the posting's tree.
    pub(crate) above: Hashes,
    /// The roots over each 8 of them, then those over each 64; of a level with one alone there is none.
    pub(crate) nodes: Hashes,
    /// Their roots, in order.
    pub(crate) roots: Hashes,
    /// What became of them, in order.
    pub(crate) results: Vec<Fate>,
}

/// One posting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PostingRow {
    /// The first statements; further ones stand in rows of their own.
    pub(crate) part: Part,
    /// Number of statements.
    pub(crate) count: u64,
    /// Key of its commit's block.
    pub(crate) block: u64,
    /// Log index of its first record.
    pub(crate) first: Option<u64>,
    /// SHA-256 of the encoded refusals, if there are any: what was refused is in no tree, and damage to it is to be found all the same.
    pub(crate) refusals: Option<Hash>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{decode, encode};

    #[test]
    fn a_row_reads_back_and_nothing_else_does() {
        let part = Part {
            cose: Bytes(vec![8, 9]),
            above: Hashes(vec![Hash([3; 32])]),
            nodes: Hashes(vec![]),
            roots: Hashes(vec![Hash([1; 32]), Hash([2; 32])]),
            results: vec![
                Fate::Accepted { account: 7, sequence: 300 },
                Fate::Refused { code: 44, field: "who".into(), record: Some((7, 1)) },
            ],
        };
        let bytes = encode(&part).unwrap();
        assert_eq!(decode::<Part>(b"", &bytes).unwrap(), part);
        // The layout is law: a version byte, the signed posting, hashes in one piece, then each result.
        let mut expected = vec![1, 2, 8, 9, 32];
        expected.extend([3; 32]);
        expected.extend([0, 64]);
        expected.extend([1; 32]);
        expected.extend([2; 32]);
        expected.extend([2, 0, 7, 251, 44, 1, 1, 44, 3, b'w', b'h', b'o', 1, 7, 1]);
        assert_eq!(bytes, expected);
        for length in 0..bytes.len() {
            decode::<Part>(b"", &bytes[..length]).unwrap_err();
        }
        let longer = [&bytes[..], &[0]].concat();
        decode::<Part>(b"", &longer).unwrap_err();
        let later = [&[2], &bytes[1..]].concat();
        assert!(decode::<Part>(b"", &later).unwrap_err().to_string().contains("version"));
        // A length that no row can have is refused before memory is taken for it.
        let mut endless = vec![1, 253];
        endless.extend(u64::MAX.to_le_bytes());
        decode::<Part>(b"", &endless).unwrap_err();
    }
}
