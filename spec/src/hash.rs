//! SHA-256 in the two forms that RFC 9162 knows, and the tags that keep one tree's hashes from passing for another's.
//!
//! Nearly all that is hashed is short. It is written straight into padded blocks on the stack, and those go to the compression function of
//! `sha2` at once; what does not fit takes the usual way. Two hashes that do not wait for each other are made side by side (`lanes`).
//!
//! Source: `spec/README.md` §3.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::block_api::compress256;
use sha2::{Digest, Sha256};

use crate::cbor::{Cbor, Malformed, Reader, STACK, Writer};

mod lanes;

/// The suite number in every leaf: SHA-256 and Ed25519.
pub const SUITE: u64 = 1;
/// The version number in every leaf.
pub const VERSION: u64 = 1;

/// A SHA-256 hash, 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Hash(pub [u8; 32]);

/// A 16-byte seed, salt, blind or posting id.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Seed(pub [u8; 16]);

/// The second element of every hashed array: which tree, or which single value, the data belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Tag {
    /// Leaf of a statement tree.
    Statement = 1,
    /// Leaf of a posting tree.
    Posting = 2,
    /// Leaf of an account tree: a record.
    Account = 3,
    /// Leaf of the directory.
    Directory = 4,
    /// Leaf of the log.
    Log = 5,
    /// Leaf of a state tree: a cell.
    State = 6,
    /// Salted commitment to a record, inside a log leaf.
    Commitment = 7,
    /// Derivation of a salt from a seed.
    Derive = 8,
    /// Digest of a signed posting.
    Digest = 9,
    /// Commitment to a signing key not yet in use.
    NextKey = 10,
    /// Commitment to what a person is known by.
    Identity = 11,
    /// Which trust list of a ledger.
    LedgerList = 12,
    /// What an arrival takes.
    Arrived = 13,
    /// Mark of a token in a list that bureaus compare.
    Mark = 14,
}

/// The state that SHA-256 starts from (FIPS 180-4 §5.3.3).
const START: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// Bytes of padding that there must be room for: a one bit, and the length.
const PADDING: usize = 9;

/// Pads the first `length` bytes of blocks whose other bytes are zero and leave room for the padding; returns those that are hashed.
#[inline]
fn pad<const N: usize>(blocks: &mut [u8; N], length: usize) -> &[[u8; 64]] {
    let end = (length + PADDING).next_multiple_of(64);
    blocks[length] = 0x80;
    blocks[end - 8..end].copy_from_slice(&(8 * length as u64).to_be_bytes());
    blocks[..end].as_chunks().0
}

#[inline]
fn from_state(state: [u32; 8]) -> Hash {
    let mut hash = [0; 32];
    for (bytes, word) in hash.as_chunks_mut().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    Hash(hash)
}

/// Hashes one padded message.
#[inline]
fn padded(blocks: &[[u8; 64]]) -> Hash {
    let mut state = START;
    compress256(&mut state, blocks);
    from_state(state)
}

/// Hashes two padded messages.
#[inline]
fn padded_two(blocks: [&[[u8; 64]]; 2]) -> [Hash; 2] {
    let mut states = [START; 2];
    lanes::compress_two(&mut states, blocks);
    states.map(from_state)
}

/// `H(0x00 ‖ data)`.
pub fn leaf(data: &[u8]) -> Hash {
    leaf_of(|w| w.raw(data))
}

/// What of a writer is hashed, padded; what does not fit on the stack, hashed.
#[inline]
fn on_stack(w: &mut Writer) -> Result<&[[u8; 64]], Hash> {
    match w.parts() {
        Ok((blocks, length)) if length + PADDING <= STACK => Ok(pad(blocks, length)),
        Ok((bytes, length)) => Err(plain(&bytes[..length])),
        Err(bytes) => Err(plain(bytes)),
    }
}

/// The leaf hash of what `write` writes.
#[inline]
pub(crate) fn leaf_of(write: impl FnOnce(&mut Writer)) -> Hash {
    let mut w = Writer::on_stack();
    w.raw(&[0]);
    write(&mut w);
    on_stack(&mut w).map_or_else(|hash| hash, padded)
}

