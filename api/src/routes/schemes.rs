//! What a scheme asks and gives: the packs, and what is reckoned by them (spec/schemes.md).
//!
//! No signature is asked for. A question is reckoned, answered and forgotten: nothing of it is kept, logged or counted, but that one was asked.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use peal_spec::hash;
use peal_spec::scheme::{
    Ask, BadQuestion, Earning, Given, Input, Label, Lang, Pack, Parameter, ProjectQuestion, Question,
    Scenario, Unit, card, due, project, svg,
};
use peal_spec::value::{Day, Month};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::sync::OwnedSemaphorePermit;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::accounts::private;
use super::{Params, bytes};
use crate::app::Shared;
use crate::body;
use crate::media::{self, JSON};
use crate::problem::Problem;
use crate::schemes::Scheme;

/// The text of a pack.
const TOML: &str = "application/toml";
/// A picture.
const SVG: &str = "image/svg+xml";
/// The most bytes of a question about earnings: 100 for each of ten thousand.
const MAX_ESTIMATE: usize = 1 << 20;
/// The most lines that an answer may come to, by what can be told beforehand; one has about 2 KB.
const MAX_LINES: u64 = 10_000;
/// The most scenarios that a question may bring: each is a life, month by month.
const MAX_SCENARIOS: usize = 10;
/// The most bytes of a question about what comes in the end.
const MAX_PROJECT: usize = 256 << 10;

/// A text in both languages.
#[derive(Serialize, ToSchema)]
#[schema(as = SchemeText)]
pub struct TextView {
    /// In English.
    #[schema(example = "France: micro-entrepreneurs")]
    pub en: String,
    /// In Chinese.
    pub zh: String,
}

impl From<&Label> for TextView {
    fn from(label: &Label) -> Self {
        Self { en: label.en.clone(), zh: label.zh.clone() }
    }
}

/// A scheme that this server reckons by.
#[derive(Serialize, ToSchema)]
#[schema(as = Scheme)]
pub struct SchemeView {
    /// Its name, as contributions have it.
    #[schema(example = "fr-micro")]
    pub id: String,
    /// Which edition.
    #[schema(example = "2026.1")]
    pub version: String,
    /// SHA-256 of its pack, in hexadecimal; every answer names it.
    pub sha256: String,
    /// What it is called.
    pub title: TextView,
    /// ISO 3166-1 code of the country.
    #[schema(example = "FR")]
    pub jurisdiction: String,
    /// Of all its money.
    #[schema(example = "EUR")]
    pub currency: String,
    /// The first day that it covers.
    #[schema(example = "2009-01-01")]
    pub from: String,
    /// The last one.
    #[schema(example = "2026-12-31")]
    pub to: String,
}

impl From<&Pack> for SchemeView {
    fn from(pack: &Pack) -> Self {
        Self {
            id: pack.id.clone(),
            version: pack.version.clone(),
            sha256: pack.sha256.to_string(),
            title: (&pack.title).into(),
            jurisdiction: pack.jurisdiction.clone(),
            currency: pack.currency.to_string(),
            from: pack.from.to_string(),
            to: pack.to.to_string(),
        }
    }
}

/// What a form needs that asks for a scheme's questions.
#[derive(Serialize, ToSchema)]
#[schema(as = SchemeForm)]
pub struct FormView {
    /// The scheme.
    #[serde(flatten)]
    pub scheme: SchemeView,
    /// What is asked of the person, or said with an earning: members of `with`.
    pub inputs: Vec<InputView>,
    /// What the law fixes and a question may set otherwise: members of `set`.
    pub parameters: Vec<ParameterView>,
    /// The ways to take part that a projection compares unless the question brings its own.
    pub scenarios: Vec<ScenarioView>,
    /// Whether it says what is due of earnings.
    pub estimates: bool,
    /// Whether it says what comes in the end.
    pub projects: bool,
    /// Whether it says in plain words what it costs and gives.
    pub card: bool,
}

/// Something that is asked.
#[derive(Serialize, ToSchema)]
#[schema(as = SchemeInput)]
pub struct InputView {
    /// Its name.
    #[schema(example = "category")]
    pub name: String,
    /// What it is called.
    pub label: TextView,
    /// `choice`, `flag`, `number`, `money`, `share` or `month`.
    #[schema(value_type = String, example = "choice")]
    pub kind: Ask,
    /// Of a choice: what it may be.
    pub choices: Vec<ChoiceView>,
    /// Whether it has a value if nobody says.
    pub default: bool,
}

