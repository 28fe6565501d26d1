//! What somebody has a right to, where it is claimed, and what goes along in a move.
//!
//! 1. Each entitlement becomes a [`Rule`]; [`standing`] says whether months and days are enough.
//! 2. Months are counted by the regions of the funds: they say where.
//! 3. What is credited, and the bases, say what moves.
//!
//! Source: `spec/schemes.md` §6.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::due::{By, within};
use super::formula::{Formula, Symbol, Variable};
use super::number::{Mode, Number, Rounding};
use super::pack::{Ask, Entitlement, Given, Gives, Label, Pack, PlaceRule, Transfer, Unit, set_of};
use super::question::{Asked, BadQuestion, bad};
use super::reckon::{Place, Reason, Reckoner, Refusal, Value, What, written};
use crate::facet::Source;
use crate::standing::{self, History, Owed, Rule, Standing, standing};
use crate::value::{AMOUNT_MAX, Day, Insurance, Month};

/// The most funds whose regions a question names.
const MAX_REGIONS: usize = 1000;
/// How many months back or ahead a right is looked for.
const MAX_LOOK: u32 = 1200;

/// What is asked of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RightsQuestion {
    /// Values of inputs, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub with: BTreeMap<String, Given>,
    /// Values of parameters, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub set: BTreeMap<String, Given>,
    /// By number of a fund's account: where the fund is.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub regions: BTreeMap<u64, FundIn>,
    /// Her home region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub household: Option<String>,
    /// The region where she is insured now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relation: Option<String>,
}

/// Where a fund is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FundIn {
    /// The region.
    pub region: String,
    /// Whether what it keeps of her is a temporary account.
    #[serde(default)]
    pub temporary: bool,
}

impl RightsQuestion {
    fn check(&self) -> Result<(), BadQuestion> {
        if self.regions.len() > MAX_REGIONS {
            return bad("regions", format!("a question names at most {MAX_REGIONS} funds"));
        }
        let funds = self.regions.iter().map(|(fund, of)| (format!("regions.{fund}"), &of.region));
        let own = [("household", &self.household), ("relation", &self.relation)];
        let own = own.into_iter().filter_map(|(at, region)| Some((at.to_owned(), region.as_ref()?)));
        for (at, region) in funds.chain(own) {
            if !(1..=64).contains(&region.len()) || region.chars().any(char::is_control) {
                return bad(at, "a region has 1 to 64 bytes, without control characters");
            }
        }
        Ok(())
    }
}

/// What somebody has a right to. Money is in minor units, funds are account numbers, months are `YYYY-MM`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rights {
    /// By which pack.
    pub scheme: By,
    /// Of all money.
    pub currency: String,
    /// The day.
    pub today: Day,
    /// Each entitlement of the pack.
    pub rights: Vec<Right>,
    /// Where a right is claimed, if the pack says.
    pub place: Option<BenefitPlace>,
    /// What goes along in a move.
    pub transfers: Vec<Moves>,
    /// Months of the pack's insurances that were paid twice.
    pub overlaps: Vec<PaidTwice>,
}

/// One entitlement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Right {
    /// The entitlement.
    pub name: String,
    /// What it is called.
    pub label: Label,
    /// The insurance.
    pub insurance: String,
    /// The day of the standing.
    pub on: Day,
    /// Whether she has it; none if that cannot be known.
    pub entitled: Option<bool>,
    /// What one needs; none if it could not be reckoned.
    pub needs: Option<Needs>,
    /// What she has of it; likewise.
    pub had: Option<Had>,
    /// What is missing.
    pub missing: Lacks,
    /// What of the rule could not be reckoned, but for missing inputs.
    pub refused: Option<Refusal>,
    /// What it gives, or would give with what she has.
    pub gives: Vec<GivesTo>,
    /// The first day since which months and days have been enough.
    pub since: Option<Day>,
    /// The last day on which they are, if nothing more is recorded; none: they stay enough.
    pub until: Option<Day>,
    /// From when on months will be enough, if each from this one on counts.
    pub earliest: Option<Day>,
    /// Benefits of this insurance that were paid already, of any right.
    pub paid_out: u64,
    /// What made it.
    pub because: Vec<Reason>,
}

