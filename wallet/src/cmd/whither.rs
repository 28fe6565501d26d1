//! `peal whither`: where an account that departed went, for whoever has posted to it; and how far its move is, for those who have a part in it.

use std::fmt::Write as _;

use peal_spec::address::Address;
use peal_wallet::layout::{clean, table};
use peal_wallet::trouble::Trouble;
use serde_json::Value;

use super::Done;
use super::context::{self, Common};

/// Ask where an account went that departed, or how far its move is
///
/// Whoever has a record in the account is told where it went, so that what comes late can be sent there. With --steps: the bureau that watches over the
/// move and the funds with money in the account are told how far it is, as this ledger sees it.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  peal whither peal1...            after a posting was refused as departed\n  peal whither peal1... --steps    as its bureau or fund"
)]
pub(crate) struct Args {
    /// The account that departed
    #[arg(value_name = "ADDRESS")]
    account: Address,
    /// How far the move is
    #[arg(long)]
    steps: bool,
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => clean(text),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// What the ledger says of a move, for people.
fn told(answer: &Value) -> String {
    let mut out = String::new();
    let departure = &answer["departure"];
    if !departure.is_null() {
        let force = if departure["in_force"] == true { "in force since" } else { "in force from" };
        let _ = writeln!(
            out,
            "departs to {}, account {}: {force} {}\n",
            text(&departure["origin"]),
            text(&departure["address"]),
            text(&departure["due"])
        );
        let legs = departure["legs"].as_array().map(Vec::as_slice).unwrap_or_default();
        let when = |leg: &Value| {
            let found = ["time", "until", "since"].iter().find(|name| !leg[**name].is_null());
            found.map_or_else(String::new, |name| text(&leg[*name]))
        };
        let rows: Vec<Vec<String>> = legs
            .iter()
            .map(|leg| vec![text(&leg["step"]), text(&leg["owner"]), text(&leg["state"]), when(leg)])
            .collect();
        out.push_str(&table(&["step", "whose", "state", "when"], &rows, 160));
    }
    for arrival in answer["arrivals"].as_array().into_iter().flatten() {
        let came = arrival["ins"].as_array().map_or(0, Vec::len);
        let _ = writeln!(
            out,
            "came from {}, account {}, with {} records; {came} transfers have come",
            text(&arrival["origin"]),
            text(&arrival["address"]),
            text(&arrival["size"])
        );
    }
    if out.is_empty() {
        "This account neither departs nor has it arrived from elsewhere.\n".into()
    } else {
        out
    }
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let contents = common.read()?;
    let (remote, who) = (context::remote(&contents)?, contents.address()?);
    let key = contents.chain().reading(contents.reading);
    let path = format!("/v1/accounts/{}/{}", args.account, if args.steps { "move" } else { "whither" });
    let place = format!("{}{path}", remote.base());
    let answer = remote.signed_get(&path, "", "application/json", &who, &key, context::now()?)?;
    let answer = answer.map_err(|problem| problem.at(&place))?;
    let json: Value = serde_json::from_slice(&answer).map_err(|_| {
        Trouble::refused("the ledger's answer is no JSON", &place, "tell the operator of the ledger")
    })?;
    let text = if args.steps {
        told(&json)
    } else {
        format!(
            "It went to {}, account {}, on {}.\nPost there, with an account of your own in that ledger.\n",
            text(&json["origin"]),
            text(&json["address"]),
            text(&json["since"])
        )
    };
    Ok(Done::well(text, json))
}
