//! An account's copy: all that its owner is given, and the making of proofs from it.
//!
//! 1. [`Copy::extend`] joins what came before with what is new.
//! 2. [`Copy::check`] recomputes everything and refuses the whole if one bit differs.
//! 3. [`Copy::prove`] leaves out what is not to be shown. The ledger serves proofs with the same code.
//!
//! Source: `spec/README.md` §13.

use std::collections::{BTreeMap, BTreeSet};

use crate::account::{Account, Placed};
use crate::address::Address;
use crate::cbor::{Cbor, Malformed, Reader, Writer};
use crate::hash::{Hash, Seed};
use crate::log::Head;
use crate::note::Checkpoint;
use crate::posting::{self, Signed};
use crate::proof::{CellOpening, Facet, Link, Opening, Proof, Shown, View};
use crate::record::{Record, blind};
use crate::rights::{Part, Scope};
use crate::state::{self, Cell};
use crate::statement::{Body, Statement, Type};
use crate::target::Target;
use crate::tree;
use crate::trust::Trust;
use crate::value::{Insurance, Month, Origin, Time};
use crate::verify::{self, Failure, Verdict};

const TITLE: &str = "peal copy 1";
/// The media type of a copy.
pub const MEDIA_TYPE: &str = "application/peal-copy+cbor";

/// One record with all that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The record.
    pub record: Record,
    /// Seed of the ledger's salts for it.
    pub seed: Seed,
    /// The statement; none once it is erased.
    pub statement: Option<Statement>,
    /// The way to its posting.
    pub link: Link,
}

impl Cbor for Row {
    fn encode(&self, w: &mut Writer) {
        w.array(5);
        self.record.encode(w);
        self.seed.encode(w);
        w.optional(self.statement.as_ref());
        w.uint(self.link.posting);
        w.list(&self.link.path);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(5, "a row of 5 elements")?;
        Ok(Self {
            record: Cbor::decode(r)?,
            seed: Cbor::decode(r)?,
            statement: r.optional()?,
            link: Link { posting: Cbor::decode(r)?, path: r.list()? },
        })
    }
}

/// What the owner of an account is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    /// The signed and cosigned checkpoint.
    pub checkpoint: String,
    /// The way from it to the directory.
    pub head: Head,
    /// The account.
    pub address: Address,
    /// Number of its records under this head.
    pub size: u64,
    /// Inclusion path in the directory.
    pub directory_path: Vec<Hash>,
    /// Sequence of the first row.
    pub from: u64,
    /// Records in order.
    pub rows: Vec<Row>,
    /// Signed postings (COSE_Sign1).
    pub postings: Vec<Vec<u8>>,
    /// Issuers' accounts, for their keys and roles.
    pub issuers: Vec<View>,
    /// Consistency proof from the log size that was asked for.
    pub consistency: Vec<Hash>,
}

impl Cbor for Copy {
    fn encode(&self, w: &mut Writer) {
        w.array(12);
        w.text(TITLE);
        w.text(&self.checkpoint);
        self.head.encode(w);
        w.uint(self.address.number);
        self.address.id.encode(w);
        w.uint(self.size);
        w.list(&self.directory_path);
        w.uint(self.from);
        w.list(&self.rows);
        w.list(&self.postings);
        w.list(&self.issuers);
        w.list(&self.consistency);
    }
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array_of(12, "a copy of 12 elements")?;
        let fault = r.fault("`peal copy 1`");
        if r.text()? != TITLE {
            return Err(fault);
        }
        let (checkpoint, head) = (r.text()?.to_owned(), Head::decode(r)?);
        let number = r.below(crate::address::NUMBER_LIMIT, "an account number below 2^40")?;
        Ok(Self {
            checkpoint,
            head,
            address: Address { number, id: Cbor::decode(r)? },
            size: Cbor::decode(r)?,
            directory_path: r.list()?,
            from: Cbor::decode(r)?,
            rows: r.list()?,
            postings: posting::read_list(r)?,
            issuers: r.list()?,
            consistency: r.list()?,
        })
    }
}

