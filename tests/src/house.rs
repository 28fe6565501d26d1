//! A ledger with its registrar, and the wallets of those who use it side by side in one folder: for stories told through the binaries.

use std::path::PathBuf;
use std::process::Output;

use serde_json::Value;

use crate::{Daemon, peal};

/// A ledger that runs, and the folder with its wallets.
pub struct House {
    dir: tempfile::TempDir,
    daemon: Daemon,
}

impl House {
    /// A ledger with this origin; the wallet `registrar` is there.
    pub fn new(origin: &str) -> Self {
        let dir = tempfile::tempdir().unwrap_or_else(|e| panic!("a folder: {e}"));
        let mut daemon = Daemon::init(&dir.path().join("ledger"), origin);
        daemon.start();
        let house = Self { dir, daemon };
        let address = house.read("ledger/registrar.address");
        let words = house.text("ledger/registrar.words");
        house.well("registrar", &["restore", "--words", &words, "--address", address.trim()], true);
        house
    }

    /// A file.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The path of a file, as it is given to a command.
    pub fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// What is in a file.
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// Writes a file; returns its path, as it is given to a command.
    pub fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.path(name), text).unwrap_or_else(|e| panic!("{name}: {e}"));
        self.text(name)
    }

    /// Runs `peal`; where it is to find the ledger is said if `at`.
    pub fn run(&self, wallet: &str, args: &[&str], at: bool) -> Output {
        let trust = self.text("ledger/trust");
        let place = ["--ledger", self.daemon.url(), "--trust", &trust];
        let more = if at { &place[..] } else { &[] };
        peal(&self.path(wallet), &[args, more, &["--json"]].concat())
    }

    /// The same, and it goes well.
    pub fn well(&self, wallet: &str, args: &[&str], at: bool) -> Value {
        let out = self.run(wallet, args, at);
        let text = String::from_utf8_lossy(&out.stdout);
        assert!(out.status.success(), "{args:?}: {text}{}", String::from_utf8_lossy(&out.stderr));
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{args:?}: {e}: {text}"))
    }

    /// What is refused, or cannot be done, says why.
    pub fn refused(&self, wallet: &str, args: &[&str], code: i32, says: &str) {
        let out = self.run(wallet, args, false);
        let text = String::from_utf8_lossy(&out.stdout);
        assert_eq!(out.status.code(), Some(code), "{args:?}: {text}{}", String::from_utf8_lossy(&out.stderr));
        assert!(text.contains(says), "{args:?}: {text}");
    }

    /// Opens an account, whose words are kept in a file; returns its address.
    pub fn open(&self, name: &str, more: &[&str]) -> String {
        let opened = self.well(name, &[&["open"], more].concat(), true);
        self.write(&format!("{name}.words"), opened["words"].as_str().unwrap_or_default());
        opened["address"].as_str().unwrap_or_default().to_owned()
    }

    /// The registrar gives an account a role.
    pub fn grant(&self, address: &str, role: &str) {
        self.well("registrar", &["grant", address, "--role", role], false);
    }

    /// Where the ledger answers.
    pub fn url(&self) -> &str {
        self.daemon.url()
    }

    /// Kills the ledger.
    pub fn kill(&mut self) {
        self.daemon.kill();
    }

    /// Kills the ledger, and starts it again where it was.
    pub fn restart(&mut self) {
        let at = self.daemon.url().trim_start_matches("http://").to_owned();
        self.daemon.kill();
        self.daemon.start_with(&["--listen", &at]);
    }

    /// Stops the ledger; an auditor replays it all and finds nothing.
    pub fn audited(mut self) {
        assert!(self.daemon.stop());
        let audit = self.daemon.audit();
        assert!(audit.status.success(), "{}", String::from_utf8_lossy(&audit.stderr));
    }
}
