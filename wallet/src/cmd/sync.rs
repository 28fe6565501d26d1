//! `peal sync`: new records, all of it checked, and the ledger held to what it signed before.

use peal_wallet::layout::{Style, clean};
use peal_wallet::moving;
use peal_wallet::recovery;
use peal_wallet::report;
use peal_wallet::trouble::Trouble;
use serde_json::json;

use super::Done;
use super::carried;
use super::context::{self, Common};

/// Fetch new records, check everything, and hold the ledger to what it signed before
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  peal sync\n\n\
    A ledger that shrinks, rewrites or forks is named, the evidence is kept beside the wallet, the ledger is shown what it had\n    signed, and the exit code is 1.")]
pub(crate) struct Args {}

pub(crate) fn run(common: &Common, _: &Args) -> Result<Done, Trouble> {
    let mut wallet = common.open()?;
    let synced = context::synced(&mut wallet)?;
    let v = &synced.verdict;
    let witnesses =
        if v.witnesses.is_empty() { "no witness".to_owned() } else { clean(&v.witnesses.join(", ")) };
    let news = if synced.new == 0 { "no new records".to_owned() } else { format!("{} new", synced.new) };
    let waiting = match synced.waiting {
        0 => String::new(),
        n => format!("  {n} heads of receipts are not published yet; the next sync joins them\n"),
    };
    let warning = recovery::warning(&synced.folded.account);
    let came = carried::fetch(&mut wallet, &synced.folded)?;
    let departs = moving::warning(&synced.folded.account, context::now()?);
    let text = format!(
        "{}\n  {news}; {}\n  ledger {} at {} entries, {} ({}); {witnesses}\n{waiting}{}{}",
        Style::of_stdout().paint(32, "The copy is up to date, and all of it holds."),
        report::counts(&v.records),
        clean(&v.origin),
        v.size,
        v.time,
        v.freshness,
        came.iter().map(|note| format!("  {}\n", clean(note))).collect::<String>(),
        warning
            .iter()
            .chain(&departs)
            .map(|w| format!("\n{}", Style::of_stdout().paint(31, w)))
            .collect::<String>(),
    );
    let json = json!({
        "address": v.address, "origin": v.origin, "new": synced.new, "records": v.records.total, "size": v.size,
        "time": v.time, "freshness": v.freshness, "witnesses": v.witnesses, "auditors": v.auditors,
        "waiting": synced.waiting, "generation": wallet.contents.generation, "recovery_pending": warning.is_some(),
        "departs": departs.is_some(),
    });
    Ok(Done::well(text, json))
}