/// The leaf hashes of what `write` writes as the first and as the second of two.
#[inline]
fn leaves_of(write: impl Fn(usize, &mut Writer)) -> [Hash; 2] {
    let mut writers = [Writer::on_stack(), Writer::on_stack()];
    for (which, w) in writers.iter_mut().enumerate() {
        w.raw(&[0]);
        write(which, w);
    }
    let [a, b] = &mut writers;
    match (on_stack(a), on_stack(b)) {
        (Ok(a), Ok(b)) => padded_two([a, b]),
        (a, b) => [a, b].map(|blocks| blocks.map_or_else(|hash| hash, padded)),
    }
}

/// `0x01 ‖ left ‖ right` in blocks that are not padded yet.
#[inline]
fn node_blocks([left, right]: &[Hash; 2]) -> [u8; 128] {
    let mut blocks = [0; 128];
    blocks[0] = 1;
    blocks[1..33].copy_from_slice(&left.0);
    blocks[33..65].copy_from_slice(&right.0);
    blocks
}

/// `H(0x01 ‖ left ‖ right)`.
#[inline]
pub fn node(left: &Hash, right: &Hash) -> Hash {
    padded(pad(&mut node_blocks(&[*left, *right]), 65))
}

/// The nodes over pairs of hashes that do not depend on each other, in their order.
#[inline]
pub fn nodes(children: &[[Hash; 2]], mut each: impl FnMut(Hash)) {
    let (twos, one) = children.as_chunks::<2>();
    for [a, b] in twos {
        nodes_of([a, b]).into_iter().for_each(&mut each);
    }
    one.iter().for_each(|[left, right]| each(node(left, right)));
}

/// The nodes over two pairs of hashes.
#[inline]
pub(crate) fn nodes_of(children: [&[Hash; 2]; 2]) -> [Hash; 2] {
    let [mut a, mut b] = children.map(node_blocks);
    padded_two([pad(&mut a, 65), pad(&mut b, 65)])
}

/// `H(data)`, with no prefix: for files and the empty tree only.
pub fn plain(data: &[u8]) -> Hash {
    Hash(Sha256::digest(data).into())
}

#[inline]
fn write_tagged(w: &mut Writer, tag: Tag, fields: u64, write: impl FnOnce(&mut Writer)) {
    w.array(3 + fields);
    // Each is below 24, and so its own encoding.
    w.raw(&[SUITE as u8, tag as u8, VERSION as u8]);
    write(w);
}

/// Writes `[suite, tag, version, …]` with `fields` more elements, which `write` supplies.
pub fn tagged_data(tag: Tag, fields: u64, write: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut w = Writer::with_capacity(96);
    write_tagged(&mut w, tag, fields, write);
    w.into_bytes()
}

/// The leaf hash of [`tagged_data`].
#[inline]
pub fn tagged(tag: Tag, fields: u64, write: impl FnOnce(&mut Writer)) -> Hash {
    leaf_of(|w| write_tagged(w, tag, fields, write))
}

/// The leaf hashes of two of [`tagged_data`].
#[inline]
pub(crate) fn tagged_two(tag: Tag, fields: u64, write: impl Fn(usize, &mut Writer)) -> [Hash; 2] {
    leaves_of(|which, w| write_tagged(w, tag, fields, |w| write(which, w)))
}

/// `derive(seed, index)`: a one-way function, so that one salt shown reveals neither the seed nor another salt.
#[inline]
pub fn derive(seed: &Seed, index: u64) -> Seed {
    cut(&tagged(Tag::Derive, 2, |w| write_derived(w, seed, index)))
}

/// The same of two seeds with the same index.
#[inline]
pub(crate) fn derive_two(seeds: [&Seed; 2], index: u64) -> [Seed; 2] {
    tagged_two(Tag::Derive, 2, |which, w| write_derived(w, seeds[which], index)).map(|full| cut(&full))
}

#[inline]
fn write_derived(w: &mut Writer, seed: &Seed, index: u64) {
    w.bytes(&seed.0);
    w.uint(index);
}

#[inline]
fn cut(full: &Hash) -> Seed {
    let mut out = [0; 16];
    out.copy_from_slice(&full.0[..16]);
    Seed(out)
}

fn hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|b| write!(f, "{b:02x}"))
}

