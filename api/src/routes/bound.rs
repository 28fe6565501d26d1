//! Where a person is bound already, for bureaus: the address behind the number that a refusal names.

use axum::extract::State;
use axum::response::Response;
use peal_spec::hash::Hash;
use peal_spec::identity::Token;
use peal_spec::role::Role;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::accounts::private;
use super::{Params, json};
use crate::app::Shared;
use crate::problem::Problem;
use crate::signed::SignedRead;

/// Of whom.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct BoundQuery {
    /// The token that the blinding office's answer gives for the person's document, 64 hexadecimal digits.
    token: String,
}

/// Where a person is bound.
#[derive(Serialize, ToSchema)]
#[schema(as = Bound)]
struct BoundView {
    /// The account's address.
    account: String,
    /// Sequence of the binding in it.
    sequence: u64,
}

/// Where a person is bound
///
/// For a bureau that has the person and her document before it, and whose binding was refused as `identity-taken`: the account, so that it can be
/// given back to her, linked, or the binding withdrawn. Signed by the bureau's reading key; its own address is in the path.
#[utoipa::path(
    get, path = "/v1/accounts/{address}/bound", tag = "accounts", operation_id = "getBound",
    params(("address" = String, Path, description = "The bureau's own address, `peal1…`"), BoundQuery),
    security(("signed-read" = [])),
    responses(
        (status = 200, description = "Where.", body = BoundView, content_type = "application/json"),
        (status = 401, description = "Not signed by the account's reading key, or no such account: the two are not told apart."),
        (status = 403, description = "`bureaus-only`: the reader does not hold the role of a bureau now."),
        (status = 404, description = "No binding of this token stands."),
        (status = "default", description = "Any other problem."),
    )
)]
async fn bound(
    State(app): State<Shared>,
    SignedRead(reader): SignedRead,
    Params(query): Params<BoundQuery>,
) -> Result<Response, Problem> {
    let token: Hash =
        query.token.parse().map_err(|_| Problem::bad_parameter("token", "expected 64 hexadecimal digits"))?;
    let now = app.now();
    let account = app.ask(move |ledger| ledger.account(reader.number)).await?;
    let is_bureau = account.is_some_and(|a| a.state.grants(Role::Bureau).any(|grant| grant.in_force(now)));
    if !is_bureau {
        return Err(Problem::bureaus_only());
    }
    let found = app.ask(move |ledger| ledger.bound(&Token(token))).await?;
    let (account, sequence) =
        found.ok_or_else(|| Problem::not_found("no binding of this token stands in this ledger"))?;
    json(&BoundView { account: account.to_string(), sequence }).map(private)
}

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(bound))
}
