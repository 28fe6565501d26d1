//! `peal scheme show`: what a pack asks, and what it knows.

use std::fmt::Write as _;
use std::path::PathBuf;

use peal_spec::scheme::{Formula, Input, Lang, Number, Pack, Parameter, Symbol, Unit, for_people};
use peal_spec::value::{Currency, Day};
use peal_wallet::due::{days, doubt, payer};
use peal_wallet::layout::{Style, table};
use peal_wallet::trouble::Trouble;
use serde_json::{Value, json};

use super::super::Done;
use super::super::pack::one_of;

/// Show what a scheme asks, its values by date, and their sources
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  peal scheme show fr-micro\n  peal scheme show fr-micro --on 2026-07-01     only the values of that day\n  peal scheme show --pack ruritania.toml --lang zh"
)]
pub(crate) struct Args {
    /// The scheme: one of `peal scheme list`
    #[arg(required_unless_present = "pack", conflicts_with = "pack")]
    id: Option<String>,
    /// A pack of your own
    #[arg(long, value_name = "FILE")]
    pack: Option<PathBuf>,
    /// Only the values that hold on this day
    #[arg(long, value_name = "DAY")]
    on: Option<Day>,
    /// Labels in English or Chinese: en, zh
    #[arg(long, value_name = "LANG", default_value = "en")]
    lang: Lang,
}

/// What an input is if nobody says.
fn default(pack: &Pack, input: &Input) -> Option<String> {
    Some(match input.default.as_ref()? {
        Formula::Number(number) => number.to_string(),
        Formula::Flag(flag) => flag.to_string(),
        Formula::Text(text) => text.to_string(),
        Formula::Name(Symbol::Parameter(at)) => pack.parameters[*at].name.clone(),
        _ => "(by a formula)".to_owned(),
    })
}

fn kind(input: &Input) -> Value {
    json!(input.ask)
}

fn inputs(out: &mut String, pack: &Pack, lang: Lang) {
    for input in &pack.inputs {
        let kind = kind(input);
        let kind = kind.as_str().unwrap_or_default();
        let default = match default(pack, input) {
            Some(default) => format!("default {default}"),
            None => "no default".to_owned(),
        };
        let _ = writeln!(out, "  {} ({kind}, {default}): {}", input.name, lang.of(&input.label));
        for (key, label) in &input.choices {
            let _ = writeln!(out, "    {key:<20} {}", lang.of(label));
        }
    }
}

fn rows(pack: &Pack, parameter: &Parameter, on: Option<Day>, lang: Lang) -> Vec<Vec<String>> {
    let held = parameter.rows.iter().filter(|row| on.is_none_or(|day| row.from <= day && day <= row.to));
    held.map(|row| {
        let source = &pack.sources[row.source];
        let value = match &row.value {
            Ok(number) => for_people(*number, parameter.unit, pack.currency),
            Err(_) => lang.pick("not known", "未知").to_owned(),
        };
        let note = row.value.as_ref().err().map(|why| format!(": {why}")).unwrap_or_default();
        vec![
            row.of.clone().unwrap_or_default(),
            days(row.from, row.to),
            value,
            format!("{}{note}", source.name),
            doubt(row.status, lang).unwrap_or_default().to_owned(),
        ]
    })
    .collect()
}

