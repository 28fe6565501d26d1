//! CSV with a known header: UTF-8, RFC 4180 quoting. The byte order mark that spreadsheets write, either end of line and a last line left
//! open are accepted and kept, so that a file in the writer's quoting comes back byte for byte.
//!
//! The writer quotes a field only if it holds a comma, a quote or an end of line. Blank lines are passed over.

use std::fmt::Display;

use csv::{ByteRecord, ReaderBuilder, StringRecord};

use super::{Faults, digits, shown};

const MARK: &[u8] = b"\xef\xbb\xbf";

/// What a file has around its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    mark: bool,
    crlf: bool,
    open: bool,
}

/// Whether a line ends at this byte: a newline, or a carriage return by itself.
fn ends(bytes: &[u8], at: usize) -> bool {
    match bytes.get(at) {
        Some(b'\r') => bytes.get(at + 1) != Some(&b'\n'),
        byte => byte == Some(&b'\n'),
    }
}

/// Reads the rows that have as many fields as there are columns; each is given with its line.
pub(super) fn read(
    bytes: &[u8],
    columns: &'static [&'static str],
    faults: &mut Faults,
    mut row: impl FnMut(usize, StringRecord, &mut Faults),
) -> Shape {
    let (mark, bytes) = match bytes.strip_prefix(MARK) {
        Some(rest) => (true, rest),
        None => (false, bytes),
    };
    let end = bytes.iter().position(|b| *b == b'\n');
    let crlf = end.is_some_and(|end| bytes[..end].ends_with(b"\r"));
    let open = !bytes.ends_with(b"\n");
    let shape = Shape { mark, crlf, open };

    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let mut record = ByteRecord::new();
    let mut header = false;
    // The reader's own line is the one before blank lines; count on from the byte it names.
    let (mut line, mut counted) = (1, 0);
    while reader.read_byte_record(&mut record).unwrap_or(false) {
        let start = record.position().map_or(counted, |p| p.byte() as usize);
        let blank = bytes[start.min(bytes.len())..].iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        let start = (start + blank).min(bytes.len());
        line += (counted..start).filter(|i| ends(bytes, *i)).count();
        counted = start;

        if !header {
            header = true;
            if !record.iter().eq(columns.iter().map(|c| c.as_bytes())) {
                let at = columns.iter().zip(record.iter()).position(|(c, found)| c.as_bytes() != found);
                let problem = match at {
                    Some(i) => format!("column {} is {}, not {}", i + 1, shown(&record[i]), columns[i]),
                    None => format!("there are {} columns, not {}", record.len(), columns.len()),
                };
                faults.add(line, "header", problem, "write the columns of the layout, in its order");
                return shape;
            }
        } else if record.len() != columns.len() {
            let field = columns.get(record.len()).or(columns.last()).copied().unwrap_or("row");
            let problem = format!("the row has {} fields, not {}", record.len(), columns.len());
            faults.add(
                line,
                field,
                problem,
                "write every column, and quote a field that holds a comma or a quote",
            );
        } else {
            match StringRecord::from_byte_record(std::mem::take(&mut record)) {
                Ok(record) => row(line, record, faults),
                Err(e) => {
                    let field = columns.get(e.utf8_error().field()).copied().unwrap_or("row");
                    faults.add(line, field, "is not UTF-8", "save the file as CSV in UTF-8");
                }
            }
        }
    }
    if !header {
        faults.add(1, "header", "the file is empty", "export it again");
    }
    shape
}

/// What to do about a text that is none.
pub(super) const NAME: &str = "write 1 to 64 bytes (scheme: 32) without control characters";
/// What to do about an amount that is none.
pub(super) const AMOUNT: &str = "write the amount with a point, without sign, spaces or separators";

/// Reads the cells of a row and notes what is wrong with them.
pub(super) struct Cells<'a> {
    pub(super) line: usize,
    pub(super) columns: &'static [&'static str],
    pub(super) text: &'a StringRecord,
    pub(super) faults: &'a mut Faults,
}

