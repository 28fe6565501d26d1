//! What is asked: earnings, and values for inputs and parameters.
//!
//! Source: `spec/schemes.md` §3 and §4.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::load::day;
use super::number::Number;
use super::pack::{Ask, Given, Pack, Unit};
use super::reckon::Value;
use crate::value::{AMOUNT_MAX, Day, Month};

/// The most earnings of a question.
pub const MAX_EARNINGS: usize = 10_000;
/// The most days of an earning.
pub const MAX_EARNING_DAYS: u64 = 366;
/// The most days of a question: a hundred years.
const MAX_DAYS: u64 = 36_525;

/// What was earned, and what is asked of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// What was earned.
    #[serde(default)]
    pub earnings: Vec<Earning>,
    /// The first day that is asked for: `2026-07-01`, `2026-07` or `2026`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Values of inputs, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub with: BTreeMap<String, Given>,
    /// Values of parameters, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub set: BTreeMap<String, Given>,
}

/// What was earned on some days: give `day`, `month`, `year`, or `from` and `to`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Earning {
    /// One day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<String>,
    /// One month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub month: Option<String>,
    /// The scheme's year that begins in this calendar year.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year: Option<Given>,
    /// The first day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// In minor units.
    pub gross: u64,
    /// How many orders.
    #[serde(default)]
    pub orders: u64,
    /// Who paid; none: her own customers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payer: Option<String>,
    /// Values of inputs for this earning.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub with: BTreeMap<String, Given>,
}

/// Why a question cannot be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {what}")]
pub struct BadQuestion {
    /// Which member.
    pub at: String,
    /// What is wrong with it, and what could stand there.
    pub what: String,
}

pub(super) fn bad<T>(at: impl Into<String>, what: impl Into<String>) -> Result<T, BadQuestion> {
    Err(BadQuestion { at: at.into(), what: what.into() })
}

/// Values for a pack's inputs and parameters, by place.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) with: Vec<Option<Value>>,
    pub(super) set: Vec<Option<Number>>,
}

impl Asked {
    pub(super) fn read(
        pack: &Pack,
        with: &BTreeMap<String, Given>,
        set: &BTreeMap<String, Given>,
    ) -> Result<Self, BadQuestion> {
        let mut asked = Self { with: inputs(pack, with, "with")?, set: vec![None; pack.parameters.len()] };
        for (name, given) in set {
            let at = format!("set.{name}");
            let Some(place) = pack.parameter(name) else {
                return bad(
                    at,
                    format!(
                        "{} has no such parameter{}",
                        pack.id,
                        listed("parameters", pack.parameters.iter().map(|p| &p.name))
                    ),
                );
            };
            let ask = if pack.parameters[place].unit == Unit::Month { Ask::Month } else { Ask::Number };
            asked.set[place] = Some(match number(given, ask) {
                Some(number) => number,
                None if ask == Ask::Month => return bad(at, "expected a month as 2026-10"),
                None => return bad(at, "expected a number as 0.128"),
            });
        }
        Ok(asked)
    }
}

fn listed<'n>(what: &str, names: impl Iterator<Item = &'n String>) -> String {
    let names: Vec<&str> = names.map(String::as_str).collect();
    if names.is_empty() { format!("; it has no {what}") } else { format!("; it has {}", names.join(", ")) }
}

fn number(given: &Given, ask: Ask) -> Option<Number> {
    match (given, ask) {
        (Given::Text(text), Ask::Month) => {
            text.parse::<Month>().ok().map(|month| Number::from(u64::from(month.ordinal())))
        }
        (_, Ask::Month) | (Given::Flag(_), _) => None,
        (Given::Text(text), _) => text.parse().ok(),
        (Given::Whole(whole), _) => whole.to_string().parse().ok(),
    }
}

/// Values of inputs, by place.
pub(super) fn inputs(
    pack: &Pack,
    with: &BTreeMap<String, Given>,
    whose: &str,
) -> Result<Vec<Option<Value>>, BadQuestion> {
    let mut values = vec![None; pack.inputs.len()];
    for (name, given) in with {
        let at = format!("{whose}.{name}");
        let Some(place) = pack.input(name) else {
            return bad(
                at,
                format!(
                    "{} has no such input{}",
                    pack.id,
                    listed("inputs", pack.inputs.iter().map(|i| &i.name))
                ),
            );
        };
        let input = &pack.inputs[place];
        let value = match (input.ask, given) {
            (Ask::Choice, Given::Text(text)) if input.choices.iter().any(|(key, _)| key == text) => {
                Some(Value::Text(Arc::from(text.as_str())))
            }
            (Ask::Flag, Given::Flag(flag)) => Some(Value::Flag(*flag)),
            (Ask::Flag, Given::Text(text)) => text.parse().ok().map(Value::Flag),
            (Ask::Choice | Ask::Flag, _) => None,
            (ask, given) => number(given, ask).map(Value::Number),
        };
        if value.is_none() {
            let wanted = match input.ask {
                Ask::Choice => {
                    let keys: Vec<&str> = input.choices.iter().map(|(key, _)| key.as_str()).collect();
                    format!("one of {}", keys.join(", "))
                }
                Ask::Flag => "true or false".to_owned(),
                Ask::Month => "a month as 2026-10".to_owned(),
                Ask::Number | Ask::Money | Ask::Share => "a number as 0.128".to_owned(),
            };
            return bad(at, format!("expected {wanted}"));
        }
        values[place] = value;
    }
    Ok(values)
}

impl Earning {
    /// Whether it can be part of a question to a pack.
    ///
    /// # Errors
    /// [`BadQuestion`] as for the first earning of a question.
    pub fn check(&self, pack: &Pack) -> Result<(), BadQuestion> {
        Earned::read(pack, self, 0).map(drop)
    }
}

