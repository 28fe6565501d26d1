//! The statements of a script about work, and of what funds do beyond settling: mostly right ones, of what is there, and wrong ones with one
//! thing changed.

use peal_spec::address::Address;
use peal_spec::hash::Hash;
use peal_spec::statement::{Body, Facets, Source, Statement};
use peal_spec::value::Month;

use super::book::Book;
use super::fund::{self, Award, Filed};
use super::moving;
use super::odd::{amounts, encoded, entitlement, interest, odd_of, worked};
use super::people::{Person, roles, seed};
use super::said::{AMOUNT_MAX, write_address};
use super::sayings::VOID;
use super::script::Say;
use super::stage::{FUNDS, Stage, insurance, time};
use super::state::{self, Entry, Fact};

/// A statement whose *who* is its issuer and a reference.
pub(super) struct Draft {
    kind: u64,
    about: Address,
    refers: Option<u64>,
    month: u32,
    who: Address,
    reference: String,
    /// The facets after *who*.
    rest: Vec<Vec<u8>>,
}

/// Something in every account, with the account's address.
pub(super) fn everywhere<T>(book: &Book, of: impl Fn(&[Fact]) -> Vec<T>) -> Vec<(Address, T)> {
    let mut all = Vec::new();
    for account in &book.accounts {
        all.extend(of(&account.facts).into_iter().map(|t| (account.address, t)));
    }
    all
}

/// One of those that are meant. Where there is none: if something is to be wrong any of all, else none.
pub(super) fn choose<T: Clone>(
    all: Vec<(Address, T)>,
    meant: impl Fn(&T) -> bool,
    wrong: Option<u8>,
    say: &Say,
) -> Option<(Address, T)> {
    let fit: Vec<(Address, T)> = all.iter().filter(|(_, t)| meant(t)).cloned().collect();
    let of = if fit.is_empty() && wrong.is_some() { all } else { fit };
    let choice = usize::from(say.target) + 256 * usize::from(say.subject % 2);
    of.get(choice % of.len().max(1)).cloned()
}

/// The months until `latest` of which something of an award is not paid yet, with how much.
fn due(award: &Award, latest: u32) -> Vec<(u32, u64)> {
    let months = award.months().into_iter().filter(|(month, _)| *month <= latest);
    let left = months.map(|(month, gives)| (month, gives - award.paid(month)));
    left.filter(|(_, left)| *left > 0).collect()
}

/// What somebody has on an account of her own, in one insurance and currency.
#[derive(Clone)]
pub(super) struct Own {
    pub(super) insurance: u64,
    pub(super) currency: String,
    pub(super) balance: u128,
    /// All interest so far.
    earned: u128,
}

/// All that she may have something in.
pub(super) fn own(facts: &[Fact]) -> Vec<Own> {
    let mut all: Vec<Own> = Vec::new();
    let paid = state::entries(facts).into_iter().map(|entry| (entry.insurance, entry.money.currency));
    let came = moving::arrivals(facts).into_iter().flat_map(|arrived| arrived.ins);
    let came = came.map(|(_, came)| (came.insurance, came.moved.currency));
    for (insurance, currency) in paid.chain(came) {
        if !all.iter().any(|own| own.insurance == insurance && own.currency == currency) {
            let balance = fund::balance(facts, insurance, &currency);
            let [.., earned] = fund::sums(facts, insurance, &currency);
            all.push(Own { insurance, currency, balance, earned });
        }
    }
    all
}

/// What is wrong, of so many things: one, and sometimes another one.
pub(super) fn faults(wrong: Option<u8>, say: &Say, of: u8) -> Vec<u8> {
    let another = wrong.filter(|_| say.value % 4 == 3).map(|_| say.extra % of);
    wrong.map(|fault| fault % of).into_iter().chain(another).collect()
}

pub(super) fn what(insurance: u64, fund: &Address) -> Vec<u8> {
    encoded(|w| {
        w.array(3);
        w.uint(insurance);
        w.text("a-scheme");
        write_address(w, fund);
    })
}

