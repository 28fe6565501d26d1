//! Cards: a scheme in plain words on a day, and what changed between two days.
//!
//! Source: `spec/schemes.md` §7.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::due::{By, OfInsurance, OfPayer, Refused, due};
use super::number::Number;
use super::pack::{Found, Label, Pack, Parameter, Piece, Row, Status, Unit};
use super::question::{BadQuestion, Earned, Earning, Question, bad};
use super::reckon::{Reason, written};
use crate::value::{Currency, Day, Month};

/// In which language something is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Chinese.
    Zh,
}

impl Lang {
    /// A label in it.
    pub fn of(self, label: &Label) -> &str {
        self.pick(&label.en, &label.zh)
    }

    /// The English or the Chinese one of two texts.
    pub fn pick<'t>(self, en: &'t str, zh: &'t str) -> &'t str {
        match self {
            Self::En => en,
            Self::Zh => zh,
        }
    }
}

impl FromStr for Lang {
    type Err = NoLang;
    fn from_str(text: &str) -> Result<Self, NoLang> {
        match text {
            "en" => Ok(Self::En),
            "zh" => Ok(Self::Zh),
            _ => Err(NoLang),
        }
    }
}

impl fmt::Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.pick("en", "zh"))
    }
}

/// Text that names no language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected en or zh")]
pub struct NoLang;

/// A scheme in plain words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CardText {
    /// Of which pack.
    pub scheme: By,
    /// What it is called.
    pub title: String,
    /// On which day.
    pub day: Day,
    /// What it costs.
    pub costs: Vec<String>,
    /// What it gives.
    pub gives: Vec<String>,
    /// The values that stand in it.
    pub because: Vec<Reason>,
}

/// The card of a pack on a day; none if it has no card.
pub fn card(pack: &Pack, lang: Lang, day: Day) -> Option<CardText> {
    let (en, zh) = pack.card.as_ref()?;
    let card = match lang {
        Lang::En => en,
        Lang::Zh => zh,
    };
    let mut because: Vec<Reason> = Vec::new();
    let mut fill = |sentences: &[Vec<Piece>]| -> Vec<String> {
        let mut sentence = |pieces: &Vec<Piece>| {
            let piece = |piece: &Piece| match piece {
                Piece::Words(words) => words.clone(),
                Piece::Value(at, choice) => {
                    let parameter = &pack.parameters[*at];
                    let found = parameter.on(day, choice.as_deref(), pack.covers());
                    if let Found::Row(row) = found {
                        let reason = reason(pack, parameter, row);
                        if !because.contains(&reason) {
                            because.push(reason);
                        }
                    }
                    lang.of(&told(found, parameter.unit, pack.currency).text).to_owned()
                }
            };
            pieces.iter().map(piece).collect()
        };
        sentences.iter().map(&mut sentence).collect()
    };
    let (costs, gives) = (fill(&card.costs), fill(&card.gives));
    Some(CardText {
        scheme: By::pack(pack),
        title: lang.of(&pack.title).to_owned(),
        day,
        costs,
        gives,
        because,
    })
}

/// A number as people read it: money with its currency, shares in per cent, months and all others as they are.
///
/// ```
/// # use peal_spec::scheme::{Unit, for_people};
/// let said = |text: &str, unit| for_people(text.parse().unwrap(), unit, "EUR".parse().unwrap());
/// assert_eq!(said("0.123", Unit::Share), "12.3 %");
/// assert_eq!(said("7270", Unit::Money), "7270.00 EUR");
/// assert_eq!(said("0.0375", Unit::Money), "0.0375 EUR");
/// assert_eq!(said("180", Unit::Months), "180");
/// ```
pub fn for_people(number: Number, unit: Unit, currency: Currency) -> String {
    let hundred = || number.times(Number::from(100u64)).ok();
    match unit {
        Unit::Money => {
            let minor = number.minor(currency).ok();
            match minor.filter(|minor| Number::of_minor(*minor, currency) == number) {
                Some(minor) => format!("{} {currency}", currency.format(minor)),
                None => format!("{number} {currency}"),
            }
        }
        Unit::Share => hundred().map_or_else(|| number.to_string(), |hundred| format!("{hundred} %")),
        _ => written(number, unit),
    }
}

