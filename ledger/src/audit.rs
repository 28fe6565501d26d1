//! The audit: replays every commit from its postings and compares every row.
//!
//! 1. The checks of opening a ledger come first (`recovery`).
//! 2. Each block in turn: its postings' signatures, roots and statements; the rules, at that place and time; then every row that the
//!    commit must have written, byte for byte, and its signed checkpoint.
//! 3. At the end every row of every family is one that the replay has made, so that nothing was added.
//!
//! It works on one moment of the store ([`crate::Ledger::audit`] on that of a running ledger). It keeps accounts, references, ids and tokens in memory.
//! A refused statement is not kept, so its refusal is checked for damage and for what it does to an all-or-nothing posting, not for truth.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::Path;
use std::sync::{Arc, Mutex};

use peal_spec::address::Address;
use peal_spec::hash::{Hash, Seed};
use peal_spec::note::{Checkpoint, VerifierKey};
use peal_spec::posting::{self, Signed};
use peal_spec::receipt::Outcome;
use peal_spec::refusal::{Code, Refusal};
use peal_spec::rules::{Alone, Target};
use peal_spec::statement::{Body, Statement, Type};
use peal_spec::target::{Claimed, Engaged};
use peal_spec::tree::{self, Frontier};
use peal_spec::value::{Origin, Time};

use crate::blob::Blob;
use crate::commit::{Sealed, Verdict, judge, seal};
use crate::error::Error;
use crate::layered::Layered;
use crate::reads;
use crate::recovery::{read_note, recover};
use crate::rows::{Block, Content, Erasure, Fate, Figure, Head, Leaves, Part, PostingRow, RecordRow};
use crate::schema::{Family, TILE, TILE_LEVEL, decode, entry_key, meta, number_key, place, place_key};
use crate::sequencer::pause;
use crate::settings::Settings;
use crate::settler::Settler;
use crate::state::{Core, Published};
use crate::store::{Disk, KeyValue, Look, Ordered, Rocks, Rows, RowsExt};
use crate::trees::{Directory, numbered};
use crate::working::{Base, Gone, Layer, Offer, Past, at_first};

/// What an audit has gone through and found in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditReport {
    /// The checkpoint up to which everything agrees.
    pub checkpoint: Checkpoint,
    /// Its time.
    pub time: Time,
    /// Accounts.
    pub accounts: u64,
    /// Commits replayed.
    pub commits: u64,
    /// Postings whose signatures and roots hold.
    pub postings: u64,
    /// Records recomputed.
    pub records: u64,
    /// Refused statements in recorded postings.
    pub refused: u64,
}

/// The ledger as far as it was replayed.
struct Replay<'s> {
    view: &'s Layered<'s>,
    /// Rows of heads, entries, posting ids, references, ids and tokens.
    made: BTreeMap<Family, HashMap<Vec<u8>, Vec<u8>>>,
    /// Number of statements of each posting.
    postings: HashMap<Hash, u64>,
    /// Ids of the accounts met so far.
    ids: HashMap<u64, Hash>,
    /// Records whose contents are gone: account, sequence, and the record that is to be erased for that.
    given: Vec<(u64, u64, Option<u64>)>,
    /// What others may have referred to them as when they were recorded.
    firsts: HashMap<(u64, u64), Target>,
}

impl Rows for Replay<'_> {
    fn bytes(&self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        match family {
            // Records below an account's replayed size are compared already, and no other is asked for.
            Family::Records => self.view.bytes(family, key),
            Family::Postings => {
                let digest = key.try_into().map(Hash).ok();
                Ok(digest.and_then(|d| self.postings.get(&d)).map(|_| Vec::new()))
            }
            _ => Ok(self.made.get(&family).and_then(|rows| rows.get(key)).cloned()),
        }
    }
}

impl Ordered for Replay<'_> {
    fn at_or_before(&self, family: Family, key: &[u8]) -> Result<Option<KeyValue>, Error> {
        // Only changes of entries by records below an account's replayed size, and of tokens by commits before this one, are asked for; they are
        // compared already.
        self.view.at_or_before(family, key)
    }
}

