//! What is done and checked before a store is used: it is brought up to its last commit, and must be this ledger's and add up to its last
//! checkpoint.
//!
//! 1. Format, origin and operator are those asked for.
//! 2. The journal has every commit from the lower mark to the one named as last. Rows above the mark `sorted` are laid on top of the store;
//!    heads that are behind are brought forward, each record's state root compared.
//! 3. The last commit's checkpoint is signed by the operator.
//! 4. The log's right edge, rebuilt from nodes and blocks, gives the checkpoint's root.
//! 5. The directory, rebuilt from the stored leaves and the heads that changed since, gives the commit's root.

use std::collections::HashMap;
use std::sync::Arc;

use peal_spec::account::Account;
use peal_spec::address::Address;
use peal_spec::hash::Hash;
use peal_spec::note::{Checkpoint, Note, VerifierKey};
use peal_spec::statement::Body;
use peal_spec::tree;
use peal_spec::value::Origin;

use crate::blob::Blob;
use crate::error::Error;
use crate::fresh::{ByNumber, Fresh, Generation};
use crate::heads::Heads;
use crate::layered::Layered;
use crate::rows::{self, Block, Figure, Head, Leaves, Part, PostingRow, RecordRow, Text};
use crate::schema::{self, Family, TILE, decode, encode, meta, number_key, place, place_key, reference_key};
use crate::settler::Marks;
use crate::state::{Published, Trees};
use crate::store::{Disk, Look, Ordered, RowsExt};
use crate::trees::{Directory, Log, numbered};
use crate::working::{Accounts, standing, stored_head};

/// Above so many records to go through, all heads are read in one pass.
const MANY: u64 = 100_000;

