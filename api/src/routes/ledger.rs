//! What this ledger is: its names, keys and limits.

use axum::extract::State;
use axum::response::Response;
use peal_spec::posting::MAX_STATEMENTS;
use peal_spec::signed_read::MAX_AGE;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::json;
use crate::app::Shared;
use crate::problem::Problem;

/// What this ledger is.
#[derive(Serialize, ToSchema)]
#[schema(as = Ledger)]
pub struct LedgerView {
    /// Its name, which stands in every signature.
    #[schema(example = "ledger.example/2026")]
    origin: String,
    /// The operator's verifier key (C2SP `name+hash+base64`). Compare it with one that you were given in another way.
    verifier_key: String,
    /// Address of the registrar, account 0.
    registrar: String,
    /// Leaves of the log under the latest checkpoint.
    size: u64,
    /// Number of accounts.
    accounts: u64,
    /// Time of the latest commit.
    time: String,
    /// The trust list by which this server verifies (spec/README.md §15).
    trust: String,
    /// What is refused.
    limits: LimitsView,
    /// Versions.
    versions: Versions,
}

/// What is refused.
#[derive(Serialize, ToSchema)]
#[schema(as = Limits)]
pub struct LimitsView {
    /// The most bytes in a request body.
    body_bytes: u64,
    /// The most statements in a posting.
    statements: u64,
    /// The most records in a page.
    page_records: u64,
    /// Seconds that a signed read's `created` may be from this server's clock.
    signed_read_seconds: u64,
    /// Seconds for a whole request.
    request_seconds: u64,
}

/// Versions.
#[derive(Serialize, ToSchema)]
pub struct Versions {
    /// The format of spec/README.md.
    format: u64,
    /// The HTTP interface.
    api: String,
    /// This program.
    server: String,
}

/// What this ledger is
///
/// Its name, keys, limits and versions. Nothing here is secret.
#[utoipa::path(
    get, path = "/v1/ledger", tag = "ledger", operation_id = "getLedger",
    responses(
        (status = 200, description = "What it is.", body = LedgerView),
        (status = "default", description = "Any problem."),
    )
)]
async fn ledger(State(app): State<Shared>) -> Result<Response, Problem> {
    let ledger = app.ledger()?;
    let published = ledger.published();
    let limits = &app.config.limits;
    let registrar = app.ask(|l| l.account(0)).await?;
    json(&LedgerView {
        origin: app.config.origin.to_string(),
        verifier_key: ledger.verifier_key().to_string(),
        registrar: registrar.map(|a| a.address.to_string()).unwrap_or_default(),
        size: published.checkpoint.size,
        accounts: published.commit.directory_size,
        time: published.commit.time.to_string(),
        trust: app.trust.to_string(),
        limits: LimitsView {
            body_bytes: limits.body_bytes as u64,
            statements: MAX_STATEMENTS,
            page_records: limits.page_records as u64,
            signed_read_seconds: MAX_AGE,
            request_seconds: limits.request_seconds,
        },
        versions: Versions { format: 1, api: "v1".into(), server: env!("CARGO_PKG_VERSION").into() },
    })
}

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(ledger))
}
