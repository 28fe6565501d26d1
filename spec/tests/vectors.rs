//! The vectors: made here from the code, kept in `spec/vectors`, read by `spec/reference.py` and by anyone else. This test fails when what
//! is kept differs from what the code gives; `PEAL_WRITE_VECTORS=1 cargo test -p peal-spec --test vectors` writes them anew.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod book;
mod cast;
mod world;
#[path = "vectors/rights.rs"]
mod rights;
#[path = "vectors/identity.rs"]
mod identity;
#[path = "vectors/erasure.rs"]
mod erasure;
#[path = "vectors/moving.rs"]
mod moving;
#[path = "vectors/work.rs"]
mod work;

use std::collections::BTreeMap;
use std::path::Path;

use cast::*;
use peal_spec::address::Address;
use peal_spec::cbor::{Cbor, Item, Writer};
use peal_spec::copy::{Selection, Show};
use peal_spec::hash::{Hash, Seed, leaf};
use peal_spec::key::PrivateKey;
use peal_spec::note::{Checkpoint, KeyType, Note, VerifierKey};
use peal_spec::posting::Posting;
use peal_spec::proof::{CellOpening, Facet, Proof};
use peal_spec::receipt::Receipt;
use peal_spec::refusal::Refusal;
use peal_spec::signed_read::{self, Request};
use peal_spec::state::Cell;
use peal_spec::statement::*;
use peal_spec::tree;
use peal_spec::trust::{Ledger, Pin, Trust};
use peal_spec::value::Time;
use peal_spec::verify;
use serde_json::{Value as Json, json};
use verify::{Basis, Verdict};
use world::{Cheat, OPERATOR, Recovered, World};

type Vectors = BTreeMap<String, Json>;

fn put(all: &mut Vectors, path: &str, value: Json) {
    assert!(all.insert(path.to_owned(), value).is_none(), "{path} twice");
}

fn hashes(list: &[Hash]) -> Vec<String> {
    list.iter().map(Hash::to_string).collect()
}

fn operator_key() -> VerifierKey {
    VerifierKey { name: origin(), kind: KeyType::Ed25519, key: PrivateKey::new(&OPERATOR).public() }
}

fn witness() -> (VerifierKey, PrivateKey) {
    let key = PrivateKey::new(&[8; 32]);
    (
        VerifierKey {
            name: "witness.example".parse().unwrap(),
            kind: KeyType::Cosignature,
            key: key.public(),
        },
        key,
    )
}

fn trust() -> Trust {
    Trust { ledgers: vec![Ledger::new(origin(), operator_key())] }
}

fn addresses(all: &mut Vectors) {
    let first = Address { number: 5, id: Hash(*b"an id is thirty-two bytes long, ") };
    for (name, address) in
        [("first-worker", first), ("registrar", Address { number: 0, id: Hash([0xff; 32]) })]
    {
        let text = address.to_string();
        put(
            all,
            &format!("address/{name}"),
            json!({
            "note": "an address", "expect": "valid", "text": text, "number": address.number, "id": address.id.to_string() }),
        );
    }
    let upper = first.to_string().to_uppercase();
    put(
        all,
        "address/upper-case",
        json!({
        "note": "as QR codes like it", "expect": "valid", "text": upper, "number": 5, "id": first.id.to_string() }),
    );
    let text = first.to_string();
    let encode =
        |data: &[u8]| bech32::encode::<bech32::Bech32m>(bech32::Hrp::parse_unchecked("peal"), data).unwrap();
    let faults = [
        ("one-letter-mistyped", text.replacen('q', "p", 1)),
        ("two-letters-swapped", format!("{}{}{}{}", &text[..20], &text[21..22], &text[20..21], &text[22..])),
        ("cut", text[..text.len() - 1].to_owned()),
        ("mixed-case", text.replacen("peal1", "Peal1", 1)),
        (
            "other-prefix",
            bech32::encode::<bech32::Bech32m>(bech32::Hrp::parse_unchecked("bc"), &[1; 38]).unwrap(),
        ),
        (
            "bech32-not-m",
            bech32::encode::<bech32::Bech32>(bech32::Hrp::parse_unchecked("peal"), &[1; 38]).unwrap(),
        ),
        ("too-short", encode(&[1; 37])),
        ("too-long", encode(&[1; 39])),
        ("version-2", encode(&[2; 38])),
        ("empty", String::new()),
    ];
    for (name, text) in faults {
        assert!(text.parse::<Address>().is_err(), "{name}");
        put(all, &format!("address/{name}"), json!({ "note": name, "expect": "malformed", "text": text }));
    }
}

fn trees(all: &mut Vectors) {
    let data: Vec<Vec<u8>> = (0u8..7).map(|i| vec![i; usize::from(i)]).collect();
    let leaves: Vec<Hash> = data.iter().map(|d| leaf(d)).collect();
    for size in [0, 1, 2, 3, 5, 7] {
        let name =
            ["no-leaves", "one-leaf", "two-leaves", "three-leaves", "", "five-leaves", "", "seven-leaves"]
                [size];
        put(
            all,
            &format!("tree/{name}"),
            json!({
            "note": "a root", "expect": "valid", "kind": "root",
            "leaves_data": data[..size].iter().map(hex::encode).collect::<Vec<_>>(), "root": tree::root(&leaves[..size]).to_string() }),
        );
    }
    let root = tree::root(&leaves);
    let inclusion = |expect: &str, note: &str, index: u64, size: u64, proof: &[Hash]| {
        let at = leaves[index.min(6) as usize];
        let holds = tree::check_inclusion(&at, index, size, proof, &root).is_ok();
        assert_eq!(holds, expect == "valid", "{note}");
        json!({ "note": note, "expect": expect, "kind": "inclusion", "root": root.to_string(), "size": size, "index": index,
            "leaf": at.to_string(), "proof": hashes(proof) })
    };
    for index in [0, 3, 6] {
        let path = tree::sure(tree::inclusion(leaves.as_slice(), index, 7));
        put(all, &format!("tree/inclusion-{index}-of-7"), inclusion("valid", "holds", index, 7, &path));
    }
    let path = tree::sure(tree::inclusion(leaves.as_slice(), 3, 7));
    let longer = [path.clone(), vec![root]].concat();
    put(
        all,
        "tree/inclusion-other-index",
        inclusion("malformed", "the path of leaf 3 at index 2", 2, 7, &path),
    );
    put(
        all,
        "tree/inclusion-other-size",
        inclusion("malformed", "the path in 7 leaves, said to be of 9", 3, 9, &path),
    );
    put(all, "tree/inclusion-cut", inclusion("malformed", "a hash is missing", 3, 7, &path[..2]));
    put(all, "tree/inclusion-longer", inclusion("malformed", "a hash too many", 3, 7, &longer));
    put(all, "tree/inclusion-beyond", inclusion("malformed", "the index is the size", 7, 7, &path));
    let consistency = |expect: &str, note: &str, old: u64, new: u64, proof: &[Hash]| {
        let (a, b) = (tree::root(&leaves[..old as usize]), tree::root(&leaves[..new as usize]));
        assert_eq!(tree::check_consistency(old, &a, new, &b, proof).is_ok(), expect == "valid", "{note}");
        json!({ "note": note, "expect": expect, "kind": "consistency", "old": old, "new": new, "old_root": a.to_string(),
            "new_root": b.to_string(), "proof": hashes(proof) })
    };
    for (old, new) in [(1, 7), (3, 7), (4, 7), (6, 7), (5, 5)] {
        let proof = tree::sure(tree::consistency(leaves.as_slice(), old, new));
        put(
            all,
            &format!("tree/consistency-{old}-to-{new}"),
            consistency("valid", "holds", old, new, &proof),
        );
    }
    let proof = tree::sure(tree::consistency(leaves.as_slice(), 3, 7));
    put(all, "tree/consistency-from-none", consistency("malformed", "old size 0", 0, 7, &[]));
    put(all, "tree/consistency-backwards", consistency("malformed", "new before old", 7, 3, &proof));
    put(all, "tree/consistency-cut", consistency("malformed", "a hash is missing", 3, 7, &proof[..2]));
    put(all, "tree/consistency-of-another", consistency("malformed", "the proof from 3 for 4", 4, 7, &proof));
    put(
        all,
        "tree/consistency-same-size-with-hashes",
        consistency("malformed", "equal sizes take no hashes", 5, 5, &proof),
    );
    let set = |expect: &str, note: &str, indexes: &[u64], size: u64, proof: &[Hash]| {
        let known: Vec<(u64, Hash)> = indexes.iter().map(|i| (*i, leaves[(*i).min(6) as usize])).collect();
        assert_eq!(tree::check_set(&known, size, proof, &root).is_ok(), expect == "valid", "{note}");
        json!({ "note": note, "expect": expect, "kind": "set", "root": root.to_string(), "size": size, "indexes": indexes,
            "leaves": known.iter().map(|(_, h)| h.to_string()).collect::<Vec<_>>(), "proof": hashes(proof) })
    };
    for indexes in [vec![2], vec![0, 1], vec![1, 4, 5], vec![6], vec![0, 1, 2, 3, 4, 5, 6]] {
        let proof = tree::sure(tree::set(leaves.as_slice(), &indexes, 7));
        let name = indexes.iter().map(u64::to_string).collect::<Vec<_>>().join("-");
        put(all, &format!("tree/set-{name}"), set("valid", "holds", &indexes, 7, &proof));
    }
    let proof = tree::sure(tree::set(leaves.as_slice(), &[1, 4, 5], 7));
    put(all, "tree/set-empty", set("malformed", "no leaf", &[], 7, &[root]));
    put(all, "tree/set-unordered", set("malformed", "not increasing", &[4, 1, 5], 7, &proof));
    put(all, "tree/set-twice", set("malformed", "an index twice", &[1, 4, 4], 7, &proof));
    put(
        all,
        "tree/set-shorter",
        set("malformed", "one leaf fewer than the proof is for", &[1, 4], 7, &proof),
    );
    put(
        all,
        "tree/set-left-over",
        set("malformed", "a hash too many", &[0, 1, 2, 3, 4, 5, 6], 7, &proof[..1]),
    );
}

