//! The vectors of what is said of work, and of money that is matched, comes back or is paid out.

use peal_spec::account::Account;
use peal_spec::address::Address;
use peal_spec::cbor::{Cbor, Writer};
use peal_spec::copy::{Copy, Show, open_cell};
use peal_spec::posting::Posting;
use peal_spec::proof::{Facet, Opening, Proof, Shown, View};
use peal_spec::record::blind;
use peal_spec::role::Role;
use peal_spec::state::{Cell, Counted, Flows, State, Sum};
use peal_spec::statement::money::{self, Stretch};
use peal_spec::statement::*;
use peal_spec::tree;
use peal_spec::value::{AMOUNT_MAX, Insurance};
use peal_spec::verify::{self, Basis, Verdict};

use crate::cast::*;
use crate::world::World;
use crate::world::work::Worked;
use crate::{Vectors, put, put_proof, put_statement, put_summed, select, story, trust};

pub fn item(write: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut w = Writer::default();
    write(&mut w);
    w.into_bytes()
}

/// Numbers and a currency at the end.
fn row(numbers: &[u64], currency: &str) -> Vec<u8> {
    item(|w| {
        w.array(numbers.len() as u64 + 1);
        numbers.iter().for_each(|n| w.uint(*n));
        w.text(currency);
    })
}