/// What a proof is to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Show {
    /// Every record with contents, and the totals.
    Whole,
    /// Contents of the months from the first to the second; every other record as a header.
    Months(Month, Month),
    /// Contents of what lies within what somebody may be shown, and of that only these parts; every other record as a header.
    Within(Scope),
    /// The totals and months, no record but the last one's header.
    Totals,
    /// Whose account it is: bindings of an identity that may stand with contents, every other record as a header.
    Identity,
}

/// What a proof is to show, and which facets it withholds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// Which records.
    pub show: Show,
    /// Names of facets to withhold, as in `spec/README.md` §5.
    pub withhold: Vec<String>,
}

/// A copy that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCopy {
    /// What the ledger gave does not hold together.
    #[error("record {sequence}: {what}")]
    Record {
        /// The record.
        sequence: u64,
        /// What does not hold.
        what: &'static str,
    },
    /// It does not follow on what is there.
    #[error("the rows given do not follow on those that are there")]
    Gap,
    /// It is not of the account or size that it says.
    #[error("the rows do not give the account's root under this checkpoint")]
    Root,
    /// An issuer's account is missing.
    #[error("the ledger does not show the keys and roles of all who posted to this account")]
    Issuers,
    /// A step of the verifier fails.
    #[error(transparent)]
    Verdict(#[from] Failure),
}

/// A record that others may refer to, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracked {
    /// What it is now.
    pub target: Target,
    /// Its record, and those that refer to it, by sequence.
    pub records: Vec<u64>,
}

/// What the rows of a whole copy add up to.
#[derive(Clone, Debug)]
pub struct Folded {
    /// The account after the last row.
    pub account: Account,
    /// What later records may refer to, by sequence.
    pub targets: BTreeMap<u64, Tracked>,
}

impl Copy {
    /// Joins a newer copy whose rows follow on this one's.
    ///
    /// # Errors
    /// [`BadCopy::Gap`] if they do not, or the account is another.
    pub fn extend(mut self, mut newer: Copy) -> Result<Copy, BadCopy> {
        let follows = self.from.checked_add(self.rows.len() as u64) == Some(newer.from);
        if newer.address != self.address || !follows {
            return Err(BadCopy::Gap);
        }
        // Records of one posting follow on each other: what both have is the last of these and the first of those.
        self.postings.pop_if(|last| newer.postings.first() == Some(last));
        let shift = self.postings.len() as u64;
        for row in &mut newer.rows {
            row.link.posting = row.link.posting.checked_add(shift).ok_or(BadCopy::Gap)?;
        }
        self.rows.append(&mut newer.rows);
        self.postings.append(&mut newer.postings);
        Ok(Copy { from: self.from, rows: self.rows, postings: self.postings, ..newer })
    }

    /// The origin that its checkpoint names.
    ///
    /// # Errors
    /// `bad-checkpoint` if it is none.
    pub fn origin(&self) -> Result<Origin, Failure> {
        let note = self.checkpoint.parse::<crate::note::Note>();
        let checkpoint = note.and_then(|n| n.text.parse::<Checkpoint>());
        checkpoint.map(|c| c.origin).map_err(|e| Failure { name: "bad-checkpoint", detail: e.to_string() })
    }

    /// Whether the contents of a row may be missing: a later record says that they are erased, or may say so beyond what is given.
    fn may_be_gone(&self, row: &Row, erased: &BTreeMap<u64, u64>) -> bool {
        let Record { sequence, kind, refers, .. } = row.record;
        let Some(whole) = kind.erased_with(sequence, refers) else { return false };
        let is_claim = |row: &Row| whole < sequence && row.record.kind.is_claim();
        let of = usize::try_from(whole).ok().and_then(|at| self.rows.get(at));
        if kind.follows_a_claim() && !of.is_some_and(is_claim) {
            return false;
        }
        let partial = (self.rows.len() as u64) < self.size;
        partial || erased.get(&whole).is_some_and(|by| *by > sequence)
    }

