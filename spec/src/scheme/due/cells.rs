//! Cells: what is assessed at one time, and how days and earnings are cut into them.

use std::collections::{BTreeMap, BTreeSet};

use crate::scheme::pack::{Due, Of, Pack, Per};
use crate::scheme::question::{Asked, Earned, Piece};
use crate::scheme::reckon::Value;
use crate::value::Day;

/// What is assessed at one time.
pub(super) struct Cell<'q> {
    pub(super) from: Day,
    pub(super) to: Day,
    pub(super) by: Option<&'q str>,
    pub(super) pieces: Vec<Piece<'q>>,
}

/// How rules come to the same cells.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cut {
    /// By the days on which parameters of these rules change.
    Earnings(usize),
    /// Whether each payer's are assessed alone.
    Months(bool),
    /// Likewise.
    Years(bool),
}

/// Which rules per earning are cut together: those that name each other. By rule: the first one of its group.
pub(super) fn groups(pack: &Pack) -> Vec<usize> {
    let mut groups: Vec<usize> = (0..pack.dues.len()).collect();
    for (at, due) in pack.dues.iter().enumerate() {
        for other in &due.names {
            let (a, b) = (groups[at], groups[*other]);
            let (low, high) = (a.min(b), a.max(b));
            groups.iter_mut().filter(|group| **group == high).for_each(|group| *group = low);
        }
    }
    groups
}

pub(super) struct Work<'q> {
    pub(super) pack: &'q Pack,
    pub(super) asked: &'q Asked,
    pub(super) days: (Day, Day),
    pub(super) earned: &'q [Earned],
    pub(super) cells: BTreeMap<Cut, Vec<Cell<'q>>>,
}

impl<'q> Work<'q> {
    fn cut_of(&self, due: &Due, groups: &[usize], at: usize) -> Cut {
        match due.per {
            Per::Earning => Cut::Earnings(groups[at]),
            Per::Month => Cut::Months(due.of == Of::Payer),
            Per::Year => Cut::Years(due.of == Of::Payer),
        }
    }

    /// The cells of a rule, made if they are not yet.
    pub(super) fn cut(&mut self, due: &Due, groups: &[usize], at: usize) -> Cut {
        let cut = self.cut_of(due, groups, at);
        let mut uses = BTreeSet::new();
        if due.per == Per::Earning {
            let group = self.pack.dues.iter().zip(groups).filter(|(_, of)| **of == groups[at]);
            group.for_each(|(due, _)| uses.extend(due.uses.iter().copied()));
        }
        self.make(cut, &uses);
        cut
    }

    pub(super) fn make(&mut self, cut: Cut, uses: &BTreeSet<usize>) {
        if self.cells.contains_key(&cut) {
            return;
        }
        let cells = match cut {
            Cut::Earnings(_) => self.earned.iter().flat_map(|earning| self.pieces(earning, uses)).collect(),
            Cut::Months(apart) => self.periods(apart, |day| {
                let month = day.month();
                (Day::of_month(month, 1), Day::of_month(month, 31))
            }),
            Cut::Years(apart) => self.periods(apart, |day| self.pack.year_around(day)),
        };
        self.cells.insert(cut, cells);
    }

    /// An earning, cut on the days on which something that is used changes, and where the pack begins and ends.
    fn pieces(&self, earning: &'q Earned, uses: &BTreeSet<usize>) -> Vec<Cell<'q>> {
        let (first, last) = (earning.from.max(self.days.0), earning.to.min(self.days.1));
        if last < first {
            return Vec::new();
        }
        let mut cuts = BTreeSet::from([first]);
        let ends = [Some(self.pack.from), self.pack.to.after()];
        cuts.extend(ends.into_iter().flatten().filter(|day| first < *day && *day <= last));
        for at in uses.iter().filter(|at| self.asked.set[**at].is_none()) {
            let parameter = &self.pack.parameters[*at];
            let choice = parameter.by.and_then(|by| {
                let given = earning.with[by].as_ref().or(self.asked.with[by].as_ref());
                match given {
                    Some(Value::Text(text)) => Some(text.to_string()),
                    Some(_) => None,
                    None => self.pack.inputs[by].default_choice().map(ToOwned::to_owned),
                }
            });
            cuts.extend(parameter.changes(choice.as_deref(), first, last));
        }
        let starts: Vec<Day> = cuts.into_iter().collect();
        let cells = starts.iter().enumerate().filter_map(|(i, from)| {
            let to = starts.get(i + 1).and_then(|next| next.before()).unwrap_or(last);
            let piece = earning.between(*from, to)?;
            Some(Cell { from: *from, to, by: earning.payer.as_deref(), pieces: vec![piece] })
        });
        cells.collect()
    }

    /// Whole months or years in which days of the question lie, by payer or together.
    fn periods(&self, apart: bool, period: impl Fn(Day) -> (Day, Day)) -> Vec<Cell<'q>> {
        let mut cells: BTreeMap<(Day, Option<&'q str>), Cell<'q>> = BTreeMap::new();
        let cell = |(from, to), by| Cell { from, to, by, pieces: Vec::new() };
        let each = |mut day: Day, last: Day, f: &mut dyn FnMut((Day, Day))| {
            while day <= last {
                let days = period(day);
                f(days);
                let Some(next) = days.1.after().filter(|next| *next > day) else { return };
                day = next;
            }
        };
        if !apart {
            each(self.days.0, self.days.1, &mut |days| {
                cells.entry((days.0, None)).or_insert_with(|| cell(days, None));
            });
        }
        for earning in self.earned {
            let (first, last) = (earning.from.max(self.days.0), earning.to.min(self.days.1));
            let by = if apart { earning.payer.as_deref() } else { None };
            each(first, last, &mut |days| {
                let piece = earning.between(days.0.max(first), days.1.min(last));
                let cell = cells.entry((days.0, by)).or_insert_with(|| cell(days, by));
                cell.pieces.extend(piece);
            });
        }
        cells.into_values().collect()
    }
}
