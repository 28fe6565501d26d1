//! The ledger as the statements of one commit find it: what is stored, and on top of it what earlier statements of the same commit did.
//!
//! All-or-nothing postings work on a layer of their own, which is merged or thrown away.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use peal_spec::account::{Account, Placed};
use peal_spec::address::Address;
use peal_spec::hash::{Hash, Seed};
use peal_spec::posting::{Checked, Signed};
use peal_spec::receipt::{Accepted, Outcome};
use peal_spec::record::{Record, commitment, log_salt};
use peal_spec::refusal::{Code, Refusal};
use peal_spec::rules::{self, Entry, Party, Scene};
use peal_spec::statement::{Body, Contribution, Statement, Type};
use peal_spec::value::{Origin, Time};

use crate::error::Error;
use crate::fresh::{ByNumber, Spread};
use crate::layered::Layered;
use crate::rows::{self, Head, Number, RecordRow, Reference, TAGS};
use crate::schema::{self, Family, entry_key, number_key, place_key, reference_key};
use crate::store::{Ordered, RowsExt};

/// A posting whose signature and roots hold, with its statements read; a statement that could not be read, or whose refusal is
/// known already, is its refusal.
pub(crate) struct Offer<'p> {
    pub(crate) digest: Hash,
    pub(crate) signed: &'p Signed,
    pub(crate) roots: &'p [Hash],
    pub(crate) statements: Vec<Result<(&'p Statement, &'p Body), &'p Refusal>>,
    /// Whether its only statement is a rotation.
    pub(crate) rotation_alone: bool,
}

impl<'p> Offer<'p> {
    /// The offer of a posting that was received; `bodies` are those of its statements.
    pub(crate) fn new(checked: &'p Checked, bodies: &'p [Result<Body, Refusal>]) -> Self {
        let statements = &checked.posting().statements;
        Self {
            digest: checked.digest(),
            signed: &checked.posting().signed,
            roots: checked.roots(),
            statements: statements.iter().zip(bodies).map(|(s, b)| b.as_ref().map(|b| (s, b))).collect(),
            rotation_alone: rules::is_rotation_alone(statements),
        }
    }
}

/// What the commit follows on.
#[derive(Clone, Copy)]
pub(crate) struct Base<'a> {
    pub(crate) origin: &'a Origin,
    /// Leaves of the log.
    pub(crate) log: u64,
    /// Accounts.
    pub(crate) directory: u64,
    /// The time that the commit gets.
    pub(crate) time: Time,
}

/// The ledger before the commit.
pub(crate) trait Past: Ordered {
    /// The heads of several accounts, their numbers rising; none where there is no such account.
    fn heads(&self, numbers: &[u64]) -> Result<Vec<Option<Box<Head>>>, Error>;
}

impl Past for Layered<'_> {
    fn heads(&self, numbers: &[u64]) -> Result<Vec<Option<Box<Head>>>, Error> {
        numbers.iter().map(|number| Ok(self.row(&number_key(*number))?.map(Box::new))).collect()
    }
}

/// A posting that is recorded.
pub(crate) struct Posted {
    pub(crate) results: Vec<Outcome>,
    /// Log index of the first accepted statement, and how many there are.
    pub(crate) first: Option<u64>,
    pub(crate) accepted: u64,
}

impl Posted {
    /// What became of each statement, in order.
    pub(crate) fn results(&self) -> &[Outcome] {
        &self.results
    }
}

/// A record that was made.
pub(crate) struct Made {
    pub(crate) record: Record,
    pub(crate) seed: Seed,
    pub(crate) commitment: Hash,
    /// Which of the offers its statement came in.
    pub(crate) offer: usize,
}

/// What statements did, on top of the rows.
#[derive(Default)]
pub(crate) struct Layer {
    pub(crate) accounts: ByNumber<Box<Head>>,
    /// Contributions as they stand, by account and sequence.
    pub(crate) entries: HashMap<(u64, u64), Entry, BuildHasherDefault<Spread>>,
    /// Key in `entries` and what stands there, of each change.
    pub(crate) changes: Vec<([u8; 24], Entry)>,
    /// References that were taken: which records have a tag for them, in their heads, shows in the sequence.
    pub(crate) references: HashMap<[u8; 24], u64>,
    pub(crate) ids: HashMap<Hash, u64>,
    pub(crate) made: Vec<Made>,
}

