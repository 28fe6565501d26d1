//! `peal recognise`: the registrar says by which trust list this ledger knows another one.

use std::path::PathBuf;

use peal_spec::moving::{LedgerList, list_hash};
use peal_spec::statement::{Body, LedgerRecognised};
use peal_spec::value::Origin;
use peal_wallet::moving::list_of;
use peal_wallet::trouble::Trouble;
use serde_json::json;

use super::Done;
use super::context::{self, Common};
use super::ledgers::Place;
use super::single::Said;

/// Recognise another ledger, so that accounts can come from it, as the registrar
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  peal recognise suzhou.example/peal                      by the directory of ledgers\n  \
    peal recognise suzhou.example/peal --trust trust.txt    by a trust list\n  \
    peal recognise suzhou.example/peal --no-more\n\n\
    What arrives from there is judged under this list from then on. Recognise it anew when its keys or witnesses change."
)]
pub(crate) struct Args {
    /// The ledger, by its name
    #[arg(value_name = "ORIGIN")]
    origin: Origin,
    /// A trust list that has it [default: what the directory of ledgers says]
    #[arg(long, value_name = "FILE", conflicts_with = "no_more")]
    trust: Option<PathBuf>,
    #[command(flatten)]
    directory: Place,
    /// Recognise it no more
    #[arg(long)]
    no_more: bool,
}

impl Args {
    fn list(&self, common: &Common) -> Result<Option<String>, Trouble> {
        if self.no_more {
            return Ok(None);
        }
        if let Some(path) = &self.trust {
            let list = list_of(&context::trust(path)?, &self.origin);
            return list.map(Some).ok_or_else(|| {
                let what = format!("the list does not have {}", self.origin);
                Trouble::refused(what, path.display(), "give a list that has it")
            });
        }
        let found = self.directory.open(common)?.find(&self.origin, context::now()?)?;
        if found.stale {
            let remedy = "bring it up to date with `peal ledgers update`";
            return Err(Trouble::refused(
                "the directory of ledgers has expired",
                self.directory.path(common)?.display(),
                remedy,
            ));
        }
        Ok(Some(found.list))
    }
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let list = args.list(common)?;
    let mut wallet = common.open()?;
    let who = wallet.contents.address()?;
    let hash = list.as_ref().map(|list| list_hash(list.as_bytes()));
    let ledger = LedgerList { origin: args.origin.clone(), list: list.map(String::into_bytes) };
    let body = Body::LedgerRecognised(LedgerRecognised { who, ledger });
    let recorded = Said::again(&wallet.contents, who, None, body).say(&mut wallet, "recognised")?;
    let how = if hash.is_some() { "is recognised" } else { "is recognised no more" };
    let text = format!("The ledger {} {how}, by record {}.\n", args.origin, recorded.sequence);
    let json = json!({
        "origin": args.origin.to_string(), "list": hash.map(|h| h.to_string()), "sequence": recorded.sequence,
    });
    Ok(Done::well(text, json))
}
