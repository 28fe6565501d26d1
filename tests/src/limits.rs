//! A daemon with limits of the test's own, and how much memory it takes.

use std::path::Path;

use crate::Daemon;

impl Daemon {
    /// The daemon of a ledger that is there already.
    pub fn found(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), child: None, url: String::new() }
    }

    /// Sets keys of `[limits]` in `peald.toml`, for the next start.
    pub fn limit(&self, limits: &[(&str, u64)]) {
        for (key, value) in limits {
            self.set(key, &value.to_string());
        }
    }

    /// Sets one key that stands in `peald.toml`, for the next start.
    pub fn set(&self, key: &str, value: &str) {
        let path = self.dir().join("peald.toml");
        let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("peald.toml: {e}"));
        let is_key = |line: &str| line.split('=').next().is_some_and(|k| k.trim() == key);
        assert_eq!(text.lines().filter(|l| is_key(l)).count(), 1, "{key} stands once in peald.toml");
        let lines: Vec<String> =
            text.lines().map(|l| if is_key(l) { format!("{key} = {value}") } else { l.to_owned() }).collect();
        std::fs::write(&path, lines.join("\n") + "\n").unwrap_or_else(|e| panic!("peald.toml: {e}"));
    }

    /// Bytes of memory that the running daemon has in use, as the system counts them.
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap_or_default();
        let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"));
        let kib = line.and_then(|l| l.trim().split(' ').next()?.parse::<u64>().ok());
        kib.unwrap_or_else(|| panic!("/proc/{}/status has no VmRSS", self.pid())) << 10
    }
}
