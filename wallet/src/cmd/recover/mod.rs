//! `peal recover`: a backup that is tried, an account that is taken over with new words, and the veto against it.

mod approve;
mod begin;
mod complete;
mod guard;
mod rehearse;
mod status;
mod veto;

use peal_wallet::trouble::Trouble;

use super::Done;
use super::context::Common;

/// Try the backup, or recover an account whose words are lost
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  peal recover rehearse --words -             does the paper in the drawer open the account?\n  \
    peal recover guard --guardian ... --need 2  who may help, should the words be lost\n  \
    peal recover begin ... --address peal1...   new words, and a request for those who know you\n  \
    peal recover approve request.txt            a guardian, or a bureau, says yes\n  \
    peal recover complete                       when the delay has passed\n  \
    peal recover veto                           somebody else is trying to take your account"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    Rehearse(rehearse::Args),
    Guard(guard::Args),
    Begin(begin::Args),
    Approve(approve::Args),
    Status(status::Args),
    Complete(complete::Args),
    Veto(veto::Args),
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    match &args.what {
        What::Rehearse(args) => rehearse::run(common, args),
        What::Guard(args) => guard::run(common, args),
        What::Begin(args) => begin::run(common, args),
        What::Approve(args) => approve::run(common, args),
        What::Status(args) => status::run(common, args),
        What::Complete(args) => complete::run(common, args),
        What::Veto(args) => veto::run(common, args),
    }
}
