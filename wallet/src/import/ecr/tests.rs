use super::*;

/// The published example lines.
const EXAMPLE: &str = "100427607286#~#xy#~#15000#~#15000#~#15000#~#15000#~#1800#~#1250#~#550#~#0#~#0\n\
                           100427601130#~#FGH#~#10000#~#10000#~#10000#~#10000#~#1200#~#833#~#367#~#0#~#0\n";

fn read(text: &str) -> (File, Vec<Fault>) {
    parse(text.as_bytes(), Month::new(202610).unwrap(), Kind::Regular)
}

#[test]
fn the_published_example() {
    let (file, faults) = read(EXAMPLE);
    assert_eq!(faults, []);
    assert_eq!(String::from_utf8(write(&file)).unwrap(), EXAMPLE);
    let drafts = drafts(&file);
    assert_eq!(drafts.len(), 6);
    let first = |d: &Draft| (d.reference.clone(), d.scheme.clone(), d.amount, d.credited, d.base);
    assert_eq!(
        drafts[..3].iter().map(first).collect::<Vec<_>>(),
        [
            ("ecr/202610/100427607286/7".into(), "in-epf-employee".into(), 180000, 180000, Some(1500000)),
            ("ecr/202610/100427607286/8".into(), "in-eps".into(), 125000, 0, Some(1500000)),
            ("ecr/202610/100427607286/9".into(), "in-epf-employer".into(), 55000, 55000, Some(1500000)),
        ]
    );
    assert_eq!(skipped(&file), []);
}

#[test]
fn one_fault_a_row() {
    let good = ["100427607286", "A. B", "20000", "15000", "15000", "15000", "1800", "1250", "550", "0", "0"];
    let rows: [(usize, &str, usize, &str); 19] = [
        (0, "10042760728", 0, "“10042760728” is not 12 digits"),
        (0, "10042760728x", 0, "“10042760728x” is not 12 digits"),
        (0, "+00427607286", 0, "“+00427607286” is not 12 digits"),
        (1, "", 1, "“” is not 1 to 85 letters, digits, spaces and points"),
        (1, "O'Neil", 1, "“O\\'Neil” is not 1 to 85 letters, digits, spaces and points"),
        (2, "20000.00", 2, "“20000.00” is not 1 to 10 digits"),
        (2, "12345678901", 2, "“12345678901” is not 1 to 10 digits"),
        (3, "", 3, "“” is not 1 to 10 digits"),
        (4, "15001", 4, "15001 is above 15000"),
        (5, "15001", 5, "15001 is above 15000"),
        (6, "1799", 6, "1799 is below 1800, 12 % of the EPF wages"),
        (6, "1500", 6, "1500 is below 1800, 12 % of the EPF wages"),
        (7, "1249", 7, "1249 is not 1250, 8.33 % of the EPS wages rounded half up"),
        (8, "551", 8, "551 is neither 550 nor 250, 12 or 10 % of the EPF wages less the EPS share"),
        (
            3,
            "9000",
            8,
            "550 is neither below zero nor below zero, 12 or 10 % of the EPF wages less the EPS share",
        ),
        (9, "100", 9, "“100” is not 1 to 2 digits"),
        (10, "-5", 10, "“-5” is not 1 to 10 digits"),
        (10, "0#~#0", 10, "the line has 12 fields, not 11"),
        (1, "A\u{7}", 1, "“A\\u{7}” is not 1 to 85 letters, digits, spaces and points"),
    ];
    for (at, text, field, problem) in rows {
        let mut fields = good;
        fields[at] = text;
        let (file, faults) = read(&format!("{EXAMPLE}{}\n", fields.join(SEPARATOR)));
        // A wrong EPS wage has a wrong EPS share beside it.
        let seen =
            faults.iter().find(|f| f.field == FIELDS[field]).unwrap_or_else(|| panic!("{text}: {faults:?}"));
        assert_eq!((seen.line, seen.problem.as_str()), (3, problem));
        assert_eq!(file.members.len(), 2, "{text}");
    }
}

#[test]
fn rates_and_voluntary_shares() {
    let line = |tail: &str| read(&format!("100427607286#~#A#~#20000#~#{tail}#~#0#~#0"));
    for good in [
        "15000#~#15000#~#15000#~#1800#~#1250#~#550", // 12 %
        "15000#~#15000#~#15000#~#1500#~#1250#~#250", // 10 %
        "15000#~#15000#~#15000#~#5000#~#1250#~#550", // voluntary
        "15000#~#15000#~#15000#~#1700#~#1250#~#250", // voluntary above 10 %
        "20000#~#0#~#15000#~#2400#~#0#~#2400",       // not in EPS
        "0#~#0#~#0#~#0#~#0#~#0",                     // nothing this month
        "1004#~#1004#~#1004#~#120#~#84#~#36",        // 120.48 down, 83.6332 up
        "1005#~#1005#~#1005#~#121#~#84#~#37",        // 120.60 up
    ] {
        assert_eq!(line(good).1, [], "{good}");
    }
    let file = line("20000#~#0#~#15000#~#2400#~#0#~#2400").0;
    assert_eq!(zeros(&file), [(1, "100427607286".to_owned(), "ecr/202610/100427607286/8".to_owned())]);
    assert_eq!(skipped(&file), [Skipped { what: FIELDS[7], reason: ZERO, lines: 1 }]);
    assert_eq!(line("15000#~#15000#~#15000#~#1700#~#1250#~#550").1[0].field, FIELDS[6]);
    assert_eq!(line("1004#~#1004#~#1004#~#121#~#84#~#37").1[0].field, FIELDS[8]);
}

#[test]
fn a_member_twice_is_refused_by_the_first_line() {
    let (file, faults) = read(&format!("{EXAMPLE}{EXAMPLE}"));
    assert_eq!(file.members.len(), 2);
    assert_eq!(
        faults.iter().map(Fault::to_string).collect::<Vec<_>>(),
        [
            "line 3, field 1, UAN: the member of line 1 again; keep one line for each member",
            "line 4, field 1, UAN: the member of line 2 again; keep one line for each member",
        ]
    );
}

#[test]
fn ends_of_lines_and_zeros_in_front_come_back() {
    let text = EXAMPLE.replacen('\n', "\r\n", 1).replace("#~#0#~#0", "#~#00#~#0000");
    for text in [text.trim_end(), &text] {
        let (file, faults) = read(text);
        assert_eq!(faults, []);
        assert_eq!(String::from_utf8(write(&file)).unwrap(), text);
    }
    assert_eq!(read("").1[0].problem, "the file is empty");
    assert_eq!(read(&format!("\u{feff}{EXAMPLE}")).1[0].problem, "a byte order mark is before it");
}
