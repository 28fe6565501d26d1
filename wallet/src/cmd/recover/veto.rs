//! `peal recover veto`: whoever holds the present key says that nobody is to take over.

use peal_spec::statement::{Body, RecoveryVetoed};
use peal_wallet::trouble::Trouble;
use serde_json::json;

use crate::cmd::Done;
use crate::cmd::context::Common;
use crate::cmd::single::{self, Said};

/// Say no to a recovery of this account that is not yours
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  peal recover veto\n\n\
    Approvals of guardians alone, or of one bureau alone, are taken out. What guardians and a bureau say together stays: go to that bureau.")]
pub(crate) struct Args {}

pub(crate) fn run(common: &Common, _: &Args) -> Result<Done, Trouble> {
    let mut wallet = common.open()?;
    let (account, generation) = (wallet.contents.address()?, wallet.contents.generation);
    let body = Body::RecoveryVetoed(RecoveryVetoed { who: account });
    let said = Said { account, refers: None, month: None, body, generation, again: true };
    let recorded = single::say(&mut wallet, "recover-veto", &[], said)?;
    let text = format!(
        "Nobody takes over the account: record {}. If you do not know who tried, rotate the keys (`peal rotate`) and tell a bureau.\n",
        recorded.sequence
    );
    let json = json!({ "account": account.to_string(), "sequence": recorded.sequence });
    Ok(Done::well(text, json))
}
