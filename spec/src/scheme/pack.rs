//! A pack that was understood: what one scheme has said since when, and where that is written.
//!
//! Source: `spec/schemes.md` §1. Names are places in lists; all that a formula uses is there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::formula::{Formula, Kind, Variable};
use super::number::{Number, Rounding};
pub use super::written::{Given, Label};
use crate::hash::Hash;
use crate::value::{Currency, Day, Insurance, Month};

/// A scheme as data.
#[derive(Clone, Debug)]
pub struct Pack {
    /// Its name, as contributions have it.
    pub id: String,
    /// Which edition.
    pub version: String,
    /// SHA-256 of the file.
    pub sha256: Hash,
    /// ISO 3166-1 code.
    pub jurisdiction: String,
    /// Of all its money.
    pub currency: Currency,
    /// The first day that it covers.
    pub from: Day,
    /// The last one.
    pub to: Day,
    /// Month and day on which the scheme's year begins.
    pub year: (u32, u64),
    /// Of amounts.
    pub rounding: Rounding,
    /// What it is called.
    pub title: Label,
    /// Where it is written.
    pub sources: Vec<Source>,
    /// What is asked.
    pub inputs: Vec<Input>,
    /// What the law fixes.
    pub parameters: Vec<Parameter>,
    /// Functions by table.
    pub tables: Vec<Table>,
    /// Formulas with names.
    pub defines: Vec<Define>,
    /// What is to be paid.
    pub dues: Vec<Due>,
    /// What counts as paid.
    pub counts: Vec<Count>,
    /// What is affordable.
    pub guard: Option<Guard>,
    /// What it brings in the end.
    pub pension: Option<Pension>,
    /// Ways to take part.
    pub scenarios: Vec<Scenario>,
    /// What one may have a right to.
    pub entitlements: Vec<Entitlement>,
    /// Where a right is claimed.
    pub place: Option<PlaceRule>,
    /// What goes along in a move.
    pub transfers: Vec<Transfer>,
    /// In plain words, English and Chinese.
    pub card: Option<(Card, Card)>,
    /// The name of everything that has one.
    pub(super) names: BTreeMap<String, Thing>,
}

/// What a name of a pack names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thing {
    Input(usize),
    Parameter(usize),
    Table(usize),
    Define(usize),
    Due(usize),
    /// Something that no formula can use.
    Other,
}

/// How sure something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The law or the authority says so.
    Official,
    /// A secondary source does.
    Reported,
    /// Sources differ.
    Disputed,
    /// The pack's author chose it.
    Assumed,
    /// It was set in the question.
    Given,
}

/// Where something is written.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name in the pack.
    pub name: String,
    /// The citation.
    pub cite: String,
    /// How sure it is.
    pub status: Status,
    /// Where it can be read.
    pub url: Option<String>,
}

/// The kind of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Ask {
    /// One of some.
    Choice,
    /// True or false.
    Flag,
    /// A number.
    Number,
    /// Money, in major units.
    Money,
    /// A part of one.
    Share,
    /// A calendar month.
    Month,
}

impl Ask {
    /// What a formula sees of it.
    pub fn kind(self) -> Kind {
        match self {
            Self::Choice => Kind::Text,
            Self::Flag => Kind::Flag,
            Self::Number | Self::Money | Self::Share | Self::Month => Kind::Number,
        }
    }
}

/// What is asked of the person, or said with an earning.
#[derive(Clone, Debug)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// What it is called.
    pub label: Label,
    /// What it can be.
    pub ask: Ask,
    /// Of a choice: keys and labels.
    pub choices: Vec<(String, Label)>,
    /// What it is if nobody says.
    pub default: Option<Formula>,
}

impl Input {
    /// The choice that it is if nobody says.
    pub(super) fn default_choice(&self) -> Option<&str> {
        match &self.default {
            Some(Formula::Text(key)) => Some(key),
            _ => None,
        }
    }
}

/// In what a number is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Unit {
    Share,
    Money,
    Number,
    Days,
    Weeks,
    Months,
    Years,
    /// A calendar month.
    Month,
}

