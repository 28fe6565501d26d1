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
    What guardians alone, or a bureau alone, approve of is stopped. What both agree on is not: go to that bureau.")]
pub(crate) struct Args {}

pub(crate) fn run(common: &Common, _: &Args) -> Result<Done, Trouble> {
    let mut wallet = common.open()?;
    let (account, generation) = (wallet.contents.address()?, wallet.contents.generation);
    let said = || {
        let body = Body::RecoveryVetoed(RecoveryVetoed { who: account });
        Said { account, refers: None, month: None, body, generation, again: true }
    };
    let recorded = single::say_now(&mut wallet, "recover-veto", &[], &said, "nothing-pending")?;
    let text = format!(
        "You have said no: record {}. What guardians and a bureau agree on is not stopped by it; `peal recover status` shows what is left.\n\
         If you do not know who tried, rotate the keys (`peal rotate`) and tell a bureau.\n",
        recorded.sequence
    );
    let json = json!({ "account": account.to_string(), "sequence": recorded.sequence });
    Ok(Done::well(text, json))
}