impl Stage {
    /// A statement of one of these types, or one that voids an engagement or an award. Where there is nothing that it could be about, what
    /// comes first: an engagement, an award, a settlement, a contribution.
    pub(super) fn of_funds(&mut self, book: &Book, by: &Person, say: &Say, kind: u64) -> Statement {
        // From 128 on something is wrong: below 192 with what is said, below 224 with a facet, above with how it is written.
        let wrong = say.twist.checked_sub(128).filter(|w| *w < 64);
        let held = roles(&book.accounts[by.address.number as usize]);
        let employs = held.contains(&1) || held.contains(&2);
        let draft = match kind {
            13 if wrong.is_none() && !employs => None,
            13 => Some(self.engagement(book, by, say, wrong)),
            14 => self.benefit(book, by, say, wrong),
            15 => self.refund(book, by, say, wrong),
            16 => self.interest(book, by, say, wrong),
            30 => Some(self.award(book, by, say, wrong)),
            31 => self.refund_received(book, by, say, wrong),
            VOID => self.voided(book, by, say, wrong),
            _ => None,
        };
        let mut statement = match (draft, kind) {
            (Some(draft), _) => self.file(draft),
            (None, 13 | 32) => self.matching(book, by, say, wrong),
            (None, 15 | 16) => self.paid(book, by, say, 6),
            (None, 14) => {
                let award = self.award(book, by, say, wrong);
                self.file(award)
            }
            (None, _) => {
                let engagement = self.engagement(book, by, say, wrong);
                self.file(engagement)
            }
        };
        if (192..224).contains(&say.twist) && statement.kind > 11 {
            let all = odd_of(statement.kind);
            let (place, facet) = all[usize::from(say.extra) % all.len()].clone();
            statement.facets = statement.facets.with(place, &facet);
        }
        statement
    }

    fn file(&mut self, draft: Draft) -> Statement {
        let who = encoded(|w| {
            w.array(2);
            write_address(w, &draft.who);
            w.text(&draft.reference);
        });
        Statement {
            seed: seed("statement", self.next()),
            address: Some(draft.about),
            kind: draft.kind,
            issued: time(self.clock),
            refers: draft.refers,
            month: Month::new(draft.month),
            facets: Facets::new([vec![who], draft.rest].concat()).expect("a few facets"),
        }
    }

    /// Right but for the facets after *who*: of the present month, under a new reference.
    pub(super) fn draft(&mut self, kind: u64, by: &Person, about: Address, refers: Option<u64>) -> Draft {
        let (month, reference) = (state::month_of(self.clock), format!("n{}", self.next()));
        Draft { kind, about, refers, month, who: by.address, reference, rest: Vec::new() }
    }

    /// A reference that an issuer took in an account, for the same or for anything, if there is one.
    pub(super) fn used(&self, book: &Book, draft: &Draft, say: &Say) -> String {
        let account = book.accounts.iter().find(|a| a.address == draft.about);
        let facts = account.map(|a| a.facts.as_slice()).unwrap_or_default();
        let of = facts.iter().filter(|fact| fact.said.who() == Some(draft.who));
        let mut used: Vec<(u64, &str)> = of.filter_map(|fact| fact.said.takes()).collect();
        let same = |(kind, _): &(u64, &str)| *kind == draft.kind;
        if say.extra.is_multiple_of(2) && used.iter().any(same) {
            used.retain(same);
        }
        let one = used.get(usize::from(say.extra) % used.len().max(1));
        one.map_or("n0", |(_, reference)| *reference).to_owned()
    }

    /// An account in which somebody took a reference for this, or else anybody's.
    fn where_used(&self, book: &Book, by: &Person, kind: u64, say: &Say) -> Address {
        let took = |fact: &Fact| {
            fact.said.who() == Some(by.address) && fact.said.takes().is_some_and(|(of, _)| of == kind)
        };
        let account = book.accounts.iter().find(|account| account.facts.iter().any(took));
        account.map_or(self.somebody(say.subject).address, |account| account.address)
    }

    pub(super) fn latest(&self) -> u32 {
        state::after(state::month_of(self.clock))
    }

    fn engagement(&mut self, book: &Book, by: &Person, say: &Say, wrong: Option<u8>) -> Draft {
        let mut draft = self.draft(13, by, self.somebody(say.subject).address, None);
        draft.month = [202_512, 202_601, draft.month, self.latest()][usize::from(say.extra % 4)];
        // Many end in the last second that they may.
        let mut end = self.clock + 600 - u64::from(say.target / 2) * 3_600;
        for fault in faults(wrong, say, 8) {
            match fault {
                0 => end = self.clock + 601,
                1 => end = (1 << 40) - 1,
                2 => draft.month = state::after(self.latest()),
                3 => draft.month = [190_001, 299_912][usize::from(say.extra % 2)],
                4 => draft.who = self.somebody(say.extra).address,
                _ => {
                    draft.about = self.where_used(book, by, 13, say);
                    draft.reference = self.used(book, &draft, say);
                }
            }
        }
        let start = end - u64::from(say.value) * 60;
        let orders = say.value.is_multiple_of(2).then_some(u64::from(say.value));
        let place = say.value.is_multiple_of(3).then_some("Suzhou");
        let currency = if say.extra % 8 == 7 { "INR" } else { "CNY" };
        draft.rest = vec![
            worked(orders, Some((start, end)), place),
            amounts(&[u64::from(say.value / 4) * 100], currency),
        ];
        draft
    }

