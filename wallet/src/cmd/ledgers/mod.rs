//! `peal ledgers`: the directory of ledgers that somebody publishes, and what it says.

mod check;
mod key;
mod list;
mod make;
mod pin;
mod show;
mod update;

use std::path::PathBuf;

use peal_wallet::ledgers::{FILE, Kept};
use peal_wallet::trouble::Trouble;

use super::Done;
use super::context::Common;

/// The directory of ledgers: pin one, bring it up to date, look into it, publish one
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  peal ledgers pin https://directory.example/ledgers.note --key VKEY\n  \
    peal ledgers update https://directory.example/ledgers.note\n  peal ledgers check ledger.example/1\n\n\
    A directory is one signed list of ledgers that expires (spec/ledgers.md). It needs no wallet and no passphrase.")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    Pin(pin::Args),
    Update(update::Args),
    List(list::Args),
    Check(check::Args),
    Show(show::Args),
    Key(key::Args),
    Make(make::Args),
}

/// Where the directory is kept.
#[derive(Debug, clap::Args)]
pub(super) struct Place {
    /// The kept directory; its pin is beside it [default: ledgers.note beside the wallet]
    #[arg(long, env = "PEAL_LEDGERS", value_name = "FILE")]
    directory: Option<PathBuf>,
}

impl Place {
    /// Whether it was said where.
    pub(super) fn is_named(&self) -> bool {
        self.directory.is_some()
    }

    pub(super) fn path(&self, common: &Common) -> Result<PathBuf, Trouble> {
        match &self.directory {
            Some(path) => Ok(path.clone()),
            None => Ok(common.wallet()?.with_file_name(FILE)),
        }
    }

    pub(super) fn open(&self, common: &Common) -> Result<Kept, Trouble> {
        Kept::open(&self.path(common)?)
    }
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    match &args.what {
        What::Pin(args) => pin::run(common, args),
        What::Update(args) => update::run(common, args),
        What::List(args) => list::run(common, args),
        What::Check(args) => check::run(common, args),
        What::Show(args) => show::run(common, args),
        What::Key(args) => key::run(args),
        What::Make(args) => make::run(args),
    }
}
