//! A ledger small enough to read in one sitting: plain vectors, every tree rebuilt from its leaves each time. It makes the vectors, and
//! the tests of other crates compare their roots with it.
#![allow(dead_code, missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet, HashMap};

use peal_spec::account::{Account, Placed};
use peal_spec::address::Address;
use peal_spec::cbor::Cbor;
use peal_spec::copy::{self, Copy, Row};
use peal_spec::hash::{Hash, Seed};
use peal_spec::identity::Token;
use peal_spec::key::PrivateKey;
use peal_spec::log::{Commit, Head, LogLeaf};
use peal_spec::note::{Checkpoint, Note};
use peal_spec::posting::{self, Posting};
use peal_spec::proof::{Link, Shown, View};
use peal_spec::receipt::{Accepted, Outcome, Receipt};
use peal_spec::record::{blind, log_salt};
use peal_spec::refusal::{Code, Place, Refusal};
use peal_spec::rules::{self, Party, Scene, Target};
use peal_spec::showing::facts;
use peal_spec::state;
use peal_spec::statement::{Body, Type};
use peal_spec::target::Said;
use peal_spec::tree;
use peal_spec::value::{Origin, Time};

#[derive(Clone)]
struct Kept {
    row: Row,
    posting: Hash,
    after: Account,
}

#[derive(Clone)]
pub struct Book {
    pub origin: Origin,
    operator: [u8; 32],
    pub accounts: Vec<Account>,
    kept: Vec<Vec<Kept>>,
    targets: BTreeMap<Place, Target>,
    references: HashMap<(Type, u64, u64, String), u64>,
    ids: HashMap<Hash, u64>,
    tokens: HashMap<Token, Place>,
    posting_ids: HashMap<(Vec<u8>, Seed), Hash>,
    coses: HashMap<Hash, (Vec<u8>, Vec<Hash>)>,
    receipts: HashMap<Hash, Receipt>,
    pub log: Vec<Hash>,
    pub commits: Vec<Commit>,
    pub checkpoint: String,
    seeds_used: Vec<Seed>,
    /// A ledger that records whatever it is sent, to see who notices.
    pub cheats: bool,
    /// Rules that it does not keep, to see who notices.
    pub ignores: Vec<Code>,
}

impl Book {
    pub fn new(origin: &str, operator: [u8; 32]) -> Self {
        Self {
            origin: origin.parse().unwrap(),
            operator,
            accounts: vec![],
            kept: vec![],
            targets: BTreeMap::new(),
            references: HashMap::new(),
            ids: HashMap::new(),
            tokens: HashMap::new(),
            posting_ids: HashMap::new(),
            coses: HashMap::new(),
            receipts: HashMap::new(),
            log: vec![],
            commits: vec![],
            checkpoint: String::new(),
            seeds_used: vec![],
            cheats: false,
            ignores: vec![],
        }
    }

    /// What the operator's key is made from.
    pub fn operator_seed(&self) -> [u8; 32] {
        self.operator
    }

    pub fn operator(&self) -> PrivateKey {
        PrivateKey::new(&self.operator)
    }

