//! The way from a statement to the signature over it: what a row of `postings` keeps of the posting's tree, so that a path takes one row
//! and few hashes.
//!
//! 1. A [`Part`] holds the roots of its statements, the nodes of its tree at two levels, and the path from its own root up.
//! 2. [`Way`] reads it where it stands, without its results: at most 7 leaf hashes and 9 nodes are made for a path, wherever the statement is.

use std::convert::Infallible;

use peal_spec::hash::Hash;
use peal_spec::posting::{self, NODE};
use peal_spec::tree::{self, Nodes, sure};
use serde::Deserialize;

use crate::error::Error;
use crate::rows::{Bytes, Fate, Hashes, Part};
use crate::schema::{Family, TILE, decode_start, place};

/// Nodes of the lower level below one of the upper.
const STEP: usize = 8;
/// Statements below a node of the upper level.
const UPPER: usize = STEP * NODE;

/// The parts of a posting, in order, from the roots and results of its statements and the nodes of [`posting::Tree`].
pub(crate) fn parts(cose: &[u8], nodes: &[Hash], roots: &[Hash], fates: &[Fate]) -> Vec<Part> {
    let size = TILE as usize;
    let levels: Vec<(Hashes, Hash)> = nodes.chunks(size / NODE).map(kept).collect();
    let tops: Vec<Hash> = levels.iter().map(|(_, top)| *top).collect();
    let rows = levels.into_iter().zip(tree::paths(&tops));
    let statements = roots.chunks(size).zip(fates.chunks(size));
    rows.zip(statements)
        .map(|(((nodes, _), above), (roots, fates))| Part {
            cose: Bytes(cose.to_vec()),
            above: Hashes(above),
            nodes,
            roots: Hashes(roots.to_vec()),
            results: fates.to_vec(),
        })
        .collect()
}

/// What is kept of the tree over these nodes, and its root.
fn kept(lower: &[Hash]) -> (Hashes, Hash) {
    let upper: Vec<Hash> = lower.chunks(STEP).map(tree::root).collect();
    let levels = [lower, &upper].into_iter().filter(|level| level.len() > 1);
    (Hashes(levels.flatten().copied().collect()), tree::root(&upper))
}

/// How many nodes of a level are kept, each over `size` of a part's statements.
fn count(statements: usize, size: usize) -> usize {
    Some(statements.div_ceil(size)).filter(|count| *count > 1).unwrap_or_default()
}

/// What a row of `postings` begins with.
#[derive(Deserialize)]
pub(crate) struct Way<'r> {
    /// The COSE_Sign1 of the posting.
    pub(crate) cose: &'r [u8],
    above: &'r [u8],
    nodes: &'r [u8],
    roots: &'r [u8],
}

impl<'r> Way<'r> {
    /// The way in a row.
    pub(crate) fn read(key: &[u8], row: &'r [u8]) -> Result<Self, Error> {
        decode_start(Family::Postings, key, row)
    }

    /// The root of a statement by its place in the posting, and its path in the posting's tree.
    pub(crate) fn path(&self, key: &[u8], index: u64) -> Result<(Hash, Vec<Hash>), Error> {
        self.walk(index).ok_or_else(|| {
            let place = place(Family::Postings, key);
            Error::Corrupt(format!("{place}: its tree is not whole, or has no statement {index}"))
        })
    }

    fn walk(&self, index: u64) -> Option<(Hash, Vec<Hash>)> {
        let (roots, nodes) = (hashes(self.roots)?, hashes(self.nodes)?);
        let at = (index % TILE) as usize;
        let root = Hash(*roots.get(at)?);
        let (lower, upper) = nodes.split_at_checked(count(roots.len(), NODE))?;
        if upper.len() != count(roots.len(), UPPER) {
            return None;
        }
        let above = hashes(self.above)?;
        let mut path = Vec::with_capacity(TILE.ilog2() as usize + above.len());
        let near = Leaves { first: index - (at % NODE) as u64, roots: run(roots, at, NODE) };
        onto(&near, at % NODE, near.roots.len(), &mut path);
        for (nodes, at) in [(run(lower, at / NODE, STEP), at / NODE % STEP), (upper, at / UPPER)] {
            onto(&Kept(nodes), at, nodes.len(), &mut path);
        }
        path.extend(above.iter().map(|node| Hash(*node)));
        Some((root, path))
    }
}

fn hashes(bytes: &[u8]) -> Option<&[[u8; 32]]> {
    let (hashes, rest) = bytes.as_chunks();
    rest.is_empty().then_some(hashes)
}