/// The ledger as statements of this commit find it.
pub(crate) struct Working<'a, R> {
    base: &'a Base<'a>,
    rows: &'a R,
    seeds: &'a dyn Fn() -> Seed,
    /// What commits before this one did that may not be in `rows` yet, the youngest first.
    pending: Vec<&'a Layer>,
    /// Accounts read and not changed; none where there is no such account.
    read: ByNumber<Option<Box<Head>>>,
    pub(crate) whole: Layer,
    /// The layer of an all-or-nothing posting under way.
    trial: Option<Layer>,
}

impl<'a, R: Past> Working<'a, R> {
    /// Nothing done yet; the accounts that the offers name are read at once.
    pub(crate) fn new(
        base: &'a Base<'a>,
        rows: &'a R,
        pending: Vec<&'a Layer>,
        seeds: &'a dyn Fn() -> Seed,
        offers: &[Offer<'_>],
    ) -> Result<Self, Error> {
        let read = prefetch(rows, offers)?;
        Ok(Self { base, rows, seeds, pending, read, whole: Layer::default(), trial: None })
    }

    /// What this commit did so far.
    fn own(&self) -> impl Iterator<Item = &Layer> {
        self.trial.iter().chain([&self.whole])
    }

    /// What this commit and those before it did that may not be in the rows.
    fn layers(&self) -> impl Iterator<Item = &Layer> {
        self.own().chain(self.pending.iter().copied())
    }

    fn top(&mut self) -> &mut Layer {
        self.trial.as_mut().unwrap_or(&mut self.whole)
    }

    /// Makes sure that an account is in memory if it exists.
    fn load(&mut self, number: u64) -> Result<(), Error> {
        if self.layers().any(|l| l.accounts.contains_key(&number)) || self.read.contains_key(&number) {
            return Ok(());
        }
        let head = self.rows.heads(&[number])?.pop().flatten();
        self.read.insert(number, head);
        Ok(())
    }

    /// An account that was loaded, if number and id are those of the address.
    pub(crate) fn party(&self, address: &Address) -> Option<Party<'_>> {
        let account = &self.head(address.number)?.account;
        (account.address == *address).then_some(Party { address: *address, state: &account.state })
    }

    fn head(&self, number: u64) -> Option<&Head> {
        let changed = self.layers().find_map(|l| l.accounts.get(&number));
        changed.or_else(|| self.read.get(&number).and_then(Option::as_ref)).map(|head| &**head)
    }

    fn size(&self, number: u64) -> u64 {
        self.head(number).map_or(0, |h| h.account.frontier.size())
    }

    fn same_id(&self, id: &Hash) -> Result<Option<u64>, Error> {
        match self.layers().find_map(|l| l.ids.get(id)) {
            Some(number) => Ok(Some(*number)),
            None => Ok(self.rows.row::<Number>(&id.0)?.map(|n| n.0)),
        }
    }

    /// The sequence of the contribution to `account` that took this reference of its issuer.
    fn reference(&self, account: u64, key: &[u8; 24], body: &Contribution) -> Result<Option<u64>, Error> {
        if let Some(sequence) = self.layers().find_map(|l| l.references.get(key)) {
            return Ok(Some(*sequence));
        }
        let Some(head) = self.head(account) else { return Ok(None) };
        let tag = rows::tag(key);
        for (sequence, _) in (0..).zip(&head.tags).filter(|(_, t)| **t == tag) {
            // Of a record of this commit the reference is known above, and is another.
            if let Some(row) = self.rows.row::<RecordRow>(&place_key(account, sequence))?
                && let Some(found) = contribution(&row, account, sequence)?
                && (found.who.issuer.number, &found.who.reference)
                    == (body.who.issuer.number, &body.who.reference)
            {
                return Ok(Some(sequence));
            }
        }
        if head.account.frontier.size() <= TAGS as u64 {
            return Ok(None);
        }
        Ok(self.rows.row::<Reference>(key)?.map(|r| r.0))
    }

    fn entry(&self, account: u64, sequence: u64) -> Result<Option<Entry>, Error> {
        if let Some(entry) = self.layers().find_map(|l| l.entries.get(&(account, sequence))) {
            return Ok(Some(entry.clone()));
        }
        let size = self.size(account);
        if sequence < size { standing(self.rows, account, sequence, size) } else { Ok(None) }
    }