impl Past for Replay<'_> {
    fn given(&self, account: u64, sequence: u64) -> Option<Target> {
        self.firsts.get(&(account, sequence)).cloned()
    }
}

fn corrupt<T>(family: Family, key: &[u8], what: impl AsRef<str>) -> Result<T, Error> {
    Err(Error::Corrupt(format!("{}: {}", place(family, key), what.as_ref())))
}

/// A posting as it was recorded.
struct Recorded {
    digest: Hash,
    signed: Signed,
    roots: Vec<Hash>,
    nodes: Vec<Hash>,
    fates: Vec<Fate>,
    statements: Vec<Result<(Statement, Body), Refusal>>,
    /// Those whose contents are gone, by index: they stand as refused above.
    gone: HashMap<usize, Gone>,
    seeds: Vec<Seed>,
}

/// Reads a posting with its statements, and checks all that needs no rules.
fn posting(replay: &mut Replay<'_>, digest: &Hash, origin: &Origin) -> Result<Recorded, Error> {
    let view = replay.view;
    let bad = |what: &str| Error::Corrupt(format!("{}: {what}", place(Family::Postings, &digest.0)));
    let row: PostingRow = view.must(&digest.0)?;
    let signed = reads::signed(digest, &row.part.cose.0)?;
    if signed.digest() != *digest {
        return Err(bad("its signed posting has another digest"));
    }
    if !signed.verifies() {
        return Err(bad("its signature does not verify"));
    }
    if signed.payload.origin != *origin {
        return Err(bad("it is for another ledger"));
    }
    let (mut roots, mut fates) = (Vec::new(), Vec::new());
    for Part { roots: more, results, .. } in reads::parts(view, digest, &row)? {
        roots.extend(more.0);
        fates.extend(results);
    }
    if roots.len() as u64 != signed.payload.count
        || fates.len() != roots.len()
        || row.count != signed.payload.count
    {
        return Err(bad("it has not as many statements and results as were signed"));
    }
    let tree = posting::Tree::new(&roots);
    if tree.root != signed.payload.root {
        return Err(bad("its statement roots do not give the signed root"));
    }
    let (mut statements, mut seeds) = (Vec::with_capacity(fates.len()), Vec::new());
    let mut gone = HashMap::new();
    for ((fate, root), index) in fates.iter().zip(&roots).zip(0..) {
        statements.push(match fate {
            Fate::Refused { code, field, record } => Err(Fate::refusal(*code, field, *record)?),
            Fate::Accepted { account, sequence } => {
                let key = place_key(*account, *sequence);
                let record: RecordRow<'_> = view.must(&key)?;
                let address = address(replay, &record, *account, *sequence, root)?;
                if let Content::Erased { root: kept, reference } = &record.content {
                    if kept != root || !record.kind.can_be_erased() {
                        return corrupt(
                            Family::Records,
                            &key,
                            "its statement is not the one that was signed",
                        );
                    }
                    let after = match record.refers {
                        Some(refers) => view.row::<Target>(&entry_key(*account, refers, *sequence))?,
                        None => None,
                    };
                    let first = first(view, &signed, (*account, *sequence), &record)?;
                    if let Some(first) = &first {
                        replay.firsts.insert((*account, *sequence), first.clone());
                    }
                    let RecordRow { kind, refers, month, seed, .. } = record;
                    let (account, reference) = (*account, *reference);
                    gone.insert(index, Gone { account, kind, refers, month, reference, first, after });
                    replay.given.push((account, *sequence, kind.erased_with(*sequence, refers)));
                    seeds.push(seed);
                    statements.push(Err(Refusal::new(Code::NotRecorded, "")));
                    continue;
                }
                let Some(statement) = record.statement(address, *sequence)? else {
                    return corrupt(
                        Family::Records,
                        &key,
                        "its statement is erased, which this program does not know",
                    );
                };
                if statement.root(origin) != *root {
                    return corrupt(Family::Records, &key, "its statement is not the one that was signed");
                }
                let Ok(body) = statement.body() else {
                    return corrupt(Family::Records, &key, "its statement is not of its type's shape");
                };
                seeds.push(record.seed);
                Ok((statement, body))
            }
        });
    }
    let judged: Vec<Result<(), Refusal>> =
        statements
            .iter()
            .enumerate()
            .map(|(index, s)| {
                if gone.contains_key(&index) { Ok(()) } else { s.as_ref().map(|_| ()).map_err(Clone::clone) }
            })
            .collect();
    check_refusals(&judged, signed.payload.all_or_nothing).map_err(bad)?;
    Ok(Recorded { digest: *digest, signed, roots, nodes: tree.nodes, fates, statements, gone, seeds })
}

