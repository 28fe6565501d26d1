//! `peal identity duplicates find`: who of the other bureau's list is bound here, too.

use std::path::PathBuf;

use peal_spec::hash::Hash;
use peal_spec::key::PublicKey;
use peal_wallet::bound::Bindings;
use peal_wallet::layout::{Style, table};
use peal_wallet::trouble::Trouble;
use serde_json::{Value, json};

use super::read;
use crate::cmd::Done;
use crate::cmd::context::Common;

/// Find whom this bureau has bound in the list of another ledger's bureau
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  peal identity duplicates find theirs.tokens --key 4f2a…\n\n\
    Tell the other bureau the places that are found: `peal identity duplicates answer` names its accounts to it. Then ask the\n\
    person, or link the two accounts: peal identity link --account ADDRESS --with OTHER.")]
pub(crate) struct Args {
    /// The list
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The other bureau's key, 64 hexadecimal digits, which you have from it by another way
    #[arg(long, value_name = "HEX")]
    key: Hash,
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let signed = read(&args.file)?;
    if !signed.is_signed_by(&PublicKey(args.key.0)) {
        let remedy = "check the key; if it is right, do not use the list, and ask that bureau for it again";
        return Err(Trouble::refused("the key given has not signed this list", args.file.display(), remedy));
    }
    let (wallet, list) = (common.open()?, signed.tokens);
    if list.with != wallet.contents.origin {
        let what =
            format!("this list is for bureaus of {}, and not of {}", list.with, wallet.contents.origin);
        let remedy = "do not use it; ask that bureau for one that is for this ledger";
        return Err(Trouble::refused(what, args.file.display(), remedy));
    }
    let bindings = Bindings::of(&wallet)?;
    let own = bindings.standing().count();
    let mut found: Vec<_> = bindings.standing().filter_map(|b| Some((list.place(&b.token)?, b))).collect();
    found.sort_by_key(|(place, _)| *place);
    let rows: Vec<Vec<String>> = found
        .iter()
        .map(|(place, b)| vec![place.to_string(), b.account.to_string(), b.sequence.to_string()])
        .collect();
    let matches: Vec<Value> = found
        .iter()
        .map(|(place, b)| json!({ "index": place, "account": b.account.to_string(), "sequence": b.sequence }))
        .collect();
    let (checked, unchecked) = (
        "the key given has signed this list, and it is for this ledger",
        "that the key is that bureau's and was at that time, that it is a bureau, and that it has bound whom it lists",
    );
    let mut text = format!(
        "A list of {} marks, made at {} by {} in {}.\nChecked: {checked}.\nNot checked: {unchecked}.\n",
        list.marks.len(),
        list.time,
        list.bureau,
        list.origin
    );
    if found.is_empty() {
        text.push_str(&format!("None of the {own} people whom this bureau has bound is in it.\n"));
    } else {
        let style = Style::of_stdout();
        text.push_str(&format!(
            "{} of the {own} people whom this bureau has bound are in it:\n",
            found.len()
        ));
        text.push_str(&table(&[">place", "account here", ">record"], &rows, style.width.max(120)));
        text.push_str("Tell that bureau the places; with them it finds its accounts.\n");
    }
    let json = json!({
        "origin": list.origin.to_string(), "bureau": list.bureau.to_string(), "time": list.time.to_string(),
        "marks": list.marks.len(), "own": own, "matches": matches, "checked": checked, "not_checked": unchecked,
    });
    Ok(Done::well(text, json))
}
