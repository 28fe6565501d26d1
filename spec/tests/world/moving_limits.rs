//! Moves as far as they go: as many ledgers, arrivals and transfers as there can be, the greatest amounts, no delay and the longest one.

use peal_spec::address::Address;
use peal_spec::moving::{MAX_ARRIVALS, MAX_LEDGERS, MAX_TRANSFERS, Moved, To};
use peal_spec::refusal::Code::*;
use peal_spec::statement::{Body, Opened, Recovery, Source, Statement};
use peal_spec::value::{AMOUNT_MAX, Time};

use super::moving::{Two, there};
use crate::cast::*;

/// Somebody whose account has this delay, in seconds.
fn opens(two: &mut Two, name: &'static str, delay: u64) -> Person {
    let mut person = Person::of(name, ORIGIN);
    // Now: with the commit before.
    let now = two.old.world.commits.last().unwrap().time.seconds() - START;
    let recovery = Recovery { guardians: vec![], need: 0, delay: Time::new(delay).unwrap() };
    let body = Body::Opened(Opened { who: None, keys: person.keys(0), recovery });
    let statement = Statement::new(person.next_seed("statement"), None, time(now), None, None, &body);
    let opening = person.post(now, vec![statement]);
    two.old.hear(now, vec![(opening, vec![Ok(0)])]);
    person.address = Some(two.old.world.book.accounts.last().unwrap().address);
    person
}

impl Two {
    /// The whole story.
    pub fn full() -> Self {
        let mut two = Self::begun();
        two.many_ledgers();
        two.much_money();
        two.many_transfers();
        two.much_comes();
        two.many_arrive();
        two.sooner_and_later();
        two
    }

    /// One is known already.
    fn many_ledgers(&mut self) {
        let zero = self.old.world.registrar.at();
        let list = self.new.list();
        let named = self.old.world.registrar.tells(360, |p| {
            let name = |n: usize| format!("{n}.example").parse().unwrap();
            let most = MAX_LEDGERS;
            let mut said: Vec<_> =
                (1..most).map(|n| (Ok(n as u64 + 1), p.recognises(zero, &name(n), None))).collect();
            said.push((Err(StateFull), p.recognises(zero, &name(most), None)));
            // What is named already needs no room.
            said.push((Ok(most as u64 + 1), p.recognises(zero, &name(1), None)));
            said.push((Ok(most as u64 + 2), p.recognises(zero, &there(), Some(list))));
            said
        });
        self.old.hear(360, vec![named]);
    }

    /// As much as an account can have, and interest beside it.
    fn much_money(&mut self) {
        let (lin, pensions) = (self.old.world.lin.at(), self.old.pensions());
        let much = all_credited(AMOUNT_MAX, "IDR");
        let paid =
            self.old.world.platform.tells(420, |p| {
                vec![(Ok(1), p.pay(lin, pensions, Source::Platform, 202609, much, "order 1"))]
            });
        let settled = self.old.world.fund.tells(420, |p| {
            let mut bears = bears(5, &[(1_000_000, 1)], 60);
            bears.currency = in_("IDR");
            vec![
                (Ok(2), p.settle(0, lin, 1, 202609, much)),
                (Ok(3), p.interest(lin, pensions, 202609, bears, "2026")),
            ]
        });
        self.old.hear(420, vec![paid, settled]);
    }

    fn many_transfers(&mut self) {
        let (lin, pensions) = (self.old.world.lin.at(), self.old.pensions());
        let to = self.to(self.new.world.lin.at(), None);
        let said = self.old.world.lin.tells(480, |p| vec![(Ok(4), p.departs(lin, to))]);
        let approved = self.old.bureau.tells(480, |p| vec![(Ok(5), p.approves_departure(lin, 4))]);
        let outs = self.old.world.fund.tells(480, |p| {
            let of = |own, pooled, currency| Moved { own, pooled, kept: 0, currency: in_(currency) };
            let mut out = |moved, n: usize| p.transfers_out(lin, 4, pensions, moved, &format!("move {n}"));
            let mut said = vec![
                (Err(AmountRange), out(of(AMOUNT_MAX, 1, "IDR"), 0)),
                (Ok(6), out(of(AMOUNT_MAX, 0, "IDR"), 0)),
                (Err(BeyondBalance), out(of(6, 0, "IDR"), 1)),
                (Ok(7), out(of(5, 0, "IDR"), 1)),
                (Err(BeyondBalance), out(of(1, 0, "CNY"), 2)),
            ];
            said.extend((2..MAX_TRANSFERS).map(|n| (Ok(n as u64 + 6), out(of(0, 1, "CNY"), n))));
            said.push((Err(StateFull), out(of(0, 1, "CNY"), MAX_TRANSFERS)));
            said
        });
        self.old.hear(480, vec![said, approved, outs]);
    }

