//! `peal scheme card`: a scheme in plain words, and what changed in it.

use std::fmt::Write as _;
use std::path::PathBuf;

use peal_spec::scheme::{CardText, Changes, Lang, Pack, Question, Side, card, changes};
use peal_spec::value::Day;
use peal_wallet::due::{days, doubt, payer};
use peal_wallet::layout::{Style, table};
use peal_wallet::trouble::Trouble;
use serde_json::json;

use super::super::Done;
use super::super::context;
use super::super::earnings::EarnedArgs;
use super::super::pack::{GivenArgs, bad_question, one_of};

/// Show in plain words what a scheme costs and gives, and what changed
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  peal scheme card fr-micro --lang zh --on 2026-07-01\n  peal scheme card fr-micro --on 2026-07-01 --since 2025-07-01\n  \
    peal scheme card fr-micro --on 2026-07-01 --since 2025-07-01 --earned 2025:50000 --with category=services-bnc\n  \
    peal scheme card fr-micro --on 2026-07-01 --against fr-micro-2025.toml\n\n\
    With earnings it also says what is due of them before and after: they are moved to the year, the month or the day of both days."
)]
pub(crate) struct Args {
    /// The scheme: one of `peal scheme list`
    #[arg(required_unless_present = "pack", conflicts_with = "pack")]
    id: Option<String>,
    /// A pack of your own
    #[arg(long, value_name = "FILE")]
    pack: Option<PathBuf>,
    /// In English or Chinese: en, zh
    #[arg(long, value_name = "LANG", default_value = "en")]
    lang: Lang,
    /// The day [default: today]
    #[arg(long, value_name = "DAY")]
    on: Option<Day>,
    /// Also what changed since this day
    #[arg(long, value_name = "DAY")]
    since: Option<Day>,
    /// Also what changed since an older edition of the same pack
    #[arg(long, value_name = "OLDPACK")]
    against: Option<PathBuf>,
    #[command(flatten)]
    earned: EarnedArgs,
    #[command(flatten)]
    given: GivenArgs,
}

/// A day must be one that the pack vouches for.
fn covered(pack: &Pack, day: Day, option: &str) -> Result<(), Trouble> {
    if pack.from <= day && day <= pack.to {
        return Ok(());
    }
    let what = format!("{} {} covers {} to {}, not {day}", pack.id, pack.version, pack.from, pack.to);
    Err(Trouble::unusable(what, option, format!("give one of these days with {option}")))
}

impl Args {
    /// What changed, if that was asked.
    fn changes(&self, pack: &Pack, on: Day) -> Result<Option<Changes>, Trouble> {
        if self.since.is_none() && self.against.is_none() {
            if self.earned.is_empty() {
                return Ok(None);
            }
            let remedy = "say since when: --since DAY, or --against an older pack; `peal due` reckons what is due on one day";
            return Err(Trouble::unusable("earnings are for what changed", "--earned", remedy));
        }
        let old = self.against.as_deref().map(|path| one_of(None, Some(path))).transpose()?;
        let (before, day) = (old.as_ref().unwrap_or(pack), self.since.unwrap_or(on));
        if before.id != pack.id {
            let what = format!("that is a pack of {}, not of {}", before.id, pack.id);
            return Err(Trouble::unusable(what, "--against", "give an older edition of the same pack"));
        }
        covered(before, day, "--since")?;
        let question = if self.earned.is_empty() {
            None
        } else {
            let earnings = self.earned.read(pack)?;
            let (with, set) = (self.given.with(), self.given.set());
            Some(Question { earnings, with, set, ..Question::default() })
        };
        let changes = changes((before, day), (pack, on), question.as_ref());
        changes.map(Some).map_err(|bad| bad_question(&bad, pack))
    }
}

fn words(out: &mut String, card: &CardText, lang: Lang, style: Style) {
    let by = format!("{} {}", card.scheme.id, card.scheme.version);
    let _ = writeln!(out, "{}", style.paint(1, &card.title));
    let _ = match lang {
        Lang::En => writeln!(out, "on {} ({by})", card.day),
        Lang::Zh => writeln!(out, "{}（{by}）", card.day),
    };
    let parts = [
        (lang.pick("What it costs", "要缴多少"), &card.costs),
        (lang.pick("What it gives", "能得到什么"), &card.gives),
    ];
    for (title, sentences) in parts {
        let _ = writeln!(out, "\n{}", style.paint(1, title));
        for sentence in sentences {
            let _ = writeln!(out, "  - {sentence}");
        }
    }
    let doubts: Vec<String> = card
        .because
        .iter()
        .filter_map(|reason| {
            let doubt = doubt(reason.status, lang)?;
            let cite = reason.cite.as_deref().unwrap_or_default();
            Some(format!("  {} ({doubt}): {cite}", lang.of(&reason.label)))
        })
        .collect();
    if !doubts.is_empty() {
        let _ = writeln!(out, "\n{}", lang.pick("Not official:", "非官方数值："));
        for doubt in doubts {
            let _ = writeln!(out, "{doubt}");
        }
    }
}