/// What one needs, as `spec/standing.md` has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Needs {
    /// Months.
    pub months: u64,
    /// Among how many past months.
    pub window: Option<u64>,
    /// Days with one payer.
    pub one: Option<u64>,
    /// Days with all.
    pub several: Option<u64>,
    /// Among how many months.
    pub days_window: Option<u64>,
    /// What a month must bring.
    pub minimum: Option<u64>,
}

/// What she has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Had {
    /// Months, in the window.
    pub months: u64,
    /// Days with the payer that is nearest.
    pub days_one: u64,
    /// Days with all.
    pub days: u64,
}

/// What is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Lacks {
    /// Months.
    pub months: u64,
    /// Days with one payer; none if none are asked.
    pub days_one: Option<u64>,
    /// Days with all; likewise.
    pub days_several: Option<u64>,
    /// Inputs that were not given.
    pub inputs: Vec<Untold>,
    /// Whether the condition beside months and days does not hold.
    pub condition: bool,
}

/// An input that was not given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Untold {
    /// Its name.
    pub name: String,
    /// What it is called.
    pub label: Label,
}

/// What a right gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GivesTo {
    /// Its name.
    pub name: String,
    /// What it is called.
    pub label: Label,
    /// In what it is counted.
    pub unit: Unit,
    /// As a decimal; a calendar month as `YYYY-MM`; none if it could not be reckoned.
    pub value: Option<String>,
    /// Of money: in minor units.
    pub amount: Option<u64>,
    /// Why it could not be reckoned.
    pub refused: Option<Refusal>,
}

/// Where a right is claimed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BenefitPlace {
    /// The region; none if something is missing.
    pub region: Option<String>,
    /// Why there.
    pub why: Option<PlaceWhy>,
    /// Whether it would be another one, were she insured in her home region now: the question does not say where she is.
    pub assumed: bool,
    /// Months that make a region hers.
    pub long: Option<String>,
    /// Whether her home region was not said.
    pub missing_household: bool,
    /// Funds whose region was not said.
    pub missing_funds: Vec<u64>,
    /// Months by region.
    pub regions: Vec<InRegion>,
    /// Why `long` could not be reckoned.
    pub refused: Option<Refusal>,
    /// What made it.
    pub because: Vec<Reason>,
}

/// Why a right is claimed in a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlaceWhy {
    /// She is insured in her home region.
    Relation,
    /// It is the last one that was long enough hers.
    Long,
    /// None was: it is her home region.
    Household,
}

/// Months in one region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InRegion {
    /// The region.
    pub region: String,
    /// Whether they lie in temporary accounts.
    pub temporary: bool,
    /// How many.
    pub months: u64,
    /// The first one.
    pub first: String,
    /// The last one.
    pub last: String,
}

/// What goes along in a move.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Moves {
    /// The transfer.
    pub name: String,
    /// What it is called.
    pub label: Label,
    /// How much; none if it could not be reckoned.
    pub amount: Option<u64>,
    /// Since which month bases count.
    pub since: Option<String>,
    /// Months since then.
    pub months: u64,
    /// What is credited, with interest.
    pub balance: u64,
    /// The sum of the bases since then.
    pub bases: u64,
    /// Months since then with entries that say no base: with them it would be more. Empty if bases are not used.
    pub missing_bases: Vec<String>,
    /// Why it could not be reckoned.
    pub refused: Option<Refusal>,
    /// What made it.
    pub because: Vec<Reason>,
}

/// A month that was paid to more than one fund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PaidTwice {
    /// The insurance.
    pub insurance: String,
    /// The month.
    pub month: String,
    /// The fund that keeps.
    pub keeps: u64,
    /// What the others are to give back.
    pub owed: Vec<Owed>,
}

/// What an account gives a right to, by a pack, on a day.
///
/// # Errors
/// [`BadQuestion`] if the question cannot be asked of this pack. What cannot be reckoned is in the answer.
pub fn entitled(
    pack: &Pack,
    history: &History,
    today: Day,
    question: &RightsQuestion,
) -> Result<Rights, BadQuestion> {
    let asked = Asked::read(pack, &question.with, &question.set)?;
    question.check()?;
    let work = Work { pack, history, asked: &asked, today };
    let of = work.insurance();
    let plain = of.map(|of| standing(history, &Rule::plain(of), today));
    Ok(Rights {
        scheme: By::pack(pack),
        currency: pack.currency.to_string(),
        today,
        rights: pack.entitlements.iter().map(|entitlement| work.right(entitlement)).collect(),
        place: pack.place.as_ref().map(|rule| work.place(rule, of, question)),
        transfers: pack.transfers.iter().map(|transfer| work.moves(transfer, of, plain.as_ref())).collect(),
        overlaps: work.overlaps(),
    })
}

