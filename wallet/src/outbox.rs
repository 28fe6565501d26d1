//! The outbox: signed postings kept beside the wallet, so that each is sent again byte for byte until its receipt is there.
//!
//! 1. A job is a directory named after what is to be done (the file's digest and the options). A batch of statements is signed and its file
//!    synced before it is sent. A crash now leaves a batch without receipt; the next run sends the same bytes, and the ledger gives the same
//!    receipt whether or not it had them already.
//! 2. The receipt is checked, told to the command (which notes it in the journal), and then its file is synced. A crash in between leaves a
//!    batch without receipt: it is sent again and noted again, to the same effect.
//! 3. A posting that is refused whole has left no trace in the ledger: its batch is removed, to be signed anew.

use std::path::{Path, PathBuf};

use peal_spec::cbor::{Cbor, Malformed, Reader, Writer};
use peal_spec::hash::{Hash, plain};
use peal_spec::posting::{Checked, Posting};
use peal_spec::receipt::Receipt;
use peal_spec::statement::{Body, Statement};
use peal_spec::trust::Ledger;
use peal_spec::value::Time;

use crate::clock;
use crate::disk;
use crate::http::{LARGE, Problem, Remote};
use crate::journal::Change;
use crate::posting::{self, Confirmed};
use crate::returns::Line;
use crate::trouble::Trouble;
use crate::wallet::Contents;
use crate::words::random_seed;

const TITLE: &str = "peal outbox 1";

/// Where a statement comes from: a line of a file, and what stands for it there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Line, from 1.
    pub line: u64,
    /// Reference, or worker.
    pub key: String,
}

impl Cbor for Label {
    fn encode(&self, w: &mut Writer) {
        w.array(2);
        w.uint(self.line);
        w.text(&self.key);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(2, "line and key")?;
        Ok(Self { line: Cbor::decode(r)?, key: r.text()?.to_owned() })
    }
}

/// A posting that is kept until its receipt is there.
#[derive(Clone, Debug)]
pub struct Batch {
    path: PathBuf,
    /// The posting.
    pub posting: Vec<u8>,
    /// One label per statement.
    pub labels: Vec<Label>,
    /// Something of the command's own that must not be lost, sealed.
    pub sealed: Option<Vec<u8>>,
    /// The receipt, once it is there.
    pub receipt: Option<Vec<u8>>,
}

impl Batch {
    /// The file of a batch.
    #[doc(hidden)]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut w = Writer::with_capacity(self.posting.len() + self.labels.len() * 64 + 64);
        w.array(4);
        w.text(TITLE);
        w.bytes(&self.posting);
        w.list(&self.labels);
        w.optional(self.sealed.as_ref());
        w.into_bytes()
    }

    /// Reads the file of a batch, which stands at `path`.
    ///
    /// # Errors
    /// [`Malformed`] for everything that [`Batch::to_bytes`] does not write.
    #[doc(hidden)]
    pub fn from_bytes(path: PathBuf, bytes: &[u8]) -> Result<Self, Malformed> {
        let mut r = Reader::new(bytes);
        r.array_of(4, "a batch of 4 elements")?;
        let fault = r.fault("`peal outbox 1`");
        if r.text()? != TITLE {
            return Err(fault);
        }
        let (posting, labels, sealed) = (r.bytes()?.to_vec(), r.list()?, r.optional()?);
        r.end()?;
        Ok(Self { path, posting, labels, sealed, receipt: None })
    }

    fn read(path: PathBuf) -> Result<Self, Trouble> {
        let bytes = disk::read(&path, disk::MAX_FILE)?;
        let mut batch = Self::from_bytes(path.clone(), &bytes).map_err(|e| {
            Trouble::unusable(
                format!("a batch of the outbox is damaged: {e}"),
                path.display(),
                "put back a copy of the file",
            )
        })?;
        batch.receipt = disk::read_if_there(&path.with_extension("receipt"), LARGE)?;
        Ok(batch)
    }

    /// Takes out what was sealed: the batch is kept without it.
    ///
    /// # Errors
    /// Unusable if it cannot be written.
    pub fn forget_sealed(&mut self) -> Result<(), Trouble> {
        self.sealed = None;
        disk::replace(&self.path, &self.to_bytes())
    }
}

/// All jobs of one wallet.
#[derive(Debug)]
pub struct Outbox {
    path: PathBuf,
}

impl Outbox {
    /// The outbox beside a wallet.
    pub fn of(wallet: &Path) -> Self {
        Self { path: disk::beside(wallet, ".outbox") }
    }

    /// The file of the issuer's journal.
    pub fn journal(&self) -> PathBuf {
        self.path.join("journal.csv")
    }

