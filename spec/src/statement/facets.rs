//! The facets of a statement, as encoded: one run of bytes, and where each ends.
//!
//! A statement that was read with its posting keeps a part of the posting's bytes. What is to live longer than its posting is
//! [`Facets::detach`]ed, so that it does not hold on to all of it.

use std::fmt;

use bytes::Bytes;

use super::MAX_FACETS;
use crate::cbor::{Cbor, Malformed, Reader, Writer};

const MAX: usize = MAX_FACETS as usize;
const TOO_MANY: &str = "at most 16 facets";

/// At most 16 encoded items.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Facets {
    bytes: Bytes,
    ends: Ends,
}

/// Where each item ends.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Ends {
    count: u8,
    at: [u32; MAX],
}

impl Ends {
    fn push(&mut self, end: usize) -> Result<(), Malformed> {
        let place = self.at.get_mut(usize::from(self.count)).ok_or(Malformed { at: end, what: TOO_MANY })?;
        *place = u32::try_from(end).map_err(|_| Malformed { at: end, what: "facets of less than 4 GiB" })?;
        self.count += 1;
        Ok(())
    }
}

impl Facets {
    /// Facets from encoded items, which are not looked at.
    ///
    /// # Errors
    /// [`Malformed`] for more than 16.
    pub fn new<I: IntoIterator<Item: AsRef<[u8]>>>(items: I) -> Result<Self, Malformed> {
        let (mut bytes, mut ends) = (Vec::new(), Ends::default());
        for item in items {
            bytes.extend_from_slice(item.as_ref());
            ends.push(bytes.len())?;
        }
        Ok(Self { bytes: bytes.into(), ends })
    }

    /// Facets from a type's values, of which there are few.
    pub(crate) fn of(write: impl FnOnce(&mut FacetWriter)) -> Self {
        let mut facets = FacetWriter { writer: Writer::with_capacity(256), ends: Ends::default() };
        write(&mut facets);
        Self { bytes: facets.writer.into_bytes().into(), ends: facets.ends }
    }

    /// Facets from their items one after another.
    ///
    /// # Errors
    /// [`Malformed`] for anything but at most 16 items of the kind that [`Reader::item`] takes.
    pub fn read(concatenated: &[u8]) -> Result<Self, Malformed> {
        let (mut r, mut ends) = (Reader::new(concatenated), Ends::default());
        while r.end().is_err() {
            r.item()?;
            ends.push(r.position())?;
        }
        Ok(Self { bytes: Bytes::copy_from_slice(concatenated), ends })
    }

    /// The items one after another.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Number of facets.
    pub fn len(&self) -> usize {
        usize::from(self.ends.count)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.count == 0
    }

    /// The facet at a place.
    #[inline]
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let end = self.ends.at[..self.len()].get(index)?;
        let start = index.checked_sub(1).map_or(0, |before| self.ends.at[before]);
        self.bytes.get(start as usize..*end as usize)
    }

    /// The facets in order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// The same with another item at a place, if there is such a place.
    pub fn with(&self, index: usize, item: &[u8]) -> Self {
        let items = self.iter().enumerate().map(|(i, old)| if i == index { item } else { old });
        Self::new(items).unwrap_or_else(|_| self.clone())
    }

    /// The same in bytes of their own, for what lives longer than its posting.
    pub fn detach(&self) -> Self {
        Self { bytes: Bytes::copy_from_slice(&self.bytes), ends: self.ends }
    }
}

impl fmt::Debug for Facets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// An array of items.
impl Cbor for Facets {
    fn encode(&self, w: &mut Writer) {
        w.array(self.len() as u64);
        w.raw(&self.bytes);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let fault = r.fault(TOO_MANY);
        let count = r.array()?;
        if count > MAX_FACETS {
            return Err(fault);
        }
        let (start, mut ends) = (r.position(), Ends::default());
        for _ in 0..count {
            r.item()?;
            ends.push(r.position() - start)?;
        }
        Ok(Self { bytes: r.keep(start), ends })
    }
}

/// Takes the facets of a type, one after another.
pub struct FacetWriter {
    writer: Writer,
    ends: Ends,
}

impl FacetWriter {
    /// The next facet.
    pub fn put<T: Cbor>(&mut self, value: &T) {
        value.encode(&mut self.writer);
        self.end();
    }

    /// The next facet, null if there is no value.
    pub fn put_optional<T: Cbor>(&mut self, value: Option<&T>) {
        self.writer.optional(value);
        self.end();
    }

    fn end(&mut self) {
        let pushed = self.ends.push(self.writer.position());
        debug_assert!(pushed.is_ok(), "no type has more than 16 facets");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facets_are_their_items_whichever_way_they_came() {
        let items: [&[u8]; 4] = [&[0x01], &[0x82, 0x61, b'a', 0x20], &[0xf6], &[0x43, 1, 2, 3]];
        let facets = Facets::new(items).unwrap();
        assert_eq!(facets.len(), 4);
        assert_eq!(facets.iter().collect::<Vec<_>>(), items);
        assert_eq!((facets.get(3), facets.get(4)), (Some(items[3]), None));
        assert_eq!(Facets::read(&items.concat()).unwrap(), facets);
        assert_eq!(Facets::read(facets.as_bytes()).unwrap(), facets.detach());
        let bytes = Bytes::from([&[0x84], facets.as_bytes()].concat());
        let shared = Facets::decode(&mut Reader::sharing(&bytes)).unwrap();
        assert_eq!((&shared, &Facets::from_bytes(&bytes).unwrap()), (&facets, &facets));
        assert_eq!(shared.to_bytes(), bytes);
        // A shared one points into the posting, a detached one does not.
        assert_eq!(shared.as_bytes().as_ptr(), bytes[1..].as_ptr());
        assert_ne!(shared.detach().as_bytes().as_ptr(), bytes[1..].as_ptr());
        assert!(Facets::default().is_empty());
        let other = facets.with(1, &[0x18, 0x20]);
        assert_eq!(other.iter().collect::<Vec<_>>(), [items[0], &[0x18, 0x20], items[2], items[3]]);
        assert_eq!(facets.with(4, &[0]), facets);
        // The same bytes divided elsewhere are other facets.
        assert_ne!(Facets::new([[1, 1], [1, 2]]).unwrap(), Facets::new([&[1][..], &[1, 1, 2]]).unwrap());
    }

    #[test]
    fn seventeen_or_a_broken_one_are_refused() {
        assert_eq!(Facets::new([[0]; 16]).unwrap().len(), 16);
        Facets::new([[0]; 17]).unwrap_err();
        Facets::read(&[0; 16]).unwrap();
        Facets::read(&[0; 17]).unwrap_err();
        Facets::read(&[0x41]).unwrap_err();
        Facets::from_bytes(&[[0x91].as_slice(), &[0; 17]].concat()).unwrap_err();
    }
}
