//! `peal match`: somebody adds a contribution because of another one.

use std::path::PathBuf;

use peal_spec::address::Address;
use peal_spec::facet::Reference;
use peal_spec::statement::contribution::Payer;
use peal_spec::statement::{Body, Contribution, Matching, What};
use peal_spec::value::{Currency, Insurance, Month, Text};
use peal_wallet::import::Source;
use peal_wallet::returns::{self, Line};
use peal_wallet::trouble::Trouble;
use serde_json::json;

use super::context::Common;
use super::{Done, correct, single};

/// Add a contribution to another one, as a platform, an employer or a subsidy
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  peal match --account peal1... --sequence 3 --source subsidy --insurance pension --scheme cn-pension-subsidy --month 2026-10 \\\n    \
    --amount 100.00 --credited 100.00 --currency CNY --fund peal1... --reference SUBSIDY-2026-10-0042 --return subsidies.csv\n\n\
    It is a contribution of its own: the fund settles it, and it can be corrected. The money itself goes to the fund by bank; hand it the\n\
    return file with the transfer."
)]
pub(crate) struct Args {
    /// The account that the contribution is in
    #[arg(long, value_name = "ADDRESS")]
    account: Address,
    /// The sequence of the contribution that is matched
    #[arg(long, value_name = "N")]
    sequence: u64,
    /// Who adds it: platform, employer or subsidy
    #[arg(long, value_name = "SOURCE")]
    source: Source,
    /// The insurance: that of the contribution
    #[arg(long, value_name = "INSURANCE")]
    insurance: Insurance,
    /// The scheme under which it is paid
    #[arg(long, value_name = "SCHEME")]
    scheme: Text<32>,
    /// The contribution's month
    #[arg(long, value_name = "MONTH")]
    month: Month,
    /// What is added, as 100.00
    #[arg(long, value_name = "AMOUNT")]
    amount: String,
    /// The part that goes to the person's own account [default: 0]
    #[arg(long, value_name = "AMOUNT")]
    credited: Option<String>,
    /// What the amount was reckoned on
    #[arg(long, value_name = "AMOUNT")]
    base: Option<String>,
    /// The currency, as CNY
    #[arg(long, value_name = "CURRENCY")]
    currency: Currency,
    /// The fund that is to receive it
    #[arg(long, value_name = "ADDRESS")]
    fund: Address,
    /// A reference of one's own, new among one's contributions to this account
    #[arg(long, value_name = "REFERENCE")]
    reference: Reference,
    /// Append a line for the fund to this return file
    #[arg(long = "return", value_name = "FILE")]
    return_file: Option<PathBuf>,
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let amount =
        correct::amount(args.currency, &args.amount, args.credited.as_deref(), args.base.as_deref())?;
    let mut wallet = common.open()?;
    let issuer = wallet.contents.address()?;
    let who = Payer { source: args.source.into(), issuer, reference: args.reference.clone() };
    let what = What { insurance: args.insurance, scheme: args.scheme.clone(), fund: args.fund };
    let body = Body::Matching(Matching(Contribution { who, what, amount, evidence: None }));
    let recorded = single::once(&mut wallet, "match", args.account, Some(args.sequence), args.month, body)?;
    if let Some(path) = &args.return_file {
        let line = Line {
            account: args.account,
            sequence: recorded.sequence,
            month: args.month,
            insurance: args.insurance,
            scheme: args.scheme.clone(),
            amount,
            fund: args.fund,
            reference: args.reference.clone(),
            issuer,
        };
        returns::append(path, &line)?;
    }
    let text = format!(
        "The contribution of {} {} that matches record {} {} as record {}.\n",
        args.currency.format(amount.amount),
        args.currency,
        args.sequence,
        recorded.how(),
        recorded.sequence
    );
    let json = json!({
        "account": args.account.to_string(), "matches": args.sequence, "sequence": recorded.sequence,
        "reference": args.reference.to_string(), "recorded_before": recorded.before,
        "return": args.return_file.as_ref().map(|p| p.display().to_string()),
    });
    Ok(Done::well(text, json))
}
