//! `peal open`: 24 words, an account, a wallet.
//!
//! 1. The words are made and the wallet is saved with the signed opening in it.
//! 2. The opening is sent. A crash or a lost answer leaves the wallet of step 1; run again, the same bytes are sent, and the ledger gives the
//!    same receipt.
//! 3. The receipt is checked, the address saved, the words shown.

use std::path::{Path, PathBuf};

use peal_spec::address::Address;
use peal_spec::cbor::Cbor;
use peal_spec::posting::Posting;
use peal_spec::statement::{Body, Opened, Recovery, Statement};
use peal_spec::value::Time;
use peal_wallet::trouble::Trouble;
use peal_wallet::vault::Stretch;
use peal_wallet::wallet::{Contents, Wallet};
use peal_wallet::words::{Words, random_seed};
use peal_wallet::{disk, posting};
use serde_json::json;

use super::Done;
use super::context::{self, Common};

/// Time for whoever has the present key to notice and to veto.
const WEEK: u64 = 7 * 86_400;

/// Who may help to recover the account.
#[derive(Debug, clap::Args)]
pub(crate) struct Guardians {
    /// An account that may help to recover this one; may be repeated, at most 16
    #[arg(long = "guardian", value_name = "ADDRESS", num_args = 1.., requires = "need")]
    guardians: Vec<Address>,
    /// How many guardians must agree
    #[arg(long, value_name = "N")]
    need: Option<u64>,
    /// Seconds during which the present key can veto a recovery [default: 604800, which is 7 days, with guardians; else 0]
    #[arg(long, value_name = "SECONDS")]
    delay: Option<u64>,
}

impl Guardians {
    pub(crate) fn policy(&self) -> Result<Recovery, Trouble> {
        let bad = |what: &str, option: &str| Trouble::unusable(what, option, "see --help");
        let (count, need) = (self.guardians.len() as u64, self.need.unwrap_or(0));
        if count > Recovery::MAX_GUARDIANS as u64 {
            return Err(bad("there are more than 16 guardians", "--guardian"));
        }
        if self.guardians.iter().enumerate().any(|(at, guardian)| self.guardians[..at].contains(guardian)) {
            return Err(bad("a guardian is named twice", "--guardian"));
        }
        if need > count || (need == 0) != (count == 0) {
            return Err(bad("as many guardians must agree as 1 to their number", "--need"));
        }
        let delay = self.delay.unwrap_or(if count == 0 { 0 } else { WEEK });
        let delay = Time::new(delay).ok_or_else(|| bad("the delay is too long", "--delay"))?;
        Ok(Recovery { guardians: self.guardians.clone(), need, delay })
    }
}

/// Open an account: makes 24 words, shows them once, and saves a wallet
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  peal open --ledger https://ledger.example --trust trust.txt\n\n\
    If the answer is lost, run the same command again: the account is not opened twice.")]
pub(crate) struct Args {
    /// Where the ledger answers
    #[arg(long, value_name = "URL")]
    ledger: String,
    /// The trust list that names the ledger and its keys
    #[arg(long, value_name = "FILE")]
    trust: PathBuf,
    /// Write the words to this new file, readable by you only, instead of showing them
    #[arg(long, value_name = "FILE")]
    words_out: Option<PathBuf>,
    #[command(flatten)]
    guardians: Guardians,
}

impl Args {
    /// Step 1.
    fn begin(&self, common: &Common) -> Result<Wallet, Trouble> {
        self.guardians.policy()?;
        let trust = context::trust(&self.trust)?;
        let remote = context::named(&self.ledger)?;
        let origin = context::origin(&remote, &trust)?;
        let passphrase = common.passphrase(true)?;
        let mut contents = Contents::new(Words::generate()?, remote.base().to_owned(), origin, trust);
        contents.opening = Some(signed(&contents, self.guardians.policy()?)?);
        if let Some(path) = &self.words_out {
            keep(&contents.words, path)?;
        }
        Wallet::create(&common.wallet()?, &passphrase, Stretch::STANDARD, contents)
    }

