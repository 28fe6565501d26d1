//! `peal fund refund`: a fund gives a settled contribution back, or a part of it.

use peal_spec::address::Address;
use peal_spec::facet::Reference;
use peal_spec::statement::{Body, Referenced, Refund, Returned};
use peal_spec::value::{Currency, Month};
use peal_wallet::trouble::Trouble;
use serde_json::json;

use crate::cmd::context::Common;
use crate::cmd::{Done, correct, single};

/// Give back a settled contribution, or a part of it, as its fund
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  peal fund refund --account peal1... --sequence 3 --month 2026-10 --amount 500.00 --credited 200.00 --currency CNY \\\n    \
    --reference REFUND-2026-0007\n\n\
    The payer confirms it with `peal received`. A month of which everything was given back does not count any more."
)]
pub(crate) struct Args {
    /// The account that the contribution is in
    #[arg(long, value_name = "ADDRESS")]
    account: Address,
    /// The contribution's sequence in it
    #[arg(long, value_name = "N")]
    sequence: u64,
    /// The contribution's month
    #[arg(long, value_name = "MONTH")]
    month: Month,
    /// What goes back, as 500.00
    #[arg(long, value_name = "AMOUNT")]
    amount: String,
    /// The part of it that had gone to the person's own account [default: 0]
    #[arg(long, value_name = "AMOUNT")]
    credited: Option<String>,
    /// The contribution's currency
    #[arg(long, value_name = "CURRENCY")]
    currency: Currency,
    /// A reference of one's own: the number of the transfer
    #[arg(long, value_name = "REFERENCE")]
    reference: Reference,
}

pub(super) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let read = correct::amount(args.currency, &args.amount, args.credited.as_deref(), None)?;
    let amount = Returned { amount: read.amount, credited: read.credited, currency: args.currency };
    let mut wallet = common.open()?;
    let who = Referenced { issuer: wallet.contents.address()?, reference: args.reference.clone() };
    let body = Body::Refund(Refund { who, amount });
    let recorded = single::once(&mut wallet, "refund", args.account, Some(args.sequence), args.month, body)?;
    let text = format!(
        "The refund of {} {} of record {} {} as record {}.\n",
        args.currency.format(amount.amount),
        args.currency,
        args.sequence,
        recorded.how(),
        recorded.sequence
    );
    let json = json!({
        "account": args.account.to_string(), "refunded": args.sequence, "sequence": recorded.sequence,
        "reference": args.reference.to_string(), "recorded_before": recorded.before,
    });
    Ok(Done::well(text, json))
}
