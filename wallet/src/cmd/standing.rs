//! `peal standing`: what the account adds up to under a rule, offline.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use peal_spec::address::Address;
use peal_spec::cbor::Cbor as _;
use peal_spec::copy::Folded;
use peal_spec::hash::Hash;
use peal_spec::moving::{Arrived, From};
use peal_spec::proof::{Proof, Shown, View};
use peal_spec::standing::{BadRule, History, Rule, standing};
use peal_spec::statement::Type;
use peal_spec::target::Target;
use peal_spec::tree;
use peal_spec::value::{BadAmount, Currency, Day, Insurance, Origin, Time};
use peal_spec::verify::{TranscribedShown, Verdict};
use peal_wallet::layout::Style;
use peal_wallet::trouble::Trouble;
use peal_wallet::wallet::{self, Contents, Wallet};
use peal_wallet::{disk, standing as text};
use serde_json::json;

use super::Done;
use super::context::{self, Common};

/// The most bytes of a rule.
const MAX_RULE: u64 = 64 * 1024;

/// Show what the account adds up to, and what is missing, offline
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  peal standing\n  peal standing --insurance pension --minimum 500.00 --currency CNY --months 180\n  peal standing --rule pension.toml\n  peal standing --also second.wallet        linked accounts, added up\n\n\
    A rule file has the members of spec/standing.md:\n  insurance = \"pension\"\n  minimum = 50000        # minor units\n  currency = \"CNY\"\n  months = 180\n  \
    treated = [\"maternity\", \"unemployment\"]\n  rate = 80000           # millionths of what was earned\n  due = 15\n  late = 500             # millionths a day"
)]
pub(crate) struct Args {
    /// A rule, in TOML
    #[arg(long, value_name = "FILE", conflicts_with_all = ["insurance", "minimum", "months", "window", "rate", "late"])]
    rule: Option<PathBuf>,
    /// Only this insurance [default: every one that the account has]
    #[arg(long, value_name = "INSURANCE")]
    insurance: Option<Insurance>,
    /// What a month must bring before it counts, as 500.00
    #[arg(long, value_name = "AMOUNT", requires = "currency")]
    minimum: Option<String>,
    /// The currency of the minimum
    #[arg(long, value_name = "CURRENCY", requires = "minimum")]
    currency: Option<Currency>,
    /// How many months one needs
    #[arg(long, value_name = "N", default_value_t = 0)]
    months: u64,
    /// Among how many past months
    #[arg(long, value_name = "N")]
    window: Option<u64>,
    /// The part of earnings that is due, in millionths
    #[arg(long, value_name = "MILLIONTHS")]
    rate: Option<u64>,
    /// Interest on what is late, in millionths a day
    #[arg(long, value_name = "MILLIONTHS", default_value_t = 0)]
    late: u64,
    /// Other wallets of yours, whose accounts are linked with this one: all are added up
    #[arg(long, value_name = "WALLET")]
    also: Vec<PathBuf>,
    /// The day, as 2026-11-28 [default: today]
    #[arg(long, value_name = "DAY")]
    today: Option<Day>,
}

/// Reads a rule.
pub(super) fn rule_in(path: &Path) -> Result<Rule, Trouble> {
    let unusable =
        |what: String| Trouble::unusable(what, path.display(), "write it as `peal standing --help` shows");
    let bytes = disk::read(path, MAX_RULE)?;
    let rule = std::str::from_utf8(&bytes).map_err(|_| unusable("this rule is not UTF-8".into()))?;
    toml::from_str(rule).map_err(|e| unusable(e.to_string().trim_end().to_owned()))
}

impl Args {
    fn rules(&self, all: &[Folded], history: &History) -> Result<Vec<Rule>, Trouble> {
        if let Some(path) = &self.rule {
            return Ok(vec![rule_in(path)?]);
        }
        let minimum = match (&self.minimum, self.currency) {
            (Some(text), Some(currency)) => {
                let bad = |e: BadAmount| Trouble::unusable(e, "--minimum", "write it as 12.34");
                Some((currency.parse_amount(text).map_err(bad)?, currency))
            }
            _ => None,
        };
        let insurances: BTreeSet<Insurance> = match self.insurance {
            Some(insurance) => [insurance].into(),
            None => all.iter().flat_map(insurances).chain(history.insurances()).collect(),
        };
        let rules = insurances.into_iter().map(|insurance| {
            let rule = Rule {
                minimum,
                months: self.months,
                window: self.window,
                rate: self.rate,
                late: self.late,
                ..Rule::plain(insurance)
            };
            let bad = |BadRule(what)| Trouble::unusable(what, "the options", "see `peal standing --help`");
            rule.checked().map_err(bad)
        });
        rules.collect()
    }
}

