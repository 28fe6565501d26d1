//! The statements of a script about moves: mostly right ones, with what another ledger proves, and wrong ones with one thing changed.

use peal_spec::address::Address;
use peal_spec::hash::Hash;
use peal_spec::moving;
use peal_spec::statement::{Facets, Statement};

use super::abroad::{Abroad, CREDITED};
use super::book::Book;
use super::claim_facets::says;
use super::funds::{choose, everywhere, faults, own, what};
use super::move_facets::{from, ledger, moved, out, paper, shown, source, to};
use super::moving::{Arrived, Leaving, arrivals, leaving, ledgers, list_hash};
use super::odd::{encoded, odd_of};
use super::people::{Person, roles, seed};
use super::recovery::agreed;
use super::said::{AMOUNT_MAX, From, Moved, Said, Shown, To, write_address};
use super::script::{Purpose, Say};
use super::stage::{BUREAU, FUNDS, Stage, currency, time};
use super::state::{self, Fact};

/// A statement whose *who* is its issuer, or that and a reference.
struct Draft {
    kind: u64,
    about: Address,
    refers: Option<u64>,
    who: Address,
    reference: String,
    /// The facets after *who*.
    rest: Vec<Vec<u8>>,
}

/// A departure: where, whether it stands, and who may withdraw it.
#[derive(Clone)]
struct Departed {
    about: Address,
    sequence: u64,
    stands: Option<Leaving>,
}

/// All departures, also those that stand no more.
fn departures(book: &Book) -> Vec<(Address, Departed)> {
    let of = |facts: &[Fact]| -> Vec<(u64, Option<Leaving>)> {
        let now = leaving(facts);
        let all = facts.iter().zip(0..).filter(|(fact, _)| matches!(fact.said, Said::Departure { .. }));
        all.map(|(_, sequence)| (sequence, now.clone().filter(|l| l.departure == sequence))).collect()
    };
    let all = everywhere(book, of).into_iter();
    all.map(|(about, (sequence, stands))| (about, Departed { about, sequence, stands })).collect()
}

impl Departed {
    fn in_force(&self, time: u64) -> bool {
        self.stands.as_ref().is_some_and(|leaving| leaving.in_force(time))
    }

    fn waits(&self, time: u64) -> bool {
        self.stands.as_ref().is_some_and(|leaving| !leaving.in_force(time))
    }
}

fn amounts(own: u64, pooled: u64, kept: u64) -> Moved {
    Moved { own, pooled, kept, currency: "CNY".into() }
}

impl Stage {
    /// The other ledger, which is made when it is asked for first.
    fn abroad(&mut self) -> &mut Abroad {
        let (here, key, now) = (&self.origin, &self.key, self.clock);
        let begin = || Abroad::begin(here, key.clone().expect("the ledger's key"), now);
        let abroad = self.abroad.get_or_insert_with(begin);
        abroad.set_clock(now);
        abroad
    }

    /// The list of the other ledger that is recognised, if one is.
    fn recognised(&self, book: &Book) -> Option<Vec<u8>> {
        let named = ledgers(&book.accounts[0].facts);
        let known = |list: &&Vec<u8>| named.iter().any(|(_, hash)| *hash == Some(list_hash(list)));
        self.lists.iter().find(known).cloned()
    }

    /// The step that a statement of a kind can be: itself, or what has to come before it.
    fn step(&self, book: &Book, kind: u64, say: &Say) -> u64 {
        if say.twist >= 128 && say.extra % 4 == 3 {
            return kind;
        }
        let all = departures(book);
        let (mut due, mut wait) = (false, false);
        for (_, departed) in &all {
            due |= departed.in_force(self.clock);
            wait |= departed.waits(self.clock);
        }
        match kind {
            20 | 41 | 42 if self.recognised(book).is_none() => 44,
            41 if everywhere(book, arrivals).is_empty() => 20,
            40 | 42 if due => kind,
            40 | 42 | 43 if wait => 43,
            40 | 42 | 43 => 19,
            39 if all.is_empty() => 19,
            _ => kind,
        }
    }

