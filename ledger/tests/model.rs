//! Random lives: whatever is sent, the ledger's trees are those that a naive model makes anew from the receipts, and its totals those
//! that plain sums give.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

mod world;

use std::collections::{BTreeMap, BTreeSet};

use peal_spec::hash::Hash;
use peal_spec::log::{Commit, DirectoryLeaf, LogLeaf};
use peal_spec::note::Checkpoint;
use peal_spec::receipt::Receipt;
use peal_spec::record::{Record, blind};
use peal_spec::refusal::Code;
use peal_spec::statement::Statement;
use peal_spec::tree;
use peal_spec::value::Insurance;
use proptest::prelude::*;
use world::{Person, World, cny};

/// One thing that somebody says; numbers are taken modulo what there is.
#[derive(Clone, Debug)]
enum Say {
    Pay { who: usize, reference: u8, amount: u64, month: u32 },
    Settle { who: usize, entry: u64, right: bool },
    Correct { who: usize, entry: u64, amount: u64 },
    Void { who: usize, entry: u64 },
    Open { name: u64 },
}

fn say() -> impl Strategy<Value = Say> {
    prop_oneof![
        4 => (0usize..3, 0u8..12, 1u64..100, 1u32..4)
            .prop_map(|(who, reference, amount, month)| Say::Pay { who, reference, amount, month }),
        2 => (0usize..3, 0u64..8, any::<bool>()).prop_map(|(who, entry, right)| Say::Settle { who, entry, right }),
        1 => (0usize..3, 0u64..8, 1u64..100).prop_map(|(who, entry, amount)| Say::Correct { who, entry, amount }),
        1 => (0usize..3, 0u64..8).prop_map(|(who, entry)| Say::Void { who, entry }),
        1 => (100u64..104).prop_map(|name| Say::Open { name }),
    ]
}

/// A posting: of the platform, or of the fund; all or nothing; what it says.
fn posting() -> impl Strategy<Value = (bool, bool, Vec<Say>)> {
    (any::<bool>(), prop::bool::weighted(0.3), prop::collection::vec(say(), 1..8))
}

/// What one contribution is to the model.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Item {
    amount: u64,
    month: u32,
    settled: bool,
    void: bool,
}

#[derive(Default)]
struct Model {
    /// Records of each account, in order.
    records: BTreeMap<u64, Vec<Record>>,
    ids: BTreeMap<u64, Hash>,
    log: Vec<Hash>,
    items: BTreeMap<(u64, u64), Item>,
}

impl Model {
    /// Takes what a receipt says was recorded, then the commit leaf.
    fn take(&mut self, receipt: &Receipt, records: &[Record], commit: &Commit) {
        let accepted = receipt.results.iter().flatten();
        for (record, accepted) in records.iter().zip(accepted) {
            assert_eq!(record.log_index, self.log.len() as u64);
            self.log.push(LogLeaf::Record(record.commitment(&accepted.log_salt)).leaf());
            let account = self.records.entry(record.account).or_default();
            assert_eq!(record.sequence, account.len() as u64);
            account.push(record.clone());
            if record.sequence == 0 {
                self.ids.insert(record.account, record.statement_root);
            }
        }
        self.log.push(LogLeaf::Commit(*commit).leaf());
    }

    fn check(&self, world: &World, checkpoint: &Checkpoint, commit: &Commit) {
        assert_eq!((checkpoint.size, checkpoint.root), (self.log.len() as u64, tree::root(&self.log)));
        let leaves: Vec<Hash> = self
            .records
            .iter()
            .map(|(number, records)| {
                let hashes: Vec<Hash> = records.iter().map(Record::leaf).collect();
                let seed = world.ledger().account(*number).unwrap().unwrap().last_seed;
                let (id, size, root) = (self.ids[number], records.len() as u64, tree::root(&hashes));
                DirectoryLeaf { number: *number, blind: blind(&seed), id, size, root }.leaf()
            })
            .collect();
        assert_eq!(
            (commit.directory_size, commit.directory_root),
            (leaves.len() as u64, tree::root(&leaves))
        );
        for number in self.records.keys() {
            let account = world.ledger().account(*number).unwrap().unwrap();
            let standing = || self.items.iter().filter(|((n, _), i)| n == number && !i.void).map(|(_, i)| i);
            let totals = account.state.totals(Insurance::PENSION, "CNY".parse().unwrap()).map(|(_, t)| *t);
            let posted: u64 = standing().map(|i| i.amount).sum();
            let settled: u64 = standing().filter(|i| i.settled).map(|i| i.amount).sum();
            let credited: u64 = standing().map(|i| i.amount / 2).sum();
            assert_eq!(
                totals.map_or((0, 0, 0), |t| (t.posted, t.settled, t.posted_credited)),
                (posted, settled, credited)
            );
            let months: BTreeSet<u32> = standing().map(|i| i.month).collect();
            let counted = account.state.months(Insurance::PENSION);
            let counted: BTreeSet<u32> =
                counted.iter().flat_map(|(_, m)| m.months.iter().map(|(m, _)| m.number())).collect();
            assert_eq!(counted, months);
        }
    }
}

