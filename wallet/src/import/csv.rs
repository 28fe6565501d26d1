//! PEAL CSV: the project's own layout, for platforms that have none of the others. One contribution a row.
//!
//! Source: `spec/README.md` §18. A byte order mark and either end of line are accepted, and kept for the way back. The
//! writer quotes a field only if it must; a file that is quoted otherwise is read alike and written in that quoting.

use std::collections::HashMap;

use csv::StringRecord;
use peal_spec::value::{Currency, Insurance, Month, Text, Time};

use super::table::{self, AMOUNT, Cells, NAME, Shape, count};
use super::{Draft, Fault, Faults, Skipped, Source, ZERO, shown};

/// The columns, in their order.
pub const COLUMNS: [&str; 14] = [
    "worker",
    "insurance",
    "month",
    "amount",
    "credited",
    "base",
    "currency",
    "source",
    "scheme",
    "reference",
    "period_start",
    "period_end",
    "place",
    "orders",
];

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    draft: Draft,
    text: StringRecord,
}

impl Row {
    /// What the row says. Its amount may be zero; it is no contribution then.
    pub fn draft(&self) -> &Draft {
        &self.draft
    }
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// The rows without fault, in the file's order.
    pub rows: Vec<Row>,
    shape: Shape,
}

/// Reads a file.
pub fn parse(bytes: &[u8]) -> (File, Vec<Fault>) {
    let mut faults = Faults::new();
    let mut rows = Vec::new();
    let mut references: HashMap<(String, String), usize> = HashMap::new();
    let shape = table::read(bytes, &COLUMNS, &mut faults, |line, text, faults| {
        let Some(draft) = row(line, &text, faults) else { return };
        let key = (draft.worker.clone(), draft.reference.clone());
        let first = *references.entry(key).or_insert(line);
        if first == line {
            rows.push(Row { draft, text });
        } else {
            let problem =
                format!("{} stands on line {first} for the same worker", shown(draft.reference.as_bytes()));
            faults.add(line, "reference", problem, "give each contribution a reference of its own");
        }
    });
    (File { rows, shape }, faults.finish())
}

fn row(line: usize, text: &StringRecord, faults: &mut Faults) -> Option<Draft> {
    let before = faults.count;
    let mut cells = Cells { line, columns: &COLUMNS, text, faults };
    let worker = cells.read("worker", NAME, str::parse::<Text<64>>);
    // The number parser takes a sign; the layout has none.
    let unsigned = |t: &str| if t.starts_with('+') { "" } else { t }.parse::<Insurance>();
    let insurance = cells.read("insurance", "write one of these names, or a number", unsigned);
    let month = cells.read("month", "write year, hyphen and month", str::parse::<Month>);
    let currency = cells.read("currency", "write the ISO 4217 code", str::parse::<Currency>);
    let money = |t: &str| currency.map(|c| c.parse_amount(t)).transpose();
    let amount = cells.read("amount", AMOUNT, money);
    let credited = cells.read("credited", AMOUNT, money);
    let base = cells.maybe("base", AMOUNT, money);
    let source = cells.read("source", "write who pays", str::parse::<Source>);
    let scheme = cells.read("scheme", NAME, str::parse::<Text<32>>);
    let reference = cells.read("reference", NAME, str::parse::<Text<64>>);
    let day = |t: &str| format!("{t}T00:00:00Z").parse::<Time>().map_err(|_| "expected a day as 2026-01-31");
    let start = cells.maybe("period_start", "write year, month and day", day);
    let last_second = |t: Time| Time::new(t.seconds() + 86_399).ok_or("expected a day as 2026-01-31");
    let end = cells.maybe("period_end", "write year, month and day", |t| day(t).and_then(last_second));
    let place = cells.maybe("place", NAME, str::parse::<Text<64>>);
    let orders = cells.maybe("orders", "write a whole number", count);

    if let (Some(Some(amount)), Some(Some(credited))) = (amount, credited)
        && credited > amount
    {
        let problem = format!("{} is more than the amount", shown(cells.text("credited").as_bytes()));
        cells.faults.add(line, "credited", problem, "write the part of the amount that is the person's own");
    }
    let shift = match (start, end) {
        (Some(Some(start)), Some(Some(end))) => {
            if start > end {
                cells.faults.add(
                    line,
                    "period_end",
                    "is before period_start",
                    "write first and last day in order",
                );
            }
            Some((start, end))
        }
        (Some(Some(_)), Some(None)) => {
            cells.faults.add(line, "period_end", "is empty", "write both ends of the period, or none");
            None
        }
        (Some(None), Some(Some(_))) => {
            cells.faults.add(line, "period_start", "is empty", "write both ends of the period, or none");
            None
        }
        _ => None,
    };
    if faults.count > before {
        return None;
    }
    Some(Draft {
        line,
        worker: worker?.to_string(),
        insurance: insurance?,
        scheme: scheme?.to_string(),
        month: month?,
        amount: amount??,
        credited: credited??,
        base: base?.flatten(),
        currency: currency?,
        source: Some(source?),
        reference: reference?.to_string(),
        orders: orders?,
        shift,
        place: place?.map(|p| p.to_string()),
    })
}

/// Writes a file as it was read, in the writer's quoting.
pub fn write(file: &File) -> Vec<u8> {
    table::write(file.shape, &COLUMNS, file.rows.iter().map(|r| &r.text))
}

