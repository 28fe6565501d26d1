//! `peal rotate`: the pre-committed next key takes over. Signed by the new key, alone in its posting.

use peal_spec::statement::{Body, Rotated};
use peal_wallet::trouble::Trouble;
use serde_json::json;

use super::Done;
use super::context::Common;
use super::single::{self, Said};

/// Change to the next keys, which come from the same 24 words
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  peal rotate\n\nUse it when somebody may have copied the wallet file; if the words may be known, move to a new account."
)]
pub(crate) struct Args {}

pub(crate) fn run(common: &Common, _: &Args) -> Result<Done, Trouble> {
    let mut wallet = common.open()?;
    let account = wallet.contents.address()?;
    let next = wallet.contents.generation + 1;
    let body = Body::Rotated(Rotated { who: account, keys: wallet.contents.chain().keys(next) });
    let said = Said { account, refers: None, month: None, body, generation: next, again: false };
    let recorded =
        single::say(&mut wallet, "rotate", &[&next.to_be_bytes()], said).map_err(single::keys_changed)?;
    (wallet.contents.generation, wallet.contents.reading) = (next, next);
    wallet.save()?;
    let text = format!("The keys are changed (rotation {next}): record {}.\n", recorded.sequence);
    let json = json!({ "account": account.to_string(), "generation": next, "sequence": recorded.sequence });
    Ok(Done::well(text, json))
}
