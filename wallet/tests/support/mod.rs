//! A ledger small enough to read: it records whatever is well signed, in memory, and answers over HTTP as the real one does. It judges only
//! repeated references and settled entries; what it serves can be exchanged for another history.

#![allow(dead_code, clippy::unwrap_used, missing_docs)]

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::thread;

use peal_spec::account::{Account, Placed};
use peal_spec::address::Address;
use peal_spec::cbor::Cbor;
use peal_spec::copy::{Copy, Row, Selection, Show, open_cell};
use peal_spec::hash::{Hash, Seed, derive};
use peal_spec::key::PrivateKey;
use peal_spec::log::{Commit, Head, LogLeaf};
use peal_spec::note::{Checkpoint, KeyType, Note, VerifierKey};
use peal_spec::posting::{self, Posting};
use peal_spec::proof::{CellOpening, Link, Shown, View};
use peal_spec::receipt::{Accepted, Receipt};
use peal_spec::record::{blind, log_salt};
use peal_spec::refusal::{Code, Refusal};
use peal_spec::rules::{Alone, Party, Target, judge_posting};
use peal_spec::signed_read;
use peal_spec::statement::{Body, Type};
use peal_spec::tree;
use peal_spec::value::{Origin, Time};

pub const ORIGIN: &str = "mini.example/1";
pub const PASSPHRASE: &str = "correct horse";

#[derive(Clone)]
struct Held {
    account: Account,
    rows: Vec<Row>,
    cells: Vec<Vec<CellOpening>>,
    targets: HashMap<u64, Target>,
    references: HashMap<(Type, u64, String), u64>,
}

#[derive(Clone)]
pub struct Mini {
    pub time: u64,
    seed: u8,
    log: Vec<Hash>,
    accounts: Vec<Held>,
    postings: HashMap<Hash, (Vec<u8>, Receipt)>,
    commit: Option<Commit>,
    /// The log that tiles are given of, if it is not this one.
    pub tiles: Tiles,
    /// Another face: whoever asks what extends a head of this size is shown the other ledger, and whoever asks anything else a log that has
    /// just grown, so that the two never have one size.
    pub face: Option<(u64, Box<Mini>)>,
    /// How many copies of the account's first record each page has, of a number of records that it names.
    pub flood: Option<(usize, u64)>,
    /// Whether consistency proofs are left out.
    pub mute: bool,
    /// Notes that wallets have shown.
    pub seen: Vec<String>,
}

/// Of which log the tiles are.
#[derive(Clone, Default)]
pub enum Tiles {
    /// Of the one that is shown.
    #[default]
    Own,
    /// Of another.
    Of(Box<Mini>),
    /// There are none.
    None,
}

pub fn operator() -> PrivateKey {
    PrivateKey::new(&[9; 32])
}

pub fn origin() -> Origin {
    ORIGIN.parse().unwrap()
}

pub fn trust_text() -> String {
    let key = VerifierKey { name: origin(), kind: KeyType::Ed25519, key: operator().public() };
    format!(
        "peal trust 1\n\nledger {ORIGIN}\noperator {key} - -\nneed 0 witnesses 0 auditors\nfresh 604800\n"
    )
}

impl Mini {
    pub fn new(seed: u8) -> Self {
        let time = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        Self {
            time,
            seed,
            log: Vec::new(),
            accounts: Vec::new(),
            postings: HashMap::new(),
            commit: None,
            tiles: Tiles::Own,
            face: None,
            flood: None,
            mute: false,
            seen: Vec::new(),
        }
    }

    /// Another history from here on.
    pub fn diverge(mut self, seed: u8) -> Self {
        self.seed = seed;
        self
    }

    pub fn size(&self) -> u64 {
        self.log.len() as u64
    }

    pub fn records(&self, account: usize) -> usize {
        self.accounts[account].rows.len()
    }

    fn checkpoint(&self) -> String {
        let checkpoint = Checkpoint { origin: origin(), size: self.size(), root: tree::root(&self.log) };
        Note::sign(checkpoint.to_string(), &origin(), &operator()).to_string()
    }

