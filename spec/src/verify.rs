//! The verifier: a proof, a trust list and the present time give a verdict. Nothing else is asked of anyone.
//!
//! The steps are those of `spec/README.md` §16, in that order; the first that fails names the failure.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::address::Address;
use crate::cbor::Cbor;
use crate::log::Head;
use crate::note::{Checkpoint, Note, VerifierKey};
use crate::posting::{self, Signed};
use crate::proof::{BadFile, Proof, Shown, View};
use crate::record::Record;
use crate::role::Role;
use crate::state::{Cell, Totals};
use crate::statement::{self, Amount, Source, Type, Value};
use crate::tree::check_inclusion;
use crate::trust::{Ledger, Trust};
use crate::value::{Currency, Insurance, Month, Time};

/// How far, in seconds, a cosignature may lie before the time of the head that it signs.
pub const COSIGN_SKEW: u64 = 600;

/// Why a proof is not valid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{name}: {detail}")]
pub struct Failure {
    /// The stable name of the step, as in `spec/README.md` §16.
    pub name: &'static str,
    /// What was found there.
    pub detail: String,
}

fn fail<T>(name: &'static str, detail: impl Into<String>) -> Result<T, Failure> {
    Err(Failure { name, detail: detail.into() })
}

fn demand(holds: bool, name: &'static str, detail: impl FnOnce() -> String) -> Result<(), Failure> {
    if holds { Ok(()) } else { fail(name, detail()) }
}

/// How the records of the address are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// All records of the address.
    pub total: u64,
    /// Shown with their statement, whole or in part.
    pub contents: u64,
    /// Shown as type, target, month and time only.
    pub headers: u64,
    /// Not shown.
    pub hidden: u64,
}

/// What became of a contribution, as far as the proof shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Posted; neither settled nor void.
    Standing,
    /// The fund has confirmed it.
    Settled,
    /// Voided by its issuer.
    Void,
    /// Corrected by its issuer; the amount is the latest, or withheld.
    Corrected,
    /// A later record is hidden, so none of these is sure.
    NotKnown,
}

impl Standing {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Standing::Standing => "standing",
            Standing::Settled => "settled",
            Standing::Void => "void",
            Standing::Corrected => "corrected",
            Standing::NotKnown => "not known",
        }
    }
}

/// A contribution that is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EntryShown {
    /// Sequence of its record.
    pub sequence: u64,
    /// The month.
    pub month: String,
    /// The insurance; none if *what* is withheld.
    pub insurance: Option<String>,
    /// The scheme.
    pub scheme: Option<String>,
    /// Who paid; none if *who* is withheld.
    pub source: Option<String>,
    /// The issuer's address.
    pub issuer: Option<String>,
    /// The payer's reference.
    pub reference: Option<String>,
    /// Amount paid, in minor units; none if *amount* is withheld.
    pub amount: Option<u64>,
    /// The part credited to the person, in minor units.
    pub credited: Option<u64>,
    /// The base, in minor units.
    pub base: Option<u64>,
    /// The currency.
    pub currency: Option<String>,
    /// What became of it.
    pub standing: Standing,
    /// Whether its amount is not the first one.
    pub corrected: bool,
}

/// How sure a total is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// The verifier added it up from the records shown.
    Recomputed,
    /// The ledger signed it; the items were not all shown.
    AssertedByTheLedger,
}

/// A total that is shown, in minor units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TotalShown {
    /// The insurance.
    pub insurance: String,
    /// The currency.
    pub currency: String,
    /// Sum of standing contributions.
    pub posted: u64,
    /// The part credited to the person.
    pub posted_credited: u64,
    /// Sum of settled contributions.
    pub settled: u64,
    /// The part credited to the person.
    pub settled_credited: u64,
    /// How sure it is.
    pub basis: Basis,
}

/// Months that count, as shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MonthsShown {
    /// The insurance.
    pub insurance: String,
    /// First and last month of each run.
    pub runs: Vec<(String, String)>,
    /// How many months.
    pub months: u64,
    /// How many of them are settled.
    pub settled: u64,
    /// How sure it is.
    pub basis: Basis,
}

/// An issuer whose signatures the proof shows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct IssuerShown {
    /// Its address.
    pub address: String,
    /// Whether key and role were proved for every record of it that is shown.
    pub proved: bool,
}

