//! Reading items, strictly.

use bytes::Bytes;

use super::{Cbor, MAX_DEPTH, Malformed};

/// Reads items one after another, strictly.
#[derive(Clone)]
pub struct Reader<'b> {
    all: &'b [u8],
    rest: &'b [u8],
    shared: Option<&'b Bytes>,
}

/// The length of the shortest head for `value`.
#[inline]
fn head_length(value: u64) -> usize {
    match value {
        0..=23 => 1,
        24..=0xff => 2,
        0x100..=0xffff => 3,
        0x1_0000..=0xffff_ffff => 5,
        _ => 9,
    }
}

/// The value of a head, its length, and what stands after it.
type HeadRead<'b> = (u64, usize, &'b [u8]);

impl<'b> Reader<'b> {
    /// A reader at the start of `bytes`.
    #[inline]
    pub fn new(bytes: &'b [u8]) -> Self {
        Self { all: bytes, rest: bytes, shared: None }
    }

    /// A reader at the start of `bytes` whose values may keep parts of them instead of copies.
    pub fn sharing(bytes: &'b Bytes) -> Self {
        Self { all: bytes, rest: bytes, shared: Some(bytes) }
    }

    /// Offset of the next item.
    #[inline]
    pub fn position(&self) -> usize {
        self.all.len() - self.rest.len()
    }

    /// What was read from offset `from` on, to be kept: as a part of what is shared, else as a copy.
    pub(crate) fn keep(&self, from: usize) -> Bytes {
        let to = self.position();
        match self.shared {
            Some(shared) => shared.slice(from..to),
            None => Bytes::copy_from_slice(&self.all[from..to]),
        }
    }

    /// A [`Malformed`] at the next item.
    #[inline]
    pub fn fault(&self, what: &'static str) -> Malformed {
        Malformed { at: self.position(), what }
    }

