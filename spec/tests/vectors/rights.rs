//! The vectors of consents and claims.

use peal_spec::address::Address;
use peal_spec::cbor::{Cbor, Reader};
use peal_spec::copy::{Copy, Show};
use peal_spec::posting::Posting;
use peal_spec::proof::Proof;
use peal_spec::rights::{Answer, Part, Remedy};
use peal_spec::role::Role;
use peal_spec::statement::{Source, Statement};
use peal_spec::value::Insurance;
use peal_spec::verify;

use crate::cast::*;
use crate::work::{head, hide, item, withhold};
use crate::world::World;
use crate::world::rights::{ALL, LONG, Righted};
use crate::{Vectors, put, put_proof, put_statement, put_summed, select, story, trust};

/// A list of numbers.
fn numbers(list: &[u64]) -> Vec<u8> {
    item(|w| w.list(list))
}

/// Items one after another in an array.
fn row(items: &[Vec<u8>]) -> Vec<u8> {
    item(|w| {
        w.array(items.len() as u64);
        items.iter().for_each(|i| w.raw(i));
    })
}

fn number(n: u64) -> Vec<u8> {
    item(|w| w.uint(n))
}

fn text(text: &str) -> Vec<u8> {
    item(|w| w.text(text))
}

/// The items of an array of less than 24, changed.
fn edit(array: &[u8], change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Vec<u8> {
    let mut items = split(array);
    change(&mut items);
    row(&items)
}

/// The items of an array, as encoded.
fn split(array: &[u8]) -> Vec<Vec<u8>> {
    let mut reader = Reader::new(array);
    let count = reader.array().unwrap();
    (0..count).map(|_| reader.item().unwrap().to_vec()).collect()
}

const NULL: &[u8] = &[0xf6];
const TRUE: &[u8] = &[0xf5];

pub fn statements(all: &mut Vectors) {
    let mut w = World::founded();
    let (lin, fund, platform, wang) = (w.lin.at(), w.fund.at(), w.platform.at(), w.wang.at());
    let pensions = (Insurance::PENSION, fund);
    let autumn = scope(&[1, 3], months(202608, 202610), &[Part::Who, Part::Claims]);
    let claimed =
        claiming(ClaimKind::Injury, (platform, wang), Some(4), months(202608, 202609), &[1, 2, 400]);
    let granted = w.lin.consent(lin, consent(wang, ALL, autumn.clone(), LONG, false));
    let revoked = w.lin.take_back(lin, 3);
    let looks = w.wang.look(lin, 3, autumn.clone());
    let unasked = w.wang.look_unasked(lin, autumn);
    let claims = w.lin.claim(lin, claimed.clone());
    let claims_for = w.wang.claim_for(lin, 3, claimed);
    let answers = w.platform.answer(lin, 4, true, &[1, 2]);
    let rules = w.wang.rule(lin, 4, upheld(LONG));
    let mends = w.platform.remedy(lin, 4, &[5, 6]);
    let closes = w.lin.close(lin, 4);
    let pays = w.wang.pay_for(lin, 3, pensions, Source::Self_, 202609, pension(5), "dues");
    let kinds = [
        ("claim", &claims),
        ("ruling", &rules),
        ("consent-granted", &granted),
        ("consent-revoked", &revoked),
        ("access", &looks),
        ("access-unasked", &unasked),
        ("claim-for", &claims_for),
        ("claim-answered", &answers),
        ("claim-closed", &closes),
        ("claim-remedied", &mends),
        ("paid-for", &pays),
    ];
    let mut add = |name: &str, expect: &str, from: &Statement, change: &dyn Fn(&mut Statement)| {
        let mut s = from.clone();
        change(&mut s);
        put_statement(all, name, expect, &s.to_bytes());
    };
    for (name, statement) in kinds {
        add(name, "valid", statement, &|_| {});
        // Which of address, target and month they have, and how many facets.
        add(&format!("{name}-without-address"), "malformed-facet", statement, &|s| s.address = None);
        match statement.refers {
            Some(_) => {
                add(&format!("{name}-without-target"), "malformed-facet", statement, &|s| s.refers = None);
            }
            None => {
                add(&format!("{name}-with-a-target"), "malformed-facet", statement, &|s| s.refers = Some(0));
            }
        }
        match statement.month {
            Some(_) => {
                add(&format!("{name}-without-month"), "malformed-facet", statement, &|s| s.month = None);
            }
            None => add(&format!("{name}-with-a-month"), "malformed-facet", statement, &|s| {
                s.month = Some(month(202609));
            }),
        }
        add(&format!("{name}-without-its-last-facet"), "malformed-facet", statement, &|s| {
            refacet(s, |f| drop(f.pop()));
        });
        add(&format!("{name}-with-a-facet-too-many"), "malformed-facet", statement, &|s| {
            refacet(s, |f| f.push(NULL.to_vec()));
        });
        add(&format!("{name}-by-nobody"), "malformed-facet", statement, &|s| {
            refacet(s, |f| f[0] = NULL.to_vec());
        });
    }
    let mut facet = |name: &str, expect: &str, from: &Statement, at: usize, value: Vec<u8>| {
        add(name, expect, from, &|s| s.facets = s.facets.with(at, &value));
    };

    // Words: 1 to 512 bytes without control characters.
    for (name, statement) in [
        ("claim", &claims),
        ("ruling", &rules),
        ("access-unasked", &unasked),
        ("claim-for", &claims_for),
        ("claim-answered", &answers),
        ("claim-closed", &closes),
    ] {
        let at = statement.facets.len() - 1;
        facet(&format!("{name}-that-says-nothing"), "malformed-facet", statement, at, text(""));
        facet(&format!("{name}-says-513-bytes"), "malformed-facet", statement, at, text(&"x".repeat(513)));
        facet(&format!("{name}-says-512-bytes"), "valid", statement, at, text(&"x".repeat(512)));
    }
    facet("claim-says-a-newline", "malformed-facet", &claims, 2, text("a\nb"));
    facet("claim-says-a-control-character", "malformed-facet", &claims, 2, text("a\u{85}b"));
    facet("claim-says-what-is-no-utf-8", "malformed", &claims, 2, vec![0x61, 0xff]);
    facet("claim-says-bytes", "malformed-facet", &claims, 2, vec![0x41, 0x61]);
    facet("claim-says-null", "malformed-facet", &claims, 2, NULL.to_vec());
    facet("claim-says-172-signs-of-three-bytes", "malformed-facet", &claims, 2, text(&"工".repeat(171)));
    facet("claim-says-170-signs-of-three-bytes", "valid", &claims, 2, text(&"工".repeat(170)));

    // Claims: kind, party, bureau, insurance, months and at most 32 records that rise.
    let as_claimed = claims.facets.get(1).unwrap().to_vec();
    let many: Vec<u64> = (0..33).collect();
    for (name, statement) in [("claim", &claims), ("claim-for", &claims_for)] {
        let mut of = |what: &str, expect: &str, change: &dyn Fn(&mut Vec<Vec<u8>>)| {
            facet(&format!("{name}-{what}"), expect, statement, 1, edit(&as_claimed, change));
        };
        of("of-kind-0", "malformed-facet", &|c| c[0] = number(0));
        of("of-kind-6", "malformed-facet", &|c| c[0] = number(6));
        of("with-33-records", "malformed-facet", &|c| c[5] = numbers(&many));
        of("with-32-records", "valid", &|c| c[5] = numbers(&many[..32]));
        of("with-records-that-fall", "malformed-facet", &|c| c[5] = numbers(&[2, 1]));
        of("with-a-record-twice", "malformed-facet", &|c| c[5] = numbers(&[1, 1]));
        of("for-months-backwards", "malformed-facet", &|c| c[4] = numbers(&[202609, 202608]));
    }
    let mut of = |what: &str, expect: &str, change: &dyn Fn(&mut Vec<Vec<u8>>)| {
        facet(&format!("claim-{what}"), expect, &claims, 1, edit(&as_claimed, change));
    };
    for kind in 1..=5 {
        of(&format!("of-kind-{kind}"), "valid", &|c| c[0] = number(kind));
    }
    of("about-nothing-in-particular", "valid", &|c| {
        (c[3], c[4], c[5]) = (NULL.to_vec(), NULL.to_vec(), numbers(&[]));
    });
    of("for-one-month", "valid", &|c| c[4] = numbers(&[202609, 202609]));
    of("for-a-month-alone", "malformed-facet", &|c| c[4] = number(202609));
    of("for-three-months", "malformed-facet", &|c| c[4] = numbers(&[202608, 202609, 202610]));
    of("for-a-month-13", "malformed-facet", &|c| c[4] = numbers(&[202608, 202613]));
    of("of-insurance-0", "malformed-facet", &|c| c[3] = number(0));
    of("of-two-insurances", "malformed-facet", &|c| c[3] = numbers(&[1, 4]));
    of("against-nobody", "malformed-facet", &|c| c[1] = NULL.to_vec());
    of("before-nobody", "malformed-facet", &|c| c[2] = NULL.to_vec());
    of("with-records-null", "malformed-facet", &|c| c[5] = NULL.to_vec());
    of("with-a-record-of-2-to-53", "malformed-facet", &|c| c[5] = numbers(&[1 << 53]));
    of("of-five-elements", "malformed-facet", &|c| drop(c.pop()));
    of("of-seven-elements", "malformed-facet", &|c| c.push(NULL.to_vec()));

    // Answers: a boolean, and at most 32 records that rise.
    for (name, expect, answer) in [
        ("with-no", "valid", Answer { accepts: false, records: vec![] }.to_bytes()),
        ("with-32-records", "valid", Answer { accepts: true, records: many[..32].to_vec() }.to_bytes()),
        ("with-33-records", "malformed-facet", Answer { accepts: true, records: many.clone() }.to_bytes()),
        ("with-records-that-fall", "malformed-facet", row(&[TRUE.to_vec(), numbers(&[2, 1])])),
        ("with-a-record-twice", "malformed-facet", row(&[TRUE.to_vec(), numbers(&[2, 2])])),
        ("with-1", "malformed-facet", row(&[number(1), numbers(&[])])),
        ("with-null", "malformed-facet", row(&[NULL.to_vec(), numbers(&[])])),
        ("without-records", "malformed-facet", row(&[TRUE.to_vec()])),
    ] {
        facet(&format!("claim-answered-{name}"), expect, &answers, 1, answer);
    }

    // Rulings: a time exactly if not rejected.
    let by = time(LONG).to_bytes();
    for (name, expect, outcome, by) in [
        ("in-part", "valid", 2, by.clone()),
        ("rejected", "valid", 3, NULL.to_vec()),
        ("upheld-without-a-time", "malformed-facet", 1, NULL.to_vec()),
        ("in-part-without-a-time", "malformed-facet", 2, NULL.to_vec()),
        ("rejected-with-a-time", "malformed-facet", 3, by.clone()),
        ("of-outcome-0", "malformed-facet", 0, by.clone()),
        ("of-outcome-4", "malformed-facet", 4, by.clone()),
        ("of-outcome-4-without-a-time", "malformed-facet", 4, NULL.to_vec()),
        ("until-2-to-40", "malformed-facet", 1, number(1 << 40)),
    ] {
        facet(&format!("ruling-{name}"), expect, &rules, 1, row(&[number(outcome), by]));
    }
    facet("ruling-of-an-outcome-alone", "malformed-facet", &rules, 1, row(&[number(3)]));

    // Remedies: 1 to 32 records that rise.
    for (name, expect, remedy) in [
        ("by-32-records", "valid", Remedy(many[..32].to_vec()).to_bytes()),
        ("by-33-records", "malformed-facet", Remedy(many.clone()).to_bytes()),
        ("by-nothing", "malformed-facet", numbers(&[])),
        ("by-records-that-fall", "malformed-facet", numbers(&[6, 5])),
        ("by-a-record-twice", "malformed-facet", numbers(&[6, 6])),
        ("by-null", "malformed-facet", NULL.to_vec()),
        ("by-a-number", "malformed-facet", number(6)),
    ] {
        facet(&format!("claim-remedied-{name}"), expect, &mends, 1, remedy);
    }

    // Consents: at least one right, insurances, months, parts, and until when.
    let as_granted = granted.facets.get(1).unwrap().to_vec();
    let mut of = |what: &str, expect: &str, change: &dyn Fn(&mut Vec<Vec<u8>>)| {
        facet(&format!("consent-granted-{what}"), expect, &granted, 1, edit(&as_granted, change));
    };
    of("for-everything-once", "valid", &|c| {
        (c[3], c[4], c[5]) = (numbers(&[]), NULL.to_vec(), numbers(&[1, 2, 3, 4, 5]));
        c[7] = TRUE.to_vec();
    });
    of("for-no-part", "valid", &|c| c[5] = numbers(&[]));
    of("to-nobody", "malformed-facet", &|c| c[0] = NULL.to_vec());
    of("for-no-purpose", "malformed-facet", &|c| c[1] = text(""));
    of("for-a-purpose-of-129-bytes", "malformed-facet", &|c| c[1] = text(&"x".repeat(129)));
    of("for-a-purpose-of-128-bytes", "valid", &|c| c[1] = text(&"x".repeat(128)));
    of("without-rights", "malformed-facet", &|c| c[2] = numbers(&[]));
    of("with-right-0", "malformed-facet", &|c| c[2] = numbers(&[0, 1]));
    of("with-right-4", "malformed-facet", &|c| c[2] = numbers(&[1, 4]));
    of("with-four-rights", "malformed-facet", &|c| c[2] = numbers(&[1, 2, 3, 3]));
    of("with-rights-that-fall", "malformed-facet", &|c| c[2] = numbers(&[2, 1]));
    of("with-a-right-twice", "malformed-facet", &|c| c[2] = numbers(&[1, 1]));
    of("with-insurances-that-fall", "malformed-facet", &|c| c[3] = numbers(&[3, 1]));
    of("with-an-insurance-twice", "malformed-facet", &|c| c[3] = numbers(&[1, 1]));
    of("with-insurance-0", "malformed-facet", &|c| c[3] = numbers(&[0]));
    of("with-insurance-65536", "malformed-facet", &|c| c[3] = numbers(&[65_536]));
    of("with-insurance-65535", "valid", &|c| c[3] = numbers(&[65_535]));
    of("with-32-insurances", "valid", &|c| c[3] = numbers(&(1..=32).collect::<Vec<u64>>()));
    of("with-33-insurances", "malformed-facet", &|c| c[3] = numbers(&(1..=33).collect::<Vec<u64>>()));
    of("with-insurances-null", "malformed-facet", &|c| c[3] = NULL.to_vec());
    of("for-months-backwards", "malformed-facet", &|c| c[4] = numbers(&[202609, 202608]));
    of("for-months-from-december-to-january", "valid", &|c| c[4] = numbers(&[202612, 202701]));
    of("for-no-months", "malformed-facet", &|c| c[4] = numbers(&[]));
    of("with-part-0", "malformed-facet", &|c| c[5] = numbers(&[0]));
    of("with-part-6", "malformed-facet", &|c| c[5] = numbers(&[1, 6]));
    of("with-parts-that-fall", "malformed-facet", &|c| c[5] = numbers(&[2, 1]));
    of("with-a-part-twice", "malformed-facet", &|c| c[5] = numbers(&[5, 5]));
    of("with-parts-null", "malformed-facet", &|c| c[5] = NULL.to_vec());
    of("until-ever", "malformed-facet", &|c| c[6] = NULL.to_vec());
    of("until-2-to-40", "malformed-facet", &|c| c[6] = number(1 << 40));
    of("once-as-a-number", "malformed-facet", &|c| c[7] = number(1));
    of("of-seven-elements", "malformed-facet", &|c| drop(c.pop()));

    // What is looked at: the middle of a consent.
    let as_looked = looks.facets.get(1).unwrap().to_vec();
    for (name, statement) in [("access", &looks), ("access-unasked", &unasked)] {
        let mut of = |what: &str, expect: &str, change: &dyn Fn(&mut Vec<Vec<u8>>)| {
            facet(&format!("{name}-{what}"), expect, statement, 1, edit(&as_looked, change));
        };
        of("to-everything", "valid", &|l| {
            (l[1], l[2], l[3]) = (numbers(&[]), NULL.to_vec(), numbers(&[1, 2, 3, 4, 5]));
        });
        of("to-no-part", "valid", &|l| l[3] = numbers(&[]));
        of("for-no-purpose", "malformed-facet", &|l| l[0] = text(""));
        of("with-insurances-that-fall", "malformed-facet", &|l| l[1] = numbers(&[3, 1]));
        of("with-33-insurances", "malformed-facet", &|l| l[1] = numbers(&(1..=33).collect::<Vec<u64>>()));
        of("for-months-backwards", "malformed-facet", &|l| l[2] = numbers(&[202609, 202608]));
        of("with-part-6", "malformed-facet", &|l| l[3] = numbers(&[6]));
        of("with-parts-that-fall", "malformed-facet", &|l| l[3] = numbers(&[2, 1]));
        of("until-a-time", "malformed-facet", &|l| l.push(number(0)));
    }

    // What is paid in somebody's name is a contribution.
    facet("paid-for-by-an-address-only", "malformed-facet", &pays, 0, wang.to_bytes());
    facet("paid-for-of-nothing", "amount-range", &pays, 2, pension(0).to_bytes());
    facet("paid-for-with-evidence-all-absent", "malformed-facet", &pays, 3, vec![0x83, 0xf6, 0xf6, 0xf6]);
    // Of which source it is is judged, and not its shape.
    let by_platform = edit(pays.facets.get(0).unwrap(), |who| who[0] = number(1));
    facet("paid-for-of-source-platform", "valid", &pays, 0, by_platform);
}

pub fn stories(all: &mut Vectors) {
    put(all, "story/consents-and-claims", story(&Righted::told().w.world));
    put(all, "story/consents-and-claims-refusals", story(&Righted::refused().w.world));
    put(all, "story/full-account-paid-for", story(&Righted::full().world));
}

pub fn proofs(all: &mut Vectors) {
    let told = Righted::told();
    let copy = told.w.world.book.copy(told.w.world.lin.at().number, 0, None);
    let (t, now) = (trust(), told.w.now);
    let whole = copy.prove(&select(Show::Whole, &[])).unwrap();
    let verdict = verify::verify(&whole, &t, now).unwrap();
    assert!(verdict.issuers.iter().all(|i| i.proved), "{:?}", verdict.issuers);
    let claims = &["claim", "says", "answer", "ruling", "remedy"];
    let within = |insurances: &[u64], months, parts: &[Part]| Show::Within(scope(insurances, months, parts));
    let autumn = months(202608, 202610);
    for (name, show, withheld) in [
        ("whole", Show::Whole, &[][..]),
        ("claim-withheld", Show::Whole, &["claim"]),
        ("says-withheld", Show::Whole, &["says"]),
        ("answer-and-remedy-withheld", Show::Whole, &["answer", "remedy"]),
        ("ruling-withheld", Show::Whole, &["ruling"]),
        ("consent-withheld", Show::Whole, &["consent"]),
        ("looked-withheld", Show::Whole, &["looked"]),
        ("who-withheld", Show::Whole, &["who"]),
        ("all-that-is-claimed-withheld", Show::Whole, claims),
        ("what-withheld", Show::Whole, &["what"]),
        ("amount-withheld", Show::Whole, &["amount"]),
        ("one-month", Show::Months(month(202609), month(202609)), &[]),
        ("totals", Show::Totals, &[]),
        ("within-everything", Show::Within(everything()), &[]),
        ("within-everything-but-says", Show::Within(everything()), &["says"]),
        ("within-no-part", within(&[], None, &[]), &[]),
        ("within-claims", within(&[], None, &[Part::Claims]), &[]),
        ("within-claims-of-pension", within(&[1], autumn, &[Part::Who, Part::Claims]), &[]),
        ("within-claims-of-a-month", within(&[], months(202609, 202609), &[Part::Claims]), &[]),
        ("within-claims-of-medical", within(&[2], None, &[Part::Claims]), &[]),
        ("within-amounts-of-a-month", within(&[1], months(202609, 202609), &[Part::Amount]), &[]),
        ("within-what-and-amount-of-injury", within(&[4], None, &[Part::What, Part::Amount]), &[]),
        ("within-evidence", within(&[1], None, &[Part::Evidence]), &[]),
        ("within-who", within(&[], None, &[Part::Who]), &[]),
    ] {
        let proof = copy.prove(&select(show, withheld)).unwrap();
        put_summed(all, &format!("rights-{name}"), "valid", &proof, &t, now);
    }

    // A bureau looks at its own account: its key is proved, its role is not.
    let of_bureau = told.w.world.book.copy(told.w.bureau.at().number, 0, None);
    let file = of_bureau.prove(&select(Show::Whole, &[])).unwrap();
    put_summed(all, "rights-of-the-bureau-itself", "valid", &file, &t, now);

    let short = Righted::briefly();
    let copy = short.w.world.book.copy(short.w.world.lin.at().number, 0, None);
    let now = short.w.now;
    let whole = copy.prove(&select(Show::Whole, &[])).unwrap();
    let mut change = |name: &str, expect: &str, change: &dyn Fn(&mut Proof)| {
        let mut p = whole.clone();
        change(&mut p);
        put_summed(all, &format!("rights-{name}"), expect, &p, &t, now);
    };
    change("in-brief", "valid", &|_| {});
    change("a-ruling-as-a-header", "valid", &|p| head(p, &[7]));
    change("a-ruling-withheld", "valid", &|p| withhold(p, 2, &[7]));
    change("an-answer-as-a-header", "valid", &|p| head(p, &[6]));
    change("a-claim-as-a-header", "valid", &|p| head(p, &[3]));
    change("a-claim-for-as-a-header", "valid", &|p| head(p, &[4]));
    change("a-consent-as-a-header", "valid", &|p| head(p, &[2]));
    change("a-paid-for-as-a-header", "valid", &|p| head(p, &[5]));
    change("a-paid-for-without-what", "valid", &|p| withhold(p, 2, &[5]));
    change("a-paid-for-without-amount", "valid", &|p| withhold(p, 3, &[5]));
    change("an-answer-hidden", "valid", &|p| hide(p, &copy, &[6]));
    change("a-ruling-hidden", "valid", &|p| hide(p, &copy, &[7]));
    change("a-claim-for-hidden", "valid", &|p| hide(p, &copy, &[4]));
    change("a-claim-hidden", "bad-reference", &|p| hide(p, &copy, &[3]));
    change("a-consent-hidden", "bad-reference", &|p| hide(p, &copy, &[2]));
    change("a-consent-hidden-with-what-was-done-as-headers", "valid", &|p| {
        hide(p, &copy, &[2]);
        head(p, &[4, 5]);
    });
    change("the-union-not-proved", "valid", &|p| p.issuers.retain(|v| v.address != short.union.at()));
    change("nobody-proved", "valid", &|p| p.issuers.clear());
    change("the-bureau-without-its-roles", "bad-issuer", &|p| {
        let bureau = p.issuers.iter_mut().find(|v| v.address == short.w.bureau.at()).unwrap();
        bureau.shown.iter_mut().for_each(|s| s.cells.truncate(1));
    });
    // No role is needed for what is done by a consent, nor by a party.
    change("the-union-and-the-platform-without-roles", "bad-issuer", &|p| {
        for view in p.issuers.iter_mut().filter(|v| v.address != short.w.bureau.at()) {
            view.shown.iter_mut().for_each(|s| s.cells.truncate(1));
        }
    });
    change("the-union-without-roles", "valid", &|p| {
        let union = p.issuers.iter_mut().find(|v| v.address == short.union.at()).unwrap();
        union.shown.iter_mut().for_each(|s| s.cells.truncate(1));
    });
    cheats(all);
}

/// What of a life is proved in which postings were recorded that the rules refuse.
pub fn cheated(make: &dyn Fn(&mut Righted) -> Vec<Posting>, change: &dyn Fn(&mut Proof, &Copy)) -> Proof {
    let mut r = Righted::briefly();
    r.w.world.book.cheats = true;
    for posting in make(&mut r) {
        assert!(r.w.world.commit(400, &[posting])[0].as_ref().unwrap().iter().all(Result::is_ok));
    }
    let copy = r.w.world.book.copy(lin(&r).number, 0, None);
    let mut proof = copy.prove(&select(Show::Whole, &[])).unwrap();
    change(&mut proof, &copy);
    proof
}

pub fn lin(r: &Righted) -> Address {
    r.w.world.lin.at()
}

fn pensions(r: &Righted) -> For {
    (Insurance::PENSION, r.w.world.fund.at())
}

/// Somebody says something.
pub type Says<'a> = &'a dyn Fn(&mut Righted) -> Vec<Posting>;
/// The same, owned.
type BoxedSays = Box<dyn Fn(&mut Righted) -> Vec<Posting>>;
/// Puts a proof of that, changed, with its name and what it comes to.
type Shown<'a> = &'a mut dyn FnMut(&str, &str, Says<'_>, &dyn Fn(&mut Proof, &Copy));

/// Who says something in an account.
pub fn by(
    who: impl Fn(&mut Righted) -> &mut Person,
    say: impl Fn(&mut Person, Address) -> Statement,
) -> impl Fn(&mut Righted) -> Vec<Posting> {
    move |r| {
        let about = lin(r);
        let person = who(r);
        let said = say(person, about);
        vec![person.post(400, vec![said])]
    }
}

fn union(r: &mut Righted) -> &mut Person {
    &mut r.union
}
pub fn court(r: &mut Righted) -> &mut Person {
    &mut r.court
}
pub fn bureau(r: &mut Righted) -> &mut Person {
    &mut r.w.bureau
}
pub fn platform(r: &mut Righted) -> &mut Person {
    &mut r.w.world.platform
}
fn employer(r: &mut Righted) -> &mut Person {
    &mut r.w.world.employer
}
pub fn fund(r: &mut Righted) -> &mut Person {
    &mut r.w.world.fund
}
pub fn herself(r: &mut Righted) -> &mut Person {
    &mut r.w.world.lin
}

/// A ledger that records what its rules refuse: everything hangs together, and the verifier still says no, where it can tell.
fn cheats(all: &mut Vectors) {
    let t = trust();
    let mut shown = |name: &str, expect: &str, make: Says<'_>, change: &dyn Fn(&mut Proof, &Copy)| {
        let proof = cheated(make, change);
        put_summed(all, &format!("cheat-{name}"), expect, &proof, &t, time(1_000));
    };
    let unsigned = |p: &mut Proof| p.subject.shown[8].link = None;

    // Each refers to something (1 a contribution, 2 a consent, 3 and 4 claims, 5 a paid-for, 6 an answer, 7 a ruling), and becomes 8. As
    // it is, as a header, without *who*, without the signature, without either, and with what it refers to as a header or withheld.
    let variants = |shown: Shown<'_>, name: &str, expect: &str, target: (u64, usize), make: Says<'_>| {
        let named = |what: &str| format!("{name}{what}");
        shown(name, expect, make, &|_, _| {});
        shown(&named("-as-a-header"), "valid", make, &|p, _| head(p, &[8]));
        shown(&named("-without-who"), expect, make, &|p, _| withhold(p, 1, &[8]));
        shown(&named("-unsigned"), "bad-reference", make, &|p, _| unsigned(p));
        shown(&named("-by-nobody-knows-whom"), "valid", make, &|p, _| {
            withhold(p, 1, &[8]);
            unsigned(p);
        });
        let (sequence, facet) = target;
        shown(&named("-of-what-is-withheld"), "valid", make, &|p, _| withhold(p, facet, &[sequence]));
        shown(&named("-of-a-header"), "valid", make, &|p, _| head(p, &[sequence]));
        shown(&named("-with-nobody-proved"), expect, make, &|p, _| p.issuers.clear());
    };
    let looks = by(platform, |p, about| p.look(about, 2, everything()));
    variants(&mut shown, "access-by-another-than-the-grantee", "bad-reference", (2, 2), &looks);
    let files = by(platform, |p, about| p.claim_for(about, 2, bare(namesake(about), about)));
    variants(&mut shown, "claim-for-by-another-than-the-grantee", "bad-reference", (2, 2), &files);
    let pays = |r: &mut Righted| {
        let (about, pensions) = (lin(r), pensions(r));
        let s = platform(r).pay_for(about, 2, pensions, Source::Self_, 202609, pension(5), "dues");
        vec![platform(r).post(400, vec![s])]
    };
    variants(&mut shown, "paid-for-by-another-than-the-grantee", "bad-reference", (2, 2), &pays);
    let answers = by(employer, |p, about| p.answer(about, 3, true, &[]));
    variants(&mut shown, "answer-by-another-than-the-party", "bad-reference", (3, 2), &answers);
    let mends = by(employer, |p, about| p.remedy(about, 3, &[7]));
    variants(&mut shown, "remedy-by-another-than-the-party", "bad-reference", (3, 2), &mends);
    let rules = by(court, |p, about| p.rule(about, 3, rejected()));
    variants(&mut shown, "ruling-by-another-bureau", "bad-reference", (3, 2), &rules);
    let closes = by(platform, |p, about| p.close(about, 3));
    variants(&mut shown, "closing-by-the-party", "bad-issuer", (3, 2), &closes);
    let closes_other = by(union, |p, about| p.close(about, 4));
    variants(&mut shown, "closing-by-the-grantee", "bad-issuer", (4, 2), &closes_other);

    let mut cheat = |name: &str, expect: &str, make: Says<'_>| shown(name, expect, make, &|_, _| {});
    // Who may not.
    cheat("access-by-herself", "bad-reference", &by(herself, |p, about| p.look(about, 2, everything())));
    cheat("answer-by-the-bureau", "bad-reference", &by(bureau, |p, about| p.answer(about, 3, true, &[])));
    cheat("answer-by-herself", "bad-reference", &by(herself, |p, about| p.answer(about, 3, true, &[])));
    cheat("remedy-by-the-bureau", "bad-reference", &by(bureau, |p, about| p.remedy(about, 3, &[7])));
    cheat("ruling-by-the-party", "bad-issuer", &by(platform, |p, about| p.rule(about, 3, rejected())));
    // Who is its own issuer has no role that is proved; here it is not the bureau either.
    cheat("ruling-by-herself", "bad-reference", &by(herself, |p, about| p.rule(about, 3, rejected())));
    cheat("closing-by-another-bureau", "bad-issuer", &by(court, |p, about| p.close(about, 3)));
    cheat("claim-by-another-than-the-account", "bad-issuer", &|r| {
        let (about, platform, court) = (lin(r), r.w.world.platform.at(), r.court.at());
        let s = r.union.claim(about, bare(platform, court));
        vec![r.union.post(400, vec![s])]
    });
    cheat("consent-granted-by-another", "bad-issuer", &|r| {
        let (about, platform) = (lin(r), r.w.world.platform.at());
        let s = r.union.consent(about, consent(platform, ALL, everything(), LONG, false));
        vec![r.union.post(400, vec![s])]
    });
    cheat("consent-revoked-by-another", "bad-issuer", &by(platform, |p, about| p.take_back(about, 2)));
    cheat("consent-revoked-by-the-grantee", "bad-issuer", &by(union, |p, about| p.take_back(about, 2)));
    cheat(
        "access-unasked-by-who-is-no-bureau",
        "bad-issuer",
        &by(fund, |p, about| p.look_unasked(about, everything())),
    );
    cheat("access-unasked-by-who-was-a-bureau", "bad-issuer", &|r| {
        let (about, lapsed) = (lin(r), r.lapsed.at());
        let end = r.w.world.registrar.at();
        let s = r.w.world.registrar.say(
            0,
            lapsed,
            Some(1),
            None,
            &peal_spec::statement::Body::Revoked(peal_spec::statement::Revoked { who: end }),
        );
        let ends = r.w.world.registrar.post(400, vec![s]);
        let s = r.lapsed.look_unasked(about, everything());
        vec![ends, r.lapsed.post(400, vec![s])]
    });
    cheat("ruling-by-a-bureau-that-is-none", "bad-issuer", &|r| {
        let (about, platform, fund) = (lin(r), r.w.world.platform.at(), r.w.world.fund.at());
        let s = r.w.world.lin.claim(about, bare(platform, fund));
        let claim = r.w.world.lin.post(400, vec![s]);
        let s = r.w.world.platform.answer(about, 8, false, &[]);
        let answer = r.w.world.platform.post(400, vec![s]);
        let s = r.w.world.fund.rule(about, 8, rejected());
        vec![claim, answer, r.w.world.fund.post(400, vec![s])]
    });

    // Paid for: of source self, and as any contribution is.
    let of_source = |source: Source| {
        move |r: &mut Righted| {
            let (about, pensions) = (lin(r), pensions(r));
            let s = r.union.pay_for(about, 2, pensions, source, 202609, pension(5), "more");
            vec![r.union.post(400, vec![s])]
        }
    };
    cheat("paid-for-of-source-platform", "bad-issuer", &of_source(Source::Platform));
    cheat("paid-for-of-source-employer", "bad-issuer", &of_source(Source::Employer));
    cheat("paid-for-of-source-subsidy", "bad-issuer", &of_source(Source::Subsidy));
    let settles = |m: u32, amount| by(fund, move |p, about| p.settle(0, about, 5, m, pension(amount)));
    cheat("paid-for-settled-in-another-month", "bad-reference", &settles(202608, 3_000));
    cheat("paid-for-settled-at-another-amount", "bad-reference", &settles(202609, 3_001));
    cheat(
        "paid-for-refunded-unsettled",
        "bad-reference",
        &by(fund, |p, about| p.refund(about, 5, 202609, returned(5, 2), "back")),
    );
    cheat(
        "paid-for-corrected-by-herself",
        "bad-reference",
        &by(herself, |p, about| p.correct(0, about, 5, 202609, None)),
    );
    cheat("paid-for-settled-by-another-fund", "bad-reference", &|r| {
        let (about, second) = (lin(r), &mut r.w.second);
        let s = second.settle(0, about, 5, 202609, pension(3_000));
        vec![second.post(400, vec![s])]
    });
    cheat("paid-for-settled-by-a-fund-without-the-insurance", "bad-issuer", &|r| {
        let (about, other) = (lin(r), r.w.world.other_fund.at());
        let for_ = (Insurance::PENSION, other);
        let s = r.union.pay_for(about, 2, for_, Source::Self_, 202609, pension(5), "more");
        let paid = r.union.post(400, vec![s]);
        let s = r.w.world.other_fund.settle(0, about, 8, 202609, pension(5));
        vec![paid, r.w.world.other_fund.post(400, vec![s])]
    });
    cheat("paid-for-matched-in-the-persons-name", "bad-issuer", &|r| {
        let (about, pensions) = (lin(r), pensions(r));
        let s = r.union.matching(about, 5, pensions, Source::Self_, 202609, pension(5), "part");
        vec![r.union.post(400, vec![s])]
    });
    cheat("paid-for-matched-in-another-month", "bad-reference", &|r| {
        let (about, pensions) = (lin(r), pensions(r));
        let s = platform(r).matching(about, 5, pensions, Source::Platform, 202608, pension(5), "part");
        vec![platform(r).post(400, vec![s])]
    });

    // What refers to what it may not refer to.
    let of_wrong: Vec<(&str, BoxedSays)> = vec![
        ("access-by-a-claim", Box::new(by(platform, |p, about| p.look(about, 3, everything())))),
        ("access-by-a-ruling", Box::new(by(union, |p, about| p.look(about, 7, everything())))),
        (
            "claim-for-by-a-contribution",
            Box::new(by(platform, |p, about| p.claim_for(about, 1, bare(about, about)))),
        ),
        ("consent-revoked-of-a-claim", Box::new(by(herself, |p, about| p.take_back(about, 3)))),
        ("answer-to-a-consent", Box::new(by(platform, |p, about| p.answer(about, 2, true, &[])))),
        ("answer-to-a-contribution", Box::new(by(platform, |p, about| p.answer(about, 1, true, &[])))),
        ("answer-to-an-answer", Box::new(by(platform, |p, about| p.answer(about, 6, true, &[])))),
        ("ruling-on-an-answer", Box::new(by(bureau, |p, about| p.rule(about, 6, rejected())))),
        ("ruling-on-a-consent", Box::new(by(bureau, |p, about| p.rule(about, 2, rejected())))),
        ("closing-of-a-ruling", Box::new(by(herself, |p, about| p.close(about, 7)))),
        ("remedy-of-a-ruling", Box::new(by(platform, |p, about| p.remedy(about, 7, &[7])))),
        ("settlement-of-a-consent", Box::new(by(fund, |p, about| p.settle(0, about, 2, 202609, pension(5))))),
        ("correction-of-a-claim", Box::new(by(herself, |p, about| p.correct(0, about, 3, 202609, None)))),
        ("benefit-of-a-consent", Box::new(by(fund, |p, about| p.benefit(about, 2, 202609, money(5), "1")))),
    ];
    for (name, make) in &of_wrong {
        shown(name, "bad-reference", make, &|_, _| {});
        shown(&format!("{name}-as-a-header"), "bad-reference", make, &|p, _| head(p, &[8]));
        shown(&format!("{name}-that-is-hidden"), "valid", make, &|p, copy| {
            let target = p.subject.shown[8].record.refers.unwrap();
            head(p, &[3, 4, 5, 6, 7, 8]);
            hide(p, copy, &[target]);
        });
    }
    let paid_by_a_claim = |r: &mut Righted| {
        let (about, pensions) = (lin(r), pensions(r));
        let s = r.union.pay_for(about, 3, pensions, Source::Self_, 202609, pension(5), "more");
        vec![r.union.post(400, vec![s])]
    };
    shown("paid-for-by-a-claim", "bad-reference", &paid_by_a_claim, &|_, _| {});
    shown("paid-for-by-a-claim-as-a-header", "bad-reference", &paid_by_a_claim, &|p, _| head(p, &[8]));
    shown("paid-for-of-source-platform-without-who", "valid", &of_source(Source::Platform), &|p, _| {
        withhold(p, 1, &[8]);
    });
    shown("paid-for-of-source-platform-as-a-header", "valid", &of_source(Source::Platform), &|p, _| {
        head(p, &[8]);
    });
    shown(
        "paid-for-of-source-platform-with-nobody-proved",
        "bad-issuer",
        &of_source(Source::Platform),
        &|p, _| {
            p.issuers.clear();
        },
    );

    // What the verifier does not judge: when, how often, and within what. The latest step is the state.
    let mut late = |name: &str, make: Says<'_>| shown(name, "valid", make, &|_, _| {});
    late("access-after-the-consent-was-revoked", &|r| {
        let about = lin(r);
        let s = herself(r).take_back(about, 2);
        let revoked = herself(r).post(400, vec![s]);
        let s = r.union.look(about, 2, everything());
        vec![revoked, r.union.post(400, vec![s])]
    });
    late("consent-revoked-twice", &|r| {
        let about = lin(r);
        let s = vec![herself(r).take_back(about, 2), herself(r).take_back(about, 2)];
        vec![herself(r).post(400, s)]
    });
    late("ruling-again", &by(bureau, |p, about| p.rule(about, 3, rejected())));
    late("ruling-before-anybody-is-heard", &by(court, |p, about| p.rule(about, 4, in_part(LONG))));
    late("answer-after-the-ruling", &by(platform, |p, about| p.answer(about, 3, true, &[])));
    late("closing-by-the-bureau-of-what-is-upheld", &by(bureau, |p, about| p.close(about, 3)));
    late("remedy-by-what-is-still-to-come", &by(platform, |p, about| p.remedy(about, 3, &[9])));
    late("answer-after-the-closing", &|r| {
        let about = lin(r);
        let s = herself(r).close(about, 3);
        let closed = herself(r).post(400, vec![s]);
        let s = platform(r).answer(about, 3, true, &[]);
        vec![closed, platform(r).post(400, vec![s])]
    });
    late("claim-in-its-own-cause", &by(herself, |p, about| p.claim(about, bare(about, about))));
    late(
        "consent-to-herself",
        &by(herself, |p, about| p.consent(about, consent(about, ALL, everything(), 0, false))),
    );
    late("access-unasked-of-herself", &by(herself, |p, about| p.look_unasked(about, everything())));

    // The role of who has one at last.
    put_role(all);
}

/// A role that is granted after it was used is none.
fn put_role(all: &mut Vectors) {
    let proof = cheated(
        &|r| {
            let (about, fund) = (lin(r), r.w.world.fund.at());
            let s = r.w.world.fund.look_unasked(about, everything());
            let looked = r.w.world.fund.post(400, vec![s]);
            let s = r.w.world.registrar.grant(0, fund, Role::Bureau, &[], None);
            vec![looked, r.w.world.registrar.post(400, vec![s])]
        },
        &|_, _| {},
    );
    let file = proof.to_file();
    put_proof(all, "cheat-access-unasked-by-who-became-a-bureau", "bad-issuer", &file, &trust(), time(1_000));
}
