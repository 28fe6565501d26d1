//! Archives: made, checked, imported, and read by others than this program.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::path::Path;
use std::process::Command;

use peal_spec::proof::Proof;
use peal_spec::trust::Trust;
use peal_spec::value::Time;
use peal_wallet::archive::{self, BadArchive};
use peal_wallet::carried::{Against, BadHistory, Carried};
use peal_wallet::wallet::{Contents, Wallet};
use peal_wallet::words::Words;
use support::{Bench, Mini, PASSPHRASE, Server};
use zeroize::Zeroizing;

/// A valid vector of `spec/vectors/proof`: file, trust list, time.
fn vector(name: &str) -> (Vec<u8>, Trust, Time) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../spec/vectors/proof/{name}.json"));
    let json: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let text = |name: &str| json[name].as_str().unwrap();
    assert_eq!(text("expect"), "valid");
    let now = Time::new(json["now"].as_u64().unwrap()).unwrap();
    (hex::decode(text("file")).unwrap(), text("trust").parse().unwrap(), now)
}

const WHOLE: [&str; 5] = ["whole", "work-whole", "rights-whole", "identity-whole", "erasure-whole"];

fn reference(file: &Path) -> (bool, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/reference_archive.py");
    let ran = Command::new("python3").arg(script).arg(file).output().unwrap();
    let said = [ran.stdout, ran.stderr].concat();
    (ran.status.success(), String::from_utf8(said).unwrap())
}

/// Finds a member of a stored ZIP by its name, and its bytes: an own look at the file.
fn member(zip: &[u8], name: &str) -> Vec<u8> {
    let mut rest = zip;
    while rest.starts_with(b"PK\x03\x04") {
        let length = u32::from_le_bytes(rest[18..22].try_into().unwrap()) as usize;
        let (named, after) = rest[30..].split_at(usize::from(rest[26]));
        if named == name.as_bytes() {
            return after[..length].to_vec();
        }
        rest = &after[length..];
    }
    panic!("there is no {name}");
}

fn changed(zip: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at = zip.windows(from.len()).position(|w| w == from.as_bytes()).unwrap();
    [&zip[..at], to.as_bytes(), &zip[at + from.len()..]].concat()
}

