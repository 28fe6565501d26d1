//! `peal identity`: who a person is, and which accounts are hers.

mod bind;
mod bound;
mod document;
mod duplicates;
mod link;
mod office;
mod show;
mod withdraw;

use peal_wallet::trouble::Trouble;

use super::Done;
use super::context::Common;

/// Bind an account to a person, or two accounts to one another
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  peal identity show\n  peal identity bind peal1... --document CN:resident-id:11010519491231002X --office office.card --out her.identity\n  \
    peal identity link --with peal1...\n  peal identity withdraw peal1... 12 --because \"another person of the same name\""
)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    Show(show::Args),
    Bind(bind::Args),
    Link(link::Args),
    Withdraw(withdraw::Args),
    Duplicates(duplicates::Args),
    Office(office::Args),
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    match &args.what {
        What::Show(args) => show::run(common, args),
        What::Bind(args) => bind::run(common, args),
        What::Link(args) => link::run(common, args),
        What::Withdraw(args) => withdraw::run(common, args),
        What::Duplicates(args) => duplicates::run(common, args),
        What::Office(args) => office::run(args),
    }
}
