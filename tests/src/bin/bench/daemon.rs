//! A ledger's folder as `peald init` makes it: its founding, the library over it, `peald` over it, and what both leave on disk.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use peal_ledger::{Ledger, Settings};
use peal_spec::address::Address;
use peal_spec::cbor::Cbor;
use peal_spec::hash::{self, Hash};
use peal_spec::key::PrivateKey;
use peal_spec::note::{Checkpoint, Note, VerifierKey};
use peal_spec::posting::Posting;
use peal_spec::receipt::Receipt;
use peal_spec::role::Role;
use peal_spec::trust::Trust;
use peal_spec::value::Origin;
use peal_tests::cast::{Signer, random};
use peal_tests::{Daemon, bin};

use crate::figure::{Must, say, whole};
use crate::people::People;
use crate::wire::Connection;

/// How long `peald` may take to open a ledger.
const PATIENCE: Duration = Duration::from_secs(600);

/// The folder of one ledger.
#[derive(Clone, Debug)]
pub struct House {
    pub dir: PathBuf,
    pub origin: Origin,
}

impl House {
    /// A new ledger.
    pub fn build(dir: &Path, origin: &Origin) -> Self {
        drop(Daemon::init(dir, origin.as_str()));
        Self { dir: dir.to_owned(), origin: origin.clone() }
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.dir.join(name)).must(name).trim_end().to_owned()
    }

    /// By what its proofs are checked.
    pub fn trust(&self) -> Trust {
        (self.read("trust") + "\n").parse().must("the trust list")
    }

    /// The key that its checkpoints verify under.
    pub fn key(&self) -> VerifierKey {
        self.trust().ledgers[0].operators[0].key.clone()
    }

    /// The library over it. `peald` must not be running.
    pub fn open(&self) -> Ledger {
        let secret: Hash = self.read("operator.key").parse().must("the operator's key");
        let key = PrivateKey::new(&secret.0);
        Ledger::open(&self.dir.join("db"), key, &self.origin, Settings::default()).must("the ledger")
    }

    /// Closes the library, whose files are free again afterwards.
    pub fn close(ledger: Ledger) {
        ledger.close();
        assert!(ledger.fault().is_none(), "the ledger had a fault");
    }

    /// Opens the offices and `accounts` workers' accounts, which the platform opens 1,000 in a posting.
    pub fn found(&self, ledger: &Ledger, accounts: usize) -> People {
        let words = self.read("registrar.words");
        let phrase = bip39::Mnemonic::parse_normalized(&words).must("the registrar's words");
        let address: Address = self.read("registrar.address").parse().must("the registrar's address");
        let registrar = Signer::from_seed(&self.origin, phrase.to_seed(""), address);
        let master = hash::plain(&[random().0, random().0].concat());
        let send = |posting: Posting| -> Receipt {
            let bytes = posting.to_bytes();
            let checked = Posting::receive(&bytes, &self.origin).must("a posting");
            ledger.submit(checked, bytes.len()).and_then(peal_ledger::Pending::wait).must("a receipt")
        };
        let open = |name: &str| {
            let mut signer = People::office(&master, &self.origin, name);
            let opening = signer.opening(None);
            let id = opening.root(&self.origin);
            let number = send(signer.post(vec![opening])).results[0].as_ref().must("an account").account;
            signer.address = Some(Address { number, id });
            signer
        };
        let (platform, fund) = (open("platform"), open("fund"));
        let address = |s: &Signer| s.address.must("an address");
        let (platform, fund) = (address(&platform), address(&fund));
        let grants = vec![registrar.grant(platform, Role::Platform), registrar.grant(fund, Role::Fund)];
        assert!(send(registrar.post(grants)).results.iter().all(Result::is_ok), "the roles are granted");

        let mut people = People {
            origin: self.origin.clone(),
            master,
            platform,
            fund,
            first: fund.number + 1,
            ids: Vec::new(),
        };
        say(&format!("{} accounts are opened", whole(accounts as u64)));
        // Numbers are given in the order of commits, so postings go in one after another; those before wait for their receipts meanwhile.
        const EACH: usize = 1000;
        const ROUND: usize = 64;
        let signer = people.platform();
        let mut opened = 0;
        while opened < accounts {
            let now = (accounts - opened).div_ceil(EACH).min(ROUND);
            let postings = crate::people::in_parallel(now, |_, i| {
                let from = opened + i * EACH;
                let statements: Vec<_> = (from..(from + EACH).min(accounts))
                    .map(|w| people.worker(w).opening(Some(people.platform)))
                    .collect();
                let ids: Vec<Hash> = statements.iter().map(|s| s.root(&self.origin)).collect();
                (ids, signer.post(statements).to_bytes())
            });
            let pending: Vec<_> = postings
                .iter()
                .map(|(_, bytes)| {
                    let checked = Posting::receive(bytes, &self.origin).must("openings");
                    ledger.submit(checked, bytes.len()).must("openings")
                })
                .collect();
            for ((ids, _), pending) in postings.into_iter().zip(pending) {
                let receipt = pending.wait().must("a receipt of openings");
                assert_eq!(receipt.results.len(), ids.len());
                for (id, result) in ids.into_iter().zip(receipt.results) {
                    let number = result.must("an opening").account;
                    assert_eq!(
                        number,
                        people.first + people.ids.len() as u64,
                        "accounts have numbers in order"
                    );
                    people.ids.push(id);
                }
            }
            opened = people.ids.len();
        }
        assert_eq!(ledger.stats().accounts, people.first + accounts as u64);
        people
    }

    /// Bytes in all files of the database.
    pub fn bytes(&self) -> u64 {
        files(&self.dir.join("db")).into_iter().map(|(_, bytes)| bytes).sum()
    }

    /// Waits until nothing has changed on disk for some seconds, with the ledger open: compaction is level. Returns the bytes and whether
    /// it came to rest in time.
    pub fn settle(&self, rest: Duration, patience: Duration) -> (u64, bool) {
        let began = Instant::now();
        let (mut last, mut since) = (files(&self.dir.join("db")), Instant::now());
        while since.elapsed() < rest && began.elapsed() < patience {
            std::thread::sleep(Duration::from_millis(250));
            let now = files(&self.dir.join("db"));
            if now != last {
                (last, since) = (now, Instant::now());
            }
        }
        (last.iter().map(|(_, bytes)| bytes).sum(), since.elapsed() >= rest)
    }
}

