//! Shares of the ledger's queue: no sender can fill it alone, nor a few together.
//!
//! 1. A sender is an issuer who signs with her present key. All others together (openings, rotations, keys that are not current, the
//!    ledger will tell) are one sender: whoever has no account cannot take an issuer's share by using her name.
//! 2. Each may have as many statements under way as are free: one alone half of the queue, two a third each, and so on; as much is always
//!    left for another. Above that she is told to come back. Who has nothing under way may send a posting of any size, as to the queue.
//!
//! A sender is told by signature, not by address on the network: behind a reverse proxy all have one, and many people share another.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Who sends: the number of an issuer's account, or none for all others.
pub type Sender = Option<u64>;

/// What each sender has under way.
#[derive(Debug)]
pub struct Shares {
    queue: usize,
    under_way: Mutex<UnderWay>,
}

#[derive(Debug, Default)]
struct UnderWay {
    all: usize,
    /// Only who has something under way is remembered.
    each: HashMap<Sender, usize>,
}

/// Statements that are under way until this is dropped.
#[derive(Debug)]
pub struct Share {
    shares: Arc<Shares>,
    sender: Sender,
    statements: usize,
}

impl Shares {
    /// Shares of a queue that holds so many statements.
    pub fn of(queue: usize) -> Arc<Self> {
        Arc::new(Self { queue, under_way: Mutex::default() })
    }

    /// Leave to have so many statements more under way; none if that is above the sender's share.
    pub fn take(self: &Arc<Self>, sender: Sender, statements: usize) -> Option<Share> {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let held = under_way.each.get(&sender).copied().unwrap_or(0);
        let (hers, all) = (held.saturating_add(statements), under_way.all.saturating_add(statements));
        if held > 0 && hers > self.queue.saturating_sub(all) {
            return None;
        }
        under_way.all = all;
        under_way.each.insert(sender, hers);
        Some(Share { shares: self.clone(), sender, statements })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut under_way = self.shares.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.all = under_way.all.saturating_sub(self.statements);
        let held = under_way.each.remove(&self.sender).unwrap_or(0).saturating_sub(self.statements);
        if held > 0 {
            under_way.each.insert(self.sender, held);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_has_more_than_is_left() {
        let shares = Shares::of(10);
        let three = shares.take(Some(1), 3).unwrap();
        let two = shares.take(Some(1), 2).unwrap();
        assert!(shares.take(Some(1), 1).is_none());
        drop((three, two));
        // Three who take what they can, and as much is left for a fourth.
        let mut taken = Vec::new();
        for sender in [1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3] {
            taken.extend(shares.take(Some(sender), 1));
        }
        assert_eq!(shares.under_way.lock().unwrap().all, 7);
        taken.extend(shares.take(None, 2));
        assert!(shares.take(None, 1).is_none());
        drop(taken);
        let under_way = shares.under_way.lock().unwrap();
        assert!(under_way.all == 0 && under_way.each.is_empty());
        drop(under_way);
        // However much it is, it can be sent.
        let whole = shares.take(Some(1), 1000).unwrap();
        assert!(shares.take(Some(1), 1).is_none());
        drop(whole);
        assert!(shares.take(Some(1), 1).is_some());
    }
}
