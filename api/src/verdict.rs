//! The shape of a verdict's JSON, for the OpenAPI document. The values are those of [`peal_spec::verify::Verdict`]; a test compares the names.

use utoipa::ToSchema;

/// What a valid proof shows (spec/README.md §16). It speaks of an address, never of a person.
#[derive(ToSchema)]
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
    /// `fresh` or `stale`; both are valid.
    pub freshness: String,
    /// Trusted witnesses that cosigned.
    pub witnesses: Vec<String>,
    /// Trusted auditors that cosigned.
    pub auditors: Vec<String>,
    /// How the records are shown.
    pub records: Counts,
    /// Facets withheld of records shown with contents: how many, by name.
    pub withheld: std::collections::BTreeMap<String, u64>,
    /// Whether every record of the address is shown, at least as a header.
    pub complete: bool,
    /// Contributions shown.
    pub entries: Vec<Entry>,
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
    pub totals: Vec<Total>,
    /// Months shown.
    pub months: Vec<Months>,
    /// What came back, was paid out and was added.
    pub flows: Vec<Flow>,
    /// Issuers whose signatures are shown.
    pub issuers: Vec<Issuer>,
    /// What was not checked, and why.
    pub not_checked: Vec<String>,
    /// On whom what rests.
    pub rests_on: Vec<String>,
}

/// How the records of the address are shown.
#[derive(ToSchema)]
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

/// A contribution that is shown; null where its facet is withheld.
#[derive(ToSchema)]
pub struct Entry {
    /// Sequence of its record.
    pub sequence: u64,
    /// The month.
    pub month: String,
    /// The insurance.
    pub insurance: Option<String>,
    /// The scheme.
    pub scheme: Option<String>,
    /// Who paid.
    pub source: Option<String>,
    /// The issuer's address.
    pub issuer: Option<String>,
    /// Whether the signature behind it is in the proof.
    pub signed: bool,
    /// The payer's reference.
    pub reference: Option<String>,
    /// Amount paid, in minor units.
    pub amount: Option<u64>,
    /// The part credited to the person, in minor units.
    pub credited: Option<u64>,
    /// The base, in minor units.
    pub base: Option<u64>,
    /// The currency.
    pub currency: Option<String>,
    /// `standing`, `settled`, `void`, `corrected` or `not-known`.
    pub standing: String,
    /// Whether its amount is not the first one.
    pub corrected: bool,
    /// Sequence of the contribution that it matches; absent if it matches none.
    pub matches: Option<u64>,
    /// Sequence of the consent by which it was paid in the person's name; absent if it was not.
    pub by_consent: Option<u64>,
    /// What the fund gave back of it, in minor units; absent if nothing, or not shown.
    pub refunded: Option<u64>,
    /// How much of that its payer has confirmed, in minor units.
    pub received: Option<u64>,
}

/// An engagement that is shown; null where its facet is withheld.
#[derive(ToSchema)]
pub struct EngagementShown {
    /// Sequence of its record.
    pub sequence: u64,
    /// The month.
    pub month: String,
    /// The issuer's address.
    pub issuer: Option<String>,
    /// Whether the signature behind it is in the proof.
    pub signed: bool,
    /// The issuer's reference: the number of the order, say.
    pub reference: Option<String>,
    /// When it began.
    pub start: Option<String>,
    /// When it ended.
    pub end: Option<String>,
    /// How many orders.
    pub orders: Option<u64>,
    /// Where.
    pub place: Option<String>,
    /// What was earned, in minor units.
    pub earned: Option<u64>,
    /// The currency.
    pub currency: Option<String>,
    /// Whether it was voided; null if that is not known.
    pub void: Option<bool>,
}

/// A binding of an identity that is shown; null where its facet is withheld.
#[derive(ToSchema)]
pub struct IdentityShown {
    /// Sequence of its record.
    pub sequence: u64,
    /// When it was recorded.
    pub time: String,
    /// The bureau's address.
    pub issuer: Option<String>,
    /// Whether the signature behind it is in the proof.
    pub signed: bool,
    /// The commitment to the document, in hexadecimal.
    pub commitment: Option<String>,
    /// Whether it stands; null if that is not known.
    pub stands: Option<bool>,
}

