//! `peal restore`: a wallet from 24 words. The registrar of a new ledger gets a wallet in the same way.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use peal_spec::address::Address;
use peal_wallet::disk;
use peal_wallet::sync;
use peal_wallet::trouble::{Kind, Trouble};
use peal_wallet::vault::Stretch;
use peal_wallet::wallet::{Contents, Wallet};
use peal_wallet::words::Words;
use serde_json::json;
use zeroize::Zeroizing;

use super::Done;
use super::context::{self, Common};

/// Make a wallet anew from its 24 words
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  peal restore --ledger https://ledger.example --trust trust.txt --address peal1... --words words.txt\n  \
    peal restore --ledger https://ledger.example --trust trust.txt --address peal1... --words -"
)]
pub(crate) struct Args {
    /// Where the ledger answers
    #[arg(long, value_name = "URL")]
    ledger: String,
    /// The trust list that names the ledger and its keys
    #[arg(long, value_name = "FILE")]
    trust: PathBuf,
    /// The account's address
    #[arg(long, value_name = "ADDRESS")]
    address: Address,
    /// A file with the words, or - to read them from standard input
    #[arg(long, value_name = "FILE")]
    words: PathBuf,
}

/// Reads words from a file, or from standard input for `-`.
pub(crate) fn words(path: &Path) -> Result<Words, Trouble> {
    let bytes = if path.as_os_str() == "-" {
        let mut bytes = Zeroizing::new(Vec::new());
        std::io::stdin().take(4096).read_to_end(&mut bytes).map_err(|e| {
            Trouble::unusable(
                format!("the words cannot be read: {e}"),
                "standard input",
                "give a file with --words",
            )
        })?;
        bytes
    } else {
        Zeroizing::new(disk::read(path, 4096)?)
    };
    Words::parse(&Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned()))
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let path = common.wallet()?;
    if path.exists() {
        let remedy = "give another file with --wallet, or move this one away";
        return Err(Trouble::unusable("there is a wallet already", path.display(), remedy));
    }
    let trust = context::trust(&args.trust)?;
    let words = words(&args.words)?;
    let remote = context::named(&args.ledger)?;
    let origin = context::origin(&remote, &trust)?;
    let passphrase = common.passphrase(true)?;
    let mut contents = Contents::new(words, remote.base().to_owned(), origin, trust);
    contents.address = Some(args.address);
    let now = context::now()?;
    // Whether the words are those of this address is seen from its records.
    let failed = sync::run(&mut contents, &remote, &|| now).err().map(|failed| failed.trouble(remote.base()));
    let waiting = match failed {
        Some(trouble) if trouble.kind != Kind::Unavailable => return Err(trouble),
        waiting => waiting,
    };
    let wallet = Wallet::create(&path, &passphrase, Stretch::STANDARD, contents)?;
    let (c, path) = (&wallet.contents, path.display());
    let records = c.copy.as_ref().map_or(0, |copy| copy.rows.len());
    let state = match &waiting {
        None => format!(
            "{records} records were fetched and verified; the keys were rotated {} times.",
            c.generation
        ),
        Some(_) => "The records could not be fetched yet: run `peal sync` later.".to_owned(),
    };
    let text = format!(
        "The wallet is restored.\n\n  address  {}\n  ledger   {}\n  wallet   {path}\n\n{state}\n",
        args.address, c.origin
    );
    let json = json!({
        "address": args.address.to_string(), "origin": c.origin.to_string(), "wallet": path.to_string(),
        "synced": waiting.is_none(), "records": records, "rotations": c.generation,
    });
    Ok(Done::well(text, json))
}
