//! The OpenAPI document, and the pages that are made of it once, at the start: they load nothing from anywhere and run no script.

use axum::Router;
use axum::http::HeaderValue;
use axum::http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use peal_spec::hash;
use peal_spec::value::Origin;
use serde_json::{Value, json};
use utoipa::OpenApi;

use crate::app::Shared;
use crate::media::JSON;
use crate::page::{self, STYLE};
use crate::problem::{self, Details};

/// What the routes do not say themselves.
#[derive(OpenApi)]
#[openapi(
    info(title = "PEAL ledger", version = "1", license(name = "Apache-2.0", identifier = "Apache-2.0")),
    components(schemas(Details)),
    tags(
        (name = "postings", description = "Open accounts, post statements, ask for receipts."),
        (name = "accounts", description = "Read one's own account, with a signed read."),
        (name = "proofs", description = "Verify a proof."),
        (name = "schemes", description = "What is due, what it brings, by scheme packs."),
        (name = "ledger", description = "What this ledger is."),
        (name = "log", description = "The public log, as C2SP tlog-tiles."),
        (name = "operation", description = "For those who run the server."),
    )
)]
pub struct Base;

const ABOUT: &str = "A ledger of contributions to social insurance: append-only, signed, and provable by the worker to anyone, offline. \
    What is signed is deterministic CBOR (spec/README.md); JSON is a view. Every error is a problem details object (RFC 9457) with a stable \
    `code`, the `field` at fault and a `remedy`. An answer of 503 names in Retry-After when to send the same request again; a posting sent \
    twice is recorded once and gives the same receipt.";

const SIGNED_READ: &str = r#"An HTTP message signature (RFC 9421) by the account's reading key, which is not the key that signs postings. It takes two headers:

    Signature-Input: peal=("@method" "@authority" "@path" "@query");created=1793612345;keyid="peal1…";alg="ed25519";tag="peal-read"
    Signature: peal=:BASE64:

`created` is Unix time within 300 s of the server's clock; `keyid` is the address in the path. What is signed has five lines and no newline at the end:

    "@method": GET
    "@authority": ledger.example
    "@path": /v1/accounts/peal1…/records
    "@query": ?from=0
    "@signature-params": ("@method" "@authority" "@path" "@query");created=1793612345;keyid="peal1…";alg="ed25519";tag="peal-read"

A request without a query signs a lone `?`. The authority is in lower case and without `:80` or `:443`. It must be one by which this ledger is known to its operator: a read that was signed for another host is not answered, whoever passes it on. An unknown account, a wrong signature and another host get the same 401, so that nobody learns which accounts exist."#;

/// Completes the document that the routes make.
///
/// # Errors
/// If the document is no JSON object, which would be a fault of this program.
pub fn complete(document: &utoipa::openapi::OpenApi, origin: &Origin) -> Result<Value, serde_json::Error> {
    let mut document = serde_json::to_value(document)?;
    document["info"]["description"] = ABOUT.into();
    document["info"]["x-peal-origin"] = origin.as_str().into();
    document["components"]["securitySchemes"] = json!({
        "signed-read": { "type": "apiKey", "in": "header", "name": "Signature", "description": SIGNED_READ }
    });
    let problem = json!({ problem::MEDIA_TYPE: { "schema": { "$ref": "#/components/schemas/Problem" } } });
    let operations = document["paths"].as_object_mut().into_iter().flat_map(|paths| paths.values_mut());
    for operation in operations.filter_map(Value::as_object_mut).flat_map(|item| item.values_mut()) {
        for (status, response) in operation["responses"].as_object_mut().into_iter().flatten() {
            if !status.starts_with('2') && !status.starts_with('3') && response.get("content").is_none() {
                response["content"] = problem.clone();
            }
        }
    }
    Ok(document)
}

/// Headers of every page: nothing but its own style sheet, which is named by its hash.
fn page_headers() -> [(HeaderName, String); 4] {
    let style = BASE64.encode(hash::plain(STYLE.as_bytes()).0);
    [
        (CONTENT_TYPE, "text/html; charset=utf-8".into()),
        (
            CONTENT_SECURITY_POLICY,
            format!(
                "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
            ),
        ),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".into()),
        (REFERRER_POLICY, "no-referrer".into()),
    ]
}

fn page(text: String) -> Response {
    let mut response = text.into_response();
    for (name, value) in page_headers() {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// The routes of this file: `/openapi.json`, `/docs` and `/`. They describe the others and are described in [`describe_self`].
pub fn routes(document: &Value, origin: &Origin) -> Router<Shared> {
    let (docs, landing, text) = (page::docs(document), page::landing(origin), document.to_string());
    Router::new()
        .route("/", get(move || std::future::ready(page(landing.clone()))))
        .route("/docs", get(move || std::future::ready(page(docs.clone()))))
        .route("/openapi.json", get(move || std::future::ready(([(CONTENT_TYPE, JSON)], text.clone()))))
}

/// Adds the three routes of this file to the document.
pub fn describe_self(document: &mut Value) {
    let page = |id: &str, summary: &str, media: &str| {
        json!({ "get": {
            "tags": ["ledger"], "operationId": id, "summary": summary,
            "responses": { "200": { "description": "It.", "content": { media: { "schema": { "type": "string" } } } } }
        } })
    };
    document["paths"]["/"] = page("getLandingPage", "A page to begin with", "text/html; charset=utf-8");
    document["paths"]["/docs"] = page("getDocs", "This document as a page", "text/html; charset=utf-8");
    document["paths"]["/openapi.json"] = page("getOpenApi", "This document", JSON);
}
