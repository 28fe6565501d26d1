//! One commit, made from postings: what each becomes, and every row that is to be written.
//!
//! 1. [`judge`] says what becomes of each posting at its place: statements before it in the same commit, and commits before it that are not
//!    in the rows yet, are seen through [`Working`]. It makes the records and packs the accounts' new heads.
//! 2. [`seal`] makes of that the rows, the changes of the trees and the signed checkpoint.
//! 3. Neither changes anything, runs a clock or asks for a secret but through what it is given; the audit replays with the same code. The
//!    two are done by two threads: while one commit is sealed and written, the next is judged.

use std::collections::HashMap;

use peal_spec::hash::{Hash, Seed};
use peal_spec::log::{Commit, LogLeaf};
use peal_spec::note::Checkpoint;
use peal_spec::receipt::Receipt;
use peal_spec::refusal::Refusal;
use peal_spec::tree::Frontier;
use peal_spec::value::{Origin, Time};
use peal_spec::{rules, tree};

use crate::blob::Blob;
use crate::error::Error;
use crate::rows::{
    self, Block, Bound, Fate, Hashes, Head, Node, Number, PostingId, PostingRow, RecordRow, Reference, TAGS,
};
use crate::schema::{self, Family, number_key, place_key, posting_id_key};
use crate::trees::{Changes, Growth};
use crate::way;
use crate::working::{Base, Layer, Made, Offer, Past, Posted, Working};

/// What became of a posting.
pub(crate) enum Verdict {
    /// Refused whole, without a trace.
    Refused(Refusal),
    /// Stored before this commit.
    Known,
    /// The same as an earlier one of this commit.
    Same(usize),
    /// Recorded by this commit.
    Recorded(Posted),
}

/// A commit that is ready to be written.
pub(crate) struct Sealed {
    /// Every row, each key once: all but leaves, and heads, which are the layer's.
    pub(crate) rows: Blob,
    /// Key of the block.
    pub(crate) first: u64,
    pub(crate) growth: Growth,
    pub(crate) changes: Changes,
    pub(crate) checkpoint: Checkpoint,
    pub(crate) note: String,
    pub(crate) commit: Commit,
    /// Number of records made.
    pub(crate) records: u64,
}

/// What became of postings, in their order, and what that did: a commit that is not sealed yet.
pub(crate) struct Judged {
    pub(crate) verdicts: Vec<Verdict>,
    pub(crate) layer: Layer,
    /// The places of the postings that are recorded, by digest.
    here: HashMap<Hash, usize>,
    /// The posting ids that are taken.
    ids: HashMap<Vec<u8>, Hash>,
    pub(crate) time: Time,
    /// Leaves of the log before it.
    pub(crate) first: u64,
    /// Accounts after it.
    pub(crate) accounts: u64,
}

impl Judged {
    /// Whether there is anything to record.
    pub(crate) fn records_something(&self) -> bool {
        !self.here.is_empty()
    }

    /// Leaves of the log after it.
    pub(crate) fn end(&self) -> u64 {
        self.first + self.layer.made.len() as u64 + u64::from(self.records_something())
    }
}

