//! The public hash tiles of the log (C2SP tlog-tiles), and what they prove of its earlier sizes.
//!
//! Tiles are the same for everyone, and the proofs made of them are between sizes that the wallet names: who answers cannot choose what is
//! compared. Nothing in a tile is believed unless it leads to the root of a signed head.

use std::cell::RefCell;
use std::collections::HashMap;

use peal_spec::hash::Hash;
use peal_spec::tree::{self, Nodes, check_consistency};

use crate::http::Remote;
use crate::trouble::Trouble;

/// How many levels of the tree a tile spans.
const HEIGHT: u32 = 8;
/// The most hashes in a tile.
const WIDTH: u64 = 1 << HEIGHT;
/// Bytes of a hash.
const HASH: usize = 32;
/// How many tiles are kept at a time.
const KEPT: usize = 512;

/// What the first leaves of a log are proved to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefix {
    /// Their root.
    pub root: Hash,
    /// The consistency proof from them to the head.
    pub path: Vec<Hash>,
}

/// The log under one head, read tile by tile.
#[derive(Debug)]
pub struct Tiles<'a> {
    remote: &'a Remote,
    size: u64,
    root: Hash,
    kept: RefCell<HashMap<(u32, u64), Vec<Hash>>>,
}

/// The path of a tile: its index stands in groups of three digits, all but the last after an `x`.
fn path(level: u32, index: u64) -> String {
    let (mut groups, mut rest) = (format!("{:03}", index % 1000), index / 1000);
    while rest > 0 {
        groups = format!("x{:03}/{groups}", rest % 1000);
        rest /= 1000;
    }
    format!("/tile/{level}/{groups}")
}

impl<'a> Tiles<'a> {
    /// The log of `size` leaves under `root`.
    pub fn new(remote: &'a Remote, size: u64, root: Hash) -> Self {
        Self { remote, size, root, kept: RefCell::default() }
    }

    /// What the first `size` leaves of this log are. The number of tiles that it takes is logarithmic.
    ///
    /// # Errors
    /// Unavailable if a tile is not given; refused if the tiles are not those of this log.
    pub fn prefix(&self, size: u64) -> Result<Prefix, Trouble> {
        if size == self.size {
            return Ok(Prefix { root: self.root, path: Vec::new() });
        }
        let prefix =
            Prefix { root: tree::subtree(self, 0, size)?, path: tree::consistency(self, size, self.size)? };
        // The empty log is a prefix of every other.
        if size > 0 && check_consistency(size, &prefix.root, self.size, &self.root, &prefix.path).is_err() {
            return Err(Trouble::refused(
                format!("the hash tiles do not lead to the signed head of {} entries", self.size),
                format!("{}/tile", self.remote.base()),
                "try again; if it stays so, show this to a bureau or an auditor. The wallet keeps your last good copy",
            ));
        }
        Ok(prefix)
    }

    /// A tile as wide as the size makes it.
    fn fetch(&self, level: u32, index: u64) -> Result<Vec<Hash>, Trouble> {
        let count = self.size.checked_shr(level * HEIGHT).unwrap_or(0);
        let width = count.saturating_sub(index.saturating_mul(WIDTH)).min(WIDTH);
        let whole = path(level, index);
        // The log may have grown meanwhile, and then only the full tile need be there.
        let names = match width {
            WIDTH => vec![whole],
            part => vec![format!("{whole}.p/{part}"), whole],
        };
        let mut denied = String::new();
        for name in names {
            let limit = WIDTH * HASH as u64;
            match self.remote.get(&name, "application/octet-stream", limit)? {
                Ok(bytes) => {
                    let (hashes, rest) = bytes.as_chunks::<HASH>();
                    if !rest.is_empty() || (hashes.len() as u64) < width {
                        return Err(Trouble::refused(
                            format!("this is no tile of {width} hashes"),
                            format!("{}{name}", self.remote.base()),
                            "tell the operator of the ledger",
                        ));
                    }
                    return Ok(hashes.iter().take(width as usize).map(|h| Hash(*h)).collect());
                }
                Err(problem) if denied.is_empty() => denied = format!("{}: {}", name, problem.detail),
                Err(_) => {}
            }
        }
        Err(Trouble::unavailable(
            format!(
                "the ledger does not give a hash tile of its log, so its heads cannot be compared ({denied})"
            ),
            self.remote.base(),
            "try again later; if it stays so, ask the operator of the ledger",
        ))
    }
}

impl Nodes for Tiles<'_> {
    type Error = Trouble;
    fn node(&self, level: u32, index: u64) -> Result<Hash, Trouble> {
        // A node in a tile is the root of some of the tile's hashes.
        let (tiers, above) = (level / HEIGHT, level % HEIGHT);
        let from = index << above;
        let (tile, start) = (from / WIDTH, (from % WIDTH) as usize);
        let mut kept = self.kept.borrow_mut();
        if kept.len() > KEPT {
            kept.clear();
        }
        let hashes = match kept.entry((tiers, tile)) {
            std::collections::hash_map::Entry::Occupied(there) => there.into_mut(),
            std::collections::hash_map::Entry::Vacant(place) => place.insert(self.fetch(tiers, tile)?),
        };
        hashes.get(start..start + (1 << above)).map(tree::root).ok_or_else(|| {
            Trouble::refused(
                format!("a log of {} entries has no such node", self.size),
                self.remote.base(),
                "tell the operator of the ledger",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_are_named_as_tlog_tiles_says() {
        assert_eq!(path(0, 0), "/tile/0/000");
        assert_eq!(path(1, 999), "/tile/1/999");
        assert_eq!(path(2, 1000), "/tile/2/x001/000");
        assert_eq!(path(0, 1_234_067), "/tile/0/x001/x234/067");
    }
}
