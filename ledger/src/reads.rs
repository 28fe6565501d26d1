//! Reads: receipts, accounts, copies, proofs, tiles. Each is one [`Sight`]: everything in it agrees with one checkpoint.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use peal_spec::account::Account;
use peal_spec::address::Address;
use peal_spec::copy::{Copy, Row, open_cell};
use peal_spec::hash::Hash;
use peal_spec::key::PublicKey;
use peal_spec::log::LogLeaf;
use peal_spec::posting::Signed;
use peal_spec::proof::{Link, Shown, View};
use peal_spec::receipt::{Accepted, Outcome, Receipt};
use peal_spec::record::{Record, blind, log_salt};
use peal_spec::rules::Entry;
use peal_spec::state::{CONTROL, ROLES};
use peal_spec::statement::{Body, Statement};
use peal_spec::tree;
use peal_spec::value::Origin;

use crate::error::Error;
use crate::layered::Layered;
use crate::rows::{Block, Fate, Part, PostingRow, RecordRow};
use crate::schema::{Family, TILE, TILE_LEVEL, decode, number_key, part_key, place, place_key};
use crate::state::{Core, Sight};
use crate::store::{Look, Rows, RowsExt};
use crate::trees::{Log, PostingTree, log_leaves};

/// A receipt, and who may have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundReceipt {
    /// The receipt, the same bytes as the first time.
    pub receipt: Receipt,
    /// The posting's issuer; none for a self-opening.
    pub issuer: Option<Address>,
    /// The key that signed the posting.
    pub kid: PublicKey,
}

/// The signed part of a stored posting.
pub(crate) fn signed(digest: &Hash, row: &PostingRow) -> Result<Signed, Error> {
    Signed::read(&row.cose.0)
        .map_err(|e| Error::Corrupt(format!("{}: {e}", place(Family::Postings, &digest.0))))
}

/// All parts of a posting.
pub(crate) fn parts<R: Rows>(rows: &R, digest: &Hash, row: &PostingRow) -> Result<Vec<Part>, Error> {
    let mut parts = vec![row.part.clone()];
    for part in 1..row.count.div_ceil(TILE) {
        parts.push(rows.must(&part_key(digest, part as u32))?);
    }
    Ok(parts)
}

/// The receipt of a posting that is stored.
pub(crate) fn receipt(view: &Layered<'_>, digest: &Hash) -> Result<Option<FoundReceipt>, Error> {
    let Some(row) = view.row::<PostingRow>(&digest.0)? else { return Ok(None) };
    let block: Block = view.must(&number_key(row.block))?;
    let mut results: Vec<Outcome> = Vec::with_capacity(row.count as usize);
    for fate in parts(view, digest, &row)?.into_iter().flat_map(|p| p.results) {
        results.push(match fate {
            Fate::Accepted { account, sequence } => {
                let record: RecordRow = view.must(&place_key(account, sequence))?;
                Ok(Accepted {
                    account,
                    sequence,
                    state_root: record.state_root,
                    log_salt: log_salt(&record.seed),
                })
            }
            Fate::Refused { code, field, record } => Err(Fate::refusal(code, &field, record)?),
        });
    }
    let accepted = results.iter().filter(|r| r.is_ok()).count() as u64;
    let size = row.block + block.places.len() as u64 + 1;
    let path = match row.first {
        Some(first) => {
            let indexes: Vec<u64> = (first..first + accepted).collect();
            tree::set(&Log::new(view, size), &indexes, size)?
        }
        None => Vec::new(),
    };
    let signed = signed(digest, &row)?;
    let receipt = Receipt {
        posting: *digest,
        checkpoint: block.note,
        time: block.time,
        first: row.first,
        results,
        path,
    };
    Ok(Some(FoundReceipt { receipt, issuer: signed.payload.issuer, kid: signed.kid }))
}

/// Hashes of a log tile, if all of them are in the published log.
pub(crate) fn tile(core: &Core, level: u8, index: u64, width: u16) -> Result<Option<Vec<u8>>, Error> {
    let sight = core.sight([])?;
    let size = sight.published.checkpoint.size;
    let depth = u32::from(level) * TILE_LEVEL;
    let Some((from, to)) = span(size.checked_shr(depth).unwrap_or(0), index, width) else { return Ok(None) };
    let run = Log::new(&sight.view, size).run(depth, from, to - from)?;
    Ok(Some(run.iter().flat_map(|h| h.0).collect()))
}

/// An entry bundle of the log, if all of it is in the published log.
pub(crate) fn entries(core: &Core, index: u64, width: u16) -> Result<Option<Vec<u8>>, Error> {
    let sight = core.sight([])?;
    let Some((from, to)) = span(sight.published.checkpoint.size, index, width) else { return Ok(None) };
    let mut bundle = Vec::with_capacity((to - from) as usize * 48);
    for leaf in log_leaves(&sight.view, from, to)? {
        let data = LogLeaf::data(&leaf);
        // A log leaf has less than 128 bytes.
        bundle.extend((data.len() as u16).to_be_bytes());
        bundle.extend(data);
    }
    Ok(Some(bundle))
}

