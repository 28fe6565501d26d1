//! What a worker, a platform, a fund or a bureau has at home: keys, an encrypted wallet, the checked copy of an account, proofs, payroll files.
//!
//! Reads top to bottom; each module uses only those above it. Everything that must be trusted is in `peal-spec`; this crate keeps, fetches,
//! sends and shows. It knows the ledger only by its bytes.
//!
//! 1. [`wallet`] keeps the words and the copy in one sealed file ([`vault`]), a bureau's bindings in another ([`bound`]), and whole histories from elsewhere ([`carried`]).
//! 2. [`sync`] brings the copy up to date and holds the ledger to what it signed before, by the log's public [`tiles`]; [`bell`] says when it is time. [`ledgers`] keeps
//!    the directory that says which ledgers there are.
//! 3. [`recovery`] is what whoever has lost her words hands to her guardians. [`outbox`] signs, keeps and sends postings; [`posting`] checks their receipts.
//! 4. [`import`] and [`payroll`] turn payroll files into statements; [`returns`] and [`journal`] keep what became of them.
//! 5. [`passbook`], [`report`], [`standing`] and [`rights`] show a copy, a verdict, what it adds up to and what it gives a right to, to people.
//! 6. [`archive`] is an account as a file that needs no PEAL software to read.
//! 7. [`witness`] watches logs and cosigns what extends what it has seen; [`office`] makes tokens of documents that it does not see. Both are [`serving`].

#![forbid(unsafe_code)]

pub mod trouble;
pub mod clock;
pub mod disk;
pub mod words;
pub mod vault;
pub mod carried;
pub mod moving;
pub mod wallet;
pub mod bound;
pub mod http;
pub mod ledgers;
pub mod posting;
pub mod recovery;
pub mod tiles;
pub mod sync;
pub mod bell;
pub mod import;
pub mod returns;
pub mod journal;
pub mod outbox;
pub mod payroll;
pub mod layout;
pub mod passbook;
pub mod report;
pub mod joined;
pub mod archive;
pub mod standing;
pub mod due;
pub mod project;
pub mod rights;
pub mod serving;
pub mod witness;
pub mod office;
