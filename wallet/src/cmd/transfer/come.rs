//! `peal transfer in`: the fund that takes the money says that it has come, and shows what had left.

use std::path::PathBuf;

use peal_spec::address::Address;
use peal_spec::facet::Reference;
use peal_spec::statement::{Body, Referenced, TransferredIn, What};
use peal_spec::value::Text;
use peal_wallet::disk;
use peal_wallet::moving::{HandOver, MAX_HAND_OVER};
use peal_wallet::passbook::money;
use peal_wallet::trouble::Trouble;
use serde_json::json;

use crate::cmd::Done;
use crate::cmd::context::{self, Common};
use crate::cmd::single::Said;

/// Say that money has come from the ledger that somebody moved from
///
/// The file shows what left there, signed by the fund there. Only that amount can be said to have come, and only once.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  peal transfer in pension-14.move --reference IN-2026-11-0031\n\n\
    The file is what `peal move` writes for the fund there. Say it when the money is on the fund's account.")]
pub(crate) struct Args {
    /// What the person handed over
    #[arg(value_name = "FILE.move")]
    file: PathBuf,
    /// A reference of one's own: the number of the transfer
    #[arg(long, value_name = "REFERENCE")]
    reference: Reference,
    /// The scheme here [default: that of the fund there]
    #[arg(long, value_name = "SCHEME")]
    scheme: Option<Text<32>>,
    /// Only show what would be said
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(common: &Common, args: &Args) -> Result<Done, Trouble> {
    let bytes = disk::read(&args.file, MAX_HAND_OVER)?;
    let place = args.file.display();
    let hand_over = HandOver::from_bytes(&bytes).map_err(|e| {
        Trouble::unusable(
            format!("this is no hand-over: {e}"),
            &place,
            "ask the person for the file of `peal move`",
        )
    })?;
    let facts = peal_spec::showing::facts(&hand_over.shown, context::now()?).ok_or_else(|| {
        Trouble::refused(
            "what it shows does not hold",
            &place,
            "rely on nothing in this file; ask the person to run `peal move` again",
        )
    })?;
    let found = facts.outs.iter().find(|(sequence, ..)| *sequence == hand_over.out.0);
    let (_, _, what, moved) = found.ok_or_else(|| {
        Trouble::refused("it shows no transfer by a fund that is proved", &place, "ask for the file again")
    })?;
    let code = moved.currency.to_string();
    let say = |n: u64| money(Some(n), Some(&code));
    let sums = format!(
        "  from             {}, by {}\n  her own account  {}\n  pooled           {}\n",
        facts.origin,
        what.fund,
        say(moved.own),
        say(moved.pooled)
    );
    let json = |sequence: Option<u64>| {
        json!({
            "account": hand_over.address.to_string(), "arrival": hand_over.arrival, "out": hand_over.out.0,
            "from": facts.origin.to_string(), "by": what.fund.to_string(), "insurance": what.insurance.to_string(),
            "own": moved.own, "pooled": moved.pooled, "kept": moved.kept, "currency": code, "sequence": sequence,
        })
    };
    if args.dry_run {
        let text = format!("This has left there:\n{sums}Dry run: nothing was signed or sent.\n");
        return Ok(Done::well(text, json(None)));
    }
    let mut wallet = common.open()?;
    if wallet.contents.origin != hand_over.origin {
        let what =
            format!("it is for the ledger {}, this wallet's is {}", hand_over.origin, wallet.contents.origin);
        return Err(Trouble::refused(what, &place, "use the wallet of the fund there"));
    }
    let fund: Address = wallet.contents.address()?;
    let body = Body::TransferredIn(TransferredIn {
        who: Referenced { issuer: fund, reference: args.reference.clone() },
        what: What {
            insurance: what.insurance,
            scheme: args.scheme.clone().unwrap_or_else(|| what.scheme.clone()),
            fund,
        },
        moved: *moved,
        out: hand_over.out,
        shown: hand_over.shown.clone(),
    });
    let generation = wallet.contents.generation;
    let (account, refers) = (hand_over.address, Some(hand_over.arrival));
    let said = Said { account, refers, month: None, body, generation, again: false };
    let recorded = said.say(&mut wallet, "transferred-in")?;
    let text = format!("What has come {} as record {}:\n{sums}", recorded.how(), recorded.sequence);
    Ok(Done::well(text, json(Some(recorded.sequence))))
}
