//! `peal move`: the account goes to another ledger, in one step for the person.
//!
//! 1. Both accounts are fetched, and how far the move is follows from their records (`peal_spec::itinerary`).
//! 2. The next step that is hers is done; then 1 again, until it is somebody else's turn.
//!
//! A crash anywhere, a lost answer, or a ledger that is away: the same command goes on from the records. What was signed and never answered is
//! in the outbox of its wallet and is sent again, byte for byte. Nothing else is kept of a move but the wallet of the new account.

mod arrive;
mod told;

use std::path::{Path, PathBuf};

use peal_spec::address::Address;
use peal_spec::copy::Folded;
use peal_spec::itinerary::{Itinerary, Side, Step, itinerary};
use peal_spec::moving::To;
use peal_spec::record::Record;
use peal_spec::statement::{Body, Departure, MoveClosed, Recovery};
use peal_spec::trust::Trust;
use peal_spec::value::{Origin, Time};
use peal_wallet::disk;
use peal_wallet::ledgers::Kept;
use peal_wallet::moving::list_of;
use peal_wallet::sync::Synced;
use peal_wallet::trouble::{Kind, Trouble};
use peal_wallet::vault::Stretch;
use peal_wallet::wallet::{Contents, Wallet};
use peal_wallet::words::Words;

use super::Done;
use super::context::{self, Common};
use super::ledgers::Place;
use super::open;
use super::single::{self, Said};

/// How often a head is asked for that witnesses have cosigned, and how long between.
const TRIES: u32 = 30;
const PAUSE: std::time::Duration = std::time::Duration::from_millis(500);

/// Go to another ledger with the account, or go on with that
///
/// Opens an account there, says the departure here and the arrival there, takes the history along, writes the files that the funds need, and closes
/// the move when all money has come. Run it again whenever you like: it does what is yours to do, and says whose turn it is.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  peal move --to chengdu.example/peal                 the directory of ledgers says where it is\n  \
    peal move --to chengdu.example/peal --ledger https://chengdu.example --trust trust.txt\n  \
    peal move                                           go on, or see how far it is\n\n\
    The new account has a wallet of its own beside this one (--into), with the same words and passphrase; if the keys of this account were\n\
    ever changed, it gets new words, which are shown once. If the account has a delay, the departure is in force when it is over, or when\n\
    guardians or a bureau vouch for it (`peal vouch`)."
)]
pub(crate) struct Args {
    /// The ledger to go to, by its name
    #[arg(long, value_name = "ORIGIN")]
    to: Option<Origin>,
    /// Where it answers [default: as the directory of ledgers says]
    #[arg(long, value_name = "URL")]
    ledger: Option<String>,
    /// A trust list that names it [default: what the directory of ledgers says]
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    #[command(flatten)]
    directory: Place,
    /// The wallet of the new account [default: beside this one, named after the ledger]
    #[arg(long, value_name = "FILE")]
    into: Option<PathBuf>,
    /// The bureau here that is to watch over it
    #[arg(long, value_name = "ADDRESS")]
    bureau: Option<Address>,
    /// The bureau there that is to watch over it
    #[arg(long, value_name = "ADDRESS")]
    bureau_there: Option<Address>,
    /// The directory for the funds' files [default: beside the new wallet]
    #[arg(long, value_name = "DIR")]
    hand_over: Option<PathBuf>,
    /// Write new words to this new file instead of showing them
    #[arg(long, value_name = "FILE")]
    words_out: Option<PathBuf>,
    /// Only say how far it is; nothing is signed or sent, but both accounts are fetched
    #[arg(long)]
    status: bool,
}

/// Both accounts, as they stand.
struct Both {
    old: Wallet,
    old_now: Folded,
    /// The new account, once its wallet is there, and what it adds up to once it is open.
    new: Option<Wallet>,
    new_now: Option<Folded>,
}

fn records(contents: &Contents) -> Vec<Record> {
    contents.copy.iter().flat_map(|copy| copy.rows.iter().map(|row| row.record.clone())).collect()
}

