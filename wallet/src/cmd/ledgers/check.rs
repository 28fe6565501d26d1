//! `peal ledgers check`: which of the answers the directory has for one ledger.

use peal_spec::ledgers::Entry;
use peal_spec::value::Origin;
use peal_wallet::trouble::Trouble;
use serde_json::json;

use super::Place;
use crate::cmd::Done;
use crate::cmd::context::{self, Common};

/// Ask the directory that is kept about one ledger
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  peal ledgers check ledger.example/1\n\n\
    Exit codes: 0 known; 4 unknown: not in the directory, which is not the same as bad; 5 ended: what it said until its last\n\
    checkpoint counts; 6 barred: trust it no more; 7 stale: known or unknown in a directory that has expired, so that a newer\n\
    one may say otherwise. Barred and ended are said of a stale directory as well.")]
pub(crate) struct Args {
    /// The ledger's name
    #[arg(value_name = "ORIGIN")]
    origin: Origin,
    #[command(flatten)]
    place: Place,
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let (kept, now) = (args.place.open(common)?, context::now()?);
    let (directory, origin) = (&kept.directory, &args.origin);
    let answer = directory.lookup(origin, now);
    let (mut code, state, mut text) = match answer.entry {
        Entry::Known(_) => (0, "known", format!("{origin} is known.\n")),
        Entry::Unknown => (
            4,
            "unknown",
            format!("{origin} is unknown: the directory says nothing bad of it, and nothing good.\n"),
        ),
        Entry::Ended(_, last) => (
            5,
            "ended",
            format!("{origin} has ended, at {} entries: what it said until then counts.\n", last.size),
        ),
        Entry::Barred(reason) => (6, "barred", format!("{origin} is barred: {reason}\n")),
    };
    if answer.stale {
        code = if matches!(answer.entry, Entry::Known(_) | Entry::Unknown) { 7 } else { code };
        text.push_str(&format!(
            "The directory is stale: it expired at {}. A newer one may say otherwise: peal ledgers update\n",
            directory.expires
        ));
    }
    let block = directory.block(origin);
    let url = block.and_then(|b| b.url.as_ref()).map(ToString::to_string);
    let reason = block.and_then(|b| b.barred.as_ref()).map(ToString::to_string);
    let json = json!({
        "origin": origin.to_string(), "state": state, "stale": answer.stale, "url": url, "reason": reason,
        "version": directory.version, "expires": directory.expires.to_string(),
    });
    Ok(Done::with_code(code, text, json))
}
