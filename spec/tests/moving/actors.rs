//! Those who take part, and what each does next: decided from the copies of the two accounts, and from nothing that it would have to remember.

use peal_spec::account::Account;
use peal_spec::address::Address;
use peal_spec::copy::{Copy, Folded};
use peal_spec::itinerary::{self, Itinerary, itinerary};
use peal_spec::moving::{From, Leaving, Moved, Out, Showing, To, matched};
use peal_spec::posting::Posting;
use peal_spec::record::Record;
use peal_spec::rights::ClaimKind;
use peal_spec::statement::{Amount, Body, Returned, Source, Statement, Type};
use peal_spec::target::{Claimed, Entry, Stage, Target};
use peal_spec::trust::FRESH;
use peal_spec::value::{Insurance, Month, Origin, Time};

use super::chances::{Chance, Step};
use crate::cast::*;
use crate::world::moving::{Side, Two, there};

/// Which ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum At {
    Old,
    New,
}

/// Who acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    Person,
    Pensions,
    Health,
    PensionsThere,
    HealthThere,
    Bureau,
    Platform,
}

impl Who {
    pub const ALL: &'static [Who] = &[
        Who::Person,
        Who::Pensions,
        Who::Health,
        Who::PensionsThere,
        Who::HealthThere,
        Who::Bureau,
        Who::Platform,
    ];

    fn insurance(self) -> Insurance {
        match self {
            Who::Health | Who::HealthThere => Insurance::MEDICAL,
            _ => Insurance::PENSION,
        }
    }
}

/// What somebody does, with all that tells one such deed from the next.
#[derive(Clone, Debug, PartialEq)]
pub enum Deed {
    Open,
    Depart { nth: usize },
    Withdraw { departure: u64 },
    Approve { departure: u64 },
    Arrive { size: u64 },
    Out { departure: u64, nth: usize, own: u64, pooled: u64 },
    In { arrival: u64, out: Out },
    Close { departure: u64, outs: usize, ins: usize },
    Turn { nth: usize },
    Pay { nth: u64 },
    Settle { entry: u64, month: Month, amount: Amount },
    Refund { entry: u64, month: Month, amount: Returned },
    Claim { insurance: Insurance },
    Rule { claim: u64 },
    Remedy { claim: u64, records: Vec<u64> },
    CloseClaim { claim: u64 },
}

impl Deed {
    /// The step of the move that it is.
    pub fn step(&self) -> Option<Step> {
        match self {
            Deed::Open => Some(Step::Opened),
            Deed::Depart { .. } => Some(Step::Departed),
            Deed::Approve { .. } => Some(Step::Approved),
            Deed::Arrive { .. } => Some(Step::Arrived),
            Deed::Out { .. } => Some(Step::Out),
            Deed::In { .. } => Some(Step::In),
            Deed::Close { .. } => Some(Step::Closed),
            _ => None,
        }
    }

    /// Where it is said.
    pub fn at(&self) -> At {
        match self {
            Deed::Open | Deed::Arrive { .. } | Deed::In { .. } => At::New,
            _ => At::Old,
        }
    }
}

/// How people are: the same for a whole run.
#[derive(Clone, Copy, Debug)]
pub struct Ways {
    /// Funds keep no outbox and number their transfers as they come.
    pub careless: bool,
    /// The fund of pensions keeps some of the money until a bureau says that it may not.
    pub holds_back: bool,
    /// Funds do not wait until a departure is in force.
    pub eager: bool,
    /// The bureau approves of departures.
    pub bureau_helps: bool,
    /// The bureau closes a move as soon as it can.
    pub bureau_closes: bool,
    /// She departs again when a departure of hers was withdrawn.
    pub tries_again: bool,
}

impl Ways {
    /// Whether she has done with going.
    pub fn gives_up(&self, old: &Read) -> bool {
        !self.tries_again && old.gave_up()
    }
}

/// A copy of an account, and what it adds up to.
pub struct Read {
    pub copy: Copy,
    pub folded: Folded,
    pub records: Vec<Record>,
}

impl Read {
    pub fn of(copy: Copy) -> Self {
        let folded = copy.fold().unwrap();
        let records = copy.rows.iter().map(|row| row.record.clone()).collect();
        Self { copy, folded, records }
    }

    pub fn account(&self) -> &Account {
        &self.folded.account
    }

    pub fn leaving(&self) -> Option<&Leaving> {
        self.account().state.leaving()
    }

    pub fn side<'a>(&'a self, origin: &'a Origin) -> itinerary::Side<'a> {
        let account = self.account();
        itinerary::Side { origin, address: account.address, state: &account.state, records: &self.records }
    }

    fn count(&self, kind: Type) -> usize {
        self.records.iter().filter(|r| r.kind == kind).count()
    }