    /// Judges a statement and, if it is accepted, records it.
    fn statement(
        &mut self,
        (offer, place): (&Offer<'_>, usize),
        index: usize,
        statement: &Statement,
        body: &Body,
    ) -> Result<Outcome, Error> {
        if let Some(address) = &statement.address {
            self.load(address.number)?;
        }
        let fund = match body {
            Body::Contribution(c) => Some(c.what.fund),
            _ => None,
        };
        if let Some(fund) = &fund {
            self.load(fund.number)?;
        }
        let issuer = offer.signed.payload.issuer;
        let subject = statement.address.and_then(|a| self.party(&a));
        let number = statement.address.map_or(0, |a| a.number);
        let reference = match body {
            Body::Contribution(c) if subject.is_some() => {
                Some(reference_key(number, c.who.issuer.number, c.who.reference.as_str()))
            }
            _ => None,
        };
        let entry = match (body, statement.refers) {
            (Body::Settlement(_) | Body::Correction(_), Some(refers)) if subject.is_some() => {
                self.entry(number, refers)?
            }
            _ => None,
        };
        let scene = Scene {
            time: self.base.time,
            kid: offer.signed.kid,
            alone: offer.statements.len() == 1,
            issuer: issuer.and_then(|a| self.party(&a)),
            subject,
            same_id: match body {
                Body::Opened(_) => self.same_id(&offer.roots[index])?,
                _ => None,
            },
            entry: entry.as_ref(),
            fund: fund.and_then(|f| self.party(&f)),
            reference: match (&reference, body) {
                (Some(key), Body::Contribution(c)) => {
                    self.reference(number, key, c)?.map(|sequence| (number, sequence))
                }
                _ => None,
            },
        };
        if let Err(refusal) = rules::judge(&scene, statement, body) {
            return Ok(Err(refusal));
        }
        self.record((offer, place), index, statement, body, entry, reference).map(Ok)
    }

    /// Records an accepted statement.
    fn record(
        &mut self,
        (offer, place): (&Offer<'_>, usize),
        index: usize,
        statement: &Statement,
        body: &Body,
        entry: Option<Entry>,
        reference: Option<[u8; 24]>,
    ) -> Result<Accepted, Error> {
        let placed = Placed {
            log_index: self.base.log + self.own().map(|l| l.made.len() as u64).sum::<u64>(),
            posting: offer.digest,
            posting_index: index as u64,
            statement_root: offer.roots[index],
            time: self.base.time,
            record_seed: (self.seeds)(),
        };
        let (record, leaf) = match (body, statement.address) {
            (Body::Opened(opened), _) => {
                let opened_here = self.own().map(|l| l.ids.len() as u64).sum::<u64>();
                let number = self.base.directory + opened_here;
                let (account, record, leaf) = Account::open(number, opened, &placed);
                let top = self.top();
                top.ids.insert(account.address.id, number);
                let mut head = Head { account, tags: Vec::new() };
                head.push_tag(0);
                top.accounts.insert(number, Box::new(head));
                (record, leaf)
            }
            (_, Some(Address { number, .. })) => {
                let mut head = self.take(number)?;
                let (record, leaf, entry) = head.account.append(statement, body, entry, &placed);
                head.push_tag(reference.as_ref().map_or(0, rows::tag));
                let top = self.top();
                top.accounts.insert(number, head);
                if let Some(entry) = entry {
                    if let Some(refers) = statement.refers {
                        top.changes.push((entry_key(number, refers, record.sequence), entry.clone()));
                    }
                    top.entries.insert((number, statement.refers.unwrap_or(record.sequence)), entry);
                }
                if let Some(key) = reference {
                    top.references.insert(key, record.sequence);
                }
                (record, leaf)
            }
            (_, None) => return Err(Error::Bug("a statement about no account was accepted".into())),
        };
        let salt = log_salt(&placed.record_seed);
        let commitment = commitment(&salt, record.account, record.sequence, &leaf);
        let accepted = Accepted {
            account: record.account,
            sequence: record.sequence,
            state_root: record.state_root,
            log_salt: salt,
        };
        self.top().made.push(Made { record, seed: placed.record_seed, commitment, offer: place });
        Ok(accepted)
    }

    /// An account to change: moved up from what was read, or copied where a trial may have to be forgotten.
    fn take(&mut self, number: u64) -> Result<Box<Head>, Error> {
        let gone = || Error::Bug(format!("account {number} was judged and is not there"));
        if let Some(trial) = &mut self.trial {
            if let Some(account) = trial.accounts.remove(&number) {
                return Ok(account);
            }
            let below = [&self.whole].into_iter().chain(self.pending.iter().copied());
            let below = below.map(|l| &l.accounts).find_map(|accounts| accounts.get(&number));
            return below
                .or_else(|| self.read.get(&number).and_then(Option::as_ref))
                .cloned()
                .ok_or_else(gone);
        }
        if let Some(head) = self.whole.accounts.remove(&number) {
            return Ok(head);
        }
        match self.pending.iter().find_map(|l| l.accounts.get(&number)) {
            Some(head) => Ok(head.clone()),
            None => self.read.remove(&number).flatten().ok_or_else(gone),
        }
    }

    /// Judges and records a posting that is neither known nor refused whole.
    pub(crate) fn posting(
        &mut self,
        offer: &Offer<'_>,
        place: usize,
    ) -> Result<Result<Posted, Refusal>, Error> {
        let payload = &offer.signed.payload;
        let first = self.base.log + self.whole.made.len() as u64;
        if payload.all_or_nothing {
            self.trial = Some(Layer::default());
        }
        let mut results: Vec<Outcome> = Vec::with_capacity(offer.statements.len());
        for (index, offered) in offer.statements.iter().enumerate() {
            results.push(match offered {
                Ok((statement, body)) => self.statement((offer, place), index, statement, body)?,
                Err(refusal) => Err((*refusal).clone()),
            });
        }
        let refused = results.iter().any(Result::is_err);
        if let Some(trial) = self.trial.take() {
            if refused {
                for result in &mut results {
                    if result.is_ok() {
                        *result = Err(Refusal::new(Code::NotRecorded, ""));
                    }
                }
            } else {
                let whole = &mut self.whole;
                whole.accounts.extend(trial.accounts);
                whole.entries.extend(trial.entries);
                whole.changes.extend(trial.changes);
                whole.references.extend(trial.references);
                whole.ids.extend(trial.ids);
                whole.made.extend(trial.made);
            }
        }
        if payload.issuer.is_none()
            && let Some(Err(refusal)) = results.first()
        {
            return Ok(Err(refusal.clone()));
        }
        let accepted = results.iter().filter(|r| r.is_ok()).count() as u64;
        Ok(Ok(Posted { first: (accepted > 0).then_some(first), accepted, results }))
    }
}

/// A contribution as it stood when its account had `size` records; none if that record is not a contribution.
pub(crate) fn standing<R: Ordered + ?Sized>(
    rows: &R,
    account: u64,
    sequence: u64,
    size: u64,
) -> Result<Option<Entry>, Error> {
    let key = place_key(account, sequence);
    let last = rows.at_or_before(Family::Entries, &entry_key(account, sequence, size.saturating_sub(1)))?;
    if let Some((found, row)) = last.filter(|(found, _)| found.starts_with(&key)) {
        return schema::decode(&found, &row).map(Some);
    }
    let Some(row) = rows.row::<RecordRow>(&key)? else { return Ok(None) };
    let Some(c) = contribution(&row, account, sequence)? else { return Ok(None) };
    let Some(month) = row.month else {
        return Err(Error::Corrupt(format!("{}: no month", schema::place(Family::Records, &key))));
    };
    Ok(Some(Entry {
        issuer: c.who.issuer.number,
        source: c.who.source,
        insurance: c.what.insurance,
        month,
        fund: c.what.fund.number,
        amount: c.amount,
        settled: false,
        void: false,
    }))
}

/// The contribution that a row holds, if it is one.
fn contribution(row: &RecordRow, account: u64, sequence: u64) -> Result<Option<Contribution>, Error> {
    if row.kind != Type::Contribution {
        return Ok(None);
    }
    // The address does not matter to what is read here.
    let any = Address { number: account, id: Hash::default() };
    let statement = row.statement(any, sequence)?;
    match statement.map(|s| s.body()) {
        Some(Ok(Body::Contribution(contribution))) => Ok(Some(contribution)),
        _ => {
            let place = schema::place(Family::Records, &place_key(account, sequence));
            Err(Error::Corrupt(format!("{place}: not a contribution")))
        }
    }
}

/// The accounts that the offers name, read at once before they are judged one by one.
fn prefetch<R: Past>(rows: &R, offers: &[Offer<'_>]) -> Result<ByNumber<Option<Box<Head>>>, Error> {
    let addresses = offers.iter().flat_map(|offer| {
        let subjects = offer.statements.iter().flatten().filter_map(|(s, _)| s.address);
        subjects.chain(offer.signed.payload.issuer)
    });
    let mut numbers: Vec<u64> = addresses.map(|a| a.number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let heads = rows.heads(&numbers)?;
    Ok(numbers.into_iter().zip(heads).collect())
}
