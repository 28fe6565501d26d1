//! Receipts: what became of each statement of a posting, proved against the checkpoint of its commit. Source: `spec/README.md` §12.

use crate::cbor::{Cbor, Malformed, Reader, Writer};
use crate::hash::{Hash, Seed};
use crate::log::LogLeaf;
use crate::note::{Checkpoint, Note, VerifierKey};
use crate::posting::Checked;
use crate::record::Record;
use crate::refusal::Refusal;
use crate::statement::Type;
use crate::tree;
use crate::value::Time;

const TITLE: &str = "peal receipt 1";
/// The media type of a receipt.
pub const MEDIA_TYPE: &str = "application/peal-receipt+cbor";

/// Where an accepted statement was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Number of the account.
    pub account: u64,
    /// Sequence in it.
    pub sequence: u64,
    /// Root of the account's state after it.
    pub state_root: Hash,
    /// Salt of the commitment in the log.
    pub log_salt: Seed,
}

/// What became of one statement.
pub type Outcome = Result<Accepted, Refusal>;

/// What became of a posting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Digest of the signed posting.
    pub posting: Hash,
    /// The signed checkpoint of the commit.
    pub checkpoint: String,
    /// The commit's time.
    pub time: Time,
    /// Log index of the first accepted statement.
    pub first: Option<u64>,
    /// One outcome per statement, in order.
    pub results: Vec<Outcome>,
    /// Set proof of the accepted statements' log leaves.
    pub path: Vec<Hash>,
}

struct Cell(Outcome);

impl Cbor for Cell {
    fn encode(&self, w: &mut Writer) {
        match &self.0 {
            Ok(a) => {
                w.array(4);
                w.uint(a.account);
                w.uint(a.sequence);
                a.state_root.encode(w);
                a.log_salt.encode(w);
            }
            Err(refusal) => refusal.encode(w),
        }
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        // An array of 3 or of 4; the first byte tells.
        let mut peek = r.clone();
        if peek.array()? == 3 {
            return Ok(Self(Err(Refusal::decode(r)?)));
        }
        r.array_of(4, "a result of 3 or 4 elements")?;
        Ok(Self(Ok(Accepted {
            account: u64::decode(r)?,
            sequence: u64::decode(r)?,
            state_root: Hash::decode(r)?,
            log_salt: Seed::decode(r)?,
        })))
    }
}

impl Cbor for Receipt {
    fn encode(&self, w: &mut Writer) {
        w.array(7);
        w.text(TITLE);
        self.posting.encode(w);
        w.text(&self.checkpoint);
        self.time.encode(w);
        w.optional(self.first.as_ref());
        w.array(self.results.len() as u64);
        for result in &self.results {
            Cell(result.clone()).encode(w);
        }
        w.list(&self.path);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(7, "a receipt of 7 elements")?;
        let fault = r.fault("`peal receipt 1`");
        if r.text()? != TITLE {
            return Err(fault);
        }
        Ok(Self {
            posting: Hash::decode(r)?,
            checkpoint: r.text()?.to_owned(),
            time: Time::decode(r)?,
            first: r.optional()?,
            results: r.list::<Cell>()?.into_iter().map(|c| c.0).collect(),
            path: r.list()?,
        })
    }
}

/// A receipt that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadReceipt {
    /// The checkpoint is not one of this ledger, or not signed by its key.
    #[error("the receipt's checkpoint is not signed by the ledger's key")]
    Checkpoint,
    /// It does not belong to this posting, or its records are not in that log.
    #[error("the receipt does not show this posting in the ledger's log: {0}")]
    Content(&'static str),
}

impl Receipt {
    /// Checks it against the posting it is for: every accepted statement is in the log under the signed checkpoint. Returns that
    /// checkpoint and the records.
    ///
    /// # Errors
    /// [`BadReceipt`] names what does not hold.
    pub fn check(
        &self,
        posting: &Checked,
        operator: &VerifierKey,
    ) -> Result<(Checkpoint, Vec<Record>), BadReceipt> {
        let note: Note = self.checkpoint.parse().map_err(|_| BadReceipt::Checkpoint)?;
        let checkpoint: Checkpoint = note.text.parse().map_err(|_| BadReceipt::Checkpoint)?;
        let origin = &posting.payload().origin;
        if checkpoint.origin != *origin || !matches!(note.signed_by(operator), Ok(Some(_))) {
            return Err(BadReceipt::Checkpoint);
        }
        let statements = &posting.posting().statements;
        if self.posting != posting.digest() || self.results.len() != statements.len() {
            return Err(BadReceipt::Content("it is for another posting"));
        }
        let (mut records, mut leaves) = (Vec::new(), Vec::new());
        for (i, (result, statement)) in self.results.iter().zip(statements).enumerate() {
            let Ok(accepted) = result else { continue };
            let first = self.first.ok_or(BadReceipt::Content("it names no place in the log"))?;
            let kind = Type::from_number(statement.kind)
                .ok_or(BadReceipt::Content("an unknown type was accepted"))?;
            let named = statement.address.map(|a| a.number);
            if named.is_some_and(|number| number != accepted.account) {
                return Err(BadReceipt::Content("a statement was recorded in another account"));
            }
            let record = Record {
                account: accepted.account,
                sequence: accepted.sequence,
                log_index: first.saturating_add(leaves.len() as u64),
                posting: self.posting,
                posting_index: i as u64,
                statement_root: posting.roots()[i],
                kind,
                refers: statement.refers,
                month: statement.month,
                time: self.time,
                state_root: accepted.state_root,
            };
            leaves.push((record.log_index, LogLeaf::Record(record.commitment(&accepted.log_salt)).leaf()));
            records.push(record);
        }
        match (leaves.is_empty(), self.first, self.path.is_empty()) {
            (true, None, true) => Ok((checkpoint, records)),
            (true, _, _) => Err(BadReceipt::Content("it proves what it does not name")),
            (false, _, _) => tree::check_set(&leaves, checkpoint.size, &self.path, &checkpoint.root)
                .map(|()| (checkpoint, records))
                .map_err(|_| BadReceipt::Content("the records are not in the log")),
        }
    }
}
