//! Sync against ledgers that show one log to some and another to others, and against mirrors that never come to an end.

#![allow(clippy::unwrap_used)]

mod support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use peal_spec::value::Time;
use peal_wallet::wallet::Wallet;
use support::{Bench, Mini, PASSPHRASE, Ran, Server, Tiles, trust_text};

fn pay_said(bench: &Bench, month: &str) -> Ran {
    let fund = bench.read("fund");
    let args = ["--insurance", "pension", "--scheme", "s", "--amount", "10.00", "--currency", "CNY"];
    bench.peal("wallet", &[&["pay", "--month", month, "--fund", &fund][..], &args].concat())
}

fn pay(bench: &Bench, month: &str) {
    let ran = pay_said(bench, month);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
}

/// A worker with two records, synced, and the ledger that has them.
fn synced() -> (Bench, Server) {
    let (bench, server) = (Bench::new(), Server::start(Mini::new(1)));
    let fund = bench.open("fund-wallet", &server);
    bench.write("fund", &fund);
    bench.open("wallet", &server);
    pay(&bench, "2026-08");
    bench.well("wallet", &["sync"]);
    (bench, server)
}

fn mini(server: &Server) -> Mini {
    server.mini.lock().unwrap().clone()
}

fn show(server: &Server, shown: Mini) {
    *server.mini.lock().unwrap() = shown;
}

/// A sync that fails with this code and says this; the wallet stays as it was.
fn fails(bench: &Bench, code: i32, says: &str) {
    let before = std::fs::read(bench.path("wallet")).unwrap();
    let ran = bench.peal("wallet", &["sync"]);
    assert_eq!(ran.code, code, "{}{}", ran.out, ran.err);
    assert!(ran.err.contains(says), "{}", ran.err);
    assert_eq!(std::fs::read(bench.path("wallet")).unwrap(), before);
    assert_eq!(bench.peal("wallet", &["show"]).code, 0);
}

/// A sync that names a misdeed, with evidence.
fn caught(bench: &Bench, misdeed: &str) -> String {
    fails(bench, 1, &format!("the ledger {misdeed}: "));
    let evidence = bench.files(&format!("wallet.evidence-{misdeed}"));
    assert_eq!(evidence.len(), 1);
    std::fs::read_to_string(&evidence[0]).unwrap()
}

/// Changes what the wallet holds.
fn change(bench: &Bench, to: impl FnOnce(&mut Wallet)) {
    let mut wallet = Wallet::open(&bench.path("wallet"), PASSPHRASE.as_bytes()).unwrap();
    to(&mut wallet);
    wallet.save().unwrap();
}

/// The wallet's heads were received this long ago.
fn age(bench: &Bench, seconds: u64) {
    change(bench, |w| {
        for head in &mut w.contents.heads {
            head.received = Time::new(head.received.seconds() - seconds).unwrap();
        }
    });
}

/// A receipt in log A, while log B is shown from then on, and it is the longer one.
fn forked() -> (Bench, Server, Mini, Mini) {
    let (bench, server) = synced();
    let mut other = mini(&server).diverge(2);
    pay(&bench, "2026-09");
    for _ in 0..4 {
        other.tick();
    }
    let receipted = mini(&server);
    (bench, server, receipted, other)
}

/// Whoever asks what extends the receipt's head is answered from the log that the receipt was made in, and everyone else from another.
#[test]
fn a_fork_behind_two_faces_is_named() {
    let (bench, server, receipted, mut shown) = forked();
    shown.face = Some((receipted.size(), Box::new(receipted.clone())));
    show(&server, shown);
    let text = caught(&bench, "rewrites");
    assert_eq!(text.matches("\n\u{2014} mini.example/1 ").count(), 2, "{text}");
    // The evidence can be checked by whoever has it: what the second log has in the place of the first.
    let proof = text.split_once("consistency proof (RFC 9162) ==\n").unwrap().1;
    let (root, path) = proof.split_once("\n\n").unwrap();
    let hash = |text: &str| peal_spec::hash::Hash(BASE64.decode(text).unwrap().try_into().unwrap());
    let path: Vec<_> = path.lines().map(hash).collect();
    let note = text.split_once("== given later").unwrap().1;
    let mut lines = note.lines().skip_while(|l| *l != support::ORIGIN).skip(1);
    let (size, head) = (lines.next().unwrap().parse().unwrap(), hash(lines.next().unwrap()));
    let old = receipted.size();
    peal_spec::tree::check_consistency(old, &hash(root), size, &head, &path).unwrap();
}

/// A mirror that spoils a consistency proof makes no liar of the operator, if the tiles are good.
#[test]
fn a_bad_proof_of_a_good_log_is_no_fork() {
    let (bench, server) = synced();
    server.mini.lock().unwrap().tick();
    server.mini.lock().unwrap().mute = true;
    fails(&bench, 1, "its consistency proof is of another log");
    assert!(bench.files("wallet.evidence").is_empty());
    server.mini.lock().unwrap().tiles = Tiles::None;
    caught(&bench, "rewrites");
}