    /// Who says something of a move: mostly one who may.
    pub(super) fn mover(&mut self, book: &Book, say: &Say, choice: u8) -> Person {
        if choice >= 248 {
            return self.cast[usize::from(choice) % self.cast.len()];
        }
        let kind = self.step(book, super::sayings::kind_of(Purpose::Move, say), say);
        let bureau = self.cast[[BUREAU, 4, 5][usize::from(choice / 4) % 3]];
        let all = departures(book);
        let of = |owner: &Address| self.cast.iter().find(|p| p.address == *owner).copied();
        let of_all = |meant: &dyn Fn(&Departed) -> bool| {
            let owners: Vec<Person> =
                all.iter().filter(|(_, d)| meant(d)).filter_map(|(about, _)| of(about)).collect();
            owners.get(usize::from(choice) % owners.len().max(1)).copied()
        };
        match kind {
            44 => self.cast[0],
            40 | 41 => self.cast[FUNDS.start + usize::from(choice % 4 == 3)],
            45 => bureau,
            43 => {
                let person = of_all(&|departed| departed.waits(self.clock));
                let guardians: Vec<Person> = person
                    .map(|person| agreed(&book.accounts[person.address.number as usize].facts).0)
                    .unwrap_or_default()
                    .iter()
                    .filter_map(of)
                    .collect();
                let guardian = guardians.get(usize::from(choice) % guardians.len().max(1)).copied();
                guardian.filter(|_| choice % 4 < 3).unwrap_or(bureau)
            }
            20 | 39 | 42 if choice % 4 == 3 => bureau,
            39 => of_all(&|departed| departed.waits(self.clock)).unwrap_or(bureau),
            42 => of_all(&|departed| departed.in_force(self.clock)).unwrap_or(bureau),
            // Often one who has departed, or to whom somebody came, already.
            20 => {
                let there: Vec<Person> =
                    everywhere(book, arrivals).iter().filter_map(|(about, _)| of(about)).collect();
                let one = there.get(usize::from(choice) % there.len().max(1)).copied();
                one.filter(|_| choice % 4 < 2).unwrap_or(self.somebody(choice))
            }
            _ => self.somebody(choice),
        }
    }

    /// A statement of one of these types, or one that withdraws a departure. Where it could be about nothing: what has to come before it.
    pub(super) fn of_moves(&mut self, book: &Book, by: &Person, say: &Say, kind: u64) -> Statement {
        let kind = self.step(book, kind, say);
        // From 128 on something is wrong: below 192 with what is said, below 224 with a facet, above with how it is written.
        let wrong = say.twist.checked_sub(128).filter(|w| *w < 64);
        let draft = match kind {
            20 => self.arrival(book, by, say, wrong),
            39 | 40 | 42 | 43 => self.about_departure(book, by, say, kind, wrong),
            41 => self.transferred_in(book, by, say, wrong),
            44 => Some(self.recognition(by, say, wrong)),
            45 => Some(self.transcribed(book, by, say, wrong)),
            _ => None,
        };
        let draft = draft.unwrap_or_else(|| self.departure(by, say, wrong));
        let who = encoded(|w| {
            if matches!(draft.kind, 40 | 41 | 45) {
                w.array(2);
                write_address(w, &draft.who);
                w.text(&draft.reference);
            } else {
                write_address(w, &draft.who);
            }
        });
        let mut facets = Facets::new([vec![who], draft.rest].concat()).expect("a few facets");
        if (192..224).contains(&say.twist) {
            let all = odd_of(draft.kind);
            let (place, facet) = all[usize::from(say.extra) % all.len()].clone();
            facets = facets.with(place, &facet);
        }
        Statement {
            seed: seed("statement", self.next()),
            address: Some(draft.about),
            kind: draft.kind,
            issued: time(self.clock),
            refers: draft.refers,
            month: None,
            facets,
        }
    }

    fn moving(&mut self, kind: u64, by: &Person, about: Address, refers: Option<u64>) -> Draft {
        Draft { kind, about, refers, who: by.address, reference: format!("n{}", self.next()), rest: vec![] }
    }

    /// The bureau that watches: none, one, or one that is none.
    fn watches(&self, say: &Say, wrong: bool) -> Option<Address> {
        if wrong {
            return Some(self.somebody(say.extra).address);
        }
        say.value.is_multiple_of(4).then_some(self.cast[BUREAU].address)
    }

