//! `peal arrive`: a bureau rules that an account of a ledger that has ended arrives in one of this ledger.
//!
//! The person brings her history; it stands under the last checkpoint of that ledger, or one that is pinned, in the list by which this ledger
//! recognises it.

use std::path::PathBuf;

use peal_spec::address::Address;
use peal_spec::hash::Hash;
use peal_spec::moving::{From, Showing};
use peal_spec::proof::{MAX_FILE, Proof, View};
use peal_spec::statement::{Arrival, Body};
use peal_spec::{showing, tree, verify};
use peal_wallet::disk;
use peal_wallet::moving::list_of;
use peal_wallet::trouble::Trouble;
use serde_json::json;

use super::Done;
use super::context::{self, Common};
use super::single::Said;

/// Rule that an account of a ledger that has ended arrives here, as a bureau
///
/// Look first at who she is, and at whether that account departed elsewhere before its ledger ended. Her history must be whole, under the last
/// checkpoint of that ledger or one that the list pins.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  peal arrive history.peal --account peal1... --trust ended.txt\n\n\
    ended.txt is the list by which this ledger's registrar recognises that ledger, with its `final` line. She takes the history into her wallet with\n\
    `peal archive import`.")]
pub(crate) struct Args {
    /// Her whole history there
    #[arg(value_name = "FILE.peal")]
    proof: PathBuf,
    /// Her account here
    #[arg(long, value_name = "ADDRESS")]
    account: Address,
    /// The list by which that ledger is recognised here
    #[arg(long, value_name = "FILE")]
    trust: PathBuf,
}

/// A small proof of the last record alone, from one in which every record is shown.
fn last_alone(whole: &Proof) -> Option<(Proof, Hash)> {
    let view = &whole.subject;
    let leaves: Vec<Hash> = view.shown.iter().map(|shown| shown.record.leaf()).collect();
    let mut last = view.shown.last()?.clone();
    if leaves.len() as u64 != view.size {
        return None;
    }
    (last.opening, last.link) = (None, None);
    last.cells.clear();
    let path = tree::sure(tree::set(leaves.as_slice(), &[view.size.checked_sub(1)?], view.size));
    let subject = View { shown: vec![last], path, ..view.clone() };
    let proof = Proof { subject, postings: Vec::new(), issuers: Vec::new(), ..whole.clone() };
    Some((proof, tree::root(&leaves)))
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let (trust, now) = (context::trust(&args.trust)?, context::now()?);
    let place = args.proof.display().to_string();
    let bad =
        |what: String| Trouble::refused(what, &place, "ask for her whole history, as `peal prove` writes it");
    let bytes = disk::read(&args.proof, MAX_FILE as u64 + 1)?;
    let whole = Proof::from_file(&bytes).map_err(|e| bad(e.to_string()))?;
    let verdict = verify::verify(&whole, &trust, now).map_err(|e| bad(e.to_string()))?;
    let (proof, root) = last_alone(&whole).ok_or_else(|| bad("records of it are hidden".into()))?;
    let origin = verdict.origin.parse().map_err(|_| bad("it names no ledger".into()))?;
    let list = list_of(&trust, &origin).ok_or_else(|| bad("the list does not have its ledger".into()))?;
    let shown = Showing { list: list.into_bytes(), file: proof.to_file() };
    let pinned = showing::facts(&shown, now).is_some_and(|facts| facts.pinned);
    if !pinned {
        return Err(Trouble::refused(
            "this history does not stand under the last checkpoint of an ended ledger, nor under one that is pinned",
            &place,
            "let the registrar recognise that ledger by a list with its `final` checkpoint, and use that list",
        ));
    }
    let gone = verdict.moves.iter().rev().find(|m| m.kind == "departure" && m.stands != Some(false));
    let mut wallet = common.open()?;
    let who = wallet.contents.address()?;
    let address = whole.subject.address;
    let here = gone.is_some_and(|m| m.address.as_deref() == Some(args.account.to_string().as_str()));
    if let Some(gone) = gone.filter(|_| !here) {
        let to = gone.origin.clone().unwrap_or_else(|| "another ledger".into());
        return Err(Trouble::refused(
            format!("that account departed to {to} before its ledger ended"),
            &place,
            "ask that ledger whether it arrived there; an account arrives in one place",
        ));
    }
    let from = From { origin, address, departure: None, size: whole.subject.size, root, bureau: Some(who) };
    let body = Body::Arrival(Arrival { who, from, shown });
    let recorded = Said::again(&wallet.contents, args.account, None, body).say(&mut wallet, "arrival")?;
    let text = format!(
        "Account {address} of {} {} as arrived in record {}, with {} records.\n",
        verdict.origin,
        recorded.how(),
        recorded.sequence,
        whole.subject.size
    );
    let json = json!({
        "account": args.account.to_string(), "sequence": recorded.sequence, "from": verdict.origin,
        "address": address.to_string(), "size": whole.subject.size, "root": root.to_string(),
    });
    Ok(Done::well(text, json))
}
