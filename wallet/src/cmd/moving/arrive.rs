//! Arriving: what is shown of one ledger to the other, the history that is taken along, and the files for the funds.

use std::path::{Path, PathBuf};

use peal_spec::copy::{Selection, Show};
use peal_spec::itinerary::Step;
use peal_spec::moving::{Arrived, Facts, From, OutAt, Showing};
use peal_spec::proof;
use peal_spec::statement::{Arrival, Body};
use peal_spec::value::Time;
use peal_wallet::carried::Carried;
use peal_wallet::disk;
use peal_wallet::moving::{HandOver, Made, arrivals, show};
use peal_wallet::trouble::{Kind, Trouble};
use peal_wallet::wallet::Wallet;

use super::{Args, Both, PAUSE, TRIES, is_unrecognised};
use crate::cmd::context::{self, Common};
use crate::cmd::single::{self, Said};

/// Says to the other ledger what is shown, from the wallet that shows it.
type Says<'f> = dyn FnMut(&Wallet, (Showing, Facts)) -> Result<(), Trouble> + 'f;

/// Shows one ledger's account to the other ledger by `say`, under the first list that this one recognises. Witnesses are given time to cosign.
pub(super) fn shown_to(
    wallet: &mut Wallet,
    out: Option<u64>,
    lists: &[String],
    now: Time,
    say: &mut Says<'_>,
) -> Result<(), Trouble> {
    let origin = wallet.contents.origin.clone();
    let (mut unrecognised, mut why) = (None, String::new());
    for list in lists {
        let found = match valid(wallet, out, list, now)? {
            Ok(found) => found,
            Err(not) => {
                why = not;
                continue;
            }
        };
        match say(wallet, found) {
            Ok(()) => return Ok(()),
            Err(trouble) if is_unrecognised(&trouble) => unrecognised = Some(trouble),
            Err(trouble) => return Err(trouble),
        }
    }
    Err(unrecognised.unwrap_or_else(|| {
        let what = format!("no list that is known of {origin} takes its present head: {why}");
        Trouble::unavailable(
            what,
            "the move",
            "if witnesses are late, run the command again in a minute; else bring the directory of ledgers or the trust list up to date",
        )
    }))
}

/// What a wallet's account shows under a list, once the ledger's head is one that the list takes; why not, if it does not come to that.
pub(super) fn valid(
    wallet: &mut Wallet,
    out: Option<u64>,
    list: &str,
    now: Time,
) -> Result<Result<(Showing, Facts), String>, Trouble> {
    for left in (0..TRIES).rev() {
        match show(wallet.contents.copy()?, out, list, now)? {
            Made::Valid(shown, facts) => return Ok(Ok((shown, *facts))),
            Made::Never(why) => return Ok(Err(why)),
            Made::NotYet => {}
        }
        if left > 0 {
            std::thread::sleep(PAUSE);
            super::fetch(wallet)?;
        }
    }
    Ok(Err("witnesses or auditors have not cosigned it yet".into()))
}

/// Says the arrival. What is taken along is in the new wallet before.
pub(super) fn arrive(args: &Args, common: &Common, both: &mut Both, now: Time) -> Result<(), Trouble> {
    let lists = args.lists(common, both, &both.old.contents.origin.clone());
    let Both { old, old_now, new, .. } = both;
    let new = new.as_mut().ok_or_else(|| {
        Trouble::unusable("there is no new account yet", "the move", "run the command again with --to")
    })?;
    let departure = old_now.account.state.leaving().map(|leaving| leaving.departure);
    let (me, bureau) = (new.contents.address()?, args.bureau_there);
    let (origin, address) = (old.contents.origin.clone(), old.contents.address()?);
    freshen(old, &lists, now)?;
    shown_to(old, None, &lists, now, &mut |old, (shown, facts)| {
        if facts.leaving.as_ref().is_some_and(|leaving| !leaving.in_force(facts.time)) {
            return Err(Trouble::unavailable(
                "that ledger has recorded nothing since the departure came into force",
                origin.as_str(),
                "run the command again in a minute",
            ));
        }
        // What was taken along is there before anybody can think that all has arrived.
        take_along(old, new, now)?;
        let (size, root) = (facts.size, facts.root);
        let from = From { origin: origin.clone(), address, departure, size, root, bureau };
        let parts = [origin.as_str().as_bytes(), &address.id.0, &size.to_be_bytes()].concat();
        let body = Body::Arrival(Arrival { who: me, from, shown });
        let said = Said::again(&new.contents, me, None, body);
        single::say(new, "arrival", &[&parts], said).map(drop)
    })?;
    both.fetch_new()
}

/// Where the old ledger has recorded nothing for long, its head is too old to show a departure. To say the departure again is refused, and makes a
/// new head all the same.
fn freshen(old: &mut Wallet, lists: &[String], now: Time) -> Result<(), Trouble> {
    let mut stale = false;
    for list in lists {
        if let Made::Valid(_, facts) = show(old.contents.copy()?, None, list, now)? {
            stale |= !facts.fresh || facts.leaving.is_some_and(|leaving| !leaving.in_force(facts.time));
        }
    }
    if !stale {
        return Ok(());
    }
    let me = old.contents.address()?;
    let said =
        old.contents.copy()?.rows.iter().rev().find_map(|row| match row.statement.as_ref()?.body().ok()? {
            Body::Departure(said) => Some(said),
            _ => None,
        });
    if let Some(mut said) = said {
        said.to.bureau = None;
        match Said::again(&old.contents, me, None, Body::Departure(said)).say(old, "head") {
            Err(trouble) if trouble.kind != Kind::Refused => return Err(trouble),
            _ => {}
        }
        super::fetch(old)?;
    }
    Ok(())
}

