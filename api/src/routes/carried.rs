//! The history that an account has carried along from another ledger: put, given back and deleted by its owner alone.

use axum::body::{Body as Whole, Bytes};
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use peal_spec::proof;
use peal_spec::statement::Body;
use serde::Serialize;
use tokio::sync::OwnedSemaphorePermit;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::accounts::private;
use super::json;
use crate::app::Shared;
use crate::body;
use crate::carried::{MAX_FILE, Place, Put, Wanted, check};
use crate::media;
use crate::problem::Problem;
use crate::signed::SignedRead;

/// A history that is kept.
#[derive(Serialize, ToSchema)]
#[schema(as = Carried)]
struct CarriedView {
    /// Sequence of the arrival.
    sequence: u64,
    /// The ledger that it came from.
    origin: String,
    /// The account there.
    address: String,
    /// How many records it has.
    records: u64,
    /// How many bytes the file has.
    bytes: u64,
}

/// The sequence in a path.
fn sequence(text: &str) -> Result<u64, Problem> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    let number = if plain { text.parse().ok() } else { None };
    number.ok_or_else(|| {
        Problem::bad_parameter("sequence", "expected the sequence of an arrival in this account")
    })
}

fn none_carried() -> Problem {
    Problem::not_found("no history is carried with this arrival")
}

/// Carry a history along
///
/// A proof file of the whole account in the ledger that it came from, for its owner to have here as well. It must be valid under the list that the
/// arrival shows, show every record at least as a header, and have the size and root that this arrival says, or the latest one of the same
/// account. One that is there is replaced; the same again changes nothing. The signature is by the owner's reading key and does not cover the
/// body, which is checked by what the account says.
#[utoipa::path(
    put, path = "/v1/accounts/{address}/carried/{sequence}", tag = "accounts", operation_id = "putCarried",
    params(
        ("address" = String, Path, description = "The account's address, `peal1…`"),
        ("sequence" = u64, Path, description = "Sequence of the arrival in it."),
    ),
    request_body(content = Vec<u8>, content_type = "application/peal-proof+cbor", description = "A `.peal` file, spec/README.md §14, of at most 16 MiB"),
    security(("signed-read" = [])),
    responses(
        (status = 200, description = "It is kept: in the place of another one, or was there already.", body = CarriedView, content_type = "application/json"),
        (status = 201, description = "It is kept.", body = CarriedView, content_type = "application/json"),
        (status = 400, description = "`foreign-file`: no proof file at all."),
        (status = 401, description = "Not signed by the account's reading key, or no such account: the two are not told apart."),
        (status = 413, description = "Above 16 MiB."),
        (status = 415, description = "Another media type, or compressed."),
        (status = 422, description = "`not-an-arrival`: no arrival has this sequence. `carried-other`: it is not of what arrived. `carried-incomplete`: it hides records. `carried-invalid`: it is damaged, or not valid under that list."),
        (status = 503, description = "Too much to do, starting or closing."),
        (status = 507, description = "`carried-full`: there is no room."),
        (status = "default", description = "Any other problem."),
    )
)]
async fn put(
    State(app): State<Shared>,
    SignedRead(address): SignedRead,
    Path((_, at)): Path<(String, String)>,
    request: Request<Whole>,
) -> Result<Response, Problem> {
    media::choose(request.headers(), &[media::JSON])?;
    let place = Place { account: address.number, sequence: sequence(&at)? };
    let found = app.ask(move |ledger| {
        let record = ledger.record(&address, place.sequence)?;
        Ok(record.zip(ledger.account(address.number)?))
    });
    let wanted = found.await?.and_then(|((_, statement), account)| match statement?.body().ok()? {
        Body::Arrival(arrival) => Some(Wanted::of(arrival, &account.state)),
        _ => None,
    });
    let wanted = wanted.ok_or_else(Problem::not_an_arrival)?;
    let most = MAX_FILE.min(app.config.limits.memory_bytes);
    let received = body::read_within(&app, request, proof::MEDIA_TYPE, most).await;
    let received = received.map_err(|problem| match problem.details().status {
        413 => Problem::carried_too_large(most),
        _ => problem,
    })?;
    let now = app.now();
    // Held until the work is done, whether or not anyone still waits for it.
    let leave = app.may_reckon().await?;
    let checked = app.compute(move || {
        let _leave = leave;
        let records = check(&received.bytes, &wanted, now).map_err(Problem::carried)?;
        let view = CarriedView {
            sequence: place.sequence,
            origin: wanted.origin.to_string(),
            address: wanted.address.to_string(),
            records,
            bytes: received.bytes.len() as u64,
        };
        Ok::<_, Problem>((received, view))
    });
    let (received, view) = checked.await??;
    let kept = app.with_carried(move |carried| {
        let kept = carried.put(place, &received.bytes);
        drop(received.room);
        kept
    });
    let status = match kept.await? {
        Put::New => StatusCode::CREATED,
        Put::Kept => StatusCode::OK,
        Put::Full => return Err(Problem::carried_full()),
    };
    Ok(private((status, json(&view)?).into_response()))
}

