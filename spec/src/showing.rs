//! What a [`Showing`] shows: the proof in it is verified under the list beside it, by the verifier that everyone has, and what moving asks of it
//! is read out.
//!
//! Source: `spec/moving.md`, "What is shown".

use crate::moving::{Facts, MAX_PARTS, Moved, Showing, To};
use crate::note::Note;
use crate::posting::Signed;
use crate::proof::{Proof, Shown};
use crate::state::Cell;
use crate::statement::{Type, Value, What};
use crate::trust::{Ledger, Trust};
use crate::value::Time;
use crate::verify::{Verdict, verify};

/// What a showing shows at a time; none if its list is not of one ledger, or its proof is not valid under it.
///
/// Work: as much as the proof is long, and a strict verification for each of its signatures.
pub fn facts(showing: &Showing, now: Time) -> Option<Facts> {
    let trust: Trust = std::str::from_utf8(&showing.list).ok()?.parse().ok()?;
    let [ledger] = trust.ledgers.as_slice() else { return None };
    let proof = Proof::from_file(&showing.file).ok()?;
    if proof.postings.len().max(proof.issuers.len()) > MAX_PARTS {
        return None;
    }
    let verdict = verify(&proof, &trust, now).ok()?;
    read(&proof, &verdict, ledger)
}

/// What a valid proof says of a move.
pub fn read(proof: &Proof, verdict: &Verdict, ledger: &Ledger) -> Option<Facts> {
    let note: Note = proof.checkpoint.parse().ok()?;
    let checkpoint: crate::note::Checkpoint = note.text.parse().ok()?;
    let subject = &proof.subject;
    let leaves: Vec<_> = subject.shown.iter().map(|s| (s.record.sequence, s.record.leaf())).collect();
    let root = crate::tree::set_root(&leaves, subject.size, &subject.path).ok()?;
    let pins = ledger.pins.iter().chain(&ledger.last);
    let mut facts = Facts {
        origin: ledger.origin.clone(),
        pinned: ledger.last.is_some()
            && pins.into_iter().any(|pin| pin.size == checkpoint.size && pin.root == checkpoint.root),
        fresh: verdict.age <= ledger.fresh,
        last: subject.shown.last().is_some_and(|s| s.record.sequence + 1 == subject.size),
        time: proof.head.commit.time,
        address: subject.address,
        size: subject.size,
        root,
        departures: Vec::new(),
        leaving: None,
        arrivals: None,
        outs: Vec::new(),
    };
    for shown in &subject.shown {
        match shown.record.kind {
            Type::Departure => {
                if let Some(to) = departure(proof, shown) {
                    facts.departures.push((shown.record.sequence, to));
                }
            }
            Type::TransferredOut => {
                if let (Some((what, moved)), Some(departure)) = (out(shown), shown.record.refers)
                    && verdict.issuers.iter().any(|i| i.proved && i.address == what.fund.to_string())
                    && shown.link.is_some()
                {
                    facts.outs.push((shown.record.sequence, departure, what, moved));
                }
            }
            _ => {}
        }
        if shown.record.sequence + 1 == subject.size {
            for opened in &shown.cells {
                match &opened.cell {
                    Cell::Leaving(leaving) => facts.leaving = leaving.as_deref().cloned(),
                    Cell::Arrivals(arrivals) => facts.arrivals = Some(arrivals.clone()),
                    _ => {}
                }
            }
        }
    }
    Some(facts)
}

/// The values of a record's facets, as far as they are shown.
fn values(shown: &Shown) -> Vec<Value> {
    let Some(opening) = &shown.opening else { return Vec::new() };
    let facets = shown.record.kind.shapes().iter().zip(opening.0.iter().skip(1));
    facets.filter_map(|(shape, facet)| shape.read(facet.value()?).ok()).collect()
}

/// Where a departure goes to, if it is signed by the key that its control cell shows.
fn departure(proof: &Proof, shown: &Shown) -> Option<To> {
    let link = shown.link.as_ref()?;
    let signed = Signed::read(proof.postings.get(usize::try_from(link.posting).ok()?)?).ok()?;
    let control = shown.cells.iter().find_map(|opened| match &opened.cell {
        Cell::Control(control) => Some(control),
        _ => None,
    })?;
    if control.keys.key != signed.kid || signed.payload.issuer != Some(proof.subject.address) {
        return None;
    }
    values(shown).into_iter().find_map(|value| match value {
        Value::To(to) => Some(to),
        _ => None,
    })
}

fn out(shown: &Shown) -> Option<(What, Moved)> {
    let values = values(shown);
    let what =
        values.iter().find_map(|v| if let Value::What(what) = v { Some(what.clone()) } else { None })?;
    let moved = values.iter().find_map(|v| if let Value::Moved(moved) = v { Some(*moved) } else { None })?;
    Some((what, moved))
}