fn not_valid(zip: &[u8], trust: Option<&Trust>, now: Time) -> &'static str {
    match archive::check(zip, trust, now) {
        Err(BadArchive::NotValid(failure)) => failure.name,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_whole_history_makes_an_archive_that_others_can_read() {
    let bench = Bench::new();
    for name in WHOLE {
        let (file, trust, now) = vector(name);
        let zip = archive::make(&file, None, &trust).unwrap();
        assert_eq!(zip, archive::make(&file, None, &trust).unwrap(), "{name}: the same bytes");
        let checked = archive::check(&zip, Some(&trust), now).unwrap();
        assert_eq!((checked.members.len(), checked.given, checked.copy), (9, true, false));
        assert_eq!((checked.proof, checked.foreign_texts), (file, vec![]));
        let path = bench.path(&format!("{name}.zip"));
        std::fs::write(&path, &zip).unwrap();
        let (well, said) = reference(&path);
        assert!(well && said.contains("they agree"), "{name}: {said}");
        for name in ["records.csv", "contributions.csv", "account.json"] {
            let text = String::from_utf8(member(&zip, name)).unwrap();
            assert!(!text.contains('\0') && text.ends_with('\n'));
        }
    }
}

#[test]
fn a_proof_of_less_makes_no_archive() {
    for name in ["payers-withheld", "totals", "one-month", "rights-amount-withheld"] {
        let (file, trust, now) = vector(name);
        let Err(BadArchive::NotValid(failure)) = archive::make(&file, None, &trust) else { panic!("{name}") };
        assert_eq!(failure.name, "not-whole", "{failure}");
        let Err(BadHistory::Failure(failure)) = Carried::from_file(&file, &trust, now) else {
            panic!("{name}")
        };
        assert_eq!(failure.name, "not-whole", "{failure}");
    }
}

/// Sums that are left out would make a view say that nothing counts.
#[test]
fn a_proof_without_its_sums_makes_no_archive() {
    for (name, what) in
        [("whole", "the totals of pension in CNY"), ("work-whole", "the totals of pension in CNY")]
    {
        let (file, trust, now) = vector(name);
        let mut proof = Proof::from_file(&file).unwrap();
        let cells = proof.subject.shown.last().unwrap().cells.len();
        for left in (0..cells).rev() {
            let mut less = proof.clone();
            less.subject.shown.last_mut().unwrap().cells.truncate(left);
            let refused = Carried::from_file(&less.to_file(), &trust, now);
            let Err(BadHistory::Failure(failure)) = refused else {
                panic!("{name} with {left} cells is taken")
            };
            assert_eq!(failure.name, "not-whole");
            if left == 0 {
                assert_eq!(failure.detail, format!("{what} are not shown"));
            }
        }
        proof.subject.shown.last_mut().unwrap().cells.clear();
        assert!(archive::make(&proof.to_file(), None, &trust).is_err());
    }
}

/// What `spec/archive.md` begins with. The two texts in it may be improved: of those it is only compared that they are listed.
#[test]
fn the_written_example_is_real() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/archive.md");
    let page = std::fs::read_to_string(page).unwrap();
    let example = page.split("```json\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let (file, trust, _) = vector("whole");
    let zip = archive::make(&file, None, &trust).unwrap();
    let without_texts = |text: &[u8]| {
        let mut json: serde_json::Value = serde_json::from_slice(text).unwrap();
        for listed in json["members"].as_array_mut().unwrap() {
            if ["README.txt", "peal.cddl"].contains(&listed["name"].as_str().unwrap()) {
                (listed["bytes"], listed["sha256"]) = (0.into(), "".into());
            }
        }
        serde_json::to_string_pretty(&json).unwrap()
    };
    let manifest = member(&zip, "manifest.json");
    assert_eq!(
        without_texts(example.as_bytes()),
        without_texts(&manifest),
        "{}",
        String::from_utf8_lossy(&manifest)
    );
    for table in ["contributions.csv", "months.csv", "records.csv"] {
        let titles = String::from_utf8(member(&zip, table)).unwrap().lines().next().unwrap().to_owned();
        assert!(page.contains(&titles), "{table}: {titles}");
    }
}

#[test]
fn each_fault_has_its_name() {
    let (file, trust, now) = vector("whole");
    let zip = archive::make(&file, None, &trust).unwrap();
    let given = Some(&trust);
    assert_eq!(not_valid(&changed(&zip, "sequence,month", "sequence,mouth"), given, now), "damaged");
    assert_eq!(not_valid(&changed(&zip, "PK\x05\x06", "PK\x05\x05"), given, now), "repacked");
    assert_eq!(not_valid(&[&zip[..], b"\0"].concat(), given, now), "repacked");
    assert_eq!(not_valid(&zip[..zip.len() - 1], given, now), "repacked");
    assert_eq!(not_valid(&zip[..zip.len() / 2], given, now), "damaged");
    let other: Trust = "peal trust 1\n".parse().unwrap();
    assert_eq!(not_valid(&zip, Some(&other), now), "unknown-ledger");
    for foreign in [&b""[..], b"hello", b"PK\x05\x06\0\0", &file] {
        assert!(matches!(archive::check(foreign, given, now), Err(BadArchive::Foreign(_))));
    }
    let format = changed(&zip, "peal archive 1\",\n  \"members", "peal archive 2\",\n  \"members");
    assert!(matches!(archive::check(&format, given, now), Err(BadArchive::Foreign(_))));
    // Cut anywhere, or with any byte changed, it is refused and nothing panics.
    for at in (0..zip.len()).step_by(997) {
        assert!(archive::check(&zip[..at], given, now).is_err(), "cut at {at}");
        let mut flipped = zip.clone();
        flipped[at] ^= 0x10;
        assert!(archive::check(&flipped, given, now).is_err(), "byte {at}");
    }
}

/// Python packs an archive anew after a change, with hashes to match: a liar who knows how archives are made.
fn forge(bench: &Bench, from: &Path, member: &str, old: &str, new: &str) -> Vec<u8> {
    let script = r#"
import hashlib, json, struct, sys, zipfile, zlib
source, target, name, old, new = sys.argv[1:]
with zipfile.ZipFile(source) as z:
    members = {n: z.read(n) for n in z.namelist()}
assert old.encode() in members[name], members[name]
members[name] = members[name].replace(old.encode(), new.encode(), 1)
if name != "manifest.json":
    manifest = json.loads(members["manifest.json"])
    for m in manifest["members"]:
        m.update(bytes=len(members[m["name"]]), sha256=hashlib.sha256(members[m["name"]]).hexdigest())
    members["manifest.json"] = (json.dumps(manifest, indent=2, sort_keys=True) + "\n").encode()
file, listed = b"", b""
for n, data in members.items():
    common = struct.pack("<HHHHHIIIHH", 10, 0, 0, 0, 0x21, zlib.crc32(data), len(data), len(data), len(n), 0)
    listed += b"PK\1\2" + struct.pack("<H", 3 << 8 | 10) + common + struct.pack("<HHHII", 0, 0, 0, 0o100600 << 16, len(file)) + n.encode()
    file += b"PK\3\4" + common + n.encode() + data
end = b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, len(members), len(members), len(listed), len(file), 0)
open(target, "wb").write(file + listed + end)
"#;
    let target = bench.path("forged.zip");
    let ran =
        Command::new("python3").args(["-c", script]).args([from, &target]).args([member, old, new]).output();
    let ran = ran.unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    std::fs::read(target).unwrap()
}

