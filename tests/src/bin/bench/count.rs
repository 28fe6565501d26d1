//! How many SHA-256 compressions (blocks of 64 bytes) the format demands for a statement, and what they allow.
//!
//! Every hash of one contribution in a posting of many is made here again from its bytes, block by block counted, and each result must be
//! what `peal_spec` gives: so nothing is forgotten. What depends on the size of things is an expectation:
//!
//! | hashes of a statement | blocks |
//! |---|---|
//! | statement tree: 5 salts, 5 leaves, 4 nodes | by length |
//! | posting tree: leaf, 1 − 1/n nodes; digest of the posting / n | by length |
//! | state: salt and leaf of the totals cell, of the months cell if the month is new, 2 nodes | by length |
//! | account tree: record leaf; as many nodes as the number of earlier records has ones in binary | by length, 2 each |
//! | log: salt, commitment, leaf, 1 node | by length |
//! | directory: blind, leaf, and the nodes above it that it shares with no other statement of the commit | by length, 2 each |
//!
//! Each is counted once, however often an implementation makes it. SHA-512 inside signatures is not counted: signatures have a limit of their own.

use peal_spec::account::{Account, Placed};
use peal_spec::cbor::Cbor;
use peal_spec::hash::{self, Hash, Seed, Tag, tagged_data};
use peal_spec::log::LogLeaf;
use peal_spec::posting::{self, Posting};
use peal_spec::record;
use peal_spec::state::ROLES;
use peal_spec::statement::{Body, Source};
use peal_spec::value::Origin;
use serde_json::{Value, json};

use crate::figure::{Must, tidy};
use crate::machine::Machine;
use crate::people::{Draw, Maker, People};

/// The sizes that the count depends on.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    pub accounts: f64,
    /// Contributions that an account has already, on average; they are spread at random.
    pub records_each: f64,
    pub posting: f64,
    /// Statements of a commit.
    pub commit: f64,
}

/// Blocks a statement, by tree.
#[derive(Clone, Copy, Debug)]
pub struct Count {
    pub statement: f64,
    pub posting: f64,
    pub state: f64,
    pub account: f64,
    pub log: f64,
    pub directory: f64,
    pub sizes: Sizes,
}

impl Count {
    pub fn blocks(&self) -> f64 {
        self.statement + self.posting + self.state + self.account + self.log + self.directory
    }

    /// Statements a second if all cores did nothing but these hashes.
    pub fn hashing(&self, machine: &Machine) -> f64 {
        machine.compressions_all.median / self.blocks()
    }

    /// Statements a second if these hashes on all cores and the synced sequential write of a row did not overlap.
    pub fn ceiling(&self, machine: &Machine) -> f64 {
        1.0 / (1.0 / self.hashing(machine) + 1.0 / machine.sequential.median)
    }

    pub fn json(&self) -> Value {
        let s = &self.sizes;
        json!({
            "statement_tree": tidy(self.statement), "posting_tree": tidy(self.posting), "state_tree": tidy(self.state),
            "account_tree": tidy(self.account), "log": tidy(self.log), "directory": tidy(self.directory), "blocks": tidy(self.blocks()),
            "accounts": tidy(s.accounts), "records_each": tidy(s.records_each), "posting_of": tidy(s.posting), "commit_of": tidy(s.commit),
        })
    }
}

/// Hashes as `peal_spec::hash` does and counts the blocks.
#[derive(Default)]
struct Counter(f64);

impl Counter {
    /// The mark, the data and at least nine bytes of padding.
    fn leaf(&mut self, data: &[u8]) -> Hash {
        self.0 += (data.len() + 1 + 9).div_ceil(64) as f64;
        hash::leaf(data)
    }

    fn node(&mut self, left: &Hash, right: &Hash) -> Hash {
        self.0 += 2.0;
        hash::node(left, right)
    }

    fn derive(&mut self, seed: &Seed, index: u64) -> Seed {
        let full = self.leaf(&tagged_data(Tag::Derive, 2, |w| {
            w.bytes(&seed.0);
            w.uint(index);
        }));
        Seed(full.0[..16].try_into().must("16 of 32 bytes"))
    }
}