    /// A reference that somebody took in an account for a kind.
    fn taken(&self, book: &Book, draft: &Draft, say: &Say) -> String {
        let account = book.accounts.iter().find(|account| account.address == draft.about);
        let facts = account.map(|account| account.facts.as_slice()).unwrap_or_default();
        let mine = facts.iter().filter(|fact| fact.said.who() == Some(draft.who));
        let of = mine.filter_map(|fact| fact.said.takes()).filter(|(kind, _)| *kind == draft.kind);
        let used: Vec<&str> = of.map(|(_, reference)| reference).collect();
        used.get(usize::from(say.extra) % used.len().max(1)).map_or("n0", |used| *used).to_owned()
    }

    fn departure(&mut self, by: &Person, say: &Say, wrong: Option<u8>) -> Draft {
        let faults = faults(wrong, say, 6);
        let mut draft = self.moving(19, by, by.address, None);
        let mut there = To {
            origin: "nowhere.example".into(),
            address: Address { number: u64::from(say.target), id: Hash([say.extra; 32]) },
            bureau: self.watches(say, faults.contains(&1)),
        };
        // Mostly to where one can arrive.
        if say.target < 224 {
            let abroad = self.abroad();
            (there.origin, there.address) = (abroad.origin.to_string(), abroad.host(&by.address));
        }
        for fault in faults {
            match fault {
                0 => draft.about = self.somebody(say.extra).address,
                2 => there.origin = self.origin.to_string(),
                3 => draft.who = self.somebody(say.extra).address,
                4 => there.bureau = Some(Address { number: BUREAU as u64, id: Hash([say.extra; 32]) }),
                _ => {}
            }
        }
        draft.rest = vec![to(&there)];
        draft
    }

    fn recognition(&mut self, by: &Person, say: &Say, wrong: Option<u8>) -> Draft {
        let faults = faults(wrong, say, 12);
        let mut draft = self.moving(44, by, self.cast[0].address, None);
        let abroad = self.abroad();
        let mut origin = abroad.origin.to_string();
        // Sometimes with a checkpoint; or with the last one, by which a bureau can rule; seldom no more.
        let list = abroad.list(say.value % 8 == 2, say.value % 8 == 5);
        if !self.lists.contains(&list) {
            self.lists.push(list.clone());
        }
        let mut list = Some(list);
        if say.value % 16 == 15 {
            list = None;
        }
        for fault in faults {
            let one = list.clone().unwrap_or_default();
            match fault {
                0 => draft.about = self.somebody(say.extra).address,
                1 => origin = "elsewhere.example".into(),
                2 => (origin, list) = (format!("ledger-{}.example", say.extra), None),
                3 => origin = self.origin.to_string(),
                4 => (origin, list) = (self.origin.to_string(), None),
                5 => list = Some(b"peal trust 1\n".to_vec()),
                // Two ledgers; one twice; no operator; no text; a line that is cut.
                6 => {
                    let another =
                        String::from_utf8_lossy(&one).replace("abroad.example", "elsewhere.example");
                    let another = another.replace("peal trust 1\n", "");
                    list = Some([one, another.into_bytes()].concat());
                }
                7 => list = Some([one.clone(), one].concat()),
                8 => list = Some(format!("peal trust 1\nledger {origin}\n").into_bytes()),
                9 => list = Some([one, vec![0xff]].concat()),
                10 => list = Some(one[..one.len().saturating_sub(1)].to_vec()).filter(|l| !l.is_empty()),
                _ => draft.who = self.somebody(say.extra).address,
            }
        }
        draft.rest = vec![ledger(&origin, list.as_deref())];
        draft
    }

    fn transcribed(&mut self, book: &Book, by: &Person, say: &Say, wrong: Option<u8>) -> Draft {
        let mut draft = self.moving(45, by, self.somebody(say.subject).address, None);
        let mut months = (198_803, [199_012, 202_512, self.latest()][usize::from(say.extra % 3)]);
        for fault in faults(wrong, say, 4) {
            match fault {
                0 => months.1 = state::after(self.latest()),
                1 => draft.who = self.somebody(say.extra).address,
                _ => {
                    let took = |fact: &Fact| {
                        fact.said.who() == Some(by.address) && matches!(fact.said, Said::Transcribed { .. })
                    };
                    let there = book.accounts.iter().find(|account| account.facts.iter().any(took));
                    draft.about = there.map_or(draft.about, |account| account.address);
                    draft.reference = self.taken(book, &draft, say);
                }
            }
        }
        let page = say.value.is_multiple_of(2).then_some("12");
        draft.rest = vec![
            paper(1 + u64::from(say.value % 3), "A mill", months, u64::from(say.value), "CNY"),
            source("A work book", &[say.extra; 32], page),
        ];
        draft
    }

