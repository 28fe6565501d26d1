//! A move in which everything happens that can happen to messages, to those who send them and to ledgers. After each step the invariants hold;
//! once nothing goes wrong any more it comes to its end.

use std::collections::BTreeMap;

use peal_spec::address::Address;
use peal_spec::cbor::Cbor;
use peal_spec::hash::Hash;
use peal_spec::posting::Posting;
use peal_spec::refusal::Code;
use peal_spec::state::Sum;
use peal_spec::statement::{Body, Source, Type};

use super::actors::{At, Deed, Read, Seen, Ways, Who, sign};
use super::chances::{Chance, Event, Fate, Step};
use super::invariants::{self, Kept};
use crate::cast::*;
use crate::world::moving::{THERE, Two};

const DAY: u64 = 86_400;
/// Ticks in which things go wrong.
const TICKS: u64 = 180;
/// Rounds in which a move must come to its end once nothing does.
const ROUNDS: u64 = 80;
/// Whether an account that has arrived under a departure can arrive under another one (`spec/src/statement/arrival.rs` says no). As long as it
/// cannot, nobody whose departure was withdrawn departs again; see `ends::a_move_that_was_withdrawn_can_be_made_again`.
const ARRIVES_AGAIN: bool = true;
/// Runs of the simulation.
const SEEDS: u64 = 360;

/// How often what happened.
#[derive(Default)]
struct Coverage {
    fates: BTreeMap<(Fate, Step), u64>,
    events: BTreeMap<Event, u64>,
    ends: BTreeMap<&'static str, u64>,
}

/// What stands in an outbox: signed, and perhaps sent.
struct Sealed {
    who: Who,
    deed: Deed,
    posting: Vec<u8>,
}

struct Run {
    two: Two,
    /// The person in the new ledger.
    her: Person,
    /// The number of her account there, and the root of its opening, once it is in her outbox.
    opening: Option<Hash>,
    chance: Chance,
    ways: Ways,
    /// Seconds after the start.
    clock: u64,
    tick: u64,
    /// Until which tick a ledger is away.
    away: BTreeMap<At, u64>,
    outbox: Vec<Sealed>,
    /// Postings under way: from which tick on they may be delivered.
    under_way: Vec<(u64, At, Vec<u8>)>,
    /// What somebody will do when it is his turn, beside the steps.
    wishes: Vec<(Who, Deed)>,
    old: Option<(usize, Read)>,
    new: Option<(usize, Read)>,
    kept: BTreeMap<At, Kept>,
    seen: Coverage,
}

impl Run {
    fn new(seed: u64) -> Self {
        let mut two = Two::begun();
        let lin = two.old.world.lin.at();
        let (pensions, health) = (two.old.pensions(), two.old.health());
        let paid = two.old.world.platform.tells(360, |p| {
            let by = Source::Platform;
            vec![
                (Ok(1), p.pay(lin, pensions, by, 202609, pension(10_000), "order 1")),
                (Ok(2), p.pay(lin, pensions, by, 202608, pension(5_000), "order 2")),
            ]
        });
        let own =
            two.old.world.lin.tells(360, |p| {
                vec![(Ok(3), p.pay(lin, health, Source::Self_, 202609, pension(2_000), "mine"))]
            });
        let settled =
            two.old.world.fund.tells(360, |p| vec![(Ok(4), p.settle(0, lin, 1, 202609, pension(10_000)))]);
        let settled_too = two
            .old
            .world
            .other_fund
            .tells(360, |p| vec![(Ok(5), p.settle(0, lin, 3, 202609, pension(2_000)))]);
        two.old.hear(360, vec![paid, own, settled, settled_too]);
        let mut chance = Chance::new(seed);
        let ways = Ways {
            careless: chance.once_in(3),
            holds_back: chance.once_in(3),
            eager: chance.once_in(4),
            bureau_helps: chance.once_in(2),
            bureau_closes: chance.once_in(3),
            tries_again: ARRIVES_AGAIN && chance.once_in(2),
        };
        Self {
            two,
            her: Person::of("lin who comes", THERE),
            opening: None,
            chance,
            ways,
            clock: 400,
            tick: 0,
            away: BTreeMap::new(),
            outbox: vec![],
            under_way: vec![],
            wishes: vec![],
            old: None,
            new: None,
            kept: BTreeMap::new(),
            seen: Coverage::default(),
        }
    }

