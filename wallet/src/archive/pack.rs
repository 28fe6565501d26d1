//! The ZIP file itself: members one after the other, stored as they are, then the list of them.
//!
//! Nothing is compressed, and no byte is a choice: the same members give the same file, and no archive can unpack to more than it is. What is
//! read must be what [`write`] makes of what was read, so that every program unpacks the same from it. Source: `spec/archive.md`, and PKWARE's
//! APPNOTE.TXT 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16.

use peal_spec::verify::Failure;

use super::{BadArchive, MAX_FILE, MAX_MEMBER, MEMBERS, Members, fail};

const LOCAL: [u8; 4] = *b"PK\x03\x04";
const CENTRAL: [u8; 4] = *b"PK\x01\x02";
const END: [u8; 4] = *b"PK\x05\x06";
/// Version 1.0 is enough to unpack it.
const VERSION: u16 = 10;
/// Made as by Unix, so that the permissions below count.
const MADE_BY: u16 = 3 << 8 | VERSION;
/// A regular file that its owner reads and writes.
const MODE: u32 = 0o100_600 << 16;
/// 1 January 1980, on which ZIP's time begins.
const DATE: u16 = 1 << 5 | 1;
/// Bytes of a member's header, without its name.
const HEADER: usize = 30;
/// Room for the headers of all members, and the list.
const HEADERS: usize = 4096;

/// Fixed-size fields, least byte first.
#[derive(Default)]
struct Out(Vec<u8>);

impl Out {
    fn two(&mut self, fields: &[u16]) {
        fields.iter().for_each(|field| self.0.extend_from_slice(&field.to_le_bytes()));
    }
    fn four(&mut self, fields: &[u32]) {
        fields.iter().for_each(|field| self.0.extend_from_slice(&field.to_le_bytes()));
    }
    /// What a member's header and its line in the list have in common: version, flags, method, time, date, sum, lengths.
    fn member(&mut self, name: &str, sum: u32, length: u32) {
        self.two(&[VERSION, 0, 0, 0, DATE]);
        self.four(&[sum, length, length]);
        self.two(&[name.len() as u16, 0]);
    }
}

/// The file of some members.
///
/// # Errors
/// `too-large`, naming the member.
pub(super) fn write(members: &Members) -> Result<Vec<u8>, Failure> {
    if let Some((name, bytes)) = members.iter().find(|(_, bytes)| bytes.len() > MAX_MEMBER) {
        return fail("too-large", format!("{name} has {} bytes, at most {MAX_MEMBER} may be", bytes.len()));
    }
    let room = members.values().map(Vec::len).sum::<usize>() + HEADERS;
    if room > MAX_FILE {
        return fail("too-large", format!("the whole has {room} bytes, at most {MAX_FILE} may be"));
    }
    // Lengths and places are below 2^28 from here on.
    let (mut file, mut list) = (Out(Vec::with_capacity(room)), Out::default());
    for (name, bytes) in members {
        let (at, sum, length) = (file.0.len() as u32, crc32fast::hash(bytes), bytes.len() as u32);
        file.0.extend_from_slice(&LOCAL);
        file.member(name, sum, length);
        file.0.extend_from_slice(name.as_bytes());
        file.0.extend_from_slice(bytes);
        list.0.extend_from_slice(&CENTRAL);
        list.two(&[MADE_BY]);
        list.member(name, sum, length);
        // No comment, disk 0, no attributes but the mode.
        list.two(&[0, 0, 0]);
        list.four(&[MODE, at]);
        list.0.extend_from_slice(name.as_bytes());
    }
    let (at, length, count) = (file.0.len() as u32, list.0.len() as u32, members.len() as u16);
    file.0.append(&mut list.0);
    file.0.extend_from_slice(&END);
    file.two(&[0, 0, count, count]);
    file.four(&[length, at]);
    file.two(&[0]);
    Ok(file.0)
}

/// The members of a file, walked from the first on as [`write`] puts them. Whether the file is what it makes of them remains to be seen.
///
/// # Errors
/// [`BadArchive::Foreign`] if it is no ZIP file or has other members; `damaged` if it was cut; `repacked` if it is not by [`write`].
pub(super) fn read(file: &[u8]) -> Result<Members, BadArchive> {
    let foreign = |what: String| BadArchive::Foreign(what);
    if file.len() > MAX_FILE {
        return Err(foreign(format!("it has more than {MAX_FILE} bytes")));
    }
    if !file.starts_with(&LOCAL) {
        return Err(foreign("it is no ZIP file, or an empty one".into()));
    }
    let mut members = Members::new();
    let mut rest = file;
    while rest.starts_with(&LOCAL) {
        let cut = || Failure { name: "damaged", detail: "the file was cut: ask for it again".into() };
        let (header, after) = rest.split_at_checked(HEADER).ok_or_else(cut)?;
        let field =
            |at: usize| header.get(at..at + 2).map_or(0, |b| usize::from(b[0]) | usize::from(b[1]) << 8);
        let (flags, method, length) = (field(6), field(8), field(18) | field(20) << 16);
        let (name, after) = after.split_at_checked(field(26)).ok_or_else(cut)?;
        let Some((name, _)) = MEMBERS.iter().find(|(known, _)| known.as_bytes() == name) else {
            let name: String = String::from_utf8_lossy(name).chars().take(80).collect();
            return Err(foreign(format!("it has a member {name}, which no archive has")));
        };
        if (flags, method, field(28)) != (0, 0, 0) {
            return Ok(fail(
                "repacked",
                format!("{name} is not stored as it is: another program packed this"),
            )?);
        }
        let (bytes, after) = after.split_at_checked(length).ok_or_else(cut)?;
        if members.insert(*name, bytes.to_vec()).is_some() {
            return Ok(fail("repacked", format!("{name} is there twice"))?);
        }
        rest = after;
    }
    Ok(members)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn two() -> Members {
        [("months.csv", b"a,b\n".to_vec()), ("README.txt", Vec::new())].into()
    }

    #[test]
    fn what_is_written_is_read() {
        let file = write(&two()).unwrap();
        assert_eq!(read(&file).unwrap(), two());
        assert_eq!(file.len(), 2 * (30 + 46) + 2 * (10 + 10) + 4 + 22);
        assert_eq!(
            file[..40],
            *b"PK\x03\x04\x0a\0\0\0\0\0\0\0\x21\0\0\0\0\0\0\0\0\0\0\0\0\0\x0a\0\0\0README.txt"
        );
    }

    #[test]
    fn no_file_panics_or_is_taken_for_another() {
        let file = write(&two()).unwrap();
        for length in 0..file.len() {
            if let Ok(members) = read(&file[..length]) {
                assert_ne!(write(&members).unwrap(), file[..length]);
            }
        }
        for at in 0..file.len() {
            let mut other = file.clone();
            other[at] ^= 1;
            if let Ok(members) = read(&other) {
                assert_ne!(write(&members).unwrap(), other, "byte {at}");
            }
        }
    }

    #[test]
    fn members_have_their_measure() {
        let members: Members = [("months.csv", vec![0; MAX_MEMBER + 1])].into();
        assert_eq!(write(&members).unwrap_err().name, "too-large");
        assert!(matches!(read(b"hello"), Err(BadArchive::Foreign(_))));
        assert!(matches!(read(b""), Err(BadArchive::Foreign(_))));
    }
}
