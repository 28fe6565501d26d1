//! The book: a whole ledger as plain lists, and what it must answer.
//!
//! 1. [`Book::take`] is told a posting, the clock, and what the ledger answered. It judges the posting itself and compares: the same
//!    refusal, or a receipt with the same results.
//! 2. How postings were put together into commits is the ledger's choice. It shows in the sizes of the receipts' checkpoints: a posting
//!    with another size than the one before begins a new commit.
//! 3. [`Book::seal`] ends a commit: its last leaf, the checkpoint, and the receipts whole, with checkpoint and path, are compared.
//!
//! The random seeds are the ledger's too: each record's is the one, of those that were drawn, from which the receipt's salt follows.

use std::collections::BTreeMap;

use peal_spec::address::Address;
use peal_spec::cbor::Cbor;
use peal_spec::hash::{Hash, Seed, leaf};
use peal_spec::key::PrivateKey;
use peal_spec::note::{Checkpoint, Note};
use peal_spec::posting::Posting;
use peal_spec::receipt::{Accepted, Outcome, Receipt};
use peal_spec::refusal::{Code, Refusal};
use peal_spec::statement::Statement;
use peal_spec::value::{Origin, Time};

use super::erasure::erased;
use super::leaves::{cell_leaves, data, derive, next_key, posting_leaves, statement_root};
use super::recovery;
use super::rules::{Party, Scene};
use super::said::{self, write_maybe};
use super::state::{self, Fact};
use super::tree;

/// An accepted statement in its place.
#[derive(Clone, Debug)]
pub struct Placed {
    /// Place in the log.
    pub log_index: u64,
    /// Place in the list of postings.
    pub posting: usize,
    /// Place in the posting.
    pub posting_index: usize,
    /// The record's seed.
    pub seed: Seed,
    /// Contents and salts of the account's cells after it.
    pub cells: Vec<(Vec<u8>, Seed)>,
    /// The root over them.
    pub state_root: Hash,
    /// The record, encoded.
    pub record: Vec<u8>,
}

impl Placed {
    /// The leaves of the state tree.
    pub fn cell_leaves(&self) -> Vec<Hash> {
        cell_leaves(&self.cells)
    }
}

/// An account: all that was ever accepted in it.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its number and id.
    pub address: Address,
    /// What was said.
    pub facts: Vec<Fact>,
    /// The statements.
    pub statements: Vec<Statement>,
    /// Where they are: as many, once their posting is decided.
    pub placed: Vec<Placed>,
}

impl Account {
    /// The leaves of its tree.
    pub fn leaves(&self) -> Vec<Hash> {
        self.placed.iter().map(|p| leaf(&p.record)).collect()
    }

    /// The statement of a record that is there, unless it is erased.
    pub fn left(&self, sequence: u64) -> Option<&Statement> {
        self.statements.get(sequence as usize).filter(|_| erased(&self.facts, sequence).is_none())
    }
}

/// A posting in the ledger.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// Its digest.
    pub digest: Hash,
    /// The signed part.
    pub cose: Vec<u8>,
    /// Its issuer.
    pub issuer: Option<Address>,
    /// The key that signed it.
    pub kid: [u8; 32],
    id: Seed,
    /// Roots of its statements.
    pub roots: Vec<Hash>,
    /// The receipt: all but the checkpoint and path, until the commit is sealed.
    pub receipt: Receipt,
}

/// A commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its time.
    pub time: u64,
    /// The log after it.
    pub size: u64,
    /// The log's root.
    pub root: Hash,
    /// The directory's root.
    pub directory_root: Hash,
    /// Number of accounts.
    pub accounts: u64,
    /// The signed checkpoint.
    pub note: String,
}

/// A commit that is under way.
struct OpenCommit {
    /// Size of the log in the checkpoints of its receipts.
    size: u64,
    time: u64,
    /// The receipts that were given, each with the place of its posting.
    receipts: Vec<(usize, Receipt)>,
}

/// The naive ledger.
pub struct Book {
    origin: Origin,
    operator: PrivateKey,
    /// Accounts by number.
    pub accounts: Vec<Account>,
    /// Leaf data of the log.
    pub log: Vec<Vec<u8>>,
    /// Postings, in order.
    pub postings: Vec<Recorded>,
    /// Commits, in order.
    pub commits: Vec<Commit>,
    open: Option<OpenCommit>,
    /// Seeds that were drawn, and not yet seen in a record.
    pub seeds: Vec<Seed>,
    /// How often each code was given, of postings and statements.
    pub refused: BTreeMap<u64, u64>,
    /// How often a statement of each type was refused with each code, by type and code.
    pub refused_of: BTreeMap<(u64, u64), u64>,
    /// How many statements of each type were accepted.
    pub accepted: BTreeMap<u64, u64>,
}