/// The statement that is said, and how the model changes if it is accepted.
fn statement(
    world: &World,
    model: &Model,
    workers: &[Person],
    by_platform: bool,
    say: &Say,
) -> (Statement, Option<u64>) {
    let target = |who: usize, entry: u64| {
        let number = workers[who].address.number;
        let mut mine = model.items.range((number, 0)..(number + 1, 0)).map(|((_, s), i)| (*s, *i));
        let count = mine.clone().count().max(1);
        mine.nth(entry as usize % count)
            .unwrap_or((entry, Item { amount: 1, month: 202_601, settled: false, void: false }))
    };
    match say {
        Say::Pay { who, reference, amount, month } => {
            let month = 202_511 + [0, 1, 90, 91][*month as usize];
            let paid = world.contribution(&workers[*who], month, |c| {
                c.who.reference = format!("r{reference}").parse().unwrap();
                c.amount = cny(*amount);
                if !by_platform {
                    c.who.issuer = world.fund.address;
                }
            });
            (paid, None)
        }
        Say::Settle { who, entry, right } => {
            let (sequence, item) = target(*who, *entry);
            let amount = cny(item.amount + u64::from(!right));
            (world.settled(&workers[*who], sequence, item.month, amount), Some(sequence))
        }
        Say::Correct { who, entry, amount } => {
            let (sequence, item) = target(*who, *entry);
            (world.corrected(&workers[*who], sequence, item.month, Some(cny(*amount))), Some(sequence))
        }
        Say::Void { who, entry } => {
            let (sequence, item) = target(*who, *entry);
            (world.corrected(&workers[*who], sequence, item.month, None), Some(sequence))
        }
        Say::Open { name } => (Person::new(*name).opened(Some(world.platform.address)), None),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_trees_are_those_of_a_naive_rebuild(postings in prop::collection::vec(posting(), 1..14)) {
        let mut world = World::bare();
        let mut model = Model::default();
        // The world's first postings are part of the log: they are taken from a copy of each account.
        world.people();
        let workers = [world.worker, world.open(4), world.open(5)];
        for index in 0..world.ledger().published().checkpoint.size {
            let bundle = world.ledger().entries(index / 256, (index % 256) as u16 + 1).unwrap().unwrap();
            let mut rest = bundle.as_slice();
            let mut last = &rest[..0];
            while let Some((length, after)) = rest.split_first_chunk::<2>() {
                (last, rest) = after.split_at(u16::from_be_bytes(*length) as usize);
            }
            model.log.push(peal_spec::hash::leaf(last));
        }
        for number in 0..6 {
            let address = world.ledger().account(number).unwrap().unwrap().address;
            let copy = world.ledger().copy(&address, 0, 100, None).unwrap().unwrap();
            model.records.insert(number, copy.rows.into_iter().map(|r| r.record).collect());
            model.ids.insert(number, address.id);
        }
        for (by_platform, all_or_nothing, says) in &postings {
            let issuer = if *by_platform { world.platform } else { world.fund };
            let made: Vec<_> =
                says.iter().map(|say| statement(&world, &model, &workers, *by_platform, say)).collect();
            let posting = world.posting(&issuer, *all_or_nothing, made.iter().map(|(s, _)| s.clone()).collect());
            let receipt = world.submit(posting.clone()).unwrap();
            let (checkpoint, records) = receipt.check(&posting, &world.verifier()).unwrap();
            let commit = world.ledger().published().commit;
            model.take(&receipt, &records, &commit);
            for ((result, say), (_, target)) in receipt.results.iter().zip(says).zip(&made) {
                let Ok(accepted) = result else { continue };
                let key = |sequence: &Option<u64>| (accepted.account, sequence.unwrap_or(accepted.sequence));
                match say {
                    Say::Pay { amount, month, .. } => {
                        let month = 202_511 + [0, 1, 90, 91][*month as usize];
                        let item = Item { amount: *amount, month, settled: false, void: false };
                        prop_assert_eq!(model.items.insert(key(target), item), None);
                    }
                    Say::Settle { .. } => model.items.get_mut(&key(target)).unwrap().settled = true,
                    Say::Correct { amount, .. } => model.items.get_mut(&key(target)).unwrap().amount = *amount,
                    Say::Void { .. } => model.items.get_mut(&key(target)).unwrap().void = true,
                    Say::Open { .. } => {}
                }
            }
            if *all_or_nothing {
                let refused = receipt.results.iter().filter(|r| r.is_err()).count();
                prop_assert!(refused == 0 || refused == receipt.results.len());
            } else {
                let dragged = |r: &Result<_, peal_spec::refusal::Refusal>| {
                    r.as_ref().is_err_and(|e| e.code == Code::NotRecorded)
                };
                prop_assert!(!receipt.results.iter().any(dragged));
            }
            model.check(&world, &checkpoint, &commit);
            prop_assert_eq!(&checkpoint, &world.ledger().published().checkpoint);
        }
        let report = world.audit().unwrap();
        prop_assert_eq!(report.records, model.records.values().map(|r| r.len() as u64).sum::<u64>());
        let before = world.ledger().published();
        world.reopen();
        prop_assert_eq!(world.ledger().published(), before);
        world.audit().unwrap();
    }
}
