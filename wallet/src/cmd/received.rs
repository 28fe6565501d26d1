//! `peal received`: the payer of a contribution confirms that what the fund gave back has arrived.

use peal_spec::address::Address;
use peal_spec::facet::Reference;
use peal_spec::statement::{Body, Money, Referenced, RefundReceived};
use peal_spec::value::{Currency, Month};
use peal_wallet::trouble::Trouble;
use serde_json::json;

use super::context::Common;
use super::{Done, correct, single};

/// Confirm, as the payer of a contribution, that its refund has arrived
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  peal received --sequence 3 --month 2026-10 --amount 500.00 --currency CNY --reference STATEMENT-11\n  \
    peal received --account peal1... --sequence 3 --month 2026-10 --amount 500.00 --currency CNY --reference BANK-0815"
)]
pub(crate) struct Args {
    /// The account that the contribution is in [default: one's own]
    #[arg(long, value_name = "ADDRESS")]
    account: Option<Address>,
    /// The contribution's sequence in it
    #[arg(long, value_name = "N")]
    sequence: u64,
    /// The contribution's month
    #[arg(long, value_name = "MONTH")]
    month: Month,
    /// What has arrived, as 500.00
    #[arg(long, value_name = "AMOUNT")]
    amount: String,
    /// The contribution's currency
    #[arg(long, value_name = "CURRENCY")]
    currency: Currency,
    /// A reference of one's own: the number of the transfer
    #[arg(long, value_name = "REFERENCE")]
    reference: Reference,
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let amount = correct::amount(args.currency, &args.amount, None, None)?.amount;
    let mut wallet = common.open()?;
    let issuer = wallet.contents.address()?;
    let account = args.account.unwrap_or(issuer);
    let who = Referenced { issuer, reference: args.reference.clone() };
    let body =
        Body::RefundReceived(RefundReceived { who, amount: Money { amount, currency: args.currency } });
    let recorded = single::once(&mut wallet, "received", account, Some(args.sequence), args.month, body)?;
    let text = format!(
        "That {} {} of record {} came back {} as record {}.\n",
        args.currency.format(amount),
        args.currency,
        args.sequence,
        recorded.how(),
        recorded.sequence
    );
    let json = json!({
        "account": account.to_string(), "received": args.sequence, "sequence": recorded.sequence,
        "reference": args.reference.to_string(), "recorded_before": recorded.before,
    });
    Ok(Done::well(text, json))
}
