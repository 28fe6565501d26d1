//! The log told record by record, in its order: where each stands, who issued it, and whom it concerns. Nothing of its contents.
//!
//! 1. The blocks from an index on say where the records are.
//! 2. Their rows, and those of the records that they refer to, say what they are; the signed postings who issued them.
//! 3. The accounts' heads give their addresses.
//!
//! Nothing here changes any more once it is recorded, but that a statement may be erased. The work is that of the records asked for.

use std::collections::{BTreeMap, BTreeSet};

use peal_spec::address::Address;
use peal_spec::hash::Hash;
use peal_spec::statement::Type;
use peal_spec::value::{Month, Time};

use crate::error::Error;
use crate::layered::Layered;
use crate::reads::{is_erased, signed};
use crate::rows::{Block, Content, RecordRow};
use crate::schema::{Family, decode, number_key, place, place_key};
use crate::state::{Core, Sight};
use crate::store::{Look as _, Ordered as _, Rows as _, missing};
use crate::trees::numbered;
use crate::way::Way;

/// A record, for those whom it concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Place in the log.
    pub log_index: u64,
    /// Its account.
    pub account: Address,
    /// Place in the account.
    pub sequence: u64,
    /// Type of the statement.
    pub kind: Type,
    /// The commit's time.
    pub time: Time,
    /// The record of the account that it is about.
    pub refers: Option<u64>,
    /// The month that it is about.
    pub month: Option<Month>,
    /// Who issued it; of an account that somebody opens herself, that account.
    pub issuer: Address,
    /// Digest of the posting that it came in.
    pub posting: Hash,
    /// Whom it concerns. The account comes first; then, but for the issuer, whoever is named in it or in the record that it refers to, and
    /// whoever issued that. Of an erased statement the account alone is known.
    pub concerned: Vec<Address>,
}

/// The records of a stretch of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// In the order of the log.
    pub records: Vec<Told>,
    /// Where the log goes on: all records below are told.
    pub next: u64,
}

/// Account and sequence.
type Place = (u64, u64);

/// The records from a place in the log on, at most so many, up to the last commit.
pub(crate) fn stretch(core: &Core, from: u64, most: usize) -> Result<Stretch, Error> {
    let sight = core.sight([])?;
    let size = sight.published.checkpoint.size;
    if from >= size {
        return Ok(Stretch { records: Vec::new(), next: from });
    }
    let (places, next) = places(&sight.view, from, size, most)?;
    let accounts: BTreeSet<u64> = places.iter().map(|(_, (account, _))| *account).collect();
    let sources = Sources::read(&core.sight(accounts)?, &places)?;
    let records = places.iter().map(|(index, place)| sources.told(*index, *place));
    Ok(Stretch { records: records.collect::<Result<_, _>>()?, next })
}

/// Step 1: the places of records by log index, and where the log goes on.
fn places(view: &Layered<'_>, from: u64, size: u64, most: usize) -> Result<(Vec<(u64, Place)>, u64), Error> {
    let gap = |at| Error::Corrupt(format!("blocks: no block holds log index {at}"));
    let (key, mut row) = view.at_or_before(Family::Blocks, &number_key(from))?.ok_or_else(|| gap(from))?;
    let (mut first, mut next, mut found) = (numbered(Family::Blocks, &key)?, from, Vec::new());
    loop {
        let block: Block = decode(&number_key(first), &row)?;
        let commit = first + block.places.len() as u64;
        if commit < next {
            return Err(gap(next));
        }
        for (index, place) in (first..).zip(block.places).skip((next - first) as usize) {
            if found.len() >= most {
                return Ok((found, index));
            }
            found.push((index, place));
        }
        // The commit's own leaf is no record.
        first = commit + 1;
        next = first;
        if next >= size {
            return Ok((found, next));
        }
        row = view.bytes(Family::Blocks, &number_key(first))?.ok_or_else(|| gap(first))?.into();
    }
}

/// What is known of the records of a stretch, and of those that they refer to.
struct Sources {
    rows: BTreeMap<Place, RecordRow<'static>>,
    /// Those that are erased, whether their contents are gone already or not.
    erased: BTreeSet<Place>,
    /// By posting; none opened an account by itself.
    issuers: BTreeMap<Hash, Option<Address>>,
    accounts: BTreeMap<u64, Address>,
}

