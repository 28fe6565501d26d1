//! `peald.toml`.

use std::path::Path;

use peal_api::config::{Config, Example, normal};
use peal_fuzz::cast::origin;
use peal_fuzz::seeds::Seeds;

/// Reads a configuration; what is taken is within its bounds.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Config::parse(text, Path::new("peald.toml")) {
        Ok(config) => {
            let l = &config.limits;
            assert!(l.body_bytes >= 1024 && l.memory_bytes >= l.body_bytes);
            assert!(l.connections > 0 && l.requests > 0 && l.page_records > 0 && l.commit_statements > 0);
            // What the server makes of them must not overflow.
            let _ = (l.header(), l.stall(), l.pace(), l.request(), l.ledger());
            for authority in &config.authorities {
                assert_eq!(&normal(authority), authority, "an authority is named as requests name it");
            }
        }
        Err(bad) => assert!(bad.to_string().contains("peald.toml"), "{bad}"),
    }
}

/// Good and bad ones.
pub fn seeds() -> Seeds {
    let example = Example { origin: &origin(), listen: ([127, 0, 0, 1], 7878).into() }.to_string();
    let all = "origin = \"ledger.example\"\nlisten = \"[::1]:7878\"\nauthorities = [\"ledger.example\", \"LEDGER.example:443\"]\n\n[limits]\nbody_bytes = 1048576\nmemory_bytes = 67108864\nconnections = 100\nrequests = 10\nheader_seconds = 10\nstall_seconds = 10\npace_bytes = 1000\npace_seconds = 10\nrequest_seconds = 30\npage_records = 100\nqueued_statements = 1000\nqueued_bytes = 100000\ncommit_statements = 100\n\n[log]\nformat = \"json\"\n";
    [example.as_str(), all, "origin = \"a b\"", "origin = \"a\"\nlimit = 1", "[limits]\nbody_bytes = -1"]
        .map(|s| s.as_bytes().to_vec())
        .to_vec()
}
