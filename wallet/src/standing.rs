//! A standing as people read it: what counts, what is missing, who owes what.

use std::fmt::Write as _;

use peal_spec::standing::{Counts, ELSEWHERE, Gap, Pay, Standing};
use peal_spec::value::Currency;
use peal_spec::verify::TranscribedShown;

use crate::layout::{Style, clean, table};

/// Money with its currency, from minor units.
fn money(minor: u64, code: &str) -> String {
    match code.parse::<Currency>() {
        Ok(currency) => format!("{} {code}", currency.format(minor)),
        Err(_) => format!("{minor} {code}"),
    }
}

fn months(n: u64) -> String {
    format!("{n} month{}", if n == 1 { "" } else { "s" })
}

fn days(n: u64) -> String {
    format!("{n} day{}", if n == 1 { "" } else { "s" })
}

/// A record; the account is named where there are several.
fn record(account: Option<String>, sequence: u64) -> String {
    account.map_or_else(
        || format!("record {sequence}"),
        |account| format!("record {sequence} of account {account}"),
    )
}

/// Runs as `2026-01 to 2026-03, 2026-05`.
fn runs(runs: &[Gap]) -> String {
    let run = |(first, last): &Gap| {
        if first == last { first.clone() } else { format!("{first} to {last}") }
    };
    runs.iter().map(run).collect::<Vec<_>>().join(", ")
}

/// The ledger of an account's number, if it is one that the person came from, and the number there.
pub(crate) fn elsewhere(number: u64, came: &[String]) -> Option<(u64, &str)> {
    let from = came.get(usize::try_from(number / ELSEWHERE).ok()?.checked_sub(1)?)?;
    let origin = from.split_once(", account ").map_or(from.as_str(), |(origin, _)| origin);
    Some((number % ELSEWHERE, origin))
}

/// The number of an account, with its ledger if that is one that the person came from.
pub(crate) fn account(number: u64, came: &[String]) -> String {
    match elsewhere(number, came) {
        Some((number, origin)) => format!("{number} in {origin}"),
        None => number.to_string(),
    }
}

/// What bureaus have read in papers from before the ledger, marked as such.
pub fn papers(transcribed: &[TranscribedShown]) -> String {
    let mut out = String::new();
    for paper in transcribed {
        let (Some((first, last)), Some(insurance)) = (&paper.months, &paper.insurance) else { continue };
        let said = |text: &Option<String>| clean(text.as_deref().unwrap_or("?"));
        let amount = match (paper.amount, &paper.currency) {
            (Some(minor), Some(code)) if minor > 0 => format!("{}, ", money(minor, code)),
            _ => String::new(),
        };
        let title = if out.is_empty() { "\nTranscribed from paper, not counted:\n" } else { "" };
        let _ = writeln!(
            out,
            "{title}  {insurance:<12} {first} to {last}: {amount}paid by {}; read in {}{}, by a bureau (record {})",
            said(&paper.payer),
            said(&paper.document),
            paper.page.as_ref().map_or_else(String::new, |page| format!(", {}", clean(page))),
            paper.sequence
        );
    }
    out
}

