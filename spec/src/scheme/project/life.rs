//! A life that is lived through month by month to retirement.

use std::collections::{BTreeMap, BTreeSet};

use super::Person;
use super::answer::{Outcome, PensionPart, SoFar, Stopped, Uncovered};
use crate::scheme::due::line;
use crate::scheme::formula::Variable;
use crate::scheme::number::{BadNumber, Mode, Number, Rounding};
use crate::scheme::pack::{Assigned, Named, Pack, Payer, Per, Scenario};
use crate::scheme::question::{Asked, Earned};
use crate::scheme::reckon::{Place, Reckoner, Refusal, Value, What};
use crate::value::{Currency, Day, Insurance, Month};

/// In which months somebody pays.
pub(super) struct Plan {
    pub(super) start: u64,
    pub(super) pays: u64,
    pub(super) pause: Option<(u64, u64)>,
    pub(super) subsidy: bool,
}

impl Plan {
    pub(super) fn of(scenario: &Scenario, months: u64) -> Self {
        Self {
            start: scenario.start,
            pays: scenario.pays.unwrap_or(months),
            pause: scenario.pause,
            subsidy: scenario.subsidy,
        }
    }

    /// Whether she pays in a month, counted from the first one.
    fn pays_in(&self, month: u64) -> bool {
        let Some(since) = month.checked_sub(self.start) else { return false };
        let paid = match self.pause {
            Some((after, _)) if since < after => since,
            Some((after, long)) if since - after < long => return false,
            Some((_, long)) => since - long,
            None => since,
        };
        paid < self.pays
    }
}

/// A life that is being lived.
pub(super) struct Life<'p> {
    pub(super) person: &'p Person<'p>,
    pub(super) reckoner: Reckoner<'p>,
    pub(super) month: Month,
}

/// What has come together so far.
pub(super) struct Sums {
    months: u64,
    paid: u64,
    pub(super) subsidy: u64,
    others: u64,
    balance: Number,
    index: Number,
}

impl<'p> Life<'p> {
    pub(super) fn new(person: &'p Person<'p>, asked: &'p Asked) -> Self {
        let mut reckoner = Reckoner::new(person.pack, asked, true);
        reckoner.rule("pension", &person.pack.title, person.pension.source);
        Self { person, reckoner, month: person.first }
    }

    pub(super) fn stopped(&self, refusal: Refusal) -> Stopped {
        Stopped { month: self.month.to_string(), refusal }
    }

    /// The age at which she may retire, in months.
    pub(super) fn age(&mut self) -> Result<u64, Refusal> {
        let mut place = Place::on(Day::of_month(self.person.first, 1));
        if place.day < self.person.pack.from {
            let (id, first) = (&self.person.pack.id, self.person.pack.from);
            let (en, zh) = (format!("{id} begins on {first}"), format!("{id} 自 {first} 起适用"));
            return Err(Refusal::new(What::Outside, None, en, zh));
        }
        let age = self.reckoner.number(&self.person.pension.age, &mut place)?;
        whole_up(age)
    }

