//! The heads of accounts in memory, packed, so that a commit finds what it judges by without asking the store.
//!
//! 1. A commit replaces the heads that it changed, when it is durable; they are *dirty* until they are written (`settler`).
//! 2. A head that is not here is as the store has it. When all together take more than the limit, clean ones are dropped.
//! 3. A head changes where it stands as long as there is room: they grow slowly, and memory that wanders leaves holes.

/// Packed heads by account number.
#[derive(Debug, Default)]
pub(crate) struct Heads {
    slots: Vec<Slot>,
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

/// Room for a head, and the length of the head in it; 0 of none.
#[derive(Debug, Default)]
struct Slot {
    room: Box<[u8]>,
    length: usize,
}

/// What a slot takes beside the room for its head.
const SLOT: usize = 32;

impl Slot {
    fn head(&self) -> Option<&[u8]> {
        if self.length > 0 { self.room.get(..self.length) } else { None }
    }

    /// What it takes of the limit.
    fn takes(&self) -> usize {
        if self.length > 0 { self.room.len() + SLOT } else { 0 }
    }

    fn put(&mut self, head: &[u8]) {
        if self.room.len() < head.len() {
            // An allocator has four or eight sizes between a power of two and the next: less room would take as much memory.
            let step = (head.len().next_power_of_two() / 8).max(16);
            let size = head.len().next_multiple_of(step);
            let mut room = Vec::with_capacity(size);
            room.extend_from_slice(head);
            room.resize(size, 0);
            self.room = room.into();
        } else {
            self.room[..head.len()].copy_from_slice(head);
        }
        self.length = head.len();
    }
}

impl Heads {
    /// None yet; clean ones are dropped when all take more than `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, ..Self::default() }
    }

    /// The head of an account, if it is here.
    pub(crate) fn get(&self, number: u64) -> Option<&[u8]> {
        self.slots.get(number as usize)?.head()
    }

    /// Puts a head in its slot; returns what that took before, and what it takes now.
    fn put(&mut self, number: u64, head: &[u8]) -> (usize, usize) {
        let at = number as usize;
        if at >= self.slots.len() {
            self.slots.resize_with(at + 1, Slot::default);
            self.dirty.resize(at / 64 + 1, 0);
        }
        let slot = &mut self.slots[at];
        let before = slot.takes();
        slot.put(head);
        let after = slot.takes();
        self.bytes = self.bytes + after - before;
        (before, after)
    }

    /// Takes a head that differs from the stored one.
    pub(crate) fn change(&mut self, number: u64, head: &[u8]) {
        let (before, after) = self.put(number, head);
        let (word, bit) = (number as usize / 64, 1 << (number % 64));
        self.dirty_bytes += after;
        if self.dirty[word] & bit == 0 {
            self.dirty[word] |= bit;
        } else {
            self.dirty_bytes -= before;
        }
    }

    /// How many heads were dropped so far: to be asked before one is read from the store that is to be kept.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Takes a head that was read from the store when `dropped` heads had been dropped, if there is room; false if there is none. What is here
    /// is newer, and so may be what was dropped since.
    pub(crate) fn keep(&mut self, number: u64, head: &[u8], dropped: u64) -> bool {
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
            if clean && self.slots[at].length > 0 {
                self.bytes -= std::mem::take(&mut self.slots[at]).takes();
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
                if let Some(slot) = self.slots.get(at)
                    && let Some(head) = slot.head()
                {
                    self.dirty_bytes -= slot.takes();
                    found.push((at as u64, head.into()));
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

    /// A length that fills its room.
    const ROOM: usize = 96;

    fn head(byte: u8) -> Box<[u8]> {
        vec![byte; ROOM].into()
    }

    #[test]
    fn dirty_heads_stay_and_clean_ones_make_room() {
        let mut heads = Heads::new(10 * (ROOM + SLOT));
        for number in 0..30 {
            heads.change(number, &head(number as u8));
        }
        heads.trim();
        assert!((0..30).all(|n| heads.get(n) == Some(&head(n as u8)[..])));
        let (first, next) = heads.clean(0, 64);
        let marked: u32 = heads.dirty.iter().map(|word| word.count_ones()).sum();
        assert_eq!((first.len(), next, marked, heads.dirty_bytes), (30, None, 0, 0));
        heads.change(7, &head(70));
        heads.trim();
        assert_eq!((0..30).filter(|n| heads.get(*n).is_some()).count(), 10);
        assert_eq!(heads.get(7), Some(&head(70)[..]));
        let there = (0..30).find(|n| heads.get(*n).is_none()).unwrap();
        assert!(!heads.keep(there, &head(1), heads.dropped()), "no room");
        assert!(heads.get(there).is_none());
        assert_eq!(heads.clean(0, 1).0, [(7, head(70))]);
        heads.keep(7, &head(3), heads.dropped());
        assert_eq!(heads.get(7), Some(&head(70)[..]), "the newer one stays");
    }

    #[test]
    fn the_limit_is_held_however_many_accounts_there_are() {
        let mut heads = Heads::new(10 * (ROOM + SLOT));
        // Many accounts whose heads were dropped long ago: they count for nothing.
        (0..1000).for_each(|number| heads.change(number, &head(1)));
        heads.clean(0, usize::MAX);
        heads.trim();
        assert!(!heads.crowded());
        (0..6).for_each(|number| heads.change(number, &head(2)));
        // A change of a dirty one counts once; room that was made stays.
        let longer = 16;
        heads.change(0, &[3; ROOM + 16]);
        assert_eq!(heads.dirty_bytes, 6 * (ROOM + SLOT) + longer);
        heads.change(0, &head(3));
        heads.trim();
        let six = 6 * (ROOM + SLOT) + longer;
        assert_eq!((heads.bytes, heads.dirty_bytes), (six + 3 * (ROOM + SLOT), six));
        assert!(!heads.crowded(), "the limit is kept");
        (0..14).for_each(|number| heads.change(number, &head(4)));
        heads.trim();
        let fourteen = 14 * (ROOM + SLOT) + longer;
        assert_eq!((heads.bytes, heads.dirty_bytes), (fourteen, fourteen));
        assert!(heads.crowded(), "only writing makes room");
    }

    #[test]
    fn cleaning_goes_on_where_it_stopped() {
        let mut heads = Heads::new(usize::MAX);
        (0..1000).for_each(|n| heads.change(n, &head(0)));
        let (mut from, mut seen) = (Some(0), Vec::new());
        while let Some(at) = from {
            let (some, next) = heads.clean(at, 100);
            seen.extend(some.into_iter().map(|(n, _)| n));
            from = next;
        }
        assert_eq!(seen, (0..1000).collect::<Vec<_>>());
    }
}