fn what_changed(out: &mut String, changes: &Changes, pack: &Pack, lang: Lang, style: Style) {
    let (before, after) = (&changes.before, &changes.after);
    let title = if before.scheme.sha256 == after.scheme.sha256 {
        match lang {
            Lang::En => format!("What changed from {} to {}", before.day, after.day),
            Lang::Zh => format!("{} 至 {} 的变化", before.day, after.day),
        }
    } else {
        let (old, new) = (&before.scheme.version, &after.scheme.version);
        match lang {
            Lang::En => format!("What changed from {old} on {} to {new} on {}", before.day, after.day),
            Lang::Zh => format!("从版本 {old}（{}）到版本 {new}（{}）的变化", before.day, after.day),
        }
    };
    let _ = writeln!(out, "\n{}", style.paint(1, &title));
    if changes.values.is_empty() {
        let _ = writeln!(out, "  {}", lang.pick("no value differs", "没有数值变化"));
    }
    for one in &changes.values {
        let choice = one.choice_label.as_ref().map(|label| match lang {
            Lang::En => format!(" ({})", label.en),
            Lang::Zh => format!("（{}）", label.zh),
        });
        let since = one.since.map(|since| match lang {
            Lang::En => format!(", since {since}"),
            Lang::Zh => format!("，自 {since} 起"),
        });
        let status = one.status.and_then(|status| doubt(status, lang)).map(|doubt| format!(" ({doubt})"));
        let _ = writeln!(
            out,
            "  {}{}: {} -> {}{}{}",
            lang.of(&one.label),
            choice.unwrap_or_default(),
            lang.of(&one.before.text),
            lang.of(&one.after.text),
            since.unwrap_or_default(),
            status.unwrap_or_default(),
        );
        if let Some(cite) = &one.cite {
            let _ = writeln!(out, "    {cite}");
        }
    }
    let Some(dues) = &changes.due else { return };
    let _ = writeln!(
        out,
        "\n{}",
        style.paint(1, lang.pick("What that means for these earnings", "对这些收入的影响"))
    );
    let money = |minor| pack.currency.format(minor);
    let span = |side: &Side| format!(">{}", days(side.from, side.to));
    let rows: Vec<Vec<String>> = dues
        .before
        .payers
        .iter()
        .zip(&dues.after.payers)
        .filter(|(was, is)| was.before > 0 || is.before > 0)
        .map(|(was, is)| {
            let sign = if is.after >= was.after { "+" } else { "-" };
            let differs = format!("{sign}{}", money(is.after.abs_diff(was.after)));
            vec![payer(is.payer, lang).to_owned(), money(was.after), money(is.after), differs]
        })
        .collect();
    let (was, is) = (span(&dues.before), span(&dues.after));
    let titles = [lang.pick("payer", "缴费方"), &was, &is, lang.pick(">differs by", ">相差")];
    out.push_str(&table(&titles, &rows, style.width));
    for side in [&dues.before, &dues.after] {
        for one in &side.refused {
            let text = format!("  {}, {}: {}", one.rule, days(one.from, one.to), lang.of(&one.refusal.why));
            let _ = writeln!(out, "{}", style.paint(31, &text));
        }
    }
}

pub(crate) fn run(args: &Args) -> Result<Done, Trouble> {
    let pack = one_of(args.id.as_deref(), args.pack.as_deref())?;
    let on = match args.on {
        Some(day) => day,
        None => context::now()?.into(),
    };
    covered(&pack, on, "--on")?;
    let changes = args.changes(&pack, on)?;
    let card = card(&pack, args.lang, on);
    if card.is_none() && changes.is_none() {
        return Err(Trouble::unusable("this pack has no card", &pack.id, "write one: spec/schemes.md §7"));
    }
    let (mut out, style) = (String::new(), Style::of_stdout());
    if let Some(card) = &card {
        words(&mut out, card, args.lang, style);
    }
    if let Some(changes) = &changes {
        what_changed(&mut out, changes, &pack, args.lang, style);
    }
    let sides = changes.as_ref().and_then(|changes| changes.due.as_ref());
    let complete = sides.is_none_or(|due| due.before.complete && due.after.complete);
    Ok(Done::with_code(u8::from(!complete), out, json!({ "card": card, "changes": changes })))
}
