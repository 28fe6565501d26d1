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
        "You have said no: record {}. `peal recover status` shows what is left: what guardians and a bureau agree on is not stopped by it.\n\
         What was vetoed still counts beside a bureau's word. If you did not ask for it, `peal recover guard` takes it out, names other \
         guardians and changes the keys.\n",
        recorded.sequence
    );
    let json = json!({ "account": account.to_string(), "sequence": recorded.sequence });
    Ok(Done::well(text, json))
}
