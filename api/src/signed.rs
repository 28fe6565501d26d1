//! Signed reads: an account is read by whoever holds its reading key (RFC 9421; spec/README.md §17).
//!
//! What is told before the account is looked up depends on the request alone. After that there is one answer for an unknown account
//! and for a wrong signature, and a signature is verified in both cases, so that nobody learns which accounts exist. A request that is
//! meant for another host has the same answer. Nothing secret is compared here: a signature is verified with public keys.

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::uri::Authority;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use peal_spec::account::Account;
use peal_spec::address::Address;
use peal_spec::hash::Hash;
use peal_spec::key::PublicKey;
use peal_spec::signed_read::{self, MAX_AGE};

use crate::app::Shared;
use crate::config::normal;
use crate::problem::Problem;

/// The account that a request may read: its signature holds.
#[derive(Clone, Copy, Debug)]
pub struct SignedRead(pub Address);

/// The key that stands in for one of an account that does not exist: a well-formed point (the curve's base point), so that verifying takes
/// as long as with a real one. No account is read with it whatever the outcome.
const NOBODY: PublicKey = PublicKey([
    0x58, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
    0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
]);

const WRONG: &str = "the signature is not one of this account's reading key over this request to this host, or there is no such account";

/// The account whose recovery a request may read.
#[derive(Clone, Copy, Debug)]
pub struct RecoveryRead {
    /// The account.
    pub address: Address,
    /// The reading key that signed, where it is one that an approval names; none where it is the account's present one.
    pub named: Option<PublicKey>,
}

/// Somebody who reads another's account: the signature is hers.
#[derive(Clone, Copy, Debug)]
pub struct SharedRead {
    /// The account that is read.
    pub address: Address,
    /// Whose reading key signed.
    pub reader: Address,
}

/// Somebody who reads what is not an account: the signature is hers.
#[derive(Clone, Copy, Debug)]
pub struct SignedBy(pub Address);

impl FromRequestParts<Shared> for SignedBy {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Problem> {
        verified(parts, app, None, present).await.map(Self)
    }
}

impl FromRequestParts<Shared> for SignedRead {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Problem> {
        let address = address(parts.uri.path())?;
        verified(parts, app, Some(address), present).await.map(Self)
    }
}

impl FromRequestParts<Shared> for SharedRead {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Problem> {
        let address = address(parts.uri.path())?;
        Ok(Self { address, reader: verified(parts, app, None, present).await? })
    }
}

fn present(account: &Account) -> Option<PublicKey> {
    Some(account.state.control.keys.reading)
}

impl FromRequestParts<Shared> for RecoveryRead {
    type Rejection = Problem;

    /// Whoever has lost her keys reads with the reading key that is to be hers, `?reading=HEX`: it counts while an approval names it. One
    /// signature is verified, as with every read.
    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Problem> {
        let named =
            match parts.uri.query().filter(|q| !q.is_empty()).map(|query| query.strip_prefix("reading=")) {
                None => None,
                Some(text) => {
                    let key = text.and_then(|text| text.parse::<Hash>().ok());
                    let key = key.ok_or_else(|| {
                        Problem::bad_parameter("reading", "expected a key of 64 hexadecimal digits")
                    })?;
                    Some(PublicKey(key.0))
                }
            };
        let key = |account: &Account| match named {
            None => present(account),
            Some(named) => account.state.approvals().iter().any(|a| a.keys.reading == named).then_some(named),
        };
        let address = address(parts.uri.path())?;
        Ok(Self { address: verified(parts, app, Some(address), key).await?, named })
    }
}

