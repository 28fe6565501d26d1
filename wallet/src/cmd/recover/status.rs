//! `peal recover status`: who approves of which keys, and from when on they may take over, as the ledger says.

use peal_spec::hash::Hash;
use peal_wallet::layout::{clean, span};
use peal_wallet::trouble::Trouble;
use peal_wallet::wallet::Contents;
use serde_json::{Value, json};

use crate::cmd::Done;
use crate::cmd::context::{self, Common};

/// Show how far a recovery is: who has approved, and from when on it can be completed
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  peal recover status")]
pub(crate) struct Args {}

/// Asks the ledger: with the reading key that is to be the account's, where the wallet has never read the account.
pub(super) fn ask(contents: &Contents) -> Result<Value, Trouble> {
    let (remote, address) = (context::remote(contents)?, contents.address()?);
    let key = contents.chain().reading(contents.reading);
    let query = match contents.copy {
        Some(_) => String::new(),
        None => format!("reading={}", Hash(key.public().0)),
    };
    let path = format!("/v1/accounts/{address}/recovery");
    let place = format!("{}{path}", remote.base());
    let answer = remote.signed_get(&path, &query, "application/json", &address, &key, context::now()?)?;
    let body = answer.map_err(|problem| {
        let mut trouble = problem.at(&place);
        if contents.copy.is_none() && problem.status == 401 {
            "nobody has approved of your request yet: ask your guardians; or it is completed already: run `peal recover complete` again; or \
             this machine's clock is wrong"
                .clone_into(&mut trouble.remedy);
        }
        trouble
    })?;
    serde_json::from_slice(&body).map_err(|_| Trouble::refused("the answer is not JSON", place, "try again"))
}

/// Whether a set of keys is this wallet's: all three of them.
pub(super) fn is_own(contents: &Contents, set: &Value) -> bool {
    let own = contents.chain().keys(contents.generation);
    let texts = [("key", Hash(own.key.0)), ("next", own.next), ("reading", Hash(own.reading.0))];
    texts.iter().all(|(name, hash)| set[*name] == json!(hash.to_string()))
}

pub(crate) fn run(common: &Common, _: &Args) -> Result<Done, Trouble> {
    let contents = common.read()?;
    let said = ask(&contents)?;
    let text = |value: &Value| clean(value.as_str().unwrap_or("?"));
    let mut out = format!(
        "The ledger says: {} guardians, of whom {} must agree; the present key has {} to say no.\n",
        said["guardians"],
        said["need"],
        span(said["delay"].as_u64().unwrap_or(0))
    );
    let pending = said["pending"].as_array().cloned().unwrap_or_default();
    if pending.is_empty() {
        out.push_str("Nobody is to take over this account.\n");
    }
    for set in &pending {
        let whose = if is_own(&contents, set) { "your new keys" } else { "other keys" };
        out.push_str(&format!("\n  {whose}, {}…\n", text(&set["key"]).chars().take(8).collect::<String>()));
        for approval in set["approvals"].as_array().into_iter().flatten() {
            out.push_str(&format!(
                "    {} {}  {} (record {}){}\n",
                text(&approval["counts_as"]),
                approval["by"],
                text(&approval["time"]),
                approval["sequence"],
                if approval["vetoed"] == json!(true) { ", vetoed" } else { "" }
            ));
        }
        let state = match set.get("due") {
            Some(due) => format!("enough; can be completed from {}", text(due)),
            None if set["enough"] == json!(true) => "enough, and due later than any calendar here".to_owned(),
            None => "not enough yet".to_owned(),
        };
        let firm = if set["firm"] == json!(true) { "; a veto does not stop it" } else { "" };
        out.push_str(&format!("    {state}{firm}\n"));
    }
    Ok(Done::well(out, said))
}