impl<'a> Cells<'a> {
    pub(super) fn text(&self, column: &str) -> &'a str {
        self.columns.iter().position(|c| *c == column).and_then(|i| self.text.get(i)).unwrap_or("")
    }

    pub(super) fn read<T, E: Display>(
        &mut self,
        column: &'static str,
        remedy: &'static str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = self.text(column);
        match read(text) {
            Ok(value) => Some(value),
            Err(e) => {
                self.faults.add(self.line, column, format!("{}: {e}", shown(text.as_bytes())), remedy);
                None
            }
        }
    }

    /// Like [`Self::read`], where the cell may be empty.
    pub(super) fn maybe<T, E: Display>(
        &mut self,
        column: &'static str,
        remedy: &'static str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<Option<T>> {
        if self.text(column).is_empty() { Some(None) } else { self.read(column, remedy, read).map(Some) }
    }
}

/// A count, as of orders.
pub(super) fn count(text: &str) -> Result<u64, &'static str> {
    digits(text.as_bytes(), 16).filter(|n| *n < 1 << 53).ok_or("expected a count of digits below 2^53")
}

/// Writes the header and the rows.
pub(super) fn write<'a>(
    shape: Shape,
    columns: &'static [&'static str],
    rows: impl Iterator<Item = &'a StringRecord>,
) -> Vec<u8> {
    let end: &[u8] = if shape.crlf { b"\r\n" } else { b"\n" };
    let mut out = if shape.mark { MARK.to_vec() } else { Vec::new() };
    out.extend_from_slice(columns.join(",").as_bytes());
    for row in rows {
        out.extend_from_slice(end);
        for (i, field) in row.iter().enumerate() {
            if i > 0 {
                out.push(b',');
            }
            if field.contains([',', '"', '\r', '\n']) {
                out.extend_from_slice(format!("\"{}\"", field.replace('"', "\"\"")).as_bytes());
            } else {
                out.extend_from_slice(field.as_bytes());
            }
        }
    }
    if !shape.open {
        out.extend_from_slice(end);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::Fault;

    const COLUMNS: &[&str] = &["a", "b"];

    fn rows(bytes: &[u8]) -> (Shape, Vec<(usize, StringRecord)>, Vec<Fault>) {
        let (mut rows, mut faults) = (Vec::new(), Faults::new());
        let shape = read(bytes, COLUMNS, &mut faults, |line, row, _| rows.push((line, row)));
        (shape, rows, faults.finish())
    }

    #[test]
    fn canonical_files_come_back() {
        for text in [
            "a,b\n1,2\n",
            "a,b\r\n1,\"x, \"\"y\"\"\"\r\n,\r\n",
            "\u{feff}a,b\n1,ä",
            "a,b",
            "a,b\n1,\"x\ny\"\n",
        ] {
            let (shape, rows, faults) = rows(text.as_bytes());
            assert_eq!(faults, []);
            assert_eq!(write(shape, COLUMNS, rows.iter().map(|r| &r.1)), text.as_bytes(), "{text:?}");
        }
    }

    #[test]
    fn lines_are_the_files_own() {
        let (_, rows, faults) = rows(b"a,b\r\n1,2\r\n\r\n\r\n3,\"x\r\ny\"\n5,6\n7\n8,\xff\n9,10");
        assert_eq!(rows.iter().map(|r| r.0).collect::<Vec<_>>(), [2, 5, 7, 10]);
        assert_eq!(
            faults.iter().map(Fault::to_string).collect::<Vec<_>>(),
            [
                "line 8, b: the row has 1 fields, not 2; write every column, and quote a field that holds a comma or a quote",
                "line 9, b: is not UTF-8; save the file as CSV in UTF-8",
            ]
        );
    }

    #[test]
    fn returns_end_lines_too() {
        let (_, rows, _) = rows(b"a,b\r1,2\r3,4\r");
        assert_eq!(rows.iter().map(|r| r.0).collect::<Vec<_>>(), [2, 3]);
    }

    #[test]
    fn another_header_is_refused() {
        let problem = |bytes: &[u8]| rows(bytes).2[0].problem.clone();
        assert_eq!(problem(b""), "the file is empty");
        assert_eq!(problem(b"a;b\n1;2\n"), "column 1 is “a;b”, not a");
        assert_eq!(problem(b"a,B\n"), "column 2 is “B”, not b");
        assert_eq!(problem(b"a,b,c\n"), "there are 3 columns, not 2");
    }
}
