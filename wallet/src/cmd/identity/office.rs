//! `peal identity office`: a blinding office, which makes tokens of documents that it does not see.

use std::net::SocketAddr;
use std::path::PathBuf;

use peal_spec::hash::Hash;
use peal_spec::value::Origin;
use peal_wallet::office::{self, BlindingOffice, Card};
use peal_wallet::trouble::Trouble;
use peal_wallet::{http, serving};
use serde_json::json;

use super::document;
use crate::cmd::Done;

/// Run a blinding office, which makes tokens of documents that it does not see
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  peal identity office init office.example --dir office\n  \
    peal identity office admit \"Suzhou bureau\" --dir office --url https://office.example --out suzhou.card\n  \
    peal identity office serve --dir office --listen 127.0.0.1:7950\n\n\
    All bureaus of all ledgers among which a person is to have one account ask one office. Whoever runs it should run no ledger:\n\
    with its key and a ledger's data one could try who is in it. If the key is lost, nobody is recognized any more.")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Make an office: a key of its own. Prints its public key
    #[command(after_help = "Example:\n  peal identity office init office.example --dir office\n\n\
        Keep a copy of the directory in a safe place.")]
    Init {
        /// The office's name: up to 100 bytes without space or +
        #[arg(value_name = "NAME")]
        name: Origin,
        /// Where its key and the list of bureaus are kept
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
    },
    /// Let a bureau ask; writes the card that it needs for that
    #[command(
        after_help = "Example:\n  peal identity office admit \"Suzhou bureau\" --dir office --url https://office.example --out suzhou.card\n\n\
        The card holds a pass: hand it over as you would a key. A bureau that is admitted again has a new pass and the old one is void."
    )]
    Admit {
        /// The bureau's name
        #[arg(value_name = "BUREAU")]
        bureau: String,
        /// The office's directory
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
        /// Where the office answers
        #[arg(long, value_name = "URL")]
        url: String,
        /// How often a day it may ask
        #[arg(long, value_name = "N", default_value_t = 200)]
        daily: u64,
        /// The documents that bureaus ask about, one for a person: the same for all bureaus
        #[arg(long, value_name = "KINDS", value_delimiter = ',', default_value = "CN:resident-id")]
        kinds: Vec<String>,
        /// Write the card to this new file, readable by you only
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Let a bureau ask no more
    #[command(after_help = "Example:\n  peal identity office dismiss \"Suzhou bureau\" --dir office")]
    Dismiss {
        /// The bureau's name
        #[arg(value_name = "BUREAU")]
        bureau: String,
        /// The office's directory
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
    },
    /// Run an office until SIGTERM or SIGINT
    #[command(after_help = "Example:\n  peal identity office serve --dir office --listen 127.0.0.1:7950\n\n\
        Prints `listening on http://ADDRESS:PORT` when it is ready. Who is admitted or dismissed meanwhile is so at once.")]
    Serve {
        /// The office's directory
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
        /// Where to listen; port 0 takes a free one. Put a TLS proxy in front
        #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7950")]
        listen: SocketAddr,
        /// A file to write the port to, once ready
        #[arg(long, value_name = "FILE")]
        port_file: Option<PathBuf>,
    },
}

pub(crate) fn run(args: &Args) -> Result<Done, Trouble> {
    match &args.what {
        What::Init { name, dir } => {
            let key = Hash(office::init(dir, name)?);
            let text = format!("The blinding office {name} has the public key {key}.\n");
            Ok(Done::well(text, json!({ "name": name.to_string(), "key": key.to_string() })))
        }
        What::Admit { bureau, dir, url, daily, kinds, out } => {
            let (url, kinds) = (http::base_url(url)?, document::kinds(kinds)?);
            let open = BlindingOffice::open(dir)?;
            open.admit(bureau, *daily, |pass| {
                Card { url, key: open.public(), pass: pass.clone(), kinds }.write(out)
            })?;
            let out = out.display().to_string();
            let text = format!(
                "{bureau} may ask {daily} times a day, with {out}: hand it over as you would a key.\n"
            );
            Ok(Done::well(text, json!({ "bureau": bureau, "daily": daily, "card": out })))
        }
        What::Dismiss { bureau, dir } => {
            if !BlindingOffice::open(dir)?.dismiss(bureau)? {
                let remedy = "see its list, the file `bureaus` in its directory";
                return Err(Trouble::unusable("no bureau of this name was admitted", bureau, remedy));
            }
            Ok(Done::well(format!("{bureau} may ask no more.\n"), json!({ "bureau": bureau })))
        }
        What::Serve { dir, listen, port_file } => {
            serving::run(BlindingOffice::open(dir)?, *listen, port_file.as_deref())?;
            Ok(Done::said())
        }
    }
}