    pub(super) fn live(
        &mut self,
        plan: &Plan,
        retires: Month,
        age: u64,
        so_far: &SoFar,
    ) -> Result<Outcome, Refusal> {
        let (pack, pension, first) = (self.person.pack, self.person.pension, self.person.first);
        let currency = pack.currency;
        let mut wages = self.wages()?;
        let mut sums = Sums {
            months: so_far.months,
            paid: so_far.paid,
            subsidy: 0,
            others: 0,
            balance: Number::of_minor(so_far.balance, currency),
            index: self.person.index.times(Number::from(so_far.months))?,
        };
        let mut cover: BTreeMap<Insurance, u64> = covered(pack).into_iter().map(|of| (of, 0)).collect();
        let (mut path, mut borne) = (Vec::new(), Number::ZERO);
        let mut of_year = Day::of_month(first, 1);
        for ordinal in first.ordinal()..retires.ordinal() {
            let month = Month::from_ordinal(ordinal).ok_or(BadNumber::TooLarge)?;
            self.month = month;
            if month.of_year() == 1 && month > first {
                wages.grow()?;
                of_year = Day::of_month(month, 1);
                borne = Number::ZERO;
            }
            borne = borne.plus(sums.balance)?;
            let born = i64::from(retires.ordinal()) - i64::try_from(age).unwrap_or(0);
            let mut given = BTreeSet::new();
            if plan.pays_in(u64::from(ordinal - first.ordinal())) {
                let age_now = Number::from(i64::from(ordinal) - born);
                given = self.pay(plan, &wages, age_now, &mut sums)?;
            }
            for (insurance, months) in &mut cover {
                *months += u64::from(!given.contains(insurance));
            }
            if month.of_year() == 12 {
                sums.balance = sums.balance.plus(self.interest(borne, of_year)?)?;
                path.push((month.to_string(), sums.paid, sums.balance.minor(currency)?));
            }
        }
        self.month = retires;
        if retires.of_year() > 1 && retires > first {
            sums.balance = sums.balance.plus(self.interest(borne, of_year)?)?;
        } else if retires > first {
            wages.grow()?;
        }
        path.push((retires.to_string(), sums.paid, sums.balance.minor(currency)?));
        let mut place = Place::on(Day::of_month(retires, 1));
        let minimum = whole_up(self.reckoner.number(&pension.minimum, &mut place)?)?;
        let months = Number::from(sums.months);
        let index = if sums.months == 0 { Number::ZERO } else { sums.index.over(months)? };
        let rounding = pension.index.as_ref().and_then(|(_, rounding)| *rounding);
        let index = rounding.map_or(Ok(index), |rounding| index.rounded(rounding))?;
        for (variable, number) in [
            (Variable::Months, months),
            (Variable::Years, months.over(Number::from(12u64))?),
            (Variable::Balance, sums.balance),
            (Variable::Index, index),
            (Variable::Age, Number::from(age)),
            (Variable::AgeNow, Number::from(age)),
            (Variable::Wage, wages.this),
            (Variable::WageNow, wages.first),
        ] {
            place.set(variable, number);
        }
        Place::assign(&mut place.parameters, pension.wage, wages.this);
        // Definitions that the minimum used have seen other values.
        place.forget();
        let missing = minimum.saturating_sub(sums.months);
        let (mut parts, mut whole, mut once) = (Vec::new(), None, None);
        if missing == 0 {
            let mut sum = Number::ZERO;
            for part in &pension.parts {
                let amount = self.named(part, &mut place)?;
                sum = sum.plus(amount)?;
                let amount = amount.minor(currency)?;
                parts.push(PensionPart { name: part.name.clone(), label: part.label.clone(), amount });
            }
            whole = Some(sum);
        } else if let Some(otherwise) = &pension.otherwise {
            once = Some(self.named(otherwise, &mut place)?);
        }
        let paid = Number::of_minor(sums.paid, currency);
        let break_even = whole.filter(|pension| pension.is_positive()).map(|pension| {
            let months = whole_up(paid.over(pension)?)?;
            Ok::<u64, Refusal>(age.saturating_add(months))
        });
        let until = match pension.until {
            Some(until) => {
                let months = self.reckoner.parameter(until, &mut place)?.times(Number::from(12u64))?;
                Some(months.minus(Number::from(age))?.max(Number::ZERO))
            }
            None => None,
        };
        let back = match until.filter(|_| paid.is_positive()) {
            Some(months) => {
                let pensions = whole.unwrap_or(Number::ZERO).times(months)?;
                Some(pensions.plus(once.unwrap_or(Number::ZERO))?.over(paid)?.decimal(2))
            }
            None => None,
        };
        let today = match whole {
            Some(pension) if wages.this.is_positive() => {
                Some(pension.times(wages.first)?.over(wages.this)?.rounded(pack.rounding)?.minor(currency)?)
            }
            _ => None,
        };
        let minor = |number: Option<Number>| number.map(|number| number.minor(currency)).transpose();
        Ok(Outcome {
            retires: retires.to_string(),
            age,
            months: sums.months,
            minimum,
            missing,
            paid: sums.paid,
            subsidy: sums.subsidy,
            others: sums.others,
            balance: sums.balance.minor(currency)?,
            index: pension.index.as_ref().map(|_| index.decimal(4)),
            parts,
            pension: minor(whole)?,
            today,
            once: minor(once)?,
            break_even: break_even.transpose()?,
            back,
            cover: cover
                .into_iter()
                .map(|(insurance, months)| Uncovered { insurance: insurance.to_string(), months })
                .collect(),
            path,
        })
    }

    fn wages(&mut self) -> Result<Wages, Refusal> {
        let pension = self.person.pension;
        let mut place = Place::on(Day::of_month(self.person.first, 1));
        let first = self.reckoner.parameter(pension.wage, &mut place)?;
        let growth = self.reckoner.parameter(pension.growth, &mut place)?;
        Ok(Wages { first, this: first, growth, currency: self.person.pack.currency })
    }

    fn named(&mut self, named: &Named, place: &mut Place<'_>) -> Result<Number, Refusal> {
        self.reckoner.rule(&named.name, &named.label, named.source);
        let amount = self.reckoner.number(&named.formula, place)?.rounded(named.rounding)?;
        if amount.is_negative() { Err(BadNumber::Negative.into()) } else { Ok(amount) }
    }

    /// Interest for a year: on the mean of what the balance was before each month's payment.
    fn interest(&mut self, borne: Number, of_year: Day) -> Result<Number, Refusal> {
        let rate = self.reckoner.parameter(self.person.pension.interest, &mut Place::on(of_year))?;
        let mean = borne.over(Number::from(12u64))?;
        Ok(mean.times(rate)?.rounded(self.person.pack.rounding)?)
    }

