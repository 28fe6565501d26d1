//! `peal transfer out`: the fund that she leaves reckons what goes along, by the scheme's pack, and says that it has left.

use std::path::PathBuf;

use peal_spec::address::Address;
use peal_spec::facet::Reference;
use peal_spec::moving::Moved;
use peal_spec::scheme::{Moves, RightsQuestion, entitled};
use peal_spec::standing::History;
use peal_spec::statement::{Body, Referenced, TransferredOut, What};
use peal_spec::value::{Currency, Insurance, Text};
use peal_spec::verify::{MoveShown, Verdict};
use peal_wallet::passbook::money;
use peal_wallet::trouble::Trouble;
use serde_json::json;

use crate::cmd::context::{self, Common};
use crate::cmd::pack::{GivenArgs, PackArgs, bad_question};
use crate::cmd::single::Said;
use crate::cmd::{Done, register};

/// Of the transfers of a pack, the one that is the person's own account.
const OWN: &str = "account_moves";

/// Say that money has left for the ledger that somebody moves to
///
/// What goes along is reckoned from her proof by the scheme's pack: of its transfers, `account_moves` is her own account, all others are of the
/// pooled fund. What left before is taken off.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  peal transfer out history.peal --trust trust.txt --scheme cn-flexible-pension --reference T-2026-11-0007 --dry-run\n  \
    peal transfer out history.peal --trust trust.txt --scheme cn-flexible-pension --reference T-2026-11-0007\n\n\
    history.peal is what `peal move` writes for the fund here. Make the bank transfer first; say it here when it has left."
)]
pub(crate) struct Args {
    /// Her whole history
    #[arg(value_name = "FILE.peal")]
    proof: PathBuf,
    /// The trust list
    #[arg(long, value_name = "FILE")]
    trust: PathBuf,
    #[command(flatten)]
    pack: PackArgs,
    #[command(flatten)]
    given: GivenArgs,
    /// Reckon without months that say no base
    #[arg(long)]
    without_bases: bool,
    /// A reference of one's own: the number of the transfer
    #[arg(long, value_name = "REFERENCE")]
    reference: Reference,
    /// Only show what would leave
    #[arg(long)]
    dry_run: bool,
}

/// The departure that stands in a proof.
fn departure<'v>(verdict: &'v Verdict, args: &Args) -> Result<&'v MoveShown, Trouble> {
    let stands = |m: &&MoveShown| m.kind == "departure" && m.stands != Some(false);
    verdict.moves.iter().rev().find(stands).ok_or_else(|| {
        Trouble::refused(
            "this history shows no departure",
            args.proof.display(),
            "ask for the one that `peal move` writes",
        )
    })
}

/// The sums of a pack's transfers: her own account's, and all others'.
fn reckoned(moves: &[Moves], args: &Args) -> Result<(u64, u64), Trouble> {
    let (mut own, mut pooled) = (0u64, 0u64);
    for one in moves {
        let Some(amount) = one.amount else {
            let why =
                one.refused.as_ref().map_or_else(String::new, |refusal| format!(": {}", refusal.why.en));
            return Err(Trouble::refused(
                format!("what goes along as {} cannot be reckoned{why}", one.name),
                args.proof.display(),
                "give what is missing with --with or --set",
            ));
        };
        if !one.missing_bases.is_empty() && !args.without_bases {
            return Err(Trouble::refused(
                format!("contributions of these months say no base: {}", one.missing_bases.join(", ")),
                args.proof.display(),
                "let their payers correct them, or reckon without them: --without-bases",
            ));
        }
        let sum = if one.name == OWN { &mut own } else { &mut pooled };
        *sum = sum.saturating_add(amount);
    }
    Ok((own, pooled))
}