    fn party(&self, address: Option<&Address>) -> Option<Party<'_>> {
        let account = self.accounts.get(address?.number as usize)?;
        (account.address == *address?).then_some(Party { address: account.address, state: &account.state })
    }

    /// Commits postings; returns per posting its outcomes, or the refusal of the whole, and the record seeds that were used.
    pub fn commit(
        &mut self,
        time: Time,
        postings: &[Vec<u8>],
        mut seed: impl FnMut() -> Seed,
    ) -> (Vec<Result<Vec<Outcome>, Refusal>>, Vec<Seed>) {
        self.seeds_used.clear();
        let mut touched = vec![];
        let mut answers = vec![];
        for bytes in postings {
            let known =
                Posting::receive(bytes, &self.origin).is_ok_and(|p| self.receipts.contains_key(&p.digest()));
            let answer = self.take(time, bytes, &mut seed);
            if let Ok(digest) = answer
                && !known
            {
                touched.push(digest);
            }
            answers.push(answer);
        }
        if !touched.is_empty() {
            let leaves: Vec<Hash> = self.accounts.iter().map(|a| a.directory_leaf().leaf()).collect();
            let commit =
                Commit { directory_size: leaves.len() as u64, directory_root: tree::root(&leaves), time };
            self.log.push(LogLeaf::Commit(commit).leaf());
            self.commits.push(commit);
            let body = Checkpoint {
                origin: self.origin.clone(),
                size: self.log.len() as u64,
                root: tree::root(&self.log),
            };
            self.checkpoint = Note::sign(body.to_string(), &self.origin, &self.operator()).to_string();
            for digest in touched {
                let receipt = self.receipts.get_mut(&digest).unwrap();
                if !receipt.checkpoint.is_empty() {
                    continue;
                }
                receipt.checkpoint = self.checkpoint.clone();
                if let Some(first) = receipt.first {
                    let count = receipt.results.iter().filter(|r| r.is_ok()).count() as u64;
                    let places: Vec<u64> = (first..first + count).collect();
                    receipt.path = tree::sure(tree::set(self.log.as_slice(), &places, self.log.len() as u64));
                }
            }
        }
        let answers = answers.into_iter().map(|a| a.map(|d| self.receipts[&d].results.clone())).collect();
        (answers, self.seeds_used.clone())
    }

    pub fn receipt(&self, digest: &Hash) -> &Receipt {
        &self.receipts[digest]
    }

    fn take(&mut self, time: Time, bytes: &[u8], seed: &mut impl FnMut() -> Seed) -> Result<Hash, Refusal> {
        let checked = Posting::receive(bytes, &self.origin)?;
        let digest = checked.digest();
        if self.receipts.contains_key(&digest) {
            return Ok(digest);
        }
        let payload = checked.payload().clone();
        let kid = checked.posting().signed.kid;
        let statements = checked.posting().statements.clone();
        let space = payload.issuer.map_or(kid.0.to_vec(), |a| a.number.to_be_bytes().to_vec());
        let taken = self.posting_ids.contains_key(&(space.clone(), payload.id));
        let issuer = self.party(payload.issuer.as_ref());
        let judged = rules::judge_posting(&payload, &kid, rules::Alone::of(&statements), time, issuer, taken);
        judged.or_else(|r| if self.cheats { Ok(()) } else { Err(r) })?;

        let before = self.clone();
        let first = self.log.len() as u64;
        let mut results: Vec<Outcome> = vec![];
        for (i, statement) in statements.iter().enumerate() {
            let root = checked.roots()[i];
            let result = (|| {
                let body = statement.body()?;
                let place = statement.address.zip(statement.refers).map(|(a, r)| (a.number, r));
                let mut target = place.and_then(|t| self.targets.get(&t)).cloned();
                let about = statement.address.map_or(u64::MAX, |a| a.number);
                let key = body.reference().map(|u| (u.kind, u.issuer, about, u.reference.to_owned()));
                let facts = body.showing().and_then(|shown| facts(shown, time));
                let scene = Scene {
                    origin: &self.origin,
                    registrar: body.showing().and(self.accounts.first()).map(|a| &a.state),
                    facts: facts.as_ref(),
                    time,
                    kid,
                    alone: statements.len() == 1,
                    issuer: self.party(payload.issuer.as_ref()),
                    subject: self.party(statement.address.as_ref()),
                    same_id: self.ids.get(&root).copied(),
                    target: target.as_ref(),
                    named: self.party(body.named().as_ref()),
                    bound: body.token().and_then(|token| self.tokens.get(&token)).copied(),
                    size: self.accounts.get(about as usize).map_or(0, |a| a.frontier.size()),
                    reference: key.as_ref().and_then(|k| self.references.get(k)).map(|s| (about, *s)),
                };
                rules::judge(&scene, statement, &body).or_else(|r| {
                    if self.cheats || self.ignores.contains(&r.code) { Ok(()) } else { Err(r) }
                })?;
                let record_seed = seed();
                self.seeds_used.push(record_seed);
                let placed = Placed {
                    log_index: self.log.len() as u64,
                    posting: digest,
                    posting_index: i as u64,
                    statement_root: root,
                    time,
                    record_seed,
                };
                let number = statement.address.map_or(self.accounts.len() as u64, |a| a.number);
                let (record, leaf) = match &body {
                    Body::Opened(opened) => {
                        let (account, record, leaf) = Account::open(number, opened, &placed);
                        self.accounts.push(account);
                        self.kept.push(vec![]);
                        self.ids.insert(root, number);
                        (record, leaf)
                    }
                    _ => self.accounts[number as usize].append(statement, &body, target.as_mut(), &placed),
                };
                if let Some(Target::Said(Said { token: Some(token), withdrawn: true, .. })) = &target {
                    self.tokens.remove(token);
                }
                if let Some(token) = body.token() {
                    self.tokens.insert(token, (number, record.sequence));
                }
                if let Some((target, place)) = target.zip(place) {
                    self.targets.insert(place, target);
                }
                if let Some(target) = body.opens(record.at()) {
                    self.targets.insert((number, record.sequence), target);
                }
                if let Some(key) = key {
                    self.references.insert(key, record.sequence);
                }
                let salt = log_salt(&record_seed);
                assert_eq!(leaf, record.leaf());
                self.log.push(LogLeaf::Record(record.commitment(&salt)).leaf());
                let accepted = Accepted {
                    account: number,
                    sequence: record.sequence,
                    state_root: record.state_root,
                    log_salt: salt,
                };
                let path = tree::sure(tree::inclusion(
                    posting::leaves(checked.roots()).as_slice(),
                    i as u64,
                    statements.len() as u64,
                ));
                let row = Row {
                    record,
                    seed: record_seed,
                    statement: Some(statement.clone()),
                    link: Link { posting: 0, path },
                };
                let after = self.accounts[number as usize].clone();
                self.kept[number as usize].push(Kept { row, posting: digest, after });
                Ok(accepted)
            })();
            results.push(result);
        }
        let refused = results.iter().any(Result::is_err);
        if payload.issuer.is_none()
            && let Some(Err(refusal)) = results.first()
        {
            return Err(refusal.clone());
        }
        if refused && payload.all_or_nothing {
            *self = before;
            for result in &mut results {
                if result.is_ok() {
                    *result = Err(Refusal::new(Code::NotRecorded, ""));
                }
            }
        }
        let first = results.iter().any(Result::is_ok).then_some(first);
        self.posting_ids.insert((space, payload.id), digest);
        self.coses.insert(digest, (checked.posting().signed.cose().to_vec(), checked.roots().to_vec()));
        let receipt =
            Receipt { posting: digest, checkpoint: String::new(), time, first, results, path: vec![] };
        self.receipts.insert(digest, receipt);
        Ok(digest)
    }

    pub fn head(&self) -> Head {
        let size = self.log.len() as u64;
        let path = tree::sure(tree::inclusion(self.log.as_slice(), size - 1, size));
        Head { commit: *self.commits.last().unwrap(), path }
    }

    fn directory_path(&self, number: u64) -> Vec<Hash> {
        let leaves: Vec<Hash> = self.accounts.iter().map(|a| a.directory_leaf().leaf()).collect();
        tree::sure(tree::inclusion(leaves.as_slice(), number, leaves.len() as u64))
    }

    /// The copy of an account that its owner is given, from record `from` on.
    pub fn copy(&self, number: u64, from: u64, since: Option<u64>) -> Copy {
        let account = &self.accounts[number as usize];
        let (mut rows, mut postings, mut numbers) = (vec![], vec![], HashMap::new());
        let mut places: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
        for kept in &self.kept[number as usize][from as usize..] {
            let mut row = kept.row.clone();
            let next = postings.len() as u64;
            row.link.posting = *numbers.entry(kept.posting).or_insert(next);
            if row.link.posting == next {
                postings.push(self.coses[&kept.posting].0.clone());
            }
            let signed = posting::Signed::read(&self.coses[&kept.posting].0).unwrap();
            if let Some(issuer) = signed.payload.issuer.filter(|a| a.number != number) {
                let history = &self.kept[issuer.number as usize];
                let k = history.partition_point(|h| h.row.record.log_index < row.record.log_index) - 1;
                let set = places.entry(issuer.number).or_default();
                set.insert(k as u64);
                if k + 1 < history.len() {
                    set.insert(k as u64 + 1);
                }
            }
            rows.push(row);
        }
        let size = self.log.len() as u64;
        let consistency =
            since.map_or(vec![], |old| tree::sure(tree::consistency(self.log.as_slice(), old, size)));
        Copy {
            checkpoint: self.checkpoint.clone(),
            head: self.head(),
            address: account.address,
            size: account.frontier.size(),
            directory_path: self.directory_path(number),
            from,
            rows,
            postings,
            issuers: places.iter().map(|(n, p)| self.view(*n, p)).collect(),
            consistency,
        }
    }

    /// A view of an issuer's account: the records at `places` as headers, with control and roles opened.
    fn view(&self, number: u64, places: &BTreeSet<u64>) -> View {
        let account = &self.accounts[number as usize];
        let history = &self.kept[number as usize];
        let leaves: Vec<Hash> = history.iter().map(|k| k.row.record.leaf()).collect();
        let places: Vec<u64> = places.iter().copied().collect();
        let shown = places.iter().map(|p| {
            let kept = &history[*p as usize];
            let cells = [state::CONTROL, state::ROLES]
                .iter()
                .filter_map(|i| copy::open_cell(&kept.after, *i))
                .collect();
            Shown { record: kept.row.record.clone(), opening: None, link: None, cells }
        });
        View {
            address: account.address,
            blind: blind(&account.last_seed),
            size: account.frontier.size(),
            directory_path: self.directory_path(number),
            shown: shown.collect(),
            path: tree::sure(tree::set(leaves.as_slice(), &places, leaves.len() as u64)),
        }
    }
}

/// The bytes of a posting.
pub fn bytes(posting: &Posting) -> Vec<u8> {
    posting.to_bytes()
}
