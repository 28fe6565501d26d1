//! Receipts, checked against the postings that they are for.

use std::sync::LazyLock;

use peal_spec::cbor::Cbor as _;
use peal_spec::log::LogLeaf;
use peal_spec::note::Checkpoint;
use peal_spec::posting::{Checked, Posting};
use peal_spec::receipt::Receipt;
use peal_spec::tree;

use crate::cast::origin;
use crate::operator;
use crate::round_trip;
use crate::seeds::{Seeds, WORLD, hex_of, postings};

static POSTINGS: LazyLock<Vec<Checked>> = LazyLock::new(|| {
    let mut all = postings();
    all.extend(hex_of("receipt", "posting"));
    all.iter().filter_map(|bytes| Posting::receive(bytes, &origin()).ok()).collect()
});

/// Reads a receipt and checks it, as it is and signed again by the operator.
pub fn run(data: &[u8]) {
    let Some(receipt) = round_trip::<Receipt>(data) else { return };
    for posting in POSTINGS.iter().filter(|p| p.digest() == receipt.posting) {
        check(&receipt, posting);
    }
    // For one of those that have as many statements, which the bytes choose.
    let fitting = POSTINGS.iter().filter(|p| p.payload().count == receipt.results.len() as u64);
    let fitting: Vec<&Checked> = fitting.collect();
    let chosen = data.iter().fold(0usize, |n, b| n.wrapping_mul(31).wrapping_add(usize::from(*b)));
    if let Some(posting) = fitting.get(chosen % fitting.len().max(1)) {
        let mut lie = Receipt { posting: posting.digest(), ..receipt };
        sign(&mut lie, posting);
        check(&lie, posting);
    }
}

fn check(receipt: &Receipt, posting: &Checked) {
    let Ok((checkpoint, records)) = receipt.check(posting, &operator::key()) else { return };
    let accepted = receipt.results.iter().flatten().count();
    assert_eq!(records.len(), accepted, "a record for each accepted statement");
    assert!(records.iter().all(|r| r.log_index < checkpoint.size && r.posting == posting.digest()));
    assert!(receipt.results.len() as u64 == posting.payload().count);
    let again = Receipt::from_bytes(&receipt.to_bytes()).expect("what is written is read");
    assert_eq!(again.check(posting, &operator::key()), Ok((checkpoint, records)));
}

/// A checkpoint whose log holds what the receipt says.
fn sign(receipt: &mut Receipt, posting: &Checked) {
    let body = receipt
        .checkpoint
        .parse::<peal_spec::note::Note>()
        .ok()
        .and_then(|n| n.text.parse::<Checkpoint>().ok());
    let size = body.map_or(1 << 20, |c| c.size);
    let records = records(receipt, posting);
    let root = tree::set_root(&records, size, &receipt.path);
    receipt.checkpoint = operator::checkpoint(size, root.unwrap_or_default());
}

fn records(receipt: &Receipt, posting: &Checked) -> Vec<(u64, peal_spec::hash::Hash)> {
    let mut leaves = Vec::new();
    let Some(first) = receipt.first else { return leaves };
    for (i, (result, statement)) in receipt.results.iter().zip(&posting.posting().statements).enumerate() {
        let Ok(accepted) = result else { continue };
        let Some(kind) = peal_spec::statement::Type::from_number(statement.kind) else { continue };
        let record = peal_spec::record::Record {
            account: accepted.account,
            sequence: accepted.sequence,
            log_index: first.saturating_add(leaves.len() as u64),
            posting: posting.digest(),
            posting_index: i as u64,
            statement_root: posting.roots()[i],
            kind,
            refers: statement.refers,
            month: statement.month,
            time: receipt.time,
            state_root: accepted.state_root,
        };
        leaves.push((record.log_index, LogLeaf::Record(record.commitment(&accepted.log_salt)).leaf()));
    }
    leaves
}

/// The vectors, and the small ledger's receipts.
pub fn seeds() -> Seeds {
    let mut seeds = hex_of("receipt", "receipt");
    for bytes in postings() {
        let posting = Posting::receive(&bytes, &origin()).unwrap();
        let receipt = WORLD.book.receipt(&posting.digest());
        // Where nothing was changed, a lie holds as the truth does: else the target would reach nothing.
        let mut told = receipt.clone();
        sign(&mut told, &posting);
        told.check(&posting, &operator::key()).expect("it holds");
        seeds.push(receipt.to_bytes());
    }
    seeds
}
