//! `peal show`: the passbook, from the wallet's own copy.

use peal_wallet::layout::Style;
use peal_wallet::moving;
use peal_wallet::passbook;
use peal_wallet::recovery;
use peal_wallet::trouble::Trouble;
use serde_json::json;

use super::Done;
use super::context::{self, Common};

/// Show the passbook, offline, from the wallet's own copy
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  peal show\n  peal show --entries")]
pub(crate) struct Args {
    /// List every contribution and every engagement
    #[arg(long)]
    entries: bool,
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let c = common.read()?;
    let (folded, verdict) = context::checked(common, &c, context::now()?)?;
    let style = Style::of_stdout();
    let warning = recovery::warning(&folded.account);
    let departs = moving::warning(&folded.account, context::now()?);
    let text = passbook::render(&verdict, c.synced, args.entries, style);
    let text =
        warning.iter().chain(&departs).map(|w| format!("{}\n", style.paint(31, w))).collect::<String>()
            + &text;
    let mut json = json!(verdict);
    json["synced"] = json!(c.synced.map(|t| t.to_string()));
    json["recovery_pending"] = json!(warning.is_some());
    json["departs"] = json!(departs.is_some());
    Ok(Done::well(text, json))
}