/// A row of `meta`: its name and bytes.
type Named = (&'static [u8], Vec<u8>);

/// The rows that say what a store is.
pub(crate) fn identity(origin: &Origin, operator: &VerifierKey) -> Result<[Named; 5], Error> {
    Ok([
        (meta::FORMAT, encode(&Figure(schema::FORMAT))?),
        (meta::ORIGIN, encode(&Text(origin.to_string()))?),
        (meta::OPERATOR, encode(&Text(operator.to_string()))?),
        (meta::SORTED, encode(&Figure(0))?),
        (meta::HEADS, encode(&Figure(0))?),
    ])
}

/// Step 1.
fn check_identity(view: &Layered<'_>, origin: &Origin, operator: &VerifierKey) -> Result<(), Error> {
    match view.row::<Figure>(meta::FORMAT)?.map(|f| f.0) {
        None => return Err(Error::Setup("there is no ledger here: create it first".into())),
        Some(schema::FORMAT) => {}
        Some(other) => {
            return Err(Error::Setup(format!(
                "the store has format {other}; this program knows {}",
                schema::FORMAT
            )));
        }
    }
    let same = |key: &[u8], asked: String, what: &str| {
        let Text(stored) = view.must(key)?;
        if stored == asked {
            Ok(())
        } else {
            Err(Error::Setup(format!("the {what} of this ledger is {stored}, not {asked}")))
        }
    };
    same(meta::ORIGIN, origin.to_string(), "origin")?;
    same(meta::OPERATOR, operator.to_string(), "operator's key")
}

/// Reads a block's note: the checkpoint, if it is for this origin and the operator signed it.
pub(crate) fn read_note(
    note: &str,
    first: u64,
    origin: &Origin,
    operator: &VerifierKey,
) -> Result<Checkpoint, Error> {
    let bad = |what: &str| Error::Corrupt(format!("blocks row of log index {first}: its checkpoint {what}"));
    let note: Note = note.parse().map_err(|_| bad("is not a note"))?;
    let checkpoint: Checkpoint = note.text.parse().map_err(|_| bad("is not a checkpoint"))?;
    if checkpoint.origin != *origin {
        return Err(bad("is of another origin"));
    }
    match note.signed_by(operator) {
        Ok(Some(None)) => Ok(checkpoint),
        _ => Err(bad("is not signed by the operator")),
    }
}

/// A store brought up to its last commit.
pub(crate) struct Recovered {
    pub(crate) trees: Trees,
    pub(crate) marks: Marks,
}

/// Brings a store up to its last commit, checks it and builds the trees. `head_bytes` is the room for heads.
pub(crate) fn recover(
    disk: &dyn Disk,
    origin: &Origin,
    operator: &VerifierKey,
    head_bytes: usize,
) -> Result<Recovered, Error> {
    let bare = Layered::bare(disk);
    check_identity(&bare, origin, operator)?;
    let marks =
        Marks { sorted: bare.must::<Figure>(meta::SORTED)?.0, heads: bare.must::<Figure>(meta::HEADS)?.0 };
    let Figure(last) = bare.must(meta::LAST)?;
    let mut replay = Replay {
        disk,
        marks,
        fresh: Fresh(vec![Arc::new(Generation::default())]),
        heads: Heads::new(head_bytes),
        leaves: leaves(&bare)?,
    };
    replay.journal(&bare, last)?;
    let view = Layered::new(disk, &replay.fresh);
    let key = number_key(last);
    let block: Block = view.must(&key)?;
    if let Some((later, _)) = view.at_or_before(Family::Blocks, &[0xff; 8])?.filter(|(k, _)| **k != key) {
        let later = numbered(Family::Blocks, &later)?;
        return Err(Error::Corrupt(format!(
            "meta row \"last\": it names the commit of log index {last}, and there is one of {later}"
        )));
    }
    let checkpoint = read_note(&block.note, last, origin, operator)?;
    let size = last + block.commitments.0.len() as u64 + 1;
    if checkpoint.size != size {
        return Err(Error::Corrupt(format!(
            "{}: its checkpoint is of size {}, its leaves end at {size}",
            place(Family::Blocks, &key),
            checkpoint.size
        )));
    }
    if marks.sorted > size || marks.heads > size {
        return Err(Error::Corrupt(format!(
            "meta rows \"sorted\" and \"heads\": they are beyond the log's size {size}"
        )));
    }
    let nodes = Log::new(&view, size);
    let log = nodes.frontier()?;
    if log.root() != checkpoint.root {
        return Err(Error::Corrupt(format!(
            "nodes and blocks do not give the log's root of the checkpoint of size {size}"
        )));
    }
    let head_path = tree::inclusion(&nodes, size - 1, size)?;
    let directory = Directory::new(replay.leaves);
    if directory.size() != block.directory_size {
        let (leaves, accounts) = (directory.size(), block.directory_size);
        return Err(Error::Corrupt(format!(
            "leaves: there are {leaves}, the last commit has {accounts} accounts"
        )));
    }
    if tree::subtree(&directory, 0, directory.size())? != block.directory_root {
        return Err(Error::Corrupt(
            "leaves and heads do not give the directory's root of the last commit".into(),
        ));
    }
    let published =
        Published { checkpoint, commit: block.commit(), note: block.note, head_path, block: last };
    let (heads, fresh) = (replay.heads, replay.fresh);
    Ok(Recovered { trees: Trees { published: Arc::new(published), directory, log, heads, fresh }, marks })
}

/// The directory's leaves as they were last written.
fn leaves(view: &Layered<'_>) -> Result<Vec<Hash>, Error> {
    let mut all: Vec<Hash> = Vec::new();
    for row in view.scan(Family::Leaves, &[], false)? {
        let (key, value) = row?;
        let Leaves(tile) = decode(&key, &value)?;
        if *key != number_key(all.len() as u64 / TILE)
            || !(all.len() as u64).is_multiple_of(TILE)
            || tile.0.len() as u64 > TILE
        {
            return Err(Error::Corrupt(format!("{}: it does not follow", place(Family::Leaves, &key))));
        }
        all.extend(tile.0);
    }
    Ok(all)
}

/// The journal as far as it was gone through.
struct Replay<'r> {
    disk: &'r dyn Disk,
    marks: Marks,
    fresh: Fresh,
    heads: Heads,
    leaves: Vec<Hash>,
}

