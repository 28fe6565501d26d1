//! `peal revoke`: the registrar takes a role back.

use peal_spec::address::Address;
use peal_spec::cbor::Cbor;
use peal_spec::statement::{Body, Revoked};
use peal_wallet::trouble::Trouble;
use serde_json::json;

use super::Done;
use super::context::Common;
use super::single::{self, Said};

/// Take a role back, as the ledger's registrar
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  peal revoke peal1... --sequence 3")]
pub(crate) struct Args {
    /// The account
    #[arg(value_name = "ADDRESS")]
    account: Address,
    /// The record that granted the role
    #[arg(long, value_name = "N")]
    sequence: u64,
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let mut wallet = common.open()?;
    let parts = [args.account.to_bytes(), args.sequence.to_bytes()];
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    let body = Body::Revoked(Revoked { who: wallet.contents.address()? });
    let generation = wallet.contents.generation;
    let said = Said {
        account: args.account,
        refers: Some(args.sequence),
        month: None,
        body,
        generation,
        again: true,
    };
    let recorded = single::say(&mut wallet, "revoke", &parts, said)?;
    let text =
        format!("The role granted by record {} is revoked: record {}.\n", args.sequence, recorded.sequence);
    let json = json!({ "account": args.account.to_string(), "revoked": args.sequence, "sequence": recorded.sequence });
    Ok(Done::well(text, json))
}
