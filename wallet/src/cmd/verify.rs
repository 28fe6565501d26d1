//! `peal verify`: proof files against a trust list, offline and without a wallet.

use std::path::{Path, PathBuf};

use csv::WriterBuilder;
use peal_spec::proof::MAX_FILE;
use peal_spec::trust::Trust;
use peal_spec::value::Time;
use peal_spec::verify::verify_file;
use peal_wallet::disk;
use peal_wallet::layout::{Style, short};
use peal_wallet::office::Opening;
use peal_wallet::report::{self, Judged};
use peal_wallet::trouble::Trouble;
use serde_json::json;

use super::Done;
use super::context::{self, Common};

/// Verify proof files against a trust list, offline; no wallet is needed
///
/// Exit code 0: all are valid. 1: at least one is not. 2: none is false, but one cannot be used, or the trust list cannot.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  peal verify history.peal --trust trust.txt\n  peal verify history.peal --trust trust.txt --identity her.identity\n  peal verify *.peal --trust trust.txt --csv > verdicts.csv"
)]
pub(crate) struct Args {
    /// Proof files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The trust list
    #[arg(long, value_name = "FILE")]
    trust: PathBuf,
    /// What a bureau gave to the person: demand that the account was bound to that document
    #[arg(long, value_name = "FILE", conflicts_with = "csv")]
    identity: Option<PathBuf>,
    /// One line of CSV for each file
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Judge freshness at this time, as 2026-11-24T00:00:00Z [default: now]
    #[arg(long, value_name = "TIME")]
    now: Option<Time>,
}

fn judge(path: &Path, trust: &Trust, now: Time) -> Judged {
    // One byte more than a proof may have, so that longer files are judged and not only unread.
    match disk::read(path, MAX_FILE as u64 + 1) {
        Err(trouble) => Judged::Unusable { reason: trouble.what },
        Ok(bytes) => match verify_file(&bytes, trust, now) {
            Ok(verdict) => Judged::Valid { verdict: Box::new(verdict) },
            Err(Some(failure)) => Judged::NotValid { failure },
            Err(None) => Judged::Unusable { reason: "this is not a PEAL proof file".into() },
        },
    }
}

/// Whether a proof shows that the account is the person's.
struct Whose {
    proved: bool,
    says: String,
}

fn whose(opening: &Opening, judged: &Judged) -> Option<Whose> {
    let Judged::Valid { verdict } = judged else { return None };
    let found = opening.found(verdict);
    let Some(shown) = found.first() else {
        let says = "NOT proved: this file shows no binding of this account to that document".to_owned();
        return Some(Whose { proved: false, says });
    };
    let bureau = shown.issuer.clone().unwrap_or_default();
    let proved = verdict.issuers.iter().any(|issuer| issuer.proved && issuer.address == bureau);
    let (proved, how) = match shown.stands {
        Some(true) if proved => (true, "proved"),
        Some(true) => (false, "NOT proved, because the bureau's signature or role is not shown"),
        Some(false) => (false, "NOT proved, because the binding was withdrawn"),
        None => (false, "NOT proved, because later records are hidden, by which it may have been withdrawn"),
    };
    let bureau = if bureau.is_empty() { "somebody who is withheld".to_owned() } else { short(&bureau) };
    let says = format!("{}, says {bureau} by record {}: {how}", opening.document, shown.sequence);
    Some(Whose { proved, says })
}

pub(crate) fn run(_: &Common, args: &Args) -> Result<Done, Trouble> {
    let trust = context::trust(&args.trust)?;
    let now = args.now.map_or_else(context::now, Ok)?;
    let name = |path: &Path| path.display().to_string();
    let all: Vec<(String, Judged)> = args.files.iter().map(|p| (name(p), judge(p, &trust, now))).collect();
    let opening = args.identity.as_deref().map(Opening::read).transpose()?;
    let whose: Vec<Option<Whose>> = all.iter().map(|(_, judged)| whose(opening.as_ref()?, judged)).collect();
    let any = |of: fn(&Judged) -> bool| all.iter().any(|(_, j)| of(j));
    let code = if any(|j| matches!(j, Judged::NotValid { .. })) || whose.iter().flatten().any(|w| !w.proved) {
        1
    } else if any(|j| matches!(j, Judged::Unusable { .. })) {
        2
    } else {
        0
    };
    let text = if args.csv {
        let mut writer = WriterBuilder::new().from_writer(Vec::new());
        // Writing to memory does not fail.
        let _ = writer.write_record(report::COLUMNS);
        for (file, judged) in &all {
            let _ = writer.write_record(report::row(file, judged));
        }
        String::from_utf8_lossy(&writer.into_inner().unwrap_or_default()).into_owned()
    } else {
        let style = Style::of_stdout();
        let parts: Vec<String> = all
            .iter()
            .zip(&whose)
            .map(|((file, judged), whose)| {
                let judged = report::judged(file, judged, style);
                whose.as_ref().map_or(judged.clone(), |w| format!("{judged}  {:<12} {}\n", "person", w.says))
            })
            .collect();
        parts.join("\n")
    };
    let files: Vec<_> = all
        .iter()
        .zip(&whose)
        .map(|((file, judged), whose)| {
            let mut value = json!(judged);
            value["file"] = json!(file);
            if let Some(whose) = whose {
                value["identity"] = json!({ "proved": whose.proved, "says": whose.says });
            }
            value
        })
        .collect();
    Ok(Done::with_code(code, text, json!({ "valid": code == 0, "at": now.to_string(), "files": files })))
}
