//! `peal scheme check`: the faults of a pack, by line, and what in it looks like a mistake.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use peal_spec::scheme::{Assigned, Fault, Formula, Pack, Parameter, Piece, Symbol};
use peal_wallet::due::days;
use peal_wallet::layout::Style;
use peal_wallet::trouble::Trouble;
use serde_json::{Value, json};

use super::super::Done;
use super::super::pack::written;

/// Check packs: every fault with its line, and what is unused
///
/// Exit code 0: all are good; 1: at least one has faults; 2: a file cannot be read. What looks like a mistake is told, and is no fault.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  peal scheme check ruritania.toml\n  peal scheme check packs/*.toml --json"
)]
pub(crate) struct Args {
    /// Packs
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// What a pack uses of what it has, by place.
#[derive(Default)]
struct Uses {
    sources: BTreeSet<usize>,
    inputs: BTreeSet<usize>,
    parameters: BTreeSet<usize>,
    tables: BTreeSet<usize>,
    defines: BTreeSet<usize>,
}

impl Uses {
    fn formula(&mut self, formula: &Formula) {
        formula.each(&mut |part| {
            match part {
                Formula::Name(Symbol::Input(at)) => self.inputs.insert(*at),
                Formula::Name(Symbol::Parameter(at)) => self.parameters.insert(*at),
                Formula::Name(Symbol::Define(at)) => self.defines.insert(*at),
                Formula::Table(at, _) => self.tables.insert(*at),
                _ => false,
            };
        });
    }

    fn formulas<'f>(&mut self, formulas: impl IntoIterator<Item = &'f Option<Formula>>) {
        formulas.into_iter().flatten().for_each(|formula| self.formula(formula));
    }

    fn name(&mut self, pack: &Pack, name: &str) {
        self.inputs.extend(pack.input(name));
        self.parameters.extend(pack.parameter(name));
    }

    fn of(pack: &Pack) -> Self {
        let mut uses = Self::default();
        uses.law(pack);
        uses.brings(pack);
        uses
    }

    /// Values, and what is due of them.
    fn law(&mut self, pack: &Pack) {
        for input in &pack.inputs {
            self.formulas([&input.default]);
        }
        for parameter in &pack.parameters {
            self.inputs.extend(parameter.by);
            self.sources.extend(parameter.rows.iter().map(|row| row.source));
        }
        self.sources.extend(pack.tables.iter().map(|table| table.source));
        for define in &pack.defines {
            self.formula(&define.formula);
            self.sources.extend(define.source);
        }
        for due in &pack.dues {
            self.sources.insert(due.source);
            self.formulas([&due.when, &due.base, &due.credited]);
            self.formula(&due.amount);
            due.refuse.iter().for_each(|refuse| self.formula(&refuse.when));
            self.parameters.extend(due.parts.iter().map(|part| part.share));
        }
        for count in &pack.counts {
            self.sources.insert(count.source);
            self.formula(&count.when);
            count.refuse.iter().for_each(|refuse| self.formula(&refuse.when));
        }
        self.parameters.extend(pack.guard.as_ref().map(|guard| guard.limit));
    }

    /// What it brings, and what cards say.
    fn brings(&mut self, pack: &Pack) {
        if let Some(pension) = &pack.pension {
            self.sources.insert(pension.source);
            self.parameters.extend([pension.wage, pension.growth, pension.interest]);
            self.parameters.extend(pension.until);
            self.formula(&pension.age);
            self.formula(&pension.minimum);
            for (what, formula) in &pension.month {
                self.formula(formula);
                match what {
                    Assigned::Input(at) => self.inputs.insert(*at),
                    Assigned::Parameter(at) => self.parameters.insert(*at),
                    Assigned::Gross | Assigned::Orders => false,
                };
            }
            pension.index.iter().for_each(|(formula, _)| self.formula(formula));
            for part in pension.parts.iter().chain(&pension.otherwise) {
                self.formula(&part.formula);
                self.sources.insert(part.source);
            }
            pension.grid.iter().for_each(|grid| self.name(pack, &grid.name));
        }
        for scenario in &pack.scenarios {
            scenario.with.keys().chain(scenario.set.keys()).for_each(|name| self.name(pack, name));
        }
        for right in &pack.entitlements {
            self.sources.insert(right.source);
            self.formulas([&right.months, &right.window, &right.one, &right.several]);
            self.formulas([&right.days_window, &right.minimum, &right.when]);
            right.gives.iter().for_each(|gives| self.formula(&gives.formula));
        }
        if let Some(place) = &pack.place {
            self.formula(&place.long);
            self.sources.insert(place.source);
        }
        for transfer in &pack.transfers {
            self.formula(&transfer.what.formula);
            self.sources.insert(transfer.what.source);
        }
        let cards = pack.card.iter().flat_map(|(en, zh)| [en, zh]);
        let pieces = cards.flat_map(|card| card.costs.iter().chain(&card.gives)).flatten();
        self.parameters.extend(pieces.filter_map(|piece| match piece {
            Piece::Value(at, _) => Some(*at),
            Piece::Words(_) => None,
        }));
    }
}

/// Days of the pack for which a parameter says neither a value nor that it is not known.
fn silent(pack: &Pack, parameter: &Parameter, choice: Option<&str>) -> Vec<String> {
    let mut silent = Vec::new();
    let mut next = Some(pack.from);
    for row in parameter.rows_of(choice) {
        if let Some(first) = next
            && first < row.from
        {
            silent.push(days(first, row.from.before().unwrap_or(first)));
        }
        next = row.to.after();
    }
    if let Some(first) = next.filter(|first| *first <= pack.to) {
        silent.push(days(first, pack.to));
    }
    silent
}

