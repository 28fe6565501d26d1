//! `peal recover approve`: a guardian, or a bureau, says that new keys are to take over an account.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;

use peal_spec::address::Address;
use peal_spec::cbor::Cbor;
use peal_spec::statement::{Body, RecoveryApproved};
use peal_wallet::disk;
use peal_wallet::recovery::{MAX_REQUEST, Request};
use peal_wallet::trouble::Trouble;
use serde_json::json;

use crate::cmd::Done;
use crate::cmd::context::Common;
use crate::cmd::single::{self, Said};

/// Approve of somebody's new keys, as her guardian or as a bureau
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  peal recover approve request.txt\n  peal recover approve request.txt --address peal1... --check \"word word word word\"\n\n\
    Approve only if you have seen or heard the person herself, and she has read you the four words. Whoever can change the request on its\n\
    way to you would else take her account."
)]
pub(crate) struct Args {
    /// The request that she gave you
    #[arg(value_name = "FILE")]
    request: PathBuf,
    /// The four words that she read to you [default: asked for]
    #[arg(long, value_name = "WORDS", requires = "address")]
    check: Option<String>,
    /// The address of the account that you know to be hers: it must be the request's
    #[arg(long, value_name = "ADDRESS")]
    address: Option<Address>,
}

impl Args {
    fn heard(&self, address: &Address) -> Result<String, Trouble> {
        if let Some(check) = &self.check {
            return Ok(check.clone());
        }
        let no = |what: String| {
            let remedy =
                "ask her to read them to you, and give them with --check, and her address with --address";
            Trouble::unusable(what, "the four words", remedy)
        };
        if !std::io::stdin().is_terminal() {
            return Err(no("they are not given".to_owned()));
        }
        let mut out = std::io::stderr().lock();
        let asked = format!("New keys for the account {address}.\nThe four words that she read to you: ");
        let _ = write!(out, "{asked}").and_then(|()| out.flush());
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map_err(|e| no(format!("they cannot be read: {e}")))?;
        Ok(line)
    }
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let bytes = disk::read(&args.request, MAX_REQUEST)?;
    let request: Request = String::from_utf8_lossy(&bytes).parse().map_err(|mut t: Trouble| {
        t.place = format!("{}, {}", args.request.display(), t.place);
        t
    })?;
    if args.address.is_some_and(|address| address != request.address) {
        return Err(Trouble::refused(
            format!("the request is for another account: {}", request.address),
            args.request.display(),
            "do not approve: ask her for a request for her own account",
        ));
    }
    let heard = args.heard(&request.address)?.to_lowercase();
    if !heard.split_whitespace().eq(request.words()?.split(' ')) {
        return Err(Trouble::refused(
            "the four words that you heard are not those of this request",
            args.request.display(),
            "do not approve: ask her to give you the request again, from hand to hand",
        ));
    }
    let mut wallet = common.open()?;
    let (who, generation) = (wallet.contents.address()?, wallet.contents.generation);
    let said = || {
        let body = Body::RecoveryApproved(RecoveryApproved { who, keys: request.keys });
        Said { account: request.address, refers: None, month: None, body, generation, again: true }
    };
    let parts = [request.address.to_bytes(), request.keys.to_bytes()];
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    let recorded = single::say_now(&mut wallet, "recover-approve", &parts, &said, "already-approved")?;
    let text = format!(
        "You approve of the new keys of {}: record {} of that account. Tell her; she sees with `peal recover status` who else must.\n",
        request.address, recorded.sequence
    );
    let json = json!({ "account": request.address.to_string(), "sequence": recorded.sequence });
    Ok(Done::well(text, json))
}
