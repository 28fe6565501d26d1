//! `peal project`: what taking part in a scheme will bring, in several ways.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use peal_spec::scheme::{Given, Pack, ProjectQuestion, Scenario, SoFar, project, svg};
use peal_spec::standing::History;
use peal_spec::value::{Day, Month};
use peal_wallet::disk;
use peal_wallet::layout::Style;
use peal_wallet::project::{self as text, Written};
use peal_wallet::trouble::Trouble;
use serde_json::json;

use super::Done;
use super::context::{self, Common};
use super::pack::{GivenArgs, Lang, PackArgs, bad_question};

/// The most bytes of a question.
const MAX_QUESTION: u64 = 1024 * 1024;

/// Project what taking part will bring, in several ways
///
/// Today's law goes on, and what is assumed is named. Exit code 0: all was reckoned; 1: a way of taking part could not be.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  peal project --scheme cn-flexible-pension --born 1995-03 --with class=men --with region=beijing --with level=0.6\n  \
    peal project --scheme cn-reform --born 1995-03 --with class=women-50 --later 3 --svg reform.svg --lang zh\n  \
    peal project --scheme cn-flexible-pension --born 1990-05 --with class=men --set average_wage=9000 --so-far 120:52000.00:96000.00:0.7\n\n\
    `peal scheme show ID` says what a scheme asks. Other ways of taking part go into a question file:\n  \
    {\"born\": \"1995-03\", \"first\": \"2026-12\", \"with\": {\"class\": \"men\"}, \"scenarios\": [{\"name\": \"half\",\n   \
    \"label\": {\"en\": \"Ten years, then nothing\", \"zh\": \"缴十年后停缴\"}, \"pays\": 120}]}"
)]
pub(crate) struct Args {
    #[command(flatten)]
    pack: PackArgs,
    /// Your month of birth, as 1995-03
    #[arg(long, value_name = "MONTH", required_unless_present = "question")]
    born: Option<Month>,
    /// The first month [default: this one, or the one after the last that the account has paid]
    #[arg(long, value_name = "MONTH")]
    first: Option<Month>,
    #[command(flatten)]
    given: GivenArgs,
    /// In the ways that begin later: after how many years
    #[arg(long, value_name = "YEARS", value_parser = clap::value_parser!(u64).range(1..=100))]
    later: Option<u64>,
    /// In the ways with a pause: after how many years of paying, and for how many
    #[arg(long, value_name = "AFTER:YEARS")]
    pause: Option<Pause>,
    /// In the ways that pay longer: how many years after the retirement age
    #[arg(long, value_name = "YEARS", value_parser = clap::value_parser!(u64).range(1..=100))]
    longer: Option<u64>,
    /// What you have so far: months, balance of your account, what you paid yourself, and the mean index
    #[arg(long, value_name = "MONTHS:BALANCE[:PAID[:INDEX]]")]
    so_far: Option<String>,
    /// What you have so far, from this wallet's own copy of the account
    #[arg(long, conflicts_with = "so_far")]
    account: bool,
    /// A question as JSON, of spec/schemes.md; the other options go before it
    #[arg(long, value_name = "FILE.json")]
    question: Option<PathBuf>,
    /// Also draw it, in this file
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Show where each value is written
    #[arg(long)]
    why: bool,
    /// The language of text and picture: en, zh
    #[arg(long, value_name = "LANG", default_value = "en")]
    lang: Lang,
}

/// After how many years of paying, and for how many.
#[derive(Clone, Copy, Debug)]
struct Pause {
    after: u64,
    years: u64,
}

impl FromStr for Pause {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let years = |text: &str| text.parse().ok().filter(|years| *years <= 100);
        let both = text.split_once(':').and_then(|(after, long)| years(after).zip(years(long)));
        both.map(|(after, years)| Self { after, years }).ok_or("expected AFTER:YEARS, as 5:2")
    }
}

fn read_question(path: &Path) -> Result<ProjectQuestion, Trouble> {
    let bytes = disk::read(path, MAX_QUESTION)?;
    serde_json::from_slice(&bytes).map_err(|e| {
        let place = format!("{}, line {}", path.display(), e.line());
        Trouble::unusable(format!("this is no question: {e}"), place, "write it as spec/schemes.md §5 says")
    })
}

/// Reads `MONTHS:BALANCE[:PAID[:INDEX]]`.
fn so_far(pack: &Pack, text: &str) -> Result<SoFar, Trouble> {
    let bad = || {
        let remedy = "write it as 120:52000.00:96000.00:0.7, without what is not known at the end";
        Trouble::unusable("this says not what you have so far", "--so-far", remedy)
    };
    let parts: Vec<&str> = text.split(':').collect();
    let (months, balance, more) = match parts.as_slice() {
        [months, balance, more @ ..] if more.len() <= 2 => (months, balance, more),
        _ => return Err(bad()),
    };
    let money = |text: &str| pack.currency.parse_amount(text).map_err(|_| bad());
    Ok(SoFar {
        months: months.parse().map_err(|_| bad())?,
        balance: money(balance)?,
        paid: more.first().map_or(Ok(0), |paid| money(paid))?,
        index: more.get(1).map(|index| Given::Text((*index).to_owned())),
    })
}