macro_rules! bytes_type {
    ($name:ident, $len:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                hex(&self.0, f)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                hex(&self.0, f)
            }
        }
        impl Cbor for $name {
            #[inline]
            fn encode(&self, w: &mut Writer) {
                w.bytes(&self.0);
            }
            #[inline]
            fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
                Ok(Self(r.fixed::<$len>()?))
            }
        }
        impl std::str::FromStr for $name {
            type Err = NotHex;
            fn from_str(text: &str) -> Result<Self, NotHex> {
                let mut out = [0; $len];
                if text.len() != 2 * $len || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
                    return Err(NotHex { bytes: $len });
                }
                for (i, byte) in out.iter_mut().enumerate() {
                    *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16)
                        .map_err(|_| NotHex { bytes: $len })?;
                }
                Ok(Self(out))
            }
        }
    };
}
bytes_type!(Hash, 32);
bytes_type!(Seed, 16);

/// Text that should be hexadecimal and is not, or is of the wrong length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not {bytes} bytes in hexadecimal")]
pub struct NotHex {
    /// How many bytes were expected.
    pub bytes: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn streamed(parts: &[&[u8]]) -> Hash {
        let mut hasher = Sha256::new();
        parts.iter().for_each(|part| hasher.update(part));
        Hash(hasher.finalize().into())
    }

    /// Bytes that look random, and others for every `seed`.
    fn noise(seed: u32, length: usize) -> Vec<u8> {
        let mut x = seed.wrapping_mul(0x9e37_79b9) | 1;
        let step = |_| {
            x ^= x << 13;
            x ^= x >> 17;
            x ^= x << 5;
            x as u8
        };
        (0..length).map(step).collect()
    }

    #[test]
    fn every_length_hashes_as_the_streaming_hasher_does() {
        for length in 0..=600 {
            let data = noise(length as u32, length);
            assert_eq!(leaf(&data), streamed(&[&[0], &data]), "{length}");
            let halves = data.split_at(length / 3);
            let whole = leaf_of(|w| {
                w.raw(halves.0);
                w.raw(halves.1);
            });
            assert_eq!(whole, streamed(&[&[0], &data]), "{length} in two parts");
            for other in [length / 2, length.saturating_sub(1), length, 700 - length] {
                let two = [&data[..], &noise(3, other)];
                let both = leaves_of(|which, w| w.raw(two[which]));
                assert_eq!(both, two.map(leaf), "{length} beside {other}");
            }
            let data_of = |w: &mut Writer| w.bytes(&data);
            assert_eq!(
                tagged(Tag::State, 1, data_of),
                leaf(&tagged_data(Tag::State, 1, data_of)),
                "{length}"
            );
        }
    }

    #[test]
    fn nodes_and_salts_hash_as_the_streaming_hasher_does() {
        for seed in 0..300 {
            let data = noise(seed, 80);
            let (left, right) =
                (Hash(data[..32].try_into().unwrap()), Hash(data[32..64].try_into().unwrap()));
            assert_eq!(node(&left, &right), streamed(&[&[1], &left.0, &right.0]));
            let secret = Seed(data[64..].try_into().unwrap());
            let index = 1u64 << (seed % 53);
            let mut w = Writer::default();
            w.uint(index);
            let array = [&[0x85, 1, 8, 1, 0x50][..], &secret.0, &w.into_bytes()].concat();
            let derived = derive(&secret, index);
            assert_eq!(derived.0, streamed(&[&[0], &array]).0[..16]);
            let other = Seed(data[..16].try_into().unwrap());
            assert_eq!(derive_two([&secret, &other], index), [derived, derive(&other, index)]);
        }
    }

    #[test]
    fn nodes_side_by_side_are_those_one_by_one() {
        let pairs: Vec<[Hash; 2]> = (0..9)
            .map(|n| [0, 32].map(|at| Hash(noise(n + 1, 64)[at..at + 32].try_into().unwrap())))
            .collect();
        for count in 0..=pairs.len() {
            let mut all = Vec::new();
            nodes(&pairs[..count], |node| all.push(node));
            let each: Vec<Hash> = pairs[..count].iter().map(|[l, r]| node(l, r)).collect();
            assert_eq!(all, each, "{count}");
        }
    }
}
