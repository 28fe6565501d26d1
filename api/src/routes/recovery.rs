//! Who says that which keys are to take over an account, and from when on they may: for the owner, and for whoever has lost her keys.

use axum::extract::State;
use axum::response::Response;
use peal_spec::account::Account;
use peal_spec::key::PublicKey;
use peal_spec::recovery::{Approval, due, is_firm, is_guardian, sets};
use peal_spec::statement::Keys;
use peal_spec::value::Time;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::accounts::private;
use super::json;
use crate::app::Shared;
use crate::problem::Problem;
use crate::signed::RecoveryRead;
use crate::views::hex;

/// How an account is recovered, and what is under way.
#[derive(Serialize, ToSchema)]
#[schema(as = Recovery)]
struct RecoveryView {
    /// The account.
    address: String,
    /// How many guardians there are.
    guardians: usize,
    /// How many of them must agree.
    need: u64,
    /// Seconds during which the present key can veto what guardians approve of.
    delay: u64,
    /// Keys that are to take over.
    pending: Vec<PendingView>,
}

/// Keys that are to take over, and who says so.
#[derive(Serialize, ToSchema)]
#[schema(as = PendingRecovery)]
struct PendingView {
    /// The signing key, in hexadecimal.
    key: String,
    /// The commitment to the next signing key, in hexadecimal.
    next: String,
    /// The reading key, in hexadecimal.
    reading: String,
    /// Who approves of exactly these keys, in order.
    approvals: Vec<ApprovalView>,
    /// Whether they are enough.
    enough: bool,
    /// From when on these keys may take over; absent while too few approve.
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<String>,
    /// Whether the present key cannot veto any more.
    firm: bool,
}

/// One approval.
#[derive(Serialize, ToSchema)]
#[schema(as = Approval)]
struct ApprovalView {
    /// Number of the approver's account.
    by: u64,
    /// `guardian` or `bureau`.
    #[schema(example = "guardian")]
    counts_as: &'static str,
    /// Sequence of the record in the account.
    sequence: u64,
    /// When it was recorded.
    time: String,
    /// Whether the account itself has said no since.
    vetoed: bool,
}

impl RecoveryView {
    /// What the holder of a reading key is told: all of it, or what is about the keys that it is one of.
    fn new(account: &Account, named: Option<PublicKey>) -> Self {
        let policy = &account.state.control.recovery;
        let approvals = account.state.approvals();
        let told = |keys: &&Keys| named.is_none_or(|reading| keys.reading == reading);
        let approval = |a: &Approval| ApprovalView {
            by: a.by,
            counts_as: if is_guardian(policy, a.by) { "guardian" } else { "bureau" },
            sequence: a.sequence,
            time: a.time.to_string(),
            vetoed: a.vetoed,
        };
        let sets = sets(approvals);
        let pending = sets.iter().filter(told).map(|keys| {
            let due = due(approvals, policy, keys).map(|(due, _)| due);
            PendingView {
                key: hex(&keys.key.0),
                next: keys.next.to_string(),
                reading: hex(&keys.reading.0),
                approvals: approvals.iter().filter(|a| a.keys == *keys).map(approval).collect(),
                enough: due.is_some(),
                due: due.and_then(Time::new).map(|t| t.to_string()),
                firm: is_firm(approvals, policy, keys),
            }
        });
        Self {
            address: account.address.to_string(),
            guardians: policy.guardians.len(),
            need: policy.need,
            delay: policy.delay.seconds(),
            pending: pending.collect(),
        }
    }
}

/// The recovery of an account
///
/// Who approves of which keys, and when they may take over (spec/README.md §8). Read with the account's present reading key; or, by whoever
/// has lost it, with the reading key that is to be hers, named in `reading`, as soon as one approval names it: she is then told about her
/// own keys only. What it says is the ledger's word until it is seen in the records.
#[utoipa::path(
    get, path = "/v1/accounts/{address}/recovery", tag = "accounts", operation_id = "getRecovery",
    params(
        ("address" = String, Path, description = "The account's address, `peal1…`"),
        ("reading" = Option<String>, Query, description = "The reading key that signs, in hexadecimal, where it is one that an approval names."),
    ),
    security(("signed-read" = [])),
    responses(
        (status = 200, description = "The recovery.", body = RecoveryView),
        (status = 401, description = "Not signed by such a reading key, or no such account: the two are not told apart."),
        (status = "default", description = "Any other problem."),
    )
)]
async fn recovery(State(app): State<Shared>, read: RecoveryRead) -> Result<Response, Problem> {
    let account = app.ask(move |ledger| ledger.account(read.address.number)).await?;
    let account = account.ok_or_else(|| Problem::internal(&"an account that was read is gone"))?;
    json(&RecoveryView::new(&account, read.named)).map(private)
}

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(recovery))
}
