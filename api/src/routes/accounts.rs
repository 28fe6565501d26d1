//! An account as its owner reads it: its head, its records, and proofs of its history. All of it takes a signed read.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION};
use axum::response::{IntoResponse, Response};
use peal_ledger::Ledger;
use peal_spec::address::Address;
use peal_spec::cbor::Cbor as _;
use peal_spec::copy::{self, Copy, Selection, Show};
use peal_spec::statement::Type;
use peal_spec::value::Month;
use peal_spec::{proof, verify};
use serde::Deserialize;
use tokio::sync::OwnedSemaphorePermit;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::verify::Verified;
use super::{Params, bytes, json};
use crate::app::{App, Shared};
use crate::media;
use crate::problem::Problem;
use crate::signed::SignedRead;
use crate::views::{HeadView, RecordsView};

/// Which head is wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct HeadQuery {
    /// The log size of a checkpoint that the client has: the copy then proves that this one extends it.
    since: Option<u64>,
}

/// Which records are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RecordsQuery {
    /// Sequence of the first record; default 0.
    #[serde(default)]
    from: u64,
    /// The most records; default and maximum are in /v1/ledger.
    limit: Option<usize>,
    /// The log size of a checkpoint that the client has: the copy then proves that this one extends it.
    since: Option<u64>,
}

/// What a proof is to show.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ProofQuery {
    /// `whole` (the default), `totals`, `identity` (who says whose account it is), or `months` with `from` and `to`.
    #[param(example = "months")]
    show: Option<String>,
    /// First month whose contents are shown.
    #[param(example = "2026-01")]
    from: Option<String>,
    /// Last month whose contents are shown.
    #[param(example = "2026-06")]
    to: Option<String>,
    /// Facets to withhold, by name and separated by commas: who, what, amount, evidence, role, recovery, identity, link, says and others. Tokens are
    /// withheld in any case.
    #[param(example = "amount,evidence")]
    withhold: Option<String>,
}

impl ProofQuery {
    fn selection(&self) -> Result<Selection, Problem> {
        let month = |field: &str, text: &Option<String>| -> Result<Month, Problem> {
            let text = text
                .as_deref()
                .ok_or_else(|| Problem::bad_parameter(field, "show=months needs from and to"))?;
            text.parse().map_err(|e: peal_spec::value::BadValue| Problem::bad_parameter(field, e.to_string()))
        };
        let show = match self.show.as_deref().unwrap_or("whole") {
            "months" => {
                let (from, to) = (month("from", &self.from)?, month("to", &self.to)?);
                if from > to {
                    return Err(Problem::bad_parameter("to", "to is before from"));
                }
                Show::Months(from, to)
            }
            _ if self.from.is_some() || self.to.is_some() => {
                return Err(Problem::bad_parameter("from", "from and to go with show=months only"));
            }
            "whole" => Show::Whole,
            "totals" => Show::Totals,
            "identity" => Show::Identity,
            _ => return Err(Problem::bad_parameter("show", "expected whole, totals, identity or months")),
        };
        let withhold: Vec<String> = match self.withhold.as_deref() {
            None | Some("") => Vec::new(),
            Some(names) => names.split(',').map(str::to_owned).collect(),
        };
        let known =
            |name: &String| name != "keys" && Type::ALL.iter().any(|t| t.facets().contains(&name.as_str()));
        match withhold.iter().find(|name| !known(name)) {
            Some(_) => Err(Problem::bad_parameter(
                "withhold",
                "expected names of facets: who, what, amount, evidence, role, recovery, identity, link",
            )),
            None => Ok(Selection { show, withhold }),
        }
    }
}

/// Leave to make a copy. It goes along with the work, which may go on when nobody waits for it any more.
pub(super) type Leave = Arc<OwnedSemaphorePermit>;

/// A copy of an account that was found a moment ago, by its signed read.
pub(super) async fn copy(
    app: &App,
    address: Address,
    from: u64,
    limit: usize,
    since: Option<u64>,
    leave: Option<Leave>,
) -> Result<Copy, Problem> {
    let size = app.ledger()?.published().checkpoint.size;
    if since.is_some_and(|since| since == 0 || since > size) {
        return Err(Problem::bad_parameter("since", "no checkpoint of this log has that size yet"));
    }
    let question = move |ledger: &Ledger| {
        let _leave = leave;
        ledger.copy(&address, from, limit, since)
    };
    let found = app.ask(question).await?;
    let mut copy =
        found.ok_or_else(|| Problem::internal(&"an account that has a reading key has no copy"))?;
    // Where the log has not grown since, the same checkpoint carries what witnesses have added to it.
    if let Some(cosigned) = app.board.cosigned(&copy.checkpoint) {
        copy.checkpoint = cosigned;
    }
    Ok(copy)
}

/// Keeps an answer out of every cache.
pub(super) fn private(mut response: Response) -> Response {
    let value = axum::http::HeaderValue::from_static("private, no-store");
    response.headers_mut().insert(CACHE_CONTROL, value);
    response
}