impl Sources {
    /// Steps 2 and 3.
    fn read(sight: &Sight<'_>, places: &[(u64, Place)]) -> Result<Self, Error> {
        let wanted: BTreeSet<Place> = places.iter().map(|(_, place)| *place).collect();
        let mut rows = BTreeMap::new();
        read_rows(&sight.view, &wanted, &mut rows)?;
        let refers =
            |(account, sequence): &Place| Some((*account, rows.get(&(*account, *sequence))?.refers?));
        let targets: BTreeSet<Place> =
            wanted.iter().filter_map(refers).filter(|p| !rows.contains_key(p)).collect();
        read_rows(&sight.view, &targets, &mut rows)?;
        let mut erased = BTreeSet::new();
        for (place, row) in &rows {
            if is_erased(&sight.view, *place, row)? {
                erased.insert(*place);
            }
        }
        let mut accounts = BTreeMap::new();
        for number in wanted.iter().map(|(account, _)| *account).collect::<BTreeSet<u64>>() {
            let key = number_key(number);
            let head = sight.head(number)?.ok_or_else(|| missing(Family::Heads, &key))?;
            accounts.insert(number, head.account.address);
        }
        let issuers = read_issuers(&sight.view, rows.values().map(|row| row.posting).collect())?;
        Ok(Self { rows, erased, issuers, accounts })
    }

    fn row(&self, (account, sequence): Place) -> Result<&RecordRow<'static>, Error> {
        let lost = || missing(Family::Records, &place_key(account, sequence));
        self.rows.get(&(account, sequence)).ok_or_else(lost)
    }

    fn address(&self, number: u64) -> Result<Address, Error> {
        self.accounts.get(&number).copied().ok_or_else(|| missing(Family::Heads, &number_key(number)))
    }

    /// Who issued a record of an account.
    fn issuer(&self, account: Address, row: &RecordRow<'_>) -> Result<Address, Error> {
        let issuer = self.issuers.get(&row.posting);
        Ok(issuer.ok_or_else(|| missing(Family::Postings, &row.posting.0))?.unwrap_or(account))
    }

    /// Whom the facets of a record name; nobody if they are erased.
    fn named(&self, account: Address, sequence: u64, row: &RecordRow<'_>) -> Result<Vec<Address>, Error> {
        let gone = self.erased.contains(&(account.number, sequence));
        let Some(statement) = row.statement(account, sequence)?.filter(|_| !gone) else {
            return Ok(Vec::new());
        };
        let body = statement.body().map_err(|refusal| {
            let place = place(Family::Records, &place_key(account.number, sequence));
            Error::Corrupt(format!("{place}: its statement cannot be read: {refusal}"))
        })?;
        Ok(body.concerns())
    }

    fn told(&self, log_index: u64, (number, sequence): Place) -> Result<Told, Error> {
        let (row, account) = (self.row((number, sequence))?, self.address(number)?);
        if row.log_index != log_index {
            let place = place(Family::Records, &place_key(number, sequence));
            return Err(Error::Corrupt(format!("{place}: it is not at log index {log_index}")));
        }
        let issuer = self.issuer(account, row)?;
        let mut others = Vec::new();
        if matches!(row.content, Content::Kept { .. }) && !self.erased.contains(&(number, sequence)) {
            others = self.named(account, sequence, row)?;
            if let Some(refers) = row.refers {
                let target = self.row((number, refers))?;
                others.push(self.issuer(account, target)?);
                others.extend(self.named(account, refers, target)?);
            }
        }
        let mut concerned = vec![account];
        for other in others.into_iter().filter(|other| *other != issuer) {
            if !concerned.contains(&other) {
                concerned.push(other);
            }
        }
        Ok(Told {
            log_index,
            account,
            sequence,
            kind: row.kind,
            time: row.time,
            refers: row.refers,
            month: row.month,
            issuer,
            posting: row.posting,
            concerned,
        })
    }
}

/// Reads rows of records.
fn read_rows(
    view: &Layered<'_>,
    places: &BTreeSet<Place>,
    rows: &mut BTreeMap<Place, RecordRow<'static>>,
) -> Result<(), Error> {
    let places: Vec<Place> = places.iter().copied().collect();
    let keys: Vec<[u8; 16]> =
        places.iter().map(|(account, sequence)| place_key(*account, *sequence)).collect();
    let borrowed: Vec<&[u8]> = keys.iter().map(<[u8; 16]>::as_slice).collect();
    view.each(Family::Records, &borrowed, &mut |at, bytes| {
        rows.insert(places[at], decode(&keys[at], bytes)?);
        Ok(())
    })
}

/// Who issued these postings.
fn read_issuers(
    view: &Layered<'_>,
    postings: BTreeSet<Hash>,
) -> Result<BTreeMap<Hash, Option<Address>>, Error> {
    let digests: Vec<Hash> = postings.into_iter().collect();
    let keys: Vec<&[u8]> = digests.iter().map(|digest| digest.0.as_slice()).collect();
    let mut issuers = BTreeMap::new();
    view.each(Family::Postings, &keys, &mut |at, bytes| {
        let way = Way::read(keys[at], bytes)?;
        issuers.insert(digests[at], signed(&digests[at], way.cose)?.payload.issuer);
        Ok(())
    })?;
    Ok(issuers)
}