/// What the parts of the answer have in common.
struct Work<'a> {
    pack: &'a Pack,
    history: &'a History,
    asked: &'a Asked,
    today: Day,
}

impl Pack {
    /// The scheme's insurance: of its pension, or else of its first entitlement.
    pub fn insurance(&self) -> Option<Insurance> {
        let pension = self.pension.as_ref().map(|pension| pension.insurance);
        pension.or_else(|| self.entitlements.first().map(|first| first.insurance))
    }
}

impl Work<'_> {
    fn insurance(&self) -> Option<Insurance> {
        self.pack.insurance()
    }

    fn right(&self, of: &Entitlement) -> Right {
        let (pack, today) = (self.pack, self.today);
        let on = if of.on_year { pack.year_of(today).before().unwrap_or(today) } else { today };
        let mut reckoner = Reckoner::new(pack, self.asked, false);
        reckoner.rule(&of.name, &of.label, of.source);
        let mut place = Place::on(today);
        let mut right = Right {
            name: of.name.clone(),
            label: of.label.clone(),
            insurance: of.insurance.to_string(),
            on,
            entitled: None,
            needs: None,
            had: None,
            missing: Lacks::default(),
            refused: None,
            gives: Vec::new(),
            since: None,
            until: None,
            earliest: None,
            paid_out: 0,
            because: Vec::new(),
        };
        let covered = within(pack, today, today);
        let rule = covered.clone().and_then(|()| self.rule(&mut reckoner, of, &mut place));
        let holds = covered.and_then(|()| match &of.when {
            Some(when) => {
                self.age(&mut reckoner, when, &mut place)?;
                reckoner.flag(when, &mut place)
            }
            None => Ok(true),
        });
        let of_rule = [&of.months, &of.window, &of.one, &of.several, &of.days_window, &of.minimum];
        let mut untold = BTreeSet::new();
        let refused = || rule.as_ref().err().into_iter().chain(holds.as_ref().err());
        if refused().any(|refusal| refusal.what == What::Missing) {
            of_rule.into_iter().chain([&of.when]).flatten().for_each(|f| self.untold(f, &mut untold));
        }
        right.refused = refused().find(|r| r.what != What::Missing || untold.is_empty()).cloned();
        let inputs = untold.into_iter().map(|at| &pack.inputs[at]);
        right.missing.inputs =
            inputs.map(|i| Untold { name: i.name.clone(), label: i.label.clone() }).collect();
        right.missing.condition = holds == Ok(false);
        let found = rule.ok().map(|rule| (standing(self.history, &rule, on), rule));
        if let Some((standing, rule)) = &found {
            right.note(standing, rule);
            Course::of(self.history, rule, standing).note(&mut right, pack, (today, of.on_year));
        }
        let enough = found.as_ref().map(|(standing, _)| standing.qualified.is);
        right.entitled = match (enough, holds.ok()) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        };
        let standing =
            found.map_or_else(|| standing(self.history, &Rule::plain(of.insurance), on), |(s, _)| s);
        let paid = standing.totals.iter().find(|total| total.currency == pack.currency.to_string());
        right.paid_out = paid.map_or(0, |total| total.paid_out);
        if right.needs.is_some() {
            let mut place = self.account(of.insurance, None, &standing);
            place.set(Variable::Months, Number::from(standing.qualified.had));
            place.set(Variable::Years, years(standing.qualified.had));
            right.gives = of.gives.iter().map(|gives| self.gives(&mut reckoner, gives, &mut place)).collect();
        }
        right.because = reckoner.reasons();
        right
    }

    /// The rule of an entitlement, as its formulas give it today.
    fn rule(
        &self,
        reckoner: &mut Reckoner<'_>,
        of: &Entitlement,
        place: &mut Place<'_>,
    ) -> Result<Rule, Refusal> {
        let mut whole = |formula: &Option<Formula>, mode| {
            let Some(formula) = formula else { return Ok(None) };
            self.age(reckoner, formula, place)?;
            let number = reckoner.number(formula, place)?.rounded(Rounding { to: Number::ONE, mode })?;
            Ok::<_, Refusal>(Some(if number.is_negative() {
                0
            } else {
                number.whole().unwrap_or(AMOUNT_MAX)
            }))
        };
        // What one needs is never rounded down, and what it must lie in never up.
        let (needed, among) = (Mode::Ceiling, Mode::Floor);
        let rule = Rule {
            months: whole(&of.months, needed)?.unwrap_or(0),
            window: whole(&of.window, among)?,
            one: whole(&of.one, needed)?,
            several: whole(&of.several, needed)?,
            days_window: whole(&of.days_window, among)?,
            treated: of.treated.clone(),
            each: of.each,
            ..Rule::plain(of.insurance)
        };
        let minimum = match &of.minimum {
            None => None,
            Some(formula) => {
                self.age(reckoner, formula, place)?;
                let minimum = reckoner.number(formula, place)?.minor(self.pack.currency)?;
                Some((minimum, self.pack.currency))
            }
        };
        Ok(Rule { minimum, ..rule })
    }

    /// Sets the age where a formula uses it: from the input `born`.
    fn age(
        &self,
        reckoner: &mut Reckoner<'_>,
        formula: &Formula,
        place: &mut Place<'_>,
    ) -> Result<(), Refusal> {
        if !self.uses(formula, Variable::AgeNow) || place.variables[Variable::AgeNow as usize].is_some() {
            return Ok(());
        }
        // Without such an input the variable is missing, and that is said where it is used.
        let Some(born) = self.born() else { return Ok(()) };
        if let Value::Number(born) = reckoner.input(born, place)? {
            let this = Number::from(u64::from(self.today.month().ordinal()));
            place.set(Variable::AgeNow, this.minus(born)?);
        }
        Ok(())
    }

    fn born(&self) -> Option<usize> {
        self.pack.input("born").filter(|at| self.pack.inputs[*at].ask == Ask::Month)
    }

    /// Whether a formula uses a variable, itself or through definitions.
    fn uses(&self, formula: &Formula, wanted: Variable) -> bool {
        let mut uses = false;
        formula.each(&mut |part| match part {
            Formula::Variable(variable) => uses |= *variable == wanted,
            Formula::Name(Symbol::Define(at)) => {
                uses |= self.pack.defines[*at].needs & set_of(&[wanted]) != 0
            }
            _ => {}
        });
        uses
    }

    /// The inputs of a formula that were not given, also through definitions, choices and defaults.
    fn untold(&self, formula: &Formula, untold: &mut BTreeSet<usize>) {
        let mut seen = BTreeSet::new();
        self.untold_of(formula, untold, &mut seen);
        if self.uses(formula, Variable::AgeNow)
            && let Some(born) = self.born()
        {
            self.untold_input(born, untold, &mut seen);
        }
    }

    fn untold_of(&self, formula: &Formula, untold: &mut BTreeSet<usize>, seen: &mut BTreeSet<Symbol>) {
        formula.each(&mut |part| {
            let Formula::Name(symbol) = part else { return };
            if !seen.insert(*symbol) {
                return;
            }
            match symbol {
                Symbol::Input(at) => self.untold_input(*at, untold, seen),
                Symbol::Parameter(at) if self.asked.set[*at].is_none() => {
                    if let Some(by) = self.pack.parameters[*at].by {
                        self.untold_input(by, untold, seen);
                    }
                }
                Symbol::Define(at) => self.untold_of(&self.pack.defines[*at].formula, untold, seen),
                Symbol::Parameter(_) | Symbol::Due(_) => {}
            }
        });
    }

    fn untold_input(&self, at: usize, untold: &mut BTreeSet<usize>, seen: &mut BTreeSet<Symbol>) {
        if self.asked.with[at].is_some() {
            return;
        }
        match &self.pack.inputs[at].default {
            Some(default) => self.untold_of(default, untold, seen),
            None => drop(untold.insert(at)),
        }
    }

    /// A place that knows what an account has of an insurance, with bases since a month.
    fn account(&self, of: Insurance, since: Option<Month>, standing: &Standing) -> Place<'static> {
        let mut place = Place::on(self.today);
        let sums = self.sums(of, since);
        place.set(Variable::Balance, Number::of_minor(sums.balance, self.pack.currency));
        place.set(Variable::Bases, Number::of_minor(sums.bases, self.pack.currency));
        place.set(Variable::Days, Number::from(standing.days.together));
        place.set(Variable::Months, Number::from(sums.months));
        place.set(Variable::Years, years(sums.months));
        place
    }

    fn sums(&self, of: Insurance, since: Option<Month>) -> Sums {
        let (mut sums, mut months) = (Sums::default(), BTreeSet::new());
        for entry in self.history.kept(of) {
            let counts = since.is_none_or(|since| entry.month >= since);
            if counts {
                months.insert(entry.month);
            }
            if entry.amount.currency != self.pack.currency {
                continue;
            }
            sums.balance = sums.balance.saturating_add(entry.left().1);
            match entry.amount.base {
                // A subsidy adds to what somebody else pays, on a base of theirs.
                _ if !counts || entry.source == Source::Subsidy => {}
                Some(base) => sums.bases = sums.bases.saturating_add(base),
                None => drop(sums.missing_bases.insert(entry.month)),
            }
        }
        sums.balance = sums.balance.saturating_add(self.history.interest(of, self.pack.currency));
        sums.months = months.len() as u64;
        sums
    }

    fn gives(&self, reckoner: &mut Reckoner<'_>, of: &Gives, place: &mut Place<'_>) -> GivesTo {
        let (money, currency) = (of.unit == Unit::Money, self.pack.currency);
        let found = self.age(reckoner, &of.formula, place).and_then(|()| {
            let number = reckoner.number(&of.formula, place)?;
            if !money {
                return Ok((number, None));
            }
            let rounded = number.rounded(self.pack.rounding)?;
            Ok((rounded, Some(rounded.minor(currency)?)))
        });
        let (value, refused) = match found {
            Ok(found) => (Some(found), None),
            Err(refusal) => (None, Some(refusal)),
        };
        GivesTo {
            name: of.name.clone(),
            label: of.label.clone(),
            unit: of.unit,
            value: value.map(|(number, _)| written(number, of.unit)),
            amount: value.and_then(|(_, amount)| amount),
            refused,
        }
    }

    fn place(&self, rule: &PlaceRule, of: Option<Insurance>, question: &RightsQuestion) -> BenefitPlace {
        let mut months: BTreeMap<(&str, bool), BTreeSet<Month>> = BTreeMap::new();
        let mut unnamed = BTreeSet::new();
        for entry in of.map(|of| self.history.kept(of)).unwrap_or_default() {
            match question.regions.get(&entry.fund) {
                Some(fund) => {
                    months.entry((&fund.region, fund.temporary)).or_default().insert(entry.month);
                }
                None => drop(unnamed.insert(entry.fund)),
            }
        }
        let regions = months.into_iter().filter_map(|((region, temporary), months)| {
            Some(InRegion {
                region: region.to_owned(),
                temporary,
                months: months.len() as u64,
                first: months.first()?.to_string(),
                last: months.last()?.to_string(),
            })
        });
        let regions: Vec<InRegion> = regions.collect();
        let mut reckoner = Reckoner::new(self.pack, self.asked, false);
        let label = Label { en: "Where a right is claimed".to_owned(), zh: "待遇领取地".to_owned() };
        reckoner.rule("place", &label, rule.source);
        let covered = within(self.pack, self.today, self.today);
        let long = covered
            .and_then(|()| of.map(|_| ()).ok_or_else(no_insurance))
            .and_then(|()| reckoner.number(&rule.long, &mut Place::on(self.today)));
        let (household, relation) = (question.household.as_deref(), question.relation.as_deref());
        // Who is insured at home needs neither months nor regions.
        let home = household.filter(|household| relation == Some(household));
        let found = match (&long, household) {
            _ if home.is_some() => home.map(|home| (home.to_owned(), PlaceWhy::Relation)),
            (Ok(long), Some(home)) if unnamed.is_empty() => {
                Some(benefit_place(&regions, *long, home, relation))
            }
            _ => None,
        };
        BenefitPlace {
            assumed: relation.is_none() && found.as_ref().is_some_and(|(place, _)| household != Some(place)),
            why: found.as_ref().map(|(_, why)| *why),
            region: found.map(|(region, _)| region),
            long: long.as_ref().ok().map(ToString::to_string),
            missing_household: household.is_none(),
            missing_funds: unnamed.into_iter().collect(),
            regions,
            refused: long.err(),
            because: reckoner.reasons(),
        }
    }

    fn moves(&self, of: &Transfer, insurance: Option<Insurance>, plain: Option<&Standing>) -> Moves {
        let what = &of.what;
        let mut reckoner = Reckoner::new(self.pack, self.asked, false);
        reckoner.rule(&what.name, &what.label, what.source);
        let mut moves = Moves {
            name: what.name.clone(),
            label: what.label.clone(),
            amount: None,
            since: of.since.map(|since| since.to_string()),
            months: 0,
            balance: 0,
            bases: 0,
            missing_bases: Vec::new(),
            refused: None,
            because: Vec::new(),
        };
        let found = match insurance.zip(plain) {
            None => Err(no_insurance()),
            Some((insurance, plain)) => {
                let sums = self.sums(insurance, of.since);
                (moves.months, moves.balance, moves.bases) = (sums.months, sums.balance, sums.bases);
                if self.uses(&what.formula, Variable::Bases) {
                    moves.missing_bases = sums.missing_bases.iter().map(ToString::to_string).collect();
                }
                let mut place = self.account(insurance, of.since, plain);
                within(self.pack, self.today, self.today).and_then(|()| {
                    self.age(&mut reckoner, &what.formula, &mut place)?;
                    let amount = reckoner.number(&what.formula, &mut place)?.rounded(what.rounding)?;
                    Ok(amount.minor(self.pack.currency)?)
                })
            }
        };
        match found {
            Ok(amount) => moves.amount = Some(amount),
            Err(refusal) => moves.refused = Some(refusal),
        }
        moves.because = reckoner.reasons();
        moves
    }

    fn overlaps(&self) -> Vec<PaidTwice> {
        let of_rights = self.pack.entitlements.iter().map(|of| of.insurance);
        let all: BTreeSet<Insurance> = self.insurance().into_iter().chain(of_rights).collect();
        let twice = all.into_iter().flat_map(|insurance| {
            let overlaps = standing::overlaps(self.history, insurance);
            overlaps.into_iter().map(move |overlap| PaidTwice {
                insurance: insurance.to_string(),
                month: overlap.month,
                keeps: overlap.keeps,
                owed: overlap.owed,
            })
        });
        twice.collect()
    }
}