/// Counts for a ledger of these sizes.
pub fn count(origin: &Origin, sizes: Sizes) -> Count {
    let people = People::imagined(origin, (sizes.accounts as usize).clamp(10, 1_000_000));
    let (maker, mut draw) = (Maker::new(&people), Draw::new());
    let worker = people.ids.len() - 1;
    let mut next = || maker.contribution(&mut draw, worker, Source::Platform);
    let statement = next();

    let mut c = Counter::default();
    let head = statement.head(origin).to_bytes();
    let values = std::iter::once(&head[..]).chain(statement.facets.iter()).enumerate();
    let leaves: Vec<Hash> = values
        .map(|(i, value)| {
            let salt = c.derive(&statement.seed, i as u64);
            c.leaf(&tagged_data(Tag::Statement, 3, |w| {
                w.uint(i as u64);
                w.bytes(&salt.0);
                w.raw(value);
            }))
        })
        .collect();
    let [a, b, d, e, f] = leaves[..] else { panic!("a contribution has a head and four facets") };
    let (ab, de) = (c.node(&a, &b), c.node(&d, &e));
    let abde = c.node(&ab, &de);
    let statement_root = c.node(&abde, &f);
    assert_eq!(statement_root, statement.root(origin), "the statement tree");
    let statement_blocks = c.0;

    let mut c = Counter::default();
    let place = sizes.posting as u64 / 2;
    let leaf = c.leaf(&tagged_data(Tag::Posting, 2, |w| {
        w.uint(place);
        statement_root.encode(w);
    }));
    assert_eq!(leaf, posting::leaf(place, &statement_root), "the posting tree");
    c.0 += 2.0 * (1.0 - 1.0 / sizes.posting);
    let mut digest = Counter::default();
    let posted = maker_posting(&maker);
    let made = digest.leaf(&tagged_data(Tag::Digest, 1, |w| w.bytes(posted.signed.cose())));
    assert_eq!(made, posted.signed.digest(), "the posting's digest");
    c.0 += digest.0 / sizes.posting;
    let posting_blocks = c.0;

    // An account with as many contributions as the average one, then this one.
    let placed = |root, n: u64| Placed {
        log_index: (sizes.accounts * (1.0 + sizes.records_each)) as u64 + n,
        posting: made,
        posting_index: place,
        statement_root: root,
        time: peal_tests::cast::now(),
        record_seed: Seed([n as u8; 16]),
    };
    let opening = people.worker(worker).opening(Some(people.platform));
    let Ok(Body::Opened(opened)) = opening.body() else { panic!("an opening") };
    // The statement names the imagined id, so the account has it; its number is what the encodings' length depends on.
    let (mut account, ..) =
        Account::open(people.address(worker).number, &opened, &placed(people.ids[worker], 0));
    for n in 1..=sizes.records_each.round().max(1.0) as u64 {
        let s = next();
        let body = s.body().must("a contribution");
        account.append(&s, &body, None, &placed(s.root(origin), n));
    }
    let body = statement.body().must("a contribution");
    let at = placed(statement_root, 255);
    let (record, ..) = account.append(&statement, &body, None, &at);

    // Two cells follow control and roles: totals, which a contribution always changes, and months.
    let cell = |index: usize| {
        let mut c = Counter::default();
        let opening = peal_spec::copy::open_cell(&account, index).must("a cell");
        let salt = c.derive(&at.record_seed, 16 + index as u64);
        let leaf = c.leaf(&tagged_data(Tag::State, 3, |w| {
            w.uint(index as u64);
            w.bytes(&opening.salt.0);
            opening.cell.encode(w);
        }));
        (c.0, salt, leaf, opening)
    };
    let (totals, salt, totals_leaf, opening) = cell(ROLES + 1);
    assert_eq!(salt, opening.salt, "the salt of the totals cell");
    let (months, _, months_leaf, _) = cell(ROLES + 2);
    let mut c = Counter::default();
    let sums = c.node(&totals_leaf, &months_leaf);
    assert_eq!(c.node(&opening.path[1], &sums), record.state_root, "the state tree");
    // The month is new with (1 − 1/12)^k for k contributions, of which there are at random: e^(−mean / 12).
    let state_blocks = totals + c.0 + months * (-sizes.records_each / 12.0).exp();

    let mut c = Counter::default();
    let record_leaf = c.leaf(&record.to_bytes());
    assert_eq!(record_leaf, record.leaf(), "the record");
    let account_blocks = c.0 + 2.0 * account_nodes(sizes.records_each);

    let mut c = Counter::default();
    let salt = c.derive(&at.record_seed, 0);
    assert_eq!(salt, record::log_salt(&at.record_seed), "the salt in the log");
    let commitment = c.leaf(&tagged_data(Tag::Commitment, 4, |w| {
        w.bytes(&salt.0);
        w.uint(record.account);
        w.uint(record.sequence);
        record_leaf.encode(w);
    }));
    assert_eq!(commitment, record.commitment(&salt), "the commitment");
    c.leaf(&LogLeaf::Record(commitment).data());
    let log_blocks = c.0 + 2.0;

    let mut c = Counter::default();
    let leaf = account.directory_leaf();
    assert_eq!(c.derive(&at.record_seed, 1), leaf.blind, "the blind");
    let made = c.leaf(&tagged_data(Tag::Directory, 5, |w| {
        w.uint(leaf.number);
        w.bytes(&leaf.blind.0);
        leaf.id.encode(w);
        w.uint(leaf.size);
        leaf.root.encode(w);
    }));
    assert_eq!(made, leaf.leaf(), "the directory leaf");
    let directory_blocks = c.0 + 2.0 * directory_nodes(sizes.accounts, sizes.commit);

    Count {
        statement: statement_blocks,
        posting: posting_blocks,
        state: state_blocks,
        account: account_blocks,
        log: log_blocks,
        directory: directory_blocks,
        sizes,
    }
}