pub fn statements(all: &mut Vectors) {
    let mut w = World::founded();
    let (lin, fund) = (w.lin.at(), w.fund.at());
    let (pensions, jobless) = ((Insurance::PENSION, fund), (unemployment(), fund));
    let order = w.platform.engage(lin, 202609, from_to(-7_200, -3_600), 3_250, "order 1");
    let moment = w.employer.employ(lin, 202609, from_to(0, 0), 0, "training");
    let benefit = w.fund.benefit(lin, 5, 202610, money(90_000), "transfer 1");
    let refund = w.fund.refund(lin, 2, 202609, returned(4_000, 1_600), "transfer 2");
    let interest =
        w.fund.interest(lin, pensions, 202612, bears(239, &[(4_800, 6), (3_000, 6)], 61_400), "2026");
    let award = w.fund.award(lin, jobless, 202611, gives(&[(2, 90_000), (1, 70_000)]), "file 7");
    let received = w.platform.receive(lin, 2, 202609, money(4_000), "bank 1");
    let matching = w.platform.matching(lin, 7, pensions, Source::Platform, 202609, pension(1_000), "part");
    let mut add = |name: &str, expect: &str, from: &Statement, change: &dyn Fn(&mut Statement)| {
        let mut s = from.clone();
        change(&mut s);
        put_statement(all, name, expect, &s.to_bytes());
    };
    for (name, statement) in [
        ("engagement", &order),
        ("engagement-of-a-moment-for-nothing", &moment),
        ("benefit", &benefit),
        ("refund", &refund),
        ("interest", &interest),
        ("award", &award),
        ("refund-received", &received),
        ("matching", &matching),
    ] {
        add(name, "valid", statement, &|_| {});
    }

    // Which of address, target and month they have, and how many facets.
    for (name, statement) in
        [("engagement", &order), ("interest", &interest), ("award", &award), ("matching", &matching)]
    {
        add(&format!("{name}-without-address"), "malformed-facet", statement, &|s| s.address = None);
        add(&format!("{name}-without-month"), "malformed-facet", statement, &|s| s.month = None);
    }
    for (name, statement) in [("engagement", &order), ("interest", &interest), ("award", &award)] {
        add(&format!("{name}-with-a-target"), "malformed-facet", statement, &|s| s.refers = Some(0));
    }
    for (name, statement) in
        [("benefit", &benefit), ("refund", &refund), ("refund-received", &received), ("matching", &matching)]
    {
        add(&format!("{name}-without-target"), "malformed-facet", statement, &|s| s.refers = None);
    }
    for (name, statement) in [("benefit", &benefit), ("refund", &refund), ("refund-received", &received)] {
        add(&format!("{name}-without-month"), "malformed-facet", statement, &|s| s.month = None);
    }
    let mut bad = |name: &str, from: &Statement, change: &dyn Fn(&mut Vec<Vec<u8>>)| {
        add(name, "malformed-facet", from, &|s| refacet(s, |f| change(f)));
    };
    bad("engagement-without-amount", &order, &|f| f.truncate(2));
    bad("engagement-amount-before-evidence", &order, &|f| f.swap(1, 2));
    bad("benefit-with-evidence", &benefit, &|f| f.push(vec![0xf6]));
    bad("benefit-with-what", &benefit, &|f| f.insert(1, vec![0xf6]));
    bad("interest-without-what", &interest, &|f| drop(f.remove(1)));
    bad("award-with-evidence", &award, &|f| f.push(vec![0xf6]));
    bad("matching-without-evidence", &matching, &|f| f.truncate(3));

    // Who: an address and a reference, with the source only where it is a contribution.
    let payer = item(|w| {
        w.array(3);
        Source::Platform.encode(w);
        w.raw(&lin.to_bytes());
        w.text("order 1");
    });
    bad("engagement-with-a-source", &order, &|f| f[0].clone_from(&payer));
    bad("benefit-by-an-address-only", &benefit, &|f| f[0] = fund.to_bytes());
    bad("award-with-a-reference-of-65-bytes", &award, &|f| {
        f[0] = item(|w| {
            w.array(2);
            fund.encode(w);
            w.text(&"x".repeat(65));
        });
    });
    bad("refund-with-an-empty-reference", &refund, &|f| {
        f[0] = item(|w| {
            w.array(2);
            fund.encode(w);
            w.text("");
        });
    });
    bad("matching-without-a-source", &matching, &|f| {
        f[0] = item(|w| {
            w.array(2);
            lin.encode(w);
            w.text("part");
        });
    });
    bad("matching-with-a-source-unknown", &matching, &|f| f[0][1] = 0);

    // Evidence of work always has its period.
    let worked = |orders: Option<u64>, shift, place: Option<&str>| {
        Evidence { orders, shift, place: place.map(|p| p.parse().unwrap()) }.to_bytes()
    };
    bad("engagement-without-period", &order, &|f| f[1] = worked(Some(1), None, Some("Suzhou")));
    bad("engagement-without-evidence", &order, &|f| f[1] = vec![0xf6]);
    bad("engagement-with-evidence-all-absent", &order, &|f| f[1] = worked(None, None, None));
    bad("engagement-that-ends-before-it-starts", &order, &|f| {
        f[1] = worked(Some(1), Some(from_to(1, 0)), None);
    });
    bad("engagement-with-a-place-of-65-bytes", &order, &|f| {
        f[1] = item(|w| {
            w.array(3);
            w.null();
            w.array(2);
            time(0).encode(w);
            time(0).encode(w);
            w.text(&"x".repeat(65));
        });
    });
    bad("engagement-with-a-period-of-three", &order, &|f| {
        f[1] = item(|w| {
            w.array(3);
            w.null();
            w.list(&[time(0), time(1), time(2)]);
            w.null();
        });
    });

    // Amounts of which each type has its own shape.
    let four = pension(5).to_bytes();
    bad("engagement-with-the-amount-of-a-contribution", &order, &|f| f[2].clone_from(&four));
    bad("engagement-with-amount-null", &order, &|f| f[2] = vec![0xf6]);
    bad("engagement-without-currency", &order, &|f| f[2] = vec![0x81, 0x05]);
    bad("engagement-with-amount-above-2-to-53", &order, &|f| f[2] = row(&[AMOUNT_MAX + 1], "CNY"));
    bad("engagement-with-a-negative-amount", &order, &|f| f[2] = [&[0x82, 0x20], &f[2][4..]].concat());
    bad("benefit-with-credited", &benefit, &|f| f[1] = row(&[5, 2], "CNY"));
    bad("benefit-with-currency-lower-case", &benefit, &|f| f[1] = row(&[5], "cny"));
    bad("refund-without-credited", &refund, &|f| f[1] = row(&[5], "CNY"));
    bad("refund-with-base", &refund, &|f| f[1].clone_from(&four));
    bad("refund-received-with-credited", &received, &|f| f[1] = row(&[5, 2], "CNY"));
    bad("matching-without-base", &matching, &|f| f[2] = row(&[5, 2], "CNY"));
    bad("matching-with-evidence-all-absent", &matching, &|f| f[3] = worked(None, None, None));
    let mut range = |name: &str, from: &Statement, at: usize, amount: Vec<u8>| {
        add(name, "amount-range", from, &|s| s.facets = s.facets.with(at, &amount));
    };
    range("benefit-of-nothing", &benefit, 1, row(&[0], "CNY"));
    range("refund-of-nothing", &refund, 1, row(&[0, 0], "CNY"));
    range("refund-with-credited-above-amount", &refund, 1, row(&[5, 6], "CNY"));
    range("refund-received-of-nothing", &received, 1, row(&[0], "CNY"));
    range("interest-of-nothing", &interest, 2, bears(0, &[(1, 1)], 1).to_bytes());
    range("matching-of-nothing", &matching, 2, pension(0).to_bytes());

    // Interest: 1 to 32 balances of at least 1, each for 1 to 12 months, and a rate of 1 to a million.
    let mut of_interest = |name: &str, expect: &str, amount: Vec<u8>| {
        add(name, expect, &interest, &|s| s.facets = s.facets.with(2, &amount));
    };
    let bearing = |balances: &[(u64, u64)], rate: u64| bears(1, balances, rate).to_bytes();
    of_interest("interest-of-32-balances", "valid", bearing(&[(AMOUNT_MAX, 12); 32], 1_000_000));
    for (name, amount) in [
        ("interest-of-33-balances", bearing(&[(1, 1); 33], 1)),
        ("interest-of-no-balance", bearing(&[], 1)),
        ("interest-of-13-months", bearing(&[(1, 13)], 1)),
        ("interest-of-no-month", bearing(&[(1, 1), (1, 0)], 1)),
        ("interest-of-a-balance-of-nothing", bearing(&[(0, 1)], 1)),
        ("interest-of-a-balance-above-2-to-53", bearing(&[(AMOUNT_MAX + 1, 1)], 1)),
        ("interest-at-a-rate-of-nothing", bearing(&[(1, 1)], 0)),
        ("interest-at-a-rate-above-a-million", bearing(&[(1, 1)], 1_000_001)),
        ("interest-with-amount-above-2-to-53", bears(AMOUNT_MAX + 1, &[(1, 1)], 1).to_bytes()),
        ("interest-with-only-an-amount", row(&[5], "CNY")),
        ("interest-of-balances-of-three", of_threes()),
    ] {
        of_interest(name, "malformed-facet", amount);
    }

    // Awards: 1 to 32 steps of at least one month and 1, together at most 1200 months and 2^53 − 1.
    let mut of_award = |name: &str, expect: &str, amount: Vec<u8>| {
        add(name, expect, &award, &|s| s.facets = s.facets.with(2, &amount));
    };
    let giving = |steps: &[(u64, u64)]| gives(steps).to_bytes();
    of_award("award-of-32-steps", "valid", giving(&[(1, 1); 32]));
    of_award("award-of-1200-months", "valid", giving(&[(1_199, 2), (1, 1)]));
    of_award("award-of-2-to-53-less-1", "valid", giving(&[(1, AMOUNT_MAX - 3), (3, 1)]));
    for (name, amount) in [
        ("award-of-33-steps", giving(&[(1, 1); 33])),
        ("award-of-no-step", giving(&[])),
        ("award-of-no-month", giving(&[(1, 1), (0, 1)])),
        ("award-of-nothing-a-month", giving(&[(1, 1), (1, 0)])),
        ("award-of-1201-months", giving(&[(1_201, 1)])),
        ("award-of-1201-months-in-two-steps", giving(&[(1_200, 1), (1, 1)])),
        ("award-of-2-to-53", giving(&[(1, AMOUNT_MAX - 3), (4, 1)])),
        ("award-of-2-to-53-a-month", giving(&[(1, AMOUNT_MAX + 1)])),
        ("award-of-1200-times-2-to-53-less-1", giving(&[(1_200, AMOUNT_MAX)])),
        ("award-of-2-to-64-less-1-months", giving(&[(u64::MAX, 1)])),
        ("award-with-only-an-amount", row(&[5], "CNY")),
        ("award-with-the-steps-before-the-currency", steps_first()),
        ("award-with-null", vec![0xf6]),
    ] {
        of_award(name, "malformed-facet", amount);
    }
}

