//! A ledger with its server on a free port, people with keys, and a plain HTTP client.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use peal_api::app::{App, Shared};
use peal_api::carried::Carried;
use peal_api::config::Config;
use peal_api::schemes::Schemes;
use peal_api::server::Server;
use peal_ledger::{Genesis, Ledger, Settings};
use peal_spec::address::Address;
use peal_spec::cbor::Cbor as _;
use peal_spec::hash::Seed;
use peal_spec::key::{KeyChain, PrivateKey};
use peal_spec::posting::Posting;
use peal_spec::role::{Grant, Role};
use peal_spec::signed_read;
use peal_spec::statement::contribution::Payer;
use peal_spec::statement::{
    Amount, Body, Contribution, Granted, Keys, Opened, Recovery, Source, Statement, What,
};
use peal_spec::trust::{self, Operator, Trust};
use peal_spec::value::{Insurance, Month, Origin, Time};
use serde_json::Value;

pub(crate) const POSTING: &str = "application/peal-posting+cbor";
pub(crate) const RECEIPT: &str = "application/peal-receipt+cbor";

pub(crate) fn now() -> Time {
    Time::new(peal_api::command::now()).unwrap()
}

/// Seeds and posting ids that never repeat.
pub(crate) fn seed() -> Seed {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let mut bytes = [7; 16];
    bytes[..8].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    Seed(bytes)
}

/// Somebody with keys, and an account once she has opened it.
pub(crate) struct Person {
    pub(crate) chain: KeyChain,
    pub(crate) address: Address,
}

pub(crate) fn opening(origin: &Origin, chain: &KeyChain) -> Posting {
    let keys = Keys {
        key: chain.signing(0).public(),
        next: chain.signing(1).public().commitment(),
        reading: chain.reading(0).public(),
    };
    let body = Body::Opened(Opened { who: None, keys, recovery: Recovery::default() });
    let statement = Statement::new(seed(), None, now(), None, None, &body);
    Posting::sign(origin, None, seed(), now(), false, vec![statement], &chain.signing(0))
}

impl Person {
    pub(crate) fn posting(&self, origin: &Origin, statements: Vec<Statement>) -> Posting {
        Posting::sign(origin, Some(self.address), seed(), now(), false, statements, &self.chain.signing(0))
    }
}

/// A contribution of a platform to a worker's pension.
pub(crate) fn contribution(issuer: &Person, worker: Address, fund: Address, reference: &str) -> Statement {
    let month = Month::new(202_601).unwrap();
    let who =
        Payer { source: Source::Platform, issuer: issuer.address, reference: reference.parse().unwrap() };
    let what = What { insurance: Insurance::PENSION, scheme: "cn-pension".parse().unwrap(), fund };
    let amount =
        Amount { amount: 12_000, credited: 8_000, base: Some(100_000), currency: "CNY".parse().unwrap() };
    let body = Body::Contribution(Contribution { who, what, amount, evidence: None });
    Statement::new(seed(), Some(worker), now(), None, Some(month), &body)
}

pub(crate) fn grant(registrar: &Person, to: Address, role: Role) -> Statement {
    let role = Grant { role, insurances: Vec::new(), until: None };
    let body = Body::Granted(Granted { who: registrar.address, role });
    Statement::new(seed(), Some(to), now(), None, None, &body)
}