fn maker_posting(maker: &Maker<'_>) -> Posting {
    Posting::from_bytes(&maker.posting(&mut Draw::new(), 1, &[])).must("a posting")
}

/// Nodes that a record makes in its account's tree, root included: as many as the number of records before it has ones in binary. Their
/// number is an opening and contributions that fall at random (Poisson).
fn account_nodes(mean: f64) -> f64 {
    let (mut share, mut nodes) = ((-mean).exp(), 0.0);
    for k in 0..(mean + 20.0 * mean.sqrt() + 50.0) as u32 {
        nodes += share * f64::from((k + 1).count_ones());
        share *= mean / f64::from(k + 1);
    }
    nodes
}

/// Nodes of the directory for each of `commit` statements about accounts drawn at random.
fn directory_nodes(accounts: f64, commit: f64) -> f64 {
    let (mut nodes, mut width) = (0.0, accounts / 2.0);
    while width >= 1.0 {
        // How many of this level's nodes have at least one of the statements below them.
        nodes += width * (1.0 - (1.0 - 1.0 / width).powf(commit));
        width /= 2.0;
    }
    nodes / commit
}

#[cfg(test)]
mod tests {
    use peal_spec::tree::Frontier;

    use super::*;

    fn origin() -> Origin {
        "bench.example/count".parse().unwrap()
    }

    /// Counting asserts every hash against `peal_spec`; here at the sizes of an empty and of a large ledger.
    #[test]
    fn every_hash_is_counted() {
        let small = Sizes { accounts: 1000.0, records_each: 0.0, posting: 1.0, commit: 1.0 };
        let large = Sizes { accounts: 1e6, records_each: 10.0, posting: 1000.0, commit: 10_000.0 };
        let (small, large) = (count(&origin(), small), count(&origin(), large));
        // 5 salts of a block, 5 leaves of at least one, 4 nodes of 2.
        assert!(small.statement >= 5.0 + 5.0 + 8.0, "{small:?}");
        assert_eq!(small.statement, large.statement);
        assert!(large.blocks() > 45.0 && large.blocks() < 80.0, "{large:?}");
    }

    /// FIPS 180-4 §5.1.1: a mark of one bit and the length of 64 follow the message, so 55 bytes are one block and 56 are two.
    #[test]
    fn blocks_are_those_of_the_standard() {
        for (data, blocks) in [(0, 1.0), (54, 1.0), (55, 2.0), (118, 2.0), (119, 3.0), (250, 5.0)] {
            let mut c = Counter::default();
            c.leaf(&vec![0; data]);
            assert_eq!(c.0, blocks, "{data} bytes and the mark of a leaf");
        }
    }

    #[test]
    fn a_record_makes_as_many_nodes_as_its_number_has_ones() {
        let mut tree = Frontier::default();
        for n in 0u64..200 {
            let before = tree.peaks().len();
            tree.push(Hash([n as u8; 32]));
            // Each node makes one peak of two; the root joins those that are left.
            let mut nodes = (before + 1 - tree.peaks().len()) as u32;
            nodes += tree.peaks().len() as u32 - 1;
            assert_eq!(nodes, n.count_ones(), "record {n}");
        }
    }

    #[test]
    fn a_commit_of_one_makes_a_path_and_of_all_a_tree() {
        let path = directory_nodes(1024.0, 1.0);
        assert!((path - 10.0).abs() < 1e-9, "{path}");
        let many = directory_nodes(1024.0, 1e6) * 1e6;
        assert!((many - 1023.0).abs() < 1e-3, "{many}");
    }
}
