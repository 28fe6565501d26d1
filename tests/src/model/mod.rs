//! The model test: random operations against the ledger and against a naive book beside it, which must agree in every answer, root and
//! refusal, across restarts.
//!
//! 1. [`shapes`], [`said`], [`state`], [`recovery`], [`fund`], [`consent`], [`claim`], [`rules`], [`fund_rules`], [`claim_rules`], [`identity`], [`erasure`], [`move_shapes`], [`moving`], [`move_rules`], [`tree`], [`leaves`] and [`book`] are the model: a ledger written anew from `spec/README.md` and `spec/moving.md` alone, with lists where the
//!    ledger has tables, from all records where it keeps sums. They share with `peal-spec` its plain data, the CBOR items and SHA-256, the verifier of proofs that everybody has, and no rule.
//! 2. [`people`], [`claim_facets`], [`odd`], [`script`], [`stage`], [`sayings`], [`recoveries`], [`funds`], [`claims`], [`identities`], [`erasures`], [`abroad`], [`move_facets`] and [`moves`] turn bytes into what people do: mostly right, often nearly.
//! 3. [`drive`] does it to both, [`reads`] compares what can be read, and [`promises`] looks whether the histories are what the page promises, whatever the rules. [`run`] is all of it; a fuzzer may call it with any bytes.

#![allow(clippy::expect_used, reason = "a difference ends the test, with words")]

pub mod tree;
pub mod shapes;
pub mod move_shapes;
pub mod said;
pub mod leaves;
pub mod recovery;
pub mod fund;
pub mod moving;
pub mod consent;
pub mod claim;
pub mod state;
pub mod rules;
pub mod fund_rules;
pub mod claim_rules;
pub mod identity;
pub mod erasure;
pub mod move_rules;
pub mod book;
pub mod people;
pub mod claim_facets;
pub mod move_facets;
pub mod odd;
pub mod script;
pub mod abroad;
pub mod stage;
pub mod sayings;
pub mod recoveries;
pub mod funds;
pub mod claims;
pub mod identities;
pub mod erasures;
pub mod moves;
pub mod reads;
pub mod promises;
pub mod drive;

pub use drive::{Coverage, lives, run};