/// What an account has of an insurance.
#[derive(Default)]
struct Sums {
    months: u64,
    balance: u64,
    bases: u64,
    missing_bases: BTreeSet<Month>,
}

fn no_insurance() -> Refusal {
    let en = "the pack has neither a pension nor an entitlement that says of which insurance";
    Refusal::new(What::Unknown, None, en.to_owned(), "方案没有说明险种".to_owned())
}

/// Twelfths.
fn years(months: u64) -> Number {
    // Twelve is not zero, and no count of months is too large.
    Number::from(months).over(Number::from(12u64)).unwrap_or(Number::ZERO)
}

impl Right {
    fn note(&mut self, standing: &Standing, rule: &Rule) {
        let (qualified, days) = (&standing.qualified, &standing.days);
        self.needs = Some(Needs {
            months: rule.months,
            window: rule.window,
            one: rule.one,
            several: rule.several,
            days_window: rule.days_window,
            minimum: rule.minimum.map(|(minimum, _)| minimum),
        });
        self.had = Some(Had {
            months: qualified.had,
            days_one: days.payers.iter().map(|payer| payer.days).max().unwrap_or(0),
            days: days.together,
        });
        self.missing.months = qualified.missing_months;
        self.missing.days_one = qualified.missing_days_one;
        self.missing.days_several = qualified.missing_days_several;
    }
}

