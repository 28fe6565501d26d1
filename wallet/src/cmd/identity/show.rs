//! `peal identity show`: who bound this account, and which others are linked to it, offline from the wallet's own copy.

use std::fmt::Write as _;
use std::path::PathBuf;

use peal_wallet::layout::short;
use peal_wallet::office::Opening;
use peal_wallet::report;
use peal_wallet::trouble::Trouble;
use serde_json::json;

use crate::cmd::Done;
use crate::cmd::context::{self, Common};

/// Show who says that this account is yours, and which others are
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  peal identity show --opening my.identity")]
pub(crate) struct Args {
    /// Check what the bureau gave you
    #[arg(long, value_name = "FILE")]
    opening: Option<PathBuf>,
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let contents = common.read()?;
    let (_, verdict) = context::checked(common, &contents, context::now()?)?;
    let mut out = String::new();
    for identity in &verdict.identities {
        let _ = writeln!(out, "  {}", report::identity(identity));
    }
    for link in &verdict.links {
        let _ = writeln!(out, "  {}", report::link(link));
    }
    if out.is_empty() {
        out.push_str("No bureau has said whose account this is, and none is linked to it.\n");
    }
    let mut json = json!({ "identities": verdict.identities, "links": verdict.links });
    let mut code = 0;
    if let Some(path) = &args.opening {
        let opening = Opening::read(path)?;
        let found = opening.found(&verdict);
        let standing = found.first().filter(|shown| shown.stands == Some(true));
        match standing {
            Some(shown) => {
                let _ = writeln!(
                    out,
                    "  {} opens record {} of {}",
                    path.display(),
                    shown.sequence,
                    short(&verdict.address)
                );
            }
            None => {
                code = 1;
                let _ = writeln!(out, "  {} opens no binding of this account that stands", path.display());
            }
        }
        json["opens"] = json!(standing.map(|shown| shown.sequence));
    }
    Ok(Done::with_code(code, out, json))
}
