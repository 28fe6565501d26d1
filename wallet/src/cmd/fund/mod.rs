//! `peal fund`: what a fund says beside its settlements: rights to benefits, what was paid of them, refunds, interest.

mod award;
mod benefit;
mod refund;
mod interest;

use peal_wallet::trouble::Trouble;

use super::Done;
use super::context::Common;

/// Award and pay benefits, refund, and credit interest, as a fund
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  peal fund award ... --month 2026-10 --step 2x900.00 --step 10x700.00   what somebody has a right to\n  \
    peal fund benefit ... --award 14 --month 2026-10 --amount 900.00       what was paid of it\n  \
    peal fund refund ... --sequence 3 --month 2026-10 --amount 500.00      what went back of a contribution\n  \
    peal fund interest ... --balance 1000.00x12 --rate 6.04%               what a balance has borne"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    Award(award::Args),
    Benefit(benefit::Args),
    Refund(refund::Args),
    Interest(interest::Args),
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    match &args.what {
        What::Award(args) => award::run(common, args),
        What::Benefit(args) => benefit::run(common, args),
        What::Refund(args) => refund::run(common, args),
        What::Interest(args) => interest::run(common, args),
    }
}
