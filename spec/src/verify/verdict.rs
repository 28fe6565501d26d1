//! What a verdict says. Source: `spec/README.md` §16.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::target::Stage;

/// Why a proof is not valid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{name}: {detail}")]
pub struct Failure {
    /// The stable name of the step, as in `spec/README.md` §16.
    pub name: &'static str,
    /// What was found there.
    pub detail: String,
}

pub(super) fn fail<T>(name: &'static str, detail: impl Into<String>) -> Result<T, Failure> {
    Err(Failure { name, detail: detail.into() })
}

pub(super) fn demand(
    holds: bool,
    name: &'static str,
    detail: impl FnOnce() -> String,
) -> Result<(), Failure> {
    if holds { Ok(()) } else { fail(name, detail()) }
}

/// How the records of the address are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// All records of the address.
    pub total: u64,
    /// Shown with their statement, whole or in part.
    pub contents: u64,
    /// Shown as type, target, month and time only.
    pub headers: u64,
    /// Not shown.
    pub hidden: u64,
}

/// What became of a contribution, as far as the proof shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Posted; neither settled nor void.
    Standing,
    /// The fund has confirmed it.
    Settled,
    /// Voided by its issuer.
    Void,
    /// Corrected by its issuer; the amount is the latest.
    Corrected,
    /// A later record is hidden, or the amount of a correction is: none of these is sure.
    NotKnown,
}

impl Standing {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Standing::Standing => "standing",
            Standing::Settled => "settled",
            Standing::Void => "void",
            Standing::Corrected => "corrected",
            Standing::NotKnown => "not known",
        }
    }
}

/// A contribution that is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EntryShown {
    /// Sequence of its record.
    pub sequence: u64,
    /// The month.
    pub month: String,
    /// The insurance; none if *what* is withheld.
    pub insurance: Option<String>,
    /// The scheme.
    pub scheme: Option<String>,
    /// Who paid; none if *who* is withheld.
    pub source: Option<String>,
    /// The issuer's address.
    pub issuer: Option<String>,
    /// Whether the signature behind it is in the proof.
    pub signed: bool,
    /// The payer's reference.
    pub reference: Option<String>,
    /// Amount paid, in minor units; none if *amount* is withheld.
    pub amount: Option<u64>,
    /// The part credited to the person, in minor units.
    pub credited: Option<u64>,
    /// The base, in minor units.
    pub base: Option<u64>,
    /// The currency.
    pub currency: Option<String>,
    /// What became of it.
    pub standing: Standing,
    /// Whether its amount is not the first one.
    pub corrected: bool,
    /// Sequence of the contribution that it matches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matches: Option<u64>,
    /// Sequence of the consent by which it was paid in the person's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by_consent: Option<u64>,
    /// What the fund gave back of it, in minor units; none if nothing, or if that is not shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refunded: Option<u64>,
    /// How much of that its payer has confirmed, in minor units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received: Option<u64>,
}

/// An engagement that is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EngagementShown {
    /// Sequence of its record.
    pub sequence: u64,
    /// The month.
    pub month: String,
    /// The issuer's address; none if *who* is withheld.
    pub issuer: Option<String>,
    /// Whether the signature behind it is in the proof.
    pub signed: bool,
    /// The issuer's reference: the number of the order, say.
    pub reference: Option<String>,
    /// When it began; none if *evidence* is withheld.
    pub start: Option<String>,
    /// When it ended.
    pub end: Option<String>,
    /// How many orders.
    pub orders: Option<u64>,
    /// Where.
    pub place: Option<String>,
    /// What was earned, in minor units; none if *amount* is withheld.
    pub earned: Option<u64>,
    /// The currency.
    pub currency: Option<String>,
    /// Whether it was voided; none if that is not known.
    pub void: Option<bool>,
}