fn cbor(all: &mut Vectors) {
    let good = [
        "00",
        "17",
        "1818",
        "18ff",
        "190100",
        "1a00010000",
        "1b0000000100000000",
        "20",
        "3903e7",
        "40",
        "43010203",
        "60",
        "63e29c93",
        "80",
        "83010203",
        "f4",
        "f5",
        "f6",
        "8181818181818181818181818181818100",
    ];
    for hex_text in good {
        assert!(Item::from_bytes(&hex::decode(hex_text).unwrap()).is_ok(), "{hex_text}");
        let name = format!("cbor/good-{}", &hex_text[..hex_text.len().min(12)]);
        put(all, &name, json!({ "note": "allowed", "expect": "valid", "hex": hex_text }));
    }
    let bad = [
        ("long-zero", "1800"),
        ("long-23", "1817"),
        ("two-bytes-for-one", "1900ff"),
        ("four-bytes-for-two", "1a0000ffff"),
        ("eight-bytes-for-four", "1b00000000ffffffff"),
        ("long-negative", "3800"),
        ("long-text-head", "780161"),
        ("long-bytes-head", "580100"),
        ("long-array-head", "980100"),
        ("indefinite-array", "9f00ff"),
        ("indefinite-bytes", "5f4100ff"),
        ("indefinite-text", "7f6161ff"),
        ("left-over", "0000"),
        ("cut-array", "8201"),
        ("cut-bytes", "4301"),
        ("empty", ""),
        ("not-utf8", "62c328"),
        ("map", "a0"),
        ("tag", "c000"),
        ("float", "f93c00"),
        ("undefined", "f7"),
        ("simple-value", "f8ff"),
        ("break", "ff"),
        ("too-deep", "818181818181818181818181818181818100"),
        ("array-longer-than-input", "9bffffffffffffffff"),
        ("bytes-longer-than-input", "5bffffffffffffffff"),
    ];
    for (name, hex_text) in bad {
        assert!(Item::from_bytes(&hex::decode(hex_text).unwrap()).is_err(), "{name}");
        put(all, &format!("cbor/{name}"), json!({ "note": name, "expect": "malformed", "hex": hex_text }));
    }
}

fn judge_shape(bytes: &[u8]) -> (&'static str, Option<Hash>) {
    let Ok(statement) = Statement::from_bytes(bytes) else { return ("malformed", None) };
    let root = statement.root(&origin());
    let expect = match statement.body() {
        Err(refusal) => refusal.code.name(),
        Ok(Body::Contribution(c)) if !c.amount.in_range() => "amount-range",
        Ok(Body::Settlement(s)) if !s.amount.in_range() => "amount-range",
        Ok(Body::Correction(c)) if c.amount.is_some_and(|a| !a.in_range()) => "amount-range",
        Ok(Body::Matching(m)) if !m.0.amount.in_range() => "amount-range",
        Ok(Body::PaidFor(p)) if !p.0.amount.in_range() => "amount-range",
        Ok(Body::Refund(r)) if r.amount.amount == 0 || r.amount.credited > r.amount.amount => "amount-range",
        Ok(Body::RefundReceived(r)) if r.amount.amount == 0 => "amount-range",
        Ok(Body::Benefit(b)) if b.amount.amount == 0 => "amount-range",
        Ok(Body::Interest(i)) if i.amount.amount == 0 => "amount-range",
        Ok(Body::TransferredOut(t)) if !t.moved.in_range() => "amount-range",
        Ok(Body::TransferredIn(t)) if !t.moved.in_range() => "amount-range",
        Ok(_) => "valid",
    };
    (expect, Some(root))
}

fn put_statement(all: &mut Vectors, name: &str, expect: &str, bytes: &[u8]) {
    let (found, root) = judge_shape(bytes);
    assert_eq!(found, expect, "{name}");
    put(
        all,
        &format!("statement/{name}"),
        json!({ "note": name.replace('-', " "), "expect": expect, "origin": ORIGIN,
        "hex": hex::encode(bytes), "root": root.map(|r| r.to_string()) }),
    );
}