/// What others may have referred to a record as whose contents are gone, if they may. Of an engagement that follows from the record and its posting;
/// of a claim only when it was filed: whom it was against, before whom and of which insurance is taken from what the erasing left behind.
fn first(
    view: &Layered<'_>,
    signed: &Signed,
    (account, sequence): (u64, u64),
    record: &RecordRow<'_>,
) -> Result<Option<Target>, Error> {
    if record.kind == Type::Engagement {
        let both = signed.payload.issuer.zip(record.month);
        return Ok(both.map(|(issuer, month)| {
            Target::Engagement(Engaged { issuer: issuer.number, month, void: false })
        }));
    }
    Ok(at_first(view, account, sequence)?.map(|first| match first {
        Target::Claim(claimed) => Target::Claim(Box::new(Claimed { filed: record.time, ..*claimed })),
        other => other,
    }))
}

/// The address that a record's statement names: the account's, whose id is the root of its opening.
fn address(
    replay: &mut Replay<'_>,
    record: &RecordRow<'_>,
    account: u64,
    sequence: u64,
    root: &Hash,
) -> Result<Address, Error> {
    let id = match (record.kind == Type::Opened || sequence == 0, replay.ids.get(&account)) {
        (true, _) => *root,
        (false, Some(id)) => *id,
        (false, None) => replay.view.must::<Head>(&number_key(account))?.account.address.id,
    };
    replay.ids.insert(account, id);
    Ok(Address { number: account, id })
}

/// What refusals can be in one posting.
fn check_refusals<T>(statements: &[Result<T, Refusal>], all_or_nothing: bool) -> Result<(), &'static str> {
    let codes = || statements.iter().filter_map(|s| s.as_ref().err()).map(|r| r.code);
    if codes().any(|code| code < Code::UnknownType) {
        return Err("a statement is refused with a code that refuses postings");
    }
    let dragged = codes().filter(|code| *code == Code::NotRecorded).count();
    let refused = codes().count();
    if !all_or_nothing && dragged > 0 {
        return Err("a statement is refused for another's sake, and the posting was not all-or-nothing");
    }
    if all_or_nothing && refused > 0 && (refused < statements.len() || dragged == refused) {
        return Err("it was all-or-nothing, and its results are not");
    }
    Ok(())
}