impl Both {
    fn itinerary(&self, now: Time) -> Result<Itinerary, Trouble> {
        let (old, old_records) = (&self.old.contents, records(&self.old.contents));
        let old = Side {
            origin: &old.origin,
            address: old.address()?,
            state: &self.old_now.account.state,
            records: &old_records,
        };
        let new_records = self.new.as_ref().map(|wallet| records(&wallet.contents)).unwrap_or_default();
        let new = match (&self.new, &self.new_now) {
            (Some(wallet), Some(folded)) => Some(Side {
                origin: &wallet.contents.origin,
                address: wallet.contents.address()?,
                state: &folded.account.state,
                records: &new_records,
            }),
            _ => None,
        };
        Ok(itinerary(&old, new.as_ref(), now))
    }

    fn fetch_old(&mut self) -> Result<(), Trouble> {
        self.old_now = fetch(&mut self.old)?;
        Ok(())
    }

    fn fetch_new(&mut self) -> Result<(), Trouble> {
        if let Some(new) = &mut self.new
            && new.contents.address.is_some()
        {
            self.new_now = Some(fetch(new)?);
        }
        Ok(())
    }

    /// The new account's wallet.
    fn new_wallet(&mut self) -> Result<&mut Wallet, Trouble> {
        let remedy = "run the command again with --to";
        self.new.as_mut().ok_or_else(|| Trouble::unusable("there is no new account yet", "the move", remedy))
    }
}

/// Brings a wallet up to date. Where its ledger's head has just grown, witnesses may need a moment.
fn fetch(wallet: &mut Wallet) -> Result<Folded, Trouble> {
    let mut left = TRIES;
    loop {
        match context::synced(wallet) {
            Ok(Synced { folded, .. }) => return Ok(folded),
            Err(trouble)
                if left > 0
                    && ["not-witnessed", "not-audited"].iter().any(|name| trouble.what.contains(name)) =>
            {
                left -= 1;
                std::thread::sleep(PAUSE);
            }
            Err(trouble) => return Err(trouble),
        }
    }
}

/// What is known of the ledger to go to.
struct Known {
    url: Option<String>,
    trust: Trust,
}

impl Args {
    /// The directory of ledgers, if there is one.
    fn kept(&self, common: &Common) -> Result<Option<Kept>, Trouble> {
        if !self.directory.is_named() && !self.directory.path(common)?.exists() {
            return Ok(None);
        }
        self.directory.open(common).map(Some)
    }

    fn known(&self, common: &Common, origin: &Origin, now: Time) -> Result<Known, Trouble> {
        if let Some(path) = &self.trust {
            return Ok(Known { url: self.ledger.clone(), trust: context::trust(path)? });
        }
        let Some(kept) = self.kept(common)? else {
            return Err(Trouble::unusable(
                format!("nothing is known of the ledger {origin}"),
                "--to",
                "give its trust list with --trust and its URL with --ledger, or pin a directory: `peal ledgers pin`",
            ));
        };
        let found = kept.find(origin, now)?;
        if found.ended.is_some() {
            let remedy = "name a ledger that goes on";
            return Err(Trouble::refused(format!("the ledger {origin} has ended"), "--to", remedy));
        }
        if found.stale {
            let remedy = "bring it up to date with `peal ledgers update`";
            return Err(Trouble::refused("the directory of ledgers has expired", "--directory", remedy));
        }
        Ok(Known { url: self.ledger.clone().or(found.url), trust: found.trust })
    }

    /// The lists by which others may know a ledger: the directory's, the wallets' own.
    fn lists(&self, common: &Common, both: &Both, origin: &Origin) -> Vec<String> {
        let kept = self.kept(common).ok().flatten();
        let by_directory = kept.and_then(|kept| kept.directory.ledger_list(origin));
        let trusts = both.new.iter().chain([&both.old]).map(|wallet| &wallet.contents.trust);
        let mut lists: Vec<String> =
            by_directory.into_iter().chain(trusts.filter_map(|trust| list_of(trust, origin))).collect();
        let mut seen = std::collections::BTreeSet::new();
        lists.retain(|list| seen.insert(list.clone()));
        lists
    }

    fn into(&self, common: &Common, origin: &Origin) -> Result<PathBuf, Trouble> {
        if let Some(path) = &self.into {
            return Ok(path.clone());
        }
        let name: String =
            origin.as_str().chars().map(|c| if c.is_alphanumeric() || c == '.' { c } else { '-' }).collect();
        Ok(disk::beside(&common.wallet()?, &format!("-{name}")))
    }

