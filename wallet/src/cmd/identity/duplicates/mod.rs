//! `peal identity duplicates`: which people two bureaus of different ledgers have both bound (`spec/ledgers.md` §2).
//!
//! One exports a list of marks, the other finds its own among them, the first answers for the places that were found.

mod answer;
mod export;
mod find;

use std::path::Path;

use peal_spec::cbor::Cbor as _;
use peal_spec::tokens::{MAX_FILE, SignedTokens};
use peal_wallet::disk;
use peal_wallet::trouble::Trouble;

use crate::cmd::Done;
use crate::cmd::context::Common;

/// As a bureau: find whom a bureau of another ledger has bound, too
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  peal identity duplicates export --with other.example/1 -o ours.tokens    here; hand the file over\n  \
    peal identity duplicates find ours.tokens --key HEX                      there: says which places are theirs, too\n  \
    peal identity duplicates answer ours.tokens 4 17                         here: says which accounts those are\n\n\
    Both must ask one blinding office. Nobody learns of a person, a token or a document that it does not have itself."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    Export(export::Args),
    Find(find::Args),
    Answer(answer::Args),
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    match &args.what {
        What::Export(args) => export::run(common, args),
        What::Find(args) => find::run(common, args),
        What::Answer(args) => answer::run(common, args),
    }
}

/// Reads a list.
fn read(path: &Path) -> Result<SignedTokens, Trouble> {
    let bytes = disk::read(path, MAX_FILE as u64)?;
    SignedTokens::from_bytes(&bytes).map_err(|e| {
        let remedy = "ask the other bureau for the file again: `peal identity duplicates export` makes it";
        Trouble::unusable(format!("this is no list of tokens: {e}"), path.display(), remedy)
    })
}
