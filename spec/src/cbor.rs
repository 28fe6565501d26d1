//! Deterministic CBOR (RFC 8949 §4.2.1), the part of it that PEAL uses: what decodes re-encodes to itself.
//!
//! minicbor reads and writes the items; this module refuses every encoding but the shortest and definite one.
//! Nothing outside this module names minicbor.

use minicbor::data::Type;
use minicbor::{Decoder, Encoder};

/// How deep arrays may nest.
pub const MAX_DEPTH: usize = 16;

/// Bytes that are not the encoding which `spec/README.md` gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed at byte {at}: {what}")]
pub struct Malformed {
    /// Offset of the item at fault.
    pub at: usize,
    /// What was expected there.
    pub what: &'static str,
}

/// A value with one encoding.
pub trait Cbor: Sized {
    /// Writes the value.
    fn encode(&self, w: &mut Writer);
    /// Reads the value, refusing every other encoding of it.
    ///
    /// # Errors
    /// [`Malformed`] with the place.
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed>;

    /// The encoding as bytes.
    fn to_bytes(&self) -> Vec<u8> {
        let mut w = Writer::default();
        self.encode(&mut w);
        w.into_bytes()
    }

    /// Reads a value that takes up all of `bytes`.
    ///
    /// # Errors
    /// [`Malformed`], also where bytes are left over.
    fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut r = Reader::new(bytes);
        let value = Self::decode(&mut r)?;
        r.end()?;
        Ok(value)
    }
}

/// Writes items one after another.
#[derive(Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// A writer with room for `bytes`.
    pub fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    fn put(&mut self, f: impl FnOnce(&mut Encoder<&mut Vec<u8>>)) {
        f(&mut Encoder::new(&mut self.0));
    }

    /// An unsigned integer.
    pub fn uint(&mut self, value: u64) {
        self.put(|e| {
            let _ = e.u64(value);
        });
    }

    /// A negative integer, given as itself.
    pub fn int(&mut self, value: i64) {
        self.put(|e| {
            let _ = e.i64(value);
        });
    }

    /// A byte string.
    pub fn bytes(&mut self, value: &[u8]) {
        self.put(|e| {
            let _ = e.bytes(value);
        });
    }

    /// A text string.
    pub fn text(&mut self, value: &str) {
        self.put(|e| {
            let _ = e.str(value);
        });
    }

    /// The head of an array of `length` items.
    pub fn array(&mut self, length: u64) {
        self.put(|e| {
            let _ = e.array(length);
        });
    }

    /// The head of a map of `length` pairs.
    pub fn map(&mut self, length: u64) {
        self.put(|e| {
            let _ = e.map(length);
        });
    }

    /// A tag.
    pub fn tag(&mut self, tag: u64) {
        self.put(|e| {
            let _ = e.tag(minicbor::data::Tag::new(tag));
        });
    }

    /// `null`.
    pub fn null(&mut self) {
        self.put(|e| {
            let _ = e.null();
        });
    }

    /// `true` or `false`.
    pub fn bool(&mut self, value: bool) {
        self.put(|e| {
            let _ = e.bool(value);
        });
    }

    /// One item that is encoded already.
    pub fn raw(&mut self, item: &[u8]) {
        self.0.extend_from_slice(item);
    }

    /// A value, or `null`.
    pub fn optional<T: Cbor>(&mut self, value: Option<&T>) {
        match value {
            Some(v) => v.encode(self),
            None => self.null(),
        }
    }

    /// An array of values.
    pub fn list<T: Cbor>(&mut self, values: &[T]) {
        self.array(values.len() as u64);
        for v in values {
            v.encode(self);
        }
    }

    /// What was written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// Reads items one after another, strictly.
#[derive(Clone)]
pub struct Reader<'b> {
    decoder: Decoder<'b>,
    bytes: &'b [u8],
}

/// The length of the shortest head for `value`.
fn head_length(value: u64) -> usize {
    match value {
        0..=23 => 1,
        24..=0xff => 2,
        0x100..=0xffff => 3,
        0x1_0000..=0xffff_ffff => 5,
        _ => 9,
    }
}

