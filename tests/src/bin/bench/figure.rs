//! Figures: the median of several runs with the least and the greatest, times with their percentiles, and words for people.

use std::fmt::Display;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Median, least and greatest of several runs.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    pub median: f64,
    pub least: f64,
    pub most: f64,
}

impl Figure {
    /// Of these runs, of which there is at least one.
    pub fn of(mut runs: Vec<f64>) -> Self {
        runs.sort_by(f64::total_cmp);
        Self { median: runs[runs.len() / 2], least: runs[0], most: runs[runs.len() - 1] }
    }

    /// A value that was taken once.
    pub fn once(value: f64) -> Self {
        Self { median: value, least: value, most: value }
    }

    pub fn json(self) -> Value {
        json!({ "median": tidy(self.median), "least": tidy(self.least), "most": tidy(self.most) })
    }
}

/// A number with as many digits as it deserves.
pub fn tidy(value: f64) -> f64 {
    let unit = if value.abs() >= 1000.0 { 1.0 } else { 1000.0 };
    (value * unit).round() / unit
}

/// How long things took, in milliseconds.
#[derive(Clone, Debug)]
pub struct Times {
    sorted: Vec<f64>,
}

impl Times {
    /// Of these, of which there is at least one.
    pub fn of(times: &[Duration]) -> Self {
        let mut sorted: Vec<f64> = times.iter().map(|t| t.as_secs_f64() * 1e3).collect();
        assert!(!sorted.is_empty(), "nothing was timed");
        sorted.sort_by(f64::total_cmp);
        Self { sorted }
    }

    pub fn count(&self) -> usize {
        self.sorted.len()
    }

    /// The time within which this share of them lies.
    pub fn at(&self, share: f64) -> f64 {
        self.sorted[((self.sorted.len() - 1) as f64 * share).round() as usize]
    }

    /// Median, least and greatest.
    pub fn figure(&self) -> Figure {
        Figure { median: self.p50(), least: self.at(0.0), most: self.at(1.0) }
    }

    pub fn p50(&self) -> f64 {
        self.at(0.5)
    }

    pub fn p99(&self) -> f64 {
        self.at(0.99)
    }
}

/// A number for people: thousands apart, or three digits.
pub fn number(value: f64) -> String {
    if value.abs() < 10.0 {
        return format!("{value:.2}");
    }
    if value.abs() < 1000.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// Whole numbers for people.
pub fn whole(value: u64) -> String {
    if value < 1000 { value.to_string() } else { number(value as f64) }
}

/// How far the benchmark is, on standard error, with the seconds since it began.
pub fn say(words: &str) {
    static BEGAN: OnceLock<Instant> = OnceLock::new();
    let began = BEGAN.get_or_init(Instant::now);
    eprintln!("bench {:>6.1} s  {words}", began.elapsed().as_secs_f64());
}

/// What must be there, or the benchmark ends: a figure of work that went wrong would be worth nothing.
pub trait Must<T> {
    fn must(self, what: &str) -> T;
}

impl<T, E: Display> Must<T> for Result<T, E> {
    fn must(self, what: &str) -> T {
        self.unwrap_or_else(|e| panic!("{what}: {e}"))
    }
}

impl<T> Must<T> for Option<T> {
    fn must(self, what: &str) -> T {
        self.unwrap_or_else(|| panic!("{what}: there is none"))
    }
}

/// How many cores there are.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}
