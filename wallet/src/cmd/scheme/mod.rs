//! `peal scheme`: the schemes that come with PEAL, and packs of one's own.

mod list;
mod show;
mod check;
mod card;
mod template;
mod text;

use peal_wallet::trouble::Trouble;

use super::Done;

/// Look into schemes: rules and values as data; check packs, read cards
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  peal scheme list\n  peal scheme card fr-micro --lang zh\n  peal scheme show fr-micro\n  \
    peal scheme template > ruritania.toml       begin a pack of your own\n  peal scheme check ruritania.toml"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: Which,
}

#[derive(Debug, clap::Subcommand)]
enum Which {
    List(list::Args),
    Show(show::Args),
    Check(check::Args),
    Card(card::Args),
    Template(template::Args),
    Text(text::Args),
}

pub(crate) fn run(args: &Args) -> Result<Done, Trouble> {
    match &args.what {
        Which::List(args) => list::run(args),
        Which::Show(args) => show::run(args),
        Which::Check(args) => check::run(args),
        Which::Card(args) => card::run(args),
        Which::Template(args) => template::run(args),
        Which::Text(args) => text::run(args),
    }
}
