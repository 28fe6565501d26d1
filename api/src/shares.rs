//! Shares of the ledger's queue: no sender can fill it alone.
//!
//! 1. A sender is an issuer who signs with her present key. All others together (openings, rotations, keys that are not current, the
//!    ledger will tell) are one sender: whoever has no account cannot take an issuer's share by using her name.
//! 2. Each may have half of the queue's statements under way; above that she is told to come back, while others are still taken.
//!    Who has nothing under way may send a posting of any size, as to the queue.
//!
//! A sender is told by signature, not by address on the network: behind a reverse proxy all have one, and many people share another.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Who sends: the number of an issuer's account, or none for all others.
pub type Sender = Option<u64>;

/// What each sender has under way.
#[derive(Debug)]
pub struct Shares {
    most: usize,
    under_way: Mutex<HashMap<Sender, usize>>,
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
        Arc::new(Self { most: (queue / 2).max(1), under_way: Mutex::default() })
    }

    /// Leave to have so many statements more under way; none if that is above the sender's share.
    pub fn take(self: &Arc<Self>, sender: Sender, statements: usize) -> Option<Share> {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let held = under_way.get(&sender).copied().unwrap_or(0);
        let now = held.saturating_add(statements);
        if held > 0 && now > self.most {
            return None;
        }
        under_way.insert(sender, now);
        Some(Share { shares: self.clone(), sender, statements })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut under_way = self.shares.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = under_way.get_mut(&self.sender) {
            *held = held.saturating_sub(self.statements);
            // Only who has something under way is remembered.
            if *held == 0 {
                under_way.remove(&self.sender);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_has_more_than_half() {
        let shares = Shares::of(10);
        let three = shares.take(Some(1), 3).unwrap();
        let two = shares.take(Some(1), 2).unwrap();
        assert!(shares.take(Some(1), 1).is_none());
        let (other, stranger) = (shares.take(Some(2), 5).unwrap(), shares.take(None, 5).unwrap());
        assert!(shares.take(None, 1).is_none());
        drop(three);
        let again = shares.take(Some(1), 3).unwrap();
        drop((two, again, other, stranger));
        assert!(shares.under_way.lock().unwrap().is_empty());
        // However much it is, it can be sent.
        let whole = shares.take(Some(1), 1000).unwrap();
        assert!(shares.take(Some(1), 1).is_none());
        drop(whole);
        assert!(shares.take(Some(1), 1).is_some());
    }
}