    fn lin(&self) -> Address {
        self.two.old.world.lin.at()
    }

    /// Her account in the new ledger: found by the id that her outbox gives.
    fn there(&self) -> Option<Address> {
        let id = self.opening?;
        let accounts = &self.two.new.world.book.accounts;
        accounts.iter().map(|account| account.address).find(|address| address.id == id)
    }

    fn is_away(&self, at: At) -> bool {
        self.away.get(&at).is_some_and(|until| self.tick < *until)
    }

    /// Takes new copies where the ledgers have grown.
    fn read(&mut self) {
        let size = self.two.old.world.book.log.len();
        if self.old.as_ref().is_none_or(|(at, _)| *at != size) {
            self.old = Some((size, Read::of(self.two.old.copy(self.lin()))));
        }
        let size = self.two.new.world.book.log.len();
        if let Some(there) = self.there()
            && self.new.as_ref().is_none_or(|(at, _)| *at != size)
        {
            self.new = Some((size, Read::of(self.two.new.copy(there))));
            self.her.address = Some(there);
        }
    }

    fn count(&mut self, event: Event) {
        *self.seen.events.entry(event).or_default() += 1;
    }

    /// A posting comes to a ledger. Nobody reads the answer: what is recorded is seen in the copy, and what is not is signed anew.
    fn deliver(&mut self, at: At, posting: Vec<u8>) -> Result<(), String> {
        let sent = Posting::from_bytes(&posting).unwrap();
        let before = self.two.old.world.book.accounts[self.lin().number as usize].state.leaving().cloned();
        let arrived = self
            .there()
            .map_or(0, |a| self.two.new.world.book.accounts[a.number as usize].state.arrivals().len());
        let side = if at == At::Old { &mut self.two.old } else { &mut self.two.new };
        let size = side.world.book.log.len();
        let answer = side.world.commit_bytes(self.clock, vec![posting]).remove(0);
        let grew = side.world.book.log.len() > size;
        let after = self.two.old.world.book.accounts[self.lin().number as usize].state.leaving().cloned();
        let body = sent.statements[0].body().unwrap();
        let by_her = sent.signed.payload.issuer == Some(self.lin());
        let refused = match &answer {
            Err(refusal) => Some(refusal.code),
            Ok(results) => results[0].as_ref().err().map(|refusal| refusal.code),
        };
        let in_force = before.as_ref().is_some_and(|l| l.in_force(time(self.clock)));
        let event = match (&body, refused) {
            (Body::Contribution(_), Some(Code::Departed)) => Some(Event::ContributionRefused),
            (_, Some(code)) => {
                use Code::*;
                let twice = matches!(
                    code,
                    Departed | AlreadyApproved | ArrivedAlready | ReferenceTaken | BeyondBalance | TargetVoid
                );
                (twice && step_of(body.kind()).is_some()).then_some(Event::SecondRefused)
            }
            // The same posting again: the same receipt.
            _ if !grew => None,
            (Body::Contribution(_), None) if before.is_some() => Some(Event::LateContribution),
            (Body::Settlement(_), None) if in_force => Some(Event::LateSettlement),
            (Body::Refund(_), None) if in_force => Some(Event::LateRefund),
            (Body::Rotated(_), None) => {
                self.count(Event::KeyTurned);
                (before.is_some() && after.is_none()).then_some(Event::Fell)
            }
            (Body::Withdrawn(_), None) if by_her => Some(Event::Withdrawn),
            (Body::Withdrawn(_), None) => Some(Event::WithdrawnByBureau),
            (Body::Claim(_), None) => Some(Event::Claimed),
            (Body::ClaimRemedied(_), None) => Some(Event::Remedied),
            (Body::Arrival(_), None) if arrived > 0 => Some(Event::ArrivedAnew),
            (Body::TransferredOut(_), None) if before.is_some_and(|l| l.closed) => Some(Event::Reopened),
            _ => None,
        };
        if let Some(event) = event {
            self.count(event);
        }
        if grew { self.check() } else { Ok(()) }
    }

