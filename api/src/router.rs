//! The router: all routes, and around each request, from the outside in,
//!
//! 1. an id, a line in the log and the metrics, which hold the route's template and never the path or query;
//! 2. the net: a panic becomes a 500, whatever is an error and no problem yet becomes one;
//! 3. the gate: at most so many requests at a time (health and metrics pass), three quarters of them with a body, each within a time.
//!
//! A request runs to its end even if its client has left, so that a permit is held for as long as the work.

use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderName, TRANSFER_ENCODING};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;

use crate::app::Shared;
use crate::problem::{self, CodeName, Problem};
use crate::routes::{
    accounts, bound, carried, docs, health, ledger, moving, notices, postings, recovery, schemes, seen,
    shared, standing, tiles, verify,
};

/// The header that names a request in the log.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Builds the router and the OpenAPI document.
///
/// # Errors
/// If the document cannot be made, which would be a fault of this program.
pub fn build(app: Shared) -> Result<(Router, Value), serde_json::Error> {
    let described = OpenApiRouter::with_openapi(docs::Base::openapi())
        .merge(postings::routes())
        .merge(accounts::routes())
        .merge(recovery::routes())
        .merge(shared::routes())
        .merge(moving::routes())
        .merge(carried::routes())
        .merge(bound::routes())
        .merge(standing::routes())
        .merge(notices::routes())
        .merge(verify::routes())
        .merge(schemes::routes())
        .merge(ledger::routes())
        .merge(tiles::routes())
        .merge(seen::routes());
    let (gated, mut document) = described.split_for_parts();
    let (open, open_document) = health::routes().split_for_parts();
    document.merge(open_document);
    let mut document = docs::complete(&document, &app.config.origin)?;
    docs::describe_self(&mut document);
    let router = gated
        .merge(docs::routes(&document, &app.config.origin))
        .layer(from_fn_with_state(app.clone(), gate))
        .merge(open)
        .fallback(|| {
            std::future::ready(Problem::not_found("this server has nothing at this path").into_response())
        })
        .layer(from_fn_with_state(app.clone(), observe))
        .with_state(app);
    Ok((router, document))
}

/// Steps 1 and 2.
async fn observe(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = known(request.method());
    let coded = request.headers().contains_key(TRANSFER_ENCODING);
    let matched = request.extensions().get::<MatchedPath>().map(|m| m.as_str().to_owned());
    let route = matched.unwrap_or_else(|| "(none)".to_owned());
    let id = request_id();
    let span = tracing::info_span!("request", %id, method, route);
    let work =
        tracing::Instrument::instrument(async move { net(next.run(request).await).await }, span.clone());
    let mut response = match tokio::spawn(work).await {
        Ok(response) => response,
        Err(fault) => span.in_scope(|| Problem::internal(&fault)).into_response(),
    };
    let (status, time) = (response.status().as_u16(), started.elapsed());
    let code = response.extensions().get::<CodeName>().map(|c| c.0.as_str());
    tracing::info!(%id, method, route, status, code, us = time.as_micros() as u64, "request");
    app.metrics.request(&route, method, status, time);
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    if coded {
        // Someone on the way may have gone by a Content-Length that stood beside it: nothing more is read here (RFC 9112 §6.1).
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Whatever is an error and no problem yet becomes one.
async fn net(response: Response) -> Response {
    let status = response.status();
    let is_problem = response.headers().get(CONTENT_TYPE).is_some_and(|t| t == problem::MEDIA_TYPE);
    if is_problem || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    match status {
        StatusCode::METHOD_NOT_ALLOWED => {
            Problem::method_not_allowed(response.headers().get(ALLOW)).into_response()
        }
        StatusCode::NOT_FOUND => Problem::not_found("this server has nothing at this path").into_response(),
        s if s.is_client_error() => {
            Problem::bad_parameter("path", "the path is not readable as UTF-8").into_response()
        }
        _ => Problem::internal(&format_args!("an answer {status} without a problem")).into_response(),
    }
}

/// Step 3.
async fn gate(State(app): State<Shared>, request: Request<Body>, next: Next) -> Response {
    // Who sends waits in line for a moment: without one, whoever asks most often would have every place that becomes free.
    let _write = match *request.method() {
        Method::POST | Method::PUT => match app.may_write().await {
            Ok(permit) => Some(permit),
            Err(problem) => return problem.into_response(),
        },
        _ => None,
    };
    let Ok(_permit) = app.requests.try_acquire() else { return Problem::overloaded(1).into_response() };
    let limits = &app.config.limits;
    match tokio::time::timeout(limits.request(), next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::timeout(limits.request_seconds).into_response(),
    }
}

/// Methods as labels: an open set would let a client fill the metrics.
fn known(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

fn request_id() -> String {
    let mut bytes = [0; 8];
    match getrandom::fill(&mut bytes) {
        Ok(()) => format!("{:016x}", u64::from_be_bytes(bytes)),
        Err(_) => "0000000000000000".to_owned(),
    }
}
