//! The importers against the demo's files, generated files, and bytes that mean no good.

// The helpers of these tests may panic as the tests may.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::path::Path;

use peal_spec::value::Month;
use peal_wallet::import::ecr::Kind;
use peal_wallet::import::{Draft, Fault, csv, ecr, ezpay, roster, totals, work};
use proptest::prelude::*;
use proptest::sample::{Index, select};

fn demo(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../demo").join(name)).unwrap()
}

fn october() -> Month {
    Month::new(202610).unwrap()
}

fn sums(drafts: &[Draft]) -> Vec<(String, usize, u128, u128)> {
    totals(drafts).into_iter().map(|t| (t.scheme, t.drafts, t.amount, t.credited)).collect()
}

const EZPAY: &str = "209900001KPTE01OCT202601.DTL";

/// The figures are what `demo/make.py --totals` counts by other means.
#[test]
fn the_demo_files_are_read_whole_and_come_back() {
    let bytes = demo("ecr-2026-10.txt");
    let (file, faults) = ecr::parse(&bytes, october(), Kind::Regular);
    assert_eq!(faults, []);
    assert_eq!(ecr::write(&file), bytes);
    let india = ecr::drafts(&file);
    assert_eq!(
        sums(&india),
        [
            ("in-epf-employee".to_owned(), 3000, 477_990_700, 477_990_700),
            ("in-epf-employer".to_owned(), 3000, 182_635_500, 182_635_500),
            ("in-eps".to_owned(), 2808, 288_185_200, 0),
        ]
    );

    let bytes = demo(EZPAY);
    let (file, faults) = ezpay::parse(&bytes);
    assert_eq!(faults, []);
    assert_eq!(ezpay::write(&file), bytes);
    assert_eq!(ezpay::check_name(EZPAY, &file), Ok(october()));
    let singapore = ezpay::drafts(&file);
    assert_eq!(sums(&singapore), [("sg-cpf".to_owned(), 2000, 182_397_000, 182_397_000)]);

    let bytes = demo("rides-2026-10.csv");
    let (file, faults) = csv::parse(&bytes);
    assert_eq!(faults, []);
    assert_eq!(csv::write(&file), bytes);
    let china = csv::drafts(&file);
    assert_eq!(
        sums(&china),
        [
            ("cn-flexible-pension".to_owned(), 2000, 310_511_220, 124_204_488),
            ("cn-per-order-injury".to_owned(), 2000, 9_803_574, 0),
        ]
    );

    // The people that the demo follows are in their files, and everybody else is in the lists of members.
    let files = HashMap::from([("ecr", india), ("ezpay", singapore), ("csv", china)]);
    let people = String::from_utf8(demo("people.csv")).unwrap();
    let people: Vec<Vec<&str>> = people.lines().skip(1).map(|l| l.split(',').collect()).collect();
    for (file, drafts) in &files {
        let members = String::from_utf8(demo(&format!("members-{file}.csv"))).unwrap();
        let members = members.lines().skip(1).filter_map(|l| l.split(',').next());
        let mut known: Vec<&str> =
            members.chain(people.iter().filter(|p| p[1] == *file).map(|p| p[2])).collect();
        let mut workers: Vec<&str> = drafts.iter().map(|d| d.worker.as_str()).collect();
        known.sort_unstable();
        workers.sort_unstable();
        workers.dedup();
        assert_eq!(known, workers, "{file}");
        assert!(
            drafts.iter().all(|d| d.reference.len() <= 64 && d.scheme.len() <= 32 && d.credited <= d.amount)
        );
    }
}

/// A member's fields, as an establishment at 12 or 10 % writes them.
fn ecr_fields() -> impl Strategy<Value = Vec<String>> {
    let name = "[A-Za-z][A-Za-z. ]{0,40}";
    (name, 0..100_000u64, any::<bool>(), select(vec![10u64, 12]), 0..3000u64, 0..32u64, 0..2000u64).prop_map(
        |(name, wages, pension, percent, more, days, refund)| {
            let eps_wages = if pension { wages.min(15_000) } else { 0 };
            let (share, eps) = ((wages * percent + 50) / 100, (eps_wages * 833 + 5_000) / 10_000);
            let figures = [
                wages + more,
                wages,
                eps_wages,
                wages.min(15_000),
                share + more,
                eps,
                share - eps,
                days,
                refund,
            ];
            [String::new(), name].into_iter().chain(figures.map(|f| f.to_string())).collect()
        },
    )
}