/// A claim that is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClaimShown {
    /// Sequence of its record.
    pub sequence: u64,
    /// When it was recorded.
    pub filed: String,
    /// The issuer's address; none if *who* is withheld.
    pub issuer: Option<String>,
    /// Whether the signature behind it is in the proof.
    pub signed: bool,
    /// What is claimed; none if *claim* is withheld.
    pub kind: Option<&'static str>,
    /// Against whom.
    pub party: Option<String>,
    /// Before whom.
    pub bureau: Option<String>,
    /// The insurance.
    pub insurance: Option<String>,
    /// The months.
    pub months: Option<String>,
    /// Records that show it, by sequence.
    pub records: Vec<u64>,
    /// In words; none if *says* is withheld.
    pub says: Option<String>,
    /// How far it is; none if that is not known.
    pub stage: Option<Stage>,
    /// Until when the party has to act, as was ruled.
    pub by: Option<String>,
    /// Records that carry it out, by sequence.
    pub remedy: Vec<u64>,
}

/// A binding of an identity that is shown, with contents or as a header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IdentityShown {
    /// Sequence of its record.
    pub sequence: u64,
    /// When it was recorded.
    pub time: String,
    /// The bureau's address; none if that is not shown.
    pub issuer: Option<String>,
    /// Whether the signature behind it is in the proof.
    pub signed: bool,
    /// The commitment to the document, in hexadecimal; none if *identity* is withheld.
    pub commitment: Option<String>,
    /// Whether it stands; none if that is not known.
    pub stands: Option<bool>,
}

/// A link to another account that is shown, with contents or as a header. It counts when that account says the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LinkShown {
    /// Sequence of its record.
    pub sequence: u64,
    /// When it was recorded.
    pub time: String,
    /// The issuer's address; none if *who* is withheld.
    pub issuer: Option<String>,
    /// Whether the signature behind it is in the proof.
    pub signed: bool,
    /// The other account's address; none if *link* is withheld.
    pub other: Option<String>,
    /// Whether it stands; none if that is not known.
    pub stands: Option<bool>,
}

/// A step of a move that is shown: a departure, an arrival, money that left or came, a closing. Members of other steps are none, and those whose
/// facet is withheld.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MoveShown {
    /// Sequence of its record.
    pub sequence: u64,
    /// Name of its type.
    pub kind: &'static str,
    /// When it was recorded.
    pub time: String,
    /// The issuer's address.
    pub issuer: Option<String>,
    /// Whether the signature behind it is in the proof.
    pub signed: bool,
    /// The departure or arrival that it is about.
    pub refers: Option<u64>,
    /// The other ledger.
    pub origin: Option<String>,
    /// The account there.
    pub address: Option<String>,
    /// Sequence of the departure there, of an arrival.
    pub departure: Option<u64>,
    /// Number of records there, of an arrival.
    pub size: Option<u64>,
    /// The root of the account's tree there, of an arrival.
    pub root: Option<String>,
    /// The insurance, of money.
    pub insurance: Option<String>,
    /// From the person's own account, in minor units.
    pub own: Option<u64>,
    /// From the pooled fund, in minor units.
    pub pooled: Option<u64>,
    /// What the fund that she leaves keeps, in minor units.
    pub kept: Option<u64>,
    /// The currency.
    pub currency: Option<String>,
    /// Sequence of the transferred-out there, of money that came.
    pub out: Option<u64>,
    /// Whether a departure stands; none if that is not known.
    pub stands: Option<bool>,
}

/// What a bureau has read in a paper, as shown; none where its facet is withheld.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TranscribedShown {
    /// Sequence of its record.
    pub sequence: u64,
    /// The bureau's address.
    pub issuer: Option<String>,
    /// Whether the signature behind it is in the proof.
    pub signed: bool,
    /// The insurance.
    pub insurance: Option<String>,
    /// The scheme.
    pub scheme: Option<String>,
    /// Who paid, as written there.
    pub payer: Option<String>,
    /// First and last month.
    pub months: Option<(String, String)>,
    /// Of all months together, in minor units; 0 if the paper does not say.
    pub amount: Option<u64>,
    /// The currency.
    pub currency: Option<String>,
    /// The document, in words.
    pub document: Option<String>,
    /// SHA-256 of the file or scan.
    pub digest: Option<String>,
    /// Where in it.
    pub page: Option<String>,
    /// Whether it stands; none if that is not known.
    pub stands: Option<bool>,
}

