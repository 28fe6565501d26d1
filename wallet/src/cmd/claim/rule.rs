//! `peal claim rule`: the bureau decides.

use peal_spec::address::Address;
use peal_spec::rights::{Decision, Outcome, Says};
use peal_spec::statement::{Body, Ruling};
use peal_spec::value::Time;
use peal_wallet::trouble::Trouble;
use serde_json::json;

use crate::cmd::Done;
use crate::cmd::context::{self, Common};
use crate::cmd::single::Said;

/// Rule on a claim, as the bureau that it is before
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  peal claim rule --account peal1... --claim 12 --outcome upheld --within 30 --says \"the orders show it\"\n  \
    peal claim rule --account peal1... --claim 12 --outcome rejected --says \"record 4 is that payment\"\n\n\
    A party that has not answered is given 15 days from the claim before anybody rules."
)]
pub(crate) struct Args {
    /// The account that the claim is in
    #[arg(long, value_name = "ADDRESS")]
    account: Address,
    /// The claim, by its record
    #[arg(long, value_name = "N")]
    claim: u64,
    /// upheld, in-part or rejected
    #[arg(long, value_name = "OUTCOME")]
    outcome: Outcome,
    /// The time until which the party has to act
    #[arg(long, value_name = "TIME", conflicts_with = "within")]
    by: Option<Time>,
    /// In how many days it has to act, to the end, in UTC, of the last
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u64).range(1..=3_650))]
    within: Option<u64>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    says: Says,
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let now = context::now()?;
    let by = args.by.or(args.within.and_then(|days| context::end_of_day_in(days, now)));
    if by.is_some() == (args.outcome == Outcome::Rejected) {
        let (what, remedy) = match by {
            Some(_) => ("who is in the right has nothing to do", "leave out --by and --within"),
            None => ("the party is not told until when it has to act", "add --within DAYS"),
        };
        return Err(Trouble::unusable(what, format!("--outcome {}", args.outcome), remedy));
    }
    let mut wallet = common.open()?;
    let who = wallet.contents.address()?;
    let ruling = Decision { outcome: args.outcome, by };
    let body = Body::Ruling(Ruling { who, ruling, says: args.says.clone() });
    let said = Said::again(&wallet.contents, args.account, Some(args.claim), body);
    let recorded = said.say(&mut wallet, "rule")?;
    let until = by.map_or_else(String::new, |by| format!(" The party has until {by} to act."));
    let text = format!("Claim {} is {}: record {}.{until}\n", args.claim, args.outcome, recorded.sequence);
    let json = json!({
        "claim": args.claim, "outcome": args.outcome.name(), "by": by.map(|t| t.to_string()), "sequence": recorded.sequence,
    });
    Ok(Done::well(text, json))
}
