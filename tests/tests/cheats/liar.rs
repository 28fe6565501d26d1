//! An operator who holds the key and lies: a small ledger in memory, the same that makes the vectors, served over HTTP as the real one is.
//! What it records and what it shows are two things, and whatever it shows it signs.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use peal_spec::account::{Account, Placed};
use peal_spec::address::Address;
use peal_spec::cbor::Cbor as _;
use peal_spec::copy::{Copy, Row};
use peal_spec::hash::Hash;
use peal_spec::key::PrivateKey;
use peal_spec::log::{Commit, Head, LogLeaf};
use peal_spec::note::{Checkpoint, KeyType, Note, VerifierKey};
use peal_spec::posting::Posting;
use peal_spec::receipt::Receipt;
use peal_spec::role::Role;
use peal_spec::rules::Target;
use peal_spec::statement::{Body, Statement};
use peal_spec::tree;
use peal_spec::value::{Origin, Time};
use peal_tests::cast::{Load, Signer, now, random};
use peal_tests::{peal, peal_ok};

use crate::book::Book;

pub const ORIGIN: &str = "liar.example/1";
const OPERATOR: [u8; 32] = [7; 32];

type OnCopy = Box<dyn FnMut(&mut Copy) + Send>;
type OnReceipt = Box<dyn FnMut(&mut Receipt) + Send>;

/// What the operator keeps and what he shows.
pub struct Liar {
    /// The log that postings go to.
    pub book: Book,
    /// The log that is shown, if it is not that one.
    pub shown: Option<Book>,
    /// What is done to each copy before it is given.
    pub copy: Option<OnCopy>,
    /// What is done to each receipt.
    pub receipt: Option<OnReceipt>,
    /// The seconds that its clock is ahead (or behind).
    pub clock: i64,
}

impl Liar {
    /// Its time.
    pub fn now(&self) -> Time {
        Time::new(now().seconds().saturating_add_signed(self.clock)).unwrap()
    }

    /// Records postings, and whatever they are if the book cheats.
    pub fn commit(&mut self, postings: &[Posting]) {
        let bytes: Vec<Vec<u8>> = postings.iter().map(|p| p.to_bytes()).collect();
        let time = self.now();
        let (answers, _) = self.book.commit(time, &bytes, random);
        for answer in answers {
            assert!(answer.unwrap().iter().all(Result::is_ok), "recorded");
        }
    }

    fn face(&self) -> &Book {
        self.shown.as_ref().unwrap_or(&self.book)
    }

