//! Where a ledger answers.

use std::fmt;
use std::str::FromStr;

use crate::text::Text;
use crate::value::BadValue;

/// An https URL without query, fragment, user or a slash at its end; http only for this machine itself.
///
/// ```
/// use peal_spec::ledgers::Url;
///
/// for good in ["https://ledger.example", "https://ledger.example:8443/peal/2026", "http://127.0.0.1:7878", "http://[::1]:80"] {
///     assert_eq!(good.parse::<Url>().unwrap().to_string(), good);
/// }
/// for bad in ["http://ledger.example", "https://ledger.example/", "https://Ledger.example", "https://a@b", "https://a:0", "ftp://a", "https://"] {
///     assert!(bad.parse::<Url>().is_err(), "{bad}");
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url(Text<255>);

const BAD: BadValue = BadValue(
    "a URL as https://ledger.example: a host in small letters, perhaps a port and a path, no slash at the end; http only for localhost, 127.0.0.1 and [::1]",
);

/// What stands for this machine itself.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

impl Url {
    /// The URL.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

fn is_host(host: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
    let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b) || b == b':';
    match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').is_some_and(|ip| !ip.is_empty() && ip.bytes().all(hex)),
        None => !host.is_empty() && host.bytes().all(plain),
    }
}

fn is_port(port: &str) -> bool {
    !port.starts_with('0') && port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok()
}

fn is_segment(segment: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    !segment.is_empty() && segment.bytes().all(plain)
}

impl FromStr for Url {
    type Err = BadValue;
    fn from_str(text: &str) -> Result<Self, BadValue> {
        let (scheme, rest) = text.split_once("://").ok_or(BAD)?;
        let mut parts = rest.split('/');
        let authority = parts.next().unwrap_or_default();
        // The colons of an address in brackets are not that of a port.
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (authority, None),
        };
        let open = scheme == "https" || scheme == "http" && LOOPBACK.contains(&host);
        if open && is_host(host) && port.is_none_or(is_port) && parts.all(is_segment) {
            text.parse().map(Self).map_err(|_| BAD)
        } else {
            Err(BAD)
        }
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