    /// Recomputes records, statement roots and states, from the first record on.
    ///
    /// # Errors
    /// [`BadCopy::Gap`] if the rows do not begin with the account's first; else [`BadCopy`] names the record at which what is given differs
    /// from what it must be.
    pub fn fold(&self) -> Result<Folded, BadCopy> {
        if self.from != 0 {
            return Err(BadCopy::Gap);
        }
        let origin = self.origin()?;
        let mut account: Option<Account> = None;
        let mut targets: BTreeMap<u64, Tracked> = BTreeMap::new();
        let erased = self.rows.iter().filter(|row| row.record.kind == Type::Erased);
        let erased: BTreeMap<u64, u64> =
            erased.filter_map(|row| Some((row.record.refers?, row.record.sequence))).collect();
        for (sequence, row) in (0..).zip(&self.rows) {
            let bad = |what| BadCopy::Record { sequence, what };
            let record = &row.record;
            let placed = Placed {
                log_index: record.log_index,
                posting: record.posting,
                posting_index: record.posting_index,
                statement_root: record.statement_root,
                time: record.time,
                record_seed: row.seed,
            };
            let Some(statement) = row.statement.as_ref() else {
                let account = account.as_mut().filter(|_| self.may_be_gone(row, &erased));
                let account = account.ok_or(bad("its statement is missing"))?;
                let (made, _) = account.append_erased(record.kind, record.refers, record.month, &placed);
                if made != *record {
                    return Err(bad("the record is not what the account comes to"));
                }
                continue;
            };
            let body = statement.body().map_err(|_| bad("its statement is not of its type's shape"))?;
            let placed = Placed { statement_root: statement.root(&origin), ..placed };
            let made = match (&mut account, &body) {
                (None, Body::Opened(opened)) => {
                    let (opened, record, _) = Account::open(self.address.number, opened, &placed);
                    account = Some(opened);
                    record
                }
                (Some(account), _) => {
                    if statement.address != Some(account.address) {
                        return Err(bad("its statement is about another account"));
                    }
                    let mut tracked = statement.refers.and_then(|r| targets.get_mut(&r));
                    if let Some(tracked) = &mut tracked {
                        tracked.records.push(sequence);
                    }
                    let (record, _) =
                        account.append(statement, &body, tracked.map(|t| &mut t.target), &placed);
                    if let Some(target) = body.opens(record.at()) {
                        targets.insert(sequence, Tracked { target, records: vec![sequence] });
                    }
                    record
                }
                (None, _) => return Err(bad("the first record does not open the account")),
            };
            if made != row.record {
                return Err(bad("the record is not what its statement makes of the account"));
            }
        }
        let account = account.ok_or(BadCopy::Gap)?;
        Ok(Folded { account, targets })
    }

    /// Checks a whole copy: everything is recomputed, and the proof that it makes is verified.
    ///
    /// # Errors
    /// [`BadCopy`] names what does not hold.
    pub fn check(&self, trust: &Trust, now: Time) -> Result<(Folded, Verdict), BadCopy> {
        if self.from != 0 || self.rows.len() as u64 != self.size {
            return Err(BadCopy::Gap);
        }
        let folded = self.fold()?;
        if folded.account.address != self.address {
            return Err(BadCopy::Root);
        }
        // What the owner holds must stay provable: every issuer's key and role, not only those that the ledger cares to give.
        for cose in &self.postings {
            let issuer = Signed::read(cose).ok().and_then(|s| s.payload.issuer);
            if issuer.is_some_and(|i| i != self.address && !self.issuers.iter().any(|v| v.address == i)) {
                return Err(BadCopy::Issuers);
            }
        }
        let proof = self.prove_folded(&folded, &Selection { show: Show::Whole, withhold: Vec::new() });
        let verdict = verify::verify(&proof, trust, now)?;
        Ok((folded, verdict))
    }

    /// Makes a proof of a whole copy.
    ///
    /// # Errors
    /// [`BadCopy`] if the copy is not whole or does not hold together.
    pub fn prove(&self, selection: &Selection) -> Result<Proof, BadCopy> {
        Ok(self.prove_folded(&self.whole()?, selection))
    }

