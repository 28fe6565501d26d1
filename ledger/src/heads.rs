//! The heads of accounts in memory, packed, so that a commit finds what it judges by without asking the store.
//!
//! 1. A commit replaces the heads that it changed, when it is durable; they are *dirty* until they are written (`settler`).
//! 2. A head that is not here is as the store has it. When all together take more than the limit, clean ones are dropped.

/// Packed heads by account number.
#[derive(Debug, Default)]
pub(crate) struct Heads {
    slots: Vec<Option<Box<[u8]>>>,
    /// One bit an account.
    dirty: Vec<u64>,
    /// What all take, and what the dirty ones take.
    bytes: usize,
    dirty_bytes: usize,
    limit: usize,
    /// Where dropping goes on.
    hand: usize,
    /// How many were dropped so far.
    dropped: u64,
    /// Whether heads that count as clean may not be in the store yet, so that none may be dropped.
    pub(crate) writing: bool,
}

/// The packed head of an account, by its number.
pub(crate) type Packed = (u64, Box<[u8]>);

/// What a slot takes beside the head's bytes.
const SLOT: usize = 32;

impl Heads {
    /// None yet; clean ones are dropped when all take more than `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, ..Self::default() }
    }

    /// The head of an account, if it is here.
    pub(crate) fn get(&self, number: u64) -> Option<&[u8]> {
        self.slots.get(number as usize)?.as_deref()
    }

    fn put(&mut self, number: u64, head: Box<[u8]>) -> Option<Box<[u8]>> {
        let at = number as usize;
        if at >= self.slots.len() {
            self.slots.resize_with(at + 1, || None);
            self.dirty.resize(at / 64 + 1, 0);
        }
        self.bytes += head.len() + SLOT;
        let old = self.slots[at].replace(head);
        self.bytes -= old.as_ref().map_or(0, |old| old.len() + SLOT);
        old
    }

    /// Takes a head that differs from the stored one.
    pub(crate) fn change(&mut self, number: u64, head: Box<[u8]>) {
        self.dirty_bytes += head.len() + SLOT;
        let old = self.put(number, head);
        let (word, bit) = (number as usize / 64, 1 << (number % 64));
        if self.dirty[word] & bit == 0 {
            self.dirty[word] |= bit;
        } else {
            self.dirty_bytes -= old.map_or(0, |old| old.len() + SLOT);
        }
    }

    /// How many heads were dropped so far: to be asked before one is read from the store that is to be kept.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Takes a head that was read from the store when `dropped` heads had been dropped, if there is room; false if there is none. What is here
    /// is newer, and so may be what was dropped since.
    pub(crate) fn keep(&mut self, number: u64, head: Box<[u8]>, dropped: u64) -> bool {
        let room = self.dropped == dropped && self.bytes < self.limit;
        if room && self.get(number).is_none() {
            self.put(number, head);
        }
        room
    }

    /// Drops clean heads until the limit is kept, or there is none; none while heads are being written.
    pub(crate) fn trim(&mut self) {
        let mut looked = 0;
        while !self.writing && self.bytes > self.limit.max(self.dirty_bytes) && looked < self.slots.len() {
            let at = self.hand % self.slots.len();
            let clean = self.dirty[at / 64] & (1 << (at % 64)) == 0;
            if let Some(head) = self.slots[at].take_if(|_| clean) {
                self.bytes -= head.len() + SLOT;
                self.dropped += 1;
            }
            self.hand = at + 1;
            looked += 1;
        }
    }

    /// Whether so much of the limit is taken by dirty heads that they should be written.
    pub(crate) fn crowded(&self) -> bool {
        self.bytes > self.limit && self.dirty_bytes > self.limit / 2
    }

    /// Marks at most `most` dirty heads from a number on as clean and returns them, with the number to go on from.
    pub(crate) fn clean(&mut self, from: u64, most: usize) -> (Vec<Packed>, Option<u64>) {
        let mut found = Vec::new();
        let mut word = from as usize / 64;
        while let Some(bits) = self.dirty.get_mut(word) {
            if found.len() >= most {
                return (found, Some(word as u64 * 64));
            }
            while *bits != 0 {
                let at = word * 64 + bits.trailing_zeros() as usize;
                *bits &= *bits - 1;
                if let Some(Some(head)) = self.slots.get(at) {
                    self.dirty_bytes -= head.len() + SLOT;
                    found.push((at as u64, head.clone()));
                }
            }
            word += 1;
        }
        (found, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(byte: u8) -> Box<[u8]> {
        vec![byte; 100].into()
    }

    #[test]
    fn dirty_heads_stay_and_clean_ones_make_room() {
        let mut heads = Heads::new(10 * (100 + SLOT));
        for number in 0..30 {
            heads.change(number, head(number as u8));
        }
        heads.trim();
        assert!((0..30).all(|n| heads.get(n) == Some(&head(n as u8)[..])));
        let (first, next) = heads.clean(0, 64);
        let marked: u32 = heads.dirty.iter().map(|word| word.count_ones()).sum();
        assert_eq!((first.len(), next, marked, heads.dirty_bytes), (30, None, 0, 0));
        heads.change(7, head(70));
        heads.trim();
        assert_eq!((0..30).filter(|n| heads.get(*n).is_some()).count(), 10);
        assert_eq!(heads.get(7), Some(&head(70)[..]));
        let there = (0..30).find(|n| heads.get(*n).is_none()).unwrap();
        assert!(!heads.keep(there, head(1), heads.dropped()), "no room");
        assert!(heads.get(there).is_none());
        assert_eq!(heads.clean(0, 1).0, [(7, head(70))]);
        heads.keep(7, head(3), heads.dropped());
        assert_eq!(heads.get(7), Some(&head(70)[..]), "the newer one stays");
    }

    #[test]
    fn the_limit_is_held_however_many_accounts_there_are() {
        let mut heads = Heads::new(10 * (100 + SLOT));
        // Many accounts whose heads were dropped long ago: they count for nothing.
        (0..1000).for_each(|number| heads.change(number, head(1)));
        heads.clean(0, usize::MAX);
        heads.trim();
        assert!(!heads.crowded());
        (0..6).for_each(|number| heads.change(number, head(2)));
        // A change of a dirty one counts once.
        heads.change(0, vec![3; 200].into());
        assert_eq!(heads.dirty_bytes, 6 * (100 + SLOT) + 100);
        heads.change(0, head(3));
        heads.trim();
        assert_eq!((heads.bytes, heads.dirty_bytes), (10 * (100 + SLOT), 6 * (100 + SLOT)));
        assert!(!heads.crowded(), "the limit is kept");
        (0..14).for_each(|number| heads.change(number, head(4)));
        heads.trim();
        assert_eq!((heads.bytes, heads.dirty_bytes), (14 * (100 + SLOT), 14 * (100 + SLOT)));
        assert!(heads.crowded(), "only writing makes room");
    }

    #[test]
    fn cleaning_goes_on_where_it_stopped() {
        let mut heads = Heads::new(usize::MAX);
        (0..1000).for_each(|n| heads.change(n, head(0)));
        let (mut from, mut seen) = (Some(0), Vec::new());
        while let Some(at) = from {
            let (some, next) = heads.clean(at, 100);
            seen.extend(some.into_iter().map(|(n, _)| n));
            from = next;
        }
        assert_eq!(seen, (0..1000).collect::<Vec<_>>());
    }
}