    fn award(&mut self, book: &Book, by: &Person, say: &Say, wrong: Option<u8>) -> Draft {
        let mut draft = self.draft(30, by, self.somebody(say.subject).address, None);
        let fund = roles(&book.accounts[by.address.number as usize]).contains(&3);
        let another = self.cast[FUNDS.start + usize::from(say.value % 8 == 7)].address;
        let mut fund = if fund { by.address } else { another };
        let mut insurance = [1, 1, 2, 3][usize::from(say.value % 4)];
        // From two months ago on, or later.
        draft.month = [202_511, 202_512, 202_601, draft.month, draft.month, self.latest(), 299_912]
            [usize::from(say.extra % 7)];
        let amount = 100 + u64::from(say.value) * 7;
        let mut steps = vec![(1 + u64::from(say.target % 4), amount)];
        if say.target >= 64 {
            steps.push((1 + u64::from(say.extra % 24), 1 + amount / 2));
        }
        let mut currency = if say.extra % 8 == 7 { "INR" } else { "CNY" };
        for fault in faults(wrong, say, 8) {
            match fault {
                0 => fund = self.somebody(say.extra).address,
                1 => fund.id = Hash([say.extra; 32]),
                2 => insurance = u64::from(say.extra) * 257 + 1,
                3 => draft.who = self.somebody(say.extra).address,
                // As much as there may be: of two of them not everything can be paid.
                4 => (steps, currency) = (vec![(1, AMOUNT_MAX - u64::from(say.extra))], "CNY"),
                5 => insurance = 3,
                _ => {
                    draft.about = self.where_used(book, by, 30, say);
                    draft.reference = self.used(book, &draft, say);
                }
            }
        }
        draft.rest = vec![what(insurance, &fund), entitlement(currency, &steps)];
        draft
    }

    fn benefit(&mut self, book: &Book, by: &Person, say: &Say, wrong: Option<u8>) -> Option<Draft> {
        let (latest, faults) = (self.latest(), faults(wrong, say, 16));
        let meant = |award: &Award| match faults.first() {
            Some(0) => award.fund != by.address,
            Some(1) => award.fund == by.address && award.filed.void,
            Some(8 | 9) => award.fund == by.address && !award.paid.is_empty(),
            _ => award.fund == by.address && !award.filed.void && !due(award, latest).is_empty(),
        };
        let (about, award) = choose(everywhere(book, fund::awards), meant, wrong, say)?;
        let mut draft = self.draft(14, by, about, Some(award.filed.sequence));
        let due = due(&award, latest);
        let (month, left) =
            due.get(usize::from(say.value) % due.len().max(1)).copied().unwrap_or((award.filed.month, 1));
        draft.month = month;
        let mut amount = if say.extra.is_multiple_of(2) { left } else { 1 + u64::from(say.extra) % left };
        let mut currency = award.filed.currency.as_str();
        let months = award.months();
        for fault in &faults {
            match fault {
                2 => draft.refers = Some(u64::from(say.extra % 16)),
                3 => draft.month = state::before(award.filed.month),
                4 => draft.month = months.last().map_or(month, |(month, _)| state::after(*month)),
                5 => draft.month = state::after(latest),
                6 => amount = 0,
                7 => amount = left + 1,
                8 | 9 => amount = AMOUNT_MAX,
                10 => currency = "USD",
                11 => draft.who = self.somebody(say.extra).address,
                // One of its months, paid or not.
                12 => draft.month = months[usize::from(say.extra) % months.len()].0,
                13.. => draft.reference = self.used(book, &draft, say),
                _ => {}
            }
        }
        draft.rest = vec![amounts(&[amount], currency)];
        Some(draft)
    }

