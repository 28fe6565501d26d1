//! The vectors of identities and links.

use peal_spec::address::Address;
use peal_spec::cbor::Cbor;
use peal_spec::copy::Show;
use peal_spec::posting::Posting;
use peal_spec::statement::Statement;
use serde_json::json;

use crate::cast::*;
use crate::rights::{Says, bureau, by, cheated, court, fund, herself, lin, platform};
use crate::work::{head, hide, item, withhold};
use crate::world::World;
use crate::world::rights::Righted;
use crate::{Vectors, put, put_statement, put_summed, select, story, trust};

pub fn commitments(all: &mut Vectors) {
    let w = World::founded();
    for (name, account, of) in [
        ("first", w.lin.at(), "lin"),
        ("another-account", w.wang.at(), "lin"),
        ("another-person", w.lin.at(), "wang"),
    ] {
        let (document, salt, _) = papers(of);
        put(
            all,
            &format!("identity/{name}"),
            json!({ "note": "what binds a document to an account", "expect": "valid", "id": account.id.to_string(),
                "document": document.to_string(), "salt": salt.to_string(),
                "commitment": document.commitment(&salt, &account).to_string() }),
        );
    }
    let (salt, id) = (papers("lin").1.to_string(), w.lin.at().id.to_string());
    for (name, document) in [
        ("country-in-small-letters", "cn:resident-id:1"),
        ("country-of-three-letters", "CHN:resident-id:1"),
        ("kind-in-capitals", "CN:Resident-id:1"),
        ("kind-missing", "CN::1"),
        ("number-missing", "CN:resident-id:"),
        ("number-with-a-space", "CN:resident-id:1 2"),
        ("number-with-a-hyphen", "CN:resident-id:1-2"),
        ("number-in-small-letters", "CN:passport:e1"),
        ("two-parts", "CN:1"),
        ("four-parts", "CN:resident-id:1:2"),
        ("of-65-bytes", "CN:resident-id:11111111111111111111111111111111111111111111111111"),
    ] {
        assert!(document.parse::<peal_spec::identity::Document>().is_err(), "{name}");
        put(
            all,
            &format!("identity/{name}"),
            json!({ "note": name.replace('-', " "), "expect": "malformed", "id": id, "document": document, "salt": salt }),
        );
    }
}

pub fn statements(all: &mut Vectors) {
    let mut w = World::founded();
    let (lin, wang) = (w.lin.at(), w.wang.at());
    let binds = w.platform.bind(lin, "lin");
    let links = w.lin.link(lin, wang);
    let withdraws = w.platform.withdraw(lin, 3);
    let mut add = |name: &str, expect: &str, from: &Statement, change: &dyn Fn(&mut Statement)| {
        let mut s = from.clone();
        change(&mut s);
        put_statement(all, name, expect, &s.to_bytes());
    };
    for (name, statement) in
        [("identity-bound", &binds), ("account-linked", &links), ("withdrawn", &withdraws)]
    {
        add(name, "valid", statement, &|_| {});
        add(&format!("{name}-without-address"), "malformed-facet", statement, &|s| s.address = None);
        add(&format!("{name}-with-a-month"), "malformed-facet", statement, &|s| {
            s.month = Some(month(202609))
        });
        add(&format!("{name}-with-another-target"), "malformed-facet", statement, &|s| {
            s.refers = if s.refers.is_some() { None } else { Some(0) };
        });
        add(&format!("{name}-without-its-last-facet"), "malformed-facet", statement, &|s| {
            refacet(s, |f| drop(f.pop()));
        });
        add(&format!("{name}-with-a-facet-too-many"), "malformed-facet", statement, &|s| {
            refacet(s, |f| f.push(vec![0xf6]));
        });
        add(&format!("{name}-by-nobody"), "malformed-facet", statement, &|s| {
            refacet(s, |f| f[0] = vec![0xf6]);
        });
    }
    let mut facet = |name: &str, expect: &str, from: &Statement, at: usize, value: Vec<u8>| {
        add(name, expect, from, &|s| s.facets = s.facets.with(at, &value));
    };
    for (at, name) in [(1, "identity"), (2, "token")] {
        let mut of = |what: &str, expect: &str, value: Vec<u8>| {
            facet(&format!("identity-bound-with-{name}-{what}"), expect, &binds, at, value);
        };
        of("of-zeros", "valid", item(|w| w.bytes(&[0; 32])));
        of("of-31-bytes", "malformed-facet", item(|w| w.bytes(&[7; 31])));
        of("of-33-bytes", "malformed-facet", item(|w| w.bytes(&[7; 33])));
        of("null", "malformed-facet", vec![0xf6]);
        of("as-text", "malformed-facet", item(|w| w.text(&"7".repeat(32))));
    }
    facet("account-linked-to-null", "malformed-facet", &links, 1, vec![0xf6]);
    facet("account-linked-to-an-id", "malformed-facet", &links, 1, item(|w| w.bytes(&lin.id.0)));
    facet(
        "account-linked-to-account-2-to-40",
        "malformed-facet",
        &links,
        1,
        item(|w| {
            w.array(2);
            w.uint(1 << 40);
            w.bytes(&lin.id.0);
        }),
    );
    facet("withdrawn-saying-nothing", "malformed-facet", &withdraws, 1, item(|w| w.text("")));
    facet("withdrawn-saying-512-bytes", "valid", &withdraws, 1, item(|w| w.text(&"x".repeat(512))));
    facet("withdrawn-saying-513-bytes", "malformed-facet", &withdraws, 1, item(|w| w.text(&"x".repeat(513))));
}

