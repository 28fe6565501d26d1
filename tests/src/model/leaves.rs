//! What is hashed: leaf data, salts, and the trees of statements, postings and states (`spec/README.md` §3, §5 to §7).

use peal_spec::cbor::Writer;
use peal_spec::hash::{Hash, Seed, leaf};
use peal_spec::statement::Statement;
use peal_spec::value::Origin;

use super::said::{write_address, write_maybe};
use super::tree;

/// `[1, tree, 1, …]`, the data of a leaf.
pub fn data(tree: u64, elements: u64, write: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut w = Writer::default();
    w.array(3 + elements);
    w.uint(1);
    w.uint(tree);
    w.uint(1);
    write(&mut w);
    w.into_bytes()
}

/// §3: `derive(seed, index)`.
pub fn derive(seed: &Seed, index: u64) -> Seed {
    let full = leaf(&data(8, 2, |w| {
        w.bytes(&seed.0);
        w.uint(index);
    }));
    let mut out = [0; 16];
    out.copy_from_slice(&full.0[..16]);
    Seed(out)
}

/// Hash no 10 of a signing key.
pub fn next_key(key: &[u8; 32]) -> [u8; 32] {
    leaf(&data(10, 1, |w| w.bytes(key))).0
}

/// §5: the root of a statement.
pub fn statement_root(origin: &Origin, statement: &Statement) -> Hash {
    let mut head = Writer::default();
    head.array(6);
    head.text(origin.as_str());
    match &statement.address {
        Some(address) => write_address(&mut head, address),
        None => head.null(),
    }
    head.uint(statement.kind);
    head.uint(statement.issued.seconds());
    write_maybe(&mut head, statement.refers);
    write_maybe(&mut head, statement.month.map(|m| u64::from(m.number())));
    let values = std::iter::once(head.into_bytes()).chain(statement.facets.iter().map(<[u8]>::to_vec));
    let leaves: Vec<Hash> = values
        .zip(0..)
        .map(|(value, index)| {
            leaf(&data(1, 3, |w| {
                w.uint(index);
                w.bytes(&derive(&statement.seed, index).0);
                w.raw(&value);
            }))
        })
        .collect();
    tree::root(&leaves)
}

/// §6: the leaves of a posting's tree.
pub fn posting_leaves(roots: &[Hash]) -> Vec<Hash> {
    let leaf_of = |(root, index): (&Hash, u64)| {
        leaf(&data(2, 2, |w| {
            w.uint(index);
            w.bytes(&root.0);
        }))
    };
    roots.iter().zip(0..).map(leaf_of).collect()
}

/// §7: the leaves of a state tree, of contents and salts.
pub fn cell_leaves(cells: &[(Vec<u8>, Seed)]) -> Vec<Hash> {
    let leaf_of = |((content, salt), index): (&(Vec<u8>, Seed), u64)| {
        leaf(&data(6, 3, |w| {
            w.uint(index);
            w.bytes(&salt.0);
            w.raw(content);
        }))
    };
    cells.iter().zip(0..).map(leaf_of).collect()
}