/// The run of `size`, or what there is of it, that a place is in.
fn run<T>(all: &[T], at: usize, size: usize) -> &[T] {
    all.chunks(size).nth(at / size).unwrap_or_default()
}

/// Puts the path of a leaf at the end of one that leads to it.
fn onto(nodes: &impl Nodes<Error = Infallible>, at: usize, size: usize, path: &mut Vec<Hash>) {
    sure(tree::inclusion_onto(nodes, at as u64, size as u64, path));
}

/// The leaf hashes of one run of statements, made as they are asked for.
struct Leaves<'r> {
    first: u64,
    roots: &'r [[u8; 32]],
}

impl Nodes for Leaves<'_> {
    type Error = Infallible;
    fn node(&self, level: u32, index: u64) -> Result<Hash, Infallible> {
        let start = index << level;
        let roots = self.roots.iter().skip(start as usize).take(1 << level).zip(self.first + start..);
        Ok(root::<NODE>(roots.map(|(root, at)| posting::leaf(at, &Hash(*root)))))
    }
}

/// Nodes that are kept, as leaves of the tree above them.
struct Kept<'r>(&'r [[u8; 32]]);

impl Nodes for Kept<'_> {
    type Error = Infallible;
    fn node(&self, level: u32, index: u64) -> Result<Hash, Infallible> {
        let nodes = self.0.iter().skip((index << level) as usize).take(1 << level);
        Ok(root::<STEP>(nodes.map(|node| Hash(*node))))
    }
}

/// The root over at most `N` leaves.
fn root<const N: usize>(leaves: impl Iterator<Item = Hash>) -> Hash {
    let (mut array, mut count) = ([Hash::default(); N], 0);
    for (place, leaf) in array.iter_mut().zip(leaves) {
        *place = leaf;
        count += 1;
    }
    tree::root(&array[..count])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::encode;
    use peal_spec::hash;

    fn made(size: u64) -> (Vec<Hash>, Vec<Vec<u8>>) {
        let roots: Vec<Hash> = (0..size).map(|i| hash::leaf(&i.to_be_bytes())).collect();
        let fates: Vec<Fate> = (0..size).map(|i| Fate::Accepted { account: i, sequence: 1 }).collect();
        let nodes = posting::Tree::new(&roots).nodes;
        let parts = parts(b"signed", &nodes, &roots, &fates);
        assert_eq!(parts.len() as u64, size.div_ceil(TILE));
        let results: Vec<Fate> = parts.iter().flat_map(|part| part.results.clone()).collect();
        assert_eq!(results, fates);
        (roots, parts.iter().map(|part| encode(part).unwrap()).collect())
    }

    #[test]
    fn every_statement_of_a_posting_of_any_size_is_led_to_its_root() {
        let sizes = (1..140).chain([255, 256, 257, 272, 273, 300, 320, 321, 512, 513, 770, 1000, 1025, 2600]);
        for size in sizes {
            let (roots, rows) = made(size);
            let leaves = posting::leaves(&roots);
            for (index, path) in tree::paths(&leaves).into_iter().enumerate() {
                let way = Way::read(b"", &rows[index / TILE as usize]).unwrap();
                assert_eq!(way.cose, b"signed");
                assert_eq!(way.path(b"", index as u64).unwrap(), (roots[index], path), "{index} of {size}");
            }
        }
    }

    #[test]
    fn a_row_that_is_not_whole_is_named() {
        let (_, rows) = made(300);
        let way = |row: &[u8]| Way::read(b"k", row).and_then(|way| way.path(b"k", 256 + 43));
        way(&rows[1]).unwrap();
        let beyond = Way::read(b"k", &rows[1]).unwrap().path(b"k", 256 + 44).unwrap_err().to_string();
        assert!(beyond.contains("postings row 6b") && beyond.contains("no statement 300"), "{beyond}");
        let whole = crate::schema::decode::<Part>(b"k", &rows[1]).unwrap();
        for nodes in [whole.nodes.0.len() - 1, whole.nodes.0.len() + 1] {
            let mut part = whole.clone();
            part.nodes.0.resize(nodes, Hash::default());
            way(&encode(&part).unwrap()).unwrap_err();
        }
        // The signed posting, the path, six nodes and 44 roots, each with its length.
        let start = 1 + 7 + 33 + 193 + 3 + 44 * 32;
        for length in (0..start).step_by(7).chain([start - 1]) {
            assert!(way(&rows[1][..length]).is_err(), "{length}");
        }
        let later = [&[2], &rows[1][1..]].concat();
        assert!(way(&later).unwrap_err().to_string().contains("version"));
    }
}
