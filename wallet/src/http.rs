//! The ledger over HTTP: bounded in time, in size and in the number of attempts.
//!
//! What may be tried again is: a connection that fails, and the answers 429, 502, 503 and 504, but for that of a ledger that signs nothing. A posting may be sent any number of times, so
//! this is safe for everything that the wallet sends.

use std::net::IpAddr;
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use peal_spec::address::Address;
use peal_spec::key::PrivateKey;
use peal_spec::signed_read;
use peal_spec::value::Time;
use serde_json::Value;
use ureq::Agent;
use ureq::http::{Request, Uri};

use crate::trouble::Trouble;

/// The most bytes in an answer that is a copy or a receipt.
pub const LARGE: u64 = 64 << 20;
/// The most bytes in any other answer.
pub const SMALL: u64 = 256 << 10;

/// The code of a ledger that signs nothing, because somebody has seen more of it than it has. Trying again does not help.
pub const ROLLED_BACK: &str = "rolled-back";

/// How long to go on trying.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Attempts, at least 1.
    pub attempts: u32,
    /// The longest wait between two, whatever the ledger asks for.
    pub longest: Duration,
    /// The longest time for one attempt.
    pub call: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { attempts: 6, longest: Duration::from_secs(20), call: Duration::from_secs(120) }
    }
}

/// A refusal as the ledger words it (RFC 9457), as far as it does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// Stable name of the refusal.
    pub code: String,
    /// The field at fault.
    pub field: String,
    /// What is wrong.
    pub detail: String,
    /// What to do.
    pub remedy: String,
}

impl Problem {
    /// Reads what the ledger, or whatever answered in its place, sent with a status.
    #[doc(hidden)]
    pub fn read(status: u16, body: &[u8]) -> Self {
        let value: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |name: &str| match value.get(name) {
            Some(Value::String(s)) => s.chars().filter(|c| !c.is_control()).take(400).collect(),
            Some(Value::Number(n)) => n.to_string(),
            _ => String::new(),
        };
        let detail = [text("detail"), text("title"), format!("the ledger answered with status {status}")];
        Self {
            status,
            code: text("code"),
            field: text("field"),
            detail: detail.into_iter().find(|t| !t.is_empty()).unwrap_or_default(),
            remedy: text("remedy"),
        }
    }

    /// As told to a person.
    pub fn at(&self, place: &str) -> Trouble {
        let code = if self.code.is_empty() { String::new() } else { format!("{}: ", self.code) };
        let place =
            if self.field.is_empty() { place.to_owned() } else { format!("{place}, field {}", self.field) };
        let remedy = if self.remedy.is_empty() { "ask the operator of the ledger" } else { &self.remedy };
        let what = format!("{code}{}", self.detail);
        match self.status {
            429 | 500..=599 => Trouble::unavailable(what, place, remedy),
            _ => Trouble::refused(what, place, remedy),
        }
    }
}

/// An answer: a body, or a refusal.
pub type Answer = Result<Vec<u8>, Problem>;

/// A ledger that answers at a URL.
#[derive(Debug)]
pub struct Remote {
    agent: Agent,
    patience: Patience,
    base: String,
    authority: String,
    prefix: String,
}

/// Checks a ledger's URL; returns it without a slash at its end.
///
/// # Errors
/// Unusable unless it is an http or https URL without query, fragment or user.
pub fn base_url(url: &str) -> Result<String, Trouble> {
    let base = url.trim().trim_end_matches('/');
    // What follows a # is passed over in silence by the parser.
    let plain = base.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
    let uri: Option<Uri> = base.parse().ok();
    let good = uri.is_some_and(|u| {
        plain
            && matches!(u.scheme_str(), Some("http" | "https"))
            && u.authority().is_some_and(|a| !a.as_str().contains('@'))
            && u.query().is_none()
    });
    if good {
        Ok(base.to_owned())
    } else {
        Err(Trouble::unusable("this is not the URL of a ledger", url, "write it as https://ledger.example"))
    }
}

/// Whether what goes to this URL can be read on the way: it is plain http and leaves this machine.
pub fn is_exposed(url: &str) -> bool {
    let uri: Option<Uri> = url.trim().parse().ok();
    uri.filter(|u| u.scheme_str() == Some("http")).is_some_and(|u| {
        let host = u.host().unwrap_or_default().trim_matches(['[', ']']).to_ascii_lowercase();
        let loopback = host.parse::<IpAddr>().is_ok_and(|a| a.to_canonical().is_loopback());
        !loopback && host != "localhost" && !host.ends_with(".localhost")
    })
}

