//! The rules of `spec/moving.md`: each asked on its own, as in [`super::rules`]. Whether a proof is valid is not a rule of a ledger: that is asked
//! of the verifier that everybody has ([`showing::facts`]); what it has to say is judged here.

use peal_spec::moving::{Facts, Showing};
use peal_spec::proof::Proof;
use peal_spec::refusal::Code;
use peal_spec::showing;
use peal_spec::statement::Statement;
use peal_spec::trust::Trust;
use peal_spec::value::Time;

use super::fund;
use super::identity::words;
use super::moving::{Arrived, Leaving, arrivals, leaving, ledgers, list_hash, same, token};
use super::recovery::agreed;
use super::rules::{BUREAU, FUND, Found, Party, Scene, new_reference};
use super::said::{AMOUNT_MAX, From, Moved, Said, Shown};
use super::state::{self, Fact};

/// The most arrivals of an account.
const MAX_ARRIVALS: usize = 16;
/// The most transfers under a departure, and of an arrival.
const MAX_TRANSFERS: usize = 64;
/// The most ledgers that are named.
const MAX_LEDGERS: usize = 256;
/// The most postings, and the most issuers, in a proof that is shown.
const MAX_PARTS: usize = 4;
/// The kind of a claim that is of a transfer.
const TRANSFER: u64 = 4;

/// Whether something begins with it, in the account that it is about.
fn begins(said: &Said) -> bool {
    match said {
        Said::Contribution { .. }
        | Said::Matching { .. }
        | Said::PaidFor { .. }
        | Said::Engagement { .. }
        | Said::Award { .. }
        | Said::Interest { .. }
        | Said::IdentityBound { .. }
        | Said::Granted { .. }
        | Said::Transcribed { .. }
        | Said::Arrival { .. }
        | Said::Departure { .. } => true,
        Said::Claim { kind, .. } | Said::ClaimFor { kind, .. } => *kind != TRANSFER,
        _ => false,
    }
}

/// What a valid proof says, if it is one.
fn says(shown: &Shown, time: u64) -> Option<Facts> {
    let proof = Proof::from_file(&shown.file).ok()?;
    if proof.postings.len() > MAX_PARTS || proof.issuers.len() > MAX_PARTS {
        return None;
    }
    let showing = Showing { list: shown.list.clone(), file: shown.file.clone() };
    showing::facts(&showing, Time::new(time)?)
}

/// The origin of the one ledger that a list is of.
fn only_ledger(list: &[u8]) -> Option<String> {
    let trust: Trust = std::str::from_utf8(list).ok()?.parse().ok()?;
    let [ledger] = trust.ledgers.as_slice() else { return None };
    Some(ledger.origin.to_string())
}

/// The departure that a statement refers to, and whether it stands. Others are no target.
fn departure<'f>(
    found: &mut Found,
    statement: &Statement,
    subject: &'f Party<'_>,
) -> Option<(u64, &'f Fact, Option<Leaving>)> {
    let fact = statement.refers.and_then(|refers| Some((refers, subject.facts.get(refers as usize)?)));
    let fact = fact.filter(|(_, fact)| matches!(fact.said, Said::Departure { .. }));
    found.check(fact.is_some(), Code::TargetMissing, "refers");
    let (sequence, fact) = fact?;
    Some((sequence, fact, leaving(subject.facts).filter(|leaving| leaving.departure == sequence)))
}

fn in_range(moved: &Moved) -> bool {
    let (own, pooled, kept) = (u128::from(moved.own), u128::from(moved.pooled), u128::from(moved.kept));
    own + pooled >= 1 && own + pooled + kept <= u128::from(AMOUNT_MAX)
}