/// What a valid proof shows. It speaks of an address, never of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The ledger.
    pub origin: String,
    /// The address.
    pub address: String,
    /// Size of the log under the checkpoint.
    pub size: u64,
    /// When the head was made.
    pub time: String,
    /// Seconds since then.
    pub age: u64,
    /// `fresh` or `stale`.
    pub freshness: &'static str,
    /// Names of the trusted witnesses that cosigned.
    pub witnesses: Vec<String>,
    /// Names of the trusted auditors that cosigned.
    pub auditors: Vec<String>,
    /// How the records are shown.
    pub records: Counts,
    /// Facets withheld of records shown with contents, by name.
    pub withheld: BTreeMap<&'static str, u64>,
    /// Whether every record of the address is shown, at least as a header.
    pub complete: bool,
    /// Contributions shown.
    pub entries: Vec<EntryShown>,
    /// Totals shown.
    pub totals: Vec<TotalShown>,
    /// Months shown.
    pub months: Vec<MonthsShown>,
    /// Issuers whose signatures are shown.
    pub issuers: Vec<IssuerShown>,
    /// What was not checked, and why, in words.
    pub not_checked: Vec<String>,
    /// On whom what rests, in words.
    pub rests_on: Vec<String>,
}

/// Steps 3 to 5: the checkpoint under what is trusted about its ledger.
///
/// Returns the checkpoint and the names of the witnesses and auditors that cosigned.
///
/// # Errors
/// `bad-checkpoint`, `not-witnessed`, `not-audited` or `pin`.
pub fn check_checkpoint(
    note: &Note,
    checkpoint: &Checkpoint,
    time: Time,
    ledger: &Ledger,
) -> Result<(Vec<String>, Vec<String>), Failure> {
    let signed = |key: &VerifierKey| {
        note.signed_by(key).or_else(|e| fail("bad-checkpoint", format!("{e} ({})", key.name)))
    };
    let mut operator = false;
    for candidate in &ledger.operators {
        let valid = candidate.from.is_none_or(|from| from <= time)
            && candidate.until.is_none_or(|until| time < until);
        operator |= signed(&candidate.key)?.is_some() && valid;
    }
    let cosigned = |keys: &[VerifierKey]| -> Result<Vec<String>, Failure> {
        let mut names = Vec::new();
        for key in keys {
            if let Some(Some(at)) = signed(key)?
                && at.seconds() + COSIGN_SKEW >= time.seconds()
            {
                names.push(key.name.to_string());
            }
        }
        Ok(names)
    };
    let (witnesses, auditors) = (cosigned(&ledger.witnesses)?, cosigned(&ledger.auditors)?);
    demand(operator, "bad-checkpoint", || "no operator key that is valid at its time has signed it".into())?;
    demand(witnesses.len() >= ledger.need_witnesses, "not-witnessed", || {
        format!("{} of {} witnesses that are needed have cosigned", witnesses.len(), ledger.need_witnesses)
    })?;
    demand(auditors.len() >= ledger.need_auditors, "not-audited", || {
        format!("{} of {} auditors that are needed have cosigned", auditors.len(), ledger.need_auditors)
    })?;
    for pin in ledger.pins.iter().chain(&ledger.last) {
        demand(pin.size != checkpoint.size || pin.root == checkpoint.root, "pin", || {
            format!("the checkpoint of size {} is not the one that is pinned", pin.size)
        })?;
    }
    let ended = ledger.last.is_none_or(|last| checkpoint.size <= last.size);
    demand(ended, "pin", || "the ledger had ended before this checkpoint".into())?;
    Ok((witnesses, auditors))
}

/// Reads a checkpoint note of a known ledger: steps 2 and the form of 3.
///
/// # Errors
/// `bad-checkpoint` or `unknown-ledger`.
pub fn read_checkpoint<'t>(text: &str, trust: &'t Trust) -> Result<(Note, Checkpoint, &'t Ledger), Failure> {
    let note: Note = text.parse().or_else(|e: crate::note::BadNote| fail("bad-checkpoint", e.to_string()))?;
    let checkpoint: Checkpoint =
        note.text.parse().or_else(|e: crate::note::BadNote| fail("bad-checkpoint", e.to_string()))?;
    match trust.ledger(&checkpoint.origin) {
        Some(ledger) => Ok((note, checkpoint, ledger)),
        None => fail("unknown-ledger", format!("{} is not in the trust list", checkpoint.origin)),
    }
}

