//! Problems: the one place where a refusal or a failure becomes a status and a text for the outside (RFC 9457).
//!
//! What the outside is told and what the log is told are two things: whatever is internal goes to the log only.

use axum::http::header::{ACCEPT, ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use peal_spec::refusal::{Code, Refusal};
use serde::Serialize;
use utoipa::ToSchema;

use crate::carried::Unfit;
use crate::signing::Held;

/// The media type of every problem.
pub const MEDIA_TYPE: &str = "application/problem+json";

const NO_ACCESS: &str = "no access of yours is recorded there that lets you read this now";

/// Where a record stands: account number and sequence in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RecordPlace {
    /// Number of the account.
    pub account: u64,
    /// Sequence in the account, from 0.
    pub sequence: u64,
}

impl From<(u64, u64)> for RecordPlace {
    fn from((account, sequence): (u64, u64)) -> Self {
        Self { account, sequence }
    }
}

/// A problem details object (RFC 9457).
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Problem, example = json!({
    "type": "urn:peal:refusal:bad-signature", "title": "the signature does not verify strictly under kid", "status": 403,
    "detail": "bad-signature: the signature does not verify strictly under kid (signature)", "code": "bad-signature",
    "number": 3, "field": "signature", "remedy": "sign the exact payload with external_aad \"peal posting v1\""
}))]
pub struct Details {
    /// A stable URI: `urn:peal:refusal:NAME` for the refusals of spec/README.md §9, `urn:peal:problem:NAME` for the rest.
    #[serde(rename = "type")]
    pub kind: String,
    /// The same words for every problem of this type.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened this time.
    pub detail: String,
    /// The last part of the type.
    pub code: String,
    /// The number of the refusal in spec/README.md §9.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// The field, parameter or header at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// The record that says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<RecordPlace>,
    /// Seconds after which to try again; also in the header Retry-After.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

/// Why a request is not answered with what it asked for.
#[derive(Clone, Debug)]
pub struct Problem(Box<(Details, HeaderMap)>);

/// The stable name of the problem in a response, for the log and the metrics.
#[derive(Clone, Debug)]
pub struct CodeName(pub String);

impl Problem {
    fn new(status: StatusCode, code: &str, title: &str, detail: impl Into<String>) -> Self {
        let details = Details {
            kind: format!("urn:peal:problem:{code}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            code: code.to_owned(),
            number: None,
            field: None,
            remedy: None,
            record: None,
            retry_after: None,
        };
        Self(Box::new((details, HeaderMap::new())))
    }

    fn field(mut self, field: &str) -> Self {
        self.0.0.field = Some(field.to_owned());
        self
    }

    fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.0.0.remedy = Some(remedy.into());
        self
    }

    fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.0.1.insert(name, value);
        }
        self
    }

    fn retry_after(mut self, seconds: u64) -> Self {
        self.0.0.retry_after = Some(seconds);
        self.header(RETRY_AFTER, &seconds.to_string())
    }

    /// What the outside is told.
    pub fn details(&self) -> &Details {
        &self.0.0
    }

    /// What bureaus alone may ask.
    pub fn bureaus_only() -> Self {
        let title = "this is for bureaus";
        let detail = "the reader does not hold the role of a bureau now";
        Self::new(StatusCode::FORBIDDEN, "bureaus-only", title, detail)
            .remedy("ask the ledger's registrar for the role")
    }

    /// No such resource, without saying why.
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "there is nothing here", what)
            .remedy("check the address; /docs lists what there is")
    }

    /// The resource does not know this method.
    pub fn method_not_allowed(allow: Option<&HeaderValue>) -> Self {
        let problem = Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method-not-allowed",
            "this resource does not know this method",
            "the header Allow names those that it knows",
        );
        match allow.and_then(|v| v.to_str().ok()) {
            Some(allow) => problem.header(ALLOW, allow),
            None => problem,
        }
    }

    /// Nothing that the client accepts is offered.
    pub fn not_acceptable(offers: &[&str]) -> Self {
        let detail = format!("this resource is offered as {}", offers.join(" or "));
        Self::new(
            StatusCode::NOT_ACCEPTABLE,
            "not-acceptable",
            "no form that Accept allows is offered",
            detail,
        )
        .field("Accept")
        .remedy("leave Accept out, or name one of these")
    }

    /// The body is of another media type, or encoded.
    pub fn unsupported(field: &str, wanted: &str) -> Self {
        let title = "the body is not of the media type that is read here";
        let wanted_header = (field == "Content-Type").then_some(wanted);
        let problem = Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported-media-type",
            title,
            format!("this resource reads {wanted}, not compressed"),
        )
        .field(field)
        .remedy(format!("send Content-Type: {wanted} and no Content-Encoding"));
        wanted_header.map_or(problem.clone(), |w| problem.header(ACCEPT, w))
    }

    /// The body is larger than the limit.
    pub fn too_large(limit: usize) -> Self {
        let detail = format!("a request body has at most {limit} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "the body is too large", detail)
            .remedy("split what you send into several")
    }

    /// Nothing of the body arrived for too long.
    pub fn stalled_body(seconds: u64) -> Self {
        Self::late_body(format!("no byte of the body arrived for {seconds} s"))
    }

    /// Too little of the body arrived in a window.
    pub fn slow_body(bytes: usize, seconds: u64) -> Self {
        Self::late_body(format!("less than {bytes} bytes of the body arrived in {seconds} s"))
    }

    fn late_body(detail: String) -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "slow-body", "the body did not arrive in time", detail)
            .remedy("send the request again on a better connection, or in smaller parts")
    }

    /// The body ended early.
    pub fn broken_body() -> Self {
        let title = "the body did not arrive whole";
        Self::new(StatusCode::BAD_REQUEST, "broken-body", title, title).remedy("send the request again")
    }

    /// A parameter in the path or query is not what it should be.
    pub fn bad_parameter(field: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-parameter", "a parameter is not what it should be", detail)
            .field(field)
            .remedy("see /docs for what it may be")
    }

    /// A question that cannot be asked of a scheme: the member at fault, and what is wrong with it.
    pub fn bad_question(at: &str, what: impl Into<String>) -> Self {
        let title = "this question cannot be asked of this scheme";
        Self::new(StatusCode::BAD_REQUEST, "bad-question", title, what)
            .field(at)
            .remedy("spec/schemes.md says what a question has; GET /v1/schemes/ID with Accept: application/json lists what may be given")
    }

    /// Bytes that are no proof file at all.
    pub fn foreign_file() -> Self {
        let title = "this is not a PEAL proof file";
        let detail = "it neither starts nor ends as spec/README.md §14 says";
        Self::new(StatusCode::BAD_REQUEST, "foreign-file", title, detail)
            .remedy("send the bytes of a .peal file")
    }

    /// A posting sent to the place for self-openings that is none.
    pub fn not_an_opening() -> Self {
        let title = "this posting does not open an account for its own signer";
        let detail = "its issuer is not null; /v1/accounts takes openings by the person herself";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "not-an-opening", title, detail)
            .field("issuer")
            .remedy("send it to /v1/postings")
    }

    /// A read that is not signed by the account's reading key. Says the same whether or not the account exists.
    pub fn unsigned_read(detail: &str) -> Self {
        let title = "this resource is read with a signature by the account's reading key";
        Self::new(StatusCode::UNAUTHORIZED, "unsigned-read", title, detail)
            .field("Signature")
            .remedy(
                "sign (\"@method\" \"@authority\" \"@path\" \"@query\");created=UNIX-TIME;keyid=\"ADDRESS\";alg=\"ed25519\";tag=\"peal-read\" \
                 under the label peal (RFC 9421), with the reading key of the account in the path, at most 300 s ago",
            )
            .header(WWW_AUTHENTICATE, "Signature realm=\"peal\", label=\"peal\", tag=\"peal-read\"")
            .header(
                HeaderName::from_static("accept-signature"),
                "peal=(\"@method\" \"@authority\" \"@path\" \"@query\");created;keyid;alg=\"ed25519\";tag=\"peal-read\"",
            )
    }

    /// Somebody reads another's account, and no access of hers says so. Says the same whether or not the account exists.
    pub fn no_access() -> Self {
        let detail =
            "an access opens an account for 10 minutes, for what it says, while its consent is not revoked";
        Self::new(StatusCode::FORBIDDEN, "no-access", NO_ACCESS, detail)
            .field("access")
            .remedy("post a statement of type access under the person's consent, and give its sequence here within 10 minutes")
    }

    /// Somebody asks what the owner and parties of an account alone are told. Says the same whether or not the account exists.
    pub fn no_party(parties: &str) -> Self {
        let detail = format!(
            "only {parties} are answered here, and the reader is none of them, or there is no such account"
        );
        Self::new(StatusCode::FORBIDDEN, "no-access", NO_ACCESS, detail)
            .remedy("ask the person; with her consent an access opens her account (GET /v1/accounts/{address}/shared)")
    }

    /// The account is not under way to another ledger.
    pub fn not_departed() -> Self {
        let detail = "no departure of this account is in force";
        Self::new(StatusCode::NOT_FOUND, "not-departed", "this account is here", detail)
            .remedy("send your posting to this ledger")
    }

    /// Something is to be carried with a record that is no arrival.
    pub fn not_an_arrival() -> Self {
        let title = "this record is not an arrival";
        let detail =
            "a history is carried with the arrival that it belongs to, which has to be recorded first";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "not-an-arrival", title, detail).field("sequence").remedy(
            "give the sequence of the arrival in this account; GET /v1/accounts/{address}/move lists them",
        )
    }

    /// A history that is larger than may be carried.
    pub fn carried_too_large(limit: usize) -> Self {
        Self::too_large(limit).remedy(
            "make a proof that shows some records as headers only, as `peal prove` does for a range of months: all records have to be there, not all contents",
        )
    }

    /// A history that is not what arrived, or is not proved.
    pub fn carried(unfit: Unfit) -> Self {
        let (code, title, detail) = match unfit {
            Unfit::Foreign => return Self::foreign_file(),
            Unfit::Other(what) => {
                ("carried-other", "this is not the history of what has arrived", what.to_owned())
            }
            Unfit::Incomplete => (
                "carried-incomplete",
                "this history is not complete",
                "it hides records: every one has to be shown, at least as a header".to_owned(),
            ),
            Unfit::Invalid(failure) => (
                "carried-invalid",
                "this history is not proved by the list that the arrival shows",
                failure.to_string(),
            ),
        };
        let remedy = match code {
            "carried-invalid" => {
                "check the file with `peal verify` under that list; a damaged one has to be made or sent again"
            }
            _ => {
                "make a proof of the whole account in the other ledger, at the size that the arrival names; if it has grown, record a further arrival first"
            }
        };
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, title, detail).field("body").remedy(remedy)
    }

    /// There is no room for a history.
    pub fn carried_full() -> Self {
        let title = "this ledger has no room for more histories";
        let detail = "nothing was kept; the arrival stands without it";
        Self::new(StatusCode::INSUFFICIENT_STORAGE, "carried-full", title, detail).remedy(
            "keep the file at home and send it again later; the operator can raise limits.carried_bytes, or make room on the disk",
        )
    }

    /// More is under way than the server will take on.
    pub fn overloaded(retry_after: u64) -> Self {
        let title = "the server has more to do than it takes on";
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "overloaded",
            title,
            "nothing of this request was recorded",
        )
        .remedy("send the same request again after the time given")
        .retry_after(retry_after)
    }

    /// One sender has more under way than her share.
    pub fn too_many(retry_after: u64) -> Self {
        let title = "this sender has as much under way as one may have";
        let detail = "nothing of this request was recorded; the rest of the queue is kept for others";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many", title, detail)
            .remedy("send the same request again after the time given, and fewer at a time")
            .retry_after(retry_after)
    }

    /// The ledger is being opened.
    pub fn starting() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "starting", "the ledger is being opened", "try again soon")
            .remedy("send the same request again after the time given")
            .retry_after(1)
    }

    /// The server is going down.
    pub fn closing() -> Self {
        let detail = "nothing of this request was recorded";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "closing", "the server is going down", detail)
            .remedy("send the same request again when it is back")
            .retry_after(5)
    }

    /// The ledger takes nothing more until the operator has looked at it.
    pub fn halted() -> Self {
        let detail = "the ledger takes nothing more until the operator has looked at it; whether this request was recorded is not known";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "halted", "the ledger has stopped", detail)
            .remedy("send the same posting again later: it gives the same receipt")
            .retry_after(60)
    }

    /// The ledger may not sign: somebody has seen more of it, or that is not known yet.
    pub fn held(held: &Held) -> Self {
        let title = "the ledger signs nothing";
        let (code, why, seconds) = match held {
            Held::Waiting(why) => ("unconfirmed", why, 5),
            Held::Refusing(why) => ("rolled-back", why, 600),
        };
        let detail = format!("{why}; nothing of this request was recorded");
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, code, title, detail).retry_after(seconds);
        problem.remedy(match held {
            Held::Waiting(_) => "send the same posting again after the time given",
            Held::Refusing(_) => "keep the posting and send it again when the operator has put back the newest copy; reads go on",
        })
    }

    /// A note shows that this log is not what it was.
    pub fn rolled_back(why: &str) -> Self {
        let title = "the note shows that this log is not what it was";
        let detail = format!("{why}; the note is kept, and the ledger signs nothing from now on");
        Self::new(StatusCode::CONFLICT, "rolled-back", title, detail).field("note").remedy(
            "keep the note: it is evidence. The operator has to put back the newest copy of the ledger",
        )
    }

    /// A note that is not a checkpoint by this ledger's operator.
    pub fn foreign_note(detail: &str) -> Self {
        let title = "this is not a checkpoint that this ledger's operator has signed";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "foreign-note", title, detail)
            .field("note")
            .remedy("send the signed note of a checkpoint, a receipt or a copy of this ledger")
    }

    /// Not enough witnesses have cosigned anything yet.
    pub fn unpublished() -> Self {
        let title = "no checkpoint is published yet";
        let detail =
            "the witnesses that are needed have not cosigned one; /v1/checkpoint gives the operator's own";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unpublished", title, detail)
            .remedy("send the same request again after the time given")
            .retry_after(1)
    }

    /// A request took too long.
    pub fn timeout(seconds: u64) -> Self {
        let title = "the request took too long";
        let detail =
            format!("it was not done after {seconds} s; whether a posting was recorded is not known");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "timeout", title, detail)
            .remedy("send the same posting again: it gives the same receipt")
            .retry_after(5)
    }

    /// Something that is this program's or the operator's to mend. The cause goes to the log only.
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "internal fault");
        let title = "something went wrong here";
        let detail = "the cause is in the operator's log under this answer's X-Request-Id";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", title, detail).remedy(
            "tell the operator the X-Request-Id; a posting may be sent again: it gives the same receipt",
        )
    }
}