/// The contributions of a file: the rows whose amount is not zero.
pub fn drafts(file: &File) -> Vec<Draft> {
    file.rows.iter().map(|r| &r.draft).filter(|d| d.amount > 0).cloned().collect()
}

/// What of a file makes no statement.
pub fn skipped(file: &File) -> Vec<Skipped> {
    Skipped::list([("amount", ZERO, file.rows.iter().filter(|r| r.draft.amount == 0).count())])
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "W1,work-injury,2026-10,6.00,0,,CNY,platform,cn-per-order-injury,r/1,2026-10-01,2026-10-31,\"Beijing, Haidian\",100";

    fn read(rows: &[&str]) -> (File, Vec<Fault>) {
        parse(format!("{}\n{}\n", COLUMNS.join(","), rows.join("\n")).as_bytes())
    }

    #[test]
    fn a_row_becomes_a_draft() {
        let pension = "W1,1,2026-10,1200,480.00,6000.0,CNY,subsidy,cn-flexible-pension,r/2,,,,";
        let (file, faults) = read(&[GOOD, pension]);
        assert_eq!(faults, []);
        let drafts = drafts(&file);
        assert_eq!(
            drafts[0],
            Draft {
                line: 2,
                worker: "W1".into(),
                insurance: Insurance::WORK_INJURY,
                scheme: "cn-per-order-injury".into(),
                month: Month::new(202610).unwrap(),
                amount: 600,
                credited: 0,
                base: None,
                currency: "CNY".parse().unwrap(),
                source: Some(Source::Platform),
                reference: "r/1".into(),
                orders: Some(100),
                shift: Some((
                    "2026-10-01T00:00:00Z".parse().unwrap(),
                    "2026-10-31T23:59:59Z".parse().unwrap()
                )),
                place: Some("Beijing, Haidian".into()),
            }
        );
        assert_eq!((drafts[1].amount, drafts[1].credited, drafts[1].base), (120000, 48000, Some(600000)));
        assert_eq!(
            (drafts[1].insurance, drafts[1].shift, &drafts[1].place),
            (Insurance::PENSION, None, &None)
        );
        let sent = write(&file);
        assert_eq!(parse(&sent).0, file);
        assert_eq!(String::from_utf8(sent).unwrap(), format!("{}\n{GOOD}\n{pension}\n", COLUMNS.join(",")));
    }

    #[test]
    fn one_fault_a_row() {
        let fields: Vec<&str> =
            "W1,work-injury,2026-10,6.00,1,100,CNY,platform,s,r/9,2026-10-01,2026-10-31,p,100"
                .split(',')
                .collect();
        let long = "x".repeat(65);
        for (column, bad, problem) in [
            (
                "worker",
                "",
                "“”: expected a text that is not empty, not too long, and without control characters",
            ),
            ("worker", &long, ""),
            ("insurance", "dental", ""),
            ("insurance", "+4", ""),
            ("insurance", "0", ""),
            ("month", "2026-13", "“2026-13”: expected a month as 2026-01"),
            ("month", "202610", ""),
            ("amount", "6.001", "“6.001”: expected an amount in CNY with at most 2 decimals, such as 12.34"),
            ("amount", "-6", ""),
            ("amount", "1e3", ""),
            ("amount", "90071992547409.92", ""),
            ("credited", "6.01", "“6.01” is more than the amount"),
            ("credited", "", ""),
            ("base", "6 000", ""),
            ("currency", "cny", "“cny”: expected a currency as CNY"),
            ("source", "self", "“self”: expected platform, employer or subsidy"),
            ("scheme", &long[..33], ""),
            ("reference", &long, ""),
            ("period_start", "", "is empty"),
            ("period_start", "2026-02-30", "“2026-02-30”: expected a day as 2026-01-31"),
            ("period_end", "", "is empty"),
            ("period_end", "2026-09-30", "is before period_start"),
            ("place", "a\tb", ""),
            ("orders", "1.5", "“1.5”: expected a count of digits below 2^53"),
        ] {
            let mut row = fields.clone();
            row[COLUMNS.iter().position(|c| *c == column).unwrap()] = bad;
            let (file, faults) = read(&[GOOD, &row.join(",")]);
            assert_eq!((faults.len(), faults[0].line, faults[0].field), (1, 3, column), "{bad}: {faults:?}");
            assert!(problem.is_empty() || faults[0].problem == problem, "{}", faults[0]);
            assert_eq!(file.rows.len(), 1);
        }
    }

    #[test]
    fn a_reference_twice_is_refused_by_the_first_line() {
        let (file, faults) = read(&[GOOD, &GOOD.replace("W1", "W2"), GOOD]);
        assert_eq!(file.rows.len(), 2);
        assert_eq!(
            faults[0].to_string(),
            "line 4, reference: “r/1” stands on line 2 for the same worker; give each contribution a reference of its own"
        );
    }

    #[test]
    fn nothing_makes_no_statement() {
        let (file, faults) = read(&[&GOOD.replace("6.00", "0")]);
        assert_eq!((faults, drafts(&file).len()), (vec![], 0));
        assert_eq!(skipped(&file), [Skipped { what: "amount", reason: ZERO, lines: 1 }]);
    }
}