pub fn stories(all: &mut Vectors) {
    put(all, "story/identities", story(&Righted::identified().w.world));
}

pub fn proofs(all: &mut Vectors) {
    let told = Righted::identified();
    let copy = told.w.world.book.copy(told.w.world.lin.at().number, 0, None);
    let (t, now) = (trust(), told.w.now);
    for (name, show, withheld) in [
        ("whole", Show::Whole, &[][..]),
        ("identity-withheld", Show::Whole, &["identity"]),
        ("token-withheld", Show::Whole, &["token"]),
        ("link-withheld", Show::Whole, &["link"]),
        ("who-withheld", Show::Whole, &["who"]),
        ("says-withheld", Show::Whole, &["says"]),
        ("totals", Show::Totals, &[]),
        ("alone", Show::Identity, &[]),
        ("within-everything", Show::Within(everything()), &[]),
    ] {
        let proof = copy.prove(&select(show, withheld)).unwrap();
        put_summed(all, &format!("identity-{name}"), "valid", &proof, &t, now);
    }
    let whole = copy.prove(&select(Show::Whole, &[])).unwrap();
    let mut change = |name: &str, expect: &str, change: &dyn Fn(&mut peal_spec::proof::Proof)| {
        let mut p = whole.clone();
        change(&mut p);
        put_summed(all, &format!("identity-{name}"), expect, &p, &t, now);
    };
    assert!(
        whole.subject.shown.iter().all(|s| s.opening.as_ref().is_none_or(|o| {
            s.record.kind != peal_spec::statement::Type::IdentityBound || o.0[3].value().is_none()
        })),
        "no proof shows a token"
    );
    // 1, 7 and 9 are bindings, 2 and 3 links, 4, 5, 6 and 8 withdraw 2, 3, 1 and 7.
    change("a-withdrawal-as-a-header", "valid", &|p| head(p, &[6]));
    change("a-withdrawal-hidden", "valid", &|p| hide(p, &copy, &[6]));
    change("the-last-binding-alone", "valid", &|p| hide(p, &copy, &[1, 2, 3, 4, 5, 6, 7, 8]));
    change("a-binding-as-a-header", "valid", &|p| head(p, &[9]));
    change("a-link-as-a-header", "valid", &|p| head(p, &[3]));
    change("a-link-hidden", "bad-reference", &|p| hide(p, &copy, &[3]));
    change("the-bureau-without-its-roles", "bad-issuer", &|p| {
        let bureau = p.issuers.iter_mut().find(|v| v.address == told.w.bureau.at()).unwrap();
        bureau.shown.iter_mut().for_each(|s| s.cells.truncate(1));
    });
    change("nobody-proved", "valid", &|p| p.issuers.clear());
    cheats(all);
}

