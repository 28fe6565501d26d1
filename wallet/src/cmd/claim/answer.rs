//! `peal claim answer`: the party says what it has to say.

use peal_spec::address::Address;
use peal_spec::rights::{Answer, Says};
use peal_spec::statement::{Body, ClaimAnswered};
use peal_wallet::trouble::Trouble;
use serde_json::json;

use crate::cmd::Done;
use crate::cmd::context::{self, Common};
use crate::cmd::single::Said;

/// Answer a claim, as the party that it is against
#[derive(Debug, clap::Args)]
#[command(
    group = clap::ArgGroup::new("how").required(true).args(["accept", "contest"]),
    after_help = "Example:\n  peal claim answer --account peal1... --claim 12 --accept --says \"it was overlooked and will be posted\"\n  \
    peal claim answer --account peal1... --claim 12 --contest --record 4 --says \"it was paid: see record 4\""
)]
pub(crate) struct Args {
    /// The account that the claim is in
    #[arg(long, value_name = "ADDRESS")]
    account: Address,
    /// The claim, by its record
    #[arg(long, value_name = "N")]
    claim: u64,
    /// It is right
    #[arg(long)]
    accept: bool,
    /// It is not
    #[arg(long)]
    contest: bool,
    /// Records of the account that show it, by their numbers
    #[arg(long = "record", value_name = "N", value_delimiter = ',')]
    records: Vec<u64>,
    /// In words
    #[arg(long, value_name = "TEXT")]
    says: Says,
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let mut wallet = common.open()?;
    let answer = Answer { accepts: args.accept, records: context::rising(&args.records) };
    let who = wallet.contents.address()?;
    let body = Body::ClaimAnswered(ClaimAnswered { who, answer, says: args.says.clone() });
    let said = Said::again(&wallet.contents, args.account, Some(args.claim), body);
    let recorded = said.say(&mut wallet, "answer")?;
    let (how, then) = if args.accept {
        ("accepted", "Put it right, and say so with `peal claim remedy`.")
    } else {
        ("contested", "The bureau rules.")
    };
    let text = format!("Claim {} is {how}: record {}. {then}\n", args.claim, recorded.sequence);
    Ok(Done::well(
        text,
        json!({ "claim": args.claim, "accepts": args.accept, "sequence": recorded.sequence }),
    ))
}
