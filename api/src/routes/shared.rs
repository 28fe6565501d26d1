//! An account as somebody else reads it, by consent: the access is in the person's own account before anything is answered.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use peal_spec::address::Address;
use peal_spec::copy::{Copy, Selection, Show};
use peal_spec::proof;
use peal_spec::record::Record;
use peal_spec::rights::Scope;
use peal_spec::standing::History;
use peal_spec::statement::{Body, Statement};
use peal_spec::target::Target;
use peal_spec::value::Time;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Params;
use super::accounts::{copy, proved};
use crate::app::Shared;
use crate::media;
use crate::problem::Problem;
use crate::signed::SharedRead;

/// How long, in seconds, an access opens an account for.
const OPEN: u64 = 600;

/// By which access.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SharedQuery {
    /// Sequence, in the account in the path, of the access that the reader has posted.
    access: u64,
}

/// What a record lets a reader see now, and the consent that it was done by; nothing if it is no access of hers.
fn opened(
    (record, statement): (Record, Option<Statement>),
    reader: Address,
    now: Time,
) -> Option<(Scope, Option<u64>)> {
    let (who, scope) = match statement?.body().ok()? {
        Body::Access(access) => (access.who, access.looked.scope),
        Body::AccessUnasked(access) => (access.who, access.looked.scope),
        _ => return None,
    };
    let fresh = now.seconds() < record.time.seconds().saturating_add(OPEN);
    (who == reader && fresh).then_some((scope, record.refers))
}

/// Whether a consent was not taken back. One that was good for one use is used up by the very access that is answered.
fn stands(copy: &Copy, consent: Option<u64>, now: Time) -> bool {
    let Some(consent) = consent else { return true };
    match History::of(copy).target(consent) {
        Some(Target::Consent(consented)) => !consented.revoked && now < consented.consent.until,
        _ => false,
    }
}

/// Read another's account, by consent
///
/// First post a statement `access` (or, as a bureau with a legal ground, `access-unasked`) to the account: the person sees who looked, at what and
/// what for. Then read here, within 10 minutes, with a request signed by the *reader's* own reading key. The answer is a proof of what the
/// access names, and of no more.
#[utoipa::path(
    get, path = "/v1/accounts/{address}/shared", tag = "accounts", operation_id = "getShared",
    params(("address" = String, Path, description = "The account's address, `peal1…`"), SharedQuery),
    security(("signed-read" = [])),
    responses(
        (status = 200, description = "The proof, or what it shows.", content((Vec<u8> = "application/peal-proof+cbor"), (crate::verdict::Verified = "application/json"))),
        (status = 401, description = "Not signed by the reading key of the account that keyid names."),
        (status = 403, description = "`no-access`: no access of this reader is recorded there under this sequence that opens it now, or there is no such account."),
        (status = 503, description = "Too many copies are being made: send the same request again after Retry-After."),
        (status = "default", description = "Any other problem."),
    )
)]
async fn shared(
    State(app): State<Shared>,
    SharedRead { address, reader }: SharedRead,
    Params(query): Params<SharedQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let form = media::choose(&headers, &[proof::MEDIA_TYPE, media::JSON])?;
    let now = app.now();
    // One row first: whoever has no access costs no more.
    let record = app.ask(move |ledger| ledger.record(&address, query.access)).await?;
    let access = record.and_then(|record| opened(record, reader, now));
    let (scope, consent) = access.ok_or_else(Problem::no_access)?;
    let leave = app.may_copy().await?;
    let copy = copy(&app, address, 0, usize::MAX, None, Some(leave.clone())).await?;
    let selection = Selection { show: Show::Within(scope), withhold: Vec::new() };
    let lets = move |copy: &Copy| stands(copy, consent, now);
    proved(&app, copy, selection, (form, "shared.peal"), leave, lets).await
}

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(shared))
}
