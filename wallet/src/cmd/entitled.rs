//! `peal entitled`: what the account gives a right to by a scheme, where, and what moves along; offline.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;

use peal_spec::address::Address;
use peal_spec::scheme::{FundIn, RightsQuestion, entitled};
use peal_spec::standing::ELSEWHERE;
use peal_spec::value::Day;
use peal_wallet::layout::Style;
use peal_wallet::rights;
use peal_wallet::trouble::Trouble;
use serde_json::json;

use super::Done;
use super::context::{self, Common};
use super::pack::{GivenArgs, Lang, PackArgs, bad_question};
use super::{register, standing};

/// Show what the account gives a right to by a scheme, offline
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  peal entitled --scheme cn-unemployment --with against_her_will=true --with registered=true\n  \
    peal entitled --scheme cn-flexible-pension --region 7=beijing --region 9=henan:temporary --household henan --relation beijing\n  \
    peal entitled --scheme in-gig --proof history.peal --trust trust.txt\n\n\
    What is needed and what it gives, the scheme's pack says: see `peal scheme show`. With --why each value is shown with its source."
)]
pub(crate) struct Args {
    #[command(flatten)]
    pack: PackArgs,
    #[command(flatten)]
    given: GivenArgs,
    /// The day, as 2026-11-28 [default: today]
    #[arg(long, value_name = "DAY")]
    today: Option<Day>,
    /// Where a fund is: its account's number or address (N@LEDGER if you came from there), then the region; can be repeated
    #[arg(long, value_name = "FUND=REGION[:temporary]")]
    region: Vec<Region>,
    /// Your home region
    #[arg(long, value_name = "REGION")]
    household: Option<String>,
    /// The region where you are insured now
    #[arg(long, value_name = "REGION")]
    relation: Option<String>,
    /// Other wallets of yours, whose accounts are linked with this one: all are added up
    #[arg(long, value_name = "WALLET")]
    also: Vec<PathBuf>,
    /// What this proof shows, in place of the wallet's account
    #[arg(long, value_name = "FILE", requires = "trust", conflicts_with = "also")]
    proof: Option<PathBuf>,
    /// The trust list, for a proof
    #[arg(long, value_name = "FILE", requires = "proof")]
    trust: Option<PathBuf>,
    /// Where each value is written, and how sure it is
    #[arg(long)]
    why: bool,
    /// The language
    #[arg(long, value_name = "LANG", default_value = "en")]
    lang: Lang,
}

/// Where a fund is: `7=beijing`, or `7=beijing:temporary`.
#[derive(Clone, Debug)]
struct Region {
    fund: u64,
    /// The ledger of the fund, if she came from there.
    ledger: Option<String>,
    of: FundIn,
}

impl FromStr for Region {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = "expected FUND=REGION or FUND=REGION:temporary, FUND a number or an address";
        let (fund, region) = text.split_once('=').ok_or(expected)?;
        let (fund, ledger) = match fund.split_once('@') {
            Some((number, origin)) => (number, Some(origin.to_owned())),
            None => (fund, None),
        };
        let number = fund.parse().or_else(|_| fund.parse::<Address>().map(|address| address.number));
        let (region, temporary) = match region.strip_suffix(":temporary") {
            Some(region) => (region, true),
            None => (region, false),
        };
        let of = FundIn { region: region.to_owned(), temporary };
        Ok(Self { fund: number.map_err(|_| expected)?, ledger, of })
    }
}

/// The funds' numbers as the history has them.
fn regions(args: &Args, came: &[String]) -> Result<BTreeMap<u64, FundIn>, Trouble> {
    let number = |region: &Region| {
        let Some(ledger) = &region.ledger else { return Ok(region.fund) };
        let from = |came: &String| came.split_once(", account ").is_some_and(|(origin, _)| origin == ledger);
        let back = came.iter().position(from).ok_or_else(|| {
            let what = format!("the account did not come from the ledger {ledger}");
            Trouble::unusable(what, "--region", "see `peal archive list`")
        })?;
        Ok(region.fund.saturating_add((back as u64 + 1).saturating_mul(ELSEWHERE)))
    };
    args.region.iter().map(|region| Ok((number(region)?, region.of.clone()))).collect()
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let (pack, now) = (args.pack.pack()?, context::now()?);
    let (history, not_shown, came) = match (&args.proof, &args.trust) {
        (Some(proof), Some(trust)) => {
            let (_, history, missing) = register::shown(proof, &context::trust(trust)?, now)?;
            (history, missing, Vec::new())
        }
        _ => {
            let all = standing::together(common, &args.also, now)?;
            (all.history, 0, all.came)
        }
    };
    let question = RightsQuestion {
        with: args.given.with(),
        set: args.given.set(),
        regions: regions(args, &came)?,
        household: args.household.clone(),
        relation: args.relation.clone(),
    };
    let today = args.today.unwrap_or_else(|| now.into());
    let found = entitled(&pack, &history, today, &question).map_err(|bad| bad_question(&bad, &pack))?;
    let how =
        rights::How { zh: args.lang == Lang::Zh, why: args.why, style: Style::of_stdout(), came: &came };
    let mut text = rights::render(&found, how);
    if not_shown > 0 {
        text.push_str(&rights::not_shown(not_shown, how));
    }
    let mut json = json!(found);
    if args.proof.is_some() {
        json["not_shown"] = not_shown.into();
    }
    Ok(Done::well(text, json))
}
