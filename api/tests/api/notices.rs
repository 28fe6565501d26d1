//! An account is followed: what is new is told at once, what was told is not told again, and nothing is missed in between.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use peal_spec::cbor::Cbor as _;
use peal_spec::role::Role;
use peal_spec::statement::{Body, Keys, Rotated, Statement};
use peal_spec::value::Day;
use serde_json::{Value, json};

use crate::stage::{POSTING, Person, Stage, contribution, now, seed, sign};

/// An event of a stream.
#[derive(Debug)]
struct Event {
    id: String,
    name: String,
    data: Value,
}

/// A stream that is being read.
struct Following {
    reader: BufReader<TcpStream>,
    status: u16,
}

/// Follows somebody's account, with `query` and a Last-Event-ID.
fn follow(stage: &Stage, person: &Person, query: &str, last: Option<&str>) -> Following {
    let path = format!("/v1/accounts/{}/notices{query}", person.address);
    let created = now().seconds() + stage.ahead.load(Ordering::Relaxed);
    let (input, signature) =
        sign(stage.at, &path, &person.address.to_string(), created, &person.chain.reading(0));
    let last = last.map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream\r\nSignature-Input: {input}\r\nSignature: {signature}\r\n{last}\r\n",
        stage.at
    );
    let mut stream = TcpStream::connect(stage.at).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let status = line.split(' ').nth(1).unwrap().parse().unwrap();
    while line != "\r\n" {
        line.clear();
        reader.read_line(&mut line).unwrap();
    }
    Following { reader, status }
}

impl Following {
    /// The next event; nothing at the end of the stream. Events are single chunks, so lines are read whole; sizes of chunks are passed over.
    fn next(&mut self) -> Option<Event> {
        let (mut id, mut name, mut data) = (None, None, None);
        loop {
            let mut line = String::new();
            if self.reader.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            let line = line.trim_end();
            match line.split_once(": ") {
                Some(("id", text)) => id = Some(text.to_owned()),
                Some(("event", text)) => name = Some(text.to_owned()),
                Some(("data", text)) => data = Some(serde_json::from_str(text).unwrap()),
                _ if line == "0" => return None,
                _ => {}
            }
            if let (Some(id), Some(name), Some(data)) = (&id, &name, &data) {
                return Some(Event { id: id.clone(), name: name.clone(), data: Value::clone(data) });
            }
        }
    }
}

fn paid(stage: &Stage, platform: &Person, worker: &Person, reference: &str) {
    let statement = contribution(platform, worker.address, platform.address, reference);
    let posting = platform.posting(&stage.origin, vec![statement]);
    let answer = stage.post("/v1/postings", POSTING, &posting.to_bytes());
    assert_eq!(answer.json()["accepted"], 1, "{}", answer.text());
}

struct Scene {
    stage: Stage,
    worker: Person,
    platform: Person,
}

/// A worker, and a platform that is its own fund.
fn scene() -> Scene {
    let stage = Stage::new();
    let (worker, platform) = (stage.person(2), stage.person_with(3, Role::Platform));
    let grant = crate::stage::grant(&stage.registrar, platform.address, Role::Fund);
    let posting = stage.registrar.posting(&stage.origin, vec![grant]);
    assert_eq!(stage.post("/v1/postings", POSTING, &posting.to_bytes()).json()["accepted"], 1);
    Scene { stage, worker, platform }
}

#[test]
fn whoever_was_cut_off_goes_on_where_she_was() {
    let Scene { stage, worker, platform } = scene();
    let today = Day::from(now());
    let mut whole = follow(&stage, &worker, &format!("?after=0@{today}"), None);
    assert_eq!(whole.status, 200);
    let first = whole.next().unwrap();
    assert_eq!((first.id.as_str(), first.name.as_str()), (format!("1@{today}").as_str(), "record"));
    assert_eq!((&first.data["type"], &first.data["sequence"]), (&json!("opened"), &json!(0)));

    let mut from_now = follow(&stage, &worker, "", None);
    assert_eq!(from_now.status, 200);
    let before = Instant::now();
    paid(&stage, &platform, &worker, "a");
    for stream in [&mut whole, &mut from_now] {
        let told = stream.next().unwrap();
        assert_eq!((told.id.as_str(), told.name.as_str()), (format!("2@{today}").as_str(), "record"));
        assert_eq!(
            (&told.data["type"], &told.data["amount"]["amount"]),
            (&json!("contribution"), &json!(12_000))
        );
        assert_eq!(told.data["issuer"], json!(platform.address.to_string()));
    }
    assert!(before.elapsed() < Duration::from_secs(10), "it is told when it happens");

    drop((whole, from_now));
    paid(&stage, &platform, &worker, "b");
    paid(&stage, &platform, &worker, "c");
    // The header stands over the query, as a browser that connects again sends it.
    let mut again = follow(&stage, &worker, &format!("?after=0@{today}"), Some(&format!("2@{today}")));
    let references = [again.next().unwrap(), again.next().unwrap()].map(|e| e.data["reference"].clone());
    assert_eq!(references, [json!("b"), json!("c")]);
}

