//! What it brings in the end: pension, ways to take part, rights.

use std::collections::BTreeMap;

use toml::Spanned;

use super::Load;
use super::place::{BEFORE, CELL, Here, RETIRED, RIGHTS};
use crate::scheme::formula::{Formula, Kind, Variable};
use crate::scheme::pack::{
    Assigned, Entitlement, Gives, Grid, Named, Pack, Pension, PlaceRule, Scenario, Thing, Transfer, set_of,
};
use crate::scheme::written::{self as w, Said};
use crate::value::Month;

impl Load<'_> {
    pub(super) fn named(&mut self, pack: &Pack, written: &w::Named, variables: &[Variable]) -> Option<Named> {
        let names = self.names.clone();
        let here = Here { names: &names, pack, variables: set_of(variables), alike: None, plain: false };
        let formula = self.formula(&written.formula, Kind::Number, &here);
        let name = self.name(&written.name, Thing::Other);
        let (label, source) = (self.label(&written.label), self.source(&written.source));
        let rounding = self.maybe_rounding(written.rounding.as_ref()).unwrap_or(pack.rounding);
        formula.map(|formula| Named { name, label, formula, source, rounding })
    }

    pub(super) fn pension(&mut self, pack: &Pack, written: &w::Pension) -> Option<Pension> {
        let names = self.names.clone();
        let at = |variables: &[Variable]| Here {
            names: &names,
            pack,
            variables: set_of(variables),
            alike: None,
            plain: false,
        };
        let insurance = self.insurance(&written.insurance);
        let source = self.source(&written.source);
        let (wage, growth) = (self.parameter(&written.wage), self.parameter(&written.growth));
        let age = self.formula(&written.age, Kind::Number, &at(&[]));
        let retiring = [Variable::Month, Variable::CalendarYear];
        let minimum = self.formula(&written.minimum, Kind::Number, &at(&retiring));
        let interest = self.parameter(&written.interest);
        let mut month: Vec<(&String, &Said)> = written.month.iter().collect();
        month.sort_by_key(|(_, said)| said.span().start);
        let month: Vec<(Assigned, Formula)> = month
            .into_iter()
            .filter_map(|(name, said)| {
                let (assigned, kind) = match (name.as_str(), names.get(name)) {
                    ("gross", _) => (Assigned::Gross, Kind::Number),
                    ("orders", _) => (Assigned::Orders, Kind::Number),
                    (_, Some(Thing::Parameter(at))) => (Assigned::Parameter(*at), Kind::Number),
                    (_, Some(Thing::Input(at))) => (Assigned::Input(*at), pack.inputs[*at].ask.kind()),
                    _ => {
                        self.fault(
                            said.span(),
                            format!("{name} is no input, no parameter, not gross and not orders"),
                        );
                        return None;
                    }
                };
                Some((assigned, self.formula(said, kind, &at(&BEFORE))?))
            })
            .collect();
        let index = written.index.as_ref().and_then(|index| {
            let variables: Vec<Variable> = BEFORE.iter().chain(&CELL).copied().collect();
            let formula = self.formula(&index.formula, Kind::Number, &at(&variables));
            let rounding = self.maybe_rounding(index.rounding.as_ref());
            formula.map(|formula| (formula, rounding))
        });
        let parts: Vec<Named> =
            written.parts.iter().filter_map(|part| self.named(pack, part, &RETIRED)).collect();
        let otherwise = written.otherwise.as_ref().and_then(|other| {
            let formula = self.formula(&other.formula, Kind::Number, &at(&RETIRED));
            let (label, source) = (self.label(&other.label), self.source(&other.source));
            formula.map(|formula| Named {
                name: "otherwise".to_owned(),
                label,
                formula,
                source,
                rounding: pack.rounding,
            })
        });
        let until = written.until.as_ref().and_then(|said| self.parameter(said));
        let grid = written.grid.as_ref().and_then(|grid| self.grid(grid));
        Some(Pension {
            insurance: insurance?,
            source,
            wage: wage?,
            growth: growth?,
            age: age?,
            minimum: minimum?,
            month,
            index,
            interest: interest?,
            parts,
            otherwise,
            until,
            grid,
        })
    }

    pub(super) fn grid(&mut self, written: &w::Grid) -> Option<Grid> {
        let label = self.label(&written.label);
        let named = match self.names.get(written.name.get_ref()) {
            Some(Thing::Parameter(_) | Thing::Input(_)) => Ok(written.name.get_ref().clone()),
            _ => Err(format!("no parameter and no input is named {}", written.name.get_ref())),
        };
        let name = self.held(written.name.span(), named);
        if !(1..=16).contains(&written.values.len()) || !(1..=16).contains(&written.years.len()) {
            self.fault(written.name.span(), "a grid has 1 to 16 values and 1 to 16 numbers of years");
        }
        let values =
            written.values.iter().filter_map(|said| self.number(said).map(|_| said.get_ref().0.clone()));
        let values: Vec<String> = values.collect();
        let years = written.years.iter().filter_map(|said| {
            let years = *said.get_ref();
            let fits = (1..=80).contains(&years).then_some(years);
            self.held(said.span(), fits.ok_or("years of a grid are 1 to 80"))
        });
        let years = years.collect();
        name.map(|name| Grid { name, label, values, years })
    }

    pub(super) fn scenario(&mut self, pack: &mut Pack, written: &w::Scenario) {
        let name = self.name(&written.name, Thing::Other);
        let label = self.label(&written.label);
        let given = |load: &mut Self,
                     all: &BTreeMap<String, Spanned<w::Given>>,
                     wanted: fn(&Thing) -> bool,
                     what: &str| {
            for (name, said) in all {
                if !load.names.get(name).is_some_and(wanted) {
                    load.fault(said.span(), format!("{name} is no {what}"));
                }
            }
            all.iter().map(|(name, said)| (name.clone(), said.get_ref().clone())).collect()
        };
        let with = given(self, &written.with, |thing| matches!(thing, Thing::Input(_)), "input");
        let set = given(self, &written.set, |thing| matches!(thing, Thing::Parameter(_)), "parameter");
        pack.scenarios.push(Scenario {
            name,
            label,
            start: written.start,
            pays: written.pays,
            pause: written.pause,
            longer: written.longer,
            subsidy: written.subsidy.unwrap_or(true),
            with,
            set,
        });
        if pack.scenarios.len() > 32 {
            self.fault(written.name.span(), "a pack has at most 32 scenarios");
        }
    }

    pub(super) fn entitlement(&mut self, pack: &mut Pack, written: &w::Entitlement) {
        let names = self.names.clone();
        let needs = [Variable::Month, Variable::CalendarYear, Variable::AgeNow];
        let here = Here { names: &names, pack, variables: set_of(&needs), alike: None, plain: false };
        let gives = Here { variables: set_of(&RIGHTS), ..here };
        let mut number = |said: &Option<Said>| self.maybe(said.as_ref(), Kind::Number, &here);
        let (months, window) = (number(&written.months), number(&written.window));
        let (one, several) = (number(&written.one), number(&written.several));
        let (days_window, minimum) = (number(&written.days_window), number(&written.minimum));
        let when = self.maybe(written.when.as_ref(), Kind::Flag, &here);
        let on = written.on.as_ref().and_then(|said| self.one_of(said, &[("today", false), ("year", true)]));
        let treated = written.treated.iter().filter_map(|said| self.insurance(said)).collect();
        let gives = written
            .gives
            .iter()
            .filter_map(|given| {
                let formula = self.formula(&given.formula, Kind::Number, &gives);
                let (name, label) = (self.name(&given.name, Thing::Other), self.label(&given.label));
                let unit = self.unit(&given.unit)?;
                formula.map(|formula| Gives { name, label, formula, unit })
            })
            .collect();
        let name = self.name(&written.name, Thing::Other);
        let (label, source) = (self.label(&written.label), self.source(&written.source));
        let Some(insurance) = self.insurance(&written.insurance) else { return };
        pack.entitlements.push(Entitlement {
            name,
            label,
            insurance,
            source,
            months,
            window,
            one,
            several,
            days_window,
            minimum,
            treated,
            each: written.each,
            on_year: on.unwrap_or(false),
            when,
            gives,
        });
    }

    /// Where a right is claimed, and what goes along in a move.
    pub(super) fn moving(&mut self, pack: &mut Pack, place: Option<&w::Place>, transfers: &[w::Transfer]) {
        if let Some(place) = place {
            let names = self.names.clone();
            let here = Here { names: &names, pack, variables: 0, alike: None, plain: false };
            let long = self.formula(&place.long, Kind::Number, &here);
            let source = self.source(&place.source);
            pack.place = long.map(|long| PlaceRule { long, source });
        }
        for transfer in transfers {
            let what = w::Named {
                name: transfer.name.clone(),
                label: transfer.label.clone(),
                formula: transfer.formula.clone(),
                source: transfer.source.clone(),
                rounding: None,
            };
            let since = transfer.since.as_ref();
            let since = since.and_then(|said| self.parse::<Month>(said, "a month as 1998-01"));
            if let Some(what) = self.named(pack, &what, &RIGHTS) {
                pack.transfers.push(Transfer { what, since });
            }
        }
    }
}
