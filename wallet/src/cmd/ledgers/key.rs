//! `peal ledgers key`: a key to sign a directory with.

use std::path::PathBuf;

use peal_spec::value::Origin;
use peal_wallet::ledgers::Publisher;
use peal_wallet::trouble::Trouble;
use serde_json::json;

use crate::cmd::Done;

/// Make a publisher's key. Prints the key that readers pin
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  peal ledgers key directory.key --name directory.example\n\n\
    Keep a copy in a safe place: without it, no reader takes a later version. Make the key that is to come next in good time\n\
    (the same --name) and name it in a version: peal ledgers make --next VKEY.")]
pub(crate) struct Args {
    /// The new file, readable by you only
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The directory's name: up to 100 bytes without space or +; best a host name of yours
    #[arg(long, value_name = "NAME")]
    name: Origin,
}

pub(crate) fn run(args: &Args) -> Result<Done, Trouble> {
    let publisher = Publisher::create(&args.file, &args.name)?;
    let key = publisher.verifier().to_string();
    Ok(Done::well(format!("{key}\n"), json!({ "name": args.name.to_string(), "key": key })))
}
