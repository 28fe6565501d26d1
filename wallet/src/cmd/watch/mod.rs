//! `peal watch`: tells the holder of an account what happens in it, and what does not, as it happens.
//!
//! 1. The copy is brought up to date and checked; what of it was not told yet is told, then the alerts of days that have passed.
//! 2. How far was told is written beside the wallet. Who ends it here is told again at most what was told last.
//! 3. The ledger rings when there is more, and it begins anew. While the ledger does not answer it is tried again, less and less often.

mod news;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use peal_spec::address::Address;
use peal_spec::copy::Copy;
use peal_spec::standing::{History, Told, alerts};
use peal_spec::value::{Day, Time};
use peal_wallet::layout::Style;
use peal_wallet::trouble::{Kind, Trouble};
use peal_wallet::wallet::{Contents, Wallet};
use peal_wallet::{bell, disk};
use zeroize::Zeroizing;

use super::Done;
use super::context::{self, Common};
use news::News;

/// How many days back alerts are told at the first time.
const BACK: u64 = 31;
/// The wait after a bell for nothing.
const IDLE: Duration = Duration::from_secs(60);
/// The waits between two attempts.
const WAITS: [u64; 5] = [2, 10, 60, 120, 300];

/// Be told what happens in the account: payments, looks, claims, what is missing
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  peal watch\n  peal watch --once          as a daily job\n  peal watch --json | while read -r line; do ...; done\n\n\
    The first time it tells what is new from now on, and what came to be missing or late in the last 31 days. How far it has\n    \
    told is kept beside the wallet (WALLET.told). With --json each line is one notice. Interrupt it to end it."
)]
pub(crate) struct Args {
    /// Tell what is new, and end
    #[arg(long)]
    once: bool,
}

/// Who watches.
struct Watch<'a> {
    common: &'a Common,
    path: PathBuf,
    passphrase: Zeroizing<Vec<u8>>,
    style: Style,
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let path = common.wallet()?;
    peal_wallet::wallet::there(&path)?;
    let passphrase = common.passphrase(false)?;
    let watch = Watch { common, path, passphrase, style: Style::of_stdout() };
    if args.once {
        let (count, _, _) = watch.tell()?;
        let nothing = count == 0 && !common.json;
        return Ok(if nothing {
            Done::well("Nothing is new.\n", serde_json::Value::Null)
        } else {
            Done::said()
        });
    }
    let (mut failures, mut rang) = (0, false);
    loop {
        match watch.turn(failures == 0, rang) {
            Ok(again) => (failures, rang) = (0, again),
            Err(trouble) if trouble.kind == Kind::Unavailable => {
                let wait = WAITS[failures.min(WAITS.len() - 1)];
                say(&format!("{}; trying again in {wait} s", trouble.what));
                thread::sleep(Duration::from_secs(wait));
                failures += 1;
            }
            Err(trouble) => return Err(trouble),
        }
    }
}

/// To whoever runs it, not to whoever reads what it tells.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "peal: {text}");
}

impl Watch<'_> {
    /// Tells what is new and waits until there may be more: whether the ledger said so. `well` is whether the last turn went well, `rang`
    /// whether it ended because the ledger said that there is more.
    fn turn(&self, well: bool, rang: bool) -> Result<bool, Trouble> {
        let (count, contents, told) = self.tell()?;
        if rang && count == 0 {
            // It rings for nothing: its day has begun, and that of this machine has not.
            thread::sleep(IDLE);
        }
        let mut bell = bell::listen(&contents, &context::remote(&contents)?, told, context::now()?)?;
        if !well {
            say("the ledger answers again");
        }
        Ok(bell.ring().is_some())
    }

    /// Brings the copy up to date and tells what was not told: how much it was, and how far it goes.
    fn tell(&self) -> Result<(usize, Contents, Told), Trouble> {
        let mut wallet = Wallet::open(&self.path, &self.passphrase)?;
        let now = context::now()?;
        let today = Day::from(now);
        let before = wallet.contents.copy.as_ref().map_or(0, |copy| copy.rows.len() as u64);
        let file = disk::beside(&self.path, ".told");
        let told = read(&file)?.unwrap_or(Told { records: before, day: back(now) });
        context::synced(&mut wallet)?;
        let contents = wallet.contents.clone();
        drop(wallet);
        let copy = contents.copy()?;
        let news = new(copy, told, today, contents.address()?);
        for one in &news {
            self.line(one);
        }
        let told = Told { records: copy.rows.len() as u64, day: told.day.max(today) };
        disk::replace(&file, format!("{told}\n").as_bytes())?;
        Ok((news.len(), contents, told))
    }

    fn line(&self, news: &News) {
        let mut out = std::io::stdout().lock();
        let text = if news.urgent { self.style.paint(31, &news.text) } else { news.text.clone() };
        let line = if self.common.json { news.json.to_string() } else { format!("{} {text}", news.when) };
        // Nobody may be reading.
        let _ = writeln!(out, "{line}").and_then(|()| out.flush());
    }
}

/// The last day whose alerts are old news to whoever watches for the first time.
fn back(now: Time) -> Day {
    Time::new(now.seconds().saturating_sub(BACK * 86_400)).unwrap_or(now).into()
}

/// How far was told; nothing if it is the first time.
fn read(file: &Path) -> Result<Option<Told>, Trouble> {
    let Some(bytes) = disk::read_if_there(file, 100)? else { return Ok(None) };
    let told = std::str::from_utf8(&bytes).ok().and_then(|text| text.trim().parse().ok());
    told.map(Some).ok_or_else(|| {
        Trouble::unusable(
            "this file does not say how far was told",
            file.display(),
            "delete it, and watch anew",
        )
    })
}

/// What of a copy was not told.
fn new(copy: &Copy, told: Told, today: Day, me: Address) -> Vec<News> {
    let records = copy.rows.iter().skip(usize::try_from(told.records).unwrap_or(usize::MAX));
    let mut news: Vec<News> = records.map(|row| news::of_record(row, me)).collect();
    let late = alerts(&History::of(copy), told.day, today);
    if !late.is_empty() {
        let names = names(copy);
        news.extend(late.iter().map(|alert| news::of_alert(alert, |number| names.get(&number).copied())));
    }
    news
}

/// Everybody who ever said something in the account, by number.
fn names(copy: &Copy) -> BTreeMap<u64, Address> {
    let bodies = copy.rows.iter().filter_map(|row| row.statement.as_ref()?.body().ok());
    bodies.filter_map(|body| body.issuer()).map(|who| (who.number, who)).collect()
}
