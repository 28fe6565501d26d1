//! Two ledgers, and people who go from one to the other.

use peal_spec::address::Address;
use peal_spec::copy::Copy;
use peal_spec::moving::{From, Leaving, Showing, To};
use peal_spec::note::{KeyType, VerifierKey};
use peal_spec::refusal::Code::*;
use peal_spec::role::Role;
use peal_spec::statement::{Source, Statement};
use peal_spec::trust::{Ledger, Pin, Trust};
use peal_spec::value::{Insurance, Origin, Time};

use super::{OPERATOR, World};
use crate::cast::*;

/// The ledger that people go to.
pub const THERE: &str = "south.example/peal";
/// What its operator's key is made from.
pub const OPERATOR_THERE: [u8; 32] = [17; 32];
/// The delay of an account that asks for none of its own.
pub const WEEK: u64 = 604_800;

/// A ledger with bureaus.
pub struct Side {
    pub world: World,
    pub bureau: Person,
    /// Another bureau.
    pub court: Person,
    /// Somebody who cannot make up his mind.
    pub zhao: Person,
    /// Wang and Lin watch over her account.
    pub mei: Person,
    /// When the ledger last spoke.
    pub now: Time,
}

/// The ledger that people leave, and the one that they go to.
pub struct Two {
    pub old: Side,
    pub new: Side,
}

pub fn there() -> Origin {
    THERE.parse().unwrap()
}

impl Side {
    fn begun(origin: &str, operator: [u8; 32], names: [&'static str; 7], more: [&'static str; 4]) -> Self {
        let mut world = World::founded_as(origin, operator, names);
        let [mut bureau, mut court, mut zhao, mut mei] = more.map(|name| Person::of(name, origin));
        let guardians = [world.wang.at(), world.lin.at()];
        let openings =
            [bureau.open(180), court.open(180), zhao.open(180), mei.open_guarded(180, &guardians, 2)];
        world.commit(180, &openings);
        let opened = world.book.accounts.len() - openings.len();
        let people = [&mut bureau, &mut court, &mut zhao, &mut mei];
        for (person, account) in people.into_iter().zip(&world.book.accounts[opened..]) {
            person.address = Some(account.address);
        }
        let grants = world.registrar.tells(240, |r| {
            vec![
                (Ok(1), r.grant(0, bureau.at(), Role::Bureau, &[], None)),
                (Ok(1), r.grant(0, court.at(), Role::Bureau, &[], None)),
            ]
        });
        let mut side = Self { world, bureau, court, zhao, mei, now: time(240) };
        side.hear(240, vec![grants]);
        side
    }

    /// A commit, in which of every statement becomes what it should.
    pub fn hear(&mut self, after: u64, said: Vec<Said>) {
        self.now = time(after);
        let (postings, becomes): (Vec<_>, Vec<Vec<Becomes>>) = said.into_iter().unzip();
        for (answer, becomes) in self.world.commit(after, &postings).into_iter().zip(becomes) {
            let outcomes = answer.unwrap().into_iter();
            let found: Vec<_> = outcomes.map(|o| o.map(|a| a.sequence).map_err(|r| r.code)).collect();
            assert_eq!(found, becomes, "{} at {after}", self.world.book.origin);
        }
    }

    pub fn origin(&self) -> Origin {
        self.world.book.origin.clone()
    }

    /// The person's pension and the fund of it.
    pub fn pensions(&self) -> For {
        (Insurance::PENSION, self.world.fund.at())
    }

    /// The person's health insurance and the fund of it.
    pub fn health(&self) -> For {
        (Insurance::MEDICAL, self.world.other_fund.at())
    }

    /// What is trusted about this ledger.
    pub fn trust(&self) -> Trust {
        let key = self.world.book.operator().public();
        let operator = VerifierKey { name: self.origin(), kind: KeyType::Ed25519, key };
        Trust { ledgers: vec![Ledger::new(self.origin(), operator)] }
    }

    /// The same as others recognise it.
    pub fn list(&self) -> Vec<u8> {
        self.trust().to_string().into_bytes()
    }

    /// The same once the ledger has ended with what it has now.
    pub fn last_list(&self) -> Vec<u8> {
        let mut trust = self.trust();
        let (size, root) = (self.world.book.log.len() as u64, peal_spec::tree::root(&self.world.book.log));
        trust.ledgers[0].last = Some(Pin { size, root });
        trust.to_string().into_bytes()
    }

    pub fn copy(&self, of: Address) -> Copy {
        self.world.book.copy(of.number, 0, None)
    }

    /// What another ledger is shown of an account.
    pub fn shows(&self, of: Address, out: Option<u64>) -> Showing {
        Showing { list: self.list(), file: self.copy(of).prove_move(out).unwrap().to_file() }
    }

    /// An account as it arrives elsewhere.
    pub fn arriving(&self, of: Address, bureau: Option<Address>) -> From {
        let copy = self.copy(of);
        let departure = self.leaving(of).map(|leaving| leaving.departure);
        From { origin: self.origin(), address: of, departure, size: copy.size, root: copy.root(), bureau }
    }

