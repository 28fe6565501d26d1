//! `peal identity bind`: a bureau that has seen a person's document says that an account is hers.

use std::path::PathBuf;

use peal_spec::address::Address;
use peal_spec::refusal::Code;
use peal_spec::statement::{Body, IdentityBound};
use peal_wallet::bound::Bindings;
use peal_wallet::disk;
use peal_wallet::office::{Card, Known, Opening};
use peal_wallet::trouble::{Kind, Trouble};
use peal_wallet::wallet::Contents;
use serde_json::json;

use super::{bound, document};
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

/// Where the person is bound, if that is why it was refused.
fn elsewhere(
    contents: &Contents,
    known: &Known,
    trouble: &Trouble,
) -> Result<Option<(Address, u64)>, Trouble> {
    if trouble.kind != Kind::Refused || !trouble.what.starts_with(Code::IdentityTaken.name()) {
        return Ok(None);
    }
    let answer = bound::of(contents, &context::remote(contents)?, &known.token)?;
    // It may have been withdrawn in this moment.
    Ok(answer.unwrap_or_default())
}

fn taken(mut trouble: Trouble, account: Address, sequence: u64) -> Trouble {
    trouble.what =
        format!("{}: this person is bound to {account}, record {sequence}", Code::IdentityTaken.name());
    trouble.remedy = format!(
        "give her that account back (`peal recover --help`), or link the two: peal identity link --account {account} --with THE-OTHER; if it \
         is somebody else's: peal identity withdraw {account} {sequence} --because …"
    );
    trouble
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let document = document::read(&args.document)?;
    let card = Card::read(&args.office)?;
    let mut wallet = common.open()?;
    // What is bound is noted, so that it can be compared with another ledger's bureau.
    let mut bindings = Bindings::of(&wallet)?;
    context::warn_exposed(&card.url);
    let known = card.ask(&document)?;
    let opening = Opening { address: args.account, document, salt: known.salt };
    // First: what is recorded and cannot be shown would have to be bound anew.
    let written = opening.write(&args.out)?;
    let identity = opening.document.commitment(&known.salt, &args.account);
    let body =
        Body::IdentityBound(IdentityBound { who: wallet.contents.address()?, identity, token: known.token });
    let said = Said::again(&wallet.contents, args.account, None, body);
    let (sequence, how) = match said.say(&mut wallet, "identity-bound") {
        Ok(recorded) => (recorded.sequence, "is bound"),
        Err(trouble) => match elsewhere(&wallet.contents, &known, &trouble)? {
            Some((account, sequence)) if account == args.account => (sequence, "was bound before"),
            found => {
                // Of no use to anybody, and it names a person.
                if written && trouble.kind == Kind::Refused {
                    disk::remove(&args.out)?;
                }
                return Err(
                    found.map_or(trouble.clone(), |(account, sequence)| taken(trouble, account, sequence))
                );
            }
        },
    };
    bindings.note(&wallet, args.account, sequence, known.token)?;
    let out = args.out.display().to_string();
    let text = format!(
        "{} {how}: record {sequence}, by which it can be withdrawn.\nGive {out} to the person, and keep no copy: with it she shows others who she is.\n",
        args.account
    );
    let json = json!({ "account": args.account.to_string(), "sequence": sequence, "commitment": identity.to_string(), "opening": out });
    Ok(Done::well(text, json))
}
