//! `peal claim close`: the person, or the bureau, says that a claim is done with.

use peal_spec::address::Address;
use peal_spec::rights::Says;
use peal_spec::statement::{Body, ClaimClosed};
use peal_wallet::trouble::Trouble;
use serde_json::json;

use crate::cmd::Done;
use crate::cmd::context::Common;
use crate::cmd::single::Said;

/// Close a claim: the person at any time, the bureau when it is rejected or remedied
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  peal claim close --claim 12 --says \"the money is there\"")]
pub(crate) struct Args {
    /// The account that the claim is in [default: one's own]
    #[arg(long, value_name = "ADDRESS")]
    account: Option<Address>,
    /// The claim, by its record
    #[arg(long, value_name = "N")]
    claim: u64,
    /// Why
    #[arg(long, value_name = "TEXT")]
    says: Says,
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let mut wallet = common.open()?;
    let who = wallet.contents.address()?;
    let body = Body::ClaimClosed(ClaimClosed { who, says: args.says.clone() });
    let account = args.account.unwrap_or(who);
    let recorded =
        Said::again(&wallet.contents, account, Some(args.claim), body).say(&mut wallet, "close")?;
    let text = format!("Claim {} is closed: record {}.\n", args.claim, recorded.sequence);
    Ok(Done::well(text, json!({ "claim": args.claim, "sequence": recorded.sequence })))
}