    /// The departure of an account.
    pub fn leaving(&self, of: Address) -> Option<&Leaving> {
        self.world.book.accounts[of.number as usize].state.leaving()
    }
}

/// The same with a list that says nothing else, and is another one.
pub fn relisted(shown: &Showing) -> Showing {
    Showing { list: [&shown.list[..], b"# as of yesterday\n"].concat(), ..shown.clone() }
}

/// One statement, and what becomes of it.
fn says(
    person: &mut Person,
    after: u64,
    becomes: Becomes,
    say: impl FnOnce(&mut Person) -> Statement,
) -> Said {
    person.tells(after, |p| vec![(becomes, say(p))])
}

impl Two {
    /// Everyone has an account and a role in each, and each knows the other.
    pub fn begun() -> Self {
        let mut two = Self::strangers();
        let (list, new_list) = (two.old.list(), two.new.list());
        let (old, new) = (two.old.world.registrar.at(), two.new.world.registrar.at());
        let said =
            says(&mut two.old.world.registrar, 300, Ok(1), |p| p.recognises(old, &there(), Some(new_list)));
        two.old.hear(300, vec![said]);
        let said =
            says(&mut two.new.world.registrar, 300, Ok(1), |p| p.recognises(new, &origin(), Some(list)));
        two.new.hear(300, vec![said]);
        two
    }

    /// Neither knows the other.
    fn strangers() -> Self {
        let names = ["registrar", "platform", "employer", "fund", "other fund", "lin", "wang"];
        let old = Side::begun(super::ORIGIN, OPERATOR, names, ["bureau", "court", "zhao", "mei"]);
        let names = [
            "southern registrar",
            "southern platform",
            "southern employer",
            "southern fund",
            "other southern fund",
            "lin in the south",
            "wang in the south",
        ];
        let more = ["southern bureau", "southern court", "zhao in the south", "mei in the south"];
        Self { old, new: Side::begun(THERE, OPERATOR_THERE, names, more) }
    }

    /// Where to, in the new ledger.
    pub fn to(&self, address: Address, bureau: Option<Address>) -> To {
        To { origin: there(), address, bureau }
    }

    /// The whole story, with what is refused on the way: Lin goes with a bureau's approval, Mei with her guardians', Wang waits; Zhao's departure
    /// falls, then he stays, then a bureau keeps him; in the end the old ledger is no more, and a bureau lets him in.
    pub fn told() -> Self {
        let mut two = Self::strangers();
        two.are_paid_for();
        two.recognise_each_other();
        let early = two.depart();
        two.are_approved_of();
        two.have_departed();
        two.arrive(&early);
        two.money_leaves();
        two.money_comes();
        two.is_not_all_there();
        two.is_made_up_for();
        two.close();
        two.open_again();
        two.wang_has_waited();
        two.zhao_is_kept();
        two.comes_from_paper();
        two.goes_on();
        two.the_old_one_ends();
        two
    }

    fn are_paid_for(&mut self) {
        let old = &mut self.old;
        let (lin, wang, mei) = (old.world.lin.at(), old.world.wang.at(), old.mei.at());
        let (pensions, health) = (old.pensions(), old.health());
        let by = Source::Self_;
        let by_platform = old.world.platform.tells(300, |p| {
            let by = Source::Platform;
            vec![
                (Ok(1), p.pay(lin, pensions, by, 202609, pension(10_000), "order 1")),
                (Ok(2), p.pay(lin, pensions, by, 202608, pension(5_000), "order 0")),
            ]
        });
        let by_lin = old.world.lin.tells(300, |p| {
            vec![
                (Ok(3), p.pay(lin, pensions, by, 202609, pension(3_000), "mine")),
                (Ok(4), p.pay(lin, health, by, 202609, pension(2_000), "mine too")),
            ]
        });
        let by_wang = says(&mut old.world.wang, 300, Ok(1), |p| {
            p.pay(wang, pensions, by, 202609, pension(2_000), "mine")
        });
        let by_mei =
            says(&mut old.mei, 300, Ok(1), |p| p.pay(mei, pensions, by, 202609, pension(1_000), "mine"));
        old.hear(300, vec![by_platform, by_lin, by_wang, by_mei]);
        let by_fund = old.world.fund.tells(360, |p| {
            vec![
                (Ok(5), p.settle(0, lin, 1, 202609, pension(10_000))),
                (Ok(6), p.settle(0, lin, 3, 202609, pension(3_000))),
                (Ok(2), p.settle(0, wang, 1, 202609, pension(2_000))),
                (Ok(2), p.settle(0, mei, 1, 202609, pension(1_000))),
            ]
        });
        let by_other =
            says(&mut old.world.other_fund, 360, Ok(7), |p| p.settle(0, lin, 4, 202609, pension(2_000)));
        old.hear(360, vec![by_fund, by_other]);
    }

