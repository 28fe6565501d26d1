//! The facets of moves: as a statement has them, and as none has, or only just.

use peal_spec::address::Address;
use peal_spec::cbor::Writer;
use peal_spec::hash::Hash;

use super::odd::{encoded, write_pair};
use super::said::{AMOUNT_MAX, From, Moved, Shown, To, write_address, write_maybe};

fn write_bureau(w: &mut Writer, bureau: Option<Address>) {
    match bureau {
        Some(bureau) => write_address(w, &bureau),
        None => w.null(),
    }
}

/// Where to.
pub fn to(to: &To) -> Vec<u8> {
    encoded(|w| {
        w.array(3);
        w.text(&to.origin);
        write_address(w, &to.address);
        write_bureau(w, to.bureau);
    })
}

/// Where from.
pub fn from(from: &From) -> Vec<u8> {
    encoded(|w| {
        w.array(6);
        w.text(&from.origin);
        write_address(w, &from.address);
        write_maybe(w, from.departure);
        w.uint(from.size);
        w.bytes(&from.root);
        write_bureau(w, from.bureau);
    })
}

/// What is shown.
pub fn shown(shown: &Shown) -> Vec<u8> {
    encoded(|w| {
        w.array(2);
        w.bytes(&shown.list);
        w.bytes(&shown.file);
    })
}

/// What goes along.
pub fn moved(moved: &Moved) -> Vec<u8> {
    encoded(|w| {
        w.array(4);
        w.uint(moved.own);
        w.uint(moved.pooled);
        w.uint(moved.kept);
        w.text(&moved.currency);
    })
}

/// The record of what left.
pub fn out(sequence: u64) -> Vec<u8> {
    encoded(|w| w.uint(sequence))
}

/// A ledger, and its list.
pub fn ledger(origin: &str, list: Option<&[u8]>) -> Vec<u8> {
    encoded(|w| {
        w.array(2);
        w.text(origin);
        match list {
            Some(list) => w.bytes(list),
            None => w.null(),
        }
    })
}

/// What a paper says, with the payer's name.
pub fn paper(insurance: u64, payer: &str, months: (u32, u32), amount: u64, currency: &str) -> Vec<u8> {
    encoded(|w| {
        w.array(6);
        w.uint(insurance);
        w.text("a-scheme");
        w.text(payer);
        write_pair(w, (months.0.into(), months.1.into()));
        w.uint(amount);
        w.text(currency);
    })
}

/// What it was read from.
pub fn source(document: &str, digest: &[u8], page: Option<&str>) -> Vec<u8> {
    encoded(|w| {
        w.array(3);
        w.text(document);
        w.bytes(digest);
        match page {
            Some(page) => w.text(page),
            None => w.null(),
        }
    })
}

const NOBODY: Address = Address { number: 1, id: Hash([7; 32]) };
const FAR: Address = Address { number: 1 << 40, id: Hash([7; 32]) };

/// The first is right.
fn origins() -> Vec<String> {
    let long = format!("{}/é", "x".repeat(97));
    let others = ["", "a b", "a\u{a0}b", "a+b", "a\nb"].map(str::to_owned);
    [vec![long.clone(), format!("{long}x")], others.into()].concat()
}

/// The first two are right.
pub(super) fn tos() -> Vec<Vec<u8>> {
    let plain = To { origin: "there.example".into(), address: NOBODY, bureau: None };
    let mut all: Vec<Vec<u8>> =
        origins().into_iter().map(|origin| to(&To { origin, ..plain.clone() })).collect();
    all.insert(0, to(&plain));
    all.push(to(&To { address: FAR, ..plain.clone() }));
    all.push(to(&To { bureau: Some(FAR), ..plain }));
    all.push(encoded(Writer::null));
    all
}