impl From<&Input> for InputView {
    fn from(input: &Input) -> Self {
        let choice = |(key, label): &(String, Label)| ChoiceView { key: key.clone(), label: label.into() };
        Self {
            name: input.name.clone(),
            label: (&input.label).into(),
            kind: input.ask,
            choices: input.choices.iter().map(choice).collect(),
            default: input.default.is_some(),
        }
    }
}

/// One of several.
#[derive(Serialize, ToSchema)]
#[schema(as = SchemeChoice)]
pub struct ChoiceView {
    /// What a question says.
    #[schema(example = "services-bnc")]
    pub key: String,
    /// What it is called.
    pub label: TextView,
}

/// Something that the law fixes.
#[derive(Serialize, ToSchema)]
#[schema(as = SchemeParameter)]
pub struct ParameterView {
    /// Its name.
    #[schema(example = "rate")]
    pub name: String,
    /// What it is called.
    pub label: TextView,
    /// `share`, `money` (in major units), `number`, `days`, `weeks`, `months`, `years`, or `month`: a calendar month.
    #[schema(value_type = String, example = "share")]
    pub unit: Unit,
    /// The input by which it differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

impl ParameterView {
    fn of(pack: &Pack, parameter: &Parameter) -> Self {
        let by = parameter.by.and_then(|at| pack.inputs.get(at));
        Self {
            name: parameter.name.clone(),
            label: (&parameter.label).into(),
            unit: parameter.unit,
            by: by.map(|input| input.name.clone()),
        }
    }
}

/// A way to take part.
#[derive(Serialize, ToSchema)]
#[schema(as = SchemeScenario)]
pub struct ScenarioView {
    /// Its name.
    pub name: String,
    /// What it is called.
    pub label: TextView,
}

impl From<&Scenario> for ScenarioView {
    fn from(scenario: &Scenario) -> Self {
        Self { name: scenario.name.clone(), label: (&scenario.label).into() }
    }
}

impl From<&Pack> for FormView {
    fn from(pack: &Pack) -> Self {
        Self {
            scheme: pack.into(),
            inputs: pack.inputs.iter().map(InputView::from).collect(),
            parameters: pack.parameters.iter().map(|parameter| ParameterView::of(pack, parameter)).collect(),
            scenarios: pack.scenarios.iter().map(ScenarioView::from).collect(),
            estimates: !pack.dues.is_empty() || !pack.counts.is_empty(),
            projects: pack.pension.is_some(),
            card: pack.card.is_some(),
        }
    }
}

/// A scheme by the id in the path.
fn named(app: &Shared, id: &str) -> Result<Arc<Scheme>, Problem> {
    app.schemes.get(id).ok_or_else(|| {
        let ids: Vec<&str> = app.schemes.all().map(|scheme| scheme.pack.id.as_str()).collect();
        Problem::not_found(&format!("no such scheme; this server has {}", ids.join(", ")))
    })
}

/// Answers with what changes only when the server starts anew: whoever has it already asks whether it is still so (RFC 9110 §13.1.2).
fn kept(headers: &HeaderMap, answer: Response, body: &[u8]) -> Response {
    let tag = format!("\"{}\"", hash::plain(body));
    let known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let same = |known: &str| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag;
    let same = known.flat_map(|value| value.split(',')).any(|known| same(known.trim()));
    let about = [(ETAG, tag.clone()), (CACHE_CONTROL, "no-cache".to_owned()), (VARY, "Accept".to_owned())];
    if same { (StatusCode::NOT_MODIFIED, about).into_response() } else { (about, answer).into_response() }
}

fn kept_json<T: Serialize>(headers: &HeaderMap, value: &T) -> Result<Response, Problem> {
    let body = written(value)?;
    let answer = bytes(JSON, body.clone());
    Ok(kept(headers, answer, &body))
}

/// The schemes
///
/// By which this server reckons: those that come with PEAL, and the operator's own. A pack is a file that anybody can read and check;
/// its hash stands in every answer.
#[utoipa::path(
    get, path = "/v1/schemes", tag = "schemes", operation_id = "listSchemes",
    responses(
        (status = 200, description = "In order of id. With an ETag.", body = Vec<SchemeView>),
        (status = 304, description = "As If-None-Match has it."),
        (status = "default", description = "Any problem."),
    )
)]
async fn list(State(app): State<Shared>, headers: HeaderMap) -> Result<Response, Problem> {
    media::choose(&headers, &[JSON])?;
    let all: Vec<SchemeView> = app.schemes.all().map(|scheme| (&scheme.pack).into()).collect();
    kept_json(&headers, &all)
}