    fn recognise_each_other(&mut self) {
        let (list, own, mut both) = (self.new.list(), self.old.list(), self.new.trust());
        both.ledgers.extend(self.old.trust().ledgers);
        let both = both.to_string().into_bytes();
        let (zero, lin) = (self.old.world.registrar.at(), self.old.world.lin.at());
        let elsewhere: Origin = "elsewhere.example/peal".parse().unwrap();
        let by_registrar = self.old.world.registrar.tells(420, |p| {
            let mut of =
                |address, origin: &Origin, list: &[u8]| p.recognises(address, origin, Some(list.to_vec()));
            let mut said = vec![
                (Err(MoveUnfit), of(lin, &there(), &list)),
                (Err(MoveUnfit), of(zero, &origin(), &own)),
                (Err(MoveUnfit), of(zero, &there(), b"whom we trust")),
                (Err(MoveUnfit), of(zero, &there(), &[0xff])),
                (Err(MoveUnfit), of(zero, &there(), b"peal trust 1\n")),
                (Err(MoveUnfit), of(zero, &there(), &own)),
                (Err(MoveUnfit), of(zero, &there(), &both)),
                (Err(UnknownAccount), of(namesake(zero), &there(), &list)),
            ];
            said.push((Ok(1), p.recognises(zero, &elsewhere, None)));
            said.push((Ok(2), p.recognises(zero, &there(), Some(list.clone()))));
            said
        });
        let by_bureau = says(&mut self.old.bureau, 420, Err(NotRegistrar), |p| {
            p.recognises(zero, &there(), Some(list.clone()))
        });
        self.old.hear(420, vec![by_registrar, by_bureau]);
        let zero = self.new.world.registrar.at();
        let by_registrar =
            says(&mut self.new.world.registrar, 420, Ok(1), |p| p.recognises(zero, &origin(), Some(own)));
        self.new.hear(420, vec![by_registrar]);
    }

    /// Four say that they go. Returns what can be shown of the first before she may.
    fn depart(&mut self) -> (From, Showing) {
        let (lin, platform) = (self.old.world.lin.at(), self.old.world.platform.at());
        let (bureau, zero) = (self.old.bureau.at(), self.old.world.registrar.at());
        let (to_lin, to_wang) = (self.new.world.lin.at(), self.new.world.wang.at());
        let (to_mei, to_zhao) = (self.new.mei.at(), self.new.zhao.at());
        let (wang, mei, zhao) = (self.old.world.wang.at(), self.old.mei.at(), self.old.zhao.at());
        let to = |address, bureau| To { origin: there(), address, bureau };
        let by_bureau = says(&mut self.old.bureau, 480, Err(NotYours), |p| p.departs(lin, to(to_lin, None)));
        let by_lin = self.old.world.lin.tells(480, |p| {
            vec![
                (Err(BureauUnfit), p.departs(lin, to(to_lin, Some(platform)))),
                (Err(BureauUnfit), p.departs(lin, to(to_lin, Some(namesake(bureau))))),
                (Err(MoveUnfit), p.departs(lin, To { origin: origin(), ..to(wang, None) })),
                (Ok(8), p.departs(lin, to(to_lin, Some(bureau)))),
                (Err(Departed), p.departs(lin, to(to_wang, None))),
            ]
        });
        let by_registrar =
            says(&mut self.old.world.registrar, 480, Err(MoveUnfit), |p| p.departs(zero, to(to_lin, None)));
        // Whoever acts for others here gives that back first.
        let by_platform = says(&mut self.old.world.platform, 480, Err(MoveUnfit), |p| {
            p.departs(platform, to(to_lin, None))
        });
        let by_wang = says(&mut self.old.world.wang, 480, Ok(3), |p| p.departs(wang, to(to_wang, None)));
        let by_mei = says(&mut self.old.mei, 480, Ok(3), |p| p.departs(mei, to(to_mei, None)));
        let by_zhao = says(&mut self.old.zhao, 480, Ok(1), |p| p.departs(zhao, to(to_zhao, None)));
        let said = vec![by_bureau, by_lin, by_registrar, by_platform, by_wang, by_mei, by_zhao];
        self.old.hear(480, said);
        (self.old.arriving(lin, None), self.old.shows(lin, None))
    }