impl<'b> Reader<'b> {
    /// A reader at the start of `bytes`.
    pub fn new(bytes: &'b [u8]) -> Self {
        Self { decoder: Decoder::new(bytes), bytes }
    }

    /// Offset of the next item.
    pub fn position(&self) -> usize {
        self.decoder.position()
    }

    /// A [`Malformed`] at the next item.
    pub fn fault(&self, what: &'static str) -> Malformed {
        Malformed { at: self.position(), what }
    }

    /// Demands that nothing is left.
    ///
    /// # Errors
    /// [`Malformed`] if bytes are left over.
    pub fn end(&self) -> Result<(), Malformed> {
        if self.position() == self.bytes.len() { Ok(()) } else { Err(self.fault("the end")) }
    }

    fn shortest(&self, at: usize, head: u64, body: usize) -> Result<(), Malformed> {
        if self.position() - at == head_length(head) + body {
            Ok(())
        } else {
            Err(Malformed { at, what: "the shortest encoding" })
        }
    }

    /// An unsigned integer.
    ///
    /// # Errors
    /// [`Malformed`] if it is something else, or not in its shortest form.
    pub fn uint(&mut self) -> Result<u64, Malformed> {
        let at = self.position();
        let value = self.decoder.u64().map_err(|_| Malformed { at, what: "an unsigned integer" })?;
        self.shortest(at, value, 0)?;
        Ok(value)
    }

    /// An unsigned integer below `limit`.
    ///
    /// # Errors
    /// As [`Reader::uint`], and at or above the limit.
    pub fn below(&mut self, limit: u64, what: &'static str) -> Result<u64, Malformed> {
        let at = self.position();
        let value = self.uint()?;
        if value < limit { Ok(value) } else { Err(Malformed { at, what }) }
    }

    /// Demands the unsigned integer `value`.
    ///
    /// # Errors
    /// [`Malformed`] with `what` if anything else stands there.
    pub fn expect(&mut self, value: u64, what: &'static str) -> Result<(), Malformed> {
        let at = self.position();
        if self.uint()? == value { Ok(()) } else { Err(Malformed { at, what }) }
    }

    /// An integer of either sign.
    ///
    /// # Errors
    /// [`Malformed`] if it is something else, or not in its shortest form.
    pub fn int(&mut self) -> Result<i64, Malformed> {
        let at = self.position();
        let value = self.decoder.i64().map_err(|_| Malformed { at, what: "an integer" })?;
        self.shortest(at, if value < 0 { !value as u64 } else { value as u64 }, 0)?;
        Ok(value)
    }