/// A scheme
///
/// The pack itself, byte for byte: the ETag is its SHA-256. As JSON, what a form needs that asks for the scheme's questions: inputs with their
/// choices, parameters, scenarios.
#[utoipa::path(
    get, path = "/v1/schemes/{id}", tag = "schemes", operation_id = "getScheme",
    params(("id" = String, Path, description = "The scheme's id", example = "fr-micro")),
    responses(
        (status = 200, description = "The pack, or what a form needs.", content(
            (String = "application/toml"),
            (FormView = "application/json"),
        )),
        (status = 304, description = "As If-None-Match has it."),
        (status = 404, description = "No such scheme; the detail lists the ids."),
        (status = "default", description = "Any other problem."),
    )
)]
async fn pack(
    State(app): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let scheme = named(&app, &id)?;
    match media::choose(&headers, &[TOML, JSON])? {
        JSON => kept_json(&headers, &FormView::from(&scheme.pack)),
        _ => {
            let text = scheme.text.as_bytes();
            Ok(kept(&headers, bytes("application/toml; charset=utf-8", text.to_vec()), text))
        }
    }
}

/// Reads a question. What is no question names the member at fault.
fn question<Q: DeserializeOwned>(body: &[u8]) -> Result<Q, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let read = serde_path_to_error::deserialize(&mut reader);
    let asked = read.map_err(|e| {
        let (path, e) = (e.path().to_string(), e.into_inner());
        let at = if e.is_data() && path != "." { path.as_str() } else { "body" };
        let what = match e.to_string() {
            vague if vague.starts_with("data did not match any variant") => {
                "expected a text, a whole number, true or false; decimals stand in quotes, as \"0.128\""
                    .into()
            }
            what => what,
        };
        Problem::bad_question(at, what)
    })?;
    reader.end().map_err(|e| Problem::bad_question("body", e.to_string()))?;
    Ok(asked)
}

/// How many lines an answer has at most: one for each rule in each month of the question's years, and in each month of each earning.
fn lines(pack: &Pack, question: &Question) -> u64 {
    let month = |text: &Option<String>| text.as_ref()?.get(..7)?.parse::<Month>().ok();
    let between = |from: &Option<String>, to: &Option<String>| {
        Some(u64::from(month(to)?.ordinal().saturating_sub(month(from)?.ordinal())) + 1)
    };
    let months = |earning: &Earning| match (&earning.from, &earning.year) {
        (None, None) => 1,
        // An earning has at most a year.
        _ => between(&earning.from, &earning.to).unwrap_or(13).min(13),
    };
    let year = |text: &String| text.get(..4)?.parse::<u64>().ok();
    let given = |year: &Given| match year {
        Given::Whole(year) => u64::try_from(*year).ok(),
        Given::Text(year) => year.parse().ok(),
        Given::Flag(_) => None,
    };
    let days = |e: &Earning| {
        let texts = [&e.day, &e.month, &e.from, &e.to].map(|text| text.as_ref().and_then(year));
        texts.into_iter().flatten().chain(e.year.as_ref().and_then(given)).collect::<Vec<_>>()
    };
    let asked = [&question.from, &question.to].map(|text| text.as_ref().and_then(year));
    let years = question.earnings.iter().flat_map(days).chain(asked.into_iter().flatten());
    let (first, last) = years.fold((u64::MAX, 0), |(first, last), year| (first.min(year), last.max(year)));
    let whole = last.saturating_sub(first).saturating_add(1).saturating_mul(12);
    let cells = question.earnings.iter().map(months).fold(whole, u64::saturating_add);
    cells.saturating_mul((pack.dues.len() + pack.counts.len()) as u64)
}