/// What the law fixes, by day.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// What it is called.
    pub label: Label,
    /// In what it is counted.
    pub unit: Unit,
    /// The input by which it differs.
    pub by: Option<usize>,
    /// By choice, then by day.
    pub rows: Vec<Row>,
}

/// What a parameter is for some days.
#[derive(Clone, Debug)]
pub struct Row {
    /// For which choice.
    pub of: Option<String>,
    /// The first day.
    pub from: Day,
    /// The last one.
    pub to: Day,
    /// The number, or why it is not known.
    pub value: Result<Number, String>,
    /// Place of the source.
    pub source: usize,
    /// How sure it is.
    pub status: Status,
}

/// What a parameter is on a day.
#[derive(Clone, Copy, Debug)]
pub enum Found<'p> {
    /// This.
    Row(&'p Row),
    /// Not known, for these days, because of this.
    Unknown(Day, Day, Option<&'p str>),
}

impl Parameter {
    /// The rows of a choice.
    pub fn rows_of<'p>(&'p self, choice: Option<&'p str>) -> impl Iterator<Item = &'p Row> {
        self.rows.iter().filter(move |row| row.of.as_deref() == choice)
    }

    /// What it is on a day.
    pub fn on<'p>(&'p self, day: Day, choice: Option<&'p str>, pack: (Day, Day)) -> Found<'p> {
        let (mut from, mut to) = pack;
        for row in self.rows_of(choice) {
            if row.to < day {
                from = from.max(row.to.after().unwrap_or(row.to));
            } else if row.from > day {
                to = to.min(row.from.before().unwrap_or(row.from));
                break;
            } else if let Err(why) = &row.value {
                return Found::Unknown(row.from, row.to, Some(why));
            } else {
                return Found::Row(row);
            }
        }
        Found::Unknown(from, to, None)
    }

    /// The first days of rows, and the days after them, that lie after one day and up to another.
    pub(super) fn changes<'p>(
        &'p self,
        choice: Option<&'p str>,
        first: Day,
        last: Day,
    ) -> impl Iterator<Item = Day> + 'p {
        let ends = self.rows_of(choice).flat_map(|row| [Some(row.from), row.to.after()]);
        ends.flatten().filter(move |day| first < *day && *day <= last)
    }
}

/// What stands between the rows of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Between {
    /// Nothing.
    Refuse,
    /// The line between their values.
    Linear,
    /// The row before.
    Step,
}

/// A function of one number.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// What it is called.
    pub label: Label,
    /// Place of the source.
    pub source: usize,
    /// Keys, rising, and values.
    pub rows: Vec<(Number, Number)>,
    /// What stands between them.
    pub between: Between,
    /// Of what the line gives.
    pub rounding: Option<Rounding>,
}

/// What is assessed at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Per {
    /// Each earning.
    Earning,
    /// Each calendar month.
    Month,
    /// Each of the scheme's years.
    Year,
}

/// Whose earnings are assessed together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Those from one payer.
    Payer,
    /// All.
    All,
}

/// A formula with a name.
#[derive(Clone, Debug)]
pub struct Define {
    /// Its name.
    pub name: String,
    /// What it is called.
    pub label: Label,
    /// The formula.
    pub formula: Formula,
    /// What it gives.
    pub kind: Kind,
    /// Whether it is reckoned for each earning and added up.
    pub per_earning: bool,
    /// Place of the source.
    pub source: Option<usize>,
    /// Of what it gives.
    pub rounding: Option<Rounding>,
    /// What a place must give so that it can be used, as a set of variables.
    pub(super) needs: u32,
    /// How many definitions stand on one another in it.
    pub(super) depth: u32,
}

/// Who pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Payer {
    /// The person.
    #[serde(rename = "self")]
    Own,
    /// The platform.
    Platform,
    /// The employer.
    Employer,
    /// A subsidy.
    Subsidy,
}

/// Where a rule is refused, and why.
#[derive(Clone, Debug)]
pub struct Refuse {
    /// The condition.
    pub when: Formula,
    /// Why.
    pub why: Label,
}

