//! Postings: an issuer sends statements and is given a receipt.
//!
//! 1. The body is read within its limits.
//! 2. It is decoded and its signature and roots are checked on a bounded pool; what fails here never reaches the ledger.
//! 3. The ledger takes it into a commit, or turns it away at once when its queue is full or the sender has her share of it.
//! 4. When the records are durable and under a signed checkpoint, the receipt is given. A client that left in between finds it under the
//!    posting's digest, or by sending the same bytes again.

use std::time::Instant;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Request};
use axum::response::Response;
use peal_ledger::{Error, Ledger};
use peal_spec::address::Address;
use peal_spec::cbor::Cbor as _;
use peal_spec::hash::Hash;
use peal_spec::posting::{self, Checked, Posting};
use peal_spec::receipt::{self, Outcome, Receipt};
use peal_spec::refusal::Refusal;
use peal_spec::statement::Type;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{bytes, json};
use crate::app::Shared;
use crate::problem::{Problem, RecordPlace};
use crate::shares::Sender;
use crate::signed::SignedBy;
use crate::{body, media};

/// What became of a posting.
#[derive(Serialize, ToSchema)]
#[schema(as = Receipt)]
pub struct ReceiptView {
    /// The posting's digest, in hexadecimal. Whoever knows it may ask for this receipt again.
    pub digest: String,
    /// The signed checkpoint of the commit (a C2SP signed note).
    pub checkpoint: String,
    /// The commit's time.
    #[schema(example = "2026-11-02T09:30:00Z")]
    pub time: String,
    /// How many statements were accepted.
    pub accepted: u64,
    /// How many were refused.
    pub refused: u64,
    /// One result per statement, in order.
    pub results: Vec<ResultView>,
}

/// What became of one statement.
#[derive(Serialize, ToSchema)]
#[schema(as = StatementResult)]
#[serde(rename_all = "snake_case")]
pub enum ResultView {
    /// It is a record now.
    Accepted(AcceptedView),
    /// It is not recorded.
    Refused(RefusedView),
}

/// Where a statement was recorded.
#[derive(Serialize, ToSchema)]
#[schema(as = Accepted)]
pub struct AcceptedView {
    /// Number of the account.
    pub account: u64,
    /// The account's address; given with the answer to a posting, not when a receipt is asked for again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Sequence in the account, from 0.
    pub sequence: u64,
    /// Place in the log.
    pub log_index: u64,
}

/// Why a statement was refused: a line of spec/README.md §9.
#[derive(Serialize, ToSchema)]
#[schema(as = Refused)]
pub struct RefusedView {
    /// The refusal's number.
    #[schema(example = 44)]
    pub code: u64,
    /// Its stable name.
    #[schema(example = "reference-taken")]
    pub name: String,
    /// The field at fault.
    #[schema(example = "who")]
    pub field: String,
    /// What is wrong.
    pub says: String,
    /// What to do about it.
    pub remedy: String,
    /// The record that says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<RecordPlace>,
}

impl From<&Refusal> for RefusedView {
    fn from(refusal: &Refusal) -> Self {
        Self {
            code: refusal.code as u64,
            name: refusal.code.name().to_owned(),
            field: refusal.field.clone(),
            says: refusal.code.says().to_owned(),
            remedy: refusal.code.remedy().to_owned(),
            record: refusal.record.map(RecordPlace::from),
        }
    }
}

impl ReceiptView {
    /// The view of a receipt; `subjects` are what the statements are about, where that is known.
    fn new(receipt: &Receipt, subjects: &[Subject]) -> Self {
        let mut log_index = receipt.first.unwrap_or_default();
        let results: Vec<ResultView> = receipt
            .results
            .iter()
            .enumerate()
            .map(|(i, result)| match result {
                Err(refusal) => ResultView::Refused(refusal.into()),
                Ok(accepted) => {
                    let at = log_index;
                    log_index += 1;
                    ResultView::Accepted(AcceptedView {
                        account: accepted.account,
                        address: subjects.get(i).and_then(|s| s.address(accepted.account)),
                        sequence: accepted.sequence,
                        log_index: at,
                    })
                }
            })
            .collect();
        let accepted = receipt.results.iter().filter(|r| r.is_ok()).count() as u64;
        Self {
            digest: receipt.posting.to_string(),
            checkpoint: receipt.checkpoint.clone(),
            time: receipt.time.to_string(),
            accepted,
            refused: results.len() as u64 - accepted,
            results,
        }
    }
}

/// What a statement is about.
enum Subject {
    /// An account that was there.
    Account(Address),
    /// An account that it opens: its id is the statement's root.
    Opened(Hash),
    /// Nothing that can be named.
    Unknown,
}

