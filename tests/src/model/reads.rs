//! What a ledger shows, compared with what the book says: accounts, copies, proofs, tiles, receipts, figures.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use peal_ledger::{Error, Ledger, Left};
use peal_spec::address::Address;
use peal_spec::cbor::Cbor;
use peal_spec::hash::Hash;
use peal_spec::log::Head;
use peal_spec::proof::View;

use super::book::{Account, Book, Commit};
use super::erasure::erased;
use super::leaves::{derive, posting_leaves};
use super::tree;

/// The last commit of the book.
fn last(book: &Book) -> &Commit {
    book.commits.last().expect("a ledger begins with a commit")
}

/// The checkpoint and the end of the last commit.
pub fn published(ledger: &Ledger, book: &Book) {
    let (published, last) = (ledger.published(), last(book));
    assert_eq!(published.note, last.note, "the published checkpoint");
    assert_eq!((published.checkpoint.size, published.checkpoint.root), (last.size, last.root));
    head(&published.head(), book);
}

fn head(head: &Head, book: &Book) {
    let last = last(book);
    assert_eq!(head.commit.directory_size, last.accounts);
    assert_eq!(head.commit.directory_root, last.directory_root);
    assert_eq!(head.commit.time.seconds(), last.time);
    let leaves = book.log_leaves(last.size);
    assert_eq!(head.path, tree::inclusion(leaves.len() - 1, &leaves), "the path of the commit leaf");
}

/// An account as it stands, or that there is none.
pub fn account(ledger: &Ledger, book: &Book, number: u64) {
    let shown = ledger.account(number).expect("an account is read");
    let Some(account) = book.accounts.get(number as usize) else {
        return assert!(shown.is_none(), "account {number} is not there");
    };
    let shown = shown.unwrap_or_else(|| panic!("account {number} is there"));
    assert_eq!(shown.address, account.address);
    assert_eq!(ledger.number(&account.address.id).expect("an id is read"), Some(number));
    let placed = account.placed.last().expect("an account begins with a record");
    assert_eq!(shown.last_seed, placed.seed, "the seed of the last record of account {number}");
    assert_eq!(shown.frontier.size(), account.placed.len() as u64);
    assert_eq!(shown.frontier.root(), tree::root(&account.leaves()), "the root of account {number}");
    let leaves = placed.cell_leaves();
    assert_eq!(shown.state.cells(), leaves.len(), "the number of cells of account {number}");
    for (index, (content, salt)) in placed.cells.iter().enumerate() {
        let cell = shown.state.cell(index).map(|cell| cell.to_bytes());
        assert_eq!(cell.as_ref(), Some(content), "cell {index} of account {number}");
        let opening = (*salt, tree::inclusion(index, &leaves));
        assert_eq!(
            shown.cells.opening(index),
            Some(opening),
            "salt and path of cell {index} of account {number}"
        );
    }
    assert_eq!(shown.cells.root(), placed.state_root);
}

/// A copy of an account, or that there is none.
pub fn copy(ledger: &Ledger, book: &Book, address: &Address, from: u64, limit: usize, since: Option<u64>) {
    let answer = ledger.copy(address, from, limit, since);
    let account = book.accounts.iter().find(|a| a.address == *address);
    let end = last(book);
    let log = book.log_leaves(end.size);
    let (account, copy) = match (account, answer) {
        (None, answer) => return assert_eq!(answer, Ok(None), "a copy of nobody's account"),
        (Some(_), Err(Error::Unavailable { .. })) if since.is_some_and(|s| s > end.size) => return,
        (Some(account), Ok(Some(copy))) => (account, copy),
        (Some(_), answer) => panic!("a copy of {address}, since {since:?}: {answer:?}"),
    };
    assert!(since.is_none_or(|s| s <= end.size), "a copy since {since:?} of a log of {}", end.size);
    assert_eq!((&copy.checkpoint, copy.address), (&end.note, *address));
    head(&copy.head, book);
    assert_eq!((copy.size, copy.from), (account.placed.len() as u64, from));
    let directory = book.directory();
    assert_eq!(copy.directory_path, tree::inclusion(address.number as usize, &directory));
    if let Some(since) = since.filter(|s| *s > 0) {
        assert_eq!(copy.consistency, tree::consistency(since as usize, &log));
    } else if since.is_none() {
        assert!(copy.consistency.is_empty());
    }

    let from = (from as usize).min(account.placed.len());
    let rows = &account.placed[from..(from.saturating_add(limit)).min(account.placed.len())];
    assert_eq!(copy.rows.len(), rows.len(), "rows of account {} from {from}", address.number);
    let mut used = BTreeSet::new();
    for ((row, placed), sequence) in copy.rows.iter().zip(rows).zip(from..) {
        assert_eq!(row.record.to_bytes(), placed.record, "record {sequence} of account {}", address.number);
        assert_eq!(row.seed, placed.seed);
        let left = account.left(sequence as u64);
        assert_eq!(row.statement.as_ref(), left, "statement {sequence} of account {}", address.number);
        let posting = &book.postings[placed.posting];
        assert_eq!(copy.postings.get(row.link.posting as usize), Some(&posting.cose));
        assert_eq!(row.link.path, tree::inclusion(placed.posting_index, &posting_leaves(&posting.roots)));
        used.insert(placed.posting);
    }
    assert_eq!(copy.postings.len(), used.len(), "each posting once, and no other");

    let mut issued: BTreeMap<Address, BTreeSet<u64>> = BTreeMap::new();
    for placed in &account.placed[..from + rows.len()] {
        if let Some(issuer) = book.postings[placed.posting].issuer.filter(|issuer| issuer != address) {
            issued.entry(issuer).or_default().insert(placed.log_index);
        }
    }
    let mut named: Vec<Address> = copy.issuers.iter().map(|view| view.address).collect();
    named.sort();
    assert_eq!(named, issued.keys().copied().collect::<Vec<_>>(), "the issuers of a copy");
    for view in &copy.issuers {
        let issuer = &book.accounts[view.address.number as usize];
        issuer_view(view, issuer, &issued[&view.address], &directory);
    }
}

