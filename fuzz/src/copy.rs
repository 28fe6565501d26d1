//! Copies of accounts, as a wallet reads them: joined, recomputed, checked, and made proofs of.

use std::collections::BTreeMap;

use peal_spec::account::{Account, Placed};
use peal_spec::cbor::Cbor as _;
use peal_spec::copy::{Copy, Selection, Show};
use peal_spec::hash::Hash;
use peal_spec::log::{DirectoryLeaf, LogLeaf};
use peal_spec::posting::{self, Payload, Signed};
use peal_spec::rules::Target;
use peal_spec::statement::Body;
use peal_spec::tree;
use peal_spec::verify::verify;

use crate::cast::{month, origin, time};
use crate::operator::{checkpoint, private, root_of, trust};
use crate::round_trip;
use crate::seeds::{Seeds, WORLD};

/// The most leaves of a log that is made up.
const MOST: u64 = 64;

/// Reads a copy, and checks it as it is and as a ledger that lies would give it.
pub fn run(data: &[u8]) {
    let Some(copy) = round_trip::<Copy>(data) else { return };
    join(&copy);
    let _ = copy.origin();
    check(&copy);
    let folds = copy.fold().is_ok();
    if let Some(told) = lie(copy.clone()) {
        let states = |c: &Copy| {
            c.rows.iter().map(|r| (r.record.statement_root, r.record.state_root)).collect::<Vec<_>>()
        };
        assert!(
            !folds || states(&told) == states(&copy),
            "records are what the statements make of the account"
        );
        check(&told);
    }
}

/// A copy cut in two at any row joins to what it was, but for the numbers of postings.
fn join(copy: &Copy) {
    let middle = copy.rows.len() / 2;
    let mut old = Copy { postings: Vec::new(), ..copy.clone() };
    let rows = old.rows.split_off(middle);
    let newer = Copy { from: copy.from + middle as u64, rows, ..copy.clone() };
    assert_eq!(old.extend(newer).as_ref(), Ok(copy), "two parts give the whole");
}

fn check(copy: &Copy) {
    let fold = copy.fold();
    let whole = copy.from == 0 && copy.rows.len() as u64 == copy.size;
    if let Ok(folded) = &fold {
        let places = folded.targets.values().flat_map(|t| &t.records);
        assert!(
            places.into_iter().all(|r| (*r as usize) < copy.rows.len()),
            "an entry is made of records that are there"
        );
    }
    let months = Show::Months(month(202_608), month(202_609));
    for (show, withhold) in [(Show::Whole, vec![]), (months, vec!["who".to_owned()]), (Show::Totals, vec![])]
    {
        match copy.prove(&Selection { show, withhold }) {
            Ok(proof) => {
                assert!(whole && fold.is_ok(), "a proof is made of what is whole");
                let _ = verify(&proof, &trust(), time(1000));
            }
            Err(_) => assert!(!whole || fold.is_err()),
        }
    }
    if let Ok((folded, verdict)) = copy.check(&trust(), time(1000)) {
        assert_eq!(verdict.address, copy.address.to_string());
        assert_eq!(folded.account.address, copy.address);
        assert!(verdict.complete, "a copy that is checked is whole");
        let again = Copy::from_bytes(&copy.to_bytes()).expect("what is written is read");
        assert_eq!(again.check(&trust(), time(1000)).expect("and still verifies").1, verdict);
        // Whatever is shown of a good copy is a good proof.
        for show in [Show::Whole, Show::Totals] {
            let proof =
                copy.prove(&Selection { show, withhold: vec!["amount".into()] }).expect("it is whole");
            verify(&proof, &trust(), time(1000)).expect("a proof of a checked copy is valid");
        }
    }
}