/// Interest on balances that say more than for how many months.
fn of_threes() -> Vec<u8> {
    let stretches = vec![Stretch { balance: 4_800, months: 6 }];
    let interest = money::Interest { amount: 1, currency: cny(), stretches, rate: 1 };
    let (bytes, two) = (interest.to_bytes(), [0x82, 0x19, 0x12, 0xc0, 0x06]);
    let at = bytes.windows(5).position(|w| w == two).unwrap();
    [&bytes[..at], &[0x83, 0x19, 0x12, 0xc0, 0x06, 0x06], &bytes[at + 5..]].concat()
}

fn steps_first() -> Vec<u8> {
    item(|w| {
        w.array(2);
        w.array(1);
        w.array(2);
        w.uint(1);
        w.uint(1);
        cny().encode(w);
    })
}

pub fn stories(all: &mut Vectors) {
    put(all, "story/work-and-money", story(&Worked::told().world));
    put(all, "story/work-and-money-refusals", story(&Worked::refused().world));
    put(all, "story/full-account", story(&Worked::full().world));
}

/// Takes records out of the subject's view: they are hidden, and what is left is proved anew.
pub fn hide(proof: &mut Proof, copy: &Copy, sequences: &[u64]) {
    proof.subject.shown.retain(|s| !sequences.contains(&s.record.sequence));
    let leaves: Vec<_> = copy.rows.iter().map(|row| row.record.leaf()).collect();
    let places: Vec<u64> = proof.subject.shown.iter().map(|s| s.record.sequence).collect();
    proof.subject.path = tree::sure(tree::set(leaves.as_slice(), &places, leaves.len() as u64));
}

/// Shows records as headers only.
pub fn head(proof: &mut Proof, sequences: &[u64]) {
    for shown in proof.subject.shown.iter_mut().filter(|s| sequences.contains(&s.record.sequence)) {
        (shown.opening, shown.link) = (None, None);
    }
}

fn bases(verdict: &Verdict) -> Vec<Basis> {
    let totals = verdict.totals.iter().map(|t| t.basis).chain(verdict.months.iter().map(|m| m.basis));
    totals.chain(verdict.flows.iter().map(|f| f.basis)).collect()
}