    fn claims(&self) -> impl Iterator<Item = (u64, &Claimed)> {
        self.folded.targets.iter().filter_map(|(sequence, tracked)| match &tracked.target {
            Target::Claim(claimed) => Some((*sequence, &**claimed)),
            _ => None,
        })
    }

    fn entries(&self) -> impl Iterator<Item = (u64, &Entry)> {
        self.folded.targets.iter().filter_map(|(sequence, tracked)| match &tracked.target {
            Target::Entry(entry) if !entry.void => Some((*sequence, entry)),
            _ => None,
        })
    }

    /// How a file shows it elsewhere.
    pub fn shows(&self, side: &Side, out: Option<u64>) -> Showing {
        Showing { list: side.list(), file: self.copy.prove_move(out).unwrap().to_file() }
    }

    /// Whether she has taken a departure back, or a bureau has.
    pub fn gave_up(&self) -> bool {
        let of_departure = |r: &Record| {
            let target = r.refers.and_then(|at| self.records.get(at as usize));
            r.kind == Type::Withdrawn && target.is_some_and(|t| t.kind == Type::Departure)
        };
        self.records.iter().any(of_departure)
    }
}

/// What an actor sees when it looks.
pub struct Seen<'a> {
    pub old: &'a Read,
    pub new: Option<&'a Read>,
    pub now: Time,
    pub itinerary: Itinerary,
}

impl<'a> Seen<'a> {
    pub fn new(two: &Two, old: &'a Read, new: Option<&'a Read>, now: Time) -> Self {
        let (here, there) = (two.old.origin(), two.new.origin());
        let side = new.map(|new| new.side(&there));
        let itinerary = itinerary(&old.side(&here), side.as_ref(), now);
        Self { old, new, now, itinerary }
    }