enum Ruling {
    /// The posting is in the list of postings.
    There(usize),
    /// It was put there.
    Recorded(usize),
    Refused(Refusal),
}

impl Book {
    /// An empty one.
    pub fn new(origin: Origin, operator: PrivateKey) -> Self {
        Self {
            origin,
            operator,
            accounts: Vec::new(),
            log: Vec::new(),
            postings: Vec::new(),
            commits: Vec::new(),
            open: None,
            seeds: Vec::new(),
            refused: BTreeMap::new(),
            refused_of: BTreeMap::new(),
            accepted: BTreeMap::new(),
        }
    }

    /// §9, refusals 2 to 5: what a posting is refused for by itself. Whether its signature was `forged` is for the caller to know.
    ///
    /// # Errors
    /// The refusal.
    pub fn envelope(&mut self, posting: &Posting, forged: bool) -> Result<(), Refusal> {
        let payload = &posting.signed.payload;
        let count = posting.statements.len() as u64;
        let limit = if payload.issuer.is_some() { 100_000 } else { 1 };
        let roots: Vec<Hash> = posting.statements.iter().map(|s| statement_root(&self.origin, s)).collect();
        let refusal = if payload.origin != self.origin {
            Refusal::new(Code::ForeignOrigin, "origin")
        } else if forged {
            Refusal::new(Code::BadSignature, "signature")
        } else if payload.count != count || count < 1 || count > limit {
            Refusal::new(Code::CountMismatch, "count")
        } else if payload.root != tree::root(&posting_leaves(&roots)) {
            Refusal::new(Code::RootMismatch, "root")
        } else {
            return Ok(());
        };
        self.count(&refusal);
        Err(refusal)
    }

    fn count(&mut self, refusal: &Refusal) {
        *self.refused.entry(refusal.code as u64).or_default() += 1;
    }

    /// The time of a commit made when the clock shows `clock`.
    pub fn commit_time(&self, clock: u64) -> u64 {
        let last = self.open.as_ref().map(|open| open.time).or(self.commits.last().map(|c| c.time));
        clock.max(last.unwrap_or_default())
    }

    /// Judges a posting and compares the ledger's answer with what it must be.
    pub fn take(&mut self, posting: &Posting, clock: u64, answer: Result<Receipt, Refusal>) {
        let digest = leaf(&data(9, 1, |w| w.bytes(posting.signed.cose())));
        let there = self.postings.iter().position(|p| p.digest == digest);
        // A receipt with another checkpoint than the last one's is of a new commit.
        if let (Ok(receipt), None) = (&answer, there) {
            let size = size_of(receipt);
            if self.open.as_ref().is_some_and(|open| open.size != size) {
                self.seal();
            }
            let time = self.commit_time(clock);
            self.open.get_or_insert(OpenCommit { size, time, receipts: Vec::new() });
        }
        let ruling = match there {
            Some(there) => Ruling::There(there),
            None => self.rule(posting, digest, self.commit_time(clock), answer.as_ref().ok()),
        };
        match (ruling, answer) {
            (Ruling::Refused(expected), Err(refusal)) => {
                assert_eq!(refusal, expected, "the posting is refused whole, otherwise");
                self.count(&refusal);
            }
            (Ruling::Refused(expected), Ok(receipt)) => {
                panic!("the posting must be refused whole: {expected:?}; the ledger recorded it: {receipt:?}")
            }
            (Ruling::There(_) | Ruling::Recorded(_), Err(refusal)) => {
                panic!("the posting must be recorded; the ledger refused it whole: {refusal:?}")
            }
            (Ruling::There(place) | Ruling::Recorded(place), Ok(receipt)) => match &mut self.open {
                Some(open) if self.postings[place].receipt.checkpoint.is_empty() => {
                    open.receipts.push((place, receipt));
                }
                _ => assert_eq!(receipt, self.postings[place].receipt, "another receipt than the first time"),
            },
        }
    }

