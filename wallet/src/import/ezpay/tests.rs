use super::*;

fn file(records: &[&str]) -> Vec<u8> {
    records.iter().flat_map(|r| format!("{r:<150}\r\n").into_bytes()).collect()
}

/// The published example.
const EXAMPLE: [&str; 4] = [
    "F 53012345X PTE01 0120260204101500FTP.DTL",
    "F053012345X PTE01 01202601010000000962000000000",
    "F153012345X PTE01 0120260101S1234567D00000009620000002600000000000000ELIM AH KOW",
    "F953012345X PTE01 010000004000000000096200",
];

#[test]
fn the_published_example() {
    let bytes = file(&EXAMPLE);
    let (read, faults) = parse(&bytes);
    assert_eq!(faults, []);
    assert_eq!(write(&read), bytes);
    let draft = &drafts(&read)[0];
    assert_eq!((draft.line, draft.amount, draft.credited, draft.base), (3, 96200, 96200, Some(260000)));
    assert_eq!(draft.reference, "ezpay/202601/01/S1234567D/01");
    assert_eq!((drafts(&read).len(), skipped(&read)), (1, vec![]));
    assert_eq!(check_name("53012345XPTE01JAN202601.DTL", &read), Ok(Month::new(202601).unwrap()));
    assert_eq!(check_name("53012345Xpte01Jan202601.dtl", &read), Ok(Month::new(202601).unwrap()));
    for bad in [
        "53012345XPTE01JAN202602.DTL",
        "53012345XPTE01JANUARY01.DTL",
        "53012345XPTE01202601.DTL",
        "a.DTL",
        "é",
    ] {
        assert_eq!(check_name(bad, &read).unwrap_err().field, "file name");
    }
    // Without the last CR LF, and back.
    let (open, faults) = parse(&bytes[..bytes.len() - 2]);
    assert_eq!(faults, []);
    assert_eq!(write(&open), &bytes[..bytes.len() - 2]);
}

#[test]
fn one_fault_a_row() {
    // Line, column from 1, what stands there instead, and the field that is named.
    for (line, column, text, field) in [
        (1, 1, "X ", "record type, columns 1-2"),
        (1, 3, "a", "payer, columns 3-12"),
        (1, 13, "PTX", "payment type, columns 13-15"),
        (1, 16, " 1", "serial, columns 16-17"),
        (1, 18, "0", "column 18"),
        (1, 19, "00", "advice code, columns 19-20"),
        (1, 21, "20260230", "date, columns 21-28"),
        (1, 29, "240000", "time, columns 29-34"),
        (1, 35, "FTP.TXT", "file id, columns 35-47"),
        (1, 150, "x", "filler"),
        (2, 3, "6", "columns 3-20"),
        (2, 21, "202613", "month, columns 21-26"),
        (2, 27, "06", "payment code, columns 27-28"),
        (2, 29, "00000096200 ", "amount, columns 29-40"),
        (2, 41, "0000001", "donor count, columns 41-47"),
        (3, 29, "F", "CPF account, columns 29-37"),
        (3, 29, "S12345678", "CPF account, columns 29-37"),
        (3, 38, "-", "amount, columns 38-49"),
        (3, 50, ".", "ordinary wages, columns 50-59"),
        (3, 60, " ", "additional wages, columns 60-69"),
        (3, 70, " ", "status, column 70"),
        (3, 71, " ", "name, columns 71-136"),
        (3, 71, "[", "name, columns 71-136"),
        (3, 71, "\u{7f}", "name, columns 71-136"),
        (3, 140, "x", "filler"),
        (4, 21, "000000x", "record count, columns 21-27"),
        (4, 21, "0000005", "record count, columns 21-27"),
        (4, 28, "000000000096201", "total, columns 28-42"),
        (2, 39, "1", "amount, columns 29-40"),
        (3, 27, "02", "status, column 70"),
    ] {
        let mut bytes = file(&EXAMPLE);
        let at = (line - 1) * 152 + column - 1;
        bytes[at..at + text.len()].copy_from_slice(text.as_bytes());
        let (_, faults) = parse(&bytes);
        assert!(faults.iter().any(|f| (f.line, f.field) == (line, field)), "{text}: {faults:?}");
    }
}

