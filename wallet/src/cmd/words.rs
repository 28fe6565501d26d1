//! `peal words`: the 24 words again, for whoever knows the passphrase.

use peal_wallet::trouble::Trouble;
use serde_json::json;

use super::Done;
use super::context::Common;

/// Show the 24 words again
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  peal words\n\nWhoever sees them has the account: look who stands behind you."
)]
pub(crate) struct Args {}

pub(crate) fn run(common: &Common, _: &Args) -> Result<Done, Trouble> {
    let phrase = common.read()?.words.phrase();
    let json = json!({ "words": phrase.as_str() });
    Ok(Done::well(super::open::grid(&phrase), json))
}
