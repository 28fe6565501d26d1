//! A roster: which account each worker of a payroll file has. CSV with the header `worker,address`.
//!
//! What an address is, the caller says: the roster is read with a function that turns its text into one. One account may
//! stand under several keys (a UAN, a CPF account), one key under one account only.

use std::collections::HashMap;
use std::fmt::Display;

use csv::StringRecord;
use peal_spec::value::Text;

use super::table::{self, Shape};
use super::{Fault, Faults, shown};

/// The columns, in their order.
pub const COLUMNS: [&str; 2] = ["worker", "address"];

/// One line of a roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<A> {
    /// Line in the file, from 1.
    pub line: usize,
    /// The account.
    pub address: A,
    text: StringRecord,
}

impl<A> Entry<A> {
    /// The key of the payroll file: UAN, CPF account, or the platform's own.
    pub fn worker(&self) -> &str {
        self.text.get(0).unwrap_or("")
    }
}

/// A roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster<A> {
    entries: Vec<Entry<A>>,
    places: HashMap<String, usize>,
    shape: Shape,
}

/// Reads a roster; `read` makes an address of its text, for instance `str::parse::<Address>`.
pub fn parse<A, E: Display>(bytes: &[u8], read: impl Fn(&str) -> Result<A, E>) -> (Roster<A>, Vec<Fault>) {
    let mut faults = Faults::new();
    let mut entries: Vec<Entry<A>> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let shape = table::read(bytes, &COLUMNS, &mut faults, |line, text, faults| {
        let worker = text.get(0).unwrap_or("");
        if let Err(e) = worker.parse::<Text<64>>() {
            let problem = format!("{}: {e}", shown(worker.as_bytes()));
            faults.add(line, "worker", problem, "write the worker's key as in the payroll file");
            return;
        }
        if let Some(first) = places.get(worker).and_then(|i| entries.get(*i)) {
            let problem = format!("{} stands on line {}", shown(worker.as_bytes()), first.line);
            faults.add(line, "worker", problem, "keep one line for each worker");
            return;
        }
        let address = text.get(1).unwrap_or("");
        match read(address) {
            Ok(address) => {
                places.insert(worker.to_owned(), entries.len());
                entries.push(Entry { line, address, text });
            }
            Err(e) => {
                let problem = format!("{}: {e}", shown(address.as_bytes()));
                faults.add(line, "address", problem, "ask the worker for the address of the account");
            }
        }
    });
    (Roster { entries, places, shape }, faults.finish())
}

impl<A> Roster<A> {
    /// The lines without fault, in the file's order.
    pub fn entries(&self) -> &[Entry<A>] {
        &self.entries
    }

    /// The account of a worker.
    pub fn get(&self, worker: &str) -> Option<&A> {
        self.places.get(worker).and_then(|i| self.entries.get(*i)).map(|e| &e.address)
    }

    /// The account of the worker on a line.
    ///
    /// # Errors
    /// A [`Fault`] at that line if the roster does not have the worker.
    pub fn account(&self, line: usize, worker: &str) -> Result<&A, Fault> {
        self.get(worker).ok_or_else(|| Fault {
            line,
            field: "worker",
            problem: format!("{} is not in the roster", shown(worker.as_bytes())),
            remedy: "add the worker's account to the roster, or open one",
        })
    }

    /// Writes a roster as it was read.
    pub fn write(&self) -> Vec<u8> {
        table::write(self.shape, &COLUMNS, self.entries.iter().map(|e| &e.text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Roster<u64>, Vec<Fault>) {
        parse(text.as_bytes(), |t| t.parse::<u64>().map_err(|_| "expected a number"))
    }

    #[test]
    fn keys_lead_to_accounts() {
        let text = "worker,address\r\n100427607286,7\r\nS1234567D,7\r\n\"a,b\",8\r\n";
        let (roster, faults) = read(text);
        assert_eq!(faults, []);
        assert_eq!((roster.get("S1234567D"), roster.get("a,b"), roster.get("c")), (Some(&7), Some(&8), None));
        assert_eq!(roster.entries()[1].worker(), "S1234567D");
        assert_eq!(roster.write(), text.as_bytes());
    }

    #[test]
    fn one_fault_a_line() {
        let (roster, faults) = read("worker,address\na,1\n,2\nb,peal1x\na,3\nc,4,5\n");
        assert_eq!(roster.entries().len(), 1);
        assert_eq!(
            faults.iter().map(Fault::to_string).collect::<Vec<_>>(),
            [
                "line 3, worker: “”: expected a text that is not empty, not too long, and without control characters; write the worker's key as in the payroll file",
                "line 4, address: “peal1x”: expected a number; ask the worker for the address of the account",
                "line 5, worker: “a” stands on line 2; keep one line for each worker",
                "line 6, address: the row has 3 fields, not 2; write every column, and quote a field that holds a comma or a quote",
            ]
        );
    }

    #[test]
    fn a_worker_without_account_is_named_by_line() {
        let (roster, _) = read("worker,address\na,1\n");
        assert_eq!(
            roster.account(1, "100427607286").unwrap_err().to_string(),
            "line 1, worker: “100427607286” is not in the roster; add the worker's account to the roster, or open one"
        );
    }
}
