//! `peal identity duplicates export`: the list for the bureau of another ledger.

use std::path::PathBuf;

use peal_spec::cbor::Cbor as _;
use peal_spec::hash::Hash;
use peal_spec::tokens::{MAX_MARKS, Tokens};
use peal_spec::value::Origin;
use peal_wallet::bound::Bindings;
use peal_wallet::disk;
use peal_wallet::trouble::Trouble;
use peal_wallet::wallet::Wallet;
use peal_wallet::words::random_seed;
use serde_json::json;

use crate::cmd::Done;
use crate::cmd::context::{self, Common};
use crate::cmd::identity::bound;

/// Write a list of whom this bureau has bound, for a bureau of another ledger
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  peal identity duplicates export --with other.example/1 -o ours.tokens\n\n\
    The list has a mark for each person whom this wallet has bound and, as far as it knows, not withdrawn. What other bureaus\n\
    have withdrawn it knows with --ask. Whom it bound before this program kept that is bound again: nothing is said twice.\n\
    It tells how many there are, and nothing of anybody to whoever has not bound her, too. Give it to that bureau alone."
)]
pub(crate) struct Args {
    /// The other ledger
    #[arg(long, value_name = "ORIGIN")]
    with: Origin,
    /// Ask the ledger first, person by person, whose binding still stands
    #[arg(long)]
    ask: bool,
    /// The new file
    #[arg(short = 'o', long, value_name = "FILE")]
    out: PathBuf,
}

/// Asks the ledger which bindings stand; says how many do not any more.
fn ask(wallet: &Wallet, bindings: &mut Bindings) -> Result<usize, Trouble> {
    let remote = context::remote(&wallet.contents)?;
    let bar = context::progress(bindings.standing().count() as u64, "asking");
    let fallen = bindings.ask(wallet, |one| {
        bar.inc(1);
        let found = bound::of(&wallet.contents, &remote, &one.token)?;
        let found = found.map_err(|problem| problem.at(remote.base()))?;
        Ok(found == Some((one.account, one.sequence)))
    });
    bar.finish_and_clear();
    fallen
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let wallet = common.open()?;
    let contents = &wallet.contents;
    if args.with == contents.origin {
        let remedy = "name another ledger: in its own, a ledger refuses a second binding of a person";
        return Err(Trouble::unusable("this is the wallet's own ledger", "--with", remedy));
    }
    let mut bindings = Bindings::of(&wallet)?;
    let fallen = if args.ask { ask(&wallet, &mut bindings)? } else { 0 };
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
    let withdrawn = match (args.ask, fallen) {
        (false, _) => "Whether others have withdrawn some of them was not asked (--ask).\n".to_owned(),
        (true, 0) => String::new(),
        (true, fallen) => format!("{fallen} were withdrawn by others, and are not in it any more.\n"),
    };
    let text = format!(
        "{out} has {marks} marks, for bureaus of {} alone. It is signed by this bureau's key\n  {key}\n\
         which they should have from you by another way. Keep the file: `peal identity duplicates answer` needs it.\n{withdrawn}",
        args.with
    );
    Ok(Done::well(
        text,
        json!({ "marks": marks, "with": args.with.to_string(), "key": key, "asked": args.ask, "withdrawn": fallen, "out": out }),
    ))
}