fn statements(all: &mut Vectors) {
    let mut w = World::lived();
    let (lin, fund) = (w.lin.at(), w.fund.at());
    let registrar = w.registrar.at();
    let mut add = |name: &str, expect: &str, bytes: Vec<u8>| put_statement(all, name, expect, &bytes);
    let pay = w.lin.contribute(400, lin, fund, Source::Self_, 202610, 30_000, "mine-2");
    let mut with_evidence = pay.clone();
    let mut evidence = Writer::default();
    evidence.optional(Some(&Evidence {
        orders: Some(412),
        shift: Some((time(0), time(28_800))),
        place: Some("Suzhou, Gusu district".parse().unwrap()),
    }));
    with_evidence.facets = with_evidence.facets.with(3, &evidence.into_bytes());
    let opening = w.lin.opening(0, None);
    let role = w.registrar.grant(0, fund, peal_spec::role::Role::Fund, &[], Some(time(10)));
    let revoked = w.registrar.say(0, fund, Some(1), None, &Body::Revoked(Revoked { who: registrar }));
    let keys = w.lin.keys(1);
    let rotated = w.lin.say(0, lin, None, None, &Body::Rotated(Rotated { who: lin, keys }));
    add("self-payment", "valid", pay.to_bytes());
    add("with-evidence", "valid", with_evidence.to_bytes());
    add("opened", "valid", opening.to_bytes());
    add("rotated", "valid", rotated.to_bytes());
    add("granted", "valid", role.to_bytes());
    add("revoked", "valid", revoked.to_bytes());
    let approved = w.wang.approve(0, lin, w.lin.keys(0));
    let completed =
        w.lin.say(0, lin, None, None, &Body::RecoveryCompleted(RecoveryCompleted { who: lin, keys }));
    add("recovery-approved", "valid", approved.to_bytes());
    add("recovery-vetoed", "valid", w.lin.veto(0).to_bytes());
    add("recovery-completed", "valid", completed.to_bytes());
    let recovery = Recovery { guardians: vec![fund], need: 1, delay: time(0) };
    let changed = RecoveryChanged { who: lin, keys, recovery };
    let changed = w.lin.say(0, lin, None, None, &Body::RecoveryChanged(changed));
    add("recovery-changed", "valid", changed.to_bytes());
    add("settlement", "valid", w.fund.settle(0, lin, 1, 202609, pension(145_400)).to_bytes());
    add("correction-replace", "valid", w.platform.correct(0, lin, 2, 202608, Some(pension(9))).to_bytes());
    add("correction-void", "valid", w.platform.correct(0, lin, 2, 202608, None).to_bytes());

    let mut bad = |name: &str, expect: &str, from: &Statement, change: &dyn Fn(&mut Statement)| {
        let mut s = from.clone();
        change(&mut s);
        add(name, expect, s.to_bytes());
    };
    let item = |f: &dyn Fn(&mut Writer)| {
        let mut w = Writer::default();
        f(&mut w);
        w.into_bytes()
    };
    bad("unknown-type", "unknown-type", &pay, &|s| s.kind = 64);
    bad("recovery-with-two-keys", "malformed-facet", &approved, &|s| {
        refacet(s, |f| {
            f[1].truncate(1 + 2 * 34);
            f[1][0] = 0x82;
        });
    });
    bad("recovery-keys-missing", "malformed-facet", &approved, &|s| refacet(s, |f| f.truncate(1)));
    bad("recovery-with-a-month", "malformed-facet", &completed, &|s| s.month = Some(month(202609)));
    bad("recovery-with-a-target", "malformed-facet", &approved, &|s| s.refers = Some(0));
    bad("recovery-of-nobody", "malformed-facet", &approved, &|s| s.address = None);
    bad("recovery-changed-without-guardians-and-one-needed", "malformed-facet", &changed, &|s| {
        refacet(s, |f| f[2] = vec![0x83, 0x80, 0x01, 0x00]);
    });
    bad("recovery-changed-with-a-guardian-twice", "malformed-facet", &changed, &|s| {
        refacet(s, |f| {
            // After the list: need, in one byte, and delay, in five.
            let (list, rest) = f[2].split_at(f[2].len() - 6);
            f[2] = [&[0x83, 0x82][..], &list[2..], &list[2..], rest].concat();
        });
    });
    bad("month-missing", "malformed-facet", &pay, &|s| s.month = None);
    bad("refers-where-none-belongs", "malformed-facet", &pay, &|s| s.refers = Some(0));
    bad("address-missing", "malformed-facet", &pay, &|s| s.address = None);
    bad("address-in-opening", "malformed-facet", &opening, &|s| s.address = Some(lin));
    bad("facet-missing", "malformed-facet", &pay, &|s| refacet(s, |f| f.truncate(3)));
    bad("facet-too-many", "malformed-facet", &pay, &|s| refacet(s, |f| f.push(vec![0xf6])));
    bad("source-unknown", "malformed-facet", &pay, &|s| refacet(s, |f| f[0][1] = 9));
    bad("insurance-zero", "malformed-facet", &pay, &|s| refacet(s, |f| f[1][1] = 0));
    bad("currency-lower-case", "malformed-facet", &pay, &|s| {
        refacet(s, |f| *f[2].last_mut().unwrap() = b'y');
    });
    bad("amount-zero", "amount-range", &pay, &|s| {
        s.facets =
            s.facets.with(2, &Amount { amount: 0, credited: 0, base: None, currency: cny() }.to_bytes())
    });
    bad("credited-above-amount", "amount-range", &pay, &|s| {
        s.facets =
            s.facets.with(2, &Amount { amount: 1, credited: 2, base: None, currency: cny() }.to_bytes());
    });
    bad("amount-above-2-to-53", "malformed-facet", &pay, &|s| {
        s.facets = s.facets.with(
            2,
            &item(&|w| {
                w.array(4);
                w.uint(1 << 53);
                w.uint(0);
                w.null();
                w.text("CNY");
            }),
        );
    });
    bad("evidence-all-absent", "malformed-facet", &pay, &|s| {
        s.facets = s.facets.with(3, &[0x83, 0xf6, 0xf6, 0xf6])
    });
    bad("shift-ends-before-it-starts", "malformed-facet", &pay, &|s| {
        s.facets = s.facets.with(3, &[0x83, 0xf6, 0x82, 0x02, 0x01, 0xf6])
    });
    bad("reference-empty", "malformed-facet", &pay, &|s| {
        s.facets = s.facets.with(
            0,
            &item(&|w| {
                w.array(3);
                w.uint(3);
                lin.encode(w);
                w.text("");
            }),
        );
    });
    bad("reference-with-newline", "malformed-facet", &pay, &|s| {
        s.facets = s.facets.with(
            0,
            &item(&|w| {
                w.array(3);
                w.uint(3);
                lin.encode(w);
                w.text("a\nb");
            }),
        );
    });
    bad("reference-of-65-bytes", "malformed-facet", &pay, &|s| {
        s.facets = s.facets.with(
            0,
            &item(&|w| {
                w.array(3);
                w.uint(3);
                lin.encode(w);
                w.text(&"x".repeat(65));
            }),
        );
    });
    bad("guardians-needed-of-none", "malformed-facet", &opening, &|s| {
        s.facets = s.facets.with(2, &[0x83, 0x80, 0x01, 0x00])
    });
    bad("insurances-unordered", "malformed-facet", &role, &|s| {
        s.facets = s.facets.with(1, &[0x83, 0x03, 0x82, 0x02, 0x01, 0xf6])
    });
    bad("role-unknown", "malformed-facet", &role, &|s| {
        s.facets = s.facets.with(1, &[0x83, 0x07, 0x80, 0xf6])
    });
    let good = pay.to_bytes();
    add("cut", "malformed", good[..good.len() - 1].to_vec());
    add("left-over", "malformed", [good.clone(), vec![0]].concat());
    let mut six = good.clone();
    six[0] = 0x86;
    add("six-elements", "malformed", six);
    let mut thirteen = pay.clone();
    thirteen.month = None;
    let mut bytes = thirteen.to_bytes();
    // The month stands before the facets: null (f6), then the array of 4.
    let at = bytes.windows(2).position(|w| w == [0xf6, 0x84]).unwrap();
    bytes.splice(at..=at, [0x1a, 0x00, 0x03, 0x17, 0x75]);
    add("month-13", "malformed", bytes);
}

fn postings(all: &mut Vectors) {
    let mut w = World::lived();
    let (lin, fund) = (w.lin.at(), w.fund.at());
    let pay = w.lin.contribute(400, lin, fund, Source::Self_, 202610, 30_000, "mine-2");
    let second = w.lin.contribute(400, lin, fund, Source::Self_, 202610, 1, "mine-3");
    let good = w.lin.post(400, vec![pay.clone()]);
    let two = w.lin.post(400, vec![pay.clone(), second.clone()]);
    let mut add = |name: &str, expect: &str, bytes: Vec<u8>| {
        let found = match Posting::receive(&bytes, &origin()) {
            Ok(_) => "valid",
            Err(refusal) => refusal.code.name(),
        };
        assert_eq!(found, expect, "{name}");
        let digest = Posting::from_bytes(&bytes).ok().map(|p| p.signed.digest().to_string());
        put(
            all,
            &format!("posting/{name}"),
            json!({ "note": name.replace('-', " "), "expect": expect, "origin": ORIGIN,
            "hex": hex::encode(&bytes), "digest": digest }),
        );
    };
    add("self-payment", "valid", good.to_bytes());
    add("two-statements", "valid", two.to_bytes());
    let key = w.lin.key();
    let sign = |origin: &str, statements: Vec<Statement>| {
        Posting::sign(&origin.parse().unwrap(), Some(lin), seed("p", 1), time(400), false, statements, &key)
    };
    add("foreign-origin", "foreign-origin", sign("other.example/peal", vec![pay.clone()]).to_bytes());
    add("no-statement", "count-mismatch", sign(ORIGIN, vec![]).to_bytes());
    let resend =
        |p: &Posting, s: Vec<Statement>| Posting { signed: p.signed.clone(), statements: s }.to_bytes();
    add("statement-dropped", "count-mismatch", resend(&two, vec![pay.clone()]));
    add("statement-added", "count-mismatch", resend(&good, vec![pay.clone(), second.clone()]));
    add("statements-swapped", "root-mismatch", resend(&two, vec![second.clone(), pay.clone()]));
    let mut changed = pay.clone();
    changed.facets = changed.facets.with(2, &pension(30_001).to_bytes());
    add("amount-changed", "root-mismatch", resend(&good, vec![changed]));
    let mut reseeded = pay.clone();
    reseeded.seed = Seed([0; 16]);
    add("seed-changed", "root-mismatch", resend(&good, vec![reseeded]));
    let null_two =
        Posting::sign(&origin(), None, seed("p", 1), time(0), false, vec![pay.clone(), second], &key);
    add("self-opening-of-two", "count-mismatch", null_two.to_bytes());

    // Faults inside the COSE_Sign1, whose bytes are patched in place.
    let cose = good.signed.cose().to_vec();
    let send = |cose: &[u8]| {
        let mut w = Writer::default();
        w.array(2);
        w.bytes(cose);
        w.list(std::slice::from_ref(&pay));
        w.into_bytes()
    };
    let patch = |find: &[u8], put: &[u8]| {
        let at = cose.windows(find.len()).position(|x| x == find).unwrap();
        [&cose[..at], put, &cose[at + find.len()..]].concat()
    };
    let mut last = cose.clone();
    *last.last_mut().unwrap() ^= 1;
    add("signature-flipped", "bad-signature", send(&last));
    let kid = w.lin.key().public().0;
    add("kid-of-another", "bad-signature", send(&patch(&kid, &w.wang.key().public().0)));
    add("kid-of-small-order", "bad-signature", send(&patch(&kid, &[&[1u8][..], &[0; 31]].concat())));
    let mut noncanonical = [0xff; 32];
    noncanonical[0] = 0xee;
    noncanonical[31] = 0x7f;
    add("kid-not-canonical", "bad-signature", send(&patch(&kid, &noncanonical)));
    // s + L is the same scalar, written another way.
    let order: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut malleable = cose.clone();
    let from = malleable.len() - 32;
    let mut carry = 0u16;
    for (byte, add) in malleable[from..].iter_mut().zip(order) {
        carry += u16::from(*byte) + u16::from(add);
        *byte = carry as u8;
        carry >>= 8;
    }
    add("scalar-not-canonical", "bad-signature", send(&malleable));
    add("algorithm-eddsa", "malformed", send(&patch(&[0x01, 0x32, 0x03], &[0x01, 0x27, 0x03])));
    add("content-type-other", "malformed", send(&patch(b"peal-posting+", b"peal-receipt+")));
    add("unprotected-header", "malformed", send(&patch(&[0xa0, 0x58], &[0xa1, 0x04, 0x41, 0x00, 0x58])));
    add("untagged", "malformed", send(&cose[1..]));
    add("suite-2", "malformed", send(&patch(&[0x88, 0x01, 0x73], &[0x88, 0x02, 0x73])));
    let bytes = good.to_bytes();
    add("cut", "malformed", bytes[..bytes.len() - 3].to_vec());
    add("empty", "malformed", vec![]);
    add("left-over", "malformed", [bytes, vec![0]].concat());
}