/// An earning that was understood.
#[derive(Clone, Debug)]
pub(super) struct Earned {
    pub(super) payer: Option<String>,
    pub(super) from: Day,
    pub(super) to: Day,
    pub(super) gross: u64,
    pub(super) orders: u64,
    pub(super) with: Vec<Option<Value>>,
}

/// Some days of an earning.
#[derive(Clone, Debug)]
pub(super) struct Piece<'q> {
    pub(super) earning: &'q Earned,
    pub(super) from: Day,
    pub(super) to: Day,
    pub(super) gross: u64,
    pub(super) orders: u64,
}

/// What the days of a whole up to one of them bring of an amount, rounded down.
pub(super) fn brought(amount: u64, days: u64, whole: u64) -> u64 {
    let part = u128::from(amount) * u128::from(days) / u128::from(whole.max(1));
    u64::try_from(part).unwrap_or(amount)
}

impl Earned {
    pub(super) fn read(pack: &Pack, earning: &Earning, i: usize) -> Result<Self, BadQuestion> {
        let at = format!("earnings[{i}]");
        let days = |text: &Option<String>| {
            let Some(text) = text else { return Ok(None) };
            match day(text, false).zip(day(text, true)) {
                Some(days) => Ok(Some(days)),
                None => bad(&at, format!("{text} is no day: expected 2026-07-01, 2026-07 or 2026")),
            }
        };
        let year = match &earning.year {
            None => None,
            Some(given) => {
                let year = match given {
                    Given::Whole(year) => u32::try_from(*year).ok(),
                    Given::Text(text) => text.parse().ok(),
                    Given::Flag(_) => None,
                };
                let Some(year) = year.filter(|year| (1970..2999).contains(year)) else {
                    return bad(&at, "expected a year as 2026");
                };
                Some(pack.year_around(pack.year_in(year)))
            }
        };
        let between = match (&earning.from, &earning.to) {
            (Some(_), Some(_)) => {
                days(&earning.from)?.zip(days(&earning.to)?).map(|((from, _), (_, to))| (from, to))
            }
            (None, None) => None,
            _ => return bad(&at, "from and to go together"),
        };
        for (text, what, example) in
            [(&earning.day, "day", "2026-07-01"), (&earning.month, "month", "2026-07")]
        {
            if let Some(text) = text.as_ref().filter(|text| text.len() != example.len()) {
                return bad(&at, format!("{text} is no {what}: expected {example}"));
            }
        }
        let all = [days(&earning.day)?, days(&earning.month)?, year, between];
        let mut given = all.into_iter().flatten();
        let (Some((from, to)), None) = (given.next(), given.next()) else {
            return bad(&at, "give exactly one of day, month, year, and from with to");
        };
        if to < from || to.number() - from.number() >= MAX_EARNING_DAYS {
            return bad(&at, format!("an earning has 1 to {MAX_EARNING_DAYS} days"));
        }
        if earning.gross > AMOUNT_MAX || earning.orders > AMOUNT_MAX {
            return bad(&at, "gross and orders are at most 2^53 − 1");
        }
        let payer = earning.payer.clone();
        let fits = |payer: &String| (1..=64).contains(&payer.len()) && !payer.chars().any(char::is_control);
        if payer.as_ref().is_some_and(|payer| !fits(payer)) {
            return bad(&at, "a payer has 1 to 64 bytes, without control characters");
        }
        let with = inputs(pack, &earning.with, &format!("{at}.with"))?;
        Ok(Self { payer, from, to, gross: earning.gross, orders: earning.orders, with })
    }

    /// Its days from one to another, if it has any: what falls on them is what the days up to the last bring, less what those before the first do.
    pub(super) fn between(&self, first: Day, last: Day) -> Option<Piece<'_>> {
        let (from, to) = (self.from.max(first), self.to.min(last));
        if to < from {
            return None;
        }
        let whole = self.to.number() - self.from.number() + 1;
        let (before, with) = (from.number() - self.from.number(), to.number() - self.from.number() + 1);
        let part = |amount| brought(amount, with, whole) - brought(amount, before, whole);
        Some(Piece { earning: self, from, to, gross: part(self.gross), orders: part(self.orders) })
    }
}

impl Question {
    /// The days that are asked for, and what was earned.
    pub(super) fn read(&self, pack: &Pack) -> Result<((Day, Day), Vec<Earned>), BadQuestion> {
        if self.earnings.len() > MAX_EARNINGS {
            return bad("earnings", format!("a question has at most {MAX_EARNINGS} earnings"));
        }
        let earned: Result<Vec<Earned>, _> =
            self.earnings.iter().enumerate().map(|(i, earning)| Earned::read(pack, earning, i)).collect();
        let earned = earned?;
        let given = |text: &Option<String>, last: bool, name: &str| match text {
            None => Ok(None),
            Some(text) => match day(text, last) {
                Some(day) => Ok(Some(day)),
                None => bad(name, "expected a day as 2026-07-01, 2026-07 or 2026"),
            },
        };
        let from = given(&self.from, false, "from")?.or_else(|| earned.iter().map(|e| e.from).min());
        let to = given(&self.to, true, "to")?.or_else(|| earned.iter().map(|e| e.to).max());
        let Some((from, to)) = from.zip(to) else {
            return bad("from", "without earnings, from and to say which days are asked for");
        };
        if to < from || to.number() - from.number() > MAX_DAYS {
            return bad("to", "to is not before from, and at most a hundred years after it");
        }
        Ok(((from, to), earned))
    }
}
