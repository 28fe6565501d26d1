//! `peal vouch`: a guardian or a bureau vouches for a departure, so that it need not wait for the account's delay.

use peal_spec::address::Address;
use peal_spec::statement::{Body, DepartureApproved};
use peal_wallet::trouble::Trouble;
use serde_json::json;

use super::Done;
use super::context::Common;
use super::single::Said;

/// Vouch for somebody's departure, as her guardian or a bureau
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  peal vouch peal1... --departure 12\n\n\
    Ask her first, by voice or face to face: whoever has stolen her key could have said it. When as many guardians as her account needs have\n\
    vouched, or one bureau, the departure is in force at once.")]
pub(crate) struct Args {
    /// The account that departs
    #[arg(value_name = "ADDRESS")]
    account: Address,
    /// The departure's sequence in it
    #[arg(long, value_name = "N")]
    departure: u64,
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let mut wallet = common.open()?;
    let body = Body::DepartureApproved(DepartureApproved { who: wallet.contents.address()? });
    let said = Said::again(&wallet.contents, args.account, Some(args.departure), body);
    let recorded = said.say(&mut wallet, "departure-approved")?;
    let text = format!(
        "The departure in record {} {} as vouched for in record {}.\n",
        args.departure,
        recorded.how(),
        recorded.sequence
    );
    let json = json!({
        "account": args.account.to_string(), "departure": args.departure, "sequence": recorded.sequence,
    });
    Ok(Done::well(text, json))
}