/// How months and days of an account run on under a rule.
struct Course<'a> {
    history: &'a History,
    rule: &'a Rule,
    /// Months that count or are treated as paid.
    counted: BTreeSet<u32>,
}

impl<'a> Course<'a> {
    fn of(history: &'a History, rule: &'a Rule, standing: &Standing) -> Self {
        let ordinal = |month: &String| month.parse::<Month>().ok().map(Month::ordinal);
        let runs = standing.counts.runs.iter();
        let counted = runs.filter_map(|(first, last)| Some(ordinal(first)?..=ordinal(last)?)).flatten();
        let treated = standing.counts.treated.iter().filter_map(ordinal);
        Self { history, rule, counted: counted.chain(treated).collect() }
    }

    /// Since when, until when or from when on.
    fn note(&self, right: &mut Right, pack: &Pack, (today, on_year): (Day, bool)) {
        let lacks = &right.missing;
        let days_enough = [lacks.days_one, lacks.days_several].iter().flatten().all(|missing| *missing == 0);
        if lacks.months > 0 {
            right.earliest = if days_enough && !on_year { self.earliest(right.on) } else { None };
        } else if days_enough && on_year {
            let year = pack.year_of(today);
            right.since = Some(year);
            right.until = Some(pack.year_around(today).1);
        } else if days_enough {
            right.since = self.since(right.on);
            right.until = self.until(right.on);
        }
    }