fn notes(all: &mut Vectors) {
    let body = Checkpoint { origin: origin(), size: 1234, root: Hash([3; 32]) };
    let key = PrivateKey::new(&OPERATOR);
    let (witness_key, witness_private) = witness();
    let signed = Note::sign(body.to_string(), &origin(), &key);
    let mut cosigned = signed.clone();
    cosigned.cosign(&witness_key.name, &witness_private, time(5));
    let mut add = |name: &str, expect: &str, text: String, keys: &[&VerifierKey]| {
        let found = (|| {
            let Ok(note) = text.parse::<Note>() else { return "malformed" };
            if note.text.parse::<Checkpoint>().is_err() {
                return "malformed";
            }
            let mut any = false;
            for key in keys {
                match note.signed_by(key) {
                    Err(_) => return "bad-checkpoint",
                    Ok(found) => any |= found.is_some(),
                }
            }
            if any { "valid" } else { "unknown-key" }
        })();
        assert_eq!(found, expect, "{name}");
        put(
            all,
            &format!("note/{name}"),
            json!({ "note": name.replace('-', " "), "expect": expect, "text": text,
            "keys": keys.iter().map(|k| k.to_string()).collect::<Vec<_>>(), "origin": ORIGIN, "size": 1234, "root": body.root.to_string() }),
        );
    };
    let op = operator_key();
    let text = signed.to_string();
    add("signed", "valid", text.clone(), &[&op]);
    add("cosigned", "valid", cosigned.to_string(), &[&op, &witness_key]);
    add("cosigned-witness-only-known", "valid", cosigned.to_string(), &[&witness_key]);
    add("unknown-key", "unknown-key", text.clone(), &[&witness_key]);
    add("size-changed", "bad-checkpoint", text.replacen("1234", "1235", 1), &[&op]);
    let mut bad = signed.clone();
    bad.lines[0].blob[10] ^= 1;
    add("signature-flipped", "bad-checkpoint", bad.to_string(), &[&op]);
    let mut moved = cosigned.clone();
    moved.lines[1].blob[7] ^= 1;
    add("cosignature-time-changed", "bad-checkpoint", moved.to_string(), &[&op, &witness_key]);
    let mut short = signed.clone();
    short.lines[0].blob.pop();
    add("signature-short", "bad-checkpoint", short.to_string(), &[&op]);
    let resign = |body: &str| Note::sign(body.to_owned(), &origin(), &key).to_string();
    add("extension-line", "malformed", resign(&format!("{body}more\n")), &[&op]);
    add(
        "size-with-leading-zero",
        "malformed",
        resign(&body.to_string().replacen("1234", "01234", 1)),
        &[&op],
    );
    add("size-with-plus", "malformed", resign(&body.to_string().replacen("1234", "+1234", 1)), &[&op]);
    add("root-short", "malformed", resign(&format!("{ORIGIN}\n1234\nAAAA\n")), &[&op]);
    add("two-lines", "malformed", resign(&format!("{ORIGIN}\n1234\n")), &[&op]);
    add("no-signature", "malformed", body.to_string(), &[&op]);
    add("no-final-newline", "malformed", text.trim_end().to_owned(), &[&op]);
    add("carriage-returns", "malformed", text.replace('\n', "\r\n"), &[&op]);
    add("hyphen-for-dash", "malformed", text.replace('\u{2014}', "-"), &[&op]);
    add(
        "base64-broken",
        "malformed",
        text.replacen("— ledger.example/peal ", "— ledger.example/peal !", 1),
        &[&op],
    );
    add("empty", "malformed", String::new(), &[&op]);
}

fn trusts(all: &mut Vectors) {
    let (witness_key, _) = witness();
    let mut full = trust();
    full.ledgers[0].witnesses.push(witness_key.clone());
    full.ledgers[0].need_witnesses = 1;
    full.ledgers[0].pins.push(Pin { size: 15, root: Hash([3; 32]) });
    let text = full.to_string();
    let op = operator_key();
    let mut add = |name: &str, text: String| {
        let found = text.parse::<Trust>();
        let (expect, line) = match &found {
            Ok(_) => ("valid", None),
            Err(e) => ("malformed", Some(e.line)),
        };
        put(
            all,
            &format!("trust/{name}"),
            json!({ "note": name.replace('-', " "), "expect": expect, "text": text, "line": line }),
        );
        found.is_ok()
    };
    assert!(add("demo", text.clone()));
    assert!(add("comments-and-blank-lines", text.replacen('\n', "\n# who we trust\n\n", 1)));
    assert!(add("empty-list", "peal trust 1\n".into()));
    let base = format!("peal trust 1\nledger {ORIGIN}\noperator {op} - -\n");
    let faults: Vec<(&str, String)> = vec![
        ("other-first-line", text.replacen("peal trust 1", "peal trust 2", 1)),
        ("no-final-newline", text.trim_end().to_owned()),
        ("no-ledger-first", format!("peal trust 1\noperator {op} - -\n")),
        ("no-operator", format!("peal trust 1\nledger {ORIGIN}\nfresh 5\n")),
        ("unknown-word", format!("{base}frsh 5\n")),
        ("two-spaces", format!("{base}fresh  5\n")),
        ("fresh-twice", format!("{base}fresh 5\nfresh 6\n")),
        ("need-twice", format!("{base}need 0 witnesses 0 auditors\nneed 0 witnesses 0 auditors\n")),
        ("needs-more-than-keys", format!("{base}need 1 witnesses 0 auditors\n")),
        ("ledger-twice", format!("{base}{}", base.replacen("peal trust 1\n", "", 1))),
        ("key-twice", format!("{base}operator {op} - -\n")),
        ("key-twice-under-two-names", {
            let (key, _) = witness();
            let other = VerifierKey { name: "twin.example".parse().unwrap(), ..key.clone() };
            format!("{base}witness {key}\nauditor {other}\n")
        }),
        ("key-hash-wrong", base.replacen(&format!("{:08x}", u32::from_be_bytes(op.id())), "00000000", 1)),
        ("witness-key-of-operator-type", format!("{base}witness {op}\n")),
        (
            "operator-key-of-other-name",
            format!(
                "{base}operator {} - -\n",
                VerifierKey { name: "x.example".parse().unwrap(), ..op.clone() }
            ),
        ),
        ("time-without-z", base.replacen(" - -", " 2026-01-01T00:00:00 -", 1)),
        ("time-of-31-april", base.replacen(" - -", " 2026-04-31T00:00:00Z -", 1)),
        ("pin-short-root", format!("{base}pin 5 AAAA\n")),
        ("pin-size-zero", format!("{base}pin 0 {}\n", "AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=")),
        ("carriage-return", base.replacen(" - -\n", " - -\r\n", 1)),
    ];
    for (name, text) in faults {
        assert!(!add(name, text), "{name}");
    }
}

fn refusal_json(r: &Refusal) -> Json {
    json!({ "code": r.code as u64, "field": r.field, "record": r.record.map(|(a, s)| [a, s]) })
}