/// The status of a refusal of a whole posting.
fn status(code: Code) -> StatusCode {
    match code {
        Code::Malformed => StatusCode::BAD_REQUEST,
        Code::BadSignature | Code::KeyNotCurrent | Code::OpeningKey => StatusCode::FORBIDDEN,
        Code::PostingIdTaken | Code::IdTaken => StatusCode::CONFLICT,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let code = refusal.code;
        let mut problem = Self::new(status(code), code.name(), code.says(), refusal.to_string())
            .field(&refusal.field)
            .remedy(code.remedy());
        let details = &mut problem.0.0;
        details.kind = format!("urn:peal:refusal:{}", code.name());
        details.number = Some(code as u64);
        details.record = refusal.record.map(RecordPlace::from);
        problem
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (details, headers) = *self.0;
        let status = StatusCode::from_u16(details.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&details).unwrap_or_default();
        let mut response = (status, [(CONTENT_TYPE, MEDIA_TYPE)], body).into_response();
        response.headers_mut().extend(headers);
        response.extensions_mut().insert(CodeName(details.code));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_of_a_whole_posting_is_the_clients_to_mend() {
        for code in Code::ALL {
            let problem = Problem::from(Refusal::new(*code, "field").at((3, 4)));
            let details = problem.details();
            assert!((400..500).contains(&details.status), "{code:?}");
            assert_eq!(details.kind, format!("urn:peal:refusal:{}", code.name()));
            assert_eq!(details.record, Some(RecordPlace { account: 3, sequence: 4 }));
        }
    }

    #[test]
    fn what_is_internal_stays_inside() {
        let text = serde_json::to_string(Problem::internal(&"/secret/path").details()).unwrap();
        assert!(!text.contains("secret"));
    }
}