/// An answer that takes up room among all bodies held until it was sent.
struct Made {
    bytes: Vec<u8>,
    _room: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Made {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Reads a question of at most so many bytes, and reckons what it asks off the threads that serve connections.
async fn reckon<Q: DeserializeOwned + 'static>(
    app: &Shared,
    request: Request<Body>,
    most: usize,
    scheme: Arc<Scheme>,
    media_type: &'static str,
    answer: impl FnOnce(&Pack, &Q) -> Result<Vec<u8>, Problem> + Send + 'static,
) -> Result<Response, Problem> {
    let received = body::read_within(app, request, JSON, most.min(app.config.limits.body_bytes)).await?;
    // Held until the work is done, whether or not anyone still waits for it.
    let leave = app.may_reckon().await?;
    let reckoned = app.compute(move || {
        let _held = (leave, received.room);
        let question = question(&received.bytes)?;
        answer(&scheme.pack, &question)
    });
    let bytes = reckoned.await??;
    let room = u32::try_from(bytes.len().div_ceil(1024)).map_err(|e| Problem::internal(&e))?;
    let room = app.room.clone().try_acquire_many_owned(room).map_err(|_| Problem::overloaded(1))?;
    let made = Bytes::from_owner(Made { bytes, _room: room });
    Ok(private(([(CONTENT_TYPE, media_type)], Body::from(made)).into_response()))
}

fn bad(bad: BadQuestion) -> Problem {
    Problem::bad_question(&bad.at, bad.what)
}

fn written<T: Serialize>(value: &T) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(value).map_err(|e| Problem::internal(&e))
}

/// What is due
///
/// Of earnings, by the scheme: what each rule comes to, who pays, for which insurance, before and after subsidies, and beside income. What
/// the pack does not know is named under `refused`, and `complete` is then false. Nothing is guessed, and every line says which values of
/// the law made it. No signature is asked for, and nothing of the question is kept.
#[utoipa::path(
    post, path = "/v1/schemes/{id}/estimate", tag = "schemes", operation_id = "estimate",
    params(("id" = String, Path, description = "The scheme's id", example = "fr-micro")),
    request_body(
        content = serde_json::Value, content_type = "application/json",
        description = "The question of spec/schemes.md §4, at most 1 MiB. Earnings are in minor units. Earnings, months and rules may come to 10,000 lines at most.",
        example = json!({ "earnings": [{ "year": 2025, "gross": 5_000_000 }], "with": { "category": "services-bnc" } }),
    ),
    responses(
        (
            status = 200, description = "What is due, as spec/schemes.md §4 has it.", body = serde_json::Value, content_type = "application/json",
            example = json!({
                "scheme": { "id": "fr-micro", "version": "2026.1" }, "currency": "EUR", "from": "2025-01-01", "to": "2025-12-31", "complete": true,
                "payers": [{ "payer": "self", "before": 1_240_000, "subsidy": 0, "after": 1_240_000 }]
            }),
        ),
        (status = 400, description = "`bad-question`: `field` names the member at fault."),
        (status = 404, description = "No such scheme; the detail lists the ids."),
        (status = 413, description = "Above 1 MiB."),
        (status = 415, description = "Another media type, or compressed."),
        (status = 503, description = "Too much to do, or closing."),
        (status = "default", description = "Any other problem."),
    )
)]
async fn estimate(
    State(app): State<Shared>,
    Path(id): Path<String>,
    request: Request<Body>,
) -> Result<Response, Problem> {
    let scheme = named(&app, &id)?;
    media::choose(request.headers(), &[JSON])?;
    let answer = |pack: &Pack, question: &Question| {
        let lines = lines(pack, question);
        if lines > MAX_LINES {
            let what = format!(
                "so many earnings, months and rules may come to {lines} lines, and an answer has at most {MAX_LINES}: ask for fewer at a time"
            );
            return Err(Problem::bad_question("earnings", what));
        }
        written(&due(pack, question).map_err(bad)?)
    };
    reckon(&app, request, MAX_ESTIMATE, scheme, JSON, answer).await
}

/// In which language.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct LangQuery {
    /// The language of the picture, `en` or `zh`; default English. JSON has both.
    #[serde(default)]
    #[param(value_type = Option<String>, example = "zh")]
    lang: Lang,
}

