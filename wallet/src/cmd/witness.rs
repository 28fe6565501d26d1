//! `peal witness`: watches logs and cosigns what extends what it has seen.

use std::net::SocketAddr;
use std::path::PathBuf;

use peal_spec::value::Origin;
use peal_wallet::serving;
use peal_wallet::trouble::Trouble;
use peal_wallet::witness::{self, Witness};
use serde_json::json;

use super::Done;

/// Watch logs: cosign a checkpoint only if it extends the last one that was cosigned
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  peal witness init witness.example/w1 --dir w1\n  peal witness serve --dir w1 --listen 127.0.0.1:7900 --trust trust.txt"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Make a witness: a key of its own. Prints the line for trust lists
    #[command(after_help = "Example:\n  peal witness init witness.example/w1 --dir w1 >> trust.txt\n\n\
        The name stands in every cosignature; best a host name of yours. Keep the directory: a witness that lost what it has\n\
        cosigned has to be retired, and one whose directory was put back from an old copy too.")]
    Init {
        /// The witness's name: up to 100 bytes without space or +
        #[arg(value_name = "NAME")]
        name: Origin,
        /// Where its key and what it has cosigned are kept
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
    },
    /// Run a witness (C2SP tlog-witness) until SIGTERM or SIGINT
    #[command(
        after_help = "Example:\n  peal witness serve --dir w1 --listen 127.0.0.1:7900 --trust trust.txt\n\n\
        The list is a trust list, of which the origins and operators count, or a file with one verifier key of a log a line.\n\
        Prints `listening on http://ADDRESS:PORT` when it is ready. Two logs of one size that a log has signed are kept in DIR as *.evidence."
    )]
    Serve {
        /// The witness's directory
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
        /// Where to listen; port 0 takes a free one. Put a TLS proxy in front
        #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7900")]
        listen: SocketAddr,
        /// The logs to watch, and their keys
        #[arg(long, value_name = "FILE")]
        trust: PathBuf,
        /// A file to write the port to, once ready
        #[arg(long, value_name = "FILE")]
        port_file: Option<PathBuf>,
    },
}

pub(crate) fn run(args: &Args) -> Result<Done, Trouble> {
    match &args.what {
        What::Init { name, dir } => {
            let key = witness::init(dir, name)?;
            Ok(Done::well(
                format!("witness {key}\n"),
                json!({ "name": name.to_string(), "key": key.to_string() }),
            ))
        }
        What::Serve { dir, listen, trust, port_file } => {
            let witness = Witness::open(dir, witness::read_logs(trust)?)?;
            serving::run(witness, *listen, port_file.as_deref())?;
            Ok(Done::said())
        }
    }
}
