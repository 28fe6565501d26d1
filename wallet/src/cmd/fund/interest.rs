//! `peal fund interest`: a fund credits interest to a person's own account; what it comes to is reckoned here, and by the ledger again.

use std::fmt;
use std::str::FromStr;

use peal_spec::address::Address;
use peal_spec::facet::Reference;
use peal_spec::money::{self, Stretch};
use peal_spec::statement::{Body, Interest, Referenced, What};
use peal_spec::value::{AMOUNT_MAX, Currency, Insurance, Month, Text};
use peal_wallet::trouble::Trouble;
use serde_json::json;

use crate::cmd::Done;
use crate::cmd::context::Common;
use crate::cmd::single;

/// Credit interest to a person's own account, as a fund
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  peal fund interest --account peal1... --insurance pension --scheme cn-flexible-pension --month 2026-12 --currency CNY \\\n    \
    --balance 1000.00x12 --balance 477.84x3 --rate 6.04% --reference INTEREST-2026\n\n\
    Each balance bore interest for so many months; what they come to is the sum of balance and months, times the rate of a year by twelve,\n\
    rounded half up. No balance can be above what is on the person's own account."
)]
pub(crate) struct Args {
    /// The account of the person
    #[arg(long, value_name = "ADDRESS")]
    account: Address,
    /// The insurance: pension, medical, ... or a number
    #[arg(long, value_name = "INSURANCE")]
    insurance: Insurance,
    /// The scheme under which it is credited
    #[arg(long, value_name = "SCHEME")]
    scheme: Text<32>,
    /// The month in which it is credited, as 2026-12
    #[arg(long, value_name = "MONTH")]
    month: Month,
    /// The currency, as CNY
    #[arg(long, value_name = "CURRENCY")]
    currency: Currency,
    /// A balance, and for how many months it bore interest, as 1000.00x12; may be given 32 times
    #[arg(long = "balance", value_name = "AMOUNTxMONTHS", required = true, value_parser = balance)]
    balances: Vec<(String, u64)>,
    /// The rate of a year, as 6.04%
    #[arg(long, value_name = "RATE")]
    rate: Rate,
    /// A reference of one's own: the number of the booking
    #[arg(long, value_name = "REFERENCE")]
    reference: Reference,
}

fn balance(text: &str) -> Result<(String, u64), String> {
    let (amount, months) = text.split_once('x').ok_or("expected AMOUNTxMONTHS, as 1000.00x12")?;
    let months = months.parse().ok().filter(|n| (1..=12).contains(n));
    Ok((amount.to_owned(), months.ok_or("expected 1 to 12 months after the x, as 1000.00x12")?))
}

/// A rate of a year, in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rate(u64);

impl FromStr for Rate {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.strip_suffix('%').and_then(|t| {
            let (whole, part) = match t.split_once('.') {
                Some((whole, part)) if !part.is_empty() => (whole, part),
                Some(_) => return None,
                None => (t, ""),
            };
            let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
            let good = (1..=3).contains(&whole.len()) && part.len() <= 4 && digits(whole) && digits(part);
            if good { format!("{whole}{part:0<4}").parse().ok() } else { None }
        });
        let rate = number.filter(|n| (1..=1_000_000).contains(n)).map(Self);
        rate.ok_or_else(|| "expected 0.0001% to 100%, with at most 4 decimals, as 6.04%".to_owned())
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = format!("{}.{:04}", self.0 / 10_000, self.0 % 10_000);
        write!(f, "{} %", all.trim_end_matches('0').trim_end_matches('.'))
    }
}

impl Args {
    /// What the balances come to.
    fn reckon(&self) -> Result<money::Interest, Trouble> {
        let bad = |what: String, remedy: &str| Trouble::unusable(what, "--balance", remedy);
        let read = |(text, months): &(String, u64)| {
            let balance = self.currency.parse_amount(text);
            let balance = balance.map_err(|e| bad(format!("{text}: {e}"), "write it as 1000.00x12"))?;
            if balance == 0 {
                return Err(bad("a balance is nothing".into(), "leave it out: it bears no interest"));
            }
            Ok(Stretch { balance, months: *months })
        };
        let stretches = self.balances.iter().map(read).collect::<Result<Vec<_>, Trouble>>()?;
        if stretches.len() > money::MAX_LIST {
            let what = format!("{} balances are given, and 32 fit", stretches.len());
            return Err(bad(what, "credit the interest in several parts, each with a reference of its own"));
        }
        let interest = money::Interest { amount: 0, currency: self.currency, stretches, rate: self.rate.0 };
        match u64::try_from(interest.reckoned()) {
            Ok(0) => Err(bad("the interest comes to nothing".into(), "check balances, months and rate")),
            Ok(amount) if amount <= AMOUNT_MAX => Ok(money::Interest { amount, ..interest }),
            _ => Err(bad("the interest is more than an amount can be".into(), "check the balances")),
        }
    }
}

pub(super) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let amount = args.reckon()?;
    let (currency, minor) = (args.currency, amount.amount);
    let from: Vec<String> =
        amount.stretches.iter().map(|s| format!("{} × {}", currency.format(s.balance), s.months)).collect();
    let mut wallet = common.open()?;
    let fund = wallet.contents.address()?;
    let who = Referenced { issuer: fund, reference: args.reference.clone() };
    let what = What { insurance: args.insurance, scheme: args.scheme.clone(), fund };
    let body = Body::Interest(Interest { who, what, amount });
    let recorded = single::once(&mut wallet, "interest", args.account, None, args.month, body)?;
    let text = format!(
        "The interest of {} {currency} {} as record {}: balance × months of {}, at {} a year.\n",
        currency.format(minor),
        recorded.how(),
        recorded.sequence,
        from.join(" + "),
        args.rate
    );
    let json = json!({
        "account": args.account.to_string(), "sequence": recorded.sequence, "reference": args.reference.to_string(),
        "amount": minor, "currency": currency.to_string(), "recorded_before": recorded.before,
    });
    Ok(Done::well(text, json))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_exactly() {
        for (text, millionths, shown) in [
            ("6.04%", 60_400, "6.04 %"),
            ("6.0400%", 60_400, "6.04 %"),
            ("100%", 1_000_000, "100 %"),
            ("0.0001%", 1, "0.0001 %"),
            ("10%", 100_000, "10 %"),
        ] {
            let rate: Rate = text.parse().unwrap();
            assert_eq!((rate, rate.to_string()), (Rate(millionths), shown.to_owned()));
        }
        for bad in
            ["6.04", "%", "0%", "100.0001%", "6.%", ".5%", "-1%", "+1%", "6.00001%", "6,04%", " 6%", "1e2%"]
        {
            assert!(bad.parse::<Rate>().is_err(), "{bad}");
        }
    }

    #[test]
    fn steps_and_balances_have_their_months() {
        assert_eq!(balance("1000.00x12"), Ok(("1000.00".to_owned(), 12)));
        for bad in ["1000.00", "1000x0", "1000x13", "1000x", "1000x+", "1000 x 12"] {
            assert!(balance(bad).is_err(), "{bad}");
        }
    }
}
