//! Open streams of notices: no reader holds more than a few, nor all of them together more than the operator allows.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The most streams of one account.
pub const EACH: usize = 4;

/// The streams that are open.
#[derive(Debug)]
pub struct Streams {
    most: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    all: usize,
    /// By number of the account; only those that have any.
    each: HashMap<u64, usize>,
}

/// A stream's place, until it is dropped.
#[derive(Debug)]
pub struct Place {
    streams: Arc<Streams>,
    account: u64,
}

impl Streams {
    /// At most so many in all.
    pub fn of(most: usize) -> Arc<Self> {
        Arc::new(Self { most, open: Mutex::default() })
    }

    /// A place for one more of this account; none if it has [`EACH`] or all are taken.
    pub fn take(self: &Arc<Self>, account: u64) -> Option<Place> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let held = open.each.get(&account).copied().unwrap_or(0);
        if open.all >= self.most || held >= EACH {
            return None;
        }
        open.all += 1;
        open.each.insert(account, held + 1);
        Some(Place { streams: self.clone(), account })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.streams.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.all = open.all.saturating_sub(1);
        let held = open.each.remove(&self.account).unwrap_or(0).saturating_sub(1);
        if held > 0 {
            open.each.insert(self.account, held);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_few_and_come_back() {
        let streams = Streams::of(EACH + 1);
        let mut mine: Vec<Place> = (0..EACH).map(|_| streams.take(1).unwrap()).collect();
        assert!(streams.take(1).is_none(), "one account has a few");
        let other = streams.take(2).unwrap();
        assert!(streams.take(3).is_none(), "all are taken");
        mine.pop();
        let third = streams.take(3).unwrap();
        assert!(streams.take(1).is_none());
        drop((mine, other, third));
        let open = streams.open.lock().unwrap();
        assert!(open.all == 0 && open.each.is_empty());
    }
}