    /// An approval of a departure, one that is withdrawn, money that leaves, or the end of the move.
    fn about_departure(
        &mut self,
        book: &Book,
        by: &Person,
        say: &Say,
        kind: u64,
        wrong: Option<u8>,
    ) -> Option<Draft> {
        let faults = faults(wrong, say, 16);
        let fault = faults.first().copied();
        let bureau = roles(&book.accounts[by.address.number as usize]).contains(&4);
        let now = self.clock;
        let meant = |d: &Departed| {
            let mine = d.about == by.address;
            let open = d.stands.as_ref().is_some_and(|leaving| !leaving.closed);
            let money = d.stands.as_ref().is_some_and(|leaving| !leaving.outs.is_empty());
            let may = mine || bureau;
            match (kind, fault) {
                (_, Some(0)) => d.stands.is_none() && (may || kind == 40),
                (40, Some(1)) => d.waits(now),
                (40, _) => d.in_force(now) && (open || say.extra.is_multiple_of(8)),
                (42, Some(1)) => d.waits(now) && may,
                (42, Some(2)) => !open && may,
                (42, _) => d.in_force(now) && open && may,
                (43, Some(1)) => d.in_force(now),
                (43, _) => d.waits(now) && !mine,
                (_, Some(1)) => money && bureau,
                (_, Some(2)) => d.in_force(now) && mine,
                (_, _) if bureau => d.stands.is_some() && !money,
                _ => d.waits(now) && mine,
            }
        };
        let (about, departed) = choose(departures(book), meant, wrong, say)?;
        let mut draft = self.moving(kind, by, about, Some(departed.sequence));
        for fault in &faults {
            match fault {
                3 => draft.refers = Some(u64::from(say.extra % 16)),
                4 => draft.who = self.somebody(say.extra).address,
                5 => draft.about = self.somebody(say.extra).address,
                _ => {}
            }
        }
        draft.rest = match kind {
            39 => vec![says("I stay.")],
            40 => self.leaves(book, by, say, &faults, &mut draft),
            42 => vec![shown(&self.shows_that_it_came(book, &departed, say, &faults))],
            _ => vec![],
        };
        Some(draft)
    }

    /// What money leaves, and what is shown of it.
    fn leaves(
        &mut self,
        book: &Book,
        by: &Person,
        say: &Say,
        faults: &[u8],
        draft: &mut Draft,
    ) -> Vec<Vec<u8>> {
        let account = book.accounts.iter().find(|account| account.address == draft.about);
        let all = account.map(|account| own(&account.facts)).unwrap_or_default();
        let some: Vec<_> = all.iter().filter(|own| own.balance > 0).collect();
        let there = some.get(usize::from(say.value) % some.len().max(1));
        let mut of = there.map_or(1, |own| own.insurance);
        let mut leaves = amounts(0, u64::from(say.value), u64::from(say.extra));
        if let Some(own) = there {
            let balance = own.balance.min(u128::from(AMOUNT_MAX / 2)) as u64;
            leaves.own = if say.extra.is_multiple_of(2) { balance } else { balance / 2 };
            leaves.currency = own.currency.clone();
        }
        if leaves.own == 0 && leaves.pooled == 0 {
            leaves.pooled = 1;
        }
        let mut fund = by.address;
        for fault in faults {
            match fault {
                6 => leaves.own += 1,
                7 => leaves = amounts(0, 0, u64::from(say.value)),
                8 => leaves.kept = AMOUNT_MAX - leaves.own - leaves.pooled + 1 - u64::from(say.value % 2),
                9 => leaves.currency = "USD".into(),
                10 => of = 3,
                11 => of = u64::from(say.extra) * 257 + 1,
                12 => fund = self.somebody(say.extra).address,
                13.. => draft.reference = self.taken(book, draft, say),
                _ => {}
            }
        }
        leaves.kept = leaves.kept.min(AMOUNT_MAX);
        vec![what(of, &fund), moved(&leaves)]
    }

