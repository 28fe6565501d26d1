//! Alerts: what no record says and the mere passing of days brings about.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::{History, Rule};
use crate::target::{Claimed, Stage, Turn};
use crate::value::{BadValue, Day, Insurance, Month, Time};

/// Something that did not come in time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Alert {
    /// The day on which it is too late.
    pub day: Day,
    /// What did not come.
    #[serde(flatten)]
    pub why: Why,
}

/// What did not come in time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "alert", rename_all = "kebab-case")]
pub enum Why {
    /// A contribution.
    Missing {
        /// Number of the payer's account.
        payer: u64,
        /// The month.
        month: String,
        /// The insurance; none if the payer never paid to any.
        insurance: Option<String>,
    },
    /// What somebody had to do about a claim.
    Late {
        /// Sequence of the claim.
        claim: u64,
        /// Whose turn it is.
        turn: Turn,
        /// Until when there was time.
        until: String,
    },
}

/// How far somebody has been told of an account: `17@2026-11-28`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// How many of its records.
    pub records: u64,
    /// The last day whose alerts were told.
    pub day: Day,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.records, self.day)
    }
}

impl FromStr for Told {
    type Err = BadValue;
    fn from_str(text: &str) -> Result<Self, BadValue> {
        let bad = BadValue("a number of records and a day, as 17@2026-11-28");
        let (records, day) = text.split_once('@').ok_or(bad)?;
        Ok(Self { records: records.parse().map_err(|_| bad)?, day: day.parse()? })
    }
}

/// What came to be missing or late after one day and until another, and still is.
pub fn alerts(history: &History, after: Day, until: Day) -> Vec<Alert> {
    let mut alerts: Vec<Alert> = missing(history).chain(late(history)).collect();
    alerts.retain(|alert| after < alert.day && alert.day <= until);
    // Stable: what falls on one day stays in the order in which it was found.
    alerts.sort_by_key(|alert| alert.day);
    alerts
}

/// What one payer owes one insurance, or any, in one month.
type Expected = (Month, u64, Option<Insurance>);

fn missing(history: &History) -> impl Iterator<Item = Alert> {
    let mut pays: BTreeMap<u64, BTreeSet<Insurance>> = BTreeMap::new();
    let mut stands: BTreeSet<Expected> = BTreeSet::new();
    for entry in history.all_entries() {
        pays.entry(entry.issuer).or_default().insert(entry.insurance);
        if !entry.void && entry.left().0 > 0 {
            stands.insert((entry.month, entry.issuer, Some(entry.insurance)));
        }
    }
    let habits = stands.iter().filter_map(|(month, payer, of)| Some((month.next()?, *payer, *of)));
    let mut expected: BTreeSet<Expected> = habits.collect();
    for work in history.work() {
        match pays.get(&work.payer) {
            Some(of) => expected.extend(of.iter().map(|of| (work.month, work.payer, Some(*of)))),
            None => drop(expected.insert((work.month, work.payer, None))),
        }
    }
    let missing: Vec<Expected> = expected.difference(&stands).copied().collect();
    missing.into_iter().filter_map(|(month, payer, insurance)| {
        let day = Day::of_month(month.next()?, Rule::DUE + 1);
        let (month, insurance) = (month.to_string(), insurance.map(|i| i.to_string()));
        Some(Alert { day, why: Why::Missing { payer, month, insurance } })
    })
}

fn late(history: &History) -> impl Iterator<Item = Alert> {
    history.claims().flat_map(|(claim, claimed)| {
        let over = deadlines(claimed).into_iter().flatten();
        over.map(move |(turn, until)| Alert {
            day: until.into(),
            why: Why::Late { claim, turn, until: until.to_string() },
        })
    })
}

/// Until when somebody has, or had, to act on a claim as it stands.
fn deadlines(claimed: &Claimed) -> [Option<(Turn, Time)>; 2] {
    let after = |seconds: u64| Time::new(claimed.filed.seconds().saturating_add(seconds));
    let answer = after(Claimed::TO_ANSWER).filter(|_| claimed.stage == Stage::Open);
    // Long after all that has a time of its own, the clock stands where it stays until somebody acts.
    let last = after(Claimed::TO_ANSWER).map(|over| claimed.clock(over));
    let last = last.and_then(|(turn, until)| Some((turn, until?)));
    [answer.map(|until| (Turn::Party, until)), last]
}