    fn check(&mut self) -> Result<(), String> {
        invariants::check(&self.two)?;
        let lin = self.lin().number;
        self.kept.entry(At::Old).or_default().check(&self.two.old, lin)?;
        if let Some(there) = self.there() {
            self.kept.entry(At::New).or_default().check(&self.two.new, there.number)?;
        }
        Ok(())
    }

    /// Somebody looks, and does what is next. Returns whether there was something to do.
    fn act(&mut self, who: Who, fate: Fate, settles: bool) -> Result<bool, String> {
        let opening = who == Who::Person && self.there().is_none();
        if self.is_away(At::New) || !opening && self.is_away(At::Old) {
            return Ok(false);
        }
        self.read();
        let old = self.old.take().unwrap();
        let new = self.new.take();
        let wish = self.wishes.iter().position(|(by, _)| *by == who).map(|at| self.wishes.remove(at).1);
        let done = {
            let seen = Seen::new(&self.two, &old.1, new.as_ref().map(|n| &n.1), time(self.clock));
            let refunds = matches!(wish, Some(Deed::Refund { .. }));
            let wish = if refunds { seen.refund(&self.two, who, &mut self.chance) } else { wish };
            wish.or_else(|| seen.decide(&self.two, who, &self.ways, settles))
        };
        let answer = match &done {
            Some(deed) => self.send(who, deed, fate, &old.1, new.as_ref().map(|n| &n.1)),
            None => Ok(()),
        };
        (self.old, self.new) = (Some(old), new);
        answer.map(|()| done.is_some())
    }

    fn send(
        &mut self,
        who: Who,
        deed: &Deed,
        mut fate: Fate,
        old: &Read,
        new: Option<&Read>,
    ) -> Result<(), String> {
        let forgets = self.ways.careless
            && matches!(who, Who::Pensions | Who::Health | Who::PensionsThere | Who::HealthThere);
        let stands = self.outbox.iter().position(|s| s.who == who && s.deed == *deed).filter(|_| !forgets);
        if stands.is_some() && fate == Fate::KilledBefore {
            fate = Fate::KilledSealed;
        }
        if let Some(step) = deed.step() {
            *self.seen.fates.entry((fate, step)).or_default() += 1;
        }
        let posting = match stands {
            Some(at) => self.outbox[at].posting.clone(),
            None => {
                let reference = match deed {
                    _ if forgets => format!("no {}", self.chance.next()),
                    Deed::Out { departure, nth, .. } => format!("move {departure}, {nth}"),
                    Deed::In { out, .. } => format!("from {}", out.sequence),
                    Deed::Pay { nth } => format!("late {nth}"),
                    _ => format!("no {}", self.chance.next()),
                };
                let signed =
                    sign(&mut self.two, &mut self.her, (who, deed), (old, new), self.clock, &reference);
                if fate == Fate::KilledBefore {
                    return Ok(());
                }
                if let Deed::Open = deed {
                    self.opening = Some(signed.statements[0].root(&self.her.origin));
                }
                let posting = signed.to_bytes();
                if !forgets {
                    self.outbox.push(Sealed { who, deed: deed.clone(), posting: posting.clone() });
                }
                posting
            }
        };
        match fate {
            Fate::KilledBefore | Fate::KilledSealed | Fate::Lost => return Ok(()),
            Fate::Away => {
                let until = self.tick + 1 + self.chance.below(4);
                self.away.insert(deed.at(), until);
                return Ok(());
            }
            Fate::Late => {
                let from = self.tick + 1 + self.chance.below(12);
                self.under_way.push((from, deed.at(), posting));
                return Ok(());
            }
            Fate::Twice => {
                let from = self.tick + self.chance.below(12);
                self.under_way.push((from, deed.at(), posting.clone()));
            }
            Fate::Delivered | Fate::AnswerLost | Fate::KilledAfter => {}
        }
        self.deliver(deed.at(), posting)?;
        if !matches!(fate, Fate::AnswerLost | Fate::KilledAfter) {
            // Whatever the answer, this posting is done with.
            self.outbox.retain(|s| s.who != who || s.deed != *deed);
        }
        Ok(())
    }