/// A link to another account that is shown, which counts when that account says the same; null where its facet is withheld.
#[derive(ToSchema)]
pub struct LinkShown {
    /// Sequence of its record.
    pub sequence: u64,
    /// When it was recorded.
    pub time: String,
    /// The issuer's address.
    pub issuer: Option<String>,
    /// Whether the signature behind it is in the proof.
    pub signed: bool,
    /// The other account's address.
    pub other: Option<String>,
    /// Whether it stands; null if that is not known.
    pub stands: Option<bool>,
}

/// A step of a move that is shown: a departure, an arrival, money that left or came, a closing. Members of other steps are null, and those whose
/// facet is withheld.
#[derive(ToSchema)]
pub struct MoveShown {
    /// Sequence of its record.
    pub sequence: u64,
    /// Name of its type.
    pub kind: String,
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
    /// Whether a departure stands; null if that is not known.
    pub stands: Option<bool>,
}

/// What a bureau has read in a paper, as shown; null where its facet is withheld.
#[derive(ToSchema)]
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
    /// Whether it stands; null if that is not known.
    pub stands: Option<bool>,
}

/// A claim that is shown; null where its facet is withheld.
#[derive(ToSchema)]
pub struct ClaimShown {
    /// Sequence of its record.
    pub sequence: u64,
    /// When it was recorded.
    pub filed: String,
    /// The issuer's address.
    pub issuer: Option<String>,
    /// Whether the signature behind it is in the proof.
    pub signed: bool,
    /// `missing`, `amount`, `injury`, `transfer` or `access`.
    pub kind: Option<String>,
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
    /// In words.
    pub says: Option<String>,
    /// `open`, `answered`, `upheld`, `in-part`, `rejected`, `remedied` or `closed`; null if that is not known.
    pub stage: Option<String>,
    /// Until when the party has to act, as was ruled.
    pub by: Option<String>,
    /// Records that carry it out, by sequence.
    pub remedy: Vec<u64>,
}

/// An award that is shown; null where its facet is withheld.
#[derive(ToSchema)]
pub struct AwardShown {
    /// Sequence of its record.
    pub sequence: u64,
    /// Its first month.
    pub month: String,
    /// The issuer's address.
    pub issuer: Option<String>,
    /// Whether the signature behind it is in the proof.
    pub signed: bool,
    /// The insurance.
    pub insurance: Option<String>,
    /// The scheme.
    pub scheme: Option<String>,
    /// Months and amount a month, in minor units, one step after the other.
    pub steps: Option<Vec<Vec<u64>>>,
    /// The currency.
    pub currency: Option<String>,
    /// What was paid of it, in minor units; null if that is not known.
    pub paid: Option<u64>,
    /// Whether it was ended; null if that is not known.
    pub void: Option<bool>,
}

/// What came back, was paid out and was added, in minor units.
#[derive(ToSchema)]
pub struct Flow {
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
    /// `recomputed` or `asserted-by-the-ledger`.
    pub basis: String,
}

/// A total that is shown, in minor units.
#[derive(ToSchema)]
pub struct Total {
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
    /// `recomputed` or `asserted-by-the-ledger`.
    pub basis: String,
}

/// Months that count.
#[derive(ToSchema)]
pub struct Months {
    /// The insurance.
    pub insurance: String,
    /// First and last month of each run.
    pub runs: Vec<Vec<String>>,
    /// How many months.
    pub months: u64,
    /// How many of them are settled.
    pub settled: u64,
    /// `recomputed` or `asserted-by-the-ledger`.
    pub basis: String,
}

/// An issuer whose signatures are shown.
#[derive(ToSchema)]
pub struct Issuer {
    /// Its address.
    pub address: String,
    /// Whether key and role were proved.
    pub proved: bool,
}

/// The step of spec/README.md §16 that failed.
#[derive(ToSchema)]
pub struct Failure {
    /// The stable name of the step.
    #[schema(example = "bad-checkpoint")]
    pub name: String,
    /// What was found there.
    pub detail: String,
}

/// Whether a proof is valid, and what it shows or why it is not.
#[derive(ToSchema)]
pub struct Verified {
    /// Whether every step of the verdict passed.
    pub valid: bool,
    /// What it shows; only if valid.
    pub verdict: Option<Verdict>,
    /// Why it is not valid; only if not.
    pub failure: Option<Failure>,
}