pub fn proofs(all: &mut Vectors) {
    let told = Worked::told();
    let copy = told.world.book.copy(told.world.lin.at().number, 0, None);
    let (t, now) = (trust(), told.now);
    let whole = copy.prove(&select(Show::Whole, &[])).unwrap();
    let verdict = verify::verify(&whole, &t, now).unwrap();
    assert!(verdict.issuers.iter().all(|i| i.proved), "{:?}", verdict.issuers);
    assert_eq!(bases(&verdict), [Basis::Recomputed; 4], "totals and months, and two fund cells");
    for (name, show, withheld) in [
        ("work-whole", Show::Whole, &[][..]),
        ("work-amounts-withheld", Show::Whole, &["amount"]),
        ("work-what-withheld", Show::Whole, &["what"]),
        ("work-who-and-evidence-withheld", Show::Whole, &["who", "evidence"]),
        ("work-the-months-of-work", Show::Months(month(202608), month(202609)), &[]),
        ("work-the-month-of-the-award", Show::Months(month(202610), month(202610)), &[]),
        ("work-a-month-after-the-award", Show::Months(month(202612), month(202612)), &[]),
        ("work-totals", Show::Totals, &[]),
    ] {
        let proof = copy.prove(&select(show, withheld)).unwrap();
        put_proof(all, name, "valid", &proof.to_file(), &t, now);
    }

    // Who says something of its own account: its key is proved, its role is not.
    for (name, office) in
        [("work-of-the-platform-itself", &told.world.platform), ("work-of-the-fund-itself", &told.world.fund)]
    {
        let copy = told.world.book.copy(office.at().number, 0, None);
        put_proof(all, name, "valid", &copy.prove(&select(Show::Whole, &[])).unwrap().to_file(), &t, now);
    }

    let short = Worked::briefly();
    let copy = short.world.book.copy(short.world.lin.at().number, 0, None);
    let now = short.now;
    let whole = copy.prove(&select(Show::Whole, &[])).unwrap();
    assert_eq!(bases(&verify::verify(&whole, &t, now).unwrap()), [Basis::Recomputed; 4]);
    let last = whole.subject.shown.len() - 1;
    let mut change = |name: &str, expect: &str, change: &dyn Fn(&mut Proof)| {
        let mut p = whole.clone();
        change(&mut p);
        put_proof(all, name, expect, &p.to_file(), &t, now);
    };
    change("work-in-brief", "valid", &|_| {});
    // Whether it was settled stands in its settlement's header; where that is hidden, it may have been.
    change("work-a-settlement-as-a-header", "valid", &|p| head(p, &[9]));
    change("work-a-settlement-hidden", "valid", &|p| hide(p, &copy, &[9]));
    change("work-a-refund-as-a-header", "valid", &|p| head(p, &[10]));
    change("work-an-end-as-a-header", "valid", &|p| head(p, &[8]));
    change("work-an-end-hidden", "valid", &|p| hide(p, &copy, &[8]));
    change("work-a-benefit-as-a-header", "valid", &|p| head(p, &[11]));
    change("work-an-award-as-a-header", "valid", &|p| head(p, &[5]));
    change("work-an-award-hidden", "bad-reference", &|p| hide(p, &copy, &[5]));
    change("work-a-refunded-contribution-hidden", "bad-reference", &|p| hide(p, &copy, &[2]));
    let of_fund = |f: &dyn Fn(&mut peal_spec::state::Flows), p: &mut Proof| {
        for cell in &mut p.subject.shown[last].cells {
            if let Cell::Flows(flows) = &mut cell.cell {
                f(flows);
            }
        }
    };
    change("fund-cell-refunded-changed", "bad-cell", &|p| of_fund(&|f| f.refunded += 1, p));
    change("fund-cell-paid-changed", "bad-cell", &|p| of_fund(&|f| f.paid = 0, p));
    change("fund-cell-interest-changed", "bad-cell", &|p| of_fund(&|f| f.interest += 1, p));
    change("fund-cell-of-an-earlier-record", "bad-cell", &|p| {
        let cells = std::mem::take(&mut p.subject.shown[last].cells);
        p.subject.shown[last - 1].cells = cells;
    });
    cheats(all);
    lies(all);
    headers_and_sums(all);
}

/// What of a life is proved in which postings were recorded that the rules refuse.
fn cheated(make: &dyn Fn(&mut Worked) -> Vec<Posting>, change: &dyn Fn(&mut Proof, &Copy)) -> Proof {
    let mut w = Worked::briefly();
    w.world.book.cheats = true;
    for posting in make(&mut w) {
        assert!(w.world.commit(400, &[posting])[0].as_ref().unwrap().iter().all(Result::is_ok));
    }
    let copy = w.world.book.copy(w.world.lin.at().number, 0, None);
    let mut proof = copy.prove(&select(Show::Whole, &[])).unwrap();
    change(&mut proof, &copy);
    proof
}

fn lin(w: &Worked) -> Address {
    w.world.lin.at()
}

fn pensions(w: &Worked) -> For {
    (Insurance::PENSION, w.world.fund.at())
}

