//! Which servers are told of new records, and what one of them is sent (Standard Webhooks).
//!
//! 1. `peald.toml` names each by account, URL and secret ([`Webhook`]).
//! 2. A record that concerns the account becomes a [`Message`]. It says where the record stands, what type it is of and who issued it, and
//!    nothing of what the statement says: whoever may read the account reads there.
//! 3. Each attempt to send it is signed by itself ([`sign`]), under the secret that both sides have.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use peal_ledger::Told;
use peal_spec::address::Address;
use peal_spec::hash::plain;
use peal_spec::value::Origin;
use serde::Deserialize;
use serde::de::Error as _;
use sha2::Sha256;
use zeroize::Zeroizing;

/// The most hooks.
pub const MOST: usize = 64;
/// What a secret begins with.
const PREFIX: &str = "whsec_";
/// How many bytes of key a secret has.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=BLOCK;
/// A block of SHA-256. A key of HMAC that is no longer is filled up with zeros.
const BLOCK: usize = 64;

/// A key for signing messages.
pub type Key = Zeroizing<[u8; BLOCK]>;

/// A server that is told of what concerns an account: `[[webhooks]]` in `peald.toml`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// The account.
    #[serde(deserialize_with = "parsed")]
    pub account: Address,
    /// Where messages are sent.
    #[serde(deserialize_with = "parsed")]
    pub url: Url,
    /// What they are signed under.
    pub secret: Secret,
    /// Seconds before a message that was not taken is sent again, the first time.
    #[serde(default = "default_retry")]
    pub retry_seconds: u64,
}

fn default_retry() -> u64 {
    5
}

fn parsed<'de, T: FromStr<Err: fmt::Display>, D: serde::Deserializer<'de>>(d: D) -> Result<T, D::Error> {
    String::deserialize(d)?.parse().map_err(D::Error::custom)
}

impl fmt::Debug for Webhook {
    /// Paths of URLs may be secret, too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("host", &self.url.host).finish_non_exhaustive()
    }
}

impl Webhook {
    /// What it is called in files: another account or another URL is another hook.
    pub fn id(&self) -> String {
        plain(format!("{}\n{}", self.account, self.url.text).as_bytes()).to_string()
    }

    /// What it is called in logs and metrics, by its place in `peald.toml`.
    pub fn name(&self, place: usize) -> String {
        format!("{}#{}", self.url.host, place + 1)
    }

    /// Before a message that was not taken is sent again, the first time.
    pub fn retry(&self) -> Duration {
        Duration::from_secs(self.retry_seconds)
    }
}

/// What must hold of all hooks, one by one and together.
///
/// # Errors
/// Says what does not.
pub fn check(hooks: &[Webhook]) -> Result<(), String> {
    if hooks.len() > MOST {
        return Err(format!("webhooks: there are {}, and at most {MOST} are served", hooks.len()));
    }
    for (i, hook) in hooks.iter().enumerate() {
        let at = format!("webhooks, number {}", i + 1);
        if hook.secret.key().is_none() {
            let key = KEY_BYTES;
            let (least, most) = (key.start(), key.end());
            return Err(format!("{at}: secret is not {PREFIX} and {least} to {most} bytes in base64"));
        }
        if !(1..=3600).contains(&hook.retry_seconds) {
            let seconds = hook.retry_seconds;
            return Err(format!("{at}: retry_seconds = {seconds} is not a number from 1 to 3600"));
        }
        // Two would share one place in the log.
        if hooks[..i].iter().any(|other| other.id() == hook.id()) {
            return Err(format!("{at}: this account with this url stands there twice"));
        }
    }
    Ok(())
}

/// A text from which secrets are cut out: what is wrong with a configuration is told with the line where it stands.
pub fn without_secrets(text: &str) -> String {
    let mut parts = text.split(PREFIX);
    let mut clean = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        clean.push_str(PREFIX);
        clean.push('…');
        clean.push_str(part.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "+/=-_".contains(c)));
    }
    clean
}

/// Where messages are sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Url {
    text: String,
    host: String,
    open: bool,
}

impl Url {
    /// All of it, for the request alone.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether messages leave this machine without encryption.
    pub fn is_open(&self) -> bool {
        self.open
    }
}

