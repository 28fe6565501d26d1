//! `peal ledgers list`: all ledgers of the directory that is kept.

use peal_spec::ledgers::Entry;
use peal_wallet::layout::{Style, table};
use peal_wallet::trouble::Trouble;
use serde_json::{Value, json};

use super::Place;
use crate::cmd::Done;
use crate::cmd::context::{self, Common};

/// List the ledgers of the directory that is kept
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  peal ledgers list")]
pub(crate) struct Args {
    #[command(flatten)]
    place: Place,
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let (kept, now) = (args.place.open(common)?, context::now()?);
    let directory = &kept.directory;
    let (mut rows, mut ledgers): (Vec<Vec<String>>, Vec<Value>) = (Vec::new(), Vec::new());
    for block in &directory.blocks {
        let origin = &block.ledger.origin;
        let (state, reason) = match directory.lookup(origin, now).entry {
            Entry::Barred(reason) => ("barred", reason.to_string()),
            Entry::Ended(..) => ("ended", String::new()),
            Entry::Known(_) | Entry::Unknown => ("known", String::new()),
        };
        let url = block.url.as_ref().map(ToString::to_string);
        ledgers.push(json!({ "origin": origin.to_string(), "url": url, "state": state, "reason": reason }));
        rows.push(vec![origin.to_string(), state.into(), url.unwrap_or_default(), reason]);
    }
    let stale = directory.is_stale(now);
    let text = format!(
        "{}, version {}, issued {}, {} {}\n{}",
        directory.name,
        directory.version,
        directory.issued,
        if stale { "STALE since" } else { "good until" },
        directory.expires,
        table(&["ledger", "state", "url", "why"], &rows, Style::of_stdout().width)
    );
    let json = json!({
        "name": directory.name.to_string(), "version": directory.version, "issued": directory.issued.to_string(),
        "expires": directory.expires.to_string(), "stale": stale, "key": kept.pinned.key.to_string(), "ledgers": ledgers,
    });
    Ok(Done::well(text, json))
}