/// Keeps the whole old history in the new wallet.
fn take_along(old: &Wallet, new: &mut Wallet, now: Time) -> Result<(), Trouble> {
    let whole = old.contents.copy()?.prove(&Selection { show: Show::Whole, withhold: Vec::new() });
    let whole =
        whole.map_err(|e| Trouble::refused(e, old.path().display(), "run `peal sync`, then this again"))?;
    let carried = Carried::from_file(&whole.to_file(), &old.contents.trust, now)
        .map_err(|e| e.at(old.path().display()))?;
    new.contents.carried.add(carried)?;
    new.save()
}

/// What has arrived there of the departure that stands here.
fn arrived(both: &Both) -> Result<Option<Arrived>, Trouble> {
    let (Some(leaving), Some(new_now), Some(new)) =
        (both.old_now.account.state.leaving(), &both.new_now, &both.new)
    else {
        return Ok(None);
    };
    let address = both.old.contents.address()?;
    let of = |arrived: &&Arrived| {
        arrived.origin == both.old.contents.origin
            && arrived.address == address
            && arrived.departure == Some(leaving.departure)
    };
    let there = new.contents.origin == leaving.origin;
    Ok(new_now.account.state.arrivals().iter().filter(|_| there).find(of).cloned())
}

/// Gives the new ledger the history that it is to keep, and the new wallet too. The same again changes nothing.
pub(super) fn carry(args: &Args, common: &Common, both: &mut Both) -> Result<(), Trouble> {
    let now = context::now()?;
    let Some(arrived) = arrived(both)? else { return Ok(()) };
    let Some(new) = &mut both.new else { return Ok(()) };
    let fits = |carried: &Carried| carried.records() == arrived.size;
    if !new.contents.carried.find(&arrived.origin, &arrived.address).is_some_and(fits) {
        if both.old.contents.copy()?.size != arrived.size {
            // The ledger gives no copy of that size any more: it arrives anew, as it is now, and is taken along before.
            arrive(args, common, both, now)?;
            return carry_arrived(both, now);
        }
        take_along(&both.old, new, now)?;
    }
    carry_arrived(both, now)
}

/// Gives the new ledger what the new wallet carries, if it is what arrived.
fn carry_arrived(both: &Both, now: Time) -> Result<(), Trouble> {
    let (Some(arrived), Some(new)) = (arrived(both)?, &both.new) else { return Ok(()) };
    let me = new.contents.address()?;
    let carried = new.contents.carried.find(&arrived.origin, &arrived.address);
    let Some(carried) = carried.filter(|carried| carried.records() == arrived.size) else { return Ok(()) };
    let remote = context::remote(&new.contents)?;
    let at = arrivals(new.contents.copy()?, &arrived).pop().map_or(arrived.arrival, |(sequence, _)| sequence);
    let path = format!("/v1/accounts/{me}/carried/{at}");
    let key = new.contents.chain().reading(new.contents.reading);
    let answer = remote.signed_put(&path, proof::MEDIA_TYPE, &me, &key, now, carried.file())?;
    answer.map(drop).map_err(|problem| problem.at(&format!("{}{path}", remote.base())))
}

/// Writes a file for each transfer that has left and not come: the fund there needs it. Returns the files.
pub(super) fn hand_over(
    args: &Args,
    common: &Common,
    both: &mut Both,
    dir: &Path,
    now: Time,
) -> Result<Vec<PathBuf>, Trouble> {
    let mut files = Vec::new();
    let open = both.itinerary(now)?;
    let waits = open.legs.iter().any(|leg| leg.step == Step::MoneyOut && leg.is_open());
    if waits {
        let whole = both.old.contents.copy()?.prove(&Selection { show: Show::Whole, withhold: Vec::new() });
        let whole = whole.map_err(|e| Trouble::refused(e, both.old.path().display(), "run `peal sync`"))?;
        disk::make_directory(dir)?;
        let path = dir.join("history.peal");
        disk::replace(&path, &whole.to_file())?;
        files.push(path);
    }
    let (Some(leaving), Some(arrived)) = (both.old_now.account.state.leaving().cloned(), arrived(both)?)
    else {
        return Ok(files);
    };
    let mut lists = args.lists(common, both, &both.old.contents.origin.clone());
    // The list by which the other ledger took the arrival is the one that it recognises, unless that was changed since.
    lists.splice(0..0, arrivals(both.new_wallet()?.contents.copy()?, &arrived).pop().map(|(_, list)| list));
    let new = both.new_wallet()?;
    let (origin, address) = (new.contents.origin.clone(), new.contents.address()?);
    for out in &leaving.outs {
        if arrived.ins.iter().any(|came| came.out == *out) {
            continue;
        }
        let mut found = None;
        for list in &lists {
            found = valid(&mut both.old, Some(out.sequence), list, now)?.ok();
            if found.is_some() {
                break;
            }
        }
        let Some((shown, _)) = found else { continue };
        let out_at = OutAt(out.sequence);
        let hand_over =
            HandOver { origin: origin.clone(), address, arrival: arrived.arrival, out: out_at, shown };
        disk::make_directory(dir)?;
        let path = dir.join(format!("{}-{}.move", out.insurance, out.sequence));
        disk::replace(&path, &hand_over.to_bytes())?;
        files.push(path);
    }
    Ok(files)
}