    /// The proof that what departed, and the money that left, has arrived: all of it, or not yet.
    fn shows_that_it_came(&mut self, book: &Book, departed: &Departed, say: &Say, faults: &[u8]) -> Shown {
        let mut list = self.recognised(book).unwrap_or(b"none".to_vec());
        let mut file = b"nothing".to_vec();
        let copies = std::mem::take(&mut self.departing);
        let copy = copies.iter().find(|copy| copy.address == departed.about);
        let abroad = self.abroad();
        let some = faults.contains(&6) || say.value % 8 == 7;
        if let (Some(copy), Some(leaving)) = (copy, &departed.stands)
            && leaving.to.origin == abroad.origin.as_str()
        {
            if !faults.contains(&7) {
                abroad.let_in(copy, leaving, if some { leaving.outs.len() / 2 } else { 64 });
            }
            let whose =
                if faults.contains(&8) { abroad.host(&book.accounts[8].address) } else { leaving.to.address };
            file = abroad.proof(&whose, None).2;
        }
        self.departing = copies;
        self.spoil(&mut list, &mut file, say, faults);
        Shown { list, file }
    }

    /// What can be wrong with any proof.
    fn spoil(&mut self, list: &mut Vec<u8>, file: &mut Vec<u8>, say: &Say, faults: &[u8]) {
        for fault in faults {
            match fault {
                9 => *list = self.abroad().list(say.extra.is_multiple_of(2), say.extra % 4 == 3),
                10 => list.extend(b"\n"),
                11 => *file = vec![say.extra; 1 + usize::from(say.value)],
                12 => file.truncate(file.len() / 2 + 1),
                13 => {
                    let at = usize::from(say.extra) * file.len() / 256;
                    file[at] ^= 1;
                }
                _ => {}
            }
        }
    }

    fn arrival(&mut self, book: &Book, by: &Person, say: &Say, wrong: Option<u8>) -> Option<Draft> {
        let faults = faults(wrong, say, 20);
        let bureau = roles(&book.accounts[by.address.number as usize]).contains(&4);
        let about = if bureau { self.somebody(say.subject).address } else { by.address };
        let mut draft = self.moving(20, by, about, None);
        let mut list = self.recognised(book).unwrap_or(b"none".to_vec());
        let ended = String::from_utf8_lossy(&list).contains("\nfinal ");
        let watches = self.watches(say, faults.contains(&1));
        let abroad = self.abroad();
        // A bureau rules where the ledger's last checkpoint is known: of whoever is there.
        let rules = bureau && ended && !abroad.guests.is_empty() && say.value % 4 < 3;
        let at = if rules {
            usize::from(say.target) % abroad.guests.len()
        } else if faults.contains(&0) && !abroad.guests.is_empty() {
            // Who came to somebody else, and now departs to here; or does not.
            let at = usize::from(say.target) % abroad.guests.len();
            if say.extra % 4 < 3 {
                abroad.turn(at, &about);
            }
            at
        } else {
            abroad.guest(&about, say.value % 4 == 1)
        };
        if say.value % 8 == 6 {
            // She has more records than before.
            abroad.pay_out(at, moving_of(&amounts(1, u64::from(say.extra), 0)));
        }
        if !rules && say.extra % 16 != 15 {
            abroad.wake();
        }
        let guest = abroad.guests[at].clone();
        let (mut size, mut root, mut file) = abroad.proof(&guest.person.address, None);
        abroad.guests[at].before.push((size, root, file.clone()));
        if faults.contains(&2) {
            (size, root, file) = guest.before.first().cloned().unwrap_or((size, root, file));
        }
        let mut came = From {
            origin: abroad.origin.to_string(),
            address: guest.person.address,
            departure: (!rules).then_some(guest.departure),
            size,
            root,
            bureau: watches,
        };
        for fault in &faults {
            match fault {
                3 => came.origin = "elsewhere.example".into(),
                4 => came.address.id = Hash([say.extra; 32]),
                5 => came.departure = came.departure.map(|departure| departure + 1),
                6 => came.departure = None,
                7 => came.size += 1,
                8 => came.root = [say.extra; 32],
                14 => draft.who = self.somebody(say.extra).address,
                15 => draft.about = self.somebody(say.extra).address,
                16 => came.address.number += 1,
                17 => file = self.own_proof(),
                18 => file = self.abroad().whole(&guest.person.address),
                _ => {}
            }
        }
        self.spoil(&mut list, &mut file, say, &faults);
        draft.rest = vec![from(&came), shown(&Shown { list, file })];
        Some(draft)
    }

