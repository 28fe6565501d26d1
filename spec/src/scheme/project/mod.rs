//! What taking part will bring: month by month to retirement, in several ways, by the law of today.
//!
//! 1. For each scenario the months are lived through: what is due, what it adds to the account, interest once a year.
//! 2. At retirement the pension's formulas are reckoned, and set against what was paid.
//! 3. The grid does the same for each value of one thing and each number of years.
//!
//! Source: `spec/schemes.md` §5.

mod answer;
mod life;

use std::collections::BTreeMap;

pub use answer::{
    Brings, GridCell, GridOf, Outcome, PensionPart, ProjectQuestion, Projection, SoFar, Stopped, Uncovered,
    Way,
};
use life::{Life, Plan};

use super::due::By;
use super::number::{BadNumber, Number};
use super::pack::{Given, Pack, Pension, Status};
use super::question::{Asked, BadQuestion, bad};
use super::reckon::{Reason, Reckoner, Refusal, What};
use crate::value::{AMOUNT_MAX, Month};

/// The most months from the first one to retirement.
const MAX_MONTHS: u32 = 1200;
/// The most scenarios of a question.
const MAX_SCENARIOS: usize = 32;
/// Projects what taking part brings.
///
/// # Errors
/// [`BadQuestion`] if the question cannot be asked of this pack. What cannot be reckoned is in the answer.
pub fn project(pack: &Pack, question: &ProjectQuestion) -> Result<Projection, BadQuestion> {
    let Some(pension) = &pack.pension else {
        return bad("scheme", format!("{} says nothing about a pension", pack.id));
    };
    let month = |text: &str, name: &str| match text.parse::<Month>() {
        Ok(month) => Ok(month),
        Err(e) => bad(name, e.to_string()),
    };
    let (born, first) = (month(&question.born, "born")?, month(&question.first, "first")?);
    if first < born || first.year() < 1970 || first.year() > 2800 {
        return bad("first", "the first month is after birth, from 1970 on");
    }
    let scenarios = question.scenarios.as_ref().unwrap_or(&pack.scenarios);
    if scenarios.len() > MAX_SCENARIOS {
        return bad("scenarios", format!("at most {MAX_SCENARIOS} scenarios"));
    }
    let so_far = &question.so_far;
    if so_far.months > u64::from(MAX_MONTHS) || so_far.balance.max(so_far.paid) > AMOUNT_MAX {
        return bad("so_far", format!("months are at most {MAX_MONTHS}, balance and paid at most 2^53 − 1"));
    }
    let index = match &so_far.index {
        None => Number::ZERO,
        Some(Given::Text(text)) => match text.parse() {
            Ok(number) => number,
            Err(_) => return bad("so_far.index", "expected a number as 0.6"),
        },
        Some(Given::Whole(whole)) => Number::from(*whole),
        Some(Given::Flag(_)) => return bad("so_far.index", "expected a number as 0.6"),
    };
    let person = Person { pack, pension, born, first, index };
    let mut kept = Kept::default();
    let mut ways = Vec::with_capacity(scenarios.len());
    for (i, scenario) in scenarios.iter().enumerate() {
        let asked = person
            .asked(question, &scenario.with, &scenario.set)
            .map_err(|e| BadQuestion { at: format!("scenarios[{i}].{}", e.at), ..e })?;
        let mut life = Life::new(&person, &asked);
        let lived = person.retires(&mut life, scenario.longer).and_then(|(retires, age)| {
            let months = u64::from(retires.ordinal() - first.ordinal());
            let plan = Plan::of(scenario, months);
            life.live(&plan, retires, age, so_far)
        });
        let (refused, outcome) = match lived {
            Ok(outcome) => (None, Some(outcome)),
            Err(refusal) => (Some(life.stopped(refusal)), None),
        };
        if outcome.is_some() {
            kept.add(&mut life.reckoner);
        }
        ways.push(Way { name: scenario.name.clone(), label: scenario.label.clone(), refused, outcome });
    }
    let grid = pension.grid.as_ref().map(|grid| {
        let mut cells = Vec::with_capacity(grid.values.len() * grid.years.len());
        for value in &grid.values {
            let given = BTreeMap::from([(grid.name.clone(), Given::Text(value.clone()))]);
            let none = BTreeMap::new();
            let is_input = pack.input(&grid.name).is_some();
            let (with, set) = if is_input { (&given, &none) } else { (&none, &given) };
            let asked = person.asked(question, with, set)?;
            for years in &grid.years {
                cells.push(person.cell(&asked, value, *years));
            }
        }
        Ok(GridOf { name: grid.name.clone(), label: grid.label.clone(), cells })
    });
    let assumed = |reason: &&Reason| matches!(reason.status, Status::Assumed | Status::Given);
    Ok(Projection {
        scheme: By::pack(pack),
        currency: pack.currency.to_string(),
        born: born.to_string(),
        first: first.to_string(),
        scenarios: ways,
        grid: grid.transpose()?,
        assumptions: kept.because.iter().filter(assumed).cloned().collect(),
        held: kept.held,
        because: kept.because,
    })
}

