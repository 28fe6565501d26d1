use super::*;
use crate::hash::Hash;
use crate::key::PrivateKey;
use crate::note::Note;

fn time(seconds: u64) -> Time {
    Time::new(1_790_000_000 + seconds).unwrap()
}

fn name() -> Origin {
    "directory.example".parse().unwrap()
}

fn secret(seed: u8) -> PrivateKey {
    PrivateKey::new(&[seed; 32])
}

fn key(seed: u8) -> VerifierKey {
    VerifierKey { name: name(), kind: KeyType::Ed25519, key: secret(seed).public() }
}

fn block(origin: &str) -> Block {
    let origin: Origin = origin.parse().unwrap();
    let operator = VerifierKey { name: origin.clone(), kind: KeyType::Ed25519, key: secret(77).public() };
    let url = Some("https://ledger.example".parse().unwrap());
    Block { ledger: Ledger::new(origin, operator), url, barred: None }
}

fn directory(version: u64) -> Directory {
    let mut barred = block("b.example/1");
    barred.barred = Some("it has signed two logs".parse().unwrap());
    let mut ended = block("c.example/1");
    ended.ledger.last = Some(Pin { size: 15, root: Hash([3; 32]) });
    ended.url = None;
    let blocks = vec![block("a.example/1"), barred, ended];
    Directory { name: name(), version, issued: time(0), expires: time(1000), next: None, blocks }
}

fn signed(directory: &Directory, seed: u8) -> String {
    Note::sign(directory.to_string(), &name(), &secret(seed)).to_string()
}

/// What was pinned after this directory was accepted, first of all, by key 1.
fn pinned(directory: &Directory) -> Pinned {
    Pinned::new(key(1)).accept(&signed(directory, 1), time(5)).unwrap().1
}

fn refused(pinned: &Pinned, note: &str, now: Time) -> &'static str {
    pinned.accept(note, now).unwrap_err().name()
}

#[test]
fn a_text_is_read_and_written_the_same() {
    for next in [None, Some(key(2))] {
        let directory = Directory { next, ..directory(3) };
        let text = directory.to_string();
        assert_eq!(text.parse::<Directory>().unwrap(), directory);
    }
}

#[test]
fn a_look_says_which_of_four_it_is_and_whether_it_may_be_out_of_date() {
    let directory = directory(1);
    let look = |origin: &str, at: u64| directory.lookup(&origin.parse().unwrap(), time(at));
    assert_eq!(look("a.example/1", 999), Answer { entry: Entry::Known(&directory.blocks[0]), stale: false });
    assert_eq!(look("x.example/1", 1000), Answer { entry: Entry::Unknown, stale: true });
    assert!(
        matches!(look("b.example/1", 5).entry, Entry::Barred(reason) if reason.as_str().contains("two logs"))
    );
    assert!(matches!(look("c.example/1", 5).entry, Entry::Ended(_, Pin { size: 15, .. })));
    let mut both = directory.clone();
    both.blocks[2].barred = Some("no".parse().unwrap());
    assert!(matches!(both.lookup(&"c.example/1".parse().unwrap(), time(5)).entry, Entry::Barred(_)));

    let trust = directory.trust();
    let origins: Vec<String> = trust.ledgers.iter().map(|l| l.origin.to_string()).collect();
    assert_eq!(origins, ["a.example/1", "c.example/1"]);
    let list = directory.ledger_list(&"b.example/1".parse().unwrap()).unwrap();
    assert_eq!(list.parse::<Trust>().unwrap().ledgers, [directory.blocks[1].ledger.clone()]);
    assert!(list.starts_with("peal trust 1\n\nledger b.example/1\n") && !list.contains("barred"), "{list}");
    assert_eq!(directory.ledger_list(&"x.example/1".parse().unwrap()), None);
}

