//! The routes, one group a file. A route and its entry in the OpenAPI document are one declaration.

use axum::extract::{FromRequestParts, Query};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::app::Shared;
use crate::media::JSON;
use crate::problem::Problem;

pub mod postings;
pub mod verify;
pub mod accounts;
pub mod ledger;
pub mod tiles;
pub mod recovery;
pub mod shared;
pub mod bound;
pub mod moving;
pub mod carried;
pub mod standing;
pub mod schemes;
pub mod notices;
pub mod seen;
pub mod health;
pub mod docs;

/// Query parameters; an unknown or malformed one is a problem that names it.
pub struct Params<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<Shared> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Problem> {
        let query = Query::<T>::from_request_parts(parts, app).await;
        let bad =
            |e: axum::extract::rejection::QueryRejection| Problem::bad_parameter("query", e.body_text());
        query.map(|Query(params)| Self(params)).map_err(bad)
    }
}

/// Answers with JSON.
pub fn json<T: Serialize>(value: &T) -> Result<Response, Problem> {
    let body = serde_json::to_vec(value).map_err(|e| Problem::internal(&e))?;
    Ok(bytes(JSON, body))
}

/// Answers with bytes of a media type.
pub fn bytes(media_type: &'static str, body: Vec<u8>) -> Response {
    ([(CONTENT_TYPE, media_type)], body).into_response()
}