/// Reasons of several scenarios, each once.
#[derive(Default)]
struct Kept {
    because: Vec<Reason>,
    held: Vec<Reason>,
}

impl Kept {
    fn add(&mut self, reckoner: &mut Reckoner<'_>) {
        let once = |all: &mut Vec<Reason>, more: Vec<Reason>| {
            for reason in more {
                if !all.contains(&reason) {
                    all.push(reason);
                }
            }
        };
        once(&mut self.held, reckoner.held());
        once(&mut self.because, reckoner.reasons());
    }
}

struct Person<'p> {
    pack: &'p Pack,
    pension: &'p Pension,
    born: Month,
    first: Month,
    /// The mean index of the months before the first one.
    index: Number,
}

impl Person<'_> {
    /// The question's values with a scenario's over them.
    fn asked(
        &self,
        question: &ProjectQuestion,
        with: &BTreeMap<String, Given>,
        set: &BTreeMap<String, Given>,
    ) -> Result<Asked, BadQuestion> {
        let over = |below: &BTreeMap<String, Given>, above: &BTreeMap<String, Given>| {
            let mut all = below.clone();
            all.extend(above.clone());
            all
        };
        let mut with = over(&question.with, with);
        // An input of this name is answered by the question itself.
        if self.pack.input("born").is_some() {
            with.entry("born".to_owned()).or_insert_with(|| Given::Text(self.born.to_string()));
        }
        Asked::read(self.pack, &with, &over(&question.set, set))
    }

    /// The month in which she retires, and her age then.
    fn retires(&self, life: &mut Life<'_>, longer: u64) -> Result<(Month, u64), Refusal> {
        let age = life.age()?.checked_add(longer).ok_or(BadNumber::TooLarge)?;
        let retires = u64::from(self.born.ordinal()).checked_add(age).and_then(|at| u32::try_from(at).ok());
        // Whoever may have retired before does so at once.
        let retires = retires.and_then(Month::from_ordinal).ok_or(BadNumber::TooLarge)?.max(self.first);
        if retires.ordinal() - self.first.ordinal() > MAX_MONTHS {
            let en = format!(
                "she may retire in {retires}, which is not within a hundred years from {}",
                self.first
            );
            let zh = format!("可以退休的月份是 {retires}，不在 {} 起的一百年内", self.first);
            return Err(Refusal::new(What::Range, None, en, zh));
        }
        Ok((retires, u64::from(retires.ordinal() - self.born.ordinal())))
    }

    /// Somebody who pays for some years from the first month on and then retires, at the age at which this person may.
    fn cell(&self, asked: &Asked, value: &str, years: u64) -> GridCell {
        let mut life = Life::new(self, asked);
        let lived = life.age().and_then(|age| {
            let months = years * 12;
            let retires =
                u32::try_from(months).ok().and_then(|n| Month::from_ordinal(self.first.ordinal() + n));
            let retires = retires.ok_or(BadNumber::TooLarge)?;
            let plan = Plan { start: 0, pays: months, pause: None, subsidy: true };
            life.live(&plan, retires, age, &SoFar::default())
        });
        let (refused, brings) = match lived {
            Ok(out) => {
                let Outcome { months, paid, balance, pension, today, missing, .. } = out;
                (None, Some(Brings { months, paid, balance, pension, today, missing }))
            }
            Err(refusal) => (Some(life.stopped(refusal)), None),
        };
        GridCell { value: value.to_owned(), years, refused, brings }
    }
}
