//! `peal scheme list`: the schemes that come with PEAL.

use peal_spec::scheme::{Lang, Pack, ids};
use peal_wallet::due::days;
use peal_wallet::layout::{Style, table};
use peal_wallet::trouble::Trouble;
use serde_json::json;

use super::super::Done;
use super::super::pack::one_of;

/// List the schemes that come with PEAL
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  peal scheme list\n  peal scheme list --lang zh")]
pub(crate) struct Args {
    /// Titles in English or Chinese: en, zh
    #[arg(long, value_name = "LANG", default_value = "en")]
    lang: Lang,
}

pub(crate) fn run(args: &Args) -> Result<Done, Trouble> {
    let packs: Vec<Pack> = ids().map(|id| one_of(Some(id), None)).collect::<Result<_, _>>()?;
    let row = |pack: &Pack| {
        vec![
            pack.id.clone(),
            pack.version.clone(),
            pack.currency.to_string(),
            days(pack.from, pack.to),
            args.lang.of(&pack.title).to_owned(),
        ]
    };
    let rows: Vec<Vec<String>> = packs.iter().map(row).collect();
    let text = table(&["id", "version", "money", "days", "title"], &rows, Style::of_stdout().width);
    let json: Vec<_> = packs
        .iter()
        .map(|pack| {
            json!({ "id": pack.id, "version": pack.version, "sha256": pack.sha256.to_string(), "jurisdiction": pack.jurisdiction,
                "currency": pack.currency, "from": pack.from, "to": pack.to, "title": pack.title })
        })
        .collect();
    Ok(Done::well(text, json!(json)))
}
