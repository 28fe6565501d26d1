//! The words of a pack: texts, names, numbers, days and what stands for one of a few things, each with its place.

use std::ops::Range;
use std::str::FromStr;

use toml::Spanned;

use super::place::Here;
use super::{Fault, Load, MAX_FAULTS};
use crate::scheme::formula::{Formula, Kind, Variable, WORDS, read_any};
use crate::scheme::number::{Mode, Number, Rounding};
use crate::scheme::pack::{Label, Of, Payer, Per, Status, Thing, Unit};
use crate::scheme::written::{self as w, Said};
use crate::value::{Day, Insurance, Month};

impl Load<'_> {
    pub(super) fn fault(&mut self, span: Range<usize>, what: impl Into<String>) {
        if self.faults.len() < MAX_FAULTS {
            let line = self.text.bytes().take(span.start).filter(|b| *b == b'\n').count() + 1;
            self.faults.push(Fault { line, what: what.into() });
        }
    }

    /// Keeps what is there, or says where it is not.
    pub(super) fn held<T>(&mut self, span: Range<usize>, found: Result<T, impl Into<String>>) -> Option<T> {
        found.map_err(|what| self.fault(span, what)).ok()
    }

    pub(super) fn parse<T: FromStr>(&mut self, said: &Said, what: &str) -> Option<T> {
        self.held(said.span(), said.get_ref().parse().map_err(|_| format!("expected {what}")))
    }

    pub(super) fn one_of<T: Copy>(&mut self, said: &Said, of: &[(&str, T)]) -> Option<T> {
        let found = of.iter().find(|(name, _)| name == said.get_ref()).map(|(_, value)| *value);
        let names = of.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        self.held(said.span(), found.ok_or(format!("expected one of {names}")))
    }

    pub(super) fn text(&mut self, said: &Said, most: usize) -> String {
        let text = said.get_ref();
        if text.trim().is_empty() || text.len() > most || text.chars().any(char::is_control) {
            self.fault(said.span(), format!("expected 1 to {most} bytes on one line"));
        }
        text.clone()
    }

    pub(super) fn label(&mut self, said: &Spanned<Label>) -> Label {
        let label = said.get_ref();
        for text in [&label.en, &label.zh] {
            if text.trim().is_empty() || text.len() > 256 || text.chars().any(char::is_control) {
                self.fault(said.span(), "a label has en and zh, each 1 to 256 bytes on one line");
            }
        }
        label.clone()
    }

    /// Takes a name for something, once.
    pub(super) fn name(&mut self, said: &Said, thing: Thing) -> String {
        let name = said.get_ref();
        let first = name.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
        let all = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if !first || !all || name.len() > 40 {
            self.fault(said.span(), "a name is a–z and then at most 39 of a–z 0–9 _");
        } else if WORDS.contains(&name.as_str()) || Variable::named(name).is_some() {
            self.fault(said.span(), format!("{name} is a word of formulas; choose another name"));
        } else if self.names.contains_key(name) {
            self.fault(said.span(), format!("{name} is named twice"));
        } else {
            self.names.insert(name.clone(), thing);
        }
        name.clone()
    }

    pub(super) fn number(&mut self, said: &Spanned<w::Decimal>) -> Option<Number> {
        let found = said.get_ref().0.parse::<Number>().map_err(|e| e.to_string());
        self.held(said.span(), found)
    }

    pub(super) fn rounding(&mut self, said: &Spanned<w::Rounding>) -> Option<Rounding> {
        let (to, mode) = (&said.get_ref().to, &said.get_ref().mode);
        let step = self.number(to);
        if step.is_some_and(|step| !step.is_positive()) {
            self.fault(to.span(), "the step of rounding is above zero");
            return None;
        }
        let modes = [
            ("half-up", Mode::HalfUp),
            ("half-even", Mode::HalfEven),
            ("up", Mode::Up),
            ("down", Mode::Down),
        ];
        let mode = self.one_of(mode, &modes)?;
        step.map(|to| Rounding { to, mode })
    }

    pub(super) fn maybe_rounding(&mut self, said: Option<&Spanned<w::Rounding>>) -> Option<Rounding> {
        said.and_then(|said| self.rounding(said))
    }

    pub(super) fn source(&mut self, said: &Said) -> usize {
        let found = self.sources.iter().position(|source| source.name == *said.get_ref());
        let none = format!("no source is named {}", said.get_ref());
        self.held(said.span(), found.ok_or(none)).unwrap_or(0)
    }

    pub(super) fn status(&mut self, said: &Said) -> Option<Status> {
        let all = [
            ("official", Status::Official),
            ("reported", Status::Reported),
            ("disputed", Status::Disputed),
            ("assumed", Status::Assumed),
        ];
        self.one_of(said, &all)
    }

    pub(super) fn insurance(&mut self, said: &Said) -> Option<Insurance> {
        let found = said.get_ref().parse::<Insurance>().map_err(|e| e.to_string());
        self.held(said.span(), found)
    }

    pub(super) fn payer(&mut self, said: &Said) -> Option<Payer> {
        let all = [
            ("self", Payer::Own),
            ("platform", Payer::Platform),
            ("employer", Payer::Employer),
            ("subsidy", Payer::Subsidy),
        ];
        self.one_of(said, &all)
    }

    pub(super) fn per(&mut self, said: &Said) -> Option<Per> {
        self.one_of(said, &[("earning", Per::Earning), ("month", Per::Month), ("year", Per::Year)])
    }

    pub(super) fn of(&mut self, said: Option<&Said>) -> Option<Of> {
        match said {
            Some(said) => self.one_of(said, &[("payer", Of::Payer), ("all", Of::All)]),
            None => Some(Of::All),
        }
    }

    pub(super) fn unit(&mut self, said: &Said) -> Option<Unit> {
        let all = [
            ("share", Unit::Share),
            ("money", Unit::Money),
            ("number", Unit::Number),
            ("days", Unit::Days),
            ("weeks", Unit::Weeks),
            ("months", Unit::Months),
            ("years", Unit::Years),
            ("month", Unit::Month),
        ];
        self.one_of(said, &all)
    }

    pub(super) fn parameter(&mut self, said: &Said) -> Option<usize> {
        let found = match self.names.get(said.get_ref()) {
            Some(Thing::Parameter(at)) => Ok(*at),
            _ => Err(format!("no parameter is named {}", said.get_ref())),
        };
        self.held(said.span(), found)
    }

    /// A day: `2026-07-01`, `2026-07` or `2026`, the last one of it or the first.
    pub(super) fn day(&mut self, said: &Said, last: bool) -> Option<Day> {
        self.held(
            said.span(),
            day(said.get_ref(), last).ok_or("expected a day as 2026-07-01, 2026-07 or 2026, from 1970 on"),
        )
    }

    pub(super) fn formula(&mut self, said: &Said, kind: Kind, here: &Here<'_>) -> Option<Formula> {
        let found = read_any(said.get_ref(), here).and_then(|(formula, found)| match found == kind {
            true => Ok(formula),
            false => Err(format!("the formula gives {}, and {} is wanted here", found.name(), kind.name())),
        });
        self.held(said.span(), found)
    }

    pub(super) fn maybe(&mut self, said: Option<&Said>, kind: Kind, here: &Here<'_>) -> Option<Formula> {
        said.and_then(|said| self.formula(said, kind, here))
    }
}

/// A day: `2026-07-01`, `2026-07` or `2026`; the first or the last one of it.
pub(in crate::scheme) fn day(text: &str, last: bool) -> Option<Day> {
    let of_month =
        |month: Month| (month.year() >= 1970).then(|| Day::of_month(month, if last { 31 } else { 1 }));
    match text.len() {
        10 => text.parse().ok().filter(|day| *day <= Day::of_month(Month::LAST, 31)),
        7 => of_month(text.parse().ok()?),
        4 => of_month(format!("{text}-{}", if last { "12" } else { "01" }).parse().ok()?),
        _ => None,
    }
}
