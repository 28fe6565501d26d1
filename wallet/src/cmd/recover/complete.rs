//! `peal recover complete`: the new keys take over. Signed by the new key, alone in its posting.

use peal_spec::statement::{Body, RecoveryCompleted};
use peal_wallet::layout::clean;
use peal_wallet::sync;
use peal_wallet::trouble::{Kind, Trouble};
use serde_json::{Value, json};

use super::status;
use crate::cmd::Done;
use crate::cmd::context::{self, Common};
use crate::cmd::single::{self, Said};

/// Take over the account with the new words, once enough have approved and the delay has passed
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  peal recover complete --wallet new\n\nToo early, it says from when on it can be done."
)]
pub(crate) struct Args {}

pub(crate) fn run(common: &Common, _: &Args) -> Result<Done, Trouble> {
    let mut wallet = common.open()?;
    let account = wallet.contents.address()?;
    if wallet.contents.copy.is_some() {
        return Err(Trouble::unusable(
            "this wallet has the account already",
            wallet.path().display(),
            "complete the recovery with the wallet that `peal recover begin` made",
        ));
    }
    let body =
        Body::RecoveryCompleted(RecoveryCompleted { who: account, keys: wallet.contents.chain().keys(0) });
    let said = Said { account, refers: None, month: None, body, generation: 0, again: false };
    let recorded = single::say(&mut wallet, "recover-complete", &[], said).map_err(|mut trouble| {
        // The refusal names a record that only the ledger can show to whoever has no keys yet: it says when.
        let own = |said: &Value| {
            said["pending"].as_array()?.iter().find(|set| status::is_own(&wallet.contents, set)).cloned()
        };
        if trouble.what.starts_with("recovery-too-early")
            && let Some(set) = status::ask(&wallet.contents).ok().as_ref().and_then(own)
            && let Some(due) = set["due"].as_str()
        {
            trouble.remedy = format!("run the command again from {} on", clean(due));
        }
        trouble
    })?;
    let (remote, now) = (context::remote(&wallet.contents)?, context::now()?);
    let mut guardians =
        "Those who could help before still can: name others with `peal recover guard`.".to_owned();
    let synced =
        sync::run(&mut wallet.contents, &remote, &|| now).map_err(|failed| failed.trouble(remote.base()));
    let fetched = match synced {
        Ok(synced) => {
            let policy = &synced.folded.account.state.control.recovery;
            if policy.need > 0 && policy.delay.seconds() == 0 {
                guardians = format!(
                    "{} of its {} guardians can give it to others at any moment, without notice: name your own NOW with `peal recover guard`.",
                    policy.need,
                    policy.guardians.len()
                );
            }
            format!("{} records were fetched and verified.", synced.verdict.records.total)
        }
        Err(trouble) if trouble.kind == Kind::Unavailable => {
            "The records could not be fetched yet: run `peal sync` later.".to_owned()
        }
        Err(trouble) => return Err(trouble),
    };
    wallet.save()?;
    let text = format!(
        "The account is yours, with the new words: record {}. {fetched}\n\n  address  {account}\n\n\
         {guardians}\n",
        recorded.sequence
    );
    let json = json!({ "account": account.to_string(), "sequence": recorded.sequence });
    Ok(Done::well(text, json))
}