/// An award that is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AwardShown {
    /// Sequence of its record.
    pub sequence: u64,
    /// Its first month.
    pub month: String,
    /// The issuer's address; none if *who* is withheld.
    pub issuer: Option<String>,
    /// Whether the signature behind it is in the proof.
    pub signed: bool,
    /// The insurance; none if *what* is withheld.
    pub insurance: Option<String>,
    /// The scheme.
    pub scheme: Option<String>,
    /// Months and amount a month, in minor units, one step after the other; none if *amount* is withheld.
    pub steps: Option<Vec<(u64, u64)>>,
    /// The currency.
    pub currency: Option<String>,
    /// What was paid of it, in minor units; none if that is not known.
    pub paid: Option<u64>,
    /// Whether it was ended; none if that is not known.
    pub void: Option<bool>,
}

/// What came back, was paid out and was added, as shown, in minor units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FlowShown {
    /// The insurance.
    pub insurance: String,
    /// The currency.
    pub currency: String,
    /// What funds gave back.
    pub refunded: u64,
    /// The part of it that had gone to the person's own account.
    pub refunded_credited: u64,
    /// Benefits.
    pub paid: u64,
    /// Interest.
    pub interest: u64,
    /// How sure it is.
    pub basis: Basis,
}

/// How sure a total is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// The verifier added it up from the records shown.
    Recomputed,
    /// The ledger signed it; the items were not all shown.
    AssertedByTheLedger,
}

/// A total that is shown, in minor units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TotalShown {
    /// The insurance.
    pub insurance: String,
    /// The currency.
    pub currency: String,
    /// Sum of standing contributions.
    pub posted: u64,
    /// The part credited to the person.
    pub posted_credited: u64,
    /// Sum of settled contributions.
    pub settled: u64,
    /// The part credited to the person.
    pub settled_credited: u64,
    /// How sure it is.
    pub basis: Basis,
}

/// Months that count, as shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MonthsShown {
    /// The insurance.
    pub insurance: String,
    /// First and last month of each run.
    pub runs: Vec<(String, String)>,
    /// How many months.
    pub months: u64,
    /// How many of them are settled.
    pub settled: u64,
    /// How sure it is.
    pub basis: Basis,
}

/// An issuer whose signatures the proof shows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct IssuerShown {
    /// Its address.
    pub address: String,
    /// Whether signature, key and role were proved for every record shown with contents that names it.
    pub proved: bool,
}

/// What a valid proof shows. It speaks of an address, never of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The ledger.
    pub origin: String,
    /// The address.
    pub address: String,
    /// Size of the log under the checkpoint.
    pub size: u64,
    /// When the head was made.
    pub time: String,
    /// Seconds since then.
    pub age: u64,
    /// `fresh` or `stale`.
    pub freshness: &'static str,
    /// Names of the trusted witnesses that cosigned.
    pub witnesses: Vec<String>,
    /// Names of the trusted auditors that cosigned.
    pub auditors: Vec<String>,
    /// How the records are shown.
    pub records: Counts,
    /// Facets withheld of records shown with contents, by name.
    pub withheld: BTreeMap<&'static str, u64>,
    /// Whether every record of the address is shown, at least as a header.
    pub complete: bool,
    /// Contributions shown.
    pub entries: Vec<EntryShown>,
    /// Engagements shown.
    pub engagements: Vec<EngagementShown>,
    /// Awards shown.
    pub awards: Vec<AwardShown>,
    /// Claims shown.
    pub claims: Vec<ClaimShown>,
    /// Engagements and claims that were erased, by sequence; with a claim went what was said to it.
    pub erased: Vec<u64>,
    /// Bindings of an identity shown.
    pub identities: Vec<IdentityShown>,
    /// Links to other accounts shown.
    pub links: Vec<LinkShown>,
    /// Steps of moves shown.
    pub moves: Vec<MoveShown>,
    /// What was transcribed from paper, as shown.
    pub transcribed: Vec<TranscribedShown>,
    /// Totals shown.
    pub totals: Vec<TotalShown>,
    /// Months shown.
    pub months: Vec<MonthsShown>,
    /// What came back, was paid out and was added, as shown.
    pub flows: Vec<FlowShown>,
    /// Issuers whose signatures are shown.
    pub issuers: Vec<IssuerShown>,
    /// What was not checked, and why, in words.
    pub not_checked: Vec<String>,
    /// On whom what rests, in words.
    pub rests_on: Vec<String>,
}
