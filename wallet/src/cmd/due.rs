//! `peal due`: what is due from earnings, by a scheme that is data.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use peal_spec::scheme::{Earning, MAX_EARNING_DAYS, Pack, Question, due};
use peal_spec::statement::{Body, Type};
use peal_spec::target::Target;
use peal_spec::value::{Day, Month};
use peal_wallet::disk;
use peal_wallet::due::Written;
use peal_wallet::layout::{Style, short};
use peal_wallet::trouble::Trouble;
use serde_json::json;

use super::Done;
use super::context::{self, Common};
use super::earnings::EarnedArgs;
use super::pack::{GivenArgs, Lang, PackArgs, bad_question};

/// The most bytes of a question.
const MAX_QUESTION: u64 = 16 * 1024 * 1024;

/// Reckon what is due from earnings, by payer and insurance
///
/// Nothing is guessed: what the scheme does not know is named, with what to do. Exit code 0: all was reckoned; 1: something could not be.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  peal due --scheme fr-micro --earned 2025:50000 --with category=services-bnc\n  \
    peal due --scheme fr-micro --earned 2026-03:1800 --earned 2026-04:2100.50 --with category=sales --why\n  \
    peal due --pack ruritania.toml --earnings 2026.csv --set rate=0.12\n  \
    peal due --scheme cn-per-order-injury --account --from 2026-07 --to 2026-09\n\n\
    `peal scheme list` names the schemes; `peal scheme show ID` says what each asks. A file of earnings is CSV:\n  \
    month,gross,orders,payer\n  2026-03,1200.00,310,meituan"
)]
pub(crate) struct Args {
    #[command(flatten)]
    pack: PackArgs,
    #[command(flatten)]
    earned: EarnedArgs,
    /// Also what the engagements of this wallet's account say
    #[arg(long)]
    account: bool,
    /// A question as JSON, of spec/schemes.md; the other options add to it
    #[arg(long, value_name = "FILE.json")]
    question: Option<PathBuf>,
    #[command(flatten)]
    given: GivenArgs,
    /// The first day, month or year [default: that of the earnings]
    #[arg(long, value_name = "DAY")]
    from: Option<String>,
    /// The last one
    #[arg(long, value_name = "DAY")]
    to: Option<String>,
    /// Show what made each line: values, since when, sources
    #[arg(long)]
    why: bool,
    /// Labels in English or Chinese: en, zh
    #[arg(long, value_name = "LANG", default_value = "en")]
    lang: Lang,
}

fn read_question(path: &Path) -> Result<Question, Trouble> {
    let bytes = disk::read(path, MAX_QUESTION)?;
    serde_json::from_slice(&bytes).map_err(|e| {
        let place = format!("{}, line {}", path.display(), e.line());
        Trouble::unusable(format!("this is no question: {e}"), place, "write it as spec/schemes.md §4 says")
    })
}

/// The month with which a day, month or year begins, or ends.
fn month_of(day: &str, last: bool) -> Option<Month> {
    match day.len() {
        4 => format!("{day}-{}", if last { "12" } else { "01" }).parse().ok(),
        _ => day.get(..7)?.parse().ok(),
    }
}

/// What the engagements that stand say, in the pack's currency: those that lie in the days that are asked for, or in the months before on which
/// the guard looks. What is left out is told on standard error.
fn of_account(common: &Common, pack: &Pack, question: &Question) -> Result<Vec<Earning>, Trouble> {
    let contents = common.read()?;
    let (folded, _) = context::checked(common, &contents, context::now()?)?;
    let before = pack.guard.as_ref().map_or(3, |guard| guard.months);
    let first = question.from.as_deref().and_then(|day| month_of(day, false));
    let first = first.map_or(0, |month| u64::from(month.ordinal()).saturating_sub(before));
    let last = question.to.as_deref().and_then(|day| month_of(day, true));
    let last = last.map_or(u64::MAX, |month| u64::from(month.ordinal()));
    let (mut earnings, mut foreign, mut unread, mut long) = (Vec::new(), 0u64, 0u64, 0u64);
    for row in contents.copy()?.rows.iter().filter(|row| row.record.kind == Type::Engagement) {
        let target = folded.targets.get(&row.record.sequence).map(|tracked| &tracked.target);
        if matches!(target, Some(Target::Engagement(engaged)) if engaged.void) {
            continue;
        }
        let Some(Ok(Body::Engagement(work))) = row.statement.as_ref().map(|statement| statement.body())
        else {
            unread += 1;
            continue;
        };
        // The period of an engagement is never absent.
        let Some((start, end)) = work.evidence.shift else { continue };
        let (from, to) = own_month(Day::from(start), Day::from(end), row.record.month);
        if u64::from(to.month().ordinal()) < first || u64::from(from.month().ordinal()) > last {
            continue;
        }
        if work.amount.currency != pack.currency {
            foreign += 1;
            continue;
        }
        if to.number() - from.number() >= MAX_EARNING_DAYS {
            long += 1;
            continue;
        }
        earnings.push(Earning {
            from: Some(from.to_string()),
            to: Some(to.to_string()),
            gross: work.amount.amount,
            orders: work.evidence.orders.unwrap_or(0),
            payer: Some(short(&work.who.issuer.to_string())),
            ..Earning::default()
        });
    }
    let currency = pack.currency;
    for (n, why) in [
        (foreign, format!("in another currency than {currency}")),
        (long, format!("of more than {MAX_EARNING_DAYS} days")),
        (unread, "of which the wallet has no contents".to_owned()),
    ] {
        if n > 0 {
            let s = if n == 1 { "" } else { "s" };
            let _ = writeln!(std::io::stderr().lock(), "peal: left out: {n} engagement{s} {why}");
        }
    }
    Ok(earnings)
}

/// The days of an engagement. Where clocks are ahead of UTC a month begins on the evening before: what reaches no more than a day beyond the
/// month that the record is about is that month's.
fn own_month(from: Day, to: Day, month: Option<Month>) -> (Day, Day) {
    let Some(month) = month else { return (from, to) };
    let (first, last) = (Day::of_month(month, 1), Day::of_month(month, 31));
    let near = first.number() <= from.number() + 1 && to.number() <= last.number() + 1;
    if near { (from.clamp(first, last), to.clamp(first, last)) } else { (from, to) }
}

impl Args {
    fn question(&self, common: &Common, pack: &Pack) -> Result<Question, Trouble> {
        let mut question = self.question.as_deref().map(read_question).transpose()?.unwrap_or_default();
        question.with.extend(self.given.with());
        question.set.extend(self.given.set());
        question.from = self.from.clone().or(question.from);
        question.to = self.to.clone().or(question.to);
        question.earnings.extend(self.earned.read(pack)?);
        if self.account {
            let earnings = of_account(common, pack, &question)?;
            question.earnings.extend(earnings);
        }
        Ok(question)
    }
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let pack = args.pack.pack()?;
    let question = args.question(common, &pack)?;
    if question.earnings.is_empty() && (question.from.is_none() || question.to.is_none()) {
        let remedy = "say it with --earned 2026-03:1200.00, --earnings FILE or --account; or ask with --from and --to what is due without";
        return Err(Trouble::unusable("nothing was said to be earned", "the options", remedy));
    }
    let answer = due(&pack, &question).map_err(|bad| bad_question(&bad, &pack))?;
    let written = Written { pack: &pack, lang: args.lang, why: args.why, style: Style::of_stdout() };
    Ok(Done::with_code(u8::from(!answer.complete), written.answer(&answer), json!(answer)))
}
