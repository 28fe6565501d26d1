//! Views of a proof for people: tables that open in any spreadsheet, and the verdict as JSON. They prove nothing; they follow from the proof.
//!
//! Members of JSON objects are in the order of their names. Tables are CSV (RFC 4180, UTF-8, lines end with a newline). A text of somebody
//! else's that a spreadsheet would take for a formula gets an apostrophe before it.

use std::collections::{BTreeMap, BTreeSet};

use peal_spec::address::Address;
use peal_spec::posting::Signed;
use peal_spec::proof::{Proof, Shown};
use peal_spec::statement::Value as Facet;
use peal_spec::value::{Currency, Month};
use peal_spec::verify::{Basis, EntryShown, Failure, Standing, Verdict};
use serde_json::{Map, Value, json};

use super::{contents, fail};

/// JSON whose members are sorted, whatever features serde_json was built with.
fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        Value::Object(members) => {
            let members: BTreeMap<String, Value> = members.into_iter().collect();
            Value::Object(members.into_iter().map(|(name, v)| (name, sorted(v))).collect::<Map<_, _>>())
        }
        other => other,
    }
}

/// JSON for people, with a newline at its end.
pub(super) fn pretty(value: Value) -> Result<Vec<u8>, Failure> {
    match serde_json::to_vec_pretty(&sorted(value)) {
        Ok(mut bytes) => {
            bytes.push(b'\n');
            Ok(bytes)
        }
        Err(e) => fail("bad-view", e.to_string()),
    }
}

/// What a verdict says that depends on when it is asked or on whom the reader trusts, and what it says in prose.
const PASSING: [&str; 6] = ["age", "auditors", "freshness", "not_checked", "rests_on", "witnesses"];

/// `account.json`: the verdict, but for what is passing in it.
pub(super) fn account(verdict: &Verdict) -> Result<Vec<u8>, Failure> {
    let mut value = json!(verdict);
    if let Some(members) = value.as_object_mut() {
        members.retain(|name, _| !PASSING.contains(&name.as_str()));
    }
    value["format"] = json!(super::FORMAT);
    pretty(value)
}

/// A text that somebody else wrote, as a cell of a table: no spreadsheet takes it for a formula.
fn cell(text: &str) -> String {
    let guarded = text.starts_with(['=', '+', '-', '@', '\'', '\t']);
    if guarded { format!("'{text}") } else { text.to_owned() }
}