    /// Judges a posting that is not known, and records what it records.
    fn rule(&mut self, posting: &Posting, digest: Hash, time: u64, given: Option<&Receipt>) -> Ruling {
        let payload = &posting.signed.payload;
        let kid = posting.signed.kid.0;
        let whole = |code, field: &str| Ruling::Refused(Refusal::new(code, field));
        if payload.time.seconds() > time + 600 {
            return whole(Code::PostingInFuture, "time");
        }
        let issuer = payload.issuer.map(|address| self.accounts.iter().find(|a| a.address == address));
        if matches!(issuer, Some(None)) {
            return whole(Code::UnknownIssuer, "issuer");
        }
        let same = |p: &Recorded| {
            p.id == payload.id && p.issuer == payload.issuer && (p.issuer.is_some() || p.kid == kid)
        };
        if self.postings.iter().any(same) {
            return whole(Code::PostingIdTaken, "posting-id");
        }
        if let Some(facts) = issuer.flatten().map(|a| &a.facts) {
            let keys = state::keys(facts);
            let now = keys.is_some_and(|keys| kid == keys.key);
            let only = |kind: u64| posting.statements.len() == 1 && posting.statements[0].kind == kind;
            let next = (only(2) || only(11)) && keys.is_some_and(|keys| next_key(&kid) == keys.next);
            let approved = only(10) && recovery::approvals(facts).iter().any(|a| a.keys.key == kid);
            if !now && !next && !approved {
                return whole(Code::KeyNotCurrent, "kid");
            }
        }

        let roots: Vec<Hash> = posting.statements.iter().map(|s| statement_root(&self.origin, s)).collect();
        let before: Vec<usize> = self.accounts.iter().map(|a| a.facts.len()).collect();
        let mut results: Vec<Result<(usize, usize), Refusal>> = Vec::new();
        for (statement, root) in posting.statements.iter().zip(&roots) {
            results.push(self.judge(posting, statement, root, time));
        }
        let refused = results.iter().any(Result::is_err);
        if let (None, [Err(refusal)]) = (payload.issuer, results.as_slice()) {
            return Ruling::Refused(refusal.clone());
        }
        if payload.all_or_nothing && refused {
            self.accounts.truncate(before.len());
            for (account, length) in self.accounts.iter_mut().zip(before) {
                account.facts.truncate(length);
                account.statements.truncate(length);
            }
            for result in results.iter_mut().filter(|r| r.is_ok()) {
                *result = Err(Refusal::new(Code::NotRecorded, ""));
            }
        }
        let given = given.map(|receipt| receipt.results.as_slice()).unwrap_or_default();
        let first = results.iter().any(Result::is_ok).then_some(self.log.len() as u64);
        let place = self.postings.len();
        let mut outcomes: Vec<Outcome> = Vec::new();
        for (index, result) in results.into_iter().enumerate() {
            outcomes.push(match result {
                Err(refusal) => {
                    if let Some(given) = given.get(index) {
                        assert_eq!(given, &Err(refusal.clone()), "statement {index} must be refused");
                    }
                    self.count(&refusal);
                    let of = (posting.statements[index].kind, refusal.code as u64);
                    *self.refused_of.entry(of).or_default() += 1;
                    Err(refusal)
                }
                Ok((account, sequence)) => {
                    *self.accepted.entry(posting.statements[index].kind).or_default() += 1;
                    let Some(Ok(given)) = given.get(index) else {
                        panic!(
                            "statement {index} must be accepted; the ledger answered {:?}",
                            given.get(index)
                        )
                    };
                    Ok(self.place(account, sequence, (place, index), digest, roots[index], time, given))
                }
            });
        }
        self.postings.push(Recorded {
            digest,
            cose: posting.signed.cose().to_vec(),
            issuer: payload.issuer,
            kid,
            id: payload.id,
            roots,
            receipt: Receipt {
                posting: digest,
                checkpoint: String::new(),
                time: Time::new(time).unwrap_or_default(),
                first,
                results: outcomes,
                path: Vec::new(),
            },
        });
        Ruling::Recorded(place)
    }

    /// Judges a statement; if it is accepted, takes it into its account.
    fn judge(
        &mut self,
        posting: &Posting,
        statement: &Statement,
        root: &Hash,
        time: u64,
    ) -> Result<(usize, usize), Refusal> {
        let said = said::read(statement)?;
        let accounts: Vec<Party<'_>> =
            self.accounts.iter().map(|a| Party { address: a.address, facts: &a.facts }).collect();
        let scene = Scene {
            accounts: &accounts,
            issuer: posting.signed.payload.issuer,
            kid: posting.signed.kid.0,
            count: posting.statements.len(),
            time,
            origin: self.origin.as_str(),
        };
        if let Some(refusal) = scene.judge(statement, &said, root.0) {
            return Err(refusal);
        }
        let number = statement.address.map_or(self.accounts.len(), |address| address.number as usize);
        if number == self.accounts.len() {
            let address = Address { number: number as u64, id: *root };
            let (facts, statements, placed) = Default::default();
            self.accounts.push(Account { address, facts, statements, placed });
        }
        let account = &mut self.accounts[number];
        let month = statement.month.map(|m| m.number());
        account.facts.push(Fact { said, refers: statement.refers, month, time });
        account.statements.push(statement.clone());
        Ok((number, account.facts.len() - 1))
    }

