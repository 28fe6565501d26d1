//! Items, statements, records, cells and log leaves.

use peal_spec::cbor::{Cbor as _, Item};
use peal_spec::hash::Hash;
use peal_spec::log::LogLeaf;
use peal_spec::record::Record;
use peal_spec::state::Cell;
use peal_spec::statement::{Head, Shape, Statement, Type};

use crate::cast::origin;
use crate::round_trip;
use crate::seeds::{Seeds, WORLD, hex_of};

/// Reads the bytes as each of them.
pub fn run(data: &[u8]) {
    if round_trip::<Item>(data).is_some() {
        assert_eq!(shortest(data, 0), Some(data.len()), "an item is of the shortest encoding");
    }
    round_trip::<Head>(data);
    round_trip::<Record>(data);
    round_trip::<Cell>(data);
    round_trip::<LogLeaf>(data);
    for kind in Type::ALL {
        for shape in kind.shapes() {
            let _: Result<_, _> = Shape::read(*shape, data);
        }
    }
    let Some(statement) = round_trip::<Statement>(data) else { return };
    let root: Hash = statement.root(&origin());
    let leaves: Vec<Hash> = statement
        .leaves(&origin())
        .iter()
        .enumerate()
        .map(|(i, (salt, value))| peal_spec::statement::leaf(i as u64, salt, value))
        .collect();
    assert_eq!(peal_spec::tree::root(&leaves), root, "the root is that of the leaves");
    if let Ok(body) = statement.body() {
        assert_eq!(body.facets(), statement.facets, "a body's facets are those that it was read from");
        let s = &statement;
        let again = Statement::new(s.seed, s.address, s.issued, s.refers, s.month, &body);
        assert_eq!(again, statement, "a statement made of its parts is the same");
        // What a statement shows whole, a verifier reads facet by facet.
        let kind = Type::from_number(statement.kind).expect("a body has a known type");
        for (shape, facet) in kind.shapes().iter().zip(statement.facets.iter()) {
            assert!(Shape::read(*shape, facet).is_ok(), "a facet of a good statement is read by itself");
        }
    }
}

/// Where the item at `at` ends, read here once more: only plain kinds, each head in its shortest form (RFC 8949 §4.2.1).
fn shortest(data: &[u8], at: usize) -> Option<usize> {
    let (major, info) = (data.get(at)? >> 5, data.get(at)? & 31);
    if major == 7 {
        return matches!(info, 20..=22).then_some(at + 1);
    }
    let width = match info {
        0..=23 => 0,
        24..=27 => 1usize << (info - 24),
        _ => return None,
    };
    let head = data.get(at + 1..at + 1 + width)?;
    let value = if width == 0 { u64::from(info) } else { head.iter().fold(0, |n, b| n << 8 | u64::from(*b)) };
    let least = [0, 24, 1 << 8, 0, 1 << 16, 0, 0, 0, 1 << 32][width];
    let mut end = at + 1 + width;
    if value < least {
        return None;
    }
    match major {
        0 | 1 => {}
        2 | 3 => end = end.checked_add(usize::try_from(value).ok()?).filter(|e| *e <= data.len())?,
        4 => {
            for _ in 0..value {
                end = shortest(data, end)?;
            }
        }
        _ => return None,
    }
    (major != 3 || std::str::from_utf8(&data[at + 1 + width..end]).is_ok()).then_some(end)
}

/// The vectors, and the rows of a copy.
pub fn seeds() -> Seeds {
    let mut seeds = hex_of("statement", "hex");
    seeds.extend(hex_of("cbor", "hex"));
    seeds.extend(hex_of("record", "record"));
    seeds.extend(hex_of("record", "log_leaf"));
    seeds.extend(hex_of("record", "commit_leaf"));
    for account in 0..WORLD.book.accounts.len() as u64 {
        for row in WORLD.book.copy(account, 0, None).rows {
            seeds.push(row.record.to_bytes());
            if let Some(statement) = row.statement {
                seeds.push(statement.head(&origin()).to_bytes());
                seeds.extend(statement.facets.iter().map(<[u8]>::to_vec));
                seeds.push(statement.to_bytes());
            }
        }
        let state = &WORLD.book.accounts[account as usize].state;
        seeds.extend((0..state.cells()).filter_map(|i| state.cell(i)).map(|c| c.to_bytes()));
    }
    seeds
}