fn table<const N: usize>(
    titles: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> Result<Vec<u8>, Failure> {
    let write = || -> Result<Vec<u8>, csv::Error> {
        let mut table = csv::WriterBuilder::new().from_writer(Vec::new());
        table.write_record(titles)?;
        for row in rows {
            table.write_record(&row)?;
        }
        table.into_inner().map_err(|e| e.into_error().into())
    };
    write().or_else(|e| fail("bad-view", e.to_string()))
}

fn number(n: Option<u64>) -> String {
    n.map(|n| n.to_string()).unwrap_or_default()
}

/// The facets of a record that are shown, by name.
fn facets(shown: &Shown) -> Vec<(&'static str, Facet)> {
    let kind = shown.record.kind;
    let Some(opening) = &shown.opening else { return Vec::new() };
    let named = kind.facets().iter().zip(kind.shapes()).zip(opening.0.iter().skip(1));
    named.filter_map(|((name, shape), facet)| Some((*name, shape.read(facet.value()?).ok()?))).collect()
}

/// `records.csv`: a row a record.
pub(super) fn records(proof: &Proof) -> Result<Vec<u8>, Failure> {
    let titles = [
        "sequence",
        "time",
        "type",
        "refers",
        "month",
        "issuer",
        "log_index",
        "posting",
        "statement",
        "contents",
    ];
    let issuers: Vec<Option<Address>> =
        proof.postings.iter().map(|cose| Signed::read(cose).ok().and_then(|s| s.payload.issuer)).collect();
    let row = |shown: &Shown| {
        let record = &shown.record;
        let posting = shown.link.as_ref().and_then(|link| usize::try_from(link.posting).ok());
        // Only its own opening is signed without an issuer.
        let issuer = posting.and_then(|at| issuers.get(at)).map(|i| i.unwrap_or(proof.subject.address));
        let contents: Map<String, Value> =
            facets(shown).iter().map(|(name, facet)| ((*name).to_owned(), contents::facet(facet))).collect();
        let contents = if shown.opening.is_none() { Value::Null } else { Value::Object(contents) };
        [
            record.sequence.to_string(),
            record.time.to_string(),
            record.kind.name().to_owned(),
            number(record.refers),
            record.month.map(|m| m.to_string()).unwrap_or_default(),
            issuer.map(|i| i.to_string()).unwrap_or_default(),
            record.log_index.to_string(),
            record.posting.to_string(),
            record.statement_root.to_string(),
            if contents.is_null() { String::new() } else { sorted(contents).to_string() },
        ]
    };
    table(titles, proof.subject.shown.iter().map(row))
}

/// `contributions.csv`: a row a contribution, with its latest amount.
pub(super) fn contributions(proof: &Proof, verdict: &Verdict) -> Result<Vec<u8>, Failure> {
    let titles = [
        "sequence",
        "month",
        "insurance",
        "scheme",
        "source",
        "payer",
        "fund",
        "amount",
        "credited",
        "base",
        "currency",
        "standing",
        "corrected",
        "refunded",
        "received",
        "matches",
        "by_consent",
        "reference",
    ];
    let fund = |shown: &Shown| {
        let what =
            facets(shown).into_iter().find_map(|(_, f)| if let Facet::What(w) = f { Some(w) } else { None });
        Some((shown.record.sequence, what?.fund.to_string()))
    };
    let payments = proof.subject.shown.iter().filter(|s| s.record.kind.is_payment());
    let funds: BTreeMap<u64, String> = payments.filter_map(fund).collect();
    let row = |e: &EntryShown| {
        let currency = e.currency.as_deref().and_then(|c| c.parse::<Currency>().ok());
        let money = |minor: Option<u64>| minor.zip(currency).map_or(String::new(), |(m, c)| c.format(m));
        let text = |t: &Option<String>| cell(t.as_deref().unwrap_or_default());
        [
            e.sequence.to_string(),
            e.month.clone(),
            text(&e.insurance),
            text(&e.scheme),
            text(&e.source),
            text(&e.issuer),
            funds.get(&e.sequence).cloned().unwrap_or_default(),
            money(e.amount),
            money(e.credited),
            money(e.base),
            text(&e.currency),
            e.standing.word().to_owned(),
            if e.corrected { "yes" } else { "no" }.to_owned(),
            money(e.refunded),
            money(e.received),
            number(e.matches),
            number(e.by_consent),
            text(&e.reference),
        ]
    };
    table(titles, verdict.entries.iter().map(row))
}

/// `months.csv`: a row a month in which something was paid, whether it counts and whether it is settled.
pub(super) fn months(verdict: &Verdict) -> Result<Vec<u8>, Failure> {
    let ordinal = |text: &str| text.parse::<Month>().map(Month::ordinal).ok();
    // Runs that the verifier recomputed are not longer than there are contributions.
    let mut counted: BTreeSet<(&str, u32)> = BTreeSet::new();
    for shown in verdict.months.iter().filter(|m| m.basis == Basis::Recomputed) {
        for (first, last) in shown.runs.iter().filter_map(|(a, b)| ordinal(a).zip(ordinal(b))) {
            counted.extend((first..=last).map(|month| (shown.insurance.as_str(), month)));
        }
    }
    let mut rows: BTreeMap<(&str, u32), bool> = BTreeMap::new();
    for entry in &verdict.entries {
        let Some(key) = entry.insurance.as_deref().zip(ordinal(&entry.month)) else { continue };
        let gone = entry.refunded.is_some() && entry.refunded >= entry.amount;
        *rows.entry(key).or_default() |= entry.standing == Standing::Settled && !gone;
    }
    let word = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    let row = |(key, settled): (&(&str, u32), &bool)| {
        let month = Month::from_ordinal(key.1).map(|m| m.to_string()).unwrap_or_default();
        [key.0.to_owned(), month, word(counted.contains(key)), word(*settled)]
    };
    table(["insurance", "month", "counts", "settled"], rows.iter().map(row))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_a_formula() {
        for (text, shown) in
            [("self/1", "self/1"), ("=1+1", "'=1+1"), ("'a", "''a"), ("-1", "'-1"), ("@x", "'@x")]
        {
            assert_eq!(cell(text), shown);
        }
    }

    #[test]
    fn members_are_sorted_at_every_depth() {
        let value = json!({ "b": [{ "d": 1, "c": 2 }], "a": null });
        assert_eq!(sorted(value).to_string(), r#"{"a":null,"b":[{"c":2,"d":1}]}"#);
    }
}
