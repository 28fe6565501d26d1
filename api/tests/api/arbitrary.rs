//! Whatever is sent, the answer is the client's to mend: never a 5xx, never a panic.

use std::sync::LazyLock;

use peal_spec::cbor::Cbor as _;
use peal_spec::key::KeyChain;
use proptest::prelude::*;

use crate::stage::{Answer, POSTING, Stage, call, exchange, now, opening, sign};

static STAGE: LazyLock<Stage> = LazyLock::new(Stage::new);

fn well(answer: &Answer) -> Result<(), TestCaseError> {
    prop_assert!((200..500).contains(&answer.status), "{} {}", answer.status, answer.text());
    if answer.status >= 400 && answer.header("content-type").is_some() {
        prop_assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    }
    Ok(())
}

/// A posting with some bytes changed, cut or added: it gets further than noise.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let good = opening(&STAGE.origin, &KeyChain::new([6; 64])).to_bytes();
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4);
    (changes, any::<prop::sample::Index>(), any::<bool>()).prop_map(move |(changes, cut, whole)| {
        let mut bytes = good.clone();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if !whole {
            bytes.truncate(cut.index(bytes.len()));
        }
        bytes
    })
}

fn path() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("v1".to_owned()),
        Just("accounts".into()),
        Just("postings".into()),
        Just("tile".into()),
        Just("entries".into()),
        Just("x001".into()),
        Just("000".into()),
        Just("000.p".into()),
        Just("255".into()),
        Just("63".into()),
        Just("head".into()),
        Just("proof".into()),
        Just("records".into()),
        Just("checkpoint".into()),
        Just("..".into()),
        Just("%00".into()),
        Just("%ff".into()),
        STAGE_ADDRESS.prop_map(|a| a),
        "[!-~&&[^ ?#]]{0,12}".prop_map(|s| s),
    ];
    (prop::collection::vec(word, 0..7), "(\\?[!-~&&[^#]]{0,20})?")
        .prop_map(|(words, query)| format!("/{}{query}", words.join("/")))
}

const STAGE_ADDRESS: fn() -> String = || STAGE.registrar.address.to_string();

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bodies(noise in prop::collection::vec(any::<u8>(), 0..300), near in damaged(), which in 0..3usize) {
        let (path, media) = [("/v1/postings", POSTING), ("/v1/accounts", POSTING), ("/v1/verify", "application/peal-proof+cbor")][which];
        well(&STAGE.post(path, media, &noise))?;
        well(&STAGE.post(path, media, &near))?;
        // A proof's frame with anything in it.
        let mut framed = vec![0x84, 0x6c];
        framed.extend(b"peal proof 1");
        framed.extend(&noise);
        well(&STAGE.post("/v1/verify", "application/peal-proof+cbor", &framed))?;
    }

    #[test]
    fn paths(path in path(), method in prop::sample::select(vec!["GET", "HEAD", "POST", "PUT", "DELETE", "BREW"])) {
        well(&call(STAGE.at, method, &path, &[], b"").unwrap())?;
    }

    #[test]
    fn headers(input in "[ -~]{0,60}", signature in "[ -~]{0,40}", accept in "[ -~]{0,40}") {
        let person = &STAGE.registrar;
        let target = format!("/v1/accounts/{}/head", person.address);
        let good = sign(STAGE.at, &target, &person.address.to_string(), now().seconds(), &person.chain.reading(0));
        for (i, s) in [(&input, &signature), (&good.0, &signature), (&input, &good.1), (&good.0, &good.1)] {
            well(&call(STAGE.at, "GET", &target, &[("Signature-Input", i), ("Signature", s), ("Accept", &accept)], b"").unwrap())?;
        }
    }

    #[test]
    fn anything_at_all(bytes in prop::collection::vec(any::<u8>(), 1..200)) {
        let mut request = bytes;
        request.extend(b"\r\n\r\n");
        // hyper answers what is no HTTP with 400 and no body, or ends the connection.
        if let Ok(answer) = exchange(STAGE.at, &request) {
            well(&answer)?;
        }
    }
}

#[test]
fn still_alive_and_ready() {
    assert_eq!(STAGE.get("/readyz").status, 200);
}