/// What a tile of this width covers, if there are that many.
fn span(count: u64, index: u64, width: u16) -> Option<(u64, u64)> {
    let from = index.checked_mul(TILE)?;
    let to = from.checked_add(u64::from(width))?;
    let fits = (1..=TILE).contains(&u64::from(width)) && to <= count;
    fits.then_some((from, to))
}

/// The consistency proof between two sizes of the published log.
pub(crate) fn consistency(sight: &Sight<'_>, old: u64, new: u64) -> Result<Vec<Hash>, Error> {
    if old > new || new > sight.published.checkpoint.size {
        return Err(Error::unavailable());
    }
    tree::consistency(&Log::new(&sight.view, new), old, new)
}

/// Rows of an account from a sequence on.
fn rows(view: &Layered<'_>, account: u64, from: u64, count: u64) -> Result<Vec<RecordRow>, Error> {
    let found = view.scan(Family::Records, &place_key(account, from), true)?;
    let mut rows = Vec::new();
    for (row, sequence) in found.take(usize::try_from(count).unwrap_or(usize::MAX)).zip(from..) {
        let (key, value) = row?;
        if *key != place_key(account, sequence) {
            break;
        }
        rows.push(decode(&key, &value)?);
    }
    if rows.len() as u64 == count {
        Ok(rows)
    } else {
        let key = place_key(account, from + rows.len() as u64);
        Err(Error::Corrupt(format!("{} is missing", place(Family::Records, &key))))
    }
}

/// What the owner of an account is given: rows from a sequence on, and the issuers of those and of all rows before.
pub(crate) fn copy(
    core: &Core,
    address: &Address,
    from: u64,
    limit: usize,
    since: Option<u64>,
) -> Result<Option<Copy>, Error> {
    // Which issuers there are shows only in the rows; their directory paths belong to the moment of the rows. So the first look
    // finds the issuers, and a further one takes everything at once.
    let mut issuers: BTreeSet<u64> = BTreeSet::new();
    loop {
        let sight = core.sight(issuers.iter().copied().chain([address.number]))?;
        match copy_at(core, &sight, address, from, limit, since)? {
            Found::Nobody => return Ok(None),
            Found::Whole(copy) => return Ok(Some(*copy)),
            Found::Missing(more) => issuers.extend(more),
        }
    }
}

enum Found {
    /// There is no such account.
    Nobody,
    /// Directory paths of these accounts are missing.
    Missing(BTreeSet<u64>),
    Whole(Box<Copy>),
}

fn copy_at(
    core: &Core,
    sight: &Sight<'_>,
    address: &Address,
    from: u64,
    limit: usize,
    since: Option<u64>,
) -> Result<Found, Error> {
    let view = &sight.view;
    let account = sight.head(address.number)?.map(|head| head.account);
    let Some(account) = account.filter(|a| a.address == *address) else { return Ok(Found::Nobody) };
    let size = account.frontier.size();
    let count = size.saturating_sub(from).min(limit as u64);
    let stored = rows(view, address.number, from, count)?;

    let mut numbers: HashMap<Hash, usize> = HashMap::new();
    let mut found: Vec<(Hash, PostingRow, Signed)> = Vec::new();
    for row in &stored {
        if let std::collections::hash_map::Entry::Vacant(place) = numbers.entry(row.posting) {
            let posting: PostingRow = view.must(&row.posting.0)?;
            let signed = signed(&row.posting, &posting)?;
            place.insert(found.len());
            found.push((row.posting, posting, signed));
        }
    }
    // Issuers are proved for the rows before `from` too: views belong to one head, and those that the owner has belong to an older one.
    let mut issuers: HashMap<Hash, Option<Address>> =
        found.iter().map(|(digest, _, signed)| (*digest, signed.payload.issuer)).collect();
    let mut places: BTreeMap<Address, BTreeSet<u64>> = BTreeMap::new();
    for row in rows(view, address.number, 0, from.min(size))?.iter().chain(&stored) {
        let issuer = match issuers.get(&row.posting) {
            Some(issuer) => *issuer,
            None => {
                let issuer = signed(&row.posting, &view.must(&row.posting.0)?)?.payload.issuer;
                issuers.insert(row.posting, issuer);
                issuer
            }
        };
        if let Some(issuer) = issuer.filter(|issuer| issuer != address) {
            places.entry(issuer).or_default().insert(row.log_index);
        }
    }
    let missing: BTreeSet<u64> =
        places.keys().map(|a| a.number).filter(|n| sight.path(*n).is_none()).collect();
    if !missing.is_empty() {
        return Ok(Found::Missing(missing));
    }

    let trees: Vec<_> = found.iter().map(|(digest, row, _)| PostingTree::new(view, *digest, row)).collect();
    let mut shown = Vec::with_capacity(stored.len());
    for (row, sequence) in stored.iter().zip(from..) {
        let (record, statement) = row.rebuild(&core.origin, *address, sequence)?;
        let at = numbers.get(&row.posting).copied().unwrap_or_default();
        let link = Link { posting: at as u64, path: trees[at].path(row.posting_index)? };
        shown.push(Row { record, seed: row.seed, statement, link });
    }
    let views = places.iter().map(|(issuer, indexes)| issuer_view(core, sight, issuer, indexes));
    Ok(Found::Whole(Box::new(Copy {
        checkpoint: sight.published.note.clone(),
        head: sight.published.head(),
        address: *address,
        size,
        directory_path: sight.path(address.number).cloned().unwrap_or_default(),
        from,
        rows: shown,
        postings: found.iter().map(|(_, row, _)| row.cose.0.clone()).collect(),
        issuers: views.collect::<Result<_, _>>()?,
        consistency: match since {
            Some(old) => consistency(sight, old, sight.published.checkpoint.size)?,
            None => Vec::new(),
        },
    })))
}

