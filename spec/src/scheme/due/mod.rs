//! What is due: from earnings to contributions by insurance and payer, before and after subsidies.
//!
//! 1. The question's days are cut into cells, as each rule wants it.
//! 2. Each rule is reckoned in each of its cells: a line, nothing, or a refusal.
//! 3. Lines are added up, and held against income.
//!
//! Source: `spec/schemes.md` §4.

mod answer;
mod cells;
mod sums;

use std::collections::{BTreeMap, BTreeSet};

pub use answer::{Affordable, Answer, By, Counted, Line, OfInsurance, OfPayer, PartOf, Refused};
use cells::{Cut, Work, groups};
use sums::Paid;

use super::formula::Variable;
use super::number::{BadNumber, Mode, Number, Rounding};
use super::pack::{Due, Of, Pack, Per, Refuse};
use super::question::{Asked, BadQuestion, Question};
use super::reckon::{Place, Reckoner, Refusal, What};
use crate::value::Day;

/// What is due by a pack.
///
/// # Errors
/// [`BadQuestion`] if the question cannot be asked of this pack. What cannot be reckoned is in the answer.
pub fn due(pack: &Pack, question: &Question) -> Result<Answer, BadQuestion> {
    let asked = Asked::read(pack, &question.with, &question.set)?;
    let ((from, to), earned) = question.read(pack)?;
    let mut work = Work { pack, asked: &asked, days: (from, to), earned: &earned, cells: BTreeMap::new() };
    let groups = groups(pack);
    let mut answer = Answer {
        scheme: By::pack(pack),
        currency: pack.currency.to_string(),
        from,
        to,
        complete: true,
        lines: Vec::new(),
        refused: Vec::new(),
        counts: Vec::new(),
        insurances: Vec::new(),
        payers: Vec::new(),
        affordable: Vec::new(),
    };
    // By rule and cell, what it came to; none: nothing.
    let mut came: Vec<Vec<Option<Result<Number, Refusal>>>> = Vec::new();
    // By rule and cell, what subsidies have taken over of it.
    let mut relieved: Vec<Vec<Number>> = Vec::new();
    let mut own = Vec::new();
    for (at, due) in pack.dues.iter().enumerate() {
        let cut = work.cut(due, &groups, at);
        let mut reckoner = Reckoner::new(pack, &asked, false);
        let mut amounts = Vec::with_capacity(work.cells[&cut].len());
        for (i, cell) in work.cells[&cut].iter().enumerate() {
            let mut place = Place::cell(pack, (cell.from, cell.to), &cell.pieces);
            // What a due names is cut as it is.
            for named in &due.names {
                if let Some(amount) = &came[*named][i] {
                    Place::assign(&mut place.dues, *named, amount.clone());
                }
            }
            let left = due.relieves.map(|of| match &came[of][i] {
                Some(Ok(amount)) => amount.minus(relieved[of][i]).map_err(Refusal::from),
                Some(Err(refusal)) => Err(refusal.clone()),
                None => Ok(Number::ZERO),
            });
            let found = within(pack, cell.from, cell.to)
                .and_then(|()| line(&mut reckoner, due, &mut place, left.transpose()?));
            amounts.push(match &found {
                Ok(Some((_, amount))) => Some(Ok(*amount)),
                Ok(None) => None,
                Err(refusal) => Some(Err(refusal.clone())),
            });
            match found {
                Ok(Some((line, amount))) => {
                    if let Some(of) = due.relieves {
                        relieved[of][i] = relieved[of][i].plus(amount).unwrap_or(amount);
                    }
                    let line = Line {
                        by: cell.by.map(ToOwned::to_owned),
                        from: cell.from,
                        to: cell.to,
                        because: reckoner.reasons(),
                        ..line
                    };
                    own.push(Paid::of(pack, at, i, &line));
                    answer.lines.push(line);
                }
                Ok(None) => drop(reckoner.reasons()),
                Err(refusal) => {
                    drop(reckoner.reasons());
                    answer.refuse(&due.name, cell, refusal);
                }
            }
        }
        relieved.push(vec![Number::ZERO; amounts.len()]);
        came.push(amounts);
    }
    for count in &pack.counts {
        let cut = if count.per == Per::Month { Cut::Months } else { Cut::Years }(count.of == Of::Payer);
        work.make(cut, &BTreeSet::new());
        let mut reckoner = Reckoner::new(pack, &asked, false);
        for cell in &work.cells[&cut] {
            let mut place = Place::cell(pack, (cell.from, cell.to), &cell.pieces);
            reckoner.rule(&count.name, &count.label, count.source);
            let found = within(pack, cell.from, cell.to)
                .and_then(|()| demand(&mut reckoner, &count.refuse, &mut place))
                .and_then(|()| reckoner.flag(&count.when, &mut place));
            let because = reckoner.reasons();
            match found {
                Ok(counts) => answer.counts.push(Counted {
                    rule: count.name.clone(),
                    label: count.label.clone(),
                    from: cell.from,
                    to: cell.to,
                    by: cell.by.map(ToOwned::to_owned),
                    counts,
                    because,
                }),
                Err(refusal) => answer.refuse(&count.name, cell, refusal),
            }
        }
    }
    answer.add_up(&own);
    answer.afford(pack, &asked, &earned, &own);
    Ok(answer)
}