fn story(w: &World) -> Json {
    let commits: Vec<Json> = w.commits.iter().map(|c| {
        let results: Vec<Json> = c.answers.iter().map(|a| match a {
            Err(r) => json!({ "refused": refusal_json(r) }),
            Ok(results) => json!({ "results": results.iter().map(|r| match r {
                Ok(a) => json!({ "account": a.account, "sequence": a.sequence, "state_root": a.state_root.to_string() }),
                Err(r) => refusal_json(r),
            }).collect::<Vec<_>>() }),
        }).collect();
        json!({ "time": c.time.seconds(), "postings": c.postings.iter().map(hex::encode).collect::<Vec<_>>(),
            "record_seeds": c.seeds.iter().map(Seed::to_string).collect::<Vec<_>>(), "results": results, "size": c.size,
            "root": c.root.to_string(), "directory_size": c.directory.0, "directory_root": c.directory.1.to_string(),
            "checkpoint": c.checkpoint })
    }).collect();
    json!({ "note": "postings, and what the ledger makes of them", "expect": "valid", "origin": w.book.origin.as_str(),
        "operator_seed": hex::encode(w.book.operator_seed()), "commits": commits })
}

fn stories(all: &mut Vectors) {
    let mut w = World::lived();
    put(all, "story/a-month", story(&w));
    let (lin, wang, fund) = (w.lin.at(), w.wang.at(), w.fund.at());
    // One commit for each refusal, in one story: each must leave the ledger as it was, or recorded with its list.
    let late = 400;
    let cases = vec![
        vec![w.platform.contribute(late, lin, fund, Source::Platform, 202609, 1, "2026-09/lin")],
        vec![w.platform.contribute(late, lin, fund, Source::Platform, 202612, 1, "future")],
        vec![w.platform.contribute(late, lin, wang, Source::Platform, 202609, 1, "no fund")],
        vec![w.platform.contribute(late, lin, fund, Source::Subsidy, 202609, 1, "no role")],
        vec![w.platform.correct(late, lin, 1, 202609, None)],
        vec![w.platform.correct(late, wang, 1, 202609, None)],
        vec![w.platform.correct(late, lin, 3, 202609, None)],
    ];
    for case in cases {
        let posting = w.platform.post(late, case);
        w.commit(late, &[posting]);
    }
    let mixed = vec![
        w.platform.contribute(late, lin, fund, Source::Platform, 202610, 10, "good"),
        w.platform.contribute(late, lin, fund, Source::Platform, 202610, 10, "good"),
        w.platform.contribute(late, wang, fund, Source::Platform, 202610, 11, "good"),
    ];
    let each = w.platform.post(late, mixed.clone());
    w.commit(late, std::slice::from_ref(&each));
    w.commit(late, &[each]);
    let all_or_nothing = w.platform.post_with(late, mixed, true);
    w.commit(late, &[all_or_nothing]);
    let settle = vec![
        w.fund.settle(late, lin, 3, 202609, pension(19_999)),
        w.fund.settle(late, wang, 1, 202609, pension(145_400)),
    ];
    let settle = w.fund.post(late, settle);
    w.commit(late, &[settle]);
    let stolen = vec![w.lin.contribute(late, lin, fund, Source::Self_, 202610, 1, "stolen")];
    let stolen = Posting::sign(&origin(), Some(lin), seed("s", 1), time(late), false, stolen, &w.wang.key());
    w.commit(late, &[stolen]);
    let rotation = w.lin.rotate(late);
    w.commit(late, &[rotation]);
    let registrar = w.registrar.at();
    let platform = w.platform.at();
    let revoke = w.registrar.say(late, platform, Some(1), None, &Body::Revoked(Revoked { who: registrar }));
    let revoke = w.registrar.post(late, vec![revoke]);
    let after = vec![w.platform.contribute(late, lin, fund, Source::Platform, 202610, 5, "revoked")];
    let after = w.platform.post(late, after);
    w.commit(late, &[revoke, after]);
    put(all, "story/refusals", story(&w));
}

/// Mei has lost her words; two of her three guardians and a bureau know her. Whoever has her old phone says no, once.
fn recoveries(all: &mut Vectors) {
    let r = Recovered::told();
    put(all, "story/recovery", story(&r.world));
}

fn receipts(all: &mut Vectors) {
    let w = World::lived();
    let posting = w.commits[3].postings[0].clone();
    let checked = Posting::receive(&posting, &origin()).unwrap();
    let receipt = w.book.receipt(&checked.digest()).clone();
    let mut add = |name: &str, expect: &str, bytes: Vec<u8>| {
        let found = match Receipt::from_bytes(&bytes) {
            Err(_) => "malformed",
            Ok(r) => match r.check(&checked, &operator_key()) {
                Ok(_) => "valid",
                Err(peal_spec::receipt::BadReceipt::Checkpoint) => "bad-checkpoint",
                Err(peal_spec::receipt::BadReceipt::Content(_)) => "bad-receipt",
            },
        };
        assert_eq!(found, expect, "{name}");
        put(
            all,
            &format!("receipt/{name}"),
            json!({ "note": name.replace('-', " "), "expect": expect, "posting": hex::encode(&posting),
            "receipt": hex::encode(&bytes), "key": operator_key().to_string() }),
        );
    };
    add("three-statements", "valid", receipt.to_bytes());
    let mut bad = |name: &str, expect: &str, change: &dyn Fn(&mut Receipt)| {
        let mut r = receipt.clone();
        change(&mut r);
        add(name, expect, r.to_bytes());
    };
    let edit =
        |r: &mut Receipt, f: &dyn Fn(&mut peal_spec::receipt::Accepted)| f(r.results[0].as_mut().unwrap());
    bad("other-account", "bad-receipt", &|r| edit(r, &|a| a.account = 6));
    bad("other-sequence", "bad-receipt", &|r| edit(r, &|a| a.sequence = 9));
    bad("other-state", "bad-receipt", &|r| edit(r, &|a| a.state_root = Hash([0; 32])));
    bad("other-salt", "bad-receipt", &|r| edit(r, &|a| a.log_salt = Seed([0; 16])));
    bad("other-time", "bad-receipt", &|r| r.time = time(0));
    bad("other-place", "bad-receipt", &|r| r.first = r.first.map(|f| f + 1));
    bad("no-place", "bad-receipt", &|r| r.first = None);
    bad("other-posting", "bad-receipt", &|r| r.posting = Hash([0; 32]));
    bad("result-missing", "bad-receipt", &|r| {
        r.results.pop();
    });
    bad("result-said-refused", "bad-receipt", &|r| {
        r.results[1] = Err(Refusal::new(peal_spec::refusal::Code::Settled, "refers"))
    });
    bad("checkpoint-of-another-size", "bad-checkpoint", &|r| {
        r.checkpoint = r.checkpoint.replacen(&format!("\n{}\n", w.commits[3].size), "\n99\n", 1);
    });
    bad("checkpoint-later", "bad-receipt", &|r| r.checkpoint = w.book.checkpoint.clone());
    let bytes = receipt.to_bytes();
    add("cut", "malformed", bytes[..bytes.len() - 1].to_vec());
}

/// What of a verdict stands in a vector. Engagements, awards and claims are named where some are shown.
fn verdict_json(v: &Verdict) -> Json {
    let issuers =
        v.issuers.iter().map(|i| (i.address.clone(), json!(if i.proved { "proved" } else { "not checked" })));
    let mut shown = json!({ "standings": v.entries.iter().map(|e| e.standing.word()).collect::<Vec<_>>(),
        "issuers": issuers.collect::<serde_json::Map<_, _>>(), "complete": v.complete, "freshness": v.freshness, "records": {
            "total": v.records.total, "contents": v.records.contents, "headers": v.records.headers, "hidden": v.records.hidden } });
    let word = |void| match void {
        Some(true) => "void",
        Some(false) => "standing",
        None => "not-known",
    };
    if !v.engagements.is_empty() {
        shown["engagements"] = v.engagements.iter().map(|e| word(e.void)).collect();
    }
    if !v.awards.is_empty() {
        shown["awards"] = v.awards.iter().map(|a| json!({ "void": a.void, "paid": a.paid })).collect();
    }
    if !v.claims.is_empty() {
        let word = |claim: &verify::ClaimShown| claim.stage.map_or(json!("not-known"), |stage| json!(stage));
        shown["claims"] = v.claims.iter().map(word).collect();
    }
    if !v.erased.is_empty() {
        shown["erased"] = json!(v.erased);
    }
    if !v.identities.is_empty() {
        let shown_as = |i: &verify::IdentityShown| json!({ "sequence": i.sequence, "issuer": i.issuer, "commitment": i.commitment, "stands": i.stands });
        shown["identities"] = v.identities.iter().map(shown_as).collect();
    }
    if !v.links.is_empty() {
        let shown_as = |l: &verify::LinkShown| json!({ "sequence": l.sequence, "issuer": l.issuer, "other": l.other, "stands": l.stands });
        shown["links"] = v.links.iter().map(shown_as).collect();
    }
    shown
}