/// Tiles of the receipt's log do not lead to the head that is shown, and nobody is accused by them.
#[test]
fn tiles_of_another_log_are_refused() {
    let (bench, server, mut receipted, mut shown) = forked();
    while receipted.size() < shown.size() + 4 {
        receipted.tick();
    }
    shown.tiles = Tiles::Of(Box::new(receipted));
    show(&server, shown);
    fails(&bench, 1, "the hash tiles do not lead to the signed head");
    assert!(bench.files("wallet.evidence").is_empty());
}

#[test]
fn tiles_that_are_not_given_are_no_pardon() {
    let (bench, server, _, mut shown) = forked();
    shown.tiles = Tiles::None;
    show(&server, shown);
    fails(&bench, 3, "does not give a hash tile");
    age(&bench, 601);
    fails(&bench, 1, "has still not shown that its log holds the head");
    server.mini.lock().unwrap().tiles = Tiles::Own;
    caught(&bench, "rewrites");
}

/// The tree is more than one tile high, and what was a partial tile has become a full one.
#[test]
fn a_long_log_is_joined_by_few_tiles() {
    let (bench, server) = synced();
    for _ in 0..700 {
        server.mini.lock().unwrap().tick();
    }
    let mut other = mini(&server).diverge(2);
    pay(&bench, "2026-09");
    for _ in 0..300 {
        server.mini.lock().unwrap().tick();
    }
    server.requests.lock().unwrap().clear();
    let done = bench.well("wallet", &["sync"]);
    assert_eq!((done["waiting"].as_u64(), done["new"].as_u64()), (Some(0), Some(1)));
    let asked = server.requests.lock().unwrap().clone();
    let tiles = asked.iter().filter(|r| r.contains("/tile/")).count();
    assert!((1..=6).contains(&tiles), "{asked:?}");

    // Meanwhile the log has grown, and of its last tile there is only the whole.
    pay(&bench, "2026-10");
    server.mini.lock().unwrap().tick();
    let mut grown = mini(&server);
    assert_ne!(grown.size() % 256, 0);
    while !grown.size().is_multiple_of(256) {
        grown.tick();
    }
    server.mini.lock().unwrap().tiles = Tiles::Of(Box::new(grown));
    assert_eq!(bench.well("wallet", &["sync"])["waiting"], 0);
    server.mini.lock().unwrap().tiles = Tiles::Own;

    // The same with a log that is another one from the receipt on.
    pay(&bench, "2026-11");
    while other.size() < server.mini.lock().unwrap().size() + 400 {
        other.tick();
    }
    show(&server, other);
    caught(&bench, "rewrites");
}

#[test]
fn a_receipt_from_the_future_is_refused() {
    let (bench, server) = synced();
    let present = server.mini.lock().unwrap().time;
    server.mini.lock().unwrap().time = present + 3600;
    let ran = pay_said(&bench, "2026-09");
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("which is still to come"), "{}", ran.err);
    let ran = bench.peal("new-wallet", &["open", "--ledger", &server.url, "--trust", "trust.txt"]);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    // Clocks may differ a little.
    server.mini.lock().unwrap().time = present + 500;
    pay(&bench, "2026-10");
}

/// A receipt's own time does not say how long it may be waited for.
#[test]
fn a_head_is_not_waited_for_beyond_the_limit() {
    let (bench, server) = synced();
    let published = mini(&server);
    server.mini.lock().unwrap().time += 500;
    pay(&bench, "2026-09");
    let newest = mini(&server);
    show(&server, published.clone());
    age(&bench, 300);
    assert_eq!(bench.well("wallet", &["sync"])["waiting"], 1);
    age(&bench, 400);
    let text = caught(&bench, "shrinks");
    assert_eq!(text.matches("\n\u{2014} mini.example/1 ").count(), 2, "{text}");
    show(&server, newest);
    assert_eq!(bench.well("wallet", &["sync"])["waiting"], 0);
}

/// However many receipts follow, the first is not forgotten.
#[test]
fn the_head_of_the_first_receipt_is_kept() {
    let (bench, server, _, shown) = forked();
    show(&server, shown);
    for year in 2000..2018 {
        pay(&bench, &format!("{year}-01"));
    }
    caught(&bench, "rewrites");
}