    fn answer(&mut self, method: &str, target: &str, body: &[u8]) -> (u16, Vec<u8>) {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        match (method, path) {
            ("GET", "/v1/ledger") => (200, format!(r#"{{"origin":"{ORIGIN}"}}"#).into_bytes()),
            ("GET", "/checkpoint" | "/v1/checkpoint") => (200, self.face().checkpoint.clone().into_bytes()),
            ("GET", tile) if tile.starts_with("/tile/0/") => match self.tile(&tile["/tile/0/".len()..]) {
                Some(tile) => (200, tile),
                None => (404, b"{}".to_vec()),
            },
            ("POST", _) => {
                let time = self.now();
                let (answers, _) = self.book.commit(time, &[body.to_vec()], random);
                if let Err(refusal) = &answers[0] {
                    return (422, format!(r#"{{"code":"{}"}}"#, refusal.code.name()).into_bytes());
                }
                let digest = Posting::receive(body, &self.book.origin).unwrap().digest();
                let mut receipt = self.book.receipt(&digest).clone();
                if let Some(lie) = &mut self.receipt {
                    lie(&mut receipt);
                }
                (200, receipt.to_bytes())
            }
            ("GET", path) if path.ends_with("/records") => {
                let address: Address = path.split('/').nth(3).unwrap().parse().unwrap();
                let number = |name: &str| {
                    let pair = query.split('&').find_map(|p| p.strip_prefix(name)?.strip_prefix('='));
                    pair.map(|v| v.parse::<u64>().unwrap())
                };
                let face = self.face();
                let size = face.log.len() as u64;
                let since = number("since");
                if since.is_some_and(|s| s > size) {
                    return (409, br#"{"detail":"no such head"}"#.to_vec());
                }
                let held = face.accounts[address.number as usize].frontier.size();
                let from = number("from").unwrap_or(0).min(held);
                let mut copy = tail(face.copy(address.number, 0, since), from);
                if let Some(lie) = &mut self.copy {
                    lie(&mut copy);
                }
                (200, copy.to_bytes())
            }
            _ => (404, b"{}".to_vec()),
        }
    }

    /// The log is short: its tiles are all of level 0.
    fn tile(&self, name: &str) -> Option<Vec<u8>> {
        let (index, width) = name.split_once(".p/")?;
        let width: usize = width.parse().ok()?;
        let hashes = self.face().log.get(..width).filter(|_| index == "000")?;
        Some(hashes.iter().flat_map(|h| h.0).collect())
    }
}

/// Signs a log of these leaves.
pub fn sign(origin: &Origin, log: &[Hash]) -> String {
    let checkpoint = Checkpoint { origin: origin.clone(), size: log.len() as u64, root: tree::root(log) };
    Note::sign(checkpoint.to_string(), origin, &PrivateKey::new(&OPERATOR)).to_string()
}

/// The rows of a copy from one on, with the postings that they need; the issuers are those of all rows, as the ledger gives them.
pub fn tail(mut copy: Copy, from: u64) -> Copy {
    copy.rows.drain(..from as usize);
    copy.from = from;
    tidy(&mut copy);
    copy
}

/// Leaves out the postings that no row needs.
pub fn tidy(copy: &mut Copy) {
    let (mut kept, mut numbers) = (Vec::new(), BTreeMap::new());
    for row in &mut copy.rows {
        let number = *numbers.entry(row.link.posting).or_insert_with(|| {
            kept.push(copy.postings[row.link.posting as usize].clone());
            kept.len() as u64 - 1
        });
        row.link.posting = number;
    }
    copy.postings = kept;
}

/// Her account as the operator would like it to be: made anew of these rows, in a directory that agrees with it, under a commit that ends
/// the log as it stands. All of it is signed. What the log committed to before stays as it was.
pub fn rebuilt(book: &Book, number: u64, rows: Vec<Row>, since: Option<u64>, time: Time) -> Copy {
    let mut copy = book.copy(number, 0, None);
    copy.rows = rows;
    let (mut account, mut targets): (Option<Account>, BTreeMap<u64, Target>) = (None, BTreeMap::new());
    for row in &mut copy.rows {
        let statement = row.statement.as_ref().unwrap();
        let body = statement.body().unwrap();
        let placed = Placed {
            log_index: row.record.log_index,
            posting: row.record.posting,
            posting_index: row.record.posting_index,
            statement_root: statement.root(&book.origin),
            time: row.record.time,
            record_seed: row.seed,
        };
        row.record = match (&mut account, &body) {
            (Some(account), body) => {
                let target = statement.refers.and_then(|r| targets.get_mut(&r));
                let (record, _) = account.append(statement, body, target, &placed);
                if let Some(target) = body.opens(record.at()) {
                    targets.insert(record.sequence, target);
                }
                record
            }
            (None, Body::Opened(opened)) => {
                let (opened, record, _) = Account::open(number, opened, &placed);
                account = Some(opened);
                record
            }
            (None, _) => panic!("the first row opens the account"),
        };
    }
    copy.size = copy.rows.len() as u64;
    let mut leaves: Vec<Hash> = book.accounts.iter().map(|a| a.directory_leaf().leaf()).collect();
    leaves[number as usize] = account.unwrap().directory_leaf().leaf();
    let path = |n: u64| tree::sure(tree::inclusion(leaves.as_slice(), n, leaves.len() as u64));
    copy.directory_path = path(number);
    for view in &mut copy.issuers {
        view.directory_path = path(view.address.number);
    }
    let commit = Commit { directory_size: leaves.len() as u64, directory_root: tree::root(&leaves), time };
    let mut log = book.log.clone();
    log.push(LogLeaf::Commit(commit).leaf());
    let size = log.len() as u64;
    copy.checkpoint = sign(&book.origin, &log);
    copy.head = Head { commit, path: tree::sure(tree::inclusion(log.as_slice(), size - 1, size)) };
    copy.consistency = since.map_or(vec![], |old| tree::sure(tree::consistency(log.as_slice(), old, size)));
    copy
}

/// A worker with a wallet, synced, at a ledger that will lie.
pub struct Stage {
    pub dir: tempfile::TempDir,
    pub url: String,
    liar: Arc<Mutex<Liar>>,
    pub registrar: Signer,
    pub platform: Signer,
    pub fund: Signer,
    pub other: Signer,
    pub load: Load,
    /// The worker's address.
    pub worker: Address,
    /// The ledger before anything was paid to her.
    pub early: Book,
}

impl Stage {
    /// A worker with her opening and two contributions.
    pub fn new() -> Self {
        let origin: Origin = ORIGIN.parse().unwrap();
        let mut liar =
            Liar { book: Book::new(ORIGIN, OPERATOR), shown: None, copy: None, receipt: None, clock: -20 };
        let mut people: Vec<Signer> = (0..4).map(|_| Signer::new(&origin)).collect();
        for (number, person) in (0..).zip(&mut people) {
            let statement = person.opening(None);
            let id = statement.root(&origin);
            liar.commit(&[person.post(vec![statement])]);
            person.address = Some(Address { number, id });
        }
        let [registrar, platform, fund, other] = people.try_into().unwrap_or_else(|_| panic!("four"));
        let grants = [(&platform, Role::Platform), (&other, Role::Platform), (&fund, Role::Fund)];
        let grants = grants.map(|(who, role)| registrar.grant(who.address.unwrap(), role));
        liar.commit(&[registrar.post(grants.to_vec())]);
        liar.clock = -10;

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let liar = Arc::new(Mutex::new(liar));
        let there = liar.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                serve(stream, &there);
            }
        });
        let dir = tempfile::tempdir().unwrap();
        let key = VerifierKey {
            name: origin.clone(),
            kind: KeyType::Ed25519,
            key: PrivateKey::new(&OPERATOR).public(),
        };
        let trust = format!(
            "peal trust 1\n\nledger {ORIGIN}\noperator {key} - -\nneed 0 witnesses 0 auditors\nfresh 604800\n"
        );
        std::fs::write(dir.path().join("trust"), trust).unwrap();
        let early = liar.lock().unwrap().book.clone();
        let load = Load::new(fund.address.unwrap()).unwrap();
        let mut stage = Self {
            worker: platform.address.unwrap(),
            dir,
            url,
            liar,
            registrar,
            platform,
            fund,
            other,
            load,
            early,
        };
        let trust = stage.path("trust");
        let open = ["open", "--ledger", &stage.url, "--trust", trust.to_str().unwrap(), "--json"];
        let opened: serde_json::Value = serde_json::from_str(&peal_ok(&stage.path("wallet"), &open)).unwrap();
        stage.worker = opened["address"].as_str().unwrap().parse().unwrap();
        let early = stage.liar().book.clone();
        stage.early = early;
        for number in [1, 2] {
            let paid = stage.contribution(&stage.platform, number);
            stage.liar().commit(&[stage.platform.post(vec![paid])]);
        }
        stage.liar().clock = 0;
        peal_ok(&stage.path("wallet"), &["sync"]);
        stage
    }

    pub fn liar(&self) -> MutexGuard<'_, Liar> {
        self.liar.lock().unwrap()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A contribution to the worker's pension.
    pub fn contribution(&self, by: &Signer, number: u64) -> Statement {
        by.contribute(self.worker, peal_spec::statement::Source::Platform, &self.load, number)
    }

    /// Records another contribution to her.
    pub fn pay(&self, number: u64) {
        let paid = self.contribution(&self.platform, number);
        self.liar().commit(&[self.platform.post(vec![paid])]);
    }

    /// The next sync fails with this code and says this; the wallet stays as it was, and what it holds is still proved.
    pub fn caught(&self, code: i32, says: &str) {
        let wallet = self.path("wallet");
        let before = std::fs::read(&wallet).unwrap();
        self.fails(&wallet, &["sync"], code, says);
        assert_eq!(std::fs::read(&wallet).unwrap(), before, "the wallet is as before");
        let proof = self.path("held.peal");
        peal_ok(&wallet, &["prove", "--out", proof.to_str().unwrap()]);
        assert!(self.verify(&proof).0 == 0);
        std::fs::remove_file(proof).unwrap();
    }

    /// A command that fails with this code and says this.
    pub fn fails(&self, wallet: &Path, args: &[&str], code: i32, says: &str) {
        let out = peal(wallet, args);
        let text = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(code), "{args:?}: {text}");
        assert!(text.contains(says), "{args:?} does not say {says:?}: {text}");
    }

    /// What `peal verify` makes of a file: its exit code and its words.
    pub fn verify(&self, file: &Path) -> (i32, String) {
        let trust = self.path("trust");
        let out =
            peal(&self.path("none"), &["verify", file.to_str().unwrap(), "--trust", trust.to_str().unwrap()]);
        let text = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
        (out.status.code().unwrap(), text)
    }

    /// A new wallet of the same words, which has seen nothing yet; its exit code and words.
    pub fn restored(&self, name: &str) -> (i32, String) {
        let words: serde_json::Value =
            serde_json::from_str(&peal_ok(&self.path("wallet"), &["words", "--json"])).unwrap();
        std::fs::write(self.path("words"), words["words"].as_str().unwrap()).unwrap();
        let (words, trust) = (self.path("words"), self.path("trust"));
        let address = self.worker.to_string();
        let out = peal(
            &self.path(name),
            &[
                "restore",
                "--words",
                words.to_str().unwrap(),
                "--address",
                &address,
                "--ledger",
                &self.url,
                "--trust",
                trust.to_str().unwrap(),
            ],
        );
        let text = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
        (out.status.code().unwrap(), text)
    }
}

fn serve(stream: TcpStream, liar: &Mutex<Liar>) {
    let mut reader = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        if line.trim().is_empty() {
            break;
        }
        head.push(line.trim().to_ascii_lowercase().replace(' ', "\0"));
        if head.len() == 1 {
            head[0] = line.trim().to_owned();
        }
    }
    let length = head.iter().find_map(|l| l.strip_prefix("content-length:\0")?.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    let mut first = head[0].split(' ');
    let (method, target) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
    let (status, body) = liar.lock().unwrap().answer(method, target, &body);
    let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    let mut stream = reader.into_inner();
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
}
