//! What the targets do that need the daemon and its ledger.
//!
//! They stand apart so that the others are built without RocksDB. `ledger_ops` drives the ledger and the naive model of `peal_tests`
//! side by side.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod config;
pub mod http;
pub mod ledger_ops;
pub mod tile_path;
