//! Operations on a ledger and on the model that was written from the page alone: the same answers, roots and refusals, through restarts.

/// Runs a script; panics at the first difference.
pub fn run(data: &[u8]) {
    peal_tests::model::run(data);
}

/// A few scripts: every first byte of a frame is one kind of operation or another.
pub fn seeds() -> Vec<Vec<u8>> {
    (0..32u8)
        .map(|n| (0..32 * 24u16).map(|i| (i as u8).wrapping_mul(37).wrapping_add(n.wrapping_mul(11))).collect())
        .collect()
}
