//! Work CSV: what a platform or an employer saw of somebody's work. One engagement a row, for an order or for a month alike.
//!
//! Source: `spec/README.md` §18. The times are the ones that are signed; a month that is left out is that of the start in UTC, so whoever counts
//! months by another clock writes it. Nothing earned is an engagement too.

use std::collections::{BTreeMap, HashMap};

use csv::StringRecord;
use peal_spec::address::Address;
use peal_spec::facet::{Evidence, Reference, Referenced};
use peal_spec::money::Money;
use peal_spec::statement::Engagement;
use peal_spec::value::{Currency, Month, Text, Time};

use super::table::{self, AMOUNT, Cells, NAME, count};
use super::{Fault, Faults, shown};

/// The columns, in their order.
pub const COLUMNS: [&str; 9] =
    ["worker", "reference", "month", "start", "end", "orders", "place", "earned", "currency"];

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Line in the file, from 1.
    pub line: usize,
    /// The key of the roster.
    pub worker: String,
    /// The issuer's own: the number of the order, say.
    pub reference: Reference,
    /// The month that it counts for.
    pub month: Month,
    /// First second of the work.
    pub start: Time,
    /// Last second of it, not before the first.
    pub end: Time,
    /// How many orders.
    pub orders: Option<u64>,
    /// Where, coarsely.
    pub place: Option<Text<64>>,
    /// What was earned; 0 is an amount.
    pub earned: Money,
}

impl Row {
    /// What is said of it.
    pub fn engagement(&self, issuer: Address) -> Engagement {
        Engagement {
            who: Referenced { issuer, reference: self.reference.clone() },
            evidence: Evidence {
                orders: self.orders,
                shift: Some((self.start, self.end)),
                place: self.place.clone(),
            },
            amount: self.earned,
        }
    }
}

/// Reads a file: the rows without fault, in the file's order.
pub fn parse(bytes: &[u8]) -> (Vec<Row>, Vec<Fault>) {
    let (mut faults, mut rows) = (Faults::new(), Vec::<Row>::new());
    let mut references: HashMap<(String, String), usize> = HashMap::new();
    table::read(bytes, &COLUMNS, &mut faults, |line, text, faults| {
        let Some(row) = row(line, &text, faults) else { return };
        let key = (row.worker.clone(), row.reference.to_string());
        let first = *references.entry(key).or_insert(line);
        if first == line {
            rows.push(row);
        } else {
            let reference = shown(row.reference.as_bytes());
            let problem = format!("{reference} stands on line {first} for the same worker");
            faults.add(line, "reference", problem, "give each engagement a reference of its own");
        }
    });
    (rows, faults.finish())
}

fn row(line: usize, text: &StringRecord, faults: &mut Faults) -> Option<Row> {
    const TIME: &str = "write the time in UTC to the second, with a Z at its end";
    let before = faults.count;
    let mut cells = Cells { line, columns: &COLUMNS, text, faults };
    let worker = cells.read("worker", NAME, str::parse::<Text<64>>);
    let reference = cells.read("reference", NAME, str::parse::<Reference>);
    let month = cells.maybe("month", "write year, hyphen and month, or nothing", str::parse::<Month>);
    let start = cells.read("start", TIME, str::parse::<Time>);
    let end = cells.read("end", TIME, str::parse::<Time>);
    let orders = cells.maybe("orders", "write a whole number, or nothing", count);
    let place = cells.maybe("place", NAME, str::parse::<Text<64>>);
    let currency = cells.read("currency", "write the ISO 4217 code", str::parse::<Currency>);
    let money = |t: &str| currency.map(|c| c.parse_amount(t)).transpose();
    let earned = cells.read("earned", AMOUNT, money);
    if let (Some(start), Some(end)) = (start, end)
        && end < start
    {
        cells.faults.add(line, "end", "is before start", "write first and last second in order");
    }
    if faults.count > before {
        return None;
    }
    let start = start?;
    Some(Row {
        line,
        worker: worker?.to_string(),
        reference: reference?,
        month: month?.unwrap_or_else(|| start.month()),
        start,
        end: end?,
        orders: orders?,
        place: place?,
        earned: Money { amount: earned??, currency: currency? },
    })
}

/// What rows of one month and currency come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// How many rows.
    pub engagements: usize,
    /// Orders, as far as they are counted.
    pub orders: u128,
    /// Minor units of the currency.
    pub earned: u128,
}

