//! `peal pay`: a person's own contribution.

use std::path::PathBuf;

use peal_spec::address::Address;
use peal_spec::cbor::Cbor;
use peal_spec::facet::Reference;
use peal_spec::statement::contribution::Payer;
use peal_spec::statement::{Amount, Body, Contribution, Source, What};
use peal_spec::value::{Currency, Insurance, Month, Text};
use peal_wallet::returns::{self, Line};
use peal_wallet::trouble::Trouble;
use serde_json::json;

use super::context::Common;
use super::single::{self, Said};
use super::{Done, correct};

/// Post a contribution from one's own pocket
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  peal pay --insurance pension --scheme cn-flexible-pension --month 2026-10 --amount 1194.60 --credited 477.84 \
    --currency CNY --fund peal1... --return october.csv\n\n\
    The money itself goes to the fund by bank; hand it the return file with the transfer. The same payment posted again changes nothing."
)]
pub(crate) struct Args {
    /// The insurance: pension, medical, ... or a number
    #[arg(long, value_name = "INSURANCE")]
    insurance: Insurance,
    /// The scheme under which it is paid
    #[arg(long, value_name = "SCHEME")]
    scheme: Text<32>,
    /// The month that it is for, as 2026-10
    #[arg(long, value_name = "MONTH")]
    month: Month,
    /// What is paid, as 100.00
    #[arg(long, value_name = "AMOUNT")]
    amount: String,
    /// The currency, as CNY
    #[arg(long, value_name = "CURRENCY")]
    currency: Currency,
    /// The fund that is to receive it
    #[arg(long, value_name = "ADDRESS")]
    fund: Address,
    /// The part that goes to one's own account [default: 0]
    #[arg(long, value_name = "AMOUNT")]
    credited: Option<String>,
    /// What the amount was reckoned on
    #[arg(long, value_name = "AMOUNT")]
    base: Option<String>,
    /// A reference of one's own [default: self/MONTH/INSURANCE/SCHEME]
    #[arg(long, value_name = "REFERENCE")]
    reference: Option<Reference>,
    /// Append a line for the fund to this return file
    #[arg(long = "return", value_name = "FILE")]
    return_file: Option<PathBuf>,
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let amount =
        correct::amount(args.currency, &args.amount, args.credited.as_deref(), args.base.as_deref())?;
    let usual = format!("self/{}/{}/{}", args.month.number(), args.insurance, args.scheme);
    let reference = match &args.reference {
        Some(reference) => reference.clone(),
        None => {
            usual.parse().map_err(|e| Trouble::unusable(e, "--reference", "give a reference of your own"))?
        }
    };
    let mut wallet = common.open()?;
    let account = wallet.contents.address()?;
    let contribution = Contribution {
        who: Payer { source: Source::Self_, issuer: account, reference: reference.clone() },
        what: What { insurance: args.insurance, scheme: args.scheme.clone(), fund: args.fund },
        amount,
        evidence: None,
    };
    let body = Body::Contribution(contribution);
    let (facets, month) = (body.facets(), args.month.to_bytes());
    let parts: Vec<&[u8]> = facets.iter().chain([month.as_slice()]).collect();
    let said = Said {
        account,
        refers: None,
        month: Some(args.month),
        body,
        generation: wallet.contents.generation,
        again: false,
    };
    let recorded = single::say(&mut wallet, "pay", &parts, said)?;
    let line = Line {
        account,
        sequence: recorded.sequence,
        month: args.month,
        insurance: args.insurance,
        scheme: args.scheme.clone(),
        amount,
        fund: args.fund,
        reference,
        issuer: account,
    };
    if let Some(path) = &args.return_file {
        returns::append(path, &line)?;
    }
    let Amount { currency, .. } = amount;
    let text = format!(
        "The contribution of {} {currency} to {} for {} {} as record {}.\n  reference {}\n",
        currency.format(amount.amount),
        args.insurance,
        args.month,
        recorded.how(),
        recorded.sequence,
        line.reference
    );
    let json = json!({
        "account": account.to_string(), "sequence": recorded.sequence, "reference": line.reference.to_string(),
        "recorded_before": recorded.before, "return": args.return_file.as_ref().map(|p| p.display().to_string()),
    });
    Ok(Done::well(text, json))
}
