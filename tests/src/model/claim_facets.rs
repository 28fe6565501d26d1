//! The facets of consents and claims: as a statement has them, and as none has, or only just.

use peal_spec::address::Address;
use peal_spec::cbor::Writer;
use peal_spec::hash::Hash;

use super::odd::{encoded, write_pair};
use super::said::{Claim, Consent, Scope, write_address, write_maybe};

fn write_numbers(w: &mut Writer, numbers: &[u64]) {
    w.array(numbers.len() as u64);
    numbers.iter().for_each(|n| w.uint(*n));
}

fn write_months(w: &mut Writer, months: Option<(u32, u32)>) {
    match months {
        Some((first, last)) => write_pair(w, (first.into(), last.into())),
        None => w.null(),
    }
}

fn write_scope(w: &mut Writer, scope: &Scope) {
    write_numbers(w, &scope.insurances);
    write_months(w, scope.months);
    write_numbers(w, &scope.parts);
}

/// What is consented to.
pub fn consent(purpose: &str, consent: &Consent) -> Vec<u8> {
    encoded(|w| {
        w.array(8);
        write_address(w, &consent.grantee);
        w.text(purpose);
        write_numbers(w, &consent.rights);
        write_scope(w, &consent.scope);
        w.uint(consent.until);
        w.bool(consent.once);
    })
}

/// What is looked at.
pub fn looked(purpose: &str, scope: &Scope) -> Vec<u8> {
    encoded(|w| {
        w.array(4);
        w.text(purpose);
        write_scope(w, scope);
    })
}

/// What is claimed.
pub fn claim(kind: u64, claim: &Claim) -> Vec<u8> {
    encoded(|w| {
        w.array(6);
        w.uint(kind);
        write_address(w, &claim.party);
        write_address(w, &claim.bureau);
        write_maybe(w, claim.insurance);
        write_months(w, claim.months);
        write_numbers(w, &claim.records);
    })
}

/// An answer to a claim.
pub fn answer(accepts: bool, records: &[u64]) -> Vec<u8> {
    encoded(|w| {
        w.array(2);
        w.bool(accepts);
        write_numbers(w, records);
    })
}

/// A ruling on one.
pub fn ruling(outcome: u64, by: Option<u64>) -> Vec<u8> {
    encoded(|w| {
        w.array(2);
        w.uint(outcome);
        write_maybe(w, by);
    })
}

/// The records that carry one out.
pub fn remedy(records: &[u64]) -> Vec<u8> {
    encoded(|w| write_numbers(w, records))
}

/// Something for people.
pub fn says(text: &str) -> Vec<u8> {
    encoded(|w| w.text(text))
}

const NOBODY: Address = Address { number: 1, id: Hash([7; 32]) };
const SCOPE: Scope = Scope { insurances: vec![], months: None, parts: vec![] };

/// Ranges of right ones, then of wrong ones.
fn scopes() -> [Vec<Scope>; 2] {
    let of = |insurances: &[u64], months, parts: &[u64]| Scope {
        insurances: insurances.to_vec(),
        months,
        parts: parts.to_vec(),
    };
    let right = vec![SCOPE, of(&[1, 65_535], Some((190_001, 299_912)), &[1, 2, 3, 4, 5])];
    let wrong = vec![
        of(&[2, 1], None, &[]),
        of(&[1, 1], None, &[]),
        of(&[0], None, &[]),
        of(&[65_536], None, &[]),
        of(&[], Some((202_602, 202_601)), &[]),
        of(&[], Some((202_600, 202_601)), &[]),
        of(&[], Some((202_601, 202_613)), &[]),
        of(&[], Some((189_912, 202_601)), &[]),
        of(&[], Some((202_601, 300_001)), &[]),
        of(&[], None, &[0]),
        of(&[], None, &[6]),
        of(&[], None, &[2, 1]),
        of(&[], None, &[3, 3]),
    ];
    [right, wrong]
}

