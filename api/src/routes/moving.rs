//! An account on its way from one ledger to another (`spec/moving.md`): how far it is, and where it went.
//!
//! The steps are records, and whoever has both accounts reads from them what is done. These routes serve those who do not: a bureau that watches over
//! a move, a fund whose turn it is, an issuer whose posting came too late.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use peal_spec::account::Account;
use peal_spec::address::Address;
use peal_spec::copy::{Copy, Row};
use peal_spec::itinerary::{Leg, Owner, Progress, Side, Step, itinerary};
use peal_spec::moving::{Arrived, Leaving, Out};
use peal_spec::posting::Signed;
use peal_spec::record::Record;
use peal_spec::role::Role;
use peal_spec::statement::Body;
use peal_spec::value::{Insurance, Origin, Time};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::accounts::{Leave, private};
use super::json;
use crate::app::{App, Shared};
use crate::media;
use crate::problem::Problem;
use crate::signed::SharedRead;

/// The moves of an account, as this ledger sees them.
#[derive(Serialize, ToSchema)]
#[schema(as = Move)]
struct MoveView {
    /// The account.
    address: String,
    /// Where it goes to; absent if no departure stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    departure: Option<DepartureView>,
    /// What arrived in it, in order.
    arrivals: Vec<ArrivalView>,
}

/// A departure that stands.
#[derive(Serialize, ToSchema)]
#[schema(as = MoveDeparture)]
struct DepartureView {
    /// Sequence of the departure.
    sequence: u64,
    /// When it was recorded.
    said: Option<String>,
    /// From when on it is in force.
    due: String,
    /// Whether it is in force now.
    in_force: bool,
    /// The ledger that it goes to.
    origin: String,
    /// The account there.
    address: String,
    /// What money left, in order.
    outs: Vec<OutView>,
    /// Whether the move is closed.
    closed: bool,
    /// The steps of the move as far as this ledger knows: what is done in the other ledger is not, and waits or is late here.
    legs: Vec<LegView>,
}

/// Money that left, in minor units.
#[derive(Serialize, ToSchema)]
#[schema(as = MoveOut)]
struct OutView {
    /// Sequence of the transferred-out.
    sequence: u64,
    /// The insurance.
    insurance: String,
    /// The currency.
    currency: String,
    /// From the person's own account.
    own: u64,
    /// From the pooled fund.
    pooled: u64,
}

impl From<&Out> for OutView {
    fn from(out: &Out) -> Self {
        let (insurance, currency) = (out.insurance.to_string(), out.currency.to_string());
        Self { sequence: out.sequence, insurance, currency, own: out.own, pooled: out.pooled }
    }
}

/// What arrived.
#[derive(Serialize, ToSchema)]
#[schema(as = MoveArrival)]
struct ArrivalView {
    /// Sequence of the (first) arrival.
    sequence: u64,
    /// The ledger that it came from.
    origin: String,
    /// The account there.
    address: String,
    /// Sequence of its departure there; null where a bureau ruled.
    departure: Option<u64>,
    /// How many records it had, as the latest arrival says.
    size: u64,
    /// The root of its account tree at that size, in hexadecimal.
    root: String,
    /// What money came, in order.
    ins: Vec<InView>,
}

/// Money that came.
#[derive(Serialize, ToSchema)]
#[schema(as = MoveIn)]
struct InView {
    /// Sequence of the transferred-in.
    sequence: u64,
    /// What left there.
    out: OutView,
}

/// A step of a move, and how far it is.
#[derive(Serialize, ToSchema)]
#[schema(as = MoveLeg)]
struct LegView {
    /// `opened`, `departed`, `in-force`, `arrived`, `arrived-anew`, `settled`, `money-out`, `money-in` or `closed`.
    #[schema(value_type = String, example = "money-out")]
    step: Step,
    /// Whose it is: `person`, `delay`, `old-fund` or `new-fund`.
    #[schema(value_type = String, example = "old-fund")]
    owner: Owner,
    /// `done`, `waiting`, `late` or `not-yet`.
    #[schema(example = "waiting")]
    state: &'static str,
    /// When it was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    /// By which record.
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<u64>,
    /// Until when it should be.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    /// Since when it is late.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    /// Of which insurance, if it is about money.
    #[serde(skip_serializing_if = "Option::is_none")]
    insurance: Option<String>,
    /// Of which currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<String>,
    /// How much is to move or has moved of the person's own, in minor units.
    #[serde(skip_serializing_if = "Option::is_none")]
    own: Option<u64>,
    /// How much of the pooled fund has moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pooled: Option<u64>,
}