impl Remote {
    /// A ledger at a URL that [`base_url`] has passed.
    ///
    /// # Errors
    /// As [`base_url`].
    pub fn new(url: &str, patience: Patience) -> Result<Self, Trouble> {
        let base = base_url(url)?;
        let uri: Uri = base
            .parse()
            .map_err(|_| Trouble::unusable("this is no URL", url, "write it as https://ledger.example"))?;
        let host = uri.host().unwrap_or_default().to_ascii_lowercase();
        let default = if uri.scheme_str() == Some("https") { 443 } else { 80 };
        let authority = match uri.port_u16() {
            Some(port) if port != default => format!("{host}:{port}"),
            _ => host,
        };
        let prefix = uri.path().trim_end_matches('/').to_owned();
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("peal/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(Duration::from_secs(10)))
            .timeout_global(Some(patience.call))
            .build();
        Ok(Self { agent: config.new_agent(), patience, base, authority, prefix })
    }

    /// Where it answers.
    pub fn base(&self) -> &str {
        &self.base
    }

    fn once(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, String)],
        body: &[u8],
        limit: u64,
    ) -> Result<(u16, Option<u64>, Vec<u8>), ureq::Error> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let mut response = match method {
            "GET" => self.agent.run(request.body(())?)?,
            _ => self.agent.run(request.body(body)?)?,
        };
        let status = response.status().as_u16();
        let wait = response
            .headers()
            .get("retry-after")
            .and_then(|v| v.to_str().ok())
            .and_then(|v| v.trim().parse().ok());
        let limit = if status < 300 { limit } else { SMALL };
        let body = response.body_mut().with_config().limit(limit).read_to_vec()?;
        Ok((status, wait, body))
    }

    /// One request, tried again while that may help.
    fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, String)],
        body: &[u8],
        limit: u64,
    ) -> Result<Answer, Trouble> {
        let started = Instant::now();
        let mut attempt = 1;
        loop {
            let (what, asked) = match self.once(method, path, headers, body, limit) {
                Ok((200..=299, _, body)) => return Ok(Ok(body)),
                Ok((status @ (429 | 502 | 503 | 504), wait, body)) => {
                    let problem = Problem::read(status, &body);
                    if problem.code == ROLLED_BACK {
                        return Ok(Err(problem));
                    }
                    (problem.detail, wait)
                }
                Ok((status, _, body)) => return Ok(Err(Problem::read(status, &body))),
                Err(ureq::Error::BodyExceedsLimit(limit)) => {
                    return Err(Trouble::refused(
                        format!("the ledger's answer has more than {limit} bytes"),
                        self.place(path),
                        "tell the operator of the ledger",
                    ));
                }
                Err(e) => (e.to_string(), None),
            };
            if attempt >= self.patience.attempts {
                return Err(Trouble::unavailable(
                    format!("the ledger does not answer: {what}"),
                    self.place(path),
                    format!(
                        "try again later; {attempt} attempts were made in {} s",
                        started.elapsed().as_secs()
                    ),
                ));
            }
            let backoff = Duration::from_millis(100 << attempt.min(10));
            thread::sleep(asked.map_or(backoff, Duration::from_secs).min(self.patience.longest));
            attempt += 1;
        }
    }

    fn place(&self, path: &str) -> String {
        format!("{}{}", self.base, path.split('?').next().unwrap_or(path))
    }

    /// Reads what anyone may read.
    ///
    /// # Errors
    /// Unavailable if there is no answer; refused for an answer that is too long.
    pub fn get(&self, path: &str, accept: &str, limit: u64) -> Result<Answer, Trouble> {
        self.call("GET", path, &[("accept", accept.to_owned())], &[], limit)
    }

    /// Sends a posting.
    ///
    /// # Errors
    /// As [`Remote::get`].
    pub fn post(&self, path: &str, content_type: &str, accept: &str, body: &[u8]) -> Result<Answer, Trouble> {
        let headers = [("content-type", content_type.to_owned()), ("accept", accept.to_owned())];
        self.call("POST", path, &headers, body, LARGE)
    }

    /// Sends something to who asks for a pass.
    ///
    /// # Errors
    /// As [`Remote::get`].
    pub fn post_with_pass(
        &self,
        path: &str,
        content_type: &str,
        body: &[u8],
        pass: &str,
    ) -> Result<Answer, Trouble> {
        let headers =
            [("content-type", content_type.to_owned()), ("authorization", format!("Bearer {pass}"))];
        self.call("POST", path, &headers, body, SMALL)
    }

    /// Reads an account, signed by its reading key (RFC 9421) at `created`.
    ///
    /// # Errors
    /// As [`Remote::get`].
    pub fn signed_get(
        &self,
        path: &str,
        query: &str,
        accept: &str,
        address: &Address,
        key: &PrivateKey,
        created: Time,
    ) -> Result<Answer, Trouble> {
        let headers = self.signed("GET", path, query, accept, address, key, created);
        self.call("GET", &format!("{path}?{query}"), &headers, &[], LARGE)
    }

    /// Puts something into an account, signed by its reading key at `created`.
    ///
    /// # Errors
    /// As [`Remote::get`].
    pub fn signed_put(
        &self,
        path: &str,
        content_type: &str,
        address: &Address,
        key: &PrivateKey,
        created: Time,
        body: &[u8],
    ) -> Result<Answer, Trouble> {
        let signed = self.signed("PUT", path, "", "application/json", address, key, created);
        let headers: Vec<(&str, String)> =
            signed.into_iter().chain([("content-type", content_type.to_owned())]).collect();
        self.call("PUT", path, &headers, body, SMALL)
    }

    /// Begins to read what has no end, for at most `life`; signed as [`Remote::signed_get`] does. Tried once.
    ///
    /// # Errors
    /// Unavailable if there is no answer.
    #[allow(clippy::too_many_arguments)]
    pub fn follow(
        &self,
        path: &str,
        query: &str,
        accept: &str,
        address: &Address,
        key: &PrivateKey,
        created: Time,
        life: Duration,
    ) -> Result<Result<impl std::io::Read + use<>, Problem>, Trouble> {
        let mut request = Request::builder().uri(format!("{}{path}?{query}", self.base));
        for (name, value) in self.signed("GET", path, query, accept, address, key, created) {
            request = request.header(name, value);
        }
        let answer = request.body(()).map_err(ureq::Error::from).and_then(|request| {
            let request = self.agent.configure_request(request).timeout_global(Some(life)).build();
            self.agent.run(request)
        });
        let place = self.place(path);
        let lost = |e: ureq::Error| {
            Trouble::unavailable(format!("the ledger does not answer: {e}"), &place, "try again later")
        };
        let mut answer = answer.map_err(lost)?;
        let status = answer.status().as_u16();
        if status < 300 {
            return Ok(Ok(answer.into_body().into_reader()));
        }
        let body = answer.body_mut().with_config().limit(SMALL).read_to_vec().map_err(lost)?;
        let problem = Problem::read(status, &body);
        match status {
            429 | 502..=504 => Err(Trouble::unavailable(problem.detail, &place, "try again later")),
            _ => Ok(Err(problem)),
        }
    }

    /// The headers of a signed read.
    #[allow(clippy::too_many_arguments)]
    fn signed(
        &self,
        method: &str,
        path: &str,
        query: &str,
        accept: &str,
        address: &Address,
        key: &PrivateKey,
        created: Time,
    ) -> [(&'static str, String); 3] {
        let full = format!("{}{path}", self.prefix);
        let request = signed_read::Request {
            method,
            authority: &self.authority,
            path: &full,
            query: &format!("?{query}"),
        };
        let parameters = signed_read::parameters(created.seconds(), &address.to_string());
        let signature = key.sign(signed_read::base(&request, &parameters).as_bytes());
        let label = signed_read::LABEL;
        [
            ("accept", accept.to_owned()),
            ("signature-input", format!("{label}={parameters}")),
            ("signature", format!("{label}=:{}:", BASE64.encode(signature))),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_checked() {
        assert_eq!(base_url("https://a.example/peal/").unwrap(), "https://a.example/peal");
        let unfit =
            ["http://a.example/#x", "http://a.example/ /", "http://a.example/\t\0", "http://a.example/ä"];
        let other = ["", "a.example", "ftp://a.example", "http://u@a.example", "http://a.example/?q"];
        for bad in unfit.iter().chain(&other) {
            assert_eq!(base_url(bad).unwrap_err().code(), 2, "{bad}");
        }
        let remote = Remote::new("http://A.example:80/x", Patience::default()).unwrap();
        assert_eq!((remote.authority.as_str(), remote.prefix.as_str()), ("a.example", "/x"));
        assert_eq!(Remote::new("http://[::1]:8080", Patience::default()).unwrap().authority, "[::1]:8080");
    }

    #[test]
    fn plain_http_is_exposed_unless_it_stays_here() {
        for url in [
            "http://a.example",
            "HTTP://a.example:8080/x",
            "http://10.0.0.1",
            "http://[2001:db8::1]:80",
            "http://localhost.example",
        ] {
            assert!(is_exposed(url), "{url}");
        }
        for url in [
            "https://a.example",
            "http://localhost:1",
            "http://a.localhost",
            "http://127.9.0.1",
            "http://[::1]:80",
            "http://[::ffff:127.0.0.1]",
        ] {
            assert!(!is_exposed(url), "{url}");
        }
    }

    #[test]
    fn problems_are_read_whatever_they_are() {
        let body = br#"{"code":"settled","field":"refers","detail":"the entry is settled","remedy":"do"}"#;
        let trouble = Problem::read(422, body).at("row 3");
        assert_eq!(
            trouble.to_string(),
            "settled: the entry is settled\n  where: row 3, field refers\n  what to do: do"
        );
        assert_eq!(Problem::read(500, b"<html>").at("x").code(), 3);
        assert_eq!(Problem::read(404, b"").detail, "the ledger answered with status 404");
    }
}