/// What an amount is for.
#[derive(Clone, Debug)]
pub struct Part {
    /// What it is called.
    pub label: Label,
    /// The insurance, if it is one.
    pub insurance: Option<Insurance>,
    /// The parameter that is its share.
    pub share: usize,
}

/// What is to be paid.
#[derive(Clone, Debug)]
pub struct Due {
    /// Its name.
    pub name: String,
    /// What it is called.
    pub label: Label,
    /// Place of the source.
    pub source: usize,
    /// Who pays.
    pub payer: Payer,
    /// For which insurance, if for one.
    pub insurance: Option<Insurance>,
    /// What is assessed at one time.
    pub per: Per,
    /// Whose earnings together.
    pub of: Of,
    /// When anything is due.
    pub when: Option<Formula>,
    /// Where it is refused.
    pub refuse: Vec<Refuse>,
    /// What it is reckoned from.
    pub base: Option<Formula>,
    /// How much.
    pub amount: Formula,
    /// What goes to the person's own account.
    pub credited: Option<Formula>,
    /// What it is for.
    pub parts: Vec<Part>,
    /// The due of which a subsidy pays a part.
    pub relieves: Option<usize>,
    /// Of its amounts.
    pub rounding: Rounding,
    /// The parameters that it uses, itself or through definitions.
    pub(super) uses: Vec<usize>,
    /// The dues that it names.
    pub(super) names: Vec<usize>,
}

/// What counts as paid.
#[derive(Clone, Debug)]
pub struct Count {
    /// Its name.
    pub name: String,
    /// What it is called.
    pub label: Label,
    /// Place of the source.
    pub source: usize,
    /// What is assessed at one time.
    pub per: Per,
    /// Whose earnings together.
    pub of: Of,
    /// When it counts.
    pub when: Formula,
    /// Where that is refused.
    pub refuse: Vec<Refuse>,
}

/// What is affordable.
#[derive(Clone, Debug)]
pub struct Guard {
    /// Over how many months income is reckoned.
    pub months: u64,
    /// The parameter that is the largest share.
    pub limit: usize,
}

/// A part of a pension, or what goes along in a move.
#[derive(Clone, Debug)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// What it is called.
    pub label: Label,
    /// The formula.
    pub formula: Formula,
    /// Place of the source.
    pub source: usize,
    /// Of what it gives.
    pub rounding: Rounding,
}

/// What is set in a month of a projection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assigned {
    /// An input.
    Input(usize),
    /// A parameter.
    Parameter(usize),
    /// What was earned.
    Gross,
    /// How many orders.
    Orders,
}

/// What a scheme brings in the end.
#[derive(Clone, Debug)]
pub struct Pension {
    /// The insurance.
    pub insurance: Insurance,
    /// Place of the source.
    pub source: usize,
    /// The parameter that is the average wage.
    pub wage: usize,
    /// The parameter that says how it grows.
    pub growth: usize,
    /// Age in months.
    pub age: Formula,
    /// Months that one needs.
    pub minimum: Formula,
    /// What is set in each month.
    pub month: Vec<(Assigned, Formula)>,
    /// A month's index.
    pub index: Option<(Formula, Option<Rounding>)>,
    /// The parameter that is the rate of a year.
    pub interest: usize,
    /// What makes up the pension.
    pub parts: Vec<Named>,
    /// What is given once without one.
    pub otherwise: Option<Named>,
    /// The parameter that is the age up to which what comes back is added up.
    pub until: Option<usize>,
    /// The grid.
    pub grid: Option<Grid>,
}

/// One thing by years.
#[derive(Clone, Debug)]
pub struct Grid {
    /// What differs: a parameter or an input.
    pub name: String,
    /// What it is called.
    pub label: Label,
    /// The values, as written.
    pub values: Vec<String>,
    /// For how many years somebody pays.
    pub years: Vec<u64>,
}

/// A way to take part.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// What it is called.
    pub label: Label,
    /// After how many months she begins.
    #[serde(default)]
    pub start: u64,
    /// How many months she then pays; none: until retirement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pays: Option<u64>,
    /// After how many months of paying she pauses, and for how many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause: Option<(u64, u64)>,
    /// Months after the age at which she may retire.
    #[serde(default)]
    pub longer: u64,
    /// Whether subsidies are reckoned.
    #[serde(default = "yes")]
    pub subsidy: bool,
    /// Inputs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub with: BTreeMap<String, Given>,
    /// Parameters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub set: BTreeMap<String, Given>,
}

