//! Whether RocksDB's MANIFEST is as it was written. RocksDB itself reads some damaged ones for ever, and says nothing.
//!
//! The file is a log: blocks of 32 KiB, in each of them records of 7 bytes (masked CRC-32C, length, type) and content. Only the sums are
//! looked at here; a record that the file ends in the midst of is a torn end, of which RocksDB knows what to make.
//!
//! Source: RocksDB, "Write Ahead Log File Format".

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use crate::error::Error;

const BLOCK: usize = 32 << 10;
/// Sum, length and type.
const HEADER: usize = 7;
/// Types that say which log they belong to hold its number, too: not in a MANIFEST.
const LAST_TYPE: u8 = 4;

/// Checks the MANIFEST that the store in a folder is opened by. What is missing is not found here.
///
/// # Errors
/// [`Error::Corrupt`] names the file and the byte.
pub(super) fn check(dir: &Path) -> Result<(), Error> {
    let Some(path) = current(dir) else { return Ok(()) };
    let Ok(file) = File::open(&path) else { return Ok(()) };
    match damage(BufReader::with_capacity(BLOCK, file)) {
        Ok(None) => Ok(()),
        Ok(Some(at)) => Err(Error::Corrupt(format!(
            "{} does not open: {} is not as it was written, from byte {at}. Keep the folder as it is, open the last copy instead, and have \
             what came after it sent again",
            dir.display(),
            path.display()
        ))),
        Err(e) => Err(Error::Corrupt(format!("cannot read {}: {e}", path.display()))),
    }
}

/// The MANIFEST that CURRENT names.
fn current(dir: &Path) -> Option<PathBuf> {
    let name = std::fs::read_to_string(dir.join("CURRENT")).ok()?;
    let name = name.strip_suffix('\n').filter(|name| name.starts_with("MANIFEST-") && !name.contains('/'))?;
    Some(dir.join(name))
}

/// Where a log stops being what was written; none if it does not.
fn damage(mut log: impl Read) -> std::io::Result<Option<u64>> {
    let (mut block, mut before) = (Vec::with_capacity(BLOCK), 0);
    // Where nothing but zeros follows: room that was made and not used.
    let mut unused = None;
    loop {
        block.clear();
        log.by_ref().take(BLOCK as u64).read_to_end(&mut block)?;
        let mut rest = &block[..];
        if unused.is_some() && rest.iter().any(|byte| *byte != 0) {
            return Ok(unused);
        }
        while let Some((header, content)) = rest.split_at_checked(HEADER).filter(|_| unused.is_none()) {
            let &[a, b, c, d, low, high, kind] = header else { break };
            let (sum, length) = (u32::from_le_bytes([a, b, c, d]), u16::from_le_bytes([low, high]));
            let at = Some(before + (block.len() - rest.len()) as u64);
            if (length, kind) == (0, 0) {
                if content.iter().any(|byte| *byte != 0) {
                    return Ok(at);
                }
                unused = at;
                break;
            }
            let Some((content, further)) = content.split_at_checked(usize::from(length)) else {
                // The end of the file may be torn, that of a block is not; and a record that is whole at another length had another.
                let damaged = block.len() == BLOCK || begins_with_a_record(kind, content, sum);
                return Ok(at.filter(|_| damaged));
            };
            if kind == 0
                || kind > LAST_TYPE
                || masked(crc32c::crc32c_append(crc32c::crc32c(&[kind]), content)) != sum
            {
                return Ok(at);
            }
            rest = further;
        }
        if block.len() < BLOCK {
            return Ok(None);
        }
        before += BLOCK as u64;
    }
}

/// Whether some of the first bytes are what was summed.
fn begins_with_a_record(kind: u8, bytes: &[u8], sum: u32) -> bool {
    let mut running = crc32c::crc32c(&[kind]);
    let mut found = masked(running) == sum;
    for byte in bytes {
        running = crc32c::crc32c_append(running, &[*byte]);
        found |= masked(running) == sum;
    }
    found
}

/// A sum as it is stored, so that sums of what holds sums are not weak.
fn masked(sum: u32) -> u32 {
    sum.rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u8, content: &[u8]) -> Vec<u8> {
        let sum = masked(crc32c::crc32c_append(crc32c::crc32c(&[kind]), content));
        let length = u16::try_from(content.len()).unwrap().to_le_bytes();
        [&sum.to_le_bytes()[..], &length, &[kind], content].concat()
    }

    #[test]
    fn every_flipped_bit_is_found_and_every_end_is_a_torn_one() {
        let mut log = record(2, &vec![7; BLOCK - HEADER - 3]);
        log.extend([0; 3]);
        let end_of_first = log.len();
        assert_eq!(end_of_first, BLOCK);
        log.extend(record(4, b"the end of it"));
        log.extend(record(1, b"another"));
        assert_eq!(damage(&log[..]).unwrap(), None);
        for length in (0..log.len()).step_by(777).chain(log.len() - 30..log.len()) {
            assert_eq!(damage(&log[..length]).unwrap(), None, "cut to {length}");
        }
        for bit in (0..8 * log.len()).step_by(1009).chain(8 * BLOCK..8 * log.len()) {
            let byte = bit / 8;
            let mut flipped = log.clone();
            flipped[byte] ^= 1 << (bit % 8);
            // Nobody reads the end of a block that has no room for a record; a length that leads beyond the file is that of a torn end.
            let unread = (BLOCK - 3..BLOCK).contains(&byte);
            let length =
                [BLOCK, BLOCK + HEADER + 13].iter().any(|start| (start + 4..start + 6).contains(&byte));
            match damage(&flipped[..]).unwrap() {
                Some(at) => assert!(at <= byte as u64 && !unread, "bit {bit}: {at}"),
                None => assert!(unread || length, "bit {bit}"),
            }
        }
        let mut unused = record(1, b"all");
        unused.extend([0; 1000]);
        assert_eq!(damage(&unused[..]).unwrap(), None);
        unused.extend(vec![0; 2 * BLOCK]);
        assert_eq!(damage(&unused[..]).unwrap(), None);
        for at in [17, 900, BLOCK + 5, 2 * BLOCK + 900] {
            let mut used = unused.clone();
            used[at] = 1;
            assert_eq!(damage(&used[..]).unwrap(), Some(10), "{at}");
        }
    }
}
