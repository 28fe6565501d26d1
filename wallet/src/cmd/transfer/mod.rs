//! `peal transfer`: what funds say of money that moves with an account.

mod out;
mod come;

use peal_wallet::trouble::Trouble;

use super::Done;
use super::context::Common;

/// Say that money of somebody who moves has left, or has come, as a fund
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  peal transfer out history.peal --trust trust.txt --scheme cn-flexible-pension --reference T-2026-11-0007\n  \
    peal transfer in pension-14.move --reference IN-2026-11-0031"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    Out(out::Args),
    In(come::Args),
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    match &args.what {
        What::Out(args) => out::run(common, args),
        What::In(args) => come::run(common, args),
    }
}
