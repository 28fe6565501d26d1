//! The two trees of the whole ledger: the directory, held in memory, and the log, held as a right edge and tiles.
//!
//! A commit never changes either. It makes [`Changes`] of the directory and a [`Growth`] of the log beside them; these are
//! merged when the commit is durable, and forgotten when it is not.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use peal_spec::hash::{self, Hash};
use peal_spec::log::{Commit, LogLeaf};
use peal_spec::tree::{self, Frontier, Nodes, sure};
use peal_spec::value::Time;
use serde::Deserialize;

use crate::error::Error;
use crate::layered::Layered;
use crate::rows::{Block, Node};
use crate::schema::{self, Family, TILE, TILE_LEVEL, decode, decode_start, node_key, number_key};
use crate::store::{Look, Ordered, Rows};

fn missing(tree: &str, level: u32, index: u64) -> Error {
    Error::Bug(format!("node {index} of level {level} of the {tree} was asked for and is not there"))
}

/// The directory: every complete subtree's root, by level. About 64 bytes an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    levels: Vec<Vec<Hash>>,
}

/// What a commit does to the directory.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    size: u64,
    /// By level, in order of index.
    levels: Vec<Vec<(u64, Hash)>>,
}

impl Directory {
    /// The directory with these leaves.
    pub fn new(leaves: Vec<Hash>) -> Self {
        let mut levels = vec![leaves];
        while let Some(below) = levels.last().filter(|below| below.len() > 1) {
            let mut above = Vec::with_capacity(below.len() / 2);
            hash::nodes(below.as_chunks().0, |node| above.push(node));
            levels.push(above);
        }
        Self { levels }
    }

    /// Number of accounts.
    pub fn size(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
    }

    /// The changes that new and changed leaves make, and the root then. The leaves are in order.
    ///
    /// # Errors
    /// [`Error::Bug`] if a node is missing.
    pub fn change(&self, leaves: Vec<(u64, Hash)>) -> Result<(Changes, Hash), Error> {
        let size = leaves.last().map_or(0, |(last, _)| last + 1).max(self.size());
        let (mut parents, mut children) =
            (Vec::with_capacity(leaves.len()), Vec::with_capacity(leaves.len()));
        let mut levels = vec![leaves];
        for level in 0.. {
            // Only complete subtrees have a node.
            let complete = size >> (level + 1);
            if complete == 0 {
                break;
            }
            // What is far away in memory is fetched first, much of it at once, and hashed then.
            parents.clear();
            children.clear();
            let mut rest = levels[level as usize].iter().peekable();
            while let Some((index, node)) = rest.next() {
                let parent = index >> 1;
                if parent >= complete {
                    break;
                }
                let sibling = match rest.next_if(|(i, _)| *i == index ^ 1) {
                    Some((_, sibling)) => *sibling,
                    None => self.node(level, index ^ 1)?,
                };
                parents.push(parent);
                children.push(if index & 1 == 0 { [*node, sibling] } else { [sibling, *node] });
            }
            let mut above = Vec::with_capacity(parents.len());
            let mut index = parents.iter();
            hash::nodes(&children, |node| above.extend(index.next().map(|parent| (*parent, node))));
            levels.push(above);
        }
        let changes = Changes { size, levels };
        let root = changes.root(self)?;
        Ok((changes, root))
    }

    /// Takes over the changes.
    pub fn merge(&mut self, changes: Changes) {
        self.levels.resize(changes.levels.len().max(self.levels.len()), Vec::new());
        for (level, nodes) in self.levels.iter_mut().zip(changes.levels) {
            for (index, node) in nodes {
                match level.get_mut(index as usize) {
                    Some(old) => *old = node,
                    // New nodes come in order, right after the last.
                    None => level.push(node),
                }
            }
        }
    }

    /// Leaf hashes from an account on, at most a tile of them.
    pub(crate) fn leaves(&self, from: u64) -> &[Hash] {
        let leaves = self.levels.first().map_or(&[][..], Vec::as_slice);
        let rest = leaves.get(from as usize..).unwrap_or_default();
        rest.get(..TILE as usize).unwrap_or(rest)
    }