fn text(pack: &Pack, args: &Args) -> String {
    let (lang, style) = (args.lang, Style::of_stdout());
    let mut out = format!(
        "{}\n{} {}, {}, {}, {} to {}\nsha256 {}\n",
        style.paint(1, lang.of(&pack.title)),
        pack.id,
        pack.version,
        pack.jurisdiction,
        pack.currency,
        pack.from,
        pack.to,
        pack.sha256
    );
    let part = |out: &mut String, title: &str| {
        let _ = writeln!(out, "\n{}", style.paint(1, title));
    };
    if !pack.dues.is_empty() {
        part(&mut out, lang.pick("what is due", "缴费项目"));
        for due in &pack.dues {
            let insurance = due.insurance.map(|insurance| format!(", {insurance}")).unwrap_or_default();
            let per = json!(due.per);
            let per = per.as_str().unwrap_or_default().to_owned();
            let _ = writeln!(
                out,
                "  {} ({}{insurance}, per {per}): {}",
                due.name,
                payer(due.payer, lang),
                lang.of(&due.label)
            );
        }
    }
    if !pack.entitlements.is_empty() {
        part(&mut out, lang.pick("what one may have a right to", "权益"));
        for right in &pack.entitlements {
            let _ = writeln!(out, "  {} ({}): {}", right.name, right.insurance, lang.of(&right.label));
        }
    }
    if !pack.inputs.is_empty() {
        part(&mut out, lang.pick("what is asked: --with NAME=VALUE", "需要提供：--with NAME=VALUE"));
        inputs(&mut out, pack, lang);
    }
    if !pack.parameters.is_empty() {
        part(&mut out, lang.pick("values: --set NAME=VALUE", "参数：--set NAME=VALUE"));
        for parameter in &pack.parameters {
            let unit = json!(parameter.unit);
            let unit = unit.as_str().unwrap_or_default();
            let by = parameter.by.map(|by| format!(", by {}", pack.inputs[by].name)).unwrap_or_default();
            let _ = writeln!(out, "  {} ({unit}{by}): {}", parameter.name, lang.of(&parameter.label));
            let rows = rows(pack, parameter, args.on, lang);
            if rows.is_empty() {
                let _ = writeln!(out, "    {}", lang.pick("not known on that day", "当日未知"));
                continue;
            }
            // Without a row of titles: they would be the same for each; and without choices where there are none.
            let first = usize::from(parameter.by.is_none());
            let rows: Vec<Vec<String>> = rows.into_iter().map(|row| row[first..].to_vec()).collect();
            let table = table(&["", "", ">", "", ""][first..], &rows, style.width.saturating_sub(2));
            for line in table.lines().skip(1) {
                let _ = writeln!(out, "  {line}");
            }
        }
    }
    part(&mut out, lang.pick("sources", "来源"));
    for source in &pack.sources {
        let status = doubt(source.status, lang).unwrap_or(lang.pick("official", "官方"));
        let url = source.url.as_ref().map(|url| format!(" <{url}>")).unwrap_or_default();
        let _ = writeln!(out, "  {} ({status}): {}{url}", source.name, source.cite);
    }
    out
}

/// A number as a pack writes it.
fn plain(number: Number, unit: Unit, currency: Currency) -> String {
    // Only a calendar month is written in another way than as a number, and is for people just the same.
    if unit == Unit::Month { for_people(number, unit, currency) } else { number.to_string() }
}

fn json_of(pack: &Pack, on: Option<Day>) -> Value {
    let inputs: Vec<_> = pack
        .inputs
        .iter()
        .map(|input| {
            let choices: Vec<_> =
                input.choices.iter().map(|(key, label)| json!({ "key": key, "label": label })).collect();
            json!({ "name": input.name, "label": input.label, "kind": kind(input), "choices": choices,
                "default": default(pack, input) })
        })
        .collect();
    let parameters: Vec<_> = pack
        .parameters
        .iter()
        .map(|parameter| {
            let held = parameter.rows.iter().filter(|row| on.is_none_or(|day| row.from <= day && day <= row.to));
            let values: Vec<_> = held
                .map(|row| {
                    json!({ "for": row.of, "from": row.from, "to": row.to,
                        "value": row.value.as_ref().ok().map(|number| plain(*number, parameter.unit, pack.currency)), "unknown": row.value.as_ref().err(),
                        "source": pack.sources[row.source].name, "status": row.status })
                })
                .collect();
            json!({ "name": parameter.name, "label": parameter.label, "unit": parameter.unit,
                "by": parameter.by.map(|by| &pack.inputs[by].name), "values": values })
        })
        .collect();
    let dues: Vec<_> = pack
        .dues
        .iter()
        .map(|due| {
            json!({ "name": due.name, "label": due.label, "payer": due.payer, "per": due.per,
                "insurance": due.insurance.map(|insurance| insurance.to_string()) })
        })
        .collect();
    let sources: Vec<_> = pack
        .sources
        .iter()
        .map(|source| json!({ "name": source.name, "cite": source.cite, "status": source.status, "url": source.url }))
        .collect();
    json!({ "id": pack.id, "version": pack.version, "sha256": pack.sha256.to_string(), "jurisdiction": pack.jurisdiction,
        "currency": pack.currency, "from": pack.from, "to": pack.to, "title": pack.title, "inputs": inputs,
        "parameters": parameters, "dues": dues, "sources": sources })
}

pub(crate) fn run(args: &Args) -> Result<Done, Trouble> {
    let pack = one_of(args.id.as_deref(), args.pack.as_deref())?;
    Ok(Done::well(text(&pack, args), json_of(&pack, args.on)))
}