/// A value of a parameter, as a pack writes it and for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Told {
    /// As a pack writes it; none if it is not known or not there.
    pub value: Option<String>,
    /// For people.
    pub text: Label,
}

impl Told {
    fn words(en: &str, zh: &str) -> Self {
        Self { value: None, text: Label { en: en.to_owned(), zh: zh.to_owned() } }
    }
}

fn told(found: Found<'_>, unit: Unit, currency: Currency) -> Told {
    match found {
        Found::Row(Row { value: Ok(number), .. }) => {
            let text = for_people(*number, unit, currency);
            Told { value: Some(written(*number, unit)), text: Label { en: text.clone(), zh: text } }
        }
        _ => Told::words("not known", "未知"),
    }
}

fn reason(pack: &Pack, parameter: &Parameter, row: &Row) -> Reason {
    Reason {
        name: parameter.name.clone(),
        label: parameter.label.clone(),
        value: row.value.as_ref().ok().map(|number| written(*number, parameter.unit)),
        from: Some(row.from),
        to: Some(row.to),
        cite: Some(pack.sources[row.source].cite.clone()),
        status: row.status,
    }
}

/// What changed between two days, of one pack or from an older edition to a newer one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Changes {
    /// The pack and the day before.
    pub before: Edition,
    /// The pack and the day after.
    pub after: Edition,
    /// What differs, in the order of the pack after; what that one no longer has comes last.
    pub values: Vec<Changed>,
    /// What is due of the same earnings, if any were given.
    pub due: Option<Dues>,
}

/// A pack on a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Edition {
    /// The pack.
    pub scheme: By,
    /// The day.
    pub day: Day,
}

/// A parameter whose value differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Changed {
    /// Its name.
    pub name: String,
    /// What it is called.
    pub label: Label,
    /// For which choice, if it differs by one.
    pub choice: Option<String>,
    /// What that is called.
    pub choice_label: Option<Label>,
    /// In what it is counted.
    pub unit: Unit,
    /// What it was.
    pub before: Told,
    /// What it is.
    pub after: Told,
    /// The day since when it is so; none if it is not there any more.
    pub since: Option<Day>,
    /// Where that is written.
    pub cite: Option<String>,
    /// How sure it is.
    pub status: Option<Status>,
}

/// What is due of the same earnings before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Dues {
    /// Before.
    pub before: Side,
    /// After.
    pub after: Side,
}

/// What is due of earnings that were moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Side {
    /// The first day, moved.
    pub from: Day,
    /// The last one.
    pub to: Day,
    /// Whether nothing was refused.
    pub complete: bool,
    /// Sums by payer.
    pub payers: Vec<OfPayer>,
    /// Sums by insurance and payer.
    pub insurances: Vec<OfInsurance>,
    /// What could not be reckoned.
    pub refused: Vec<Refused>,
}

/// What changed from a pack on a day to a pack on another day; the packs may be the same one.
///
/// # Errors
/// [`BadQuestion`] if the question cannot be asked of one of them.
pub fn changes(
    before: (&Pack, Day),
    after: (&Pack, Day),
    question: Option<&Question>,
) -> Result<Changes, BadQuestion> {
    let due = match question {
        None => None,
        Some(question) => Some(Dues { before: side(before, question)?, after: side(after, question)? }),
    };
    let edition = |(pack, day)| Edition { scheme: By::pack(pack), day };
    Ok(Changes { before: edition(before), after: edition(after), values: values(before, after), due })
}

/// A parameter for one of the choices by which it differs, or for none.
#[derive(Clone, Copy)]
struct Case<'p> {
    pack: &'p Pack,
    parameter: &'p Parameter,
    choice: Option<&'p (String, Label)>,
}

impl<'p> Case<'p> {
    fn all(pack: &'p Pack) -> impl Iterator<Item = Self> {
        pack.parameters.iter().flat_map(move |parameter| {
            let choices = parameter.by.map(|by| pack.inputs[by].choices.as_slice()).unwrap_or_default();
            let alone = parameter.by.is_none().then_some(None);
            let choices = choices.iter().map(Some).chain(alone);
            choices.map(move |choice| Self { pack, parameter, choice })
        })
    }

