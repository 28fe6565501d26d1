//! `peal recover rehearse`: whether the words on paper open the account. Nothing is written.

use std::path::PathBuf;

use peal_spec::address::Address;
use peal_wallet::layout::span;
use peal_wallet::sync;
use peal_wallet::trouble::Trouble;
use peal_wallet::wallet::Contents;
use serde_json::json;

use crate::cmd::context::{self, Common};
use crate::cmd::{Done, restore};

/// Try the backup: do these 24 words open the account? Nothing is changed
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  peal recover rehearse --words -          type the words from the paper\n  \
    peal recover rehearse --words words.txt --ledger https://ledger.example --trust trust.txt --address peal1...\n\n\
    With --ledger, --trust and --address it works on a machine without the wallet."
)]
pub(crate) struct Args {
    /// A file with the words, or - to read them from standard input
    #[arg(long, value_name = "FILE")]
    words: PathBuf,
    /// Where the ledger answers [default: as in the wallet]
    #[arg(long, value_name = "URL", requires = "trust", requires = "address")]
    ledger: Option<String>,
    /// The trust list that names the ledger and its keys [default: the wallet's]
    #[arg(long, value_name = "FILE", requires = "ledger")]
    trust: Option<PathBuf>,
    /// The account's address [default: the wallet's]
    #[arg(long, value_name = "ADDRESS", requires = "ledger")]
    address: Option<Address>,
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    // Asked for first, so that the words are not left on the screen while a passphrase is typed.
    let (url, trust, address, origin) = match (&args.ledger, &args.trust, args.address) {
        (Some(url), Some(trust), Some(address)) => {
            let trust = context::trust(trust)?;
            let remote = context::named(url)?;
            let origin = context::origin(&remote, &trust)?;
            (remote.base().to_owned(), trust, address, origin)
        }
        _ => {
            let c = common.read()?;
            (c.url.clone(), c.trust.clone(), c.address()?, c.origin)
        }
    };
    let words = restore::words(&args.words)?;
    let mut contents = Contents::new(words, url, origin, trust);
    contents.address = Some(address);
    let (remote, now) = (context::remote(&contents)?, context::now()?);
    let synced =
        sync::run(&mut contents, &remote, &|| now).map_err(|failed| failed.trouble(remote.base()))?;
    let chain = contents.chain();
    let keys = synced.folded.account.state.control.keys;
    if keys.next != chain.keys(contents.generation).next {
        return Err(Trouble::refused(
            "these words open the account, and the key that is to come next is not theirs",
            remote.base(),
            "the account cannot be rotated with them: move to new words with your guardians",
        ));
    }
    let (policy, records) = (&synced.folded.account.state.control.recovery, synced.verdict.records.total);
    let help = match policy.guardians.len() {
        0 => "No guardians: without the words only a bureau can help, and that takes 30 days or more."
            .to_owned(),
        n => format!(
            "Should the words be lost: {} of {n} guardians must agree, and the present key has {} to say no.",
            policy.need,
            span(policy.delay.seconds())
        ),
    };
    let text = format!(
        "The backup works: these words open the account, and with them all of its records were fetched and verified.\n\n  \
         address    {address}\n  records    {records}\n  rotations  {}\n\n{help}\n",
        contents.generation
    );
    let json = json!({
        "address": address.to_string(), "records": records, "rotations": contents.generation,
        "guardians": policy.guardians.len(), "need": policy.need, "delay": policy.delay.seconds(),
    });
    Ok(Done::well(text, json))
}
