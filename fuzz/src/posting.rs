//! Postings: as a ledger receives them, and with statements that their issuer signs whatever they hold.

use peal_spec::cbor::{Cbor as _, Reader, Writer};
use peal_spec::posting::{MAX_STATEMENTS, Posting, Signed};
use peal_spec::statement::Statement;

use crate::cast::{origin, seed, time};
use crate::round_trip;
use crate::seeds::{Seeds, WORLD, hex_of, postings};

/// Reads a posting, and a list of statements to make one of.
pub fn run(data: &[u8]) {
    if let Ok(signed) = Signed::read(data) {
        assert_eq!(signed.cose(), data, "a COSE_Sign1 is kept as it came");
        let _ = signed.verifies();
    }
    let posting = round_trip::<Posting>(data);
    match (Posting::receive(data, &origin()), posting) {
        (Ok(checked), Some(posting)) => {
            assert_eq!(checked.digest(), posting.signed.digest());
            assert_eq!(checked.roots().len(), posting.statements.len());
            assert_eq!(checked.payload().count, posting.statements.len() as u64);
            assert!(posting.signed.verifies() && checked.payload().origin == origin());
        }
        (Ok(_), None) => panic!("what is received decodes"),
        (Err(_), _) => {}
    }
    let mut r = Reader::new(data);
    if let Ok(statements) = r.list::<Statement>()
        && r.end().is_ok()
    {
        sign(statements);
    }
}

/// What an issuer has signed is received, and says what it said.
fn sign(statements: Vec<Statement>) {
    let platform = &WORLD.platform;
    let count = statements.len() as u64;
    let roots: Vec<_> = statements.iter().map(|s| s.root(&origin())).collect();
    let posting = Posting::sign(
        &origin(),
        platform.address,
        seed("fuzz", 1),
        time(0),
        false,
        statements.clone(),
        &platform.key(),
    );
    match Posting::receive(&posting.to_bytes(), &origin()) {
        Ok(checked) => {
            assert_eq!(checked.roots(), roots);
            assert_eq!(checked.posting().statements, statements);
        }
        Err(refusal) => assert!(!(1..=MAX_STATEMENTS).contains(&count), "{refusal}"),
    }
}

/// The vectors, the small ledger's postings, and the statements of each as a list.
pub fn seeds() -> Seeds {
    let mut seeds = hex_of("posting", "hex");
    seeds.extend(postings());
    let lists: Seeds = seeds
        .iter()
        .filter_map(|bytes| {
            let posting = Posting::from_bytes(bytes).ok()?;
            let mut w = Writer::default();
            w.list(&posting.statements);
            Some(w.into_bytes())
        })
        .collect();
    seeds.extend(postings().iter().filter_map(|b| Some(Posting::from_bytes(b).ok()?.signed.cose().to_vec())));
    seeds.extend(lists);
    seeds
}