/// Replays one block; returns what it must have written.
fn replay_block(
    replay: &mut Replay<'_>,
    base: &Base<'_>,
    (log, directory): (&Frontier, &Directory),
    operator: &VerifierKey,
    block: &Block,
) -> Result<(Sealed, Vec<Recorded>), Error> {
    let first = base.log;
    let key = number_key(first);
    let mut recorded = Vec::with_capacity(block.postings.0.len());
    for digest in &block.postings.0 {
        recorded.push(posting(replay, digest, base.origin)?);
    }
    let offers: Vec<Offer<'_>> = recorded
        .iter()
        .map(|r| Offer {
            digest: r.digest,
            signed: &r.signed,
            roots: &r.roots,
            nodes: &r.nodes,
            statements: r.statements.iter().map(|s| s.as_ref().map(|(s, b)| (s, b))).collect(),
            looked: None,
            gone: r.gone.clone(),
            alone: match r.statements.as_slice() {
                [Ok((only, _))] => Alone::Is(Type::from_number(only.kind)),
                [Err(_)] if !r.gone.is_empty() => Alone::Is(r.gone.get(&0).map(|gone| gone.kind)),
                [Err(_)] => Alone::Unknown,
                _ => Alone::No,
            },
        })
        .collect();
    let seeds: RefCell<VecDeque<Seed>> =
        RefCell::new(recorded.iter().flat_map(|r| r.seeds.iter().copied()).collect());
    let next_seed = || seeds.borrow_mut().pop_front().unwrap_or_default();
    let sign = |checkpoint: &Checkpoint| {
        let signed = read_note(&block.note, first, base.origin, operator)?;
        if signed.size != checkpoint.size {
            return corrupt(Family::Blocks, &key, "its checkpoint is of another size than its records make");
        }
        if signed.root != checkpoint.root {
            return corrupt(
                Family::Blocks,
                &key,
                "its checkpoint's root is not that of the log which its postings make",
            );
        }
        Ok(block.note.clone())
    };
    // The signed root comes last: a record that differs is named itself.
    let postpone = |checkpoint: &Checkpoint| Ok(sign(checkpoint).unwrap_or_default());
    let judged = judge(replay, base, &[], &offers, &next_seed, Layer::default())?;
    for (verdict, recorded) in judged.verdicts.iter().zip(&recorded) {
        let key = &recorded.digest.0;
        match verdict {
            Verdict::Recorded(posted) => check_results(recorded, posted.results())?,
            Verdict::Refused(refusal) => {
                return corrupt(
                    Family::Postings,
                    key,
                    format!("it was recorded, and the rules refuse it: {refusal}"),
                );
            }
            Verdict::Known | Verdict::Same(_) => {
                return corrupt(Family::Postings, key, "it was recorded twice");
            }
        }
    }
    if !judged.records_something() {
        return corrupt(Family::Blocks, &key, "it holds no posting");
    }
    let change = |leaves: Vec<(u64, Hash)>| directory.change(leaves);
    let sealed = seal(&judged, base.origin, log, &change, &offers, &postpone, &Blob::with_capacity)?;
    for blocks in [false, true] {
        if blocks {
            sign(&sealed.checkpoint)?;
        }
        for row in sealed.rows.rows() {
            let row = row?;
            if (row.family == Family::Blocks) == blocks {
                compare(replay, row.family, row.key, row.value)?;
            }
        }
    }
    let heads = replay.made.entry(Family::Heads).or_default();
    let rows = judged.layer.accounts.rows();
    heads.extend(rows.map(|(number, head)| (number_key(number).to_vec(), head.to_vec())));
    drop(offers);
    Ok((sealed, recorded))
}

fn check_results(recorded: &Recorded, results: &[Outcome]) -> Result<(), Error> {
    for (index, (fate, result)) in recorded.fates.iter().zip(results).enumerate() {
        let what = match (fate, result) {
            (Fate::Accepted { account, sequence }, Ok(a))
                if (a.account, a.sequence) == (*account, *sequence) =>
            {
                continue;
            }
            (Fate::Refused { .. }, Err(_)) => continue,
            (_, Ok(a)) => format!("it belongs in account {}, sequence {}", a.account, a.sequence),
            (_, Err(refusal)) => format!("it was recorded, and the rules refuse it: {refusal}"),
        };
        return corrupt(Family::Postings, &recorded.digest.0, format!("statement {index}: {what}"));
    }
    Ok(())
}

/// Compares a row with the stored one; keeps those that are needed.
fn compare(replay: &mut Replay<'_>, family: Family, key: &[u8], bytes: &[u8]) -> Result<(), Error> {
    match replay.view.bytes(family, key)? {
        Some(stored) if stored == bytes => {}
        Some(_) => return corrupt(family, key, "it is not what the postings make"),
        None => return corrupt(family, key, "it is missing"),
    }
    if matches!(
        family,
        Family::Entries
            | Family::PostingIds
            | Family::References
            | Family::Ids
            | Family::Tokens
            | Family::Erasures
    ) {
        replay.made.entry(family).or_default().insert(key.to_vec(), bytes.to_vec());
    }
    Ok(())
}