/// All files below a folder with their sizes, in order.
pub fn files(folder: &Path) -> Vec<(PathBuf, u64)> {
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return found };
    for entry in entries.flatten() {
        match entry.metadata() {
            Ok(m) if m.is_dir() => found.extend(files(&entry.path())),
            Ok(m) => found.push((entry.path(), m.len())),
            // It was there a moment ago.
            Err(_) => {}
        }
    }
    found.sort();
    found
}

/// `peald` over a house.
pub struct Running {
    child: Child,
    /// `host:port`.
    pub authority: String,
    /// From the start to the first answer of `/healthz`, and of `/readyz`.
    pub healthy: Duration,
    pub ready: Duration,
}

impl Running {
    /// Starts it and waits until it is ready.
    pub fn start(house: &House) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).must("a free port");
        let authority = free.to_string();
        let log = std::fs::OpenOptions::new().create(true).append(true).open(house.dir.join("log"));
        let began = Instant::now();
        let child = Command::new(bin("peald"))
            .args(["serve", "--listen", &authority, "--dir"])
            .arg(&house.dir)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log.must("peald's log"))
            .spawn()
            .must("peald");
        let mut running = Self { child, authority, healthy: Duration::ZERO, ready: Duration::ZERO };
        running.healthy = running.until("/healthz", began);
        running.ready = running.until("/readyz", began);
        running
    }

    fn until(&mut self, path: &str, began: Instant) -> Duration {
        loop {
            if let Ok(mut connection) = Connection::open(&self.authority)
                && connection.get(path, &[]).is_ok_and(|(status, _)| status == 200)
            {
                return began.elapsed();
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                panic!("peald ended with {status}: see its log");
            }
            assert!(began.elapsed() < PATIENCE, "peald does not answer {path}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    pub fn get(&self, path: &str) -> Vec<u8> {
        let (status, body) =
            Connection::open(&self.authority).and_then(|mut c| c.get(path, &[])).must("an answer of peald");
        assert_eq!(status, 200, "{path}");
        body
    }

    /// Size of the log under the checkpoint, whose signature is checked.
    pub fn log_size(&self, key: &VerifierKey) -> u64 {
        let note: Note = String::from_utf8_lossy(&self.get("/v1/checkpoint")).parse().must("the checkpoint");
        assert!(matches!(note.signed_by(key), Ok(Some(_))), "the checkpoint is signed by the operator");
        note.text.parse::<Checkpoint>().must("the checkpoint").size
    }

    /// A gauge of `/metrics`.
    pub fn gauge(&self, name: &str) -> u64 {
        let text = String::from_utf8_lossy(&self.get("/metrics")).into_owned();
        let line = text.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(' '));
        line.and_then(|v| v.parse().ok()).must(name)
    }

    /// Resident memory now and at most, in bytes, as the system says.
    pub fn memory(&self) -> (u64, u64) {
        memory(self.child.id())
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().and_then(|()| self.child.wait()).must("peald is killed");
    }

    /// SIGTERM; it must end well.
    pub fn stop(mut self) {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(told.is_ok_and(|s| s.success()), "peald is told to stop");
        assert!(self.child.wait().is_ok_and(|s| s.success()), "peald ends with 0");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Resident memory of a process, now and at most, in bytes.
pub fn memory(pid: u32) -> (u64, u64) {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).must("the process's memory");
    let of = |name: &str| {
        let line = text.lines().find_map(|l| l.strip_prefix(name));
        line.and_then(|l| l.trim().trim_end_matches(" kB").parse::<u64>().ok()).must(name) * 1024
    };
    (of("VmRSS:"), of("VmHWM:"))
}
