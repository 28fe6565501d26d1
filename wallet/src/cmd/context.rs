//! What the commands have in common: where the wallet is, its passphrase, the ledger and the clock.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use peal_spec::copy::Folded;
use peal_spec::trust::{MAX_LIST, Trust};
use peal_spec::value::{Day, Origin, Time};
use peal_spec::verify::Verdict;
pub(crate) use peal_wallet::clock::now;
use peal_wallet::disk;
use peal_wallet::http::{self, Patience, Remote, SMALL};
use peal_wallet::layout::clean;
use peal_wallet::sync::{self, Failed, Synced};
use peal_wallet::trouble::Trouble;
use peal_wallet::wallet::{self, Contents, Wallet};
use zeroize::Zeroizing;

/// The environment variable with the passphrase.
const PASSPHRASE: &str = "PEAL_PASSPHRASE";

/// Options of every command.
#[derive(Debug, clap::Args)]
pub(crate) struct Common {
    /// The wallet file [default: $HOME/.peal/wallet]
    #[arg(long, global = true, env = "PEAL_WALLET", value_name = "FILE")]
    wallet: Option<PathBuf>,
    /// A file with the passphrase on its first line [or PEAL_PASSPHRASE, or it is asked for]
    #[arg(long, global = true, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Write JSON to standard output
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

impl Common {
    /// Where the wallet is.
    pub(crate) fn wallet(&self) -> Result<PathBuf, Trouble> {
        if let Some(path) = &self.wallet {
            return Ok(path.clone());
        }
        let home = std::env::var_os("HOME").filter(|h| !h.is_empty()).ok_or_else(|| {
            Trouble::unusable(
                "there is no home directory",
                "HOME",
                "give the path of the wallet with --wallet",
            )
        })?;
        Ok(Path::new(&home).join(".peal").join("wallet"))
    }

    /// The passphrase; a new one is asked for twice and may not be empty.
    pub(crate) fn passphrase(&self, new: bool) -> Result<Zeroizing<Vec<u8>>, Trouble> {
        let prompt = |text: &str| {
            rpassword::prompt_password(text).map(Zeroizing::new).map_err(|e| {
                Trouble::unusable(
                    format!("the passphrase cannot be read: {e}"),
                    "the terminal",
                    "use --passphrase-file",
                )
            })
        };
        let (passphrase, place) = if let Some(path) = &self.passphrase_file {
            let bytes = Zeroizing::new(disk::read(path, 4096)?);
            let line = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
            (Zeroizing::new(line.strip_suffix(b"\r").unwrap_or(line).to_vec()), path.display().to_string())
        } else if let Ok(text) = std::env::var(PASSPHRASE) {
            (Zeroizing::new(text.into_bytes()), PASSPHRASE.to_owned())
        } else if std::io::stdin().is_terminal() {
            let first = prompt(if new { "New passphrase: " } else { "Passphrase: " })?;
            if new && *prompt("The same again: ")? != *first {
                return Err(Trouble::unusable("the two differ", "the terminal", "run the command again"));
            }
            (Zeroizing::new(first.as_bytes().to_vec()), "the terminal".to_owned())
        } else {
            return Err(Trouble::unusable(
                "there is no passphrase",
                "standard input is no terminal",
                format!("give it with --passphrase-file or {PASSPHRASE}"),
            ));
        };
        if new && passphrase.is_empty() {
            return Err(Trouble::unusable("the passphrase is empty", place, "choose one of several words"));
        }
        Ok(passphrase)
    }

    /// Opens the wallet to change it.
    pub(crate) fn open(&self) -> Result<Wallet, Trouble> {
        let path = self.wallet()?;
        wallet::there(&path)?;
        Wallet::open(&path, &self.passphrase(false)?)
    }