impl Scene<'_> {
    /// In an account with a departure in force nothing new begins.
    pub(super) fn nothing_begins(&self, found: &mut Found, said: &Said, subject: &Party<'_>) {
        let Some(leaving) = leaving(subject.facts).filter(|_| begins(said)) else { return };
        let another = matches!(said, Said::Departure { .. });
        let place = (subject.address.number, leaving.departure);
        found.name(!another && !leaving.in_force(self.time), Code::Departed, "address", place);
    }

    /// A withdrawal of a departure. Whether it is one.
    pub(super) fn withdraws_departure(
        &self,
        found: &mut Found,
        statement: &Statement,
        issuer: &Party<'_>,
        subject: &Party<'_>,
    ) -> bool {
        let fact = statement.refers.and_then(|refers| subject.facts.get(refers as usize));
        let Some(Said::Departure { who, .. }) = fact.map(|fact| &fact.said) else { return false };
        let Some((sequence, _, stands)) = departure(found, statement, subject) else { return false };
        let due = stands.as_ref().is_some_and(|leaving| leaving.in_force(self.time));
        if *who != issuer.address || due {
            self.roles(found, issuer, &[BUREAU], None);
        }
        let place = (subject.address.number, sequence);
        found.name(stands.is_some(), Code::TargetVoid, "refers", place);
        let money = stands.is_some_and(|leaving| !leaving.outs.is_empty());
        found.name(!money, Code::MoneyLeft, "refers", place);
        true
    }

    /// A statement of one of these types.
    pub(super) fn of_move(
        &self,
        found: &mut Found,
        statement: &Statement,
        said: &Said,
        issuer: &Party<'_>,
        subject: &Party<'_>,
    ) {
        let itself = issuer.address == subject.address;
        new_reference(found, said, subject);
        match said {
            Said::Departure { to, .. } => {
                found.check(itself, Code::NotYours, "who");
                let fit = to.bureau.is_none_or(|bureau| self.bureau_fit(&bureau, None));
                found.check(fit, Code::BureauUnfit, "to");
                let held = state::roles(subject.facts).iter().any(|held| held.in_force(self.time));
                let goes = subject.address.number != 0 && !held && to.origin != self.origin;
                found.check(goes, Code::MoveUnfit, "to");
            }
            Said::DepartureApproved { .. } => self.departure_approval(found, statement, issuer, subject),
            Said::Arrival { from, shown, .. } => self.arrival(found, from, shown, issuer, subject),
            Said::TransferredOut { .. } => self.transferred_out(found, statement, said, issuer, subject),
            Said::TransferredIn { .. } => self.transferred_in(found, statement, said, issuer, subject),
            Said::MoveClosed { shown, .. } => self.move_closed(found, statement, shown, issuer, subject),
            Said::LedgerRecognised { origin, list, .. } => {
                found.check(issuer.address.number == 0, Code::NotRegistrar, "who");
                let named = ledgers(subject.facts);
                let there = named.iter().any(|(there, _)| there == origin);
                found.check(there || named.len() < MAX_LEDGERS, Code::StateFull, "ledger");
                found.check(subject.address.number == 0, Code::MoveUnfit, "address");
                let of_it = list.as_ref().is_none_or(|list| only_ledger(list).as_ref() == Some(origin));
                found.check(of_it && origin != self.origin, Code::MoveUnfit, "ledger");
            }
            Said::Transcribed { last, .. } => {
                self.roles(found, issuer, &[BUREAU], None);
                let latest = state::after(state::month_of(self.time));
                found.check(*last <= latest, Code::MonthInFuture, "paper");
            }
            _ => {}
        }
    }

    fn departure_approval(
        &self,
        found: &mut Found,
        statement: &Statement,
        issuer: &Party<'_>,
        subject: &Party<'_>,
    ) {
        let Some((sequence, _, stands)) = departure(found, statement, subject) else { return };
        let (guardians, ..) = agreed(subject.facts);
        let held = state::roles(issuer.facts);
        let bureau = held.iter().any(|h| h.role == BUREAU && h.in_force(self.time))
            && !guardians.iter().any(|guardian| guardian.number == issuer.address.number);
        let may = issuer.address != subject.address && (guardians.contains(&issuer.address) || bureau);
        found.check(may, Code::NotGuardian, "who");
        found.name(stands.is_some(), Code::TargetVoid, "refers", (subject.address.number, sequence));
        let Some(leaving) = stands else { return };
        let mine = leaving.approved.iter().any(|(number, _)| *number == issuer.address.number);
        let place = (subject.address.number, sequence);
        found.name(!mine && !leaving.in_force(self.time), Code::AlreadyApproved, "refers", place);
    }

    /// Whether the list is the one of `origin` that the registrar recognised; and what the proof says then, if it is valid.
    fn recognised(&self, found: &mut Found, shown: &Shown, origin: &str) -> Option<Facts> {
        let named = ledgers(self.accounts[0].facts);
        let list = Some(list_hash(&shown.list));
        let one = only_ledger(&shown.list).is_some_and(|of| of == origin);
        let known = one && named.iter().any(|(of, there)| of == origin && *there == list);
        found.check(known, Code::NotRecognised, "shown");
        says(shown, self.time).filter(|facts| facts.origin.as_str() == origin)
    }

    fn arrival(
        &self,
        found: &mut Found,
        from: &From,
        shown: &Shown,
        issuer: &Party<'_>,
        subject: &Party<'_>,
    ) {
        let itself = issuer.address == subject.address;
        if !itself {
            self.roles(found, issuer, &[BUREAU], None);
        }
        let here = arrivals(subject.facts);
        let again = here.iter().find(|arrived| same(&arrived.from, from));
        found.check(again.is_some() || here.len() < MAX_ARRIVALS, Code::StateFull, "from");
        let fit = from.bureau.is_none_or(|bureau| self.bureau_fit(&bureau, None));
        found.check(fit, Code::BureauUnfit, "from");
        let facts = self.recognised(found, shown, &from.origin);
        let holds = facts.is_some_and(|facts| {
            let whole = facts.address == from.address && (facts.size, facts.root.0) == (from.size, from.root);
            whole
                && match from.departure {
                    None => {
                        // Who has gone elsewhere does not arrive here.
                        let elsewhere = facts.leaving.as_ref().is_some_and(|cell| {
                            let here = cell.origin.as_str() == self.origin && cell.address == subject.address;
                            cell.due <= facts.time && !here
                        });
                        !itself && facts.pinned && facts.last && !elsewhere
                    }
                    Some(departure) => {
                        let goes_here = facts.departures.iter().any(|(sequence, to)| {
                            *sequence == departure
                                && to.origin.as_str() == self.origin
                                && to.address == subject.address
                        });
                        let in_force = facts
                            .leaving
                            .as_ref()
                            .is_some_and(|cell| cell.departure == departure && cell.due <= facts.time);
                        goes_here && in_force && facts.fresh
                    }
                }
        });
        found.check(holds, Code::NotShown, "shown");
        for account in self.accounts {
            let mine = account.address == subject.address;
            for there in arrivals(account.facts).iter().filter(|there| same(&there.from, from)) {
                let one = from.departure.is_none()
                    || from.departure == there.from.departure
                    || there.ins.is_empty();
                let grown = mine && one && from.size > there.from.size;
                let last = there.records.last().unwrap_or(&there.arrival);
                found.name(grown, Code::ArrivedAlready, "from", (account.address.number, *last));
            }
            for word in words(account.facts).iter().filter(|word| word.takes(&token(from))) {
                let place = (account.address.number, word.sequence);
                found.name(false, Code::ArrivedAlready, "from", place);
            }
        }
    }

    /// What both kinds of transfers are judged by.
    fn by_fund(&self, found: &mut Found, said: &Said, issuer: &Party<'_>) {
        let (Said::TransferredOut { insurance, fund, moved, .. }
        | Said::TransferredIn { insurance, fund, moved, .. }) = said
        else {
            return;
        };
        self.roles(found, issuer, &[FUND], Some(*insurance));
        found.check(issuer.address == *fund, Code::NotFund, "who");
        found.check(in_range(moved), Code::AmountRange, "moved");
    }

    fn transferred_out(
        &self,
        found: &mut Found,
        statement: &Statement,
        said: &Said,
        issuer: &Party<'_>,
        subject: &Party<'_>,
    ) {
        let Said::TransferredOut { insurance, moved, .. } = said else { return };
        self.by_fund(found, said, issuer);
        let Some((sequence, _, stands)) = departure(found, statement, subject) else { return };
        found.name(stands.is_some(), Code::TargetVoid, "refers", (subject.address.number, sequence));
        let there = fund::balance(subject.facts, *insurance, &moved.currency);
        found.check(u128::from(moved.own) <= there, Code::BeyondBalance, "moved");
        let Some(leaving) = stands else { return };
        found.check(leaving.outs.len() < MAX_TRANSFERS, Code::StateFull, "who");
        let place = (subject.address.number, sequence);
        found.name(leaving.in_force(self.time), Code::NotDue, "refers", place);
    }

    fn transferred_in(
        &self,
        found: &mut Found,
        statement: &Statement,
        said: &Said,
        issuer: &Party<'_>,
        subject: &Party<'_>,
    ) {
        let Said::TransferredIn { insurance, moved, out, shown, .. } = said else { return };
        self.by_fund(found, said, issuer);
        let here = arrivals(subject.facts);
        // One that only says that an account has grown is none that money comes with.
        let of = |a: &&Arrived| statement.refers == Some(a.arrival);
        let arrived = here.iter().find(of);
        found.check(arrived.is_some(), Code::TargetMissing, "refers");
        let Some(arrived) = arrived else { return };
        found.check(arrived.ins.len() < MAX_TRANSFERS, Code::StateFull, "who");
        let there = fund::balance(subject.facts, *insurance, &moved.currency);
        let within = there + u128::from(moved.own) <= u128::from(AMOUNT_MAX);
        found.check(within, Code::TotalOverflow, "moved");
        let facts = self.recognised(found, shown, &arrived.from.origin);
        let holds = facts.is_some_and(|facts| {
            facts.address == arrived.from.address
                && facts.outs.iter().any(|(sequence, departure, what, left)| {
                    sequence == out
                        && Some(*departure) == arrived.from.departure
                        && u64::from(what.insurance.code()) == *insurance
                        && (left.own, left.pooled, left.kept) == (moved.own, moved.pooled, moved.kept)
                        && left.currency.as_str() == moved.currency
                })
        });
        found.check(holds, Code::NotShown, "shown");
        if let Some((_, came)) = arrived.ins.iter().find(|(there, _)| there == out) {
            let place = (subject.address.number, came.sequence);
            found.name(false, Code::ArrivedAlready, "out", place);
        }
    }

    fn move_closed(
        &self,
        found: &mut Found,
        statement: &Statement,
        shown: &Shown,
        issuer: &Party<'_>,
        subject: &Party<'_>,
    ) {
        let itself = issuer.address == subject.address;
        if !itself {
            self.roles(found, issuer, &[BUREAU], None);
        }
        let Some((sequence, _, stands)) = departure(found, statement, subject) else { return };
        let place = (subject.address.number, sequence);
        let open = stands.as_ref().is_some_and(|leaving| !leaving.closed);
        found.name(open, Code::TargetVoid, "refers", place);
        found.name(!itself || all_settled(subject.facts), Code::NotSettled, "refers", place);
        let Some(leaving) = stands else { return };
        found.name(leaving.in_force(self.time), Code::NotDue, "refers", place);
        let facts = self.recognised(found, shown, &leaving.to.origin);
        let facts = facts.filter(|facts| facts.address == leaving.to.address);
        let all = facts.and_then(|facts| facts.arrivals).unwrap_or_default();
        let arrived = all.iter().find(|arrived| {
            arrived.origin.as_str() == self.origin
                && arrived.address == subject.address
                && arrived.departure == Some(leaving.departure)
        });
        found.check(arrived.is_some(), Code::NotShown, "shown");
        let matched = leaving.outs.iter().all(|out| {
            arrived.into_iter().flat_map(|arrived| &arrived.ins).any(|came| {
                came.out.sequence == out.sequence
                    && u64::from(came.out.insurance.code()) == out.insurance
                    && came.out.currency.as_str() == out.moved.currency
                    && (came.out.own, came.out.pooled) == (out.moved.own, out.moved.pooled)
            })
        });
        found.check(matched, Code::NotMatched, "shown");
    }
}

/// Whether of no insurance and currency more was posted than settled.
fn all_settled(facts: &[Fact]) -> bool {
    let entries = state::entries(facts);
    entries.iter().all(|entry| {
        let [posted, _, settled, _] = state::totals(&entries, entry.insurance, &entry.money.currency);
        posted <= settled
    })
}
