//! The person's part of a move: what she shows the other ledger, and the files by which she hands money matters over from fund to fund.
//!
//! A hand-over is `["peal hand-over 1", origin, address, arrival, out, list, file]`: where a transferred-out is to arrive, and what shows that it left.
//! It holds no more than its funds have to know: the one transfer, signed by the fund that it left.

use peal_spec::account::Account;
use peal_spec::address::Address;
use peal_spec::cbor::{Cbor as _, Malformed, Reader, Writer};
use peal_spec::copy::Copy;
use peal_spec::moving::{Arrived, Facts, MAX_PARTS, OutAt, Showing};
use peal_spec::showing;
use peal_spec::statement::Body;
use peal_spec::trust::Trust;
use peal_spec::value::{Origin, Time};
use peal_spec::verify;

use crate::trouble::Trouble;

const TITLE: &str = "peal hand-over 1";
/// The most bytes in a hand-over.
pub const MAX_HAND_OVER: u64 = 64 * 1024;

/// What a fund needs to say that money came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandOver {
    /// The ledger that it comes to.
    pub origin: Origin,
    /// The account there.
    pub address: Address,
    /// Sequence of the arrival in it.
    pub arrival: u64,
    /// Sequence of the transferred-out in the old account.
    pub out: OutAt,
    /// What shows it.
    pub shown: Showing,
}

impl HandOver {
    /// The file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut w = Writer::with_capacity(self.shown.list.len() + self.shown.file.len() + 256);
        w.array(7);
        w.text(TITLE);
        self.origin.encode(&mut w);
        self.address.encode(&mut w);
        w.uint(self.arrival);
        self.out.encode(&mut w);
        w.bytes(&self.shown.list);
        w.bytes(&self.shown.file);
        w.into_bytes()
    }

    /// Reads the file.
    ///
    /// # Errors
    /// [`Malformed`] for everything that [`HandOver::to_bytes`] does not write.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut r = Reader::new(bytes);
        let fault = r.fault("`peal hand-over 1`, of 7 elements");
        r.array_of(7, "a hand-over of 7 elements")?;
        if r.text()? != TITLE {
            return Err(fault);
        }
        let (origin, address) = (Origin::decode(&mut r)?, Address::decode(&mut r)?);
        let (arrival, out) = (r.uint()?, OutAt::decode(&mut r)?);
        let shown = Showing { list: r.bytes()?.to_vec(), file: r.bytes()?.to_vec() };
        r.end()?;
        Ok(Self { origin, address, arrival, out, shown })
    }
}

/// The trust list of one ledger alone, as text.
pub fn list_of(trust: &Trust, origin: &Origin) -> Option<String> {
    let ledger = trust.ledger(origin)?.clone();
    Some(Trust { ledgers: vec![ledger] }.to_string())
}

/// The records by which an account arrived in that of the copy, and the lists that they show, in order.
pub fn arrivals(copy: &Copy, arrived: &Arrived) -> Vec<(u64, String)> {
    let of = copy.rows.iter().filter_map(|row| match row.statement.as_ref()?.body().ok()? {
        Body::Arrival(said) if said.from.origin == arrived.origin && said.from.address == arrived.address => {
            Some((row.record.sequence, String::from_utf8(said.shown.list).ok()?))
        }
        _ => None,
    });
    of.collect()
}

/// What a copy shows under a list.
pub enum Made {
    /// That, and as the other ledger will read it.
    Valid(Showing, Box<Facts>),
    /// The list asks for cosignatures that the head does not have yet.
    NotYet,
    /// It is not valid under this list, and why: that will not change.
    Never(String),
}

/// What a copy shows under a list now: of one transfer, or of how the move stands.
///
/// # Errors
/// Refused for a copy that does not hold together.
pub fn show(copy: &Copy, out: Option<u64>, list: &str, now: Time) -> Result<Made, Trouble> {
    let proof = match out {
        Some(out) => copy.prove_out(out),
        None => copy.prove_move(None),
    };
    let proof = proof.map_err(|e| {
        Trouble::refused(
            format!("the copy of the account does not hold together: {e}"),
            copy.address,
            "fetch it again with `peal sync`",
        )
    })?;
    let trust: Trust = match list.parse() {
        Ok(trust) => trust,
        Err(bad) => return Ok(Made::Never(format!("the list cannot be used: {bad}"))),
    };
    let verdict = match verify::verify(&proof, &trust, now) {
        Ok(verdict) => verdict,
        Err(failure) => {
            let yet = matches!(failure.name, "not-witnessed" | "not-audited");
            return Ok(if yet { Made::NotYet } else { Made::Never(failure.to_string()) });
        }
    };
    let fits = proof.postings.len().max(proof.issuers.len()) <= MAX_PARTS;
    let ledger = match trust.ledgers.as_slice() {
        [one] if fits => Some(one),
        _ => None,
    };
    Ok(match ledger.and_then(|ledger| showing::read(&proof, &verdict, ledger)) {
        Some(facts) => {
            let shown = Showing { list: list.as_bytes().to_vec(), file: proof.to_file() };
            Made::Valid(shown, Box::new(facts))
        }
        None => Made::Never("the proof has more parts than can be shown".into()),
    })
}

/// What an owner must know of a departure that stands, if one does: a thief of her key could have said it.
pub fn warning(account: &Account, now: Time) -> Option<String> {
    let leaving = account.state.leaving().filter(|leaving| !leaving.closed)?;
    let to = format!("{}, account {}", leaving.origin, leaving.address);
    Some(if leaving.in_force(now) {
        format!("The account has departed to {to} (record {}).\n", leaving.departure)
    } else {
        format!(
            "A departure to {to} is under way (record {}), in force from {} on.\n\
             If that was not you, turn the key before then, and it falls: `peal rotate`.\n",
            leaving.departure, leaving.due
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use peal_spec::hash::Hash;

    #[test]
    fn a_hand_over_is_read_as_it_was_written_and_nothing_else_is() {
        let hand_over = HandOver {
            origin: "new.example/peal".parse().unwrap(),
            address: Address { number: 7, id: Hash([1; 32]) },
            arrival: 2,
            out: OutAt(9),
            shown: Showing { list: vec![1, 2], file: vec![3] },
        };
        let bytes = hand_over.to_bytes();
        assert_eq!(HandOver::from_bytes(&bytes).unwrap(), hand_over);
        for length in 0..bytes.len() {
            HandOver::from_bytes(&bytes[..length]).unwrap_err();
        }
        HandOver::from_bytes(&[bytes.as_slice(), &[0]].concat()).unwrap_err();
    }
}