fn cell_json(cell: &Cell) -> Json {
    match cell {
        Cell::Totals(t) => {
            let sums = [t.posted, t.posted_credited, t.settled, t.settled_credited];
            json!([2, t.insurance.code(), t.currency.to_string(), sums[0], sums[1], sums[2], sums[3]])
        }
        Cell::Months { insurance, runs, months, settled } => {
            let runs: Vec<Json> = runs.iter().map(|(first, count)| json!([first.number(), count])).collect();
            json!([3, insurance.code(), runs, months, settled])
        }
        Cell::Flows(f) => {
            let sums = [f.refunded, f.refunded_credited, f.paid, f.interest];
            json!([5, f.insurance.code(), f.currency.to_string(), sums[0], sums[1], sums[2], sums[3]])
        }
        other => panic!("{other:?} is no sum"),
    }
}

/// The totals, months and fund cells that a proof opens on the last record, and whether they were recomputed.
fn sums_json(proof: &Proof, v: &Verdict) -> Json {
    let (mut totals, mut months, mut flows) = (v.totals.iter(), v.months.iter(), v.flows.iter());
    let last = proof.subject.shown.last().unwrap();
    let cells = last.cells.iter().map(|opened| {
        let basis = match &opened.cell {
            Cell::Totals(_) => totals.next().unwrap().basis,
            Cell::Months { .. } => months.next().unwrap().basis,
            Cell::Flows(_) => flows.next().unwrap().basis,
            other => panic!("{other:?} is no sum"),
        };
        let basis = if basis == Basis::Recomputed { "recomputed" } else { "asserted by the ledger" };
        let cell = cell_json(&opened.cell);
        json!({ "sequence": last.record.sequence, "cell": cell, "basis": basis })
    });
    cells.collect()
}

/// A proof of which the vector says, too, whether its sums were recomputed.
fn put_summed(all: &mut Vectors, name: &str, expect: &str, proof: &Proof, trust: &Trust, now: Time) {
    put_proof(all, name, expect, &proof.to_file(), trust, now);
    if let Ok(v) = verify::verify(proof, trust, now) {
        all.get_mut(&format!("proof/{name}")).unwrap()["verdict"]["totals"] = sums_json(proof, &v);
    }
}

fn put_proof(all: &mut Vectors, name: &str, expect: &str, file: &[u8], trust: &Trust, now: Time) {
    let verdict = verify::verify_file(file, trust, now);
    let (found, shown) = match &verdict {
        Ok(v) => ("valid", verdict_json(v)),
        Err(None) => ("foreign", Json::Null),
        Err(Some(f)) => (f.name, Json::Null),
    };
    assert_eq!(found, expect, "{name}: {verdict:?}");
    put(
        all,
        &format!("proof/{name}"),
        json!({ "note": name.replace('-', " "), "expect": expect, "file": hex::encode(file),
        "trust": trust.to_string(), "now": now.seconds(), "verdict": shown }),
    );
}

fn select(show: Show, withhold: &[&str]) -> Selection {
    Selection { show, withhold: withhold.iter().map(|s| (*s).to_owned()).collect() }
}

