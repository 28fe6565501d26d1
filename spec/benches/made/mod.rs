//! What the benches work on: a posting of 1,000 contributions, and an account with a long history.

use peal_spec::account::{Account, Placed};
use peal_spec::cbor::Cbor;
use peal_spec::copy::Copy;
use peal_spec::hash::{Hash, Seed, plain};
use peal_spec::note::{KeyType, VerifierKey};
use peal_spec::posting::Posting;
use peal_spec::statement::contribution::Payer;
use peal_spec::statement::*;
use peal_spec::trust::{Ledger, Trust};
use peal_spec::value::Insurance;

use crate::cast::{self, cny, month, origin, seed, time};
use crate::world::World;

/// Statements in the posting, and accounts that they are about.
pub const COUNT: usize = 1_000;

/// A posting of contributions with all facets, and the accounts that they are about.
pub struct Load {
    pub posting: Posting,
    pub bytes: Vec<u8>,
    pub accounts: Vec<Account>,
    pub world: World,
}

/// A contribution of a platform with all four facets.
fn contribution(world: &mut World, about: peal_spec::address::Address, m: u32, n: usize) -> Statement {
    let amount = 100_000 + n as u64;
    let body = Body::Contribution(Contribution {
        who: Payer {
            source: Source::Platform,
            issuer: world.platform.at(),
            reference: format!("{m}/{n}").parse().unwrap(),
        },
        what: What {
            insurance: Insurance::PENSION,
            scheme: "cn-flexible-pension".parse().unwrap(),
            fund: world.fund.at(),
        },
        amount: Amount { amount, credited: amount * 2 / 5, base: Some(amount * 5), currency: cny() },
        evidence: Some(Evidence {
            orders: Some(1 + n as u64 % 400),
            shift: Some((time(0), time(n as u64))),
            place: Some("Hangzhou, Yuhang".parse().unwrap()),
        }),
    });
    world.platform.say(180, about, None, Some(month(m)), &body)
}

/// Where the ledger puts statement `n`.
pub fn placed(n: u64, root: Hash) -> Placed {
    Placed {
        log_index: 10 + n,
        posting: plain(b"posting"),
        posting_index: n,
        statement_root: root,
        time: time(200),
        record_seed: seed("record", n),
    }
}

/// The posting, and its accounts as they are after a year of contributions.
pub fn load() -> Load {
    let mut world = World::founded();
    let (mut accounts, keys) = (Vec::new(), world.lin.keys(0));
    for n in 0..COUNT as u64 {
        let opened = Opened {
            who: Some(world.platform.at()),
            keys,
            recovery: Recovery { guardians: vec![], need: 0, delay: time(0) },
        };
        let id = plain(&n.to_be_bytes());
        accounts.push(Account::open(100 + n, &opened, &placed(0, id)).0);
    }
    for (n, account) in accounts.iter_mut().enumerate() {
        for m in 202501..=202512 {
            let statement = contribution(&mut world, account.address, m, n);
            account.append(&statement, &statement.body().unwrap(), None, &placed(7, Hash([m as u8; 32])));
        }
    }
    let statements = (0..COUNT).map(|n| contribution(&mut world, accounts[n].address, 202601, n)).collect();
    let posting = world.platform.post(180, statements);
    let bytes = posting.to_bytes();
    Load { posting, bytes, accounts, world }
}

/// A whole history of 2,400 contributions (and its opening), the way its owner is given it, in postings of ten statements about her.
pub fn history() -> (Copy, Trust) {
    let mut world = World::founded();
    let lin = world.lin.at();
    for posting in 0..240 {
        // Twenty years, a posting of ten contributions a month.
        let m = (2006 + posting as u32 / 12) * 100 + posting as u32 % 12 + 1;
        let statements = (0..10).map(|n| contribution(&mut world, lin, m, n));
        let mut statements: Vec<Statement> = statements.collect();
        statements.iter_mut().for_each(|s| s.issued = time(posting as u64));
        let posting = world.platform.post(180, statements);
        let answers = world.commit(180, &[posting]);
        assert!(answers.iter().flatten().flatten().all(Result::is_ok), "{answers:?}");
    }
    let copy = world.book.copy(lin.number, 0, None);
    assert_eq!(copy.rows.len(), 2_401);
    let key = VerifierKey { name: origin(), kind: KeyType::Ed25519, key: world.book.operator().public() };
    (copy, Trust { ledgers: vec![Ledger::new(origin(), key)] })
}

/// Seconds after everything.
pub fn later() -> peal_spec::value::Time {
    cast::time(10_000)
}

/// A seed of a bench.
pub fn salt() -> Seed {
    seed("salt", 1)
}
