//! What a proof shows of moves, and of what was transcribed from paper. Source: `spec/moving.md`, "In the verdict".

use std::collections::BTreeMap;

use super::account::Read;
use super::verdict::{MoveShown, TranscribedShown};
use crate::moving::{From, Moved, OutAt, Paper, PaperSource, To};
use crate::record::Record;
use crate::statement::{Type, Value};

/// Whether a departure or a transcript stands, by its sequence; none where that is not known.
type Stands<'a> = &'a dyn Fn(u64) -> Option<bool>;

pub(super) fn moves(reads: &BTreeMap<u64, Read<'_>>, stands: Stands<'_>) -> Vec<MoveShown> {
    let shown = reads.values().filter(|read| !read.values.is_empty());
    shown.filter_map(|read| moved(reads, read, stands)).collect()
}

/// Whether a departure stands. If keys changed later, it may have fallen, unless something was recorded under it after that.
fn departure_stands(reads: &BTreeMap<u64, Read<'_>>, departure: &Record, stands: Stands<'_>) -> Option<bool> {
    let keys = reads.range(departure.sequence + 1..).rev().find(|(_, read)| read.record.kind.gives_keys());
    let under = |read: &Read<'_>| {
        read.record.refers == Some(departure.sequence)
            && matches!(read.record.kind, Type::TransferredOut | Type::MoveClosed)
    };
    let since = |changed: u64| reads.range(changed..).any(|(_, read)| under(read));
    match keys {
        Some((changed, _)) if !since(*changed) => stands(departure.sequence).filter(|stands| !stands),
        _ => stands(departure.sequence),
    }
}

fn moved(reads: &BTreeMap<u64, Read<'_>>, read: &Read<'_>, stands: Stands<'_>) -> Option<MoveShown> {
    let record = read.record;
    let named = matches!(
        record.kind,
        Type::Departure | Type::Arrival | Type::TransferredOut | Type::TransferredIn | Type::MoveClosed
    );
    let mut shown = MoveShown {
        sequence: record.sequence,
        kind: record.kind.name(),
        time: record.time.to_string(),
        issuer: read.issuer().flatten().map(|a| a.to_string()),
        signed: read.posting.is_some(),
        refers: record.refers,
        stands: if record.kind == Type::Departure { departure_stands(reads, record, stands) } else { None },
        ..MoveShown::default()
    };
    for value in read.values.iter().flatten() {
        match value {
            Value::To(To { origin, address, .. }) => {
                shown.origin = Some(origin.to_string());
                shown.address = Some(address.to_string());
            }
            Value::From(From { origin, address, departure, size, root, .. }) => {
                shown.origin = Some(origin.to_string());
                shown.address = Some(address.to_string());
                (shown.departure, shown.size) = (*departure, Some(*size));
                shown.root = Some(root.to_string());
            }
            Value::What(what) => shown.insurance = Some(what.insurance.to_string()),
            Value::Moved(Moved { own, pooled, kept, currency }) => {
                (shown.own, shown.pooled, shown.kept) = (Some(*own), Some(*pooled), Some(*kept));
                shown.currency = Some(currency.to_string());
            }
            Value::OutAt(OutAt(out)) => shown.out = Some(*out),
            _ => {}
        }
    }
    named.then_some(shown)
}

pub(super) fn transcribed(reads: &BTreeMap<u64, Read<'_>>, stands: Stands<'_>) -> Vec<TranscribedShown> {
    let of = reads.values().filter(|read| read.record.kind == Type::Transcribed && !read.values.is_empty());
    of.map(|read| {
        let mut shown = TranscribedShown {
            sequence: read.record.sequence,
            issuer: read.issuer().flatten().map(|a| a.to_string()),
            signed: read.posting.is_some(),
            stands: stands(read.record.sequence),
            ..TranscribedShown::default()
        };
        for value in read.values.iter().flatten() {
            match value {
                Value::Paper(paper) => {
                    let Paper { insurance, scheme, payer, months, amount, currency } = &**paper;
                    shown.insurance = Some(insurance.to_string());
                    shown.scheme = Some(scheme.to_string());
                    shown.payer = Some(payer.to_string());
                    shown.months = Some((months.0.to_string(), months.1.to_string()));
                    (shown.amount, shown.currency) = (Some(*amount), Some(currency.to_string()));
                }
                Value::PaperSource(source) => {
                    let PaperSource { document, digest, page } = &**source;
                    shown.document = Some(document.to_string());
                    shown.digest = Some(digest.to_string());
                    shown.page = page.as_ref().map(ToString::to_string);
                }
                _ => {}
            }
        }
        shown
    })
    .collect()
}