fn proofs(all: &mut Vectors) {
    let w = World::lived();
    let lin = w.lin.at();
    let (witness_key, witness_private) = witness();
    let copy = w.book.copy(lin.number, 0, None);
    let now = time(1000);
    let mut add = |name: &str, expect: &str, file: Vec<u8>, trust: &Trust, now: Time| {
        put_proof(all, name, expect, &file, trust, now);
    };
    let whole = copy.prove(&select(Show::Whole, &[])).unwrap();
    let file = whole.to_file();
    let t = trust();
    add("whole", "valid", file.clone(), &t, now);
    let months = copy.prove(&select(Show::Months(month(202609), month(202609)), &[])).unwrap();
    add("one-month", "valid", months.to_file(), &t, now);
    let own_month = copy.prove(&select(Show::Months(month(202610), month(202610)), &[])).unwrap();
    add("own-month", "valid", own_month.to_file(), &t, now);
    let totals = copy.prove(&select(Show::Totals, &[])).unwrap();
    add("totals", "valid", totals.to_file(), &t, now);
    let withheld = copy.prove(&select(Show::Whole, &["who", "evidence"])).unwrap();
    add("payers-withheld", "valid", withheld.to_file(), &t, now);
    add("stale", "valid", file.clone(), &t, time(2_000_000));
    let mut issuers_gone = whole.clone();
    issuers_gone.issuers.clear();
    add("issuers-not-proved", "valid", issuers_gone.to_file(), &t, now);

    let r = Recovered::told();
    let mei = r.world.book.copy(r.mei.at().number, 0, None);
    let recovered = mei.prove(&select(Show::Whole, &[])).unwrap();
    let later = r.now;
    assert!(verify::verify(&recovered, &t, later).unwrap().issuers.iter().all(|i| i.proved));
    add("recovered", "valid", recovered.to_file(), &t, later);
    // Without the guardians' accounts it is only not known whether they said so.
    let mut nobody_known = recovered.clone();
    nobody_known.issuers.clear();
    add("recovered-guardians-not-proved", "valid", nobody_known.to_file(), &t, later);
    let own = mei.prove(&select(Show::Months(month(202610), month(202610)), &[])).unwrap();
    add("recovered-own-month", "valid", own.to_file(), &t, later);
    for (name, cheat) in [
        ("recovered-too-early", Cheat::TooEarly),
        ("recovered-by-too-few", Cheat::TooFew),
        ("recovered-by-whom-she-vetoed", Cheat::Vetoed),
    ] {
        let r = Recovered::by(cheat);
        let copy = r.world.book.copy(r.mei.at().number, 0, None);
        let proof = copy.prove(&select(Show::Whole, &[])).unwrap();
        add(name, "bad-issuer", proof.to_file(), &t, r.now);
    }

    add("head-still-to-come", "bad-head", file.clone(), &t, Time::new(START - 1_000).unwrap());
    // Whether a correction is a void stands only in its amount.
    let wang = w.book.copy(w.wang.at().number, 0, None);
    let amounts_withheld = wang.prove(&select(Show::Whole, &["amount"])).unwrap();
    assert!(
        amounts_withheld
            .subject
            .shown
            .iter()
            .flat_map(|s| &s.cells)
            .all(|c| { !matches!(c.cell, peal_spec::state::Cell::Totals(_)) }),
        "a total would give the withheld amount away"
    );
    add("void-with-its-amount-withheld", "valid", amounts_withheld.to_file(), &t, now);
    let mut void_as_header = wang.prove(&select(Show::Whole, &[])).unwrap();
    let last_of_wang = void_as_header.subject.shown.last_mut().unwrap();
    (last_of_wang.opening, last_of_wang.link) = (None, None);
    last_of_wang.cells.clear();
    add("void-as-a-header", "valid", void_as_header.to_file(), &t, now);
    add("voided", "valid", wang.prove(&select(Show::Whole, &[])).unwrap().to_file(), &t, now);

    // The trust list decides.
    let mut witnessed = t.clone();
    witnessed.ledgers[0].witnesses.push(witness_key.clone());
    witnessed.ledgers[0].need_witnesses = 1;
    add("not-witnessed", "not-witnessed", file.clone(), &witnessed, now);
    let cosign = |at: Time| {
        let mut p = whole.clone();
        let mut note: Note = p.checkpoint.parse().unwrap();
        note.cosign(&witness_key.name, &witness_private, at);
        p.checkpoint = note.to_string();
        p.to_file()
    };
    add("witnessed", "valid", cosign(time(301)), &witnessed, now);
    add(
        "witnessed-long-before",
        "not-witnessed",
        cosign(Time::new(START - 10_000).unwrap()),
        &witnessed,
        now,
    );
    let mut audited = t.clone();
    audited.ledgers[0].auditors.push(witness_key.clone());
    audited.ledgers[0].need_auditors = 1;
    add("not-audited", "not-audited", file.clone(), &audited, now);
    let mut other = t.clone();
    other.ledgers[0].origin = "other.example".parse().unwrap();
    other.ledgers[0].operators[0].key.name = "other.example".parse().unwrap();
    add("unknown-ledger", "unknown-ledger", file.clone(), &other, now);
    let mut other_key = t.clone();
    other_key.ledgers[0].operators[0].key.key = PrivateKey::new(&[9; 32]).public();
    add("other-operator-key", "bad-checkpoint", file.clone(), &other_key, now);
    let mut ended = t.clone();
    ended.ledgers[0].operators[0].until = Some(time(300));
    add("operator-key-no-longer-valid", "bad-checkpoint", file.clone(), &ended, now);
    let size = w.book.log.len() as u64;
    let mut pinned = t.clone();
    pinned.ledgers[0].pins.push(Pin { size, root: Hash([0; 32]) });
    add("pinned-otherwise", "pin", file.clone(), &pinned, now);
    let mut final_before = t.clone();
    final_before.ledgers[0].last = Some(Pin { size: size - 1, root: Hash([0; 32]) });
    add("after-the-final", "pin", file.clone(), &final_before, now);

    // The file.
    for (name, at) in [
        ("first-byte-flipped", 0),
        ("title-flipped", 5),
        ("body-flipped", 400),
        ("end-flipped", file.len() - 2),
    ] {
        let mut bad = file.clone();
        bad[at] ^= 1;
        add(name, "damaged", bad, &t, now);
    }
    add("cut", "damaged", file[..file.len() / 2].to_vec(), &t, now);
    add("foreign", "foreign", b"%PDF-1.7".to_vec(), &t, now);
    add("empty", "foreign", vec![], &t, now);

    // What a cheating ledger or holder might try, each with a good digest.
    let mut bad = |name: &str, expect: &str, from: &Proof, change: &dyn Fn(&mut Proof)| {
        let mut p = from.clone();
        change(&mut p);
        add(name, expect, p.to_file(), &t, now);
    };
    bad("checkpoint-size-changed", "bad-checkpoint", &whole, &|p| {
        p.checkpoint = p.checkpoint.replacen(&format!("\n{size}\n"), "\n99\n", 1)
    });
    bad("checkpoint-unsigned", "bad-checkpoint", &whole, &|p| {
        p.checkpoint = p.checkpoint.split("\n\n").next().unwrap().to_owned() + "\n"
    });
    bad("head-time-changed", "bad-head", &whole, &|p| p.head.commit.time = time(301));
    bad("head-directory-changed", "bad-head", &whole, &|p| p.head.commit.directory_root = Hash([0; 32]));
    bad("head-path-cut", "bad-head", &whole, &|p| {
        p.head.path.pop();
    });
    bad("account-shrunk", "bad-directory", &whole, &|p| {
        p.subject.shown.pop();
        p.subject.size -= 1;
    });
    bad("record-hidden-without-proof", "bad-account", &whole, &|p| drop(p.subject.shown.remove(3)));
    bad("record-said-to-be-another-months", "bad-directory", &whole, &|p| {
        p.subject.shown[2].record.month = Some(month(202601))
    });
    bad("records-swapped", "bad-account", &whole, &|p| p.subject.shown.swap(1, 2));
    bad("address-swapped", "bad-directory", &whole, &|p| p.subject.address.number = 6);
    bad("id-swapped", "bad-directory", &whole, &|p| p.subject.address.id = Hash([0; 32]));
    bad("number-beyond-directory", "bad-directory", &whole, &|p| p.subject.address.number = 700);
    bad("amount-changed", "bad-statement", &whole, &|p| {
        let opening = p.subject.shown[1].opening.as_mut().unwrap();
        let Facet::Shown(salt, _) = opening.0[3].clone() else { panic!() };
        opening.0[3] = Facet::Shown(salt, pension(999_999).to_bytes());
    });
    bad("salt-changed", "bad-statement", &whole, &|p| {
        let opening = p.subject.shown[1].opening.as_mut().unwrap();
        let Facet::Shown(_, value) = opening.0[3].clone() else { panic!() };
        opening.0[3] = Facet::Shown(Seed([0; 16]), value);
    });
    bad("facet-dropped", "bad-statement", &whole, &|p| {
        p.subject.shown[1].opening.as_mut().unwrap().0.pop();
    });
    bad("head-withheld", "bad-statement", &whole, &|p| {
        let opening = p.subject.shown[1].opening.as_mut().unwrap();
        opening.0[0] = Facet::Withheld(opening.0[0].leaf(0));
    });
    bad("statement-of-another-record", "bad-statement", &whole, &|p| {
        p.subject.shown[1].opening = p.subject.shown[2].opening.clone();
    });
    bad("posting-missing", "bad-posting", &whole, &|p| {
        p.postings.pop();
    });
    bad("posting-of-another", "bad-posting", &whole, &|p| {
        p.subject.shown[1].link.as_mut().unwrap().posting = 0
    });
    bad("posting-signature-flipped", "bad-posting", &whole, &|p| *p.postings[1].last_mut().unwrap() ^= 1);
    bad("posting-path-cut", "bad-posting", &whole, &|p| {
        p.subject.shown[1].link.as_mut().unwrap().path.pop();
    });
    bad("issuer-roles-withheld", "bad-issuer", &whole, &|p| {
        p.issuers.iter_mut().for_each(|v| v.shown.iter_mut().for_each(|s| s.cells.truncate(1)))
    });
    bad("issuer-keys-withheld", "bad-issuer", &whole, &|p| {
        p.issuers[0].shown.iter_mut().for_each(|s| drop(s.cells.remove(0)))
    });
    bad("issuer-twice", "bad-account", &whole, &|p| {
        let view = p.issuers[0].clone();
        p.issuers.push(view);
    });
    bad("issuer-grown", "bad-account", &whole, &|p| p.issuers[0].size += 1);
    let last = whole.subject.shown.len() - 1;
    let edit = |p: &mut Proof, f: &dyn Fn(&mut CellOpening)| f(&mut p.subject.shown[last].cells[0]);
    bad("total-changed", "bad-cell", &whole, &|p| {
        edit(p, &|c| {
            if let peal_spec::state::Cell::Totals(t) = &mut c.cell {
                t.posted += 1;
            }
        })
    });
    bad("cell-of-another-place", "bad-cell", &whole, &|p| edit(p, &|c| c.index = 3));
    bad("cell-twice", "bad-cell", &whole, &|p| {
        let cell = p.subject.shown[last].cells[0].clone();
        p.subject.shown[last].cells.push(cell);
    });
    bad("totals-of-an-earlier-record", "bad-cell", &totals, &|p| {
        p.subject.shown[0].cells[0].salt = Seed([1; 16])
    });

    // A ledger that records what its rules refuse: everything hangs together, and the verifier still says no.
    let mut cheat = |name: &str, expect: &str, make: &dyn Fn(&mut World) -> Vec<Posting>| {
        let mut w = World::lived();
        w.book.cheats = true;
        for posting in make(&mut w) {
            assert!(w.commit(400, &[posting])[0].as_ref().unwrap().iter().all(Result::is_ok), "{name}");
        }
        let copy = w.book.copy(w.lin.at().number, 0, None);
        let proof = copy.prove(&select(Show::Whole, &[])).unwrap();
        add(name, expect, proof.to_file(), &t, now);
    };
    cheat("cheat-settled-twice", "bad-reference", &|w| {
        let about = w.lin.at();
        let s = w.fund.settle(400, about, 1, 202609, pension(145_400));
        vec![w.fund.post(400, vec![s])]
    });
    cheat("cheat-settled-by-another-fund", "bad-reference", &|w| {
        let (about, registrar, other) = (w.lin.at(), &mut w.registrar, w.other_fund.at());
        let role = registrar.grant(400, other, peal_spec::role::Role::Fund, &[], None);
        let s = w.other_fund.settle(400, about, 3, 202609, pension(20_000));
        vec![w.registrar.post(400, vec![role]), w.other_fund.post(400, vec![s])]
    });
    cheat("cheat-settled-at-another-amount", "bad-reference", &|w| {
        let about = w.lin.at();
        let s = w.fund.settle(400, about, 3, 202609, pension(20_005));
        vec![w.fund.post(400, vec![s])]
    });
    cheat("cheat-corrected-by-another", "bad-reference", &|w| {
        let about = w.lin.at();
        let s = w.platform.correct(400, about, 3, 202609, None);
        vec![w.platform.post(400, vec![s])]
    });
    cheat("cheat-corrected-after-settlement", "bad-reference", &|w| {
        let about = w.lin.at();
        let s = w.platform.correct(400, about, 1, 202609, Some(pension(1)));
        vec![w.platform.post(400, vec![s])]
    });
    cheat("cheat-platform-without-role", "bad-issuer", &|w| {
        let (about, fund) = (w.lin.at(), w.fund.at());
        let s = w.wang.contribute(400, about, fund, Source::Platform, 202609, 5, "x");
        vec![w.wang.post(400, vec![s])]
    });
    cheat("cheat-signed-by-a-key-not-its-own", "bad-issuer", &|w| {
        let (about, fund) = (w.lin.at(), w.fund.at());
        let s = w.platform.contribute(400, about, fund, Source::Platform, 202609, 5, "x");
        vec![Posting::sign(
            &origin(),
            Some(w.platform.at()),
            seed("c", 1),
            time(400),
            false,
            vec![s],
            &w.wang.key(),
        )]
    });
    cheat("cheat-self-payment-by-a-stranger", "bad-issuer", &|w| {
        let (about, fund) = (w.lin.at(), w.fund.at());
        let s = w.lin.contribute(400, about, fund, Source::Self_, 202609, 5, "x");
        vec![Posting::sign(&origin(), Some(about), seed("c", 1), time(400), false, vec![s], &w.wang.key())]
    });
    cheat("cheat-rotated-to-an-uncommitted-key", "bad-issuer", &|w| {
        let (about, keys) = (w.lin.at(), w.lin.keys(5));
        let s = w.lin.say(400, about, None, None, &Body::Rotated(Rotated { who: about, keys }));
        vec![Posting::sign(
            &origin(),
            Some(about),
            seed("c", 1),
            time(400),
            false,
            vec![s],
            &w.lin.chain.signing(5),
        )]
    });
    cheat("cheat-rotated-by-a-stranger", "bad-issuer", &|w| {
        let (about, platform) = (w.lin.at(), w.platform.at());
        let keys = Keys { key: w.platform.key().public(), ..w.lin.keys(1) };
        let s = w.platform.say(400, about, None, None, &Body::Rotated(Rotated { who: platform, keys }));
        vec![w.platform.post(400, vec![s])]
    });
    cheat("cheat-self-payment-by-a-platform", "bad-issuer", &|w| {
        let (about, fund) = (w.lin.at(), w.fund.at());
        let s = w.platform.contribute(400, about, fund, Source::Self_, 202609, 5, "x");
        vec![w.platform.post(400, vec![s])]
    });
    cheat("cheat-role-by-no-registrar", "bad-issuer", &|w| {
        let about = w.lin.at();
        let s = w.platform.grant(400, about, peal_spec::role::Role::Fund, &[], None);
        vec![w.platform.post(400, vec![s])]
    });
}

