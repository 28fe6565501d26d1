//! The HTTP server of a PEAL ledger, and what its daemon `peald` does.
//!
//! Reads top to bottom; each module uses only those above it.
//!
//! 1. A request passes the gates of [`server`] and [`router`]: connections, requests, bytes, time. What does not fit is told when to come back.
//! 2. A route of [`routes`] decodes and checks it off the connection's thread, and asks the ledger.
//! 3. Whatever goes wrong is told by [`problem`] alone.
//!
//! 4. Beside them [`publish`] has witnesses cosign the log's checkpoints, and [`signing`] knows whether the ledger may sign at all.
//!
//! 5. [`deliver`] tells the servers that [`webhooks`] names of new records.
//!
//! 6. [`schemes`] are read at the start, and reckoned by for whoever asks.
//!
//! 7. [`carried`] keeps what accounts have brought along from other ledgers, for their owners.
//!
//! A crash at any moment loses what was not acknowledged, which may be sent again.

#![forbid(unsafe_code)]

pub mod witnesses;
pub mod webhooks;
pub mod config;
pub mod signing;
pub mod carried;
pub mod board;
pub mod problem;
pub mod media;
pub mod metrics;
pub mod schemes;
pub mod shares;
pub mod streams;
pub mod app;
pub mod publish;
pub mod deliver;
pub mod admin;
pub mod body;
pub mod signed;
pub mod views;
pub mod verdict;
pub mod page;
pub mod routes;
pub mod router;
pub mod patient;
pub mod server;
pub mod command;
