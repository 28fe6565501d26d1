//! A pack out of its text: every fault with its line.
//!
//! 1. The TOML is read into the shapes of `written.rs`; what is no TOML, or has a member that does not belong, is one fault.
//! 2. Names, days, numbers and formulas are understood from the top down, each using only what stands above. All faults are collected.
//!
//! Source: `spec/schemes.md` §1.

mod words;
mod place;
mod law;
mod rules;
mod later;
mod cards;

use std::collections::BTreeMap;
use std::fmt;

use super::number::{Mode, Number, Rounding};
use super::pack::{Guard, Pack, Source, Status, Thing};
use super::written as w;
use crate::hash;
use crate::value::{Currency, Day};

pub(super) use words::day;

/// The most bytes of a pack.
pub const MAX_PACK: usize = 256 * 1024;
/// The most definitions that stand on one another.
const MAX_STACKED: u32 = 32;
/// The most faults that are told.
const MAX_FAULTS: usize = 50;

/// A fault of a pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, and what to do.
    pub what: String,
}

/// Why a pack cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadPack(pub Vec<Fault>);

impl fmt::Display for BadPack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fault) in self.0.iter().enumerate() {
            let newline = if i > 0 { "\n" } else { "" };
            write!(f, "{newline}line {}: {}", fault.line, fault.what)?;
        }
        Ok(())
    }
}
impl std::error::Error for BadPack {}

impl Pack {
    /// Reads a pack.
    ///
    /// # Errors
    /// [`BadPack`] with what is wrong in it, line by line.
    pub fn read(text: &str) -> Result<Self, BadPack> {
        let one = |line, what| BadPack(vec![Fault { line, what }]);
        if text.len() > MAX_PACK {
            return Err(one(1, format!("a pack has at most {MAX_PACK} bytes")));
        }
        let line = |at: usize| text.bytes().take(at).filter(|b| *b == b'\n').count() + 1;
        let written: w::Pack = toml::from_str(text).map_err(|e| {
            let at = e.span().map_or(0, |span| span.start);
            one(line(at), e.message().to_owned())
        })?;
        let mut load = Load { text, faults: Vec::new(), names: BTreeMap::new(), sources: Vec::new() };
        let pack = load.pack(written);
        if load.faults.is_empty() {
            if let Some(pack) = pack {
                return Ok(pack);
            }
            return Err(one(1, "this is no pack".to_owned()));
        }
        load.faults.sort_by_key(|fault| fault.line);
        Err(BadPack(load.faults))
    }
}

struct Load<'t> {
    text: &'t str,
    faults: Vec<Fault>,
    names: BTreeMap<String, Thing>,
    sources: Vec<Source>,
}

impl Load<'_> {
    fn pack(&mut self, written: w::Pack) -> Option<Pack> {
        let currency = self.parse::<Currency>(&written.currency, "an ISO 4217 code, such as CNY");
        let currency = currency.or_else(|| Currency::new(*b"XXX"))?;
        let id = self.text(&written.id, 32);
        if !id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
            self.fault(written.id.span(), "an id has letters a–z, digits and hyphens");
        }
        let jurisdiction = self.text(&written.jurisdiction, 2);
        if jurisdiction.len() != 2 || !jurisdiction.bytes().all(|b| b.is_ascii_uppercase()) {
            self.fault(written.jurisdiction.span(), "expected an ISO 3166-1 code of two letters, such as FR");
        }
        let (from, to) = (self.day(&written.from, false)?, self.day(&written.to, true)?);
        if to < from {
            self.fault(written.to.span(), "to lies before from");
        }
        let year = match &written.year {
            Some(said) => {
                let day = format!("2000-{}", said.get_ref()).parse::<Day>();
                let day = day.ok().filter(|day| day.time().date().2 <= 28);
                self.held(said.span(), day.ok_or("expected a month and day as 04-06, at most the 28th"))
                    .map_or((1, 1), |day| (day.month().of_year(), day.time().date().2))
            }
            None => (1, 1),
        };
        let minor = Number::of_minor(1, currency);
        let mut pack = Pack {
            id,
            version: self.text(&written.version, 32),
            sha256: hash::plain(self.text.as_bytes()),
            jurisdiction,
            currency,
            from,
            to,
            year,
            rounding: Rounding { to: minor, mode: Mode::HalfUp },
            title: self.label(&written.title),
            sources: Vec::new(),
            inputs: Vec::new(),
            parameters: Vec::new(),
            tables: Vec::new(),
            defines: Vec::new(),
            dues: Vec::new(),
            counts: Vec::new(),
            guard: None,
            pension: None,
            scenarios: Vec::new(),
            entitlements: Vec::new(),
            place: None,
            transfers: Vec::new(),
            card: None,
            names: BTreeMap::new(),
        };
        if let Some(rounding) = self.maybe_rounding(written.rounding.as_ref()) {
            pack.rounding = rounding;
        }
        for (name, said) in written.sources {
            let source = said.get_ref();
            let (cite, status) = (self.text(&source.cite, 1024), self.status(&source.status));
            let url = source.url.as_ref().map(|url| self.text(url, 1024));
            self.sources.push(Source { name, cite, status: status.unwrap_or(Status::Assumed), url });
        }
        if self.sources.is_empty() {
            self.fault(0..0, "[sources] names at least one source");
        }
        self.inputs(&mut pack, &written.input);
        for parameter in &written.parameter {
            self.parameter_of(&mut pack, parameter);
        }
        for table in &written.table {
            self.table(&mut pack, table);
        }
        self.defaults(&mut pack, &written.input);
        for define in &written.define {
            self.define(&mut pack, define);
        }
        for due in &written.due {
            self.due(&mut pack, due);
        }
        for count in &written.count {
            self.count(&mut pack, count);
        }
        if let Some(guard) = &written.guard {
            let months = *guard.months.get_ref();
            if !(1..=120).contains(&months) {
                self.fault(guard.months.span(), "months of a guard are 1 to 120");
            }
            pack.guard = self.parameter(&guard.limit).map(|limit| Guard { months, limit });
        }
        for scenario in &written.scenario {
            self.scenario(&mut pack, scenario);
        }
        if let Some(pension) = &written.pension {
            pack.pension = self.pension(&pack, pension);
        } else if let Some(scenario) = written.scenario.first() {
            self.fault(scenario.name.span(), "a scenario needs a [pension]");
        }
        for entitlement in &written.entitlement {
            self.entitlement(&mut pack, entitlement);
        }
        self.moving(&mut pack, written.place.as_ref(), &written.transfer);
        if let Some(cards) = &written.card {
            let (en, zh) = (self.card(&pack, &cards.en), self.card(&pack, &cards.zh));
            pack.card = Some((en, zh));
        }
        pack.sources = std::mem::take(&mut self.sources);
        pack.names = std::mem::take(&mut self.names);
        Some(pack)
    }
}
