//! What a projection is asked and what it says.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::scheme::due::By;
use crate::scheme::pack::{Given, Label, Scenario};
use crate::scheme::reckon::{Reason, Refusal};

/// Who asks, and what she has so far.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectQuestion {
    /// Her month of birth, as `1990-05`.
    pub born: String,
    /// The first month of the projection.
    pub first: String,
    /// Values of inputs, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub with: BTreeMap<String, Given>,
    /// Values of parameters, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub set: BTreeMap<String, Given>,
    /// What she has paid before.
    #[serde(default)]
    pub so_far: SoFar,
    /// In place of the pack's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenarios: Option<Vec<Scenario>>,
}

/// What somebody has paid before the first month.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SoFar {
    /// How many months.
    pub months: u64,
    /// What her account has, in minor units.
    pub balance: u64,
    /// What she paid herself, in minor units.
    pub paid: u64,
    /// The mean index of those months.
    pub index: Option<Given>,
}

/// What taking part brings. Money is in minor units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Projection {
    /// By which pack.
    pub scheme: By,
    /// Of all money.
    pub currency: String,
    /// Month of birth.
    pub born: String,
    /// The first month.
    pub first: String,
    /// The ways of taking part.
    pub scenarios: Vec<Way>,
    /// One thing by years.
    pub grid: Option<GridOf>,
    /// What was assumed, or set in the question.
    pub assumptions: Vec<Reason>,
    /// What stays as it was on the pack's last day.
    pub held: Vec<Reason>,
    /// All that was used.
    pub because: Vec<Reason>,
}

/// A way of taking part, and what comes of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Way {
    /// Its name.
    pub name: String,
    /// What it is called.
    pub label: Label,
    /// Why it could not be reckoned.
    pub refused: Option<Stopped>,
    /// What comes of it, unless it was refused.
    #[serde(flatten)]
    pub outcome: Option<Outcome>,
}

/// Where a projection could not go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stopped {
    /// The month.
    pub month: String,
    /// Why.
    #[serde(flatten)]
    pub refusal: Refusal,
}

/// What comes of a way of taking part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// The month in which she retires.
    pub retires: String,
    /// Her age then, in months.
    pub age: u64,
    /// Months paid.
    pub months: u64,
    /// Months that she needs.
    pub minimum: u64,
    /// Months that are missing.
    pub missing: u64,
    /// What she pays herself in all.
    pub paid: u64,
    /// What subsidies pay.
    pub subsidy: u64,
    /// What platforms and employers pay.
    pub others: u64,
    /// What her account has at retirement.
    pub balance: u64,
    /// The mean index, if the pack has one.
    pub index: Option<String>,
    /// The parts of the pension a month.
    pub parts: Vec<PensionPart>,
    /// The pension a month.
    pub pension: Option<u64>,
    /// The same in wages of the first month.
    pub today: Option<u64>,
    /// What is given once without one.
    pub once: Option<u64>,
    /// Her age in months when what she paid has come back.
    pub break_even: Option<u64>,
    /// How often what she paid comes back.
    pub back: Option<String>,
    /// Months without cover, by insurance.
    pub cover: Vec<Uncovered>,
    /// Month, paid so far, balance: each December and at retirement.
    pub path: Vec<(String, u64, u64)>,
}

/// A part of a pension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PensionPart {
    /// Its name.
    pub name: String,
    /// What it is called.
    pub label: Label,
    /// A month.
    pub amount: u64,
}

/// How long somebody is without an insurance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Uncovered {
    /// The insurance.
    pub insurance: String,
    /// Months from the first one to retirement.
    pub months: u64,
}

/// One thing by years.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GridOf {
    /// What differs.
    pub name: String,
    /// What it is called.
    pub label: Label,
    /// By value, then by years.
    pub cells: Vec<GridCell>,
}

/// What a value for some years brings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GridCell {
    /// The value.
    pub value: String,
    /// The years.
    pub years: u64,
    /// Why it could not be reckoned.
    pub refused: Option<Stopped>,
    /// What comes of it, unless it was refused.
    #[serde(flatten)]
    pub brings: Option<Brings>,
}

/// The figures of a cell of the grid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Brings {
    /// Months paid.
    pub months: u64,
    /// What she pays herself.
    pub paid: u64,
    /// What her account has.
    pub balance: u64,
    /// The pension a month.
    pub pension: Option<u64>,
    /// The same in wages of the first month.
    pub today: Option<u64>,
    /// Months that are missing.
    pub missing: u64,
}
