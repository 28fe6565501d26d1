//! `peal trust`: the list of whom the wallet trusts.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use peal_spec::trust::Trust;
use peal_wallet::trouble::Trouble;
use serde_json::{Value, json};

use super::Done;
use super::context::{self, Common};

/// Show, check, set or pin the trust list
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  peal trust show\n  peal trust check trust.txt\n  peal trust pin")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Show the wallet's trust list
    #[command(after_help = "Example:\n  peal trust show > trust.txt")]
    Show,
    /// Check a trust list; no wallet is needed
    #[command(after_help = "Example:\n  peal trust check trust.txt")]
    Check {
        /// The list
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Set another trust list in the wallet
    #[command(after_help = "Example:\n  peal trust use trust.txt")]
    Use {
        /// The list
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Pin the last checkpoint that was verified in the wallet's list
    #[command(after_help = "Example:\n  peal trust pin")]
    Pin,
}

fn summary(trust: &Trust) -> (String, Value) {
    let line = |l: &peal_spec::trust::Ledger| {
        format!(
            "  {}: {} operator keys, {} of {} witnesses needed, {} of {} auditors needed, {} pins, fresh for {} s{}\n",
            l.origin,
            l.operators.len(),
            l.need_witnesses,
            l.witnesses.len(),
            l.need_auditors,
            l.auditors.len(),
            l.pins.len(),
            l.fresh,
            if l.last.is_some() { ", ended" } else { "" }
        )
    };
    let one = |l: &peal_spec::trust::Ledger| {
        json!({
            "origin": l.origin.to_string(), "operators": l.operators.len(), "witnesses": l.witnesses.len(),
            "need_witnesses": l.need_witnesses, "auditors": l.auditors.len(), "need_auditors": l.need_auditors,
            "pins": l.pins.len(), "fresh": l.fresh, "ended": l.last.is_some(),
        })
    };
    (trust.ledgers.iter().map(line).collect(), trust.ledgers.iter().map(one).collect())
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    match &args.what {
        What::Show => {
            let trust = common.read()?.trust;
            let list = trust.to_string();
            Ok(Done::well(list.clone(), json!({ "list": list, "ledgers": summary(&trust).1 })))
        }
        What::Check { file } => {
            let (text, ledgers) = summary(&context::trust(file)?);
            Ok(Done::well(
                format!("{}: the list is good\n{text}", file.display()),
                json!({ "good": true, "ledgers": ledgers }),
            ))
        }
        What::Use { file } => {
            let trust = context::trust(file)?;
            let mut wallet = common.open()?;
            let origin = &wallet.contents.origin;
            if trust.ledger(origin).is_none() {
                let remedy = "give a list that has the wallet's ledger";
                return Err(Trouble::refused(
                    format!("the list does not have {origin}"),
                    file.display(),
                    remedy,
                ));
            }
            wallet.contents.trust = trust;
            wallet.save()?;
            let (text, ledgers) = summary(&wallet.contents.trust);
            Ok(Done::well(format!("The wallet trusts:\n{text}"), json!({ "ledgers": ledgers })))
        }
        What::Pin => {
            let mut wallet = common.open()?;
            let pin = wallet.contents.pin()?;
            wallet.save()?;
            let root = BASE64.encode(pin.root.0);
            let origin = wallet.contents.origin.to_string();
            let text = format!("Pinned {origin} at {} entries, root {root}.\n", pin.size);
            Ok(Done::well(text, json!({ "origin": origin, "size": pin.size, "root": root })))
        }
    }
}