/// A ledger that records what its rules refuse: everything hangs together, and the verifier still says no.
fn cheats(all: &mut Vectors) {
    let t = trust();
    let mut cheat_shown = |name: &str,
                           expect: &str,
                           make: &dyn Fn(&mut Worked) -> Vec<Posting>,
                           change: &dyn Fn(&mut Proof, &Copy)| {
        let file = cheated(make, change).to_file();
        put_proof(all, &format!("cheat-{name}"), expect, &file, &t, time(1_000));
    };

    // What cannot be told, since a record is hidden or a header, or a facet withheld; and what can be told all the same.
    let unsettled = |w: &mut Worked| {
        let s = w.world.fund.refund(lin(w), 3, 202608, returned(5, 2), "2");
        vec![w.world.fund.post(400, vec![s])]
    };
    let ended = |w: &mut Worked| {
        let s = w.world.fund.benefit(lin(w), 6, 202609, money(5), "2");
        vec![w.world.fund.post(400, vec![s])]
    };
    let of_void = |w: &mut Worked| {
        let (about, pensions) = (lin(w), pensions(w));
        let platform = &mut w.world.platform;
        let s = platform.matching(about, 4, pensions, Source::Platform, 202609, pension(5), "part");
        vec![platform.post(400, vec![s])]
    };
    let by_second = |w: &mut Worked| {
        let s = w.second.benefit(lin(w), 5, 202609, money(5), "2");
        vec![w.second.post(400, vec![s])]
    };
    let by_employer = |w: &mut Worked| {
        let s = w.world.employer.receive(lin(w), 2, 202609, money(5), "bank");
        vec![w.world.employer.post(400, vec![s])]
    };
    cheat_shown("refund-of-what-may-be-settled", "valid", &unsettled, &|p, copy| hide(p, copy, &[11]));
    cheat_shown(
        "refund-of-what-is-not-settled-for-all-that-is-hidden",
        "bad-reference",
        &unsettled,
        &|p, copy| {
            hide(p, copy, &[1]);
        },
    );
    cheat_shown("benefit-under-what-may-have-ended", "valid", &ended, &|p, _| head(p, &[8]));
    cheat_shown("benefit-under-what-ended-or-not", "valid", &ended, &|p, copy| hide(p, copy, &[8]));
    cheat_shown("matching-of-what-may-be-void", "valid", &of_void, &|p, _| withhold(p, 2, &[7]));
    cheat_shown("benefit-by-another-fund-as-a-header", "valid", &by_second, &|p, _| head(p, &[12]));
    cheat_shown("benefit-by-a-fund-of-which-nobody-knows", "valid", &by_second, &|p, _| withhold(p, 2, &[5]));
    cheat_shown("benefit-by-another-fund-without-who", "bad-reference", &by_second, &|p, _| {
        withhold(p, 1, &[12])
    });
    cheat_shown("refund-received-by-another-without-who", "bad-reference", &by_employer, &|p, _| {
        withhold(p, 1, &[12]);
    });
    cheat_shown("refund-received-by-nobody-knows-whom", "valid", &by_employer, &|p, _| {
        withhold(p, 1, &[12]);
        p.subject.shown[12].link = None;
    });
    let mut cheat = |name: &str, expect: &str, make: &dyn Fn(&mut Worked) -> Vec<Posting>| {
        cheat_shown(name, expect, make, &|_, _| {});
    };

    // Benefits.
    cheat("benefit-by-another-fund", "bad-reference", &by_second);
    cheat("benefit-under-a-void-award", "bad-reference", &ended);
    cheat("benefit-under-a-contribution", "bad-reference", &|w| {
        let s = w.world.fund.benefit(lin(w), 2, 202609, money(5), "2");
        vec![w.world.fund.post(400, vec![s])]
    });
    cheat("benefit-by-a-fund-without-the-insurance", "bad-issuer", &|w| {
        let (about, other) = (lin(w), w.world.other_fund.at());
        let award = w.bureau.award(about, (unemployment(), other), 202609, gives(&[(1, 5)]), "file 9");
        let award = w.bureau.post(400, vec![award]);
        let s = w.world.other_fund.benefit(about, 12, 202609, money(5), "2");
        vec![award, w.world.other_fund.post(400, vec![s])]
    });

    // Refunds, and what is received of them.
    cheat("refund-of-an-unsettled-contribution", "bad-reference", &unsettled);
    cheat("refund-of-a-void-contribution", "bad-reference", &|w| {
        let s = w.world.fund.refund(lin(w), 4, 202609, returned(5, 2), "2");
        vec![w.world.fund.post(400, vec![s])]
    });
    cheat("refund-by-another-fund", "bad-reference", &|w| {
        let s = w.second.refund(lin(w), 2, 202609, returned(5, 2), "2");
        vec![w.second.post(400, vec![s])]
    });
    cheat("refund-in-another-month", "bad-reference", &|w| {
        let s = w.world.fund.refund(lin(w), 2, 202608, returned(5, 2), "2");
        vec![w.world.fund.post(400, vec![s])]
    });
    cheat("refund-of-an-award", "bad-reference", &|w| {
        let s = w.world.fund.refund(lin(w), 5, 202609, returned(5, 2), "2");
        vec![w.world.fund.post(400, vec![s])]
    });
    // What is left is refunded twice: the month stops counting although another contribution stands in it.
    cheat("refunded-twice", "bad-total", &|w| {
        let (about, pensions) = (lin(w), pensions(w));
        let pay =
            |p: &mut Person| p.pay(about, pensions, Source::Platform, 202609, pension(7_000), "order 3");
        let paid = pay(&mut w.world.platform);
        let paid = w.world.platform.post(400, vec![paid]);
        let twice = vec![
            w.world.fund.refund(about, 2, 202609, returned(6_000, 2_400), "2"),
            w.world.fund.refund(about, 2, 202609, returned(6_000, 2_400), "3"),
        ];
        vec![paid, w.world.fund.post(400, twice)]
    });
    cheat("refund-received-by-another", "bad-reference", &by_employer);
    cheat("refund-received-of-a-refund", "bad-reference", &|w| {
        let s = w.world.platform.receive(lin(w), 10, 202609, money(5), "bank");
        vec![w.world.platform.post(400, vec![s])]
    });

    // Engagements and awards.
    cheat("engagement-corrected-by-another", "bad-reference", &|w| {
        let s = w.world.employer.correct(0, lin(w), 1, 202609, None);
        vec![w.world.employer.post(400, vec![s])]
    });
    cheat("engagement-corrected-in-another-month", "bad-reference", &|w| {
        let s = w.world.platform.correct(0, lin(w), 1, 202608, None);
        vec![w.world.platform.post(400, vec![s])]
    });
    cheat("engagement-settled", "bad-reference", &|w| {
        let s = w.world.fund.settle(0, lin(w), 1, 202609, pension(3_250));
        vec![w.world.fund.post(400, vec![s])]
    });
    cheat("engagement-by-somebody-without-the-role", "bad-issuer", &|w| {
        let s = w.bureau.engage(lin(w), 202609, from_to(-7_200, -3_600), 3_250, "order 1");
        vec![w.bureau.post(400, vec![s])]
    });
    cheat("award-by-somebody-without-the-role", "bad-issuer", &|w| {
        let for_ = (unemployment(), w.world.fund.at());
        let s = w.world.platform.award(lin(w), for_, 202609, gives(&[(1, 5)]), "file 9");
        vec![w.world.platform.post(400, vec![s])]
    });
    cheat("award-of-an-insurance-that-the-bureau-has-not", "bad-issuer", &|w| {
        let for_ = (Insurance::MEDICAL, w.second.at());
        let s = w.bureau.award(lin(w), for_, 202609, gives(&[(1, 5)]), "file 9");
        vec![w.bureau.post(400, vec![s])]
    });
    cheat("award-ended-by-another", "bad-reference", &|w| {
        let s = w.world.fund.correct(0, lin(w), 5, 202609, None);
        vec![w.world.fund.post(400, vec![s])]
    });
    cheat("award-ended-twice", "bad-reference", &|w| {
        let s = w.bureau.correct(0, lin(w), 6, 202609, None);
        vec![w.bureau.post(400, vec![s])]
    });
    cheat("interest-by-somebody-without-the-role", "bad-issuer", &|w| {
        let for_ = (Insurance::PENSION, w.world.platform.at());
        let s = w.world.platform.interest(lin(w), for_, 202609, bears(1, &[(1, 12)], 1_000_000), "2026");
        vec![w.world.platform.post(400, vec![s])]
    });

    // Matchings.
    cheat("matching-of-a-void-contribution", "bad-reference", &of_void);
    cheat("matching-of-an-engagement", "bad-reference", &|w| {
        let (about, pensions) = (lin(w), pensions(w));
        let platform = &mut w.world.platform;
        let s = platform.matching(about, 1, pensions, Source::Platform, 202609, pension(5), "part");
        vec![platform.post(400, vec![s])]
    });
    cheat("matching-in-another-month", "bad-reference", &|w| {
        let (about, pensions) = (lin(w), pensions(w));
        let platform = &mut w.world.platform;
        let s = platform.matching(about, 3, pensions, Source::Platform, 202609, pension(5), "part");
        vec![platform.post(400, vec![s])]
    });
    cheat("matching-by-somebody-without-the-role", "bad-issuer", &|w| {
        let (about, pensions) = (lin(w), pensions(w));
        let s = w.bureau.matching(about, 3, pensions, Source::Subsidy, 202608, pension(5), "part");
        vec![w.bureau.post(400, vec![s])]
    });
    cheat("matching-as-if-by-herself", "bad-issuer", &|w| {
        let (about, pensions) = (lin(w), pensions(w));
        let platform = &mut w.world.platform;
        let s = platform.matching(about, 3, pensions, Source::Self_, 202608, pension(5), "part");
        vec![platform.post(400, vec![s])]
    });
    cheat("matching-settled-by-another-fund", "bad-reference", &|w| {
        let (about, pensions) = (lin(w), pensions(w));
        let s = w.city.matching(about, 3, pensions, Source::Subsidy, 202608, pension(5), "part");
        let matched = w.city.post(400, vec![s]);
        let registrar = &mut w.world.registrar;
        let role = registrar.grant(0, w.world.other_fund.at(), Role::Fund, &[], None);
        let role = registrar.post(400, vec![role]);
        let s = w.world.other_fund.settle(0, about, 12, 202608, pension(5));
        vec![role, matched, w.world.other_fund.post(400, vec![s])]
    });
}

