//! Moves: what is refused and in which order, and what becomes of a move when messages are lost, come twice or late, actors forget and ledgers
//! are away.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod book;
mod cast;
mod world;
#[path = "moving/faults.rs"]
mod faults;
#[path = "moving/chances.rs"]
mod chances;
#[path = "moving/actors.rs"]
mod actors;
#[path = "moving/invariants.rs"]
mod invariants;
#[path = "moving/simulation.rs"]
mod simulation;
#[path = "moving/ends.rs"]
mod ends;
#[path = "moving/shown.rs"]
mod shown;