    /// Reads the wallet, while another process may change it.
    pub(crate) fn read(&self) -> Result<Contents, Trouble> {
        let path = self.wallet()?;
        wallet::there(&path)?;
        Wallet::read(&path, &self.passphrase(false)?)
    }
}

/// What the wallet's copy adds up to and shows, once it is found to hold.
pub(crate) fn checked(common: &Common, contents: &Contents, now: Time) -> Result<(Folded, Verdict), Trouble> {
    checked_at(&common.wallet().unwrap_or_default(), contents, now)
}

/// The same of a wallet at a path.
pub(crate) fn checked_at(path: &Path, contents: &Contents, now: Time) -> Result<(Folded, Verdict), Trouble> {
    contents.copy()?.check(&contents.trust, now).map_err(|e| {
        let remedy =
            "check the trust list with `peal trust show`, then fetch the copy again with `peal sync`";
        Trouble::refused(format!("the wallet's copy does not hold: {e}"), path.display(), remedy)
    })
}

/// Brings the wallet up to date with its ledger, and saves it; evidence of a ledger that contradicts itself is kept beside it.
pub(crate) fn synced(wallet: &mut Wallet) -> Result<Synced, Trouble> {
    let (remote, now) = (remote(&wallet.contents)?, now()?);
    match sync::run(&mut wallet.contents, &remote, &|| self::now().unwrap_or(now)) {
        Ok(synced) => {
            wallet.save()?;
            Ok(synced)
        }
        Err(Failed::Trouble(trouble)) => Err(trouble),
        Err(Failed::Contradiction(contradiction)) => {
            let evidence = contradiction.keep(wallet)?;
            let mut trouble = contradiction.at(&evidence);
            trouble.remedy = format!("{} {}", sync::show_seen(&remote, &contradiction), trouble.remedy);
            Err(trouble)
        }
    }
}

/// The end of the day (UTC) that comes in so many days. A command that is run again on the same day says the same, and so nothing twice.
pub(crate) fn end_of_day_in(days: u64, now: Time) -> Option<Time> {
    Time::new(Day::from(now).number().checked_add(days)?.checked_add(1)?.checked_mul(86_400)?)
}

/// What a person lists, in order, each once.
pub(crate) fn rising<T: Ord + Clone>(listed: &[T]) -> Vec<T> {
    let mut rising = listed.to_vec();
    rising.sort_unstable();
    rising.dedup();
    rising
}

/// The wallet's ledger.
pub(crate) fn remote(contents: &Contents) -> Result<Remote, Trouble> {
    Remote::new(&contents.url, Patience::default())
}

/// The ledger that a person names by its URL.
pub(crate) fn named(url: &str) -> Result<Remote, Trouble> {
    let remote = Remote::new(url, Patience::default())?;
    if http::is_exposed(url) {
        let _ = writeln!(
            std::io::stderr().lock(),
            "peal: warning: {} is not encrypted: whoever is on the way can read your account and change what you are shown; use https",
            clean(remote.base())
        );
    }
    Ok(remote)
}

/// Warns of a blinding office whose pass could be read on the way.
pub(crate) fn warn_exposed(office: &str) {
    if http::is_exposed(office) {
        let _ = writeln!(
            std::io::stderr().lock(),
            "peal: warning: {} is not encrypted: whoever is on the way can take this bureau's pass and ask in its name; use https",
            clean(office)
        );
    }
}

/// Reads a trust list.
pub(crate) fn trust(path: &Path) -> Result<Trust, Trouble> {
    let bytes = disk::read(path, MAX_LIST as u64)?;
    let text = String::from_utf8(bytes).map_err(|_| {
        Trouble::unusable("this trust list is not UTF-8", path.display(), "ask for the list again")
    })?;
    text.parse().map_err(|e: peal_spec::trust::BadTrust| {
        Trouble::unusable(
            format!("this trust list cannot be used: {}", e.what),
            format!("{}, line {}", path.display(), e.line),
            "mend that line as spec/README.md §15 says, or ask for the list again",
        )
    })
}

/// What the ledger calls itself; the trust list must know it.
pub(crate) fn origin(remote: &Remote, trust: &Trust) -> Result<Origin, Trouble> {
    let place = format!("{}/v1/ledger", remote.base());
    let body = remote.get("/v1/ledger", "application/json", SMALL)?.map_err(|p| p.at(&place))?;
    let value: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let origin: Option<Origin> = value.get("origin").and_then(|o| o.as_str()).and_then(|o| o.parse().ok());
    let origin = origin.ok_or_else(|| {
        Trouble::refused("what answers there does not say which ledger it is", &place, "check the URL")
    })?;
    if trust.ledger(&origin).is_some() {
        return Ok(origin);
    }
    let known: Vec<String> = trust.ledgers.iter().map(|l| l.origin.to_string()).collect();
    Err(Trouble::refused(
        format!("what answers there calls itself {origin}, which is not in the trust list"),
        place,
        format!(
            "check the URL; the list has {}",
            if known.is_empty() { "no ledger".into() } else { known.join(", ") }
        ),
    ))
}

/// A progress bar on standard error, where that is a terminal.
pub(crate) fn progress(steps: u64, what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(steps);
    if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {human_pos} of {human_len}, {eta}") {
        bar.set_style(style);
    }
    bar.set_message(what);
    bar
}