/// The head of an account
///
/// How many records there are, under which checkpoint. As CBOR it is a copy (spec/README.md §13) without rows.
#[utoipa::path(
    get, path = "/v1/accounts/{address}/head", tag = "accounts", operation_id = "getHead",
    params(("address" = String, Path, description = "The account's address, `peal1…`"), HeadQuery),
    security(("signed-read" = [])),
    responses(
        (status = 200, description = "The head.", content((Vec<u8> = "application/peal-copy+cbor"), (HeadView = "application/json"))),
        (status = 401, description = "Not signed by the account's reading key, or no such account: the two are not told apart."),
        (status = "default", description = "Any other problem."),
    )
)]
async fn head(
    State(app): State<Shared>,
    SignedRead(address): SignedRead,
    Params(query): Params<HeadQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let form = media::choose(&headers, &[copy::MEDIA_TYPE, media::JSON])?;
    let copy = copy(&app, address, 0, 0, query.since, None).await?;
    match form {
        media::JSON => json(&HeadView::from(&copy)).map(private),
        cbor => Ok(private(bytes(cbor, copy.to_bytes()))),
    }
}

/// The records of an account
///
/// A copy (spec/README.md §13): records from `from` on with every seed, the postings they came in, and the way to a signed checkpoint. A
/// wallet recomputes all of it. Pages follow one another by `from`.
#[utoipa::path(
    get, path = "/v1/accounts/{address}/records", tag = "accounts", operation_id = "getRecords",
    params(("address" = String, Path, description = "The account's address, `peal1…`"), RecordsQuery),
    security(("signed-read" = [])),
    responses(
        (status = 200, description = "A page of records.", content((Vec<u8> = "application/peal-copy+cbor"), (RecordsView = "application/json"))),
        (status = 401, description = "Not signed by the account's reading key, or no such account: the two are not told apart."),
        (status = 503, description = "Too many copies are being made: send the same request again after Retry-After."),
        (status = "default", description = "Any other problem."),
    )
)]
async fn records(
    State(app): State<Shared>,
    SignedRead(address): SignedRead,
    Params(query): Params<RecordsQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let form = media::choose(&headers, &[copy::MEDIA_TYPE, media::JSON])?;
    let most = app.config.limits.page_records;
    let limit = query.limit.unwrap_or(most);
    if !(1..=most).contains(&limit) {
        return Err(Problem::bad_parameter("limit", format!("expected 1 to {most}")));
    }
    let leave = app.may_copy().await?;
    let copy = copy(&app, address, query.from, limit, query.since, Some(leave.clone())).await?;
    let answer = match form {
        media::JSON => json(&RecordsView::from(&copy)).map(private),
        cbor => Ok(private(bytes(cbor, copy.to_bytes()))),
    };
    drop(leave);
    answer
}

/// A proof of an account's history
///
/// A `.peal` file (spec/README.md §14) that anyone can check offline; as JSON, what it shows by this server's own trust list. The same file
/// can be made at home from a copy.
#[utoipa::path(
    get, path = "/v1/accounts/{address}/proof", tag = "accounts", operation_id = "getProof",
    params(("address" = String, Path, description = "The account's address, `peal1…`"), ProofQuery),
    security(("signed-read" = [])),
    responses(
        (status = 200, description = "The proof, or what it shows.", content((Vec<u8> = "application/peal-proof+cbor"), (crate::verdict::Verified = "application/json"))),
        (status = 401, description = "Not signed by the account's reading key, or no such account: the two are not told apart."),
        (status = 503, description = "Too many copies are being made: send the same request again after Retry-After."),
        (status = "default", description = "Any other problem."),
    )
)]
async fn proof(
    State(app): State<Shared>,
    SignedRead(address): SignedRead,
    Params(query): Params<ProofQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let form = media::choose(&headers, &[proof::MEDIA_TYPE, media::JSON])?;
    let selection = query.selection()?;
    let leave = app.may_copy().await?;
    let copy = copy(&app, address, 0, usize::MAX, None, Some(leave.clone())).await?;
    proved(&app, copy, selection, (form, "history.peal"), leave, |_| true).await
}

/// Answers with a proof of a copy, as a file of this name or as what it shows; `no-access` unless the copy `lets` it be shown.
pub(super) async fn proved(
    app: &Shared,
    copy: Copy,
    selection: Selection,
    (form, name): (&'static str, &str),
    leave: Leave,
    lets: impl FnOnce(&Copy) -> bool + Send + 'static,
) -> Result<Response, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let made = app.compute(move || {
        let _leave = leave;
        if !lets(&copy) {
            return Err(Problem::no_access());
        }
        let proof = copy.prove(&selection).map_err(|e| Problem::internal(&e))?;
        drop(copy);
        if form == media::JSON {
            return json(&Verified::from(verify::verify(&proof, &shared.trust, now)));
        }
        Ok(bytes(proof::MEDIA_TYPE, proof.to_file()))
    });
    let made = made.await??;
    if form == media::JSON {
        return Ok(private(made));
    }
    let name = [(CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\""))];
    Ok(private((name, made).into_response()))
}

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(head)).routes(routes!(records)).routes(routes!(proof))
}
