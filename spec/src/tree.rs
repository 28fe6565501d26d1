//! The one Merkle algorithm: RFC 9162 trees, their roots, and three kinds of proof.
//!
//! Making a proof asks a [`Nodes`] for the hashes of complete subtrees, so that the same code serves a slice in memory,
//! the directory, and tiles on disk. Checking a proof needs nothing but its bytes. Source: RFC 9162 §2.1, `spec/README.md` §3.

use crate::hash::{self, Hash};

/// The root of a tree without leaves: `H("")`.
pub fn empty_root() -> Hash {
    hash::plain(b"")
}

/// A proof that does not show what it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {0} proof does not hold")]
pub struct BadProof(pub &'static str);

/// Where the hashes of complete subtrees come from.
pub trait Nodes {
    /// What may go wrong in fetching one.
    type Error;
    /// The root of the complete subtree of 2^level leaves that starts at leaf index · 2^level.
    ///
    /// # Errors
    /// The source's own.
    fn node(&self, level: u32, index: u64) -> Result<Hash, Self::Error>;
}

/// The largest power of two below `length`, for a length of at least 2.
fn split(length: u64) -> u64 {
    1 << (63 - (length - 1).leading_zeros())
}

/// The root of the leaves `start .. start + length`, a subtree that the walk from the root reaches.
///
/// # Errors
/// Those of `nodes`.
pub fn subtree<N: Nodes + ?Sized>(nodes: &N, start: u64, length: u64) -> Result<Hash, N::Error> {
    match length {
        0 => Ok(empty_root()),
        n if n.is_power_of_two() => nodes.node(n.trailing_zeros(), start / n),
        n => {
            let k = split(n);
            Ok(hash::node(&subtree(nodes, start, k)?, &subtree(nodes, start + k, n - k)?))
        }
    }
}

/// The inclusion proof of one leaf, from the leaf up (RFC 9162 §2.1.3.1).
///
/// # Errors
/// Those of `nodes`. The index must be below the size; otherwise the proof is empty.
pub fn inclusion<N: Nodes + ?Sized>(nodes: &N, index: u64, size: u64) -> Result<Vec<Hash>, N::Error> {
    let mut path = Vec::new();
    inclusion_onto(nodes, index, size, &mut path)?;
    Ok(path)
}

/// The same, put at the end of a path that leads to the leaf.
///
/// # Errors
/// Those of `nodes`.
pub fn inclusion_onto<N: Nodes + ?Sized>(
    nodes: &N,
    index: u64,
    size: u64,
    path: &mut Vec<Hash>,
) -> Result<(), N::Error> {
    let below = path.len();
    let (mut start, mut length) = (0, size);
    while length > 1 && index < size {
        let k = split(length);
        if index < start + k {
            path.push(subtree(nodes, start + k, length - k)?);
            length = k;
        } else {
            path.push(subtree(nodes, start, k)?);
            start += k;
            length -= k;
        }
    }
    path[below..].reverse();
    Ok(())
}

/// The inclusion proofs of all leaves of a tree in memory, in their order.
pub fn paths(leaves: &[Hash]) -> Vec<Vec<Hash>> {
    fn walk(leaves: &[Hash]) -> (Hash, Vec<Vec<Hash>>) {
        match leaves {
            [] => (empty_root(), Vec::new()),
            [only] => (*only, vec![Vec::new()]),
            _ => {
                let (left, right) = leaves.split_at(split(leaves.len() as u64) as usize);
                let ((left, mut paths), (right, mut more)) = (walk(left), walk(right));
                paths.iter_mut().for_each(|path| path.push(right));
                more.iter_mut().for_each(|path| path.push(left));
                paths.append(&mut more);
                (hash::node(&left, &right), paths)
            }
        }
    }
    walk(leaves).1
}

/// Checks an inclusion proof (RFC 9162 §2.1.3.2).
///
/// # Errors
/// [`BadProof`] unless the leaf stands at `index` in the tree of `size` leaves with this root.
pub fn check_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    path: &[Hash],
    root: &Hash,
) -> Result<(), BadProof> {
    let bad = BadProof("inclusion");
    if index >= size {
        return Err(bad);
    }
    let (mut at, mut last) = (index, size - 1);
    let mut hash = *leaf;
    for sibling in path {
        if last == 0 {
            return Err(bad);
        }
        if at & 1 == 1 || at == last {
            hash = hash::node(sibling, &hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = hash::node(&hash, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    if last == 0 && hash == *root { Ok(()) } else { Err(bad) }
}

/// The consistency proof from `old` to `new` leaves (RFC 9162 §2.1.4.1). Empty where `old` is 0 or equals `new`.
///
/// # Errors
/// Those of `nodes`.
pub fn consistency<N: Nodes + ?Sized>(nodes: &N, old: u64, new: u64) -> Result<Vec<Hash>, N::Error> {
    let mut path = Vec::new();
    if old == 0 || old >= new {
        return Ok(path);
    }
    let (mut start, mut length, mut whole) = (0, new, true);
    let mut rest = old;
    while rest != length {
        let k = split(length);
        if rest <= k {
            path.push(subtree(nodes, start + k, length - k)?);
            length = k;
        } else {
            path.push(subtree(nodes, start, k)?);
            start += k;
            length -= k;
            rest -= k;
            whole = false;
        }
    }
    if !whole {
        path.push(subtree(nodes, start, length)?);
    }
    path.reverse();
    Ok(path)
}

/// Checks a consistency proof (RFC 9162 §2.1.4.2).
///
/// # Errors
/// [`BadProof`] unless the tree of `old` leaves is a prefix of the tree of `new` leaves.
pub fn check_consistency(
    old: u64,
    old_root: &Hash,
    new: u64,
    new_root: &Hash,
    path: &[Hash],
) -> Result<(), BadProof> {
    let bad = BadProof("consistency");
    if old == 0 || old > new {
        return Err(bad);
    }
    if old == new {
        return if path.is_empty() && old_root == new_root { Ok(()) } else { Err(bad) };
    }
    let (mut at, mut last) = (old - 1, new - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    let mut rest = path.iter();
    // A complete old tree is its own first node.
    let first = if old.is_power_of_two() { *old_root } else { *rest.next().ok_or(bad)? };
    let (mut from_old, mut from_new) = (first, first);
    for sibling in rest {
        if last == 0 {
            return Err(bad);
        }
        if at & 1 == 1 || at == last {
            from_old = hash::node(sibling, &from_old);
            from_new = hash::node(sibling, &from_new);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            from_new = hash::node(&from_new, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    if last == 0 && from_old == *old_root && from_new == *new_root { Ok(()) } else { Err(bad) }
}

/// The set proof of several leaves: `indexes` strictly increasing, not empty, all below `size`.
///
/// # Errors
/// Those of `nodes`.
pub fn set<N: Nodes + ?Sized>(nodes: &N, indexes: &[u64], size: u64) -> Result<Vec<Hash>, N::Error> {
    fn walk<N: Nodes + ?Sized>(
        nodes: &N,
        start: u64,
        length: u64,
        inside: &[u64],
        path: &mut Vec<Hash>,
    ) -> Result<(), N::Error> {
        if inside.is_empty() {
            path.push(subtree(nodes, start, length)?);
        } else if (inside.len() as u64) < length {
            let k = split(length);
            let (left, right) = inside.split_at(inside.partition_point(|i| *i < start + k));
            walk(nodes, start, k, left, path)?;
            walk(nodes, start + k, length - k, right, path)?;
        }
        Ok(())
    }
    let mut path = Vec::new();
    walk(nodes, 0, size, indexes, &mut path)?;
    Ok(path)
}

/// The root that a set proof gives: `leaves` are indexes with their leaf hashes, strictly increasing.
///
/// # Errors
/// [`BadProof`] for an empty or unordered set, an index at or above `size`, and hashes missing or left over.
pub fn set_root(leaves: &[(u64, Hash)], size: u64, path: &[Hash]) -> Result<Hash, BadProof> {
    fn walk(
        start: u64,
        length: u64,
        inside: &[(u64, Hash)],
        path: &mut std::slice::Iter<'_, Hash>,
    ) -> Option<Hash> {
        match inside {
            [] => path.next().copied(),
            [(_, leaf)] if length == 1 => Some(*leaf),
            // All of a subtree of moderate size: its leaves are joined level by level.
            all if all.len() as u64 == length && all.len() <= WIDTH => {
                let mut leaves = [Hash::default(); WIDTH];
                leaves.iter_mut().zip(all).for_each(|(place, (_, leaf))| *place = *leaf);
                Some(small_root(&leaves[..all.len()]))
            }
            _ => {
                let k = split(length);
                let (left, right) = inside.split_at(inside.partition_point(|(i, _)| *i < start + k));
                let l = walk(start, k, left, path)?;
                let r = walk(start + k, length - k, right, path)?;
                Some(hash::node(&l, &r))
            }
        }
    }
    let bad = BadProof("set");
    let rising = leaves.windows(2).all(|w| w[0].0 < w[1].0);
    if !rising || leaves.last().is_none_or(|(i, _)| *i >= size) {
        return Err(bad);
    }
    let mut rest = path.iter();
    match (walk(0, size, leaves, &mut rest), rest.next()) {
        (Some(hash), None) => Ok(hash),
        _ => Err(bad),
    }
}

/// Checks a set proof against a root.
///
/// # Errors
/// [`BadProof`] unless each leaf stands at its index in the tree of `size` leaves with this root.
pub fn check_set(leaves: &[(u64, Hash)], size: u64, path: &[Hash], root: &Hash) -> Result<(), BadProof> {
    if set_root(leaves, size, path)? == *root { Ok(()) } else { Err(BadProof("set")) }
}

impl Nodes for [Hash] {
    type Error = std::convert::Infallible;
    fn node(&self, level: u32, index: u64) -> Result<Hash, Self::Error> {
        let start = (index << level) as usize;
        Ok(root(&self[start..start + (1 << level)]))
    }
}

/// Unwraps a result that cannot fail: for trees in memory.
pub fn sure<T>(result: Result<T, std::convert::Infallible>) -> T {
    match result {
        Ok(value) => value,
        Err(never) => match never {},
    }
}

/// Leaves of the subtrees that [`root`] reckons level by level.
const WIDTH: usize = 64;

/// The root of the tree over `leaves`.
///
/// 1. Of each `WIDTH` leaves the nodes are made level by level: those of a level do not wait for each other.
/// 2. The roots of these complete subtrees grow a tree as in [`Frontier`], and those left at the end are joined from the right.
pub fn root(leaves: &[Hash]) -> Hash {
    let (whole, rest) = leaves.as_chunks::<WIDTH>();
    if whole.is_empty() {
        return small_root(rest);
    }
    let mut peaks = [Hash::default(); usize::BITS as usize];
    let mut count = 0;
    for (index, chunk) in whole.iter().enumerate() {
        peaks[count] = small_root(chunk);
        count += 1;
        for _ in 0..index.trailing_ones() {
            count -= 1;
            peaks[count - 1] = hash::node(&peaks[count - 1], &peaks[count]);
        }
    }
    if !rest.is_empty() {
        peaks[count] = small_root(rest);
        count += 1;
    }
    join(&peaks[..count])
}

/// The root over at most [`WIDTH`] leaves. A last one without a neighbour goes up a level as it is.
fn small_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => return empty_root(),
        [only] => return *only,
        _ => {}
    }
    let mut nodes = [Hash::default(); WIDTH / 2];
    let mut length = level_above(leaves, &mut nodes);
    let mut above = [Hash::default(); WIDTH / 4];
    while length > 1 {
        let count = level_above(&nodes[..length], &mut above);
        nodes[..count].copy_from_slice(&above[..count]);
        length = count;
    }
    nodes[0]
}

/// Puts the level above some hashes, of which there are at most twice as many as there is room; returns their number.
#[inline]
fn level_above(below: &[Hash], above: &mut [Hash]) -> usize {
    let (pairs, odd) = below.as_chunks::<2>();
    let mut places = above.iter_mut();
    let mut count = 0;
    let mut put = |hash| {
        if let Some(place) = places.next() {
            *place = hash;
            count += 1;
        }
    };
    hash::nodes(pairs, &mut put);
    odd.iter().copied().for_each(put);
    count
}

/// The roots of two trees of the same size at once: of each leaf the first belongs to the one and the second to the other.
pub(crate) fn root_of_two(leaves: &[[Hash; 2]]) -> [Hash; 2] {
    match leaves {
        [] => [empty_root(); 2],
        [only] => *only,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len() as u64) as usize);
            let ([a, b], [c, d]) = (root_of_two(left), root_of_two(right));
            hash::nodes_of([&[a, c], &[b, d]])
        }
    }
}

/// The root over complete subtrees, largest first, of which there is at least one, else that of no leaves.
fn join(peaks: &[Hash]) -> Hash {
    let mut peaks = peaks.iter().rev();
    let Some(last) = peaks.next() else { return empty_root() };
    peaks.fold(*last, |right, left| hash::node(left, &right))
}

/// The right edge of a growing tree: the roots of its complete subtrees, largest first. Appending costs amortised two hashes.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

impl Frontier {
    /// A frontier from its parts, if there are as many peaks as the size demands.
    pub fn new(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        (peaks.len() == size.count_ones() as usize).then_some(Self { size, peaks })
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Roots of the complete subtrees, largest first.
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// The peaks alone.
    pub fn into_peaks(self) -> Vec<Hash> {
        self.peaks
    }

    /// Appends a leaf.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for _ in 0..self.size.trailing_ones() {
            // As many peaks as trailing ones in the size, so there is one to take.
            let Some(left) = self.peaks.pop() else { break };
            hash = hash::node(&left, &hash);
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// The root.
    pub fn root(&self) -> Hash {
        join(&self.peaks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The root as RFC 9162 §2.1.1 defines it, word for word.
    fn defined(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => empty_root(),
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(split(leaves.len() as u64) as usize);
                hash::node(&defined(left), &defined(right))
            }
        }
    }

    fn leaves(size: u64) -> Vec<Hash> {
        (0..size).map(|i| hash::leaf(&i.to_be_bytes())).collect()
    }

    #[test]
    fn roots_of_every_size_are_as_defined() {
        let all = leaves(1_100);
        let mut frontier = Frontier::default();
        for size in 0..=all.len() {
            assert_eq!(root(&all[..size]), defined(&all[..size]), "{size}");
            assert_eq!(frontier.root(), root(&all[..size]), "{size}");
            if let Some(leaf) = all.get(size) {
                frontier.push(*leaf);
            }
        }
        for size in 0..40 {
            let two: Vec<[Hash; 2]> = (0..size).map(|i| [all[i], all[500 + i]]).collect();
            assert_eq!(root_of_two(&two), [root(&all[..size]), root(&all[500..500 + size])], "{size}");
        }
        let other = [&all[1..2], &all[..1]].concat();
        assert_ne!(root(&other), root(&all[..2]));
    }

    #[test]
    fn the_paths_of_all_leaves_are_those_of_each() {
        for size in 0..=130 {
            let all = leaves(size);
            let each = (0..size).map(|i| sure(inclusion(all.as_slice(), i, size)));
            assert_eq!(paths(&all), each.collect::<Vec<_>>(), "{size}");
        }
    }

    #[test]
    fn runs_of_leaves_are_proved_as_a_set() {
        for size in [1, 2, 63, 64, 65, 130, 200] {
            let all = leaves(size);
            let top = root(&all);
            for start in 0..size {
                for end in [start + 1, start + 2, start + 64, start + 65, size] {
                    let places: Vec<u64> = (start..end.min(size)).collect();
                    let path = sure(set(all.as_slice(), &places, size));
                    let mut known: Vec<(u64, Hash)> = places.iter().map(|i| (*i, all[*i as usize])).collect();
                    assert!(check_set(&known, size, &path, &top).is_ok(), "{places:?} of {size}");
                    known[0].1.0[0] ^= 1;
                    assert!(check_set(&known, size, &path, &top).is_err(), "{places:?} of {size}");
                    if start == 0 && end >= size {
                        assert!(path.is_empty());
                    }
                }
            }
        }
    }
}
