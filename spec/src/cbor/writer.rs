//! Writing items.

use super::Cbor;

/// Bytes that a writer on the stack has room for.
pub(crate) const STACK: usize = 256;

/// Writes items one after another.
pub struct Writer(Room);

// The larger one is the point: it is what asks for no memory.
#[allow(clippy::large_enum_variant)]
enum Room {
    /// The first bytes are written, the others are zero.
    Stack([u8; STACK], usize),
    Heap(Vec<u8>),
}

impl Default for Writer {
    fn default() -> Self {
        Self(Room::Heap(Vec::new()))
    }
}

impl Writer {
    /// A writer with room for `bytes`; what is written stays in one place as long as it is enough.
    pub fn with_capacity(bytes: usize) -> Self {
        Self(Room::Heap(Vec::with_capacity(bytes)))
    }

    /// A writer on the stack, for what is only hashed; it moves to the heap where its room is not enough.
    #[inline]
    pub(crate) fn on_stack() -> Self {
        Self(Room::Stack([0; STACK], 0))
    }

    /// What was written: on the stack, with the number of bytes and zeros after them, or on the heap.
    #[inline]
    pub(crate) fn parts(&mut self) -> Result<(&mut [u8; STACK], usize), &[u8]> {
        match &mut self.0 {
            Room::Stack(bytes, used) => Ok((bytes, *used)),
            Room::Heap(bytes) => Err(bytes),
        }
    }

    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            Room::Stack(room, used) => match room.get_mut(*used..*used + bytes.len()) {
                Some(place) => {
                    place.copy_from_slice(bytes);
                    *used += bytes.len();
                }
                None => self.move_out(bytes),
            },
            Room::Heap(all) => all.extend_from_slice(bytes),
        }
    }

    #[cold]
    fn move_out(&mut self, bytes: &[u8]) {
        if let Room::Stack(room, used) = &self.0 {
            let mut all = Vec::with_capacity(2 * STACK + bytes.len());
            all.extend_from_slice(&room[..*used]);
            all.extend_from_slice(bytes);
            self.0 = Room::Heap(all);
        }
    }

    /// A head of a major type, in its shortest form.
    #[inline]
    fn head(&mut self, major: u8, value: u64) {
        let major = major << 5;
        match value {
            0..=23 => self.put(&[major | value as u8]),
            24..=0xff => self.put(&[major | 24, value as u8]),
            _ => self.long_head(major, value),
        }
    }

    fn long_head(&mut self, major: u8, value: u64) {
        let (info, width) = match value {
            0..=0xffff => (25, 2),
            0x1_0000..=0xffff_ffff => (26, 4),
            _ => (27, 8),
        };
        // The value's bytes at the front, and zeros after them.
        let mut head = [major | info; 9];
        head[1..].copy_from_slice(&(value << (64 - 8 * width)).to_be_bytes());
        if let Room::Stack(room, used) = &mut self.0
            && let Some(place) = room[*used..].first_chunk_mut()
        {
            *place = head;
            *used += 1 + width;
        } else {
            self.put(&head[..1 + width]);
        }
    }

    /// An unsigned integer.
    #[inline]
    pub fn uint(&mut self, value: u64) {
        self.head(0, value);
    }

    /// A negative integer, given as itself.
    pub fn int(&mut self, value: i64) {
        if value < 0 { self.head(1, !value as u64) } else { self.head(0, value as u64) }
    }

    /// A byte string.
    #[inline]
    pub fn bytes(&mut self, value: &[u8]) {
        self.head(2, value.len() as u64);
        self.put(value);
    }

    /// A text string.
    #[inline]
    pub fn text(&mut self, value: &str) {
        self.text_of(value.as_bytes());
    }

    /// A text string, given as its UTF-8.
    #[inline]
    pub(crate) fn text_of(&mut self, utf8: &[u8]) {
        self.head(3, utf8.len() as u64);
        self.put(utf8);
    }

    /// The head of an array of `length` items.
    #[inline]
    pub fn array(&mut self, length: u64) {
        self.head(4, length);
    }

    /// The head of a map of `length` pairs.
    pub fn map(&mut self, length: u64) {
        self.head(5, length);
    }

    /// A tag.
    pub fn tag(&mut self, tag: u64) {
        self.head(6, tag);
    }

    /// `null`.
    #[inline]
    pub fn null(&mut self) {
        self.put(&[0xf6]);
    }

    /// `true` or `false`.
    pub fn bool(&mut self, value: bool) {
        self.put(&[0xf4 + u8::from(value)]);
    }

    /// Items that are encoded already.
    #[inline]
    pub fn raw(&mut self, items: &[u8]) {
        self.put(items);
    }

    /// A value, or `null`.
    #[inline]
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

    /// Number of bytes written.
    pub fn position(&self) -> usize {
        match &self.0 {
            Room::Stack(_, used) => *used,
            Room::Heap(all) => all.len(),
        }
    }

    /// What was written.
    pub fn into_bytes(self) -> Vec<u8> {
        match self.0 {
            Room::Stack(room, used) => room[..used].to_vec(),
            Room::Heap(all) => all,
        }
    }
}