/// What is gone was to go: a later record of the account says so.
fn check_erasures(replay: &Replay<'_>) -> Result<(), Error> {
    let nothing = HashMap::new();
    let made = replay.made.get(&Family::Erasures).unwrap_or(&nothing);
    let ends = made.iter().map(|(key, row)| Ok(decode::<Erasure>(key, row)?.at + 1));
    let end: u64 = ends.collect::<Result<Vec<u64>, Error>>()?.into_iter().max().unwrap_or_default();
    let mark = |name: &[u8]| Ok::<u64, Error>(replay.view.row::<Figure>(name)?.map_or(0, |f| f.0));
    if mark(meta::WIPED)? != end {
        return corrupt(Family::Meta, meta::WIPED, "it is not where what was erased ends");
    }
    if mark(meta::PURGED)? > end {
        return corrupt(Family::Meta, meta::PURGED, "it is beyond what was erased");
    }
    for (account, sequence, whose) in &replay.given {
        let row = whose.and_then(|whose| made.get(place_key(*account, whose).as_slice()));
        let erasure = row.map(|row| decode::<Erasure>(&place_key(*account, *sequence), row)).transpose()?;
        if erasure.is_none_or(|erasure| erasure.by <= *sequence) {
            return corrupt(
                Family::Records,
                &place_key(*account, *sequence),
                "its contents are gone, and no record says that they are erased",
            );
        }
    }
    Ok(())
}

/// Every stored row is one that the replay has made.
fn check_rows(
    replay: &Replay<'_>,
    directory: &Directory,
    sizes: &HashMap<u64, u64>,
    log: u64,
) -> Result<(), Error> {
    for family in Family::ALL {
        let nothing = HashMap::new();
        let made = replay.made.get(&family).unwrap_or(&nothing);
        let mut count = 0;
        for row in replay.view.scan(family, &[], false)? {
            let (key, value) = row?;
            count += 1;
            let number =
                |at: usize| key.get(at..at + 8).and_then(|b| b.try_into().ok()).map(u64::from_be_bytes);
            let known = match family {
                // Old commits stand in the journal until there is a reason to drop them.
                Family::Blocks | Family::Meta | Family::Journal => true,
                Family::Leaves => {
                    let from = number(0).and_then(|tile| tile.checked_mul(TILE));
                    let leaves = from.map(|from| directory.leaves(from)).unwrap_or_default();
                    let Leaves(stored) = decode(&key, &value)?;
                    if !leaves.is_empty() && stored.0 != leaves {
                        return corrupt(family, &key, "it is not what the heads give");
                    }
                    key.len() == 8 && !leaves.is_empty()
                }
                Family::Records => {
                    let (account, sequence) = (number(0).unwrap_or(u64::MAX), number(8).unwrap_or(u64::MAX));
                    key.len() == 16 && sizes.get(&account).is_some_and(|size| sequence < *size)
                }
                Family::Postings => {
                    let count = key.first_chunk::<32>().and_then(|d| replay.postings.get(&Hash(*d)));
                    match key.get(32..) {
                        Some([]) => count.is_some(),
                        Some([a, b, c, d]) => {
                            let part = u64::from(u32::from_be_bytes([*a, *b, *c, *d]));
                            count.is_some_and(|n| part > 0 && part < n.div_ceil(TILE))
                        }
                        _ => false,
                    }
                }
                Family::Nodes => {
                    let level = u32::from(key.first().copied().unwrap_or_default());
                    let complete = log.checked_shr(level).unwrap_or(0);
                    key.len() == 9
                        && level > 0
                        && level % TILE_LEVEL == 0
                        && number(1).is_some_and(|i| i < complete)
                }
                _ => match made.get(&*key) {
                    Some(bytes) if **bytes == *value => true,
                    Some(_) => return corrupt(family, &key, "it is not what the postings make"),
                    None => false,
                },
            };
            if !known {
                return corrupt(family, &key, "no posting makes it");
            }
        }
        if count < made.len() {
            for key in made.keys() {
                if replay.view.bytes(family, key)?.is_none() {
                    return corrupt(family, key, "it is missing");
                }
            }
        }
    }
    Ok(())
}

