//! Carried histories: whole accounts of other addresses, or of other ledgers, that a wallet takes along.
//!
//! 1. [`Carried::from_file`] takes a proof file that is valid under a trust list and shows everything, and keeps it with that part of the list.
//! 2. [`Carried::against`] compares two histories of one account record by record.
//! 3. [`Histories::add`] lets a longer one take the place of a shorter one that it extends, and nothing else: a fork is refused by name.
//!
//! What is carried is in the sealed body of the wallet. It proves what it proved where it came from, also when that ledger has ended.

use std::collections::BTreeSet;
use std::fmt;

use peal_spec::address::Address;
use peal_spec::cbor::{Cbor, Malformed, Reader, Writer};
use peal_spec::hash::Hash;
use peal_spec::money::Interest;
use peal_spec::proof::{BadFile, Facet, Proof, Shown};
use peal_spec::record::Record;
use peal_spec::statement::{Type, What};
use peal_spec::trust::{Pin, Trust};
use peal_spec::value::{Origin, Time};
use peal_spec::verify::{self, Failure, Standing, Verdict, read_checkpoint};

use crate::trouble::Trouble;

/// How many histories a wallet carries at most.
pub const MAX_HISTORIES: usize = 32;
/// How many bytes they have at most, all together: the wallet file is written whole whenever it changes.
pub const MAX_BYTES: usize = 256 << 20;

/// A file that is no history to be carried.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadHistory {
    /// No proof file at all.
    #[error("this is not a PEAL proof file")]
    Foreign,
    /// A step of the verifier fails, or it does not show everything (`not-whole`).
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl BadHistory {
    /// As told to a person.
    pub fn at(&self, place: impl fmt::Display) -> Trouble {
        match self {
            Self::Foreign => Trouble::unusable(self, place, "give an archive, or a file of `peal prove`"),
            Self::Failure(failure) if failure.name == "unknown-ledger" => {
                Trouble::refused(self, place, "give a trust list that has that ledger with --trust")
            }
            Self::Failure(failure) if failure.name == "not-whole" => {
                Trouble::refused(self, place, "ask for the whole history, as `peal archive make` writes it")
            }
            Self::Failure(_) => {
                Trouble::refused(self, place, "do not rely on it; ask for it again where it came from")
            }
        }
    }
}

/// Demands that a valid proof shows the whole account: every record with contents, but for what is erased, no facet withheld, but for
/// tokens, which no proof shows, and all sums.
///
/// # Errors
/// `not-whole`, naming what is missing.
pub fn demand_whole(proof: &Proof, verdict: &Verdict) -> Result<(), Failure> {
    let not_whole = |detail: String| Err(Failure { name: "not-whole", detail });
    if !verdict.complete {
        return not_whole(format!("{} of its records are hidden", verdict.records.hidden));
    }
    // The verdict lists them in order.
    let erased = |record: &Record| {
        let with = record.kind.erased_with(record.sequence, record.refers);
        with.is_some_and(|whole| verdict.erased.binary_search(&whole).is_ok())
    };
    let header = proof.subject.shown.iter().find(|s| s.opening.is_none() && !erased(&s.record));
    if let Some(shown) = header {
        return not_whole(format!("record {} is shown as a header only", shown.record.sequence));
    }
    if let Some(shown) = proof.subject.shown.iter().find(|s| s.opening.is_some() && s.link.is_none()) {
        return not_whole(format!("who signed record {} is not shown", shown.record.sequence));
    }
    if let Some((name, count)) = verdict.withheld.iter().find(|(name, _)| **name != "token") {
        return not_whole(format!("{name} of {count} records is withheld"));
    }
    match missing_sum(proof, verdict) {
        Some(what) => not_whole(format!("{what} are not shown")),
        None => Ok(()),
    }
}