/// An issuer's account at each of these places in the log: the record before, its control and roles cells, and the record after.
fn issuer_view(
    core: &Core,
    sight: &Sight<'_>,
    issuer: &Address,
    indexes: &BTreeSet<u64>,
) -> Result<View, Error> {
    let damaged = |what: &str| Error::Corrupt(format!("account {}: {what}", issuer.number));
    let account = sight.head(issuer.number)?.ok_or_else(|| damaged("it is missing"))?.account;
    if account.address != *issuer {
        return Err(damaged("it is not the issuer that a recorded posting names"));
    }
    let size = account.frontier.size();
    let rows = rows(&sight.view, issuer.number, 0, size)?;
    let mut wanted = BTreeSet::new();
    let mut opened = BTreeSet::new();
    for index in indexes {
        let after = rows.partition_point(|row| row.log_index < *index);
        let before = after.checked_sub(1).ok_or_else(|| damaged("it issued before it was opened"))?;
        opened.insert(before as u64);
        wanted.extend([before as u64].into_iter().chain((after < rows.len()).then_some(after as u64)));
    }
    let mut fold = Fold::default();
    let (mut shown, mut leaves) = (Vec::new(), Vec::with_capacity(rows.len()));
    let last = opened.last().copied();
    for (row, sequence) in rows.iter().zip(0..) {
        let (record, statement) = row.rebuild(&core.origin, *issuer, sequence)?;
        leaves.push(record.leaf());
        let mut cells = Vec::new();
        if last.is_some_and(|last| sequence <= last) {
            let now = fold.push(&core.origin, &record, row, statement)?;
            if opened.contains(&sequence) {
                cells.extend([CONTROL, ROLES].into_iter().filter_map(|index| open_cell(now, index)));
            }
        }
        if wanted.contains(&sequence) {
            shown.push(Shown { record, opening: None, link: None, cells });
        }
    }
    if tree::root(&leaves) != account.frontier.root() {
        return Err(damaged("its records do not give its root"));
    }
    let places: Vec<u64> = wanted.into_iter().collect();
    Ok(View {
        address: *issuer,
        blind: blind(&account.last_seed),
        size,
        directory_path: sight.path(issuer.number).cloned().unwrap_or_default(),
        shown,
        path: tree::sure(tree::set(leaves.as_slice(), &places, size)),
    })
}

/// An account as its rows make it, one after another.
#[derive(Default)]
struct Fold {
    account: Option<Account>,
    entries: BTreeMap<u64, Entry>,
}

impl Fold {
    /// Takes the next row; returns the account after it.
    fn push(
        &mut self,
        origin: &Origin,
        record: &Record,
        row: &RecordRow,
        statement: Option<Statement>,
    ) -> Result<&Account, Error> {
        let key = place_key(record.account, record.sequence);
        let damaged = |what: &str| Error::Corrupt(format!("{}: {what}", place(Family::Records, &key)));
        let statement = statement.ok_or_else(|| damaged("its statement is erased"))?;
        let body = statement.body().map_err(|_| damaged("its statement cannot be read"))?;
        let placed = row.placed(statement.root(origin));
        let (account, made) = match (self.account.take(), &body) {
            (None, Body::Opened(opened)) => {
                let (account, made, _) = Account::open(record.account, opened, &placed);
                (account, made)
            }
            (Some(mut account), _) => {
                let target = statement.refers.and_then(|r| self.entries.get(&r)).cloned();
                let (made, _, entry) = account.append(&statement, &body, target, &placed);
                if let Some(entry) = entry {
                    self.entries.insert(statement.refers.unwrap_or(record.sequence), entry);
                }
                (account, made)
            }
            (None, _) => return Err(damaged("the first record does not open the account")),
        };
        if made != *record {
            return Err(damaged("it is not what its statement makes of the account"));
        }
        Ok(self.account.insert(account))
    }
}
