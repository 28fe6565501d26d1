//! Archives: read as they come, and made of proofs that an operator and issuers who lie have signed.

use peal_spec::cbor::Cbor as _;
use peal_spec::copy::{Selection, Show};
use peal_spec::proof::Proof;
use peal_wallet::archive::{check, make};
use peal_wallet::carried::{Against, Carried, Histories};

use crate::cast::time;
use crate::operator::{lie, trust};
use crate::seeds::{Seeds, WORLD, hex_of};

/// Reads an archive, and makes one of a proof, of its file or of its body.
pub fn run(data: &[u8]) {
    let (trust, now) = (trust(), time(1000));
    if let Ok(checked) = check(data, Some(&trust), now) {
        // What is taken is what is written, texts for people apart.
        if checked.foreign_texts.is_empty() && !checked.copy {
            assert_eq!(make(&checked.proof, None, &trust).expect("its own proof"), data);
        }
    }
    let _ = check(data, None, now);
    let proof = Proof::from_file(data).or_else(|_| Proof::from_bytes(data).map_err(|_| ()));
    let Ok(proof) = proof else { return };
    let file = lie(proof).to_file();
    let Ok(carried) = Carried::from_file(&file, &trust, now) else { return };
    let zip = make(&file, None, &trust).expect("what can be carried makes an archive");
    let checked = check(&zip, Some(&trust), now).expect("what is made holds");
    assert_eq!((checked.proof.as_slice(), checked.members.len()), (file.as_slice(), 9));
    let at = data.iter().fold(7usize, |n, b| n.wrapping_mul(31).wrapping_add(usize::from(*b)));
    let mut flipped = zip.clone();
    flipped[at % zip.len()] ^= 1 << (at % 8);
    assert!(check(&flipped, Some(&trust), now).is_err(), "no changed byte passes");
    assert!(check(&zip[..at % zip.len()], Some(&trust), now).is_err(), "no cut passes");

    assert_eq!(carried.against(&carried), Against::Same);
    assert_eq!(Carried::from_bytes(&carried.to_bytes()).as_ref(), Ok(&carried));
    let mut all = Histories::default();
    all.add(carried.clone()).expect("there is room");
    assert_eq!(all.find(&carried.origin, &carried.address), Some(&carried));
}

/// Whole proofs of every account of the small ledger, with their archives, and the vectors.
pub fn seeds() -> Seeds {
    let mut seeds = hex_of("proof", "file");
    for account in 0..WORLD.book.accounts.len() as u64 {
        let copy = WORLD.book.copy(account, 0, None);
        let proof = copy.prove(&Selection { show: Show::Whole, withhold: Vec::new() }).unwrap();
        seeds.push(make(&proof.to_file(), Some(&copy), &trust()).unwrap());
        seeds.push(make(&proof.to_file(), None, &trust()).unwrap());
        seeds.push(proof.to_bytes());
    }
    seeds
}
