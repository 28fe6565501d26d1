//! What the tests across processes share: a daemon that is started, found, killed and started again, and the tool run beside it; a [`house`] of
//! wallets around it. And the model that the ledger is compared with ([`model`]).

#![forbid(unsafe_code)]
// A harness: what goes wrong here ends the test, with words.
#![allow(clippy::panic)]

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

pub mod cast;
pub mod client;
pub mod house;
pub mod model;
pub mod limits;
pub mod raw;
pub mod witness;

/// How long a daemon may take to say where it listens.
const START: Duration = Duration::from_secs(60);

/// The folder of the binaries under test: that of this test's own build.
pub fn bin(name: &str) -> PathBuf {
    let mut folder = std::env::current_exe().unwrap_or_default();
    folder.pop();
    if folder.ends_with("deps") {
        folder.pop();
    }
    let path = folder.join(name);
    assert!(
        path.exists(),
        "{} is missing: run `cargo build --workspace --bins` first, as `make test` does",
        path.display()
    );
    path
}

/// A ledger's folder and, while it runs, its daemon.
pub struct Daemon {
    dir: PathBuf,
    child: Option<Child>,
    url: String,
}

impl Daemon {
    /// Makes a ledger in `dir`.
    pub fn init(dir: &Path, origin: &str) -> Self {
        let made = Command::new(bin("peald"))
            .args(["init", "--origin", origin, "--listen", "127.0.0.1:0", "--dir"])
            .arg(dir)
            .output()
            .unwrap_or_else(|e| panic!("peald init: {e}"));
        assert!(made.status.success(), "peald init: {}", String::from_utf8_lossy(&made.stderr));
        Self { dir: dir.to_owned(), child: None, url: String::new() }
    }

    /// A ledger that is in `dir` already.
    pub fn at(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), child: None, url: String::new() }
    }

    /// Starts the daemon and waits until it listens.
    pub fn start(&mut self) {
        self.start_with(&[]);
    }

    /// The same, with more arguments.
    pub fn start_with(&mut self, more: &[&str]) {
        let port_file = self.dir.join("port");
        let _ = std::fs::remove_file(&port_file);
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.dir.join("log"));
        let log = log.unwrap_or_else(|e| panic!("log: {e}"));
        let mut child = Command::new(bin("peald"))
            .arg("serve")
            .arg("--dir")
            .arg(&self.dir)
            .arg("--port-file")
            .arg(&port_file)
            .args(more)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|e| panic!("peald serve: {e}"));
        let began = Instant::now();
        // The port file appears once the socket is bound; there is nothing else to wait on from outside.
        let port = loop {
            if let Ok(text) = std::fs::read_to_string(&port_file)
                && let Ok(port) = text.trim().parse::<u16>()
            {
                break port;
            }
            if let Ok(Some(status)) = child.try_wait() {
                panic!("peald serve ended with {status}: {}", self.log());
            }
            assert!(began.elapsed() < START, "peald does not listen: {}", self.log());
            std::thread::yield_now();
        };
        self.url = format!("http://127.0.0.1:{port}");
        self.child = Some(child);
    }

    /// What the daemon has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.join("log")).unwrap_or_default()
    }

    /// Its folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    /// Kills it with SIGKILL.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Asks it to stop with SIGTERM and returns whether it ended with 0.
    pub fn stop(&mut self) -> bool {
        let Some(mut child) = self.child.take() else { return false };
        let _ = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
        child.wait().is_ok_and(|s| s.success())
    }

    /// Runs `peald audit` on it and returns its output.
    pub fn audit(&self) -> Output {
        let mut command = Command::new(bin("peald"));
        command.arg("audit").arg("--dir").arg(&self.dir).arg("--json");
        command.output().unwrap_or_else(|e| panic!("peald audit: {e}"))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Runs `peald` and returns its output.
pub fn peald<S: AsRef<OsStr>>(args: &[S]) -> Output {
    Command::new(bin("peald")).args(args).output().unwrap_or_else(|e| panic!("peald: {e}"))
}

/// Asks again and again until there is an answer; for what another process will do soon.
pub fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = ask() {
            return found;
        }
        assert!(began.elapsed() < START, "{what}: not in {} s", START.as_secs());
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// `peal` with a wallet, to be run.
pub fn peal_command<S: AsRef<OsStr>>(wallet: &Path, args: &[S]) -> Command {
    let mut command = Command::new(bin("peal"));
    command.env("PEAL_WALLET", wallet).env("PEAL_PASSPHRASE", "correct horse battery staple");
    command.args(args).stdin(Stdio::null());
    command
}

/// Runs `peal` with a wallet and returns its output.
pub fn peal<S: AsRef<OsStr>>(wallet: &Path, args: &[S]) -> Output {
    peal_command(wallet, args).output().unwrap_or_else(|e| panic!("peal: {e}"))
}

/// Runs `peal` and demands that it succeeds; returns what it printed.
pub fn peal_ok<S: AsRef<OsStr>>(wallet: &Path, args: &[S]) -> String {
    let out = peal(wallet, args);
    let words: Vec<_> = args.iter().map(|a| a.as_ref().to_string_lossy().into_owned()).collect();
    assert!(
        out.status.success(),
        "peal {}: {}\n{}{}",
        words.join(" "),
        out.status,
        String::from_utf8_lossy(&out.stdout),
        String::from_utf8_lossy(&out.stderr)
    );
    String::from_utf8_lossy(&out.stdout).into_owned()
}
