//! Moves between ledgers: what one ledger is shown of another, hand-overs, directories of ledgers, lists of marks.

use peal_spec::cbor::Cbor as _;
use peal_spec::ledgers::{Directory, Pinned};
use peal_spec::moving::{From, MAX_SHOWN, OutAt, Showing, To};
use peal_spec::proof::Proof;
use peal_spec::showing::facts;
use peal_spec::tokens::SignedTokens;
use peal_wallet::moving::HandOver;

use crate::cast::{origin, time};
use crate::operator::{lie, trust};
use crate::round_trip;
use crate::seeds::{Seeds, WORLD, hex_of};

/// Reads what comes from another ledger or for it, and judges proofs that an operator who lies has signed.
pub fn run(data: &[u8]) {
    if let Ok(hand_over) = HandOver::from_bytes(data) {
        assert_eq!(hand_over.to_bytes(), data, "a hand-over is written as it was read");
        let _ = facts(&hand_over.shown, time(1000));
    }
    round_trip::<SignedTokens>(data);
    round_trip::<To>(data);
    round_trip::<From>(data);
    if let Some(shown) = round_trip::<Showing>(data) {
        let _ = facts(&shown, time(1000));
    }
    if let Ok(text) = std::str::from_utf8(data) {
        if let Ok(directory) = text.parse::<Directory>() {
            assert_eq!(directory.to_string(), text, "a directory has one text");
            for block in &directory.blocks {
                assert_eq!(directory.block(&block.ledger.origin), Some(block));
            }
        }
        if let Ok(pinned) = text.parse::<Pinned>() {
            assert_eq!(pinned.to_string(), text, "a pin has one text");
        }
    }
    let proof = Proof::from_file(data).or_else(|_| Proof::from_bytes(data).map_err(|_| ()));
    let Ok(proof) = proof else { return };
    let file = lie(proof).to_file();
    if file.len() > MAX_SHOWN {
        return;
    }
    let shown = Showing { list: trust().to_string().into_bytes(), file };
    let Some(found) = facts(&shown, time(1000)) else { return };
    assert!(found.size > 0 && found.outs.iter().all(|(at, ..)| *at < found.size));
    if let Some(leaving) = &found.leaving {
        assert!(leaving.outs.iter().all(|out| out.sequence < found.size));
        let here = leaving.address;
        let arrived = found.arrivals.iter().flatten().next();
        if let Some(arrived) = arrived {
            let _ = found.arrival_of(leaving, &origin(), &here);
            for (at, _, what, moved) in &found.outs {
                let _ = found.show_out(arrived, OutAt(*at), what.insurance, moved);
            }
        }
    }
}

/// The vectors of proofs, and the small proofs of every account of the small ledger.
pub fn seeds() -> Seeds {
    let mut seeds = hex_of("proof", "file");
    for account in 0..WORLD.book.accounts.len() as u64 {
        let proof = WORLD.book.copy(account, 0, None).prove_move(None).unwrap();
        let shown = Showing { list: trust().to_string().into_bytes(), file: proof.to_file() };
        seeds.push(shown.to_bytes());
        let address = WORLD.book.accounts[account as usize].address;
        let hand_over = HandOver { origin: origin(), address, arrival: 1, out: OutAt(1), shown };
        seeds.push(hand_over.to_bytes());
        seeds.push(proof.to_bytes());
    }
    seeds
}