    fn in_force(&self) -> Option<&'a Leaving> {
        self.old.leaving().filter(|leaving| leaving.in_force(self.now))
    }

    /// What it does next; none if it is not its turn.
    pub fn decide(&self, two: &Two, who: Who, ways: &Ways, settles: bool) -> Option<Deed> {
        match who {
            Who::Person => self.person(two, ways),
            Who::Pensions | Who::Health => self.fund(two, who, ways, settles),
            Who::PensionsThere | Who::HealthThere => self.fund_there(who),
            Who::Bureau => self.bureau(two, ways),
            Who::Platform => None,
        }
    }

    fn person(&self, two: &Two, ways: &Ways) -> Option<Deed> {
        let gave_up = ways.gives_up(self.old);
        match self.old.leaving() {
            None if gave_up => return None,
            Some(leaving) if gave_up && !leaving.in_force(self.now) => {
                return Some(Deed::Withdraw { departure: leaving.departure });
            }
            _ => {}
        }
        if let Some((claim, _)) = self.old.claims().find(|(_, claimed)| claimed.stage == Stage::Remedied) {
            return Some(Deed::CloseClaim { claim });
        }
        if let Some(leaving) = self.in_force().filter(|_| ways.holds_back) {
            let insurance = Insurance::PENSION;
            let rests = self.old.account().state.balance(insurance, cny()) > 0;
            let some_left = leaving.outs.iter().any(|out| out.insurance == insurance);
            let claimed = self.old.claims().any(|(_, c)| c.insurance == Some(insurance));
            if rests && some_left && !claimed {
                return Some(Deed::Claim { insurance });
            }
        }
        match self.itinerary.next()? {
            itinerary::Step::Opened => Some(Deed::Open),
            itinerary::Step::Departed => Some(Deed::Depart { nth: self.old.count(Type::Departure) }),
            // An old head shows no departure: whatever she says makes a new one.
            itinerary::Step::Arrived | itinerary::Step::ArrivedAnew if self.is_stale() => {
                Some(Deed::Turn { nth: self.old.count(Type::Rotated) })
            }
            itinerary::Step::Arrived | itinerary::Step::ArrivedAnew => {
                Some(Deed::Arrive { size: self.old.copy.size })
            }
            itinerary::Step::Closed => self.closes(two),
            _ => None,
        }
    }

    fn is_stale(&self) -> bool {
        self.now.seconds() - self.old.copy.head.commit.time.seconds() > FRESH
    }

    fn closes(&self, two: &Two) -> Option<Deed> {
        let leaving = self.in_force()?;
        let here = two.old.origin();
        let arrived = itinerary::arrival(&self.old.side(&here), leaving, &self.new?.side(&there()))?.clone();
        let ready = !leaving.closed && matched(&leaving.outs, &arrived);
        let (departure, outs, ins) = (leaving.departure, leaving.outs.len(), arrived.ins.len());
        ready.then_some(Deed::Close { departure, outs, ins })
    }

    fn fund(&self, two: &Two, who: Who, ways: &Ways, settles: bool) -> Option<Deed> {
        let insurance = who.insurance();
        let me = fund_of(two, who);
        let upheld = |c: &Claimed| c.party == me && matches!(c.stage, Stage::Upheld | Stage::InPart);
        if let Some(leaving) = if ways.eager { self.old.leaving() } else { self.in_force() } {
            let of_it = |out: &&Out| out.insurance == insurance;
            let nth = leaving.outs.iter().filter(of_it).count();
            let rests = if ways.eager {
                Some(self.old.account().state.balance(insurance, cny())).filter(|own| *own > 0)
            } else {
                let leg = self.itinerary.legs.iter().find(|leg| {
                    leg.step == itinerary::Step::MoneyOut && leg.is_open() && leg.insurance == Some(insurance)
                });
                leg.and_then(|leg| leg.own)
            };
            let ruled = self.old.claims().any(|(_, c)| c.party == me && c.ruled.is_some());
            let holds_back = ways.holds_back && who == Who::Pensions;
            if let Some(own) = rests
                && (!holds_back || nth == 0 || ruled)
            {
                let own = if holds_back && nth == 0 && own > 100 { own - 100 } else { own };
                // What is pooled leaves once, and its number says so.
                let pooled = if nth == 0 && !ways.careless { own / 2 } else { 0 };
                return Some(Deed::Out { departure: leaving.departure, nth, own, pooled });
            }
            for (claim, _) in self.old.claims().filter(|(_, c)| upheld(c)) {
                let after = leaving.outs.iter().filter(of_it).map(|out| out.sequence).filter(|s| *s > claim);
                let records: Vec<u64> = after.collect();
                if !records.is_empty() {
                    return Some(Deed::Remedy { claim, records });
                }
            }
        }
        let unsettled = self.old.entries().find(|(_, e)| e.fund == me.number && !e.settled);
        let (entry, of) = unsettled.filter(|_| settles)?;
        Some(Deed::Settle { entry, month: of.month, amount: of.amount })
    }

    /// What the fund gives back of an entry, as far as it still has it.
    pub fn refund(&self, two: &Two, who: Who, chance: &mut Chance) -> Option<Deed> {
        let me = fund_of(two, who);
        let mine = |e: &Entry| e.fund == me.number && e.settled && e.left().0 > 0;
        let entries: Vec<_> = self.old.entries().filter(|(_, e)| mine(e)).collect();
        let (entry, of) = *entries.get(chance.below(entries.len().max(1) as u64) as usize)?;
        let balance = self.old.account().state.balance(of.insurance, of.amount.currency);
        let (left, credited) = of.left();
        let credited = credited.min(balance).min(1 + chance.below(500));
        // What is left of the credited part is at most what is left.
        let amount = left.min(credited + chance.below(50)).max(credited).max(1);
        let fits = credited <= amount && of.left().1 - credited <= left - amount;
        let amount = Returned { amount, credited, currency: of.amount.currency };
        fits.then_some(Deed::Refund { entry, month: of.month, amount })
    }

    fn fund_there(&self, who: Who) -> Option<Deed> {
        let leaving = self.in_force()?;
        let arrivals = self.new?.account().state.arrivals();
        let arrived = arrivals.iter().find(|a| a.departure == Some(leaving.departure))?;
        let due = leaving.outs.iter().find(|out| {
            out.insurance == who.insurance() && !arrived.ins.iter().any(|came| came.out == **out)
        })?;
        Some(Deed::In { arrival: arrived.arrival, out: *due })
    }

    fn bureau(&self, two: &Two, ways: &Ways) -> Option<Deed> {
        if let Some(leaving) = self.old.leaving()
            && ways.bureau_helps
            && !leaving.in_force(self.now)
        {
            return Some(Deed::Approve { departure: leaving.departure });
        }
        let heard = |c: &Claimed| {
            let waited = self.now.seconds() >= c.filed.seconds() + Claimed::TO_ANSWER;
            c.ruled.is_none() && c.stage != Stage::Closed && (c.accepts.is_some() || waited)
        };
        if let Some((claim, _)) = self.old.claims().find(|(_, c)| heard(c)) {
            return Some(Deed::Rule { claim });
        }
        self.closes(two).filter(|_| ways.bureau_closes)
    }
}

fn fund_of(two: &Two, who: Who) -> Address {
    match who {
        Who::Health => two.old.world.other_fund.at(),
        Who::PensionsThere => two.new.world.fund.at(),
        Who::HealthThere => two.new.world.other_fund.at(),
        _ => two.old.world.fund.at(),
    }
}