    fn are_approved_of(&mut self) {
        let (lin, mei, zhao) = (self.old.world.lin.at(), self.old.mei.at(), self.old.zhao.at());
        let pensions = self.old.pensions();
        let nothing = self.new.shows(self.new.world.lin.at(), None);
        // Until it is due all goes on as if it were not there.
        let early = says(&mut self.old.world.fund, 540, Err(NotDue), |p| {
            p.transfers_out(lin, 8, pensions, moved(4_000, 0, 0), "move 1")
        });
        let by_lin = self.old.world.lin.tells(540, |p| {
            vec![
                (Err(NotSettled), p.closes_move(lin, 8, nothing.clone())),
                (Err(NotGuardian), p.approves_departure(lin, 8)),
            ]
        });
        let by_platform = self.old.world.platform.tells(540, |p| {
            vec![
                (Ok(9), p.pay(lin, pensions, Source::Platform, 202609, pension(1_000), "order 2")),
                (Err(NotGuardian), p.approves_departure(lin, 8)),
            ]
        });
        let by_bureau = self.old.bureau.tells(540, |p| {
            vec![
                (Err(NotDue), p.closes_move(lin, 8, nothing)),
                (Err(TargetMissing), p.approves_departure(lin, 1)),
                (Ok(10), p.approves_departure(lin, 8)),
                (Err(AlreadyApproved), p.approves_departure(lin, 8)),
            ]
        });
        let by_court = says(&mut self.old.court, 540, Err(AlreadyApproved), |p| p.approves_departure(lin, 8));
        let by_wang = self.old.world.wang.tells(540, |p| {
            vec![
                (Ok(4), p.approves_departure(mei, 3)),
                (Err(AlreadyApproved), p.approves_departure(mei, 3)),
                (Err(NotGuardian), p.approves_departure(zhao, 1)),
            ]
        });
        let second = says(&mut self.old.world.lin, 540, Ok(5), |p| p.approves_departure(mei, 3));
        // Whoever has stolen a key moves nothing away from an owner who turns it.
        let turns = (self.old.zhao.rotate(540), vec![Ok(2)]);
        let to_zhao = self.to(self.new.zhao.at(), None);
        let by_zhao = self.old.zhao.tells(540, |p| {
            vec![
                (Err(TargetVoid), p.withdraw(zhao, 1)),
                (Ok(3), p.departs(zhao, to_zhao.clone())),
                (Ok(4), p.withdraw(zhao, 3)),
                (Err(TargetVoid), p.withdraw(zhao, 3)),
                (Err(TargetVoid), p.withdraw(zhao, 1)),
                (Ok(5), p.departs(zhao, to_zhao)),
            ]
        });
        let court_on_zhao =
            says(&mut self.old.court, 540, Err(TargetVoid), |p| p.approves_departure(zhao, 3));
        let fund_on_zhao = says(&mut self.old.world.fund, 540, Err(TargetVoid), |p| {
            p.transfers_out(zhao, 1, pensions, moved(1, 0, 0), "move 1")
        });
        self.old.hear(
            540,
            vec![
                early,
                by_lin,
                by_platform,
                by_bureau,
                by_court,
                by_wang,
                second,
                turns,
                by_zhao,
                court_on_zhao,
                fund_on_zhao,
            ],
        );
    }

    /// Nothing new begins in her account, and what had begun is ended.
    fn have_departed(&mut self) {
        let old = &mut self.old;
        let (lin, bureau) = (old.world.lin.at(), old.bureau.at());
        let pensions = old.pensions();
        let by = Source::Platform;
        let to = To { origin: there(), address: self.new.world.wang.at(), bureau: None };
        let by_lin = old.world.lin.tells(600, |p| {
            let claim = |kind| claiming(kind, (pensions.1, bureau), Some(1), None, &[1]);
            vec![
                (Err(Departed), p.pay(lin, pensions, Source::Self_, 202609, pension(5), "mine again")),
                (Err(Departed), p.claim(lin, claim(ClaimKind::Missing))),
                (Err(Departed), p.departs(lin, to)),
                (Ok(11), p.claim(lin, claim(ClaimKind::Transfer))),
            ]
        });
        let by_platform = old.world.platform.tells(600, |p| {
            vec![
                (Err(Departed), p.pay(lin, pensions, by, 202609, pension(700), "order 3")),
                (Err(Departed), p.matching(lin, 1, pensions, by, 202609, pension(700), "order 3")),
                (Err(Departed), p.engage(lin, 202609, from_to(-7_200, -3_600), 3_250, "order 3")),
                (Ok(12), p.correct(0, lin, 9, 202609, None)),
            ]
        });
        let by_fund = old.world.fund.tells(600, |p| {
            let interest = bears(60, &[(1_000, 12)], 60_000);
            vec![
                (Err(Departed), p.award(lin, pensions, 202610, gives(&[(1, 100)]), "file 1")),
                (Err(Departed), p.interest(lin, pensions, 202609, interest, "2026")),
                (Ok(13), p.settle(0, lin, 2, 202608, pension(5_000))),
                (Ok(14), p.refund(lin, 1, 202609, returned(1_000, 400), "back")),
            ]
        });
        let by_registrar = old
            .world
            .registrar
            .tells(600, |p| vec![(Err(Departed), p.grant(0, lin, Role::Platform, &[], None))]);
        let by_bureau = old.bureau.tells(600, |p| {
            vec![
                (Err(Departed), p.bind(lin, "lin")),
                (Err(Departed), p.transcribes(lin, booklet(199_801, 199_812), scanned(), "file 1")),
            ]
        });
        old.hear(600, vec![by_lin, by_platform, by_fund, by_registrar, by_bureau]);
    }

