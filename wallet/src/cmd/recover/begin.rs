//! `peal recover begin`: new words for an account whose words are lost, and the request that others approve.

use std::path::PathBuf;

use peal_spec::address::Address;
use peal_wallet::disk;
use peal_wallet::recovery::Request;
use peal_wallet::trouble::Trouble;
use peal_wallet::vault::Stretch;
use peal_wallet::wallet::{Contents, Wallet};
use peal_wallet::words::Words;
use serde_json::json;

use crate::cmd::context::{self, Common};
use crate::cmd::{Done, open};

/// Make new words for an account whose words are lost, and the request for those who are to approve
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  peal recover begin --ledger https://ledger.example --trust trust.txt --address peal1... --wallet new \\\n    --out request.txt\n\n\
    Give the request to your guardians, or to a bureau, and read them the four words that are shown: they must hear them from you.\n\
    Run again with the same wallet, it writes the request anew.\n\
    Your address stands on every proof, payslip and receipt of yours."
)]
pub(crate) struct Args {
    /// Where the ledger answers
    #[arg(long, value_name = "URL")]
    ledger: String,
    /// The trust list that names the ledger and its keys
    #[arg(long, value_name = "FILE")]
    trust: PathBuf,
    /// The address of the account that is to be recovered
    #[arg(long, value_name = "ADDRESS")]
    address: Address,
    /// Write the request to this new file
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Write the new words to this new file, readable by you only, instead of showing them
    #[arg(long, value_name = "FILE")]
    words_out: Option<PathBuf>,
}

impl Args {
    /// A wallet with new words; or the one that an earlier run made, so that the request can be written again.
    fn wallet(&self, common: &Common) -> Result<(Wallet, bool), Trouble> {
        let path = common.wallet()?;
        if path.exists() {
            let wallet = common.open()?;
            let c = &wallet.contents;
            if c.copy.is_some() || c.opening.is_some() || c.address != Some(self.address) {
                let remedy = "give another file with --wallet";
                return Err(Trouble::unusable(
                    "there is a wallet already, of an account",
                    path.display(),
                    remedy,
                ));
            }
            return Ok((wallet, true));
        }
        let trust = context::trust(&self.trust)?;
        let remote = context::named(&self.ledger)?;
        let origin = context::origin(&remote, &trust)?;
        let passphrase = common.passphrase(true)?;
        let mut contents = Contents::new(Words::generate()?, remote.base().to_owned(), origin, trust);
        contents.address = Some(self.address);
        if let Some(out) = &self.words_out {
            open::keep(&contents.words, out)?;
        }
        Ok((Wallet::create(&path, &passphrase, Stretch::STANDARD, contents)?, false))
    }
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    if args.out.exists() {
        let remedy = "give another file with --out";
        return Err(Trouble::unusable("there is such a file already", args.out.display(), remedy));
    }
    let (wallet, again) = args.wallet(common)?;
    let request = Request { address: args.address, keys: wallet.contents.chain().keys(0) };
    disk::create(&args.out, request.to_string().as_bytes())?;
    let (check, phrase) = (request.words()?, wallet.contents.words.phrase());
    let (words, kept) = match &args.words_out {
        _ if again => (None, "The wallet was made before; `peal words` shows its 24 words.\n".to_owned()),
        Some(out) => (
            None,
            format!("The new words are in {}. Put them on paper and remove the file.\n", out.display()),
        ),
        None => (
            Some(phrase.as_str()),
            format!(
                "The 24 new words below will be the account. Write them down now.\n\n{}\n",
                open::grid(&phrase)
            ),
        ),
    };
    let text = format!(
        "The request is in {}. Give it to your guardians, or to a bureau, and read them these four words yourself:\n\n  {check}\n\n{kept}\n\
         How far it is: peal recover status. When enough have approved and the delay has passed: peal recover complete.\n",
        args.out.display(),
    );
    let json = json!({
        "address": args.address.to_string(), "request": args.out.display().to_string(), "check": check,
        "wallet": wallet.path().display().to_string(), "words": words, "again": again,
    });
    Ok(Done::well(text, json))
}
