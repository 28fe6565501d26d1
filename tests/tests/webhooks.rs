//! Servers that are told of new records: all that concerns them, in order, without a gap, whatever happens to them or to the ledger; and nothing
//! else.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use peal_spec::address::Address;
use peal_spec::rights::{Claim, ClaimKind};
use peal_spec::role::Role;
use peal_spec::statement::{self, Body, Referenced, Settlement, Source, Statement};
use peal_tests::cast::{Signer, now, random};
use peal_tests::client::{Client, Offices};
use peal_tests::{Daemon, until};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

const ORIGIN: &str = "hooks.example/1";
const KEY: &[u8] = b"thirty-two bytes of a shared key";

/// HMAC as RFC 2104 has it.
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let pad =
        |with: u8| -> Vec<u8> { (0..64).map(|i| key.get(i).copied().unwrap_or_default() ^ with).collect() };
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().to_vec()
}

/// A message whose signature held.
#[derive(Clone, Debug, PartialEq)]
struct Heard {
    id: String,
    data: Value,
}

/// A server that is told.
struct Receiver {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<Heard>>>,
    /// How many more are answered with this status.
    refuse: Arc<AtomicUsize>,
    status: &'static str,
    down: Arc<AtomicBool>,
    /// How many were refused.
    refused: Arc<AtomicUsize>,
}

impl Receiver {
    /// Refuses the first `refuse` messages with a status.
    fn new(refuse: usize, status: &'static str) -> Self {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let receiver = Self {
            address,
            heard: Arc::default(),
            refuse: Arc::new(AtomicUsize::new(refuse)),
            status,
            down: Arc::default(),
            refused: Arc::default(),
        };
        receiver.up();
        receiver
    }

    /// Listens again, where it did.
    fn up(&self) {
        self.down.store(false, Ordering::SeqCst);
        let listener = until("the address is free", || TcpListener::bind(self.address).ok());
        let (heard, refuse, refused) = (self.heard.clone(), self.refuse.clone(), self.refused.clone());
        let (down, status) = (self.down.clone(), self.status);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if down.load(Ordering::SeqCst) {
                    return;
                }
                let message = take(stream.as_ref().unwrap());
                let fewer = |n: usize| n.checked_sub(1);
                let answer = if refuse.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fewer).is_ok() {
                    refused.fetch_add(1, Ordering::SeqCst);
                    status
                } else {
                    heard.lock().unwrap().push(message);
                    "204 No Content"
                };
                let head = format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                // A daemon that was killed meanwhile does not hear it.
                let _ = stream.unwrap().write_all(head.as_bytes());
            }
        });
    }

    /// Goes away: connections are refused.
    fn down(&self) {
        self.down.store(true, Ordering::SeqCst);
        // Whoever waits for the next connection sees it.
        let _ = TcpStream::connect(self.address);
        until("it is gone", || TcpStream::connect(self.address).is_err().then_some(()));
    }

    fn hook(&self, account: Address) -> String {
        format!(
            "\n[[webhooks]]\naccount = \"{account}\"\nurl = \"http://{}/told?token=hidden-in-the-path\"\nsecret = \"whsec_{}\"\n\
             retry_seconds = 1\n",
            self.address,
            STANDARD.encode(KEY)
        )
    }

    /// What was heard, each message once. One that was heard twice had the same id and content, and no new one came between.
    fn once(&self) -> Vec<Heard> {
        let mut once: Vec<Heard> = Vec::new();
        for heard in self.heard.lock().unwrap().iter() {
            match once.iter().find(|h| h.id == heard.id) {
                Some(before) => assert_eq!(before, heard),
                None => once.push(heard.clone()),
            }
        }
        once
    }

    fn waits_for(&self, count: usize) -> Vec<Heard> {
        until("messages come", || Some(self.once()).filter(|h| h.len() >= count))
    }
}