    fn key(self) -> Option<&'p str> {
        self.choice.map(|(key, _)| key.as_str())
    }

    fn name(self) -> (&'p str, Option<&'p str>) {
        (&self.parameter.name, self.key())
    }

    fn on(self, day: Day) -> Found<'p> {
        self.parameter.on(day, self.key(), self.pack.covers())
    }

    fn told(self, day: Day) -> Told {
        told(self.on(day), self.parameter.unit, self.pack.currency)
    }

    /// Since when it is what it is on a day: through rows that follow on each other and say the same.
    fn since(self, day: Day) -> Day {
        let row = match self.on(day) {
            Found::Unknown(from, ..) => {
                let mut since = from;
                while let Some(before) = since.before().filter(|before| *before >= self.pack.from)
                    && let Found::Unknown(from, ..) = self.on(before)
                    && from < since
                {
                    since = from;
                }
                return since;
            }
            Found::Row(row) => row,
        };
        let mut from = row.from;
        let rows: Vec<&Row> =
            self.parameter.rows_of(self.key()).take_while(|other| other.from < row.from).collect();
        for earlier in rows.iter().rev() {
            if earlier.value != row.value || earlier.to.after() != Some(from) {
                break;
            }
            from = earlier.from;
        }
        from
    }

    fn changed(self, before: Told, after: Told) -> Changed {
        Changed {
            name: self.parameter.name.clone(),
            label: self.parameter.label.clone(),
            choice: self.key().map(ToOwned::to_owned),
            choice_label: self.choice.map(|(_, label)| label.clone()),
            unit: self.parameter.unit,
            before,
            after,
            since: None,
            cite: None,
            status: None,
        }
    }
}

fn values((old, then): (&Pack, Day), (new, now): (&Pack, Day)) -> Vec<Changed> {
    let not_there = || Told::words("not in the pack", "规则包中没有");
    let mut olds: BTreeMap<_, Case<'_>> = Case::all(old).map(|case| (case.name(), case)).collect();
    let mut changed = Vec::new();
    for case in Case::all(new) {
        let older = olds.remove(&case.name());
        let before = older.map_or_else(not_there, |older| older.told(then));
        let after = case.told(now);
        let alike = older.is_some_and(|older| older.parameter.unit == case.parameter.unit);
        if alike && before == after {
            continue;
        }
        let mut one = case.changed(before, after);
        one.since = Some(case.since(now));
        if let Found::Row(row) = case.on(now) {
            one.cite = Some(new.sources[row.source].cite.clone());
            one.status = Some(row.status);
        }
        changed.push(one);
    }
    let gone = Case::all(old).filter(|case| olds.contains_key(&case.name()));
    changed.extend(gone.map(|case| case.changed(case.told(then), not_there())));
    changed
}

fn side((pack, day): (&Pack, Day), question: &Question) -> Result<Side, BadQuestion> {
    let answer = due(pack, &moved(pack, day, question)?)?;
    Ok(Side {
        from: answer.from,
        to: answer.to,
        complete: answer.complete,
        payers: answer.payers,
        insurances: answer.insurances,
        refused: answer.refused,
    })
}

/// By how many years of the scheme, months or days a question is moved.
#[derive(Clone, Copy)]
enum Step {
    Years(i64),
    Months(i64),
    Days(i64),
}

impl Step {
    /// From the first day of some stretches to a day.
    fn to(pack: &Pack, day: Day, first: Day, stretches: &[(Day, Day)]) -> Self {
        let next = |last: Day| last.after().unwrap_or(last);
        let years =
            |(from, to): &(Day, Day)| pack.year_of(*from) == *from && pack.year_of(next(*to)) == next(*to);
        let months = |(from, to): &(Day, Day)| {
            *from == first_of(from.month()) && next(*to) == first_of(next(*to).month())
        };
        let year = |day| i64::from(pack.year_of(day).month().year());
        let month = |day: Day| i64::from(day.month().ordinal());
        if stretches.iter().all(years) {
            Self::Years(year(day) - year(first))
        } else if stretches.iter().all(months) {
            Self::Months(month(day) - month(first))
        } else {
            Self::Days(day.number().cast_signed() - first.number().cast_signed())
        }
    }