    fn arrive(&mut self, (as_it_was, early): &(From, Showing)) {
        let (old_lin, old_mei, old_wang) =
            (self.old.world.lin.at(), self.old.mei.at(), self.old.world.wang.at());
        let bureau = self.new.bureau.at();
        let (from, shown) = (self.old.arriving(old_lin, Some(bureau)), self.old.shows(old_lin, None));
        let (lin, wang, mei) = (self.new.world.lin.at(), self.new.world.wang.at(), self.new.mei.at());
        let platform = self.new.world.platform.at();
        let by_platform = says(&mut self.new.world.platform, 660, Err(RoleMissing), |p| {
            p.arrives(lin, from.clone(), shown.clone())
        });
        let by_lin = self.new.world.lin.tells(660, |p| {
            let mut all = vec![
                (Err(BureauUnfit), From { bureau: Some(platform), ..from.clone() }),
                (Err(NotShown), From { size: from.size - 1, ..from.clone() }),
                (Err(NotShown), From { root: as_it_was.root, ..from.clone() }),
                (Err(NotShown), From { address: old_wang, ..from.clone() }),
                (Err(NotShown), From { departure: Some(1), ..from.clone() }),
                (Err(NotShown), From { departure: None, ..from.clone() }),
                (
                    Err(NotRecognised),
                    From { origin: "elsewhere.example/peal".parse().unwrap(), ..from.clone() },
                ),
                (Ok(1), from.clone()),
                (Err(ArrivedAlready), from.clone()),
            ]
            .into_iter()
            .map(|(becomes, from)| (becomes, p.arrives(lin, from, shown.clone())))
            .collect::<Vec<_>>();
            all.insert(0, (Err(NotRecognised), p.arrives(lin, from.clone(), relisted(&shown))));
            // What was shown before it was due, of the account as it was and as it is.
            all.insert(1, (Err(NotShown), p.arrives(lin, as_it_was.clone(), early.clone())));
            all.insert(2, (Err(NotShown), p.arrives(lin, from.clone(), early.clone())));
            all
        });
        // It goes to her account and to no other.
        let by_wang = says(&mut self.new.world.wang, 660, Err(NotShown), |p| {
            p.arrives(wang, from.clone(), shown.clone())
        });
        let by_bureau = says(&mut self.new.bureau, 660, Err(NotShown), |p| {
            p.arrives(wang, From { departure: None, ..from.clone() }, shown.clone())
        });
        let (from, shown) = (self.old.arriving(old_wang, None), self.old.shows(old_wang, None));
        let not_yet = says(&mut self.new.world.wang, 660, Err(NotShown), |p| p.arrives(wang, from, shown));
        let (from, shown) = (self.old.arriving(old_mei, None), self.old.shows(old_mei, None));
        let by_mei = says(&mut self.new.mei, 660, Ok(1), |p| p.arrives(mei, from, shown));
        self.new.hear(660, vec![by_platform, by_lin, by_wang, by_bureau, not_yet, by_mei]);
    }

    fn money_leaves(&mut self) {
        let old = &mut self.old;
        let (lin, wang, mei) = (old.world.lin.at(), old.world.wang.at(), old.mei.at());
        let (pensions, health) = (old.pensions(), old.health());
        let by_fund = old.world.fund.tells(720, |p| {
            let mut out =
                |refers, for_, moved, reference| p.transfers_out(lin, refers, for_, moved, reference);
            let mut said = vec![
                (Err(TargetMissing), out(1, pensions, moved(6_000, 0, 0), "move 1")),
                (Err(NotFund), out(8, (pensions.0, health.1), moved(6_000, 0, 0), "move 1")),
                (Err(RoleNotCovering), out(8, (health.0, pensions.1), moved(800, 0, 0), "move 1")),
                (Err(AmountRange), out(8, pensions, moved(0, 0, 500), "move 1")),
                (Err(BeyondBalance), out(8, pensions, moved(6_801, 0, 0), "move 1")),
                (Ok(15), out(8, pensions, moved(6_000, 2_000, 500), "move 1")),
                (Err(ReferenceTaken), out(8, pensions, moved(800, 0, 0), "move 1")),
                (Err(BeyondBalance), out(8, pensions, moved(801, 0, 0), "move 2")),
            ];
            said.push((Err(NotDue), p.transfers_out(wang, 3, pensions, moved(800, 0, 0), "move 1")));
            said.push((Ok(6), p.transfers_out(mei, 3, pensions, moved(400, 100, 0), "move 1")));
            said
        });
        let by_platform = says(&mut old.world.platform, 720, Err(RoleMissing), |p| {
            p.transfers_out(lin, 8, pensions, moved(1, 0, 0), "move 1")
        });
        let by_other = says(&mut old.world.other_fund, 720, Ok(16), |p| {
            p.transfers_out(lin, 8, health, moved(800, 0, 0), "move 1")
        });
        let by_lin = says(&mut old.world.lin, 720, Err(RoleMissing), |p| p.withdraw(lin, 8));
        let by_bureau = says(&mut old.bureau, 720, Err(MoneyLeft), |p| p.withdraw(lin, 8));
        old.hear(720, vec![by_fund, by_platform, by_other, by_lin, by_bureau]);
    }