    /// The path of an account.
    ///
    /// # Errors
    /// [`Error::Bug`] if a node is missing.
    pub fn path(&self, number: u64) -> Result<Vec<Hash>, Error> {
        tree::inclusion(self, number, self.size())
    }
}

impl Nodes for Directory {
    type Error = Error;
    fn node(&self, level: u32, index: u64) -> Result<Hash, Error> {
        let node = self.levels.get(level as usize).and_then(|l| l.get(index as usize));
        node.copied().ok_or_else(|| missing("directory", level, index))
    }
}

/// The directory as it will be.
struct Changed<'d>(&'d Directory, &'d Changes);

impl Nodes for Changed<'_> {
    type Error = Error;
    fn node(&self, level: u32, index: u64) -> Result<Hash, Error> {
        let changed = self.1.levels.get(level as usize).and_then(|nodes| {
            let at = nodes.binary_search_by_key(&index, |(i, _)| *i).ok()?;
            Some(nodes[at].1)
        });
        changed.map_or_else(|| self.0.node(level, index), Ok)
    }
}

impl Changes {
    /// Number of accounts after them.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Root of the directory after them.
    fn root(&self, directory: &Directory) -> Result<Hash, Error> {
        tree::subtree(&Changed(directory, self), 0, self.size)
    }
}

/// What a commit does to the log: the new right edge, and every subtree that the new leaves complete. Any proof about the new leaves is made from this alone.
#[derive(Clone, Debug)]
pub(crate) struct Growth {
    before: Frontier,
    /// The right edge after the commit.
    pub(crate) after: Frontier,
    /// By level: index of the first new node, and the new nodes.
    levels: Vec<(u64, Vec<Hash>)>,
}

impl Growth {
    /// Appends leaves.
    pub(crate) fn new(before: &Frontier, leaves: Vec<Hash>) -> Result<Self, Error> {
        let size = before.size() + leaves.len() as u64;
        let mut levels = vec![(before.size(), leaves)];
        let mut children: Vec<[Hash; 2]> = Vec::new();
        for level in 0.. {
            let Some((first, nodes)) = levels.get(level as usize) else { break };
            // A node on the right takes with it the one on its left, which was a peak.
            let left = (first % 2 == 1).then(|| peak(before, level, first - 1)).flatten();
            let (pairs, _) = nodes[usize::from(left.is_some()).min(nodes.len())..].as_chunks::<2>();
            children.clear();
            children.extend(left.zip(nodes.first()).map(|(left, right)| [left, *right]));
            children.extend(pairs);
            let mut above = Vec::with_capacity(children.len());
            hash::nodes(&children, |node| above.push(node));
            if !above.is_empty() {
                levels.push((first / 2, above));
            }
        }
        let set = (0..64).rev().filter(|level| (size >> level) & 1 == 1);
        let newest = |level: u32| match levels.get(level as usize) {
            Some((first, nodes)) if first + nodes.len() as u64 == size >> level => nodes.last().copied(),
            _ => peak(before, level, (size >> level) - 1),
        };
        let after = Frontier::new(size, set.filter_map(newest).collect())
            .ok_or_else(|| Error::Bug("a log that grew by the wrong number of nodes".into()))?;
        Ok(Self { before: before.clone(), after, levels })
    }

    /// The new nodes that are stored: those of levels 8, 16, 24, …
    pub(crate) fn stored(&self) -> impl Iterator<Item = (u32, u64, Hash)> {
        let levels =
            self.levels.iter().zip(0u32..).filter(|(_, level)| *level > 0 && level % TILE_LEVEL == 0);
        levels.flat_map(|((first, nodes), level)| {
            nodes.iter().zip(*first..).map(move |(node, index)| (level, index, *node))
        })
    }
}

/// The place among a tree's peaks of the one that is node `index` of `level`.
fn peak(frontier: &Frontier, level: u32, index: u64) -> Option<Hash> {
    let size = frontier.size();
    let is = level < 64 && (size >> level) & 1 == 1 && index + 1 == size >> level;
    let place = (size >> level >> 1).count_ones() as usize;
    if is { frontier.peaks().get(place).copied() } else { None }
}

