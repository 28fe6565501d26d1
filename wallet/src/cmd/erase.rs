//! `peal erase`: the contents of an engagement or of a claim are to go.

use peal_spec::address::Address;
use peal_spec::rights::Says;
use peal_spec::statement::{Body, Erased};
use peal_wallet::trouble::Trouble;
use serde_json::json;

use crate::cmd::Done;
use crate::cmd::context::Common;
use crate::cmd::single::Said;

/// Have the contents of an engagement or a closed claim erased
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  peal erase 12 --because \"nobody's business any more\"\n  peal erase 12 --account peal1... --because \"order 7 of the court\"\n\n\
    Of a claim all goes that was said to it: answers, rulings, remedies, the closing. The ledger gives the contents to nobody from then on, and\n\
    deletes them. That a record was there, its type, time and month stay seen, and every proof of everything else holds. Contributions,\n\
    payments, keys and consents cannot be erased. What others hold a copy of, and this wallet's own copy, is not reached."
)]
pub(crate) struct Args {
    /// The engagement or the claim, by its record
    #[arg(value_name = "RECORD")]
    record: u64,
    /// The account that it is in [default: one's own]
    #[arg(long, value_name = "ADDRESS")]
    account: Option<Address>,
    /// Why; of a bureau by which order: up to 512 bytes, which stay
    #[arg(long = "because", value_name = "TEXT")]
    says: Says,
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let mut wallet = common.open()?;
    let who = wallet.contents.address()?;
    let body = Body::Erased(Erased { who, says: args.says.clone() });
    let account = args.account.unwrap_or(who);
    // What is erased is erased for good: the same again is the same thing.
    let said = Said { again: false, ..Said::again(&wallet.contents, account, Some(args.record), body) };
    let recorded = said.say(&mut wallet, "erased")?;
    let text = format!(
        "Record {} of {account} is erased: record {} {}. The ledger gives its contents to nobody any more.\n",
        args.record,
        recorded.sequence,
        recorded.how()
    );
    Ok(Done::well(
        text,
        json!({ "account": account.to_string(), "record": args.record, "sequence": recorded.sequence }),
    ))
}