    /// The wallet of the new account, made if it is not there; its account need not be open yet.
    fn begin(
        &self,
        common: &Common,
        (old, old_now): (&Wallet, &Folded),
        origin: &Origin,
        now: Time,
    ) -> Result<Wallet, Trouble> {
        let path = self.into(common, origin)?;
        let passphrase = common.passphrase(false)?;
        let leaving = old_now.account.state.leaving();
        let delay = old_now.account.state.control.recovery.delay;
        if path.exists() {
            let wallet = Wallet::open(&path, &passphrase)?;
            let c = &wallet.contents;
            let other = leaving.is_some_and(|leaving| c.address != Some(leaving.address));
            let same = c.address.is_some_and(|address| Some(address) == old.contents.address);
            // Where the keys never changed, a move makes a wallet with the same words.
            let another = old.contents.generation == 0 && c.words.phrase() != old.contents.words.phrase();
            if c.origin != *origin || other || same || (leaving.is_none() && another) {
                let what = "that wallet is not of the account that this one goes to";
                let remedy = "give another file with --into";
                return Err(Trouble::refused(what, path.display(), remedy));
            }
            return Ok(wallet);
        }
        if let Some(leaving) = leaving {
            return Err(Trouble::unusable(
                format!("the wallet of the account there, {}, is not here", leaving.address),
                path.display(),
                "give its file with --into, or make it anew with `peal restore`",
            ));
        }
        let Known { url, trust } = self.known(common, origin, now)?;
        let url = url.ok_or_else(|| {
            Trouble::unusable(
                format!("where does {origin} answer?"),
                "--ledger",
                "give its URL with --ledger",
            )
        })?;
        let remote = context::named(&url)?;
        let says = context::origin(&remote, &trust)?;
        if says != *origin {
            let what = format!("what answers there calls itself {says}");
            return Err(Trouble::refused(what, remote.base(), "check --to and the URL"));
        }
        // A key that was ever replaced may be in other hands.
        let words =
            if old.contents.generation == 0 { old.contents.words.clone() } else { Words::generate()? };
        let mut contents = Contents::new(words, remote.base().to_owned(), origin.clone(), trust);
        let recovery = Recovery { delay, ..Recovery::default() };
        contents.opening = Some(open::signed(&contents, recovery)?);
        Wallet::create(&path, &passphrase, Stretch::STANDARD, contents)
    }

    /// What was made new is shown, or written, once the wallet has it.
    fn new_words(&self, both: &Both) -> Result<Option<String>, Trouble> {
        let old = both.old.contents.words.phrase();
        let Some(new) = both.new.as_ref().filter(|new| new.contents.words.phrase() != old) else {
            return Ok(None);
        };
        match &self.words_out {
            Some(out) if out.exists() => Ok(None),
            Some(out) => open::keep(&new.contents.words, out).map(|()| None),
            None => Ok(Some(new.contents.words.phrase().to_string())),
        }
    }

    /// Whether the directory, if it was asked, still has the ledger to go to: somebody may have barred it since.
    fn still_known(&self, common: &Common, origin: &Origin, now: Time) -> Result<(), Trouble> {
        if self.trust.is_some() || self.kept(common)?.is_none() {
            return Ok(());
        }
        self.known(common, origin, now).map(drop)
    }
}

/// Opens the new account, with the delay of the old one. Guardians are accounts of the old ledger; new ones are named there.
fn open_account(new: &mut Wallet, delay: Time) -> Result<(), Trouble> {
    if new.contents.opening.is_none() {
        let recovery = Recovery { delay, ..Recovery::default() };
        new.contents.opening = Some(open::signed(&new.contents, recovery)?);
        new.save()?;
    }
    open::finish(new).map(drop)
}

fn depart(args: &Args, both: &mut Both) -> Result<(), Trouble> {
    let new = both.new_wallet()?;
    let to =
        To { origin: new.contents.origin.clone(), address: new.contents.address()?, bureau: args.bureau };
    let me = both.old.contents.address()?;
    let body = Body::Departure(Departure { who: me, to });
    Said::again(&both.old.contents, me, None, body).say(&mut both.old, "departure")?;
    both.fetch_old()
}