fn yes() -> bool {
    true
}

/// What a right gives.
#[derive(Clone, Debug)]
pub struct Gives {
    /// Its name.
    pub name: String,
    /// What it is called.
    pub label: Label,
    /// The formula.
    pub formula: Formula,
    /// In what it is counted.
    pub unit: Unit,
}

/// What one may have a right to.
#[derive(Clone, Debug)]
pub struct Entitlement {
    /// Its name.
    pub name: String,
    /// What it is called.
    pub label: Label,
    /// The insurance.
    pub insurance: Insurance,
    /// Place of the source.
    pub source: usize,
    /// Months that one needs.
    pub months: Option<Formula>,
    /// Among how many.
    pub window: Option<Formula>,
    /// Days with one payer.
    pub one: Option<Formula>,
    /// Days with several.
    pub several: Option<Formula>,
    /// Among how many months.
    pub days_window: Option<Formula>,
    /// What a month must bring, in major units.
    pub minimum: Option<Formula>,
    /// Insurances whose benefits make a month count.
    pub treated: Vec<Insurance>,
    /// Whether a day with three payers is three.
    pub each: bool,
    /// Whether the day is the last one of the year before.
    pub on_year: bool,
    /// A condition beside them.
    pub when: Option<Formula>,
    /// What it gives.
    pub gives: Vec<Gives>,
}

/// Where a right is claimed.
#[derive(Clone, Debug)]
pub struct PlaceRule {
    /// Months in one region that make it hers.
    pub long: Formula,
    /// Place of the source.
    pub source: usize,
}

/// What goes along in a move.
#[derive(Clone, Debug)]
pub struct Transfer {
    /// What, and how much.
    pub what: Named,
    /// The first month whose base counts.
    pub since: Option<Month>,
}

/// A scheme in plain words; `{name}` stands for a value.
#[derive(Clone, Debug)]
pub struct Card {
    /// What it costs.
    pub costs: Vec<Vec<Piece>>,
    /// What it gives.
    pub gives: Vec<Vec<Piece>>,
}

/// A piece of a sentence.
#[derive(Clone, Debug)]
pub enum Piece {
    /// Words.
    Words(String),
    /// The value of a parameter, for a choice.
    Value(usize, Option<String>),
}

impl Pack {
    /// The days that it covers.
    pub fn covers(&self) -> (Day, Day) {
        (self.from, self.to)
    }

    /// A parameter's place.
    pub fn parameter(&self, name: &str) -> Option<usize> {
        match self.names.get(name) {
            Some(Thing::Parameter(place)) => Some(*place),
            _ => None,
        }
    }

    /// An input's place.
    pub fn input(&self, name: &str) -> Option<usize> {
        match self.names.get(name) {
            Some(Thing::Input(place)) => Some(*place),
            _ => None,
        }
    }

    /// The first day of the scheme's year in which a day lies.
    pub fn year_of(&self, day: Day) -> Day {
        self.year_around(day).0
    }

    /// The first and the last day of the scheme's year in which a day lies.
    pub fn year_around(&self, day: Day) -> (Day, Day) {
        let year = day.month().year();
        let begins = if day < self.year_in(year) { year.saturating_sub(1) } else { year };
        let next = if begins < Month::LAST.year() { self.year_in(begins + 1).before() } else { None };
        (self.year_in(begins), next.unwrap_or_else(|| Day::of_month(Month::LAST, 31)))
    }

    /// The first day of the scheme's year that begins in a calendar year.
    pub fn year_in(&self, year: u32) -> Day {
        let (month, day) = self.year;
        Month::new(year * 100 + month).map_or(self.from, |month| Day::of_month(month, day))
    }
}

/// A set of variables.
pub(super) fn set_of(variables: &[Variable]) -> u32 {
    variables.iter().fold(0, |set, variable| set | 1 << (*variable as u32))
}