/// A proof of every record and sum as a ledger could make it that has written into the cells what the records do not add up to.
fn proof_by(copy: &Copy, account: &Account) -> Proof {
    let shown = copy.rows.iter().map(|row| {
        let leaves = row.statement.as_ref().unwrap().leaves(&origin());
        let opening = Opening(leaves.into_iter().map(|(salt, value)| Facet::Shown(salt, value)).collect());
        let (opening, link) = (Some(opening), Some(row.link.clone()));
        Shown { record: row.record.clone(), opening, link, cells: vec![] }
    });
    let mut shown: Vec<Shown> = shown.collect();
    let cells = (2..account.cells.len()).filter_map(|i| open_cell(account, i));
    shown.last_mut().unwrap().cells = cells.collect();
    Proof {
        checkpoint: copy.checkpoint.clone(),
        head: copy.head.clone(),
        subject: View {
            address: copy.address,
            blind: blind(&account.last_seed),
            size: copy.size,
            directory_path: copy.directory_path.clone(),
            shown,
            path: vec![],
        },
        postings: copy.postings.clone(),
        issuers: copy.issuers.clone(),
    }
}

/// Withholds a facet, by its place from 1 on, of records of which others show it.
pub fn withhold(proof: &mut Proof, facet: usize, sequences: &[u64]) {
    for shown in proof.subject.shown.iter_mut().filter(|s| sequences.contains(&s.record.sequence)) {
        let place = &mut shown.opening.as_mut().unwrap().0[facet];
        *place = Facet::Withheld(place.leaf(facet as u64));
    }
}

