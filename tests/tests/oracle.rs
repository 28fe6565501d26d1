//! An ordinary COSE library reads and checks what we write, and what it writes we accept only in the one shape.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use coset::{CoseSign1, CoseSign1Builder, HeaderBuilder, TaggedCborSerializable, iana};
use ed25519_dalek::{Signer as _, SigningKey};
use peal_spec::posting::{MEDIA_TYPE, Signed};
use peal_spec::value::Origin;
use peal_tests::cast::Signer;

const AAD: &[u8] = b"peal posting v1";

fn posting() -> Signed {
    let origin: Origin = "oracle.example".parse().unwrap();
    let someone = Signer::new(&origin);
    someone.post(vec![someone.opening(None)]).signed
}

#[test]
fn a_cose_library_verifies_our_postings() {
    let signed = posting();
    let theirs = CoseSign1::from_tagged_slice(signed.cose()).unwrap();
    assert_eq!(theirs.protected.header.key_id, signed.kid.0);
    assert!(theirs.unprotected.is_empty());
    theirs
        .verify_signature(AAD, |signature, data| {
            let holds = signed.kid.verifies(data, signature.try_into().unwrap());
            if holds { Ok(()) } else { Err("it does not verify") }
        })
        .unwrap();
    assert_eq!(theirs.to_tagged_vec().unwrap(), signed.cose(), "it writes the same bytes");
}

#[test]
fn we_accept_what_a_cose_library_signs_in_our_shape_and_nothing_else() {
    let key = SigningKey::from_bytes(&[5; 32]);
    let payload = CoseSign1::from_tagged_slice(posting().cose()).unwrap().payload.unwrap();
    let build = |header: HeaderBuilder, aad: &[u8]| {
        CoseSign1Builder::new()
            .protected(header.build())
            .payload(payload.clone())
            .create_signature(aad, |data| key.sign(data).to_bytes().to_vec())
            .build()
            .to_tagged_vec()
            .unwrap()
    };
    let kid = key.verifying_key().to_bytes().to_vec();
    let header = || HeaderBuilder::new().content_type(MEDIA_TYPE.to_owned()).key_id(kid.clone());
    let ours = build(header().algorithm(iana::Algorithm::Ed25519), AAD);
    assert!(Signed::read(&ours).unwrap().verifies());
    let other_purpose = build(header().algorithm(iana::Algorithm::Ed25519), b"something else");
    assert!(!Signed::read(&other_purpose).unwrap().verifies());
    let other_algorithm = build(header().algorithm(iana::Algorithm::EdDSA), AAD);
    assert!(Signed::read(&other_algorithm).is_err());
    let more = build(header().algorithm(iana::Algorithm::Ed25519).iv(vec![1]), AAD);
    assert!(Signed::read(&more).is_err());
}