/// Step 7 for one view.
fn check_view(view: &View, head: &Head, size: u64) -> Result<(), Failure> {
    let who = || format!("account {}", view.address.number);
    demand(view.address.number < head.commit.directory_size, "bad-directory", who)?;
    view.check(head).or_else(|e| match e.0 {
        "set" => fail("bad-account", format!("{}: {e}", who())),
        _ => fail("bad-directory", format!("{}: the head of this account is not in the directory", who())),
    })?;
    let mut last: Option<&Record> = None;
    for Shown { record, .. } in &view.shown {
        let bad = |what: &str| fail("bad-account", format!("{}, record {}: {what}", who(), record.sequence));
        if record.account != view.address.number {
            return bad("it names another account");
        }
        if record.log_index + 1 >= size || record.time > head.commit.time {
            return bad("it is later than the checkpoint");
        }
        if last.is_some_and(|l| l.log_index >= record.log_index || l.time > record.time) {
            return bad("it is earlier than the one before");
        }
        // Between two records of an account lie at least as many log leaves as records.
        if last.is_some_and(|l| record.log_index - l.log_index < record.sequence - l.sequence) {
            return bad("there is no room in the log for the records between");
        }
        if (record.sequence == 0) != (record.kind == Type::Opened) {
            return bad("an account is opened by its first record only");
        }
        if record.sequence == 0 && record.statement_root != view.address.id {
            return bad("it does not open this account");
        }
        if (record.refers.is_some(), record.month.is_some()) != record.kind.has() {
            return bad("it has a target or month that its type has not, or lacks one that it has");
        }
        if record.refers.is_some_and(|r| r >= record.sequence) {
            return bad("it refers to a later record");
        }
        last = Some(record);
    }
    Ok(())
}

/// A statement as far as it is shown.
struct Read<'p> {
    record: &'p Record,
    posting: Option<&'p Signed>,
    values: Vec<Option<Value>>,
}

impl Read<'_> {
    fn find<T>(&self, pick: impl Fn(&Value) -> Option<T>) -> Option<T> {
        self.values.iter().flatten().find_map(pick)
    }
    fn keys(&self) -> Option<statement::Keys> {
        self.find(|v| if let Value::Keys(k) = v { Some(*k) } else { None })
    }
    fn amount(&self) -> Option<Option<Amount>> {
        self.find(|v| if let Value::Amount(a) = v { Some(*a) } else { None })
    }
    fn what(&self) -> Option<statement::What> {
        self.find(|v| if let Value::What(w) = v { Some(w.clone()) } else { None })
    }
    fn payer(&self) -> Option<statement::contribution::Payer> {
        self.find(|v| if let Value::Payer(p) = v { Some(p.clone()) } else { None })
    }
}

/// Step 8 for one record.
fn read_statement<'p>(
    shown: &'p Shown,
    address: &Address,
    checkpoint: &Checkpoint,
) -> Result<Read<'p>, Failure> {
    let record = &shown.record;
    let bad = |what: &str| fail("bad-statement", format!("record {}: {what}", record.sequence));
    let Some(opening) = &shown.opening else {
        return Ok(Read { record, posting: None, values: Vec::new() });
    };
    let shapes = record.kind.shapes();
    if opening.0.len() != shapes.len() + 1 {
        return bad("not the leaves of its type");
    }
    if opening.root() != record.statement_root {
        return bad("what is shown is not what was recorded");
    }
    let Some(head) = opening.0[0].value() else { return bad("its head is withheld") };
    let Ok(head) = statement::Head::from_bytes(head) else { return bad("its head is malformed") };
    let expected = (record.kind != Type::Opened).then_some(*address);
    if head.origin != checkpoint.origin {
        return bad("it was meant for another ledger");
    }
    if head.address != expected {
        return bad("it was meant for another account");
    }
    if (head.kind, head.refers, head.month) != (record.kind as u64, record.refers, record.month) {
        return bad("its head and its record differ");
    }
    let mut values = Vec::with_capacity(shapes.len());
    for (shape, facet) in shapes.iter().zip(&opening.0[1..]) {
        values.push(match facet.value().map(|bytes| shape.read(bytes)) {
            None => None,
            Some(Ok(value)) => Some(value),
            Some(Err(e)) => return bad(&e.to_string()),
        });
    }
    Ok(Read { record, posting: None, values })
}

