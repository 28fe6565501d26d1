//! Sending a posting, and believing its receipt only after checking it.

use peal_spec::cbor::Cbor;
use peal_spec::note::Checkpoint;
use peal_spec::posting::{self, Checked, Posting};
use peal_spec::receipt::{self, Receipt};
use peal_spec::record::Record;
use peal_spec::trust::Ledger;
use peal_spec::value::Time;

use crate::clock;
use crate::http::{Problem, Remote};
use crate::trouble::Trouble;
use crate::wallet::Seen;

/// Where an account is opened by its own holder.
pub const OPEN: &str = "/v1/accounts";
/// Where everything else is posted.
pub const POST: &str = "/v1/postings";
/// How many seconds a receipt may be ahead of the wallet's clock.
const AHEAD: u64 = 600;

/// What became of a posting, checked.
#[derive(Clone, Debug)]
pub struct Confirmed {
    /// The receipt, one outcome per statement.
    pub receipt: Receipt,
    /// The records made, in the order of the accepted statements.
    pub records: Vec<Record>,
    /// The head under which they are.
    pub seen: Seen,
}

/// Checks a receipt with the operator's keys that were valid at its time; `now` is when it was received.
///
/// # Errors
/// Refused if it does not hold, or is of a time to come.
pub fn check(receipt: Receipt, posting: &Checked, ledger: &Ledger, now: Time) -> Result<Confirmed, Trouble> {
    let at = receipt.time;
    if at.seconds() > now.seconds() + AHEAD {
        return Err(Trouble::refused(
            format!("the ledger's receipt does not hold: it is of {at}, which is still to come"),
            format!("posting {}", posting.digest()),
            "check this machine's clock; if it is right, do not take it as recorded, and keep the outbox",
        ));
    }
    let valid =
        ledger.operators.iter().filter(|o| o.from.is_none_or(|f| f <= at) && o.until.is_none_or(|u| at < u));
    let mut why = "no key of the operator was valid at its time".to_owned();
    for operator in valid {
        match receipt.check(posting, &operator.key) {
            Ok((Checkpoint { size, root, .. }, records)) => {
                let seen = Seen { size, root, time: at, received: now, note: receipt.checkpoint.clone() };
                return Ok(Confirmed { receipt, records, seen });
            }
            Err(e) => why = e.to_string(),
        }
    }
    Err(Trouble::refused(
        format!("the ledger's receipt does not hold: {why}"),
        format!("posting {}", posting.digest()),
        "do not take it as recorded; keep the outbox and tell those who gave you the trust list",
    ))
}

/// Reads a posting that this wallet has made.
///
/// # Errors
/// Unusable if it is not one for this ledger.
pub fn read(bytes: &[u8], ledger: &Ledger) -> Result<Checked, Trouble> {
    Posting::receive(bytes, &ledger.origin).map_err(|refusal| {
        Trouble::unusable(
            format!("a saved posting cannot be used: {refusal}"),
            &ledger.origin,
            refusal.code.remedy(),
        )
    })
}

/// Sends a posting; the inner error is a refusal of the whole.
///
/// # Errors
/// Unavailable if there is no answer; refused for a receipt that does not hold.
pub fn send(
    remote: &Remote,
    path: &str,
    bytes: &[u8],
    ledger: &Ledger,
) -> Result<Result<Confirmed, Problem>, Trouble> {
    let checked = read(bytes, ledger)?;
    let body = match remote.post(path, posting::MEDIA_TYPE, receipt::MEDIA_TYPE, bytes)? {
        Ok(body) => body,
        Err(problem) => return Ok(Err(problem)),
    };
    let receipt = Receipt::from_bytes(&body).map_err(|e| {
        Trouble::refused(
            format!("the ledger's answer is no receipt: {e}"),
            format!("{}{path}", remote.base()),
            "tell the operator of the ledger; sending again is safe",
        )
    })?;
    check(receipt, &checked, ledger, clock::now()?).map(Ok)
}