fn close(args: &Args, common: &Common, both: &mut Both, now: Time) -> Result<(), Trouble> {
    let me = both.old.contents.address()?;
    let departure = both.old_now.account.state.leaving().map(|leaving| leaving.departure);
    let origin = both.new_wallet()?.contents.origin.clone();
    let lists = args.lists(common, both, &origin);
    let mut new = both.new.take().ok_or_else(|| Trouble::unusable("there is no new account", "", ""))?;
    let old = &mut both.old;
    let result = arrive::shown_to(&mut new, None, &lists, now, &mut |_, (shown, _)| {
        let body = Body::MoveClosed(MoveClosed { who: me, shown });
        let parts = departure.unwrap_or_default().to_be_bytes();
        let said = Said::again(&old.contents, me, departure, body);
        single::say(old, "move-closed", &[&parts], said).map(drop)
    });
    both.new = Some(new);
    result?;
    both.fetch_old()
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let now = context::now()?;
    let mut old = common.open()?;
    let old_now = fetch(&mut old)?;
    let leaving = old_now.account.state.leaving().map(|leaving| (leaving.origin.clone(), leaving.address));
    let origin = match (&args.to, &leaving) {
        (Some(to), _) if *to == old.contents.origin => {
            return Err(Trouble::unusable(
                "the account is in that ledger already",
                "--to",
                "name another one",
            ));
        }
        (Some(to), Some((origin, _))) if to != origin => {
            return Err(Trouble::refused(
                format!("the account departs to {origin} already"),
                "--to",
                "go on with that one, or withdraw its departure with `peal identity withdraw`: you until it is in force, a bureau later",
            ));
        }
        (Some(to), _) => to.clone(),
        (None, Some((origin, _))) => origin.clone(),
        (None, None) => {
            let remedy = "say where to with --to";
            return Err(Trouble::unusable("the account goes nowhere", "--to", remedy));
        }
    };
    let path = args.into(common, &origin)?;
    let made = !path.exists();
    let new =
        if args.status && made { None } else { Some(args.begin(common, (&old, &old_now), &origin, now)?) };
    let mut both = Both { old, old_now, new, new_now: None };
    both.fetch_new()?;
    let words = if made { args.new_words(&both)? } else { None };
    let (mut hand_overs, mut note) = (Vec::new(), None);
    // Each round does a step or ends; there are few steps, and few outs.
    for _ in 0..200 {
        let now = context::now()?;
        let next = both.itinerary(now)?.next();
        if args.status {
            break;
        }
        match next {
            Some(Step::Opened) => {
                let delay = both.old_now.account.state.control.recovery.delay;
                open_account(both.new_wallet()?, delay)?;
                both.fetch_new()?;
            }
            Some(Step::Departed) => {
                args.still_known(common, &origin, now)?;
                depart(args, &mut both)?;
            }
            Some(Step::Arrived | Step::ArrivedAnew) => arrive::arrive(args, common, &mut both, now)?,
            Some(Step::Closed) => close(args, common, &mut both, now)?,
            _ => break,
        }
    }
    let now = context::now()?;
    if !args.status {
        let dir = match &args.hand_over {
            Some(dir) => dir.clone(),
            None => disk::beside(&path, ".hand-over"),
        };
        hand_overs = arrive::hand_over(args, common, &mut both, &dir, now)?;
        // The move stands without it: what the ledger does not take is in the wallet.
        if !both.itinerary(now)?.is_over() {
            note = arrive::carry(args, common, &mut both)
                .err()
                .map(|trouble| format!("The ledger there did not take the history along: {trouble}\n"));
        }
    }
    told::done(&both, &both.itinerary(now)?, &origin, (&hand_overs, words.as_deref(), note.as_deref()), &path)
}

/// Whether an error says that this ledger does not recognise the list that was shown.
fn is_unrecognised(trouble: &Trouble) -> bool {
    trouble.kind == Kind::Refused && trouble.what.starts_with("not-recognised")
}

fn shown_path(path: &Path) -> String {
    path.display().to_string()
}
