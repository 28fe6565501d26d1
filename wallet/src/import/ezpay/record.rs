//! One record of an EZPay file by itself: its columns, read and named as in the specification.

use peal_spec::value::{Month, Time};

use super::{Advice, CODES, Detail, FORBIDDEN, RECORD, Record};
use crate::import::{End, Faults, digits, shown};

/// A record that has no fault of its own.
pub(super) fn read(line: usize, text: &[u8], end: End, faults: &mut Faults) -> Option<(Advice, Record)> {
    if end == End::Lf {
        faults.add(
            line,
            "end of line",
            "is LF alone",
            "end every record with CR LF; transfer the file as binary",
        );
        return None;
    }
    let Ok(bytes) = <&[u8; RECORD]>::try_from(text) else {
        let problem = format!("has {} bytes, not {RECORD}", text.len());
        faults.add(
            line,
            "record",
            problem,
            "fill with spaces or cut to 150 bytes; one byte is one character",
        );
        return None;
    };
    let before = faults.count;
    let mut columns = Columns { line, bytes, faults };
    let advice = columns.advice();
    let record = match &bytes[..2] {
        b"F " => columns.header(),
        b"F0" => columns.summary(),
        b"F1" => columns.detail(),
        b"F9" => columns.trailer(),
        other => {
            columns.bad("record type, columns 1-2", other, "F, F0, F1 or F9", "write the type of the record");
            None
        }
    };
    if faults.count == before { advice.zip(record) } else { None }
}

/// A record's columns, numbered from 1 as in the specification. Each reader notes what is wrong and goes on.
struct Columns<'a> {
    line: usize,
    bytes: &'a [u8; RECORD],
    faults: &'a mut Faults,
}