fn insurances(folded: &Folded) -> impl Iterator<Item = Insurance> {
    folded.targets.values().filter_map(|tracked| match &tracked.target {
        Target::Entry(entry) => Some(entry.insurance),
        Target::Award(award) => Some(award.insurance),
        _ => None,
    })
}

/// Two accounts are added up if each says that the other one is the same person's.
fn demand_link(
    path: &Path,
    (own, shown): (&Contents, &Verdict),
    (other, theirs): (&Contents, &Verdict),
) -> Result<(), Trouble> {
    let (me, them) = (own.address()?, other.address()?);
    let says = |verdict: &Verdict, of: Address| {
        let of = of.to_string();
        verdict.links.iter().any(|link| link.stands == Some(true) && link.other.as_ref() == Some(&of))
    };
    let trouble = |what: String, remedy: String| Err(Trouble::refused(what, path.display(), remedy));
    if own.origin != other.origin {
        let what = format!("that account is in the ledger {}, this one in {}", other.origin, own.origin);
        return trouble(what, "only accounts of one ledger are linked".into());
    }
    if me == them {
        return trouble("that is the same account".into(), "name the wallet of another account".into());
    }
    for (verdict, of, whose) in [(shown, them, "this account"), (theirs, me, "that account")] {
        if !says(verdict, of) {
            return trouble(
                format!("{whose} does not say that {of} is the same person's"),
                format!(
                    "say so from its wallet, `peal identity link --with {of}`, and `peal sync` both; a bureau can do it for both"
                ),
            );
        }
    }
    Ok(())
}

/// What one person's accounts hold together.
pub(super) struct Together {
    pub(super) history: History,
    /// What each account adds up to, this one first.
    all: Vec<Folded>,
    /// Ledger and account of each history that arrived, the latest first.
    pub(super) came: Vec<String>,
    /// What bureaus have read in papers, here and there.
    transcribed: Vec<TranscribedShown>,
}

/// The histories that arrived in the account and that the wallet carries, the latest first: each is found valid under its list and is the very one
/// that the arrival names, whatever has become of its ledger. What arrived there before is theirs to name.
fn came(c: &Contents, folded: &Folded, now: Time) -> Result<Vec<(String, Verdict, Proof)>, Trouble> {
    let mut all: Vec<(String, Verdict, Proof)> = Vec::new();
    let mut wanted: Vec<Came> = folded.account.state.arrivals().iter().rev().map(Came::of).collect();
    let mut at = 0;
    while let Some(Came { origin, address, size, root }) = wanted.get(at).cloned() {
        at += 1;
        let Some(carried) = c.carried.find(&origin, &address) else { continue };
        let place = format!("the history from {origin}");
        let verdict = carried.verdict(&c.trust, now).map_err(|e| e.at(&place))?;
        let bad = |what: &str| Trouble::refused(what, &place, "run `peal move` again from the old wallet");
        let mut proof = Proof::from_file(carried.file()).map_err(|e| bad(&e.to_string()))?;
        let leaves: Vec<Hash> = proof.subject.shown.iter().map(|s| s.record.leaf()).collect();
        let named = usize::try_from(size).ok().and_then(|size| leaves.get(..size));
        if named.map(tree::root) != Some(root) {
            return Err(bad("it is not the one that arrived"));
        }
        // What was recorded there since has not arrived.
        proof.subject.shown.retain(|shown| shown.record.sequence < size);
        proof.subject.size = proof.subject.size.min(size);
        // A history that came from further back is named by an arrival in this one.
        for shown in proof.subject.shown.iter().rev() {
            if let Some(earlier) = Came::shown(shown)
                && wanted.len() < MAX_CAME
                && !(earlier.origin == c.origin && Some(earlier.address) == c.address)
                && !wanted.iter().any(|w| w.origin == earlier.origin && w.address == earlier.address)
            {
                wanted.push(earlier);
            }
        }
        all.push((format!("{origin}, account {}", address.number), verdict, proof));
    }
    Ok(all)
}

