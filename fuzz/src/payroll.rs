//! What payroll systems write: ECR, EZPay, the PEAL CSV, files of work, rosters, and the return files and journals that the wallet writes itself.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::LazyLock;

use peal_spec::address::Address;
use peal_spec::cbor::Cbor as _;
use peal_spec::facet::{Evidence, Reference};
use peal_spec::value::{AMOUNT_MAX, Insurance, Month, Text};
use peal_wallet::import::{Draft, Fault, csv, ecr, ezpay, roster, totals, work};
use peal_wallet::journal::Journal;
use peal_wallet::returns::{self, Line};

use crate::seeds::{Seeds, WORLD, demo};

/// Faults are bounded, and harmless on a terminal.
fn told(faults: &[Fault], bytes: &[u8]) {
    assert!(faults.len() <= 1001);
    let lines = lines(bytes);
    for fault in faults {
        assert!(fault.line <= lines, "line {} of {lines}", fault.line);
        let text = fault.to_string();
        assert!(!text.chars().any(char::is_control), "{text:?}");
        assert!(text.len() < 4096, "{text}");
    }
}

/// Drafts keep to the limits of the statements that are made of them.
fn drafted(drafts: &[Draft], lines: usize) {
    let mut references = HashSet::new();
    for draft in drafts {
        assert!((1..=AMOUNT_MAX).contains(&draft.amount) && draft.credited <= draft.amount, "{draft:?}");
        assert!(draft.base.is_none_or(|b| b <= AMOUNT_MAX));
        assert!((1..=lines).contains(&draft.line));
        assert!(draft.scheme.parse::<Text<32>>().is_ok(), "{draft:?}");
        assert!(draft.reference.parse::<Reference>().is_ok(), "{draft:?}");
        assert!(draft.worker.parse::<Text<64>>().is_ok(), "{draft:?}");
        assert!(draft.place.as_ref().is_none_or(|p| p.parse::<Text<64>>().is_ok()), "{draft:?}");
        assert!(draft.shift.is_none_or(|(from, to)| from <= to), "{draft:?}");
        assert!(references.insert((draft.worker.clone(), draft.reference.clone())), "{draft:?} stands twice");
    }
    let sum: u128 = drafts.iter().map(|d| u128::from(d.amount)).sum();
    assert_eq!(totals(drafts).iter().map(|t| t.amount).sum::<u128>(), sum);
}

/// The most lines that a reader may count: carriage returns end lines of CSV too.
fn lines(bytes: &[u8]) -> usize {
    bytes.iter().filter(|b| matches!(b, b'\n' | b'\r')).count() + 1
}

/// ECR 2.0. The first byte says which kind of return it is.
pub fn run_ecr(data: &[u8]) {
    let Some((kind, bytes)) = data.split_first() else { return };
    let kind = [ecr::Kind::Regular, ecr::Kind::Supplementary, ecr::Kind::Revised][usize::from(*kind) % 3];
    let (file, faults) = ecr::parse(bytes, Month::new(202_610).unwrap(), kind);
    told(&faults, bytes);
    let written = ecr::write(&file);
    if faults.is_empty() {
        assert_eq!(written, bytes, "a file without faults is given back");
    }
    drafted(&ecr::drafts(&file), lines(bytes));
    let _ = (ecr::skipped(&file), ecr::zeros(&file));
}

/// The demo's file.
pub fn seeds_ecr() -> Seeds {
    let odd = "100427607286#~#xy#~#15000#~#15000#~#15000#~#15000#~#1800#~#1250#~#550#~#0#~#0";
    let mut seeds = vec![
        demo("ecr-2026-10.txt", 1),
        demo("ecr-2026-10.txt", 12),
        odd.into(),
        format!("{odd}\r\n").into(),
    ];
    seeds.iter_mut().enumerate().for_each(|(i, s)| s.insert(0, b'0' + i as u8 % 3));
    seeds
}

/// CPF EZPay. The file's own beginning serves as its name too.
pub fn run_ezpay(data: &[u8]) {
    let (file, faults) = ezpay::parse(data);
    told(&faults, data);
    let written = ezpay::write(&file);
    if faults.is_empty() {
        assert_eq!(written, data, "a file without faults is given back");
    }
    drafted(&ezpay::drafts(&file), lines(data));
    let _ = ezpay::skipped(&file);
    let name = String::from_utf8_lossy(data.get(..data.len().min(32)).unwrap_or_default());
    let _ = ezpay::check_name(&name, &file);
    if let Some(advice) = &file.advice {
        let name = format!(
            "{}{}{:02}OCT2026{:02}.DTL",
            advice.payer, advice.payment_type, advice.serial, advice.code
        );
        assert_eq!(ezpay::check_name(&name, &file), Ok(Month::new(202_610).unwrap()), "{name}");
    }
}

/// Files of a few payments, and the beginning of the demo's.
pub fn seeds_ezpay() -> Seeds {
    let who = "53012345X PTE01 01";
    let file = |records: &[String], end: &str| -> Vec<u8> {
        records.iter().flat_map(|r| format!("{r:<150}{end}").into_bytes()).collect()
    };
    let detail =
        |n: u32, amount: u64| format!("F1{who}20261001S{n:07}A{amount:012}{:010}{:010}EMEI LIN", 500_000, 0);
    let small = [
        format!("F {who}20261114120000FTP.DTL"),
        format!("F0{who}20261001{:012}{:07}", 37_000, 0),
        detail(1, 20_000),
        detail(2, 17_000),
        format!("F9{who}{:07}{:015}", 5, 37_000),
    ];
    vec![
        file(&small, "\r\n"),
        file(&small[..4], "\r\n"),
        file(&small, "\n"),
        demo("209900001KPTE01OCT202601.DTL", 12),
    ]
}

