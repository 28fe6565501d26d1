//! Media types: what a client may send, and in which form it is answered.

use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE};

use crate::problem::Problem;

/// JSON, the view for people and scripts.
pub const JSON: &str = "application/json";

/// Chooses among `offers` by Accept (RFC 9110 §12.5.1); the first is the one for clients that do not say.
///
/// # Errors
/// 406 if Accept allows none of them.
pub fn choose(headers: &HeaderMap, offers: &[&'static str]) -> Result<&'static str, Problem> {
    let mut ranges = Vec::new();
    for value in headers.get_all(ACCEPT) {
        let Ok(value) = value.to_str() else { continue };
        ranges.extend(value.split(',').map(str::trim).filter(|r| !r.is_empty()).map(range));
    }
    let mut best: Option<(&'static str, u32)> = None;
    for offer in offers.iter().copied() {
        // The most specific range that matches gives the quality.
        let matching =
            ranges.iter().filter_map(|(range, quality)| Some((specificity(range, offer)?, *quality)));
        let quality =
            if ranges.is_empty() { 1000 } else { matching.max_by_key(|(s, _)| *s).map_or(0, |(_, q)| q) };
        if quality > best.map_or(0, |(_, q)| q) {
            best = Some((offer, quality));
        }
    }
    best.map(|(offer, _)| offer).ok_or_else(|| Problem::not_acceptable(offers))
}

/// A media range and its quality in thousandths.
fn range(text: &str) -> (String, u32) {
    let mut parts = text.split(';').map(str::trim);
    let range = parts.next().unwrap_or_default().to_ascii_lowercase();
    let quality = parts.find_map(|p| p.strip_prefix("q=").or_else(|| p.strip_prefix("Q=")));
    let quality = quality.map_or(1.0, |q| q.parse::<f32>().unwrap_or(0.0).clamp(0.0, 1.0));
    (range, (quality * 1000.0) as u32)
}

fn specificity(range: &str, offer: &str) -> Option<u8> {
    match range.strip_suffix("/*") {
        Some("*") => Some(0),
        Some(kind) => offer.split('/').next().is_some_and(|k| k == kind).then_some(1),
        None => (range == offer).then_some(2),
    }
}

/// Demands that the body is of one media type and not compressed.
///
/// # Errors
/// 415 otherwise.
pub fn expect(headers: &HeaderMap, wanted: &str) -> Result<(), Problem> {
    let plain =
        headers.get_all(CONTENT_ENCODING).iter().all(|v| v.as_bytes().eq_ignore_ascii_case(b"identity"));
    if !plain {
        return Err(Problem::unsupported("Content-Encoding", wanted));
    }
    let found = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let found = found.split(';').next().unwrap_or_default().trim();
    if found.eq_ignore_ascii_case(wanted) {
        Ok(())
    } else {
        Err(Problem::unsupported("Content-Type", wanted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_chooses_the_form() {
        let offers = [JSON, "application/peal-receipt+cbor"];
        let ask = |accept: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, accept.parse().unwrap());
            choose(&headers, &offers).ok()
        };
        assert_eq!(choose(&HeaderMap::new(), &offers).ok(), Some(JSON));
        for (accept, form) in [
            ("*/*", Some(JSON)),
            ("application/*", Some(JSON)),
            ("application/peal-receipt+cbor", Some(offers[1])),
            ("application/json;q=0.2, application/peal-receipt+cbor;q=0.9", Some(offers[1])),
            ("application/json;q=0, */*", Some(offers[1])),
            ("text/html, */*;q=0.1", Some(JSON)),
            ("text/html", None),
            ("application/json;q=nonsense", None),
        ] {
            assert_eq!(ask(accept), form, "{accept}");
        }
    }
}