    fn much_comes(&mut self) {
        let (lin, to) = (self.old.world.lin.at(), self.new.world.lin.at());
        let (from, shown) = (self.old.arriving(lin, None), self.old.shows(lin, None));
        let said = self.new.world.lin.tells(540, |p| vec![(Ok(1), p.arrives(to, from, shown))]);
        let shown = [6, 7, 8].map(|out| (out, self.old.shows(lin, Some(out))));
        let pensions = self.new.pensions();
        let comes = self.new.world.fund.tells(540, |p| {
            let of = |own, pooled, currency| Moved { own, pooled, kept: 0, currency: in_(currency) };
            let mut come = |moved, shown: &(u64, _)| {
                p.transfers_in(to, 1, pensions, moved, shown.clone(), &format!("from {}", shown.0))
            };
            vec![
                (Ok(2), come(of(AMOUNT_MAX, 0, "IDR"), &shown[0])),
                (Err(TotalOverflow), come(of(5, 0, "IDR"), &shown[1])),
                (Ok(3), come(of(0, 1, "CNY"), &shown[2])),
            ]
        });
        self.new.hear(540, vec![said, comes]);
    }

    /// All go to one account, in which one has arrived already; in the end their ledger is known no more.
    fn many_arrive(&mut self) {
        let to = self.new.world.lin.at();
        let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p"];
        let mut people: Vec<Person> = names.map(|name| opens(self, name, 0)).into();
        assert_eq!(people.len(), MAX_ARRIVALS);
        let departs = To { origin: there(), address: to, bureau: None };
        // Without a delay it is in force at once: what follows in the same posting comes too late.
        let pensions = self.old.pensions();
        let said: Vec<Said> = people
            .iter_mut()
            .map(|person| {
                person.tells(600, |p| {
                    let about = p.at();
                    vec![
                        (Ok(1), p.departs(about, departs.clone())),
                        (Err(Departed), p.pay(about, pensions, Source::Self_, 202609, pension(5), "mine")),
                    ]
                })
            })
            .collect();
        self.old.hear(600, said);
        let shown: Vec<_> = people
            .iter()
            .map(|person| (self.old.arriving(person.at(), None), self.old.shows(person.at(), None)))
            .collect();
        let arrive = self.new.world.lin.tells(660, |p| {
            let mut sequence = 3;
            let of = shown.iter().enumerate().map(|(n, (from, shown))| {
                sequence += 1;
                let becomes = if n + 1 < MAX_ARRIVALS { Ok(sequence) } else { Err(StateFull) };
                (becomes, p.arrives(to, from.clone(), shown.clone()))
            });
            of.collect()
        });
        self.new.hear(660, vec![arrive]);
        // One that is there needs no room to grow.
        let about: Address = people[0].at();
        let turns = (people[0].rotate(720), vec![Ok(2)]);
        self.old.hear(720, vec![turns]);
        let (from, shown) = (self.old.arriving(about, None), self.old.shows(about, None));
        let zero = self.new.world.registrar.at();
        let grown = self.new.world.lin.tells(780, |p| {
            let sequence = 3 + MAX_ARRIVALS as u64;
            vec![
                (Ok(sequence), p.arrives(to, from.clone(), shown.clone())),
                (Err(ArrivedAlready), p.arrives(to, from.clone(), shown.clone())),
            ]
        });
        let no_more =
            self.new.world.registrar.tells(780, |p| vec![(Ok(2), p.recognises(zero, &origin(), None))]);
        let then = self
            .new
            .world
            .lin
            .tells(780, |p| vec![(Err(NotRecognised), p.arrives(to, from.clone(), shown.clone()))]);
        self.new.hear(780, vec![grown, no_more, then]);
    }

    /// One whose departure is due after the end of time, unless somebody approves of it.
    fn sooner_and_later(&mut self) {
        let mut late = opens(self, "who waits for ever", (1 << 40) - 1);
        let (about, to) = (late.at(), self.to(self.new.world.wang.at(), None));
        let said = late.tells(840, |p| vec![(Ok(1), p.departs(about, to))]);
        self.old.hear(840, vec![said]);
        assert_eq!(self.old.leaving(about).unwrap().due, Time::MAX);
        let taken_back = late.tells(900, |p| vec![(Ok(2), p.withdraw(about, 1))]);
        let too_late = self.old.court.tells(900, |p| vec![(Err(TargetVoid), p.approves_departure(about, 1))]);
        self.old.hear(900, vec![taken_back, too_late]);
    }
}
