//! A pack as it is written: the shapes of its TOML, before anything in it is understood.
//!
//! Source: `spec/schemes.md` §1. What must be named by line is [`Spanned`]; an unknown member is an error.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de};
use toml::Spanned;

/// Text with its place.
pub(super) type Said = Spanned<String>;

/// A text in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// In English.
    pub en: String,
    /// In Chinese.
    pub zh: String,
}

/// A number as an integer or as a decimal in quotes.
#[derive(Clone, Debug)]
pub(super) struct Decimal(pub(super) String);

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Decimal;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an integer, or a decimal in quotes such as \"0.128\"")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Decimal, E> {
                Ok(Decimal(text.to_owned()))
            }
            fn visit_i64<E: de::Error>(self, whole: i64) -> Result<Decimal, E> {
                Ok(Decimal(whole.to_string()))
            }
            fn visit_u64<E: de::Error>(self, whole: u64) -> Result<Decimal, E> {
                Ok(Decimal(whole.to_string()))
            }
        }
        d.deserialize_any(Visitor)
    }
}

/// One or several.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Several {
    One(String),
    More(Vec<String>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pack {
    pub(super) id: Said,
    pub(super) version: Said,
    pub(super) jurisdiction: Said,
    pub(super) currency: Said,
    pub(super) from: Said,
    pub(super) to: Said,
    pub(super) year: Option<Said>,
    pub(super) rounding: Option<Spanned<Rounding>>,
    pub(super) title: Spanned<Label>,
    pub(super) sources: BTreeMap<String, Spanned<Source>>,
    #[serde(default)]
    pub(super) input: Vec<Input>,
    #[serde(default)]
    pub(super) parameter: Vec<Parameter>,
    #[serde(default)]
    pub(super) table: Vec<Table>,
    #[serde(default)]
    pub(super) define: Vec<Define>,
    #[serde(default)]
    pub(super) due: Vec<Due>,
    #[serde(default)]
    pub(super) count: Vec<Count>,
    pub(super) guard: Option<Guard>,
    pub(super) pension: Option<Pension>,
    #[serde(default)]
    pub(super) scenario: Vec<Scenario>,
    #[serde(default)]
    pub(super) entitlement: Vec<Entitlement>,
    pub(super) place: Option<Place>,
    #[serde(default)]
    pub(super) transfer: Vec<Transfer>,
    pub(super) card: Option<Cards>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rounding {
    pub(super) to: Spanned<Decimal>,
    pub(super) mode: Said,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Source {
    pub(super) cite: Said,
    pub(super) status: Said,
    pub(super) url: Option<Said>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    pub(super) name: Said,
    pub(super) label: Spanned<Label>,
    pub(super) kind: Said,
    pub(super) choices: Option<Spanned<BTreeMap<String, Spanned<Label>>>>,
    pub(super) default: Option<Said>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameter {
    pub(super) name: Said,
    pub(super) label: Spanned<Label>,
    pub(super) unit: Said,
    pub(super) by: Option<Said>,
    pub(super) values: Vec<Spanned<Value>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Value {
    pub(super) from: Said,
    pub(super) to: Option<Said>,
    pub(super) value: Option<Spanned<Decimal>>,
    pub(super) unknown: Option<Said>,
    #[serde(rename = "for")]
    pub(super) of: Option<Several>,
    pub(super) source: Said,
    pub(super) status: Option<Said>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    pub(super) name: Said,
    pub(super) label: Spanned<Label>,
    pub(super) source: Said,
    pub(super) rows: Vec<Spanned<(Decimal, Decimal)>>,
    pub(super) between: Option<Said>,
    pub(super) rounding: Option<Spanned<Rounding>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Define {
    pub(super) name: Said,
    pub(super) label: Spanned<Label>,
    pub(super) formula: Said,
    pub(super) source: Option<Said>,
    pub(super) rounding: Option<Spanned<Rounding>>,
    pub(super) per: Option<Said>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Refuse {
    pub(super) when: Said,
    pub(super) why: Spanned<Label>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    pub(super) label: Spanned<Label>,
    pub(super) insurance: Option<Said>,
    pub(super) share: Said,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Due {
    pub(super) name: Said,
    pub(super) label: Spanned<Label>,
    pub(super) source: Said,
    pub(super) payer: Said,
    pub(super) insurance: Option<Said>,
    pub(super) per: Said,
    pub(super) of: Option<Said>,
    pub(super) when: Option<Said>,
    #[serde(default)]
    pub(super) refuse: Vec<Refuse>,
    pub(super) base: Option<Said>,
    pub(super) amount: Said,
    pub(super) credited: Option<Said>,
    #[serde(default)]
    pub(super) parts: Vec<Part>,
    pub(super) relieves: Option<Said>,
    pub(super) rounding: Option<Spanned<Rounding>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Count {
    pub(super) name: Said,
    pub(super) label: Spanned<Label>,
    pub(super) source: Said,
    pub(super) per: Said,
    pub(super) of: Option<Said>,
    pub(super) when: Said,
    #[serde(default)]
    pub(super) refuse: Vec<Refuse>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Guard {
    pub(super) months: Spanned<u64>,
    pub(super) limit: Said,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Index {
    pub(super) formula: Said,
    pub(super) rounding: Option<Spanned<Rounding>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Named {
    pub(super) name: Said,
    pub(super) label: Spanned<Label>,
    pub(super) formula: Said,
    pub(super) source: Said,
    pub(super) rounding: Option<Spanned<Rounding>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Otherwise {
    pub(super) label: Spanned<Label>,
    pub(super) formula: Said,
    pub(super) source: Said,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pension {
    pub(super) insurance: Said,
    pub(super) source: Said,
    pub(super) wage: Said,
    pub(super) growth: Said,
    pub(super) age: Said,
    pub(super) minimum: Said,
    /// Sorted by name; the order in which they were written is that of their places.
    pub(super) month: BTreeMap<String, Said>,
    pub(super) index: Option<Index>,
    pub(super) interest: Said,
    pub(super) parts: Vec<Named>,
    pub(super) otherwise: Option<Otherwise>,
    pub(super) until: Option<Said>,
    pub(super) grid: Option<Grid>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Grid {
    pub(super) name: Said,
    pub(super) label: Spanned<Label>,
    pub(super) values: Vec<Spanned<Decimal>>,
    pub(super) years: Vec<Spanned<u64>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scenario {
    pub(super) name: Said,
    pub(super) label: Spanned<Label>,
    #[serde(default)]
    pub(super) start: u64,
    pub(super) pays: Option<u64>,
    pub(super) pause: Option<(u64, u64)>,
    #[serde(default)]
    pub(super) longer: u64,
    pub(super) subsidy: Option<bool>,
    #[serde(default)]
    pub(super) with: BTreeMap<String, Spanned<Given>>,
    #[serde(default)]
    pub(super) set: BTreeMap<String, Spanned<Given>>,
}

/// A value as somebody gives it: written as in a pack.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(untagged)]
pub enum Given {
    /// A flag.
    Flag(bool),
    /// A whole number.
    Whole(i64),
    /// A decimal, a choice, a month.
    Text(String),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Gives {
    pub(super) name: Said,
    pub(super) label: Spanned<Label>,
    pub(super) formula: Said,
    pub(super) unit: Said,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entitlement {
    pub(super) name: Said,
    pub(super) label: Spanned<Label>,
    pub(super) insurance: Said,
    pub(super) source: Said,
    pub(super) months: Option<Said>,
    pub(super) window: Option<Said>,
    pub(super) one: Option<Said>,
    pub(super) several: Option<Said>,
    pub(super) days_window: Option<Said>,
    pub(super) minimum: Option<Said>,
    #[serde(default)]
    pub(super) treated: Vec<Said>,
    #[serde(default)]
    pub(super) each: bool,
    pub(super) on: Option<Said>,
    pub(super) when: Option<Said>,
    #[serde(default)]
    pub(super) gives: Vec<Gives>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    pub(super) long: Said,
    pub(super) source: Said,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Transfer {
    pub(super) name: Said,
    pub(super) label: Spanned<Label>,
    pub(super) formula: Said,
    pub(super) source: Said,
    pub(super) since: Option<Said>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cards {
    pub(super) en: Card,
    pub(super) zh: Card,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Card {
    pub(super) costs: Vec<Said>,
    pub(super) gives: Vec<Said>,
}
