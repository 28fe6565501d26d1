//! `peald` as a process: init, serve, stop, audit.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use peal_spec::cbor::Cbor as _;
use peal_spec::key::KeyChain;
use peal_spec::value::Origin;

use crate::stage::{POSTING, call, exchange, now, opening, sign};

fn peald(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_peald"));
    command.args(arguments).env("PEALD_DIR", dir).env_remove("PEALD_LISTEN");
    command
}

fn run(dir: &Path, arguments: &[&str]) -> Output {
    peald(dir, arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn init(dir: &Path) {
    let made = run(dir, &["init", "--origin", "daemon.example/1"]);
    assert!(made.status.success(), "{}", text(&made.stderr));
}

/// Starts it and waits for the line that says where.
fn serve(dir: &Path) -> (Child, SocketAddr) {
    let mut child = peald(dir, &["serve", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let at = listening(&mut child);
    (child, at)
}

/// Where it says that it listens.
fn listening(child: &mut Child) -> SocketAddr {
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim_end().strip_prefix("listening on http://").unwrap_or_else(|| panic!("{line:?}"));
    address.parse().unwrap()
}

fn terminate(child: &mut Child) -> i32 {
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    child.wait().unwrap().code().unwrap_or(-1)
}

#[test]
fn init_makes_a_ledger_once() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("data");
    let made = run(&dir, &["init", "--origin", "daemon.example/1"]);
    let told = text(&made.stdout);
    assert!(
        made.status.success() && told.contains("keep offline") && told.contains("next: peald serve"),
        "{told}"
    );
    for (file, mode) in [
        ("operator.key", 0o600),
        ("registrar.words", 0o600),
        ("registrar.address", 0o644),
        ("trust", 0o644),
        ("peald.toml", 0o644),
    ] {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(
            fs::metadata(dir.join(file)).unwrap().permissions().mode() & 0o777 & !0o022,
            mode & !0o022,
            "{file}"
        );
    }
    let config = fs::read_to_string(dir.join("peald.toml")).unwrap();
    assert!(config.contains("\n# authorities = [") && config.contains("reverse proxy"), "{config}");
    assert!(told.contains("reverse proxy"), "{told}");
    let words = fs::read_to_string(dir.join("registrar.words")).unwrap();
    assert_eq!(words.split_whitespace().count(), 24);
    assert!(!told.contains(words.trim()), "the words are not printed");
    let address: peal_spec::address::Address =
        fs::read_to_string(dir.join("registrar.address")).unwrap().trim().parse().unwrap();
    assert_eq!(address.number, 0);

    let before = fs::read(dir.join("operator.key")).unwrap();
    let again = run(&dir, &["init", "--origin", "daemon.example/1"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(text(&again.stderr).contains("not empty") && text(&again.stderr).contains("remedy"));
    assert_eq!(fs::read(dir.join("operator.key")).unwrap(), before);
    assert_eq!(run(&dir, &["init", "--origin", "a b"]).status.code(), Some(2));
}

#[test]
fn faults_name_file_and_remedy() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path();
    let fails = |what: &str| {
        let failed = run(dir, &["serve", "--listen", "127.0.0.1:0"]);
        let told = text(&failed.stderr);
        assert!(failed.status.code() == Some(2) && told.contains(what) && told.contains("remedy"), "{told}");
    };
    fails("peald.toml");
    init(&dir.join("x"));
    for file in ["peald.toml", "trust", "operator.key"] {
        fs::copy(dir.join("x").join(file), dir.join(file)).unwrap();
    }
    fails("db");
    fs::write(dir.join("operator.key"), "nonsense").unwrap();
    fails("64 hexadecimal digits");
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(dir.join("operator.key"), fs::Permissions::from_mode(0o644)).unwrap();
    fails("chmod 600");
    fs::write(dir.join("trust"), "peal trust 1\n").unwrap();
    fails("there is no `ledger daemon.example/1`");
    let config = fs::read_to_string(dir.join("peald.toml")).unwrap();
    fs::write(dir.join("peald.toml"), config + "colour = \"green\"\n").unwrap();
    fails("colour");
}

#[test]
fn a_broken_scheme_stops_the_start_and_one_that_replaces_another_is_logged() {
    let temp = tempfile::tempdir().unwrap();
    let (dir, log) = (temp.path().join("data"), temp.path().join("log"));
    init(&dir);
    let config = fs::read_to_string(dir.join("peald.toml")).unwrap();
    assert!(config.contains("\n# schemes = \"schemes\"\n"), "{config}");
    fs::write(dir.join("peald.toml"), config.replace("# schemes =", "schemes =")).unwrap();
    fs::create_dir(dir.join("schemes")).unwrap();
    let pack = peal_spec::scheme::text("in-gig").unwrap();
    let at = pack.lines().position(|line| line.starts_with("to = ")).unwrap() + 1;
    fs::write(dir.join("schemes/own.toml"), pack.replace("to = \"2027-03-31\"", "to = \"soon\"")).unwrap();
    let failed = run(&dir, &["serve", "--listen", "127.0.0.1:0"]);
    let told = text(&failed.stderr);
    assert!(failed.status.code() == Some(2) && told.contains("remedy"), "{told}");
    assert!(told.contains(&format!("schemes/own.toml: line {at}: ")), "{told}");

    fs::write(dir.join("schemes/own.toml"), pack.replace("2026.1", "2026.2")).unwrap();
    let mut child = peald(&dir, &["serve", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let at = listening(&mut child);
    let schemes = call(at, "GET", "/v1/schemes", &[], b"").unwrap().json();
    assert!(
        schemes.as_array().unwrap().iter().any(|s| s["id"] == "in-gig" && s["version"] == "2026.2"),
        "{schemes}"
    );
    assert_eq!(terminate(&mut child), 0);
    let log = fs::read_to_string(log).unwrap();
    assert!(
        log.lines().any(|line| line.contains("WARN") && line.contains("in-gig") && line.contains("own.toml")),
        "{log}"
    );
}

#[test]
fn nothing_acknowledged_is_lost_when_it_is_told_to_stop() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("data");
    init(&dir);
    let (mut child, at) = serve(&dir);
    let origin: Origin = "daemon.example/1".parse().unwrap();
    let acknowledged = Mutex::new(Vec::new());
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for client in 0..4u8 {
            let (origin, acknowledged, stop) = (&origin, &acknowledged, &stop);
            scope.spawn(move || {
                for n in 0..u8::MAX {
                    if stop.load(Ordering::SeqCst) {
                        break;
                    }
                    let mut seed = [client; 64];
                    seed[0] = n;
                    let posting = opening(origin, &KeyChain::new(seed)).to_bytes();
                    let sent = call(at, "POST", "/v1/accounts", &[("Content-Type", POSTING)], &posting);
                    match sent {
                        Ok(answer) if answer.status == 200 => {
                            let receipt = answer.json();
                            let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
                            let address = text(&receipt["results"][0]["accepted"]["address"]);
                            acknowledged.lock().unwrap().push((text(&receipt["digest"]), address, seed));
                        }
                        // Going down: turned away by name, or no longer listening.
                        Ok(answer) => assert_eq!(answer.status, 503, "{}", answer.text()),
                        Err(_) => {}
                    }
                }
            });
        }
        while acknowledged.lock().unwrap().len() < 20 {
            std::thread::yield_now();
        }
        assert_eq!(terminate(&mut child), 0);
        stop.store(true, Ordering::SeqCst);
    });

    let audited = run(&dir, &["audit", "--json"]);
    assert_eq!(audited.status.code(), Some(0), "{}", text(&audited.stderr));
    let report: serde_json::Value = serde_json::from_slice(&audited.stdout).unwrap();
    let acknowledged = acknowledged.into_inner().unwrap();
    assert_eq!(report["result"], "no-difference");
    assert!(report["records"].as_u64().unwrap() > acknowledged.len() as u64, "{report}");

    let (mut child, at) = serve(&dir);
    for (digest, address, seed) in &acknowledged {
        let (path, key) = (format!("/v1/postings/{digest}"), KeyChain::new(*seed).reading(0));
        let (input, signature) = sign(at, &path, address, now().seconds(), &key);
        let headers = [("Signature-Input", input.as_str()), ("Signature", &signature)];
        let answer = call(at, "GET", &path, &headers, b"").unwrap();
        assert_eq!(answer.status, 200, "{digest} was acknowledged and is lost");
    }
    assert_eq!(terminate(&mut child), 0);
    assert_eq!(run(&dir, &["audit"]).status.code(), Some(0));
}

#[test]
fn it_says_its_port_in_a_file() {
    let temp = tempfile::tempdir().unwrap();
    let (dir, port) = (temp.path().join("data"), temp.path().join("port"));
    init(&dir);
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--port-file", port.to_str().unwrap()];
    let mut child = peald(&dir, &arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let until = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while !port.exists() {
        assert!(std::time::Instant::now() < until);
        std::thread::yield_now();
    }
    let number: u16 = fs::read_to_string(&port).unwrap().trim().parse().unwrap();
    let at = SocketAddr::from(([127, 0, 0, 1], number));
    assert_eq!(call(at, "GET", "/readyz", &[], b"").unwrap().status, 200);
    assert_eq!(terminate(&mut child), 0);
}

#[test]
fn an_audit_tells_a_difference_from_what_cannot_be_audited() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("data");
    assert_eq!(run(&dir, &["audit"]).status.code(), Some(2));
    init(&dir);
    let audited = run(&dir, &["audit"]);
    assert_eq!(audited.status.code(), Some(0), "{}", text(&audited.stderr));
    assert!(
        text(&audited.stdout).starts_with("no difference: daemon.example/1 at size 2"),
        "{}",
        text(&audited.stdout)
    );
    let own = fs::read_to_string(dir.join("trust")).unwrap();
    // The trust list names another operator's key: that is a difference, or no ledger of his.
    let other = peal_spec::note::VerifierKey {
        name: "daemon.example/1".parse().unwrap(),
        kind: peal_spec::note::KeyType::Ed25519,
        key: peal_spec::key::PrivateKey::new(&[3; 32]).public(),
    };
    fs::write(dir.join("trust"), format!("peal trust 1\nledger daemon.example/1\noperator {other} - -\n"))
        .unwrap();
    let trusted = fs::read_to_string(dir.join("trust")).unwrap();
    let only = format!("peal trust 1\nledger daemon.example/1\noperator {other} - -\n");
    let told = run(&dir, &["audit"]);
    assert!(
        told.status.code() == Some(2) && text(&told.stderr).contains("operator.key"),
        "{}",
        text(&told.stderr)
    );
    // Where there is no operator's key, as in a copy, the ledger is not this operator's.
    let (key, away) = (dir.join("operator.key"), temp.path().join("away"));
    fs::rename(&key, &away).unwrap();
    assert_eq!(run(&dir, &["audit"]).status.code(), Some(2));
    // Both are trusted, in either order: the ledger's is found, with its key at hand or without.
    let own = own.lines().find(|l| l.starts_with("operator")).unwrap();
    for list in [format!("{trusted}{own}\n"), trusted.replace("operator", &format!("{own}\noperator"))] {
        fs::write(dir.join("trust"), list).unwrap();
        assert_eq!(run(&dir, &["audit"]).status.code(), Some(0));
        fs::rename(&away, &key).unwrap();
        assert_eq!(run(&dir, &["audit"]).status.code(), Some(0));
        fs::rename(&key, &away).unwrap();
    }
    assert_eq!(only, trusted);
}

#[test]
fn the_log_says_what_kind_of_host_was_refused_and_not_which() {
    let temp = tempfile::tempdir().unwrap();
    let (dir, log) = (temp.path().join("data"), temp.path().join("log"));
    init(&dir);
    let mut child = peald(&dir, &["serve", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let at = listening(&mut child);
    let address = fs::read_to_string(dir.join("registrar.address")).unwrap().trim().to_owned();
    let target = format!("/v1/accounts/{address}/head");
    let key = KeyChain::new([5; 64]).reading(0);
    let headers = sign("evil.example", &target, &address, now().seconds(), &key);
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\nSignature-Input: {}\r\nSignature: {}\r\n\r\n",
        headers.0, headers.1
    );
    exchange(at, request.as_bytes()).unwrap().demand(401, "unsigned-read");
    assert_eq!(terminate(&mut child), 0);
    let log = fs::read_to_string(log).unwrap();
    let line = log.lines().find(|l| l.contains("meant for another host")).unwrap_or_else(|| panic!("{log}"));
    assert!(line.contains("WARN") && line.contains("another name") && line.contains("listen"), "{line}");
    assert!(!log.contains("evil") && !log.contains(&address), "{log}");
}

#[test]
fn completions_and_help() {
    let temp = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let script = run(temp.path(), &["completions", shell]);
        assert!(script.status.success() && text(&script.stdout).contains("peald"));
    }
    for command in [&["--help"][..], &["init", "--help"], &["serve", "--help"], &["audit", "--help"]] {
        let help = run(temp.path(), command);
        assert!(text(&help.stdout).contains("Example"), "{command:?}");
    }
}