impl Subject {
    fn of(checked: &Checked) -> Vec<Self> {
        let statements = checked.posting().statements.iter().zip(checked.roots());
        let subject = |(statement, root): (&peal_spec::statement::Statement, &Hash)| match statement.address {
            Some(address) => Self::Account(address),
            None if statement.kind == Type::Opened as u64 => Self::Opened(*root),
            None => Self::Unknown,
        };
        statements.map(subject).collect()
    }

    fn address(&self, number: u64) -> Option<String> {
        match self {
            Self::Account(address) => Some(address.to_string()),
            Self::Opened(id) => Some(Address { number, id: *id }.to_string()),
            Self::Unknown => None,
        }
    }
}

fn answer(headers: &HeaderMap, receipt: &Receipt, subjects: &[Subject]) -> Result<Response, Problem> {
    match media::choose(headers, &[media::JSON, receipt::MEDIA_TYPE])? {
        media::JSON => json(&ReceiptView::new(receipt, subjects)),
        cbor => Ok(bytes(cbor, receipt.to_bytes())),
    }
}

/// Steps 1 to 4, for a posting that `fits` the route.
async fn take(
    app: &Shared,
    request: Request<Body>,
    fits: fn(&Checked) -> Result<(), Problem>,
) -> Result<Response, Problem> {
    let ledger = app.ledger_that_signs()?.clone();
    let headers = request.headers().clone();
    // Asked before anything is recorded, so that a 406 records nothing.
    let names_subjects = media::choose(&headers, &[media::JSON, receipt::MEDIA_TYPE])? == media::JSON;
    let received = body::read(app, request, posting::MEDIA_TYPE).await?;
    let (bytes, shared) = (axum::body::Bytes::from(received.bytes), app.clone());
    let shares = app.shares.clone();
    let submitted = app.compute(move || -> Result<_, Untaken> {
        let checked = Posting::receive_shared(&bytes, ledger.origin()).map_err(Error::Refused)?;
        fits(&checked)?;
        let share = shares.take(sender(&ledger, &checked)?, checked.posting().statements.len());
        // What is recorded already is answered whoever asks, and takes no room.
        if share.is_none() && ledger.receipt(&checked.digest())?.is_none() {
            return Err(Problem::too_many(1).into());
        }
        let subjects = if names_subjects { Subject::of(&checked) } else { Vec::new() };
        // Asked again at the last moment: a body may take a minute to arrive.
        if let Some(held) = shared.signing.held() {
            return Err(Problem::held(&held).into());
        }
        Ok((subjects, share, ledger.submit(checked, bytes.len())?, Instant::now()))
    });
    let (subjects, share, pending, submitted) = submitted.await?.map_err(|untaken| match untaken {
        Untaken::Problem(problem) => problem,
        Untaken::Ledger(error) => app.problem(error),
    })?;
    let receipt = pending.await.map_err(|e| match e {
        // It was in the queue, so it may be recorded.
        Error::Unavailable { .. } => Problem::halted(),
        other => app.problem(other),
    })?;
    app.metrics.receipt(&receipt.results, submitted.elapsed());
    drop((received.room, share));
    answer(&headers, &receipt, &subjects)
}

/// Whose share of the queue a posting takes.
fn sender(ledger: &Ledger, checked: &Checked) -> Result<Sender, Error> {
    let Some(issuer) = checked.payload().issuer else { return Ok(None) };
    let account = ledger.account(issuer.number)?.filter(|a| a.address == issuer);
    let current = account.is_some_and(|a| a.state.control.keys.key == checked.posting().signed.kid);
    Ok(current.then_some(issuer.number))
}

/// Why a posting is not in the queue.
enum Untaken {
    /// It does not fit the route.
    Problem(Problem),
    /// It is refused, or the ledger takes nothing now.
    Ledger(Error),
}

