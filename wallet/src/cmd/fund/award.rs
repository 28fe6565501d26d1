//! `peal fund award`: what a person has a right to, month by month.

use peal_spec::address::Address;
use peal_spec::facet::Reference;
use peal_spec::money::Step;
use peal_spec::statement::{Award, Body, Entitlement, Referenced, What};
use peal_spec::value::{Currency, Insurance, Month, Text};
use peal_wallet::passbook;
use peal_wallet::trouble::Trouble;
use serde_json::json;

use crate::cmd::Done;
use crate::cmd::context::Common;
use crate::cmd::single;

/// Award benefits, month by month, as a fund or a bureau
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  peal fund award --account peal1... --insurance unemployment --scheme cn-unemployment --fund peal1... --month 2026-10 \\\n    \
    --currency CNY --step 2x900.00 --step 10x700.00 --reference AWARD-2026-0042\n\n\
    The steps follow one another from the month on: here 900.00 in 2026-10 and 2026-11, then 700.00 in each of ten months. An award ends\n\
    before that if it is voided (peal correct --void); what was paid of it was paid."
)]
pub(crate) struct Args {
    /// The account of the person
    #[arg(long, value_name = "ADDRESS")]
    account: Address,
    /// The insurance: pension, medical, ... or a number
    #[arg(long, value_name = "INSURANCE")]
    insurance: Insurance,
    /// The scheme under which it is awarded
    #[arg(long, value_name = "SCHEME")]
    scheme: Text<32>,
    /// The fund that is to pay
    #[arg(long, value_name = "ADDRESS")]
    fund: Address,
    /// The first month, as 2026-10
    #[arg(long, value_name = "MONTH")]
    month: Month,
    /// The currency, as CNY
    #[arg(long, value_name = "CURRENCY")]
    currency: Currency,
    /// For how many months how much a month, as 12x1500.00; more steps follow this one
    #[arg(long = "step", value_name = "MONTHSxAMOUNT", required = true, value_parser = step)]
    steps: Vec<(u64, String)>,
    /// A reference of one's own: the number of the decision
    #[arg(long, value_name = "REFERENCE")]
    reference: Reference,
}

fn step(text: &str) -> Result<(u64, String), String> {
    let (months, amount) = text.split_once('x').ok_or("expected MONTHSxAMOUNT, as 12x1500.00")?;
    let months = months.parse().ok().filter(|n| (1..=Entitlement::MAX_MONTHS).contains(n));
    Ok((months.ok_or("expected 1 to 1200 months before the x, as 12x1500.00")?, amount.to_owned()))
}

impl Args {
    fn entitlement(&self) -> Result<Entitlement, Trouble> {
        let bad = |what: String, remedy: &str| Trouble::unusable(what, "--step", remedy);
        let read = |(months, text): &(u64, String)| {
            let amount = self.currency.parse_amount(text);
            let amount = amount.map_err(|e| bad(format!("{text}: {e}"), "write it as 12x1500.00"))?;
            if amount == 0 {
                return Err(bad("a step gives nothing".into(), "leave it out, or begin a month later"));
            }
            Ok(Step { months: *months, amount })
        };
        let steps = self.steps.iter().map(read).collect::<Result<Vec<_>, Trouble>>()?;
        let gives = Entitlement { currency: self.currency, steps };
        let (count, months) = (gives.steps.len(), gives.months());
        if !gives.fits() {
            let what = format!("{count} steps of {months} months are more than one award can say");
            let remedy = "award at most 32 steps, 1200 months and 2^53 - 1 minor units at once";
            return Err(bad(what, remedy));
        }
        Ok(gives)
    }
}

pub(super) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let amount = args.entitlement()?;
    let pairs: Vec<(u64, u64)> = amount.steps.iter().map(|s| (s.months, s.amount)).collect();
    let gives = passbook::steps(&pairs, args.currency.as_str());
    let months = amount.months();
    let mut wallet = common.open()?;
    let who = Referenced { issuer: wallet.contents.address()?, reference: args.reference.clone() };
    let what = What { insurance: args.insurance, scheme: args.scheme.clone(), fund: args.fund };
    let body = Body::Award(Award { who, what, amount });
    let recorded = single::once(&mut wallet, "award", args.account, None, args.month, body)?;
    let text = format!(
        "The award of {} from {} on {} as record {}: {gives}.\n",
        args.insurance,
        args.month,
        recorded.how(),
        recorded.sequence
    );
    let json = json!({
        "account": args.account.to_string(), "sequence": recorded.sequence, "reference": args.reference.to_string(),
        "months": months, "recorded_before": recorded.before,
    });
    Ok(Done::well(text, json))
}