/// Makes records what the statements make of the account, signs the postings again, and puts the account into a directory, a log and a
/// signed checkpoint. `None` if the statements make no account.
fn lie(mut copy: Copy) -> Option<Copy> {
    let mut account: Option<Account> = None;
    let mut targets: BTreeMap<u64, Target> = BTreeMap::new();
    let at = origin();
    for (sequence, row) in (copy.from..).zip(&mut copy.rows) {
        let statement = row.statement.as_ref()?;
        let body = statement.body().ok()?;
        let root = statement.root(&at);
        if let Some(cose) = copy.postings.get_mut(row.link.posting as usize)
            && let Ok(signed) = Signed::read(cose)
            && let Some(key) = private(&signed.kid)
        {
            let leaf = posting::leaf(row.record.posting_index, &root);
            if let Some(root) = root_of(leaf, row.record.posting_index, signed.payload.count, &row.link.path)
            {
                let again = Signed::sign(Payload { root, ..signed.payload }, &key);
                (*cose, row.record.posting) = (again.cose().to_vec(), again.digest());
            }
        }
        let placed = Placed {
            log_index: row.record.log_index,
            posting: row.record.posting,
            posting_index: row.record.posting_index,
            statement_root: root,
            time: row.record.time,
            record_seed: row.seed,
        };
        row.record = match (&mut account, &body) {
            (None, Body::Opened(opened)) => {
                let (opened, record, _) = Account::open(copy.address.number, opened, &placed);
                account = Some(opened);
                record
            }
            (Some(account), _) => {
                let target = statement.refers.and_then(|r| targets.get_mut(&r));
                let (record, _) = account.append(statement, &body, target, &placed);
                if let Some(target) = body.opens(record.at()) {
                    targets.insert(sequence, target);
                }
                record
            }
            (None, _) => return None,
        };
    }
    let account = account?;
    copy.address = account.address;
    copy.size = copy.rows.len() as u64;
    let size = copy.head.commit.directory_size.clamp(1, MOST);
    let mut leaves = vec![Hash([0; 32]); size as usize];
    for view in &copy.issuers {
        let records: Vec<_> = view.shown.iter().map(|s| (s.record.sequence, s.record.leaf())).collect();
        if let (Ok(root), Some(place)) =
            (tree::set_root(&records, view.size, &view.path), leaves.get_mut(view.address.number as usize))
        {
            let (blind, id, size) = (view.blind, view.address.id, view.size);
            *place = DirectoryLeaf { number: view.address.number, blind, id, size, root }.leaf();
        }
    }
    *leaves.get_mut(copy.address.number as usize)? = account.directory_leaf().leaf();
    copy.directory_path = tree::sure(tree::inclusion(leaves.as_slice(), copy.address.number, size));
    for view in copy.issuers.iter_mut().filter(|v| v.address.number < size) {
        view.directory_path = tree::sure(tree::inclusion(leaves.as_slice(), view.address.number, size));
    }
    copy.head.commit.directory_size = size;
    copy.head.commit.directory_root = tree::root(&leaves);
    let mut log = vec![Hash([0; 32]); MOST as usize];
    let last = log.len() - 1;
    log[last] = LogLeaf::Commit(copy.head.commit).leaf();
    copy.head.path = tree::sure(tree::inclusion(log.as_slice(), last as u64, MOST));
    copy.checkpoint = checkpoint(MOST, tree::root(&log));
    Some(copy)
}

/// The copies of all accounts of the small ledger, whole and in part.
pub fn seeds() -> Seeds {
    let mut seeds = Vec::new();
    for account in 0..WORLD.book.accounts.len() as u64 {
        let whole = WORLD.book.copy(account, 0, None);
        if whole.size > 1 {
            seeds.push(WORLD.book.copy(account, 1, Some(9)).to_bytes());
        }
        // Where nothing was changed, a lie is the truth: else the target would reach nothing.
        let told = lie(whole.clone()).expect("the statements make an account");
        assert_eq!(told.rows, whole.rows);
        told.check(&trust(), time(1000)).expect("and it holds");
        seeds.push(whole.to_bytes());
    }
    seeds
}