    /// Makes the small proof by which another ledger judges a move: the departure that stands, with its signature, one transfer if it is named, and
    /// the last record with the move and arrivals cells. Of an account without a departure: the last record alone.
    ///
    /// # Errors
    /// [`BadCopy`] if the copy is not whole or does not hold together, or has no such record.
    pub fn prove_move(&self, out: Option<u64>) -> Result<Proof, BadCopy> {
        let folded = self.whole()?;
        let departure = folded.account.state.leaving().map(|leaving| leaving.departure);
        let last = self.size.checked_sub(1).ok_or(BadCopy::Gap)?;
        self.prove_few(&folded, &departure.into_iter().chain(out).collect(), last, true)
    }

    /// Makes the proof by which a fund is shown one transfer: that record, and the header of the departure. A fund is shown what it has to know,
    /// and nothing of other ledgers and insurances.
    ///
    /// # Errors
    /// As [`Copy::prove_move`].
    pub fn prove_out(&self, out: u64) -> Result<Proof, BadCopy> {
        let folded = self.whole()?;
        let row = usize::try_from(out).ok().and_then(|at| self.rows.get(at));
        let departure = row.and_then(|row| row.record.refers);
        let departure = departure.ok_or(BadCopy::Record { sequence: out, what: "it is no transfer" })?;
        self.prove_few(&folded, &BTreeSet::from([out]), departure, false)
    }

    /// What the rows of a whole copy add up to.
    fn whole(&self) -> Result<Folded, BadCopy> {
        if self.from != 0 || self.rows.len() as u64 != self.size {
            return Err(BadCopy::Gap);
        }
        self.fold()
    }

    /// A proof of a few records with contents and of one more; with the cells that say how a move stands, or without.
    fn prove_few(
        &self,
        folded: &Folded,
        contents: &BTreeSet<u64>,
        end: u64,
        cells: bool,
    ) -> Result<Proof, BadCopy> {
        let bad = |sequence| BadCopy::Record { sequence, what: "it is not there" };
        let account = &folded.account;
        let departure = account.state.leaving().map(|leaving| leaving.departure).filter(|_| cells);
        let origin = self.origin()?;
        let (mut postings, mut shown, mut issuers): (Vec<Vec<u8>>, Vec<Shown>, Vec<View>) =
            Default::default();
        for sequence in contents.iter().copied().chain([end]).collect::<BTreeSet<u64>>() {
            let at = usize::try_from(sequence).map_err(|_| bad(sequence))?;
            let row = self.rows.get(at).ok_or(bad(sequence))?;
            let mut record =
                Shown { record: row.record.clone(), opening: None, link: None, cells: Vec::new() };
            if contents.contains(&sequence) {
                let statement = row.statement.as_ref().ok_or(bad(sequence))?;
                let cose = usize::try_from(row.link.posting).ok().and_then(|at| self.postings.get(at));
                let cose = cose.ok_or(bad(sequence))?;
                let number = postings.iter().position(|c| c == cose).unwrap_or_else(|| {
                    postings.push(cose.clone());
                    postings.len() - 1
                });
                record.opening = Some(open(&origin, statement, row.record.kind, &|_| false));
                record.link = Some(Link { posting: number as u64, path: row.link.path.clone() });
                let issuer = Signed::read(cose).ok().and_then(|signed| signed.payload.issuer);
                let view = issuer.and_then(|a| self.issuers.iter().find(|view| view.address == a));
                issuers.extend(view.filter(|view| !issuers.contains(view)).cloned());
            }
            if departure == Some(sequence) {
                let before = Copy { rows: self.rows[..=at].to_vec(), ..self.clone() };
                record.cells.extend(open_cell(&before.fold()?.account, state::CONTROL));
            }
            if cells && sequence == end {
                let opened = (state::ROLES + 1..account.cells.len()).filter_map(|i| open_cell(account, i));
                let of_moves = |c: &CellOpening| matches!(c.cell, Cell::Leaving(_) | Cell::Arrivals(_));
                record.cells.extend(opened.filter(of_moves));
            }
            shown.push(record);
        }
        let leaves: Vec<Hash> = self.rows.iter().map(|row| row.record.leaf()).collect();
        let places: Vec<u64> = shown.iter().map(|s| s.record.sequence).collect();
        let path = tree::sure(tree::set(leaves.as_slice(), &places, leaves.len() as u64));
        let subject = View {
            address: self.address,
            blind: blind(&account.last_seed),
            size: self.size,
            directory_path: self.directory_path.clone(),
            shown,
            path,
        };
        Ok(Proof { checkpoint: self.checkpoint.clone(), head: self.head.clone(), subject, postings, issuers })
    }

