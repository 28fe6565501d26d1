//! The server over real sockets, and the daemon as a process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that panics has failed")]

mod stage;
mod life;
mod refusals;
mod seen;
mod signed_reads;
mod shared;
mod moving;
mod tiles;
mod schemes;
mod limits;
mod notices;
mod arbitrary;
mod openapi;
mod daemon;
