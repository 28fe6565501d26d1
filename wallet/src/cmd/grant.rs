//! `peal grant`: the registrar gives an account a role.

use peal_spec::address::Address;
use peal_spec::cbor::Cbor;
use peal_spec::role::{Grant, Role};
use peal_spec::statement::{Body, Granted};
use peal_spec::value::{Insurance, Time};
use peal_wallet::trouble::Trouble;
use serde_json::json;

use super::Done;
use super::context::{self, Common};
use super::single::{self, Said};

/// Give an account a role, as the ledger's registrar
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  peal grant peal1... --role fund --insurance pension,medical --until 2027-01-01T00:00:00Z"
)]
pub(crate) struct Args {
    /// The account
    #[arg(value_name = "ADDRESS")]
    account: Address,
    /// platform, employer, fund, bureau, agent or subsidy-payer
    #[arg(long, value_name = "ROLE")]
    role: Role,
    /// For these insurances only [default: all]
    #[arg(long, value_name = "INSURANCES", value_delimiter = ',')]
    insurance: Vec<Insurance>,
    /// The first second in which it no longer holds [default: until revoked]
    #[arg(long, value_name = "TIME")]
    until: Option<Time>,
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let insurances = context::rising(&args.insurance);
    let role = Grant { role: args.role, insurances, until: args.until };
    let mut wallet = common.open()?;
    let parts = [args.account.to_bytes(), role.to_bytes()];
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    let body = Body::Granted(Granted { who: wallet.contents.address()?, role });
    let generation = wallet.contents.generation;
    let said = Said { account: args.account, refers: None, month: None, body, generation, again: true };
    let recorded = single::say(&mut wallet, "grant", &parts, said)?;
    let text = format!(
        "{} has the role {}: record {}, by which it can be revoked.\n",
        args.account, args.role, recorded.sequence
    );
    let json = json!({ "account": args.account.to_string(), "role": args.role.to_string(), "sequence": recorded.sequence });
    Ok(Done::well(text, json))
}