/// A proof by a ledger that has changed its sums before the last record.
fn lied(cells: &dyn Fn(&mut State), change: &dyn Fn(&mut Proof)) -> Proof {
    let mut w = Worked::briefly();
    let lin = w.world.lin.at();
    let account = &mut w.world.book.accounts[lin.number as usize];
    cells(&mut account.state);
    let all_cells: Vec<usize> = (2..account.state.cells()).collect();
    account.cells.update(&account.state, &all_cells, &seed("lie", 1));
    let order = w
        .world
        .platform
        .tells(400, |p| vec![(Ok(12), p.engage(lin, 202609, from_to(-3_000, 0), 2_800, "order 3"))]);
    w.hear(400, vec![order]);
    let copy = w.world.book.copy(lin.number, 0, None);
    let mut proof = proof_by(&copy, &w.world.book.accounts[lin.number as usize]);
    change(&mut proof);
    proof
}

/// Changes the fund cell of an insurance.
fn flows(state: &mut State, code: u64, f: &dyn Fn(&mut Flows)) {
    let found = state.sums.iter_mut().find_map(|sum| match sum {
        Sum::Flows(flows) if flows.insurance == insurance(code) => Some(flows),
        _ => None,
    });
    f(found.unwrap());
}

/// A month that no contribution is for.
fn a_month_more(state: &mut State) {
    for sum in &mut state.sums {
        if let Sum::Months(months) = sum {
            months.months.push((month(202610), Counted { standing: 1, settled: 1 }));
        }
    }
}

/// As if totals were not gross.
fn less_what_was_refunded(state: &mut State) {
    for sum in &mut state.sums {
        if let Sum::Totals(totals) = sum {
            totals.settled -= 4_000;
        }
    }
}

/// What a ledger adds up wrongly.
fn lies(all: &mut Vectors) {
    let t = trust();
    let mut lie = |name: &str, expect: &str, cells: &dyn Fn(&mut State), change: &dyn Fn(&mut Proof)| {
        put_proof(all, name, expect, &lied(cells, change).to_file(), &t, time(1_000));
    };
    let none = |_: &mut State| {};
    let as_it_is = |_: &mut Proof| {};
    lie("work-added-up", "valid", &none, &as_it_is);
    lie("lie-of-the-refunded", "bad-total", &|s| flows(s, 1, &|f| f.refunded += 1), &as_it_is);
    lie(
        "lie-of-the-refunded-credited",
        "bad-total",
        &|s| flows(s, 1, &|f| f.refunded_credited -= 1),
        &as_it_is,
    );
    lie("lie-of-the-paid", "bad-total", &|s| flows(s, 3, &|f| f.paid -= 1), &as_it_is);
    lie("lie-of-the-interest", "bad-total", &|s| flows(s, 1, &|f| f.interest = 1), &as_it_is);
    let invented = Flows { paid: 1, ..Flows::none(Insurance::MEDICAL, cny()) };
    lie(
        "lie-of-a-fund-cell-that-nothing-made",
        "bad-total",
        &|s| s.sums.push(Sum::Flows(invented)),
        &as_it_is,
    );
    lie("lie-of-a-month", "bad-total", &a_month_more, &as_it_is);
    lie("lie-of-totals-less-what-was-refunded", "bad-total", &less_what_was_refunded, &as_it_is);
    // Without the amounts that it takes nobody can tell.
    lie("lie-of-the-paid-without-the-benefit", "valid", &|s| flows(s, 3, &|f| f.paid -= 1), &|p| {
        withhold(p, 2, &[11])
    });
    lie("lie-of-the-refunded-without-the-refund", "valid", &|s| flows(s, 1, &|f| f.refunded += 1), &|p| {
        withhold(p, 2, &[10])
    });
    // Nor with a record as a header.
    lie("lie-of-the-paid-with-the-benefit-as-a-header", "valid", &|s| flows(s, 3, &|f| f.paid -= 1), &|p| {
        head(p, &[11])
    });
}

