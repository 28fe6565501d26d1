//! The rows of one commit in one piece of memory: what the journal keeps and what lies on top of the store until it is sorted in.
//!
//! A row is its family (1 byte), the length of its key (1), the key, the length of its value (4, little-endian) and the value.

use crate::error::Error;
use crate::schema::{Family, Row, encode_into};

/// Rows, one after another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Blob(Vec<u8>);

/// Where a row's value stands in its blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    at: u32,
    length: u32,
}

/// One row of a blob.
pub(crate) struct Found<'b> {
    pub(crate) family: Family,
    pub(crate) key: &'b [u8],
    pub(crate) value: &'b [u8],
    pub(crate) span: Span,
}

impl Blob {
    /// Room for `bytes`.
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    /// Appends a row.
    pub(crate) fn put<R: Row>(&mut self, key: &[u8], row: &R) -> Result<(), Error> {
        let long = || Error::Bug(format!("a row of {} is too long", R::FAMILY.name()));
        self.0.push(R::FAMILY as u8);
        self.0.push(u8::try_from(key.len()).map_err(|_| long())?);
        self.0.extend_from_slice(key);
        let at = self.0.len();
        self.0.extend_from_slice(&[0; 4]);
        encode_into(row, &mut self.0)?;
        let length = u32::try_from(self.0.len() - at - 4).map_err(|_| long())?;
        // A span counts in 32 bits.
        u32::try_from(self.0.len()).map_err(|_| long())?;
        self.0[at..at + 4].copy_from_slice(&length.to_le_bytes());
        Ok(())
    }

    /// No rows, in memory that was used before.
    pub(crate) fn within(mut memory: Vec<u8>) -> Self {
        memory.clear();
        Self(memory)
    }

    /// The memory.
    pub(crate) fn into_memory(self) -> Vec<u8> {
        self.0
    }

    /// A blob that was stored.
    pub(crate) fn stored(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// As it is stored.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The value that stands there.
    pub(crate) fn value(&self, span: Span) -> &[u8] {
        let from = span.at as usize;
        self.0.get(from..from + span.length as usize).unwrap_or_default()
    }

    /// The rows in order; an error where the bytes are not rows.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Result<Found<'_>, Error>> {
        let mut at = 0;
        std::iter::from_fn(move || {
            if at == self.0.len() {
                return None;
            }
            let found = self.read(at);
            at = found.as_ref().map_or(self.0.len(), |(_, next)| *next);
            Some(
                found
                    .map(|(row, _)| row)
                    .ok_or_else(|| Error::Corrupt("journal: it is not made of rows".into())),
            )
        })
    }

    fn read(&self, at: usize) -> Option<(Found<'_>, usize)> {
        let (family, key) = (*self.0.get(at)?, usize::from(*self.0.get(at + 1)?));
        let family = *Family::ALL.get(usize::from(family))?;
        let (key, rest) = self.0.get(at + 2..)?.split_at_checked(key)?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(*length);
        let value = rest.get(..length as usize)?;
        let start = at + 2 + key.len() + 4;
        let span = Span { at: u32::try_from(start).ok()?, length };
        Some((Found { family, key, value, span }, start + length as usize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::{Figure, Number};

    #[test]
    fn rows_read_back_and_broken_ones_are_named() {
        let mut blob = Blob::default();
        blob.put(b"last", &Figure(7)).unwrap();
        blob.put(&[9; 32], &Number(300)).unwrap();
        let rows: Vec<_> = blob.rows().collect::<Result<_, _>>().unwrap();
        let seen: Vec<_> = rows.iter().map(|r| (r.family, r.key, r.value)).collect();
        assert_eq!(
            seen,
            [(Family::Meta, &b"last"[..], &[1, 7][..]), (Family::Ids, &[9; 32][..], &[1, 251, 44, 1][..])]
        );
        assert!(rows.iter().all(|r| blob.value(r.span) == r.value));
        for length in 1..blob.as_bytes().len() {
            let cut = Blob::stored(blob.as_bytes()[..length].to_vec());
            let whole = cut.rows().filter(Result::is_ok).count();
            assert_eq!(cut.rows().all(|r| r.is_ok()), whole == 1 && length == 12, "{length}");
        }
    }
}