impl FromStr for Url {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = "expected a URL as in \"https://platform.example/peal\", http or https, without a user and without #";
        let uri: axum::http::Uri = text.parse().map_err(|_| bad)?;
        let host = uri.host().unwrap_or_default().to_ascii_lowercase();
        let good = matches!(uri.scheme_str(), Some("http" | "https"))
            && !host.is_empty()
            && uri.authority().is_some_and(|a| !a.as_str().contains('@'))
            && !text.contains('#');
        if !good {
            return Err(bad);
        }
        let address: Option<std::net::IpAddr> = host.trim_matches(['[', ']']).parse().ok();
        let near = host == "localhost" || address.is_some_and(|a| a.is_loopback());
        Ok(Self { text: text.to_owned(), host, open: uri.scheme_str() == Some("http") && !near })
    }
}

/// What messages are signed under, as `peald.toml` has it.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl<'de> Deserialize<'de> for Secret {
    /// Takes any text: an error here would show the line. [`check`] looks at it.
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d).map(|text| Self(Zeroizing::new(text)))
    }
}

impl Secret {
    /// The key, if this is a secret.
    pub fn key(&self) -> Option<Key> {
        let bytes = Zeroizing::new(STANDARD.decode(self.0.strip_prefix(PREFIX)?).ok()?);
        if !KEY_BYTES.contains(&bytes.len()) {
            return None;
        }
        let mut key = Zeroizing::new([0; BLOCK]);
        key.get_mut(..bytes.len())?.copy_from_slice(&bytes);
        Some(key)
    }
}

/// What a server is told of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The same whenever this record is told to this hook, and never that of another.
    pub id: String,
    /// JSON.
    pub body: String,
}

impl Message {
    /// Tells a hook, which is called `hook` in files, of a record.
    pub fn new(origin: &Origin, hook: &str, told: &Told) -> Self {
        // The posting is in it for ledgers that were put back from an older copy: another record may come to stand in the same place.
        let unique = format!("{origin}\n{hook}\n{}\n{}", told.log_index, told.posting);
        let hash = plain(unique.as_bytes()).to_string();
        let body = serde_json::json!({
            "type": "record",
            "timestamp": told.time.to_string(),
            "data": {
                "origin": origin.as_str(),
                "account": told.account.to_string(),
                "sequence": told.sequence,
                "kind": told.kind.name(),
                "refers": told.refers,
                "month": told.month.map(|month| month.to_string()),
                "issuer": told.issuer.to_string(),
                "log_index": told.log_index,
                "time": told.time.to_string(),
            },
        });
        Self { id: format!("msg_{}", hash.get(..32).unwrap_or(&hash)), body: body.to_string() }
    }
}