    fn money_comes(&mut self) {
        let (old_lin, old_mei) = (self.old.world.lin.at(), self.old.mei.at());
        let (lin, mei) = (self.new.world.lin.at(), self.new.mei.at());
        let shown = self.old.shows(old_lin, Some(15));
        let mut proof = self.old.copy(old_lin).prove_move(Some(15)).unwrap();
        proof.issuers.clear();
        let unproved = Showing { list: self.old.list(), file: proof.to_file() };
        let of_mei = self.old.shows(old_mei, Some(6));
        let without = self.old.shows(old_lin, None);
        let (pensions, health) = (self.new.pensions(), self.new.health());
        let all = moved(6_000, 2_000, 500);
        let by_fund = self.new.world.fund.tells(780, |p| {
            let mut comes = |refers, for_, moved, out, shown: &Showing, reference| {
                p.transfers_in(lin, refers, for_, moved, (out, shown.clone()), reference)
            };
            let mut said = vec![
                (Err(TargetMissing), comes(0, pensions, all, 15, &shown, "in 1")),
                (Err(NotFund), comes(1, (pensions.0, health.1), all, 15, &shown, "in 1")),
                (Err(RoleNotCovering), comes(1, (health.0, pensions.1), all, 15, &shown, "in 1")),
                (Err(AmountRange), comes(1, pensions, moved(0, 0, 0), 15, &shown, "in 1")),
                (Err(NotRecognised), comes(1, pensions, all, 15, &relisted(&shown), "in 1")),
                // What comes is what left, to the last part of it.
                (Err(NotShown), comes(1, pensions, moved(6_001, 2_000, 500), 15, &shown, "in 1")),
                (Err(NotShown), comes(1, pensions, moved(6_000, 2_000, 501), 15, &shown, "in 1")),
                (Err(NotShown), comes(1, pensions, all, 16, &shown, "in 1")),
                (Err(NotShown), comes(1, pensions, all, 15, &without, "in 1")),
                (Err(NotShown), comes(1, pensions, all, 15, &unproved, "in 1")),
                (Err(NotShown), comes(1, pensions, moved(400, 100, 0), 6, &of_mei, "in 1")),
                (Ok(2), comes(1, pensions, all, 15, &shown, "in 1")),
                (Err(ReferenceTaken), comes(1, pensions, all, 15, &shown, "in 1")),
                (Err(ArrivedAlready), comes(1, pensions, all, 15, &shown, "in 2")),
            ];
            let of_mei = (6, of_mei.clone());
            said.push((Ok(2), p.transfers_in(mei, 1, pensions, moved(400, 100, 0), of_mei, "in 1")));
            said
        });
        let by_platform = says(&mut self.new.world.platform, 780, Err(RoleMissing), |p| {
            p.transfers_in(lin, 1, pensions, all, (15, shown), "in 1")
        });
        self.new.hear(780, vec![by_fund, by_platform]);
    }

    fn is_not_all_there(&mut self) {
        let lin = self.old.world.lin.at();
        let (to_lin, to_wang) = (self.new.world.lin.at(), self.new.world.wang.at());
        let (shown, of_wang) = (self.new.shows(to_lin, None), self.new.shows(to_wang, None));
        let by_lin = self.old.world.lin.tells(840, |p| {
            vec![
                (Err(TargetMissing), p.closes_move(lin, 1, shown.clone())),
                (Err(NotRecognised), p.closes_move(lin, 8, relisted(&shown))),
                (Err(NotShown), p.closes_move(lin, 8, of_wang)),
                (Err(NotMatched), p.closes_move(lin, 8, shown.clone())),
            ]
        });
        let by_platform =
            says(&mut self.old.world.platform, 840, Err(RoleMissing), |p| p.closes_move(lin, 8, shown));
        self.old.hear(840, vec![by_lin, by_platform]);
        let health = self.new.health();
        let shown = (16, self.old.shows(lin, Some(16)));
        let by_other = says(&mut self.new.world.other_fund, 900, Ok(3), |p| {
            p.transfers_in(to_lin, 1, health, moved(800, 0, 0), shown, "in 1")
        });
        self.new.hear(900, vec![by_other]);
    }