pub(crate) struct Stage {
    pub(crate) origin: Origin,
    pub(crate) at: SocketAddr,
    pub(crate) app: Shared,
    pub(crate) registrar: Person,
    /// By how many seconds the server's clock is ahead.
    pub(crate) ahead: Arc<AtomicU64>,
    server: Option<Server>,
    runtime: tokio::runtime::Runtime,
    pub(crate) dir: tempfile::TempDir,
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            self.runtime.block_on(server.close());
        }
    }
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::with(|_| {}, Settings::default())
    }

    pub(crate) fn with(adjust: impl FnOnce(&mut Config), settings: Settings) -> Self {
        Self::of("stage.example/1", adjust, settings)
    }

    /// A ledger of this name.
    pub(crate) fn of(origin: &str, adjust: impl FnOnce(&mut Config), settings: Settings) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let origin: Origin = origin.parse().unwrap();
        let chain = KeyChain::new([1; 64]);
        let opening = opening(&origin, &chain).check(&origin).unwrap();
        let registrar = Person { address: Address { number: 0, id: opening.roots()[0] }, chain };
        let database = dir.path().join("db");
        let operator = || PrivateKey::new(&[9; 32]);
        let genesis = Genesis { origin: origin.clone(), opening };
        Ledger::create(&database, &operator(), genesis, &Settings::default()).unwrap();
        let ledger = Ledger::open(&database, operator(), &origin, settings).unwrap();

        let mut config = Config::new(origin.clone());
        config.listen = SocketAddr::from(([127, 0, 0, 1], 0));
        adjust(&mut config);
        let schemes = Schemes::read(config.schemes.as_deref()).unwrap();
        let operators = vec![Operator { key: ledger.verifier_key(), from: None, until: None }];
        let entry = trust::Ledger {
            origin: origin.clone(),
            operators,
            witnesses: Vec::new(),
            auditors: Vec::new(),
            need_witnesses: 0,
            need_auditors: 0,
            fresh: trust::FRESH,
            pins: Vec::new(),
            last: None,
        };
        let ahead = Arc::new(AtomicU64::new(0));
        let by = ahead.clone();
        let clock = move || peal_api::command::now() + by.load(Ordering::Relaxed);
        let app = Arc::new(App::new(config, Trust { ledgers: vec![entry] }, schemes, Arc::new(clock)));
        let runtime =
            tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(2).build().unwrap();
        let server = runtime.block_on(Server::start(app.clone())).unwrap();
        app.opened(ledger);
        app.carries(Carried::open(dir.path().join("carried"), app.config.limits.carried_bytes).unwrap());
        Self { origin, at: server.address(), app, registrar, ahead, server: Some(server), runtime, dir }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        call(self.at, "GET", path, &[], b"").unwrap()
    }

    pub(crate) fn post(&self, path: &str, media_type: &str, body: &[u8]) -> Answer {
        call(self.at, "POST", path, &[("Content-Type", media_type)], body).unwrap()
    }

    /// Opens an account over HTTP.
    pub(crate) fn person(&self, n: u8) -> Person {
        let chain = KeyChain::new([n; 64]);
        let answer = self.post("/v1/accounts", POSTING, &opening(&self.origin, &chain).to_bytes());
        assert_eq!(answer.status, 200, "{}", answer.text());
        let address = answer.json()["results"][0]["accepted"]["address"].as_str().unwrap().parse().unwrap();
        Person { chain, address }
    }

    pub(crate) fn person_with(&self, n: u8, role: Role) -> Person {
        let person = self.person(n);
        let posting =
            self.registrar.posting(&self.origin, vec![grant(&self.registrar, person.address, role)]);
        let answer = self.post("/v1/postings", POSTING, &posting.to_bytes());
        assert_eq!((answer.status, &answer.json()["accepted"]), (200, &1.into()), "{}", answer.text());
        person
    }

    /// A signed read.
    pub(crate) fn read(&self, person: &Person, rest: &str, accept: &str) -> Answer {
        self.read_of(person, person.address, rest, accept)
    }

    /// A signed read of somebody's account.
    pub(crate) fn read_of(&self, person: &Person, of: Address, rest: &str, accept: &str) -> Answer {
        self.signed(person, &format!("/v1/accounts/{of}/{rest}"), accept)
    }

    /// A signed read of a path.
    pub(crate) fn signed(&self, person: &Person, path: &str, accept: &str) -> Answer {
        self.signed_as("GET", person, path, &[("Accept", accept)], b"")
    }

    /// The same with another method, further headers and a body.
    pub(crate) fn signed_as(
        &self,
        method: &str,
        person: &Person,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let created = now().seconds() + self.ahead.load(Ordering::Relaxed);
        let (by, key) = (person.address.to_string(), person.chain.reading(0));
        let signed = sign_as(method, self.at, path, &by, created, &key);
        let signed = [("Signature-Input", signed.0.as_str()), ("Signature", &signed.1)];
        call(self.at, method, path, &[&signed, headers].concat(), body).unwrap()
    }
}

/// The two headers of a signed read.
pub(crate) fn sign(
    authority: impl ToString,
    target: &str,
    keyid: &str,
    created: u64,
    key: &PrivateKey,
) -> (String, String) {
    sign_as("GET", authority, target, keyid, created, key)
}

/// The same for another method.
pub(crate) fn sign_as(
    method: &str,
    authority: impl ToString,
    target: &str,
    keyid: &str,
    created: u64,
    key: &PrivateKey,
) -> (String, String) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let (authority, query) = (authority.to_string(), format!("?{query}"));
    let parameters = signed_read::parameters(created, keyid);
    let request = signed_read::Request { method, authority: &authority, path, query: &query };
    let signature = key.sign(signed_read::base(&request, &parameters).as_bytes());
    (format!("peal={parameters}"), format!("peal=:{}:", BASE64.encode(signature)))
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
    /// Demands a problem details object of this status and code.
    pub(crate) fn demand(&self, status: u16, code: &str) -> Value {
        assert_eq!(
            (self.status, self.header("content-type")),
            (status, Some("application/problem+json")),
            "{}",
            self.text()
        );
        let problem = self.json();
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], status);
        let kind = problem["type"].as_str().unwrap();
        assert!(
            kind == format!("urn:peal:problem:{code}") || kind == format!("urn:peal:refusal:{code}"),
            "{kind}"
        );
        assert!(problem["title"].is_string() && problem["detail"].is_string());
        problem
    }
}

/// One request on a connection of its own.
pub(crate) fn call(
    at: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> std::io::Result<Answer> {
    let mut head = format!("{method} {target} HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    if method == "POST" || !body.is_empty() {
        head += &format!("Content-Length: {}\r\n", body.len());
    }
    let mut bytes = (head + "\r\n").into_bytes();
    bytes.extend(body);
    exchange(at, &bytes)
}

/// Sends raw bytes and reads the answer.
pub(crate) fn exchange(at: SocketAddr, bytes: &[u8]) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect(at)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    // A server may answer before it has read everything.
    let sent = stream.write_all(bytes);
    answer(&mut stream).or_else(|e| sent.and(Err(e)))
}

/// Reads an answer to its end.
pub(crate) fn answer(stream: &mut TcpStream) -> std::io::Result<Answer> {
    let mut all = Vec::new();
    let end = stream.read_to_end(&mut all);
    let broken = || std::io::Error::other("not an HTTP answer");
    let Some(cut) = all.windows(4).position(|w| w == b"\r\n\r\n") else {
        end?;
        return Err(broken());
    };
    let head = String::from_utf8_lossy(&all[..cut]).into_owned();
    let mut lines = head.split("\r\n");
    let status =
        lines.next().and_then(|l| l.split(' ').nth(1)).and_then(|s| s.parse().ok()).ok_or_else(broken)?;
    let headers =
        lines.filter_map(|l| l.split_once(": ")).map(|(n, v)| (n.to_lowercase(), v.to_owned())).collect();
    Ok(Answer { status, headers, body: all[cut + 4..].to_vec() })
}