#[test]
fn a_faulty_line_is_named() {
    let text = Directory { next: Some(key(2)), ..directory(3) }.to_string();
    let other = VerifierKey { name: "other.example".parse().unwrap(), ..key(2) };
    let swap = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    };
    for (line, what, faulty) in [
        (1, "starts with", swap("ledgers 1", "ledgers 2")),
        (2, "expected `name", swap("name d", "nom d")),
        (3, "expected `version", swap("version 3", "version 0")),
        (3, "expected `version", swap("version 3", "version 9007199254740992")),
        (4, "expected `issued", swap("issued 2", "issued 1 2")),
        (5, "later than it was issued", swap(&time(1000).to_string(), &time(0).to_string())),
        (6, "of the name directory.example", swap(&key(2).to_string(), &other.to_string())),
        (6, "not a verifier key", swap("next directory", "next +directory")),
        (7, "a blank line", swap("\n\nledger", "\nledger")),
        (10, "need <w> witnesses", swap("need 0 witnesses", "needs 0 witnesses")),
        (10, "url <https URL>", swap("need 0 witnesses", "urls 0 witnesses")),
        (12, "a URL as", swap("https://", "ftp://")),
        (
            13,
            "twice",
            swap("url https://ledger.example\n", "url https://ledger.example\nurl https://ledger.example\n"),
        ),
        (20, "twice", swap("barred it has signed two logs\n", "barred a\nbarred b\n")),
        (19, "a reason is", swap("it has signed two logs", &"x".repeat(129))),
        (8, "expected `ledger", swap("ledger a.example/1\n", "url https://a.example\n")),
        (19, "not as it is written", swap("barred it has", "# why\nbarred it has")),
        (
            11,
            "not as it is written",
            swap("fresh 604800\nurl https://ledger.example\n", "url https://ledger.example\nfresh 604800\n"),
        ),
        (25, "does not end", text.trim_end().to_owned()),
        (27, "not as it is written", format!("{text}\n")),
    ] {
        let bad = faulty.parse::<Directory>().unwrap_err();
        assert!(bad.line == line && bad.what.contains(what), "{bad} for line {line}, {what}");
    }
    assert!("x".repeat(MAX_DIRECTORY + 1).parse::<Directory>().is_err());
    let head = text.split("\n\n").next().unwrap();
    assert_eq!(
        format!("{head}\n\n").parse::<Directory>().unwrap_err().what,
        "there is no ledger in this directory"
    );
}

#[test]
fn a_body_is_read_as_people_write_it() {
    let block = block("a.example/1");
    let body = format!("peal trust 1\n# ours\n\n{block}barred for a test\n");
    let read = blocks(&body).unwrap();
    assert_eq!(read.len(), 1);
    assert_eq!(read[0].barred.as_ref().unwrap().as_str(), "for a test");
    assert_eq!(blocks(&block.to_string()).unwrap(), [block]);
    assert_eq!(blocks("# nothing\n").unwrap_err().line, 1);
    assert_eq!(blocks("\nledger a.example\nfresh 5\n").unwrap_err().line, 2);
    assert_eq!(blocks("\n\nbarred x\n").unwrap_err().line, 3);
}

#[test]
fn the_first_pin_and_what_follows() {
    let first = pinned(&directory(1));
    assert_eq!((first.version, &first.next, &first.key), (1, &None, &key(1)));
    assert_eq!(first.to_string().parse::<Pinned>().unwrap(), first);
    let (read, same) = first.accept(&signed(&directory(1), 1), time(5)).unwrap();
    assert_eq!((read, &same), (directory(1), &first));
    let later = first.accept(&signed(&directory(7), 1), time(5)).unwrap().1;
    assert_eq!(later.version, 7);
    assert_eq!(refused(&later, &signed(&directory(6), 1), time(5)), "rolled-back");
    let other = Directory { expires: time(999), ..directory(7) };
    assert_eq!(refused(&later, &signed(&other, 1), time(5)), "forked");
}

