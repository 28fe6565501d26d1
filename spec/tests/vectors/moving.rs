//! The vectors of moving.

use peal_spec::address::Address;
use peal_spec::cbor::{Cbor, Reader};
use peal_spec::copy::{Copy, Show};
use peal_spec::hash::Hash;
use peal_spec::moving::{From, Showing, To};
use peal_spec::posting::Posting;
use peal_spec::proof::Proof;
use peal_spec::statement::{Source, Statement};
use peal_spec::trust::Trust;
use peal_spec::value::{AMOUNT_MAX, Time};

use crate::cast::*;
use crate::work::{head, hide, item, withhold};
use crate::world::moving::{Side, Two, there};
use crate::{Vectors, put, put_proof, put_statement, put_summed, select, story};

const NULL: &[u8] = &[0xf6];

/// The items of an array of less than 24, changed.
fn edit(array: &[u8], change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Vec<u8> {
    let mut reader = Reader::new(array);
    let count = reader.array().unwrap();
    let mut items: Vec<Vec<u8>> = (0..count).map(|_| reader.item().unwrap().to_vec()).collect();
    change(&mut items);
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

fn bytes(count: usize) -> Vec<u8> {
    item(|w| w.bytes(&vec![7; count]))
}

fn row(items: &[Vec<u8>]) -> Vec<u8> {
    edit(&[0x80], |all| all.extend_from_slice(items))
}

/// The statements of all eight types, with what can be wrong about them.
pub fn statements(all: &mut Vectors) {
    let mut two = Two::begun();
    let (lin, fund, bureau) = (two.old.world.lin.at(), two.old.pensions(), two.old.bureau.at());
    let (to_lin, to_fund, zero) = (two.new.world.lin.at(), two.new.pensions(), two.old.world.registrar.at());
    // What is shown is looked at when it is judged; here it has a shape only.
    let list = two.new.list();
    let shown = || Showing { list: list.clone(), file: b"a proof file".to_vec() };
    let from = From {
        origin: origin(),
        address: lin,
        departure: Some(8),
        size: 15,
        root: Hash([5; 32]),
        bureau: None,
    };
    let to = To { origin: there(), address: to_lin, bureau: Some(bureau) };
    let departs = two.old.world.lin.departs(lin, to);
    let arrives = two.new.world.lin.arrives(to_lin, from, shown());
    let out = two.old.world.fund.transfers_out(lin, 8, fund, moved(6_000, 2_000, 500), "move 1");
    let comes =
        two.new.world.fund.transfers_in(to_lin, 1, to_fund, moved(6_000, 2_000, 500), (15, shown()), "in 1");
    let closes = two.old.world.lin.closes_move(lin, 8, shown());
    let approves = two.old.bureau.approves_departure(lin, 8);
    let recognises = two.old.world.registrar.recognises(zero, &there(), Some(list.clone()));
    let transcribes = two.new.bureau.transcribes(to_lin, booklet(199_801, 200_112), scanned(), "file 1");
    let mut add = |name: &str, expect: &str, from: &Statement, change: &dyn Fn(&mut Statement)| {
        let mut s = from.clone();
        change(&mut s);
        put_statement(all, name, expect, &s.to_bytes());
    };
    for (name, statement) in [
        ("departure", &departs),
        ("arrival", &arrives),
        ("transferred-out", &out),
        ("transferred-in", &comes),
        ("move-closed", &closes),
        ("departure-approved", &approves),
        ("ledger-recognised", &recognises),
        ("transcribed", &transcribes),
    ] {
        add(name, "valid", statement, &|_| {});
        add(&format!("{name}-without-address"), "malformed-facet", statement, &|s| s.address = None);
        match statement.refers {
            Some(_) => {
                add(&format!("{name}-without-target"), "malformed-facet", statement, &|s| s.refers = None);
            }
            None => {
                add(&format!("{name}-with-a-target"), "malformed-facet", statement, &|s| s.refers = Some(0));
            }
        }
        add(&format!("{name}-with-a-month"), "malformed-facet", statement, &|s| {
            s.month = Some(month(202609));
        });
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
    let mut of =
        |name: &str, expect: &str, from: &Statement, at: usize, change: &dyn Fn(&mut Vec<Vec<u8>>)| {
            let value = edit(from.facets.get(at).unwrap(), change);
            add(name, expect, from, &|s| s.facets = s.facets.with(at, &value));
        };
    let bad = "malformed-facet";
    let far = item(|w| {
        w.array(2);
        w.uint(1 << 40);
        w.bytes(&lin.id.0);
    });

    // Names of ledgers: 1 to 100 bytes without space or plus, in the three facets that have one.
    for (name, statement, at) in
        [("departure", &departs, 1), ("arrival", &arrives, 1), ("ledger-recognised", &recognises, 1)]
    {
        let mut of = |what: &str, expect: &str, origin: Vec<u8>| {
            of(&format!("{name}-{what}"), expect, statement, at, &|f| f[0] = origin.clone());
        };
        of("of-a-ledger-with-a-space", bad, text("south example/peal"));
        of("of-a-ledger-with-a-plus", bad, text("south.example+peal"));
        of("of-a-ledger-without-name", bad, text(""));
        of("of-a-ledger-of-100-bytes", "valid", text(&"x".repeat(100)));
        of("of-a-ledger-of-101-bytes", bad, text(&"x".repeat(101)));
        of("of-no-ledger", bad, NULL.to_vec());
    }
    of("departure-with-no-bureau", "valid", &departs, 1, &|f| f[2] = NULL.to_vec());
    of("departure-with-a-bureau-2-to-40", bad, &departs, 1, &|f| f[2] = far.clone());
    of("departure-to-account-2-to-40", bad, &departs, 1, &|f| f[1] = far.clone());
    of("departure-to-no-account", bad, &departs, 1, &|f| f[1] = NULL.to_vec());
    of("departure-to-of-two-elements", bad, &departs, 1, &|f| drop(f.pop()));
    of("departure-to-of-four-elements", bad, &departs, 1, &|f| f.push(NULL.to_vec()));

    of("arrival-without-departure", "valid", &arrives, 1, &|f| f[2] = NULL.to_vec());
    of("arrival-with-a-departure-in-words", bad, &arrives, 1, &|f| f[2] = text("8"));
    of("arrival-with-a-departure-2-to-53", bad, &arrives, 1, &|f| f[2] = number(1 << 53));
    of("arrival-from-no-account", bad, &arrives, 1, &|f| f[1] = NULL.to_vec());
    of("arrival-of-size-null", bad, &arrives, 1, &|f| f[3] = NULL.to_vec());
    of("arrival-of-size-2-to-53", bad, &arrives, 1, &|f| f[3] = number(1 << 53));
    of("arrival-with-a-root-of-31-bytes", bad, &arrives, 1, &|f| f[4] = bytes(31));
    of("arrival-with-a-root-of-33-bytes", bad, &arrives, 1, &|f| f[4] = bytes(33));
    of("arrival-with-a-bureau-2-to-40", bad, &arrives, 1, &|f| f[5] = far.clone());
    of("arrival-from-of-five-elements", bad, &arrives, 1, &|f| drop(f.pop()));
    of("arrival-from-of-seven-elements", bad, &arrives, 1, &|f| f.push(NULL.to_vec()));

    // What is shown: a list of 1 to 8192 bytes, a file of 1 to 32,768.
    of("arrival-with-a-list-of-8192-bytes", "valid", &arrives, 2, &|f| f[0] = bytes(8_192));
    of("arrival-with-a-file-of-32768-bytes", "valid", &arrives, 2, &|f| f[1] = bytes(32_768));
    for (name, statement, at) in
        [("arrival", &arrives, 2), ("transferred-in", &comes, 4), ("move-closed", &closes, 1)]
    {
        let mut of = |what: &str, change: &dyn Fn(&mut Vec<Vec<u8>>)| {
            of(&format!("{name}-{what}"), bad, statement, at, change);
        };
        of("with-an-empty-list", &|f| f[0] = bytes(0));
        of("with-a-list-of-8193-bytes", &|f| f[0] = bytes(8_193));
        of("with-an-empty-file", &|f| f[1] = bytes(0));
        of("with-a-file-of-32769-bytes", &|f| f[1] = bytes(32_769));
        of("with-a-list-as-text", &|f| f[0] = text("peal trust 1\n"));
        of("with-a-list-null", &|f| f[0] = NULL.to_vec());
        of("with-a-file-null", &|f| f[1] = NULL.to_vec());
        of("with-a-list-alone", &|f| drop(f.pop()));
        of("showing-three-things", &|f| f.push(bytes(1)));
    }

    // Money: at most 2^53 − 1 each and together, and something moves.
    for (name, statement) in [("transferred-out", &out), ("transferred-in", &comes)] {
        let mut of = |what: &str, expect: &str, change: &dyn Fn(&mut Vec<Vec<u8>>)| {
            of(&format!("{name}-{what}"), expect, statement, 2, change);
        };
        for (place, part) in ["own", "pooled", "kept"].iter().enumerate() {
            of(&format!("with-{part}-of-2-to-53"), bad, &|f| f[place] = number(AMOUNT_MAX + 1));
            of(&format!("with-{part}-null"), bad, &|f| f[place] = NULL.to_vec());
        }
        of("of-all-there-can-be", "valid", &|f| {
            (f[0], f[1], f[2]) = (number(AMOUNT_MAX - 2), number(1), number(1));
        });
        of("of-more-than-there-can-be", "amount-range", &|f| {
            (f[0], f[1], f[2]) = (number(AMOUNT_MAX - 2), number(1), number(2));
        });
        of("of-nothing", "amount-range", &|f| (f[0], f[1], f[2]) = (number(0), number(0), number(500)));
        of("of-pooled-alone", "valid", &|f| (f[0], f[1], f[2]) = (number(0), number(1), number(0)));
        of("with-the-currency-in-small-letters", bad, &|f| f[3] = text("cny"));
        of("moved-of-three-elements", bad, &|f| drop(f.remove(2)));
        of("moved-of-five-elements", bad, &|f| f.push(number(0)));
    }
    for (name, statement) in
        [("transferred-out", &out), ("transferred-in", &comes), ("transcribed", &transcribes)]
    {
        of(&format!("{name}-with-a-reference-of-65-bytes"), bad, statement, 0, &|f| {
            f[1] = text(&"x".repeat(65));
        });
        of(&format!("{name}-without-a-reference"), bad, statement, 0, &|f| f[1] = text(""));
    }
    of("transferred-out-of-insurance-0", bad, &out, 1, &|f| f[0] = number(0));

    of("ledger-recognised-no-more", "valid", &recognises, 1, &|f| f[1] = NULL.to_vec());
    of("ledger-recognised-by-an-empty-list", bad, &recognises, 1, &|f| f[1] = bytes(0));
    of("ledger-recognised-by-8192-bytes", "valid", &recognises, 1, &|f| f[1] = bytes(8_192));
    of("ledger-recognised-by-8193-bytes", bad, &recognises, 1, &|f| f[1] = bytes(8_193));
    of("ledger-recognised-by-text", bad, &recognises, 1, &|f| f[1] = text("peal trust 1\n"));
    of("ledger-recognised-of-one-element", bad, &recognises, 1, &|f| drop(f.pop()));
    of("ledger-recognised-of-three-elements", bad, &recognises, 1, &|f| f.push(NULL.to_vec()));

    let paper = |name: &str| format!("transcribed-{name}");
    let mut of_paper = |name: &str, expect: &str, change: &dyn Fn(&mut Vec<Vec<u8>>)| {
        of(&paper(name), expect, &transcribes, 1, change);
    };
    of_paper("of-one-month", "valid", &|f| f[3] = row(&[number(199_801), number(199_801)]));
    of_paper("of-months-backwards", bad, &|f| f[3] = row(&[number(199_802), number(199_801)]));
    of_paper("of-a-month-13", bad, &|f| f[3] = row(&[number(199_801), number(199_813)]));
    of_paper("of-a-month-alone", bad, &|f| f[3] = number(199_801));
    of_paper("of-three-months", bad, &|f| f[3] = row(&[number(199_801), number(199_802), number(199_803)]));
    of_paper("of-no-months", bad, &|f| f[3] = NULL.to_vec());
    of_paper("that-names-no-amount", "valid", &|f| f[4] = number(0));
    of_paper("with-an-amount-of-2-to-53", bad, &|f| f[4] = number(1 << 53));
    of_paper("with-a-scheme-of-33-bytes", bad, &|f| f[1] = text(&"x".repeat(33)));
    of_paper("with-a-payer-of-128-bytes", "valid", &|f| f[2] = text(&"x".repeat(128)));
    of_paper("with-a-payer-of-129-bytes", bad, &|f| f[2] = text(&"x".repeat(129)));
    of_paper("with-a-payer-without-name", bad, &|f| f[2] = text(""));
    of_paper("of-insurance-0", bad, &|f| f[0] = number(0));
    of_paper("paper-of-five-elements", bad, &|f| drop(f.pop()));
    of_paper("paper-of-seven-elements", bad, &|f| f.push(NULL.to_vec()));
    let mut of_source = |name: &str, expect: &str, change: &dyn Fn(&mut Vec<Vec<u8>>)| {
        of(&paper(name), expect, &transcribes, 2, change);
    };
    of_source("with-a-digest-of-31-bytes", bad, &|f| f[1] = bytes(31));
    of_source("with-a-digest-of-33-bytes", bad, &|f| f[1] = bytes(33));
    of_source("with-a-digest-null", bad, &|f| f[1] = NULL.to_vec());
    of_source("from-no-page", "valid", &|f| f[2] = NULL.to_vec());
    of_source("from-a-page-of-33-bytes", bad, &|f| f[2] = text(&"x".repeat(33)));
    of_source("from-a-page-without-name", bad, &|f| f[2] = text(""));
    of_source("from-a-document-of-129-bytes", bad, &|f| f[0] = text(&"x".repeat(129)));
    of_source("from-a-document-with-a-newline", bad, &|f| f[0] = text("a\nb"));
    of_source("source-of-two-elements", bad, &|f| drop(f.pop()));
    let mut facet = |name: &str, expect: &str, value: Vec<u8>| {
        add(name, expect, &comes, &|s| s.facets = s.facets.with(3, &value));
    };
    facet("transferred-in-of-out-null", bad, NULL.to_vec());
    facet("transferred-in-of-out-2-to-53", bad, number(1 << 53));
    facet("transferred-in-of-out-in-words", bad, text("15"));
}

pub fn stories(all: &mut Vectors) {
    let two = Two::told();
    put(all, "story/moving-old", story(&two.old.world));
    put(all, "story/moving-new", story(&two.new.world));
    let full = Two::full();
    put(all, "story/moving-limits-old", story(&full.old.world));
    put(all, "story/moving-limits-new", story(&full.new.world));
}

/// What proofs of an account show, whole and in parts.
fn shown_of(all: &mut Vectors, name: &str, side: &Side, of: Address, withheld: &[&str]) {
    let (copy, t, now) = (side.copy(of), side.trust(), side.now);
    let mut put = |what: &str, show: Show, withheld: &[&str]| {
        let proof = copy.prove(&select(show, withheld)).unwrap();
        put_summed(all, &format!("moving-{name}-{what}"), "valid", &proof, &t, now);
    };
    put("whole", Show::Whole, &[]);
    for facet in withheld {
        put(&format!("{facet}-withheld"), Show::Whole, &[facet]);
    }
}

pub fn proofs(all: &mut Vectors) {
    let told = Two::told();
    let (old, new) = (&told.old, &told.new);
    let (old_lin, new_lin) = (old.world.lin.at(), new.world.lin.at());
    shown_of(all, "old", old, old_lin, &["who", "to", "what", "moved", "shown"]);
    shown_of(all, "new", new, new_lin, &["who", "from", "moved", "out", "shown", "paper", "source"]);
    shown_of(all, "guarded", old, old.mei.at(), &["who"]);
    shown_of(all, "kept", old, old.zhao.at(), &["says"]);
    shown_of(all, "ended", new, new.zhao.at(), &[]);
    for (name, side, of, show) in [
        ("old-totals", old, old_lin, Show::Totals),
        ("new-totals", new, new_lin, Show::Totals),
        ("old-within-everything", old, old_lin, Show::Within(everything())),
        ("new-within-everything", new, new_lin, Show::Within(everything())),
        ("old-one-month", old, old_lin, Show::Months(month(202609), month(202609))),
        ("registrar", old, old.world.registrar.at(), Show::Whole),
    ] {
        let proof = side.copy(of).prove(&select(show, &[])).unwrap();
        put_summed(all, &format!("moving-{name}"), "valid", &proof, &side.trust(), side.now);
    }
    // What one ledger is shown of the other.
    for (name, side, of, out) in [
        ("shown-departure", old, old_lin, None),
        ("shown-out", old, old_lin, Some(15)),
        ("shown-arrival", new, new_lin, None),
        ("shown-of-who-stays", old, old.zhao.at(), None),
    ] {
        let proof = side.copy(of).prove_move(out).unwrap();
        put_proof(all, &format!("moving-{name}"), "valid", &proof.to_file(), &side.trust(), side.now);
    }
    changed(all, &told);
    cheats(all);
}

/// The same with something hidden, or missing, or otherwise.
fn changed(all: &mut Vectors, told: &Two) {
    let mut change =
        |name: &str, expect: &str, (side, of): (&Side, Address), change: &dyn Fn(&mut Proof, &Copy)| {
            let copy = side.copy(of);
            let mut proof = copy.prove(&select(Show::Whole, &[])).unwrap();
            change(&mut proof, &copy);
            put_summed(all, &format!("moving-{name}"), expect, &proof, &side.trust(), side.now);
        };
    let (old, new) = (&told.old, &told.new);
    let lin = (old, old.world.lin.at());
    // 8 is the departure, 10 the approval, 15, 16, 18 and 22 money, 21 and 24 the closings.
    change("the-departure-as-a-header", "valid", lin, &|p, _| head(p, &[8]));
    change("the-departure-hidden", "bad-reference", lin, &|p, copy| hide(p, copy, &[8]));
    change("the-departure-and-all-of-it-hidden", "valid", lin, &|p, copy| {
        hide(p, copy, &[8, 10, 15, 16, 18, 21, 22, 24]);
    });
    change("what-left-as-a-header", "valid", lin, &|p, _| head(p, &[15]));
    change("what-left-hidden", "valid", lin, &|p, copy| hide(p, copy, &[15]));
    change("what-left-by-whom-withheld", "valid", lin, &|p, _| withhold(p, 1, &[15]));
    change("the-closings-as-headers", "valid", lin, &|p, _| head(p, &[21, 24]));
    let without_roles = |p: &mut Proof, whose: Address| {
        let view = p.issuers.iter_mut().find(|v| v.address == whose).unwrap();
        view.shown.iter_mut().for_each(|s| s.cells.truncate(1));
    };
    change("the-fund-without-its-roles", "bad-issuer", lin, &|p, _| {
        without_roles(p, old.world.fund.at());
    });
    change("the-bureau-without-its-roles", "bad-issuer", lin, &|p, _| without_roles(p, old.bureau.at()));
    change("nobody-proved", "valid", lin, &|p, _| p.issuers.clear());
    let mei = (old, old.mei.at());
    change("the-guardians-as-headers", "valid", mei, &|p, _| head(p, &[4, 5]));
    // 1, 3 and 5 are departures; 2 turns the key, 4 and 6 withdraw.
    let zhao = (old, old.zhao.at());
    change("a-withdrawal-as-a-header", "valid", zhao, &|p, _| head(p, &[6]));
    change("a-withdrawal-hidden", "valid", zhao, &|p, copy| hide(p, copy, &[6]));
    change("what-is-withdrawn-as-a-header", "valid", zhao, &|p, _| head(p, &[5]));
    change("what-is-withdrawn-hidden", "bad-reference", zhao, &|p, copy| hide(p, copy, &[5]));
    let lin = (new, new.world.lin.at());
    // 1 and 4 are arrivals, 2, 3, 5 and 6 money, 7 and 8 transcribed, 9 withdraws 8.
    change("the-arrival-as-a-header", "valid", lin, &|p, _| head(p, &[1]));
    change("the-arrival-hidden", "bad-reference", lin, &|p, copy| hide(p, copy, &[1]));
    change("the-second-arrival-hidden", "valid", lin, &|p, copy| hide(p, copy, &[4]));
    change("what-was-transcribed-as-a-header", "valid", lin, &|p, _| head(p, &[7, 8]));
    change("what-was-transcribed-hidden", "bad-reference", lin, &|p, copy| hide(p, copy, &[8]));
    change("a-fund-there-without-its-roles", "bad-issuer", lin, &|p, _| {
        without_roles(p, new.world.other_fund.at());
    });
    let zhao = (new, new.zhao.at());
    change("a-bureau-there-without-its-roles", "bad-issuer", zhao, &|p, _| {
        without_roles(p, new.bureau.at());
    });
}

/// Somebody says something to the old ledger, whatever its rules.
type Says<'a> = &'a dyn Fn(&mut Two) -> Vec<Posting>;

/// What of an account of the old ledger is proved in which postings were recorded that the rules refuse: 1 is a contribution, 2 a departure.
fn cheated(of: &dyn Fn(&Two) -> Address, make: Says<'_>) -> (Proof, Copy, Trust, Time) {
    let mut two = Two::begun();
    let (lin, pensions, to) = (lin(&two), two.old.pensions(), two.to(two.new.world.lin.at(), None));
    let pays = two.old.world.platform.tells(360, |p| {
        vec![(Ok(1), p.pay(lin, pensions, Source::Platform, 202609, pension(10_000), "order 1"))]
    });
    let departs = two.old.world.lin.tells(360, |p| vec![(Ok(2), p.departs(lin, to))]);
    two.old.hear(360, vec![pays, departs]);
    two.old.world.book.cheats = true;
    for posting in make(&mut two) {
        assert!(two.old.world.commit(400, &[posting])[0].as_ref().unwrap().iter().all(Result::is_ok));
    }
    let copy = two.old.copy(of(&two));
    (copy.prove(&select(Show::Whole, &[])).unwrap(), copy, two.old.trust(), time(1_000))
}

fn lin(two: &Two) -> Address {
    two.old.world.lin.at()
}

/// Who says something in Lin's account.
fn by(
    who: fn(&mut Two) -> &mut Person,
    say: impl Fn(&mut Person, Address) -> Statement,
) -> impl Fn(&mut Two) -> Vec<Posting> {
    move |two| {
        let about = lin(two);
        let person = who(two);
        let said = say(person, about);
        vec![person.post(400, vec![said])]
    }
}

fn herself(two: &mut Two) -> &mut Person {
    &mut two.old.world.lin
}
fn platform(two: &mut Two) -> &mut Person {
    &mut two.old.world.platform
}
fn fund(two: &mut Two) -> &mut Person {
    &mut two.old.world.fund
}
fn other_fund(two: &mut Two) -> &mut Person {
    &mut two.old.world.other_fund
}
fn bureau(two: &mut Two) -> &mut Person {
    &mut two.old.bureau
}
fn court(two: &mut Two) -> &mut Person {
    &mut two.old.court
}
fn registrar(two: &mut Two) -> &mut Person {
    &mut two.old.world.registrar
}

/// A ledger that records what its rules refuse: the verifier still says no, where it can tell.
fn cheats(all: &mut Vectors) {
    let mut shown = |name: &str,
                     expect: &str,
                     of: &dyn Fn(&Two) -> Address,
                     make: Says<'_>,
                     change: &dyn Fn(&mut Proof, &Copy)| {
        let (mut proof, copy, trust, now) = cheated(of, make);
        change(&mut proof, &copy);
        put_summed(all, &format!("cheat-{name}"), expect, &proof, &trust, now);
    };
    let nothing = |_: &mut Proof, _: &Copy| {};
    let mut cheat = |name: &str, expect: &str, make: Says<'_>| shown(name, expect, &lin, make, &nothing);
    let sham = || Showing { list: b"a list".to_vec(), file: b"a file".to_vec() };
    let to = |address| To { origin: there(), address, bureau: None };
    let from = |address| From {
        origin: there(),
        address,
        departure: Some(1),
        size: 5,
        root: Hash([5; 32]),
        bureau: None,
    };
    let departs = move |p: &mut Person, about| p.departs(about, to(about));
    cheat("departure-by-another", "bad-issuer", &by(platform, departs));
    cheat("departure-by-a-bureau", "bad-issuer", &by(bureau, departs));
    cheat("departure-twice", "valid", &by(herself, departs));

    let out = |for_: For, refers: u64| {
        move |p: &mut Person, about| p.transfers_out(about, refers, for_, moved(1, 0, 0), "move 1")
    };
    let two = Two::begun();
    let (pensions, health) = (two.old.pensions(), two.old.health());
    let of_another = (health.0, pensions.1);
    cheat("transferred-out-by-its-fund-too-early", "valid", &by(fund, out(pensions, 2)));
    cheat("transferred-out-by-another-fund", "bad-reference", &by(other_fund, out(of_another, 2)));
    cheat("transferred-out-of-a-contribution", "bad-reference", &by(fund, out(pensions, 1)));
    cheat("transferred-out-of-the-opening", "bad-reference", &by(fund, out(pensions, 0)));
    cheat(
        "transferred-out-by-who-is-no-fund",
        "bad-issuer",
        &by(platform, |p, about| {
            let itself = (insurance(1), p.at());
            p.transfers_out(about, 2, itself, moved(1, 0, 0), "move 1")
        }),
    );
    cheat(
        "transferred-out-by-a-fund-of-other-insurances",
        "bad-issuer",
        &by(other_fund, |p, about| {
            let itself = (insurance(1), p.at());
            p.transfers_out(about, 2, itself, moved(1, 0, 0), "move 1")
        }),
    );
    cheat("transferred-out-of-what-is-withdrawn", "bad-reference", &|two| {
        let about = lin(two);
        let s = herself(two).withdraw(about, 2);
        let withdrawn = herself(two).post(400, vec![s]);
        let s = out(pensions, 2)(fund(two), about);
        vec![withdrawn, fund(two).post(400, vec![s])]
    });

    let closes = |refers| move |p: &mut Person, about| p.closes_move(about, refers, sham());
    cheat("move-closed-by-herself-with-a-sham", "valid", &by(herself, closes(2)));
    cheat("move-closed-by-a-bureau-with-a-sham", "valid", &by(bureau, closes(2)));
    cheat("move-closed-by-who-is-no-bureau", "bad-issuer", &by(platform, closes(2)));
    cheat("move-closed-of-a-contribution", "bad-reference", &by(herself, closes(1)));

    let approves = |refers| move |p: &mut Person, about| p.approves_departure(about, refers);
    cheat("departure-approved-by-a-bureau", "valid", &by(bureau, approves(2)));
    cheat("departure-approved-by-a-fund", "bad-issuer", &by(fund, approves(2)));
    cheat("departure-approved-by-herself", "valid", &by(herself, approves(2)));
    cheat("departure-approved-of-a-contribution", "bad-reference", &by(bureau, approves(1)));

    cheat("departure-withdrawn-by-herself", "valid", &by(herself, |p, about| p.withdraw(about, 2)));
    cheat("departure-withdrawn-by-a-bureau", "valid", &by(bureau, |p, about| p.withdraw(about, 2)));
    cheat("departure-withdrawn-by-a-platform", "bad-issuer", &by(platform, |p, about| p.withdraw(about, 2)));
    cheat("departure-withdrawn-twice", "bad-reference", &|two| {
        let about = lin(two);
        let s = vec![herself(two).withdraw(about, 2), herself(two).withdraw(about, 2)];
        vec![herself(two).post(400, s)]
    });
    cheat(
        "correction-of-a-departure",
        "bad-reference",
        &by(herself, |p, about| p.correct(0, about, 2, 202609, None)),
    );
    cheat("erasing-of-a-departure", "bad-reference", &by(herself, |p, about| p.erase(about, 2)));

    let arrives = move |p: &mut Person, about| p.arrives(about, from(about), sham());
    cheat("arrival-by-herself-with-a-sham", "valid", &by(herself, arrives));
    cheat("arrival-by-a-bureau-with-a-sham", "valid", &by(bureau, arrives));
    cheat("arrival-by-who-is-no-bureau", "bad-issuer", &by(platform, arrives));
    cheat("arrival-withdrawn", "bad-reference", &|two| {
        let about = lin(two);
        let s = vec![herself(two).arrives(about, from(about), sham()), herself(two).withdraw(about, 3)];
        vec![herself(two).post(400, s)]
    });

    let comes = |who: fn(&mut Two) -> &mut Person, for_: For, refers: u64| {
        move |two: &mut Two| {
            let about = lin(two);
            let s = herself(two).arrives(about, from(about), sham());
            let arrived = herself(two).post(400, vec![s]);
            let s = who(two).transfers_in(about, refers, for_, moved(1, 0, 0), (5, sham()), "in 1");
            vec![arrived, who(two).post(400, vec![s])]
        }
    };
    cheat("transferred-in-with-a-sham", "valid", &comes(fund, pensions, 3));
    cheat("transferred-in-by-another-fund", "bad-reference", &comes(other_fund, of_another, 3));
    cheat("transferred-in-of-a-departure", "bad-reference", &comes(fund, pensions, 2));
    cheat("transferred-in-by-who-is-no-fund", "bad-issuer", &comes(platform, pensions, 3));

    let transcribes = |p: &mut Person, about| p.transcribes(about, booklet(199_801, 200_112), scanned(), "1");
    cheat("transcribed-by-who-is-no-bureau", "bad-issuer", &by(fund, transcribes));
    cheat("transcribed-by-herself", "valid", &by(herself, transcribes));
    let withdrawn = |who: fn(&mut Two) -> &mut Person| {
        move |two: &mut Two| {
            let about = lin(two);
            let s = transcribes(court(two), about);
            let said = court(two).post(400, vec![s]);
            let s = who(two).withdraw(about, 3);
            vec![said, who(two).post(400, vec![s])]
        }
    };
    cheat("transcribed-withdrawn-by-another-bureau", "valid", &withdrawn(bureau));
    cheat("transcribed-withdrawn-by-herself", "valid", &withdrawn(herself));

    // As headers, or hidden, of whom it is is not known.
    shown("departure-approved-by-a-fund-as-a-header", "valid", &lin, &by(fund, approves(2)), &|p, _| {
        head(p, &[3]);
    });
    shown(
        "departure-approved-by-a-fund-with-nobody-proved",
        "valid",
        &lin,
        &by(fund, approves(2)),
        &|p, _| {
            p.issuers.clear();
        },
    );
    let by_platform = by(platform, |p, about| p.withdraw(about, 2));
    shown("departure-withdrawn-by-a-platform-of-a-header", "valid", &lin, &by_platform, &|p, _| {
        head(p, &[2])
    });
    let of_another = by(other_fund, out(of_another, 2));
    shown("transferred-out-by-another-fund-without-what", "valid", &lin, &of_another, &|p, _| {
        withhold(p, 2, &[3]);
    });

    let zero = |two: &Two| two.old.world.registrar.at();
    let recognises = |who: fn(&mut Two) -> &mut Person, about: fn(&Two) -> Address| {
        move |two: &mut Two| {
            let about = about(two);
            let s = who(two).recognises(about, &there(), None);
            vec![who(two).post(400, vec![s])]
        }
    };
    shown("ledger-recognised-by-the-registrar", "valid", &zero, &recognises(registrar, zero), &nothing);
    shown("ledger-recognised-by-a-bureau", "bad-issuer", &zero, &recognises(bureau, zero), &nothing);
    shown("ledger-recognised-by-herself", "bad-issuer", &lin, &recognises(herself, lin), &nothing);
    shown("ledger-recognised-in-her-account", "valid", &lin, &recognises(registrar, lin), &nothing);
}