/// Step 9 for one record.
fn check_posting(
    shown: &Shown,
    read: &Read<'_>,
    postings: &[Signed],
    checkpoint: &Checkpoint,
) -> Result<Option<usize>, Failure> {
    let Some(link) = &shown.link else { return Ok(None) };
    let record = &shown.record;
    let bad = |what: &str| fail("bad-posting", format!("record {}: {what}", record.sequence));
    let Some(signed) = usize::try_from(link.posting).ok().and_then(|i| postings.get(i)) else {
        return bad("its posting is not in the proof");
    };
    if signed.payload.origin != checkpoint.origin {
        return bad("its posting was meant for another ledger");
    }
    if signed.digest() != record.posting {
        return bad("it was recorded from another posting");
    }
    let leaf = posting::leaf(record.posting_index, &record.statement_root);
    let (count, root) = (signed.payload.count, &signed.payload.root);
    if check_inclusion(&leaf, record.posting_index, count, &link.path, root).is_err() {
        return bad("its statement is not in the posting");
    }
    if signed.payload.issuer.is_none() && (record.kind != Type::Opened || count != 1) {
        return bad("a posting without an issuer holds one opening");
    }
    let named = read.values.iter().flatten().find_map(Value::issuer);
    if named.is_some_and(|issuer| issuer != signed.payload.issuer) {
        return bad("it names another issuer than the one that signed");
    }
    Ok(Some(link.posting as usize))
}