impl Nodes for Growth {
    type Error = Error;
    fn node(&self, level: u32, index: u64) -> Result<Hash, Error> {
        let new = self.levels.get(level as usize).and_then(|(first, nodes)| {
            let at = index.checked_sub(*first)?;
            nodes.get(at as usize).copied()
        });
        let node = new.or_else(|| peak(&self.before, level, index));
        node.ok_or_else(|| missing("log's new part", level, index))
    }
}

/// What a block begins with, read where it stands: all but the places of its records.
#[derive(Deserialize)]
struct BlockStart<'r> {
    time: Time,
    directory_size: u64,
    directory_root: Hash,
    _note: &'r str,
    _postings: &'r [u8],
    commitments: &'r [u8],
}

/// The leaves `from .. to` of the log, from its blocks.
pub(crate) fn log_leaves(view: &Layered<'_>, from: u64, to: u64) -> Result<Vec<LogLeaf>, Error> {
    let gap = |at| Error::Corrupt(format!("blocks: no block holds log index {at}"));
    let mut leaves = Vec::with_capacity((to - from) as usize);
    let (key, mut row) = view.at_or_before(Family::Blocks, &number_key(from))?.ok_or_else(|| gap(from))?;
    let mut first = numbered(Family::Blocks, &key)?;
    loop {
        let block: BlockStart<'_> = decode_start(Family::Blocks, &number_key(first), &row)?;
        let (commitments, []) = block.commitments.as_chunks::<32>() else { return Err(gap(first)) };
        let size = commitments.len() as u64 + 1;
        let at = from + leaves.len() as u64;
        let skip = at - first;
        if skip >= size {
            return Err(gap(at));
        }
        let records = commitments.iter().map(|c| LogLeaf::Record(Hash(*c)));
        let BlockStart { time, directory_size, directory_root, .. } = block;
        let all = records.chain([LogLeaf::Commit(Commit { directory_size, directory_root, time })]);
        leaves.extend(all.skip(skip as usize).take((to - at) as usize));
        first += size;
        if to <= first {
            return Ok(leaves);
        }
        row = view.bytes(Family::Blocks, &number_key(first))?.ok_or_else(|| gap(first))?.into();
    }
}

/// The number in the key of a block, a head or a commit of the journal.
pub(crate) fn numbered(family: Family, key: &[u8]) -> Result<u64, Error> {
    let bytes = key
        .try_into()
        .map_err(|_| Error::Corrupt(format!("{}: a key that is not 8 bytes", family.name())))?;
    Ok(u64::from_be_bytes(bytes))
}

impl Block {
    /// The commit that its last leaf holds.
    pub(crate) fn commit(&self) -> Commit {
        Commit { directory_size: self.directory_size, directory_root: self.directory_root, time: self.time }
    }
}

/// The stored log, as it was at some size: upper nodes from `nodes`, the rest from blocks.
pub(crate) struct Log<'s> {
    view: &'s Layered<'s>,
    size: u64,
    /// Leaf hashes of the tiles asked for so far.
    tiles: RefCell<HashMap<u64, Rc<Vec<Hash>>>>,
}

impl<'s> Log<'s> {
    /// The log at `size`.
    pub(crate) fn new(view: &'s Layered<'s>, size: u64) -> Self {
        Self { view, size, tiles: RefCell::default() }
    }

    /// The leaf hashes of a tile, as many as the size has.
    fn tile(&self, tile: u64) -> Result<Rc<Vec<Hash>>, Error> {
        if let Some(found) = self.tiles.borrow().get(&tile) {
            return Ok(found.clone());
        }
        let (from, to) = (tile * TILE, ((tile + 1) * TILE).min(self.size));
        let leaves = log_leaves(self.view, from, to)?;
        let hashes = Rc::new(leaves.iter().map(LogLeaf::leaf).collect::<Vec<_>>());
        self.tiles.borrow_mut().insert(tile, hashes.clone());
        Ok(hashes)
    }

