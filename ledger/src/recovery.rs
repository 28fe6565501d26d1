//! What is checked before a store is used: that it is this ledger's, and that what it holds adds up to the last checkpoint.
//!
//! 1. Format, origin and operator are those asked for.
//! 2. The last block is the one named as last, and its checkpoint is signed by the operator.
//! 3. The log's right edge, rebuilt from nodes and blocks, gives the checkpoint's root.
//! 4. The directory, rebuilt from the heads, gives the block's root.

use std::sync::Arc;

use peal_spec::account::Account;
use peal_spec::hash::Hash;
use peal_spec::note::{Checkpoint, Note, VerifierKey};
use peal_spec::tree;
use peal_spec::value::Origin;

use crate::error::Error;
use crate::rows::{Block, Figure, Text};
use crate::schema::{self, Family, decode, meta, number_key};
use crate::state::{Published, Trees};
use crate::store::{Rows, Snapshot};
use crate::trees::{Directory, Log, block_first};

/// The rows that say what a store is.
pub(crate) fn identity(origin: &Origin, operator: &VerifierKey) -> Result<Vec<schema::Stored>, Error> {
    Ok(vec![
        (Family::Meta, meta::FORMAT.to_vec(), schema::encode(&Figure(schema::FORMAT))?),
        (Family::Meta, meta::ORIGIN.to_vec(), schema::encode(&Text(origin.to_string()))?),
        (Family::Meta, meta::OPERATOR.to_vec(), schema::encode(&Text(operator.to_string()))?),
    ])
}

/// Step 1.
fn check_identity(snapshot: &Snapshot<'_>, origin: &Origin, operator: &VerifierKey) -> Result<(), Error> {
    match snapshot.row::<Figure>(meta::FORMAT)?.map(|f| f.0) {
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
        let Text(stored) = snapshot.must(key)?;
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

/// Checks a store and builds the trees.
pub(crate) fn recover(
    snapshot: &Snapshot<'_>,
    origin: &Origin,
    operator: &VerifierKey,
) -> Result<Trees, Error> {
    check_identity(snapshot, origin, operator)?;
    let corrupt = |what: String| Error::Corrupt(what);
    let named = snapshot.row::<Figure>(meta::LAST)?.map(|f| f.0);
    let (key, row) = snapshot
        .at_or_before(Family::Blocks, &[0xff; 8])?
        .ok_or_else(|| corrupt("blocks: there is none".into()))?;
    let first = block_first(&key)?;
    if named != Some(first) {
        return Err(corrupt(format!(
            "meta row \"last\": it does not name the last block, of log index {first}"
        )));
    }
    let block: Block = decode(&key, &row)?;
    let checkpoint = read_note(&block.note, first, origin, operator)?;
    let size = first + block.commitments.0.len() as u64 + 1;
    if checkpoint.size != size {
        return Err(corrupt(format!(
            "blocks row of log index {first}: its checkpoint is of size {}, its leaves end at {size}",
            checkpoint.size
        )));
    }
    let nodes = Log::new(snapshot, size);
    let log = nodes.frontier()?;
    if log.root() != checkpoint.root {
        return Err(corrupt(format!(
            "nodes and blocks do not give the log's root of the checkpoint of size {size}"
        )));
    }
    let head_path = tree::inclusion(&nodes, size - 1, size)?;
    let directory = directory(snapshot)?;
    if directory.size() != block.directory_size {
        let (heads, accounts) = (directory.size(), block.directory_size);
        return Err(corrupt(format!("heads: there are {heads}, the last block has {accounts} accounts")));
    }
    if tree::subtree(&directory, 0, directory.size())? != block.directory_root {
        return Err(corrupt("heads do not give the directory's root of the last block".into()));
    }
    let published =
        Published { checkpoint, commit: block.commit(), note: block.note, head_path, block: first };
    Ok(Trees { published: Arc::new(published), directory, log })
}

/// The directory that the heads give.
fn directory(snapshot: &Snapshot<'_>) -> Result<Directory, Error> {
    let mut leaves: Vec<Hash> = Vec::new();
    for row in snapshot.scan(Family::Heads, &[])? {
        let (key, value) = row?;
        let number = leaves.len() as u64;
        let account: Account = decode(&key, &value)?;
        if *key != number_key(number) || account.address.number != number {
            return Err(Error::Corrupt(format!("heads: account {number} is missing or is another")));
        }
        leaves.push(account.directory_leaf().leaf());
    }
    Ok(Directory::new(leaves))
}