    /// Gives an accepted statement its place, its record and its leaf in the log.
    #[allow(clippy::too_many_arguments, reason = "all that a record is made of")]
    fn place(
        &mut self,
        account: usize,
        sequence: usize,
        (posting, posting_index): (usize, usize),
        digest: Hash,
        root: Hash,
        time: u64,
        given: &Accepted,
    ) -> Accepted {
        let log_index = self.log.len() as u64;
        let seed = match self.seeds.iter().position(|seed| derive(seed, 0) == given.log_salt) {
            Some(place) => self.seeds.remove(place),
            None => {
                panic!("the log salt {} is of no seed that was drawn, or of one used before", given.log_salt)
            }
        };
        let account = &mut self.accounts[account];
        let before = account.placed.last().map(|p| p.cells.clone()).unwrap_or_default();
        // A cell that is as it was keeps its salt.
        let cells: Vec<(Vec<u8>, Seed)> = state::cells(&account.facts[..=sequence])
            .into_iter()
            .zip(0..)
            .map(|(content, index)| match before.get(index as usize) {
                Some((old, salt)) if *old == content => (content, *salt),
                _ => (content, derive(&seed, 16 + index)),
            })
            .collect();
        let state_root = tree::root(&cell_leaves(&cells));
        assert_eq!(
            given.state_root, state_root,
            "the state of account {} after record {sequence}: {:?}; all cells: {cells:x?}",
            account.address.number, account.facts[sequence]
        );
        let statement = &account.statements[sequence];
        let record = data(3, 11, |w| {
            w.uint(account.address.number);
            w.uint(sequence as u64);
            w.uint(log_index);
            w.bytes(&digest.0);
            w.uint(posting_index as u64);
            w.bytes(&root.0);
            w.uint(statement.kind);
            write_maybe(w, statement.refers);
            write_maybe(w, statement.month.map(|m| u64::from(m.number())));
            w.uint(time);
            w.bytes(&state_root.0);
        });
        let salt = derive(&seed, 0);
        let commitment = leaf(&data(7, 4, |w| {
            w.bytes(&salt.0);
            w.uint(account.address.number);
            w.uint(sequence as u64);
            w.bytes(&leaf(&record).0);
        }));
        self.log.push(data(5, 2, |w| {
            w.uint(0);
            w.bytes(&commitment.0);
        }));
        account.placed.push(Placed { log_index, posting, posting_index, seed, cells, state_root, record });
        Accepted { account: account.address.number, sequence: sequence as u64, state_root, log_salt: salt }
    }

    /// The leaves of the directory.
    pub fn directory(&self) -> Vec<Hash> {
        let leaf_of = |account: &Account| {
            let seed = account.placed.last().map(|p| p.seed).unwrap_or_default();
            leaf(&data(4, 5, |w| {
                w.uint(account.address.number);
                w.bytes(&derive(&seed, 1).0);
                w.bytes(&account.address.id.0);
                w.uint(account.placed.len() as u64);
                w.bytes(&tree::root(&account.leaves()).0);
            }))
        };
        self.accounts.iter().map(leaf_of).collect()
    }

    /// The log's leaf hashes, the first `size` of them.
    pub fn log_leaves(&self, size: u64) -> Vec<Hash> {
        self.log[..size as usize].iter().map(|data| leaf(data)).collect()
    }

    /// Ends the commit that is under way, if any, and compares the receipts that were given in it.
    pub fn seal(&mut self) {
        let Some(OpenCommit { size, time, receipts }) = self.open.take() else { return };
        let directory = self.directory();
        let (accounts, directory_root) = (directory.len() as u64, tree::root(&directory));
        self.log.push(data(5, 4, |w| {
            w.uint(1);
            w.uint(accounts);
            w.bytes(&directory_root.0);
            w.uint(time);
        }));
        assert_eq!(size, self.log.len() as u64, "the size of the log after commit {}", self.commits.len());
        let leaves = self.log_leaves(size);
        let root = tree::root(&leaves);
        let checkpoint = Checkpoint { origin: self.origin.clone(), size, root };
        let note = Note::sign(checkpoint.to_string(), &self.origin, &self.operator).to_string();
        self.commits.push(Commit { time, size, root, directory_root, accounts, note: note.clone() });
        for recorded in self.postings.iter_mut().filter(|p| p.receipt.checkpoint.is_empty()) {
            let receipt = &mut recorded.receipt;
            receipt.checkpoint = note.clone();
            if let Some(first) = receipt.first {
                let accepted = receipt.results.iter().filter(|r| r.is_ok()).count();
                let indexes: Vec<usize> = (first as usize..).take(accepted).collect();
                receipt.path = tree::set(&indexes, &leaves);
            }
        }
        for (place, given) in receipts {
            let expected = &self.postings[place].receipt;
            assert_eq!(given, *expected, "a receipt of commit {}", self.commits.len() - 1);
            assert_eq!(given.to_bytes(), expected.to_bytes());
        }
    }
}

/// The size of the log in a receipt's checkpoint.
fn size_of(receipt: &Receipt) -> u64 {
    receipt.checkpoint.lines().nth(1).and_then(|line| line.parse().ok()).unwrap_or_default()
}
