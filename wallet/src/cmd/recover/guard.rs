//! `peal recover guard`: who may help from now on. The pre-committed next key takes over with it, alone in its posting.

use peal_spec::cbor::Cbor;
use peal_spec::statement::{Body, RecoveryChanged};
use peal_wallet::layout::span;
use peal_wallet::trouble::Trouble;
use serde_json::json;

use crate::cmd::Done;
use crate::cmd::context::Common;
use crate::cmd::open::Guardians;
use crate::cmd::single::{self, Said};

/// Name the guardians of this account, in place of those before. The keys change with it
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  peal recover guard --guardian peal1... peal1... peal1... --need 2\n  peal recover guard      nobody: only a bureau can help, after 30 days\n\n\
    Ask them first. They see nothing of your account; together they can give it to new keys, and you have the delay to say no."
)]
pub(crate) struct Args {
    #[command(flatten)]
    guardians: Guardians,
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let recovery = args.guardians.policy()?;
    let mut wallet = common.open()?;
    let account = wallet.contents.address()?;
    if recovery.guardians.contains(&account) {
        return Err(Trouble::unusable("an account is not its own guardian", "--guardian", "name others"));
    }
    let next = wallet.contents.generation + 1;
    let keys = wallet.contents.chain().keys(next);
    let (count, need, delay) = (recovery.guardians.len(), recovery.need, recovery.delay.seconds());
    let parts = [next.to_be_bytes().to_vec(), recovery.to_bytes()];
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    let body = Body::RecoveryChanged(RecoveryChanged { who: account, keys, recovery });
    let said = Said { account, refers: None, month: None, body, generation: next, again: false };
    let recorded = single::say(&mut wallet, "recover-guard", &parts, said).map_err(single::keys_changed)?;
    (wallet.contents.generation, wallet.contents.reading) = (next, next);
    wallet.save()?;
    let text = match count {
        0 => format!("Nobody guards this account now: record {}. The keys are changed.\n", recorded.sequence),
        _ => format!(
            "{need} of {count} guardians must agree from now on, and you have {} to say no: record {}. The keys are changed.\n",
            span(delay),
            recorded.sequence
        ),
    };
    let json = json!({
        "account": account.to_string(), "sequence": recorded.sequence, "generation": next, "guardians": count, "need": need, "delay": delay,
    });
    Ok(Done::well(text, json))
}
