//! `peal prove`: a proof file from the wallet's own copy, whole or in part.

use std::path::PathBuf;

use peal_spec::copy::{Selection, Show};
use peal_spec::rights::Months;
use peal_spec::statement::Type;
use peal_spec::verify;
use peal_wallet::layout::Style;
use peal_wallet::trouble::Trouble;
use peal_wallet::{disk, report};
use serde_json::json;

use super::Done;
use super::context::{self, Common};

/// Make a proof of the history, whole or in part, offline from the wallet's own copy
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  peal prove --out history.peal\n  peal prove --months 2026-01..2026-10 --withhold evidence --out year.peal\n  \
    peal prove --totals --out totals.peal\n  peal prove --identity --out me.peal\n\n\
    What is withheld:\n  \
    Withholding who leaves out what the issuer says of itself and of the worker. It does not hide who signed:\n  \
    a record that is shown comes with its posting, which names its issuer.\n  \
    Withholding amount leaves out the totals as well, from which amounts could be reckoned; withholding what\n  \
    leaves out the totals and the months."
)]
pub(crate) struct Args {
    /// Only the contents of these months; every other record as a header
    #[arg(long, value_name = "FROM..TO", conflicts_with = "totals")]
    months: Option<Months>,
    /// Only totals and months, no single contribution
    #[arg(long)]
    totals: bool,
    /// Only who says that the account is yours; every other record as a header
    #[arg(long, conflicts_with_all = ["months", "totals"])]
    identity: bool,
    /// Facets to withhold: who, what, amount, evidence, recovery, role, identity, link
    #[arg(long, value_name = "FACETS", value_delimiter = ',')]
    withhold: Vec<String>,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let known = |name: &str| name != "keys" && Type::ALL.iter().any(|t| t.facets().contains(&name));
    if let Some(name) = args.withhold.iter().find(|name| !known(name)) {
        let remedy = "withhold some of who, what, amount, evidence, recovery, role, identity, link";
        return Err(Trouble::unusable(format!("there is no facet {name} to withhold"), "--withhold", remedy));
    }
    let (path, c) = (common.wallet()?, common.read()?);
    let show = match (args.months, args.totals, args.identity) {
        (Some(months), ..) => Show::Months(months.first, months.last),
        (None, true, _) => Show::Totals,
        (None, _, true) => Show::Identity,
        (None, ..) => Show::Whole,
    };
    let broken = |e: &dyn std::fmt::Display| {
        let remedy = "fetch the copy again with `peal sync`";
        Trouble::refused(format!("the wallet's copy does not hold: {e}"), path.display(), remedy)
    };
    let withhold = args.withhold.clone();
    let proof = c.copy()?.prove(&Selection { show, withhold }).map_err(|e| broken(&e))?;
    let file = proof.to_file();
    // What a verifier will say is said here first.
    let verdict = verify::verify_file(&file, &c.trust, context::now()?)
        .map_err(|e| broken(&e.map_or("it makes no proof".to_owned(), |f| f.to_string())))?;
    disk::replace(&args.out, &file)?;
    let out = args.out.display().to_string();
    let text = format!(
        "{out}: {} bytes. This is what it shows:\n{}",
        file.len(),
        report::verdict(&verdict, Style::of_stdout())
    );
    let json = json!({ "file": out, "bytes": file.len(), "verdict": verdict });
    Ok(Done::well(text, json))
}