#[test]
fn whoever_makes_the_hashes_match_is_found_out_by_the_proof() {
    let (bench, (file, trust, now)) = (Bench::new(), vector("whole"));
    let (path, zip) = (bench.path("good.zip"), archive::make(&file, None, &trust).unwrap());
    std::fs::write(&path, &zip).unwrap();
    // The same layout, written by another program from the page alone.
    assert_eq!(forge(&bench, &path, "months.csv", "counts", "counts"), zip);
    for (member, old, new, name) in [
        ("months.csv", "yes", "no", "bad-view"),
        ("contributions.csv", "CNY", "EUR", "bad-view"),
        ("records.csv", "contribution", "settlement", "bad-view"),
        ("account.json", "\"complete\": true", "\"complete\":  true", "bad-view"),
        ("trust.txt", "fresh 604800", "fresh 604801", "valid"),
        ("trust.txt", "need 0", "# a note\nneed 0", "bad-trust"),
        ("trust.txt", "peal trust 1", "peal trust 2", "bad-trust"),
        ("manifest.json", "\"records\": ", "\"records\":  ", "bad-manifest"),
        ("account.peal", "peal proof 1", "peal proof 2", "damaged"),
    ] {
        let forged = forge(&bench, &path, member, old, new);
        match archive::check(&forged, Some(&trust), now) {
            Ok(checked) => assert_eq!(name, "valid", "{member}: {checked:?}"),
            Err(BadArchive::NotValid(failure)) => assert_eq!(failure.name, name, "{member}: {failure}"),
            Err(other) => panic!("{member}: {other}"),
        }
    }
    // A text for people is said to be another's, no more.
    let forged = forge(&bench, &path, "README.txt", "PEAL archive", "PEAL Archive");
    assert_eq!(archive::check(&forged, Some(&trust), now).unwrap().foreign_texts, ["README.txt"]);
}

#[test]
fn carried_histories_are_kept_in_the_wallet() {
    let words = Words::new(Zeroizing::new([7; 32]));
    let (file, trust, now) = vector("whole");
    let mut contents = Contents::new(words, "http://x".into(), support::origin(), Trust::default());
    let before = contents.to_bytes();
    let carried = Carried::from_file(&file, &trust, now).unwrap();
    assert_eq!((carried.file(), carried.against(&carried)), (&file[..], Against::Same));
    contents.carried.add(carried.clone()).unwrap();
    let read = Contents::from_bytes(&contents.to_bytes()).unwrap();
    assert_eq!(read, contents);
    let found = read.carried.find(&carried.origin, &carried.address).unwrap();
    // Its own list is not asked for ledgers that it does not have.
    let verdict = found.verdict(&read.trust, now).unwrap();
    assert_eq!((verdict.complete, verdict.records.total), (true, carried.records()));
    // A wallet that carries nothing is as it was before there was anything to carry, and there is one way to say so.
    assert_eq!(before[0], 0x8e);
    assert_eq!(Contents::from_bytes(&before).unwrap().to_bytes(), before);
    assert!(Contents::from_bytes(&[&[0x8f], &before[1..], &[0x80]].concat()).is_err());
}

/// A worker with a payment in each of some months.
fn worker() -> (Bench, Server, String) {
    let (bench, server) = (Bench::new(), Server::start(Mini::new(1)));
    bench.open("registrar", &server);
    let fund = bench.open("fund", &server);
    bench.well("registrar", &["grant", &fund, "--role", "fund", "--insurance", "pension"]);
    bench.open("wallet", &server);
    pay(&bench, "wallet", &fund, "2026-09");
    pay(&bench, "wallet", &fund, "2026-10");
    let text = bench.read("return.csv");
    bench.write("september.csv", &text.lines().take(2).fold(String::new(), |all, l| all + l + "\n"));
    bench.well("fund", &["settle", "september.csv", "--reference", "BANK-1"]);
    bench.well("wallet", &["sync"]);
    (bench, server, fund)
}

