//! What others have seen of this log: whoever holds a checkpoint that the operator signed may show it, and so keep the ledger from signing
//! a second log beside the first.

use axum::body::Body;
use axum::extract::State;
use axum::http::Request;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use peal_spec::note::MAX_NOTE;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::json;
use crate::app::Shared;
use crate::body;
use crate::problem::Problem;
use crate::signing::{compare, keep, read};

/// The note's log is a part of this one.
#[derive(Serialize, ToSchema)]
#[schema(as = Contained)]
pub struct ContainedView {
    /// Leaves of the log that the note signs.
    pub size: u64,
    /// The latest checkpoint, signed by the operator.
    pub checkpoint: String,
    /// The consistency proof from the one to the other: hashes in base64. Empty if the two are of one size.
    pub consistency: Vec<String>,
}

/// The operator's latest checkpoint
///
/// As signed with the last commit, before witnesses have cosigned it. `/checkpoint` is the one to compare with others.
#[utoipa::path(
    get, path = "/v1/checkpoint", tag = "log", operation_id = "getLatestCheckpoint",
    responses(
        (status = 200, description = "The signed note.", body = String, content_type = "text/plain; charset=utf-8"),
        (status = "default", description = "Any problem."),
    )
)]
async fn latest(State(app): State<Shared>) -> Result<Response, Problem> {
    let note = app.ledger()?.published().note.clone();
    let headers = [(CONTENT_TYPE, "text/plain; charset=utf-8"), (CACHE_CONTROL, "no-cache")];
    Ok((headers, note).into_response())
}

/// Show a checkpoint that was seen
///
/// Takes a signed note of this ledger's operator, such as a receipt or a copy holds. If its log is a part of this one, the answer proves it.
/// If it is larger, or another log of a size that this one has had, the ledger was put back from an older copy or has forked: the note is
/// kept as evidence and nothing is signed any more. Wallets send it when they are shown less than they hold.
#[utoipa::path(
    post, path = "/v1/seen", tag = "log", operation_id = "showSeen",
    request_body(content = String, content_type = "text/plain", description = "A signed note, at most 64 KiB"),
    responses(
        (status = 200, description = "It is a part of this log.", body = ContainedView),
        (status = 409, description = "`rolled-back`: this log does not contain it."),
        (status = 413, description = "More than 64 KiB."),
        (status = 415, description = "Another media type, or compressed."),
        (status = 422, description = "`foreign-note`: not a checkpoint signed by this ledger's operator."),
        (status = "default", description = "Any other problem."),
    )
)]
async fn seen(State(app): State<Shared>, request: Request<Body>) -> Result<Response, Problem> {
    let ledger = app.ledger()?.clone();
    let received = body::read_within(&app, request, "text/plain", MAX_NOTE).await?;
    let note = String::from_utf8(received.bytes).map_err(|_| Problem::foreign_note("it is not UTF-8"))?;
    let shared = app.clone();
    let answer = app.compute(move || -> Result<ContainedView, Problem> {
        let checkpoint = read(&note, &ledger).map_err(Problem::foreign_note)?;
        let found = compare(&checkpoint, &ledger).map_err(|e| shared.problem(e))?;
        if let Some(why) = found.why("somebody") {
            shared.signing.refuse(&why);
            // The first one is evidence enough. Refusing does not wait for the disk, and does not end if it is full.
            if let Some(path) = shared.evidence().filter(|path| !path.exists())
                && let Err(error) = keep(path, &note)
            {
                tracing::error!(%error, "the note that somebody has shown cannot be kept");
            }
            return Err(Problem::rolled_back(&why));
        }
        let published = ledger.published();
        let proof = ledger.consistency(checkpoint.size, published.checkpoint.size);
        let proof = proof.map_err(|e| shared.problem(e))?;
        Ok(ContainedView {
            size: checkpoint.size,
            checkpoint: published.note.clone(),
            consistency: proof.iter().map(|hash| BASE64.encode(hash.0)).collect(),
        })
    });
    json(&answer.await??)
}

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(latest)).routes(routes!(seen))
}
