//! `peal consent give`: somebody may read, claim or pay.

use peal_spec::address::Address;
use peal_spec::rights::{Consent, Right};
use peal_spec::statement::{Body, ConsentGranted};
use peal_spec::value::{Text, Time};
use peal_wallet::layout::short;
use peal_wallet::trouble::Trouble;
use serde_json::json;

use super::{Within, words};
use crate::cmd::Done;
use crate::cmd::context::{self, Common};
use crate::cmd::single::Said;

/// Let somebody read, claim or pay, for a purpose and a time
#[derive(Debug, clap::Args)]
#[command(
    group = clap::ArgGroup::new("end").required(true).args(["until", "days"]),
    after_help = "Example:\n  peal consent give --to peal1... --right read,claim --insurance work-injury --days 90 --purpose \"my accident of 3 March\"\n  \
    peal consent give --to peal1... --right claim --once --days 1 --purpose \"the clerk files it for me\"\n  \
    peal consent give --to peal1... --right pay --insurance pension --months 2026-10..2026-12 --days 90 --purpose \"while I am ill\"\n\n\
    Whoever may read is shown what lies within, and nothing else; each look is recorded in this account. Nobody can pass a consent on."
)]
pub(crate) struct Args {
    /// Who may
    #[arg(long, value_name = "ADDRESS")]
    to: Address,
    /// What: read, claim, pay
    #[arg(long = "right", value_name = "RIGHTS", value_delimiter = ',', required = true)]
    rights: Vec<Right>,
    #[command(flatten)]
    within: Within,
    /// What for
    #[arg(long, value_name = "TEXT")]
    purpose: Text<128>,
    /// The first second in which it no longer holds
    #[arg(long, value_name = "TIME")]
    until: Option<Time>,
    /// To the end, in UTC, of the day in so many days
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=36_500))]
    days: Option<u64>,
    /// Good for one use
    #[arg(long)]
    once: bool,
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let now = context::now()?;
    let until = args.until.or(args.days.and_then(|days| context::end_of_day_in(days, now)));
    let until =
        until.ok_or_else(|| Trouble::unusable("that is past all times", "--days", "give fewer days"))?;
    let rights = context::rising(&args.rights);
    let scope = args.within.scope();
    let consent =
        Consent { grantee: args.to, purpose: args.purpose.clone(), rights, scope, until, once: args.once };
    let mut wallet = common.open()?;
    let who = wallet.contents.address()?;
    let rights: Vec<&str> = consent.rights.iter().map(|r| r.name()).collect();
    let text = format!(
        "{} may {} until {until}{}: {}.\n",
        short(&args.to.to_string()),
        rights.join(" and "),
        if args.once { ", once" } else { "" },
        words(&consent.scope)
    );
    let body = Body::ConsentGranted(ConsentGranted { who, consent: consent.clone() });
    let recorded = Said::again(&wallet.contents, who, None, body).say(&mut wallet, "consent")?;
    let sequence = recorded.sequence;
    let text =
        format!("{text}It is consent {sequence}; take it back with `peal consent take-back {sequence}`.\n");
    let json = json!({
        "consent": sequence, "to": args.to.to_string(), "rights": rights, "until": until.to_string(), "once": args.once,
    });
    Ok(Done::well(text, json))
}
