//! Reads: receipts, accounts, copies, proofs, tiles. Each is one [`Sight`]: everything in it agrees with one checkpoint.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use peal_spec::account::Account;
use peal_spec::address::Address;
use peal_spec::copy::{Copy, Row, open_cell};
use peal_spec::hash::Hash;
use peal_spec::identity::Token;
use peal_spec::key::PublicKey;
use peal_spec::log::LogLeaf;
use peal_spec::posting::Signed;
use peal_spec::proof::{Link, Shown, View};
use peal_spec::receipt::{Accepted, Outcome, Receipt};
use peal_spec::record::{Record, blind, log_salt};
use peal_spec::rules;
use peal_spec::state::{CONTROL, ROLES};
use peal_spec::statement::{Body, Statement};
use peal_spec::tree;
use peal_spec::value::Origin;

use crate::erasing::whose;
use crate::error::Error;
use crate::layered::Layered;
use crate::rows::{Block, Bound, Erasure, Fate, Part, PostingRow, RecordRow};
use crate::schema::{Family, TILE, TILE_LEVEL, decode, number_key, part_key, place, place_key, token_key};
use crate::state::{Core, Sight};
use crate::store::{Look, Ordered, Rows, RowsExt};
use crate::trees::{Log, log_leaves};
use crate::way::Way;

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
pub(crate) fn signed(digest: &Hash, cose: &[u8]) -> Result<Signed, Error> {
    Signed::read(cose).map_err(|e| Error::Corrupt(format!("{}: {e}", place(Family::Postings, &digest.0))))
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
                let record: RecordRow<'_> = view.must(&place_key(account, sequence))?;
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
    let signed = signed(digest, &row.part.cose.0)?;
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
fn rows(view: &Layered<'_>, account: u64, from: u64, count: u64) -> Result<Vec<RecordRow<'static>>, Error> {
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

/// Where a token is bound.
pub(crate) fn bound(core: &Core, token: &Token) -> Result<Option<(Address, u64)>, Error> {
    let view = core.view();
    let last = view.at_or_before(Family::Tokens, &token_key(token, u64::MAX))?;
    let Some((key, row)) = last.filter(|(key, _)| key.starts_with(&token.0.0)) else { return Ok(None) };
    let Some((account, sequence)) = decode::<Bound>(&key, &row)?.0 else { return Ok(None) };
    let head = core.sight([account])?.head(account)?;
    Ok(head.map(|head| (head.account.address, sequence)))
}

/// One record of an account, and its statement unless that is erased.
pub(crate) fn record(
    core: &Core,
    address: &Address,
    sequence: u64,
) -> Result<Option<(Record, Option<Statement>)>, Error> {
    let sight = core.sight([address.number])?;
    let account = sight.head(address.number)?.map(|head| head.account);
    let size = account.filter(|a| a.address == *address).map_or(0, |a| a.frontier.size());
    if sequence >= size {
        return Ok(None);
    }
    let row: RecordRow<'_> = sight.view.must(&place_key(address.number, sequence))?;
    let (record, statement) = row.rebuild(&core.origin, *address, sequence)?;
    let erased = is_erased(&sight.view, (address.number, sequence), &row)?;
    Ok(Some((record, statement.filter(|_| !erased))))
}

/// Whether the contents of a row are to go, whether they are gone already or not: nobody is given them.
pub(crate) fn is_erased(
    view: &Layered<'_>,
    (account, sequence): (u64, u64),
    row: &RecordRow<'_>,
) -> Result<bool, Error> {
    let Some(whole) = row.kind.erased_with(sequence, row.refers) else { return Ok(false) };
    Ok(view.row::<Erasure>(&place_key(account, whole))?.is_some())
}

/// All records of an account that are erased.
pub(crate) struct Erased(HashSet<u64>);

impl Erased {
    pub(crate) fn of(view: &Layered<'_>, account: u64) -> Result<Self, Error> {
        let rows = view.scan(Family::Erasures, &place_key(account, 0), true)?;
        rows.map(|row| Ok(whose(&row?.0)?.1)).collect::<Result<_, _>>().map(Self)
    }

    /// Whether a row is one of them: itself, or said to a claim that is one.
    pub(crate) fn holds(&self, sequence: u64, row: &RecordRow<'_>) -> bool {
        row.kind.erased_with(sequence, row.refers).is_some_and(|whole| self.0.contains(&whole))
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
    // finds the issuers, and a further one takes everything at once. What was read is kept: it does not change.
    let mut issuers: BTreeSet<u64> = BTreeSet::new();
    let mut history = History::new(*address, from);
    loop {
        let sight = core.sight(issuers.iter().copied().chain([address.number]))?;
        let account = sight.head(address.number)?.map(|head| head.account);
        let Some(account) = account.filter(|a| a.address == *address) else { return Ok(None) };
        let size = account.frontier.size();
        history.read(&sight.view, size.min(from.saturating_add(limit as u64)))?;
        let known = issuers.len();
        issuers.extend(history.issued.keys().map(|a| a.number).filter(|n| sight.path(*n).is_none()));
        if issuers.len() > known {
            continue;
        }
        let views = history.issued.iter().map(|(issuer, indexes)| issuer_view(core, &sight, issuer, indexes));
        let issuers = views.collect::<Result<_, _>>()?;
        let (rows, postings) = history.show(&Erased::of(&sight.view, address.number)?)?;
        return Ok(Some(Copy {
            checkpoint: sight.published.note.clone(),
            head: sight.published.head(),
            address: *address,
            size,
            directory_path: sight.path(address.number).cloned().unwrap_or_default(),
            from,
            rows,
            postings,
            issuers,
            consistency: match since {
                Some(old) => consistency(&sight, old, sight.published.checkpoint.size)?,
                None => Vec::new(),
            },
        }));
    }
}

/// A signed posting, and who issued it.
struct Source {
    issuer: Option<Address>,
    cose: Vec<u8>,
}

/// An account's rows from sequence 0 on, with their postings.
struct History {
    address: Address,
    /// Sequence of the first row that is shown.
    from: usize,
    rows: Vec<RecordRow<'static>>,
    /// Of each row, the place of its posting among the sources.
    places: Vec<usize>,
    /// Of each row that is shown, the statement's root and its path in the posting's tree.
    ways: Vec<(Hash, Vec<Hash>)>,
    sources: Vec<Source>,
    /// The place of each posting among the sources, by digest.
    by_digest: HashMap<Hash, usize>,
    /// Of each issuer but the account itself, the places in the log of the rows that it issued.
    issued: BTreeMap<Address, Vec<u64>>,
}

impl History {
    fn new(address: Address, from: u64) -> Self {
        Self {
            address,
            from: usize::try_from(from).unwrap_or(usize::MAX),
            rows: Vec::new(),
            places: Vec::new(),
            ways: Vec::new(),
            sources: Vec::new(),
            by_digest: HashMap::new(),
            issued: BTreeMap::new(),
        }
    }

    /// Reads on until there are `end` rows. Each row of `postings` is read once, in the order of the keys.
    fn read(&mut self, view: &Layered<'_>, end: u64) -> Result<(), Error> {
        let first = self.rows.len();
        self.rows.extend(rows(view, self.address.number, first as u64, end.saturating_sub(first as u64))?);
        self.ways.resize(self.rows.len().saturating_sub(self.from), Default::default());
        // Issuers are proved for the rows before `from` too: views belong to one head, and those that the owner has belong to an older
        // one. One row of the posting is enough for that.
        let mut met: HashSet<Hash> = HashSet::new();
        let new = self.rows.iter().enumerate().skip(first);
        let wanted = new.filter(|(at, row)| *at >= self.from || met.insert(row.posting));
        let mut wanted: Vec<_> =
            wanted.map(|(at, row)| (row.posting, (row.posting_index / TILE) as u32, at)).collect();
        wanted.sort_unstable();
        let parts: Vec<_> = wanted.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)).collect();
        let keys: Vec<_> = parts.iter().map(|part| part_key(&part[0].0, part[0].1)).collect();
        let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
        view.each(Family::Postings, &keys, &mut |n, bytes| {
            let way = Way::read(keys[n], bytes)?;
            let digest = parts[n][0].0;
            if let Entry::Vacant(place) = self.by_digest.entry(digest) {
                let signed = signed(&digest, way.cose)?;
                place.insert(self.sources.len());
                self.sources.push(Source { issuer: signed.payload.issuer, cose: signed.into_cose() });
            }
            for (_, _, at) in parts[n] {
                if let Some(place) = at.checked_sub(self.from).and_then(|at| self.ways.get_mut(at)) {
                    *place = way.path(keys[n], self.rows[*at].posting_index)?;
                }
            }
            Ok(())
        })?;
        for row in &self.rows[first..] {
            let unread = || Error::Bug(format!("posting {} was not read", row.posting));
            let place = *self.by_digest.get(&row.posting).ok_or_else(unread)?;
            self.places.push(place);
            if let Some(issuer) = self.sources[place].issuer.filter(|issuer| *issuer != self.address) {
                self.issued.entry(issuer).or_default().push(row.log_index);
            }
        }
        Ok(())
    }

    /// The rows to be shown, and the signed postings that they name by number.
    fn show(mut self, erased: &Erased) -> Result<(Vec<Row>, Vec<Vec<u8>>), Error> {
        let mut numbers: Vec<Option<u64>> = vec![None; self.sources.len()];
        let (mut shown, mut postings) = (Vec::with_capacity(self.ways.len()), Vec::new());
        let rows = self.rows.iter().zip(&self.places).enumerate().skip(self.from);
        for ((at, (row, place)), (root, path)) in rows.zip(self.ways) {
            let posting = *numbers[*place].get_or_insert_with(|| {
                postings.push(std::mem::take(&mut self.sources[*place].cose));
                postings.len() as u64 - 1
            });
            let record = row.record(self.address.number, at as u64, root);
            let statement = match erased.holds(at as u64, row) {
                true => None,
                false => row.statement(self.address, at as u64)?,
            };
            shown.push(Row { record, seed: row.seed, statement, link: Link { posting, path } });
        }
        Ok((shown, postings))
    }
}

/// An issuer's account at each of these places in the log: the record before, its control and roles cells, and the record after.
fn issuer_view(core: &Core, sight: &Sight<'_>, issuer: &Address, indexes: &[u64]) -> Result<View, Error> {
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
    targets: BTreeMap<u64, rules::Target>,
}

impl Fold {
    /// Takes the next row; returns the account after it.
    fn push(
        &mut self,
        origin: &Origin,
        record: &Record,
        row: &RecordRow<'_>,
        statement: Option<Statement>,
    ) -> Result<&Account, Error> {
        let key = place_key(record.account, record.sequence);
        let damaged = |what: &str| Error::Corrupt(format!("{}: {what}", place(Family::Records, &key)));
        let Some(statement) = statement else {
            let account = self.account.as_mut().filter(|_| record.kind.can_be_erased());
            let account = account.ok_or_else(|| damaged("its statement is missing"))?;
            let placed = row.placed(record.statement_root);
            let (made, _) = account.append_erased(record.kind, record.refers, record.month, &placed);
            if made != *record {
                return Err(damaged("it is not what the account comes to"));
            }
            return Ok(account);
        };
        let body = statement.body().map_err(|_| damaged("its statement cannot be read"))?;
        let placed = row.placed(statement.root(origin));
        let (account, made) = match (self.account.take(), &body) {
            (None, Body::Opened(opened)) => {
                let (account, made, _) = Account::open(record.account, opened, &placed);
                (account, made)
            }
            (Some(mut account), _) => {
                let target = statement.refers.and_then(|r| self.targets.get_mut(&r));
                let (made, _) = account.append(&statement, &body, target, &placed);
                if let Some(target) = body.opens(made.at()) {
                    self.targets.insert(made.sequence, target);
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
