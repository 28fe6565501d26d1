//! `peal archive make`: the whole account as a ZIP file.

use std::path::PathBuf;

use peal_spec::copy::{Selection, Show};
use peal_wallet::archive;
use peal_wallet::disk;
use peal_wallet::trouble::Trouble;
use serde_json::json;

use crate::cmd::Done;
use crate::cmd::context::{self, Common};

/// Write the whole account as a ZIP file that needs no PEAL software to read
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  peal archive make --out mine.zip\n  peal archive make --no-copy --out for-the-bureau.zip\n\n\
    It holds the whole history, openly, and no key: README.txt in it says how to read and check it, and whom not to give it to."
)]
pub(crate) struct Args {
    /// The file to write
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
    /// Leave out the owner's copy, with its seeds: for an archive that somebody else is given
    #[arg(long)]
    no_copy: bool,
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let (path, c) = (common.wallet()?, common.read()?);
    let broken = |e: &dyn std::fmt::Display| {
        let remedy =
            "check the trust list with `peal trust show`, then fetch the copy again with `peal sync`";
        Trouble::refused(format!("no archive can be made: {e}"), path.display(), remedy)
    };
    let mut copy = c.copy()?.clone();
    copy.consistency = Vec::new();
    let proof = copy.prove(&Selection { show: Show::Whole, withhold: Vec::new() }).map_err(|e| broken(&e))?;
    c.ledger()?;
    let zip = archive::make(&proof.to_file(), Some(&copy).filter(|_| !args.no_copy), &c.trust)
        .map_err(|e| broken(&e))?;
    // What whoever gets it will be told is found out here first.
    let checked = archive::check(&zip, Some(&c.trust), context::now()?).map_err(|e| broken(&e))?;
    disk::replace(&args.out, &zip)?;
    let (out, v) = (args.out.display().to_string(), &checked.verdict);
    let copy = if checked.copy {
        "It holds everything, openly, and the seeds of your copy: keep it to yourself.\n\
         For somebody else, make one with --no-copy, or better a proof of what they need with `peal prove`."
    } else {
        "It holds everything, openly: think whom you give it to. `peal prove` makes a proof of less."
    };
    let text = format!(
        "{out}: {} bytes, {} members: {} records of {} as of {}.\n{copy}\n",
        zip.len(),
        checked.members.len(),
        v.records.total,
        v.address,
        v.time
    );
    let json = json!({
        "file": out, "bytes": zip.len(), "address": v.address, "origin": v.origin, "records": v.records.total,
        "time": v.time, "copy": checked.copy,
        "members": checked.members.iter().map(|(name, _)| name).collect::<Vec<_>>(),
    });
    Ok(Done::well(text, json))
}
