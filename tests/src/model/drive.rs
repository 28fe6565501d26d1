//! Runs a script against a ledger and the book at once, and panics where they first differ.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use peal_ledger::{Error, Genesis, Ledger, Pending, Settings};
use peal_spec::copy::Copy;
use peal_spec::hash::Seed;
use peal_spec::key::PrivateKey;
use peal_spec::posting::Posting;
use peal_spec::refusal::{Code, Refusal};
use peal_spec::value::Origin;
use tempfile::TempDir;

use super::book::{Account, Book};
use super::claim::{self, Case};
use super::consent;
use super::moving;
use super::people::seed;
use super::promises::{self, Life, Records};
use super::recovery::{self, Approval, Support};
use super::script::{Fault, Op, decode};
use super::stage::{Sent, Stage, WORKERS};
use super::{reads, state};

/// When a script begins: 2026-01-15.
const START: u64 = 1_768_435_200;
/// The clock stays below this: the months that the book counts are then few.
const END: u64 = START + 20 * 366 * 86_400;

/// The most ops of a run: the book does everything from the beginning each time, so its time grows with the square.
const MAX_OPS: usize = 256;

/// What a run has seen: how often each refusal was given, how many statements of each type were accepted, and how postings were grouped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// By code.
    pub refused: BTreeMap<u64, u64>,
    /// Of statements, by type and code.
    pub refused_of: BTreeMap<(u64, u64), u64>,
    /// By type.
    pub accepted: BTreeMap<u64, u64>,
    /// Postings of commits with more than one.
    pub grouped: u64,
    /// Receipts given for postings that were recorded already.
    pub repeated: u64,
    /// Times that the ledger was closed and opened again.
    pub restarts: u64,
}

impl Coverage {
    /// Adds another run's.
    pub fn add(&mut self, other: &Coverage) {
        for (all, more) in [(&mut self.refused, &other.refused), (&mut self.accepted, &other.accepted)] {
            for (key, count) in more {
                *all.entry(*key).or_default() += count;
            }
        }
        for (of, count) in &other.refused_of {
            *self.refused_of.entry(*of).or_default() += count;
        }
        self.grouped += other.grouped;
        self.repeated += other.repeated;
        self.restarts += other.restarts;
    }
}

/// Runs the script that any bytes are, against a fresh ledger in a temporary folder.
///
/// # Panics
/// At the first difference between the ledger and the book.
pub fn run(bytes: &[u8]) -> Coverage {
    Drive::through(bytes).end()
}

/// The histories that a script makes.
///
/// # Panics
/// As [`run`].
pub fn lives(bytes: &[u8]) -> Vec<Life> {
    let mut drive = Drive::through(bytes);
    drive.flush();
    drive.copies().iter().map(Life::of).collect()
}

struct Drive {
    ledger: Option<Ledger>,
    /// Goes after the ledger, which has files open in it.
    dir: TempDir,
    settings: Settings,
    operator: [u8; 32],
    clock: Arc<AtomicU64>,
    drawn: Arc<Mutex<Vec<Seed>>>,
    book: Book,
    stage: Stage,
    /// Postings whose answers are not waited for yet.
    pending: Vec<(Posting, Pending)>,
    /// Commits, postings and whole refusals by the writer when the ledger was last opened, the last counted from there.
    opened: (usize, usize, u64),
    coverage: Coverage,
    /// What was recorded when the ledger was last closed.
    recorded: Records,
    /// What is under way.
    note: String,
}

/// Says what was under way when a run panicked.
impl Drop for Drive {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("at {}", self.note);
        }
    }
}

impl Drive {
    fn through(bytes: &[u8]) -> Self {
        let mut drive = Self::begin();
        for (at, op) in decode(bytes).into_iter().take(MAX_OPS).enumerate() {
            drive.note = format!("op {at}: {op:?}");
            drive.step(op);
        }
        drive
    }

