//! `peal consent take-back`: from now on somebody may no longer.

use peal_spec::statement::{Body, ConsentRevoked};
use peal_wallet::trouble::Trouble;
use serde_json::json;

use crate::cmd::Done;
use crate::cmd::context::Common;
use crate::cmd::single::Said;

/// Take a consent back, at once
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  peal consent take-back 12")]
pub(crate) struct Args {
    /// The consent, by the number that `peal consent list` shows
    #[arg(value_name = "N")]
    consent: u64,
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let mut wallet = common.open()?;
    let who = wallet.contents.address()?;
    let body = Body::ConsentRevoked(ConsentRevoked { who });
    let recorded =
        Said::again(&wallet.contents, who, Some(args.consent), body).say(&mut wallet, "take-back")?;
    let text = format!(
        "Consent {} is taken back: record {}. What was shown before cannot be unseen.\n",
        args.consent, recorded.sequence
    );
    Ok(Done::well(text, json!({ "consent": args.consent, "sequence": recorded.sequence })))
}