    fn head(&self) -> Head {
        let path = tree::sure(tree::inclusion(self.log.as_slice(), self.size() - 1, self.size()));
        Head { commit: self.commit.unwrap(), path }
    }

    fn directory(&self) -> Vec<Hash> {
        self.accounts.iter().map(|h| h.account.directory_leaf().leaf()).collect()
    }

    fn address_of(&self, number: u64) -> Option<&Held> {
        self.accounts.get(number as usize)
    }

    /// Commits one posting.
    pub fn post(&mut self, bytes: &[u8]) -> Result<Receipt, Refusal> {
        let checked = Posting::receive(bytes, &origin())?;
        if let Some((_, receipt)) = self.postings.get(&checked.digest()) {
            return Ok(receipt.clone());
        }
        if let Some(issuer) = checked.payload().issuer {
            let held = self.address_of(issuer.number).filter(|h| h.account.address == issuer);
            let held = held.ok_or(Refusal::new(Code::UnknownIssuer, "issuer"))?;
            let posting = checked.posting();
            let party = Party { address: issuer, state: &held.account.state };
            let (alone, time) = (Alone::of(&posting.statements), Time::new(self.time).unwrap());
            judge_posting(&posting.signed.payload, &posting.signed.kid, alone, time, Some(party), false)?;
        }
        let first = self.size();
        let count = checked.posting().statements.len() as u64;
        let leaves = posting::leaves(checked.roots());
        let mut results = Vec::new();
        for (i, statement) in checked.posting().statements.iter().enumerate() {
            let body = statement.body()?;
            let log_index = self.size();
            let record_seed = derive(&Seed([self.seed; 16]), log_index);
            let placed = Placed {
                log_index,
                posting: checked.digest(),
                posting_index: i as u64,
                statement_root: checked.roots()[i],
                time: Time::new(self.time).unwrap(),
                record_seed,
            };
            let path = tree::sure(tree::inclusion(leaves.as_slice(), i as u64, count));
            let link = Link { posting: 0, path };
            let (number, record) = match &body {
                Body::Opened(opened) => {
                    let number = self.accounts.len() as u64;
                    let (account, record, _) = Account::open(number, opened, &placed);
                    self.accounts.push(Held {
                        account,
                        rows: Vec::new(),
                        cells: Vec::new(),
                        targets: HashMap::new(),
                        references: HashMap::new(),
                    });
                    (number, record)
                }
                body => {
                    let address = statement.address.unwrap();
                    let Some(held) = self
                        .accounts
                        .get_mut(address.number as usize)
                        .filter(|h| h.account.address == address)
                    else {
                        results.push(Err(Refusal::new(Code::UnknownAccount, "address")));
                        continue;
                    };
                    let mut target = statement.refers.and_then(|r| held.targets.get(&r).cloned());
                    if let Some(used) = body.reference() {
                        let key = (used.kind, used.issuer, used.reference.to_owned());
                        let sequence = held.rows.len() as u64;
                        if let Some(at) = held.references.get(&key) {
                            results.push(Err(
                                Refusal::new(Code::ReferenceTaken, "who").at((address.number, *at))
                            ));
                            continue;
                        }
                        held.references.insert(key, sequence);
                    }
                    let entry = match &target {
                        Some(Target::Entry(entry)) => Some(entry),
                        _ => None,
                    };
                    let settles = matches!(body, Body::Settlement(_) | Body::Correction(_));
                    if settles && entry.is_some_and(|e| e.settled) {
                        results.push(Err(Refusal::new(Code::Settled, "refers")));
                        continue;
                    }
                    if let (Body::Settlement(s), Some(e)) = (body, entry)
                        && s.amount != e.amount
                    {
                        results.push(Err(Refusal::new(Code::AmountDiffers, "amount")));
                        continue;
                    }
                    let (record, _) = held.account.append(statement, body, target.as_mut(), &placed);
                    if let Some((target, refers)) = target.zip(statement.refers) {
                        held.targets.insert(refers, target);
                    }
                    if let Some(target) = body.opens(record.at()) {
                        held.targets.insert(record.sequence, target);
                    }
                    (address.number, record)
                }
            };
            let held = &mut self.accounts[number as usize];
            held.cells.push((0..2).map(|i| open_cell(&held.account, i).unwrap()).collect());
            self.log.push(LogLeaf::Record(record.commitment(&log_salt(&record_seed))).leaf());
            results.push(Ok(Accepted {
                account: number,
                sequence: record.sequence,
                state_root: record.state_root,
                log_salt: log_salt(&record_seed),
            }));
            held.rows.push(Row { record, seed: record_seed, statement: Some(statement.clone()), link });
        }
        let directory = self.directory();
        let commit = Commit {
            directory_size: directory.len() as u64,
            directory_root: tree::root(&directory),
            time: Time::new(self.time).unwrap(),
        };
        self.commit = Some(commit);
        self.log.push(LogLeaf::Commit(commit).leaf());
        let indexes: Vec<u64> = (first..self.size() - 1).collect();
        let some = !indexes.is_empty();
        let path =
            if some { tree::sure(tree::set(self.log.as_slice(), &indexes, self.size())) } else { Vec::new() };
        let receipt = Receipt {
            posting: checked.digest(),
            checkpoint: self.checkpoint(),
            time: commit.time,
            first: some.then_some(first),
            results,
            path,
        };
        self.postings.insert(checked.digest(), (checked.posting().signed.cose().to_vec(), receipt.clone()));
        Ok(receipt)
    }

