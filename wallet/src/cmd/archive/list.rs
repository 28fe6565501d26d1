//! `peal archive list`: which histories the wallet carries.

use peal_wallet::carried::Carried;
use peal_wallet::layout::{Style, short, table};
use peal_wallet::trouble::Trouble;
use serde_json::json;

use crate::cmd::Done;
use crate::cmd::context::Common;

/// List the histories that the wallet carries
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  peal archive list")]
pub(crate) struct Args {}

pub(crate) fn run(common: &Common, _: &Args) -> Result<Done, Trouble> {
    let c = common.read()?;
    let all = c.carried.all();
    let row = |(at, k): (usize, &Carried)| {
        vec![
            (at + 1).to_string(),
            k.origin.to_string(),
            short(&k.address.to_string()),
            k.records().to_string(),
            k.time.to_string(),
            k.received.to_string(),
        ]
    };
    let rows: Vec<Vec<String>> = all.iter().enumerate().map(row).collect();
    let text = if rows.is_empty() {
        "This wallet carries no history. Take one along with `peal archive import`.\n".to_owned()
    } else {
        table(
            &[">no", "ledger", "address", ">records", "as of", "taken along"],
            &rows,
            Style::of_stdout().width,
        )
    };
    let one = |(at, k): (usize, &Carried)| {
        json!({
            "number": at + 1, "origin": k.origin.to_string(), "address": k.address.to_string(),
            "records": k.records(), "size": k.head.size, "time": k.time.to_string(),
            "received": k.received.to_string(), "bytes": k.file().len(),
        })
    };
    let histories: Vec<_> = all.iter().enumerate().map(one).collect();
    Ok(Done::well(text, json!({ "histories": histories })))
}
