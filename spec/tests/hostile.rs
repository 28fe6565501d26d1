//! Bytes from outside: no decoder panics, and what decodes is what its encoder writes.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod book;
mod cast;
mod world;

use cast::*;
use peal_spec::address::Address;
use peal_spec::cbor::{Cbor, Item};
use peal_spec::copy::{Copy, Selection, Show};
use peal_spec::hash::{Hash, Seed};
use peal_spec::key::PrivateKey;
use peal_spec::ledgers::{Block, Directory, Pinned, Url};
use peal_spec::log::LogLeaf;
use peal_spec::note::{Checkpoint, KeyType, Note, VerifierKey};
use peal_spec::posting::{Posting, Signed};
use peal_spec::proof::Proof;
use peal_spec::receipt::Receipt;
use peal_spec::record::Record;
use peal_spec::state::Cell;
use peal_spec::statement::{Head, Shape, Statement, Type};
use peal_spec::tokens::{SignedTokens, Tokens};
use peal_spec::trust::{Ledger, Trust};
use peal_spec::value::Insurance;
use peal_spec::{signed_read, tree, verify};
use proptest::prelude::*;
use world::World;

fn round_trip<T: Cbor>(bytes: &[u8]) {
    if let Ok(value) = T::from_bytes(bytes) {
        assert_eq!(value.to_bytes(), bytes, "what decodes re-encodes to itself");
    }
}

fn every_decoder(bytes: &[u8]) {
    round_trip::<Item>(bytes);
    round_trip::<Statement>(bytes);
    round_trip::<Head>(bytes);
    round_trip::<Posting>(bytes);
    round_trip::<Record>(bytes);
    round_trip::<Cell>(bytes);
    round_trip::<Receipt>(bytes);
    round_trip::<Copy>(bytes);
    round_trip::<Proof>(bytes);
    round_trip::<LogLeaf>(bytes);
    round_trip::<SignedTokens>(bytes);
    if let Ok(signed) = Signed::read(bytes) {
        assert_eq!(signed.cose(), bytes);
    }
    let _ = Proof::from_file(bytes);
    if let Ok(statement) = Statement::from_bytes(bytes)
        && let Ok(body) = statement.body()
    {
        assert_eq!(body.facets(), statement.facets);
    }
    for kind in Type::ALL {
        for shape in kind.shapes() {
            let _: Result<_, _> = Shape::read(*shape, bytes);
        }
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = text.parse::<Note>().map(|n| assert_eq!(n.to_string().parse::<Note>().unwrap(), n));
        let _ = text.parse::<Checkpoint>().map(|c| assert_eq!(c.to_string(), text));
        let _ = text.parse::<VerifierKey>().map(|k| assert_eq!(k.to_string(), text));
        let _ = text.parse::<Trust>().map(|t| assert_eq!(t.to_string().parse::<Trust>().unwrap(), t));
        let _ = text.parse::<Directory>().map(|d| assert_eq!(d.to_string(), text));
        let _ = text.parse::<Url>().map(|u| assert_eq!(u.to_string(), text));
        let _ = text.parse::<Pinned>().map(|p| assert_eq!(p.to_string().parse::<Pinned>().unwrap(), p));
        let _ = peal_spec::ledgers::blocks(text);
        let _ = Pinned::new(directory_key()).accept(text, time(1000));
        let _ = text.parse::<peal_spec::address::Address>();
        let _ = text.parse::<peal_spec::value::Time>().map(|t| assert_eq!(t.to_string(), text));
        let _ = text.parse::<peal_spec::value::Month>().map(|m| assert_eq!(m.to_string(), text));
        let _ = cny().parse_amount(text);
        let _ = signed_read::read_input(text);
    }
}

fn directory_key() -> VerifierKey {
    VerifierKey { name: origin(), kind: KeyType::Ed25519, key: PrivateKey::new(&[1; 32]).public() }
}

fn directory() -> Directory {
    let url = Some("https://ledger.example/peal".parse().unwrap());
    let barred = Some("it has signed two logs".parse().unwrap());
    let blocks = vec![Block { ledger: Ledger::new(origin(), directory_key()), url, barred }];
    let (issued, expires, next) = (time(0), time(2000), Some(directory_key()));
    Directory { name: origin(), version: 12, issued, expires, next, blocks }
}

fn tokens() -> SignedTokens {
    let marks = (0..5).map(|n| Seed([n; 16])).collect();
    let bureau = Address { number: 5, id: Hash([5; 32]) };
    let with = "other.example".parse().unwrap();
    let tokens = Tokens { origin: origin(), bureau, with, nonce: Seed([9; 16]), time: time(5), marks };
    tokens.sign(&PrivateKey::new(&[1; 32]))
}

