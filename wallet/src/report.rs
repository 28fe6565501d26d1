//! A verdict for people: what was shown, what was withheld, what was not checked, and what rests on whom.

use std::fmt::Write as _;

use peal_spec::verify::{Basis, Counts, Failure, FlowShown, IdentityShown, LinkShown, Verdict};
use serde::Serialize;

use crate::layout::{Style, clean, short, span};
use crate::passbook;

/// What became of one file.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum Judged {
    /// All that is shown holds.
    Valid {
        /// What is shown.
        verdict: Box<Verdict>,
    },
    /// Something does not hold.
    NotValid {
        /// The step that failed.
        failure: Failure,
    },
    /// No proof file, or one that cannot be read.
    Unusable {
        /// Why.
        reason: String,
    },
}

/// How the records are shown, in words.
pub fn counts(records: &Counts) -> String {
    let Counts { total, contents, headers, hidden } = records;
    let parts = [(contents, "with contents"), (headers, "as headers"), (hidden, "hidden")];
    let parts: Vec<String> =
        parts.iter().filter(|(n, _)| **n > 0).map(|(n, how)| format!("{n} {how}")).collect();
    format!("{total} record{}: {}", if *total == 1 { "" } else { "s" }, parts.join(", "))
}

/// What is withheld of the records shown with contents, in words.
pub fn withheld(verdict: &Verdict) -> String {
    if verdict.withheld.is_empty() {
        return "nothing of the records shown with contents".to_owned();
    }
    let parts: Vec<String> = verdict.withheld.iter().map(|(name, n)| format!("{name} of {n}")).collect();
    format!("{} of the records shown with contents", parts.join(", "))
}

fn basis(basis: Basis) -> &'static str {
    match basis {
        Basis::Recomputed => "recomputed here from the records",
        Basis::AssertedByTheLedger => "asserted by the ledger",
    }
}

/// Writes what a valid proof shows.
pub fn verdict(verdict: &Verdict, style: Style) -> String {
    let mut out = String::new();
    let mut line = |name: &str, text: &str| {
        let _ = writeln!(out, "  {name:<12} {text}");
    };
    line("address", &verdict.address);
    line("ledger", &format!("{}, {} entries", clean(&verdict.origin), verdict.size));
    line("as of", &format!("{}, {} ago: {}", verdict.time, span(verdict.age), verdict.freshness));
    let complete = if verdict.complete {
        "complete: every record of this address is here"
    } else {
        "not proved complete"
    };
    line("shown", &format!("{}; {complete}", counts(&verdict.records)));
    line("withheld", &withheld(verdict));
    for months in &verdict.months {
        let runs: Vec<String> =
            months.runs.iter().map(|(a, b)| if a == b { a.clone() } else { format!("{a} to {b}") }).collect();
        let runs = if runs.is_empty() { String::new() } else { format!(": {}", runs.join(", ")) };
        line(
            "months",
            &format!(
                "{}: {} count, {} settled{runs} ({})",
                months.insurance,
                months.months,
                months.settled,
                basis(months.basis)
            ),
        );
    }
    for total in &verdict.totals {
        for text in passbook::totals(std::slice::from_ref(total), &total.insurance) {
            line("total", &format!("{}: {text} ({})", total.insurance, basis(total.basis)));
        }
    }
    for flow in &verdict.flows {
        line("flow", &format!("{}: {} ({})", flow.insurance, passbook::flow(flow), basis(flow.basis)));
    }
    for award in &verdict.awards {
        let insurance = award.insurance.as_deref().unwrap_or("withheld");
        line("award", &format!("{insurance}: {}", passbook::award(award)));
    }
    for shown in &verdict.identities {
        line("identity", &identity(shown));
    }
    for shown in &verdict.links {
        line("link", &link(shown));
    }
    for text in passbook::work(&verdict.engagements) {
        line("work", &text);
    }
    if let Some(text) = passbook::erased(verdict) {
        line("erased", &text);
    }
    for claim in &verdict.claims {
        line("claim", &format!("{}: {}", claim.sequence, passbook::claim(claim, &verdict.time)));
    }
    for issuer in &verdict.issuers {
        let proved = if issuer.proved { "key and role proved" } else { "key or role not checked" };
        line("issuer", &format!("{}: {proved}", short(&issuer.address)));
    }
    for text in &verdict.not_checked {
        line("not checked", &clean(text));
    }
    for text in &verdict.rests_on {
        line("rests on", &clean(text));
    }
    out.push_str(&passbook::lists(verdict, style));
    out
}