/// What a header shows is held against it, and a sum is added up from what it takes, whatever else is withheld.
fn headers_and_sums(all: &mut Vectors) {
    let t = trust();
    let usd = in_("USD");
    let of_an_order = |w: &mut Worked| {
        let (about, pensions) = (lin(w), pensions(w));
        let platform = &mut w.world.platform;
        let s = platform.matching(about, 1, pensions, Source::Platform, 202609, pension(5), "part");
        vec![platform.post(400, vec![s])]
    };
    let of_void = |w: &mut Worked| {
        let (about, pensions) = (lin(w), pensions(w));
        let platform = &mut w.world.platform;
        let s = platform.matching(about, 4, pensions, Source::Platform, 202609, pension(5), "part");
        vec![platform.post(400, vec![s])]
    };
    let by_fund = |w: &mut Worked, s: Statement| vec![w.world.fund.post(400, vec![s])];
    let august = |w: &mut Worked| {
        let s = w.world.fund.refund(lin(w), 2, 202608, returned(5, 2), "2");
        by_fund(w, s)
    };
    let unsettled = |w: &mut Worked| {
        let s = w.world.fund.refund(lin(w), 3, 202608, returned(5, 2), "2");
        by_fund(w, s)
    };
    let paid_in_usd = |w: &mut Worked| {
        let s = w.world.fund.benefit(lin(w), 5, 202609, Money { amount: 5, currency: usd }, "2");
        by_fund(w, s)
    };
    let back_in_usd = |w: &mut Worked| {
        let s = w.world.fund.refund(lin(w), 2, 202609, Returned { currency: usd, ..returned(5, 2) }, "2");
        by_fund(w, s)
    };
    let received_in_usd = |w: &mut Worked| {
        let s = w.world.platform.receive(lin(w), 2, 202609, Money { amount: 5, currency: usd }, "bank");
        vec![w.world.platform.post(400, vec![s])]
    };
    let mut cheat = |name: &str,
                     expect: &str,
                     make: &dyn Fn(&mut Worked) -> Vec<Posting>,
                     change: &dyn Fn(&mut Proof)| {
        let proof = cheated(make, &|p, _| change(p));
        put_summed(all, &format!("cheat-{name}"), expect, &proof, &t, time(1_000));
    };
    let header = |p: &mut Proof| head(p, &[12]);
    let as_it_is = |_: &mut Proof| {};
    cheat("matching-of-an-engagement-as-a-header", "bad-reference", &of_an_order, &header);
    cheat("matching-of-a-void-contribution-as-a-header", "bad-reference", &of_void, &header);
    cheat("refund-in-another-month-as-a-header", "bad-reference", &august, &header);
    cheat("refund-of-an-unsettled-contribution-as-a-header", "bad-reference", &unsettled, &header);
    cheat("benefit-in-another-currency", "bad-reference", &paid_in_usd, &as_it_is);
    cheat("refund-in-another-currency", "bad-reference", &back_in_usd, &as_it_is);
    cheat("refund-received-in-another-currency", "bad-reference", &received_in_usd, &as_it_is);
    cheat("refund-received-in-another-currency-without-amount", "valid", &received_in_usd, &|p| {
        withhold(p, 2, &[12]);
    });
    let mut lie = |name: &str, expect: &str, cells: &dyn Fn(&mut State), change: &dyn Fn(&mut Proof)| {
        put_summed(all, name, expect, &lied(cells, change), &t, time(1_000));
    };
    let refunded = |s: &mut State| flows(s, 1, &|f| f.refunded += 1);
    let paid = |s: &mut State| flows(s, 3, &|f| f.paid -= 1);
    lie("lie-of-the-refunded-with-an-award-withheld", "bad-total", &refunded, &|p| withhold(p, 3, &[5]));
    lie("lie-of-the-refunded-with-an-end-withheld", "bad-total", &refunded, &|p| withhold(p, 2, &[8]));
    lie("lie-of-totals-with-a-refund-withheld", "bad-total", &less_what_was_refunded, &|p| {
        withhold(p, 2, &[10]);
    });
    lie("lie-of-totals-with-a-benefit-withheld", "bad-total", &less_what_was_refunded, &|p| {
        withhold(p, 2, &[11]);
    });
    lie("lie-of-the-paid-with-a-contributions-amount-withheld", "bad-total", &paid, &|p| {
        withhold(p, 3, &[3]);
    });
    lie("lie-of-a-month-with-a-contributions-amount-withheld", "bad-total", &a_month_more, &|p| {
        withhold(p, 3, &[3]);
    });
    // A cell of nothing adds up to nothing.
    let zero = Flows::none(Insurance::MEDICAL, cny());
    lie("fund-cell-of-nothing", "valid", &|s| s.sums.push(Sum::Flows(zero)), &as_it_is);
    // What it takes is withheld: each sum stands for itself.
    let none = |_: &mut State| {};
    for (name, facet, sequence) in [
        ("a-refund", 2, 10),
        ("a-benefit", 2, 11),
        ("a-settlement", 2, 9),
        ("a-void", 2, 7),
        ("a-contribution", 3, 3),
        ("a-refunded-contribution", 3, 2),
    ] {
        lie(&format!("work-summed-without-the-amount-of-{name}"), "valid", &none, &|p| {
            withhold(p, facet, &[sequence]);
        });
    }
    lie("work-summed-without-what-of-an-award", "valid", &none, &|p| withhold(p, 2, &[5]));
    lie("work-summed-without-what-of-a-refunded-contribution", "valid", &none, &|p| withhold(p, 2, &[2]));
    lie("work-summed-with-a-refund-as-a-header", "valid", &none, &|p| head(p, &[10]));
    lie("work-summed-with-an-engagement-as-a-header", "valid", &none, &|p| head(p, &[1]));
}