/// Step 10: what the issuer of a record must be able to do, as far as the record shows it.
enum Needed {
    Nothing,
    Registrar,
    AnyOf(&'static [Role], Option<Insurance>),
    NotShown,
}

fn needed(read: &Read<'_>, reads: &BTreeMap<u64, Read<'_>>) -> Needed {
    match read.record.kind {
        Type::Opened => Needed::AnyOf(&[Role::Platform, Role::Employer, Role::Bureau, Role::Agent], None),
        Type::Rotated | Type::Correction => Needed::Nothing,
        Type::Granted | Type::Revoked => Needed::Registrar,
        Type::Contribution => match (read.payer(), read.what()) {
            (Some(payer), Some(what)) => match payer.source {
                Source::Platform => Needed::AnyOf(&[Role::Platform], Some(what.insurance)),
                Source::Employer => Needed::AnyOf(&[Role::Employer], Some(what.insurance)),
                Source::Subsidy => Needed::AnyOf(&[Role::SubsidyPayer], Some(what.insurance)),
                Source::Self_ => Needed::Nothing,
            },
            _ => Needed::NotShown,
        },
        Type::Settlement => {
            let target = read.record.refers.and_then(|r| reads.get(&r));
            match target.and_then(Read::what) {
                Some(what) => Needed::AnyOf(&[Role::Fund], Some(what.insurance)),
                None => Needed::NotShown,
            }
        }
    }
}

/// Whether a view proves key and role of an issuer at a place in the log. `Ok(false)`: the role could not be checked for lack of facets.
fn check_issuer(
    view: &View,
    read: &Read<'_>,
    kid: &crate::key::PublicKey,
    needed: &Needed,
) -> Result<bool, Failure> {
    let record = read.record;
    let bad = |what: &str| {
        fail("bad-issuer", format!("record {}, issuer {}: {what}", record.sequence, view.address.number))
    };
    let after = view.shown.partition_point(|s| s.record.log_index < record.log_index);
    let Some(at) = after.checked_sub(1).map(|k| &view.shown[k]) else {
        return bad("its account is not shown before this record");
    };
    let last = at.record.sequence + 1 == view.size;
    let next = view.shown.get(after).is_some_and(|n| n.record.sequence == at.record.sequence + 1);
    if !last && !next {
        return bad("its account is not shown at this place in the log");
    }
    let (mut key, mut roles) = (None, None);
    for opened in &at.cells {
        match &opened.cell {
            Cell::Control(control) => key = Some(control.keys.key),
            Cell::Roles(held) => roles = Some(held),
            _ => {}
        }
    }
    if key != Some(*kid) {
        return bad("the signing key is not shown to be its key at this place in the log");
    }
    match needed {
        Needed::Nothing => Ok(true),
        Needed::NotShown => Ok(false),
        Needed::Registrar if view.address.number == 0 => Ok(true),
        Needed::Registrar => bad("only the registrar grants and revokes"),
        Needed::AnyOf(any, insurance) => {
            let holds = roles.is_some_and(|held| {
                held.iter().map(|h| &h.grant).any(|g| {
                    any.contains(&g.role) && g.in_force(record.time) && insurance.is_none_or(|i| g.covers(i))
                })
            });
            if holds { Ok(true) } else { bad("its role is not shown at this place in the log") }
        }
    }
}

/// The keys of the subject itself before a record, if they are shown and no change of them can be hidden since.
fn own_keys(reads: &BTreeMap<u64, Read<'_>>, before: u64) -> Option<statement::Keys> {
    for sequence in (0..before).rev() {
        let read = reads.get(&sequence)?;
        if matches!(read.record.kind, Type::Opened | Type::Rotated) {
            return read.keys();
        }
    }
    None
}

/// Step 10 for one record. `Ok(false)`: not checked.
fn check_signer(read: &Read<'_>, reads: &BTreeMap<u64, Read<'_>>, proof: &Proof) -> Result<bool, Failure> {
    let Some(signed) = read.posting else { return Ok(false) };
    let bad = |what: &str| fail("bad-issuer", format!("record {}: {what}", read.record.sequence));
    let need = needed(read, reads);
    match signed.payload.issuer {
        None => match read.keys() {
            Some(keys) if keys.key == signed.kid => Ok(true),
            Some(_) => bad("the opening is not signed by its own key"),
            None => Ok(false),
        },
        Some(issuer) if issuer == proof.subject.address => {
            let before = own_keys(reads, read.record.sequence);
            if read.record.kind == Type::Rotated {
                return match (read.keys(), before) {
                    (Some(new), _) if new.key != signed.kid => bad("a rotation is not signed by its new key"),
                    (Some(new), Some(old)) if new.key.commitment() != old.next => {
                        bad("a rotation is not to the key committed to before")
                    }
                    (Some(_), Some(_)) => Ok(true),
                    _ => Ok(false),
                };
            }
            match before {
                Some(keys) if keys.key != signed.kid => bad("the signing key was not its own at this place"),
                None => Ok(false),
                Some(_) => match need {
                    Needed::Nothing => Ok(true),
                    Needed::Registrar if issuer.number == 0 => Ok(true),
                    Needed::Registrar => bad("only the registrar grants and revokes"),
                    Needed::AnyOf(..) | Needed::NotShown => Ok(false),
                },
            }
        }
        Some(issuer) => match proof.issuers.iter().find(|v| v.address == issuer) {
            Some(view) => check_issuer(view, read, &signed.kid, &need),
            None => Ok(false),
        },
    }
}

/// Verifies the bytes of a `.peal` file.
///
/// # Errors
/// `None`: foreign, unusable input. `Some`: not valid, and why.
pub fn verify_file(file: &[u8], trust: &Trust, now: Time) -> Result<Verdict, Option<Failure>> {
    let proof = Proof::from_file(file).map_err(|e| match e {
        BadFile::Foreign => None,
        BadFile::Damaged(what) => Some(Failure { name: "damaged", detail: what }),
    })?;
    verify(&proof, trust, now).map_err(Some)
}

/// Verifies a proof.
///
/// # Errors
/// The first step of §16 that fails.
pub fn verify(proof: &Proof, trust: &Trust, now: Time) -> Result<Verdict, Failure> {
    let (note, checkpoint, ledger) = read_checkpoint(&proof.checkpoint, trust)?;
    let time = proof.head.commit.time;
    let (witnesses, auditors) = check_checkpoint(&note, &checkpoint, time, ledger)?;
    if proof.head.check(checkpoint.size, &checkpoint.root).is_err() {
        return fail("bad-head", "the directory is not that of the checkpoint");
    }
    let subject = &proof.subject;
    check_view(subject, &proof.head, checkpoint.size)?;
    let mut named = BTreeSet::new();
    for view in &proof.issuers {
        check_view(view, &proof.head, checkpoint.size)?;
        demand(named.insert(view.address), "bad-account", || "an issuer is shown twice".into())?;
    }

    let mut reads = BTreeMap::new();
    for shown in &subject.shown {
        reads.insert(shown.record.sequence, read_statement(shown, &subject.address, &checkpoint)?);
    }
    for view in &proof.issuers {
        for shown in &view.shown {
            read_statement(shown, &view.address, &checkpoint)?;
        }
    }

    let mut postings = Vec::with_capacity(proof.postings.len());
    for cose in &proof.postings {
        let signed = Signed::read(cose).or_else(|e| fail("bad-posting", e.to_string()))?;
        demand(signed.verifies(), "bad-posting", || "a posting's signature does not verify".into())?;
        postings.push(signed);
    }
    for shown in &subject.shown {
        if let Some(read) = reads.get(&shown.record.sequence)
            && let Some(at) = check_posting(shown, read, &postings, &checkpoint)?
            && let Some(read) = reads.get_mut(&shown.record.sequence)
        {
            read.posting = Some(&postings[at]);
        }
    }

    let mut issuers: BTreeMap<String, bool> = BTreeMap::new();
    let mut unsigned = 0u64;
    for read in reads.values() {
        let proved = check_signer(read, &reads, proof)?;
        match read.posting.map(|p| p.payload.issuer.unwrap_or(subject.address)) {
            Some(issuer) => *issuers.entry(issuer.to_string()).or_insert(true) &= proved,
            None => unsigned += 1,
        }
    }

    for view in std::iter::once(subject).chain(&proof.issuers) {
        for shown in &view.shown {
            let mut places = BTreeSet::new();
            for cell in &shown.cells {
                let holds = cell.check(&shown.record.state_root).is_ok() && places.insert(cell.index);
                demand(holds, "bad-cell", || {
                    format!(
                        "account {}, record {}, cell {}",
                        view.address.number, shown.record.sequence, cell.index
                    )
                })?;
            }
        }
    }

    let tally = Tally::of(&reads, subject)?;
    let (totals, months) = tally.sums(subject)?;
    let complete = subject.shown.len() as u64 == subject.size;
    let contents = subject.shown.iter().filter(|s| s.opening.is_some()).count() as u64;
    let records = Counts {
        total: subject.size,
        contents,
        headers: subject.shown.len() as u64 - contents,
        hidden: subject.size - subject.shown.len() as u64,
    };
    let mut withheld = BTreeMap::new();
    for read in reads.values() {
        for (name, _) in read.record.kind.facets().iter().zip(&read.values).filter(|(_, v)| v.is_none()) {
            *withheld.entry(*name).or_insert(0) += 1;
        }
    }
    let age = now.seconds().saturating_sub(time.seconds());
    let issuers: Vec<IssuerShown> =
        issuers.into_iter().map(|(address, proved)| IssuerShown { address, proved }).collect();
    let mut not_checked = Vec::new();
    if unsigned > 0 {
        not_checked.push(format!("signatures behind {unsigned} of {} records shown", subject.shown.len()));
    }
    let unproved = issuers.iter().filter(|i| !i.proved).count();
    if unproved > 0 {
        not_checked.push(format!("keys or roles of {unproved} of {} issuers", issuers.len()));
    }
    if !complete {
        not_checked.push("not proved complete: records of this address are hidden".to_owned());
    }
    let operator = checkpoint.origin.to_string();
    let mut rests_on = vec![if witnesses.is_empty() {
        format!(
            "that {operator} shows everyone the same log rests on its operator: no trusted witness has cosigned"
        )
    } else {
        format!("that {operator} shows everyone the same log rests on {}", witnesses.join(", "))
    }];
    rests_on.push(if auditors.is_empty() {
        "completeness rests on the operator: no trusted auditor has cosigned".to_owned()
    } else {
        format!("completeness rests on {}", auditors.join(", "))
    });
    if totals.iter().any(|t| t.basis == Basis::AssertedByTheLedger)
        || months.iter().any(|m| m.basis == Basis::AssertedByTheLedger)
    {
        rests_on
            .push("totals marked as asserted rest on the operator: their items are not all shown".to_owned());
    }
    rests_on.push("that the person before you holds this address is not shown by this proof".to_owned());
    Ok(Verdict {
        origin: operator,
        address: subject.address.to_string(),
        size: checkpoint.size,
        time: time.to_string(),
        age,
        freshness: if age <= ledger.fresh { "fresh" } else { "stale" },
        witnesses,
        auditors,
        records,
        withheld,
        complete,
        entries: tally.entries(),
        totals,
        months,
        issuers,
        not_checked,
        rests_on,
    })
}

/// A contribution as the proof's records leave it.
struct Item<'p> {
    read: &'p Read<'p>,
    amount: Option<Option<Amount>>,
    settled: bool,
    void: bool,
    corrected: bool,
    known: bool,
}