    /// Gives a record's statement another seed: what is served is not what was recorded.
    pub fn spoil(&mut self, account: usize, row: usize) {
        self.accounts[account].rows[row].statement.as_mut().unwrap().seed = Seed([99; 16]);
    }

    /// An empty commit: the log grows.
    pub fn tick(&mut self) {
        self.log.push(LogLeaf::Commit(self.commit.unwrap()).leaf());
    }

    fn view(&self, held: &Held) -> View {
        let shown = held.rows.iter().zip(&held.cells).map(|(row, cells)| Shown {
            record: row.record.clone(),
            opening: None,
            link: None,
            cells: cells.clone(),
        });
        View {
            address: held.account.address,
            blind: blind(&held.account.last_seed),
            size: held.rows.len() as u64,
            directory_path: self.directory_path(held.account.address.number),
            shown: shown.collect(),
            path: Vec::new(),
        }
    }

    fn directory_path(&self, number: u64) -> Vec<Hash> {
        let directory = self.directory();
        tree::sure(tree::inclusion(directory.as_slice(), number, directory.len() as u64))
    }

    pub fn copy(&self, address: &Address, from: u64, limit: u64, since: Option<u64>) -> Option<Copy> {
        let held = self.accounts.get(address.number as usize).filter(|h| h.account.address == *address)?;
        let mut rows: Vec<Row> = held.rows.iter().skip(from as usize).take(limit as usize).cloned().collect();
        let (mut cose, mut numbers, mut issuers) = (Vec::new(), HashMap::new(), Vec::new());
        for row in &mut rows {
            let next = cose.len() as u64;
            row.link.posting = *numbers.entry(row.record.posting).or_insert(next);
            if row.link.posting == next {
                cose.push(self.postings[&row.record.posting].0.clone());
            }
        }
        for row in &held.rows {
            let signed = posting::Signed::read(&self.postings[&row.record.posting].0).unwrap();
            if let Some(issuer) = signed.payload.issuer.filter(|i| i != address) {
                let view = self.view(&self.accounts[issuer.number as usize]);
                if !issuers.contains(&view) {
                    issuers.push(view);
                }
            }
        }
        let consistency = match since {
            Some(old) if old > self.size() => return None,
            Some(old) => tree::sure(tree::consistency(self.log.as_slice(), old, self.size())),
            None => Vec::new(),
        };
        Some(Copy {
            checkpoint: self.checkpoint(),
            head: self.head(),
            address: *address,
            size: held.rows.len() as u64,
            directory_path: self.directory_path(address.number),
            from,
            rows,
            postings: cose,
            issuers,
            consistency,
        })
    }

