//! The ledger as the statements of one commit find it: what is stored, and on top of it what earlier statements of the same commit did.
//!
//! All-or-nothing postings work on a layer of their own, which is merged or thrown away.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::ops::Range;

use peal_spec::account::{Account, Placed};
use peal_spec::address::Address;
use peal_spec::hash::{Hash, Seed};
use peal_spec::identity::Token;
use peal_spec::moving::list_hash;
use peal_spec::posting::{Checked, Signed};
use peal_spec::receipt::{Accepted, Outcome};
use peal_spec::record::{Record, commitment, commitments, log_salt};
use peal_spec::refusal::{Code, Place, Refusal};
use peal_spec::rules::{self, Alone, Party, Scene, Target};
use peal_spec::showing;
use peal_spec::state::State;
use peal_spec::statement::{At, Body, Statement, Type, Used};
use peal_spec::target::Said;
use peal_spec::value::{Month, Origin, Time};

use crate::error::Error;
use crate::fresh::{ByNumber, Since, Spread};
use crate::layered::Layered;
use crate::rows::{self, Bound, Content, Erasure, Head, Number, RecordRow, Reference, TAGS};
use crate::schema::{self, Family, encode_into, entry_key, number_key, place_key, reference_key, token_key};
use crate::store::{Ordered, Rows, RowsExt};

/// A posting whose signature and roots hold, with its statements read; a statement that could not be read, or whose refusal is
/// known already, is its refusal.
pub(crate) struct Offer<'p> {
    pub(crate) digest: Hash,
    pub(crate) signed: &'p Signed,
    pub(crate) roots: &'p [Hash],
    /// The nodes of its tree, as [`peal_spec::posting::Tree`] has them.
    pub(crate) nodes: &'p [Hash],
    pub(crate) statements: Vec<Result<(&'p Statement, &'p Body), &'p Refusal>>,
    /// Whether it has one statement only.
    pub(crate) alone: Alone,
    /// What was found when it was handed in.
    pub(crate) looked: Option<&'p Looked>,
    /// In an audit: statements whose contents are gone, by index. They are not judged.
    pub(crate) gone: HashMap<usize, Gone>,
}

/// What is left of an accepted statement whose contents are gone.
#[derive(Clone, Debug)]
pub(crate) struct Gone {
    pub(crate) account: u64,
    pub(crate) kind: Type,
    pub(crate) refers: Option<u64>,
    pub(crate) month: Option<Month>,
    /// The key of the reference that it took.
    pub(crate) reference: Option<[u8; 24]>,
    /// What later records may refer to it as.
    pub(crate) first: Option<Target>,
    /// What it made of the record that it refers to.
    pub(crate) after: Option<Target>,
}

/// What was looked up about a posting before its turn came: it was not recorded then.
pub(crate) struct Looked {
    pub(crate) since: Since,
    /// Whether its id was taken then.
    pub(crate) id_taken: bool,
}

