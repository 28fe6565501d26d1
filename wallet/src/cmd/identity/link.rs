//! `peal identity link`: two accounts are one person's.

use peal_spec::address::Address;
use peal_spec::identity::Link;
use peal_spec::statement::{AccountLinked, Body};
use peal_spec::verify::LinkShown;
use peal_wallet::trouble::Trouble;
use serde_json::json;

use crate::cmd::Done;
use crate::cmd::context::{self, Common};
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
    if account == who && wallet.contents.copy().is_ok() {
        // The same link twice would have to be withdrawn twice.
        let (_, verdict) = context::checked(common, &wallet.contents, context::now()?)?;
        let other = Some(args.with.to_string());
        let stands = |link: &&LinkShown| link.stands == Some(true) && link.other == other;
        if let Some(link) = verdict.links.iter().find(stands) {
            let text = format!("{account} is linked already: record {}.\n", link.sequence);
            return Ok(Done::well(
                text,
                json!({ "links": [{ "account": account.to_string(), "sequence": link.sequence }] }),
            ));
        }
    }
    for (about, other) in said_in {
        let body = Body::AccountLinked(AccountLinked { who, link: Link(*other) });
        // A bureau has no copy of these accounts to look into: what it said once it does not say again.
        let said = Said { again: account == who, ..Said::again(&wallet.contents, *about, None, body) };
        let recorded = said.say(&mut wallet, "account-linked")?;
        text.push_str(&format!(
            "{about} is linked: record {} {}, by which it can be withdrawn.\n",
            recorded.sequence,
            recorded.how()
        ));
        records.push(json!({ "account": about.to_string(), "sequence": recorded.sequence }));
    }
    if account == who {
        text.push_str("It counts when the other account says so, too: run this from its wallet.\n");
    }
    Ok(Done::well(text, json!({ "links": records })))
}