fn stands(stands: Option<bool>) -> &'static str {
    match stands {
        Some(true) => "",
        Some(false) => " (WITHDRAWN)",
        None => " (whether it was withdrawn is not shown)",
    }
}

/// A binding of an identity, in a line.
pub fn identity(shown: &IdentityShown) -> String {
    let who = shown.issuer.as_deref().map_or_else(|| "a bureau that is not shown".to_owned(), short);
    let what = if shown.commitment.is_some() { "" } else { " who is not shown" };
    format!(
        "record {}: bound to a person{what}, by {who} on {}{}",
        shown.sequence,
        shown.time,
        stands(shown.stands)
    )
}

/// A link to another account, in a line.
pub fn link(shown: &LinkShown) -> String {
    let who = shown.issuer.as_deref().map_or_else(|| "somebody who is withheld".to_owned(), short);
    let other = shown.other.as_deref().map_or_else(|| "another account, which is withheld".to_owned(), short);
    format!(
        "record {}: linked to {other} by {who} on {}{}; it counts if that account says so, too",
        shown.sequence,
        shown.time,
        stands(shown.stands)
    )
}

/// Writes what became of one file.
pub fn judged(file: &str, judged: &Judged, style: Style) -> String {
    match judged {
        Judged::Valid { verdict: v } => {
            format!("{file}: {}\n{}", style.paint(32, "valid"), verdict(v, style))
        }
        Judged::NotValid { failure } => format!(
            "{file}: {}\n  {:<12} {}: {}\n  {:<12} nothing in this file may be relied on; ask for it again\n",
            style.paint(31, "not valid"),
            "because",
            failure.name,
            clean(&failure.detail),
            "what to do"
        ),
        Judged::Unusable { reason } => {
            format!("{file}: {}\n  {:<12} {}\n", style.paint(31, "unusable"), "because", clean(reason))
        }
    }
}

/// The columns of the one-line-a-file form.
pub const COLUMNS: [&str; 17] = [
    "file",
    "result",
    "reason",
    "address",
    "ledger",
    "time",
    "freshness",
    "witnesses",
    "auditors",
    "complete",
    "records",
    "contents",
    "headers",
    "hidden",
    "months",
    "totals",
    "issuers_not_proved",
];

/// One file as one line of CSV.
pub fn row(file: &str, judged: &Judged) -> [String; 17] {
    let mut row: [String; 17] = Default::default();
    row[0] = file.to_owned();
    match judged {
        Judged::Valid { verdict: v } => {
            let months =
                v.months.iter().map(|m| format!("{} {} ({} settled)", m.insurance, m.months, m.settled));
            let totals = v.totals.iter().map(|t| {
                let money = |minor| passbook::money(Some(minor), Some(&t.currency));
                let of_it = |f: &&FlowShown| (&f.insurance, &f.currency) == (&t.insurance, &t.currency);
                let refunded = v.flows.iter().find(of_it).map_or(0, |f| f.refunded);
                let back =
                    if refunded > 0 { format!(", refunded {}", money(refunded)) } else { String::new() };
                format!("{} {} (settled {}{back})", t.insurance, money(t.posted), money(t.settled))
            });
            let rest = [
                "valid".to_owned(),
                String::new(),
                v.address.clone(),
                v.origin.clone(),
                v.time.clone(),
                v.freshness.to_owned(),
                v.witnesses.len().to_string(),
                v.auditors.len().to_string(),
                v.complete.to_string(),
                v.records.total.to_string(),
                v.records.contents.to_string(),
                v.records.headers.to_string(),
                v.records.hidden.to_string(),
                months.collect::<Vec<_>>().join("; "),
                totals.collect::<Vec<_>>().join("; "),
                v.issuers.iter().filter(|i| !i.proved).count().to_string(),
            ];
            row[1..].clone_from_slice(&rest);
        }
        Judged::NotValid { failure } => (row[1], row[2]) = ("not valid".into(), failure.to_string()),
        Judged::Unusable { reason } => (row[1], row[2]) = ("unusable".into(), reason.clone()),
    }
    row
}
