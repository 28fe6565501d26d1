//! `peal claim`: what is missing or wrong is said, answered, ruled on, put right and closed.

mod answer;
mod close;
mod file;
mod list;
mod remedy;
mod rule;

use peal_wallet::trouble::Trouble;

use super::Done;
use super::context::Common;

/// File a claim, answer it, rule on it, put it right, close it
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  peal claim file --kind missing --against peal1... --before peal1... --insurance pension --months 2026-03 --says \"...\"\n  \
    peal claim list                             how far they are, whose turn it is, until when\n  \
    peal claim answer --account peal1... --claim 12 --contest --says \"...\"     the party\n  \
    peal claim rule --account peal1... --claim 12 --outcome upheld --within 30 --says \"...\"   the bureau\n  \
    peal claim remedy --account peal1... --claim 12 --record 15               the party\n  \
    peal claim close --claim 12 --says \"done\""
)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    File(file::Args),
    List(list::Args),
    Answer(answer::Args),
    Rule(rule::Args),
    Remedy(remedy::Args),
    Close(close::Args),
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    match &args.what {
        What::File(args) => file::run(common, args),
        What::List(args) => list::run(common, args),
        What::Answer(args) => answer::run(common, args),
        What::Rule(args) => rule::run(common, args),
        What::Remedy(args) => remedy::run(common, args),
        What::Close(args) => close::run(common, args),
    }
}