    /// The job of this name for what these parts say together.
    pub fn job(&self, name: &str, parts: &[&[u8]]) -> Job {
        let mut data = Vec::new();
        for part in parts {
            data.extend_from_slice(&(part.len() as u64).to_be_bytes());
            data.extend_from_slice(part);
        }
        let digest = plain(&data).to_string();
        Job { path: self.path.join(format!("{name}-{}", &digest[..32])) }
    }

    /// All jobs of this name that are kept.
    ///
    /// # Errors
    /// Unusable if they cannot be listed.
    pub fn jobs(&self, name: &str) -> Result<Vec<Job>, Trouble> {
        let paths = disk::list_starting(&self.path, &format!("{name}-"))?;
        Ok(paths.into_iter().map(|path| Job { path }).collect())
    }
}

/// One thing to be done.
#[derive(Debug)]
pub struct Job {
    path: PathBuf,
}

/// A batch and what became of it.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The batch.
    pub batch: Batch,
    /// Its posting.
    pub posting: Checked,
    /// Its receipt, or why it was refused whole.
    pub result: Result<Confirmed, Problem>,
    /// Whether its receipt was there before this run.
    pub before: bool,
}

/// What became of one statement.
#[derive(Clone, Debug)]
pub struct Fate<'s> {
    /// Where it comes from.
    pub label: &'s Label,
    /// The statement.
    pub statement: &'s Statement,
    /// Its root.
    pub root: Hash,
    /// Account and sequence, or the refusal.
    pub outcome: Result<(u64, u64), Problem>,
}

impl Sent {
    /// What became of each statement, in order.
    pub fn fates(&self) -> Vec<Fate<'_>> {
        let statements = &self.posting.posting().statements;
        let outcome = |i: usize| match &self.result {
            Err(problem) => Err(problem.clone()),
            Ok(confirmed) => match confirmed.receipt.results.get(i) {
                Some(Ok(accepted)) => Ok((accepted.account, accepted.sequence)),
                Some(Err(refusal)) => Err(Problem {
                    status: 422,
                    code: refusal.code.name().to_owned(),
                    field: refusal.field.clone(),
                    detail: match refusal.record {
                        Some((account, sequence)) => {
                            format!("{} (account {account}, record {sequence})", refusal.code.says())
                        }
                        None => refusal.code.says().to_owned(),
                    },
                    remedy: refusal.code.remedy().to_owned(),
                }),
                None => Err(Problem::default()),
            },
        };
        let labelled = self.batch.labels.iter().zip(statements).zip(self.posting.roots()).enumerate();
        labelled
            .map(|(i, ((label, statement), root))| Fate {
                label,
                statement,
                root: *root,
                outcome: outcome(i),
            })
            .collect()
    }

    /// What the accepted statements add to the journal: contributions, matching ones and those in another's name too, and new amounts of earlier ones.
    pub fn journal(&self) -> (Vec<Line>, Vec<Change>) {
        let (mut made, mut changed) = (Vec::new(), Vec::new());
        for fate in self.fates() {
            let (Ok((_, sequence)), Some(account)) = (&fate.outcome, fate.statement.address) else {
                continue;
            };
            let (who, what, amount) = match fate.statement.body() {
                Ok(Body::Contribution(c)) => (c.who, c.what, c.amount),
                Ok(Body::Matching(m)) => (m.0.who, m.0.what, m.0.amount),
                Ok(Body::PaidFor(p)) => (p.0.who, p.0.what, p.0.amount),
                Ok(Body::Correction(c)) => {
                    changed.push((account, fate.statement.refers.unwrap_or_default(), c.amount));
                    continue;
                }
                _ => continue,
            };
            let Some(month) = fate.statement.month else { continue };
            made.push(Line {
                account,
                sequence: *sequence,
                month,
                insurance: what.insurance,
                scheme: what.scheme,
                amount,
                fund: what.fund,
                reference: who.reference,
                issuer: who.issuer,
            });
        }
        (made, changed)
    }
}

/// Is told of a batch and what became of it.
pub type Told<'f> = dyn FnMut(&Sent) -> Result<(), Trouble> + 'f;

impl Job {
    /// The batches, in order.
    ///
    /// # Errors
    /// Unusable if one cannot be read.
    pub fn batches(&self) -> Result<Vec<Batch>, Trouble> {
        disk::list(&self.path, "batch")?.into_iter().map(Batch::read).collect()
    }

    /// Signs statements and keeps them, to be sent by [`Job::deliver`].
    ///
    /// # Errors
    /// Unusable if they cannot be written.
    pub fn add(
        &self,
        contents: &Contents,
        now: Time,
        all_or_nothing: bool,
        statements: Vec<(Label, Statement)>,
        sealed: Option<Vec<u8>>,
    ) -> Result<(), Trouble> {
        self.add_signed_by(contents, contents.generation, now, all_or_nothing, statements, sealed)
    }

