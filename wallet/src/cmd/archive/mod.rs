//! `peal archive`: the whole account as a file that needs no PEAL software to read, and histories that a wallet takes along.

mod make;
mod check;
mod import;
mod list;
mod show;
mod proof;

use peal_wallet::carried::Carried;
use peal_wallet::trouble::Trouble;
use peal_wallet::wallet::Contents;

use super::Done;
use super::context::Common;

/// Take the whole account along: archives for everyone, histories from elsewhere
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  peal archive make --out mine.zip\n  peal archive check mine.zip --trust trust.txt\n  \
    peal archive import old.zip --trust old-ledger.txt\n  peal archive list\n  peal archive show 1"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: Which,
}

#[derive(Debug, clap::Subcommand)]
enum Which {
    Make(make::Args),
    Check(check::Args),
    Import(import::Args),
    List(list::Args),
    Show(show::Args),
    Proof(proof::Args),
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    match &args.what {
        Which::Make(args) => make::run(common, args),
        Which::Check(args) => check::run(args),
        Which::Import(args) => import::run(common, args),
        Which::List(args) => list::run(common, args),
        Which::Show(args) => show::run(common, args),
        Which::Proof(args) => proof::run(common, args),
    }
}

/// The carried history of a number in the list; the only one, if none is given.
fn chosen(contents: &Contents, number: Option<usize>) -> Result<&Carried, Trouble> {
    let all = contents.carried.all();
    let found = match (number, all) {
        (None, [one]) => Some(one),
        (None, _) => None,
        (Some(n), all) => n.checked_sub(1).and_then(|at| all.get(at)),
    };
    found.ok_or_else(|| {
        let (what, remedy) = match number {
            _ if all.is_empty() => {
                ("this wallet carries no history".to_owned(), "take one along with `peal archive import`")
            }
            Some(n) => {
                (format!("there is no carried history {n}"), "see the numbers with `peal archive list`")
            }
            None => (
                format!("this wallet carries {} histories", all.len()),
                "say which by its number in `peal archive list`",
            ),
        };
        Trouble::unusable(what, "this wallet", remedy)
    })
}