    /// A month in which she pays: which insurances it covers.
    fn pay(
        &mut self,
        plan: &Plan,
        wages: &Wages,
        age_now: Number,
        sums: &mut Sums,
    ) -> Result<BTreeSet<Insurance>, Refusal> {
        let (pack, pension) = (self.person.pack, self.person.pension);
        let day = Day::of_month(self.month, 1);
        let mut before = Place::on(day);
        let variables =
            [(Variable::Wage, wages.this), (Variable::WageNow, wages.first), (Variable::AgeNow, age_now)];
        variables.iter().for_each(|(variable, number)| before.set(*variable, *number));
        Place::assign(&mut before.parameters, pension.wage, wages.this);
        let (mut gross, mut orders, mut earns) = (0, 0, false);
        for (assigned, formula) in &pension.month {
            let value = self.reckoner.value(formula, &mut before)?;
            match (assigned, value) {
                (Assigned::Input(at), value) => Place::assign(&mut before.inputs, *at, value),
                (Assigned::Parameter(at), Value::Number(number)) => {
                    Place::assign(&mut before.parameters, *at, number);
                }
                (Assigned::Gross, Value::Number(number)) => {
                    (gross, earns) = (number.minor(pack.currency)?, true);
                }
                (Assigned::Orders, Value::Number(number)) => {
                    let whole = number.rounded(Rounding { to: Number::ONE, mode: Mode::HalfUp })?;
                    (orders, earns) = (whole.whole().ok_or(BadNumber::Negative)?, true);
                }
                (_, Value::Flag(_) | Value::Text(_)) => {}
            }
            // A definition may have used what was set just now.
            before.forget();
        }
        let last = Day::of_month(self.month, 31);
        let with = vec![None; pack.inputs.len()];
        let earned = Earned { payer: None, from: day, to: last, gross, orders, with };
        let pieces: Vec<_> = earned.between(day, last).into_iter().filter(|_| earns).collect();
        let mut place = Place::cell(pack, (day, last), &pieces);
        (place.inputs, place.parameters) = (before.inputs, before.parameters);
        let mut covers = BTreeSet::new();
        let (mut own, mut taken) = (0u64, 0u64);
        let mut pensioned = false;
        let mut left: Vec<Option<Number>> = vec![None; pack.dues.len()];
        for (at, due) in pack.dues.iter().enumerate() {
            let is_subsidy = due.payer == Payer::Subsidy;
            if due.per != Per::Month || (is_subsidy && !plan.subsidy) {
                continue;
            }
            let to_relieve = due.relieves.map(|of| left[of].unwrap_or(Number::ZERO));
            let Some((line, amount)) = line(&mut self.reckoner, due, &mut place, to_relieve)? else {
                continue;
            };
            Place::assign(&mut place.dues, at, Ok(amount));
            left[at] = Some(amount);
            if let Some(of) = due.relieves {
                left[of] = Some(left[of].unwrap_or(Number::ZERO).minus(amount)?);
            }
            match due.payer {
                Payer::Own => own = own.saturating_add(line.amount),
                Payer::Platform | Payer::Employer => sums.others = sums.others.saturating_add(line.amount),
                Payer::Subsidy => {
                    sums.subsidy = sums.subsidy.saturating_add(line.amount);
                    let whose = due.relieves.map(|of| pack.dues[of].payer);
                    match whose {
                        Some(Payer::Own) => taken = taken.saturating_add(line.amount),
                        _ => sums.others = sums.others.saturating_sub(line.amount),
                    }
                }
            }
            if due.insurance == Some(pension.insurance) {
                pensioned = true;
                sums.balance = sums.balance.plus(Number::of_minor(line.credited, pack.currency))?;
            }
            let of_parts = due.parts.iter().filter_map(|part| part.insurance);
            covers.extend(due.insurance.into_iter().chain(of_parts));
        }
        sums.paid = sums.paid.saturating_add(own.saturating_sub(taken));
        if pensioned {
            sums.months = sums.months.saturating_add(1);
            if let Some((index, _)) = &pension.index {
                variables.iter().for_each(|(variable, number)| place.set(*variable, *number));
                sums.index = sums.index.plus(self.reckoner.number(index, &mut place)?)?;
            }
        }
        Ok(covers)
    }
}

/// The average wage, as it grows.
pub(super) struct Wages {
    first: Number,
    this: Number,
    growth: Number,
    currency: Currency,
}

impl Wages {
    fn grow(&mut self) -> Result<(), Refusal> {
        let grown = self.this.times(Number::ONE.plus(self.growth)?)?;
        self.this = Number::of_minor(grown.minor(self.currency)?, self.currency);
        Ok(())
    }
}

/// The insurances of what is due each month.
fn covered(pack: &Pack) -> BTreeSet<Insurance> {
    let monthly = pack.dues.iter().filter(|due| due.per == Per::Month);
    monthly
        .flat_map(|due| due.insurance.into_iter().chain(due.parts.iter().filter_map(|part| part.insurance)))
        .collect()
}

/// Months, up to whole ones.
fn whole_up(number: Number) -> Result<u64, Refusal> {
    let whole = number.rounded(Rounding { to: Number::ONE, mode: Mode::Ceiling })?;
    let bad = if whole.is_negative() { BadNumber::Negative } else { BadNumber::TooLarge };
    whole.whole().ok_or_else(|| bad.into())
}