impl Replay<'_> {
    /// Goes through the journal from the lower mark to the commit named as last.
    fn journal(&mut self, bare: &Layered<'_>, last: u64) -> Result<(), Error> {
        let mut next = self.marks.sorted.min(self.marks.heads);
        if last < next {
            return Ok(());
        }
        if last - next > MANY {
            for row in bare.scan(Family::Heads, &[], false)? {
                let (key, value) = row?;
                let number = numbered(Family::Heads, &key)?;
                // One without a leaf is either new, and read when it is needed, or not of this ledger; a number takes as much room as all below it.
                if number < self.leaves.len() as u64 {
                    self.heads.keep(number, &value, 0);
                }
            }
        }
        for row in bare.scan(Family::Journal, &number_key(next), false)? {
            let (key, value) = row?;
            let first = numbered(Family::Journal, &key)?;
            if first != next || first > last {
                let lost = number_key(next.min(first));
                return Err(Error::Corrupt(format!("{} is missing", place(Family::Journal, &lost))));
            }
            let blob = Arc::new(Blob::stored(value.into_vec()));
            next = self.commit(first, &blob)?;
            if first == last {
                return Ok(());
            }
        }
        Err(Error::Corrupt(format!("{} is missing", place(Family::Journal, &number_key(next)))))
    }

    /// Takes in one commit; returns the size of the log after it.
    fn commit(&mut self, first: u64, blob: &Arc<Blob>) -> Result<u64, Error> {
        let damaged =
            |what: &str| Error::Corrupt(format!("{}: {what}", place(Family::Journal, &number_key(first))));
        let behind = first >= self.marks.heads;
        let mut block: Option<Block> = None;
        let mut records: HashMap<(u64, u64), &[u8]> = HashMap::new();
        let mut roots: HashMap<[u8; 32], Vec<Part>> = HashMap::new();
        for row in blob.rows() {
            let row = row?;
            match (row.family, row.key.split_first_chunk::<32>()) {
                (Family::Blocks, _) if row.key == number_key(first) => {
                    block = Some(decode(row.key, row.value)?);
                }
                _ if !behind => {}
                (Family::Records, _) => {
                    let place =
                        schema::place_of(row.family, row.key).ok_or_else(|| damaged("a record's key"))?;
                    records.insert(place, row.value);
                }
                (Family::Postings, Some((digest, []))) => {
                    let PostingRow { part, .. } = decode(row.key, row.value)?;
                    roots.entry(*digest).or_default().insert(0, part);
                }
                (Family::Postings, Some((digest, _))) => {
                    roots.entry(*digest).or_default().push(decode(row.key, row.value)?);
                }
                _ => {}
            }
        }
        let block = block.ok_or_else(|| damaged("it has no block"))?;
        let end = first + block.places.len() as u64 + 1;
        if first >= self.marks.sorted
            && let Some(youngest) = self.fresh.0.last()
        {
            youngest.add(blob.clone(), end)?;
        }
        if !behind {
            return Ok(end);
        }
        let workers = match block.places.len() {
            0..FEW => 1,
            _ => std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64),
        };
        let work = |worker| self.bring(&block.places, &records, &roots, (worker, workers));
        let done: Vec<Result<Brought, Error>> = if workers == 1 {
            vec![work(0)]
        } else {
            std::thread::scope(|scope| {
                let threads: Vec<_> = (0..workers).map(|worker| scope.spawn(move || work(worker))).collect();
                let panicked = |_| Err(Error::Bug("a thread that replays the journal panicked".into()));
                threads.into_iter().map(|thread| thread.join().unwrap_or_else(panicked)).collect()
            })
        };
        let done: Vec<Brought> = done.into_iter().collect::<Result<_, _>>()?;
        let mut heads: Vec<(u64, &[u8], Hash)> = Vec::new();
        for (accounts, leaves) in &done {
            heads.extend(accounts.rows().filter_map(|(n, row)| Some((n, row, *leaves.get(&n)?))));
        }
        heads.sort_unstable_by_key(|(number, ..)| *number);
        for (number, row, leaf) in heads {
            let at = number as usize;
            match self.leaves.len() {
                length if at < length => self.leaves[at] = leaf,
                length if at == length => self.leaves.push(leaf),
                _ => return Err(damaged("an account before one of its is missing")),
            }
            self.heads.change(number, row);
        }
        Ok(end)
    }

    /// Brings those accounts of a commit forward that are one worker's: of all workers he has every so many.
    fn bring(
        &self,
        places: &[(u64, u64)],
        records: &HashMap<(u64, u64), &[u8]>,
        roots: &HashMap<[u8; 32], Vec<Part>>,
        (worker, workers): (u64, u64),
    ) -> Result<Brought, Error> {
        let view = Layered::new(self.disk, &self.fresh);
        let (mut head, mut done) = (Head::blank(), Accounts::default());
        for (account, sequence) in places.iter().filter(|(account, _)| account % workers == worker) {
            let key = place_key(*account, *sequence);
            let damaged = |what: &str| Error::Corrupt(format!("{}: {what}", place(Family::Records, &key)));
            let row = records.get(&(*account, *sequence));
            let row = row.ok_or_else(|| damaged("its commit's row of the journal does not hold it"))?;
            let row: RecordRow<'_> = decode(&key, row)?;
            let part = roots.get(&row.posting.0).and_then(|p| p.get((row.posting_index / TILE) as usize));
            let root = part.and_then(|p| p.roots.0.get((row.posting_index % TILE) as usize));
            let root = root.ok_or_else(|| damaged("its commit's row of the journal has not its posting"))?;
            let found = match done.get(*account).or_else(|| self.heads.get(*account)) {
                Some(packed) => head.load(*account, packed).map(|()| true)?,
                None => stored_head(&view, *account, &mut head)?,
            };
            forward(&view, &mut head, found, (*account, *sequence), &row, *root)?;
            done.put(*account, &head)?;
        }
        let leaves = Head::directory_leaves(&done.rows().collect::<Vec<_>>())?.into_iter().collect();
        Ok((done, leaves))
    }
}

