//! What an account adds up to under a rule: the same function that a wallet runs at home.

use axum::extract::State;
use axum::response::Response;
use peal_spec::standing::{BadRule, History, Rule, standing};
use peal_spec::value::{Currency, Day, Insurance};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::accounts::{copy, private};
use super::{Params, json};
use crate::app::Shared;
use crate::problem::Problem;
use crate::signed::SignedRead;

/// The rule, member by member (spec/standing.md).
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct StandingQuery {
    /// The insurance, by name or number.
    #[param(example = "pension")]
    insurance: String,
    /// The day, `YYYY-MM-DD`; default today.
    #[param(example = "2026-11-28")]
    today: Option<String>,
    /// What a month must bring before it counts, in minor units of `currency`.
    minimum: Option<u64>,
    /// The currency of `minimum`.
    #[param(example = "CNY")]
    currency: Option<String>,
    /// How many months one needs; default 0.
    #[serde(default)]
    months: u64,
    /// Among how many past months; default all.
    window: Option<u64>,
    /// Insurances whose benefits make a month count as paid, separated by commas.
    #[param(example = "maternity,unemployment")]
    treated: Option<String>,
    /// Days of work with one payer that one needs.
    one: Option<u64>,
    /// Days of work with several payers that one needs.
    several: Option<u64>,
    /// Among how many months.
    days_window: Option<u64>,
    /// Whether a day with three payers is three days of `several`.
    #[serde(default)]
    each: bool,
    /// The part of earnings that is due, in millionths.
    rate: Option<u64>,
    /// The day of the following month until which it is due, 1 to 28; default 15.
    due: Option<u64>,
    /// Interest on what is late, in millionths a day.
    #[serde(default)]
    late: u64,
}

impl StandingQuery {
    fn rule(&self) -> Result<Rule, Problem> {
        let insurance = |field: &str, text: &str| {
            text.parse::<Insurance>().map_err(|e| Problem::bad_parameter(field, e.to_string()))
        };
        let minimum = match (self.minimum, &self.currency) {
            (Some(minimum), Some(code)) => {
                let code = code.parse::<Currency>();
                Some((minimum, code.map_err(|e| Problem::bad_parameter("currency", e.to_string()))?))
            }
            (None, None) => None,
            _ => return Err(Problem::bad_parameter("minimum", "minimum and currency go together")),
        };
        let treated = self.treated.as_deref().filter(|names| !names.is_empty());
        let treated = treated.map(|names| names.split(',').map(|name| insurance("treated", name)).collect());
        let rule = Rule {
            minimum,
            months: self.months,
            window: self.window,
            treated: treated.unwrap_or_else(|| Ok(Vec::new()))?,
            one: self.one,
            several: self.several,
            days_window: self.days_window,
            each: self.each,
            rate: self.rate,
            due: self.due.unwrap_or(Rule::DUE),
            late: self.late,
            ..Rule::plain(insurance("insurance", &self.insurance)?)
        };
        rule.checked().map_err(|BadRule(what)| Problem::bad_parameter("query", what))
    }
}

/// What an account adds up to
///
/// Months that count, gaps, overlaps, what has not arrived, days of work, the register of what is due, totals, and whether it is enough: under the
/// rule that the query gives, as spec/standing.md says. A wallet reckons the same at home, from its own copy.
#[utoipa::path(
    get, path = "/v1/accounts/{address}/standing", tag = "accounts", operation_id = "getStanding",
    params(("address" = String, Path, description = "The account's address, `peal1…`"), StandingQuery),
    security(("signed-read" = [])),
    responses(
        (status = 200, description = "The standing, as spec/standing.md has it in JSON.", body = serde_json::Value, content_type = "application/json"),
        (status = 401, description = "Not signed by the account's reading key, or no such account: the two are not told apart."),
        (status = 503, description = "Too many copies are being made: send the same request again after Retry-After."),
        (status = "default", description = "Any other problem."),
    )
)]
async fn read(
    State(app): State<Shared>,
    SignedRead(address): SignedRead,
    Params(query): Params<StandingQuery>,
) -> Result<Response, Problem> {
    let rule = query.rule()?;
    let today = match &query.today {
        Some(day) => day
            .parse()
            .map_err(|e: peal_spec::value::BadValue| Problem::bad_parameter("today", e.to_string()))?,
        None => Day::from(app.now()),
    };
    let leave = app.may_copy().await?;
    let copy = copy(&app, address, 0, usize::MAX, None, Some(leave.clone())).await?;
    let made = app.compute(move || {
        let _leave = leave;
        json(&standing(&History::of(&copy), &rule, today))
    });
    made.await?.map(private)
}

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(read))
}
