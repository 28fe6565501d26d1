//! `peal ledgers pin`: the first time that a publisher's directory is trusted.

use peal_spec::note::VerifierKey;
use peal_wallet::ledgers::{Kept, fetch};
use peal_wallet::trouble::Trouble;

use super::{Place, update};
use crate::cmd::Done;
use crate::cmd::context::{self, Common};

/// Pin a publisher's key and its directory, the first time
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  peal ledgers pin https://directory.example/ledgers.note --key directory.example+8f0c…+AW…\n\n\
    Get the key by another way than the directory: whoever could give you both could give you any. Whose key is pinned decides\n\
    which ledgers are trusted. Later versions come with `peal ledgers update`."
)]
pub(crate) struct Args {
    /// The signed directory
    #[arg(value_name = "FILE|URL")]
    source: String,
    /// The publisher's key
    #[arg(long, value_name = "VKEY")]
    key: VerifierKey,
    #[command(flatten)]
    place: Place,
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let (path, note) = (args.place.path(common)?, fetch(&args.source)?);
    let kept = Kept::pin(&path, &args.key, &note, &args.source, context::now()?)?;
    Ok(update::told(&kept, "is pinned"))
}