/// Replays a ledger that is not running, from its postings, and compares everything that is stored. `progress` is told how many log leaves
/// are done, of how many.
///
/// # Errors
/// [`Error::Setup`] as for [`crate::Ledger::open`]; [`Error::Corrupt`] names the first row that differs, and how.
pub fn audit(
    dir: &Path,
    operator: &VerifierKey,
    origin: &Origin,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<AuditReport, Error> {
    audit_on(Box::new(Rocks::open(dir)?), operator, origin, progress)
}

/// The audit of the ledger that a store holds.
pub(crate) fn audit_on(
    disk: Box<dyn Disk>,
    operator: &VerifierKey,
    origin: &Origin,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<AuditReport, Error> {
    let settings = Settings::default();
    let recovered = recover(&*disk, origin, operator, settings.head_bytes)?;
    let core = Arc::new(Core::new(disk, origin.clone(), operator.clone(), recovered.trees));
    core.find_erased()?;
    let turn = Mutex::new(());
    Settler::new(core.clone(), recovered.marks, &settings).settle_all(&pause(&turn))?;
    replay(&Layered::bare(&*core.disk), &core.published(), operator, origin, progress)
}

/// The audit of one moment of a ledger, with everything in its place.
pub(crate) fn replay(
    view: &Layered<'_>,
    published: &Published,
    operator: &VerifierKey,
    origin: &Origin,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<AuditReport, Error> {
    let total = published.checkpoint.size;
    let mut replay = Replay {
        view,
        made: BTreeMap::new(),
        postings: HashMap::new(),
        ids: HashMap::new(),
        given: Vec::new(),
        firsts: HashMap::new(),
    };
    let (mut log, mut directory) = (Frontier::default(), Directory::default());
    let mut time = Time::default();
    let mut sizes: HashMap<u64, u64> = HashMap::new();
    let mut report = AuditReport {
        checkpoint: published.checkpoint.clone(),
        time: published.commit.time,
        accounts: published.commit.directory_size,
        commits: 0,
        postings: 0,
        records: 0,
        refused: 0,
    };
    for row in view.scan(Family::Blocks, &[], false)? {
        let (key, value) = row?;
        let first = numbered(Family::Blocks, &key)?;
        if first != log.size() {
            return corrupt(Family::Blocks, &key, format!("the one of log index {} is missing", log.size()));
        }
        let block: Block = decode(&key, &value)?;
        if block.time < time {
            return corrupt(Family::Blocks, &key, "it is earlier than the one before");
        }
        time = block.time;
        let base = Base { origin, log: log.size(), directory: directory.size(), time };
        let (sealed, recorded) = replay_block(&mut replay, &base, (&log, &directory), operator, &block)?;
        for (account, sequence) in &block.places {
            sizes.insert(*account, sequence + 1);
        }
        report.commits += 1;
        report.postings += recorded.len() as u64;
        report.records += sealed.records;
        for posting in recorded {
            let refused = posting.statements.iter().filter(|s| s.is_err()).count() - posting.gone.len();
            report.refused += refused as u64;
            replay.postings.insert(posting.digest, posting.fates.len() as u64);
        }
        directory.merge(sealed.changes);
        log = sealed.growth.after;
        progress(log.size(), total);
    }
    let root = tree::subtree(&directory, 0, directory.size())?;
    if log.root() != published.checkpoint.root || root != published.commit.directory_root {
        return Err(Error::Corrupt(
            "the replayed log or directory is not the one of the last checkpoint".into(),
        ));
    }
    check_rows(&replay, &directory, &sizes, total)?;
    check_erasures(&replay)?;
    Ok(report)
}