/// The first two are right, and hold.
pub(super) fn consents() -> Vec<Vec<u8>> {
    let plain = Consent { grantee: NOBODY, rights: vec![1], scope: SCOPE, until: (1 << 40) - 1, once: true };
    let [right, wrong] = scopes();
    let scoped = right.into_iter().chain(wrong).map(|scope| Consent { scope, ..plain.clone() });
    let rights = [&[][..], &[0], &[4], &[2, 1], &[1, 1]];
    let rights = rights.map(|rights| Consent { rights: rights.to_vec(), ..plain.clone() });
    let far = Address { number: 1 << 40, ..NOBODY };
    let others = [Consent { until: 1 << 40, ..plain.clone() }, Consent { grantee: far, ..plain.clone() }];
    let long = "é".repeat(64);
    let mut all: Vec<Vec<u8>> = scoped.chain(rights).chain(others).map(|c| consent(&long, &c)).collect();
    all.extend([consent("", &plain), consent(&format!("{long}x"), &plain), encoded(Writer::null)]);
    // What says whether it is for one time is a number, or is not there.
    let mut number = consent("once", &plain);
    number.pop();
    let mut short = number.clone();
    number.push(1);
    short[0] -= 1;
    all.extend([number, short]);
    all
}

/// The first two are right.
pub(super) fn looks() -> Vec<Vec<u8>> {
    let [right, wrong] = scopes();
    let long = "é".repeat(64);
    let mut all: Vec<Vec<u8>> = right.iter().chain(&wrong).map(|scope| looked(&long, scope)).collect();
    all.extend([looked("", &SCOPE), looked(&format!("{long}x"), &SCOPE), looked("a\nb", &SCOPE)]);
    all.push(encoded(Writer::null));
    all
}

/// The first two are right.
pub(super) fn claims() -> Vec<Vec<u8>> {
    let bureau = Address { number: 4, ..NOBODY };
    let plain = Claim { party: NOBODY, bureau, insurance: None, months: None, records: vec![] };
    let records = |records: &[u64]| Claim { records: records.to_vec(), ..plain.clone() };
    let many: Vec<u64> = (0..33).collect();
    let insured = |code| Claim { insurance: Some(code), ..plain.clone() };
    let in_months = |first, last| Claim { months: Some((first, last)), ..plain.clone() };
    let far = Address { number: 1 << 40, ..NOBODY };
    let all = [
        (1, plain.clone()),
        (5, Claim { insurance: Some(65_535), months: Some((202_601, 202_601)), ..records(&many[..32]) }),
        (0, plain.clone()),
        (6, plain.clone()),
        (1, insured(0)),
        (1, insured(65_536)),
        (1, in_months(202_602, 202_601)),
        (1, in_months(202_601, 202_699)),
        (1, records(&many)),
        (1, records(&[1, 1])),
        (1, records(&[2, 1])),
        (1, records(&[1 << 53])),
        (1, Claim { party: far, ..plain.clone() }),
        (1, Claim { bureau: far, ..plain.clone() }),
    ];
    let all = all.iter().map(|(kind, of)| claim(*kind, of));
    all.chain([encoded(Writer::null)]).collect()
}

/// The first two are right.
pub(super) fn answers() -> Vec<Vec<u8>> {
    let many: Vec<u64> = (0..33).collect();
    let yes = encoded(|w| {
        w.array(2);
        w.uint(1);
        w.array(0);
    });
    vec![
        answer(false, &[(1 << 53) - 1]),
        answer(false, &many[..32]),
        answer(true, &many),
        answer(true, &[1 << 53]),
        answer(true, &[1, 1]),
        answer(true, &[2, 1]),
        yes,
        remedy(&[]),
        encoded(|w| w.bool(true)),
        encoded(Writer::null),
    ]
}

/// The first is right.
pub(super) fn rulings() -> Vec<Vec<u8>> {
    vec![
        ruling(2, Some((1 << 40) - 1)),
        ruling(1, None),
        ruling(2, None),
        ruling(3, Some(1 << 30)),
        ruling(0, Some(1 << 30)),
        ruling(0, None),
        ruling(4, Some(1 << 30)),
        ruling(4, None),
        ruling(1, Some(1 << 40)),
        remedy(&[1]),
        encoded(Writer::null),
    ]
}

/// The first is right.
pub(super) fn remedies() -> Vec<Vec<u8>> {
    let many: Vec<u64> = (0..33).collect();
    let lists = [&many[..32], &many, &[], &[1, 1], &[2, 1], &[1 << 53]];
    lists.into_iter().map(remedy).chain([encoded(|w| w.uint(1)), encoded(Writer::null)]).collect()
}

/// The first is right.
pub(super) fn sayings() -> Vec<Vec<u8>> {
    let long = "é".repeat(256);
    let texts = [&long, "", &format!("{long}x"), "a\u{85}b"];
    texts.into_iter().map(says).chain([encoded(Writer::null), encoded(|w| w.bytes(b"so"))]).collect()
}
