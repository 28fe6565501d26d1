//! Those who sign: an operator, payers and funds that sign whatever they are given.
//!
//! A changed byte in a proof breaks a hash on the way to a signed checkpoint, so plain fuzzing never gets past the first steps of the
//! verifier. [`lie`] makes the way good again from the changed part upwards: cells to state roots, facets to statement roots, statements to
//! signed postings, records to accounts, accounts to a directory, the directory to a log, the log to a signed checkpoint. What the verifier
//! then still has to refuse, it must refuse by its rules, and it must never panic.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use peal_spec::address::Address;
use peal_spec::hash::{self, Hash};
use peal_spec::key::{PrivateKey, PublicKey};
use peal_spec::log::{DirectoryLeaf, LogLeaf};
use peal_spec::note::{Checkpoint, KeyType, Note, VerifierKey};
use peal_spec::posting::{self, Payload, Signed};
use peal_spec::proof::{Proof, View};
use peal_spec::state;
use peal_spec::tree;
use peal_spec::trust::{Ledger, Trust};

use crate::cast::{Person, origin};
use crate::seeds::WORLD;

/// The most accounts and log leaves that a lie is made of.
const MOST: u64 = 64;

/// The key that signs the small ledger's checkpoints.
pub fn key() -> VerifierKey {
    VerifierKey { name: origin(), kind: KeyType::Ed25519, key: WORLD.book.operator().public() }
}

/// A trust list that has the small ledger.
pub fn trust() -> Trust {
    Trust { ledgers: vec![Ledger::new(origin(), key())] }
}

/// A signed checkpoint.
pub fn checkpoint(size: u64, root: Hash) -> String {
    let body = Checkpoint { origin: origin(), size, root };
    Note::sign(body.to_string(), &origin(), &WORLD.book.operator()).to_string()
}

/// The private keys of all people of the small ledger.
static KEYS: LazyLock<BTreeMap<PublicKey, (usize, u32)>> = LazyLock::new(|| {
    let mut keys = BTreeMap::new();
    for (i, person) in people().into_iter().enumerate() {
        for generation in 0..3 {
            keys.insert(person.chain.signing(generation).public(), (i, generation));
        }
    }
    keys
});

fn people() -> [&'static Person; 7] {
    let w = &*WORLD;
    [&w.registrar, &w.platform, &w.employer, &w.fund, &w.other_fund, &w.lin, &w.wang]
}

/// The private half of a key of the small ledger.
pub fn private(public: &PublicKey) -> Option<PrivateKey> {
    let (person, generation) = KEYS.get(public)?;
    Some(people()[*person].chain.signing(*generation))
}

/// The root that an inclusion path leads to (RFC 9162 §2.1.3.2); `None` if it is too long or too short.
pub fn root_of(leaf: Hash, index: u64, size: u64, path: &[Hash]) -> Option<Hash> {
    let (mut at, mut last, mut root) = (index, size.checked_sub(1)?, leaf);
    if at > last {
        return None;
    }
    for sibling in path {
        if last == 0 {
            return None;
        }
        if at & 1 == 1 || at == last {
            root = hash::node(sibling, &root);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            root = hash::node(&root, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(root)
}

/// Makes the roots in a view's records those of what is shown of them.
fn mend_records(view: &mut View) {
    for shown in &mut view.shown {
        if let Some(opening) = &shown.opening {
            shown.record.statement_root = opening.root();
        }
        if let Some(cell) = shown.cells.first() {
            let leaf = state::leaf(cell.index, &cell.salt, &cell.cell);
            if let Some(root) = root_of(leaf, cell.index, cell.cells, &cell.path) {
                shown.record.state_root = root;
            }
        }
        if shown.record.sequence == 0 {
            view.address.id = shown.record.statement_root;
        }
    }
}

/// Signs the postings behind the subject's records again, so that they say what the records are made of.
fn sign_postings(proof: &mut Proof) {
    for shown in &mut proof.subject.shown {
        let Some(link) = &shown.link else { continue };
        let Some(cose) = proof.postings.get_mut(link.posting as usize) else { continue };
        let Ok(signed) = Signed::read(cose) else { continue };
        let leaf = posting::leaf(shown.record.posting_index, &shown.record.statement_root);
        if let Some(key) = private(&signed.kid)
            && let Some(root) = root_of(leaf, shown.record.posting_index, signed.payload.count, &link.path)
        {
            let again = Signed::sign(Payload { root, ..signed.payload }, &key);
            *cose = again.cose().to_vec();
        }
        // Two records of one posting: the later one decides, and the earlier keeps a name that is no longer right.
        if let Ok(signed) = Signed::read(cose) {
            shown.record.posting = signed.digest();
        }
    }
}

/// A directory in which all views stand, and the log that ends in it.
fn publish(proof: &mut Proof) {
    let size = proof.head.commit.directory_size.clamp(1, MOST);
    let mut leaves = vec![Hash([0; 32]); size as usize];
    for view in std::iter::once(&proof.subject).chain(&proof.issuers) {
        let records: Vec<(u64, Hash)> =
            view.shown.iter().map(|s| (s.record.sequence, s.record.leaf())).collect();
        let Address { number, id } = view.address;
        if let (Ok(root), Some(place)) =
            (tree::set_root(&records, view.size, &view.path), leaves.get_mut(number as usize))
        {
            *place = DirectoryLeaf { number, blind: view.blind, id, size: view.size, root }.leaf();
        }
    }
    for view in std::iter::once(&mut proof.subject).chain(&mut proof.issuers) {
        if view.address.number < size {
            view.directory_path = tree::sure(tree::inclusion(leaves.as_slice(), view.address.number, size));
        }
    }
    proof.head.commit.directory_size = size;
    proof.head.commit.directory_root = tree::root(&leaves);
    let named = proof.checkpoint.lines().nth(1).and_then(|l| l.parse().ok()).unwrap_or(MOST);
    let mut log = vec![Hash([0; 32]); named.clamp(1, MOST) as usize];
    let last = log.len() - 1;
    log[last] = LogLeaf::Commit(proof.head.commit).leaf();
    proof.head.path = tree::sure(tree::inclusion(log.as_slice(), last as u64, log.len() as u64));
    proof.checkpoint = checkpoint(log.len() as u64, tree::root(&log));
}

/// Makes every hash and signature good again, from what is shown up to the checkpoint.
pub fn lie(mut proof: Proof) -> Proof {
    mend_records(&mut proof.subject);
    proof.issuers.iter_mut().for_each(mend_records);
    sign_postings(&mut proof);
    publish(&mut proof);
    proof
}