/// Sums rows by month and currency.
pub fn sums(rows: &[Row]) -> BTreeMap<(Month, Currency), Sum> {
    let mut sums = BTreeMap::<_, Sum>::new();
    for row in rows {
        let sum = sums.entry((row.month, row.earned.currency)).or_default();
        sum.engagements += 1;
        sum.orders += u128::from(row.orders.unwrap_or(0));
        sum.earned += u128::from(row.earned.amount);
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "W1,o/1,,2026-10-31T15:59:59Z,2026-10-31T16:20:00Z,1,\"Beijing, Haidian\",23.50,CNY";

    fn read(rows: &[&str]) -> (Vec<Row>, Vec<Fault>) {
        parse(format!("{}\n{}\n", COLUMNS.join(","), rows.join("\n")).as_bytes())
    }

    #[test]
    fn a_row_is_an_engagement() {
        let month = "W2,2026-10,2026-10,2026-09-30T16:00:00Z,2026-10-31T15:59:59Z,,,0,JPY";
        let (rows, faults) = read(&[GOOD, month]);
        assert_eq!(faults, []);
        let time = |t: &str| t.parse::<Time>().unwrap();
        assert_eq!(
            rows[0],
            Row {
                line: 2,
                worker: "W1".into(),
                reference: "o/1".parse().unwrap(),
                month: Month::new(202610).unwrap(),
                start: time("2026-10-31T15:59:59Z"),
                end: time("2026-10-31T16:20:00Z"),
                orders: Some(1),
                place: Some("Beijing, Haidian".parse().unwrap()),
                earned: Money { amount: 2350, currency: "CNY".parse().unwrap() },
            }
        );
        // The month is the file's own where it has one.
        assert_eq!((rows[1].month, rows[1].start.month()), (rows[0].month, Month::new(202609).unwrap()));
        assert_eq!((rows[1].orders, &rows[1].place, rows[1].earned.amount), (None, &None, 0));
        let sums: Vec<_> = sums(&rows).into_values().map(|s| (s.engagements, s.orders, s.earned)).collect();
        assert_eq!(sums, [(1, 1, 2350), (1, 0, 0)]);
        let issuer = Address { number: 3, id: Default::default() };
        let said = rows[1].engagement(issuer);
        assert_eq!(said.evidence.shift, Some((rows[1].start, rows[1].end)));
        assert_eq!((said.who.issuer, said.amount), (issuer, rows[1].earned));
    }

    #[test]
    fn one_fault_a_row() {
        let fields: Vec<&str> =
            "W1,o/9,2026-10,2026-10-05T08:00:00Z,2026-10-05T17:00:00Z,12,p,100,CNY".split(',').collect();
        let long = "x".repeat(65);
        for (column, bad, problem) in [
            (
                "worker",
                "",
                "“”: expected a text that is not empty, not too long, and without control characters",
            ),
            ("worker", &long, ""),
            ("reference", "", ""),
            ("reference", &long, ""),
            ("month", "2026-13", "“2026-13”: expected a month as 2026-01"),
            ("month", "202610", ""),
            ("start", "", ""),
            (
                "start",
                "2026-10-05T08:00:00+08:00",
                "“2026-10-05T08:00:00+08:00”: expected a time as 2026-01-01T00:00:00Z",
            ),
            ("start", "2026-10-05 08:00:00", ""),
            ("end", "2026-10-05", ""),
            ("end", "2026-02-30T00:00:00Z", ""),
            ("end", "2026-10-05T07:59:59Z", "is before start"),
            ("orders", "-1", ""),
            ("orders", "1.5", "“1.5”: expected a count of digits below 2^53"),
            ("orders", "9007199254740992", ""),
            ("place", "a\tb", ""),
            ("place", &long, ""),
            ("earned", "", ""),
            ("earned", "-6", ""),
            ("earned", "6.001", "“6.001”: expected an amount in CNY with at most 2 decimals, such as 12.34"),
            ("currency", "cny", "“cny”: expected a currency as CNY"),
        ] {
            let mut row = fields.clone();
            row[COLUMNS.iter().position(|c| *c == column).unwrap()] = bad;
            let (rows, faults) = read(&[GOOD, &row.join(",")]);
            assert_eq!((faults.len(), faults[0].line, faults[0].field), (1, 3, column), "{bad}: {faults:?}");
            assert!(problem.is_empty() || faults[0].problem == problem, "{}", faults[0]);
            assert_eq!(rows.len(), 1);
        }
    }

    #[test]
    fn a_reference_twice_is_refused_by_the_first_line() {
        let (rows, faults) = read(&[GOOD, &GOOD.replace("W1", "W2"), GOOD]);
        assert_eq!(rows.len(), 2);
        assert_eq!(
            faults[0].to_string(),
            "line 4, reference: “o/1” stands on line 2 for the same worker; give each engagement a reference of its own"
        );
    }

    #[test]
    fn another_file_is_told_by_its_header() {
        let (rows, faults) = parse(b"worker,address\na,b\n");
        assert_eq!((rows.len(), faults.len()), (0, 1));
        assert_eq!(
            faults[0].to_string(),
            "line 1, header: column 2 is “address”, not reference; write the columns of the layout, in its order"
        );
    }
}