    fn asks_days(&self) -> bool {
        self.rule.one.is_some() || self.rule.several.is_some()
    }

    /// Whether months are enough in a month.
    fn months_in(&self, month: u32) -> bool {
        let from = self.rule.window.map_or(0, |window| u64::from(month).saturating_sub(window));
        let from = u32::try_from(from).unwrap_or(month);
        self.counted.range(from..month).count() as u64 >= self.rule.months
    }

    /// Whether days are enough on a day.
    fn days_on(&self, day: Day) -> bool {
        !self.asks_days() || standing::days(self.history, self.rule, day).enough == Some(true)
    }

    /// The first day of a month on which all is enough, up to a day in it. Days only become more within a month.
    fn first_in(&self, month: Month, last: Day) -> Option<Day> {
        if !self.months_in(month.ordinal()) || !self.days_on(last) {
            return None;
        }
        let (mut low, mut high) = (Day::of_month(month, 1), last);
        while low < high {
            let middle = Day::new(low.number().midpoint(high.number()))?;
            if self.days_on(middle) {
                high = middle;
            } else {
                low = middle.after()?;
            }
        }
        Some(high)
    }

    fn since(&self, on: Day) -> Option<Day> {
        if self.rule.months == 0 && !self.asks_days() {
            return None;
        }
        let (mut since, mut last) = (None, on);
        for _ in 0..MAX_LOOK {
            let month = last.month();
            let Some(first) = self.first_in(month, last) else { break };
            since = Some(first);
            match first.before() {
                Some(before) if before.month() != month => last = before,
                _ => break,
            }
        }
        since
    }

