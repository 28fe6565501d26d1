//! `peal claim remedy`: the party points to what it has done.

use peal_spec::address::Address;
use peal_spec::rights::Remedy;
use peal_spec::statement::{Body, ClaimRemedied};
use peal_wallet::trouble::Trouble;
use serde_json::json;

use crate::cmd::Done;
use crate::cmd::context::{self, Common};
use crate::cmd::single::Said;

/// Point to the records that put a claim right, as its party
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  peal claim remedy --account peal1... --claim 12 --record 15\n\n\
    Post the contribution, the correction or the award first. The person, or the bureau, closes the claim.")]
pub(crate) struct Args {
    /// The account that the claim is in
    #[arg(long, value_name = "ADDRESS")]
    account: Address,
    /// The claim, by its record
    #[arg(long, value_name = "N")]
    claim: u64,
    /// Records of the account that put it right, by their numbers
    #[arg(long = "record", value_name = "N", value_delimiter = ',', required = true)]
    records: Vec<u64>,
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let mut wallet = common.open()?;
    let who = wallet.contents.address()?;
    let remedy = Remedy(context::rising(&args.records));
    let body = Body::ClaimRemedied(ClaimRemedied { who, remedy });
    let said = Said::again(&wallet.contents, args.account, Some(args.claim), body);
    let recorded = said.say(&mut wallet, "remedy")?;
    let text = format!("Claim {} is remedied: record {}.\n", args.claim, recorded.sequence);
    Ok(Done::well(text, json!({ "claim": args.claim, "sequence": recorded.sequence })))
}