#[test]
fn what_is_signed_by_nobody_known_is_refused() {
    let first = pinned(&directory(1));
    assert_eq!(refused(&first, &signed(&directory(2), 2), time(5)), "not-signed");
    let mut note: Note = signed(&directory(2), 1).parse().unwrap();
    note.lines[0].blob[3] ^= 1;
    assert_eq!(refused(&first, &note.to_string(), time(5)), "bad-signature");
    let mut cosigned: Note = signed(&directory(2), 1).parse().unwrap();
    cosigned.lines.clear();
    cosigned.cosign(&name(), &secret(1), time(5));
    assert_eq!(refused(&first, &cosigned.to_string(), time(5)), "not-signed");
    assert_eq!(refused(&first, &directory(2).to_string(), time(5)), "no-note");
    assert_eq!(refused(&first, &"x".repeat(MAX_SIGNED + 1), time(5)), "no-note");
    let other = Directory { name: "other.example".parse().unwrap(), ..directory(2) };
    assert_eq!(refused(&first, &signed(&other, 1), time(5)), "other-name");
    let faulty = Note::sign(directory(2).to_string() + "#\n", &name(), &secret(1)).to_string();
    assert_eq!(refused(&first, &faulty, time(5)), "malformed");
}

#[test]
fn a_directory_has_its_time() {
    let first = pinned(&directory(1));
    let late = Directory { issued: time(606), ..directory(2) };
    assert_eq!(refused(&first, &signed(&late, 1), time(5)), "early");
    first.accept(&signed(&late, 1), time(6)).unwrap();
    let next = signed(&directory(2), 1);
    assert_eq!(refused(&first, &next, time(1000)), "expired");
    first.accept(&next, time(999)).unwrap();
    // It can still be read.
    assert!(first.reopen(&next).unwrap().0.is_stale(time(1000)));
}

#[test]
fn a_key_changes_when_the_version_before_has_named_the_next_one() {
    let plain = pinned(&directory(1));
    let naming = Directory { next: Some(key(2)), ..directory(2) };
    let moved = directory(3);
    // A list that names its own signer proves nothing.
    assert_eq!(refused(&plain, &signed(&naming, 2), time(5)), "not-signed");
    let named = plain.accept(&signed(&naming, 1), time(5)).unwrap().1;
    assert_eq!((&named.key, &named.next), (&key(1), &Some(key(2))));
    assert_eq!(named.to_string().parse::<Pinned>().unwrap(), named);
    // The old key still counts, until the next one has signed.
    assert_eq!(named.accept(&signed(&moved, 1), time(5)).unwrap().1.key, key(1));
    let after = named.accept(&signed(&moved, 2), time(5)).unwrap().1;
    assert_eq!((&after.key, &after.next), (&key(2), &None));
    assert_eq!(refused(&after, &signed(&directory(4), 1), time(5)), "not-signed");
    // Both have signed: whoever knows of the next key goes on to it, whoever does not stays.
    let mut both: Note = signed(&moved, 1).parse().unwrap();
    let line: Note = signed(&moved, 2).parse().unwrap();
    both.lines.extend(line.lines);
    assert_eq!(named.accept(&both.to_string(), time(5)).unwrap().1.key, key(2));
    assert_eq!(plain.accept(&both.to_string(), time(5)).unwrap().1.key, key(1));
    // The same text again changes no key.
    let mut again: Note = signed(&naming, 1).parse().unwrap();
    again.lines.extend(signed(&naming, 2).parse::<Note>().unwrap().lines);
    assert_eq!(named.accept(&again.to_string(), time(5)).unwrap().1, named);
}

#[test]
fn a_pin_is_read_or_refused() {
    for bad in ["", "peal ledgers pin 1\n", "peal ledgers pin 1\nkey x\nversion 1\ntext 00\n"] {
        assert!(bad.parse::<Pinned>().is_err(), "{bad}");
    }
}
