//! What the fuzz targets do with the bytes they are given: every reader of bytes from outside, and what must hold of it.
//!
//! 1. [`plant`] writes a target's seeds into its corpus when it starts: the vectors of `spec/vectors`, the demo's files, and what the small
//!    ledger of the specification's tests makes.
//! 2. `run` of a target's module reads the bytes and asserts: no panic; what decodes re-encodes to the same bytes; what verifies still
//!    verifies after a round trip; a file without faults is written back byte for byte.
//! 3. Where a digest or a signature would stop every changed byte at the door, [`operator`] makes it good again, as a ledger, a payer or a
//!    fund that lies would, so that the steps behind it are reached.
//!
//! A panic is a finding. `scripts/fuzz` keeps its input; a minimised one goes to `fuzz/regressions/<target>/` and is replayed from then on.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../../spec/tests/book/mod.rs"]
pub mod book;
#[path = "../../spec/tests/cast/mod.rs"]
pub mod cast;
#[path = "../../spec/tests/world/mod.rs"]
pub mod world;

pub mod seeds;
pub mod operator;

pub mod statement;
pub mod posting;
pub mod proof;
pub mod note;
pub mod trust;
pub mod scheme;
pub mod receipt;
pub mod copy;
pub mod values;
#[cfg(feature = "wallet")]
pub mod payroll;
#[cfg(feature = "wallet")]
pub mod wallet;
#[cfg(feature = "wallet")]
pub mod archive;
#[cfg(feature = "wallet")]
pub mod moving;

pub use seeds::plant;

use peal_spec::cbor::Cbor;

/// Decodes; what decodes must re-encode to itself.
pub fn round_trip<T: Cbor>(bytes: &[u8]) -> Option<T> {
    let value = T::from_bytes(bytes).ok()?;
    assert_eq!(value.to_bytes(), bytes, "what decodes re-encodes to itself");
    Some(value)
}