    fn refund(&mut self, book: &Book, by: &Person, say: &Say, wrong: Option<u8>) -> Option<Draft> {
        let faults = faults(wrong, say, 16);
        let meant = |entry: &Entry| match faults.first() {
            Some(0) => entry.fund != by.address,
            Some(1) => entry.fund == by.address && entry.void,
            Some(2) => entry.fund == by.address && !entry.void && !entry.settled,
            Some(3) => entry.fund == by.address && entry.settled && !entry.stands(),
            Some(14) => entry.insurance > 2,
            _ => entry.fund == by.address && entry.settled && entry.stands(),
        };
        let (about, entry) = choose(everywhere(book, state::entries), meant, wrong, say)?;
        let mut draft = self.draft(15, by, about, Some(entry.sequence));
        draft.month = entry.month;
        let left = entry.money.amount - entry.refunded;
        let left_credited = entry.money.credited - entry.refunded_credited;
        let part = 1 + u64::from(say.value) * 7 % left.max(1);
        let mut amount = if say.value.is_multiple_of(3) { left.max(1) } else { part };
        // The least or the most that can go with it.
        let least = (left_credited + amount).saturating_sub(left);
        let mut credited = if say.extra.is_multiple_of(2) { least } else { left_credited.min(amount) };
        let mut currency = entry.money.currency.as_str();
        for fault in &faults {
            match fault {
                4 => draft.refers = Some(u64::from(say.extra % 16)),
                5 => draft.month = state::after(entry.month),
                6 => currency = "USD",
                7 => (amount, credited) = (0, 0),
                8 => credited = amount + 1,
                9 => amount = (left + 1).min(AMOUNT_MAX),
                10 => (amount, credited) = (left, left_credited + 1),
                // More would be left credited than is left.
                11 => (amount, credited) = (left, left_credited.saturating_sub(1)),
                12 => draft.who = self.somebody(say.extra).address,
                13 | 15.. => draft.reference = self.used(book, &draft, say),
                _ => {}
            }
        }
        draft.rest = vec![amounts(&[amount, credited], currency)];
        Some(draft)
    }

    fn refund_received(&mut self, book: &Book, by: &Person, say: &Say, wrong: Option<u8>) -> Option<Draft> {
        let faults = faults(wrong, say, 10);
        let meant = |entry: &Entry| match faults.first() {
            Some(0) => entry.issuer != by.address,
            Some(1) => entry.issuer == by.address && entry.received == entry.refunded,
            Some(8..) => entry.issuer == by.address && entry.received > 0,
            _ => entry.issuer == by.address && entry.received < entry.refunded,
        };
        let (about, entry) = choose(everywhere(book, state::entries), meant, wrong, say)?;
        let mut draft = self.draft(31, by, about, Some(entry.sequence));
        draft.month = entry.month;
        let out = entry.refunded - entry.received;
        let mut amount =
            if say.value.is_multiple_of(2) { out.max(1) } else { 1 + u64::from(say.value) % out.max(1) };
        let mut currency = entry.money.currency.as_str();
        for fault in &faults {
            match fault {
                2 => draft.refers = Some(u64::from(say.extra % 16)),
                3 => draft.month = state::after(entry.month),
                4 => currency = "USD",
                5 => amount = 0,
                6 => amount = out + 1,
                7 => draft.who = self.somebody(say.extra).address,
                8.. => draft.reference = self.used(book, &draft, say),
                _ => {}
            }
        }
        draft.rest = vec![amounts(&[amount], currency)];
        Some(draft)
    }

    fn interest(&mut self, book: &Book, by: &Person, say: &Say, wrong: Option<u8>) -> Option<Draft> {
        let faults = faults(wrong, say, 14);
        let meant = |own: &Own| match faults.first() {
            Some(0) => own.balance == 0,
            Some(6) => own.earned > 0,
            _ => own.balance > 0,
        };
        let (about, own) = choose(everywhere(book, own), meant, wrong, say)?;
        let Own { mut insurance, currency, .. } = own;
        let mut draft = self.draft(16, by, about, None);
        draft.month = [202_601, draft.month, self.latest()][usize::from(say.extra % 3)];
        let (mut fund, there) = (by.address, own.balance.clamp(1, u128::from(AMOUNT_MAX)) as u64);
        let balance = |n: u64| there - u64::from(say.value) * n % there;
        let months = |n: u64| 1 + (u64::from(say.extra) + n) % 12;
        let mut stretches: Vec<(u64, u64)> =
            (0..1 + u64::from(say.target / 8 % 3)).map(|n| (balance(n), months(n))).collect();
        for fault in &faults {
            match fault {
                1 => stretches.push(((there + 1).min(AMOUNT_MAX), 1)),
                2 => stretches = vec![(AMOUNT_MAX, 12)],
                _ => {}
            }
        }
        let rate = [15_000, 27_500, 123_456, 1_000_000][usize::from(say.value % 4)];
        // Where it comes to nothing, at a rate that brings something.
        let rate = if fund::interest(&stretches, rate) == 0 { 1_000_000 } else { rate };
        let mut amount = fund::interest(&stretches, rate).min(u128::from(AMOUNT_MAX)) as u64;
        for fault in &faults {
            match fault {
                3 => amount = (amount + 1).min(AMOUNT_MAX),
                4 => amount = amount.saturating_sub(1),
                5 => amount = 0,
                6 => amount = AMOUNT_MAX,
                7 => draft.who = self.somebody(say.extra).address,
                8 => fund = self.cast[FUNDS.start + usize::from(say.extra % 2)].address,
                9 => draft.month = state::after(self.latest()),
                10 => insurance = 3,
                11 => insurance = u64::from(say.extra) * 257 + 1,
                12.. => draft.reference = self.used(book, &draft, say),
                _ => {}
            }
        }
        draft.rest = vec![what(insurance, &fund), interest(amount, &currency, &stretches, rate)];
        Some(draft)
    }

