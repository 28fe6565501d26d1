//! `peal ledgers show`: the trust list of one ledger.

use std::io::Write as _;

use peal_spec::value::Origin;
use peal_wallet::trouble::Trouble;
use serde_json::json;

use super::Place;
use crate::cmd::Done;
use crate::cmd::context::{self, Common};

/// Show the trust list of one ledger of the directory that is kept
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  peal ledgers show ledger.example/1 > trust.txt\n\n\
    The list is for `peal verify --trust`, `peal open --trust` and all that takes a trust list. A ledger that is barred has none.")]
pub(crate) struct Args {
    /// The ledger's name
    #[arg(value_name = "ORIGIN")]
    origin: Origin,
    #[command(flatten)]
    place: Place,
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let (kept, now) = (args.place.open(common)?, context::now()?);
    let found = kept.find(&args.origin, now)?;
    if found.stale {
        let _ = writeln!(
            std::io::stderr().lock(),
            "peal: warning: the directory is stale: it expired at {}; a newer one may say otherwise: peal ledgers update",
            kept.directory.expires
        );
    }
    let json = json!({
        "origin": args.origin.to_string(), "list": found.list, "url": found.url, "ended": found.ended.is_some(), "stale": found.stale,
    });
    Ok(Done::well(found.list, json))
}