#[test]
fn too_many_heads_are_joined_before_more_is_sent() {
    let (bench, server) = synced();
    let honest = mini(&server);
    pay(&bench, "2026-09");
    change(&bench, |w| {
        let seen = w.contents.heads[0].clone();
        for n in 1..4096u64 {
            let mut seen = seen.clone();
            seen.size += n;
            w.contents.saw(seen);
        }
        assert_eq!(w.contents.heads.len(), 4096);
    });
    let records = mini(&server).records(1);
    let ran = pay_said(&bench, "2026-10");
    assert_eq!(ran.code, 2, "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("run `peal sync` first"), "{}", ran.err);
    assert_eq!((mini(&server).records(1), honest.records(1)), (records, records - 1));
}

/// A mirror without the operator's key shows a good checkpoint and never stops giving rows.
#[test]
fn rows_without_end_are_refused_at_once() {
    let (bench, server) = synced();
    server.mini.lock().unwrap().tick();
    server.mini.lock().unwrap().tick();
    let size = server.mini.lock().unwrap().size();
    for (flood, says) in [
        ((100_000, 1 << 40), "records in a log of"),
        ((100_000, size - 1), "others are given"),
        ((2, 1), "the account had 2 records and now has 1"),
        ((1, 4), "record 2: "),
    ] {
        server.mini.lock().unwrap().flood = Some(flood);
        server.requests.lock().unwrap().clear();
        fails(&bench, 1, says);
        assert!(server.requests.lock().unwrap().len() <= 3);
    }
}

/// Pages of one head that speak of different numbers of records.
#[test]
fn one_head_has_one_number_of_records() {
    let (bench, server) = synced();
    server.mini.lock().unwrap().flood = Some((1, 3));
    fails(&bench, 1, "the account had 2 records and now has 3");
}

/// A pin binds every longer log, not only one of its own size.
#[test]
fn a_pin_of_an_earlier_size_binds() {
    let (bench, server) = synced();
    let other = mini(&server).diverge(2);
    server.mini.lock().unwrap().tick();
    server.mini.lock().unwrap().tick();
    let pinned = bench.well("wallet", &["sync"]);
    let pin = bench.well("wallet", &["trust", "pin"]);
    assert_eq!(pin["size"], pinned["size"]);
    let line = format!("pin {} {}\n", pin["size"], pin["root"].as_str().unwrap());
    server.mini.lock().unwrap().tick();
    // A good pin is proved once, by another wallet too.
    bench.write("pinned.txt", &format!("{}{line}", trust_text()));
    bench.well("wallet", &["trust", "use", "pinned.txt"]);
    bench.well("wallet", &["sync"]);
    let words = bench.well("wallet", &["words"])["words"].as_str().unwrap().to_owned();
    let address = bench.well("wallet", &["address"])["address"].as_str().unwrap().to_owned();
    bench.write("words", &words);
    let restore = |wallet: &str| {
        let ledger = ["--ledger", &server.url, "--trust", "pinned.txt", "--address", &address];
        bench.peal(wallet, &[&["restore", "--words", "words"][..], &ledger].concat())
    };
    server.requests.lock().unwrap().clear();
    assert_eq!(restore("again").code, 0);
    let tiles = || server.requests.lock().unwrap().iter().filter(|r| r.contains("/tile/")).count();
    let asked = tiles();
    assert!(asked > 0);
    server.mini.lock().unwrap().tick();
    bench.well("again", &["sync"]);
    assert_eq!(tiles(), asked);

    // A wallet that has seen nothing yet is held to it.
    let mut shown = other;
    pay_elsewhere(&mut shown);
    show(&server, shown);
    let ran = restore("third");
    assert_eq!((ran.code, bench.path("third").exists()), (1, false), "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("the ledger strays: "), "{}", ran.err);
}

/// The log goes on otherwise.
fn pay_elsewhere(mini: &mut Mini) {
    use peal_spec::cbor::Cbor as _;
    use peal_spec::hash::Seed;
    use peal_spec::posting::Posting;
    use peal_spec::statement::{Body, Opened, Recovery, Statement};
    let chain = peal_wallet::words::Words::new(zeroize::Zeroizing::new([50; 32])).chain();
    let body = Body::Opened(Opened { who: None, keys: chain.keys(0), recovery: Recovery::default() });
    let now = Time::new(mini.time).unwrap();
    let statement = Statement::new(Seed([5; 16]), None, now, None, None, &body);
    let (origin, key) = (support::origin(), chain.signing(0));
    let posting = Posting::sign(&origin, None, Seed([5; 16]), now, false, vec![statement], &key);
    mini.post(&posting.to_bytes()).unwrap();
    for _ in 0..5 {
        mini.tick();
    }
}

#[test]
fn a_pin_that_the_log_does_not_extend_is_named() {
    let (bench, server) = synced();
    let size = server.mini.lock().unwrap().size() - 1;
    let line = format!("pin {size} {}\n", BASE64.encode([7; 32]));
    bench.write("pinned.txt", &format!("{}{line}", trust_text()));
    bench.well("wallet", &["trust", "use", "pinned.txt"]);
    let text = caught(&bench, "strays");
    assert!(text.contains(&line) && text.contains("The second note below is signed"), "{text}");
    assert_eq!(text.matches("\n\u{2014} mini.example/1 ").count(), 1, "{text}");
    // It can also not be left out.
    server.mini.lock().unwrap().tiles = Tiles::None;
    fails(&bench, 3, "does not give a hash tile");
}

#[test]
fn plain_http_beyond_this_machine_is_warned_of() {
    let (bench, server) = (Bench::new(), Server::start(Mini::new(1)));
    let ran = bench.peal("wallet", &["open", "--ledger", &server.url, "--trust", "trust.txt"]);
    assert!(ran.code == 0 && ran.err.is_empty(), "{}", ran.err);
    // This address is not of the loopback, and yet it is here.
    let url = server.url.replace("127.0.0.1", "0.0.0.0");
    let ran = bench.peal("another", &["open", "--ledger", &url, "--trust", "trust.txt"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("warning: http://0.0.0.0"), "{}", ran.err);
}