    /// A ledger with a registrar, a bureau, payers, funds and workers.
    fn begin() -> Self {
        // In memory where there is such a place: nothing here is about what survives a power cut.
        let memory = std::path::Path::new("/dev/shm");
        let dir = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let dir = dir.expect("a temporary folder");
        let origin: Origin = "ledger.example/model".parse().expect("an origin");
        let (clock, count) = (Arc::new(AtomicU64::new(START)), AtomicU64::new(0));
        let drawn: Arc<Mutex<Vec<Seed>>> = Arc::default();
        let settings = Settings {
            clock: {
                let clock = clock.clone();
                Arc::new(move || clock.load(Ordering::SeqCst))
            },
            seeds: {
                let drawn = drawn.clone();
                Arc::new(move || {
                    let seed = seed("record", count.fetch_add(1, Ordering::SeqCst));
                    drawn.lock().unwrap_or_else(PoisonError::into_inner).push(seed);
                    seed
                })
            },
            // Small, so that a burst of postings makes several commits.
            max_commit_statements: 6,
            // Small too, so that rows and heads go into the store and come back from it all the time.
            fresh_bytes: 20_000,
            records_between_heads: 60,
            head_bytes: 4_000,
            ..Settings::default()
        };
        let operator = [7; 32];
        let mut stage = Stage::new(origin.clone(), START);
        let opening = stage.open_self(0);
        let checked = opening.clone().check(&origin).expect("a right opening");
        let genesis = Genesis { origin: origin.clone(), opening: checked };
        Ledger::create(dir.path(), &PrivateKey::new(&operator), genesis, &settings)
            .expect("a ledger is made");
        let ledger = Ledger::open(dir.path(), PrivateKey::new(&operator), &origin, settings.clone());
        let mut drive = Self {
            ledger: Some(ledger.expect("a ledger is opened")),
            dir,
            settings,
            operator,
            clock,
            drawn,
            book: Book::new(origin.clone(), PrivateKey::new(&operator)),
            stage,
            pending: Vec::new(),
            opened: (1, 1, 0),
            coverage: Coverage::default(),
            recorded: Records::default(),
            note: "the opening of the registrar".into(),
        };
        let digest = opening.signed.digest();
        let found = drive.ledger().receipt(&digest).expect("a receipt is read").expect("the first posting");
        drive.take(&opening, Ok(found.receipt));
        drive.stage.key = Some(drive.ledger().verifier_key());
        drive.settle();
        for step in 0..5 {
            drive.note = format!("step {step} of the setting");
            let posting = match step {
                0 => drive.stage.open_self(1),
                2 => drive.stage.open_by_bureau(2..10),
                3 => drive.stage.open_by_bureau(10..12),
                _ => drive.stage.first_grants(),
            };
            drive.send(Sent {
                bytes: peal_spec::cbor::Cbor::to_bytes(&posting),
                posting: Some(posting),
                forged: false,
            });
            drive.flush();
        }
        assert_eq!(drive.stage.cast.len(), WORKERS + 4);
        assert!(drive.book.refused.is_empty(), "the setting is right");
        drive
    }

    fn ledger(&self) -> &Ledger {
        self.ledger.as_ref().expect("the ledger is open")
    }

    fn step(&mut self, op: Op) {
        match op {
            Op::Post { purpose, issuer, all_or_nothing, later, fault, detail, says } => {
                let fault =
                    if matches!(purpose, super::script::Purpose::Again) { Fault::None } else { fault };
                if matches!(purpose, super::script::Purpose::Move | super::script::Purpose::Mixed) {
                    self.stage.departing = self.departing();
                }
                let sent = self.stage.post(&self.book, purpose, issuer, all_or_nothing, fault, detail, &says);
                self.send(sent);
                if !later {
                    self.flush();
                }
            }
            Op::Forward(seconds) => self.set_clock(self.stage.clock + seconds),
            Op::ToEnd(choice) => {
                self.flush();
                let held = self.book.accounts.iter().flat_map(|a| state::roles(&a.facts));
                let mut ends: Vec<u64> = held.filter_map(|h| h.until).collect();
                let given = self.book.accounts.iter().flat_map(|a| consent::given(&a.facts));
                ends.extend(given.map(|given| given.consent.until));
                self.leap(ends, choice);
            }
            Op::ToDue(choice) => {
                self.flush();
                let mut dues = Vec::new();
                for account in &self.book.accounts {
                    let standing = recovery::approvals(&account.facts);
                    let due = |a: &Approval| Support::of(&account.facts, &standing, &a.keys).due();
                    dues.extend(standing.iter().filter_map(due).map(|(due, _)| due));
                    let unheard = claim::cases(&account.facts).into_iter().filter(Case::answerable);
                    dues.extend(unheard.map(|case| case.time + claim::HEARING));
                    dues.extend(moving::leaving(&account.facts).map(|leaving| leaving.due));
                }
                self.leap(dues, choice);
            }
            Op::Back(seconds) => self.set_clock(self.stage.clock - seconds),
            Op::Restart => self.restart(),
            read => {
                self.flush();
                self.read(read);
            }
        }
    }