    /// Something happens beside the steps.
    fn happens(&mut self) {
        let departure = self.old.as_ref().and_then(|(_, read)| read.leaving()).map(|l| l.departure);
        let nth = self.chance.next();
        let funds = [Who::Pensions, Who::Health];
        match self.chance.below(8) {
            0 | 1 => {
                self.clock += self.chance.pick(&[30, 3_600, DAY, 4 * DAY]);
                self.count(Event::TimePassed);
            }
            2 => {
                let at = self.chance.pick(&[At::Old, At::New]);
                let until = self.tick + 1 + self.chance.below(6);
                self.away.insert(at, until);
                self.count(Event::LedgerAway);
            }
            3 if self.chance.once_in(3) => self.wishes.push((Who::Person, Deed::Turn { nth: nth as usize })),
            4 if self.chance.once_in(6) => {
                let who = self.chance.pick(&[Who::Person, Who::Bureau]);
                self.wishes.extend(departure.map(|departure| (who, Deed::Withdraw { departure })));
            }
            5 | 6 => self.wishes.push((Who::Platform, Deed::Pay { nth })),
            7 => {
                let who = self.chance.pick(&funds);
                let amount = returned(0, 0);
                self.wishes.push((who, Deed::Refund { entry: 0, month: month(202609), amount }));
            }
            _ => {}
        }
    }

    /// Delivers what is under way and due, in whatever order.
    fn arrives(&mut self, all: bool) -> Result<(), String> {
        loop {
            let tick = self.tick;
            let away: Vec<At> = [At::Old, At::New].into_iter().filter(|at| self.is_away(*at)).collect();
            let due = |(from, at, _): &(u64, At, Vec<u8>)| all || *from <= tick && !away.contains(at);
            let places: Vec<usize> = (0..self.under_way.len()).filter(|i| due(&self.under_way[*i])).collect();
            if places.is_empty() {
                return Ok(());
            }
            let place = self.chance.pick(&places);
            let (_, at, posting) = self.under_way.remove(place);
            self.deliver(at, posting)?;
        }
    }

    /// Everything goes wrong that can.
    fn trouble(&mut self) -> Result<(), String> {
        for tick in 0..TICKS {
            self.tick = tick;
            self.clock += 1 + self.chance.below(60);
            self.arrives(false)?;
            if self.chance.once_in(4) {
                self.happens();
                continue;
            }
            let who = self.chance.pick(Who::ALL);
            let fate = if self.chance.once_in(3) { Fate::Delivered } else { self.chance.pick(Fate::ALL) };
            let settles = self.chance.once_in(6);
            self.act(who, fate, settles)?;
        }
        Ok(())
    }

    /// Nothing goes wrong any more.
    fn calm(&mut self) -> Result<(), String> {
        self.tick = TICKS + 1_000;
        self.away.clear();
        self.wishes.clear();
        self.ways.eager = false;
        self.arrives(true)?;
        let mut idle = 0;
        for _ in 0..ROUNDS {
            self.clock += 60;
            let mut done = false;
            for who in Who::ALL {
                done |= self.act(*who, Fate::Delivered, true)?;
            }
            idle = if done { 0 } else { idle + 1 };
            match idle {
                0 => {}
                // Whoever waits for a day waits for it.
                1 | 2 => self.clock += 16 * DAY,
                _ => return Ok(()),
            }
        }
        Err(format!("after {ROUNDS} rounds there is still something to do"))
    }