    /// Step 1, where an earlier run had got so far.
    fn resume(&self, common: &Common) -> Result<Wallet, Trouble> {
        let mut wallet = common.open()?;
        let contents = &mut wallet.contents;
        if let Some(address) = contents.address {
            return Err(Trouble::unusable(
                format!("this wallet has an account already: {address}"),
                wallet.path().display(),
                "for another account give another file with --wallet",
            ));
        }
        contents.url = context::named(&self.ledger)?.base().to_owned();
        if contents.opening.is_none() {
            contents.opening = Some(signed(contents, self.guardians.policy()?)?);
        }
        wallet.save()?;
        Ok(wallet)
    }
}

/// The signed opening of a new account with the wallet's first key.
pub(crate) fn signed(contents: &Contents, recovery: Recovery) -> Result<Vec<u8>, Trouble> {
    let (now, chain) = (context::now()?, contents.chain());
    let body = Body::Opened(Opened { who: None, keys: chain.keys(0), recovery });
    let statement = Statement::new(random_seed()?, None, now, None, None, &body);
    let (id, key) = (random_seed()?, chain.signing(0));
    let posting = Posting::sign(&contents.origin, None, id, now, false, vec![statement], &key);
    Ok(posting.to_bytes())
}

/// Steps 2 and 3: sends what was signed until it is answered, and saves the address.
pub(crate) fn finish(wallet: &mut Wallet) -> Result<Address, Trouble> {
    let remote = context::remote(&wallet.contents)?;
    let ledger = wallet.contents.ledger()?.clone();
    let opening = wallet.contents.opening.clone().unwrap_or_default();
    let confirmed = match posting::send(&remote, posting::OPEN, &opening, &ledger) {
        Ok(Ok(confirmed)) => confirmed,
        Ok(Err(problem)) => {
            // No trace is left in the ledger, so the next run signs anew.
            wallet.contents.opening = None;
            wallet.save()?;
            return Err(problem.at(&format!("{}{}", remote.base(), posting::OPEN)));
        }
        Err(mut trouble) => {
            trouble
                .remedy
                .push_str("; run the same command again: the wallet is saved and nothing is opened twice");
            return Err(trouble);
        }
    };
    let Some(record) = confirmed.records.first() else {
        return Err(Trouble::refused(
            "the receipt names no account",
            remote.base(),
            "tell the operator of the ledger",
        ));
    };
    let address = Address { number: record.account, id: record.statement_root };
    wallet.contents.address = Some(address);
    wallet.contents.opening = None;
    wallet.contents.saw(confirmed.seen);
    wallet.save()?;
    Ok(address)
}

/// Writes words to a new file.
pub(crate) fn keep(words: &Words, path: &Path) -> Result<(), Trouble> {
    let mut phrase = words.phrase();
    phrase.push('\n');
    disk::create(path, phrase.as_bytes())
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let resumed = common.wallet()?.exists();
    let mut wallet = if resumed { args.resume(common)? } else { args.begin(common)? };
    let address = finish(&mut wallet)?;
    let phrase = wallet.contents.words.phrase();
    let path = wallet.path().display().to_string();
    let (words, kept) = match &args.words_out {
        Some(out) => {
            // The run that made the words has written them, unless this option is new.
            if !out.exists() {
                keep(&wallet.contents.words, out)?;
            }
            (None, format!("The words are in {}. Put them on paper and remove the file.\n", out.display()))
        }
        None => (
            Some(phrase.as_str()),
            format!(
                "The 24 words below are the account. Write them down now and keep them where nobody else sees them:\n\
                 whoever has them has the account, and without them a lost wallet is lost for good.\n\n{}\n",
                grid(&phrase)
            ),
        ),
    };
    let text = format!(
        "The account is open.\n\n  address  {address}\n  ledger   {}\n  wallet   {path}\n\n{kept}",
        wallet.contents.origin
    );
    let json = json!({ "address": address.to_string(), "origin": wallet.contents.origin.to_string(), "wallet": path, "words": words, "resumed": resumed });
    Ok(Done::well(text, json))
}

/// The words in six numbered lines of four.
pub(crate) fn grid(phrase: &str) -> String {
    let words: Vec<&str> = phrase.split(' ').collect();
    let row = |(i, four): (usize, &[&str])| {
        let cells = four.iter().enumerate().map(|(k, word)| format!("{:>4} {word:<9}", i * 4 + k + 1));
        format!("{}\n", cells.collect::<String>().trim_end())
    };
    words.chunks(4).enumerate().map(row).collect()
}