    /// A byte string.
    ///
    /// # Errors
    /// [`Malformed`] if it is something else, indefinite, or its length is not in the shortest form.
    pub fn bytes(&mut self) -> Result<&'b [u8], Malformed> {
        let at = self.position();
        let value = self.decoder.bytes().map_err(|_| Malformed { at, what: "a byte string" })?;
        self.shortest(at, value.len() as u64, value.len())?;
        Ok(value)
    }

    /// A byte string of `N` bytes.
    ///
    /// # Errors
    /// As [`Reader::bytes`], and for every other length.
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
    pub fn text(&mut self) -> Result<&'b str, Malformed> {
        let at = self.position();
        let value = self.decoder.str().map_err(|_| Malformed { at, what: "a text string" })?;
        self.shortest(at, value.len() as u64, value.len())?;
        Ok(value)
    }

    /// The head of an array; returns the number of its items, which is at most the number of bytes left.
    ///
    /// # Errors
    /// [`Malformed`] if it is something else, indefinite, not in the shortest form, or longer than what is left.
    pub fn array(&mut self) -> Result<u64, Malformed> {
        let at = self.position();
        let fault = Malformed { at, what: "an array" };
        let length = self.decoder.array().map_err(|_| fault)?.ok_or(fault)?;
        self.shortest(at, length, 0)?;
        if length > (self.bytes.len() - self.position()) as u64 {
            return Err(Malformed { at, what: "an array no longer than the input" });
        }
        Ok(length)
    }

    /// Demands an array of `length` items.
    ///
    /// # Errors
    /// [`Malformed`] with `what` for everything else.
    pub fn array_of(&mut self, length: u64, what: &'static str) -> Result<(), Malformed> {
        let at = self.position();
        if self.array()? == length { Ok(()) } else { Err(Malformed { at, what }) }
    }

    /// Demands a map of `length` pairs.
    ///
    /// # Errors
    /// [`Malformed`] for everything else.
    pub fn map_of(&mut self, length: u64) -> Result<(), Malformed> {
        let at = self.position();
        let fault = Malformed { at, what: "a map of the right size" };
        let found = self.decoder.map().map_err(|_| fault)?.ok_or(fault)?;
        self.shortest(at, found, 0)?;
        if found == length { Ok(()) } else { Err(fault) }
    }

    /// Demands the tag `tag`.
    ///
    /// # Errors
    /// [`Malformed`] for everything else.
    pub fn tag(&mut self, tag: u64) -> Result<(), Malformed> {
        let at = self.position();
        let found = self.decoder.tag().map_err(|_| Malformed { at, what: "a tag" })?.as_u64();
        self.shortest(at, found, 0)?;
        if found == tag { Ok(()) } else { Err(Malformed { at, what: "another tag" }) }
    }

    /// `true` or `false`.
    ///
    /// # Errors
    /// [`Malformed`] for everything else.
    pub fn bool(&mut self) -> Result<bool, Malformed> {
        let at = self.position();
        match self.bytes.get(at) {
            Some(0xf4) | Some(0xf5) => {
                self.decoder.bool().map_err(|_| Malformed { at, what: "true or false" })
            }
            _ => Err(Malformed { at, what: "true or false" }),
        }
    }

    /// Takes a `null` if one stands here.
    pub fn null(&mut self) -> bool {
        self.bytes.get(self.position()) == Some(&0xf6) && self.decoder.null().is_ok()
    }

    /// `null`, or a value.
    ///
    /// # Errors
    /// Those of the value.
    pub fn optional<T: Cbor>(&mut self) -> Result<Option<T>, Malformed> {
        if self.null() { Ok(None) } else { T::decode(self).map(Some) }
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
        let from = self.position();
        // How many items are still to come at each open level.
        let mut open: Vec<u64> = vec![1];
        while let Some(left) = open.last_mut() {
            if *left == 0 {
                open.pop();
                continue;
            }
            *left -= 1;
            match self.decoder.datatype().map_err(|_| self.fault("an item"))? {
                Type::U8 | Type::U16 | Type::U32 | Type::U64 => drop(self.uint()?),
                Type::I8 | Type::I16 | Type::I32 | Type::I64 => drop(self.int()?),
                Type::Bytes => drop(self.bytes()?),
                Type::String => drop(self.text()?),
                Type::Bool => drop(self.bool()?),
                Type::Null => drop(self.null()),
                Type::Array => {
                    let length = self.array()?;
                    if open.len() > MAX_DEPTH {
                        return Err(self.fault("shallower nesting"));
                    }
                    open.push(length);
                }
                _ => return Err(self.fault("an integer, string, array, null, true or false")),
            }
        }
        Ok(&self.bytes[from..self.position()])
    }
}

/// Every item under the rules of `spec/README.md` §2, as its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item(pub Vec<u8>);

impl Cbor for Item {
    fn encode(&self, w: &mut Writer) {
        w.raw(&self.0);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self(r.item()?.to_vec()))
    }
}

impl Cbor for Vec<u8> {
    fn encode(&self, w: &mut Writer) {
        w.bytes(self);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(r.bytes()?.to_vec())
    }
}

/// Counts, sizes, sequence numbers and log indexes: below 2^53.
pub const COUNT_LIMIT: u64 = 1 << 53;

impl Cbor for u64 {
    fn encode(&self, w: &mut Writer) {
        w.uint(*self);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.below(COUNT_LIMIT, "an integer below 2^53")
    }
}