    /// It is closed, or as if nothing had been.
    fn ended(&mut self) -> Result<(), String> {
        self.read();
        let (old, new) = (&self.old.as_ref().unwrap().1, self.new.as_ref().map(|n| &n.1));
        let state = &old.account().state;
        let kinds = state.sums.iter().filter_map(|sum| match sum {
            Sum::Totals(t) => Some((t.insurance, t.currency)),
            _ => None,
        });
        let balances: u64 = kinds.map(|(insurance, currency)| state.balance(insurance, currency)).sum();
        let hers: u64 = invariants::hers(state).values().sum();
        let end = match state.leaving() {
            None => {
                let before = self.ways.gives_up(old) && balances == hers;
                before.then_some("withdrawn").ok_or("no departure stands, and none was withdrawn")?
            }
            Some(leaving) => {
                let new = new.ok_or("no account there")?;
                let arrived =
                    new.account().state.arrivals().iter().find(|a| a.address == old.account().address);
                let arrived = arrived.ok_or("it has not arrived")?;
                let mut ins: Vec<_> = arrived.ins.iter().map(|came| came.out).collect();
                ins.sort_by_key(|out| out.sequence);
                let own: u64 = ins.iter().map(|out| out.own).sum();
                if !leaving.closed || ins != leaving.outs || balances != 0 || own != hers {
                    return Err(format!("{leaving:?}, {arrived:?}, of {hers}, {balances} are still there"));
                }
                let seen = Seen::new(&self.two, old, Some(new), time(self.clock));
                if !seen.itinerary.is_over() {
                    return Err(format!("{:?} is not over", seen.itinerary));
                }
                "closed"
            }
        };
        for (side, read) in [(&self.two.old, Some(old)), (&self.two.new, new)] {
            if let Some(read) = read {
                read.copy.check(&side.trust(), time(self.clock)).map_err(|e| e.to_string())?;
            }
        }
        *self.seen.ends.entry(end).or_default() += 1;
        Ok(())
    }

    fn whole(&mut self) -> Result<(), String> {
        self.trouble()?;
        self.calm()?;
        self.ended()
    }
}

fn step_of(kind: Type) -> Option<Step> {
    match kind {
        Type::Opened => Some(Step::Opened),
        Type::Departure => Some(Step::Departed),
        Type::DepartureApproved => Some(Step::Approved),
        Type::Arrival => Some(Step::Arrived),
        Type::TransferredOut => Some(Step::Out),
        Type::TransferredIn => Some(Step::In),
        Type::MoveClosed => Some(Step::Closed),
        _ => None,
    }
}

#[test]
fn a_move_comes_to_its_end_whatever_goes_wrong() {
    let mut all = Coverage::default();
    for seed in 0..SEEDS {
        let mut run = Run::new(seed);
        run.whole().unwrap_or_else(|what| panic!("seed {seed}, {:?}: {what}", run.ways));
        for (key, count) in run.seen.fates {
            *all.fates.entry(key).or_default() += count;
        }
        for (key, count) in run.seen.events {
            *all.events.entry(key).or_default() += count;
        }
        for (key, count) in run.seen.ends {
            *all.ends.entry(key).or_default() += count;
        }
    }
    println!("{:?}\n{:?}\n{:?}", all.fates, all.events, all.ends);
    for fate in Fate::ALL {
        for step in Step::ALL {
            assert!(all.fates.contains_key(&(*fate, *step)), "{fate:?} of {step:?} never occurred");
        }
    }
    for event in Event::ALL {
        assert!(all.events.contains_key(event), "{event:?} never occurred");
    }
    assert_eq!(all.ends.keys().copied().collect::<Vec<_>>(), ["closed", "withdrawn"]);
}

/// A run in which a ledger does not keep a rule; what the invariants say.
fn without(code: Code, seed: u64) -> Result<(), String> {
    let mut run = Run::new(seed);
    (run.ways.careless, run.ways.eager) = (true, true);
    run.two.old.world.book.ignores.push(code);
    run.two.new.world.book.ignores.push(code);
    run.whole()
}

#[test]
fn without_the_rules_the_invariants_do_not_hold() {
    for (code, what) in [
        (Code::ArrivedAlready, "came twice"),
        (Code::BeyondBalance, "was hers"),
        (Code::Departed, "began where she had left"),
        (Code::MoneyLeft, "that left 0 are known"),
        (Code::NotDue, "that left 0 are known"),
    ] {
        let noticed =
            (0..SEEDS).filter_map(|seed| without(code, seed).err()).find(|said| said.contains(what));
        assert!(noticed.is_some(), "nobody notices that {code:?} is not kept");
    }
}
