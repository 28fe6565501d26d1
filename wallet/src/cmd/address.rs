//! `peal address`: the account's address, to be given to payers.

use peal_wallet::trouble::Trouble;
use serde_json::json;

use super::Done;
use super::context::Common;

/// Show the account's address
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  peal address")]
pub(crate) struct Args {}

pub(crate) fn run(common: &Common, _: &Args) -> Result<Done, Trouble> {
    let contents = common.read()?;
    let (address, origin) = (contents.address()?.to_string(), contents.origin.to_string());
    let json = json!({ "address": address, "origin": origin });
    Ok(Done::well(address, json))
}
