//! The statements of a script that erase: mostly what there is to be erased, and wrong ones with one thing changed.

use peal_spec::address::Address;
use peal_spec::statement::{Facets, Statement};

use super::book::Book;
use super::claim_facets::says;
use super::erasure::{Matter, matters};
use super::funds::{choose, everywhere, faults};
use super::odd::{encoded, odd_of};
use super::people::{Person, roles, seed};
use super::said::write_address;
use super::script::Say;
use super::stage::{BUREAU, Stage, time};

/// All engagements and claims, each with the account that it is in.
fn all(book: &Book) -> Vec<(Address, (Address, Matter))> {
    everywhere(book, matters).into_iter().map(|(about, matter)| (about, (about, matter))).collect()
}

impl Stage {
    /// Who erases: mostly somebody who has something to be erased, or a bureau.
    pub(super) fn eraser(&self, book: &Book, choice: u8) -> Person {
        let owners: Vec<Address> = all(book)
            .into_iter()
            .filter(|(_, (_, matter))| matter.erased.is_none())
            .map(|(about, _)| about)
            .collect();
        let owner = owners.get(usize::from(choice / 2) % owners.len().max(1));
        let owner = owner.and_then(|owner| self.cast.iter().find(|p| p.address == *owner));
        match choice {
            240.. => self.cast[usize::from(choice) % self.cast.len()],
            _ if choice % 4 == 3 => self.cast[[BUREAU, 4, 5][usize::from(choice / 4) % 3]],
            _ => owner.copied().unwrap_or(self.somebody(choice)),
        }
    }

    /// A statement that erases. Where there is nothing to be erased: one that closes a claim, or files it.
    pub(super) fn of_erasures(&mut self, book: &Book, by: &Person, say: &Say) -> Statement {
        // As with claims: from 128 on something is wrong.
        let wrong = say.twist.checked_sub(128).filter(|w| *w < 64);
        let faults = faults(wrong, say, 8);
        let bureau = roles(&book.accounts[by.address.number as usize]).contains(&4);
        let meant = |(about, matter): &(Address, Matter)| {
            let (mine, left) = (*about == by.address, matter.erased.is_none());
            match faults.first() {
                Some(0 | 1) => !left && (mine || bureau),
                Some(2) => matter.open && (mine || bureau),
                // By who is no bureau, or was one.
                Some(3) => !mine && left && !matter.open,
                Some(4) => !mine && (!left || matter.open),
                _ => left && !matter.open && (mine || bureau),
            }
        };
        let Some((mut about, (_, matter))) = choose(all(book), meant, wrong, say) else {
            return self.of_claims(book, by, say, 36);
        };
        let (mut refers, mut who) = (matter.sequence, by.address);
        for fault in faults {
            match fault {
                5 => refers = u64::from(say.extra % 24),
                6 => about = self.somebody(say.extra).address,
                7 => who = self.somebody(say.extra).address,
                _ => {}
            }
        }
        let mut facets = Facets::new(vec![encoded(|w| write_address(w, &who)), says("By an order.")])
            .expect("a few facets");
        if (192..224).contains(&say.twist) {
            let all = odd_of(29);
            let (place, facet) = all[usize::from(say.extra) % all.len()].clone();
            facets = facets.with(place, &facet);
        }
        Statement {
            seed: seed("statement", self.next()),
            address: Some(about),
            kind: 29,
            issued: time(self.clock),
            refers: Some(refers),
            month: None,
            facets,
        }
    }
}
