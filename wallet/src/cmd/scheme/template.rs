//! `peal scheme template`: a pack to begin one's own from.

use peal_spec::scheme::TEMPLATE;
use peal_wallet::trouble::Trouble;
use serde_json::json;

use super::super::Done;

/// Print a pack with every construct, to begin one's own from
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  peal scheme template > ruritania.toml")]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args) -> Result<Done, Trouble> {
    Ok(Done::well(TEMPLATE, json!({ "text": TEMPLATE })))
}