/// A single record of an account, with its statement unless that is erased.
fn record(ledger: &Ledger, account: &Account, sequence: u64) {
    let given = ledger.record(&account.address, sequence).expect("a record is read");
    let Some(placed) = account.placed.get(sequence as usize) else {
        return assert!(given.is_none(), "record {sequence} of {} is not there", account.address);
    };
    let (record, statement) = given.expect("a record that is there");
    assert_eq!(record.to_bytes(), placed.record, "record {sequence} of {}", account.address);
    assert_eq!(statement.as_ref(), account.left(sequence), "statement {sequence} of {}", account.address);
}

/// What a ledger that is closed reports as erased, and that nothing is left of it.
pub fn retention(dir: &Path, book: &Book) {
    let report = peal_ledger::retention(dir).expect("a closed ledger is read");
    let mut reported = Vec::new();
    for one in report.erased {
        assert_eq!(one.state, Left::Nothing, "account {}, record {}", one.account, one.sequence);
        reported.push((one.account, one.sequence, one.by, one.erased.seconds()));
    }
    let mut expected = Vec::new();
    for account in &book.accounts {
        for sequence in 0..account.facts.len() as u64 {
            if let Some(by) = erased(&account.facts, sequence) {
                expected.push((account.address.number, sequence, by, account.facts[by as usize].time));
            }
        }
    }
    reported.sort_unstable();
    assert_eq!(reported, expected, "what is reported as erased");
}

/// §14: an issuer's keys and roles at places in the log.
fn issuer_view(view: &View, issuer: &Account, indexes: &BTreeSet<u64>, directory: &[Hash]) {
    assert_eq!((view.address, view.size), (issuer.address, issuer.placed.len() as u64));
    let seed = issuer.placed.last().map(|p| p.seed).unwrap_or_default();
    assert_eq!(view.blind, derive(&seed, 1));
    assert_eq!(view.directory_path, tree::inclusion(issuer.address.number as usize, directory));
    let shown: Vec<usize> = view.shown.iter().map(|s| s.record.sequence as usize).collect();
    assert!(shown.windows(2).all(|w| w[0] < w[1]), "records in order of sequence: {shown:?}");
    for index in indexes {
        let before =
            issuer.placed.iter().rposition(|p| p.log_index < *index).expect("opened before it issued");
        let place =
            shown.iter().position(|s| *s == before).unwrap_or_else(|| panic!("record {before} is shown"));
        let cells: Vec<u64> = view.shown[place].cells.iter().map(|cell| cell.index).collect();
        assert!(cells.contains(&0) && cells.contains(&1), "control and roles at record {before}: {cells:?}");
        assert!(
            before + 1 == issuer.placed.len() || shown.contains(&(before + 1)),
            "the record after {before}"
        );
    }
    for (shown, sequence) in view.shown.iter().zip(&shown) {
        let placed = &issuer.placed[*sequence];
        assert_eq!(shown.record.to_bytes(), placed.record);
        assert!(shown.opening.is_none() && shown.link.is_none(), "no contents of an issuer's account");
        let leaves = placed.cell_leaves();
        for cell in &shown.cells {
            assert!(cell.index < 2, "only control and roles of an issuer are shown");
            let (content, salt) = &placed.cells[cell.index as usize];
            assert_eq!((cell.cells, &cell.salt), (leaves.len() as u64, salt));
            assert_eq!(&cell.cell.to_bytes(), content);
            assert_eq!(cell.path, tree::inclusion(cell.index as usize, &leaves));
        }
    }
    assert_eq!(view.path, tree::set(&shown, &issuer.leaves()));
}

