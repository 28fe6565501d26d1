//! A small ledger with a month in it: a registrar, two payers, two funds, two workers. Every example starts from here.
#![allow(dead_code, missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use peal_spec::cbor::Cbor;
use peal_spec::hash::Seed;
use peal_spec::posting::Posting;
use peal_spec::receipt::Outcome;
use peal_spec::refusal::Refusal;
use peal_spec::role::Role;
use peal_spec::statement::{Body, RecoveryCompleted, Source};
use peal_spec::value::{Insurance, Time};

use crate::book::Book;
use crate::cast::*;

pub mod work;
mod refused;
pub mod rights;
mod identity;
mod erasure;
pub mod moving;
mod moving_limits;
mod refused_rights;

/// One commit as the vectors tell it.
pub struct Commit {
    pub time: Time,
    pub postings: Vec<Vec<u8>>,
    pub seeds: Vec<Seed>,
    pub answers: Vec<Result<Vec<Outcome>, Refusal>>,
    pub size: u64,
    pub checkpoint: String,
    pub directory: (u64, peal_spec::hash::Hash),
    pub root: peal_spec::hash::Hash,
}

pub struct World {
    pub book: Book,
    pub commits: Vec<Commit>,
    pub registrar: Person,
    pub platform: Person,
    pub employer: Person,
    pub fund: Person,
    pub other_fund: Person,
    pub lin: Person,
    pub wang: Person,
    seeds: u64,
}

pub const OPERATOR: [u8; 32] = [7; 32];

/// How a ledger that does not keep the rules lets somebody take over.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Cheat {
    TooEarly,
    TooFew,
    Vetoed,
}

/// An account whose words were lost.
pub struct Recovered {
    pub world: World,
    pub mei: Person,
    /// Mei with her new words.
    pub mei_anew: Person,
    pub now: Time,
}

const DAY: u64 = 86_400;

impl Recovered {
    /// Mei opens an account with three guardians, of whom two must agree, and is paid for.
    fn begun() -> Self {
        let mut world = World::lived();
        let guardians = [world.lin.at(), world.wang.at(), world.employer.at()];
        let mut mei = Person::new("mei");
        let opening = mei.open_guarded(360, &guardians, 2);
        world.commit(360, &[opening]);
        let account = world.book.accounts.last().unwrap();
        mei.address = Some(account.address);
        let (platform, fund, other) = (&mut world.platform, world.fund.at(), world.other_fund.at());
        let paid =
            vec![platform.contribute(420, mei.at(), fund, Source::Platform, 202609, 9_000, "2026-09/mei")];
        let paid = platform.post(420, paid);
        let bureau = vec![world.registrar.grant(420, other, Role::Bureau, &[], None)];
        let bureau = world.registrar.post(420, bureau);
        world.commit(420, &[paid, bureau]);
        Self { world, mei, mei_anew: Person::new("mei anew"), now: time(420) }
    }

    fn at(&mut self, after: u64, postings: &[Posting]) {
        self.now = time(after);
        self.world.commit(after, postings);
    }

