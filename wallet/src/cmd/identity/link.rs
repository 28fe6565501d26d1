//! `peal identity link`: two accounts are one person's.

use peal_spec::address::Address;
use peal_spec::identity::Link;
use peal_spec::statement::{AccountLinked, Body};
use peal_wallet::trouble::Trouble;
use serde_json::json;

use crate::cmd::Done;
use crate::cmd::context::Common;
use crate::cmd::single::Said;

/// Say that two accounts are one person's; nothing in them is rewritten
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  peal identity link --with peal1...                       as the person: then the same from the other account\n  \
    peal identity link --account peal1... --with peal1...    as a bureau: in both accounts at once\n\n\
    A link counts when both accounts have it. `peal standing --also OTHER.wallet` then adds both up."
)]
pub(crate) struct Args {
    /// As a bureau: one of the two accounts [default: this wallet's own]
    #[arg(long, value_name = "ADDRESS")]
    account: Option<Address>,
    /// The other account
    #[arg(long, value_name = "ADDRESS")]
    with: Address,
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let mut wallet = common.open()?;
    let who = wallet.contents.address()?;
    let account = args.account.unwrap_or(who);
    let both = [(account, args.with), (args.with, account)];
    let said_in = if account == who { &both[..1] } else { &both[..] };
    let (mut text, mut records) = (String::new(), Vec::new());
    for (about, other) in said_in {
        let body = Body::AccountLinked(AccountLinked { who, link: Link(*other) });
        // The same again is the same link: withdrawn, it is said anew by another document of the bureau's or not at all.
        let recorded =
            Said::again(&wallet.contents, *about, None, body).say(&mut wallet, "account-linked")?;
        text.push_str(&format!(
            "{about} is linked: record {}, by which it can be withdrawn.\n",
            recorded.sequence
        ));
        records.push(json!({ "account": about.to_string(), "sequence": recorded.sequence }));
    }
    if account == who {
        text.push_str("It counts when the other account says so, too: run this from its wallet.\n");
    }
    Ok(Done::well(text, json!({ "links": records })))
}