/// The consistency proof between two sizes, or that there is none. (From size 0 the format knows none.)
pub fn consistency(ledger: &Ledger, book: &Book, old: u64, new: u64) {
    let answer = ledger.consistency(old, new);
    if old > new || new > last(book).size {
        return assert!(matches!(answer, Err(Error::Unavailable { .. })), "from {old} to {new}: {answer:?}");
    }
    if old > 0 {
        assert_eq!(answer, Ok(tree::consistency(old as usize, &book.log_leaves(new))), "from {old} to {new}");
    }
}

/// A log tile, or that there is none: the hashes of full subtrees of 256 to the `level` leaves.
pub fn tile(ledger: &Ledger, book: &Book, level: u8, index: u64, width: u16) {
    let leaves = book.log_leaves(last(book).size);
    let span = 256usize.checked_pow(u32::from(level)).unwrap_or(usize::MAX);
    let hashes: Vec<Hash> = leaves.chunks_exact(span).map(tree::root).collect();
    let expected = take(&hashes, index, width).map(|hashes| hashes.iter().flat_map(|h| h.0).collect());
    assert_eq!(ledger.tile(level, index, width), Ok(expected), "tile {level}/{index}, {width} wide");
}

/// An entry bundle, or that there is none.
pub fn entries(ledger: &Ledger, book: &Book, index: u64, width: u16) {
    let expected = take(&book.log, index, width).map(|entries| {
        let framed = |data: &Vec<u8>| [&(data.len() as u16).to_be_bytes(), data.as_slice()].concat();
        entries.iter().flat_map(framed).collect()
    });
    assert_eq!(ledger.entries(index, width), Ok(expected), "entries {index}, {width} wide");
}

fn take<T>(all: &[T], index: u64, width: u16) -> Option<&[T]> {
    let from = usize::try_from(index.checked_mul(256)?).ok()?;
    let to = from.checked_add(usize::from(width))?;
    if (1..=256).contains(&width) { all.get(from..to) } else { None }
}

/// The receipt of a posting.
pub fn receipt(ledger: &Ledger, book: &Book, posting: usize) {
    let recorded = &book.postings[posting];
    let found = ledger.receipt(&recorded.digest).expect("a receipt is read").expect("a posting is recorded");
    assert_eq!(found.receipt, recorded.receipt);
    assert_eq!((found.issuer, found.kid.0), (recorded.issuer, recorded.kid));
    let nobodys =
        Hash(derive(&Default::default(), posting as u64).0.repeat(2).try_into().unwrap_or_default());
    assert_eq!(ledger.receipt(&nobodys), Ok(None));
}

/// The figures, of which the ledger counts those since it was opened: `commits` and `postings` were there then, and `refused` whole since.
pub fn stats(ledger: &Ledger, book: &Book, commits: usize, postings: usize, refused: u64) {
    let stats = ledger.stats();
    let since = || book.postings[postings..].iter().flat_map(|p| &p.receipt.results);
    assert!(!stats.stopped);
    assert_eq!((stats.queued_statements, stats.queued_bytes), (0, 0));
    assert_eq!((stats.accounts, stats.log_size), (last(book).accounts, last(book).size));
    assert_eq!(stats.commits, (book.commits.len() - commits) as u64, "commits since the opening");
    assert_eq!(stats.postings, (book.postings.len() - postings) as u64, "postings since the opening");
    assert_eq!(stats.records, since().filter(|r| r.is_ok()).count() as u64, "records since the opening");
    assert_eq!(stats.refused_statements, since().filter(|r| r.is_err()).count() as u64);
    assert_eq!(stats.refused_postings, refused);
}

/// Everything at once, and an audit whose counts are the book's.
pub fn everything(ledger: &Ledger, book: &Book) {
    published(ledger, book);
    for number in 0..book.accounts.len() as u64 + 1 {
        account(ledger, book, number);
    }
    for account in &book.accounts {
        copy(ledger, book, &account.address, 0, usize::MAX, Some(1));
        (0..=account.placed.len() as u64).for_each(|sequence| record(ledger, account, sequence));
    }
    (0..book.postings.len()).for_each(|posting| receipt(ledger, book, posting));
    let report = match ledger.audit(&mut |_, _| {}) {
        Ok(report) => report,
        Err(e) => panic!("the audit: {e}"),
    };
    let (last, results) = (last(book), || book.postings.iter().flat_map(|p| &p.receipt.results));
    assert_eq!((report.checkpoint.size, report.checkpoint.root), (last.size, last.root));
    assert_eq!(report.time.seconds(), last.time);
    assert_eq!(report.accounts, last.accounts);
    assert_eq!(report.commits, book.commits.len() as u64);
    assert_eq!(report.postings, book.postings.len() as u64);
    assert_eq!(report.records, results().filter(|r| r.is_ok()).count() as u64);
    assert_eq!(report.refused, results().filter(|r| r.is_err()).count() as u64);
}
