//! `peal archive check`: an archive against a trust list, offline and without a wallet.

use std::path::PathBuf;

use peal_spec::value::Time;
use peal_wallet::archive::{self, BadArchive, Checked};
use peal_wallet::disk;
use peal_wallet::layout::{Style, clean};
use peal_wallet::report;
use peal_wallet::trouble::Trouble;
use serde_json::json;

use crate::cmd::Done;
use crate::cmd::context;

/// Check an archive: its proof, and that every table says the same; no wallet needed
///
/// Exit code 0: it is valid. 1: it is not. 2: it cannot be read, or the trust list cannot.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  peal archive check mine.zip --trust trust.txt\n\n\
    Without --trust the list inside is used. Then a forger may have made the list as well as the proof: it only shows that both agree.")]
pub(crate) struct Args {
    /// The archive
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The trust list; without it, the one in the archive
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// Judge freshness at this time, as 2026-11-24T00:00:00Z [default: now]
    #[arg(long, value_name = "TIME")]
    now: Option<Time>,
}

fn says(checked: &Checked) -> String {
    let mut out = String::new();
    let mut line = |name: &str, text: String| out.push_str(&format!("  {name:<12} {text}\n"));
    let members = checked.members.len();
    line(
        "archive",
        format!("{members} members, as the manifest lists them; the tables say what the proof says"),
    );
    line(
        "trust",
        if checked.given {
            "by the list that you gave".into()
        } else {
            "NOT YOURS: by the list inside; this shows only that archive and list agree. Give yours with --trust".into()
        },
    );
    line("copy", if checked.copy { "inside; it makes the same proof" } else { "none" }.into());
    for name in &checked.foreign_texts {
        line("not checked", format!("{name} is not this program's: another version's, or somebody else's"));
    }
    out
}

pub(crate) fn run(args: &Args) -> Result<Done, Trouble> {
    let trust = args.trust.as_deref().map(context::trust).transpose()?;
    let now = match args.now {
        Some(now) => now,
        None => context::now()?,
    };
    let (file, style) = (args.file.display().to_string(), Style::of_stdout());
    let bytes = disk::read(&args.file, archive::MAX_FILE as u64)?;
    match archive::check(&bytes, trust.as_ref(), now) {
        Ok(checked) => {
            let text = format!(
                "{file}: {}\n{}{}",
                style.paint(32, "valid"),
                says(&checked),
                report::verdict(&checked.verdict, style)
            );
            let members: Vec<_> =
                checked.members.iter().map(|(name, bytes)| json!({ "name": name, "bytes": bytes })).collect();
            let json = json!({
                "valid": true, "result": "valid", "file": file, "at": now.to_string(),
                "trust": if checked.given { "given" } else { "inside" }, "copy": checked.copy,
                "foreign_texts": checked.foreign_texts, "members": members, "verdict": checked.verdict,
            });
            Ok(Done::well(text, json))
        }
        Err(BadArchive::NotValid(failure)) => {
            let text = format!(
                "{file}: {}\n  {:<12} {}: {}\n  {:<12} nothing in this archive may be relied on; ask for it again\n",
                style.paint(31, "not valid"),
                "because",
                failure.name,
                clean(&failure.detail),
                "what to do"
            );
            let json = json!({
                "valid": false, "result": "not-valid", "file": file, "at": now.to_string(), "failure": failure,
            });
            Ok(Done::with_code(1, text, json))
        }
        Err(BadArchive::Foreign(_)) if bytes.is_empty() => {
            Err(Trouble::unusable("the file is empty", file, "give an archive of `peal archive make`"))
        }
        Err(bad @ BadArchive::Foreign(_)) => {
            Err(Trouble::unusable(bad, file, "give an archive of `peal archive make`"))
        }
    }
}
