//! The rows that are read and written with every statement, packed by hand: fixed fields as they are, numbers in seven bits a byte.

/// Writes fields one after another.
pub(crate) struct Packer<'b>(pub(crate) &'b mut Vec<u8>);

impl Packer<'_> {
    /// Bytes whose number is known.
    pub(crate) fn fixed(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// A number.
    pub(crate) fn number(&mut self, mut n: u64) {
        while n >= 0x80 {
            self.0.push(n as u8 | 0x80);
            n >>= 7;
        }
        self.0.push(n as u8);
    }

    /// A number, or none: one more than it, or 0.
    pub(crate) fn maybe(&mut self, n: Option<u64>) {
        self.number(n.map_or(0, |n| n.wrapping_add(1)));
    }

    /// Bytes and how many they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.fixed(bytes);
    }
}

/// Reads what a [`Packer`] wrote; none where the bytes are something else.
pub(crate) struct Unpacker<'b>(pub(crate) &'b [u8]);

impl<'b> Unpacker<'b> {
    pub(crate) fn fixed<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*bytes)
    }

    pub(crate) fn number(&mut self) -> Option<u64> {
        let mut n = 0;
        for shift in (0..64).step_by(7) {
            let [byte] = self.fixed()?;
            n |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                // One number has one form.
                return (shift == 0 || byte != 0).then_some(n).filter(|n| n >> shift == u64::from(byte));
            }
        }
        None
    }

    pub(crate) fn maybe(&mut self) -> Option<Option<u64>> {
        Some(self.number()?.checked_sub(1))
    }

    /// A number of things of at least `least` bytes each: not more than there can be.
    pub(crate) fn count(&mut self, least: usize) -> Option<usize> {
        let count = usize::try_from(self.number()?).ok()?;
        (count <= self.0.len() / least.max(1)).then_some(count)
    }

    pub(crate) fn bytes(&mut self) -> Option<&'b [u8]> {
        let count = self.count(1)?;
        self.take(count)
    }

    /// Bytes whose number is known.
    pub(crate) fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_form() {
        for n in [0, 1, 127, 128, 300, 1 << 21, u64::from(u32::MAX), u64::MAX - 1, u64::MAX] {
            let mut bytes = Vec::new();
            Packer(&mut bytes).number(n);
            let mut r = Unpacker(&bytes);
            assert_eq!((r.number(), r.0.len()), (Some(n), 0));
            assert_eq!(Unpacker(&bytes[..bytes.len() - 1]).number(), None);
        }
        assert_eq!(Unpacker(&[0x80, 0]).number(), None);
        assert_eq!(Unpacker(&[0xff; 10]).number(), None);
        let last = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2];
        assert_eq!(Unpacker(&last).number(), None);
        assert_eq!(Unpacker(&[200, 1, 1, 2, 3]).count(1), None);
    }
}