/// Steps 12 and 13: what the records shown add up to.
struct Tally<'p> {
    items: BTreeMap<u64, Item<'p>>,
    /// Whether every record is shown with all that the totals are made of.
    whole: bool,
}

impl<'p> Tally<'p> {
    fn of(reads: &'p BTreeMap<u64, Read<'p>>, subject: &View) -> Result<Self, Failure> {
        let mut items: BTreeMap<u64, Item<'p>> = BTreeMap::new();
        let mut whole = reads.len() as u64 == subject.size;
        for (sequence, read) in reads {
            let bad = |what: &str| fail("bad-reference", format!("record {sequence}: {what}"));
            let kind = read.record.kind;
            if kind == Type::Contribution {
                whole &= read.what().is_some() && read.amount().is_some();
                let known = (subject.size - sequence) == reads.range(sequence..).count() as u64;
                let amount = read.amount();
                items.insert(
                    *sequence,
                    Item { read, amount, settled: false, void: false, corrected: false, known },
                );
                continue;
            }
            if !matches!(kind, Type::Settlement | Type::Correction) {
                continue;
            }
            let has_contents = !read.values.is_empty();
            let target = read.record.refers.unwrap_or(*sequence);
            let Some(item) = items.get_mut(&target) else {
                if has_contents || reads.contains_key(&target) {
                    return bad("it does not refer to a contribution that is shown");
                }
                continue;
            };
            if item.read.record.month != read.record.month {
                return bad("it is for another month than the contribution it refers to");
            }
            let by = read
                .posting
                .map(|p| p.payload.issuer)
                .or_else(|| read.values.iter().flatten().find_map(Value::issuer));
            let allowed = if kind == Type::Settlement {
                item.read.what().map(|w| Some(w.fund))
            } else {
                item.read.payer().map(|p| Some(p.issuer))
            };
            if let (Some(by), Some(allowed)) = (by, allowed)
                && by != allowed
            {
                return bad("it is not by the fund, or the issuer, of the contribution it refers to");
            }
            if item.settled || item.void {
                return bad("the contribution it refers to is settled or void already");
            }
            if kind == Type::Settlement {
                let differs = match (read.amount(), item.amount) {
                    (Some(Some(settled)), Some(Some(now))) => settled != now,
                    _ => false,
                };
                if differs {
                    return bad("it settles another amount than the contribution's");
                }
                item.settled = true;
                continue;
            }
            item.corrected = true;
            whole &= read.amount().is_some();
            match read.amount() {
                Some(None) => item.void = true,
                new => item.amount = new,
            }
        }
        Ok(Self { items, whole })
    }