#[test]
fn a_month_that_does_not_come_is_told() {
    let Scene { stage, worker, platform } = scene();
    paid(&stage, &platform, &worker, "a");
    let mut stream = follow(&stage, &worker, "?after=2@2026-03-15", None);
    let alert = stream.next().unwrap();
    let number = platform.address.number;
    let expected = json!({"day": "2026-03-16", "alert": "missing", "payer": number, "month": "2026-02", "insurance": "pension"});
    assert_eq!((alert.name.as_str(), &alert.data), ("alert", &expected));
    // All alerts up to today are told with the last one, and none of them again.
    assert_eq!(alert.id, format!("2@{}", Day::from(now())));
    let mut again = follow(&stage, &worker, "", Some(&alert.id));
    paid(&stage, &platform, &worker, "b");
    assert_eq!(again.next().unwrap().name, "record");
    // What is due in the night is told to whoever is following: the day turns while the stream is open.
    let february = Statement::new(
        seed(),
        Some(worker.address),
        now(),
        None,
        Day::from(now()).month().next(),
        &contribution(&platform, worker.address, platform.address, "c").body().unwrap(),
    );
    let posting = platform.posting(&stage.origin, vec![february]);
    assert_eq!(stage.post("/v1/postings", POSTING, &posting.to_bytes()).json()["accepted"], 1);
    assert_eq!(again.next().unwrap().data["reference"], json!("c"));
    stage.ahead.fetch_add(150 * 86_400, Ordering::Relaxed);
    let alert = again.next().unwrap();
    assert_eq!((alert.name.as_str(), &alert.data["alert"]), ("alert", &json!("missing")));
}

#[test]
fn streams_are_for_the_reading_key_and_few() {
    let Scene { stage, worker, platform } = scene();
    let path = format!("/v1/accounts/{}/notices", worker.address);
    stage.get(&path).demand(401, "unsigned-read");
    stage.read_of(&platform, worker.address, "notices", "text/event-stream").demand(401, "unsigned-read");
    stage.read(&worker, "notices", "application/json").demand(406, "not-acceptable");
    for bad in ["?after=x", "?after=1@2026", "?after=9@2026-11-28", "?since=1"] {
        stage.read(&worker, &format!("notices{bad}"), "text/event-stream").demand(400, "bad-parameter");
    }
    let mut open: Vec<Following> =
        (0..peal_api::streams::EACH).map(|_| follow(&stage, &worker, "", None)).collect();
    assert!(open.iter().all(|s| s.status == 200));
    let full = stage.read(&worker, "notices", "text/event-stream");
    full.demand(503, "overloaded");
    assert_eq!(full.header("retry-after"), Some("10"));
    assert_eq!(follow(&stage, &platform, "", None).status, 200, "others are not kept out");

    // Another reading key: who had the old one hears nothing more.
    let keys = |n: u32| Keys {
        key: worker.chain.signing(n).public(),
        next: worker.chain.signing(n + 1).public().commitment(),
        reading: worker.chain.reading(n).public(),
    };
    let body = Body::Rotated(Rotated { who: worker.address, keys: keys(1) });
    let statement = Statement::new(seed(), Some(worker.address), now(), None, None, &body);
    let posting = peal_spec::posting::Posting::sign(
        &stage.origin,
        Some(worker.address),
        seed(),
        now(),
        false,
        vec![statement],
        &worker.chain.signing(1),
    );
    let answer = stage.post("/v1/postings", POSTING, &posting.to_bytes());
    assert_eq!(answer.json()["accepted"], 1, "{}", answer.text());
    assert!(open.iter_mut().all(|stream| stream.next().is_none()));
}

#[test]
fn a_server_that_closes_does_not_wait_for_its_readers() {
    let Scene { stage, worker, .. } = scene();
    let mut stream = follow(&stage, &worker, "", None);
    let before = Instant::now();
    drop(stage);
    assert!(stream.next().is_none() && before.elapsed() < Duration::from_secs(10));
}
