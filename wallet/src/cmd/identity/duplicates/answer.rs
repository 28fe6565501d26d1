//! `peal identity duplicates answer`: which accounts of this bureau stand at the places that the other one has found.

use std::path::PathBuf;

use peal_wallet::bound::Bindings;
use peal_wallet::trouble::Trouble;
use serde_json::{Value, json};

use super::read;
use crate::cmd::Done;
use crate::cmd::context::Common;

/// Name the accounts at places of a list that this bureau has made
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  peal identity duplicates answer ours.tokens 4 17\n\n\
    The places are those that the other bureau has found: it has bound those people, too.")]
pub(crate) struct Args {
    /// The list, as `peal identity duplicates export` has written it
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Places in it, from 0
    #[arg(value_name = "PLACE", required = true)]
    places: Vec<usize>,
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let (signed, wallet) = (read(&args.file)?, common.open()?);
    let (list, contents) = (&signed.tokens, &wallet.contents);
    let here = list.origin == contents.origin && Some(list.bureau) == contents.address;
    // It may have been signed before a rotation.
    let own = |generation: u32| signed.is_signed_by(&contents.chain().signing(generation).public());
    if !here || !(0..=contents.generation).rev().any(own) {
        let remedy = "give the file that `peal identity duplicates export` has written with this wallet";
        return Err(Trouble::refused("this bureau has not made this list", args.file.display(), remedy));
    }
    let bindings = Bindings::of(&wallet)?;
    let (mut text, mut accounts): (String, Vec<Value>) = (String::new(), Vec::new());
    for place in &args.places {
        if *place >= list.marks.len() {
            let what = format!("the list has no place {place}: it has {}, from 0", list.marks.len());
            return Err(Trouble::unusable(
                what,
                args.file.display(),
                "check the places with the other bureau",
            ));
        }
        let at = bindings.all().iter().filter(|bound| list.place(&bound.token) == Some(*place));
        let bound = at.max_by_key(|bound| bound.stands).ok_or_else(|| {
            Trouble::unusable(
                format!("this wallet no longer knows whom it listed at place {place}"),
                args.file.display(),
                "put back the file of bindings beside the wallet, or make a new list",
            )
        })?;
        let since = if bound.stands { "" } else { "; withdrawn since" };
        text.push_str(&format!("{place}: {}, record {}{since}\n", bound.account, bound.sequence));
        accounts.push(json!({
            "index": place, "account": bound.account.to_string(), "sequence": bound.sequence, "stands": bound.stands,
        }));
    }
    Ok(Done::well(text, json!({ "with": list.with.to_string(), "accounts": accounts })))
}