    /// Moves the clock to one of the next three of these times that are to come, or to the second before it.
    fn leap(&mut self, mut times: Vec<u64>, choice: u8) {
        times.retain(|t| *t > self.stage.clock);
        // The nearest come first: the others are then still to come.
        times.sort_unstable();
        times.dedup();
        if let Some(time) = times.get(usize::from(choice / 2) % times.len().clamp(1, 3)) {
            self.set_clock(time - u64::from(choice % 2));
        }
    }

    fn set_clock(&mut self, to: u64) {
        self.flush();
        self.stage.clock = to.clamp(START - 86_400, END);
        self.clock.store(self.stage.clock, Ordering::SeqCst);
    }

    /// Whole copies of the accounts that depart.
    fn departing(&self) -> Vec<Copy> {
        let departs = |account: &&Account| moving::leaving(&account.facts).is_some();
        let copy = |account: &Account| self.ledger().copy(&account.address, 0, usize::MAX, None);
        let all = self.book.accounts.iter().filter(departs).map(copy);
        all.map(|copy| copy.expect("a copy is read").expect("an account that is there")).collect()
    }

    /// Whole copies of all accounts.
    fn copies(&self) -> Vec<Copy> {
        let copy = |account: &Account| self.ledger().copy(&account.address, 0, usize::MAX, None);
        let all = self.book.accounts.iter().map(copy);
        all.map(|copy| copy.expect("a copy is read").expect("an account that is there")).collect()
    }

    /// What is promised of histories, and that nothing is gone since it was looked at last.
    fn promises(&mut self) -> Vec<Copy> {
        let copies = self.copies();
        let recorded = promises::records(&copies);
        assert!(promises::nothing_disappears(&self.recorded, &recorded), "a record is gone, or another");
        self.recorded = recorded;
        copies
    }

    fn restart(&mut self) {
        self.flush();
        self.stats();
        self.promises();
        let origin = self.stage.origin.clone();
        if let Some(ledger) = self.ledger.take() {
            // What is erased is wiped now; or when it comes to it, maybe after the restart; or now, and out of the files, too.
            let turn = self.coverage.restarts % 3;
            if self.book.accepted.contains_key(&29) && turn != 1 {
                ledger.erase(turn == 2).expect("what is erased is wiped");
            }
            ledger.close();
            // Closed, it still can be read.
            reads::published(&ledger, &self.book);
        }
        let ledger =
            Ledger::open(self.dir.path(), PrivateKey::new(&self.operator), &origin, self.settings.clone());
        self.ledger = Some(ledger.expect("a ledger is opened again"));
        self.opened = (self.book.commits.len(), self.book.postings.len(), 0);
        self.coverage.restarts += 1;
        reads::published(self.ledger(), &self.book);
    }

    fn stats(&self) {
        let (commits, postings, refused) = self.opened;
        reads::stats(self.ledger(), &self.book, commits, postings, refused);
    }

    /// Sends bytes; what is refused at the door is compared at once.
    fn send(&mut self, sent: Sent) {
        let received = Posting::receive(&sent.bytes, &self.stage.origin);
        let Some(posting) = sent.posting else {
            let refusal = received.err();
            assert_eq!(refusal.map(|r| r.code), Some(Code::Malformed), "bytes that are no posting");
            return *self.book.refused.entry(Code::Malformed as u64).or_default() += 1;
        };
        self.note += &format!("\n{}", self.stage.describe(&posting));
        let expected = self.book.envelope(&posting, sent.forged);
        let checked = match (received, expected) {
            (Err(refusal), Err(expected)) => return assert_eq!(refusal, expected, "at the door"),
            (received, expected) => {
                assert_eq!(received.as_ref().err(), expected.err().as_ref(), "at the door");
                received.expect("a posting that was let in")
            }
        };
        let pending = self.ledger().submit(checked, sent.bytes.len());
        self.pending.push((posting, pending.expect("the ledger takes a posting")));
    }