    fn sums(&self, subject: &View) -> Result<(Vec<TotalShown>, Vec<MonthsShown>), Failure> {
        let (mut totals, mut months) = (Vec::new(), Vec::new());
        let basis = if self.whole { Basis::Recomputed } else { Basis::AssertedByTheLedger };
        let last = subject.shown.last().filter(|s| s.record.sequence + 1 == subject.size);
        for opened in last.iter().flat_map(|s| &s.cells) {
            match &opened.cell {
                Cell::Totals(t) => {
                    let same = !self.whole || self.totals(t.insurance, t.currency) == Some(*t);
                    demand(same, "bad-total", || format!("{} {}", t.insurance, t.currency))?;
                    totals.push(TotalShown {
                        insurance: t.insurance.to_string(),
                        currency: t.currency.to_string(),
                        posted: t.posted,
                        posted_credited: t.posted_credited,
                        settled: t.settled,
                        settled_credited: t.settled_credited,
                        basis,
                    });
                }
                Cell::Months { insurance, runs, months: count, settled } => {
                    let same = !self.whole || self.months(*insurance) == (self.expand(runs), *settled);
                    demand(same, "bad-total", || format!("months of {insurance}"))?;
                    months.push(MonthsShown {
                        insurance: insurance.to_string(),
                        runs: runs.iter().map(|(m, n)| (m.to_string(), month_after(*m, n - 1))).collect(),
                        months: *count,
                        settled: *settled,
                        basis,
                    });
                }
                _ => {}
            }
        }
        Ok((totals, months))
    }

