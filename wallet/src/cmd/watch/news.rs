//! What is new in an account, one line a record or an alert, as its holder reads it.

use peal_spec::address::Address;
use peal_spec::copy::Row;
use peal_spec::facet::{Amount, Evidence, What};
use peal_spec::money::{Entitlement, Money};
use peal_spec::moving::Moved;
use peal_spec::rights::{Claim, Looked};
use peal_spec::role::Grant;
use peal_spec::standing::{Alert, Why};
use peal_spec::statement::{Body, Contribution};
use peal_spec::target::Turn;
use peal_spec::value::Month;
use peal_wallet::layout::{clean, short};
use peal_wallet::passbook::{money, steps};
use serde_json::{Value, json};

use crate::cmd::consent::words;

/// One line.
pub(super) struct News {
    /// When: a time, or a day.
    pub(super) when: String,
    /// What happened.
    pub(super) text: String,
    /// Whether she should look at once.
    pub(super) urgent: bool,
    /// The same for programs.
    pub(super) json: Value,
}

/// An account, as she who reads knows it.
struct Reader {
    me: Address,
}

/// What a record says.
pub(super) fn of_record(row: &Row, me: Address) -> News {
    let record = &row.record;
    let body = row.statement.as_ref().and_then(|s| s.body().ok());
    let (text, urgent) = match &body {
        Some(body) => (Reader { me }.says(body, record.refers, record.month), is_urgent(body)),
        None => (format!("a record of type {} whose contents are erased", record.kind.name()), false),
    };
    let text = clean(&text);
    let json = json!({
        "notice": "record", "sequence": record.sequence, "type": record.kind.name(), "time": record.time.to_string(),
        "refers": record.refers, "month": record.month.map(|m| m.to_string()), "urgent": urgent, "text": text,
    });
    News { when: record.time.to_string(), text: format!("{:>4} {text}", record.sequence), urgent, json }
}

/// What the passing of days brought about. `payer` gives the address of an account by its number, as far as the copy names it.
pub(super) fn of_alert(alert: &Alert, payer: impl Fn(u64) -> Option<Address>) -> News {
    let text = match &alert.why {
        Why::Missing { payer: number, month, insurance } => {
            let by = payer(*number).map_or_else(|| format!("account {number}"), |a| short(&a.to_string()));
            let what = insurance.as_deref().map_or_else(String::new, |i| format!(" to {i}"));
            format!(
                "MISSING: {by} has posted nothing{what} for {month}. Ask there, or `peal claim file --kind missing`"
            )
        }
        Why::Late { claim, turn, until } => {
            let who = match turn {
                Turn::Party => "the party",
                Turn::Bureau => "the bureau",
                Turn::Person | Turn::Nobody => "nobody",
            };
            format!("LATE: {who} had until {until} to act on claim {claim}")
        }
    };
    let text = clean(&text);
    let mut json = json!(alert);
    if let Some(members) = json.as_object_mut() {
        members.insert("notice".to_owned(), json!("alert"));
        members.insert("urgent".to_owned(), json!(true));
        members.insert("text".to_owned(), json!(text));
    }
    News { when: alert.day.to_string(), text, urgent: true, json }
}

/// Whether, unless it was she, somebody takes the account or a look at it.
fn is_urgent(body: &Body) -> bool {
    matches!(
        body,
        Body::Rotated(_)
            | Body::RecoveryChanged(_)
            | Body::RecoveryApproved(_)
            | Body::RecoveryCompleted(_)
            | Body::AccessUnasked(_)
            | Body::Departure(_)
    )
}

impl Reader {
    fn name(&self, who: Address) -> String {
        if who == self.me { "you".to_owned() } else { short(&who.to_string()) }
    }