impl<'p> Offer<'p> {
    /// The offer of a posting that was received; `bodies` are those of its statements.
    pub(crate) fn new(
        checked: &'p Checked,
        bodies: &'p [Result<Body, Refusal>],
        looked: Option<&'p Looked>,
    ) -> Self {
        let statements = &checked.posting().statements;
        Self {
            digest: checked.digest(),
            signed: &checked.posting().signed,
            roots: checked.roots(),
            nodes: checked.nodes(),
            statements: statements.iter().zip(bodies).map(|(s, b)| b.as_ref().map(|b| (s, b))).collect(),
            alone: Alone::of(statements),
            looked,
            gone: HashMap::new(),
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
    /// Rows of the heads of those accounts, their numbers rising, that would be slow to read one by one.
    fn ahead(&self, _numbers: &[u64]) -> Result<ByNumber<Box<[u8]>>, Error> {
        Ok(ByNumber::default())
    }

    /// Loads the head of an account; false if there is no such account.
    fn head(&self, number: u64, head: &mut Head) -> Result<bool, Error> {
        stored_head(self, number, head)
    }

    /// In an audit: what others may have referred to a record as when it was recorded, if its contents are gone.
    fn given(&self, _account: u64, _sequence: u64) -> Option<Target> {
        None
    }

    /// Whether there is a row. If a moment is given, it was not there then.
    fn holds(&self, family: Family, key: &[u8], _since: Option<&Since>) -> Result<bool, Error> {
        Ok(self.bytes(family, key)?.is_some())
    }
}

/// Loads a head that is a row like any other.
pub(crate) fn stored_head<R: Rows + ?Sized>(rows: &R, number: u64, head: &mut Head) -> Result<bool, Error> {
    match rows.bytes(Family::Heads, &number_key(number))? {
        Some(row) => head.load(number, &row).map(|()| true),
        None => Ok(false),
    }
}

impl Past for Layered<'_> {}

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
    /// Its leaf hash in the account tree.
    leaf: Hash,
    pub(crate) commitment: Hash,
    /// Which of the offers its statement came in.
    pub(crate) offer: usize,
}

impl Made {
    /// Its account and its place there.
    fn place(&self) -> (u64, u64) {
        (self.record.account, self.record.sequence)
    }
}

/// Rows of heads, one after another: those of the accounts that statements changed, as they left them.
#[derive(Default)]
pub(crate) struct Accounts {
    bytes: Vec<u8>,
    at: ByNumber<Range<usize>>,
    /// Bytes of rows that were written anew.
    waste: usize,
}

/// So many bytes of rows that were written anew are no loss.
const SMALL_WASTE: usize = 4 << 20;

impl Accounts {
    pub(crate) fn get(&self, number: u64) -> Option<&[u8]> {
        self.bytes.get(self.at.get(&number)?.clone())
    }

    pub(crate) fn put(&mut self, number: u64, head: &Head) -> Result<(), Error> {
        let from = self.bytes.len();
        encode_into(head, &mut self.bytes)?;
        self.note(number, from);
        self.compact();
        Ok(())
    }

    /// Notes that the row of an account is now the one that was written from there on.
    fn note(&mut self, number: u64, from: usize) {
        self.waste += self.at.insert(number, from..self.bytes.len()).map_or(0, |old| old.len());
    }

    /// Drops the rows that were written anew, when they are more than the others. A copy has none, so this does not go on.
    fn compact(&mut self) {
        if self.waste > SMALL_WASTE && self.waste > self.bytes.len() / 2 {
            let old = std::mem::take(self);
            self.extend(&old);
        }
    }

    fn extend(&mut self, other: &Self) {
        self.bytes.reserve(other.bytes.len() - other.waste);
        for (number, row) in other.rows() {
            let from = self.bytes.len();
            self.bytes.extend_from_slice(row);
            self.note(number, from);
        }
        self.compact();
    }

    /// Number and row of each, in no order.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (u64, &[u8])> {
        self.at.iter().filter_map(|(number, range)| Some((*number, self.bytes.get(range.clone())?)))
    }
}

/// What statements did, on top of the rows.
#[derive(Default)]
pub(crate) struct Layer {
    pub(crate) accounts: Accounts,
    /// Contributions as they stand, by account and sequence.
    pub(crate) targets: HashMap<(u64, u64), Target, BuildHasherDefault<Spread>>,
    /// Key in `entries` and what stands there, of each change.
    pub(crate) changes: Vec<([u8; 24], Target)>,
    /// References that were taken: which records have a tag for them, in their heads, shows in the sequence.
    pub(crate) references: HashMap<[u8; 24], u64>,
    pub(crate) ids: HashMap<Hash, u64>,
    /// Which binding of a token stands, if one does.
    pub(crate) tokens: HashMap<Token, Option<(u64, u64)>>,
    /// Whose contents are to go: account and sequence.
    pub(crate) erased: Vec<((u64, u64), Erasure)>,
    pub(crate) made: Vec<Made>,
}

/// A layer that holds more memory than this for heads is not used again; the rest of it grows with that.
const LARGE_LAYER: usize = 16 << 20;

impl Layer {
    /// Nothing, in the memory of this layer.
    pub(crate) fn cleared(mut self) -> Self {
        if self.accounts.bytes.capacity() > LARGE_LAYER {
            return Self::default();
        }
        self.accounts.bytes.clear();
        self.accounts.at.clear();
        self.accounts.waste = 0;
        self.targets.clear();
        self.changes.clear();
        self.references.clear();
        self.ids.clear();
        self.tokens.clear();
        self.erased.clear();
        self.made.clear();
        self
    }