impl From<&Leg> for LegView {
    fn from(leg: &Leg) -> Self {
        let bare = Self {
            step: leg.step,
            owner: leg.owner,
            state: "not-yet",
            time: None,
            sequence: None,
            until: None,
            since: None,
            insurance: leg.insurance.map(|i| i.to_string()),
            currency: leg.currency.map(|c| c.to_string()),
            own: leg.own,
            pooled: leg.pooled,
        };
        match leg.progress {
            Progress::Done { time, sequence } => {
                Self { state: "done", time: Some(time.to_string()), sequence: Some(sequence), ..bare }
            }
            Progress::Waiting { until } => {
                Self { state: "waiting", until: until.map(|t| t.to_string()), ..bare }
            }
            Progress::Late { since } => Self { state: "late", since: Some(since.to_string()), ..bare },
            Progress::NotYet => bare,
        }
    }
}

/// What somebody may be told of an account's moves.
enum Party {
    /// All: the owner, and a bureau that watches over a move.
    Whole,
    /// Steps, and money of these insurances: a fund.
    Of(BTreeSet<Insurance>),
}

impl Party {
    /// What a reader who holds the role of a bureau, or that of a fund for what `covers` says, has to do with an account.
    fn of(
        reader: Address,
        account: &Account,
        rows: &[Row],
        is_bureau: bool,
        covers: impl Fn(Insurance) -> bool,
    ) -> Option<Self> {
        if reader == account.address {
            return Some(Self::Whole);
        }
        let departure = account.state.leaving().map(|leaving| leaving.departure);
        let mut insurances = BTreeSet::new();
        for row in rows {
            let Some(body) = row.statement.as_ref().and_then(|s| s.body().ok()) else { continue };
            // Whoever settles an entry is the fund that it names.
            let what = match &body {
                Body::Departure(b) if departure == Some(row.record.sequence) => {
                    if is_bureau && b.to.bureau == Some(reader) {
                        return Some(Self::Whole);
                    }
                    continue;
                }
                Body::Arrival(b) => {
                    if is_bureau && b.from.bureau == Some(reader) {
                        return Some(Self::Whole);
                    }
                    continue;
                }
                Body::Contribution(b) => &b.what,
                Body::Matching(b) => &b.0.what,
                Body::PaidFor(b) => &b.0.what,
                Body::TransferredOut(b) => &b.what,
                Body::TransferredIn(b) => &b.what,
                _ => continue,
            };
            if what.fund == reader && covers(what.insurance) {
                insurances.insert(what.insurance);
            }
        }
        (!insurances.is_empty()).then_some(Self::Of(insurances))
    }

    fn sees(&self, insurance: Insurance) -> bool {
        match self {
            Self::Whole => true,
            Self::Of(insurances) => insurances.contains(&insurance),
        }
    }
}

impl MoveView {
    fn new(origin: &Origin, account: &Account, rows: &[Row], party: &Party, now: Time) -> Self {
        let (state, address) = (&account.state, account.address);
        let leaving = state.leaving();
        let departure = leaving.map(|leaving| {
            let records: Vec<Record> = rows.iter().map(|row| row.record.clone()).collect();
            let side = Side { origin, address, state, records: &records };
            DepartureView::new(leaving, &side, party, now)
        });
        let arrivals = state.arrivals().iter().map(|arrived| ArrivalView::new(arrived, party));
        Self { address: address.to_string(), departure, arrivals: arrivals.collect() }
    }
}

impl DepartureView {
    fn new(leaving: &Leaving, side: &Side<'_>, party: &Party, now: Time) -> Self {
        let said = side.records.iter().find(|record| record.sequence == leaving.departure);
        let legs = itinerary(side, None, now).legs;
        let legs = legs.iter().filter(|leg| leg.insurance.is_none_or(|i| party.sees(i)));
        Self {
            sequence: leaving.departure,
            said: said.map(|record| record.time.to_string()),
            due: leaving.due.to_string(),
            in_force: leaving.in_force(now),
            origin: leaving.origin.to_string(),
            address: leaving.address.to_string(),
            outs: leaving.outs.iter().filter(|out| party.sees(out.insurance)).map(OutView::from).collect(),
            closed: leaving.closed,
            legs: legs.map(LegView::from).collect(),
        }
    }
}

impl ArrivalView {
    fn new(arrived: &Arrived, party: &Party) -> Self {
        let ins = arrived.ins.iter().filter(|came| party.sees(came.out.insurance));
        let ins = ins.map(|came| InView { sequence: came.sequence, out: OutView::from(&came.out) });
        Self {
            sequence: arrived.arrival,
            origin: arrived.origin.to_string(),
            address: arrived.address.to_string(),
            departure: arrived.departure,
            size: arrived.size,
            root: arrived.root.to_string(),
            ins: ins.collect(),
        }
    }
}

/// An account and its rows, none beyond it; none if there is no such account. The leave is taken before that is known.
async fn whole(app: &App, address: Address, leave: Leave) -> Result<Option<(Account, Copy)>, Problem> {
    app.ask(move |ledger| {
        let _leave = leave;
        let Some(account) = ledger.account(address.number)?.filter(|a| a.address == address) else {
            return Ok(None);
        };
        // The account was read first: what came since is left out.
        let rows = usize::try_from(account.frontier.size()).unwrap_or(usize::MAX);
        Ok(ledger.copy(&address, 0, rows, None)?.map(|copy| (account, copy)))
    })
    .await
}