fn ecr_lines() -> impl Strategy<Value = Vec<Vec<String>>> {
    prop::collection::vec(ecr_fields(), 1..20).prop_map(|mut lines| {
        for (i, line) in lines.iter_mut().enumerate() {
            line[0] = format!("{:012}", 990_000_000_000 + i as u64 * 7);
        }
        lines
    })
}

fn ecr_text(lines: &[Vec<String>], end: &str) -> String {
    lines.iter().map(|l| l.join("#~#")).collect::<Vec<_>>().join(end)
}

#[derive(Clone, Debug)]
struct Pay {
    month: u32,
    code: usize,
    amount: u64,
    wages: (u64, u64),
    status: char,
    name: String,
}

/// Records of an EZPay file over the given payments, one member each.
fn ezpay_text(pays: &[Pay]) -> String {
    let who = "53012345X PTE01 07";
    let mut summaries: Vec<(u32, usize, u64, usize)> = Vec::new();
    let mut details = Vec::new();
    for (i, p) in pays.iter().enumerate() {
        let code = ezpay::CODES[p.code].0;
        let donors = usize::from((2..=5).contains(&code));
        match summaries.iter_mut().find(|s| (s.0, s.1) == (p.month, p.code)) {
            Some(sum) => (sum.2, sum.3) = (sum.2 + p.amount, sum.3 + donors),
            None => summaries.push((p.month, p.code, p.amount, donors)),
        }
        let status = if code == 1 { p.status } else { ' ' };
        details.push(format!(
            "F1{who}{}{code:02}S{i:07}A{:012}{:010}{:010}{status}{}",
            p.month, p.amount, p.wages.0, p.wages.1, p.name
        ));
    }
    let mut records = vec![format!("F {who}20261104235959FTP.DTL")];
    records.extend(
        summaries.iter().map(|s| format!("F0{who}{}{:02}{:012}{:07}", s.0, ezpay::CODES[s.1].0, s.2, s.3)),
    );
    records.extend(details);
    let total: u64 = pays.iter().map(|p| p.amount).sum();
    records.push(format!("F9{who}{:07}{total:015}", records.len() + 1));
    records.iter().map(|r| format!("{r:<150}\r\n")).collect()
}

fn pays() -> impl Strategy<Value = Vec<Pay>> {
    let one = (
        select(vec![202609u32, 202610]),
        0..ezpay::CODES.len(),
        0..10_000_000u64,
        (0..10_000_000_000u64, 0..10_000_000_000u64),
        select(vec!['E', 'L', 'N', 'O']),
        "[A-Z][A-Z a-z.,@/()'-]{0,65}",
    )
        .prop_map(|(month, code, amount, wages, status, name)| Pay {
            month,
            code,
            amount,
            wages,
            status,
            name,
        });
    prop::collection::vec(one, 0..20)
}

fn csv_rows() -> impl Strategy<Value = Vec<Vec<String>>> {
    let one = (
        "[A-Za-z0-9,\" ]{1,20}",
        select(vec!["pension", "work-injury", "9", "65535"]),
        1900..3000u32,
        0..1u64 << 53,
        0..=100u64,
        select(vec!["CNY", "JPY", "KWD"]),
        select(vec!["platform", "employer", "subsidy"]),
        prop::option::of((1..=28u32, 28..=31u32)),
        prop::option::of("[a-zä浦 ,\"]{1,15}"),
        prop::option::of(0..1u64 << 53),
    );
    let one =
        one.prop_map(|(worker, insurance, year, amount, part, currency, source, period, place, orders)| {
            let c: peal_spec::value::Currency = currency.parse().unwrap();
            let day = |d: u32| format!("2026-10-{d:02}");
            let amounts = [amount, (u128::from(amount) * u128::from(part) / 100) as u64, amount];
            let [amount, credited, base] = amounts.map(|a| c.format(a));
            let (start, end) = period.map(|(a, b)| (day(a), day(b))).unwrap_or_default();
            let month = format!("{year}-10");
            let orders = orders.map(|o| o.to_string()).unwrap_or_default();
            let row = [
                worker,
                insurance.into(),
                month,
                amount,
                credited,
                base,
                currency.into(),
                source.into(),
                "s".into(),
            ];
            row.into_iter().chain([String::new(), start, end, place.unwrap_or_default(), orders]).collect()
        });
    prop::collection::vec(one, 0..20).prop_map(|mut rows: Vec<Vec<String>>| {
        rows.iter_mut().enumerate().for_each(|(i, row)| row[9] = format!("ref/{i}"));
        rows
    })
}

