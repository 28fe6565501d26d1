//! `peal archive import`: takes a history along in the wallet.

use std::path::PathBuf;

use peal_wallet::archive::{self, BadArchive};
use peal_wallet::carried::{Added, BadHistory, Carried};
use peal_wallet::disk;
use peal_wallet::layout::short;
use peal_wallet::trouble::Trouble;
use serde_json::json;

use crate::cmd::Done;
use crate::cmd::context::{self, Common};

/// Take a history along in the wallet: of another address, or of another ledger
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  peal archive import old.zip --trust old-ledger.txt\n  peal archive import history.peal --trust old-ledger.txt\n\n\
    The list says whose signatures hold; without --trust it is the wallet's own. The list inside the archive is never used for this.\n\
    Importing the same again changes nothing. A longer history takes the place of a shorter one of the same account, if it extends it."
)]
pub(crate) struct Args {
    /// An archive, or a proof file that shows everything
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The trust list that has its ledger; without it, the wallet's own
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let trust = args.trust.as_deref().map(context::trust).transpose()?;
    let (place, now) = (args.file.display(), context::now()?);
    let bytes = disk::read(&args.file, archive::MAX_FILE as u64)?;
    let mut wallet = common.open()?;
    let c = &mut wallet.contents;
    let trust = trust.as_ref().unwrap_or(&c.trust);
    let carried = if bytes.starts_with(b"PK") {
        archive::check(&bytes, Some(trust), now)
            .map_err(|e| match e {
                BadArchive::Foreign(_) => {
                    Trouble::unusable(e, &place, "give an archive of `peal archive make`")
                }
                BadArchive::NotValid(failure) => BadHistory::Failure(failure).at(&place),
            })
            .and_then(|checked| Carried::from_file(&checked.proof, trust, now).map_err(|e| e.at(&place)))?
    } else {
        Carried::from_file(&bytes, trust, now).map_err(|e| e.at(&place))?
    };
    let (origin, address, records) = (carried.origin.clone(), carried.address, carried.records());
    let added = c.carried.add(carried)?;
    let number = c.carried.all().iter().position(|k| k.origin == origin && k.address == address);
    let number = number.map_or(0, |at| at + 1);
    let (word, says) = match added {
        Added::New => ("new", format!("{records} records are taken along")),
        Added::Replaced(before) => (
            "replaced",
            format!("{records} records are taken along; they extend the {before} that were there"),
        ),
        Added::Had(have) => ("had", format!("it is there already, with {have} records; nothing was changed")),
    };
    if !matches!(added, Added::Had(_)) {
        wallet.save()?;
    }
    let text = format!(
        "History {number}: {} of {origin}: {says}.\nSee it with `peal archive show {number}`.\n",
        short(&address.to_string())
    );
    let json = json!({
        "number": number, "address": address.to_string(), "origin": origin.to_string(), "records": records,
        "added": word,
    });
    Ok(Done::well(text, json))
}
