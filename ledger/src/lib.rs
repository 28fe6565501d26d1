//! The machine room: everything that an operator runs, on one machine, behind one type, [`Ledger`].
//!
//! 1. A posting whose signature and roots hold ([`peal_spec::posting::Checked`]) is handed to [`Ledger::submit`] and waits in a queue. A crash
//!    forgets it; nobody was told otherwise.
//! 2. The one writer takes what waits, judges it by the rules of `peal_spec`, and makes one commit of it: a pure function over what is stored
//!    (`commit`).
//! 3. The commit is one row of the journal, synced once (`store`). A crash leaves it whole or not at all.
//! 4. Rows, heads and trees in memory follow, the signed checkpoint is published, the receipts go out (`sequencer`). A crash here loses
//!    answers, not records: the same posting sent again gives the same receipt.
//! 5. In the background rows are sorted into their families and heads are written (`settler`). A crash here loses nothing: what was not
//!    finished is found in the journal and done again.
//! 6. Reads take one moment and never wait for the writer (`state`, `layered`, `reads`).
//! 7. Opening goes through the journal from the last mark on, and checks that all adds up to the last checkpoint (`recovery`);
//!    [`audit`](audit()) replays everything.
//!
//! The modules stand in the order of their dependence: each uses only those above it.

#![forbid(unsafe_code)]

pub mod error;
pub mod settings;
mod schema;
mod pack;
mod rows;
mod way;
mod store;
mod blob;
mod fresh;
mod heads;
mod layered;
mod trees;
mod working;
mod commit;
mod state;
mod reads;
mod told;
mod recovery;
mod erasing;
mod settler;
mod sequencer;
mod audit;
mod ledger;
#[cfg(test)]
mod tests;

// The tests' small world stands outside and names the crate as everybody does.
#[cfg(test)]
extern crate self as peal_ledger;

pub use audit::{AuditReport, audit};
pub use erasing::{Kept, Left, Retained, Retention};
pub use error::Error;
pub use ledger::{Genesis, Ledger, Stats, inspect, retention};
pub use reads::FoundReceipt;
pub use sequencer::Pending;
pub use settings::Settings;
pub use state::Published;
pub use told::{Stretch, Told};

/// Parts that are benched by themselves; not for use.
#[doc(hidden)]
pub mod parts {
    pub use crate::trees::{Changes, Directory};
}
