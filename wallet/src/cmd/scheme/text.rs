//! `peal scheme text`: a pack as it is written.

use peal_wallet::trouble::Trouble;
use serde_json::json;

use super::super::Done;
use super::super::pack::text_of;

/// Print the TOML of a scheme that comes with PEAL
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  peal scheme text fr-micro\n  peal scheme text fr-micro > mine.toml")]
pub(crate) struct Args {
    /// The scheme
    id: String,
}

pub(crate) fn run(args: &Args) -> Result<Done, Trouble> {
    let text = text_of(&args.id)?;
    Ok(Done::well(text, json!({ "id": args.id, "text": text })))
}