fn pay(bench: &Bench, wallet: &str, fund: &str, month: &str) {
    let money = ["--amount", "1194.60", "--credited", "477.84", "--currency", "CNY", "--fund", fund];
    let what = ["pay", "--insurance", "pension", "--scheme", "cn-flexible-pension", "--month", month];
    bench.well(wallet, &[&what[..], &money, &["--return", "return.csv"]].concat());
}

fn shows(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
}

#[test]
fn an_account_is_written_checked_and_read_without_a_ledger() {
    let (bench, server, _) = worker();
    drop(server);
    let made = bench.well("wallet", &["archive", "make", "--out", "mine.zip"]);
    assert_eq!((made["records"].as_u64(), made["copy"].as_bool()), (Some(4), Some(true)));
    assert_eq!(made["members"].as_array().unwrap().len(), 10);
    bench.well("wallet", &["archive", "make", "-o", "again.zip"]);
    bench.well("wallet", &["archive", "make", "--no-copy", "-o", "less.zip"]);
    let zip = std::fs::read(bench.path("mine.zip")).unwrap();
    assert_eq!(zip, std::fs::read(bench.path("again.zip")).unwrap());
    for file in ["mine.zip", "less.zip"] {
        let (well, said) = reference(&bench.path(file));
        assert!(well && said.contains("4 records, 2 contributions"), "{said}");
    }
    let text = |name| String::from_utf8(member(&zip, name)).unwrap();
    assert_eq!(
        text("months.csv"),
        "insurance,month,counts,settled\npension,2026-09,yes,yes\npension,2026-10,yes,no\n"
    );
    shows(
        &text("contributions.csv"),
        &["2026-09,pension,cn-flexible-pension,self,peal1", ",1194.60,477.84,,CNY,settled,no,"],
    );
    shows(&text("records.csv"), &[",settlement,1,2026-09,peal1", r#""{""amount"":{""amount"":""1194.60"""#]);
    bench.well("wallet", &["prove", "--out", "whole.peal"]);
    assert_eq!(member(&zip, "account.peal"), std::fs::read(bench.path("whole.peal")).unwrap());

    let ran = bench.peal("none", &["archive", "check", "mine.zip", "--trust", "trust.txt"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    shows(
        &ran.out,
        &[
            "mine.zip: valid",
            "10 members",
            "by the list that you gave",
            "inside; it makes the same proof",
            "complete",
        ],
    );
    let ran = bench.peal("none", &["archive", "check", "less.zip"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    shows(&ran.out, &["NOT YOURS", "copy         none"]);
    let json = bench.well("none", &["archive", "check", "mine.zip"]);
    assert_eq!(
        (json["trust"].as_str(), json["verdict"]["records"]["total"].as_u64()),
        (Some("inside"), Some(4))
    );

    bench.write("others.txt", "peal trust 1\n");
    bench.write("foreign.zip", "hello");
    std::fs::write(bench.path("damaged.zip"), changed(&zip, "1194.60", "9194.60")).unwrap();
    for (args, code, says) in [
        (&["mine.zip", "--trust", "others.txt"][..], 1, "unknown-ledger"),
        (&["damaged.zip"], 1, "damaged"),
        (&["foreign.zip"], 2, "not a PEAL archive"),
        (&["absent.zip"], 2, "No such file"),
        (&["mine.zip", "--trust", "absent.txt"], 2, "No such file"),
    ] {
        let ran = bench.peal("none", &[&["archive", "check"], args].concat());
        assert_eq!(ran.code, code, "{args:?}: {}", ran.out);
        shows(&(ran.out + &ran.err), &[says]);
    }
    // What has no proof inside that it follows from is found out, also in the copy.
    let forged = forge(&bench, &bench.path("mine.zip"), "copy.cbor", "cn-flexible", "cn-flixeble");
    assert_eq!(not_valid(&forged, None, peal_wallet::clock::now().unwrap()), "bad-copy");
}

#[test]
fn no_secret_is_in_an_archive() {
    let (bench, _server, _) = worker();
    bench.well("wallet", &["archive", "make", "--out", "mine.zip"]);
    let zip = std::fs::read(bench.path("mine.zip")).unwrap();
    let contents = Wallet::read(&bench.path("wallet"), PASSPHRASE.as_bytes()).unwrap();
    let chain = contents.chain();
    let mut secrets: Vec<Vec<u8>> =
        vec![bip39::Mnemonic::parse(contents.words.phrase().as_str()).unwrap().to_entropy()];
    for generation in 0..3 {
        secrets.push(chain.signing(generation).secret().to_vec());
        secrets.push(chain.reading(generation).secret().to_vec());
    }
    let base64 = |bytes: &[u8]| {
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes)
            .trim_end_matches('=')
            .to_owned()
    };
    let mut texts: Vec<Vec<u8>> = secrets.iter().map(|s| hex::encode(s).into_bytes()).collect();
    texts.extend(secrets.iter().map(|s| hex::encode_upper(s).into_bytes()));
    texts.extend(secrets.iter().map(|s| base64(s).into_bytes()));
    let phrase = contents.words.phrase();
    let words: Vec<&str> = phrase.split_whitespace().collect();
    texts.extend(words.windows(3).map(|three| three.join(" ").into_bytes()));
    texts.push(PASSPHRASE.into());
    // Members are stored as they are, so a search of the file is one of every member.
    let holds = |needle: &[u8]| zip.windows(needle.len()).any(|w| w == needle);
    assert!(holds(contents.address.unwrap().to_string().as_bytes()));
    for secret in secrets.iter().chain(&texts) {
        assert!(!holds(secret), "{secret:?}");
    }
}

#[test]
fn histories_are_taken_along_in_another_wallet() {
    let (bench, server, fund) = worker();
    bench.well("wallet", &["archive", "make", "--out", "short.zip"]);
    let before = server.mini.lock().unwrap().clone();
    std::fs::copy(bench.path("wallet"), bench.path("twin")).unwrap();
    pay(&bench, "wallet", &fund, "2026-11");
    bench.well("wallet", &["sync"]);
    bench.well("wallet", &["archive", "make", "--no-copy", "--out", "long.zip"]);
    bench.well("wallet", &["prove", "--out", "long.peal"]);
    bench.well("wallet", &["prove", "--totals", "--out", "totals.peal"]);

    // Another ledger, with a list of its own that does not have the first.
    let elsewhere = Server::start(Mini::new(2));
    bench.open("new", &elsewhere);
    let empty = bench.peal("new", &["archive", "list"]);
    shows(&empty.out, &["carries no history"]);
    assert_eq!(bench.peal("new", &["archive", "show"]).code, 2);
    let import = |file: &str| bench.well("new", &["archive", "import", file, "--trust", "trust.txt"]);
    let first = import("short.zip");
    assert_eq!((first["added"].as_str(), first["records"].as_u64()), (Some("new"), Some(4)));
    assert_eq!(import("short.zip")["added"], "had");
    assert_eq!(import("long.zip")["added"], "replaced");
    assert_eq!(import("long.peal")["added"], "had");
    assert_eq!(import("short.zip")["added"], "had");
    let list = bench.well("new", &["archive", "list"]);
    assert_eq!(list["histories"].as_array().unwrap().len(), 1);
    assert_eq!(list["histories"][0]["records"], 5);
    shows(&bench.peal("new", &["archive", "list"]).out, &["mini.example/1", "peal1"]);
    let ran = bench.peal("new", &["archive", "show", "1", "--entries"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    shows(
        &ran.out,
        &["carried    since", "3 months count, 1 of them settled", "posted 3583.80 CNY", "2026-11"],
    );
    assert!(!ran.out.contains("synced"), "{}", ran.out);
    bench.well("new", &["archive", "proof", "1", "-o", "back.peal"]);
    assert_eq!(
        std::fs::read(bench.path("back.peal")).unwrap(),
        std::fs::read(bench.path("long.peal")).unwrap()
    );

    // Not whole; under a list without its ledger; nothing at all; a number that is not there.
    bench.write("others.txt", "peal trust 1\n");
    for (args, code, says) in [
        (&["import", "totals.peal"][..], 1, "not-whole"),
        (&["import", "long.zip", "--trust", "others.txt"], 1, "unknown-ledger"),
        (&["import", "trust.txt"], 2, "not a PEAL proof file"),
        (&["show", "2"], 2, "there is no carried history 2"),
        (&["proof", "0", "-o", "x"], 2, "there is no carried history 0"),
    ] {
        let ran = bench.peal("new", &[&["archive"], args].concat());
        assert_eq!(ran.code, code, "{args:?}: {}{}", ran.out, ran.err);
        shows(&ran.err, &[says]);
    }

    // The same ledger tells a twin of the wallet another story of the same account: both are signed, and they fork.
    *server.mini.lock().unwrap() = before.diverge(7);
    pay(&bench, "twin", &fund, "2026-12");
    pay(&bench, "twin", &fund, "2027-01");
    bench.well("twin", &["sync"]);
    bench.well("twin", &["archive", "make", "--out", "twin.zip"]);
    let ran = bench.peal("new", &["archive", "import", "twin.zip", "--trust", "trust.txt"]);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    shows(&ran.err, &["the history forks: record 4 is another one in each", "the one that is carried stays"]);
    assert_eq!(bench.well("new", &["archive", "list"]), list);
}
