//! `peal pay`: a person's own contribution, or one that somebody pays in her name, by her consent.

use std::path::PathBuf;

use peal_spec::address::Address;
use peal_spec::facet::Reference;
use peal_spec::statement::contribution::Payer;
use peal_spec::statement::{Amount, Body, Contribution, PaidFor, Source, What};
use peal_spec::value::{Currency, Insurance, Month, Text};
use peal_wallet::layout::short;
use peal_wallet::returns::{self, Line};
use peal_wallet::trouble::Trouble;
use serde_json::json;

use super::context::Common;
use super::{Done, correct, single};

/// Post a contribution from one's own pocket
///
/// With --for it is another's, in whose name it is paid by her consent; she sees who paid it.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  peal pay --insurance pension --scheme cn-flexible-pension --month 2026-10 --amount 1194.60 --credited 477.84 \
    --currency CNY --fund peal1... --return october.csv\n  \
    peal pay --for peal1... --consent 12 --insurance pension --scheme cn-flexible-pension --month 2026-10 --amount 1194.60 --credited 477.84 \
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
    /// The part that goes to the person's own account [default: 0]
    #[arg(long, value_name = "AMOUNT")]
    credited: Option<String>,
    /// What the amount was reckoned on
    #[arg(long, value_name = "AMOUNT")]
    base: Option<String>,
    /// In the name of this person, who has consented
    #[arg(long = "for", value_name = "ADDRESS", requires = "consent")]
    account: Option<Address>,
    /// By this consent of hers
    #[arg(long, value_name = "N", requires = "account")]
    consent: Option<u64>,
    /// A reference of one's own [default: self/MONTH/INSURANCE/SCHEME, or for/...]
    #[arg(long, value_name = "REFERENCE")]
    reference: Option<Reference>,
    /// Append a line for the fund to this return file
    #[arg(long = "return", value_name = "FILE")]
    return_file: Option<PathBuf>,
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let amount =
        correct::amount(args.currency, &args.amount, args.credited.as_deref(), args.base.as_deref())?;
    let whose = if args.account.is_some() { "for" } else { "self" };
    let usual = format!("{whose}/{}/{}/{}", args.month.number(), args.insurance, args.scheme);
    let reference = match &args.reference {
        Some(reference) => reference.clone(),
        None => {
            usual.parse().map_err(|e| Trouble::unusable(e, "--reference", "give a reference of your own"))?
        }
    };
    let mut wallet = common.open()?;
    let issuer = wallet.contents.address()?;
    let contribution = Contribution {
        who: Payer { source: Source::Self_, issuer, reference: reference.clone() },
        what: What { insurance: args.insurance, scheme: args.scheme.clone(), fund: args.fund },
        amount,
        evidence: None,
    };
    let (account, body) = match args.account {
        Some(account) => (account, Body::PaidFor(PaidFor(contribution))),
        None => (issuer, Body::Contribution(contribution)),
    };
    let recorded = single::once(&mut wallet, "pay", account, args.consent, args.month, body)?;
    let line = Line {
        account,
        sequence: recorded.sequence,
        month: args.month,
        insurance: args.insurance,
        scheme: args.scheme.clone(),
        amount,
        fund: args.fund,
        reference,
        issuer,
    };
    if let Some(path) = &args.return_file {
        returns::append(path, &line)?;
    }
    let Amount { currency, .. } = amount;
    let by = args.consent.map_or_else(String::new, |consent| {
        format!(", in the name of {} by consent {consent},", short(&account.to_string()))
    });
    let text = format!(
        "The contribution of {} {currency} to {} for {}{by} {} as record {}.\n  reference {}\n",
        currency.format(amount.amount),
        args.insurance,
        args.month,
        recorded.how(),
        recorded.sequence,
        line.reference
    );
    let json = json!({
        "account": account.to_string(), "by_consent": args.consent, "sequence": recorded.sequence, "reference": line.reference.to_string(),
        "recorded_before": recorded.before, "return": args.return_file.as_ref().map(|p| p.display().to_string()),
    });
    Ok(Done::well(text, json))
}
