//! Where a person is bound, as the ledger tells its bureaus.

use peal_spec::address::Address;
use peal_spec::identity::Token;
use peal_wallet::http::{Problem, Remote};
use peal_wallet::trouble::Trouble;
use peal_wallet::wallet::Contents;

use crate::cmd::context;

/// The account and the record that bind a token now, if any do.
pub(super) fn of(
    contents: &Contents,
    remote: &Remote,
    token: &Token,
) -> Result<Result<Option<(Address, u64)>, Problem>, Trouble> {
    let (who, key) = (contents.address()?, contents.chain().reading(contents.reading));
    let path = format!("/v1/accounts/{who}/bound");
    let query = format!("token={}", token.0);
    let answer = remote.signed_get(&path, &query, "application/json", &who, &key, context::now()?)?;
    let body = match answer {
        Ok(body) => body,
        // Whatever else answers with 404 does not know.
        Err(problem) if problem.status == 404 && problem.code == "not-found" => return Ok(Ok(None)),
        Err(problem) => return Ok(Err(problem)),
    };
    let value: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let account = value["account"].as_str().and_then(|text| text.parse().ok());
    match account.zip(value["sequence"].as_u64()) {
        Some(found) => Ok(Ok(Some(found))),
        None => Err(Trouble::refused(
            "the answer does not say where the person is bound",
            format!("{}{path}", remote.base()),
            "check that it is the ledger that answers there",
        )),
    }
}