/// How far the moves of an account are
///
/// Where it goes to and how far that is, and what arrived in it, as this ledger sees it (spec/moving.md). For its owner; for a bureau that the departure
/// or an arrival names; and for a fund that is named in a contribution of this account or has transferred money of it, which is told of the
/// insurances that it has to do with there. Each signs with the *reader's* own reading key, and a bureau or fund must hold its role now. They
/// are parties to the move and have their own records in the account, so no access is recorded; what they are told holds nothing of
/// contributions.
#[utoipa::path(
    get, path = "/v1/accounts/{address}/move", tag = "accounts", operation_id = "getMove",
    params(("address" = String, Path, description = "The account's address, `peal1…`")),
    security(("signed-read" = [])),
    responses(
        (status = 200, description = "How far they are.", body = MoveView, content_type = "application/json"),
        (status = 401, description = "Not signed by the reading key of the account that keyid names."),
        (status = 403, description = "`no-access`: the reader is no party to it, or there is no such account."),
        (status = 503, description = "Too many copies are being made: send the same request again after Retry-After."),
        (status = "default", description = "Any other problem."),
    )
)]
async fn how_far(
    State(app): State<Shared>,
    SharedRead { address, reader }: SharedRead,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    media::choose(&headers, &[media::JSON])?;
    let now = app.now();
    let nobody = || {
        let parties =
            "the owner, bureaus that a departure or an arrival names, and funds with money of this account";
        Problem::no_party(parties)
    };
    let own = app.ask(move |ledger| ledger.account(reader.number)).await?;
    let own = own.ok_or_else(|| Problem::internal(&"an account that signed a read is gone"))?.state;
    let holds = |role| own.grants(role).any(|grant| grant.in_force(now));
    let is_bureau = holds(Role::Bureau);
    // A copy is costly: nobody who cannot be a party makes one, nor learns from the time that it takes whether there is such an account.
    if reader != address && !is_bureau && !holds(Role::Fund) {
        return Err(nobody());
    }
    let leave = app.may_copy().await?;
    let (account, copy) = whole(&app, address, leave.clone()).await?.ok_or_else(nobody)?;
    let shared = app.clone();
    let told = app.compute(move || {
        let _leave = leave;
        let covers = |insurance| own.may(Role::Fund, insurance, now);
        let party = Party::of(reader, &account, &copy.rows, is_bureau, covers)?;
        Some(json(&MoveView::new(&shared.config.origin, &account, &copy.rows, &party, now)))
    });
    told.await?.ok_or_else(nobody)?.map(private)
}

/// Where an account went.
#[derive(Serialize, ToSchema)]
#[schema(as = Whither)]
struct WhitherView {
    /// The ledger.
    origin: String,
    /// The account there.
    address: String,
    /// Since when the departure is in force.
    since: String,
}

/// Where an account went
///
/// For an issuer whose posting came too late and was refused as `departed`: where the account is now. Signed by the issuer's *own* reading key, and
/// answered only if it has issued a record in this account before.
#[utoipa::path(
    get, path = "/v1/accounts/{address}/whither", tag = "accounts", operation_id = "getWhither",
    params(("address" = String, Path, description = "The account's address in this ledger, `peal1…`")),
    security(("signed-read" = [])),
    responses(
        (status = 200, description = "Where it is.", body = WhitherView, content_type = "application/json"),
        (status = 401, description = "Not signed by the reading key of the account that keyid names."),
        (status = 403, description = "`no-access`: the reader has issued no record in this account, or there is no such account."),
        (status = 404, description = "`not-departed`: no departure of this account is in force."),
        (status = 503, description = "Too many copies are being made: send the same request again after Retry-After."),
        (status = "default", description = "Any other problem."),
    )
)]
async fn whither(
    State(app): State<Shared>,
    SharedRead { address, reader }: SharedRead,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    media::choose(&headers, &[media::JSON])?;
    let now = app.now();
    let nobody = || Problem::no_party("the owner and who has issued a record in this account");
    let leave = app.may_copy().await?;
    let (account, copy) = whole(&app, address, leave.clone()).await?.ok_or_else(nobody)?;
    let issued = app.compute(move || {
        let _leave = leave;
        let by = |cose: &Vec<u8>| Signed::read(cose).is_ok_and(|s| s.payload.issuer == Some(reader));
        reader == address || copy.postings.iter().any(by)
    });
    if !issued.await? {
        return Err(nobody());
    }
    let leaving = account.state.leaving().filter(|leaving| leaving.in_force(now));
    let Leaving { origin, address, due, .. } = leaving.ok_or_else(Problem::not_departed)?;
    let view =
        WhitherView { origin: origin.to_string(), address: address.to_string(), since: due.to_string() };
    json(&view).map(private)
}

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(how_far)).routes(routes!(whither))
}