    /// A page of an account, as this ledger's faces show it.
    fn page(&mut self, address: &Address, from: u64, limit: u64, since: Option<u64>) -> Option<Copy> {
        let mine = self.size();
        let mut page = match &mut self.face {
            Some((size, other)) if since == Some(*size) => {
                while other.size() < mine + 7 {
                    other.tick();
                }
                other.copy(address, from, limit, since)
            }
            face => {
                if face.is_some() {
                    self.tick();
                }
                self.copy(address, from, limit, since)
            }
        }?;
        if let Some((rows, size)) = self.flood {
            page.rows = vec![self.accounts[address.number as usize].rows[0].clone(); rows];
            (page.from, page.size) = (from, size);
        }
        if self.mute {
            page.consistency.clear();
        }
        Some(page)
    }

    /// A tile of the log: `<level>/<index>[.p/<width>]`.
    fn tile(&self, path: &str) -> Option<Vec<u8>> {
        let log = match &self.tiles {
            Tiles::None => return None,
            Tiles::Of(other) => &other.log,
            Tiles::Own => &self.log,
        };
        let (name, width) = path.split_once(".p/").unwrap_or((path, "256"));
        let (level, index) = name.split_once('/')?;
        let (index, width): (usize, usize) = (index.parse().ok()?, width.parse().ok()?);
        let hashes: Vec<Hash> = match level {
            "0" => log.clone(),
            "1" => log.chunks_exact(256).map(tree::root).collect(),
            _ => return None,
        };
        // Once a tile is full, its parts are gone.
        let given = width == 256 || hashes.len() < (index + 1) * 256;
        let tile = hashes.get(index * 256..index * 256 + width).filter(|_| given)?;
        Some(tile.iter().flat_map(|h| h.0).collect())
    }

