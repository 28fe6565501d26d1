//! `peal archive proof`: a carried history as a proof file again.

use std::path::PathBuf;

use peal_wallet::disk;
use peal_wallet::trouble::Trouble;
use serde_json::json;

use super::chosen;
use crate::cmd::Done;
use crate::cmd::context::Common;

/// Write a carried history as the proof file that it is
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  peal archive proof 1 --out old.peal\n  peal verify old.peal --trust old-ledger.txt"
)]
pub(crate) struct Args {
    /// Its number in `peal archive list`; may be left out where there is one
    #[arg(value_name = "N")]
    number: Option<usize>,
    /// The file to write
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let c = common.read()?;
    let carried = chosen(&c, args.number)?;
    disk::replace(&args.out, carried.file())?;
    let (out, bytes) = (args.out.display().to_string(), carried.file().len());
    let text = format!("{out}: {bytes} bytes: all {} records of {}.\n", carried.records(), carried.address);
    let json = json!({
        "file": out, "bytes": bytes, "address": carried.address.to_string(), "origin": carried.origin.to_string(),
        "records": carried.records(),
    });
    Ok(Done::well(text, json))
}