pub(super) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let (pack, now) = (args.pack.pack()?, context::now()?);
    let of = pack.insurance().ok_or_else(|| {
        Trouble::unusable("this scheme is of no insurance", &pack.id, "take the pack of another scheme")
    })?;
    let fund = common.read()?.address()?;
    let (verdict, history, missing) = register::shown(&args.proof, &context::trust(&args.trust)?, now)?;
    if missing > 0 || !verdict.complete {
        let what = format!("this history does not show {missing} records that may count");
        return Err(Trouble::refused(what, args.proof.display(), "ask for the whole one"));
    }
    // Each fund reckons what it has itself.
    let history = history.of_fund(fund.number);
    let account: Address = verdict.address.parse().map_err(|_| {
        Trouble::refused("the proof names no address", args.proof.display(), "ask for it again")
    })?;
    let departure = departure(&verdict, args)?;
    if history.kept(of).iter().any(|entry| !entry.settled) {
        return Err(Trouble::refused(
            "contributions of this insurance are on their way and not settled",
            args.proof.display(),
            "settle them first, or let their payers void them; then ask for the history again",
        ));
    }
    let question =
        RightsQuestion { with: args.given.with(), set: args.given.set(), ..RightsQuestion::default() };
    let found = entitled(&pack, &history, now.into(), &question).map_err(|bad| bad_question(&bad, &pack))?;
    if found.transfers.is_empty() {
        let remedy = "take the pack of a scheme that has [[transfer]]: see `peal scheme show`";
        return Err(Trouble::unusable("this scheme has no rule of transfer", &pack.id, remedy));
    }
    let (own, pooled) = reckoned(&found.transfers, args)?;
    let currency: Currency = found.currency.parse().map_err(|_| {
        Trouble::unusable("the pack's currency is no code of three letters", &pack.id, "mend the pack")
    })?;
    let insurance = of.to_string();
    let sum = |kind: &str| {
        let me = fund.to_string();
        let found = verdict.moves.iter().filter(|m| {
            m.kind == kind
                && m.issuer.as_ref() == Some(&me)
                && m.insurance.as_ref() == Some(&insurance)
                && m.currency.as_ref() == Some(&found.currency)
        });
        found.fold((0u64, 0u64), |(own, pooled), m| {
            (own.saturating_add(m.own.unwrap_or(0)), pooled.saturating_add(m.pooled.unwrap_or(0)))
        })
    };
    let (own_left, pooled_left) = sum("transferred-out");
    // What came with an earlier move goes along whole.
    let (own_came, pooled_came) = sum("transferred-in");
    let (own, pooled) = (own.saturating_add(own_came), pooled.saturating_add(pooled_came));
    let (own, pooled) = (own.saturating_sub(own_left), pooled.saturating_sub(pooled_left));
    let pool = pool(&history, of, &found.currency);
    let kept = pool.saturating_add(pooled_came).saturating_sub(pooled).saturating_sub(pooled_left);
    let moved = Moved { own, pooled, kept, currency };
    let code = found.currency.clone();
    let say = |n: u64| money(Some(n), Some(&code));
    let sums = format!(
        "  her own account  {}\n  pooled           {}\n  kept here        {}\n",
        say(own),
        say(pooled),
        say(kept)
    );
    let json = |sequence: Option<u64>| {
        json!({
            "account": account.to_string(), "departure": departure.sequence, "to": departure.origin,
            "insurance": insurance, "own": own, "pooled": pooled, "kept": kept, "currency": code,
            "sequence": sequence, "transfers": found.transfers,
        })
    };
    if own == 0 && pooled == 0 {
        return Ok(Done::well("All that goes along has left before.\n", json(None)));
    }
    if args.dry_run {
        return Ok(Done::well(
            format!("This would leave:\n{sums}Dry run: nothing was signed or sent.\n"),
            json(None),
        ));
    }
    let mut wallet = common.open()?;
    let scheme: Text<32> =
        pack.id.parse().map_err(|e| Trouble::unusable(e, &pack.id, "mend the pack's id"))?;
    let body = Body::TransferredOut(TransferredOut {
        who: Referenced { issuer: fund, reference: args.reference.clone() },
        what: What { insurance: of, scheme, fund },
        moved,
    });
    let generation = wallet.contents.generation;
    let refers = Some(departure.sequence);
    let said = Said { account, refers, month: None, body, generation, again: false };
    let recorded = said.say(&mut wallet, "transferred-out")?;
    let to = departure.origin.clone().unwrap_or_default();
    let text = format!("What leaves for {to} {} as record {}:\n{sums}", recorded.how(), recorded.sequence);
    Ok(Done::well(text, json(Some(recorded.sequence))))
}

/// What was settled into the pooled fund and not given back.
fn pool(history: &History, insurance: Insurance, currency: &str) -> u64 {
    let all = history.kept(insurance);
    all.iter()
        .filter(|entry| entry.settled && entry.amount.currency.to_string() == currency)
        .map(|entry| {
            let (left, credited) = entry.left();
            left.saturating_sub(credited)
        })
        .fold(0, u64::saturating_add)
}