    /// Waits for all answers and compares them.
    fn flush(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let answers: Vec<_> =
            self.pending.drain(..).map(|(posting, pending)| (posting, pending.wait())).collect();
        let before = self.book.commits.len();
        let recorded = self.book.postings.len();
        let total = answers.len();
        let mut refused = 0;
        let mut touched: Vec<u64> = Vec::new();
        for (posting, answer) in answers {
            let answer = match answer {
                Ok(receipt) => {
                    touched.extend(receipt.results.iter().flatten().map(|a| a.account));
                    Ok(receipt)
                }
                Err(Error::Refused(refusal)) => {
                    refused += 1;
                    Err(refusal)
                }
                Err(fault) => panic!("the ledger fails: {fault}; {:?}", self.ledger().fault()),
            };
            self.take(&posting, answer);
        }
        self.settle();
        self.opened.2 += refused;
        let (commits, recorded) = (self.book.commits.len() - before, self.book.postings.len() - recorded);
        self.coverage.repeated += (total - recorded) as u64 - refused;
        if commits < recorded {
            self.coverage.grouped += (recorded - commits) as u64 + 1;
        }
        touched.sort_unstable();
        touched.dedup();
        for number in touched {
            reads::account(self.ledger(), &self.book, number);
        }
    }

    fn take(&mut self, posting: &Posting, answer: Result<peal_spec::receipt::Receipt, Refusal>) {
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        self.book.seeds.append(&mut drawn);
        drop(drawn);
        self.book.take(posting, self.stage.clock, answer);
    }

    /// Ends the commit that is under way: the ledger says no more about it.
    fn settle(&mut self) {
        self.book.seal();
        self.stage.join(&self.book);
        reads::published(self.ledger(), &self.book);
    }

    fn read(&self, op: Op) {
        let (ledger, book) = (self.ledger(), &self.book);
        let size = book.log.len() as u64;
        match op {
            Op::Account(number) => {
                reads::account(ledger, book, u64::from(number) % (book.accounts.len() as u64 + 2))
            }
            Op::Copy(whom, from, limit, since) => {
                let account = &book.accounts[usize::from(whom) % book.accounts.len()];
                let mut address = account.address;
                if from == 255 {
                    address.id = peal_spec::hash::Hash([from; 32]);
                }
                let from = u64::from(from) % (account.facts.len() as u64 + 2);
                let limit = if limit < 128 { usize::MAX } else { usize::from(limit % 8) };
                let since = (since >= 64).then(|| u64::from(since - 64) * (size + 2) / 191);
                reads::copy(ledger, book, &address, from, limit, since);
            }
            Op::Consistency(old, new) => {
                let part = |n: u8| u64::from(n) * (size + 2) / 255;
                reads::consistency(ledger, book, part(old), part(new));
            }
            Op::Tile(level, index, width) => {
                let (level, width) =
                    if level < 192 { (0, width % (size as u16 + 4)) } else { (level % 3, width) };
                reads::tile(ledger, book, level, u64::from(index % 2), width);
            }
            Op::Entries(index, width) => {
                reads::entries(ledger, book, u64::from(index % 2), width % (size as u16 + 4))
            }
            Op::Receipt(posting) => reads::receipt(ledger, book, usize::from(posting) % book.postings.len()),
            _ => self.stats(),
        }
    }

    /// Everything is compared once more, before and after a last restart.
    fn end(mut self) -> Coverage {
        self.flush();
        self.note = "the end".into();
        reads::everything(self.ledger(), &self.book);
        let largest = self.book.accounts.iter().map(|a| state::count(&a.facts)).max();
        self.note = format!("the end, after a restart; most cells: {largest:?}");
        let erased = self.book.accepted.contains_key(&29);
        if erased {
            self.ledger().erase(true).expect("what is erased goes out of the files");
        }
        self.restart();
        reads::everything(self.ledger(), &self.book);
        let lives: Vec<Life> = self.promises().iter().map(Life::of).collect();
        assert_eq!(promises::breaches(&lives), [], "promise, account and sequence");
        if let Some(ledger) = self.ledger.take().filter(|_| erased) {
            ledger.close();
            drop(ledger);
            reads::retention(self.dir.path(), &self.book);
        }
        let mut coverage = std::mem::take(&mut self.coverage);
        coverage.refused = std::mem::take(&mut self.book.refused);
        coverage.refused_of = std::mem::take(&mut self.book.refused_of);
        coverage.accepted = std::mem::take(&mut self.book.accepted);
        coverage
    }
}