    /// Room for so many statements.
    fn reserve(&mut self, statements: usize) {
        self.accounts.bytes.reserve(512 * statements);
        self.accounts.at.reserve(statements);
        self.targets.reserve(statements);
        self.references.reserve(statements);
        self.made.reserve(statements);
    }
}

/// The ledger as statements of this commit find it.
pub(crate) struct Working<'a, R> {
    base: &'a Base<'a>,
    rows: &'a R,
    seeds: &'a dyn Fn() -> Seed,
    /// What commits before this one did that may not be in `rows` yet, the youngest first.
    pending: Vec<&'a Layer>,
    /// Rows of heads that were read ahead.
    ahead: ByNumber<Box<[u8]>>,
    /// The account that is worked on, while it is seated; it may differ from its row in the layers.
    desk: Option<Box<Head>>,
    seated: Option<u64>,
    changed: bool,
    /// Accounts with long heads that had their turn, and whether they differ from their rows in the layers.
    aside: ByNumber<(Box<Head>, bool)>,
    /// Accounts that take part beside it, as they stand; none where there is no such account.
    parties: ByNumber<Option<Box<Head>>>,
    whole: Layer,
    /// The layer of an all-or-nothing posting under way.
    trial: Option<Layer>,
}

impl<'a, R: Past> Working<'a, R> {
    /// Nothing done yet; what will be done goes into the empty layer `whole`.
    pub(crate) fn new(
        base: &'a Base<'a>,
        rows: &'a R,
        pending: Vec<&'a Layer>,
        seeds: &'a dyn Fn() -> Seed,
        offers: &[Offer<'_>],
        mut whole: Layer,
    ) -> Result<Self, Error> {
        let ahead = rows.ahead(&named(offers))?;
        whole.reserve(offers.iter().map(|offer| offer.statements.len()).sum());
        Ok(Self {
            base,
            rows,
            seeds,
            pending,
            ahead,
            desk: None,
            seated: None,
            changed: false,
            aside: ByNumber::default(),
            parties: ByNumber::default(),
            whole,
            trial: None,
        })
    }

    /// What the commit did.
    pub(crate) fn into_layer(mut self) -> Result<Layer, Error> {
        self.put_away()?;
        Ok(self.whole)
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

    /// Loads an account as it stands, unless it is seated; false if there is no such account.
    fn load(&self, number: u64, head: &mut Head) -> Result<bool, Error> {
        let changed = self.layers().find_map(|layer| layer.accounts.get(number));
        match changed.or_else(|| self.ahead.get(&number).map(|row| &**row)) {
            Some(row) => head.load(number, row).map(|()| true),
            None => self.rows.head(number, head),
        }
    }

    /// Seats an account, if it exists.
    fn seat(&mut self, number: u64) -> Result<(), Error> {
        if self.seated != Some(number) {
            self.clear_desk()?;
            if let Some((head, changed)) = self.aside.remove(&number) {
                (self.desk, self.seated, self.changed) = (Some(head), Some(number), changed);
                return Ok(());
            }
            let mut head = self.desk.take().unwrap_or_else(|| Box::new(Head::blank()));
            self.seated = self.load(number, &mut head)?.then_some(number);
            self.desk = Some(head);
        }
        Ok(())
    }

    /// Puts the account that is seated away: into its layer, or aside if its head is long.
    fn clear_desk(&mut self) -> Result<(), Error> {
        let changed = std::mem::take(&mut self.changed);
        let (Some(number), Some(head)) = (self.seated.take(), self.desk.take()) else { return Ok(()) };
        if head.is_long() {
            self.aside.insert(number, (head, changed));
            return Ok(());
        }
        if changed {
            self.top().accounts.put(number, &head)?;
        }
        self.desk = Some(head);
        Ok(())
    }

    /// Puts every account into its layer: where a trial begins or is kept, and at the end.
    fn put_away(&mut self) -> Result<(), Error> {
        self.clear_desk()?;
        let aside = std::mem::take(&mut self.aside);
        for (number, (head, _)) in aside.iter().filter(|(_, (_, changed))| *changed) {
            self.top().accounts.put(*number, head)?;
        }
        Ok(())
    }

    /// Makes sure that [`Working::party`] knows an account, if it exists.
    pub(crate) fn invite(&mut self, number: u64) -> Result<(), Error> {
        let here = self.seated == Some(number) || self.aside.contains_key(&number);
        if !here && !self.parties.contains_key(&number) {
            let mut head = Box::new(Head::blank());
            let found = self.load(number, &mut head)?;
            self.parties.insert(number, found.then_some(head));
        }
        Ok(())
    }

    /// An account that is seated or was invited.
    fn invited(&self, number: u64) -> Option<&Account> {
        let head = match self.seated() {
            Some(head) if self.seated == Some(number) => head,
            _ => match self.aside.get(&number) {
                Some((head, _)) => head,
                None => self.parties.get(&number)?.as_ref()?,
            },
        };
        Some(&head.account)
    }

    /// An account that is seated or was invited, if number and id are those of the address.
    pub(crate) fn party(&self, address: &Address) -> Option<Party<'_>> {
        let account = self.invited(address.number)?;
        (account.address == *address).then_some(Party { address: *address, state: &account.state })
    }

    /// The state of an account that is seated or was invited, whatever its id.
    fn state_of(&self, number: u64) -> Option<&State> {
        self.invited(number).map(|account| &account.state)
    }

    fn seated(&self) -> Option<&Head> {
        self.desk.as_deref().filter(|_| self.seated.is_some())
    }

    fn same_id(&self, id: &Hash) -> Result<Option<u64>, Error> {
        match self.layers().find_map(|l| l.ids.get(id)) {
            Some(number) => Ok(Some(*number)),
            None => Ok(self.rows.row::<Number>(&id.0)?.map(|n| n.0)),
        }
    }

    /// The binding of this token that stands.
    fn bound(&self, token: &Token) -> Result<Option<Place>, Error> {
        if let Some(bound) = self.layers().find_map(|l| l.tokens.get(token)) {
            return Ok(*bound);
        }
        // Of what is in the rows, what commits before this one did.
        let last =
            self.rows.at_or_before(Family::Tokens, &token_key(token, self.base.log.saturating_sub(1)))?;
        match last.filter(|(found, _)| found.starts_with(&token.0.0)) {
            Some((found, row)) => schema::decode::<Bound>(&found, &row).map(|bound| bound.0),
            None => Ok(None),
        }
    }

    /// The sequence of the record of the seated account that took this reference of its issuer.
    fn reference(&self, account: u64, key: &[u8; 24], used: &Used<'_>) -> Result<Option<u64>, Error> {
        let Some(head) = self.seated() else { return Ok(None) };
        let tag = rows::tag(key);
        let more = head.account.frontier.size() > TAGS as u64;
        if !more && !head.tags.contains(&tag) {
            return Ok(None);
        }
        if let Some(sequence) = self.layers().find_map(|l| l.references.get(key)) {
            return Ok(Some(*sequence));
        }
        for (sequence, _) in (0..).zip(&head.tags).filter(|(_, t)| **t == tag) {
            // Of a record of this commit the reference is known above, and is another.
            if let Some(row) = self.rows.row::<RecordRow<'_>>(&place_key(account, sequence))?
                && took(&row, account, sequence, key, used)?
            {
                return Ok(Some(sequence));
            }
        }
        if more { Ok(self.rows.row::<Reference>(key)?.map(|r| r.0)) } else { Ok(None) }
    }

    /// What became of a record of the seated account, if later ones may refer to it.
    fn target(&self, account: u64, sequence: u64) -> Result<Option<Target>, Error> {
        if let Some(target) = self.layers().find_map(|l| l.targets.get(&(account, sequence))) {
            return Ok(Some(target.clone()));
        }
        let size = self.seated().map_or(0, |head| head.account.frontier.size());
        if sequence >= size {
            return Ok(None);
        }
        match self.rows.given(account, sequence) {
            None => standing(self.rows, account, sequence, size),
            Some(first) => Ok(changed(self.rows, account, sequence, size)?.or(Some(first))),
        }
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
            self.seat(address.number)?;
        }
        let named = body.named();
        if let Some(named) = &named {
            self.invite(named.number)?;
        }
        let issuer = offer.signed.payload.issuer;
        if let Some(issuer) = &issuer {
            self.invite(issuer.number)?;
        }
        let facts = match body.showing() {
            Some(shown) => {
                self.invite(0)?;
                // A list that nobody recognises is refused; its proof is not looked at.
                let hash = Some(list_hash(&shown.list));
                let known =
                    self.state_of(0).is_some_and(|state| state.ledgers().iter().any(|l| l.list == hash));
                if known { showing::facts(shown, self.base.time) } else { None }
            }
            None => None,
        };
        let subject = statement.address.and_then(|a| self.party(&a));
        let number = statement.address.map_or(0, |a| a.number);
        let used = body.reference().filter(|_| subject.is_some());
        let reference = used.map(|used| reference_key(number, &used));
        let target = match statement.refers {
            Some(refers) if subject.is_some() => self.target(number, refers)?,
            _ => None,
        };
        let scene = Scene {
            origin: self.base.origin,
            registrar: body.showing().and_then(|_| self.state_of(0)),
            facts: facts.as_ref(),
            time: self.base.time,
            kid: offer.signed.kid,
            alone: offer.statements.len() == 1,
            issuer: issuer.and_then(|a| self.party(&a)),
            subject,
            same_id: match body {
                Body::Opened(_) => self.same_id(&offer.roots[index])?,
                _ => None,
            },
            target: target.as_ref(),
            named: named.and_then(|a| self.party(&a)),
            size: self.seated().map_or(0, |head| head.account.frontier.size()),
            bound: match body.token() {
                Some(token) => self.bound(&token)?,
                None => None,
            },
            reference: match (&reference, &used) {
                (Some(key), Some(used)) => {
                    self.reference(number, key, used)?.map(|sequence| (number, sequence))
                }
                _ => None,
            },
        };
        if let Err(refusal) = rules::judge(&scene, statement, body) {
            return Ok(Err(refusal));
        }
        self.record((offer, place), index, statement, body, target, reference).map(Ok)
    }

