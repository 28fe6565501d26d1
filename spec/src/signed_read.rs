//! The signature base of a signed read (RFC 9421). Source: `spec/README.md` §17.

/// Parameters of a signed read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// The method, in upper case.
    pub method: &'a str,
    /// The authority, in lower case, without a default port.
    pub authority: &'a str,
    /// The absolute path.
    pub path: &'a str,
    /// The query with its leading `?`; a request without one has `?`.
    pub query: &'a str,
}

/// The label of the signature.
pub const LABEL: &str = "peal";
/// The covered components, as they stand in the parameters.
pub const COVERED: &str = r#"("@method" "@authority" "@path" "@query")"#;
/// The tag that says what the signature is for.
pub const TAG: &str = "peal-read";
/// How far, in seconds, `created` may be from the server's clock.
pub const MAX_AGE: u64 = 300;

/// The signature parameters of a read made at `created` (Unix seconds) by `keyid` (an address).
pub fn parameters(created: u64, keyid: &str) -> String {
    format!(r#"{COVERED};created={created};keyid="{keyid}";alg="ed25519";tag="{TAG}""#)
}

/// What is signed (RFC 9421 §2.5).
pub fn base(request: &Request<'_>, parameters: &str) -> String {
    let Request { method, authority, path, query } = request;
    format!(
        "\"@method\": {method}\n\"@authority\": {authority}\n\"@path\": {path}\n\"@query\": {query}\n\"@signature-params\": {parameters}"
    )
}

/// The `created` and `keyid` of a Signature-Input header value, if it is of the one shape that PEAL uses.
pub fn read_input(header: &str) -> Option<(u64, &str, &str)> {
    let params = header.strip_prefix("peal=")?;
    let rest = params.strip_prefix(COVERED)?.strip_prefix(";created=")?;
    let (created, rest) = rest.split_once(";keyid=\"")?;
    let (keyid, rest) = rest.split_once('"')?;
    let created = crate::note::decimal(created)?;
    (rest == format!(r#";alg="ed25519";tag="{TAG}""#)).then_some((created, keyid, params))
}
