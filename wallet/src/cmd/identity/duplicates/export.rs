//! `peal identity duplicates export`: the list for the bureau of another ledger.

use std::path::PathBuf;

use peal_spec::cbor::Cbor as _;
use peal_spec::hash::Hash;
use peal_spec::tokens::{MAX_MARKS, Tokens};
use peal_spec::value::Origin;
use peal_wallet::bound::Bindings;
use peal_wallet::disk;
use peal_wallet::trouble::Trouble;
use peal_wallet::words::random_seed;
use serde_json::json;

use crate::cmd::Done;
use crate::cmd::context::{self, Common};

/// Write a list of whom this bureau has bound, for a bureau of another ledger
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  peal identity duplicates export --with other.example/1 -o ours.tokens\n\n\
    The list has a mark for each person whom this wallet has bound and, as far as it knows, not withdrawn; what other bureaus\n\
    have withdrawn it does not know, nor what was bound before this program kept it (bind those again: nothing is said twice).\n\
    It tells how many there are, and nothing of anybody to whoever has not bound her, too. Give it to that bureau alone."
)]
pub(crate) struct Args {
    /// The other ledger
    #[arg(long, value_name = "ORIGIN")]
    with: Origin,
    /// The new file
    #[arg(short = 'o', long, value_name = "FILE")]
    out: PathBuf,
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let wallet = common.open()?;
    let contents = &wallet.contents;
    if args.with == contents.origin {
        let remedy = "name another ledger: in its own, a ledger refuses a second binding of a person";
        return Err(Trouble::unusable("this is the wallet's own ledger", "--with", remedy));
    }
    let bindings = Bindings::of(&wallet)?;
    let (from, with) = ((contents.origin.clone(), contents.address()?), args.with.clone());
    let tokens = bindings.standing().map(|bound| &bound.token);
    let list = Tokens::new(from, with, random_seed()?, context::now()?, tokens).ok_or_else(|| {
        let what = format!("this bureau has bound more than {MAX_MARKS} people");
        Trouble::unusable(
            what,
            wallet.path().display(),
            "a list has no more: tell the makers of this program",
        )
    })?;
    let (marks, signing) = (list.marks.len(), contents.signing());
    disk::create(&args.out, &list.sign(&signing).to_bytes())?;
    let (out, key) = (args.out.display().to_string(), Hash(signing.public().0).to_string());
    let text = format!(
        "{out} has {marks} marks, for bureaus of {} alone. It is signed by this bureau's key\n  {key}\n\
         which they should have from you by another way. Keep the file: `peal identity duplicates answer` needs it.\n",
        args.with
    );
    Ok(Done::well(text, json!({ "marks": marks, "with": args.with.to_string(), "key": key, "out": out })))
}
