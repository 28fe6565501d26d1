//! The vectors of what is erased.

use peal_spec::cbor::Cbor;
use peal_spec::copy::Show;
use peal_spec::statement::Statement;

use crate::cast::*;
use crate::rights::{bureau, by, cheated, court, fund, herself, lin, platform};
use crate::work::{head, hide, item, withhold};
use crate::world::World;
use crate::world::rights::Righted;
use crate::{Vectors, put, put_statement, put_summed, select, story, trust};

pub fn statements(all: &mut Vectors) {
    let mut w = World::founded();
    let lin = w.lin.at();
    let erases = w.lin.erase(lin, 2);
    let mut add = |name: &str, expect: &str, change: &dyn Fn(&mut Statement)| {
        let mut s = erases.clone();
        change(&mut s);
        put_statement(all, name, expect, &s.to_bytes());
    };
    add("erased", "valid", &|_| {});
    add("erased-without-address", "malformed-facet", &|s| s.address = None);
    add("erased-without-target", "malformed-facet", &|s| s.refers = None);
    add("erased-with-a-month", "malformed-facet", &|s| s.month = Some(month(202609)));
    add("erased-without-its-last-facet", "malformed-facet", &|s| refacet(s, |f| drop(f.pop())));
    add("erased-with-a-facet-too-many", "malformed-facet", &|s| refacet(s, |f| f.push(vec![0xf6])));
    add("erased-by-nobody", "malformed-facet", &|s| refacet(s, |f| f[0] = vec![0xf6]));
    add("erased-saying-nothing", "malformed-facet", &|s| refacet(s, |f| f[1] = item(|w| w.text(""))));
}

pub fn stories(all: &mut Vectors) {
    put(all, "story/erasure", story(&Righted::erased().w.world));
}

pub fn proofs(all: &mut Vectors) {
    let told = Righted::erased();
    let (kept, bereft) = (told.w.world.book.copy(told.w.world.lin.at().number, 0, None), told.bereft());
    let (t, now) = (trust(), told.w.now);
    for (name, copy, show, withheld) in [
        ("whole", &bereft, Show::Whole, &[][..]),
        ("says-withheld", &bereft, Show::Whole, &["says"]),
        ("who-withheld", &bereft, Show::Whole, &["who"]),
        ("one-month", &bereft, Show::Months(month(202609), month(202609)), &[]),
        ("totals", &bereft, Show::Totals, &[]),
        ("within-everything", &bereft, Show::Within(everything()), &[]),
        // Who holds an older copy can still show it, and the verdict says that it was erased.
        ("by-who-kept-a-copy", &kept, Show::Whole, &[]),
    ] {
        let proof = copy.prove(&select(show, withheld)).unwrap();
        put_summed(all, &format!("erasure-{name}"), "valid", &proof, &t, now);
    }
    let whole = bereft.prove(&select(Show::Whole, &[])).unwrap();
    let mut change = |name: &str, expect: &str, change: &dyn Fn(&mut peal_spec::proof::Proof)| {
        let mut p = whole.clone();
        change(&mut p);
        put_summed(all, &format!("erasure-{name}"), expect, &p, &t, now);
    };
    change("as-a-header", "valid", &|p| head(p, &[10, 11, 12]));
    change("without-who", "valid", &|p| withhold(p, 1, &[10]));
    change("of-what-is-hidden", "bad-reference", &|p| hide(p, &bereft, &[2]));
    change("as-a-header-of-what-is-hidden", "valid", &|p| {
        hide(p, &bereft, &[2]);
        head(p, &[10]);
    });
    change("the-court-without-its-roles", "bad-issuer", &|p| {
        let court = p.issuers.iter_mut().find(|v| v.address == told.court.at()).unwrap();
        court.shown.iter_mut().for_each(|s| s.cells.truncate(1));
    });
    change("nobody-proved", "valid", &|p| p.issuers.clear());
    cheats(all);
}

fn cheats(all: &mut Vectors) {
    let t = trust();
    let mut cheat = |name: &str, expect: &str, make: crate::rights::Says<'_>| {
        put_summed(all, &format!("cheat-{name}"), expect, &cheated(make, &|_, _| {}), &t, time(1_000));
    };
    // 1 is a contribution, 2 a consent, 3 and 4 are claims, 5 a paid-for, 6 an answer, 7 a ruling.
    let erases = |of: u64| move |p: &mut Person, about| p.erase(about, of);
    cheat("erasing-of-a-contribution", "bad-reference", &by(herself, erases(1)));
    cheat("erasing-of-a-consent", "bad-reference", &by(herself, erases(2)));
    cheat("erasing-of-an-answer", "bad-reference", &by(herself, erases(6)));
    cheat("erasing-by-who-is-no-bureau", "bad-issuer", &by(platform, erases(3)));
    cheat("erasing-by-a-fund", "bad-issuer", &by(fund, erases(4)));
    cheat("erasing-by-a-bureau", "valid", &by(bureau, erases(3)));
    cheat("erasing-of-what-is-not-closed", "valid", &by(herself, erases(4)));
    cheat("erased-twice", "bad-reference", &|r| {
        let about = lin(r);
        let s = vec![herself(r).erase(about, 3), herself(r).erase(about, 3)];
        vec![herself(r).post(400, s)]
    });
    cheat("closing-of-what-is-erased", "bad-reference", &|r| {
        let about = lin(r);
        let s = vec![herself(r).erase(about, 3), herself(r).close(about, 3)];
        vec![herself(r).post(400, s)]
    });
    cheat("correction-of-what-is-erased", "bad-reference", &|r| {
        let about = lin(r);
        let s = vec![platform(r).engage(about, 202609, from_to(-7_200, -3_600), 5, "order 9")];
        let works = platform(r).post(400, s);
        let s = vec![court(r).erase(about, 8)];
        let erased = court(r).post(400, s);
        let s = vec![platform(r).correct(0, about, 8, 202609, None)];
        vec![works, erased, platform(r).post(400, s)]
    });
}