    /// The same with the signing key of another generation: for a rotation, which the next key signs.
    ///
    /// # Errors
    /// As [`Job::add`].
    pub fn add_signed_by(
        &self,
        contents: &Contents,
        generation: u32,
        now: Time,
        all_or_nothing: bool,
        statements: Vec<(Label, Statement)>,
        sealed: Option<Vec<u8>>,
    ) -> Result<(), Trouble> {
        let (labels, statements): (Vec<Label>, Vec<Statement>) = statements.into_iter().unzip();
        let key = contents.chain().signing(generation);
        let issuer = Some(contents.address()?);
        let posting =
            Posting::sign(&contents.origin, issuer, random_seed()?, now, all_or_nothing, statements, &key);
        disk::make_directory(&self.path)?;
        // A receipt left over by a crash must not be taken for the new batch's.
        let taken = disk::list(&self.path, "batch")?.into_iter().chain(disk::list(&self.path, "receipt")?);
        let number = |p: PathBuf| p.file_stem().and_then(|s| s.to_str()).and_then(|s| s.parse::<u64>().ok());
        let last = taken.filter_map(number).max();
        let path = self.path.join(format!("{:06}.batch", last.map_or(0, |n| n + 1)));
        let batch = Batch { path, posting: posting.to_bytes(), labels, sealed, receipt: None };
        disk::create(&batch.path, &batch.to_bytes())
    }

    /// Sends what has no receipt yet, and reads the receipts of the rest. `done` is told of every batch; of a new receipt before it is kept.
    ///
    /// # Errors
    /// Unavailable if an answer is missing: what has come so far is kept, and the next run goes on from there.
    pub fn deliver(
        &self,
        contents: &mut Contents,
        remote: &Remote,
        done: &mut Told<'_>,
    ) -> Result<Vec<Sent>, Trouble> {
        let mut all = Vec::new();
        let batches = self.batches()?;
        let count = batches.len();
        for (place, batch) in batches.into_iter().enumerate() {
            let ledger = contents.ledger()?.clone();
            let posting = posting::read(&batch.posting, &ledger)?;
            let before = batch.receipt.is_some();
            if !before {
                contents.room()?;
            }
            let result = match &batch.receipt {
                Some(bytes) => Ok(confirmed(bytes, &batch, &posting, &ledger)?),
                None => posting::send(remote, posting::POST, &batch.posting, &ledger).map_err(|mut t| {
                    if count > 1 {
                        t.what = format!(
                            "{} (batch {} of {count}; the {place} before are recorded)",
                            t.what,
                            place + 1
                        );
                    }
                    t
                })?,
            };
            let mut sent = Sent { batch, posting, result, before };
            done(&sent)?;
            match &sent.result {
                Ok(confirmed) if !before => {
                    let bytes = confirmed.receipt.to_bytes();
                    disk::replace(&sent.batch.path.with_extension("receipt"), &bytes)?;
                    contents.saw(confirmed.seen.clone());
                    sent.batch.receipt = Some(bytes);
                }
                Ok(_) => {}
                // No trace in the ledger: it is to be signed anew.
                Err(_) => disk::remove(&sent.batch.path)?,
            }
            all.push(sent);
        }
        Ok(all)
    }

    /// What was sent and has its receipt, in order; nothing is sent.
    ///
    /// # Errors
    /// Unusable if a batch or its receipt cannot be read; refused for a receipt that does not hold.
    pub fn answered(&self, contents: &Contents) -> Result<Vec<Sent>, Trouble> {
        let ledger = contents.ledger()?;
        let mut all = Vec::new();
        for batch in self.batches()? {
            let Some(bytes) = &batch.receipt else { continue };
            let posting = posting::read(&batch.posting, ledger)?;
            let result = Ok(confirmed(bytes, &batch, &posting, ledger)?);
            all.push(Sent { batch, posting, result, before: true });
        }
        Ok(all)
    }

    /// Removes the job: what it was for may be said again, as a new thing.
    ///
    /// # Errors
    /// Unusable if a file cannot be removed.
    pub fn finish(&self) -> Result<(), Trouble> {
        // Receipts go last: a batch without its receipt would be sent again.
        for batch in disk::list(&self.path, "batch")?.into_iter().chain(disk::list(&self.path, "receipt")?) {
            disk::remove(&batch)?;
        }
        Ok(())
    }
}

/// What a kept receipt confirms.
fn confirmed(bytes: &[u8], batch: &Batch, posting: &Checked, ledger: &Ledger) -> Result<Confirmed, Trouble> {
    let receipt = Receipt::from_bytes(bytes).map_err(|e| {
        let path = batch.path.with_extension("receipt");
        let remedy = "remove that file and run the command again: the ledger gives the same receipt";
        Trouble::unusable(format!("a kept receipt is damaged: {e}"), path.display(), remedy)
    })?;
    posting::check(receipt, posting, ledger, clock::now()?)
}