    /// The root of the account's tree, of all rows.
    pub fn root(&self) -> Hash {
        tree::root(&self.rows.iter().map(|row| row.record.leaf()).collect::<Vec<_>>())
    }

    fn prove_folded(&self, folded: &Folded, selection: &Selection) -> Proof {
        let last = self.rows.len().saturating_sub(1);
        let withdrawn = |sequence: u64| {
            let by = |row: &Row| row.record.kind == Type::Withdrawn && row.record.refers == Some(sequence);
            self.rows.iter().any(by)
        };
        let stands = |row: &Row| row.record.kind == Type::IdentityBound && !withdrawn(row.record.sequence);
        let with_contents: Vec<bool> = self
            .rows
            .iter()
            .map(|row| match &selection.show {
                Show::Whole => true,
                Show::Months(from, to) => row.record.month.is_some_and(|m| (*from..=*to).contains(&m)),
                Show::Within(scope) => within(scope, &self.rows, row, &folded.targets),
                Show::Totals => false,
                Show::Identity => stands(row),
            })
            .collect();
        // The keys behind the account's own postings stand in its openings, rotations and recoveries.
        let signed: Vec<Option<Signed>> = self.postings.iter().map(|c| Signed::read(c).ok()).collect();
        let issuer = |row: &Row| {
            let signed = signed.get(row.link.posting as usize).and_then(Option::as_ref);
            signed.and_then(|s| s.payload.issuer)
        };
        let own = |row: &Row| issuer(row) == Some(self.address);
        let last_own =
            self.rows.iter().zip(&with_contents).rposition(|(row, contents)| *contents && own(row));
        let origin = self.origin().ok();
        let withheld = |name: &str| {
            let beyond = match &selection.show {
                Show::Within(scope) => !scope.parts.iter().any(|part| part.facets().contains(&name)),
                _ => false,
            };
            // A token is for bureaus that look for a second account, and the same wherever the person goes: no proof shows it.
            beyond || name == "token" || selection.withhold.iter().any(|w| w == name)
        };

        let mut numbers: BTreeMap<u64, u64> = BTreeMap::new();
        let mut postings = Vec::new();
        let mut shown = Vec::new();
        let mut issuers = Vec::new();
        for (i, row) in self.rows.iter().enumerate() {
            if selection.show == Show::Totals && i != last {
                continue;
            }
            let is_keys = row.record.kind.gives_keys();
            let keys_only = !with_contents[i] && is_keys && last_own.is_some_and(|own| i < own);
            let mut record =
                Shown { record: row.record.clone(), opening: None, link: None, cells: Vec::new() };
            if with_contents[i] || keys_only {
                let hide =
                    |name: &str| if keys_only { name != "keys" } else { withheld(name) && name != "keys" };
                record.opening = origin
                    .as_ref()
                    .zip(row.statement.as_ref())
                    .map(|(o, s)| open(o, s, row.record.kind, &hide));
            }
            if with_contents[i] && record.opening.is_some() {
                let next = postings.len() as u64;
                let number = *numbers.entry(row.link.posting).or_insert(next);
                if number == next {
                    postings.push(self.postings.get(row.link.posting as usize).cloned().unwrap_or_default());
                }
                record.link = Some(Link { posting: number, path: row.link.path.clone() });
                if let Some(view) = issuer(row).and_then(|a| self.issuers.iter().find(|v| v.address == a))
                    && !issuers.contains(view)
                {
                    issuers.push(view.clone());
                }
            }
            if i == last && matches!(selection.show, Show::Whole | Show::Totals) {
                // A total gives away the amounts that are withheld, or takes one proof more to give them away.
                let hidden = |cell: &Cell| match cell {
                    Cell::Totals(_) | Cell::Flows(_) => withheld("amount") || withheld("what"),
                    _ => withheld("what"),
                };
                record.cells = sums(&folded.account).filter(|c| !hidden(&c.cell)).collect();
            }
            shown.push(record);
        }
        let leaves: Vec<Hash> = self.rows.iter().map(|row| row.record.leaf()).collect();
        let places: Vec<u64> = shown.iter().map(|s| s.record.sequence).collect();
        let path = tree::sure(tree::set(leaves.as_slice(), &places, leaves.len() as u64));
        Proof {
            checkpoint: self.checkpoint.clone(),
            head: self.head.clone(),
            subject: View {
                address: self.address,
                blind: blind(&folded.account.last_seed),
                size: self.size,
                directory_path: self.directory_path.clone(),
                shown,
                path,
            },
            postings,
            issuers,
        }
    }
}

