//! Proof files: read, and verified against a trust list; also as an operator and issuers who lie would sign them.

use peal_spec::cbor::Cbor as _;
use peal_spec::copy::{Selection, Show};
use peal_spec::proof::Proof;
use peal_spec::value::Time;
use peal_spec::verify::{Basis, Failure, Standing, Verdict, verify, verify_file};

use crate::cast::{month, time};
use crate::operator::{lie, trust};
use crate::round_trip;
use crate::seeds::{Seeds, WORLD, hex_of};

/// Reads a file, and a proof without its frame.
pub fn run(data: &[u8]) {
    let now = time(1000);
    let file = Proof::from_file(data);
    let verdict = verify_file(data, &trust(), now);
    match &file {
        Ok(proof) => {
            assert_eq!(proof.to_file(), data, "what is read as a file is written back");
            assert_eq!(verdict.as_ref().ok(), check(proof, now).as_ref().ok());
        }
        Err(_) => assert!(verdict.is_err()),
    }
    let Some(proof) = file.ok().or_else(|| round_trip::<Proof>(data)) else { return };
    let _ = check(&proof, now);
    let told = lie(proof);
    if let Ok(verdict) = verify(&told, &trust(), now) {
        sound(&told, &verdict);
    }
}

/// Verifies a proof, and again after a round trip.
fn check(proof: &Proof, now: Time) -> Result<Verdict, Failure> {
    let verdict = verify(proof, &trust(), now);
    let file = proof.to_file();
    let again = Proof::from_file(&file).expect("what is written is read");
    assert_eq!(again, *proof);
    if let Ok(said) = &verdict {
        assert_eq!(
            verify(&again, &trust(), now).as_ref(),
            Ok(said),
            "what verifies still verifies after a round trip"
        );
        sound(proof, said);
    }
    verdict
}

/// What every verdict must be true to, whatever was signed.
fn sound(proof: &Proof, verdict: &Verdict) {
    let (subject, counts) = (&proof.subject, &verdict.records);
    assert_eq!(counts.total, subject.size);
    assert_eq!(counts.contents + counts.headers + counts.hidden, counts.total);
    assert_eq!(verdict.complete, subject.shown.len() as u64 == subject.size);
    assert_eq!(verdict.address, subject.address.to_string());
    assert!(verdict.entries.windows(2).all(|e| e[0].sequence < e[1].sequence), "one entry a contribution");
    for entry in &verdict.entries {
        assert!(entry.credited <= entry.amount, "no more is credited than was paid");
        assert!(
            subject.shown.iter().any(|s| s.record.sequence == entry.sequence),
            "an entry is one that is shown"
        );
    }
    for total in &verdict.totals {
        assert!(total.settled <= total.posted || total.basis == Basis::AssertedByTheLedger);
        if total.basis == Basis::AssertedByTheLedger {
            continue;
        }
        // Added up here once more, from the entries alone.
        let of = |e: &&peal_spec::verify::EntryShown| {
            e.insurance.as_ref() == Some(&total.insurance)
                && e.currency.as_ref() == Some(&total.currency)
                && e.standing != Standing::Void
        };
        let posted: u64 = verdict.entries.iter().filter(of).filter_map(|e| e.amount).sum();
        let settled = verdict.entries.iter().filter(of).filter(|e| e.standing == Standing::Settled);
        assert_eq!(total.posted, posted, "a total that was recomputed is the sum of the entries");
        assert_eq!(total.settled, settled.filter_map(|e| e.amount).sum::<u64>());
    }
}

/// The vectors as files and as bodies, and every kind of proof of every account of the small ledger.
pub fn seeds() -> Seeds {
    let mut seeds = hex_of("proof", "file");
    let bodies: Seeds = seeds.iter().filter_map(|f| Some(Proof::from_file(f).ok()?.to_bytes())).collect();
    seeds.extend(bodies);
    let months = Show::Months(month(202_608), month(202_609));
    for account in 0..WORLD.book.accounts.len() as u64 {
        let copy = WORLD.book.copy(account, 0, None);
        for show in [Show::Whole, months.clone(), Show::Totals] {
            for withhold in [vec![], vec!["who".to_owned(), "amount".to_owned()]] {
                let proof = copy.prove(&Selection { show: show.clone(), withhold }).unwrap();
                // Where nothing was changed, a lie is the truth: else the target would reach nothing.
                let of = |p: &Proof| verify(p, &trust(), time(1000)).map(|v| v.entries);
                assert_eq!(of(&lie(proof.clone())), of(&proof));
                assert!(of(&proof).is_ok());
                seeds.push(proof.to_bytes());
            }
        }
    }
    seeds
}