/// The first four are right.
pub(super) fn froms() -> Vec<Vec<u8>> {
    let plain = From {
        origin: "there.example".into(),
        address: NOBODY,
        departure: None,
        size: 1,
        root: [7; 32],
        bureau: None,
    };
    let most = (1 << 53) - 1;
    let mut all = vec![from(&plain), from(&From { departure: Some(most), size: most, ..plain.clone() })];
    // Of nothing: that is not shown.
    all.push(from(&From { size: 0, ..plain.clone() }));
    all.extend(origins().into_iter().map(|origin| from(&From { origin, ..plain.clone() })));
    all.push(from(&From { departure: Some(1 << 53), ..plain.clone() }));
    all.push(from(&From { size: 1 << 53, ..plain.clone() }));
    all.push(from(&From { address: FAR, ..plain.clone() }));
    all.push(from(&From { bureau: Some(FAR), ..plain }));
    all.push(encoded(Writer::null));
    all
}

/// The first is right.
pub(super) fn showns() -> Vec<Vec<u8>> {
    let of = |list: usize, file: usize| shown(&Shown { list: vec![7; list], file: vec![7; file] });
    let text = encoded(|w| {
        w.array(2);
        w.text("peal trust 1\n");
        w.bytes(&[7]);
    });
    let mut all = vec![of(8_192, 32_768), of(8_193, 1), of(1, 32_769), of(0, 1), of(1, 0), text];
    all.push(encoded(Writer::null));
    all
}

/// The first two are right, and the second is too little.
pub(super) fn moveds() -> Vec<Vec<u8>> {
    let of =
        |own, pooled, kept, currency: &str| moved(&Moved { own, pooled, kept, currency: currency.into() });
    vec![
        of(0, AMOUNT_MAX, 0, "CNY"),
        of(0, 0, AMOUNT_MAX, "CNY"),
        of(1 << 53, 0, 0, "CNY"),
        of(0, 1 << 53, 0, "CNY"),
        of(1, 0, 1 << 53, "CNY"),
        of(1, 0, 0, "cny"),
        encoded(Writer::null),
    ]
}

/// The first is right.
pub(super) fn outs() -> Vec<Vec<u8>> {
    vec![out((1 << 53) - 1), out(1 << 53), encoded(Writer::null)]
}

/// The first two are right.
pub(super) fn recognisables() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = origins().iter().map(|origin| ledger(origin, None)).collect();
    all.insert(0, ledger("there.example", Some(&[7; 8_192])));
    all.push(ledger("there.example", Some(&[7; 8_193])));
    all.push(ledger("there.example", Some(&[])));
    all.push(encoded(Writer::null));
    all
}

/// The first two are right.
pub(super) fn papers() -> Vec<Vec<u8>> {
    let long = "é".repeat(64);
    let of = |insurance, payer: &str, months, amount| paper(insurance, payer, months, amount, "CNY");
    vec![
        of(65_535, &long, (190_001, 202_512), AMOUNT_MAX),
        of(1, "A mill", (202_512, 202_512), 0),
        of(0, "A mill", (202_512, 202_512), 0),
        of(1, &format!("{long}x"), (202_512, 202_512), 0),
        of(1, "", (202_512, 202_512), 0),
        of(1, "A mill", (202_512, 202_511), 0),
        of(1, "A mill", (202_500, 202_511), 0),
        of(1, "A mill", (202_512, 202_512), 1 << 53),
        paper(1, "A mill", (202_512, 202_512), 0, "cny"),
        encoded(Writer::null),
    ]
}

/// The first two are right.
pub(super) fn sources() -> Vec<Vec<u8>> {
    let (long, page) = ("é".repeat(64), "é".repeat(16));
    vec![
        source(&long, &[7; 32], Some(&page)),
        source("A booklet", &[7; 32], None),
        source(&format!("{long}x"), &[7; 32], None),
        source("", &[7; 32], None),
        source("A booklet", &[7; 31], None),
        source("A booklet", &[7; 32], Some(&format!("{page}x"))),
        source("A booklet", &[7; 32], Some("")),
        encoded(Writer::null),
    ]
}
