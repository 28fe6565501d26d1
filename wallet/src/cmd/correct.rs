//! `peal correct`: the issuer of a contribution replaces its amount or voids it; that of an engagement or award voids it.

use std::path::PathBuf;

use peal_spec::address::Address;
use peal_spec::cbor::Cbor;
use peal_spec::statement::correction::Corrector;
use peal_spec::statement::{Amount, Body, Correction};
use peal_spec::value::{BadAmount, Currency, Month, Text};
use peal_wallet::returns;
use peal_wallet::trouble::Trouble;
use serde_json::json;

use super::Done;
use super::bulk;
use super::context::Common;
use super::single::{self, Said};

/// Correct or void what this wallet has issued
///
/// A contribution, which is not settled yet, gets a new amount or is voided. An engagement is voided. An award is voided too: it ends, and what
/// was paid of it was paid.
#[derive(Debug, clap::Args)]
#[command(
    group = clap::ArgGroup::new("new").required(true).args(["void", "amount"]),
    after_help = "Example:\n  peal correct --account peal1... --sequence 12 --amount 90.00 --credited 40.00 --currency CNY --month 2026-10 --reason \"hours recounted\"\n  \
        peal correct --account peal1... --sequence 12 --void --month 2026-10 --reason \"paid twice\"\n\n\
    An order is voided by the sequence that `peal work --json` lists; whatever is voided is posted anew under another reference."
)]
pub(crate) struct Args {
    /// The account that it is in
    #[arg(long, value_name = "ADDRESS")]
    account: Address,
    /// Its sequence in it
    #[arg(long, value_name = "N")]
    sequence: u64,
    /// Void it
    #[arg(long)]
    void: bool,
    /// The new amount of a contribution, which replaces the old one whole
    #[arg(long, value_name = "AMOUNT", requires_all = ["credited", "currency"])]
    amount: Option<String>,
    /// The part of it that goes to the person's own account
    #[arg(long, value_name = "AMOUNT", requires = "amount")]
    credited: Option<String>,
    /// What it was reckoned on
    #[arg(long, value_name = "AMOUNT", requires = "amount")]
    base: Option<String>,
    /// The currency of the new amount
    #[arg(long, value_name = "CURRENCY")]
    currency: Option<Currency>,
    /// Its month: of an award, the first
    #[arg(long, value_name = "MONTH")]
    month: Month,
    /// Why, for people
    #[arg(long, value_name = "TEXT")]
    reason: Text<128>,
    /// Append a line with the new amount, for the fund, to this return file
    #[arg(long = "return", value_name = "FILE", conflicts_with = "void")]
    return_file: Option<PathBuf>,
}

/// Reads an amount with its parts; what is not given is zero, or absent.
pub(crate) fn amount(
    currency: Currency,
    amount: &str,
    credited: Option<&str>,
    base: Option<&str>,
) -> Result<Amount, Trouble> {
    let bad = |option: &'static str| move |e: BadAmount| Trouble::unusable(e, option, "write it as 12.34");
    let amount = currency.parse_amount(amount).map_err(bad("--amount"))?;
    let credited = credited.map_or(Ok(0), |c| currency.parse_amount(c)).map_err(bad("--credited"))?;
    let base = base.map(|b| currency.parse_amount(b)).transpose().map_err(bad("--base"))?;
    if credited > amount {
        return Err(Trouble::unusable("more is credited than paid", "--credited", "check the amounts"));
    }
    if amount == 0 {
        return Err(Trouble::unusable("the amount is zero", "--amount", "check the amounts"));
    }
    Ok(Amount { amount, credited, base, currency })
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let new = match (&args.amount, args.currency) {
        (Some(text), Some(currency)) => {
            Some(amount(currency, text, args.credited.as_deref(), args.base.as_deref())?)
        }
        _ => None,
    };
    let mut wallet = common.open()?;
    let journal = wallet.path().to_owned();
    if args.return_file.is_some() && bulk::journal(&journal)?.at(&args.account, args.sequence).is_none() {
        let what = "the journal beside this wallet does not have that contribution";
        return Err(Trouble::unusable(what, "--return", "check account and sequence, or leave out --return"));
    }
    let issuer = wallet.contents.address()?;
    let body =
        Body::Correction(Correction { who: Corrector { issuer, reason: args.reason.clone() }, amount: new });
    let facets = body.facets();
    let place = [args.account.to_bytes(), args.sequence.to_bytes(), args.month.to_bytes()];
    let parts: Vec<&[u8]> = facets.iter().chain(place.iter().map(Vec::as_slice)).collect();
    let said = Said {
        account: args.account,
        refers: Some(args.sequence),
        month: Some(args.month),
        body,
        generation: wallet.contents.generation,
        again: true,
    };
    let recorded = single::say(&mut wallet, "correct", &parts, said)?;
    if let Some(path) = &args.return_file
        && let Some(line) = bulk::journal(&journal)?.at(&args.account, args.sequence)
    {
        returns::append(path, line)?;
    }
    let how = match new {
        None => "voided".to_owned(),
        Some(a) => format!("now {} {}", a.currency.format(a.amount), a.currency),
    };
    let text =
        format!("Record {} is {how}: the correction is record {}.\n", args.sequence, recorded.sequence);
    let json = json!({
        "account": args.account.to_string(), "corrected": args.sequence, "sequence": recorded.sequence, "void": new.is_none(),
    });
    Ok(Done::well(text, json))
}
