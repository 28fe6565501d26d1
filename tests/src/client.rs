//! Raw postings over HTTP, and the log read back as any tlog client would.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use peal_spec::address::Address;
use peal_spec::cbor::Cbor;
use peal_spec::hash::{Hash, leaf};
use peal_spec::note::{Checkpoint, Note, VerifierKey};
use peal_spec::posting::{MEDIA_TYPE, Posting};
use peal_spec::receipt::{self, Receipt};
use peal_spec::role::Role;
use peal_spec::signed_read;
use peal_spec::statement::Statement;
use peal_spec::value::Origin;

use crate::Daemon;
use crate::cast::{Load, Signer};

/// A client of one daemon.
pub struct Client {
    agent: ureq::Agent,
    url: String,
}

/// What came back for a posting.
#[derive(Debug)]
pub enum Answer {
    /// The receipt's bytes.
    Receipt(Vec<u8>),
    /// A status other than 200, with the problem's text.
    Status(u16, String),
    /// Nothing: the connection broke, so the posting may or may not be recorded.
    Broken,
}

impl Client {
    /// A client with connections of its own.
    pub fn new(url: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(120)))
            .http_status_as_error(false)
            .build();
        Self { agent: config.into(), url: url.to_owned() }
    }

    /// Sends the bytes of a posting.
    pub fn post(&self, bytes: &[u8]) -> Answer {
        let sent = self
            .agent
            .post(format!("{}/v1/postings", self.url))
            .header("content-type", MEDIA_TYPE)
            .header("accept", receipt::MEDIA_TYPE)
            .send(bytes);
        let Ok(mut response) = sent else { return Answer::Broken };
        let status = response.status().as_u16();
        let body = response.body_mut().with_config().limit(64 << 20).read_to_vec();
        match body {
            Err(_) => Answer::Broken,
            Ok(body) if status == 200 => Answer::Receipt(body),
            Ok(body) => Answer::Status(status, String::from_utf8_lossy(&body).into_owned()),
        }
    }

    /// Sends a posting and demands that every statement is recorded.
    pub fn post_ok(&self, posting: &Posting) -> Receipt {
        match self.post(&posting.to_bytes()) {
            Answer::Receipt(bytes) => {
                let receipt = Receipt::from_bytes(&bytes).unwrap_or_else(|e| panic!("receipt: {e}"));
                if let Some(refusal) = receipt.results.iter().find_map(|r| r.as_ref().err()) {
                    panic!("refused: {refusal}");
                }
                receipt
            }
            other => panic!("not recorded: {other:?}"),
        }
    }

    /// Fetches a path.
    pub fn get(&self, path: &str) -> (u16, Vec<u8>) {
        let Ok(mut response) = self.agent.get(format!("{}{path}", self.url)).header("accept", "*/*").call()
        else {
            return (0, Vec::new());
        };
        let status = response.status().as_u16();
        (status, response.body_mut().with_config().limit(64 << 20).read_to_vec().unwrap_or_default())
    }

    /// Asks for the receipt of a posting, as its issuer; the status of the answer.
    pub fn receipt_of(&self, issuer: &Signer, digest: &Hash) -> u16 {
        let path = format!("/v1/postings/{digest}");
        let host = self.url.trim_start_matches("http://");
        let address = issuer.address.map(|a| a.to_string()).unwrap_or_default();
        let parameters = signed_read::parameters(crate::cast::now().seconds(), &address);
        let request = signed_read::Request { method: "GET", authority: host, path: &path, query: "?" };
        let signature = issuer.reading().sign(signed_read::base(&request, &parameters).as_bytes());
        let answer = self
            .agent
            .get(format!("{}{path}", self.url))
            .header("accept", "*/*")
            .header("signature-input", format!("peal={parameters}"))
            .header("signature", format!("peal=:{}:", BASE64.encode(signature)))
            .call();
        answer.map_or(0, |answer| answer.status().as_u16())
    }

    /// Opens an account for a signer by herself.
    pub fn open(&self, signer: &mut Signer) {
        let statement = signer.opening(None);
        let id = statement.root(&signer.origin);
        let receipt = self.post_ok(&signer.post(vec![statement]));
        let number = receipt.results[0].as_ref().map_or(0, |a| a.account);
        signer.address = Some(Address { number, id });
    }

    /// The operator's latest checkpoint, checked under his key.
    pub fn checkpoint(&self, key: &VerifierKey) -> Checkpoint {
        self.checkpoint_at("/v1/checkpoint", key)
    }

    /// The published checkpoint, checked under the operator's key.
    pub fn published(&self, key: &VerifierKey) -> Checkpoint {
        self.checkpoint_at("/checkpoint", key)
    }

    fn checkpoint_at(&self, path: &str, key: &VerifierKey) -> Checkpoint {
        let (status, body) = self.get(path);
        assert_eq!(status, 200, "{path}");
        let note: Note = String::from_utf8_lossy(&body).parse().unwrap_or_else(|e| panic!("{e}"));
        assert!(matches!(note.signed_by(key), Ok(Some(_))), "the checkpoint is signed by the operator");
        note.text.parse().unwrap_or_else(|e| panic!("{e}"))
    }

    /// The leaf hashes of the whole log, from the entry bundles of tlog-tiles.
    pub fn leaves(&self, size: u64) -> Vec<Hash> {
        let mut leaves = Vec::new();
        for bundle in 0..size.div_ceil(256) {
            let width = (size - bundle * 256).min(256);
            let mut path = format!("{:03}", bundle % 1000);
            let mut rest = bundle / 1000;
            while rest > 0 {
                path = format!("x{:03}/{path}", rest % 1000);
                rest /= 1000;
            }
            let partial = if width < 256 { format!(".p/{width}") } else { String::new() };
            let (status, body) = self.get(&format!("/tile/entries/{path}{partial}"));
            assert_eq!(status, 200, "/tile/entries/{path}{partial}");
            let mut at = 0;
            while at < body.len() {
                let length = usize::from(u16::from_be_bytes([body[at], body[at + 1]]));
                leaves.push(leaf(&body[at + 2..at + 2 + length]));
                at += 2 + length;
            }
        }
        assert_eq!(leaves.len() as u64, size);
        leaves
    }
}