/// Writes a standing. `currency` is that of the rule's minimum; `came` are the ledgers and accounts that it came from, the latest first.
pub fn render(standing: &Standing, currency: Option<&str>, came: &[String], style: Style) -> String {
    let mut out = format!("{} on {}\n", style.paint(1, &standing.insurance), standing.today);
    let mut line = |name: &str, text: String| {
        let _ = writeln!(out, "  {name:<12} {text}");
    };
    let Counts { months: counted, settled, runs: counting, treated } = &standing.counts;
    let where_ = if counting.is_empty() { String::new() } else { format!(": {}", runs(counting)) };
    line("counts", format!("{}, {settled} of them settled{where_}", months(*counted)));
    if !treated.is_empty() {
        line("as paid", format!("{}: {}", months(treated.len() as u64), treated.join(", ")));
    }
    for progress in &standing.progress {
        let code = currency.unwrap_or_default();
        let (paid, missing) = (money(progress.paid, code), money(progress.missing, code));
        line("in progress", format!("{}: {paid} so far, {missing} to go", progress.month));
    }
    if !standing.gaps.is_empty() {
        line("missing", style.paint(31, &runs(&standing.gaps)));
    }
    for overlap in &standing.overlaps {
        for owed in &overlap.owed {
            let amount = money(owed.amount, &owed.currency);
            line(
                "paid twice",
                format!(
                    "{}: fund {} keeps; fund {} owes {amount} back",
                    overlap.month,
                    account(overlap.keeps, came),
                    account(owed.fund, came)
                ),
            );
        }
    }
    for waiting in &standing.waiting {
        let amount = money(waiting.amount, &waiting.currency);
        line(
            "not arrived",
            format!(
                "{}: {amount}, {}, fund {}, for {}",
                waiting.month,
                record(waiting.account.map(|n| account(n, came)), waiting.sequence),
                account(waiting.fund, came),
                months(waiting.months)
            ),
        );
    }
    for refund in &standing.refunds {
        let amount = money(refund.amount, &refund.currency);
        line(
            "on its way",
            format!(
                "{amount} refunded of {} for {}",
                record(refund.account.map(|n| account(n, came)), refund.sequence),
                refund.month
            ),
        );
    }
    if !standing.days.payers.is_empty() {
        let payers: Vec<String> = standing
            .days
            .payers
            .iter()
            .map(|p| format!("{} for account {}", days(p.days), account(p.payer, came)))
            .collect();
        line("worked", format!("{} together: {}", days(standing.days.together), payers.join(", ")));
    }
    for total in &standing.totals {
        let mut parts = vec![
            format!("{} posted", money(total.posted, &total.currency)),
            format!("{} settled", money(total.settled, &total.currency)),
        ];
        let others = [
            (total.refunded, "refunded"),
            (total.received, "of it received"),
            (total.paid_out, "paid out"),
            (total.interest, "interest"),
        ];
        let some = others.iter().filter(|(amount, _)| *amount > 0);
        parts.extend(some.map(|(amount, what)| format!("{} {what}", money(*amount, &total.currency))));
        line("totals", parts.join(", "));
    }
    let qualified = &standing.qualified;
    if qualified.is {
        line("enough", style.paint(32, &format!("yes: {} in the window", months(qualified.had))));
    } else {
        let mut missing = Vec::new();
        if qualified.missing_months > 0 {
            missing.push(months(qualified.missing_months));
        }
        let either = [
            qualified.missing_days_one.map(|n| format!("{} with one payer", days(n))),
            qualified.missing_days_several.map(|n| format!("{} with all", days(n))),
        ];
        let either: Vec<String> = either.into_iter().flatten().collect();
        if standing.days.enough == Some(false) {
            missing.push(either.join(" or "));
        }
        let missing = style.paint(31, &format!("not yet: {} missing", missing.join(" and ")));
        line("enough", format!("{missing} ({} in the window)", months(qualified.had)));
    }
    if !standing.register.is_empty() {
        let _ = writeln!(out, "\n  earned and due:");
        let rows: Vec<Vec<String>> = standing
            .register
            .iter()
            .map(|l| {
                let state = match l.state {
                    Pay::Open => format!("open until {}", l.due),
                    Pay::Late => format!("LATE by {}", days(l.days_late)),
                    Pay::Part => format!("SHORT for {}", days(l.days_late)),
                    Pay::Paid => "paid".to_owned(),
                };
                let money = |minor| money(minor, &l.currency);
                vec![
                    l.month.clone(),
                    account(l.payer, came),
                    money(l.earned),
                    money(l.expected),
                    money(l.posted),
                    money(l.short),
                    money(l.interest),
                    state,
                ]
            })
            .collect();
        let titles = ["month", ">payer", ">earned", ">due", ">posted", ">short", ">interest", "state"];
        out.push_str(&table(&titles, &rows, style.width));
    }
    out
}
