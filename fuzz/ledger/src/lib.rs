//! What the targets do that need the daemon and its ledger.
//!
//! They stand apart so that the others are built without RocksDB. A model-driven target of the ledger itself (operations, crashes and
//! reopenings against a model) belongs here too: a module `ledger_ops` with `run` and `seeds`, and its entry in Cargo.toml.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod config;
pub mod http;
pub mod tile_path;
