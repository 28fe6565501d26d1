//! Deterministic CBOR (RFC 8949 §4.2.1), the part of it that PEAL uses: what decodes re-encodes to itself.
//!
//! The [`Writer`] knows no encoding but the shortest and definite one, and the [`Reader`] refuses every other. Both are written out here,
//! since every statement passes through them several times; the tests compare them with minicbor, which nothing else names.

mod reader;
mod writer;

pub use reader::Reader;
pub(crate) use writer::STACK;
pub use writer::Writer;

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
    #[inline]
    fn encode(&self, w: &mut Writer) {
        w.uint(*self);
    }
    #[inline]
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.below(COUNT_LIMIT, "an integer below 2^53")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use minicbor::data::Type;
    use minicbor::{Decoder, Encoder};
    use proptest::prelude::*;

    /// What minicbor makes of the bytes at an offset, under the same rules.
    struct Oracle<'b> {
        decoder: Decoder<'b>,
        bytes: &'b [u8],
    }

    /// What stands at the beginning of some bytes.
    #[derive(Debug, PartialEq)]
    enum Seen {
        Number(u64),
        Int(i64),
        Bytes(Vec<u8>),
        Text(String),
        Bool(bool),
        Unit,
    }

    fn head_length(value: u64) -> usize {
        let mut all = Vec::new();
        let _ = Encoder::new(&mut all).u64(value);
        all.len()
    }

    impl<'b> Oracle<'b> {
        fn new(bytes: &'b [u8]) -> Self {
            Self { decoder: Decoder::new(bytes), bytes }
        }
        fn fault(&self, what: &'static str) -> Malformed {
            Malformed { at: self.decoder.position(), what }
        }
        fn shortest(&self, at: usize, head: u64, body: usize) -> Result<(), Malformed> {
            let good = self.decoder.position() - at == head_length(head) + body;
            if good { Ok(()) } else { Err(Malformed { at, what: "the shortest encoding" }) }
        }
        fn uint(&mut self) -> Result<Seen, Malformed> {
            let (at, fault) = (self.decoder.position(), self.fault("an unsigned integer"));
            let value = self.decoder.u64().map_err(|_| fault)?;
            self.shortest(at, value, 0).map(|()| Seen::Number(value))
        }
        fn int(&mut self) -> Result<Seen, Malformed> {
            let (at, fault) = (self.decoder.position(), self.fault("an integer"));
            let value = self.decoder.i64().map_err(|_| fault)?;
            let head = if value < 0 { !value as u64 } else { value as u64 };
            self.shortest(at, head, 0).map(|()| Seen::Int(value))
        }
        fn bytes(&mut self) -> Result<Seen, Malformed> {
            let (at, fault) = (self.decoder.position(), self.fault("a byte string"));
            let value = self.decoder.bytes().map_err(|_| fault)?;
            self.shortest(at, value.len() as u64, value.len()).map(|()| Seen::Bytes(value.to_vec()))
        }
        fn text(&mut self) -> Result<Seen, Malformed> {
            let (at, fault) = (self.decoder.position(), self.fault("a text string"));
            let value = self.decoder.str().map_err(|_| fault)?;
            self.shortest(at, value.len() as u64, value.len()).map(|()| Seen::Text(value.to_owned()))
        }
        fn array(&mut self) -> Result<u64, Malformed> {
            let (at, fault) = (self.decoder.position(), self.fault("an array"));
            let length = self.decoder.array().map_err(|_| fault)?.ok_or(fault)?;
            self.shortest(at, length, 0)?;
            let left = (self.bytes.len() - self.decoder.position()) as u64;
            let long = Malformed { at, what: "an array no longer than the input" };
            if length > left { Err(long) } else { Ok(length) }
        }
        fn map_of(&mut self, length: u64) -> Result<Seen, Malformed> {
            let (at, fault) = (self.decoder.position(), self.fault("a map of the right size"));
            let found = self.decoder.map().map_err(|_| fault)?.ok_or(fault)?;
            self.shortest(at, found, 0)?;
            if found == length { Ok(Seen::Unit) } else { Err(fault) }
        }
        fn tag(&mut self, tag: u64) -> Result<Seen, Malformed> {
            let (at, fault, other) =
                (self.decoder.position(), self.fault("a tag"), self.fault("another tag"));
            let found = self.decoder.tag().map_err(|_| fault)?.as_u64();
            self.shortest(at, found, 0)?;
            if found == tag { Ok(Seen::Unit) } else { Err(other) }
        }
        fn bool(&mut self) -> Result<Seen, Malformed> {
            let fault = self.fault("true or false");
            self.decoder.bool().map(Seen::Bool).map_err(|_| fault)
        }
        fn item(&mut self) -> Result<Seen, Malformed> {
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
                    Type::Null => drop(self.decoder.null()),
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
            Ok(Seen::Bytes(self.bytes[..self.decoder.position()].to_vec()))
        }
    }

    /// A way to read, by the reader and by the oracle.
    fn same(
        name: &str,
        bytes: &[u8],
        read: impl FnOnce(&mut Reader<'_>) -> Result<Seen, Malformed>,
        oracle: impl FnOnce(&mut Oracle<'_>) -> Result<Seen, Malformed>,
    ) {
        let (mut r, mut o) = (Reader::new(bytes), Oracle::new(bytes));
        let ours = read(&mut r).map(|seen| (seen, r.position()));
        let theirs = oracle(&mut o).map(|seen| (seen, o.decoder.position()));
        assert_eq!(ours, theirs, "{name} of {bytes:02x?}");
    }

    fn compare(bytes: &[u8]) {
        same("uint", bytes, |r| r.uint().map(Seen::Number), |o| o.uint());
        same("int", bytes, |r| r.int().map(Seen::Int), |o| o.int());
        same("bytes", bytes, |r| r.bytes().map(|b| Seen::Bytes(b.to_vec())), |o| o.bytes());
        same("text", bytes, |r| r.text().map(|t| Seen::Text(t.to_owned())), |o| o.text());
        same("array", bytes, |r| r.array().map(Seen::Number), |o| o.array().map(Seen::Number));
        same("map", bytes, |r| r.map_of(3).map(|()| Seen::Unit), |o| o.map_of(3));
        same("tag", bytes, |r| r.tag(18).map(|()| Seen::Unit), |o| o.tag(18));
        same("bool", bytes, |r| r.bool().map(Seen::Bool), |o| o.bool());
        same("item", bytes, |r| r.item().map(|i| Seen::Bytes(i.to_vec())), |o| o.item());
        assert_eq!(Reader::new(bytes).null(), bytes.first() == Some(&0xf6));
    }

    /// Bytes that are nearly items: heads of every kind, some of them longer than need be, with something after them.
    fn nearly() -> impl Strategy<Value = Vec<u8>> {
        let value = prop_oneof![
            0u64..40,
            0u64..300,
            65_000u64..66_000,
            any::<u32>().prop_map(u64::from),
            any::<u64>()
        ];
        let head = (0u8..8, 0u8..32, value).prop_map(|(major, info, value)| {
            let width = match info {
                24 => 1,
                25 => 2,
                26 => 4,
                27 => 8,
                _ => 0,
            };
            let mut head = vec![major << 5 | info];
            head.extend(&value.to_be_bytes()[8 - width..]);
            head
        });
        let small = (0u8..5, 0u8..4).prop_map(|(major, value)| vec![major << 5 | value]);
        let part = prop_oneof![head, small, prop::collection::vec(any::<u8>(), 0..4), Just(vec![0x81; 9])];
        prop::collection::vec(part, 1..6).prop_map(|parts| parts.concat())
    }

    #[test]
    fn every_first_two_bytes_are_read_as_minicbor_reads_them() {
        compare(&[]);
        for first in 0..=255 {
            compare(&[first]);
            for second in 0..=255 {
                compare(&[first, second]);
                for length in [1, 2, 3, 7, 8, 9, 30] {
                    compare(&[&[first, second][..], &vec![b'a'; length]].concat());
                    compare(&[&[first, second][..], &vec![0; length]].concat());
                }
            }
        }
        for depth in 0..20 {
            for end in [&[0u8][..], &[0x80], &[0x82, 0x80, 0x80], &[0x38], &[]] {
                compare(&[&vec![0x81; depth][..], end].concat());
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 4096, ..ProptestConfig::default() })]
        #[test]
        fn arbitrary_bytes_are_read_as_minicbor_reads_them(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            compare(&bytes);
        }

        #[test]
        fn what_is_nearly_an_item_is_read_as_minicbor_reads_it(bytes in nearly()) {
            compare(&bytes);
        }

        #[test]
        fn what_is_written_is_what_minicbor_writes(
            number in prop_oneof![0u64..30, 200u64..300, 65_000u64..66_000, any::<u32>().prop_map(u64::from), any::<u64>()],
            int in prop_oneof![-300i64..300, any::<i64>()],
            text in "\\PC{0,30}",
            long in 0usize..70_000,
        ) {
            let long = vec![7; long];
            let (mut heap, mut stack) = (Writer::default(), Writer::on_stack());
            for w in [&mut heap, &mut stack] {
                w.uint(number);
                w.int(int);
                w.text(&text);
                w.array(number);
                w.map(number);
                w.tag(number);
                w.null();
                w.bool(number % 2 == 1);
                w.bytes(&long);
            }
            let mut expected = Vec::new();
            let mut e = Encoder::new(&mut expected);
            e.u64(number).unwrap().i64(int).unwrap().str(&text).unwrap().array(number).unwrap().map(number).unwrap();
            e.tag(minicbor::data::Tag::new(number)).unwrap().null().unwrap().bool(number % 2 == 1).unwrap();
            e.bytes(&long).unwrap();
            prop_assert_eq!(&heap.into_bytes(), &expected);
            prop_assert_eq!(stack.into_bytes(), expected);
        }
    }
}
