//! What is said of an account that goes from one ledger to another.

use peal_spec::address::Address;
use peal_spec::hash::plain;
use peal_spec::moving::{From, LedgerList, Moved, OutAt, Paper, PaperSource, Showing, To};
use peal_spec::statement::*;
use peal_spec::value::{Insurance, Origin};

use super::{For, Person, in_, month};

/// So much of her own, so much for her, so much kept.
pub fn moved(own: u64, pooled: u64, kept: u64) -> Moved {
    Moved { own, pooled, kept, currency: in_("CNY") }
}

/// What an old booklet says.
pub fn booklet(first: u32, last: u32) -> Paper {
    Paper {
        insurance: Insurance::PENSION,
        scheme: "cn-flexible-pension".parse().unwrap(),
        payer: "Third Cotton Mill, Suzhou".parse().unwrap(),
        months: (month(first), month(last)),
        amount: 48_000,
        currency: in_("CNY"),
    }
}

/// Where in it, and the hash of its scan.
pub fn scanned() -> PaperSource {
    PaperSource {
        document: "labour booklet no 17".parse().unwrap(),
        digest: plain(b"scan of a labour booklet"),
        page: Some("pages 4 to 6".parse().unwrap()),
    }
}

impl Person {
    /// Says in an account that it goes to another ledger: her own, unless the contrary is to be shown.
    pub fn departs(&mut self, about: Address, to: To) -> Statement {
        let body = Departure { who: self.at(), to };
        self.say(0, about, None, None, &Body::Departure(body))
    }

    pub fn approves_departure(&mut self, about: Address, refers: u64) -> Statement {
        let body = DepartureApproved { who: self.at() };
        self.say(0, about, Some(refers), None, &Body::DepartureApproved(body))
    }

    pub fn arrives(&mut self, about: Address, from: From, shown: Showing) -> Statement {
        let body = Arrival { who: self.at(), from, shown };
        self.say(0, about, None, None, &Body::Arrival(body))
    }

    pub fn transfers_out(
        &mut self,
        about: Address,
        refers: u64,
        (insurance, fund): For,
        moved: Moved,
        reference: &str,
    ) -> Statement {
        let who = Referenced { issuer: self.at(), reference: reference.parse().unwrap() };
        let what = What { insurance, scheme: "cn-flexible-pension".parse().unwrap(), fund };
        let body = TransferredOut { who, what, moved };
        self.say(0, about, Some(refers), None, &Body::TransferredOut(body))
    }

    pub fn transfers_in(
        &mut self,
        about: Address,
        refers: u64,
        (insurance, fund): For,
        moved: Moved,
        (out, shown): (u64, Showing),
        reference: &str,
    ) -> Statement {
        let who = Referenced { issuer: self.at(), reference: reference.parse().unwrap() };
        let what = What { insurance, scheme: "cn-southern-pension".parse().unwrap(), fund };
        let body = TransferredIn { who, what, moved, out: OutAt(out), shown };
        self.say(0, about, Some(refers), None, &Body::TransferredIn(body))
    }

    pub fn closes_move(&mut self, about: Address, refers: u64, shown: Showing) -> Statement {
        let body = MoveClosed { who: self.at(), shown };
        self.say(0, about, Some(refers), None, &Body::MoveClosed(body))
    }

    /// Says in an account, account 0 unless the contrary is to be shown, by which list a ledger is known.
    pub fn recognises(&mut self, about: Address, origin: &Origin, list: Option<Vec<u8>>) -> Statement {
        let body = LedgerRecognised { who: self.at(), ledger: LedgerList { origin: origin.clone(), list } };
        self.say(0, about, None, None, &Body::LedgerRecognised(body))
    }

    pub fn transcribes(
        &mut self,
        about: Address,
        paper: Paper,
        source: PaperSource,
        reference: &str,
    ) -> Statement {
        let who = Referenced { issuer: self.at(), reference: reference.parse().unwrap() };
        let body = Transcribed { who, paper, source };
        self.say(0, about, None, None, &Body::Transcribed(body))
    }
}