    /// Where the next record goes.
    fn placed(&self, offer: &Offer<'_>, index: usize) -> Placed {
        Placed {
            log_index: self.base.log + self.own().map(|l| l.made.len() as u64).sum::<u64>(),
            posting: offer.digest,
            posting_index: index as u64,
            statement_root: offer.roots[index],
            time: self.base.time,
            record_seed: (self.seeds)(),
        }
    }

    /// Records what was accepted and is gone: no state depends on it, and what it made of another record is given.
    fn given(
        &mut self,
        (offer, place): (&Offer<'_>, usize),
        index: usize,
        gone: &Gone,
    ) -> Result<Accepted, Error> {
        let Gone { account: number, kind, refers, month, reference, first, after } = gone.clone();
        self.seat(number)?;
        let placed = self.placed(offer, index);
        let head = self.desk.as_mut().filter(|_| self.seated == Some(number));
        let head = head.ok_or_else(|| Error::Bug(format!("account {number} is not there")))?;
        let (record, leaf) = head.account.append_erased(kind, refers, month, &placed);
        head.push_tag(reference.as_ref().map_or(0, rows::tag));
        self.changed = true;
        self.parties.remove(&number);
        let top = self.top();
        if let Some((target, refers)) = after.zip(refers) {
            top.changes.push((entry_key(number, refers, record.sequence), target.clone()));
            top.targets.insert((number, refers), target);
        }
        if let Some(target) = first {
            top.targets.insert((number, record.sequence), target);
        }
        if let Some(key) = reference {
            top.references.insert(key, record.sequence);
        }
        let (account, sequence, state_root) = (record.account, record.sequence, record.state_root);
        let commitment = Hash::default();
        top.made.push(Made { record, leaf, seed: placed.record_seed, commitment, offer: place });
        Ok(Accepted { account, sequence, state_root, log_salt: Seed::default() })
    }

    /// Records an accepted statement, but for the commitment to the record and its salt, see [`Working::commit_to`].
    fn record(
        &mut self,
        (offer, place): (&Offer<'_>, usize),
        index: usize,
        statement: &Statement,
        body: &Body,
        mut target: Option<Target>,
        reference: Option<[u8; 24]>,
    ) -> Result<Accepted, Error> {
        let placed = self.placed(offer, index);
        let (record, leaf) = match (body, statement.address) {
            (Body::Opened(opened), _) => {
                let opened_here = self.own().map(|l| l.ids.len() as u64).sum::<u64>();
                let number = self.base.directory + opened_here;
                let (account, record, leaf) = Account::open(number, opened, &placed);
                let top = self.top();
                top.ids.insert(account.address.id, number);
                top.accounts.put(number, &Head::opened(account))?;
                self.parties.remove(&number);
                (record, leaf)
            }
            (_, Some(Address { number, .. })) => {
                let head = self.desk.as_mut().filter(|_| self.seated == Some(number));
                let head =
                    head.ok_or_else(|| Error::Bug(format!("account {number} was judged and is not there")))?;
                let (record, leaf) = head.account.append(statement, body, target.as_mut(), &placed);
                head.push_tag(reference.as_ref().map_or(0, rows::tag));
                self.changed = true;
                self.parties.remove(&number);
                let top = self.top();
                if let Some(token) = body.token() {
                    top.tokens.insert(token, Some((number, record.sequence)));
                }
                if let Some(Target::Said(Said { token: Some(token), withdrawn: true, .. })) = target {
                    top.tokens.insert(token, None);
                }
                if let (Body::Erased(_), Some(refers)) = (body, statement.refers) {
                    let erasure = Erasure { by: record.sequence, at: record.log_index };
                    top.erased.push(((number, refers), erasure));
                }
                if let Some((target, refers)) = target.zip(statement.refers) {
                    top.changes.push((entry_key(number, refers, record.sequence), target.clone()));
                    top.targets.insert((number, refers), target);
                }
                if let Some(target) = body.opens(record.at()) {
                    top.targets.insert((number, record.sequence), target);
                }
                if let Some(key) = reference {
                    top.references.insert(key, record.sequence);
                }
                (record, leaf)
            }
            (_, None) => return Err(Error::Bug("a statement about no account was accepted".into())),
        };
        let accepted = Accepted {
            account: record.account,
            sequence: record.sequence,
            state_root: record.state_root,
            log_salt: Seed::default(),
        };
        let commitment = Hash::default();
        self.top().made.push(Made { record, leaf, seed: placed.record_seed, commitment, offer: place });
        Ok(accepted)
    }

    /// Makes the commitments to the records of a posting, the first of which is at this place of the log; returns their number.
    fn commit_to(&mut self, first: u64, results: &mut [Outcome]) -> u64 {
        let made = self.whole.made.get_mut((first - self.base.log) as usize..).unwrap_or_default();
        let mut salts = Vec::with_capacity(made.len());
        let (twos, one) = made.as_chunks_mut::<2>();
        for two in twos {
            let [a, b] = &*two;
            let both = commitments([(a.place(), &a.leaf, &a.seed), (b.place(), &b.leaf, &b.seed)]);
            for (made, (salt, commitment)) in two.iter_mut().zip(both) {
                made.commitment = commitment;
                salts.push(salt);
            }
        }
        for made in one {
            let salt = log_salt(&made.seed);
            let (account, sequence) = made.place();
            made.commitment = commitment(&salt, account, sequence, &made.leaf);
            salts.push(salt);
        }
        for (accepted, salt) in results.iter_mut().flatten().zip(&salts) {
            accepted.log_salt = *salt;
        }
        salts.len() as u64
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
            self.put_away()?;
            self.trial = Some(Layer::default());
        }
        let mut results: Vec<Outcome> = Vec::with_capacity(offer.statements.len());
        for (index, offered) in offer.statements.iter().enumerate() {
            if let Some(gone) = offer.gone.get(&index) {
                results.push(Ok(self.given((offer, place), index, gone)?));
                continue;
            }
            results.push(match offered {
                Ok((statement, body)) => self.statement((offer, place), index, statement, body)?,
                Err(refusal) => Err((*refusal).clone()),
            });
        }
        let refused = results.iter().any(Result::is_err);
        if payload.all_or_nothing && !refused {
            self.put_away()?;
        }
        if let Some(trial) = self.trial.take() {
            if refused {
                (self.seated, self.changed) = (None, false);
                self.aside.clear();
                self.parties.clear();
                for result in &mut results {
                    if result.is_ok() {
                        *result = Err(Refusal::new(Code::NotRecorded, ""));
                    }
                }
            } else {
                let whole = &mut self.whole;
                whole.accounts.extend(&trial.accounts);
                whole.targets.extend(trial.targets);
                whole.changes.extend(trial.changes);
                whole.references.extend(trial.references);
                whole.ids.extend(trial.ids);
                whole.tokens.extend(trial.tokens);
                whole.erased.extend(trial.erased);
                whole.made.extend(trial.made);
            }
        }
        if payload.issuer.is_none()
            && let Some(Err(refusal)) = results.first()
        {
            return Ok(Err(refusal.clone()));
        }
        let accepted = self.commit_to(first, &mut results);
        Ok(Ok(Posted { first: (accepted > 0).then_some(first), accepted, results }))
    }
}

/// What had become of a record when its account had `size` records; none if others may not refer to it.
pub(crate) fn standing<R: Ordered + ?Sized>(
    rows: &R,
    account: u64,
    sequence: u64,
    size: u64,
) -> Result<Option<Target>, Error> {
    if let Some(target) = changed(rows, account, sequence, size)? {
        return Ok(Some(target));
    }
    let key = place_key(account, sequence);
    let Some(row) = rows.row::<RecordRow<'_>>(&key)? else { return Ok(None) };
    // What was said to a claim, and is erased with it.
    if matches!(row.content, Content::Erased { .. }) {
        return Ok(None);
    }
    let at = At { time: row.time, month: row.month, sequence, refers: row.refers };
    Ok(body_of(&row, account, sequence)?.opens(at))
}

/// What those records of an account made of another one that are below a size; none if they left it as it was.
fn changed<R: Ordered + ?Sized>(
    rows: &R,
    account: u64,
    sequence: u64,
    size: u64,
) -> Result<Option<Target>, Error> {
    let key = entry_key(account, sequence, size.saturating_sub(1));
    match rows.at_or_before(Family::Entries, &key)?.filter(|(found, _)| found.starts_with(&key[..16])) {
        Some((found, row)) => schema::decode(&found, &row).map(Some),
        None => Ok(None),
    }
}

/// What a record that was erased had been when it was recorded, if others may have referred to it.
pub(crate) fn at_first<R: Ordered + ?Sized>(
    rows: &R,
    account: u64,
    sequence: u64,
) -> Result<Option<Target>, Error> {
    Ok(changed(rows, account, sequence, u64::MAX)?.and_then(|target| target.at_first()))
}

/// Whether a record took a reference.
fn took(
    row: &RecordRow<'_>,
    account: u64,
    sequence: u64,
    key: &[u8; 24],
    used: &Used<'_>,
) -> Result<bool, Error> {
    match &row.content {
        Content::Erased { reference, .. } => Ok(reference.as_ref() == Some(key)),
        Content::Kept { .. } => Ok(body_of(row, account, sequence)?.reference().as_ref() == Some(used)),
    }
}

/// What the statement of a row says.
pub(crate) fn body_of(row: &RecordRow<'_>, account: u64, sequence: u64) -> Result<Body, Error> {
    // The address does not matter to what is read here.
    let any = Address { number: account, id: Hash::default() };
    let statement = row.statement(any, sequence)?;
    match statement.map(|s| s.body()) {
        Some(Ok(body)) => Ok(body),
        _ => {
            let place = schema::place(Family::Records, &place_key(account, sequence));
            Err(Error::Corrupt(format!("{place}: its statement cannot be read")))
        }
    }
}

/// Numbers of the accounts that the offers are about, and of their issuers, rising.
fn named(offers: &[Offer<'_>]) -> Vec<u64> {
    let addresses = offers.iter().flat_map(|offer| {
        let statements = offer.statements.iter().flatten();
        statements.filter_map(|(statement, _)| statement.address).chain(offer.signed.payload.issuer)
    });
    let mut numbers: Vec<u64> = addresses.map(|address| address.number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

#[cfg(test)]
mod tests {
    use peal_spec::facet::{Keys, Recovery};
    use peal_spec::key::PublicKey;
    use peal_spec::recovery::Approval;
    use peal_spec::role::{Grant, Role};
    use peal_spec::state::{Counted, Held, MonthSet, Sum, Totals};
    use peal_spec::value::{Insurance, Month};

    use super::*;
    use crate::schema::encode;

    /// The head of an account with so many months, and roles and tags of the same number.
    fn head(number: u64, months: u32) -> Head {
        let mut head = Head::blank();
        let account = &mut head.account;
        account.address = Address { number, id: Hash([7; 32]) };
        account.last_seed = Seed([9; 16]);
        account.state.control.keys =
            Keys { key: PublicKey([1; 32]), next: Hash([2; 32]), reading: PublicKey([3; 32]) };
        account.state.control.opened_by = Some(4);
        for n in 0..u64::from(months) {
            account.frontier.push(Hash([n as u8; 32]));
            head.tags.push(n as u16);
        }
        let counted = |n: u32| (Month::new(200_001 + n / 12 * 100 + n % 12).unwrap(), Counted::default());
        let insurance = Insurance::PENSION;
        if months > 0 {
            let role = Grant { role: Role::Fund, insurances: vec![insurance], until: None };
            let state = &mut head.account.state;
            state.roles.push(Held { grant: role, sequence: 5 });
            state.control.recovery =
                Recovery { guardians: vec![head.account.address], need: 1, delay: Time::default() };
            state.sums.push(Sum::Months(MonthSet { insurance, months: (0..months).map(counted).collect() }));
            let totals = Totals {
                insurance,
                currency: "CNY".parse().unwrap(),
                posted: 1,
                posted_credited: 2,
                settled: 3,
                settled_credited: 4,
            };
            state.sums.push(Sum::Totals(totals));
            let keys = state.control.keys;
            let approval = |n: u64| Approval {
                by: n,
                sequence: 7 + n,
                time: Time::new(n).unwrap(),
                vetoed: n % 2 == 1,
                keys,
            };
            state.sums.push(Sum::Recovery((0..u64::from(months % 9)).map(approval).collect()));
            let cells = &mut head.account.cells;
            cells.update(&head.account.state, &[0, 1, 2, 3, 4], &Seed([8; 16]));
        }
        head
    }

    #[test]
    fn a_head_loaded_over_another_is_its_row() {
        let mut desk = Head::blank();
        for months in [30, 0, 7, 600, 1] {
            let head = head(3, months);
            let row = encode(&head).unwrap();
            desk.load(3, &row).unwrap();
            assert_eq!(desk, head);
            assert_eq!(schema::decode::<Head>(&number_key(3), &row).unwrap(), head);
            let leaves = Head::directory_leaves(&[(3, &row[..]), (3, &row), (3, &row)]).unwrap();
            assert_eq!(leaves, [(3, head.account.directory_leaf().leaf()); 3]);
            assert_eq!(head.is_long(), months == 600);
            for length in 0..row.len() {
                assert!(Head::blank().load(3, &row[..length]).is_err(), "cut at {length}");
            }
        }
    }

    #[test]
    fn rows_written_anew_are_dropped_in_time() {
        let (mut whole, long) = (Accounts::default(), head(0, 500));
        let row = encode(&long).unwrap().len();
        let most = 2 * (3 * row + SMALL_WASTE) + row;
        for n in 0..10_000 {
            whole.put(n % 3, &long).unwrap();
            assert!(whole.bytes.len() <= most, "{} after {n}", whole.bytes.len());
        }
        let mut trial = Accounts::default();
        trial.put(1, &head(1, 2)).unwrap();
        for _ in 0..10_000 {
            trial.put(2, &long).unwrap();
            whole.extend(&trial);
            trial = Accounts::default();
        }
        trial.put(1, &head(1, 2)).unwrap();
        whole.extend(&trial);
        assert!(whole.bytes.len() <= most + row);
        assert_eq!(whole.get(1), Some(&encode(&head(1, 2)).unwrap()[..]));
        assert_eq!(whole.rows().count(), 3);
    }

    #[test]
    fn a_layer_that_is_used_again_is_empty() {
        let mut layer = Layer::default();
        layer.reserve(10);
        layer.accounts.put(1, &head(1, 3)).unwrap();
        layer.accounts.put(1, &head(1, 3)).unwrap();
        layer.references.insert([0; 24], 1);
        layer.ids.insert(Hash::default(), 1);
        let room = layer.accounts.bytes.capacity();
        let layer = layer.cleared();
        assert_eq!(
            (layer.accounts.rows().count(), layer.accounts.waste, layer.accounts.bytes.len()),
            (0, 0, 0)
        );
        assert!(layer.references.is_empty() && layer.ids.is_empty() && layer.made.is_empty());
        assert!(layer.targets.is_empty() && layer.changes.is_empty());
        assert_eq!(layer.accounts.bytes.capacity(), room);
        let mut large = Layer::default();
        large.accounts.bytes.reserve(LARGE_LAYER + 1);
        assert_eq!(large.cleared().accounts.bytes.capacity(), 0);
    }
}