    /// Consecutive nodes of level 0, 8, 16, 24, …
    pub(crate) fn run(&self, level: u32, from: u64, count: u64) -> Result<Vec<Hash>, Error> {
        if level == 0 {
            let mut run = Vec::with_capacity(count as usize);
            while (run.len() as u64) < count {
                let at = from + run.len() as u64;
                let tile = self.tile(at / TILE)?;
                let rest = (count - run.len() as u64) as usize;
                let part = tile.get((at % TILE) as usize..).unwrap_or_default();
                if part.is_empty() {
                    return Err(missing("log", 0, at));
                }
                run.extend(part.iter().take(rest));
            }
            return Ok(run);
        }
        let rows = self.view.scan(Family::Nodes, &node_key(level, from), false)?;
        let mut run = Vec::with_capacity(count as usize);
        for (row, index) in rows.take(count as usize).zip(from..) {
            let (key, value) = row?;
            if *key != node_key(level, index) {
                break;
            }
            run.push(decode::<Node>(&key, &value)?.0);
        }
        if run.len() as u64 == count {
            Ok(run)
        } else {
            let key = node_key(level, from + run.len() as u64);
            Err(Error::Corrupt(format!("{} is missing", schema::place(Family::Nodes, &key))))
        }
    }

    /// The right edge.
    pub(crate) fn frontier(&self) -> Result<Frontier, Error> {
        let set = (0..64).rev().filter(|level| (self.size >> level) & 1 == 1);
        let peaks: Vec<Hash> =
            set.map(|level| self.node(level, (self.size >> level) - 1)).collect::<Result<_, _>>()?;
        Frontier::new(self.size, peaks)
            .ok_or_else(|| Error::Bug("a log with the wrong number of peaks".into()))
    }
}

impl Nodes for Log<'_> {
    type Error = Error;
    fn node(&self, level: u32, index: u64) -> Result<Hash, Error> {
        let above = level % TILE_LEVEL;
        let run = self.run(level - above, index << above, 1 << above)?;
        Ok(sure(tree::subtree(run.as_slice(), 0, run.len() as u64)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(n: u64) -> Hash {
        hash::leaf(&n.to_be_bytes())
    }

    #[test]
    fn a_directory_that_changes_is_the_one_made_anew() {
        let (mut directory, mut leaves) = (Directory::default(), Vec::new());
        for round in 0..40u64 {
            let size = leaves.len() as u64;
            let appended = size..size + round % 7;
            let changed = (0..size).filter(|i| (i * 31 + round) % 5 == 0);
            let new: Vec<(u64, Hash)> =
                changed.chain(appended).map(|i| (i, leaf(i * 1000 + round))).collect();
            for (index, hash) in &new {
                leaves.resize(leaves.len().max(*index as usize + 1), Hash::default());
                leaves[*index as usize] = *hash;
            }
            let (changes, root) = directory.change(new).unwrap();
            assert_eq!(root, tree::root(&leaves), "round {round}");
            directory.merge(changes);
            let mut anew = Directory::new(leaves.clone());
            anew.levels.resize(directory.levels.len(), Vec::new());
            assert_eq!(directory, anew, "round {round}");
            for (index, leaf) in leaves.iter().enumerate() {
                let path = directory.path(index as u64).unwrap();
                let (size, root) = (leaves.len() as u64, tree::root(&leaves));
                tree::check_inclusion(leaf, index as u64, size, &path, &root).unwrap();
            }
        }
    }

    #[test]
    fn growth_alone_proves_every_set_of_its_new_leaves() {
        for before in 0..70u64 {
            let mut frontier = Frontier::default();
            (0..before).for_each(|i| frontier.push(leaf(i)));
            for new in 1..20 {
                let size = before + new;
                let growth = Growth::new(&frontier, (before..size).map(leaf).collect()).unwrap();
                let mut one_by_one = frontier.clone();
                (before..size).for_each(|i| one_by_one.push(leaf(i)));
                assert_eq!(growth.after, one_by_one);
                let leaves: Vec<Hash> = (0..size).map(leaf).collect();
                let root = tree::root(&leaves);
                assert_eq!(growth.after.root(), root);
                for first in before..size {
                    let indexes: Vec<u64> = (first..size.min(first + 4)).collect();
                    let path = tree::set(&growth, &indexes, size).unwrap();
                    assert_eq!(path, sure(tree::set(leaves.as_slice(), &indexes, size)));
                }
            }
        }
    }
}
