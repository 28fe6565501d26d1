//! `peal identity withdraw`: a binding or a link was wrong, or is over.

use peal_spec::address::Address;
use peal_spec::rights::Says;
use peal_spec::statement::{Body, Withdrawn};
use peal_wallet::bound::Bindings;
use peal_wallet::trouble::Trouble;
use serde_json::json;

use crate::cmd::Done;
use crate::cmd::context::Common;
use crate::cmd::single::Said;

/// Withdraw a binding or a link: your own, or as a bureau any
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  peal identity withdraw peal1... 12 --because \"another person of the same name\"\n\n\
    Both stay seen: what was said, and that it was withdrawn. The person can then be bound to another account."
)]
pub(crate) struct Args {
    /// The account
    #[arg(value_name = "ADDRESS")]
    account: Address,
    /// The record that binds or links it
    #[arg(value_name = "RECORD")]
    record: u64,
    /// Why, for people: up to 512 bytes
    #[arg(long = "because", value_name = "TEXT")]
    says: Says,
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let mut wallet = common.open()?;
    let body = Body::Withdrawn(Withdrawn { who: wallet.contents.address()?, says: args.says.clone() });
    let said = Said { again: false, ..Said::again(&wallet.contents, args.account, Some(args.record), body) };
    let mut bindings = Bindings::of(&wallet)?;
    let recorded = said.say(&mut wallet, "withdrawn")?;
    bindings.withdrawn(&wallet, args.account, args.record)?;
    let text = format!(
        "Record {} of {} stands no more: record {} {}.\n",
        args.record,
        args.account,
        recorded.sequence,
        recorded.how()
    );
    Ok(Done::well(
        text,
        json!({ "account": args.account.to_string(), "record": args.record, "sequence": recorded.sequence }),
    ))
}