    fn answer(&mut self, request: &Request, authority: &str) -> (u16, &'static str, Vec<u8>) {
        let problem = |status, refusal: &Refusal| {
            let (code, field) = (refusal.code.name(), &refusal.field);
            let (says, remedy) = (refusal.code.says(), refusal.code.remedy());
            let body =
                format!(r#"{{"code":"{code}","field":"{field}","detail":"{says}","remedy":"{remedy}"}}"#);
            (status, "application/problem+json", body.into_bytes())
        };
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        match (request.method.as_str(), path) {
            ("GET", "/v1/ledger") => {
                (200, "application/json", format!(r#"{{"origin":"{ORIGIN}"}}"#).into_bytes())
            }
            // What is published lags far behind, as a checkpoint that waits for its witnesses does.
            ("GET", "/checkpoint") => (200, "text/plain", Mini::new(1).checkpoint().into_bytes()),
            ("GET", "/v1/checkpoint") => (200, "text/plain", self.checkpoint().into_bytes()),
            ("POST", "/v1/seen") => {
                self.seen.push(String::from_utf8(request.body.clone()).unwrap());
                (409, "application/problem+json", br#"{"code":"rolled-back","detail":"it is kept"}"#.to_vec())
            }
            ("GET", path) if path.starts_with("/tile/") => match self.tile(&path["/tile/".len()..]) {
                Some(tile) => (200, "application/octet-stream", tile),
                None => (404, "application/problem+json", br#"{"detail":"no such tile"}"#.to_vec()),
            },
            ("POST", "/v1/accounts" | "/v1/postings") => match self.post(&request.body) {
                Ok(receipt) => (200, "application/peal-receipt+cbor", receipt.to_bytes()),
                Err(refusal) => problem(422, &refusal),
            },
            ("GET", path) if path.ends_with("/records") => {
                let address: Address = path.split('/').nth(3).unwrap().parse().unwrap();
                let parameter = |name: &str| {
                    let pair = query.split('&').find_map(|p| p.strip_prefix(name)?.strip_prefix('='));
                    pair.map(|v| v.parse::<u64>().unwrap())
                };
                if !self.may_read(request, path, query, authority, &address) {
                    return (
                        401,
                        "application/problem+json",
                        br#"{"detail":"not signed by the reading key"}"#.to_vec(),
                    );
                }
                let (from, limit) =
                    (parameter("from").unwrap_or(0), parameter("limit").unwrap_or(1000).min(2));
                match self.page(&address, from, limit, parameter("since")) {
                    Some(copy) => (200, "application/peal-copy+cbor", copy.to_bytes()),
                    None => (409, "application/problem+json", br#"{"detail":"no such head"}"#.to_vec()),
                }
            }
            ("GET", path) if path.ends_with("/bound") => {
                match self.bound(&query.strip_prefix("token=").unwrap().parse().unwrap()) {
                    Some((account, sequence)) => {
                        let body = format!(r#"{{"account":"{account}","sequence":{sequence}}}"#);
                        (200, "application/json", body.into_bytes())
                    }
                    None => (404, "application/problem+json", br#"{"code":"not-found"}"#.to_vec()),
                }
            }
            ("GET", path) if path.ends_with("/shared") => {
                let address: Address = path.split('/').nth(3).unwrap().parse().unwrap();
                match self.shared(&address, query.strip_prefix("access=").unwrap().parse().unwrap()) {
                    Some(file) => (200, "application/peal-proof+cbor", file),
                    None => (403, "application/problem+json", br#"{"code":"no-access"}"#.to_vec()),
                }
            }
            _ => (404, "application/problem+json", b"{}".to_vec()),
        }
    }

    /// Where a token is bound.
    fn bound(&self, token: &Hash) -> Option<(Address, u64)> {
        self.accounts.iter().find_map(|held| {
            let withdrawn: Vec<u64> = held
                .rows
                .iter()
                .filter(|row| row.record.kind == Type::Withdrawn)
                .filter_map(|row| row.record.refers)
                .collect();
            let binds = |row: &&Row| {
                let body = row.statement.as_ref().and_then(|s| s.body().ok());
                matches!(body, Some(Body::IdentityBound(b)) if b.token.0 == *token)
                    && !withdrawn.contains(&row.record.sequence)
            };
            held.rows.iter().find(binds).map(|row| (held.account.address, row.record.sequence))
        })
    }

    /// What an access opens for ten minutes: here, everything.
    fn shared(&self, address: &Address, access: usize) -> Option<Vec<u8>> {
        let record = &self.accounts.get(address.number as usize)?.rows.get(access)?.record;
        if record.kind != Type::Access || record.time.seconds() + 600 <= self.time {
            return None;
        }
        let copy = self.copy(address, 0, u64::MAX, None)?;
        let proof = copy.prove(&Selection { show: Show::Whole, withhold: Vec::new() }).unwrap();
        Some(proof.to_file())
    }

    fn may_read(
        &self,
        request: &Request,
        path: &str,
        query: &str,
        authority: &str,
        address: &Address,
    ) -> bool {
        let Some((_, keyid, params)) = request.header("signature-input").and_then(signed_read::read_input)
        else {
            return false;
        };
        let signature = request.header("signature").and_then(|s| s.strip_prefix("peal=:")?.strip_suffix(':'));
        let signature = signature
            .and_then(|s| base64::Engine::decode(&base64::engine::general_purpose::STANDARD, s).ok());
        let Some(signature) = signature.and_then(|s| <[u8; 64]>::try_from(s).ok()) else { return false };
        let query = format!("?{query}");
        let parts = signed_read::Request { method: "GET", authority, path, query: &query };
        let base = signed_read::base(&parts, params);
        let held = self.accounts.get(address.number as usize);
        keyid == address.to_string()
            && held
                .is_some_and(|h| h.account.state.control.keys.reading.verifies(base.as_bytes(), &signature))
    }
}

struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    fn read(stream: &mut TcpStream) -> Option<Self> {
        let mut bytes = Vec::new();
        let mut byte = [0];
        while !bytes.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte).ok()?;
            bytes.push(byte[0]);
        }
        let head = String::from_utf8(bytes).ok()?;
        let mut lines = head.lines();
        let mut first = lines.next()?.split(' ');
        let headers: Vec<(String, String)> = lines
            .filter_map(|l| l.split_once(':').map(|(n, v)| (n.to_ascii_lowercase(), v.trim().to_owned())))
            .collect();
        let mut request =
            Self { method: first.next()?.into(), target: first.next()?.into(), headers, body: Vec::new() };
        let length = request.header("content-length").and_then(|l| l.parse().ok()).unwrap_or(0);
        request.body = vec![0; length];
        stream.read_exact(&mut request.body).ok()?;
        Some(request)
    }
}

/// How the next answers fail, for tests of lost answers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    Fair,
    /// The request is done, and its answer is lost.
    LoseAnswers,
    /// The ledger asks to try again.
    Busy(u32),
}

pub struct Server {
    pub url: String,
    pub mini: Arc<Mutex<Mini>>,
    pub weather: Arc<Mutex<Weather>>,
    pub requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub fn start(mini: Mini) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let authority = format!("127.0.0.1:{}", listener.local_addr().unwrap().port());
        let url = format!("http://{authority}");
        let (mini, weather) = (Arc::new(Mutex::new(mini)), Arc::new(Mutex::new(Weather::Fair)));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let server = Self { url, mini: mini.clone(), weather: weather.clone(), requests: requests.clone() };
        thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let Some(request) = Request::read(&mut stream) else { continue };
                requests.lock().unwrap().push(format!("{} {}", request.method, request.target));
                let mut weather = weather.lock().unwrap();
                if let Weather::Busy(left) = *weather {
                    *weather = if left > 1 { Weather::Busy(left - 1) } else { Weather::Fair };
                    let busy = "HTTP/1.1 503 Busy\r\nretry-after: 0\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                    let _ = stream.write_all(busy.as_bytes());
                    continue;
                }
                let (status, kind, body) = mini.lock().unwrap().answer(&request, &authority);
                if *weather == Weather::LoseAnswers && request.method == "POST" {
                    continue;
                }
                let head = format!(
                    "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
            }
        });
        server
    }
}

/// A directory with a trust list, in which the built program runs.
pub struct Bench {
    pub dir: tempfile::TempDir,
}

pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Bench {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("trust.txt"), trust_text()).unwrap();
        Self { dir }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Runs `peal` with the wallet of this name.
    pub fn peal(&self, wallet: &str, args: &[&str]) -> Ran {
        let output: Output = Command::new(env!("CARGO_BIN_EXE_peal"))
            .current_dir(self.dir.path())
            .env_clear()
            .env("PEAL_WALLET", self.path(wallet))
            .env("PEAL_PASSPHRASE", PASSPHRASE)
            .args(args)
            .output()
            .unwrap();
        Ran {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The same, expected to go well, as JSON.
    pub fn well(&self, wallet: &str, args: &[&str]) -> serde_json::Value {
        let ran = self.peal(wallet, &[args, &["--json"]].concat());
        assert_eq!(ran.code, 0, "{args:?}: {}{}", ran.out, ran.err);
        serde_json::from_str(&ran.out).unwrap()
    }

    /// Opens an account; returns its address.
    pub fn open(&self, wallet: &str, server: &Server) -> String {
        let done = self.well(wallet, &["open", "--ledger", &server.url, "--trust", "trust.txt"]);
        done["address"].as_str().unwrap().to_owned()
    }

    pub fn files(&self, start: &str) -> Vec<PathBuf> {
        let all = std::fs::read_dir(self.dir.path()).unwrap().map(|e| e.unwrap().path());
        let named = |p: &Path| p.file_name().unwrap().to_string_lossy().starts_with(start);
        all.filter(|p| named(p)).collect()
    }
}
