//! The agreement: everything that a person must trust, in one crate without I/O, clock or randomness.
//!
//! Reads top to bottom; each module uses only those above it. The normative text is `spec/README.md`; this crate, the vectors and
//! `spec/reference.py` say the same.

pub mod cbor;
pub mod hash;
pub mod text;
pub mod value;
pub mod tree;
pub mod key;
pub mod address;
pub mod refusal;
pub mod role;
pub mod facet;
pub mod money;
pub mod rights;
pub mod identity;
pub mod recovery;
pub mod moving;
pub mod note;
pub mod trust;
pub mod target;
pub mod state;
pub mod scene;
pub mod statement;
pub mod posting;
pub mod record;
pub mod rules;
pub mod log;
pub mod account;
pub mod witness;
pub mod ledgers;
pub mod tokens;
pub mod receipt;
pub mod proof;
pub mod verify;
pub mod showing;
pub mod itinerary;
pub mod signed_read;
pub mod copy;
pub mod standing;
pub mod scheme;