/// A ledger with its registrar, a platform, an employer and a fund.
pub struct Offices {
    /// The registrar, account 0.
    pub registrar: Signer,
    /// May post contributions as a platform.
    pub platform: Signer,
    /// May settle all insurances.
    pub fund: Signer,
    /// The operator's key.
    pub key: VerifierKey,
}

impl Offices {
    /// Opens accounts and grants roles on a fresh ledger.
    pub fn found(daemon: &Daemon, origin: &str) -> Self {
        let read = |name: &str| {
            std::fs::read_to_string(daemon.dir().join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
        };
        let words = read("registrar.words");
        let phrase = bip39::Mnemonic::parse_normalized(words.trim()).unwrap_or_else(|e| panic!("{e}"));
        let address: Address = read("registrar.address").trim().parse().unwrap_or_else(|e| panic!("{e}"));
        let origin: Origin = origin.parse().unwrap_or_else(|e| panic!("{e}"));
        let trust: peal_spec::trust::Trust = read("trust").parse().unwrap_or_else(|e| panic!("{e}"));
        let registrar = Signer::from_seed(&origin, phrase.to_seed(""), address);
        let client = Client::new(daemon.url());
        let (mut platform, mut fund) = (Signer::new(&origin), Signer::new(&origin));
        client.open(&mut platform);
        client.open(&mut fund);
        let mut grants: Vec<Statement> = Vec::new();
        for (who, role) in [(&platform, Role::Platform), (&fund, Role::Fund)] {
            grants.extend(who.address.map(|a| registrar.grant(a, role)));
        }
        client.post_ok(&registrar.post(grants));
        let key = trust.ledgers[0].operators[0].key.clone();
        Self { registrar, platform, fund, key }
    }

    /// What contributions of the load are for.
    pub fn load(&self) -> Load {
        let Some(fund) = self.fund.address else { panic!("the fund has an account") };
        Load::new(fund).unwrap_or_else(|e| panic!("{e}"))
    }
}