/// Judges postings. `pending` are commits that may not be in the rows yet, the youngest first; `empty` is memory for what is done.
pub(crate) fn judge<R: Past>(
    rows: &R,
    base: &Base<'_>,
    pending: &[&Judged],
    offers: &[Offer<'_>],
    seeds: &dyn Fn() -> Seed,
    empty: Layer,
) -> Result<Judged, Error> {
    let layers = pending.iter().map(|j| &j.layer).collect();
    let mut working = Working::new(base, rows, layers, seeds, offers, empty)?;
    let mut verdicts = Vec::with_capacity(offers.len());
    let mut here: HashMap<Hash, usize> = HashMap::new();
    let mut ids: HashMap<Vec<u8>, Hash> = HashMap::new();
    for (place, offer) in offers.iter().enumerate() {
        if let Some(same) = here.get(&offer.digest) {
            verdicts.push(Verdict::Same(*same));
            continue;
        }
        let since = offer.looked.map(|looked| &looked.since);
        if pending.iter().any(|j| j.here.contains_key(&offer.digest))
            || rows.holds(Family::Postings, &offer.digest.0, since)?
        {
            verdicts.push(Verdict::Known);
            continue;
        }
        let payload = &offer.signed.payload;
        let key = posting_id_key(payload.issuer.map(|a| a.number), &offer.signed.kid, &payload.id);
        let id_taken = ids.contains_key(&key)
            || pending.iter().any(|j| j.ids.contains_key(&key))
            || offer.looked.is_some_and(|looked| looked.id_taken)
            || rows.holds(Family::PostingIds, &key, since)?;
        if let Some(issuer) = &payload.issuer {
            working.invite(issuer.number)?;
        }
        let issuer = payload.issuer.and_then(|a| working.party(&a));
        let judged =
            rules::judge_posting(payload, &offer.signed.kid, offer.alone, base.time, issuer, id_taken);
        let posted = match judged {
            Ok(()) => working.posting(offer, place)?,
            Err(refusal) => Err(refusal),
        };
        verdicts.push(match posted {
            Ok(posted) => {
                here.insert(offer.digest, place);
                ids.insert(key, offer.digest);
                Verdict::Recorded(posted)
            }
            Err(refusal) => Verdict::Refused(refusal),
        });
    }
    let layer = working.into_layer()?;
    let accounts = base.directory + layer.ids.len() as u64;
    Ok(Judged { verdicts, layer, here, ids, time: base.time, first: base.log, accounts })
}

/// What new and changed leaves, in order, do to the directory, and its root then.
pub(crate) type Change<'a> = dyn Fn(Vec<(u64, Hash)>) -> Result<(Changes, Hash), Error> + 'a;

/// Grows the trees, signs the checkpoint and makes the rows. `change` is the directory's; `sign` turns the checkpoint into a note; `memory`
/// gives an empty blob with room for so many bytes.
pub(crate) fn seal(
    judged: &Judged,
    origin: &Origin,
    log: &Frontier,
    change: &Change<'_>,
    offers: &[Offer<'_>],
    sign: &dyn Fn(&Checkpoint) -> Result<String, Error>,
    memory: &dyn Fn(usize) -> Blob,
) -> Result<Sealed, Error> {
    let Judged { verdicts, layer: whole, ids, time, first, .. } = judged;
    let (first, time) = (*first, *time);
    if first != log.size() {
        return Err(Error::Bug(format!("a commit for {first} leaves follows on {}", log.size())));
    }
    let mut heads: Vec<(u64, &[u8])> = whole.accounts.rows().collect();
    heads.sort_unstable_by_key(|(number, _)| *number);
    let (changes, directory_root) = change(Head::directory_leaves(&heads)?)?;
    let commit = Commit { directory_size: changes.size(), directory_root, time };
    let records = whole.made.iter().map(|m| LogLeaf::Record(m.commitment));
    let leaves: Vec<LogLeaf> = records.chain([LogLeaf::Commit(commit)]).collect();
    let growth = Growth::new(log, log_hashes(&leaves))?;
    let checkpoint =
        Checkpoint { origin: origin.to_owned(), size: growth.after.size(), root: growth.after.root() };
    let note = sign(&checkpoint)?;

    let mut rows = memory(512 * whole.made.len() + 1024 * offers.len() + 1024);
    let recorded = offers.iter().zip(verdicts).filter_map(|(offer, verdict)| match verdict {
        Verdict::Recorded(posted) => Some((offer, posted)),
        _ => None,
    });
    let mut digests = Vec::new();
    for (offer, posted) in recorded {
        digests.push(offer.digest);
        put_posting(&mut rows, offer, posted, first)?;
    }
    for (key, digest) in ids {
        rows.put(key, &PostingId(*digest))?;
    }
    for made in &whole.made {
        let Made { record, seed, offer, .. } = made;
        let (offer, index) = (offers.get(*offer), record.posting_index as usize);
        if let Some(gone) = offer.and_then(|offer| offer.gone.get(&index)) {
            let row = RecordRow::bereft(record, *seed, gone.reference);
            rows.put(&place_key(record.account, record.sequence), &row)?;
            continue;
        }
        let Some(Ok((statement, _))) = offer.and_then(|offer| offer.statements.get(index)) else {
            return Err(Error::Bug("a record without its statement".into()));
        };
        rows.put(&place_key(record.account, record.sequence), &RecordRow::of(record, *seed, statement))?;
    }
    for (key, entry) in &whole.changes {
        rows.put(key, entry)?;
    }
    for (key, sequence) in whole.references.iter().filter(|(_, sequence)| **sequence >= TAGS as u64) {
        rows.put(key, &Reference(*sequence))?;
    }
    for (id, number) in &whole.ids {
        rows.put(&id.0, &Number(*number))?;
    }
    for ((account, sequence), erasure) in &whole.erased {
        rows.put(&place_key(*account, *sequence), erasure)?;
    }
    for (token, bound) in &whole.tokens {
        rows.put(&schema::token_key(token, first), &Bound(*bound))?;
    }
    for (level, index, node) in growth.stored() {
        rows.put(&schema::node_key(level, index), &Node(node))?;
    }
    let block = Block {
        time,
        directory_size: commit.directory_size,
        directory_root: commit.directory_root,
        note: note.clone(),
        postings: Hashes(digests),
        commitments: Hashes(whole.made.iter().map(|m| m.commitment).collect()),
        places: whole.made.iter().map(|m| (m.record.account, m.record.sequence)).collect(),
    };
    rows.put(&number_key(first), &block)?;
    let records = whole.made.len() as u64;
    Ok(Sealed { rows, first, growth, changes, checkpoint, note, commit, records })
}

/// The leaf hashes of the log's leaves.
fn log_hashes(leaves: &[LogLeaf]) -> Vec<Hash> {
    let (twos, one) = leaves.as_chunks::<2>();
    let hashes = twos.iter().flat_map(|[a, b]| LogLeaf::leaves([a, b]));
    hashes.chain(one.iter().map(LogLeaf::leaf)).collect()
}

fn put_posting(rows: &mut Blob, offer: &Offer<'_>, posted: &Posted, block: u64) -> Result<(), Error> {
    let fates: Vec<Fate> = posted
        .results
        .iter()
        .map(|result| match result {
            Ok(a) => Fate::Accepted { account: a.account, sequence: a.sequence },
            Err(refusal) => Fate::refused(refusal),
        })
        .collect();
    let mut parts = way::parts(offer.signed.cose(), offer.nodes, offer.roots, &fates).into_iter();
    let row = PostingRow {
        part: parts.next().unwrap_or_default(),
        count: offer.roots.len() as u64,
        block,
        first: posted.first,
        refusals: rows::refusals(&fates)?,
    };
    rows.put(&offer.digest.0, &row)?;
    for (part, number) in parts.zip(1..) {
        rows.put(&schema::part_key(&offer.digest, number), &part)?;
    }
    Ok(())
}

impl Sealed {
    /// The receipt of a posting that this commit records.
    pub(crate) fn receipt(&self, digest: Hash, posted: &Posted) -> Result<Receipt, Error> {
        let path = match posted.first {
            Some(first) => {
                let indexes: Vec<u64> = (first..first + posted.accepted).collect();
                tree::set(&self.growth, &indexes, self.checkpoint.size)?
            }
            None => Vec::new(),
        };
        Ok(Receipt {
            posting: digest,
            checkpoint: self.note.clone(),
            time: self.commit.time,
            first: posted.first,
            results: posted.results.clone(),
            path,
        })
    }

    /// The path of the commit leaf.
    pub(crate) fn head_path(&self) -> Result<Vec<Hash>, Error> {
        tree::inclusion(&self.growth, self.checkpoint.size - 1, self.checkpoint.size)
    }
}