fn csv_text(rows: &[Vec<String>], end: &str) -> String {
    let header = csv::COLUMNS.map(str::to_owned).to_vec();
    let quoted = |cell: &String| {
        if cell.contains([',', '"']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.clone() }
    };
    let line = |row: &Vec<String>| row.iter().map(quoted).collect::<Vec<_>>().join(",") + end;
    [&header].into_iter().chain(rows).map(line).collect()
}

/// What holds for any bytes: no panic, and what has no fault comes back.
fn read_all(bytes: &[u8]) {
    let (file, faults) = ecr::parse(bytes, october(), Kind::Revised);
    if faults.is_empty() {
        assert_eq!(ecr::write(&file), bytes);
    }
    assert!(totals(&ecr::drafts(&file)).len() <= 3);
    assert!(ecr::skipped(&file).len() <= 5 && ecr::zeros(&file).len() <= 3 * file.members.len());
    let (file, faults) = ezpay::parse(bytes);
    if faults.is_empty() {
        assert_eq!(ezpay::write(&file), bytes);
    }
    assert!(totals(&ezpay::drafts(&file)).len() <= 1 && ezpay::skipped(&file).len() <= 10);
    assert!(ezpay::check_name(&String::from_utf8_lossy(bytes), &file).is_err());
    // Quoting may differ from the writer's; what was read may not.
    let (file, _) = csv::parse(bytes);
    let sent = csv::write(&file);
    let (again, faults) = csv::parse(&sent);
    assert_eq!(faults, []);
    let unnumbered =
        |f: &csv::File| csv::drafts(f).into_iter().map(|d| Draft { line: 0, ..d }).collect::<Vec<_>>();
    assert_eq!(unnumbered(&again), unnumbered(&file));
    assert_eq!(csv::write(&again), sent);
    let (rows, _) = work::parse(bytes);
    assert!(rows.iter().all(|row| row.start <= row.end) && work::sums(&rows).len() <= rows.len());
    let (file, _) = roster::parse(bytes, |t| t.parse::<u8>());
    file.write();
}

/// Some bytes of a file, changed, added or taken away.
fn damage(mut bytes: Vec<u8>, changes: &[(Index, u8, u8)]) -> Vec<u8> {
    for (at, kind, byte) in changes {
        let at = at.index(bytes.len() + 1);
        match kind % 3 {
            0 if at < bytes.len() => bytes[at] = *byte,
            1 if at < bytes.len() => _ = bytes.remove(at),
            _ => bytes.insert(at, *byte),
        }
    }
    bytes
}

fn changes() -> impl Strategy<Value = Vec<(Index, u8, u8)>> {
    let bytes = prop_oneof![any::<u8>(), select(b"0159 FST#~,\"\r\n-.".to_vec())];
    prop::collection::vec((any::<Index>(), any::<u8>(), bytes), 1..4)
}

fn named(faults: &[Fault], line: usize, field: &str) -> bool {
    faults.iter().any(|f| f.line == line && f.field.contains(field))
}