/// The most accounts in one history.
const MAX_CAME: usize = 64;

/// What an arrival names.
#[derive(Clone)]
struct Came {
    origin: Origin,
    address: Address,
    size: u64,
    root: Hash,
}

impl Came {
    fn of(arrived: &Arrived) -> Self {
        let Arrived { origin, address, size, root, .. } = arrived.clone();
        Self { origin, address, size, root }
    }

    fn shown(shown: &Shown) -> Option<Self> {
        if shown.record.kind != Type::Arrival {
            return None;
        }
        let from = shown.opening.as_ref()?.0.get(2)?.value()?;
        let From { origin, address, size, root, .. } = From::from_bytes(from).ok()?;
        Some(Self { origin, address, size, root })
    }
}

/// What the wallet's account and those linked with it hold together, each checked; and what each adds up to.
pub(super) fn together(common: &Common, also: &[PathBuf], now: Time) -> Result<Together, Trouble> {
    let c = common.read()?;
    let (folded, verdict) = context::checked(common, &c, now)?;
    let (mut others, mut all) = (Vec::<Contents>::new(), vec![folded]);
    for path in also {
        wallet::there(path)?;
        let other = Wallet::read(path, &common.passphrase(false)?)?;
        let (more, shown) = context::checked_at(path, &other, now)?;
        demand_link(path, (&c, &verdict), (&other, &shown))?;
        let again = |before: &Contents| before.address().ok() == other.address().ok();
        if others.iter().any(again) {
            let remedy = "name each other wallet once";
            return Err(Trouble::unusable("this account is named twice", path.display(), remedy));
        }
        others.push(other);
        all.push(more);
    }
    let own = c.copy()?;
    if others.is_empty() {
        let came = came(&c, &all[0], now)?;
        let mut transcribed = verdict.transcribed;
        transcribed.extend(came.iter().flat_map(|(_, verdict, _)| verdict.transcribed.iter().cloned()));
        transcribed.retain(|paper| paper.stands != Some(false));
        let views: Vec<&View> = came.iter().map(|(.., proof)| &proof.subject).collect();
        let history = if views.is_empty() { History::of(own) } else { History::of_moved(own, &views).0 };
        let came = came.into_iter().map(|(from, ..)| from).collect();
        return Ok(Together { history, all, came, transcribed });
    }
    let history = {
        let copies: Vec<_> = others.iter().map(Contents::copy).collect::<Result<_, _>>()?;
        History::of_linked(&[&[own], copies.as_slice()].concat())
    };
    Ok(Together { history, all, came: Vec::new(), transcribed: Vec::new() })
}

pub(crate) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let now = context::now()?;
    let Together { history, all, came, transcribed } = together(common, &args.also, now)?;
    let today = args.today.unwrap_or_else(|| now.into());
    let rules = args.rules(&all, &history)?;
    let style = Style::of_stdout();
    let standings: Vec<_> = rules.iter().map(|rule| (rule, standing(&history, rule, today))).collect();
    let code = |rule: &Rule| rule.minimum.map(|(_, currency)| currency.to_string());
    let texts: Vec<String> =
        standings.iter().map(|(rule, s)| text::render(s, code(rule).as_deref(), &came, style)).collect();
    let text = if texts.is_empty() {
        "Nothing was posted to this account yet. Name an insurance with --insurance, or a rule with --rule.\n"
            .to_owned()
    } else {
        texts.join("\n")
    };
    let text = format!("{text}{}", text::papers(&transcribed));
    let mut standings: Vec<_> = standings.into_iter().map(|(_, s)| json!(s)).collect();
    for standing in &mut standings {
        if !came.is_empty() {
            standing["elsewhere"] = json!(came);
        }
        if !transcribed.is_empty() {
            standing["transcribed"] = json!(transcribed);
        }
    }
    let json = if args.rule.is_some() || args.insurance.is_some() {
        standings.swap_remove(0)
    } else {
        json!(standings)
    };
    Ok(Done::well(text, json))
}