    /// The fund kept too much, and lets it go when it is asked why.
    fn is_made_up_for(&mut self) {
        let (lin, pensions) = (self.old.world.lin.at(), self.old.pensions());
        let by_fund = self.old.world.fund.tells(960, |p| {
            vec![
                (Ok(17), p.answer(lin, 11, true, &[15])),
                (Ok(18), p.transfers_out(lin, 8, pensions, moved(800, 0, 0), "move 2")),
                (Ok(19), p.remedy(lin, 11, &[18])),
            ]
        });
        let by_lin = says(&mut self.old.world.lin, 960, Ok(20), |p| p.close(lin, 11));
        self.old.hear(960, vec![by_fund, by_lin]);
        let (to_lin, there) = (self.new.world.lin.at(), self.new.pensions());
        let (from, shown) = (self.old.arriving(lin, None), self.old.shows(lin, None));
        let by_lin = self.new.world.lin.tells(1_020, |p| {
            vec![
                // The account has grown.
                (Ok(4), p.arrives(to_lin, from.clone(), shown.clone())),
                (Err(ArrivedAlready), p.arrives(to_lin, from, shown)),
            ]
        });
        let shown = self.old.shows(lin, Some(18));
        let by_fund = self.new.world.fund.tells(1_020, |p| {
            let mut comes = |refers| {
                let shown = (18, shown.clone());
                p.transfers_in(to_lin, refers, there, moved(800, 0, 0), shown, "in 2")
            };
            vec![(Ok(5), comes(1))]
        });
        self.new.hear(1_020, vec![by_lin, by_fund]);
    }

    fn close(&mut self) {
        let (lin, mei) = (self.old.world.lin.at(), self.old.mei.at());
        let shown = self.new.shows(self.new.world.lin.at(), None);
        let of_mei = self.new.shows(self.new.mei.at(), None);
        let by_lin = self.old.world.lin.tells(1_080, |p| {
            vec![
                (Ok(21), p.closes_move(lin, 8, shown.clone())),
                (Err(TargetVoid), p.closes_move(lin, 8, shown)),
            ]
        });
        let by_bureau = says(&mut self.old.bureau, 1_080, Ok(7), |p| p.closes_move(mei, 3, of_mei));
        self.old.hear(1_080, vec![by_lin, by_bureau]);
    }

    /// Something more leaves: the move is open until it has come.
    fn open_again(&mut self) {
        let (lin, pensions) = (self.old.world.lin.at(), self.old.pensions());
        let by_fund = says(&mut self.old.world.fund, 1_140, Ok(22), |p| {
            p.transfers_out(lin, 8, pensions, moved(0, 5, 0), "move 3")
        });
        self.old.hear(1_140, vec![by_fund]);
        let (to_lin, there) = (self.new.world.lin.at(), self.new.pensions());
        let before = self.new.shows(to_lin, None);
        let too_soon = says(&mut self.old.bureau, 1_150, Err(NotMatched), |p| p.closes_move(lin, 8, before));
        let mei = self.old.mei.at();
        let by_fund = self.old.world.fund.tells(1_150, |p| {
            vec![
                (Ok(8), p.transfers_out(mei, 3, pensions, moved(0, 1, 0), "move 2")),
                // What has left does not go back from here; what was not credited to her does.
                (Err(BeyondBalance), p.refund(lin, 1, 202609, returned(1_000, 400), "back 2")),
                (Ok(23), p.refund(lin, 1, 202609, returned(100, 0), "back 2")),
            ]
        });
        self.old.hear(1_150, vec![too_soon, by_fund]);
        let shown = (22, self.old.shows(lin, Some(22)));
        let by_fund = says(&mut self.new.world.fund, 1_200, Ok(6), |p| {
            p.transfers_in(to_lin, 1, there, moved(0, 5, 0), shown, "in 3")
        });
        self.new.hear(1_200, vec![by_fund]);
        let shown = self.new.shows(to_lin, None);
        let by_bureau = says(&mut self.old.bureau, 1_260, Ok(24), |p| p.closes_move(lin, 8, shown));
        self.old.hear(1_260, vec![by_bureau]);
    }

    fn wang_has_waited(&mut self) {
        let (wang, pensions) = (self.old.world.wang.at(), self.old.pensions());
        let mut leaves = |becomes: Becomes, after| {
            let said = says(&mut self.old.world.fund, after, becomes, |p| {
                p.transfers_out(wang, 3, pensions, moved(800, 0, 0), "move 1")
            });
            self.old.hear(after, vec![said]);
        };
        leaves(Err(NotDue), 479 + WEEK);
        leaves(Ok(4), 480 + WEEK);
        let (to_wang, there) = (self.new.world.wang.at(), self.new.pensions());
        let (from, shown) = (self.old.arriving(wang, None), self.old.shows(wang, None));
        let by_wang = says(&mut self.new.world.wang, 540 + WEEK, Ok(1), |p| p.arrives(to_wang, from, shown));
        let shown = (4, self.old.shows(wang, Some(4)));
        let by_fund = says(&mut self.new.world.fund, 540 + WEEK, Ok(2), |p| {
            p.transfers_in(to_wang, 1, there, moved(800, 0, 0), shown, "in 1")
        });
        self.new.hear(540 + WEEK, vec![by_wang, by_fund]);
        let shown = self.new.shows(to_wang, None);
        let by_wang = says(&mut self.old.world.wang, 600 + WEEK, Ok(5), |p| p.closes_move(wang, 3, shown));
        self.old.hear(600 + WEEK, vec![by_wang]);
    }

