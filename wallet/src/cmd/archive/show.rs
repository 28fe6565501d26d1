//! `peal archive show`: a carried history, as a passbook.

use peal_wallet::layout::Style;
use peal_wallet::passbook;
use peal_wallet::trouble::Trouble;
use serde_json::json;

use super::chosen;
use crate::cmd::Done;
use crate::cmd::context::{self, Common};

/// Show a carried history as a passbook, offline
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  peal archive show\n  peal archive show 2 --entries")]
pub(crate) struct Args {
    /// Its number in `peal archive list`; may be left out where there is one
    #[arg(value_name = "N")]
    number: Option<usize>,
    /// List every contribution and every engagement
    #[arg(long)]
    entries: bool,
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let c = common.read()?;
    let carried = chosen(&c, args.number)?;
    let place = format!("the history of {} on {}", carried.address, carried.origin);
    let verdict = carried.verdict(&c.trust, context::now()?).map_err(|e| e.at(place))?;
    let own = c.trust.ledger(&carried.origin).is_some();
    let trust = if own { "the wallet's own list" } else { "the list that it was imported with" };
    let received = carried.received;
    let text = format!(
        "  carried    since {received}, not kept up to date; trusted by {trust}\n{}",
        passbook::render(&verdict, None, args.entries, Style::of_stdout())
    );
    let mut json = json!(verdict);
    json["received"] = json!(received.to_string());
    json["trust"] = json!(if own { "wallet" } else { "import" });
    Ok(Done::well(text, json))
}
