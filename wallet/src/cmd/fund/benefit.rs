//! `peal fund benefit`: what was paid of an award for a month.

use peal_spec::address::Address;
use peal_spec::facet::Reference;
use peal_spec::statement::{Benefit, Body, Money, Referenced};
use peal_spec::value::{Currency, Month};
use peal_wallet::trouble::Trouble;
use serde_json::json;

use crate::cmd::context::Common;
use crate::cmd::{Done, correct, single};

/// Say what was paid of an award for a month, as its fund
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  peal fund benefit --account peal1... --award 14 --month 2026-10 --amount 900.00 --currency CNY --reference BANK-2026-11-03-0042\n\n\
    A month may be paid in several parts; more than the award gives in it is refused."
)]
pub(crate) struct Args {
    /// The account of the person
    #[arg(long, value_name = "ADDRESS")]
    account: Address,
    /// The award's sequence in it
    #[arg(long, value_name = "N")]
    award: u64,
    /// The month that is paid, as 2026-10
    #[arg(long, value_name = "MONTH")]
    month: Month,
    /// What was paid, as 900.00
    #[arg(long, value_name = "AMOUNT")]
    amount: String,
    /// The award's currency
    #[arg(long, value_name = "CURRENCY")]
    currency: Currency,
    /// A reference of one's own: the number of the transfer
    #[arg(long, value_name = "REFERENCE")]
    reference: Reference,
}

pub(super) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let amount = correct::amount(args.currency, &args.amount, None, None)?.amount;
    let mut wallet = common.open()?;
    let who = Referenced { issuer: wallet.contents.address()?, reference: args.reference.clone() };
    let body = Body::Benefit(Benefit { who, amount: Money { amount, currency: args.currency } });
    let recorded = single::once(&mut wallet, "benefit", args.account, Some(args.award), args.month, body)?;
    let text = format!(
        "The benefit of {} {} for {} {} as record {}.\n",
        args.currency.format(amount),
        args.currency,
        args.month,
        recorded.how(),
        recorded.sequence
    );
    let json = json!({
        "account": args.account.to_string(), "award": args.award, "sequence": recorded.sequence,
        "reference": args.reference.to_string(), "recorded_before": recorded.before,
    });
    Ok(Done::well(text, json))
}