    fn zhao_is_kept(&mut self) {
        let zhao = self.old.zhao.at();
        let by_zhao = says(&mut self.old.zhao, 660 + WEEK, Err(RoleMissing), |p| p.withdraw(zhao, 5));
        let by_bureau = self.old.bureau.tells(660 + WEEK, |p| {
            vec![(Ok(6), p.withdraw(zhao, 5)), (Err(TargetVoid), p.withdraw(zhao, 5))]
        });
        self.old.hear(660 + WEEK, vec![by_zhao, by_bureau]);
    }

    fn comes_from_paper(&mut self) {
        let lin = self.new.world.lin.at();
        let after = 660 + WEEK;
        let by_bureau = self.new.bureau.tells(after, |p| {
            vec![
                (Ok(7), p.transcribes(lin, booklet(199_801, 200_112), scanned(), "file 1")),
                (Err(ReferenceTaken), p.transcribes(lin, booklet(200_201, 200_212), scanned(), "file 1")),
                (Err(MonthInFuture), p.transcribes(lin, booklet(202_609, 202_612), scanned(), "file 2")),
                (Ok(8), p.transcribes(lin, booklet(200_201, 202_610), scanned(), "file 2")),
            ]
        });
        let by_platform = says(&mut self.new.world.platform, after, Err(RoleMissing), |p| {
            p.transcribes(lin, booklet(199_801, 200_112), scanned(), "file 1")
        });
        let by_lin = says(&mut self.new.world.lin, after, Err(RoleMissing), |p| p.withdraw(lin, 7));
        let by_court = self
            .new
            .court
            .tells(after, |p| vec![(Ok(9), p.withdraw(lin, 8)), (Err(TargetVoid), p.withdraw(lin, 8))]);
        self.new.hear(after, vec![by_bureau, by_platform, by_lin, by_court]);
    }

    /// Mei goes on to a third ledger: nothing arrives in her account any more, and what was under way still comes.
    fn goes_on(&mut self) {
        let after = 720 + WEEK;
        let (mei, old_mei, there) = (self.new.mei.at(), self.old.mei.at(), self.new.pensions());
        let to = To { origin: "elsewhere.example/peal".parse().unwrap(), address: mei, bureau: None };
        let by_mei = says(&mut self.new.mei, after, Ok(3), |p| p.departs(mei, to));
        let by_bureau = says(&mut self.new.bureau, after, Ok(4), |p| p.approves_departure(mei, 3));
        let (from, shown) = (self.old.arriving(old_mei, None), self.old.shows(old_mei, None));
        let again = says(&mut self.new.mei, after, Err(Departed), |p| p.arrives(mei, from, shown));
        let shown = (8, self.old.shows(old_mei, Some(8)));
        let by_fund = says(&mut self.new.world.fund, after, Ok(5), |p| {
            p.transfers_in(mei, 1, there, moved(0, 1, 0), shown, "in 2")
        });
        self.new.hear(after, vec![by_mei, by_bureau, again, by_fund]);
    }

    fn the_old_one_ends(&mut self) {
        let after = 780 + WEEK;
        let zero = self.new.world.registrar.at();
        let (list, old_zhao) = (self.old.last_list(), self.old.zhao.at());
        let (zhao, mei) = (self.new.zhao.at(), self.new.mei.at());
        let (from, shown) = (self.old.arriving(old_zhao, None), self.old.shows(old_zhao, None));
        let last = Showing { list: list.clone(), ..shown.clone() };
        let said = says(&mut self.new.bureau, after, Err(NotShown), |p| {
            p.arrives(zhao, from.clone(), shown.clone())
        });
        let by_registrar =
            says(&mut self.new.world.registrar, after, Ok(2), |p| p.recognises(zero, &origin(), Some(list)));
        let by_zhao =
            says(&mut self.new.zhao, after, Err(NotShown), |p| p.arrives(zhao, from.clone(), last.clone()));
        let by_platform = says(&mut self.new.world.platform, after, Err(RoleMissing), |p| {
            p.arrives(zhao, from.clone(), last.clone())
        });
        let by_bureau = self.new.bureau.tells(after, |p| {
            vec![
                (Err(NotRecognised), p.arrives(zhao, from.clone(), shown)),
                (Ok(1), p.arrives(zhao, from.clone(), last.clone())),
                (Err(ArrivedAlready), p.arrives(zhao, from.clone(), last.clone())),
                (Err(Departed), p.arrives(mei, from.clone(), last.clone())),
                (Err(ArrivedAlready), p.arrives(self.new.world.wang.at(), from.clone(), last)),
            ]
        });
        self.new.hear(after, vec![said, by_registrar, by_zhao, by_platform, by_bureau]);
    }
}
