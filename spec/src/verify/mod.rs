//! The verifier: a proof, a trust list and the present time give a verdict. Nothing else is asked of anyone.
//!
//! The steps are those of `spec/README.md` §16, in that order; the first that fails names the failure. No step takes more work than the
//! proof is long, but for logarithms.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::Address;
use crate::note::{Checkpoint, Note, VerifierKey};
use crate::posting::Signed;
use crate::proof::{BadFile, Proof};
use crate::rules::CLOCK_SKEW;
use crate::statement::Type;
use crate::trust::{Ledger, Trust};
use crate::value::Time;

mod verdict;
mod account;
mod issuer;
mod tally;
mod moves;

use account::{check_posting, check_view, read_statement};
use issuer::{Recoveries, check_signer, own_keys};
use tally::{Sums, Tally};
pub use verdict::*;
use verdict::{demand, fail};

/// How far, in seconds, a cosignature may lie before the time of the head that it signs.
pub const COSIGN_SKEW: u64 = 600;

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
    demand(time.seconds() <= now.seconds() + CLOCK_SKEW, "bad-head", || {
        format!("it is of {time}, which is still to come: check the clock, or distrust the ledger")
    })?;
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

    let mut issuers: BTreeMap<Address, bool> = BTreeMap::new();
    let (mut unsigned, own, mut recovered) = (0u64, own_keys(&reads), Recoveries::begin(&reads));
    let mut approvals = BTreeMap::new();
    for (sequence, read) in reads.iter().filter(|(_, read)| read.record.kind == Type::RecoveryApproved) {
        approvals.insert(*sequence, check_signer(read, &reads, &own, &recovered, proof)?);
    }
    recovered.judge(&reads, &subject.address, &approvals);
    for read in reads.values() {
        // Unsigned, the issuer that *who* names is only said to be it.
        let proved = check_signer(read, &reads, &own, &recovered, proof)?;
        if let Some(issuer) = read.issuer() {
            let issuer = issuer.unwrap_or(subject.address);
            *issuers.entry(issuer).or_insert(true) &= proved;
        }
        unsigned += u64::from(read.posting.is_none() && !read.values.is_empty());
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
    let Sums { totals, months, flows } = tally.sums(subject)?;
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
    let issuers: BTreeMap<String, bool> =
        issuers.into_iter().map(|(a, proved)| (a.to_string(), proved)).collect();
    let issuers: Vec<IssuerShown> =
        issuers.into_iter().map(|(address, proved)| IssuerShown { address, proved }).collect();
    let mut not_checked = Vec::new();
    if unsigned > 0 {
        not_checked.push(format!("who signed {unsigned} of {contents} records shown with contents"));
    }
    if records.headers > 0 {
        not_checked.push(format!("contents and signatures of {} records shown as headers", records.headers));
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
    let bases = totals.iter().map(|t| t.basis).chain(months.iter().map(|m| m.basis));
    if bases.chain(flows.iter().map(|f| f.basis)).any(|basis| basis == Basis::AssertedByTheLedger) {
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
        engagements: tally.engagements(),
        awards: tally.awards(),
        claims: tally.claims(),
        erased: tally.erased(),
        identities: tally.identities(),
        links: tally.links(),
        moves: moves::moves(&reads, &|sequence| tally.stands(sequence)),
        transcribed: moves::transcribed(&reads, &|sequence| tally.stands(sequence)),
        totals,
        months,
        flows,
        issuers,
        not_checked,
        rests_on,
    })
}
