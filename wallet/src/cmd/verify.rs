//! `peal verify`: proof files against a trust list, offline and without a wallet.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use csv::WriterBuilder;
use peal_spec::proof::{MAX_FILE, Proof};
use peal_spec::trust::Trust;
use peal_spec::value::Time;
use peal_spec::verify::{Verdict, verify_file};
use peal_wallet::disk;
use peal_wallet::joined::{self, Joined, Valid};
use peal_wallet::layout::{Style, short};
use peal_wallet::office::Opening;
use peal_wallet::report::{self, Judged};
use peal_wallet::trouble::Trouble;
use serde_json::json;

use super::Done;
use super::context::{self, Common};

/// Verify proof files against a trust list, offline; no wallet is needed
///
/// Files of an account and of those that arrived in it from other ledgers are shown as one history, if they are.
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
    /// What a bureau gave to the person: demand that the account is bound to that document, and to no other that is not given
    #[arg(long, value_name = "FILE", conflicts_with = "csv")]
    identity: Vec<PathBuf>,
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

/// Whether a proof shows that the account is the person's, and nobody else's.
struct Whose {
    proved: bool,
    says: String,
}

fn whose(openings: &[Opening], judged: &Judged) -> Option<Whose> {
    let Judged::Valid { verdict } = judged else { return None };
    if openings.is_empty() {
        return None;
    }
    let not = |why: String| Some(Whose { proved: false, says: format!("NOT proved: {why}") });
    let mut opened = BTreeSet::new();
    let mut says = Vec::new();
    for opening in openings {
        let found = opening.found(verdict);
        let Some(shown) = found.first() else {
            return not("this file shows no binding of this account to that document; ask for one made with `peal prove --identity`".into());
        };
        let bureau = shown.issuer.clone().unwrap_or_default();
        if shown.stands == Some(false) {
            return not(format!("the binding, record {}, was withdrawn", shown.sequence));
        }
        if shown.stands.is_none() {
            return not("later records are hidden, by which the binding may have been withdrawn".into());
        }
        if !verdict.issuers.iter().any(|issuer| issuer.proved && issuer.address == bureau) {
            return not("the bureau's signature or role is not shown".into());
        }
        opened.insert(shown.sequence);
        says.push(format!("{}, says {} by record {}", opening.document, short(&bureau), shown.sequence));
    }
    if !verdict.complete {
        return not("records of this account are hidden, by which it may be bound to somebody else".into());
    }
    // An account that is bound to several documents may be several people's.
    let others =
        verdict.identities.iter().filter(|i| i.stands != Some(false) && !opened.contains(&i.sequence));
    let others: Vec<String> = others.map(|i| i.sequence.to_string()).collect();
    if !others.is_empty() {
        return not(format!(
            "the account is bound to other documents as well, by record {}; they may be somebody else's: ask to see them too",
            others.join(", ")
        ));
    }
    if verdict.freshness != "fresh" {
        return not(format!("this was so on {}; ask for a proof of today", verdict.time));
    }
    Some(Whose { proved: true, says: format!("{}: proved as of {}", says.join("; "), verdict.time) })
}

/// Which of the files make one history: an account, and those that arrived in it.
fn together(all: &[(String, Judged)], now: Time) -> Vec<Joined> {
    let arrivals = |verdict: &Verdict| {
        let of = verdict.moves.iter().filter(|m| m.kind == "arrival");
        of.filter_map(|m| Some((m.origin.clone()?, m.address.clone()?))).collect::<Vec<_>>()
    };
    let named: BTreeSet<(String, String)> = all
        .iter()
        .filter_map(
            |(_, judged)| if let Judged::Valid { verdict } = judged { Some(arrivals(verdict)) } else { None },
        )
        .flatten()
        .collect();
    let valid = all.iter().filter_map(|(file, judged)| {
        let Judged::Valid { verdict } = judged else { return None };
        // Only what has to do with a move is read again.
        let is_named = named.contains(&(verdict.origin.clone(), verdict.address.clone()));
        if arrivals(verdict).is_empty() && !is_named {
            return None;
        }
        let bytes = disk::read(Path::new(file), MAX_FILE as u64).ok()?;
        Some(Valid { file, proof: Proof::from_file(&bytes).ok()?, verdict })
    });
    joined::joined(&valid.collect::<Vec<_>>(), now.into())
}

pub(crate) fn run(_: &Common, args: &Args) -> Result<Done, Trouble> {
    let trust = context::trust(&args.trust)?;
    let now = args.now.map_or_else(context::now, Ok)?;
    let name = |path: &Path| path.display().to_string();
    let all: Vec<(String, Judged)> = args.files.iter().map(|p| (name(p), judge(p, &trust, now))).collect();
    let openings: Vec<Opening> =
        args.identity.iter().map(|path| Opening::read(path)).collect::<Result<_, _>>()?;
    let whose: Vec<Option<Whose>> = all.iter().map(|(_, judged)| whose(&openings, judged)).collect();
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
    let together = if args.csv { Vec::new() } else { together(&all, now) };
    let text = text + &together.iter().map(|one| format!("\n{}", joined::render(one))).collect::<String>();
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
    let mut json = json!({ "valid": code == 0, "at": now.to_string(), "files": files });
    if !together.is_empty() {
        json["histories"] = json!(together);
    }
    Ok(Done::with_code(code, text, json))
}