#[test]
fn records_agree_with_each_other() {
    let first = |records: &[&str]| parse(&file(records)).1[0].to_string();
    let [header, summary, detail, trailer] = EXAMPLE;
    assert_eq!(
        first(&[header, summary, detail, detail, &trailer.replace("0000004", "0000005")]),
        "line 4, record: month, payment code and account of line 3 again; keep one record for each, with the sum"
    );
    assert_eq!(
        first(&[header, summary, &detail.replace("00000009620", "00000009630"), trailer]),
        "line 2, amount, columns 29-40: 96200 is not 96300, the sum of its 1 details; mend the summary or its details"
    );
    assert_eq!(
        first(&[header, detail, "F953012345X PTE01 010000003000000000000000"]),
        "line 2, payment code, columns 27-28: no summary has payment code 01 for 2026-01; write a summary for the details"
    );
    assert_eq!(
        first(&[header, summary, detail]),
        "line 3, record type, columns 1-2: the file does not end with a trailer; export the file again"
    );
    assert_eq!(
        first(&[summary, detail, "F953012345X PTE01 010000003000000000096200"]),
        "line 1, record type, columns 1-2: the file does not start with a header; export the file again"
    );
    assert_eq!(
        first(&[]),
        "line 1, record type, columns 1-2: the file does not start with a header; export the file again"
    );
    let (kept, faults) = parse(&file(&[&header.replace("53012345X", "53012346X"), summary, detail, trailer]));
    assert_eq!(
        faults.iter().map(Fault::to_string).collect::<Vec<_>>(),
        [
            "line 1, columns 3-20: differs from most records of the file; write one payer and one advice a file"
        ]
    );
    assert_eq!(drafts(&kept).len(), 1);
    let (kept, faults) =
        parse(&file(&[header, summary, "F1", detail, &trailer.replace("0000004", "0000005")]));
    assert!(faults.iter().all(|f| f.line == 3), "{faults:?}");
    assert_eq!((kept.records.len(), drafts(&kept).len()), (4, 1));
}

#[test]
fn donors_are_counted() {
    let fund = |donors: &str| {
        parse(&file(&[
            EXAMPLE[0],
            EXAMPLE[1],
            &format!("F053012345X PTE01 0120260103000000000300{donors}"),
            EXAMPLE[2],
            "F153012345X PTE01 0120260103S1234567D00000000030000000000000000000000 LIM AH KOW",
            "F053012345X PTE01 01202601110000000002000000000",
            "F953012345X PTE01 010000007000000000096700",
        ]))
    };
    let (read, faults) = fund("0000001");
    assert_eq!(faults, []);
    assert_eq!(drafts(&read).len(), 1);
    assert_eq!(
        skipped(&read).iter().map(|s| (s.what, s.reason, s.lines)).collect::<Vec<_>>(),
        [("03 SINDA", NOT_A_CONTRIBUTION, 2), ("11 skills development levy", NOT_A_CONTRIBUTION, 1)]
    );
    assert_eq!(
        fund("0000002").1[0].to_string(),
        "line 3, donor count, columns 41-47: 2 is not 1, the number of its details; mend the summary or its details"
    );
}

#[test]
fn lengths_and_ends_of_lines() {
    let bytes = file(&EXAMPLE);
    let text = String::from_utf8(bytes).unwrap();
    let (_, faults) = parse(text.replace("\r\n", "\n").as_bytes());
    assert_eq!(faults.len(), 4);
    assert_eq!(
        faults[0].to_string(),
        "line 1, end of line: is LF alone; end every record with CR LF; transfer the file as binary"
    );
    // A letter of two bytes makes the record longer than its characters.
    let (_, faults) = parse(text.replace("LIM", "LÏM").as_bytes());
    assert_eq!(
        faults[0].to_string(),
        "line 3, record: has 151 bytes, not 150; fill with spaces or cut to 150 bytes; one byte is one character"
    );
}