impl Columns<'_> {
    fn at(&self, from: usize, to: usize) -> &[u8] {
        self.bytes.get(from - 1..to).unwrap_or(&[])
    }

    fn bad(&mut self, field: &'static str, found: &[u8], wanted: &str, remedy: &'static str) {
        self.faults.add(self.line, field, format!("{} is not {wanted}", shown(found)), remedy);
    }

    /// A value that `read` makes of the columns, or a fault.
    fn value<T>(
        &mut self,
        (from, to): (usize, usize),
        field: &'static str,
        wanted: &str,
        remedy: &'static str,
        read: impl FnOnce(&[u8]) -> Option<T>,
    ) -> Option<T> {
        let value = read(self.at(from, to));
        if value.is_none() {
            let found = self.at(from, to).to_vec();
            self.bad(field, &found, wanted, remedy);
        }
        value
    }

    fn number(&mut self, columns: (usize, usize), field: &'static str) -> Option<u64> {
        let width = columns.1 + 1 - columns.0;
        let wanted = format!("{width} digits");
        self.value(columns, field, &wanted, "fill with zeros in front; no sign, point or space", |t| {
            digits(t, width)
        })
    }

    fn month(&mut self) -> Option<Month> {
        self.value((21, 26), "month, columns 21-26", "a month as 202601", "write year and month", |t| {
            digits(t, 6).and_then(|n| u32::try_from(n).ok()).and_then(Month::new)
        })
    }

    fn code(&mut self) -> Option<u8> {
        let remedy = "write a code of the specification";
        self.value((27, 28), "payment code, columns 27-28", "a payment code: 01-05, 07-11", remedy, |t| {
            let code = digits(t, 2)?;
            CODES.iter().map(|c| c.0).find(|c| u64::from(*c) == code)
        })
    }

    fn filler(&mut self, from: usize) {
        let remedy = "fill the record with spaces to 150 bytes";
        let blank = |t: &[u8]| t.iter().all(|b| *b == b' ').then_some(());
        self.value((from, RECORD), "filler", "all spaces", remedy, blank);
    }

    fn advice(&mut self) -> Option<Advice> {
        let payer = self.value(
            (3, 12),
            "payer, columns 3-12",
            "9 or 10 capital letters and digits",
            "write the UEN, NRIC or FIN, then spaces",
            |t| {
                let text = t.strip_suffix(b" ").unwrap_or(t);
                let ok = text.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
                ok.then(|| String::from_utf8_lossy(text).into_owned())
            },
        );
        let payment_type = self.value(
            (13, 15),
            "payment type, columns 13-15",
            "PTE, VCT, AMS or MSE",
            "write the type of the submission number",
            |t| ["PTE", "VCT", "AMS", "MSE"].into_iter().find(|k| k.as_bytes() == t),
        );
        let serial = self.number((16, 17), "serial, columns 16-17");
        self.value((18, 18), "column 18", "a space", "write a space", |t| (t == b" ").then_some(()));
        let code =
            self.value((19, 20), "advice code, columns 19-20", "01 to 99", "write the advice code", |t| {
                digits(t, 2).filter(|n| *n > 0)
            });
        let (serial, code) = (u8::try_from(serial?).ok()?, u8::try_from(code?).ok()?);
        Some(Advice { payer: payer?, payment_type: payment_type?, serial, code })
    }

    fn header(&mut self) -> Option<Record> {
        let date = self.value(
            (21, 28),
            "date, columns 21-28",
            "a date as 20260131",
            "write the day of making",
            |t| {
                let n = digits(t, 8)?;
                let iso = format!("{:04}-{:02}-{:02}T00:00:00Z", n / 10_000, n / 100 % 100, n % 100);
                iso.parse::<Time>().ok().map(|_| n)
            },
        );
        let time = self.value(
            (29, 34),
            "time, columns 29-34",
            "a time as 235959",
            "write the time of making",
            |t| digits(t, 6).filter(|n| n / 10_000 < 24 && n / 100 % 100 < 60 && n % 100 < 60),
        );
        self.value((35, 47), "file id, columns 35-47", "FTP.DTL", "write FTP.DTL and six spaces", |t| {
            (t == b"FTP.DTL      ").then_some(())
        });
        self.filler(48);
        Some(Record::Header { date: date?, time: time? })
    }

    fn summary(&mut self) -> Option<Record> {
        let (month, code) = (self.month(), self.code());
        let amount = self.number((29, 40), "amount, columns 29-40");
        let donors = self.number((41, 47), "donor count, columns 41-47");
        self.filler(48);
        let (month, code, amount, donors) = (month?, code?, amount?, donors?);
        if donors > 0 && !matches!(code, 2..=5 | 10) {
            let problem = format!("{donors} donors for payment code {code:02}");
            let remedy = "write zeros; only 02 to 05 and 10 have donors";
            self.faults.add(self.line, "donor count, columns 41-47", problem, remedy);
        }
        Some(Record::Summary { month, code, amount, donors })
    }

    fn detail(&mut self) -> Option<Record> {
        let (month, code) = (self.month(), self.code());
        let account = self.value(
            (29, 37),
            "CPF account, columns 29-37",
            "S or T, seven digits and a letter",
            "write the member's CPF account",
            |t| {
                let ok = matches!(t, [b'S' | b'T', n @ .., b'A'..=b'Z'] if digits(n, 7).is_some());
                ok.then(|| String::from_utf8_lossy(t).into_owned())
            },
        );
        let amount = self.number((38, 49), "amount, columns 38-49");
        let ordinary = self.number((50, 59), "ordinary wages, columns 50-59");
        let additional = self.number((60, 69), "additional wages, columns 60-69");
        let remedy = "write E, L, N or O for payment code 01, and a space for any other";
        let status =
            self.value((70, 70), "status, column 70", "the status for its payment code", remedy, |t| {
                let choices: &[u8] = if code == Some(1) { b"ELNO" } else { b" " };
                let found = choices.iter().find(|c| t == [**c]).map(|c| char::from(*c));
                // Without a code there is nothing to compare with; the code's own fault says so.
                if code.is_none() { Some(' ') } else { found }
            });
        let remedy = "write the name from column 71, in printable ASCII without _+$<>:;?!=[]\\`^|\"~";
        let name = self.value((71, 136), "name, columns 71-136", "a name", remedy, |t| {
            let text = std::str::from_utf8(t).ok()?.trim_end_matches(' ');
            let good = |c: char| matches!(c, ' '..='~') && !FORBIDDEN.contains(c);
            (!text.is_empty() && !text.starts_with(' ') && text.chars().all(good)).then(|| text.to_owned())
        });
        self.filler(137);
        Some(Record::Detail(Detail {
            month: month?,
            code: code?,
            account: account?,
            amount: amount?,
            ordinary: ordinary?,
            additional: additional?,
            status: status?,
            name: name?,
        }))
    }

    fn trailer(&mut self) -> Option<Record> {
        let records = self.number((21, 27), "record count, columns 21-27");
        let total = self.number((28, 42), "total, columns 28-42");
        self.filler(43);
        Some(Record::Trailer { records: records?, total: total? })
    }
}