/// Takes one message, and checks all that a receiver has to.
fn take(stream: &TcpStream) -> Heard {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    assert_eq!(lines[0], "POST /told?token=hidden-in-the-path HTTP/1.1");
    let headers: BTreeMap<String, String> = lines[1..]
        .iter()
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let mut body = vec![0; headers["content-length"].parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    assert_eq!(headers["content-type"], "application/json");
    let (id, timestamp) = (&headers["webhook-id"], &headers["webhook-timestamp"]);
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    assert!(timestamp.parse::<u64>().unwrap().abs_diff(since) < 60);
    let signed = [format!("{id}.{timestamp}.").as_bytes(), &body].concat();
    assert_eq!(headers["webhook-signature"], format!("v1,{}", STANDARD.encode(hmac(KEY, &signed))));
    let message: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(message["type"], "record");
    assert_eq!(message["timestamp"], message["data"]["time"]);
    Heard { id: id.clone(), data: message["data"].clone() }
}

/// Where the records are that were heard of.
fn places(heard: &[Heard]) -> Vec<(String, u64)> {
    let place =
        |data: &Value| (data["account"].as_str().unwrap().to_owned(), data["sequence"].as_u64().unwrap());
    heard.iter().map(|heard| place(&heard.data)).collect()
}

fn rising(heard: &[Heard]) -> bool {
    heard.iter().map(|h| h.data["log_index"].as_u64().unwrap()).is_sorted_by(|a, b| a < b)
}

fn metric(daemon: &Daemon, line: &str) -> Option<u64> {
    let (_, text) = Client::new(daemon.url()).get("/metrics");
    let text = String::from_utf8(text).unwrap();
    text.lines().find_map(|l| l.strip_prefix(line)?.trim().parse().ok())
}

#[test]
fn a_hook_hears_everything_in_order_whatever_happens() {
    let dir = tempfile::tempdir().unwrap();
    let mut daemon = Daemon::init(&dir.path().join("ledger"), ORIGIN);
    daemon.set("level", "\"debug\"");
    daemon.start();
    let offices = Offices::found(&daemon, ORIGIN);
    let mut worker = Signer::new(&offices.platform.origin);
    Client::new(daemon.url()).open(&mut worker);
    let about = worker.address.unwrap();
    let load = offices.load();
    let mut posted = 0;
    let mut pay = |daemon: &Daemon, count: u64| {
        let numbers = posted..posted + count;
        posted += count;
        let statements = numbers.map(|n| offices.platform.contribute(about, Source::Platform, &load, n));
        Client::new(daemon.url()).post_ok(&offices.platform.post(statements.collect()));
    };
    // What came before the hook is not told.
    pay(&daemon, 3);
    assert!(daemon.stop());
    let receiver = Receiver::new(3, "503 Service Unavailable\r\nRetry-After: 1");
    daemon.configure(|text| text + &receiver.hook(about));
    daemon.start();
    let name = "127.0.0.1#1";
    pay(&daemon, 20);
    receiver.waits_for(20);
    assert_eq!(receiver.refused.load(Ordering::SeqCst), 3);
    let count = |outcome: &str| {
        metric(&daemon, &format!("peal_webhook_deliveries_total{{hook=\"{name}\",outcome=\"{outcome}\"}}"))
    };
    assert_eq!((count("failed"), count("gone")), (Some(3), None));
    until("all are counted", || (count("delivered") == Some(20)).then_some(()));

    // Away, while records come and the ledger is killed, started, and killed again.
    receiver.down();
    pay(&daemon, 30);
    until("the hook is behind", || metric(&daemon, "peal_webhook_lag_entries ").filter(|lag| *lag >= 30));
    daemon.kill();
    daemon.start();
    pay(&daemon, 30);
    daemon.kill();
    receiver.up();
    daemon.start();
    // Killed in the middle of telling.
    receiver.waits_for(40);
    daemon.kill();
    daemon.start();
    pay(&daemon, 10);
    let heard = receiver.waits_for(90);
    let expected: Vec<_> = (4..94).map(|sequence| (about.to_string(), sequence)).collect();
    assert_eq!(
        places(&heard),
        expected,
        "the account's records from 4 on: its opening and three were before"
    );
    assert!(rising(&heard));
    until("nothing is left", || metric(&daemon, "peal_webhook_lag_entries ").filter(|lag| *lag == 0));
    let (data, platform) = (&heard[0].data, offices.platform.address.unwrap().to_string());
    assert_eq!((&data["origin"], &data["kind"]), (&ORIGIN.into(), &"contribution".into()));
    assert_eq!((&data["issuer"], &data["month"]), (&platform.into(), &load.month.to_string().into()));
    assert_eq!(data.as_object().unwrap().len(), 9, "thin: {data}");

    // It ends at once, and a start alone repeats nothing that was taken.
    let heard = receiver.heard.lock().unwrap().len();
    assert!(daemon.stop());
    daemon.start();
    pay(&daemon, 1);
    receiver.waits_for(91);
    assert_eq!(receiver.heard.lock().unwrap().len(), heard + 1);
    let (log, secret) = (daemon.log(), STANDARD.encode(KEY));
    assert!(log.contains(name) && log.contains("503"), "{log}");
    for hidden in ["hidden-in-the-path", &secret, "peal1"] {
        assert!(!log.contains(hidden), "{hidden}");
    }

    // A backup takes its place in the log along.
    let copy = dir.path().join("copy");
    let made = peal_tests::peald(&[
        "backup".as_ref(),
        copy.as_os_str(),
        "--from".as_ref(),
        daemon.dir().as_os_str(),
    ]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let kept = std::fs::read_to_string(copy.join("webhooks")).unwrap();
    assert_eq!(kept.lines().count(), 1, "{kept}");
}

#[test]
fn a_platform_hears_of_what_is_about_it_and_of_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let mut daemon = Daemon::init(&dir.path().join("ledger"), ORIGIN);
    daemon.start();
    let offices = Offices::found(&daemon, ORIGIN);
    let (platform, fund) = (&offices.platform, &offices.fund);
    let origin = &platform.origin;
    let (mut worker, mut bureau, mut rival) = (Signer::new(origin), Signer::new(origin), Signer::new(origin));
    let client = Client::new(daemon.url());
    [&mut worker, &mut bureau, &mut rival].into_iter().for_each(|who| client.open(who));
    let [about, court, other] = [&worker, &bureau, &rival].map(|who| who.address.unwrap());
    client.post_ok(&offices.registrar.post(vec![
        offices.registrar.grant(court, Role::Bureau),
        offices.registrar.grant(other, Role::Platform),
    ]));
    assert!(daemon.stop());
    let [hers, gone, courts] = [(0, ""), (9, "410 Gone"), (0, "")].map(|(n, s)| Receiver::new(n, s));
    daemon.configure(|text| {
        text + &hers.hook(platform.address.unwrap())
            + &gone.hook(platform.address.unwrap())
            + &courts.hook(court)
    });
    daemon.start();
    let client = Client::new(daemon.url());

    let load = offices.load();
    let entry = platform.contribute(about, Source::Platform, &load, 1);
    let Body::Contribution(paid) = entry.body().unwrap() else { panic!("a contribution") };
    client.post_ok(&platform.post(vec![entry]));
    client.post_ok(&rival.post(vec![rival.contribute(about, Source::Platform, &load, 2)]));
    let settled = |refers: u64, number: u64| {
        let Body::Contribution(paid) =
            rival.contribute(about, Source::Platform, &load, number).body().unwrap()
        else {
            panic!("a contribution")
        };
        let who = Referenced { issuer: fund.address.unwrap(), reference: "t".parse().unwrap() };
        let body = Body::Settlement(Settlement { who, amount: paid.amount });
        Statement::new(random(), Some(about), now(), Some(refers), Some(load.month), &body)
    };
    assert_eq!(paid.amount.amount, 101);
    client.post_ok(&fund.post(vec![settled(2, 2), settled(1, 1)]));
    let claim = Claim {
        kind: ClaimKind::Amount,
        party: platform.address.unwrap(),
        bureau: court,
        insurance: None,
        months: None,
        records: vec![1],
    };
    let says = "it was more".parse().unwrap();
    let body = Body::Claim(statement::Claim { who: about, claim, says });
    client.post_ok(&worker.post(vec![Statement::new(random(), Some(about), now(), None, None, &body)]));
    // And in its own account.
    let role = offices.registrar.grant(platform.address.unwrap(), Role::Employer);
    client.post_ok(&offices.registrar.post(vec![role]));

    let heard = hers.waits_for(3);
    let kinds: Vec<_> =
        heard.iter().map(|h| (h.data["kind"].as_str().unwrap(), h.data["refers"].as_u64())).collect();
    assert_eq!(kinds, [("settlement", Some(1)), ("claim", None), ("granted", None)]);
    assert!(rising(&heard));
    let (about, own) = (about.to_string(), platform.address.unwrap().to_string());
    assert_eq!(places(&heard), [(about.clone(), 4), (about.clone(), 5), (own, 2)]);
    assert!(!heard[1].data.to_string().contains("more"), "its words are not told");
    let courts_heard = courts.waits_for(1);
    assert_eq!(places(&courts_heard), [(about, 5)]);
    assert_ne!(courts_heard[0].id, heard[1].id, "each hook has ids of its own");

    // Whoever wants no more is not asked again, until the next start.
    let was_gone = "peal_webhook_deliveries_total{hook=\"127.0.0.1#2\",outcome=\"gone\"}";
    until("it is gone", || metric(&daemon, was_gone).filter(|n| *n == 1));
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!((metric(&daemon, was_gone), gone.refused.load(Ordering::SeqCst)), (Some(1), 1));
    assert!(daemon.log().contains("410 Gone"));
    gone.refuse.store(0, Ordering::SeqCst);
    assert!(daemon.stop());
    daemon.start();
    assert_eq!(places(&gone.waits_for(3)), places(&heard), "nothing was lost");
}