    /// Demands that nothing is left.
    ///
    /// # Errors
    /// [`Malformed`] if bytes are left over.
    #[inline]
    pub fn end(&self) -> Result<(), Malformed> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.fault("the end")) }
    }

    /// The head here, if it is whole, definite and of this major type; perhaps not in its shortest form.
    #[inline]
    fn head(&self, major: u8) -> Option<HeadRead<'b>> {
        let (first, rest) = self.rest.split_first()?;
        match first.wrapping_sub(major << 5) {
            short @ 0..=23 => Some((u64::from(short), 1, rest)),
            long @ 24..=27 => Self::long_head(long, rest),
            _ => None,
        }
    }

    #[inline]
    fn long_head(info: u8, rest: &'b [u8]) -> Option<HeadRead<'b>> {
        Some(match info {
            24 => {
                let (value, rest) = rest.split_first()?;
                (u64::from(*value), 2, rest)
            }
            25 => {
                let (value, rest) = rest.split_first_chunk()?;
                (u64::from(u16::from_be_bytes(*value)), 3, rest)
            }
            26 => {
                let (value, rest) = rest.split_first_chunk()?;
                (u64::from(u32::from_be_bytes(*value)), 5, rest)
            }
            _ => {
                let (value, rest) = rest.split_first_chunk()?;
                (u64::from_be_bytes(*value), 9, rest)
            }
        })
    }

    #[inline]
    fn shortest(&self, value: u64, length: usize) -> Result<(), Malformed> {
        if length == head_length(value) { Ok(()) } else { Err(self.fault("the shortest encoding")) }
    }

    /// An unsigned integer.
    ///
    /// # Errors
    /// [`Malformed`] if it is something else, or not in its shortest form.
    #[inline]
    pub fn uint(&mut self) -> Result<u64, Malformed> {
        let (value, length, rest) = self.head(0).ok_or(self.fault("an unsigned integer"))?;
        self.shortest(value, length)?;
        self.rest = rest;
        Ok(value)
    }

    /// An unsigned integer below `limit`.
    ///
    /// # Errors
    /// As [`Reader::uint`], and at or above the limit.
    #[inline]
    pub fn below(&mut self, limit: u64, what: &'static str) -> Result<u64, Malformed> {
        let fault = self.fault(what);
        let value = self.uint()?;
        if value < limit { Ok(value) } else { Err(fault) }
    }

    /// Demands the unsigned integer `value`.
    ///
    /// # Errors
    /// [`Malformed`] with `what` if anything else stands there.
    #[inline]
    pub fn expect(&mut self, value: u64, what: &'static str) -> Result<(), Malformed> {
        let fault = self.fault(what);
        if self.uint()? == value { Ok(()) } else { Err(fault) }
    }

    /// An integer of either sign.
    ///
    /// # Errors
    /// [`Malformed`] if it is something else, or not in its shortest form.
    pub fn int(&mut self) -> Result<i64, Malformed> {
        let fault = self.fault("an integer");
        let negative = self.rest.first().is_some_and(|first| first >> 5 == 1);
        let (value, length, rest) = self.head(u8::from(negative)).ok_or(fault)?;
        let number = i64::try_from(value).map_err(|_| fault)?;
        self.shortest(value, length)?;
        self.rest = rest;
        Ok(if negative { !number } else { number })
    }

    /// A string of a major type: its content, and what stands after it; its head is perhaps not in its shortest form.
    #[inline]
    fn string(&self, major: u8) -> Option<(&'b [u8], usize, &'b [u8])> {
        let (count, length, rest) = self.head(major)?;
        let (value, rest) = rest.split_at_checked(usize::try_from(count).ok()?)?;
        Some((value, length, rest))
    }

    /// A byte string.
    ///
    /// # Errors
    /// [`Malformed`] if it is something else, indefinite, or its length is not in the shortest form.
    #[inline]
    pub fn bytes(&mut self) -> Result<&'b [u8], Malformed> {
        let (value, length, rest) = self.string(2).ok_or(self.fault("a byte string"))?;
        self.shortest(value.len() as u64, length)?;
        self.rest = rest;
        Ok(value)
    }

    /// A byte string of `N` bytes.
    ///
    /// # Errors
    /// As [`Reader::bytes`], and for every other length.
    #[inline]
    pub fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let at = self.position();
        self.bytes()?.try_into().map_err(|_| Malformed {
            at,
            what: match N {
                16 => "a byte string of 16 bytes",
                32 => "a byte string of 32 bytes",
                _ => "a byte string of another length",
            },
        })
    }

    /// A text string.
    ///
    /// # Errors
    /// [`Malformed`] if it is something else, indefinite, not UTF-8, or its length is not in the shortest form.
    #[inline]
    pub fn text(&mut self) -> Result<&'b str, Malformed> {
        let fault = self.fault("a text string");
        let (utf8, length, rest) = self.string(3).ok_or(fault)?;
        let value = std::str::from_utf8(utf8).map_err(|_| fault)?;
        self.shortest(utf8.len() as u64, length)?;
        self.rest = rest;
        Ok(value)
    }

    /// The UTF-8 of a text string, for values that are no `str`; `plain` says of some of those that can be taken as they are.
    ///
    /// # Errors
    /// Those of [`Reader::text`].
    #[inline]
    pub(crate) fn utf8(&mut self, plain: impl FnOnce(&[u8]) -> bool) -> Result<&'b [u8], Malformed> {
        let fault = self.fault("a text string");
        let (utf8, length, rest) = self.string(3).ok_or(fault)?;
        if !plain(utf8) {
            std::str::from_utf8(utf8).map_err(|_| fault)?;
        }
        self.shortest(utf8.len() as u64, length)?;
        self.rest = rest;
        Ok(utf8)
    }

    /// The head of an array; returns the number of its items, which is at most the number of bytes left.
    ///
    /// # Errors
    /// [`Malformed`] if it is something else, indefinite, not in the shortest form, or longer than what is left.
    #[inline]
    pub fn array(&mut self) -> Result<u64, Malformed> {
        let (count, length, rest) = self.head(4).ok_or(self.fault("an array"))?;
        self.shortest(count, length)?;
        if count > rest.len() as u64 {
            return Err(self.fault("an array no longer than the input"));
        }
        self.rest = rest;
        Ok(count)
    }

    /// Demands an array of `length` items.
    ///
    /// # Errors
    /// [`Malformed`] with `what` for everything else.
    #[inline]
    pub fn array_of(&mut self, length: u64, what: &'static str) -> Result<(), Malformed> {
        let fault = self.fault(what);
        if self.array()? == length { Ok(()) } else { Err(fault) }
    }

    /// Demands a map of `length` pairs.
    ///
    /// # Errors
    /// [`Malformed`] for everything else.
    pub fn map_of(&mut self, length: u64) -> Result<(), Malformed> {
        let fault = self.fault("a map of the right size");
        let (count, head, rest) = self.head(5).ok_or(fault)?;
        self.shortest(count, head)?;
        self.rest = rest;
        if count == length { Ok(()) } else { Err(fault) }
    }

    /// Demands the tag `tag`.
    ///
    /// # Errors
    /// [`Malformed`] for everything else.
    pub fn tag(&mut self, tag: u64) -> Result<(), Malformed> {
        let other = self.fault("another tag");
        let (found, length, rest) = self.head(6).ok_or(self.fault("a tag"))?;
        self.shortest(found, length)?;
        self.rest = rest;
        if found == tag { Ok(()) } else { Err(other) }
    }

    /// `true` or `false`.
    ///
    /// # Errors
    /// [`Malformed`] for everything else.
    pub fn bool(&mut self) -> Result<bool, Malformed> {
        match self.rest.split_first() {
            Some((value @ (0xf4 | 0xf5), rest)) => {
                self.rest = rest;
                Ok(*value == 0xf5)
            }
            _ => Err(self.fault("true or false")),
        }
    }

    /// Takes a `null` if one stands here.
    #[inline]
    pub fn null(&mut self) -> bool {
        match self.rest.split_first() {
            Some((0xf6, rest)) => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// `null`, or a value.
    ///
    /// # Errors
    /// Those of the value.
    #[inline]
    pub fn optional<T: Cbor>(&mut self) -> Result<Option<T>, Malformed> {
        if self.null() { Ok(None) } else { T::decode(self).map(Some) }
    }

    /// A list of at most `most` items that rises strictly.
    ///
    /// # Errors
    /// [`Malformed`] for every other list.
    pub fn rising<T: Cbor + Ord>(&mut self, most: u64, what: &'static str) -> Result<Vec<T>, Malformed> {
        let fault = self.fault(what);
        let count = self.array()?;
        if count > most {
            return Err(fault);
        }
        let list = (0..count).map(|_| T::decode(self)).collect::<Result<Vec<T>, _>>()?;
        if list.windows(2).any(|two| two[0] >= two[1]) { Err(fault) } else { Ok(list) }
    }

    /// An array of values.
    ///
    /// # Errors
    /// Those of the array and the values.
    pub fn list<T: Cbor>(&mut self) -> Result<Vec<T>, Malformed> {
        let length = self.array()?;
        // The count is the sender's word: room is made as items arrive.
        let mut values = Vec::with_capacity(length.min(1024) as usize);
        for _ in 0..length {
            values.push(T::decode(self)?);
        }
        Ok(values)
    }

    /// Any one item made of integers, strings, arrays, `null`, `true` and `false`; returns its bytes.
    ///
    /// # Errors
    /// [`Malformed`] for maps, tags, floats, other simple values, every encoding but the shortest, and nesting
    /// deeper than [`MAX_DEPTH`].
    pub fn item(&mut self) -> Result<&'b [u8], Malformed> {
        let start = self.rest;
        // How many items are still to come at each open level; the outermost is the item itself.
        let mut open = [0u64; MAX_DEPTH + 1];
        open[0] = 1;
        let mut levels = 1;
        while levels > 0 {
            let left = &mut open[levels - 1];
            if *left == 0 {
                levels -= 1;
                continue;
            }
            *left -= 1;
            let first = *self.rest.first().ok_or(self.fault("an item"))?;
            match (first >> 5, first & 31) {
                (0, 0..=27) => drop(self.uint()?),
                (1, 0..=27) => self.negative(first)?,
                (2, 0..=27) => drop(self.bytes()?),
                (3, 0..=27) => drop(self.utf8(<[u8]>::is_ascii)?),
                (4, 0..=27) => {
                    let length = self.array()?;
                    if levels > MAX_DEPTH {
                        return Err(self.fault("shallower nesting"));
                    }
                    open[levels] = length;
                    levels += 1;
                }
                (7, 20 | 21) => drop(self.bool()?),
                (7, 22) => drop(self.null()),
                _ => return Err(self.fault("an integer, string, array, null, true or false")),
            }
        }
        Ok(&start[..start.len() - self.rest.len()])
    }

    /// A negative integer among items: one below −2^63 is none of those that an item may be made of.
    fn negative(&mut self, first: u8) -> Result<(), Malformed> {
        match (first & 31, self.rest.get(1)) {
            (24..=27, None) => Err(self.fault("an item")),
            (27, Some(0x80..)) => Err(self.fault("an integer, string, array, null, true or false")),
            _ => self.int().map(drop),
        }
    }
}
