//! A tlog client of its own: it reads checkpoint, tiles and entries as C2SP writes them, and computes the root with nothing but SHA-256.

use peal_spec::cbor::Cbor as _;
use peal_spec::note::{Note, VerifierKey};
use peal_spec::role::Role;
use sha2::{Digest as _, Sha256};

use crate::stage::{POSTING, Stage, contribution};

type Hash = [u8; 32];

fn leaf(data: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(data).finalize().into()
}

/// RFC 6962 §2.1, by its definition.
fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Sha256::digest([]).into(),
        [one] => *one,
        many => {
            let k = (many.len() - 1).ilog2();
            let (left, right) = many.split_at(1 << k);
            Sha256::new()
                .chain_update([1])
                .chain_update(root(left))
                .chain_update(root(right))
                .finalize()
                .into()
        }
    }
}

/// tlog-tiles: groups of three digits, all but the last with an x.
fn path(mut n: usize) -> String {
    let mut text = format!("{:03}", n % 1000);
    while n >= 1000 {
        n /= 1000;
        text = format!("x{:03}/{text}", n % 1000);
    }
    text
}

fn suffix(width: usize) -> String {
    if width == 256 { String::new() } else { format!(".p/{width}") }
}

#[test]
fn the_log_is_a_tlog() {
    let stage = Stage::new();
    let (worker, fund) = (stage.person(2), stage.person_with(3, Role::Fund));
    let platform = stage.person_with(4, Role::Platform);
    for batch in 0..2 {
        let statements =
            (0..300).map(|i| contribution(&platform, worker.address, fund.address, &format!("{batch}/{i}")));
        let posting = platform.posting(&stage.origin, statements.collect());
        assert_eq!(stage.post("/v1/postings", POSTING, &posting.to_bytes()).json()["accepted"], 300);
    }

    let checkpoint = stage.get("/checkpoint");
    assert_eq!(checkpoint.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(checkpoint.header("cache-control"), Some("no-cache"));
    let note: Note = checkpoint.text().parse().unwrap();
    let key: VerifierKey = stage.get("/v1/ledger").json()["verifier_key"].as_str().unwrap().parse().unwrap();
    assert!(note.signed_by(&key).unwrap().is_some());
    let lines: Vec<&str> = note.text.lines().collect();
    let size: usize = lines[1].parse().unwrap();
    assert!(size > 600);

    let fetch = |kind: &str, n: usize, width: usize| {
        let answer = stage.get(&format!("/tile/{kind}/{}{}", path(n), suffix(width)));
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, Some("application/octet-stream")),
            "{}",
            answer.text()
        );
        let immutable = answer.header("cache-control").unwrap().contains("immutable");
        assert_eq!(immutable, width == 256);
        answer.body
    };
    let mut leaves = Vec::new();
    for n in 0..size.div_ceil(256) {
        let bundle = fetch("entries", n, (size - n * 256).min(256));
        let mut rest = bundle.as_slice();
        while let [high, low, tail @ ..] = rest {
            let (entry, next) = tail.split_at(usize::from(u16::from_be_bytes([*high, *low])));
            leaves.push(leaf(entry));
            rest = next;
        }
        assert!(rest.is_empty());
    }
    assert_eq!(leaves.len(), size);
    use base64::Engine as _;
    assert_eq!(base64::engine::general_purpose::STANDARD.encode(root(&leaves)), lines[2]);

    // Hash tiles are the same tree.
    let mut level = leaves;
    for l in 0..2 {
        for n in 0..level.len().div_ceil(256) {
            let width = (level.len() - n * 256).min(256);
            assert_eq!(fetch(&l.to_string(), n, width), level[n * 256..n * 256 + width].concat());
        }
        level = level.chunks_exact(256).map(root).collect();
    }
    // A smaller partial tile than there is may be asked for.
    assert_eq!(fetch("0", 0, 7).len(), 7 * 32);

    for beyond in [
        "0/002",
        "0/003",
        "1/000",
        "2/000.p/1",
        "entries/002",
        "0/00",
        "0/000.p/0",
        "0/000.p/256",
        "00/000",
        "64/000",
        "0/x000/000",
        "x",
    ] {
        stage.get(&format!("/tile/{beyond}")).demand(404, "not-found");
    }
    assert_eq!(stage.get("/tile/63/x999/x999/x999/999.p/255").status, 404);
}