/// Her key in the old ledger, as its records have it.
pub fn with_present_key<'a>(person: &'a mut Person, read: &Read) -> &'a mut Person {
    let key = read.account().state.control.keys.key;
    person.generation = (0..9).find(|g| person.keys(*g).key == key).unwrap();
    person
}

/// Signs a deed.
pub fn sign(
    two: &mut Two,
    her: &mut Person,
    (who, deed): (Who, &Deed),
    (old, new): (&Read, Option<&Read>),
    after: u64,
    reference: &str,
) -> Posting {
    let about = old.account().address;
    let there_ = new.map(|read| read.account().address);
    let insurance = who.insurance();
    if let Deed::Open = deed {
        return her.open(after);
    }
    if let Deed::Turn { .. } = deed {
        return with_present_key(&mut two.old.world.lin, old).rotate(after);
    }
    let shown = match deed {
        Deed::Arrive { .. } => Some(old.shows(&two.old, None)),
        Deed::In { out, .. } => Some(old.shows(&two.old, Some(out.sequence))),
        Deed::Close { .. } => new.map(|read| read.shows(&two.new, None)),
        _ => None,
    };
    let bureau = two.old.bureau.at();
    let (fund, funds_there) = (fund_of(two, who), fund_of(two, who));
    let person: &mut Person = match (who, deed.at()) {
        (Who::Person, At::New) => her,
        (Who::Person, At::Old) => with_present_key(&mut two.old.world.lin, old),
        (Who::Pensions, _) => &mut two.old.world.fund,
        (Who::Health, _) => &mut two.old.world.other_fund,
        (Who::PensionsThere, _) => &mut two.new.world.fund,
        (Who::HealthThere, _) => &mut two.new.world.other_fund,
        (Who::Bureau, _) => &mut two.old.bureau,
        (Who::Platform, _) => &mut two.old.world.platform,
    };
    let statement: Statement = match deed {
        Deed::Open | Deed::Turn { .. } => unreachable!(),
        Deed::Depart { .. } => {
            let address = there_.unwrap();
            person.departs(about, To { origin: there(), address, bureau: Some(bureau) })
        }
        Deed::Withdraw { departure } => person.withdraw(about, *departure),
        Deed::Approve { departure } => person.approves_departure(about, *departure),
        Deed::Arrive { size } => {
            let departure = old.leaving().map(|leaving| leaving.departure);
            let from = From {
                origin: origin(),
                address: about,
                departure,
                size: *size,
                root: old.copy.root(),
                bureau: None,
            };
            person.arrives(there_.unwrap(), from, shown.unwrap())
        }
        Deed::Out { departure, own, pooled, .. } => {
            let moved = Moved { own: *own, pooled: *pooled, kept: *pooled, currency: cny() };
            person.transfers_out(about, *departure, (insurance, fund), moved, reference)
        }
        Deed::In { arrival, out } => {
            let row = &old.copy.rows[out.sequence as usize];
            let Ok(Body::TransferredOut(left)) = row.statement.as_ref().unwrap().body() else { panic!() };
            let shown = (out.sequence, shown.unwrap());
            let for_ = (insurance, funds_there);
            person.transfers_in(there_.unwrap(), *arrival, for_, left.moved, shown, reference)
        }
        Deed::Close { departure, .. } => person.closes_move(about, *departure, shown.unwrap()),
        Deed::Pay { .. } => {
            person.pay(about, (insurance, fund), Source::Platform, 202609, pension(500), reference)
        }
        Deed::Settle { entry, month, amount } => person.settle(0, about, *entry, month.number(), *amount),
        Deed::Refund { entry, month, amount } => {
            person.refund(about, *entry, month.number(), *amount, reference)
        }
        Deed::Claim { insurance } => {
            let fund = two.old.world.fund.at();
            let claim = claiming(ClaimKind::Transfer, (fund, bureau), Some(1), None, &[]);
            assert_eq!(*insurance, Insurance::PENSION);
            with_present_key(&mut two.old.world.lin, old).claim(about, claim)
        }
        Deed::Rule { claim } => person.rule(about, *claim, upheld(after + 864_000)),
        Deed::Remedy { claim, records } => person.remedy(about, *claim, records),
        Deed::CloseClaim { claim } => person.close(about, *claim),
    };
    let person: &mut Person = match (who, deed.at()) {
        (Who::Person, At::New) => her,
        (Who::Person, At::Old) => &mut two.old.world.lin,
        (Who::Pensions, _) => &mut two.old.world.fund,
        (Who::Health, _) => &mut two.old.world.other_fund,
        (Who::PensionsThere, _) => &mut two.new.world.fund,
        (Who::HealthThere, _) => &mut two.new.world.other_fund,
        (Who::Bureau, _) => &mut two.old.bureau,
        (Who::Platform, _) => &mut two.old.world.platform,
    };
    person.post(after, vec![statement])
}
