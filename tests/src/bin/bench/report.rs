//! What came out: a table for people, with what the machine allows beside each figure, and the same as JSON.

use serde_json::{Map, Value, json};

use crate::figure::{Figure, number, tidy};

/// What a figure is held against.
#[derive(Clone, Copy, Debug)]
pub enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

impl Bound {
    fn met(self, value: f64) -> bool {
        match self {
            Bound::AtLeast(bound) => value >= bound,
            Bound::AtMost(bound) => value <= bound,
        }
    }

    fn bound(self) -> f64 {
        let (Bound::AtLeast(bound) | Bound::AtMost(bound)) = self;
        bound
    }

    fn words(self) -> &'static str {
        match self {
            Bound::AtLeast(_) => "at least",
            Bound::AtMost(_) => "at most",
        }
    }
}

/// One line of the table.
pub struct Line {
    key: String,
    name: String,
    figure: Figure,
    unit: &'static str,
    /// What allows it, and its value in the same unit.
    beside: Vec<(&'static str, f64)>,
    target: Option<(String, f64, Bound)>,
    note: Option<String>,
}

impl Line {
    pub fn new(key: impl Into<String>, name: impl Into<String>, figure: Figure, unit: &'static str) -> Self {
        Self {
            key: key.into(),
            name: name.into(),
            figure,
            unit,
            beside: Vec::new(),
            target: None,
            note: None,
        }
    }

    /// A limit in the same unit; the line says which share of it the figure is.
    pub fn beside(mut self, what: &'static str, limit: f64) -> Self {
        self.beside.push((what, limit));
        self
    }

    /// What it should be, as `what` measured in its own way.
    pub fn target(mut self, what: impl Into<String>, value: f64, bound: Bound) -> Self {
        self.target = Some((what.into(), value, bound));
        self
    }

    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    fn json(&self) -> Value {
        let mut out = json!({ "what": self.name, "unit": self.unit, "figure": self.figure.json() });
        for (what, limit) in &self.beside {
            out["limits"][what] = json!({ "limit": tidy(*limit), "share": tidy(self.figure.median / limit) });
        }
        if let Some((what, value, bound)) = &self.target {
            out["target"] = json!({ "what": what, "value": tidy(*value), bound.words().replace(' ', "_"): tidy(bound.bound()), "met": bound.met(*value) });
        }
        if let Some(note) = &self.note {
            out["note"] = json!(note);
        }
        out
    }
}

/// Lines that belong together.
struct Section {
    key: &'static str,
    title: String,
    lines: Vec<Line>,
    words: Vec<String>,
}

/// All of it.
pub struct Report {
    head: Value,
    sections: Vec<Section>,
    extra: Map<String, Value>,
}

impl Report {
    pub fn new(head: Value) -> Self {
        Self { head, sections: Vec::new(), extra: Map::new() }
    }

    pub fn section(&mut self, key: &'static str, title: impl Into<String>) {
        self.sections.push(Section { key, title: title.into(), lines: Vec::new(), words: Vec::new() });
    }

    pub fn line(&mut self, line: Line) {
        if let Some(section) = self.sections.last_mut() {
            section.lines.push(line);
        }
    }

    /// A sentence below the lines of the section.
    pub fn words(&mut self, words: impl Into<String>) {
        if let Some(section) = self.sections.last_mut() {
            section.words.push(words.into());
        }
    }

    /// Something for the JSON alone.
    pub fn extra(&mut self, key: &str, value: Value) {
        self.extra.insert(key.to_owned(), value);
    }

    pub fn json(&self) -> Value {
        let mut out = self.head.clone();
        for section in &self.sections {
            let lines: Map<String, Value> = section.lines.iter().map(|l| (l.key.clone(), l.json())).collect();
            out[section.key] = json!({ "title": section.title, "lines": lines, "words": section.words });
        }
        for (key, value) in &self.extra {
            out[key] = value.clone();
        }
        out["targets"] = self
            .targets()
            .map(|(line, what, value, bound)| {
                json!({ "line": line, "what": what, "value": tidy(value), bound.words().replace(' ', "_"): tidy(bound.bound()), "met": bound.met(value) })
            })
            .collect();
        out
    }

    fn targets(&self) -> impl Iterator<Item = (String, &str, f64, Bound)> {
        self.sections.iter().flat_map(|s| {
            s.lines.iter().filter_map(move |l| {
                let (what, value, bound) = l.target.as_ref()?;
                Some((format!("{}.{}", s.key, l.key), what.as_str(), *value, *bound))
            })
        })
    }

    /// The table.
    pub fn print(&self) {
        for section in &self.sections {
            println!("\n{}", section.title);
            for line in &section.lines {
                let f = line.figure;
                let spread = if f.least < f.most {
                    format!("({} to {})", number(f.least), number(f.most))
                } else {
                    String::new()
                };
                let row =
                    format!("  {:<46} {:>11} {:<6} {:<24}", line.name, number(f.median), line.unit, spread);
                let mut limits = line.beside.iter().map(|(what, limit)| {
                    format!("{:>6} of {:>11}  {what}", percent(f.median / limit), number(*limit))
                });
                println!("{}", format!("{row} {}", limits.next().unwrap_or_default()).trim_end());
                for limit in limits {
                    println!("{:<91} {limit}", "");
                }
                if let Some(note) = &line.note {
                    println!("    {note}");
                }
            }
            for words in &section.words {
                println!("  {words}");
            }
        }
        println!("\nTargets");
        let width = self.targets().map(|t| t.1.len()).max().unwrap_or(0);
        for (_, what, value, bound) in self.targets() {
            let met = if bound.met(value) { "met" } else { "NOT MET" };
            let (value, limit) = (number(value), number(bound.bound()));
            println!("  {what:<width$}   {value:>10}   {} {limit:<8}   {met}", bound.words());
        }
    }
}

/// A share of a limit, as people say it.
fn percent(share: f64) -> String {
    if share < 10.0 { format!("{:.0} %", 100.0 * share) } else { format!("{share:.0} times") }
}
