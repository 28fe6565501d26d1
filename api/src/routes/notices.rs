//! Notices of an account as they happen, to its owner: server-sent events.
//!
//! 1. A record is told when it is published; an alert (spec/standing.md) on the day on which something came to be missing or late.
//! 2. The id of each event says how far it goes: the number of records told, and the day up to which alerts were. Whoever was cut off goes on
//!    from there and misses nothing.
//! 3. A stream ends after ten minutes, when the account has another reading key, or when the server closes. The reader signs anew and goes on.
//!
//! Nothing told here is proved. A wallet takes it for a bell: it fetches and checks its copy, and says what that shows.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::unfold;
use peal_spec::address::Address;
use peal_spec::key::PublicKey;
use peal_spec::standing::{History, Told, alerts};
use peal_spec::value::Day;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Params;
use super::accounts::{copy, private};
use crate::app::Shared;
use crate::media;
use crate::problem::Problem;
use crate::signed::SignedRead;
use crate::streams::Place;
use crate::views::RecordsView;

/// The media type of a stream.
pub const MEDIA_TYPE: &str = "text/event-stream";
/// How long a stream lives.
const LIFE: Duration = Duration::from_secs(600);
/// How long it is from one look at the ledger to the next.
const PACE: Duration = Duration::from_millis(500);
/// After how long a line is sent that says nothing, so that both sides know that the other is there.
const ALIVE: Duration = Duration::from_secs(15);
/// The most records that are looked up at once.
const PAGE: usize = 100;

/// Where to go on.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct NoticesQuery {
    /// The id of the last event that was seen; the header Last-Event-ID stands over it. Default: only what is new from now on.
    #[param(example = "17@2026-11-28")]
    after: Option<String>,
}

/// One stream.
struct Notices {
    app: Shared,
    address: Address,
    /// The key that signed for it.
    reading: PublicKey,
    told: Told,
    /// Size of the log when the account was looked at last.
    looked: u64,
    events: VecDeque<Event>,
    ends: Instant,
    _place: Place,
}

impl Notices {
    /// The next event; nothing when the stream ends.
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some((Ok(event), self));
            }
            if self.app.is_closing() || Instant::now() >= self.ends {
                return None;
            }
            match self.look().await {
                Ok(()) if self.events.is_empty() => sleep(PACE).await,
                Ok(()) => {}
                // Whoever is told to come back comes back: the stream waits for its turn.
                Err(problem) if problem.details().status == 503 => sleep(PACE).await,
                Err(_) => return None,
            }
        }
    }

    /// Looks for records and alerts that were not told.
    async fn look(&mut self) -> Result<(), Problem> {
        let size = self.app.ledger()?.published().checkpoint.size;
        if size != self.looked {
            let number = self.address.number;
            let account = self.app.ask(move |ledger| ledger.account(number)).await?;
            let account = account.filter(|a| a.state.control.keys.reading == self.reading);
            let account = account.ok_or_else(|| Problem::unsigned_read("the reading key was changed"))?;
            if account.frontier.size() > self.told.records {
                return self.records().await;
            }
            self.looked = size;
        }
        let today = Day::from(self.app.now());
        if today > self.told.day { self.alerts(today).await } else { Ok(()) }
    }

    async fn records(&mut self) -> Result<(), Problem> {
        let leave = self.app.may_copy().await?;
        let page = copy(&self.app, self.address, self.told.records, PAGE, None, Some(leave)).await?;
        for record in RecordsView::from(&page).page {
            self.told.records += 1;
            self.tell("record", self.told, &record)?;
        }
        Ok(())
    }

    async fn alerts(&mut self, today: Day) -> Result<(), Problem> {
        let leave = self.app.may_copy().await?;
        let whole = copy(&self.app, self.address, 0, usize::MAX, None, Some(leave.clone())).await?;
        let after = self.told.day;
        let found = self.app.compute(move || {
            let _leave = leave;
            alerts(&History::of(&whole), after, today)
        });
        let found = found.await?;
        for (n, alert) in found.iter().enumerate() {
            // Only with the last one all of them have been told.
            let day = if n + 1 == found.len() { today } else { after };
            self.tell("alert", Told { day, ..self.told }, alert)?;
        }
        self.told.day = today;
        Ok(())
    }

    fn tell(&mut self, name: &str, told: Told, data: &impl Serialize) -> Result<(), Problem> {
        let event = Event::default().id(told.to_string()).event(name);
        let data = serde_json::to_string(data).map_err(|e| Problem::internal(&e))?;
        self.events.push_back(event.data(data));
        Ok(())
    }
}

/// Follow an account
///
/// Server-sent events: `record` when something is recorded in the account (a contribution, somebody's access, an answer to a claim), with what
/// it says as in `records`; `alert` when a contribution that was to be expected did not come, or somebody is late with a claim
/// (spec/standing.md). The id of an event, sent back as Last-Event-ID or `after`, goes on from there. A stream ends after ten minutes at the
/// latest: sign again and go on. Between events a line that says nothing comes every 15 seconds. Four streams an account at most.
#[utoipa::path(
    get, path = "/v1/accounts/{address}/notices", tag = "accounts", operation_id = "getNotices",
    params(("address" = String, Path, description = "The account's address, `peal1…`"), NoticesQuery),
    security(("signed-read" = [])),
    responses(
        (status = 200, description = "The events, as they happen.", body = String, content_type = "text/event-stream"),
        (status = 401, description = "Not signed by the account's reading key, or no such account: the two are not told apart."),
        (status = 503, description = "Too many streams are open, of this account or in all: send the same request again after Retry-After."),
        (status = "default", description = "Any other problem."),
    )
)]
async fn notices(
    State(app): State<Shared>,
    SignedRead(address): SignedRead,
    Params(query): Params<NoticesQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    media::choose(&headers, &[MEDIA_TYPE])?;
    let place = app.streams.take(address.number).ok_or_else(|| Problem::overloaded(10))?;
    let today = Day::from(app.now());
    let account = app.ask(move |ledger| ledger.account(address.number)).await?;
    let account = account.ok_or_else(|| Problem::internal(&"an account that has a reading key is gone"))?;
    let records = account.frontier.size();
    let last = headers.get("last-event-id").and_then(|v| v.to_str().ok());
    let told = match last.or(query.after.as_deref()) {
        None => Told { records, day: today },
        Some(text) => text.parse::<Told>().ok().filter(|told| told.records <= records).ok_or_else(|| {
            Problem::bad_parameter("after", "expected the id of an event of this account, as 17@2026-11-28")
        })?,
    };
    let notices = Notices {
        reading: account.state.control.keys.reading,
        app,
        address,
        told,
        looked: 0,
        events: VecDeque::new(),
        ends: Instant::now() + LIFE,
        _place: place,
    };
    let stream = Sse::new(unfold(notices, Notices::next)).keep_alive(KeepAlive::new().interval(ALIVE));
    Ok(private(stream.into_response()))
}

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(notices))
}
