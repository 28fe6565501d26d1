//! `peal consent list`: what others may do, and who looked, offline from the wallet's own copy.

use std::fmt::Write as _;

use peal_spec::copy::Folded;
use peal_spec::statement::Body;
use peal_spec::target::{Consented, Target};
use peal_spec::value::Time;
use peal_wallet::layout::{Style, clean, short};
use peal_wallet::trouble::Trouble;
use peal_wallet::wallet::Contents;
use serde_json::{Value, json};

use super::words;
use crate::cmd::Done;
use crate::cmd::context::{self, Common};

/// Show what others may do with the account, and who looked at it
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  peal consent list")]
pub(crate) struct Args {}

fn state(consented: &Consented, now: Time) -> &'static str {
    match consented {
        c if c.revoked => "taken back",
        c if c.used_up => "used up",
        c if now >= c.consent.until => "ended",
        _ => "holds",
    }
}

/// Who looked, in order.
fn looks(contents: &Contents, style: Style) -> Result<(String, Vec<Value>), Trouble> {
    let (mut out, mut all) = (String::new(), Vec::new());
    for row in &contents.copy()?.rows {
        let record = &row.record;
        let (who, looked, ground) = match row.statement.as_ref().and_then(|s| s.body().ok()) {
            Some(Body::Access(b)) => (b.who, b.looked, None),
            Some(Body::AccessUnasked(b)) => (b.who, b.looked, Some(b.says)),
            _ => continue,
        };
        let by = short(&who.to_string());
        let how = match (&ground, record.refers) {
            (Some(ground), _) => {
                style.paint(31, &format!("WITHOUT BEING ASKED, on the ground: {}", clean(ground.as_str())))
            }
            (None, Some(consent)) => format!("by consent {consent}"),
            (None, None) => String::new(),
        };
        let _ = writeln!(
            out,
            "  {} {by} looked {how}\n    for: {}; at: {}",
            record.time,
            clean(looked.purpose.as_str()),
            words(&looked.scope)
        );
        all.push(json!({
            "sequence": record.sequence, "time": record.time.to_string(), "who": who.to_string(), "consent": record.refers,
            "purpose": looked.purpose.to_string(), "scope": words(&looked.scope), "ground": ground.map(|g| g.to_string()),
        }));
    }
    Ok((out, all))
}

fn consents(folded: &Folded, now: Time, style: Style) -> (String, Vec<Value>) {
    let (mut out, mut all) = (String::new(), Vec::new());
    for (sequence, tracked) in &folded.targets {
        let Target::Consent(consented) = &tracked.target else { continue };
        let (consent, state) = (&consented.consent, state(consented, now));
        let rights: Vec<&str> = consent.rights.iter().map(|r| r.name()).collect();
        let colour = if state == "holds" { 33 } else { 2 };
        let _ = writeln!(
            out,
            "  {sequence:>4} {:<10} {} may {} until {}{}\n       for: {}; of: {}",
            style.paint(colour, state),
            short(&consent.grantee.to_string()),
            rights.join(", "),
            consent.until,
            if consent.once { ", once" } else { "" },
            clean(consent.purpose.as_str()),
            words(&consent.scope)
        );
        all.push(json!({
            "consent": sequence, "state": state, "grantee": consent.grantee.to_string(), "rights": rights, "once": consent.once,
            "purpose": consent.purpose.to_string(), "scope": words(&consent.scope), "until": consent.until.to_string(),
            "uses": tracked.records.len() - 1 - usize::from(consented.revoked),
        }));
    }
    (out, all)
}

pub(crate) fn run(common: &Common, _: &Args) -> Result<Done, Trouble> {
    let (contents, now) = (common.read()?, context::now()?);
    let (folded, _) = context::checked(common, &contents, now)?;
    let style = Style::of_stdout();
    let (held, consents) = consents(&folded, now, style);
    let (seen, looks) = looks(&contents, style)?;
    let mut text = if held.is_empty() {
        "Nobody was given a consent.\n".to_owned()
    } else {
        format!("Consents:\n{held}")
    };
    text += &if seen.is_empty() { "Nobody looked.\n".to_owned() } else { format!("Who looked:\n{seen}") };
    Ok(Done::well(text, json!({ "consents": consents, "accesses": looks })))
}