fn cheats(all: &mut Vectors) {
    let t = trust();
    let mut shown =
        |name: &str,
         expect: &str,
         make: Says<'_>,
         change: &dyn Fn(&mut peal_spec::proof::Proof, &peal_spec::copy::Copy)| {
            let proof = cheated(make, change);
            put_summed(all, &format!("cheat-{name}"), expect, &proof, &t, time(1_000));
        };
    let mut cheat = |name: &str, expect: &str, make: Says<'_>| shown(name, expect, make, &|_, _| {});
    let binds = |p: &mut Person, about: Address| p.bind(about, "lin");
    cheat("identity-bound-by-who-is-no-bureau", "bad-issuer", &by(fund, binds));
    cheat("identity-bound-by-herself", "valid", &by(herself, binds));
    let links = |p: &mut Person, about: Address| p.link(about, namesake(about));
    cheat("account-linked-by-who-is-no-bureau", "bad-issuer", &by(platform, links));
    cheat("account-linked-by-a-bureau", "valid", &by(court, links));
    cheat("account-linked-to-nobody-by-herself", "valid", &by(herself, links));
    cheat("withdrawal-of-a-claim", "bad-reference", &by(herself, |p, about| p.withdraw(about, 3)));
    cheat("withdrawal-of-a-consent", "bad-reference", &by(bureau, |p, about| p.withdraw(about, 2)));
    cheat("withdrawal-of-a-contribution", "bad-reference", &by(bureau, |p, about| p.withdraw(about, 1)));
    cheat("correction-of-a-link", "bad-reference", &|r| {
        let about = lin(r);
        let s = vec![herself(r).link(about, namesake(about)), herself(r).correct(0, about, 8, 202609, None)];
        vec![herself(r).post(400, s)]
    });
    cheat("withdrawn-twice", "bad-reference", &|r| {
        let about = lin(r);
        let s = vec![
            herself(r).link(about, namesake(about)),
            herself(r).withdraw(about, 8),
            herself(r).withdraw(about, 8),
        ];
        vec![herself(r).post(400, s)]
    });

    // 8 is a binding by the court, 9 its withdrawal by somebody who is no bureau.
    let withdrawn = |who: fn(&mut Righted) -> &mut Person| {
        move |r: &mut Righted| -> Vec<Posting> {
            let about = lin(r);
            let s = court(r).bind(about, "lin");
            let bound = court(r).post(400, vec![s]);
            let s = who(r).withdraw(about, 8);
            vec![bound, who(r).post(400, vec![s])]
        }
    };
    shown("withdrawal-by-the-issuer", "valid", &withdrawn(court), &|_, _| {});
    shown("withdrawal-by-another-bureau", "valid", &withdrawn(bureau), &|_, _| {});
    shown("withdrawal-by-herself", "valid", &withdrawn(herself), &|_, _| {});
    let by_platform = withdrawn(platform);
    shown("withdrawal-by-the-platform", "bad-issuer", &by_platform, &|_, _| {});
    shown("withdrawal-by-the-platform-as-a-header", "valid", &by_platform, &|p, _| head(p, &[9]));
    shown("withdrawal-by-the-platform-without-who", "bad-issuer", &by_platform, &|p, _| withhold(p, 1, &[9]));
    shown("withdrawal-by-the-platform-of-a-header", "valid", &by_platform, &|p, _| head(p, &[8]));
    shown("withdrawal-by-the-platform-unsigned", "valid", &by_platform, &|p, _| {
        p.subject.shown[9].link = None;
    });
    shown("withdrawal-by-the-platform-with-nobody-proved", "valid", &by_platform, &|p, _| p.issuers.clear());
}