/// Whether the contents of a row lie within what somebody may be shown. Keys, roles, consents and accesses never do.
fn within(scope: &Scope, rows: &[Row], row: &Row, targets: &BTreeMap<u64, Tracked>) -> bool {
    let record = &row.record;
    let of = |sequence: u64| match targets.get(&sequence).map(|t| &t.target) {
        Some(Target::Entry(entry)) => Some(entry.insurance),
        Some(Target::Award(award)) => Some(award.insurance),
        _ => None,
    };
    let holds = |insurance: Option<Insurance>| {
        scope.insurances.is_empty() || insurance.is_some_and(|i| scope.insurances.contains(&i))
    };
    let month = scope.months.is_none_or(|m| record.month.is_some_and(|at| (m.first..=m.last).contains(&at)));
    let body = row.statement.as_ref().and_then(|s| s.body().ok());
    // A claim is of the months that it names, and shown only to who may see all of them.
    let claim = |sequence: u64| {
        let row = rows.get(usize::try_from(sequence).ok()?)?;
        let claim = match row.statement.as_ref()?.body().ok()? {
            Body::Claim(b) => b.claim,
            Body::ClaimFor(b) => b.claim,
            _ => return None,
        };
        Some(scope.holds(&claim.scope()))
    };
    match (record.kind, body) {
        (Type::Engagement, _) => month && scope.parts.contains(&Part::Evidence),
        (Type::Interest, Some(Body::Interest(b))) => month && holds(Some(b.what.insurance)),
        (Type::Correction, _) if matches!(record.refers.map(of), Some(None)) => {
            month && scope.parts.contains(&Part::Evidence)
        }
        (kind, _) if kind.is_claim() => {
            scope.parts.contains(&Part::Claims) && claim(record.sequence) == Some(true)
        }
        (Type::ClaimAnswered | Type::Ruling | Type::ClaimClosed | Type::ClaimRemedied, _) => {
            scope.parts.contains(&Part::Claims) && record.refers.and_then(claim) == Some(true)
        }
        _ => month && of(record.sequence).or(record.refers.and_then(of)).is_some_and(|i| holds(Some(i))),
    }
}

/// The leaves of a statement, those that `hide` names as their hashes.
fn open(origin: &Origin, statement: &Statement, kind: Type, hide: &dyn Fn(&str) -> bool) -> Opening {
    let names = std::iter::once(&"head").chain(kind.facets());
    let leaves = statement.leaves(origin).into_iter().zip(names).enumerate();
    let facets = leaves.map(|(i, ((salt, value), name))| {
        let shown = Facet::Shown(salt, value);
        if i > 0 && hide(name) { Facet::Withheld(shown.leaf(i as u64)) } else { shown }
    });
    Opening(facets.collect())
}

/// The totals, months and fund cells of an account, opened.
fn sums(account: &Account) -> impl Iterator<Item = CellOpening> {
    let opened = (state::ROLES + 1..account.cells.len()).filter_map(|i| open_cell(account, i));
    opened.filter(|opened| matches!(opened.cell, Cell::Totals(_) | Cell::Months { .. } | Cell::Flows(_)))
}

/// One cell of an account's state, opened.
pub fn open_cell(account: &Account, index: usize) -> Option<CellOpening> {
    let (salt, path) = account.cells.opening(index)?;
    let cell = account.state.cell(index)?;
    Some(CellOpening { cells: account.cells.len() as u64, index: index as u64, salt, cell, path })
}