fn samples() -> Vec<Vec<u8>> {
    let w = World::lived();
    let copy = w.book.copy(w.lin.at().number, 0, Some(3));
    let proof = copy.prove(&Selection { show: Show::Whole, withhold: vec!["who".into()] }).unwrap();
    let posting = w.commits[3].postings[0].clone();
    let digest = Posting::from_bytes(&posting).unwrap().signed.digest();
    let (mut fund, lin) = (w.fund, w.lin.at());
    let pensions = (Insurance::PENSION, fund.at());
    let award = fund.award(lin, pensions, 202611, gives(&[(2, 90_000), (1, 70_000)]), "file 7");
    let interest =
        fund.interest(lin, pensions, 202609, bears(239, &[(4_800, 6), (3_000, 6)], 61_400), "2026");
    vec![
        posting,
        w.book.receipt(&digest).to_bytes(),
        proof.to_file(),
        proof.to_bytes(),
        copy.to_bytes(),
        copy.rows[1].record.to_bytes(),
        copy.rows[1].statement.as_ref().unwrap().to_bytes(),
        w.book.checkpoint.clone().into_bytes(),
        award.to_bytes(),
        interest.to_bytes(),
        directory().to_string().into_bytes(),
        Note::sign(directory().to_string(), &origin(), &PrivateKey::new(&[1; 32])).to_string().into_bytes(),
        tokens().to_bytes(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn arbitrary_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        every_decoder(&bytes);
    }

    #[test]
    fn arbitrary_text(text in "\\PC{0,120}|[0-9a-zA-Z+/=. \\n-]{0,120}") {
        every_decoder(text.as_bytes());
    }

    #[test]
    fn damaged_samples(which in 0usize..13, at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let samples = samples();
        let mut bytes = samples[which].clone();
        let at = at.index(bytes.len());
        if cut { bytes.truncate(at) } else { bytes[at] = byte }
        every_decoder(&bytes);
    }

    #[test]
    fn a_proof_with_one_flipped_bit_is_never_valid(at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let w = World::lived();
        let key = VerifierKey { name: origin(), kind: KeyType::Ed25519, key: w.book.operator().public() };
        let trust = Trust { ledgers: vec![Ledger::new(origin(), key)] };
        let copy = w.book.copy(w.lin.at().number, 0, None);
        let proof = copy.prove(&Selection { show: Show::Whole, withhold: vec![] }).unwrap();
        let mut file = proof.to_file();
        let at_file = at.index(file.len());
        file[at_file] ^= 1 << bit;
        let failure = verify::verify_file(&file, &trust, time(1000)).unwrap_err();
        prop_assert_eq!(failure.unwrap().name, "damaged", "any damage is known for damage");
        // And with the digest made good again: whatever still decodes either fails, or says the very same.
        let mut body = proof.to_bytes();
        let at_body = at.index(body.len());
        body[at_body] ^= 1 << bit;
        if let Ok(changed) = Proof::from_bytes(&body) {
            prop_assert!(verify::verify(&changed, &trust, time(1000)).is_err());
        }
    }

    #[test]
    fn tree_proofs_hold_and_bind_their_place(size in 1u64..70, a in any::<prop::sample::Index>(), set in prop::collection::vec(any::<prop::sample::Index>(), 1..6)) {
        let leaves: Vec<_> = (0..size).map(|i| peal_spec::hash::leaf(&i.to_be_bytes())).collect();
        let root = tree::root(&leaves);
        let at = a.index(size as usize) as u64;
        let path = tree::sure(tree::inclusion(leaves.as_slice(), at, size));
        for index in 0..size + 2 {
            let holds = tree::check_inclusion(&leaves[at as usize], index, size, &path, &root).is_ok();
            prop_assert_eq!(holds, index == at);
        }
        for other in 1..size {
            let old = tree::root(&leaves[..other as usize]);
            let proof = tree::sure(tree::consistency(leaves.as_slice(), other, size));
            prop_assert!(tree::check_consistency(other, &old, size, &root, &proof).is_ok());
            prop_assert!(tree::check_consistency(other, &root, size, &root, &proof).is_err());
        }
        let places: std::collections::BTreeSet<u64> = set.iter().map(|i| i.index(size as usize) as u64).collect();
        let places: Vec<u64> = places.into_iter().collect();
        let known: Vec<_> = places.iter().map(|i| (*i, leaves[*i as usize])).collect();
        let proof = tree::sure(tree::set(leaves.as_slice(), &places, size));
        prop_assert!(tree::check_set(&known, size, &proof, &root).is_ok());
        let moved: Vec<_> = known.iter().map(|(i, h)| (i + 1, *h)).collect();
        prop_assert!(tree::check_set(&moved, size, &proof, &root).is_err());
        let mut frontier = tree::Frontier::default();
        leaves.iter().for_each(|l| frontier.push(*l));
        prop_assert_eq!(frontier.root(), root);
    }
}