fn signed_reads(all: &mut Vectors) {
    let key = PrivateKey::new(&[3; 32]);
    let address = Address { number: 5, id: Hash([5; 32]) }.to_string();
    let request = Request {
        method: "GET",
        authority: "ledger.example",
        path: "/v1/accounts/x/records",
        query: "?from=3",
    };
    let parameters = signed_read::parameters(START, &address);
    let base = signed_read::base(&request, &parameters);
    let signature = key.sign(base.as_bytes());
    let encode = |s: &[u8]| {
        use base64::Engine as _;
        format!("peal=:{}:", base64::engine::general_purpose::STANDARD.encode(s))
    };
    let mut add = |name: &str, expect: &str, query: &str, signature: [u8; 64]| {
        let base = signed_read::base(&Request { query, ..request.clone() }, &parameters);
        assert_eq!(key.public().verifies(base.as_bytes(), &signature), expect == "valid", "{name}");
        put(
            all,
            &format!("signed-read/{name}"),
            json!({ "note": name.replace('-', " "), "expect": expect, "method": "GET",
            "authority": request.authority, "path": request.path, "query": query, "input": format!("peal={parameters}"),
            "signature": encode(&signature), "key": hex::encode(key.public().0), "base": base }),
        );
    };
    add("records", "valid", "?from=3", signature);
    add("query-changed", "bad-signature", "?from=0", signature);
    let mut flipped = signature;
    flipped[0] ^= 1;
    add("signature-flipped", "bad-signature", "?from=3", flipped);
}

fn records(all: &mut Vectors) {
    let w = World::lived();
    let copy = w.book.copy(w.lin.at().number, 0, None);
    let row = copy.rows.iter().find(|r| r.record.month == Some(month(202610))).unwrap();
    let salt = peal_spec::record::log_salt(&row.seed);
    put(
        all,
        "record/self-payment",
        json!({ "note": "the record of a self-payment, and the ledger's salts for it", "expect": "valid",
        "record": hex::encode(row.record.to_bytes()), "leaf": row.record.leaf().to_string(), "record_seed": row.seed.to_string(),
        "log_salt": salt.to_string(), "commitment": row.record.commitment(&salt).to_string(),
        "blind": peal_spec::record::blind(&row.seed).to_string() }),
    );
    let commitment = row.record.commitment(&salt);
    let leaf_of_record = peal_spec::log::LogLeaf::Record(commitment);
    let end = peal_spec::log::LogLeaf::Commit(copy.head.commit);
    put(
        all,
        "record/commit",
        json!({ "note": "the log leaf of that record, and a commit leaf", "expect": "valid",
        "log_leaf": hex::encode(leaf_of_record.data()), "log_leaf_hash": leaf_of_record.leaf().to_string(),
        "commit_leaf": hex::encode(end.data()), "commit_leaf_hash": end.leaf().to_string(),
        "directory_size": copy.head.commit.directory_size, "directory_root": copy.head.commit.directory_root.to_string(),
        "time": copy.head.commit.time.seconds() }),
    );
}

/// A vector as the page shows it: a line a field, long values folded.
fn render(vector: &Json) -> String {
    let mut out = String::new();
    for (name, value) in vector.as_object().unwrap() {
        if matches!(name.as_str(), "note" | "expect" | "verdict") || value.is_null() {
            continue;
        }
        let text = match value {
            Json::String(s) => s.trim_end().to_owned(),
            Json::Array(items) => items
                .iter()
                .map(|i| i.as_str().map_or(i.to_string(), str::to_owned))
                .collect::<Vec<_>>()
                .join("\n"),
            other => other.to_string(),
        };
        for (i, line) in text.lines().enumerate() {
            let parts: Vec<char> = line.chars().collect();
            for (j, part) in parts.chunks(112).enumerate() {
                let label = if i == 0 && j == 0 { name.as_str() } else { "" };
                out += format!("{label:<15} {}\n", part.iter().collect::<String>()).trim_end();
                out += "\n";
            }
            if parts.is_empty() {
                out += "\n";
            }
        }
    }
    out
}

/// The page with its examples filled in from the vectors.
fn page_with_examples(page: &str, all: &Vectors) -> String {
    let mut parts = page.split("<!-- vector: ");
    let mut out = parts.next().unwrap().to_owned();
    for part in parts {
        let (path, rest) = part.split_once(" -->\n```\n").unwrap();
        let after = rest.split_once("```\n").unwrap().1;
        let vector = all.get(path).unwrap_or_else(|| panic!("the page shows {path}, which is no vector"));
        out += &format!("<!-- vector: {path} -->\n```\n{}```\n{after}", render(vector));
    }
    out
}

#[test]
fn what_is_kept_is_what_the_code_gives() {
    let mut all = Vectors::new();
    addresses(&mut all);
    trees(&mut all);
    cbor(&mut all);
    statements(&mut all);
    postings(&mut all);
    notes(&mut all);
    trusts(&mut all);
    stories(&mut all);
    recoveries(&mut all);
    receipts(&mut all);
    proofs(&mut all);
    signed_reads(&mut all);
    records(&mut all);
    work::statements(&mut all);
    work::stories(&mut all);
    work::proofs(&mut all);
    rights::statements(&mut all);
    rights::proofs(&mut all);
    rights::stories(&mut all);
    identity::commitments(&mut all);
    identity::statements(&mut all);
    identity::stories(&mut all);
    identity::proofs(&mut all);
    erasure::statements(&mut all);
    erasure::stories(&mut all);
    erasure::proofs(&mut all);
    moving::statements(&mut all);
    moving::stories(&mut all);
    moving::proofs(&mut all);
    let refusals = all.values().filter(|v| v["expect"] != "valid").count();
    assert!(refusals * 2 > all.len(), "most vectors are refusals: {refusals} of {}", all.len());

    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    if std::env::var_os("PEAL_WRITE_VECTORS").is_some() {
        let _ = std::fs::remove_dir_all(&folder);
        for (path, value) in &all {
            let file = folder.join(path).with_extension("json");
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, serde_json::to_string_pretty(value).unwrap() + "\n").unwrap();
        }
    }
    for name in ["README.md", "moving.md"] {
        let page_file = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        let page = std::fs::read_to_string(&page_file).unwrap();
        let filled = page_with_examples(&page, &all);
        if std::env::var_os("PEAL_WRITE_VECTORS").is_some() {
            std::fs::write(&page_file, &filled).unwrap();
        } else {
            assert!(page == filled, "an example in spec/{name} is not its vector");
        }
    }
    for (path, value) in &all {
        let file = folder.join(path).with_extension("json");
        let kept: Json =
            serde_json::from_slice(&std::fs::read(&file).unwrap_or_default()).unwrap_or_default();
        assert_eq!(kept, *value, "{path} differs from what is kept");
    }
    let kept: usize = std::fs::read_dir(&folder)
        .unwrap()
        .map(|d| std::fs::read_dir(d.unwrap().path()).unwrap().count())
        .sum();
    assert_eq!(kept, all.len(), "a file in spec/vectors is made by nothing");
}