/// The sums that the records shown must have and the proof does not show, if there are any.
fn missing_sum(proof: &Proof, verdict: &Verdict) -> Option<String> {
    type Sum<'v> = (&'v str, &'v str);
    let months: BTreeSet<&str> = verdict.months.iter().map(|m| m.insurance.as_str()).collect();
    let totals: BTreeSet<Sum<'_>> =
        verdict.totals.iter().map(|t| (t.insurance.as_str(), t.currency.as_str())).collect();
    let flows: BTreeSet<Sum<'_>> =
        verdict.flows.iter().map(|f| (f.insurance.as_str(), f.currency.as_str())).collect();
    for entry in verdict.entries.iter().filter(|e| e.standing != Standing::Void) {
        let Some(sum) = entry.insurance.as_deref().zip(entry.currency.as_deref()) else { continue };
        let gone = entry.refunded.is_some() && entry.refunded >= entry.amount;
        if !totals.contains(&sum) {
            return Some(format!("the totals of {} in {}", sum.0, sum.1));
        }
        if !gone && !months.contains(sum.0) {
            return Some(format!("the months of {}", sum.0));
        }
        if entry.refunded.is_some() && !flows.contains(&sum) {
            return Some(format!("the refunds of {} in {}", sum.0, sum.1));
        }
    }
    for award in verdict.awards.iter().filter(|a| a.paid.is_some_and(|paid| paid > 0)) {
        let sum = award.insurance.as_deref().zip(award.currency.as_deref());
        if let Some((insurance, currency)) = sum.filter(|sum| !flows.contains(sum)) {
            return Some(format!("the benefits of {insurance} in {currency}"));
        }
    }
    let earns = |shown: &&Shown| shown.record.kind == Type::Interest;
    for shown in proof.subject.shown.iter().filter(earns) {
        let facets = shown.opening.as_ref().map(|opening| &opening.0);
        let value = |at: usize| facets.and_then(|facets| facets.get(at)).and_then(Facet::value);
        let what = value(2).and_then(|bytes| What::from_bytes(bytes).ok());
        let interest = value(3).and_then(|bytes| Interest::from_bytes(bytes).ok());
        let Some((what, interest)) = what.zip(interest) else { continue };
        let (insurance, currency) = (what.insurance.to_string(), interest.currency.to_string());
        if !flows.contains(&(insurance.as_str(), currency.as_str())) {
            return Some(format!("the interest of {insurance} in {currency}"));
        }
    }
    None
}

/// A whole history that was found valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// The ledger that it is from.
    pub origin: Origin,
    /// The account.
    pub address: Address,
    /// Size and root of the log under its checkpoint.
    pub head: Pin,
    /// When that head was made.
    pub time: Time,
    /// When it was taken along, by this machine's clock.
    pub received: Time,
    /// What was trusted about its ledger then.
    pub trust: Trust,
    /// Leaf hashes of its records, so that histories are compared without reading their files.
    leaves: Vec<Hash>,
    /// The proof file.
    file: Vec<u8>,
}

/// How one history stands to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// It is of another account or ledger.
    Other,
    /// Both have the same records.
    Same,
    /// It has all records of the other, and more.
    Longer,
    /// The other has all its records, and more.
    Shorter,
    /// They contradict each other.
    Forks(Fork),
}

/// Where two histories of one account contradict each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fork {
    /// This record differs.
    Record(u64),
    /// The log of this many entries has two roots.
    Log(u64),
    /// The one under the larger log has fewer records.
    Shrinks,
}

impl fmt::Display for Fork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fork::Record(sequence) => write!(f, "record {sequence} is another one in each"),
            Fork::Log(size) => write!(f, "the ledger has signed two different logs of {size} entries"),
            Fork::Shrinks => f.write_str("the later one has fewer records"),
        }
    }
}

impl Carried {
    /// Takes a proof file that is valid under `trust` at the time `now` and shows a whole account.
    ///
    /// # Errors
    /// [`BadHistory`] says what is wrong with it.
    pub fn from_file(file: &[u8], trust: &Trust, now: Time) -> Result<Self, BadHistory> {
        let proof = Proof::from_file(file).map_err(|e| match e {
            BadFile::Foreign => BadHistory::Foreign,
            BadFile::Damaged(detail) => BadHistory::Failure(Failure { name: "damaged", detail }),
        })?;
        let verdict = verify::verify(&proof, trust, now)?;
        demand_whole(&proof, &verdict)?;
        let (_, checkpoint, ledger) = read_checkpoint(&proof.checkpoint, trust)?;
        Ok(Self {
            address: proof.subject.address,
            head: Pin { size: checkpoint.size, root: checkpoint.root },
            time: proof.head.commit.time,
            received: now,
            trust: Trust { ledgers: vec![ledger.clone()] },
            leaves: proof.subject.shown.iter().map(|shown| shown.record.leaf()).collect(),
            file: file.to_vec(),
            origin: checkpoint.origin,
        })
    }