/// What is no fault, but looks like a mistake.
fn warnings(pack: &Pack) -> Vec<String> {
    let uses = Uses::of(pack);
    let mut warnings = Vec::new();
    let mut unused = |what: &str, names: Vec<&str>, used: &BTreeSet<usize>| {
        let unused = names.into_iter().enumerate().filter(|(at, _)| !used.contains(at));
        warnings.extend(unused.map(|(_, name)| format!("the {what} {name} is not used")));
    };
    unused("source", pack.sources.iter().map(|one| one.name.as_str()).collect(), &uses.sources);
    unused("input", pack.inputs.iter().map(|one| one.name.as_str()).collect(), &uses.inputs);
    unused("parameter", pack.parameters.iter().map(|one| one.name.as_str()).collect(), &uses.parameters);
    unused("table", pack.tables.iter().map(|one| one.name.as_str()).collect(), &uses.tables);
    unused("definition", pack.defines.iter().map(|one| one.name.as_str()).collect(), &uses.defines);
    for parameter in &pack.parameters {
        let choices: Vec<Option<&str>> = match parameter.by {
            Some(by) => pack.inputs[by].choices.iter().map(|(key, _)| Some(key.as_str())).collect(),
            None => vec![None],
        };
        // By the days that are missing, for which choices.
        let mut missing: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for choice in choices {
            let silent = silent(pack, parameter, choice).join(", ");
            if !silent.is_empty() {
                missing.entry(silent).or_default().extend(choice);
            }
        }
        for (days, choices) in missing {
            let name = &parameter.name;
            let of = if choices.is_empty() { String::new() } else { format!(", for {}", choices.join(", ")) };
            warnings.push(format!(
                "{name} says nothing of {days}{of}; if it is not known, say why with `unknown`"
            ));
        }
    }
    if pack.card.is_none() {
        warnings.push("there is no card: a worker cannot read what it costs and gives".to_owned());
    }
    warnings
}

/// What a pack has.
fn counts(pack: &Pack) -> Vec<(&'static str, usize)> {
    let rows = || pack.parameters.iter().flat_map(|parameter| &parameter.rows);
    vec![
        ("sources", pack.sources.len()),
        ("inputs", pack.inputs.len()),
        ("parameters", pack.parameters.len()),
        ("values", rows().filter(|row| row.value.is_ok()).count()),
        ("values not known", rows().filter(|row| row.value.is_err()).count()),
        ("tables", pack.tables.len()),
        ("definitions", pack.defines.len()),
        ("dues", pack.dues.len()),
        ("counts", pack.counts.len()),
        ("scenarios", pack.scenarios.len()),
        ("rights", pack.entitlements.len()),
        ("transfers", pack.transfers.len()),
    ]
}

fn good(out: &mut String, file: &str, pack: &Pack, style: Style) -> Value {
    let (counts, warnings) = (counts(pack), warnings(pack));
    let has = counts.iter().filter(|(_, n)| *n > 0).map(|(what, n)| format!("{n} {what}"));
    let _ = writeln!(
        out,
        "{file}: {}: {} {}\n  sha256 {}\n  {}",
        style.paint(32, "good"),
        pack.id,
        pack.version,
        pack.sha256,
        has.collect::<Vec<_>>().join(", ")
    );
    for warning in &warnings {
        let _ = writeln!(out, "  {}: {warning}", style.paint(33, "perhaps a mistake"));
    }
    let counts: serde_json::Map<String, Value> =
        counts.into_iter().map(|(what, n)| (what.replace(' ', "_"), json!(n))).collect();
    json!({ "file": file, "good": true, "id": pack.id, "version": pack.version, "sha256": pack.sha256.to_string(),
        "counts": counts, "warnings": warnings, "faults": [] })
}

fn bad(out: &mut String, file: &str, faults: &[Fault], style: Style) -> Value {
    for Fault { line, what } in faults {
        let _ = writeln!(out, "{}", style.paint(31, &format!("{file}:{line}: {}", what.replace('\n', " "))));
    }
    let faults: Vec<_> =
        faults.iter().map(|fault| json!({ "line": fault.line, "what": fault.what })).collect();
    json!({ "file": file, "good": false, "faults": faults })
}

/// Checks one; says with it whether it has faults.
fn check(out: &mut String, path: &Path, style: Style) -> Result<(bool, Value), Trouble> {
    let (text, file) = (written(path)?, path.display().to_string());
    Ok(match Pack::read(&text) {
        Ok(pack) => (false, good(out, &file, &pack, style)),
        Err(faults) => (true, bad(out, &file, &faults.0, style)),
    })
}

pub(crate) fn run(args: &Args) -> Result<Done, Trouble> {
    if let [path] = args.files.as_slice() {
        let mut out = String::new();
        let (faulty, json) = check(&mut out, path, Style::of_stdout())?;
        return Ok(Done::with_code(u8::from(faulty), out, json!([json])));
    }
    let (mut out, mut all, mut code) = (String::new(), Vec::new(), 0);
    for path in &args.files {
        match check(&mut out, path, Style::of_stdout()) {
            Ok((faulty, json)) => {
                code = if faulty { 1 } else { code };
                all.push(json);
            }
            Err(trouble) => {
                code = if code == 1 { 1 } else { trouble.code() };
                let _ = writeln!(out, "{}: {}", path.display(), trouble.what);
                all.push(json!({ "file": path.display().to_string(), "good": false, "error": trouble }));
            }
        }
    }
    Ok(Done::with_code(code, out, json!(all)))
}