impl From<Problem> for Untaken {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<Error> for Untaken {
    fn from(error: Error) -> Self {
        Self::Ledger(error)
    }
}

/// Open an account for oneself
///
/// Takes a posting whose issuer is null: one statement `opened`, signed by the key it opens with (spec/README.md §5, §6). The new
/// address is in the answer. The same posting sent again gives the same receipt.
#[utoipa::path(
    post, path = "/v1/accounts", tag = "postings", operation_id = "openAccount",
    request_body(content = Vec<u8>, content_type = "application/peal-posting+cbor", description = "`[cose, [statement]]`, spec/README.md §6"),
    responses(
        (status = 200, description = "Recorded: the receipt.", content((ReceiptView = "application/json"), (Vec<u8> = "application/peal-receipt+cbor"))),
        (status = 400, description = "`malformed`: not the encoding of spec/README.md."),
        (status = 403, description = "`bad-signature`, `opening-key`."),
        (status = 409, description = "`id-taken`, `posting-id-taken`."),
        (status = 413, description = "Above the limit on bodies."),
        (status = 415, description = "Another media type, or compressed."),
        (status = 422, description = "Refused whole, or not a self-opening."),
        (status = 429, description = "`too-many`: this sender has her share of the queue under way; send the same posting again after Retry-After."),
        (status = 503, description = "Too much to do, starting or closing: send the same posting again after Retry-After. `unconfirmed`, `rolled-back`: the ledger signs nothing."),
        (status = "default", description = "Any other problem."),
    )
)]
async fn open(State(app): State<Shared>, request: Request<Body>) -> Result<Response, Problem> {
    let fits = |checked: &Checked| match checked.payload().issuer {
        None => Ok(()),
        Some(_) => Err(Problem::not_an_opening()),
    };
    take(&app, request, fits).await
}

/// Post statements
///
/// Takes 1 to 100,000 statements under one signature (spec/README.md §6). A refused statement does not sink the others unless the
/// posting says all-or-nothing; each has its result. A posting refused whole is a problem and leaves no trace. The same posting sent
/// again gives the same receipt, whatever has happened since, so a client that heard nothing sends it again.
#[utoipa::path(
    post, path = "/v1/postings", tag = "postings", operation_id = "post",
    request_body(content = Vec<u8>, content_type = "application/peal-posting+cbor", description = "`[cose, [statement, …]]`, spec/README.md §6"),
    responses(
        (status = 200, description = "Recorded: the receipt, with one result per statement.", content((ReceiptView = "application/json"), (Vec<u8> = "application/peal-receipt+cbor"))),
        (status = 400, description = "`malformed`: not the encoding of spec/README.md."),
        (status = 403, description = "`bad-signature`, `key-not-current`."),
        (status = 409, description = "`posting-id-taken`."),
        (status = 413, description = "Above the limit on bodies."),
        (status = 415, description = "Another media type, or compressed."),
        (status = 422, description = "Refused whole: `foreign-origin`, `count-mismatch`, `root-mismatch`, `posting-in-future`, `unknown-issuer`, …"),
        (status = 429, description = "`too-many`: this sender has her share of the queue under way; send the same posting again after Retry-After."),
        (status = 503, description = "Too much to do, starting or closing: send the same posting again after Retry-After. `unconfirmed`, `rolled-back`: the ledger signs nothing."),
        (status = "default", description = "Any other problem."),
    )
)]
async fn post(State(app): State<Shared>, request: Request<Body>) -> Result<Response, Problem> {
    take(&app, request, |_| Ok(())).await
}

/// Ask for a receipt again
///
/// By the posting's digest, 64 hexadecimal digits; signed by the reading key of the posting's issuer, or of the account that it opened. A receipt
/// names all accounts that the posting is about, and the digest stands in every record that somebody is shown.
#[utoipa::path(
    get, path = "/v1/postings/{digest}", tag = "postings", operation_id = "getReceipt",
    params(("digest" = String, Path, description = "Digest of the posting, 64 hexadecimal digits")),
    security(("signed-read" = [])),
    responses(
        (status = 200, description = "The receipt.", content((ReceiptView = "application/json"), (Vec<u8> = "application/peal-receipt+cbor"))),
        (status = 401, description = "Not signed by the reading key of the account that keyid names."),
        (status = 404, description = "No posting of this reader's with this digest is recorded."),
        (status = "default", description = "Any other problem."),
    )
)]
async fn receipt(
    State(app): State<Shared>,
    SignedBy(reader): SignedBy,
    Path(digest): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let unknown = || {
        Problem::not_found(
            "no posting of yours with this digest is recorded; a digest has 64 hexadecimal digits",
        )
    };
    let digest: Hash = digest.parse().map_err(|_| unknown())?;
    let found = app.ask(move |ledger| ledger.receipt(&digest)).await?.ok_or_else(unknown)?;
    let opened = |result: &Outcome| matches!(result, Ok(accepted) if accepted.account == reader.number);
    let own = match found.issuer {
        Some(issuer) => issuer == reader,
        None => found.receipt.results.first().is_some_and(opened),
    };
    if !own {
        return Err(unknown());
    }
    answer(&headers, &found.receipt, &[])
}

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(open)).routes(routes!(post)).routes(routes!(receipt))
}