    /// A proof of this ledger itself, if somebody departs from it.
    fn own_proof(&self) -> Vec<u8> {
        let proof = self.departing.first().and_then(|copy| copy.prove_move(None).ok());
        proof.map_or(b"nothing".to_vec(), |proof| proof.to_file())
    }

    fn transferred_in(&mut self, book: &Book, by: &Person, say: &Say, wrong: Option<u8>) -> Option<Draft> {
        let faults = faults(wrong, say, 24);
        let all = everywhere(book, arrivals);
        let guests: Vec<_> = self.abroad.iter().flat_map(|abroad| abroad.guests.clone()).collect();
        let guest_of = |arrived: &Arrived| {
            let of = |guest: &super::abroad::Guest| guest.person.address == arrived.from.address;
            guests.iter().position(of)
        };
        let meant = |arrived: &Arrived| guest_of(arrived).is_some();
        let (about, arrived) = choose(all, meant, wrong, say)?;
        let at = guest_of(&arrived)?;
        let refers = arrived.records[usize::from(say.value) % arrived.records.len()];
        let mut draft = self.moving(41, by, about, Some(refers));
        let mut list = self.recognised(book).unwrap_or(b"none".to_vec());
        let came = |out: u64| arrived.ins.iter().any(|(there, _)| *there == out);
        let abroad = self.abroad();
        let again = faults.contains(&0);
        let next = |abroad: &Abroad| {
            let outs = &abroad.guests[at].outs;
            outs.iter().find(|(_, _, out)| came(*out) == again).cloned()
        };
        let mut chosen = next(abroad);
        if chosen.is_none() {
            let own = u64::from(say.value) * 4 % (CREDITED / 4);
            abroad.pay_out(at, moving_of(&amounts(own, u64::from(say.extra), u64::from(say.value))));
            chosen = next(abroad).or(abroad.guests[at].outs.last().cloned());
        }
        let (mut of, left, mut sequence) = chosen?;
        let guest = abroad.guests[at].clone();
        let other = guest.outs.first().map(|(_, _, out)| *out);
        let proves = if faults.contains(&1) { other } else { Some(sequence) };
        let mut file = abroad.proof(&guest.person.address, proves.filter(|_| !faults.contains(&2))).2;
        let mut money = Moved {
            own: left.own,
            pooled: left.pooled,
            kept: left.kept,
            currency: left.currency.to_string(),
        };
        let mut fund = by.address;
        for fault in &faults {
            match fault {
                3 => sequence = u64::from(say.extra % 16),
                4 => money.own += 1,
                5 => money.pooled += 1,
                6 => money.kept += 1,
                7 => money.currency = "USD".into(),
                8 => of = 2,
                14 => draft.who = self.somebody(say.extra).address,
                15 => draft.about = self.somebody(say.extra).address,
                16 => draft.refers = Some(u64::from(say.extra % 16)),
                17 => fund = self.somebody(say.extra).address,
                18 => money = amounts(0, 0, 1),
                19 => money = amounts(AMOUNT_MAX, 0, u64::from(say.extra % 2)),
                20 => of = 3,
                21 => of = u64::from(say.extra) * 257 + 1,
                22.. => draft.reference = self.taken(book, &draft, say),
                _ => {}
            }
        }
        self.spoil(&mut list, &mut file, say, &faults);
        draft.rest = vec![what(of, &fund), moved(&money), out(sequence), shown(&Shown { list, file })];
        Some(draft)
    }
}

fn moving_of(moved: &Moved) -> moving::Moved {
    moving::Moved {
        own: moved.own,
        pooled: moved.pooled.max(1),
        kept: moved.kept,
        currency: currency(&moved.currency),
    }
}