proptest! {
    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        read_all(&bytes);
    }

    #[test]
    fn damaged_files_are_read(lines in ecr_lines(), pays in pays(), rows in csv_rows(), changes in changes()) {
        read_all(&damage(ecr_text(&lines, "\n").into_bytes(), &changes));
        read_all(&damage(ezpay_text(&pays).into_bytes(), &changes));
        read_all(&damage(csv_text(&rows, "\n").into_bytes(), &changes));
    }

    #[test]
    fn ecr_comes_back(lines in ecr_lines(), end in select(vec!["\n", "\r\n"])) {
        let text = ecr_text(&lines, end);
        let (file, faults) = ecr::parse(text.as_bytes(), october(), Kind::Regular);
        prop_assert_eq!(faults, []);
        prop_assert_eq!(ecr::write(&file), text.as_bytes());
        prop_assert_eq!(ecr::drafts(&file).iter().map(|d| d.amount).sum::<u64>(),
            lines.iter().flat_map(|l| &l[6..9]).map(|f| f.parse::<u64>().unwrap() * 100).sum::<u64>());
    }

    #[test]
    fn ezpay_comes_back(pays in pays()) {
        let text = ezpay_text(&pays);
        let (file, faults) = ezpay::parse(text.as_bytes());
        prop_assert_eq!(faults, []);
        prop_assert_eq!(ezpay::write(&file), text.as_bytes());
        prop_assert_eq!(ezpay::drafts(&file).iter().map(|d| d.amount).sum::<u64>(),
            pays.iter().filter(|p| p.code == 0).map(|p| p.amount).sum::<u64>());
    }

    #[test]
    fn csv_comes_back(rows in csv_rows(), end in select(vec!["\n", "\r\n"]), mark in select(vec!["", "\u{feff}"])) {
        let text = format!("{mark}{}", csv_text(&rows, end));
        let (file, faults) = csv::parse(text.as_bytes());
        prop_assert_eq!(faults, []);
        prop_assert_eq!(csv::write(&file), text.as_bytes());
        prop_assert_eq!(file.rows.len(), rows.len());
    }

    /// One bad field is named by line and field, and the other lines stay.
    #[test]
    fn a_bad_field_of_ecr_is_named(
        mut lines in ecr_lines(), at in any::<Index>(), field in 0..11usize, bad in select(vec!["", "1.5", "-1", "x*", "123456789012345"]),
    ) {
        let at = at.index(lines.len());
        // Names may hold digits and points.
        let bad = if field == 1 { "a*" } else { bad };
        lines[at][field] = bad.to_owned();
        let (file, faults) = ecr::parse(ecr_text(&lines, "\n").as_bytes(), october(), Kind::Regular);
        prop_assert!(named(&faults, at + 1, &format!("field {},", field + 1)), "{:?}", faults);
        prop_assert!(faults.iter().all(|f| f.line == at + 1));
        prop_assert_eq!(file.members.len(), lines.len() - 1);
    }

    #[test]
    fn a_bad_field_of_ezpay_is_named(
        pays in pays(), at in any::<Index>(),
        field in select(vec![(3, "columns 3-12"), (13, "columns 13-15"), (17, "columns 16-17"), (18, "column 18"), (20, "columns 19-20")]),
        detail in select(vec![(26, "columns 21-26"), (28, "columns 27-28"), (29, "columns 29-37"), (49, "columns 38-49"),
            (55, "columns 50-59"), (60, "columns 60-69"), (70, "column 70"), (71, "columns 71-136"), (150, "filler")]),
    ) {
        let text = ezpay_text(&pays);
        let lines = text.len() / 152;
        // Of two records that differ, neither is the odd one out.
        prop_assume!(lines > 2);
        let at = at.index(lines);
        let first = lines - 1 - pays.len();
        let mut places = vec![(at, field)];
        if !pays.is_empty() {
            places.push((first + at % pays.len(), detail));
        }
        for (line, (column, name)) in places {
            let mut bytes = text.clone().into_bytes();
            bytes[line * 152 + column - 1] = b'~';
            let (file, faults) = ezpay::parse(&bytes);
            prop_assert!(named(&faults, line + 1, name), "{:?}", faults);
            prop_assert!(faults.iter().all(|f| f.line == line + 1), "{:?}", faults);
            prop_assert_eq!(file.records.len(), lines - 1);
        }
    }

    #[test]
    fn a_bad_field_of_csv_is_named(rows in csv_rows(), at in any::<Index>(), column in 0..14usize) {
        prop_assume!(!rows.is_empty());
        let at = at.index(rows.len());
        let mut bad = rows.clone();
        bad[at][column] = "\u{1}".to_owned();
        let (file, faults) = csv::parse(csv_text(&bad, "\n").as_bytes());
        prop_assert!(named(&faults, at + 2, csv::COLUMNS[column]), "{:?}", faults);
        prop_assert!(faults.iter().all(|f| f.line == at + 2), "{:?}", faults);
        prop_assert_eq!(file.rows.len(), rows.len() - 1);
    }
}