/// Heads that were brought forward, and their leaves in the directory.
type Brought = (Accounts, ByNumber<Hash>);

/// A commit of fewer records is not worth several threads.
const FEW: usize = 512;

/// Brings a head forward by one record, unless it has that record already. If none was `found`, the record opens the account.
fn forward(
    view: &Layered<'_>,
    head: &mut Head,
    found: bool,
    (number, sequence): (u64, u64),
    row: &RecordRow<'_>,
    statement_root: Hash,
) -> Result<(), Error> {
    let key = place_key(number, sequence);
    let damaged = |what: &str| Error::Corrupt(format!("{}: {what}", place(Family::Records, &key)));
    let size = if found { head.account.frontier.size() } else { 0 };
    if size > sequence {
        return Ok(());
    }
    if size < sequence {
        return Err(damaged("the head of its account is further behind than the journal reaches"));
    }
    let id = if found { head.account.address.id } else { statement_root };
    let statement = row.statement(Address { number, id }, sequence)?;
    let statement = statement.ok_or_else(|| damaged("its statement is erased"))?;
    let body = statement.body().map_err(|_| damaged("its statement cannot be read"))?;
    let placed = row.placed(statement_root);
    let record = match &body {
        Body::Opened(opened) if !found => {
            let (account, record, _) = Account::open(number, opened, &placed);
            *head = Head::opened(account);
            record
        }
        _ if !found => return Err(damaged("the first record does not open the account")),
        _ => {
            let mut target = match statement.refers {
                Some(refers) => standing(view, number, refers, sequence)?,
                None => None,
            };
            let (record, _) = head.account.append(&statement, &body, target.as_mut(), &placed);
            head.push_tag(body.reference().map_or(0, |used| rows::tag(&reference_key(number, &used))));
            record
        }
    };
    if record.state_root != row.state_root {
        return Err(damaged("its state root is not what the account comes to"));
    }
    Ok(())
}