/// A file that takes up room among all bodies held until it was sent.
struct Sent {
    bytes: Vec<u8>,
    _room: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Sent {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// A history that was carried along
///
/// The file as it was put, for the owner alone.
#[utoipa::path(
    get, path = "/v1/accounts/{address}/carried/{sequence}", tag = "accounts", operation_id = "getCarried",
    params(
        ("address" = String, Path, description = "The account's address, `peal1…`"),
        ("sequence" = u64, Path, description = "Sequence of the arrival in it."),
    ),
    security(("signed-read" = [])),
    responses(
        (status = 200, description = "The file.", body = Vec<u8>, content_type = "application/peal-proof+cbor"),
        (status = 401, description = "Not signed by the account's reading key, or no such account: the two are not told apart."),
        (status = 404, description = "None is there."),
        (status = 503, description = "Too much to do, starting or closing."),
        (status = "default", description = "Any other problem."),
    )
)]
async fn get(
    State(app): State<Shared>,
    SignedRead(address): SignedRead,
    Path((_, at)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    media::choose(&headers, &[proof::MEDIA_TYPE])?;
    let place = Place { account: address.number, sequence: sequence(&at)? };
    let found = app.with_carried(move |carried| carried.get(place)).await?.ok_or_else(none_carried)?;
    let room = usize::try_from(found.bytes).unwrap_or(usize::MAX).min(MAX_FILE).div_ceil(1024);
    let room = u32::try_from(room).map_err(|e| Problem::internal(&e))?;
    let room = app.room.clone().try_acquire_many_owned(room).map_err(|_| Problem::overloaded(1))?;
    let sent = app.with_carried(move |_| Ok(Sent { bytes: found.read()?, _room: room })).await?;
    let headers =
        [(CONTENT_TYPE, proof::MEDIA_TYPE), (CONTENT_DISPOSITION, "attachment; filename=\"carried.peal\"")];
    Ok(private((headers, Whole::from(Bytes::from_owner(sent))).into_response()))
}

/// Delete a history that was carried along
///
/// It is gone from the server's files at once, from backups as they are thrown away. What the account says of the arrival stays.
#[utoipa::path(
    delete, path = "/v1/accounts/{address}/carried/{sequence}", tag = "accounts", operation_id = "deleteCarried",
    params(
        ("address" = String, Path, description = "The account's address, `peal1…`"),
        ("sequence" = u64, Path, description = "Sequence of the arrival in it."),
    ),
    security(("signed-read" = [])),
    responses(
        (status = 204, description = "It is deleted."),
        (status = 401, description = "Not signed by the account's reading key, or no such account: the two are not told apart."),
        (status = 404, description = "None is there."),
        (status = "default", description = "Any other problem."),
    )
)]
async fn delete(
    State(app): State<Shared>,
    SignedRead(address): SignedRead,
    Path((_, at)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let place = Place { account: address.number, sequence: sequence(&at)? };
    if app.with_carried(move |carried| carried.delete(place)).await? {
        Ok(private(StatusCode::NO_CONTENT.into_response()))
    } else {
        Err(none_carried())
    }
}

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(put, get, delete))
}