    /// One sentence; `refers` and `month` are the head's.
    fn says(&self, body: &Body, refers: Option<u64>, month: Option<Month>) -> String {
        let refers = refers.map_or_else(|| "?".to_owned(), |sequence| sequence.to_string());
        let month = month.map_or_else(|| "?".to_owned(), |m| m.to_string());
        let by = |who: Address| self.name(who);
        let by_issuer = body.issuer().map_or_else(|| "you".to_owned(), by);
        match body {
            Body::Opened(_) => format!("opened by {by_issuer}"),
            Body::Granted(b) => format!("you are given the role {}", role(&b.role)),
            Body::Revoked(_) => format!("the role given by record {refers} is taken back"),
            Body::Contribution(b) => format!("{by_issuer} paid {}", paid(b, &month)),
            Body::Matching(b) => format!("{by_issuer} paid {}, beside record {refers}", paid(&b.0, &month)),
            Body::PaidFor(b) => {
                format!("{by_issuer} paid {} for you, by consent {refers}", paid(&b.0, &month))
            }
            Body::Settlement(b) => {
                format!("the fund {by_issuer} has {} of record {refers}, for {month}", amount(&b.amount))
            }
            Body::Correction(b) => {
                let what = match &b.amount {
                    None => format!("voids record {refers}"),
                    Some(new) => format!("corrects record {refers} to {}", amount(new)),
                };
                format!("{by_issuer} {what}, for {month}: {}", b.who.reason)
            }
            Body::Engagement(b) => format!("{by_issuer} says you worked {}", worked(&b.evidence, &b.amount)),
            Body::Interest(b) => {
                let sum = minor(b.amount.amount, &b.amount.currency);
                format!("the fund {by_issuer} adds {sum} of interest to {} for {month}", b.what.insurance)
            }
            Body::Award(b) => {
                format!("{by_issuer} awards {} from {month} on: {}", of(&b.what), gives(&b.amount))
            }
            Body::Benefit(b) => {
                format!("{by_issuer} paid you {} of award {refers} for {month}", sum(&b.amount))
            }
            Body::Refund(b) => {
                let back = minor(b.amount.amount, &b.amount.currency);
                format!("the fund {by_issuer} gives {back} of record {refers} back, for {month}")
            }
            Body::RefundReceived(b) => {
                format!("{by_issuer} has {} of record {refers} back, for {month}", sum(&b.amount))
            }
            Body::Rotated(_) => format!("THE KEYS WERE CHANGED. {NOT_YOU}"),
            Body::RecoveryChanged(_) => format!("THE KEYS AND GUARDIANS WERE CHANGED. {NOT_YOU}"),
            Body::RecoveryApproved(_) => format!(
                "{by_issuer} SAYS THAT OTHER KEYS ARE TO TAKE OVER THIS ACCOUNT. If you do not want it: `peal recover veto`"
            ),
            Body::RecoveryVetoed(_) => "you veto that other keys take over".to_owned(),
            Body::RecoveryCompleted(_) => format!("OTHER KEYS HAVE TAKEN OVER THE ACCOUNT. {NOT_YOU}"),
            Body::ConsentGranted(b) => {
                let rights: Vec<&str> = b.consent.rights.iter().map(|r| r.name()).collect();
                format!(
                    "{} may {} until {}, for: {}",
                    by(b.consent.grantee),
                    rights.join(", "),
                    b.consent.until,
                    b.consent.purpose
                )
            }
            Body::ConsentRevoked(_) => format!("you take consent {refers} back"),
            Body::Access(b) => format!("{by_issuer} looked by consent {refers} {}", looked(&b.looked)),
            Body::AccessUnasked(b) => format!(
                "{by_issuer} LOOKED WITHOUT ASKING YOU, on the ground: {}; {}. If that is wrong: `peal claim file --kind access`",
                b.says,
                looked(&b.looked)
            ),
            Body::Claim(b) => format!("you claim {}: {}", self.claims(&b.claim), b.says),
            Body::ClaimFor(b) => {
                format!(
                    "{by_issuer} claims for you, by consent {refers}, {}: {}",
                    self.claims(&b.claim),
                    b.says
                )
            }
            Body::ClaimAnswered(b) => {
                let how = if b.answer.accepts { "accepts" } else { "contests" };
                format!("{by_issuer} {how} claim {refers}: {}", b.says)
            }
            Body::Ruling(b) => {
                let until = b.ruling.by.map_or_else(String::new, |by| format!(", to be mended until {by}"));
                format!("{by_issuer} rules on claim {refers}: {}{until}: {}", b.ruling.outcome, b.says)
            }
            Body::ClaimRemedied(b) => {
                let records: Vec<String> = b.remedy.0.iter().map(ToString::to_string).collect();
                format!(
                    "{by_issuer} has mended what claim {refers} is about, by record {}",
                    records.join(", ")
                )
            }
            Body::ClaimClosed(b) => format!("claim {refers} is closed by {by_issuer}: {}", b.says),
            Body::IdentityBound(_) => {
                format!("{by_issuer} has seen your document and says that this account is yours")
            }
            Body::AccountLinked(b) => format!("{by_issuer} says that {} is your account, too", by(b.link.0)),
            Body::Erased(b) => format!("{by_issuer} has the contents of record {refers} erased: {}", b.says),
            Body::Withdrawn(b) => format!("{by_issuer} withdraws record {refers}: {}", b.says),
            Body::Departure(b) => {
                format!("THE ACCOUNT GOES TO {}, to {}. {NOT_YOU}", b.to.origin, by(b.to.address))
            }
            Body::DepartureApproved(_) => format!("{by_issuer} vouches for the departure in record {refers}"),
            Body::Arrival(b) => {
                format!("your account {} has come from {}", short(&b.from.address.to_string()), b.from.origin)
            }
            Body::TransferredOut(b) => format!("{by_issuer} sent {}", moved(&b.moved, &b.what)),
            Body::TransferredIn(b) => format!("{by_issuer} received {}", moved(&b.moved, &b.what)),
            Body::MoveClosed(_) => format!("{by_issuer} closes the move of record {refers}"),
            Body::LedgerRecognised(b) => match b.ledger.list {
                Some(_) => format!("{by_issuer} recognises the ledger {}", b.ledger.origin),
                None => format!("{by_issuer} recognises the ledger {} no more", b.ledger.origin),
            },
            Body::Transcribed(b) => format!(
                "{by_issuer} has read in {} that {} paid {} from {} to {}",
                b.source.document, b.paper.payer, b.paper.insurance, b.paper.months.0, b.paper.months.1
            ),
        }
    }

