//! `peal claim list`: how far one's claims are, whose turn it is, and until when, offline from the wallet's own copy.

use std::fmt::Write as _;

use peal_spec::statement::Body;
use peal_spec::target::{Claimed, Target, Turn};
use peal_spec::value::Time;
use peal_wallet::layout::{Style, clean, short, span};
use peal_wallet::passbook;
use peal_wallet::trouble::Trouble;
use serde_json::json;

use crate::cmd::Done;
use crate::cmd::context::{self, Common};

/// Show one's claims: how far they are, whose turn it is, until when
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  peal claim list")]
pub(crate) struct Args {}

/// Whose turn it is, and how much time is left.
fn words(claimed: &Claimed, (turn, until): (Turn, Option<Time>), now: Time) -> (String, bool) {
    let who = match turn {
        Turn::Party => format!("the party {}", short(&claimed.party.to_string())),
        Turn::Bureau => format!("the bureau {}", short(&claimed.bureau.to_string())),
        Turn::Person => return ("it is yours to close".to_owned(), false),
        Turn::Nobody => return ("done".to_owned(), false),
    };
    let (text, late) = passbook::deadline(&who, until, now);
    let left = until.and_then(|until| until.seconds().checked_sub(now.seconds()));
    (left.map_or(text.clone(), |left| format!("{text} ({} left)", span(left))), late)
}

pub(crate) fn run(common: &Common, _: &Args) -> Result<Done, Trouble> {
    let (contents, now) = (common.read()?, context::now()?);
    let (folded, _) = context::checked(common, &contents, now)?;
    let style = Style::of_stdout();
    let (mut text, mut all) = (String::new(), Vec::new());
    for (sequence, tracked) in &folded.targets {
        let Target::Claim(claimed) = &tracked.target else { continue };
        let rows = &contents.copy()?.rows;
        let body = |at: u64| rows.get(at as usize)?.statement.as_ref()?.body().ok();
        let (claim, says) = match body(*sequence) {
            Some(Body::Claim(b)) => (b.claim, b.says),
            Some(Body::ClaimFor(b)) => (b.claim, b.says),
            _ => continue,
        };
        let (turn, until) = claimed.clock(now);
        let (whose, late) = words(claimed, (turn, until), now);
        let what = [claim.insurance.map(|i| i.to_string()), claim.months.map(|m| m.to_string())];
        let what: Vec<String> = what.into_iter().flatten().collect();
        let _ = writeln!(
            text,
            "  {sequence:>4} {} {} {}, filed {}\n       {}\n       {}",
            style.paint(1, claimed.stage.word()),
            claim.kind,
            what.join(" "),
            claimed.filed,
            clean(says.as_str()),
            if late { style.paint(31, &whose) } else { whose }
        );
        for at in tracked.records.iter().skip(1) {
            let (how, words) = match body(*at) {
                Some(Body::ClaimAnswered(b)) if b.answer.accepts => ("accepted", b.says.to_string()),
                Some(Body::ClaimAnswered(b)) => ("contested", b.says.to_string()),
                Some(Body::Ruling(b)) => (b.ruling.outcome.name(), b.says.to_string()),
                Some(Body::ClaimRemedied(b)) => {
                    let records: Vec<String> = b.remedy.0.iter().map(ToString::to_string).collect();
                    ("remedied", format!("by record {}", records.join(", ")))
                }
                Some(Body::ClaimClosed(b)) => ("closed", b.says.to_string()),
                _ => continue,
            };
            let time = rows.get(*at as usize).map_or_else(String::new, |row| row.record.time.to_string());
            let _ = writeln!(text, "         {time} {how}: {}", clean(&words));
        }
        all.push(json!({
            "claim": sequence, "kind": claim.kind.name(), "stage": claimed.stage, "filed": claimed.filed.to_string(),
            "party": claimed.party.to_string(), "bureau": claimed.bureau.to_string(), "says": says.to_string(),
            "turn": turn, "until": until.map(|t| t.to_string()), "late": late,
            "records": tracked.records,
        }));
    }
    if text.is_empty() {
        "No claim was filed.\n".clone_into(&mut text);
    }
    Ok(Done::well(text, json!(all)))
}
