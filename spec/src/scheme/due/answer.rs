//! What is due, as it is said.

use serde::Serialize;

use crate::scheme::pack::{Label, Pack, Payer};
use crate::scheme::reckon::{Reason, Refusal};
use crate::value::Day;

/// By which pack something was reckoned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct By {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its file, in hexadecimal.
    pub sha256: String,
    /// What it is called.
    pub title: Label,
}

impl By {
    pub(in crate::scheme) fn pack(pack: &Pack) -> Self {
        Self {
            id: pack.id.clone(),
            version: pack.version.clone(),
            sha256: pack.sha256.to_string(),
            title: pack.title.clone(),
        }
    }
}

/// What is due. Money is in minor units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// By which pack.
    pub scheme: By,
    /// Of all money.
    pub currency: String,
    /// The first day that was asked for.
    pub from: Day,
    /// The last one.
    pub to: Day,
    /// Whether nothing was refused.
    pub complete: bool,
    /// What each rule came to.
    pub lines: Vec<Line>,
    /// What could not be reckoned.
    pub refused: Vec<Refused>,
    /// What counts as paid.
    pub counts: Vec<Counted>,
    /// Sums by insurance and payer.
    pub insurances: Vec<OfInsurance>,
    /// Sums by payer, with subsidies.
    pub payers: Vec<OfPayer>,
    /// What she pays herself, beside her income.
    pub affordable: Vec<Affordable>,
}

/// What a rule came to in a cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// The rule.
    pub rule: String,
    /// What it is called.
    pub label: Label,
    /// For which insurance, if for one.
    pub insurance: Option<String>,
    /// Who pays.
    pub payer: Payer,
    /// Whose earnings; none: all, or her own customers'.
    pub by: Option<String>,
    /// The first day of the cell.
    pub from: Day,
    /// The last one.
    pub to: Day,
    /// What it was reckoned from.
    pub base: Option<u64>,
    /// How much.
    pub amount: u64,
    /// The part that goes to the person's own account.
    pub credited: u64,
    /// What it is for.
    pub parts: Vec<PartOf>,
    /// What made it.
    pub because: Vec<Reason>,
}

/// A part of an amount.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PartOf {
    /// What it is called.
    pub label: Label,
    /// The insurance, if it is one.
    pub insurance: Option<String>,
    /// How much.
    pub amount: u64,
}

/// What a rule could not reckon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// The rule.
    pub rule: String,
    /// The first day of the cells.
    pub from: Day,
    /// The last one.
    pub to: Day,
    /// Whose earnings.
    pub by: Option<String>,
    /// Why.
    #[serde(flatten)]
    pub refusal: Refusal,
}

/// Whether a cell counts as paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// The rule.
    pub rule: String,
    /// What it is called.
    pub label: Label,
    /// The first day of the cell.
    pub from: Day,
    /// The last one.
    pub to: Day,
    /// Whose earnings.
    pub by: Option<String>,
    /// Whether it does.
    pub counts: bool,
    /// What made it so.
    pub because: Vec<Reason>,
}

/// A sum of an insurance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OfInsurance {
    /// The insurance; none: several, or none.
    pub insurance: Option<String>,
    /// Who pays.
    pub payer: Payer,
    /// How much, before subsidies.
    pub amount: u64,
    /// What subsidies take over of it.
    pub subsidy: u64,
    /// The part that goes to the person's own account.
    pub credited: u64,
}

/// A sum of a payer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OfPayer {
    /// Who.
    pub payer: Payer,
    /// Before subsidies.
    pub before: u64,
    /// What subsidies take over.
    pub subsidy: u64,
    /// What is left.
    pub after: u64,
}

/// What she pays herself in a month, beside her income.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Affordable {
    /// The month.
    pub month: String,
    /// What she pays, after subsidies.
    pub pays: u64,
    /// Her mean income a month.
    pub income: Option<u64>,
    /// The first divided by the second.
    pub share: Option<String>,
    /// What it should not be more than.
    pub limit: Option<String>,
    /// Whether it is.
    pub over: Option<bool>,
}
