//! The statements of a script about identities: bindings, links and what is withdrawn, mostly right ones, and wrong ones with one thing changed.

use peal_spec::address::Address;
use peal_spec::cbor::Writer;
use peal_spec::hash::{Hash, plain};
use peal_spec::statement::{Facets, Statement};

use super::book::Book;
use super::claim_facets::says;
use super::funds::{choose, everywhere, faults};
use super::identity::{Word, words};
use super::odd::{encoded, odd_of};
use super::people::{Person, seed};
use super::said::write_address;
use super::script::Say;
use super::stage::{BUREAU, Stage, time};

/// So many different persons there are: few, so that they come again.
const PERSONS: u8 = 8;

/// A facet of as many bytes.
pub(super) fn bytes(bytes: &[u8]) -> Vec<u8> {
    encoded(|w: &mut Writer| w.bytes(bytes))
}

fn token(person: u8) -> Hash {
    plain(&[b't', person])
}

impl Stage {
    /// Who says something of a kind: mostly a bureau; of a link and what is withdrawn often somebody else.
    pub(super) fn registrar_of_persons(&self, kind: u64, choice: u8) -> Person {
        match choice {
            248.. => self.cast[usize::from(choice) % self.cast.len()],
            _ if kind != 12 && choice % 2 == 1 => self.somebody(choice),
            _ => self.cast[[BUREAU, 4, 5][usize::from(choice / 2) % 3]],
        }
    }

    /// A statement of one of these types. Where there is nothing to be withdrawn: a binding.
    pub(super) fn of_identities(&mut self, book: &Book, by: &Person, say: &Say, kind: u64) -> Statement {
        // As with claims: from 128 on something is wrong.
        let wrong = say.twist.checked_sub(128).filter(|w| *w < 64);
        let faults = faults(wrong, say, 4);
        let mut who = by.address;
        let mut about = self.somebody(say.subject).address;
        let (mut refers, mut kind) = (None, kind);
        if kind == 39 {
            let meant = |(about, word): &(Address, Word)| match faults.first() {
                Some(0) => word.withdrawn,
                Some(1) => !word.withdrawn && word.who != by.address && *about == by.address,
                _ => !word.withdrawn && (say.extra.is_multiple_of(4) || word.who == by.address),
            };
            let all = everywhere(book, words).into_iter().map(|(about, word)| (about, (about, word)));
            match choose(all.collect(), meant, wrong, say) {
                Some((of, (_, word))) => (about, refers) = (of, Some(word.sequence)),
                None => kind = 12,
            }
        }
        let own = kind == 27 && say.extra.is_multiple_of(2);
        if own {
            about = by.address;
        }
        let mut link = self.somebody(say.target).address;
        if link == about {
            link = self.cast[BUREAU].address;
        }
        for fault in &faults {
            match fault {
                2 => refers = refers.map(|_| u64::from(say.extra % 24)),
                3 if say.extra % 4 == 3 => who = self.somebody(say.extra).address,
                3 if say.extra % 4 == 2 => link = Address { number: link.number, id: Hash([say.extra; 32]) },
                3 if say.extra % 4 == 1 => link = Address { number: link.number + 1_000, id: link.id },
                3 => link = about,
                _ => {}
            }
        }
        let rest = match kind {
            12 => {
                // Sometimes what an account abroad takes, here or before it comes.
                let guests = self.abroad.iter().flat_map(|abroad| &abroad.guests);
                let tokens: Vec<[u8; 32]> = guests.map(|guest| guest.token()).collect();
                let other = tokens.get(usize::from(say.target) % tokens.len().max(1));
                let other = other.copied().filter(|_| say.value % 4 == 1);
                let token = other.unwrap_or(token(say.target % PERSONS).0);
                vec![bytes(&plain(&[say.value]).0), bytes(&token)]
            }
            27 => vec![encoded(|w| write_address(w, &link))],
            _ => vec![says("It was another one.")],
        };
        let mut facets = Facets::new([vec![encoded(|w| write_address(w, &who))], rest].concat());
        if (192..224).contains(&say.twist) {
            let all = odd_of(kind);
            let (place, facet) = all[usize::from(say.extra) % all.len()].clone();
            facets = facets.map(|facets| facets.with(place, &facet));
        }
        Statement {
            seed: seed("statement", self.next()),
            address: Some(about),
            kind,
            issued: time(self.clock),
            refers,
            month: None,
            facets: facets.expect("a few facets"),
        }
    }
}
