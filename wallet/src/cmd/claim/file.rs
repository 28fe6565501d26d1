//! `peal claim file`: something is missing or wrong, or somebody was injured.

use peal_spec::address::Address;
use peal_spec::rights::{self, ClaimKind, Months, Says};
use peal_spec::statement::{Body, Claim, ClaimFor};
use peal_spec::target::Claimed;
use peal_spec::value::Insurance;
use peal_wallet::trouble::Trouble;
use serde_json::json;

use crate::cmd::Done;
use crate::cmd::context::{self, Common};
use crate::cmd::single::Said;

/// File a claim: something is missing or wrong, or somebody was injured
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  peal claim file --kind injury --against peal1... --before peal1... --insurance work-injury --record 7,8 --says \"hit by a van on order 17\"\n  \
    peal claim file --for peal1... --consent 12 --kind missing --against peal1... --before peal1... --insurance pension --months 2026-03 --says \"...\"\n\n\
    --against is whom it is about: the platform, the fund. --before is the bureau that rules. The party has 15 days to answer, the bureau 60 to rule."
)]
pub(crate) struct Args {
    /// What: missing, amount, injury, transfer, access
    #[arg(long, value_name = "KIND")]
    kind: ClaimKind,
    /// Against whom
    #[arg(long, value_name = "ADDRESS")]
    against: Address,
    /// The bureau that is to rule
    #[arg(long, value_name = "ADDRESS")]
    before: Address,
    /// Of which insurance
    #[arg(long, value_name = "INSURANCE")]
    insurance: Option<Insurance>,
    /// For which months, as 2026-03 or 2026-01..2026-03
    #[arg(long, value_name = "MONTHS")]
    months: Option<Months>,
    /// Records of the account that show it, by their numbers
    #[arg(long = "record", value_name = "N", value_delimiter = ',')]
    records: Vec<u64>,
    /// In words
    #[arg(long, value_name = "TEXT")]
    says: Says,
    /// For this person, who has consented
    #[arg(long = "for", value_name = "ADDRESS", requires = "consent")]
    account: Option<Address>,
    /// By this consent of hers
    #[arg(long, value_name = "N", requires = "account")]
    consent: Option<u64>,
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let mut wallet = common.open()?;
    let who = wallet.contents.address()?;
    let claim = rights::Claim {
        kind: args.kind,
        party: args.against,
        bureau: args.before,
        insurance: args.insurance,
        months: args.months,
        records: context::rising(&args.records),
    };
    let says = args.says.clone();
    let (account, body) = match args.account {
        Some(account) => (account, Body::ClaimFor(ClaimFor { who, claim, says })),
        None => (who, Body::Claim(Claim { who, claim, says })),
    };
    let recorded = Said::again(&wallet.contents, account, args.consent, body).say(&mut wallet, "claim")?;
    let day = 86_400;
    let text = format!(
        "The claim is record {}: its party has {} days to answer, the bureau {} days to rule. `peal claim list` shows how far it is.\n",
        recorded.sequence,
        Claimed::TO_ANSWER / day,
        Claimed::TO_RULE / day
    );
    let json =
        json!({ "account": account.to_string(), "claim": recorded.sequence, "kind": args.kind.name() });
    Ok(Done::well(text, json))
}