/// What it brings
///
/// From a month on to retirement and beyond, by the scheme's law of that month and by scenarios: what is paid, the account, the pension, when
/// it has brought back what it cost, and in which months she is not covered. What was assumed or kept as it is now is listed. No signature is
/// asked for, and nothing of the question is kept.
#[utoipa::path(
    post, path = "/v1/schemes/{id}/project", tag = "schemes", operation_id = "project",
    params(("id" = String, Path, description = "The scheme's id", example = "cn-flexible-pension"), LangQuery),
    request_body(
        content = serde_json::Value, content_type = "application/json",
        description = "The question of spec/schemes.md §5, at most 256 KiB and 10 scenarios.",
        example = json!({ "born": "1990-05", "first": "2026-11", "with": { "region": "beijing", "class": "women-50" }, "so_far": { "months": 24, "balance": 1_200_000, "paid": 3_000_000 } }),
    ),
    responses(
        (status = 200, description = "The projection, as spec/schemes.md §5 has it, or a picture of it.", content(
            (serde_json::Value = "application/json"),
            (String = "image/svg+xml"),
        )),
        (status = 400, description = "`bad-question`: `field` names the member at fault; `scheme` if this one says nothing about a pension."),
        (status = 404, description = "No such scheme; the detail lists the ids."),
        (status = 413, description = "Above 256 KiB."),
        (status = 415, description = "Another media type, or compressed."),
        (status = 503, description = "Too much to do, or closing."),
        (status = "default", description = "Any other problem."),
    )
)]
async fn projection(
    State(app): State<Shared>,
    Path(id): Path<String>,
    Params(query): Params<LangQuery>,
    request: Request<Body>,
) -> Result<Response, Problem> {
    let scheme = named(&app, &id)?;
    let form = media::choose(request.headers(), &[JSON, SVG])?;
    let answer = move |pack: &Pack, question: &ProjectQuestion| {
        if question.scenarios.as_ref().is_some_and(|own| own.len() > MAX_SCENARIOS) {
            let what = format!("this server reckons at most {MAX_SCENARIOS} at a time");
            return Err(Problem::bad_question("scenarios", what));
        }
        let made = project(pack, question).map_err(bad)?;
        if form == SVG { Ok(svg(&made, query.lang).into_bytes()) } else { written(&made) }
    };
    reckon(&app, request, MAX_PROJECT, scheme, form, answer).await
}

/// In which language, of which day.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct CardQuery {
    /// `en` or `zh`; default English.
    #[serde(default)]
    #[param(value_type = Option<String>, example = "zh")]
    lang: Lang,
    /// The day, `YYYY-MM-DD`; default today.
    #[param(example = "2026-11-28")]
    on: Option<String>,
}

/// In plain words
///
/// What a scheme costs and gives on a day, in sentences for the person herself, with the values of that day and where they are written.
#[utoipa::path(
    get, path = "/v1/schemes/{id}/card", tag = "schemes", operation_id = "getSchemeCard",
    params(("id" = String, Path, description = "The scheme's id", example = "cn-flexible-pension"), CardQuery),
    responses(
        (
            status = 200, description = "The card, as spec/schemes.md §7 has it. With an ETag.", body = serde_json::Value, content_type = "application/json",
            example = json!({
                "scheme": { "id": "in-gig", "version": "2026.1" }, "title": "India: days of work of gig and platform workers (draft rules)", "day": "2026-11-28",
                "costs": ["You pay nothing for this. What counts is on how many days you worked."], "gives": ["A day counts if you earned anything on it."]
            }),
        ),
        (status = 304, description = "As If-None-Match has it."),
        (status = 404, description = "No such scheme, or it has no card."),
        (status = "default", description = "Any other problem."),
    )
)]
async fn card_of(
    State(app): State<Shared>,
    Path(id): Path<String>,
    Params(query): Params<CardQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let scheme = named(&app, &id)?;
    media::choose(&headers, &[JSON])?;
    let day = match &query.on {
        Some(day) => day
            .parse()
            .map_err(|e: peal_spec::value::BadValue| Problem::bad_parameter("on", e.to_string()))?,
        None => Day::from(app.now()),
    };
    let card =
        card(&scheme.pack, query.lang, day).ok_or_else(|| Problem::not_found("this scheme has no card"))?;
    kept_json(&headers, &card)
}

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(pack))
        .routes(routes!(estimate))
        .routes(routes!(projection))
        .routes(routes!(card_of))
}
