//! The journal of an issuer: what it has recorded, under which reference, and how it stands. A file beside the outbox.
//!
//! Lines are those of a return file, appended and synced; a later line of the same contribution replaces the earlier one. The journal is a
//! convenience: the ledger judges. Were it lost, corrections could be made by sequence and repeated references would be refused.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use peal_spec::address::Address;
use peal_spec::statement::Amount;

use crate::disk;
use crate::returns::{self, Line};
use crate::trouble::Trouble;

/// A new amount of the contribution at a place; none: it was voided.
pub type Change = (Address, u64, Option<Amount>);

/// What an issuer has recorded.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    empty: bool,
    /// A crash has cut the last line; it goes before the next is written.
    cut: bool,
    lines: Vec<Line>,
    by_place: HashMap<(Address, u64), usize>,
    by_reference: HashMap<(Address, String), usize>,
}

impl Journal {
    /// Reads the journal; an empty one if there is none.
    ///
    /// # Errors
    /// Unusable if the file cannot be read or was changed.
    pub fn open(path: &Path) -> Result<Self, Trouble> {
        let bytes = disk::read_if_there(path, disk::MAX_FILE)?.unwrap_or_default();
        let mut journal = Self {
            path: path.to_owned(),
            empty: true,
            cut: false,
            lines: Vec::new(),
            by_place: HashMap::new(),
            by_reference: HashMap::new(),
        };
        // What a line that was cut said is in the outbox still.
        let whole = whole_lines(&bytes);
        (journal.empty, journal.cut) = (whole == 0, whole < bytes.len());
        if !journal.empty {
            let (lines, faults) = returns::read(&bytes[..whole]);
            if let Some(fault) = faults.first() {
                let remedy = "mend or remove that line; the ledger has the truth";
                return Err(Trouble::unusable(
                    format!("the journal cannot be read: {fault}"),
                    path.display(),
                    remedy,
                ));
            }
            lines.into_iter().for_each(|(_, line)| journal.keep(line));
        }
        Ok(journal)
    }

    fn keep(&mut self, line: Line) {
        let place = (line.account, line.sequence);
        if let Some(at) = self.by_place.get(&place) {
            self.lines[*at] = line;
            return;
        }
        self.by_place.insert(place, self.lines.len());
        self.by_reference.insert((line.account, line.reference.to_string()), self.lines.len());
        self.lines.push(line);
    }

    /// The contribution at a place.
    pub fn at(&self, account: &Address, sequence: u64) -> Option<&Line> {
        self.by_place.get(&(*account, sequence)).map(|i| &self.lines[*i])
    }

    /// The contribution under a reference.
    pub fn under(&self, account: &Address, reference: &str) -> Option<&Line> {
        self.by_reference.get(&(*account, reference.to_owned())).map(|i| &self.lines[*i])
    }

    /// Notes contributions that it does not have yet, and new amounts of those that it has.
    ///
    /// # Errors
    /// Unusable if the file cannot be written.
    pub fn note(&mut self, made: Vec<Line>, changed: Vec<Change>) -> Result<(), Trouble> {
        let mut news: Vec<Line> =
            made.into_iter().filter(|l| !self.by_place.contains_key(&(l.account, l.sequence))).collect();
        for (account, sequence, amount) in changed {
            let known = news.iter().find(|l| l.account == account && l.sequence == sequence);
            let Some(line) = known.or_else(|| self.at(&account, sequence)) else { continue };
            let void = Amount { amount: 0, credited: 0, base: None, currency: line.amount.currency };
            let amount = amount.unwrap_or(void);
            if line.amount != amount {
                news.push(Line { amount, ..line.clone() });
            }
        }
        if news.is_empty() {
            return Ok(());
        }
        if self.cut {
            let bytes = disk::read(&self.path, disk::MAX_FILE)?;
            disk::replace(&self.path, &bytes[..whole_lines(&bytes)])?;
            self.cut = false;
        }
        disk::append(&self.path, &returns::write(&news, self.empty))?;
        self.empty = false;
        news.into_iter().for_each(|line| self.keep(line));
        Ok(())
    }
}

/// The length of the lines that are whole.
fn whole_lines(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|b| *b == b'\n').map_or(0, |end| end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use peal_spec::hash::Hash;
    use peal_spec::value::{Insurance, Month};

    #[test]
    fn later_lines_replace_earlier_ones() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.csv");
        let account = Address { number: 7, id: Hash([7; 32]) };
        let amount = |amount| Amount { amount, credited: 0, base: None, currency: "CNY".parse().unwrap() };
        let line = Line {
            account,
            sequence: 3,
            month: Month::new(202610).unwrap(),
            insurance: Insurance::PENSION,
            scheme: "s".parse().unwrap(),
            amount: amount(100),
            fund: account,
            reference: "r/1".parse().unwrap(),
            issuer: account,
        };
        let mut journal = Journal::open(&path).unwrap();
        journal.note(vec![line.clone()], vec![(account, 3, Some(amount(90)))]).unwrap();
        // Noted again, as after a crash, the old amount does not come back.
        journal.note(vec![line.clone()], vec![(account, 9, None)]).unwrap();
        for journal in [journal, Journal::open(&path).unwrap()] {
            assert_eq!(journal.under(&account, "r/1").unwrap().amount, amount(90));
        }
        let mut journal = Journal::open(&path).unwrap();
        journal.note(Vec::new(), vec![(account, 3, None)]).unwrap();
        disk::append(&path, b"peal1cut").unwrap();
        let journal = Journal::open(&path).unwrap();
        assert_eq!(journal.at(&account, 3).unwrap().amount.amount, 0);
        let mut journal = Journal::open(&path).unwrap();
        journal.note(vec![Line { sequence: 4, ..line }], Vec::new()).unwrap();
        assert!(Journal::open(&path).unwrap().at(&account, 4).is_some());
    }
}