    /// A contribution because of another one, or one without.
    fn matching(&mut self, book: &Book, by: &Person, say: &Say, wrong: Option<u8>) -> Statement {
        let faults = faults(wrong, say, 22);
        let meant = |entry: &Entry| entry.void == (faults.first() == Some(&0)) && entry.insurance <= 2;
        let chosen = choose(everywhere(book, state::entries), meant, wrong, say);
        let pays = wrong.is_some() || self.source(book, by) != Source::Self_;
        let Some((about, entry)) = chosen.filter(|_| pays) else {
            return self.paid(book, by, say, 5);
        };
        // Also what can be wrong with a contribution.
        let of_contribution = faults.first().and_then(|fault| fault.checked_sub(11));
        let (mut body, ..) = self.payment(book, by, say, of_contribution);
        let (mut refers, mut month, mut of) = (Some(entry.sequence), entry.month, entry.insurance);
        body.who.reference = format!("n{}", self.next()).parse().expect("a text");
        for fault in &faults {
            match fault {
                1 => refers = Some(u64::from(say.extra % 16)),
                2 => month = state::after(self.latest()),
                3 => month = state::after(month),
                4 | 5 => of = if of == 1 { 2 } else { 1 },
                6 => of = u64::from(say.extra) * 257 + 1,
                7 | 8 => {
                    let like = self.draft(5, by, about, None);
                    body.who.reference = self.used(book, &like, say).parse().expect("a text");
                }
                9 => body.who.source = Source::Self_,
                10 => body.amount.currency = super::stage::currency("USD"),
                _ => {}
            }
        }
        body.what.insurance = insurance(of);
        let (number, at) = (self.next(), time(self.clock));
        let facets = Body::Contribution(body).facets();
        Statement {
            seed: seed("statement", number),
            address: Some(about),
            kind: 32,
            issued: at,
            refers,
            month: Month::new(month),
            facets,
        }
    }

    /// A correction that voids an engagement or an award.
    fn voided(&mut self, book: &Book, by: &Person, say: &Say, wrong: Option<u8>) -> Option<Draft> {
        let faults = faults(wrong, say, 8);
        let meant = |filed: &Filed| match faults.first() {
            Some(0) => filed.issuer != by.address,
            Some(1) => filed.issuer == by.address && filed.void,
            _ => filed.issuer == by.address && !filed.void,
        };
        let (about, filed) = choose(everywhere(book, fund::filed), meant, wrong, say)?;
        let mut draft = self.draft(7, by, about, Some(filed.sequence));
        draft.month = filed.month;
        let mut amount = encoded(|w| w.null());
        for fault in &faults {
            match fault {
                2 => amount = money(1, 0, &filed.currency),
                3 => amount = money(1, 2, &filed.currency),
                4 => amount = money(1, 1, "USD"),
                5 => draft.month = state::after(filed.month),
                6 => draft.refers = Some(u64::from(say.extra % 16)),
                7 => draft.who = self.somebody(say.extra).address,
                _ => {}
            }
        }
        draft.rest = vec![amount];
        Some(draft)
    }
}

/// An amount facet as a contribution has it.
fn money(amount: u64, credited: u64, currency: &str) -> Vec<u8> {
    encoded(|w| {
        w.array(4);
        w.uint(amount);
        w.uint(credited);
        w.null();
        w.text(currency);
    })
}