    /// The proof file.
    pub fn file(&self) -> &[u8] {
        &self.file
    }

    /// How many records it has.
    pub fn records(&self) -> u64 {
        self.leaves.len() as u64
    }

    /// What it shows: under `own`, where that list has the ledger, else under what was trusted when it was taken along.
    ///
    /// # Errors
    /// The step of the verifier that fails.
    pub fn verdict(&self, own: &Trust, now: Time) -> Result<Verdict, BadHistory> {
        let trust = if own.ledger(&self.origin).is_some() { own } else { &self.trust };
        verify::verify_file(&self.file, trust, now).map_err(|e| e.map_or(BadHistory::Foreign, Into::into))
    }

    /// How it stands to another. Leaf hashes bind contents, order, log indexes, times and states, so that equal leaves are equal histories.
    pub fn against(&self, other: &Self) -> Against {
        if (&self.origin, self.address) != (&other.origin, other.address) {
            return Against::Other;
        }
        if self.head.size == other.head.size && self.head.root != other.head.root {
            return Against::Forks(Fork::Log(self.head.size));
        }
        let differs = self.leaves.iter().zip(&other.leaves).position(|(a, b)| a != b);
        if let Some(at) = differs {
            return Against::Forks(Fork::Record(at as u64));
        }
        let (records, size) =
            (self.leaves.len().cmp(&other.leaves.len()), self.head.size.cmp(&other.head.size));
        match records {
            std::cmp::Ordering::Equal => Against::Same,
            // More records under a log that is not larger: one of the two heads says less than the ledger had.
            more if more != size => Against::Forks(Fork::Shrinks),
            std::cmp::Ordering::Greater => Against::Longer,
            std::cmp::Ordering::Less => Against::Shorter,
        }
    }

    /// Whether it has all records of another history of the same account.
    pub fn extends(&self, other: &Self) -> bool {
        matches!(self.against(other), Against::Same | Against::Longer)
    }
}

impl Cbor for Carried {
    fn encode(&self, w: &mut Writer) {
        w.array(9);
        self.origin.encode(w);
        self.address.encode(w);
        w.uint(self.head.size);
        self.head.root.encode(w);
        self.time.encode(w);
        self.received.encode(w);
        w.text(&self.trust.to_string());
        w.list(&self.leaves);
        w.bytes(&self.file);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(9, "a carried history of 9 elements")?;
        let (origin, address) = (Cbor::decode(r)?, Cbor::decode(r)?);
        let head = Pin { size: Cbor::decode(r)?, root: Cbor::decode(r)? };
        let (time, received) = (Cbor::decode(r)?, Cbor::decode(r)?);
        let fault = r.fault("the lines of a trust list about one ledger");
        let text = r.text()?;
        let trust: Trust = text.parse().map_err(|_| fault)?;
        if trust.to_string() != text {
            return Err(fault);
        }
        Ok(Self {
            origin,
            address,
            head,
            time,
            received,
            trust,
            leaves: r.list()?,
            file: r.bytes()?.to_vec(),
        })
    }
}

/// What became of a history that was to be carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// It is carried from now on.
    New,
    /// It took the place of one with so many records, which it extends.
    Replaced(u64),
    /// It was there already, or one that extends it, with so many records.
    Had(u64),
}

/// The histories that a wallet carries, in the order in which they came; one of each account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histories(pub(crate) Vec<Carried>);

impl Histories {
    /// All of them.
    pub fn all(&self) -> &[Carried] {
        &self.0
    }

    /// The one of an account of a ledger.
    pub fn find(&self, origin: &Origin, address: &Address) -> Option<&Carried> {
        self.0.iter().find(|c| c.origin == *origin && c.address == *address)
    }