/// The address that a request's `keyid` names, which must be `wanted` if one is, if it is signed by the key that `reading` gives for the account.
async fn verified(
    parts: &Parts,
    app: &Shared,
    wanted: Option<Address>,
    reading: impl FnOnce(&Account) -> Option<PublicKey>,
) -> Result<Address, Problem> {
    let no = |detail: &str| Problem::unsigned_read(detail);
    let input = only(&parts.headers, "signature-input")
        .ok_or_else(|| no("there is not one header Signature-Input"))?;
    let signature =
        only(&parts.headers, "signature").ok_or_else(|| no("there is not one header Signature"))?;
    let (created, keyid, parameters) = signed_read::read_input(input)
        .ok_or_else(|| no("Signature-Input is not of the one form that is read here"))?;
    let signature = signature
        .strip_prefix("peal=:")
        .and_then(|s| s.strip_suffix(':'))
        .and_then(|s| BASE64.decode(s).ok())
        .and_then(|s| <[u8; 64]>::try_from(s).ok())
        .ok_or_else(|| no("Signature is not peal=:BASE64: of 64 bytes"))?;
    if created.abs_diff(app.now().seconds()) > MAX_AGE {
        return Err(no("created is more than 300 s from this server's clock"));
    }
    let address = match (keyid.parse::<Address>(), wanted) {
        (Ok(named), None) => named,
        (Ok(named), Some(wanted)) if named == wanted => named,
        (_, Some(_)) => return Err(no("keyid is not the address in the path")),
        (Err(_), None) => return Err(no("keyid is no address")),
    };
    let named = authority(parts);
    let Some(authority) = named.clone().filter(|a| app.authorities().contains(a)) else {
        let known = if app.config.authorities.is_empty() { "listen" } else { "authorities" };
        tracing::warn!(
            refused = class(named.as_deref(), app.authorities()),
            known,
            "a read meant for another host"
        );
        return Err(no(WRONG));
    };
    let query = format!("?{}", parts.uri.query().unwrap_or_default());
    let request = signed_read::Request {
        method: parts.method.as_str(),
        authority: &authority,
        path: parts.uri.path(),
        query: &query,
    };
    let base = signed_read::base(&request, parameters);
    let account = app.ask(move |ledger| ledger.account(address.number)).await?;
    let account = account.filter(|a| a.address == address);
    let key = account.as_ref().and_then(reading);
    if key.unwrap_or(NOBODY).verifies(base.as_bytes(), &signature) && key.is_some() {
        Ok(address)
    } else {
        Err(no(WRONG))
    }
}

/// The address in `/v1/accounts/{address}/…`.
fn address(path: &str) -> Result<Address, Problem> {
    let text = path.split('/').nth(3).unwrap_or_default();
    text.parse().map_err(|e: peal_spec::address::BadAddress| Problem::bad_parameter("address", e.to_string()))
}

fn only<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// The authority of a request, normalised.
fn authority(parts: &Parts) -> Option<String> {
    let named = match parts.uri.authority() {
        Some(authority) => authority.as_str(),
        None => only(&parts.headers, HOST.as_str())?,
    };
    Some(normal(named))
}

/// What kind of authority was refused, for the log: the value is the client's.
fn class(named: Option<&str>, known: &[String]) -> &'static str {
    let Some(named) = named else { return "none" };
    let Ok(authority) = named.parse::<Authority>() else { return "malformed" };
    let host = |a: &str| a.parse::<Authority>().map(|a| a.host().to_owned());
    match authority.host() {
        "" => "malformed",
        _ if named.contains('@') => "malformed",
        h if known.iter().any(|k| host(k).is_ok_and(|k| k == h)) => "this host with another port",
        "localhost" => "a loopback address",
        h => match h.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(ip) if ip.is_loopback() => "a loopback address",
            Ok(_) => "another address",
            Err(_) => "another name",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_authority_is_logged_by_its_class() {
        let known = ["ledger.example".to_owned(), "[::1]:7878".to_owned()];
        for (named, of) in [
            (None, "none"),
            (Some("a b"), "malformed"),
            (Some("me@ledger.example"), "malformed"),
            (Some("ledger.example:99"), "this host with another port"),
            (Some("[::1]"), "this host with another port"),
            (Some("localhost:7878"), "a loopback address"),
            (Some("127.9.9.9"), "a loopback address"),
            (Some("192.0.2.1:7878"), "another address"),
            (Some("evil.example"), "another name"),
        ] {
            assert_eq!(class(named, &known), of, "{named:?}");
        }
    }
}