    /// A day on which a stretch begins; none if there is no such day.
    fn begin(self, pack: &Pack, day: Day) -> Option<Day> {
        let plus = |n: u32, by: i64| u32::try_from(i64::from(n) + by).ok();
        match self {
            Self::Years(by) => {
                let year = plus(pack.year_of(day).month().year(), by)?;
                (1970..2999).contains(&year).then(|| pack.year_in(year))
            }
            Self::Months(by) => {
                let month = Month::from_ordinal(plus(day.month().ordinal(), by)?)?;
                (1970..2999).contains(&month.year()).then(|| first_of(month))
            }
            Self::Days(by) => Day::new(day.number().checked_add_signed(by)?),
        }
    }

    /// A stretch.
    fn stretch(self, pack: &Pack, (from, to): (Day, Day)) -> Option<(Day, Day)> {
        Some((self.begin(pack, from)?, self.begin(pack, to.after()?)?.before()?))
    }
}

fn first_of(month: Month) -> Day {
    Day::of_month(month, 1)
}

/// The same question, moved to a day: by years if all of it is whole years of the scheme, else by months if it is whole months, else by days, so
/// that its first day comes into the year or the month of that day, or onto it.
fn moved(pack: &Pack, day: Day, question: &Question) -> Result<Question, BadQuestion> {
    let ((from, to), earned) = question.read(pack)?;
    let stretches: Vec<_> =
        earned.iter().map(|earned| (earned.from, earned.to)).chain([(from, to)]).collect();
    let step = Step::to(pack, day, from, &stretches);
    let text = |first: Day, last: Day| match step.stretch(pack, (first, last)) {
        Some((first, last)) => Ok((Some(first.to_string()), Some(last.to_string()))),
        None => bad("from", format!("these earnings cannot be moved to {day}")),
    };
    let earning = |(given, earned): (&Earning, &Earned)| {
        let (from, to) = text(earned.from, earned.to)?;
        Ok(Earning { day: None, month: None, year: None, from, to, ..given.clone() })
    };
    let earnings = question.earnings.iter().zip(&earned).map(earning).collect::<Result<_, BadQuestion>>()?;
    let (from, to) = text(from, to)?;
    Ok(Question { earnings, from, to, with: question.with.clone(), set: question.set.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheme::Payer;

    fn shipped(id: &str) -> Pack {
        Pack::shipped(id).unwrap().unwrap()
    }

    fn template(change: impl Fn(&str) -> String) -> Pack {
        Pack::read(&change(crate::scheme::TEMPLATE)).unwrap()
    }

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn question(json: serde_json::Value) -> Question {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn a_card_has_the_values_of_its_day() {
        let pack = template(ToOwned::to_owned);
        let before = card(&pack, Lang::En, day("2022-06-01")).unwrap();
        assert_eq!(
            before.costs,
            [
                "You pay 8 % of what you earned in the month, and at least as much as on 500.00 EUR.",
                "For deliveries and rides the platform pays not known on top.",
            ]
        );
        assert_eq!(before.gives[1], "After 120 months you get a pension.");
        let names: Vec<&str> = before.because.iter().map(|reason| reason.name.as_str()).collect();
        assert_eq!(names, ["rate", "base_floor", "saving_rate", "months_needed"]);
        let after = card(&pack, Lang::Zh, day("2026-06-01")).unwrap();
        assert_eq!(after.costs[0], "您按当月收入的 10 % 缴费，收入低于 500.00 EUR 的，按 500.00 EUR 缴。");
        assert_eq!(after.because[2].status, Status::Reported);
        assert!(card(&pack, Lang::Zh, day("2019-12-31")).unwrap().costs[0].contains("未知"));
    }

    #[test]
    fn what_changed_is_told_with_its_day_and_source() {
        let pack = template(ToOwned::to_owned);
        let changes = changes((&pack, day("2022-12-31")), (&pack, day("2026-01-01")), None).unwrap();
        let told: Vec<_> = changes
            .values
            .iter()
            .map(|one| {
                (
                    one.name.as_str(),
                    one.choice.as_deref(),
                    one.before.text.en.as_str(),
                    one.after.text.zh.as_str(),
                )
            })
            .collect();
        assert_eq!(
            told,
            [("rate", None, "8 %", "10 %"), ("platform_rate", Some("riding"), "not known", "2 %")]
        );
        assert_eq!(changes.values[0].since, Some(day("2023-04-01")));
        assert_eq!(changes.values[1].since, Some(day("2023-01-01")));
        assert_eq!(changes.values[1].status, Some(Status::Reported));
        assert_eq!(changes.values[0].before.value.as_deref(), Some("0.08"));
        assert!(changes.due.is_none());
    }

    #[test]
    fn an_older_edition_is_compared_with_a_newer_one() {
        let old = template(ToOwned::to_owned);
        let new = template(|text| {
            text.replace("delay", "postponement")
                .replace(r#"value = "0.05", source = "gazette""#, r#"value = "0.0525", source = "gazette""#)
                // The same number under another source is no change.
                .replace(r#"{ from = "2023-04", value = "0.1","#, r#"{ from = "2023-04", value = "0.1", source = "act" }, { from = "2024-01", value = "0.1","#)
        });
        let at = day("2026-03-01");
        let changes = changes((&old, at), (&new, at), None).unwrap();
        let told: Vec<_> = changes
            .values
            .iter()
            .map(|one| {
                (
                    one.name.as_str(),
                    one.before.text.en.as_str(),
                    one.after.text.en.as_str(),
                    one.since.is_some(),
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                ("per_order", "0.05 EUR", "0.0525 EUR", true),
                ("postponement", "not in the pack", "12", true),
                ("delay", "12", "not in the pack", false),
            ]
        );
        let earlier = self::changes((&new, day("2022-01-01")), (&new, at), None).unwrap();
        assert_eq!(
            earlier.values[0].since,
            Some(day("2023-04-01")),
            "since the number holds, not since its last row"
        );
    }

    #[test]
    fn the_same_earnings_are_moved_to_both_days() {
        let pack = shipped("fr-micro");
        let ask = |days: (&str, &str), earning| {
            let question =
                question(serde_json::json!({"earnings": [earning], "with": {"category": "services-bnc"}}));
            changes((&pack, day(days.0)), (&pack, day(days.1)), Some(&question)).unwrap().due.unwrap()
        };
        let own = |side: &Side| {
            assert!(side.complete && side.payers[0].payer == Payer::Own, "{:?}", side.refused);
            side.payers[0].after
        };
        // Years to years, although the days lie within them.
        let dues = ask(("2025-03-10", "2026-07-01"), serde_json::json!({"year": 2023, "gross": 5_000_000}));
        assert_eq!((dues.before.from, dues.before.to), (day("2025-01-01"), day("2025-12-31")));
        assert_eq!((dues.after.from, dues.after.to), (day("2026-01-01"), day("2026-12-31")));
        assert_eq!((own(&dues.before), own(&dues.after)), (1_240_000, 1_290_000));
        // Months to months, however they are written, and whatever their length.
        let dues = ask(
            ("2025-02-10", "2026-07-01"),
            serde_json::json!({"from": "2023-01-01", "to": "2023-01-31", "gross": 100_000}),
        );
        assert_eq!((dues.before.from, dues.before.to), (day("2025-02-01"), day("2025-02-28")));
        assert_eq!((dues.after.from, dues.after.to), (day("2026-07-01"), day("2026-07-31")));
        // Days to days.
        let dues = ask(
            ("2025-02-10", "2026-07-01"),
            serde_json::json!({"from": "2023-01-01", "to": "2023-01-30", "gross": 100_000}),
        );
        assert_eq!((dues.before.from, dues.before.to), (day("2025-02-10"), day("2025-03-11")));
        assert_eq!((dues.after.from, dues.after.to), (day("2026-07-01"), day("2026-07-30")));
    }

    #[test]
    fn what_lies_outside_of_the_pack_is_refused_on_its_side() {
        let pack = shipped("fr-micro");
        let question = question(serde_json::json!({
            "earnings": [{"month": "2026-01", "gross": 100_000}], "with": {"category": "sales"}}));
        let dues = changes((&pack, day("2008-12-31")), (&pack, day("2026-01-01")), Some(&question))
            .unwrap()
            .due
            .unwrap();
        assert!(!dues.before.complete && dues.after.complete);
        let unknown =
            Question { with: [("colour".to_owned(), crate::scheme::Given::Flag(true))].into(), ..question };
        let at = day("2026-01-01");
        assert_eq!(changes((&pack, at), (&pack, at), Some(&unknown)).unwrap_err().at, "with.colour");
    }
}
