//! `peal identity bind`: a bureau that has seen a person's document says that an account is hers.

use std::path::PathBuf;

use peal_spec::address::Address;
use peal_spec::refusal::Code;
use peal_spec::statement::{Body, IdentityBound};
use peal_wallet::office::{Card, Opening};
use peal_wallet::trouble::{Kind, Trouble};
use serde_json::json;

use super::document;
use crate::cmd::Done;
use crate::cmd::context::{self, Common};
use crate::cmd::single::Said;

/// Say, as a bureau that has seen a document, whose account it is
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  peal identity bind peal1... --document CN:resident-id:11010519491231002X --office office.card --out her.identity\n\n\
    The ledger is given neither the number nor anything from which it could be guessed. A second account of the same person is\n\
    refused, and the first is named to you. Give the file that --out writes to the person: with it she shows others who she is.\n\
    With --document - the document is read from standard input, so that it stands in no history of commands."
)]
pub(crate) struct Args {
    /// The person's account
    #[arg(value_name = "ADDRESS")]
    account: Address,
    /// The document, as COUNTRY:kind:NUMBER; - reads it from standard input
    #[arg(long, value_name = "DOCUMENT", allow_hyphen_values = true)]
    document: String,
    /// The card that the blinding office gave to this bureau
    #[arg(long, value_name = "FILE")]
    office: PathBuf,
    /// Write here what the person shows to others, readable by you only
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let document = document::read(&args.document)?;
    let card = Card::read(&args.office)?;
    let mut wallet = common.open()?;
    context::warn_exposed(&card.url);
    let known = card.ask(&document)?;
    let opening = Opening { address: args.account, document, salt: known.salt };
    // First: what is recorded and cannot be shown would have to be bound anew.
    opening.write(&args.out)?;
    let identity = opening.document.commitment(&known.salt, &args.account);
    let body =
        Body::IdentityBound(IdentityBound { who: wallet.contents.address()?, identity, token: known.token });
    let said = Said::again(&wallet.contents, args.account, None, body);
    let recorded = said.say(&mut wallet, "identity-bound").map_err(|mut trouble| {
        if trouble.kind == Kind::Refused && trouble.what.starts_with(Code::IdentityTaken.name()) {
            "if it is this account, there is nothing to do; if it is another, give the person that one back (`peal recover --help`) or link \
             the two (`peal identity link`); if the binding is wrong, `peal identity withdraw`"
                .clone_into(&mut trouble.remedy);
        }
        trouble
    })?;
    let out = args.out.display().to_string();
    let text = format!(
        "{} is bound: record {}, by which it can be withdrawn.\nGive {out} to the person, and keep no copy: with it she shows others who she is.\n",
        args.account, recorded.sequence
    );
    let json = json!({ "account": args.account.to_string(), "sequence": recorded.sequence, "commitment": identity.to_string(), "opening": out });
    Ok(Done::well(text, json))
}