    fn of_insurance(&self, insurance: Insurance) -> impl Iterator<Item = (&Item<'p>, Amount)> {
        self.items.values().filter(|i| !i.void).filter_map(move |i| {
            let what = i.read.what().filter(|w| w.insurance == insurance);
            what.and(i.amount.flatten()).map(|a| (i, a))
        })
    }

    fn totals(&self, insurance: Insurance, currency: Currency) -> Option<Totals> {
        let mut sum =
            Totals { insurance, currency, posted: 0, posted_credited: 0, settled: 0, settled_credited: 0 };
        for (item, amount) in self.of_insurance(insurance).filter(|(_, a)| a.currency == currency) {
            sum.posted = sum.posted.checked_add(amount.amount)?;
            sum.posted_credited = sum.posted_credited.checked_add(amount.credited)?;
            if item.settled {
                sum.settled = sum.settled.checked_add(amount.amount)?;
                sum.settled_credited = sum.settled_credited.checked_add(amount.credited)?;
            }
        }
        Some(sum)
    }

    fn months(&self, insurance: Insurance) -> (BTreeSet<u32>, u64) {
        let month = |i: &Item<'_>| i.read.record.month.map(Month::ordinal);
        let all = self.of_insurance(insurance).filter_map(|(i, _)| month(i)).collect();
        let settled: BTreeSet<u32> =
            self.of_insurance(insurance).filter(|(i, _)| i.settled).filter_map(|(i, _)| month(i)).collect();
        (all, settled.len() as u64)
    }

    /// The ordinals of runs; more than can be (a run past the last month) gives a set that equals none.
    fn expand(&self, runs: &[(Month, u64)]) -> BTreeSet<u32> {
        let all = self.items.len() as u64 + 1;
        runs.iter().flat_map(|(m, n)| m.ordinal()..m.ordinal().saturating_add((*n).min(all) as u32)).collect()
    }

    fn entries(&self) -> Vec<EntryShown> {
        let shown = self.items.iter().filter(|(_, i)| !i.read.values.is_empty());
        shown
            .map(|(sequence, item)| {
                let (what, payer) = (item.read.what(), item.read.payer());
                let amount = item.amount.flatten();
                EntryShown {
                    sequence: *sequence,
                    month: item.read.record.month.map(|m| m.to_string()).unwrap_or_default(),
                    insurance: what.as_ref().map(|w| w.insurance.to_string()),
                    scheme: what.as_ref().map(|w| w.scheme.to_string()),
                    source: payer.as_ref().map(|p| p.source.to_string()),
                    issuer: payer.as_ref().map(|p| p.issuer.to_string()),
                    reference: payer.as_ref().map(|p| p.reference.to_string()),
                    amount: amount.map(|a| a.amount),
                    credited: amount.map(|a| a.credited),
                    base: amount.and_then(|a| a.base),
                    currency: amount.map(|a| a.currency.to_string()),
                    standing: match item {
                        i if !i.known => Standing::NotKnown,
                        i if i.void => Standing::Void,
                        i if i.settled => Standing::Settled,
                        i if i.corrected => Standing::Corrected,
                        _ => Standing::Standing,
                    },
                    corrected: item.corrected,
                }
            })
            .collect()
    }
}

/// The month `n` after another, for people.
fn month_after(first: Month, n: u64) -> String {
    let ordinal = u64::from(first.ordinal()).saturating_add(n).min(13_199) as u32;
    Month::new((1900 + ordinal / 12) * 100 + ordinal % 12 + 1).map(|m| m.to_string()).unwrap_or_default()
}