    fn until(&self, on: Day) -> Option<Day> {
        let days_leave = self.asks_days() && self.rule.days_window.is_some();
        if self.rule.window.is_none() && !days_leave {
            return None;
        }
        let this = on.month().ordinal();
        for ordinal in this + 1..=this + MAX_LOOK {
            let first = Day::of_month(Month::from_ordinal(ordinal)?, 1);
            if !self.months_in(ordinal) || !self.days_on(first) {
                return first.before();
            }
        }
        None
    }

    fn earliest(&self, on: Day) -> Option<Day> {
        let (this, needed) = (on.month().ordinal(), self.rule.months);
        if self.rule.window.is_some_and(|window| window < needed) {
            return None;
        }
        let mut ahead = Self { history: self.history, rule: self.rule, counted: self.counted.clone() };
        for ordinal in this..this + MAX_LOOK {
            ahead.counted.insert(ordinal);
            if ahead.months_in(ordinal + 1) {
                return Month::from_ordinal(ordinal + 1).map(|month| Day::of_month(month, 1));
            }
        }
        None
    }
}

/// Where a right is claimed: her home region if she is insured there; else the last region with at least `long` months outside of temporary
/// accounts; else her home region. Of regions with the same last month the one with more months, then the first by name.
pub fn benefit_place(
    regions: &[InRegion],
    long: Number,
    household: &str,
    relation: Option<&str>,
) -> (String, PlaceWhy) {
    if relation == Some(household) {
        return (household.to_owned(), PlaceWhy::Relation);
    }
    let hers = regions.iter().filter(|of| !of.temporary && Number::from(of.months) >= long);
    let last = hers
        .max_by(|a, b| (&a.last, a.months).cmp(&(&b.last, b.months)).then_with(|| b.region.cmp(&a.region)));
    match last {
        Some(last) => (last.region.clone(), PlaceWhy::Long),
        None => (household.to_owned(), PlaceWhy::Household),
    }
}
