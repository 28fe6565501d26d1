//! `peal ledgers update`: a newer version in the place of the one that is kept.

use peal_wallet::ledgers::{Kept, fetch};
use peal_wallet::trouble::Trouble;
use serde_json::json;

use super::Place;
use crate::cmd::Done;
use crate::cmd::context::{self, Common};

/// Take a newer version of the directory that is pinned
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  peal ledgers update https://directory.example/ledgers.note\n\n\
    It is taken if the pinned key has signed it, or the key that the version before has named as next, and if it is not older\n\
    than what was seen. Else the one that is kept stays.")]
pub(crate) struct Args {
    /// The signed directory
    #[arg(value_name = "FILE|URL")]
    source: String,
    #[command(flatten)]
    place: Place,
}

/// What is kept now.
pub(super) fn told(kept: &Kept, how: &str) -> Done {
    let (directory, key) = (&kept.directory, kept.pinned.key.to_string());
    let text = format!(
        "Version {} of {} {how}: {} ledgers, until {}, signed by\n  {key}\n",
        directory.version,
        directory.name,
        directory.blocks.len(),
        directory.expires
    );
    let json = json!({
        "name": directory.name.to_string(), "version": directory.version, "expires": directory.expires.to_string(),
        "ledgers": directory.blocks.len(), "key": key,
    });
    Done::well(text, json)
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let (path, note) = (args.place.path(common)?, fetch(&args.source)?);
    Ok(told(&Kept::update(&path, &note, &args.source, context::now()?)?, "is kept"))
}