/// Changes what some scenarios have, and says so in their labels.
fn change(
    scenarios: &mut [Scenario],
    option: &str,
    which: impl Fn(&Scenario) -> bool,
    to: impl Fn(&mut Scenario),
    (en, zh): (String, String),
) -> Result<(), Trouble> {
    let mut changed = false;
    for scenario in scenarios.iter_mut().filter(|scenario| which(scenario)) {
        to(scenario);
        scenario.label.en += &format!(" (here {en})");
        scenario.label.zh += &format!("（此处为{zh}）");
        changed = true;
    }
    let remedy = "write the ways of taking part into a file, for --question";
    if changed {
        Ok(())
    } else {
        Err(Trouble::unusable("this scheme has no such way of taking part", option, remedy))
    }
}

fn years(n: u64) -> String {
    format!("{n} year{}", if n == 1 { "" } else { "s" })
}

impl Args {
    fn scenarios(&self, mut scenarios: Vec<Scenario>) -> Result<Vec<Scenario>, Trouble> {
        if let Some(n) = self.later {
            let said = (format!("after {}", years(n)), format!(" {n} 年后"));
            change(&mut scenarios, "--later", |s| s.start > 0, |s| s.start = n * 12, said)?;
        }
        if let Some(Pause { after, years: n }) = self.pause {
            let said =
                (format!("after {}, for {}", years(after), years(n)), format!("缴 {after} 年后停 {n} 年"));
            let to = |s: &mut Scenario| s.pause = Some((after * 12, n * 12));
            change(&mut scenarios, "--pause", |s| s.pause.is_some(), to, said)?;
        }
        if let Some(n) = self.longer {
            let said = (format!("{} longer", years(n)), format!("多缴 {n} 年"));
            change(&mut scenarios, "--longer", |s| s.longer > 0, |s| s.longer = n * 12, said)?;
        }
        Ok(scenarios)
    }

    fn question(&self, common: &Common, pack: &Pack) -> Result<ProjectQuestion, Trouble> {
        let today = Day::from(context::now()?);
        let mut first = today.month();
        let mut question = self.question.as_deref().map(read_question).transpose()?.unwrap_or_default();
        if let Some(born) = self.born {
            question.born = born.to_string();
        }
        question.with.extend(self.given.with());
        question.set.extend(self.given.set());
        if let Some(text) = &self.so_far {
            question.so_far = so_far(pack, text)?;
        }
        if self.account {
            let last;
            (question.so_far, last) = of_account(common, pack, today)?;
            first = first.max(last.and_then(Month::next).unwrap_or(first));
        }
        if let Some(first) = self.first {
            question.first = first.to_string();
        } else if question.first.is_empty() {
            question.first = first.to_string();
        }
        if self.later.is_some() || self.pause.is_some() || self.longer.is_some() {
            let scenarios = question.scenarios.take().unwrap_or_else(|| pack.scenarios.clone());
            question.scenarios = Some(self.scenarios(scenarios)?);
        }
        Ok(question)
    }
}

/// What the wallet's account has so far, and its last month. It is told on standard error, with what is not known.
fn of_account(common: &Common, pack: &Pack, today: Day) -> Result<(SoFar, Option<Month>), Trouble> {
    let contents = common.read()?;
    // What the wallet holds is checked before anything is reckoned from it.
    context::checked(common, &contents, context::now()?)?;
    let history = History::of(contents.copy()?);
    let (so_far, last) = text::so_far(pack, &history, today).unwrap_or_default();
    let (months, money) = (so_far.months, |minor| pack.currency.format(minor));
    let (balance, paid) = (money(so_far.balance), money(so_far.paid));
    let mut err = std::io::stderr().lock();
    let _ = writeln!(
        err,
        "peal: so far: {months} months count, {balance} {0} in the account, {paid} {0} paid by yourself",
        pack.currency
    );
    if months > 0 && pack.pension.as_ref().is_some_and(|pension| pension.index.is_some()) {
        let _ = writeln!(
            err,
            "peal: the account does not say the mean index of these months: it counts as 0, and the pension comes out too low; \
             if you know it, give it as --so-far {months}:{balance}:{paid}:INDEX"
        );
    }
    Ok((so_far, last))
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let pack = args.pack.pack()?;
    let question = args.question(common, &pack)?;
    let projection = project(&pack, &question).map_err(|bad| bad_question(&bad, &pack))?;
    let written = Written { pack: &pack, lang: args.lang, why: args.why, style: Style::of_stdout() };
    let mut text = written.projection(&projection);
    if let Some(path) = &args.svg {
        let picture = svg(&projection, args.lang);
        disk::replace(path, picture.as_bytes())?;
        text += &format!("\n{}: {} bytes\n", path.display(), picture.len());
    }
    let refused = projection.scenarios.iter().any(|way| way.refused.is_some());
    Ok(Done::with_code(u8::from(refused), text, json!(projection)))
}