    /// The whole story, with every refusal that a recovery meets.
    pub fn told() -> Self {
        let mut r = Self::begun();
        let (mei, new) = (r.mei.at(), r.mei_anew.keys(0));
        let strangers = Person::new("a stranger").keys(0);
        // Nothing to veto or to complete yet; who is no guardian is not heard, nor is the account itself.
        let veto = vec![r.mei.veto(480)];
        let veto = r.mei.post(480, veto);
        let early = r.mei_anew.take_over(480, mei);
        let by_fund = vec![r.world.fund.approve(480, mei, new)];
        let by_fund = r.world.fund.post(480, by_fund);
        let by_herself = vec![r.mei.approve(480, mei, new)];
        let by_herself = r.mei.post(480, by_herself);
        r.at(480, &[veto, early, by_fund, by_herself]);
        // Lin is deceived, says so again, and then approves of what Mei shows her. Wang and Lin are two.
        let wrong = vec![r.world.lin.approve(540, mei, strangers), r.world.lin.approve(540, mei, strangers)];
        let wrong = r.world.lin.post(540, wrong);
        let right = vec![r.world.lin.approve(540, mei, new)];
        let right = r.world.lin.post(540, right);
        let too_few = r.mei_anew.take_over(540, mei);
        r.at(540, &[wrong, right, too_few]);
        let by_wang = vec![r.world.wang.approve(600, mei, new)];
        let by_wang = r.world.wang.post(600, by_wang);
        let too_early = r.mei_anew.take_over(600, mei);
        r.at(600, &[by_wang, too_early]);
        // Whoever has the old phone says no, and the clock begins anew.
        let veto = vec![r.mei.veto(660)];
        let veto = r.mei.post(660, veto);
        r.at(660, &[veto]);
        // Who was vetoed says so again, and is vetoed again, as often as he likes. The second veto in a row changes nothing.
        let anew = vec![r.world.lin.approve(690, mei, new)];
        let anew = r.world.lin.post(690, anew);
        let vetoes = vec![r.mei.veto(690), r.mei.veto(690)];
        let vetoes = r.mei.post(690, vetoes);
        r.at(690, &[anew, vetoes]);
        // Wang is vetoed before the bureau has spoken; with the bureau they agree all the same.
        let again = vec![r.world.lin.approve(700, mei, new)];
        let again = r.world.lin.post(700, again);
        let by_wang = vec![r.world.wang.approve(700, mei, new)];
        let by_wang = r.world.wang.post(700, by_wang);
        let veto = vec![r.mei.veto(700)];
        let veto = r.mei.post(700, veto);
        r.at(700, &[again, by_wang, veto]);
        let by_bureau = vec![r.world.other_fund.approve(720, mei, new)];
        let by_bureau = r.world.other_fund.post(720, by_bureau);
        r.at(720, &[by_bureau]);
        // What guardians and a bureau say together is not vetoed.
        let in_vain = vec![r.mei.veto(780)];
        let in_vain = r.mei.post(780, in_vain);
        let a_second_less = r.mei_anew.take_over(719 + 3 * DAY, mei);
        // Nor are the guardians changed meanwhile by whoever has found the old words.
        let changed = r.mei.guard(780, &[], 0);
        r.mei.generation = 0;
        r.at(719 + 3 * DAY, &[in_vain, changed, a_second_less]);
        let not_alone = vec![
            r.mei.say(
                0,
                mei,
                None,
                None,
                &Body::RecoveryCompleted(RecoveryCompleted { who: mei, keys: new }),
            ),
            r.mei.veto(0),
        ];
        let not_alone = r.mei.post(720 + 3 * DAY, not_alone);
        let done = r.mei_anew.take_over(720 + 3 * DAY, mei);
        r.at(720 + 3 * DAY, &[not_alone, done]);
        r.mei_anew.address = Some(mei);
        let mut r = r.live_on(721 + 3 * DAY);
        // She names one guardian only; of those before, what one says is heard no more.
        let wang = r.world.wang.at();
        let strangers = Person::new("a stranger").keys(0);
        let early = vec![r.world.wang.approve(722 + 3 * DAY, mei, strangers)];
        let early = r.world.wang.post(722 + 3 * DAY, early);
        let guard = r.mei_anew.guard(722 + 3 * DAY, &[wang], 1);
        let by_lin = vec![r.world.lin.approve(722 + 3 * DAY, mei, strangers)];
        let by_lin = r.world.lin.post(722 + 3 * DAY, by_lin);
        r.at(722 + 3 * DAY, &[early, guard, by_lin]);
        let pays = vec![r.mei_anew.contribute(
            723 + 3 * DAY,
            mei,
            r.world.fund.at(),
            Source::Self_,
            202610,
            1_000,
            "mine-2",
        )];
        let pays = r.mei_anew.post(723 + 3 * DAY, pays);
        r.at(723 + 3 * DAY, &[pays]);
        r
    }

    /// A ledger that lets her take over against the rules.
    pub fn by(cheat: Cheat) -> Self {
        let mut r = Self::begun();
        r.world.book.cheats = true;
        let (mei, new) = (r.mei.at(), r.mei_anew.keys(0));
        let mut said = vec![vec![r.world.lin.approve(540, mei, new)]];
        let mut postings = vec![r.world.lin.post(540, said.pop().unwrap())];
        if cheat != Cheat::TooFew {
            said.push(vec![r.world.wang.approve(540, mei, new)]);
            postings.push(r.world.wang.post(540, said.pop().unwrap()));
        }
        r.at(540, &postings);
        let mut then = 600;
        if cheat == Cheat::Vetoed {
            let veto = vec![r.mei.veto(560)];
            let veto = r.mei.post(560, veto);
            r.at(560, &[veto]);
            then += 3 * DAY;
        }
        let done = r.mei_anew.take_over(then, mei);
        r.at(then, &[done]);
        r.mei_anew.address = Some(mei);
        r.live_on(then + 60)
    }

    /// The new key pays; the old one does no more.
    fn live_on(mut self, after: u64) -> Self {
        let (mei, fund) = (self.mei.at(), self.world.fund.at());
        let pays = vec![self.mei_anew.contribute(after, mei, fund, Source::Self_, 202610, 1_000, "mine")];
        let pays = self.mei_anew.post(after, pays);
        let old = vec![self.mei.contribute(after, mei, fund, Source::Self_, 202610, 2_000, "thief")];
        let old = self.mei.post(after, old);
        let cheats = std::mem::take(&mut self.world.book.cheats);
        self.at(after, &[pays, old]);
        self.world.book.cheats = cheats;
        self
    }
}