/// The PEAL CSV.
pub fn run_csv(data: &[u8]) {
    let (file, faults) = csv::parse(data);
    told(&faults, data);
    let written = csv::write(&file);
    if faults.is_empty() {
        let (again, none) = csv::parse(&written);
        assert_eq!(none, [], "what is written has no faults either");
        assert_eq!(csv::write(&again), written, "a file in the writer's quoting is given back");
        let said = |file| csv::drafts(file).into_iter().map(|d| Draft { line: 0, ..d }).collect::<Vec<_>>();
        assert_eq!(said(&again), said(&file), "and says the same");
    }
    drafted(&csv::drafts(&file), lines(data));
    let _ = csv::skipped(&file);
}

/// The demo's file.
pub fn seeds_csv() -> Seeds {
    let rides = demo("rides-2026-10.csv", 5);
    let crlf = String::from_utf8(rides.clone()).unwrap().replace('\n', "\r\n").into_bytes();
    vec![demo("rides-2026-10.csv", 1), rides, crlf]
}

/// Files of work: what is read can be said.
pub fn run_work(data: &[u8]) {
    let (rows, faults) = work::parse(data);
    told(&faults, data);
    let mut references = HashSet::new();
    for row in &rows {
        assert!((1..=lines(data)).contains(&row.line) && row.start <= row.end, "{row:?}");
        assert!(row.earned.amount <= AMOUNT_MAX && row.orders.is_none_or(|n| n < 1 << 53), "{row:?}");
        assert!(references.insert((&row.worker, row.reference.to_string())), "{row:?} stands twice");
        let said = row.engagement(WORLD.platform.at());
        assert_eq!(Evidence::from_bytes(&said.evidence.to_bytes()), Ok(said.evidence));
    }
    assert_eq!(work::sums(&rows).values().map(|sum| sum.engagements).sum::<usize>(), rows.len());
}

/// An order and a month.
pub fn seeds_work() -> Seeds {
    let rows = [
        work::COLUMNS.join(","),
        "W1,o/1,,2026-10-31T15:59:59Z,2026-10-31T16:20:00Z,1,\"Beijing, Haidian\",23.50,CNY".into(),
        "W2,2026-10,2026-10,2026-09-30T16:00:00Z,2026-10-31T15:59:59Z,,,0,JPY".into(),
    ];
    ["\n", "\r\n"].map(|end| rows.join(end).into_bytes()).to_vec()
}

/// Rosters.
pub fn run_roster(data: &[u8]) {
    let (roster, faults) = roster::parse(data, str::parse::<Address>);
    told(&faults, data);
    if faults.is_empty() {
        let written = roster.write();
        let (again, none) = roster::parse(&written, str::parse::<Address>);
        assert_eq!(none, [], "what is written has no faults either");
        assert_eq!(again.write(), written, "a file in the writer's quoting is given back");
        let said = |r: &roster::Roster<Address>| {
            r.entries().iter().map(|e| (e.worker().to_owned(), e.address)).collect::<Vec<_>>()
        };
        assert_eq!(said(&again), said(&roster), "and says the same");
    }
    for entry in roster.entries() {
        assert_eq!(roster.get(entry.worker()), Some(&entry.address), "a key leads to its account");
    }
}

/// Three workers.
pub fn seeds_roster() -> Seeds {
    let rows: Vec<String> = WORLD
        .book
        .accounts
        .iter()
        .enumerate()
        .map(|(i, a)| format!("{:012},{}", 990_010_015_000 + i, a.address))
        .collect();
    ["\n", "\r\n"].map(|end| format!("worker,address{end}{}{end}", rows[..3].join(end)).into_bytes()).to_vec()
}

static JOURNAL: LazyLock<PathBuf> =
    LazyLock::new(|| std::env::temp_dir().join(format!("peal-fuzz-journal-{}.csv", std::process::id())));

/// Return files and journals.
pub fn run_returns(data: &[u8]) {
    let (lines, faults) = returns::read(data);
    let titled = faults.iter().all(|f| f.field != "header");
    let kept: Vec<Line> = lines.iter().map(|(_, l)| l.clone()).collect();
    let written = returns::write(&kept, true);
    let (again, none) = returns::read(&written);
    assert_eq!(none, [], "what is written is read");
    assert_eq!(again.into_iter().map(|(_, l)| l).collect::<Vec<_>>(), kept);
    assert!(returns::distinct(lines).len() <= kept.len());
    if !titled || kept.is_empty() {
        return;
    }
    std::fs::write(&*JOURNAL, data).expect("a temporary file");
    let journal = Journal::open(&JOURNAL);
    if let Ok(journal) = journal {
        for line in &kept[..kept.len() - 1] {
            assert!(
                journal.at(&line.account, line.sequence).is_some(),
                "a journal has every line that is whole"
            );
        }
    }
    let _ = std::fs::remove_file(&*JOURNAL);
}

/// Lines of two accounts, one of them changed later.
pub fn seeds_returns() -> Seeds {
    let [account, fund] = [WORLD.lin.at(), WORLD.fund.at()];
    let line = |sequence, amount| Line {
        account,
        sequence,
        month: Month::new(202_610).unwrap(),
        insurance: Insurance::PENSION,
        scheme: "cn, flexible".parse().unwrap(),
        amount: crate::cast::pension(amount),
        fund,
        reference: "a \"b\"".parse().unwrap(),
        issuer: WORLD.platform.at(),
    };
    let mut seeds = vec![returns::write(&[line(3, 12_345), line(4, 100), line(3, 12_000)], true)];
    seeds.push([seeds[0].as_slice(), b"peal1cut"].concat());
    seeds
}
