//! A witness as a process: made, started, killed, started again at the same address, and asked as a log asks it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use peal_spec::note::VerifierKey;

use crate::{Daemon, bin, until};

/// A witness's folder and, while it runs, its process.
pub struct Witness {
    dir: PathBuf,
    trust: PathBuf,
    child: Option<Child>,
    port: u16,
    agent: ureq::Agent,
    /// Its key.
    pub key: VerifierKey,
}

impl Witness {
    /// Makes a witness that watches the logs of a list.
    pub fn init(dir: &Path, name: &str, trust: &Path) -> Self {
        let out = Command::new(bin("peal"))
            .args(["witness", "init", name, "--dir"])
            .arg(dir)
            .output()
            .unwrap_or_else(|e| panic!("peal witness init: {e}"));
        let line = String::from_utf8_lossy(&out.stdout).into_owned();
        let key = line.trim_end().strip_prefix("witness ").and_then(|key| key.parse().ok());
        let Some(key) = key else { panic!("{line}{}", String::from_utf8_lossy(&out.stderr)) };
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(60)))
            .http_status_as_error(false)
            .build();
        let agent = config.into();
        Self { dir: dir.to_owned(), trust: trust.to_owned(), child: None, port: 0, agent, key }
    }

    /// Starts it, at the address that it had before.
    pub fn start(&mut self) {
        let port_file = self.dir.join("port");
        let _ = std::fs::remove_file(&port_file);
        let mut child = Command::new(bin("peal"))
            .args(["witness", "serve", "--listen", &format!("127.0.0.1:{}", self.port), "--dir"])
            .arg(&self.dir)
            .arg("--trust")
            .arg(&self.trust)
            .arg("--port-file")
            .arg(&port_file)
            .stdout(Stdio::null())
            .spawn()
            .unwrap_or_else(|e| panic!("peal witness serve: {e}"));
        self.port = until("a witness listens", || {
            if let Ok(Some(status)) = child.try_wait() {
                panic!("peal witness serve ended with {status}");
            }
            std::fs::read_to_string(&port_file).ok()?.trim().parse().ok()
        });
        self.child = Some(child);
    }

    /// Kills it with SIGKILL.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    /// Its folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where it answers.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Sends a request: status, media type, text; none if it is not there.
    pub fn call(&self, method: &str, path: &str, body: &[u8]) -> Option<(u16, String, String)> {
        let request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.url()));
        let mut response = match method {
            "POST" => self.agent.run(request.body(body).ok()?).ok()?,
            _ => self.agent.run(request.body(()).ok()?).ok()?,
        };
        let media_type = response.headers().get("content-type").and_then(|v| v.to_str().ok());
        let media_type = media_type.unwrap_or_default().to_owned();
        let text = response.body_mut().read_to_string().ok()?;
        Some((response.status().as_u16(), media_type, text))
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Daemon {
    /// Changes its configuration.
    pub fn configure(&self, change: impl FnOnce(String) -> String) {
        let path = self.dir().join("peald.toml");
        let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{e}"));
        std::fs::write(&path, change(text)).unwrap_or_else(|e| panic!("{e}"));
    }

    /// Names witnesses in its configuration, of which so many must cosign.
    pub fn witnessed(&self, need: usize, witnesses: &[&Witness]) {
        self.configure(|text| {
            let table = |w: &&Witness| {
                format!("\n[[publish.witnesses]]\nurl = \"{}\"\nkey = \"{}\"\n", w.url(), w.key)
            };
            let tables: String = witnesses.iter().map(table).collect();
            text.replace("\nneed = 0 ", &format!("\nneed = {need} ")) + &tables
        });
    }
}