impl World {
    pub fn commit(&mut self, after: u64, postings: &[Posting]) -> Vec<Result<Vec<Outcome>, Refusal>> {
        self.commit_bytes(after, postings.iter().map(Cbor::to_bytes).collect())
    }

    pub fn commit_bytes(&mut self, after: u64, postings: Vec<Vec<u8>>) -> Vec<Result<Vec<Outcome>, Refusal>> {
        let counter = &mut self.seeds;
        let word = if self.book.origin.as_str() == ORIGIN { "record" } else { "record there" };
        let (answers, seeds) = self.book.commit(time(after), &postings, || {
            *counter += 1;
            seed(word, *counter)
        });
        let last = *self.book.commits.last().unwrap();
        self.commits.push(Commit {
            time: time(after),
            postings,
            seeds,
            answers: answers.clone(),
            size: self.book.log.len() as u64,
            checkpoint: self.book.checkpoint.clone(),
            directory: (last.directory_size, last.directory_root),
            root: peal_spec::tree::root(&self.book.log),
        });
        answers
    }

    /// The registrar and everyone's account, and the roles.
    pub fn founded() -> Self {
        let names = ["registrar", "platform", "employer", "fund", "other fund", "lin", "wang"];
        Self::founded_as(ORIGIN, OPERATOR, names)
    }

    /// The same in whatever ledger, of people with these names.
    pub fn founded_as(origin: &str, operator: [u8; 32], names: [&'static str; 7]) -> Self {
        let [registrar, platform, employer, fund, other_fund, lin, wang] =
            names.map(|name| Person::of(name, origin));
        let book = Book::new(origin, operator);
        let commits = vec![];
        let mut w =
            World { book, commits, registrar, platform, employer, fund, other_fund, lin, wang, seeds: 0 };
        let opening = w.registrar.open(0);
        w.commit(0, &[opening]);
        let openings: Vec<Posting> =
            [&mut w.platform, &mut w.employer, &mut w.fund, &mut w.other_fund, &mut w.lin, &mut w.wang]
                .into_iter()
                .map(|p| p.open(60))
                .collect();
        w.commit(60, &openings);
        let addresses: Vec<_> = w.book.accounts.iter().map(|a| a.address).collect();
        let people = [
            &mut w.registrar,
            &mut w.platform,
            &mut w.employer,
            &mut w.fund,
            &mut w.other_fund,
            &mut w.lin,
            &mut w.wang,
        ];
        for (person, address) in people.into_iter().zip(addresses) {
            person.address = Some(address);
        }
        let (platform, employer, fund, other) =
            (w.platform.at(), w.employer.at(), w.fund.at(), w.other_fund.at());
        let r = &mut w.registrar;
        let grants = vec![
            r.grant(120, platform, Role::Platform, &[Insurance::PENSION, Insurance::WORK_INJURY], None),
            r.grant(120, employer, Role::Employer, &[], Some(time(86_400))),
            r.grant(120, fund, Role::Fund, &[Insurance::PENSION], None),
            r.grant(120, other, Role::Fund, &[Insurance::MEDICAL], None),
        ];
        let grants = r.post(120, grants);
        w.commit(120, &[grants]);
        w
    }

    /// The month: contributions by two payers and herself, settled, corrected, voided.
    pub fn lived() -> Self {
        let mut w = Self::founded();
        let (lin, wang, fund) = (w.lin.at(), w.wang.at(), w.fund.at());
        let by_platform = vec![
            w.platform.contribute(180, lin, fund, Source::Platform, 202609, 145_400, "2026-09/lin"),
            w.platform.contribute(180, wang, fund, Source::Platform, 202609, 145_400, "2026-09/wang"),
            w.platform.contribute(180, lin, fund, Source::Platform, 202608, 90_000, "2026-08/lin"),
        ];
        let by_platform = w.platform.post(180, by_platform);
        let by_employer =
            vec![w.employer.contribute(180, lin, fund, Source::Employer, 202609, 20_000, "sep")];
        let by_employer = w.employer.post(180, by_employer);
        w.commit(180, &[by_platform, by_employer]);
        let by_lin = vec![w.lin.contribute(240, lin, fund, Source::Self_, 202610, 30_000, "mine-1")];
        let by_lin = w.lin.post(240, by_lin);
        w.commit(240, &[by_lin]);
        let corrections = vec![
            w.platform.correct(300, lin, 2, 202608, Some(pension(95_000))),
            w.platform.correct(300, wang, 1, 202609, None),
        ];
        let corrections = w.platform.post(300, corrections);
        let settlements = vec![w.fund.settle(300, lin, 1, 202609, pension(145_400))];
        let settlements = w.fund.post(300, settlements);
        w.commit(300, &[corrections, settlements]);
        w
    }
}
