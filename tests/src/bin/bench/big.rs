//! The ledger that is large before anything is measured: opened accounts and records, all posted the normal way, and kept between runs if asked.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use peal_ledger::Ledger;
use peal_spec::address::Address;
use peal_spec::hash::Hash;
use peal_spec::value::Origin;
use serde_json::{Value, json};

use crate::daemon::House;
use crate::drive::{self, Run};
use crate::figure::{Must, number, say, whole};
use crate::people::{Draw, Maker, People, SET_ASIDE};

/// Statements of a posting.
pub const EACH: usize = 1000;

/// A large ledger, and who has accounts in it.
pub struct Big {
    pub house: House,
    pub people: People,
    /// Records, openings included.
    pub records: u64,
    /// Records of the two accounts set aside.
    pub history: usize,
    file: PathBuf,
}

/// What it is to hold.
#[derive(Clone, Copy, Debug)]
pub struct Holds {
    pub accounts: usize,
    pub records: u64,
    pub history: usize,
    /// Postings that the second account's history is spread over.
    pub few: usize,
}

impl Big {
    /// Takes the one in `folder` if it was kept there, or makes it. Returns also the run that filled it.
    pub fn open(folder: &Path, origin: &Origin, holds: Holds) -> (Self, Ledger, Option<Run>) {
        let (file, house) =
            (folder.join("people"), House { dir: folder.join("ledger"), origin: origin.clone() });
        if file.exists() {
            let mut big = Self::load(file, house);
            let same = big.people.ids.len() == holds.accounts && big.history == holds.history;
            assert!(same, "{} is of other sizes: name another folder", folder.display());
            let ledger = big.house.open();
            say(&format!("a ledger that was kept: {} records or more", whole(big.records)));
            let short = holds.records.saturating_sub(big.records);
            let run = (short > 0).then(|| big.fill(&ledger, short));
            return (big, ledger, run);
        }
        assert!(!house.dir.exists(), "{} was not finished: remove it", house.dir.display());
        let house = House::build(&house.dir, origin);
        let ledger = house.open();
        let people = house.found(&ledger, holds.accounts);
        let records = ledger.stats().records + 1;
        let mut big = Self { house, people, records, history: holds.history, file };
        big.histories(&ledger, holds);
        let run = big.fill(&ledger, holds.records.saturating_sub(big.records));
        big.save();
        (big, ledger, Some(run))
    }

    fn load(file: PathBuf, house: House) -> Self {
        let mut bytes = Vec::new();
        std::fs::File::open(&file).and_then(|mut f| f.read_to_end(&mut bytes)).must("the people's file");
        let end = bytes.iter().position(|b| *b == b'\n').must("the people's first line");
        let head: Value = serde_json::from_slice(&bytes[..end]).must("the people's first line");
        let text = |name: &str| head[name].as_str().must(name).to_owned();
        let count = |name: &str| head[name].as_u64().must(name);
        let address = |name: &str| text(name).parse::<Address>().must(name);
        let (ids, rest) = bytes[end + 1..].as_chunks::<32>();
        assert!(rest.is_empty(), "the people's file has whole ids");
        let people = People {
            origin: house.origin.clone(),
            master: text("master").parse().must("master"),
            platform: address("platform"),
            fund: address("fund"),
            first: count("first"),
            ids: ids.iter().map(|id| Hash(*id)).collect(),
        };
        Self { house, people, records: count("records"), history: count("history") as usize, file }
    }

    /// Writes down whose accounts they are. A run that is broken off leaves fewer records written down than there are.
    pub fn save(&self) {
        let p = &self.people;
        let head = json!({
            "master": p.master.to_string(), "platform": p.platform.to_string(), "fund": p.fund.to_string(), "first": p.first,
            "records": self.records, "history": self.history,
        });
        let mut bytes = format!("{head}\n").into_bytes();
        p.ids.iter().for_each(|id| bytes.extend(id.0));
        std::fs::write(&self.file, bytes).must("the people's file");
    }

    /// The histories of the accounts set aside: one from as many postings as it has records, one from few. Each posting is filled up with
    /// statements about others.
    fn histories(&mut self, ledger: &Ledger, holds: Holds) {
        let long = holds.history - 1;
        let few = holds.few.min(long + 1) - 1;
        let room = (holds.records as usize / (2 * holds.history)).clamp(1, EACH);
        say(&format!(
            "a history of {} records from {} postings, another from {}",
            long + 1,
            long + 1,
            few + 1
        ));
        let maker = Maker::new(&self.people);
        let many = |draw: &mut Draw, _: usize| maker.posting(draw, room, &[0]);
        let run = drive::stream(ledger, long, &many, &|_, _| {});
        // 2,399 over 199 postings: 12 or 13 in each.
        let share = |n: usize| long * (n + 1) / few - long * n / few;
        let each = room.max(long.div_ceil(few));
        let spread = |draw: &mut Draw, n: usize| maker.posting(draw, each, &vec![1; share(n)]);
        let more = drive::stream(ledger, few, &spread, &|_, _| {});
        self.records += run.statements + more.statements;
        for (worker, postings) in [(0, long + 1), (1, few + 1)] {
            let copy = ledger.copy(&self.people.address(worker), 0, usize::MAX, None);
            let copy = copy.must("a copy").must("an account that was opened");
            assert_eq!(
                (copy.rows.len(), copy.postings.len()),
                (long + 1, postings),
                "the history of {worker}"
            );
        }
        assert_eq!(SET_ASIDE, 2);
    }

    /// Adds records about accounts drawn at random, signed while they are handed in.
    pub fn fill(&mut self, ledger: &Ledger, records: u64) -> Run {
        let count = (records as usize).div_ceil(EACH);
        say(&format!("{} records are posted", whole((count * EACH) as u64)));
        let (maker, done) = (Maker::new(&self.people), AtomicU64::new(0));
        let make = |draw: &mut Draw, _: usize| maker.posting(draw, EACH, &[]);
        let each = |_: usize, _: &peal_spec::receipt::Receipt| {
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            if done % 1000 == 0 {
                say(&format!("  {} of {}", whole(done * EACH as u64), whole((count * EACH) as u64)));
            }
        };
        let run = drive::stream(ledger, count, &make, &each);
        self.records += run.statements;
        if count > 0 {
            say(&format!("  {} a second, signing included", number(run.rate())));
        }
        run
    }
}