    fn claims(&self, claim: &Claim) -> String {
        let what = [claim.insurance.map(|i| i.to_string()), claim.months.map(|m| m.to_string())];
        let what: String = what.into_iter().flatten().map(|part| format!(" {part}")).collect();
        format!(
            "({}{what}) against {} before {}",
            claim.kind,
            self.name(claim.party),
            self.name(claim.bureau)
        )
    }
}

const NOT_YOU: &str =
    "If it was not you, go to your bureau and your guardians at once: `peal recover --help`";

fn minor(amount: u64, currency: &impl ToString) -> String {
    money(Some(amount), Some(&currency.to_string()))
}

fn sum(money: &Money) -> String {
    minor(money.amount, &money.currency)
}

fn amount(amount: &Amount) -> String {
    minor(amount.amount, &amount.currency)
}

fn of(what: &What) -> String {
    format!("{} ({})", what.insurance, what.scheme)
}

fn paid(paid: &Contribution, month: &str) -> String {
    format!("{} to {} for {month}", amount(&paid.amount), of(&paid.what))
}

fn gives(award: &Entitlement) -> String {
    let all: Vec<(u64, u64)> = award.steps.iter().map(|s| (s.months, s.amount)).collect();
    steps(&all, &award.currency.to_string())
}

fn worked(evidence: &Evidence, earned: &Money) -> String {
    let orders = match evidence.orders {
        None => String::new(),
        Some(1) => ", 1 order".to_owned(),
        Some(n) => format!(", {n} orders"),
    };
    let shift = evidence.shift.map_or_else(String::new, |(start, end)| format!("from {start} to {end}"));
    let place = evidence.place.as_ref().map_or_else(String::new, |place| format!(", {place}"));
    format!("{shift}{orders}{place}, and earned {}", sum(earned))
}

fn looked(looked: &Looked) -> String {
    format!("for: {}; at: {}", looked.purpose, words(&looked.scope))
}

fn role(grant: &Grant) -> String {
    let of: Vec<String> = grant.insurances.iter().map(ToString::to_string).collect();
    let of = if of.is_empty() { String::new() } else { format!(" for {}", of.join(", ")) };
    let until = grant.until.map_or_else(String::new, |until| format!(", until {until}"));
    format!("{}{of}{until}", grant.role)
}

fn moved(moved: &Moved, what: &What) -> String {
    let (own, pooled) = (minor(moved.own, &moved.currency), minor(moved.pooled, &moved.currency));
    format!("{own} of your own account and {pooled} of the pooled fund, {}", of(what))
}