/// Whether a cell lies in the pack's days.
pub(in crate::scheme) fn within(pack: &Pack, from: Day, to: Day) -> Result<(), Refusal> {
    if pack.from <= from && to <= pack.to {
        return Ok(());
    }
    let (id, first, last) = (&pack.id, pack.from, pack.to);
    Err(Refusal::new(
        What::Outside,
        None,
        format!("{id} covers {first} to {last}"),
        format!("{id} 适用于 {first} 至 {last}"),
    ))
}

fn demand(reckoner: &mut Reckoner<'_>, refuse: &[Refuse], place: &mut Place<'_>) -> Result<(), Refusal> {
    for refuse in refuse {
        if reckoner.flag(&refuse.when, place)? {
            return Err(Refusal { what: What::Rule, name: None, why: refuse.why.clone() });
        }
    }
    Ok(())
}

/// What a rule comes to in a place, and the same exactly; none: nothing. `left`: of a subsidy, what is left to take over. Whose it is, its
/// days and its reasons are for the caller to say.
pub(in crate::scheme) fn line(
    reckoner: &mut Reckoner<'_>,
    due: &Due,
    place: &mut Place<'_>,
    left: Option<Number>,
) -> Result<Option<(Line, Number)>, Refusal> {
    let pack = reckoner.pack;
    reckoner.rule(&due.name, &due.label, due.source);
    demand(reckoner, &due.refuse, place)?;
    if let Some(when) = &due.when
        && !reckoner.flag(when, place)?
    {
        return Ok(None);
    }
    let base = match &due.base {
        Some(base) => Some(reckoner.number(base, place)?.minor(pack.currency)?),
        None => None,
    };
    let mut amount = reckoner.number(&due.amount, place)?.rounded(due.rounding)?;
    if amount.is_negative() {
        return Err(BadNumber::Negative.into());
    }
    if let Some(left) = left {
        amount = amount.min(left);
    }
    let credited = match &due.credited {
        Some(credited) => {
            place.set(Variable::Amount, amount);
            reckoner.number(credited, place)?.rounded(due.rounding)?
        }
        None => Number::ZERO,
    };
    let parts = parts(reckoner, due, place, amount)?;
    let line = Line {
        rule: due.name.clone(),
        label: due.label.clone(),
        insurance: due.insurance.map(|insurance| insurance.to_string()),
        payer: due.payer,
        by: None,
        from: place.day,
        to: place.day,
        base,
        amount: amount.minor(pack.currency)?,
        credited: credited.minor(pack.currency)?,
        parts,
        because: Vec::new(),
    };
    Ok(Some((line, amount)))
}

/// Splits an amount so that the parts add up: each is rounded down, and what is missing goes, a step each, to those that lost most.
fn parts(
    reckoner: &mut Reckoner<'_>,
    due: &Due,
    place: &mut Place<'_>,
    amount: Number,
) -> Result<Vec<PartOf>, Refusal> {
    let mut shares = Vec::with_capacity(due.parts.len());
    let mut whole = Number::ZERO;
    for part in &due.parts {
        let share = reckoner.parameter(part.share, place)?;
        whole = whole.plus(share)?;
        shares.push(share);
    }
    let step = due.rounding.to;
    let (mut given, mut parts) = (Number::ZERO, Vec::with_capacity(shares.len()));
    for share in shares {
        let exact = amount.times(share)?.over(whole)?;
        let down = exact.rounded(Rounding { to: step, mode: Mode::Floor })?;
        given = given.plus(down)?;
        parts.push((down, exact.minus(down)?));
    }
    let mut order: Vec<usize> = (0..parts.len()).collect();
    // Stable: the first ones among equals.
    order.sort_by(|a, b| parts[*b].1.cmp(&parts[*a].1));
    for at in order {
        if given >= amount {
            break;
        }
        parts[at].0 = parts[at].0.plus(step)?;
        given = given.plus(step)?;
    }
    let currency = reckoner.pack.currency;
    let of = due.parts.iter().zip(parts).map(|(part, (amount, _))| {
        Ok(PartOf {
            label: part.label.clone(),
            insurance: part.insurance.map(|insurance| insurance.to_string()),
            amount: amount.minor(currency)?,
        })
    });
    of.collect::<Result<_, BadNumber>>().map_err(Refusal::from)
}
