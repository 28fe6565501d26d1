//! What is asked and what the law fixes: inputs, parameters, tables, definitions.

use std::ops::Range;

use toml::Spanned;

use super::place::{CELL, Here};
use super::{Load, MAX_STACKED};
use crate::scheme::formula::{Formula, Kind, Symbol, Variable, read_any};
use crate::scheme::number::Number;
use crate::scheme::pack::{
    Ask, Between, Define, Input, Pack, Parameter, Row, Status, Table, Thing, Unit, set_of,
};
use crate::scheme::written::{self as w, Several};
use crate::value::{Day, Month};

impl Load<'_> {
    pub(super) fn inputs(&mut self, pack: &mut Pack, written: &[w::Input]) {
        for input in written {
            let name = self.name(&input.name, Thing::Input(pack.inputs.len()));
            let label = self.label(&input.label);
            let kinds = [
                ("choice", Ask::Choice),
                ("flag", Ask::Flag),
                ("number", Ask::Number),
                ("money", Ask::Money),
                ("share", Ask::Share),
                ("month", Ask::Month),
            ];
            let ask = self.one_of(&input.kind, &kinds).unwrap_or(Ask::Number);
            if (ask == Ask::Choice) != input.choices.is_some() {
                self.fault(input.kind.span(), "a choice, and nothing else, has choices");
            }
            let mut choices: Vec<_> = input.choices.iter().flat_map(|all| all.get_ref().iter()).collect();
            // As they were written, not as they sort.
            choices.sort_by_key(|(_, label)| label.span().start);
            let choices = choices.into_iter().map(|(key, said)| {
                if !is_key(key) {
                    self.fault(said.span(), "a choice has 1 to 32 of a–z 0–9 -");
                }
                (key.clone(), self.label(said))
            });
            let choices = choices.collect();
            pack.inputs.push(Input { name, label, ask, choices, default: None });
        }
    }

    /// Defaults use parameters, so they are read after these.
    pub(super) fn defaults(&mut self, pack: &mut Pack, written: &[w::Input]) {
        for (at, input) in written.iter().enumerate() {
            let Some(said) = &input.default else { continue };
            let names = self.names.clone();
            let variables = set_of(&[Variable::Month, Variable::CalendarYear]);
            let here = Here { names: &names, pack, variables, alike: None, plain: true };
            let kind = pack.inputs[at].ask.kind();
            let default = self.formula(said, kind, &here);
            if pack.inputs[at].ask == Ask::Choice && !matches!(default, Some(Formula::Text(_)) | None) {
                self.fault(said.span(), "the default of a choice is one of its keys, as \"'other'\"");
            }
            if let Some(Formula::Text(key)) = &default
                && !pack.inputs[at].choices.iter().any(|(choice, _)| **choice == **key)
            {
                self.fault(said.span(), format!("{key} is none of the choices"));
            }
            pack.inputs[at].default = default;
        }
    }

    pub(super) fn parameter_of(&mut self, pack: &mut Pack, written: &w::Parameter) {
        let name = self.name(&written.name, Thing::Parameter(pack.parameters.len()));
        let label = self.label(&written.label);
        let unit = self.unit(&written.unit).unwrap_or(Unit::Number);
        let by = written.by.as_ref().and_then(|said| {
            let found = match self.names.get(said.get_ref()) {
                Some(Thing::Input(at)) if pack.inputs[*at].ask == Ask::Choice => Ok(*at),
                _ => Err(format!("no choice is named {}", said.get_ref())),
            };
            self.held(said.span(), found)
        });
        let mut rows: Vec<(Row, bool, Range<usize>)> = Vec::new();
        for said in &written.values {
            let Some((row, open)) = self.row(said, unit) else { continue };
            let choices: Vec<&String> = match &said.get_ref().of {
                None => Vec::new(),
                Some(Several::One(one)) => vec![one],
                Some(Several::More(more)) => more.iter().collect(),
            };
            if by.is_some() == choices.is_empty() {
                let what = if by.is_some() {
                    "the values differ by a choice: say for which one"
                } else {
                    "for is of a parameter that has by"
                };
                self.fault(said.span(), what);
                continue;
            }
            for choice in &choices {
                let known =
                    by.is_some_and(|by| pack.inputs[by].choices.iter().any(|(key, _)| key == *choice));
                if !known {
                    self.fault(said.span(), format!("{choice} is none of the choices"));
                }
                rows.push((Row { of: Some((*choice).clone()), ..row.clone() }, open, said.span()));
            }
            if choices.is_empty() {
                rows.push((row, open, said.span()));
            }
        }
        // By choice, in the order in which they were written.
        rows.sort_by(|(a, ..), (b, ..)| a.of.cmp(&b.of));
        for i in 0..rows.len() {
            let next = rows.get(i + 1).filter(|(row, ..)| row.of == rows[i].0.of).map(|(row, ..)| row.from);
            let (from, open) = (rows[i].0.from, rows[i].1);
            match next {
                Some(next) if next <= from || (!open && next <= rows[i].0.to) => {
                    let what =
                        "values rise by from and do not overlap: this one begins before the last one ends";
                    let span = rows[i + 1].2.clone();
                    self.fault(span, what);
                }
                Some(next) if open => rows[i].0.to = next.before().unwrap_or(from),
                None if open && from > pack.to => rows[i].0.to = Day::of_month(Month::LAST, 31),
                None if open => rows[i].0.to = pack.to,
                _ => {}
            }
        }
        let rows: Vec<Row> = rows.into_iter().map(|(row, ..)| row).collect();
        if rows.is_empty() {
            self.fault(written.name.span(), "a parameter has at least one value");
        }
        pack.parameters.push(Parameter { name, label, unit, by, rows });
    }

    /// A row, and whether it has no last day of its own.
    pub(super) fn row(&mut self, said: &Spanned<w::Value>, unit: Unit) -> Option<(Row, bool)> {
        let value = said.get_ref();
        let from = self.day(&value.from, false);
        let to = value.to.as_ref().map(|to| self.day(to, true));
        let source = self.source(&value.source);
        let known = match (&value.value, &value.unknown) {
            (Some(number), None) if unit == Unit::Month => {
                let month = number.get_ref().0.parse::<Month>();
                let month = self.held(number.span(), month.map_err(|e| e.to_string()))?;
                Ok(Number::from(u64::from(month.ordinal())))
            }
            (Some(number), None) => Ok(self.number(number)?),
            (None, Some(why)) => Err(self.text(why, 512)),
            _ => {
                self.fault(said.span(), "exactly one of value and unknown is given");
                return None;
            }
        };
        let of_source = self.sources.get(source).map_or(Status::Assumed, |source| source.status);
        let status = value.status.as_ref().and_then(|said| self.status(said)).unwrap_or(of_source);
        let (from, open) = (from?, to.is_none());
        let to = to.unwrap_or(Some(from))?;
        if to < from {
            self.fault(said.span(), "to lies before from");
        }
        Some((Row { of: None, from, to, value: known, source, status }, open))
    }

    pub(super) fn table(&mut self, pack: &mut Pack, written: &w::Table) {
        let name = self.name(&written.name, Thing::Table(pack.tables.len()));
        let (label, source) = (self.label(&written.label), self.source(&written.source));
        let ways = [("refuse", Between::Refuse), ("linear", Between::Linear), ("step", Between::Step)];
        let between = written.between.as_ref().and_then(|said| self.one_of(said, &ways));
        let mut rows: Vec<(Number, Number)> = Vec::new();
        for said in &written.rows {
            let (key, value) = said.get_ref();
            let pair = key.0.parse::<Number>().and_then(|key| Ok((key, value.0.parse::<Number>()?)));
            let Some((key, value)) = self.held(said.span(), pair.map_err(|e| e.to_string())) else {
                continue;
            };
            if rows.last().is_some_and(|(last, _)| key <= *last) {
                self.fault(said.span(), "the keys of a table rise");
            }
            rows.push((key, value));
        }
        if rows.is_empty() {
            self.fault(written.name.span(), "a table has at least one row");
        }
        let rounding = self.maybe_rounding(written.rounding.as_ref());
        let between = between.unwrap_or(Between::Refuse);
        pack.tables.push(Table { name, label, source, rows, between, rounding });
    }

    pub(super) fn define(&mut self, pack: &mut Pack, written: &w::Define) {
        let per_earning = match &written.per {
            Some(said) => self.one_of(said, &[("earning", true)]).unwrap_or(false),
            None => false,
        };
        let all: Vec<Variable> =
            Variable::ALL.iter().map(|(v, _)| *v).filter(|v| *v != Variable::Amount).collect();
        let names = self.names.clone();
        let variables = set_of(if per_earning { &CELL } else { &all });
        let here = Here { names: &names, pack, variables, alike: None, plain: false };
        let read = self.held(written.formula.span(), read_any(written.formula.get_ref(), &here));
        let name = self.name(&written.name, Thing::Define(pack.defines.len()));
        let label = self.label(&written.label);
        let source = written.source.as_ref().map(|said| self.source(said));
        let rounding = self.maybe_rounding(written.rounding.as_ref());
        // What could not be read stands for a number, so that what uses it is not a second fault.
        let (formula, kind) = read.unwrap_or((Formula::Number(Number::ZERO), Kind::Number));
        if kind != Kind::Number && (per_earning || rounding.is_some()) {
            self.fault(written.formula.span(), "only numbers are rounded, or added up over earnings");
        }
        let (mut needs, mut depth) = (0, 1);
        formula.each(&mut |part| match part {
            Formula::Variable(variable) => needs |= set_of(&[*variable]),
            Formula::Name(Symbol::Define(at)) => {
                let below = &pack.defines[*at];
                needs |= below.needs;
                depth = depth.max(below.depth + 1);
            }
            _ => {}
        });
        if depth > MAX_STACKED {
            let what = format!("at most {MAX_STACKED} definitions stand on one another");
            self.fault(written.name.span(), what);
        }
        if per_earning {
            needs = set_of(&[Variable::Gross]);
        }
        pack.defines.push(Define { name, label, formula, kind, per_earning, source, rounding, needs, depth });
    }
}

fn is_key(key: &str) -> bool {
    (1..=32).contains(&key.len())
        && key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