/// The value of `webhook-signature` for a message that is sent at this time, in Unix seconds.
pub fn sign(key: &Key, id: &str, timestamp: u64, body: &str) -> String {
    let block: &[u8; BLOCK] = key;
    let mut mac = Hmac::<Sha256>::new(block.into());
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body.as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use peal_spec::hash::Hash;
    use peal_spec::statement::Type;
    use peal_spec::value::Time;

    use super::*;
    use crate::config::Config;

    /// That of the specification.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn somebody(number: u64) -> Address {
        Address { number, id: Hash([7; 32]) }
    }

    fn read(text: &str) -> Result<Vec<Webhook>, String> {
        let text = format!("origin = \"a\"\n{text}");
        Config::parse(&text, Path::new("d/peald.toml")).map(|c| c.webhooks).map_err(|e| e.to_string())
    }

    fn hook(account: &str, url: &str, secret: &str, more: &str) -> String {
        format!("[[webhooks]]\naccount = \"{account}\"\nurl = \"{url}\"\nsecret = \"{secret}\"\n{more}\n")
    }

    #[test]
    fn the_vector_of_standard_webhooks_is_met() {
        let key = Secret(Zeroizing::new(SECRET.into())).key().unwrap();
        let signature = sign(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, "{\"test\": 2432232314}");
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_has_24_to_64_bytes() {
        for length in 0..100 {
            let text = format!("{PREFIX}{}", STANDARD.encode(vec![5; length]));
            let key = Secret(Zeroizing::new(text.clone())).key();
            assert_eq!(key.is_some(), (24..=64).contains(&length), "{length}");
            assert!(Secret(Zeroizing::new(text.replace(PREFIX, ""))).key().is_none());
        }
        assert!(Secret(Zeroizing::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS!".into())).key().is_none());
    }

    #[test]
    fn hooks_are_named_by_account_url_and_secret() {
        let (a, b) = (somebody(1).to_string(), somebody(2).to_string());
        let url = "https://platform.example/peal?token=hidden";
        let good = hook(&a, url, SECRET, "");
        let slow = hook(&b, url, SECRET, "retry_seconds = 3600");
        let found = read(&format!("{good}{slow}")).unwrap();
        assert_eq!((found[0].account, found[0].retry_seconds), (somebody(1), 5));
        assert_eq!((found[1].account, found[1].retry_seconds), (somebody(2), 3600));
        assert_eq!((found[0].url.text(), found[0].name(0)), (url, "platform.example#1".to_owned()));
        assert_ne!(found[0].id(), found[1].id());
        let many: String =
            (0..=MOST as u64).map(|n| hook(&somebody(n).to_string(), url, SECRET, "")).collect();
        for (text, told) in [
            (format!("{good}{slow}{good}"), "number 3: this account with this url stands there twice"),
            (many, "there are 65"),
            (hook("peal1nobody", url, SECRET, ""), "mistyped"),
            (hook(&a, "platform.example", SECRET, ""), "expected a URL"),
            (hook(&a, "ftp://platform.example", SECRET, ""), "expected a URL"),
            (hook(&a, "https://me@platform.example", SECRET, ""), "expected a URL"),
            (hook(&a, "https://platform.example/#x", SECRET, ""), "expected a URL"),
            (hook(&a, url, "whsec_dG9vIHNob3J0", ""), "number 1: secret is not whsec_ and 24 to 64 bytes"),
            (hook(&a, url, "secret", ""), "number 1: secret is not"),
            (hook(&a, url, SECRET, "retry_seconds = 0"), "retry_seconds = 0"),
            (hook(&a, url, SECRET, "retry_seconds = 3601"), "retry_seconds = 3601"),
            (hook(&a, url, SECRET, "pace = 1"), "pace"),
            ("[[webhooks]]\n".into(), "account"),
        ] {
            let error = read(&text).unwrap_err();
            let all = error.contains(told) && error.contains("d/peald.toml") && error.contains("remedy");
            assert!(all, "{told}: {error}");
            assert!(!error.contains("MfKQ9r8G") && !error.contains("dG9vIHNob3J0"), "{error}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let inline = format!("webhooks = [{{ account = \"x\", url = \"y\", secret = \"{SECRET}\" }}]\n");
        for text in [inline, format!("secrets = \"{SECRET}\"\n")] {
            let error = read(&text).unwrap_err();
            assert!(error.contains("whsec_…") && !error.contains("MfKQ9r8G"), "{error}");
        }
        assert_eq!(without_secrets("a whsec_A+/=_-9\" b whsec_"), "a whsec_…\" b whsec_…");
        let good = hook(&somebody(1).to_string(), "https://h.example/hidden", SECRET, "");
        let shown = format!("{:?}", read(&good).unwrap());
        assert!(
            shown.contains("h.example") && !shown.contains("MfKQ") && !shown.contains("hidden"),
            "{shown}"
        );
    }

    #[test]
    fn only_this_machine_is_near() {
        let open = |url: &str| url.parse::<Url>().unwrap().is_open();
        for near in ["http://localhost:1/", "http://127.0.0.2", "http://[::1]:8/x", "https://h.example"] {
            assert!(!open(near), "{near}");
        }
        for far in ["http://h.example", "http://192.0.2.1:80/", "http://[2001:db8::1]/"] {
            assert!(open(far), "{far}");
        }
    }

    #[test]
    fn a_message_is_thin_and_the_same_each_time() {
        let told = Told {
            log_index: 123,
            account: somebody(1),
            sequence: 17,
            kind: Type::Claim,
            time: Time::new(1_796_000_000).unwrap(),
            refers: None,
            month: Some("2026-10".parse().unwrap()),
            issuer: somebody(2),
            posting: Hash([9; 32]),
            concerned: vec![somebody(1), somebody(3)],
        };
        let origin: Origin = "ledger.example/2026".parse().unwrap();
        let message = Message::new(&origin, "h", &told);
        assert_eq!(message, Message::new(&origin, "h", &told));
        let body: serde_json::Value = serde_json::from_str(&message.body).unwrap();
        let time = told.time.to_string();
        let data = serde_json::json!({
            "origin": "ledger.example/2026", "account": told.account.to_string(), "sequence": 17, "kind": "claim", "refers": null,
            "month": "2026-10", "issuer": told.issuer.to_string(), "log_index": 123, "time": time,
        });
        assert_eq!(body, serde_json::json!({ "type": "record", "timestamp": time, "data": data }));
        assert!(message.id.starts_with("msg_") && message.id.len() == 36, "{}", message.id);
        let elsewhere = Told { log_index: 124, ..told.clone() };
        let another = Told { posting: Hash([8; 32]), ..told.clone() };
        let ids = [
            Message::new(&origin, "i", &told).id,
            Message::new(&origin, "h", &elsewhere).id,
            Message::new(&origin, "h", &another).id,
        ];
        assert!(ids.iter().all(|id| *id != message.id));
    }
}
