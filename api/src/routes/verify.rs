//! Verifying a proof by this server's own trust list and clock. Whoever would rather trust nobody runs `peal verify` at home.

use axum::body::Body;
use axum::extract::State;
use axum::http::Request;
use axum::response::Response;
use peal_spec::proof;
use peal_spec::verify::{Failure, Verdict, verify_file};
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::json;
use crate::app::Shared;
use crate::body;
use crate::problem::Problem;

/// What verifying gives.
#[derive(Serialize)]
pub struct Verified {
    valid: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<Verdict>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<Failure>,
}

impl From<Result<Verdict, Failure>> for Verified {
    fn from(outcome: Result<Verdict, Failure>) -> Self {
        match outcome {
            Ok(verdict) => Self { valid: true, verdict: Some(verdict), failure: None },
            Err(failure) => Self { valid: false, verdict: None, failure: Some(failure) },
        }
    }
}

/// Verify a proof
///
/// Takes the bytes of a `.peal` file and says what it shows, by this server's trust list (see /v1/ledger) and clock. A proof that is not
/// valid, damaged ones included, is answered with 200 and the step that failed; bytes that are no proof file at all are a problem.
#[utoipa::path(
    post, path = "/v1/verify", tag = "proofs", operation_id = "verify",
    request_body(content = Vec<u8>, content_type = "application/peal-proof+cbor", description = "A `.peal` file, spec/README.md §14"),
    responses(
        (status = 200, description = "The verdict, or the step that failed.", body = crate::verdict::Verified),
        (status = 400, description = "`foreign-file`: no proof file at all."),
        (status = 413, description = "Above the limit on bodies."),
        (status = 415, description = "Another media type, or compressed."),
        (status = 503, description = "Too much to do, starting or closing."),
        (status = "default", description = "Any other problem."),
    )
)]
async fn verify(State(app): State<Shared>, request: Request<Body>) -> Result<Response, Problem> {
    crate::media::choose(request.headers(), &[crate::media::JSON])?;
    let received = body::read(&app, request, proof::MEDIA_TYPE).await?;
    let (shared, bytes, now) = (app.clone(), received.bytes, app.now());
    // Held until the work is done, whether or not anyone still waits for it.
    let leave = app.may_reckon().await?;
    let verified = app.compute(move || {
        let _leave = leave;
        verify_file(&bytes, &shared.trust, now)
    });
    let outcome = verified.await?;
    drop(received.room);
    match outcome {
        Ok(verdict) => json(&Verified::from(Ok(verdict))),
        Err(Some(failure)) => json(&Verified::from(Err(failure))),
        Err(None) => Err(Problem::foreign_file()),
    }
}

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(verify))
}
