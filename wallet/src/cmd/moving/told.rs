//! How far a move is, for people and as JSON.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use peal_spec::itinerary::{Itinerary, Leg, Owner, Progress, Step};
use peal_spec::value::Origin;
use peal_wallet::layout::table;
use peal_wallet::passbook::money;
use peal_wallet::trouble::Trouble;
use serde_json::json;

use super::{Both, shown_path};
use crate::cmd::{Done, open};

fn step(step: Step) -> &'static str {
    match step {
        Step::Opened => "account there opened",
        Step::Departed => "departure said here",
        Step::InForce => "departure in force",
        Step::Arrived => "arrival said there",
        Step::ArrivedAnew => "arrival said anew: records were added here",
        Step::Settled => "money on its way is settled here",
        Step::MoneyOut => "money leaves",
        Step::MoneyIn => "money comes",
        Step::Closed => "move closed",
    }
}

fn state(leg: &Leg) -> (String, String) {
    match leg.progress {
        Progress::Done { time, .. } => ("done".into(), time.to_string()),
        Progress::Waiting { until: Some(until) } => ("waiting".into(), format!("until {until}")),
        Progress::Waiting { until: None } => ("waiting".into(), String::new()),
        Progress::Late { since } => ("LATE".into(), format!("since {since}")),
        Progress::NotYet => ("not yet".into(), String::new()),
    }
}

fn amount(leg: &Leg) -> String {
    let (Some(currency), Some(own)) = (leg.currency, leg.own) else { return String::new() };
    let code = currency.to_string();
    let what = leg.insurance.map_or_else(String::new, |insurance| format!(" {insurance}"));
    match leg.pooled {
        Some(pooled) => {
            format!("{} + {} pooled{what}", money(Some(own), Some(&code)), money(Some(pooled), Some(&code)))
        }
        None => format!("{}{what}", money(Some(own), Some(&code))),
    }
}

/// Whose turn it is, in one sentence.
fn turn(itinerary: &Itinerary) -> String {
    if itinerary.is_over() {
        return "The move is done: all that left has come.".into();
    }
    let open: Vec<&Leg> = itinerary.legs.iter().filter(|leg| leg.is_open()).collect();
    match open.first() {
        Some(leg) => {
            let who = match leg.owner {
                Owner::Person => "you (run `peal move` again)",
                other => other.words(),
            };
            format!("It is the turn of {who} ({}).", step(leg.step))
        }
        None => "Nothing is to be done now.".into(),
    }
}

pub(super) fn done(
    both: &Both,
    itinerary: &Itinerary,
    origin: &Origin,
    (files, words, note): (&[PathBuf], Option<&str>, Option<&str>),
    wallet: &Path,
) -> Result<Done, Trouble> {
    let from = &both.old.contents.origin;
    let address = both.new.as_ref().and_then(|new| new.contents.address);
    let rows: Vec<Vec<String>> = itinerary
        .legs
        .iter()
        .map(|leg| {
            let (how, when) = state(leg);
            vec![step(leg.step).to_owned(), leg.owner.words().to_owned(), how, when, amount(leg)]
        })
        .collect();
    let mut text = format!("{from} → {origin}\n\n");
    text.push_str(&table(&["step", "whose", "state", "when", "money"], &rows, 160));
    let _ = writeln!(text, "\n{}", turn(itinerary));
    if let Some(address) = address {
        let _ = writeln!(text, "  address there  {address}");
        let _ = writeln!(text, "  wallet there   {}", shown_path(wallet));
    }
    for file in files {
        let who = if file.ends_with("history.peal") { "the fund here" } else { "the fund there" };
        let _ = writeln!(text, "  for {who}  {}", shown_path(file));
    }
    text.push_str(note.unwrap_or_default());
    if let Some(words) = words {
        let _ = writeln!(
            text,
            "\nThe keys of this account were changed once, so the new one has 24 words of its own. Write them down now:\n\n{}",
            open::grid(words)
        );
    }
    if !both.old_now.account.state.control.recovery.guardians.is_empty() {
        text.push_str("The guardians stay behind: name guardians there with `peal recover guard`.\n");
    }
    let json = json!({
        "words": words, "note": note, "from": from.to_string(), "to": origin.to_string(), "address": address.map(|a| a.to_string()),
        "wallet": shown_path(wallet), "over": itinerary.is_over(), "legs": itinerary.legs,
        "files": files.iter().map(|file| shown_path(file)).collect::<Vec<_>>(),
    });
    Ok(Done::well(text, json))
}
