//! What those who run the server ask: is it alive, may it be sent requests, how is it doing. Answered under any load.

use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Shared;
use crate::metrics::{self, Now};
use crate::problem::Problem;

fn text(body: &'static str) -> Response {
    ([(CONTENT_TYPE, "text/plain; charset=utf-8"), (CACHE_CONTROL, "no-store")], body).into_response()
}

/// Whether the process answers
///
/// 200 as long as it does; restart it when it does not.
#[utoipa::path(
    get, path = "/healthz", tag = "operation", operation_id = "getHealth",
    responses((status = 200, description = "It does.", body = String, content_type = "text/plain; charset=utf-8"))
)]
async fn healthz() -> Response {
    text("alive\n")
}

/// Whether it may be sent requests
///
/// 503 while the ledger is being opened, when the server is going down, and when the ledger has stopped. A ledger that signs nothing because
/// somebody has seen more of it is ready all the same: it answers reads, and postings with a problem. Witnesses do not matter here.
#[utoipa::path(
    get, path = "/readyz", tag = "operation", operation_id = "getReadiness",
    responses(
        (status = 200, description = "It may.", body = String, content_type = "text/plain; charset=utf-8"),
        (status = 503, description = "It may not: `starting`, `closing` or `halted`."),
    )
)]
async fn readyz(State(app): State<Shared>) -> Result<Response, Problem> {
    match app.ledger()? {
        _ if app.is_closing() => Err(Problem::closing()),
        ledger if ledger.stats().stopped => Err(Problem::halted()),
        _ => Ok(text("ready\n")),
    }
}

/// Metrics
///
/// OpenMetrics text: postings, statements by result, time to a receipt, queue, HTTP by route template and status, memory. Holds no personal
/// data; keep it inside all the same.
#[utoipa::path(
    get, path = "/metrics", tag = "operation", operation_id = "getMetrics",
    responses((status = 200, description = "The metrics.", body = String, content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8"))
)]
async fn get_metrics(State(app): State<Shared>) -> Response {
    let mut now = Now {
        connections: app.connections.load(Ordering::Relaxed),
        signs: app.signing.held().is_none(),
        ..Now::default()
    };
    if let Some(ledger) = app.ledger_if_open() {
        now.ledger = ledger.stats();
        (now.published, now.lag) = app.board.lag(ledger);
    }
    let text = app.metrics.text(&now);
    ([(CONTENT_TYPE, metrics::MEDIA_TYPE), (CACHE_CONTROL, "no-store")], text).into_response()
}

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(healthz)).routes(routes!(readyz)).routes(routes!(get_metrics))
}