    /// Takes one along. The same again changes nothing; a longer one, or the same under a later head, replaces what it extends.
    ///
    /// # Errors
    /// Refused, by name, if it contradicts the one that is there; unusable if there is no room.
    pub fn add(&mut self, new: Carried) -> Result<Added, Trouble> {
        let place = format!("the history of {} on {}", new.address, new.origin);
        let at = self.0.iter().position(|c| c.origin == new.origin && c.address == new.address);
        if let Some(old) = at.and_then(|at| self.0.get(at)) {
            match new.against(old) {
                Against::Forks(fork) => {
                    return Err(Trouble::refused(
                        format!("the history forks: {fork}"),
                        place,
                        "the one that is carried stays; show both to a bureau or an auditor (`peal archive proof` writes it)",
                    ));
                }
                Against::Same if new.head.size <= old.head.size => return Ok(Added::Had(old.records())),
                Against::Shorter | Against::Other => return Ok(Added::Had(old.records())),
                Against::Same | Against::Longer => {}
            }
        }
        let others = self.0.iter().enumerate().filter(|(i, _)| Some(*i) != at);
        let bytes = others.map(|(_, c)| c.file.len()).sum::<usize>().saturating_add(new.file.len());
        if bytes > MAX_BYTES || (at.is_none() && self.0.len() >= MAX_HISTORIES) {
            let limit = format!("{MAX_HISTORIES} histories with {} MiB", MAX_BYTES >> 20);
            let remedy =
                format!("a wallet carries at most {limit}; keep the archive itself, or use another wallet");
            return Err(Trouble::unusable("there is no room for another history", place, remedy));
        }
        match at.and_then(|at| self.0.get_mut(at)) {
            Some(old) => {
                let before = old.records();
                *old = new;
                Ok(Added::Replaced(before))
            }
            None => {
                self.0.push(new);
                Ok(Added::New)
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn history(number: u64, leaves: &[u8], size: u64) -> Carried {
        Carried {
            origin: "ledger.example/1".parse().unwrap(),
            address: Address { number, id: Hash([1; 32]) },
            head: Pin { size, root: Hash([size as u8; 32]) },
            time: Time::new(1).unwrap(),
            received: Time::new(2).unwrap(),
            trust: Trust::default(),
            leaves: leaves.iter().map(|l| Hash([*l; 32])).collect(),
            file: leaves.to_vec(),
        }
    }

    #[test]
    fn a_history_extends_what_it_begins_with() {
        let short = history(1, &[1, 2], 9);
        for (other, is) in [
            (history(1, &[1, 2], 9), Against::Same),
            (history(1, &[1, 2], 12), Against::Same),
            (history(1, &[1, 2, 3], 12), Against::Longer),
            (history(1, &[1], 5), Against::Shorter),
            (history(1, &[1, 4, 3], 12), Against::Forks(Fork::Record(1))),
            (history(1, &[1, 2, 3], 8), Against::Forks(Fork::Shrinks)),
            (history(2, &[1, 2, 3], 12), Against::Other),
        ] {
            assert_eq!(other.against(&short), is);
            assert_eq!(other.extends(&short), matches!(is, Against::Same | Against::Longer));
        }
        let mut other = history(1, &[1, 2], 9);
        other.head.root = Hash([0; 32]);
        assert_eq!(other.against(&short), Against::Forks(Fork::Log(9)));
    }

    #[test]
    fn only_what_extends_replaces() {
        let mut carried = Histories::default();
        let short = history(1, &[1, 2], 9);
        assert_eq!(carried.add(short.clone()), Ok(Added::New));
        assert_eq!(carried.add(short.clone()), Ok(Added::Had(2)));
        assert_eq!(carried.add(history(1, &[1], 5)), Ok(Added::Had(2)));
        let refused = carried.add(history(1, &[1, 3, 4], 12)).unwrap_err();
        assert_eq!(
            (refused.what.as_str(), refused.code()),
            ("the history forks: record 1 is another one in each", 1)
        );
        assert_eq!(carried.all(), [short]);
        let long = history(1, &[1, 2, 3], 12);
        assert_eq!(carried.add(long.clone()), Ok(Added::Replaced(2)));
        assert_eq!(carried.add(history(2, &[1], 12)), Ok(Added::New));
        assert_eq!(carried.find(&long.origin, &long.address), Some(&long));
        for number in 3..=MAX_HISTORIES as u64 {
            carried.add(history(number, &[1], 12)).unwrap();
        }
        assert_eq!(carried.add(history(99, &[1], 12)).unwrap_err().code(), 2);
        assert_eq!(carried.add(history(1, &[1, 2, 3, 4], 13)), Ok(Added::Replaced(3)));
    }

    #[test]
    fn it_is_written_and_read() {
        let one = history(1, &[1, 2], 9);
        assert_eq!(Carried::from_bytes(&one.to_bytes()).unwrap(), one);
    }
}
